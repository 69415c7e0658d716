package format

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/vm"

	"github.com/mallbridge/mallbridge/mappers/record"
)

// A program is an expression or a text with places in it, compiled once.
type program struct {
	source  string
	code    *vm.Program // nil for a text
	parts   []textPart
	fields  []record.Field // that it reads
	columns []int          // that it reads, as indexes of the format's columns
}

// A textPart is fixed text, or the value of a field or column.
type textPart struct {
	text   string
	field  record.Field
	column int // -1 for a field
	isText bool
	isRest bool // the number of lines left over, in items.more
}

// values is what programs read.
type values interface {
	fieldValue(record.Field) string
	columnValue(int) string
}

// exprEnv is what expressions see. Its functions come with it; fields and columns
// are rewritten to calls of at and colAt, by number.
type exprEnv struct {
	At      func(int) string                 `expr:"at"`
	ColAt   func(int) string                 `expr:"colAt"`
	Num     func(string) int                 `expr:"num"`
	Cut     func(string, int) string         `expr:"cut"`
	Digits  func(string) string              `expr:"digits"`
	Hankaku func(string) string              `expr:"hankaku"`
	Zenkaku func(string) string              `expr:"zenkaku"`
	Narrow  func(string) string              `expr:"narrow"`
	Date    func(string, string) string      `expr:"date"`
	Join    func(string, []any) string       `expr:"glue"`
	Table   func(string, string) string      `expr:"code"`
	PadLeft func(string, int, string) string `expr:"padLeft"`
}

// A runner runs programs over one set of values after another. It is not safe for
// use by several goroutines.
type runner struct {
	vm  vm.VM
	env exprEnv
	v   values
	f   *Format
}

func newRunner(f *Format) *runner {
	r := &runner{f: f}
	r.vm.MemoryBudget = 100_000
	r.env = exprEnv{
		At:      func(i int) string { return r.v.fieldValue(record.Field(i)) },
		ColAt:   func(i int) string { return r.v.columnValue(i) },
		Num:     num,
		Cut:     cutChars,
		Digits:  onlyDigits,
		Hankaku: toHalfKana,
		Zenkaku: foldWide,
		Narrow:  foldNarrow,
		Date:    r.date,
		Join:    glue,
		Table:   r.code,
		PadLeft: padLeft,
	}
	return r
}

func num(s string) int {
	n, _ := strconv.Atoi(strings.TrimSpace(s))
	return n
}

func cutChars(s string, n int) string {
	for i := range s {
		if n == 0 {
			return s[:i]
		}
		n--
	}
	return s
}

func glue(sep string, parts []any) string {
	var out []string
	for _, p := range parts {
		if s := resultText(p); s != "" {
			out = append(out, s)
		}
	}
	return strings.Join(out, sep)
}

func padLeft(s string, n int, with string) string {
	if k := n - utf8.RuneCountInString(s); k > 0 && with != "" {
		return strings.Repeat(with, k) + s
	}
	return s
}

func (r *runner) date(s, layout string) string {
	out, ok := newDateLayout(layout).append(nil, s, r.f.zone)
	if !ok {
		return ""
	}
	return string(out)
}

func (r *runner) code(table, key string) string {
	if t := r.f.tables[table]; t != nil {
		return t[key]
	}
	return ""
}

// text runs p and returns its result as text.
func (r *runner) text(p *program, v values) (string, error) {
	if p.code == nil {
		return p.fill(v, 0), nil
	}
	out, err := r.run(p, v)
	return resultText(out), err
}

// bool runs a condition.
func (r *runner) bool(p *program, v values) (bool, error) {
	out, err := r.run(p, v)
	b, _ := out.(bool)
	return b, err
}

func (r *runner) run(p *program, v values) (any, error) {
	r.v = v
	out, err := r.vm.Run(p.code, r.env)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", p.source, firstLine(err))
	}
	return out, nil
}

func firstLine(err error) error {
	var fe *file.Error
	if errors.As(err, &fe) {
		return errors.New(fe.Message)
	}
	s, _, _ := strings.Cut(err.Error(), "\n")
	return errors.New(s)
}

func resultText(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case bool:
		if v {
			return "1"
		}
		return ""
	case int:
		return strconv.Itoa(v)
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case []any:
		return glue(" ", v)
	}
	return fmt.Sprint(v)
}

func (p *program) fill(v values, rest int) string {
	var b strings.Builder
	for _, t := range p.parts {
		switch {
		case t.isText:
			b.WriteString(t.text)
		case t.isRest:
			b.WriteString(strconv.Itoa(rest))
		case t.column >= 0:
			b.WriteString(v.columnValue(t.column))
		default:
			b.WriteString(v.fieldValue(t.field))
		}
	}
	return b.String()
}

