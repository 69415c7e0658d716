package phrase

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestSay(t *testing.T) {
	for _, c := range []struct{ lang, in, want string }{
		{"en", "shop: a.csv: line 1: column quantity: the file lacks the column 「quantity」", "shop: a.csv: line 1: column quantity: the file lacks the column 「quantity」"},
		{"ja", "shop: a.csv: line 1: column quantity: the file lacks the column 「quantity」", "shop: a.csv: 1行目: 列「quantity」: 必要な列がありません: 「quantity」"},
		{"ko", "shop: a.csv: line 12: column quantity: the file has the column 「quantity」 more than once", "shop: a.csv: 12행: 열 「quantity」: 같은 열이 여러 개 있습니다: 「quantity」"},
		{"ja", `→ line 2, column quantity: quantity_not_positive: a quantity of 1 or more is expected: "0"`, `→ 2行目, 列「quantity」: 数量が1以上ではありません: 1以上の数量が必要です: "0"`},
		{"ja", "氏名: 㐂 U+3402 has no code in cp932; no replacement is agreed", "氏名: 㐂 U+3402 はcp932にない文字です（置換の取り決めなし）"},
		{"ko", `changed: address, lines; instruction T00000002`, "변경: address, lines. 출고지시 T00000002"},
		{"ja", "shop: 5 rows of 10 rows.csv were refused; mend rejected/shop/x.csv and drop it again", "shop: 10 rows.csvの5行を読めませんでした。rejected/shop/x.csvを直して、もう一度入れてください"},
		{"ko", "→ file out1.csv has 90 instructions, usual are 30", "→ 파일 out1.csv의 출고지시 90건은 평소(30건)보다 매우 많습니다"},
		{"ja", `2026-11-22 08:36:08 order.held · rule · look at it`, "2026-11-22 08:36:08 保留 · ルールにより保留しました · look at it"},
		{"ko", `2026-11-22 08:36:08 rule.applied · rule "a" (line 7): route seoul (was tokyo)`, `2026-11-22 08:36:08 규칙 적용 · 규칙 "a"(7행): 창고 seoul(변경 전: tokyo)`},
		{"ja", "open 2026-11-28T00:00:00+09:00 – 2026-11-30T08:05:00+09:00", "未完了の注文 2026-11-28T00:00:00+09:00 – 2026-11-30T08:05:00+09:00"},
		{"ko", "the mall marks the order gift", "쇼핑몰 표시: gift"},
		{"ja", "something else", "something else"},
		{"fr", "nothing to do", "nothing to do"},
	} {
		if got := Say(c.lang, c.in); got != c.want {
			t.Errorf("%s: %q\n got %q\nwant %q", c.lang, c.in, got, c.want)
		}
	}
}

func TestLine(t *testing.T) {
	for _, c := range []struct{ lang, in, want string }{
		{"ja", "15 known orders, 1 windows", "15 既知の注文, 1 取得期間"},
		{"ko", "3 new orders", "3 새 주문"},
		{"ko", "nothing to do", "대상 없음"},
		{"en", "3 new orders, 1 windows", "3 new orders, 1 windows"},
		{"ja", "3 of something else", "3 of something else"},
		{"ja", "12 rows.csv: the file has no bytes", "12 rows.csv: ファイルが空です（0バイト）"},
	} {
		if got := Line(c.lang, c.in); got != c.want {
			t.Errorf("%s: %q: got %q, want %q", c.lang, c.in, got, c.want)
		}
	}
}

// TestStep says what a run is at, and finds what stages say of it that has no translation.
func TestStep(t *testing.T) {
	for _, c := range []struct {
		lang, of    string
		done, total int64
		want        string
	}{
		{"en", "T000001", 1200, 4000, "instructions written (T000001): 1,200 of 4,000"},
		{"ja", "T000001", 1200, 4000, "書き出した出荷指示 (T000001): 1,200 / 4,000"},
		{"ko", "", 3400, 0, "작성한 출고지시: 3,400"},
		{"en", "", 0, 0, "instructions written"},
	} {
		if got := Step(c.lang, "instructions written", c.of, c.done, c.total); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567", -1234: "-1,234"} {
		if got := Number(n); got != want {
			t.Errorf("%d is written %q", n, got)
		}
	}
	said := 0
	for _, name := range must(filepath.Glob("../../pipeline/*/*.go"))(t) {
		for _, m := range regexp.MustCompile(`nv\.At\("([^"]+)"`).FindAllStringSubmatch(string(must(os.ReadFile(name))(t)), -1) {
			said++
			if Step("ja", m[1], "", 0, 0) == m[1] || Step("ko", m[1], "", 0, 0) == m[1] {
				t.Errorf("%s: %q is not said in Japanese and Korean", name, m[1])
			}
		}
	}
	if said < 10 {
		t.Errorf("only %d steps were found", said)
	}
}

func must[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// Each translation uses the values of its phrase and no others.
func TestPhrasesKeepTheirValues(t *testing.T) {
	for _, p := range slices.Concat(checks, phrases, findings) {
		n := len(verbs.FindAllString(p[0], -1))
		for _, to := range p[1:] {
			if strings.TrimSpace(to) == "" {
				t.Errorf("%q has no translation", p[0])
			}
			used := map[string]bool{}
			for _, m := range dollars.FindAllStringSubmatch(to, -1) {
				used[m[1]] = true
			}
			if len(used) != n {
				t.Errorf("%q has %d values, %q uses %d", p[0], n, to, len(used))
			}
		}
	}
}
