package smartstore

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/mallbridge/mallbridge/connectors"
)

// A dispatch is one product order of a request.
type dispatch struct {
	ID       string `json:"productOrderId"`
	Method   string `json:"deliveryMethod"`
	Courier  string `json:"deliveryCompanyCode"`
	Tracking string `json:"trackingNumber"`
	At       string `json:"dispatchDate"`
}

// A dock is where shipments of one call stand.
type dock struct {
	*Driver
	s       []connectors.Shipment
	results []connectors.Result
	lines   map[string][]*line  // by order, as the mall has them
	ids     [][]string          // what each shipment sends
	send    map[string]dispatch // by product order
}

// Ship reports tracking numbers, 30 product orders at a call. A product order has one
// number; orders are looked up before, for what has one already, and again where the
// answer is not plain.
func (d *Driver) Ship(ctx context.Context, s []connectors.Shipment) []connectors.Result {
	k := &dock{Driver: d, s: s, results: make([]connectors.Result, len(s)), ids: make([][]string, len(s)), send: map[string]dispatch{}}
	var numbers []string
	for i := range s {
		if k.results[i] = k.check(&s[i]); k.results[i].Outcome == connectors.Unknown {
			numbers = append(numbers, s[i].Order)
		}
	}
	if len(numbers) == 0 {
		return k.results
	}
	var err error
	if k.lines, err = d.present(ctx, numbers); err != nil {
		for i := range s {
			if k.results[i].Outcome == connectors.Unknown {
				k.results[i] = notWritten(err)
			}
		}
		return k.results
	}
	var ids []string
	for i := range s {
		if k.results[i].Outcome == connectors.Unknown {
			k.load(i)
			ids = append(ids, k.ids[i]...)
		}
	}
	said := d.write(ctx, "dispatch", connectors.Distinct(ids), func(part []string) any {
		rows := make([]dispatch, len(part))
		for i, id := range part {
			rows[i] = k.send[id]
		}
		return struct {
			Rows []dispatch `json:"dispatchProductOrders"`
		}{rows}
	})
	k.settle(ctx, said)
	return k.results
}

// check refuses what no call could carry. What passes is not known yet.
func (k *dock) check(s *connectors.Shipment) connectors.Result {
	switch _, known := k.Carrier(s.Carrier); {
	case !known:
		return rejected("104119", fmt.Sprintf("Naver has no courier for %q", s.Carrier))
	case trackingOf(s.Tracking) == "":
		return rejected("104120", "the tracking number is empty")
	case !allDigits(s.Order):
		return rejected(codeNoOrder, fmt.Sprintf("order %q: a number is expected", s.Order))
	}
	return connectors.Result{}
}

// parts are the lines of an order that a shipment carries, some of them or whole.
func (k *dock) parts(s *connectors.Shipment) []*line {
	var out []*line
	for _, l := range k.lines[s.Order] {
		carried := slices.ContainsFunc(s.Lines, func(x connectors.ShippedLine) bool { return x.Line == string(l.Product.ID) })
		if carried || len(s.Lines) == 0 && l.Product.bundle() == s.Package {
			out = append(out, l)
		}
	}
	return out
}

