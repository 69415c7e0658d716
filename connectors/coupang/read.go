package coupang

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/mallbridge/mallbridge/connectors"
)

const (
	pageSize  = "50" // bundles on a page, the most there can be
	ordersMax = 200  // orders on one of our pages
	dayList   = 7    // days that are gathered at once for all statuses
	dayOpen   = 31   // days that one list can span
)

// Orders yields all orders of w, by createdAt.
func (d *Driver) Orders(ctx context.Context, w connectors.Window) iter.Seq2[connectors.Page, error] {
	return d.lists(ctx, spans(w, dayList), chain)
}

// Open yields the orders of w with a bundle that is paid or being prepared.
func (d *Driver) Open(ctx context.Context, w connectors.Window) iter.Seq2[connectors.Page, error] {
	return d.lists(ctx, spans(w, dayOpen), chain[:2])
}

// A span is what one list is asked for: minutes [from, to) or whole days.
type span struct {
	from, to time.Time
	days     bool
}

// spans cuts a window into what lists can be asked for: under 24 hours by the
// minute, longer ones by whole days of at most so many, with their edges by the
// minute.
func spans(w connectors.Window, days int) []span {
	from, to := w.From.In(seoul).Truncate(time.Minute), w.To.In(seoul)
	if t := to.Truncate(time.Minute); t.Before(to) {
		to = t.Add(time.Minute)
	}
	if to.Sub(from) < 24*time.Hour {
		return []span{{from, to, false}}
	}
	var out []span
	if m := midnight(from); m.After(from) {
		out = append(out, span{from, m, false})
		from = m
	}
	last := midnight(to)
	if last.After(to) {
		last = last.AddDate(0, 0, -1)
	}
	for from.Before(last) {
		end := from.AddDate(0, 0, days)
		if end.After(last) {
			end = last
		}
		out = append(out, span{from, end, true})
		from = end
	}
	if last.Before(to) {
		out = append(out, span{last, to, false})
	}
	return out
}

// midnight is the next beginning of a day, or t itself.
func midnight(t time.Time) time.Time {
	m := time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, seoul)
	if m.Before(t) {
		m = m.AddDate(0, 0, 1)
	}
	return m
}

// A bundle is one record of a list, as it came.
type bundle struct {
	order string
	split bool
	raw   json.RawMessage
}

// A gathering holds the bundles of a span, each once. What came last counts.
type gathering struct {
	bundles []bundle
	at      map[string]int  // by shipmentBoxId
	days    map[string]bool // status and day that were read by pages
	now     time.Time
}

func (d *Driver) lists(ctx context.Context, spans []span, statuses []text) iter.Seq2[connectors.Page, error] {
	return func(yield func(connectors.Page, error) bool) {
		done := map[string]bool{}
		for _, s := range spans {
			g := gathering{at: map[string]int{}, days: map[string]bool{}}
			for _, st := range statuses {
				if err := d.list(ctx, st, s, &g); err != nil {
					yield(connectors.Page{}, err)
					return
				}
			}
			if err := d.complete(ctx, &g); err != nil {
				yield(connectors.Page{}, err)
				return
			}
			for _, p := range g.pages(done) {
				if !yield(p, nil) {
					return
				}
			}
		}
	}
}

// list gathers one status of a span. A span that holds too much for one answer is
// cut in half; a minute that does is read by pages of its day.
func (d *Driver) list(ctx context.Context, status text, s span, g *gathering) error {
	date := string(status) + s.from.Format(time.DateOnly)
	if !s.days && g.days[date] && s.to.Sub(s.from) <= time.Minute {
		return nil
	}
	err := d.listOnce(ctx, status, s, g)
	if s.days || !tooWide(err) {
		return transient(err)
	}
	a, b, ok := connectors.Window{From: s.from, To: s.to}.Halves(time.Minute)
	if !ok {
		from := midnight(s.from.Add(time.Minute)).AddDate(0, 0, -1)
		g.days[date] = true
		return transient(d.listOnce(ctx, status, span{from, from.AddDate(0, 0, 1), true}, g))
	}
	for _, half := range []connectors.Window{a, b} {
		if err := d.list(ctx, status, span{half.From, half.To, false}, g); err != nil {
			return err
		}
	}
	return nil
}

func tooWide(err error) bool {
	var e *connectors.Error
	return errors.As(err, &e) && e.Code == codeTooWide
}

// transient is for a read that timed out however narrow it was.
func transient(err error) error {
	if !tooWide(err) {
		return err
	}
	e := *connectors.AsError(err)
	e.Class = connectors.Transient
	return &e
}

