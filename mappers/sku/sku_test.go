package sku

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/mallbridge/mallbridge/order"
)

func line(codes order.Codes) *order.Line { return &order.Line{Codes: codes} }

func TestCode(t *testing.T) {
	l := line(order.Codes{ItemID: "shirt01", ItemCode: " S-1 ", OptionCode: "red-m", Barcode: "4901234567894"})
	for from, want := range map[string]string{
		"item_id": "shirt01", "item_code": "S-1", "option_code": "red-m", "barcode": "4901234567894",
		"item_id+option_code": "shirt01:red-m", "sku_code": "", "item_id+sku_code": "", "sku_code+item_id": "", "nothing": "",
	} {
		if got := Code(l, from); got != want {
			t.Errorf("%s: got %q, want %q", from, got, want)
		}
	}
	want := []Coded{{"option_code", "red-m"}, {"item_id", "shirt01"}}
	if diff := cmp.Diff(want, Codes(l, []string{"sku_code", "option_code", "item_id"})); diff != "" {
		t.Error(diff)
	}
}

func TestCheckFrom(t *testing.T) {
	for _, tt := range []struct {
		from []string
		err  string
	}{
		{[]string{"sku_code", "option_code", "item_code"}, ""},
		{[]string{"item_id+option_code"}, ""},
		{nil, "empty"},
		{[]string{"sku"}, `"sku" is not a code`},
		{[]string{"item_id+"}, `"" is not a code`},
		{[]string{"item_id", "item_id"}, "twice"},
	} {
		err := CheckFrom(tt.from)
		if (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
			t.Errorf("%v: %v", tt.from, err)
		}
	}
}

