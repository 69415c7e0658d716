// Package console is the program's pages in the browser: for the person who
// uploads sheets, clears holds and asks why an order has not shipped.
//
// Pages are rendered on the server and work without scripts. Nothing comes from
// other machines: styles and the one script are part of the program. Everybody
// signs in; what people do is in the ledger's events under their names.
package console

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"log/slog"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/alexedwards/scs/v2"

	"github.com/mallbridge/mallbridge/internal/phrase"
	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/order"
	"github.com/mallbridge/mallbridge/pipeline/stage"
)

//go:embed templates static
var assets embed.FS

// Options are what the program gives to its pages.
type Options struct {
	// Env is the world of the workspace, which a reload replaces.
	Env func() *stage.Env
	// Run asks for a run of a stage on a target, and does not wait for it. It is not fresh
	// if one is there already that does the same. Nil: the pages offer none.
	Run func(ctx context.Context, stage, target string) (fresh bool, err error)
	// Reload takes over the files of the workspace as they are now, or says what is
	// wrong with them and keeps what was. Nil: changes count after a restart.
	Reload func(ctx context.Context) error
	// Jobs are River's pages of the queue, for addresses below /jobs/. They ask nobody
	// who they are. Nil: there are none.
	Jobs http.Handler
	// HTTPS says that browsers come by HTTPS, through a proxy in front: cookies are
	// then sent by it only.
	HTTPS bool
	// Version of the program, for the foot of the pages.
	Version string
}

// A Console serves the pages. It is safe for concurrent use.
type Console struct {
	o        Options
	sessions *scs.SessionManager
	looks    sync.Map // of look, to *template.Template
	tries    tries
	uploads  uploads
	changing sync.Mutex
	memos    memos
	tests    sync.Map // by account, of *tested
	live     live
	working  atomic.Bool   // Work runs
	stopped  chan struct{} // closed when Work ends: who listens is let go
	enter    sync.Map      // tokens of [Console.Enter], to names of users
}

