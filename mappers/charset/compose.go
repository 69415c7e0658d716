package charset

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// NFC composes s as Unicode's normal form C does, from か and U+3099 to が and
// from single jamo to syllables: the spelling that code pages have and macOS
// does not. Unlike the normal form itself it keeps a character that stands
// alone: form C would turn 塚 U+FA10 into 塚 U+585A and Å U+212B, which cp932
// has, into Å U+00C5, which it has not.
func NFC(s string) string {
	if norm.NFC.QuickSpanString(s) == len(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	for rest := s; rest != ""; {
		n := norm.NFC.NextBoundaryInString(rest, true)
		segment := rest[:n]
		rest = rest[n:]
		composed := norm.NFC.String(segment)
		if utf8.RuneCountInString(composed) < utf8.RuneCountInString(segment) {
			segment = composed
		}
		b.WriteString(segment)
	}
	return b.String()
}
