package smartstore_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/connectors/smartstore"
	"github.com/mallbridge/mallbridge/order"
	"github.com/mallbridge/mallbridge/simulator/orders"
	mall "github.com/mallbridge/mallbridge/simulator/smartstore"
)

// two is an order of three pieces of one product and one of another, in one bundle.
func (r *rig) two(state string) *orders.Order { return r.with(state, func(*orders.Order) {}) }

func (r *rig) with(state string, change func(*orders.Order)) *orders.Order {
	r.Helper()
	o := r.stream.Ordinary(orders.SmartStore, r.Now().In(mall.Seoul), 1)[0]
	o.Ordered = r.Now().Add(-2 * time.Hour)
	p := &o.Parcels[0]
	first := p.Lines[0].Key
	n, err := strconv.ParseInt(first, 10, 64)
	r.check(err)
	p.Lines = []orders.Line{
		{Key: first, ItemID: "9000000101", ItemCode: "HK", OptionCode: "HK-BL-01", Name: "들꽃 면 손수건", Option: "색상: 파랑", Quantity: 3, Price: 6900},
		{Key: strconv.FormatInt(n+1, 10), ItemID: "9000000102", ItemCode: "SOAP-3", Name: "쑥 비누 3개 묶음", Quantity: 1, Price: 9900},
	}
	change(&o)
	r.check(r.Place(seller, &o, state))
	return &o
}

func key(o *orders.Order, line int) string { return o.Parcels[0].Lines[line].Key }

func (r *rig) confirm(o ...*orders.Order) []connectors.Result {
	var all []order.Order
	for _, x := range o {
		all = append(all, order.Order{Number: x.Number})
	}
	return r.Driver.Confirm(r.Context(), all)
}

func parcel(o *orders.Order, number string, lines ...string) connectors.Shipment {
	s := connectors.Shipment{Order: o.Number, Package: o.Parcels[0].Key, Carrier: "cj", Tracking: number, ShippedOn: "2026-07-15"}
	for _, l := range lines {
		s.Lines = append(s.Lines, connectors.ShippedLine{Line: l})
	}
	return s
}

// The log names one product order; the order comes with all.
func TestLinesOfAnOrderComeTogether(t *testing.T) {
	for _, last := range []bool{false, true} {
		r := newRigOf(t, mall.Options{LastOnly: last})
		o := r.two(mall.Confirmed)
		r.two(mall.Unpaid)
		r.Move(5 * time.Hour)
		_, err := r.AskCancel(seller, o.Number, key(o, 1), 0, "")
		r.check(err)
		late := connectors.Window{From: r.Now().Add(-time.Minute), To: r.Now().Add(time.Minute)}
		got := r.Orders(connectors.Read{Window: late, Kind: connectors.ReadNew})[o.Number]
		if got.Status != "발주확인" || got.Lines() != 1 || got.Packages[0].Lines[0].Name != "들꽃 면 손수건" || !got.HasFlag(order.FlagClaim) {
			t.Errorf("last only %v: %s, %v, %+v", last, got.Status, got.Flags, got.Packages)
		}
		r.check(r.Withdraw(seller, o.Number, key(o, 1)))
		if got := r.Order(o.Number); got.Lines() != 2 || len(got.Flags) != 0 {
			t.Errorf("withdrawn: %v, %+v", got.Flags, got.Packages)
		}
		// What was sent is left out as long as the other waits, then all of it comes.
		r.Want(r.Ship(parcel(o, "690000000101", key(o, 0)))[0], connectors.Done, "")
		if got := r.Order(o.Number); got.Status != "발주확인" || got.Lines() != 1 || got.Packages[0].Lines[0].Key != key(o, 1) {
			t.Errorf("status %s, %+v", got.Status, got.Packages)
		}
		r.Want(r.Ship(parcel(o, "690000000102", key(o, 1)))[0], connectors.Done, "")
		if got := r.Order(o.Number); got.Status != "배송중" || got.Lines() != 2 {
			t.Errorf("status %s, %+v", got.Status, got.Packages)
		}
	}
}

