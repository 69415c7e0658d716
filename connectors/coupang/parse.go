package coupang

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/order"
)

// Kinds of pages.
const (
	pageSheets    = "ordersheets"
	pageClaims    = "returnRequests"
	pageWithdrawn = "returnWithdrawRequests"
	pageProduct   = "seller-product"
)

// Parse reads bundles into orders, claims, withdrawn claims and products.
func (d *Driver) Parse(p connectors.Page) (connectors.Parsed, error) {
	r := reader{account: d.account, asSold: d.asSold}
	var e envelope
	if err := json.Unmarshal(p.Body, &e); err != nil {
		return r.out, fmt.Errorf("the reply is not JSON: %w", err)
	}
	if p.Kind == pageProduct {
		return r.out, r.product(e.Data)
	}
	if err := e.records(); err != nil {
		return r.out, fmt.Errorf("data is no list: %w", err)
	}
	switch p.Kind {
	case pageSheets:
		r.sheets(e.List)
	case pageClaims:
		r.claims(e.List)
	case pageWithdrawn:
		r.withdrawn(e.List)
	default:
		return r.out, fmt.Errorf("pages of the kind %q are not known", p.Kind)
	}
	return r.out, nil
}

// A reader gathers what one page holds.
type reader struct {
	account string
	asSold  bool // multi-packs stay as they were sold
	out     connectors.Parsed
	at      int
	number  text // of the order at hand
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
		Order: string(r.number), Record: fmt.Sprintf("data[%d]", r.at), Field: w.field, Value: w.value, Reason: w.reason, Detail: w.detail,
	})
}

var notUTF8 = &wrong{reason: order.RefusedCharset, detail: "bytes that are not UTF-8"}

// decode reads a record; it is refused as a whole if that cannot be done.
func (r *reader) decode(raw json.RawMessage, v any) bool {
	if !utf8.Valid(raw) {
		r.refuse(notUTF8)
		return false
	}
	if err := json.Unmarshal(raw, v); err != nil {
		r.refuse(unreadable(err))
		return false
	}
	if w := doubled(raw); w != nil {
		r.refuse(w)
		return false
	}
	return true
}

// doubled finds what encoding/json takes without a word: a field that stands twice.
func doubled(raw json.RawMessage) *wrong {
	if err := connectors.CheckJSON(raw); err != nil {
		return &wrong{"", "", order.RefusedConflict, err.Error()}
	}
	return nil
}

func unreadable(err error) *wrong {
	var t *json.UnmarshalTypeError
	if errors.As(err, &t) {
		return &wrong{t.Field, "", order.RefusedType, "holds a " + t.Value + ", which is not expected there"}
	}
	return &wrong{"", "", order.RefusedType, err.Error()}
}

// sheets makes orders of bundles. An order is refused whole if one of its bundles
// cannot be read, for it would be another order without it.
func (r *reader) sheets(list []json.RawMessage) {
	type found struct {
		sheets []*sheet
		at     []int
		broken bool
	}
	byOrder := map[text]*found{}
	var numbers []text
	for i, raw := range list {
		r.at, r.number = i, ""
		s := &sheet{}
		good := r.decodeSheet(raw, s)
		if r.number == "" {
			continue
		}
		f := byOrder[r.number]
		if f == nil {
			f = &found{}
			byOrder[r.number] = f
			numbers = append(numbers, r.number)
		}
		f.sheets, f.at, f.broken = append(f.sheets, s), append(f.at, i), f.broken || !good
	}
	for _, n := range numbers {
		f := byOrder[n]
		for _, s := range f.sheets {
			r.show(s)
		}
		if f.broken {
			continue
		}
		r.number = n
		o, at, w := r.order(f.sheets)
		if w != nil {
			r.at = f.at[at]
			r.refuse(w)
			continue
		}
		r.out.Orders = append(r.out.Orders, *o)
	}
}

