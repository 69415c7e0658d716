package demo

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/order"
	"github.com/mallbridge/mallbridge/simulator/orders"
	"github.com/mallbridge/mallbridge/simulator/warehouse"
)

var evening = time.Date(2026, 11, 22, 20, 0, 0, 0, japan)

func options(t *testing.T, seed uint64, n int) Options {
	t.Helper()
	return Options{Dir: t.TempDir(), Once: true, Seed: seed, Orders: n, Lang: "en", Now: func() time.Time { return evening }}
}

func TestDay(t *testing.T) {
	for _, seed := range []uint64{1, 2} {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			var out bytes.Buffer
			o := options(t, seed, 300)
			o.Out = &out
			w, err := newWorld(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			defer func() {
				if err := w.close(); err != nil {
					t.Error(err)
				}
			}()
			if err := w.day(t.Context()); err != nil {
				t.Fatalf("%v\n%s", err, out.String())
			}
			sum, err := w.count(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			checkSums(t, sum)
			later := int64(0)
			for _, o := range w.placed[orders.Rakuten] {
				if o.Fate.State == orders.Later {
					later++
				}
			}
			if sum.Held[order.HoldNotBefore] != later {
				t.Errorf("%d orders wait for their day, want %d", sum.Held[order.HoldNotBefore], later)
			}
			checkFates(t, w)
			checkOnce(t, w)
			if t.Failed() {
				t.Log(out.String())
			}
		})
	}
}

// checkSums adds up what the demo says of its day.
func checkSums(t *testing.T, s Summary) {
	t.Helper()
	var held int64
	for _, n := range s.Held {
		held += n
	}
	if got := s.Instructed + held + s.Outside + s.Refused; got != s.OrdersSeen {
		t.Errorf("%d instructed, %d held, %d outside and %d refused are %d orders, not %d", s.Instructed, held, s.Outside, s.Refused, got, s.OrdersSeen)
	}
	if s.Shipped > s.Instructed || s.Shipped == 0 {
		t.Errorf("%d shipped of %d instructed", s.Shipped, s.Instructed)
	}
	if !s.Balanced {
		t.Errorf("it does not balance: %q", s.Differences)
	}
	if s.LinesClaimed != s.LinesInFiles || s.LinesClaimed != s.LinesAccepted+s.LinesRefused {
		t.Errorf("%d lines claimed, %d in files, %d accepted, %d refused", s.LinesClaimed, s.LinesInFiles, s.LinesAccepted, s.LinesRefused)
	}
	for _, r := range []order.Reason{
		order.HoldSKU, order.HoldPayment, order.HoldDelivery, order.HoldTimeBand, order.HoldStatus, order.HoldMallStatus, order.HoldMallCheck, order.HoldAmount,
		order.HoldClaim, order.HoldPostal, order.HoldPhone, order.HoldCharacter, order.HoldLength, order.HoldCollect, order.HoldRule, order.HoldPerson,
		order.HoldRemark, order.HoldNotBefore, order.HoldDeliveryDate, order.HoldWarehouseRefuse,
	} {
		if s.Held[r] == 0 {
			t.Errorf("no order is held for %s", r)
		}
	}
	for _, r := range []order.Reason{order.OutUnshipped, order.OutDone, order.OutCancelled, order.OutBeforeStart, order.OutMallFulfils, order.OutRule} {
		if s.OutsideReasons[r] == 0 {
			t.Errorf("no order is outside for %s", r)
		}
	}
	if s.Held[order.HoldMergeWait] != 0 || s.Held[HoldNotPlanned] != 0 {
		t.Errorf("orders still wait in the evening: %v", s.Held)
	}
}

// checkFates compares what became of every order with what the generator says.
func checkFates(t *testing.T, w *world) {
	t.Helper()
	for _, a := range accounts {
		for _, o := range w.of(a.name, a.mall) {
			got, err := fate(t.Context(), w, a.name, o.Number)
			if err != nil {
				t.Fatal(err)
			}
			if got.Reason == string(order.HoldWarehouseRefuse) {
				got = orders.Fate{State: orders.Instructed}
			}
			if got != o.Fate {
				t.Errorf("%s %s (%s): %+v, want %+v", a.name, o.Number, o.Kind, got, o.Fate)
			}
		}
	}
}

