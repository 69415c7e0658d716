package jobs

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/mallbridge/mallbridge/internal/pgtest"
	"github.com/mallbridge/mallbridge/order"
)

// within returns a context that ends a little before the test binary would be
// killed.
func within(t *testing.T) context.Context {
	t.Helper()
	ctx := t.Context()
	if end, ok := t.Deadline(); ok {
		c, cancel := context.WithDeadline(ctx, end.Add(-5*time.Second))
		t.Cleanup(cancel)
		return c
	}
	return ctx
}

// until asks again and again until ok is true.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	ctx := within(t)
	for !ok() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("waiting until %s: %v", what, ctx.Err())
		}
	}
}

func receive[T any](t *testing.T, ch <-chan T) T {
	t.Helper()
	select {
	case v := <-ch:
		return v
	case <-within(t).Done():
		t.Fatal("nothing came")
		panic("unreachable")
	}
}

type setup struct {
	at       string // a file, or a postgres:// address
	work     Work
	attempts int
	log      *slog.Logger
	timeout  time.Duration
	node     string
}

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

// each runs f with a place for a queue in both databases.
func each(t *testing.T, f func(t *testing.T, at string)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { f(t, filepath.Join(t.TempDir(), "jobs.db")) })
	t.Run("postgres", func(t *testing.T) { f(t, pgtest.Database(t)) })
}

