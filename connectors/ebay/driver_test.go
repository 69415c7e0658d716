package ebay_test

import (
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/connectors/ebay"
	"github.com/mallbridge/mallbridge/order"
	mall "github.com/mallbridge/mallbridge/simulator/ebay"
	"github.com/mallbridge/mallbridge/simulator/orders"
)

// What an order waits for, by payment, cancel and shipment.
func TestStatuses(t *testing.T) {
	r := newRig(t)
	for _, x := range []struct {
		want   string
		flag   string
		change func(*orders.Order)
	}{
		{"PAID", "", func(*orders.Order) {}},
		{"PENDING", "", func(o *orders.Order) { o.Status = "PENDING" }},
		{"PARTIALLY_REFUNDED", "", func(o *orders.Order) { o.Status = "PARTIALLY_REFUNDED" }},
		{"FULLY_REFUNDED", "", func(o *orders.Order) { o.Status = "FULLY_REFUNDED" }},
		{"CANCEL_REQUESTED", "", func(o *orders.Order) { o.Claim = true }},
		{"CANCELED", "", func(o *orders.Order) { o.Status = "CANCELED" }},
		{"FULFILLED", "", func(o *orders.Order) { o.Status = "FULFILLED" }},
		{"PAID", order.FlagMallFulfils, func(o *orders.Order) { o.MallShips = true }},
		{"SOME_NEW_WORD", "", func(o *orders.Order) { o.Status = "SOME_NEW_WORD" }},
	} {
		o := r.two(x.change)
		for _, got := range []order.Order{r.read()[o.Number], func() order.Order { o, _ := r.Reread(o.Number); return o }()} {
			if got.Status != x.want || x.flag != "" && !got.HasFlag(x.flag) || got.Lines() != 2 {
				t.Errorf("%s %v, %d lines; want %s %s", got.Status, got.Flags, got.Lines(), x.want, x.flag)
			}
		}
	}
}

// A buyer who asks to cancel holds the order until the shop has said no.
func TestCancelComesAndGoes(t *testing.T) {
	r := newRig(t)
	o := r.two()
	r.check(r.AskCancel(seller, o.Number))
	r.Move(2 * time.Minute)
	if s := r.read()[o.Number].Status; s != "CANCEL_REQUESTED" {
		t.Errorf("status %s", s)
	}
	if res := r.Ship(parcel(o, "EN000000000JP"))[0]; res.Outcome != connectors.Rejected || !strings.Contains(res.Detail, "cancel") {
		t.Errorf("%+v", res)
	}
	r.check(r.RefuseCancel(seller, o.Number))
	r.Move(2 * time.Minute)
	if s := r.read()[o.Number].Status; s != "PAID" {
		t.Errorf("status %s", s)
	}
	r.check(r.Cancel(seller, o.Number))
	r.Move(2 * time.Minute)
	if s := r.read()[o.Number].Status; s != "CANCELED" {
		t.Errorf("status %s", s)
	}
}

// Money is in the smallest unit of the order's currency, addresses are those of
// shipTo, the reference of a hub stands before the street, tax numbers are kept.
func TestAbroad(t *testing.T) {
	r := newRig(t)
	o := r.two(func(o *orders.Order) {
		o.Parcels[0].Note, o.Parcels[0].Customs = "9000000000000001", "IM0000000000"
		o.Parcels[0].To = orders.Person{Given: "Hub", Country: "US", Postal: "41000", Prefecture: "KY", City: "Hubton", Street: "1 Hub Street"}
		o.Buyer.Street = "5 Invented Lane"
	})
	got := r.read()[o.Number]
	to := got.Packages[0].To
	if to.Street != "Reference #9000000000000001 1 Hub Street" || to.Country != "US" || to.Postal != "41000" || to.Prefecture != "KY" || got.Buyer.Street != "5 Invented Lane" {
		t.Errorf("to %+v, buyer %+v", to, got.Buyer)
	}
	if c := got.Packages[0].CustomsID; c != "IOSS IM0000000000" {
		t.Errorf("customs id %q", c)
	}
	if got.Currency != "USD" || got.Total != 9995 || got.Goods != 8495 || got.Postage != 1500 || got.Packages[0].Lines[0].Price != 2400 || got.Packages[0].Lines[1].Price != 1295 {
		t.Errorf("%s: total %d, goods %d, postage %d, lines %+v", got.Currency, got.Total, got.Goods, got.Postage, got.Packages[0].Lines)
	}
	if l := got.Packages[0].Lines[0]; l.Option != "Colour: White" || l.Codes.SKUCode != "TOWEL/W 01" || l.Codes.ItemID != "110000000001" {
		t.Errorf("%+v", l)
	}
	if got.Packages[0].ShipBy != order.DateOf(o.Ordered.AddDate(0, 0, 3)) {
		t.Errorf("ship by %s", got.Packages[0].ShipBy)
	}
}

