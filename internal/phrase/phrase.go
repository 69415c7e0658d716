// Package phrase says the program's messages in Japanese and Korean.
//
// Messages are made and kept in English, in the ledger too, and put into the
// reader's language where they are shown. A message is made of phrases with
// values between them, so its phrases are found and replaced one by one; what has
// no translation stays English.
package phrase

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/mallbridge/mallbridge/order"
)

// Say returns text in lang: ja or ko. In every other language it is text itself.
func Say(lang, text string) string {
	at := 0
	switch lang {
	case "ja":
	case "ko":
		at = 1
	default:
		return text
	}
	for _, p := range compiled() {
		if strings.Contains(text, p.must) {
			text = p.re.ReplaceAllString(text, p.to[at])
		}
	}
	return order.Particles(text)
}

// Alert says an alert with its values, each in lang too where it is one of our messages.
func Alert(lang string, kind order.Alert, target, subject string, args ...string) string {
	said := make([]string, len(args))
	for i, v := range args {
		said[i] = value(lang, v)
	}
	return kind.Say(lang, target, subject, said...)
}

func value(lang, v string) string {
	t, ok := values[v]
	switch {
	case ok && lang == "ja":
		return t[0]
	case ok && lang == "ko":
		return t[1]
	}
	return Say(lang, v)
}

// Count names what a report counts: "new orders".
func Count(lang, what string) string {
	if t, ok := counts[what]; ok {
		switch lang {
		case "ja":
			return t[0]
		case "ko":
			return t[1]
		}
	}
	return what
}

// Line says a line of what a run did: its counts, "15 known orders, 1 windows", or a note.
func Line(lang, line string) string {
	parts := strings.Split(line, ", ")
	for i, p := range parts {
		n, what, found := strings.Cut(p, " ")
		if _, err := strconv.Atoi(n); err != nil || !found {
			n, what = "", p
		}
		if _, ok := counts[what]; !ok {
			return Say(lang, line)
		}
		parts[i] = strings.TrimSpace(n + " " + Count(lang, what))
	}
	return strings.Join(parts, ", ")
}

// Step says what a run is at: "lines claimed (T000001): 1,200 of 4,000". A number that
// is 0 is left out.
func Step(lang, what, of string, done, total int64) string {
	s := what
	t, ok := steps[what]
	if !ok {
		t, ok = counts[what]
	}
	switch {
	case ok && lang == "ja":
		s = t[0]
	case ok && lang == "ko":
		s = t[1]
	}
	if of != "" {
		s += " (" + of + ")"
	}
	switch {
	case total > 0 && lang != "ja" && lang != "ko":
		return s + ": " + Number(done) + " of " + Number(total)
	case total > 0:
		return s + ": " + Number(done) + " / " + Number(total)
	case done > 0:
		return s + ": " + Number(done)
	}
	return s
}

// Number writes a number with commas between its thousands.
func Number(n int64) string {
	s := strconv.FormatInt(n, 10)
	for at := len(s) - 3; at > 0 && s[at-1] != '-'; at -= 3 {
		s = s[:at] + "," + s[at:]
	}
	return s
}

type pattern struct {
	must string // part of the text without which there is no match
	re   *regexp.Regexp
	to   [2]string
}

var compiled = sync.OnceValue(compile)

// compile turns phrases with %s (some text), %d (a number) and %q (a quoted text)
// into expressions. $1, $2 … in a translation are these in their order.
func compile() []pattern {
	var out []pattern
	for _, r := range order.Reasons {
		code := string(r.Reason)
		out = append(out, pattern{": " + code + ": ", regexp.MustCompile(`: ` + code + `: `), [2]string{": " + r.Text["ja"] + ": ", ": " + r.Text["ko"] + ": "}})
	}
	for _, r := range order.Reasons {
		code := string(r.Reason)
		out = append(out, pattern{" · " + code, regexp.MustCompile(` · ` + code + `( · |$)`), [2]string{" · " + r.Text["ja"] + "$1", " · " + r.Text["ko"] + "$1"}})
	}
	for _, a := range order.Alerts {
		out = append(out, alert(a))
	}
	for _, p := range append(slices.Clone(checks), phrases...) {
		out = append(out, pattern{longest(p[0]), regexp.MustCompile(expression(p[0])), [2]string{braced(p[1]), braced(p[2])}})
	}
	return out
}

// alert makes a pattern of an alert's text, whose values have names.
func alert(a order.AlertInfo) pattern {
	at := map[string]string{}
	english := names.ReplaceAllStringFunc(a.Text["en"], func(name string) string {
		at[name] = fmt.Sprintf("${%d}", len(at)+1)
		return "%s"
	})
	in := func(lang string) string {
		return names.ReplaceAllStringFunc(a.Text[lang], func(name string) string { return at[name] })
	}
	return pattern{longest(english), regexp.MustCompile("→ " + expression(english) + "$"), [2]string{"→ " + in("ja"), "→ " + in("ko")}}
}

var names = regexp.MustCompile(`\{[a-z0-9]+\}`)

// braced ends the numbers of $1: a letter may follow.
func braced(to string) string { return dollars.ReplaceAllString(to, `$${${1}}`) }

var dollars = regexp.MustCompile(`\$(\d)`)

var verbs = regexp.MustCompile(`%[sdq]`)

func expression(phrase string) string {
	var b strings.Builder
	at := 0
	for _, m := range verbs.FindAllStringIndex(phrase, -1) {
		b.WriteString(regexp.QuoteMeta(phrase[at:m[0]]))
		at = m[1]
		switch {
		case phrase[m[0]:m[1]] == "%d":
			b.WriteString(`(\d+)`)
		case phrase[m[0]:m[1]] == "%q":
			b.WriteString(`("(?:[^"\\]|\\.)*")`)
		case at == len(phrase):
			b.WriteString(`(.+)$`)
		default:
			b.WriteString(`(.+?)`)
		}
	}
	b.WriteString(regexp.QuoteMeta(phrase[at:]))
	return b.String()
}

// longest is the longest part of a phrase without values.
func longest(phrase string) string {
	best := ""
	for _, part := range verbs.Split(phrase, -1) {
		if len(part) > len(best) {
			best = part
		}
	}
	return best
}
