package rakuten

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"
	"time"
)

const maxBody = 4 << 20

// A call is one request that the gateway let through.
type call struct {
	m    *Mall
	shop *shop
	r    *http.Request
	vars map[string]string
	body []byte
	now  time.Time
}

// An answer is a status with a body; nil for none.
type answer struct {
	status int
	body   any
}

// A message is one entry of MessageModelList.
type message struct {
	Type     string  `json:"messageType"`
	Code     string  `json:"messageCode"`
	Text     string  `json:"message"`
	Order    *string `json:"orderNumber,omitempty"`
	Data     *int    `json:"dataNumber,omitempty"`
	Shipping *int64  `json:"shippingDetailId,omitempty"`
}

func info(function, number, text string) message {
	return message{Type: "INFO", Code: "ORDER_EXT_API_" + function + "_INFO_" + number, Text: text}
}

func fault(function, number, format string, args ...any) message {
	return message{Type: "ERROR", Code: "ORDER_EXT_API_" + function + "_ERROR_" + number, Text: fmt.Sprintf(format, args...)}
}

func (m message) of(number string) message {
	m.Order = &number
	return m
}

// messages is an answer that is nothing but messages.
func messages(status int, list ...message) answer {
	return answer{status, map[string]any{"MessageModelList": list}}
}

// failure is the shape of errors of items, inventories and the gateway.
func failure(status int, code, path, format string, args ...any) answer {
	e := map[string]any{"code": code, "message": fmt.Sprintf(format, args...)}
	if path != "" {
		e["metadata"] = map[string]any{"propertyPath": path}
	}
	return answer{status, map[string]any{"errors": []any{e}}}
}

// ServeHTTP answers one request to https://api.rms.rakuten.co.jp.
func (m *Mall) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.request++
	a := m.answer(w, r)
	w.Header().Set("RequestId", fmt.Sprintf("00000000-0000-4000-8000-%012x", m.request))
	if a.body == nil {
		w.WriteHeader(a.status)
		return
	}
	text, err := json.Marshal(a.body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	if m.faults.Charset {
		text = bytes.Replace(text, []byte(`"itemName":"`), []byte("\"itemName\":\"\x83"), 1)
	}
	w.Header().Set("Content-Type", "application/json;charset=UTF-8")
	w.WriteHeader(a.status)
	// The client has hung up if this fails.
	_, _ = w.Write(text)
}

