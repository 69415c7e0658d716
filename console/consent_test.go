package console_test

import (
	"context"
	"fmt"
	"html"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/mallbridge/mallbridge/internal/accounts"
	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/pipeline/stage"
	"github.com/mallbridge/mallbridge/simulator/coupang"
	"github.com/mallbridge/mallbridge/simulator/malls"
)

// join adds an account of a simulated mall, without what the shop's consent gives.
func (s *site) join(name, mall, target string) (*malls.Stand, *httptest.Server) {
	s.Helper()
	stand, err := malls.Open(mall, malls.Options{Now: s.clock})
	s.check(err)
	server := httptest.NewServer(stand)
	s.Cleanup(server.Close)
	s.check(stand.Register(s.server.URL + "/consent"))
	n := accounts.New{Name: name, Mall: mall, Target: target, Warehouse: "tokyo", Base: server.URL, Settings: maps.Clone(stand.Shop.Settings), Secrets: map[string]string{}}
	for _, given := range []string{"consented", "consent_ends", "authorised"} {
		delete(n.Settings, given)
	}
	if mall == "yahoo-shopping" {
		n.Settings["orders"] = "shopping" // the day's auctions are another account's
	}
	for secret, value := range stand.Shop.Secrets {
		if secret != "refresh_token" {
			ref, err := s.world().Secrets.Store(name+"."+secret, value)
			s.check(err)
			n.Secrets[secret] = string(ref)
		}
	}
	s.add(&n)
	return stand, server
}

// add takes a new account over, whose mall can be asked.
func (s *site) add(n *accounts.New) {
	s.Helper()
	s.check(os.WriteFile(s.world().Workspace.Path("accounts/"+n.Name+".yaml"), n.File("en"), 0o600))
	next := *s.world()
	next.Malls = &stage.Malls{}
	s.env.Store(&next)
	s.check(s.reload(s.Context()))
	s.check(s.world().Workspace.MakeFolders())
}

// consents are the malls that ask for the shop's consent, with a target of theirs.
var consents = map[string]string{"yahoo-shopping": "2", "ebay": "PAID", "amazon": "UNSHIPPED"}

// The shop's consent is given in a browser from the account's page to a test of the
// connection that passes: the mall's page, the way back, the grant.
func TestConsentInABrowser(t *testing.T) {
	ctx := browser(t)
	s := open(t)
	path, err := s.console.Enter(t.Context(), "demo")
	s.check(err)
	visit := func(path string) {
		t.Helper()
		if err := chromedp.Do(ctx, chromedp.Navigate(path)); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
	}
	visit(s.server.URL + path)
	for _, mall := range slices.Sorted(maps.Keys(consents)) {
		t.Run(mall, func(t *testing.T) {
			name := mall + "-9"
			_, sim := s.join(name, mall, consents[mall])
			visit(s.server.URL + "/accounts/" + name)
			click(ctx, t, "the test without consent", `form[action$="/test"] button`)
			see(ctx, t, "the finding that the consent is missing", `document.querySelector("#test .state.failed")`)
			fill := fmt.Sprintf(`document.querySelector("#consent input[name=back]").value = %q`, s.server.URL+"/consent")
			for _, answer := range []string{"no", "yes"} {
				evaluate(ctx, t, "the address", fill)
				click(ctx, t, "asking", `#consent form[action$="/consent"] button`)
				see(ctx, t, "the link to the mall", `document.querySelector("#consent ol a")`)
				evaluate(ctx, t, "the same tab", `document.querySelector("#consent ol a").removeAttribute("target")`)
				click(ctx, t, "the mall's page", `#consent ol a`)
				see(ctx, t, "the mall's page", fmt.Sprintf(`location.origin === %q && document.querySelector("button[value=%s]")`, sim.URL, answer))
				click(ctx, t, "the answer", `button[value=`+answer+`]`)
				see(ctx, t, "the way back", fmt.Sprintf(`location.origin === %q`, s.server.URL))
				if answer == "no" {
					see(ctx, t, "the refusal", `document.body.textContent.includes("the shop did not agree")`)
					visit(s.server.URL + "/accounts/" + name)
				}
			}
			see(ctx, t, "the account's page without the code", fmt.Sprintf(`location.href === %q && document.querySelector(".flash")`, s.server.URL+"/accounts/"+name))
			click(ctx, t, "the test", `form[action$="/test"] button`)
			see(ctx, t, "a test that passes", `document.querySelector("#test .state.ok") && !document.querySelector("#test .state.failed")`)
			accessible(ctx, t, "/accounts/"+name)
			a, _ := s.world().Workspace.Account(name)
			if v, err := s.world().Secrets.Resolve(a.API.Secrets["refresh_token"]); err != nil || v.Reveal() == "" {
				t.Errorf("the grant is kept as %q: %v", a.API.Secrets["refresh_token"], err)
			}
		})
	}
}

