package shopserve

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mallbridge/mallbridge/connectors"
)

// pageOrders is the kind of pages with orders.
const pageOrders = "orders"

// layouts are the forms in which a search may write times.
var layouts = map[string]string{
	"yyyy-MM-dd": time.DateOnly, "yyyy/MM/dd": "2006/01/02", "yyyy-MM-dd HH:mm:ss": time.DateTime, "yyyy/MM/dd HH:mm:ss": "2006/01/02 15:04:05",
	"yyyy-MM-ddTHH:mm:ss+09:00": time.RFC3339,
}

// Orders yields the orders that were placed inside w; none where orders come by sheet,
// or are not fetched until fetch is on.
func (d *Driver) Orders(ctx context.Context, w connectors.Window) iter.Seq2[connectors.Page, error] {
	return func(yield func(connectors.Page, error) bool) {
		if d.orders == nil || !d.orders.fetch {
			return
		}
		d.pages(ctx, w, yield)
	}
}

// Open yields the orders of w again, as far as they were placed in the last days that
// the account says: which of them still wait only their statuses tell, and those are
// the store's own.
func (r *Reader) Open(ctx context.Context, w connectors.Window) iter.Seq2[connectors.Page, error] {
	return func(yield func(connectors.Page, error) bool) {
		if first := r.Now().AddDate(0, 0, -r.orders.days); w.From.Before(first) {
			w.From = first
		}
		if r.orders.fetch && !w.Empty() {
			r.pages(ctx, w, yield)
		}
	}
}

// A found order is one of a search, as it came.
type found struct {
	number string // empty if it is not legible
	raw    json.RawMessage
}

// pages reads a search answer by answer. It goes well only if as many orders came as
// the mall said.
func (d *Driver) pages(ctx context.Context, w connectors.Window, yield func(connectors.Page, error) bool) {
	o := d.orders
	fail := func(format string, args ...any) {
		yield(connectors.Page{}, &connectors.Error{Class: connectors.Transient, Call: "search", Message: fmt.Sprintf(format, args...)})
	}
	from, to := w.From.In(tokyo), w.To.In(tokyo)
	if !strings.Contains(o.layout, "15") { // whole days
		from, to = midnight(from), midnight(to.Add(-time.Nanosecond))
	}
	seen := map[string]bool{}
	for rows, page := 0, 1; ; page++ {
		reply, err := d.describe(ctx, "search", o.search, map[string]string{
			"from": from.Format(o.layout), "to": to.Format(o.layout), "offset": strconv.Itoa(rows), "size": strconv.Itoa(o.size), "page": strconv.Itoa(page),
		}, true)
		if err != nil {
			yield(connectors.Page{}, err)
			return
		}
		list, total, why := o.answer(reply.Body)
		if why != "" {
			fail("%s", why)
			return
		}
		rows += len(list)
		var fresh []found
		for i, f := range list {
			key := f.number
			if key == "" {
				key = fmt.Sprintf("record %d of answer %d", i, page)
			}
			if !seen[key] {
				seen[key] = true
				if d.inside(w, f) {
					fresh = append(fresh, f)
				}
			}
		}
		p, err := d.page(ctx, fresh, reply.At)
		if err != nil {
			yield(connectors.Page{}, err)
			return
		}
		if len(p.Keys)+len(p.Missing) > 0 && !yield(p, nil) {
			return
		}
		switch {
		case len(seen) >= total:
			if len(seen) > total {
				fail("the mall said %d orders, %d came", total, len(seen))
			}
			return
		case len(list) == 0, len(list) < o.size && len(seen) < total:
			fail("the mall said %d orders, %d came", total, len(seen))
			return
		}
	}
}

func midnight(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, tokyo)
}

// answer reads an answer to the search.
func (o *orderAPI) answer(body []byte) (list []found, total int, why string) {
	raw, ok := rawAt(body, o.total)
	if !ok {
		return nil, 0, "there is nothing at " + o.total + ", where search_total has how many orders there are"
	}
	total, err := strconv.Atoi(strings.Trim(string(raw), `" `))
	if err != nil || total < 0 {
		return nil, 0, fmt.Sprintf("%s holds %.40s, and is to be how many orders there are (search_total)", o.total, raw)
	}
	var rows []json.RawMessage
	raw, ok = rawAt(body, o.list)
	if !ok && total == 0 {
		return nil, 0, ""
	}
	if err := json.Unmarshal(raw, &rows); !ok || err != nil {
		return nil, 0, "there is no list of orders at " + o.list + " (search_list)"
	}
	for _, r := range rows {
		list = append(list, found{o.numberOf(r), r})
	}
	return list, total, ""
}

