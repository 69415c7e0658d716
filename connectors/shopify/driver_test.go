package shopify_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/order"
	"github.com/mallbridge/mallbridge/simulator/orders"
	mall "github.com/mallbridge/mallbridge/simulator/shopify"
)

// lost carries out operations of a kind and loses their answer, or loses the request.
func (r *rig) lost(name string, did bool) {
	r.Between(func(w http.ResponseWriter, q *http.Request, m http.Handler) {
		body, err := io.ReadAll(q.Body)
		r.check(err)
		q.Body = io.NopCloser(strings.NewReader(string(body)))
		if !strings.Contains(string(body), name+"(") {
			m.ServeHTTP(w, q)
			return
		}
		if did {
			m.ServeHTTP(httptest.NewRecorder(), q)
		}
		panic(http.ErrAbortHandler)
	})
}

func TestHolds(t *testing.T) {
	r := newRig(t)
	o := r.two()
	r.check(r.Hold(domain, o.Number, "INCORRECT_ADDRESS", "番地なし"))
	got, _ := r.Reread(o.Number)
	if got.Status != "on_hold" || got.SubStatus != "incorrect_address" || got.Lines() != 2 {
		t.Errorf("%+v", got)
	}
	r.WantText(r.Ship(parcel(o, "400000003001"))[0], connectors.Rejected, "on_hold")
	r.check(r.Release(domain, o.Number))
	if got, _ := r.Reread(o.Number); got.Status != "paid" {
		t.Errorf("status %s after the hold", got.Status)
	}
	r.WantText(r.Ship(parcel(o, "400000003001"))[0], connectors.Done, "")
}

func TestStatuses(t *testing.T) {
	r := newRig(t)
	for name, x := range map[string]struct {
		change      mall.Change
		status, sub string
		flag        string
	}{
		"cash on delivery":                     {mall.Change{Financial: mall.Pending, Gateways: []string{"代金引換"}}, "pending", "unfulfilled", ""},
		"authorized":                           {mall.Change{Financial: mall.Authorized}, "authorized", "unfulfilled", ""},
		"refunded, to be shipped all the same": {mall.Change{Financial: mall.Refunded}, "refunded", "unfulfilled", ""},
		"test order":                           {mall.Change{Test: true}, "test", "", ""},
		"pick-up":                              {mall.Change{Method: "PICK_UP"}, "no_shipping", "", ""},
		"pick-up point":                        {mall.Change{Method: "PICKUP_POINT"}, "paid", "unfulfilled", ""},
		"scheduled":                            {mall.Change{Status: "SCHEDULED"}, "scheduled", "", ""},
		"in progress":                          {mall.Change{Status: "IN_PROGRESS"}, "paid", "unfulfilled", ""},
		"asked to cancel":                      {mall.Change{Request: "CANCELLATION_REQUESTED"}, "paid", "unfulfilled", order.FlagClaim},
		"several gateways":                     {mall.Change{Gateways: []string{"gift_card", "shopify_payments"}}, "paid", "unfulfilled", ""},
		"the order's phone":                    {mall.Change{Phone: "+81300000000"}, "paid", "unfulfilled", ""},
	} {
		o := r.two()
		r.check(r.Set(domain, o.Number, x.change))
		got, _ := r.Reread(o.Number)
		if got.Status != x.status || got.SubStatus != x.sub || x.flag != "" && !got.HasFlag(x.flag) || got.Lines() != 2 {
			t.Errorf("%s: status %q %q, flags %v, %d lines", name, got.Status, got.SubStatus, got.Flags, got.Lines())
		}
		if len(x.change.Gateways) == 2 && got.Payment != "gift_card + shopify_payments" {
			t.Errorf("%s: payment %q", name, got.Payment)
		}
		if x.change.Phone != "" && got.Packages[0].To.Phone != x.change.Phone {
			t.Errorf("%s: phone %q", name, got.Packages[0].To.Phone)
		}
		if x.status == "pending" && got.Total != o.Total {
			t.Errorf("%s: %d to collect, want %d", name, got.Total, o.Total)
		}
	}
}

