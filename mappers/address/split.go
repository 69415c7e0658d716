package address

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// A Width is the room of one field. Zero is no limit.
type Width struct {
	Chars int
	Bytes int
	// Size counts the bytes of a text in the file's charset. Nil counts one for
	// ASCII and half-width kana and two for everything else. A longer text must
	// not be smaller than its beginning.
	Size func(string) int
}

func (w *Width) fits(s string) bool {
	if w.Chars > 0 && utf8.RuneCountInString(s) > w.Chars {
		return false
	}
	if w.Bytes <= 0 {
		return true
	}
	if w.Size != nil {
		return w.Size(s) <= w.Bytes
	}
	return twoByte(s) <= w.Bytes
}

func twoByte(s string) int {
	n := 0
	for _, r := range s {
		if r < 0x80 || r >= 0xFF61 && r <= 0xFF9F {
			n++
		} else {
			n += 2
		}
	}
	return n
}

// Split lays text over fields of the given widths, filling the first ones first,
// and returns one part for each width and what found no room. The parts and the
// rest put together are text, letter for letter; a part may be empty.
//
// It never cuts inside a run of digits, hyphens and Latin letters (4-2-8, 12号,
// A棟 keep together with what counts them), nor between a letter and its
// combining mark. If cutting only at blanks leaves no rest it does so, otherwise it
// cuts anywhere allowed.
func Split(text string, widths []Width) (parts []string, rest string) {
	if strings.ContainsAny(text, " 　") {
		if parts, rest := fill(text, widths, atBlank); rest == "" {
			return parts, ""
		}
	}
	return fill(text, widths, anywhere)
}

// fill cuts greedily at the last place that may be cut and still fits.
func fill(text string, widths []Width, may func(s string, i int) bool) (parts []string, rest string) {
	parts = make([]string, len(widths))
	rest = text
	for k := range widths {
		parts[k] = longest(rest, &widths[k], text[:len(text)-len(rest)], may)
		rest = rest[len(parts[k]):]
	}
	return parts, rest
}

// longest returns the longest front of s that fits w and ends where it may.
func longest(s string, w *Width, before string, may func(s string, i int) bool) string {
	if w.fits(s) {
		return s
	}
	whole := before + s
	best := 0
	for i := range s {
		if i == 0 {
			continue
		}
		if !w.fits(s[:i]) {
			break
		}
		if may(whole, len(before)+i) {
			best = i
		}
	}
	return s[:best]
}

// atBlank allows a cut behind a blank.
func atBlank(s string, i int) bool {
	r, _ := utf8.DecodeLastRuneInString(s[:i])
	return blank(r) && anywhere(s, i)
}

// anywhere allows every cut that keeps numbers and letters whole.
func anywhere(s string, i int) bool {
	prev, size := utf8.DecodeLastRuneInString(s[:i])
	next, _ := utf8.DecodeRuneInString(s[i:])
	switch {
	case unicode.Is(unicode.M, next), next == 0x200D, prev == 0x200D, next == 'ﾞ', next == 'ﾟ':
		return false
	case blank(prev) || blank(next):
		return true
	}
	if !inRun(prev) && !hyphenInNumber(s[:i-size], prev) {
		return true
	}
	return !inRun(next) && !isHyphen(next) && !counter(next)
}

func blank(r rune) bool { return r == ' ' || r == '　' }

// inRun tells letters that stay together: digits, Latin letters and plain hyphens.
func inRun(r rune) bool {
	switch {
	case r >= '0' && r <= '9', r >= '０' && r <= '９':
		return true
	case r >= 'A' && r <= 'Z', r >= 'a' && r <= 'z', r >= 'Ａ' && r <= 'Ｚ', r >= 'ａ' && r <= 'ｚ':
		return true
	}
	return isHyphen(r) && r != 'ー' && r != 'ｰ'
}

// hyphenInNumber tells the long vowel mark that somebody typed as a hyphen
// (4ー2ー8) from that of a word (タワー).
func hyphenInNumber(before string, r rune) bool {
	if r != 'ー' && r != 'ｰ' {
		return false
	}
	prev, _ := utf8.DecodeLastRuneInString(before)
	return inRun(prev)
}

// counter tells what belongs to the number before it.
func counter(r rune) bool {
	return strings.ContainsRune("丁番号地条線階室棟街の동호층번길로가", r)
}
