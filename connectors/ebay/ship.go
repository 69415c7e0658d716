package ebay

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/order"
)

// Ship reports parcels, one call each: eBay takes the lines and pieces of one parcel,
// and has no call that changes or removes a number. The order and its fulfilments are
// read before, so that a number which is there is not sent again.
func (d *Driver) Ship(ctx context.Context, s []connectors.Shipment) []connectors.Result {
	results := make([]connectors.Result, len(s))
	var open []int
	for i := range s {
		if r, bad := d.refuses(&s[i]); bad {
			results[i] = r
			continue
		}
		open = append(open, i)
	}
	for part := range slices.Chunk(open, idsMost) {
		var numbers []string
		for _, i := range part {
			numbers = append(numbers, s[i].Order)
		}
		orders, _, err := d.present(ctx, connectors.Distinct(numbers))
		for _, i := range part {
			if err != nil {
				results[i] = notWritten(err)
				continue
			}
			results[i] = d.ship(ctx, &s[i], orders[s[i].Order])
		}
	}
	return results
}

// refuses what no call could carry.
func (d *Driver) refuses(s *connectors.Shipment) (connectors.Result, bool) {
	number := plain(s.Tracking)
	switch _, known := d.Carrier(s.Carrier); {
	case !known:
		return rejected("", fmt.Sprintf("eBay has no carrier for %q; write its code, or Other, into masters/carrier-codes.csv", s.Carrier)), true
	case number == "":
		return rejected("32300", "the tracking number is empty"), true
	case strings.Trim(number, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") != "":
		return rejected("32300", fmt.Sprintf("%q: eBay takes letters and digits only", s.Tracking)), true
	}
	return connectors.Result{}, false
}

func (d *Driver) ship(ctx context.Context, s *connectors.Shipment, raw json.RawMessage) connectors.Result {
	if raw == nil {
		return rejected(errNotFound, "eBay does not give the order")
	}
	var o sale
	if w := decode(raw, &o); w != nil {
		return connectors.Result{Outcome: connectors.Retry, Detail: w.Error()}
	}
	there, err := d.parcels(ctx, s.Order)
	if err != nil {
		return notWritten(err)
	}
	if shows(there, s) {
		return connectors.Result{Outcome: connectors.Already, Detail: "eBay shows the number"}
	}
	if s.Correct && (s.Was == "" || slices.ContainsFunc(there, func(p parcel) bool { return sameNumber(string(p.Tracking), s.Was) })) {
		return rejected("", "eBay has no call that changes a tracking number: correct it in Seller Hub")
	}
	if st := o.status(); o.Cancel.State == cancelled || st == cancelling {
		return rejected(st, "the order is cancelled, or its buyer asks for it")
	}
	lines, r := load(&o, there, s)
	if lines == nil {
		return r
	}
	carrier, _ := d.Carrier(s.Carrier)
	_, err = d.post(ctx, "createShippingFulfillment", orderPath(s.Order)+"/shipping_fulfillment", fulfilment{
		Lines: lines, Shipped: d.shippedAt(s, &o).Format(stamp), Carrier: carrier, Tracking: plain(s.Tracking),
	}, false)
	if err == nil {
		return connectors.Result{Outcome: connectors.Done, Code: "201"}
	}
	r = connectors.ResultOf(err)
	if r.Outcome == connectors.Unknown || r.Outcome == connectors.Rejected {
		return d.ask(ctx, s, r)
	}
	return r
}

// parcels are the fulfilments that eBay has for an order.
func (d *Driver) parcels(ctx context.Context, number string) ([]parcel, error) {
	reply, err := d.get(ctx, "getShippingFulfillments", orderPath(number)+"/shipping_fulfillment")
	if err != nil {
		return nil, err
	}
	all, w := parcelsIn(reply.Body)
	if w != nil {
		return nil, &connectors.Error{Class: connectors.Refused, Call: "getShippingFulfillments", Message: w.Error()}
	}
	return all, nil
}

func sameNumber(a, b string) bool { return strings.EqualFold(plain(a), plain(b)) }

// shows reports whether a number stands at an order, with all lines of the shipment.
func shows(there []parcel, s *connectors.Shipment) bool {
	for i := range there {
		p := &there[i]
		if !sameNumber(string(p.Tracking), s.Tracking) {
			continue
		}
		lacks := func(l connectors.ShippedLine) bool {
			return !slices.ContainsFunc(p.Lines, func(x part) bool { return string(x.Line) == l.Line })
		}
		return len(p.Lines) == 0 || !slices.ContainsFunc(s.Lines, lacks)
	}
	return false
}

// load is what a parcel carries of what is left; none with the result where nothing
// is.
func load(o *sale, there []parcel, s *connectors.Shipment) ([]sent, connectors.Result) {
	left, open, w := o.left(there)
	switch {
	case w != nil:
		return nil, connectors.Result{Outcome: connectors.Retry, Detail: w.Error()}
	case !open && len(there) > 0:
		return nil, rejected("", "eBay has the number "+string(there[0].Tracking)+" for what the parcel carries")
	case !open:
		return nil, rejected("", "the order is marked as shipped, without a number")
	}
	var lines []sent
	for i := range o.Lines {
		id := o.Lines[i].ID
		n := left[id]
		if len(s.Lines) > 0 {
			at := slices.IndexFunc(s.Lines, func(l connectors.ShippedLine) bool { return l.Line == string(id) })
			if at < 0 {
				continue
			}
			if want := s.Lines[at].Quantity; want > 0 {
				n = min(n, want)
			}
		}
		if n > 0 {
			lines = append(lines, sent{string(id), n})
		}
	}
	if lines == nil {
		return nil, rejected("", "nothing is left of what the parcel carries")
	}
	return lines, connectors.Result{}
}

// ask looks whether a report whose answer was lost, or that was refused, is there all
// the same.
func (d *Driver) ask(ctx context.Context, s *connectors.Shipment, r connectors.Result) connectors.Result {
	there, err := d.parcels(ctx, s.Order)
	if err != nil {
		return r
	}
	switch there := shows(there, s); {
	case there && r.Outcome == connectors.Unknown:
		return connectors.Result{Outcome: connectors.Done, Detail: "no answer came; eBay shows the number"}
	case there:
		return connectors.Result{Outcome: connectors.Already, Code: r.Code, Detail: r.Detail}
	case r.Outcome == connectors.Unknown:
		r.Detail = strings.TrimPrefix(r.Detail+"; eBay does not show the number yet", "; ")
	}
	return r
}

// shippedAt is when the parcel went: as told, or noon of the day, but neither after
// now nor before the order.
func (d *Driver) shippedAt(s *connectors.Shipment, o *sale) time.Time {
	at := s.ShippedAt
	if t, ok := s.ShippedOn.Time(d.zone); at.IsZero() && ok {
		at = t.Add(12 * time.Hour)
	}
	now := d.Now().UTC()
	if at.IsZero() || at.After(now) || s.ShippedAt.IsZero() && s.ShippedOn == order.DateOf(now.In(d.zone)) {
		at = now
	}
	if made, w := instant("creationDate", o.Created); w == nil && at.Before(made.UTC) {
		at = made.UTC
	}
	return at.UTC()
}
