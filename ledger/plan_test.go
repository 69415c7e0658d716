package ledger

import (
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/mallbridge/mallbridge/order"
)

func TestApplyStoresInstructions(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		s.put(samples(0, 5)...)
		rows, err := s.Pending(t.Context(), s.acc, Seen, 0, 10)
		ok(t, err)
		p := &Plan{Events: []Event{{Kind: "rule.applied", OrderID: rows[0].ID, Detail: "insert"}}}
		for i := range rows {
			p.Orders = append(p.Orders, Disposition{ID: rows[i].ID, Version: 1, State: Planned})
			p.Instructions = append(p.Instructions, instructionFor(rows[i].ID, s.acc, s.wh, rows[i].Order))
		}
		p.Instructions[0].Prefix, p.Instructions[0].Width = "X-", 3
		ok(t, s.Apply(t.Context(), p, noon))
		if n := p.Instructions[0].Instruction; n.Number != "X-001" || n.ID != 1 {
			t.Errorf("number %s, id %d", n.Number, n.ID)
		}
		var got []*order.Instruction
		ok(t, s.Ready(t.Context(), s.wh, "2026-11-23", 0, func(in *order.Instruction) error { got = append(got, in); return nil }))
		for i, in := range got {
			if d := cmp.Diff(p.Instructions[i].Instruction, in, cmpopts.EquateEmpty()); d != "" {
				t.Fatalf("instruction %d (-put +got):\n%s", i, d)
			}
		}
		if len(got) != 5 {
			t.Errorf("%d are ready", len(got))
		}
		of, err := s.InstructionsOf(t.Context(), rows[2].ID)
		ok(t, err)
		if len(of) != 1 || of[0].Number != p.Instructions[2].Instruction.Number {
			t.Errorf("order 3 has %v", of)
		}
		orders, err := s.OrdersOf(t.Context(), 3)
		ok(t, err)
		if !slices.Equal(orders, []int64{rows[2].ID}) {
			t.Errorf("instruction 3 serves %v", orders)
		}
		places, err := s.PlacesOf(t.Context(), rows[2].ID)
		ok(t, err)
		if len(places) != 1 || places[0].Batch != nil || places[0].Warehouse != "tokyo" || places[0].ShipOn != "2026-11-23" || !places[0].CreatedAt.Equal(noon) {
			t.Errorf("places %+v", places)
		}
		if k := s.kinds(rows[0].ID, 0); !slices.Equal(k, []string{"rule.applied"}) {
			t.Errorf("events %v", k)
		}
	})
}

func TestApplyRefusesWhatChanged(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		s.put(numbered("1", "2")...)
		r1, r2 := s.row("1"), s.row("2")
		changed := numbered("1", "2")
		changed[1].Order.Note = "new"
		s.put(changed[1])
		p := &Plan{
			Orders:       []Disposition{{ID: r1.ID, Version: r1.Version, State: Planned}, {ID: r2.ID, Version: r2.Version, State: Planned}},
			Instructions: []NewInstruction{instructionFor(r1.ID, s.acc, s.wh, r1.Order), instructionFor(r2.ID, s.acc, s.wh, r2.Order)},
		}
		if err := s.Apply(t.Context(), p, noon); !errors.Is(err, ErrChanged) {
			t.Fatalf("got %v, want ErrChanged", err)
		}
		if r := s.row("1"); r.State != Seen {
			t.Errorf("a part of the plan was stored: order 1 is %v", r.State)
		}
		if n := len(readyIDs(t, s)); n != 0 {
			t.Errorf("%d instructions were stored", n)
		}
	})
}

