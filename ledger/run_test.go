package ledger

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mallbridge/mallbridge/order"
)

func TestLeases(t *testing.T) {
	each(t, func(t *testing.T, l *Ledger) {
		take := func(owner string, minute int) (Lease, bool) {
			t.Helper()
			got, mine, err := l.Acquire(t.Context(), "instruct tokyo", owner, 5*time.Minute, after(minute))
			ok(t, err)
			return got, mine
		}
		a, mine := take("a", 0)
		if !mine || a.Token != 1 || !a.Expires.Equal(after(5)) {
			t.Fatalf("first %+v, %v", a, mine)
		}
		if b, mine := take("b", 4); mine || b.Owner != "a" {
			t.Errorf("while a holds it: %+v, %v", b, mine)
		}
		if a, mine := take("a", 4); !mine || a.Token != 1 || !a.Expires.Equal(after(9)) {
			t.Errorf("renewed %+v, %v", a, mine)
		}
		if b, mine := take("b", 9); !mine || b.Token != 2 {
			t.Errorf("after it expired: %+v, %v", b, mine)
		}
		if a, mine := take("a", 10); mine || a.Owner != "b" {
			t.Errorf("the late owner: %+v, %v", a, mine)
		}
		ok(t, l.Drop(t.Context(), "instruct tokyo", "a"))
		if _, mine := take("a", 10); mine {
			t.Error("a dropped the lease of b")
		}
		ok(t, l.Drop(t.Context(), "instruct tokyo", "b"))
		if a, mine := take("a", 10); !mine || a.Token != 3 {
			t.Errorf("after b gave it back: %+v, %v", a, mine)
		}
		if _, mine, err := l.Acquire(t.Context(), "instruct osaka", "b", time.Minute, noon); err != nil || !mine {
			t.Errorf("another lease: %v, %v", mine, err)
		}
		ok(t, l.Drop(t.Context(), "never taken", "b"))
	})
}

