package ebay

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/order"
)

// States of orders and their lines.
const (
	notStarted = "NOT_STARTED"
	inProgress = "IN_PROGRESS"
	fulfilled  = "FULFILLED"

	cancelled   = "CANCELED"
	cancelling  = "CANCEL_REQUESTED" // ours: cancelState IN_PROGRESS
	digital     = "DIGITAL"
	pickup      = "PREPARE_FOR_PICKUP"
	packageKey  = "1"
	otherIsNone = "Other" // the code of every carrier that eBay has none for
)

// Parse reads orders with their fulfilments, and items.
func (d *Driver) Parse(p connectors.Page) (connectors.Parsed, error) {
	r := reader{account: d.account, zone: d.zone, noMail: d.noMail}
	switch p.Kind {
	case pageOrders:
		var body struct {
			Orders  []json.RawMessage `json:"orders"`
			Parcels []parcelsOf       `json:"fulfillments"`
		}
		if err := json.Unmarshal(p.Body, &body); err != nil {
			return r.out, fmt.Errorf("the page is no list of orders: %w", err)
		}
		if body.Orders == nil {
			return r.out, errors.New("the page has no orders")
		}
		r.orders(body.Orders, body.Parcels)
	case pageItems:
		var body struct {
			Items []json.RawMessage `json:"inventoryItems"`
			Total *json.Number      `json:"total"`
		}
		if err := json.Unmarshal(p.Body, &body); err != nil {
			return r.out, fmt.Errorf("the page is no list of items: %w", err)
		}
		if body.Items == nil && body.Total == nil {
			return r.out, errors.New("the page has no items")
		}
		r.items(body.Items)
	default:
		return r.out, fmt.Errorf("pages of the kind %q are not known", p.Kind)
	}
	return r.out, nil
}

// parcelsOf are the fulfilments of one order.
type parcelsOf struct {
	Order  text            `json:"orderId"`
	Answer json.RawMessage `json:"answer"`
}

// A reader gathers what one page holds.
type reader struct {
	account string
	zone    *time.Location
	noMail  bool // of the recipient
	out     connectors.Parsed
	record  string
	number  string // of the order at hand
}

// A wrong is a value that cannot be taken.
type wrong struct {
	field, value string
	reason       order.Reason
	detail       string
}

func (w *wrong) Error() string { return w.field + " " + strconv.Quote(w.value) + ": " + w.detail }

func (r *reader) refuse(w *wrong) {
	r.out.Refused = append(r.out.Refused, connectors.Refusal{
		Order: r.number, Record: r.record, Field: w.field, Value: w.value, Reason: w.reason, Detail: w.detail,
	})
}

// decode reads a record, with what encoding/json takes without a word looked for.
func decode(raw json.RawMessage, v any) *wrong {
	if !utf8.Valid(raw) {
		return &wrong{reason: order.RefusedCharset, detail: "bytes that are not UTF-8"}
	}
	if err := json.Unmarshal(raw, v); err != nil {
		var t *json.UnmarshalTypeError
		if errors.As(err, &t) {
			return &wrong{t.Field, "", order.RefusedType, "holds a " + t.Value + ", which is not expected there"}
		}
		return &wrong{"", "", order.RefusedType, err.Error()}
	}
	if err := connectors.CheckJSON(raw); err != nil {
		return &wrong{"", "", order.RefusedConflict, err.Error()}
	}
	return nil
}

func (r *reader) orders(list []json.RawMessage, parcels []parcelsOf) {
	answers := map[string]json.RawMessage{}
	for _, p := range parcels {
		answers[string(p.Order)] = p.Answer
	}
	for i, raw := range list {
		r.record = fmt.Sprintf("orders[%d]", i)
		if r.number = keyOf(raw, i); strings.HasPrefix(r.number, "record ") {
			r.number = ""
		}
		var s sale
		w := decode(raw, &s)
		var sent []parcel
		if answer, asked := answers[r.number]; w == nil && asked {
			if sent, w = parcelsIn(answer); w == nil {
				r.show(sent)
			}
		} else if w == nil && s.Shipping == inProgress {
			w = &wrong{"fulfillments", "", order.RefusedMissing, "some of the order was shipped, and what is not known"}
		}
		var o *order.Order
		if w == nil {
			o, w = r.order(&s, sent)
		}
		if w != nil {
			r.refuse(w)
			continue
		}
		r.out.Orders = append(r.out.Orders, *o)
	}
}

