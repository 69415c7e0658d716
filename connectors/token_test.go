package connectors

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

// tokens gives access tokens under /login/token and refuses, below /, all but the
// last one given.
type tokens struct {
	mu      sync.Mutex
	given   int
	refused bool // no token is good enough
}

func (s *tokens) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	last := strings.Repeat("x", 8) + string(rune('a'+s.given))
	switch {
	case r.URL.Path == "/login/token":
		s.given++
		_, _ = io.WriteString(w, strings.Repeat("x", 8)+string(rune('a'+s.given)))
	case s.refused || r.Header.Get("Authorization") != "Bearer "+last:
		http.Error(w, "token "+r.Header.Get("Authorization"), http.StatusUnauthorized)
	}
}

func tokenBench(t *testing.T, s http.Handler) (*bench, func() error) {
	t.Helper()
	b := newBench(t, s.ServeHTTP, func(a *About, o *Options) {
		a.Hosts = map[string]string{"login": "https://login.mall.example"}
		o.Gate = NewGate(1) // the token's own call must not wait for the call that needs it
	})
	token := b.NewToken("Authorization", "Bearer ", func(ctx context.Context) (Access, error) {
		reply, err := b.Do(ctx, Request{Kind: "token", Method: http.MethodPost, Host: "login", Path: "/token", Safe: true, Confidential: true, Body: []byte("grant")})
		if err != nil {
			return Access{}, err
		}
		return Access{Value: string(reply.Body), Ends: reply.At.Add(time.Hour)}, nil
	})
	return b, func() error {
		r := get("orders")
		r.Token = token
		r.Judge = func(reply *Reply) error {
			if reply.Status == http.StatusUnauthorized {
				return &Error{Class: Reauth, Cause: CauseToken, Message: string(reply.Body)}
			}
			return nil
		}
		_, err := b.Do(context.Background(), r)
		return err
	}
}

func TestTokenIsSharedAndRenewed(t *testing.T) {
	s := &tokens{}
	b, call := tokenBench(t, s)
	var all sync.WaitGroup
	for range 5 {
		all.Go(func() {
			if err := call(); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if s.given != 1 {
		t.Fatalf("five calls took %d tokens", s.given)
	}
	b.move(59*time.Minute - time.Second)
	if err := call(); err != nil || s.given != 1 {
		t.Fatalf("a token with a minute left was not used: %v, %d given", err, s.given)
	}
	b.move(2 * time.Second)
	if err := call(); err != nil || s.given != 2 {
		t.Fatalf("a token was not renewed before its end: %v, %d given", err, s.given)
	}
	s.given++ // the mall has forgotten ours
	if err := call(); err != nil || s.given != 4 {
		t.Fatalf("a token that the mall ended was not renewed: %v, %d given", err, s.given)
	}
}

func TestTokenThatIsNeverTaken(t *testing.T) {
	s := &tokens{refused: true}
	b, call := tokenBench(t, s)
	err := call()
	var e *Error
	if !errors.As(err, &e) || e.Class != Reauth || e.Cause != CauseKey {
		t.Fatalf("got %v", err)
	}
	if s.given != 2 || b.hits.Load() != 4 {
		t.Fatalf("%d tokens and %d calls; one renewal is enough", s.given, b.hits.Load())
	}
	if strings.Contains(err.Error(), "xxxxxxxx") {
		t.Fatalf("the token stands in %v", err)
	}
	for _, x := range b.kept {
		if strings.Contains(string(x.Got)+string(x.Sent)+x.Error+x.URL, "xxxxxxxx") || x.Call == "token" && len(x.Got)+len(x.Sent) > 0 {
			t.Fatalf("the token was kept: %+v", x)
		}
	}
}

func TestAddressesOfSettings(t *testing.T) {
	text := strings.Replace(plainAbout, "base: https://mall.example\nsettings:\n", `base: https://{shop}.mall.example
hosts: {login: 'https://login.mall.example/{shop}'}
settings:
  - {name: shop, title: {en: s, ja: s, ko: s}, help: {en: h, ja: h, ko: h}, pattern: '[a-z]+', required: true}
`, 1)
	about, err := ParseAbout([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	var c *Client
	spec := Spec{About: func() *About { return about }, New: func(_ Account, client *Client) (Driver, error) { c = client; return noDriver{}, nil }}
	for _, tt := range []struct {
		settings map[string]string
		host     string
		want     string
	}{
		{map[string]string{"shop": "hana"}, "", "https://hana.mall.example/x"},
		{map[string]string{"shop": "hana"}, "login", "https://login.mall.example/hana/x"},
		{map[string]string{"shop": "hana", BaseURL: "http://127.0.0.1:1/a"}, "", "http://127.0.0.1:1/a/x"},
		{map[string]string{"shop": "hana", BaseURL: "http://127.0.0.1:1/a"}, "login", "http://127.0.0.1:1/a/login/x"},
	} {
		if _, err := spec.Open(Account{Name: "shop", Settings: tt.settings}, Options{}); err != nil {
			t.Fatal(err)
		}
		u, err := c.target(Request{Host: tt.host, Path: "/x"})
		if err != nil || u.String() != tt.want {
			t.Errorf("%v %q: %v, %v", tt.settings, tt.host, u, err)
		}
	}
	if _, err := spec.Open(Account{Name: "shop", Settings: map[string]string{"shop": "ha/na"}}, Options{}); err == nil {
		t.Error("a setting that would change the host was taken")
	}
	if _, err := ParseAbout([]byte(strings.Replace(text, "{shop}.mall", "{key}.mall", 1))); err == nil {
		t.Error("a secret was taken into an address")
	}
}

func TestAddressThatTheMallGives(t *testing.T) {
	b := newBench(t, func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.URL.RawQuery) }, nil)
	r := Request{Kind: "upload", Method: http.MethodPut, URL: b.server.URL + "/there?signature=abc123", Safe: true}
	reply, err := b.Do(context.Background(), r)
	if err != nil || string(reply.Body) != "signature=abc123" {
		t.Fatalf("%v, %v", reply, err)
	}
	if got := b.kept[0].URL; strings.Contains(got, "abc123") {
		t.Errorf("the signature was kept: %s", got)
	}
	u, _ := url.Parse(b.server.URL)
	r.URL = "http://elsewhere.example:" + u.Port() + "/there"
	if _, err := b.Do(context.Background(), r); ClassOf(err) != Refused {
		t.Errorf("an address without https was taken: %v", err)
	}
}