func TestApplyRefusesWhatAnotherPlanned(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		s.put(numbered("1", "2")...)
		r := s.row("1")
		late := &Plan{Orders: []Disposition{{ID: r.ID, Version: r.Version, State: Outside, Reason: order.OutDone}}}
		s.planned("1")
		if err := s.Apply(t.Context(), late, noon); !errors.Is(err, ErrChanged) {
			t.Fatalf("got %v, want ErrChanged", err)
		}
		// Taken back and decided anew in one plan, it is no surprise.
		changed := numbered("1")
		changed[0].Order.Status = "cancelled"
		s.put(changed...)
		r = s.row("1")
		p := &Plan{
			Withdraw: readyIDs(t, s),
			Orders:   []Disposition{{ID: r.ID, Version: r.Version, Was: r.State, State: Outside, Reason: order.OutCancelled}},
		}
		ok(t, s.Apply(t.Context(), p, noon))
		if r := s.row("1"); r.State != Outside || len(readyIDs(t, s)) != 0 {
			t.Errorf("it is %v", r.State)
		}
	})
}

func readyIDs(t testing.TB, s *shop) []int64 {
	t.Helper()
	var ids []int64
	ok(t, s.Ready(t.Context(), s.wh, "9999-12-31", 0, func(in *order.Instruction) error { ids = append(ids, in.ID); return nil }))
	return ids
}

func TestApplyRefusesAPieceTwice(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		s.put(numbered("1", "2")...)
		s.planned("1")
		r1, r2 := s.row("1"), s.row("2")
		two := instructionFor(r2.ID, s.acc, s.wh, r2.Order)
		two.Pieces = append(two.Pieces, instructionFor(r1.ID, s.acc, s.wh, r1.Order).Pieces...)
		err := s.Apply(t.Context(), &Plan{Orders: []Disposition{{ID: r2.ID, Version: 1, State: Planned}}, Instructions: []NewInstruction{two}}, noon)
		if err == nil {
			t.Fatal("order 1 is in two instructions")
		}
		if r := s.row("2"); r.State != Seen {
			t.Errorf("order 2 is %v", r.State)
		}
	})
}

func TestHoldsBeginKeepAndEnd(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		s.put(numbered("1", "2")...)
		sku := order.Hold{Reason: order.HoldSKU, Detail: "item-1", Field: "item_code", Value: "item-1"}
		phone := order.Hold{Reason: order.HoldPhone, Detail: "no digits"}
		remark := order.Hold{Reason: order.HoldRemark, Detail: "a letter's \"quote\""}
		s.holdAt("1", 0, sku, phone, sku)
		s.holdAt("1", 10, sku, remark)
		r := s.row("1")
		if r.State != Held || r.Reason != order.HoldSKU {
			t.Errorf("order 1 is %v for %s", r.State, r.Reason)
		}
		got, err := s.HoldsOf(t.Context(), r.ID)
		ok(t, err)
		slices.SortFunc(got, func(a, b HeldFor) int { return a.Since.Compare(b.Since) })
		want := []HeldFor{
			{Hold: sku, OrderID: r.ID, Account: "rakuten-main", Number: "1", Since: noon},
			{Hold: remark, OrderID: r.ID, Account: "rakuten-main", Number: "1", Since: after(10)},
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
		s.holdAt("2", 5, phone)
		all, err := s.Holds(t.Context(), "rakuten-main", 2)
		ok(t, err)
		if len(all) != 2 || all[0].Number != "1" || all[1].Number != "2" {
			t.Errorf("the oldest two holds are %+v", all)
		}
		if none, err := s.Holds(t.Context(), "other", 10); err != nil || len(none) != 0 {
			t.Errorf("another account holds %v, %v", none, err)
		}
		s.planned("1")
		if got, err := s.HoldsOf(t.Context(), r.ID); err != nil || len(got) != 0 {
			t.Errorf("a planned order is held by %v, %v", got, err)
		}
		want2 := []string{"order.held", "order.held", "order.held", "hold.ended", "hold.ended", "hold.ended"}
		if k := s.kinds(r.ID, 0); !slices.Equal(k, want2) {
			t.Errorf("events %v", k)
		}
	})
}

