package charset

import (
	"fmt"
	"strings"
	"testing"
)

// TestFacts goes through the characters on which code pages differ. A code is
// in hex; "-" means that the character is refused.
func TestFacts(t *testing.T) {
	tests := []struct {
		char                rune
		nec, ibm, strict, k string
	}{
		{'〜', "-", "-", "8160", "-"},
		{'～', "8160", "8160", "-", "A2A6"},
		{'\u2212', "-", "-", "817C", "-"},
		{'\uFF0D', "817C", "817C", "-", "A3AD"},
		{'\u2013', "-", "-", "-", "-"},
		{'\u2014', "-", "-", "-", "-"},
		{'\u2011', "-", "-", "-", "-"},
		{'\u2015', "815C", "815C", "815C", "A1AA"},
		{'\u2010', "815D", "815D", "815D", "-"},
		{'‖', "-", "-", "8161", "-"},
		{'∥', "8161", "8161", "-", "A1AB"},
		{'¢', "-", "-", "8191", "-"},
		{'£', "-", "-", "8192", "-"},
		{'¬', "-", "-", "81CA", "-"},
		{'￠', "8191", "8191", "-", "A1CB"},
		{'￡', "8192", "8192", "-", "A1CC"},
		{'￢', "81CA", "81CA", "-", "A1FE"},
		{'¥', "-", "-", "-", "-"}, // 5C would come back as a backslash
		{'‾', "-", "-", "-", "-"}, // and 7E as a tilde
		{'\\', "5C", "5C", "5C", "5C"},
		{'~', "7E", "7E", "7E", "7E"},
		{'￥', "818F", "818F", "818F", "A1CD"},
		{'＼', "815F", "815F", "815F", "A1AC"},
		{'①', "8740", "8740", "-", "A8E7"},
		{'Ⅰ', "8754", "8754", "-", "A5B0"},
		{'㈱', "878A", "878A", "-", "-"},
		{'№', "8782", "8782", "-", "A2E0"},
		{'℡', "8784", "8784", "-", "A2E5"},
		{'㍻', "877E", "877E", "-", "-"},
		{'∑', "8794", "8794", "-", "A2B2"},
		{'髙', "EEE0", "FBFC", "-", "-"},
		{'﨑', "ED95", "FAB1", "-", "-"},
		{'ⅰ', "EEEF", "FA40", "-", "A5A1"},
		{'￤', "EEFA", "FA55", "-", "-"},
		{'＇', "EEFB", "FA56", "-", "A3A7"},
		{'＂', "EEFC", "FA57", "-", "A3A2"},
		{'♡', "-", "-", "-", "A2BD"},
		{'❤', "-", "-", "-", "-"},
		{'♥', "-", "-", "-", "A2BE"},
		{'𠮷', "-", "-", "-", "-"},
		{'😀', "-", "-", "-", "-"},
		{'\u00A0', "-", "-", "-", "-"},
		{'\u200B', "-", "-", "-", "-"},
		{'\uFEFF', "-", "-", "-", "-"},
		{'\u3099', "-", "-", "-", "-"},
		{'\u309A', "-", "-", "-", "-"},
		{'é', "-", "-", "-", "-"},
		{'ゔ', "-", "-", "-", "-"},
		{'ヷ', "-", "-", "-", "-"},
		{'丂', "-", "-", "-", "-"},
		{'鷗', "-", "-", "-", "CFCE"},
		{'俱', "-", "-", "-", "CEFC"},
		{'㐂', "-", "-", "-", "-"},
		{'\u0080', "-", "-", "-", "-"},
		// Second bytes that are ASCII: backslash, vertical bar.
		{'表', "955C", "955C", "955C", "F8FA"},
		{'ソ', "835C", "835C", "835C", "ABBD"},
		{'能', "945C", "945C", "945C", "D2F6"},
		{'予', "975C", "975C", "975C", "E5F8"},
		{'ポ', "837C", "837C", "837C", "ABDD"},
		{'凜', "EAA3", "EAA3", "EAA3", "D7CF"}, // 84-05, of JIS X 0208:1990
		{'ｱ', "B1", "B1", "B1", "-"},
		{'똠', "-", "-", "-", "8C63"},
		{'뷁', "-", "-", "-", "94EE"},
		{'펲', "-", "-", "-", "BC84"},
		{'갂', "-", "-", "-", "8141"},
		{'힣', "-", "-", "-", "C652"},
		{'가', "-", "-", "-", "B0A1"},
		{'·', "-", "-", "-", "A1A4"},
		{'∼', "-", "-", "-", "A1AD"},
		{'￦', "-", "-", "-", "A3DC"},
		{'€', "-", "-", "-", "A2E6"},
		{'®', "-", "-", "-", "A2E7"},
		{'㈜', "-", "-", "-", "A2DF"},
		{'あ', "82A0", "82A0", "82A0", "AAA2"},
		{'・', "8145", "8145", "8145", "-"},
		{'₩', "-", "-", "-", "-"},
		{'\u1100', "-", "-", "-", "-"},
	}
	for _, tt := range tests {
		strictK := tt.k
		if strictK != "-" && tt.char >= '가' && tt.char <= '힣' && (strictK[:1] < "A" || strictK[2:3] < "A") {
			strictK = "-"
		}
		for _, x := range []struct {
			c    *Charset
			want string
		}{{cp932, tt.nec}, {cp932IBM, tt.ibm}, {strictSJIS, tt.strict}, {cp949, tt.k}, {strictEUCKR, strictK}} {
			got := "-"
			if b, err := x.c.Encode(string(tt.char)); err == nil {
				got = fmt.Sprintf("%X", b)
			}
			if got != x.want {
				t.Errorf("%v: %#U is %s, want %s", x.c, tt.char, got, x.want)
			}
		}
	}
}

