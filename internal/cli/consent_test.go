package cli

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mallbridge/mallbridge/configs"
	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/internal/secrets"
	"github.com/mallbridge/mallbridge/order"
)

// aMall stands for a mall with the ability: its page is at mall.example, and its code is
// "good".
type aMall struct{ back, state string }

func (m *aMall) Consent(back, state string) (string, error) {
	m.back, m.state = back, state
	return "https://mall.example/agree?state=" + state + "&redirect_uri=" + url.QueryEscape(back), nil
}

func (m *aMall) Redeem(_ context.Context, back string, answer url.Values) (connectors.Grant, error) {
	if answer.Get("code") != "good" || answer.Get("state") != m.state || back != m.back {
		return connectors.Grant{}, errors.New("the mall refuses the code")
	}
	return connectors.Grant{Secrets: map[string]string{"refresh_token": "RT-1"}, Settings: map[string]string{"consented": "2026-11-30"}}, nil
}

func TestConsentByTheListener(t *testing.T) {
	m := &aMall{}
	read, write := io.Pipe()
	a := &app{out: write, err: io.Discard, said: "ja"}
	ended := make(chan error, 1)
	go func() {
		g, err := a.agree(t.Context(), m, consent{listen: "127.0.0.1:0"})
		if err == nil && g.Secrets["refresh_token"] != "RT-1" {
			err = errors.New("nothing was given")
		}
		ended <- err
	}()
	line, err := bufio.NewReader(read).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	link, err := url.Parse(strings.TrimSpace(line))
	if err != nil {
		t.Fatal(err)
	}
	back, state := link.Query().Get("redirect_uri"), link.Query().Get("state")
	if len(state) < 32 || !strings.HasPrefix(back, "http://127.0.0.1:") {
		t.Fatalf("state %q, back %q", state, back)
	}
	for _, c := range []struct {
		path   string
		status int
		says   string
	}{
		{"favicon.ico", http.StatusNotFound, "not found"},
		{"?code=bad&state=x", http.StatusBadRequest, "別の同意"},
		{"?code=good&state=" + state, http.StatusOK, "閉じて"},
	} {
		res, err := http.Get(back + c.path)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil || res.StatusCode != c.status || !strings.Contains(string(body), c.says) || strings.Contains(string(body), "good") {
			t.Errorf("%s: %d %s %v", c.path, res.StatusCode, body, err)
		}
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
	for _, address := range []string{"8765", "0.0.0.0:0", "192.0.2.1:8765", "mall.example:1"} {
		if _, err := greet(t.Context(), address, "S", "en"); err == nil || order.HintOf(err) == "" {
			t.Errorf("%s: %v", address, err)
		}
	}
}

func TestConsentEndsWithTheCall(t *testing.T) {
	read, _ := io.Pipe() // nobody types
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, o := range []consent{{}, {listen: "localhost:0"}} {
		a := &app{in: read, out: io.Discard, err: io.Discard}
		if _, err := a.agree(ctx, &aMall{}, o); !errors.Is(err, context.Canceled) {
			t.Errorf("%+v: %v", o, err)
		}
	}
}

// What a mall gave is kept where the account says.
func TestKeepGrant(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o750), os.WriteFile(path, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	read := func(name string) string {
		t.Helper()
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	var out, errw bytes.Buffer
	a := &app{out: &out, err: &errw}
	sec := &secrets.Resolver{Dir: dir}
	keep := func(refs map[string]secrets.Ref, show bool) error {
		out.Reset()
		errw.Reset()
		x := &configs.Account{Name: "shop", File: "accounts/shop.yaml", API: &configs.API{Secrets: refs}}
		g := connectors.Grant{Secrets: map[string]string{"refresh_token": "RT-9000"}, Settings: map[string]string{"consented": "2026-11-30"}}
		return a.keepGrant(&configs.Workspace{Dir: dir}, sec, x, g, show)
	}
	write("accounts/shop.yaml", "mall: x # mine\napi:\n  settings:\n    consented: \"2026-11-01\" # once\n")
	if err := keep(nil, false); err != nil {
		t.Fatal(err)
	}
	if got := read("keys/shop.refresh_token"); got != "RT-9000\n" {
		t.Errorf("%q", got)
	}
	want := "mall: x # mine\napi:\n  settings:\n    consented: \"2026-11-30\" # once\n  secrets:\n    refresh_token: \"file:keys/shop.refresh_token\"\n"
	if got := read("accounts/shop.yaml"); got != want {
		t.Errorf("%s", got)
	}
	write("own/token", "RT-8000\n")
	if err := keep(map[string]secrets.Ref{"refresh_token": "file:own/token"}, false); err != nil || read("own/token") != "RT-9000\n" {
		t.Errorf("%v %q", err, read("own/token"))
	}
	for _, show := range []bool{false, true} {
		var code exit
		if err := keep(map[string]secrets.Ref{"refresh_token": "env:SHOP_TOKEN"}, show); !errors.As(err, &code) || code != Waiting {
			t.Errorf("%v", err)
		}
		if is := out.String() == "SHOP_TOKEN=RT-9000\n"; is != show || !show && out.Len() > 0 {
			t.Errorf("--print %v: %q", show, out.String())
		}
		if s := errw.String(); !strings.Contains(s, "set the environment variable SHOP_TOKEN of the program to the new refresh_token") || strings.Contains(s, "RT-") {
			t.Errorf("%q", s)
		}
	}
}
