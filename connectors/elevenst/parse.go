package elevenst

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/order"
)

// The states that matter by themselves.
const (
	statePaid       = "202"
	statePreparing  = "301"
	stateClaim      = "601"
	stateCancelling = "701"
	stateCancelled  = "B01"
)

// chain is the way of a line that is not sent yet, and then.
var chain = []string{"101", "102", "103", "200", "201", statePaid, statePreparing, "401", "501", "901"}

// waits reports whether a line of that state may still be shipped.
func waits(state string) bool {
	i := slices.Index(chain, state)
	return i >= 0 && i <= slices.Index(chain, statePreparing)
}

// sent reports whether a line of that state is on its way or beyond.
func sent(state string) bool { return slices.Index(chain, state) > slices.Index(chain, statePreparing) }

// over reports whether nothing of a line of that state is to be shipped any more.
func over(state string) bool { return state == stateCancelled || state == "A01" || state == "C01" }

// Parse reads records into orders, claims and products.
func (d *Driver) Parse(p connectors.Page) (connectors.Parsed, error) {
	r := reader{account: d.account, carrier: d.CarrierOf}
	if rootOf(p.Body) == "" {
		return r.out, errors.New("the page is no whole XML document")
	}
	switch {
	case p.Kind == pageOrders:
		if rootOf(p.Body) != "lists" {
			return r.out, errors.New("the page is no document of orders")
		}
		r.orders(p.Body)
	case p.Kind == pageProduct:
		r.products(p.Body)
	default:
		i := slices.IndexFunc(claimLists, func(l claimList) bool { return l.name == p.Kind })
		if i < 0 {
			return r.out, fmt.Errorf("pages of the kind %q are not known", p.Kind)
		}
		r.claims(claimLists[i], p.Body)
	}
	return r.out, nil
}

// A reader gathers what one page holds.
type reader struct {
	account string
	carrier func(mall string) string // our code of one of the mall's
	out     connectors.Parsed
	record  string // the record at hand: packaging[3]
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
		Order: r.number, Record: r.record, Field: w.field, Value: w.value, Reason: w.reason, Detail: w.detail,
	})
}

// fieldsOf reads a record.
func fieldsOf(raw []byte) (fields, *wrong) {
	text, err := decode(raw)
	if err != nil {
		return nil, &wrong{reason: order.RefusedCharset, detail: err.Error()}
	}
	f, err := readFields(text)
	var fe *fieldError
	switch {
	case errors.As(err, &fe) && errors.Is(err, errTwice):
		return nil, &wrong{field: fe.field, reason: order.RefusedConflict, detail: fe.err.Error()}
	case errors.As(err, &fe):
		return nil, &wrong{field: fe.field, reason: order.RefusedType, detail: fe.err.Error()}
	case err != nil:
		return nil, &wrong{reason: order.RefusedType, detail: "the record is no well-formed XML: " + err.Error()}
	}
	return f, nil
}

// A line is one ordPrdSeq: its whole record, if there is one, with status and
// pieces as orderlistalladdr has them.
type line struct {
	fields
	record string
	state  string
	whole  bool // it has the fields of a list
	told   bool // it has those of orderlistalladdr
}

// linesOf reads the lines of one order. Records may be those of several calls.
func linesOf(recs []numbered) ([]*line, *numbered, *wrong) {
	var out []*line
	at := map[string]*line{}
	for i := range recs {
		n := &recs[i]
		f, w := fieldsOf(n.raw)
		if w != nil {
			return nil, n, w
		}
		if w := keysOf(f); w != nil {
			return nil, n, w
		}
		l := at[f["ordPrdSeq"]]
		switch {
		case l == nil:
			l = &line{fields: f, record: n.record}
			at[f["ordPrdSeq"]] = l
			out = append(out, l)
		case l.told || n.part != partLines:
			return nil, n, &wrong{"ordPrdSeq", f["ordPrdSeq"], order.RefusedConflict, "the line stands twice"}
		default:
			// Status, pieces, address and dispatch are newer than the list's.
			maps.Copy(l.fields, f)
		}
		l.whole, l.told = l.whole || n.part != partLines, l.told || n.part == partLines
		l.state = cmp.Or(l.fields["ordPrdStat"], map[string]string{partComplete: statePaid, partPackaging: statePreparing}[n.part], l.state)
		if l.state == "" {
			return nil, n, &wrong{"ordPrdStat", "", order.RefusedMissing, "a status is expected"}
		}
	}
	return out, nil, nil
}

