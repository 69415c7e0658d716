package serve

import (
	"context"
	"net"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"github.com/mallbridge/mallbridge/internal/jobs"
	"github.com/mallbridge/mallbridge/order"
	"github.com/mallbridge/mallbridge/pipeline"
	"github.com/mallbridge/mallbridge/pipeline/stage"
)

func TestPages(t *testing.T) {
	w := newWorld(t)
	drop(t, w.dir, "one.csv", sheet("A-1", "A-2")+"A-3,prepaid,1000,架空 次郎,,,,,,SHIRT-01,綿シャツ,-1,\n")
	w.serve()
	until(t, "the file is dropped", func() bool { return strings.Contains(dropped(t, w.dir, "tokyo"), "A-2") })
	w.idle()
	code, front := w.get("/")
	for _, want := range []string{"Mallbridge", `"shop"`, "/healthz", "/metrics"} {
		if code != http.StatusOK || !strings.Contains(front, want) {
			t.Errorf("front page %d lacks %s: %s", code, want, front)
		}
	}
	if code, _ := w.get("/orders"); code != http.StatusNotFound {
		t.Errorf("unknown page: %d", code)
	}
	addr := receive(t, w.addr)
	w.addr <- addr
	res, err := http.Post("http://"+addr+"/healthz", "text/plain", nil)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("POST: %d", res.StatusCode)
	}
	w.clock.Advance(20 * time.Second) // past the pause between counts
	code, metrics := w.get("/metrics")
	if code != http.StatusOK {
		t.Fatalf("metrics %d %s", code, metrics)
	}
	for _, want := range []string{
		`mallbridge_orders{account="plain",reason="",state="planned"} 2`,
		`mallbridge_refused_rows_total{target="plain"} 1`,
		`mallbridge_batches{state="open",warehouse="tokyo"} 0`,
		`mallbridge_batches{state="in_doubt",warehouse="tokyo"} 0`,
		`mallbridge_oldest_waiting_order_seconds{account="plain"} 0`,
		`mallbridge_stage_runs_total{outcome="ok",stage="instruct",target="tokyo"} 1`,
		`mallbridge_stage_last_success_timestamp_seconds{stage="extract",target="plain"} 1.79`,
		`mallbridge_stage_duration_seconds_count{stage="plan"}`,
		`mallbridge_jobs{stage="extract",state="ready"}`,
		`mallbridge_build_info{`,
		`mallbridge_ledger_up 1`,
	} {
		if !strings.Contains(metrics, want) {
			t.Errorf("metrics lack %s", want)
		}
	}
	problems, err := promlint.New(strings.NewReader(metrics)).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		if strings.HasPrefix(p.Metric, "mallbridge_") {
			t.Errorf("%s: %s", p.Metric, p.Text)
		}
	}
	nothingPersonal(t, "metrics", metrics)
	nothingPersonal(t, "logs", w.logs.String())
}

// nothingPersonal fails if a text tells anything about the people of sheet.
func nothingPersonal(t *testing.T, what, text string) {
	t.Helper()
	for _, never := range []string{"架空", "花子", "次郎", "hanako", "example.jp", "0000-00", "080-", "北海道", "札幌", "北一条", "060-", "綿シャツ"} {
		if i := strings.Index(text, never); i >= 0 {
			t.Errorf("%s tell %s: %.200s", what, never, text[max(0, i-100):])
		}
	}
}

func TestOldestWaitingOrderGrowsOlder(t *testing.T) {
	w := newWorld(t)
	drop(t, w.dir, "one.csv", strings.ReplaceAll(sheet("A-1"), "SHIRT-01", "UNKNOWN-1"))
	w.serve()
	until(t, "it is held", func() bool { return strings.Contains(w.logs.String(), "counts.held=1") })
	w.idle()
	w.clock.Advance(time.Hour)
	_, metrics := w.get("/metrics")
	if !strings.Contains(metrics, `mallbridge_oldest_waiting_order_seconds{account="plain"} 3600`) || !strings.Contains(metrics, `reason="sku_unmapped",state="held"} 1`) {
		t.Errorf("metrics %s", regexp.MustCompile("(?m)^mallbridge_o.*").FindAllString(metrics, -1))
	}
}

func TestNoPages(t *testing.T) {
	w := newWorld(t)
	w.scripted()
	w.o.Listen = "off"
	w.o.listening = nil
	s, err := open(t.Context(), w.o)
	if err != nil {
		t.Fatal(err)
	}
	defer s.queue.Close()
	p, err := s.listen(t.Context(), "off")
	if err != nil || p.server != nil {
		t.Errorf("pages %+v, %v", p, err)
	}
	p.close()
}

