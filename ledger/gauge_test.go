package ledger

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mallbridge/mallbridge/order"
)

func TestCoverages(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		ctx := t.Context()
		if got := must[[]Coverage](t)(s.Coverages(ctx)); len(got) != 0 {
			t.Errorf("before anything was read: %v", got)
		}
		for _, w := range [][2]int{{0, 60}, {60, 120}, {180, 240}, {300, 360}} {
			ok(t, s.Covered(ctx, s.acc, "orders", after(w[0]), after(w[1]), after(w[1])))
		}
		ok(t, s.Covered(ctx, s.acc, "claims", after(900), after(960), after(960)))
		must[bool](t)(s.Lost(ctx, s.acc, "orders", after(240), after(270), after(400)))
		want := []Coverage{{Account: "rakuten-main", Until: after(360), At: after(360), Gaps: 2, Missing: 90 * time.Minute, Lost: 1}}
		if d := cmp.Diff(want, must[[]Coverage](t)(s.Coverages(ctx))); d != "" {
			t.Error(d)
		}
	})
}

func TestAlertCounts(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		ctx := t.Context()
		must[[]Alert](t)(s.Raise(ctx, noon, Alert{Kind: order.AlertInDoubt, Target: "tokyo", Subject: "1"}, Alert{Kind: order.AlertInDoubt, Target: "tokyo", Subject: "2"},
			Alert{Kind: order.AlertReauth, Target: "rakuten-main"}, Alert{Kind: order.AlertNoOrders, Target: "rakuten-main"}))
		ok(t, s.EndAlert(ctx, order.AlertNoOrders, "rakuten-main", "", after(1)))
		want := []AlertCount{{order.AlertInDoubt, "tokyo", 2}, {order.AlertReauth, "rakuten-main", 1}}
		if d := cmp.Diff(want, must[[]AlertCount](t)(s.AlertCounts(ctx))); d != "" {
			t.Error(d)
		}
	})
}

func TestInstructionCounts(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		s.put(numbered("1", "2", "3")...)
		s.planned("1")
		s.advance(s.claim().ID, BatchDelivered)
		s.planned("2", "3")
		got := must[[]InstructionCount](t)(s.InstructionCounts(t.Context()))
		var counts []InstructionCount
		for _, c := range got {
			if c.Oldest.IsZero() {
				t.Errorf("%+v has no age", c)
			}
			c.Oldest = time.Time{}
			counts = append(counts, c)
		}
		want := []InstructionCount{{Warehouse: "tokyo", State: InstructionReady, Count: 2}, {Warehouse: "tokyo", State: InstructionClaimed, Count: 1}}
		if d := cmp.Diff(want, counts); d != "" {
			t.Error(d)
		}
	})
}

func TestSize(t *testing.T) {
	each(t, func(t *testing.T, l *Ledger) {
		if n := must[int64](t)(l.Size(t.Context())); n < 1<<16 {
			t.Errorf("a ledger of %d bytes", n)
		}
	})
}

// However many instructions were shipped, they are not read to count the others.
func TestInstructionCountsReadIndexes(t *testing.T) {
	l := openAt(t, filepath.Join(t.TempDir(), "ledger.db"))
	rows, err := l.r.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+instructionCounts)
	ok(t, err)
	defer rows.Close()
	used := map[string]bool{}
	for rows.Next() {
		var id, parent, unused int
		var step string
		ok(t, rows.Scan(&id, &parent, &unused, &step))
		if step == "SCAN i" {
			t.Error("every instruction is read")
		}
		for _, index := range []string{"instructions_ready", "instructions_out"} {
			if strings.Contains(step, index) {
				used[index] = true
			}
		}
	}
	ok(t, rows.Err())
	if len(used) != 2 {
		t.Errorf("only %v are used", used)
	}
}
