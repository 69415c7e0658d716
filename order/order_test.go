package order

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"time"
)

func TestParseMoney(t *testing.T) {
	for _, c := range []struct {
		text, currency string
		want           int64
		decimal        string
	}{
		{"1080", "JPY", 1080, "1080"},
		{"￥1,080", "JPY", 1080, "1080"},
		{"1,234,567円", "JPY", 1234567, "1234567"},
		{"-9999", "JPY", -9999, "-9999"},
		{"12,000원", "KRW", 12000, "12000"},
		{"12.5", "USD", 1250, "12.50"},
		{"0.05", "USD", 5, "0.05"},
		{"-0.05", "USD", -5, "-0.05"},
		{"1080.00", "JPY", 1080, "1080"},
	} {
		m, err := ParseMoney(c.text, c.currency)
		if err != nil || m.Units != c.want || m.Decimal() != c.decimal {
			t.Errorf("%q %s: %d %q, %v; want %d %q", c.text, c.currency, m.Units, m.Decimal(), err, c.want, c.decimal)
		}
	}
	for _, bad := range []string{"", "abc", "1.5", "1,08", "1,2345", ",100", "12 34", "99999999999999999999", "1e3", "--1", "１００"} {
		if m, err := ParseMoney(bad, "JPY"); err == nil {
			t.Errorf("%q was read as %s", bad, m)
		}
	}
}

func TestEveryReasonSpeaksThreeLanguages(t *testing.T) {
	seen := map[Reason]bool{}
	for _, in := range Reasons {
		if seen[in.Reason] {
			t.Errorf("%s stands twice", in.Reason)
		}
		seen[in.Reason] = true
		for _, lang := range []string{"ja", "ko", "en"} {
			if in.Text[lang] == "" {
				t.Errorf("%s has no text in %s", in.Reason, lang)
			}
			if in.Who != Nobody && in.Do[lang] == "" {
				t.Errorf("%s does not say in %s what %s is to do", in.Reason, lang, in.Who)
			}
		}
	}
	if got := Reason("of_a_newer_version").Text("ja"); got != "of_a_newer_version" {
		t.Errorf("an unknown reason reads %q", got)
	}
}

func TestErrorsKeepCodeHintAndCause(t *testing.T) {
	err := fmt.Errorf("collect: %w", Errorf(Denied, "ask for access", "drop: %w", fs.ErrPermission))
	if CodeOf(err) != Denied || HintOf(err) != "ask for access" || !errors.Is(err, fs.ErrPermission) {
		t.Errorf("code %s, hint %q", CodeOf(err), HintOf(err))
	}
	if got := err.Error(); got != "collect: drop: permission denied" {
		t.Errorf("it reads %q", got)
	}
	if CodeOf(errors.New("x")) != Internal {
		t.Error("a plain error has a code")
	}
}

func TestAddressIsJoinedAsItIsPrinted(t *testing.T) {
	p := Party{Country: "JP", Prefecture: "東京都", City: "千代田区", Street: "千代田1-1", Building: "見本ビル2F"}
	if got := p.Address(); got != "東京都千代田区千代田1-1見本ビル2F" {
		t.Error(got)
	}
	p = Party{Country: "KR", Street: "나래구 새솔로 78", Building: "3동 402호"}
	if got := p.Address(); got != "나래구 새솔로 78 3동 402호" {
		t.Error(got)
	}
	p = Party{Country: "US", Prefecture: "CA", City: "Sampleton", Street: "10 Example Road", Building: "Apt 4"}
	if got := p.Address(); got != "10 Example Road, Apt 4, Sampleton, CA" {
		t.Error(got)
	}
}

func TestDates(t *testing.T) {
	tokyo := time.FixedZone("JST", 9*3600)
	if d := DateOf(time.Date(2026, 12, 31, 15, 30, 0, 0, time.UTC).In(tokyo)); d != "2027-01-01" {
		t.Error(d)
	}
	if d := Date("2028-02-28").AddDays(1); d != "2028-02-29" {
		t.Error(d)
	}
	if _, ok := Date("2026-02-30").Time(time.UTC); ok {
		t.Error("30 February exists")
	}
}

func TestCodesByName(t *testing.T) {
	c := Codes{"id", "code", "oid", "ocode", "sku", "bar"}
	var got []string
	for _, n := range CodeNames() {
		v, ok := c.By(n)
		if !ok {
			t.Errorf("%s is listed and not known", n)
		}
		got = append(got, v)
	}
	if strings.Join(got, " ") != "id code oid ocode sku bar" {
		t.Error(got)
	}
	if _, ok := c.By("price"); ok {
		t.Error("price is no code")
	}
}
