// Package tracking reads tracking numbers as files and people write them, and
// says whether a number can be one of a carrier.
//
// Numbers are text. Comparing and reporting use the form of [Normalise]; the text
// of the file is kept beside it by whoever stores them.
package tracking

import (
	"fmt"
	"strings"

	"golang.org/x/text/width"
)

// Split gives the numbers of a cell that may hold several, separated by comma,
// slash, semicolon, space or line break, as they are written there.
func Split(cell string) []string {
	return strings.FieldsFunc(cell, func(c rune) bool { return strings.ContainsRune(",/、 \t\r\n　;", c) })
}

// hyphens are those that people type or that width.Narrow leaves: minus, dashes, the
// long-vowel mark.
const hyphens = "-\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u30fc\uff70\ufe63\uff0d"

// Normalise narrows a tracking number to digits and capital letters: hyphens of
// every kind and spaces go. It refuses what a spreadsheet has turned into an
// exponent, what has other characters, and what is shorter than 8 or longer than
// 35.
func Normalise(s string) (string, error) {
	var b strings.Builder
	for _, c := range width.Narrow.String(s) {
		switch {
		case strings.ContainsRune(hyphens, c), c == ' ', c == '\u00a0':
		case c >= '0' && c <= '9', c >= 'A' && c <= 'Z':
			b.WriteRune(c)
		case c >= 'a' && c <= 'z':
			b.WriteRune(c - 'a' + 'A')
		case c == '.' || c == '+':
			return "", fmt.Errorf("it looks like a number that a spreadsheet rewrote; the digits are gone")
		default:
			return "", fmt.Errorf("%q (%U) is no part of a tracking number", c, c)
		}
	}
	n := b.Len()
	if n < 8 || n > 35 {
		return "", fmt.Errorf("it has %d characters; tracking numbers have 8 to 35", n)
	}
	return b.String(), nil
}
