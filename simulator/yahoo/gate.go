package yahoo

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// maxBody is more than any documented request can have.
const maxBody = 1 << 20

// An answer is a status with a body.
type answer struct {
	status int
	kind   string // Content-Type; XML where empty
	header map[string]string
	body   string
}

const declaration = `<?xml version="1.0" encoding="UTF-8"?>` + "\n"

func document(body string) answer { return answer{status: http.StatusOK, body: declaration + body} }

// refused is an Error of the API.
func refused(status int, code, text string) answer {
	if code != "" {
		code = "<Code>" + code + "</Code>"
	}
	return answer{status: status, body: declaration + "<Error><Message>" + escape(text) + "</Message>" + code + "</Error>"}
}

func malformed(format string, args ...any) answer {
	return refused(http.StatusBadRequest, "od90001", fmt.Sprintf(format, args...))
}

func escape(s string) string {
	var b bytes.Buffer
	_ = xml.EscapeText(&b, []byte(s)) // a buffer takes everything
	return b.String()
}

// A call is one request that the gate let through.
type call struct {
	m    *Mall
	s    *store
	now  time.Time
	body []byte
	form url.Values
}

// An operation is one documented call.
type operation struct {
	method string
	orders bool // of the order API: restricted, with XML
	do     func(*call) answer
}

var operations = map[string]operation{
	"orderList":             {http.MethodPost, true, orderList},
	"orderInfo":             {http.MethodPost, true, orderInfo},
	"orderShipStatusChange": {http.MethodPost, true, orderShipStatusChange},
	"setStock":              {http.MethodPost, false, setStock},
	"getStock":              {http.MethodPost, false, getStock},
	"myItemList":            {http.MethodGet, false, myItemList},
	"getItem":               {http.MethodGet, false, getItem},
}

// ServeHTTP answers a request to the API, whose path may begin with
// /ShoppingWebService/V1, or to the login, below /login.
func (m *Mall) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m.mu.Lock()
	a := m.answer(r)
	now := m.now()
	m.mu.Unlock()
	w.Header().Set("Date", now.UTC().Format(http.TimeFormat))
	w.Header().Set("Content-Type", "application/xml; charset=UTF-8")
	if a.kind != "" {
		w.Header().Set("Content-Type", a.kind)
	}
	for k, v := range a.header {
		w.Header().Set(k, v)
	}
	w.WriteHeader(a.status)
	_, _ = io.WriteString(w, a.body) // the client has hung up if this fails
}

func (m *Mall) answer(r *http.Request) answer {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if err != nil || len(body) > maxBody {
		return refused(http.StatusBadRequest, "", "the request cannot be read")
	}
	switch path := strings.TrimPrefix(r.URL.Path, "/login"); {
	case path == r.URL.Path:
	case strings.HasSuffix(path, "/authorization") && r.Method == http.MethodGet:
		return m.authorization(r.URL.Query())
	case strings.HasSuffix(path, "/token") && r.Method == http.MethodPost:
		return m.issue(r, body)
	default:
		return answer{status: http.StatusNotFound, kind: "text/plain", body: "not found"}
	}
	name := strings.TrimPrefix(strings.TrimPrefix(r.URL.Path, "/ShoppingWebService/V1"), "/")
	op, ok := operations[name]
	if !ok || op.method != r.Method {
		return answer{status: http.StatusNotFound, kind: "text/plain", body: "not found: " + r.Method + " " + name}
	}
	now := m.now()
	s, c, bad := m.access(r, now)
	if bad != nil {
		return *bad
	}
	if ip, _, err := net.SplitHostPort(r.RemoteAddr); op.orders && len(s.IPs) > 0 && (err != nil || !slices.Contains(s.IPs, ip)) {
		return refused(http.StatusForbidden, "px-04306", "source address is not permitted")
	}
	if op.orders && s.NoOrders {
		return refused(http.StatusForbidden, "px-04303", "this application is not permitted to use the order API")
	}
	status := m.signature(s, r, now)
	if op.orders && status != "authorized" {
		c.weak = true
	}
	out := m.operate(s, op, name, r, body, now)
	if status != "" {
		out.header = map[string]string{"X-SWS-Authorize-Status": status}
	}
	return out
}

func (m *Mall) operate(s *store, op operation, name string, r *http.Request, body []byte, now time.Time) answer {
	if m.pace(s, name, now) {
		return answer{status: http.StatusServiceUnavailable, kind: "text/plain", body: "too many requests"}
	}
	if m.faults.Inside {
		return document("<Result><Status>NG</Status><Error><Code>od90099</Code><Message>inside</Message></Error></Result>")
	}
	x := &call{m: m, s: s, now: now, body: body}
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch {
	case op.method == http.MethodGet:
		if len(body) > 0 {
			return refused(http.StatusBadRequest, "", "the call has no body")
		}
		x.form = r.URL.Query()
	case r.URL.RawQuery != "":
		return refused(http.StatusBadRequest, "", "the call has no parameters")
	case op.orders:
		if err != nil || kind != "application/xml" || !strings.EqualFold(params["charset"], "utf-8") {
			return refused(http.StatusBadRequest, "", "Content-Type must be application/xml; charset=utf-8")
		}
	default:
		if err != nil || kind != "application/x-www-form-urlencoded" {
			return refused(http.StatusBadRequest, "", "Content-Type must be application/x-www-form-urlencoded")
		}
		if x.form, err = url.ParseQuery(string(body)); err != nil {
			return refused(http.StatusBadRequest, "", "the form cannot be read")
		}
	}
	return op.do(x)
}