// New makes the pages.
func New(o Options) (*Console, error) {
	c := &Console{o: o, sessions: newSessions(o), live: live{every: liveEvery}, stopped: make(chan struct{})}
	c.uploads.max = maxUpload
	for name := range titles {
		if _, err := c.page(look{name, "en", ""}); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// A look is a page as people with a language and a role see it.
type look struct{ name, lang, role string }

// page is the template of a look.
func (c *Console) page(l look) (*template.Template, error) {
	if t, ok := c.looks.Load(l); ok {
		return t.(*template.Template), nil
	}
	t, err := template.New("layout.html").Funcs(template.FuncMap{
		"T":      func(en string, args ...any) string { return say(l.lang, en, args...) },
		"Say":    func(s string) string { return phrase.Say(l.lang, s) },
		"Did":    func(s string) string { return phrase.Line(l.lang, s) },
		"Refuse": func(s string) string { return sayRefusal(l.lang, s) },
		"Local":  func(at time.Time) string { return local(l.lang, c.o.Env().Workspace, at) },
		"Short":  func(at time.Time) string { return shortTime(l.lang, c.o.Env().Workspace, c.o.Env().Now(), at) },
		"Day":    func(text any) string { return day(l.lang, text) },
		"Money":  func(n int64, currency string) string { return money(l.lang, n, currency) },
		"Reason": func(r order.Reason) string { return reasonText(l.lang, r) },
		"can":    func(role string) bool { return rank[l.role] >= rank[role] },
		"query":  query, "join": strings.Join, "lines": func(s string) []string { return strings.Split(s, "\n") }, "orderPath": orderPath, "codes": codesOf,
		"corrections": corrections, "took": func(from, to time.Time) string { return order.Span(l.lang, took(from, to)) }, "add": func(a, b int) int { return a + b },
		"tested": func(ok bool) string { return map[bool]string{true: "ok", false: "failed"}[ok] },
		"queued": func() bool { return c.o.Jobs != nil },
		"level":  func(l slog.Level) string { return strings.ToLower(l.String()) },
		"N":      count, "lookOf": lookOf, "pieces": pieces,
		"wish": func(w ledger.Wish) string { return wishText(l.lang, w) },
	}).ParseFS(assets, "templates/layout.html", "templates/parts.html", "templates/"+l.name+".html")
	if err != nil {
		return nil, fmt.Errorf("console: %w", err)
	}
	c.looks.Store(l, t)
	return t, nil
}

// Handler serves every page.
func (c *Console) Handler() http.Handler {
	m := http.NewServeMux()
	static, err := fs.Sub(assets, "static")
	if err != nil {
		panic(err) // the folder is embedded
	}
	m.Handle("GET /static/", http.StripPrefix("/static/", cached(http.FileServerFS(static))))
	m.HandleFunc("GET /sign-in", c.show(c.signInPage))
	m.HandleFunc("POST /sign-in", c.act(c.signIn))
	m.HandleFunc("GET /sign-in/code", c.show(c.codePage))
	m.HandleFunc("POST /sign-in/code", c.act(c.signInCode))
	m.HandleFunc("POST /sign-out", c.act(c.signOut))
	m.HandleFunc("GET /join/{token}", c.show(c.joinPage))
	m.HandleFunc("POST /join/{token}", c.act(c.join))
	m.HandleFunc("GET /enter/{token}", c.act(c.enterBy))
	m.HandleFunc("POST /language", c.act(c.language))

	view := func(pattern string, h func(*request) (string, any, error)) {
		m.HandleFunc("GET "+pattern, c.need(ledger.Viewer, c.show(h)))
	}
	do := func(role, pattern string, h func(*request) (string, error)) {
		m.HandleFunc("POST "+pattern, c.need(role, c.act(func(q *request) (string, error) {
			if role != ledger.Viewer {
				defer c.memos.forget()
			}
			return h(q)
		})))
	}
	view("/{$}", c.shared(counts, c.today))
	view("/orders", c.orders)
	do(ledger.Viewer, "/orders", c.find)
	view("/orders/{account}/{number}", c.order)
	do(ledger.Operator, "/orders/{account}/{number}/hold", c.putHold)
	do(ledger.Operator, "/orders/{account}/{number}/release", c.release)
	do(ledger.Operator, "/orders/{account}/{number}/wish", c.wish)
	do(ledger.Operator, "/orders/{account}/{number}/merge", c.merge)
	do(ledger.Operator, "/orders/{account}/{number}/correct", c.correct)
	view("/orders/{account}/{number}/raw", c.raw)
	do(ledger.Operator, "/orders/{account}/{number}/raw", c.unmask)
	do(ledger.Viewer, "/filters", c.keepFilter)
	view("/holds", c.shared(quick, c.holds))
	do(ledger.Operator, "/holds/replace", c.replaceChar)
	view("/links", c.shared(quick, c.links))
	do(ledger.Operator, "/links", c.linkOne)
	m.HandleFunc("GET /links/template/{as}", c.need(ledger.Viewer, c.linkTemplate))
	view("/masters/{name}", c.master)
	do(ledger.Operator, "/masters/{name}", c.masterUpload)
	do(ledger.Operator, "/masters/{name}/add", c.addRow)
	m.HandleFunc("GET /masters/{name}/download/{as}", c.need(ledger.Viewer, c.masterFile))
	view("/masters/{name}/preview/{id}", c.masterPreview)
	do(ledger.Operator, "/masters/{name}/preview/{id}/take", c.masterTake)
	do(ledger.Operator, "/masters/{name}/preview/{id}/drop", c.masterForget)
	view("/stock", c.shared(sums, c.stock))
	do(ledger.Operator, "/stock/approve", c.approveStock)
	m.HandleFunc("GET /stock/demand/{as}", c.need(ledger.Viewer, c.demand))
	do(ledger.Operator, "/holds/release", c.releaseMany)
	view("/upload", c.uploadPage)
	do(ledger.Operator, "/upload", c.upload)
	view("/upload/{id}", c.preview)
	do(ledger.Operator, "/upload/{id}/take", c.take)
	do(ledger.Operator, "/upload/{id}/drop", c.forget)
	m.HandleFunc("GET /refused/{file}", c.need(ledger.Operator, c.noted("file.downloaded", c.refusedFile)))
	view("/files", c.files)
	view("/files/{warehouse}/next", c.next)
	view("/files/{warehouse}/{batch}", c.batch)
	m.HandleFunc("GET /files/{warehouse}/{batch}/download", c.need(ledger.Operator, c.noted("file.downloaded", c.batchFile)))
	do(ledger.Operator, "/files/{warehouse}/{batch}/approve", c.approve)
	do(ledger.Operator, "/files/{warehouse}/{batch}/resolve", c.resolve)
	m.HandleFunc("GET /uploads/{account}/{name}", c.need(ledger.Operator, c.noted("file.downloaded", c.sheet)))
	do(ledger.Operator, "/uploads/{account}/{name}", c.uploaded)
	do(ledger.Operator, "/reports/{id}", c.settleReport)
	view("/accounts", c.shared(counts, c.accounts))
	view("/accounts/{name}", c.account)
	m.HandleFunc("GET /accounts/new", c.need(ledger.Admin, c.show(c.newAccountPage)))
	do(ledger.Admin, "/accounts/new", c.addAccount)
	do(ledger.Admin, "/accounts/{name}", c.changeAccount)
	do(ledger.Operator, "/accounts/{name}/test", c.testAccount)
	do(ledger.Admin, "/accounts/{name}/consent", c.askConsent)
	do(ledger.Admin, "/accounts/{name}/consent/answer", c.takeConsent)
	m.HandleFunc("GET "+consentPath, c.need(ledger.Admin, c.act(c.consented)))
	view("/runs", c.runs)
	view("/reconcile", c.shared(quick, c.reconcile))
	view("/runs/{id}", c.oneRun)
	m.HandleFunc("GET /runs/{id}/log", c.need(ledger.Viewer, c.runLog))
	view("/runs/windows", c.windows)
	do(ledger.Operator, "/runs/windows", c.readAgain)
	view("/runs/acts", c.acts)
	do(ledger.Operator, "/runs", c.run)
	m.HandleFunc("/jobs/", c.need(ledger.Admin, c.queue))
	view("/me", c.me)
	m.HandleFunc("GET /me/factor/code.png", c.need(ledger.Viewer, c.factorCode))
	do(ledger.Viewer, "/me/password", c.newPassword)
	do(ledger.Viewer, "/me/factor", c.makeFactor)
	do(ledger.Viewer, "/me/factor/confirm", c.confirmFactor)
	do(ledger.Viewer, "/me/factor/remove", c.dropFactor)
	view("/users", c.users)
	do(ledger.Admin, "/users/{name}/factor", c.dropFactorOf)
	do(ledger.Admin, "/users", c.invite)
	do(ledger.Admin, "/users/{name}/disable", c.disable)
	m.HandleFunc("/", c.need(ledger.Viewer, c.show(func(*request) (string, any, error) {
		return "", nil, order.Errorf(order.NotFound, "", "there is no such page")
	})))
	all := http.NewServeMux()
	all.Handle("/", c.sessions.LoadAndSave(m))
	all.HandleFunc("GET /live", c.stream)
	return guard(all, c.o.HTTPS)
}

// policy lets pages load nothing but the program's own files.
const policy = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

// guard refuses requests that another site's page makes, and tells browsers what
// pages may do.
func guard(next http.Handler, https bool) http.Handler {
	return http.NewCrossOriginProtection().Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		if https {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		next.ServeHTTP(w, r)
	}))
}

