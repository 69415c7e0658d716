package elevenst_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/connectors/elevenst"
	"github.com/mallbridge/mallbridge/order"
	mall "github.com/mallbridge/mallbridge/simulator/elevenst"
	"github.com/mallbridge/mallbridge/simulator/orders"
)

// two is an order of three pieces of one product and one of another, in one
// delivery. Orders that name a delivery share it.
func (r *rig) two(state string, delivery ...string) *orders.Order {
	r.Helper()
	o := r.stream.Ordinary(orders.ElevenSt, r.Now().In(mall.Seoul), 1)[0]
	o.Ordered = r.Now().Add(-2 * time.Hour)
	p := &o.Parcels[0]
	if len(delivery) > 0 {
		p.Key = delivery[0]
	}
	p.Lines = []orders.Line{
		{Key: "1", ItemID: "5000000101", OptionID: "250000001011", ItemCode: "HK", OptionCode: "HK-BL-01", Name: "들꽃 면 손수건", Option: "색상:파랑", Quantity: 3, Price: 6900},
		{Key: "2", ItemID: "5000000102", OptionID: "250000001021", ItemCode: "SOAP-3", Name: "쑥 비누 3개 묶음", Quantity: 1, Price: 9900},
	}
	r.check(r.Place(seller, &o, state))
	return &o
}

func parcel(o *orders.Order, number string, lines ...connectors.ShippedLine) connectors.Shipment {
	return connectors.Shipment{Order: o.Number, Package: o.Parcels[0].Key, Carrier: "cj", Tracking: number, ShippedOn: "2026-07-15", Lines: lines}
}

func pieces(line string, n int64) connectors.ShippedLine {
	return connectors.ShippedLine{Line: line, Quantity: n}
}

func TestLinesOfAnOrderComeTogether(t *testing.T) {
	r := newRig(t)
	o := r.two(mall.Paid)
	n := r.number(o.Number)
	// One line is confirmed by hand hours later, and so stands in the other list of
	// another window.
	r.Move(5 * time.Hour)
	r.confirmLine(o, "1")
	early := connectors.Window{From: o.Ordered.Add(-time.Minute), To: o.Ordered.Add(time.Minute)}
	late := connectors.Window{From: r.Now().Add(-time.Minute), To: r.Now().Add(time.Minute)}
	for _, w := range []connectors.Window{early, late} {
		got := r.Orders(connectors.Read{Window: w, Kind: connectors.ReadNew})[o.Number]
		if got.Status != mall.Paid || got.Lines() != 2 || got.Packages[0].Lines[0].Name != "들꽃 면 손수건" || got.Packages[0].Lines[0].Price != 6900 {
			t.Errorf("%v: status %s, %+v", w, got.Status, got.Packages)
		}
	}
	// What was sent is left out as long as the other waits, then all of it comes.
	r.check(r.Confirm(seller, n))
	r.Want(r.Ship(parcel(o, "690000000101", pieces("1", 3)))[0], connectors.Done, "0")
	if got := r.Order(o.Number); got.Status != mall.Preparing || got.Lines() != 1 || got.Packages[0].Lines[0].Key != "2" {
		t.Errorf("status %s, %+v", got.Status, got.Packages)
	}
	r.Want(r.Ship(parcel(o, "690000000102", pieces("2", 1)))[0], connectors.Done, "0")
	if got := r.Order(o.Number); got.Status != mall.Shipping || got.Lines() != 2 {
		t.Errorf("status %s, %+v", got.Status, got.Packages)
	}
}

// confirmLine is the seller who confirms one line in the seller office.
func (r *rig) confirmLine(o *orders.Order, seq string) {
	r.Helper()
	q := httptest.NewRequest(http.MethodGet, "/ordservices/reqpackaging/"+o.Number+"/"+seq+"/N/null/"+o.Parcels[0].Key, http.NoBody)
	q.Header.Set("openapikey", apiKey)
	w := httptest.NewRecorder()
	r.Mall.ServeHTTP(w, q)
	if !strings.Contains(w.Body.String(), "<result_code>0<") {
		r.Fatal(w.Body.String())
	}
}

