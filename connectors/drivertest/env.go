package drivertest

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/order"
)

// start is Friday 20 March 2026, 10:00 in Japan and Korea.
var start = time.Date(2026, 3, 20, 1, 0, 0, 0, time.UTC)

// A meddler stands between the driver and the mall. n counts the requests since it
// came, from 1.
type meddler func(n int, w http.ResponseWriter, r *http.Request, mall http.Handler)

// env is what a case works with: a simulator, a server before it, and the mall as
// callers see it.
type env struct {
	testing.TB
	h     Harness
	sim   *Sim
	clock *Clock
	mall  *connectors.Mall
	ctx   context.Context

	mu       sync.Mutex
	meddle   meddler
	since    int // requests since meddle was set
	requests int

	log      lockedBuffer
	texts    []string // errors and details that were seen
	captured []connectors.Exchange
	counters connectors.Counters
}

func newEnv(t testing.TB, h Harness) *env {
	e := &env{TB: t, h: h, clock: NewClock(start), ctx: t.Context()}
	e.start()
	server := httptest.NewServer(http.HandlerFunc(e.serve))
	t.Cleanup(server.Close)
	e.mall = e.open(server.URL, 0)
	t.Cleanup(e.checkSecrets)
	return e
}

// start makes a simulator. What it cannot do fails the case that asks for it.
func (e *env) start() {
	s := e.h.Start(e.TB, e.clock.Now)
	lacks := func(what string) {
		e.Helper()
		e.Fatalf("the simulator has no %s; waive the case with a reason, or add it", what)
	}
	if s.Cancel == nil {
		s.Cancel = func(string) { lacks("Cancel") }
	}
	if s.Remove == nil {
		s.Remove = func(string) { lacks("Remove") }
	}
	if s.Tracking == nil {
		s.Tracking = func(string) []string { lacks("Tracking"); return nil }
	}
	if s.Confirmed == nil {
		s.Confirmed = func(string) bool { lacks("Confirmed"); return false }
	}
	if s.Listing == nil {
		s.Listing = func() order.Codes { lacks("Listing"); return order.Codes{} }
	}
	if s.Stock == nil {
		s.Stock = func(order.Codes) int64 { lacks("Stock"); return 0 }
	}
	if s.Advance == nil {
		s.Advance = func() {}
	}
	e.sim = s
}

// open makes the mall; timeout replaces the mall's own if it is not 0.
func (e *env) open(url string, timeout time.Duration) *connectors.Mall {
	e.Helper()
	a := e.sim.Account
	a.Settings = maps.Clone(a.Settings)
	if a.Settings == nil {
		a.Settings = map[string]string{}
	}
	a.Settings[connectors.BaseURL] = url
	spec := e.h.Spec
	if timeout > 0 {
		about := *spec.About()
		about.Timeout = connectors.Duration(timeout)
		spec.About = func() *connectors.About { return &about }
	}
	m, err := spec.Open(a, connectors.Options{
		Now: e.clock.Now, Sleep: e.clock.Sleep, Jitter: func() float64 { return 0.5 },
		Log:     slog.New(slog.NewTextHandler(&e.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Capture: e, Meter: &e.counters,
	})
	if err != nil {
		e.Fatalf("open: %v", err)
	}
	return m
}

// Capture keeps exchanges.
func (e *env) Capture(_ context.Context, x connectors.Exchange) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.captured = append(e.captured, x)
	return nil
}

func (e *env) serve(w http.ResponseWriter, r *http.Request) {
	e.mu.Lock()
	e.requests++
	e.since++
	n, m := e.since, e.meddle
	e.mu.Unlock()
	if m == nil {
		e.sim.Handler.ServeHTTP(w, r)
		return
	}
	m(n, w, r, e.sim.Handler)
}

// between puts a meddler in; nil takes it away.
func (e *env) between(m meddler) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.meddle, e.since = m, 0
}

// sent counts the requests that reached the server.
func (e *env) sent() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.requests
}

// fault turns on what the simulator does wrong.
func (e *env) fault(name string) {
	e.Helper()
	f := e.sim.Faults[name]
	if f == nil {
		e.Fatalf("the simulator has no fault %q; waive the case with a reason, or add it", name)
	}
	f()
}

func (e *env) rule() connectors.WindowRule { return e.h.Spec.About().Window }

func (e *env) grain() time.Duration { return max(time.Duration(e.rule().Grain), time.Second) }

// window returns one that ends before the mall's delay and is at most an hour long.
func (e *env) window() connectors.Window {
	length := time.Hour
	if l := time.Duration(e.rule().Longest); l > 0 {
		length = min(length, l)
	}
	to := e.clock.Now().Add(-time.Duration(e.rule().Delay)).Truncate(time.Hour)
	return connectors.Window{From: to.Add(-length), To: to}
}

// place puts n orders into w, evenly.
func (e *env) place(w connectors.Window, n int, fresh bool) []order.Order {
	e.Helper()
	placed := make([]order.Order, n)
	for i := range placed {
		at := w.From.Add(time.Duration(i) * (w.Length() / time.Duration(n))).Truncate(time.Second)
		if at.Before(w.From) {
			at = w.From
		}
		placed[i] = e.sim.Place(at, fresh)
	}
	return placed
}

// got is what a read gave.
type got struct {
	orders  map[string]order.Order
	pages   []connectors.Page
	missing []string
	refused []connectors.Refusal
	err     error
}

