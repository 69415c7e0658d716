package ebay

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/mallbridge/mallbridge/connectors"
)

const (
	pageMost = 200 // orders of one answer of getOrders
	idsMost  = 50  // orderIds of one call
	passes   = 3   // how often a list is read while orders leave it
)

// pageOrders is the kind of pages with orders and their fulfilments.
const pageOrders = "orders"

// Orders yields the orders that were changed inside w.
func (d *Driver) Orders(ctx context.Context, w connectors.Window) iter.Seq2[connectors.Page, error] {
	// Both ends of eBay's span are inside it.
	filter := "lastmodifieddate:[" + w.From.UTC().Format(stamp) + ".." + w.To.Add(-time.Millisecond).UTC().Format(stamp) + "]"
	return func(yield func(connectors.Page, error) bool) {
		seen := map[string]bool{}
		for range passes {
			again, stopped, err := d.pass(ctx, filter, seen, yield)
			switch {
			case err != nil:
				yield(connectors.Page{}, err)
				return
			case stopped || !again:
				return
			}
		}
		yield(connectors.Page{}, notWhole("orders kept changing while their pages were read, %d times", passes))
	}
}

func notWhole(format string, args ...any) error {
	return &connectors.Error{Class: connectors.Transient, Call: "getOrders", Message: "not read whole: " + fmt.Sprintf(format, args...)}
}

// pass reads a list to its end and yields what was not seen before. An order that
// changes meanwhile leaves the span, and those behind it move up by one, across the
// edge of a page too: then the number of orders is another one, and the list must be
// read again.
func (d *Driver) pass(ctx context.Context, filter string, seen map[string]bool, yield func(connectors.Page, error) bool) (again, stopped bool, err error) {
	total, moved := int64(-1), false
	now := map[string]bool{}
	for offset := 0; ; offset += pageMost {
		reply, err := d.get(ctx, "getOrders", fulfillment+"/order", "filter", filter, "limit", number(pageMost), "offset", number(offset))
		if err != nil {
			return false, false, err
		}
		l, n, err := listOf(reply)
		if err != nil {
			return false, false, err
		}
		moved = moved || total >= 0 && n != total
		total = n
		var fresh []json.RawMessage
		for i, raw := range l.Orders {
			key := keyOf(raw, offset+i)
			now[key] = true
			if !seen[key] {
				seen[key] = true
				fresh = append(fresh, raw)
			}
		}
		if len(fresh) > 0 {
			p, err := d.page(ctx, fresh, nil, reply.At, started)
			if err != nil {
				return false, false, err
			}
			if !yield(p, nil) {
				return false, true, nil
			}
		}
		switch {
		case l.Next == "":
			if !moved && int64(len(now)) != total {
				return false, false, notWhole("eBay said %d orders and gave %d", total, len(now))
			}
			return moved, false, nil
		case len(l.Orders) == 0 || int64(offset+pageMost) >= total && !moved:
			return false, false, notWhole("after %d of %d orders a page says that more follow", len(now), total)
		}
	}
}

func listOf(reply *connectors.Reply) (l list, total int64, err error) {
	if err := json.Unmarshal(reply.Body, &l); err != nil {
		return l, 0, &connectors.Error{Class: connectors.Refused, Call: "getOrders", Message: "the reply is no list of orders", Err: err}
	}
	if total, err = l.Total.Int64(); err != nil || total < 0 {
		return l, 0, &connectors.Error{Class: connectors.Refused, Call: "getOrders", Message: fmt.Sprintf("total is %q; a number of orders is expected", l.Total)}
	}
	return l, total, nil
}

// keyOf is the number of an order, or a name for a record that has none.
func keyOf(raw json.RawMessage, at int) string {
	var o struct {
		ID text `json:"orderId"`
	}
	if json.Unmarshal(raw, &o) == nil && o.ID != "" {
		return string(o.ID)
	}
	return "record " + number(at)
}

