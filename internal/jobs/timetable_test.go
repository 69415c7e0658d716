package jobs

import (
	"context"
	"slices"
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/jonboulle/clockwork"
	"pgregory.net/rapid"

	"github.com/mallbridge/mallbridge/configs"
)

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func table(t testing.TB, e Entry) timetable {
	t.Helper()
	tt, err := e.timetable()
	if err != nil {
		t.Fatal(err)
	}
	return tt
}

var noon = time.Date(2026, 11, 23, 3, 0, 0, 0, time.UTC) // Monday, noon in Tokyo and Seoul

func TestCronLinesCountInTheZoneOfTheTarget(t *testing.T) {
	const drop = "30 9,14 * * 1-5"
	for _, c := range []struct {
		zone, line string
		want       []string
	}{
		{"Asia/Tokyo", drop, []string{"2026-11-23T05:30:00Z", "2026-11-24T00:30:00Z", "2026-11-24T05:30:00Z"}},
		{"Asia/Seoul", drop, []string{"2026-11-23T05:30:00Z", "2026-11-24T00:30:00Z", "2026-11-24T05:30:00Z"}},
		{"America/Los_Angeles", "0 9 * * *", []string{"2026-11-23T17:00:00Z", "2026-11-24T17:00:00Z", "2026-11-25T17:00:00Z"}},
		// Clocks go forward on 14 March 2027.
		{"America/New_York", "0 12 13,14 3 *", []string{"2027-03-13T17:00:00Z", "2027-03-14T16:00:00Z", "2028-03-13T16:00:00Z"}},
	} {
		tt := table(t, Entry{"instruct", "tokyo", configs.Schedule{Cron: c.line}, zone(t, c.zone)})
		if tt.delay < 0 || tt.delay >= cronSpread {
			t.Errorf("delay %s", tt.delay)
		}
		at := noon
		for _, want := range c.want {
			at = tt.Next(at)
			if got := at.Add(-tt.delay).Format(time.RFC3339Nano); got != want {
				t.Errorf("%s %s: %s, want %s", c.zone, c.line, got, want)
			}
		}
	}
	if _, err := (Entry{"instruct", "tokyo", configs.Schedule{Cron: "61 * * * *"}, nil}).timetable(); err == nil {
		t.Error("a wrong cron line was taken")
	}
}

// Every process must find the same slots, whenever it started and however late
// its timer fires.
func TestSlotsAreTheSameForEveryProcess(t *testing.T) {
	lines := []string{"* * * * *", "*/10 8-19 * * 1-6", "0 14 * * 1-5", "30 2 * * *"}
	zones := []*time.Location{time.UTC, zone(t, "Asia/Tokyo"), zone(t, "Asia/Seoul"), zone(t, "America/New_York")}
	rapid.Check(t, func(t *rapid.T) {
		e := Entry{Stage: "extract", Target: rapid.StringMatching(`[a-z][a-z0-9-]{0,8}`).Draw(t, "target")}
		near := 30 * time.Second
		if rapid.Bool().Draw(t, "interval") {
			e.When.Every = time.Duration(rapid.Int64Range(5, 7*24*3600).Draw(t, "seconds")) * time.Second
			near = e.When.Every / 2
		} else {
			e.When.Cron, e.Zone = rapid.SampledFrom(lines).Draw(t, "line"), rapid.SampledFrom(zones).Draw(t, "zone")
		}
		tt, err := e.timetable()
		if err != nil {
			t.Fatal(err)
		}
		now := time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "now"), rapid.Int64Range(0, 999_999_999).Draw(t, "ns"))
		next := tt.Next(now)
		if !next.After(now) {
			t.Fatalf("next after %s is %s", now, next)
		}
		if e.When.Every > 0 && next.Sub(now) > e.When.Every {
			t.Fatalf("next after %s is %s, more than %s away", now, next, e.When.Every)
		}
		off := time.Duration(rapid.Int64Range(-int64(near)+1, int64(near)-1).Draw(t, "late"))
		if got := tt.slot(next.Add(off)); !got.Equal(next) {
			t.Fatalf("fired %s off %s: slot %s", off, next, got)
		}
		if last, ok := tt.last(now, next.Add(time.Nanosecond)); !ok || !last.Equal(next) {
			t.Fatalf("last until after %s is %s, %v", next, last, ok)
		}
		if due := e.Due(now, 1); !due.Equal(next) {
			t.Fatalf("due %s, want %s", due, next)
		}
	})
}