// access finds who calls. The answer is not nil if nobody may.
func (m *Mall) access(r *http.Request, now time.Time) (*store, *consent, *answer) {
	invalid := func(error, description string) *answer {
		a := refused(http.StatusUnauthorized, "", "Please provide valid credentials. Bearer realm=\"yahooapis.jp\"")
		a.header = map[string]string{"WWW-Authenticate": fmt.Sprintf("Bearer realm=\"yahooapis.jp\", error=%q, error_description=%q", error, description)}
		return &a
	}
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		return nil, nil, invalid("invalid_request", "no token")
	}
	s, c := m.byAccess(token)
	if s == nil {
		return nil, nil, invalid("invalid_token", "invalid token")
	}
	if c.ended(now) {
		a := refused(http.StatusUnauthorized, "px-04102", "AccessToken has been expired. This API session is shorter than another API.")
		return nil, nil, &a
	}
	if c.left > 0 {
		if c.left--; c.left == 0 {
			c.access = map[string]time.Time{token: now}
		}
	}
	if !now.Before(c.access[token]) {
		return nil, nil, invalid("invalid_token", "expired token")
	}
	return s, c, nil
}

// signature judges X-sws-signature, or the certificate of the connection; "" if there
// is neither.
func (m *Mall) signature(s *store, r *http.Request, now time.Time) string {
	if r.TLS != nil && len(r.TLS.PeerCertificates) > 0 && len(s.Certificate) > 0 && bytes.Equal(r.TLS.PeerCertificates[0].Raw, s.Certificate) {
		return "authorized"
	}
	text := r.Header.Get("X-sws-signature")
	if text == "" {
		return ""
	}
	sealed, err := base64.StdEncoding.DecodeString(text)
	if err != nil || s.Key == nil || r.Header.Get("X-sws-signature-version") != s.KeyVersion {
		return "unauthorized"
	}
	//lint:ignore SA1019 Yahoo takes no other padding
	plain, err := rsa.DecryptPKCS1v15(rand.Reader, s.Key, sealed)
	if err != nil {
		return "unauthorized"
	}
	id, at, _ := strings.Cut(string(plain), ":")
	seconds, err := strconv.ParseInt(at, 10, 64)
	if d := now.Sub(time.Unix(seconds, 0)); err != nil || id != s.ID || d > tolerance || d < -tolerance {
		return "unauthorized"
	}
	return "authorized"
}

// authorization is the page on which the shop agrees: here it agrees at once.
func (m *Mall) authorization(q url.Values) answer {
	known := []string{"response_type", "client_id", "redirect_uri", "scope", "bail", "state", "nonce"}
	for k, v := range q {
		if !slices.Contains(known, k) || len(v) != 1 {
			return answer{status: http.StatusBadRequest, kind: "text/plain", body: "unknown or repeated parameter " + k}
		}
	}
	s := m.byClient(q.Get("client_id"))
	switch {
	case s == nil:
		return answer{status: http.StatusBadRequest, kind: "text/plain", body: "no such client_id"}
	case q.Get("redirect_uri") != s.Redirect || s.Redirect == "":
		return answer{status: http.StatusBadRequest, kind: "text/plain", body: "redirect_uri is not registered"}
	case q.Get("response_type") != "code" || q.Get("scope") != "openid profile" || q.Get("bail") != "1":
		return answer{status: http.StatusBadRequest, kind: "text/plain", body: "response_type=code, scope=openid profile and bail=1 are expected"}
	}
	text := m.token("CODE")
	s.codes[text] = &code{q.Get("redirect_uri"), m.now()}
	back := url.Values{"code": {text}}
	if state := q.Get("state"); state != "" {
		back.Set("state", state)
	}
	return answer{status: http.StatusFound, kind: "text/plain", header: map[string]string{"Location": s.Redirect + "?" + back.Encode()}}
}

// issue is the token endpoint.
func (m *Mall) issue(r *http.Request, body []byte) answer {
	bad := func(status int, error string) answer {
		text, _ := json.Marshal(map[string]any{"error": error, "error_description": "refused", "error_code": 1000}) // nothing in it fails
		return answer{status: status, kind: "application/json", body: string(text)}
	}
	id, secret, ok := r.BasicAuth()
	s := m.byClient(id)
	if !ok || s == nil || s.Secret != secret {
		return bad(http.StatusUnauthorized, "invalid_client")
	}
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	q, ferr := url.ParseQuery(string(body))
	if err != nil || ferr != nil || kind != "application/x-www-form-urlencoded" {
		return bad(http.StatusBadRequest, "invalid_request")
	}
	now := m.now()
	var c *consent
	first := false
	switch q.Get("grant_type") {
	case "authorization_code":
		x := s.codes[q.Get("code")]
		delete(s.codes, q.Get("code"))
		if len(q) != 3 || x == nil || x.redirect != q.Get("redirect_uri") || now.Sub(x.made) > codeLife {
			return bad(http.StatusBadRequest, "invalid_grant")
		}
		c, first = m.agree(s), true
	case "refresh_token":
		i := slices.IndexFunc(s.consents, func(c *consent) bool { return c.refresh == q.Get("refresh_token") && !c.ended(now) })
		if len(q) != 2 || i < 0 {
			return bad(http.StatusBadRequest, "invalid_grant")
		}
		c = s.consents[i]
	default:
		return bad(http.StatusBadRequest, "unsupported_grant_type")
	}
	access := m.token("AT")
	c.access[access] = now.Add(tokenLife)
	out := map[string]any{"access_token": access, "token_type": "Bearer", "expires_in": int(tokenLife / time.Second)}
	if first { // the older form: a number in quotes
		out["refresh_token"], out["id_token"], out["expires_in"] = c.refresh, "e30.e30.", "3600"
	}
	text, _ := json.Marshal(out) // nothing in it fails
	return answer{status: http.StatusOK, kind: "application/json", body: string(text)}
}