func TestMatch(t *testing.T) {
	x, findings := NewIndex([]Link{
		{Account: "shop-a", Code: "T-1", SKU: "00012", Line: 2},
		{Account: "shop-a", Code: "SET", SKU: "00012", Quantity: "2", Line: 3},
		{Account: "shop-a", Code: "SET", SKU: "BOX", Quantity: "1", Line: 4},
		{Code: "T-1", SKU: "other", Line: 5},
		{Account: "rakuten", Code: "T-1", SKU: "mall", Line: 6},
		{Account: "shop-a", Code: "red", SKU: "00012", Name: "Tシャツ 赤", Temperature: "冷凍", Weight: "90", Line: 7},
		{Account: "shop-a", Code: "new", SKU: "v1", Line: 8},
		{Account: "shop-a", Code: "new", SKU: "v2", From: "2026-12-01", Line: 9},
		{Account: "shop-a", Code: "new", SKU: "v2-box", From: "2026/12/1", Line: 10},
		{Account: "shop-a", Code: "later", SKU: "v3", From: "2027-01-01", Line: 11},
	}, []SKU{
		{SKU: "00012", Name: "Tシャツ", Barcode: "4901234567894", Weight: "120", Temperature: "normal", Warehouse: "tokyo", Line: 2},
		{SKU: "direct", Name: "直", Barcode: "4900000000001", Line: 3},
		{SKU: "x1", Barcode: "4900000000009", Line: 4},
		{SKU: "x2", Barcode: "4900000000009", Line: 5},
	})
	if len(findings) != 1 || !findings[0].Warning || findings[0].Column != "barcode" {
		t.Fatal(findings)
	}
	byOption := []string{"option_code", "item_code"}
	tests := []struct {
		name             string
		account, mall    string
		from             []string
		codes            order.Codes
		day              order.Date
		want, wantedCode string
	}{
		{"single", "shop-a", "rakuten", byOption, order.Codes{ItemCode: "T-1"}, "", "00012×1", "T-1"},
		{"set", "shop-a", "rakuten", byOption, order.Codes{ItemCode: "SET"}, "", "00012×2 BOX×1", "SET"},
		{"option decides", "shop-a", "rakuten", byOption, order.Codes{ItemCode: "SET", OptionCode: "red"}, "", "00012×1", "red"},
		{"unknown option is not replaced by its item", "shop-a", "rakuten", byOption, order.Codes{ItemCode: "T-1", OptionCode: "blue"}, "", "", "blue"},
		{"mall", "shop-b", "rakuten", byOption, order.Codes{ItemCode: "T-1"}, "", "mall×1", "T-1"},
		{"every account", "shop-b", "coupang", byOption, order.Codes{ItemCode: "T-1"}, "", "other×1", "T-1"},
		{"case matters", "shop-a", "", byOption, order.Codes{ItemCode: "t-1"}, "", "", "t-1"},
		{"no codes", "shop-a", "", byOption, order.Codes{ItemID: "1"}, "", "", ""},
		{"before a change", "shop-a", "", byOption, order.Codes{ItemCode: "new"}, "2026-11-30", "v1×1", "new"},
		{"from a change", "shop-a", "", byOption, order.Codes{ItemCode: "new"}, "2026-12-01", "v2×1 v2-box×1", "new"},
		{"unknown day", "shop-a", "", byOption, order.Codes{ItemCode: "new"}, "", "v2×1 v2-box×1", "new"},
		{"not yet", "shop-a", "", byOption, order.Codes{ItemCode: "later"}, "2026-11-22", "", "later"},
		{"the SKU itself", "shop-z", "", byOption, order.Codes{ItemCode: "direct"}, "", "direct×1", "direct"},
		{"zeros are part of the code", "shop-z", "", byOption, order.Codes{ItemCode: "12"}, "", "", "12"},
		{"barcode", "shop-z", "", []string{"barcode"}, order.Codes{Barcode: "4901234567894"}, "", "00012×1", "4901234567894"},
		{"barcode of two SKUs", "shop-z", "", []string{"barcode"}, order.Codes{Barcode: "4900000000009"}, "", "", "4900000000009"},
		{"barcode in another field", "shop-z", "", byOption, order.Codes{ItemCode: "4901234567894"}, "", "", "4901234567894"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			parts, code, ok := x.Match(tt.account, tt.mall, tt.from, line(tt.codes), tt.day)
			if got := show(parts); got != tt.want || code != tt.wantedCode || ok != (tt.want != "") {
				t.Errorf("got %q, code %q, %v; want %q, code %q", got, code, ok, tt.want, tt.wantedCode)
			}
		})
	}

	parts, _, _ := x.Match("shop-a", "", byOption, line(order.Codes{OptionCode: "red"}), "")
	want := []Component{{SKU: "00012", Name: "Tシャツ 赤", Quantity: 1, Temperature: order.Frozen, Weight: 90, Warehouse: "tokyo", Line: 7}}
	if diff := cmp.Diff(want, parts); diff != "" {
		t.Errorf("the link goes before the master: %s", diff)
	}
	parts, _, _ = x.Match("shop-a", "", byOption, line(order.Codes{ItemCode: "T-1"}), "")
	want = []Component{{SKU: "00012", Name: "Tシャツ", Quantity: 1, Temperature: order.Normal, Weight: 120, Warehouse: "tokyo", Line: 2}}
	if diff := cmp.Diff(want, parts); diff != "" {
		t.Errorf("the master fills what the link leaves open: %s", diff)
	}
	if c, ok := x.SKU("00012"); !ok || c.Weight != 120 {
		t.Errorf("master: %+v %v", c, ok)
	}
	if got := strings.Join(x.SKUs(), " "); got != "00012 direct x1 x2" {
		t.Error(got)
	}
}

func show(parts []Component) string {
	var out []string
	for _, p := range parts {
		out = append(out, fmt.Sprintf("%s×%d", p.SKU, p.Quantity))
	}
	return strings.Join(out, " ")
}