// A payment that arrives days later brings the order then.
func TestPaidLater(t *testing.T) {
	r := newRig(t)
	o := r.two(mall.Unpaid)
	if got := r.Orders(connectors.Read{Window: r.Lately(), Kind: connectors.ReadNew}); len(got) != 0 {
		t.Errorf("%d orders that nobody has paid", len(got))
	}
	r.Move(50 * time.Hour)
	r.check(r.Pay(seller, o.Number))
	r.Move(time.Minute)
	all := r.Orders(connectors.Read{Window: r.Lately(), Kind: connectors.ReadNew})
	if got := all[o.Number]; len(all) != 1 || got.Status != "신규주문" || got.Lines() != 2 {
		t.Errorf("%+v", all)
	}
}

// The log goes on by moreSequence, also in the middle of an instant.
func TestLogOfManyChangesAtOnce(t *testing.T) {
	r := newRig(t)
	at := r.Now().Add(-time.Hour)
	for range 400 {
		r.with(mall.Confirmed, func(o *orders.Order) { o.Ordered = at })
	}
	got := r.Orders(connectors.Read{Window: connectors.Window{From: at, To: at.Add(time.Second)}, Kind: connectors.ReadNew})
	if len(got) != 400 || r.Called("last-changed-statuses") != 3 {
		t.Errorf("%d orders by %d calls of the log", len(got), r.Called("last-changed-statuses"))
	}
	if n := r.Called("product-order-ids"); n != 0 {
		t.Errorf("%d orders were asked for one by one", n)
	}
}

// The seller who confirms in the centre leaves no trace in the log.
func TestConfirmedByHand(t *testing.T) {
	r := newRig(t)
	o := r.two(mall.Fresh)
	r.check(r.Confirm(seller, o.Number))
	r.Move(50 * time.Hour)
	w := connectors.Window{From: o.Ordered.Add(-time.Hour), To: o.Ordered.Add(40 * time.Hour)}
	if got := r.Orders(connectors.Read{Window: w, Kind: connectors.ReadOpen})[o.Number]; got.Status != "발주확인" || got.Lines() != 2 {
		t.Errorf("status %s, %+v", got.Status, got.Packages)
	}
	if n := r.Called("/product-orders"); n != 2 {
		t.Errorf("%d calls for a span of 41 hours", n)
	}
}

// Orders whose product orders are known need no call of their own.
func TestRereadTakesFewCalls(t *testing.T) {
	r := newRig(t)
	var numbers []string
	for range 60 {
		numbers = append(numbers, r.two(mall.Confirmed).Number)
	}
	r.Orders(connectors.Read{Window: r.Lately(), Kind: connectors.ReadNew})
	r.Forget()
	all, missing := r.Parsed(r.Driver.Reread(t.Context(), append(numbers, "2026071500099999")))
	if len(all.Orders) != 60 || len(all.Refused) != 0 || !slices.Equal(missing, []string{"2026071500099999"}) || len(r.Calls()) != 2 {
		t.Errorf("%d orders, %d refused, missing %v, calls %q", len(all.Orders), len(all.Refused), missing, r.Calls())
	}
}

