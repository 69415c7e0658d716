package stock_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/order"
	"github.com/mallbridge/mallbridge/pipeline/stock"
)

func (s *shop) noted(notes []string, want string) {
	s.Helper()
	if !strings.Contains(strings.Join(notes, "\n"), want) {
		s.Errorf("no note says %q: %q", want, notes)
	}
}

func TestMallsAreToldWhatMayBeSold(t *testing.T) {
	s := open(t, nil)
	s.item("tee", "TEE")
	s.item("set", "SET")
	s.item("mug", "MUG")
	s.option(100, "TEE")
	s.option(200, "CAP")
	s.read()
	s.stocked("tokyo", map[string]int64{"TEE": 20, "CAP": 8, "MUG": 0})
	rep := s.Run("rakuten-1", "stock")
	if rep.Counts["quantities told"] != 3 || rep.Waiting != 0 {
		t.Errorf("%+v", rep)
	}
	s.Run("coupang-1", "stock")
	// Of CAP 3 are kept back; a set is two shirts and a cap.
	s.shows("tee", 20)
	s.shows("set", 5)
	s.shows("mug", 0)
	s.offers(100, 20)
	s.offers(200, 5)

	// Nothing changed: nobody is told.
	s.wrote()
	for _, a := range []string{"rakuten-1", "coupang-1"} {
		if rep := s.Run(a, "stock"); rep.Counts["quantities told"] != 0 {
			t.Errorf("%s: %+v", a, rep)
		}
	}
	if n := s.wrote(); n != 0 {
		t.Errorf("%d calls for nothing", n)
	}

	// An order on another mall, held or not, before its target or in it, lowers every
	// product that is made of the SKU, once.
	s.sold("P1", "ready", map[string]int64{"TEE": 3})
	s.Run("coupang-1", "stock") // before it was planned
	s.offers(100, 17)
	s.sold("P2", "new", map[string]int64{"SET": 2})
	s.Run("plain-1", "plan")
	s.Run("rakuten-1", "stock")
	s.Run("coupang-1", "stock")
	s.shows("tee", 13)
	s.shows("set", 3)
	s.offers(100, 13)
	s.offers(200, 3)
	if n := s.wrote(); n != 4 { // one for Rakuten's two, one for each of Coupang's options, one before
		t.Errorf("%d calls", n)
	}

	// A cancel gives back, once, however often it is told.
	for range 2 {
		s.sold("P1", "cancelled", map[string]int64{"TEE": 3})
		s.Run("plain-1", "plan")
		s.Run("rakuten-1", "stock")
		s.shows("tee", 16)
	}
}

func TestInstructedGoodsCountUntilTheFigureKnowsThem(t *testing.T) {
	s := open(t, nil)
	s.item("tee", "TEE")
	s.read()
	s.stocked("tokyo", map[string]int64{"TEE": 20})
	s.sold("P1", "ready", map[string]int64{"TEE": 4})
	s.Run("plain-1", "plan")
	s.Run("tokyo", "instruct")
	s.Run("rakuten-1", "stock")
	s.shows("tee", 16)
	// A file made ten minutes after the drop: it may not know of it.
	s.Move(10 * time.Minute)
	s.stocked("tokyo", map[string]int64{"TEE": 20})
	s.Run("rakuten-1", "stock")
	s.shows("tee", 16)
	// An hour later it does.
	s.Move(time.Hour)
	s.stocked("tokyo", map[string]int64{"TEE": 16})
	s.Run("rakuten-1", "stock")
	s.shows("tee", 16)
	// An older file that comes late changes nothing.
	late := []order.Stock{{Warehouse: "tokyo", SKU: "TEE", OnHand: 99, Sellable: 99, At: s.Now().Add(-time.Hour)}}
	if n, err := s.Env.Ledger.PutStock(t.Context(), s.warehouse("tokyo"), 2, late, false, s.Now()); n != 0 || err != nil {
		t.Fatal(n, err)
	}
	s.Run("rakuten-1", "stock")
	s.shows("tee", 16)
}

