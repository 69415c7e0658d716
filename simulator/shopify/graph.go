package shopify

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/validator"
	"github.com/vektah/gqlparser/v2/validator/rules"
)

//go:embed schema.graphql
var schemaText string

var schema = gqlparser.MustLoadSchema(&ast.Source{Name: "schema.graphql", Input: schemaText})

// An object is a value of the schema: its type and its fields. A field is a scalar, an
// object, a list, or a resolver that takes the field's arguments.
type object struct {
	kind   string
	fields map[string]any
}

type resolver func(args map[string]any) (any, error)

// A fail is an entry of errors.
type fail struct {
	code    string
	message string
}

func (f *fail) Error() string { return f.code + ": " + f.message }

// checked parses a query, validates it and coerces its variables.
func checked(query, name string, variables map[string]any) (*ast.OperationDefinition, map[string]any, []any) {
	doc, errs := gqlparser.LoadQueryWithRules(schema, query, rules.NewDefaultRules())
	if len(errs) > 0 {
		return nil, nil, invalid(errs)
	}
	op := doc.Operations.ForName(name)
	if op == nil {
		return nil, nil, []any{entry("missingOperation", "no such operation, or several without operationName", nil)}
	}
	for given := range variables {
		if op.VariableDefinitions.ForName(given) == nil {
			return nil, nil, []any{entry("unusedVariable", "the variable $"+given+" is not declared", nil)}
		}
	}
	vars, err := validator.VariableValues(schema, op, variables)
	if err != nil {
		return nil, nil, []any{entry("INVALID_VARIABLE", err.Error(), nil)}
	}
	return op, vars, nil
}

// codes of validation, by the rule that was broken.
var codes = map[string]string{
	"FieldsOnCorrectType": "undefinedField", "KnownArgumentNames": "argumentNotAccepted", "ProvidedRequiredArguments": "missingRequiredArguments",
	"ValuesOfCorrectType": "argumentLiteralsIncompatible", "KnownDirectives": "undefinedDirective", "NoUnusedVariables": "variableNotUsed",
}

func invalid(errs gqlerror.List) []any {
	out := make([]any, len(errs))
	for i, e := range errs {
		code := codes[e.Rule]
		if code == "" {
			code = "invalid" + e.Rule
		}
		out[i] = entry(code, e.Message, nil)
	}
	return out
}

func entry(code, message string, path []any) map[string]any {
	e := map[string]any{"message": message, "extensions": map[string]any{"code": code}}
	if path != nil {
		e["path"] = path
	}
	return e
}

// fieldsOf lists the fields that a selection asks of a type, through its fragments.
func fieldsOf(set ast.SelectionSet, kind string) []*ast.Field {
	var out []*ast.Field
	for _, s := range set {
		switch s := s.(type) {
		case *ast.Field:
			out = append(out, s)
		case *ast.InlineFragment:
			if matches(s.TypeCondition, kind) {
				out = append(out, fieldsOf(s.SelectionSet, kind)...)
			}
		case *ast.FragmentSpread:
			if matches(s.Definition.TypeCondition, kind) {
				out = append(out, fieldsOf(s.Definition.SelectionSet, kind)...)
			}
		}
	}
	return out
}

// matches reports whether a condition holds for a type; an interface's price is that of
// whatever it may be.
func matches(condition, kind string) bool {
	if condition == "" || condition == kind {
		return true
	}
	for _, d := range schema.PossibleTypes[kind] {
		if d.Name == condition {
			return true
		}
	}
	for _, d := range schema.PossibleTypes[condition] {
		if d.Name == kind {
			return true
		}
	}
	return false
}

// cost is what a selection may cost at most.
func cost(set ast.SelectionSet, kind string, vars map[string]any) int {
	sum := 0
	for _, f := range fieldsOf(set, kind) {
		if f.Definition == nil || len(f.SelectionSet) == 0 {
			continue
		}
		of := f.Definition.Type.Name()
		switch {
		case kind == "Mutation":
			sum += 10
		case strings.HasSuffix(of, "Connection"):
			n := asInt(f.ArgumentMap(vars)["first"])
			for _, g := range fieldsOf(f.SelectionSet, of) {
				each := 1 + cost(g.SelectionSet, g.Definition.Type.Name(), vars)
				if g.Definition.Type.Elem != nil {
					each *= n
				}
				sum += each
			}
		default:
			each := 1 + cost(f.SelectionSet, of, vars)
			args := f.ArgumentMap(vars)
			if ids, ok := args["ids"].([]any); ok {
				each *= len(ids)
			} else if first, ok := args["first"]; ok {
				each *= asInt(first)
			}
			sum += each
		}
	}
	return sum
}

