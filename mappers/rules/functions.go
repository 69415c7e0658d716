package rules

import (
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/expr-lang/expr"

	"github.com/mallbridge/mallbridge/order"
)

const stringKind = reflect.String

// options are those of every expression: the typed environment, no clock, limits
// and the functions
//
//	days_later(day, n)     the day n days after a day
//	days_between(a, b)     how many days b is after a
//	has_any(text, list)    text contains one of the words
//	starts_any(text, list) text begins with one of the words
func options() []expr.Option {
	return []expr.Option{
		expr.Env(&Env{}),
		expr.MaxNodes(maxNodes),
		expr.DisableBuiltin("now"),
		expr.Function("days_later", func(p ...any) (any, error) {
			if _, err := day(p[0].(string)); err != nil {
				return nil, err
			}
			return string(order.Date(p[0].(string)).AddDays(p[1].(int))), nil
		}, func(string, int) string { return "" }),
		expr.Function("days_between", func(p ...any) (any, error) {
			a, err := day(p[0].(string))
			if err != nil {
				return nil, err
			}
			b, err := day(p[1].(string))
			if err != nil {
				return nil, err
			}
			return int(b.Sub(a) / (24 * time.Hour)), nil
		}, func(string, string) int { return 0 }),
		expr.Function("has_any", func(p ...any) (any, error) { return one(p, strings.Contains) }, func(string, []any) bool { return false }, func(string, []string) bool { return false }),
		expr.Function("starts_any", func(p ...any) (any, error) { return one(p, strings.HasPrefix) }, func(string, []any) bool { return false }, func(string, []string) bool { return false }),
	}
}

func day(s string) (time.Time, error) {
	t, ok := order.Date(s).Time(time.UTC)
	if !ok {
		return t, fmt.Errorf("%q is not a day", s)
	}
	return t, nil
}

func one(p []any, test func(s, part string) bool) (bool, error) {
	text := p[0].(string)
	switch list := p[1].(type) {
	case []string:
		for _, w := range list {
			if test(text, w) {
				return true, nil
			}
		}
	case []any:
		for _, w := range list {
			s, ok := w.(string)
			if !ok {
				return false, fmt.Errorf("the list has %v, which is not a text", w)
			}
			if test(text, s) {
				return true, nil
			}
		}
	}
	return false, nil
}
