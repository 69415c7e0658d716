package ebay_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/mallbridge/mallbridge/simulator/ebay"
	"github.com/mallbridge/mallbridge/simulator/orders"
)

const (
	shop    = "shop"
	client  = "app-1"
	secret  = "cert-1"
	ru      = "Ru-Name-1"
	refresh = "refresh-1"
)

// A desk is a mall with one seller and somebody who calls it.
type desk struct {
	*ebay.Mall
	*testing.T
	now   time.Time
	token string
}

func newDesk(t *testing.T) *desk {
	d := &desk{T: t, now: time.Date(2026, 11, 18, 3, 0, 0, 0, time.UTC)}
	d.Mall = ebay.New(ebay.Options{Now: func() time.Time { return d.now }})
	d.check(d.AddSeller(ebay.Seller{
		Name: shop, ClientID: client, ClientSecret: secret, RuName: ru, RefreshToken: refresh, Consented: d.now.AddDate(0, -1, 0), Scopes: []string{"sell.fulfillment", "sell.inventory"},
	}))
	_, answer := d.login(client, secret, "grant_type", "refresh_token", "refresh_token", refresh)
	d.token, _ = answer["access_token"].(string)
	return d
}

func (d *desk) check(err error) {
	if err != nil {
		d.Helper()
		d.Fatal(err)
	}
}

func (d *desk) send(r *http.Request) (int, map[string]any) {
	w := httptest.NewRecorder()
	d.ServeHTTP(w, r)
	var out map[string]any
	if w.Body.Len() > 0 {
		d.check(json.Unmarshal(w.Body.Bytes(), &out))
	}
	return w.Code, out
}

