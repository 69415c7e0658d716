// Package jobs says when each stage runs on each target, and has it run once.
//
// gocron says when: [Scheduler] fires at the boundaries of an interval or at the
// times of a cron line. River says once and where: [Queue] holds one unique job
// for each stage, target and slot, kept in a database that every process of a
// workspace shares, so that several schedulers may fire for the same slot and one
// job is worked.
//
// Jobs are worked at least once, never exactly once: whoever works them must be
// safe to run twice.
package jobs

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// A Job is one run of a stage on a target. Slot tells apart the runs of one stage
// on one target: the time it was due (RFC 3339, UTC), or what caused it.
type Job struct {
	Stage  string `json:"stage"`
	Target string `json:"target"`
	Slot   string `json:"slot"`
}

// A Try is one attempt at a job.
type Try struct {
	Job
	ID      int64 // of the job in its queue
	Attempt int   // 1 for the first
}

// A Work does a job. It returns nil when the job is done, [Later] to be called
// again without a failure being counted, its context's error when it was asked to
// stop, and any other error when it failed.
type Work func(ctx context.Context, t Try) error

// A Queue keeps jobs until they are done. It is safe for concurrent use.
type Queue interface {
	// Enqueue adds a job. added is false if the same job is there already, or if one
	// for the same stage and target has not begun yet: it will see what this one
	// would have seen.
	Enqueue(ctx context.Context, j Job) (added bool, err error)
	// Add adds a job beside others of the same stage and target. added is false if the
	// same job is there already.
	Add(ctx context.Context, j Job) (added bool, err error)
	// Start begins to work jobs and returns. ctx ends the start, not the work.
	Start(ctx context.Context) error
	// Stop cancels the contexts of jobs that are being worked and waits until they
	// have returned, at most until ctx ends. Jobs that were cut off are worked by
	// the next process.
	Stop(ctx context.Context) error
	// Hurry makes jobs that wait after a failure due at once and says how many: those
	// with these numbers, or all if none is given.
	Hurry(ctx context.Context, ids ...int64) (int, error)
	// Reclaim makes jobs due that say they are running but are not: those of nodes
	// for which alive is false, and those of this process that it does not work and
	// did not work when Reclaim was called before. It says how many.
	Reclaim(ctx context.Context, alive func(node string) bool) (int, error)
	// List returns jobs, newest first.
	List(ctx context.Context, f Filter) ([]Info, error)
	// Pages returns pages about the queue for people who look after machines, below a
	// path like "/jobs". They ask nobody who they are. What they do in the background
	// ends with ctx.
	Pages(ctx context.Context, prefix string) (http.Handler, error)
	// Alive returns an error if jobs are not being worked.
	Alive(ctx context.Context) error
	// Close closes the database. Call it after Stop.
	Close() error
}

// A Filter chooses jobs. Zero fields do not filter.
type Filter struct {
	Stage, Target string
	States        []State
	Limit         int // 0 for 100, at most 10,000
}

// A State is how far a job is.
type State string

// The states of a job.
const (
	Ready   State = "ready"   // due
	Waiting State = "waiting" // due later: put off, or to be tried again after a failure
	Running State = "running" // being worked, or left by a process that was killed
	Done    State = "done"
	GivenUp State = "given up" // failed too often; another job took its place
)

// An Info is what a queue knows of a job.
type Info struct {
	Job
	ID       int64     `json:"id"`
	State    State     `json:"state"`
	Attempt  int       `json:"attempt"`
	Created  time.Time `json:"created"`
	Due      time.Time `json:"due"`
	Started  time.Time `json:"started,omitzero"`
	Finished time.Time `json:"finished,omitzero"`
	Error    string    `json:"error,omitempty"` // of the last failure
	Node     string    `json:"node,omitempty"`  // who works it, or did last
}

// A Lane says how jobs of one stage are worked.
type Lane struct {
	Stage   string
	Workers int           // at most so many at a time in one process
	Timeout time.Duration // after it the job's context ends
}

// later puts a job off.
type later struct {
	wait time.Duration
	err  error
}

// Later returns an error that puts a job off by d without counting a failure.
func Later(d time.Duration, why error) error { return &later{d, why} }

func (l *later) Error() string { return fmt.Sprintf("put off by %s: %v", l.wait, l.err) }
func (l *later) Unwrap() error { return l.err }

// PutOff reports whether err is one of [Later].
func PutOff(err error) bool {
	var l *later
	return errors.As(err, &l)
}

// maxAttempts is after how many failures a job gives way to a fresh one, so that
// the list of its errors does not grow for ever.
const maxAttempts = 40

// Wait returns how long a job waits after so many failures: 15 seconds, doubling
// up to 10 minutes.
func Wait(failures int) time.Duration {
	const first, most = 15 * time.Second, 10 * time.Minute
	wait := first
	for range failures - 1 {
		if wait *= 2; wait >= most {
			return most
		}
	}
	return wait
}
