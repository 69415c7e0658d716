package shopify_test

import (
	"fmt"
	"strconv"
	"testing"

	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/simulator/orders"
)

// longLines is how many lines remain of a long order.
const longLines = 130

// long puts in an order with more lines, fulfillment orders and parcels than a list gives,
// and returns its name. The first four of its 134 lines are shipped; one is at another
// location.
func (r *rig) long() string {
	r.Helper()
	o := r.two(func(o *orders.Order) {
		lines := make([]orders.Line, longLines+4)
		for i := range lines {
			n := strconv.Itoa(i + 1)
			lines[i] = orders.Line{Key: n, ItemID: "81" + n, OptionID: "41" + n, SKUCode: "MUG-" + n, Name: "見本 " + n, Quantity: 1, Price: 100}
		}
		o.Parcels[0].Lines = lines
	})
	at, err := r.AddLocation(domain, "第二倉庫", false)
	r.check(err)
	r.check(r.Mall.Move(domain, o.Number, longLines+3, at))
	r.check(r.Mall.Move(domain, o.Number, longLines+2, r.Location(domain)))
	for i := range 4 {
		res := r.Ship(parcel(o, fmt.Sprintf("4000000031%02d", i), pieces(strconv.Itoa(i+1), 1)))
		r.WantText(res[0], connectors.Done, "")
	}
	return o.Number
}

// An order that is longer than what a list gives of it comes whole.
func TestLongOrder(t *testing.T) {
	r := newRig(t)
	name := r.long()
	r.Forget()
	o, shown := r.Reread(name)
	if o.Lines() != longLines || o.Status != "paid" || o.SubStatus != "partial" {
		t.Errorf("%d lines, status %s %s", o.Lines(), o.Status, o.SubStatus)
	}
	for i, l := range o.Packages[0].Lines {
		if want := strconv.Itoa(i + 5); l.Key != want || l.Codes.SKUCode != "MUG-"+want || l.Quantity != 1 {
			t.Fatalf("line %d is %+v", i, l)
		}
	}
	if len(shown) != 4 || shown[3].Tracking != "400000003103" || fmt.Sprint(shown[3].Lines) != "[4]" || shown[3].Carrier != "yamato" {
		t.Errorf("%+v", shown)
	}
	for _, operation := range []string{"OrderLines", "OrderFulfillmentOrders", "FulfillmentOrderLines", "OrderFulfillments", "FulfillmentLines"} {
		if r.count(operation) == 0 {
			t.Errorf("%s was not sent: %v", operation, r.Calls())
		}
	}
	// All of it goes in one parcel: two locations, two fulfillments.
	r.Forget()
	p := connectors.Shipment{Order: name, Package: "1", Carrier: "yamato", Tracking: "400000003204", ShippedOn: "2026-11-18"}
	r.WantText(r.Ship(p)[0], connectors.Done, "")
	if n := r.count("Ship"); n != 2 {
		t.Errorf("%d calls", n)
	}
	r.WantText(r.Ship(p)[0], connectors.Already, "")
	if o, _ := r.Reread(name); o.Status != "fulfilled" || o.Lines() != longLines+4 {
		t.Errorf("status %s, %d lines", o.Status, o.Lines())
	}
}