// What a test of the connection finds is said plainly, with what to do about it, in the
// reader's language: a wrong key, an address that is not registered, a clock that is wrong.
func TestFindingsInABrowser(t *testing.T) {
	ctx := browser(t)
	s := open(t)
	vendor := coupang.Vendor{ID: "A00012345", AccessKey: "11111111-2222-3333-4444-555555555555", SecretKey: strings.Repeat("0123456789", 4), Issued: s.clock().AddDate(0, 0, -30)}
	mall := coupang.New(coupang.Options{Now: s.clock, Limit: -1})
	s.check(mall.AddVendor(vendor))
	// Where the mall tells its time, a wrong clock is made up for; here it does not.
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { mall.ServeHTTP(&undated{w}, r) }))
	t.Cleanup(server.Close)
	n := accounts.New{Name: "coupang-9", Mall: "coupang", Target: "INSTRUCT", Warehouse: "seoul", Base: server.URL, Settings: map[string]string{"vendor_id": vendor.ID, "key_issued": vendor.Issued.Format("2006-01-02")}, Secrets: map[string]string{}}
	for name, value := range map[string]string{"access_key": vendor.AccessKey, "secret_key": vendor.SecretKey} {
		ref, err := s.world().Secrets.Store("coupang-9."+name, value)
		s.check(err)
		n.Secrets[name] = string(ref)
	}
	s.add(&n)
	path, err := s.console.Enter(t.Context(), "demo")
	s.check(err)
	if err := chromedp.Do(ctx, chromedp.Navigate(s.server.URL+path)); err != nil {
		t.Fatal(err)
	}
	other := vendor
	other.AccessKey = "99999999-2222-3333-4444-555555555555"
	elsewhere := vendor
	elsewhere.IPs = []string{"192.0.2.1"}
	for _, x := range []struct {
		what   string
		vendor coupang.Vendor
		faults coupang.Faults
		says   map[string]string
	}{
		{"a wrong key", other, coupang.Faults{}, map[string]string{"ja": "再発行してください", "ko": "다시 발급하세요", "en": "the key is unknown"}},
		{"an address", elsewhere, coupang.Faults{}, map[string]string{"ja": "グローバルIPを登録してください", "ko": "공인 IP를 등록하세요", "en": "register this machine's public IP"}},
		{"a clock", vendor, coupang.Faults{Ahead: 10 * time.Minute}, map[string]string{"ja": "時計を合わせてください", "ko": "시계를 맞추세요", "en": "set this machine's clock"}},
		{"nothing", vendor, coupang.Faults{}, nil},
	} {
		s.check(mall.AddVendor(x.vendor))
		mall.Break(x.faults)
		// What a mall was found to be is known for as long as it is open.
		next := *s.world()
		next.Malls = &stage.Malls{}
		s.env.Store(&next)
		if err := chromedp.Do(ctx, chromedp.Navigate(s.server.URL+"/accounts/coupang-9")); err != nil {
			t.Fatal(err)
		}
		evaluate(ctx, t, x.what, `document.getElementById("test")?.remove()`)
		click(ctx, t, x.what, `form[action$="/test"] button`)
		if x.says == nil {
			see(ctx, t, "a test that passes", `document.querySelector("#test .state.ok") && !document.querySelector("#test .state.failed")`)
			continue
		}
		for lang, text := range x.says {
			see(ctx, t, "the finding", `document.querySelector("#test .state.failed")`)
			click(ctx, t, lang, `button[name=lang][value=`+lang+`]`)
			see(ctx, t, x.what+" in "+lang, fmt.Sprintf(`document.documentElement.lang === %q && document.querySelector("#test")?.textContent.includes(%q)`, lang, text))
		}
	}
}

