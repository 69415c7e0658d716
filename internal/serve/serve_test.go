package serve

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/jonboulle/clockwork"

	"github.com/mallbridge/mallbridge/configs"
	"github.com/mallbridge/mallbridge/internal/jobs"
	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/order"
	"github.com/mallbridge/mallbridge/pipeline"
	"github.com/mallbridge/mallbridge/pipeline/stage"
)

var noon = time.Date(2026, 11, 24, 3, 0, 0, 0, time.UTC) // Tuesday, noon in Tokyo

// A world is a workspace with a server whose clock stands still until a test
// moves it.
type world struct {
	t     *testing.T
	dir   string
	env   *stage.Env
	clock *clockwork.FakeClock
	logs  *buffer
	o     Options
	addr  chan string
	end   func() error // waits until the server has ended
	stop  context.CancelFunc
	peek  jobs.Queue // the same jobs, seen by another process
}

// A buffer is written by many and read by one.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, dir: sample(t), logs: &buffer{}, clock: clockwork.NewFakeClockAt(noon), addr: make(chan string, 1)}
	l, err := ledger.Open(t.Context(), filepath.Join(w.dir, "ledger.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	w.env = w.load()
	w.env.Ledger = l
	w.o = Options{
		Env: w.env, Reload: func() (*stage.Env, error) { return w.read() }, Jobs: filepath.Join(w.dir, "jobs.db"),
		Listen: "127.0.0.1:0", Clock: w.clock, poll: 100 * time.Millisecond, listening: func(a string) { w.addr <- a },
	}
	return w
}

// sample makes a workspace whose plain account sells SHIRT-01.
func sample(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "shop")
	if err := configs.Init(dir, configs.InitOptions{}); err != nil {
		t.Fatal(err)
	}
	add(t, filepath.Join(dir, "masters", "sku-links.csv"), "plain,SHIRT-01,TEE-W-M,,,,,\n")
	return dir
}

