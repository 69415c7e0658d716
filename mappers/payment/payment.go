// Package payment maps a mall's payment methods to ours: paid before shipping,
// cash on delivery, or paid later.
//
// The master (masters/payments.csv) is required: a method that it lacks holds
// the order. Malls name their methods by code in the API and by text in sheets,
// so a row carries both.
package payment

import (
	"fmt"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Any is the name that matches every text, also an empty one: for malls whose
// sheets do not tell the payment method.
const Any = "*"

// Kinds of payment, as instructions carry them.
const (
	Prepaid  = "prepaid"  // nothing to collect: card, wallet, transfer already received, points
	COD      = "cod"      // the carrier collects cash
	Deferred = "deferred" // the buyer pays after delivery, not to the carrier (後払い, 請求書払い)
)

// Kinds lists every kind.
func Kinds() []string { return []string{Prepaid, COD, Deferred} }

// A Row is one line of the payment master. The tags are its column names.
type Row struct {
	Account string `csv:"account"` // account name or mall; empty for every account
	Name    string `csv:"name"`    // the mall's text, as sheets carry it, or *
	Code    string `csv:"code"`    // the mall's code, as its API carries it; empty if none
	Payment string `csv:"payment"` // one of [Kinds]
	Line    int    `csv:"-"`       // line in the file
}

// A Finding is one fault in the master.
type Finding struct {
	Line   int
	Column string
	Value  string
	Why    string
	Hint   string
}

// A Map answers what a mall's payment method is. It is safe for concurrent use.
type Map struct {
	rows map[key]entry
}

type key struct{ account, text string }

type entry struct {
	payment string
	line    int
}

// NewMap checks rows and prepares lookups. The Map holds the rows without
// findings.
func NewMap(rows []Row) (*Map, []Finding) {
	m := &Map{rows: make(map[key]entry, 2*len(rows))}
	var all []Finding
	for i := range rows {
		all = append(all, m.add(&rows[i])...)
	}
	return m, all
}

func (m *Map) add(r *Row) []Finding {
	var all []Finding
	kind := strings.ToLower(fold(r.Payment))
	if !known(kind) {
		all = append(all, Finding{r.Line, "payment", r.Payment, "is not a kind of payment", "use one of " + strings.Join(Kinds(), ", ")})
	}
	name, code := fold(r.Name), fold(r.Code)
	if name == "" && code == "" {
		all = append(all, Finding{r.Line, "name", "", "neither name nor code is given", "write the mall's text as the sheet shows it"})
	}
	if len(all) > 0 {
		return all
	}
	texts := [...]struct{ column, value, folded string }{{"name", r.Name, name}, {"code", r.Code, code}}
	for _, t := range texts {
		if t.folded == "" {
			continue
		}
		k := key{strings.TrimSpace(r.Account), t.folded}
		if first, taken := m.rows[k]; !taken {
			m.rows[k] = entry{kind, r.Line}
		} else if first.payment != kind {
			all = append(all, Finding{
				r.Line, t.column, t.value,
				fmt.Sprintf("is %s here and %s in line %d", kind, first.payment, first.line), "keep one of the two lines",
			})
		}
	}
	return all
}

func known(kind string) bool {
	for _, k := range Kinds() {
		if k == kind {
			return true
		}
	}
	return false
}

// Map returns our kind of a mall's payment text or code. A row of the account
// goes before one of its mall, and that before one for every account; within
// them the exact text goes before *.
func (m *Map) Map(account, mall, text string) (payment string, ok bool) {
	t := fold(text)
	for _, scope := range [...]string{account, mall, ""} {
		for _, k := range [...]string{t, Any} {
			if e, ok := m.rows[key{scope, k}]; ok {
				return e.payment, true
			}
		}
	}
	return "", false
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