func keysOf(f fields) *wrong {
	for _, name := range []string{"ordNo", "ordPrdSeq", "dlvNo"} {
		if v := f[name]; v == "" {
			return &wrong{name, v, order.RefusedMissing, "a number is expected"}
		} else if !allDigits(v) {
			return &wrong{name, v, order.RefusedType, "a number is expected"}
		}
	}
	return nil
}

// A numbered is a record with its place in the page.
type numbered struct {
	part, record string
	raw          []byte
}

// orders makes orders of records. An order is refused whole if one of its records
// cannot be read, for it would be another order without it.
func (r *reader) orders(body []byte) {
	byOrder := map[string][]numbered{}
	var numbers []string
	for _, part := range partNames {
		for i, raw := range elements(section(body, part), "order") {
			x := numbered{part, fmt.Sprintf("%s[%d]", part, i), raw}
			n := rawDigits(raw, "ordNo")
			if n == "" {
				r.number, r.record = "", x.record
				_, w := fieldsOf(raw)
				r.refuse(cmp.Or(w, &wrong{"ordNo", "", order.RefusedMissing, "the number of an order is expected"}))
				continue
			}
			if byOrder[n] == nil {
				numbers = append(numbers, n)
			}
			byOrder[n] = append(byOrder[n], x)
		}
	}
	for _, n := range numbers {
		r.number = n
		r.show(byOrder[n])
		lines, at, w := linesOf(byOrder[n])
		if w != nil {
			r.record = at.record
			r.refuse(w)
			continue
		}
		o, l, w := r.order(lines)
		if w != nil {
			r.record = l.record
			r.refuse(w)
			continue
		}
		r.out.Orders = append(r.out.Orders, *o)
	}
}

// order makes one order of its lines: of those that wait for us, if there are any;
// else of those that a claim holds; else of all that were not cancelled; else of
// all. Its status is that of the line that is least far.
func (r *reader) order(all []*line) (*order.Order, *line, *wrong) {
	lines := slices.Clone(all)
	slices.SortStableFunc(lines, func(a, b *line) int { return numeric(a.fields["ordPrdSeq"], b.fields["ordPrdSeq"]) })
	held := slices.ContainsFunc(lines, func(l *line) bool { return l.state == stateClaim || l.state == stateCancelling })
	for _, out := range []func(*line) bool{
		func(l *line) bool { return over(l.state) },
		func(l *line) bool { return sent(l.state) },
		func(l *line) bool { return !waits(l.state) },
	} {
		if kept := slices.DeleteFunc(slices.Clone(lines), out); len(kept) > 0 {
			lines = kept
		}
	}
	first := lines[0]
	o := &order.Order{Account: r.account, Number: first.fields["ordNo"], Status: first.state, Currency: "KRW"}
	if held && waits(first.state) {
		mark(o, order.FlagClaim)
	}
	left := slices.ContainsFunc(lines, func(l *line) bool { n, w := l.left(); return w != nil || n > 0 })
	fees := map[string]int64{}
	for _, l := range lines {
		if slices.Index(chain, l.state) < slices.Index(chain, o.Status) {
			o.Status = l.state
		}
		if w := (builder{o}).line(l, left, fees); w != nil {
			return nil, l, w
		}
	}
	for _, fee := range fees {
		o.Postage += fee
	}
	if !left && waits(o.Status) {
		o.Status = stateCancelling // all of it is under requests to cancel
	}
	slices.Sort(o.Flags)
	o.Total = o.Goods + o.Postage - o.Discount
	return o, nil, nil
}

