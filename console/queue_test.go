package console_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/mallbridge/mallbridge/console"
	"github.com/mallbridge/mallbridge/internal/jobs"
	"github.com/mallbridge/mallbridge/internal/pgtest"
	"github.com/mallbridge/mallbridge/ledger"
)

// queued is a site whose pages belong to a queue with one job that failed.
func queued(t *testing.T, open_ func(context.Context, string, jobs.Options) (jobs.Queue, error), at string) (*site, jobs.Queue, int64) {
	t.Helper()
	s := open(t)
	failed := make(chan struct{}, 8)
	q, err := open_(t.Context(), at, jobs.Options{
		Lanes: []jobs.Lane{{Stage: "extract", Workers: 1, Timeout: time.Hour}}, Log: slog.New(slog.DiscardHandler), Node: "node-a", Poll: 20 * time.Millisecond,
		Work: func(context.Context, jobs.Try) error { failed <- struct{}{}; return errors.New("no answer") },
	})
	s.check(err)
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	t.Cleanup(func() {
		stop()
		s.check(q.Stop(context.WithoutCancel(ctx)))
		s.check(q.Close())
	})
	pages, err := q.Pages(ctx, "/jobs")
	s.check(err)
	s.console, err = console.New(console.Options{Env: s.env.Load, Jobs: pages, Version: "test"})
	s.check(err)
	s.console.Fresh()
	s.server.Close()
	s.server = httptest.NewServer(s.console.Handler())
	t.Cleanup(s.server.Close)
	_, err = q.Enqueue(t.Context(), jobs.Job{Stage: "extract", Target: "plain-1", Slot: "test"})
	s.check(err)
	s.check(q.Start(t.Context()))
	<-failed
	return s, q, s.waiting(q)
}

// waiting is the job that waits to be tried again, once its failure is stored.
func (s *site) waiting(q jobs.Queue) int64 {
	s.Helper()
	for {
		is, err := q.List(s.Context(), jobs.Filter{States: []jobs.State{jobs.Waiting}})
		s.check(err)
		if len(is) > 0 {
			return is[0].ID
		}
		s.check(s.world().Sleep(s.Context(), 10*time.Millisecond))
	}
}

func (v *visitor) cancel(id int64, site string) answer {
	v.Helper()
	r, err := http.NewRequest(http.MethodPost, v.server.URL+"/jobs/api/jobs/cancel", strings.NewReader(`{"ids":["`+itoa(id)+`"]}`))
	v.check(err)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Sec-Fetch-Site", site)
	return v.do(r)
}

// TestQueueIsForAdministrators lets nobody else see or touch the queue, and writes down
// what administrators do there.
func TestQueueIsForAdministrators(t *testing.T) {
	s, q, id := queued(t, jobs.OpenSQLite, filepath.Join(t.TempDir(), "jobs.db"))
	page := "/jobs/jobs/" + itoa(id)
	for _, path := range []string{"/jobs/", page, "/jobs/api/jobs", "/jobs/assets/none.js"} {
		if a := s.visitor("en").get(path); a.path != "/sign-in" {
			t.Errorf("a stranger gets %s: %d", a.path, a.status)
		}
	}
	for _, role := range []string{ledger.Viewer, ledger.Operator} {
		v := s.as("taro", role, "en")
		for _, path := range []string{"/jobs/", page, "/jobs/api/jobs"} {
			v.shows(v.want(v.get(path), http.StatusForbidden), "this needs the role admin")
		}
		v.want(v.cancel(id, "same-origin"), http.StatusForbidden)
		if a := v.get("/runs"); strings.Contains(a.body, `"/jobs/"`) {
			t.Errorf("%s is shown the way to the queue", role)
		}
	}
	v := s.as("hanako", ledger.Admin, "en")
	v.want(v.cancel(id, "cross-site"), http.StatusForbidden)
	if is, err := q.List(t.Context(), jobs.Filter{States: []jobs.State{jobs.Waiting}}); err != nil || len(is) != 1 {
		t.Fatalf("somebody who may not has touched the job: %v %v", is, err)
	}
	v.shows(v.get("/runs"), `href="/jobs/"`)
	a := v.want(v.get("/jobs/"), http.StatusOK)
	csp := a.header.Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'none'", "script-src 'self';", "connect-src 'self'", "frame-ancestors 'none'"} {
		if !strings.Contains(csp, want) {
			t.Errorf("the policy %q lacks %s", csp, want)
		}
	}
	v.shows(v.want(v.get("/jobs/api/jobs?state=retryable"), http.StatusOK), `"extract"`, `extract-plain-1`)
	v.want(v.cancel(id, "same-origin"), http.StatusOK)
	if is, err := q.List(t.Context(), jobs.Filter{States: []jobs.State{jobs.Done}}); err != nil || len(is) != 1 || is[0].ID != id {
		t.Errorf("the job is not cancelled: %v %v", is, err)
	}
	r, err := http.NewRequest(http.MethodPut, v.server.URL+"/jobs/api/queues/extract/pause", strings.NewReader("{}"))
	s.check(err)
	v.want(v.do(r), http.StatusOK)
	acts, err := s.world().Ledger.Acts(t.Context(), 10)
	s.check(err)
	var did []string
	for _, e := range acts {
		if e.Actor == "hanako" && (strings.HasPrefix(e.Kind, "job.") || strings.HasPrefix(e.Kind, "queue.")) {
			did = append(did, e.Kind+" "+e.Detail)
		}
	}
	if want := "queue.paused extract; job.cancel " + itoa(id); strings.Join(did, "; ") != want {
		t.Errorf("the audit trail has %q, want %q", did, want)
	}
}