func TestParcelsOfOneOrder(t *testing.T) {
	r := newRig(t)
	o := r.two()
	a, b := r.two(), r.two()
	// Some pieces of a line, then the rest: the order shows what is left.
	r.Want(r.Ship(parcel(o, "EN000000001JP", pieces(o, "a", 2)))[0], connectors.Done, "201")
	got, shown := r.Reread(o.Number)
	if got.Status != "PAID" || got.Lines() != 2 || got.Packages[0].Lines[0].Quantity != 1 || got.Packages[0].Lines[1].Quantity != 1 {
		t.Errorf("%s %+v", got.Status, got.Packages[0].Lines)
	}
	if len(shown) != 1 || shown[0].Tracking != "EN000000001JP" || shown[0].Carrier != "japanpost" || !slices.Equal(shown[0].Lines, []string{o.Number + "a"}) {
		t.Errorf("shown %+v", shown)
	}
	r.Want(r.Ship(parcel(o, "EN-0000 00002JP"))[0], connectors.Done, "201")
	got, shown = r.Reread(o.Number)
	if got.Status != "FULFILLED" || got.Lines() != 2 || got.Packages[0].Lines[0].Quantity != 3 || len(shown) != 2 || shown[1].Tracking != "EN000000002JP" {
		t.Errorf("%s %+v, shown %+v", got.Status, got.Packages[0].Lines, shown)
	}
	// Two parcels in one call.
	for _, res := range r.Ship(parcel(a, "EN000000003JP", pieces(a, "a", 3)), parcel(a, "EN000000004JP", pieces(a, "b", 1)), parcel(b, "EN000000005JP")) {
		r.Want(res, connectors.Done, "201")
	}
	if got := r.Tracking(seller, a.Number); !slices.Equal(got, []string{"EN000000003JP", "EN000000004JP"}) {
		t.Errorf("eBay shows %v", got)
	}
	// Nothing is left.
	if res := r.Ship(parcel(a, "EN000000006JP"))[0]; res.Outcome != connectors.Rejected || !strings.Contains(res.Detail, "EN000000003JP") {
		t.Errorf("%+v", res)
	}
}

// A carrier that eBay has no code for goes as Other, which proves no carrier.
func TestCarriers(t *testing.T) {
	r := newRig(t)
	o := r.two()
	s := parcel(o, "400000003001")
	s.Carrier = "yamato"
	r.Want(r.Ship(s)[0], connectors.Done, "201")
	if _, shown := r.Reread(o.Number); len(shown) != 1 || shown[0].Carrier != "" || shown[0].Tracking != "400000003001" {
		t.Errorf("%+v", shown)
	}
	s = parcel(r.two(), "4000/1")
	r.Want(r.Ship(s)[0], connectors.Rejected, "32300")
}

func TestNumbersCannotBeChanged(t *testing.T) {
	r := newRig(t)
	o := r.two()
	r.Want(r.Ship(parcel(o, "EN000000001JP"))[0], connectors.Done, "201")
	s := parcel(o, "EN000000002JP")
	s.Correct, s.Was = true, "EN000000001JP"
	if res := r.Ship(s)[0]; res.Outcome != connectors.Rejected || !strings.Contains(res.Detail, "Seller Hub") {
		t.Errorf("%+v", res)
	}
	// Somebody has corrected it there.
	s.Tracking, s.Was = "EN000000001JP", "EN000000009JP"
	r.Want(r.Ship(s)[0], connectors.Already, "")
}

// An order that is marked as shipped without a number is not taken for reported.
func TestShippedWithoutANumber(t *testing.T) {
	r := newRig(t)
	o := r.two(func(o *orders.Order) { o.Status = "FULFILLED" })
	if _, shown := r.Reread(o.Number); len(shown) != 1 || shown[0].Tracking != "" {
		t.Errorf("%+v", shown)
	}
	if res := r.Ship(parcel(o, "EN000000001JP"))[0]; res.Outcome != connectors.Rejected {
		t.Errorf("%+v", res)
	}
}

