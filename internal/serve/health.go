package serve

import (
	"context"
	"fmt"
	"time"

	"github.com/mallbridge/mallbridge/internal/jobs"
)

// overdueAfter is how many times a stage may be due without a success before the
// server counts as ill, and grace is what a run may take beyond that.
const (
	overdueAfter = 3
	grace        = 30 * time.Second
)

// health lists what is wrong, for people; nothing if all is well.
func (s *Server) health(ctx context.Context) []string {
	var ill []string
	env := s.env.Load()
	if _, err := env.Ledger.Runs(ctx, "", "", 1); err != nil {
		ill = append(ill, "the ledger cannot be read: "+s.clean(err))
	}
	s.mu.Lock()
	sched, stopping := s.scheduler, s.stopping
	s.mu.Unlock()
	switch {
	case stopping:
		return append(ill, "stopping")
	case sched == nil:
		return append(ill, "starting")
	}
	if err := sched.Alive(); err != nil {
		ill = append(ill, s.clean(err))
	}
	if err := s.queue.Alive(ctx); err != nil {
		return append(ill, "jobs are not worked: "+s.clean(err))
	}
	return append(ill, s.overdue(ctx, env.Now())...)
}

// overdue lists stages without a success for three times of their schedule. A
// stage that is running is not overdue: a large sheet takes its time, and the
// job's timeout ends what hangs.
func (s *Server) overdue(ctx context.Context, now time.Time) []string {
	s.mu.Lock()
	es := s.entries
	s.mu.Unlock()
	var out []string
	for _, e := range es {
		late, last := s.late(e, now)
		if !late {
			continue
		}
		// Another process may be working the jobs of this stage.
		if at, running := s.ask(ctx, e); running {
			continue
		} else if at.After(last) {
			s.succeeded(key(e.Stage, e.Target), at)
			if late, last = s.late(e, now); !late {
				continue
			}
		}
		if last.Equal(s.started) {
			out = append(out, fmt.Sprintf("%s %s: no success since the start at %s", e.Stage, e.Target, last.UTC().Format(time.RFC3339)))
		} else {
			out = append(out, fmt.Sprintf("%s %s: no success since %s", e.Stage, e.Target, last.UTC().Format(time.RFC3339)))
		}
	}
	return out
}

// late reports whether a stage had time for a success since its last one.
func (s *Server) late(e jobs.Entry, now time.Time) (bool, time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k := key(e.Stage, e.Target)
	last := s.done[k]
	if last.Before(s.started) {
		last = s.started
	}
	due := e.Due(last, overdueAfter)
	return !s.running[k] && !due.IsZero() && now.After(due.Add(grace)), last
}

// ask looks into the queue for the last success, and whether a job is being
// worked.
func (s *Server) ask(ctx context.Context, e jobs.Entry) (last time.Time, running bool) {
	found, err := s.queue.List(ctx, jobs.Filter{Stage: e.Stage, Target: e.Target, States: []jobs.State{jobs.Done}, Limit: 1})
	if err == nil && len(found) > 0 {
		last = found[0].Finished
	}
	found, err = s.queue.List(ctx, jobs.Filter{Stage: e.Stage, Target: e.Target, States: []jobs.State{jobs.Running}, Limit: 1})
	return last, err == nil && len(found) > 0
}