func cached(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "max-age=300")
		next.ServeHTTP(w, r)
	})
}

// A request is one call of a page by one person.
type request struct {
	*http.Request
	w    http.ResponseWriter
	env  *stage.Env
	user ledger.User // zero before signing in
	lang string

	stale bool // what the page shows is being made anew
}

func (c *Console) request(w http.ResponseWriter, r *http.Request) (*request, error) {
	if q, ok := r.Context().Value(requestKey{}).(*request); ok {
		return q, nil // the door knew the person already
	}
	q := &request{Request: r, w: w, env: c.o.Env()}
	if name := c.sessions.GetString(r.Context(), sessionUser); name != "" && !c.alive(r.Context(), q.env.Now()) {
		if err := c.sessions.Destroy(r.Context()); err != nil {
			return nil, err
		}
	} else if name != "" {
		u, err := q.env.Ledger.User(r.Context(), name)
		switch {
		case order.CodeOf(err) == order.NotFound, err == nil && (u.Disabled || u.Hash != c.sessions.GetString(r.Context(), sessionHash)):
			// Shut out, or with a new password: this session is over.
			if err := c.sessions.Destroy(r.Context()); err != nil {
				return nil, err
			}
		case err != nil:
			return nil, err
		default:
			q.user = u
		}
	}
	q.lang = c.languageOf(q)
	return q, nil
}