func add(t *testing.T, file, text string) {
	t.Helper()
	f, err := os.OpenFile(file, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(text); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

func (w *world) read() (*stage.Env, error) {
	ws, findings, err := configs.Load(w.dir, func(string) string { return "" })
	if err == nil {
		err = findings.Err()
	}
	if err != nil {
		return nil, err
	}
	return &stage.Env{
		Workspace: ws, Now: w.clock.Now, Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
		Log: slog.New(slog.NewTextHandler(w.logs, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}, nil
}

func (w *world) load() *stage.Env {
	w.t.Helper()
	env, err := w.read()
	if err != nil {
		w.t.Fatal(err)
	}
	return env
}

// serve runs the server until the test ends or stops it.
func (w *world) serve() {
	ctx, cancel := context.WithCancel(context.Background())
	w.stop = cancel
	ended := make(chan error, 1)
	go func() { ended <- Run(ctx, w.o) }()
	w.end = sync.OnceValue(func() error { return receive(w.t, ended) })
	w.t.Cleanup(func() {
		cancel()
		if err := w.end(); err != nil {
			w.t.Errorf("serve ended with %v", err)
		}
	})
	addr := receive(w.t, w.addr)
	w.addr <- addr
}

func (w *world) get(path string) (int, string) {
	w.t.Helper()
	addr := receive(w.t, w.addr)
	w.addr <- addr
	res, err := http.Get("http://" + addr + path)
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return res.StatusCode, string(body)
}

func within(t *testing.T) context.Context {
	t.Helper()
	ctx := context.Background()
	if end, ok := t.Deadline(); ok {
		c, cancel := context.WithDeadline(ctx, end.Add(-10*time.Second))
		t.Cleanup(cancel)
		return c
	}
	return ctx
}

func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
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

const sheetHead = "order_number,payment,total,to_name,to_phone,to_postal,to_prefecture,to_city,to_street,item_code,item_name,quantity,buyer_email\n"

var people atomic.Int32

// sheet is a sheet of orders for invented people, each for another one.
func sheet(numbers ...string) string {
	var b strings.Builder
	b.WriteString(sheetHead)
	for _, n := range numbers {
		i := people.Add(1)
		fmt.Fprintf(&b, "%s,prepaid,1000,架空 花子,080-0000-%04d,060-%04d,北海道,札幌市中央区,北一条西%d丁目,SHIRT-01,綿シャツ,1,hanako.%d@example.jp\n", n, i, i, i, i)
	}
	return b.String()
}

// drop puts a sheet into the watch folder in one step.
func drop(t *testing.T, dir, name, text string) {
	t.Helper()
	part := filepath.Join(dir, "archive", name+".part")
	if err := os.MkdirAll(filepath.Dir(part), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(part, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(part, filepath.Join(dir, "inbox", "plain", name)); err != nil {
		t.Fatal(err)
	}
}

// dropped returns the instruction files at a warehouse, joined.
func dropped(t *testing.T, dir, warehouse string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "drops", warehouse, "orders", "*.csv"))
	if err != nil {
		t.Fatal(err)
	}
	var all []byte
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, b...)
	}
	return string(all)
}

// idle waits until all jobs are worked.
func (w *world) idle() {
	w.t.Helper()
	until(w.t, "all jobs are worked", func() bool {
		return strings.Contains(w.logs.String(), "msg=serving ") && len(w.open()) == 0
	})
}

// open lists the jobs that are not done, as another process sees them.
func (w *world) open() []jobs.Info {
	w.t.Helper()
	if w.peek == nil {
		q, err := jobs.OpenSQLite(w.t.Context(), w.o.Jobs, jobs.Options{Lanes: lanes(w.o.Env.Workspace), Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			w.t.Fatal(err)
		}
		w.t.Cleanup(func() { q.Close() })
		w.peek = q
	}
	is, err := w.peek.List(w.t.Context(), jobs.Filter{States: []jobs.State{jobs.Ready, jobs.Waiting, jobs.Running}})
	if err != nil {
		w.t.Fatal(err)
	}
	return is
}

func TestASheetComesToItsWarehouseWithoutWaitingForSchedules(t *testing.T) {
	w := newWorld(t)
	drop(t, w.dir, "one.csv", sheet("A-1", "A-2"))
	w.serve() // the clock stands still: only the start and what follows enqueue
	until(t, "the file is dropped", func() bool { return strings.Contains(dropped(t, w.dir, "tokyo"), "A-2") })
	w.idle()
	if n := strings.Count(w.logs.String(), "msg=done stage=instruct target=tokyo outcome=ok"); n != 1 {
		t.Errorf("instruct dropped %d times\n%s", n, w.logs)
	}
	code, body := w.get("/healthz")
	if code != http.StatusOK || body != "ok\n" {
		t.Errorf("health %d %s", code, body)
	}
}

func TestFilesWaitForTheTimesOfACronLine(t *testing.T) {
	w := newWorld(t)
	add(t, filepath.Join(w.dir, "warehouses", "tokyo.yaml"), "\nschedules: {instruct: '30 13 * * *', collect: off}\n")
	w.o.Env = w.load()
	w.o.Env.Ledger = w.env.Ledger
	drop(t, w.dir, "one.csv", sheet("A-1"))
	w.serve()
	until(t, "the order is planned", func() bool {
		return strings.Contains(w.logs.String(), "msg=done stage=plan target=plain outcome=ok")
	})
	w.idle()
	if got := dropped(t, w.dir, "tokyo"); got != "" {
		t.Fatalf("dropped before its time: %s", got)
	}
	w.clock.Advance(90*time.Minute + 10*time.Second)
	until(t, "the file is dropped", func() bool { return strings.Contains(dropped(t, w.dir, "tokyo"), "A-1") })
	w.idle()
	if strings.Contains(w.logs.String(), "stage=collect target=tokyo") {
		t.Error("a stage that is off ran")
	}
}

// A call is one run of a stage that a test stands in for.
type call struct {
	stage, target, owner string
	ctx                  context.Context
	answer               chan pipeline.Result
}

// scripted replaces the stages. Calls of other targets than those named succeed.
func (w *world) scripted(targets ...string) <-chan call {
	calls := make(chan call)
	w.o.run = func(ctx context.Context, env *stage.Env, s pipeline.Stage, target string) pipeline.Result {
		for _, t := range targets {
			if t == s.Name+" "+target {
				c := call{s.Name, target, env.Owner, ctx, make(chan pipeline.Result, 1)}
				select {
				case calls <- c:
				case <-ctx.Done():
					return failed(ctx.Err())
				}
				r := <-c.answer
				r.Stage, r.Target = s.Name, target
				if r.Outcome == "" {
					r.Outcome = pipeline.OK
				}
				return r
			}
		}
		return pipeline.Result{Stage: s.Name, Target: target, Outcome: pipeline.Nothing}
	}
	return calls
}

// answer gives every call the same result.
func answer(calls <-chan call, r pipeline.Result) {
	for c := range calls {
		c.answer <- r
	}
}

func failed(err error) pipeline.Result {
	return pipeline.Result{Outcome: pipeline.Failed, Err: err, Error: err.Error(), Hint: order.HintOf(err)}
}

func TestBusyStageIsPutOffWithoutAnError(t *testing.T) {
	w := newWorld(t)
	calls := w.scripted("extract plain")
	go answer(calls, failed(order.Errorf(order.Retry, "wait", "extract/plain %w by someone", pipeline.ErrBusy)))
	w.serve()
	until(t, "the job waits", func() bool {
		is := w.open()
		return len(is) == 1 && is[0].State == jobs.Waiting && is[0].Error == ""
	})
	if logs := w.logs.String(); strings.Contains(logs, "ERROR") || !strings.Contains(logs, "run by someone else") {
		t.Errorf("logs %s", logs)
	}
	if _, m := w.get("/metrics"); !strings.Contains(m, `mallbridge_stage_runs_total{outcome="busy",stage="extract",target="plain"}`) {
		t.Errorf("metrics %s", m)
	}
}

func TestFailedStageIsToldAndTriedAgain(t *testing.T) {
	w := newWorld(t)
	hangup := make(chan os.Signal, 1)
	w.o.Hangup = hangup
	calls := w.scripted("instruct tokyo")
	w.serve()
	first := receive(t, calls)
	first.answer <- failed(order.Errorf(order.Denied, "check the key", `drop: 架空 花子 said "hanako" at 080-0000-0001: login refused`))
	var told string
	until(t, "the job waits", func() bool {
		if is := w.open(); len(is) == 1 {
			told = is[0].Error
		}
		return told != ""
	})
	logs := w.logs.String()
	for _, want := range []string{"level=ERROR msg=failed", "stage=instruct target=tokyo", "code=denied", "login refused", `hint="check the key"`, "next_try_in=15s"} {
		if !strings.Contains(logs, want) {
			t.Errorf("the log lacks %s:\n%s", want, logs)
		}
	}
	for _, never := range []string{"架空", "hanako", "0000-0001"} {
		if strings.Contains(logs, never) || strings.Contains(told, never) {
			t.Errorf("%s was told", never)
		}
	}
	hangup <- syscall.SIGHUP // a person has repaired it
	second := receive(t, calls)
	if second.owner == first.owner {
		t.Errorf("both tries hold the lease as %s", first.owner)
	}
	second.answer <- pipeline.Result{}
	w.idle()
	if _, m := w.get("/metrics"); !strings.Contains(m, `{outcome="failed",stage="instruct",target="tokyo"} 1`) || !strings.Contains(m, `{outcome="ok",stage="instruct",target="tokyo"} 1`) {
		t.Errorf("metrics %s", m)
	}
}

func TestPanicIsAFailureOfItsJobOnly(t *testing.T) {
	w := newWorld(t)
	w.o.run = func(_ context.Context, _ *stage.Env, s pipeline.Stage, target string) pipeline.Result {
		if s.Name == "plan" && target == "plain" {
			panic("order of 架空 花子")
		}
		return pipeline.Result{Stage: s.Name, Target: target, Outcome: pipeline.Nothing}
	}
	w.serve()
	until(t, "the job waits", func() bool {
		is := w.open()
		return len(is) == 1 && is[0].Error == "panic: string"
	})
	if logs := w.logs.String(); !strings.Contains(logs, "a stage panicked") || strings.Contains(logs, "花子") {
		t.Errorf("logs %s", logs)
	}
}

func TestStopCutsStagesOffAndTheNextStartGoesOn(t *testing.T) {
	w := newWorld(t)
	calls := w.scripted("extract plain")
	w.serve()
	c := receive(t, calls)
	w.stop()
	receive(t, c.ctx.Done())
	c.answer <- failed(fmt.Errorf("store orders: %w", c.ctx.Err()))
	if err := w.end(); err != nil {
		t.Fatalf("stop: %v", err)
	}
	logs := w.logs.String()
	if strings.Contains(logs, "ERROR") || !strings.Contains(logs, "stopped at a safe point") || !strings.HasSuffix(logs, "msg=stopped\n") {
		t.Errorf("logs %s", logs)
	}
	next := *w
	next.addr = make(chan string, 1)
	next.o.listening = func(a string) { next.addr <- a }
	next.serve()
	receive(t, calls).answer <- pipeline.Result{}
	next.idle()
}

func TestStartEnqueuesWhatACrashLost(t *testing.T) {
	for name, c := range map[string]struct {
		prepare func(*world)
		want    bool
	}{
		"a run that was cut off": {func(w *world) {
			if _, err := w.env.Ledger.StartRun(t.Context(), "instruct", "tokyo", "host/1/serve", noon.Add(-time.Hour)); err != nil {
				t.Fatal(err)
			}
		}, true},
		"a run that ended": {func(w *world) {
			id, err := w.env.Ledger.StartRun(t.Context(), "instruct", "tokyo", "host/1/serve", noon.Add(-time.Hour))
			if err == nil {
				err = w.env.Ledger.EndRun(t.Context(), id, pipeline.OK, "", noon)
			}
			if err != nil {
				t.Fatal(err)
			}
		}, false},
		"a time that passed a moment ago": {func(w *world) { w.clock.Advance(21*time.Hour + 20*time.Minute) }, true},
		"a time that passed long ago":     {func(w *world) { w.clock.Advance(23 * time.Hour) }, false},
		"nothing":                         {func(*world) {}, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			add(t, filepath.Join(w.dir, "warehouses", "tokyo.yaml"), "\nschedules: {instruct: '0 9 * * *'}\n")
			w.o.Env = w.load()
			w.o.Env.Ledger = w.env.Ledger
			c.prepare(w)
			w.scripted()
			w.serve()
			w.idle()
			if got := strings.Contains(w.logs.String(), "msg=done stage=instruct target=tokyo"); got != c.want {
				t.Errorf("instruct ran: %v, want %v\n%s", got, c.want, w.logs)
			}
			if !strings.Contains(w.logs.String(), "msg=done stage=extract target=plain") {
				t.Error("a stage with an interval did not run at the start")
			}
		})
	}
}

func TestReloadTakesOverAChangeOrKeepsTheOldConfiguration(t *testing.T) {
	w := newWorld(t)
	hangup := make(chan os.Signal)
	w.o.Hangup = hangup
	w.scripted()
	w.serve()
	w.idle()
	settings := filepath.Join(w.dir, "mallbridge.yaml")
	before, err := os.ReadFile(settings)
	if err != nil {
		t.Fatal(err)
	}
	add(t, settings, "\nschedules: {extract: never}\n")
	hangup <- syscall.SIGHUP
	until(t, "it says so", func() bool { return strings.Contains(w.logs.String(), "the old one stays in force") })
	if !strings.Contains(w.logs.String(), "level=ERROR") {
		t.Errorf("a broken configuration was not told loudly: %s", w.logs)
	}
	if code, body := w.get("/healthz"); code != http.StatusOK {
		t.Errorf("health %d %s", code, body)
	}
	if err := os.WriteFile(settings, append(before, "\nschedules: {extract: 1h, collect: off}\n"...), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(w.dir, "accounts", "plain.yaml"), filepath.Join(w.dir, "accounts", "plain-2.yaml")); err != nil {
		t.Fatal(err)
	}
	hangup <- syscall.SIGHUP
	until(t, "the new account runs", func() bool { return strings.Contains(w.logs.String(), "msg=done stage=extract target=plain-2") })
	w.idle()
	before2 := strings.Count(w.logs.String(), "stage=collect")
	w.clock.Advance(59 * time.Minute)
	w.idle()
	if after := strings.Count(w.logs.String(), "stage=collect"); after != before2 {
		t.Error("a stage that was switched off ran")
	}
}

func TestHealthNamesStagesWithoutSuccess(t *testing.T) {
	w := newWorld(t)
	calls := w.scripted("collect seoul")
	go answer(calls, failed(order.Errorf(order.Retry, "", "connection refused")))
	w.serve()
	until(t, "it failed once", func() bool { return strings.Contains(w.logs.String(), "connection refused") && len(w.open()) == 1 })
	if code, body := w.get("/healthz"); code != http.StatusOK {
		t.Errorf("one failure: %d %s", code, body)
	}
	w.clock.Advance(16 * time.Minute) // three times five minutes and a little
	until(t, "the others ran", func() bool {
		code, body := w.get("/healthz")
		return code == http.StatusServiceUnavailable && body == "collect seoul: no success since the start at 2026-11-24T03:00:00Z\n"
	})
	if err := w.env.Ledger.Close(); err != nil {
		t.Fatal(err)
	}
	if code, body := w.get("/healthz"); code != http.StatusServiceUnavailable || !strings.HasPrefix(body, "the ledger cannot be read: ") {
		t.Errorf("without a ledger: %d %s", code, body)
	}
}

func TestTakenAddressIsToldWithAHint(t *testing.T) {
	w := newWorld(t)
	w.scripted()
	w.serve()
	o := w.o
	o.Listen = receive(t, w.addr)
	w.addr <- o.Listen
	err := Run(t.Context(), o)
	if err == nil || !strings.Contains(order.HintOf(err), "console.listen") {
		t.Errorf("error %v, hint %q", err, order.HintOf(err))
	}
}

func TestJobOfAGoneTargetIsDropped(t *testing.T) {
	w := newWorld(t)
	w.scripted()
	s, err := open(t.Context(), w.o)
	if err != nil {
		t.Fatal(err)
	}
	defer s.queue.Close()
	for _, j := range []jobs.Job{{Stage: "extract", Target: "gone"}, {Stage: "unknown", Target: "plain"}, {Stage: "instruct", Target: "sftp-example"}} {
		if err := s.work(t.Context(), jobs.Try{Job: j, Attempt: 1}); err != nil {
			t.Errorf("%v: %v", j, err)
		}
	}
}

func TestOneProcessRunsAStageOnATargetOnce(t *testing.T) {
	w := newWorld(t)
	calls := w.scripted("extract plain")
	s, err := open(t.Context(), w.o)
	if err != nil {
		t.Fatal(err)
	}
	defer s.queue.Close()
	try := jobs.Try{Job: jobs.Job{Stage: "extract", Target: "plain"}, ID: 1, Attempt: 1}
	first := make(chan error, 1)
	go func() { first <- s.work(t.Context(), try) }()
	c := receive(t, calls)
	try.ID = 2
	if err := s.work(t.Context(), try); !jobs.PutOff(err) || !errors.Is(err, pipeline.ErrBusy) {
		t.Errorf("the second: %v", err)
	}
	c.answer <- pipeline.Result{}
	if err := receive(t, first); err != nil {
		t.Errorf("the first: %v", err)
	}
}

// TestStockIsToldRightAfterItsFile: to the malls of the accounts that push stock of
// that warehouse by themselves, unless they do so at times of their own.
func TestStockIsToldRightAfterItsFile(t *testing.T) {
	w := newWorld(t)
	for name, more := range map[string]string{
		"pushes": "auto_stock_sync: true\n", "quiet": "", "elsewhere": "auto_stock_sync: true\nstock: {warehouses: [osaka]}\n",
		"nightly": "auto_stock_sync: true\nschedules: {stock: \"0 3 * * *\"}\n",
	} {
		text := "mall: rakuten\ntargets: {default: \"300\"}\nwarehouse: tokyo\napi: {secrets: {service_secret: env:A, license_key: env:B}}\n" + more
		if err := os.WriteFile(filepath.Join(w.dir, "accounts", name+".yaml"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	house, err := os.ReadFile(filepath.Join(w.dir, "warehouses", "tokyo.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(w.dir, "warehouses", "osaka.yaml"), bytes.ReplaceAll(house, []byte("drops/tokyo"), []byte("drops/osaka")), 0o600); err != nil {
		t.Fatal(err)
	}
	env := w.load()
	env.Ledger = w.env.Ledger
	w.o.Env = env
	s, err := open(t.Context(), w.o)
	if err != nil {
		t.Fatal(err)
	}
	defer s.queue.Close()
	for _, counts := range []map[string]int64{{"stock": 3}, {"stock known before": 3}, {"acks": 1}} {
		res := pipeline.Result{Stage: "collect", Target: "tokyo", Report: stage.Report{Counts: counts}}
		if err := s.follow(t.Context(), env, 1, res); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	for _, j := range w.open() {
		if j.Stage == "stock" {
			got = append(got, j.Target)
		}
	}
	if !slices.Equal(got, []string{"pushes"}) {
		t.Errorf("stock is told to %q", got)
	}
}