func (d *desk) login(id, pass string, form ...string) (int, map[string]any) {
	v := url.Values{}
	for i := 0; i+1 < len(form); i += 2 {
		v.Set(form[i], form[i+1])
	}
	r := httptest.NewRequest(http.MethodPost, "/identity/v1/oauth2/token", strings.NewReader(v.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth(id, pass)
	return d.send(r)
}

func (d *desk) call(method, target, body string) (int, string, map[string]any) {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+d.token)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	status, out := d.send(r)
	id := ""
	if list, ok := out["errors"].([]any); ok && len(list) > 0 {
		n, _ := list[0].(map[string]any)["errorId"].(float64)
		id = strings.TrimSuffix(strings.TrimSuffix(jsonOf(n), ".0"), "\n")
	}
	return status, id, out
}

func jsonOf(v any) string {
	b, _ := json.Marshal(v)
	return string(b)
}

func (d *desk) place() *orders.Order {
	o := orders.NewStream(3).Ordinary(orders.Ebay, d.now, 1)[0]
	o.Ordered = d.now.Add(-time.Hour)
	o.Parcels[0].Lines = []orders.Line{{Key: "L1", SKUCode: "S1", Name: "Thing", Quantity: 3, Price: 100}}
	d.check(d.Place(shop, &o))
	return &o
}

// What the contract and the texts beside it do not allow is refused with their numbers.
func TestStrictness(t *testing.T) {
	d := newDesk(t)
	o := d.place()
	list := "/sell/fulfillment/v1/order"
	span := func(from, to string) string {
		return list + "?filter=" + url.QueryEscape("lastmodifieddate:["+from+".."+to+"]")
	}
	ship := list + "/" + o.Number + "/shipping_fulfillment"
	for _, x := range []struct {
		method, target, body string
		status               int
		id                   string
	}{
		{"GET", span("2026-11-18T00:00:00.000Z", "2026-11-18T03:00:00.000Z"), "", 200, ""},
		{"GET", span("2026-11-18T00:00:00.000Z", ""), "", 200, ""},
		{"GET", list, "", 200, ""},
		{"GET", list + "?filter=lastmodifieddate:[2026-11-18T00:00:00.000Z..]", "", 400, "2004"},
		{"GET", span("2026-11-18T00:00:00.000Z", "2026-11-18T03:00:01.000Z"), "", 400, "30850"},
		{"GET", span("2026-11-18T02:00:00.000Z", "2026-11-18T01:00:00.000Z"), "", 400, "30840"},
		{"GET", span("2024-01-01T00:00:00.000Z", ""), "", 400, "30830"},
		{"GET", span("", "2026-11-18T01:00:00.000Z"), "", 400, "30820"},
		{"GET", span("2026-11-18", ""), "", 400, "30810"},
		{"GET", list + "?filter=" + url.QueryEscape("orderfulfillmentstatus:{NOT_STARTED}"), "", 400, "30800"},
		{"GET", list + "?filter=" + url.QueryEscape("orderfulfillmentstatus:{NOT_STARTED|IN_PROGRESS}"), "", 200, ""},
		{"GET", list + "?filter=" + url.QueryEscape("color:{RED}"), "", 400, "30700"},
		{"GET", list + "?limit=201", "", 400, "31100"},
		{"GET", list + "?limit=50&offset=20", "", 400, "31000"},
		{"GET", list + "?fieldGroups=ALL", "", 400, "32800"},
		{"GET", list + "?orderIds=" + strings.Repeat("1-2,", 50) + "1-2", "", 400, "30900"},
		{"GET", list + "?page=1", "", 400, "2004"},
		{"GET", list + "/00-00000-00000", "", 404, "32100"},
		{"GET", "/sell/fulfillment/v2/order", "", 404, "2002"},
		{"POST", ship, `{"lineItems":[{"lineItemId":"L1","quantity":1}],"trackingNumber":"1234-5678","shippingCarrierCode":"Other"}`, 400, "32300"},
		{"POST", ship, `{"lineItems":[{"lineItemId":"L1","quantity":1}],"trackingNumber":"12345678"}`, 400, "32300"},
		{"POST", ship, `{"lineItems":[{"lineItemId":"L2","quantity":1}],"trackingNumber":"12345678","shippingCarrierCode":"Other"}`, 400, "32200"},
		{"POST", ship, `{"lineItems":[{"lineItemId":"L1","quantity":1},{"lineItemId":"L1","quantity":1}],"trackingNumber":"12345678","shippingCarrierCode":"Other"}`, 400, "32210"},
		{"POST", ship, `{"lineItems":[{"lineItemId":"L1","quantity":4}],"trackingNumber":"12345678","shippingCarrierCode":"Other"}`, 400, "32600"},
		{"POST", ship, `{"lineItems":[{"lineItemId":"L1"}],"number":"1"}`, 400, "32600"},
		{"POST", ship, `{"lineItems":[{"lineItemId":"L1","quantity":1}],"trackingNumber":"12345678","shippingCarrierCode":"Other","shippedDate":"2026-11-18T03:00:00.001Z"}`, 400, "32500"},
		{"POST", ship, `{"lineItems":[{"lineItemId":"L1","quantity":2}],"trackingNumber":"12345678","shippingCarrierCode":"Other"}`, 201, ""},
		{"POST", ship, `{"lineItems":[{"lineItemId":"L1","quantity":2}],"trackingNumber":"12345678","shippingCarrierCode":"Other"}`, 409, "32600"},
		{"GET", ship, "", 200, ""},
		{"GET", ship + "/12345678", "", 200, ""},
		{"GET", ship + "/1", "", 404, "32100"},
		{"GET", "/sell/inventory/v1/offer", "", 400, "25709"},
		{"GET", "/sell/inventory/v1/offer?sku=S1", "", 404, "25713"},
		{"GET", "/sell/inventory/v1/inventory_item?limit=201", "", 400, "25706"},
		{"GET", "/sell/inventory/v1/inventory_item/S1", "", 404, "25710"},
		{"POST", "/sell/inventory/v1/bulk_get_inventory_item", `{"requests":[{"sku":"S1"},{"sku":"S1"}]}`, 400, "25734"},
		{"POST", "/sell/inventory/v1/bulk_update_price_quantity", `{"requests":[{"sku":"S1","quantity":1}]}`, 400, "25002"},
		{"GET", "/developer/analytics/v1_beta/rate_limit/?api_context=sell&api_name=fulfillment", "", 403, "1100"}, // the shop's token
	} {
		if status, id, out := d.call(x.method, x.target, x.body); status != x.status || id != x.id {
			t.Errorf("%s %s %s: %d %s %v, want %d %s", x.method, x.target, x.body, status, id, out, x.status, x.id)
		}
	}
	r := httptest.NewRequest(http.MethodPost, ship, strings.NewReader(`{}`))
	r.Header.Set("Authorization", "Bearer "+d.token)
	if status, _ := d.send(r); status != http.StatusUnsupportedMediaType {
		t.Errorf("without a content type: %d", status)
	}
}

// Time ends tokens and consents, pays orders and begins a new day of calls.
func TestTime(t *testing.T) {
	d := newDesk(t)
	o := orders.NewStream(3).Ordinary(orders.Ebay, d.now, 1)[0]
	o.Ordered, o.Status = d.now, "PENDING"
	d.check(d.Place(shop, &o))
	payment := func() any {
		_, _, out := d.call(http.MethodGet, "/sell/fulfillment/v1/order/"+o.Number, "")
		return out["orderPaymentStatus"]
	}
	if p := payment(); p != "PENDING" {
		t.Errorf("payment %v", p)
	}
	d.now = d.now.Add(2 * time.Hour)
	if status, id, _ := d.call(http.MethodGet, "/sell/fulfillment/v1/order", ""); status != 401 || id != "1001" {
		t.Errorf("after two hours: %d %s", status, id)
	}
	d.now = d.now.Add(time.Hour)
	_, answer := d.login(client, secret, "grant_type", "refresh_token", "refresh_token", refresh, "scope", "https://api.ebay.com/oauth/api_scope/sell.fulfillment")
	d.token, _ = answer["access_token"].(string)
	if p := payment(); p != "PAID" {
		t.Errorf("payment %v", p)
	}
	if status, id, _ := d.call(http.MethodGet, "/sell/inventory/v1/inventory_item", ""); status != 403 || id != "1100" {
		t.Errorf("without the scope: %d %s", status, id)
	}
	d.now = d.now.AddDate(2, 0, 0)
	if status, out := d.login(client, secret, "grant_type", "refresh_token", "refresh_token", refresh); status != 400 || out["error"] != "invalid_grant" {
		t.Errorf("after two years: %d %v", status, out)
	}
}

func TestLogins(t *testing.T) {
	d := newDesk(t)
	for _, x := range []struct {
		id, pass string
		form     []string
		status   int
		code     string
	}{
		{client, "x", []string{"grant_type", "client_credentials", "scope", "https://api.ebay.com/oauth/api_scope"}, 401, "invalid_client"},
		{"x", secret, []string{"grant_type", "client_credentials", "scope", "https://api.ebay.com/oauth/api_scope"}, 401, "invalid_client"},
		{client, secret, []string{"grant_type", "client_credentials", "scope", "https://api.ebay.com/oauth/api_scope/sell.inventory"}, 400, "invalid_scope"},
		{client, secret, []string{"grant_type", "password"}, 400, "unsupported_grant_type"},
		{client, secret, []string{"grant_type", "refresh_token", "refresh_token", "other"}, 400, "invalid_grant"},
		{client, secret, []string{"grant_type", "refresh_token", "refresh_token", refresh, "scope", "https://api.ebay.com/oauth/api_scope/sell.finances"}, 400, "invalid_scope"},
		{client, secret, []string{"grant_type", "refresh_token", "refresh_token", refresh, "redirect_uri", ru}, 400, "invalid_request"},
		{client, secret, []string{"grant_type", "authorization_code", "code", "x", "redirect_uri", ru}, 400, "invalid_grant"},
		{client, secret, []string{"grant_type", "client_credentials", "scope", "https://api.ebay.com/oauth/api_scope"}, 200, ""},
	} {
		status, out := d.login(x.id, x.pass, x.form...)
		if code, _ := out["error"].(string); status != x.status || code != x.code {
			t.Errorf("%v: %d %v, want %d %s", x.form, status, out, x.status, x.code)
		}
	}
	// The RuName of the consent counts, not an address.
	page := func(query string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		d.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/oauth2/authorize?"+query, http.NoBody))
		return w
	}
	const scope = "&response_type=code&scope=https%3A%2F%2Fapi.ebay.com%2Foauth%2Fapi_scope%2Fsell.fulfillment"
	if w := page("client_id=" + client + "&redirect_uri=https%3A%2F%2Fshop.example" + scope); w.Code != http.StatusBadRequest {
		t.Errorf("an address for the RuName: %d", w.Code)
	}
	w := page("client_id=" + client + "&redirect_uri=" + ru + "&state=s" + scope)
	to, err := url.Parse(w.Header().Get("Location"))
	d.check(err)
	code := to.Query().Get("code")
	if w.Code != http.StatusFound || code == "" || to.Query().Get("state") != "s" {
		t.Fatalf("%d %v", w.Code, to)
	}
	d.now = d.now.Add(6 * time.Minute)
	if status, out := d.login(client, secret, "grant_type", "authorization_code", "code", code, "redirect_uri", ru); status != 400 {
		t.Errorf("a code of six minutes: %v", out)
	}
}