// compileExpr compiles source. columns are the columns that it may read by
// col("…"), nil where there are none.
func compileExpr(source string, f *Format, columns map[string]int, asBool bool) (*program, error) {
	p := &program{source: source}
	patch := &namePatcher{p: p, columns: columns, f: f}
	options := []expr.Option{expr.Env(exprEnv{}), expr.Patch(patch), expr.MaxNodes(500)}
	if asBool {
		options = append(options, expr.AsBool())
	}
	code, err := expr.Compile(source, options...)
	if patch.err != nil {
		return nil, patch.err
	}
	if err != nil {
		var fe *file.Error
		if errors.As(err, &fe) {
			return nil, fmt.Errorf("%s at character %d of the expression", fe.Message, fe.Column+1)
		}
		return nil, err
	}
	p.code = code
	return p, nil
}

// namePatcher turns order.number into at(0) and col("…") into colAt(n).
type namePatcher struct {
	p       *program
	f       *Format
	columns map[string]int
	err     error
}

func (n *namePatcher) Visit(node *ast.Node) {
	switch x := (*node).(type) {
	case *ast.MemberNode:
		id, ok := x.Node.(*ast.IdentifierNode)
		prop, ok2 := x.Property.(*ast.StringNode)
		if ok && ok2 && fieldGroups[id.Value] {
			n.field(node, id.Value+"."+prop.Value)
		}
	case *ast.CallNode:
		id, ok := x.Callee.(*ast.IdentifierNode)
		if !ok || id.Value != "col" && id.Value != "field" && id.Value != "code" {
			return
		}
		name := ""
		if len(x.Arguments) > 0 {
			s, ok := x.Arguments[0].(*ast.StringNode)
			if ok {
				name = s.Value
			}
		}
		switch {
		case name == "":
			n.fail("%s takes a name in quotes", id.Value)
		case id.Value == "field":
			n.field(node, name)
		case id.Value == "code":
			if n.f.Spec.Tables[name] == nil {
				n.fail("there is no table %q", name)
			}
		default:
			n.column(node, name)
		}
	}
}

func (n *namePatcher) fail(format string, args ...any) {
	if n.err == nil {
		n.err = fmt.Errorf(format, args...)
	}
}

func (n *namePatcher) field(node *ast.Node, name string) {
	f, ok := record.Lookup(name)
	if !ok {
		n.fail("there is no field %s (%s)", name, suggest(name, record.Names()))
		return
	}
	n.p.fields = append(n.p.fields, f)
	ast.Patch(node, call("at", int(f)))
}

func (n *namePatcher) column(node *ast.Node, name string) {
	i, ok := n.columns[key(name)]
	if !ok {
		if n.columns == nil {
			n.fail("col(%q): columns can be read only where a file is read", name)
		} else {
			n.fail("col(%q): there is no such column in columns", name)
		}
		return
	}
	n.p.columns = append(n.p.columns, i)
	ast.Patch(node, call("colAt", i))
}

func call(name string, arg int) ast.Node {
	return &ast.CallNode{Callee: &ast.IdentifierNode{Value: name}, Arguments: []ast.Node{&ast.IntegerNode{Value: arg}}}
}

var fieldGroups = func() map[string]bool {
	m := map[string]bool{}
	for _, n := range record.Names() {
		group, _, _ := strings.Cut(n, ".")
		m[group] = true
	}
	return m
}()

// compileText compiles a text with {field} or {column} in it.
func compileText(source string, columns map[string]int) (*program, error) {
	p := &program{source: source}
	for rest := source; rest != ""; {
		lit, after, found := strings.Cut(rest, "{")
		if lit != "" {
			p.parts = append(p.parts, textPart{text: lit, isText: true})
		}
		if !found {
			break
		}
		name, next, closed := strings.Cut(after, "}")
		if !closed {
			return nil, errors.New("the brace { is not closed")
		}
		rest = next
		if name == "rest" {
			p.parts = append(p.parts, textPart{isRest: true})
			continue
		}
		if f, ok := record.Lookup(name); ok {
			p.fields = append(p.fields, f)
			p.parts = append(p.parts, textPart{field: f, column: -1})
			continue
		}
		i, ok := columns[key(name)]
		if !ok {
			return nil, fmt.Errorf("there is no field {%s} (%s)", name, suggest(name, record.Names()))
		}
		p.columns = append(p.columns, i)
		p.parts = append(p.parts, textPart{column: i})
	}
	return p, nil
}
