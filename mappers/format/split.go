package format

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/mallbridge/mallbridge/mappers/charset"
	"github.com/mallbridge/mallbridge/mappers/record"
	"github.com/mallbridge/mallbridge/order"
)

// A widthLimit is how much a column holds; 0 is no limit.
type widthLimit struct{ chars, bytes int }

// prefix returns the length in bytes of Go of the longest start of s that fits.
func (w widthLimit) prefix(s string, cs *charset.Charset) int {
	chars, size := 0, 0
	for i, r := range s {
		chars++
		n := cs.RuneLen(r)
		if n < 0 {
			n = 2 // held anyway for the character
		}
		size += n
		if w.chars > 0 && chars > w.chars || w.bytes > 0 && size > w.bytes {
			return i
		}
	}
	return len(s)
}

// splitText returns the part of a split text that belongs into c.
func (e *encoder) splitText(c *outColumn) string {
	g := e.f.splits[c.split]
	if e.parts[c.split] == nil {
		e.parts[c.split] = e.splitGroup(g)
	}
	return e.parts[c.split][c.part]
}

func (e *encoder) splitGroup(g *splitGroup) []string {
	first := e.f.out[g.columns[0]]
	sep := first.sep
	if sep == "" && e.row.raw(record.ToCountry) == "KR" {
		sep = " "
	}
	text, last := "", ""
	for _, f := range g.fields {
		v := e.row.fieldValue(f)
		if v == "" {
			continue
		}
		if text != "" {
			text += sep
		}
		if f == g.fields[len(g.fields)-1] && text != "" {
			text += boundary
		}
		text += v
	}
	text = oneLine(text)
	for _, f := range first.folds {
		text = f(text)
	}
	for _, r := range []*charset.Replacements{first.replace, e.replace, e.f.replace} {
		text = e.replaced(r, text)
	}
	text, last, _ = strings.Cut(text, boundary)
	limits := make([]widthLimit, len(g.columns))
	for i, col := range g.columns {
		c := e.f.out[col]
		limits[i] = widthLimit{c.chars, max(c.bytes, c.width)}
	}
	if parts, ok := splitApart(text, last, limits, e.cs); ok {
		return parts
	}
	s := text + last
	parts, rest := splitText(s, limits, e.cs)
	if rest != "" {
		last := e.f.out[g.columns[len(g.columns)-1]]
		e.hold(order.HoldLength, last, s, fmt.Sprintf("%q does not fit into %d parts; %q is left over", s, len(parts), rest)+e.proposals(g, limits))
	}
	return parts
}

// boundary stands before the last of several fields while they are one text.
const boundary = "\x00"

// splitApart gives the last of several fields, a building or a name below a
// company, parts of its own. It reports false where the two do not fit so.
func splitApart(head, tail string, limits []widthLimit, cs *charset.Charset) (parts []string, ok bool) {
	if head == "" || tail == "" {
		return nil, false
	}
	for n := 1; n < len(limits); n++ {
		parts, rest := splitText(head, limits[:n], cs)
		if rest != "" {
			continue
		}
		last, rest := splitText(tail, limits[n:], cs)
		return append(parts, last...), rest == ""
	}
	return nil, false
}

// splitText spreads s over parts of the given widths. A part never ends inside a
// run of digits and hyphens (1-2-3, room 1203): a run that is wider than the part
// goes to the next. What does not fit is the rest.
func splitText(s string, limits []widthLimit, cs *charset.Charset) (parts []string, rest string) {
	parts = make([]string, len(limits))
	s = strings.TrimSpace(s)
	for i, w := range limits {
		n := w.prefix(s, cs)
		if n < len(s) && i < len(limits)-1 {
			n = breakBefore(s, n)
		}
		parts[i] = strings.TrimRight(s[:n], " \u3000")
		s = strings.TrimLeft(s[n:], " \u3000")
		if s == "" {
			return parts, ""
		}
	}
	return parts, s
}

// breakBefore returns the last place up to n where s may be cut.
func breakBefore(s string, n int) int {
	at := n
	for at > 0 {
		before, size := utf8.DecodeLastRuneInString(s[:at])
		after, _ := utf8.DecodeRuneInString(s[at:])
		if !inNumber(before) || !inNumber(after) {
			if isWord(before) && isWord(after) { // a latin word
				at -= size
				continue
			}
			return at
		}
		at -= size
	}
	before, _ := utf8.DecodeLastRuneInString(s[:n])
	after, _ := utf8.DecodeRuneInString(s[n:])
	if inNumber(before) && inNumber(after) {
		return 0
	}
	return n // one word longer than the part
}

// inNumber reports whether r is part of a house number.
func inNumber(r rune) bool {
	switch {
	case r >= '0' && r <= '9', r >= '０' && r <= '９':
		return true
	}
	switch r {
	case '-', '－', '−', '‐', '―', 'ー', '–', '—', 'の':
		return r != 'ー' && r != 'の'
	}
	return false
}

func isWord(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '가' && r <= '힣'
}
