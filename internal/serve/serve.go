// Package serve runs a workspace until it is told to stop: schedules, jobs, and
// pages about its health.
//
// It knows when stages run and what follows what; what a stage does it leaves to
// package pipeline. Nothing here holds state that must survive: whatever a crash
// lost is found in the ledger and enqueued again at the next start.
package serve

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jonboulle/clockwork"

	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/internal/jobs"
	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/pipeline"
	"github.com/mallbridge/mallbridge/pipeline/stage"
)

// Options say what is served.
type Options struct {
	// Env is the world of the stages. Its ledger is open and stays so. Its Owner is
	// not used: each job has its own.
	Env *stage.Env
	// Reload reads the configuration again and returns a world with the same ledger.
	// Nil if that is not possible.
	Reload func() (*stage.Env, error)
	// Hangup asks for Reload. Nil for never.
	Hangup <-chan os.Signal
	// Jobs is where the queue is: a SQLite file, or a postgres:// address.
	Jobs string
	// Listen is the address of the pages; empty or "off" for none.
	Listen string
	// Pages makes the pages for people; nil for none but those of health.
	Pages func(w World) (http.Handler, error)
	// Clock drives the schedules; nil for the real one.
	Clock clockwork.Clock
	// Calls counts calls of malls' APIs; nil for none.
	Calls *connectors.Counters
	// Tell tells people of alerts; it is called every minute. Nil for never.
	Tell func(context.Context, *stage.Env) error
	// Notify is systemd's socket (NOTIFY_SOCKET); empty without systemd.
	Notify string

	poll time.Duration
	run  func(context.Context, *stage.Env, pipeline.Stage, string) pipeline.Result
	// listening, if set, is told the address of the pages.
	listening func(addr string)
}

// A World is what the pages for people are given.
type World struct {
	Env func() *stage.Env // the present one
	// Run asks for a run of a stage on a target; it is not fresh if one that was asked for
	// waits already.
	Run func(ctx context.Context, stage, target string) (fresh bool, err error)
	// Reload takes over a configuration that was changed. One with errors is refused,
	// and the old one stays in force.
	Reload func(ctx context.Context) error
	// Jobs are River's pages of the queue, for addresses below [JobsPrefix]. They ask
	// nobody who they are.
	Jobs http.Handler
}

// JobsPrefix is below what path River's pages are.
const JobsPrefix = "/jobs"

// How long a stop may take: the jobs first, then the pages.
const (
	stopJobs  = 25 * time.Second
	stopPages = 3 * time.Second
)

// A Server serves one workspace.
type Server struct {
	o       Options
	node    string // names this process among those of the workspace
	env     atomic.Pointer[stage.Env]
	queue   jobs.Queue
	metrics *metrics
	started time.Time
	unswept atomic.Bool // the sweep at the start was not finished

	reloading sync.Mutex

	mu        sync.Mutex
	scheduler *jobs.Scheduler
	entries   []jobs.Entry
	done      map[string]time.Time // last success by stage and target
	running   map[string]bool
	owed      map[jobs.Job]bool // could not be enqueued
	seats     map[string]seat   // by the owner of their job
	stopping  bool
}

func key(stage, target string) string { return stage + " " + target }

// Run serves until ctx ends; then it stops what runs at the next safe point and
// returns nil. Any other end is an error.
func Run(ctx context.Context, o Options) (err error) {
	s, err := open(ctx, o)
	if err != nil {
		return err
	}
	defer func() {
		if e := s.queue.Close(); e != nil {
			err = errors.Join(err, e)
		}
	}()
	pages, err := s.listen(ctx, o.Listen)
	if err != nil {
		return err
	}
	defer pages.close()
	if err := s.start(ctx); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return s.stop()
	}
	defer s.notices(ctx)()
	defer s.watchNodes(ctx)()
	s.tell("READY=1\nSTATUS=running")
	s.log().Info("serving", "workspace", s.env.Load().Workspace.Dir, "entries", len(s.entries), "node", s.node, "pages", pages.addr)
	for {
		select {
		case <-o.Hangup:
			if err := s.reload(ctx); err != nil {
				s.log().Error("the changed configuration is not used; the old one stays in force", "err", s.clean(err))
			}
		case err := <-pages.failed:
			return errors.Join(fmt.Errorf("pages: %w", err), s.stop())
		case <-ctx.Done():
			return s.stop()
		}
	}
}

