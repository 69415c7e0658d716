package order

import "time"

// An Order is what one buyer placed at one account, as the mall tells it. It
// has one package for each recipient; a package has lines.
//
// Status, Payment and Delivery carry the mall's own text or code; mapping them
// is the business of the plan stage.
type Order struct {
	Account   string  // name of the account, as in accounts/<name>.yaml
	Number    string  // the mall's order number
	Status    string  // the mall's status
	SubStatus string  // the shop's or mall's finer status, if it has one
	Ordered   Instant // when the buyer placed it
	Payment   string  // the mall's payment method
	Delivery  string  // the mall's delivery method
	Currency  string  // ISO 4217, of every amount of the order
	Total     int64   // what the buyer owes, smallest unit; also what cash on delivery collects
	Goods     int64   // sum of the goods
	Postage   int64   // shipping fee
	Fee       int64   // cash-on-delivery or payment fee
	Discount  int64   // coupons and points together, positive
	Buyer     Party
	Note      string   // what the buyer wrote
	Memo      string   // what the shop wrote
	Flags     []string // what the mall marks the order with, see the Flag constants
	Packages  []Package
}

// A Package is everything of an order that goes to one recipient.
type Package struct {
	Key       string // the mall's key of the package; "1" where the mall has none
	To        Party
	DeliverOn Date   // wished delivery date, zero if none
	TimeBand  string // the mall's code of the wished time, empty if none
	ShipBy    Date   // the mall's latest shipping date, zero if none
	Delivery  string // delivery method, where it differs from the order's
	Note      string // delivery message for the carrier
	CustomsID string // what customs must see: Korea's code of the recipient (PCCC), or tax numbers with their names (IOSS …)
	Lines     []Line
}

// A Line is one listing in a quantity.
type Line struct {
	Key      string // the mall's key of the line; its running number where it has none
	Codes    Codes  // every code the mall gave
	Name     string // what the buyer saw
	Option   string // the chosen variation, as text
	Quantity int64
	Price    int64  // each, smallest unit
	TaxRate  string // as the mall writes it, "0.1"
	Note     string // wrapping, engraving and other wishes for this line
}

// Codes are the fields in which malls keep codes of what was sold. Which one
// links to a SKU is a setting of the account (sku_from).
type Codes struct {
	ItemID     string // the mall's product id: 商品管理番号, 상품번호, 노출상품ID
	ItemCode   string // the seller's product code: 商品番号, 판매자 상품코드, 업체상품코드
	OptionID   string // the mall's variation id: 옵션ID
	OptionCode string // the seller's variation code: SKU管理番号, 옵션관리코드
	SKUCode    string // the seller's own SKU: システム連携用SKU番号, 판매자 내부코드1
	Barcode    string // JAN, EAN: 바코드
}

// By returns the code kept under the name used in configuration: item_id,
// item_code, option_id, option_code, sku_code or barcode.
func (c *Codes) By(name string) (code string, ok bool) {
	switch name {
	case "item_id":
		return c.ItemID, true
	case "item_code":
		return c.ItemCode, true
	case "option_id":
		return c.OptionID, true
	case "option_code":
		return c.OptionCode, true
	case "sku_code":
		return c.SKUCode, true
	case "barcode":
		return c.Barcode, true
	}
	return "", false
}

// CodeNames lists the names that [Codes.By] knows.
func CodeNames() []string {
	return []string{"item_id", "item_code", "option_id", "option_code", "sku_code", "barcode"}
}

// Flags that a mall or a format can set on an order. A flag is a fact; whether
// it holds the order is a rule.
const (
	FlagMallCheck     = "mall_check"     // the mall is still checking it (楽天確認中)
	FlagWarning       = "warning"        // the mall warns of the buyer or the order
	FlagIsland        = "island"         // remote island, 離島, 제주/도서
	FlagAmountOpen    = "amount_open"    // an amount is not fixed yet (Rakuten -9999)
	FlagGift          = "gift"           // wrapping, noshi or gift message
	FlagClaim         = "claim"          // a cancel or change is under way
	FlagMallFulfils   = "mall_fulfils"   // the mall's own warehouse ships it
	FlagAddressLater  = "address_later"  // the recipient has not given an address yet
	FlagPreorder      = "preorder"       // reserved, subscription or distribution order
	FlagMedicine      = "medicine"       // sold under pharmacy rules
	FlagSplitShipping = "split_shipping" // the mall already split this package
	FlagZerosRestored = "zeros_restored" // a postal code or phone got back zeros that a spreadsheet had dropped
)

// HasFlag reports whether the mall marked the order so.
func (o *Order) HasFlag(flag string) bool {
	for _, f := range o.Flags {
		if f == flag {
			return true
		}
	}
	return false
}

// Money returns an amount of the order in its currency.
func (o *Order) Money(units int64) Money { return Money{Units: units, Currency: o.Currency} }

// Lines counts the lines of all packages.
func (o *Order) Lines() int {
	n := 0
	for i := range o.Packages {
		n += len(o.Packages[i].Lines)
	}
	return n
}

// A Party is a person or company with an address: buyer, recipient, sender.
type Party struct {
	Name       string
	Kana       string
	Company    string
	Phone      string // as the mall wrote it
	Phone2     string
	Email      string
	Country    string // ISO 3166 alpha-2; JP or KR where the mall is domestic
	Postal     string // digits as given, with or without hyphen
	Prefecture string // 都道府県, 시도
	City       string // 市区郡, 시군구
	Street     string // the rest, or the whole address where the mall does not split it
	Building   string // 建物, 상세주소
}

// Address joins the parts of the address as they are printed: in Japan the largest first
// and without blanks, in Korea with blanks, elsewhere the smallest first with commas. An
// address without a country is taken for a Japanese one.
func (p *Party) Address() string {
	parts, sep := [...]string{p.Prefecture, p.City, p.Street, p.Building}, ", "
	switch p.Country {
	case "JP", "":
		return p.Prefecture + p.City + p.Street + p.Building
	case "KR":
		sep = " "
	default:
		parts = [...]string{p.Street, p.Building, p.City, p.Prefecture}
	}
	out := ""
	for _, s := range parts {
		if out != "" && s != "" {
			out += sep
		}
		out += s
	}
	return out
}

// An Instant is a point in time, with the text the mall gave for it.
type Instant struct {
	UTC  time.Time // zero when unknown
	Text string
}

// A Date is a civil day, "2026-11-22", or empty.
type Date string

// DateOf returns the day of t in t's own location.
func DateOf(t time.Time) Date { return Date(t.Format(time.DateOnly)) }

// Time returns midnight of the day in loc. ok is false for an empty or
// impossible date.
func (d Date) Time(loc *time.Location) (t time.Time, ok bool) {
	t, err := time.ParseInLocation(time.DateOnly, string(d), loc)
	return t, err == nil
}

// AddDays returns the date n days later; an invalid date is returned unchanged.
func (d Date) AddDays(n int) Date {
	t, ok := d.Time(time.UTC)
	if !ok {
		return d
	}
	return DateOf(t.AddDate(0, 0, n))
}
