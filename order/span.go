package order

import (
	"regexp"
	"strings"
)

// spans are lengths of time as programs write them: 59d, 3h02m, 1.234s, 350ms.
var (
	spans = regexp.MustCompile(`^(?:\d+(?:\.\d+)?(?:d|h|ms|µs|m|s))+$`)
	parts = regexp.MustCompile(`(\d+(?:\.\d+)?)(d|h|ms|µs|m|s)`)
)

// units of time: Japanese, Korean.
var timeUnits = map[string][2]string{
	"d": {"日", "일"}, "h": {"時間", "시간"}, "m": {"分", "분"}, "s": {"秒", "초"},
	"ms": {"ミリ秒", "밀리초"}, "µs": {"マイクロ秒", "마이크로초"},
}

// Span says a length of time in the reader's language. It takes what Go, settings and
// our own messages write (59d, 3h02m, 1.234s); any other text stays, as does English.
func Span(lang, text string) string {
	at, between := 0, ""
	switch lang {
	case "ja":
	case "ko":
		at, between = 1, " "
	default:
		return text
	}
	if !spans.MatchString(text) {
		return text
	}
	var out []string
	for _, m := range parts.FindAllStringSubmatch(text, -1) {
		n := strings.TrimLeft(m[1], "0")
		if n == "" || n[0] == '.' {
			n = "0" + n
		}
		out = append(out, n+timeUnits[m[2]][at])
	}
	return strings.Join(out, between)
}