// Whether the last minute of a span is inside is not known: nothing is lost where it
// is, and nothing comes twice in one window.
func TestEndOfASpan(t *testing.T) {
	for _, inside := range []bool{false, true} {
		r := newRigOf(t, mall.Options{EndInside: inside})
		var placed []string
		for i := range 6 {
			o := r.stream.Ordinary(orders.ElevenSt, r.Now().In(mall.Seoul), 1)[0]
			o.Ordered = r.Now().Add(-time.Duration(30*i) * time.Minute).Add(-time.Second)
			r.check(r.Place(seller, &o, mall.Preparing))
			placed = append(placed, o.Number)
		}
		seen := map[string]bool{}
		for _, w := range r.Lately().Split(30 * time.Minute) {
			for n := range r.Orders(connectors.Read{Window: w, Kind: connectors.ReadNew}) {
				seen[n] = true
			}
		}
		for _, n := range placed {
			if !seen[n] {
				t.Errorf("end inside %v: order %s is lost", inside, n)
			}
		}
	}
}

// Orders that are read by number take one call for each hundred, and the lists of
// all open orders, once.
func TestRereadTakesFewCalls(t *testing.T) {
	r := newRig(t)
	var numbers []string
	for range 60 {
		numbers = append(numbers, r.two(mall.Preparing).Number)
	}
	all, missing := r.Parsed(r.Driver.Reread(t.Context(), append(numbers[:5:5], "20260715000999999")))
	if len(all.Orders) != 5 || len(all.Refused) != 0 || !slices.Equal(missing, []string{"20260715000999999"}) || len(r.Calls()) != 11 {
		t.Errorf("%d orders, %d refused, missing %v, %d calls", len(all.Orders), len(all.Refused), missing, len(r.Calls()))
	}
	r.Forget()
	all, _ = r.Parsed(r.Driver.Reread(t.Context(), numbers))
	if len(all.Orders) != 60 || len(all.Refused) != 0 || len(r.Calls()) != 11 {
		t.Errorf("%d orders, %d refused, %d calls", len(all.Orders), len(all.Refused), len(r.Calls()))
	}
}

func TestConfirm(t *testing.T) {
	r := newRig(t)
	o := r.two(mall.Paid)
	got := r.Orders(connectors.Read{Window: r.Lately(), Kind: connectors.ReadNew})[o.Number]
	moved := o.Buyer
	moved.Street, moved.Building = "새바다로 77", "9층"
	r.check(r.Mall.Move(seller, r.number(o.Number), moved))
	r.Want(r.Driver.Confirm(t.Context(), []order.Order{got})[0], connectors.Done, "0")
	if n := r.Called("reqpackaging"); n != 2 {
		t.Errorf("%d calls for two products", n)
	}
	// The address that counts is the one at the confirmation.
	if got := r.Order(o.Number); !strings.HasSuffix(got.Packages[0].To.Street, "새바다로 77 9층") || got.Status != mall.Preparing {
		t.Errorf("status %s, %+v", got.Status, got.Packages[0].To)
	}
	r.Want(r.Driver.Confirm(t.Context(), []order.Order{got})[0], connectors.Already, "0")
	if n := r.Called("reqpackaging"); n != 2 {
		t.Errorf("%d calls: a confirmed order was confirmed again", n)
	}
	r.Want(r.Driver.Confirm(t.Context(), []order.Order{{Number: "20260715000999999"}})[0], connectors.Rejected, "")

	// An add-on goes with its product.
	with := r.stream.Ordinary(orders.ElevenSt, r.Now().In(mall.Seoul), 1)[0]
	with.Ordered = r.Now().Add(-time.Hour)
	with.Parcels[0].Lines = append(with.Parcels[0].Lines[:1:1], orders.Line{Key: "7", ItemID: "5000000199", Name: "선물 상자", Quantity: 1, Price: 500})
	r.check(r.Place(seller, &with, mall.Paid))
	r.Forget()
	r.Want(r.Driver.Confirm(t.Context(), []order.Order{{Number: with.Number}})[0], connectors.Done, "0")
	if n := r.Called("reqpackaging"); n != 1 || !r.confirmed(with.Number) {
		t.Errorf("%d calls, confirmed: %v", n, r.confirmed(with.Number))
	}
	// Abroad: its label comes first.
	far := r.stream.Ordinary(orders.ElevenSt, r.Now().In(mall.Seoul), 1)[0]
	far.Ordered, far.Warning = r.Now().Add(-time.Hour), true
	r.check(r.Place(seller, &far, mall.Paid))
	res := r.Driver.Confirm(t.Context(), []order.Order{{Number: far.Number}})[0]
	if r.Want(res, connectors.Rejected, "-3210"); !strings.Contains(res.Detail, "Seller Office") {
		t.Errorf("%+v", res)
	}
}

