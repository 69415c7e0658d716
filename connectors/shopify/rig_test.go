package shopify_test

import (
	"bytes"
	"encoding/json"
	"io"
	"iter"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/connectors/drivertest"
	"github.com/mallbridge/mallbridge/connectors/shopify"
	"github.com/mallbridge/mallbridge/order"
	"github.com/mallbridge/mallbridge/simulator/orders"
	mall "github.com/mallbridge/mallbridge/simulator/shopify"
)

// A rig is a simulated mall behind a server with the connector before it, both by one
// clock that waiting moves.
type rig struct {
	shop
	*drivertest.Clock
	shopify *connectors.Mall

	mu    sync.Mutex
	calls []sent
	pass  func(w http.ResponseWriter, r *http.Request, mall http.Handler)
}

// sent is one request that the mall got.
type sent struct {
	operation string // of the query: Orders; or the path
	variables map[string]any
	at        time.Time
}

func newRig(t testing.TB, settings ...string) *rig { return newRigOf(t, mall.Options{}, settings...) }

// newRigOf opens an account with settings, name after value. A setting access_token is
// its secret, in place of client id and secret.
func newRigOf(t testing.TB, o mall.Options, settings ...string) *rig {
	r := &rig{Clock: drivertest.NewClock(time.Date(2026, 11, 18, 3, 0, 0, 0, time.UTC))}
	o.Now = r.Now
	r.shop = shop{Mall: mall.New(o), TB: t, stream: orders.NewStream(2)}
	r.check(r.AddShop(store()))
	server := httptest.NewServer(http.HandlerFunc(r.serve))
	t.Cleanup(server.Close)
	secrets := map[string]string{"client_secret": appSecret}
	a := connectors.Account{
		Name:     "shopify-main",
		Settings: map[string]string{connectors.BaseURL: server.URL, "shop": domain, "client_id": clientID},
		Secret:   func(name string) (string, error) { return secrets[name], nil },
	}
	for i := 0; i+1 < len(settings); i += 2 {
		switch settings[i] {
		case "access_token", "client_secret":
			secrets[settings[i]] = settings[i+1]
		default:
			a.Settings[settings[i]] = settings[i+1]
		}
	}
	m, err := shopify.Spec.Open(a, connectors.Options{Now: r.Now, Sleep: r.Sleep, Jitter: func() float64 { return 0.5 }})
	r.check(err)
	r.shopify = m
	return r
}

func (r *rig) serve(w http.ResponseWriter, q *http.Request) {
	body, err := io.ReadAll(q.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	q.Body = io.NopCloser(bytes.NewReader(body))
	var in struct {
		Query     string         `json:"query"`
		Variables map[string]any `json:"variables"`
	}
	s := sent{operation: q.URL.Path, at: r.Now()}
	if json.Unmarshal(body, &in) == nil && in.Query != "" {
		s.operation, s.variables = strings.FieldsFunc(in.Query, func(c rune) bool { return c == ' ' || c == '(' })[1], in.Variables
	}
	r.mu.Lock()
	r.calls = append(r.calls, s)
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

// called lists the operations that were sent.
func (r *rig) called() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []string
	for _, c := range r.calls {
		out = append(out, c.operation)
	}
	return out
}

func (r *rig) count(operation string) int {
	n := 0
	for _, c := range r.called() {
		if c == operation {
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

// Move sets the clock forward. Lines are moved by the mall's own method.
func (r *rig) Move(d time.Duration) { r.Clock.Move(d) }

// parsed reads pages and merges what is in them.
func (r *rig) parsed(pages iter.Seq2[connectors.Page, error]) (all connectors.Parsed, missing []string) {
	r.Helper()
	for p, err := range pages {
		r.check(err)
		x, err := r.shopify.Parse(p)
		r.check(err)
		all.Orders = append(all.Orders, x.Orders...)
		all.Refused = append(all.Refused, x.Refused...)
		all.Products = append(all.Products, x.Products...)
		all.Shown = append(all.Shown, x.Shown...)
		missing = append(missing, p.Missing...)
	}
	return all, missing
}

func (r *rig) window() connectors.Window {
	return connectors.Window{From: r.Now().Add(-3 * time.Hour), To: r.Now().Add(time.Minute)}
}

// read reads everything that was changed lately.
func (r *rig) read() map[string]order.Order {
	r.Helper()
	all, _ := r.parsed(r.shopify.Read(r.Context(), connectors.Read{Window: r.window(), Kind: connectors.ReadNew}))
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
	all, missing := r.parsed(r.shopify.Reread(r.Context(), []string{number}))
	if len(all.Orders) != 1 || len(missing) != 0 {
		r.Fatalf("order %s: %+v, missing %v", number, all, missing)
	}
	return all.Orders[0], all.Shown
}

// two is an order of three pieces of one product and one of another.
func (r *rig) two(change ...func(*orders.Order)) *orders.Order {
	r.Helper()
	o := r.stream.Ordinary(orders.Shopify, r.Now(), 1)[0]
	o.Ordered = r.Now().Add(-2 * time.Hour)
	o.Parcels[0].Lines = []orders.Line{
		{Key: "1", ItemID: "8100000001", OptionID: "4100000001", SKUCode: "MUG-BL-01", Name: "見本マグカップ", Option: "青", Quantity: 3, Price: 2800, TaxRate: "0.1"},
		{Key: "2", ItemID: "8100000002", OptionID: "4100000002", SKUCode: "TEA-50", Name: "ほうじ茶 50g", Quantity: 1, Price: 1080, TaxRate: "0.08"},
	}
	o.Goods = 3*2800 + 1080
	o.Total = o.Goods + o.Postage
	for _, f := range change {
		f(&o)
	}
	r.check(r.Place(domain, &o, ""))
	return &o
}

func (r *rig) want(res connectors.Result, o connectors.Outcome, says string) {
	r.Helper()
	if res.Outcome != o || !strings.Contains(res.Code+" "+res.Detail, says) {
		r.Errorf("%v %q (%s), want %v %q", res.Outcome, res.Code, res.Detail, o, says)
	}
}

func (r *rig) ship(s ...connectors.Shipment) []connectors.Result {
	r.Helper()
	res := r.shopify.Ship(r.Context(), s)
	if len(res) != len(s) {
		r.Fatalf("%d results of %d", len(res), len(s))
	}
	return res
}

func parcel(o *orders.Order, number string, lines ...connectors.ShippedLine) connectors.Shipment {
	return connectors.Shipment{Order: o.Number, Package: "1", Carrier: "yamato", Tracking: number, ShippedOn: "2026-11-18", Lines: lines}
}

func pieces(line string, n int64) connectors.ShippedLine {
	return connectors.ShippedLine{Line: line, Quantity: n}
}