func parcelsIn(raw json.RawMessage) ([]parcel, *wrong) {
	var answer struct {
		Parcels []parcel `json:"fulfillments"`
	}
	if w := decode(raw, &answer); w != nil {
		w.field = strings.TrimSuffix("fulfillments."+w.field, ".")
		return nil, w
	}
	return answer.Parcels, nil
}

// show notes the numbers that eBay has for an order.
func (r *reader) show(sent []parcel) {
	for i := range sent {
		p := &sent[i]
		x := connectors.Shown{Order: r.number, Package: packageKey, Tracking: plain(string(p.Tracking))}
		if p.Carrier != otherIsNone {
			x.Carrier = described().CarrierOf(string(p.Carrier))
		}
		for _, l := range p.Lines {
			x.Lines = append(x.Lines, string(l.Line))
		}
		r.out.Shown = append(r.out.Shown, x)
	}
}

// plain is a tracking number as eBay takes it: letters and digits.
func plain(number string) string { return strings.NewReplacer("-", "", " ", "").Replace(number) }

// status is what an order waits for: a cancel goes before what was shipped, and that
// before what was paid. A word that is not known is the status itself, and holds the
// order.
func (s *sale) status() string {
	switch s.Cancel.State {
	case "", "NONE_REQUESTED":
	case inProgress:
		return cancelling
	default:
		return string(s.Cancel.State)
	}
	switch s.Shipping {
	case notStarted, inProgress:
	default:
		return string(cmp.Or(s.Shipping, "orderFulfillmentStatus is missing"))
	}
	if len(s.Start) > 0 && (s.Start[0].Type == digital || s.Start[0].Type == pickup) {
		return string(s.Start[0].Type)
	}
	return string(cmp.Or(s.Payment, "orderPaymentStatus is missing"))
}

// left is how many pieces of each line are to be shipped still; all of every line if
// nothing is.
func (s *sale) left(sent []parcel) (map[text]int64, bool, *wrong) {
	left := map[text]int64{}
	for i := range s.Lines {
		l := &s.Lines[i]
		n, err := l.Quantity.Int64()
		switch {
		case l.ID == "":
			return nil, false, &wrong{"lineItemId", "", order.RefusedMissing, "the number of a line item is expected"}
		case err != nil:
			return nil, false, &wrong{"quantity", l.Quantity.String(), order.RefusedType, "a whole number is expected"}
		case n < 1 || n > 1_000_000:
			return nil, false, &wrong{"quantity", l.Quantity.String(), order.RefusedQuantity, "a number of pieces is expected"}
		}
		if _, twice := left[l.ID]; twice {
			return nil, false, &wrong{"lineItemId", string(l.ID), order.RefusedConflict, "the line item stands twice"}
		}
		left[l.ID] = n
	}
	if s.Shipping != inProgress {
		return left, s.Shipping != fulfilled, nil
	}
	all := make(map[text]int64, len(left))
	sum := int64(0)
	for id, n := range left {
		all[id] = n
	}
	for i := range sent {
		for _, p := range sent[i].Lines {
			n, err := p.Quantity.Int64()
			if p.Quantity == "" || n == 0 {
				n, err = left[p.Line], nil // the whole line
			}
			if err != nil || n < 0 {
				return nil, false, &wrong{"fulfillments.lineItems.quantity", p.Quantity.String(), order.RefusedType, "a number of pieces is expected"}
			}
			left[p.Line] = max(0, left[p.Line]-n)
		}
	}
	for i := range s.Lines {
		l := &s.Lines[i]
		if l.Status == fulfilled {
			left[l.ID] = 0
		}
		sum += left[l.ID]
	}
	if sum == 0 {
		return all, false, nil
	}
	return left, true, nil
}

func (r *reader) order(s *sale, sent []parcel) (*order.Order, *wrong) {
	switch {
	case r.number == "":
		return nil, &wrong{"orderId", "", order.RefusedMissing, "the number of an order is expected"}
	case len(s.Lines) == 0:
		return nil, &wrong{"lineItems", "", order.RefusedMissing, "an order without line items"}
	}
	left, open, w := s.left(sent)
	if w != nil {
		return nil, w
	}
	o := &order.Order{Account: r.account, Number: r.number, Status: s.status(), Note: string(s.Note)}
	if s.Shipping == inProgress && !open {
		o.Status = fulfilled // its fulfilments have all of it
	}
	at, w := instant("creationDate", s.Created)
	if w != nil {
		return nil, w
	}
	o.Ordered = at
	if len(s.Paid.Payments) > 0 {
		o.Payment = string(s.Paid.Payments[0].Method)
	}
	p := order.Package{Key: packageKey}
	r.address(o, &p, s)
	if w := s.money(o); w != nil {
		return nil, w
	}
	for i := range s.Lines {
		l := &s.Lines[i]
		n := left[l.ID]
		if n == 0 {
			continue
		}
		line, w := l.line(n, o.Currency)
		if w != nil {
			return nil, w
		}
		p.Lines = append(p.Lines, line)
		day, w := r.shipBy(l)
		if w != nil {
			return nil, w
		}
		if day != "" && (p.ShipBy == "" || day < p.ShipBy) {
			p.ShipBy = day
		}
	}
	o.Packages = []order.Package{p}
	return o, nil
}