// TestDoubles reads characters that have several codes.
func TestDoubles(t *testing.T) {
	tests := map[string][]string{
		"ⅰ": {"\xFA\x40", "\xEE\xEF"},
		"纊": {"\xFA\x5C", "\xED\x40"},
		"髙": {"\xFB\xFC", "\xEE\xE0"},
		"∵": {"\x87\x9A", "\xFA\x5B", "\x81\xE6"},
		"￢": {"\x81\xCA", "\xEE\xF9", "\xFA\x54"},
		"㈱": {"\x87\x8A", "\xFA\x58"},
		"Ⅰ": {"\x87\x54", "\xFA\x4A"},
		"∪": {"\x81\xBE", "\x87\x9C"},
	}
	for want, codes := range tests {
		for _, code := range codes {
			if got, err := cp932.Decode([]byte(code)); err != nil || got != want {
				t.Errorf("% X is %q, %v, want %s", code, got, err, want)
			}
		}
	}
	for code, want := range map[string]string{"\x81\x60": "〜", "\x81\x7C": "−", "\x81\x61": "‖", "\x81\x91": "¢", "\x81\x92": "£", "\x81\xCA": "¬", "\x5C\x7E": `\~`} {
		if got, err := strictSJIS.Decode([]byte(code)); err != nil || got != want {
			t.Errorf("shift_jis-strict: % X is %q, %v, want %s", code, got, err, want)
		}
	}
}

// TestNames of invented people, of the kinds that get lost.
func TestNames(t *testing.T) {
	names := map[*Charset]string{
		cp932:       "髙橋 﨑山 德永 瀨戸 濵田 彅 \uFA10 \uFA19 \u212B ㈱見本 №３ ﾐﾎﾝ表能ソポ",
		strictSJIS:  "高橋 崎山 見本太郎 １〜３ ﾐﾎﾝ",
		cp949:       "똠방각하 펲시콜라 뷁 홍길순 金見本 가나다 ① ㈜견본",
		strictEUCKR: "홍길순 김견본 金見本 ㈜견본",
		plainUTF8:   "𠮷野 髙橋 김견본 é 😀",
	}
	for c, s := range names {
		b, err := c.Encode(s)
		if err != nil {
			t.Errorf("%v: %v", c, err)
			continue
		}
		if got, err := c.Decode(b); err != nil || got != s {
			t.Errorf("%v: %s came back as %s, %v", c, s, got, err)
		}
		if strings.Contains(string(b), "\x1A") {
			t.Errorf("%v: wrote SUB, which ends a file for old programs", c)
		}
	}
}
