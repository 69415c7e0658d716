package console_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mallbridge/mallbridge/configs"
	"github.com/mallbridge/mallbridge/console"
	"github.com/mallbridge/mallbridge/internal/demo"
	"github.com/mallbridge/mallbridge/internal/pgtest"
	"github.com/mallbridge/mallbridge/internal/secrets"
	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/pipeline/stage"
)

// evening is when people look at the pages.
var evening = time.Date(2026, 11, 22, 11, 30, 0, 0, time.UTC)

// A site is the console on a workspace of the demo's.
type site struct {
	*testing.T
	env     atomic.Pointer[stage.Env]
	console *console.Console
	server  *httptest.Server

	mu  sync.Mutex
	now time.Time
	ran []string // runs that were asked for

	broken bool // no change can be taken over
	waits  bool // a run that is asked for waits already
}

// day is the workspace after a day of the demo's, of which every site is a copy.
var day struct {
	sync.Once
	dir string
	err error
}

func TestMain(m *testing.M) {
	flag.Parse()
	code := pgtest.Main(m)
	if day.dir != "" {
		os.RemoveAll(day.dir)
	}
	os.Exit(code)
}

func open(t *testing.T) *site {
	t.Helper()
	day.Do(func() {
		if day.dir, day.err = os.MkdirTemp("", "mallbridge-console-*"); day.err == nil {
			_, day.err = demo.Run(context.Background(), demo.Options{Dir: day.dir, Once: true, Seed: 1, Orders: 120, Lang: "ja", Now: func() time.Time { return evening }})
		}
	})
	if day.err != nil {
		t.Fatal(day.err)
	}
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(day.dir)); err != nil {
		t.Fatal(err)
	}
	ws := load(t, dir)
	l, err := ledger.Open(t.Context(), ws.Path(ws.Settings.Ledger))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	s := &site{T: t, now: evening}
	world := &stage.Env{Workspace: ws, Ledger: l, Secrets: &secrets.Resolver{Dir: ws.Dir}, Now: s.clock, Sleep: stage.Sleep, Log: slog.New(slog.DiscardHandler), Owner: "test"}
	s.env.Store(world)
	s.console, err = console.New(console.Options{Env: s.env.Load, Reload: s.reload, Run: func(_ context.Context, stage, target string) (bool, error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.ran = append(s.ran, stage+" "+target)
		return !s.waits, nil
	}, Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	s.console.Fresh()
	s.server = httptest.NewServer(s.console.Handler())
	t.Cleanup(s.server.Close)
	return s
}

func load(t *testing.T, dir string) *configs.Workspace {
	t.Helper()
	ws, findings, err := configs.Load(dir, func(string) string { return "" })
	if err == nil {
		err = findings.Err()
	}
	if err != nil {
		t.Fatal(err)
	}
	return ws
}

// reload takes over the files of the workspace as serve does.
func (s *site) reload(context.Context) error {
	if s.broken {
		return errors.New("the workspace has 1 error")
	}
	next := *s.env.Load()
	ws, findings, err := configs.Load(next.Workspace.Dir, func(string) string { return "" })
	if err == nil {
		err = findings.Err()
	}
	if err != nil {
		return err
	}
	next.Workspace = ws
	s.env.Store(&next)
	return nil
}

// world is the present one.
func (s *site) world() *stage.Env { return s.env.Load() }

func (s *site) clock() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

func (s *site) move(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = s.now.Add(d)
}

func (s *site) check(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// A visitor is a browser without scripts.
type visitor struct {
	*site
	http *http.Client
	lang string
}

func (s *site) visitor(lang string) *visitor {
	jar, err := cookiejar.New(nil)
	s.check(err)
	return &visitor{s, &http.Client{Jar: jar}, lang}
}

const password = "correct horse battery"

// as is a visitor who has chosen a password and signed in.
func (s *site) as(name, role, lang string) *visitor {
	s.Helper()
	path, err := console.Invite(s.Context(), s.world(), name, role, "test")
	s.check(err)
	v := s.visitor(lang)
	v.want(v.post(path, "password", password, "again", password), http.StatusOK)
	return v
}

type answer struct {
	status int
	path   string
	query  string
	header http.Header
	body   string
}

func (v *visitor) do(r *http.Request) answer {
	v.Helper()
	r.Header.Set("Accept-Language", v.lang)
	res, err := v.http.Do(r)
	v.check(err)
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	v.check(err)
	return answer{res.StatusCode, res.Request.URL.Path, res.Request.URL.RawQuery, res.Header, string(b)}
}

func (v *visitor) get(path string) answer {
	v.Helper()
	r, err := http.NewRequest(http.MethodGet, v.server.URL+path, http.NoBody)
	v.check(err)
	return v.do(r)
}

func (v *visitor) post(path string, pairs ...string) answer {
	v.Helper()
	form := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		form.Add(pairs[i], pairs[i+1])
	}
	r, err := http.NewRequest(http.MethodPost, v.server.URL+path, strings.NewReader(form.Encode()))
	v.check(err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	return v.do(r)
}

// upload sends a file by the form of the page.
func (v *visitor) upload(account, name string, data []byte) answer {
	v.Helper()
	return v.send("/upload", account, name, data)
}

// send sends a file to a page.
func (v *visitor) send(path, account, name string, data []byte) answer {
	v.Helper()
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	if account != "" {
		v.check(m.WriteField("account", account))
	}
	w, err := m.CreateFormFile("file", name)
	v.check(err)
	_, err = w.Write(data)
	v.check(err)
	v.check(m.Close())
	r, err := http.NewRequest(http.MethodPost, v.server.URL+path, &b)
	v.check(err)
	r.Header.Set("Content-Type", m.FormDataContentType())
	return v.do(r)
}

func (v *visitor) want(a answer, status int) answer {
	v.Helper()
	if a.status != status {
		v.Fatalf("%s: status %d, want %d\n%s", a.path, a.status, status, a.body)
	}
	return a
}

func (v *visitor) shows(a answer, texts ...string) answer {
	v.Helper()
	for _, t := range texts {
		if !strings.Contains(a.body, t) {
			v.Errorf("%s does not show %q:\n%s", a.path, t, a.body)
		}
	}
	return a
}

// serve asks a handler for a page without a browser.
func (s *site) serve(h http.Handler, path string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, http.NoBody))
	return w
}

func must(s *site, address string) *url.URL {
	s.Helper()
	u, err := url.Parse(address)
	s.check(err)
	return u
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }
