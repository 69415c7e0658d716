package shopify

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/mallbridge/mallbridge/connectors"
)

// pageOrders is the kind of pages with orders.
const pageOrders = "orders"

// namesOfCall is how many orders are asked for by name in one query.
const namesOfCall = 20

// stamp writes an instant as the search takes it. A time that is not in quotes would end
// at its first colon.
func stamp(t time.Time) string { return "'" + t.UTC().Format("2006-01-02T15:04:05Z") + "'" }

// Orders yields the orders that were changed in w, closed and cancelled ones too.
func (d *Driver) Orders(ctx context.Context, w connectors.Window) iter.Seq2[connectors.Page, error] {
	return d.window(ctx, w, "")
}

// Open yields those of w that are open and not wholly fulfilled: a hold that ends, or a
// day that is reached, need not count as a change of the order.
func (d *Driver) Open(ctx context.Context, w connectors.Window) iter.Seq2[connectors.Page, error] {
	return d.window(ctx, w, " status:open -fulfillment_status:fulfilled -fulfillment_status:shipped")
}

func (d *Driver) window(ctx context.Context, w connectors.Window, more string) iter.Seq2[connectors.Page, error] {
	return func(yield func(connectors.Page, error) bool) {
		query := "updated_at:>=" + stamp(w.From) + " updated_at:<" + stamp(w.To) + more
		from := w.From.UTC().Format(time.RFC3339)
		d.list(ctx, query, func(p *connectors.Page, s *shape) (bool, error) {
			// A term that the mall does not understand is ignored, not refused.
			if s.Updated < from {
				return false, &connectors.Error{
					Class: connectors.Transient, Call: "orders", Message: fmt.Sprintf("not filtered: order %s was changed at %s, before %s", s.Name, s.Updated, from),
				}
			}
			return true, nil
		}, yield)
	}
}

// Reread yields the present state of orders by name. The search is for words, so that
// what comes is compared.
func (d *Driver) Reread(ctx context.Context, numbers []string) iter.Seq2[connectors.Page, error] {
	return func(yield func(connectors.Page, error) bool) {
		numbers := connectors.Distinct(numbers)
		for from := 0; from < len(numbers); from += namesOfCall {
			part := numbers[from:min(from+namesOfCall, len(numbers))]
			if !d.named(ctx, part, yield) {
				return
			}
		}
	}
}

// named reads up to namesOfCall orders; those that did not come are missing from the last
// page. It reports whether to go on.
func (d *Driver) named(ctx context.Context, names []string, yield func(connectors.Page, error) bool) bool {
	var terms []string
	open := map[string]bool{}
	for _, n := range names {
		terms = append(terms, "name:"+quoted(n))
		open[n] = true
	}
	var last *connectors.Page
	good := true
	d.list(ctx, strings.Join(terms, " OR "), func(_ *connectors.Page, s *shape) (bool, error) {
		want := open[s.Name]
		delete(open, s.Name)
		return want, nil
	}, func(p connectors.Page, err error) bool {
		// A page is held back until it is known whether it is the last.
		if err == nil && last != nil {
			good = yield(*last, nil)
		}
		if err != nil {
			good = false
			yield(connectors.Page{}, err)
		}
		last = &p
		return good
	})
	if !good {
		return false
	}
	if last == nil {
		last = &connectors.Page{Kind: pageOrders, Body: []byte(`{"orders":[]}`), Total: -1, At: d.Now().UTC()}
	}
	for _, n := range names {
		if open[n] {
			last.Missing = append(last.Missing, n)
		}
	}
	return yield(*last, nil)
}

func quoted(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s) + "'"
}

// A shape is what must be known of an order before it is parsed: whether all of it came.
type shape struct {
	ID      string                      `json:"id"`
	Name    string                      `json:"name"`
	Updated string                      `json:"updatedAt"`
	Lines   connection[json.RawMessage] `json:"lineItems"`
	ToShip  connection[lined]           `json:"fulfillmentOrders"`
	Parcels []struct {
		Lines connection[json.RawMessage] `json:"fulfillmentLineItems"`
	} `json:"fulfillments"`
}