func TestReleasesCountForOneVersion(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		s.put(numbered("1", "2")...)
		s.hold("1", order.Hold{Reason: order.HoldRemark, Detail: "a"}, order.Hold{Reason: order.HoldPhone, Detail: "b"})
		r := s.row("1")
		wantCode(t, s.Release(t.Context(), r.ID, nil, "  ", "mika", noon), order.Invalid)
		wantCode(t, s.Release(t.Context(), s.row("2").ID, nil, "why", "mika", noon), order.Conflict)
		ok(t, s.Release(t.Context(), r.ID, []order.Reason{order.HoldRemark}, "read it", "mika", noon))
		released := func() []order.Reason {
			t.Helper()
			rows, err := s.Pending(t.Context(), s.acc, s.row("1").State, 0, 10)
			ok(t, err)
			slices.Sort(rows[0].Released)
			return rows[0].Released
		}
		if got := released(); !slices.Equal(got, []order.Reason{order.HoldRemark}) {
			t.Errorf("released %v", got)
		}
		ok(t, s.Release(t.Context(), r.ID, nil, "read all", "mika", after(1)))
		if got := released(); !slices.Equal(got, []order.Reason{order.HoldPhone, order.HoldRemark}) {
			t.Errorf("released %v", got)
		}
		es, err := s.Events(t.Context(), r.ID, 0)
		ok(t, err)
		if e := es[2]; e.Kind != "hold.released" || e.Actor != "mika" || e.Detail != "read it" || e.Reason != order.HoldRemark {
			t.Errorf("event %+v", e)
		}
		// Planned and taken back, it is still released.
		s.planned("1")
		ok(t, s.Apply(t.Context(), &Plan{Withdraw: readyIDs(t, s)}, after(2)))
		if got := released(); s.row("1").State != Seen || !slices.Equal(got, []order.Reason{order.HoldPhone, order.HoldRemark}) {
			t.Errorf("taken back it is released from %v", got)
		}
		changed := numbered("1")
		changed[0].Order.Note = "another wish"
		s.put(changed...)
		if got := released(); len(got) != 0 {
			t.Errorf("a changed order is still released from %v", got)
		}
	})
}

func TestReleaseOfAPlannedOrderIsJudgedAgain(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		s.put(numbered("1")...)
		s.planned("1")
		ok(t, s.Release(t.Context(), s.row("1").ID, []order.Reason{order.HoldChanged}, "it is the same parcel", "mika", noon))
		if r := s.row("1"); r.State != Recheck {
			t.Errorf("it is %v", r.State)
		}
	})
}

func TestHoldByAPerson(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		s.put(numbered("1", "2")...)
		id := s.row("1").ID
		ok(t, s.Hold(t.Context(), id, "call the buyer", "mika", noon))
		ok(t, s.Hold(t.Context(), id, "call the buyer", "mika", after(1)))
		r := s.row("1")
		hs, err := s.HoldsOf(t.Context(), id)
		ok(t, err)
		if r.State != Held || r.Reason != order.HoldPerson || len(hs) != 1 || !hs[0].Since.Equal(noon) {
			t.Errorf("state %v, reason %s, holds %+v", r.State, r.Reason, hs)
		}
		// What is planned is taken back as long as it is in no file.
		s.planned("2")
		ok(t, s.Hold(t.Context(), s.row("2").ID, "wait", "mika", noon))
		if r := s.row("2"); r.State != Held || r.Reason != order.HoldPerson || len(readyIDs(t, s)) != 0 {
			t.Errorf("a planned order: state %v, reason %s, %d instructions", r.State, r.Reason, len(readyIDs(t, s)))
		}
		ok(t, s.Release(t.Context(), s.row("2").ID, []order.Reason{order.HoldPerson}, "go", "mika", after(1)))
		s.planned("2")
		s.claim()
		wantCode(t, s.Hold(t.Context(), s.row("2").ID, "too late", "mika", noon), order.Conflict)
		// A hold after a release counts again.
		ok(t, s.Release(t.Context(), id, []order.Reason{order.HoldPerson}, "called", "mika", after(2)))
		ok(t, s.Hold(t.Context(), id, "once more", "mika", after(3)))
		rows, err := s.Pending(t.Context(), s.acc, Held, 0, 10)
		ok(t, err)
		if len(rows) != 1 || len(rows[0].Released) != 0 {
			t.Errorf("pending %+v", rows)
		}
	})
}

