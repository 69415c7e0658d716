package drivertest

import (
	"io"
	"iter"
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

// A Front is one mall's connector before its simulator, by one clock that waiting
// moves: what the tests of a single mall stand on. It keeps what was sent, and lets a
// test stand between the two.
type Front struct {
	*Clock
	Driver  *connectors.Mall
	Account connectors.Account
	// Describe is what Calls keeps of a request; method and path if nil. It may read
	// the body, which is given again to the mall.
	Describe func(r *http.Request, body []byte) string

	t    testing.TB
	mall http.Handler

	mu    sync.Mutex
	calls []string
	pass  func(w http.ResponseWriter, r *http.Request, mall http.Handler)
}

// NewFront starts the clock. Serve and Open do the rest, once the mall is made.
func NewFront(t testing.TB, at time.Time) *Front { return &Front{Clock: NewClock(at), t: t} }

// Serve puts the mall behind a server and returns its address.
func (f *Front) Serve(mall http.Handler) string {
	f.mall = mall
	server := httptest.NewServer(http.HandlerFunc(f.serve))
	f.t.Cleanup(server.Close)
	return server.URL
}

// Open opens an account; settings in pairs are added to its own. Opened again, it is
// as after another start of the program.
func (f *Front) Open(spec connectors.Spec, a connectors.Account, settings ...string) {
	f.t.Helper()
	for pair := range slices.Chunk(settings, 2) {
		a.Settings[pair[0]] = pair[1]
	}
	m, err := spec.Open(a, connectors.Options{Now: f.Now, Sleep: f.Sleep, Jitter: func() float64 { return 0.5 }})
	if err != nil {
		f.t.Fatal(err)
	}
	f.Driver, f.Account = m, a
}

func (f *Front) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	r.Body = io.NopCloser(strings.NewReader(string(body)))
	said := r.Method + " " + r.URL.Path
	if f.Describe != nil {
		said = f.Describe(r, body)
	}
	f.mu.Lock()
	f.calls = append(f.calls, said)
	pass := f.pass
	f.mu.Unlock()
	if pass != nil {
		pass(w, r, f.mall)
		return
	}
	f.mall.ServeHTTP(w, r)
}

// Between puts a function between connector and mall; nil takes it away.
func (f *Front) Between(pass func(w http.ResponseWriter, r *http.Request, mall http.Handler)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.pass = pass
}

// Lose loses the answers of requests whose method and path have a part; did tells
// whether the mall carries them out all the same.
func (f *Front) Lose(part string, did bool) {
	f.Between(func(w http.ResponseWriter, r *http.Request, mall http.Handler) {
		if !strings.Contains(r.Method+" "+r.URL.Path, part) {
			mall.ServeHTTP(w, r)
			return
		}
		if did {
			mall.ServeHTTP(httptest.NewRecorder(), r)
		}
		panic(http.ErrAbortHandler)
	})
}

// Calls lists what was sent since the start or Forget.
func (f *Front) Calls() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.calls)
}

// Called counts the calls that have a part.
func (f *Front) Called(part string) int {
	n := 0
	for _, c := range f.Calls() {
		if strings.Contains(c, part) {
			n++
		}
	}
	return n
}

// Forget forgets what was sent.
func (f *Front) Forget() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls = nil
}

// Parsed reads pages and merges what is in them.
func (f *Front) Parsed(pages iter.Seq2[connectors.Page, error]) (all connectors.Parsed, missing []string) {
	f.t.Helper()
	for p, err := range pages {
		if err != nil {
			f.t.Fatal(err)
		}
		x, err := f.Driver.Parse(p)
		if err != nil {
			f.t.Fatal(err)
		}
		all.Orders = append(all.Orders, x.Orders...)
		all.Refused = append(all.Refused, x.Refused...)
		all.Claims = append(all.Claims, x.Claims...)
		all.Products = append(all.Products, x.Products...)
		all.Shown = append(all.Shown, x.Shown...)
		missing = append(missing, p.Missing...)
	}
	return all, missing
}

// Orders reads orders by number. None may be refused, and none come twice.
func (f *Front) Orders(what connectors.Read) map[string]order.Order {
	f.t.Helper()
	all, _ := f.Parsed(f.Driver.Read(f.t.Context(), what))
	for _, x := range all.Refused {
		f.t.Errorf("refused: %+v", x)
	}
	out := map[string]order.Order{}
	for _, o := range all.Orders {
		if _, twice := out[o.Number]; twice {
			f.t.Errorf("order %s comes twice", o.Number)
		}
		out[o.Number] = o
	}
	return out
}

// Listed are the orders of the last days, by number.
func (f *Front) Listed(days int) []order.Order {
	f.t.Helper()
	got := f.Orders(connectors.Read{Window: connectors.Window{From: f.Now().AddDate(0, 0, -days), To: f.Now()}, Kind: connectors.ReadNew})
	out := make([]order.Order, 0, len(got))
	for _, n := range slices.Sorted(maps.Keys(got)) {
		out = append(out, got[n])
	}
	return out
}

// Reread reads one order as it is now, and the parcels that the mall shows of it.
func (f *Front) Reread(number string) (order.Order, []connectors.Shown) {
	f.t.Helper()
	all, missing := f.Parsed(f.Driver.Reread(f.t.Context(), []string{number}))
	if len(all.Orders) != 1 || len(missing) != 0 {
		f.t.Fatalf("order %s: %+v, missing %v", number, all, missing)
	}
	return all.Orders[0], all.Shown
}

// Order is the order of Reread.
func (f *Front) Order(number string) order.Order {
	f.t.Helper()
	o, _ := f.Reread(number)
	return o
}

// Ship reports parcels. Each has its result.
func (f *Front) Ship(s ...connectors.Shipment) []connectors.Result {
	f.t.Helper()
	res := f.Driver.Ship(f.t.Context(), s)
	if len(res) != len(s) {
		f.t.Fatalf("%d results of %d", len(res), len(s))
	}
	return res
}

// Want checks an outcome and its code; an empty code is any.
func (f *Front) Want(res connectors.Result, o connectors.Outcome, code string) {
	f.t.Helper()
	if res.Outcome != o || code != "" && res.Code != code {
		f.t.Errorf("%v %q (%s), want %v %q", res.Outcome, res.Code, res.Detail, o, code)
	}
}

// WantText checks an outcome, and that code or detail has a text.
func (f *Front) WantText(res connectors.Result, o connectors.Outcome, text string) {
	f.t.Helper()
	if res.Outcome != o || !strings.Contains(res.Code+" "+res.Detail, text) {
		f.t.Errorf("%v %q (%s), want %v with %q", res.Outcome, res.Code, res.Detail, o, text)
	}
}

// Lately is the window of the last three hours.
func (f *Front) Lately() connectors.Window {
	return connectors.Window{From: f.Now().Add(-3 * time.Hour), To: f.Now()}
}

// Move sets the clock forward. Some malls have a Move of their own, for orders.
func (f *Front) Move(d time.Duration) { f.Clock.Move(d) }
