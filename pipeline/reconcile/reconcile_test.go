package reconcile_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/order"
	"github.com/mallbridge/mallbridge/pipeline"
	"github.com/mallbridge/mallbridge/simulator/coupang"
	"github.com/mallbridge/mallbridge/simulator/orders"
	"github.com/mallbridge/mallbridge/simulator/rakuten"
)

// TestDifferencesAreNamed changes one thing on each side, behind the back of the
// stages that would see it, and looks for exactly these.
func TestDifferencesAreNamed(t *testing.T) {
	s := open(t, orders.Rakuten, settings{})
	var sold []orders.Order
	for range 8 {
		sold = append(sold, s.sell(s.plain()))
	}
	s.Move(time.Hour)
	s.run("extract", "plan", "instruct")
	s.take()
	s.run("collect")
	s.night("reconcile")
	s.night("watch")
	s.want("when all is well", s.alerts(), nil)

	s.Move(time.Hour)
	late := s.plain()
	s.sell(late)
	young := s.plain()
	young.Ordered = s.Now().Add(-5 * time.Minute)
	s.sell(young)
	s.Check(s.rakuten.Cancel(sold[1].Number))
	s.Check(s.rakuten.Remove(sold[2].Number))
	s.Check(s.rakuten.Move(sold[3].Number, rakuten.Shipped))
	files, err := filepath.Glob(filepath.Join(s.Dir, "outbox/depot/*.csv"))
	s.Check(err)
	s.Check(os.WriteFile(files[0], []byte("x"), 0o640))
	s.Write("drop/results/result_x.csv", resultTitles(t)+"T99999999,1,yamato,111111111111,2026/07/15,1,\r\n")
	s.run("collect")
	res := s.night("reconcile")
	if res.Outcome != pipeline.Waiting || res.Report.Counts["differences"] != 4 {
		t.Errorf("%s: %s", res.Outcome, res.Report.String())
	}
	s.night("watch")
	want := []string{
		"batch_file_differs " + filepath.Base(files[0]),
		"order_differs " + sold[1].Number,
		"order_not_at_mall " + sold[2].Number,
		"order_not_here " + late.Number,
		"shipped_at_mall " + sold[3].Number,
	}
	slices.Sort(want)
	got := s.alerts()
	if i := slices.IndexFunc(got, func(a string) bool { return strings.HasPrefix(a, "result_unknown ") }); i < 0 {
		t.Errorf("nothing of the unknown result: %v", got)
	} else {
		got = slices.Delete(got, i, i+1)
	}
	s.want("differences", got, want)

	// What was missed was taken, what was seen is judged: the next night has no
	// difference but what nobody repaired.
	s.run("plan", "instruct", "watch")
	s.Move(24 * time.Hour)
	s.night("reconcile")
	s.run("plan")
	for _, kind := range []order.Alert{order.AlertNotHere, order.AlertContentDiffers, order.AlertNotAtMall, order.AlertShippedAtMall} {
		if got := s.alerts(kind); len(got) > 0 {
			t.Errorf("still %v", got)
		}
	}
	if got := s.holds(sold[1]); !slices.Contains(got, order.HoldCancelled) {
		t.Errorf("the cancelled one is held for %v", got)
	}
	s.Row(late.Number)
}

// resultTitles is the first line of the Japanese warehouse's results, in cp932.
func resultTitles(t *testing.T) string {
	t.Helper()
	s := open(t, orders.Rakuten, settings{})
	s.sell(s.plain())
	s.Move(time.Hour)
	s.run("extract", "plan", "instruct")
	s.take()
	s.ship()
	found, err := filepath.Glob(filepath.Join(s.Dir, "drop/results/*.csv"))
	s.Check(err)
	data, err := os.ReadFile(found[0])
	s.Check(err)
	head, _, _ := strings.Cut(string(data), "\r\n")
	return head + "\r\n"
}

