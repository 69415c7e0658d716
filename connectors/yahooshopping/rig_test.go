package yahooshopping_test

import (
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
	"github.com/mallbridge/mallbridge/connectors/yahooshopping"
	"github.com/mallbridge/mallbridge/order"
	"github.com/mallbridge/mallbridge/simulator/orders"
	mall "github.com/mallbridge/mallbridge/simulator/yahoo"
)

// A rig is a simulated mall behind a server with the connector before it, both by
// one clock that waiting moves.
type rig struct {
	*shop
	*drivertest.Clock
	yahoo   *connectors.Mall
	account connectors.Account
	secrets map[string]string

	mu    sync.Mutex
	calls []string // path and body
	pass  func(w http.ResponseWriter, r *http.Request, mall http.Handler)
}

// newRig opens an account that has consented; settings come in pairs.
func newRig(t *testing.T, settings ...string) *rig {
	return newRigOf(t, yahooshopping.Spec, settings...)
}

func newRigOf(t *testing.T, spec connectors.Spec, settings ...string) *rig {
	r := &rig{Clock: drivertest.NewClock(time.Date(2026, 9, 3, 3, 0, 0, 0, time.UTC))}
	r.shop = newShop(t, mall.Options{Now: r.Now})
	refresh, err := r.Mall.Consent(seller)
	r.check(err)
	server := httptest.NewServer(http.HandlerFunc(r.serve))
	t.Cleanup(server.Close)
	r.secrets = map[string]string{"client_secret": secret, "refresh_token": refresh, "public_key": publicPEM()}
	r.account = connectors.Account{
		Name: "yahoo-main",
		Settings: map[string]string{
			connectors.BaseURL: server.URL, "seller_id": seller, "client_id": clientID, "key_version": "2", "redirect_uri": callback,
			"consented": r.Now().Format(time.RFC3339), "key_issued": "2026-07-01",
		},
		Secret: func(name string) (string, error) { return r.secrets[name], nil },
	}
	for i := 0; i+1 < len(settings); i += 2 {
		r.account.Settings[settings[i]] = settings[i+1]
	}
	r.open(spec)
	return r
}

// open opens the account again, as another start of the program would.
func (r *rig) open(spec connectors.Spec) {
	m, err := spec.Open(r.account, connectors.Options{Now: r.Now, Sleep: r.Sleep, Jitter: func() float64 { return 0.5 }})
	r.check(err)
	r.yahoo = m
}

func (r *rig) serve(w http.ResponseWriter, q *http.Request) {
	body, err := io.ReadAll(q.Body)
	if err != nil {
		return
	}
	q.Body = io.NopCloser(strings.NewReader(string(body)))
	r.mu.Lock()
	r.calls = append(r.calls, q.URL.Path+" "+string(body))
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

// called counts the calls that have a part.
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

// put places an ordinary order two hours ago, changed by f.
func (r *rig) put(f func(o *orders.Order)) *orders.Order {
	r.Helper()
	o := r.stream.Ordinary(r.of, r.Now().In(mall.Tokyo), 1)[0]
	o.Ordered = r.Now().Add(-2 * time.Hour)
	if f != nil {
		f(&o)
	}
	r.check(r.Place(seller, &o))
	return &o
}

// parsed reads pages and merges what is in them.
func (r *rig) parsed(pages iter.Seq2[connectors.Page, error]) (all connectors.Parsed, missing []string) {
	r.Helper()
	for p, err := range pages {
		r.check(err)
		x, err := r.yahoo.Parse(p)
		r.check(err)
		all.Orders = append(all.Orders, x.Orders...)
		all.Refused = append(all.Refused, x.Refused...)
		all.Products = append(all.Products, x.Products...)
		all.Shown = append(all.Shown, x.Shown...)
		missing = append(missing, p.Missing...)
	}
	return all, missing
}

// read reads the last three hours.
func (r *rig) read(kind connectors.ReadKind) map[string]order.Order {
	r.Helper()
	all, _ := r.parsed(r.yahoo.Read(r.Context(), connectors.Read{Window: connectors.Window{From: r.Now().Add(-3 * time.Hour), To: r.Now()}, Kind: kind}))
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
	all, missing := r.parsed(r.yahoo.Reread(r.Context(), []string{number}))
	if len(all.Orders) != 1 || len(missing) != 0 {
		r.Fatalf("order %s: %+v, missing %v", number, all, missing)
	}
	return all.Orders[0]
}

func (r *rig) want(res connectors.Result, o connectors.Outcome, says string) {
	r.Helper()
	if res.Outcome != o || !strings.Contains(res.Code+" "+res.Detail, says) {
		r.Errorf("%v %q (%s), want %v with %q", res.Outcome, res.Code, res.Detail, o, says)
	}
}

func (r *rig) ship(s ...connectors.Shipment) []connectors.Result {
	r.Helper()
	res := r.yahoo.Ship(r.Context(), s)
	if len(res) != len(s) {
		r.Fatalf("%d results of %d", len(res), len(s))
	}
	return res
}

func parcel(o *orders.Order, number string) connectors.Shipment {
	return connectors.Shipment{Order: o.Number, Package: "1", Carrier: "yamato", Tracking: number, ShippedOn: "2026-09-03"}
}
