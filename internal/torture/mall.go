package torture

import (
	"context"
	"crypto/tls"
	"database/sql"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mallbridge/mallbridge/simulator/coupang"
	"github.com/mallbridge/mallbridge/simulator/orders"
)

// The shop at the mall, and what its account needs.
const (
	vendor    = "A00012345"
	accessKey = "3c1d7a52-9f0b-4e8d-a6c3-5b7e2f104d98"
	secretKey = "8d2f6b1c9e4a7053d8c6f21b0a9e5d7c3f84b6a2"
)

// A Host is where a mall listens. The zero value is loopback. Elsewhere it must speak
// TLS, by a certificate that the programs trust.
type Host struct {
	Addr string
	TLS  *tls.Config
}

func (h Host) host() string { return or(h.Addr, "127.0.0.1") }

// A Mall is a simulated Coupang with a server of its own, where one account of the
// world sells by API. A program that was killed finds it as it left it.
type Mall struct {
	at      Host
	coupang *coupang.Mall
	server  *httptest.Server
	sold    []*Order
}

// NewMall opens a mall. Close it.
func NewMall(at Host) (*Mall, error) {
	m := &Mall{at: at, coupang: coupang.New(coupang.Options{Now: time.Now})}
	if err := m.coupang.AddVendor(coupang.Vendor{ID: vendor, AccessKey: accessKey, SecretKey: secretKey}); err != nil {
		return nil, err
	}
	// A few products are enough: each takes a call when its stock changes.
	for n := range 3 {
		err := m.coupang.Sell(vendor, coupang.Product{Seller: int64(15_000_000_000 + n), Shown: int64(60_000_000_000 + n), Item: option(n), Name: "item " + code(Calls, n), SKU: code(Calls, n), Price: 1000})
		if err != nil {
			return nil, err
		}
	}
	return m, m.open()
}

// open starts the mall's server.
func (m *Mall) open() error {
	l, err := net.Listen("tcp", net.JoinHostPort(m.at.host(), "0"))
	if err != nil {
		return err
	}
	m.server = &httptest.Server{Listener: l, Config: &http.Server{Handler: m.coupang}, TLS: m.at.TLS}
	if m.at.TLS != nil {
		m.server.StartTLS()
	} else {
		m.server.Start()
	}
	return nil
}

func option(n int) int64 { return int64(70_000_000_000 + n) }

// clone is a mall with the same orders, none of which was told of a parcel yet.
func (m *Mall) clone() (*Mall, error) {
	c, err := NewMall(m.at)
	for _, o := range m.sold {
		if err == nil {
			err = c.Place(o)
		}
	}
	return c, err
}

// Close ends the server.
func (m *Mall) Close() { m.server.Close() }

// Place puts an order into the shop, confirmed and ready to be shipped.
func (m *Mall) Place(o *Order) error {
	serial := o.Number[len(o.Number)-6:]
	to := orders.Person{
		Family: "MIHON", Given: serial, Country: "KR", Postal: "04524", Prefecture: "Seoul", City: "Mihon-gu", Street: "Mihon-ro " + serial, Phone: "010-0000-0001",
	}
	in := orders.Order{
		Mall: orders.Coupang, Number: o.Number, Ordered: time.Now().Add(-time.Hour).Truncate(time.Second), Currency: "KRW", Buyer: to,
		Parcels: []orders.Parcel{{Key: "64" + o.Number, To: to}},
	}
	for _, l := range o.Lines {
		q, err := strconv.ParseInt(l.Quantity, 10, 64)
		if err != nil {
			return err
		}
		n, err := strconv.Atoi(l.Code[strings.LastIndexByte(l.Code, '-')+1:])
		if err != nil {
			return err
		}
		in.Parcels[0].Lines = append(in.Parcels[0].Lines, orders.Line{
			Key: fmt.Sprint(option(n)), OptionID: fmt.Sprint(option(n)), ItemID: fmt.Sprint(60_000_000_000 + n), ItemCode: l.Code, Name: "item " + l.Code, Quantity: q, Price: 1000,
		})
	}
	m.sold = append(m.sold, o)
	return m.coupang.Place(vendor, &in, coupang.Instruct)
}

// Numbers lists the tracking numbers that the mall shows for an order.
func (m *Mall) Numbers(o *Order) []string {
	n, err := strconv.ParseInt(o.Number, 10, 64)
	if err != nil {
		return []string{err.Error()}
	}
	var out []string
	for _, b := range m.coupang.Bundles(vendor, n) {
		if b.Invoice != "" {
			out = append(out, b.Invoice)
		}
	}
	return out
}

// Sell places new orders at the mall and adds them to the truth.
func (w *World) Sell(n int) error {
	for range n {
		o := w.Gen.order(Calls, Shape{Clean: true}, nil)
		if err := w.Mall.Place(o); err != nil {
			return err
		}
		w.Truth.Orders = append(w.Truth.Orders, o)
	}
	return nil
}

// told: what was shipped is shown at the mall, under its number and no other. Where a
// kill has left no answer, the program may still wait for the time at which it asks.
// Nodes that share a ledger keep the pace at which a mall is told together: a number that
// came just after its turn waits for the next.
func (w *World) told(ctx context.Context, db *sql.DB, f *findings) error {
	if w.Mall == nil {
		return nil
	}
	open := map[string]bool{}
	err := each(ctx, db, `SELECT o.number, r.state FROM reports r JOIN orders o ON o.id = r.order_id`, func(scan func(...any) error) error {
		var number, state string
		err := scan(&number, &state)
		open[number] = open[number] || slices.Contains([]string{"sent", "unknown"}, state)
		return err
	})
	if err != nil {
		return err
	}
	if w.Settings.Ledger != "" {
		err := each(ctx, db, `SELECT o.number FROM orders o JOIN instruction_lines x ON x.order_id = o.id JOIN report_todo d ON d.instruction_id = x.instruction_id
			UNION SELECT o.number FROM reports r JOIN orders o ON o.id = r.order_id WHERE r.state = 'waiting'`, func(scan func(...any) error) error {
			var number string
			err := scan(&number)
			open[number] = true
			return err
		})
		if err != nil {
			return err
		}
	}
	want := map[string][]string{}
	for _, t := range w.Warehouse.Taken() {
		for _, k := range t.Keys {
			for _, number := range t.orders[k] {
				if !slices.Contains(want[number], Tracking(k)) {
					want[number] = append(want[number], Tracking(k))
				}
			}
		}
	}
	for _, o := range w.Mall.sold {
		if have := w.Mall.Numbers(o); !slices.Equal(have, want[o.Number]) && (len(have) > 0 || !open[o.Number]) {
			f.add("order %s: the mall shows %q, not %q", o.Number, have, want[o.Number])
		}
	}
	return nil
}
