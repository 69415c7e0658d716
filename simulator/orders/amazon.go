package orders

import (
	"strings"
	"time"
)

var amazonTitles = []string{
	"order-id", "order-item-id", "purchase-date", "payments-date", "reporting-date", "promise-date", "days-past-promise", "buyer-email", "buyer-name",
	"buyer-phone-number", "sku", "product-name", "quantity-purchased", "quantity-shipped", "quantity-to-ship", "ship-service-level", "recipient-name",
	"ship-address-1", "ship-address-2", "ship-address-3", "ship-city", "ship-state", "ship-postal-code", "ship-country", "payment-method",
	"cod-collectible-amount", "already-paid", "payment-method-fee", "scheduled-delivery-start-date", "scheduled-delivery-end-date", "points-granted", "is-prime",
}

// AmazonTSV writes the report of unshipped orders in UTF-8, as newer accounts get it:
// what the shop has to ship, with the town in the first line of the address.
func AmazonTSV(os []Order, at time.Time) Sheet {
	var b strings.Builder
	row := func(values ...string) { b.WriteString(strings.Join(values, "\t") + "\r\n") }
	row(amazonTitles...)
	for i := range os {
		o := &os[i]
		if o.Status != "UNSHIPPED" || o.MallShips {
			continue
		}
		method, collect, fee := "Other", "", ""
		if o.Payment == "CashOnDelivery" {
			method, collect, fee = "COD", itoa(o.Total), itoa(o.Fee)
		}
		when := o.Ordered.Format(time.RFC3339)
		for _, p := range o.Parcels {
			for _, l := range p.Lines {
				n := itoa(l.Quantity)
				row(o.Number, l.Key, when, when, at.Format(time.RFC3339), o.Ordered.AddDate(0, 0, 2).Format(time.RFC3339), "-2", "sample@marketplace.example", o.Buyer.Name(),
					p.To.Phone, l.ItemCode, l.Name, n, "0", n, "Standard", p.To.Name(),
					p.To.City+p.To.Street, p.To.Building, "", "", p.To.Prefecture, p.To.Postal, p.To.Country, method,
					collect, "", fee, "", "", "", "false")
			}
		}
	}
	return Sheet{"unshipped_" + at.Format("20060102_1504") + ".txt", []byte(b.String())}
}
