package rules

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/vm"
	"go.yaml.in/yaml/v3"

	"github.com/mallbridge/mallbridge/order"
)

// Limits on one condition.
const (
	maxNodes   = 1000    // parts of the expression
	maxNesting = 2       // any(lines, any(skus, …)) is 2
	maxMemory  = 100_000 // values made while it runs
	maxRules   = 10_000
)

// A Finding is one fault in rules.yaml or in a case file.
type Finding struct {
	Line    int // from 1
	Column  int // from 1, in letters
	Rule    string
	Why     string
	Hint    string
	Snippet string // the expression with a caret under the spot, or empty
}

func (f Finding) String() string {
	s := fmt.Sprintf("%d:%d: ", f.Line, f.Column)
	if f.Rule != "" {
		s += fmt.Sprintf("rule %q: ", f.Rule)
	}
	return s + f.Why + f.Snippet
}

// Compile reads rules.yaml and returns every fault at once. With findings the
// Set is nil. An empty file has no rules.
func Compile(data []byte) (*Set, []Finding) {
	c := &compiler{lines: strings.Split(string(data), "\n"), names: map[string]int{}}
	root := c.parse(data)
	if root == nil {
		return c.result()
	}
	if root.Kind != yaml.MappingNode {
		c.bad(root, "is not a map", "begin the file with rules:")
		return c.result()
	}
	c.keys(root, "rules")
	list := child(root, "rules")
	switch {
	case list == nil || list.Tag == "!!null":
	case list.Kind != yaml.SequenceNode:
		c.bad(list, "rules is not a list", "begin each rule with - name:")
	case len(list.Content) > maxRules:
		c.bad(list, fmt.Sprintf("has more than %d rules", maxRules), "put lists of codes into masters")
	default:
		for _, n := range list.Content {
			c.rule(n)
		}
	}
	return c.result()
}

type compiler struct {
	lines    []string
	rules    []Rule
	findings []Finding
	names    map[string]int // rule name → line
	current  string         // name of the rule being read
}

func (c *compiler) result() (*Set, []Finding) {
	if len(c.findings) > 0 {
		return nil, c.sorted()
	}
	return &Set{rules: c.rules}, nil
}

// sorted returns the findings in the order of the file.
func (c *compiler) sorted() []Finding {
	slices.SortStableFunc(c.findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return c.findings
}

var yamlLine = regexp.MustCompile(`line (\d+)`)

// parse returns the document's root, nil for an empty one.
func (c *compiler) parse(data []byte) *yaml.Node {
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil {
		line := 1
		if m := yamlLine.FindStringSubmatch(err.Error()); m != nil {
			line, _ = strconv.Atoi(m[1])
		}
		why := strings.TrimPrefix(err.Error(), "yaml: ")
		c.findings = append(c.findings, Finding{
			Line: line, Column: 1, Why: why,
			Hint: "check the indentation; put a condition that has a colon or a hash in it behind | on a line of its own",
		})
		return nil
	}
	if len(doc.Content) == 0 || doc.Content[0].Tag == "!!null" {
		return nil
	}
	return doc.Content[0]
}

func (c *compiler) bad(n *yaml.Node, why, hint string) {
	c.findings = append(c.findings, Finding{Line: n.Line, Column: n.Column, Rule: c.current, Why: why, Hint: hint})
}

// keys reports keys of a map that are unknown or stand twice.
func (c *compiler) keys(n *yaml.Node, known ...string) {
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k := n.Content[i]
		switch {
		case seen[k.Value]:
			c.bad(k, fmt.Sprintf("key %q stands twice", k.Value), "keep one of them")
		case !slices.Contains(known, k.Value):
			c.bad(k, fmt.Sprintf("key %q is unknown", k.Value), "use "+strings.Join(known, ", "))
		}
		seen[k.Value] = true
	}
}

// child returns the value of a key, an anchor's in the place of its alias.
func child(n *yaml.Node, key string) *yaml.Node {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value != key {
			continue
		}
		if v := n.Content[i+1]; v.Kind != yaml.AliasNode {
			return v
		}
		return n.Content[i+1].Alias
	}
	return nil
}

func effectNames() []string {
	out := []string{}
	for _, e := range Effects() {
		out = append(out, string(e))
	}
	return out
}

