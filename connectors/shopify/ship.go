package shopify

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/mallbridge/mallbridge/connectors"
)

// A dock is where shipments of one call stand, with the orders as the mall has them.
type dock struct {
	*Driver
	s      []connectors.Shipment
	orders map[string]*orderNode
}

// Ship reports parcels, each by fulfillmentCreate for every location that it comes from.
// The orders are read before: a number that they show is [connectors.Already], and what a
// parcel carries is taken from what remains of its lines. A corrected number takes the
// place of the one before by fulfillmentTrackingInfoUpdate. fulfillmentCreate has no key
// by which the mall knows a call that comes twice, so that a call without an answer is
// not repeated but looked for.
func (d *Driver) Ship(ctx context.Context, s []connectors.Shipment) []connectors.Result {
	k := &dock{Driver: d, s: s}
	var names []string
	for i := range s {
		names = append(names, s[i].Order)
	}
	if err := k.look(ctx, names); err != nil {
		return connectors.Results(len(s), notWritten(err))
	}
	out := make([]connectors.Result, len(s))
	for i := range s {
		out[i] = k.ship(ctx, &s[i])
		again := slices.ContainsFunc(s[i+1:], func(x connectors.Shipment) bool { return x.Order == s[i].Order })
		if again && k.orders[s[i].Order] != nil {
			if err := k.look(ctx, []string{s[i].Order}); err != nil {
				delete(k.orders, s[i].Order)
				for j := i + 1; j < len(s); j++ {
					if s[j].Order == s[i].Order {
						out[j] = notWritten(err)
					}
				}
			}
		}
	}
	return out
}

// notWritten is the result where an error came before anything was written.
func notWritten(err error) connectors.Result {
	r := connectors.ResultOf(err)
	if r.Outcome == connectors.Unknown {
		r.Outcome = connectors.Retry
	}
	return r
}

func rejected(format string, args ...any) connectors.Result {
	return connectors.Result{Outcome: connectors.Rejected, Detail: fmt.Sprintf(format, args...)}
}

// look reads orders as they are now.
func (k *dock) look(ctx context.Context, names []string) error {
	if k.orders == nil {
		k.orders = map[string]*orderNode{}
	}
	for p, err := range k.Reread(ctx, names) {
		if err != nil {
			return err
		}
		var in struct {
			Orders []json.RawMessage `json:"orders"`
		}
		if err := json.Unmarshal(p.Body, &in); err != nil {
			return &connectors.Error{Class: connectors.Transient, Call: "orders", Err: err}
		}
		for _, raw := range in.Orders {
			o, w := nodeOf(raw)
			if w != nil {
				return &connectors.Error{Class: connectors.Transient, Call: "orders", Message: w.field + ": " + w.detail}
			}
			k.orders[o.Name] = o
		}
	}
	return nil
}

// A take is a number of pieces of a line of a fulfillment order.
type take struct {
	Line     string `json:"id"`
	Quantity int64  `json:"quantity"`
}

// A load is what a parcel takes from one location: of each fulfillment order, its lines.
type load struct {
	location string
	ids      []string
	lines    map[string][]take
	of       map[string]int64 // pieces by line of the order
}

func (k *dock) ship(ctx context.Context, s *connectors.Shipment) connectors.Result {
	company, known := k.Carrier(s.Carrier)
	o := k.orders[s.Order]
	switch {
	case !known:
		return rejected("Shopify has no name for the carrier %q", s.Carrier)
	case bare.Replace(s.Tracking) == "":
		return rejected("the tracking number is empty")
	case o == nil:
		return rejected("Shopify does not know the order")
	case s.Package != packageKey && s.Package != "":
		return rejected("the order has no package %s", s.Package)
	}
	r := reader{Driver: k.Driver, node: o}
	var w *wrong
	if r.key, w = keysOf(o); w != nil {
		return connectors.Result{Outcome: connectors.Retry, Detail: w.field + ": " + w.detail}
	}
	wanted, bad := r.wanted(s)
	if bad != "" {
		return rejected("%s", bad)
	}
	loads, missing := r.loads(wanted)
	if r.shown(s, company, wanted) && (len(wanted) > 0 || len(loads) == 0) {
		return connectors.Result{Outcome: connectors.Already, Detail: "the mall shows the number"}
	}
	if o.Cancelled != "" {
		return rejected("the order was cancelled at %s", o.Cancelled)
	}
	if s.Correct {
		if f := r.before(s); f != nil {
			return k.correct(ctx, s, company, f)
		}
	}
	if missing != "" {
		return rejected("%s", missing)
	}
	var last connectors.Result
	for _, l := range loads {
		if last = k.create(ctx, s, company, l); !last.Outcome.OK() {
			return last
		}
	}
	return last
}

