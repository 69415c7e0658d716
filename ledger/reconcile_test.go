package ledger

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mallbridge/mallbridge/order"
)

func TestOrdersInBatch(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		s.put(numbered("1", "2", "3")...)
		s.planned("2", "1")
		b := s.claim()
		want := []Member{{"rakuten-main", "1"}, {"rakuten-main", "2"}}
		if d := cmp.Diff(want, must[[]Member](t)(s.OrdersInBatch(t.Context(), b.ID, "another", "rakuten-main"))); d != "" {
			t.Error(d)
		}
		for _, others := range [][]string{nil, {"another"}} {
			if got := must[[]Member](t)(s.OrdersInBatch(t.Context(), b.ID, others...)); len(got) != 0 {
				t.Errorf("of accounts %v it has %v", others, got)
			}
		}
	})
}

func (s *shop) places(number string) []Place {
	s.t.Helper()
	return must[[]Place](s.t)(s.PlacesOf(s.t.Context(), s.row(number).ID))
}

func TestAtRisk(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		risks := func() []Risk { t.Helper(); return must[[]Risk](t)(s.AtRisk(t.Context(), s.wh)) }
		s.put(numbered("1", "2")...)
		ids := s.planned("1", "2")
		b := s.claim()
		row := s.row("1")
		if _, err := s.w.ExecContext(t.Context(), `INSERT INTO holds (order_id, reason, detail, field, value, since) VALUES ($1, $2, '', '', '', $3)`,
			row.ID, string(order.HoldCancelled), instant(noon)); err != nil {
			t.Fatal(err)
		}
		if got := risks(); len(got) != 0 {
			t.Errorf("nothing is at the warehouse: %+v", got)
		}
		s.advance(b.ID, BatchDelivered)
		want := Risk{Account: "rakuten-main", Number: "1", Instruction: s.places("1")[0].Number, Reason: order.HoldCancelled, Since: noon}
		if d := cmp.Diff([]Risk{want}, risks()); d != "" {
			t.Errorf("delivered: %s", d)
		}
		ok(t, s.Asked(t.Context(), ids[:1], "stop.csv", after(1)))
		want.Asked = after(1)
		if d := cmp.Diff([]Risk{want}, risks()); d != "" {
			t.Errorf("asked: %s", d)
		}
		_, err := s.PutAcks(t.Context(), s.wh, 7, []order.Ack{{Instruction: want.Instruction, Stop: true, Message: "too late"}}, after(2))
		ok(t, err)
		want.Asked, want.Refused, want.Message = time.Time{}, true, "too late"
		if d := cmp.Diff([]Risk{want}, risks()); d != "" {
			t.Errorf("too late: %s", d)
		}
		_, err = s.PutShipments(t.Context(), s.wh, 8, []order.Shipment{{Instruction: want.Instruction, Carrier: "yamato", Tracking: "111111111111", Parcels: 1}}, after(3))
		ok(t, err)
		want.Shipped = true
		if d := cmp.Diff([]Risk{want}, risks()); d != "" {
			t.Errorf("shipped: %s", d)
		}
	})
}

func TestLateAnswers(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		s.put(numbered("1", "2")...)
		s.planned("1")
		s.planned("2")
		if n := must[int64](t)(s.NotSent(t.Context(), s.wh, "2026-12-31", after(1))); n != 2 {
			t.Errorf("%d ready instructions are not sent", n)
		}
		if n := must[int64](t)(s.NotSent(t.Context(), s.wh, "2026-12-31", noon)); n != 0 {
			t.Errorf("%d are older than the oldest", n)
		}
		b := s.claim()
		if n := must[int64](t)(s.NotSent(t.Context(), s.wh, "2026-12-31", b.ClaimedAt.Add(time.Second))); n != 2 {
			t.Errorf("%d claimed instructions are not sent", n)
		}
		s.advance(b.ID, BatchDelivered)
		b = must[*Batch](t)(s.Batch(t.Context(), b.ID))
		if n := must[int64](t)(s.NotSent(t.Context(), s.wh, "2026-12-31", after(100))); n != 0 {
			t.Errorf("%d are not sent", n)
		}
		from, to := b.DeliveredAt, b.DeliveredAt.Add(time.Second)
		missing := func(what string, list func() ([]Late, error), want int64) {
			t.Helper()
			got := must[[]Late](t)(list())
			switch {
			case want == 0 && len(got) == 0:
			case len(got) != 1 || got[0].Missing != want || got[0].ID != b.ID:
				t.Errorf("%s: %+v, want %d", what, got, want)
			}
		}
		acks := func() ([]Late, error) { return s.WithoutAck(t.Context(), s.wh, from, to) }
		results := func() ([]Late, error) { return s.WithoutResult(t.Context(), s.wh, from, to) }
		missing("acks", acks, 2)
		missing("results", results, 2)
		missing("results of another time", func() ([]Late, error) { return s.WithoutResult(t.Context(), s.wh, to, to.Add(time.Hour)) }, 0)
		_, err := s.PutAcks(t.Context(), s.wh, 7, []order.Ack{{Instruction: s.places("1")[0].Number, OK: true}}, after(2))
		ok(t, err)
		missing("acks", acks, 1)
		_, err = s.PutShipments(t.Context(), s.wh, 8, []order.Shipment{{Instruction: s.places("2")[0].Number, Carrier: "yamato", Tracking: "111111111111", Parcels: 1}}, after(3))
		ok(t, err)
		missing("acks", acks, 0)
		missing("results", results, 1)
		if got := must[[]Batch](t)(s.BatchesSince(t.Context(), s.wh, b.ClaimedAt)); len(got) != 1 {
			t.Errorf("%d batches", len(got))
		}
		if got := must[[]string](t)(s.Open(t.Context(), s.acc)); !cmp.Equal(got, []string{"1"}) {
			t.Errorf("still to go: %v", got)
		}
		for number, want := range map[string]bool{"1": false, "2": true} {
			if got := must[bool](t)(s.Shipped(t.Context(), s.row(number).ID)); got != want {
				t.Errorf("order %s: shipped %v", number, got)
			}
		}
	})
}

