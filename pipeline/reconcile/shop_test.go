package reconcile_test

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mallbridge/mallbridge/configs"
	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/connectors/drivertest"
	"github.com/mallbridge/mallbridge/internal/secrets"
	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/order"
	"github.com/mallbridge/mallbridge/pipeline"
	"github.com/mallbridge/mallbridge/pipeline/stage"
	"github.com/mallbridge/mallbridge/simulator/coupang"
	"github.com/mallbridge/mallbridge/simulator/orders"
	"github.com/mallbridge/mallbridge/simulator/rakuten"
	"github.com/mallbridge/mallbridge/simulator/warehouse"
)

const (
	rakutenSecret = "SP399001_Tr0ub4dorServiceKey"
	rakutenKey    = "SL399001_Xb2mQk81Lr6Yd3Vt"
	coupangAccess = "3c1d7a52-9f0b-4e8d-a6c3-5b7e2f104d98"
	coupangSecret = "8d2f6b1c9e4a7053d8c6f21b0a9e5d7c3f84b6a2"
	vendor        = "A00012345"
)

// A shop is a workspace with one account by API, the mall behind it, and a warehouse
// that takes, stops and ships. Waiting moves the clock.
type shop struct {
	testing.TB
	*drivertest.Clock
	dir, mall, status string
	env               *stage.Env
	keys              map[string]string
	rakuten           *rakuten.Mall
	coupang           *coupang.Mall
	warehouse         *warehouse.Warehouse
	stream            *orders.Stream

	mu     sync.Mutex
	broken func(w http.ResponseWriter, r *http.Request) bool
}

// Settings that a test changes.
type settings struct {
	guard  string // instructions.guard
	brake  string // instructions.brake
	more   string // lines of the warehouse's file
	api    string // further lines of api
	status string // in which Coupang's orders are sold and instructed
	issued time.Duration
}

func open(t testing.TB, mall string, set settings) *shop {
	s := &shop{TB: t, Clock: drivertest.NewClock(time.Date(2026, 7, 15, 3, 0, 0, 0, time.UTC)), dir: t.TempDir(), mall: mall, status: cmp.Or(set.status, coupang.Instruct), stream: orders.NewStream(11)}
	issued := s.Now().AddDate(0, 0, -10)
	if set.issued != 0 {
		issued = s.Now().Add(-set.issued)
	}
	s.write("mallbridge.yaml", "timezone: Asia/Tokyo\n")
	sheet, kr, zone := "warehouse-instructions", "", "Asia/Tokyo"
	switch mall {
	case orders.Rakuten:
		s.rakuten = rakuten.New(rakuten.Options{Now: s.Now})
		s.check(s.rakuten.AddShop(rakuten.Shop{ID: "399001", ServiceSecret: rakutenSecret, LicenceKey: rakutenKey, Issued: issued}))
		s.write("accounts/shop.yaml", `mall: rakuten
not_before: 2026-07-01
targets: {default: "300"}
warehouse: depot
flags: {gift: take}
remarks: {hold: "false"}
sender: {name: 見本商店, phone: 03-0000-0001, postal: "1000001", prefecture: 東京都, city: 千代田区, street: 見本町1-1}
api:
  base_url: `+s.serve(s.rakuten)+`
  secrets: {service_secret: env:SECRET, license_key: env:KEY}
`+set.api)
		s.keys = map[string]string{"SECRET": rakutenSecret, "KEY": rakutenKey}
	case orders.Coupang:
		sheet, kr, zone = "warehouse-instructions-kr", "-kr", "Asia/Seoul"
		s.coupang = coupang.New(coupang.Options{Now: s.Now})
		s.check(s.coupang.AddVendor(coupang.Vendor{ID: vendor, AccessKey: coupangAccess, SecretKey: coupangSecret, Issued: issued}))
		s.write("accounts/shop.yaml", `mall: coupang
not_before: 2026-07-01
targets: {default: `+cmp.Or(set.status, coupang.Instruct)+`}
warehouse: depot
remarks: {hold: "false"}
sender: {name: 견본상점, phone: 02-000-0001, postal: "04524", prefecture: 서울특별시, city: 견본구, street: 새솔로 0}
api:
  base_url: `+s.serve(s.coupang)+`
  settings: {vendor_id: `+vendor+`, key_issued: "`+issued.Format(time.DateOnly)+`"}
  secrets: {access_key: env:SECRET, secret_key: env:KEY}
`+set.api)
		s.keys = map[string]string{"SECRET": coupangAccess, "KEY": coupangSecret}
	}
	s.write("warehouses/depot.yaml", `timezone: `+zone+`
drop: {kind: local, root: drop}
instructions:
  format: `+sheet+`
  folder: orders
  archive: [orders/taken]
  guard: {`+set.guard+`}
  brake: {`+set.brake+`}
acks: {format: warehouse-acks`+kr+`, folder: acks, expect: true}
results: {format: warehouse-results`+kr+`, folder: results}
stops: {format: warehouse-stops`+kr+`, folder: stops, changes: true}
calendar: {working_days: [mon, tue, wed, thu, fri, sat, sun]}
temperatures: [normal, chilled, frozen]
number: {prefix: T}
`+set.more)
	var err error
	s.warehouse, err = warehouse.Open(warehouse.Config{Name: "depot", Root: filepath.Join(s.dir, "drop"), Layout: warehouse.Layout(sheet), Now: s.Now})
	s.check(err)
	s.masters()
	ws := s.load()
	s.check(ws.MakeFolders())
	l, err := ledger.Open(t.Context(), ws.Path(ws.Settings.Ledger))
	s.check(err)
	t.Cleanup(func() { l.Close() })
	s.env = &stage.Env{
		Workspace: ws, Ledger: l, Now: s.Now, Sleep: s.Sleep, Log: slog.New(slog.DiscardHandler), Owner: pipeline.Owner("test"),
		Secrets: &secrets.Resolver{Dir: ws.Dir, Getenv: func(n string) (string, bool) { v, ok := s.keys[n]; return v, ok }},
		Malls:   &stage.Malls{Options: connectors.Options{Jitter: func() float64 { return 0.5 }}},
	}
	return s
}