// A run is the execution of one operation.
type run struct {
	vars   map[string]any
	errs   []any
	actual int
}

// do answers a selection of an object.
func (r *run) do(set ast.SelectionSet, o object, path []any) map[string]any {
	out := map[string]any{}
	for _, f := range fieldsOf(set, o.kind) {
		at := append(path[:len(path):len(path)], f.Alias)
		if f.Name == "__typename" {
			out[f.Alias] = o.kind
			continue
		}
		v, there := o.fields[f.Name]
		if !there {
			r.errs = append(r.errs, entry("INTERNAL_SERVER_ERROR", "the stand-in has no "+o.kind+"."+f.Name, at))
			continue
		}
		if call, ok := v.(resolver); ok {
			var err error
			if v, err = call(f.ArgumentMap(r.vars)); err != nil {
				v = nil
				var x *fail
				if errors.As(err, &x) {
					r.errs = append(r.errs, entry(x.code, x.message, at))
				} else {
					r.errs = append(r.errs, entry("BAD_REQUEST", err.Error(), at))
				}
			}
		}
		out[f.Alias] = r.value(f.SelectionSet, v, at)
	}
	return out
}

func (r *run) value(set ast.SelectionSet, v any, path []any) any {
	switch v := v.(type) {
	case object:
		if !strings.HasSuffix(v.kind, "Connection") {
			r.actual++
		}
		return r.do(set, v, path)
	case *object:
		if v == nil {
			return nil
		}
		return r.value(set, *v, path)
	case []object:
		out := make([]any, len(v))
		for i := range v {
			out[i] = r.value(set, v[i], append(path[:len(path):len(path)], i))
		}
		return out
	case []*object:
		out := make([]any, len(v))
		for i := range v {
			out[i] = r.value(set, v[i], append(path[:len(path):len(path)], i))
		}
		return out
	}
	return v
}

// A keyed object has its place in a connection: a cursor is what comes after a key.
type keyed struct {
	key  string
	make func() object
}

// connection makes the resolver of a connection over a list that is sorted by key.
func connection(kind string, list func(args map[string]any) ([]keyed, error)) resolver {
	return func(args map[string]any) (any, error) {
		if args["last"] != nil || args["before"] != nil || args["reverse"] == true || args["savedSearchId"] != nil {
			return nil, &fail{code: "BAD_REQUEST", message: "the stand-in pages forward only"}
		}
		first, ok := args["first"]
		n := asInt(first)
		if !ok || first == nil || n < 1 || n > 250 {
			return nil, &fail{code: "BAD_REQUEST", message: "you must provide one of first or last, from 1 to 250"}
		}
		all, err := list(args)
		if err != nil {
			return nil, err
		}
		from := 0
		if after, _ := args["after"].(string); after != "" {
			key, ok := strings.CutPrefix(after, "cursor:")
			if !ok {
				return nil, &fail{code: "BAD_REQUEST", message: "after: no cursor of this list"}
			}
			for from < len(all) && all[from].key <= key {
				from++
			}
		}
		to := min(from+n, len(all))
		nodes := make([]object, 0, to-from)
		for _, k := range all[from:to] {
			nodes = append(nodes, k.make())
		}
		page := object{"PageInfo", map[string]any{"hasNextPage": to < len(all), "hasPreviousPage": from > 0, "endCursor": nil, "startCursor": nil}}
		if to > from {
			page.fields["startCursor"], page.fields["endCursor"] = "cursor:"+all[from].key, "cursor:"+all[to-1].key
		}
		return object{kind, map[string]any{"nodes": nodes, "pageInfo": page}}, nil
	}
}

// some makes the resolver of a plain list that first can cut.
func some(list []object) resolver {
	return func(args map[string]any) (any, error) {
		if first, ok := args["first"]; ok && first != nil {
			return list[:min(asInt(first), len(list))], nil
		}
		return list, nil
	}
}

func asInt(v any) int { return int(asInt64(v)) }

func asInt64(v any) int64 {
	switch v := v.(type) {
	case int64:
		return v
	case int:
		return int64(v)
	case float64:
		return int64(v)
	case json.Number:
		n, _ := v.Int64() // validated as an Int before
		return n
	}
	return 0
}

// numberOf reads the number of an id of one kind.
func numberOf(id any, kind string) (int64, error) {
	s, _ := id.(string)
	var n int64
	if _, err := fmt.Sscanf(s, "gid://shopify/"+kind+"/%d", &n); err != nil || gid(kind, n) != s {
		return 0, &fail{code: "BAD_REQUEST", message: fmt.Sprintf("invalid id: %s", s)}
	}
	return n, nil
}
