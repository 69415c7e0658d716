package shopserve

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// Each host has its own key, and what is not known is refused.
func TestStrict(t *testing.T) {
	m := New(Shop{ID: "abc123.xy", ManagerKey: "manager", OpenKey: "open"}, Options{})
	m.Sell("A/1", "見本", 100, 5)
	for _, x := range []struct {
		key, method, path, body string
		status                  int
	}{
		{"manager", "POST", "/v2/items/A%2F1/stock", `{"unlimited":"No","quantity":3}`, 200},
		{"open", "POST", "/v2/items/A%2F1/stock", `{"unlimited":"No","quantity":4}`, 401},
		{"manager", "POST", "/v2/items/A%2F1/stock", `{"unlimited":false,"quantity":4}`, 422},
		{"manager", "POST", "/v2/items/A%2F1/stock", `{"unlimited":"No","quantity":"4"}`, 422},
		{"manager", "POST", "/v2/items/A%2F1/stock", `{"unlimited":"No","quantity":4,"attribute":"Color"}`, 422},
		{"manager", "POST", "/v2/items/B/stock", `{"unlimited":"No","quantity":4}`, 404},
		{"manager", "GET", "/v2/items/A%2F1/stock", "", 404},
		{"open", "GET", "/item/v2/items/A%2F1/stock", "", 200},
		{"manager", "GET", "/item/v2/items/A%2F1/stock", "", 401},
		{"manager", "POST", "/v2/items/_search", `{"from":0,"size":1,"filters":[{"item_code":"A/1"}]}`, 200},
		{"manager", "POST", "/v2/items/_search", `{"from":0,"limit":1}`, 400},
		{"manager", "POST", "/v2/orders/_search", `{}`, 404},
	} {
		r := httptest.NewRequest(x.method, x.path, strings.NewReader(x.body))
		r.SetBasicAuth("abc123.xy", x.key)
		if x.method == http.MethodPost {
			r.Header.Set("Content-Type", "application/json")
		}
		w := httptest.NewRecorder()
		m.ServeHTTP(w, r)
		if w.Code != x.status {
			t.Errorf("%s %s %s with the %s key: %d %s, want %d", x.method, x.path, x.body, x.key, w.Code, w.Body, x.status)
		}
	}
	if n, _ := m.Stock("A/1"); n != 3 {
		t.Errorf("%d pieces", n)
	}
}