func (s *shop) load() *configs.Workspace {
	s.Helper()
	ws, findings, err := configs.Load(s.dir, func(string) string { return "" })
	s.check(err)
	s.check(findings.Err())
	return ws
}

func (s *shop) check(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

func (s *shop) write(name, text string) {
	path := filepath.Join(s.dir, name)
	s.check(os.MkdirAll(filepath.Dir(path), 0o750))
	s.check(os.WriteFile(path, []byte(text), 0o640))
}

// serve puts the mall behind a server that breaks when the test says so.
func (s *shop) serve(mall http.Handler) string {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		broken := s.broken
		s.mu.Unlock()
		if broken == nil || !broken(w, r) {
			mall.ServeHTTP(w, r)
		}
	}))
	s.Cleanup(server.Close)
	return server.URL
}

func (s *shop) breaks(f func(w http.ResponseWriter, r *http.Request) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.broken = f
}

// down lets the mall answer nobody.
func down(w http.ResponseWriter, _ *http.Request) bool {
	http.Error(w, "<html>メンテナンス中</html>", http.StatusServiceUnavailable)
	return true
}

// chilled are the SKUs that leave in a parcel of their own.
var chilled = []string{"TEA-100", "SOAP-01"}

func (s *shop) masters() {
	var skus [][]string
	for _, x := range orders.SKUs {
		temperature := "normal"
		if slices.Contains(chilled, x.Code) {
			temperature = "chilled"
		}
		skus = append(skus, []string{x.Code, x.Name, x.Barcode, fmt.Sprint(x.Weight), temperature, ""})
	}
	for name, m := range map[string]struct {
		titles string
		rows   [][]string
	}{
		configs.SKULinks:         {"account,code,sku,quantity", slices.Concat(orders.Links(), orders.NewListings())},
		configs.SKUMaster:        {"sku,name,barcode,weight,temperature,warehouse", skus},
		configs.PaymentMaster:    {"account,name,code,payment", orders.Payments},
		configs.DeliveryServices: {"account,name,payment,temperature,warehouse,service,carrier", orders.Services},
	} {
		rows := [][]string{strings.Split(m.titles, ",")}
		for _, r := range m.rows {
			r = slices.Clone(r)
			if name != configs.SKUMaster && r[0] != "" {
				if r[0] != s.mall {
					continue
				}
				r[0] = "shop"
			}
			if name == configs.DeliveryServices {
				r[4] = ""
			}
			rows = append(rows, r)
		}
		var b bytes.Buffer
		s.check(csv.NewWriter(&b).WriteAll(rows))
		s.write("masters/"+name+".csv", b.String())
	}
}

