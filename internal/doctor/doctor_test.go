package doctor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mallbridge/mallbridge/configs"
	"github.com/mallbridge/mallbridge/internal/disk"
	"github.com/mallbridge/mallbridge/internal/pgtest"
	"github.com/mallbridge/mallbridge/internal/secrets"
	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/pipeline/stage"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

var values = regexp.MustCompile(`\{[a-z0-9]+\}`)

// Each finding has its texts in three languages with the same values, and a next step
// exactly if it is not well.
func TestKinds(t *testing.T) {
	seen := map[string]bool{}
	for _, k := range Kinds {
		if seen[k.Name] || k.Check == "" {
			t.Errorf("%s: there twice, or without a check", k.Name)
		}
		seen[k.Name] = true
		if (k.State == OK) != (k.Do == [3]string{}) {
			t.Errorf("%s is %s; its next step is %q", k.Name, k.State, k.Do[0])
		}
		want := values.FindAllString(k.Text[0], -1)
		slices.Sort(want)
		for i := range 3 {
			got := values.FindAllString(k.Text[i], -1)
			slices.Sort(got)
			if k.Text[i] == "" || !slices.Equal(slices.Compact(got), slices.Compact(slices.Clone(want))) {
				t.Errorf("%s: text %d has the values %v, want %v", k.Name, i, got, want)
			}
			if k.State != OK && k.Do[i] == "" {
				t.Errorf("%s: no next step in language %d", k.Name, i)
			}
		}
	}
}

// The kinds that the code finds are those that there are.
func TestEveryKindIsFound(t *testing.T) {
	used := map[string]bool{}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if f == "kinds.go" || strings.HasSuffix(f, "_test.go") {
			continue
		}
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`"([a-z]+_[a-z_]+|versions|language|charset|leftover|restored)"`).FindAllStringSubmatch(string(b), -1) {
			used[m[1]] = true
		}
	}
	for _, k := range Kinds {
		if !used[k.Name] {
			t.Errorf("nothing finds %s", k.Name)
		}
	}
}

// workspace loads a workspace with these settings.
func workspace(t *testing.T, settings string) Options {
	t.Helper()
	dir := t.TempDir()
	if err := errors.Join(os.Chmod(dir, 0o700), os.CopyFS(dir, os.DirFS(filepath.Join("..", "..", "testdata", "workspaces", "shop")))); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "mallbridge.yaml"), []byte("timezone: Asia/Tokyo\n"+settings), 0o600); err != nil {
		t.Fatal(err)
	}
	ws, findings, err := configs.Load(dir, nil)
	if err != nil || findings.Errors() > 0 {
		t.Fatal(err, findings)
	}
	return Options{
		Workspace: ws, Findings: findings, Ledger: ws.Path(ws.Settings.Ledger), Getenv: func(string) string { return "" },
		Env: &stage.Env{Workspace: ws, Secrets: &secrets.Resolver{Dir: dir}, Malls: &stage.Malls{}, Now: time.Now, Sleep: stage.Sleep, Log: slog.New(slog.DiscardHandler)},
	}
}

// found are the kinds of findings about a subject.
func found(fs []Finding, check string) (kinds []string) {
	for _, f := range fs {
		if f.Kind.Check == check {
			kinds = append(kinds, f.Kind.Name)
		}
	}
	return kinds
}

func TestPostgres(t *testing.T) {
	o := workspace(t, "console: {listen: off}\n")
	o.Ledger = pgtest.Database(t)
	l, err := ledger.Open(t.Context(), o.Ledger)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	for ahead, want := range map[time.Duration]string{0: "clock_ok", 12 * time.Second: "clock_off", -time.Hour: "clock_wrong"} {
		o.Env.Now = func() time.Time { return time.Now().Add(ahead) }
		fs := Look(t.Context(), o)
		if got := found(fs, "clock"); !slices.Contains(got, want) {
			t.Errorf("a clock that is %s ahead of the database's: %v, want %s", ahead, got, want)
		}
		if got := found(fs, "backup"); !slices.Equal(got, []string{"backup_elsewhere"}) {
			t.Errorf("backup: %v", got)
		}
	}
}

func TestPostgresSettings(t *testing.T) {
	good := map[string]string{"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on", "server_encoding": "UTF8", "server_version_num": "150004"}
	for _, c := range []struct{ name, value, want string }{
		{"fsync", "off", "postgres_unsafe"},
		{"synchronous_commit", "off", "postgres_unsafe"},
		{"synchronous_commit", "remote_apply", ""},
		{"server_encoding", "EUC_JP", "postgres_charset"},
		{"server_version_num", "140011", "postgres_old"},
		{"server_version_num", "90624", "postgres_old"},
		{"server_version_num", "180001", ""},
	} {
		d := &doctor{}
		h := ledger.Health{Settings: map[string]string{}}
		for k, v := range good {
			h.Settings[k] = v
		}
		h.Settings[c.name] = c.value
		d.postgres(h)
		got := strings.Join(found(d.found, "ledger"), " ")
		if got != c.want {
			t.Errorf("%s = %s: %q, want %q", c.name, c.value, got, c.want)
		}
	}
}

