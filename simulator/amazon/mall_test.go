package amazon

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/mallbridge/mallbridge/simulator/orders"
)

const (
	shopID  = "A0SAMPLESELLER"
	app     = "amzn1.application-oa2-client.0000000000000000example"
	secret  = "amzn1.oa2-cs.v1.invented"
	refresh = "Atzr|Invented"
)

// A rig is a mall whose clock the test moves, with one seller.
type rig struct {
	*testing.T
	*Mall
	now    time.Time
	n      int
	access string
}

func newRig(t *testing.T, o Options) *rig {
	r := &rig{T: t, now: time.Date(2026, 7, 15, 3, 0, 0, 0, time.UTC)} // noon in Tokyo
	o.Now = func() time.Time { return r.now }
	r.Mall = New(o)
	r.check(r.AddSeller(Seller{ID: shopID, ClientID: app, ClientSecret: secret, RefreshToken: refresh, Issued: r.now.AddDate(0, 0, -10)}))
	r.login()
	return r
}

func (r *rig) check(err error) {
	r.Helper()
	if err != nil {
		r.Fatal(err)
	}
}

func (r *rig) form(pairs ...string) (int, map[string]any) {
	r.Helper()
	f := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refresh}, "client_id": {app}, "client_secret": {secret}}
	for i := 0; i+1 < len(pairs); i += 2 {
		f.Set(pairs[i], pairs[i+1])
		if pairs[i+1] == "" {
			f.Del(pairs[i])
		}
	}
	q := httptest.NewRequest(http.MethodPost, loginPath, strings.NewReader(f.Encode()))
	q.Header.Set("Content-Type", "application/x-www-form-urlencoded;charset=UTF-8")
	w := httptest.NewRecorder()
	r.ServeHTTP(w, q)
	var out map[string]any
	r.check(json.Unmarshal(w.Body.Bytes(), &out))
	return w.Code, out
}

func (r *rig) login() {
	r.Helper()
	_, got := r.form()
	r.access, _ = got["access_token"].(string)
}

// request makes a call as the models want it; change may spoil it.
func (r *rig) request(method, target, body string, change func(*http.Request)) *httptest.ResponseRecorder {
	r.Helper()
	q := httptest.NewRequest(method, target, strings.NewReader(body))
	q.Header.Set("X-Amz-Access-Token", r.access)
	q.Header.Set("X-Amz-Date", "20260715T030000Z")
	q.Header.Set("User-Agent", "Test/1 (Language=Go/1.26; Platform=linux)")
	if body != "" {
		q.Header.Set("Content-Type", "application/json")
	}
	if change != nil {
		change(q)
	}
	w := httptest.NewRecorder()
	r.ServeHTTP(w, q)
	return w
}

func (r *rig) order(status string) *orders.Order {
	r.Helper()
	r.n++
	who := orders.Person{Family: "見本", Given: "花子", Country: "JP", Postal: "0100000", Prefecture: "東京都", City: "見本市", Street: "例示町1-2-3", Phone: "03-0000-0000"}
	o := &orders.Order{
		Mall: orders.Amazon, Number: fmt.Sprintf("503-0000000-%07d", r.n), Ordered: r.now.Add(-time.Hour), Payment: "CreditCard", Goods: 4000, Total: 4000, Buyer: who,
		Parcels: []orders.Parcel{{Key: "1", To: who, Lines: []orders.Line{
			{Key: fmt.Sprintf("400000000%03d01", r.n), ItemID: "B000SAMPL1", ItemCode: "A 1/2", Name: "見本", Quantity: 3, Price: 1000},
			{Key: fmt.Sprintf("400000000%03d02", r.n), ItemID: "B000SAMPL2", ItemCode: "B", Name: "見本 2", Quantity: 1, Price: 1000},
		}}},
	}
	r.check(r.Place(shopID, o, status))
	return o
}

