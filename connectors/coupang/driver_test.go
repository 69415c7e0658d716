package coupang_test

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
	mall "github.com/mallbridge/mallbridge/simulator/coupang"
	"github.com/mallbridge/mallbridge/simulator/orders"
)

const (
	seaweed  = "70000000011" // options of the stream's goods
	seaweed3 = "70000000012"
)

// two is an order of two lines in one bundle for each number of bundles.
func (r *rig) two(bundles int, status string) *orders.Order {
	r.Helper()
	o := r.stream.Ordinary(orders.Coupang, r.Now().In(mall.Seoul), 1)[0]
	o.Ordered = r.Now().Add(-2 * time.Hour)
	first := o.Parcels[0]
	first.Lines = []orders.Line{
		{Key: seaweed, OptionID: seaweed, ItemID: "67000000001", ItemCode: "SEAWEED-10", Name: "재래김 10봉", Option: "1개", Quantity: 3, Price: 7900},
		{Key: seaweed3, OptionID: seaweed3, ItemID: "67000000001", ItemCode: "SEAWEED-30", Name: "재래김 10봉", Option: "3개", Quantity: 1, Price: 21900},
	}
	o.Parcels = nil
	for i := range bundles {
		p := first
		p.Key = first.Key[:len(first.Key)-1] + fmt.Sprint(9-i) // later ones have smaller numbers
		o.Parcels = append(o.Parcels, p)
	}
	r.check(r.Place(vendor, &o, status))
	return &o
}

func TestBundlesOfAnOrderComeTogether(t *testing.T) {
	r := newRig(t)
	o := r.two(3, mall.Accept)
	// One of three is acknowledged, so that the order stands in two lists.
	res := r.Driver.Confirm(t.Context(), []order.Order{{Number: o.Number, Packages: []order.Package{{Key: o.Parcels[1].Key}}}})
	r.Want(res[0], connectors.Done, "")
	got := r.Orders(connectors.Read{Window: r.Lately(), Kind: connectors.ReadNew})[o.Number]
	if len(got.Packages) != 3 || got.Status != mall.Accept {
		t.Fatalf("%d packages, status %s", len(got.Packages), got.Status)
	}
	if k := []string{got.Packages[0].Key, got.Packages[1].Key, got.Packages[2].Key}; !slices.IsSorted(k) {
		t.Errorf("packages stand as %v", k)
	}
	if open := r.Orders(connectors.Read{Window: r.Lately(), Kind: connectors.ReadOpen})[o.Number]; len(open.Packages) != 3 {
		t.Errorf("%d packages among the open ones", len(open.Packages))
	}
	r.Want(r.Driver.Confirm(t.Context(), []order.Order{got})[0], connectors.Already, "INVALID_STATUS")
	// The one that was dispatched is left out as long as others wait, as the
	// DeliveryList leaves it out.
	r.Want(r.Ship(connectors.Shipment{Order: o.Number, Package: o.Parcels[0].Key, Carrier: "cj", Tracking: "690000000101", ShippedOn: "2026-07-15"})[0], connectors.Done, "OK")
	for _, kind := range []connectors.ReadKind{connectors.ReadNew, connectors.ReadOpen} {
		if got := r.Orders(connectors.Read{Window: r.Lately(), Kind: kind})[o.Number]; len(got.Packages) != 2 || got.Status != mall.Instruct {
			t.Errorf("%s: %d packages, status %s", kind, len(got.Packages), got.Status)
		}
	}
}

func TestAddressIsReadAgainAfterConfirming(t *testing.T) {
	r := newRig(t)
	o := r.two(1, mall.Accept)
	before := r.Orders(connectors.Read{Window: r.Lately(), Kind: connectors.ReadNew})[o.Number]
	moved := o.Buyer
	moved.Street, moved.Building = "새바다로 77", "9층"
	n := r.number(o.Number)
	r.check(r.Mall.Move(vendor, n, moved))
	r.Want(r.Driver.Confirm(t.Context(), []order.Order{before})[0], connectors.Done, "")
	after := r.Order(o.Number)
	if s := after.Packages[0].To.Street; !strings.HasSuffix(s, "새바다로 77 9층") || s == before.Packages[0].To.Street {
		t.Errorf("address after confirming: %q", s)
	}
	if after.Status != mall.Instruct {
		t.Errorf("status is %s", after.Status)
	}
	if err := r.Mall.Move(vendor, n, o.Buyer); err == nil {
		t.Error("the mall lets the address change after confirming")
	}
}

