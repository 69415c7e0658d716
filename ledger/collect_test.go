package ledger

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mallbridge/mallbridge/order"
)

func TestFiles(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		ctx := t.Context()
		f, err := s.AddFile(ctx, s.file("a.csv", "aaa"), noon)
		ok(t, err)
		if f.ID == 0 || f.State != FileTaken || f.DuplicateOf != 0 || !f.ReceivedAt.Equal(noon) {
			t.Fatalf("%+v", f)
		}
		again, err := s.AddFile(ctx, s.file("a2.csv", "aaa"), after(1))
		ok(t, err)
		if again.ID != f.ID || again.State != FileTaken || again.DuplicateOf != 0 {
			t.Errorf("not finished, then dropped again: %+v", again)
		}
		open, err := s.OpenFiles(ctx, FileOrders, "rakuten-main")
		ok(t, err)
		if len(open) != 1 || open[0].ID != f.ID || open[0].Name != "a2.csv" {
			t.Errorf("open %+v", open)
		}
		f.State, f.Format, f.Rows, f.Taken, f.Filtered, f.Refused, f.OrdersRefused = FileDone, "rakuten", 10, 7, 1, 2, 1
		f.RefusedPath, f.Message = "rejected/a.csv", "two rows"
		ok(t, s.FinishFile(ctx, f, after(2)))
		dup, err := s.AddFile(ctx, s.file("b.csv", "aaa"), after(3))
		ok(t, err)
		if dup.ID == f.ID || dup.DuplicateOf != f.ID || dup.State != FileDone {
			t.Errorf("the same content: %+v", dup)
		}
		got, err := s.FileByID(ctx, f.ID)
		ok(t, err)
		want := f
		want.Name, want.Path, want.ReceivedAt, want.FinishedAt = "a2.csv", "archive/a2.csv", after(1), after(2)
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
		other := s.file("c.csv", "aaa")
		other.Owner = "coupang-main"
		if f, err := s.AddFile(ctx, other, noon); err != nil || f.DuplicateOf != 0 {
			t.Errorf("another account: %+v, %v", f, err)
		}
		all, err := s.Files(ctx, FileOrders, "rakuten-main", 10)
		ok(t, err)
		if len(all) != 2 || all[0].ID != dup.ID || !all[0].FinishedAt.Equal(after(3)) {
			t.Errorf("list %+v", all)
		}
		if open, err := s.OpenFiles(ctx, FileOrders, "rakuten-main"); err != nil || len(open) != 0 {
			t.Errorf("open %+v, %v", open, err)
		}
		_, err = s.FileByID(ctx, 4711)
		wantCode(t, err, order.NotFound)
	})
}

func TestRefusedFileMayComeAgain(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		f, err := s.AddFile(t.Context(), s.file("a.xlsx", "aaa"), noon)
		ok(t, err)
		f.State, f.Message = FileRefused, "wrong password"
		ok(t, s.FinishFile(t.Context(), f, noon))
		again, err := s.AddFile(t.Context(), s.file("a.xlsx", "aaa"), after(1))
		ok(t, err)
		if again.ID != f.ID || again.DuplicateOf != 0 || again.State != FileTaken {
			t.Errorf("%+v", again)
		}
	})
}

func shipment(id int64, tracking string) order.Shipment {
	return order.Shipment{
		Instruction: instructionNumber(id), Carrier: "yamato", Tracking: tracking, RawTracking: tracking[:4] + "-" + tracking[4:],
		ShippedOn: "2026-11-23", Parcels: 1, Lines: []order.ShippedLine{{SKU: "W1", Quantity: 2}},
	}
}