func TestConfirm(t *testing.T) {
	r := newRig(t)
	o := r.two(mall.Fresh)
	moved := o.Buyer
	moved.Street, moved.Building = "새바다로 77", "9층"
	r.check(r.Mall.Move(seller, o.Number, moved))
	r.Want(r.confirm(o)[0], connectors.Done, "")
	if got := r.Order(o.Number); !strings.HasSuffix(got.Packages[0].To.Street, "새바다로 77") || got.Packages[0].To.Building != "9층" || got.Status != "발주확인" {
		t.Errorf("status %s, %+v", got.Status, got.Packages[0].To)
	}
	r.Want(r.confirm(o)[0], connectors.Already, "")
	if n := r.Called("/confirm"); n != 1 {
		t.Errorf("%d calls: a confirmed order was confirmed again", n)
	}
	gift, byMall := r.two(mall.Gift), r.with(mall.Fresh, func(o *orders.Order) { o.MallShips = true })
	gone, cancelled := r.two(mall.Fresh), r.two(mall.Fresh)
	r.check(r.Cancel(seller, cancelled.Number))
	r.check(r.Mall.Forget(seller, gone.Number))
	res := r.confirm(gift, byMall, gone, cancelled)
	r.Want(res[0], connectors.Retry, "")
	r.Want(res[1], connectors.Already, "")
	r.Want(res[2], connectors.Rejected, "100003")
	r.Want(res[3], connectors.Rejected, "")
	if got := r.Order(gift.Number); !got.HasFlag(order.FlagAddressLater) || got.Packages[0].To.Name != "" {
		t.Errorf("%v, %+v", got.Flags, got.Packages[0].To)
	}
	r.check(r.Mall.Move(seller, gift.Number, moved))
	r.Want(r.confirm(gift)[0], connectors.Done, "")
	if got := r.Order(gift.Number); !got.HasFlag(order.FlagGift) || got.HasFlag(order.FlagAddressLater) || got.Packages[0].To.Name != moved.Name() {
		t.Errorf("%v, %+v", got.Flags, got.Packages[0].To)
	}
	if got := r.Order(byMall.Number); !got.HasFlag(order.FlagMallFulfils) {
		t.Errorf("%v", got.Flags)
	}
	// 30 product orders go in a call.
	var many []*orders.Order
	for range 40 {
		many = append(many, r.two(mall.Fresh))
	}
	r.Forget()
	for _, x := range r.confirm(many...) {
		r.Want(x, connectors.Done, "")
	}
	if n := r.Called("/confirm"); n != 3 {
		t.Errorf("%d calls for 80 product orders", n)
	}
}

// A confirmation between our look and our call is found out afterwards.
func TestConfirmedMeanwhile(t *testing.T) {
	r := newRig(t)
	o := r.two(mall.Fresh)
	r.Between(func(w http.ResponseWriter, q *http.Request, m http.Handler) {
		if strings.HasSuffix(q.URL.Path, "/confirm") {
			r.check(r.Confirm(seller, o.Number))
		}
		m.ServeHTTP(w, q)
	})
	r.Want(r.confirm(o)[0], connectors.Already, "")
}

// What changes something is sent once, whatever comes back.
func TestWritesAreSentOnce(t *testing.T) {
	for _, did := range []bool{true, false} {
		r := newRig(t)
		o := r.two(mall.Confirmed)
		r.Lose("/dispatch", did)
		want := map[bool]connectors.Outcome{true: connectors.Done, false: connectors.Unknown}[did]
		r.Want(r.Ship(parcel(o, "690000000101"))[0], want, "")
		if n := r.Called("/dispatch"); n != 1 {
			t.Errorf("done %v: %d calls of dispatch", did, n)
		}
		r.Between(nil)
		r.Want(r.Ship(parcel(o, "690000000101"))[0], map[bool]connectors.Outcome{true: connectors.Already, false: connectors.Done}[did], "")
		if got := r.tracking(o.Number); !slices.Equal(got, []string{"690000000101"}) {
			t.Errorf("the mall shows %v", got)
		}
		o = r.two(mall.Fresh)
		r.Lose("/confirm", did)
		r.Want(r.confirm(o)[0], want, "")
		if n := r.Called("/confirm"); n != 1 {
			t.Errorf("done %v: %d calls of confirm", did, n)
		}
	}
}

// An answer that does not name a product order, or is a page of HTML, says nothing
// about it.
func TestAnswersThatSayNothing(t *testing.T) {
	for _, body := range []string{`{"data":{"successProductOrderIds":[],"failProductOrderInfos":[]}}`, "<html><body>점검중</body></html>", `{"code":"GW.TIMEOUT.01","message":"timeout"}`} {
		for _, did := range []bool{true, false} {
			r := newRig(t)
			o := r.two(mall.Confirmed)
			r.Between(func(w http.ResponseWriter, q *http.Request, m http.Handler) {
				if !strings.HasSuffix(q.URL.Path, "/dispatch") {
					m.ServeHTTP(w, q)
					return
				}
				if did {
					m.ServeHTTP(httptest.NewRecorder(), q)
				}
				_, _ = io.WriteString(w, body)
			})
			r.Want(r.Ship(parcel(o, "690000000101"))[0], map[bool]connectors.Outcome{true: connectors.Done, false: connectors.Unknown}[did], "")
		}
	}
}

