package report_test

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mallbridge/mallbridge/configs"
	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/internal/desk"
	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/order"
	"github.com/mallbridge/mallbridge/simulator/coupang"
	"github.com/mallbridge/mallbridge/simulator/orders"
	"github.com/mallbridge/mallbridge/simulator/rakuten"
)

const (
	rakutenSecret = "SP399001_Tr0ub4dorServiceKey"
	rakutenKey    = "SL399001_Xb2mQk81Lr6Yd3Vt"
	coupangAccess = "3c1d7a52-9f0b-4e8d-a6c3-5b7e2f104d98"
	coupangSecret = "8d2f6b1c9e4a7053d8c6f21b0a9e5d7c3f84b6a2"
	vendor        = "A00012345"
	rakutenShop   = "rakuten-api"
	coupangShop   = "coupang-api"
)

// A shop has a Rakuten and a Coupang account by API, a Rakuten account by sheets,
// the malls behind them, and two warehouses whose drops are folders. Waiting moves
// the clock.
type shop struct {
	*desk.Desk
	rakuten *rakuten.Mall
	coupang *coupang.Mall
	stream  *orders.Stream
	files   int
}

// open makes a shop; settings are added to both accounts by API.
func open(t testing.TB, settings string) *shop {
	s := &shop{Desk: desk.New(t, map[string]string{"RAKUTEN_SECRET": rakutenSecret, "RAKUTEN_KEY": rakutenKey, "COUPANG_ACCESS": coupangAccess, "COUPANG_SECRET": coupangSecret}), stream: orders.NewStream(11)}
	s.rakuten = rakuten.New(rakuten.Options{Now: s.Now})
	s.Check(s.rakuten.AddShop(rakuten.Shop{ID: "399001", ServiceSecret: rakutenSecret, LicenceKey: rakutenKey, Issued: s.Now().AddDate(0, 0, -10)}))
	s.coupang = coupang.New(coupang.Options{Now: s.Now})
	s.Check(s.coupang.AddVendor(coupang.Vendor{ID: vendor, AccessKey: coupangAccess, SecretKey: coupangSecret, Issued: s.Now().AddDate(0, 0, -10)}))
	s.Write("mallbridge.yaml", "timezone: Asia/Tokyo\n")
	const common = `not_before: 2026-07-01
warehouse: tokyo
flags: {gift: take}
remarks: {hold: "false"}
sender: {name: 見本商店, phone: 03-0000-0001, postal: "1000001", prefecture: 東京都, city: 千代田区, street: 見本町1-1}
`
	s.Write("accounts/"+rakutenShop+".yaml", `mall: rakuten
targets: {default: "300"}
api:
  base_url: `+s.Serve(s.rakuten)+`
  secrets: {service_secret: env:RAKUTEN_SECRET, license_key: env:RAKUTEN_KEY}
`+common+settings)
	s.Write("accounts/"+coupangShop+".yaml", `mall: coupang
targets: {default: INSTRUCT}
api:
  base_url: `+s.Serve(s.coupang)+`
  settings: {vendor_id: `+vendor+`}
  secrets: {access_key: env:COUPANG_ACCESS, secret_key: env:COUPANG_SECRET}
`+common+settings)
	for _, name := range []string{"tokyo", "osaka"} {
		s.Write("warehouses/"+name+".yaml", `timezone: Asia/Tokyo
drop: {kind: local, root: drops/`+name+`}
instructions: {format: mallbridge-plain, folder: orders}
results: {format: plain-results, folder: results}
calendar: {working_days: [mon, tue, wed, thu, fri, sat, sun]}
number: {prefix: `+strings.ToUpper(name[:1])+`}
`)
	}
	s.Write("formats/mallbridge-plain.yaml", `name: mallbridge-plain
title: {en: plain, ja: 一覧, ko: 목록}
record: instructions
direction: both
rows: line
sureness: convention
source: of this test
file: {kind: csv, charset: utf-8, delimiter: ",", newline: lf, quote: needed, header: names, name: "{{.Batch}}.csv"}
columns:
  - {name: number, field: instruction.number, type: code, required: true}
  - {name: order, field: order.number, type: code}
  - {name: sku, field: line.sku, type: code}
  - {name: quantity, field: line.quantity, type: int}
`)
	s.Write("formats/plain-results.yaml", `name: plain-results
title: {en: results, ja: 実績, ko: 실적}
record: results
direction: in
sureness: convention
source: of this test
file: {kind: csv, charset: utf-8, newline: lf, header: names, name: "x.csv"}
columns:
  - {name: number, field: instruction.number, required: true}
  - {name: carrier, field: shipment.carrier, optional: true}
  - {name: tracking, field: shipment.tracking, required: true}
  - {name: shipped, field: shipment.shipped_on, optional: true}
  - {name: sku, field: line.sku, optional: true}
  - {name: quantity, field: shipment.quantity, optional: true}
  - {name: cancelled, field: shipment.cancelled, optional: true}
`)
	s.Masters(map[string][]string{orders.Rakuten: {rakutenShop}, orders.Coupang: {coupangShop}}, nil)
	s.Load()
	return s
}