// wanted are the pieces that a parcel carries, by the line's id; nil for all of the
// package. 0 pieces are all that remain of a line.
func (r *reader) wanted(s *connectors.Shipment) (map[string]int64, string) {
	if len(s.Lines) == 0 {
		return nil, ""
	}
	out := map[string]int64{}
	for _, l := range s.Lines {
		found := false
		for id, key := range r.key {
			if key == l.Line {
				out[id] += l.Quantity
				found = true
			}
		}
		if !found {
			return nil, fmt.Sprintf("the order has no line %s", l.Line)
		}
	}
	return out, ""
}

// loads takes what a parcel carries from the fulfillment orders that can be fulfilled,
// location by location. missing says why it cannot.
func (r *reader) loads(wanted map[string]int64) (out []load, missing string) {
	left := map[string]int64{}
	for id, n := range wanted {
		left[id] = n
	}
	taken := map[string]int64{}
	for i := range r.node.ToShip.Nodes {
		f := &r.node.ToShip.Nodes[i]
		if r.settings.of(f) != ready {
			continue
		}
		for _, l := range f.Lines.Nodes {
			n := l.Remaining
			if want, ok := wanted[l.Line.ID]; wanted != nil && !ok {
				continue
			} else if want > 0 {
				n = min(n, left[l.Line.ID])
			}
			if n < 1 {
				continue
			}
			left[l.Line.ID] -= n
			taken[l.Line.ID] += n
			out = add(out, f, l.Line.ID, take{l.ID, n})
		}
	}
	for id, n := range wanted {
		if taken[id] == 0 || taken[id] < n {
			return nil, fmt.Sprintf("of the line %s the parcel carries %s, and %d remain to be shipped: %s", r.key[id], pieces(n), taken[id], r.why())
		}
	}
	if len(out) == 0 {
		return nil, "nothing remains to be shipped: " + r.why()
	}
	return out, ""
}

func pieces(n int64) string {
	if n == 0 {
		return "all pieces"
	}
	return fmt.Sprintf("%d pieces", n)
}

func add(out []load, f *fulfillmentOrder, line string, t take) []load {
	at := ""
	if f.Location.Location != nil {
		at = f.Location.Location.ID
	}
	i := slices.IndexFunc(out, func(l load) bool { return l.location == at })
	if i < 0 {
		i = len(out)
		out = append(out, load{location: at, lines: map[string][]take{}, of: map[string]int64{}})
	}
	if out[i].lines[f.ID] == nil {
		out[i].ids = append(out[i].ids, f.ID)
	}
	out[i].lines[f.ID] = append(out[i].lines[f.ID], t)
	out[i].of[line] += t.Quantity
	return out
}

// why says in what state what is not to be shipped is.
func (r *reader) why() string {
	var have []string
	for _, f := range r.node.Parcels {
		for _, t := range f.Tracking {
			if f.counts() {
				have = append(have, t.Number)
			}
		}
	}
	status, sub, _, _ := r.status()
	s := "the order's status is " + join(" ", status, sub)
	if len(have) > 0 {
		s += ", and the mall shows " + strings.Join(have, ", ")
	}
	return s
}

// shown reports whether the mall shows a parcel's number for everything in it.
func (r *reader) shown(s *connectors.Shipment, company string, wanted map[string]int64) bool {
	some := false
	open := map[string]bool{}
	for id := range wanted {
		open[id] = true
	}
	for _, f := range r.node.Parcels {
		has := slices.ContainsFunc(f.Tracking, func(t struct {
			Company string `json:"company"`
			Number  string `json:"number"`
		},
		) bool {
			return bare.Replace(t.Number) == bare.Replace(s.Tracking) && (t.Company == company || described().CarrierOf(t.Company) == s.Carrier)
		})
		if !f.counts() || !has {
			continue
		}
		some = true
		for _, l := range f.Lines.Nodes {
			delete(open, l.Line.ID)
		}
	}
	return some && len(open) == 0
}

