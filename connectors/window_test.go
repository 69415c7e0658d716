package connectors

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

var noon = time.Date(2026, 3, 20, 3, 0, 0, 0, time.UTC)

func TestWindowIsHalfOpen(t *testing.T) {
	w := Window{noon, noon.Add(time.Hour)}
	for at, in := range map[time.Time]bool{
		noon: true, noon.Add(-1): false, noon.Add(time.Hour): false, noon.Add(time.Hour - 1): true,
	} {
		if w.Contains(at) != in {
			t.Errorf("%v in %v: %v", at, w, !in)
		}
	}
	if !(Window{noon, noon}).Empty() || w.Empty() || (Window{noon, noon.Add(-1)}).Split(time.Hour) != nil {
		t.Error("empty windows")
	}
}

// TestDaysOfSummerTime: the days on which a zone changes have 23 and 25 hours.
func TestDaysOfSummerTime(t *testing.T) {
	for zone, c := range map[string]struct {
		day   time.Time
		hours float64
	}{
		"America/New_York": {time.Date(2026, 3, 8, 12, 0, 0, 0, time.UTC), 23},
		"Europe/Berlin":    {time.Date(2026, 10, 25, 12, 0, 0, 0, time.UTC), 25},
		"Asia/Seoul":       {time.Date(2026, 3, 8, 12, 0, 0, 0, time.UTC), 24},
	} {
		loc, err := time.LoadLocation(zone)
		if err != nil {
			t.Fatal(err)
		}
		d := c.day.In(loc)
		midnight := time.Date(d.Year(), d.Month(), d.Day(), 0, 0, 0, 0, loc)
		days := Window{midnight.Add(-time.Hour), midnight.Add(30 * time.Hour)}.Days(loc)
		if len(days) != 3 || days[1].Length().Hours() != c.hours {
			t.Errorf("%s: %v", zone, days)
		}
	}
}

// TestSplitCovers: parts touch, cover the window and are not too long.
func TestSplitCovers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := Window{noon, noon.Add(time.Duration(rapid.Int64Range(-10, 1e6).Draw(t, "seconds")) * time.Second)}
		longest := time.Duration(rapid.Int64Range(1, 1e5).Draw(t, "longest")) * time.Second
		at := w.From
		for _, p := range w.Split(longest) {
			if !p.From.Equal(at) || p.Empty() || p.Length() > longest {
				t.Fatalf("part %v after %v", p, at)
			}
			at = p.To
		}
		if !w.Empty() && !at.Equal(w.To) {
			t.Fatalf("ends at %v, not %v", at, w.To)
		}
	})
}

// TestPlanMissesNothing reads an account at odd times, with reads that fail, and
// asks whether every instant since its start was in a window that was read, as far
// as the plan did not call it lost.
func TestPlanMissesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		minutes := func(name string, lo, hi int64) Duration {
			return Duration(time.Duration(rapid.Int64Range(lo, hi).Draw(t, name)) * time.Minute)
		}
		rule := WindowRule{
			Longest: minutes("longest", 5, 3000), Delay: minutes("delay", 0, 30), Overlap: minutes("overlap", 0, 4),
			Grain: Duration(time.Minute), LookBack: minutes("look back", 2000, 9000),
		}
		p := Progress{Since: noon}
		now := noon
		read := noon // all before was read or is lost
		for range rapid.IntRange(1, 30).Draw(t, "runs") {
			now = now.Add(time.Duration(rapid.Int64Range(0, 4000*60).Draw(t, "pause")) * time.Second)
			plan := rule.Plan(now, p, false)
			if !plan.Lost.Empty() {
				if plan.Lost.From.After(read) || plan.Lost.To.After(now.Add(-time.Duration(rule.LookBack)).Add(time.Second)) {
					t.Fatalf("lost %v, read until %v, now %v", plan.Lost, read, now)
				}
				read = maxTime(read, plan.Lost.To)
			}
			for _, r := range plan.Reads {
				if r.Length() > time.Duration(rule.Longest) || r.To.After(now.Add(-time.Duration(rule.Delay))) || !r.From.Equal(r.From.Truncate(time.Minute)) {
					t.Fatalf("window %v at %v", r, now)
				}
				if r.From.After(read) {
					t.Fatalf("window %v begins after %v", r, read)
				}
				if rapid.Bool().Draw(t, "fails") {
					break
				}
				read = maxTime(read, r.To)
				p.Read = r.To
			}
		}
	})
}

func TestPlanOpensOlder(t *testing.T) {
	rule := WindowRule{Longest: Duration(63 * 24 * time.Hour), Overlap: Duration(30 * time.Minute), LookBack: Duration(64 * 24 * time.Hour)}
	now := noon.AddDate(0, 0, 90)
	plan := rule.Plan(now, Progress{Since: noon, Read: now.Add(-15 * time.Minute), LookBack: 10 * 24 * time.Hour}, true)
	if len(plan.Reads) != 2 {
		t.Fatalf("%v", plan.Reads)
	}
	fresh, open := plan.Reads[0], plan.Reads[1]
	if fresh.Kind != ReadNew || !fresh.From.Equal(now.Add(-45*time.Minute)) || !fresh.To.Equal(now) {
		t.Errorf("new: %v", fresh)
	}
	if open.Kind != ReadOpen || !open.From.Equal(now.AddDate(0, 0, -10)) || !open.To.Equal(fresh.From) {
		t.Errorf("open: %v", open)
	}
}

func TestPlanRescans(t *testing.T) {
	rule := WindowRule{Longest: Duration(24 * time.Hour), Rescan: Duration(72 * time.Hour), RescanEvery: Duration(time.Hour)}
	now := noon.AddDate(0, 0, 9)
	p := Progress{Since: noon, Read: now.Add(-10 * time.Minute), Rescanned: now.Add(-2 * time.Hour)}
	plan := rule.Plan(now, p, false)
	if !plan.Rescan || len(plan.Reads) != 4 || plan.Reads[1].Kind != ReadAgain || !plan.Reads[1].From.Equal(now.Add(-72*time.Hour)) {
		t.Errorf("%+v", plan)
	}
	p.Rescanned = now.Add(-time.Minute)
	if plan = rule.Plan(now, p, false); plan.Rescan || len(plan.Reads) != 1 {
		t.Errorf("too early: %+v", plan)
	}
}

func TestHalves(t *testing.T) {
	a, b, ok := Window{noon, noon.Add(3 * time.Minute)}.Halves(time.Minute)
	if !ok || a.Length() != time.Minute || !a.To.Equal(b.From) || b.Length() != 2*time.Minute {
		t.Errorf("%v %v %v", a, b, ok)
	}
	if _, _, ok := (Window{noon, noon.Add(time.Minute)}).Halves(time.Minute); ok {
		t.Error("a minute was cut")
	}
}
