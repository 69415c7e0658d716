package smartstore

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/order"
)

// The mall's statuses of a product order.
const (
	mallUnpaid     = "PAYMENT_WAITING"
	mallPaid       = "PAYED"
	mallDelivering = "DELIVERING"
	mallDelivered  = "DELIVERED"
	mallDecided    = "PURCHASE_DECIDED"
	mallExchanged  = "EXCHANGED"
	mallCancelled  = "CANCELED"
	mallReturned   = "RETURNED"
	mallNotPaid    = "CANCELED_BY_NOPAYMENT"
)

// Our statuses: the mall's words for its status together with the confirmation
// (placeOrderStatus) and the claim. They are the codes of the sheet's table.
const (
	stateUnpaid    = "결제대기"
	stateNew       = "신규주문"
	stateConfirmed = "발주확인"
	stateAsked     = "취소요청"
	stateReturning = "반품요청"
	stateChanging  = "교환요청"
	stateShipped   = "배송중"
	stateDelivered = "배송완료"
	stateDecided   = "구매확정"
	stateExchanged = "교환완료"
	stateCancelled = "취소완료"
	stateReturned  = "반품완료"
)

// chain is the way of a line that is to be shipped.
var chain = []string{stateUnpaid, stateNew, stateConfirmed}

func waits(state string) bool { return slices.Contains(chain, state) }

// sent reports whether a product order is on its way or beyond.
func (p *product) sent() bool {
	return slices.Contains([]text{mallDelivering, mallDelivered, mallDecided, mallExchanged, mallReturned}, p.Status)
}

func over(state string) bool { return state == stateCancelled || state == stateReturned }

func done(state string) bool {
	return slices.Contains([]string{stateShipped, stateDelivered, stateDecided, stateExchanged}, state)
}

// state is what a product order is. One that is paid and has a claim that was not
// refused waits for somebody, whatever the claim. Statuses that are not documented stay
// as they are, and hold the order.
func (p *product) state() string {
	switch p.Status {
	case mallUnpaid:
		return stateUnpaid
	case mallPaid:
		switch {
		case p.claimed() && strings.HasPrefix(string(p.Claim), "RETURN"):
			return stateReturning
		case p.claimed() && strings.HasPrefix(string(p.Claim), "EXCHANGE"):
			return stateChanging
		case p.claimed():
			return stateAsked
		case p.Placed == "OK":
			return stateConfirmed
		}
		return stateNew
	case mallDelivering:
		return stateShipped
	case mallDelivered:
		return stateDelivered
	case mallDecided:
		return stateDecided
	case mallExchanged:
		return stateExchanged
	case mallCancelled, mallNotPaid:
		return stateCancelled
	case mallReturned:
		return stateReturned
	}
	return string(p.Status)
}

// claimed reports whether a claim stands against shipping.
func (p *product) claimed() bool {
	return p.Claim != "" && !strings.HasSuffix(string(p.Claim), "_REJECT")
}

// Parse reads product orders into orders and claims, and products.
func (d *Driver) Parse(p connectors.Page) (connectors.Parsed, error) {
	r := reader{account: d.account, byCompany: d.byCompany}
	var body struct {
		Rows []json.RawMessage `json:"data"`
	}
	if err := json.Unmarshal(p.Body, &body); err != nil {
		return r.out, fmt.Errorf("the page is not JSON: %w", err)
	}
	if body.Rows == nil {
		return r.out, errors.New("the page has no data")
	}
	switch p.Kind {
	case pageOrders:
		r.orders(body.Rows)
	case pageClaims:
		r.claims(body.Rows)
	case pageProducts:
		r.products(body.Rows)
	default:
		return r.out, fmt.Errorf("pages of the kind %q are not known", p.Kind)
	}
	return r.out, nil
}

// A reader gathers what one page holds.
type reader struct {
	account   string
	byCompany bool
	out       connectors.Parsed
	at        int    // of the record at hand
	number    string // of the order at hand
}