// The orders whose fulfilments are read.
func started(state text) bool { return state == inProgress }
func touched(state text) bool { return state == inProgress || state == fulfilled }

// page completes orders with their fulfilments. One that is gone when it is asked for
// them is missing.
func (d *Driver) page(ctx context.Context, orders []json.RawMessage, missing []string, at time.Time, asks func(state text) bool) (connectors.Page, error) {
	p := connectors.Page{Kind: pageOrders, Total: -1, At: at, Missing: missing}
	var kept, parcels [][]byte
	for i, raw := range orders {
		var o struct {
			ID       text `json:"orderId"`
			Shipping text `json:"orderFulfillmentStatus"`
		}
		if json.Unmarshal(raw, &o) == nil && o.ID != "" && asks(o.Shipping) {
			reply, err := d.get(ctx, "getShippingFulfillments", orderPath(string(o.ID))+"/shipping_fulfillment")
			switch {
			case isGone(err):
				p.Missing = append(p.Missing, string(o.ID))
				continue
			case err != nil:
				return p, err
			}
			id, _ := json.Marshal(string(o.ID)) // text is always written
			parcels = append(parcels, slices.Concat([]byte(`{"orderId":`), id, []byte(`,"answer":`), reply.Body, []byte("}")))
		}
		kept = append(kept, raw)
		p.Keys = append(p.Keys, keyOf(raw, i))
	}
	p.Body = slices.Concat([]byte(`{"orders":[`), bytes.Join(kept, []byte(",\n")), []byte(`],"fulfillments":[`), bytes.Join(parcels, []byte(",\n")), []byte("]}"))
	return p, nil
}

func orderPath(id string) string { return fulfillment + "/order/" + url.PathEscape(id) }

// isGone reports whether eBay knows nothing of what was asked for.
func isGone(err error) bool {
	if err == nil {
		return false
	}
	e := connectors.AsError(err)
	return e.Class == connectors.Refused && (e.Status == 404 || e.Code == errNotFound || e.Code == errOrderID)
}

// Reread yields the present state of orders, with their fulfilments.
func (d *Driver) Reread(ctx context.Context, numbers []string) iter.Seq2[connectors.Page, error] {
	return func(yield func(connectors.Page, error) bool) {
		for part := range slices.Chunk(connectors.Distinct(numbers), idsMost) {
			p, err := d.reread(ctx, part)
			if err != nil {
				yield(connectors.Page{}, err)
				return
			}
			if !yield(p, nil) {
				return
			}
		}
	}
}

func (d *Driver) reread(ctx context.Context, numbers []string) (connectors.Page, error) {
	orders, at, err := d.present(ctx, numbers)
	if err != nil {
		return connectors.Page{}, err
	}
	var all []json.RawMessage
	var missing []string
	for _, n := range numbers {
		if raw, ok := orders[n]; ok {
			all = append(all, raw)
		} else {
			missing = append(missing, n)
		}
	}
	return d.page(ctx, all, missing, at, touched)
}

// present reads orders, at most 50, as they are now; those that eBay does not give are
// left out. One number that it takes for none spoils the whole call: then each is
// asked for by itself.
func (d *Driver) present(ctx context.Context, numbers []string) (map[string]json.RawMessage, time.Time, error) {
	out := map[string]json.RawMessage{}
	reply, err := d.get(ctx, "getOrders", fulfillment+"/order", "orderIds", strings.Join(numbers, ","))
	if err == nil {
		l, _, err := listOf(reply)
		if err != nil {
			return nil, time.Time{}, err
		}
		for i, raw := range l.Orders {
			out[keyOf(raw, i)] = raw
		}
		return out, reply.At, nil
	}
	if !isGone(err) {
		return nil, time.Time{}, err
	}
	at := d.Now().UTC()
	for _, n := range numbers {
		reply, err := d.get(ctx, "getOrder", orderPath(n))
		switch {
		case isGone(err):
		case err != nil:
			return nil, at, err
		default:
			out[n], at = reply.Body, reply.At
		}
	}
	return out, at, nil
}
