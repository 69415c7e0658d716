package order

import "time"

// A Tracking is what a mall is told of one order line that a parcel carried. A
// line that went in several parcels has one for each, a parcel with several lines
// one for each of those: what the malls' upload sheets and order APIs take is made
// from the same rows.
//
// Order, Package and Line are the keys that the mall gave, as in [Order],
// [Package] and [Line]; the mall's further ids (product order, option, shipment
// box) are among them and among Codes.
type Tracking struct {
	Account  string
	Order    string
	Package  string
	Line     string
	Codes    Codes
	Name     string // what the buyer saw
	Option   string
	Price    int64 // each, smallest unit
	Currency string
	Quantity int64 // pieces of the line in this parcel, 1 or more
	LineNote string

	Status   string  // the mall's status when the order was last read
	Ordered  Instant // when the buyer placed it
	Note     string  // of the order, what the buyer wrote
	Payment  string  // our kind: prepaid, cod, deferred
	Delivery string  // the mall's delivery method, of the package or else the order
	ShipBy   Date
	Message  string // delivery message for the carrier
	Customs  string // customs code of the recipient

	Carrier     string // our carrier code: yamato, sagawa, japanpost, cj …
	Service     string // our delivery service code
	Number      string // tracking number: digits and capital letters
	RawNumber   string // as the warehouse's file gave it
	ShippedOn   Date   // in the mall's zone
	ShippedAt   time.Time
	Temperature Temperature

	// Correct says that the mall was told of the line before, under the number Was.
	Correct bool
	Was     string
	// Ref is the mall's number of what it was told before, where it is known and
	// the mall wants it for a correction: 発送明細ID.
	Ref string

	To    Party
	Buyer Party
}
