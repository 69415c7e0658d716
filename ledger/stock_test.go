package ledger

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mallbridge/mallbridge/order"
)

// wanting makes a disposition of an order with its wants.
func (s *shop) wanting(number string, state State, reason order.Reason, wants ...Want) {
	s.t.Helper()
	r := s.row(number)
	d := Disposition{ID: r.ID, Version: r.Version, Was: r.State, State: state, Reason: reason, Wants: wants}
	if state == Held {
		d.Holds = []order.Hold{{Reason: reason, Detail: "a"}}
	}
	ok(s.t, s.Apply(s.t.Context(), &Plan{Orders: []Disposition{d}}, noon))
}

func TestDemandFollowsOrders(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		sums := func(want ...Demand) {
			t.Helper()
			for i := range want {
				want[i].AccountID = s.acc
			}
			if d := cmp.Diff(want, must[[]Demand](t)(s.Demands(t.Context()))); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		}
		unjudged := func(want int) {
			t.Helper()
			if rows := must[[]Row](t)(s.Unjudged(t.Context(), s.acc, 0, 10)); len(rows) != want {
				t.Errorf("%d orders were not judged, want %d", len(rows), want)
			}
		}
		s.put(numbered("1", "2", "3")...)
		unjudged(3)
		s.wanting("1", Outside, order.OutUnshipped, Want{SKU: "A", Quantity: 2}, Want{SKU: "A", Quantity: 1}, Want{Code: "x", Quantity: 4})
		s.wanting("2", Held, order.HoldSKU, Want{SKU: "A", Quantity: 5})
		s.wanting("3", Outside, order.OutDone, Want{SKU: "A", Quantity: 9})
		unjudged(0)
		unlinked := Demand{Code: "x", Unshipped: true, Quantity: 4, Orders: 1}
		sums(unlinked, Demand{SKU: "A", Quantity: 5, Orders: 1}, Demand{SKU: "A", Unshipped: true, Quantity: 3, Orders: 1})

		// Judged again with other wants; then planned.
		s.wanting("2", Held, order.HoldSKU, Want{SKU: "B", Quantity: 6})
		sums(unlinked, Demand{SKU: "A", Unshipped: true, Quantity: 3, Orders: 1}, Demand{SKU: "B", Quantity: 6, Orders: 1})
		s.planned("2")
		sums(unlinked, Demand{SKU: "A", Unshipped: true, Quantity: 3, Orders: 1})

		// Changed at the mall: not judged until it is planned.
		changed := numbered("1")
		changed[0].Order.Note = "new"
		s.put(changed...)
		sums()
		unjudged(1)
		s.wanting("1", Outside, order.OutCancelled)
		sums()

		// Held by a person before it was planned.
		s.put(numbered("4")...)
		ok(t, s.Hold(t.Context(), s.row("4").ID, "wait", "kim", noon))
		unjudged(1)
	})
}

func TestRelink(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		ctx := t.Context()
		s.put(numbered("1", "2")...)
		if again := must[bool](t)(s.Relink(ctx, s.acc, "a", noon)); !again {
			t.Error("the first mark changes nothing")
		}
		s.wanting("1", Outside, order.OutUnshipped, Want{Code: "x", Quantity: 4})
		s.wanting("2", Outside, order.OutDone)
		if again := must[bool](t)(s.Relink(ctx, s.acc, "a", noon)); again || s.row("1").State != Outside {
			t.Error("the same mark makes orders be judged again")
		}
		if again := must[bool](t)(s.Relink(ctx, s.acc, "b", noon)); !again || s.row("1").State != Seen || s.row("2").State != Outside {
			t.Errorf("states %v %v", s.row("1").State, s.row("2").State)
		}
		s.wanting("1", Outside, order.OutUnshipped, Want{SKU: "A", Quantity: 4})
		if ds := must[[]Demand](t)(s.Demands(ctx)); len(ds) != 1 || ds[0].SKU != "A" {
			t.Errorf("%+v", ds)
		}
	})
}