func (m *Mall) answer(w http.ResponseWriter, r *http.Request) answer {
	now := m.opt.Now()
	rt, vars, status := find(r.Method, r.URL.Path)
	if rt == nil {
		return failure(status, "GE0007", "", "no such path: %s %s", r.Method, r.URL.Path)
	}
	s := m.authorize(r.Header.Get("Authorization"), now)
	if s == nil {
		return failure(http.StatusUnauthorized, "GA0001", "", "Un-Authorised")
	}
	if slices.Contains(s.Off, rt.function) {
		return answer{http.StatusUnauthorized, map[string]any{"Results": map[string]any{"errorCode": "ES04-01", "message": "WEB API is not authorised for the function"}}}
	}
	if m.crowded(s, now) {
		w.Header().Set("Retry-After", "1")
		return failure(http.StatusTooManyRequests, "GA0003", "", "Too Many Requests")
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if err != nil || len(body) > maxBody {
		return failure(http.StatusBadRequest, "GE0011", "", "the body cannot be read")
	}
	if rt.body {
		kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
		if err != nil || kind != "application/json" || rt.function == OrderAPI && !strings.EqualFold(params["charset"], "utf-8") {
			return answer{http.StatusUnsupportedMediaType, map[string]any{"Results": map[string]any{"errorCode": "ES04-03", "message": "Unsupported Media Type"}}}
		}
		if len(body) == 0 {
			return failure(http.StatusBadRequest, "GE0011", "", "the body is missing")
		}
	} else if len(body) > 0 {
		return failure(http.StatusBadRequest, "IE0002", "", "a body is not documented here")
	}
	if m.faults.Inside {
		return messages(http.StatusOK, message{Type: "ERROR", Code: "ORDER_EXT_API_SYSTEM_ERROR_500", Text: "システムエラーが発生しました。"})
	}
	m.settle(s, now)
	return rt.do(&call{m: m, shop: s, r: r, vars: vars, body: body, now: now})
}

// authorize finds the shop of a header "ESA base64(serviceSecret:licenseKey)".
func (m *Mall) authorize(header string, now time.Time) *shop {
	word, rest, ok := strings.Cut(header, " ")
	if !ok || word != "ESA" {
		return nil
	}
	pair, err := base64.StdEncoding.DecodeString(rest)
	if err != nil {
		return nil
	}
	for _, s := range m.shops {
		if string(pair) == s.ServiceSecret+":"+s.LicenceKey && !now.After(s.expiry()) {
			return s
		}
	}
	return nil
}

// crowded counts a request and reports whether it is one too many.
func (m *Mall) crowded(s *shop, now time.Time) bool {
	if m.opt.Limit < 0 {
		return false
	}
	s.calls = slices.DeleteFunc(s.calls, func(t time.Time) bool { return now.Sub(t) >= time.Second })
	if len(s.calls) >= m.opt.Limit {
		return true
	}
	s.calls = append(s.calls, now)
	return false
}

// A route is one documented call.
type route struct {
	method, function string
	pattern          []string
	body             bool
	do               func(*call) answer
}

func at(method, function, pattern string, do func(*call) answer) route {
	return route{method, function, strings.Split(pattern, "/"), method != http.MethodGet && method != http.MethodDelete, do}
}

var routes = documented()

func documented() []route {
	order := func(name string, do func(*call) answer) route {
		return at("POST", OrderAPI, "/es/2.0/order/"+name+"/", do)
	}
	list := []route{
		order("searchOrder", search),
		order("getOrder", get),
		order("confirmOrder", confirm),
		order("updateOrderShipping", ship),
		order("updateOrderShippingAsync", shipLater),
		order("getResultUpdateOrderShippingAsync", shipResult),
		at("GET", LicenceAPI, "/es/1.0/license-management/license-key/expiry-date", expiryDate),
		at("GET", ItemAPI, "/es/2.0/items/search", searchItems),
	}
	for _, v := range []string{"2.0", "2.1"} {
		list = append(list,
			at("POST", InventoryAPI, "/es/"+v+"/inventories/bulk-get", bulkGet),
			at("POST", InventoryAPI, "/es/"+v+"/inventories/bulk-upsert", bulkUpsert),
			at("GET", InventoryAPI, "/es/"+v+"/inventories/manage-numbers/{manageNumber}/variants/{variantId}", oneStock),
			at("PUT", InventoryAPI, "/es/"+v+"/inventories/manage-numbers/{manageNumber}/variants/{variantId}", putStock),
		)
	}
	return list
}

// find returns the route, or the status of a request that has none.
func find(method, path string) (*route, map[string]string, int) {
	parts := strings.Split(path, "/")
	status := http.StatusNotFound
	for i := range routes {
		rt := &routes[i]
		vars, ok := rt.match(parts)
		if !ok {
			continue
		}
		if rt.method == method {
			return rt, vars, 0
		}
		status = http.StatusMethodNotAllowed
	}
	return nil, nil, status
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

// decode reads the body into v: one JSON value, documented fields only, by their
// exact capitalisation.
func (c *call) decode(v any) error {
	d := json.NewDecoder(bytes.NewReader(c.body))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return fmt.Errorf("more than one JSON value")
	}
	return exact(c.body, v)
}

func expiryDate(c *call) answer {
	q := c.r.URL.Query()
	if len(q) != 1 || q.Get("licenseKey") != c.shop.LicenceKey {
		return failure(http.StatusBadRequest, "IE0002", "licenseKey", "the licence key is not that of the shop")
	}
	return answer{http.StatusOK, map[string]any{"expiryDate": c.shop.expiry().Format("2006-01-02T15:04:05")}}
}
