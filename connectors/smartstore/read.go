package smartstore

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/mallbridge/mallbridge/connectors"
)

const (
	changesMax = 300 // rows of one answer of last-changed-statuses
	rowsMax    = 300 // product orders of one answer of product-orders
	linesMax   = 300 // product orders of one query
	ordersMax  = 100 // orders on one of our pages
	longest    = 24 * time.Hour
)

// apart is how far times of payment may be apart to be read in one go.
const apart = 30 * time.Minute

// pageOrders is the kind of pages with product orders.
const pageOrders = "orders"

// Orders yields the orders of which something changed inside w.
func (d *Driver) Orders(ctx context.Context, w connectors.Window) iter.Seq2[connectors.Page, error] {
	return func(yield func(connectors.Page, error) bool) {
		all, err := d.changes(ctx, w)
		if err != nil {
			yield(connectors.Page{}, err)
			return
		}
		orders := changedOrders(all)
		for part := range slices.Chunk(orders, ordersMax) {
			g := newGathering()
			if err := d.complete(ctx, g, part); err != nil {
				yield(connectors.Page{}, err)
				return
			}
			numbers := make([]string, len(part))
			for i := range part {
				numbers[i] = part[i].number
			}
			if !yield(g.page(numbers), nil) {
				return
			}
		}
	}
}

// Open yields the orders that were paid inside w and have something to be shipped: a
// confirmation (발주확인) in the seller centre is in no log.
func (d *Driver) Open(ctx context.Context, w connectors.Window) iter.Seq2[connectors.Page, error] {
	return func(yield func(connectors.Page, error) bool) {
		g := newGathering()
		if err := d.paid(ctx, w, "PAYED", func(number string) bool { return true }, g); err != nil {
			yield(connectors.Page{}, err)
			return
		}
		for part := range slices.Chunk(g.numbers, ordersMax) {
			if !yield(g.page(part), nil) {
				return
			}
		}
		if len(g.loose) > 0 {
			yield(g.page(nil), nil)
		}
	}
}

// Reread yields the present state of orders.
func (d *Driver) Reread(ctx context.Context, numbers []string) iter.Seq2[connectors.Page, error] {
	return func(yield func(connectors.Page, error) bool) {
		for part := range slices.Chunk(connectors.Distinct(numbers), ordersMax) {
			g := newGathering()
			if err := d.byNumber(ctx, g, part); err != nil {
				yield(connectors.Page{}, err)
				return
			}
			if !yield(g.page(part), nil) {
				return
			}
		}
	}
}

// changes walks through the log of changes of a window, both ends of whose requests
// are inside. A row that comes twice is one.
func (d *Driver) changes(ctx context.Context, w connectors.Window) ([]change, error) {
	var out []change
	seen := map[string]bool{}
	for _, s := range w.Split(longest) {
		from, to, sequence := stamp(s.From), stamp(s.To.Add(-time.Millisecond)), ""
		for {
			query := []string{"lastChangedFrom", from, "lastChangedTo", to, "limitCount", strconv.Itoa(changesMax)}
			if sequence != "" {
				query = append(query, "moreSequence", sequence)
			}
			rows, more, err := d.changesOnce(ctx, query)
			if err != nil {
				return nil, err
			}
			for _, c := range rows {
				key := string(c.Line) + " " + string(c.At)
				if at, err := instant(c.At); err != nil || !w.Contains(at.UTC) || seen[key] {
					continue // the next of what the page before ended with
				}
				seen[key] = true
				out = append(out, c)
			}
			if more == nil {
				break
			}
			if string(more.From) == from && string(more.Sequence) == sequence || more.From == "" {
				return nil, &connectors.Error{Class: connectors.Transient, Call: "last-changed-statuses", Message: "the mall gives the same changes again and again"}
			}
			from, sequence = string(more.From), string(more.Sequence)
		}
	}
	return out, nil
}

// more is where the log goes on.
type more struct {
	From     text `json:"moreFrom"`
	Sequence text `json:"moreSequence"`
}

