package ebay

import (
	"bytes"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// The paths of the API, and the address that answers name.
const (
	api         = "https://api.ebay.com"
	fulfillment = "/sell/fulfillment/v1"
	inventory   = "/sell/inventory/v1"
	analytics   = "/developer/analytics/v1_beta"
)

const maxBody = 1 << 20

// A call is one request that the gate let through.
type call struct {
	m     *Mall
	shop  *shop
	token *token
	path  map[string]string
	query url.Values
	body  []byte
	now   time.Time
}

// An answer is a status with JSON, or with nothing.
type answer struct {
	status int
	body   any
	header map[string]string
}

func ok(body any) answer { return answer{status: http.StatusOK, body: body} }

// failure is an answer with one error.
func failure(status, id int, domain, category, message string, names ...string) answer {
	params := []doc{}
	for i := 0; i+1 < len(names); i += 2 {
		params = append(params, doc{"name": names[i], "value": names[i+1]})
	}
	e := doc{"errorId": id, "domain": domain, "category": category, "message": message}
	if len(params) > 0 {
		e["parameters"] = params
	}
	return answer{status: status, body: doc{"errors": []doc{e}}}
}

const (
	orderDomain = "API_FULFILLMENT"
	itemDomain  = "API_INVENTORY"
	request     = "REQUEST"
	application = "APPLICATION"
)

// A route is one documented call.
type route struct {
	method, api string
	pattern     []string
	params      []string // of the query
	scopes      []string // one of them is enough
	do          func(*call) answer
}

func at(method, family, pattern string, params, scopes []string, do func(*call) answer) route {
	return route{method, family, strings.Split(family+pattern, "/"), params, scopes, do}
}

var (
	readOrders = []string{"sell.fulfillment", "sell.fulfillment.readonly"}
	readItems  = []string{"sell.inventory", "sell.inventory.readonly"}
	anybody    = []string{""}
)

// routes lists what is documented.
var routes = []route{
	at("GET", fulfillment, "/order", []string{"filter", "limit", "offset", "orderIds", "fieldGroups"}, readOrders, getOrders),
	at("GET", fulfillment, "/order/{orderId}", []string{"fieldGroups"}, readOrders, getOrder),
	at("GET", fulfillment, "/order/{orderId}/shipping_fulfillment", nil, readOrders, getFulfillments),
	at("GET", fulfillment, "/order/{orderId}/shipping_fulfillment/{fulfillmentId}", nil, readOrders, getFulfillment),
	at("POST", fulfillment, "/order/{orderId}/shipping_fulfillment", nil, readOrders[:1], createFulfillment),
	at("GET", inventory, "/inventory_item", []string{"limit", "offset"}, readItems, getItems),
	at("GET", inventory, "/inventory_item/{sku}", nil, readItems, getItem),
	at("POST", inventory, "/bulk_get_inventory_item", nil, readItems, bulkGetItems),
	at("GET", inventory, "/offer", []string{"sku", "limit", "offset", "format", "marketplace_id"}, readItems, getOffers),
	at("POST", inventory, "/bulk_update_price_quantity", nil, readItems[:1], updateQuantities),
	at("GET", analytics, "/rate_limit/", []string{"api_context", "api_name"}, anybody, getLimits),
}

func find(method, path string) (*route, map[string]string, bool) {
	parts := strings.Split(path, "/")
next:
	for i := range routes {
		rt := &routes[i]
		if rt.method != method || len(rt.pattern) != len(parts) {
			continue
		}
		vars := map[string]string{}
		for j, p := range rt.pattern {
			if !strings.HasPrefix(p, "{") {
				if p != parts[j] {
					continue next
				}
				continue
			}
			v, err := url.PathUnescape(parts[j])
			if err != nil || v == "" {
				continue next
			}
			vars[strings.Trim(p, "{}")] = v
		}
		return rt, vars, true
	}
	return nil, nil, false
}

// ServeHTTP answers a request to eBay: to its API, to the token endpoint (below
// /identity/v1/oauth2 or /login) and to the consent page (below /oauth2 or /consent).
func (m *Mall) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m.mu.Lock()
	a := m.answer(r)
	now := m.now()
	m.mu.Unlock()
	w.Header().Set("Date", now.Format(http.TimeFormat))
	for k, v := range a.header {
		w.Header().Set(k, v)
	}
	if a.body == nil {
		w.WriteHeader(a.status)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(a.status)
	text, _ := json.Marshal(a.body) // made of maps, lists and texts
	_, _ = w.Write(text)            // the client has hung up if this fails
}

func (m *Mall) answer(r *http.Request) answer {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if err != nil || len(body) > maxBody {
		return failure(http.StatusBadRequest, 2004, "ACCESS", request, "the request cannot be read")
	}
	switch path := r.URL.EscapedPath(); path {
	case "/identity/v1/oauth2/token", "/login/token":
		return m.login(r, body)
	case "/oauth2/authorize", "/consent/authorize":
		return m.consent(r)
	}
	rt, vars, found := find(r.Method, r.URL.EscapedPath())
	if !found {
		return failure(http.StatusNotFound, 2002, "ACCESS", request, "Resource not found")
	}
	c := &call{m: m, path: vars, body: body, now: m.now()}
	t, a, ok := m.admit(r, rt)
	if !ok {
		return a
	}
	c.token, c.shop = t, t.s
	if a, ok := c.form(r, rt); !ok {
		return a
	}
	if m.faults.Inside {
		return failure(http.StatusOK, 30500, orderDomain, application, "System error")
	}
	if c.shop != nil {
		for _, x := range c.shop.sales {
			x.settle(c.now)
		}
	}
	return rt.do(c)
}

// admit looks at the token, its scopes and the calls of the day.
func (m *Mall) admit(r *http.Request, rt *route) (*token, answer, bool) {
	key, bearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	t := m.tokens[key]
	if t != nil && t.counted {
		t.left--
	}
	if !bearer || t == nil || !m.now().Before(t.ends) || t.counted && t.left < 0 {
		return nil, failure(http.StatusUnauthorized, 1001, "OAuth", request, "Invalid access token"), false
	}
	may := func(scope string) bool {
		return scope == "" && t.s == nil || scope != "" && t.s != nil && slices.Contains(t.scopes, scope)
	}
	if !slices.ContainsFunc(rt.scopes, may) || m.faults.Scope && rt.api == fulfillment {
		return nil, failure(http.StatusForbidden, 1100, "ACCESS", request, "Access denied"), false
	}
	if day := midnight(m.now()); !day.Equal(m.day) {
		m.day, m.count = day, map[string]int{}
	}
	m.count[t.client+rt.api]++
	if m.count[t.client+rt.api] > m.opt.Calls {
		return nil, failure(http.StatusTooManyRequests, 2001, "ACCESS", request, "Too many requests"), false
	}
	return t, answer{}, true
}

var pacific = func() *time.Location {
	l, err := time.LoadLocation("America/Los_Angeles")
	if err != nil {
		return time.UTC
	}
	return l
}()

// midnight is when the day of calls began.
func midnight(at time.Time) time.Time {
	p := at.In(pacific)
	return time.Date(p.Year(), p.Month(), p.Day(), 0, 0, 0, 0, pacific)
}

// form looks at headers, query and body.
func (c *call) form(r *http.Request, rt *route) (answer, bool) {
	domain := orderDomain
	if rt.api == inventory {
		domain = itemDomain
	}
	bad := func(message string) (answer, bool) {
		return failure(http.StatusBadRequest, 2004, domain, request, message), false
	}
	if a := r.Header.Get("Accept"); a != "" && a != "application/json" && a != "*/*" {
		return failure(http.StatusNotAcceptable, 2004, domain, request, "Accept must be application/json"), false
	}
	if strings.ContainsAny(r.URL.RawQuery, "[]{}| ") {
		return bad("the query must be percent-encoded")
	}
	q, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return bad("the query cannot be read")
	}
	for name, v := range q {
		if !slices.Contains(rt.params, name) || len(v) != 1 || v[0] == "" {
			return bad("parameter " + name + " is unknown, empty or repeated")
		}
	}
	c.query = q
	if r.Method == http.MethodGet {
		if len(c.body) > 0 {
			return bad("the call has no body")
		}
		return answer{}, true
	}
	if t, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || t != "application/json" {
		return failure(http.StatusUnsupportedMediaType, 2004, domain, request, "Content-Type must be application/json"), false
	}
	return answer{}, true
}

// read decodes the body; fields that the contract does not name are refused.
func (c *call) read(v any) error {
	d := json.NewDecoder(bytes.NewReader(c.body))
	d.DisallowUnknownFields()
	return d.Decode(v)
}
