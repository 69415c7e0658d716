package charset

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// charactersOf draws what a charset can write, with as much ASCII as sheets
// have.
func charactersOf(c *Charset) *rapid.Generator[string] {
	var own []rune
	for r := rune(0x80); r <= 0xFFFF; r++ {
		if c.RuneLen(r) > 0 {
			own = append(own, r)
		}
	}
	return rapid.Map(rapid.SliceOf(rapid.OneOf(
		rapid.StringOfN(rapid.RuneFrom([]rune("\x00\t\r\n \",0Aa~\\|")), 0, 20, -1),
		rapid.StringOfN(rapid.SampledFrom(own), 0, 12, -1),
	)), func(parts []string) string { return strings.Join(parts, "") })
}

func TestRoundTrip(t *testing.T) {
	for _, c := range writable() {
		text := charactersOf(c)
		t.Run(c.String(), rapid.MakeCheck(func(t *rapid.T) {
			s := text.Draw(t, "s")
			b, err := c.AppendEncode(buffer(t), s)
			if err != nil {
				t.Fatal(err)
			}
			if n, ok := c.Len(s); !ok || n != len(b) {
				t.Fatalf("Len %d, %t, wrote %d", n, ok, len(b))
			}
			back, err := c.AppendDecode(buffer(t), b)
			if err != nil || string(back) != s {
				t.Fatalf("%q came back as %q, %v", s, back, err)
			}
		}))
	}
}

// buffer draws an empty slice of any capacity: the quick paths end where the
// room does.
func buffer(t *rapid.T) []byte {
	return make([]byte, 0, rapid.IntRange(0, 300).Draw(t, "capacity"))
}

// TestEncodeNamesFirst: any text is written whole, or its first character that
// cannot be is named and what is before it written.
func TestEncodeNamesFirst(t *testing.T) {
	runes := rapid.SliceOf(rapid.OneOf(
		rapid.RuneFrom([]rune("abc, 東京ｱ髙①〜가뷁é😀𠮷\u00A0")),
		rapid.Rune(),
	))
	for _, c := range writable() {
		t.Run(c.String(), rapid.MakeCheck(func(t *rapid.T) {
			s := string(runes.Draw(t, "s"))
			b, err := c.AppendEncode(buffer(t), s)
			lack := c.Unmappable(s)
			if err == nil {
				if lack != nil {
					t.Fatalf("wrote %q, which lacks %q", s, lack)
				}
				return
			}
			var bad *EncodeError
			if !errors.As(err, &bad) || len(lack) == 0 || bad.Rune != lack[0] || bad.Index != strings.IndexRune(s, bad.Rune) {
				t.Fatalf("%v, unmappable %q", err, lack)
			}
			if want, err := c.Encode(s[:bad.Index]); err != nil || !bytes.Equal(b, want) {
				t.Fatalf("wrote % X before the error, want % X", b, want)
			}
		}))
	}
}

// TestDecodeLikeXText reads any bytes: what x/text reads whole, with the same
// text, and nothing else.
func TestDecodeLikeXText(t *testing.T) {
	bytesOf := rapid.SliceOf(rapid.OneOf(
		rapid.SliceOfN(rapid.ByteRange(0x20, 0x7E), 0, 12),
		rapid.SliceOfN(rapid.ByteRange(0x81, 0x9F), 0, 6),
		rapid.SliceOfN(rapid.ByteRange(0xA1, 0xFE), 0, 6),
		rapid.SliceOfN(rapid.Byte(), 0, 2),
	))
	for _, c := range []*Charset{cp932, cp949} {
		t.Run(c.String(), rapid.MakeCheck(func(t *rapid.T) {
			checkDecode(t, c, slices.Concat(bytesOf.Draw(t, "src")...), buffer(t))
		}))
	}
}

type fataler interface {
	Fatalf(format string, args ...any)
}

// checkDecode holds for any bytes in any charset.
func checkDecode(t fataler, c *Charset, src, dst []byte) {
	got, err := c.AppendDecode(dst, src)
	if !utf8.Valid(got) || bytes.ContainsRune(got, utf8.RuneError) {
		t.Fatalf("%v: % X became %q", c, src, got)
	}
	var bad *DecodeError
	if err != nil && (!errors.As(err, &bad) || bad.Offset < 0 || bad.Offset+len(bad.Bytes) > len(src) ||
		!bytes.Equal(bad.Bytes, src[bad.Offset:bad.Offset+len(bad.Bytes)])) {
		t.Fatalf("%v: % X: %v", c, src, err)
	}
	if ref := xtext[c]; ref != nil && c != strictSJIS {
		want, refErr := ref.NewDecoder().Bytes(src)
		if refErr != nil {
			t.Fatalf("%v: % X: x/text: %v", c, src, refErr)
		}
		whole := !bytes.ContainsRune(want, utf8.RuneError) && !bytes.ContainsRune(want, 0x80)
		if err == nil && string(got) != string(want) || err != nil && whole && c != strictEUCKR {
			t.Fatalf("%v: % X: %q, %v, x/text %q", c, src, got, err, want)
		}
	}
	if err != nil && c != iso2022JP {
		before, err := c.AppendDecode(nil, src[:bad.Offset])
		if err != nil || !bytes.Equal(before, got) {
			t.Fatalf("%v: % X: %q before the error, alone %q, %v", c, src, got, before, err)
		}
	}
}
