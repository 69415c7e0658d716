package ledger

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mallbridge/mallbridge/order"
)

// TestRunsTellWhatTheyAreAt follows a run: what it is at, the last lines of its log, and
// that both go with it.
func TestRunsTellWhatTheyAreAt(t *testing.T) {
	each(t, func(t *testing.T, l *Ledger) {
		ctx := t.Context()
		id := must[int64](t)(l.StartRun(ctx, "instruct", "tokyo", "host:1", noon))
		last := func(n, at int64) {
			t.Helper()
			if gotN, gotAt, err := l.LastStep(ctx); err != nil || gotN != n || gotAt != at {
				t.Errorf("last step: %d runs, at %d, %v; want %d, %d", gotN, gotAt, err, n, at)
			}
		}
		last(0, 0)
		step := RunStep{What: "instructions written", Of: "T000001", Done: 1200, Total: 4000, At: after(1)}
		first := RunLine{Seq: 1, At: noon, Level: slog.LevelDebug, Text: "call status=200"}
		ok(t, l.TellRun(ctx, id, RunStep{What: "claiming instructions", At: noon}, nil))
		ok(t, l.TellRun(ctx, id, step, []RunLine{first}))
		got := must[Run](t)(l.Run(ctx, id))
		if d := cmp.Diff(&step, got.Step); d != "" {
			t.Errorf("step (-want +got):\n%s", d)
		}
		if rs := must[[]Run](t)(l.Runs(ctx, "", "", 1)); rs[0].Step == nil || rs[0].Step.Done != 1200 {
			t.Errorf("in the list: %+v", rs[0].Step)
		}
		last(1, instant(after(1)))

		var lines []RunLine
		for i := int64(2); i <= RunLines+10; i++ {
			lines = append(lines, RunLine{Seq: i, At: after(1), Level: slog.LevelInfo, Text: fmt.Sprint("line ", i)})
		}
		bad := RunLine{Seq: RunLines + 11, At: after(2), Level: slog.LevelError, Text: "the run ended outcome=failed"}
		ok(t, l.EndRun(ctx, id, "failed", "no answer", after(2), append(lines, bad)...))
		if got := must[Run](t)(l.Run(ctx, id)); got.Step != nil || got.Outcome != "failed" {
			t.Errorf("after its end: %+v", got)
		}
		all := must[[]RunLine](t)(l.RunLog(ctx, id, slog.LevelDebug))
		if len(all) != RunLines || all[0].Seq != 12 || all[len(all)-1] != bad {
			t.Errorf("%d lines are kept, from %+v to %+v", len(all), all[0], all[len(all)-1])
		}
		if grave := must[[]RunLine](t)(l.RunLog(ctx, id, slog.LevelWarn)); len(grave) != 1 || grave[0] != bad {
			t.Errorf("warnings and errors: %+v", grave)
		}

		other := must[int64](t)(l.StartRun(ctx, "plan", "rakuten-main", "host:1", after(3)))
		ok(t, l.TellRun(ctx, other, step, []RunLine{first}))
		ok(t, l.PurgeLogs(ctx, after(3)))
		if n := len(must[[]RunLine](t)(l.RunLog(ctx, id, slog.LevelDebug))); n != 0 {
			t.Errorf("%d lines outlived their time", n)
		}
		if n := len(must[[]RunLine](t)(l.RunLog(ctx, other, slog.LevelDebug))); n != 1 {
			t.Errorf("of the younger run %d lines are there", n)
		}
		ok(t, l.ForgetRun(ctx, other))
		if n := len(must[[]RunLine](t)(l.RunLog(ctx, other, slog.LevelDebug))); n != 0 {
			t.Errorf("%d lines of a run that was forgotten", n)
		}
		_, err := l.Run(ctx, other)
		wantCode(t, err, order.NotFound)
	})
}