// show notes the numbers of lines that are on their way, by delivery. It reads no
// more of the records than that: they may be refused for something else.
func (r *reader) show(recs []numbered) {
	first := len(r.out.Shown)
	seen := map[string]bool{}
	for _, n := range slices.Backward(recs) { // orderlistalladdr stands last
		seq, delivery, number := rawDigits(n.raw, "ordPrdSeq"), rawDigits(n.raw, "dlvNo"), rawValue(n.raw, "invcNo")
		if !sent(rawValue(n.raw, "ordPrdStat")) || seq == "" || delivery == "" || seen[seq] {
			continue
		}
		seen[seq] = true
		if number == "null" {
			number = ""
		}
		i := slices.IndexFunc(r.out.Shown[first:], func(x connectors.Shown) bool { return x.Package == delivery && x.Tracking == number })
		if i < 0 {
			i = len(r.out.Shown) - first
			r.out.Shown = append(r.out.Shown, connectors.Shown{
				Order: r.number, Package: delivery, Carrier: r.carrier(rawValue(n.raw, "dlvEtprsCd")), Tracking: number,
			})
		}
		x := &r.out.Shown[first+i]
		x.Lines = append(x.Lines, seq)
	}
	shown := r.out.Shown[first:]
	for i := range shown {
		slices.SortFunc(shown[i].Lines, numeric)
	}
	slices.SortStableFunc(shown, func(a, b connectors.Shown) int { return numeric(a.Lines[0], b.Lines[0]) })
}

func numeric(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b)) }

func mark(o *order.Order, flag string) {
	if !o.HasFlag(flag) {
		o.Flags = append(o.Flags, flag)
	}
}

// left is how many pieces of a line are to be shipped: what was bought less what is
// cancelled or under a request to cancel.
func (l *line) left() (int64, *wrong) {
	bought, w := l.count("ordQty")
	if w != nil {
		return 0, w
	}
	cancelled, w := l.count("ordCnQty")
	switch {
	case w != nil:
		return 0, w
	case bought < 1 || cancelled > bought:
		return 0, &wrong{"ordQty", l.fields["ordQty"], order.RefusedQuantity, fmt.Sprintf("%d bought, %d cancelled or asked to be", bought, cancelled)}
	}
	return bought - cancelled, nil
}

func (f fields) count(name string) (int64, *wrong) {
	n, w := f.won(name)
	if w == nil && (n < 0 || n > 1_000_000) {
		return 0, &wrong{name, f[name], order.RefusedType, "a number of pieces is expected"}
	}
	return n, w
}

// won reads an amount; 0 if there is none.
func (f fields) won(name string) (int64, *wrong) {
	v := f[name]
	if v == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(strings.ReplaceAll(v, ",", ""), 10, 64)
	if most := int64(1) << 40; err != nil || n > most || n < -most {
		return 0, &wrong{name, v, order.RefusedType, "a whole number is expected"}
	}
	return n, nil
}

// A builder is an order that lines are added to.
type builder struct{ *order.Order }

// line adds a line with what is left of it; with all of it if nothing of the whole
// order is.
func (o builder) line(l *line, some bool, fees map[string]int64) *wrong {
	n, w := l.left()
	if w != nil {
		return w
	}
	if !some {
		n, _ = l.count("ordQty")
	}
	if waits(l.state) && !l.whole {
		return &wrong{"ordPrdSeq", l.fields["ordPrdSeq"], order.RefusedMissing, "11st names the line by number and gives it in none of its lists"}
	}
	if n == 0 {
		return nil
	}
	if w := o.head(l); w != nil {
		return w
	}
	p, w := o.pack(l)
	if w != nil {
		return w
	}
	var amounts [5]int64
	for i, name := range [...]string{"selPrc", "lstSellerDscPrc", "lstTmallDscPrc", "bmDlvCst", "dlvCst"} {
		if amounts[i], w = l.won(name); w != nil {
			return w
		}
	}
	fee, w := l.won("lstDlvCst")
	if w != nil {
		return w
	}
	// Each line of a delivery names its fee.
	fees[p.Key] = max(fees[p.Key], max(amounts[4], fee)+amounts[3])
	if amounts[3] > 0 {
		mark(o.Order, order.FlagIsland)
	}
	o.Goods += amounts[0] * n
	o.Discount += amounts[1] + amounts[2]
	p.Lines = append(p.Lines, order.Line{
		Key: l.fields["ordPrdSeq"], Name: l.fields["prdNm"], Option: l.fields["slctPrdOptNm"], Quantity: n, Price: amounts[0],
		Codes: order.Codes{ItemID: id(l.fields["prdNo"]), ItemCode: l.fields["sellerPrdCd"], OptionID: id(l.fields["prdStckNo"]), OptionCode: l.fields["sellerStockCd"]},
	})
	return nil
}