// numberOf is the number of an order, empty if it is not legible.
func (o *orderAPI) numberOf(raw json.RawMessage) string {
	doc, err := decode(raw)
	if err != nil {
		return ""
	}
	n, _ := o.fields.text(doc, "order.number") // Parse refuses what cannot be read
	return n
}

// inside reports whether an order belongs to w. Whether the mall counts the ends of a
// search in is not known; what has no legible time is for Parse to refuse.
func (d *Driver) inside(w connectors.Window, f found) bool {
	doc, err := decode(f.raw)
	if err != nil {
		return true
	}
	v, err := d.orders.fields.text(doc, "order.ordered_at")
	if err != nil || v == "" {
		return true
	}
	at, ok := instant(v)
	return !ok || w.Contains(at)
}

// page makes a page of orders; each is read by its number where the search only names
// it.
func (d *Driver) page(ctx context.Context, list []found, at time.Time) (connectors.Page, error) {
	p := connectors.Page{Kind: pageOrders, Total: -1, At: at}
	var rows []json.RawMessage
	for i, f := range list {
		raw := f.raw
		if d.orders.each && f.number != "" {
			var err error
			if raw, err = d.byNumber(ctx, f.number); err != nil {
				return p, err
			}
			if raw == nil {
				p.Missing = append(p.Missing, f.number)
				continue
			}
		}
		key := f.number
		if key == "" {
			key = "record " + strconv.Itoa(i)
		}
		p.Keys, rows = append(p.Keys, key), append(rows, raw)
	}
	p.Body = document(rows)
	return p, nil
}

// document puts orders, byte for byte, into one document.
func document(rows []json.RawMessage) []byte {
	parts := make([][]byte, len(rows))
	for i := range rows {
		parts[i] = rows[i]
	}
	return slices.Concat([]byte(`{"rows":[`), bytes.Join(parts, []byte(",")), []byte("]}"))
}

// byNumber reads one order; nil if the mall does not have it.
func (d *Driver) byNumber(ctx context.Context, number string) (json.RawMessage, error) {
	reply, err := d.describe(ctx, "detail", d.orders.detail, map[string]string{"order": number}, true)
	if err != nil {
		if connectors.AsError(err).Status == http.StatusNotFound {
			return nil, nil
		}
		return nil, err
	}
	raw, ok := rawAt(reply.Body, d.orders.found)
	if !ok || bytes.Equal(raw, []byte("null")) {
		return nil, &connectors.Error{Class: connectors.Transient, Call: "detail", Message: "there is no order at " + d.orders.found + " (detail_order)"}
	}
	if n := d.orders.numberOf(raw); n != number && n != "" {
		return nil, &connectors.Error{Class: connectors.Transient, Call: "detail", Message: fmt.Sprintf("order %s was asked for and %s came", number, n)}
	}
	return raw, nil
}

// Reread yields the present state of orders, read one by one.
func (r *Reader) Reread(ctx context.Context, numbers []string) iter.Seq2[connectors.Page, error] {
	return func(yield func(connectors.Page, error) bool) {
		seen := map[string]bool{}
		for part := range slices.Chunk(numbers, r.orders.size) {
			p := connectors.Page{Kind: pageOrders, Total: -1, At: r.Now().UTC()}
			var rows []json.RawMessage
			for _, n := range part {
				if seen[n] {
					continue
				}
				seen[n] = true
				raw, err := r.byNumber(ctx, n)
				if err != nil {
					yield(connectors.Page{}, err)
					return
				}
				if raw == nil {
					p.Missing = append(p.Missing, n)
					continue
				}
				p.Keys, rows = append(p.Keys, n), append(rows, raw)
			}
			p.Body = document(rows)
			if !yield(p, nil) {
				return
			}
		}
	}
}