// ordinary makes n orders of one line each.
func (s *shop) ordinary(account string, n int) []orders.Order {
	list := s.stream.Ordinary(s.mallOf(account), s.Now(), n)
	for i := range list {
		list[i].Parcels = list[i].Parcels[:1]
		list[i].Parcels[0].Lines = list[i].Parcels[0].Lines[:1]
	}
	return list
}

// lined makes an order of n different lines.
func (s *shop) lined(account string, n int) orders.Order {
	s.Helper()
	var out orders.Order
	for range 100 {
		o := s.ordinary(account, 1)[0]
		if out.Number == "" {
			out = o
			continue
		}
		l := o.Parcels[0].Lines[0]
		lines := out.Parcels[0].Lines
		if !slices.ContainsFunc(lines, func(x orders.Line) bool { return s.skuOf(account, x) == s.skuOf(account, l) }) {
			l.Key = fmt.Sprint(len(lines) + 1)
			out.Parcels[0].Lines = append(lines, l)
		}
		if len(out.Parcels[0].Lines) == n {
			return out
		}
	}
	s.Fatalf("no %d different lines", n)
	return out
}

func (s *shop) mallOf(account string) string {
	if account == coupangShop {
		return orders.Coupang
	}
	return orders.Rakuten
}

// sold puts orders into their mall and takes them to the warehouses.
func (s *shop) sold(account string, list ...orders.Order) {
	s.Helper()
	for i := range list {
		if account == coupangShop {
			s.Check(s.coupang.Place(vendor, &list[i], coupang.Instruct))
		} else {
			s.Check(s.rakuten.Place("399001", &list[i], rakuten.ToShip))
		}
	}
	s.Move(time.Hour)
	s.Run(account, "extract", "plan", "instruct")
}

// reported runs the stage until nothing more comes of it: malls that work later
// have done so.
func (s *shop) reported(account string) {
	s.Helper()
	for range 8 {
		s.Run(account, "report")
		s.Move(2 * time.Minute)
	}
}

// parcel is one row of a result file.
type parcel struct {
	of                               orders.Order
	at                               string // warehouse; tokyo if empty
	carrier, tracking, on, sku, gone string
}

// ships is what the warehouses say.
func (s *shop) ships(rows ...parcel) {
	s.Helper()
	byHouse := map[string]string{}
	for _, p := range rows {
		if p.at == "" {
			p.at = "tokyo"
		}
		if p.on == "" {
			p.on = string(order.DateOf(s.Now().In(time.FixedZone("", 9*3600))))
		}
		quantity := ""
		if p.sku != "" {
			quantity = "1"
		}
		if byHouse[p.at] == "" {
			byHouse[p.at] = "number,carrier,tracking,shipped,sku,quantity,cancelled\n"
		}
		byHouse[p.at] += strings.Join([]string{s.instruction(p.of.Number, p.at), p.carrier, p.tracking, p.on, p.sku, quantity, p.gone}, ",") + "\n"
	}
	for house, text := range byHouse {
		s.files++
		s.Write(fmt.Sprintf("drops/%s/results/result-%03d.csv", house, s.files), text)
	}
	s.Move(time.Minute)
	s.Run("", "collect")
}

// instruction is the number of the instruction that serves an order at a warehouse.
func (s *shop) instruction(number, warehouse string) string {
	s.Helper()
	ps, err := s.Env.Ledger.PlacesOf(s.Context(), s.Row(number).ID)
	s.Check(err)
	for _, p := range ps {
		if p.Warehouse == warehouse {
			return p.Number
		}
	}
	s.Fatalf("order %s has no instruction at %s: %+v", number, warehouse, ps)
	return ""
}

