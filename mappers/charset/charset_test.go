package charset

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func mustLookup(tb testing.TB, name string) *Charset {
	tb.Helper()
	c, err := Lookup(name)
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

// writable are the charsets in which text can be written, in all byte forms.
func writable() []*Charset {
	return []*Charset{plainUTF8, markedUTF8, cp932, cp932IBM, strictSJIS, cp949, strictEUCKR}
}

func TestLookup(t *testing.T) {
	tests := map[string]string{
		"utf-8":            "utf-8",
		"UTF8":             "utf-8",
		"utf-8-bom":        "utf-8-bom",
		"UTF-8 (BOM)":      "utf-8-bom",
		"utf-8-sig":        "utf-8-bom",
		"cp932":            "cp932",
		"CP-932":           "cp932",
		"Shift_JIS":        "cp932",
		"shift-jis":        "cp932",
		"SJIS":             "cp932",
		"Windows-31J":      "cp932",
		"ms932":            "cp932",
		"shift_jis-strict": "shift_jis-strict",
		"cp949":            "cp949",
		"EUC-KR":           "cp949",
		"euckr":            "cp949",
		"UHC":              "cp949",
		"ks_c_5601-1987":   "cp949",
		"euc-kr-strict":    "euc-kr-strict",
		"ISO-2022-JP":      "iso-2022-jp",
	}
	for name, want := range tests {
		if got := mustLookup(t, name).Name(); got != want {
			t.Errorf("Lookup(%q) = %s, want %s", name, got, want)
		}
	}
	for _, name := range Names() {
		if got := mustLookup(t, name).Name(); got != name {
			t.Errorf("Lookup(%q) = %s", name, got)
		}
	}
	for _, name := range []string{"", "latin1", "utf-16", "euc-jp", "932x"} {
		if _, err := Lookup(name); err == nil || !strings.Contains(err.Error(), "cp932") {
			t.Errorf("Lookup(%q): error %v, want one that lists the names", name, err)
		}
	}
}

func TestByteForm(t *testing.T) {
	tests := []struct {
		s        string
		nec, ibm []byte
	}{
		{"髙", []byte{0xEE, 0xE0}, []byte{0xFB, 0xFC}},
		{"﨑", []byte{0xED, 0x95}, []byte{0xFA, 0xB1}},
		{"纊", []byte{0xED, 0x40}, []byte{0xFA, 0x5C}},
		{"ⅰ", []byte{0xEE, 0xEF}, []byte{0xFA, 0x40}},
		{"黑", []byte{0xEE, 0xEC}, []byte{0xFC, 0x4B}},
		{"＂", []byte{0xEE, 0xFC}, []byte{0xFA, 0x57}},
		// Not twins: these have a code of their own in row 13 or the plain rows.
		{"①", []byte{0x87, 0x40}, []byte{0x87, 0x40}},
		{"Ⅹ", []byte{0x87, 0x5D}, []byte{0x87, 0x5D}},
		{"㈱", []byte{0x87, 0x8A}, []byte{0x87, 0x8A}},
		{"∵", []byte{0x81, 0xE6}, []byte{0x81, 0xE6}},
		{"￢", []byte{0x81, 0xCA}, []byte{0x81, 0xCA}},
		{"高", []byte{0x8D, 0x82}, []byte{0x8D, 0x82}},
	}
	for _, tt := range tests {
		for form, want := range map[Form][]byte{FormNEC: tt.nec, FormIBM: tt.ibm} {
			c := cp932.WithForm(form)
			if c.Form() != form || c.Name() != "cp932" {
				t.Errorf("WithForm(%v) = %v", form, c)
			}
			if got, err := c.Encode(tt.s); err != nil || !bytes.Equal(got, want) {
				t.Errorf("%v: Encode(%s) = % X, %v, want % X", c, tt.s, got, err, want)
			}
			if got, err := c.Decode(want); err != nil || got != tt.s {
				t.Errorf("%v: Decode(% X) = %s, %v, want %s", c, want, got, err, tt.s)
			}
		}
	}
	if got := cp932IBM.WithForm(FormNEC); got != cp932 {
		t.Errorf("back to %v", got)
	}
	if got := cp949.WithForm(FormIBM); got != cp949 {
		t.Errorf("cp949 has no forms, got %v", got)
	}
}

// TestTwins counts the codes that NEC and IBM both assigned: 374, of which one,
// ￢, is written in its plain row by both forms.
func TestTwins(t *testing.T) {
	codes, moved := 0, 0
	for lead := 0xED; lead <= 0xEE; lead++ {
		for trail := 0x40; trail <= 0xFC; trail++ {
			e := decodeCP932()[lead<<8|trail]
			if e == 0 {
				continue
			}
			codes++
			s := string(unpack(e))
			nec, err := cp932.Encode(s)
			if err != nil {
				t.Fatal(err)
			}
			ibm, err := cp932IBM.Encode(s)
			if err != nil {
				t.Fatal(err)
			}
			if ibm[0] >= 0xFA {
				moved++
			} else if !bytes.Equal(nec, ibm) {
				t.Errorf("%s: nec % X, ibm % X", s, nec, ibm)
			}
		}
	}
	if codes != 374 || moved != 373 {
		t.Errorf("%d codes, %d moved, want 374 and 373", codes, moved)
	}
}

func TestParseForm(t *testing.T) {
	for _, f := range []Form{FormNEC, FormIBM} {
		if got, err := ParseForm(f.String()); err != nil || got != f {
			t.Errorf("ParseForm(%q) = %v, %v", f.String(), got, err)
		}
	}
	if _, err := ParseForm("fujitsu"); err == nil {
		t.Error("ParseForm took fujitsu")
	}
}

func TestBOM(t *testing.T) {
	marked := []byte("\xEF\xBB\xBFa")
	for _, c := range append(writable(), iso2022JP) {
		var want []byte
		if c == markedUTF8 {
			want = []byte{0xEF, 0xBB, 0xBF}
		}
		if got := c.BOM(); !bytes.Equal(got, want) {
			t.Errorf("%v: BOM % X, want % X", c, got, want)
		}
		rest := marked
		if c == markedUTF8 || c == plainUTF8 {
			rest = []byte("a")
		}
		if got := c.TrimBOM(marked); !bytes.Equal(got, rest) {
			t.Errorf("%v: TrimBOM = % X, want % X", c, got, rest)
		}
		if got := c.TrimBOM([]byte("\xEF\xBB")); len(got) != 2 {
			t.Errorf("%v: TrimBOM cut half a mark", c)
		}
	}
}

// TestSafeDelimiter looks for each ASCII byte in every character's code.
func TestSafeDelimiter(t *testing.T) {
	for _, c := range writable() {
		var inside [256]bool
		for r := rune(0x80); r < 0x10000; r++ {
			if c.RuneLen(r) < 0 {
				continue
			}
			b, err := c.Encode(string(r))
			if err != nil {
				t.Fatal(err)
			}
			for _, x := range b {
				inside[x] = true
			}
		}
		for b := range 256 {
			if c.SafeDelimiter(byte(b)) && (b >= 0x80 || inside[b]) {
				t.Errorf("%v: %q is called safe", c, byte(b))
			}
		}
		for _, b := range []byte(",\"\t\r\n;:'") {
			if !c.SafeDelimiter(b) {
				t.Errorf("%v: %q is called unsafe", c, b)
			}
		}
		if !c.ASCIITransparent() {
			t.Errorf("%v: not transparent", c)
		}
	}
	for c, want := range map[*Charset]bool{plainUTF8: true, cp932: false, strictSJIS: false, cp949: true, strictEUCKR: true, iso2022JP: false} {
		if got := c.SafeDelimiter('|'); got != want {
			t.Errorf("%v: SafeDelimiter('|') = %t", c, got)
		}
	}
	if iso2022JP.ASCIITransparent() || iso2022JP.SafeDelimiter(',') {
		t.Error("iso-2022-jp may not be split before decoding: ％ is 25 73")
	}
}

func TestLen(t *testing.T) {
	const s = "Aｱ表髙"
	tests := []struct {
		c    *Charset
		n    int
		ok   bool
		lack string
	}{
		{plainUTF8, 1 + 3 + 3 + 3, true, ""},
		{cp932, 1 + 1 + 2 + 2, true, ""},
		{cp932IBM, 1 + 1 + 2 + 2, true, ""},
		{strictSJIS, 0, false, "髙"},
		{cp949, 0, false, "ｱ髙"},
		{strictEUCKR, 0, false, "ｱ髙"},
		{iso2022JP, 0, false, "Aｱ表髙"},
	}
	for _, tt := range tests {
		if n, ok := tt.c.Len(s); n != tt.n || ok != tt.ok {
			t.Errorf("%v: Len = %d, %t, want %d, %t", tt.c, n, ok, tt.n, tt.ok)
		}
		if got := string(tt.c.Unmappable(s + s)); got != tt.lack {
			t.Errorf("%v: Unmappable = %s, want %s", tt.c, got, tt.lack)
		}
	}
	if got := cp932.Unmappable("注文\xFF番号"); !slices.Equal(got, []rune{'\uFFFD'}) {
		t.Errorf("damaged text: Unmappable = %q", got)
	}
	if n := cp932.RuneLen(0xD800); n != -1 {
		t.Errorf("RuneLen of a surrogate = %d", n)
	}
}

func TestEncodeError(t *testing.T) {
	tests := []struct {
		c    *Charset
		s    string
		want EncodeError
		done string
	}{
		{cp932, "𠮷野家", EncodeError{'𠮷', 0, "cp932"}, ""},
		{cp932, "東京〜大阪", EncodeError{'〜', 6, "cp932"}, "東京"},
		{cp932, "ありがとうございます😀", EncodeError{'😀', 30, "cp932"}, "ありがとうございます"},
		{cp932, "abcdefghijklmno é", EncodeError{'é', 16, "cp932"}, "abcdefghijklmno "},
		{cp932, "か\u3099", EncodeError{'\u3099', 3, "cp932"}, "か"},
		{cp932, "김", EncodeError{'김', 0, "cp932"}, ""},
		{cp932, "a\u0080", EncodeError{'\u0080', 1, "cp932"}, "a"},
		{cp932, "a\xFFb", EncodeError{'\uFFFD', 1, "cp932"}, "a"},
		// Overlong and surrogate forms are not taken for the characters they hide.
		{cp932, "a\xE0\x81\x81bcdefgh", EncodeError{'\uFFFD', 1, "cp932"}, "a"},
		{cp932, "a\xED\xA0\x80bcdefgh", EncodeError{'\uFFFD', 1, "cp932"}, "a"},
		{cp932, "a\xC1\x81bcdefgh", EncodeError{'\uFFFD', 1, "cp932"}, "a"},
		{strictSJIS, "１①", EncodeError{'①', 3, "shift_jis-strict"}, "１"},
		{cp949, "서울 髙", EncodeError{'髙', 7, "cp949"}, "서울 "},
		{strictEUCKR, "뷁", EncodeError{'뷁', 0, "euc-kr-strict"}, ""},
		{plainUTF8, "a\xFF", EncodeError{'\uFFFD', 1, "utf-8"}, "a"},
		{plainUTF8, "東\uFFFD", EncodeError{'\uFFFD', 3, "utf-8"}, "東"},
	}
	for _, tt := range tests {
		got, err := tt.c.AppendEncode([]byte("x"), tt.s)
		var bad *EncodeError
		if !errors.As(err, &bad) {
			t.Errorf("%v: %q: error %v", tt.c, tt.s, err)
			continue
		}
		if diff := cmp.Diff(tt.want, *bad); diff != "" {
			t.Errorf("%v: %q: %s", tt.c, tt.s, diff)
		}
		done, err := tt.c.Encode(tt.done)
		if err != nil || string(got) != "x"+string(done) {
			t.Errorf("%v: %q: wrote % X before the error, want % X", tt.c, tt.s, got, done)
		}
	}
}

func TestEncodeErrorText(t *testing.T) {
	_, err := cp932.Encode("山𠮷")
	const want = "charset: cp932: byte index 3: cannot write U+20BB7 '𠮷'"
	if err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
	if _, err := iso2022JP.Encode("a"); !errors.Is(err, ErrReadOnly) {
		t.Errorf("iso-2022-jp: %v", err)
	}
}

func TestDecodeError(t *testing.T) {
	tests := []struct {
		c      *Charset
		src    string
		offset int
		bytes  string
		why    string
	}{
		{cp932, "ab\xF0\x40", 2, "\xF0\x40", "gaiji"},
		{cp932, "\x93\x8C\xF9\xFCabcdefghij", 2, "\xF9\xFC", "gaiji"},
		{cp932, "\x80", 0, "\x80", "no character begins"},
		{cp932, "\xA0,", 0, "\xA0", "no character begins"},
		{cp932, "a\xFD", 1, "\xFD", "no character begins"},
		{cp932, "\x93\x8C\x8B", 2, "\x8B", "ends inside"},
		{cp932, "\"\x8B\",1,2,3,4", 1, "\x8B", "no second byte"},
		{cp932, "\x81\xAD", 0, "\x81\xAD", "no character has this code"},
		{cp932, "\x93\x8C\x8B\x9E\x93\xFF", 4, "\x93", "no second byte"},
		{strictSJIS, "\x87\x40", 0, "\x87\x40", "no character has this code"},
		{strictSJIS, "\xEE\xE0", 0, "\xEE\xE0", "no character has this code"},
		{strictSJIS, "\xFB\xFC", 0, "\xFB\xFC", "no character has this code"},
		{cp949, "\xC9\xA1", 0, "\xC9\xA1", "gaiji"},
		{cp949, "\xFE\xA1", 0, "\xFE\xA1", "gaiji"},
		{cp949, "\xC9\x41", 0, "\xC9\x41", "no character has this code"},
		{cp949, "a\xB1", 1, "\xB1", "ends inside"},
		{cp949, "\xFF", 0, "\xFF", "no character begins"},
		{strictEUCKR, "\x8C\x63", 0, "\x8C", "no character begins"},
		{strictEUCKR, "\xA2\x41", 0, "\xA2", "no second byte"},
		{plainUTF8, "ab\xFFc", 2, "\xFF", "no UTF-8"},
		{plainUTF8, "東\xE6\x9D", 3, "\xE6\x9D", "ends inside"},
		{plainUTF8, "\xED\xA0\x80", 0, "\xED", "no UTF-8"},
		{plainUTF8, "a\xEF\xBF\xBDb", 1, "\xEF\xBF\xBD", "lost before"},
		{plainUTF8, "a\xEF\xBF\xBDb\xFF", 1, "\xEF\xBF\xBD", "lost before"},
		{markedUTF8, "\xEF\xBB\xBFa\xFF", 4, "\xFF", "no UTF-8"},
	}
	for _, tt := range tests {
		got, err := tt.c.AppendDecode([]byte("x"), []byte(tt.src))
		var bad *DecodeError
		if !errors.As(err, &bad) {
			t.Errorf("%v: %q: error %v", tt.c, tt.src, err)
			continue
		}
		if bad.Offset != tt.offset || string(bad.Bytes) != tt.bytes || bad.Charset != tt.c.Name() || !strings.Contains(bad.Error(), tt.why) {
			t.Errorf("%v: %q: %v, want offset %d, % X, %q", tt.c, tt.src, bad, tt.offset, tt.bytes, tt.why)
		}
		before, err := tt.c.Decode([]byte(tt.src[:tt.offset]))
		if err != nil || string(got) != "x"+before {
			t.Errorf("%v: %q: read %q before the error, want %q", tt.c, tt.src, got, before)
		}
		if s, err := tt.c.Decode([]byte(tt.src)); s != "" || err == nil {
			t.Errorf("%v: Decode(%q) = %q, %v", tt.c, tt.src, s, err)
		}
	}
}

func TestAppendDoesNotAllocate(t *testing.T) {
	const s = "東京都千代田区 1-2-3 ﾐﾎﾝﾋﾞﾙ ABCDEFGHIJKLMNOP 髙橋 Ⅲ"
	for _, c := range []*Charset{plainUTF8, cp932, cp932IBM} {
		raw, err := c.Encode(s)
		if err != nil {
			t.Fatal(err)
		}
		text, out := make([]byte, 0, len(s)), make([]byte, 0, len(raw))
		allocs := testing.AllocsPerRun(100, func() {
			text, err = c.AppendDecode(text[:0], raw)
			if err == nil {
				out, err = c.AppendEncode(out[:0], s)
			}
		})
		if allocs != 0 || err != nil || string(text) != s || !bytes.Equal(out, raw) {
			t.Errorf("%v: %v allocations, %v, %q, % X", c, allocs, err, text, out)
		}
	}
}
