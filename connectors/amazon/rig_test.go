package amazon_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/connectors/amazon"
	"github.com/mallbridge/mallbridge/connectors/drivertest"
	"github.com/mallbridge/mallbridge/order"
	mall "github.com/mallbridge/mallbridge/simulator/amazon"
	"github.com/mallbridge/mallbridge/simulator/orders"
)

// A rig is a simulated mall with the connector before it.
type rig struct {
	*shop
	*drivertest.Front
	secrets map[string]string
}

// newRig makes a rig; settings come in pairs, secrets of the account beside those of
// the shop too.
func newRig(t *testing.T, o mall.Options, pairs ...string) *rig {
	r := &rig{Front: drivertest.NewFront(t, time.Date(2026, 7, 15, 3, 0, 0, 0, time.UTC))}
	o.Now = r.Now
	r.shop = newShop(t, o)
	r.Describe = func(q *http.Request, _ []byte) string { return q.Method + " " + q.URL.RequestURI() }
	r.secrets = map[string]string{"client_secret": clientSecret, "refresh_token": refreshToken}
	set := settings(r.Now)
	set[connectors.BaseURL] = r.Serve(r.Mall)
	for i := 0; i+1 < len(pairs); i += 2 {
		if s, ok := amazon.Spec.About().Setting(pairs[i]); ok && s.Secret {
			r.secrets[pairs[i]] = pairs[i+1]
			continue
		}
		set[pairs[i]] = pairs[i+1]
	}
	r.Open(amazon.Spec, connectors.Account{
		Name: "amazon-main", Settings: set, Secret: func(name string) (string, error) { return r.secrets[name], nil },
	})
	return r
}

// window is the last day up to where orders are surely listed.
func (r *rig) window() connectors.Window {
	to := r.Now().Add(-3 * time.Minute)
	return connectors.Window{From: to.AddDate(0, 0, -1), To: to}
}

func (r *rig) read(w connectors.Window) map[string]order.Order {
	r.Helper()
	return r.Orders(connectors.Read{Window: w, Kind: connectors.ReadNew})
}

// two is an order of three pieces of one listing and one of another, placed an hour
// ago; change makes it special.
func (r *rig) two(status string, change ...func(*orders.Order)) *orders.Order {
	r.Helper()
	o := r.order(r.Now().Add(-time.Hour))
	key := o.Parcels[0].Lines[0].Key[:12]
	o.Parcels[0].Lines = []orders.Line{
		{Key: key + "01", ItemID: "B000SAMPL1", ItemCode: "TOWEL W/01", Name: "今治タオル 白", Quantity: 3, Price: 1320},
		{Key: key + "02", ItemID: "B000SAMPL2", ItemCode: "0010002", Name: "髙級 深むし煎茶 100g", Quantity: 1, Price: 1080},
	}
	for _, f := range change {
		f(&o)
	}
	r.check(r.Place(sellerID, &o, status))
	return &o
}

func parcel(o *orders.Order, number string, lines ...connectors.ShippedLine) connectors.Shipment {
	return connectors.Shipment{Order: o.Number, Package: "1", Carrier: "yamato", Tracking: number, ShippedOn: "2026-07-15", Lines: lines}
}

func pieces(line string, n int64) connectors.ShippedLine {
	return connectors.ShippedLine{Line: line, Quantity: n}
}

// packages are what the mall keeps of an order's parcels, by tracking number.
func (r *rig) packages(o *orders.Order) map[string]mall.Package {
	r.Helper()
	list, err := r.Packages(o.Number)
	r.check(err)
	out := map[string]mall.Package{}
	for _, p := range list {
		out[p.Tracking] = p
	}
	if len(out) != len(list) {
		r.Errorf("%d packages with %d numbers: %+v", len(list), len(out), list)
	}
	return out
}