// TestNoQueue has pages that belong to no queue say so.
func TestNoQueue(t *testing.T) {
	s := open(t)
	v := s.as("hanako", ledger.Admin, "en")
	v.shows(v.want(v.get("/jobs/"), http.StatusOK), "no queue of jobs is worked here")
	if a := v.get("/runs"); strings.Contains(a.body, `"/jobs/"`) {
		t.Error("the way to a queue that is not there is shown")
	}
}

// TestQueueInABrowser looks at River's pages of a queue in PostgreSQL, and cancels a job
// there as a person does.
func TestQueueInABrowser(t *testing.T) {
	ctx := browser(t)
	s, q, id := queued(t, jobs.OpenPostgres, pgtest.Database(t))
	path, err := s.console.Enter(t.Context(), "demo")
	s.check(err)
	if err := chromedp.Do(ctx, chromedp.Navigate(s.server.URL+path)); err != nil {
		t.Fatal(err)
	}
	heard := listen(ctx, t)
	run := func(what, script string) {
		t.Helper()
		if _, err := chromedp.Run(ctx, chromedp.Evaluate[string](script, chromedp.EvalAwaitPromise)); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	for page, shows := range map[string]string{"/jobs/jobs?state=retryable": "stage", "/jobs/queues": "extract", "/jobs/jobs/" + itoa(id): "no answer"} {
		if err := chromedp.Do(ctx, chromedp.Navigate(s.server.URL+page)); err != nil {
			t.Fatal(err)
		}
		run(page, `(`+until+`)(() => document.body.textContent.includes("`+shows+`"))`)
		picture(ctx, t, "queue"+strings.ReplaceAll(mustPath(page), "/", "-")+".png")
	}
	if err := chromedp.Do(ctx, chromedp.Navigate(s.server.URL+"/jobs/jobs/"+itoa(id))); err != nil {
		t.Fatal(err)
	}
	const button = `[...document.querySelectorAll("button")].find(b => b.textContent.trim() === "Cancel" && !b.disabled)`
	run("the button", `(`+until+`)(() => `+button+`)`)
	run("cancel", `(() => { `+button+`.click(); return "ok" })()`)
	run("the page says so", `(`+until+`)(() => document.body.textContent.includes("Cancelled"))`)
	heard()
	if is, err := q.List(t.Context(), jobs.Filter{States: []jobs.State{jobs.Done}}); err != nil || len(is) != 1 || is[0].ID != id {
		t.Errorf("the job is not cancelled: %v %v", is, err)
	}
	acts, err := s.world().Ledger.Acts(t.Context(), 1)
	s.check(err)
	if acts[0].Kind != "job.cancel" || acts[0].Detail != itoa(id) || acts[0].Actor != "demo" {
		t.Errorf("the audit trail has %+v", acts[0])
	}
}
