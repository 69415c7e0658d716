package elevenst

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mallbridge/mallbridge/connectors"
)

const (
	rowsMost   = 3000 // of one answer; further ones are not given
	numbersMax = 100  // of orderlistall and orderlistalladdr
	lookBack   = 30   // days in which open orders are looked for
	weekDays   = 7    // of a list of orders
)

// The lists of orders, which are also the parts of a page.
const (
	partComplete  = "complete"  // 결제완료
	partPackaging = "packaging" // 배송준비중
	partNumber    = "number"    // complete/{ordNo}
	partLines     = "lines"     // orderlistalladdr: status and pieces of every line
)

// pageOrders is the kind of pages with orders.
const pageOrders = "orders"

// Orders yields the orders of w that are paid or being prepared.
func (d *Driver) Orders(ctx context.Context, w connectors.Window) iter.Seq2[connectors.Page, error] {
	return func(yield func(connectors.Page, error) bool) {
		g := newGathering()
		if err := d.lists(ctx, w, g); err != nil {
			yield(connectors.Page{}, err)
			return
		}
		d.pages(ctx, g, g.numbers, yield)
	}
}

// Open yields the same: both lists hold nothing but what is still to be shipped.
func (d *Driver) Open(ctx context.Context, w connectors.Window) iter.Seq2[connectors.Page, error] {
	return d.Orders(ctx, w)
}

// Reread yields the present state of orders.
func (d *Driver) Reread(ctx context.Context, numbers []string) iter.Seq2[connectors.Page, error] {
	return func(yield func(connectors.Page, error) bool) {
		d.pages(ctx, newGathering(), connectors.Distinct(numbers), yield)
	}
}

// pages completes orders, 100 at a time, and yields them.
func (d *Driver) pages(ctx context.Context, g *gathering, numbers []string, yield func(connectors.Page, error) bool) {
	for part := range slices.Chunk(numbers, numbersMax) {
		if err := d.complete(ctx, g, part); err != nil {
			yield(connectors.Page{}, err)
			return
		}
		if !yield(g.page(part), nil) {
			return
		}
	}
}

// A rec is one record as it came.
type rec struct {
	part string
	line string // ordPrdSeq, as far as it is legible
	raw  []byte
}

// A gathering holds the records of orders. Of a line, what came last counts.
type gathering struct {
	numbers []string         // in the order in which lists named them
	details map[string][]rec // by order: whole records, one for each line
	lines   map[string][]rec // by order: status and pieces
	open    bool             // the lists of all open orders were read
	at      time.Time
}

func newGathering() *gathering {
	return &gathering{details: map[string][]rec{}, lines: map[string][]rec{}}
}

// add takes a whole record. One without a legible number is kept for its refusal.
func (g *gathering) add(part string, raw []byte) {
	number, line := rawDigits(raw, "ordNo"), rawDigits(raw, "ordPrdSeq")
	if number == "" {
		number = "record " + strconv.Itoa(len(g.numbers))
	}
	list, known := g.details[number]
	if !known {
		g.numbers = append(g.numbers, number)
	}
	r := rec{part, line, raw}
	if i := slices.IndexFunc(list, func(x rec) bool { return x.line == line && line != "" }); i >= 0 {
		list[i] = r
		return
	}
	g.details[number] = append(list, r)
}

// lists gathers both lists of a window.
func (d *Driver) lists(ctx context.Context, w connectors.Window, g *gathering) error {
	for _, part := range []string{partComplete, partPackaging} {
		if err := d.list(ctx, "/ordservices/"+part, part, whole(w), g.take(part)); err != nil {
			return err
		}
	}
	return nil
}

// take gathers the records of an answer.
func (g *gathering) take(part string) func(reply *connectors.Reply, records [][]byte) {
	return func(reply *connectors.Reply, records [][]byte) {
		g.at = reply.At
		for _, raw := range records {
			g.add(part, raw)
		}
	}
}

// whole widens a window to whole minutes of Korean time.
func whole(w connectors.Window) connectors.Window {
	from, to := w.From.In(seoul).Truncate(time.Minute), w.To.In(seoul)
	if t := to.Truncate(time.Minute); t.Before(to) {
		to = t.Add(time.Minute)
	}
	return connectors.Window{From: from, To: to}
}