func TestParcelsOfOneOrder(t *testing.T) {
	r := newRig(t)
	o := r.two(mall.Confirmed)
	for _, res := range r.Ship(parcel(o, "690000000101", key(o, 0)), parcel(o, "6900-0000-0102", key(o, 1))) {
		r.Want(res, connectors.Done, "")
	}
	if n := r.Called("/dispatch"); n != 1 {
		t.Errorf("%d calls", n)
	}
	if got := r.tracking(o.Number); !slices.Equal(got, []string{"690000000101", "690000000102"}) {
		t.Errorf("the mall shows %v", got)
	}
	// A product order has one number: the second is refused, in the same call and later.
	o = r.two(mall.Confirmed)
	res := r.Ship(parcel(o, "690000000201", key(o, 0)), parcel(o, "690000000202", key(o, 0)), parcel(o, "690000000201", key(o, 0)))
	r.Want(res[0], connectors.Done, "")
	r.Want(res[1], connectors.Rejected, "105306")
	r.Want(res[2], connectors.Done, "")
	late := parcel(o, "690000000203", key(o, 0))
	r.Want(r.Ship(late)[0], connectors.Rejected, "105306")
	late.Correct, late.Was = true, "690000000201"
	if res := r.Ship(late)[0]; res.Outcome != connectors.Rejected || !strings.Contains(res.Detail, "centre") {
		t.Errorf("%+v", res)
	}
	// One parcel of two orders to the same person, in one call.
	a := r.two(mall.Confirmed)
	b := r.with(mall.Confirmed, func(x *orders.Order) { x.Parcels[0].To = a.Parcels[0].To })
	c := r.two(mall.Confirmed)
	r.Forget()
	for _, res := range r.Ship(parcel(a, "690000000301"), parcel(b, "690000000301")) {
		r.Want(res, connectors.Done, "")
	}
	if n := r.Called("/dispatch"); n != 1 {
		t.Errorf("%d calls", n)
	}
	r.Want(r.Ship(parcel(c, "690000000301"))[0], connectors.Rejected, "104121")
}

func TestWhatCannotBeShipped(t *testing.T) {
	r := newRig(t)
	unconfirmed, asked, gone, byMall := r.two(mall.Fresh), r.two(mall.Confirmed), r.two(mall.Confirmed), r.with(mall.Confirmed, func(o *orders.Order) { o.MallShips = true })
	_, err := r.AskCancel(seller, asked.Number, key(asked, 0), 0, "")
	r.check(err)
	r.check(r.Dispatch(seller, gone.Number, "HANJIN", "510000000777"))
	bad, unknown, wrong, good := parcel(r.two(mall.Confirmed), "69"), parcel(r.two(mall.Confirmed), "690000000103"), parcel(r.two(mall.Confirmed), "690000000104"), r.two(mall.Confirmed)
	unknown.Order, wrong.Package = "2026071500099999", "1"
	stray := parcel(good, "690000000105", "2026071500099998")
	res := r.Ship(parcel(unconfirmed, "690000000101"), parcel(asked, "690000000102"), parcel(gone, "690000000106"), bad, unknown, wrong, stray, parcel(byMall, "690000000107"), parcel(good, "690000000108"))
	for i, code := range []string{"104443", "104443", "105306", "104122", "100003", "100001", "100001", "105308"} {
		r.Want(res[i], connectors.Rejected, code)
	}
	r.Want(res[8], connectors.Done, "")
	if !strings.Contains(res[0].Detail, "발주확인") || !strings.Contains(res[2].Detail, "510000000777") {
		t.Errorf("%+v\n%+v", res[0], res[2])
	}
	// What is left of the order goes without the claimed product order.
	r.Want(r.Ship(parcel(asked, "690000000109", key(asked, 1)))[0], connectors.Done, "")
	// Some pieces of one were cancelled.
	some := r.two(mall.Confirmed)
	_, err = r.AskCancel(seller, some.Number, key(some, 0), 1, "")
	r.check(err)
	if got := r.Order(some.Number); !got.HasFlag(order.FlagClaim) || got.Lines() != 1 {
		t.Errorf("%v %+v", got.Flags, got.Packages)
	}
	r.approve(key(some, 0))
	if got := r.Order(some.Number); len(got.Flags) != 0 || got.Packages[0].Lines[0].Quantity != 2 {
		t.Errorf("%v %+v", got.Flags, got.Packages[0].Lines)
	}
}