// before is the parcel whose number is to be corrected.
func (r *reader) before(s *connectors.Shipment) *fulfillment {
	for i := range slices.Backward(r.node.Parcels) {
		f := &r.node.Parcels[i]
		if !f.counts() {
			continue
		}
		if s.Was == "" {
			return f
		}
		for _, t := range f.Tracking {
			if bare.Replace(t.Number) == bare.Replace(s.Was) {
				return f
			}
		}
	}
	return nil
}

// correct puts a number in the place of another; the numbers beside it stay.
func (k *dock) correct(ctx context.Context, s *connectors.Shipment, company string, f *fulfillment) connectors.Result {
	numbers := []string{}
	placed := false
	for _, t := range f.Tracking {
		n := t.Number
		if !placed && (s.Was == "" || bare.Replace(n) == bare.Replace(s.Was)) {
			n, placed = s.Tracking, true
		}
		numbers = append(numbers, n)
	}
	if !placed {
		numbers = append(numbers, s.Tracking)
	}
	var out struct {
		Done struct {
			Errors []userError `json:"userErrors"`
		} `json:"fulfillmentTrackingInfoUpdate"`
	}
	// The same numbers again change nothing.
	err := k.mutate(ctx, "fulfillmentTrackingInfoUpdate", correctMutation, map[string]any{
		"id": f.ID, "tracking": map[string]any{"company": company, "numbers": numbers}, "notify": k.settings.notify,
	}, true, &out)
	switch {
	case err != nil:
		return connectors.ResultOf(err)
	case len(out.Done.Errors) > 0:
		return rejected("%s", messages(out.Done.Errors))
	}
	return connectors.Result{Outcome: connectors.Done}
}

func messages(list []userError) string {
	var out []string
	for _, e := range list {
		out = append(out, e.Message)
	}
	return strings.Join(out, "; ")
}

// create reports what a parcel carries from one location, once, and finds out what came
// of it where the answer does not tell.
func (k *dock) create(ctx context.Context, s *connectors.Shipment, company string, l load) connectors.Result {
	var groups []map[string]any
	for _, id := range l.ids {
		groups = append(groups, map[string]any{"fulfillmentOrderId": id, "fulfillmentOrderLineItems": l.lines[id]})
	}
	var out struct {
		Done struct {
			Fulfillment *ref        `json:"fulfillment"`
			Errors      []userError `json:"userErrors"`
		} `json:"fulfillmentCreate"`
	}
	err := k.mutate(ctx, "fulfillmentCreate", shipMutation, map[string]any{"fulfillment": map[string]any{
		"lineItemsByFulfillmentOrder": groups, "trackingInfo": map[string]any{"company": company, "number": s.Tracking}, "notifyCustomer": k.settings.notify,
	}}, false, &out)
	r := connectors.Result{Outcome: connectors.Done}
	switch {
	case err != nil:
		if r = connectors.ResultOf(err); r.Outcome != connectors.Unknown {
			return r
		}
	case len(out.Done.Errors) > 0:
		r = rejected("%s", messages(out.Done.Errors))
	case out.Done.Fulfillment == nil:
		r = connectors.Result{Detail: "Shopify answered without a fulfillment"}
	default:
		return r
	}
	// Perhaps it is there all the same: of this call, or of an earlier one that was lost.
	if k.look(ctx, []string{s.Order}) != nil {
		if r.Outcome == connectors.Rejected {
			r.Outcome = connectors.Retry
		}
		return r
	}
	x := reader{Driver: k.Driver, node: k.orders[s.Order]}
	if x.node == nil {
		return r
	}
	x.key, _ = keysOf(x.node)
	if !x.shown(s, company, l.of) {
		return r
	}
	if r.Outcome == connectors.Rejected {
		return connectors.Result{Outcome: connectors.Already, Detail: "the mall shows the number"}
	}
	return connectors.Result{Outcome: connectors.Done, Detail: "no answer came; the mall shows the number"}
}