// TestTheNightComesOnce runs the stage through two days and counts the comparisons.
// TestAnotherNumberAtTheMall: somebody corrects the number of a parcel in the mall's
// back office, and our own numbers stay what they are.
func TestAnotherNumberAtTheMall(t *testing.T) {
	s := open(t, orders.Coupang, settings{})
	o, other := s.sell(s.plain()), s.sell(s.plain())
	s.Move(time.Hour)
	s.run("extract", "plan", "instruct")
	s.take()
	s.ship()
	s.run("collect", "report", "report")
	s.night("reconcile")
	if got := s.alerts(order.AlertTracking); len(got) > 0 {
		t.Fatalf("nothing differs, and there is %q", got)
	}
	number, err := strconv.ParseInt(o.Number, 10, 64)
	s.Check(err)
	was := s.coupang.Bundles(vendor, number)[0].Invoice
	s.Check(s.coupang.Forget(vendor, number))
	s.Check(s.coupang.Place(vendor, &o, coupang.Instruct))
	s.Check(s.coupang.Dispatch(vendor, number, "CJGLS", "600000000017"))
	s.night("reconcile")
	s.want("alerts", s.alerts(order.AlertTracking), []string{"tracking_differs " + o.Number})
	as, err := s.Env.Ledger.Alerts(t.Context(), ledger.AlertList{Kind: order.AlertTracking})
	s.Check(err)
	if want := []string{"600000000017", was}; !slices.Equal(as[0].Args, want) {
		t.Errorf("it says %q, want %q; the other order is %s", as[0].Args, want, other.Number)
	}
}

func TestTheNightComesOnce(t *testing.T) {
	s := open(t, orders.Rakuten, settings{})
	s.sell(s.plain())
	calls := 0
	s.Breaks(func(_ http.ResponseWriter, r *http.Request, _ http.Handler) bool {
		if strings.Contains(r.URL.Path, "searchOrder") {
			calls++
		}
		return false
	})
	var at []string
	for range 48 * 2 {
		before := calls
		s.run("reconcile")
		if calls > before {
			at = append(at, s.Now().In(time.FixedZone("JST", 9*3600)).Format("02 15:04"))
		}
		s.Move(30*time.Minute - s.Now().Sub(s.Now().Truncate(30*time.Minute)))
	}
	s.want("compared", at, []string{"16 03:30", "17 03:30"})
}

func TestRefusedLogin(t *testing.T) {
	s := open(t, orders.Rakuten, settings{})
	o := s.sell(s.plain())
	s.Move(time.Hour)
	calls := 0
	s.Breaks(func(http.ResponseWriter, *http.Request, http.Handler) bool { calls++; return false })
	s.Keys["KEY"] = "SL000000_wrong"
	res := s.run("extract")
	if res.Outcome != pipeline.Waiting || calls == 0 {
		t.Errorf("%s with %d calls", res.Outcome, calls)
	}
	s.want("refused", s.alerts(), []string{"needs_reauth"})
	calls = 0
	for range 10 {
		if res := s.run("extract"); res.Outcome != pipeline.Waiting {
			t.Fatalf("%s: %s", res.Outcome, res.Report.String())
		}
		s.Move(5 * time.Minute)
	}
	if calls != 0 {
		t.Errorf("the mall was called %d times", calls)
	}
	s.Move(time.Hour)
	if s.run("extract"); calls == 0 {
		t.Error("nobody tried again")
	}
	// A new key is tried at once; nothing was lost.
	s.Keys["KEY"] = rakutenKey
	if res := s.run("extract"); res.Outcome != pipeline.OK {
		t.Errorf("%s: %s", res.Outcome, res.Report.String())
	}
	s.want("with the new key", s.alerts(), nil)
	s.Row(o.Number)
}

