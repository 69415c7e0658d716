package ebay_test

import (
	"testing"
	"time"

	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/connectors/drivertest"
	"github.com/mallbridge/mallbridge/connectors/ebay"
	"github.com/mallbridge/mallbridge/order"
	mall "github.com/mallbridge/mallbridge/simulator/ebay"
	"github.com/mallbridge/mallbridge/simulator/orders"
)

// A rig is a simulated mall with the connector before it.
type rig struct {
	shop
	*drivertest.Front
	server string
}

func newRig(t *testing.T, settings ...string) *rig { return newRigOf(t, mall.Options{}, settings...) }

func newRigOf(t *testing.T, o mall.Options, settings ...string) *rig {
	r := &rig{Front: drivertest.NewFront(t, time.Date(2026, 11, 18, 3, 0, 0, 0, time.UTC))}
	o.Now = r.Now
	r.shop = newShop(t, o)
	r.server = r.Serve(r.Mall)
	a := r.account(map[string]string{"client_secret": certID, "refresh_token": r.seller.RefreshToken})
	a.Settings[connectors.BaseURL] = r.server
	r.Open(ebay.Spec, a, settings...)
	return r
}

// read reads the last three hours.
func (r *rig) read() map[string]order.Order {
	r.Helper()
	w := connectors.Window{From: r.Now().Add(-3 * time.Hour), To: r.Now().Add(-time.Minute)}
	return r.Orders(connectors.Read{Window: w, Kind: connectors.ReadNew})
}

// two is an order of three pieces of one item and one of another.
func (r *rig) two(change ...func(*orders.Order)) *orders.Order {
	r.Helper()
	o := r.stream.Ordinary(orders.Ebay, r.Now(), 1)[0]
	o.Ordered = r.Now().Add(-2 * time.Hour)
	o.Parcels[0].Lines = []orders.Line{
		{Key: o.Number + "a", ItemID: "110000000001", SKUCode: "TOWEL/W 01", Name: "Imabari towel, white", Option: "Colour: White", Quantity: 3, Price: 2400},
		{Key: o.Number + "b", ItemID: "110000000002", SKUCode: "0010003", Name: "Deep-steamed sencha 100 g", Quantity: 1, Price: 1295},
	}
	o.Goods, o.Postage, o.Total = 8495, 1500, 9995
	for _, f := range change {
		f(&o)
	}
	r.check(r.Place(seller, &o))
	return &o
}

func parcel(o *orders.Order, number string, lines ...connectors.ShippedLine) connectors.Shipment {
	return connectors.Shipment{Order: o.Number, Package: "1", Carrier: "japanpost", Tracking: number, ShippedOn: "2026-11-18", Lines: lines}
}

func pieces(o *orders.Order, line string, n int64) connectors.ShippedLine {
	return connectors.ShippedLine{Line: o.Number + line, Quantity: n}
}