func TestHours(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		count := func() []Hour {
			t.Helper()
			ok(t, s.CountHours(t.Context()))
			return must[[]Hour](t)(s.Hours(t.Context(), s.acc, noon, after(600)))
		}
		if got := count(); len(got) != 0 {
			t.Errorf("an empty ledger has %v", got)
		}
		s.put(numbered("1", "2", "3")...)
		s.hold("2", order.Hold{Reason: order.HoldSKU})
		s.hold("3", order.Hold{Reason: order.HoldMergeWait})
		want := []Hour{{noon, 3, 1}}
		if d := cmp.Diff(want, count()); d != "" {
			t.Error(d)
		}
		if d := cmp.Diff(want, count()); d != "" {
			t.Errorf("counted twice: %s", d)
		}
		_, err := s.PutOrders(t.Context(), s.acc, 8, numbered("4"), after(61))
		ok(t, err)
		if d := cmp.Diff(append(want, Hour{after(60), 1, 0}), count()); d != "" {
			t.Error(d)
		}
		if at := must[time.Time](t)(s.LastSeen(t.Context(), s.acc)); !at.Equal(after(60)) {
			t.Errorf("the last came at %s", at)
		}
		if at := must[time.Time](t)(s.LastSeen(t.Context(), s.acc+1)); !at.IsZero() {
			t.Errorf("another account's last came at %s", at)
		}
	})
}

// A large sheet is counted when it is stored, unless orders before it were not.
func TestHoursOfLargeSheets(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		put := func(prefix string, n int, at time.Time) {
			t.Helper()
			numbers := make([]string, n)
			for i := range numbers {
				numbers[i] = fmt.Sprintf("%s%05d", prefix, i)
			}
			_, err := s.PutOrders(t.Context(), s.acc, 7, numbered(numbers...), at)
			ok(t, err)
		}
		hours := func() []Hour { return must[[]Hour](t)(s.Hours(t.Context(), s.acc, noon, after(600))) }
		put("a", manyNew, noon)
		want := []Hour{{noon, manyNew, 0}}
		if d := cmp.Diff(want, hours()); d != "" {
			t.Errorf("at once: %s", d)
		}
		put("b", 1, after(60))
		put("c", manyNew, after(120))
		if d := cmp.Diff(want, hours()); d != "" {
			t.Errorf("before the order between is counted: %s", d)
		}
		put("c", manyNew+500, after(180)) // most of them are known
		ok(t, s.CountHours(t.Context()))
		ok(t, s.CountHours(t.Context()))
		want = append(want, Hour{after(60), 1, 0}, Hour{after(120), manyNew, 0}, Hour{after(180), 500, 0})
		if d := cmp.Diff(want, hours()); d != "" {
			t.Error(d)
		}
	})
}

func TestChangesSince(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		s.put(numbered("1", "2")...)
		last := must[int64](t)(s.LastEvent(t.Context()))
		first := must[int64](t)(s.LastOrder(t.Context()))
		again := numbered("1", "2", "3")
		for i := range again {
			again[i].Order.Status = "900"
		}
		_, err := s.PutOrders(t.Context(), s.acc, 8, again[:1], after(1))
		ok(t, err)
		_, err = s.PutOrders(t.Context(), s.acc, 9, again[1:], after(1))
		ok(t, err)
		got := must[[]Change](t)(s.ChangesSince(t.Context(), s.acc, last, map[int64]bool{8: true}))
		if len(got) != 1 || got[0].Order.Number != "1" || got[0].File != 8 || got[0].Detail == "" {
			t.Errorf("%+v", got)
		}
		if rows := must[[]Row](t)(s.OrdersAfter(t.Context(), s.acc, first)); len(rows) != 1 || rows[0].Order.Number != "3" {
			t.Errorf("%d new orders", len(rows))
		}
	})
}

func TestDoneAt(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		if at := must[time.Time](t)(s.DoneAt(t.Context(), "reconcile/a")); !at.IsZero() {
			t.Errorf("done at %s", at)
		}
		ok(t, s.SetDone(t.Context(), "reconcile/a", noon))
		ok(t, s.SetDone(t.Context(), "reconcile/a", after(5)))
		if at := must[time.Time](t)(s.DoneAt(t.Context(), "reconcile/a")); !at.Equal(after(5)) {
			t.Errorf("done at %s", at)
		}
	})
}

func TestUnknownRows(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		f := must[File](t)(s.AddFile(t.Context(), File{Kind: FileResults, Owner: "tokyo", Name: "r.csv", SHA256: "aa"}, noon))
		f.State, f.Refused = FileDone, 2
		ok(t, s.FinishFile(t.Context(), f, after(1)))
		if got := must[[]File](t)(s.UnknownRows(t.Context(), "tokyo", noon)); len(got) != 1 || got[0].Refused != 2 {
			t.Errorf("%+v", got)
		}
		if got := must[[]File](t)(s.UnknownRows(t.Context(), "tokyo", after(1))); len(got) != 0 {
			t.Errorf("%+v", got)
		}
	})
}
