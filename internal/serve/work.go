package serve

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sort"
	"strings"
	"time"

	"github.com/mallbridge/mallbridge/internal/jobs"
	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/order"
	"github.com/mallbridge/mallbridge/pipeline"
	"github.com/mallbridge/mallbridge/pipeline/stage"
)

// How long a job waits for a stage that is being run: by this process, or by
// another one.
const (
	waitOwn   = 2 * time.Second
	waitOther = 15 * time.Second
)

// The outcomes of a job beyond those of package pipeline.
const (
	busy    = "busy"    // someone else runs the stage
	stopped = "stopped" // cut off by a stop
)

// work does one job.
func (s *Server) work(ctx context.Context, t jobs.Try) error {
	env := *s.env.Load()
	st, ok := pipeline.Lookup(t.Stage)
	if !ok || !st.Has(env.Workspace, t.Target) {
		env.Log.Info("the job is dropped: its target is gone or not enabled any more", "stage", t.Stage, "target", t.Target)
		return nil
	}
	k := key(t.Stage, t.Target)
	if !s.begin(k) {
		return jobs.Later(waitOwn, pipeline.ErrBusy)
	}
	defer s.end(k)
	// A lease knows its owner again: each try needs a name of its own.
	env.Owner = pipeline.Owner(fmt.Sprintf("serve/%d.%d", t.ID, t.Attempt))
	env.Slot = t.Slot
	if strings.HasPrefix(t.Slot, asked) {
		env.Named, env.Asked = true, []string{t.Target}
	}
	leave, err := s.sit(ctx, &env, st, t.Target)
	if err != nil {
		return err
	}
	defer leave()
	start := env.Now()
	res := s.safely(ctx, &env, st, t.Target)
	took := env.Now().Sub(start)
	err = s.judge(ctx, &env, t, res, took)
	// What a failed or stopped run has done makes work all the same.
	if e := s.follow(context.WithoutCancel(ctx), &env, t.ID, res); e != nil {
		env.Log.Error("the next stage could not be enqueued; its schedule will", "stage", t.Stage, "target", t.Target, "err", s.clean(e))
	}
	return err
}

// judge logs and counts how a run went, and tells the queue what to do.
func (s *Server) judge(ctx context.Context, env *stage.Env, t jobs.Try, res pipeline.Result, took time.Duration) error {
	log := env.Log.With("stage", t.Stage, "target", t.Target)
	switch {
	case errors.Is(res.Err, pipeline.ErrBusy):
		s.metrics.ran(t.Stage, t.Target, busy, took)
		log.Info("the stage is being run by someone else; the job waits", "wait", waitOther)
		return jobs.Later(waitOther, pipeline.ErrBusy)
	case errors.Is(res.Err, ledger.ErrLost):
		s.metrics.ran(t.Stage, t.Target, busy, took)
		log.Warn("another node has taken this stage over; nothing more was written here", "wait", waitOther, counts(res.Report))
		return jobs.Later(waitOther, pipeline.ErrBusy)
	case res.Err != nil && errors.Is(ctx.Err(), context.Canceled):
		s.metrics.ran(t.Stage, t.Target, stopped, took)
		log.Info("stopped at a safe point; the next start goes on", "took", took, counts(res.Report))
		return ctx.Err()
	case res.Err != nil:
		s.metrics.ran(t.Stage, t.Target, res.Outcome, took)
		s.metrics.dropFailed(t.Target, res.Err)
		why := s.clean(res.Err)
		log.Error("failed", "code", order.CodeOf(res.Err), "err", why, "hint", res.Hint, "attempt", t.Attempt, "next_try_in", jobs.Wait(t.Attempt), "took", took, counts(res.Report))
		return errors.New(why)
	}
	s.metrics.ran(t.Stage, t.Target, res.Outcome, took)
	s.succeeded(key(t.Stage, t.Target), env.Now())
	level := slog.LevelInfo
	if res.Outcome == pipeline.Nothing {
		level = slog.LevelDebug
	}
	log.Log(ctx, level, "done", "outcome", res.Outcome, "took", took, "waiting", res.Report.Waiting, counts(res.Report))
	return nil
}

// safely turns a panic of a stage into a failure of its job.
func (s *Server) safely(ctx context.Context, env *stage.Env, st pipeline.Stage, target string) (res pipeline.Result) {
	defer func() {
		if p := recover(); p != nil {
			env.Log.Error("a stage panicked; please report this", "stage", st.Name, "target", target, "stack", string(debug.Stack()))
			res = pipeline.Result{Stage: st.Name, Target: target, Outcome: pipeline.Failed, Err: fmt.Errorf("panic: %T", p)}
		}
	}()
	return s.o.run(ctx, env, st, target)
}

// begin marks a stage and target as running; false if it does already.
func (s *Server) begin(k string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running[k] {
		return false
	}
	s.running[k] = true
	return true
}

func (s *Server) end(k string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.running, k)
}

func (s *Server) succeeded(k string, at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if at.After(s.done[k]) {
		s.done[k] = at
	}
}

// counts is what a report counts, for a log. The notes stay out: they may name
// people.
func counts(r stage.Report) slog.Attr {
	names := make([]string, 0, len(r.Counts))
	for n := range r.Counts {
		names = append(names, n)
	}
	sort.Strings(names)
	attrs := make([]any, len(names))
	for i, n := range names {
		attrs[i] = slog.Int64(n, r.Counts[n])
	}
	return slog.Group("counts", attrs...)
}
