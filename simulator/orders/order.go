package orders

import "time"

// The malls.
const (
	Rakuten       = "rakuten"
	SmartStore    = "smartstore"
	Coupang       = "coupang"
	ElevenSt      = "elevenst"
	Amazon        = "amazon"
	Shopify       = "shopify"
	YahooShopping = "yahoo-shopping"
	YahooAuction  = "yahoo-auction"
	Shopserve     = "shopserve"
	Plain         = "plain"
)

// What can become of an order.
const (
	Instructed = "instructed"
	Held       = "held"
	Outside    = "outside"
	Refused    = "refused"  // its rows cannot be read
	Filtered   = "filtered" // its rows are left out as the format says; nobody counts it
	Later      = "later"    // planned for a day to come
)

// The repairs that end holds.
const (
	LinkNewListings  = "sku"         // the listings of [NewListings] are linked
	AgreeReplacement = "replacement" // the warehouse agrees to the pairs of [Replacements]
	MendRows         = "rows"        // refused rows are mended and dropped again
)

// A Fate is what must become of an order.
type Fate struct {
	State  string
	Reason string // code, where it is held, outside or refused
}

// An Order is one order as a mall knows it.
type Order struct {
	Mall      string
	Kind      string // what is special about it: ordinary, hard name, set …
	Number    string
	Status    string
	SubStatus string
	Ordered   time.Time // in the mall's zone
	Payment   string
	Delivery  string
	Currency  string
	Goods     int64
	Postage   int64
	Fee       int64
	Total     int64
	Open      bool // the mall has not fixed the total yet
	Checking  bool
	Warning   bool
	Island    bool
	Claim     bool
	MallShips bool
	Gift      string // のし
	Note      string // of the buyer
	Memo      string // of the shop
	Buyer     Person
	Parcels   []Parcel

	// Fate is what becomes of it once Repair is made; First what becomes of it
	// before. Both are the same where Repair is empty.
	Fate   Fate
	First  Fate
	Repair string
}

// A Parcel goes to one recipient.
type Parcel struct {
	Key       string
	To        Person
	Band      string
	DeliverOn string // 2026-11-22
	ShipBy    string
	Note      string
	Customs   string
	Invoice   string // tracking number that the mall has already
	Lines     []Line
}

// A Line is one listing in a quantity.
type Line struct {
	Key        string
	ItemID     string
	ItemCode   string
	OptionID   string
	OptionCode string
	SKUCode    string
	Barcode    string
	Name       string
	Option     string
	Quantity   int64
	Price      int64
	TaxRate    string
	// Lossy marks a line whose long numbers were kept as numbers by a spreadsheet.
	Lossy bool
}

// A Person has an address.
type Person struct {
	Family, Given         string
	FamilyKana, GivenKana string
	Country               string
	Postal                string // digits
	Prefecture, City      string
	Street, Building      string
	Phone                 string // with hyphens
	Mail                  string
}

// Name joins the names as the country writes them.
func (p Person) Name() string {
	switch {
	case p.Country == "KR" || p.Given == "":
		return p.Family + p.Given
	case p.Country != "JP" && p.Country != "":
		return p.Given + " " + p.Family
	}
	return p.Family + " " + p.Given
}

// Base is the address without the building, in one line.
func (p Person) Base() string {
	if p.Country == "KR" {
		return p.Prefecture + " " + p.City + " " + p.Street
	}
	return p.Prefecture + p.City + p.Street
}

// Lines counts the lines of all parcels.
func (o *Order) Lines() int {
	n := 0
	for i := range o.Parcels {
		n += len(o.Parcels[i].Lines)
	}
	return n
}
