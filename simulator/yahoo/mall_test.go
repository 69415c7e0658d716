package yahoo

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mallbridge/mallbridge/simulator/orders"
)

var pair = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

// A desk is a store with a consent, and a client that signs what it sends.
type desk struct {
	*Mall
	*testing.T
	now   time.Time
	token string
	sign  bool
}

const seller = orders.YahooStore

func newDesk(t *testing.T) *desk {
	d := &desk{T: t, now: time.Date(2026, 9, 3, 3, 0, 0, 0, time.UTC), sign: true}
	d.Mall = New(Options{Now: func() time.Time { return d.now }})
	d.check(d.AddStore(Store{ID: seller, ClientID: "CLIENT-1", Secret: "SECRET-1", Redirect: "http://localhost/back", Key: pair(), KeyVersion: "1"}))
	refresh, err := d.Consent(seller)
	d.check(err)
	d.login(refresh)
	return d
}

func (d *desk) check(err error) {
	if err != nil {
		d.Helper()
		d.Fatal(err)
	}
}

func (d *desk) serve(q *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	d.ServeHTTP(w, q)
	return w
}

func (d *desk) tokens(secret string, q url.Values) (int, map[string]any) {
	r := httptest.NewRequest(http.MethodPost, "/login/token", strings.NewReader(q.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth("CLIENT-1", secret)
	w := d.serve(r)
	var out map[string]any
	d.check(json.Unmarshal(w.Body.Bytes(), &out))
	return w.Code, out
}

func (d *desk) login(refresh string) {
	d.Helper()
	status, out := d.tokens("SECRET-1", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refresh}})
	if status != http.StatusOK || out["refresh_token"] != nil {
		d.Fatal(status, out)
	}
	d.token = out["access_token"].(string)
}

// call sends to an operation, a second after the call before.
func (d *desk) call(method, operation, kind, body string) *httptest.ResponseRecorder {
	d.Helper()
	d.now = d.now.Add(time.Second)
	r := httptest.NewRequest(method, "/ShoppingWebService/V1/"+operation, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+d.token)
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	if d.sign {
		//lint:ignore SA1019 Yahoo takes no other padding
		sealed, err := rsa.EncryptPKCS1v15(rand.Reader, &pair().PublicKey, fmt.Appendf(nil, "%s:%d", seller, d.now.Unix()))
		d.check(err)
		r.Header.Set("X-sws-signature", base64.StdEncoding.EncodeToString(sealed))
		r.Header.Set("X-sws-signature-version", "1")
	}
	return d.serve(r)
}

const xmlKind = "application/xml; charset=utf-8"

func (d *desk) list(condition, field string) string {
	d.Helper()
	return d.call("POST", "orderList", xmlKind, "<Req><Search><Result>3</Result><Condition>"+condition+"</Condition><Field>"+field+"</Field></Search><SellerId>"+seller+"</SellerId></Req>").Body.String()
}

func (d *desk) put(n int, ago time.Duration) []orders.Order {
	d.Helper()
	list := orders.NewStream(3).Ordinary(orders.YahooShopping, d.now.In(Tokyo), n)
	for i := range list {
		list[i].Ordered = d.now.Add(-ago + time.Duration(i)*time.Second)
		d.check(d.Place(seller, &list[i]))
	}
	return list
}

const always = "<OrderTimeFrom>20260101000000</OrderTimeFrom>"

func TestListIsStrict(t *testing.T) {
	d := newDesk(t)
	d.put(7, time.Hour)
	if got := d.list(always, "OrderId"); !strings.Contains(got, "<TotalCount>7</TotalCount>") || strings.Count(got, "<OrderId>") != 3 || !strings.HasPrefix(got, declaration+"<Result><Status>OK") {
		t.Error(got)
	}
	for name, got := range map[string]string{
		"no time":              d.list("<OrderStatus>2</OrderStatus>", "OrderId"),
		"a form of a time":     d.list("<OrderTimeFrom>2026-01-01</OrderTimeFrom>", "OrderId"),
		"a field of nowhere":   d.list(always, "OrderId,ShipCity"),
		"no field":             d.list(always, ""),
		"an unknown element":   d.list(always+"<Colour>red</Colour>", "OrderId"),
		"a status":             d.list(always+"<OrderStatus>9</OrderStatus>", "OrderId"),
		"an element twice":     d.list(always+always, "OrderId"),
		"not built":            d.list(always+"<Title>茶</Title>", "OrderId"),
		"another store":        d.call("POST", "orderList", xmlKind, "<Req><Search><Condition>"+always+"</Condition><Field>OrderId</Field></Search><SellerId>x</SellerId></Req>").Body.String(),
		"too many at once":     d.call("POST", "orderList", xmlKind, "<Req><Search><Result>2001</Result><Condition>"+always+"</Condition><Field>OrderId</Field></Search><SellerId>"+seller+"</SellerId></Req>").Body.String(),
		"no XML":               d.call("POST", "orderList", xmlKind, "{}").Body.String(),
		"another Content-Type": d.call("POST", "orderList", "text/plain", "<Req/>").Body.String(),
	} {
		if strings.Contains(got, "<Status>OK") || !strings.Contains(got, "<Error>") {
			t.Errorf("%s: %s", name, got)
		}
	}
	if w := d.call("GET", "orderList", "", ""); w.Code != http.StatusNotFound {
		t.Errorf("GET: %d", w.Code)
	}
	if got := d.list("<OrderTimeFrom>20300101000000</OrderTimeFrom>", "OrderId"); !strings.Contains(got, "<TotalCount>0</TotalCount></Search>") {
		t.Error(got)
	}
}

