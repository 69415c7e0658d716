// Package amazon connects shops at Amazon by the Selling Partner API: orders, shipment
// confirmation one by one or as a feed, stock and listings. Japan is its first store;
// other stores work by the same calls.
//
// A window is over the time of the last update, so that what changed comes by itself
// and nothing has to be read again. Orders come by searchOrders, 100 at a page with
// everything in them, or, by the setting orders_by, as numbers from a report and one by
// one by getOrder; both give the same order. An order is one package, "1"; a line's key
// is its orderItemId. Codes are as in the sheets: ItemCode the seller's SKU; ItemID is
// the ASIN.
//
// Facts: Amazon's models orders_2026-01-01, ordersV0, feeds_2021-06-30,
// reports_2021-06-30, listingsItems_2021-08-01 and the guides of the Selling Partner API
// as of November 2026.
package amazon

import (
	"context"
	_ "embed"
	"fmt"
	"strconv"
	"time"

	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/mappers/codes"
	"github.com/mallbridge/mallbridge/order"
)

//go:embed about.yaml
var about []byte

var described = connectors.Described(about)

// Spec is the mall.
var Spec = connectors.Spec{Name: "amazon", About: described, New: New}

// A Driver speaks to one seller at one store.
type Driver struct {
	*client
	account    connectors.Account
	store      string
	seller     string
	issued     order.Date // of the app secret
	authorised order.Date
	feedFrom   int // parcels of one call from which a feed is sent; 0 for never
	names      map[string]string
}

var (
	_ connectors.Driver         = (*Driver)(nil)
	_ connectors.Rereader       = (*Driver)(nil)
	_ connectors.Shipper        = (*Driver)(nil)
	_ connectors.ShipChecker    = (*Driver)(nil)
	_ connectors.Stocker        = (*Driver)(nil)
	_ connectors.StockReader    = (*Driver)(nil)
	_ connectors.Cataloger      = (*Driver)(nil)
	_ connectors.CatalogResumer = (*Driver)(nil)
	_ connectors.Expirer        = (*Driver)(nil)
	_ connectors.Tester         = (*Driver)(nil)
	_ connectors.Consenter      = (*Driver)(nil)
)

// New makes the driver of an account.
func New(a connectors.Account, c *connectors.Client) (connectors.Driver, error) {
	d := &Driver{account: a, store: a.Settings["marketplace_id"], seller: a.Settings["seller_id"]}
	for name, day := range map[string]*order.Date{"secret_issued": &d.issued, "authorised": &d.authorised} {
		*day = order.Date(a.Settings[name])
		if _, ok := day.Time(time.UTC); *day != "" && !ok {
			return nil, fmt.Errorf("%s: %q is no day", name, *day)
		}
	}
	from, err := strconv.Atoi(a.Settings["feed_from"])
	if err != nil {
		return nil, fmt.Errorf("feed_from: %w", err)
	}
	d.feedFrom = from
	if t, ok := codes.Builtin().Table(codes.Carriers, described().Name); ok {
		d.names = t.Written(true)
	}
	d.client = newClient(c, a.Settings["client_id"])
	return d, nil
}

// What life is known of an app secret, and of a seller's consent to a published app.
const (
	secretLife  = 180
	consentLife = 365
)

// Expires returns the earlier end of the app secret and of the seller's consent, by
// the days that the account states; Amazon does not tell. The zero time if neither is
// stated.
func (d *Driver) Expires(context.Context) (time.Time, error) {
	var first time.Time
	for _, x := range []struct {
		from order.Date
		days int
	}{{d.issued, secretLife}, {d.authorised, consentLife}} {
		if x.from == "" {
			continue
		}
		end, ok := x.from.AddDays(x.days).Time(d.account.Zone)
		if !ok {
			return first, fmt.Errorf("%q is no day", x.from)
		}
		if end = end.Add(-time.Second).UTC(); first.IsZero() || end.Before(first) {
			first = end
		}
	}
	return first, nil
}