func TestRuns(t *testing.T) {
	each(t, func(t *testing.T, l *Ledger) {
		a, err := l.StartRun(t.Context(), "plan", "rakuten-main", "host:1", noon)
		ok(t, err)
		b, err := l.StartRun(t.Context(), "instruct", "tokyo", "host:1", after(1))
		ok(t, err)
		ok(t, l.EndRun(t.Context(), a, "ok", "3 planned", after(2)))
		got, err := l.Runs(t.Context(), "", "", 10)
		ok(t, err)
		want := []Run{
			{ID: b, Stage: "instruct", Target: "tokyo", Owner: "host:1", StartedAt: after(1)},
			{ID: a, Stage: "plan", Target: "rakuten-main", Owner: "host:1", StartedAt: noon, EndedAt: after(2), Outcome: "ok", Summary: "3 planned"},
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
		for _, q := range [][2]string{{"plan", ""}, {"", "rakuten-main"}, {"plan", "rakuten-main"}} {
			if got, err := l.Runs(t.Context(), q[0], q[1], 10); err != nil || len(got) != 1 || got[0].ID != a {
				t.Errorf("%v: %v, %v", q, got, err)
			}
		}
		ok(t, l.ForgetRun(t.Context(), b))
		if got, err := l.Runs(t.Context(), "", "", 10); err != nil || len(got) != 1 {
			t.Errorf("after forgetting one: %v, %v", got, err)
		}
	})
}

// TestRunsThatMoved leaves out runs that found nothing new, and no others.
func TestRunsThatMoved(t *testing.T) {
	each(t, func(t *testing.T, l *Ledger) {
		var want []int64
		for i, x := range []struct {
			outcome, summary string
			shown            bool
		}{
			{"ok", "1 replies, 1 windows", false},
			{"ok", "1200 known orders, 14 replies, 1 windows", false},
			{"waiting", "3 still held", false},
			{"nothing", "nothing to do", false},
			{"ok", "15 known orders, 1 new orders, 1 replies, 1 windows", true},
			{"ok", "1 windows read again", true},
			{"ok", "1 replies, 1 windows\nrakuten-main: the mall no longer tells", true},
			{"waiting", "3 still held, 1 to be looked at", true},
			{"failed", "1 replies", true},
			{"", "", true},
		} {
			id, err := l.StartRun(t.Context(), "extract", "rakuten-main", "me", after(i))
			ok(t, err)
			if x.outcome != "" {
				ok(t, l.EndRun(t.Context(), id, x.outcome, x.summary, after(i)))
			}
			if x.shown {
				want = append([]int64{id}, want...)
			}
		}
		ids := func(stage string, limit int) (out []int64) {
			rs, err := l.RunsThatMoved(t.Context(), stage, "", limit)
			ok(t, err)
			for _, r := range rs {
				out = append(out, r.ID)
			}
			return out
		}
		if d := cmp.Diff(want, ids("", 50)); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
		if d := cmp.Diff(want[:2], ids("extract", 2)); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
		if got := ids("plan", 9); len(got) != 0 {
			t.Errorf("of another stage: %v", got)
		}
	})
}

func TestEvents(t *testing.T) {
	each(t, func(t *testing.T, l *Ledger) {
		var es []Event
		for i := range 250 {
			es = append(es, Event{Kind: "test", OrderID: int64(1 + i%2), Detail: "d"})
		}
		es = append(es, Event{Kind: "all", OrderID: 1, InstructionID: 2, BatchID: 3, FileID: 4, Reason: order.HoldSKU, Detail: "x", Actor: "mika"})
		ok(t, l.Record(t.Context(), noon))
		ok(t, l.Record(t.Context(), noon, es...))
		one, err := l.Events(t.Context(), 1, 0)
		ok(t, err)
		if len(one) != 126 || !slices.IsSortedFunc(one, func(a, b Event) int { return int(a.ID - b.ID) }) {
			t.Errorf("%d events of order 1", len(one))
		}
		batch, err := l.Events(t.Context(), 0, 3)
		ok(t, err)
		want := []Event{{ID: 251, At: noon, Kind: "all", OrderID: 1, InstructionID: 2, BatchID: 3, FileID: 4, Reason: order.HoldSKU, Detail: "x", Actor: "mika"}}
		if d := cmp.Diff(want, batch); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
	})
}

func TestTally(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		ctx := t.Context()
		s.sent("1", "2")
		s.put(numbered("3", "4", "5", "6", "7")...)
		s.planned("3")
		s.hold("4", order.Hold{Reason: order.HoldSKU, Detail: "a"}, order.Hold{Reason: order.HoldPhone, Detail: "b"})
		r := s.row("5")
		ok(t, s.Apply(ctx, &Plan{Orders: []Disposition{{ID: r.ID, Version: 1, State: Outside, Reason: order.OutDone}}}, noon))
		r = s.row("6")
		s.planned("6")
		ok(t, s.Apply(ctx, &Plan{Orders: []Disposition{{ID: r.ID, Version: 1, Was: Planned, State: Planned, Holds: []order.Hold{{Reason: order.HoldChanged, Detail: "note"}}}}}, noon))
		f, err := s.AddFile(ctx, s.file("a.csv", "aaa"), noon)
		ok(t, err)
		f.OrdersRefused, f.State = 4, FileDone
		ok(t, s.FinishFile(ctx, f, noon))
		want := Tally{
			Orders: 7, Seen: 1, Planned: 4, Instructed: 2, Refused: 4,
			Held: map[order.Reason]int64{order.HoldSKU: 1}, Outside: map[order.Reason]int64{order.OutDone: 1}, Warned: map[order.Reason]int64{order.HoldChanged: 1},
		}
		for _, acc := range []string{"", "rakuten-main"} {
			got, err := s.Tally(ctx, acc)
			ok(t, err)
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("account %q (-want +got):\n%s", acc, d)
			}
		}
		none, err := s.Tally(ctx, "other")
		ok(t, err)
		if none.Orders != 0 || none.Refused != 0 {
			t.Errorf("another account %+v", none)
		}
		if n, err := s.Unclaimed(ctx); err != nil || n != 0 {
			t.Errorf("unclaimed %d, %v", n, err)
		}
		_, err = s.w.ExecContext(ctx, `DELETE FROM instruction_lines WHERE order_id = $1`, s.row("3").ID)
		ok(t, err)
		if n, err := s.Unclaimed(ctx); err != nil || n != 1 {
			t.Errorf("unclaimed %d, %v", n, err)
		}
	})
}
