// Package graphql holds what a connector sends to a mall's GraphQL API, and what it makes
// of answers, against the mall's official schema.
//
// [Run] lets the conformance suite run over the simulator, and gives every query and its
// variables to graphql-js with the schema: one that the schema does not allow fails the
// test. The simulator's own part of the schema must be a part of the official one.
//
// Then a mock made from the schema is the mall. It invents answers; the connector must
// take them without loss or refuse them with a clear error.
//
// The schemas are not part of the program. SPECS names the folder that has them, and
// GRAPHQL the folder with the server and its modules (node/, after npm ci); `make
// contract` sets both. Without SPECS the tests are skipped.
package graphql

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"iter"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/connectors/drivertest"
	"github.com/mallbridge/mallbridge/order"
)

// A Mall is one mall with its schema.
type Mall struct {
	// Harness is that of the conformance suite.
	Harness drivertest.Harness
	// Schema is the official one, below the folder of all: shopify/….graphql.gz.
	Schema string
	// Part is the simulator's schema, which must be a part of it.
	Part string
	// Path is the end of the path of the API. Other calls, such as logins, go to the
	// simulator.
	Path string
	// More sends what the suite does not: it puts checked between a connector and a mall
	// of its own.
	More func(t *testing.T, checked func(mall http.Handler) http.Handler)
	// Operations are those that must have been sent.
	Operations []string
	// Lossless compares a page with what the driver made of it, record by record, and
	// returns how many records it compared.
	Lossless func(p connectors.Page, parsed connectors.Parsed) (int, error)
}

// Run checks a mall.
func Run(t *testing.T, m Mall) {
	dir := os.Getenv("SPECS")
	if dir == "" {
		t.Skip("SPECS names no folder with the malls' official contracts: make contract SPECS=DIR runs this")
	}
	node := os.Getenv("GRAPHQL")
	if node == "" {
		t.Fatal("GRAPHQL names no folder with the validator: run make contract SPECS=DIR")
	}
	s := start(t, node, filepath.Join(dir, filepath.FromSlash(m.Schema)))
	t.Run("part", func(t *testing.T) {
		var wrong []string
		s.ask(t, "/subset", []byte(m.Part), &wrong)
		for _, w := range wrong {
			t.Error(w)
		}
	})
	t.Run("requests", func(t *testing.T) { s.requests(t, m) })
	for _, mode := range []string{"anything", "nulls", "shaped"} {
		t.Run("answers/"+mode, func(t *testing.T) { s.answers(t, m, mode) })
	}
}

// A server validates and mocks.
type server struct{ address string }

// start starts the server; it ends with the test.
func start(t testing.TB, node, schema string) *server {
	t.Helper()
	cmd := exec.Command("node", filepath.Join(node, "server.js"), schema)
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it may have ended by itself
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	port, ok := strings.CutPrefix(strings.TrimSpace(line), "listening on ")
	if err != nil || !ok {
		_ = cmd.Wait()
		t.Fatalf("the server ended: %s %s", line, said.String())
	}
	return &server{"http://127.0.0.1:" + port}
}

func (s *server) ask(t testing.TB, path string, body []byte, out any) {
	res, err := http.Post(s.address+path, "application/json", bytes.NewReader(body))
	if err != nil {
		t.Errorf("%s: %v", path, err)
		return
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode == http.StatusOK {
		err = json.Unmarshal(text, out)
	}
	if err != nil || res.StatusCode != http.StatusOK {
		t.Errorf("%s: %v: %s\n%s", path, err, text, body)
	}
}

// operation is the name of a query: query Orders(…) is Orders.
func operation(query string) string {
	f := strings.FieldsFunc(query, func(r rune) bool { return r == ' ' || r == '(' || r == '{' })
	if len(f) < 2 {
		return query
	}
	return f[1]
}

// A recorder validates the requests that pass it, each once.
type recorder struct {
	*server
	path string

	mu    sync.Mutex
	seen  map[string]bool
	count map[string]int
}

func (c *recorder) checked(t testing.TB, mall http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		if err == nil && strings.HasSuffix(r.URL.Path, c.path) && c.fresh(t, body) {
			var wrong []string
			if c.ask(t, "/validate", body, &wrong); len(wrong) > 0 {
				t.Errorf("%s\n%s", strings.Join(wrong, "\n"), body)
			}
		}
		mall.ServeHTTP(w, r)
	})
}