// Who sees which order when: the buyer's ten minutes, the fraud check, both ends of a
// time.
func TestWhatAListShows(t *testing.T) {
	d := newDesk(t)
	o := d.put(1, 5*time.Minute)[0]
	at := o.Ordered.In(Tokyo)
	shows := func(condition string) bool { return strings.Contains(d.list(condition, "OrderId"), o.Number) }
	if shows(always) || !shows(always+"<ReadOnlyMode>1</ReadOnlyMode>") || !shows(always+"<ReadOnlyMode>2</ReadOnlyMode>") {
		t.Error("the buyer's ten minutes")
	}
	d.now = d.now.Add(5 * time.Minute)
	if !shows(always) {
		t.Error("ten minutes are over")
	}
	span := func(from, to time.Time) string {
		return "<OrderTimeFrom>" + from.Format(stamp) + "</OrderTimeFrom><OrderTimeTo>" + to.Format(stamp) + "</OrderTimeTo>"
	}
	if !shows(span(at, at)) || shows(span(at.Add(time.Second), at.Add(time.Hour))) || shows(span(at.Add(-time.Hour), at.Add(-time.Second))) {
		t.Error("both ends are inside")
	}
	d.check(d.Suspect(seller, o.Number))
	if shows(always) || !shows(always+"<FraudHoldDisplayType>1</FraudHoldDisplayType>") {
		t.Error("a fraud check")
	}
	d.now = d.now.Add(time.Hour)
	d.login(d.stores[seller].consents[0].refresh)
	d.check(d.Release(seller, o.Number))
	if !shows("<PublicationTimeFrom>"+d.now.In(Tokyo).Format(stamp)+"</PublicationTimeFrom>") || !shows(span(at, at)) {
		t.Error("after its release")
	}
}

func TestInfoAndShipping(t *testing.T) {
	d := newDesk(t)
	o := d.put(1, time.Hour)[0]
	info := func(fields string) string {
		return d.call("POST", "orderInfo", xmlKind, "<Req><Target><OrderId>"+o.Number+"</OrderId><Field>"+fields+"</Field></Target><SellerId>"+seller+"</SellerId></Req>").Body.String()
	}
	if got := info("OrderId,ShipStatus,Quantity"); !strings.Contains(got, "<OrderId>"+o.Number+"</OrderId><Ship><ShipStatus>1</ShipStatus></Ship><Item><Quantity>") || strings.Contains(got, "<Pay>") {
		t.Error(got)
	}
	if got := info("OrderId,Colour"); !strings.Contains(got, "<Error>") {
		t.Error(got)
	}
	ship := func(target, body string) string {
		return d.call("POST", "orderShipStatusChange", xmlKind, "<Req><Target><OrderId>"+o.Number+"</OrderId>"+target+"</Target><Order><Ship>"+body+"</Ship></Order><SellerId>"+seller+"</SellerId></Req>").Body.String()
	}
	const fix, sent = "<IsPointFix>true</IsPointFix>", "<ShipStatus>3</ShipStatus><ShipCompanyCode>1001</ShipCompanyCode>"
	for name, got := range map[string]string{
		"points not fixed":   ship("", sent),
		"a letter":           ship(fix, sent+"<ShipInvoiceNumber1>A1</ShipInvoiceNumber1>"),
		"Japan Post":         ship(fix, "<ShipStatus>3</ShipStatus><ShipCompanyCode>1003</ShipCompanyCode><ShipInvoiceNumber1>1234567890</ShipInvoiceNumber1>"),
		"a carrier":          ship(fix, "<ShipStatus>3</ShipStatus><ShipCompanyCode>1999</ShipCompanyCode>"),
		"a day":              ship(fix, sent+"<ShipDate>2026-09-03</ShipDate>"),
		"an unknown element": ship(fix, sent+"<Colour>red</Colour>"),
	} {
		if strings.Contains(got, "<Status>OK") {
			t.Errorf("%s: %s", name, got)
		}
	}
	if n := d.Numbers(seller, o.Number); n != nil {
		t.Errorf("refused calls left %v", n)
	}
	if got := ship(fix, sent+"<ShipInvoiceNumber1>4000-0000-0105</ShipInvoiceNumber1>"); !strings.Contains(got, `ok="1" ng="0"`) || strings.Contains(got, "Warning") {
		t.Error(got)
	}
	if got := ship(fix, sent+"<ShipInvoiceNumber1>4000-0000-0105</ShipInvoiceNumber1>"); !strings.Contains(got, "od91705") {
		t.Errorf("the same again: %s", got)
	}
	if got := ship(fix, sent+"<ShipInvoiceNumber1>4000-0000-0116</ShipInvoiceNumber1>"); !strings.Contains(got, "od91113") {
		t.Errorf("charged before: %s", got)
	}
	d.now = d.now.Add(arrival)
	d.login(d.stores[seller].consents[0].refresh)
	if got := info("ShipStatus"); !strings.Contains(got, "<ShipStatus>4<") {
		t.Error(got)
	}
}