// show notes the number of a bundle that is on its way. The mall gives the
// courier's name there, not its code.
func (r *reader) show(s *sheet) {
	if !s.dispatched() || s.Invoice == "" || s.Box == "" {
		return
	}
	x := connectors.Shown{Order: string(s.Order), Package: string(s.Box), Tracking: digitsOf(string(s.Invoice))}
	for i := range s.Items {
		x.Lines = append(x.Lines, string(s.Items[i].VendorItem))
	}
	r.out.Shown = append(r.out.Shown, x)
}

// decodeSheet reads a bundle and the number of its order, which may be legible
// where the rest is not.
func (r *reader) decodeSheet(raw json.RawMessage, s *sheet) (good bool) {
	err := json.Unmarshal(raw, s)
	if err != nil {
		var id struct {
			Order text `json:"orderId"`
		}
		if json.Unmarshal(raw, &id) == nil {
			s.Order = id.Order
		}
	}
	if allDigits(string(s.Order)) {
		r.number = s.Order
	}
	var w *wrong
	switch {
	case !utf8.Valid(raw):
		w = notUTF8
	case err != nil:
		w = unreadable(err)
	default:
		if w = doubled(raw); w == nil {
			w = s.keys()
		}
	}
	if w != nil {
		r.refuse(w)
	}
	return w == nil
}

func allDigits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

func (s *sheet) keys() *wrong {
	switch {
	case !allDigits(string(s.Order)):
		return &wrong{"orderId", string(s.Order), cmp.Or(missing(s.Order), order.RefusedType), "the number of an order is expected"}
	case !allDigits(string(s.Box)):
		return &wrong{"shipmentBoxId", string(s.Box), cmp.Or(missing(s.Box), order.RefusedType), "the number of a bundle is expected"}
	case s.Status == "":
		return &wrong{"status", "", order.RefusedMissing, "a status is expected"}
	case len(s.Items) == 0:
		return &wrong{"orderItems", "", order.RefusedMissing, "a bundle without lines"}
	}
	return nil
}

func missing(t text) order.Reason {
	if t == "" {
		return order.RefusedMissing
	}
	return ""
}

// chain is the way of a bundle. A bundle that Coupang does not list there is
// taken for one that is still to be shipped: its status will hold the order.
var chain = []text{"ACCEPT", "INSTRUCT", "DEPARTURE", "DELIVERING", "FINAL_DELIVERY", "NONE_TRACKING"}

func rank(status text) int { return slices.Index(chain, status) }

// dispatched reports whether a bundle is on its way or beyond.
func (s *sheet) dispatched() bool { return rank(s.Status) >= rank("DEPARTURE") }

// byCoupang reports whether Coupang's own warehouse ships the bundle.
func (s *sheet) byCoupang() bool { return strings.HasPrefix(string(s.ShippedBy), "CGF") }

// order makes one order of all its bundles: of those that wait for us, if there
// are any; else of all. Its status is that of the bundle that is least far.
func (r *reader) order(all []*sheet) (o *order.Order, at int, w *wrong) {
	index := map[*sheet]int{}
	for i, s := range all {
		index[s] = i
	}
	sheets := slices.Clone(all)
	slices.SortStableFunc(sheets, func(a, b *sheet) int {
		return cmp.Or(cmp.Compare(len(a.Box), len(b.Box)), cmp.Compare(a.Box, b.Box))
	})
	for _, out := range []func(*sheet) bool{(*sheet).dispatched, (*sheet).byCoupang} {
		if kept := slices.DeleteFunc(slices.Clone(sheets), out); len(kept) > 0 {
			sheets = kept
		}
	}
	first := sheets[0]
	o = &order.Order{Account: r.account, Number: string(first.Order), Status: string(first.Status), Currency: currencyOf(first)}
	lines := r.lines(sheets)
	for _, s := range sheets {
		if rank(s.Status) < rank(text(o.Status)) {
			o.Status = string(s.Status)
		}
		if w := r.bundle(o, s, lines); w != nil {
			return nil, index[s], w
		}
	}
	switch lines {
	case linesStopped:
		o.Status = "RELEASE_STOP_UNCHECKED"
	case linesCancelled:
		o.Status = "CANCEL"
	case linesLeft:
	}
	o.Total = o.Goods + o.Postage - o.Discount
	o.Buyer = order.Party{Name: string(first.Orderer.Name), Phone: phone(first.Orderer.Safe, first.Orderer.Real), Email: string(first.Orderer.Email), Country: "KR"}
	var err error
	if o.Ordered, err = instant(first.OrderedAt); err != nil {
		return nil, index[first], &wrong{"orderedAt", string(first.OrderedAt), order.RefusedType, err.Error()}
	}
	if first.COD {
		o.Payment = "COD"
	}
	return o, 0, nil
}