func TestStopRequests(t *testing.T) {
	r := newRig(t)
	o := r.two(1, mall.Instruct)
	n := r.number(o.Number)
	part, err := r.AskCancel(vendor, n, map[int64]int64{r.number(seaweed): 1})
	r.check(err)
	got := r.Order(o.Number)
	if q := got.Packages[0].Lines[0].Quantity; q != 2 || !got.HasFlag(order.FlagClaim) || got.Status != mall.Instruct {
		t.Errorf("quantity %d, flags %v, status %s", q, got.Flags, got.Status)
	}
	r.Want(r.Ship(connectors.Shipment{Order: o.Number, Package: o.Parcels[0].Key, Carrier: "cj", Tracking: "690000000101"})[0],
		connectors.Rejected, "ORDER_DELIVERY_PARTIAL_STOP_REQUESTED")
	_, err = r.AskCancel(vendor, n, map[int64]int64{r.number(seaweed): 2, r.number(seaweed3): 1})
	r.check(err)
	if got = r.Order(o.Number); got.Status != "RELEASE_STOP_UNCHECKED" || got.Lines() != 2 || got.Packages[0].Lines[0].Quantity != 3 {
		t.Errorf("all stopped: %+v", got)
	}
	claims, _ := r.Parsed(r.Driver.Claims(t.Context(), connectors.Window{From: r.Now().AddDate(0, 0, -3), To: r.Now().Add(time.Minute)}))
	if len(claims.Claims) != 3 || claims.Claims[0].Kind != connectors.ClaimStop || claims.Claims[0].State != connectors.ClaimRequested ||
		claims.Claims[0].Order != o.Number || claims.Claims[0].Package != o.Parcels[0].Key || claims.Claims[0].Line != seaweed || claims.Claims[0].Quantity != 1 {
		t.Errorf("claims: %+v", claims.Claims)
	}
	r.check(r.Withdraw(vendor, part))
	claims, _ = r.Parsed(r.Driver.Claims(t.Context(), connectors.Window{From: r.Now().AddDate(0, 0, -3), To: r.Now().Add(time.Minute)}))
	i := slices.IndexFunc(claims.Claims, func(c connectors.Claim) bool { return c.Key == fmt.Sprint(part) })
	if i < 0 || claims.Claims[i].State != connectors.ClaimWithdrawn {
		t.Errorf("after the withdrawal: %+v", claims.Claims)
	}
}

func TestCancelledOrdersAreClaims(t *testing.T) {
	r := newRig(t)
	o := r.two(1, mall.Accept)
	_, err := r.AskCancel(vendor, r.number(o.Number), map[int64]int64{r.number(seaweed): 3, r.number(seaweed3): 1})
	r.check(err)
	if got := r.Orders(connectors.Read{Window: r.Lately(), Kind: connectors.ReadNew}); len(got) != 0 {
		t.Errorf("the list shows %v", got)
	}
	if _, missing := r.Parsed(r.Driver.Reread(t.Context(), []string{o.Number})); !slices.Equal(missing, []string{o.Number}) {
		t.Errorf("missing: %v", missing)
	}
	w := r.Lately()
	w.To = w.To.Add(-time.Minute)
	claims, _ := r.Parsed(r.Driver.Claims(t.Context(), w))
	if len(claims.Claims) != 0 {
		t.Errorf("claims before they were made: %+v", claims.Claims)
	}
	claims, _ = r.Parsed(r.Driver.Claims(t.Context(), connectors.Window{From: w.To, To: r.Now().Add(time.Minute)}))
	if len(claims.Claims) != 2 || claims.Claims[0].Kind != connectors.ClaimCancel || claims.Claims[0].State != connectors.ClaimDone {
		t.Errorf("claims: %+v", claims.Claims)
	}
}