func open(ctx context.Context, o Options) (*Server, error) {
	if o.Clock == nil {
		o.Clock = clockwork.NewRealClock()
	}
	if o.run == nil {
		o.run = pipeline.Run
	}
	s := &Server{
		o: o, node: pipeline.Owner(strconv.FormatInt(time.Now().UnixNano(), 36)), done: map[string]time.Time{}, running: map[string]bool{},
		owed: map[jobs.Job]bool{}, seats: map[string]seat{}, started: o.Env.Now(),
	}
	s.env.Store(o.Env)
	s.metrics = newMetrics(s)
	q := jobs.Options{Lanes: lanes(o.Env.Workspace), Work: s.work, Log: slog.New(current{s: s}), Node: s.node, Poll: o.poll}
	openQueue := jobs.OpenSQLite
	if ledger.IsPostgres(o.Jobs) {
		openQueue = jobs.OpenPostgres
	}
	var err error
	s.queue, err = openQueue(ctx, o.Jobs, q)
	return s, err
}

// start starts jobs and schedules and enqueues what a crash lost. If it fails,
// nothing is left running. A stop in the middle of it is no failure.
func (s *Server) start(ctx context.Context) error {
	if err := s.alive(ctx); err != nil && ctx.Err() == nil {
		return err
	}
	env := s.env.Load()
	if err := env.Ledger.MakeMonths(ctx, env.Now()); err != nil && ctx.Err() == nil {
		s.log().Warn("the months of the ledger are not all made; purge tries again", "err", s.clean(err))
	}
	if err := s.queue.Start(ctx); err != nil {
		return err
	}
	err := s.schedule()
	if err == nil {
		if e := s.sweep(ctx); e != nil && ctx.Err() == nil {
			s.unswept.Store(true)
			s.log().Error("not everything that was left could be enqueued; it is tried again", "err", s.clean(e))
		}
	}
	if err == nil || ctx.Err() != nil {
		return nil
	}
	if e := s.stop(); e != nil {
		err = errors.Join(err, e)
	}
	return err
}

// schedule replaces the scheduler by one for the present configuration.
func (s *Server) schedule() error {
	es := entries(s.env.Load().Workspace)
	next, err := jobs.NewScheduler(es, s.o.Clock, s.enqueue)
	if err != nil {
		return err
	}
	s.mu.Lock()
	last := s.scheduler
	s.scheduler, s.entries = next, es
	s.mu.Unlock()
	if last != nil {
		err = s.within(stopPages, last.Stop)
	}
	next.Start()
	return err
}

func (s *Server) enqueue(ctx context.Context, j jobs.Job) {
	added, err := s.queue.Enqueue(ctx, j)
	switch {
	case err != nil && ctx.Err() == nil:
		s.owe(j)
		s.log().Error("a job could not be enqueued; it is tried again", "stage", j.Stage, "target", j.Target, "slot", j.Slot, "err", s.clean(err))
	case added:
		s.log().Debug("enqueued", "stage", j.Stage, "target", j.Target, "slot", j.Slot)
	}
}

