package ebay

import (
	"cmp"
	"crypto/rand"
	"encoding/hex"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

const scopeBase = "https://api.ebay.com/oauth/api_scope"

func secret() string {
	b := make([]byte, 20)
	_, _ = rand.Read(b) // never fails
	return hex.EncodeToString(b)
}

// refused is an error of the token endpoint.
func refused(status int, code, description string) answer {
	return answer{status: status, body: doc{"error": code, "error_description": description}}
}

// login is the token endpoint.
func (m *Mall) login(r *http.Request, body []byte) answer {
	if r.Method != http.MethodPost || r.URL.RawQuery != "" {
		return refused(http.StatusBadRequest, "invalid_request", "POST a form without a query")
	}
	if t, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || t != "application/x-www-form-urlencoded" {
		return refused(http.StatusBadRequest, "invalid_request", "Content-Type must be application/x-www-form-urlencoded")
	}
	id, pass, basic := r.BasicAuth()
	shops := m.of(id)
	if !basic || len(shops) == 0 || shops[0].ClientSecret != pass {
		return refused(http.StatusUnauthorized, "invalid_client", "client authentication failed")
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return refused(http.StatusBadRequest, "invalid_request", "the form cannot be read")
	}
	fields := map[string][]string{
		"authorization_code": {"grant_type", "code", "redirect_uri"},
		"refresh_token":      {"grant_type", "refresh_token", "scope"},
		"client_credentials": {"grant_type", "scope"},
	}[form.Get("grant_type")]
	if fields == nil {
		return refused(http.StatusBadRequest, "unsupported_grant_type", "specified grant type is not supported")
	}
	for name, v := range form {
		if !slices.Contains(fields, name) || len(v) != 1 || v[0] == "" {
			return refused(http.StatusBadRequest, "invalid_request", "field "+name)
		}
	}
	switch form.Get("grant_type") {
	case "authorization_code":
		return m.redeem(shops, form)
	case "refresh_token":
		return m.refresh(shops, form)
	}
	if form.Get("scope") != scopeBase {
		return refused(http.StatusBadRequest, "invalid_scope", "the requested scope is invalid, unknown, malformed, or exceeds the scope granted to the client")
	}
	return m.grant(&token{client: id}, "Application Access Token", nil)
}

// of are the shops of an application.
func (m *Mall) of(client string) []*shop {
	var out []*shop
	for _, s := range m.shops {
		if s.ClientID == client {
			out = append(out, s)
		}
	}
	slices.SortFunc(out, func(a, b *shop) int { return cmp.Compare(a.Name, b.Name) })
	return out
}

func (m *Mall) grant(t *token, kind string, more doc) answer {
	m.made++
	t.ends = m.now().Add(tokenLife)
	t.left, t.counted = 2, m.faults.Short
	value := "v^1.1#SAMPLE#" + secret()
	m.tokens[value] = t
	d := doc{"access_token": value, "expires_in": int(tokenLife.Seconds()), "token_type": kind}
	for k, v := range more {
		d[k] = v
	}
	return ok(d)
}

func (m *Mall) redeem(shops []*shop, form url.Values) answer {
	c := m.codes[form.Get("code")]
	delete(m.codes, form.Get("code"))
	if c == nil || !m.now().Before(c.ends) || !slices.Contains(shops, c.s) {
		return refused(http.StatusBadRequest, "invalid_grant", "the provided authorization grant code is invalid or was issued to another client")
	}
	if form.Get("redirect_uri") != c.s.RuName {
		return refused(http.StatusBadRequest, "invalid_grant", "the redirect_uri is not the RuName of the consent")
	}
	c.s.RefreshToken, c.s.Consented, c.s.Scopes = "v^1.1#SAMPLE#r"+secret(), m.now(), c.scopes
	return m.grant(&token{s: c.s, client: c.s.ClientID, scopes: c.scopes}, "User Access Token", doc{
		"refresh_token": c.s.RefreshToken, "refresh_token_expires_in": int(consentLife.Seconds()),
	})
}

func (m *Mall) refresh(shops []*shop, form url.Values) answer {
	i := slices.IndexFunc(shops, func(s *shop) bool { return s.RefreshToken != "" && s.RefreshToken == form.Get("refresh_token") })
	if i < 0 || !shops[i].Consented.IsZero() && !m.now().Before(shops[i].Consented.Add(consentLife)) {
		return refused(http.StatusBadRequest, "invalid_grant", "the provided authorization refresh token is invalid or was issued to another client")
	}
	s := shops[i]
	scopes, good := short(form.Get("scope"))
	if form.Get("scope") == "" {
		scopes = s.Scopes
	}
	if !good || slices.ContainsFunc(scopes, func(x string) bool { return !slices.Contains(s.Scopes, x) }) {
		return refused(http.StatusBadRequest, "invalid_scope", "the requested scope is invalid, unknown, malformed, or exceeds the scope granted to the client")
	}
	return m.grant(&token{s: s, client: s.ClientID, scopes: scopes}, "User Access Token", nil)
}

// short takes the common beginning off scopes.
func short(text string) ([]string, bool) {
	var out []string
	for _, s := range strings.Fields(text) {
		name, ok := strings.CutPrefix(s, scopeBase+"/")
		if !ok || name == "" {
			return nil, false
		}
		out = append(out, name)
	}
	return out, true
}

// consent is the page on which a shop agrees; here it always does. The shop is the one
// of the RuName.
func (m *Mall) consent(r *http.Request) answer {
	q := r.URL.Query()
	for name, v := range q {
		if !slices.Contains([]string{"client_id", "redirect_uri", "response_type", "scope", "state", "prompt", "locale"}, name) || len(v) != 1 {
			return refused(http.StatusBadRequest, "invalid_request", "parameter "+name)
		}
	}
	shops := m.of(q.Get("client_id"))
	i := slices.IndexFunc(shops, func(s *shop) bool { return s.RuName != "" && s.RuName == q.Get("redirect_uri") })
	scopes, good := short(q.Get("scope"))
	switch {
	case r.Method != http.MethodGet || i < 0:
		return refused(http.StatusBadRequest, "unauthorized_client", "the OAuth client was not found, or redirect_uri is not its RuName")
	case q.Get("response_type") != "code":
		return refused(http.StatusBadRequest, "unsupported_response_type", "response_type must be code")
	case !good || len(scopes) == 0:
		return refused(http.StatusBadRequest, "invalid_scope", "the scope is unknown")
	}
	m.made++
	value := "v^1.1#i^1#" + secret()
	m.codes[value] = &code{shops[i], scopes, m.now().Add(codeLife)}
	back := url.Values{"code": {value}, "expires_in": {"299"}}
	if s := q.Get("state"); s != "" {
		back.Set("state", s)
	}
	to := cmp.Or(shops[i].Accepted, "https://shop.example/accepted")
	return answer{status: http.StatusFound, header: map[string]string{"Location": to + "?" + back.Encode()}}
}