// states lists what became of an order's parcels, as "number state", by id.
func (s *shop) states(o orders.Order) []string {
	s.Helper()
	rs, err := s.Env.Ledger.ReportsOf(s.Context(), s.Row(o.Number).ID)
	s.Check(err)
	var out []string
	for _, r := range rs {
		out = append(out, r.Tracking+" "+r.State)
	}
	return out
}

func (s *shop) want(o orders.Order, states ...string) {
	s.Helper()
	if got := s.states(o); !slices.Equal(got, states) {
		rs, err := s.Env.Ledger.ReportsOf(s.Context(), s.Row(o.Number).ID)
		s.Check(err)
		s.Fatalf("order %s: %q, want %q: %+v", o.Number, got, states, rs)
	}
}

// report is the order's only report.
func (s *shop) report(o orders.Order) ledger.Report {
	s.Helper()
	rs, err := s.Env.Ledger.ReportsOf(s.Context(), s.Row(o.Number).ID)
	s.Check(err)
	if len(rs) != 1 {
		s.Fatalf("%d reports: %+v", len(rs), rs)
	}
	return rs[0]
}

// shows checks which numbers the mall itself has.
func (s *shop) shows(o orders.Order, want ...string) {
	s.Helper()
	var have []string
	var err error
	if o.Mall == orders.Coupang {
		var n int64
		_, err = fmt.Sscan(o.Number, &n)
		for _, b := range s.coupang.Bundles(vendor, n) {
			if b.Invoice != "" {
				have = append(have, b.Invoice)
			}
		}
	} else {
		have, err = s.rakuten.Tracking(o.Number)
	}
	s.Check(err)
	slices.Sort(have)
	if !slices.Equal(have, want) {
		s.Fatalf("order %s: the mall shows %q, want %q", o.Number, have, want)
	}
}

// kinds lists the kinds of an order's events about reports.
func (s *shop) kinds(o orders.Order) []string {
	s.Helper()
	es, err := s.Env.Ledger.Events(s.Context(), s.Row(o.Number).ID, 0)
	s.Check(err)
	var out []string
	for _, e := range es {
		if strings.HasPrefix(e.Kind, "report.") {
			out = append(out, e.Kind)
		}
	}
	return out
}

// twoHouses sells an order of two lines, of which the second ships from osaka.
func (s *shop) twoHouses(account string) orders.Order {
	s.Helper()
	o := s.lined(account, 2)
	path := "masters/" + configs.SKUMaster + ".csv"
	b, err := os.ReadFile(filepath.Join(s.Dir, path))
	s.Check(err)
	rows, err := csv.NewReader(bytes.NewReader(b)).ReadAll()
	s.Check(err)
	sku := s.skuOf(account, o.Parcels[0].Lines[1])
	for _, r := range rows[1:] {
		r[5] = "tokyo"
		if r[0] == sku {
			r[5] = "osaka"
		}
	}
	var out bytes.Buffer
	s.Check(csv.NewWriter(&out).WriteAll(rows))
	s.Write(path, out.String())
	s.Load()
	s.sold(account, o)
	return o
}

// skuOf is the first SKU of what was sold.
func (s *shop) skuOf(account string, l orders.Line) string {
	s.Helper()
	for _, g := range orders.Goods {
		if g.Mall == s.mallOf(account) && g.Name == l.Name && g.Option == l.Option {
			return g.Picks[0].SKU
		}
	}
	s.Fatalf("no SKU of %+v", l)
	return ""
}

// acks lets Tokyo say that it takes an order's instruction.
func (s *shop) acks(o orders.Order) {
	s.Helper()
	id, err := s.Env.Ledger.Warehouse(s.Context(), "tokyo")
	s.Check(err)
	_, err = s.Env.Ledger.PutAcks(s.Context(), id, 0, []order.Ack{{Instruction: s.instruction(o.Number, "tokyo"), OK: true}}, s.Now())
	s.Check(err)
}

// byHand enters a number in the mall's back office.
func (s *shop) byHand(o orders.Order, tracking string) {
	s.Helper()
	a, _ := s.Env.Workspace.Account(rakutenShop)
	m, err := s.Env.Malls.Open(s.Env, a)
	s.Check(err)
	res := m.Ship(s.Context(), []connectors.Shipment{{
		Order: o.Number, Package: s.Row(o.Number).Order.Packages[0].Key, Carrier: "yamato", Tracking: tracking, ShippedOn: order.DateOf(s.Now()),
	}})
	if res[0].Outcome == connectors.Rejected {
		s.Fatalf("%+v", res)
	}
	s.Move(time.Minute)
}
