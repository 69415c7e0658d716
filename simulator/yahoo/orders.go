package yahoo

import (
	"cmp"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The forms of times.
const (
	stamp = "20060102150405"
	wire  = "2006-01-02T15:04:05-07:00"
)

// An ord is one order. fields holds the keys of orderInfo but those of items; what is
// not there is empty.
type ord struct {
	id        string
	at        time.Time // OrderTime
	published time.Time
	changed   time.Time
	shipped   time.Time
	history   int
	fields    map[string]string
	items     []map[string]string
	captured  bool
	hidden    bool // Vanish: orderInfo does not know it
}

// settle does what time does.
func (o *ord) settle(now time.Time) {
	if o.fields["ShipStatus"] == "3" && !o.shipped.IsZero() && now.Sub(o.shipped) >= arrival {
		o.fields["ShipStatus"] = "4"
		o.touch(o.shipped.Add(arrival))
	}
	o.fields["IsReadOnly"] = "0"
	if now.Sub(o.at) < buyersTime {
		o.fields["IsReadOnly"] = "1"
	}
}

func (o *ord) touch(at time.Time) {
	o.changed = at
	o.history++
}

func (o *ord) get(name string) string {
	switch name {
	case "OrderId":
		return o.id
	case "OrderTime":
		return o.at.In(Tokyo).Format(wire)
	case "PublicationTime":
		if o.published.IsZero() {
			return ""
		}
		return o.published.In(Tokyo).Format(wire)
	case "LastUpdateTime":
		return o.changed.In(Tokyo).Format(wire)
	case "HistoryId":
		return strconv.Itoa(o.history)
	}
	return o.fields[name]
}

// item gives a key of the first line, as lists do.
func (o *ord) item(name string) string {
	if len(o.items) == 0 {
		return ""
	}
	return o.items[0][name]
}

// A search is what orderList was asked.
type search struct {
	from, to       time.Time
	pubFrom, pubTo time.Time
	results, start int
	descending     bool
	fields         []string
	is             map[string]string
}

var searchKeys = func() []string {
	known := []string{"Search/Result", "Search/Start", "Search/Sort", "Search/Field", "SellerId"}
	for _, c := range conditions {
		known = append(known, "Search/Condition/"+c)
	}
	return known
}()

func orderList(x *call) answer {
	q, bad := x.search()
	if bad != nil {
		return *bad
	}
	var found []*ord
	for _, o := range x.s.orders {
		o.settle(x.now)
		if q.wants(o) {
			found = append(found, o)
		}
	}
	if q.descending {
		slices.Reverse(found)
	}
	total := len(found)
	from := min(q.start-1, total)
	if x.m.faults.Repeat && q.start > 1 && from > 0 {
		from--
	}
	page := found[from:min(from+q.results, total)]
	if x.m.faults.Total {
		total++
	}
	var b strings.Builder
	fmt.Fprintf(&b, "<Result><Status>OK</Status><Search><TotalCount>%d</TotalCount>", total)
	if len(page) == 0 && total > 0 {
		b.WriteString("<OrderInfo/>")
	}
	for i, o := range page {
		fmt.Fprintf(&b, "<OrderInfo><Index>%d</Index>", from+i+1)
		var items []string
		for _, f := range q.fields {
			if strings.HasPrefix(f, "Item") {
				items = append(items, f)
				continue
			}
			cell(&b, f, o.get(f))
		}
		if len(items) > 0 {
			b.WriteString("<Item>")
			for _, f := range items {
				cell(&b, f, o.item(f))
			}
			b.WriteString("</Item>")
		}
		b.WriteString("</OrderInfo>")
	}
	b.WriteString("</Search></Result>")
	if x.m.faults.Vanish && len(page) > 0 && !slices.ContainsFunc(x.s.orders, func(o *ord) bool { return o.hidden }) {
		gone := *page[0]
		gone.id, gone.hidden = gone.id+"9", true
		x.s.orders = append(x.s.orders, &gone)
		return orderList(x)
	}
	return document(b.String())
}

func (x *call) search() (*search, *answer) {
	no := func(format string, args ...any) (*search, *answer) {
		a := document("<Result><Status>NG</Status><Error><Code>od90001</Code><Message>" + escape(fmt.Sprintf(format, args...)) + "</Message></Error></Result>")
		return nil, &a
	}
	e, err := parse(x.body)
	if err != nil {
		return no("%v", err)
	}
	f, err := e.leaves(searchKeys)
	if err != nil {
		return no("%v", err)
	}
	if f["SellerId"] != x.s.ID {
		return no("SellerId %q", f["SellerId"])
	}
	q := &search{results: 10, start: 1, is: map[string]string{}}
	if q.results, err = strconv.Atoi(cmp.Or(f["Search/Result"], "10")); err != nil || q.results < 1 || q.results > 2000 {
		return no("Result %q: 1 to 2000", f["Search/Result"])
	}
	if q.start, err = strconv.Atoi(cmp.Or(f["Search/Start"], "1")); err != nil || q.start < 1 {
		return no("Start %q", f["Search/Start"])
	}
	switch sort := cmp.Or(f["Search/Sort"], "+order_time"); sort {
	case "+order_time":
	case "-order_time":
		q.descending = true
	default:
		return no("Sort %q", sort)
	}
	q.fields = strings.Split(f["Search/Field"], ",")
	for _, name := range q.fields {
		if !slices.Contains(listFields, name) {
			return no("Field %q", name)
		}
	}
	timed := f["Search/Condition/OrderId"] != ""
	for _, t := range []struct {
		name string
		to   *time.Time
	}{{"OrderTimeFrom", &q.from}, {"OrderTimeTo", &q.to}, {"PublicationTimeFrom", &q.pubFrom}, {"PublicationTimeTo", &q.pubTo}} {
		v, ok := f["Search/Condition/"+t.name]
		if !ok {
			continue
		}
		at, err := time.ParseInLocation(stamp, v, Tokyo)
		if err != nil {
			return no("%s %q", t.name, v)
		}
		*t.to, timed = at, true
	}
	if v := f["Search/Condition/OrderTime"]; v != "" {
		at, err := time.ParseInLocation(stamp, v, Tokyo)
		if err != nil {
			return no("OrderTime %q", v)
		}
		q.from, q.to, timed = at, at, true
	}
	if !timed {
		return no("a time or OrderId is needed")
	}
	for name, shape := range map[string]string{
		"OrderStatus": `[1-5](,[1-5])*`, "ShipStatus": `[0-4](,[0-4])*`, "PayStatus": `[01]`, "IsSeen": `true|false`, "ReadOnlyMode": `[012]`,
		"FraudHoldDisplayType": `[01]`, "IsYahooAuctionOrder": `true|false`, "OrderId": `[0-9A-Za-z-]{1,50}`, "ItemYahooAucId": `.+`, "ItemYahooAucMerchantId": `.+`,
	} {
		v, ok := f["Search/Condition/"+name]
		if !ok {
			continue
		}
		if !regexp.MustCompile(`^(?:` + shape + `)$`).MatchString(v) {
			return no("%s %q", name, v)
		}
		q.is[name] = v
	}
	return q, nil
}

// wants reports whether an order is among what was asked for. Both ends of a time
// are inside.
func (q *search) wants(o *ord) bool {
	for _, t := range []struct{ from, to, at time.Time }{{q.from, q.to, o.at}, {q.pubFrom, q.pubTo, o.published}} {
		if !t.from.IsZero() && t.at.Before(t.from) || !t.to.IsZero() && !t.at.Before(t.to.Add(time.Second)) {
			return false
		}
	}
	for _, name := range []string{"OrderStatus", "ShipStatus", "PayStatus", "IsSeen"} {
		if v := q.is[name]; v != "" && !slices.Contains(strings.Split(v, ","), o.fields[name]) {
			return false
		}
	}
	if v := q.is["OrderId"]; v != "" && v != o.id {
		return false
	}
	if v := q.is["IsYahooAuctionOrder"]; v != "" && (v == "true") != (o.fields["IsYahooAuctionOrder"] == "true") {
		return false
	}
	for _, name := range []string{"ItemYahooAucId", "ItemYahooAucMerchantId"} {
		if v := q.is[name]; v != "" && !slices.ContainsFunc(o.items, func(i map[string]string) bool { return i[name] == v }) {
			return false
		}
	}
	if mode := cmp.Or(q.is["ReadOnlyMode"], "0"); mode != "2" && mode != o.fields["IsReadOnly"] {
		return false
	}
	return q.is["FraudHoldDisplayType"] == "1" || o.fields["FraudHoldStatus"] != "1" && o.fields["FraudHoldStatus"] != "3"
}

func orderInfo(x *call) answer {
	e, err := parse(x.body)
	if err != nil {
		return malformed("%v", err)
	}
	f, err := e.leaves([]string{"Target/OrderId", "Target/Field", "SellerId"})
	if err != nil {
		return malformed("%v", err)
	}
	if f["SellerId"] != x.s.ID || f["Target/OrderId"] == "" || len(f["Target/Field"]) > 10_000 {
		return malformed("SellerId, Target/OrderId or Target/Field")
	}
	ask := map[string]bool{}
	for _, name := range strings.Split(f["Target/Field"], ",") {
		if !infoFields[name] {
			return malformed("Field %q", name)
		}
		ask[name] = true
	}
	o := x.s.byID[f["Target/OrderId"]]
	if o == nil {
		return document(`<ResultSet totalResultsAvailable="0" totalResultsReturned="0" firstResultPosition="0"/>`)
	}
	o.settle(x.now)
	var b strings.Builder
	b.WriteString(`<ResultSet totalResultsAvailable="1" totalResultsReturned="1" firstResultPosition="1"><Result><Status>OK</Status><OrderInfo>`)
	for _, g := range infoGroups {
		var of []string
		for _, name := range g.fields {
			if ask[name] {
				of = append(of, name)
			}
		}
		switch {
		case len(of) == 0:
		case g.name == "Item":
			for _, item := range o.items {
				writeItem(&b, of, item)
			}
		default:
			if g.name != "" {
				b.WriteString("<" + g.name + ">")
			}
			for _, name := range of {
				cell(&b, name, o.get(name))
			}
			if g.name != "" {
				b.WriteString("</" + g.name + ">")
			}
		}
	}
	b.WriteString("</OrderInfo></Result></ResultSet>")
	return document(b.String())
}

// writeItem writes a line. ItemOption and Inscription are lists of names and values.
func writeItem(b *strings.Builder, of []string, item map[string]string) {
	b.WriteString("<Item>")
	for _, name := range of {
		if name != "ItemOption" && name != "Inscription" {
			cell(b, name, item[name])
			continue
		}
		if item[name] == "" {
			b.WriteString("<" + name + "></" + name + ">")
			continue
		}
		for i, pair := range strings.Split(item[name], ";") {
			k, v, _ := strings.Cut(pair, ":")
			fmt.Fprintf(b, "<%s><Index>%d</Index>", name, i+1)
			cell(b, "Name", k)
			cell(b, "Value", v)
			if name == "ItemOption" {
				b.WriteString("<Price>0</Price>")
			}
			b.WriteString("</" + name + ">")
		}
	}
	b.WriteString("</Item>")
}

var shipKeys = []string{
	"Target/OrderId", "Target/IsPointFix", "Target/OperationUser", "Order/Ship/ShipStatus", "Order/Ship/ShipMethod", "Order/Ship/ShipNotes",
	"Order/Ship/ShipCompanyCode", "Order/Ship/ShipInvoiceNumber1", "Order/Ship/ShipInvoiceNumber2", "Order/Ship/ShipInvoiceNumberEmptyReason",
	"Order/Ship/ShipUrl", "Order/Ship/ShipDate", "Order/Ship/ArrivalDate", "SellerId",
}

var companies = regexp.MustCompile(`^(10[0-2][0-9]|5000|5001)$`)

// wrongNumber says what is wrong with a tracking number; "" if nothing is.
func wrongNumber(company, number string) string {
	digits := strings.ReplaceAll(number, "-", "")
	switch {
	case number == "":
		return ""
	case len(number) > 30 || strings.Trim(number, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-") != "":
		return "letters, digits and -, at most 30"
	case company == "1001" && (len(number) > 14 || strings.Trim(digits, "0123456789") != ""):
		return "digits and -, at most 14"
	case company == "1003" && (len(digits) < 11 || len(digits) > 13):
		return "11 to 13 characters"
	}
	return ""
}

func orderShipStatusChange(x *call) answer {
	e, err := parse(x.body)
	if err != nil {
		return malformed("%v", err)
	}
	f, err := e.leaves(shipKeys)
	if err != nil {
		return malformed("%v", err)
	}
	ship := func(name string) string { return f["Order/Ship/"+name] }
	company := ship("ShipCompanyCode")
	o := x.s.byID[f["Target/OrderId"]]
	if o != nil {
		o.settle(x.now)
	}
	for _, day := range []string{"ShipDate", "ArrivalDate"} {
		if v := ship(day); v != "" {
			if _, err := time.Parse("20060102", v); err != nil {
				return malformed("%s %q", day, v)
			}
		}
	}
	switch {
	case f["SellerId"] != x.s.ID:
		return malformed("SellerId")
	case o == nil:
		return refused(http.StatusBadRequest, "od90002", "no such order")
	case f["Target/IsPointFix"] != "true":
		return malformed("IsPointFix must be true")
	case !slices.Contains([]string{"0", "1", "2", "3", "4"}, ship("ShipStatus")):
		return malformed("ShipStatus %q", ship("ShipStatus"))
	case company != "" && !companies.MatchString(company):
		return malformed("ShipCompanyCode %q", company)
	case wrongNumber(company, ship("ShipInvoiceNumber1")) != "" || wrongNumber(company, ship("ShipInvoiceNumber2")) != "":
		return malformed("ShipInvoiceNumber: %s", cmp.Or(wrongNumber(company, ship("ShipInvoiceNumber1")), wrongNumber(company, ship("ShipInvoiceNumber2"))))
	case ship("ShipInvoiceNumberEmptyReason") != "" && !slices.Contains([]string{"101", "102", "103", "104", "105"}, ship("ShipInvoiceNumberEmptyReason")):
		return malformed("ShipInvoiceNumberEmptyReason %q", ship("ShipInvoiceNumberEmptyReason"))
	case o.fields["IsReadOnly"] == "1":
		return refused(http.StatusBadRequest, "od90003", "the buyer can still cancel the order")
	case o.fields["OrderStatus"] != "2" && o.fields["OrderStatus"] != "5":
		return refused(http.StatusBadRequest, "od90004", "OrderStatus is "+o.fields["OrderStatus"])
	}
	warning := ""
	same := o.fields["ShipStatus"] == ship("ShipStatus")
	for name, v := range f {
		key, ok := strings.CutPrefix(name, "Order/Ship/")
		if !ok {
			continue
		}
		if key == "ShipDate" || key == "ArrivalDate" {
			v = v[:4] + "-" + v[4:6] + "-" + v[6:]
		}
		same = same && o.fields[key] == v
		o.fields[key] = v
	}
	switch {
	case same:
		warning = "od91705"
	case ship("ShipStatus") == "3" && o.fields["PayMethod"] == "payment_a1":
		if o.captured {
			warning = "od91113"
		}
		o.captured = true
	}
	if o.shipped.IsZero() && ship("ShipStatus") == "3" {
		o.shipped = x.now
	}
	o.fields["IsSeen"], o.fields["IsGetPointFixAll"] = "true", "true"
	o.touch(x.now)
	if warning != "" {
		warning = "<Warning><Code>" + warning + "</Code><Message></Message><Detail></Detail></Warning>"
	}
	return document(`<ResultSet totalResultsAvailable="1" totalResultsReturned="1" ok="1" ng="0"><Result><Status>OK</Status>` + warning + `</Result></ResultSet>`)
}
