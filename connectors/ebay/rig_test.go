package ebay_test

import (
	"iter"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/connectors/drivertest"
	"github.com/mallbridge/mallbridge/connectors/ebay"
	"github.com/mallbridge/mallbridge/order"
	mall "github.com/mallbridge/mallbridge/simulator/ebay"
	"github.com/mallbridge/mallbridge/simulator/orders"
)

// A rig is a simulated mall behind a server with the connector before it, both by
// one clock that waiting moves.
type rig struct {
	shop
	*drivertest.Clock
	ebay   *connectors.Mall
	server string

	mu    sync.Mutex
	calls []string // method and path
	pass  func(w http.ResponseWriter, r *http.Request, mall http.Handler)
}

func newRig(t *testing.T, settings ...string) *rig { return newRigOf(t, mall.Options{}, settings...) }

func newRigOf(t *testing.T, o mall.Options, settings ...string) *rig {
	r := &rig{Clock: drivertest.NewClock(time.Date(2026, 11, 18, 3, 0, 0, 0, time.UTC))}
	o.Now = r.Now
	r.shop = newShop(t, o)
	server := httptest.NewServer(http.HandlerFunc(r.serve))
	t.Cleanup(server.Close)
	r.server = server.URL
	a := r.account(map[string]string{"client_secret": certID, "refresh_token": r.seller.RefreshToken})
	a.Settings[connectors.BaseURL] = server.URL
	for i := 0; i+1 < len(settings); i += 2 {
		a.Settings[settings[i]] = settings[i+1]
	}
	m, err := ebay.Spec.Open(a, connectors.Options{Now: r.Now, Sleep: r.Sleep, Jitter: func() float64 { return 0.5 }})
	r.check(err)
	r.ebay = m
	return r
}

func (r *rig) serve(w http.ResponseWriter, q *http.Request) {
	r.mu.Lock()
	r.calls = append(r.calls, q.Method+" "+q.URL.Path)
	pass := r.pass
	r.mu.Unlock()
	if pass != nil {
		pass(w, q, r.Mall)
		return
	}
	r.ServeHTTP(w, q)
}

// between puts a function between connector and mall.
func (r *rig) between(f func(w http.ResponseWriter, r *http.Request, mall http.Handler)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.pass = f
}

// called counts the calls whose method and path have a part, and forgets all.
func (r *rig) called(part string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := 0
	for _, c := range r.calls {
		if strings.Contains(c, part) {
			n++
		}
	}
	r.calls = nil
	return n
}

// parsed reads pages and merges what is in them.
func (r *rig) parsed(pages iter.Seq2[connectors.Page, error]) (all connectors.Parsed, missing []string) {
	r.Helper()
	for p, err := range pages {
		r.check(err)
		x, err := r.ebay.Parse(p)
		r.check(err)
		all.Orders = append(all.Orders, x.Orders...)
		all.Refused = append(all.Refused, x.Refused...)
		all.Shown = append(all.Shown, x.Shown...)
		all.Products = append(all.Products, x.Products...)
		missing = append(missing, p.Missing...)
	}
	return all, missing
}

// read reads the last three hours.
func (r *rig) read() map[string]order.Order {
	r.Helper()
	w := connectors.Window{From: r.Now().Add(-3 * time.Hour), To: r.Now().Add(-time.Minute)}
	all, _ := r.parsed(r.ebay.Read(r.Context(), connectors.Read{Window: w, Kind: connectors.ReadNew}))
	for _, x := range all.Refused {
		r.Errorf("refused: %+v", x)
	}
	out := map[string]order.Order{}
	for _, o := range all.Orders {
		if _, twice := out[o.Number]; twice {
			r.Errorf("order %s comes twice", o.Number)
		}
		out[o.Number] = o
	}
	return out
}

func (r *rig) reread(number string) (order.Order, []connectors.Shown) {
	r.Helper()
	all, missing := r.parsed(r.ebay.Reread(r.Context(), []string{number}))
	if len(all.Orders) != 1 || len(missing) != 0 {
		r.Fatalf("order %s: %+v, missing %v", number, all, missing)
	}
	return all.Orders[0], all.Shown
}

func (r *rig) want(res connectors.Result, o connectors.Outcome, code string) {
	r.Helper()
	if res.Outcome != o || code != "" && res.Code != code {
		r.Errorf("%v %q (%s), want %v %q", res.Outcome, res.Code, res.Detail, o, code)
	}
}

func (r *rig) ship(s ...connectors.Shipment) []connectors.Result {
	r.Helper()
	res := r.ebay.Ship(r.Context(), s)
	if len(res) != len(s) {
		r.Fatalf("%d results of %d", len(res), len(s))
	}
	return res
}

// two is an order of three pieces of one item and one of another.
func (r *rig) two(change ...func(*orders.Order)) *orders.Order {
	r.Helper()
	o := r.stream.Ordinary(orders.Ebay, r.Now(), 1)[0]
	o.Ordered = r.Now().Add(-2 * time.Hour)
	o.Parcels[0].Lines = []orders.Line{
		{Key: o.Number + "a", ItemID: "110000000001", SKUCode: "TOWEL/W 01", Name: "Imabari towel, white", Option: "Colour: White", Quantity: 3, Price: 2400},
		{Key: o.Number + "b", ItemID: "110000000002", SKUCode: "0010003", Name: "Deep-steamed sencha 100 g", Quantity: 1, Price: 1295},
	}
	o.Goods, o.Postage, o.Total = 8495, 1500, 9995
	for _, f := range change {
		f(&o)
	}
	r.check(r.Place(seller, &o))
	return &o
}

func parcel(o *orders.Order, number string, lines ...connectors.ShippedLine) connectors.Shipment {
	return connectors.Shipment{Order: o.Number, Package: "1", Carrier: "japanpost", Tracking: number, ShippedOn: "2026-11-18", Lines: lines}
}

func pieces(o *orders.Order, line string, n int64) connectors.ShippedLine {
	return connectors.ShippedLine{Line: o.Number + line, Quantity: n}
}

// lost carries calls of a method and path out, or not, and loses their answers.
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
