package status

import (
	"fmt"
	"sort"

	"github.com/mallbridge/mallbridge/order"
)

// Targets are an account's target statuses.
type Targets struct {
	Default   string            // required
	ByPayment map[string]string // payment (the mall's text, or ours: cod) → status
}

// A Finding is one fault in an account's statuses or targets. Key is the YAML
// path of the value under the account: target.default, statuses[2].class.
type Finding struct {
	Key   string
	Value string
	Why   string
	Hint  string
}

func (f Finding) String() string {
	s := f.Key
	if f.Value != "" {
		s += fmt.Sprintf(": %q", f.Value)
	}
	return s + ": " + f.Why
}

// A Verdict is what a status means for one order.
type Verdict struct {
	Class  Class
	Reason order.Reason // empty for Instructed
	State  string       // code of the state; empty for an unknown status
	Target string       // code of the target that was compared with
	Detail string       // for people, in English with the mall's own words
}

// A Resolver answers for one account. It is safe for concurrent use.
type Resolver struct {
	table   Table
	byKey   map[string]int // folded text → index into table.States
	def     int
	targets map[string]int // folded payment → index
	names   map[string]string
}

// New prepares a table with an account's targets. With findings the Resolver is nil.
func New(table Table, targets Targets) (*Resolver, []Finding) {
	r := &Resolver{table: table, byKey: map[string]int{}, targets: map[string]int{}, names: map[string]string{}}
	for i := range table.States {
		for _, k := range table.States[i].keys() {
			if _, taken := r.byKey[k]; !taken {
				r.byKey[k] = i
			}
		}
	}
	var all []Finding
	if targets.Default == "" {
		all = append(all, Finding{
			Key: "target.default", Why: "a default target status is required",
			Hint: "write the status in which orders are shipped" + suggestion(table),
		})
	} else if i, f := r.target("target.default", targets.Default); f != nil {
		all = append(all, *f)
	} else {
		r.def = i
	}
	for _, p := range sorted(targets.ByPayment) {
		key := "target.by_payment." + p
		i, f := r.target(key, targets.ByPayment[p])
		if f != nil {
			all = append(all, *f)
			continue
		}
		k := fold(p)
		if first, twice := r.names[k]; twice {
			all = append(all, Finding{Key: key, Why: fmt.Sprintf("is the same payment method as %q", first), Hint: "keep one of them"})
		}
		r.targets[k], r.names[k] = i, p
	}
	if len(all) > 0 {
		return nil, all
	}
	return r, nil
}

func suggestion(t Table) string {
	if t.Suggest == "" {
		return ""
	}
	return fmt.Sprintf("; for %s mostly %q", t.Mall, t.Suggest)
}

func (r *Resolver) target(key, text string) (int, *Finding) {
	i, ok := r.byKey[fold(text)]
	if !ok {
		return 0, &Finding{Key: key, Value: text, Why: "is not a known status", Hint: "use one of " + r.table.targetCodes()}
	}
	s := &r.table.States[i]
	if !s.Chain && s.Class != Instructed && s.Class != Unshipped {
		return 0, &Finding{
			Key: key, Value: text, Why: fmt.Sprintf("counts as %s and cannot be shipped", s.Class),
			Hint: "use one of " + r.table.targetCodes(),
		}
	}
	return i, nil
}

func (t *Table) targetCodes() string {
	out := ""
	for i := range t.States {
		if s := &t.States[i]; s.Chain || s.Class == Instructed || s.Class == Unshipped {
			if out != "" {
				out += ", "
			}
			out += s.Code
		}
	}
	return out
}

// Resolve judges a status. payment holds every text by which targets may name
// the order's payment method, most telling first: the mall's text, then our
// code; the first that has a target wins, otherwise the default.
func (r *Resolver) Resolve(status, substatus string, payment ...string) Verdict {
	target := r.targetOf(payment)
	v := Verdict{Target: r.table.States[target].Code}
	i, why := r.find(status, substatus)
	if why != "" {
		v.Class, v.Reason, v.Detail = Hold, order.HoldStatus, why
		return v
	}
	s := &r.table.States[i]
	v.State = s.Code
	v.Class, v.Reason = r.classify(i, target)
	v.Detail = `status "` + s.Code + `", target "` + v.Target + `"`
	return v
}

func (r *Resolver) targetOf(payment []string) int {
	for _, p := range payment {
		if p == "" {
			continue
		}
		if i, ok := r.targets[fold(p)]; ok {
			return i
		}
	}
	return r.def
}

// find returns the state's index, or why there is none.
func (r *Resolver) find(status, substatus string) (int, string) {
	main, sub := fold(status), fold(substatus)
	if main == "" && (sub == "" || !r.table.Refine) {
		main = fold(r.table.Missing)
	}
	if main == "" && (sub == "" || !r.table.Refine) {
		return 0, "the status is empty"
	}
	if i, ok := r.byKey[main+"/"+sub]; ok {
		return i, ""
	}
	m, known := r.byKey[main]
	if !known && main != "" {
		return 0, fmt.Sprintf("status %q is not in the table", status)
	}
	if sub == "" || !r.table.Refine {
		return m, ""
	}
	s, ok := r.byKey[sub]
	switch {
	case !ok:
		return 0, fmt.Sprintf("substatus %q of status %q is not in the table", substatus, status)
	case main == "" || r.open(m) || !r.open(s) && r.table.States[s].Class != Done:
		return s, ""
	}
	return m, ""
}

// open reports whether a state is one of those before the goods leave. A
// substatus may refine such a state in any way, but never bring a cancelled or
// shipped order back.
func (r *Resolver) open(i int) bool {
	c := r.table.States[i].Class
	return c == Unshipped || c == Instructed
}

func (r *Resolver) classify(i, target int) (Class, order.Reason) {
	s, goal := &r.table.States[i], &r.table.States[target]
	class := s.Class
	switch {
	case i == target:
		class = Instructed
	case s.Chain && goal.Chain && i < target:
		class = Unshipped
	case s.Chain && goal.Chain:
		class = Done
	}
	if class == Instructed {
		return class, ""
	}
	if s.Reason != "" && class == s.Class {
		return class, s.Reason
	}
	return class, reasons[class]
}

var reasons = map[Class]order.Reason{
	Unshipped: order.OutUnshipped,
	Hold:      order.HoldMallStatus,
	Done:      order.OutDone,
	Cancelled: order.OutCancelled,
	Outside:   order.OutRule,
}

// An Explanation is one row of the table that check prints for an account:
// what each status means for one payment method.
type Explanation struct {
	Payment    string // as the account wrote it; empty for the default
	Target     State
	Unshipped  []State
	Instructed []State
	Held       []State
	Outside    []State // done, cancelled and outside
}

// Explain returns the default first, then each payment method by name.
func (r *Resolver) Explain() []Explanation {
	out := []Explanation{r.explain("", r.def)}
	for _, k := range sorted(r.names) {
		out = append(out, r.explain(r.names[k], r.targets[k]))
	}
	return out
}

func (r *Resolver) explain(payment string, target int) Explanation {
	e := Explanation{Payment: payment, Target: r.table.States[target]}
	for i, s := range r.table.States {
		switch class, _ := r.classify(i, target); class {
		case Unshipped:
			e.Unshipped = append(e.Unshipped, s)
		case Instructed:
			e.Instructed = append(e.Instructed, s)
		case Hold:
			e.Held = append(e.Held, s)
		case Done, Cancelled, Outside:
			e.Outside = append(e.Outside, s)
		}
	}
	return e
}

func sorted[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	sort.Strings(out)
	return out
}