// The order of a partly shipped one that is gone when its fulfilments are asked for is
// missing, and no other with it; what is left of an order whose fulfilments are lost is
// not guessed.
func TestPartlyShippedAndGone(t *testing.T) {
	r := newRig(t)
	o, other := r.two(), r.two()
	r.Want(r.Ship(parcel(o, "EN000000001JP", pieces(o, "a", 1)))[0], connectors.Done, "201")
	r.Move(2 * time.Minute)
	r.Between(func(w http.ResponseWriter, q *http.Request, m http.Handler) {
		if strings.HasSuffix(q.URL.Path, o.Number+"/shipping_fulfillment") {
			r.check(r.Mall.Forget(seller, o.Number))
		}
		m.ServeHTTP(w, q)
	})
	w := connectors.Window{From: r.Now().Add(-3 * time.Hour), To: r.Now().Add(-time.Minute)}
	all, missing := r.Parsed(r.Driver.Read(t.Context(), connectors.Read{Window: w, Kind: connectors.ReadNew}))
	if !slices.Equal(missing, []string{o.Number}) || len(all.Orders) != 1 || all.Orders[0].Number != other.Number {
		t.Errorf("missing %v, %d orders", missing, len(all.Orders))
	}
}

// One number that eBay takes for none does not keep the others from being read.
func TestOneNumberSpoilsNone(t *testing.T) {
	r := newRigOf(t, mall.Options{OneSpoils: true})
	a, b := r.two(), r.two()
	all, missing := r.Parsed(r.Driver.Reread(t.Context(), []string{a.Number, "99-99999-99999", b.Number}))
	if len(all.Orders) != 2 || !slices.Equal(missing, []string{"99-99999-99999"}) {
		t.Errorf("%d orders, missing %v", len(all.Orders), missing)
	}
}

// A report is sent once, whatever happens to its answer.
func TestReportsAreSentOnce(t *testing.T) {
	for _, did := range []bool{true, false} {
		r := newRig(t)
		o := r.two()
		r.Lose("POST /sell/fulfillment", did)
		res := r.Ship(parcel(o, "EN000000001JP"))[0]
		if did {
			r.Want(res, connectors.Done, "")
		} else {
			r.Want(res, connectors.Unknown, "")
		}
		if n := r.Called("POST /sell/fulfillment"); n != 1 {
			t.Errorf("done %v: %d reports", did, n)
		}
		r.Between(nil)
		r.Want(r.Ship(parcel(o, "EN000000001JP"))[0], map[bool]connectors.Outcome{true: connectors.Already, false: connectors.Done}[did], "")
		if got := r.Tracking(seller, o.Number); !slices.Equal(got, []string{"EN000000001JP"}) {
			t.Errorf("eBay shows %v", got)
		}
	}
}

// A report between our look and ours is a conflict, and no second one.
func TestReportedMeanwhile(t *testing.T) {
	r := newRig(t)
	o := r.two()
	r.Between(func(w http.ResponseWriter, q *http.Request, m http.Handler) {
		if q.Method == http.MethodPost && strings.HasPrefix(q.URL.Path, "/sell/fulfillment") {
			r.check(r.Fulfil(seller, o.Number, "JapanPost", "EN000000001JP"))
		}
		m.ServeHTTP(w, q)
	})
	r.Want(r.Ship(parcel(o, "EN000000001JP"))[0], connectors.Already, "")
	o = r.two()
	r.Between(func(w http.ResponseWriter, q *http.Request, m http.Handler) {
		if q.Method == http.MethodPost && strings.HasPrefix(q.URL.Path, "/sell/fulfillment") {
			r.check(r.Fulfil(seller, o.Number, "JapanPost", "EN000000002JP"))
		}
		m.ServeHTTP(w, q)
	})
	r.Want(r.Ship(parcel(o, "EN000000003JP"))[0], connectors.Rejected, "32600")
}

// Orders that change while pages are read are read again, and none is lost.
func TestPagesThatMove(t *testing.T) {
	r := newRig(t)
	var placed []string
	for i := range 2*pageOrders + 5 {
		placed = append(placed, r.two(func(o *orders.Order) { o.Ordered = r.Now().Add(-time.Duration(3000+i) * time.Second) }).Number)
	}
	pages := 0
	r.Between(func(w http.ResponseWriter, q *http.Request, m http.Handler) {
		if strings.HasSuffix(q.URL.Path, "/order") {
			if pages++; pages == 2 {
				r.check(r.AskCancel(seller, placed[0])) // of the first page; all others move up
			}
		}
		m.ServeHTTP(w, q)
	})
	got := r.read()
	for _, n := range placed {
		if _, ok := got[n]; !ok {
			t.Errorf("order %s is lost", n)
		}
	}
	if pages != 6 {
		t.Errorf("%d pages were read", pages)
	}
}

