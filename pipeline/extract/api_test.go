package extract_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/mallbridge/mallbridge/internal/desk"
	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/order"
	"github.com/mallbridge/mallbridge/pipeline/stage"
	"github.com/mallbridge/mallbridge/simulator/coupang"
	"github.com/mallbridge/mallbridge/simulator/elevenst"
	"github.com/mallbridge/mallbridge/simulator/orders"
	"github.com/mallbridge/mallbridge/simulator/rakuten"
)

const (
	rakutenSecret = "SP399001_Tr0ub4dorServiceKey"
	rakutenKey    = "SL399001_Xb2mQk81Lr6Yd3Vt"
	coupangAccess = "3c1d7a52-9f0b-4e8d-a6c3-5b7e2f104d98"
	coupangSecret = "8d2f6b1c9e4a7053d8c6f21b0a9e5d7c3f84b6a2"
	vendor        = "A00012345"
	elevenstKey   = "5Yq8Wd0aKz31Vn7cRb24Tm6hXe90Lp8s"
	elevenstShop  = "hangaram"
)

// A shop is a workspace with a Rakuten and a Coupang account by API, the malls
// behind them, and a warehouse whose drop is a folder. Waiting moves the clock.
type shop struct {
	*desk.Desk
	rakuten *rakuten.Mall
	coupang *coupang.Mall
	eleven  *elevenst.Mall
	stream  *orders.Stream
}

