package rules

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/vm"

	"github.com/mallbridge/mallbridge/order"
)

var machines = sync.Pool{New: func() any { return &vm.VM{MemoryBudget: maxMemory} }}

// Apply runs the rules over one package in their order. It sets the totals of
// env and leaves the rest of it as it is.
func (s *Set) Apply(env *Env) Result {
	var res Result
	if s == nil || len(s.rules) == 0 {
		return res
	}
	sum(env)
	seen := *env // rules see what earlier ones changed
	machine := machines.Get().(*vm.VM)
	defer machines.Put(machine)
	for i := range s.rules {
		r := &s.rules[i]
		out, err := machine.Run(r.when, &seen)
		if err != nil {
			res.fail(r, err)
			continue
		}
		if fires, _ := out.(bool); !fires {
			continue
		}
		if r.Effect == NotBefore {
			res.notBefore(r, &seen, machine)
			continue
		}
		res.do(r, &seen)
		if res.Outside {
			break
		}
	}
	return res
}

func (res *Result) do(r *Rule, seen *Env) {
	e := Event{Rule: r.Name, Line: r.Line, Effect: r.Effect, Value: r.Value}
	switch r.Effect {
	case Hold:
		res.hold(r, r.Value)
	case Route:
		e.Was, seen.Warehouse, res.Warehouse = seen.Warehouse, r.Value, r.Value
	case Service:
		e.Was, seen.Service, res.Service = seen.Service, r.Value, r.Value
	case Insert:
		e.Value = fmt.Sprintf("%s×%d", r.Value, r.Number)
		res.Inserts = append(res.Inserts, Inserted{SKU: r.Value, Quantity: r.Number, Rule: r.Name})
	case Merge:
		e.Was, res.Merge = res.Merge, r.Value
	case Outside:
		res.Outside = true
	case AddNote:
		res.Notes = append(res.Notes, r.Value)
	case Split:
		e.Was, res.Split = res.Split, r.Value
	}
	res.Events = append(res.Events, e)
}

func (res *Result) hold(r *Rule, detail string) {
	res.Holds = append(res.Holds, order.Hold{Reason: order.HoldRule, Detail: detail, Field: "rule", Value: r.Name})
}

// notBefore counts +days from the day of the order: from today the date would
// move along with every run.
func (res *Result) notBefore(r *Rule, seen *Env, machine *vm.VM) {
	text := r.Value
	switch {
	case r.date != nil:
		out, err := machine.Run(r.date, seen)
		if err != nil {
			res.fail(r, err)
			return
		}
		text, _ = out.(string)
	case strings.HasPrefix(r.Value, "+"):
		text = string(order.Date(seen.Order.OrderedOn).AddDays(int(r.Number)))
	}
	date := order.Date(text)
	if _, ok := date.Time(time.UTC); !ok {
		res.fail(r, fmt.Errorf("%q is not a day", text))
		return
	}
	e := Event{Rule: r.Name, Line: r.Line, Effect: NotBefore, Value: string(date), Was: string(res.NotBefore)}
	res.NotBefore = max(res.NotBefore, date)
	res.Events = append(res.Events, e)
}

// fail holds the package: a rule that cannot be judged might have held it.
func (res *Result) fail(r *Rule, err error) {
	why := err.Error()
	var fe *file.Error
	if errors.As(err, &fe) {
		why = fe.Message
	}
	detail := fmt.Sprintf("rule %q in line %d cannot be evaluated: %s", r.Name, r.Line, why)
	res.hold(r, detail)
	res.Events = append(res.Events, Event{Rule: r.Name, Line: r.Line, Effect: Hold, Value: detail})
}
