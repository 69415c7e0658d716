package charset

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
)

// xtext is what the charsets are to agree with.
var xtext = map[*Charset]encoding.Encoding{
	cp932:       japanese.ShiftJIS,
	cp932IBM:    japanese.ShiftJIS,
	strictSJIS:  japanese.ShiftJIS,
	cp949:       korean.EUCKR,
	strictEUCKR: korean.EUCKR,
}

// TestBasicPlane sends every character of the basic plane through every
// charset, alone and in the middle of text.
func TestBasicPlane(t *testing.T) {
	written := map[*Charset]int{
		plainUTF8:   65536 - 2048 - 1, // but for surrogates and U+FFFD
		markedUTF8:  65536 - 2048 - 1,
		cp932:       128 + 7389,
		cp932IBM:    128 + 7389,
		strictSJIS:  128 + 63 + 6879, // JIS X 0201 kana, JIS X 0208
		cp949:       128 + 17048,     //
		strictEUCKR: 128 + 8224 + 2,  // KS X 1001:1992, euro and registered sign
	}
	for _, c := range writable() {
		n := 0
		for r := rune(0); r <= 0xFFFF; r++ {
			if r >= 0xD800 && r <= 0xDFFF {
				continue
			}
			for _, s := range []string{string(r), "1234567890" + string(r) + "abcdefghij"} {
				b, err := c.Encode(s)
				if err != nil {
					var bad *EncodeError
					if !errors.As(err, &bad) || bad.Rune != r || bad.Index != strings.IndexRune(s, r) || c.RuneLen(r) != -1 {
						t.Fatalf("%v: %U: %v, RuneLen %d", c, r, err, c.RuneLen(r))
					}
					continue
				}
				if back, err := c.Decode(b); err != nil || back != s {
					t.Fatalf("%v: %U: came back as %q, %v", c, r, back, err)
				}
				if n, ok := c.Len(s); !ok || n != len(b) {
					t.Fatalf("%v: %U: Len %d, %t, wrote %d", c, r, n, ok, len(b))
				}
			}
			if c.RuneLen(r) > 0 {
				n++
			}
		}
		if n != written[c] {
			t.Errorf("%v: %d characters can be written, want %d", c, n, written[c])
		}
	}
}

// TestBeyondBasicPlane samples the other planes.
func TestBeyondBasicPlane(t *testing.T) {
	for r := rune(0x10000); r <= utf8.MaxRune; r += 0x101 {
		for _, c := range writable() {
			b, err := c.Encode(string(r))
			if c.codec == (utf8Codec{}) {
				if err != nil || string(b) != string(r) {
					t.Fatalf("%v: %U: % X, %v", c, r, b, err)
				}
				continue
			}
			var bad *EncodeError
			if !errors.As(err, &bad) || bad.Rune != r {
				t.Fatalf("%v: %U: % X, %v", c, r, b, err)
			}
		}
	}
}

// TestAllPairs compares every byte and pair with x/text: the same text, or
// refused where x/text gives U+FFFD or the charset is meant to have less.
func TestAllPairs(t *testing.T) {
	decoded := map[*Charset]int{cp932: 7724, cp932IBM: 7724, strictSJIS: 6879, cp949: 17048, strictEUCKR: 8226}
	for c, ref := range xtext {
		pairs := 0
		d := ref.NewDecoder()
		for i := range 1 << 16 {
			src := []byte{byte(i >> 8), byte(i)}
			got, err := c.Decode(src)
			want, refErr := d.Bytes(src)
			if refErr != nil {
				t.Fatal(refErr)
			}
			if err == nil && utf8.RuneCountInString(got) == 1 {
				pairs++
			}
			switch {
			case err == nil && got == string(want):
			case err == nil && c == strictSJIS && strings.ContainsAny(got, "〜‖−¢£¬"):
				// Mapped as JIS X 0208 does; checked by TestFacts.
			case err == nil:
				t.Fatalf("%v: % X is %q, x/text says %q", c, src, got, want)
			case bytes.ContainsRune(want, utf8.RuneError), bytes.ContainsRune(want, 0x80):
			case c == cp932, c == cp932IBM, c == cp949:
				t.Fatalf("%v: % X: %v, x/text says %q", c, src, err, want)
			}
		}
		if pairs != decoded[c] {
			t.Errorf("%v: %d pairs are characters, want %d", c, pairs, decoded[c])
		}
	}
}

// TestSameBytesAsXText compares what is written.
func TestSameBytesAsXText(t *testing.T) {
	for _, c := range []*Charset{cp932, cp949} {
		e := xtext[c].NewEncoder()
		for r := rune(0); r <= 0xFFFF; r++ {
			if r >= 0xD800 && r <= 0xDFFF || r == 0x80 {
				continue
			}
			got, err := c.Encode(string(r))
			want, refErr := e.Bytes([]byte(string(r)))
			if (err == nil) != (refErr == nil) || err == nil && !bytes.Equal(got, want) {
				t.Errorf("%v: %U: % X, %v; x/text % X, %v", c, r, got, err, want, refErr)
			}
		}
	}
}

// TestStrictIsSubset: strict text is written with the same bytes as in the
// large charset, but for the six characters that Windows maps elsewhere.
func TestStrictIsSubset(t *testing.T) {
	for strict, large := range map[*Charset]*Charset{strictSJIS: cp932, strictEUCKR: cp949} {
		for r := rune(0); r <= 0xFFFF; r++ {
			if strict.RuneLen(r) < 0 || strict == strictSJIS && strings.ContainsRune("〜‖−¢£¬", r) {
				continue
			}
			a, err := strict.Encode(string(r))
			b, largeErr := large.Encode(string(r))
			if err != nil || largeErr != nil || !bytes.Equal(a, b) {
				t.Errorf("%U: %v % X, %v % X", r, strict, a, large, b)
			}
		}
	}
	syllables := 0
	for r := '가'; r <= '힣'; r++ {
		if strictEUCKR.RuneLen(r) == 2 {
			syllables++
		}
		if cp949.RuneLen(r) != 2 {
			t.Errorf("cp949 lacks %c", r)
		}
	}
	if syllables != 2350 {
		t.Errorf("euc-kr-strict has %d syllables, want 2350", syllables)
	}
}
