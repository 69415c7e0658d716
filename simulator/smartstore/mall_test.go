package smartstore

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/mallbridge/mallbridge/simulator/orders"
)

// The second vector of the documentation of the signature.
const (
	vectorID     = "1a2B3c4D5e6F7g8H9i0J1k"
	vectorSecret = "$2a$04$N9qo8uLOickgx2ZMRZoMye"
	vectorAt     = 1784073600000
	vectorSign   = "JDJhJDA0JE45cW84dUxPaWNrZ3gyWk1SWm9NeWV5N09uN1c2aEhDWDBjN3V2WHF1R0J3T2YwY1Zhd1pX"
)

type bench struct {
	*testing.T
	*Mall
	now   time.Time
	token string
	os    []orders.Order
}

func newBench(t *testing.T) *bench {
	b := &bench{T: t, now: time.UnixMilli(vectorAt).UTC()}
	b.Mall = New(Options{Now: func() time.Time { return b.now }, Rate: -1})
	b.check(b.AddSeller(Seller{ID: "hangaram", ClientID: vectorID, Secret: vectorSecret}))
	status, got := b.login(nil)
	if status != 200 {
		t.Fatalf("login: %d %v", status, got)
	}
	b.token, _ = got["access_token"].(string)
	b.os = orders.NewStream(3).Ordinary(orders.SmartStore, b.now.In(Seoul), 4)
	for i := range b.os {
		b.os[i].Ordered = b.now.Add(-time.Hour)
		b.check(b.Place("hangaram", &b.os[i], Confirmed))
	}
	return b
}