// On hand figures hold goods until they have left.
func TestFiguresOnHand(t *testing.T) {
	s := open(t, settings{"tokyo": ", figure: on_hand"})
	s.item("tee", "TEE")
	s.read()
	s.stocked("tokyo", map[string]int64{"TEE": 20})
	s.sold("P1", "ready", map[string]int64{"TEE": 4})
	s.Run("plain-1", "plan")
	s.Run("tokyo", "instruct")
	s.Move(2 * time.Hour)
	s.stocked("tokyo", map[string]int64{"TEE": 20})
	s.Run("rakuten-1", "stock")
	s.shows("tee", 16)
	s.Move(time.Minute)
	ships := []order.Shipment{{Instruction: "T00000001", Carrier: "yamato", Tracking: "400000000001", ShippedOn: "2026-07-15", Parcels: 1}}
	if out, err := s.Env.Ledger.PutShipments(t.Context(), s.warehouse("tokyo"), 3, ships, s.Now()); err != nil || out[0] != ledger.Done {
		t.Fatal(out, err)
	}
	s.Run("rakuten-1", "stock") // the figure still has them
	s.shows("tee", 16)
	s.Move(time.Minute)
	s.stocked("tokyo", map[string]int64{"TEE": 16})
	s.Run("rakuten-1", "stock")
	s.shows("tee", 16)
}

func TestOldFiguresAreNotUsed(t *testing.T) {
	s := open(t, nil)
	s.item("tee", "TEE")
	s.item("cap", "CAP")
	s.read()
	s.stocked("tokyo", map[string]int64{"TEE": 20})
	s.Move(27 * time.Hour)
	s.stocked("tokyo", map[string]int64{"CAP": 9})
	rep := s.Run("rakuten-1", "stock")
	s.noted(rep.Notes, "1 products are not told: the stock of tokyo is of 2026-07-15 12:00, older than 26h")
	if rep.Counts["quantities told"] != 1 || rep.Waiting == 0 {
		t.Errorf("%+v", rep)
	}
	s.shows("tee", 0)
	s.shows("cap", 6)
}

func TestRefusedAndUnanswered(t *testing.T) {
	s := open(t, nil)
	s.option(100, "TEE")
	s.option(200, "CAP")
	s.option(300, "MUG")
	s.Check(s.coupang.Sell(vendor, deleted(400, "MUG")))
	s.read()
	s.stocked("tokyo", map[string]int64{"TEE": 20, "CAP": 8, "MUG": 5})
	// The answer to one option is lost each time it is asked.
	arrived := 0
	s.Breaks(func(w http.ResponseWriter, r *http.Request, _ http.Handler) bool {
		if !strings.Contains(r.URL.Path, "/vendor-items/202/quantities/") {
			return false
		}
		arrived++
		panic(http.ErrAbortHandler)
	})
	rep := s.Run("coupang-1", "stock")
	if rep.Counts["quantities told"] != 2 || rep.Counts["quantities refused"] != 1 || rep.Counts["quantities without answer"]+rep.Counts["quantities to be told again"] != 1 || arrived == 0 {
		t.Errorf("%+v, %d", rep, arrived)
	}
	s.noted(rep.Notes, "the mall refuses 5")
	s.noted(rep.Notes, "삭제된 상품")
	told, err := s.Env.Ledger.StockTold(t.Context(), s.account("coupang-1"))
	s.Check(err)
	if x := told["202"]; x.State != ledger.ToldSending && x.State != ledger.ToldRetry || x.Tries != 1 {
		t.Errorf("%+v", x)
	}
	// It is told again, for the number is absolute; the refused one is not.
	s.Breaks(nil)
	s.wrote()
	rep = s.Run("coupang-1", "stock")
	if rep.Counts["quantities told"] != 1 || rep.Counts["quantities refused"] != 1 || s.wrote() != 1 {
		t.Errorf("%+v", rep)
	}
	s.offers(200, 5)
	// A new number is tried again.
	s.sold("P1", "ready", map[string]int64{"MUG": 1})
	if s.Run("coupang-1", "stock"); s.wrote() != 2 {
		t.Error("the refused product was not tried with its new number")
	}
}

