package report_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/order"
	"github.com/mallbridge/mallbridge/simulator/coupang"
	"github.com/mallbridge/mallbridge/simulator/rakuten"
)

// number makes tracking numbers of twelve digits that pass the rule of seven.
func number(i int) string {
	n := 40_000_000_300 + int64(i)
	return fmt.Sprintf("%011d%d", n, n%7)
}

// by is the carrier of an account's country.
func by(account string) string {
	if account == coupangShop {
		return "cj"
	}
	return "yamato"
}

var both = []string{rakutenShop, coupangShop}

func TestAParcelIsToldAndProven(t *testing.T) {
	for _, account := range both {
		t.Run(account, func(t *testing.T) {
			s := open(t, "")
			list := s.ordinary(account, 3)
			s.sold(account, list...)
			var rows []parcel
			for i, o := range list {
				rows = append(rows, parcel{of: o, carrier: by(account), tracking: number(i)})
			}
			s.ships(rows...)
			s.reported(account)
			for i, o := range list {
				s.want(o, number(i)+" seen")
				s.shows(o, number(i))
				r := s.report(o)
				if r.SentAt.IsZero() || r.AcceptedAt.IsZero() || r.SeenAt.IsZero() || r.SeenAt.Before(r.AcceptedAt) || r.Tries != 1 {
					t.Errorf("%+v", r)
				}
				if k := s.kinds(o); k[0] != "report.waiting" || k[len(k)-1] != "report.seen" {
					t.Errorf("%v", k)
				}
			}
			if rep := s.Run(account, "report"); !rep.Nothing() {
				t.Errorf("another run did something: %s", rep.String())
			}
		})
	}
}

// TestEachOrderOfAMergedParcelIsTold: one parcel, two orders.
func TestEachOrderOfAMergedParcelIsTold(t *testing.T) {
	for _, account := range both {
		t.Run(account, func(t *testing.T) {
			s := open(t, "")
			list := s.ordinary(account, 2)
			list[1].Buyer, list[1].Parcels[0].To = list[0].Buyer, list[0].Parcels[0].To
			s.sold(account, list...)
			if a, b := s.instruction(list[0].Number, "tokyo"), s.instruction(list[1].Number, "tokyo"); a != b {
				t.Fatalf("instructions %s and %s: the orders were not merged", a, b)
			}
			s.ships(parcel{of: list[0], carrier: by(account), tracking: number(1)})
			s.reported(account)
			for _, o := range list {
				s.want(o, number(1)+" seen")
				s.shows(o, number(1))
			}
		})
	}
}

func TestSplitsAreToldAsTheMallTakesThem(t *testing.T) {
	for _, c := range []struct {
		account, settings string
		first, last       []string // after the first parcel, and after both
	}{
		{rakutenShop, "", []string{"1 seen"}, []string{"1 seen", "2 seen"}},
		{rakutenShop, "report: {parcels: all}\n", nil, []string{"1 seen", "2 extra"}},
		{rakutenShop, "report: {parcels: first}\n", []string{"1 seen"}, []string{"1 seen", "2 extra"}},
		{coupangShop, "", []string{"1 seen"}, []string{"1 seen", "2 seen"}},
		{coupangShop, "report: {parcels: all}\n", nil, []string{"1 seen", "2 extra"}},
	} {
		t.Run(c.account+" "+c.settings, func(t *testing.T) {
			s := open(t, c.settings)
			o := s.twoHouses(c.account)
			is := func(list []string) (out, shown []string) {
				for _, x := range list {
					n, state, _ := strings.Cut(x, " ")
					no := number(map[string]int{"1": 1, "2": 2}[n])
					out = append(out, no+" "+state)
					if state == "seen" {
						shown = append(shown, no)
					}
				}
				return out, shown
			}
			s.ships(parcel{of: o, at: "tokyo", carrier: by(c.account), tracking: number(1)})
			s.reported(c.account)
			want, shown := is(c.first)
			s.want(o, want...)
			s.shows(o, shown...)
			// What the mall makes of the order when it is told is no change to act on.
			s.Run(c.account, "extract", "plan")
			if holds, err := s.Env.Ledger.HoldsOf(t.Context(), s.Row(o.Number).ID); err != nil || len(holds) > 0 {
				t.Errorf("the order is held: %+v, %v", holds, err)
			}
			s.ships(parcel{of: o, at: "osaka", carrier: by(c.account), tracking: number(2)})
			s.reported(c.account)
			want, shown = is(c.last)
			s.want(o, want...)
			s.shows(o, shown...)
		})
	}
}