// TestSpans asks for spans of time to be read again, and ends the wishes.
func TestSpans(t *testing.T) {
	each(t, func(t *testing.T, l *Ledger) {
		ctx := t.Context()
		id := account(t, l, "rakuten-main")
		ok(t, l.Covered(ctx, id, "orders", noon, after(60), after(60)))
		_, err := l.Lost(ctx, id, "orders", after(60), after(90), after(90))
		ok(t, err)
		ok(t, l.Covered(ctx, id, "orders", after(120), after(180), after(180)))
		span := Span{From: after(60), To: after(120), Actor: "hanako", At: after(200)}
		for range 2 {
			ok(t, l.AskSpan(ctx, id, "rakuten-main", span))
		}
		if got := must[[]Span](t)(l.Spans(ctx, id)); len(got) != 1 || got[0] != span {
			t.Fatalf("asked for: %+v", got)
		}
		acts := must[[]Event](t)(l.Acts(ctx, 1))
		if acts[0].Kind != "window.asked" || acts[0].Actor != "hanako" || !strings.Contains(acts[0].Detail, "rakuten-main") {
			t.Errorf("the audit trail has %+v", acts[0])
		}
		ok(t, l.SpanDone(ctx, id, span, Window{Feed: "orders", From: span.From, To: span.To}, after(210)))
		if got := must[[]Span](t)(l.Spans(ctx, id)); len(got) != 0 {
			t.Errorf("still asked for: %+v", got)
		}
		ws := must[[]Window](t)(l.Windows(ctx, id))
		if len(ws) != 2 || ws[0].To != after(120) || ws[0].State != WindowRead || ws[1].From != after(120) {
			t.Errorf("windows: %+v", ws)
		}
		// One that cannot be read ends without a window.
		ok(t, l.AskSpan(ctx, id, "rakuten-main", span))
		ok(t, l.SpanDone(ctx, id, span, Window{Feed: "orders", From: after(300), To: after(300)}, after(210)))
		if n := len(must[[]Window](t)(l.Windows(ctx, id))); n != 2 || len(must[[]Span](t)(l.Spans(ctx, id))) != 0 {
			t.Errorf("after one that cannot be read there are %d windows", n)
		}
	})
}

// TestActsAreFound looks for what people did by name, kind and day, and names the order.
func TestActsAreFound(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		ctx := t.Context()
		s.put(numbered("100")...)
		r := s.row("100")
		ok(t, s.Hold(ctx, r.ID, "ask the buyer", "Hanako_1", after(10)))
		ok(t, s.Record(ctx, after(20), Event{Kind: "account.changed", Detail: "rakuten-main", Actor: "taro"}, Event{Kind: "order.changed", OrderID: r.ID}))
		find := func(q ActList) string {
			t.Helper()
			q.Limit = 10
			var out []string
			for _, a := range must[[]Act](t)(s.ActsOf(ctx, q)) {
				out = append(out, strings.TrimSpace(a.Kind+" "+a.Account+" "+a.Number))
			}
			return strings.Join(out, "; ")
		}
		held, changed := "order.held rakuten-main 100", "account.changed"
		for _, c := range []struct {
			q    ActList
			want string
		}{
			{ActList{}, changed + "; " + held},
			{ActList{Who: "hanako_"}, held},
			{ActList{Who: "hanako%"}, ""},
			{ActList{Kind: "account"}, changed},
			{ActList{From: after(15)}, changed},
			{ActList{To: after(15)}, held},
			{ActList{From: after(10), To: after(20)}, held},
		} {
			if got := find(c.q); got != c.want {
				t.Errorf("%+v: %q, want %q", c.q, got, c.want)
			}
		}
		if one := must[[]Act](t)(s.ActsOf(ctx, ActList{Limit: 1})); len(one) != 1 || one[0].Actor != "taro" || !one[0].At.Equal(after(20)) {
			t.Errorf("the newest: %+v", one)
		}
	})
}