// What was refunded, added or taken back is not what was ordered.
func TestEditsAndRefunds(t *testing.T) {
	r := newRig(t)
	o := r.two()
	r.check(r.Refund(domain, o.Number, 0, 2))
	got, _ := r.Reread(o.Number)
	if l := got.Packages[0].Lines; got.Status != "paid" || got.SubStatus != "partially_refunded" || len(l) != 2 || l[0].Quantity != 1 || got.Goods != 2800+1080 {
		t.Errorf("%+v", got)
	}
	r.check(r.Refund(domain, o.Number, 0, 1))
	if got, _ = r.Reread(o.Number); got.Lines() != 1 || got.Packages[0].Lines[0].Key != "2" {
		t.Errorf("%+v", got.Packages)
	}
	// A line that is added counts after those that were there, the refunded one included.
	r.check(r.Edit(domain, o.Number, orders.Line{Key: "3", ItemID: "8100000003", OptionID: "4100000003", SKUCode: "CUP", Name: "湯のみ", Quantity: 2, Price: 900}))
	got, _ = r.Reread(o.Number)
	if l := got.Packages[0].Lines; len(l) != 2 || l[1].Key != "3" || l[1].Quantity != 2 || got.Goods != 1080+1800 {
		t.Errorf("%+v", got)
	}
	// A shop that looks at them itself.
	careful := newRig(t, "refunded_in_part", "hold")
	o = careful.two()
	careful.check(careful.Refund(domain, o.Number, 0, 1))
	if got, _ := careful.Reread(o.Number); got.Status != "partially_refunded" {
		t.Errorf("status %s", got.Status)
	}
}

func TestParcelsOfOneOrder(t *testing.T) {
	r := newRig(t)
	o := r.two()
	first := parcel(o, "400000003001", pieces("1", 2))
	r.WantText(r.Ship(first)[0], connectors.Done, "")
	r.WantText(r.Ship(first)[0], connectors.Already, "")
	got, shown := r.Reread(o.Number)
	if l := got.Packages[0].Lines; got.Status != "paid" || got.SubStatus != "partial" || len(l) != 2 || l[0].Quantity != 1 || len(shown) != 1 || !slices.Equal(shown[0].Lines, []string{"1"}) {
		t.Errorf("%+v, shown %+v", got, shown)
	}
	// More than remains is refused; the rest goes with another number, both in one call.
	r.WantText(r.Ship(parcel(o, "400000003012", pieces("1", 2)))[0], connectors.Rejected, "1 remain")
	for _, res := range r.Ship(parcel(o, "400000003012", pieces("1", 0)), parcel(o, "400000003023", pieces("2", 1))) {
		r.WantText(res, connectors.Done, "")
	}
	if got := r.tracking(o.Number); !slices.Equal(got, []string{"400000003001", "400000003012", "400000003023"}) {
		t.Errorf("%v", got)
	}
	r.WantText(r.Ship(parcel(o, "400000003034"))[0], connectors.Rejected, "400000003001, 400000003012, 400000003023")
	if got, _ := r.Reread(o.Number); got.Status != "fulfilled" || got.Packages[0].Lines[0].Quantity != 3 {
		t.Errorf("%+v", got)
	}
	if n, err := r.Notified(domain, o.Number); err != nil || n != 3 {
		t.Errorf("the buyer was told %d times, %v", n, err)
	}
	// A quiet shop.
	quiet := newRig(t, "notify_customer", "no")
	o = quiet.two()
	quiet.WantText(quiet.Ship(parcel(o, "400000003001"))[0], connectors.Done, "")
	if n, _ := quiet.Notified(domain, o.Number); n != 0 {
		t.Errorf("the buyer was told %d times", n)
	}
}

func TestCorrections(t *testing.T) {
	r := newRig(t)
	o := r.two()
	r.Ship(parcel(o, "400000003001", pieces("1", 3)), parcel(o, "400000003012", pieces("2", 1)))
	p := parcel(o, "400000003023")
	p.Correct, p.Was = true, "400000003001"
	for _, want := range []connectors.Outcome{connectors.Done, connectors.Already} {
		r.WantText(r.Ship(p)[0], want, "")
	}
	if got := r.tracking(o.Number); !slices.Equal(got, []string{"400000003023", "400000003012"}) {
		t.Errorf("%v", got)
	}
	// Staff dispatched it without a number, or with two.
	o = r.two()
	r.check(r.Dispatch(domain, o.Number, ""))
	_, shown := r.Reread(o.Number)
	if len(shown) != 1 || shown[0].Tracking != "" {
		t.Errorf("%+v", shown)
	}
	p = parcel(o, "400000003034")
	p.Correct = true
	r.WantText(r.Ship(p)[0], connectors.Done, "")
	if got := r.tracking(o.Number); !slices.Equal(got, []string{"400000003034"}) {
		t.Errorf("%v", got)
	}
	o = r.two()
	r.check(r.Dispatch(domain, o.Number, "Yamato (EN)", "4000-0000-3045", "400000003056"))
	if _, shown = r.Reread(o.Number); len(shown) != 2 || shown[0].Tracking != "400000003045" || shown[0].Carrier != "yamato" {
		t.Errorf("%+v", shown)
	}
	r.WantText(r.Ship(parcel(o, "400000003045"))[0], connectors.Already, "")
	p = parcel(o, "400000003067")
	p.Correct, p.Was = true, "400000003045"
	r.WantText(r.Ship(p)[0], connectors.Done, "")
	if got := r.tracking(o.Number); !slices.Equal(got, []string{"400000003067", "400000003056"}) {
		t.Errorf("%v", got)
	}
}

// A fulfillment that staff cancels makes what it carried to be shipped again, under new ids.
func TestCancelledFulfillment(t *testing.T) {
	r := newRig(t)
	o := r.two()
	r.WantText(r.Ship(parcel(o, "400000003001"))[0], connectors.Done, "")
	r.check(r.Undo(domain, o.Number))
	got, shown := r.Reread(o.Number)
	if got.Status != "paid" || got.Lines() != 2 || len(shown) != 0 {
		t.Errorf("%+v, shown %+v", got, shown)
	}
	r.WantText(r.Ship(parcel(o, "400000003001"))[0], connectors.Done, "")
	if got := r.tracking(o.Number); !slices.Equal(got, []string{"400000003001"}) {
		t.Errorf("%v", got)
	}
}

// fulfillmentCreate has no key: a call that was not answered is looked for, never repeated.
func TestParcelsAreSentOnce(t *testing.T) {
	for _, did := range []bool{true, false} {
		r := newRig(t)
		o := r.two()
		r.lost("fulfillmentCreate", did)
		res := r.Ship(parcel(o, "400000003001"))[0]
		if did {
			r.WantText(res, connectors.Done, "the mall shows the number")
		} else {
			r.WantText(res, connectors.Unknown, "")
		}
		if n := r.count("Ship"); n != 1 {
			t.Errorf("done %v: %d calls", did, n)
		}
		r.Between(nil)
		r.WantText(r.Ship(parcel(o, "400000003001"))[0], map[bool]connectors.Outcome{true: connectors.Already, false: connectors.Done}[did], "")
		if got := r.tracking(o.Number); !slices.Equal(got, []string{"400000003001"}) {
			t.Errorf("the mall shows %v", got)
		}
	}
	// Of two locations the second call is lost: the first one's parcel does not vouch for it.
	r := newRig(t)
	at, err := r.AddLocation(domain, "大阪店", false)
	r.check(err)
	o := r.two()
	r.check(r.Mall.Move(domain, o.Number, 1, at))
	r.Between(func(w http.ResponseWriter, q *http.Request, m http.Handler) {
		if r.count("Ship") == 2 && r.Calls()[len(r.Calls())-1] == "Ship" {
			panic(http.ErrAbortHandler)
		}
		m.ServeHTTP(w, q)
	})
	r.WantText(r.Ship(parcel(o, "400000003001"))[0], connectors.Unknown, "")
	r.WantText(r.Ship(parcel(o, "400000003001"))[0], connectors.Done, "")
	if got, _ := r.Reread(o.Number); got.Status != "fulfilled" || r.count("Ship") != 3 {
		t.Errorf("status %s after %d calls", got.Status, r.count("Ship"))
	}
	// An earlier call lands between our look and our call.
	r = newRig(t)
	o = r.two()
	r.Between(func(w http.ResponseWriter, q *http.Request, m http.Handler) {
		if calls := r.Calls(); calls[len(calls)-1] == "Ship" {
			r.check(r.Dispatch(domain, o.Number, "Yamato (JA)", "400000003001"))
		}
		m.ServeHTTP(w, q)
	})
	r.WantText(r.Ship(parcel(o, "400000003001"))[0], connectors.Already, "")
}

func TestLocations(t *testing.T) {
	r := newRig(t, "locations", "700001", "stock_location", "700001")
	here, err := r.AddLocation(domain, "大阪店", false)
	r.check(err)
	_, err = r.AddLocation(domain, "外部倉庫サービス", true)
	r.check(err)
	o := r.two()
	r.check(r.Mall.Move(domain, o.Number, 1, here))
	if got, _ := r.Reread(o.Number); got.Status != "paid" || got.Lines() != 1 || got.HasFlag(order.FlagMallFulfils) {
		t.Errorf("%+v", got)
	}
	r.WantText(r.Ship(parcel(o, "400000003001"))[0], connectors.Done, "")
	if got, _ := r.Reread(o.Number); got.Status != "fulfilled" {
		t.Errorf("status %s: what another location ships is not waited for", got.Status)
	}
	o = r.two()
	r.check(r.Mall.Move(domain, o.Number, 0, here))
	r.check(r.Mall.Move(domain, o.Number, 1, here))
	if got, _ := r.Reread(o.Number); !got.HasFlag(order.FlagMallFulfils) || got.Lines() != 2 {
		t.Errorf("%+v", got)
	}
	// Another app's service: the mall would refuse a fulfillment.
	all := newRig(t)
	service, err := all.AddLocation(domain, "外部倉庫サービス", true)
	all.check(err)
	o = all.two()
	all.check(all.Mall.Move(domain, o.Number, 0, service))
	all.check(all.Mall.Move(domain, o.Number, 1, service))
	if got, _ := all.Reread(o.Number); !got.HasFlag(order.FlagMallFulfils) {
		t.Errorf("%+v", got)
	}
	all.WantText(all.Ship(parcel(o, "400000003001"))[0], connectors.Rejected, "nothing remains")
}

// Without the scope for fulfillment orders Shopify shows none, and no error.
func TestFulfillmentOrdersThatAreNotShown(t *testing.T) {
	r := newRig(t)
	o := r.two()
	r.Break(mall.Faults{Empty: true})
	all, _ := r.Parsed(r.Driver.Reread(t.Context(), []string{o.Number}))
	if len(all.Orders) != 0 || len(all.Refused) != 1 || !strings.Contains(all.Refused[0].Detail, "read_merchant_managed_fulfillment_orders") {
		t.Errorf("%+v", all)
	}
}

func TestWishesAreAttributes(t *testing.T) {
	r := newRig(t)
	o := r.two()
	r.check(r.Set(domain, o.Number, mall.Change{Attributes: [][2]string{
		{"配送希望日", "2026年11月28日"}, {"お届け希望日", "早めに"}, {"配送希望時間帯", "14-16時"}, {"のし", "内祝"}, {"色", "青"}, {"空", ""},
	}}))
	got, _ := r.Reread(o.Number)
	p := got.Packages[0]
	if p.DeliverOn != "2026-11-28" || p.TimeBand != "14-16時" || !got.HasFlag(order.FlagGift) || got.Note != "お届け希望日: 早めに\nのし: 内祝\n色: 青" {
		t.Errorf("%+v, note %q, flags %v", p, got.Note, got.Flags)
	}
	own := newRig(t, "date_attributes", "day", "gift_attributes", "")
	o = own.two()
	own.check(own.Set(domain, o.Number, mall.Change{Attributes: [][2]string{{"day", "2026/11/29"}, {"配送希望日", "2026-11-28"}}}))
	if got, _ := own.Reread(o.Number); got.Packages[0].DeliverOn != "2026-11-29" || got.Note != "配送希望日: 2026-11-28" {
		t.Errorf("%+v, note %q", got.Packages[0], got.Note)
	}
}

// Addresses abroad, and money with decimals.
func TestAbroad(t *testing.T) {
	r := newRig(t)
	x := store()
	x.Currency = "USD"
	r.check(r.AddShop(x))
	o := r.two(func(o *orders.Order) {
		o.Parcels[0].To = orders.Person{Family: "Sample", Given: "Jane", Country: "US", Postal: "02139", Prefecture: "Massachusetts", City: "Cambridge", Street: "1 Example St", Building: "Apt 4", Phone: "+1 617 000 0000"}
		o.Parcels[0].Lines = o.Parcels[0].Lines[:1]
		o.Parcels[0].Lines[0].Price = 1999
	})
	got, _ := r.Reread(o.Number)
	to := got.Packages[0].To
	if to.Name != "Jane Sample" || to.Prefecture != "Massachusetts" || to.Postal != "02139" || to.Country != "US" || got.Currency != "USD" || got.Packages[0].Lines[0].Price != 1999 || got.Goods != 5997 {
		t.Errorf("%+v %+v", got, to)
	}
	// Japan by the code of the prefecture, family name first.
	o = r.two()
	if got, _ := r.Reread(o.Number); got.Packages[0].To.Prefecture != o.Parcels[0].To.Prefecture || got.Packages[0].To.Name != o.Parcels[0].To.Name() {
		t.Errorf("%+v", got.Packages[0].To)
	}
}

// The search looks for words: what is only like the name does not come.
func TestRereadIsExact(t *testing.T) {
	r := newRig(t)
	a := r.two(func(o *orders.Order) { o.Number = "#1001" })
	r.two(func(o *orders.Order) { o.Number = "#1001-A" })
	quoted := r.two(func(o *orders.Order) { o.Number = `ML'10\2` })
	all, missing := r.Parsed(r.Driver.Reread(t.Context(), []string{a.Number, quoted.Number, "#999", a.Number}))
	var have []string
	for _, o := range all.Orders {
		have = append(have, o.Number)
	}
	slices.Sort(have)
	if !slices.Equal(have, []string{"#1001", `ML'10\2`}) || !slices.Equal(missing, []string{"#999"}) {
		t.Errorf("%q, missing %q", have, missing)
	}
	// Many are asked for in one query.
	var names []string
	for range 45 {
		names = append(names, r.two().Number)
	}
	r.Forget()
	all, missing = r.Parsed(r.Driver.Reread(t.Context(), names))
	if len(all.Orders) != 45 || len(missing) != 0 || len(r.Calls()) > 9 {
		t.Errorf("%d orders, missing %v, %d calls", len(all.Orders), missing, len(r.Calls()))
	}
}

// A search that is not understood would give other orders: that is no empty window.
func TestWindowIsChecked(t *testing.T) {
	r := newRig(t)
	r.two()
	var last error
	for _, err := range r.Driver.Read(t.Context(), connectors.Read{Window: connectors.Window{From: r.Now().Add(-time.Hour), To: r.Now()}, Kind: connectors.ReadNew}) {
		last = err
	}
	if last != nil {
		t.Fatal(last)
	}
	r.Between(func(w http.ResponseWriter, q *http.Request, m http.Handler) {
		body, err := io.ReadAll(q.Body)
		r.check(err)
		q.Body = io.NopCloser(strings.NewReader(strings.Replace(string(body), "updated_at:>=", "created_at:<=", 1)))
		m.ServeHTTP(w, q)
	})
	w := connectors.Window{From: r.Now().Add(-time.Hour), To: r.Now()}
	for _, err := range r.Driver.Read(t.Context(), connectors.Read{Window: w, Kind: connectors.ReadNew}) {
		last = err
	}
	if last == nil || connectors.ClassOf(last) != connectors.Transient || !strings.Contains(last.Error(), "not filtered") {
		t.Errorf("%v", last)
	}
}

// A query that costs too much is made smaller, and stays so.
func TestCostOfAPage(t *testing.T) {
	r := newRig(t)
	for range 12 {
		r.two()
	}
	r.Break(mall.Faults{Deep: true})
	if got := r.read(); len(got) != 12 {
		t.Errorf("%d orders", len(got))
	}
	if got := r.read(); len(got) != 12 {
		t.Errorf("%d orders", len(got))
	}
	refused := 0
	for _, c := range r.sent {
		if n, ok := c.variables["first"].(float64); ok && n > 2 {
			refused++
		}
	}
	if refused != 2 { // 7, 3
		t.Errorf("%d queries of too many orders", refused)
	}
}

// The bucket of points is followed: queries wait for it, and one that is throttled all the
// same is sent again when the mall says that it may.
func TestThrottle(t *testing.T) {
	r := newRigOf(t, mall.Options{Restore: 50})
	for range 60 {
		r.two()
	}
	throttled := 0
	r.Between(func(w http.ResponseWriter, q *http.Request, m http.Handler) {
		rec := httptest.NewRecorder()
		m.ServeHTTP(rec, q)
		if strings.Contains(rec.Body.String(), "THROTTLED") {
			throttled++
		}
		for k, v := range rec.Header() {
			w.Header()[k] = v
		}
		w.WriteHeader(rec.Code)
		_, _ = w.Write(rec.Body.Bytes())
	})
	begun := r.Now()
	if got := r.read(); len(got) != 60 {
		t.Errorf("%d orders", len(got))
	}
	if throttled > 0 {
		t.Errorf("%d queries were throttled", throttled)
	}
	if d := r.Now().Sub(begun); d < 15*time.Second || d > 2*time.Minute {
		t.Errorf("it took %v", d)
	}
	// Another program of the same app empties the bucket.
	other := newRigOf(t, mall.Options{Restore: 50})
	other.two()
	other.read()
	for other.drain() {
	}
	begun = other.Now()
	if got := other.read(); len(got) != 1 {
		t.Errorf("%d orders", len(got))
	}
	if d := other.Now().Sub(begun); d < 2*time.Second || d > time.Minute {
		t.Errorf("it took %v", d)
	}
}

// drain spends points as another program would; it reports whether there were any.
func (r *rig) drain() bool {
	body := `{"query":"{ productVariants(first: 250) { nodes { id product { id } inventoryItem { id } } } }"}`
	q := httptest.NewRequest(http.MethodPost, "/admin/api/"+mall.Version+"/graphql.json", strings.NewReader(body))
	q.Header.Set("Content-Type", "application/json")
	q.Header.Set("Accept", "application/json")
	q.Header.Set("X-Shopify-Access-Token", fixed)
	w := httptest.NewRecorder()
	r.Mall.ServeHTTP(w, q)
	return !strings.Contains(w.Body.String(), "THROTTLED")
}

func TestStock(t *testing.T) {
	codes := func(option, sku string) order.Codes { return order.Codes{OptionID: option, SKUCode: sku} }
	fill := func(r *rig) {
		for _, v := range []mall.Variant{
			{ID: 11, Product: 1, SKU: "MUG", Stock: 7, Committed: 2},
			{ID: 12, Product: 1, SKU: "MUG-BL", Stock: 1},
			{ID: 13, Product: 2, SKU: "twice"},
			{ID: 14, Product: 3, SKU: "twice"},
			{ID: 15, Product: 4, SKU: "free", Untracked: true},
			{ID: 16, Product: 5, SKU: "elsewhere", NotStocked: true},
			{ID: 17, Product: 6, SKU: "it's"},
		} {
			r.check(r.Sell(domain, v))
		}
	}
	r := newRig(t)
	fill(r)
	res := r.Driver.SetStock(t.Context(), []connectors.Quantity{
		{Codes: codes("11", "MUG"), Sell: 9},
		{Codes: codes("", "MUG-BL"), Sell: 1},
		{Codes: codes("", "twice"), Sell: 1},
		{Codes: codes("15", ""), Sell: 1},
		{Codes: codes("16", ""), Sell: 1},
		{Codes: codes("99", ""), Sell: 1},
		{Codes: codes("", "mug"), Sell: 1},
		{Codes: codes("", "it's"), Sell: 4},
		{Codes: codes("11", "MUG"), Sell: 9},
		{Codes: order.Codes{ItemID: "1"}, Sell: 1},
	})
	for i, want := range []struct {
		outcome connectors.Outcome
		says    string
	}{
		{connectors.Done, ""},
		{connectors.Already, ""},
		{connectors.Rejected, "2 variants"},
		{connectors.Rejected, "Track quantity"},
		{connectors.Rejected, "not stocked"},
		{connectors.Rejected, "no such variant"},
		{connectors.Rejected, "no such variant"},
		{connectors.Done, ""},
		{connectors.Already, ""},
		{connectors.Rejected, "option_id"},
	} {
		r.WantText(res[i], want.outcome, want.says)
	}
	if n, err := r.Available(domain, 11); err != nil || n != 9 {
		t.Errorf("%d, %v", n, err)
	}
	// What is on the shelf counts what was sold and not shipped.
	shelf := newRig(t, "stock_quantity", "on_hand", "stock_location", "700001")
	fill(shelf)
	if n, err := shelf.Driver.ReadStock(t.Context(), []order.Codes{codes("11", ""), codes("16", "")}); err != nil || n[0] != 9 || n[1] != -1 {
		t.Errorf("%v, %v", n, err)
	}
	shelf.WantText(shelf.Driver.SetStock(t.Context(), []connectors.Quantity{{Codes: codes("11", ""), Sell: 12}})[0], connectors.Done, "")
	if n, _ := shelf.Available(domain, 11); n != 10 {
		t.Errorf("%d available of 12 on hand", n)
	}
	// Of two locations one must be named.
	two := newRig(t)
	_, err := two.AddLocation(domain, "大阪店", false)
	two.check(err)
	fill(two)
	two.WantText(two.Driver.SetStock(t.Context(), []connectors.Quantity{{Codes: codes("11", ""), Sell: 12}})[0], connectors.Rejected, "stock_location")
}

// A sale between the reading and the setting is not overwritten: it is read again.
func TestStockIsCompared(t *testing.T) {
	r := newRig(t)
	for i := range int64(3) {
		r.check(r.Sell(domain, mall.Variant{ID: 11 + i, Product: 1, SKU: fmt.Sprint("S", i), Stock: 5}))
	}
	r.Break(mall.Faults{Stale: true})
	var q []connectors.Quantity
	for i := range 3 {
		q = append(q, connectors.Quantity{Codes: order.Codes{OptionID: fmt.Sprint(11 + i)}, Sell: 8})
	}
	for _, res := range r.Driver.SetStock(t.Context(), q) {
		r.WantText(res, connectors.Done, "")
	}
	for i := range int64(3) {
		if n, err := r.Available(domain, 11+i); err != nil || n != 8 {
			t.Errorf("%d, %v", n, err)
		}
	}
	if n := r.count("SetStock"); n != 3 { // stale; the others; the stale one again
		t.Errorf("%d calls", n)
	}
	// A lost answer: the same key comes again and is carried out once.
	r.lost("inventorySetQuantities", true)
	q[0].Sell = 3
	r.Forget()
	r.Driver.SetStock(t.Context(), q[:1])
	keys := map[any]bool{}
	for _, c := range r.sent {
		if c.operation == "SetStock" {
			keys[c.variables["key"]] = true
		}
	}
	if len(keys) != 1 || r.count("SetStock") < 2 {
		t.Errorf("%d keys in %d calls", len(keys), r.count("SetStock"))
	}
}

func TestCatalogPages(t *testing.T) {
	r := newRig(t)
	for i := range int64(230) {
		r.check(r.Sell(domain, mall.Variant{ID: 1000 + i, Product: 1000 + i/2, SKU: fmt.Sprintf("00%d", i), Barcode: "4900000000016", Title: "見本", Option: "青", Price: 1200, Stock: i, Draft: i == 0}))
	}
	r.Move(48 * time.Hour)
	r.check(r.Sell(domain, mall.Variant{ID: 5000, Product: 5000, SKU: "new", Title: "新", Price: 10}))
	all, _ := r.Parsed(r.Driver.Catalog(t.Context(), connectors.CatalogFrom{}))
	if len(all.Products) != 231 || r.count("Catalog") != 3 {
		t.Fatalf("%d products, %d calls", len(all.Products), r.count("Catalog"))
	}
	a, b := all.Products[0], all.Products[229]
	if a.OnSale || !b.OnSale || b.Codes != (order.Codes{ItemID: "1114", OptionID: "1229", SKUCode: "00229", Barcode: "4900000000016"}) || b.Price != 1200 || b.Stock != 229 || b.Option != "青" || b.Changed.UTC.IsZero() || all.Products[230].Option != "" {
		t.Errorf("%+v\n%+v", a, b)
	}
	all, _ = r.Parsed(r.Driver.Catalog(t.Context(), connectors.CatalogFrom{Since: order.DateOf(r.Now())}))
	if len(all.Products) != 1 {
		t.Errorf("%d products were changed since", len(all.Products))
	}
}

func TestAccountTest(t *testing.T) {
	failed := func(r *rig) map[string]string {
		out := map[string]string{}
		for _, c := range r.Driver.Test(r.Context()) {
			if !c.OK {
				out[c.Name] = c.Detail + " → " + c.Do
			}
		}
		return out
	}
	change := func(f func(*mall.Shop)) func(*rig) {
		return func(r *rig) {
			x := store()
			f(&x)
			r.check(r.AddShop(x))
		}
	}
	for _, x := range []struct {
		name     string
		settings []string
		options  mall.Options
		change   func(*rig)
		check    string // that fails; none if empty
		says     string
	}{
		{name: "all is well"},
		{name: "an older custom app", settings: []string{"access_token", fixed, "client_id", "", "client_secret", ""}},
		{name: "no keys", settings: []string{"client_secret", ""}, check: "login", says: "set client_id and client_secret"},
		{name: "wrong secret", settings: []string{"client_secret", "shpss_wrong"}, check: "login", says: "compare client_id and client_secret"},
		{name: "wrong token", settings: []string{"access_token", "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"}, check: "login", says: "compare access_token"},
		{name: "frozen", change: change(func(s *mall.Shop) { s.Frozen = true }), check: "login", says: "frozen until its bill is paid"},
		{name: "wrong version", settings: []string{"api_version", "2025-01"}, check: "login", says: "leave api_version as it is"},
		{name: "scopes", change: change(func(s *mall.Shop) {
			s.Scopes = []string{"read_orders", "write_inventory", "read_locations", "read_products"}
		}), check: "scopes", says: "read_merchant_managed_fulfillment_orders, write_merchant_managed_fulfillment_orders"},
		{name: "no personal data", change: func(r *rig) {
			r.two()
			change(func(s *mall.Shop) { s.NoPersonalData = true })(r)
		}, check: "orders", says: "protected customer data"},
		{name: "wrong location", settings: []string{"stock_location", "7"}, check: "locations", says: "no location 7"},
		{name: "another version answers", options: mall.Options{Answers: "2026-07"}, check: "api_version", says: "answers by version 2026-07"},
		{name: "two months before the end", change: func(r *rig) { r.Move(75 * 24 * time.Hour) }, check: "api_version", says: "until 2027-04-01"},
	} {
		t.Run(x.name, func(t *testing.T) {
			r := newRigOf(t, x.options, x.settings...)
			if x.change != nil {
				x.change(r)
			}
			bad := failed(r)
			if x.check == "" && len(bad) > 0 || x.check != "" && (!strings.Contains(bad[x.check], x.says) || len(bad) != 1) {
				t.Errorf("%v, want %q with %q", bad, x.check, x.says)
			}
			for _, secret := range []string{appSecret, fixed, "shpss_wrong", "shpat_99"} {
				if strings.Contains(fmt.Sprint(bad), secret) {
					t.Errorf("a secret is told: %v", bad)
				}
			}
		})
	}
}

// What the mall may say instead of data, and what is to be done about it. The forms are
// those that the documentation gives.
func TestErrorsAreSorted(t *testing.T) {
	coded := func(code string) string {
		return `{"errors":[{"message":"x","extensions":{"code":"` + code + `"}}],"data":{"orders":{"nodes":[]}}}`
	}
	for _, x := range []struct {
		name   string
		status int
		body   string
		class  connectors.Class
		cause  connectors.Cause
	}{
		{"a text with 401", 401, `{"errors":"sample: invalid API key or access token"}`, connectors.Reauth, connectors.CauseKey},
		{"frozen", 402, `{"errors":"x"}`, connectors.Reauth, connectors.CauseFunction},
		{"not allowed", 403, `{"errors":"x"}`, connectors.Reauth, connectors.CauseFunction},
		{"not found", 404, `{"errors":"Not Found"}`, connectors.Refused, ""},
		{"locked", 423, `{"errors":"x"}`, connectors.Transient, ""},
		{"rejected", 430, `{"errors":"x"}`, connectors.Wait, ""},
		{"bad request", 400, `{"errors":"x"}`, connectors.Refused, ""},
		{"fault", 502, "<html>", connectors.Transient, ""},
		{"denied beside data", 200, `{"errors":[{"message":"sample: access denied for shippingAddress field","path":["orders","nodes",0,"shippingAddress"],"extensions":{"code":"ACCESS_DENIED"}}],"data":{"orders":{"nodes":[{"id":"gid://shopify/Order/800001","shippingAddress":null}]}}}`, connectors.Reauth, connectors.CauseFunction},
		{"unknown field", 200, `{"errors":[{"message":"Field 'fulfilmentStatus' doesn't exist on type 'Order'","locations":[{"line":1,"column":22}],"path":["query","orders","nodes","fulfilmentStatus"],"extensions":{"code":"undefinedField","typeName":"Order","fieldName":"fulfilmentStatus"}}]}`, connectors.Refused, ""},
		{"inactive", 200, coded("SHOP_INACTIVE"), connectors.Reauth, connectors.CauseFunction},
		{"internal", 200, coded("INTERNAL_SERVER_ERROR"), connectors.Transient, ""},
		{"a text with 200", 200, `{"errors":"x"}`, connectors.Transient, ""},
		{"no data", 200, `{"data":null}`, connectors.Transient, ""},
		{"nothing", 200, `{}`, connectors.Transient, ""},
		{"no orders", 200, `{"data":{"orders":null}}`, connectors.Transient, ""},
		{"doubled", 200, `{"data":{"orders":{"nodes":[]}},"data":{"orders":{"nodes":[]}}}`, connectors.Transient, ""},
		{"endless", 200, `{"data":{"orders":{"pageInfo":{"hasNextPage":true,"endCursor":"a"},"nodes":[]}}}`, connectors.Transient, ""},
	} {
		r := newRig(t, "access_token", fixed)
		r.Between(func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
			w.WriteHeader(x.status)
			_, _ = io.WriteString(w, x.body)
		})
		var last error
		for _, err := range r.Driver.Read(t.Context(), connectors.Read{Window: r.window(), Kind: connectors.ReadOpen}) {
			last = err
		}
		if last == nil {
			t.Errorf("%s: no error", x.name)
		} else if e := connectors.AsError(last); e.Class != x.class || e.Cause != x.cause {
			t.Errorf("%s: %v %q (%v), want %v %q", x.name, e.Class, e.Cause, last, x.class, x.cause)
		}
	}
}

// A token of the grant is used until it ends, then another is got.
func TestAccessTokens(t *testing.T) {
	r := newRig(t)
	for range 3 {
		r.read()
	}
	if n := r.count("/admin/oauth/access_token"); n != 1 {
		t.Errorf("%d grants", n)
	}
	r.Move(24 * time.Hour)
	r.read()
	if n := r.count("/admin/oauth/access_token"); n != 2 {
		t.Errorf("%d grants", n)
	}
}