type lined struct {
	ID    string                      `json:"id"`
	Lines connection[json.RawMessage] `json:"lineItems"`
}

func (s *shape) whole() bool {
	whole := !s.Lines.Page.More && !s.ToShip.Page.More && len(s.Parcels) < fulfillmentsInside
	for _, f := range s.ToShip.Nodes {
		whole = whole && !f.Lines.Page.More
	}
	for _, p := range s.Parcels {
		whole = whole && !p.Lines.Page.More
	}
	return whole
}

// list pages through a search for orders. keep says which of them are wanted.
func (d *Driver) list(ctx context.Context, query string, keep func(*connectors.Page, *shape) (bool, error), yield func(connectors.Page, error) bool) {
	after := any(nil)
	for {
		var out struct {
			Orders connection[json.RawMessage] `json:"orders"`
		}
		size := d.size.Load()
		reply, err := d.query(ctx, "orders", ordersQuery, map[string]any{"first": size, "after": after, "query": query}, &out)
		if err != nil && connectors.AsError(err).Code == "MAX_COST_EXCEEDED" && size > 1 {
			d.size.CompareAndSwap(size, size/2)
			continue
		}
		if err != nil {
			yield(connectors.Page{}, err)
			return
		}
		if out.Orders.Nodes == nil {
			yield(connectors.Page{}, &connectors.Error{Class: connectors.Transient, Call: "orders", Message: "the answer has no orders"})
			return
		}
		p, err := d.page(ctx, out.Orders.Nodes, keep)
		p.At = reply.At
		if err != nil {
			yield(connectors.Page{}, err)
			return
		}
		// A page of which nothing is wanted is not one.
		if len(p.Keys) > 0 && !yield(p, nil) {
			return
		}
		next := out.Orders.Page
		switch {
		case !next.More:
			return
		case next.End == "" || next.End == after:
			yield(connectors.Page{}, &connectors.Error{Class: connectors.Transient, Call: "orders", Message: "the list does not go on: the cursor repeats"})
			return
		}
		after = next.End
	}
}

// page completes orders and puts them together.
func (d *Driver) page(ctx context.Context, nodes []json.RawMessage, keep func(*connectors.Page, *shape) (bool, error)) (connectors.Page, error) {
	p := connectors.Page{Kind: pageOrders, Total: -1}
	var kept [][]byte
	for i, raw := range nodes {
		var s shape
		key := fmt.Sprintf("orders[%d]", i)
		// What cannot be read is kept for its refusal.
		if err := json.Unmarshal(raw, &s); err == nil && s.Name != "" {
			key = s.Name
			want, err := keep(&p, &s)
			if err != nil {
				return p, err
			}
			if !want {
				continue
			}
			if !s.whole() {
				if raw, err = d.complete(ctx, &s, raw); err != nil {
					return p, err
				}
			}
		}
		p.Keys = append(p.Keys, key)
		kept = append(kept, raw)
	}
	p.Body = append(append([]byte(`{"orders":[`), bytes.Join(kept, []byte(",\n"))...), "]}"...)
	return p, nil
}

// complete reads the lists of an order to their ends.
func (d *Driver) complete(ctx context.Context, s *shape, raw json.RawMessage) (json.RawMessage, error) {
	parts := map[string]json.RawMessage{}
	if err := json.Unmarshal(raw, &parts); err != nil {
		return nil, &connectors.Error{Class: connectors.Transient, Call: "orders", Err: err}
	}
	if s.Lines.Page.More {
		nodes, err := d.all(ctx, "order_lines", linesQuery, s.ID, "order", "lineItems")
		if err != nil {
			return nil, err
		}
		parts["lineItems"] = nodesOf(nodes)
	}
	if err := d.completeToShip(ctx, s, parts); err != nil {
		return nil, err
	}
	if err := d.completeParcels(ctx, s, parts); err != nil {
		return nil, err
	}
	return json.Marshal(parts)
}

func nodesOf(nodes []json.RawMessage) json.RawMessage {
	b := []byte(`{"nodes":[`)
	for i, n := range nodes {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, n...)
	}
	return append(b, "]}"...)
}

