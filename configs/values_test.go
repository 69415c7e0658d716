package configs

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mallbridge/mallbridge/mappers/charset"
	"github.com/mallbridge/mallbridge/mappers/format"
	"github.com/mallbridge/mallbridge/order"
)

func TestDuration(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"0": 0, "90s": 90 * time.Second, "2h30m": 150 * time.Minute, "3d": 72 * time.Hour, "1d12h": 36 * time.Hour, "1.5h": 90 * time.Minute,
	} {
		var d Duration
		if err := d.UnmarshalText([]byte(text)); err != nil || d.Std() != want {
			t.Errorf("%s: %v, %v", text, d.Std(), err)
		}
		var again Duration
		if err := again.UnmarshalText([]byte(d.String())); err != nil || again != d {
			t.Errorf("%s is written %s, which is %v, %v", text, d, again.Std(), err)
		}
	}
	for _, text := range []string{"", "2", "-1s", "1d-1h", "d", "9999d", "1w", "1 h", "2562047h"} {
		if err := new(Duration).UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
}

func TestSchedule(t *testing.T) {
	for text, want := range map[string]string{
		"off": "off", "5s": "5s", "10m": "10m", "1h30m": "1h30m", "*/10  8-19 * * 1-6": "*/10 8-19 * * 1-6", "30 9 * * mon-fri": "30 9 * * mon-fri",
	} {
		var s Schedule
		if err := s.UnmarshalText([]byte(text)); err != nil || s.String() != want || s.IsZero() {
			t.Errorf("%s: %s, %v", text, s, err)
		}
	}
	for _, text := range []string{"", "0s", "4s", "8d", "10", "daily", "@daily", "* * * *", "* * * * * *", "60 * * * *", "TZ=UTC * * * *"} {
		if err := new(Schedule).UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
	every := Schedule{Every: time.Minute}
	if (Schedule{}).Or(every) != every || (Schedule{Off: true}).Or(every) == every {
		t.Error("Or does not keep what is set")
	}
}

func TestClockAndWeekday(t *testing.T) {
	var c Clock
	if err := c.UnmarshalText([]byte("14:05")); err != nil || c.String() != "14:05" {
		t.Errorf("%s %v", c, err)
	}
	tokyo, err := time.LoadLocation("Asia/Tokyo")
	if err != nil {
		t.Fatal(err)
	}
	at := c.On(time.Date(2026, 11, 22, 1, 0, 0, 0, tokyo))
	if got := at.UTC().Format(time.RFC3339); got != "2026-11-22T05:05:00Z" {
		t.Error(got)
	}
	for _, text := range []string{"24:00", "9", "", "14:60", "2pm"} {
		if err := new(Clock).UnmarshalText([]byte(text)); err == nil {
			t.Errorf("clock %q is taken", text)
		}
	}
	var d Weekday
	if err := d.UnmarshalText([]byte("Sat")); err != nil || time.Weekday(d) != time.Saturday || d.String() != "sat" {
		t.Errorf("%s %v", d, err)
	}
}

func TestSince(t *testing.T) {
	tokyo, err := time.LoadLocation("Asia/Tokyo")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 21, 16, 0, 0, 0, time.UTC) // the 22nd in Tokyo
	for _, c := range []struct {
		notBefore order.Date
		lookback  int
		first     order.Date
		want      order.Date
	}{
		{"", 0, "", ""},
		{"", 0, "2026-11-01", "2026-11-01"},
		{"2026-10-01", 0, "2026-11-01", "2026-10-01"},
		{"2026-10-01", 7, "", "2026-11-15"},
		{"2026-11-20", 7, "", "2026-11-20"},
	} {
		a := Account{NotBefore: c.notBefore, LookbackDays: c.lookback, Location: tokyo}
		if got := a.Since(now, c.first); got != c.want {
			t.Errorf("%+v: %s", c, got)
		}
	}
}

