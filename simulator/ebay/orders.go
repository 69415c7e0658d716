package ebay

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mallbridge/mallbridge/simulator/orders"
)

const (
	ordersMost  = 200
	idsMost     = 50
	parcelsMost = 20
)

func bad(id int, message string, names ...string) answer {
	return failure(http.StatusBadRequest, id, orderDomain, request, message, names...)
}

// A span is a range of times with both ends inside.
type span struct{ from, to time.Time }

// A filter says which orders are wanted.
type filter struct {
	modified, created *span
	states            []string
}

var criterion = regexp.MustCompile(`^([a-zA-Z]+):([\[{])([^\]}]*)([\]}])(,|$)`)

func (c *call) filter(text string) (filter, answer, bool) {
	var f filter
	no := func(a answer) (filter, answer, bool) { return f, a, false }
	for text != "" {
		p := criterion.FindStringSubmatch(text)
		if p == nil {
			return no(bad(30800, "Invalid filter value for filter "+text))
		}
		if text = text[len(p[0]):]; p[5] == "," && text == "" {
			return no(bad(30800, "the filter ends with a comma"))
		}
		switch name, value := p[1], p[3]; {
		case (name == "lastmodifieddate" || name == "creationdate") && p[2]+p[4] == "[]":
			s, a, ok := c.span(value)
			if !ok {
				return no(a)
			}
			if name == "creationdate" {
				f.created = s
			} else {
				f.modified = s
			}
		case name == "orderfulfillmentstatus" && p[2]+p[4] == "{}":
			f.states = strings.Split(value, "|")
			if value != "NOT_STARTED|IN_PROGRESS" && value != "FULFILLED|IN_PROGRESS" {
				return no(bad(30800, "Invalid filter value "+value+" for filter "+name))
			}
		case name == "lastmodifieddate" || name == "creationdate" || name == "orderfulfillmentstatus":
			return no(bad(30800, "Invalid filter value "+value+" for filter "+name))
		default:
			return no(bad(30700, "Invalid filter name: "+name))
		}
	}
	return f, answer{}, true
}

func (c *call) span(text string) (*span, answer, bool) {
	no := func(id int, message string) (*span, answer, bool) { return nil, bad(id, message), false }
	from, to, two := strings.Cut(text, "..")
	if !two || from == "" {
		return no(30820, "Start date is missing")
	}
	s := &span{to: c.now}
	var err error
	if s.from, err = time.Parse(stamp, from); err != nil {
		return no(30810, "Invalid date format")
	}
	if to != "" {
		if s.to, err = time.Parse(stamp, to); err != nil {
			return no(30810, "Invalid date format")
		}
	}
	switch {
	case s.from.After(c.now) || s.to.After(c.now):
		return no(30850, "Start and end dates can't be in the future")
	case s.from.After(s.to):
		return no(30840, "Start date should be before end date")
	case s.from.Before(c.now.AddDate(-2, 0, 0)):
		return no(30830, "Time range between start date and end date must be within '2' years.")
	}
	return s, answer{}, true
}

func (s *span) has(t time.Time) bool { return s == nil || !t.Before(s.from) && !t.After(s.to) }