func TestSplitShipment(t *testing.T) {
	r := newRig(t)
	o := r.two(1, mall.Instruct)
	box := o.Parcels[0].Key
	first := connectors.Shipment{
		Order: o.Number, Package: box, Carrier: "cj", Tracking: "690000000101", ShippedOn: "2026-07-15",
		Lines: []connectors.ShippedLine{{Line: seaweed, Quantity: 3}}, Rest: []connectors.ShippedLine{{Line: seaweed3, Quantity: 1}}, RestOn: "2026-07-18",
	}
	r.Want(r.Ship(first)[0], connectors.Done, "OK")
	got := r.Bundles(vendor, r.number(o.Number))
	if len(got) != 2 || fmt.Sprint(got[0].ID) != box || got[0].Status != mall.Instruct || got[1].Invoice != "690000000101" {
		t.Fatalf("after the first part: %+v", got)
	}
	// Reported again, it is found under the number that the mall made.
	r.Want(r.Ship(first)[0], connectors.Already, "OK")
	left := r.Order(o.Number)
	if len(left.Packages) != 1 || left.Packages[0].Key != box || len(left.Packages[0].Lines) != 1 || left.Packages[0].ShipBy != "2026-07-18" || !left.HasFlag(order.FlagSplitShipping) {
		t.Errorf("what is left: %+v", left)
	}
	// The mall created the new bundle now; a window that has only this one gives the
	// order whole all the same.
	r.Move(15 * time.Minute)
	latest := connectors.Window{From: r.Now().Add(-20 * time.Minute), To: r.Now()}
	if got, ok := r.Orders(connectors.Read{Window: latest, Kind: connectors.ReadNew})[o.Number]; !ok || got.Status != mall.Instruct || len(got.Packages) != 1 || got.Packages[0].Key != box {
		t.Errorf("in the window of the split: %+v", got)
	}
	second := connectors.Shipment{
		Order: o.Number, Package: box, Carrier: "hanjin", Tracking: "510000000102", ShippedOn: "2026-07-18", Lines: []connectors.ShippedLine{{Line: seaweed3, Quantity: 1}},
	}
	r.Want(r.Ship(second)[0], connectors.Done, "OK")
	if got = r.Bundles(vendor, r.number(o.Number)); got[0].Invoice != "510000000102" || got[0].Status != mall.Departure {
		t.Errorf("after the second part: %+v", got)
	}
	if all := r.Order(o.Number); len(all.Packages) != 2 || all.Status != mall.Departure {
		t.Errorf("all dispatched: %+v", all)
	}
}

func TestTwoParcelsOfOneBundleInOneCall(t *testing.T) {
	r := newRig(t)
	o := r.two(1, mall.Instruct)
	part := func(line string, n int64, number string) connectors.Shipment {
		return connectors.Shipment{Order: o.Number, Package: o.Parcels[0].Key, Carrier: "cj", Tracking: number, ShippedOn: "2026-07-15", Lines: []connectors.ShippedLine{{Line: line, Quantity: n}}}
	}
	res := r.Ship(part(seaweed, 3, "690000000101"), part(seaweed3, 1, "690000000102"))
	r.Want(res[0], connectors.Done, "OK")
	r.Want(res[1], connectors.Done, "OK")

	// One line cannot go under two numbers.
	o = r.two(1, mall.Instruct)
	res = r.Ship(part(seaweed, 2, "690000000201"), part(seaweed, 1, "690000000202"), part(seaweed3, 1, "690000000203"))
	r.Want(res[0], connectors.Done, "OK")
	r.Want(res[1], connectors.Rejected, "NOT_FOUND_VENDOR_ITEM")
	r.Want(res[2], connectors.Done, "OK")
}

func TestOneBadNumberDoesNotSpoilTheOthers(t *testing.T) {
	r := newRig(t)
	var s []connectors.Shipment
	for i := range 4 {
		o := r.two(1, mall.Instruct)
		s = append(s, connectors.Shipment{Order: o.Number, Package: o.Parcels[0].Key, Carrier: "cj", Tracking: fmt.Sprint(690000000101 + i)})
	}
	s[1].Tracking = "6900-0000-0102"
	s[2].Tracking = "69"
	res := r.Ship(s...)
	r.Want(res[0], connectors.Done, "OK")
	r.Want(res[1], connectors.Rejected, "INVALID_INVOICE_NUMBER")
	r.Want(res[2], connectors.Rejected, "INVALID_INVOICE_NUMBER")
	r.Want(res[3], connectors.Done, "OK")
}