// TestInstructedAsTheFigureKnows goes through the life of one instruction under both
// kinds of figures.
func TestInstructedAsTheFigureKnows(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		ctx := t.Context()
		in := numbered("1")
		in[0].Order.Packages[0].Lines = in[0].Order.Packages[0].Lines[:1]
		s.put(in...)
		r := s.row("1")
		n := instructionFor(r.ID, s.acc, s.wh, r.Order)
		n.Pieces[0].SKU, n.Pieces[0].Quantity = "A", 3
		ok(t, s.Apply(ctx, &Plan{Orders: []Disposition{{ID: r.ID, Version: 1, State: Planned}}, Instructions: []NewInstruction{n}}, noon))
		stock := func(minute int) {
			t.Helper()
			_, err := s.PutStock(ctx, s.wh, 1, []order.Stock{{SKU: "A", OnHand: 10, Sellable: 10, At: after(minute)}}, false, after(minute))
			ok(t, err)
		}
		counts := func(what string, free, physical int64) {
			t.Helper()
			rule := StockRule{TakesIn: 30 * time.Minute, Oldest: noon.Add(-24 * time.Hour), Zone: time.UTC}
			for _, x := range []struct {
				physical bool
				want     int64
			}{{false, free}, {true, physical}} {
				rule.Physical = x.physical
				var got int64
				for _, i := range must[[]Instructed](t)(s.Instructed(ctx, s.wh, rule)) {
					got += i.Quantity
				}
				if got != x.want {
					t.Errorf("%s: physical %v: %d, want %d", what, x.physical, got, x.want)
				}
			}
		}
		counts("no figure", 3, 3)
		stock(1)
		counts("ready", 3, 3)
		b := s.claim()
		counts("claimed", 3, 3)
		s.advance(b.ID, BatchDelivered) // minute 3
		counts("delivered after the figure", 3, 3)
		stock(20)
		counts("delivered shortly before it", 3, 3)
		_, err := s.PutAcks(ctx, s.wh, 1, []order.Ack{{Instruction: instructionNumber(1), OK: true}}, after(21))
		ok(t, err)
		counts("answered after it", 3, 3)
		stock(22)
		counts("answered before it", 0, 3)
		_, err = s.PutShipments(ctx, s.wh, 1, []order.Shipment{{Instruction: instructionNumber(1), Carrier: "yamato", Tracking: "1", ShippedOn: "2026-11-22", Parcels: 1}}, after(23))
		ok(t, err)
		counts("shipped after it", 0, 3)
		stock(60)
		counts("shipped before it", 0, 0)
		if got := must[[]Instructed](t)(s.AtWarehouses(ctx)); len(got) != 0 {
			t.Errorf("%+v", got)
		}
	})
}

// TestInstructedWhileAStopIsAsked: the warehouse may have put the goods back before it
// says so.
func TestInstructedWhileAStopIsAsked(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		ctx := t.Context()
		in := numbered("1")
		in[0].Order.Packages[0].Lines = in[0].Order.Packages[0].Lines[:1]
		s.put(in...)
		r := s.row("1")
		n := instructionFor(r.ID, s.acc, s.wh, r.Order)
		n.Pieces[0].SKU, n.Pieces[0].Quantity = "A", 3
		ok(t, s.Apply(ctx, &Plan{Orders: []Disposition{{ID: r.ID, Version: 1, State: Planned}}, Instructions: []NewInstruction{n}}, noon))
		counts := func(what string, want int64) {
			t.Helper()
			var got int64
			for _, i := range must[[]Instructed](t)(s.Instructed(ctx, s.wh, StockRule{TakesIn: 30 * time.Minute, Oldest: noon.Add(-24 * time.Hour), Zone: time.UTC})) {
				got += i.Quantity
			}
			if got != want {
				t.Errorf("%s: %d, want %d", what, got, want)
			}
		}
		b := s.claim()
		s.advance(b.ID, BatchDelivered) // minute 3
		ok(t, s.Asked(ctx, []int64{1}, "stop.csv", after(4)))
		counts("no figure", 3)
		_, err := s.PutStock(ctx, s.wh, 1, []order.Stock{{SKU: "A", OnHand: 10, Sellable: 10, At: after(50)}}, false, after(50))
		ok(t, err)
		counts("the stop is not answered", 3)
		hold := []Disposition{{ID: r.ID, Version: 1, Was: Planned, State: Planned, Holds: []order.Hold{{Reason: order.HoldCancelled, Detail: "the mall says so"}}}}
		ok(t, s.Apply(ctx, &Plan{Orders: hold}, after(51)))
		counts("the order was cancelled", 0)
		hold[0].Holds = nil
		ok(t, s.Apply(ctx, &Plan{Orders: hold}, after(52)))
		counts("it was not", 3)
		_, err = s.PutAcks(ctx, s.wh, 1, []order.Ack{{Instruction: instructionNumber(1), Stop: true, Message: "too late"}}, after(53))
		ok(t, err)
		counts("it is too late to stop", 0)
	})
}