func (s setup) open(t *testing.T) Queue {
	t.Helper()
	q, err := s.try(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	stopAtEnd(t, q)
	return q
}

func (s setup) try(ctx context.Context) (Queue, error) {
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.timeout == 0 {
		s.timeout = time.Hour
	}
	o := Options{
		Lanes: []Lane{{"extract", 2, s.timeout}, {"instruct", 2, s.timeout}}, Work: s.work, Log: s.log, Node: s.node, Poll: 20 * time.Millisecond, attempts: s.attempts,
	}
	if strings.HasPrefix(s.at, "postgres://") {
		return OpenPostgres(ctx, s.at, o)
	}
	return OpenSQLite(ctx, s.at, o)
}

func stopAtEnd(t *testing.T, q Queue) {
	t.Cleanup(func() {
		if err := q.Stop(context.Background()); err != nil {
			t.Error(err)
		}
		if err := q.Close(); err != nil {
			t.Error(err)
		}
	})
}

func start(t *testing.T, q Queue) {
	t.Helper()
	if err := q.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func enqueue(t *testing.T, q Queue, j Job) bool {
	t.Helper()
	added, err := q.Enqueue(t.Context(), j)
	if err != nil {
		t.Fatal(err)
	}
	return added
}

func list(t *testing.T, q Queue, f Filter) []Info {
	t.Helper()
	is, err := q.List(t.Context(), f)
	if err != nil {
		t.Fatal(err)
	}
	return is
}

func TestOneJobWaitsForEachStageAndTarget(t *testing.T) {
	each(t, func(t *testing.T, at string) {
		entered, leave := make(chan Job, 10), make(chan struct{})
		q := setup{at: at, work: func(_ context.Context, try Try) error {
			entered <- try.Job
			<-leave
			return nil
		}}.open(t)
		first := Job{"extract", "shop-1", "2026-11-22T03:00:00Z"}
		if !enqueue(t, q, first) {
			t.Error("a new job was refused")
		}
		if enqueue(t, q, first) {
			t.Error("the same job was taken twice")
		}
		if enqueue(t, q, Job{"extract", "shop-1", "2026-11-22T03:01:00Z"}) {
			t.Error("a second job was taken while the first waits")
		}
		if !enqueue(t, q, Job{"extract", "shop-10", first.Slot}) || !enqueue(t, q, Job{"instruct", "shop-1", first.Slot}) {
			t.Error("another target or stage was refused")
		}
		start(t, q)
		for range 3 {
			receive(t, entered)
		}
		if enqueue(t, q, first) {
			t.Error("the same job was taken while it runs")
		}
		next := Job{"extract", "shop-1", "2026-11-22T03:01:00Z"}
		if !enqueue(t, q, next) {
			t.Error("while a job runs, one more must wait behind it: it may have looked already")
		}
		close(leave)
		if got := receive(t, entered); got != next {
			t.Errorf("worked %v", got)
		}
		until(t, "all are done", func() bool { return len(list(t, q, Filter{States: []State{Done}})) == 4 })
		if enqueue(t, q, first) {
			t.Error("a slot that was worked was taken again")
		}
	})
}

func TestListFilters(t *testing.T) {
	each(t, func(t *testing.T, at string) {
		q := setup{at: at, work: func(context.Context, Try) error { return nil }}.open(t)
		for _, target := range []string{"a", "shop-1", "shop-1-b"} {
			enqueue(t, q, Job{"extract", target, "x"})
			enqueue(t, q, Job{"instruct", target, "x"})
		}
		for _, c := range []struct {
			filter Filter
			want   string
		}{
			{Filter{}, "instruct shop-1-b, extract shop-1-b, instruct shop-1, extract shop-1, instruct a, extract a"},
			{Filter{Limit: 2}, "instruct shop-1-b, extract shop-1-b"},
			{Filter{Stage: "extract"}, "extract shop-1-b, extract shop-1, extract a"},
			{Filter{Target: "shop-1"}, "instruct shop-1, extract shop-1"},
			{Filter{Stage: "extract", Target: "a"}, "extract a"},
			{Filter{States: []State{Waiting, Running, Done, GivenUp}}, ""},
		} {
			var got []string
			for _, i := range list(t, q, c.filter) {
				got = append(got, i.Stage+" "+i.Target)
			}
			if s := strings.Join(got, ", "); s != c.want {
				t.Errorf("%+v: %s, want %s", c.filter, s, c.want)
			}
		}
		if _, err := q.Enqueue(t.Context(), Job{"report", "a", "x"}); err == nil {
			t.Error("a stage without a lane was taken")
		}
	})
}

func TestFailedJobsWaitLongerAndCanBeHurried(t *testing.T) {
	each(t, func(t *testing.T, at string) {
		tries := make(chan Try, 10)
		q := setup{at: at, work: func(_ context.Context, try Try) error {
			tries <- try
			if try.Attempt < 3 {
				return fmt.Errorf("no answer %d", try.Attempt)
			}
			return nil
		}}.open(t)
		start(t, q)
		job := Job{"extract", "shop-1", "now"}
		enqueue(t, q, job)
		last := time.Duration(0)
		for attempt := 1; attempt <= 2; attempt++ {
			if try := receive(t, tries); try.Attempt != attempt || try.Job != job {
				t.Fatalf("try %+v, want attempt %d", try, attempt)
			}
			var i Info
			until(t, "the failure is stored", func() bool {
				is := list(t, q, Filter{States: []State{Waiting}})
				if len(is) == 1 {
					i = is[0]
				}
				return len(is) == 1
			})
			if want := fmt.Sprintf("no answer %d", attempt); i.Error != want {
				t.Errorf("error %q, want %q", i.Error, want)
			}
			wait := i.Due.Sub(i.Started)
			if wait < Wait(attempt) || wait < last {
				t.Errorf("after failure %d it waits %s", attempt, wait)
			}
			last = wait
			if enqueue(t, q, Job{"extract", "shop-1", fmt.Sprint("slot ", attempt)}) {
				t.Error("a slot jumped over the wait of a failed job")
			}
			if n, err := q.Hurry(t.Context(), i.ID); n != 1 || err != nil {
				t.Fatalf("hurried %d, %v", n, err)
			}
		}
		receive(t, tries)
		until(t, "it is done", func() bool { return len(list(t, q, Filter{States: []State{Done}})) == 1 })
	})
}

func TestWaitGrows(t *testing.T) {
	for failures, want := range map[int]time.Duration{
		0: 15 * time.Second, 1: 15 * time.Second, 2: 30 * time.Second, 3: time.Minute, 6: 8 * time.Minute, 7: 10 * time.Minute, 1 << 30: 10 * time.Minute,
	} {
		if got := Wait(failures); got != want {
			t.Errorf("after %d failures %s, want %s", failures, got, want)
		}
	}
}

func TestJobThatFailsTooOftenGivesWayToAFreshOne(t *testing.T) {
	each(t, func(t *testing.T, at string) {
		var buf bytes.Buffer
		q := setup{attempts: 1, log: slog.New(slog.NewTextHandler(&buf, nil)), work: func(context.Context, Try) error { return errors.New("still no answer") }}.open(t)
		start(t, q)
		enqueue(t, q, Job{"extract", "shop-1", "now"})
		until(t, "it is given up", func() bool { return len(list(t, q, Filter{States: []State{GivenUp}})) == 1 })
		is := list(t, q, Filter{States: []State{Waiting}})
		if len(is) != 1 || is[0].Target != "shop-1" || !strings.HasPrefix(is[0].Slot, "again after ") {
			t.Errorf("in its place %+v", is)
		}
		if err := q.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(buf.String(), "level=ERROR") || !strings.Contains(buf.String(), "target=shop-1") {
			t.Errorf("it was silent about it: %s", buf.String())
		}
	})
}

func TestLaterCountsNoFailure(t *testing.T) {
	each(t, func(t *testing.T, at string) {
		tries := make(chan Try, 10)
		seen := 0
		q := setup{at: at, work: func(_ context.Context, try Try) error {
			tries <- try
			if seen++; seen < 4 {
				return Later(time.Millisecond, errors.New("someone else runs it"))
			}
			return nil
		}}.open(t)
		start(t, q)
		enqueue(t, q, Job{"extract", "shop-1", "now"})
		for range 4 {
			if try := receive(t, tries); try.Attempt != 1 {
				t.Errorf("attempt %d", try.Attempt)
			}
		}
		until(t, "it is done", func() bool { return len(list(t, q, Filter{States: []State{Done}})) == 1 })
		if !PutOff(fmt.Errorf("x: %w", Later(1, errors.New("y")))) || PutOff(errors.New("y")) {
			t.Error("PutOff does not tell them apart")
		}
	})
}

func TestTimeoutIsAFailure(t *testing.T) {
	each(t, func(t *testing.T, at string) {
		q := setup{at: at, timeout: 20 * time.Millisecond, work: func(ctx context.Context, _ Try) error {
			<-ctx.Done()
			return ctx.Err()
		}}.open(t)
		start(t, q)
		enqueue(t, q, Job{"extract", "shop-1", "now"})
		until(t, "the failure is stored", func() bool {
			is := list(t, q, Filter{States: []State{Waiting}})
			return len(is) == 1 && strings.Contains(is[0].Error, "deadline")
		})
	})
}

func TestStopHandsJobsToTheNextProcess(t *testing.T) {
	each(t, func(t *testing.T, at string) {
		entered := make(chan Try, 1)
		q := setup{at: at, work: func(ctx context.Context, try Try) error {
			entered <- try
			<-ctx.Done()
			return fmt.Errorf("store orders: %w", ctx.Err())
		}}.open(t)
		start(t, q)
		if err := q.Alive(t.Context()); err != nil {
			t.Error(err)
		}
		job := Job{"extract", "shop-1", "now"}
		enqueue(t, q, job)
		receive(t, entered)
		if err := q.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := q.Alive(t.Context()); err == nil {
			t.Error("a stopped queue says that it works")
		}
		done := make(chan Try, 1)
		next := setup{at: at, work: func(_ context.Context, try Try) error { done <- try; return nil }}.open(t)
		start(t, next)
		if try := receive(t, done); try.Job != job || try.Attempt != 1 {
			t.Errorf("the next process worked %+v", try)
		}
	})
}

// A database that goes away while the program starts is told apart from a fault of ours.
func TestStartWithoutTheDatabase(t *testing.T) {
	s := pgtest.New(t, "127.0.0.1")
	name, err := s.Database()
	if err != nil {
		t.Fatal(err)
	}
	q, err := setup{at: s.DSN(s.Addr, name)}.try(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer q.Close()
	if err := s.Drop(name); err != nil {
		t.Fatal(err)
	}
	if err := q.Start(t.Context()); order.CodeOf(err) != order.Retry || !strings.Contains(order.HintOf(err), "database") {
		t.Errorf("start: %v, hint %q", err, order.HintOf(err))
	}
}

func TestStopEndsWithItsContext(t *testing.T) {
	each(t, func(t *testing.T, at string) {
		entered, leave := make(chan struct{}), make(chan struct{})
		q := setup{at: at, work: func(context.Context, Try) error {
			close(entered)
			<-leave // deaf to its context
			return nil
		}}.open(t)
		start(t, q)
		enqueue(t, q, Job{"extract", "shop-1", "now"})
		receive(t, entered)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := q.Stop(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("stop: %v", err)
		}
		close(leave)
	})
}

func TestManyProcessesWorkEachSlotOnce(t *testing.T) {
	each(t, func(t *testing.T, at string) {
		const processes, slots = 3, 20
		var mu sync.Mutex
		worked := map[Job]int{}
		work := func(_ context.Context, try Try) error {
			mu.Lock()
			defer mu.Unlock()
			worked[try.Job]++
			return nil
		}
		var wg sync.WaitGroup
		qs, errs := make([]Queue, processes), make([]error, processes)
		for i := range processes {
			wg.Go(func() { qs[i], errs[i] = setup{at: at, work: work}.try(t.Context()) }) // all migrate at once
		}
		wg.Wait()
		for i, q := range qs {
			if errs[i] != nil {
				t.Fatal(errs[i])
			}
			stopAtEnd(t, q)
			start(t, q)
		}
		for slot := range slots {
			job := Job{"extract", fmt.Sprintf("shop-%d", slot%4), fmt.Sprint(slot)}
			for _, q := range qs {
				wg.Go(func() {
					if _, err := q.Enqueue(t.Context(), job); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			until(t, "the slot was worked", func() bool {
				mu.Lock()
				defer mu.Unlock()
				return worked[job] > 0
			})
		}
		done := list(t, qs[0], Filter{})
		if len(done) != slots {
			t.Errorf("%d jobs for %d slots", len(done), slots)
		}
		for job, n := range worked {
			if n != 1 {
				t.Errorf("%v was worked %d times", job, n)
			}
		}
	})
}

// A node that is gone leaves jobs that say they are running; they are worked by
// others, once, and nobody touches those of nodes that live.
func TestJobsOfANodeThatIsGoneAreWorkedByAnother(t *testing.T) {
	each(t, func(t *testing.T, at string) {
		leave, entered := make(chan struct{}), make(chan Try, 4)
		gone := setup{at: at, node: "a", work: func(_ context.Context, try Try) error {
			entered <- try
			<-leave
			return nil
		}}.open(t)
		start(t, gone)
		jobs := []Job{{"extract", "shop-1", "14:00"}, {"extract", "shop-2", "14:00"}} // as many as it works at a time
		for _, j := range jobs {
			enqueue(t, gone, j)
			receive(t, entered)
		}
		worked := make(chan Try, 4)
		other := setup{at: at, node: "b", work: func(_ context.Context, try Try) error { worked <- try; return nil }}.open(t)
		start(t, other)
		if n, err := other.Reclaim(t.Context(), func(node string) bool { return node == "a" }); n != 0 || err != nil {
			t.Errorf("%d jobs of a node that lives were taken, %v", n, err)
		}
		if n, err := other.Reclaim(t.Context(), func(node string) bool { return node != "a" }); n != 2 || err != nil {
			t.Fatalf("%d jobs were reclaimed, %v", n, err)
		}
		seen := map[Job]bool{}
		for range jobs {
			seen[receive(t, worked).Job] = true
		}
		until(t, "both are done", func() bool { return len(list(t, other, Filter{States: []State{Done}})) == 2 })
		for _, j := range jobs {
			if !seen[j] {
				t.Errorf("%v was not worked", j)
			}
		}
		close(leave) // the node comes back and says that they are done
		if err := gone.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
		if is := list(t, other, Filter{}); len(is) != 2 || is[0].State != Done || is[1].State != Done || is[0].Node != "b" {
			t.Errorf("in the end %+v", is)
		}
		if len(worked) > 0 {
			t.Errorf("worked again: %v", receive(t, worked))
		}
	})
}

// The end of a job may get lost on the way to the database.
func TestJobsThatNobodyEndedAreDueAgain(t *testing.T) {
	each(t, func(t *testing.T, at string) {
		worked := make(chan Try, 4)
		leave := make(chan struct{})
		q := setup{at: at, node: "a", work: func(_ context.Context, try Try) error {
			worked <- try
			<-leave
			return nil
		}}.open(t)
		start(t, q)
		enqueue(t, q, Job{"extract", "shop-1", "x"})
		first := receive(t, worked)
		alive := func(string) bool { return true }
		for range 3 {
			if n, err := q.Reclaim(t.Context(), alive); n != 0 || err != nil {
				t.Fatalf("%d jobs that are being worked were reclaimed, %v", n, err)
			}
		}
		forget(q, first.ID)
		if n, err := q.Reclaim(t.Context(), alive); n != 0 || err != nil {
			t.Fatalf("%d jobs were reclaimed at the first look, %v", n, err)
		}
		if n, err := q.Reclaim(t.Context(), alive); n != 1 || err != nil {
			t.Fatalf("%d jobs were reclaimed at the second look, %v", n, err)
		}
		if again := receive(t, worked); again.Job != first.Job {
			t.Errorf("worked %+v", again)
		}
		close(leave)
		until(t, "it is done", func() bool { return len(list(t, q, Filter{States: []State{Done}})) == 1 })
	})
}

// forget makes a queue forget that it works a job.
func forget(q Queue, id int64) {
	switch q := q.(type) {
	case *riverQueue[pgx.Tx]:
		q.works(id, false)
	case *riverQueue[*sql.Tx]:
		q.works(id, false)
	}
}

func TestLogsOfRiverAreQuiet(t *testing.T) {
	each(t, func(t *testing.T, at string) {
		var buf bytes.Buffer
		q := setup{at: at, log: slog.New(slog.NewTextHandler(&buf, nil)), work: func(context.Context, Try) error { return errors.New("no answer") }}.open(t)
		start(t, q)
		enqueue(t, q, Job{"extract", "shop-1", "now"})
		until(t, "it failed", func() bool { return len(list(t, q, Filter{States: []State{Waiting}})) == 1 })
		if err := q.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
		if lines := strings.Split(buf.String(), "\n"); slices.ContainsFunc(lines, func(l string) bool { return l != "" }) {
			t.Errorf("it wrote %s", buf.String())
		}
	})
}

func TestDamagedFileIsToldWithAHint(t *testing.T) {
	path := filepath.Join(t.TempDir(), "jobs.db")
	if err := os.WriteFile(path, []byte(strings.Repeat("no database ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := setup{at: path}.try(t.Context())
	if err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(order.HintOf(err), "delete it") {
		t.Errorf("error %v, hint %q", err, order.HintOf(err))
	}
}
