package console_test

import (
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/mallbridge/mallbridge/internal/phrase"
	"github.com/mallbridge/mallbridge/ledger"
)

// TestRunsThatWork follows a run on the pages: what it is at while it works, that nobody
// works on one that was killed, and its log by level and as a file.
func TestRunsThatWork(t *testing.T) {
	s := open(t)
	ctx, l := t.Context(), s.world().Ledger
	id, err := l.StartRun(ctx, "instruct", "tokyo", "node-a/7/serve", s.clock())
	s.check(err)
	_, _, err = l.Acquire(ctx, "instruct/tokyo", "node-a/7/serve", s.world().LeaseTime(), s.clock())
	s.check(err)
	s.check(l.TellRun(ctx, id, ledger.RunStep{What: "instructions written", Of: "T000001", Done: 1200, Total: 4000, At: s.clock()}, []ledger.RunLine{
		{Seq: 1, At: s.clock(), Level: slog.LevelDebug, Text: "call status=200"},
		{Seq: 2, At: s.clock(), Level: slog.LevelWarn, Text: `call is repeated error="<b>no answer</b>"`},
	}))
	page := "/runs/" + itoa(id)
	for lang, at := range map[string]string{"ja": "書き出した出荷指示 (T000001): 1,200 / 4,000", "ko": "작성한 출고지시 (T000001): 1,200 / 4,000", "en": "instructions written (T000001): 1,200 of 4,000"} {
		v := s.as("hanako", ledger.Viewer, lang)
		v.shows(v.get("/runs"), at, `href="`+page+`"`, `state running`)
		v.shows(v.get(page), at, `<progress max="4000" value="1200"`, "node-a/7/serve", "call status=200", "&lt;b&gt;no answer")
	}
	v := s.as("hanako", ledger.Viewer, "en")
	if a := v.get(page + "?level=warn"); strings.Contains(a.body, "call status=200") || !strings.Contains(a.body, "call is repeated") {
		t.Errorf("warnings alone:\n%s", a.body)
	}
	log := v.want(v.get(page+"/log?level=info"), http.StatusOK)
	if want := "2026-11-22T11:30:00.000Z WARN  call is repeated error=\"<b>no answer</b>\"\n"; log.body != want {
		t.Errorf("the file:\n%s\nwant\n%s", log.body, want)
	}
	if d := log.header.Get("Content-Disposition"); !strings.HasPrefix(d, "attachment") || !strings.Contains(d, "run-"+itoa(id)+"-instruct-tokyo.log") {
		t.Errorf("the download: %q", d)
	}

	// The node is gone: its lease ends.
	s.move(2 * s.world().LeaseTime())
	v.shows(v.get(page), "state interrupted", "instructions written (T000001): 1,200 of 4,000")
	s.check(l.EndRun(ctx, id, "failed", "tokyo: no answer", s.clock()))
	if a := v.shows(v.get(page), "state failed", "tokyo: no answer"); strings.Contains(a.body, "1,200") {
		t.Error("a run that ended is still at something")
	}
	v.want(v.get("/runs/999999"), http.StatusNotFound)
	v.want(v.get("/runs/x/log"), http.StatusNotFound)
	if a := s.visitor("en").get(page + "/log"); a.path != "/sign-in" {
		t.Errorf("a stranger gets %s", a.path)
	}
}

// TestRunsMove has the pages of a run follow it by themselves.
func TestRunsMove(t *testing.T) {
	ctx := browser(t)
	s := open(t)
	l := s.world().Ledger
	path, err := s.console.Enter(t.Context(), "demo")
	s.check(err)
	id, err := l.StartRun(t.Context(), "extract", "plain-1", "node-a/7/serve", s.clock())
	s.check(err)
	_, _, err = l.Acquire(t.Context(), "extract/plain-1", "node-a/7/serve", s.world().LeaseTime(), s.clock())
	s.check(err)
	if err := chromedp.Do(ctx, chromedp.Navigate(s.server.URL+path)); err != nil {
		t.Fatal(err)
	}
	for i, page := range []string{"/runs", "/runs/" + itoa(id)} {
		if err := chromedp.Do(ctx, chromedp.Navigate(s.server.URL+page)); err != nil {
			t.Fatal(err)
		}
		n := int64(3400 + i)
		s.check(l.TellRun(t.Context(), id, ledger.RunStep{What: "orders read", Done: n, At: s.clock().Add(time.Duration(i) * time.Second)}, nil))
		shown := phrase.Number(n)
		if _, err := chromedp.Run(ctx, chromedp.Evaluate[string](`(`+until+`)(() => document.querySelector("main").textContent.includes("`+shown+`"))`, chromedp.EvalAwaitPromise)); err != nil {
			t.Errorf("%s does not come to show %s: %v", page, shown, err)
		}
	}
}
