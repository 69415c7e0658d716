package orders

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// Ebay sells abroad, in US dollars. Its amounts are cents.
const Ebay = "ebay"

var (
	familiesAbroad = []string{"Sample", "Invented", "Example", "Müller-Muster", "O'Nowhere", "Ångström"}
	givensAbroad   = []string{"Ana", "Pat", "Robin", "Zoë", "Jürgen", "Siân"}
	placesAbroad   = []struct{ country, state, city, postal string }{
		{"US", "MA", "Sampleton", "02134"},
		{"US", "OR", "Sampleville", "97000"},
		{"GB", "", "Exampleford", "ZZ1 1ZZ"},
		{"DE", "", "Musterstadt", "01067"},
		{"AU", "NSW", "Nowhere Bay", "0200"},
	}
	streetsAbroad   = []string{"Nowhere Road", "Invented Lane", "Musterstraße", "Example Avenue"}
	buildingsAbroad = []string{"", "", "Apt 7", "Unit 0/2", "Flat B"}
)

// personAbroad invents somebody in a country of America, Europe or Oceania.
func personAbroad(r *rand.Rand, n int) Person {
	at := pick(r, placesAbroad)
	return Person{
		Family: pick(r, familiesAbroad), Given: pick(r, givensAbroad), Country: at.country, Postal: at.postal, Prefecture: at.state, City: at.city,
		Street: fmt.Sprintf("%d %s", 1+r.IntN(900), pick(r, streetsAbroad)), Building: pick(r, buildingsAbroad),
		Phone: fmt.Sprintf("555010%04d", n%10_000), Mail: fmt.Sprintf("buyer%05d@shop.example", n),
	}
}

// ebay makes the frame of an order: paid, to be sent abroad.
func (o *Order) ebay(seq int) {
	o.Number = fmt.Sprintf("%02d-%05d-%05d", 10+seq%90, seq*7%100_000, seq%100_000)
	o.Status, o.Payment, o.Delivery, o.Currency = "PAID", "EBAY", "ExpeditedShippingFromOutsideUS", "USD"
}

// abroad are the kinds of orders of eBay.
var abroad = []kind{
	changed(60, "through a hub", yes, func(_ *Stream, o *Order) {
		o.Parcels[0].Note = "9000000000000001" // the reference of the hub
	}),
	changed(40, "awaiting payment", outside("status_unshipped"), status("PENDING", "")),
	changed(40, "cancel requested", held("claim_open"), func(_ *Stream, o *Order) { o.Claim = true }),
	changed(30, "mall ships", outside("mall_fulfils"), func(_ *Stream, o *Order) { o.MallShips = true }),
	changed(20, "partially refunded", held("status_hold"), status("PARTIALLY_REFUNDED", "")),
	changed(20, "tax number", yes, func(_ *Stream, o *Order) { o.Parcels[0].Customs = "IM0000000000" }),
	changed(20, "dead listing", held("sku_unmapped"), func(s *Stream, o *Order) { only(s, o, "CLOCK-OLD-US") }),
	changed(20, "ship by", yes, func(_ *Stream, o *Order) { o.Parcels[0].ShipBy = o.Ordered.AddDate(0, 0, 3).Format(time.DateOnly) }),
}