func (c *call) number(name string, or, least, most, id int) (int, answer, bool) {
	v := c.query.Get(name)
	if v == "" {
		return or, answer{}, true
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < least || n > most {
		return 0, bad(id, "Invalid "+name+": "+v), false
	}
	return n, answer{}, true
}

func getOrders(c *call) answer {
	if g := c.query.Get("fieldGroups"); g != "" && g != "TAX_BREAKDOWN" {
		return bad(32800, "Invalid field group: "+g)
	}
	if ids := c.query.Get("orderIds"); ids != "" {
		return c.byIDs(strings.Split(ids, ","))
	}
	limit, a, ok1 := c.number("limit", 50, 1, ordersMost, 31100)
	if !ok1 {
		return a
	}
	offset, a, ok1 := c.number("offset", 0, 0, 1<<30, 31000)
	if !ok1 {
		return a
	}
	if offset%limit != 0 {
		return bad(31000, "offset must be a multiple of limit")
	}
	f, a, ok1 := c.filter(c.query.Get("filter"))
	if !ok1 {
		return a
	}
	if f.modified == nil && f.created == nil {
		f.created = &span{c.now.AddDate(0, 0, -90), c.now}
	}
	if f.created != nil {
		f.modified = nil
	}
	var found []*sale
	for _, x := range c.shop.sales {
		if f.modified.has(x.modified) && f.created.has(x.o.Ordered.UTC()) && (f.states == nil || slices.Contains(f.states, x.state())) {
			found = append(found, x)
		}
	}
	return ok(c.list(found, limit, offset))
}

func (c *call) list(found []*sale, limit, offset int) doc {
	total := len(found)
	if c.m.faults.Total {
		total++
	}
	first, last := min(offset, len(found)), min(offset+limit, len(found))
	if c.m.faults.Repeat && first > 0 {
		first--
	}
	list := []doc{}
	for _, x := range found[first:last] {
		list = append(list, x.doc(false))
	}
	at := func(offset int) string {
		q := c.query
		q.Set("limit", strconv.Itoa(limit))
		q.Set("offset", strconv.Itoa(offset))
		return api + fulfillment + "/order?" + q.Encode()
	}
	d := doc{"href": at(offset), "total": total, "limit": limit, "offset": offset, "orders": list}
	if last < len(found) {
		d["next"] = at(offset + limit)
	}
	if offset > 0 {
		d["prev"] = at(max(0, offset-limit))
	}
	return d
}

var orderID = regexp.MustCompile(`^[0-9A-Za-z!-]{3,40}$`)

func (c *call) byIDs(ids []string) answer {
	if len(ids) > idsMost {
		return bad(30900, "more than 50 order ids")
	}
	var found []*sale
	for _, id := range ids {
		x := c.shop.byID[id]
		if !orderID.MatchString(id) || x == nil && c.m.opt.OneSpoils {
			return bad(32100, "Invalid order ID: "+id)
		}
		if x != nil {
			found = append(found, x)
		}
	}
	d := c.list(found, idsMost, 0)
	d["total"] = len(found)
	return ok(d)
}

// sale finds the order of the path.
func (c *call) sale() (*sale, answer, bool) {
	id := c.path["orderId"]
	if !orderID.MatchString(id) {
		return nil, bad(32100, "Invalid order ID: "+id), false
	}
	x := c.shop.byID[id]
	if x == nil {
		return nil, failure(http.StatusNotFound, 32100, orderDomain, request, "Invalid order ID: "+id), false
	}
	return x, answer{}, true
}

func getOrder(c *call) answer {
	if g := c.query.Get("fieldGroups"); g != "" && g != "TAX_BREAKDOWN" {
		return bad(32800, "Invalid field group: "+g)
	}
	x, a, found := c.sale()
	if !found {
		return a
	}
	return ok(x.doc(true))
}

func getFulfillments(c *call) answer {
	x, a, found := c.sale()
	if !found {
		return a
	}
	list := []doc{}
	for _, p := range x.parcels {
		list = append(list, p.doc(x.lines()))
	}
	return ok(doc{"fulfillments": list, "total": len(list), "warnings": []doc{}})
}

func getFulfillment(c *call) answer {
	x, a, found := c.sale()
	if !found {
		return a
	}
	for _, p := range x.parcels {
		if p.id == c.path["fulfillmentId"] {
			return ok(p.doc(x.lines()))
		}
	}
	return failure(http.StatusNotFound, 32100, orderDomain, request, "Invalid fulfillment ID")
}

var trackingNumber = regexp.MustCompile(`^[0-9A-Za-z]{1,50}$`)

func createFulfillment(c *call) answer {
	x, a, found := c.sale()
	if !found {
		return a
	}
	var in struct {
		Lines []struct {
			ID       string `json:"lineItemId"`
			Quantity *int64 `json:"quantity"`
		} `json:"lineItems"`
		Shipped  *string `json:"shippedDate"`
		Carrier  string  `json:"shippingCarrierCode"`
		Tracking string  `json:"trackingNumber"`
	}
	if err := c.read(&in); err != nil || len(in.Lines) == 0 {
		return bad(32600, "Invalid input data")
	}
	if (in.Carrier == "") != (in.Tracking == "") || in.Tracking != "" && !trackingNumber.MatchString(in.Tracking) {
		return bad(32300, "Invalid shipment tracking number or carrier", "trackingNumber", in.Tracking)
	}
	p := &parcel{id: in.Tracking, tracking: in.Tracking, carrier: in.Carrier, at: c.now, lines: map[string]int64{}}
	for _, l := range in.Lines {
		i := slices.IndexFunc(x.lines(), func(y orders.Line) bool { return y.Key == l.ID })
		switch {
		case i < 0:
			return bad(32200, "Invalid line item id: "+l.ID)
		case p.lines[l.ID] > 0:
			return bad(32210, "Duplicate line item in the request")
		}
		left := x.lines()[i].Quantity - x.sent[l.ID]
		n := x.lines()[i].Quantity
		if l.Quantity != nil {
			n = *l.Quantity
		}
		if n < 1 || n > left && x.find(in.Tracking) == nil {
			return bad(32600, "Invalid input data", "quantity", fmt.Sprint(n))
		}
		p.lines[l.ID] = n
	}
	if in.Shipped != nil {
		at, err := time.Parse(stamp, *in.Shipped)
		if err != nil || at.After(c.now) || at.Before(x.o.Ordered.UTC().Truncate(time.Millisecond)) {
			return bad(32500, "Invalid shipped date")
		}
		p.at = at
	}
	switch {
	case x.find(in.Tracking) != nil:
		return failure(http.StatusConflict, 32600, orderDomain, request, "the fulfillment conflicts with one that exists")
	case x.cancel == canceled:
		return bad(32600, "Invalid input data", "orderId", x.o.Number)
	case len(x.parcels) >= parcelsMost:
		return bad(34100, "Maximum tracking number for order reached")
	}
	if p.id == "" {
		p.id = "999"
	}
	for id, n := range p.lines {
		x.sent[id] += n
	}
	x.parcels, x.modified = append(x.parcels, p), c.now
	return answer{status: http.StatusCreated, header: map[string]string{
		"Location": api + fulfillment + "/order/" + x.o.Number + "/shipping_fulfillment/" + p.id,
	}}
}

// find returns the fulfilment with that number; nil if there is none.
func (x *sale) find(number string) *parcel {
	for _, p := range x.parcels {
		if number != "" && p.tracking == number {
			return p
		}
	}
	return nil
}