func (d *Driver) changesOnce(ctx context.Context, query []string) ([]change, *more, error) {
	const call = "last-changed-statuses"
	e, _, err := d.get(ctx, call, payOrder+"/product-orders/last-changed-statuses", "data", query...)
	if err != nil {
		return nil, nil, err
	}
	var data struct {
		Rows  []change `json:"lastChangeStatuses"`
		Count *int     `json:"count"`
		More  *more    `json:"more"`
	}
	bad := func(format string, args ...any) error {
		return &connectors.Error{Class: connectors.Transient, Call: call, Message: fmt.Sprintf(format, args...)}
	}
	if err := json.Unmarshal(e.Data, &data); err != nil {
		return nil, nil, bad("data is no list of changes: %v", err)
	}
	if data.Count != nil && *data.Count != len(data.Rows) {
		return nil, nil, bad("the mall says %d changes and gives %d", *data.Count, len(data.Rows))
	}
	for _, c := range data.Rows {
		if !allDigits(string(c.Order)) || !allDigits(string(c.Line)) {
			return nil, nil, bad("a change of order %q, product order %q", c.Order, c.Line)
		}
		if _, err := instant(c.At); err != nil || c.At == "" {
			return nil, nil, bad("product order %s changed at %q", c.Line, c.At)
		}
	}
	return data.Rows, data.More, nil
}

func allDigits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// A changed order is one that the log names.
type changed struct {
	number string
	paid   time.Time // zero if it is not told
	lines  []string  // product orders that the log names
}

// changedOrders puts the changes of each order together, by the time of payment, so
// that those that follow each other can be read together. What was never paid is left
// out: it comes when it is.
func changedOrders(all []change) []changed {
	at := map[text]int{}
	var out []changed
	for _, c := range all {
		i, known := at[c.Order]
		if !known {
			i = len(out)
			at[c.Order] = i
			out = append(out, changed{number: string(c.Order)})
		}
		out[i].lines = append(out[i].lines, string(c.Line))
		if t, err := instant(c.Paid); err == nil && !t.UTC.IsZero() {
			out[i].paid = t.UTC
		} else if c.Status == "PAYMENT_WAITING" || c.Status == "CANCELED_BY_NOPAYMENT" {
			out[i].lines = out[i].lines[:len(out[i].lines)-1]
		}
	}
	out = slices.DeleteFunc(out, func(c changed) bool { return len(c.lines) == 0 })
	slices.SortStableFunc(out, func(a, b changed) int { return cmp.Or(a.paid.Compare(b.paid), cmp.Compare(a.number, b.number)) })
	return out
}

// complete reads all product orders of orders: with those that were paid at the same
// times, and by number where that does not give what the log named.
func (d *Driver) complete(ctx context.Context, g *gathering, part []changed) error {
	wanted := map[string]bool{}
	for _, c := range part {
		wanted[c.number] = true
	}
	for _, w := range payments(part) {
		if err := d.paid(ctx, w, "", func(number string) bool { return wanted[number] }, g); err != nil {
			return err
		}
	}
	var lacking []string
	for _, c := range part {
		if slices.ContainsFunc(c.lines, func(l string) bool { return !g.has(l) }) {
			lacking = append(lacking, c.number)
		}
	}
	if err := d.byNumber(ctx, g, lacking); err != nil {
		return err
	}
	for n, rows := range g.rows {
		ids := make([]string, len(rows))
		for i, raw := range rows {
			_, ids[i] = numbersOf(raw)
		}
		d.known.put(n, ids)
	}
	return nil
}

// A memory keeps which product orders an order has: none comes in later. Asking costs a
// call for each order.
type memory struct {
	mu    sync.Mutex
	lines map[string][]string
}

const remembered = 100_000 // orders, some ten megabytes

func (m *memory) put(number string, ids []string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.lines) >= remembered {
		clear(m.lines)
	}
	m.lines[number] = ids
}

func (m *memory) get(number string) []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.lines[number]
}

// payments are the spans in which orders were paid, sorted by that.
func payments(part []changed) []connectors.Window {
	var out []connectors.Window
	for _, c := range part {
		if c.paid.IsZero() {
			continue
		}
		end := c.paid.Add(time.Millisecond)
		if n := len(out); n > 0 && c.paid.Sub(out[n-1].To) < apart && end.Sub(out[n-1].From) < longest {
			out[n-1].To = end
			continue
		}
		out = append(out, connectors.Window{From: c.paid, To: end})
	}
	return out
}