func TestWithdraw(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		s.put(numbered("1", "2")...)
		ids := s.planned("1", "2")
		ok(t, s.Apply(t.Context(), &Plan{Withdraw: ids[:1]}, noon))
		if got := readyIDs(t, s); !slices.Equal(got, ids[1:]) {
			t.Errorf("ready %v", got)
		}
		if r := s.row("1"); r.State != Seen {
			t.Errorf("its order is %v", r.State)
		}
		again := s.planned("1")
		if again[0] == ids[0] {
			t.Error("the new instruction has the old id")
		}
		if err := s.Apply(t.Context(), &Plan{Withdraw: ids[:1]}, noon); !errors.Is(err, ErrChanged) {
			t.Errorf("withdrawn twice: %v", err)
		}
		s.claim()
		if err := s.Apply(t.Context(), &Plan{Withdraw: ids[1:]}, noon); !errors.Is(err, ErrChanged) {
			t.Errorf("withdrawn from a batch: %v", err)
		}
	})
}

func TestWithdrawFreesEveryOrderOfAMerge(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		s.put(numbered("1", "2", "3")...)
		p := &Plan{}
		var merged NewInstruction
		for _, n := range []string{"1", "2"} {
			r := s.row(n)
			p.Orders = append(p.Orders, Disposition{ID: r.ID, Version: 1, State: Planned})
			one := instructionFor(r.ID, s.acc, s.wh, r.Order)
			merged.Pieces = append(merged.Pieces, one.Pieces...)
			one.Pieces = merged.Pieces
			merged = one
		}
		p.Instructions = []NewInstruction{merged}
		ok(t, s.Apply(t.Context(), p, noon))
		orders, err := s.OrdersOf(t.Context(), merged.Instruction.ID)
		ok(t, err)
		if len(orders) != 2 {
			t.Fatalf("it serves %v", orders)
		}
		ok(t, s.Apply(t.Context(), &Plan{Withdraw: []int64{merged.Instruction.ID}}, noon))
		if a, b := s.row("1"), s.row("2"); a.State != Seen || b.State != Seen {
			t.Errorf("states %v, %v", a.State, b.State)
		}
	})
}

func TestListings(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		ok(t, s.PutListings(t.Context(), s.acc, nil, noon))
		ok(t, s.PutListings(t.Context(), s.acc, []Listing{
			{Code: "b", Name: "cup", Option: "red", Barcode: "4900000000000"}, {Code: "a", Name: "plate", Linked: true}, {Code: "c", Name: "bowl"},
		}, noon))
		ok(t, s.PutListings(t.Context(), s.acc, []Listing{{Code: "c", Name: "bowl", Linked: true}, {Code: "a", Name: "plate, large"}}, after(1)))
		got, err := s.Unlinked(t.Context(), "")
		ok(t, err)
		want := []Listing{
			{Account: "rakuten-main", Code: "a", Name: "plate, large", SeenAt: after(1)},
			{Account: "rakuten-main", Code: "b", Name: "cup", Option: "red", Barcode: "4900000000000", SeenAt: noon},
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
		if got, err := s.Unlinked(t.Context(), "other"); err != nil || len(got) != 0 {
			t.Errorf("another account has %v, %v", got, err)
		}
	})
}

// TestAChangeEndsHolds changes a held order at the mall: what held it is forgotten
// with the plan that takes it.
func TestAChangeEndsHolds(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		s.put(numbered("1")...)
		s.hold("1", order.Hold{Reason: order.HoldClaim, Detail: "a stop request"})
		changed := numbered("1")
		changed[0].Order.Note = "withdrawn"
		s.put(changed...)
		s.planned("1")
		hs, err := s.HoldsOf(t.Context(), s.row("1").ID)
		ok(t, err)
		if len(hs) != 0 {
			t.Errorf("%+v", hs)
		}
		if k := s.kinds(s.row("1").ID, 0); !slices.Contains(k, "hold.ended") {
			t.Errorf("%v", k)
		}
	})
}
