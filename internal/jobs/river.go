package jobs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/rivermigrate"
	"github.com/riverqueue/river/rivertype"

	"github.com/mallbridge/mallbridge/order"
)

// Options say how a queue works.
type Options struct {
	Lanes []Lane
	Work  Work
	Log   *slog.Logger
	// Node names this process to the others, in at most 100 characters; empty for a
	// name of its own.
	Node string
	// Poll is how often the database is asked for jobs that another process
	// enqueued; 0 for one second. Jobs of this process start at once.
	Poll time.Duration

	attempts int // 0 for maxAttempts
}

// How long jobs are kept for lists once they are done. Longer than [Missed], so
// that a slot that was worked is not worked again after a restart.
const keepDone = 2 * Missed

// rescueAfter is the time beyond the longest timeout after which a job that says
// it is running is taken for lost.
const rescueAfter = 10 * time.Minute

// args are what River stores of a job. All of them make a job unique.
type args Job

// Kind is River's name for all our jobs.
func (args) Kind() string { return "stage" }

// riverQueue is a Queue on any database that River has a driver for.
type riverQueue[T any] struct {
	worker
	client *river.Client[T]
	driver riverdriver.Driver[T]
	db     io.Closer
	node   string
	// waiting reports whether a job with a tag has not begun yet, where the database
	// knows that better than River's lists.
	waiting func(ctx context.Context, tag string) (bool, error)
	// broke is the hint for a database that could be reached when it was opened; empty
	// for a file.
	broke string
}

type worker struct {
	river.WorkerDefaults[args]
	lanes map[string]Lane
	work  Work
	log   *slog.Logger
	again func(ctx context.Context, j Job, due time.Time) error

	mu      sync.Mutex
	active  map[int64]bool // jobs that this process works
	orphans map[int64]bool // jobs that it should have been working when it was last looked
}

func open[T any](ctx context.Context, driver riverdriver.Driver[T], db io.Closer, o Options) (*riverQueue[T], error) {
	log := slog.New(quiet{o.Log.Handler()})
	if err := migrate(ctx, driver, log); err != nil {
		return nil, err
	}
	q := &riverQueue[T]{driver: driver, db: db, node: o.Node, worker: worker{lanes: map[string]Lane{}, work: o.Work, log: o.Log, active: map[int64]bool{}}}
	if q.node == "" {
		q.node = clientID()
	}
	q.again = q.enqueueLater
	queues := map[string]river.QueueConfig{}
	longest := time.Minute
	for _, l := range o.Lanes {
		q.lanes[l.Stage] = l
		queues[l.Stage] = river.QueueConfig{MaxWorkers: l.Workers}
		longest = max(longest, l.Timeout)
	}
	workers := river.NewWorkers()
	if err := river.AddWorkerSafely(workers, &q.worker); err != nil {
		return nil, err
	}
	poll := o.Poll
	if poll == 0 {
		poll = time.Second
	}
	attempts := o.attempts
	if attempts == 0 {
		attempts = maxAttempts
	}
	var err error
	q.client, err = river.NewClient(driver, &river.Config{
		ID: q.node, Logger: log, Queues: queues, Workers: workers,
		// Jobs of this process are fetched at once all the same. SQLite has no
		// notification, and River would ask for them twenty times a second; PostgreSQL's
		// would need a connection of its own and reach nobody behind a pooler.
		PollOnly: true, FetchPollInterval: poll, FetchCooldown: min(poll, river.FetchCooldownDefault),
		JobTimeout: longest, RescueStuckJobsAfter: longest + rescueAfter, MaxAttempts: attempts,
		CompletedJobRetentionPeriod: keepDone,
	})
	return q, err
}

// migrate brings River's tables up to date. Another process may be doing the
// same: whoever loses that race looks again.
func migrate[T any](ctx context.Context, driver riverdriver.Driver[T], log *slog.Logger) error {
	m, err := rivermigrate.New(driver, &rivermigrate.Config{Logger: log})
	if err != nil {
		return err
	}
	t := time.NewTicker(100 * time.Millisecond)
	defer t.Stop()
	for range 20 {
		if _, err = m.Migrate(ctx, rivermigrate.DirectionUp, nil); err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-t.C:
		}
	}
	return err
}

func clientID() string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return fmt.Sprintf("%.40s-%d-%d", host, os.Getpid(), time.Now().UnixNano())
}

func (w *worker) Timeout(j *river.Job[args]) time.Duration {
	return w.lanes[j.Args.Stage].Timeout
}

// NextRetry spreads retries by a tenth, so that what failed together does not
// come back together.
func (w *worker) NextRetry(j *river.Job[args]) time.Time {
	wait := Wait(j.Attempt)
	return time.Now().Add(wait + rand.N(wait/10))
}