func TestAMallThatIsDownIsToldLater(t *testing.T) {
	s := open(t, nil)
	s.item("tee", "TEE")
	s.read()
	s.stocked("tokyo", map[string]int64{"TEE": 20})
	s.Breaks(func(w http.ResponseWriter, _ *http.Request, _ http.Handler) bool {
		w.WriteHeader(http.StatusServiceUnavailable)
		return true
	})
	if err := s.Try("rakuten-1", "stock").Err; err == nil {
		t.Fatal("no error")
	}
	s.Breaks(nil)
	s.Move(time.Hour)
	s.Run("rakuten-1", "stock")
	s.shows("tee", 20)
}

// A crash between the mall's yes and our note leaves a doubt, not a wrong certainty.
func TestWhatWasBeingSentIsToldAgain(t *testing.T) {
	s := open(t, nil)
	s.item("tee", "TEE")
	s.read()
	s.stocked("tokyo", map[string]int64{"TEE": 20})
	s.Run("rakuten-1", "stock")
	id := s.account("rakuten-1")
	s.Check(s.Env.Ledger.SendingStock(t.Context(), id, []ledger.StockTold{{Product: "tee:normal-inventory", Quantity: 20}}, s.Now()))
	s.wrote()
	if s.Run("rakuten-1", "stock"); s.wrote() != 1 {
		t.Error("it was not told again")
	}
}

func TestManyDropsWaitForAPerson(t *testing.T) {
	s := open(t, settings{"rakuten-1": "stock: {approve_from: 2, approve_zero: 20, approve_jump: 40}\n"})
	var links strings.Builder
	free := map[string]int64{}
	for i := range 10 {
		code := fmt.Sprintf("G%d", i)
		s.item(strings.ToLower(code), code)
		fmt.Fprintf(&links, ",%s,%s,1\n", code, code)
		free[code] = 20
	}
	s.Write("masters/sku-links.csv", "account,code,sku,quantity\n"+links.String())
	s.Load()
	s.read()
	s.stocked("tokyo", free)
	s.Run("rakuten-1", "stock")

	// A broken file says nothing of three of ten, and a little less of another.
	s.Move(time.Hour)
	gone := map[string]int64{"G0": 0, "G1": 0, "G2": 0, "G3": 19}
	s.stocked("tokyo", gone)
	rep := s.Run("rakuten-1", "stock")
	s.noted(rep.Notes, "3 of 10 products would be sold out at once")
	if rep.Counts["quantities told"] != 1 || rep.Counts["quantities that wait for approval"] != 3 || rep.Waiting != 3 {
		t.Errorf("%+v", rep)
	}
	s.shows("g0", 20)
	s.shows("g3", 19)
	// Still waiting, with its first time.
	id := s.account("rakuten-1")
	first, err := s.Env.Ledger.Waits(t.Context(), id)
	s.Check(err)
	s.Move(time.Minute)
	s.Run("rakuten-1", "stock")
	again, err := s.Env.Ledger.Waits(t.Context(), id)
	s.Check(err)
	if len(first) != 3 || len(again) != 3 || !again[0].Since.Equal(first[0].Since) || first[0].Kind != ledger.WaitZero || first[0].Was != 20 {
		t.Errorf("%+v\n%+v", first, again)
	}
	if n, err := s.Env.Ledger.ApproveStock(t.Context(), id, "rakuten-1", "really", "kim", s.Now()); n != 3 || err != nil {
		t.Fatal(n, err)
	}
	s.Run("rakuten-1", "stock")
	s.shows("g0", 0)
	if left, err := s.Env.Ledger.Waits(t.Context(), id); err != nil || len(left) != 0 {
		t.Errorf("%+v, %v", left, err)
	}

	// A jump of more than two of five waits; the cause repaired, nothing waits.
	s.Move(time.Hour)
	for k := range free {
		free[k] = 200
	}
	s.stocked("tokyo", free)
	rep = s.Run("rakuten-1", "stock")
	s.noted(rep.Notes, "would change by more than half")
	s.Move(time.Hour)
	for k := range free {
		free[k] = 18
	}
	s.stocked("tokyo", free)
	rep = s.Run("rakuten-1", "stock")
	if left, err := s.Env.Ledger.Waits(t.Context(), id); err != nil || len(left) != 0 && rep.Waiting == 0 {
		t.Errorf("%+v, %v, %+v", left, err, rep)
	}
	s.shows("g5", 18)
}