func id(v string) string {
	if v == "0" {
		return ""
	}
	return v
}

// head fills in what all lines of an order share, from the first.
func (o builder) head(l *line) *wrong {
	for flag, name := range map[string]string{order.FlagWarning: "gblDlvYn", order.FlagMallFulfils: "use11stRetailYn"} {
		if l.fields[name] == "Y" {
			mark(o.Order, flag)
		}
	}
	if g := l.fields["gifeser"]; g == "1" || g == "2" {
		mark(o.Order, order.FlagGift)
	}
	if l.state == "200" {
		mark(o.Order, order.FlagAddressLater)
	}
	if l.fields["visitDlvYn"] == "Y" {
		o.Delivery = "방문수령"
	}
	if len(o.Packages) > 0 {
		return nil
	}
	ordered := cmp.Or(l.fields["ordDt"], l.fields["ordStlEndDt"])
	if ordered != "" {
		at, err := time.ParseInLocation(time.DateTime, ordered, seoul)
		if err != nil {
			return &wrong{"ordDt", ordered, order.RefusedType, "a time such as 2026-07-15 08:58:01 is expected"}
		}
		o.Ordered = order.Instant{UTC: at.UTC(), Text: ordered}
	}
	phone, _ := phones(l.fields["ordPrtblTel"], l.fields["ordTlphnNo"])
	o.Buyer = order.Party{Name: l.fields["ordNm"], Phone: phone, Country: "KR"}
	return nil
}

// pack returns the package of a line's delivery, making it if it is not there.
func (o builder) pack(l *line) (*order.Package, *wrong) {
	key := l.fields["dlvNo"]
	for i := range o.Packages {
		if o.Packages[i].Key == key {
			return &o.Packages[i], nil
		}
	}
	p := order.Package{Key: key, Note: l.fields["ordDlvReqCont"], CustomsID: l.fields["psnCscUniqNo"]}
	p.To = order.Party{
		Name: l.fields["rcvrNm"], Country: "KR", Postal: l.fields["rcvrMailNo"],
		// In one, as the sheet has it, so that both ways give the same address.
		Street: strings.TrimSpace(l.fields["rcvrBaseAddr"] + " " + l.fields["rcvrDtlsAddr"]),
	}
	p.To.Phone, p.To.Phone2 = phones(l.fields["rcvrPrtblNo"], l.fields["rcvrTlphn"])
	if v := l.fields["appmtDdDlvDy"]; v != "" {
		if p.DeliverOn = day(v); p.DeliverOn == "" {
			return nil, &wrong{"appmtDdDlvDy", v, order.RefusedType, "a day such as 2026-07-20 is expected"}
		}
	}
	p.ShipBy = day(l.fields["dlvSndDue"])
	o.Packages = append(o.Packages, p)
	return &o.Packages[len(o.Packages)-1], nil
}

// phones picks what can be called: the mobile first. A number that was left empty
// comes as "--" or "02--".
func phones(mobile, fixed string) (first, second string) {
	m, f := called(mobile), called(fixed)
	switch {
	case m == "":
		return f, ""
	case digitsOf(m) == digitsOf(f):
		return m, ""
	}
	return m, f
}

func called(phone string) string {
	if len(digitsOf(phone)) <= 6 {
		return ""
	}
	return phone
}

func digitsOf(s string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, s)
}

// day reads the day at the beginning of a date or time; empty if there is none.
func day(v string) order.Date {
	v, _, _ = strings.Cut(v, " ")
	for _, l := range []string{time.DateOnly, "20060102", "2006/01/02", "2006.01.02"} {
		if t, err := time.Parse(l, v); err == nil {
			return order.DateOf(t)
		}
	}
	return ""
}

