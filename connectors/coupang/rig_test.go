package coupang_test

import (
	"testing"
	"time"

	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/connectors/coupang"
	"github.com/mallbridge/mallbridge/connectors/drivertest"
	mall "github.com/mallbridge/mallbridge/simulator/coupang"
	"github.com/mallbridge/mallbridge/simulator/orders"
)

// A rig is a simulated mall with the connector before it.
type rig struct {
	shop
	*drivertest.Front
}

func newRig(t *testing.T, settings ...string) *rig {
	r := &rig{Front: drivertest.NewFront(t, time.Date(2026, 7, 15, 3, 0, 0, 0, time.UTC))}
	r.shop = shop{
		Mall: mall.New(mall.Options{Now: r.Now}), TB: t, stream: orders.NewStream(2),
		vendor: mall.Vendor{ID: vendor, AccessKey: accessKey, SecretKey: secretKey, Issued: r.Now().AddDate(0, 0, -10)},
	}
	r.add()
	r.Open(coupang.Spec, connectors.Account{
		Name:     "coupang-main",
		Settings: map[string]string{"vendor_id": vendor, connectors.BaseURL: r.Serve(r.Mall)},
		Secret: func(name string) (string, error) {
			return map[string]string{"access_key": accessKey, "secret_key": secretKey}[name], nil
		},
	}, settings...)
	return r
}