// A confirmation between our look and our call is found out afterwards.
func TestConfirmedMeanwhile(t *testing.T) {
	r := newRig(t)
	o := r.two(mall.Paid)
	r.Between(func(w http.ResponseWriter, q *http.Request, m http.Handler) {
		if strings.Contains(q.URL.Path, "reqpackaging") {
			r.check(r.Confirm(seller, r.number(o.Number)))
		}
		m.ServeHTTP(w, q)
	})
	r.Want(r.Driver.Confirm(t.Context(), []order.Order{{Number: o.Number}})[0], connectors.Already, "-3206")
}

// A call that changes something is a GET, and must not be repeated by anybody.
func TestWritesAreSentOnce(t *testing.T) {
	for _, did := range []bool{true, false} {
		r := newRig(t)
		o := r.two(mall.Preparing)
		r.Lose("reqdelivery", did)
		res := r.Ship(parcel(o, "690000000101"))[0]
		if did {
			r.Want(res, connectors.Done, "0")
		} else {
			r.Want(res, connectors.Unknown, "")
		}
		if n := r.Called("reqdelivery"); n != 1 {
			t.Errorf("done %v: %d calls of reqdelivery", did, n)
		}
		r.Between(nil)
		r.Want(r.Ship(parcel(o, "690000000101"))[0], map[bool]connectors.Outcome{true: connectors.Already, false: connectors.Done}[did], "")
		if got := r.tracking(o.Number); !slices.Equal(got, []string{"690000000101"}) {
			t.Errorf("the mall shows %v", got)
		}

		o = r.two(mall.Paid)
		r.Forget()
		r.Lose("reqpackaging", did)
		res = r.Driver.Confirm(t.Context(), []order.Order{{Number: o.Number}})[0]
		if res.Outcome != connectors.Unknown {
			t.Errorf("done %v: %+v", did, res) // one of two products at most is confirmed
		}
		if n := r.Called("reqpackaging"); n != 1 {
			t.Errorf("done %v: %d calls of reqpackaging", did, n)
		}
	}
}

// A gateway's HTML after a dispatch says nothing about it.
func TestPageInsteadOfAnAnswer(t *testing.T) {
	r := newRig(t)
	o := r.two(mall.Preparing)
	r.Between(func(w http.ResponseWriter, q *http.Request, m http.Handler) {
		if strings.Contains(q.URL.Path, "reqdelivery") {
			m.ServeHTTP(httptest.NewRecorder(), q)
			_, _ = io.WriteString(w, "<html><body>점검중</body></html>")
			return
		}
		m.ServeHTTP(w, q)
	})
	r.Want(r.Ship(parcel(o, "690000000101"))[0], connectors.Done, "0")
	if n := r.Called("reqdelivery"); n != 1 {
		t.Errorf("%d calls", n)
	}
}

// A delivery over two orders goes whole only if one parcel has all of it.
func TestDeliveryOfTwoOrders(t *testing.T) {
	r := newRig(t)
	a := r.two(mall.Preparing)
	b := r.two(mall.Preparing, a.Parcels[0].Key)
	for _, res := range r.Ship(parcel(a, "690000000101"), parcel(b, "690000000101")) {
		r.Want(res, connectors.Done, "0")
	}
	if n := r.Called("reqdelivery"); n != 1 {
		t.Errorf("%d calls for one parcel", n)
	}
	a = r.two(mall.Preparing)
	b = r.two(mall.Preparing, a.Parcels[0].Key)
	r.Want(r.Ship(parcel(a, "690000000201"))[0], connectors.Done, "0")
	if got := r.tracking(b.Number); len(got) != 0 {
		t.Errorf("the other order is shown as sent under %v", got)
	}
	r.Want(r.Ship(parcel(b, "690000000202"))[0], connectors.Done, "0")
	if x, y := r.tracking(a.Number), r.tracking(b.Number); !slices.Equal(x, []string{"690000000201"}) || !slices.Equal(y, []string{"690000000202"}) {
		t.Errorf("the mall shows %v and %v", x, y)
	}
	// The mall takes one number for one delivery.
	c := r.two(mall.Preparing)
	res := r.Ship(parcel(c, "690000000202"))[0]
	if r.Want(res, connectors.Rejected, "-3320"); !strings.Contains(res.Detail, "Seller Office") {
		t.Errorf("%+v", res)
	}
}