// How long tokens and consents live.
func TestLives(t *testing.T) {
	d := newDesk(t)
	refresh := d.stores[seller].consents[0].refresh
	d.now = d.now.Add(time.Hour)
	w := d.call("POST", "getStock", "application/x-www-form-urlencoded", "seller_id="+seller+"&item_code=a")
	if w.Code != http.StatusUnauthorized || !strings.Contains(w.Header().Get("WWW-Authenticate"), `error="invalid_token"`) {
		t.Errorf("%d %v", w.Code, w.Header())
	}
	d.login(refresh)
	if w := d.call("POST", "orderList", xmlKind, "<Req/>"); w.Header().Get("X-SWS-Authorize-Status") != "authorized" {
		t.Errorf("%v", w.Header())
	}
	d.now = d.now.Add(20 * time.Hour)
	d.login(refresh) // it was signed
	d.sign = false
	if w := d.call("POST", "orderList", xmlKind, "<Req/>"); w.Header().Get("X-SWS-Authorize-Status") != "" || w.Code != http.StatusOK {
		t.Errorf("%d %v", w.Code, w.Header())
	}
	if w := d.call("POST", "orderList", xmlKind, "<Req/>"); w.Code != http.StatusUnauthorized || !strings.Contains(w.Body.String(), "px-04102") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if status, out := d.tokens("SECRET-1", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refresh}}); status != http.StatusBadRequest || out["error"] != "invalid_grant" {
		t.Error(status, out)
	}
	if status, out := d.tokens("wrong", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refresh}}); status != http.StatusUnauthorized || out["error"] != "invalid_client" {
		t.Error(status, out)
	}
	// The page on which the shop agrees, and its code, which works once.
	page := "/login/authorization?response_type=code&client_id=CLIENT-1&scope=openid+profile&bail=1&state=S&redirect_uri="
	if w := d.serve(httptest.NewRequest(http.MethodGet, page+"http://elsewhere.example/", http.NoBody)); w.Code != http.StatusBadRequest {
		t.Errorf("%d", w.Code)
	}
	w = d.serve(httptest.NewRequest(http.MethodGet, page+"http://localhost/back", http.NoBody))
	back, err := url.Parse(w.Header().Get("Location"))
	if err != nil || w.Code != http.StatusFound || back.Query().Get("state") != "S" {
		t.Fatal(w.Code, back, err)
	}
	q := url.Values{"grant_type": {"authorization_code"}, "code": {back.Query().Get("code")}, "redirect_uri": {"http://localhost/back"}}
	if status, out := d.tokens("SECRET-1", q); status != http.StatusOK || out["refresh_token"] == nil {
		t.Error(status, out)
	}
	if status, _ := d.tokens("SECRET-1", q); status != http.StatusBadRequest {
		t.Error("a code works twice")
	}
}

func TestPace(t *testing.T) {
	d := newDesk(t)
	slow := 0
	for range 8 {
		d.now = d.now.Add(-time.Second) // call adds one
		if w := d.call("POST", "getStock", "application/x-www-form-urlencoded", "seller_id="+seller+"&item_code=a"); w.Code == http.StatusServiceUnavailable {
			slow++
		}
	}
	if slow != 5 {
		t.Errorf("%d of 8 calls in one second were refused", slow)
	}
}

func TestStockForms(t *testing.T) {
	d := newDesk(t)
	d.check(d.Sell(seller, Item{Code: "tea-cup", SubCode: "blue", Stock: 1}))
	d.check(d.Sell(seller, Item{Code: "matcha", Stock: 1}))
	set := func(form string) *httptest.ResponseRecorder {
		return d.call("POST", "setStock", "application/x-www-form-urlencoded", "seller_id="+seller+"&"+form)
	}
	if w := set("item_code=tea-cup:blue,matcha&quantity=14,%2B2"); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "<Quantity>14</Quantity>") || !strings.Contains(w.Body.String(), "<Quantity>3</Quantity>") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if w := set("item_code=tea-cup:blue,none&quantity=5,5"); w.Code != http.StatusMultiStatus || !strings.Contains(w.Body.String(), "st-02104") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	for _, form := range []string{"item_code=%E3%81%82&quantity=1", "item_code=matcha&quantity=1,2", "item_code=matcha&quantity=x", "item_code=matcha&quantity=1&colour=red"} {
		if w := set(form); w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), "<Code>st-") {
			t.Errorf("%s: %d %s", form, w.Code, w.Body)
		}
	}
	if n, _ := d.Stock(seller, "tea-cup", "blue"); n != 5 {
		t.Errorf("%d", n)
	}
}