// TestMoreParcelsThanTheMallTakes: Coupang takes two numbers for a bundle, one for
// each line.
func TestMoreParcelsThanTheMallTakes(t *testing.T) {
	s := open(t, "")
	o := s.twoHouses(coupangShop)
	// Both numbers of Tokyo stand for the same line.
	s.ships(parcel{of: o, at: "tokyo", carrier: "cj", tracking: number(1)}, parcel{of: o, at: "tokyo", carrier: "cj", tracking: number(2)})
	s.reported(coupangShop)
	s.want(o, number(1)+" seen", number(2)+" extra")
	s.ships(parcel{of: o, at: "osaka", carrier: "cj", tracking: number(3)})
	s.reported(coupangShop)
	s.want(o, number(1)+" seen", number(2)+" extra", number(3)+" seen")
	s.shows(o, number(1), number(3))
}

func TestWhenTheMallIsTold(t *testing.T) {
	for _, c := range []struct {
		when     string
		early    bool // a label for tomorrow is told today
		accepted bool
	}{{"shipped", false, false}, {"labelled", true, true}, {"accepted", false, true}} {
		t.Run(c.when, func(t *testing.T) {
			s := open(t, "report: {when: "+c.when+"}\n")
			list := s.ordinary(rakutenShop, 2)
			s.sold(rakutenShop, list...)
			tomorrow := "2026-07-16"
			s.ships(parcel{of: list[0], carrier: "yamato", tracking: number(1), on: tomorrow})
			state := func() int {
				s.Run(rakutenShop, "report")
				return len(s.states(list[0]))
			}
			if (state() == 1) != c.early {
				t.Errorf("a label for tomorrow: %v", s.states(list[0]))
			}
			s.acks(list[0])
			if (state() == 1) != c.accepted {
				t.Errorf("accepted: %v", s.states(list[0]))
			}
			s.Move(24 * time.Hour)
			if state() != 1 {
				t.Errorf("the day has come: %v", s.states(list[0]))
			}
			if r := s.report(list[0]); r.ShippedOn != order.Date(tomorrow) {
				t.Errorf("%+v", r)
			}
		})
	}
}

func TestACorrectedNumberTakesThePlaceOfTheFirst(t *testing.T) {
	for _, account := range both {
		t.Run(account, func(t *testing.T) {
			s := open(t, "")
			o := s.ordinary(account, 1)[0]
			s.sold(account, o)
			s.ships(parcel{of: o, carrier: by(account), tracking: number(1)})
			s.reported(account)
			s.ships(parcel{of: o, carrier: by(account), tracking: number(1), gone: "1"})
			rep := s.Run(account, "report")
			s.want(o, number(1)+" revoked")
			if rep.Waiting != 1 {
				t.Errorf("nobody was told: %+v", rep)
			}
			s.ships(parcel{of: o, carrier: by(account), tracking: number(2)})
			s.reported(account)
			s.want(o, number(1)+" dropped", number(2)+" seen")
			s.shows(o, number(2))
		})
	}
}

func TestALaterNumberCanBeACorrection(t *testing.T) {
	s := open(t, "")
	s.Edit("warehouses/tokyo.yaml", "folder: results}", "folder: results, later_number: correction}")
	o := s.ordinary(rakutenShop, 1)[0]
	s.sold(rakutenShop, o)
	s.ships(parcel{of: o, carrier: "yamato", tracking: number(1)})
	s.reported(rakutenShop)
	s.ships(parcel{of: o, carrier: "yamato", tracking: number(2)})
	s.reported(rakutenShop)
	s.want(o, number(1)+" dropped", number(2)+" seen")
	s.shows(o, number(2))
}

// TestANumberTakenBackInTimeIsNotTold: the mall hears only of the second.
func TestANumberTakenBackInTimeIsNotTold(t *testing.T) {
	s := open(t, "")
	o := s.ordinary(rakutenShop, 1)[0]
	s.sold(rakutenShop, o)
	s.ships(parcel{of: o, carrier: "no-such", tracking: number(1)})
	s.Run(rakutenShop, "report")
	s.want(o, number(1)+" held")
	s.ships(parcel{of: o, carrier: "no-such", tracking: number(1), gone: "1"}, parcel{of: o, carrier: "yamato", tracking: number(2)})
	s.reported(rakutenShop)
	s.want(o, number(1)+" dropped", number(2)+" seen")
	s.shows(o, number(2))
}