func TestNextKeysAreUsedWhenTheOldOnesAreRefused(t *testing.T) {
	s := open(t, orders.Rakuten, settings{api: "  next: {license_key: env:NEXT}\n"})
	s.sell(s.plain())
	s.Move(time.Hour)
	s.Keys["NEXT"] = "SL000000_not_yet"
	s.run("extract")
	s.want("while the old one works", s.alerts(), nil)
	s.Keys["KEY"], s.Keys["NEXT"] = "SL000000_ended", rakutenKey
	o := s.sell(s.plain())
	s.Move(time.Hour)
	s.run("extract")
	s.want("refused", s.alerts(), []string{"next_key_used"})
	s.run("extract")
	s.Row(o.Number)
	s.want("in use", s.alerts(order.AlertNextKey, order.AlertReauth), []string{"next_key_used"})
	// Both are refused: a person must act.
	s.Keys["NEXT"] = "SL000000_wrong"
	s.run("extract")
	s.run("extract")
	s.run("extract")
	if got := s.alerts(); !slices.Contains(got, "needs_reauth") {
		t.Errorf("%v", got)
	}
}

// TestFunctionSwitchedOff takes one function from the key.
func TestFunctionSwitchedOff(t *testing.T) {
	s := open(t, orders.Rakuten, settings{})
	s.night("reconcile")
	s.want("all are on", s.alerts(), nil)
	shop := rakuten.Shop{ID: "399001", ServiceSecret: rakutenSecret, LicenceKey: rakutenKey, Issued: s.Now(), Off: []string{rakuten.InventoryAPI}}
	s.Check(s.rakuten.AddShop(shop))
	s.night("reconcile")
	if got := s.alerts(); len(got) != 1 || !strings.HasPrefix(got[0], "function_refused ") {
		t.Errorf("%v", got)
	}
	shop.Off = nil
	s.Check(s.rakuten.AddShop(shop))
	s.night("reconcile")
	s.want("on again", s.alerts(), nil)
}

// TestKeysCountDown goes day by day to the end of keys that are computed from the day
// of issue.
func TestKeysCountDown(t *testing.T) {
	s := open(t, orders.Coupang, settings{issued: 148 * 24 * time.Hour})
	var notices []string
	last := map[order.Alert]time.Time{}
	for range 33 {
		s.night("reconcile")
		as, err := s.Env.Ledger.Alerts(t.Context(), ledger.AlertList{Target: "shop"})
		s.Check(err)
		for _, a := range as {
			if !a.Stepped.Equal(last[a.Kind]) && (a.Kind == order.AlertKeyEnds || a.Kind == order.AlertKeyReissue) {
				notices = append(notices, fmt.Sprintf("%s %d", a.Kind, a.Step))
				last[a.Kind] = a.Stepped
			}
		}
		s.Move(24 * time.Hour)
	}
	s.want("notices", notices, []string{"key_ends 30", "key_ends 14", "key_reissue 0", "key_ends 7", "key_ends 3", "key_ends 1", "key_ends 0"})
}

// TestWindowsCountDown lets the mall be away until it no longer tells of what was
// sold first.
func TestWindowsCountDown(t *testing.T) {
	s := open(t, orders.Rakuten, settings{})
	s.run("extract")
	s.Breaks(down)
	var days []int64
	for range 70 {
		s.Move(24 * time.Hour)
		if res := s.Try("shop", "extract"); res.Err == nil {
			t.Fatal("the mall is not down")
		}
		// At night it fails, for it compares; the countdown goes on.
		s.Try("shop", "reconcile")
		as, err := s.Env.Ledger.Alerts(t.Context(), ledger.AlertList{Kind: order.AlertWindowEnds})
		s.Check(err)
		if len(as) != 1 {
			t.Fatalf("%d alerts", len(as))
		}
		days = append(days, as[0].Step)
	}
	if days[0] < 60 || days[len(days)-1] != 0 || !slices.IsSortedFunc(days, func(a, b int64) int { return int(b - a) }) {
		t.Errorf("%v", days)
	}
	s.Breaks(nil)
	s.Move(time.Hour) // until the breaker lets calls through
	s.run("extract", "reconcile")
	if got := s.alerts(order.AlertWindowEnds, order.AlertWindowLost, order.AlertWindowGap); len(got) != 1 || !strings.HasPrefix(got[0], "window_lost") {
		t.Errorf("%v", got)
	}
	s.Move(15 * 24 * time.Hour)
	s.run("extract", "reconcile")
	s.want("two weeks later", s.alerts(order.AlertWindowLost), nil)
}

