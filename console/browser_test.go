package console_test

import (
	"context"
	_ "embed"
	"errors"
	"flag"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/order"
)

var screenshots = flag.String("screenshots", "", "keep pictures of the pages in this folder")

// The checks of axe-core 4.14.1 (MPL-2.0).
//
//go:embed testdata/axe.min.js
var axe string

// browser starts Chromium, which in CI must be there.
func browser(t *testing.T) context.Context {
	t.Helper()
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if p, err := exec.LookPath(name); err == nil {
			path = p
			break
		}
	}
	if path == "" {
		if os.Getenv("CI") == "true" {
			t.Fatal("no Chromium is installed")
		}
		t.Skip("no Chromium is installed (make needs)")
	}
	ctx, stop := chromedp.NewExecAllocator(t.Context(), append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true),
		chromedp.UserDataDir(t.TempDir()))...)
	t.Cleanup(stop)
	ctx, stop = chromedp.NewContext(ctx)
	t.Cleanup(stop)
	return ctx
}

// TestInABrowser looks at every page in every language on a screen and on a phone:
// nothing is wider than the window, nothing complains, nothing is out of reach for
// people who read with their ears or fingers.
func TestInABrowser(t *testing.T) {
	ctx := browser(t)
	s := open(t)
	path, err := s.console.Enter(t.Context(), "demo")
	s.check(err)
	if err := chromedp.Do(ctx, chromedp.Navigate(s.server.URL+path)); err != nil {
		t.Fatal(err)
	}
	heard := listen(ctx, t)
	// Previews are their owner's.
	pages := slices.DeleteFunc(s.as("hanako", ledger.Admin, "ja").pages(), func(p string) bool { return strings.HasPrefix(p, "/upload/") || strings.Contains(p, "/preview/") })
	for _, lang := range []string{"ja", "ko", "en"} {
		if _, err := chromedp.Run(ctx, chromedp.Evaluate[string](fmt.Sprintf(`fetch("/language", {method: "POST", body: new URLSearchParams({lang: %q})}).then(r => r.url)`, lang), chromedp.EvalAwaitPromise)); err != nil {
			t.Fatal(err)
		}
		for _, width := range []int64{1280, 390} {
			if err := chromedp.Do(ctx, chromedp.EmulateViewport(width, 900)); err != nil {
				t.Fatal(err)
			}
			for i, page := range pages {
				if err := chromedp.Do(ctx, chromedp.Navigate(s.server.URL+page)); err != nil {
					t.Fatalf("%s: %v", page, err)
				}
				wide, err := chromedp.Run(ctx, chromedp.Evaluate[string](`document.documentElement.lang + " " + Math.max(0, document.documentElement.scrollWidth - innerWidth)`))
				if err != nil {
					t.Fatalf("%s: %v", page, err)
				}
				if wide != lang+" 0" {
					t.Errorf("%s at %d: language and points beyond the window: %s", page, width, wide)
				}
				if lang == "ja" || width == 390 && lang == "ko" {
					accessible(ctx, t, page)
				}
				picture(ctx, t, fmt.Sprintf("%02d%s-%s-%d.png", i, strings.Trim(strings.ReplaceAll(mustPath(page), "/", "-"), "-"), lang, width))
			}
		}
	}
	heard()
}

func mustPath(page string) string {
	u, err := url.Parse(page)
	if err != nil {
		return "page"
	}
	return u.Path
}

