package payment

import (
	"strings"
	"testing"
)

func TestMap(t *testing.T) {
	rows := []Row{
		{Account: "rakuten", Name: "代金引換", Code: "2", Payment: "cod", Line: 2},
		{Account: "", Name: "クレジットカード", Code: "1", Payment: "prepaid", Line: 3},
		{Account: "shop-a", Name: "銀行振込", Payment: "prepaid", Line: 4},
		{Account: "rakuten", Name: "銀行振込", Payment: "deferred", Line: 5},
		{Account: "shop-b", Code: "1", Payment: " COD ", Line: 6},
	}
	m, findings := NewMap(rows)
	if len(findings) > 0 {
		t.Fatal(findings)
	}
	tests := []struct{ account, mall, text, want string }{
		{"shop-a", "rakuten", "代金引換", COD},
		{"shop-a", "rakuten", "2", COD},
		{"shop-a", "rakuten", "２", COD},
		{"shop-a", "rakuten", " ｸﾚｼﾞｯﾄｶｰﾄﾞ", Prepaid},
		{"shop-a", "rakuten", "銀行振込", Prepaid},
		{"shop-c", "rakuten", "銀行振込", Deferred},
		{"shop-b", "rakuten", "1", COD},
		{"shop-b", "rakuten", "クレジットカード", Prepaid},
		{"shop-a", "yahoo", "代金引換", ""},
		{"shop-a", "rakuten", "PayPay", ""},
		{"shop-a", "rakuten", "", ""},
	}
	for _, tt := range tests {
		got, ok := m.Map(tt.account, tt.mall, tt.text)
		if got != tt.want || ok != (tt.want != "") {
			t.Errorf("%s %s %q: got %q, %v, want %q", tt.account, tt.mall, tt.text, got, ok, tt.want)
		}
	}
}

func TestFindings(t *testing.T) {
	m, findings := NewMap([]Row{
		{Name: "A", Payment: "cash", Line: 2},
		{Payment: "cod", Line: 3},
		{Name: "B", Payment: "cod", Line: 4},
		{Name: "Ｂ", Payment: "prepaid", Line: 5},
		{Name: "B", Payment: "cod", Line: 6},
		{Code: "b", Payment: "", Line: 7},
	})
	want := []struct {
		line   int
		column string
		why    string
	}{
		{2, "payment", "not a kind"},
		{3, "name", "neither"},
		{5, "name", "prepaid here and cod in line 4"},
		{7, "payment", "not a kind"},
	}
	if len(findings) != len(want) {
		t.Fatalf("got %d findings: %+v", len(findings), findings)
	}
	for i, w := range want {
		f := findings[i]
		if f.Line != w.line || f.Column != w.column || !strings.Contains(f.Why, w.why) || f.Hint == "" {
			t.Errorf("finding %d: %+v, want %+v", i, f, w)
		}
	}
	if p, _ := m.Map("", "", "B"); p != COD {
		t.Errorf("the good row is lost: %q", p)
	}
}

func TestDefaults(t *testing.T) {
	for _, mall := range []string{"rakuten", "smartstore", "coupang", "plain"} {
		rows := Defaults(mall)
		if len(rows) == 0 {
			t.Errorf("%s: no rows", mall)
		}
		if _, findings := NewMap(rows); len(findings) > 0 {
			t.Errorf("%s: %+v", mall, findings)
		}
	}
	if len(Defaults("nowhere")) != 0 {
		t.Error("rows for an unknown mall")
	}
	m, _ := NewMap(Defaults("rakuten"))
	// Rakuten renamed code 14 on 2026-01-22; sheets of both times are mapped.
	for _, text := range []string{"14", "ローソン、郵便局ATM等（前払）", "ファミリーマート、ローソン等（前払）", "ファミリーマート、ローソン等(前払)"} {
		if p, ok := m.Map("shop", "rakuten", text); !ok || p != Prepaid {
			t.Errorf("%s: %q %v", text, p, ok)
		}
	}
	m2, findings := NewMap([]Row{{Account: "coupang", Name: "*", Payment: "prepaid"}, {Account: "coupang", Name: "착불", Payment: "cod"}})
	if len(findings) > 0 {
		t.Fatal(findings)
	}
	for text, want := range map[string]string{"": Prepaid, "x": Prepaid, "착불": COD} {
		if p, _ := m2.Map("shop", "coupang", text); p != want {
			t.Errorf("%q: %q, want %q", text, p, want)
		}
	}
	for text, want := range map[string]string{"2": COD, "代金引換": COD, "21": Deferred, "8": Prepaid} {
		if p, _ := m.Map("shop", "rakuten", text); p != want {
			t.Errorf("%s: %q, want %q", text, p, want)
		}
	}
}
