package ledger

import (
	"fmt"
	"log/slog"
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