func TestParcelsOfOneOrder(t *testing.T) {
	r := newRig(t)
	// By lines.
	o := r.two(mall.Preparing)
	for _, res := range r.Ship(parcel(o, "690000000101", pieces("1", 3)), parcel(o, "690000000102", pieces("2", 1))) {
		r.Want(res, connectors.Done, "0")
	}
	// By pieces: the first waits for the second, then both go in one call.
	o = r.two(mall.Preparing)
	first := parcel(o, "690000000201", pieces("1", 2))
	first.Rest = []connectors.ShippedLine{pieces("1", 1), pieces("2", 1)}
	second := parcel(o, "690000000202", pieces("1", 1), pieces("2", 1))
	res := r.Ship(first)[0]
	if r.Want(res, connectors.Retry, ""); !strings.Contains(res.Detail, "2 of 3") {
		t.Errorf("%+v", res)
	}
	r.Forget()
	for _, res := range r.Ship(first, second) {
		r.Want(res, connectors.Done, "0")
	}
	if n := r.Called("reqdelivery"); n != 2 { // the line in two parcels, and the other one
		t.Errorf("%d calls", n)
	}
	lines := r.Lines(seller, r.number(o.Number))
	if lines[0].Parcels["690000000201"] != 2 || lines[0].Parcels["690000000202"] != 1 || lines[1].Parcels["690000000202"] != 1 {
		t.Errorf("%+v", lines)
	}
	for _, res := range r.Ship(first, second) {
		r.Want(res, connectors.Already, "")
	}
	// Fewer pieces than bought, and nothing follows.
	o = r.two(mall.Preparing)
	r.Want(r.Ship(parcel(o, "690000000301", pieces("1", 2), pieces("2", 1)))[0], connectors.Done, "0")
	if s := r.Order(o.Number).Status; s != mall.Shipping {
		t.Errorf("status %s", s)
	}
}

func TestWhatCannotBeShipped(t *testing.T) {
	r := newRig(t)
	o := r.two(mall.Preparing)
	n := r.number(o.Number)
	_, err := r.AskCancel(seller, n, 1, 1, "")
	r.check(err)
	if got := r.Order(o.Number); got.Packages[0].Lines[0].Quantity != 2 {
		t.Errorf("%+v", got.Packages[0].Lines)
	}
	r.Want(r.Ship(parcel(o, "690000000101"))[0], connectors.Rejected, "-3310")
	_, err = r.AskCancel(seller, n, 1, 2, "")
	r.check(err)
	if got := r.Order(o.Number); !got.HasFlag(order.FlagClaim) || got.Lines() != 1 {
		t.Errorf("%+v", got)
	}
	_, err = r.AskCancel(seller, n, 2, 1, "")
	r.check(err)
	if got := r.Order(o.Number); got.Status != mall.Cancelling {
		t.Errorf("status %s", got.Status)
	}
	res := r.Ship(parcel(o, "690000000101"))[0]
	if r.Want(res, connectors.Rejected, "-3313"); !strings.Contains(res.Detail, "취소처리중") {
		t.Errorf("%+v", res)
	}
	r.Want(r.Ship(parcel(r.two(mall.Paid), "690000000102"))[0], connectors.Rejected, "-3310")
	o = r.two(mall.Preparing)
	r.check(r.Dispatch(seller, r.number(o.Number), "00011", "510000000777"))
	if res := r.Ship(parcel(o, "690000000103"))[0]; res.Outcome != connectors.Rejected || !strings.Contains(res.Detail, "510000000777") {
		t.Errorf("%+v", res)
	}
	bad := parcel(r.two(mall.Preparing), "69")
	wrong := parcel(r.two(mall.Preparing), "690000000104")
	wrong.Package = "1"
	res2 := r.Ship(bad, wrong, parcel(r.two(mall.Preparing), "6900-0000-0105"))
	r.Want(res2[0], connectors.Rejected, "-3306")
	r.Want(res2[1], connectors.Rejected, "")
	r.Want(res2[2], connectors.Done, "0")
}

