package contract

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/connectors/drivertest"
	"github.com/mallbridge/mallbridge/order"
)

// A Mall is one mall with its contracts.
type Mall struct {
	// Harness is that of the conformance suite.
	Harness drivertest.Harness
	APIs    []API
	// Outside lists beginnings of paths of which no contract is there, with the reason:
	// logins. They go to the simulator.
	Outside map[string]string
	// More sends what the suite does not: it puts checked between a connector and a mall
	// of its own. nil for nothing.
	More func(t *testing.T, checked func(mall http.Handler) http.Handler)
	// Operations are those that must have been sent, as a contract has them:
	// "GET /order/{orderId}". Empty demands nothing but one of each contract.
	Operations []string
	// Lossless compares a page with what the driver made of it, record by record. It is
	// called for pages of invented answers, and returns how many records it compared.
	Lossless func(p connectors.Page, parsed connectors.Parsed) (int, error)
}

// Environment variables that `make contract` sets.
const (
	specsVariable = "SPECS"
	prismVariable = "PRISM"
)

// Run checks a mall.
func Run(t *testing.T, m Mall) {
	dir := os.Getenv(specsVariable)
	if dir == "" {
		t.Skip("SPECS names no folder with the malls' official contracts: make contract SPECS=DIR runs this")
	}
	prism := os.Getenv(prismVariable)
	if prism == "" {
		t.Fatal("PRISM names no mock server: run make contract SPECS=DIR")
	}
	c := &check{Mall: m, prism: prism, calls: recorder{count: map[*operation]int{}, seen: map[string]bool{}}, mocks: map[*document]*mock{}}
	for _, a := range m.APIs {
		d, err := read(dir, a)
		if err != nil {
			t.Fatal(err)
		}
		text, err := d.closed(nil, false)
		if err != nil {
			t.Fatal(err)
		}
		c.docs = append(c.docs, d)
		c.mocks[d] = start(t, prism, text, "mallbridge")
	}
	t.Run("requests", c.requests)
	t.Run("answers", c.answers)
}

// A check is one run over a mall.
type check struct {
	Mall
	prism string
	docs  []*document
	mocks map[*document]*mock
	calls recorder
}

func (c *check) outside(path string) bool {
	for prefix := range c.Outside {
		if strings.HasPrefix(path, prefix) {
			return true
		}
	}
	return false
}

// used lists the operations that were called, by contract.
func (c *check) used() map[*document][]*operation {
	out := map[*document][]*operation{}
	for op := range c.calls.count {
		out[op.api] = append(out[op.api], op)
	}
	for _, ops := range out {
		slices.SortFunc(ops, func(a, b *operation) int { return strings.Compare(a.String(), b.String()) })
	}
	return out
}

// requests runs the suite and shows every request to the mock server.
func (c *check) requests(t *testing.T) {
	h := c.Harness
	started := h.Start
	if most := 3 * h.Page; h.Many == 0 || h.Many > most {
		h.Many = most
	}
	h.Start = func(t testing.TB, now func() time.Time) *drivertest.Sim {
		s := started(t, now)
		s.Handler = c.checked(t, s.Handler)
		return s
	}
	t.Run("suite", func(t *testing.T) { drivertest.Run(t, h) })
	if c.More != nil {
		t.Run("more", func(t *testing.T) {
			c.More(t, func(mall http.Handler) http.Handler { return c.checked(t, mall) })
		})
	}
	for _, d := range c.docs {
		ops := c.used()[d]
		if len(ops) == 0 {
			t.Errorf("%s: the connector made no call of it", d.File)
		}
		for _, op := range ops {
			t.Logf("%s: %s: %d requests", d.File, op, c.calls.count[op])
		}
	}
	t.Logf("%d different requests were checked", len(c.calls.seen))
	sent := map[string]bool{}
	for op := range c.calls.count {
		sent[op.String()] = true
	}
	for _, name := range c.Operations {
		if !sent[name] {
			t.Errorf("%s was not sent", name)
		}
	}
}

// checked is a mall before which every request is looked at.
func (c *check) checked(t testing.TB, mall http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.look(t, r)
		mall.ServeHTTP(w, r)
	})
}

// look gives a request to the mock server of its contract.
func (c *check) look(t testing.TB, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	if err != nil || c.outside(r.URL.EscapedPath()) {
		return // a connection that a case broke
	}
	op, path := find(c.docs, r.Method, r.URL.EscapedPath())
	if op == nil {
		t.Errorf("no contract has the call\n%s", shown(r, body))
		return
	}
	if !c.calls.new(op, r.Method+r.RequestURI+r.Header.Get("Content-Type")+string(body)) {
		return
	}
	for name := range r.URL.Query() {
		if !slices.Contains(op.params, name) {
			t.Errorf("%s: %s has no parameter %q\n%s", op.api.File, op, name, shown(r, body))
		}
	}
	res, text, err := c.mocks[op.api].answer(r, path, body, "")
	switch {
	case errors.Is(err, context.Canceled):
	case err != nil:
		t.Errorf("%s: %v", op, err)
	default:
		if wrong := fault(res, text); wrong != "" {
			t.Errorf("%s: %s: %s\n%s", op.api.File, op, wrong, shown(r, body))
		}
	}
}