func TestOnceADayEverythingIsToldAndCompared(t *testing.T) {
	s := open(t, nil)
	s.item("tee", "TEE")
	s.item("mug", "MUG")
	s.read()
	s.stocked("tokyo", map[string]int64{"TEE": 20, "MUG": 5})
	if rep := s.Run("rakuten-1", "stock"); rep.Counts["compared"] != 2 || rep.Counts["shown otherwise"] != 0 {
		t.Errorf("%+v", rep)
	}
	// Somebody changes a number in the mall's back office.
	a, _ := s.Env.Workspace.Account("rakuten-1")
	m, err := s.Env.Malls.Open(s.Env, a)
	s.Check(err)
	if r := m.SetStock(t.Context(), quantity("tee", 70)); !r[0].Outcome.OK() {
		t.Fatal(r)
	}
	s.wrote()
	if s.Run("rakuten-1", "stock"); s.wrote() != 0 {
		t.Error("told without a change of ours")
	}
	s.Move(25 * time.Hour)
	s.stocked("tokyo", map[string]int64{"TEE": 20, "MUG": 5})
	if rep := s.Run("rakuten-1", "stock"); rep.Counts["quantities told"] != 2 || rep.Counts["compared"] != 2 {
		t.Errorf("%+v", rep)
	}
	s.shows("tee", 20)
}

// Rakuten takes quantities of products that it does not have; only a look shows it.
func TestProductsThatTheMallDoesNotHave(t *testing.T) {
	s := open(t, nil)
	s.item("tee", "TEE")
	s.read()
	s.stocked("tokyo", map[string]int64{"TEE": 20})
	s.Breaks(func(w http.ResponseWriter, r *http.Request, _ http.Handler) bool {
		if r.URL.Path != "/es/2.0/inventories/bulk-get" {
			return false
		}
		fmt.Fprint(w, `{"inventories":[]}`)
		return true
	})
	rep := s.Run("rakuten-1", "stock")
	if rep.Counts["shown otherwise"] != 1 || rep.Counts["quantities refused"] != 1 {
		t.Errorf("%+v", rep)
	}
	s.noted(rep.Notes, "the mall does not have the product")
}

// The account's own sales and cancels move the mall's number too: though ours is the
// same as before, the mall is told.
func TestOwnOrdersMoveTheMallsNumber(t *testing.T) {
	s := open(t, settings{"plain-1": ""})
	s.item("tee", "TEE")
	s.read()
	s.stocked("tokyo", map[string]int64{"TEE": 20})
	o := &order.Order{Account: "rakuten-1", Number: "399001-20260715-0000000001", Status: "300", Ordered: order.Instant{UTC: s.Now()}, Payment: "prepaid", Currency: "JPY"}
	o.Packages = []order.Package{{Key: "1", Lines: []order.Line{{Key: "1", Codes: order.Codes{SKUCode: "TEE"}, Quantity: 2}}}}
	put := func(status string) {
		o.Status = status
		_, err := s.Env.Ledger.PutOrders(t.Context(), s.account("rakuten-1"), 1, []ledger.Intake{{Order: o, Row: 1}}, s.Now())
		s.Check(err)
	}
	put("300")
	s.Run("rakuten-1", "plan", "stock")
	s.shows("tee", 18)
	s.Move(time.Minute)
	put("900")
	s.stocked("tokyo", map[string]int64{"TEE": 18}) // two were lost meanwhile
	s.wrote()
	if s.Run("rakuten-1", "plan", "stock"); s.wrote() != 1 {
		t.Error("the mall gave two back to itself and was not told that there are 18")
	}
}

func TestOffUnlessAsked(t *testing.T) {
	s := open(t, settings{"coupang-1": ""})
	s.Write("accounts/rakuten-1.yaml", strings.Replace(s.Text("accounts/rakuten-1.yaml"), "auto_stock_sync: true", "auto_stock_sync: false", 1))
	s.Load()
	s.item("tee", "TEE")
	s.read()
	s.stocked("tokyo", map[string]int64{"TEE": 20})
	if rep := s.Run("rakuten-1", "stock"); !rep.Nothing() {
		t.Errorf("%+v", rep)
	}
	s.Env.Named = true
	rep := s.Run("rakuten-1", "stock")
	s.noted(rep.Notes, "auto_stock_sync is false")
	s.shows("tee", 0)
	s.Env.Asked = []string{"rakuten-1"}
	s.Run("rakuten-1", "stock")
	s.shows("tee", 20)
}