// approve is the seller who agrees to a cancellation in the centre.
func (r *rig) approve(id string) {
	r.Helper()
	r.check(r.Mall.Approve(seller, id))
}

func TestClaims(t *testing.T) {
	r := newRig(t)
	w := connectors.Window{From: r.Now().AddDate(0, 0, -1), To: r.Now().Add(time.Minute)}
	prepared, paid := r.two(mall.Confirmed), r.two(mall.Fresh)
	r.two(mall.Confirmed)
	id, err := r.AskCancel(seller, prepared.Number, key(prepared, 0), 1, "마음이 바뀌었어요")
	r.check(err)
	_, err = r.AskCancel(seller, paid.Number, key(paid, 1), 0, "")
	r.check(err)
	claims := func() []string {
		got, _ := r.Parsed(r.Driver.Claims(t.Context(), connectors.Window{From: w.From, To: r.Now().Add(time.Minute)}))
		var have []string
		for _, c := range got.Claims {
			have = append(have, fmt.Sprint(c.Kind, " ", c.State, " ", c.Order, " ", c.Line, " ", c.Quantity, " ", c.Reason))
		}
		if len(got.Refused) != 0 || len(got.Claims) > 0 && (got.Claims[0].Key != id || got.Claims[0].Package != prepared.Parcels[0].Key) {
			t.Errorf("%+v", got)
		}
		return have
	}
	want := []string{"cancel requested " + prepared.Number + " " + key(prepared, 0) + " 1 마음이 바뀌었어요", "cancel done " + paid.Number + " " + key(paid, 1) + " 1 INTENT_CHANGED"}
	if have := claims(); !slices.Equal(have, want) {
		t.Errorf("%q\nwant %q", have, want)
	}
	r.check(r.Withdraw(seller, prepared.Number, key(prepared, 0)))
	if have := claims(); !strings.HasPrefix(have[0], "cancel withdrawn ") {
		t.Errorf("%q", have)
	}
}