func TestServe(t *testing.T) {
	for _, c := range []struct {
		code       int
		body, want string
	}{
		{http.StatusOK, "ok\n", "serve_ok"},
		{http.StatusOK, "<html>", "serve_other"},
		{http.StatusNotFound, "", "serve_other"},
		{http.StatusServiceUnavailable, "plan shop: no success since\ncollect tokyo: no success since\n", "serve_ill serve_ill"},
	} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/healthz" {
				t.Errorf("%s is asked for", r.URL)
			}
			w.WriteHeader(c.code)
			io.WriteString(w, c.body)
		}))
		o := workspace(t, fmt.Sprintf("console: {listen: %q}\n", s.Listener.Addr()))
		if got := strings.Join(found(Look(t.Context(), o), "serve"), " "); got != c.want {
			t.Errorf("%d %q: %s, want %s", c.code, c.body, got, c.want)
		}
		s.Close()
	}
}

func TestHere(t *testing.T) {
	for in, want := range map[string]string{
		"127.0.0.1:8383": "127.0.0.1:8383", ":80": "127.0.0.1:80", "0.0.0.0:80": "127.0.0.1:80", "[::]:80": "[::1]:80",
		"[fe80::1]:80": "[fe80::1]:80", "shop.example:80": "shop.example:80",
	} {
		if got := here(in); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}

// A mall's clock is compared with ours as far as its answer tells.
func TestMallClock(t *testing.T) {
	now := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	for off, want := range map[time.Duration]string{0: "clock_ok", -5 * time.Second: "clock_ok", 20 * time.Second: "clock_off", 10 * time.Minute: "clock_wrong"} {
		o := workspace(t, "")
		d := &doctor{Options: o, ws: o.Workspace, env: o.Env}
		d.env.Now = func() time.Time { return now }
		err := d.mallClock(t.Context(), "shop", func(context.Context) (time.Time, error) { return now.Add(off), nil })
		if got := found(d.found, "clock"); err != nil || !slices.Equal(got, []string{want}) {
			t.Errorf("%s: %v %v, want %s", off, got, err, want)
		}
	}
}

func TestRoom(t *testing.T) {
	for _, c := range []struct {
		s    disk.Space
		want string
	}{
		{disk.Space{Free: 50 << 30, Total: 200 << 30}, "disk_ok"},
		{disk.Space{Free: 9 << 30, Total: 1000 << 30}, "disk_low"},
		{disk.Space{Free: 11 << 30, Total: 1000 << 30}, "disk_ok"},
		{disk.Space{Free: 500 << 20, Total: 2 << 30}, "disk_low"},
		{disk.Space{Free: 50 << 20, Total: 200 << 30}, "disk_full"},
		{disk.Space{Free: 50 << 30, Total: 200 << 30, FreeFiles: 400, Files: 10_000}, "disk_low"},
		{disk.Space{Free: 50 << 30, Total: 200 << 30, FreeFiles: 50, Files: 10_000}, "disk_full"},
	} {
		if got := room(c.s); got != c.want {
			t.Errorf("%+v: %s, want %s", c.s, got, c.want)
		}
	}
}

// Without Online nobody is asked but the database and serve: there is nobody at the
// addresses of malls and drops, and doctor does not notice.
func TestAsksNobody(t *testing.T) {
	asked := make(chan string, 10)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			c, err := l.Accept()
			if errors.Is(err, net.ErrClosed) {
				return
			}
			asked <- "somebody came"
			c.Close()
		}
	}()
	port := l.Addr().(*net.TCPAddr).Port
	o := workspace(t, "console: {listen: off}\n")
	for name, text := range map[string]string{
		"warehouses/tokyo.yaml": fmt.Sprintf("timezone: Asia/Tokyo\ndrop: {kind: sftp, host: 127.0.0.1, port: %d, user: u, password: env:P, host_keys: ['SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA']}\ninstructions: {format: warehouse-instructions}\nnumber: {prefix: T}\n", port),
	} {
		file := o.Workspace.Path(name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o700), os.WriteFile(file, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	ws, findings, err := configs.Load(o.Workspace.Dir, nil)
	if err != nil || findings.Errors() > 0 {
		t.Fatal(err, findings)
	}
	o.Workspace, o.Env.Workspace = ws, ws
	fs := Look(t.Context(), o)
	if got := found(fs, "host keys"); !slices.Equal(got, []string{"hostkey_ok"}) {
		t.Errorf("host keys: %v", got)
	}
	if len(asked) > 0 {
		t.Error(<-asked)
	}
	o.Online = true
	o.Env.Secrets = &secrets.Resolver{Getenv: func(string) (string, bool) { return "secret", true }}
	if got := found(Look(t.Context(), o), "drops"); !slices.Equal(got, []string{"drop_unreachable"}) {
		t.Errorf("online: %v", got)
	}
	if len(asked) == 0 {
		t.Error("online nobody came either, so the test shows nothing")
	}
}

// Lengths of time among the values of a finding are in the reader's language.
func TestSpansOfFindings(t *testing.T) {
	f := Finding{Kind: lookup("leftover"), Subject: "outbox/x", Args: []string{span(3*time.Hour + 2*time.Minute)}}
	for lang, want := range map[string]string{
		"en": "outbox/x was left 3h02m ago by a process that was killed",
		"ja": "outbox/x は 3時間2分 前に中断した処理の残り物です",
		"ko": "outbox/x은(는) 3시간 2분 전에 중단된 작업이 남긴 것입니다",
	} {
		if got := f.Text(lang); got != want {
			t.Errorf("%s: %q, want %q", lang, got, want)
		}
	}
}