func TestNoOrdersWhereThereUsuallyAreSome(t *testing.T) {
	for _, c := range []struct {
		name  string
		weeks []int64 // orders in the same hours, the last week first
		today int64
		want  []string
	}{
		{"usual and none", []int64{5, 6, 4, 5}, 0, []string{"no_orders"}},
		{"usual and one", []int64{5, 6, 4, 5}, 1, nil},
		{"one week without", []int64{0, 6, 4, 5}, 0, []string{"no_orders"}},
		{"two weeks without", []int64{0, 0, 4, 5}, 0, nil},
		{"few", []int64{1, 1, 1, 2}, 0, nil},
		{"a new shop", []int64{5}, 0, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := open(t, orders.Rakuten, settings{})
			id, _, err := s.Env.Ledger.Account(t.Context(), "shop", s.Now())
			s.Check(err)
			noon := s.Now().AddDate(0, 0, 28)
			n := 0
			put := func(at time.Time, count int64) {
				for range count {
					n++
					o := &order.Order{Account: "shop", Number: fmt.Sprint("Q-", n), Status: "300", Packages: []order.Package{{Key: "1", Lines: []order.Line{{Key: "1", Quantity: 1}}}}}
					_, err := s.Env.Ledger.PutOrders(t.Context(), id, 0, []ledger.Intake{{Order: o, Row: 1}}, at)
					s.Check(err)
				}
			}
			for i, count := range c.weeks {
				put(noon.AddDate(0, 0, -7*(i+1)).Add(-2*time.Hour), count)
			}
			put(noon.Add(-26*time.Hour), 1)
			put(noon.Add(-time.Hour), c.today)
			s.Move(noon.Sub(s.Now()))
			s.Breaks(down)
			s.run("reconcile")
			s.want("alerts", s.alerts(order.AlertNoOrders), c.want)
		})
	}
}

// TestLateWarehouse lets acks and results not come.
func TestLateWarehouse(t *testing.T) {
	s := open(t, orders.Rakuten, settings{})
	s.sell(s.plain())
	s.Move(time.Hour)
	s.run("extract", "plan", "instruct")
	const name = " shipping_depot_T000001.csv"
	s.Move(59 * time.Minute)
	s.run("watch")
	s.want("within the hour", s.alerts(), nil)
	s.Move(2 * time.Minute)
	s.run("watch")
	s.want("no ack", s.alerts(), []string{"no_ack" + name})
	s.take()
	s.run("collect", "watch")
	s.want("acknowledged", s.alerts(), nil)
	s.Move(48 * time.Hour)
	s.night("watch")
	s.want("the second working day", s.alerts(), nil)
	s.Move(24 * time.Hour)
	s.night("watch")
	s.want("no result", s.alerts(), []string{"no_result" + name})
	s.ship()
	s.run("collect", "watch")
	s.want("shipped", s.alerts(), nil)
}

func TestCutOffIsNear(t *testing.T) {
	s := open(t, orders.Rakuten, settings{})
	s.cutOff(s.Now().Add(3 * time.Hour))
	s.sell(s.plain())
	s.Move(time.Hour)
	s.run("extract", "plan")
	s.Move(85 * time.Minute)
	s.run("watch")
	s.want("35 minutes before", s.alerts(), nil)
	s.Move(10 * time.Minute)
	s.run("watch")
	s.want("25 minutes before", s.alerts(), []string{"cut_off_near"})
	s.run("instruct", "watch")
	s.want("sent", s.alerts(), nil)
}