func (d *Driver) completeToShip(ctx context.Context, s *shape, parts map[string]json.RawMessage) error {
	more := s.ToShip.Page.More
	for _, f := range s.ToShip.Nodes {
		more = more || f.Lines.Page.More
	}
	if !more {
		return nil
	}
	nodes, err := d.all(ctx, "order_fulfillment_orders", fulfillmentOrdersQuery, s.ID, "order", "fulfillmentOrders")
	if err != nil {
		return err
	}
	for i, raw := range nodes {
		var f lined
		if err := json.Unmarshal(raw, &f); err != nil {
			return &connectors.Error{Class: connectors.Transient, Call: "order_fulfillment_orders", Err: err}
		}
		if !f.Lines.Page.More {
			continue
		}
		if nodes[i], err = d.withLines(ctx, raw, "fulfillment_order_lines", fulfillmentOrderLinesQuery, f.ID, "fulfillmentOrder", "lineItems"); err != nil {
			return err
		}
	}
	parts["fulfillmentOrders"] = nodesOf(nodes)
	return nil
}

func (d *Driver) completeParcels(ctx context.Context, s *shape, parts map[string]json.RawMessage) error {
	more := len(s.Parcels) >= fulfillmentsInside
	for _, p := range s.Parcels {
		more = more || p.Lines.Page.More
	}
	if !more {
		return nil
	}
	const most = 200 // the list has no pages
	var out struct {
		Order *struct {
			Parcels []json.RawMessage `json:"fulfillments"`
		} `json:"order"`
	}
	if _, err := d.query(ctx, "order_fulfillments", fulfillmentsQuery, map[string]any{"id": s.ID}, &out); err != nil {
		return err
	}
	if out.Order == nil || len(out.Order.Parcels) >= most {
		return &connectors.Error{Class: connectors.Transient, Call: "order_fulfillments", Message: fmt.Sprintf("order %s: its parcels cannot be read whole", s.Name)}
	}
	for i, raw := range out.Order.Parcels {
		var f ref
		if err := json.Unmarshal(raw, &f); err != nil {
			return &connectors.Error{Class: connectors.Transient, Call: "order_fulfillments", Err: err}
		}
		with, err := d.withLines(ctx, raw, "fulfillment_lines", fulfillmentLinesQuery, f.ID, "fulfillment", "fulfillmentLineItems")
		if err != nil {
			return err
		}
		out.Order.Parcels[i] = with
	}
	whole, err := json.Marshal(out.Order.Parcels)
	parts["fulfillments"] = whole
	return err
}

// withLines puts the whole list of its lines into a node.
func (d *Driver) withLines(ctx context.Context, raw json.RawMessage, kind, text, id, root, field string) (json.RawMessage, error) {
	parts := map[string]json.RawMessage{}
	if err := json.Unmarshal(raw, &parts); err != nil {
		return nil, &connectors.Error{Class: connectors.Transient, Call: kind, Err: err}
	}
	nodes, err := d.all(ctx, kind, text, id, root, field)
	if err != nil {
		return nil, err
	}
	parts[field] = nodesOf(nodes)
	return json.Marshal(parts)
}

// all reads a connection of one object to its end.
func (d *Driver) all(ctx context.Context, kind, text, id, root, field string) ([]json.RawMessage, error) {
	nodes := []json.RawMessage{}
	after := any(nil)
	for {
		var out map[string]map[string]connection[json.RawMessage]
		if _, err := d.query(ctx, kind, text, map[string]any{"id": id, "after": after}, &out); err != nil {
			return nil, err
		}
		c, there := out[root][field]
		switch {
		case !there:
			return nil, &connectors.Error{Class: connectors.Transient, Call: kind, Message: id + " is gone while it was read"}
		case c.Page.More && (c.Page.End == "" || c.Page.End == after):
			return nil, &connectors.Error{Class: connectors.Transient, Call: kind, Message: "the list does not go on: the cursor repeats"}
		}
		nodes = append(nodes, c.Nodes...)
		if !c.Page.More {
			return nodes, nil
		}
		after = c.Page.End
	}
}
