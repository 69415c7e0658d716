package coupang

import (
	"time"
)

// The statuses of a bundle.
const (
	Accept        = "ACCEPT"
	Instruct      = "INSTRUCT"
	Departure     = "DEPARTURE"
	Delivering    = "DELIVERING"
	FinalDelivery = "FINAL_DELIVERY"
	NoneTracking  = "NONE_TRACKING"
)

var statusText = map[string]string{
	Accept: "결제완료", Instruct: "상품준비중", Departure: "배송지시", Delivering: "배송중",
	FinalDelivery: "배송완료", NoneTracking: "업체 직접 배송",
}

// A bundle is one shipmentBoxId.
type bundle struct {
	id, order     int64
	shop          *shop
	ordered, paid time.Time
	// created is what lists search by. Coupang does not say whether that is the time
	// of the order, of its payment or of the bundle; here it is the bundle's, so that
	// the part which a split sends ahead is newer than its order.
	created     time.Time
	status      string
	buyer, to   person
	message     string
	fee, remote int64 // won
	island      bool
	fulfilled   string // shipmentType
	customs     string
	items       []*item
	split       bool
	parted      bool // an earlier part of it was shipped under another id
	planned     string
	courier     string
	invoice     string
	uploaded    time.Time
	dispatched  time.Time
	past        []step // newest last
}

// A person has a name, a virtual phone number and an address.
type person struct{ name, phone, addr1, addr2, postal string }

// A step is one change of a bundle's status.
type step struct {
	status string
	at     time.Time
}

// An item is one option in a bundle.
type item struct {
	vendorItem, product, sellerProduct int64
	name, registered, option           string // shown name, registered name, option
	sku                                string // externalVendorSkuCode
	count, cancelled, held             int64
	price, discount                    int64 // won each; won together
	prompt                             string
	entries                            []string
	promised                           string // yyyy-mm-dd
	pack                               int64  // upBundleSize, 0 for none
	base                               int64  // upBundleVendorItemId
}

func (i *item) left() int64 { return i.count - i.cancelled - i.held }

// alive reports whether anything of the bundle was not cancelled.
func (b *bundle) alive() bool {
	for _, i := range b.items {
		if i.cancelled < i.count {
			return true
		}
	}
	return false
}

// stopped reports how much of the bundle a stop request covers.
func (b *bundle) stopped() (part, all bool) {
	all = true
	for _, i := range b.items {
		part = part || i.held > 0
		all = all && i.left() <= 0
	}
	return part, part && all
}

func (b *bundle) item(vendorItem int64) *item {
	for _, i := range b.items {
		if i.vendorItem == vendorItem {
			return i
		}
	}
	return nil
}

func (b *bundle) move(status string, at time.Time) {
	b.status = status
	b.past = append(b.past, step{status, at})
}

// settle does what the courier did until now.
func (b *bundle) settle(now time.Time) {
	for _, next := range [...]struct {
		from, to string
		after    time.Duration
	}{{Departure, Delivering, pickUp}, {Delivering, FinalDelivery, delivery}} {
		if at := b.dispatched.Add(next.after); b.status == next.from && !at.After(now) {
			b.move(next.to, at)
		}
	}
}

// settle does what time did to a vendor's bundles.
func (s *shop) settle(now time.Time) {
	for _, b := range s.bundles {
		if b.status == Departure || b.status == Delivering {
			b.settle(now)
		}
	}
}

// recipient is by what the mall tells whether a tracking number is used again for
// the same parcel.
func (b *bundle) recipient() string {
	return b.to.name + "\x00" + b.to.addr1 + "\x00" + b.to.addr2
}