func currencyOf(s *sheet) string {
	for i := range s.Items {
		if c := s.Items[i].Price.Currency; c != "" {
			return string(c)
		}
	}
	return "KRW"
}

// What is left of an order's lines.
type remains int

const (
	linesLeft      remains = iota
	linesStopped           // a stop request covers all that was not cancelled
	linesCancelled         // all is cancelled
)

// lines looks at all lines together. Numbers that cannot be read count as left;
// the line will say so.
func (r *reader) lines(sheets []*sheet) remains {
	res := linesCancelled
	for _, s := range sheets {
		for i := range s.Items {
			q, err := s.Items[i].quantities()
			switch {
			case err != nil || q.left() > 0:
				return linesLeft
			case q.held > 0:
				res = linesStopped
			}
		}
	}
	return res
}

// quantities of a line.
type quantities struct{ bought, cancelled, held int64 }

func (q quantities) left() int64 { return q.bought - q.cancelled - q.held }

func (i *item) quantities() (q quantities, w *wrong) {
	for _, x := range [...]struct {
		name string
		from json.Number
		to   *int64
	}{{"shippingCount", i.Count, &q.bought}, {"cancelCount", i.Cancelled, &q.cancelled}, {"holdCountForCancel", i.Held, &q.held}} {
		n, err := whole(x.from)
		if err != nil || n < 0 || n > 1_000_000 {
			return q, &wrong{x.name, string(x.from), order.RefusedType, "a number of pieces is expected"}
		}
		*x.to = n
	}
	if q.bought == 0 || q.left() < 0 {
		return q, &wrong{"shippingCount", string(i.Count), order.RefusedQuantity, fmt.Sprintf("%d bought, %d cancelled, %d under a stop request", q.bought, q.cancelled, q.held)}
	}
	return q, nil
}

// bundle adds a package to the order, with what is left of its lines; with all
// of them if nothing of the whole order is.
func (r *reader) bundle(o *order.Order, s *sheet, left remains) *wrong {
	p := order.Package{Key: string(s.Box), Note: string(s.Message), CustomsID: string(s.Oversea.Customs)}
	p.To = order.Party{
		Name: string(s.Receiver.Name), Phone: phone(s.Receiver.Safe, s.Receiver.Real), Country: "KR", Postal: string(s.Receiver.Postal),
		// In one, as the DeliveryList has it, so that both ways give the same address.
		Street: strings.TrimSpace(strings.TrimSpace(string(s.Receiver.Addr1)) + " " + strings.TrimSpace(string(s.Receiver.Addr2))),
	}
	if s.Receiver.Safe != "" {
		p.To.Phone2 = string(s.Receiver.Real)
	}
	for i := range s.Items {
		it := &s.Items[i]
		q, w := it.quantities()
		if w != nil {
			return w
		}
		if q.held > 0 {
			mark(o, order.FlagClaim)
		}
		n := q.left()
		switch {
		case left == linesStopped:
			n = q.bought - q.cancelled
		case left == linesCancelled:
			n = q.bought
		}
		if n == 0 {
			continue
		}
		l, w := r.line(o, it, n)
		if w != nil {
			return w
		}
		l.Key = unique(p.Lines, l.Key)
		p.Lines = append(p.Lines, l)
		if d := day(cmp.Or(it.Planned, it.Estimated)); d != "" && (p.ShipBy == "" || d < p.ShipBy) {
			p.ShipBy = d
		}
	}
	remote, err := s.Remote.smallest(o.Currency)
	if err != nil {
		return &wrong{"remotePrice", string(s.Remote.Units), order.RefusedType, err.Error()}
	}
	fee, err := s.Shipping.smallest(o.Currency)
	if err != nil {
		return &wrong{"shippingPrice", string(s.Shipping.Units), order.RefusedType, err.Error()}
	}
	o.Postage += fee + remote
	if s.RemoteArea || remote > 0 {
		mark(o, order.FlagIsland)
	}
	if s.Split {
		mark(o, order.FlagSplitShipping)
	}
	if s.byCoupang() {
		mark(o, order.FlagMallFulfils)
	}
	if len(p.Lines) > 0 {
		o.Packages = append(o.Packages, p)
	}
	return nil
}