func (w *worker) works(id int64, does bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if does {
		w.active[id] = true
	} else {
		delete(w.active, id)
	}
}

func (w *worker) Work(ctx context.Context, j *river.Job[args]) error {
	w.works(j.ID, true)
	defer w.works(j.ID, false)
	err := w.work(ctx, Try{Job: Job(j.Args), ID: j.ID, Attempt: j.Attempt})
	var l *later
	switch {
	case err == nil:
		return nil
	case errors.As(err, &l):
		return river.JobSnooze(l.wait)
	case errors.Is(ctx.Err(), context.Canceled):
		return ctx.Err() // River hands the job back without counting a failure
	}
	if j.Attempt >= j.MaxAttempts {
		w.log.Error("a job failed too often and gives way to a fresh one", "stage", j.Args.Stage, "target", j.Args.Target, "job", j.ID, "attempts", j.Attempt)
		fresh := Job{j.Args.Stage, j.Args.Target, fmt.Sprintf("again after %d", j.ID)}
		if e := w.again(ctx, fresh, time.Now().Add(Wait(j.Attempt))); e != nil {
			return errors.Join(err, e)
		}
	}
	return err
}

func (q *riverQueue[T]) Enqueue(ctx context.Context, j Job) (bool, error) {
	some, err := q.waits(ctx, j)
	if err != nil || some {
		return false, err
	}
	return q.insert(ctx, j, time.Time{})
}

func (q *riverQueue[T]) Add(ctx context.Context, j Job) (bool, error) {
	return q.insert(ctx, j, time.Time{})
}

// waits reports whether a job of the same stage and target has not begun yet.
func (q *riverQueue[T]) waits(ctx context.Context, j Job) (bool, error) {
	if q.waiting != nil {
		return q.waiting(ctx, tag(j.Stage, j.Target))
	}
	found, err := q.List(ctx, Filter{Stage: j.Stage, Target: j.Target, States: []State{Ready, Waiting}, Limit: 1})
	return len(found) > 0, err
}

func (q *riverQueue[T]) enqueueLater(ctx context.Context, j Job, due time.Time) error {
	_, err := q.insert(ctx, j, due)
	return err
}

func (q *riverQueue[T]) insert(ctx context.Context, j Job, due time.Time) (bool, error) {
	if _, ok := q.lanes[j.Stage]; !ok {
		return false, fmt.Errorf("jobs: no stage %q", j.Stage)
	}
	res, err := q.client.Insert(ctx, args(j), &river.InsertOpts{
		Queue: j.Stage, Tags: []string{tag(j.Stage, j.Target)}, ScheduledAt: due, UniqueOpts: river.UniqueOpts{ByArgs: true},
	})
	if err != nil {
		return false, fmt.Errorf("jobs: enqueue %s %s: %w", j.Stage, j.Target, err)
	}
	return !res.UniqueSkippedAsDuplicate, nil
}

// tag is by what jobs of one stage and target are found. Names of targets are
// letters, digits and hyphens, as River wants tags.
func tag(stage, target string) string { return stage + "-" + target }

func (q *riverQueue[T]) Start(ctx context.Context) error {
	err := q.client.Start(context.WithoutCancel(ctx))
	switch {
	case err == nil:
		return nil
	case q.broke != "":
		return order.Errorf(order.Retry, q.broke, "jobs: start: %w", err)
	}
	return fmt.Errorf("jobs: start: %w", err)
}

func (q *riverQueue[T]) Stop(ctx context.Context) error {
	if err := q.client.StopAndCancel(ctx); err != nil {
		return fmt.Errorf("jobs: stop: %w", err)
	}
	return nil
}

func (q *riverQueue[T]) Hurry(ctx context.Context, ids ...int64) (int, error) {
	p := river.NewJobListParams().States(rivertype.JobStateRetryable).First(10_000)
	res, err := q.client.JobList(ctx, p)
	if err != nil {
		return 0, fmt.Errorf("jobs: hurry: %w", err)
	}
	n := 0
	for _, j := range res.Jobs {
		if len(ids) > 0 && !slices.Contains(ids, j.ID) {
			continue
		}
		if _, err := q.client.JobRetry(ctx, j.ID); err != nil {
			return n, fmt.Errorf("jobs: hurry: %w", err)
		}
		n++
	}
	return n, nil
}