func fate(ctx context.Context, w *world, account, number string) (orders.Fate, error) {
	rows, err := w.env.Ledger.OrdersByNumber(ctx, number, account)
	if err != nil {
		return orders.Fate{}, err
	}
	if len(rows) == 0 {
		refused, err := w.env.Ledger.RefusalsOf(ctx, number, 0)
		if err != nil || len(refused) == 0 {
			return orders.Fate{State: orders.Filtered}, err
		}
		i := slices.IndexFunc(refused, func(r ledger.Refusal) bool { return r.Reason != order.RefusedSibling })
		return orders.Fate{State: orders.Refused, Reason: string(refused[max(i, 0)].Reason)}, nil
	}
	r := rows[0]
	switch r.State {
	case ledger.Held:
		return orders.Fate{State: orders.Held, Reason: string(r.Reason)}, nil
	case ledger.Outside:
		return orders.Fate{State: orders.Outside, Reason: string(r.Reason)}, nil
	}
	places, err := w.env.Ledger.PlacesOf(ctx, r.ID)
	if err != nil {
		return orders.Fate{}, err
	}
	f := orders.Fate{State: orders.Instructed}
	for _, p := range places {
		switch {
		case p.State == ledger.InstructionRefused:
			f = orders.Fate{State: orders.Held, Reason: string(order.HoldWarehouseRefuse)}
		case p.Batch == nil || p.Batch.State != ledger.BatchDelivered:
			return orders.Fate{State: orders.Later}, nil
		}
	}
	return f, nil
}

// checkOnce asks the warehouses themselves.
func checkOnce(t *testing.T, w *world) {
	t.Helper()
	parcels := 0
	for _, s := range w.sites {
		for k, n := range s.w.Offered() {
			if n != 1 {
				t.Errorf("%s was given line %s of %s %d times", s.name, k.Line, k.Instruction, n)
			}
		}
		for _, in := range s.w.Instructions() {
			parcels++
			for _, number := range in.Tracking {
				if !warehouse.CheckDigit(number) {
					t.Errorf("%s %s: tracking number %s", s.name, in.Number, number)
				}
			}
		}
	}
	if parcels == 0 {
		t.Error("no warehouse has anything")
	}
}

// What goes to B2 Cloud is taken by it: the simulator refuses nothing but what it
// refuses on purpose.
func TestB2(t *testing.T) {
	o := options(t, 8, 200)
	o.B2 = true
	w, err := newWorld(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := w.close(); err != nil {
			t.Error(err)
		}
	}()
	if err := w.day(t.Context()); err != nil {
		t.Fatal(err)
	}
	sum, err := w.count(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var held int64
	for _, n := range sum.Held {
		held += n
	}
	if sum.Instructed+held+sum.Outside+sum.Refused != sum.OrdersSeen || !sum.Balanced || sum.Shipped == 0 {
		t.Errorf("%+v", sum)
	}
	holds, err := w.env.Ledger.Holds(t.Context(), "", 1000)
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range holds {
		if h.Reason == order.HoldWarehouseRefuse && h.Detail != refusal {
			t.Errorf("B2 refuses: %s", h.Detail)
		}
	}
	checkOnce(t, w)
}

// A second demo in the same folder plays the same day: nothing is new.
func TestSameDayAgain(t *testing.T) {
	o := options(t, 4, 60)
	first, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	again, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if again.OrdersSeen != first.OrdersSeen || again.Instructed != first.Instructed || again.Shipped != first.Shipped || again.Batches != first.Batches || !again.Balanced {
		t.Errorf("the same day again:\n%+v\nfirst:\n%+v", again, first)
	}
}

func TestLanguages(t *testing.T) {
	for lang, want := range map[string]string{"ja": "一致しました", "ko": "일치합니다"} {
		var out bytes.Buffer
		o := options(t, 5, 20)
		o.Out, o.Lang = &out, lang
		if _, err := Run(t.Context(), o); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(out.String(), want) {
			t.Errorf("%s: %q is missing in\n%s", lang, want, out.String())
		}
	}
}

func TestFewOrders(t *testing.T) {
	for _, n := range []int{1} {
		sum, err := Run(t.Context(), options(t, 6, n))
		if err != nil {
			t.Fatal(err)
		}
		if sum.OrdersSeen != int64(n) || !sum.Balanced {
			t.Errorf("%d orders: %+v", n, sum)
		}
	}
}

// With new orders coming in until somebody ends it.
func TestGoesOn(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	o := options(t, 7, 40)
	o.Once, o.Every = false, time.Millisecond
	o.Out = &ender{stop: stop, after: 7} // each shop once
	began := time.Now()
	o.Now = func() time.Time { return evening.Add(time.Since(began)) }
	sum, err := Run(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	if sum.OrdersSeen <= 50 || !sum.Balanced {
		t.Errorf("after some rounds: %+v", sum)
	}
}

// ender ends the demo after so many rounds.
type ender struct {
	stop  func()
	after int
}

func (e *ender) Write(p []byte) (int, error) {
	if bytes.Contains(p, []byte("new orders,")) {
		if e.after--; e.after <= 0 {
			e.stop()
		}
	}
	return len(p), nil
}
