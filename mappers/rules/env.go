package rules

import (
	"reflect"
	"strings"
	"time"

	"github.com/mallbridge/mallbridge/order"
)

// Env is what a condition can look at: one package of an order, with what the
// plan has found out so far. The names in conditions and in cases are those of
// the tags. Amounts are whole smallest units of the order's currency, weights
// are grams, days are text (2026-11-22) and compare in order of time.
type Env struct {
	Account string `expr:"account" yaml:"account" doc:"name of the account"`
	Mall    string `expr:"mall" yaml:"mall" doc:"mall of the account"`
	Today   string `expr:"today" yaml:"today" doc:"today in the account's zone"`
	Weekday string `expr:"weekday" yaml:"weekday" doc:"today: mon, tue, wed, thu, fri, sat, sun"`

	Order   Order   `expr:"order" yaml:"order" doc:"the order"`
	Package Package `expr:"package" yaml:"package" doc:"the package"`
	To      Party   `expr:"to" yaml:"to" doc:"the recipient"`
	Buyer   Party   `expr:"buyer" yaml:"buyer" doc:"the buyer"`
	Lines   []Line  `expr:"lines" yaml:"lines" doc:"what the mall sold in this package"`
	SKUs    []SKU   `expr:"skus" yaml:"skus" doc:"what the warehouse picks for it"`

	Country    string `expr:"country" yaml:"country" doc:"of the recipient: JP, KR …"`
	Postal     string `expr:"postal" yaml:"postal" doc:"of the recipient, digits only"`
	Prefecture string `expr:"prefecture" yaml:"prefecture" doc:"of the recipient, in full: 東京都, 서울특별시"`
	City       string `expr:"city" yaml:"city" doc:"of the recipient"`
	Address    string `expr:"address" yaml:"address" doc:"of the recipient, joined"`

	Payment     string   `expr:"payment" yaml:"payment" doc:"our payment kind: prepaid, cod, deferred"`
	Service     string   `expr:"service" yaml:"service" doc:"our delivery service"`
	Carrier     string   `expr:"carrier" yaml:"carrier" doc:"carrier code"`
	Temperature string   `expr:"temperature" yaml:"temperature" doc:"normal, chilled, frozen: the coldest of the package"`
	Warehouse   string   `expr:"warehouse" yaml:"warehouse" doc:"warehouse chosen so far"`
	TimeBand    string   `expr:"time_band" yaml:"time_band" doc:"our time band of the wish"`
	DeliverOn   string   `expr:"deliver_on" yaml:"deliver_on" doc:"wished delivery day"`
	Flags       []string `expr:"flags" yaml:"flags" doc:"what the mall marks the order with: island, gift, preorder …"`
	Note        string   `expr:"note" yaml:"note" doc:"what the buyer wrote"`

	Quantity  int `expr:"quantity" yaml:"quantity" doc:"pieces sold in this package"`
	Pieces    int `expr:"pieces" yaml:"pieces" doc:"pieces picked for this package"`
	Weight    int `expr:"weight" yaml:"weight" doc:"weight of all SKUs, 0 where unknown"`
	LineCount int `expr:"line_count" yaml:"line_count" doc:"lines of this package"`
	Value     int `expr:"value" yaml:"value" doc:"price times quantity of this package"`
}