// A wrong is a value that cannot be taken.
type wrong struct {
	field, value string
	reason       order.Reason
	detail       string
}

func (r *reader) refuse(w *wrong) {
	r.out.Refused = append(r.out.Refused, connectors.Refusal{
		Order: r.number, Record: fmt.Sprintf("data[%d]", r.at), Field: w.field, Value: w.value, Reason: w.reason, Detail: w.detail,
	})
}

// decode reads a record as a whole.
func decode(raw json.RawMessage, v any) *wrong {
	if err := connectors.CheckText(raw); err != nil {
		return &wrong{reason: order.RefusedCharset, detail: err.Error()}
	}
	err := json.Unmarshal(raw, v)
	var t *json.UnmarshalTypeError
	switch {
	case errors.As(err, &t):
		return &wrong{t.Field, "", order.RefusedType, "holds a " + t.Value + ", which is not expected there"}
	case err != nil:
		return &wrong{reason: order.RefusedType, detail: err.Error()}
	}
	if err := connectors.CheckJSON(raw); err != nil {
		return &wrong{reason: order.RefusedConflict, detail: err.Error()}
	}
	return nil
}

// A line is one product order with its place in the page.
type line struct {
	detail
	at    int
	state string
}

func read(raw json.RawMessage, at int) (*line, *wrong) {
	l := &line{at: at}
	if w := decode(raw, &l.detail); w != nil {
		return l, w
	}
	l.state = l.Product.state()
	for _, k := range [...]struct {
		name string
		v    text
	}{{"orderId", l.Order.Number}, {"productOrderId", l.Product.ID}} {
		if k.v == "" {
			return l, &wrong{k.name, "", order.RefusedMissing, "a number is expected"}
		} else if !allDigits(string(k.v)) {
			return l, &wrong{k.name, string(k.v), order.RefusedType, "a number is expected"}
		}
	}
	if l.Product.Status == "" {
		return l, &wrong{"productOrderStatus", "", order.RefusedMissing, "a status is expected"}
	}
	return l, nil
}

// orders makes orders of product orders. An order is refused whole if one of them
// cannot be read, for it would be another order without it.
func (r *reader) orders(rows []json.RawMessage) {
	type found struct {
		lines []*line
		bad   bool
	}
	all := map[string]*found{}
	var numbers []string
	for i, raw := range rows {
		number, _ := numbersOf(raw)
		l, w := read(raw, i)
		r.at, r.number = i, number
		if number == "" {
			r.refuse(cmp.Or(w, &wrong{"orderId", "", order.RefusedMissing, "the number of an order is expected"}))
			continue
		}
		f := all[number]
		if f == nil {
			f = &found{}
			all[number] = f
			numbers = append(numbers, number)
		}
		if w == nil && slices.ContainsFunc(f.lines, func(x *line) bool { return x.Product.ID == l.Product.ID }) {
			w = &wrong{"productOrderId", string(l.Product.ID), order.RefusedConflict, "the product order stands twice"}
		}
		if w != nil {
			f.bad = true
			r.refuse(w)
			continue
		}
		f.lines = append(f.lines, l)
	}
	for _, n := range numbers {
		f := all[n]
		r.number = n
		slices.SortStableFunc(f.lines, func(a, b *line) int { return numeric(a.Product.ID, b.Product.ID) })
		r.show(f.lines)
		if f.bad {
			continue
		}
		o, l, w := r.order(f.lines)
		if w != nil {
			r.at = l.at
			r.refuse(w)
			continue
		}
		r.out.Orders = append(r.out.Orders, *o)
	}
}

func numeric(a, b text) int { return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b)) }

// byMall reports whether a logistics company with a contract of its own ships a product
// order: it alone may confirm and dispatch it. With company, any that is named counts.
func (p *product) byMall(company bool) bool {
	return bool(p.Contract) || company && p.Company != ""
}