func (d *Driver) listOnce(ctx context.Context, status text, s span, g *gathering) error {
	query := []string{"createdAtFrom", s.from.Format("2006-01-02T15:04-07:00"), "createdAtTo", s.to.Format("2006-01-02T15:04-07:00"), "searchType", "timeFrame", "status", string(status)}
	if s.days {
		query = []string{"createdAtFrom", s.from.Format("2006-01-02-07:00"), "createdAtTo", s.to.AddDate(0, 0, -1).Format("2006-01-02-07:00"), "maxPerPage", pageSize, "status", string(status)}
	}
	l := listing{kind: pageSheets, path: d.vendorPath("v5", "/ordersheets"), query: query, patient: s.days || s.to.Sub(s.from) > time.Hour}
	return d.follow(ctx, l, func(e *envelope, at time.Time) error {
		g.now = at
		for _, raw := range e.List {
			g.add(raw)
		}
		return nil
	})
}

// A listing is a list that comes in pages.
type listing struct {
	kind, path string
	query      []string
	byIndex    bool // pages have numbers instead of tokens
	patient    bool // it may take long
	from       text // the page to begin with; empty for the first
}

// follow reads a list page by page. A token that comes again would never end.
func (d *Driver) follow(ctx context.Context, l listing, take func(*envelope, time.Time) error) error {
	seen := map[text]bool{}
	token := l.from
	for {
		q := l.query
		if token != "" && l.byIndex {
			q = append(slices.Clone(q), "pageIndex", string(token))
		} else if token != "" {
			q = append(slices.Clone(q), "nextToken", string(token))
		}
		e, reply, err := d.call(ctx, connectors.Request{Kind: l.kind, Method: http.MethodGet, Path: l.path, Query: encode(q), Safe: true}, l.patient)
		if err != nil {
			return err
		}
		if err := e.records(); err != nil {
			return &connectors.Error{Class: connectors.Transient, Call: l.kind, Message: "data is no list", Err: err}
		}
		if err := take(e, reply.At); err != nil {
			return err
		}
		if token = e.Next; l.byIndex {
			token = e.NextAt
		}
		if token == "" {
			return nil
		}
		if seen[token] {
			return &connectors.Error{Class: connectors.Transient, Call: l.kind, Message: fmt.Sprintf("the mall gives the page %s again and again", token)}
		}
		seen[token] = true
	}
}

// add takes a bundle. One without legible numbers is kept for its refusal.
func (g *gathering) add(raw json.RawMessage) {
	var id struct {
		Box   text `json:"shipmentBoxId"`
		Order text `json:"orderId"`
		Split flag `json:"splitShipping"`
	}
	// Parse refuses what cannot be read.
	_ = json.Unmarshal(raw, &id)
	key, number := string(id.Box), string(id.Order)
	if key == "" {
		key = "record " + strconv.Itoa(len(g.bundles))
	}
	if number == "" {
		number = key
	}
	b := bundle{number, bool(id.Split), raw}
	if i, ok := g.at[key]; ok {
		g.bundles[i] = b
		return
	}
	g.at[key] = len(g.bundles)
	g.bundles = append(g.bundles, b)
}

// complete reads orders again whose bundles were split: a part that was sent ahead
// may have been created later than the rest, and then is in another window.
func (d *Driver) complete(ctx context.Context, g *gathering) error {
	done := map[string]bool{}
	for _, b := range slices.Clone(g.bundles) {
		if !b.split || done[b.order] {
			continue
		}
		done[b.order] = true
		list, _, err := d.byOrder(ctx, b.order)
		if err != nil {
			return err
		}
		for _, raw := range list {
			g.add(raw)
		}
	}
	return nil
}

// pages puts the bundles of each order together. Orders that were done before are
// left out, so that no page repeats one.
func (g *gathering) pages(done map[string]bool) []connectors.Page {
	byOrder := map[string][]json.RawMessage{}
	var numbers []string
	for _, b := range g.bundles {
		if done[b.order] {
			continue
		}
		if byOrder[b.order] == nil {
			numbers = append(numbers, b.order)
		}
		byOrder[b.order] = append(byOrder[b.order], b.raw)
	}
	var out []connectors.Page
	for len(numbers) > 0 {
		n := min(len(numbers), ordersMax)
		var list []json.RawMessage
		for _, number := range numbers[:n] {
			done[number] = true
			list = append(list, byOrder[number]...)
		}
		out = append(out, connectors.Page{Kind: pageSheets, Body: wrap(list), Keys: numbers[:n:n], Total: -1, At: g.now})
		numbers = numbers[n:]
	}
	return out
}

