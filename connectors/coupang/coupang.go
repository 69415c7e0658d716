// Package coupang speaks to the WING Open API of Coupang: order sheets v5,
// acknowledgement, invoices, return requests v6, products and stock.
//
// A bundle (shipmentBoxId) is a package, an option in it (vendorItemId) a line.
// Coupang lists bundles by status; the driver reads all six lists of a window,
// later statuses after earlier ones so that a bundle which moves on meanwhile is
// not missed, and puts the bundles of each order together again. The pages that
// it yields hold the bundles byte for byte as they came, whole orders each.
//
// Cancelled bundles are in no list: [Driver.Claims] tells of them.
//
// Facts: the articles of the Coupang developers' portal on HMAC, ordersheets,
// invoices, returnRequests, products and the rate limit policy, as of May 2026.
package coupang

import (
	"context"
	_ "embed"
	"fmt"
	"time"

	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/order"
)

//go:embed about.yaml
var about []byte

var described = connectors.Described(about)

// Spec is the mall.
var Spec = connectors.Spec{Name: "coupang", About: described, New: New}

// A Driver speaks to one vendor.
type Driver struct {
	client
	account string
	issued  order.Date // of the key, or empty
	asSold  bool
}

var (
	_ connectors.Driver    = (*Driver)(nil)
	_ connectors.Opener    = (*Driver)(nil)
	_ connectors.Rereader  = (*Driver)(nil)
	_ connectors.Confirmer = (*Driver)(nil)
	_ connectors.Shipper   = (*Driver)(nil)
	_ connectors.Claimer   = (*Driver)(nil)
	_ connectors.Stocker   = (*Driver)(nil)
	_ connectors.Cataloger = (*Driver)(nil)
	_ connectors.Expirer   = (*Driver)(nil)
	_ connectors.Tester    = (*Driver)(nil)
)

// New makes the driver of an account.
func New(a connectors.Account, c *connectors.Client) (connectors.Driver, error) {
	issued := order.Date(a.Settings["key_issued"])
	if _, ok := issued.Time(seoul); issued != "" && !ok {
		return nil, fmt.Errorf("key_issued: %q is no day", issued)
	}
	return &Driver{
		client: client{c, a.Settings["vendor_id"]}, account: a.Name, issued: issued, asSold: a.Settings["multi_pack"] == "as_sold",
	}, nil
}

// keyLife is for how many days a key works.
const keyLife = 180

// Expires returns the end of the key by its day of issue; Coupang does not tell.
// The zero time if key_issued is not set.
func (d *Driver) Expires(context.Context) (time.Time, error) {
	if d.issued == "" {
		return time.Time{}, nil
	}
	t, ok := d.issued.AddDays(keyLife).Time(seoul)
	if !ok {
		return time.Time{}, fmt.Errorf("key_issued: %q is no day", d.issued)
	}
	return t.Add(-time.Second).UTC(), nil
}