func mark(o *order.Order, flag string) {
	if !o.HasFlag(flag) {
		o.Flags = append(o.Flags, flag)
	}
}

// unique keeps two lines of one option in a bundle apart.
func unique(lines []order.Line, key string) string {
	for n, try := 2, key; ; n++ {
		if !slices.ContainsFunc(lines, func(l order.Line) bool { return l.Key == try }) {
			return try
		}
		try = key + "-" + strconv.Itoa(n)
	}
}

func phone(safe, real text) string { return strings.TrimSpace(string(cmp.Or(safe, real))) }

// line makes a line of n pieces of an option and adds its amounts to the order.
func (r *reader) line(o *order.Order, it *item, n int64) (order.Line, *wrong) {
	if !allDigits(string(it.VendorItem)) {
		return order.Line{}, &wrong{"vendorItemId", string(it.VendorItem), cmp.Or(missing(it.VendorItem), order.RefusedType), "the number of an option is expected"}
	}
	price, err := it.Price.smallest(o.Currency)
	if err != nil {
		return order.Line{}, &wrong{"salesPrice", string(it.Price.Units), order.RefusedType, err.Error()}
	}
	discount, err := it.Discount.smallest(o.Currency)
	if err != nil {
		return order.Line{}, &wrong{"discountPrice", string(it.Discount.Units), order.RefusedType, err.Error()}
	}
	o.Goods += price * n
	o.Discount += discount
	l := order.Line{
		Key: string(it.VendorItem), Name: string(cmp.Or(it.Name, it.Registered)), Option: string(it.Option), Quantity: n, Price: price, Note: note(it),
		Codes: order.Codes{ItemCode: string(it.SKU), OptionID: string(it.VendorItem)},
	}
	if it.Product != "0" {
		l.Codes.ItemID = string(it.Product)
	}
	if bool(it.Pack) && !r.asSold {
		size, err := whole(it.PackSize)
		if err != nil || size < 1 || size > 10_000 {
			return l, &wrong{"upBundleSize", string(it.PackSize), order.RefusedType, "how many pieces a multi-pack has"}
		}
		// The pack carries the code of the single option.
		l.Quantity, l.Price = n*size, price/size
		if allDigits(string(it.PackBase)) && it.PackBase != "0" {
			l.Codes.OptionID = string(it.PackBase)
		}
	}
	return l, nil
}

// note joins what the buyer entered for a made-to-order product.
func note(it *item) string {
	var parts []string
	for _, e := range it.Entries {
		if e != "" {
			parts = append(parts, string(e))
		}
	}
	s := strings.Join(parts, ", ")
	if s != "" && it.Prompt != "" {
		s = string(it.Prompt) + ": " + s
	}
	return s
}

func (r *reader) claims(list []json.RawMessage) {
	for i, raw := range list {
		r.at, r.number = i, ""
		var c claim
		if !r.decode(raw, &c) {
			continue
		}
		r.number = c.Order
		if w := r.claim(&c); w != nil {
			r.refuse(w)
		}
	}
}