func (c *compiler) rule(n *yaml.Node) {
	c.current = ""
	if n.Kind != yaml.MappingNode {
		c.bad(n, "a rule is not a map", "write name, when and one effect")
		return
	}
	r := Rule{Line: n.Line, Column: n.Column}
	if name := c.text(n, child(n, "name"), "name", "give each rule a name; events and holds show it"); name != "" {
		if first, twice := c.names[name]; twice {
			c.bad(child(n, "name"), fmt.Sprintf("name %q is taken by the rule in line %d", name, first), "give each rule its own name")
		} else {
			c.names[name] = n.Line
		}
		r.Name, c.current = name, name
	}
	c.keys(n, append([]string{"name", "when"}, effectNames()...)...)

	when := child(n, "when")
	if r.When = c.text(n, when, "when", "write a condition; true for always"); r.When != "" {
		r.when = c.compile(when, expr.AsBool())
	}

	var effects []*yaml.Node
	for i := 0; i+1 < len(n.Content); i += 2 {
		k := n.Content[i]
		twice := slices.ContainsFunc(effects, func(e *yaml.Node) bool { return e.Value == k.Value })
		if slices.Contains(effectNames(), k.Value) && !twice {
			effects = append(effects, k)
		}
	}
	switch len(effects) {
	case 0:
		c.bad(n, "has no effect", "add one of "+strings.Join(effectNames(), ", "))
	case 1:
		r.Effect = Effect(effects[0].Value)
		c.effect(&r, child(n, effects[0].Value))
	default:
		c.bad(effects[1], fmt.Sprintf("has two effects, %s and %s", effects[0].Value, effects[1].Value), "write a second rule with the same condition")
	}
	c.rules = append(c.rules, r)
}

// text returns a filled scalar; parent is where a missing one is reported.
func (c *compiler) text(parent, n *yaml.Node, key, hint string) string {
	switch {
	case n == nil:
		c.bad(parent, key+" is missing", hint)
	case n.Kind != yaml.ScalarNode:
		c.bad(n, key+" is not a text", hint)
	case n.Tag == "!!null" || strings.TrimSpace(n.Value) == "":
		c.bad(n, key+" is empty", hint)
	default:
		return strings.TrimSpace(n.Value)
	}
	return ""
}

func (c *compiler) effect(r *Rule, n *yaml.Node) {
	key := string(r.Effect)
	switch r.Effect {
	case Hold:
		r.Value = c.text(n, c.named(n, "reason"), key, "write what the operator should do")
	case Route:
		r.Value = c.text(n, c.named(n, "warehouse"), key, "write the warehouse's name")
	case Service:
		r.Value = c.text(n, c.named(n, "service"), key, "write our code of the delivery service")
	case AddNote:
		r.Value = c.text(n, c.named(n, "text"), key, "write the text for the label")
	case Outside:
		if n.Kind == yaml.MappingNode && len(n.Content) == 0 || n.Tag == "!!bool" && n.Value == "true" {
			return
		}
		r.Value = c.text(n, c.named(n, "reason"), key, "write why it is not ours to ship, or true")
		if n.Tag == "!!bool" {
			c.bad(n, "outside: false does nothing", "remove the rule")
		}
	case Merge:
		r.Value = c.oneOf(n, key, MergeNever, MergeAllow)
	case Split:
		r.Value = c.oneOf(n, key, SplitLine, SplitPiece, SplitNever)
	case Insert:
		c.insert(r, n)
	case NotBefore:
		c.notBefore(r, n)
	}
}

// named allows an effect's only value to be written under its name: hold: text
// and hold: {reason: text} are the same.
func (c *compiler) named(n *yaml.Node, key string) *yaml.Node {
	if n.Kind != yaml.MappingNode {
		return n
	}
	c.keys(n, key)
	return child(n, key)
}

func (c *compiler) oneOf(n *yaml.Node, key string, values ...string) string {
	hint := "use " + strings.Join(values, " or ")
	v := c.text(n, n, key, hint)
	if v != "" && !slices.Contains(values, v) {
		c.bad(n, fmt.Sprintf("%s %q is unknown", key, v), hint)
	}
	return v
}

func (c *compiler) insert(r *Rule, n *yaml.Node) {
	r.Number = 1
	if n.Kind != yaml.MappingNode {
		r.Value = c.text(n, n, "insert", "write the SKU of the insert")
		return
	}
	c.keys(n, "sku", "quantity")
	r.Value = c.text(n, child(n, "sku"), "sku", "write the SKU of the insert")
	q := child(n, "quantity")
	if q == nil {
		return
	}
	number, err := strconv.ParseInt(q.Value, 10, 64)
	if q.Kind != yaml.ScalarNode || err != nil || number < 1 || number > 10_000 {
		c.bad(q, "quantity is not a whole number from 1 to 10000", "write how many are added to each parcel")
	}
	r.Number = number
}

var plusDays = regexp.MustCompile(`^\+(\d{1,3})$`)

