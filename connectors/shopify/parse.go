package shopify

import (
	"bytes"
	"cmp"
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

// Parse reads a page of orders or variants.
func (d *Driver) Parse(p connectors.Page) (connectors.Parsed, error) {
	var out connectors.Parsed
	if p.Kind != pageOrders && p.Kind != pageVariants {
		return out, fmt.Errorf("a page of %q is unknown", p.Kind)
	}
	if err := connectors.CheckJSON(p.Body); err != nil {
		return out, err
	}
	if p.Kind == pageVariants {
		return parseVariants(p.Body)
	}
	var in struct {
		Orders []json.RawMessage `json:"orders"`
	}
	if err := json.Unmarshal(p.Body, &in); err != nil {
		return out, err
	}
	if in.Orders == nil {
		return out, errors.New("orders are missing")
	}
	for i, raw := range in.Orders {
		r := reader{Driver: d, out: &out, number: nameOf(raw)}
		if w := r.read(raw); w != nil {
			out.Refused = append(out.Refused, connectors.Refusal{
				Order: r.number, Record: fmt.Sprintf("orders[%d]", i), Field: w.field, Value: w.value, Reason: w.reason, Detail: w.detail,
			})
		}
	}
	return out, nil
}

// nameOf reads an order's name, even where the rest cannot be read.
func nameOf(raw json.RawMessage) string {
	var o struct {
		Name string `json:"name"`
	}
	if json.Unmarshal(raw, &o) != nil {
		return ""
	}
	return o.Name
}

// wrong is what makes an order unreadable.
type wrong struct {
	field, value string
	reason       order.Reason
	detail       string
}

// A reader reads one order.
type reader struct {
	*Driver
	out    *connectors.Parsed
	number string
	node   *orderNode
	key    map[string]string // of a line, by its id
}

func (r *reader) read(raw json.RawMessage) *wrong {
	if err := connectors.CheckText(raw); err != nil {
		return &wrong{"", "", order.RefusedCharset, err.Error()}
	}
	o, w := nodeOf(raw)
	if w != nil {
		return w
	}
	r.node = o
	if r.key, w = keysOf(o); w != nil {
		return w
	}
	r.show()
	made, w := r.order()
	if w != nil {
		return w
	}
	r.out.Orders = append(r.out.Orders, *made)
	return nil
}

func nodeOf(raw json.RawMessage) (*orderNode, *wrong) {
	o := &orderNode{}
	if err := json.Unmarshal(raw, o); err != nil {
		var x *json.UnmarshalTypeError
		if errors.As(err, &x) {
			return nil, &wrong{x.Field, x.Value, order.RefusedType, "expected " + x.Type.String()}
		}
		return nil, &wrong{"", "", order.RefusedType, err.Error()}
	}
	if o.Name == "" {
		return nil, &wrong{"name", "", order.RefusedMissing, "the order's name is expected"}
	}
	if number(o.ID) == "" {
		return nil, &wrong{"id", o.ID, order.RefusedType, "an id such as gid://shopify/Order/1 is expected"}
	}
	slices.SortStableFunc(o.Lines.Nodes, func(a, b lineNode) int {
		x, y := number(a.ID), number(b.ID)
		return cmp.Or(cmp.Compare(len(x), len(y)), cmp.Compare(x, y))
	})
	return o, nil
}

// keysOf numbers the lines as the orders export counts them: in the order in which they
// were added. A line that was removed keeps its number.
func keysOf(o *orderNode) (map[string]string, *wrong) {
	keys := map[string]string{}
	for i := range o.Lines.Nodes {
		id := o.Lines.Nodes[i].ID
		switch {
		case number(id) == "":
			return nil, &wrong{fmt.Sprintf("lineItems[%d].id", i), id, order.RefusedType, "an id such as gid://shopify/LineItem/1 is expected"}
		case keys[id] != "":
			return nil, &wrong{fmt.Sprintf("lineItems[%d].id", i), id, order.RefusedConflict, "the line stands twice"}
		}
		keys[id] = strconv.Itoa(i + 1)
	}
	if len(keys) == 0 {
		return nil, &wrong{"lineItems", "", order.RefusedMissing, "at least one line is expected"}
	}
	return keys, nil
}

// bare takes from a tracking number what people put in to read it better.
var bare = strings.NewReplacer("-", "", " ", "")

// packageKey is that of the one package of an order: it has one address.
const packageKey = "1"

// counts reports whether a fulfillment stands: it was not cancelled and did not fail.
func (f *fulfillment) counts() bool {
	return f.Status != "CANCELLED" && f.Status != "ERROR" && f.Status != "FAILURE"
}

// show notes the parcels of an order.
func (r *reader) show() {
	for _, f := range r.node.Parcels {
		if !f.counts() {
			continue
		}
		var lines []string
		for _, l := range f.Lines.Nodes {
			if k := r.key[l.Line.ID]; k != "" && !slices.Contains(lines, k) {
				lines = append(lines, k)
			}
		}
		x := connectors.Shown{Order: r.node.Name, Package: packageKey, Lines: lines}
		for _, t := range f.Tracking {
			if t.Number != "" {
				x.Carrier, x.Tracking = described().CarrierOf(t.Company), bare.Replace(t.Number)
				r.out.Shown = append(r.out.Shown, x)
			}
		}
		if x.Tracking == "" {
			r.out.Shown = append(r.out.Shown, x)
		}
	}
}

// Statuses that the API adds to those of the orders export.
const (
	statusCancelled = "cancelled"
	statusFulfilled = "fulfilled"
	statusTest      = "test"
	statusNothing   = "no_shipping"
)

// A state is what fulfillment orders say of what is to be shipped.
type state int

const (
	over      state = iota // fulfilled, or nothing remains
	ready                  // ours to ship now
	held                   // on hold
	scheduled              // for a day to come
	elsewhere              // of another location or service
	unshipped              // picked up, delivered by the shop itself, or nothing to send
)

// of judges one fulfillment order.
func (s *settings) of(f *fulfillmentOrder) state {
	remains := slices.ContainsFunc(f.Lines.Nodes, func(l toShip) bool { return l.Remaining > 0 })
	creates := false
	for _, a := range f.Actions {
		creates = creates || a.Action == "CREATE_FULFILLMENT"
	}
	location := ""
	if f.Location.Location != nil {
		location = f.Location.Location.ID
	}
	switch {
	case f.Status == "CLOSED" || f.Status == "CANCELLED" || !remains:
		return over
	case f.Delivery != nil && f.Delivery.Method != "" && f.Delivery.Method != "SHIPPING" && f.Delivery.Method != "PICKUP_POINT":
		return unshipped
	case !s.ours(location):
		return elsewhere
	case f.Status == "ON_HOLD" || len(f.Holds) > 0:
		return held
	case f.Status == "SCHEDULED":
		return scheduled
	case (f.Status == "OPEN" || f.Status == "IN_PROGRESS") && creates:
		return ready
	}
	return elsewhere
}

// remaining adds up what fulfillment orders in a state have left, by line.
func (r *reader) remaining(s state) map[string]int64 {
	out := map[string]int64{}
	for i := range r.node.ToShip.Nodes {
		f := &r.node.ToShip.Nodes[i]
		if r.settings.of(f) != s {
			continue
		}
		for _, l := range f.Lines.Nodes {
			if l.Remaining > 0 {
				out[l.Line.ID] += l.Remaining
			}
		}
	}
	return out
}

// status decides what an order's status is, and which pieces of which lines it has.
func (r *reader) status() (status, sub string, flags []string, left map[string]int64) {
	o := r.node
	all, current := map[string]int64{}, map[string]int64{}
	for i := range o.Lines.Nodes {
		l := &o.Lines.Nodes[i]
		all[l.ID] = l.Quantity
		if l.Current > 0 && (l.Ships || !o.Ships) {
			current[l.ID] = l.Current
		}
	}
	if len(current) == 0 {
		current = all
	}
	paid := strings.ToLower(o.Financial)
	sub = "unfulfilled"
	if o.Display == "PARTIALLY_FULFILLED" {
		sub = "partial"
	}
	if o.Financial == "PARTIALLY_REFUNDED" && !r.settings.holdRefunded {
		// What was refunded does not remain.
		paid, sub = "paid", "partially_refunded"
	}
	sent := slices.ContainsFunc(o.Parcels, func(f fulfillment) bool { return f.counts() })
	switch {
	case o.Cancelled != "":
		return statusCancelled, "", nil, all
	case o.Test:
		return statusTest, "", nil, all
	}
	if left := r.remaining(ready); len(left) > 0 {
		return paid, sub, nil, left
	}
	if left := r.remaining(held); len(left) > 0 {
		return "on_hold", r.reasons(), nil, left
	}
	if left := r.remaining(scheduled); len(left) > 0 {
		return "scheduled", "", nil, left
	}
	if sent || o.Display == "FULFILLED" {
		return statusFulfilled, "", nil, current
	}
	if left := r.remaining(elsewhere); len(left) > 0 {
		return paid, sub, []string{order.FlagMallFulfils}, left
	}
	if o.Financial == "REFUNDED" || o.Financial == "VOIDED" || o.Financial == "EXPIRED" {
		return paid, "", nil, all
	}
	return statusNothing, "", nil, current
}

// reasons are those of the holds.
func (r *reader) reasons() string {
	var out []string
	for _, f := range r.node.ToShip.Nodes {
		for _, h := range f.Holds {
			if s := strings.ToLower(h.Reason); !slices.Contains(out, s) {
				out = append(out, s)
			}
		}
	}
	return strings.Join(out, ", ")
}

func (r *reader) order() (*order.Order, *wrong) {
	n := r.node
	if len(n.ToShip.Nodes) == 0 && n.Ships && n.Cancelled == "" && n.Display == "UNFULFILLED" {
		return nil, &wrong{
			"fulfillmentOrders", "", order.RefusedMissing,
			"what is to be shipped is not shown: give the app read_merchant_managed_fulfillment_orders, or read_assigned_… or read_third_party_fulfillment_orders if a fulfillment service has the location",
		}
	}
	created, err := time.Parse(time.RFC3339, n.Created)
	if err != nil {
		return nil, &wrong{"createdAt", n.Created, order.RefusedType, "a time such as 2026-11-18T02:11:09Z is expected"}
	}
	o := &order.Order{
		Account: r.account, Number: n.Name, Ordered: order.Instant{UTC: created.UTC(), Text: n.Created}, Currency: n.Currency,
		Payment: strings.Join(n.Gateways, " + "), Memo: strings.Join(n.Tags, ", "),
	}
	if n.ShippingLine != nil {
		o.Delivery = n.ShippingLine.Title
	}
	if w := r.amounts(o); w != nil {
		return nil, w
	}
	var left map[string]int64
	o.Status, o.SubStatus, o.Flags, left = r.status()
	p := order.Package{Key: packageKey}
	if n.Shipping != nil {
		p.To = party(n.Shipping)
	}
	if p.To.Phone == "" {
		p.To.Phone = n.Phone
	}
	if n.Billing != nil {
		o.Buyer = party(n.Billing)
	} else {
		o.Buyer = p.To
	}
	o.Buyer.Email = n.Email
	o.Note = join("\n", n.Note, r.wishes(n.Attributes, &p, o))
	for i := range n.Lines.Nodes {
		l := &n.Lines.Nodes[i]
		q, ok := left[l.ID]
		if !ok {
			continue
		}
		line, w := r.line(l, q, &p, o)
		if w != nil {
			w.field = fmt.Sprintf("lineItems[%d].%s", i, w.field)
			return nil, w
		}
		p.Lines = append(p.Lines, *line)
	}
	if len(p.Lines) == 0 {
		return nil, &wrong{"fulfillmentOrders", "", order.RefusedConflict, "what is to be shipped is of lines that the order does not have"}
	}
	o.Packages = []order.Package{p}
	r.flags(o)
	return o, nil
}

// amounts reads the money, in the currency of the shop. What an order that is not paid
// whole owes is what cash on delivery collects.
func (r *reader) amounts(o *order.Order) *wrong {
	n := r.node
	if len(n.Currency) != 3 {
		return &wrong{"currencyCode", n.Currency, order.RefusedType, "a currency such as JPY is expected"}
	}
	var owed int64
	for _, x := range []struct {
		field string
		bag   *moneyBag
		to    *int64
	}{
		{"currentSubtotalPriceSet", &n.Subtotal, &o.Goods},
		{"currentShippingPriceSet", &n.Postage, &o.Postage},
		{"currentTotalDiscountsSet", &n.Discounts, &o.Discount},
		{"currentTotalPriceSet", &n.Total, &o.Total},
		{"totalOutstandingSet", &n.Outstanding, &owed},
	} {
		units, w := money(x.bag, n.Currency)
		if w != nil {
			w.field = x.field
			return w
		}
		*x.to = units
	}
	if (n.Financial == "PENDING" || n.Financial == "PARTIALLY_PAID") && owed > 0 {
		o.Total = owed
	}
	return nil
}

func money(b *moneyBag, currency string) (int64, *wrong) {
	m, err := order.ParseMoney(b.Shop.Amount, currency)
	if err != nil {
		return 0, &wrong{"", b.Shop.Amount, order.RefusedType, err.Error()}
	}
	return m.Units, nil
}

// prefectures of Japan in the order of ISO 3166-2. The mall names them in the language of
// the shop, and codes them always.
var prefectures = [...]string{
	"北海道", "青森県", "岩手県", "宮城県", "秋田県", "山形県", "福島県", "茨城県", "栃木県", "群馬県", "埼玉県", "千葉県", "東京都", "神奈川県", "新潟県", "富山県",
	"石川県", "福井県", "山梨県", "長野県", "岐阜県", "静岡県", "愛知県", "三重県", "滋賀県", "京都府", "大阪府", "兵庫県", "奈良県", "和歌山県", "鳥取県", "島根県",
	"岡山県", "広島県", "山口県", "徳島県", "香川県", "愛媛県", "高知県", "福岡県", "佐賀県", "長崎県", "熊本県", "大分県", "宮崎県", "鹿児島県", "沖縄県",
}

func party(a *address) order.Party {
	p := order.Party{
		Name: a.Name, Company: a.Company, Phone: a.Phone, Country: a.Country, Postal: a.Zip, Prefecture: a.Province, City: a.City, Street: a.Address1, Building: a.Address2,
	}
	if code, ok := strings.CutPrefix(a.ProvinceCode, "JP-"); ok && a.Country == "JP" {
		if i, err := strconv.Atoi(code); err == nil && i >= 1 && i <= len(prefectures) {
			p.Prefecture = prefectures[i-1]
		}
	}
	// The mall puts the given name first wherever it does not know better.
	if family := join(" ", a.Last, a.First); family != "" && slices.Contains([]string{"JP", "KR", "CN", "TW", "HK"}, a.Country) {
		p.Name = family
	}
	return p
}

// join puts together what is not empty.
func join(sep string, parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), sep)
}

