package amazon

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// loginPath is the token host's only path; as with a base_url, below /login.
const loginPath = "/login/auth/o2/token"

// consentPath is the page of Seller Central on which a shop authorises an app; as with
// a base_url, below /consent.
const consentPath = "/consent/apps/authorize/consent"

const maxBody = 10 << 20

// A call is one request that the gateway let through.
type call struct {
	m    *Mall
	s    *seller
	r    *http.Request
	vars map[string]string
	q    url.Values
	body []byte
	now  time.Time
}

// An answer is a status with a body; nil for none.
type answer struct {
	status int
	body   any
}

type fault struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	Details string `json:"details"`
}

func failure(status int, code, message, details string, args ...any) answer {
	return answer{status, map[string]any{"errors": []fault{{code, message, fmt.Sprintf(details, args...)}}}}
}

func invalid(details string, args ...any) answer {
	return failure(http.StatusBadRequest, "InvalidInput", "Invalid Input", details, args...)
}

const denied = "Access to requested resource is denied."

// An operation of a model, with its default usage plan.
type operation struct {
	name, method string
	path         []string
	rate         float64
	burst        float64
	role         string
	query        []string
	do           func(*call) answer
}

var operations = []operation{
	op("searchOrders", "GET", "/orders/2026-01-01/orders", 0.0056, 20, RoleOrders, searchOrders,
		"createdAfter", "createdBefore", "lastUpdatedAfter", "lastUpdatedBefore", "fulfillmentStatuses", "marketplaceIds", "fulfilledBy", "maxResultsPerPage", "paginationToken", "includedData"),
	op("getOrder", "GET", "/orders/2026-01-01/orders/{orderId}", 0.5, 30, RoleOrders, getOrder, "includedData"),
	op("confirmShipment", "POST", "/orders/v0/orders/{orderId}/shipmentConfirmation", 2, 10, RoleOrders, confirmShipment),
	op("createFeedDocument", "POST", "/feeds/2021-06-30/documents", 0.5, 15, RoleOrders, createFeedDocument),
	op("createFeed", "POST", "/feeds/2021-06-30/feeds", 0.0083, 15, RoleOrders, createFeed),
	op("getFeed", "GET", "/feeds/2021-06-30/feeds/{feedId}", 2, 15, RoleOrders, getFeed),
	op("getFeedDocument", "GET", "/feeds/2021-06-30/documents/{feedDocumentId}", 0.0222, 10, RoleOrders, getFeedDocument, "enableContentEncodingUrlHeader"),
	op("createReport", "POST", "/reports/2021-06-30/reports", 0.0167, 15, RoleOrders, createReport),
	op("getReport", "GET", "/reports/2021-06-30/reports/{reportId}", 2, 15, RoleOrders, getReport),
	op("getReportDocument", "GET", "/reports/2021-06-30/documents/{reportDocumentId}", 0.0167, 15, RoleOrders, getReportDocument, "enableContentEncodingUrlHeader"),
	op("searchListingsItems", "GET", "/listings/2021-08-01/items/{sellerId}", 5, 5, RoleListings, searchListings,
		"marketplaceIds", "issueLocale", "includedData", "identifiers", "identifiersType", "variationParentSku", "packageHierarchySku", "createdAfter", "createdBefore",
		"lastUpdatedAfter", "lastUpdatedBefore", "withIssueSeverity", "withStatus", "withoutStatus", "sortBy", "sortOrder", "pageSize", "pageToken"),
	op("getListingsItem", "GET", "/listings/2021-08-01/items/{sellerId}/{sku}", 5, 10, RoleListings, getListing, "marketplaceIds", "issueLocale", "includedData"),
	op("patchListingsItem", "PATCH", "/listings/2021-08-01/items/{sellerId}/{sku}", 5, 5, RoleListings, patchListing, "marketplaceIds", "includedData", "mode", "issueLocale"),
}

func op(name, method, path string, rate, burst float64, role string, do func(*call) answer, query ...string) operation {
	return operation{name, method, strings.Split(path, "/"), rate, burst, role, query, do}
}

// ServeHTTP answers one call.
func (m *Mall) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m.mu.Lock()
	defer m.mu.Unlock()
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	switch {
	case err != nil:
		return
	case len(body) > maxBody:
		write(w, failure(http.StatusRequestEntityTooLarge, "RequestTooLarge", "The request is too large.", ""))
	case r.URL.Path == loginPath:
		write(w, m.login(r, body))
	case r.URL.Path == consentPath && r.Method == http.MethodGet:
		m.consent(w, r)
	case strings.HasPrefix(r.URL.Path, presigned):
		m.storage(w, r, body)
	default:
		w.Header().Set("x-amzn-RequestId", "sample-"+m.next())
		a := m.api(w, r, body)
		if m.faults.Inside {
			w.Header().Del(rateHeader)
			a = failure(http.StatusOK, "InternalFailure", "We encountered an internal error. Please try again.", "")
		}
		write(w, a)
	}
}