// addressLater reports whether the recipient of a gift has not given an address.
func (p *product) addressLater() bool { return p.Receiving == "WAIT_FOR_RECEIVING" }

// order makes one order of its lines: of those that wait for us, if there are any;
// else of those that a claim holds; else of all that were not cancelled; else of
// all. Its status is that of the line that is least far.
func (r *reader) order(all []*line) (*order.Order, *line, *wrong) {
	lines := all
	for _, out := range []func(*line) bool{
		func(l *line) bool { return over(l.state) },
		func(l *line) bool { return done(l.state) },
		func(l *line) bool { return !waits(l.state) },
		func(l *line) bool { return l.Product.byMall(r.byCompany) },
	} {
		if kept := slices.DeleteFunc(slices.Clone(lines), out); len(kept) > 0 {
			lines = kept
		}
	}
	first := lines[0]
	o := &order.Order{Account: r.account, Number: string(first.Order.Number), Status: first.state, Currency: "KRW", Payment: string(first.Order.Means)}
	if waits(first.state) && slices.ContainsFunc(all, func(l *line) bool { return l.Product.Status == mallPaid && l.Product.claimed() }) {
		mark(o, order.FlagClaim)
	}
	var err error
	if o.Ordered, err = instant(first.Order.Ordered); err != nil {
		return nil, first, &wrong{"orderDate", string(first.Order.Ordered), order.RefusedType, err.Error()}
	}
	o.Buyer = order.Party{Name: string(first.Order.Name), Phone: string(first.Order.Phone), Country: "KR"}
	fees := map[string]int64{}
	for _, l := range lines {
		if i := slices.Index(chain, l.state); i >= 0 && i < slices.Index(chain, o.Status) {
			o.Status = l.state
		}
		if w := r.line(o, l, fees); w != nil {
			return nil, l, w
		}
	}
	for _, fee := range fees {
		o.Postage += fee
	}
	slices.Sort(o.Flags)
	o.Total = o.Goods + o.Postage - o.Discount
	return o, nil, nil
}

func mark(o *order.Order, flag string) {
	if !o.HasFlag(flag) {
		o.Flags = append(o.Flags, flag)
	}
}

// won reads an amount; 0 if there is none.
func won(name string, v text) (int64, *wrong) {
	if v == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(string(v), 10, 64)
	if most := int64(1) << 40; err != nil || n > most || n < -most {
		return 0, &wrong{name, string(v), order.RefusedType, "a whole number is expected"}
	}
	return n, nil
}

// left is how many pieces of a product order are to be shipped: after claims about
// some of them fewer than were bought.
func (p *product) left() (int64, *wrong) {
	bought, w := won("quantity", p.Quantity)
	if w != nil {
		return 0, w
	}
	n, w := won("remainQuantity", p.Left)
	if w != nil {
		return 0, w
	}
	if p.Left == "" {
		n = bought
	}
	switch {
	case bought < 1 || bought > 1_000_000:
		return 0, &wrong{"quantity", string(p.Quantity), order.RefusedQuantity, "1 or more pieces are expected"}
	case n < 0 || n > bought:
		return 0, &wrong{"remainQuantity", string(p.Left), order.RefusedQuantity, fmt.Sprintf("%d of %d pieces", n, bought)}
	case n == 0 && waits(p.state()):
		return 0, &wrong{"remainQuantity", string(p.Left), order.RefusedQuantity, "the product order is to be shipped and has no pieces left"}
	case n == 0: // cancelled or returned
		n = bought
	}
	return n, nil
}

// methods are the names that sheets have for methods of delivery.
var methods = map[text]string{
	"DELIVERY": "택배,등기,소포", "QUICK_SVC": "퀵서비스", "VISIT_RECEIPT": "방문수령", "DIRECT_DELIVERY": "직접전달", "NOTHING": "배송없음",
}

