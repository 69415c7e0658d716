package shopify_test

import (
	"encoding/json"
	"net/http"
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

// A rig is a simulated mall with the connector before it.
type rig struct {
	shop
	*drivertest.Front

	mu   sync.Mutex
	sent []sent
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
	r := &rig{Front: drivertest.NewFront(t, time.Date(2026, 11, 18, 3, 0, 0, 0, time.UTC))}
	o.Now = r.Now
	r.shop = shop{Mall: mall.New(o), TB: t, stream: orders.NewStream(2)}
	r.check(r.AddShop(store()))
	r.Describe = r.note
	secrets := map[string]string{"client_secret": appSecret}
	a := connectors.Account{
		Name:     "shopify-main",
		Settings: map[string]string{connectors.BaseURL: r.Serve(r.Mall), "shop": domain, "client_id": clientID},
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
	r.Open(shopify.Spec, a)
	return r
}

// note keeps a request and returns its operation.
func (r *rig) note(q *http.Request, body []byte) string {
	var in struct {
		Query     string         `json:"query"`
		Variables map[string]any `json:"variables"`
	}
	s := sent{operation: q.URL.Path, at: r.Now()}
	if json.Unmarshal(body, &in) == nil && in.Query != "" {
		s.operation, s.variables = strings.FieldsFunc(in.Query, func(c rune) bool { return c == ' ' || c == '(' })[1], in.Variables
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sent = append(r.sent, s)
	return s.operation
}

// Forget forgets what was sent.
func (r *rig) Forget() {
	r.Front.Forget()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sent = nil
}

// count counts the calls of an operation.
func (r *rig) count(operation string) int {
	n := 0
	for _, c := range r.Calls() {
		if c == operation {
			n++
		}
	}
	return n
}

func (r *rig) window() connectors.Window {
	return connectors.Window{From: r.Now().Add(-3 * time.Hour), To: r.Now().Add(time.Minute)}
}

// read reads everything that was changed lately.
func (r *rig) read() map[string]order.Order {
	r.Helper()
	return r.Orders(connectors.Read{Window: r.window(), Kind: connectors.ReadNew})
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

func parcel(o *orders.Order, number string, lines ...connectors.ShippedLine) connectors.Shipment {
	return connectors.Shipment{Order: o.Number, Package: "1", Carrier: "yamato", Tracking: number, ShippedOn: "2026-11-18", Lines: lines}
}

func pieces(line string, n int64) connectors.ShippedLine {
	return connectors.ShippedLine{Line: line, Quantity: n}
}
