package drivertest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/order"
)

// fakeAbout describes a small mall that exists only here.
const fakeAbout = `
name: fake
title: {en: Fake, ja: 架空, ko: 가상}
country: JP
currency: JPY
zone: Asia/Tokyo
charset: utf-8
base: https://fake.example
settings:
  - {name: shop, title: {en: s, ja: s, ko: s}, help: {en: h, ja: h, ko: h}, pattern: '[a-z]+', example: shop, required: true}
  - {name: key, title: {en: k, ja: k, ko: k}, help: {en: h, ja: h, ko: h}, secret: true, required: true}
pace: {orders: 10m}
limits: [{per_second: 5, burst: 1}]
window: {means: {en: placed, ja: 注文, ko: 주문}, longest: 1d, delay: 5m, overlap: 10m, grain: 1s, look_back: 60d}
carriers: {yamato: "1"}
abilities: [reread, confirm, ship, stock, test]
`

const fakePage = 4

// fakeMall is a mall with one page of four orders at a time.
type fakeMall struct {
	mu     sync.Mutex
	orders []fakeOrder
	stock  map[string]int64
	fault  string
	key    string
}

type fakeOrder struct {
	Number  string   `json:"number"`
	At      string   `json:"at"`
	Status  string   `json:"status"`
	Name    string   `json:"name"`
	Postal  string   `json:"postal"`
	Numbers []string `json:"numbers"`
	at      time.Time
}

func (f *fakeMall) find(number string) *fakeOrder {
	for i := range f.orders {
		if f.orders[i].Number == number {
			return &f.orders[i]
		}
	}
	return nil
}

func (f *fakeMall) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	reply := func(status int, v any) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(v)
	}
	refuse := func(status int, code string) { reply(status, map[string]string{"error": code}) }
	switch {
	case f.fault == FaultKey || r.Header.Get("X-Key") != f.key:
		refuse(401, "key")
		return
	case f.fault == FaultIP:
		refuse(403, "ip")
		return
	case f.fault == FaultFunction:
		refuse(403, "function")
		return
	case f.fault == FaultInside:
		refuse(200, "inside")
		return
	}
	q := r.URL.Query()
	switch r.URL.Path {
	case "/list":
		from, _ := time.Parse(time.RFC3339, q.Get("from"))
		to, _ := time.Parse(time.RFC3339, q.Get("to"))
		page, _ := strconv.Atoi(q.Get("page"))
		var in []fakeOrder
		for _, o := range f.orders {
			if !o.at.Before(from) && o.at.Before(to) {
				in = append(in, o)
			}
		}
		slices.SortStableFunc(in, func(a, b fakeOrder) int { return a.at.Compare(b.at) })
		total := len(in)
		if f.fault == FaultTotal {
			total++
		}
		lo, hi := min((page-1)*fakePage, len(in)), min(page*fakePage, len(in))
		part := slices.Clone(in[lo:hi])
		if f.fault == FaultRepeat && lo > 0 && len(part) > 0 {
			part = append([]fakeOrder{in[lo-1]}, part...)
		}
		reply(200, map[string]any{"total": total, "pages": (len(in) + fakePage - 1) / fakePage, "orders": part})
	case "/get":
		var in []fakeOrder
		for _, n := range strings.Split(q.Get("numbers"), ",") {
			if o := f.find(n); o != nil {
				in = append(in, *o)
			}
		}
		reply(200, map[string]any{"total": len(in), "pages": 1, "orders": in})
	case "/confirm":
		o := f.find(q.Get("number"))
		if o == nil || o.Status == "cancelled" {
			refuse(422, "cancelled")
			return
		}
		if o.Status == "new" {
			o.Status = "ready"
		}
		reply(200, map[string]string{"ok": o.Status})
	case "/ship":
		o := f.find(q.Get("number"))
		if o == nil || o.Status == "cancelled" {
			refuse(422, "cancelled")
			return
		}
		if q.Get("instead") != "" {
			o.Numbers = nil
		}
		o.Numbers = append(o.Numbers, q.Get("tracking"))
		reply(200, map[string]string{"ok": o.Status})
	case "/stock":
		n, _ := strconv.ParseInt(q.Get("n"), 10, 64)
		f.stock[q.Get("item")] = n
		reply(200, map[string]string{"ok": "yes"})
	default:
		refuse(404, "path")
	}
}

func startFake(_ testing.TB, _ func() time.Time) *Sim {
	f := &fakeMall{stock: map[string]int64{}, key: "fake-key-0123456789"}
	secrets := map[string]string{"key": f.key}
	tokyo, _ := time.LoadLocation("Asia/Tokyo")
	faults := map[string]func(){}
	for _, name := range []string{FaultInside, FaultKey, FaultIP, FaultFunction, FaultTotal, FaultRepeat} {
		faults[name] = func() { f.mu.Lock(); f.fault = name; f.mu.Unlock() }
	}
	listings := 0
	return &Sim{
		Handler: f, Secrets: secrets, Faults: faults,
		Account: connectors.Account{
			Name: "main", Settings: map[string]string{"shop": "shop"},
			Secret: func(name string) (string, error) { return secrets[name], nil },
		},
		Place: func(at time.Time, fresh bool) order.Order {
			f.mu.Lock()
			defer f.mu.Unlock()
			n := len(f.orders)
			status := "ready"
			if fresh {
				status = "new"
			}
			o := fakeOrder{
				Number: fmt.Sprintf("%06d", n), At: at.In(tokyo).Format(time.RFC3339), Status: status,
				Name: []string{"髙﨑 㐂一", "𠮷田", "東海林"}[n%3], Postal: fmt.Sprintf("%07d", n), at: at,
			}
			f.orders = append(f.orders, o)
			return order.Order{Account: "main", Number: o.Number, Status: status, Ordered: order.Instant{UTC: at.UTC()}, Packages: []order.Package{{
				Key: "1", To: order.Party{Name: o.Name, Postal: o.Postal},
			}}}
		},
		Cancel: func(n string) { f.mu.Lock(); f.find(n).Status = "cancelled"; f.mu.Unlock() },
		Remove: func(n string) {
			f.mu.Lock()
			f.orders = slices.DeleteFunc(f.orders, func(o fakeOrder) bool { return o.Number == n })
			f.mu.Unlock()
		},
		Tracking:  func(n string) []string { f.mu.Lock(); defer f.mu.Unlock(); return f.find(n).Numbers },
		Confirmed: func(n string) bool { f.mu.Lock(); defer f.mu.Unlock(); return f.find(n).Status == "ready" },
		Listing: func() order.Codes {
			listings++
			return order.Codes{ItemID: fmt.Sprintf("%05d", listings)}
		},
		Stock: func(c order.Codes) int64 { f.mu.Lock(); defer f.mu.Unlock(); return f.stock[c.ItemID] },
	}
}

// fakeDriver is right, but for the one thing that wrong names.
type fakeDriver struct {
	c       *connectors.Client
	account connectors.Account
	wrong   string
}

func fakeSpec(wrong string) connectors.Spec {
	return connectors.Spec{
		About: connectors.Described([]byte(fakeAbout)),
		New: func(a connectors.Account, c *connectors.Client) (connectors.Driver, error) {
			return &fakeDriver{c: c, account: a, wrong: wrong}, nil
		},
	}
}

type fakeReply struct {
	Total  *int        `json:"total"`
	Pages  int         `json:"pages"`
	Orders []fakeOrder `json:"orders"`
	Error  string      `json:"error"`
	OK     string      `json:"ok"`
}

func (d *fakeDriver) judge(r *connectors.Reply) error {
	var x fakeReply
	err := json.Unmarshal(r.Body, &x)
	switch {
	case r.Status >= 500 || r.Status == 429 || r.Status >= 300 && r.Status < 400:
		return nil
	case err != nil && d.wrong != "takes html":
		return &connectors.Error{Class: connectors.Transient, Message: "not JSON"}
	case x.Error == "" || d.wrong == "swallows errors":
		return nil
	}
	e := &connectors.Error{Class: connectors.Refused, Code: x.Error, Hint: "look"}
	if d.wrong == "prints secrets" {
		key, _ := d.account.Secret("key")
		e.Message = strings.ToUpper(key)
	}
	switch x.Error {
	case "key", "ip", "function":
		e.Class, e.Cause = connectors.Reauth, connectors.Cause(x.Error)
	}
	return e
}