func TestHeldUntilItsCauseIsRepaired(t *testing.T) {
	s := open(t, "auto_report: false\n")
	list := s.ordinary(rakutenShop, 3)
	s.sold(rakutenShop, list...)
	s.ships(parcel{of: list[0], carrier: "yamato", tracking: number(1)}, parcel{of: list[1], carrier: "yamato", tracking: number(2)},
		parcel{of: list[2], carrier: "qxpress", tracking: number(3)})
	s.reported(rakutenShop)
	for i, o := range list {
		s.want(o, number(i+1)+" held")
	}
	if r := s.report(list[0]); r.Reason != order.ReportManual {
		t.Errorf("%+v", r)
	}
	// A person sends one; then the setting is turned on.
	s.Check(s.Env.Ledger.RetryReport(t.Context(), ledger.Verdict{ID: s.report(list[0]).ID, Note: "now", Actor: "kim", Now: s.Now()}))
	s.reported(rakutenShop)
	s.want(list[0], number(1)+" seen")
	s.want(list[1], number(2)+" held")
	s.Edit("accounts/"+rakutenShop+".yaml", "auto_report: false", "auto_report: true")
	s.reported(rakutenShop)
	s.want(list[1], number(2)+" seen")
	if r := s.report(list[2]); r.State != ledger.ReportHeld || r.Reason != order.ReportCarrier || !strings.Contains(r.Detail, "qxpress") {
		t.Errorf("%+v", r)
	}
}

func TestAcceptedAndFailedLater(t *testing.T) {
	s := open(t, "")
	o := s.ordinary(rakutenShop, 1)[0]
	s.sold(rakutenShop, o)
	s.ships(parcel{of: o, carrier: "yamato", tracking: number(1)})
	s.rakuten.Break(rakuten.Faults{Async: true})
	s.reported(rakutenShop)
	s.want(o, number(1)+" rejected")
	if r := s.report(o); r.Code == "" || r.Detail == "" || r.Tries != 1 {
		t.Errorf("%+v", r)
	}
	// It is not sent again by itself.
	s.rakuten.Break(rakuten.Faults{})
	s.reported(rakutenShop)
	s.want(o, number(1)+" rejected")
	s.Check(s.Env.Ledger.RetryReport(t.Context(), ledger.Verdict{ID: s.report(o).ID, Note: "RMS was mended", Now: s.Now()}))
	s.reported(rakutenShop)
	s.want(o, number(1)+" seen")
	s.shows(o, number(1))
}

// TestAcceptedAndForgotten: "done" of the mall is no proof.
func TestAcceptedAndForgotten(t *testing.T) {
	for _, account := range both {
		t.Run(account, func(t *testing.T) {
			s := open(t, "")
			o := s.ordinary(account, 1)[0]
			s.sold(account, o)
			s.ships(parcel{of: o, carrier: by(account), tracking: number(1)})
			s.rakuten.Break(rakuten.Faults{Forget: true})
			s.coupang.Break(coupang.Faults{Forget: true})
			s.reported(account)
			s.want(o, number(1)+" accepted")
			told := int64(0)
			for range 12 {
				s.Move(time.Hour)
				told += s.Run(account, "report").Waiting
			}
			r := s.report(o)
			if told != 1 || !r.Late || r.State != ledger.ReportAccepted || r.Tries != 1 {
				t.Errorf("a person was told %d times: %+v", told, r)
			}
			s.rakuten.Break(rakuten.Faults{})
			s.coupang.Break(coupang.Faults{})
			s.Check(s.Env.Ledger.RetryReport(t.Context(), ledger.Verdict{ID: r.ID, Note: "asked the mall", Now: s.Now()}))
			s.reported(account)
			s.want(o, number(1)+" seen")
			s.shows(o, number(1))
		})
	}
}

func TestShownLate(t *testing.T) {
	for _, account := range both {
		t.Run(account, func(t *testing.T) {
			s := open(t, "")
			o := s.ordinary(account, 1)[0]
			s.sold(account, o)
			s.ships(parcel{of: o, carrier: by(account), tracking: number(1)})
			s.rakuten.Break(rakuten.Faults{Late: true})
			s.coupang.Break(coupang.Faults{Late: true})
			s.reported(account)
			s.want(o, number(1)+" accepted")
			for range 4 {
				s.Move(20 * time.Minute)
				s.Run(account, "report")
			}
			s.want(o, number(1)+" seen")
			s.shows(o, number(1))
			if r := s.report(o); r.Tries != 1 || r.Late {
				t.Errorf("%+v", r)
			}
		})
	}
}

func TestTheMallTakesFewerNumbersThanItSays(t *testing.T) {
	s := open(t, "")
	o := s.twoHouses(rakutenShop)
	s.rakuten.Break(rakuten.Faults{Single: true, Required: true})
	s.ships(parcel{of: o, at: "tokyo", carrier: "yamato", tracking: number(1)}, parcel{of: o, at: "osaka", carrier: "sagawa", tracking: number(2)})
	s.reported(rakutenShop)
	// Osaka's files are fetched first.
	s.want(o, number(2)+" seen", number(1)+" rejected")
	s.shows(o, number(2))
}