// Order is the order as conditions see it.
type Order struct {
	Number    string   `expr:"number" yaml:"number" doc:"order number"`
	Status    string   `expr:"status" yaml:"status" doc:"the mall's status"`
	SubStatus string   `expr:"substatus" yaml:"substatus" doc:"the mall's or shop's finer status"`
	OrderedOn string   `expr:"ordered_on" yaml:"ordered_on" doc:"day of the order in the account's zone"`
	Hour      int      `expr:"hour" yaml:"hour" doc:"hour of the order in the account's zone"`
	Payment   string   `expr:"payment" yaml:"payment" doc:"the mall's payment method"`
	Delivery  string   `expr:"delivery" yaml:"delivery" doc:"the mall's delivery method"`
	Currency  string   `expr:"currency" yaml:"currency" doc:"JPY, KRW …"`
	Total     int      `expr:"total" yaml:"total" doc:"what the buyer owes"`
	Goods     int      `expr:"goods" yaml:"goods" doc:"sum of the goods"`
	Postage   int      `expr:"postage" yaml:"postage" doc:"shipping fee"`
	Fee       int      `expr:"fee" yaml:"fee" doc:"cash-on-delivery or payment fee"`
	Discount  int      `expr:"discount" yaml:"discount" doc:"coupons and points"`
	Note      string   `expr:"note" yaml:"note" doc:"what the buyer wrote"`
	Memo      string   `expr:"memo" yaml:"memo" doc:"what the shop wrote"`
	Flags     []string `expr:"flags" yaml:"flags" doc:"what the mall marks it with"`
	Packages  int      `expr:"packages" yaml:"packages" doc:"how many recipients it has"`
	Lines     int      `expr:"lines" yaml:"lines" doc:"lines of all packages"`
}

// Package is the package as conditions see it.
type Package struct {
	Key       string `expr:"key" yaml:"key" doc:"the mall's key of the package"`
	DeliverOn string `expr:"deliver_on" yaml:"deliver_on" doc:"wished delivery day"`
	TimeBand  string `expr:"time_band" yaml:"time_band" doc:"the mall's code of the wished time"`
	ShipBy    string `expr:"ship_by" yaml:"ship_by" doc:"the mall's latest shipping day"`
	Delivery  string `expr:"delivery" yaml:"delivery" doc:"delivery method of the package"`
	Note      string `expr:"note" yaml:"note" doc:"message for the carrier"`
}

// Party is a person or company as conditions see it.
type Party struct {
	Name     string `expr:"name" yaml:"name" doc:"name"`
	Company  string `expr:"company" yaml:"company" doc:"company"`
	Phone    string `expr:"phone" yaml:"phone" doc:"phone as the mall wrote it"`
	Email    string `expr:"email" yaml:"email" doc:"e-mail address"`
	Postal   string `expr:"postal" yaml:"postal" doc:"postal code as the mall wrote it"`
	Street   string `expr:"street" yaml:"street" doc:"street"`
	Building string `expr:"building" yaml:"building" doc:"building"`
}

// Line is a sold line as conditions see it.
type Line struct {
	ItemID     string `expr:"item_id" yaml:"item_id" doc:"the mall's product id"`
	ItemCode   string `expr:"item_code" yaml:"item_code" doc:"the seller's product code"`
	OptionID   string `expr:"option_id" yaml:"option_id" doc:"the mall's variation id"`
	OptionCode string `expr:"option_code" yaml:"option_code" doc:"the seller's variation code"`
	SKUCode    string `expr:"sku_code" yaml:"sku_code" doc:"the seller's own SKU"`
	Barcode    string `expr:"barcode" yaml:"barcode" doc:"JAN, EAN"`
	Name       string `expr:"name" yaml:"name" doc:"what the buyer saw"`
	Option     string `expr:"option" yaml:"option" doc:"the chosen variation"`
	Quantity   int    `expr:"quantity" yaml:"quantity" doc:"pieces sold"`
	Price      int    `expr:"price" yaml:"price" doc:"each"`
	Note       string `expr:"note" yaml:"note" doc:"wishes for this line"`
}

// SKU is a picked SKU as conditions see it.
type SKU struct {
	SKU         string `expr:"sku" yaml:"sku" doc:"the warehouse's code"`
	Name        string `expr:"name" yaml:"name" doc:"name"`
	Quantity    int    `expr:"quantity" yaml:"quantity" doc:"pieces picked"`
	Temperature string `expr:"temperature" yaml:"temperature" doc:"normal, chilled, frozen"`
	Weight      int    `expr:"weight" yaml:"weight" doc:"each"`
	Warehouse   string `expr:"warehouse" yaml:"warehouse" doc:"the only warehouse that keeps it"`
}

