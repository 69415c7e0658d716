package jobs

import (
	"fmt"
	"hash/fnv"
	"time"

	"github.com/robfig/cron/v3"

	"github.com/mallbridge/mallbridge/configs"
)

// An Entry says when a stage runs on a target. Cron lines count in Zone.
type Entry struct {
	Stage, Target string
	When          configs.Schedule
	Zone          *time.Location
}

// Missed is how far back a time of a cron line counts as missed when a process
// starts: a restart must not lose the day's only drop, and a machine that was off
// over night must not drop at three in the morning.
const Missed = time.Hour

// cronSpread is the longest delay behind the times of a cron line.
const cronSpread = 10 * time.Second

// A timetable gives the times of an entry. All processes compute the same times
// from the same configuration. Each entry has a fixed delay of its own, so that a
// thousand accounts do not all run in the same second.
type timetable struct {
	every time.Duration
	delay time.Duration
	cron  cron.Schedule
}

func (e Entry) timetable() (timetable, error) {
	h := fnv.New64a()
	fmt.Fprintf(h, "%s/%s", e.Stage, e.Target)
	spread := h.Sum64() >> 1
	if e.When.Every > 0 {
		return timetable{every: e.When.Every, delay: time.Duration(spread % uint64(e.When.Every))}, nil
	}
	zone := e.Zone
	if zone == nil {
		zone = time.UTC
	}
	s, err := cron.ParseStandard("CRON_TZ=" + zone.String() + " " + e.When.Cron)
	if err != nil {
		return timetable{}, fmt.Errorf("jobs: schedule of %s %s: %w", e.Stage, e.Target, err)
	}
	return timetable{cron: s, delay: time.Duration(spread % uint64(cronSpread))}, nil
}

// Next returns the first time after last, in UTC.
func (t timetable) Next(last time.Time) time.Time {
	if t.every > 0 {
		since := last.UnixNano() - int64(t.delay)
		n := since / int64(t.every)
		if since%int64(t.every) < 0 {
			n--
		}
		return time.Unix(0, int64(t.delay)+(n+1)*int64(t.every)).UTC()
	}
	next := t.cron.Next(last.Add(-t.delay))
	if next.IsZero() {
		return next
	}
	return next.Add(t.delay).UTC()
}

// slot returns the time nearest to now: timers fire a little late, and after the
// clock was set also a little early.
func (t timetable) slot(now time.Time) time.Time {
	near := 30 * time.Second
	if t.every > 0 {
		near = t.every / 2
	}
	return t.Next(now.Add(-near))
}

// last returns the last time in (since, now]; ok is false if there was none.
func (t timetable) last(since, now time.Time) (slot time.Time, ok bool) {
	for next := t.Next(since); !next.IsZero() && !next.After(now); next = t.Next(next) {
		slot, ok = next, true
	}
	return slot, ok
}

// Due returns when the n-th run after last is due; zero if the entry is off or
// has no such time.
func (e Entry) Due(last time.Time, n int) time.Time {
	if e.When.Off || e.When.IsZero() {
		return time.Time{}
	}
	t, err := e.timetable()
	if err != nil {
		return time.Time{}
	}
	for range n {
		if last = t.Next(last); last.IsZero() {
			return last
		}
	}
	return last
}

// Missed returns the job of the last cron time within [Missed] before now.
// Intervals miss nothing: they run at the start.
func (e Entry) Missed(now time.Time) (Job, bool) {
	if e.When.Cron == "" {
		return Job{}, false
	}
	t, err := e.timetable()
	if err != nil {
		return Job{}, false
	}
	slot, ok := t.last(now.Add(-Missed), now)
	return e.job(slot), ok
}

func (e Entry) job(slot time.Time) Job {
	return Job{Stage: e.Stage, Target: e.Target, Slot: slot.UTC().Format(time.RFC3339Nano)}
}