// line adds a product order to an order.
func (r *reader) line(o *order.Order, l *line, fees map[string]int64) *wrong {
	p := &l.Product
	n, w := p.left()
	if w != nil {
		return w
	}
	var price, extra, discount, fee, off, island int64
	for _, x := range [...]struct {
		name string
		from text
		to   *int64
	}{
		{"unitPrice", p.Price, &price},
		{"optionPrice", p.Extra, &extra},
		{"productDiscountAmount", cmp.Or(p.Remaining, p.Discount), &discount},
		{"deliveryFeeAmount", p.Fee, &fee},
		{"deliveryDiscountAmount", p.FeeOff, &off},
		{"sectionDeliveryFee", p.Island, &island},
	} {
		if *x.to, w = won(x.name, x.from); w != nil {
			return w
		}
	}
	if o.Delivery == "" {
		o.Delivery = cmp.Or(methods[p.Method], string(p.Method))
	}
	k, w := r.pack(o, l)
	if w != nil {
		return w
	}
	if island > 0 {
		mark(o, order.FlagIsland)
	}
	switch {
	case p.addressLater():
		mark(o, order.FlagAddressLater)
	case p.Receiving != "":
		mark(o, order.FlagGift)
	}
	if p.Attribute == "PRE_ORDER" {
		mark(o, order.FlagPreorder)
	}
	if p.byMall(r.byCompany) {
		mark(o, order.FlagMallFulfils)
	}
	// Each product order of a bundle names its fee.
	fees[k.Key] = max(fees[k.Key], fee-off+island)
	o.Goods += (price + extra) * n
	o.Discount += discount
	k.Lines = append(k.Lines, order.Line{
		Key: string(p.ID), Name: string(p.Name), Option: string(p.Option), Quantity: n, Price: price + extra, Note: string(p.Gift),
		Codes: order.Codes{
			ItemID: string(p.Product), ItemCode: string(p.Code), OptionID: string(p.OptionID), OptionCode: string(p.OptionNo), SKUCode: string(p.Custom),
		},
	})
	return nil
}

// pack returns the package of a product order, making it if it is not there. What its
// product orders say of the delivery must agree, but for the day of dispatch, of which
// the earliest counts.
func (r *reader) pack(o *order.Order, l *line) (*order.Package, *wrong) {
	p := &l.Product
	to, key := p.To.party(), p.bundle()
	if p.To.Type == "FOREIGN" {
		mark(o, order.FlagWarning)
	}
	i := slices.IndexFunc(o.Packages, func(k order.Package) bool { return k.Key == key })
	if i < 0 {
		i = len(o.Packages)
		o.Packages = append(o.Packages, order.Package{Key: key, To: to, Delivery: cmp.Or(methods[p.Method], string(p.Method))})
	}
	k := &o.Packages[i]
	if k.To != to {
		return nil, &wrong{"shippingAddress", key, order.RefusedConflict, "the product orders of one bundle go to different recipients"}
	}
	wished := day(p.Hope.Day)
	if p.Hope.Day != "" && wished == "" {
		return nil, &wrong{"hopeDeliveryYmd", string(p.Hope.Day), order.RefusedType, "a day such as 20260720 is expected"}
	}
	for _, x := range [...]struct {
		name string
		to   *string
		v    string
	}{{"shippingMemo", &k.Note, string(p.Memo)}, {"individualCustomUniqueCode", &k.CustomsID, string(p.Customs)}, {"hopeDeliveryYmd", (*string)(&k.DeliverOn), string(wished)}} {
		if *x.to != "" && x.v != "" && *x.to != x.v {
			return nil, &wrong{x.name, x.v, order.RefusedConflict, "the product orders of one bundle differ in it"}
		}
		*x.to = cmp.Or(*x.to, x.v)
	}
	if due := day(p.Due); due != "" && (k.ShipBy == "" || due < k.ShipBy) {
		k.ShipBy = due
	}
	return k, nil
}

// bundle is the key of the package.
func (p *product) bundle() string { return cmp.Or(string(p.Bundle), "1") }