// NewEnv fills an Env from the package at index i of an order, as far as the
// order alone tells. now is the present in the account's zone. The caller sets
// the mall, the SKUs and what mapping found: postal code, prefecture, city,
// payment, service, carrier, temperature, warehouse and time band. The totals
// are set by [Set.Apply].
func NewEnv(o *order.Order, i int, now time.Time) Env {
	p := &o.Packages[i]
	e := Env{
		Account: o.Account, Today: string(order.DateOf(now)), Weekday: weekday(now),
		Order: Order{
			Number: o.Number, Status: o.Status, SubStatus: o.SubStatus, Payment: o.Payment, Delivery: o.Delivery, Currency: o.Currency,
			Total: int(o.Total), Goods: int(o.Goods), Postage: int(o.Postage), Fee: int(o.Fee), Discount: int(o.Discount),
			Note: o.Note, Memo: o.Memo, Flags: o.Flags, Packages: len(o.Packages), Lines: o.Lines(),
		},
		Package: Package{
			Key: p.Key, DeliverOn: string(p.DeliverOn), TimeBand: p.TimeBand, ShipBy: string(p.ShipBy), Delivery: p.Delivery, Note: p.Note,
		},
		To: party(&p.To), Buyer: party(&o.Buyer),
		Country: p.To.Country, Postal: p.To.Postal, Prefecture: p.To.Prefecture, City: p.To.City, Address: p.To.Address(),
		DeliverOn: string(p.DeliverOn), Flags: o.Flags, Note: o.Note,
	}
	if !o.Ordered.UTC.IsZero() {
		local := o.Ordered.UTC.In(now.Location())
		e.Order.OrderedOn, e.Order.Hour = string(order.DateOf(local)), local.Hour()
	}
	e.Lines = make([]Line, len(p.Lines))
	for k := range p.Lines {
		l := &p.Lines[k]
		e.Lines[k] = Line{
			ItemID: l.Codes.ItemID, ItemCode: l.Codes.ItemCode, OptionID: l.Codes.OptionID, OptionCode: l.Codes.OptionCode,
			SKUCode: l.Codes.SKUCode, Barcode: l.Codes.Barcode, Name: l.Name, Option: l.Option,
			Quantity: int(l.Quantity), Price: int(l.Price), Note: l.Note,
		}
	}
	sum(&e)
	return e
}

func party(p *order.Party) Party {
	return Party{Name: p.Name, Company: p.Company, Phone: p.Phone, Email: p.Email, Postal: p.Postal, Street: p.Street, Building: p.Building}
}

func weekday(t time.Time) string { return strings.ToLower(t.Weekday().String()[:3]) }

// sum sets the totals from the lines and SKUs. It is no method: conditions could
// call it.
func sum(e *Env) {
	e.LineCount, e.Quantity, e.Value, e.Pieces, e.Weight = len(e.Lines), 0, 0, 0, 0
	for i := range e.Lines {
		e.Quantity += e.Lines[i].Quantity
		e.Value += e.Lines[i].Quantity * e.Lines[i].Price
	}
	for i := range e.SKUs {
		e.Pieces += e.SKUs[i].Quantity
		e.Weight += e.SKUs[i].Quantity * e.SKUs[i].Weight
	}
}

// A Name is one value that conditions can use.
type Name struct {
	Name string // order.total, lines[].price
	Type string // text, number, list of text …
	Doc  string
}

// Names lists every value of [Env], for manuals and editors.
func Names() []Name { return names(reflect.TypeFor[Env](), "") }

func names(t reflect.Type, prefix string) []Name {
	var out []Name
	for i := range t.NumField() {
		f := t.Field(i)
		n := Name{Name: prefix + f.Tag.Get("expr"), Doc: f.Tag.Get("doc")}
		switch {
		case f.Type.Kind() == reflect.Struct:
			out = append(out, names(f.Type, n.Name+".")...)
			continue
		case f.Type.Kind() == reflect.Slice && f.Type.Elem().Kind() == reflect.Struct:
			n.Type = "list"
			out = append(out, n)
			out = append(out, names(f.Type.Elem(), n.Name+"[].")...)
			continue
		case f.Type.Kind() == reflect.Slice:
			n.Type = "list of text"
		case f.Type.Kind() == reflect.Int:
			n.Type = "number"
		default:
			n.Type = "text"
		}
		out = append(out, n)
	}
	return out
}
