package yahooshopping_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/connectors/drivertest"
	"github.com/mallbridge/mallbridge/connectors/yahooshopping"
	"github.com/mallbridge/mallbridge/order"
	"github.com/mallbridge/mallbridge/simulator/orders"
	mall "github.com/mallbridge/mallbridge/simulator/yahoo"
)

// A rig is a simulated mall with the connector before it.
type rig struct {
	*shop
	*drivertest.Front
	secrets map[string]string
}

// newRig opens an account that has consented; settings come in pairs.
func newRig(t *testing.T, settings ...string) *rig {
	return newRigOf(t, yahooshopping.Spec, settings...)
}

func newRigOf(t *testing.T, spec connectors.Spec, settings ...string) *rig {
	r := &rig{Front: drivertest.NewFront(t, time.Date(2026, 9, 3, 3, 0, 0, 0, time.UTC))}
	r.shop = newShop(t, mall.Options{Now: r.Now})
	refresh, err := r.Mall.Consent(seller)
	r.check(err)
	r.secrets = map[string]string{"client_secret": secret, "refresh_token": refresh, "public_key": publicPEM()}
	r.Describe = func(q *http.Request, body []byte) string { return q.URL.Path + " " + string(body) }
	r.Open(spec, connectors.Account{
		Name: "yahoo-main",
		Settings: map[string]string{
			connectors.BaseURL: r.Serve(r.Mall), "seller_id": seller, "client_id": clientID, "key_version": "2", "redirect_uri": callback,
			"consented": r.Now().Format(time.RFC3339), "key_issued": "2026-07-01",
		},
		Secret: func(name string) (string, error) { return r.secrets[name], nil },
	}, settings...)
	return r
}

// put places an ordinary order two hours ago, changed by f.
func (r *rig) put(f func(o *orders.Order)) *orders.Order {
	r.Helper()
	o := r.stream.Ordinary(r.of, r.Now().In(mall.Tokyo), 1)[0]
	o.Ordered = r.Now().Add(-2 * time.Hour)
	if f != nil {
		f(&o)
	}
	r.check(r.Place(seller, &o))
	return &o
}

// read reads the last three hours.
func (r *rig) read(kind connectors.ReadKind) map[string]order.Order {
	r.Helper()
	return r.Orders(connectors.Read{Window: r.Lately(), Kind: kind})
}

func parcel(o *orders.Order, number string) connectors.Shipment {
	return connectors.Shipment{Order: o.Number, Package: "1", Carrier: "yamato", Tracking: number, ShippedOn: "2026-09-03"}
}