func (a *address) party() order.Party {
	to := order.Party{
		Name: string(a.Name), Phone: string(a.Phone), Phone2: string(a.Phone2), Country: "KR", Postal: string(a.Postal),
		Street: string(a.Base), Building: string(a.Detailed),
	}
	if a.Type == "FOREIGN" {
		to.Country, to.Prefecture, to.City = "", string(a.State), string(a.City)
		if len(a.Country) == 2 {
			to.Country = string(a.Country)
		}
	}
	return to
}

// show notes the numbers of product orders that are on their way, by package.
func (r *reader) show(lines []*line) {
	first := len(r.out.Shown)
	for _, l := range lines {
		if !l.Product.sent() {
			continue
		}
		number, key := trackingOf(string(l.Delivery.Number)), l.Product.bundle()
		i := slices.IndexFunc(r.out.Shown[first:], func(x connectors.Shown) bool { return x.Package == key && x.Tracking == number })
		if i < 0 {
			i = len(r.out.Shown) - first
			r.out.Shown = append(r.out.Shown, connectors.Shown{
				Order: r.number, Package: key, Carrier: described().CarrierOf(string(l.Delivery.Company)), Tracking: number,
			})
		}
		x := &r.out.Shown[first+i]
		x.Lines = append(x.Lines, string(l.Product.ID))
	}
}

// trackingOf is a number as the mall takes it: without hyphens and spaces.
func trackingOf(number string) string {
	return strings.NewReplacer("-", "", " ", "").Replace(number)
}

// claims makes claims of the product orders that have one.
func (r *reader) claims(rows []json.RawMessage) {
	for i, raw := range rows {
		r.at = i
		r.number, _ = numbersOf(raw)
		l, w := read(raw, i)
		if w == nil {
			w = r.claimsOf(l)
		}
		if w != nil {
			r.refuse(w)
		}
	}
}

func (r *reader) claimsOf(l *line) *wrong {
	seen := map[text]bool{}
	for _, c := range append([]claims{l.Claim}, l.Before...) {
		for _, x := range [...]struct {
			kind connectors.ClaimKind
			of   *claim
		}{{connectors.ClaimCancel, c.Cancel}, {connectors.ClaimReturn, c.Return}, {connectors.ClaimExchange, c.Exchange}} {
			if x.of == nil || seen[x.of.ID] {
				continue
			}
			seen[x.of.ID] = true
			if w := r.claim(l, x.kind, x.of); w != nil {
				return w
			}
		}
	}
	// What the mall itself cancels may stand in the product order only.
	kind, ok := claimKinds[l.Product.ClaimType]
	if p := &l.Product; ok && p.ClaimID != "" && !seen[p.ClaimID] {
		return r.claim(l, kind, &claim{ID: p.ClaimID, Status: p.Claim})
	}
	return nil
}

// claimKinds are our kinds of the mall's types; a decision that is held back is none.
var claimKinds = map[text]connectors.ClaimKind{
	"CANCEL": connectors.ClaimCancel, "ADMIN_CANCEL": connectors.ClaimCancel, "RETURN": connectors.ClaimReturn, "EXCHANGE": connectors.ClaimExchange,
}

func (r *reader) claim(l *line, kind connectors.ClaimKind, c *claim) *wrong {
	if c.ID == "" {
		return &wrong{"claimId", "", order.RefusedMissing, "the number of a claim is expected"}
	}
	n, w := won("requestQuantity", c.Pieces)
	if w == nil && n < 0 {
		w = &wrong{"requestQuantity", string(c.Pieces), order.RefusedType, "a number of pieces is expected"}
	}
	if w != nil {
		return w
	}
	at, err := instant(c.At)
	if err != nil {
		return &wrong{"claimRequestDate", string(c.At), order.RefusedType, err.Error()}
	}
	x := connectors.Claim{
		Key: string(c.ID), Kind: kind, State: connectors.ClaimRequested, Order: string(l.Order.Number), Package: l.Product.bundle(), Line: string(l.Product.ID),
		Quantity: n, At: at, Reason: string(cmp.Or(c.Words, c.Cancel)),
	}
	switch status := string(cmp.Or(c.Status, l.Product.Claim)); {
	case strings.HasSuffix(status, "_REJECT"):
		x.State = connectors.ClaimWithdrawn
	case strings.HasSuffix(status, "_DONE") && status != "COLLECT_DONE":
		x.State = connectors.ClaimDone
	}
	r.out.Claims = append(r.out.Claims, x)
	return nil
}