// wishes reads the attributes whose names the account knows into the package, and gives
// the others back as text. What cannot be read stays text, for a person to see.
func (r *reader) wishes(list []attribute, p *order.Package, o *order.Order) string {
	var rest []string
	for _, a := range list {
		switch {
		case a.Value == "":
			continue
		case slices.Contains(r.settings.dateKeys, a.Key) && p.DeliverOn == "":
			if p.DeliverOn = day(a.Value); p.DeliverOn != "" {
				continue
			}
		case slices.Contains(r.settings.timeKeys, a.Key) && p.TimeBand == "":
			p.TimeBand = a.Value
			continue
		case slices.Contains(r.settings.giftKeys, a.Key):
			mark(o, order.FlagGift)
		}
		rest = append(rest, a.Key+": "+a.Value)
	}
	return strings.Join(rest, "\n")
}

func mark(o *order.Order, flag string) {
	if !o.HasFlag(flag) {
		o.Flags = append(o.Flags, flag)
	}
}

// day reads a wished day as apps write it; empty if it is none.
func day(v string) order.Date {
	for _, layout := range []string{time.DateOnly, "2006/01/02", "2006/1/2", "2006-1-2", "2006年01月02日", "2006年1月2日", "20060102"} {
		if t, err := time.Parse(layout, strings.TrimSpace(v)); err == nil {
			return order.DateOf(t)
		}
	}
	return ""
}