func (r *reader) claim(c *claim) *wrong {
	if !allDigits(string(c.Receipt)) || !allDigits(string(c.Order)) {
		return &wrong{"receiptId", string(c.Receipt), cmp.Or(missing(c.Receipt), order.RefusedType), "the numbers of a claim and its order are expected"}
	}
	at, err := instant(c.Created)
	if err != nil {
		return &wrong{"createdAt", string(c.Created), order.RefusedType, err.Error()}
	}
	base := connectors.Claim{
		Key: string(c.Receipt), Order: string(c.Order), At: at, State: connectors.ClaimRequested, Reason: string(cmp.Or(c.Reason, c.Words, c.Category)),
	}
	if c.Status == "RETURNS_COMPLETED" {
		base.State = connectors.ClaimDone
	}
	if len(c.Items) == 0 {
		base.Kind = kind(c, "", "")
		r.out.Claims = append(r.out.Claims, base)
		return nil
	}
	var all []connectors.Claim
	for i := range c.Items {
		x := base
		it := &c.Items[i]
		x.Kind, x.Package, x.Line = kind(c, it.Release, it.By), string(it.Box), string(it.VendorItem)
		if x.Quantity, err = whole(it.Count); err != nil || x.Quantity < 0 {
			return &wrong{"cancelCount", string(it.Count), order.RefusedType, "a number of pieces is expected"}
		}
		all = append(all, x)
	}
	r.out.Claims = append(r.out.Claims, all...)
	return nil
}

// kind tells a cancellation before preparation, a stop request while it is being
// prepared, and a return of what was shipped apart. releaseStatus is N while a
// parcel has not left, S once it was stopped, Y and A once it had left.
func kind(c *claim, release, by text) connectors.ClaimKind {
	switch {
	case c.Type == "CANCEL":
		return connectors.ClaimCancel
	case c.Status == "RELEASE_STOP_UNCHECKED", release == "N", release == "S", by == "3P_CANCEL":
		return connectors.ClaimStop
	}
	return connectors.ClaimReturn
}

func (r *reader) withdrawn(list []json.RawMessage) {
	for i, raw := range list {
		r.at, r.number = i, ""
		var x withdrawal
		if !r.decode(raw, &x) {
			continue
		}
		r.number = x.Order
		at, err := instant(x.Created)
		if err != nil || !allDigits(string(x.Claim)) || !allDigits(string(x.Order)) {
			r.refuse(&wrong{"cancelId", string(x.Claim), order.RefusedType, "the numbers of a claim and its order, and a time are expected"})
			continue
		}
		r.out.Claims = append(r.out.Claims, connectors.Claim{
			Key: string(x.Claim), Kind: connectors.ClaimStop, State: connectors.ClaimWithdrawn, Order: string(x.Order), At: at,
		})
	}
}

// product reads a product with its options. Those that are not approved yet have
// no number and cannot be bought.
func (r *reader) product(data json.RawMessage) error {
	var p product
	if !utf8.Valid(data) {
		return fmt.Errorf("bytes that are not UTF-8")
	}
	if err := json.Unmarshal(data, &p); err != nil {
		return fmt.Errorf("data is no product: %w", err)
	}
	for i := range p.Items {
		it := &p.Items[i]
		r.at = i
		if it.VendorItem == "" || it.VendorItem == "0" {
			continue
		}
		price, err := it.Sale.smallest("KRW")
		if err != nil || !allDigits(string(it.VendorItem)) {
			r.refuse(&wrong{"vendorItemId", string(it.VendorItem), order.RefusedType, "the number of an option and its price are expected"})
			continue
		}
		if !it.Sale.given {
			price = -1
		}
		x := connectors.Product{
			Codes: order.Codes{ItemCode: string(it.SKU), OptionID: string(it.VendorItem), Barcode: string(it.Barcode)},
			Name:  string(p.Name), Option: string(it.Name), Price: price, Stock: -1, Category: string(p.Category),
			OnSale: p.Status == "승인완료" || p.Status == "부분승인완료" || p.Status == "APPROVED" || p.Status == "PARTIAL_APPROVED",
		}
		if p.Shown != "0" {
			x.Codes.ItemID = string(p.Shown)
		}
		r.out.Products = append(r.out.Products, x)
	}
	return nil
}
