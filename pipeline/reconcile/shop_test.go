package reconcile_test

import (
	"cmp"
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/mallbridge/mallbridge/internal/desk"
	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/order"
	"github.com/mallbridge/mallbridge/pipeline"
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
	*desk.Desk
	mall, status string
	rakuten      *rakuten.Mall
	coupang      *coupang.Mall
	warehouse    *warehouse.Warehouse
	stream       *orders.Stream
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
	s := &shop{Desk: desk.New(t, nil), mall: mall, status: cmp.Or(set.status, coupang.Instruct), stream: orders.NewStream(11)}
	issued := s.Now().AddDate(0, 0, -10)
	if set.issued != 0 {
		issued = s.Now().Add(-set.issued)
	}
	s.Write("mallbridge.yaml", "timezone: Asia/Tokyo\n")
	sheet, kr, zone := "warehouse-instructions", "", "Asia/Tokyo"
	switch mall {
	case orders.Rakuten:
		s.rakuten = rakuten.New(rakuten.Options{Now: s.Now})
		s.Check(s.rakuten.AddShop(rakuten.Shop{ID: "399001", ServiceSecret: rakutenSecret, LicenceKey: rakutenKey, Issued: issued}))
		s.Write("accounts/shop.yaml", `mall: rakuten
not_before: 2026-07-01
targets: {default: "300"}
warehouse: depot
flags: {gift: take}
remarks: {hold: "false"}
sender: {name: 見本商店, phone: 03-0000-0001, postal: "1000001", prefecture: 東京都, city: 千代田区, street: 見本町1-1}
api:
  base_url: `+s.Serve(s.rakuten)+`
  secrets: {service_secret: env:SECRET, license_key: env:KEY}
`+set.api)
		s.Keys = map[string]string{"SECRET": rakutenSecret, "KEY": rakutenKey}
	case orders.Coupang:
		sheet, kr, zone = "warehouse-instructions-kr", "-kr", "Asia/Seoul"
		s.coupang = coupang.New(coupang.Options{Now: s.Now})
		s.Check(s.coupang.AddVendor(coupang.Vendor{ID: vendor, AccessKey: coupangAccess, SecretKey: coupangSecret, Issued: issued}))
		s.Write("accounts/shop.yaml", `mall: coupang
not_before: 2026-07-01
targets: {default: `+cmp.Or(set.status, coupang.Instruct)+`}
warehouse: depot
remarks: {hold: "false"}
sender: {name: 견본상점, phone: 02-000-0001, postal: "04524", prefecture: 서울특별시, city: 견본구, street: 새솔로 0}
api:
  base_url: `+s.Serve(s.coupang)+`
  settings: {vendor_id: `+vendor+`, key_issued: "`+issued.Format(time.DateOnly)+`"}
  secrets: {access_key: env:SECRET, secret_key: env:KEY}
`+set.api)
		s.Keys = map[string]string{"SECRET": coupangAccess, "KEY": coupangSecret}
	}
	s.Write("warehouses/depot.yaml", `timezone: `+zone+`
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
	s.warehouse, err = warehouse.Open(warehouse.Config{Name: "depot", Root: filepath.Join(s.Dir, "drop"), Layout: warehouse.Layout(sheet), Now: s.Now})
	s.Check(err)
	s.Masters(map[string][]string{mall: {"shop"}}, func(x orders.SKU) string {
		if slices.Contains(chilled, x.Code) {
			return "chilled"
		}
		return "normal"
	})
	s.Load()
	return s
}

// down lets the mall answer nobody.
func down(w http.ResponseWriter, _ *http.Request, _ http.Handler) bool {
	http.Error(w, "<html>メンテナンス中</html>", http.StatusServiceUnavailable)
	return true
}

// chilled are the SKUs that leave in a parcel of their own.
var chilled = []string{"TEA-100", "SOAP-01"}

// sell places an order.
func (s *shop) sell(o orders.Order) orders.Order {
	s.Helper()
	if s.rakuten != nil {
		s.Check(s.rakuten.Place("399001", &o, rakuten.ToShip))
	} else {
		s.Check(s.coupang.Place(vendor, &o, s.status))
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
		s.Check(s.rakuten.Cancel(o.Number))
		return
	}
	number, err := strconv.ParseInt(o.Number, 10, 64)
	s.Check(err)
	items := map[int64]int64{}
	for _, b := range s.coupang.Bundles(vendor, number) {
		for item, n := range b.Items {
			items[item] += n
		}
	}
	_, err = s.coupang.AskCancel(vendor, number, items)
	s.Check(err)
}

// run runs stages in their order; a report's waiting things are no failure.
func (s *shop) run(names ...string) pipeline.Result {
	s.Helper()
	res := s.Try("shop", names...)
	s.Check(res.Err)
	return res
}

// night runs a stage as a person does, with what is done once a day.
func (s *shop) night(name string) pipeline.Result {
	s.Helper()
	s.Env.Named = true
	defer func() { s.Env.Named = false }()
	return s.run(name)
}

// take lets the warehouse take files and answer.
func (s *shop) take() {
	s.Helper()
	_, err := s.warehouse.Take()
	s.Check(err)
}

func (s *shop) ship() {
	s.Helper()
	_, err := s.warehouse.Ship()
	s.Check(err)
}

// alerts lists the open alerts as kind subject.
func (s *shop) alerts(kinds ...order.Alert) []string {
	s.Helper()
	all, err := s.Env.Ledger.Alerts(s.Context(), ledger.AlertList{})
	s.Check(err)
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