func (d *fakeDriver) call(ctx context.Context, kind string, q url.Values, safe bool) (*connectors.Reply, error) {
	key, err := d.account.Secret("key")
	if err != nil {
		return nil, err
	}
	return d.c.Do(ctx, connectors.Request{
		Kind: kind, Method: http.MethodGet, Path: "/" + kind, Query: q.Encode(), Safe: safe || d.wrong == "repeats writes",
		Judge: d.judge,
		Sign:  func(r *http.Request, _ time.Time) error { r.Header.Set("X-Key", key); return nil },
	})
}

func (d *fakeDriver) page(reply *connectors.Reply, total int) (connectors.Page, fakeReply) {
	var x fakeReply
	_ = json.Unmarshal(reply.Body, &x)
	p := connectors.Page{Kind: "list", Body: reply.Body, Total: total, At: reply.At}
	if total < 0 && x.Total != nil {
		p.Total = *x.Total
	}
	for _, o := range x.Orders {
		p.Keys = append(p.Keys, o.Number)
	}
	return p, x
}

func (d *fakeDriver) Orders(ctx context.Context, w connectors.Window) iter.Seq2[connectors.Page, error] {
	return func(yield func(connectors.Page, error) bool) {
		to := w.To
		if d.wrong == "takes the end" {
			to = to.Add(time.Second)
		}
		for page, pages := 1, 1; page <= pages; page++ {
			ask := page
			if d.wrong == "repeats a page" && page == 2 {
				ask = 1
			}
			reply, err := d.call(ctx, "list", url.Values{"from": {w.From.Format(time.RFC3339)}, "to": {to.Format(time.RFC3339)}, "page": {strconv.Itoa(ask)}}, true)
			if err != nil {
				if d.wrong != "swallows errors" {
					yield(connectors.Page{}, err)
				}
				return
			}
			p, x := d.page(reply, -1)
			pages = x.Pages
			if d.wrong == "loses a page" || d.wrong == "loses a page and the total" {
				pages = min(pages, 2)
			}
			if d.wrong == "loses a page and the total" {
				p.Total = -1
			}
			if !yield(p, nil) {
				return
			}
		}
	}
}

func (d *fakeDriver) Reread(ctx context.Context, numbers []string) iter.Seq2[connectors.Page, error] {
	return func(yield func(connectors.Page, error) bool) {
		reply, err := d.call(ctx, "get", url.Values{"numbers": {strings.Join(numbers, ",")}}, true)
		if err != nil {
			yield(connectors.Page{}, err)
			return
		}
		p, _ := d.page(reply, len(numbers))
		if d.wrong == "gives less by number" {
			p.Params = map[string]string{"alone": "yes"}
		}
		for _, n := range numbers {
			if !slices.Contains(p.Keys, n) {
				p.Missing = append(p.Missing, n)
			}
		}
		yield(p, nil)
	}
}

func (d *fakeDriver) Parse(p connectors.Page) (connectors.Parsed, error) {
	var out connectors.Parsed
	if p.Kind != "list" {
		return out, fmt.Errorf("kind %q is unknown", p.Kind)
	}
	if !utf8.Valid(p.Body) && d.wrong != "takes broken characters" {
		return out, fmt.Errorf("not UTF-8")
	}
	var x fakeReply
	if err := json.Unmarshal(bytes.TrimSpace(p.Body), &x); err != nil {
		if d.wrong == "takes html" {
			return out, nil
		}
		return out, err
	}
	for _, o := range x.Orders {
		at, err := time.Parse(time.RFC3339, o.At)
		if err != nil {
			out.Refused = append(out.Refused, connectors.Refusal{Order: o.Number, Field: "at", Value: o.At, Reason: order.RefusedType})
			continue
		}
		if d.wrong != "shows no number" {
			for _, n := range o.Numbers {
				out.Shown = append(out.Shown, connectors.Shown{Order: o.Number, Package: "1", Carrier: "yamato", Tracking: n})
			}
		}
		if p.Params["alone"] != "" {
			o.Postal = ""
		}
		if d.wrong == "loses zeros" {
			o.Postal = strings.TrimLeft(o.Postal, "0")
		}
		out.Orders = append(out.Orders, order.Order{
			Account: d.account.Name, Number: o.Number, Status: o.Status, Ordered: order.Instant{UTC: at.UTC(), Text: o.At},
			Packages: []order.Package{{Key: "1", To: order.Party{Name: o.Name, Postal: o.Postal}}},
		})
	}
	return out, nil
}