// wrap puts records, byte for byte, into an answer of the mall's shape.
func wrap(list []json.RawMessage) []byte {
	var b bytes.Buffer
	b.WriteString(`{"code":200,"message":"OK","data":[`)
	for i, raw := range list {
		if i > 0 {
			b.WriteByte(',')
		}
		b.Write(raw)
	}
	b.WriteString(`],"nextToken":""}`)
	return b.Bytes()
}

// Reread yields the present state of orders.
func (d *Driver) Reread(ctx context.Context, numbers []string) iter.Seq2[connectors.Page, error] {
	return func(yield func(connectors.Page, error) bool) {
		var missing []string
		now := d.Now().UTC()
		for _, n := range numbers {
			list, at, err := d.byOrder(ctx, n)
			switch {
			case err != nil:
				yield(connectors.Page{}, err)
				return
			case len(list) == 0:
				missing = append(missing, n)
				continue
			}
			if !yield(connectors.Page{Kind: pageSheets, Body: wrap(list), Keys: []string{n}, Total: -1, At: at}, nil) {
				return
			}
		}
		if len(missing) > 0 {
			yield(connectors.Page{Kind: pageSheets, Body: wrap(nil), Missing: missing, Total: -1, At: now}, nil)
		}
	}
}

// byOrder reads the bundles of one order; none if the mall does not give it.
func (d *Driver) byOrder(ctx context.Context, number string) ([]json.RawMessage, time.Time, error) {
	if !allDigits(number) {
		return nil, time.Time{}, nil
	}
	e, reply, err := d.get(ctx, "ordersheet", d.vendorPath("v5", "/"+number+"/ordersheets"))
	if err != nil {
		if connectors.AsError(err).Code == codeGone {
			return nil, time.Time{}, nil
		}
		return nil, time.Time{}, err
	}
	if err := e.records(); err != nil {
		return nil, time.Time{}, &connectors.Error{Class: connectors.Transient, Call: "ordersheet", Message: "data is no list", Err: err}
	}
	return e.List, reply.At, nil
}

// claimLists are the lists of returnRequests that hold every claim: received
// (stop requests are among them), completed, under Coupang's own check, and what
// was cancelled before preparation.
var claimLists = [][]string{{"status", "UC"}, {"status", "CC"}, {"status", "PR"}, {"cancelType", "CANCEL"}}

// Claims yields cancellations, stop requests and returns created inside w, and
// those that were withdrawn inside it.
func (d *Driver) Claims(ctx context.Context, w connectors.Window) iter.Seq2[connectors.Page, error] {
	return func(yield func(connectors.Page, error) bool) {
		stopped := errors.New("stopped by the caller")
		done := map[string]bool{}
		give := func(kind string, key func(json.RawMessage) string) func(*envelope, time.Time) error {
			return func(e *envelope, at time.Time) error {
				p := connectors.Page{Kind: kind, Total: -1, At: at}
				var list []json.RawMessage
				for i, raw := range e.List {
					k := key(raw)
					if k == "" {
						k = fmt.Sprintf("%s record %d of %d", kind, i, len(done))
					}
					if !done[k] {
						done[k] = true
						list, p.Keys = append(list, raw), append(p.Keys, k)
					}
				}
				p.Body = wrap(list)
				if len(list) > 0 && !yield(p, nil) {
					return stopped
				}
				return nil
			}
		}
		for _, q := range claimLists {
			err := d.claimList(ctx, w, q, give(pageClaims, func(raw json.RawMessage) string {
				var c struct {
					ID     text `json:"receiptId"`
					Status text `json:"receiptStatus"`
				}
				_ = json.Unmarshal(raw, &c)
				// A claim that moves on while it is read comes in two states.
				return string(c.ID + " " + c.Status)
			}))
			if err != nil {
				if !errors.Is(err, stopped) {
					yield(connectors.Page{}, err)
				}
				return
			}
		}
		err := d.withdrawnList(ctx, w, give(pageWithdrawn, func(raw json.RawMessage) string {
			var x withdrawal
			_ = json.Unmarshal(raw, &x)
			return string(x.Claim) + " withdrawn"
		}))
		if err != nil && !errors.Is(err, stopped) {
			yield(connectors.Page{}, err)
		}
	}
}

// claimList reads one list by the minute, in halves where it holds too much, and
// a minute that does by pages of its day.
func (d *Driver) claimList(ctx context.Context, w connectors.Window, which []string, take func(*envelope, time.Time) error) error {
	s := minutes(w)
	l := listing{kind: pageClaims, path: d.vendorPath("v6", "/returnRequests"), patient: s.Length() > time.Hour}
	l.query = append([]string{
		"searchType", "timeFrame", "createdAtFrom", s.From.Format("2006-01-02T15:04"), "createdAtTo", s.To.Format("2006-01-02T15:04"),
	}, which...)
	err := d.follow(ctx, l, take)
	if !tooWide(err) {
		return err
	}
	a, b, ok := s.Halves(time.Minute)
	if !ok {
		day := s.From.Format(time.DateOnly)
		l.query = append([]string{"createdAtFrom", day, "createdAtTo", day, "maxPerPage", pageSize}, which...)
		return transient(d.follow(ctx, l, take))
	}
	if err := d.claimList(ctx, a, which, take); err != nil {
		return err
	}
	return d.claimList(ctx, b, which, take)
}

// minutes widens a window to whole minutes of Korean time.
func minutes(w connectors.Window) connectors.Window {
	from, to := w.From.In(seoul).Truncate(time.Minute), w.To.In(seoul)
	if t := to.Truncate(time.Minute); t.Before(to) {
		to = t.Add(time.Minute)
	}
	return connectors.Window{From: from, To: to}
}

// withdrawnList reads claims that were taken back, seven days at a time.
func (d *Driver) withdrawnList(ctx context.Context, w connectors.Window, take func(*envelope, time.Time) error) error {
	first := minutes(w).From
	last := w.To.Add(-time.Nanosecond).In(seoul)
	for from := first; !from.After(last); from = from.AddDate(0, 0, 7) {
		to := from.AddDate(0, 0, 6)
		if to.After(last) {
			to = last
		}
		l := listing{kind: pageWithdrawn, path: d.vendorPath("v4", "/returnWithdrawRequests"), byIndex: true}
		l.query = []string{"dateFrom", from.Format(time.DateOnly), "dateTo", to.Format(time.DateOnly), "sizePerPage", "100"}
		err := d.follow(ctx, l, take)
		if err != nil {
			return err
		}
	}
	return nil
}

// Catalog lists everything; see [Driver.CatalogFrom].
func (d *Driver) Catalog(ctx context.Context) iter.Seq2[connectors.Page, error] {
	return d.CatalogFrom(ctx, connectors.CatalogFrom{})
}

// CatalogFrom yields every registered product, one page each: the list tells when a
// product was registered, not when it was changed. Places to go on from are the
// pages of the list.
func (d *Driver) CatalogFrom(ctx context.Context, from connectors.CatalogFrom) iter.Seq2[connectors.Page, error] {
	return func(yield func(connectors.Page, error) bool) {
		stopped := errors.New("stopped by the caller")
		done := map[text]bool{}
		var missing []string
		l := listing{kind: "seller-products", path: sellerAPI + "/seller-products", query: []string{"vendorId", d.vendor, "maxPerPage", "100"}, patient: true, from: text(from.Position)}
		here := from.Position
		err := d.follow(ctx, l,
			func(e *envelope, _ time.Time) error {
				for _, raw := range e.List {
					var p product
					if err := json.Unmarshal(raw, &p); err != nil || !allDigits(string(p.ID)) {
						return &connectors.Error{Class: connectors.Transient, Call: "seller-products", Message: "a product without number", Err: err}
					}
					if done[p.ID] {
						continue
					}
					done[p.ID] = true
					_, reply, err := d.get(ctx, pageProduct, sellerAPI+"/seller-products/"+string(p.ID))
					switch {
					case err != nil && connectors.ClassOf(err) == connectors.Refused:
						missing = append(missing, string(p.ID))
						continue
					case err != nil:
						return err
					}
					if !yield(connectors.Page{Kind: pageProduct, Body: reply.Body, Keys: []string{string(p.ID)}, Total: -1, Next: here, At: reply.At}, nil) {
						return stopped
					}
				}
				here = string(e.Next)
				return nil
			})
		switch {
		case errors.Is(err, stopped):
		case err != nil:
			yield(connectors.Page{}, err)
		case len(missing) > 0:
			yield(connectors.Page{Kind: pageProduct, Body: []byte(`{"code":"SUCCESS","data":{}}`), Missing: missing, Total: -1, At: d.Now().UTC()}, nil)
		}
	}
}
