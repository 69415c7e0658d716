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
	"github.com/mallbridge/mallbridge/order"
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

// TestReconciliation shows what mall, ledger and warehouse say of an order and of a file
// until they say the same.
func TestReconciliation(t *testing.T) {
	s := open(t)
	ctx, l := t.Context(), s.world().Ledger
	v := s.as("hanako", ledger.Operator, "en")
	rows, err := l.Search(ctx, ledger.Search{State: "planned", Limit: 1})
	s.check(err)
	number, account := rows[0].Order.Number, rows[0].Account
	bs, err := l.Batches(ctx, "", 1)
	s.check(err)
	raise := func(as ...ledger.Alert) {
		t.Helper()
		_, err := l.Raise(ctx, s.clock(), as...)
		s.check(err)
	}
	raise(
		ledger.Alert{Kind: order.AlertTracking, Target: account, Subject: number, Args: []string{"400000000011", "400000000022"}},
		ledger.Alert{Kind: order.AlertNotHere, Target: account, Subject: "399001-00000000", Args: []string{"300"}},
		ledger.Alert{Kind: order.AlertCancelShipped, Target: bs[0].Warehouse, Subject: account + "/" + number, Args: []string{"T00000001"}},
		ledger.Alert{Kind: order.AlertLinesDiffer, Target: bs[0].Warehouse, Subject: bs[0].Name, Args: []string{"12", "11", "10"}},
		ledger.Alert{Kind: order.AlertKeyEnds, Target: account, Args: []string{"3", "2026-11-25", "the mall"}},
	)
	page := v.want(v.get("/reconcile"), http.StatusOK)
	v.shows(page, "shows the number 400000000011", "has it: 300", "does not have it", "cancelled it", "12 lines claimed, 11 in the file", "10 lines answered",
		`href="/orders/`+account+`/`+number+`"`, "correct the number there", "Compare now", "must be looked at")
	if strings.Contains(page.body, "2026-11-25") {
		t.Error("the end of a key is no difference")
	}
	if one := v.get("/reconcile?of=" + bs[0].Warehouse); strings.Contains(one.body, "shows the number") || !strings.Contains(one.body, "10 lines answered") {
		t.Errorf("of one warehouse:\n%s", one.body)
	}
	// What does not differ any more is counted, and gone.
	s.check(l.EndAlert(ctx, order.AlertTracking, account, number, s.clock()))
	if a := v.get("/reconcile"); strings.Contains(a.body, "shows the number") || !strings.Contains(a.body, "resolved in the last 7 days 1") {
		t.Errorf("after one is resolved:\n%s", a.body)
	}
	v.want(v.post("/runs", "stage", "watch", "target", bs[0].Warehouse, "back", "/reconcile"), http.StatusOK)
	if got := strings.Join(s.ran, "; "); got != "watch "+bs[0].Warehouse {
		t.Errorf("asked for %q", got)
	}
	if a := s.as("taro", ledger.Viewer, "en").get("/reconcile"); strings.Contains(a.body, "Compare now") {
		t.Error("a viewer may ask for a comparison")
	}
}

