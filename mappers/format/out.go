package format

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/mallbridge/mallbridge/mappers/charset"
	"github.com/mallbridge/mallbridge/mappers/record"
)

// A source says where an outgoing column's value comes from.
type source uint8

const (
	fromNothing source = iota
	fromConst
	fromField
	fromJoin
	fromProgram
	fromSplit
	fromItem
	fromProduct
)

// An outColumn is a compiled column of a file that is written.
type outColumn struct {
	spec     *Column
	index    int
	label    string
	from     source
	field    record.Field
	konst    string
	fields   []record.Field
	sep      string
	prog     *program
	split    int // index of the split group
	part     int // from 0
	table    map[string]string
	hasTable bool
	typ      valueType
	layout   *dateLayout
	folds    []fold
	replace  *charset.Replacements
	pattern  *regexp.Regexp
	required bool
	ifSet    condition
	when     condition
	chars    int
	bytes    int
	width    int // fixed: the value is filled to so many bytes
	padLeft  bool
	padWith  byte
	padTo    int
	quote    quoteMode
	min, max *int64
	direct   directKind
	repeats  bool // oftenSame
	blank    bool // maybeBlank
}

// A splitGroup is one text spread over several columns.
type splitGroup struct {
	fields  []record.Field
	columns []int // by part
}

type quoteMode uint8

const (
	quoteNeeded quoteMode = iota
	quoteAlways
	quoteText // always, but not numbers and empty values
	quoteNever
)

var quoteModes = map[string]quoteMode{"needed": quoteNeeded, "always": quoteAlways, "text": quoteText, "never": quoteNever}

// writing compiles the columns for writing.
func (c *compiler) writing() {
	s := &c.f.Spec
	if c.f.cs.ReadOnly() {
		c.r.at(s.File.at, "", "%s can be read, not written", c.f.cs.Name())
	}
	for i := range s.Columns {
		c.f.out = append(c.f.out, c.outColumn(i))
	}
	c.checkSplits()
	c.compileItems()
	for _, col := range c.f.out {
		col.direct = col.directKind(c.f)
		col.repeats, col.blank = col.oftenSame(c.f), col.maybeBlank()
	}
}

func (c *compiler) outColumn(i int) *outColumn {
	spec := &c.f.Spec.Columns[i]
	col := &outColumn{
		spec: spec, index: i, label: spec.label(i), chars: spec.Chars, bytes: spec.Bytes, width: spec.Width,
		required: spec.Require, replace: c.replacements(spec.at, spec.Replace), pattern: c.pattern(spec.at, spec.Pattern),
		folds: c.folds(spec.at, spec.Fold), sep: spec.Sep, quote: quoteModes[c.f.Spec.File.Quote],
	}
	if spec.Quote != "" {
		c.oneOf(spec.at, "quote", &spec.Quote, "", "needed", "always", "text", "never")
		col.quote = quoteModes[spec.Quote]
	}
	c.outSource(col)
	col.table, col.hasTable = c.table(spec.at, spec.Table)
	if spec.Type != "" {
		col.typ = c.rule(spec.at, spec.Type, col.field, nil, max(spec.Digits, 1), nil).typ
	} else if col.from == fromField {
		col.typ = typeOf(col.field)
	}
	if len(spec.Layout) > 0 {
		col.layout = newDateLayout(spec.Layout[0])
	}
	col.min, col.max = c.bound(spec.at, "min", spec.Min), c.bound(spec.at, "max", spec.Max)
	c.outPad(col)
	col.ifSet = c.condition(&spec.IfSet, nil)
	col.when = c.condition(&spec.When, nil)
	if c.f.Spec.File.Kind == "fixed" && spec.Width == 0 && c.f.Spec.Direction == "out" {
		c.r.at(spec.at, "", "a column of a fixed-width file needs its width in bytes")
	}
	return col
}

func (c *compiler) outSource(col *outColumn) {
	spec := col.spec
	n := 0
	take := func(set bool, s source) {
		if set {
			n++
			col.from = s
		}
	}
	take(spec.Const != nil, fromConst)
	take(spec.Field != "", fromField)
	take(len(spec.Join) > 0, fromJoin)
	take(len(spec.Prod) > 0, fromProduct)
	take(spec.Text != "", fromProgram)
	take(spec.Expr != "", fromProgram)
	take(len(spec.Split) > 0, fromSplit)
	take(spec.Item > 0, fromItem)
	if n > 1 {
		c.r.at(spec.at, "", "%s has more than one of const, field, join, product, text, expr, split and item", col.label)
	}
	var err error
	switch col.from {
	case fromConst:
		col.konst = *spec.Const
	case fromField:
		col.field, _ = c.field(spec.at, spec.Field)
	case fromJoin:
		col.fields = c.fieldNames(spec.at, spec.Join)
	case fromProduct:
		col.fields = c.fieldNames(spec.at, spec.Prod)
		col.typ = typeInt
	case fromProgram:
		if spec.Expr != "" {
			col.prog, err = compileExpr(spec.Expr, c.f, nil, false)
		} else {
			col.prog, err = compileText(spec.Text, nil)
		}
		if err != nil {
			c.r.at(spec.at, "", "%s: %v", col.label, err)
		}
	case fromSplit:
		c.outSplit(col)
	case fromItem:
		if c.f.Spec.Items == nil {
			c.r.at(spec.at, "items: {text: '{line.name} x{line.quantity}'}", "%s: item needs items at the top of the format", col.label)
		}
		for len(c.f.items) < spec.Item {
			c.f.items = append(c.f.items, -1)
		}
		c.f.items[spec.Item-1] = col.index
	}
}