func (r *reader) line(l *lineNode, quantity int64, p *order.Package, o *order.Order) (*order.Line, *wrong) {
	if quantity < 1 || quantity > 1_000_000 {
		return nil, &wrong{"quantity", strconv.FormatInt(quantity, 10), order.RefusedQuantity, "1 or more pieces are expected"}
	}
	price, w := money(&l.Price, o.Currency)
	if w != nil {
		w.field = "originalUnitPriceSet"
		return nil, w
	}
	x := &order.Line{Key: r.key[l.ID], Name: l.Name, Quantity: quantity, Price: price, Codes: order.Codes{SKUCode: l.SKU}, Note: r.wishes(l.Attributes, p, o)}
	if l.Variant != nil {
		x.Codes.OptionID, x.Codes.Barcode = number(l.Variant.ID), l.Variant.Barcode
	}
	if l.Product != nil {
		x.Codes.ItemID = number(l.Product.ID)
	}
	if len(l.Taxes) > 0 {
		x.TaxRate = l.Taxes[0].Rate.String()
	}
	return x, nil
}

func (r *reader) flags(o *order.Order) {
	if v := r.node.Risk.Recommendation; v == "CANCEL" || v == "INVESTIGATE" {
		mark(o, order.FlagWarning)
	}
	for _, f := range r.node.ToShip.Nodes {
		if f.Request == "CANCELLATION_REQUESTED" {
			mark(o, order.FlagClaim)
		}
	}
	slices.Sort(o.Flags)
}

