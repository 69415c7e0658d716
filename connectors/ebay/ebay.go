// Package ebay speaks to eBay's sell APIs: orders and fulfilments (Sell Fulfillment
// v1), items and stock (Sell Inventory v1), limits (Developer Analytics v1_beta).
//
// Orders are read by the time of their last change, whole, 200 at a call; a line item
// is a line, and all of an order is one package. Of an order that was partly shipped
// its fulfilments are read too, for the order does not tell what is left of it. Pages
// hold both byte for byte as they came.
//
// Codes: ItemID legacyItemId, OptionID legacyVariationId, SKUCode sku (Custom label).
// Amounts are decimals in the currency of the order, read as its smallest unit.
//
// Facts: eBay's contracts of Fulfillment v1.20.7, Inventory 1.18.4 and Analytics
// v1_beta, and the pages of developer.ebay.com on OAuth, as of November 2026.
package ebay

import (
	"context"
	_ "embed"
	"fmt"
	"strconv"
	"time"

	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/order"
)

//go:embed about.yaml
var about []byte

var described = connectors.Described(about)

// Spec is the mall.
var Spec = connectors.Spec{Name: "ebay", About: described, New: New}

// A Driver speaks to one seller.
type Driver struct {
	client
	account string
	zone    *time.Location // of the day by which an order must go
	ends    order.Date     // of the consent, or empty
	offers  bool           // stock is set in the offers too
	batch   int            // SKUs in one call of stock
	noMail  bool           // recipients have no mail address
}

var (
	_ connectors.Driver         = (*Driver)(nil)
	_ connectors.Rereader       = (*Driver)(nil)
	_ connectors.Shipper        = (*Driver)(nil)
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
	ends := order.Date(a.Settings[settingEnds])
	if _, ok := ends.Time(time.UTC); ends != "" && !ok {
		return nil, fmt.Errorf("%s: %q is no day", settingEnds, ends)
	}
	batch, err := strconv.Atoi(a.Settings["stock_batch"])
	if err != nil || batch < 1 {
		return nil, fmt.Errorf("stock_batch: %q is no number", a.Settings["stock_batch"])
	}
	return &Driver{
		client: newClient(a, c), account: a.Name, zone: a.Zone, ends: ends, batch: batch, offers: a.Settings["stock_in"] == "item_and_offers",
		noMail: a.Settings["recipient_mail"] == "leave_out",
	}, nil
}

// settingEnds is the setting with the last day of the consent.
const settingEnds = "consent_ends"

// Expires returns the end of the refresh token as the consent gave it; eBay has no
// call that tells. The zero time if consent_ends is not set.
func (d *Driver) Expires(context.Context) (time.Time, error) {
	t, ok := d.ends.Time(time.UTC)
	if !ok {
		return time.Time{}, nil
	}
	return t, nil
}