func (b *bench) check(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

func (b *bench) send(r *http.Request) (int, map[string]any) {
	w := httptest.NewRecorder()
	b.ServeHTTP(w, r)
	var out map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil {
		b.Fatalf("%s: %v", w.Body, err)
	}
	return w.Code, out
}

func (b *bench) login(change func(url.Values)) (int, map[string]any) {
	form := url.Values{
		"client_id": {vectorID}, "timestamp": {strconv.Itoa(vectorAt)}, "client_secret_sign": {vectorSign}, "grant_type": {"client_credentials"}, "type": {"SELF"},
	}
	if change != nil {
		change(form)
	}
	r := httptest.NewRequest(http.MethodPost, "/v1/oauth2/token", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return b.send(r)
}

func (b *bench) call(method, path, body string) (int, map[string]any) {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+b.token)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	return b.send(r)
}

func TestLogin(t *testing.T) {
	b := newBench(t)
	for name, change := range map[string]func(url.Values){
		"another id":     func(f url.Values) { f.Set("client_id", "x") },
		"another time":   func(f url.Values) { f.Set("timestamp", strconv.Itoa(vectorAt+1)) },
		"another sign":   func(f url.Values) { f.Set("client_secret_sign", base64.StdEncoding.EncodeToString(make([]byte, 60))) },
		"no base64":      func(f url.Values) { f.Set("client_secret_sign", "?") },
		"grant":          func(f url.Values) { f.Set("grant_type", "x") },
		"type":           func(f url.Values) { f.Set("type", "SELLER") },
		"account":        func(f url.Values) { f.Set("account_id", "hangaram") },
		"something else": func(f url.Values) { f.Set("x", "y") },
	} {
		if status, got := b.login(change); status != 400 || got["access_token"] != nil {
			t.Errorf("%s: %d %v", name, status, got)
		}
	}
	b.now = b.now.Add(6 * time.Minute)
	if status, _ := b.login(nil); status != 400 {
		t.Errorf("a signature of six minutes: %d", status)
	}
	// The secret's last character counts with two bits only.
	if !signed("$2a$10$abcdefghijklmnopqrstuv", "aaaabbbbcccc_1643961623299", "JDJhJDEwJGFiY2RlZmdoaWprbG1ub3BxcnN0dXVCVldZSk42T0VPdEx1OFY0cDQxa2IuTnpVaUEzbmsy") {
		t.Error("the documentation's own vector is refused")
	}
}

func TestTokensAreShared(t *testing.T) {
	b := newBench(t)
	if _, got := b.login(nil); got["access_token"] != b.token || got["expires_in"].(float64) != 10800 {
		t.Errorf("%v", got)
	}
	s := b.shops["hangaram"]
	s.token.ends = b.now.Add(29 * time.Minute)
	_, got := b.login(nil)
	if got["access_token"] == b.token {
		t.Error("a token with 29 minutes left was given again")
	}
	if status, _ := b.call("GET", payOrder+"/orders/"+b.os[0].Number+"/product-order-ids", ""); status != 200 {
		t.Errorf("the old token ended with the new one: %d", status)
	}
	b.now = b.now.Add(30 * time.Minute)
	if status, got := b.call("GET", payOrder+"/orders/"+b.os[0].Number+"/product-order-ids", ""); status != 401 || got["code"] != "GW.AUTHN" {
		t.Errorf("%d %v", status, got)
	}
}

// What is not documented is refused.
func TestStrict(t *testing.T) {
	b := newBench(t)
	from := url.QueryEscape("2026-07-14T00:00:00.000+09:00")
	long := strings.TrimSuffix(strings.Repeat(`"1",`, 301), ",")
	lines := b.os[0].Parcels[0].Lines
	for _, x := range []struct {
		method, path, body string
		status             int
		code               string
	}{
		{"GET", payOrder + "/product-orders/last-changed-statuses?lastChangedFrom=" + from, "", 200, ""},
		{"GET", payOrder + "/product-orders/last-changed-statuses?lastChangedFrom=2026-07-14T00:00:00.000+09:00", "", 400, "4000"},
		{"GET", payOrder + "/product-orders/last-changed-statuses?lastChangedFrom=2026-07-14T00:00:00Z", "", 400, "4000"},
		{"GET", payOrder + "/product-orders/last-changed-statuses", "", 400, "4000"},
		{"GET", payOrder + "/product-orders/last-changed-statuses?lastChangedFrom=" + from + "&limitCount=301", "", 400, "4000"},
		{"GET", payOrder + "/product-orders/last-changed-statuses?lastChangedFrom=" + from + "&lastChangedTo=" + url.QueryEscape("2026-07-15T00:00:00.001+09:00"), "", 400, "104139"},
		{"GET", payOrder + "/product-orders/last-changed-statuses?lastChangedFrom=" + from + "&lastChangedType=PAID", "", 400, "4000"},
		{"GET", payOrder + "/product-orders?from=" + from + "&quantityClaimCompatibility=true&pageSize=301", "", 400, "4000"},
		{"GET", payOrder + "/product-orders?from=" + from + "&quantityClaimCompatibility=true&status=PAYED", "", 400, "4000"},
		{"POST", payOrder + "/product-orders/query", `{"productOrderIds":[` + long + `]}`, 400, "104133"},
		{"POST", payOrder + "/product-orders/query", `{"ids":["1"]}`, 400, "104133"},
		{"POST", payOrder + "/product-orders/confirm", `{"productOrderIds":[` + long[:31*4-1] + `]}`, 400, "104133"},
		{"GET", payOrder + "/orders/1/product-order-ids", "", 400, "100003"},
		{"GET", payOrder + "/product-orders/" + lines[0].Key, "", 404, "GW.NOT_FOUND"},
		{"POST", "/v1/products/search", `{"page":1,"size":501}`, 400, "BAD_REQUEST"},
		{"POST", "/v1/products/search", `{"searchKeywordType":"NAME","page":1}`, 400, "BAD_REQUEST"},
		{"GET", "/v2/products/origin-products/1", "", 404, "NOT_FOUND"},
		{"PATCH", "/v1/products/origin-products/multi-update", `{"multiProductUpdateRequestVos":[{"originProductNo":59000000102,"multiUpdateTypes":["STOCK","SALE_PRICE"],"stockQuantity":1}]}`, 404, ""},
	} {
		status, got := b.call(x.method, x.path, x.body)
		if status != x.status && x.code != "" || x.code != "" && got["code"] != x.code {
			t.Errorf("%s %s: %d %v, want %d %s", x.method, x.path, status, got, x.status, x.code)
		}
	}
	r := httptest.NewRequest(http.MethodPost, payOrder+"/product-orders/query", strings.NewReader(`{"productOrderIds":["1"]}`))
	r.Header.Set("Authorization", "Bearer "+b.token)
	if status, _ := b.send(r); status != 415 {
		t.Errorf("a body without a type: %d", status)
	}
}

// What option-stock is not sent it stores as nothing.
func TestOptionStockForgets(t *testing.T) {
	b := newBench(t)
	for id := int64(1); id < 3; id++ {
		b.check(b.Sell("hangaram", Product{Channel: "77", OptionID: id, Price: 1000, Extra: 100 * id, Stock: 5, Discount: 50}))
	}
	if status, got := b.call("PUT", "/v1/products/origin-products/577/option-stock", `{"optionInfo":{"optionCombinations":[{"id":1,"stockQuantity":9}],"useStockManagement":true}}`); status != 200 {
		t.Fatalf("%d %v", status, got)
	}
	first, _ := b.Stock("hangaram", "77", 1)
	second, _ := b.Stock("hangaram", "77", 2)
	if _, price, discount, extra := b.Offer("hangaram", "77"); first != 9 || second != 0 || price != 1000 || discount != 0 || !slices.Equal(extra, []int64{0, 0}) {
		t.Errorf("%d, %d, %d, %d, %v", first, second, price, discount, extra)
	}
}

func TestParcelsAreDeliveredByTime(t *testing.T) {
	b := newBench(t)
	o := &b.os[0]
	b.check(b.Dispatch("hangaram", o.Number, "CJGLS", "690000000101"))
	for _, x := range []struct {
		after time.Duration
		want  string
	}{{time.Hour, Delivering}, {30 * time.Hour, Delivered}, {9 * 24 * time.Hour, Decided}} {
		b.now = b.now.Add(x.after)
		if got := b.Lines("hangaram", o.Number)[0].Status; got != x.want {
			t.Errorf("after %v: %s, want %s", x.after, got, x.want)
		}
	}
}
