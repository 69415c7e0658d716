package shopserve

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/order"
)

// Parse reads orders by the places that the account gives, and items.
func (d *Driver) Parse(p connectors.Page) (connectors.Parsed, error) {
	r := reader{account: d.account, about: described()}
	var body struct {
		Rows []json.RawMessage `json:"rows"`
	}
	if err := json.Unmarshal(p.Body, &body); err != nil {
		return r.out, fmt.Errorf("the page is not JSON: %w", err)
	}
	if body.Rows == nil {
		return r.out, errors.New("the page has no rows")
	}
	switch {
	case p.Kind == pageItems:
		r.items(body.Rows)
	case p.Kind != pageOrders:
		return r.out, fmt.Errorf("pages of the kind %q are not known", p.Kind)
	case d.orders == nil:
		return r.out, errors.New("the account does not say where the fields of orders are")
	default:
		r.fields = d.orders.fields
		r.orders(body.Rows)
	}
	return r.out, nil
}

// A reader gathers what one page holds.
type reader struct {
	account string
	about   *connectors.About
	fields  fields
	out     connectors.Parsed
	at      int    // of the record at hand
	number  string // of the order at hand
}

// A wrong is a value that cannot be taken.
type wrong struct {
	field, value string
	reason       order.Reason
	detail       string
}

func (r *reader) refuse(w *wrong) {
	r.out.Refused = append(r.out.Refused, connectors.Refusal{
		Order: r.number, Record: fmt.Sprintf("rows[%d]", r.at), Field: w.field, Value: w.value, Reason: w.reason, Detail: w.detail,
	})
}

// read reads a record as a whole.
func read(raw json.RawMessage) (any, *wrong) {
	if err := connectors.CheckText(raw); err != nil {
		return nil, &wrong{reason: order.RefusedCharset, detail: err.Error()}
	}
	if err := connectors.CheckJSON(raw); err != nil {
		return nil, &wrong{reason: order.RefusedConflict, detail: err.Error()}
	}
	v, err := decode(raw)
	if err != nil {
		return nil, &wrong{reason: order.RefusedType, detail: err.Error()}
	}
	return v, nil
}

func (r *reader) orders(rows []json.RawMessage) {
	seen := map[string]bool{}
	for i, raw := range rows {
		r.at, r.number = i, (&orderAPI{fields: r.fields}).numberOf(raw)
		doc, w := read(raw)
		var o *order.Order
		if w == nil {
			o, w = r.order(doc)
		}
		if w == nil && seen[o.Number] {
			w = &wrong{"order.number", o.Number, order.RefusedConflict, "the order stands twice"}
		}
		if w != nil {
			r.refuse(w)
			continue
		}
		seen[o.Number] = true
		r.out.Orders = append(r.out.Orders, *o)
	}
}

// A getter reads fields of one document, and keeps the first that cannot be read.
type getter struct {
	fields
	doc any
	w   *wrong
}

func (g *getter) text(name string) string {
	v, err := g.fields.text(g.doc, name)
	if err != nil && g.w == nil {
		g.w = &wrong{name, "", order.RefusedType, err.Error()}
	}
	return v
}

func (g *getter) must(name string) string {
	v := g.text(name)
	if v == "" && g.w == nil {
		g.w = &wrong{name, "", order.RefusedMissing, "there is nothing at " + g.fields[name]}
	}
	return v
}

