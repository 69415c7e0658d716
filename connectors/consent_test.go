package connectors

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/mallbridge/mallbridge/order"
)

// A consented driver takes the code "good".
type consented struct{ noDriver }

func (consented) Consent(back, state string) (string, error) {
	return "https://login.mall.example/agree?state=" + state + "&back=" + url.QueryEscape(back), nil
}

func (consented) Redeem(_ context.Context, _ string, answer url.Values) (Grant, error) {
	if code := answer.Get("code"); code != "good-code" {
		return Grant{}, &Error{Class: Refused, Message: "no such code"}
	}
	return Grant{Secrets: map[string]string{"token": "refresh-9000"}}, nil
}

func TestConsentOfAMall(t *testing.T) {
	open := func(d Driver) *Mall {
		var client *Client
		m, err := Spec{About: Described([]byte(plainAbout)), New: func(_ Account, c *Client) (Driver, error) { client = c; return d, nil }}.Open(Account{Name: "shop"}, Options{})
		if err != nil || client == nil {
			t.Fatal(err)
		}
		return m
	}
	m := open(consented{})
	if link, err := m.Consent("http://localhost/", "S"); err != nil || link != "https://login.mall.example/agree?state=S&back=http%3A%2F%2Flocalhost%2F" {
		t.Errorf("%s %v", link, err)
	}
	if g, err := m.Redeem(t.Context(), "", url.Values{"code": {"good-code"}}); err != nil || g.Secrets["token"] != "refresh-9000" {
		t.Errorf("%v", err)
	}
	if s := m.client.hidden.text("the code good-code gave refresh-9000"); strings.Contains(s, "good-code") || strings.Contains(s, "9000") {
		t.Errorf("%s", s)
	}
	if _, err := m.Redeem(t.Context(), "", url.Values{"code": {"bad"}}); ClassOf(err) != Refused || !strings.HasPrefix(err.Error(), "plain: ") {
		t.Errorf("%v", err)
	}
	m = open(noDriver{})
	if _, err := m.Consent("", ""); order.CodeOf(err) != order.Invalid {
		t.Errorf("%v", err)
	}
	if _, err := m.Redeem(t.Context(), "", nil); order.CodeOf(err) != order.Invalid {
		t.Errorf("%v", err)
	}
}

// A token that only consent gives is missing in a way that says what to do.
func TestGranted(t *testing.T) {
	value, fails := "", error(nil)
	b := newBench(t, http.NotFound, nil)
	b.secret = func(string) (string, error) { return value, fails }
	for _, x := range []struct {
		name  string
		value string
		err   error
		says  string
	}{
		{"not set", "", nil, "no consent yet"},
		{"a file that is not there", "", order.Errorf(order.NotFound, "", "no such file"), "no consent yet"},
		{"a file that cannot be read", "", errors.New("permission denied"), "secret token cannot be read"},
		{"there", "refresh-9000", nil, ""},
	} {
		value, fails = x.value, x.err
		got, err := b.Granted("token")
		if x.says == "" {
			if err != nil || got != x.value || strings.Contains(b.hidden.text(got), "9000") {
				t.Errorf("%s: %v", x.name, err)
			}
			continue
		}
		e := AsError(err)
		if e.Class != Reauth || e.Cause != CauseKey || e.Message != x.says || (e.Hint == "run account consent shop") != (x.says == "no consent yet") {
			t.Errorf("%s: %+v", x.name, e)
		}
	}
}

func TestHostAddress(t *testing.T) {
	b := newBench(t, http.NotFound, func(a *About, _ *Options) { a.Hosts = map[string]string{"login": "https://login.mall.example"} })
	if got, err := b.HostAddress("login"); err != nil || got != b.server.URL+"/login" {
		t.Errorf("%s %v", got, err)
	}
	if _, err := b.HostAddress("other"); err == nil {
		t.Error("there is no such host")
	}
}

// What differs from another mall's description stands over it; the rest is the same.
func TestAboutOver(t *testing.T) {
	base := MustAbout([]byte(plainAbout))
	a := MustAboutOver([]byte(plainAbout), []byte("name: plain-two\ntitle: {en: two, ja: 二, ko: 둘}\n"))
	if a.Name != "plain-two" || a.Title.JA != "二" || a.Zone != base.Zone || len(a.Settings) != len(base.Settings) || a.Settings[0].Name != base.Settings[0].Name {
		t.Errorf("%+v", a)
	}
}