func (d *fakeDriver) write(ctx context.Context, kind string, q url.Values, safe bool) connectors.Result {
	_, err := d.call(ctx, kind, q, safe)
	if err != nil && d.wrong == "calls silence a failure" {
		return connectors.Result{Outcome: connectors.Rejected, Detail: err.Error()}
	}
	if err != nil {
		return connectors.ResultOf(err)
	}
	return connectors.Result{Outcome: connectors.Done}
}

func (d *fakeDriver) Confirm(ctx context.Context, orders []order.Order) []connectors.Result {
	var out []connectors.Result
	for _, o := range orders {
		r := d.write(ctx, "confirm", url.Values{"number": {o.Number}}, false)
		if d.wrong == "leaves results out" && !r.Outcome.OK() {
			continue
		}
		out = append(out, r)
	}
	return out
}

func (d *fakeDriver) Ship(ctx context.Context, s []connectors.Shipment) []connectors.Result {
	var out []connectors.Result
	for _, x := range s {
		out = append(out, d.ship(ctx, x))
	}
	return out
}

func (d *fakeDriver) ship(ctx context.Context, s connectors.Shipment) connectors.Result {
	if s.Carrier != "yamato" && d.wrong != "any carrier" {
		return connectors.Result{Outcome: connectors.Rejected, Detail: "carrier " + s.Carrier}
	}
	q := url.Values{"number": {s.Order}, "tracking": {s.Tracking}}
	if d.wrong != "does not look first" {
		reply, err := d.call(ctx, "get", url.Values{"numbers": {s.Order}}, true)
		if err != nil {
			return connectors.ResultOf(err)
		}
		_, x := d.page(reply, 1)
		if len(x.Orders) == 1 && slices.Contains(x.Orders[0].Numbers, s.Tracking) {
			return connectors.Result{Outcome: connectors.Already}
		}
		if len(x.Orders) == 1 && len(x.Orders[0].Numbers) > 0 && !s.Correct && d.wrong != "takes any parcel" {
			return connectors.Result{Outcome: connectors.Rejected, Detail: "one number for each order"}
		}
	}
	if s.Correct {
		q.Set("instead", "1")
	}
	return d.write(ctx, "ship", q, false)
}

func (d *fakeDriver) SetStock(ctx context.Context, q []connectors.Quantity) []connectors.Result {
	var out []connectors.Result
	for _, x := range q {
		if x.Codes.ItemID == "" || x.Sell < 0 {
			out = append(out, connectors.Result{Outcome: connectors.Rejected, Detail: "no item or no quantity"})
			continue
		}
		out = append(out, d.write(ctx, "stock", url.Values{"item": {x.Codes.ItemID}, "n": {strconv.FormatInt(x.Sell, 10)}}, true))
	}
	return out
}

func (d *fakeDriver) Test(ctx context.Context) []connectors.Check {
	_, err := d.call(ctx, "get", url.Values{"numbers": {"0"}}, true)
	if err != nil {
		return []connectors.Check{{Name: "get", Detail: err.Error(), Do: "look at the key"}}
	}
	return []connectors.Check{{Name: "get", OK: true}}
}

var fakeSkip = map[string]string{
	"access/skew":  "calls carry no time",
	"access/token": "there is no token",
	"read/vanish":  "the list is the detail",
}
