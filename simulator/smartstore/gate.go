package smartstore

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"mime"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/crypto/bcrypt"
)

const maxBody = 1 << 20

// A call is one request that the gateway let through.
type call struct {
	m     *Mall
	shop  *shop
	path  map[string]string
	query url.Values
	body  []byte
	now   time.Time
	trace string
}

// An answer is a status with a document.
type answer struct {
	status int
	body   any
}

// fault is an error of the gateway or of an API.
func (m *Mall) fault(status int, code, message string) answer {
	return answer{status, object{"code": code, "message": message, "timestamp": stamp(m.now()), "traceId": m.trace()}}
}

func (m *Mall) trace() string { return fmt.Sprintf("t-%06d", m.traces) }

// data is a good answer of the order API.
func (c *call) data(v any) answer {
	return answer{http.StatusOK, object{"timestamp": stamp(c.now), "traceId": c.trace, "data": v}}
}

func (c *call) refuse(code, format string, args ...any) answer {
	return c.m.fault(http.StatusBadRequest, code, fmt.Sprintf(format, args...))
}

// ServeHTTP answers one request to https://api.commerce.naver.com/external, of which
// the path here is what follows external.
func (m *Mall) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m.mu.Lock()
	m.traces++
	a := m.answer(w.Header(), r)
	w.Header().Set("GNCP-GW-Trace-ID", m.trace())
	w.Header().Set("Date", m.now().UTC().Format(http.TimeFormat))
	text, err := json.Marshal(a.body)
	m.mu.Unlock()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json;charset=UTF-8")
	w.WriteHeader(a.status)
	_, _ = w.Write(text) // the client has hung up if this fails
}