// sell places an order.
func (s *shop) sell(o orders.Order) orders.Order {
	s.Helper()
	if s.rakuten != nil {
		s.check(s.rakuten.Place("399001", &o, rakuten.ToShip))
	} else {
		s.check(s.coupang.Place(vendor, &o, s.status))
	}
	return o
}

// plain makes an order of one parcel; split one of two, for its goods are normal and
// chilled.
func (s *shop) plain() orders.Order { return s.pick(false) }
func (s *shop) split() orders.Order { return s.pick(true) }

func (s *shop) pick(two bool) orders.Order {
	for {
		o := s.stream.Ordinary(s.mall, s.Now(), 1)[0]
		cold, warm := false, false
		for _, l := range o.Parcels[0].Lines {
			is := strings.Contains(l.Name, "煎茶") || strings.Contains(l.Name, "비누")
			cold, warm = cold || is, warm || !is
		}
		if (cold && warm) == two {
			return o
		}
	}
}

// cancel is the buyer who cancels.
func (s *shop) cancel(o orders.Order) {
	s.Helper()
	if s.rakuten != nil {
		s.check(s.rakuten.Cancel(o.Number))
		return
	}
	number, err := strconv.ParseInt(o.Number, 10, 64)
	s.check(err)
	items := map[int64]int64{}
	for _, b := range s.coupang.Bundles(vendor, number) {
		for item, n := range b.Items {
			items[item] += n
		}
	}
	_, err = s.coupang.AskCancel(vendor, number, items)
	s.check(err)
}

// run runs stages in their order; a report's waiting things are no failure.
func (s *shop) run(names ...string) pipeline.Result {
	s.Helper()
	res := s.try(names...)
	s.check(res.Err)
	return res
}

func (s *shop) try(names ...string) (res pipeline.Result) {
	s.Helper()
	for _, name := range names {
		st, ok := pipeline.Lookup(name)
		if !ok {
			s.Fatalf("no stage %s", name)
		}
		target := "shop"
		if st.On == pipeline.Warehouses {
			target = "depot"
		}
		if res = pipeline.Run(s.Context(), s.env, st, target); res.Err != nil {
			return res
		}
	}
	return res
}

// night runs a stage as a person does, with what is done once a day.
func (s *shop) night(name string) pipeline.Result {
	s.Helper()
	s.env.Named = true
	defer func() { s.env.Named = false }()
	return s.run(name)
}

// take lets the warehouse take files and answer.
func (s *shop) take() {
	s.Helper()
	_, err := s.warehouse.Take()
	s.check(err)
}

func (s *shop) ship() {
	s.Helper()
	_, err := s.warehouse.Ship()
	s.check(err)
}

// alerts lists the open alerts as kind subject.
func (s *shop) alerts(kinds ...order.Alert) []string {
	s.Helper()
	all, err := s.env.Ledger.Alerts(s.Context(), ledger.AlertList{})
	s.check(err)
	var out []string
	for _, a := range all {
		if len(kinds) == 0 || slices.Contains(kinds, a.Kind) {
			out = append(out, strings.TrimSpace(string(a.Kind)+" "+a.Subject))
		}
	}
	slices.Sort(out)
	return out
}

// shipped lists the orders of which the warehouse shipped a line.
func (s *shop) shipped() map[string]bool {
	out := map[string]bool{}
	for _, in := range s.warehouse.Instructions() {
		if len(in.Tracking) == 0 {
			continue
		}
		for _, l := range in.Lines {
			out[l.Order] = true
		}
	}
	return out
}

func (s *shop) want(what string, got, want []string) {
	s.Helper()
	if !slices.Equal(got, want) {
		s.Errorf("%s: %q, want %q", what, got, want)
	}
}
