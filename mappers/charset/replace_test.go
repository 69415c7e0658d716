package charset

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func mustReplacements(tb testing.TB, pairs ...Pair) *Replacements {
	tb.Helper()
	r, err := NewReplacements(pairs)
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

func TestApply(t *testing.T) {
	list := mustReplacements(t,
		Pair{"〜", "～"}, Pair{"㈱", "(株)"}, Pair{"U+00A0", " "}, Pair{"U+FE00..U+FE0F", ""},
		Pair{"𠮷", "吉"}, Pair{"♡", ""}, Pair{"♡♡", "〓"}, Pair{"ｶﾞ", "ガ"}, Pair{"U+1F600", "U+FF08 U+FF09"},
	)
	tests := []struct {
		name, s, want string
		made          []Replacement
	}{
		{"nothing to do", "東京都 1-2-3", "東京都 1-2-3", nil},
		{"empty", "", "", nil},
		{"one", "10〜12時", "10～12時", []Replacement{{"〜", "～", 1}}},
		{"counted, in order of use", "㈱〜〜㈱〜", "(株)～～(株)～", []Replacement{{"㈱", "(株)", 2}, {"〜", "～", 3}}},
		{"by code point", "a\u00A0b", "a b", []Replacement{{"\u00A0", " ", 1}}},
		{"range, dropped", "❤\uFE0F", "❤", []Replacement{{"\uFE0F", "", 1}}},
		{"beyond the basic plane", "𠮷野", "吉野", []Replacement{{"𠮷", "吉", 1}}},
		{"longest wins", "♡♡♡", "〓", []Replacement{{"♡♡", "〓", 1}, {"♡", "", 1}}},
		{"two code points", "ｶﾞｶ", "ガｶ", []Replacement{{"ｶﾞ", "ガ", 1}}},
		{"result by code point", "😀", "（）", []Replacement{{"😀", "（）", 1}}},
		{"all gone", "♡", "", []Replacement{{"♡", "", 1}}},
		{"another of the same bucket", "𠮸", "𠮸", nil},
		{"damage is left for the encoder", "a\xFF〜", "a\xFF～", []Replacement{{"〜", "～", 1}}},
	}
	for _, tt := range tests {
		got, made := list.Apply(tt.s)
		if got != tt.want {
			t.Errorf("%s: Apply(%q) = %q, want %q", tt.name, tt.s, got, tt.want)
		}
		if diff := cmp.Diff(tt.made, made); diff != "" {
			t.Errorf("%s: %s", tt.name, diff)
		}
	}
}

func TestApplyNFC(t *testing.T) {
	list := mustReplacements(t, Pair{"が", "ガ"})
	if got, _ := list.Apply("か\u3099"); got != "か\u3099" {
		t.Errorf("composed without being asked: %+q", got)
	}
	got, made := list.WithNFC().Apply("か\u3099き\u3099")
	if got != "ガぎ" {
		t.Errorf("Apply = %+q", got)
	}
	if diff := cmp.Diff([]Replacement{{"NFC", "NFC", 2}, {"が", "ガ", 1}}, made); diff != "" {
		t.Error(diff)
	}
	if got, made := list.Apply("か\u3099"); got != "か\u3099" || made != nil {
		t.Error("WithNFC changed the list that it was called on")
	}
	parted := mustReplacements(t, Pair{"\u200B", ""}).WithNFC()
	if got, made := parted.Apply("き\u3099か\u200B\u3099"); got != "ぎが" || !cmp.Equal(made, []Replacement{{"NFC", "NFC", 2}, {"\u200B", "", 1}}) {
		t.Errorf("a mark that a removed character kept away: %+q, %v", got, made)
	}
	var none *Replacements
	if got, _ := none.WithNFC().Apply("か\u3099〜"); got != "が〜" {
		t.Errorf("NFC alone: %+q", got)
	}
	if got, made := none.Apply("〜"); got != "〜" || made != nil || none.Pairs() != nil {
		t.Errorf("no list: %q, %v", got, made)
	}
}

func TestNewReplacementsRefuses(t *testing.T) {
	tests := []struct {
		name  string
		pairs []Pair
		why   string
	}{
		{"empty", []Pair{{"", "x"}}, "no character"},
		{"twice", []Pair{{"〜", "～"}, {"〜", "-"}}, "twice"},
		{"twice in two spellings", []Pair{{"〜", "～"}, {"U+301C", "-"}}, "twice"},
		{"inside a range", []Pair{{"U+FE00..U+FE0F", ""}, {"U+FE0E", ""}}, "twice"},
		{"chain", []Pair{{"〜", "～"}, {"～", "-"}}, "name the final text"},
		{"chain inside a text", []Pair{{"①", "a〜b"}, {"〜", "～"}}, "name the final text"},
		{"itself", []Pair{{"a", "aa"}}, "name the final text"},
		{"words", []Pair{{"このことばは長すぎるので置き換えません", "x"}}, "not of words"},
		{"no code point", []Pair{{"U+ZZ", ""}}, "no code point"},
		{"surrogate", []Pair{{"U+D800", ""}}, "no code point"},
		{"too large", []Pair{{"U+110000", ""}}, "no code point"},
		{"bad result", []Pair{{"a", "U+"}}, "no code point"},
		{"range down", []Pair{{"U+FE0F..U+FE00", ""}}, "goes up"},
		{"wide range", []Pair{{"U+4E00..U+9FFF", ""}}, "at most"},
		{"half a range", []Pair{{"U+FE00..", ""}}, "no code point"},
		{"damaged", []Pair{{"a", "\xFF"}}, "damaged"},
		{"replacement character", []Pair{{"a", "\uFFFD"}}, "damaged"},
	}
	for _, tt := range tests {
		if _, err := NewReplacements(tt.pairs); err == nil || !strings.Contains(err.Error(), tt.why) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.why)
		}
	}
}

