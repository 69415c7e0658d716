package yahooshopping_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/order"
	mall "github.com/mallbridge/mallbridge/simulator/yahoo"
)

func TestShip(t *testing.T) {
	r := newRig(t)
	o := r.put(nil)
	r.WantText(r.Ship(parcel(o, "400000000105"))[0], connectors.Done, "")
	for name, want := range map[string]string{"ShipStatus": "3", "ShipCompanyCode": "1001", "ShipInvoiceNumber1": "400000000105", "ShipDate": "2026-09-03"} {
		if got := r.Field(seller, o.Number, name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if n := r.Called("<IsPointFix>true</IsPointFix>"); n != 1 {
		t.Errorf("%d calls fix the points", n)
	}
	// Again, with hyphens at the mall, and once the parcel has arrived.
	r.check(r.Change(seller, o.Number, map[string]string{"ShipInvoiceNumber1": "4000-0000-0105"}))
	r.Move(31 * time.Hour)
	r.WantText(r.Ship(parcel(o, "400000000105"))[0], connectors.Already, "")
	// A second one after it has arrived does not take the status back.
	r.WantText(r.Ship(parcel(o, "400000000116"))[0], connectors.Done, "")
	if s, n := r.Field(seller, o.Number, "ShipStatus"), r.Numbers(seller, o.Number); s != "4" || !slices.Equal(n, []string{"4000-0000-0105", "400000000116"}) {
		t.Errorf("status %s, %v", s, n)
	}
	r.WantText(r.Ship(parcel(o, "400000000120"))[0], connectors.Rejected, "two numbers")
	// One of the two is corrected, the other stays.
	c := parcel(o, "400000000120")
	c.Correct, c.Was = true, "400000000116"
	r.WantText(r.Ship(c)[0], connectors.Done, "")
	if n := r.Numbers(seller, o.Number); !slices.Equal(n, []string{"4000-0000-0105", "400000000120"}) {
		t.Errorf("%v", n)
	}
	// Both parcels at once are one call.
	o = r.put(nil)
	before := r.Called("orderShipStatusChange")
	for _, res := range r.Ship(parcel(o, "400000000105"), parcel(o, "400000000116"), parcel(o, "400000000120"))[:2] {
		r.WantText(res, connectors.Done, "")
	}
	if n := r.Called("orderShipStatusChange") - before; n != 1 {
		t.Errorf("%d calls", n)
	}
	all, _ := r.Parsed(r.Driver.Reread(t.Context(), []string{o.Number}))
	want := []connectors.Shown{{Order: o.Number, Package: "1", Carrier: "yamato", Tracking: "400000000105"}, {Order: o.Number, Package: "1", Carrier: "yamato", Tracking: "400000000116"}}
	if !reflect.DeepEqual(all.Shown, want) {
		t.Errorf("%+v", all.Shown)
	}
}

func TestWhatCannotBeShipped(t *testing.T) {
	r := newRig(t)
	o := r.put(nil)
	with := func(change func(*connectors.Shipment)) connectors.Shipment {
		p := parcel(o, "400000000105")
		change(&p)
		return p
	}
	for says, p := range map[string]connectors.Shipment{
		"no package":    with(func(p *connectors.Shipment) { p.Package = "2" }),
		"no code":       with(func(p *connectors.Shipment) { p.Carrier = "cj" }),
		"14 digits":     with(func(p *connectors.Shipment) { p.Tracking = "123456789012345" }),
		"Yamato":        with(func(p *connectors.Shipment) { p.Tracking = "AB1234567890" }),
		"11 to 13":      with(func(p *connectors.Shipment) { p.Carrier, p.Tracking = "japanpost", "1234567890" }),
		"at most 30":    with(func(p *connectors.Shipment) { p.Carrier, p.Tracking = "sagawa", strings.Repeat("1", 31) }),
		"does not give": with(func(p *connectors.Shipment) { p.Order = seller + "-99999999" }),
	} {
		r.WantText(r.Ship(p)[0], connectors.Rejected, says)
	}
	if n := r.Called("orderShipStatusChange"); n != 0 {
		t.Errorf("%d calls", n)
	}
	// Another carrier's number stands there already.
	r.WantText(r.Ship(parcel(o, "400000000105"))[0], connectors.Done, "")
	r.WantText(r.Ship(with(func(p *connectors.Shipment) { p.Carrier, p.Tracking = "sagawa", "400000000116" }))[0], connectors.Rejected, "one carrier")
	gone := r.put(nil)
	r.check(r.Cancel(seller, gone.Number))
	r.WantText(r.Ship(parcel(gone, "400000000105"))[0], connectors.Rejected, "cancelled")
	held := r.put(nil)
	r.check(r.Change(seller, held.Number, map[string]string{"OrderStatus": "3"}))
	r.WantText(r.Ship(parcel(held, "400000000105"))[0], connectors.Rejected, "OrderStatus is 3") // as the mall says
	// Shipped by hand without a number: it is added. With a service that has none: so it is told.
	hand := r.put(nil)
	r.check(r.Change(seller, hand.Number, map[string]string{"ShipStatus": "3"}))
	r.WantText(r.Ship(parcel(hand, "400000000105"))[0], connectors.Done, "")
	none := r.put(nil)
	r.WantText(r.Ship(parcel(none, ""))[0], connectors.Done, "")
	if v := r.Field(seller, none.Number, "ShipInvoiceNumberEmptyReason"); v != "105" {
		t.Errorf("reason %q", v)
	}
	r.WantText(r.Ship(parcel(none, ""))[0], connectors.Already, "")
}

// What the mall warns of is done, and told.
func TestWarnings(t *testing.T) {
	r := newRig(t)
	for code, says := range map[string]string{"od91115": "nothing was charged", "od91123": "refund", "od91113": "before", "od99999": "of its own"} {
		o := r.put(nil)
		r.Between(func(w http.ResponseWriter, q *http.Request, m http.Handler) {
			if !strings.HasSuffix(q.URL.Path, "orderShipStatusChange") {
				m.ServeHTTP(w, q)
				return
			}
			m.ServeHTTP(httptest.NewRecorder(), q)
			_, _ = io.WriteString(w, `<ResultSet totalResultsAvailable="1" totalResultsReturned="1" ok="1" ng="0"><Result><Status>OK</Status><Warning><Code>`+code+
				`</Code><Message>of its own</Message><Detail></Detail></Warning></Result></ResultSet>`)
		})
		res := r.Ship(parcel(o, "400000000105"))[0]
		r.Between(nil)
		if r.WantText(res, connectors.Done, says); res.Code != code {
			t.Errorf("%s: %+v", code, res)
		}
	}
}

// A report is sent once, whatever becomes of its answer.
func TestReportsAreSentOnce(t *testing.T) {
	for _, did := range []bool{true, false} {
		r := newRig(t)
		o := r.put(nil)
		r.Between(func(w http.ResponseWriter, q *http.Request, m http.Handler) {
			if !strings.HasSuffix(q.URL.Path, "orderShipStatusChange") {
				m.ServeHTTP(w, q)
				return
			}
			if did {
				m.ServeHTTP(httptest.NewRecorder(), q)
			}
			panic(http.ErrAbortHandler)
		})
		res := r.Ship(parcel(o, "400000000105"))[0]
		if did {
			r.WantText(res, connectors.Done, "the mall shows the number")
		} else {
			r.WantText(res, connectors.Unknown, "does not show the number yet")
		}
		if n := r.Called("orderShipStatusChange"); n != 1 {
			t.Errorf("done %v: %d calls", did, n)
		}
		r.Between(nil)
		r.WantText(r.Ship(parcel(o, "400000000105"))[0], map[bool]connectors.Outcome{true: connectors.Already, false: connectors.Done}[did], "")
	}
}

// A gateway's page after a report says nothing about it.
func TestPageInsteadOfAnAnswer(t *testing.T) {
	r := newRig(t)
	o := r.put(nil)
	r.Between(func(w http.ResponseWriter, q *http.Request, m http.Handler) {
		if strings.HasSuffix(q.URL.Path, "orderShipStatusChange") {
			m.ServeHTTP(httptest.NewRecorder(), q)
			_, _ = io.WriteString(w, "<html><body>メンテナンス中</body></html>")
			return
		}
		m.ServeHTTP(w, q)
	})
	r.WantText(r.Ship(parcel(o, "400000000105"))[0], connectors.Done, "the mall shows the number")
	if n := r.Called("orderShipStatusChange"); n != 1 {
		t.Errorf("%d calls", n)
	}
}

func TestStock(t *testing.T) {
	codes := func(item, option string) order.Codes { return order.Codes{ItemCode: item, OptionCode: option} }
	for _, all := range []bool{false, true} {
		r := newRig(t)
		for _, x := range []mall.Item{{Code: "tea-cup", SubCode: "tea-cup-blue", Stock: 7}, {Code: "tea-cup", SubCode: "tea-cup-red", Stock: 7}, {Code: "matcha-30g", Stock: 3}} {
			r.check(r.Sell(seller, x))
		}
		r.Break(mall.Faults{AllOrNothing: all})
		res := r.Driver.SetStock(t.Context(), []connectors.Quantity{
			{Codes: codes("tea-cup", "tea-cup-blue"), Sell: 14},
			{Codes: codes("no-such-item", ""), Sell: 5},
			{Codes: codes("matcha-30g", ""), Sell: 0},
			{Codes: codes("日本茶", ""), Sell: 1},
			{Codes: order.Codes{SKUCode: "LENS-50/1.4"}, Sell: 1},
			{Codes: codes("tea-cup", ""), Sell: 1}, // it has variations
			{Codes: codes("tea-cup", "tea-cup-red"), Sell: 1_000_000_000},
		})
		for i, want := range []connectors.Outcome{
			connectors.Done, connectors.Rejected, connectors.Done, connectors.Rejected, connectors.Rejected, connectors.Rejected, connectors.Rejected,
		} {
			if res[i].Outcome != want {
				t.Errorf("all or nothing %v: %d: %+v, want %v", all, i, res[i], want)
			}
		}
		if res[1].Code != "st-02104" || !strings.Contains(res[4].Detail, "auction") {
			t.Errorf("%+v %+v", res[1], res[4])
		}
		got, err := r.Driver.ReadStock(t.Context(), []order.Codes{codes("tea-cup", "tea-cup-blue"), codes("matcha-30g", ""), codes("tea-cup", "tea-cup-red"), codes("x", "")})
		if err != nil || !slices.Equal(got, []int64{14, 0, 7, -1}) {
			t.Errorf("all or nothing %v: %v %v", all, got, err)
		}
		// The call without a wrong listing after it, where nothing was set.
		if n := r.Called("setStock"); n != map[bool]int{false: 1, true: 2}[all] {
			t.Errorf("all or nothing %v: %d calls", all, n)
		}
	}
}

func TestCatalog(t *testing.T) {
	r := newRig(t)
	for _, x := range []mall.Item{
		{Code: "tea-cup", SubCode: "tea-cup-blue", Name: "湯のみ", Option: "色:青", Price: 1380, Stock: 7},
		{Code: "tea-cup", SubCode: "tea-cup-red", Name: "湯のみ", Option: "色:赤", Price: 1380},
		{Code: "0001", Name: "抹茶", Price: 900, Stock: 3},
		{Code: "Zoo", Name: "非表示", Price: 1, Hidden: true},
	} {
		r.check(r.Sell(seller, x))
	}
	all, missing := r.Parsed(r.Driver.Catalog(t.Context(), connectors.CatalogFrom{}))
	var got []string
	for _, p := range all.Products {
		got = append(got, strings.Join([]string{p.Codes.ItemCode, p.Codes.OptionCode, p.Name, p.Option}, "|"))
		if p.OnSale == (p.Codes.ItemCode == "Zoo") || p.Price < 1 || p.Stock < 0 {
			t.Errorf("%+v", p)
		}
	}
	slices.Sort(got)
	if want := []string{"0001||抹茶|", "Zoo||非表示|", "tea-cup|tea-cup-blue|湯のみ|色:青", "tea-cup|tea-cup-red|湯のみ|色:赤"}; !slices.Equal(got, want) || len(missing) != 0 {
		t.Errorf("%q\nwant %q, missing %v", got, want, missing)
	}
}

func TestAccountTest(t *testing.T) {
	for _, x := range []struct {
		name   string
		change func(*rig)
		check  string // that fails; none if empty
		do     string
	}{
		{"all is well", func(*rig) {}, "", ""},
		{"wrong secret", func(r *rig) { r.secrets["client_secret"] = "ANOTHER-0123456789" }, "login", "client_secret"},
		{"no consent", func(r *rig) { r.secrets["refresh_token"] = "" }, "login", "run account consent yahoo-main"},
		{"address not registered", func(r *rig) { r.store.IPs = []string{"192.0.2.1"}; r.add() }, "ip", "register this machine's public address"},
		{"not approved", func(r *rig) { r.store.NoOrders = true; r.add() }, "orderList", "second application"},
		{"wrong key version", func(r *rig) { r.store.KeyVersion = "3"; r.add() }, "signature", "key_version"},
		{"consent of 22 days", func(r *rig) { r.Move(22 * 24 * time.Hour) }, "consent", "run account consent"},
	} {
		t.Run(x.name, func(t *testing.T) {
			r := newRig(t)
			x.change(r)
			bad := map[string]string{}
			for _, c := range r.Driver.Test(t.Context()) {
				if !c.OK {
					bad[c.Name] = c.Detail + " → " + c.Do
				}
			}
			if x.check == "" && len(bad) > 0 || x.check != "" && !strings.Contains(bad[x.check], x.do) {
				t.Errorf("%v, want %q with %q", bad, x.check, x.do)
			}
		})
	}
	r := newRig(t, "key_issued", "2025-09-20")
	for _, c := range r.Driver.Test(t.Context()) {
		if c.OK != (c.Name != "key_expiry") {
			t.Errorf("%+v", c)
		}
	}
}