func TestClaims(t *testing.T) {
	r := newRig(t)
	w := connectors.Window{From: r.Now().AddDate(0, 0, -3), To: r.Now().Add(time.Minute)}
	prepared, paid, gone := r.two(mall.Preparing), r.two(mall.Paid), r.two(mall.Preparing)
	id, err := r.AskCancel(seller, r.number(prepared.Number), 1, 1, "마음이 바뀌었어요")
	r.check(err)
	_, err = r.AskCancel(seller, r.number(paid.Number), 2, 1, "")
	r.check(err)
	r.check(r.Dispatch(seller, r.number(gone.Number), "00034", "690000000101"))
	_, err = r.AskReturn(seller, r.number(gone.Number), 1, 2, "색상이 달라요")
	r.check(err)
	_, err = r.AskExchange(seller, r.number(gone.Number), 2, 1, "")
	r.check(err)
	got, _ := r.Parsed(r.Driver.Claims(t.Context(), w))
	var have []string
	for _, c := range got.Claims {
		have = append(have, fmt.Sprint(c.Kind, " ", c.State, " ", c.Order, " ", c.Line, " ", c.Quantity))
	}
	want := []string{
		"cancel requested " + prepared.Number + " 1 1", "cancel done " + paid.Number + " 2 1", "return requested " + gone.Number + " 1 2", "exchange requested " + gone.Number + " 2 1",
	}
	if !slices.Equal(have, want) || len(got.Refused) != 0 {
		t.Errorf("%q\nwant %q, refused %v", have, want, got.Refused)
	}
	if c := got.Claims[0]; c.Key != fmt.Sprintf("%d/%s/1", id, prepared.Number) || c.Package != prepared.Parcels[0].Key || c.Reason != "마음이 바뀌었어요" || !c.At.UTC.Equal(r.Now()) && c.At.UTC.Sub(r.Now()).Abs() > time.Minute {
		t.Errorf("%+v", c)
	}
	r.check(r.Withdraw(seller, id))
	got, _ = r.Parsed(r.Driver.Claims(t.Context(), connectors.Window{From: w.From, To: r.Now().Add(time.Minute)}))
	if i := slices.IndexFunc(got.Claims, func(c connectors.Claim) bool { return strings.HasPrefix(c.Key, fmt.Sprint(id)) }); i < 0 || got.Claims[i].State != connectors.ClaimWithdrawn {
		t.Errorf("%+v", got.Claims)
	}
}