// requestKey is where a request that was let in stands in its context.
type requestKey struct{}

// alive reports whether a session has not ended, and writes down now and then that its
// person is here.
func (c *Console) alive(ctx context.Context, now time.Time) bool {
	began, seen := time.Unix(c.sessions.GetInt64(ctx, sessionBegan), 0), time.Unix(c.sessions.GetInt64(ctx, sessionSeen), 0)
	if now.Sub(began) >= sessionLife || now.Sub(seen) >= sessionIdle {
		return false
	}
	if now.Sub(seen) >= seenEvery {
		c.sessions.Put(ctx, sessionSeen, now.Unix())
	}
	return true
}

// languages that pages speak, with how each names itself.
var languages = []struct{ Code, Name string }{{"ja", "日本語"}, {"ko", "한국어"}, {"en", "English"}}

func known(lang string) bool {
	return slices.ContainsFunc(languages, func(l struct{ Code, Name string }) bool { return l.Code == lang })
}

// languageOf is what the person chose, else what the browser asks for, else the
// workspace's.
func (c *Console) languageOf(q *request) string {
	if l := c.sessions.GetString(q.Context(), sessionLang); known(l) {
		return l
	}
	for _, part := range strings.Split(q.Header.Get("Accept-Language"), ",") {
		l, _, _ := strings.Cut(strings.TrimSpace(part), ";")
		if l, _, _ = strings.Cut(l, "-"); known(l) {
			return l
		}
	}
	if l := q.env.Workspace.Settings.Language; known(l) {
		return l
	}
	return "en"
}

func (c *Console) language(q *request) (string, error) {
	if l := q.FormValue("lang"); known(l) {
		c.sessions.Put(q.Context(), sessionLang, l)
	}
	return back(q), nil
}

// back is the page of ours from which a form came.
func back(q *request) string {
	to := q.FormValue("back")
	if u, err := url.Parse(to); err != nil || u.Host != "" || u.Scheme != "" || !strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//") || strings.Contains(to, `\`) {
		return "/"
	}
	return to
}

// rank orders roles.
var rank = map[string]int{ledger.Viewer: 1, ledger.Operator: 2, ledger.Admin: 3}

// need lets a person pass who signed in and has the role.
func (c *Console) need(role string, next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		q, err := c.request(w, r)
		switch {
		case err != nil:
			c.fail(w, r, err)
		case q.user.Name == "":
			http.Redirect(w, r, "/sign-in?"+url.Values{"back": {r.URL.Path}}.Encode(), http.StatusSeeOther)
		case rank[q.user.Role] < rank[role]:
			c.fail(w, r, order.Errorf(order.Denied, "ask somebody who administers the users", "this needs the role %s", role))
		default:
			q.Request = r.WithContext(context.WithValue(r.Context(), requestKey{}, q))
			next(w, q.Request)
		}
	}
}

// noted writes into the audit trail who took what holds personal data out of the
// program, before it is given.
func (c *Console) noted(kind string, next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		q, err := c.request(w, r)
		if err == nil {
			err = q.env.Ledger.Record(r.Context(), q.env.Now(), ledger.Event{Kind: kind, Detail: strings.TrimPrefix(r.URL.Path, "/"), Actor: q.user.Name})
		}
		if err != nil {
			c.fail(w, r, err)
			return
		}
		next(w, r)
	}
}

// show answers with a page: h names it and gives its data.
func (c *Console) show(h func(*request) (string, any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		q, err := c.request(w, r)
		if err == nil {
			var name string
			var data any
			if name, data, err = h(q); err == nil {
				err = c.render(q, http.StatusOK, name, data)
			}
		}
		if err != nil {
			c.fail(w, r, err)
		}
	}
}

// act does what a form asks and goes on to the page that h names.
func (c *Console) act(h func(*request) (string, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		q, err := c.request(w, r)
		var to string
		if err == nil {
			to, err = h(q)
		}
		if err != nil {
			c.fail(w, r, err)
			return
		}
		http.Redirect(w, r, to, http.StatusSeeOther)
	}
}