// yen reads an amount, which may have commas and 円.
func (g *getter) yen(name string) int64 {
	v := g.text(name)
	s := strings.NewReplacer(",", "", "円", "", "¥", "", " ", "").Replace(v)
	if s == "" {
		return 0
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if most := int64(1) << 40; (err != nil || n > most || n < -most) && g.w == nil {
		g.w = &wrong{name, v, order.RefusedType, "a whole number is expected"}
	}
	return n
}

// day reads a day; empty if there is none.
func (g *getter) day(name string) order.Date {
	v := g.text(name)
	if v == "" {
		return ""
	}
	head, _, _ := strings.Cut(strings.ReplaceAll(v, "T", " "), " ")
	for _, l := range []string{time.DateOnly, "2006/01/02", "2006/1/2", "20060102"} {
		if t, err := time.Parse(l, head); err == nil {
			return order.DateOf(t)
		}
	}
	if g.w == nil {
		g.w = &wrong{name, v, order.RefusedType, "a day such as 2026-07-20 is expected"}
	}
	return ""
}

// instant reads a time of the shop, which is Japan's where no offset is given.
func instant(v string) (time.Time, bool) {
	if t, err := time.Parse(time.RFC3339, v); err == nil {
		return t.UTC(), true
	}
	for _, l := range []string{"2006-01-02 15:04:05", "2006/01/02 15:04:05", "2006-01-02T15:04:05", "2006/1/2 15:04:05", "2006-01-02 15:04", "2006/01/02 15:04", "2006/1/2 15:04", "20060102150405", time.DateOnly, "2006/01/02", "2006/1/2"} {
		if t, err := time.ParseInLocation(l, v, tokyo); err == nil {
			return t.UTC(), true
		}
	}
	return time.Time{}, false
}

func (r *reader) order(doc any) (*order.Order, *wrong) {
	g := &getter{fields: r.fields, doc: doc}
	o := &order.Order{
		Account: r.account, Number: g.must("order.number"), Status: g.text("order.status"), Payment: g.text("order.payment"), Delivery: g.text("order.delivery"),
		Currency: "JPY", Total: g.yen("order.total"), Postage: g.yen("order.postage"), Fee: g.yen("order.fee"), Note: g.text("order.note"),
		Buyer: order.Party{
			Name: g.text("buyer.name"), Kana: g.text("buyer.kana"), Postal: g.text("buyer.postal"), Prefecture: g.text("buyer.prefecture"), City: g.text("buyer.city"),
			Street: g.text("buyer.street"), Building: g.text("buyer.building"), Phone: g.text("buyer.phone"), Email: g.text("buyer.email"), Country: "JP",
		},
	}
	if n := g.yen("order.discount"); n != 0 {
		o.Discount = max(n, -n)
	}
	if v := g.must("order.ordered_at"); v != "" {
		at, ok := instant(v)
		if !ok {
			return nil, &wrong{"order.ordered_at", v, order.RefusedType, "a time such as 2026/11/24 10:03:21 is expected"}
		}
		o.Ordered = order.Instant{UTC: at, Text: v}
	}
	if g.w != nil {
		return nil, g.w
	}
	packages := []any{doc}
	if _, placed := r.fields["packages"]; placed {
		var err error
		if packages, err = r.fields.list(doc, "packages"); err != nil || len(packages) == 0 {
			return nil, &wrong{"packages", "", order.RefusedMissing, "a list of packages is expected at " + r.fields["packages"]}
		}
	}
	for _, p := range packages {
		if w := r.pack(o, p); w != nil {
			return nil, w
		}
	}
	for _, p := range o.Packages {
		for _, l := range p.Lines {
			o.Goods += l.Price * l.Quantity
		}
	}
	return o, nil
}

func (r *reader) pack(o *order.Order, doc any) *wrong {
	g := &getter{fields: r.fields, doc: doc}
	p := order.Package{
		Key: g.text("package.key"), DeliverOn: g.day("package.deliver_on"), TimeBand: g.text("package.time_band"), Note: g.text("package.note"),
		To: order.Party{
			Name: g.must("to.name"), Kana: g.text("to.kana"), Postal: g.must("to.postal"), Prefecture: g.text("to.prefecture"), City: g.text("to.city"),
			Street: g.must("to.street"), Building: g.text("to.building"), Phone: g.must("to.phone"), Country: "JP",
		},
	}
	if p.Key == "" {
		p.Key = strconv.Itoa(len(o.Packages) + 1)
	}
	tracking, carrier := g.text("package.tracking"), g.text("package.carrier")
	if g.w != nil {
		return g.w
	}
	if slices.ContainsFunc(o.Packages, func(x order.Package) bool { return x.Key == p.Key }) {
		return &wrong{"package.key", p.Key, order.RefusedConflict, "two packages of the order have it"}
	}
	lines, err := r.fields.list(doc, "lines")
	if err != nil || len(lines) == 0 {
		return &wrong{"lines", "", order.RefusedMissing, "a list of lines is expected at " + r.fields["lines"]}
	}
	for _, l := range lines {
		x, w := r.line(l, len(p.Lines)+1)
		if w != nil {
			return w
		}
		if slices.ContainsFunc(p.Lines, func(y order.Line) bool { return y.Key == x.Key }) {
			return &wrong{"line.key", x.Key, order.RefusedConflict, "two lines of the package have it"}
		}
		p.Lines = append(p.Lines, x)
	}
	o.Packages = append(o.Packages, p)
	if tracking != "" {
		r.out.Shown = append(r.out.Shown, connectors.Shown{Order: o.Number, Package: p.Key, Carrier: r.about.CarrierOf(carrier), Tracking: digits(tracking)})
	}
	return nil
}

// digits is a number without hyphens and spaces.
func digits(tracking string) string { return strings.NewReplacer("-", "", " ", "").Replace(tracking) }

func (r *reader) line(doc any, n int) (order.Line, *wrong) {
	g := &getter{fields: r.fields, doc: doc}
	option := g.text("line.option")
	l := order.Line{
		Key: g.text("line.key"), Name: g.text("line.name"), Option: option, Price: g.yen("line.price"),
		Codes: order.Codes{ItemCode: g.must("line.item_code"), OptionCode: option},
	}
	if l.Key == "" {
		l.Key = strconv.Itoa(n)
	}
	v := g.must("line.quantity")
	if g.w != nil {
		return l, g.w
	}
	var err error
	if l.Quantity, err = strconv.ParseInt(strings.ReplaceAll(v, ",", ""), 10, 64); err != nil || l.Quantity < 1 || l.Quantity > 1_000_000 {
		return l, &wrong{"line.quantity", v, order.RefusedQuantity, "1 or more pieces are expected"}
	}
	return l, nil
}

// items reads what the search for items gives of each.
func (r *reader) items(rows []json.RawMessage) {
	f := fields{"code": "/item_code", "name": "/item_name", "price": "/item_price"}
	for i, raw := range rows {
		r.at = i
		doc, w := read(raw)
		if w == nil {
			g := &getter{fields: f, doc: doc}
			p := connectors.Product{Codes: order.Codes{ItemCode: g.must("code")}, Name: g.text("name"), Price: -1, Stock: -1, OnSale: true}
			if g.text("price") != "" {
				p.Price = g.yen("price")
			}
			if w = g.w; w == nil {
				r.out.Products = append(r.out.Products, p)
				continue
			}
		}
		r.refuse(w)
	}
}