func TestFindings(t *testing.T) {
	_, findings := NewIndex([]Link{
		{Line: 2},
		{Code: "A", SKU: "1", Quantity: "0", Line: 3},
		{Code: "A", SKU: "1", Quantity: "1.5", Weight: "heavy", Temperature: "cold", From: "2026-02-30", Line: 4},
		{Code: "A", SKU: "1", Line: 5},
		{Code: "A", SKU: "1", Quantity: "2", Line: 6},
		{Code: "a", SKU: "2", Line: 7},
		{Code: "Ａ", SKU: "1", Line: 8},
		{Account: "shop", Code: "a", SKU: "2", Line: 9},
	}, []SKU{
		{Line: 2},
		{SKU: "1", Line: 3},
		{SKU: "1", Weight: "-1", Line: 4},
		{SKU: "3", Temperature: "warm", Line: 5},
	})
	var got []string
	for _, f := range findings {
		s := fmt.Sprintf("%s:%d %s", f.File, f.Line, f.Column)
		if f.Warning {
			s += " warning"
		}
		got = append(got, s)
		if f.Why == "" || f.Hint == "" {
			t.Errorf("%+v", f)
		}
	}
	want := []string{
		"skus:2 sku", "skus:4 sku", "skus:4 weight", "skus:5 temperature",
		"links:2 code", "links:2 sku", "links:3 quantity", "links:4 quantity", "links:4 weight", "links:4 temperature", "links:4 from",
		"links:6 sku", "links:7 code warning",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if f := findings[11]; !strings.Contains(f.Why, "line 5") {
		t.Error(f.Why)
	}
}

func TestSuggest(t *testing.T) {
	x, _ := NewIndex([]Link{
		{Account: "a", Code: "TSH-RED-M", SKU: "SKU-1", Line: 2},
		{Account: "a", Code: "TSH-BLUE-M", SKU: "SKU-2", Line: 3},
	}, []SKU{
		{SKU: "SKU-1", Name: "Tシャツ 赤 M", Barcode: "4901234567894"},
		{SKU: "SKU-2", Name: "Tシャツ 青 M"},
		{SKU: "MUG-100", Name: "マグカップ 白"},
	})
	tests := []struct {
		name                string
		code, title, jan    string
		wantSKU             string
		why                 Why
		atMost, wantResults int
	}{
		{"barcode", "?", "", "4901234567894", "SKU-1", SameBarcode, 5, 1},
		{"width and case", "ｔｓｈ-red_m", "", "", "SKU-1", SameFolded, 5, 1},
		{"spaces and hyphens", "TSH ブ", "", "", "", "", 5, 0},
		{"hyphens", "tshblue‐m", "", "", "SKU-2", SameFolded, 5, 1},
		{"one letter", "MUG-1O0", "", "", "MUG-100", NearCode, 5, 1},
		{"name", "zzz", "マグカップ　白", "", "MUG-100", SameName, 5, 1},
		{"near name", "zzz", "マグカップ 白 L", "", "MUG-100", NearName, 5, 1},
		{"limited", "zzz", "Tシャツ M", "", "SKU-1", NearName, 1, 1},
		{"nothing", "", "", "", "", "", 5, 0},
		{"none wanted", "MUG-100", "", "", "", "", 0, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := x.Suggest(tt.code, tt.title, tt.jan, tt.atMost)
			if len(got) != tt.wantResults {
				t.Fatalf("got %+v", got)
			}
			if len(got) > 0 && (got[0].SKU != tt.wantSKU || got[0].Why != tt.why) {
				t.Errorf("got %+v, want %s %s", got[0], tt.wantSKU, tt.why)
			}
		})
	}
}

// Every link that NewIndex took without a finding is found again under its
// account and code, with its quantity.
func TestIndexRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[A-Ba-b0あ가][-A-B0]{0,2}`)
		n := rapid.IntRange(0, 12).Draw(t, "n")
		links := make([]Link, n)
		for i := range links {
			links[i] = Link{
				Account: rapid.SampledFrom([]string{"", "shop"}).Draw(t, "account"), Code: text.Draw(t, "code"), SKU: text.Draw(t, "sku"),
				Quantity: fmt.Sprint(rapid.IntRange(-1, 9).Draw(t, "quantity")), Line: i + 2,
			}
		}
		x, findings := NewIndex(links, nil)
		bad := map[int]bool{}
		for _, f := range findings {
			if !f.Warning {
				bad[f.Line] = true
			}
		}
		for _, l := range links {
			if bad[l.Line] {
				continue
			}
			parts, _, ok := x.Match(l.Account, "", []string{"item_code"}, line(order.Codes{ItemCode: l.Code}), "")
			found := false
			for _, p := range parts {
				found = found || p.Line == l.Line && p.SKU == l.SKU && fmt.Sprint(p.Quantity) == l.Quantity
			}
			if !ok || !found {
				t.Fatalf("%+v is not found: %+v", l, parts)
			}
		}
	})
}

func TestDistance(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want int
	}{{"abc", "abc", 0}, {"abc", "abd", 1}, {"abc", "ab", 1}, {"", "ab", 2}, {"kitten", "sitting", 3}, {"abcd", "wxyz", -1}} {
		d, ok := distance([]rune(tt.a), []rune(tt.b), 3)
		if ok != (tt.want >= 0) || ok && d != tt.want {
			t.Errorf("%s %s: %d %v", tt.a, tt.b, d, ok)
		}
	}
}