// address fills in who buys and where the parcel goes: to shipTo, also where that is a
// hub and the buyer lives elsewhere.
func (r *reader) address(o *order.Order, p *order.Package, s *sale) {
	b := &s.Buyer.Registered
	o.Buyer = b.party()
	p.CustomsID = s.customs()
	if s.Program.Fulfilment.By != "" {
		o.Flags = append(o.Flags, order.FlagMallFulfils)
	}
	if len(s.Start) == 0 {
		o.Buyer.Name = cmp.Or(o.Buyer.Name, string(s.Buyer.Name))
		return
	}
	start := &s.Start[0]
	to := &start.Step.To
	p.To = to.party()
	if ref := string(start.Step.Reference); ref != "" && p.To.Street != "" && !strings.Contains(p.To.Street, ref) {
		// It must stand directly above the street.
		p.To.Street = "Reference #" + ref + " " + p.To.Street
	}
	o.Delivery = string(start.Step.Service)
	if start.Type == "FULFILLED_BY_EBAY" && !o.HasFlag(order.FlagMallFulfils) {
		o.Flags = append(o.Flags, order.FlagMallFulfils)
	}
	if o.Buyer.Name == "" && !start.Hub {
		o.Buyer = p.To
	}
	if o.Buyer.Email = cmp.Or(o.Buyer.Email, p.To.Email); r.noMail {
		p.To.Email = ""
	}
	o.Buyer.Name = cmp.Or(o.Buyer.Name, string(s.Buyer.Name))
}

func (x *party) party() order.Party {
	a := &x.Address
	return order.Party{
		Name: string(x.Name), Company: string(x.Company), Phone: string(x.Phone.Number), Email: string(x.Email),
		Country: string(a.Country), Postal: string(a.Postal), Prefecture: string(cmp.Or(a.State, a.County)), City: string(a.City),
		Street: string(a.Line1), Building: string(a.Line2),
	}
}

// customs is what customs must see so that the buyer is not taxed twice: eBay's
// numbers with their names (IOSS IM0000000000), else the tax number of the buyer.
func (s *sale) customs() string {
	var all []string
	for i := range s.Lines {
		for _, t := range s.Lines[i].Collected {
			if x := strings.TrimSpace(string(t.Reference.Name) + " " + string(t.Reference.Value)); x != "" && !slices.Contains(all, x) {
				all = append(all, x)
			}
		}
	}
	return cmp.Or(strings.Join(all, ", "), string(s.Buyer.Tax.ID))
}

// money fills in the amounts. All must be of one currency.
func (s *sale) money(o *order.Order) *wrong {
	first := s.Lines[0].Cost
	switch {
	case s.Price.Total != nil:
		o.Currency = string(s.Price.Total.Currency)
	case first != nil:
		o.Currency = string(first.Currency)
	}
	if len(o.Currency) != 3 || strings.Trim(o.Currency, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
		return &wrong{"currency", o.Currency, cmp.Or(missing(o.Currency), order.RefusedType), "the code of a currency is expected"}
	}
	var less int64
	for _, x := range [...]struct {
		name string
		from *amount
		to   *int64
	}{
		{"pricingSummary.priceSubtotal", s.Price.Goods, &o.Goods},
		{"pricingSummary.priceDiscount", s.Price.Off, &o.Discount},
		{"pricingSummary.deliveryDiscount", s.Price.Less, &less},
		{"pricingSummary.deliveryCost", s.Price.Delivery, &o.Postage},
		{"pricingSummary.fee", s.Price.Fee, &o.Fee},
		{"pricingSummary.total", s.Price.Total, &o.Total},
	} {
		var w *wrong
		if *x.to, w = x.from.units(x.name, o.Currency); w != nil {
			return w
		}
	}
	// Discounts are negative.
	o.Discount = max(o.Discount, -o.Discount) + max(less, -less)
	sum := int64(0)
	for i := range s.Lines {
		n, w := s.Lines[i].Cost.units("lineItemCost", o.Currency)
		if w != nil {
			return w
		}
		sum += n
	}
	if s.Price.Goods == nil {
		o.Goods = sum
	}
	if s.Price.Total == nil {
		o.Total = o.Goods + o.Postage + o.Fee - o.Discount
	}
	return nil
}

