package shopify

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// A test says whether one order passes.
type test = func(o *order) bool

// orderTerms are the documented terms of the search for orders that are played. A term
// that nobody documented is refused here; the mall takes it for words to look for.
var orderTerms = map[string]func(op, value string, quoted bool) (test, error){
	"updated_at": moment(func(o *order) time.Time { return o.updated }),
	"created_at": moment(func(o *order) time.Time { return o.created }),
	"name": func(op, value string, _ bool) (test, error) {
		if op != "" || value == "" {
			return nil, fmt.Errorf("name: a name is expected")
		}
		// The mall looks for words: 1001 finds #1001 as well, and #1001-A.
		word := strings.Trim(value, "#")
		return func(o *order) bool {
			return slices.Contains(strings.FieldsFunc(o.name, func(r rune) bool { return r == '#' || r == '-' }), word) || o.name == value
		}, nil
	},
	"status": func(op, value string, _ bool) (test, error) {
		if op != "" || !slices.Contains([]string{"open", "closed", "cancelled", "not_closed"}, value) {
			return nil, fmt.Errorf("status: %q", value)
		}
		return func(o *order) bool {
			switch value {
			case "open":
				return o.cancelled.IsZero() && o.closed.IsZero()
			case "closed":
				return !o.closed.IsZero()
			case "cancelled":
				return !o.cancelled.IsZero()
			}
			return o.closed.IsZero()
		}, nil
	},
	"fulfillment_status": func(op, value string, _ bool) (test, error) {
		means := map[string][]string{
			"unshipped": {"UNFULFILLED"}, "shipped": {"FULFILLED"}, "fulfilled": {"FULFILLED"}, "partial": {"PARTIALLY_FULFILLED"}, "scheduled": {"SCHEDULED"},
			"on_hold": {"ON_HOLD"}, "unfulfilled": {"UNFULFILLED", "PARTIALLY_FULFILLED"}, "request_declined": {"REQUEST_DECLINED"},
		}
		list, ok := means[value]
		if op != "" || !ok {
			return nil, fmt.Errorf("fulfillment_status: %q", value)
		}
		return func(o *order) bool { return slices.Contains(list, o.display()) }, nil
	},
}

func moment(of func(*order) time.Time) func(op, value string, quoted bool) (test, error) {
	return func(op, value string, quoted bool) (test, error) {
		at, err := time.Parse("2006-01-02T15:04:05Z", value)
		if err != nil || !quoted {
			return nil, fmt.Errorf("%q: a time such as '2026-11-18T00:00:00Z' in single quotes is expected", value)
		}
		return func(o *order) bool {
			d := of(o).Compare(at)
			switch op {
			case ">":
				return d > 0
			case ">=":
				return d >= 0
			case "<":
				return d < 0
			case "<=":
				return d <= 0
			}
			return d == 0
		}, nil
	}
}

// parseSearch reads the search syntax: terms side by side must all hold, OR, a minus or
// NOT before a term, and brackets.
func parseSearch[T any](text string, terms map[string]func(op, value string, quoted bool) (func(T) bool, error)) (func(T) bool, error) {
	p := &searchParser[T]{text: text, terms: terms}
	match, err := p.any()
	if p.skip(); err == nil && p.text != "" {
		err = fmt.Errorf("query: %q is left over", p.text)
	}
	return match, err
}

type searchParser[T any] struct {
	text  string
	terms map[string]func(op, value string, quoted bool) (func(T) bool, error)
}

func (p *searchParser[T]) skip() { p.text = strings.TrimLeft(p.text, " ") }

func (p *searchParser[T]) word(w string) bool {
	p.skip()
	if rest, ok := strings.CutPrefix(p.text, w); ok {
		p.text = rest
		return true
	}
	return false
}

func (p *searchParser[T]) any() (func(T) bool, error) {
	left, err := p.all()
	for err == nil && p.word("OR ") {
		var right func(T) bool
		first := left
		right, err = p.all()
		left = func(x T) bool { return first(x) || right(x) }
	}
	return left, err
}

func (p *searchParser[T]) all() (func(T) bool, error) {
	match := func(T) bool { return true }
	for {
		p.skip()
		if p.text == "" || p.text[0] == ')' || strings.HasPrefix(p.text, "OR ") {
			return match, nil
		}
		p.word("AND ")
		next, err := p.one()
		if err != nil {
			return nil, err
		}
		before := match
		match = func(x T) bool { return before(x) && next(x) }
	}
}

func (p *searchParser[T]) one() (func(T) bool, error) {
	switch {
	case p.word("-"), p.word("NOT "):
		inner, err := p.one()
		return func(x T) bool { return !inner(x) }, err
	case p.word("("):
		inner, err := p.any()
		if err == nil && !p.word(")") {
			err = fmt.Errorf("query: a bracket is not closed")
		}
		return inner, err
	}
	name, rest, ok := strings.Cut(p.text, ":")
	make, known := p.terms[name]
	if !ok || !known {
		return nil, fmt.Errorf("query: %q is no term that is documented", name)
	}
	op := ""
	for _, x := range []string{">=", "<=", ">", "<"} {
		if r, ok := strings.CutPrefix(rest, x); ok && op == "" {
			op, rest = x, r
		}
	}
	value, quoted := "", strings.HasPrefix(rest, "'")
	if quoted {
		i := 1
		for ; i < len(rest) && rest[i] != '\''; i++ {
			if rest[i] == '\\' && i+1 < len(rest) {
				i++
			}
			value += rest[i : i+1]
		}
		if i >= len(rest) {
			return nil, fmt.Errorf("query: a quote is not closed")
		}
		rest = rest[i+1:]
	} else {
		i := strings.IndexAny(rest, " )")
		if i < 0 {
			i = len(rest)
		}
		value, rest = rest[:i], rest[i:]
		if strings.Contains(value, ":") {
			return nil, fmt.Errorf("query: %q: a colon ends a value that is not quoted", value)
		}
	}
	p.text = rest
	return make(op, value, quoted)
}