func TestMissedTimes(t *testing.T) {
	tokyo := zone(t, "Asia/Tokyo")
	at := func(hour, minute int) time.Time { return time.Date(2026, 11, 24, hour, minute, 30, 0, tokyo) }
	drop := Entry{"instruct", "tokyo", configs.Schedule{Cron: "0 14 * * 1-5"}, tokyo}
	for _, c := range []struct {
		now  time.Time
		want bool
	}{{at(13, 59), false}, {at(14, 0), true}, {at(14, 59), true}, {at(15, 1), false}} {
		j, ok := drop.Missed(c.now)
		if ok != c.want || ok && (j.Stage != "instruct" || j.Target != "tokyo" || j.Slot[:16] != "2026-11-24T05:00") {
			t.Errorf("at %s: %v %v", c.now, j, ok)
		}
	}
	for _, e := range []Entry{{When: configs.Schedule{Every: time.Minute}}, {When: configs.Schedule{Off: true}}, {}} {
		if j, ok := e.Missed(noon); ok {
			t.Errorf("%+v missed %v", e.When, j)
		}
	}
}

func TestDue(t *testing.T) {
	for _, c := range []struct {
		when configs.Schedule
		n    int
		want time.Duration // after noon, give or take the delay
	}{
		{configs.Schedule{Every: time.Minute}, 3, 3 * time.Minute},
		{configs.Schedule{Cron: "0 * * * *"}, 3, 3 * time.Hour},
	} {
		got := Entry{"extract", "shop-1", c.when, time.UTC}.Due(noon.Add(cronSpread), c.n).Sub(noon)
		if got < c.want-c.when.Every || got > c.want+2*cronSpread {
			t.Errorf("%s: due after %s, want about %s", c.when, got, c.want)
		}
	}
	for _, when := range []configs.Schedule{{Off: true}, {}, {Cron: "0 0 30 2 *"}} {
		if got := (Entry{"extract", "shop-1", when, time.UTC}).Due(noon, 3); !got.IsZero() {
			t.Errorf("%s: due at %s", when, got)
		}
	}
}

func TestSchedulerFiresWhenDue(t *testing.T) {
	clock := clockwork.NewFakeClockAt(noon)
	tokyo := zone(t, "Asia/Tokyo")
	every := Entry{"extract", "shop-1", configs.Schedule{Every: 10 * time.Minute}, tokyo}
	daily := Entry{"instruct", "tokyo", configs.Schedule{Cron: "30 12 * * *"}, tokyo}
	off := Entry{"collect", "tokyo", configs.Schedule{Off: true}, tokyo}
	fired := make(chan Job, 100)
	s, err := NewScheduler([]Entry{every, daily, off}, clock, func(_ context.Context, j Job) { fired <- j })
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	var want []Job
	for at := noon; ; {
		next := slices.MinFunc([]time.Time{table(t, every).Next(at), table(t, daily).Next(at)}, time.Time.Compare)
		if next.After(noon.Add(time.Hour)) {
			break
		}
		e := every
		if next.Equal(table(t, daily).Next(at)) {
			e = daily
		}
		want, at = append(want, e.job(next)), next
		// Two entries and the sign of life: each has its timer before time goes on.
		if err := clock.BlockUntilContext(within(t), 3); err != nil {
			t.Fatal(err)
		}
		clock.Advance(next.Sub(clock.Now()))
		if got := receive(t, fired); got != want[len(want)-1] {
			t.Errorf("fired %v, want %v", got, want[len(want)-1])
		}
	}
	if len(want) != 7 {
		t.Errorf("%d jobs in an hour: %v", len(want), want)
	}
	until(t, "the scheduler shows that it lives", func() bool { return s.Alive() == nil })
	if err := s.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	clock.Advance(time.Hour)
	if err := s.Alive(); err == nil {
		t.Error("a stopped scheduler says that it lives")
	}
	if len(fired) > 0 {
		t.Errorf("it fired %v after it was stopped", <-fired)
	}
}

func TestSchedulerRefusesWrongSchedules(t *testing.T) {
	if _, err := NewScheduler([]Entry{{"extract", "shop-1", configs.Schedule{Cron: "x"}, nil}}, nil, nil); err == nil {
		t.Error("no error")
	}
}

func TestTimesGoOnFromNow(t *testing.T) {
	for _, when := range []configs.Schedule{{Every: 5 * time.Second}, {Cron: "* * * * *"}} {
		tt := table(t, Entry{"extract", "shop-1", when, time.UTC})
		now := tt.Next(noon) // the very moment of a time
		c := times{tt, func() time.Time { return now }}
		for _, last := range []time.Time{{}, noon.AddDate(-10, 0, 0), now} {
			if got, want := c.Next(last), tt.Next(now); !got.Equal(want) {
				t.Errorf("%s after %s: %s, want %s", when, last, got, want)
			}
		}
		if later := now.Add(time.Hour); !c.Next(later).Equal(tt.Next(later)) {
			t.Errorf("%s: a time to come is not counted from", when)
		}
	}
}
