package phrase

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/mallbridge/mallbridge/order"
)

// Finding says what a check of a workspace found, or its hint, in lang: ja or ko. Lines
// after the first show a place and stay; what is not one of our texts is said by [Say].
func Finding(lang, text string) string {
	if lang != "ja" && lang != "ko" {
		return text
	}
	first, rest, more := strings.Cut(text, "\n")
	said, ok := finding(lang, first)
	if !ok {
		said = Say(lang, first)
	}
	said = order.Particles(said)
	if more {
		said += "\n" + rest
	}
	return said
}

// Findings returns what says findings in lang: [Finding].
func Findings(lang string) func(text string) string {
	return func(text string) string { return Finding(lang, text) }
}

// A saying is one of the findings, made to be found.
type saying struct {
	pattern
	size  int  // of its words, without values
	label bool // it is told of what follows it
}

// longSaying is how many letters tell a text of ours from a value.
const longSaying = 8

// longLine is how many letters make a text that cannot be taken for another.
const longLine = 20

var sayings = sync.OnceValues(func() (map[string][2]string, []saying) {
	whole := map[string][2]string{}
	var all []saying
	for _, f := range findings {
		if !verbs.MatchString(f[0]) {
			whole[f[0]] = [2]string{f[1], f[2]}
			continue
		}
		all = append(all, saying{
			pattern{longest(f[0]), regexp.MustCompile(`^` + about(f[0]) + `$`), [2]string{f[1], f[2]}},
			len(verbs.ReplaceAllString(f[0], "")), strings.HasSuffix(f[0], " %q: %s") && len(verbs.FindAllString(f[0], -1)) == 2,
		})
	}
	// The more it says the better it fits. A label is not part of what follows it.
	slices.SortStableFunc(all, func(a, b saying) int {
		if a.label != b.label {
			if a.label {
				return -1
			}
			return 1
		}
		return cmp.Compare(b.size, a.size)
	})
	return whole, all
})

// about is the expression of a text; a short one that begins with a value is about one key.
func about(text string) string {
	key, rest := "", text
	if len(verbs.ReplaceAllString(text, "")) < longLine && strings.HasPrefix(text, "%s ") {
		key, rest = `([^\s":]+)`, text[2:]
	}
	return key + expression(rest)
}

// finding says a text as a whole, its values too where they are texts of ours. ok is false
// for a text that is none.
func finding(lang, text string) (said string, ok bool) { return sayFinding(lang, text, 0) }

func sayFinding(lang, text string, least int) (said string, ok bool) {
	at := 0
	if lang == "ko" {
		at = 1
	}
	whole, all := sayings()
	if t, ok := whole[text]; ok {
		return t[at], true
	}
	for i := range all {
		s := &all[i]
		if s.size < least || !strings.Contains(text, s.must) {
			continue
		}
		if m := s.re.FindStringSubmatch(text); m != nil {
			return dollars.ReplaceAllStringFunc(s.to[at], func(d string) string { return sayValue(lang, m[d[1]-'0']) }), true
		}
	}
	if m := labelled.FindStringSubmatch(text); m != nil {
		if said, ok := sayFinding(lang, m[2], least); ok {
			return m[1] + said, true
		}
	}
	return "", false
}

// labelled is a text behind the key, place or value that it is about.
var labelled = regexp.MustCompile(`^((?:[^\s":]+(?: "(?:[^"\\]|\\.)*")?|"(?:[^"\\]|\\.)*"): )(.+)$`)

// sayValue says a value: a text of ours, a list that ends in or, or as it is.
func sayValue(lang, value string) string {
	if said, ok := sayFinding(lang, value, longSaying); ok {
		return said
	}
	if choice.MatchString(value) {
		value = strings.Replace(value, " or ", ", ", 1)
		if lang == "ja" {
			value = strings.ReplaceAll(value, ", ", "、")
		}
	}
	return value
}

var choice = regexp.MustCompile(`^\S+(?:, \S+)* or \S+$`)