func write(w http.ResponseWriter, a answer) {
	if a.body == nil {
		w.WriteHeader(a.status)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(a.status)
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	_ = e.Encode(a.body) // the caller has hung up
}

// consent is the seller who authorises a published app, and sends the browser back to
// it.
func (m *Mall) consent(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	for k, v := range q {
		if !slices.Contains([]string{"application_id", "state", "redirect_uri", "version"}, k) || len(v) != 1 {
			write(w, failure(http.StatusBadRequest, "InvalidInput", "unknown or repeated parameter "+k, ""))
			return
		}
	}
	for _, s := range m.sellers {
		if s.AppID == "" || s.AppID != q.Get("application_id") {
			continue
		}
		if to := q.Get("redirect_uri"); s.Redirect == "" || to != "" && to != s.Redirect {
			write(w, failure(http.StatusBadRequest, "InvalidInput", "redirect_uri is not registered (MD5101)", ""))
			return
		}
		code := "ANSample" + m.next()
		s.codes[code] = m.opt.Now().Add(codeLife)
		back := url.Values{"spapi_oauth_code": {code}, "selling_partner_id": {s.ID}, "state": {q.Get("state")}}
		w.Header().Set("Location", s.Redirect+"?"+back.Encode())
		w.WriteHeader(http.StatusFound)
		return
	}
	write(w, failure(http.StatusBadRequest, "InvalidInput", "unknown application_id (MD1000)", ""))
}

// login is Login with Amazon.
func (m *Mall) login(r *http.Request, body []byte) answer {
	no := func(status int, code, text string) answer {
		return answer{status, map[string]string{"error": code, "error_description": text}}
	}
	media, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if r.Method != http.MethodPost || err != nil || media != "application/x-www-form-urlencoded" || !strings.EqualFold(params["charset"], "utf-8") {
		return no(http.StatusBadRequest, "invalid_request", "a POST of application/x-www-form-urlencoded;charset=UTF-8 is expected")
	}
	f, err := url.ParseQuery(string(body))
	if err != nil || r.URL.RawQuery != "" {
		return no(http.StatusBadRequest, "invalid_request", "the form cannot be read")
	}
	known := map[string][]string{
		"refresh_token":      {"grant_type", "refresh_token", "client_id", "client_secret"},
		"authorization_code": {"grant_type", "code", "redirect_uri", "client_id", "client_secret"},
	}[f.Get("grant_type")]
	if known == nil {
		return no(http.StatusBadRequest, "unsupported_grant_type", f.Get("grant_type"))
	}
	for k, v := range f {
		if !slices.Contains(known, k) || len(v) != 1 || v[0] == "" {
			return no(http.StatusBadRequest, "invalid_request", "the field "+k+" is unknown, empty or repeated")
		}
	}
	now := m.opt.Now()
	app := false
	for _, s := range m.sellers {
		if s.ClientID != f.Get("client_id") {
			continue
		}
		app = true
		secret := f.Get("client_secret")
		old := secret == s.ClientSecret && (s.Issued.IsZero() || now.Before(s.Issued.Add(secretLife)))
		if !old && (s.NextSecret == "" || secret != s.NextSecret) {
			continue
		}
		if f.Get("grant_type") == "authorization_code" {
			ends, ok := s.codes[f.Get("code")]
			if !ok || now.After(ends) {
				return no(http.StatusBadRequest, "invalid_grant", "the code is unknown, used or has ended (sample text)")
			}
			delete(s.codes, f.Get("code"))
		} else if f.Get("refresh_token") != s.RefreshToken {
			return no(http.StatusBadRequest, "invalid_grant", "refresh token not accepted (sample text)")
		}
		var b [16]byte
		_, _ = rand.Read(b[:]) // never fails
		access := "Atza|" + hex.EncodeToString(b[:])
		m.tokens[access] = &token{seller: s, ends: now.Add(tokenLife)}
		return answer{http.StatusOK, map[string]any{
			"access_token": access, "token_type": "bearer", "expires_in": int(tokenLife / time.Second), "refresh_token": s.RefreshToken,
		}}
	}
	text := "Client authentication failed"
	if !app {
		text = "unknown client"
	}
	return no(http.StatusUnauthorized, "invalid_client", text)
}

const rateHeader = "x-amzn-RateLimit-Limit"

var (
	amzDate   = regexp.MustCompile(`^\d{8}T\d{6}Z$`)
	userAgent = regexp.MustCompile(`^[^/()]+/[^()]+ \([A-Za-z]+=[^;()]+(; ?[A-Za-z]+=[^;()]+)*\)$`)
)

func (m *Mall) api(w http.ResponseWriter, r *http.Request, body []byte) answer {
	now := m.opt.Now()
	o, vars, ok := find(r.Method, r.URL.EscapedPath())
	if !ok {
		return failure(http.StatusForbidden, "MissingAuthenticationToken", "Missing Authentication Token", "no such operation")
	}
	t := m.tokens[r.Header.Get("x-amz-access-token")]
	switch {
	case r.Header.Get("x-amz-access-token") == "":
		return failure(http.StatusForbidden, "MissingAuthenticationToken", denied, "access token is missing in the request header")
	case t == nil:
		return failure(http.StatusForbidden, "Unauthorized", denied, "The access token you provided is revoked, malformed or invalid.")
	case !now.Before(t.ends), m.faults.Token && t.calls >= 2:
		return failure(http.StatusForbidden, "Unauthorized", denied, "The access token you provided has expired.")
	case !amzDate.MatchString(r.Header.Get("x-amz-date")):
		return invalid("x-amz-date")
	case len(r.UserAgent()) > 500 || !userAgent.MatchString(r.UserAgent()):
		return invalid("user-agent %q", r.UserAgent())
	case r.Header.Get("Authorization") != "":
		return invalid("Authorization is not expected")
	}
	t.calls++
	s := t.seller
	m.settle(s)
	if !s.has(o.role) {
		return failure(http.StatusForbidden, "Unauthorized", denied, "")
	}
	rate := o.rate
	if x, ok := m.opt.Rates[o.name]; ok {
		rate = x
	}
	if !m.opt.Unlimited && !s.take(o.name, rate, o.burst, now) {
		return failure(http.StatusTooManyRequests, "QuotaExceeded", "You exceeded your quota for the requested resource.", "")
	}
	c := &call{m: m, s: s, r: r, vars: vars, body: body, now: now}
	a := c.check(o)
	if a.status == 0 {
		a = o.do(c)
	}
	if !m.opt.Unlimited && (a.status < 300 || a.status == http.StatusBadRequest || a.status == http.StatusNotFound) {
		w.Header().Set(rateHeader, strconv.FormatFloat(rate, 'f', -1, 64))
	}
	return a
}

// check holds a request against what all operations share.
func (c *call) check(o *operation) answer {
	q, err := url.ParseQuery(c.r.URL.RawQuery)
	if err != nil {
		return invalid("the query cannot be read")
	}
	for k, v := range q {
		if !slices.Contains(o.query, k) || len(v) != 1 || v[0] == "" {
			return invalid("the parameter %s is unknown, empty or repeated", k)
		}
	}
	c.q = q
	if o.method == http.MethodGet {
		if len(c.body) > 0 {
			return invalid("a GET has no body")
		}
		return answer{}
	}
	media, _, err := mime.ParseMediaType(c.r.Header.Get("Content-Type"))
	if err != nil || media != "application/json" {
		return failure(http.StatusUnsupportedMediaType, "UnsupportedMediaType", "application/json is expected", "")
	}
	return answer{}
}

func find(method, path string) (*operation, map[string]string, bool) {
	parts := strings.Split(path, "/")
	for i := range operations {
		o := &operations[i]
		if o.method != method || len(o.path) != len(parts) {
			continue
		}
		vars, ok := map[string]string{}, true
		for j, p := range o.path {
			if name, v := strings.CutPrefix(p, "{"); v {
				x, err := url.PathUnescape(parts[j])
				ok = ok && err == nil && x != ""
				vars[strings.TrimSuffix(name, "}")] = x
				continue
			}
			ok = ok && p == parts[j]
		}
		if ok {
			return o, vars, true
		}
	}
	return nil, nil, false
}

// A plan is the token bucket of one operation.
type plan struct {
	tokens float64
	at     time.Time
}

func (s *seller) take(op string, rate, burst float64, now time.Time) bool {
	p := s.plans[op]
	if p == nil {
		p = &plan{tokens: burst, at: now}
		s.plans[op] = p
	}
	p.tokens = min(burst, p.tokens+now.Sub(p.at).Seconds()*rate)
	p.at = now
	if p.tokens < 0.999 { // both sides round
		return false
	}
	p.tokens--
	return true
}

// decode reads the body into v: one JSON value, documented fields only, by their exact
// capitalisation.
func (c *call) decode(v any) error {
	d := json.NewDecoder(bytes.NewReader(c.body))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return fmt.Errorf("more than one JSON value")
	}
	return nil
}

// list splits a comma-separated parameter and checks its values.
func (c *call) list(name string, most int, known ...string) ([]string, error) {
	v := c.q.Get(name)
	if v == "" {
		return nil, nil
	}
	out := strings.Split(v, ",")
	if len(out) > most {
		return nil, fmt.Errorf("%s has %d values, at most %d are expected", name, len(out), most)
	}
	for _, x := range out {
		if x == "" || len(known) > 0 && !slices.Contains(known, x) {
			return nil, fmt.Errorf("%s: %q is unknown", name, x)
		}
	}
	return out, nil
}

// instant reads a parameter of ISO 8601 in UTC.
func (c *call) instant(name string) (time.Time, error) {
	v := c.q.Get(name)
	if v == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.RFC3339Nano, v)
	if err != nil {
		return t, fmt.Errorf("%s: %q is no ISO 8601 date-time", name, v)
	}
	return t, nil
}

// stamp is how Orders 2026-01-01 writes times.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }
