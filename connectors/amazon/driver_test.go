package amazon_test

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/order"
	mall "github.com/mallbridge/mallbridge/simulator/amazon"
	"github.com/mallbridge/mallbridge/simulator/orders"
)

func TestWhatAmazonShipsIsLeftOutOrOutside(t *testing.T) {
	fba := func(o *orders.Order) { o.MallShips = true }
	r := newRig(t, mall.Options{})
	own, theirs := r.two(mall.Unshipped), r.two(mall.Unshipped, fba)
	if got := r.read(r.window()); len(got) != 1 || got[own.Number].Number == "" {
		t.Errorf("%v", got)
	}
	if o, _ := r.Reread(theirs.Number); !o.HasFlag(order.FlagMallFulfils) {
		t.Errorf("%+v", o)
	}
	r = newRig(t, mall.Options{}, "fulfilled_by", "all")
	own, theirs = r.two(mall.Unshipped), r.two(mall.Unshipped, fba)
	got := r.read(r.window())
	if a, b := got[own.Number], got[theirs.Number]; len(got) != 2 || a.HasFlag(order.FlagMallFulfils) || !b.HasFlag(order.FlagMallFulfils) {
		t.Errorf("%+v", got)
	}
}

// A pending order has neither address nor amounts; when it is paid it comes again, for
// it was updated.
func TestPendingOrdersComeAgainWhenPaid(t *testing.T) {
	r := newRig(t, mall.Options{})
	o := r.order(r.Now().Add(-5 * time.Minute))
	r.check(r.Place(sellerID, &o, mall.Pending))
	w := r.window()
	if got := r.read(w)[o.Number]; got.Status != mall.Pending || got.Total != 0 || got.Packages[0].To.Street != "" {
		t.Errorf("%+v", got)
	}
	r.Move(time.Hour)
	if got := r.read(connectors.Window{From: w.To, To: r.window().To})[o.Number]; got.Status != mall.Unshipped || got.Total != o.Total || got.Packages[0].To.Street == "" {
		t.Errorf("%+v", got)
	}
}

func TestWhatHoldsAnOrder(t *testing.T) {
	r := newRig(t, mall.Options{})
	plain, easy := r.two(mall.Unshipped), r.order(r.Now().Add(-time.Hour))
	r.check(r.PlaceSpecial(sellerID, &easy, mall.Unshipped, mall.Special{Programs: []string{"AMAZON_EASY_SHIP"}}))
	wished := r.order(r.Now().Add(-time.Hour))
	day := time.Date(2026, 7, 20, 14, 0, 0, 0, mall.Tokyo)
	r.check(r.PlaceSpecial(sellerID, &wished, mall.Unshipped, mall.Special{Programs: []string{"PRIME"}, Scheduled: [2]time.Time{day, day.Add(2 * time.Hour)}}))
	gift := r.two(mall.Unshipped, func(o *orders.Order) { o.Gift = "お誕生日おめでとう" })
	asked := r.two(mall.Unshipped)
	r.check(r.AskCancel(asked.Number, "mistake"))
	r.Move(10 * time.Minute)
	got := r.read(r.window())
	for n, want := range map[string][]string{
		plain.Number: nil, easy.Number: {order.FlagWarning}, wished.Number: nil, gift.Number: {order.FlagGift}, asked.Number: {order.FlagClaim},
	} {
		if o := got[n]; !slices.Equal(o.Flags, want) {
			t.Errorf("order %s: flags %v, want %v", n, o.Flags, want)
		}
	}
	if p := got[wished.Number].Packages[0]; p.DeliverOn != "2026-07-20" || p.TimeBand != "14:00-16:00" {
		t.Errorf("%s %s", p.DeliverOn, p.TimeBand)
	}
	if l := got[gift.Number].Packages[0].Lines[0]; !strings.Contains(l.Note, "お誕生日おめでとう") {
		t.Errorf("%+v", l)
	}
	// A confirmation would close the buyer's request.
	r.WantText(r.Ship(parcel(asked, "400000000101"))[0], connectors.Rejected, "the buyer asks to cancel")
	if n := r.Called("shipmentConfirmation"); n != 0 {
		t.Errorf("%d confirmations", n)
	}
}

// The third way: numbers from a report, the orders one by one. They are the same.
func TestOrdersByReportAreThoseOfTheSearch(t *testing.T) {
	r := newRig(t, mall.Options{}, "orders_by", "report")
	if got := r.read(r.window()); len(got) != 0 {
		t.Errorf("%v", got)
	}
	var placed []string
	for range 3 {
		placed = append(placed, r.two(mall.Unshipped).Number)
	}
	r.two(mall.Unshipped, func(o *orders.Order) { o.MallShips = true })
	placed = append(placed, r.two(mall.Cancelled).Number, r.two(mall.Shipped).Number)
	w := r.window()
	got := r.read(w)
	if len(got) != len(placed) || r.Called("/orders/2026-01-01/orders?") != 0 || r.Called("POST /reports/2021-06-30/reports") != 2 {
		t.Errorf("%d orders of %d: %q", len(got), len(placed), r.Calls())
	}
	other := newRig(t, mall.Options{})
	other.Between(func(w http.ResponseWriter, q *http.Request, _ http.Handler) { r.Mall.ServeHTTP(w, q) })
	if d := gocmp.Diff(other.read(w), got); d != "" {
		t.Errorf("-search +report\n%s", d)
	}
}

func TestParcelsOfOneOrder(t *testing.T) {
	r := newRig(t, mall.Options{}, "shipping_method", "宅急便")
	o := r.two(mall.Unshipped)
	a, b := o.Parcels[0].Lines[0].Key, o.Parcels[0].Lines[1].Key
	r.WantText(r.Ship(parcel(o, "4000-0000-0101", pieces(a, 0)))[0], connectors.Done, "")
	now, shown := r.Reread(o.Number)
	if now.Status != mall.PartiallyShipped || now.Lines() != 1 || now.Packages[0].Lines[0].Key != b {
		t.Errorf("%s %+v", now.Status, now.Packages)
	}
	if len(shown) != 1 || shown[0].Tracking != "400000000101" || shown[0].Carrier != "yamato" || !slices.Equal(shown[0].Lines, []string{a}) {
		t.Errorf("%+v", shown)
	}
	r.WantText(r.Ship(parcel(o, "400000000102", pieces(a, 0)))[0], connectors.Rejected, "nothing is left")
	last := parcel(o, "400000000103", pieces(b, 1))
	last.Carrier = "fukuyama"
	r.WantText(r.Ship(last)[0], connectors.Done, "")
	r.WantText(r.Ship(last)[0], connectors.Already, "")
	p := r.packages(o)
	if len(p) != 2 || p["400000000101"].Items[a] != 3 || p["400000000101"].Method != "宅急便" || p["400000000103"].Carrier != "Other" || p["400000000103"].Name != "福山通運" {
		t.Errorf("%+v", p)
	}
	if now, _ := r.Reread(o.Number); now.Status != mall.Shipped || now.Lines() != 2 {
		t.Errorf("%s %+v", now.Status, now.Packages)
	}
	// A correction edits the package: its reference and items stay.
	fix := parcel(o, "400000000104")
	fix.Correct, fix.Was = true, "400000000101"
	r.WantText(r.Ship(fix)[0], connectors.Done, "")
	q := r.packages(o)
	if x := q["400000000104"]; len(q) != 2 || x.Reference != p["400000000101"].Reference || x.Items[a] != 3 || len(x.Items) != 1 {
		t.Errorf("%+v", q)
	}
	fix.Tracking, fix.Was = "400000000105", "400000000109"
	r.WantText(r.Ship(fix)[0], connectors.Rejected, "400000000109")
}

func TestCashOnDeliveryIsSaid(t *testing.T) {
	r := newRig(t, mall.Options{})
	o := r.two(mall.Unshipped, func(o *orders.Order) { o.Payment, o.Fee = "CashOnDelivery", 330 })
	if got := r.read(r.window())[o.Number]; got.Payment != "CashOnDelivery" || got.Total != o.Total {
		t.Errorf("%+v", got)
	}
	r.WantText(r.Ship(parcel(o, "400000000101"))[0], connectors.Done, "")
	if p := r.packages(o)["400000000101"]; !p.COD {
		t.Errorf("%+v", p)
	}
}

func TestWhatCannotBeShipped(t *testing.T) {
	r := newRig(t, mall.Options{})
	gone := r.two(mall.Unshipped)
	r.check(r.Cancel(gone.Number))
	hand := r.two(mall.Shipped)
	none := parcel(r.two(mall.Unshipped), "")
	unknown := parcel(hand, "400000000107")
	unknown.Order = "503-9999999-9999999"
	badly := parcel(hand, "400000000108")
	badly.ShippedOn = "15.07.2026"
	res := r.Ship(parcel(gone, "400000000101"), parcel(hand, "400000000102"), none, unknown, badly)
	r.WantText(res[0], connectors.Rejected, "cancelled")
	r.WantText(res[1], connectors.Rejected, "400000000013")
	r.WantText(res[2], connectors.Rejected, "tracking")
	r.WantText(res[3], connectors.Rejected, "does not know")
	r.WantText(res[4], connectors.Rejected, "no date")
	// The date is that of the order at the earliest and now at the latest.
	for _, day := range []order.Date{"2026-07-01", "2026-07-15", "2026-07-16"} {
		o := r.two(mall.Unshipped)
		s := parcel(o, "400000000103")
		s.ShippedOn = day
		r.WantText(r.Ship(s)[0], connectors.Done, "")
	}
}

// Many parcels of whole orders go as one feed, without a look at each order.
func TestManyParcelsGoAsAFeed(t *testing.T) {
	r := newRig(t, mall.Options{}, "feed_from", "10")
	var list []*orders.Order
	var s []connectors.Shipment
	for i := range 12 {
		o := r.two(mall.Unshipped)
		list, s = append(list, o), append(s, parcel(o, fmt.Sprintf("4000000002%02d", i)))
	}
	s[3].Carrier = "fukuyama"
	r.check(r.Cancel(list[5].Number))
	part := r.two(mall.Unshipped)
	s = append(s, parcel(part, "400000000301", pieces(part.Parcels[0].Lines[1].Key, 1)))
	res := r.Ship(s...)
	r.WantText(res[12], connectors.Done, "")
	ref := res[0].Ref
	for i, x := range res[:12] {
		if x.Outcome != connectors.Unknown || x.Ref == "" || x.Ref != ref {
			t.Errorf("parcel %d: %+v", i, x)
		}
	}
	if n := r.Called("GET /orders/"); n != 1 { // of the part
		t.Errorf("%d orders were read", n)
	}
	for _, x := range r.Driver.CheckShip(t.Context(), ref, s[:12]) {
		r.WantText(x, connectors.Unknown, "IN_QUEUE")
	}
	r.Move(3 * time.Minute)
	for i, x := range r.Driver.CheckShip(t.Context(), ref, s[:12]) {
		if i == 5 {
			r.WantText(x, connectors.Rejected, "18028")
		} else {
			r.WantText(x, connectors.Done, "")
		}
	}
	if p := r.packages(list[3])["400000000203"]; p.Carrier != "Other" || p.Name != "福山通運" || len(p.Items) != 2 {
		t.Errorf("%+v", p)
	}
	// The same again says what is shown.
	again := r.Ship(s[:12]...)
	r.Move(3 * time.Minute)
	for i, x := range r.Driver.CheckShip(t.Context(), again[0].Ref, s[:12]) {
		if i != 5 {
			r.WantText(x, connectors.Already, "")
		}
	}
	// A feed that ends badly did nothing; one that nobody knows neither.
	fresh := r.two(mall.Unshipped)
	r.Break(mall.Faults{Fatal: true})
	r.WantText(r.Driver.CheckShip(t.Context(), "1", []connectors.Shipment{parcel(fresh, "400000000401")})[0], connectors.Retry, "does not know the feed")
	var more []connectors.Shipment
	for i := range 10 {
		more = append(more, parcel(r.two(mall.Unshipped), fmt.Sprintf("4000000005%02d", i)))
	}
	res = r.Ship(more...)
	r.Move(3 * time.Minute)
	for _, x := range r.Driver.CheckShip(t.Context(), res[0].Ref, more) {
		r.WantText(x, connectors.Retry, "FATAL")
	}
}

// What a feed needs and lacks is refused without a call.
func TestFeedNeedsTheSeller(t *testing.T) {
	r := newRig(t, mall.Options{}, "feed_from", "1", "seller_id", "")
	r.WantText(r.Ship(parcel(r.two(mall.Unshipped), "400000000101"))[0], connectors.Rejected, "seller_id")
	if len(r.Calls()) != 0 {
		t.Errorf("%q", r.Calls())
	}
}

// An answer that says 204 is no proof: what Amazon dropped is not shown.
func TestDroppedConfirmationsAreNotShown(t *testing.T) {
	r := newRig(t, mall.Options{})
	o := r.two(mall.Unshipped)
	r.Break(mall.Faults{Silent: true})
	r.WantText(r.Ship(parcel(o, "400000000101"))[0], connectors.Done, "")
	if now, shown := r.Reread(o.Number); now.Status != mall.Unshipped || len(shown) != 0 {
		t.Errorf("%s %+v", now.Status, shown)
	}
}

func TestStock(t *testing.T) {
	r := newRig(t, mall.Options{})
	for _, l := range []mall.Listing{
		{SKU: "MUG 青/01", ASIN: "B000SAMPL1", Quantity: 3, Days: 4},
		{SKU: "A,B", ASIN: "B000SAMPL2", Quantity: 3, Days: 2},
		{SKU: "FBA-LAMP", ASIN: "B000SAMPL3", Channel: "AMAZON_JP"},
	} {
		r.check(r.Sell(sellerID, l))
	}
	codes := func(sku string) order.Codes { return order.Codes{ItemCode: sku} }
	res := r.Driver.SetStock(t.Context(), []connectors.Quantity{
		{Codes: codes("MUG 青/01"), Sell: 12}, {Codes: codes("A,B"), Sell: 0}, {Codes: codes("FBA-LAMP"), Sell: 5}, {Codes: codes("none"), Sell: 5}, {Codes: codes("MUG 青/01"), Sell: 12},
	})
	r.WantText(res[0], connectors.Done, "ACCEPTED")
	r.WantText(res[1], connectors.Done, "")
	r.WantText(res[2], connectors.Rejected, "AMAZON_JP")
	r.WantText(res[3], connectors.Rejected, "no listing")
	r.WantText(res[4], connectors.Already, "")
	if n := r.Called("PATCH"); n != 2 {
		t.Errorf("%d patches", n)
	}
	// The handling time stays.
	if n, days, err := r.Offer(sellerID, "MUG 青/01"); err != nil || n != 12 || days != 4 {
		t.Errorf("%d pieces, %d days, %v", n, days, err)
	}
	got, err := r.Driver.ReadStock(t.Context(), []order.Codes{codes("A,B"), codes("FBA-LAMP"), codes("MUG 青/01")})
	if err != nil || !slices.Equal(got, []int64{0, -1, 12}) {
		t.Errorf("%v, %v", got, err)
	}
	// A 200 that says INVALID changed nothing.
	r.Between(func(w http.ResponseWriter, q *http.Request, m http.Handler) {
		if q.Method == http.MethodPatch {
			_, _ = io.WriteString(w, `{"sku":"A,B","status":"INVALID","submissionId":"sample-0002","issues":[{"code":"90220","message":"fulfillment_availability needs a channel code (sample)","severity":"ERROR","categories":["MISSING_ATTRIBUTE"]}]}`)
			return
		}
		m.ServeHTTP(w, q)
	})
	r.WantText(r.Driver.SetStock(t.Context(), []connectors.Quantity{{Codes: codes("A,B"), Sell: 7}})[0], connectors.Rejected, "90220 fulfillment_availability")
}

// The pace follows the usage plan that Amazon names.
func TestThePaceFollowsThePlan(t *testing.T) {
	r := newRig(t, mall.Options{Rates: map[string]float64{"searchOrders": 1}})
	for range 2500 {
		o := r.order(r.Now().Add(-time.Hour))
		r.check(r.Place(sellerID, &o, mall.Unshipped))
	}
	w, begun := r.window(), r.Now()
	if n := len(r.read(w)); n != 2500 {
		t.Errorf("%d orders", n)
	}
	if d := r.Now().Sub(begun); d > 30*time.Second {
		t.Errorf("25 pages at one a second took %v", d)
	}
}

// While an app secret is replaced, the one that works is used.
func TestTwoSecrets(t *testing.T) {
	const second = "amzn1.oa2-cs.v1.invented0app0secret0two"
	r := newRig(t, mall.Options{}, "client_secret_next", second)
	r.seller.NextSecret = second
	r.add()
	tokens := func() int { return r.Called("/login/") }
	r.two(mall.Unshipped)
	r.read(r.window())
	if n := tokens(); n != 1 {
		t.Errorf("%d calls for a token while both work", n)
	}
	r.Move(151 * 24 * time.Hour) // the first has ended
	for range 2 {
		r.Forget()
		r.two(mall.Unshipped)
		if got := r.read(r.window()); len(got) == 0 {
			t.Errorf("%v", got)
		}
		r.Move(2 * time.Hour)
	}
	if n := tokens(); n != 1 {
		t.Errorf("%d calls: the secret that works is tried first", n)
	}
	r.seller.NextSecret = "amzn1.oa2-cs.v1.invented0app0secret0three"
	r.add()
	var last error
	for _, err := range r.Driver.Read(t.Context(), connectors.Read{Window: r.window(), Kind: connectors.ReadNew}) {
		last = err
	}
	if e := connectors.AsError(last); last == nil || e.Cause != connectors.CauseKey || !strings.Contains(e.Hint, "180 days") {
		t.Errorf("%v", last)
	}
}

func TestConsent(t *testing.T) {
	const app = "amzn1.sp.solution.00000000-0000-0000-0000-000000000001"
	r := newRig(t, mall.Options{}, "application_id", app, "app_draft", "yes", "seller_id", "", "refresh_token", "")
	d := r.Driver.Driver().(connectors.Consenter)
	address, err := d.Consent("https://shop.example/back", "state&1")
	r.check(err)
	u, err := url.Parse(address)
	r.check(err)
	q := u.Query()
	if u.Path != "/consent/apps/authorize/consent" || q.Get("application_id") != app || q.Get("state") != "state&1" ||
		q.Get("version") != "beta" || q.Get("redirect_uri") != "https://shop.example/back" {
		t.Errorf("%s", address)
	}
	if len(r.Calls()) != 0 {
		t.Errorf("%q", r.Calls())
	}
	code, err := r.Agree(sellerID)
	r.check(err)
	g, err := d.Redeem(t.Context(), "https://shop.example/back", url.Values{"spapi_oauth_code": {code}, "selling_partner_id": {sellerID}, "state": {"state&1"}})
	if err != nil || g.Secrets["refresh_token"] != refreshToken || g.Settings["seller_id"] != sellerID || g.Settings["authorised"] != "2026-07-15" {
		t.Errorf("%+v, %v", g, err)
	}
	alone, err := r.Agree(sellerID)
	r.check(err)
	if g, err := d.Redeem(t.Context(), "", url.Values{"code": {alone}}); err != nil || g.Secrets["refresh_token"] != refreshToken || g.Settings["seller_id"] != "" {
		t.Errorf("a code alone: %+v, %v", g, err)
	}
	for name, answer := range map[string]url.Values{
		"used":    {"spapi_oauth_code": {code}, "selling_partner_id": {sellerID}},
		"refused": {"error": {"access_denied"}, "error_description": {"the seller said no"}},
		"empty":   {},
	} {
		if _, err := d.Redeem(t.Context(), "", answer); err == nil || order.HintOf(err) == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
	other := newRig(t, mall.Options{})
	code, err = other.Agree(sellerID)
	r.check(err)
	if _, err := other.Driver.Driver().(connectors.Consenter).Redeem(t.Context(), "", url.Values{"spapi_oauth_code": {code}, "selling_partner_id": {"A0ANOTHERSELLER"}}); err == nil {
		t.Error("another seller's consent was taken")
	}
	if _, err := other.Driver.Driver().(connectors.Consenter).Consent("", "x"); err == nil || order.HintOf(err) == "" {
		t.Errorf("%v", err)
	}
}

func TestExpiry(t *testing.T) {
	for _, x := range []struct{ issued, authorised, want string }{
		{"2026-07-05", "", "2026-12-31T14:59:59Z"},
		{"2026-07-05", "2026-07-05", "2026-12-31T14:59:59Z"},
		{"2026-07-05", "2025-08-01", "2026-07-31T14:59:59Z"},
		{"", "2025-08-01", "2026-07-31T14:59:59Z"},
		{"", "", "0001-01-01T00:00:00Z"},
	} {
		r := newRig(t, mall.Options{}, "secret_issued", x.issued, "authorised", x.authorised)
		if at, err := r.Driver.Expires(t.Context()); err != nil || at.Format(time.RFC3339) != x.want {
			t.Errorf("%+v: %v, %v", x, at, err)
		}
	}
}

func TestAccountTest(t *testing.T) {
	for _, x := range []struct {
		name     string
		settings []string
		change   func(*rig)
		check    string // that fails; none if empty
		do       string
	}{
		{"all is well", nil, func(*rig) {}, "", ""},
		{"wrong refresh token", []string{"refresh_token", "Atzr|Another0Refresh0Token"}, func(*rig) {}, "login", "authorise the app again"},
		{"no refresh token", []string{"refresh_token", ""}, func(*rig) {}, "login", "account consent"},
		{"wrong secret", []string{"client_secret", "amzn1.oa2-cs.v1.another0app0secret"}, func(*rig) {}, "login", "180 days"},
		{"no role for addresses", nil, func(r *rig) { r.seller.Lacks = []string{mall.RoleShipping}; r.add() }, "recipient", "Direct-to-Consumer Shipping"},
		{"no role for orders", nil, func(r *rig) { r.seller.Lacks = []string{mall.RoleOrders}; r.add() }, "searchOrders", "role"},
		{"no role for listings", nil, func(r *rig) { r.seller.Lacks = []string{mall.RoleListings}; r.add() }, "searchListingsItems", "role"},
		{"no seller", []string{"seller_id", ""}, func(*rig) {}, "searchListingsItems", "merchant token"},
		{"secret of 170 days", nil, func(r *rig) { r.Move(140 * 24 * time.Hour) }, "key_expiry", "client_secret_next"},
		{"no day of issue", []string{"secret_issued", ""}, func(*rig) {}, "key_expiry", "180 days"},
	} {
		t.Run(x.name, func(t *testing.T) {
			r := newRig(t, mall.Options{}, x.settings...)
			r.two(mall.Unshipped)
			x.change(r)
			bad := map[string]string{}
			for _, c := range r.Driver.Test(t.Context()) {
				if !c.OK {
					bad[c.Name] = c.Detail + " → " + c.Do
				}
			}
			if x.check == "" && len(bad) > 0 || x.check != "" && (len(bad) != 1 || !strings.Contains(bad[x.check], x.do)) {
				t.Errorf("%v, want %q with %q", bad, x.check, x.do)
			}
		})
	}
}

// What Amazon may say instead of orders, and what is to be done about it.
func TestErrorsAreSorted(t *testing.T) {
	const well = connectors.Class(99)
	errors := func(code, message, details string) string {
		return fmt.Sprintf(`{"errors":[{"code":%q,"message":%q,"details":%q}]}`, code, message, details)
	}
	for _, x := range []struct {
		name   string
		status int
		body   string
		class  connectors.Class
		cause  connectors.Cause
	}{
		{"nothing found", 200, `{"orders":[]}`, well, ""},
		{"no list", 200, `{}`, connectors.Transient, ""},
		{"input", 400, errors("InvalidInput", "Invalid Input", "createdAfter and lastUpdatedAfter were both given (sample)"), connectors.Refused, ""},
		{"expired", 403, errors("Unauthorized", "Access to requested resource is denied.", "The access token you provided has expired."), connectors.Reauth, connectors.CauseKey},
		{"role", 403, errors("Unauthorized", "Access to requested resource is denied.", ""), connectors.Reauth, connectors.CauseFunction},
		{"quota", 429, errors("QuotaExceeded", "You exceeded your quota for the requested resource.", ""), connectors.Wait, ""},
		{"fault", 500, errors("InternalFailure", "We encountered an internal error. Please try again.", ""), connectors.Transient, ""},
		{"unavailable", 503, "", connectors.Transient, ""},
		{"page", 200, "<html>blocked</html>", connectors.Transient, ""},
		{"inside", 200, errors("InternalFailure", "x", ""), connectors.Transient, ""},
	} {
		r := newRig(t, mall.Options{})
		r.Between(func(w http.ResponseWriter, q *http.Request, m http.Handler) {
			if strings.HasPrefix(q.URL.Path, "/login") {
				m.ServeHTTP(w, q)
				return
			}
			w.WriteHeader(x.status)
			_, _ = io.WriteString(w, x.body)
		})
		var last error
		for _, err := range r.Driver.Read(t.Context(), connectors.Read{Window: r.window(), Kind: connectors.ReadNew}) {
			last = err
		}
		switch e := connectors.AsError(last); {
		case x.class == well && last != nil, x.class != well && last == nil:
			t.Errorf("%s: %v", x.name, last)
		case x.class != well && (e.Class != x.class || e.Cause != x.cause):
			t.Errorf("%s: %v %q, want %v %q", x.name, e.Class, e.Cause, x.class, x.cause)
		case x.class == connectors.Refused && !strings.Contains(order.HintOf(last), "orders_by: report"):
			t.Errorf("%s: %v: %s", x.name, last, order.HintOf(last))
		}
	}
}