func (m *Mall) answer(h http.Header, r *http.Request) answer {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if err != nil || len(body) > maxBody {
		return m.fault(http.StatusBadRequest, "BAD_REQUEST", "the request cannot be read")
	}
	path := strings.TrimPrefix(r.URL.EscapedPath(), "/external")
	if path == "/v1/oauth2/token" && r.Method == http.MethodPost {
		return m.login(h, r, body)
	}
	rt, vars, ok := find(r.Method, path)
	if !ok {
		return m.fault(http.StatusNotFound, "GW.NOT_FOUND", "요청한 API를 찾을 수 없습니다.")
	}
	now := m.now()
	s := m.bearer(r.Header.Get("Authorization"), now)
	switch {
	case s == nil:
		return m.fault(http.StatusUnauthorized, "GW.AUTHN", "요청을 보낼 권한이 없습니다.")
	case !s.from(r.RemoteAddr):
		return m.fault(http.StatusForbidden, "GW.IP_NOT_ALLOWED", "호출이 허용되지 않은 IP입니다.")
	case rt.products && s.NoProducts, !rt.products && s.NoOrders:
		return m.fault(http.StatusForbidden, "FORBIDDEN", "API 호출 권한이 없습니다.")
	case m.full(h, s, rt.name, now):
		return m.fault(http.StatusTooManyRequests, "GW.RATE_LIMIT", "요청이 많아 서비스를 일시적으로 사용할 수 없습니다.")
	case m.faults.Inside:
		return answer{http.StatusOK, object{"code": codeOther, "message": "처리 중 오류가 발생하였습니다.", "timestamp": stamp(now), "traceId": m.trace()}}
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil || strings.Contains(r.URL.RawQuery, "+") {
		return m.fault(http.StatusBadRequest, codeParameter, "잘못된 파라미터입니다.")
	}
	kind, params, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	inJSON := kind == "application/json" && (params["charset"] == "" || strings.EqualFold(params["charset"], "utf-8"))
	switch {
	case rt.body && !inJSON:
		return m.fault(http.StatusUnsupportedMediaType, "UNSUPPORTED_MEDIA_TYPE", "Content-Type must be application/json")
	case !rt.body && len(body) > 0:
		return m.fault(http.StatusBadRequest, codeParameter, "the call has no body")
	case len(query) > 0 && !rt.query:
		return m.fault(http.StatusBadRequest, codeParameter, "the call has no parameters")
	}
	s.settle(now)
	return rt.do(&call{m: m, shop: s, path: vars, query: query, body: body, now: now, trace: m.trace()})
}

// from reports whether the address may call.
func (s *shop) from(remote string) bool {
	ip, _, err := net.SplitHostPort(remote)
	return len(s.IPs) == 0 || err == nil && slices.Contains(s.IPs, ip)
}

// bearer is the shop of a token that has not ended.
func (m *Mall) bearer(header string, now time.Time) *shop {
	value, ok := strings.CutPrefix(header, "Bearer ")
	if !ok || value == "" {
		return nil
	}
	for _, s := range m.shops {
		for _, t := range append(slices.Clone(s.old), s.token) {
			if t == nil || t.value != value || !now.Before(t.ends) {
				continue
			}
			if t.calls++; m.faults.Short && t.calls > 2 {
				t.ends = now
				return nil
			}
			return s
		}
	}
	return nil
}

// full counts a call of an API, tells how many are left, and reports whether it is one
// too many.
func (m *Mall) full(h http.Header, s *shop, api string, now time.Time) bool {
	rate := m.opt.Rate
	if rate < 0 {
		return false
	}
	b := s.buckets[api]
	if b == nil {
		b = &bucket{left: 2 * rate, at: now}
		s.buckets[api] = b
	}
	b.left = min(2*rate, b.left+now.Sub(b.at).Seconds()*rate)
	b.at = now
	over := b.left < 1
	if !over {
		b.left--
	}
	h.Set("GNCP-GW-RateLimit-Replenish-Rate", strconv.FormatFloat(rate, 'f', -1, 64))
	h.Set("GNCP-GW-RateLimit-Burst-Capacity", strconv.FormatFloat(2*rate, 'f', -1, 64))
	h.Set("GNCP-GW-RateLimit-Remaining", strconv.Itoa(int(math.Floor(b.left))))
	return over
}

// login gives a token to who signs well.
func (m *Mall) login(h http.Header, r *http.Request, body []byte) answer {
	wrong := func(name, message string) answer {
		return answer{http.StatusBadRequest, object{
			"code": "BAD_REQUEST", "message": "요청이 올바르지 않습니다.", "timestamp": stamp(m.now()),
			"invalidInputs": []object{{"name": name, "type": "Invalid", "message": message}},
		}}
	}
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/x-www-form-urlencoded" {
		return m.fault(http.StatusUnsupportedMediaType, "UNSUPPORTED_MEDIA_TYPE", "Content-Type must be application/x-www-form-urlencoded")
	}
	form, err := url.ParseQuery(string(body))
	if err != nil || r.URL.RawQuery != "" {
		return wrong("body", "a form is expected")
	}
	for name, v := range form {
		if len(v) != 1 || !slices.Contains([]string{"client_id", "timestamp", "client_secret_sign", "grant_type", "type", "account_id"}, name) {
			return wrong(name, "not known, or twice")
		}
	}
	s := m.apps[form.Get("client_id")]
	ms, err := strconv.ParseInt(form.Get("timestamp"), 10, 64)
	now := m.now()
	kind := "SELF"
	if s != nil && s.Agency {
		kind = "SELLER"
	}
	switch off := now.Sub(time.UnixMilli(ms)); {
	case s == nil:
		return wrong("client_id", "client_id 항목이 유효하지 않습니다.")
	case !s.from(r.RemoteAddr):
		return m.fault(http.StatusForbidden, "GW.IP_NOT_ALLOWED", "호출이 허용되지 않은 IP입니다.")
	case m.full(h, s, "token", now):
		return m.fault(http.StatusTooManyRequests, "GW.RATE_LIMIT", "요청이 많아 서비스를 일시적으로 사용할 수 없습니다.")
	case err != nil || off > 5*time.Minute || off < -5*time.Minute:
		return wrong("timestamp", "timestamp 항목이 유효하지 않습니다.")
	case !signed(s.Secret, s.ClientID+"_"+form.Get("timestamp"), form.Get("client_secret_sign")):
		return wrong("client_secret_sign", "client_secret_sign 항목이 유효하지 않습니다.")
	case form.Get("grant_type") != "client_credentials":
		return wrong("grant_type", "client_credentials")
	case form.Get("type") != kind:
		return wrong("type", kind)
	case kind == "SELLER" && form.Get("account_id") != s.ID, kind == "SELF" && form.Has("account_id"):
		return wrong("account_id", "account_id 항목이 유효하지 않습니다.")
	}
	if s.token == nil || s.token.ends.Sub(now) < renewal {
		s.old = slices.DeleteFunc(append(s.old, s.token), func(t *token) bool { return t == nil || !now.Before(t.ends) })
		m.tokens++
		secret := make([]byte, 12)
		_, _ = rand.Read(secret) // never fails
		s.token = &token{value: fmt.Sprintf("%s%06d", hex.EncodeToString(secret), m.tokens), ends: now.Add(tokenLife)}
	}
	return answer{http.StatusOK, object{"access_token": s.token.value, "expires_in": int(s.token.ends.Sub(now).Seconds()), "token_type": "Bearer"}}
}

