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
	if _, err := c.NewJob(gocron.DurationJob(beatEvery), gocron.NewTask(beat), gocron.WithName("beat")); err != nil {
		return nil, errors.Join(fmt.Errorf("jobs: scheduler: %w", err), c.Shutdown())
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
	_, err = s.cron.NewJob(gocron.CronJob("", false), gocron.NewTask(fire), gocron.WithCronImplementation(t), gocron.WithName(tag(e.Stage, e.Target)))
	if err != nil {
		return fmt.Errorf("jobs: schedule of %s %s: %w", e.Stage, e.Target, err)
	}
	return nil
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
