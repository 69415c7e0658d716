package console_test

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mallbridge/mallbridge/console"
	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/order"
)

// A session ends without a sign of life, and after its day whatever happens, by the
// clock of the workspace.
func TestSessionsEndByTime(t *testing.T) {
	s := open(t)
	v := s.as("hanako", ledger.Operator, "en")
	s.move(time.Hour + 50*time.Minute)
	v.want(v.get("/holds"), http.StatusOK)
	s.move(time.Hour + 50*time.Minute)
	if a := v.get("/holds"); a.path != "/holds" {
		t.Errorf("a sign of life does not keep the session: %s", a.path)
	}
	s.move(2*time.Hour + time.Minute)
	if a := v.get("/holds"); a.path != "/sign-in" {
		t.Errorf("a session without a sign of life shows %s", a.path)
	}
	v.post("/sign-in", "name", "hanako", "password", password)
	for range 7 {
		v.want(v.get("/holds"), http.StatusOK)
		s.move(100 * time.Minute)
	}
	s.move(30 * time.Minute)
	if a := v.get("/holds"); a.path != "/sign-in" {
		t.Errorf("a session lives for ever: %s", a.path)
	}
}

// Attempts to sign in are counted by the clock of the workspace, by name and by
// address.
func TestTooManyAttempts(t *testing.T) {
	s := open(t)
	s.as("hanako", ledger.Operator, "en")
	v := s.visitor("en")
	s.move(2 * time.Minute)
	for range 5 {
		v.post("/sign-in", "name", "hanako", "password", "a wrong password")
	}
	v.shows(v.post("/sign-in", "name", "hanako", "password", password), "too many attempts")
	v.shows(v.post("/sign-in", "name", "somebody else", "password", password), "too many attempts")
	s.move(2 * time.Minute)
	if a := v.post("/sign-in", "name", "hanako", "password", password); a.path != "/" {
		t.Errorf("after the minute: %s", a.path)
	}
}

func TestSecondFactor(t *testing.T) {
	s := open(t)
	v := s.as("hanako", ledger.Operator, "en")
	v.want(v.post("/me/factor", "password", "a wrong password"), http.StatusForbidden)
	page := v.shows(v.want(v.post("/me/factor", "password", password), http.StatusOK), "otpauth://totp/")
	secret := regexp.MustCompile(`<code>([A-Z2-7]{32})</code>`).FindStringSubmatch(page.body)[1]
	v.want(v.post("/me/factor/confirm", "code", "000000"), http.StatusBadRequest)
	other := s.visitor("en")
	if a := other.post("/sign-in", "name", "hanako", "password", password); a.path != "/" {
		t.Errorf("a factor that is not confirmed keeps people out: %s", a.path)
	}
	v.shows(v.want(v.post("/me/factor/confirm", "code", console.Code(secret, s.clock())), http.StatusOK), "a code is asked for")
	if strings.Contains(v.get("/me").body, secret) {
		t.Error("the secret is shown again")
	}
	s.move(2 * time.Minute)
	late := s.visitor("en")
	if a := late.get("/sign-in/code"); a.status != http.StatusNotFound {
		t.Errorf("a stranger is asked for a code: %d", a.status)
	}
	a := late.post("/sign-in", "name", "hanako", "password", password, "back", "/holds")
	if a.path != "/sign-in/code" {
		t.Fatalf("no code is asked for: %s", a.path)
	}
	if a := late.get("/holds"); a.path != "/sign-in" {
		t.Errorf("half signed in shows %s", a.path)
	}
	late.shows(late.post("/sign-in/code", "code", "123456", "back", "/holds"), "the code is wrong")
	code := console.Code(secret, s.clock())
	if a := late.post("/sign-in/code", "code", code, "back", "/holds"); a.path != "/holds" {
		t.Fatalf("the right code leads to %s", a.path)
	}
	// Each code is good once.
	again := s.visitor("en")
	again.post("/sign-in", "name", "hanako", "password", password)
	again.shows(again.post("/sign-in/code", "code", code), "was used already")
	// Who takes too long begins again.
	s.move(6 * time.Minute)
	if a := again.post("/sign-in/code", "code", console.Code(secret, s.clock())); a.path != "/sign-in" {
		t.Errorf("a late code leads to %s", a.path)
	}
	// A new password does not go round it, and who has lost the app is helped by an admin.
	path, err := console.Invite(t.Context(), s.world(), "hanako", ledger.Operator, "test")
	s.check(err)
	fresh := s.visitor("en")
	if a := fresh.post(path, "password", password+"!", "again", password+"!"); a.path != "/sign-in/code" {
		t.Errorf("a new password leads past the code to %s", a.path)
	}
	admin := s.as("admin", ledger.Admin, "en")
	admin.want(admin.post("/users/hanako/factor"), http.StatusOK)
	s.move(2 * time.Minute)
	if a := fresh.post("/sign-in", "name", "hanako", "password", password+"!"); a.path != "/" {
		t.Errorf("without the factor: %s", a.path)
	}
	acts, err := s.world().Ledger.Acts(t.Context(), 30)
	s.check(err)
	for _, kind := range []string{"user.factor_set hanako", "user.factor_removed admin"} {
		if !slices.ContainsFunc(acts, func(e ledger.Event) bool { return e.Kind+" "+e.Actor == kind }) {
			t.Errorf("the audit trail lacks %s", kind)
		}
	}
}