// TestNoAnswer loses the answer of each call of the report in turn: the mall has
// the number once, and the ledger knows it.
func TestNoAnswer(t *testing.T) {
	for _, account := range both {
		for lost := 1; lost <= 3; lost++ {
			t.Run(fmt.Sprintf("%s %d", account, lost), func(t *testing.T) {
				s := open(t, "")
				o := s.ordinary(account, 1)[0]
				s.sold(account, o)
				s.ships(parcel{of: o, carrier: by(account), tracking: number(1)})
				n := 0
				s.Breaks(func(_ http.ResponseWriter, r *http.Request, mall http.Handler) bool {
					if n++; n != lost {
						return false
					}
					mall.ServeHTTP(httptest.NewRecorder(), r)
					panic(http.ErrAbortHandler)
				})
				for range 12 {
					s.Try(account, "report") //nolint:errcheck // what is left undone is what the test looks at
					s.Move(5 * time.Minute)
				}
				s.want(o, number(1)+" seen")
				s.shows(o, number(1))
			})
		}
	}
}

// TestTheMallIsDown: transport errors are repeated at growing waits, counted, and
// told to a person once.
func TestTheMallIsDown(t *testing.T) {
	s := open(t, "")
	o := s.ordinary(coupangShop, 1)[0]
	s.sold(coupangShop, o)
	s.ships(parcel{of: o, carrier: "cj", tracking: number(1)})
	s.Breaks(func(w http.ResponseWriter, _ *http.Request, _ http.Handler) bool {
		http.Error(w, "service unavailable", http.StatusServiceUnavailable)
		return true
	})
	var tries []int64
	var waits []time.Duration
	told, failed := int64(0), 0
	for range 24 * 60 {
		res := s.Try(coupangShop, "report")
		rep, err := res.Report, res.Err
		if err != nil {
			failed++
		}
		told += rep.Waiting
		if r := s.report(o); len(tries) == 0 || r.Tries != tries[len(tries)-1] {
			tries, waits = append(tries, r.Tries), append(waits, r.NextAt.Sub(s.Now()).Round(time.Minute))
		}
		s.Move(time.Minute)
	}
	if len(tries) < 10 || len(tries) > 60 || told != 1 || failed == 0 {
		t.Errorf("%d tries at waits %v, %d failed, a person was told %d times", len(tries), waits, failed, told)
	}
	if !slices.IsSorted(waits) || waits[len(waits)-1] != time.Hour {
		t.Errorf("waits do not grow to an hour: %v", waits)
	}
	s.Breaks(nil)
	s.Move(time.Hour)
	s.reported(coupangShop)
	s.want(o, number(1)+" seen")
}

func TestACancelledOrderIsRefusedOnce(t *testing.T) {
	s := open(t, "")
	list := s.ordinary(rakutenShop, 2)
	s.sold(rakutenShop, list...)
	s.ships(parcel{of: list[0], carrier: "yamato", tracking: number(1)}, parcel{of: list[1], carrier: "yamato", tracking: number(2)})
	s.Check(s.rakuten.Cancel(list[0].Number))
	told := int64(0)
	for range 10 {
		told += s.Run(rakutenShop, "report").Waiting
		s.Move(10 * time.Minute)
	}
	if told != 1 {
		t.Errorf("a person was told %d times", told)
	}
	s.want(list[0], number(1)+" rejected")
	s.want(list[1], number(2)+" seen")
	s.shows(list[0])
}

// TestTypedInByHand: whoever enters the number at the mall saves the report.
func TestTypedInByHand(t *testing.T) {
	s := open(t, "auto_report: false\n")
	o := s.ordinary(rakutenShop, 1)[0]
	s.sold(rakutenShop, o)
	s.ships(parcel{of: o, carrier: "yamato", tracking: number(1)})
	s.Run(rakutenShop, "report")
	s.want(o, number(1)+" held")
	s.byHand(o, number(1))
	s.Move(20 * time.Minute)
	s.Run(rakutenShop, "extract")
	s.want(o, number(1)+" seen")
}