func TestStock(t *testing.T) {
	codes := func(item, code, option, seller string) order.Codes {
		return order.Codes{ItemID: item, ItemCode: code, OptionID: option, OptionCode: seller}
	}
	open := func(by string) *rig {
		r := newRig(t, "stock_by", by)
		for _, p := range []mall.Product{
			{No: 5, StockNo: 51, Code: "AB/가 1", StockCd: "A-1", Stock: 7, Weight: 250},
			{No: 5, StockNo: 52, Code: "AB/가 1", StockCd: "A-2"},
			{No: 5, StockNo: 53, Code: "AB/가 1"},
			{No: 5, StockNo: 54, Code: "AB/가 1"},
			{No: 6, StockNo: 61, Code: "C", State: "108"},
			{No: 7, StockNo: 71, Code: "D", StockCd: "D-1", Stock: 1},
		} {
			r.check(r.Sell(seller, p))
		}
		return r
	}
	r := open("stock_code")
	res := r.Driver.SetStock(t.Context(), []connectors.Quantity{
		{Codes: codes("5", "AB/가 1", "", "A-1"), Sell: 9},
		{Codes: codes("", "AB/가 1", "", "A-2"), Sell: 4},
		{Codes: codes("5", "", "53", ""), Sell: 3},
		{Codes: codes("5", "", "", ""), Sell: 3},
		{Codes: codes("5", "", "", "A-9"), Sell: 3},
		{Codes: codes("99", "", "1", ""), Sell: 3},
		{Codes: codes("6", "", "61", ""), Sell: 3},
		{Codes: codes("7", "", "", ""), Sell: 0},
		{Codes: codes("5", "AB/가 1", "", "A-1"), Sell: 9},
	})
	for i, want := range []connectors.Outcome{
		connectors.Done, connectors.Done, connectors.Done, connectors.Rejected, connectors.Rejected, connectors.Rejected, connectors.Rejected, connectors.Done, connectors.Already,
	} {
		r.Want(res[i], want, "")
	}
	if n, weight, _ := r.Stock(seller, 51); n != 9 || weight != 250 {
		t.Errorf("the mall has %d pieces of %d g", n, weight)
	}
	if n := r.Called("/stck/5"); n != 1 {
		t.Errorf("the stock of one product was read %d times", n)
	}
	if res[5].Code != "404" || !strings.Contains(res[4].Detail, `sellerStockCd "A-9"`) {
		t.Errorf("%+v, %+v", res[4], res[5])
	}
	r = open("product_code")
	res = r.Driver.SetStock(t.Context(), []connectors.Quantity{
		{Codes: codes("", "D", "", ""), Sell: 9}, {Codes: codes("5", "AB/가 1", "51", "A-1"), Sell: 3}, {Codes: codes("", "no such", "", ""), Sell: 3},
	})
	r.Want(res[0], connectors.Done, "200")
	r.Want(res[1], connectors.Rejected, "")
	r.Want(res[2], connectors.Rejected, "404")
	if n := r.Called("updateProductOption"); n != 0 {
		t.Error("the options of a product were replaced")
	}
}