// An answer is good once, in the browser of the person who asked, and for that account.
func TestConsentAnswers(t *testing.T) {
	s := open(t)
	_, sim := s.join("ebay-9", "ebay", consents["ebay"])
	admin, other := s.as("admin", ledger.Admin, "en"), s.as("other", ledger.Admin, "en")
	own := s.server.URL + "/consent"
	page := admin.want(admin.post("/accounts/ebay-9/consent", "back", own), http.StatusOK)
	link := consentLink(t, page.body)
	if !strings.HasPrefix(link, sim.URL+"/consent/authorize?") {
		t.Fatalf("the link is %s", link)
	}
	back := agree(t, link)
	if !strings.HasPrefix(back, own+"?") {
		t.Fatalf("the mall sends the browser to %s", back)
	}
	answer := strings.TrimPrefix(back, s.server.URL)
	other.want(other.get(answer), http.StatusConflict)
	viewer := s.as("v", ledger.Operator, "en")
	viewer.want(viewer.get(answer), http.StatusForbidden)
	admin.want(admin.post("/accounts/ebay-9/consent/answer", "answer", "https://shop.example/?code=x&state=other"), http.StatusBadRequest)
	if a := admin.want(admin.get(answer), http.StatusOK); a.path != "/accounts/ebay-9" || a.query != "" || !strings.Contains(a.body, "is kept") {
		t.Errorf("the answer leads to %s?%s", a.path, a.query)
	}
	admin.want(admin.get(answer), http.StatusConflict)
	// By hand it goes as well.
	page = admin.want(admin.post("/accounts/ebay-9/consent", "back", own), http.StatusOK)
	admin.shows(admin.want(admin.post("/accounts/ebay-9/consent/answer", "answer", agree(t, consentLink(t, page.body))), http.StatusOK), "is kept")
	for _, bad := range []string{"http://shop.example/", "ftp://localhost/", "https://", "javascript:x", "http://localhost.shop.example/"} {
		admin.want(admin.post("/accounts/ebay-9/consent", "back", bad), http.StatusBadRequest)
	}
	acts, err := s.world().Ledger.Acts(t.Context(), 20)
	s.check(err)
	if !slices.ContainsFunc(acts, func(e ledger.Event) bool { return e.Kind == "account.consented" && e.Actor == "admin" }) {
		t.Error("the audit trail has no consent")
	}
}

// undated is an answer that does not say when it was given.
type undated struct{ http.ResponseWriter }

func (u *undated) WriteHeader(status int) {
	u.Header()["Date"] = nil
	u.ResponseWriter.WriteHeader(status)
}

func consentLink(t *testing.T, body string) string {
	t.Helper()
	_, rest, ok := strings.Cut(body, `<ol><li><a href="`)
	if !ok {
		t.Fatalf("the page has no link to the mall:\n%s", body)
	}
	link, _, _ := strings.Cut(rest, `"`)
	return html.UnescapeString(link)
}

// agree opens the mall's page as what is no browser does, and returns where it leads.
func agree(t *testing.T, link string) string {
	t.Helper()
	c := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := c.Get(link)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	return res.Header.Get("Location")
}

func evaluate(ctx context.Context, t *testing.T, what, script string) {
	t.Helper()
	if _, err := chromedp.Run(ctx, chromedp.Evaluate[string](`(() => { `+script+`; return "ok" })()`)); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

// click waits until a thing is there: a page is shown before its end has come, and what is
// clicked may lie at its end.
func click(ctx context.Context, t *testing.T, what, selector string) {
	t.Helper()
	see(ctx, t, what, fmt.Sprintf(`document.readyState !== "loading" && document.querySelector(%q)`, selector))
	evaluate(ctx, t, what, fmt.Sprintf(`document.querySelector(%q).click()`, selector))
}

// see waits until something is there. What is asked while the browser goes on to the
// next page has no answer, and is asked again.
func see(ctx context.Context, t *testing.T, what, expression string) {
	t.Helper()
	var err error
	for range 5 {
		if _, err = chromedp.Run(ctx, chromedp.Evaluate[string](`(`+until+`)(() => `+expression+`)`, chromedp.EvalAwaitPromise)); err == nil {
			return
		}
	}
	text, _ := chromedp.Run(ctx, chromedp.Evaluate[string](`location.href + " " + document.body.innerText.slice(0, 2000)`))
	t.Fatalf("%s: %v\n%s", what, err, text)
}