// signed checks a signature against the secret that must have been its salt: the hash
// begins with it, but for the bits of its last character that bcrypt does not use.
func signed(secret, password, sign string) bool {
	hash, err := base64.StdEncoding.DecodeString(sign)
	if err != nil || len(hash) != 60 || !bytes.HasPrefix(hash, []byte(secret[:28])) || len(sign) != 80 {
		return false
	}
	const alphabet = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	if strings.IndexByte(alphabet, hash[28])>>4 != strings.IndexByte(alphabet, secret[28])>>4 {
		return false
	}
	return bcrypt.CompareHashAndPassword(hash, []byte(password)) == nil
}

// A route is one documented call.
type route struct {
	method   string
	pattern  []string
	name     string
	query    bool // it has parameters
	body     bool
	products bool // it is of the group of products
	do       func(*call) answer
}

func find(method, path string) (*route, map[string]string, bool) {
	parts := strings.Split(path, "/")
	for i := range routes {
		rt := &routes[i]
		if rt.method != method || len(rt.pattern) != len(parts) {
			continue
		}
		vars, ok := map[string]string{}, true
		for j, p := range rt.pattern {
			if strings.HasPrefix(p, "{") {
				vars[strings.Trim(p, "{}")] = parts[j]
				ok = ok && parts[j] != ""
			} else {
				ok = ok && p == parts[j]
			}
		}
		if ok {
			return rt, vars, true
		}
	}
	return nil, nil, false
}

func at(method, path, name string, do func(*call) answer) route {
	return route{method: method, pattern: strings.Split(path, "/"), name: name, body: method != http.MethodGet, do: do}
}

func asked(r route) route { r.query = true; return r }

func bare(r route) route { r.body = false; return r }

func goods(r route) route { r.products = true; return r }

const payOrder = "/v1/pay-order/seller"

// routes lists what is documented.
var routes = []route{
	asked(at("GET", payOrder+"/product-orders/last-changed-statuses", "last-changed-statuses", lastChanged)),
	asked(at("GET", payOrder+"/product-orders", "product-orders", byCondition)),
	at("POST", payOrder+"/product-orders/query", "query", details),
	at("GET", payOrder+"/orders/{orderId}/product-order-ids", "product-order-ids", idsOf),
	at("POST", payOrder+"/product-orders/confirm", "confirm", confirm),
	at("POST", payOrder+"/product-orders/dispatch", "dispatch", dispatch),
	bare(at("POST", payOrder+"/product-orders/{id}/claim/cancel/approve", "approve", approve)),
	goods(at("POST", "/v1/products/search", "search", searchProducts)),
	goods(at("GET", "/v2/products/origin-products/{no}", "origin-product", originProduct)),
	goods(at("PUT", "/v1/products/origin-products/{no}/option-stock", "option-stock", optionStock)),
	goods(at("PATCH", "/v1/products/origin-products/multi-update", "multi-update", multiUpdate)),
	goods(at("PUT", "/v1/products/origin-products/{no}/change-status", "change-status", changeStatus)),
}

// read reads the body strictly: no member that is not documented.
func (c *call) read(v any) error {
	d := json.NewDecoder(bytes.NewReader(c.body))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return err
	}
	if d.More() {
		return fmt.Errorf("more than one document")
	}
	return nil
}