// wish is what is asked of the mock server: a call that has no answer of the status
// fails with the first that it has.
func (o *operation) wish(prefer string) string {
	code, rest, ok := strings.Cut(prefer, ", ")
	if !ok || slices.Contains(o.statuses, strings.TrimPrefix(code, "code=")) {
		return prefer
	}
	for _, s := range o.statuses {
		if failure(s) {
			return "code=" + s + ", " + rest
		}
	}
	return rest
}

func failure(status string) bool { return status[0] == '4' || status[0] == '5' }

// rounds is how often answers are invented for each thing that a connector does.
const rounds = 5

// answers lets the mock server be the mall.
func (c *check) answers(t *testing.T) {
	shaped := map[*document]*mock{}
	for d, ops := range c.used() {
		text, err := d.closed(ops, true)
		if err != nil {
			t.Fatal(err)
		}
		shaped[d] = start(t, c.prism, text, "mallbridge")
	}
	if len(shaped) == 0 {
		t.Skip("the connector called nothing that a contract has")
	}
	statuses := map[string]bool{}
	for op := range c.calls.count {
		for _, s := range op.statuses {
			if failure(s) {
				statuses[s] = true
			}
		}
	}
	for _, s := range slices.Sorted(maps.Keys(statuses)) {
		t.Run("error "+s, func(t *testing.T) {
			got := c.play(t, c.mocks, "code="+s+", dynamic=true", 1)
			if got.taken > 0 {
				t.Errorf("%d records were taken out of answers of the status %s", got.taken, s)
			}
		})
	}
	t.Run("examples", func(t *testing.T) { c.play(t, c.mocks, "", 1) })
	t.Run("anything", func(t *testing.T) { c.play(t, c.mocks, "dynamic=true", rounds) })
	t.Run("shaped", func(t *testing.T) {
		got := c.play(t, shaped, "dynamic=true", rounds)
		if got.taken == 0 {
			t.Errorf("not one record was taken: %d were refused, the last: %+v; the last error: %v", got.refused, got.last, got.err)
		}
	})
}

// A sum is what came of invented answers.
type sum struct {
	taken, refused, compared, failed int
	last                             connectors.Refusal
	err                              error
}

// play uses every ability of the mall over invented answers, several times.
func (c *check) play(t *testing.T, mocks map[*document]*mock, prefer string, times int) *sum {
	clock := drivertest.NewClock(time.Date(2026, 3, 20, 1, 0, 0, 0, time.UTC))
	sim := c.Harness.Start(t, clock.Now)
	var last exchange
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Errorf("%v", err)
			return
		}
		op, path := find(c.docs, r.Method, r.URL.EscapedPath())
		if op == nil || mocks[op.api] == nil || c.outside(r.URL.EscapedPath()) {
			r.Body = io.NopCloser(bytes.NewReader(body))
			sim.Handler.ServeHTTP(w, r)
			return
		}
		want := op.wish(prefer)
		res, text, err := mocks[op.api].answer(r, path, body, want)
		if err != nil {
			t.Errorf("%s: %v", op, err)
			return
		}
		if wrong := fault(res, text); wrong != "" && res.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %s\n%s", op, wrong, shown(r, body))
		}
		last.set(op, res.StatusCode, text)
		w.Header().Set("Content-Type", res.Header.Get("Content-Type"))
		w.WriteHeader(res.StatusCode)
		_, _ = w.Write(text) // the connector may have hung up
	}))
	t.Cleanup(server.Close)
	a := sim.Account
	a.Settings = maps.Clone(a.Settings)
	if a.Settings == nil {
		a.Settings = map[string]string{}
	}
	a.Settings[connectors.BaseURL] = server.URL
	m, err := c.Harness.Spec.Open(a, connectors.Options{Now: clock.Now, Sleep: clock.Sleep, Jitter: func() float64 { return 0.5 }})
	if err != nil {
		t.Fatal(err)
	}
	p := &player{check: c, T: t, mall: m, last: &last, now: clock.Now(), sim: sim, sum: &sum{}}
	for range times {
		p.once()
	}
	t.Logf("%d records taken (%d compared), %d refused, %d calls refused", p.sum.taken, p.sum.compared, p.sum.refused, p.sum.failed)
	return p.sum
}

// An exchange is the last answer that was invented, for what a failed test prints.
type exchange struct {
	mu   sync.Mutex
	text string
}

func (e *exchange) set(op *operation, status int, body []byte) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.text = fmt.Sprintf("%s: %d\n%s", op, status, body)
}

func (e *exchange) String() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.text
}