// A request that the mall refuses as a whole says nothing of the single bundles.
func TestRefusedUploadIsSentBundleByBundle(t *testing.T) {
	r := newRig(t)
	var s []connectors.Shipment
	for i := range 3 {
		o := r.two(1, mall.Instruct)
		s = append(s, connectors.Shipment{Order: o.Number, Package: o.Parcels[0].Key, Carrier: "cj", Tracking: fmt.Sprint(690000000101 + i)})
	}
	uploads := 0
	r.Between(func(w http.ResponseWriter, q *http.Request, m http.Handler) {
		if strings.HasSuffix(q.URL.Path, "/orders/invoices") {
			body, _ := io.ReadAll(q.Body)
			q.Body = io.NopCloser(strings.NewReader(string(body)))
			if uploads++; strings.Contains(string(body), "690000000102") {
				w.WriteHeader(http.StatusBadRequest)
				io.WriteString(w, `{"code":400,"message":"CJ 대한통운의 송장번호 형식에 맞지않는 운송장 번호 입니다. [690000000102]"}`)
				return
			}
		}
		m.ServeHTTP(w, q)
	})
	res := r.Ship(s...)
	r.Want(res[0], connectors.Done, "OK")
	r.Want(res[1], connectors.Rejected, "400")
	r.Want(res[2], connectors.Done, "OK")
	if !strings.Contains(res[1].Detail, "형식에 맞지않는") || uploads != 4 {
		t.Errorf("%q, %d uploads", res[1].Detail, uploads)
	}
}

func TestOtherNumberAtTheMall(t *testing.T) {
	r := newRig(t)
	o := r.two(1, mall.Instruct)
	r.check(r.Dispatch(vendor, r.number(o.Number), "HANJIN", "510000000777"))
	s := connectors.Shipment{Order: o.Number, Package: o.Parcels[0].Key, Carrier: "cj", Tracking: "690000000101"}
	res := r.Ship(s)
	r.Want(res[0], connectors.Rejected, "INVALID_STATUS")
	if !strings.Contains(res[0].Detail, "510000000777") {
		t.Errorf("detail: %s", res[0].Detail)
	}
	s.Correct = true
	r.Want(r.Ship(s)[0], connectors.Done, "OK")
	s.Package = "1"
	r.Want(r.Ship(s)[0], connectors.Rejected, "NOT_FOUND_SHIPMENT_BOX")
	s.Order = "2"
	r.Want(r.Ship(s)[0], connectors.Rejected, "ORDER_DELIVERY_CANCELED")
}

func TestNumberUsedForAnotherRecipient(t *testing.T) {
	r := newRig(t)
	a, b := r.two(1, mall.Instruct), r.two(1, mall.Instruct)
	ship := func(o *orders.Order) connectors.Result {
		return r.Ship(connectors.Shipment{Order: o.Number, Package: o.Parcels[0].Key, Carrier: "cj", Tracking: "690000000101"})[0]
	}
	r.Want(ship(a), connectors.Done, "OK")
	r.Want(ship(b), connectors.Rejected, "NOT_ALLOW_INVOICE_NUMBER_RE_UPLOAD")
}

func TestConfirmTellsOrdersApart(t *testing.T) {
	r := newRig(t)
	var all []order.Order
	for range 60 {
		o := r.two(1, mall.Accept)
		all = append(all, order.Order{Number: o.Number, Packages: []order.Package{{Key: o.Parcels[0].Key}}})
	}
	_, err := r.AskCancel(vendor, r.number(all[3].Number), map[int64]int64{r.number(seaweed): 3, r.number(seaweed3): 1})
	r.check(err)
	all[5].Packages[0].Key = "702600715000999999"
	all[6].Packages[0].Key = "no number"
	all[7].Packages = nil
	for i, res := range r.Driver.Confirm(t.Context(), all) {
		switch i {
		case 3:
			r.Want(res, connectors.Rejected, "ORDER_DELIVERY_CANCELED")
		case 5, 6:
			r.Want(res, connectors.Rejected, "NOT_FOUND_SHIPMENT_BOX")
		case 7:
			r.Want(res, connectors.Rejected, "")
		default:
			r.Want(res, connectors.Done, "OK")
		}
	}
	n := 0
	for _, c := range r.Calls() {
		if strings.HasSuffix(c, "/acknowledgement") {
			n++
		}
	}
	if n != 2 {
		t.Errorf("%d calls for 60 bundles at 50 a call", n)
	}
}

func TestLongWindowsAreReadByDay(t *testing.T) {
	r := newRig(t)
	var placed []string
	for _, back := range []time.Duration{2 * time.Hour, 26 * time.Hour, 5 * 24 * time.Hour, 12*24*time.Hour + 3*time.Hour, 29 * 24 * time.Hour} {
		for range 60 {
			o := r.stream.Ordinary(orders.Coupang, r.Now().In(mall.Seoul), 1)[0]
			o.Ordered = r.Now().Add(-back)
			r.check(r.Place(vendor, &o, mall.Instruct))
			placed = append(placed, o.Number)
		}
	}
	w := connectors.Window{From: r.Now().AddDate(0, 0, -30), To: r.Now()}
	for _, kind := range []connectors.ReadKind{connectors.ReadNew, connectors.ReadOpen} {
		r.Forget()
		got := r.Orders(connectors.Read{Window: w, Kind: kind})
		for _, n := range placed {
			if _, ok := got[n]; !ok {
				t.Fatalf("%s: order %s is lost", kind, n)
			}
		}
		if kind == connectors.ReadOpen && len(r.Calls()) > 15 {
			t.Errorf("%d calls for what is open in 30 days", len(r.Calls()))
		}
	}
}