func TestSystemdIsTold(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "n")
	c, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	told := make(chan string, 10)
	go func() {
		b := make([]byte, 1000)
		for {
			n, err := c.Read(b)
			if err != nil {
				return
			}
			told <- string(b[:n])
		}
	}()
	w := newWorld(t)
	w.scripted()
	w.o.Notify = socket
	w.serve()
	if got := receive(t, told); got != "READY=1\nSTATUS=running" {
		t.Errorf("told %q", got)
	}
	w.stop()
	if got := receive(t, told); got != "STOPPING=1\nSTATUS=stopping" {
		t.Errorf("told %q", got)
	}
	if err := w.end(); err != nil {
		t.Error(err)
	}
	if err := notify(filepath.Join(t.TempDir(), "none"), "READY=1"); err == nil {
		t.Error("a missing socket is no error")
	}
	if err := notify("", "READY=1"); err != nil {
		t.Errorf("without systemd: %v", err)
	}
}

// TestAskedByName has a run that a person asked for do what is done once a day, and gives
// the pages the queue's own.
func TestAskedByName(t *testing.T) {
	w := newWorld(t)
	type named struct {
		named bool
		asked []string
	}
	ran := make(chan named, 64)
	w.o.run = func(_ context.Context, env *stage.Env, s pipeline.Stage, target string) pipeline.Result {
		if s.Name == "watch" && target == "tokyo" {
			ran <- named{env.Named, env.Asked}
		}
		return pipeline.Result{Stage: s.Name, Target: target, Outcome: pipeline.Nothing}
	}
	given := make(chan World, 1)
	w.o.Pages = func(world World) (http.Handler, error) {
		given <- world
		return world.Jobs, nil
	}
	w.serve()
	world := receive(t, given)
	if by := receive(t, ran); by.named {
		t.Errorf("a run of the schedule counts as asked for: %+v", by)
	}
	w.idle()
	for len(ran) > 0 {
		<-ran
	}
	if fresh, err := world.Run(t.Context(), "watch", "tokyo"); !fresh || err != nil {
		t.Fatal(fresh, err)
	}
	if by := receive(t, ran); !by.named || len(by.asked) != 1 || by.asked[0] != "tokyo" {
		t.Errorf("a run that was asked for is not: %+v", by)
	}
	if code, body := w.get(JobsPrefix + "/api/queues"); code != http.StatusOK || !strings.Contains(body, `"instruct"`) {
		t.Errorf("the queue's pages: %d %s", code, body)
	}
	w.idle()
}

// TestAskedWhileOneWaits: what a schedule has waiting after a failure does not swallow what
// a person asks for; what a person asked for before does, and begins at once.
func TestAskedWhileOneWaits(t *testing.T) {
	w := newWorld(t)
	named := make(chan bool)
	answers := make(chan pipeline.Result)
	w.o.run = func(_ context.Context, env *stage.Env, s pipeline.Stage, target string) pipeline.Result {
		r := pipeline.Result{Outcome: pipeline.Nothing}
		if s.Name == "watch" && target == "tokyo" {
			named <- env.Named
			r = <-answers
		}
		r.Stage, r.Target = s.Name, target
		return r
	}
	given := make(chan World, 1)
	w.o.Pages = func(world World) (http.Handler, error) {
		given <- world
		return world.Jobs, nil
	}
	w.serve()
	world := receive(t, given)
	run := func(asked bool, r pipeline.Result) {
		t.Helper()
		if by := receive(t, named); by != asked {
			t.Errorf("asked for: %v, want %v", by, asked)
		}
		answers <- r
	}
	ask := func(want bool) {
		t.Helper()
		if fresh, err := world.Run(t.Context(), "watch", "tokyo"); fresh != want || err != nil {
			t.Errorf("asked: a new one %v, want %v; %v", fresh, want, err)
		}
	}
	wait := func(n int) {
		t.Helper()
		until(t, "they wait", func() bool {
			n := n
			for _, i := range w.open() {
				if i.Stage == "watch" && i.Target == "tokyo" && i.State == jobs.Waiting && i.Error != "" {
					n--
				}
			}
			return n == 0
		})
	}
	no := failed(order.Errorf(order.Retry, "wait", "no answer"))
	run(false, no)
	wait(1)
	ask(true)
	run(true, no)
	wait(2)
	ask(false)
	run(true, pipeline.Result{Outcome: pipeline.Nothing})
}
