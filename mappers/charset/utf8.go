package charset

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

type utf8Codec struct{}

const lost = string(utf8.RuneError)

func (utf8Codec) appendDecode(dst, src []byte, name string) ([]byte, error) {
	if utf8.Valid(src) {
		i := bytes.Index(src, []byte(lost))
		if i < 0 {
			return append(dst, src...), nil
		}
		return append(dst, src[:i]...), decodeError(name, src, i, len(lost), whyLost)
	}
	for i := 0; ; {
		r, n := utf8.DecodeRune(src[i:])
		switch {
		case r != utf8.RuneError:
			i += n
		case n > 1:
			return append(dst, src[:i]...), decodeError(name, src, i, n, whyLost)
		default:
			why := "no UTF-8"
			if !utf8.FullRune(src[i:]) {
				why, n = whyTruncated, len(src)-i
			}
			return append(dst, src[:i]...), decodeError(name, src, i, n, why)
		}
	}
}

func (utf8Codec) appendEncode(dst []byte, s, name string) ([]byte, error) {
	if utf8.ValidString(s) && !strings.Contains(s, lost) {
		return append(dst, s...), nil
	}
	for i, r := range s {
		if r == utf8.RuneError {
			return append(dst, s[:i]...), &EncodeError{Rune: r, Index: i, Charset: name}
		}
	}
	return append(dst, s...), nil
}

func (utf8Codec) runeLen(r rune) int { return utf8.RuneLen(r) }

func (utf8Codec) safeDelimiter(byte) bool { return true }