// paid gathers the product orders of those orders that were paid inside a window; with
// a status, only those in it.
func (d *Driver) paid(ctx context.Context, w connectors.Window, status string, wanted func(number string) bool, g *gathering) error {
	const call = "product-orders"
	for _, s := range w.Split(longest) {
		for page := 1; ; page++ {
			query := []string{
				"from", stamp(s.From), "to", stamp(s.To.Add(-time.Millisecond)), "rangeType", "PAYED_DATETIME",
				"pageSize", strconv.Itoa(rowsMax), "page", strconv.Itoa(page), "quantityClaimCompatibility", "true",
			}
			if status != "" {
				query = append(query, "productOrderStatuses", status)
			}
			e, reply, err := d.get(ctx, call, payOrder+"/product-orders", "data", query...)
			if err != nil {
				return err
			}
			var data struct {
				Rows []struct {
					Content json.RawMessage `json:"content"`
				} `json:"contents"`
				Pages *struct {
					Next *bool `json:"hasNext"`
				} `json:"pagination"`
			}
			if err := json.Unmarshal(e.Data, &data); err != nil || data.Pages == nil || data.Pages.Next == nil || data.Rows == nil {
				return &connectors.Error{Class: connectors.Transient, Call: call, Message: "data is no page of product orders", Err: err}
			}
			g.at = reply.At
			for _, r := range data.Rows {
				g.add(r.Content, wanted)
			}
			if !*data.Pages.Next {
				break
			}
			if len(data.Rows) == 0 {
				return &connectors.Error{Class: connectors.Transient, Call: call, Message: fmt.Sprintf("page %d is empty and not the last", page)}
			}
		}
	}
	return nil
}

// byNumber gathers all product orders of orders. Those that the mall does not know
// stay without.
func (d *Driver) byNumber(ctx context.Context, g *gathering, numbers []string) error {
	var ids []string
	if g.at.IsZero() {
		g.at = d.Now().UTC()
	}
	for _, n := range numbers {
		own, err := d.linesOf(ctx, n)
		if err != nil {
			return err
		}
		ids = append(ids, own...)
	}
	return d.query(ctx, ids, func(raw json.RawMessage, at time.Time) {
		g.at = at
		g.add(raw, func(number string) bool { return slices.Contains(numbers, number) })
	})
}