func TestStock(t *testing.T) {
	open := func(settings ...string) *rig {
		r := newRig(t, settings...)
		for _, p := range []mall.Product{
			{Channel: "5", OptionID: 51, Name: "손수건", Option: "파랑", Code: "A", OptionCd: "A-1", Price: 6900, Stock: 7, Discount: 500},
			{Channel: "5", OptionID: 52, Option: "분홍", OptionCd: "A-2", Extra: 300, Stock: 8},
			{Channel: "5", OptionID: 53, Option: "흰색", OptionCd: "A-3", Stock: 9},
			{Channel: "5", OptionID: 54, OptionCd: "BOX", Stock: 3, AddOn: true},
			{Channel: "6", Name: "비누", Code: "C", Price: 9900, Stock: 1},
			{Channel: "7", Name: "비누 대", Code: "C-1", Price: 9900, Status: "OUTOFSTOCK"},
			{Channel: "8", OptionID: 81, Name: "김", Code: "D", OptionCd: "D-1", Price: 5000, Unmanaged: true},
			{Channel: "9", Name: "겹침", Code: "E", Stock: 1},
			{Channel: "10", Name: "겹침", Code: "E", Stock: 1},
		} {
			r.check(r.Sell(seller, p))
		}
		return r
	}
	codes := func(item, code, option, seller string) order.Codes {
		return order.Codes{ItemID: item, ItemCode: code, OptionID: option, OptionCode: seller}
	}
	r := open()
	res := r.Driver.SetStock(t.Context(), []connectors.Quantity{
		{Codes: codes("5", "A", "", "A-1"), Sell: 17},
		{Codes: codes("", "A", "52", ""), Sell: 0},
		{Codes: codes("5", "", "", ""), Sell: 3},
		{Codes: codes("5", "", "", "A-9"), Sell: 3},
		{Codes: codes("5", "", "", "BOX"), Sell: 3},
		{Codes: codes("", "C", "", ""), Sell: 4},
		{Codes: codes("7", "", "", ""), Sell: 5},
		{Codes: codes("8", "", "81", ""), Sell: 5},
		{Codes: codes("", "E", "", ""), Sell: 5},
		{Codes: codes("99", "", "", ""), Sell: 5},
		{Codes: codes("6", "", "", ""), Sell: 100_000_000},
		{Codes: codes("x", "C", "", ""), Sell: 5},
	})
	for i, want := range []connectors.Outcome{
		connectors.Done, connectors.Done, connectors.Rejected, connectors.Rejected, connectors.Rejected, connectors.Done, connectors.Done, connectors.Rejected,
		connectors.Rejected, connectors.Rejected, connectors.Rejected, connectors.Rejected,
	} {
		if res[i].Outcome != want {
			t.Errorf("%d: %+v, want %v", i, res[i], want)
		}
	}
	for _, x := range []struct {
		channel string
		option  int64
		want    int64
	}{{"5", 51, 17}, {"5", 52, 0}, {"5", 53, 9}, {"6", 0, 4}, {"7", 0, 5}, {"8", 81, 0}} {
		if n, _ := r.Stock(seller, x.channel, x.option); n != x.want {
			t.Errorf("product %s, option %d: the mall has %d pieces, want %d", x.channel, x.option, n, x.want)
		}
	}
	// What goes with the stock is as it was.
	if status, price, discount, options := r.Offer(seller, "5"); status != "SALE" || price != 6900 || discount != 500 || !slices.Equal(options, []int64{0, 300, 0}) {
		t.Errorf("%s, %d, %d, %v", status, price, discount, options)
	}
	if status, _, _, _ := r.Offer(seller, "7"); status != "SALE" {
		t.Errorf("a product that has stock again is %s", status)
	}
	if n := r.Called("/option-stock"); n != 1 {
		t.Errorf("%d calls for three options of a product", n)
	}
	r.Forget()
	r.Want(r.Driver.SetStock(t.Context(), []connectors.Quantity{{Codes: codes("5", "A", "", "A-1"), Sell: 17}})[0], connectors.Already, "")
	if n := r.Called("PUT"); n != 0 {
		t.Errorf("%d calls that change nothing", n)
	}

	r = open("reopen", "no", "option_stock", "stock_only")
	r.Want(r.Driver.SetStock(t.Context(), []connectors.Quantity{{Codes: codes("7", "", "", ""), Sell: 5}})[0], connectors.Done, "")
	if status, _, _, _ := r.Offer(seller, "7"); status != "OUTOFSTOCK" || r.Called("/multi-update") != 1 {
		t.Errorf("%s, %q", status, r.Calls())
	}
}

func TestCatalogLeavesOutWhatIsDeleted(t *testing.T) {
	r := newRig(t)
	r.two(mall.Fresh)
	r.check(r.Sell(seller, mall.Product{Channel: "6", Name: "삭제", Status: "DELETE"}))
	r.check(r.Sell(seller, mall.Product{Channel: "7", Name: "품절", Code: "S", Price: 1000, Status: "OUTOFSTOCK"}))
	got, _ := r.Parsed(r.Driver.Catalog(t.Context(), connectors.CatalogFrom{}))
	var have []string
	for _, p := range got.Products {
		have = append(have, fmt.Sprint(p.Codes.ItemID, " ", p.Codes.OptionCode, " ", p.Option, " ", p.OnSale, " ", p.Stock, " ", p.Price))
	}
	slices.Sort(have)
	if want := []string{"7   false 0 1000", "9000000101 HK-BL-01 색상: 파랑 true 100 6900", "9000000102   true 100 9900"}; !slices.Equal(have, want) {
		t.Errorf("%q\nwant %q", have, want)
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
		{"wrong secret", func(r *rig) { r.seller.Secret = "$2a$04$abcdefghijklmnopqrstue"; r.add() }, "login", "compare client_id and client_secret"},
		{"address not registered", func(r *rig) { r.seller.IPs = []string{"192.0.2.1"}; r.add() }, "ip", "register this machine's public IP"},
		{"no right to products", func(r *rig) { r.seller.NoProducts = true; r.add() }, "products", "tick the group"},
		{"no right to orders", func(r *rig) { r.seller.NoOrders = true; r.add() }, "last-changed-statuses", "tick the group"},
		{"an agency's application", func(r *rig) { r.seller.Agency = true; r.add() }, "login", "compare client_id"},
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
			if x.check == "" && len(bad) > 0 || x.check != "" && !strings.Contains(bad[x.check], x.do) || strings.Contains(fmt.Sprint(bad), secret) {
				t.Errorf("%v, want %q with %q", bad, x.check, x.do)
			}
		})
	}
}

