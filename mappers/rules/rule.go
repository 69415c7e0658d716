package rules

import (
	"fmt"

	"github.com/expr-lang/expr/vm"

	"github.com/mallbridge/mallbridge/order"
)

// An Effect is what a rule does.
type Effect string

// Effects.
const (
	Hold      Effect = "hold"
	Route     Effect = "route"
	Service   Effect = "service"
	Insert    Effect = "insert"
	Merge     Effect = "merge"
	Outside   Effect = "outside"
	AddNote   Effect = "note"
	NotBefore Effect = "ship_not_before"
	Split     Effect = "split"
)

// Effects lists every effect, by its key in rules.yaml.
func Effects() []Effect {
	return []Effect{Hold, Route, Service, Insert, Merge, Outside, AddNote, NotBefore, Split}
}

// Values of merge and split.
const (
	MergeNever = "never" // the package is a parcel of its own
	MergeAllow = "allow" // takes an earlier never back
	SplitLine  = "line"  // each line is a parcel of its own
	SplitPiece = "piece" // each piece is a parcel of its own
	SplitNever = "never" // takes an earlier split back
)

// A Rule is one compiled rule.
type Rule struct {
	Name   string
	When   string // the condition as written
	Effect Effect
	Value  string // text, warehouse, service, merge or split value, SKU, date or expression
	Number int64  // quantity of an insert, days of ship_not_before: +2
	Line   int    // in rules.yaml
	Column int

	when *vm.Program
	date *vm.Program // ship_not_before by expression
}

// A Set is a compiled rules.yaml. It is safe for concurrent use. The nil Set has
// no rules.
type Set struct{ rules []Rule }

// Rules lists the rules in their order.
func (s *Set) Rules() []Rule {
	if s == nil {
		return nil
	}
	return append([]Rule(nil), s.rules...)
}

// An Event tells what one rule did to one package.
type Event struct {
	Rule   string
	Line   int // of the rule in rules.yaml
	Effect Effect
	Value  string // what was set or said
	Was    string // what it replaced
}

func (e Event) String() string {
	s := fmt.Sprintf("rule %q (line %d): %s %s", e.Rule, e.Line, e.Effect, e.Value)
	if e.Was != "" {
		s += fmt.Sprintf(" (was %s)", e.Was)
	}
	return s
}

// An Inserted is a SKU that a rule adds to a parcel.
type Inserted struct {
	SKU      string `yaml:"sku"`
	Quantity int64  `yaml:"quantity"`
	Rule     string `yaml:"-"`
}

// A Result is what all rules together did to one package. Fields are empty where
// no rule said anything.
type Result struct {
	Events    []Event
	Holds     []order.Hold // Reason rule; Value is the rule's name
	Outside   bool
	Warehouse string
	Service   string
	Inserts   []Inserted
	Merge     string // never, allow
	Notes     []string
	NotBefore order.Date // the latest that a rule said
	Split     string     // line, piece, never
}