// products reads products, each with its options.
func (r *reader) products(rows []json.RawMessage) {
	for i, raw := range rows {
		r.at = i
		var p listed
		w := decode(raw, &p)
		if w == nil {
			w = r.product(&p)
		}
		if w != nil {
			r.refuse(w)
		}
	}
}

// product adds what can be bought of a product: each option, or the product where it
// has none, and each add-on, by the number of the channel's product that order lines
// name.
func (r *reader) product(p *listed) *wrong {
	if !allDigits(string(p.Shown.Number)) {
		return &wrong{"channelProductNo", string(p.Shown.Number), order.RefusedType, "the number of a product is expected"}
	}
	base := connectors.Product{
		Codes: order.Codes{ItemID: string(p.Shown.Number), ItemCode: string(cmp.Or(p.Origin.Detail.Seller.Code, p.Shown.Code)), SKUCode: string(p.Origin.Detail.Seller.Custom), Barcode: string(p.Origin.Detail.Seller.Barcode)},
		Name:  string(p.Shown.Name), Price: -1, Stock: -1, OnSale: p.Shown.Status == statusSale,
	}
	price, w := won("salePrice", cmp.Or(p.Shown.Price, p.Origin.Price))
	if w != nil {
		return w
	}
	if p.Shown.Price != "" || p.Origin.Price != "" {
		base.Price = price
	}
	var out []connectors.Product
	add := func(o *option, code text, names ...text) *wrong {
		x := base
		if !allDigits(string(o.ID)) {
			return &wrong{"id", string(o.ID), order.RefusedType, "the number of an option is expected"}
		}
		x.Codes.OptionID, x.Codes.OptionCode, x.Option = string(o.ID), string(code), join(names)
		x.OnSale = x.OnSale && (o.Usable == nil || *o.Usable)
		extra, w := won("price", o.Price)
		if w != nil {
			return w
		}
		if x.Price >= 0 {
			x.Price += extra
		}
		if o.Stock != "" {
			if x.Stock, w = won("stockQuantity", o.Stock); w != nil {
				return w
			}
		}
		out = append(out, x)
		return nil
	}
	detail := &p.Origin.Detail
	options := slices.Concat(detail.Options.Combinations, detail.Options.Standards)
	for i := range options {
		o := &options[i]
		if w := add(o, o.Code, o.Name1, o.Name2, o.Name3, o.Name4); w != nil {
			return w
		}
	}
	if len(options) == 0 {
		x := base
		if v := cmp.Or(p.Origin.Stock, p.Shown.Stock); v != "" {
			if x.Stock, w = won("stockQuantity", v); w != nil {
				return w
			}
		}
		out = append(out, x)
	}
	for i := range detail.AddOns.Products {
		o := &detail.AddOns.Products[i]
		if w := add(o, o.Management); w != nil {
			return w
		}
		// Which fields hold the name and price of an add-on is not documented.
		x := &out[len(out)-1]
		x.Codes.SKUCode, x.Codes.Barcode, x.Price = "", "", -1
	}
	r.out.Products = append(r.out.Products, out...)
	return nil
}

func join(names []text) string {
	var all []string
	for _, n := range names {
		if n != "" {
			all = append(all, string(n))
		}
	}
	return strings.Join(all, " / ")
}