func (c *compiler) notBefore(r *Rule, n *yaml.Node) {
	hint := "write a date (2026-12-01), days after the order (+2), or an expression that gives a date"
	r.Value = c.text(n, n, "ship_not_before", hint)
	if r.Value == "" {
		return
	}
	if m := plusDays.FindStringSubmatch(r.Value); m != nil {
		r.Number, _ = strconv.ParseInt(m[1], 10, 64)
		return
	}
	if _, ok := order.Date(r.Value).Time(time.UTC); ok {
		return
	}
	if looksLikeDate(r.Value) {
		c.bad(n, fmt.Sprintf("%q is not a date", r.Value), hint)
		return
	}
	r.date = c.compile(n, expr.AsKind(stringKind))
}

// looksLikeDate reports whether s, which is no date, was meant as one.
func looksLikeDate(s string) bool { return strings.Trim(s, "0123456789-/+. ") == "" }

// compile checks an expression and reports its fault at its place in the file.
func (c *compiler) compile(n *yaml.Node, kind expr.Option) *vm.Program {
	program, err := expr.Compile(n.Value, append(options(), kind)...)
	if err != nil {
		c.exprFault(n, err)
		return nil
	}
	if nesting(program.Node()) > maxNesting {
		c.bad(n, fmt.Sprintf("loops are nested deeper than %d", maxNesting), "split the condition over several rules")
		return nil
	}
	return program
}

func (c *compiler) exprFault(n *yaml.Node, err error) {
	f := Finding{Line: n.Line, Column: n.Column, Rule: c.current, Why: err.Error(), Hint: "see the list of names in the manual of rules"}
	var fe *file.Error
	if errors.As(err, &fe) {
		f.Why = fe.Message
		if fe.Snippet != "" {
			f.Snippet = snippet(n.Value, fe.Line, fe.Column)
			f.Line, f.Column = c.place(n, fe.Line, fe.Column)
		}
	}
	if name, ok := strings.CutPrefix(f.Why, "unknown name "); ok {
		if near := nearest(name); near != "" {
			f.Hint = fmt.Sprintf("did you mean %s?", near)
		}
	}
	c.findings = append(c.findings, f)
}

// place turns a place inside a scalar (line from 1, column from 0) into one in
// the file. Where the text was folded or escaped it is the scalar's beginning.
func (c *compiler) place(n *yaml.Node, line, column int) (int, int) {
	switch n.Style {
	case yaml.LiteralStyle:
		at := n.Line + line
		if at > len(c.lines) {
			return n.Line, n.Column
		}
		value := strings.Split(n.Value, "\n")[line-1]
		if i := strings.Index(c.lines[at-1], value); i >= 0 {
			return at, utf8.RuneCountInString(c.lines[at-1][:i]) + column + 1
		}
		return at, 1
	case yaml.DoubleQuotedStyle, yaml.SingleQuotedStyle:
		if line == 1 && c.stands(n, n.Column) {
			return n.Line, n.Column + 1 + column
		}
	case 0:
		if line == 1 && c.stands(n, n.Column-1) {
			return n.Line, n.Column + column
		}
	}
	return n.Line, n.Column
}

// stands reports whether the scalar's value stands in its line as it is, after
// so many letters.
func (c *compiler) stands(n *yaml.Node, letters int) bool {
	if n.Line < 1 || n.Line > len(c.lines) {
		return false
	}
	runes := []rune(c.lines[n.Line-1])
	return letters <= len(runes) && strings.HasPrefix(string(runes[letters:]), n.Value)
}

// nesting is how deep closures stand in each other.
func nesting(n ast.Node) int {
	v := &nestingVisitor{depth: map[ast.Node]int{}}
	ast.Walk(&n, v)
	return v.max
}

// nestingVisitor meets children before their parents.
type nestingVisitor struct {
	depth map[ast.Node]int
	max   int
}

func (v *nestingVisitor) Visit(n *ast.Node) {
	p, ok := (*n).(*ast.PredicateNode)
	if !ok {
		return
	}
	inner := &deepest{known: v.depth}
	ast.Walk(&p.Node, inner)
	v.depth[*n] = inner.max + 1
	v.max = max(v.max, inner.max+1)
}

type deepest struct {
	known map[ast.Node]int
	max   int
}

func (d *deepest) Visit(n *ast.Node) { d.max = max(d.max, d.known[*n]) }

// nearest is the known name that is most like an unknown one.
func nearest(name string) string {
	name = strings.ToLower(name)
	for _, n := range Names() {
		last := n.Name[strings.LastIndexByte(n.Name, '.')+1:]
		if last == name || strings.ReplaceAll(last, "_", "") == strings.ReplaceAll(name, "_", "") {
			return n.Name
		}
	}
	return ""
}