// An agency asks for the token of a seller.
func TestAgency(t *testing.T) {
	r := newRig(t, "token_type", "SELLER", "account_id", seller)
	r.seller.Agency = true
	r.add()
	o := r.two(mall.Confirmed)
	if got := r.Orders(connectors.Read{Window: r.Lately(), Kind: connectors.ReadNew}); len(got) != 1 {
		t.Errorf("order %s: %+v", o.Number, got)
	}
	for _, settings := range []map[string]string{{"client_id": clientID, "token_type": "SELLER"}, {"client_id": clientID, "account_id": seller}} {
		if _, err := smartstore.Spec.Open(connectors.Account{Name: "a", Settings: settings}, connectors.Options{}); err == nil || !strings.Contains(err.Error(), "account_id") {
			t.Errorf("%v: %v", settings, err)
		}
	}
}

// Two processes share the mall's token; near its end, and after it, a new one is got.
func TestToken(t *testing.T) {
	r := newRig(t)
	r.two(mall.Confirmed)
	other, err := smartstore.Spec.Open(connectors.Account{
		Name: "smartstore-main", Settings: map[string]string{connectors.BaseURL: r.Driver.BaseURL(), "client_id": clientID},
		Secret: func(string) (string, error) { return secret, nil },
	}, connectors.Options{Now: r.Now, Sleep: r.Sleep})
	r.check(err)
	read := func(m *connectors.Mall) {
		t.Helper()
		for _, err := range m.Read(t.Context(), connectors.Read{Window: r.Lately(), Kind: connectors.ReadOpen}) {
			r.check(err)
		}
	}
	tokens := map[string]bool{}
	r.Between(func(w http.ResponseWriter, q *http.Request, m http.Handler) {
		if a := q.Header.Get("Authorization"); a != "" {
			tokens[a] = true
		}
		m.ServeHTTP(w, q)
	})
	read(r.Driver)
	r.Move(time.Hour)
	read(other)
	if n := r.Called("/token"); n != 2 || len(tokens) != 1 {
		t.Errorf("%d logins, %d tokens", n, len(tokens))
	}
	r.Move(time.Hour + 38*time.Minute) // 22 minutes are left
	read(r.Driver)
	if n := r.Called("/token"); n != 2 || len(tokens) != 1 {
		t.Errorf("%d logins, %d tokens", n, len(tokens))
	}
	r.Move(3 * time.Minute)
	read(r.Driver)
	read(other)
	if n := r.Called("/token"); n != 4 || len(tokens) != 2 {
		t.Errorf("%d logins, %d tokens", n, len(tokens))
	}
	r.Move(5 * time.Hour)
	read(r.Driver)
	if len(tokens) != 3 {
		t.Errorf("%d tokens", len(tokens))
	}
}

// A bucket that the mall says is empty is waited for.
func TestPaceFollowsTheHeaders(t *testing.T) {
	r := newRig(t)
	r.Between(func(w http.ResponseWriter, q *http.Request, m http.Handler) {
		rec := httptest.NewRecorder()
		m.ServeHTTP(rec, q)
		for k, v := range rec.Header() {
			w.Header()[k] = v
		}
		w.Header().Set("GNCP-GW-RateLimit-Remaining", "0")
		w.Header().Set("GNCP-GW-RateLimit-Replenish-Rate", "0.25")
		w.WriteHeader(rec.Code)
		_, _ = w.Write(rec.Body.Bytes())
	})
	begun := r.Now()
	for range 3 {
		r.Orders(connectors.Read{Window: r.Lately(), Kind: connectors.ReadOpen})
	}
	if took := r.Now().Sub(begun); took < 8*time.Second || took > 10*time.Second {
		t.Errorf("three calls took %v, the mall gives one in four seconds", took)
	}
}

// What the mall may say instead of a list, and what is to be done about it.
func TestErrorsAreSorted(t *testing.T) {
	fault := func(code string) string {
		return `{"code":"` + code + `","message":"요청","timestamp":"2026-07-15T10:00:00.000+09:00","traceId":"t-0004"}`
	}
	for _, x := range []struct {
		status int
		body   string
		class  connectors.Class
		cause  connectors.Cause
		in     time.Duration // of Wait
	}{
		{401, fault("GW.AUTHN"), connectors.Reauth, connectors.CauseKey, 0},
		{403, fault("GW.IP_NOT_ALLOWED"), connectors.Reauth, connectors.CauseIP, 0},
		{403, fault("X"), connectors.Reauth, connectors.CauseFunction, 0},
		{404, fault("GW.NOT_FOUND"), connectors.Refused, "", 0},
		{429, fault("GW.RATE_LIMIT"), connectors.Wait, "", time.Second},
		{429, fault("GW.QUOTA_LIMIT"), connectors.Wait, "", time.Minute},
		{500, fault("GW.PROXY.01"), connectors.Transient, "", 0},
		{503, fault("GW.BLOCK.02"), connectors.Wait, "", 10 * time.Minute},
		{504, fault("GW.TIMEOUT.01"), connectors.Transient, "", 0},
		{400, fault("104139"), connectors.Refused, "", 0},
		{400, `{"code":"BAD_REQUEST","message":"x","invalidInputs":[{"name":"from","type":"y","message":"z"}]}`, connectors.Refused, "", 0},
		{200, `{"timestamp":"x"}`, connectors.Transient, "", 0},
		{200, `{"data":null}`, connectors.Transient, "", 0},
		{200, `{"data":{"contents":[]}}`, connectors.Transient, "", 0},
		{200, `{"data":{"contents":[],"pagination":{"hasNext":true}}}`, connectors.Transient, "", 0},
	} {
		r := newRig(t)
		r.Between(func(w http.ResponseWriter, q *http.Request, m http.Handler) {
			if strings.HasSuffix(q.URL.Path, "/token") {
				m.ServeHTTP(w, q)
				return
			}
			w.WriteHeader(x.status)
			_, _ = io.WriteString(w, x.body)
		})
		var last error
		begun := r.Now()
		for _, err := range r.Driver.Read(t.Context(), connectors.Read{Window: r.Lately(), Kind: connectors.ReadOpen}) {
			last = err
		}
		e := connectors.AsError(last)
		switch {
		case last == nil:
			t.Errorf("%d %s: no error", x.status, x.body)
		case e.Class != x.class || e.Cause != x.cause:
			t.Errorf("%d %s: %v %q, want %v %q", x.status, x.body, e.Class, e.Cause, x.class, x.cause)
		case x.in > 0 && e.Until.Sub(begun) < x.in:
			t.Errorf("%d %s: until %v later", x.status, x.body, e.Until.Sub(begun))
		case x.status == 401 && !strings.Contains(e.Error(), "t-0004"):
			t.Errorf("%v: the number by which Naver finds the call is missing", e)
		}
	}
}

// The answer to a dispatch that the documentation has.
func TestRecordedRefusal(t *testing.T) {
	r := newRig(t)
	o := r.two(mall.Confirmed)
	body, err := os.ReadFile("testdata/dispatch.json")
	r.check(err)
	r.Between(func(w http.ResponseWriter, q *http.Request, m http.Handler) {
		if strings.HasSuffix(q.URL.Path, "/dispatch") {
			_, _ = w.Write([]byte(strings.ReplaceAll(string(body), "2026071500000011", key(o, 0))))
			return
		}
		m.ServeHTTP(w, q)
	})
	r.Want(r.Ship(parcel(o, "690000000101", key(o, 0)))[0], connectors.Rejected, "104122")
}