// list reads one list of a window. An answer that is full may lack rows: the window
// is read again in halves.
func (d *Driver) list(ctx context.Context, path, kind string, w connectors.Window, take func(*connectors.Reply, [][]byte)) error {
	reply, err := d.read(ctx, kind, path+"/"+w.From.Format(minutes)+"/"+w.To.Format(minutes), rootList)
	if err != nil {
		return err
	}
	records := elements(reply.Body, "order")
	if len(records) < rowsMost {
		take(reply, records)
		return nil
	}
	a, b, ok := w.Halves(time.Minute)
	if !ok {
		return &connectors.Error{Class: connectors.Refused, Call: kind, Message: fmt.Sprintf("%d rows or more in the minute %s", rowsMost, w.From.Format(minutes))}
	}
	if err := d.list(ctx, path, kind, a, take); err != nil {
		return err
	}
	return d.list(ctx, path, kind, b, take)
}

// complete asks for all lines of at most 100 orders, and for whole records of those
// that still wait and of which the lists gave none: in the lists of all open orders,
// whatever they cost. A record asked for by number lacks the day by which the order
// must go: the same order would look changed. It is asked for only if no list has it.
func (d *Driver) complete(ctx context.Context, g *gathering, numbers []string) error {
	if err := d.linesOf(ctx, g, numbers); err != nil {
		return err
	}
	if len(g.lacking(numbers)) > 0 {
		if err := d.openLists(ctx, g); err != nil {
			return err
		}
	}
	for _, n := range g.lacking(numbers) {
		reply, err := d.read(ctx, partNumber, "/ordservices/complete/"+n, rootList)
		if err != nil {
			return err
		}
		g.at = reply.At
		for _, raw := range elements(reply.Body, "order") {
			if rawDigits(raw, "ordNo") == n {
				g.add(partNumber, raw)
			}
		}
	}
	return nil
}

// linesOf reads status and pieces of every line of the orders.
func (d *Driver) linesOf(ctx context.Context, g *gathering, numbers []string) error {
	var ask []string
	for _, n := range numbers {
		if allDigits(n) {
			ask = append(ask, n)
		}
		delete(g.lines, n)
	}
	if g.at.IsZero() {
		g.at = d.Now().UTC()
	}
	for part := range slices.Chunk(ask, numbersMax) {
		reply, err := d.read(ctx, "orderlistalladdr", "/claimservice/orderlistalladdr/"+strings.Join(part, ","), rootList)
		if err != nil {
			return err
		}
		g.at = reply.At
		for _, raw := range elements(reply.Body, "order") {
			if n := rawDigits(raw, "ordNo"); slices.Contains(part, n) {
				g.lines[n] = append(g.lines[n], rec{partLines, rawDigits(raw, "ordPrdSeq"), raw})
			}
		}
	}
	return nil
}

// recent are the windows in which open orders are looked for.
func recent(now time.Time) []connectors.Window {
	to := now.In(seoul).Truncate(time.Minute).Add(time.Minute)
	return connectors.Window{From: to.AddDate(0, 0, -lookBack), To: to}.Split(weekDays * 24 * time.Hour)
}

// openLists reads the lists of all open orders, once.
func (d *Driver) openLists(ctx context.Context, g *gathering) error {
	if g.open {
		return nil
	}
	g.open = true
	all := newGathering()
	for _, w := range recent(d.Now()) {
		if err := d.lists(ctx, w, all); err != nil {
			return err
		}
	}
	for n, list := range all.details {
		if _, asked := g.lines[n]; !asked {
			continue
		}
		for _, r := range list {
			if !g.has(n, r.line) {
				g.add(r.part, r.raw)
			}
		}
	}
	return nil
}

func (g *gathering) has(number, line string) bool {
	return slices.ContainsFunc(g.details[number], func(r rec) bool { return r.line == line })
}

// lacking are the orders with a line that waits and has no whole record.
func (g *gathering) lacking(numbers []string) []string {
	var out []string
	for _, n := range numbers {
		if slices.ContainsFunc(g.lines[n], func(r rec) bool { return waits(rawValue(r.raw, "ordPrdStat")) && !g.has(n, r.line) }) {
			out = append(out, n)
		}
	}
	return out
}