// A minute with more orders than a read by the minute can carry is read by pages.
func TestMinuteThatTimesOut(t *testing.T) {
	r := newRig(t)
	r.Break(mall.Faults{Repeat: true})
	at := r.Now().Add(-90 * time.Minute)
	for range 130 {
		o := r.stream.Ordinary(orders.Coupang, r.Now().In(mall.Seoul), 1)[0]
		o.Ordered = at
		r.check(r.Place(vendor, &o, mall.Instruct))
	}
	if got := r.Orders(connectors.Read{Window: r.Lately(), Kind: connectors.ReadNew}); len(got) != 130 {
		t.Errorf("%d orders of 130", len(got))
	}
}

func TestAListThatNeverEnds(t *testing.T) {
	r := newRig(t)
	r.Between(func(w http.ResponseWriter, q *http.Request, _ http.Handler) {
		io.WriteString(w, `{"code":200,"message":"OK","data":[],"nextToken":"again"}`)
	})
	for _, err := range r.Driver.Read(t.Context(), connectors.Read{Window: r.Lately(), Kind: connectors.ReadNew}) {
		if connectors.ClassOf(err) != connectors.Transient || !strings.Contains(fmt.Sprint(err), "again and again") {
			t.Errorf("error: %v", err)
		}
	}
	if len(r.Calls()) > 3 {
		t.Errorf("%d calls", len(r.Calls()))
	}
}

func TestCatalogLeavesOutWhatCannotBeBought(t *testing.T) {
	r := newRig(t)
	r.two(1, mall.Accept)
	r.check(r.Sell(vendor, mall.Product{Seller: 9, Shown: 9, Item: 99, Name: "심사중인 상품", Price: 1000, Status: "IN_REVIEW"}))
	got, _ := r.Parsed(r.Driver.Catalog(t.Context(), connectors.CatalogFrom{}))
	var options []string
	for _, p := range got.Products {
		options = append(options, p.Codes.OptionID+" "+p.Codes.ItemCode)
	}
	slices.Sort(options)
	if want := []string{seaweed + " SEAWEED-10", seaweed3 + " SEAWEED-30"}; !slices.Equal(options, want) {
		t.Errorf("%v, want %v", options, want)
	}
}