// consented is a rig whose account has no consent yet.
func consented(t *testing.T) (*rig, map[string]string) {
	r := newRig(t)
	secrets := map[string]string{"client_secret": certID}
	a := r.account(secrets)
	delete(a.Settings, "consent_ends")
	a.Settings[connectors.BaseURL] = r.server
	m, err := ebay.Spec.Open(a, connectors.Options{Now: r.Now, Sleep: r.Sleep, Jitter: func() float64 { return 0.5 }})
	r.check(err)
	r.Driver = m
	return r, secrets
}

// agree opens the consent page as a browser would, and returns the query of the answer.
func (r *rig) agree() url.Values {
	link, err := r.Driver.Consent("http://localhost:8765/", "state-1")
	r.check(err)
	res, err := http.DefaultTransport.RoundTrip(func() *http.Request {
		q, err := http.NewRequestWithContext(r.Context(), http.MethodGet, link, http.NoBody)
		r.check(err)
		return q
	}())
	r.check(err)
	res.Body.Close()
	to, err := res.Location()
	r.check(err)
	return to.Query()
}

func TestConsent(t *testing.T) {
	r, secrets := consented(t)
	for _, c := range r.Driver.Test(t.Context()) {
		if c.OK || c.Do == "" {
			t.Errorf("without consent: %+v", c)
		}
	}
	answer := r.agree()
	if answer.Get("state") != "state-1" || !strings.HasPrefix(answer.Get("code"), "v^1.1#") {
		t.Fatalf("%v", answer)
	}
	g, err := r.Driver.Redeem(t.Context(), "", answer)
	r.check(err)
	if want := order.DateOf(r.Now().Add(47_304_000 * time.Second)); g.Settings["consent_ends"] != string(want) || g.Secrets["refresh_token"] == "" {
		t.Errorf("%+v, want the end %s", g.Settings, want)
	}
	secrets["refresh_token"] = g.Secrets["refresh_token"]
	o := r.two()
	if r.read()[o.Number].Number == "" {
		t.Errorf("no order after the consent")
	}
	for _, c := range r.Driver.Test(t.Context()) {
		if c.OK != (c.Name != "key_expiry") || c.Name == "getInventoryItems" && !strings.Contains(c.Detail, "have to be migrated") {
			t.Errorf("%+v", c)
		}
	}
	// A code works once.
	if _, err := r.Driver.Redeem(t.Context(), "", answer); err == nil || connectors.AsError(err).Cause != connectors.CauseKey || strings.Contains(err.Error(), answer.Get("code")) {
		t.Errorf("%v", err)
	}
	for _, q := range []string{"error=access_denied&error_description=no", "state=x"} {
		v, _ := url.ParseQuery(q)
		if _, err := r.Driver.Redeem(t.Context(), "", v); err == nil || connectors.AsError(err).Hint == "" {
			t.Errorf("%s: %v", q, err)
		}
	}
	// The consent is withdrawn.
	r.check(r.Revoke(seller))
	r.Move(3 * time.Hour)
	for _, err := range r.Driver.Reread(t.Context(), []string{o.Number}) {
		if e := connectors.AsError(err); err == nil || e.Cause != connectors.CauseKey || !strings.Contains(e.Hint, "account consent") || e.Code != "invalid_grant" {
			t.Errorf("%v", err)
		}
	}
}

func TestConsentPages(t *testing.T) {
	for domain, want := range map[string]string{"ebay.com": "https://auth.ebay.com/oauth2/authorize?", "sandbox.ebay.com": "https://auth.sandbox.ebay.com/oauth2/authorize?"} {
		m, err := ebay.Spec.Open(connectors.Account{Name: "x", Settings: map[string]string{"client_id": appID, "ru_name": ruName, "domain": domain}}, connectors.Options{})
		if err != nil {
			t.Fatal(err)
		}
		link, err := m.Consent("", "s")
		if err != nil || !strings.HasPrefix(link, want) || m.BaseURL() != "https://api."+domain {
			t.Errorf("%s: %s, %v, API at %s", domain, link, err, m.BaseURL())
		}
		u, err := url.Parse(link)
		if err != nil || u.Query().Get("redirect_uri") != ruName || u.Query().Get("scope") != "https://api.ebay.com/oauth/api_scope/sell.fulfillment https://api.ebay.com/oauth/api_scope/sell.inventory" {
			t.Errorf("%v, %v", u.Query(), err)
		}
	}
}

// Scopes that the shop did not agree to are named as such.
func TestScopes(t *testing.T) {
	r := newRig(t)
	r.seller.Scopes = []string{"sell.fulfillment"}
	r.add()
	for _, err := range r.Driver.Reread(t.Context(), []string{"1"}) {
		if e := connectors.AsError(err); e.Cause != connectors.CauseFunction || !strings.Contains(e.Hint, "scopes") {
			t.Errorf("%v", err)
		}
	}
	r = newRig(t, "scopes", "sell.fulfillment")
	r.seller.Scopes = []string{"sell.fulfillment"}
	r.add()
	r.Reread(r.two().Number)
}

// The calls of a day, which ends at midnight in California: what is over is tried again
// after an hour at most, and the limits are told.
func TestCallsOfADay(t *testing.T) {
	r := newRigOf(t, mall.Options{Calls: 2})
	o := r.two()
	r.Reread(o.Number)
	r.Reread(o.Number)
	begun := r.Now()
	var last error
	for _, err := range r.Driver.Reread(t.Context(), []string{o.Number}) {
		last = err
	}
	e := connectors.AsError(last)
	if want := begun.Add(time.Hour); e.Class != connectors.Wait || !e.Until.Equal(want) || e.Code != "2001" || !r.Now().Equal(begun) || !strings.Contains(e.Hint, "2026-11-18T08:00:00Z") {
		t.Errorf("%v (%s) until %v, want %v", last, e.Hint, e.Until, want)
	}
	for _, c := range r.Driver.Test(t.Context()) {
		if c.Name == "limits" && (c.OK || !strings.Contains(c.Detail, "0 of 2 calls left until 2026-11-18T08:00:00.000Z")) {
			t.Errorf("%+v", c)
		}
	}
	r.Move(6 * time.Hour)
	r.Reread(o.Number)
}

func TestStock(t *testing.T) {
	r := newRig(t)
	var codes []order.Codes
	for range 30 {
		codes = append(codes, r.listing())
	}
	set := func(n int64) []connectors.Result {
		var q []connectors.Quantity
		for _, c := range codes {
			q = append(q, connectors.Quantity{Codes: c, Sell: n})
		}
		return r.Driver.SetStock(t.Context(), q)
	}
	for _, res := range set(7) {
		r.Want(res, connectors.Done, "200")
	}
	for _, c := range codes {
		if n := r.stock(c); n != 7 { // offers of their own included
			t.Errorf("%s has %d", c.SKUCode, n)
		}
	}
	if n := r.Called("bulk_update"); n != 2 {
		t.Errorf("%d calls for 30 items", n)
	}
	// One that is unknown does not stop the others; one twice takes the last.
	res := r.Driver.SetStock(t.Context(), []connectors.Quantity{{Codes: codes[0], Sell: 1}, {Codes: order.Codes{SKUCode: "NOPE-00"}, Sell: 1}, {Codes: codes[1], Sell: 2}, {Codes: codes[0], Sell: 3}})
	r.Want(res[0], connectors.Done, "")
	r.Want(res[1], connectors.Rejected, "25702")
	r.Want(res[2], connectors.Done, "")
	if a, b := r.stock(codes[0]), r.stock(codes[1]); a != 3 || b != 2 {
		t.Errorf("%d and %d", a, b)
	}
	r.Break(mall.Faults{Busy: true})
	r.Want(set(9)[0], connectors.Retry, "25025")
	r.Break(mall.Faults{})
	long := order.Codes{SKUCode: strings.Repeat("x", 51)}
	r.Want(r.Driver.SetStock(t.Context(), []connectors.Quantity{{Codes: long, Sell: 1}})[0], connectors.Rejected, "")
}

// Where eBay takes one item at a time, they go one by one.
func TestStockOneByOne(t *testing.T) {
	r := newRigOf(t, mall.Options{Batch: 1}, "stock_in", "item")
	a, b := r.listing(), r.listing()
	for _, res := range r.Driver.SetStock(t.Context(), []connectors.Quantity{{Codes: a, Sell: 4}, {Codes: b, Sell: 5}}) {
		r.Want(res, connectors.Done, "200")
	}
	if n := r.Called("bulk_update"); n != 3 {
		t.Errorf("%d calls", n)
	}
	if n := r.Called("offer"); n != 0 {
		t.Errorf("%d calls of offers", n)
	}
}

