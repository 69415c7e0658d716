package elevenst_test

import (
	"testing"
	"time"

	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/connectors/drivertest"
	"github.com/mallbridge/mallbridge/connectors/elevenst"
	mall "github.com/mallbridge/mallbridge/simulator/elevenst"
	"github.com/mallbridge/mallbridge/simulator/orders"
)

// A rig is a simulated mall with the connector before it.
type rig struct {
	shop
	*drivertest.Front
}

func newRig(t *testing.T, settings ...string) *rig { return newRigOf(t, mall.Options{}, settings...) }

func newRigOf(t *testing.T, o mall.Options, settings ...string) *rig {
	r := &rig{Front: drivertest.NewFront(t, time.Date(2026, 7, 15, 3, 0, 0, 0, time.UTC))}
	o.Now = r.Now
	r.shop = shop{
		Mall: mall.New(o), TB: t, stream: orders.NewStream(2),
		seller: mall.Seller{ID: seller, Key: apiKey, Issued: r.Now().AddDate(0, 0, -10)},
	}
	r.add()
	r.Open(elevenst.Spec, connectors.Account{
		Name:     "elevenst-main",
		Settings: map[string]string{connectors.BaseURL: r.Serve(r.Mall)},
		Secret:   func(name string) (string, error) { return map[string]string{"openapi_key": apiKey}[name], nil },
	}, settings...)
	return r
}