// present reads the lines of an order as they were gathered; none if the mall does
// not give it.
func (g *gathering) present(number string) ([]*line, error) {
	if len(g.lines[number]) == 0 {
		return nil, nil
	}
	var all []numbered
	for _, r := range slices.Concat(g.details[number], g.lines[number]) {
		all = append(all, numbered{r.part, r.part, r.raw})
	}
	lines, _, w := linesOf(all)
	if w != nil {
		return nil, &connectors.Error{Class: connectors.Transient, Call: "orderlistalladdr", Message: w.field + ": " + w.detail}
	}
	return lines, nil
}

// page makes a page of orders. Those of which the mall gives no line by number are
// missing, though a list may name them.
func (g *gathering) page(numbers []string) connectors.Page {
	p := connectors.Page{Kind: pageOrders, Total: -1, At: g.at}
	parts := map[string][][]byte{}
	for _, n := range numbers {
		if len(g.lines[n]) == 0 && allDigits(n) {
			p.Missing = append(p.Missing, n)
			continue
		}
		p.Keys = append(p.Keys, n)
		for _, r := range slices.Concat(g.details[n], g.lines[n]) {
			parts[r.part] = append(parts[r.part], r.raw)
		}
	}
	p.Body = document(parts)
	return p
}

// partNames are the parts of a page in the order in which they stand.
var partNames = []string{partComplete, partPackaging, partNumber, partLines}

// document puts records, byte for byte, into one document.
func document(parts map[string][][]byte) []byte {
	var b bytes.Buffer
	b.WriteString(`<?xml version="1.0" encoding="euc-kr" standalone="yes"?>` + "\n")
	b.WriteString(`<lists xmlns:ns2="http://skt.tmall.business.openapi.spring.service.client.domain/">`)
	for _, name := range partNames {
		if len(parts[name]) == 0 {
			continue
		}
		b.WriteString("<" + name + ">")
		for _, raw := range parts[name] {
			b.Write(raw)
		}
		b.WriteString("</" + name + ">")
	}
	b.WriteString("</lists>")
	return b.Bytes()
}

// A claimList is one of the lists of claims.
type claimList struct {
	name  string
	kind  connectors.ClaimKind
	state connectors.ClaimState
}

// claimLists are the lists of claims, and the state that a claim has by standing in one. Those of
// a later state come later.
var claimLists = []claimList{
	{"cancelorders", connectors.ClaimCancel, connectors.ClaimRequested},
	{"canceledorders", connectors.ClaimCancel, connectors.ClaimDone},
	{"withdrawcanceledorders", connectors.ClaimCancel, connectors.ClaimWithdrawn},
	{"officecancellist", connectors.ClaimCancel, connectors.ClaimDone},
	{"returnorders", connectors.ClaimReturn, connectors.ClaimRequested},
	{"returnedorders", connectors.ClaimReturn, connectors.ClaimDone},
	{"retractretorders", connectors.ClaimReturn, connectors.ClaimWithdrawn},
	{"exchangeorders", connectors.ClaimExchange, connectors.ClaimRequested},
	{"exchangedorders", connectors.ClaimExchange, connectors.ClaimDone},
	{"retractexcorders", connectors.ClaimExchange, connectors.ClaimWithdrawn},
}

// Claims yields what buyers asked for inside w, list by list.
func (d *Driver) Claims(ctx context.Context, w connectors.Window) iter.Seq2[connectors.Page, error] {
	return func(yield func(connectors.Page, error) bool) {
		for _, l := range claimLists {
			p := connectors.Page{Kind: l.name, Total: -1}
			seen := map[string]bool{}
			var all [][]byte
			err := d.list(ctx, "/claimservice/"+l.name, l.name, whole(w), func(reply *connectors.Reply, records [][]byte) {
				p.At = reply.At
				for _, raw := range records {
					key := l.name + " " + string(raw)
					if !seen[key] {
						seen[key] = true
						p.Keys = append(p.Keys, fmt.Sprintf("%s %d", l.name, len(all)))
						all = append(all, raw)
					}
				}
			})
			if err != nil {
				yield(connectors.Page{}, err)
				return
			}
			p.Body = document(map[string][][]byte{partLines: all})
			if len(all) > 0 && !yield(p, nil) {
				return
			}
		}
	}
}
