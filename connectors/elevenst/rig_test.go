package elevenst_test

import (
	"iter"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/connectors/drivertest"
	"github.com/mallbridge/mallbridge/connectors/elevenst"
	"github.com/mallbridge/mallbridge/order"
	mall "github.com/mallbridge/mallbridge/simulator/elevenst"
	"github.com/mallbridge/mallbridge/simulator/orders"
)

// A rig is a simulated mall behind a server with the connector before it, both by
// one clock that waiting moves.
type rig struct {
	shop
	*drivertest.Clock
	elevenst *connectors.Mall
	account  connectors.Account

	mu    sync.Mutex
	calls []string // method and path
	pass  func(w http.ResponseWriter, r *http.Request, mall http.Handler)
}

func newRig(t *testing.T, settings ...string) *rig { return newRigOf(t, mall.Options{}, settings...) }

func newRigOf(t *testing.T, o mall.Options, settings ...string) *rig {
	r := &rig{Clock: drivertest.NewClock(time.Date(2026, 7, 15, 3, 0, 0, 0, time.UTC))}
	o.Now = r.Now
	r.shop = shop{
		Mall: mall.New(o), TB: t, stream: orders.NewStream(2),
		seller: mall.Seller{ID: seller, Key: apiKey, Issued: r.Now().AddDate(0, 0, -10)},
	}
	r.add()
	server := httptest.NewServer(http.HandlerFunc(r.serve))
	t.Cleanup(server.Close)
	a := connectors.Account{
		Name:     "elevenst-main",
		Settings: map[string]string{connectors.BaseURL: server.URL},
		Secret:   func(name string) (string, error) { return map[string]string{"openapi_key": apiKey}[name], nil },
	}
	for i := 0; i+1 < len(settings); i += 2 {
		a.Settings[settings[i]] = settings[i+1]
	}
	m, err := elevenst.Spec.Open(a, connectors.Options{Now: r.Now, Sleep: r.Sleep, Jitter: func() float64 { return 0.5 }})
	r.check(err)
	r.elevenst, r.account = m, a
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
	r.Mall.ServeHTTP(w, q)
}

// between puts a function between connector and mall.
func (r *rig) between(f func(w http.ResponseWriter, r *http.Request, mall http.Handler)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.pass = f
}

// Move sets the clock forward. Buyers move by the mall's own method.
func (r *rig) Move(d time.Duration) { r.Clock.Move(d) }

// parsed reads pages and merges what is in them.
func (r *rig) parsed(pages iter.Seq2[connectors.Page, error]) (all connectors.Parsed, missing []string) {
	r.Helper()
	for p, err := range pages {
		r.check(err)
		x, err := r.elevenst.Parse(p)
		r.check(err)
		all.Orders = append(all.Orders, x.Orders...)
		all.Refused = append(all.Refused, x.Refused...)
		all.Claims = append(all.Claims, x.Claims...)
		all.Products = append(all.Products, x.Products...)
		missing = append(missing, p.Missing...)
	}
	return all, missing
}

func (r *rig) read(what connectors.Read) map[string]order.Order {
	r.Helper()
	all, _ := r.parsed(r.elevenst.Read(r.Context(), what))
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

func (r *rig) reread(number string) order.Order {
	r.Helper()
	all, missing := r.parsed(r.elevenst.Reread(r.Context(), []string{number}))
	if len(all.Orders) != 1 || len(missing) != 0 {
		r.Fatalf("order %s: %+v, missing %v", number, all, missing)
	}
	return all.Orders[0]
}