// Answers of the gate and of gateways.
func TestAnswers(t *testing.T) {
	fault := func(id, category string) string {
		return `{"errors":[{"errorId":` + id + `,"domain":"X","category":"` + category + `","message":"m","longMessage":"l","parameters":[{"name":"n","value":"v"}]}]}`
	}
	for _, x := range []struct {
		name   string
		status int
		body   string
		class  connectors.Class
		cause  connectors.Cause
	}{
		{"token", 401, fault("1001", "REQUEST"), connectors.Reauth, connectors.CauseKey},
		{"scope", 403, fault("1100", "REQUEST"), connectors.Reauth, connectors.CauseFunction},
		{"refused", 400, fault("30850", "REQUEST"), connectors.Refused, ""},
		{"busy", 400, fault("25025", "APPLICATION"), connectors.Transient, ""},
		{"system", 500, fault("30500", "APPLICATION"), connectors.Transient, ""},
		{"day", 429, fault("2001", "REQUEST"), connectors.Wait, ""},
		{"too fast", 429, "", connectors.Wait, ""},
		{"gateway", 502, "<html>bad gateway</html>", connectors.Transient, ""},
		{"page", 200, "<html>maintenance</html>", connectors.Transient, ""},
		{"cut", 200, `{"total":1,"orders":[{"orderId":"1"`, connectors.Transient, ""},
		{"error inside", 200, fault("30500", "APPLICATION"), connectors.Transient, ""},
		{"empty", 200, `{}`, connectors.Refused, ""},
		{"total", 200, `{"total":-1,"orders":[]}`, connectors.Refused, ""},
		{"another", 200, `{"total":"x","orders":{}}`, connectors.Refused, ""},
		{"never ends", 200, `{"total":0,"orders":[],"next":"x"}`, connectors.Transient, ""},
		{"too few", 200, `{"total":2,"orders":[]}`, connectors.Transient, ""},
	} {
		r := newRig(t)
		r.Between(func(w http.ResponseWriter, q *http.Request, m http.Handler) {
			if strings.HasPrefix(q.URL.Path, "/login") {
				m.ServeHTTP(w, q)
				return
			}
			w.WriteHeader(x.status)
			_, _ = io.WriteString(w, x.body)
		})
		var last error
		w := connectors.Window{From: r.Now().Add(-time.Hour), To: r.Now().Add(-time.Minute)}
		for _, err := range r.Driver.Read(t.Context(), connectors.Read{Window: w, Kind: connectors.ReadNew}) {
			last = err
		}
		if e := connectors.AsError(last); last == nil || e.Class != x.class || e.Cause != x.cause {
			t.Errorf("%s: %v, class %v, cause %q", x.name, last, e.Class, e.Cause)
		}
	}
}

// The login is that of the contract's text, and is not repeated where it can do harm.
func TestLogin(t *testing.T) {
	r := newRig(t)
	var seen []string
	r.Between(func(w http.ResponseWriter, q *http.Request, m http.Handler) {
		if q.URL.Path == "/login/token" {
			body, err := io.ReadAll(q.Body)
			r.check(err)
			seen = append(seen, q.Header.Get("Content-Type"), q.Header.Get("Authorization"), string(body))
			q.Body = io.NopCloser(strings.NewReader(string(body)))
		}
		m.ServeHTTP(w, q)
	})
	r.Reread(r.two().Number)
	want := []string{
		"application/x-www-form-urlencoded", "Basic " + base64.StdEncoding.EncodeToString([]byte(appID+":"+certID)),
		"grant_type=refresh_token&refresh_token=" + url.QueryEscape(refresh) + "&scope=" + url.QueryEscape("https://api.ebay.com/oauth/api_scope/sell.fulfillment https://api.ebay.com/oauth/api_scope/sell.inventory"),
	}
	if !slices.Equal(seen, want) {
		t.Errorf("%q\nwant %q", seen, want)
	}
	for status, body := range map[int]string{200: `{"token_type":"x"}`, 500: "", 401: ""} {
		r := newRig(t)
		r.Between(func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
		})
		for _, err := range r.Driver.Reread(t.Context(), []string{"1"}) {
			if err == nil {
				t.Errorf("%d %s: no error", status, body)
			}
		}
	}
	rec := httptest.NewRecorder()
	r.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/sell/fulfillment/v1/order", http.NoBody))
	if rec.Code != http.StatusUnauthorized {
		t.Errorf("without a token: %d", rec.Code)
	}
}