func TestCatalogLeavesOutWhatIsNotSold(t *testing.T) {
	r := newRig(t)
	r.two(mall.Paid)
	r.check(r.Sell(seller, mall.Product{No: 9, StockNo: 91, Name: "판매 종료", Price: 1000, State: "106"}))
	r.check(r.Sell(seller, mall.Product{No: 8, StockNo: 81, Name: "품절", Code: "S", Option: "색상:흰색", Price: 1000, State: "104"}))
	got, _ := r.Parsed(r.Driver.Catalog(t.Context(), connectors.CatalogFrom{}))
	var have []string
	for _, p := range got.Products {
		have = append(have, fmt.Sprint(p.Codes.OptionID, " ", p.Option, " ", p.OnSale, " ", p.Stock, " ", p.Price))
	}
	slices.Sort(have)
	if want := []string{"250000001011 색상:파랑 true 100 6900", "250000001021  true 100 9900", "81 색상:흰색 false 0 1000"}; !slices.Equal(have, want) {
		t.Errorf("%q\nwant %q", have, want)
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
	for _, x := range []struct {
		name   string
		change func(*rig)
		check  string // that fails; none if empty
		do     string
	}{
		{"all is well", func(*rig) {}, "", ""},
		{"wrong key", func(r *rig) { r.seller.Key = "99999999999999999999999999999999"; r.add() }, "login", "compare openapi_key"},
		{"address not registered", func(r *rig) { r.seller.IPs = []string{"192.0.2.1"}; r.add() }, "ip", "semicolons"},
		{"no right to products", func(r *rig) { r.seller.NoProducts = true; r.add() }, "prodmarket", "apply for this group"},
		{"key of 170 days", func(r *rig) { r.Move(160 * 24 * time.Hour) }, "key_expiry", "issue the key again"},
		{"key that died", func(r *rig) { r.Move(171 * 24 * time.Hour) }, "login", "180 days"},
		{"maintenance", func(r *rig) { r.Break(mall.Faults{Maintenance: true}) }, "complete", "try again later"},
	} {
		t.Run(x.name, func(t *testing.T) {
			r := newRig(t, "key_issued", "2026-07-05")
			x.change(r)
			bad := failed(r)
			if x.check == "" && len(bad) > 0 || x.check != "" && !strings.Contains(bad[x.check], x.do) || strings.Contains(fmt.Sprint(bad), apiKey) {
				t.Errorf("%v, want %q with %q", bad, x.check, x.do)
			}
		})
	}
	if bad := failed(newRig(t)); !strings.Contains(bad["key_expiry"], "key_issued") || len(bad) != 1 {
		t.Errorf("without key_issued: %v", bad)
	}
}

func TestExpiry(t *testing.T) {
	at, err := newRig(t, "key_issued", "2026-07-05").Driver.Expires(t.Context())
	if want := time.Date(2026, 12, 31, 14, 59, 59, 0, time.UTC); err != nil || !at.Equal(want) {
		t.Errorf("%v, %v, want %v", at, err, want)
	}
	if at, err := newRig(t).Driver.Expires(t.Context()); err != nil || !at.IsZero() {
		t.Errorf("without key_issued: %v, %v", at, err)
	}
}

// What the mall may say instead of a list, and what is to be done about it. The
// files are the answers that the guide and sellers' programs recorded.
func TestErrorsAreSorted(t *testing.T) {
	file := func(name string) string {
		body, err := os.ReadFile("testdata/" + name)
		if err != nil {
			t.Fatal(err)
		}
		return string(body)
	}
	list := func(code, text string) string {
		return `<ns2:orders xmlns:ns2="x"><ns2:result_code>` + code + `</ns2:result_code><ns2:result_text>` + text + `</ns2:result_text></ns2:orders>`
	}
	const well = connectors.Class(99)
	for _, x := range []struct {
		name   string
		status int
		body   string
		class  connectors.Class
		cause  connectors.Cause
	}{
		{"nothing found", 200, file("empty.xml"), well, ""},
		{"too long", 200, file("too-long.xml"), connectors.Refused, ""},
		{"address", 500, file("address.xml"), connectors.Reauth, connectors.CauseIP},
		{"other refusal of the gate", 500, "<AuthMessage><resultCode>-500</resultCode><resultMessage>x</resultMessage></AuthMessage>", connectors.Reauth, connectors.CauseKey},
		{"key", 200, list("-1", "&#xD574;&#xB2F9; OpenAPI Key"), connectors.Reauth, connectors.CauseKey},
		{"business error", 200, list("-1", "x"), connectors.Refused, ""},
		{"maintenance", 200, list("-1000", "x"), connectors.Wait, ""},
		{"quota", 200, list("004", "x"), connectors.Wait, ""},
		{"plain http", 200, list("-400", "x"), connectors.Refused, ""},
		{"server fault", 500, "<html>500</html>", connectors.Transient, ""},
		{"block page", 200, "<html><body>blocked</body></html>", connectors.Transient, ""},
		{"no code", 200, `<ns2:orders xmlns:ns2="x"></ns2:orders>`, connectors.Transient, ""},
		{"cut", 200, `<ns2:orders xmlns:ns2="x"><ns2:order><ordNo>1</ordNo></ns2:order>`, connectors.Transient, ""},
		{"another document", 200, file("confirmed.xml"), connectors.Transient, ""},
		{"too many", 429, "", connectors.Wait, ""},
		{"not found", 404, "x", connectors.Refused, ""},
	} {
		r := newRig(t)
		r.Between(func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
			w.WriteHeader(x.status)
			_, _ = io.WriteString(w, x.body)
		})
		var last error
		n := 0
		for p, err := range r.Driver.Read(t.Context(), connectors.Read{Window: r.Lately(), Kind: connectors.ReadOpen}) {
			last = err
			n += len(p.Keys)
		}
		switch e := connectors.AsError(last); {
		case x.class == well:
			if last != nil || n != 0 {
				t.Errorf("%s: %v, %d orders", x.name, last, n)
			}
		case last == nil:
			t.Errorf("%s: no error, %d orders", x.name, n)
		case e.Class != x.class || e.Cause != x.cause:
			t.Errorf("%s: %v %q, want %v %q", x.name, e.Class, e.Cause, x.class, x.cause)
		}
	}
}

