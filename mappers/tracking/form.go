package tracking

import (
	"fmt"
	"strconv"
	"strings"
)

// A Form is what the numbers of a carrier look like: one of several shapes. The
// zero value takes every number.
type Form struct {
	text   string
	shapes []shape
}

// A shape is a number of characters, with what they are.
type shape struct {
	from, to int
	any      bool // letters too
	seven    bool // the last digit is the others modulo 7
	s10      bool // two letters, nine digits, two letters: international post
}

// ParseForm reads a form: shapes separated by spaces, each a length (12) or a range
// of lengths (8-16) of digits, with :any behind it where letters may be among them,
// with :7dr where the last digit is the number before it modulo 7; or s10 for
// numbers of international post, EE123456789JP. An empty text takes every number.
func ParseForm(text string) (Form, error) {
	words := strings.Fields(text)
	f := Form{text: strings.Join(words, " ")}
	for _, word := range words {
		s, ok := parseShape(word)
		if !ok {
			return Form{}, fmt.Errorf("%q is no form of a number such as 12, 8-16, 12:7dr, 18:any or s10", word)
		}
		f.shapes = append(f.shapes, s)
	}
	return f, nil
}

func parseShape(word string) (shape, bool) {
	if word == "s10" {
		return shape{from: 13, to: 13, s10: true}, true
	}
	length, rule, _ := strings.Cut(word, ":")
	low, high, ranged := strings.Cut(length, "-")
	if !ranged {
		high = low
	}
	from, err := strconv.Atoi(low)
	to, err2 := strconv.Atoi(high)
	s := shape{from: from, to: to, any: rule == "any", seven: rule == "7dr"}
	return s, err == nil && err2 == nil && (rule == "" || s.any || s.seven) && from > 0 && from <= to && to <= 35
}

func (f Form) String() string { return f.text }

// Check says why a number, as [Normalise] gives it, has none of the shapes.
func (f Form) Check(number string) error {
	if len(f.shapes) == 0 {
		return nil
	}
	mistyped := false
	for _, s := range f.shapes {
		if !s.fits(number) {
			continue
		}
		if !s.seven || seventh(number) {
			return nil
		}
		mistyped = true
	}
	if mistyped {
		return fmt.Errorf("the check digit of %s is wrong, a digit was mistyped", number)
	}
	return fmt.Errorf("%s has %d characters; %s are expected", number, len(number), f.words())
}

func (s shape) fits(number string) bool {
	if len(number) < s.from || len(number) > s.to {
		return false
	}
	if s.any {
		return true
	}
	for i := 0; i < len(number); i++ {
		digit := number[i] >= '0' && number[i] <= '9'
		if want := !s.s10 || i > 1 && i < 11; digit != want {
			return false
		}
	}
	return true
}

// seventh reports whether the last digit is the number before it modulo 7.
func seventh(number string) bool {
	rest := 0
	for i := 0; i < len(number)-1; i++ {
		rest = (rest*10 + int(number[i]-'0')) % 7
	}
	return int(number[len(number)-1]-'0') == rest
}

func (f Form) words() string {
	out := make([]string, len(f.shapes))
	for i, s := range f.shapes {
		switch {
		case s.s10:
			out[i] = "two letters with nine digits and two letters"
		case s.from != s.to:
			out[i] = fmt.Sprintf("%d to %d digits", s.from, s.to)
		case s.any:
			out[i] = fmt.Sprintf("%d letters and digits", s.from)
		default:
			out[i] = fmt.Sprintf("%d digits", s.from)
		}
	}
	return strings.Join(out, " or ")
}
