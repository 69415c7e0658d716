package connectors

import (
	"strings"
	"testing"
	"time"
)

func TestAboutIsStrict(t *testing.T) {
	for _, c := range []struct{ old, new, want string }{
		{"charset: utf-8", "charset: utf-8\ncolour: red", "colour"},
		{"ja: 平", "ja: ''", "title: not in all three languages"},
		{"https://mall.example", "http://mall.example", "not https"},
		{"Asia/Tokyo", "Asia/Nowhere", "zone"},
		{"per_second: 1000", "per_second: 0", "per_second"},
		{"{per_second: 1000, burst: 1000}", "{calls: [x], per_second: 1, burst: 1}", "last entry"},
		{"pace: {orders: 10m}", "pace: {orders: ten}", "no duration"},
		{"secret: true", "secret: true, default: x", "no default"},
		{"name: key", "name: base_url", "reserved"},
		{"name: plain", "name: Plain Mall", "name"},
		{"name: plain", "name: plain--mall", "name"},
		{"secret: true, required: true", "secret: true, granted: true", "needs the ability consent"},
		{"secret: true, required: true", "secret: true, grantable: true", "needs the ability consent"},
		{"charset: utf-8", "charset: utf-8\nkeys: {warn: 0s}", "keys.warn"},
		{"charset: utf-8", "charset: utf-8\nabilities: [fly]", "fly"},
		{"charset: utf-8", "charset: utf-8\nneeds: {ship: key}", "needs"},
		{"charset: utf-8", "charset: utf-8\nneeds: {fly: plain}", "needs"},
		{"charset: utf-8", "charset: utf-8\nversion: {name: 2026-04, ends: soon}", "version"},
		{"charset: utf-8", "charset: utf-8\nversion: {ends: 2027-04-01}", "version"},
		{"charset: utf-8", "charset: utf-8\n---\nname: two", "more than one"},
	} {
		text := strings.Replace(plainAbout, c.old, c.new, 1)
		if text == plainAbout {
			t.Fatalf("%q is not there", c.old)
		}
		if _, err := ParseAbout([]byte(text)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.new, err)
		}
	}
}

func TestDurations(t *testing.T) {
	a, err := ParseAbout([]byte(strings.Replace(plainAbout, "orders: 10m", "orders: 63d", 1)))
	if err != nil || time.Duration(a.Pace.Orders) != 63*24*time.Hour || a.Pace.Orders.String() != "63d" {
		t.Errorf("%v %v", a, err)
	}
}

func TestSettingsAreCheckedAtEntry(t *testing.T) {
	a, err := ParseAbout([]byte(strings.Replace(plainAbout, "settings:", `settings:
  - {name: vendor, title: {en: v, ja: v, ko: v}, help: {en: h, ja: h, ko: h}, pattern: '[AC][0-9]{8}', example: A00012345, required: true}
  - {name: token, title: {en: v, ja: v, ko: v}, help: {en: h, ja: h, ko: h}, pattern: '[0-9]{4,}', secret: true}`, 1)))
	if err != nil {
		t.Fatal(err)
	}
	s, _ := a.Setting("vendor")
	for v, ok := range map[string]bool{"A00012345": true, "C00012345": true, "B00012345": false, "": false, "A00012345 ": false, "xA00012345": false} {
		if err := s.Check(v); (err == nil) != ok {
			t.Errorf("%q: %v", v, err)
		}
	}
	token, _ := a.Setting("token")
	if err := token.Check("hunter2secret"); err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("a secret in an error: %v", err)
	}
}

func TestAddressesOfTheAPI(t *testing.T) {
	s := Spec{About: Described([]byte(plainAbout))}
	for v, ok := range map[string]bool{
		"": true, "https://elsewhere.example/x": true, "http://127.0.0.1:8080": true, "http://[::1]:80": true, "http://localhost:1": true,
		"http://mall.example": false, "http://localhost.example": false, "ftp://127.0.0.1": false, "https://user:pw@mall.example": false,
		"https://mall.example?x=1": false, "mall.example": false,
	} {
		if err := s.Check(Account{Settings: map[string]string{BaseURL: v}}); (err == nil) != ok {
			t.Errorf("%q: %v", v, err)
		}
	}
	if err := s.Check(Account{Settings: map[string]string{"key": "x"}}); err == nil {
		t.Error("a secret among the settings")
	}
	if err := s.Check(Account{Settings: map[string]string{"colour": "red"}}); err == nil {
		t.Error("an unknown setting")
	}
}