// A player uses a mall whose answers are invented.
type player struct {
	*check
	*testing.T
	mall *connectors.Mall
	last *exchange
	now  time.Time
	sim  *drivertest.Sim
	sum  *sum
}

// pagesMost is how many pages are read of a list that never ends.
const pagesMost = 3

func (p *player) once() {
	ctx := p.Context()
	w := connectors.Window{From: p.now.Add(-2 * time.Hour), To: p.now.Add(-time.Hour)}
	placed := p.sim.Place(w.From, false)
	p.pages("orders", p.mall.Read(ctx, connectors.Read{Window: w, Kind: connectors.ReadNew}))
	if p.mall.Can("open") {
		p.pages("open", p.mall.Read(ctx, connectors.Read{Window: w, Kind: connectors.ReadOpen}))
	}
	if p.mall.Can("reread") {
		p.pages("reread", p.mall.Reread(ctx, []string{placed.Number}))
	}
	if p.mall.Can("claims") {
		p.pages("claims", p.mall.Claims(ctx, w))
	}
	if p.mall.Can("catalog") {
		p.pages("catalog", p.mall.Catalog(ctx, connectors.CatalogFrom{}))
	}
	if p.mall.Can("confirm") {
		p.results("confirm", p.mall.Confirm(ctx, []order.Order{placed}))
	}
	if p.mall.Can("ship") {
		p.results("ship", p.mall.Ship(ctx, []connectors.Shipment{p.parcel(placed)}))
	}
	if p.sim.Listing != nil {
		p.stock(p.sim.Listing())
	}
	for _, x := range p.mall.Test(ctx) {
		if x.Detail == "" || !x.OK && x.Do == "" {
			p.Errorf("test: %+v\n%s", x, p.last)
		}
	}
}

func (p *player) parcel(o order.Order) connectors.Shipment {
	carriers := p.mall.About().Carriers
	s := connectors.Shipment{Order: o.Number, Package: "1", Tracking: "400000000103", ShippedOn: order.DateOf(p.now), ShippedAt: p.now}
	if len(o.Packages) > 0 {
		s.Package = o.Packages[0].Key
	}
	for _, c := range slices.Sorted(maps.Keys(carriers)) {
		s.Carrier = c
		break
	}
	return s
}

func (p *player) stock(c order.Codes) {
	ctx := p.Context()
	if p.mall.Can("stock") {
		p.results("stock", p.mall.SetStock(ctx, []connectors.Quantity{{Codes: c, Sell: 3}}))
	}
	if p.mall.Can("stock_read") {
		n, err := p.mall.ReadStock(ctx, []order.Codes{c})
		p.clear("stock_read", err)
		if err == nil && n[0] < -1 {
			p.Errorf("stock_read: %d pieces\n%s", n[0], p.last)
		}
	}
}

// clear checks that an error says what is wrong.
func (p *player) clear(what string, err error) {
	if err == nil {
		return
	}
	p.sum.failed++
	p.sum.err = err
	e := connectors.AsError(err)
	if e.Class == connectors.Unanswered || e.Message == "" || e.Call == "" {
		p.Errorf("%s: %v (class %v, call %q) is no clear error\n%s", what, err, e.Class, e.Call, p.last)
	}
}

func (p *player) results(what string, res []connectors.Result) {
	for _, r := range res {
		if !r.Outcome.OK() && r.Detail == "" && r.Code == "" {
			p.Errorf("%s: %+v says nothing\n%s", what, r, p.last)
		}
	}
}

func (p *player) pages(what string, pages iter.Seq2[connectors.Page, error]) {
	n := 0
	for page, err := range pages {
		if err != nil {
			p.clear(what, err)
			return
		}
		parsed, err := p.mall.Parse(page)
		if err != nil {
			p.Errorf("%s: a page that the driver gave cannot be parsed: %v\n%s", what, err, page.Body)
			return
		}
		p.look(what, page, parsed)
		if n++; n == pagesMost {
			return
		}
	}
}

// look checks that every record of a page is taken or refused, and taken as it is.
func (p *player) look(what string, page connectors.Page, parsed connectors.Parsed) {
	taken := len(parsed.Orders) + len(parsed.Claims) + len(parsed.Products)
	p.sum.taken += taken
	p.sum.refused += len(parsed.Refused)
	for _, r := range parsed.Refused {
		if p.sum.last = r; r.Reason == "" || r.Detail == "" {
			p.Errorf("%s: %+v says nothing\n%s", what, r, page.Body)
		}
	}
	if taken+len(parsed.Refused) == 0 && len(page.Keys) > 0 {
		p.Errorf("%s: %d records came to nothing\n%s", what, len(page.Keys), page.Body)
	}
	if p.Lossless == nil {
		return
	}
	compared, err := p.Lossless(page, parsed)
	p.sum.compared += compared
	if err != nil {
		p.Errorf("%s: %v\n%s", what, err, page.Body)
	}
}