func TestPairsAreACopy(t *testing.T) {
	pairs := []Pair{{"〜", "～"}}
	list := mustReplacements(t, pairs...)
	pairs[0].To = "x"
	list.Pairs()[0].To = "y"
	if got := list.Pairs(); got[0].To != "～" {
		t.Errorf("Pairs = %v", got)
	}
}

// TestSuggested: what is offered is needed, can be written and makes a list.
func TestSuggested(t *testing.T) {
	for _, c := range writable() {
		pairs := Suggested(c)
		list := mustReplacements(t, pairs...)
		if utf := c.codec == (utf8Codec{}); utf != (len(pairs) == 0) {
			t.Errorf("%v: %d pairs", c, len(pairs))
		}
		for first, rules := range list.rules {
			for _, m := range rules {
				if len(c.Unmappable(m.from)) == 0 {
					t.Errorf("%v: %q can be written, %q offered for it", c, first, m.to)
				}
				if lack := c.Unmappable(m.to); lack != nil {
					t.Errorf("%v: %q offered for %q cannot be written", c, m.to, first)
				}
			}
		}
	}
	if got := Suggested(iso2022JP); got != nil {
		t.Errorf("iso-2022-jp: %v", got)
	}
	list := mustReplacements(t, Suggested(cp932)...)
	got, _ := list.Apply("10〜12−3‖¢£¬¥–—\u00A0\u200B\uFEFF\uFE0F\U000E0100𠮷")
	if want := "10～12－3∥￠￡￢￥―― 吉"; got != want || cp932.Unmappable(got) != nil {
		t.Errorf("cp932: %q, want %q", got, want)
	}
	list = mustReplacements(t, Suggested(strictSJIS)...)
	if got, _ := list.Apply("10～12－3∥"); got != "10〜12\u22123‖" {
		t.Errorf("shift_jis-strict: %q", got)
	}
	list = mustReplacements(t, Suggested(cp949)...)
	if got, _ := list.Apply("10〜12\u2212₩・"); got != "10～12－￦·" {
		t.Errorf("cp949: %q", got)
	}
	if got, _ := list.Apply("∼～"); got != "∼～" {
		t.Errorf("cp949 has two tildes: %q", got)
	}
}

func TestLists(t *testing.T) {
	for _, name := range ListNames() {
		pairs, err := List(name)
		if err != nil {
			t.Fatal(err)
		}
		list := mustReplacements(t, pairs...)
		for _, p := range pairs {
			if n := utf8.RuneCountInString(p.From); n != 1 || p.To == "" {
				t.Errorf("%s: %v", name, p)
			}
			if lack := strictSJIS.Unmappable(p.To); lack != nil {
				t.Errorf("%s: %v: %q is not in JIS X 0208", name, p, lack)
			}
			if name == "kanji" && cp932.Unmappable(p.From) == nil {
				t.Errorf("%s: %v: cp932 has it", name, p)
			}
		}
		// It joins the suggestions without a clash.
		mustReplacements(t, append(Suggested(cp932), list.Pairs()...)...)
	}
	if _, err := List("b3"); err == nil || !strings.Contains(err.Error(), "b2") {
		t.Errorf("List(b3): %v", err)
	}
	b2, err := List("B2")
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := mustReplacements(t, b2...).Apply("㈱見本 ①②⑳ Ⅲ №5 ㎏"); got != "(株)見本 1220 III No.5 kg" {
		t.Errorf("b2: %q", got)
	}
	printed, err := List("kanji")
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := mustReplacements(t, printed...).Apply("森鷗外 飛驒 麴町"); got != "森鴎外 飛騨 麹町" {
		t.Errorf("kanji: %q", got)
	}
}

// TestApplyTwice: with the suggestions a second pass finds nothing to do, and
// what was replaced is all that changed.
func TestApplyTwice(t *testing.T) {
	list := mustReplacements(t, Suggested(cp932)...).WithNFC()
	chars := rapid.StringOfN(rapid.SampledFrom([]rune("a東〜−‖¢\u00A0\u200B\uFE0F𠮷か\u3099가😀髙")), 0, 20, -1)
	rapid.Check(t, func(t *rapid.T) {
		s := chars.Draw(t, "s")
		once, made := list.Apply(s)
		if (once == s) != (made == nil) {
			t.Fatalf("Apply(%+q) = %+q, made %v", s, once, made)
		}
		if twice, again := list.Apply(once); twice != once || again != nil {
			t.Fatalf("Apply(%+q) = %+q, then %+q", s, once, twice)
		}
	})
}

func TestApplyDoesNotAllocate(t *testing.T) {
	list := mustReplacements(t, Suggested(cp932)...).WithNFC()
	const s = "東京都千代田区見本町１－２－３ 見本ビル５０１"
	if n := testing.AllocsPerRun(100, func() { list.Apply(s) }); n != 0 {
		t.Errorf("%v allocations with nothing to replace", n)
	}
}