const (
	list  = "/orders/2026-01-01/orders"
	after = "?lastUpdatedAfter=2026-07-15T00:00:00Z"
)

func TestLogin(t *testing.T) {
	r := newRig(t, Options{})
	code, err := r.Agree(shopID)
	r.check(err)
	for _, x := range []struct {
		what   string
		pairs  []string
		status int
		code   string
	}{
		{"well", nil, 200, ""},
		{"grant", []string{"grant_type", "password"}, 400, "unsupported_grant_type"},
		{"field", []string{"scope", "x"}, 400, "invalid_request"},
		{"secret", []string{"client_secret", "x"}, 401, "invalid_client"},
		{"app", []string{"client_id", "x"}, 401, "invalid_client"},
		{"refresh token", []string{"refresh_token", "Atzr|x"}, 400, "invalid_grant"},
		{"code", []string{"grant_type", "authorization_code", "refresh_token", "", "code", code}, 200, ""},
		{"the code again", []string{"grant_type", "authorization_code", "refresh_token", "", "code", code}, 400, "invalid_grant"},
	} {
		status, got := r.form(x.pairs...)
		if said, _ := got["error"].(string); status != x.status || said != x.code || (status == 200) != (got["expires_in"] == 3600.0) {
			t.Errorf("%s: %d %v", x.what, status, got)
		}
	}
	r.now = r.now.AddDate(0, 0, 170) // the secret has had its 180 days
	if status, got := r.form(); status != 401 {
		t.Errorf("%d %v", status, got)
	}
	if w := r.request("GET", list+after, "", nil); w.Code != 403 || !strings.Contains(w.Body.String(), "expired") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestGateRefuses(t *testing.T) {
	r := newRig(t, Options{Unlimited: true})
	o := r.order(Unshipped)
	one := list + "/" + o.Number
	for _, x := range []struct {
		what           string
		method, target string
		body           string
		change         func(*http.Request)
		status         int
		contains       string
	}{
		{"well", "GET", list + after, "", nil, 200, o.Number},
		{"no token", "GET", list + after, "", func(q *http.Request) { q.Header.Del("X-Amz-Access-Token") }, 403, "MissingAuthenticationToken"},
		{"wrong token", "GET", list + after, "", func(q *http.Request) { q.Header.Set("X-Amz-Access-Token", "x") }, 403, "invalid"},
		{"no date", "GET", list + after, "", func(q *http.Request) { q.Header.Del("X-Amz-Date") }, 400, "x-amz-date"},
		{"agent", "GET", list + after, "", func(q *http.Request) { q.Header.Set("User-Agent", "Go-http-client/1.1") }, 400, "user-agent"},
		{"signature", "GET", list + after, "", func(q *http.Request) { q.Header.Set("Authorization", "AWS4") }, 400, "Authorization"},
		{"path", "GET", "/orders/2026-01-01/order", "", nil, 403, "Missing Authentication Token"},
		{"method", "DELETE", one, "", nil, 403, ""},
		{"parameter", "GET", list + after + "&x=1", "", nil, 400, "parameter x"},
		{"twice", "GET", list + after + "&includedData=BUYER&includedData=RECIPIENT", "", nil, 400, "includedData"},
		{"no window", "GET", list, "", nil, 400, "exactly one"},
		{"both windows", "GET", list + after + "&createdAfter=2026-07-15T00:00:00Z", "", nil, 400, "exactly one"},
		{"mixed", "GET", list + after + "&createdBefore=2026-07-15T01:00:00Z", "", nil, 400, "exactly one"},
		{"one minute ago", "GET", list + after + "&lastUpdatedBefore=2026-07-15T02:59:00Z", "", nil, 400, "two minutes"},
		{"backwards", "GET", list + after + "&lastUpdatedBefore=2026-07-14T02:59:00Z", "", nil, 400, "before the begin"},
		{"time", "GET", list + "?lastUpdatedAfter=2026-07-15", "", nil, 400, "ISO 8601"},
		{"dataset", "GET", list + after + "&includedData=ADDRESS", "", nil, 400, "ADDRESS"},
		{"status", "GET", list + after + "&fulfillmentStatuses=Canceled", "", nil, 400, "Canceled"},
		{"size", "GET", list + after + "&maxResultsPerPage=101", "", nil, 400, "maxResultsPerPage"},
		{"page", "GET", list + after + "&paginationToken=x", "", nil, 400, "paginationToken"},
		{"no such order", "GET", list + "/503-9999999-9999999", "", nil, 404, "NotFound"},
		{"type", "POST", "/feeds/2021-06-30/documents", `{"contentType":"text/xml"}`, func(q *http.Request) { q.Header.Set("Content-Type", "text/plain") }, 415, ""},
		{"field", "POST", "/feeds/2021-06-30/documents", `{"contentType":"text/xml","x":1}`, nil, 400, "unknown field"},
		{"nothing uploaded", "POST", "/feeds/2021-06-30/feeds", `{"feedType":"POST_ORDER_FULFILLMENT_DATA","marketplaceIds":["A1VC38T7YXB528"],"inputFeedDocumentId":"x"}`, nil, 404, "document"},
		{"another seller", "GET", "/listings/2021-08-01/items/A0OTHER?marketplaceIds=A1VC38T7YXB528", "", nil, 403, ""},
		{"no store", "GET", "/listings/2021-08-01/items/A0SAMPLESELLER", "", nil, 400, "marketplaceIds"},
		{"identifiers", "GET", "/listings/2021-08-01/items/A0SAMPLESELLER?marketplaceIds=A1VC38T7YXB528&identifiers=B", "", nil, 400, "identifiersType"},
		{"an SKU", "GET", "/listings/2021-08-01/items/A0SAMPLESELLER/A%201%2F2?marketplaceIds=A1VC38T7YXB528", "", nil, 200, "A 1/2"},
	} {
		w := r.request(x.method, x.target, x.body, x.change)
		if w.Code != x.status || !strings.Contains(w.Body.String(), x.contains) {
			t.Errorf("%s: %d %s, want %d with %q", x.what, w.Code, w.Body, x.status, x.contains)
		}
	}
}

// Personal data comes by role and dataset, and not before an order is paid.
func TestPersonalData(t *testing.T) {
	r := newRig(t, Options{})
	r.order(Unshipped)
	if w := r.request("GET", list+after+"&includedData=FULFILLMENT", "", nil); strings.Contains(w.Body.String(), "例示町") || !strings.Contains(w.Body.String(), "UNSHIPPED") {
		t.Errorf("%s", w.Body)
	}
	if w := r.request("GET", list+after+"&includedData=BUYER,RECIPIENT", "", nil); !strings.Contains(w.Body.String(), "例示町") || strings.Contains(w.Body.String(), "UNSHIPPED") {
		t.Errorf("%s", w.Body)
	}
	r.check(r.AddSeller(Seller{ID: shopID, ClientID: app, ClientSecret: secret, RefreshToken: refresh, Lacks: []string{RoleShipping}}))
	r.login()
	if w := r.request("GET", list+after+"&includedData=BUYER,RECIPIENT", "", nil); w.Code != 403 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if w := r.request("GET", list+after+"&includedData=BUYER", "", nil); w.Code != 200 || strings.Contains(w.Body.String(), "buyerName") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestUsagePlans(t *testing.T) {
	r := newRig(t, Options{})
	for n := range 21 {
		w := r.request("GET", list+after, "", nil)
		rate := w.Header().Get(rateHeader)
		if n < 20 && (w.Code != 200 || rate != "0.0056") || n == 20 && (w.Code != 429 || rate != "" || !strings.Contains(w.Body.String(), "QuotaExceeded")) {
			t.Errorf("call %d: %d %q %s", n+1, w.Code, rate, w.Body)
		}
	}
	r.now = r.now.Add(179 * time.Second)
	if w := r.request("GET", list+after, "", nil); w.Code != 200 {
		t.Errorf("%d", w.Code)
	}
}

func TestPages(t *testing.T) {
	r := newRig(t, Options{})
	for range 5 {
		r.order(Unshipped)
	}
	base := list + after + "&lastUpdatedBefore=2026-07-15T02:50:00Z&maxResultsPerPage=2"
	seen, token := 0, ""
	for page := 1; ; page++ {
		target := base
		if token != "" {
			target += "&paginationToken=" + url.QueryEscape(token)
		}
		var got struct {
			Orders     []any `json:"orders"`
			Pagination struct {
				Next string `json:"nextToken"`
			} `json:"pagination"`
		}
		r.check(json.Unmarshal(r.request("GET", target, "", nil).Body.Bytes(), &got))
		seen += len(got.Orders)
		if token = got.Pagination.Next; token == "" {
			break
		}
		if w := r.request("GET", base+"&includedData=BUYER&paginationToken="+url.QueryEscape(token), "", nil); w.Code != 400 {
			t.Errorf("page %d with another parameter: %d", page, w.Code)
		}
	}
	if seen != 5 {
		t.Errorf("%d orders", seen)
	}
}

func TestConfirmations(t *testing.T) {
	r := newRig(t, Options{Unlimited: true})
	o := r.order(Unshipped)
	a, b := o.Parcels[0].Lines[0].Key, o.Parcels[0].Lines[1].Key
	body := func(ref, carrier, number, date, items string) string {
		return fmt.Sprintf(`{"marketplaceId":"A1VC38T7YXB528","packageDetail":{"packageReferenceId":%s,"carrierCode":%q,"trackingNumber":%q,"shipDate":%q,"orderItems":[%s]}}`, ref, carrier, number, date, items)
	}
	item := func(id string, n int) string { return fmt.Sprintf(`{"orderItemId":%q,"quantity":%d}`, id, n) }
	const date = "2026-07-15T02:30:00Z"
	for _, x := range []struct {
		what, body string
		status     int
		contains   string
		packages   int
		state      string
	}{
		{"reference as a number", body(`1`, "YAMATO", "4000", date, item(a, 3)), 400, "", 0, Unshipped},
		{"reference in letters", body(`"A"`, "YAMATO", "4000", date, item(a, 3)), 400, "positive number", 0, Unshipped},
		{"a bare day", body(`"1"`, "YAMATO", "4000", "2026-07-15", item(a, 3)), 400, "date-time", 0, Unshipped},
		{"in the future", body(`"1"`, "YAMATO", "4000", "2026-07-15T03:30:00Z", item(a, 3)), 400, "future", 0, Unshipped},
		{"before the order", body(`"1"`, "YAMATO", "4000", "2026-07-15T01:30:00Z", item(a, 3)), 400, "before the order", 0, Unshipped},
		{"no items", body(`"1"`, "YAMATO", "4000", date, ""), 400, "orderItems", 0, Unshipped},
		{"another item", body(`"1"`, "YAMATO", "4000", date, item("1", 1)), 400, "invalid", 0, Unshipped},
		{"too many", body(`"1"`, "YAMATO", "4000", date, item(a, 4)), 400, "more pieces", 0, Unshipped},
		{"Other without a name", body(`"1"`, "Other", "4000", date, item(a, 3)), 400, "carrierName", 0, Unshipped},
		{"a carrier that nobody knows", body(`"1"`, "Yamato", "4000", date, item(a, 3)), 204, "", 0, Unshipped},
		{"part", body(`"1"`, "YAMATO", "4000", date, item(a, 3)), 204, "", 1, PartiallyShipped},
		{"the same again", body(`"1"`, "YAMATO", "4001", date, item(a, 3)), 204, "", 1, PartiallyShipped},
		{"rest", body(`"2"`, "YAMATO", "4002", date, item(b, 1)), 204, "", 2, Shipped},
		{"one more", body(`"3"`, "YAMATO", "4003", date, item(b, 1)), 400, "PackageToUpdateNotFound", 2, Shipped},
		{"a correction", body(`"2"`, "SAGAWA", "4004", date, item(b, 1)), 204, "", 2, Shipped},
	} {
		w := r.request("POST", "/orders/v0/orders/"+o.Number+"/shipmentConfirmation", x.body, nil)
		p, err := r.Packages(o.Number)
		r.check(err)
		state, err := r.Status(o.Number)
		r.check(err)
		if w.Code != x.status || !strings.Contains(w.Body.String(), x.contains) || len(p) != x.packages || state != x.state {
			t.Errorf("%s: %d %s; %s %+v", x.what, w.Code, w.Body, state, p)
		}
	}
	for _, status := range []string{Pending, Cancelled} {
		o := r.order(status)
		r.now = r.now.Add(-45 * time.Minute) // not paid yet
		if w := r.request("POST", "/orders/v0/orders/"+o.Number+"/shipmentConfirmation", body(`"1"`, "YAMATO", "4000", "2026-07-15T02:05:00Z", item(o.Parcels[0].Lines[0].Key, 1)), nil); w.Code != 400 {
			t.Errorf("%s: %d %s", status, w.Code, w.Body)
		}
		r.now = r.now.Add(45 * time.Minute)
	}
}

// What a feed must look like: type of the upload, elements in their order.
func TestFeeds(t *testing.T) {
	r := newRig(t, Options{Unlimited: true})
	const good = `<AmazonEnvelope><Header><DocumentVersion>1.01</DocumentVersion><MerchantIdentifier>A0SAMPLESELLER</MerchantIdentifier></Header><MessageType>OrderFulfillment</MessageType>%s</AmazonEnvelope>`
	message := func(n int, number, inner string) string {
		return fmt.Sprintf(`<Message><MessageID>%d</MessageID><OrderFulfillment><AmazonOrderID>%s</AmazonOrderID>%s</OrderFulfillment></Message>`, n, number, inner)
	}
	const parts = `<FulfillmentDate>2026-07-15T02:30:00Z</FulfillmentDate><FulfillmentData><CarrierCode>YAMATO</CarrierCode><ShipperTrackingNumber>4000</ShipperTrackingNumber></FulfillmentData>`
	send := func(kind, text string, spoil func(*http.Request)) (upload int, status string) {
		var doc struct {
			ID  string `json:"feedDocumentId"`
			URL string `json:"url"`
		}
		r.check(json.Unmarshal(r.request("POST", "/feeds/2021-06-30/documents", `{"contentType":"text/xml; charset=UTF-8"}`, nil).Body.Bytes(), &doc))
		q := httptest.NewRequest(http.MethodPut, doc.URL, strings.NewReader(text))
		q.Header.Set("Content-Type", "text/xml; charset=UTF-8")
		if spoil != nil {
			spoil(q)
		}
		w := httptest.NewRecorder()
		r.ServeHTTP(w, q)
		if w.Code != 200 {
			return w.Code, ""
		}
		var made struct {
			ID string `json:"feedId"`
		}
		r.check(json.Unmarshal(r.request("POST", "/feeds/2021-06-30/feeds", fmt.Sprintf(`{"feedType":%q,"marketplaceIds":["A1VC38T7YXB528"],"inputFeedDocumentId":%q}`, kind, doc.ID), nil).Body.Bytes(), &made))
		r.now = r.now.Add(feedTakes)
		r.login()
		var f struct {
			Status string `json:"processingStatus"`
		}
		r.check(json.Unmarshal(r.request("GET", "/feeds/2021-06-30/feeds/"+made.ID, "", nil).Body.Bytes(), &f))
		return w.Code, f.Status
	}
	const kind = "POST_ORDER_FULFILLMENT_DATA"
	for _, x := range []struct {
		what, kind string
		text       func(number string) string
		spoil      func(*http.Request)
		upload     int
		status     string
		packages   int
	}{
		{"well", kind, func(n string) string { return fmt.Sprintf(good, message(1, n, parts)) }, nil, 200, "DONE", 1},
		{"token at the upload", kind, func(string) string { return "x" }, func(q *http.Request) { q.Header.Set("X-Amz-Access-Token", r.access) }, 403, "", 0},
		{"type of the upload", kind, func(string) string { return "x" }, func(q *http.Request) { q.Header.Set("Content-Type", "text/xml") }, 403, "", 0},
		{"signature of the upload", kind, func(string) string { return "x" }, func(q *http.Request) { q.URL.RawQuery = "" }, 403, "", 0},
		{"removed type", "POST_INVENTORY_AVAILABILITY_DATA", func(n string) string { return fmt.Sprintf(good, message(1, n, parts)) }, nil, 200, "FATAL", 0},
		{"no XML", kind, func(string) string { return "x" }, nil, 200, "FATAL", 0},
		{"merchant", kind, func(n string) string {
			return strings.Replace(fmt.Sprintf(good, message(1, n, parts)), shopID, "A0OTHER", 1)
		}, nil, 200, "FATAL", 0},
		{"one id twice", kind, func(n string) string { return fmt.Sprintf(good, message(1, n, parts)+message(1, n, parts)) }, nil, 200, "FATAL", 1},
		{"out of order", kind, func(n string) string {
			return fmt.Sprintf(good, message(1, n, "<FulfillmentData></FulfillmentData><FulfillmentDate>2026-07-15T02:30:00Z</FulfillmentDate>"))
		}, nil, 200, "DONE", 0},
		{"unknown order", kind, func(string) string { return fmt.Sprintf(good, message(1, "503-9999999-9999999", parts)) }, nil, 200, "DONE", 0},
	} {
		o := r.order(Unshipped)
		upload, status := send(x.kind, x.text(o.Number), x.spoil)
		p, err := r.Packages(o.Number)
		r.check(err)
		if upload != x.upload || status != x.status || len(p) != x.packages {
			t.Errorf("%s: upload %d, %s, %+v", x.what, upload, status, p)
		}
		r.now = time.Date(2026, 7, 15, 3, 0, 0, 0, time.UTC)
	}
}

func TestPatches(t *testing.T) {
	r := newRig(t, Options{Unlimited: true})
	r.check(r.Sell(shopID, Listing{SKU: "A/1", Quantity: 3, Days: 4}))
	const at = "/listings/2021-08-01/items/A0SAMPLESELLER/A%2F1?marketplaceIds=A1VC38T7YXB528"
	for _, x := range []struct {
		what, op, value string
		status          string
		quantity, days  int64
	}{
		{"merge", "merge", `{"fulfillment_channel_code":"DEFAULT","quantity":5}`, "ACCEPTED", 5, 4},
		{"no channel", "merge", `{"quantity":6}`, "INVALID", 5, 4},
		{"camel case", "merge", `{"fulfillmentChannelCode":"DEFAULT","quantity":6}`, "INVALID", 5, 4},
		{"negative", "merge", `{"fulfillment_channel_code":"DEFAULT","quantity":-1}`, "INVALID", 5, 4},
		{"replace", "replace", `{"fulfillment_channel_code":"DEFAULT","quantity":7}`, "ACCEPTED", 7, 0},
	} {
		w := r.request("PATCH", at, fmt.Sprintf(`{"productType":"PRODUCT","patches":[{"op":%q,"path":"/attributes/fulfillment_availability","value":[%s]}]}`, x.op, x.value), nil)
		n, days, err := r.Offer(shopID, "A/1")
		r.check(err)
		if w.Code != 200 || !strings.Contains(w.Body.String(), x.status) || n != x.quantity || days != x.days {
			t.Errorf("%s: %d %s; %d pieces, %d days", x.what, w.Code, w.Body, n, days)
		}
	}
}