func TestShipments(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		ctx := t.Context()
		b, ids := s.sent("1", "2", "3")
		s.put(numbered("4")...)
		unclaimed := s.planned("4")
		state := func(id int64) int64 {
			t.Helper()
			var n int64
			ok(t, s.r.QueryRowContext(ctx, `SELECT state FROM instructions WHERE id = $1`, id).Scan(&n))
			return n
		}
		first := []order.Shipment{shipment(ids[0], "111111111111"), shipment(ids[1], "222222222222"), shipment(unclaimed[0], "333333333333"), shipment(4711, "444444444444")}
		got, err := s.PutShipments(ctx, s.wh, 9, first, noon)
		ok(t, err)
		if !slices.Equal(got, []Outcome{Done, Done, UnknownKey, UnknownKey}) {
			t.Errorf("outcomes %v", got)
		}
		if state(ids[0]) != InstructionShipped || state(ids[2]) != InstructionClaimed || state(unclaimed[0]) != InstructionReady {
			t.Errorf("states %d, %d, %d", state(ids[0]), state(ids[2]), state(unclaimed[0]))
		}
		got, err = s.PutShipments(ctx, s.wh, 10, first[:2], after(1))
		ok(t, err)
		if !slices.Equal(got, []Outcome{Already, Already}) {
			t.Errorf("the same again: %v", got)
		}
		// Elsewhere the same number means nothing.
		if got, err := s.PutShipments(ctx, warehouse(t, s.Ledger, "osaka"), 9, first[:1], noon); err != nil || got[0] != UnknownKey {
			t.Errorf("another warehouse: %v, %v", got, err)
		}
		// The label is withdrawn, and a new number comes later.
		gone := first[0]
		gone.Cancelled = true
		got, err = s.PutShipments(ctx, s.wh, 11, []order.Shipment{gone}, after(2))
		ok(t, err)
		if got[0] != Done || state(ids[0]) != InstructionClaimed {
			t.Errorf("cancelled: %v, state %d", got, state(ids[0]))
		}
		fresh := shipment(ids[0], "555555555555")
		got, err = s.PutShipments(ctx, s.wh, 12, []order.Shipment{gone, fresh}, after(3))
		ok(t, err)
		if !slices.Equal(got, []Outcome{Already, Done}) || state(ids[0]) != InstructionShipped {
			t.Errorf("new number: %v, state %d", got, state(ids[0]))
		}
		have, err := s.ShipmentsOf(ctx, ids[0])
		ok(t, err)
		want := []order.Shipment{gone, fresh}
		for i := range want {
			want[i].Lines = nil // kept as text, for people
		}
		if d := cmp.Diff(want, have); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
		// A second parcel of one instruction.
		two := shipment(ids[1], "666666666666")
		if got, err := s.PutShipments(ctx, s.wh, 12, []order.Shipment{two, two}, after(3)); err != nil || !slices.Equal(got, []Outcome{Done, Already}) {
			t.Errorf("second parcel: %v, %v", got, err)
		}
		tally, err := s.Tally(ctx, "")
		ok(t, err)
		if tally.Shipped != 2 || tally.Instructed != 3 || b.Instructions != 3 {
			t.Errorf("tally %+v", tally)
		}
	})
}

func TestShipmentProvesDelivery(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		s.put(numbered("1")...)
		ids := s.planned("1")
		b := s.claim()
		s.advance(b.ID, BatchInDoubt)
		_, err := s.PutShipments(t.Context(), s.wh, 9, []order.Shipment{shipment(ids[0], "111111111111")}, after(9))
		ok(t, err)
		if got := s.batch(b.ID); got.State != BatchDelivered {
			t.Errorf("a parcel was shipped, and the batch is %s", got.State)
		}
	})
}

func TestAcks(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		ctx := t.Context()
		s.put(numbered("1", "2", "3")...)
		ids := s.planned("1", "2", "3")
		b := s.claim()
		s.advance(b.ID, BatchInDoubt)
		yes := order.Ack{Instruction: instructionNumber(ids[0]), OK: true}
		no := order.Ack{Instruction: instructionNumber(ids[1]), Message: "no such SKU"}
		got, err := s.PutAcks(ctx, s.wh, 9, []order.Ack{yes, no, {Instruction: "nobody's", OK: true}}, after(4))
		ok(t, err)
		if !slices.Equal(got, []Outcome{Done, Done, UnknownKey}) {
			t.Errorf("outcomes %v", got)
		}
		now := s.batch(b.ID)
		if now.State != BatchDelivered || !now.DeliveredAt.Equal(after(4)) || !now.AckedAt.Equal(after(4)) || now.Message != "" {
			t.Errorf("batch %+v", now)
		}
		if k := s.kinds(0, b.ID); !slices.Equal(k, []string{"batch.in_doubt", "batch.delivered", "instruction.refused"}) {
			t.Errorf("events %v", k)
		}
		r := s.row("2")
		hs, err := s.HoldsOf(ctx, r.ID)
		ok(t, err)
		if len(hs) != 1 || hs[0].Reason != order.HoldWarehouseRefuse || hs[0].Detail != "no such SKU" {
			t.Errorf("holds %+v", hs)
		}
		tally, err := s.Tally(ctx, "")
		ok(t, err)
		if tally.Warned[order.HoldWarehouseRefuse] != 1 || tally.Planned != 3 {
			t.Errorf("tally %+v", tally)
		}
		got, err = s.PutAcks(ctx, s.wh, 10, []order.Ack{yes, no}, after(5))
		ok(t, err)
		if !slices.Equal(got, []Outcome{Already, Already}) {
			t.Errorf("the same again: %v", got)
		}
		if n := len(s.kinds(r.ID, 0)); n != 1 {
			t.Errorf("order 2 has %d events", n)
		}
		bs, err := s.Balances(ctx, noon, after(1))
		ok(t, err)
		if len(bs) != 1 || bs[0].Numbers != 3 || bs[0].Accepted != 1 || bs[0].Refused != 1 || bs[0].Claimed != now.Lines || bs[0].Shipped != 0 ||
			bs[0].AcceptedLines != int64(s.row("1").Order.Lines()) || bs[0].RefusedLines != int64(s.row("2").Order.Lines()) {
			t.Errorf("balance %+v", bs)
		}
		// A refused instruction may be taken back, and its order planned again.
		ok(t, s.Apply(ctx, &Plan{Withdraw: ids[1:2]}, after(6)))
		s.planned("2")
		if bs, err := s.Balances(ctx, noon, after(1)); err != nil || bs[0].Claimed != now.Lines || bs[0].Refused != 1 || bs[0].RefusedLines != int64(s.row("2").Order.Lines()) {
			t.Errorf("balance afterwards %+v, %v", bs, err)
		}
		if second := s.claim(); second == nil || second.Instructions != 1 {
			t.Errorf("second batch %+v", second)
		}
	})
}

