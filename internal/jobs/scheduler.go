package jobs

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/go-co-op/gocron/v2"
	"github.com/jonboulle/clockwork"
)

// beatEvery is how often a scheduler gives a sign of life.
const beatEvery = 10 * time.Second

// A Scheduler enqueues the jobs of entries when they are due.
type Scheduler struct {
	cron gocron.Scheduler
	beat atomic.Int64
	now  func() time.Time
}

// NewScheduler prepares a scheduler. enqueue is called for every job that is due,
// from several goroutines, with a context that ends with the scheduler; it must
// not block for long. A nil clock is the real one.
func NewScheduler(entries []Entry, clock clockwork.Clock, enqueue func(context.Context, Job)) (*Scheduler, error) {
	if clock == nil {
		clock = clockwork.NewRealClock()
	}
	c, err := gocron.NewScheduler(gocron.WithLocation(time.UTC), gocron.WithClock(clock), gocron.WithStopTimeout(10*time.Second))
	if err != nil {
		return nil, fmt.Errorf("jobs: scheduler: %w", err)
	}
	s := &Scheduler{cron: c, now: clock.Now}
	for _, e := range entries {
		if err := s.add(e, enqueue); err != nil {
			return nil, errors.Join(err, c.Shutdown())
		}
	}
	beat := func() { s.beat.Store(clock.Now().UnixNano()) }
	beat()
	if err := s.at(timetable{every: beatEvery}, "beat", gocron.NewTask(beat)); err != nil {
		return nil, errors.Join(err, c.Shutdown())
	}
	return s, nil
}

func (s *Scheduler) add(e Entry, enqueue func(context.Context, Job)) error {
	if e.When.Off || e.When.IsZero() {
		return nil
	}
	t, err := e.timetable()
	if err != nil {
		return err
	}
	fire := func(ctx context.Context) { enqueue(ctx, e.job(t.slot(s.now()))) }
	return s.at(t, tag(e.Stage, e.Target), gocron.NewTask(fire))
}

func (s *Scheduler) at(t timetable, name string, task gocron.Task) error {
	_, err := s.cron.NewJob(gocron.CronJob("", false), task, gocron.WithCronImplementation(times{t, s.now}), gocron.WithName(name))
	if err != nil {
		return fmt.Errorf("jobs: schedule of %s: %w", name, err)
	}
	return nil
}

// times are a timetable for gocron. After each run gocron counts from the first
// one ever, time by time until it comes to now: that would take longer with every
// day that the program runs, and fire again and again while the clock shows the
// very moment of a time. So times go on from now.
type times struct {
	t   timetable
	now func() time.Time
}

// IsValid implements gocron.Cron.
func (times) IsValid(string, *time.Location, time.Time) error { return nil }

// Next implements gocron.Cron.
func (c times) Next(last time.Time) time.Time {
	if now := c.now(); last.Before(now) {
		last = now
	}
	return c.t.Next(last)
}

// Start begins to fire and returns.
func (s *Scheduler) Start() { s.cron.Start() }

// Stop ends firing and waits for calls of enqueue that are under way.
func (s *Scheduler) Stop(ctx context.Context) error {
	if err := s.cron.ShutdownWithContext(ctx); err != nil {
		return fmt.Errorf("jobs: stop scheduler: %w", err)
	}
	return nil
}

// Alive returns an error if the scheduler has given no sign of life for a
// while.
func (s *Scheduler) Alive() error {
	if silent := s.now().Sub(time.Unix(0, s.beat.Load())); silent > 6*beatEvery {
		return fmt.Errorf("jobs: the scheduler has been silent for %s", silent.Round(time.Second))
	}
	return nil
}
