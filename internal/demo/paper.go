package demo

import (
	"fmt"
	"io"
	"strings"

	"golang.org/x/text/width"
)

// A paper is where the story is written, for people.
type paper struct {
	out      io.Writer
	lang     int
	terminal bool
	busy     bool // a line of progress stands there
}

func newPaper(out io.Writer, lang string, terminal bool) *paper {
	if out == nil {
		out, terminal = io.Discard, false
	}
	return &paper{out: out, lang: map[string]int{"ja": 1, "ko": 2}[lang], terminal: terminal}
}

// A text is the same in English, Japanese and Korean.
type text [3]string

// with fills values in.
func (t text) with(args ...any) text {
	for i := range t {
		t[i] = fmt.Sprintf(t[i], args...)
	}
	return t
}

func (p *paper) say(t text) string { return t[p.lang] }

// line writes one line. Whether the reader is still there is not the demo's
// business.
func (p *paper) line(format string, args ...any) {
	p.clear()
	_, _ = fmt.Fprintf(p.out, format+"\n", args...)
}

func (p *paper) clear() {
	if p.busy {
		_, _ = io.WriteString(p.out, "\r\x1b[K")
		p.busy = false
	}
}

// progress shows what is being done until the next line is written.
func (p *paper) progress(done, of int, what string) {
	if !p.terminal || of == 0 {
		return
	}
	const cells = 24
	full := cells * done / of
	p.clear()
	_, _ = fmt.Fprintf(p.out, "  %s%s %s", strings.Repeat("█", full), strings.Repeat("░", cells-full), what)
	p.busy = true
}

func (p *paper) bold(s string) string { return p.style("1", s) }
func (p *paper) dim(s string) string  { return p.style("2", s) }
func (p *paper) good(s string) string { return p.style("32", s) }

func (p *paper) style(code, s string) string {
	if !p.terminal {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

// head begins a part of the day.
func (p *paper) head(clock string, t text, args ...any) {
	p.line("")
	p.line("%s  %s", p.bold(clock), p.bold(fmt.Sprintf(p.say(t), args...)))
}

// row writes columns under each other: text to the left, numbers to the right of
// their columns.
func (p *paper) row(columns ...cell) {
	var b strings.Builder
	b.WriteString("       ")
	for _, c := range columns {
		b.WriteString(c.pad())
		b.WriteString("  ")
	}
	p.line("%s", strings.TrimRight(b.String(), " "))
}

// A cell is a text in a column so many letters wide; negative: to the right.
type cell struct {
	text string
	wide int
}

func (c cell) pad() string {
	w := c.wide
	if w < 0 {
		w = -w
	}
	space := strings.Repeat(" ", max(0, w-columns(c.text)))
	if c.wide < 0 {
		return space + c.text
	}
	return c.text + space
}

// columns is how wide a text stands on a terminal.
func columns(s string) int {
	n := 0
	for _, r := range s {
		switch width.LookupRune(r).Kind() {
		case width.EastAsianWide, width.EastAsianFullwidth:
			n += 2
		default:
			n++
		}
	}
	return n
}
