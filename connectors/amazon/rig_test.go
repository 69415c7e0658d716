package amazon_test

import (
	"iter"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/connectors/amazon"
	"github.com/mallbridge/mallbridge/connectors/drivertest"
	"github.com/mallbridge/mallbridge/order"
	mall "github.com/mallbridge/mallbridge/simulator/amazon"
	"github.com/mallbridge/mallbridge/simulator/orders"
)

// A rig is a simulated mall behind a server with the connector before it, both by
// one clock that waiting moves.
type rig struct {
	*shop
	*drivertest.Clock
	amazon  *connectors.Mall
	secrets map[string]string

	mu    sync.Mutex
	calls []string // method, path and query
	pass  func(w http.ResponseWriter, r *http.Request, mall http.Handler)
}

// newRig makes a rig; settings come in pairs, secrets of the account beside those of
// the shop too.
func newRig(t *testing.T, o mall.Options, pairs ...string) *rig {
	r := &rig{Clock: drivertest.NewClock(time.Date(2026, 7, 15, 3, 0, 0, 0, time.UTC))}
	o.Now = r.Now
	r.shop = newShop(t, o)
	server := httptest.NewServer(http.HandlerFunc(r.serve))
	t.Cleanup(server.Close)
	r.secrets = map[string]string{"client_secret": clientSecret, "refresh_token": refreshToken}
	set := settings(r.Now)
	set[connectors.BaseURL] = server.URL
	for i := 0; i+1 < len(pairs); i += 2 {
		if s, ok := amazon.Spec.About.Setting(pairs[i]); ok && s.Secret {
			r.secrets[pairs[i]] = pairs[i+1]
			continue
		}
		set[pairs[i]] = pairs[i+1]
	}
	m, err := amazon.Spec.Open(connectors.Account{
		Name: "amazon-main", Settings: set, Secret: func(name string) (string, error) { return r.secrets[name], nil },
	}, connectors.Options{Now: r.Now, Sleep: r.Sleep, Jitter: func() float64 { return 0.5 }})
	r.check(err)
	r.amazon = m
	return r
}

func (r *rig) serve(w http.ResponseWriter, q *http.Request) {
	r.mu.Lock()
	r.calls = append(r.calls, q.Method+" "+q.URL.RequestURI())
	pass := r.pass
	r.mu.Unlock()
	if pass != nil {
		pass(w, q, r.Mall)
		return
	}
	r.Mall.ServeHTTP(w, q)
}

// between puts a function between connector and mall.
func (r *rig) between(f func(w http.ResponseWriter, r *http.Request, mall http.Handler)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.pass = f
}

// lost loses the answers of calls whose address has a part; do tells whether they were
// carried out.
func (r *rig) lost(part string, do bool) {
	r.between(func(w http.ResponseWriter, q *http.Request, m http.Handler) {
		if !strings.Contains(q.Method+" "+q.URL.Path, part) {
			m.ServeHTTP(w, q)
			return
		}
		if do {
			m.ServeHTTP(httptest.NewRecorder(), q)
		}
		panic(http.ErrAbortHandler)
	})
}

// called counts the calls whose method and address have a part.
func (r *rig) called(part string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := 0
	for _, c := range r.calls {
		if strings.Contains(c, part) {
			n++
		}
	}
	return n
}

func (r *rig) forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls = nil
}

// parsed reads pages and merges what is in them.
func (r *rig) parsed(pages iter.Seq2[connectors.Page, error]) (all connectors.Parsed, missing []string) {
	r.Helper()
	for p, err := range pages {
		r.check(err)
		x, err := r.amazon.Parse(p)
		r.check(err)
		all.Orders = append(all.Orders, x.Orders...)
		all.Refused = append(all.Refused, x.Refused...)
		all.Products = append(all.Products, x.Products...)
		all.Shown = append(all.Shown, x.Shown...)
		missing = append(missing, p.Missing...)
	}
	for _, x := range all.Refused {
		r.Errorf("refused: %+v", x)
	}
	return all, missing
}

// window is the last day up to where orders are surely listed.
func (r *rig) window() connectors.Window {
	to := r.Now().Add(-3 * time.Minute)
	return connectors.Window{From: to.AddDate(0, 0, -1), To: to}
}

func (r *rig) read(w connectors.Window) map[string]order.Order {
	r.Helper()
	all, _ := r.parsed(r.amazon.Read(r.Context(), connectors.Read{Window: w, Kind: connectors.ReadNew}))
	out := map[string]order.Order{}
	for _, o := range all.Orders {
		out[o.Number] = o
	}
	return out
}

func (r *rig) reread(number string) (order.Order, []connectors.Shown) {
	r.Helper()
	all, missing := r.parsed(r.amazon.Reread(r.Context(), []string{number}))
	if len(all.Orders) != 1 || len(missing) != 0 {
		r.Fatalf("order %s: %+v, missing %v", number, all, missing)
	}
	return all.Orders[0], all.Shown
}

// two is an order of three pieces of one listing and one of another, placed an hour
// ago; change makes it special.
func (r *rig) two(status string, change ...func(*orders.Order)) *orders.Order {
	r.Helper()
	o := r.order(r.Now().Add(-time.Hour))
	key := o.Parcels[0].Lines[0].Key[:12]
	o.Parcels[0].Lines = []orders.Line{
		{Key: key + "01", ItemID: "B000SAMPL1", ItemCode: "TOWEL W/01", Name: "今治タオル 白", Quantity: 3, Price: 1320},
		{Key: key + "02", ItemID: "B000SAMPL2", ItemCode: "0010002", Name: "髙級 深むし煎茶 100g", Quantity: 1, Price: 1080},
	}
	for _, f := range change {
		f(&o)
	}
	r.check(r.Place(sellerID, &o, status))
	return &o
}

func parcel(o *orders.Order, number string, lines ...connectors.ShippedLine) connectors.Shipment {
	return connectors.Shipment{Order: o.Number, Package: "1", Carrier: "yamato", Tracking: number, ShippedOn: "2026-07-15", Lines: lines}
}

func pieces(line string, n int64) connectors.ShippedLine {
	return connectors.ShippedLine{Line: line, Quantity: n}
}

func (r *rig) ship(s ...connectors.Shipment) []connectors.Result {
	r.Helper()
	res := r.amazon.Ship(r.Context(), s)
	if len(res) != len(s) {
		r.Fatalf("%d results of %d", len(res), len(s))
	}
	return res
}

func (r *rig) want(res connectors.Result, o connectors.Outcome, text string) {
	r.Helper()
	if res.Outcome != o || !strings.Contains(res.Code+" "+res.Detail, text) {
		r.Errorf("%v %q (%s), want %v with %q", res.Outcome, res.Code, res.Detail, o, text)
	}
}

// packages are what the mall keeps of an order's parcels, by tracking number.
func (r *rig) packages(o *orders.Order) map[string]mall.Package {
	r.Helper()
	list, err := r.Packages(o.Number)
	r.check(err)
	out := map[string]mall.Package{}
	for _, p := range list {
		out[p.Tracking] = p
	}
	if len(out) != len(list) {
		r.Errorf("%d packages with %d numbers: %+v", len(list), len(out), list)
	}
	return out
}