func (r *reader) claims(list claimList, body []byte) {
	for i, raw := range elements(body, "order") {
		r.record, r.number = fmt.Sprintf("%s[%d]", list.name, i), rawDigits(raw, "ordNo")
		f, w := fieldsOf(raw)
		if w == nil {
			w = r.claim(list, f)
		}
		if w != nil {
			r.refuse(w)
		}
	}
}

func (r *reader) claim(list claimList, f fields) *wrong {
	number, count, reason, at := "clmReqSeq", "clmReqQty", cmp.Or(f["clmReqCont"], f["clmReqRsn"]), f["reqDt"]
	if list.kind == connectors.ClaimCancel {
		number, count, reason, at = "ordPrdCnSeq", "ordCnQty", cmp.Or(f["ordCnDtlsRsn"], f["ordCnRsnCd"]), f["createDt"]
	}
	for _, name := range []string{number, "ordNo", "ordPrdSeq"} {
		if !allDigits(f[name]) {
			return &wrong{name, f[name], cmp.Or(map[string]order.Reason{"": order.RefusedMissing}[f[name]], order.RefusedType), "a number is expected"}
		}
	}
	n, w := f.count(count)
	if w != nil {
		return w
	}
	x := connectors.Claim{
		// Cancellations are answered by these three; returns are counted apart.
		Key:  f[number] + "/" + f["ordNo"] + "/" + f["ordPrdSeq"],
		Kind: list.kind, State: list.state, Order: f["ordNo"], Package: f["dlvNo"], Line: f["ordPrdSeq"], Quantity: n, Reason: reason,
	}
	if list.kind != connectors.ClaimCancel {
		x.Key = "clm" + x.Key
	}
	switch f["ordCnStatCd"] {
	case "01":
		x.State = connectors.ClaimRequested
	case "02":
		x.State = connectors.ClaimDone
	case "05":
		x.State = connectors.ClaimWithdrawn
	}
	if at != "" {
		t, err := time.ParseInLocation(time.DateTime, at, seoul)
		if err != nil {
			return &wrong{"createDt", at, order.RefusedType, "a time such as 2026-07-15 11:20:31 is expected"}
		}
		x.At = order.Instant{UTC: t.UTC(), Text: at}
	}
	r.out.Claims = append(r.out.Claims, x)
	return nil
}

// products reads one product of the search and its stock.
func (r *reader) products(body []byte) {
	for _, raw := range elements(body, "product") {
		p, w := fieldsOf(raw)
		if w != nil {
			r.record = "product"
			r.refuse(w)
			continue
		}
		for i, raw := range elements(body, "ProductStock") {
			r.record = fmt.Sprintf("ProductStock[%d]", i)
			if w := r.option(p, raw); w != nil {
				r.refuse(w)
			}
		}
	}
}

func (r *reader) option(p fields, raw []byte) *wrong {
	s, w := fieldsOf(raw)
	if w != nil {
		return w
	}
	if !allDigits(s["prdStckNo"]) || !allDigits(p["prdNo"]) {
		return &wrong{"prdStckNo", s["prdStckNo"], order.RefusedType, "the numbers of a product and its stock are expected"}
	}
	x := connectors.Product{
		Codes: order.Codes{ItemID: p["prdNo"], ItemCode: p["sellerPrdCd"], OptionID: s["prdStckNo"], OptionCode: s["sellerStockCd"]},
		Name:  p["prdNm"], Option: optionName(s["mixOptNm"], s["mixDtlOptNm"]), Price: -1, Stock: -1, OnSale: p["selStatCd"] == "103", Category: p["dispCtgrNo"],
	}
	price, w := p.won("selPrc")
	if w != nil {
		return w
	}
	more, w := s.won("addPrc")
	if w != nil {
		return w
	}
	if p["selPrc"] != "" {
		x.Price = price + more
	}
	stock, w := s.won("stckQty")
	if w != nil {
		return w
	}
	if s["stckQty"] != "" {
		x.Stock = stock
	}
	r.out.Products = append(r.out.Products, x)
	return nil
}

// optionName joins the titles of options and their values: 색상:파랑.
func optionName(titles, values string) string {
	if titles == "" || values == "" {
		return titles + values
	}
	return titles + ":" + values
}