// TestBrake lets a warehouse learn what is usual, and then sends it what is not.
func TestBrake(t *testing.T) {
	s := open(t, orders.Rakuten, settings{brake: "at_least: 3"})
	ordinary := func(n int) (list []orders.Order) {
		for range n {
			list = append(list, s.sell(s.plain()))
		}
		return list
	}
	day := func() pipeline.Result {
		res := s.run("extract", "plan", "instruct")
		s.take()
		s.ship()
		s.run("collect")
		return res
	}
	s.Move(time.Hour)
	ordinary(12)
	if day(); len(s.alerts()) > 0 {
		t.Errorf("on the first day: %v", s.alerts())
	}
	var last []orders.Order
	for range 15 {
		s.Move(24 * time.Hour)
		last = ordinary(4)
		if res := day(); res.Outcome != pipeline.OK {
			t.Fatalf("an ordinary day: %s %v", res.Report.String(), s.alerts())
		}
	}
	approve := func() {
		t.Helper()
		bs, err := s.Env.Ledger.OpenBatches(t.Context(), 1)
		s.Check(err)
		if len(bs) != 1 {
			t.Fatalf("%d open batches", len(bs))
		}
		s.Check(s.Env.Ledger.Approve(t.Context(), bs[0].ID, bs[0].SHA256, "looked at it", "tester", s.Now()))
		if res := s.run("instruct"); res.Outcome != pipeline.OK {
			t.Errorf("after the approval: %s", res.Report.String())
		}
		s.want("approved", s.alerts(order.AlertMany, order.AlertRepeat, order.AlertHeld), nil)
		s.take()
		s.ship()
		s.run("collect")
	}

	s.Move(24 * time.Hour)
	ordinary(20)
	res := day()
	if res.Outcome != pipeline.Waiting || !strings.Contains(fmt.Sprint(res.Report.Notes), "usual are 4") {
		t.Errorf("far too many: %s %v", res.Outcome, res.Report.Notes)
	}
	if got := s.alerts(order.AlertMany); len(got) != 1 {
		t.Errorf("alerts %v", got)
	}
	approve()

	// The same people, the same goods, other numbers.
	s.Move(24 * time.Hour)
	ordinary(4)
	if res := day(); res.Outcome != pipeline.OK {
		t.Errorf("%s %v", res.Report.String(), s.alerts())
	}
	s.Move(24 * time.Hour)
	for _, o := range last {
		again := s.plain()
		again.Parcels, again.Buyer, again.Delivery, again.Goods, again.Total = o.Parcels, o.Buyer, o.Delivery, o.Goods, o.Total
		s.sell(again)
	}
	if res := day(); res.Outcome != pipeline.OK {
		t.Errorf("what went four days ago is no repeat: %s", res.Report.String())
	}
	s.Move(24 * time.Hour)
	for _, o := range last {
		again := s.plain()
		again.Parcels, again.Buyer, again.Delivery, again.Goods, again.Total = o.Parcels, o.Buyer, o.Delivery, o.Goods, o.Total
		s.sell(again)
	}
	if res := day(); res.Outcome != pipeline.Waiting {
		t.Errorf("a repeat: %s", res.Report.String())
	}
	if got := s.alerts(order.AlertRepeat); len(got) != 1 {
		t.Errorf("alerts %v", got)
	}
	approve()

	// Most of what came is on hold.
	s.Move(24 * time.Hour)
	ordinary(4)
	for range 6 {
		o := s.plain()
		for i := range o.Parcels[0].Lines {
			l := &o.Parcels[0].Lines[i]
			l.ItemID, l.SKUCode, l.OptionCode = "clock-old", "", "normal-inventory"
		}
		s.sell(o)
	}
	if res := day(); res.Outcome != pipeline.Waiting {
		t.Errorf("most are on hold: %s", res.Report.String())
	}
	if got := s.alerts(order.AlertHeld); len(got) != 1 {
		t.Errorf("alerts %v", got)
	}
	approve()

	// None where there usually are some.
	s.Move(26 * time.Hour)
	s.run("watch")
	s.want("none", s.alerts(order.AlertNone), []string{"volume_none"})
}
