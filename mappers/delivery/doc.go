// Package delivery maps what malls write about delivery: the delivery method to
// a service of ours and its carrier, and the wished time to a time band.
//
// A text that neither the master nor the built-in table knows is not mapped, and
// the order waits: a wish is never moved to the next window.
package delivery

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// A Finding is one fault in a master.
type Finding struct {
	Line   int
	Column string
	Value  string
	Why    string
	Hint   string
}

// fold removes what sheets vary without meaning it: width, case, spaces.
func fold(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}
		return unicode.ToUpper(r)
	}, norm.NFKC.String(s))
}