func (e *env) gather(pages iter.Seq2[connectors.Page, error]) got {
	g := got{orders: map[string]order.Order{}}
	for p, err := range pages {
		if err != nil {
			g.err = err
			e.note(err.Error())
			continue
		}
		g.pages = append(g.pages, p)
		g.missing = append(g.missing, p.Missing...)
		parsed, err := e.mall.Parse(p)
		if err != nil {
			g.err = err
			e.note(err.Error())
			continue
		}
		for _, o := range parsed.Orders {
			g.orders[o.Number] = o
		}
		g.refused = append(g.refused, parsed.Refused...)
	}
	return g
}

func (e *env) read(w connectors.Window) got {
	return e.gather(e.mall.Read(e.ctx, connectors.Read{Window: w, Kind: connectors.ReadNew}))
}

// readWell reads and fails the case on any error.
func (e *env) readWell(w connectors.Window) got {
	e.Helper()
	g := e.read(w)
	if g.err != nil {
		e.Fatalf("read %v: %v", w, g.err)
	}
	return g
}

// exactly compares what came with what was placed.
func (e *env) exactly(g got, placed []order.Order) {
	e.Helper()
	e.including(g, placed)
	want := map[string]bool{}
	for _, o := range placed {
		want[o.Number] = true
	}
	for n := range g.orders {
		if !want[n] {
			e.Errorf("order %s came and is not of the window", n)
		}
	}
}

func (e *env) including(g got, placed []order.Order) {
	e.Helper()
	bad := 0
	for i := range placed {
		o, ok := g.orders[placed[i].Number]
		switch {
		case bad > 5:
			return
		case !ok:
			bad++
			e.Errorf("order %s is lost", placed[i].Number)
		default:
			if d := Differ(&placed[i], &o); d != "" {
				bad++
				e.Errorf("order %s: %s", o.Number, d)
			}
		}
	}
	for _, r := range g.refused {
		e.Errorf("refused: %+v", r)
	}
}

// Differ says how got differs from what want fills in; empty if it does not.
func Differ(want, got *order.Order) string {
	var d []string
	text := func(what, want, got string) {
		if want != "" && want != got {
			d = append(d, fmt.Sprintf("%s is %q, want %q", what, got, want))
		}
	}
	number := func(what string, want, got int64) {
		if want != 0 && want != got {
			d = append(d, fmt.Sprintf("%s is %d, want %d", what, got, want))
		}
	}
	party := func(what string, want, got *order.Party) {
		text(what+" name", want.Name, got.Name)
		text(what+" kana", want.Kana, got.Kana)
		text(what+" postal code", want.Postal, got.Postal)
		text(what+" phone", want.Phone, got.Phone)
		text(what+" address", want.Address(), got.Address())
	}
	text("account", want.Account, got.Account)
	text("status", want.Status, got.Status)
	text("payment", want.Payment, got.Payment)
	text("note", want.Note, got.Note)
	number("total", want.Total, got.Total)
	if !want.Ordered.UTC.IsZero() && !want.Ordered.UTC.Equal(got.Ordered.UTC) {
		d = append(d, fmt.Sprintf("ordered at %v, want %v", got.Ordered.UTC, want.Ordered.UTC))
	}
	party("buyer", &want.Buyer, &got.Buyer)
	if len(want.Packages) != len(got.Packages) {
		return strings.Join(append(d, fmt.Sprintf("%d packages, want %d", len(got.Packages), len(want.Packages))), "; ")
	}
	for i := range want.Packages {
		w, g := &want.Packages[i], &got.Packages[i]
		text("package", w.Key, g.Key)
		party("recipient", &w.To, &g.To)
		text("wished day", string(w.DeliverOn), string(g.DeliverOn))
		text("wished time", w.TimeBand, g.TimeBand)
		text("delivery message", w.Note, g.Note)
		if len(w.Lines) != len(g.Lines) {
			d = append(d, fmt.Sprintf("%d lines, want %d", len(g.Lines), len(w.Lines)))
			continue
		}
		for j := range w.Lines {
			a, b := &w.Lines[j], &g.Lines[j]
			text("line", a.Key, b.Key)
			text("name", a.Name, b.Name)
			text("option", a.Option, b.Option)
			number("quantity", a.Quantity, b.Quantity)
			number("price", a.Price, b.Price)
			for _, c := range order.CodeNames() {
				x, _ := a.Codes.By(c)
				y, _ := b.Codes.By(c)
				text(c, x, y)
			}
		}
	}
	return strings.Join(d, "; ")
}

// note keeps a text in which secrets are searched for.
func (e *env) note(text string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.texts = append(e.texts, text)
}

// results notes the details and checks the number.
func (e *env) results(n int, res []connectors.Result) []connectors.Result {
	e.Helper()
	for _, r := range res {
		e.note(fmt.Sprintf("%s %s %s %v", r.Code, r.Detail, r.Ref, r.Err))
	}
	if len(res) != n {
		e.Fatalf("%d results for %d records", len(res), n)
	}
	return res
}

// checkSecrets searches everything that was written.
func (e *env) checkSecrets() {
	var all strings.Builder
	all.WriteString(e.log.String())
	for _, t := range e.texts {
		all.WriteString(t + "\n")
	}
	for _, x := range e.captured {
		fmt.Fprintf(&all, "%s %s %s %s %s\n", x.URL, x.Type, x.Error, x.Sent, x.Got)
	}
	for _, c := range e.counters.All() {
		fmt.Fprintf(&all, "%+v\n", c)
	}
	text := all.String()
	for _, name := range slices.Sorted(maps.Keys(e.sim.Secrets)) {
		if v := e.sim.Secrets[name]; v != "" && strings.Contains(text, v) {
			at := strings.Index(text, v)
			e.Errorf("the secret %s was written: …%s", name, text[max(0, at-120):at])
		}
	}
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