// The answers to writes that were recorded.
func TestRecordedAnswers(t *testing.T) {
	for name, want := range map[string]connectors.Outcome{"dispatched.xml": connectors.Done, "changed.xml": connectors.Rejected} {
		r := newRig(t)
		o := r.two(mall.Preparing)
		body, err := os.ReadFile("testdata/" + name)
		r.check(err)
		r.Between(func(w http.ResponseWriter, q *http.Request, m http.Handler) {
			if strings.Contains(q.URL.Path, "reqdelivery") {
				_, _ = w.Write(body)
				return
			}
			m.ServeHTTP(w, q)
		})
		r.Want(r.Ship(parcel(o, "690000000101"))[0], want, "")
	}
	for name, want := range map[string]connectors.Outcome{"stock-set.xml": connectors.Done, "stock-unknown.xml": connectors.Rejected} {
		r := newRig(t)
		body, err := os.ReadFile("testdata/" + name)
		r.check(err)
		stock, err := os.ReadFile("testdata/stock.xml")
		r.check(err)
		r.Between(func(w http.ResponseWriter, q *http.Request, _ http.Handler) {
			if q.Method == http.MethodPut {
				_, _ = w.Write(body)
				return
			}
			_, _ = w.Write(stock)
		})
		r.Want(r.Driver.SetStock(t.Context(), []connectors.Quantity{{Codes: order.Codes{ItemID: "5000000001", OptionCode: "HK-BL-01"}, Sell: 17}})[0], want, "")
	}
}

func TestAnswersToCancellations(t *testing.T) {
	r := newRig(t)
	d := r.Driver.Driver().(*elevenst.Driver)
	ask := func() string {
		o := r.two(mall.Preparing)
		id, err := r.AskCancel(seller, r.number(o.Number), 1, 3, "")
		r.check(err)
		return fmt.Sprintf("%d/%s/1", id, o.Number)
	}
	key := ask()
	r.Want(d.Approve(t.Context(), key), connectors.Done, "0")
	r.Want(d.Approve(t.Context(), key), connectors.Already, "-1")
	r.Want(d.Left(t.Context(), key, "cj", "690000000101"), connectors.Rejected, "-23001")
	key = ask()
	r.Want(d.Left(t.Context(), key, "cj", "6900000101"), connectors.Rejected, "-23005")
	r.Want(d.Left(t.Context(), key, "nobody", "690000000101"), connectors.Rejected, "")
	r.Want(d.Left(t.Context(), key, "cj", "6900-0000-0101"), connectors.Done, "0")
	r.Want(d.Left(t.Context(), key, "cj", "690000000101"), connectors.Already, "-23001")
	r.Want(d.Approve(t.Context(), "80000001"), connectors.Rejected, "")
	key = ask()
	r.Forget()
	r.Lose("cancelreqconf", true)
	r.Want(d.Approve(t.Context(), key), connectors.Done, "0")
	if n := r.Called("cancelreqconf"); n != 1 {
		t.Errorf("%d calls", n)
	}
	key = ask()
	r.Lose("cancelreqconf", false)
	r.Want(d.Approve(t.Context(), key), connectors.Unknown, "")
}

// TestOwnCourierCode: a code of the account's own is written, and read as the carrier
// that it was written for.
func TestOwnCourierCode(t *testing.T) {
	r := newRig(t)
	a := r.Account
	a.Carriers = map[string]string{"chainlogis": "00034"} // that of CJ
	m, err := elevenst.Spec.Open(a, connectors.Options{Now: r.Now, Sleep: r.Sleep, Jitter: func() float64 { return 0.5 }})
	r.check(err)
	o := r.stream.Ordinary(orders.ElevenSt, r.Now(), 1)[0]
	r.check(r.Place(seller, &o, mall.Preparing))
	s := parcel(&o, "600000000017")
	s.Carrier = "chainlogis"
	if res := m.Ship(t.Context(), []connectors.Shipment{s}); !res[0].Outcome.OK() {
		t.Fatalf("%+v", res)
	}
	if got := r.Lines(seller, r.number(o.Number))[0].Courier; got != "00034" {
		t.Errorf("the mall has courier %s", got)
	}
	for p, err := range m.Reread(t.Context(), []string{o.Number}) {
		r.check(err)
		x, err := m.Parse(p)
		r.check(err)
		for _, shown := range x.Shown {
			if shown.Carrier != "chainlogis" {
				t.Errorf("%+v", shown)
			}
		}
	}
}