func (c *compiler) fieldNames(at pos, names []string) []record.Field {
	var out []record.Field
	for _, n := range names {
		if f, ok := c.field(at, n); ok {
			out = append(out, f)
		}
	}
	return out
}

// outSplit enters the column into the group of its source: the nearest earlier
// one of the same fields that lacks this part.
func (c *compiler) outSplit(col *outColumn) {
	spec := col.spec
	fields := c.fieldNames(spec.at, spec.Split)
	if spec.Part < 1 {
		c.r.at(spec.at, "part: 1", "%s: split needs the number of the part", col.label)
		return
	}
	col.part = spec.Part - 1
	var g *splitGroup
	for i, have := range c.f.splits {
		if sameFields(have.fields, fields) && (len(have.columns) <= col.part || have.columns[col.part] < 0) {
			g, col.split = have, i
		}
	}
	if g == nil {
		g = &splitGroup{fields: fields}
		col.split = len(c.f.splits)
		c.f.splits = append(c.f.splits, g)
	}
	for len(g.columns) <= col.part {
		g.columns = append(g.columns, -1)
	}
	g.columns[col.part] = col.index
}

func sameFields(a, b []record.Field) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

func (c *compiler) checkSplits() {
	for _, g := range c.f.splits {
		for part, i := range g.columns {
			if i < 0 {
				c.r.at(c.f.Spec.at, "", "split of %s: part %d is missing", g.fields[0], part+1)
				continue
			}
			col := c.f.out[i]
			if col.chars == 0 && col.bytes == 0 && col.width == 0 {
				c.r.at(col.spec.at, "chars: 16", "%s: a part needs a width in chars or bytes", col.label)
			}
		}
	}
	for n, i := range c.f.items {
		if i < 0 {
			c.r.at(c.f.Spec.at, "", "item %d is missing", n+1)
		}
	}
}

func (c *compiler) compileItems() {
	it := c.f.Spec.Items
	if it == nil {
		return
	}
	var err error
	if it.Text == "" {
		it.Text = "{line.name}"
	}
	if c.f.itemText, err = compileText(it.Text, nil); err != nil {
		c.r.at(it.at, "", "items.text: %v", err)
	}
	if it.More != "" {
		if c.f.moreText, err = compileText(it.More, nil); err != nil {
			c.r.at(it.at, "", "items.more: %v", err)
		}
	}
	if it.Join == "" {
		it.Join = " "
	}
}

func (c *compiler) bound(at pos, what, s string) *int64 {
	if s == "" {
		return nil
	}
	n, ok := parseInt(s)
	if !ok {
		c.r.at(at, "", "%s: %q is not a whole number", what, s)
	}
	return &n
}

func (c *compiler) outPad(col *outColumn) {
	p := col.spec.Pad
	col.padWith = ' '
	if col.width > 0 {
		col.padTo = col.width
		switch col.typ {
		case typeInt, typeMoney, typeQuantity:
			col.padLeft, col.padWith = true, '0'
		}
	}
	if p == nil {
		return
	}
	c.oneOf(p.at, "pad.side", &p.Side, "right", "left", "right")
	col.padLeft = p.Side == "left"
	switch {
	case p.With == "":
		col.padWith = ' '
	case len(p.With) == 1 && p.With[0] < utf8.RuneSelf:
		col.padWith = p.With[0]
	default:
		c.r.at(p.at, "", "pad.with: %q is not one ASCII character", p.With)
	}
	if col.padTo == 0 {
		if col.padTo = max(col.bytes, col.chars); col.padTo == 0 {
			c.r.at(p.at, "bytes: 12", "%s: padding needs bytes or chars", col.label)
		}
	}
}

func parseInt(s string) (int64, bool) {
	neg := strings.HasPrefix(s, "-")
	d := strings.TrimPrefix(s, "-")
	if d == "" || len(d) > 18 {
		return 0, false
	}
	var n int64
	for i := 0; i < len(d); i++ {
		if !isDigit(d[i]) {
			return 0, false
		}
		n = n*10 + int64(d[i]-'0')
	}
	if neg {
		n = -n
	}
	return n, true
}