// TestWhatIsLeftOfASplitOrderGoesAgain: Coupang gives what has left a bundle of its
// own, so that the lines that stay stand where those stood. A parcel of them that the
// warehouse refused and a person lets go again is instructed again.
func TestWhatIsLeftOfASplitOrderGoesAgain(t *testing.T) {
	s := open(t, "")
	o := s.twoHouses(coupangShop)
	s.ships(parcel{of: o, at: "tokyo", carrier: "cj", tracking: number(1)})
	s.reported(coupangShop)
	s.Run(coupangShop, "extract", "plan")
	was := s.instruction(o.Number, "osaka")
	id, err := s.Env.Ledger.Warehouse(t.Context(), "osaka")
	s.Check(err)
	_, err = s.Env.Ledger.PutAcks(t.Context(), id, 0, []order.Ack{{Instruction: was, Message: "out of boxes"}}, s.Now())
	s.Check(err)
	s.Run(coupangShop, "plan")
	s.Check(s.Env.Ledger.Release(t.Context(), s.Row(o.Number).ID, []order.Reason{order.HoldWarehouseRefuse}, "there are boxes", "test", s.Now()))
	s.Run(coupangShop, "plan", "instruct")
	is := s.instruction(o.Number, "osaka")
	if is == was {
		t.Fatalf("it was not instructed again after %s", was)
	}
	s.ships(parcel{of: o, at: "osaka", carrier: "cj", tracking: number(2)})
	s.reported(coupangShop)
	s.want(o, number(1)+" seen", number(2)+" seen")
}

// TestWhatIsOwedIsHeldThoughTheMallHasItAsShipped: Rakuten counts an order as shipped
// once it has the first of its numbers. A second parcel that the warehouse refuses is
// still owed.
func TestWhatIsOwedIsHeldThoughTheMallHasItAsShipped(t *testing.T) {
	s := open(t, "")
	o := s.twoHouses(rakutenShop)
	s.ships(parcel{of: o, at: "tokyo", carrier: "yamato", tracking: number(1)})
	s.reported(rakutenShop)
	s.Move(24 * time.Hour)
	s.Run(rakutenShop, "extract", "plan")
	if at := s.Row(o.Number).Order.Status; at != "500" {
		t.Fatalf("the mall says %s", at)
	}
	id, err := s.Env.Ledger.Warehouse(t.Context(), "osaka")
	s.Check(err)
	_, err = s.Env.Ledger.PutAcks(t.Context(), id, 0, []order.Ack{{Instruction: s.instruction(o.Number, "osaka"), Message: "out of boxes"}}, s.Now())
	s.Check(err)
	s.Run(rakutenShop, "plan")
	holds, err := s.Env.Ledger.HoldsOf(t.Context(), s.Row(o.Number).ID)
	s.Check(err)
	if len(holds) != 1 || holds[0].Reason != order.HoldWarehouseRefuse {
		t.Fatalf("holds %+v", holds)
	}
	s.Check(s.Env.Ledger.Release(t.Context(), s.Row(o.Number).ID, []order.Reason{order.HoldWarehouseRefuse}, "sent by hand", "test", s.Now()))
	s.Run(rakutenShop, "plan")
	if holds, err = s.Env.Ledger.HoldsOf(t.Context(), s.Row(o.Number).ID); err != nil || len(holds) > 0 {
		t.Errorf("holds after the release %+v, %v", holds, err)
	}
}

// TestWhatNoInstructionHasIsOwed: a parcel that was stopped is taken back when another
// order of it goes again.
func TestWhatNoInstructionHasIsOwed(t *testing.T) {
	s := open(t, "")
	o := s.twoHouses(rakutenShop)
	s.ships(parcel{of: o, at: "tokyo", carrier: "yamato", tracking: number(1)})
	s.reported(rakutenShop)
	id, err := s.Env.Ledger.Warehouse(t.Context(), "osaka")
	s.Check(err)
	_, err = s.Env.Ledger.PutAcks(t.Context(), id, 0, []order.Ack{{Instruction: s.instruction(o.Number, "osaka"), Message: "out of boxes"}}, s.Now())
	s.Check(err)
	places, err := s.Env.Ledger.PlacesOf(t.Context(), s.Row(o.Number).ID)
	s.Check(err)
	for _, pl := range places {
		if pl.Warehouse == "osaka" {
			s.Check(s.Env.Ledger.Apply(t.Context(), &ledger.Plan{Withdraw: []int64{pl.InstructionID}}, s.Now()))
		}
	}
	s.Move(24 * time.Hour)
	s.Run(rakutenShop, "extract", "plan")
	holds, err := s.Env.Ledger.HoldsOf(t.Context(), s.Row(o.Number).ID)
	s.Check(err)
	if len(holds) != 1 || holds[0].Reason != order.HoldWarehouseRefuse {
		t.Fatalf("%s, holds %+v", s.Row(o.Number).Order.Status, holds)
	}
}