func TestReplacementsFor(t *testing.T) {
	cp932, err := charset.Lookup("cp932")
	if err != nil {
		t.Fatal(err)
	}
	none, err := (&Replacements{}).For(cp932)
	if err != nil {
		t.Fatal(err)
	}
	if out, made := none.Apply("〜髙①"); out != "〜髙①" || len(made) > 0 {
		t.Errorf("without a list %q is made", out)
	}
	own := Replacements{Pairs: map[string]string{"髙": "高", "①": "(1)"}, Lists: []string{"suggested", "b2", "kanji"}}
	all, err := own.For(cp932)
	if err != nil {
		t.Fatal(err)
	}
	out, _ := all.Apply("髙①②𠮷")
	if !strings.HasPrefix(out, "高(1)") || strings.ContainsAny(out, "②𠮷") {
		t.Errorf("%q", out)
	}
	decomposed := "か\u3099"
	if out, _ := all.Apply(decomposed); out == "が" {
		t.Error("letters are composed without being asked")
	}
	own.Compose = true
	if all, err = own.For(cp932); err != nil {
		t.Fatal(err)
	}
	if out, _ := all.Apply(decomposed); out != "が" {
		t.Errorf("%q", out)
	}
}

func TestFileName(t *testing.T) {
	tokyo, err := time.LoadLocation("Asia/Tokyo")
	if err != nil {
		t.Fatal(err)
	}
	b := format.Batch{Number: "B12", Warehouse: "tokyo", Seq: 3, Time: time.Date(2026, 11, 21, 16, 0, 0, 0, time.UTC), Zone: tokyo}
	got, err := FileName(`{{.Warehouse}}_{{.Batch}}_{{printf "%03d" .Seq}}_{{.Time.Format "20060102"}}.csv`, nil, b)
	if err != nil || got != "tokyo_B12_003_20261122.csv" {
		t.Errorf("%q %v", got, err)
	}
	for _, text := range []string{"{{", "{{.Nothing}}", "a/b", "..", "{{if false}}x{{end}}"} {
		if _, err := FileName(text, nil, b); order.CodeOf(err) != order.Invalid {
			t.Errorf("%q: %v", text, err)
		}
	}
	all, err := Builtin()
	if err != nil {
		t.Fatal(err)
	}
	if got, err = FileName("", all["warehouse-instructions"], b); err != nil || got == "" {
		t.Errorf("%q %v", got, err)
	}
}

// The default target and one for a payment method give two columns, as in the
// seller's own example: default 300, and 200 for payments that need no waiting.
func TestTargetsByPayment(t *testing.T) {
	dir := base(t)
	put(t, dir, "accounts/shop-1.yaml", []byte("mall: rakuten\ntargets: {default: \"300\", 代金引換: \"200\"}\nwithout_status: take\n"))
	ws := load(t, dir)
	a, _ := ws.Account("shop-1")
	for _, c := range []struct{ status, payment, class string }{
		{"200", "クレジットカード", "unshipped"},
		{"300", "クレジットカード", "instructed"},
		{"200", "代金引換", "instructed"},
		{"300", "代金引換", "done"},
		{"", "クレジットカード", "instructed"},
		{"900", "代金引換", "cancelled"},
	} {
		if v := a.Status.Resolve(c.status, "", c.payment); string(v.Class) != c.class {
			t.Errorf("%s by %s is %s, not %s", c.status, c.payment, v.Class, c.class)
		}
	}
	var b strings.Builder
	if err := Explain(&b, ws, "en"); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"代金引換", "200 Rakuten processing           unshipped   instructed"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%q is not in\n%s", want, b.String())
		}
	}
}

// Explaining never fails, however wrong a workspace is.
func TestExplainWrongWorkspaces(t *testing.T) {
	cases, err := filepath.Glob("testdata/wrong/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range cases {
		ws, _, err := Load(unpack(t, file), nil)
		if err != nil {
			t.Fatal(err)
		}
		var b strings.Builder
		if err := Explain(&b, ws, "ja"); err != nil || b.Len() == 0 {
			t.Errorf("%s: %v", file, err)
		}
	}
}
