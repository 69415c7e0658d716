package rules

import (
	"strings"

	"golang.org/x/text/width"
)

// around is how many letters of a long line a snippet shows on each side.
const around = 50

// snippet shows one line of an expression with a caret under a place in it (line
// from 1, column from 0, in letters). Kanji and Hangul count two columns, as
// terminals show them.
func snippet(text string, line, column int) string {
	lines := strings.Split(text, "\n")
	if line < 1 || line > len(lines) {
		return ""
	}
	runes := []rune(strings.ReplaceAll(lines[line-1], "\t", " "))
	if column > len(runes) {
		return ""
	}
	from, to := max(0, column-around), min(len(runes), column+around)
	before, after := "", ""
	if from > 0 {
		before = "… "
	}
	if to < len(runes) {
		after = " …"
	}
	dots := len([]rune(before))
	for _, r := range runes[from:column] {
		switch width.LookupRune(r).Kind() {
		case width.EastAsianWide, width.EastAsianFullwidth:
			dots += 2
		default:
			dots++
		}
	}
	return "\n | " + before + string(runes[from:to]) + after + "\n | " + strings.Repeat(".", dots) + "^"
}
