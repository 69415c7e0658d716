package charset

import (
	"bytes"
	"unicode/utf8"
)

type iso2022JPCodec struct{}

// A jisSet is what an escape sequence of ISO-2022-JP switches to.
type jisSet uint8

const (
	jisASCII jisSet = iota
	jisRoman        // ASCII but for ¥ and ‾
	jisKana         // JIS X 0201 kana in 21-5F
	jisKanji        // JIS X 0208, two bytes a character
)

// jisEscapes are the sequences of RFC 1468, and that of the kana which mail
// programs add.
var jisEscapes = []struct {
	seq string
	set jisSet
}{
	{"\x1B(B", jisASCII},
	{"\x1B(J", jisRoman},
	{"\x1B(I", jisKana},
	{"\x1B$@", jisKanji},
	{"\x1B$B", jisKanji},
}

// appendDecode reads a whole text: it begins in ASCII.
func (iso2022JPCodec) appendDecode(dst, src []byte, name string) ([]byte, error) {
	set := jisASCII
	for p := 0; p < len(src); {
		if src[p] == 0x1B {
			next, n := jisEscape(src[p:])
			if n == 0 {
				why := "unknown escape sequence"
				if len(src)-p < 3 {
					why = whyTruncated
				}
				return dst, decodeError(name, src, p, 3, why)
			}
			set, p = next, p+n
			continue
		}
		r, n, why := set.decode(src[p:])
		if why != "" {
			return dst, decodeError(name, src, p, n, why)
		}
		dst = utf8.AppendRune(dst, r)
		p += n
	}
	if set == jisKanji {
		return dst, decodeError(name, src, len(src), 0, "the text ends among two-byte characters, without the escape sequence back to ASCII")
	}
	return dst, nil
}

func jisEscape(src []byte) (set jisSet, n int) {
	for _, e := range jisEscapes {
		if bytes.HasPrefix(src, []byte(e.seq)) {
			return e.set, len(e.seq)
		}
	}
	return 0, 0
}

// decode returns the first character of src and its length, or why there is
// none.
func (set jisSet) decode(src []byte) (r rune, n int, why string) {
	b := src[0]
	switch {
	case b >= utf8.RuneSelf:
		return 0, 1, "a byte of eight bits in an encoding of seven"
	case b == 0x0E || b == 0x0F:
		return 0, 1, "a shift that the encoding does not have"
	case set == jisRoman && b == 0x5C:
		return '¥', 1, ""
	case set == jisRoman && b == 0x7E:
		return '‾', 1, ""
	case set == jisASCII, set == jisRoman:
		return rune(b), 1, ""
	case set == jisKana && b >= 0x21 && b <= 0x5F:
		return '｡' + rune(b) - 0x21, 1, ""
	case set == jisKanji && b >= 0x21 && b <= 0x7E:
		return decodeJIS(src)
	case b < 0x21:
		return 0, 1, "a space or control character among Japanese characters"
	}
	return 0, 1, "no character has this code"
}

// decodeJIS reads a JIS X 0208 pair by way of its code in cp932.
func decodeJIS(src []byte) (r rune, n int, why string) {
	if len(src) < 2 {
		return 0, 1, whyTruncated
	}
	row, cell := int(src[0])-0x21, int(src[1])-0x21
	if cell < 0 || cell >= 94 {
		return 0, 1, "half a character: no second byte follows"
	}
	lead := row/2 + 0x81
	if lead > 0x9F {
		lead += 0x40
	}
	trail := cell + 0x9F
	if row%2 == 0 {
		trail = cell + 0x40
		if trail >= 0x7F {
			trail++
		}
	}
	e := decodeCP932()[lead<<8|trail]
	if e == 0 {
		return 0, 2, "no character has this code"
	}
	return unpack(e), 2, ""
}

func (iso2022JPCodec) appendEncode(dst []byte, _, _ string) ([]byte, error) {
	return dst, ErrReadOnly
}

func (iso2022JPCodec) runeLen(rune) int { return -1 }

func (iso2022JPCodec) safeDelimiter(byte) bool { return false }
