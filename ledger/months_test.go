package ledger

import (
	"log/slog"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mallbridge/mallbridge/internal/pgtest"
)

// TestMonths: logs of runs are found whatever month they are of, made or not, and go
// when their time has come: on PostgreSQL by whole months.
func TestMonths(t *testing.T) {
	ctx := t.Context()
	l := openAt(t, pgtest.Database(t))
	start := time.Date(2026, 11, 30, 23, 0, 0, 0, time.UTC)
	var ids []int64
	for n := range 4 { // in November, December, January and February
		at := firstOf(start).AddDate(0, n, 29-2*n)
		id, err := l.StartRun(ctx, "extract", "a", "me", at)
		ok(t, err)
		ok(t, l.TellRun(ctx, id, RunStep{}, []RunLine{{Seq: 1, At: at, Level: slog.LevelInfo, Text: "one"}, {Seq: 2, At: at, Level: slog.LevelInfo, Text: "two"}}))
		ids = append(ids, id)
	}
	logs := func() (n []int) {
		for _, id := range ids {
			lines, err := l.RunLog(ctx, id, slog.LevelDebug)
			ok(t, err)
			n = append(n, len(lines))
		}
		return n
	}
	want := func(what string, want, got any) {
		t.Helper()
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", what, d)
		}
	}
	want("without a month", []int{2, 2, 2, 2}, logs())
	want("in the rest", 8, count(t, l.r, restOfLines))
	for range 2 {
		ok(t, l.MakeMonths(ctx, start))
	}
	want("with months", []int{2, 2, 2, 2}, logs())
	want("in the rest, of February", 2, count(t, l.r, restOfLines))
	want("in December", 2, count(t, l.r, "run_lines_2026_12"))

	// A line that comes twice is there once.
	ok(t, l.TellRun(ctx, ids[1], RunStep{}, []RunLine{{Seq: 2, At: firstOf(start).AddDate(0, 1, 27), Text: "two"}}))
	ok(t, l.PurgeLogs(ctx, time.Date(2026, 12, 31, 0, 0, 0, 0, time.UTC)))
	want("in the middle of December", []int{0, 2, 2, 2}, logs())
	ok(t, l.PurgeLogs(ctx, time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)))
	want("in January", []int{0, 0, 2, 2}, logs())
	ok(t, l.MakeMonths(ctx, start.AddDate(0, 3, -2)))
	want("nothing is left in the rest", 0, count(t, l.r, restOfLines))
	ok(t, l.PurgeLogs(ctx, time.Date(2027, 6, 1, 0, 0, 0, 0, time.UTC)))
	want("in June", []int{0, 0, 0, 0}, logs())
}
