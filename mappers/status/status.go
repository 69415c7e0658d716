// Package status says what a mall's order status means for shipping: whether an
// order is unshipped, instructed, held, done, cancelled or outside.
//
// A mall moves an order along a chain of states. An account names one of them
// as its target, with a required default and, if wanted, another target for
// each payment method. Orders in the target are instructed, orders before it
// are unshipped, orders after it are done. States outside the chain (a change
// or cancel under way, cancelled) count by their own class. A status that the
// table does not know holds the order: it is never guessed.
package status

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/mallbridge/mallbridge/order"
)

// A Class is what a status means for shipping.
type Class string

// Classes.
const (
	Unshipped  Class = "unshipped"  // before the target: not yet ours to ship
	Instructed Class = "instructed" // the target: ship it
	Hold       Class = "hold"       // a person or the mall must settle something first
	Done       Class = "done"       // after the target, or shipped
	Cancelled  Class = "cancelled"
	Outside    Class = "outside" // never ours to ship
)

// Classes lists every class, in the order in which lists show them.
func Classes() []Class {
	return []Class{Unshipped, Instructed, Hold, Done, Cancelled, Outside}
}

// Sureness tells how well a table's facts are known.
type Sureness string

// Degrees of sureness.
const (
	Confirmed Sureness = "confirmed" // documented by the mall or seen in several integrations
	Inferred  Sureness = "inferred"  // concluded; the account's first sheets should be looked at
)

// A State is one status of a mall.
type State struct {
	Code    string            // as configuration writes it: "300", "상품준비중"
	Aliases []string          // other spellings in sheets and API; "status/substatus" joins two columns
	Name    map[string]string // by language: ja, ko, en
	Chain   bool              // its place in the table's list tells before and after
	Class   Class             // for states outside the chain; a chain state gets its class from the target
	Reason  order.Reason      // overrides the class's usual reason
}

// Label returns the name in lang, in English, or the code.
func (s *State) Label(lang string) string {
	for _, l := range [...]string{lang, "en"} {
		if n := s.Name[l]; n != "" {
			return n
		}
	}
	return s.Code
}

// A Table lists a mall's states; those of the chain in the order in which an
// order passes them.
type Table struct {
	Mall     string
	Sureness Sureness
	States   []State
	Missing  string // code that an empty status stands for; empty: an empty status holds
	Refine   bool   // a filled substatus decides instead of the status
	Suggest  string // code that suits most shops as default target; proposed, never assumed
}

// Find returns the state that text means, comparing codes, aliases and names
// without regard to width, case and spaces.
func (t *Table) Find(text string) (*State, bool) {
	key := fold(text)
	if key == "" {
		return nil, false
	}
	for i := range t.States {
		for _, k := range t.States[i].keys() {
			if k == key {
				return &t.States[i], true
			}
		}
	}
	return nil, false
}

func (s *State) keys() []string {
	out := make([]string, 0, 1+len(s.Aliases)+len(s.Name))
	out = append(out, fold(s.Code))
	for _, a := range s.Aliases {
		out = append(out, fold(a))
	}
	for _, n := range s.Name {
		out = append(out, fold(n))
	}
	return out
}

func (t *Table) rank(code string) int {
	for i := range t.States {
		if t.States[i].Code == code {
			return i
		}
	}
	return -1
}

// fold removes what sheets vary without meaning it.
func fold(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}
		return unicode.ToUpper(r)
	}, norm.NFKC.String(s))
}