// parseVariants reads a page of the product master.
func parseVariants(body []byte) (connectors.Parsed, error) {
	var out connectors.Parsed
	var in struct {
		Currency string            `json:"currency"`
		Variants []json.RawMessage `json:"variants"`
	}
	if err := json.NewDecoder(bytes.NewReader(body)).Decode(&in); err != nil {
		return out, err
	}
	if in.Variants == nil {
		return out, errors.New("variants are missing")
	}
	for i, raw := range in.Variants {
		refuse := func(field, value string, why order.Reason, detail string) {
			out.Refused = append(out.Refused, connectors.Refusal{Record: fmt.Sprintf("variants[%d]", i), Field: field, Value: value, Reason: why, Detail: detail})
		}
		if err := connectors.CheckText(raw); err != nil {
			refuse("", "", order.RefusedCharset, err.Error())
			continue
		}
		var v variantNode
		if err := json.Unmarshal(raw, &v); err != nil {
			refuse("", "", order.RefusedType, err.Error())
			continue
		}
		if number(v.ID) == "" || number(v.Product.ID) == "" {
			refuse("id", v.ID, order.RefusedType, "an id such as gid://shopify/ProductVariant/1 is expected")
			continue
		}
		x := connectors.Product{
			Codes: order.Codes{ItemID: number(v.Product.ID), OptionID: number(v.ID), SKUCode: v.SKU, Barcode: v.Barcode},
			Name:  v.Product.Title, Price: -1, Stock: -1, OnSale: v.Product.Status == "ACTIVE", Category: v.Product.Type,
		}
		if v.Title != "Default Title" { // of a product without variants
			x.Option = v.Title
		}
		if m, err := order.ParseMoney(v.Price, in.Currency); err == nil {
			x.Price = m.Units
		}
		if v.Stock != nil {
			x.Stock = *v.Stock
		}
		if t, err := time.Parse(time.RFC3339, v.Updated); err == nil {
			x.Changed = order.Instant{UTC: t.UTC(), Text: v.Updated}
		}
		out.Products = append(out.Products, x)
	}
	return out, nil
}
