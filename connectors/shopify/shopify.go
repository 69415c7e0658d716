// Package shopify speaks to the Admin GraphQL API of a Shopify store: orders with what
// remains to be shipped of them, fulfillments, stock and variants.
//
// A window is over the time at which orders were changed. A list gives seven orders at a
// time with their first lines, fulfillment orders and fulfillments, which keeps a query
// below the thousand points that one may cost; an order that has more is completed by
// further queries. Pages hold the orders as they came, put together.
//
// What is to be shipped is what fulfillment orders say, not the lines of the order: those
// that are ours, open and not on hold, with the pieces that remain after refunds, edits
// and earlier parcels.
//
// As in the orders export an order's number is its name (#1001), its one package has the
// key 1, and lines count from 1 in the order in which they were added. Codes: ItemID the
// product's number, OptionID the variant's, SKUCode sku, Barcode barcode.
//
// Facts: the schema of version 2026-04 and shopify.dev as of November 2026.
package shopify

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/mallbridge/mallbridge/connectors"
)

//go:embed about.yaml
var about []byte

var described = connectors.Described(about)

// Spec is the mall.
var Spec = connectors.Spec{Name: "shopify", About: described, New: New}

// A Driver speaks to one store.
type Driver struct {
	*client
	account  string
	zone     *time.Location
	settings settings
	size     atomic.Int64 // orders of a page
}

// settings of an account, as the driver reads them.
type settings struct {
	locations     []string // numbers of the locations that are shipped from; none: all
	stockLocation string   // number of the location whose stock is set
	stockQuantity string   // available or on_hand
	holdRefunded  bool
	notify        bool
	dateKeys      []string // of custom attributes
	timeKeys      []string
	giftKeys      []string
}

var (
	_ connectors.Opener         = (*Driver)(nil)
	_ connectors.Rereader       = (*Driver)(nil)
	_ connectors.Shipper        = (*Driver)(nil)
	_ connectors.Stocker        = (*Driver)(nil)
	_ connectors.StockReader    = (*Driver)(nil)
	_ connectors.Cataloger      = (*Driver)(nil)
	_ connectors.CatalogResumer = (*Driver)(nil)
	_ connectors.Tester         = (*Driver)(nil)
)

// New makes the driver of an account.
func New(a connectors.Account, c *connectors.Client) (connectors.Driver, error) {
	s := a.Settings
	d := &Driver{
		client: newClient(c, s["client_id"], s["api_version"]), account: a.Name, zone: a.Zone,
		settings: settings{
			locations: list(s["locations"]), stockLocation: s["stock_location"], stockQuantity: s["stock_quantity"],
			holdRefunded: s["refunded_in_part"] == "hold", notify: s["notify_customer"] == "yes",
			dateKeys: list(s["date_attributes"]), timeKeys: list(s["time_attributes"]), giftKeys: list(s["gift_attributes"]),
		},
	}
	d.size.Store(ordersOfPage)
	return d, nil
}

// list splits a setting at its commas.
func list(v string) []string {
	var out []string
	for _, s := range strings.Split(v, ",") {
		if s = strings.TrimSpace(s); s != "" {
			out = append(out, s)
		}
	}
	return out
}

// number is the number of an id such as gid://shopify/Order/800001; empty if it is none.
func number(id string) string {
	s := id[strings.LastIndexByte(id, '/')+1:]
	if !strings.HasPrefix(id, "gid://shopify/") || s == "" || strings.Trim(s, "0123456789") != "" {
		return ""
	}
	return s
}

func gid(kind, number string) string { return fmt.Sprintf("gid://shopify/%s/%s", kind, number) }

// ours reports whether goods at a location are ours to ship.
func (s *settings) ours(location string) bool {
	return len(s.locations) == 0 || slices.Contains(s.locations, number(location))
}