func TestToldAndWaits(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		ctx := t.Context()
		ok(t, s.SendingStock(ctx, s.acc, []StockTold{{Product: "a", Quantity: 5, Own: 1}, {Product: "b", Quantity: 0}}, noon))
		told := must[map[string]StockTold](t)(s.StockTold(ctx, s.acc))
		if x := told["a"]; x.State != ToldSending || x.Quantity != 5 || x.Own != 1 || x.Shown != -1 || len(told) != 2 {
			t.Errorf("%+v", told)
		}
		ok(t, s.SetWaits(ctx, s.acc, []Wait{{Product: "a", Kind: WaitZero, Was: 5}, {Product: "c", Kind: WaitJump, Was: -1, Wanted: 9}}, noon))
		if n := must[int64](t)(s.ApproveStock(ctx, s.acc, "shop", "", "kim", noon)); n != 2 {
			t.Errorf("%d approved", n)
		}
		// Of another kind it waits anew; gone, it does not.
		ok(t, s.SetWaits(ctx, s.acc, []Wait{{Product: "a", Kind: WaitJump, Was: 5, Wanted: 1}}, after(1)))
		ws := must[[]Wait](t)(s.Waits(ctx, s.acc))
		if len(ws) != 1 || ws[0].Approved != "" || !ws[0].Since.Equal(after(1)) {
			t.Errorf("%+v", ws)
		}
		ok(t, s.SetStockTold(ctx, s.acc, []StockTold{{Product: "a", State: ToldDone}, {Product: "b", State: ToldRetry, Detail: "503"}}, after(2)))
		ok(t, s.SetShown(ctx, s.acc, map[string]int64{"a": 4}, after(3)))
		told = must[map[string]StockTold](t)(s.StockTold(ctx, s.acc))
		if x, y := told["a"], told["b"]; x.State != ToldDone || x.Shown != 4 || y.Tries != 1 || y.Detail != "503" {
			t.Errorf("%+v", told)
		}
		if ws := must[[]Wait](t)(s.Waits(ctx, s.acc)); len(ws) != 0 {
			t.Errorf("%+v", ws)
		}
	})
}

func TestProducts(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		ctx := t.Context()
		a := Product{Key: "tee:w", Codes: order.Codes{ItemID: "tee", OptionCode: "w", SKUCode: "TEE"}, Name: "shirt", Price: 100, OnSale: true}
		b := Product{Key: "77", Codes: order.Codes{OptionID: "77"}, Name: "cup", Price: -1}
		put := func(minute int, want int64, ps ...Product) {
			t.Helper()
			if n := must[int64](t)(s.PutProducts(ctx, s.acc, ps, after(minute))); n != want {
				t.Errorf("minute %d: %d changed, want %d", minute, n, want)
			}
		}
		put(0, 2, a, b)
		a.Price = 120
		put(1, 1, a)
		put(2, 0, a)
		ps := must[[]Product](t)(s.Products(ctx, s.acc))
		a.SeenAt, b.SeenAt = after(2), after(0)
		if d := cmp.Diff([]Product{b, a}, ps); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
		if n := must[int64](t)(s.RemoveProducts(ctx, s.acc, after(1))); n != 1 {
			t.Errorf("%d gone", n)
		}
		var keys []string
		for _, c := range []order.Codes{{ItemID: "I", OptionCode: "o"}, {ItemID: "I", OptionID: "7"}, {ItemCode: "c"}, {SKUCode: "s"}, {}} {
			keys = append(keys, ProductKey(&c))
		}
		if want := []string{"I:o", "7", "c", ":s", ""}; !slices.Equal(keys, want) {
			t.Errorf("%q, want %q", keys, want)
		}
		ok(t, s.SetMark(ctx, s.acc, MarkCatalogFrom, "2026-11-22", noon))
		if v, at, err := s.Mark(ctx, s.acc, MarkCatalogFrom); v != "2026-11-22" || !at.Equal(noon) || err != nil {
			t.Error(v, at, err)
		}
	})
}
