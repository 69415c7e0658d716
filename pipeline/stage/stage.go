// Package stage holds what every stage of the pipeline is given and gives back.
package stage

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"sort"
	"strings"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/mallbridge/mallbridge/configs"
	"github.com/mallbridge/mallbridge/internal/secrets"
	"github.com/mallbridge/mallbridge/ledger"
)

// An Env is the world of a run: configuration, ledger, clock. Stages share
// nothing else.
type Env struct {
	Workspace *configs.Workspace
	Ledger    *ledger.Ledger
	Secrets   *secrets.Resolver
	// Malls of the process; nil where no mall is asked by API.
	Malls *Malls
	// Folders of the process that lie elsewhere; nil where all are of this machine.
	Folders *Folders
	Now     func() time.Time
	// Sleep waits for d or until ctx ends; tests and the demo pass shorter ones.
	Sleep func(ctx context.Context, d time.Duration) error
	Log   *slog.Logger
	Owner string // names this process in leases and runs
	// Lease is how long a lease lasts without a sign of life; 0 for 90 seconds. See
	// [Env.LeaseTime].
	Lease time.Duration
	// Tracer makes the spans of runs; nil if they are not traced. Slot says there why a
	// run is made: the job's slot in the queue, empty for one that a person or cron asked
	// for.
	Tracer trace.Tracer
	Slot   string
	// Named tells that a person named the stage: what is done once a day is done now.
	// Asked are the accounts and warehouses that were named with it: what is switched
	// off is done for them.
	Named bool
	Asked []string
	// Refused tells that the mall does not let the account of this run in: no mall is
	// opened. NextKeys tells that its next keys are used.
	Refused, NextKeys bool
	// Trail of this run; nil where nobody follows it. Told, if set, is told of each run's
	// step as it goes, at most once a second.
	Trail *Trail
	Told  func(stage, target string, step ledger.RunStep)
	// DryRun, when set, gets the exact bytes that would be dropped, and nothing is
	// moved, dropped or fetched.
	DryRun io.Writer
}

// LeaseTime is how long a lease lasts without a sign of life. It is renewed three
// times in that time.
func (e *Env) LeaseTime() time.Duration {
	if e.Lease > 0 {
		return e.Lease
	}
	return 90 * time.Second
}

// Sleep is the Sleep of a real run.
func Sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// A Report says what one run of a stage did. A stage that fails returns an error
// beside it; what the report counts was done all the same.
type Report struct {
	Counts  map[string]int64 `json:"counts,omitempty"`
	Waiting int64            `json:"waiting"`         // things that wait for a person: holds, refused rows, in doubt
	Notes   []string         `json:"notes,omitempty"` // for people, one a line
}

// Add counts n of a thing.
func (r *Report) Add(what string, n int64) {
	if n == 0 {
		return
	}
	if r.Counts == nil {
		r.Counts = map[string]int64{}
	}
	r.Counts[what] += n
}

// Notef adds a line for people.
func (r *Report) Notef(format string, args ...any) {
	r.Notes = append(r.Notes, fmt.Sprintf(format, args...))
}

// Nothing reports whether the stage found nothing to do.
func (r *Report) Nothing() bool { return len(r.Counts) == 0 && len(r.Notes) == 0 }

// String writes the counts, "12 held, 88 instructed".
func (r *Report) String() string { return r.In(func(what string) string { return what }) }

// In writes the counts with the names that name gives them.
func (r *Report) In(name func(what string) string) string {
	names := make([]string, 0, len(r.Counts))
	for n := range r.Counts {
		names = append(names, n)
	}
	sort.Strings(names)
	parts := make([]string, len(names))
	for i, n := range names {
		parts[i] = fmt.Sprintf("%d %s", r.Counts[n], name(n))
	}
	if len(parts) == 0 {
		return name("nothing to do")
	}
	return strings.Join(parts, ", ")
}