func (q *riverQueue[T]) Reclaim(ctx context.Context, alive func(node string) bool) (int, error) {
	running, err := q.List(ctx, Filter{States: []State{Running}, Limit: 10_000})
	if err != nil {
		return 0, err
	}
	now := time.Now()
	var p riverdriver.JobSetStateIfRunningManyParams
	for _, i := range q.lost(running, alive) {
		// As if it had not been fetched: nobody saw it fail.
		p.ID, p.Attempt, p.State = append(p.ID, i.ID), append(p.Attempt, nil), append(p.State, rivertype.JobStateAvailable)
		p.ErrData, p.FinalizedAt, p.ScheduledAt = append(p.ErrData, nil), append(p.FinalizedAt, nil), append(p.ScheduledAt, &now)
		p.MetadataDoMerge, p.MetadataUpdates = append(p.MetadataDoMerge, false), append(p.MetadataUpdates, nil)
		q.log.Warn("nobody works this job any more; it is due again", "stage", i.Stage, "target", i.Target, "job", i.ID, "node", i.Node)
	}
	if len(p.ID) == 0 {
		return 0, nil
	}
	if _, err := q.driver.GetExecutor().JobSetStateIfRunningMany(ctx, &p); err != nil {
		return 0, fmt.Errorf("jobs: reclaim: %w", err)
	}
	return len(p.ID), nil
}

// lost chooses the running jobs that nobody works.
func (q *riverQueue[T]) lost(running []Info, alive func(string) bool) []Info {
	q.mu.Lock()
	defer q.mu.Unlock()
	var out []Info
	orphans := map[int64]bool{}
	for _, i := range running {
		switch {
		case i.Node != q.node:
			if !alive(i.Node) {
				out = append(out, i)
			}
		case q.active[i.ID]:
		case q.orphans[i.ID]:
			out = append(out, i)
		default:
			// It may be about to begin, or its end may be about to be stored.
			orphans[i.ID] = true
		}
	}
	q.orphans = orphans
	return out
}

var states = map[State][]rivertype.JobState{
	Ready:   {rivertype.JobStateAvailable},
	Waiting: {rivertype.JobStateRetryable, rivertype.JobStateScheduled, rivertype.JobStatePending},
	Running: {rivertype.JobStateRunning},
	Done:    {rivertype.JobStateCompleted, rivertype.JobStateCancelled},
	GivenUp: {rivertype.JobStateDiscarded},
}

func stateOf(s rivertype.JobState) State {
	for ours, theirs := range states {
		if slices.Contains(theirs, s) {
			return ours
		}
	}
	return State(s)
}

func (q *riverQueue[T]) List(ctx context.Context, f Filter) ([]Info, error) {
	p := river.NewJobListParams().OrderBy(river.JobListOrderByID, river.SortOrderDesc)
	limit := 100
	if f.Limit > 0 {
		limit = min(f.Limit, 10_000)
	}
	p = p.First(limit)
	var theirs []rivertype.JobState
	for _, s := range f.States {
		theirs = append(theirs, states[s]...)
	}
	if len(theirs) == 0 {
		theirs = rivertype.JobStates()
	}
	p = p.States(theirs...)
	if f.Stage != "" {
		p = p.Queues(f.Stage)
	}
	switch {
	case f.Stage != "" && f.Target != "":
		p = p.TagsAll(tag(f.Stage, f.Target))
	case f.Target != "":
		var any []string
		for s := range q.lanes {
			any = append(any, tag(s, f.Target))
		}
		p = p.TagsAny(any...)
	}
	res, err := q.client.JobList(ctx, p)
	if err != nil {
		return nil, fmt.Errorf("jobs: list: %w", err)
	}
	out := make([]Info, len(res.Jobs))
	for i, row := range res.Jobs {
		if out[i], err = info(row); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (q *riverQueue[T]) Alive(ctx context.Context) error {
	select {
	case <-q.client.Stopped():
		return errors.New("jobs: stopped")
	default:
	}
	_, err := q.List(ctx, Filter{Limit: 1})
	return err
}

func (q *riverQueue[T]) Close() error { return q.db.Close() }

// quiet passes on River's warnings and errors only: what became of a job is told
// by whoever works it.
type quiet struct{ slog.Handler }

func (h quiet) Enabled(ctx context.Context, l slog.Level) bool {
	return l >= slog.LevelWarn && h.Handler.Enabled(ctx, l)
}

func (h quiet) Handle(ctx context.Context, r slog.Record) error {
	r.Message = "jobs: " + strings.ToLower(r.Message)
	return h.Handler.Handle(ctx, r)
}
func (h quiet) WithAttrs(as []slog.Attr) slog.Handler { return quiet{h.Handler.WithAttrs(as)} }
func (h quiet) WithGroup(name string) slog.Handler    { return quiet{h.Handler.WithGroup(name)} }
