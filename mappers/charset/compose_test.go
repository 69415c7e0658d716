package charset

import (
	"testing"

	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"
)

func TestNFC(t *testing.T) {
	tests := []struct{ name, s, want string }{
		{"kana with marks", "か\u3099は\u309Aウ\u3099", "がぱヴ"},
		{"jamo", "\u1112\u1169\u11BC\u1100\u1175\u11AF\u1103\u1169\u11BC", "홍길동"},
		{"latin", "Cafe\u0301", "Café"},
		{"composed already", "がぱヴ홍길동é", "がぱヴ홍길동é"},
		{"compatibility stays", "①㈱ｶﾞＡ", "①㈱ｶﾞＡ"},
		{"kanji of the IBM rows stay", "\uFA10\uFA19\uFA1B\uFA26", "\uFA10\uFA19\uFA1B\uFA26"},
		{"ångström and ohm stay", "\u212B\u2126", "\u212B\u2126"},
		{"doubles of KS X 1001 stay", "\uF914\uF95C", "\uF914\uF95C"},
		{"a singleton beside marks", "\uFA10か\u3099\uFA10", "\uFA10が\uFA10"},
		{"a mark that has no place stays", "\uFA19\u3099", "\uFA19\u3099"},
		{"mark first", "\u3099か\u3099", "\u3099が"},
		{"damaged", "\xFFか\u3099", "\xFFが"},
		{"empty", "", ""},
	}
	for _, tt := range tests {
		if got := NFC(tt.s); got != tt.want {
			t.Errorf("%s: NFC(%+q) = %+q, want %+q", tt.name, tt.s, got, tt.want)
		}
	}
}

// TestNFCLosesNothingWritable: composing takes no character away from text that
// a charset can write.
func TestNFCLosesNothingWritable(t *testing.T) {
	for _, c := range []*Charset{cp932, strictSJIS, cp949, strictEUCKR} {
		for r := rune(0); r <= 0xFFFF; r++ {
			if c.RuneLen(r) > 0 && NFC(string(r)) != string(r) {
				t.Errorf("%v: NFC changes %#U to %#U", c, r, []rune(NFC(string(r))))
			}
		}
	}
}

func TestNFCProperties(t *testing.T) {
	alphabet := rapid.StringOfN(rapid.SampledFrom([]rune("aeかはウ\u3099\u309A\u0301\u0308\u1100\u1161\u11A8가\uFA10\u212B神")), 0, 12, -1)
	rapid.Check(t, func(t *rapid.T) {
		s := alphabet.Draw(t, "s")
		once := NFC(s)
		if twice := NFC(once); twice != once {
			t.Fatalf("NFC(%+q) = %+q, then %+q", s, once, twice)
		}
		if norm.NFC.String(once) != norm.NFC.String(s) {
			t.Fatalf("NFC(%+q) = %+q is another text", s, once)
		}
	})
}