func TestLowStockIsAnAlert(t *testing.T) {
	s := open(t, settings{"rakuten-1": "stock: {low: 5}\n"})
	s.item("tee", "TEE")
	s.item("mug", "MUG")
	s.read()
	s.stocked("tokyo", map[string]int64{"TEE": 20, "MUG": 5})
	s.Run("rakuten-1", "stock")
	low := func() []ledger.Alert {
		t.Helper()
		as, err := s.Env.Ledger.Alerts(t.Context(), ledger.AlertList{Kind: order.AlertLowStock})
		s.Check(err)
		return as
	}
	if as := low(); len(as) != 1 || as[0].Subject != "MUG" || as[0].Step != 0 || as[0].Args[0] != "5" {
		t.Errorf("%+v", as)
	}
	s.sold("P1", "ready", map[string]int64{"MUG": 5})
	s.Run("rakuten-1", "stock")
	if as := low(); len(as) != 1 || as[0].Step != 1 {
		t.Errorf("%+v", as)
	}
	s.Move(time.Minute)
	s.stocked("tokyo", map[string]int64{"MUG": 50})
	s.Run("rakuten-1", "stock")
	if as := low(); len(as) != 0 {
		t.Errorf("%+v", as)
	}
}

func TestUnlinkedDemandIsNamed(t *testing.T) {
	s := open(t, nil)
	s.item("tee", "TEE")
	s.read()
	s.stocked("tokyo", map[string]int64{"TEE": 20})
	s.sold("P1", "ready", map[string]int64{"NEW": 2, "TEE": 1})
	s.Run("plain-1", "plan")
	rep := s.Run("rakuten-1", "stock")
	s.noted(rep.Notes, "2 pieces of 1 listings are ordered and not counted")
	s.shows("tee", 19)
	// Unshipped orders are not planned again by themselves; a new link makes them so.
	s.sold("P2", "new", map[string]int64{"NEW": 3})
	s.Run("plain-1", "plan")
	s.Write("masters/sku-links.csv", s.Text("masters/sku-links.csv")+",NEW,TEE,1\n")
	s.Load()
	s.Run("plain-1", "plan")
	p, err := stock.Take(t.Context(), s.Env)
	s.Check(err)
	if len(p.Uncounted) != 0 || p.Level("tokyo", "TEE").Unshipped != 3 || p.Level("tokyo", "TEE").Instructed != 3 {
		t.Errorf("%+v %+v", p.Uncounted, p.Level("tokyo", "TEE"))
	}
}

func TestSharesOfWarehousesAndMalls(t *testing.T) {
	for _, c := range []struct {
		name, stock   string
		tee, set, cap int64
	}{
		{"one warehouse", "stock: {warehouses: [tokyo]}\n", 10, 1, 1},
		{"two, summed", "stock: {warehouses: [tokyo, osaka]}\n", 13, 5, 5},
		{"two, sets whole in one", "stock: {warehouses: [tokyo, osaka], sets: warehouse}\n", 13, 4, 5},
		{"half", "stock: {warehouses: [tokyo, osaka], percent: 50}\n", 6, 2, 2},
		{"buffer", "stock: {warehouses: [tokyo, osaka], buffer: 4}\n", 9, 4, 5},
		{"split", "stock: {warehouses: [tokyo, osaka], products: split}\n", 6, 2, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := open(t, settings{"rakuten-1": c.stock})
			s.item("tee", "TEE")
			s.item("set", "SET")
			s.item("cap", "CAP")
			s.read()
			s.stocked("tokyo", map[string]int64{"TEE": 10, "CAP": 4})
			s.stocked("osaka", map[string]int64{"TEE": 3, "CAP": 5})
			s.sold("P1", "new", map[string]int64{"CAP": 1})
			if c.name == "one warehouse" {
				s.sold("P1", "cancelled", nil)
			}
			s.Run("plain-1", "plan")
			s.Run("rakuten-1", "stock")
			s.shows("tee", c.tee)
			s.shows("set", c.set)
			s.shows("cap", c.cap)
		})
	}
}