// accessible runs axe-core over the page that is open.
func accessible(ctx context.Context, t *testing.T, page string) {
	t.Helper()
	found, err := chromedp.Run(ctx, chromedp.Evaluate[[]string](axe+`;
		axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}).then(r => r.violations.map(v =>
			v.id + ": " + v.help + " at " + v.nodes.map(n => n.target.join(" ")).slice(0, 3).join("; ")))`, chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatalf("%s: axe: %v", page, err)
	}
	for _, f := range found {
		t.Errorf("%s: %s", page, f)
	}
}

func picture(ctx context.Context, t *testing.T, name string) {
	t.Helper()
	if *screenshots == "" {
		return
	}
	b, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
	if err == nil {
		err = errors.Join(os.MkdirAll(*screenshots, 0o755), os.WriteFile(filepath.Join(*screenshots, name), b, 0o644))
	}
	if err != nil {
		t.Fatal(err)
	}
}

// until waits in the page until an expression is true.
const until = `(e) => new Promise((yes, no) => { const end = Date.now() + 300000; (function look() { if (e()) yes("ok"); else if (Date.now() > end) no(new Error("it never came")); else setTimeout(look, 50); })(); })`

// TestScripts uses what pages do better with scripts: they follow what happens, keys
// move in lists, one box ticks all.
func TestScripts(t *testing.T) {
	ctx := browser(t)
	s := open(t)
	path, err := s.console.Enter(t.Context(), "demo")
	s.check(err)
	run := func(what, script string) {
		t.Helper()
		if _, err := chromedp.Run(ctx, chromedp.Evaluate[string](script, chromedp.EvalAwaitPromise)); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	visit := func(path string) {
		t.Helper()
		if err := chromedp.Do(ctx, chromedp.Navigate(s.server.URL+path)); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
	}
	visit(path)
	_, err = s.world().Ledger.Raise(t.Context(), s.clock(), ledger.Alert{Kind: order.AlertNotAtMall, Target: "rakuten-1", Subject: "399001-77"})
	s.check(err)
	run("the page follows", `(`+until+`)(() => document.getElementById("waits").textContent.includes("399001-77"))`)
	visit("/orders")
	key := func(k string) string {
		return `document.body.dispatchEvent(new KeyboardEvent("keydown", {key: "` + k + `", bubbles: true}));`
	}
	run("j and k", key("j")+key("j")+key("k")+`(`+until+`)(() => "at" in document.querySelectorAll("tbody tr")[0].dataset)`)
	run("the search field", key("/")+`(`+until+`)(() => document.activeElement.id === "find")`)
	visit("/holds")
	run("one box", `const box = document.querySelector("input[data-all]"); box.click(); (`+until+`)(() => [...box.closest("table").querySelectorAll("tbody input")].every(b => b.checked))`)
	// A link is made as a person does it.
	visit("/links")
	run("the form of a link", `(() => { const f = document.querySelector("form[action='/links'].bulk"); f.querySelector("[name=sku]").value = "TOWEL-W"; f.requestSubmit(); return "ok" })()`)
	// What is asked while the browser goes on to the next page has no answer.
	err = errors.New("not asked")
	for range 5 {
		if _, err = chromedp.Run(ctx, chromedp.Evaluate[string](`(`+until+`)(() => document.querySelector(".flash"))`, chromedp.EvalAwaitPromise)); err == nil {
			break
		}
	}
	if err != nil {
		t.Errorf("the page after it: %v", err)
	}
}

// TestDarkAndWithoutScripts: whoever wants it dark gets it dark, and legible; pages are read
// without scripts as with them.
func TestDarkAndWithoutScripts(t *testing.T) {
	ctx := browser(t)
	s := open(t)
	path, err := s.console.Enter(t.Context(), "demo")
	s.check(err)
	emulate := func(scheme string, scripts bool) {
		t.Helper()
		if _, err := chromedp.Run(ctx, chromedp.Func(func(ctx context.Context, to *chromedp.Target) error {
			_, dark := cdp.Call(ctx, to, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
			_, off := cdp.Call(ctx, to, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !scripts})
			return errors.Join(dark, off)
		})); err != nil {
			t.Fatal(err)
		}
	}
	see := func(page, script string) string {
		t.Helper()
		if page != "" {
			if err := chromedp.Do(ctx, chromedp.Navigate(s.server.URL+page)); err != nil {
				t.Fatalf("%s: %v", page, err)
			}
		}
		said, err := chromedp.Run(ctx, chromedp.Evaluate[string](script))
		if err != nil {
			t.Fatalf("%s: %v", page, err)
		}
		return said
	}
	const colours = `getComputedStyle(document.body).backgroundColor + " " + getComputedStyle(document.body).color`
	emulate("light", true)
	see(path, `"in"`)
	light := see("/", colours)
	emulate("dark", true)
	for _, page := range []string{"/", "/orders", "/holds", "/files", "/upload", "/runs", "/accounts"} {
		if got := see(page, colours); got != "rgb(19, 24, 25) rgb(228, 234, 234)" || got == light {
			t.Errorf("%s is not dark: %s", page, got)
		}
		accessible(ctx, t, page)
	}
	// Rows, and what only a script would have done: the box that ticks all is shown, and
	// cut-offs count down.
	const read = `document.querySelectorAll("main tbody tr").length > 0 && document.querySelector("h1").textContent !== "" ? "read" : document.body.textContent`
	const moved = `[...document.querySelectorAll("input[data-all]:not([hidden])"), ...document.querySelectorAll(".left")].length > 0 ? "a script ran" : "none ran"`
	for _, scripts := range []bool{true, false} {
		emulate("light", scripts)
		for _, page := range []string{"/orders", "/files", "/runs", "/holds"} {
			if got := see(page, read); got != "read" {
				t.Errorf("%s, scripts %t: %s", page, scripts, got)
			}
		}
		if got, want := see("", moved), map[bool]string{true: "a script ran", false: "none ran"}[scripts]; got != want {
			t.Errorf("scripts %t: %s", scripts, got)
		}
	}
}

// TestProgressOfAnUpload: a large file shows how far it is, also to people who do not see
// the bar, and ends on its preview.
func TestProgressOfAnUpload(t *testing.T) {
	ctx := browser(t)
	s := open(t)
	path, err := s.console.Enter(t.Context(), "demo")
	s.check(err)
	if err := chromedp.Do(ctx, chromedp.Navigate(s.server.URL+path), chromedp.Navigate(s.server.URL+"/upload?account=plain-1")); err != nil {
		t.Fatal(err)
	}
	evaluate := func(script string) string {
		t.Helper()
		said, err := chromedp.Run(ctx, chromedp.Evaluate[string](script, chromedp.EvalAwaitPromise))
		if err != nil {
			t.Fatal(err)
		}
		return said
	}
	if got := evaluate(`String(document.querySelector("form[data-drop] progress").hidden)`); got != "true" {
		t.Errorf("the bar is hidden before anything is sent: %s", got)
	}
	if got := evaluate(`String(document.querySelector("form[data-drop] progress").getAttribute("aria-label"))`); got == "null" {
		t.Error("the bar has no name")
	}
	evaluate(`(() => {
		const form = document.querySelector("form[data-drop]"), bar = form.querySelector("progress");
		new MutationObserver(() => sessionStorage.setItem("bar", bar.hidden + " " + bar.value)).observe(bar, {attributes: true});
		const files = new DataTransfer();
		files.items.add(new File([` + "`" + good + "`" + `, "\n".repeat(2 << 20)], "large.csv"));
		form.querySelector("input[type=file]").files = files.files;
		return "ok" })()`)
	evaluate(`document.querySelector("form[data-drop] progress").hidden = false; "ok"`)
	accessible(ctx, t, "/upload with its bar")
	evaluate(`document.querySelector("form[data-drop] progress").hidden = true; document.querySelector("form[data-drop]").requestSubmit(); "ok"`)
	at := ""
	for range 5 { // what is asked while the browser goes on to the next page has no answer
		if at, err = chromedp.Run(ctx, chromedp.Evaluate[string](`(`+until+`)(() => location.pathname.startsWith("/upload/")).then(() => location.pathname + " " + sessionStorage.getItem("bar"))`, chromedp.EvalAwaitPromise)); err == nil {
			break
		}
	}
	if err != nil || !strings.HasPrefix(at, "/upload/") || !strings.HasSuffix(at, " false 100") {
		t.Errorf("it ends at %q: %v", at, err)
	}
}

// listen keeps what the browser complains of, until heard is called, which makes each
// complaint an error.
func listen(ctx context.Context, t *testing.T) (heard func()) {
	var complaints []string
	listening, stop := context.WithCancel(ctx)
	t.Cleanup(stop)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for m, err := range chromedp.Console(listening) {
			if err != nil {
				return
			}
			if m.Type == "error" || m.Type == chromedp.ConsoleException || m.Type == "warning" {
				complaints = append(complaints, m.Text)
			}
		}
	}()
	return func() {
		stop()
		<-done
		for _, c := range complaints {
			t.Errorf("the browser complains: %s", c)
		}
	}
}
