package coupang

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// maxBody is more than any documented request can have.
const maxBody = 1 << 20

// A call is one request that the gateway let through.
type call struct {
	m     *Mall
	shop  *shop
	r     *http.Request
	query string // as signed
	path  map[string]string
	body  []byte
	now   time.Time
}

// An answer is a status with a body.
type answer struct {
	status int
	body   any
}

// A refusal is the body of an error. The gateway writes the code ERROR and a
// transaction id, the order back end the HTTP status as a number.
type refusal struct {
	Code        any    `json:"code"`
	Message     string `json:"message"`
	Transaction string `json:"transactionId,omitempty"`
}

// ServeHTTP answers one request to https://api-gateway.coupang.com.
func (m *Mall) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m.mu.Lock()
	defer m.mu.Unlock()
	a := m.answer(w, r)
	w.Header().Set("Date", m.now().UTC().Format(http.TimeFormat))
	w.Header().Set("Content-Type", "application/json;charset=UTF-8")
	w.WriteHeader(a.status)
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	// The client has hung up if this fails.
	_ = e.Encode(a.body)
}

func (m *Mall) answer(w http.ResponseWriter, r *http.Request) answer {
	m.calls++
	now := m.now()
	path, query, _ := strings.Cut(r.RequestURI, "?")
	if r.RequestURI == "" {
		path, query = r.URL.EscapedPath(), r.URL.RawQuery
	}
	rt, vars, ok := find(r.Method, path)
	if !ok {
		return m.gateway(http.StatusNotFound, "The requested URI is not found: "+path)
	}
	s, why := m.authorize(r.Header.Get("Authorization"), r.Method, path, query, now)
	if s == nil {
		return m.gateway(http.StatusUnauthorized, why)
	}
	if ip, _, err := net.SplitHostPort(r.RemoteAddr); len(s.IPs) > 0 && (err != nil || !slices.Contains(s.IPs, ip)) {
		return m.gateway(http.StatusForbidden, notAllowed)
	}
	if full := m.pace(s, w.Header()); full {
		return m.gateway(http.StatusTooManyRequests, "Too Many Requests")
	}
	if text := headers(r, s); text != "" {
		return m.gateway(http.StatusBadRequest, text)
	}
	if id, ok := vars["vendorId"]; ok && id != s.ID {
		return bad("Invalid vendor ID")
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if err != nil || len(body) > maxBody {
		return m.gateway(http.StatusBadRequest, "the request body cannot be read")
	}
	if !rt.body && len(body) > 0 {
		return m.gateway(http.StatusBadRequest, "the request has a body, which is not documented")
	}
	if m.faults.Inside {
		return answer{http.StatusOK, refusal{Code: "ERROR", Message: "Internal Exception"}}
	}
	s.settle(now)
	return rt.do(&call{m: m, shop: s, r: r, query: query, path: vars, body: body, now: now})
}

// headers checks what every request carries.
func headers(r *http.Request, s *shop) string {
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/json" || !strings.EqualFold(params["charset"], "utf-8") {
		return "Content-Type must be application/json;charset=UTF-8"
	}
	if by := r.Header.Get("X-Requested-By"); by != s.ID {
		return "X-Requested-By must be the vendor id"
	}
	if market := r.Header.Get("X-MARKET"); market != "" && market != "KR" {
		return "X-MARKET " + market + " is not served"
	}
	if t := r.Header.Get("X-EXTENDED-TIMEOUT"); t != "" {
		if ms, err := strconv.Atoi(t); err != nil || ms <= 0 {
			return "X-EXTENDED-TIMEOUT must be milliseconds"
		}
	}
	return ""
}

// pace counts a call and reports whether it is one too many. Whoever is shut out
// stays out for the length of the block, whatever the pace is meanwhile.
func (m *Mall) pace(s *shop, h http.Header) (full bool) {
	if m.opt.Limit < 0 {
		return false
	}
	now := m.opt.Wall()
	if now.Before(s.blocked) {
		return true
	}
	s.seconds = slices.DeleteFunc(s.seconds, func(t time.Time) bool { return now.Sub(t) >= time.Second })
	s.seconds = append(s.seconds, now)
	n := len(s.seconds)
	if n > m.opt.Limit {
		s.blocked, s.seconds = now.Add(m.opt.Block), nil
		return true
	}
	if 10*n >= 9*m.opt.Limit {
		h.Set("X-CAG-Warnings", fmt.Sprintf("%d of %d calls in a second", n, m.opt.Limit))
	}
	return false
}

// gateway is an error in front of the back ends.
func (m *Mall) gateway(status int, text string) answer {
	return answer{status, refusal{Code: "ERROR", Message: text, Transaction: fmt.Sprintf("00000000-0000-4000-8000-%012x", m.calls)}}
}