func open(t testing.TB) *shop {
	s := &shop{Desk: desk.New(t, map[string]string{"RAKUTEN_SECRET": rakutenSecret, "RAKUTEN_KEY": rakutenKey, "COUPANG_ACCESS": coupangAccess, "COUPANG_SECRET": coupangSecret, "ELEVENST_KEY": elevenstKey}), stream: orders.NewStream(11)}
	s.rakuten = rakuten.New(rakuten.Options{Now: s.Now})
	s.Check(s.rakuten.AddShop(rakuten.Shop{ID: "399001", ServiceSecret: rakutenSecret, LicenceKey: rakutenKey, Issued: s.Now().AddDate(0, 0, -10)}))
	s.coupang = coupang.New(coupang.Options{Now: s.Now})
	s.Check(s.coupang.AddVendor(coupang.Vendor{ID: vendor, AccessKey: coupangAccess, SecretKey: coupangSecret, Issued: s.Now().AddDate(0, 0, -10)}))
	s.eleven = elevenst.New(elevenst.Options{Now: s.Now})
	s.Check(s.eleven.AddSeller(elevenst.Seller{ID: elevenstShop, Key: elevenstKey, Issued: s.Now().AddDate(0, 0, -10)}))
	s.Write("mallbridge.yaml", "timezone: Asia/Tokyo\n")
	s.Write("accounts/rakuten-api.yaml", `mall: rakuten
not_before: 2026-07-01
targets: {default: "300"}
auto_confirmation: true
warehouse: tokyo
flags: {gift: take}
remarks: {hold: "false"}
sender: {name: 見本商店, phone: 03-0000-0001, postal: "1000001", prefecture: 東京都, city: 千代田区, street: 見本町1-1}
api:
  base_url: `+s.Serve(s.rakuten)+`
  secrets: {service_secret: env:RAKUTEN_SECRET, license_key: env:RAKUTEN_KEY}
`)
	s.Write("accounts/coupang-api.yaml", `mall: coupang
not_before: 2026-07-01
targets: {default: INSTRUCT}
auto_confirmation: true
warehouse: tokyo
remarks: {hold: "false"}
sender: {name: 견본상점, phone: 02-000-0001, postal: "04524", prefecture: 서울특별시, city: 견본구, street: 새솔로 0}
api:
  base_url: `+s.Serve(s.coupang)+`
  settings: {vendor_id: `+vendor+`}
  secrets: {access_key: env:COUPANG_ACCESS, secret_key: env:COUPANG_SECRET}
`)
	s.Write("accounts/elevenst-api.yaml", `mall: elevenst
not_before: 2026-07-01
targets: {default: "301"}
auto_confirmation: true
warehouse: tokyo
remarks: {hold: "false"}
sender: {name: 견본상점, phone: 02-000-0001, postal: "04524", prefecture: 서울특별시, city: 견본구, street: 새솔로 0}
api:
  base_url: `+s.Serve(s.eleven)+`
  secrets: {openapi_key: env:ELEVENST_KEY}
`)
	s.Write("warehouses/tokyo.yaml", `timezone: Asia/Tokyo
drop: {kind: local, root: drops/tokyo}
instructions: {format: mallbridge-plain, folder: orders}
calendar: {working_days: [mon, tue, wed, thu, fri, sat, sun]}
number: {prefix: T}
`)
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
  - {name: name, field: to.name, type: text}
`)
	s.Check(os.MkdirAll(filepath.Join(s.Dir, "drops/tokyo/orders"), 0o750))
	s.Masters(map[string][]string{orders.Rakuten: {"rakuten-api"}, orders.Coupang: {"coupang-api"}, orders.ElevenSt: {"elevenst-api"}}, func(x orders.SKU) string { return x.Temperature })
	s.Load()
	return s
}

// sell places ordinary orders at a mall, the last at the present moment.
func (s *shop) sell(mall string, n int, state any) []orders.Order {
	s.Helper()
	list := s.stream.Ordinary(mall, s.Now(), n)
	for i := range list {
		switch mall {
		case orders.Rakuten:
			s.Check(s.rakuten.Place("399001", &list[i], state.(int)))
		case orders.Coupang:
			s.Check(s.coupang.Place(vendor, &list[i], state.(string)))
		case orders.ElevenSt:
			s.Check(s.eleven.Place(elevenstShop, &list[i], state.(string)))
		}
	}
	return list
}

func (s *shop) holds(number string) []order.Reason {
	s.Helper()
	hs, err := s.Env.Ledger.HoldsOf(s.Context(), s.Row(number).ID)
	s.Check(err)
	var out []order.Reason
	for _, h := range hs {
		out = append(out, h.Reason)
	}
	return out
}

func (s *shop) want(rep stage.Report, counts map[string]int64) {
	s.Helper()
	for what, n := range counts {
		if rep.Counts[what] != n {
			s.Errorf("%d %s, want %d (%s)", rep.Counts[what], what, n, rep.String())
		}
	}
}

func TestOrdersComeOnce(t *testing.T) {
	for _, c := range []struct {
		account, mall string
		state         any
	}{{"rakuten-api", orders.Rakuten, rakuten.ToShip}, {"coupang-api", orders.Coupang, coupang.Instruct}, {"elevenst-api", orders.ElevenSt, elevenst.Preparing}} {
		t.Run(c.mall, func(t *testing.T) {
			s := open(t)
			first := s.sell(c.mall, 40, c.state)
			s.Move(time.Hour)
			s.want(s.Run(c.account, "extract"), map[string]int64{"new orders": 40, "changed orders": 0})
			s.want(s.Run(c.account, "extract"), map[string]int64{"new orders": 0, "changed orders": 0})
			second := s.sell(c.mall, 15, c.state)
			s.Move(30 * time.Minute)
			s.want(s.Run(c.account, "extract"), map[string]int64{"new orders": 15, "changed orders": 0})
			for _, o := range slices.Concat(first, second) {
				if r := s.Row(o.Number); r.Account != c.account {
					t.Errorf("%+v", r)
				}
			}
			s.Run(c.account, "plan", "instruct")
			n, err := s.Env.Ledger.Tally(t.Context(), c.account)
			s.Check(err)
			if n.Orders != 55 || n.Instructed != 55 || len(n.Held)+len(n.Outside) != 0 {
				t.Errorf("%+v", n)
			}
			ws, err := s.Env.Ledger.Windows(t.Context(), 1)
			s.Check(err)
			for _, w := range ws {
				if w.Feed == "orders" && (w.State != ledger.WindowRead || w.To.Before(s.Now().Add(-15*time.Minute))) {
					t.Errorf("%+v", w)
				}
			}
		})
	}
}

func TestConfirmedAfterTheyAreStored(t *testing.T) {
	for _, c := range []struct {
		account, mall string
		state         any
		next          []string
	}{{"rakuten-api", orders.Rakuten, rakuten.Waiting, []string{"200", "300"}}, {"coupang-api", orders.Coupang, coupang.Accept, []string{"INSTRUCT"}}, {"elevenst-api", orders.ElevenSt, elevenst.Paid, []string{"301"}}} {
		t.Run(c.mall, func(t *testing.T) {
			s := open(t)
			list := s.sell(c.mall, 12, c.state)
			s.Move(time.Hour)
			s.want(s.Run(c.account, "extract"), map[string]int64{"new orders": 12, "confirmed orders": 12})
			for _, o := range list {
				r := s.Row(o.Number)
				if !slices.Contains(c.next, r.Order.Status) {
					t.Errorf("order %s is %s after its confirmation", o.Number, r.Order.Status)
				}
				es, err := s.Env.Ledger.Events(t.Context(), r.ID, 0)
				s.Check(err)
				if !slices.ContainsFunc(es, func(e ledger.Event) bool { return e.Kind == "order.confirmed" }) {
					t.Errorf("order %s: %v", o.Number, es)
				}
			}
			s.Move(10 * time.Minute)
			s.want(s.Run(c.account, "extract"), map[string]int64{"confirmed orders": 0, "new orders": 0})
		})
	}
}

// TestUnansweredConfirmation loses the answer of a confirmation: the next run asks
// what became of it and confirms nothing twice.
func TestUnansweredConfirmation(t *testing.T) {
	s := open(t)
	list := s.sell(orders.Rakuten, 3, rakuten.Waiting)
	s.Move(time.Hour)
	times := 0
	s.Breaks(func(w http.ResponseWriter, r *http.Request, _ http.Handler) bool {
		if !strings.Contains(r.URL.Path, "confirmOrder") {
			return false
		}
		times++
		s.rakuten.ServeHTTP(httptest.NewRecorder(), r)
		panic(http.ErrAbortHandler)
	})
	if err := s.Try("rakuten-api", "extract").Err; err == nil {
		t.Error("nobody noticed")
	}
	s.Breaks(nil)
	s.Run("rakuten-api", "extract")
	for _, o := range list {
		if st := s.Row(o.Number).Order.Status; st != "200" && st != "300" {
			t.Errorf("order %s is %s", o.Number, st)
		}
	}
	if left, err := s.Env.Ledger.Confirms(t.Context(), 1, 0, 10); err != nil || len(left) != 0 || times == 0 {
		t.Errorf("left %v, %v; asked %d times", left, err, times)
	}
}

func TestCancelledAtTheMallAfterInstruction(t *testing.T) {
	s := open(t)
	list := s.sell(orders.Rakuten, 4, rakuten.ToShip)
	s.Move(time.Hour)
	s.Run("rakuten-api", "extract", "plan", "instruct")
	s.Check(s.rakuten.Cancel(list[1].Number))
	s.Check(s.rakuten.Remove(list[2].Number))
	s.Move(15 * time.Minute)
	s.Run("rakuten-api", "extract", "plan")
	for i, want := range [][]order.Reason{nil, {order.HoldCancelled}, {order.HoldCancelled}, nil} {
		if got := s.holds(list[i].Number); !slices.Equal(got, want) {
			t.Errorf("order %d: %v, want %v", i, got, want)
		}
	}
}

func TestStopRequestHoldsUntilItIsWithdrawn(t *testing.T) {
	s := open(t)
	list := s.sell(orders.Coupang, 3, coupang.Instruct)
	s.Move(time.Hour)
	o := list[0]
	number, err := strconv.ParseInt(o.Number, 10, 64)
	s.Check(err)
	items := map[int64]int64{}
	s.Run("coupang-api", "extract")
	for _, l := range s.Row(o.Number).Order.Packages[0].Lines {
		id, err := strconv.ParseInt(l.Codes.OptionID, 10, 64)
		s.Check(err)
		items[id] = l.Quantity
	}
	receipt, err := s.coupang.AskCancel(vendor, number, items)
	s.Check(err)
	s.Move(10 * time.Minute)
	s.Run("coupang-api", "extract", "plan")
	if got := s.holds(o.Number); !slices.Contains(got, order.HoldClaim) {
		t.Errorf("held for %v", got)
	}
	s.Check(s.coupang.Withdraw(vendor, receipt))
	s.Move(10 * time.Minute)
	s.Run("coupang-api", "extract", "plan", "instruct")
	if got := s.holds(o.Number); len(got) != 0 || s.Row(o.Number).State != ledger.Planned {
		cs, _ := s.Env.Ledger.OpenClaims(t.Context(), 1)
		t.Errorf("after it was withdrawn: %v, %s %v %+v", got, s.Row(o.Number).State, cs, s.Row(o.Number).Order)
	}
}

// TestNothingIsMissedWhileTheMallIsDown lets the mall fail in the middle of its
// pages for a day and looks for what was sold meanwhile.
func TestNothingIsMissedWhileTheMallIsDown(t *testing.T) {
	s := open(t)
	var all []orders.Order
	all = append(all, s.sell(orders.Rakuten, 10, rakuten.ToShip)...)
	s.Move(time.Hour)
	s.Run("rakuten-api", "extract")
	calls := 0
	s.Breaks(func(w http.ResponseWriter, r *http.Request, _ http.Handler) bool {
		calls++
		if calls%2 == 0 {
			return false
		}
		http.Error(w, "<html>メンテナンス中</html>", http.StatusServiceUnavailable)
		return true
	})
	for range 24 {
		all = append(all, s.sell(orders.Rakuten, 3, rakuten.ToShip)...)
		s.Move(time.Hour)
		if err := s.Try("rakuten-api", "extract").Err; err != nil && order.CodeOf(err) != order.Retry {
			t.Fatal(err)
		}
	}
	s.Breaks(nil)
	s.Move(time.Hour)
	s.Run("rakuten-api", "extract")
	for _, o := range all {
		s.Row(o.Number)
	}
	ws, err := s.Env.Ledger.Windows(t.Context(), 1)
	s.Check(err)
	spans := slices.DeleteFunc(ws, func(w ledger.Window) bool { return w.Feed != "orders" })
	if len(spans) != 1 || spans[0].State != ledger.WindowRead {
		t.Errorf("%+v", spans)
	}
}

func TestADeadKeySaysSo(t *testing.T) {
	s := open(t)
	s.sell(orders.Rakuten, 2, rakuten.ToShip)
	s.Move(90 * 24 * time.Hour)
	rep := s.Run("rakuten-api", "extract")
	if rep.Waiting == 0 || strings.Contains(fmt.Sprint(rep), rakutenKey) {
		t.Errorf("%v", rep)
	}
	as, err := s.Env.Ledger.Alerts(t.Context(), ledger.AlertList{Kind: order.AlertReauth, Target: "rakuten-api"})
	if err != nil || len(as) != 1 || strings.Contains(fmt.Sprint(as), rakutenKey) {
		t.Errorf("%v, %v", as, err)
	}
	ws, err := s.Env.Ledger.Windows(t.Context(), 1)
	s.Check(err)
	if slices.ContainsFunc(ws, func(w ledger.Window) bool { return w.State == ledger.WindowRead }) {
		t.Errorf("a window counts as read: %v", ws)
	}
}