func TestStopAnswers(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		_, ids := s.sent("1", "2")
		got, err := s.PutAcks(t.Context(), s.wh, 9, []order.Ack{
			{Instruction: instructionNumber(ids[0]), Stop: true, OK: true},
			{Instruction: instructionNumber(ids[1]), Stop: true, Message: "left already"},
		}, after(4))
		ok(t, err)
		if !slices.Equal(got, []Outcome{Done, Done}) {
			t.Errorf("outcomes %v", got)
		}
		for i, want := range []struct {
			kind  string
			state int64
		}{{"instruction.stopped", InstructionStopped}, {"stop.refused", InstructionClaimed}} {
			r := s.row([]string{"1", "2"}[i])
			places, err := s.PlacesOf(t.Context(), r.ID)
			ok(t, err)
			if places[0].State != want.state || !slices.Equal(s.kinds(r.ID, 0), []string{want.kind}) {
				t.Errorf("order %d: state %d, events %v", i+1, places[0].State, s.kinds(r.ID, 0))
			}
		}
	})
}

func TestStock(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		ctx := t.Context()
		at := func(sku string, n int64, minute int) order.Stock {
			return order.Stock{SKU: sku, OnHand: n + 1, Allocated: 1, Sellable: n, At: after(minute)}
		}
		put := func(file int64, full bool, ss ...order.Stock) int64 {
			t.Helper()
			n, err := s.PutStock(ctx, s.wh, file, ss, full, noon)
			ok(t, err)
			return n
		}
		have := func() map[string]int64 {
			t.Helper()
			ss, err := s.StockOf(ctx, s.wh)
			ok(t, err)
			m := map[string]int64{}
			for _, x := range ss {
				m[x.SKU] = x.Sellable
				if x.Warehouse != "tokyo" {
					t.Errorf("%+v", x)
				}
			}
			return m
		}
		if n := put(1, false, at("A", 5, 10), at("B", 6, 10), at("C", 7, 10)); n != 3 {
			t.Errorf("stored %d", n)
		}
		if n := put(2, false, at("A", 9, 5), at("B", 8, 20)); n != 1 {
			t.Errorf("one is newer, stored %d", n)
		}
		if d := cmp.Diff(map[string]int64{"A": 5, "B": 8, "C": 7}, have()); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
		put(3, true, at("A", 1, 15))
		if d := cmp.Diff(map[string]int64{"A": 1, "B": 8, "C": 0}, have()); d != "" {
			t.Errorf("after a full count older than B (-want +got):\n%s", d)
		}
		put(4, true)
		if d := cmp.Diff(map[string]int64{"A": 1, "B": 8, "C": 0}, have()); d != "" {
			t.Errorf("an empty full count must not empty the warehouse (-want +got):\n%s", d)
		}
		// The same SKU twice in one file: the newer line, or the later of two alike.
		put(5, false, at("D", 1, 30), at("D", 2, 40), at("D", 3, 35), at("E", 1, 30), at("E", 2, 30))
		if m := have(); m["D"] != 2 || m["E"] != 2 {
			t.Errorf("D %d, E %d", m["D"], m["E"])
		}
		// A late full count must not wipe what it names itself but is older than.
		put(6, true, at("B", 4, 12), at("A", 4, 50))
		if d := cmp.Diff(map[string]int64{"A": 4, "B": 8, "C": 0, "D": 0, "E": 0}, have()); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
	})
}