func missing(s string) order.Reason {
	if s == "" {
		return order.RefusedMissing
	}
	return ""
}

// units are an amount in the smallest unit of its currency; 0 where there is none.
func (a *amount) units(field, currency string) (int64, *wrong) {
	if a == nil {
		return 0, nil
	}
	value := string(a.Value)
	digits := strings.TrimPrefix(value, "-")
	m, err := order.ParseMoney(value, currency)
	const most = int64(1) << 40
	switch {
	case a.Currency != text(currency):
		return 0, &wrong{field, value + " " + string(a.Currency), order.RefusedConflict, "an amount in another currency than " + currency}
	case err != nil || digits == "" || strings.Trim(digits, "0123456789.") != "":
		return 0, &wrong{field, value, order.RefusedType, "a decimal number of " + currency + " is expected"}
	case m.Units > most || m.Units < -most:
		return 0, &wrong{field, value, order.RefusedType, "out of range"}
	}
	return m.Units, nil
}

// line is a line of n pieces. eBay gives the price of all pieces together; what its
// division leaves over stays in the sum of the goods.
func (l *item) line(n int64, currency string) (order.Line, *wrong) {
	cost, w := l.Cost.units("lineItemCost", currency)
	if w != nil {
		return order.Line{}, w
	}
	bought, _ := l.Quantity.Int64()
	var aspects []string
	for _, a := range l.Aspects {
		aspects = append(aspects, string(a.Name)+": "+string(a.Value))
	}
	return order.Line{
		Key: string(l.ID), Name: string(l.Title), Option: strings.Join(aspects, ", "), Quantity: n, Price: cost / bought,
		Codes: order.Codes{ItemID: string(l.Listing), OptionID: none(l.Variation), SKUCode: string(l.SKU)},
	}, nil
}

// none is a number of which 0 says that there is none.
func none(id text) string {
	if id == "0" {
		return ""
	}
	return string(id)
}

func (r *reader) shipBy(l *item) (order.Date, *wrong) {
	at, w := instant("shipByDate", l.Times.ShipBy)
	if w != nil || at.UTC.IsZero() {
		return "", w
	}
	return order.DateOf(at.UTC.In(r.zone)), nil
}

// instant reads a time in UTC.
func instant(field string, t text) (order.Instant, *wrong) {
	if t == "" {
		return order.Instant{}, nil
	}
	at, err := time.Parse(time.RFC3339Nano, string(t))
	if err != nil {
		return order.Instant{}, &wrong{field, string(t), order.RefusedType, "a time such as 2026-11-18T02:11:09.120Z is expected"}
	}
	return order.Instant{UTC: at.UTC(), Text: string(t)}, nil
}

// items reads a page of the inventory. An item has no price of its own: offers have.
func (r *reader) items(list []json.RawMessage) {
	for i, raw := range list {
		r.record = fmt.Sprintf("inventoryItems[%d]", i)
		var s stocked
		w := decode(raw, &s)
		stock := int64(-1)
		if q := s.Available.Ship.Quantity; w == nil && q != nil {
			n, err := q.Int64()
			if err != nil || n < 0 {
				w = &wrong{"quantity", q.String(), order.RefusedType, "a number of pieces is expected"}
			}
			stock = n
		}
		if w == nil && s.SKU == "" {
			w = &wrong{"sku", "", order.RefusedMissing, "an SKU is expected"}
		}
		if w != nil {
			r.refuse(w)
			continue
		}
		p := connectors.Product{Codes: order.Codes{SKUCode: string(s.SKU)}, Name: string(s.Product.Title), Price: -1, Stock: stock, OnSale: true}
		for _, code := range slices.Concat(s.Product.EAN, s.Product.UPC) {
			if code != "" && strings.Trim(string(code), "0123456789") == "" { // "Does not apply" is no code
				p.Codes.Barcode = string(code)
				break
			}
		}
		r.out.Products = append(r.out.Products, p)
	}
}