func TestOwnPassword(t *testing.T) {
	s := open(t)
	v, other := s.as("hanako", ledger.Viewer, "en"), s.visitor("en")
	other.post("/sign-in", "name", "hanako", "password", password)
	v.want(v.post("/me/password", "password", "wrong", "new", "another long one", "again", "another long one"), http.StatusForbidden)
	v.want(v.post("/me/password", "password", password, "new", "short", "again", "short"), http.StatusBadRequest)
	v.want(v.post("/me/password", "password", password, "new", "hanako's password", "again", "hanako's password"), http.StatusBadRequest)
	v.shows(v.want(v.post("/me/password", "password", password, "new", "another long one", "again", "another long one"), http.StatusOK), "your password is changed")
	v.want(v.get("/holds"), http.StatusOK)
	if a := other.get("/holds"); a.path != "/sign-in" {
		t.Errorf("another session outlives the password: %s", a.path)
	}
}

func TestHeaders(t *testing.T) {
	s := open(t)
	v := s.as("hanako", ledger.Admin, "en")
	for _, path := range []string{"/", "/no-such-page", "/sign-in", "/links/template/csv"} {
		h := v.get(path).header
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store", "Cross-Origin-Opener-Policy": "same-origin",
		} {
			if got := h.Get(name); got != want {
				t.Errorf("%s: %s is %q", path, name, got)
			}
		}
		policy := h.Get("Content-Security-Policy")
		for _, part := range []string{"default-src 'none'", "frame-ancestors 'none'", "form-action 'self'", "base-uri 'none'"} {
			if !strings.Contains(policy, part) {
				t.Errorf("%s: the policy lacks %s", path, part)
			}
		}
		if strings.Contains(policy, "unsafe") || strings.Contains(policy, "http") {
			t.Errorf("%s: the policy is %q", path, policy)
		}
		if kind := h.Get("Content-Type"); strings.HasPrefix(kind, "text/html") && !strings.Contains(kind, "charset=utf-8") {
			t.Errorf("%s: %s", path, kind)
		}
		if h.Get("Strict-Transport-Security") != "" {
			t.Errorf("%s: without HTTPS browsers are told to use it", path)
		}
	}
	secure, err := console.New(console.Options{Env: s.world, HTTPS: true})
	s.check(err)
	got := s.serve(secure.Handler(), "/sign-in")
	if got.Header().Get("Strict-Transport-Security") == "" {
		t.Error("with HTTPS browsers are not told to keep to it")
	}
}

func TestCookies(t *testing.T) {
	s := open(t)
	for _, https := range []bool{false, true} {
		c, err := console.New(console.Options{Env: s.world, HTTPS: https})
		s.check(err)
		path, err := c.Enter(t.Context(), "demo")
		s.check(err)
		set := s.serve(c.Handler(), path).Header().Values("Set-Cookie")
		if len(set) != 1 || !strings.Contains(set[0], "HttpOnly") || !strings.Contains(set[0], "SameSite=Lax") || !strings.Contains(set[0], "Path=/") || strings.Contains(set[0], "Secure") != https || strings.Contains(set[0], "Domain=") {
			t.Errorf("cookies %q", set)
		}
		token := strings.TrimPrefix(strings.Split(set[0], ";")[0], "mallbridge=")
		if len(token) < 40 {
			t.Errorf("a token of %d characters", len(token))
		}
		// Whoever reads the ledger cannot use what is kept there.
		if _, found, err := s.world().Ledger.Session(t.Context(), token, s.clock()); found || err != nil {
			t.Errorf("the token is kept as it is: %t %v", found, err)
		}
	}
}

// A session gets another token when somebody signs in, and ends when somebody signs
// out.
func TestTokensChange(t *testing.T) {
	s := open(t)
	s.as("hanako", ledger.Operator, "en")
	v := s.visitor("en")
	token := func() string {
		for _, c := range v.http.Jar.Cookies(must(s, s.server.URL)) {
			return c.Value
		}
		return ""
	}
	v.post("/language", "lang", "ko")
	before := token()
	v.post("/sign-in", "name", "hanako", "password", password)
	after := token()
	if before == "" || before == after {
		t.Errorf("the token before signing in is %q, after it %q", before, after)
	}
	v.post("/sign-out")
	r, err := http.NewRequest(http.MethodGet, s.server.URL+"/holds", http.NoBody)
	s.check(err)
	r.AddCookie(&http.Cookie{Name: "mallbridge", Value: after})
	if a := s.visitor("en").do(r); a.path != "/sign-in" {
		t.Errorf("after signing out the old token shows %s", a.path)
	}
}