// TestGapsAreReadAgain shows what was not read of an account, and lets people have it read.
func TestGapsAreReadAgain(t *testing.T) {
	s := open(t)
	ctx, l := t.Context(), s.world().Ledger
	const account = "coupang-2"
	id, _, err := l.Account(ctx, account, s.clock())
	s.check(err)
	until, _, err := l.ReadUntil(ctx, id, "orders")
	s.check(err)
	gap := until.Add(30 * time.Minute)
	s.check(l.Covered(ctx, id, "orders", gap, gap.Add(10*time.Minute), s.clock()))
	v := s.as("hanako", ledger.Operator, "en")
	page := v.want(v.get("/runs/windows?account="+account), http.StatusOK)
	from, to := until.UTC().Format(time.RFC3339), gap.UTC().Format(time.RFC3339)
	v.shows(page, `<rect class="read"`, `<rect class="gap"`, `state gap`, `name="from" value="`+from+`"`, `name="to" value="`+to+`"`, "Read a span again")
	s.move(time.Hour)
	v.shows(v.want(v.post("/runs/windows", "account", account, "from", from, "to", to), http.StatusOK), "it is read again with the next fetch of "+account, `<rect class="asked"`)
	spans, err := l.Spans(ctx, id)
	s.check(err)
	if len(spans) != 1 || !spans[0].From.Equal(until) || !spans[0].To.Equal(gap) || spans[0].Actor != "hanako" {
		t.Errorf("asked for: %+v", spans)
	}
	// The form speaks the account's time: Korea's.
	v.want(v.post("/runs/windows", "account", account, "from", "2026-11-20T09:00", "to", "2026-11-21T09:00"), http.StatusOK)
	if spans, err = l.Spans(ctx, id); err != nil || len(spans) != 2 || !spans[0].From.Equal(time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("asked for: %+v %v", spans, err)
	}
	if got := strings.Join(s.ran, "; "); got != "extract "+account+"; extract "+account {
		t.Errorf("ran %q", got)
	}
	for what, form := range map[string][]string{
		"no end":            {"account", account, "from", from, "to", ""},
		"the wrong way":     {"account", account, "from", to, "to", from},
		"too long":          {"account", account, "from", "2026-08-01T00:00", "to", "2026-11-01T00:00"},
		"too long ago":      {"account", account, "from", "2026-08-01T00:00", "to", "2026-08-02T00:00"},
		"an account by CSV": {"account", "plain-1", "from", from, "to", to},
	} {
		if a := v.post("/runs/windows", form...); a.status != http.StatusBadRequest {
			t.Errorf("%s: status %d", what, a.status)
		}
	}
	viewer := s.as("taro", ledger.Viewer, "en")
	viewer.want(viewer.post("/runs/windows", "account", account, "from", from, "to", to), http.StatusForbidden)
	if a := viewer.get("/runs/windows?account=" + account); strings.Contains(a.body, "Read again") {
		t.Error("a viewer may have a span read again")
	}
}

// TestActsAreFound finds in the audit trail who signed in and out, who could not, and who
// took a file, by person and by day.
func TestActsAreFound(t *testing.T) {
	s := open(t)
	v := s.as("hanako", ledger.Operator, "en")
	bs, err := s.world().Ledger.Batches(t.Context(), "", 1)
	s.check(err)
	file := "/files/" + bs[0].Warehouse + "/" + bs[0].Number + "/download"
	v.want(v.get(file), http.StatusOK)
	rows, err := s.world().Ledger.Search(t.Context(), ledger.Search{State: "planned", Limit: 1})
	s.check(err)
	s.check(s.world().Ledger.Record(t.Context(), s.clock(), ledger.Event{Kind: "raw.shown", OrderID: rows[0].ID, Detail: "asked by the buyer", Actor: "hanako"}))
	v.post("/sign-out")
	v.post("/sign-in", "name", "hanako", "password", "not the password")
	v.post("/sign-in", "name", "a password by mistake", "password", "x")
	s.move(24 * time.Hour)
	w := s.as("taro", ledger.Viewer, "en")
	all := w.want(w.get("/runs/acts"), http.StatusOK)
	w.shows(all, "user.signed_in", "user.signed_out", "user.sign_in_failed", "file.downloaded</code> "+strings.TrimPrefix(file, "/"), `<a href="/orders/`+rows[0].Account+`/`+rows[0].Order.Number+`"`, "asked by the buyer")
	if strings.Contains(all.body, "by mistake") {
		t.Error("the audit trail keeps what is nobody's name")
	}
	first, second := "2026-11-22", "2026-11-23"
	if a := w.get("/runs/acts?who=TARO&from=" + second); !strings.Contains(a.body, "<td>taro</td>") || strings.Contains(a.body, "<td>hanako</td>") {
		t.Errorf("of taro:\n%s", a.body)
	}
	if a := w.get("/runs/acts?to=" + first + "&kind=file"); !strings.Contains(a.body, "file.downloaded") || strings.Contains(a.body, "<td>taro</td>") || strings.Contains(a.body, "user.signed_out") {
		t.Errorf("files of the first day:\n%s", a.body)
	}
	w.want(w.get("/runs/acts?from=yesterday"), http.StatusBadRequest)
}