// fresh counts a request and reports whether it was not seen before.
func (c *recorder) fresh(t testing.TB, body []byte) bool {
	var in struct {
		Query string `json:"query"`
	}
	if err := json.Unmarshal(body, &in); err != nil {
		t.Errorf("%v\n%s", err, body)
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.count[operation(in.Query)]++
	known := c.seen[string(body)]
	c.seen[string(body)] = true
	return !known
}

// requests runs the suite and validates every request.
func (s *server) requests(t *testing.T, m Mall) {
	c := &recorder{server: s, path: m.Path, seen: map[string]bool{}, count: map[string]int{}}
	h := m.Harness
	started := h.Start
	h.Many = 3 * h.Page
	h.Start = func(t testing.TB, now func() time.Time) *drivertest.Sim {
		sim := started(t, now)
		sim.Handler = c.checked(t, sim.Handler)
		return sim
	}
	t.Run("suite", func(t *testing.T) { drivertest.Run(t, h) })
	t.Run("more", func(t *testing.T) {
		m.More(t, func(mall http.Handler) http.Handler { return c.checked(t, mall) })
	})
	for _, name := range slices.Sorted(maps.Keys(c.count)) {
		t.Logf("%s: %d requests", name, c.count[name])
	}
	t.Logf("%d different requests were checked", len(c.seen))
	for _, name := range m.Operations {
		if c.count[name] == 0 {
			t.Errorf("%s was never sent", name)
		}
	}
}

// rounds is how often answers are invented for each thing that a connector does.
const rounds = 20

// answers lets the mock be the mall.
func (s *server) answers(t *testing.T, m Mall, mode string) {
	clock := drivertest.NewClock(time.Date(2026, 3, 20, 1, 0, 0, 0, time.UTC))
	sim := m.Harness.Start(t, clock.Now)
	p := &player{T: t, Mall: m, now: clock.Now(), asked: map[string]int{}}
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.URL.Path, m.Path) {
			sim.Handler.ServeHTTP(w, r)
			return
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Errorf("%v", err)
			return
		}
		var in struct {
			Query string `json:"query"`
		}
		var out json.RawMessage
		if err := json.Unmarshal(body, &in); err != nil {
			t.Errorf("%v", err)
		}
		p.asked[operation(in.Query)]++
		s.ask(t, "/mock?mode="+mode, body, &out)
		p.last = string(out)
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(out) // the connector may have hung up
	}))
	t.Cleanup(front.Close)
	a := sim.Account
	a.Settings = maps.Clone(a.Settings)
	a.Settings[connectors.BaseURL] = front.URL
	mall, err := m.Harness.Spec.Open(a, connectors.Options{Now: clock.Now, Sleep: clock.Sleep, Jitter: func() float64 { return 0.5 }})
	if err != nil {
		t.Fatal(err)
	}
	p.mall = mall
	for range rounds {
		p.once(sim)
	}
	t.Logf("%d records taken (%d compared), %d refused, %d calls refused; invented were %v", p.taken, p.compared, p.refused, p.failed, p.asked)
	if mode == "shaped" && (p.taken == 0 || p.compared == 0) {
		t.Errorf("not one record was taken; the last answer: %s", p.last)
	}
}

// A player uses a mall whose answers are invented.
type player struct {
	*testing.T
	Mall
	mall *connectors.Mall
	now  time.Time
	last string

	asked                            map[string]int // by operation
	taken, compared, refused, failed int
}

// pagesMost is how many pages are read of a list that never ends.
const pagesMost = 3

func (p *player) once(sim *drivertest.Sim) {
	ctx := p.Context()
	w := connectors.Window{From: p.now.Add(-2 * time.Hour), To: p.now.Add(-time.Hour)}
	placed := sim.Place(w.From, false)
	p.pages("orders", p.mall.Read(ctx, connectors.Read{Window: w, Kind: connectors.ReadNew}))
	p.pages("open", p.mall.Read(ctx, connectors.Read{Window: w, Kind: connectors.ReadOpen}))
	p.pages("reread", p.mall.Reread(ctx, []string{placed.Number}))
	p.pages("catalog", p.mall.Catalog(ctx, connectors.CatalogFrom{}))
	p.results("ship", p.mall.Ship(ctx, []connectors.Shipment{{
		Order: placed.Number, Package: placed.Packages[0].Key, Carrier: "yamato", Tracking: "400000000103", ShippedOn: order.DateOf(p.now), ShippedAt: p.now,
	}}))
	c := sim.Listing()
	p.results("stock", p.mall.SetStock(ctx, []connectors.Quantity{{Codes: c, Sell: 3}}))
	n, err := p.mall.ReadStock(ctx, []order.Codes{c})
	p.clear("stock_read", err)
	if err == nil && n[0] < -1 {
		p.Errorf("stock_read: %d pieces\n%s", n[0], p.last)
	}
	for _, x := range p.mall.Test(ctx) {
		if x.Detail == "" || !x.OK && x.Do == "" {
			p.Errorf("test: %+v\n%s", x, p.last)
		}
	}
}

// clear checks that an error says what is wrong.
func (p *player) clear(what string, err error) {
	if err == nil {
		return
	}
	p.failed++
	if e := connectors.AsError(err); e.Class == connectors.Unanswered || e.Message == "" || e.Call == "" {
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

// pages checks that every record of every page is taken or refused, and taken as it is.
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
		p.taken += len(parsed.Orders) + len(parsed.Products)
		p.refused += len(parsed.Refused)
		for _, r := range parsed.Refused {
			if r.Reason == "" || r.Detail == "" {
				p.Errorf("%s: %+v says nothing\n%s", what, r, page.Body)
			}
		}
		compared, err := p.Lossless(page, parsed)
		p.compared += compared
		if err != nil {
			p.Errorf("%s: %v\n%s", what, err, page.Body)
		}
		if n++; n == pagesMost {
			return
		}
	}
}