// What comes from outside is text on every page.
func TestNothingFromOutsideIsMarkup(t *testing.T) {
	s := open(t)
	v := s.as("hanako", ledger.Operator, "en")
	const evil = `<script>alert(1)</script>`
	a := v.upload("plain-1", `<img src=x onerror=alert(1)>.csv`, []byte(strings.ReplaceAll(sheet, "見本 花子", evil)))
	v.want(v.post(a.path+"/take"), http.StatusOK)
	s.stage("plan", "plain-1")
	v.want(v.post("/filters", "name", evil, "query", "q=1"), http.StatusOK)
	for _, path := range []string{a.path, "/upload", "/orders", "/orders/plain-1/C-1", "/holds", "/links", "/files", "/orders?account=" + evil, "/masters/payments?q=" + evil + "&name=" + evil} {
		if body := v.get(path).body; strings.Contains(body, "<script>") || strings.Contains(body, "<img src=x") {
			t.Errorf("%s holds markup from outside", path)
		}
	}
}

// Errors of our own tell a stranger nothing.
func TestErrorsTellNothing(t *testing.T) {
	s := open(t)
	v := s.as("hanako", ledger.Operator, "en")
	s.check(s.world().Ledger.Close())
	a := v.get("/orders")
	if a.status != http.StatusInternalServerError || strings.Contains(a.body, "sql") || strings.Contains(a.body, "ledger") {
		t.Errorf("status %d: %s", a.status, a.body)
	}
}

// Every page and every act asks who it is.
func TestEveryPageAsksWhoYouAre(t *testing.T) {
	s := open(t)
	v := s.as("hanako", ledger.Admin, "en")
	stranger := s.visitor("en")
	for _, path := range append(v.pages(), "/me", "/links/template/csv", "/masters/payments/download/csv", "/stock/demand/csv", "/refused/1", "/uploads/a/b") {
		if a := stranger.get(path); a.path != "/sign-in" {
			t.Errorf("a stranger sees %s", path)
		}
	}
	for _, path := range []string{"/orders", "/holds/release", "/holds/replace", "/links", "/masters/payments", "/masters/payments/add", "/stock/approve", "/runs", "/users", "/me/password", "/me/factor", "/filters", "/upload"} {
		if a := stranger.post(path, "x", "y"); a.path != "/sign-in" {
			t.Errorf("a stranger may do %s: status %d", path, a.status)
		}
	}
	for _, method := range []string{http.MethodPut, http.MethodDelete, http.MethodTrace, http.MethodPatch} {
		r, err := http.NewRequest(method, s.server.URL+"/holds", http.NoBody)
		s.check(err)
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		if a := v.do(r); a.status < 400 {
			t.Errorf("%s /holds: status %d", method, a.status)
		}
	}
}

// An invitation is a secret: it works once, and ends.
func TestUsersAreTold(t *testing.T) {
	s := open(t)
	admin := s.as("admin", ledger.Admin, "en")
	admin.want(admin.post("/users", "name", "../x", "role", ledger.Viewer), http.StatusBadRequest)
	admin.want(admin.post("/users", "name", "jun", "role", "owner"), http.StatusBadRequest)
	admin.shows(admin.want(admin.post("/users", "name", "jun", "role", ledger.Viewer), http.StatusOK), "/join/")
	acts, err := s.world().Ledger.Acts(t.Context(), 10)
	s.check(err)
	if !slices.ContainsFunc(acts, func(e ledger.Event) bool { return e.Kind == "user.invited" && e.Actor == "admin" }) {
		t.Error("the audit trail has no invitation")
	}
	if _, err := s.world().Ledger.User(t.Context(), "../x"); order.CodeOf(err) != order.NotFound {
		t.Errorf("a user of a bad name: %v", err)
	}
}

func TestPasswordsAreHashed(t *testing.T) {
	s := open(t)
	s.as("hanako", ledger.Viewer, "en")
	s.as("jun", ledger.Viewer, "en")
	a, err := s.world().Ledger.User(t.Context(), "hanako")
	s.check(err)
	b, err := s.world().Ledger.User(t.Context(), "jun")
	s.check(err)
	if !strings.HasPrefix(a.Hash, "$argon2id$v=19$m=19456,t=2,p=1$") || a.Hash == b.Hash || strings.Contains(a.Hash, password) {
		t.Errorf("the same password is kept as %q and %q", a.Hash, b.Hash)
	}
}

func TestLargeUploads(t *testing.T) {
	s := open(t)
	s.console.LimitUploads(1500)
	v := s.as("hanako", ledger.Operator, "en")
	v.shows(v.want(v.upload("plain-1", "large.csv", []byte(strings.Repeat(sheet, 10))), http.StatusBadRequest), "the file has more than")
	for range 20 {
		v.want(v.upload("plain-1", "a.csv", []byte(sheet)), http.StatusOK)
	}
	v.shows(v.want(v.upload("plain-1", "a.csv", []byte(sheet)), http.StatusConflict), "20 uploads wait already")
}