// codes are the answers to errors by their codes.
var codes = map[order.Code]int{
	order.NotFound: http.StatusNotFound, order.Invalid: http.StatusBadRequest, order.Denied: http.StatusForbidden, order.Conflict: http.StatusConflict,
}

type failure struct {
	Status     int
	Text, Hint string
}

// fail shows an error, what to do about it, and no more of ours than that.
func (c *Console) fail(w http.ResponseWriter, r *http.Request, err error) {
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		err = order.Errorf(order.Invalid, "put it into the watch folder instead", "the file has more than %d MiB", large.Limit>>20)
	}
	status, ok := codes[order.CodeOf(err)]
	q, e := c.request(w, r)
	if e != nil || !ok {
		c.o.Env().Log.Error("a page failed", "path", r.URL.Path, "err", err)
		status = http.StatusInternalServerError
	}
	if e != nil {
		http.Error(w, http.StatusText(status), status)
		return
	}
	f := failure{Status: status, Text: err.Error(), Hint: order.HintOf(err)}
	if status == http.StatusInternalServerError {
		f.Text = "something went wrong; the program's log says what"
	}
	if err := c.render(q, status, "failure", f); err != nil {
		http.Error(w, http.StatusText(status), status)
	}
}

// A frame is what the layout shows around a page.
type frame struct {
	Lang      string
	Languages []struct{ Code, Name string }
	User      ledger.User
	Path      string // of this page
	Page      string // its name
	Title     string
	Flash     string
	Version   string
	Workspace string
	Data      any
	Stale     bool
}

func (c *Console) render(q *request, status int, name string, data any) error {
	t, err := c.page(look{name, q.lang, q.user.Role})
	if err != nil {
		return err
	}
	ws := q.env.Workspace
	f := frame{
		Lang: q.lang, Languages: languages, User: q.user, Path: q.URL.Path, Page: name, Title: titles[name], Version: c.o.Version, Workspace: filepath.Base(ws.Dir), Data: data, Stale: q.stale,
		Flash: c.sessions.PopString(q.Context(), sessionFlash),
	}
	if q.Method == http.MethodGet && q.URL.RawQuery != "" {
		f.Path += "?" + q.URL.RawQuery
	}
	var b bytes.Buffer
	if err := t.Execute(&b, f); err != nil {
		return fmt.Errorf("console: page %s: %w", name, err)
	}
	q.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	q.w.WriteHeader(status)
	_, err = b.WriteTo(q.w)
	if err != nil {
		q.env.Log.Debug("a page was not sent whole", "err", err)
	}
	return nil
}

// titles of pages, in English.
var titles = map[string]string{
	"today": "Today", "orders": "Orders", "order": "Order", "raw": "What the mall gave", "holds": "Holds", "upload": "Upload", "preview": "Upload", "files": "Files", "batch": "Instruction file", "next": "The next file",
	"links": "Links and masters", "master": "Links and masters", "change": "What changes", "stock": "Stock",
	"accounts": "Accounts", "account": "Account", "new-account": "Add an account", "runs": "Runs", "run": "Run", "queue": "Queue", "reconcile": "Reconciliation", "windows": "Windows that were read", "acts": "What people did", "users": "Users", "sign-in": "Sign in", "code": "Sign in", "me": "My sign-in", "join": "Choose a password", "failure": "That did not work",
}

// tell keeps a line for the next page.
func (c *Console) tell(q *request, en string, args ...any) {
	c.sessions.Put(q.Context(), sessionFlash, say(q.lang, en, args...))
}

// took writes how long something took, empty while it lasts.
func took(from, to time.Time) string {
	if to.IsZero() {
		return ""
	}
	return to.Sub(from).Round(time.Millisecond).String()
}

// query is an address with values; empty ones are left out.
func query(path string, pairs ...any) string {
	v := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		if s := fmt.Sprint(pairs[i+1]); s != "" && s != "0" {
			v.Set(fmt.Sprint(pairs[i]), s)
		}
	}
	if len(v) == 0 {
		return path
	}
	return path + "?" + v.Encode()
}