// linesOf returns the product orders of an order; none if the mall does not know it.
func (d *Driver) linesOf(ctx context.Context, number string) ([]string, error) {
	const call = "product-order-ids"
	if !allDigits(number) {
		return nil, nil
	}
	if ids := d.known.get(number); ids != nil {
		return ids, nil
	}
	e, _, err := d.get(ctx, call, payOrder+"/orders/"+number+"/product-order-ids", "data")
	if unknown(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var ids []text
	if err := json.Unmarshal(e.Data, &ids); err != nil {
		return nil, &connectors.Error{Class: connectors.Transient, Call: call, Message: "data is no list of product orders", Err: err}
	}
	out := make([]string, len(ids))
	for i, id := range ids {
		if out[i] = string(id); !allDigits(out[i]) {
			return nil, &connectors.Error{Class: connectors.Transient, Call: call, Message: fmt.Sprintf("order %s has a product order %q", number, id)}
		}
	}
	d.known.put(number, out)
	return out, nil
}

// unknown reports whether the mall says that it has no such order.
func unknown(err error) bool {
	return err != nil && slices.Contains([]string{codeNoLine, codeNoOrder, codeNotYours}, connectors.AsError(err).Code)
}

// query asks for the details of product orders.
func (d *Driver) query(ctx context.Context, ids []string, each func(raw json.RawMessage, at time.Time)) error {
	const call = "query"
	for part := range slices.Chunk(connectors.Distinct(ids), linesMax) {
		e, reply, err := d.send(ctx, call, http.MethodPost, payOrder+"/product-orders/query", struct {
			IDs   []string `json:"productOrderIds"`
			Whole bool     `json:"quantityClaimCompatibility"`
		}{part, true}, true, "data")
		if err != nil {
			return err
		}
		var rows []json.RawMessage
		if err := json.Unmarshal(e.Data, &rows); err != nil {
			return &connectors.Error{Class: connectors.Transient, Call: call, Message: "data is no list of product orders", Err: err}
		}
		for _, raw := range rows {
			each(raw, reply.At)
		}
	}
	return nil
}

// A gathering holds the product orders of orders, byte for byte as they came, each
// once; what came last counts.
type gathering struct {
	numbers []string
	rows    map[string][]json.RawMessage // by order
	index   map[string]int               // of a product order among those of its order
	loose   []json.RawMessage            // without legible numbers
	at      time.Time
}

func newGathering() *gathering {
	return &gathering{rows: map[string][]json.RawMessage{}, index: map[string]int{}}
}

// add takes a product order of a wanted order. One without legible numbers is kept
// for its refusal.
func (g *gathering) add(raw json.RawMessage, wanted func(number string) bool) {
	number, line := numbersOf(raw)
	switch {
	case number == "":
		g.loose = append(g.loose, raw)
		return
	case !wanted(number):
		return
	}
	list, known := g.rows[number]
	if !known {
		g.numbers = append(g.numbers, number)
	}
	if i, twice := g.index[line]; twice && known {
		list[i] = raw
		return
	}
	g.index[line] = len(list)
	g.rows[number] = append(list, raw)
}

// numbersOf are the numbers of order and product order, empty if they are not legible.
func numbersOf(raw json.RawMessage) (number, line string) {
	var id struct {
		Order struct {
			Number text `json:"orderId"`
		} `json:"order"`
		Product struct {
			ID text `json:"productOrderId"`
		} `json:"productOrder"`
	}
	// Parse refuses what cannot be read.
	_ = json.Unmarshal(raw, &id)
	if number, line = string(id.Order.Number), string(id.Product.ID); !allDigits(number) || !allDigits(line) {
		return "", ""
	}
	return number, line
}

func (g *gathering) has(line string) bool {
	_, ok := g.index[line]
	return ok
}

// page makes a page of orders. Those of which the mall gives nothing are missing.
func (g *gathering) page(numbers []string) connectors.Page {
	p := connectors.Page{Kind: pageOrders, Total: -1, At: g.at}
	var all []json.RawMessage
	for _, n := range numbers {
		if len(g.rows[n]) == 0 {
			p.Missing = append(p.Missing, n)
			continue
		}
		p.Keys = append(p.Keys, n)
		all = append(all, g.rows[n]...)
	}
	for i := range g.loose {
		p.Keys = append(p.Keys, "record "+strconv.Itoa(i))
	}
	p.Body = document(append(all, g.loose...))
	g.loose = nil
	return p
}

// document puts product orders, byte for byte, into an answer of the mall's shape.
func document(all []json.RawMessage) []byte {
	return slices.Concat([]byte(`{"data":[`), bytes.Join(raws(all), []byte(",")), []byte("]}"))
}

func raws(all []json.RawMessage) [][]byte {
	out := make([][]byte, len(all))
	for i := range all {
		out[i] = all[i]
	}
	return out
}

// pageClaims is the kind of pages with product orders that have a claim.
const pageClaims = "claims"

// Claims yields the product orders whose claims changed inside w.
func (d *Driver) Claims(ctx context.Context, w connectors.Window) iter.Seq2[connectors.Page, error] {
	return func(yield func(connectors.Page, error) bool) {
		all, err := d.changes(ctx, w)
		if err != nil {
			yield(connectors.Page{}, err)
			return
		}
		var ids []string
		for _, c := range all {
			if c.Claimed != "" {
				ids = append(ids, string(c.Line))
			}
		}
		for part := range slices.Chunk(connectors.Distinct(ids), linesMax) {
			p := connectors.Page{Kind: pageClaims, Total: -1}
			var rows []json.RawMessage
			err := d.query(ctx, part, func(raw json.RawMessage, at time.Time) {
				p.At = at
				_, line := numbersOf(raw)
				p.Keys = append(p.Keys, cmp.Or(line, "record "+strconv.Itoa(len(p.Keys))))
				rows = append(rows, raw)
			})
			if err != nil {
				yield(connectors.Page{}, err)
				return
			}
			p.Body = document(rows)
			if !yield(p, nil) {
				return
			}
		}
	}
}
