package format

import (
	"bytes"
	"html"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
	"golang.org/x/text/width"
)

// A fold changes the form of characters, not what they say.
type fold func(string) string

var folds = map[string]fold{
	"narrow":   foldNarrow,
	"wide":     foldWide,
	"hankaku":  func(s string) string { return toHalfKana(s) },
	"zenkaku":  foldWide,
	"nfc":      norm.NFC.String,
	"nfkc":     norm.NFKC.String,
	"upper":    strings.ToUpper,
	"lower":    strings.ToLower,
	"digits":   onlyDigits,
	"nospace":  noSpace,
	"oneline":  oneLine,
	"trim":     func(s string) string { return string(trim([]byte(s))) },
	"nohyphen": func(s string) string { return strings.ReplaceAll(s, "-", "") },
	"entities": html.UnescapeString,
	"hiragana": func(s string) string { return shiftKana(s, 'ァ', 'ヶ', -0x60) },
	"katakana": func(s string) string { return shiftKana(s, 'ぁ', 'ゖ', 0x60) },
}

var foldNames = func() []string {
	var out []string
	for k := range folds {
		out = append(out, k)
	}
	return out
}()

func applyFolds(fs []fold, b []byte) []byte {
	s := string(b)
	for _, f := range fs {
		s = f(s)
	}
	return []byte(s)
}

// foldNarrow makes letters, digits, signs and spaces half-width; kana stay.
func foldNarrow(s string) string {
	if ascii(s) {
		return s
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r >= '！' && r <= '～':
			return r - '！' + '!'
		case r == '\u3000':
			return ' '
		}
		return r
	}, s)
}

// foldWide makes everything full-width, with voiced half-width kana composed.
func foldWide(s string) string {
	if strings.ContainsAny(s, "ﾞﾟ") {
		s = composeVoiced(s)
	}
	return width.Widen.String(s)
}

func composeVoiced(s string) string {
	b := make([]rune, 0, len(s))
	for _, r := range s {
		if (r == 'ﾞ' || r == 'ﾟ') && len(b) > 0 && b[len(b)-1] >= 'ｦ' && b[len(b)-1] <= 'ﾝ' {
			mark := "\u3099"
			if r == 'ﾟ' {
				mark = "\u309A"
			}
			c := []rune(norm.NFC.String(width.Widen.String(string(b[len(b)-1])) + mark))
			if len(c) == 1 {
				b[len(b)-1] = c[0]
				continue
			}
		}
		b = append(b, r)
	}
	return string(b)
}

// toHalfKana makes katakana, and hiragana by way of them, half-width, with letters,
// digits and signs.
func toHalfKana(s string) string {
	s = norm.NFD.String(shiftKana(norm.NFC.String(s), 'ぁ', 'ゖ', 0x60))
	s = strings.NewReplacer("\u3099", "ﾞ", "\u309A", "ﾟ").Replace(s)
	return foldNarrow(width.Narrow.String(s))
}

func shiftKana(s string, from, to, by rune) string {
	return strings.Map(func(r rune) rune {
		if r >= from && r <= to {
			return r + by
		}
		return r
	}, s)
}

func onlyDigits(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= '0' && r <= '9':
			return r
		case r >= '０' && r <= '９':
			return r - '０' + '0'
		}
		return -1
	}, s)
}

func noSpace(s string) string {
	return strings.Map(func(r rune) rune {
		if r == ' ' || r == '\u3000' || r == '\u00A0' || r == '\t' {
			return -1
		}
		return r
	}, s)
}

func oneLine(s string) string {
	if !strings.ContainsAny(s, "\r\n") {
		return s
	}
	return lineBreaks.Replace(s)
}

func hasBreak(s string) bool {
	return strings.IndexByte(s, '\n') >= 0 || strings.IndexByte(s, '\r') >= 0
}

var lineBreaks = strings.NewReplacer("\r\n", " ", "\n", " ", "\r", " ")

func ascii(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// key makes header texts comparable: NFKC, without white space at the ends.
func key(s string) string {
	b := trim([]byte(strings.TrimPrefix(s, "\uFEFF")))
	if len(b) > 1 && b[0] == '\'' {
		b = b[1:]
	}
	return string(norm.NFKC.Bytes(bytes.TrimSpace(b)))
}