// bad is a 400 of the order back end.
func bad(format string, args ...any) answer {
	return answer{http.StatusBadRequest, refusal{Code: http.StatusBadRequest, Message: fmt.Sprintf(format, args...)}}
}

// ok is an answer of the order back end whose code is a number.
func ok(data any) answer {
	return answer{http.StatusOK, struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
		Data    any    `json:"data"`
	}{200, "OK", data}}
}

// done is an answer of the order back end whose code is text.
func done(data any) answer {
	return answer{http.StatusOK, struct {
		Code    string `json:"code"`
		Message string `json:"message"`
		Data    any    `json:"data"`
	}{"200", "OK", data}}
}

// A route is one documented call.
type route struct {
	methods []string
	pattern []string // segments; {name} takes any
	body    bool
	do      func(*call) answer
}

func (rt *route) match(path []string) (map[string]string, bool) {
	if len(path) != len(rt.pattern) {
		return nil, false
	}
	vars := map[string]string{}
	for i, p := range rt.pattern {
		if strings.HasPrefix(p, "{") {
			vars[strings.Trim(p, "{}")] = path[i]
		} else if p != path[i] {
			return nil, false
		}
	}
	return vars, true
}

func find(method, path string) (*route, map[string]string, bool) {
	parts := strings.Split(path, "/")
	for i := range routes {
		rt := &routes[i]
		if !slices.Contains(rt.methods, method) {
			continue
		}
		if vars, ok := rt.match(parts); ok {
			return rt, vars, true
		}
	}
	return nil, nil, false
}

const (
	openAPI   = "/v2/providers/openapi/apis/api"
	sellerAPI = "/v2/providers/seller_api/apis/api/v1/marketplace"
)

func at(methods, pattern string, body bool, do func(*call) answer) route {
	return route{strings.Fields(methods), strings.Split(pattern, "/"), body, do}
}

// routes lists what is documented. A path that could be two is the first.
var routes = []route{
	at("GET", openAPI+"/v5/vendors/{vendorId}/ordersheets", false, listSheets),
	at("GET", openAPI+"/v5/vendors/{vendorId}/ordersheets/{shipmentBoxId}", false, oneSheet),
	at("GET", openAPI+"/v5/vendors/{vendorId}/ordersheets/{shipmentBoxId}/history", false, history),
	at("GET", openAPI+"/v5/vendors/{vendorId}/{orderId}/ordersheets", false, orderSheets),
	at("PUT PATCH", openAPI+"/v4/vendors/{vendorId}/ordersheets/acknowledgement", true, acknowledge),
	at("POST", openAPI+"/v4/vendors/{vendorId}/orders/invoices", true, invoices),
	at("POST", openAPI+"/v4/vendors/{vendorId}/orders/updateInvoices", true, updateInvoices),
	at("POST", openAPI+"/v5/vendors/{vendorId}/orders/{orderId}/cancel", true, sellerCancel),
	at("GET", openAPI+"/v6/vendors/{vendorId}/returnRequests", false, listClaims),
	at("GET", openAPI+"/v6/vendors/{vendorId}/returnRequests/{receiptId}", false, oneClaim),
	at("PUT PATCH", openAPI+"/v4/vendors/{vendorId}/returnRequests/{receiptId}/stoppedShipment", true, stoppedShipment),
	at("PUT PATCH", openAPI+"/v4/vendors/{vendorId}/returnRequests/{receiptId}/completedShipment", true, completedShipment),
	at("GET", openAPI+"/v4/vendors/{vendorId}/returnWithdrawRequests", false, listWithdrawn),
	at("POST", openAPI+"/v4/vendors/{vendorId}/returnWithdrawList", true, findWithdrawn),
	at("GET", sellerAPI+"/seller-products", false, listProducts),
	at("GET", sellerAPI+"/seller-products/external-vendor-sku-codes/{code}", false, productsByCode),
	at("GET", sellerAPI+"/seller-products/{sellerProductId}", false, oneProduct),
	at("GET", sellerAPI+"/vendor-items/{vendorItemId}/inventories", false, inventory),
	at("PUT", sellerAPI+"/vendor-items/{vendorItemId}/quantities/{quantity}", false, setQuantity),
	at("PUT", sellerAPI+"/vendor-items/{vendorItemId}/sales/stop", false, setSale(false)),
	at("PUT", sellerAPI+"/vendor-items/{vendorItemId}/sales/resume", false, setSale(true)),
}

// number reads a number of the path.
func (c *call) number(name string) (int64, bool) {
	n, err := strconv.ParseInt(c.path[name], 10, 64)
	return n, err == nil && n > 0 && strconv.FormatInt(n, 10) == c.path[name]
}

// decode reads the body into v: one JSON value, documented fields only.
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