// reload takes over a changed configuration, or keeps the old one and says why.
func (s *Server) reload(ctx context.Context) error {
	if s.o.Reload == nil {
		return nil
	}
	s.reloading.Lock()
	defer s.reloading.Unlock()
	s.tell("RELOADING=1\nMONOTONIC_USEC=" + monotonic())
	defer s.tell("READY=1\nSTATUS=running")
	old := s.env.Load()
	env, err := s.o.Reload()
	if err != nil {
		return err
	}
	env.Ledger, env.Malls, env.Folders, env.Tracer = old.Ledger, old.Malls, old.Folders, old.Tracer
	for _, c := range []struct{ what, was, is string }{
		{"ledger", old.Workspace.Settings.Ledger, env.Workspace.Settings.Ledger},
		{"console.listen", old.Workspace.Settings.Console.Listen, env.Workspace.Settings.Console.Listen},
		{"limits.workers", fmt.Sprint(old.Workspace.Settings.Limits.Workers), fmt.Sprint(env.Workspace.Settings.Limits.Workers)},
	} {
		if c.was != c.is {
			s.log().Warn("this setting is used only after a restart", "setting", c.what)
		}
	}
	s.env.Store(env)
	if err := s.schedule(); err != nil {
		s.log().Error("the new schedules could not be started in full", "err", s.clean(err))
	}
	// What failed may have been repaired by the change.
	hurried, err := s.queue.Hurry(ctx)
	if err == nil {
		err = s.sweep(ctx)
	}
	if err != nil {
		s.log().Error("not every job could be enqueued after the reload", "err", s.clean(err))
	}
	s.log().Info("the configuration was read again", "hash", env.Workspace.Hash, "retried", hurried)
	return nil
}

// stop ends schedules, then jobs.
func (s *Server) stop() error {
	s.tell("STOPPING=1\nSTATUS=stopping")
	s.log().Info("stopping; stages end at their next safe point")
	s.mu.Lock()
	sched := s.scheduler
	s.stopping = true
	s.mu.Unlock()
	var err error
	if sched != nil {
		err = s.within(stopPages, sched.Stop)
	}
	err = errors.Join(err, s.within(stopJobs, s.queue.Stop))
	if err != nil {
		s.log().Error("not everything stopped in time; the next start goes on", "err", s.clean(err))
		return err
	}
	s.log().Info("stopped")
	return nil
}

// within calls a stop function that must end although the server's context has
// ended.
func (s *Server) within(d time.Duration, stop func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	return stop(ctx)
}

// noticeEvery is how often it is looked whether somebody is to be told.
const noticeEvery = time.Minute

// notices tells people of alerts until ctx ends, or until stop is called.
func (s *Server) notices(ctx context.Context) (stop func()) {
	if s.o.Tell == nil {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	var done sync.WaitGroup
	done.Go(func() {
		t := s.o.Clock.NewTicker(noticeEvery)
		defer t.Stop()
		for {
			env := *s.env.Load()
			env.Owner = pipeline.Owner("serve")
			if err := s.o.Tell(ctx, &env); err != nil && ctx.Err() == nil {
				s.log().Error("people could not be told of alerts; it is tried again", "err", s.clean(err))
			}
			select {
			case <-ctx.Done():
				return
			case <-t.Chan():
			}
		}
	})
	return func() {
		cancel()
		done.Wait()
	}
}

func (s *Server) log() *slog.Logger { return s.env.Load().Log }

// tell sends systemd a state. Without systemd it does nothing.
func (s *Server) tell(state string) {
	if err := notify(s.o.Notify, state); err != nil {
		s.log().Warn("systemd could not be told", "state", strings.ReplaceAll(state, "\n", " "), "err", err)
	}
}

// current logs with the logger of the present configuration.
type current struct {
	s     *Server
	attrs []slog.Attr
}

func (c current) handler() slog.Handler { return c.s.log().Handler().WithAttrs(c.attrs) }

func (c current) Enabled(ctx context.Context, l slog.Level) bool { return c.handler().Enabled(ctx, l) }

func (c current) Handle(ctx context.Context, r slog.Record) error { return c.handler().Handle(ctx, r) }

func (c current) WithAttrs(as []slog.Attr) slog.Handler {
	return current{c.s, append(append([]slog.Attr(nil), c.attrs...), as...)}
}
func (c current) WithGroup(string) slog.Handler { return c }