func TestStockThatTheMallRefuses(t *testing.T) {
	r := newRig(t)
	r.check(r.Sell(vendor, mall.Product{Seller: 9, Shown: 9, Item: 99, Name: "옛 상품", Price: 1000, Deleted: true}))
	res := r.Driver.SetStock(t.Context(), []connectors.Quantity{{Codes: order.Codes{OptionID: "99"}, Sell: 5}, {Codes: order.Codes{OptionID: "98"}, Sell: 5}, {Codes: order.Codes{OptionID: "99"}, Sell: 1_000_000}})
	for i, want := range []string{"삭제된 상품", "not found", "재고수량"} {
		if res[i].Outcome != connectors.Rejected || !strings.Contains(res[i].Detail, want) {
			t.Errorf("%d: %+v", i, res[i])
		}
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
		{"key of another vendor", func(r *rig) { r.vendor.ID = "A00099999"; r.vendor.AccessKey = "x"; r.add(); r.vendor.ID = vendor }, "login", "issue it again"},
		{"wrong secret", func(r *rig) { r.vendor.SecretKey = "ffff"; r.add() }, "login", "compare access_key and secret_key"},
		{"address not registered", func(r *rig) { r.vendor.IPs = []string{"192.0.2.1"}; r.add() }, "ip", "register this machine's public IP"},
		{"key of 170 days", func(r *rig) { r.Move(160 * 24 * time.Hour) }, "key_expiry", "issue the key again"},
		{"key that died", func(r *rig) { r.Move(170 * 24 * time.Hour) }, "login", "older than 180 days"},
	} {
		t.Run(x.name, func(t *testing.T) {
			r := newRig(t, "key_issued", "2026-07-05")
			if x.name == "key of another vendor" {
				r.vendor.AccessKey = "99999999-2222-3333-4444-555555555555"
				r.add()
			} else {
				x.change(r)
			}
			bad := failed(r)
			if x.check == "" && len(bad) > 0 || x.check != "" && !strings.Contains(bad[x.check], x.do) {
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

// What the mall may say instead of an answer, and what is to be done about it.
func TestErrorsAreSorted(t *testing.T) {
	for _, x := range []struct {
		status int
		body   string
		class  connectors.Class
		cause  connectors.Cause
	}{
		{400, `{"code":400,"message":"Invalid vendor ID"}`, connectors.Refused, ""},
		{401, `{"code":"ERROR","message":"Specified signature is expired.","transactionId":"x"}`, connectors.Reauth, connectors.CauseClock},
		{401, `{"code":"ERROR","message":"Invalid signature."}`, connectors.Reauth, connectors.CauseKey},
		{401, `{"code":"ERROR","message":"HMAC format is invalid."}`, connectors.Reauth, connectors.CauseKey},
		{403, `{"code":"ERROR","message":"[FORBIDDEN] Not allowed IP"}`, connectors.Reauth, connectors.CauseIP},
		{403, `{"code":"ERROR","message":"Specified signature is expired."}`, connectors.Reauth, connectors.CauseClock},
		{404, `not json`, connectors.Refused, ""},
		{410, `{"code":"ERROR","message":"gone"}`, connectors.Refused, ""},
		{412, `{"code":"ERROR","message":"Read timed out"}`, connectors.Transient, ""},
		{423, `{"code":"ERROR","message":"locked"}`, connectors.Transient, ""},
		{500, `{"code":"ERROR","message":"Timeout waiting for connection from pool"}`, connectors.Transient, ""},
		{504, `{"code":"ERROR","message":"Request timed out, if the situation continues consider applying timeout extension."}`, connectors.Transient, ""},
		{521, `<html>`, connectors.Transient, ""},
		{200, `{"code":"429","message":"Too Many Requests"}`, connectors.Wait, ""},
		{200, `{"code":"ERROR","message":"Internal Exception"}`, connectors.Transient, ""},
		{200, `{"code":400,"message":"Invalid vendor ID"}`, connectors.Refused, ""},
		{200, `[]`, connectors.Transient, ""},
		{200, `{}`, connectors.Transient, ""},
		{200, `{"code":200,"message":"OK"}`, connectors.Transient, ""},
		{200, `{"code":200,"message":"OK","data":{}}`, connectors.Transient, ""},
	} {
		r := newRig(t)
		r.Between(func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
			w.WriteHeader(x.status)
			io.WriteString(w, x.body)
		})
		var last error
		for _, err := range r.Driver.Read(t.Context(), connectors.Read{Window: r.Lately(), Kind: connectors.ReadOpen}) {
			last = err
		}
		if last == nil {
			t.Errorf("%d %s: no error", x.status, x.body)
		} else if e := connectors.AsError(last); e.Class != x.class || e.Cause != x.cause {
			t.Errorf("%d %s: %v %q, want %v %q", x.status, x.body, e.Class, e.Cause, x.class, x.cause)
		}
	}
}

// A write that was answered by a gateway's timeout may have been done.
func TestWriteThatTimedOutIsAskedAbout(t *testing.T) {
	for _, did := range []bool{true, false} {
		r := newRig(t)
		o := r.two(1, mall.Instruct)
		r.Between(func(w http.ResponseWriter, q *http.Request, m http.Handler) {
			if q.Method != http.MethodPost {
				m.ServeHTTP(w, q)
				return
			}
			if did {
				m.ServeHTTP(httptest.NewRecorder(), q)
			}
			w.WriteHeader(http.StatusGatewayTimeout)
			io.WriteString(w, `{"code":"ERROR","message":"Request timed out, if the situation continues consider applying timeout extension."}`)
		})
		res := r.Ship(connectors.Shipment{Order: o.Number, Package: o.Parcels[0].Key, Carrier: "cj", Tracking: "690000000101"})
		if did {
			r.Want(res[0], connectors.Done, "OK")
		} else {
			r.Want(res[0], connectors.Unknown, "")
		}
		posts := 0
		for _, c := range r.Calls() {
			if strings.HasPrefix(c, "POST") {
				posts++
			}
		}
		if posts != 1 {
			t.Errorf("%d uploads", posts)
		}
	}
}