// load sorts what a shipment carries: what has the number already, what has another,
// and what is to be sent.
func (k *dock) load(i int) {
	s := &k.s[i]
	number := trackingOf(s.Tracking)
	parts := k.parts(s)
	shown, gone := 0, ""
	for _, l := range parts {
		id := string(l.Product.ID)
		switch {
		case l.Product.sent():
			if have := trackingOf(string(l.Delivery.Number)); have != number {
				k.results[i] = taken(s, id, have)
				return
			}
			shown++
		case over(l.state):
			gone = l.state
		case l.state == stateConfirmed, l.state == stateNew:
			if other, twice := k.send[id]; twice && other.Tracking != number {
				k.results[i] = taken(s, id, other.Tracking)
				return
			}
		default:
			k.results[i] = rejected(codeUnplaced, fmt.Sprintf("product order %s is %s: answer the claim first", id, l.state))
			return
		}
	}
	for _, x := range s.Lines {
		if !slices.ContainsFunc(parts, func(l *line) bool { return string(l.Product.ID) == x.Line }) {
			k.results[i] = rejected(codeNoLine, "the order has no product order "+x.Line+" any more")
			return
		}
	}
	courier, _ := k.Carrier(s.Carrier)
	for _, l := range parts {
		id := string(l.Product.ID)
		if l.state != stateConfirmed && l.state != stateNew {
			continue
		}
		if _, twice := k.send[id]; !twice {
			k.ids[i] = append(k.ids[i], id)
			k.send[id] = dispatch{id, k.method, courier, number, k.kst(s)}
		}
	}
	switch {
	case len(k.ids[i]) > 0:
	case shown > 0:
		k.results[i] = connectors.Result{Outcome: connectors.Already, Detail: "the mall shows the number"}
	case len(parts) == 0 && len(k.lines[s.Order]) == 0:
		k.results[i] = rejected(codeNoOrder, "Naver does not know the order")
	case len(parts) == 0:
		k.results[i] = rejected(codeNoLine, "nothing of the order is in package "+s.Package)
	case gone != "":
		k.results[i] = rejected(codeUnplaced, "what the parcel carries is "+gone)
	default: // another shipment of this call sends the same product orders
		k.ids[i] = ids(parts)
	}
}

func ids(lines []*line) []string {
	out := make([]string, len(lines))
	for i, l := range lines {
		out[i] = string(l.Product.ID)
	}
	return out
}

func taken(s *connectors.Shipment, id, number string) connectors.Result {
	r := rejected(codeAlready, fmt.Sprintf("product order %s has the number %s; it takes one", id, number))
	if s.Correct {
		r.Detail = fmt.Sprintf("product order %s has the number %s; the API has no call that corrects one: do it in the Smart Store centre", id, number)
	}
	return r
}

// settle gives each shipment what the mall said of its product orders. Where that is
// not plain, the orders tell.
func (k *dock) settle(ctx context.Context, said map[string]connectors.Result) {
	var doubt []string
	for i := range k.s {
		if len(k.ids[i]) == 0 {
			continue
		}
		k.results[i] = worst(said, k.ids[i])
		if doubtful(k.results[i]) {
			doubt = append(doubt, k.s[i].Order)
		}
	}
	if len(doubt) == 0 {
		return
	}
	lines, err := k.present(ctx, doubt)
	if err == nil {
		k.lines = lines
	}
	for i := range k.s {
		switch r := &k.results[i]; {
		case len(k.ids[i]) == 0, !doubtful(*r):
		case err != nil:
			r.Outcome = connectors.Unknown
		default:
			*r = k.found(i, *r)
		}
	}
}

// found is what the mall shows of a shipment whose answer was not plain.
func (k *dock) found(i int, r connectors.Result) connectors.Result {
	s := &k.s[i]
	shown := 0
	parts := k.parts(s)
	for _, l := range parts {
		switch have := trackingOf(string(l.Delivery.Number)); {
		case l.Product.sent() && have == trackingOf(s.Tracking):
			shown++
		case l.Product.sent():
			return taken(s, string(l.Product.ID), have)
		case over(l.state):
			shown++ // not to be shown any more
		}
	}
	switch {
	case shown == len(parts) && shown > 0 && r.Outcome == connectors.Unknown:
		return connectors.Result{Outcome: connectors.Done, Detail: "no plain answer came; the mall shows the number"}
	case shown == len(parts) && shown > 0:
		return connectors.Result{Outcome: connectors.Already, Code: r.Code, Detail: r.Detail}
	case r.Outcome == connectors.Unknown:
		r.Detail = strings.TrimPrefix(r.Detail+"; the mall does not show the number yet", "; ")
	}
	return r
}
