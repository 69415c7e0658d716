package format

import (
	"fmt"
	"reflect"

	"go.yaml.in/yaml/v3"
)

// A Spec is a format as its YAML file says it.
type Spec struct {
	Name      string            `yaml:"name"`
	Title     map[string]string `yaml:"title"` // by language: en, ja, ko
	Record    string            `yaml:"record"`
	Direction string            `yaml:"direction"`
	Rows      string            `yaml:"rows"`
	Sureness  string            `yaml:"sureness"`
	Source    string            `yaml:"source"`
	Notes     map[string]string `yaml:"notes"` // by language, for the people who use it
	Country   string            `yaml:"country"`
	Currency  string            `yaml:"currency"`
	Zone      string            `yaml:"zone"`
	File      FileSpec          `yaml:"file"`
	Refuse    pairList          `yaml:"refuse"` // columns by which another file is known, with what to tell
	Group     []string          `yaml:"group"`
	MayDiffer []string          `yaml:"may_differ"`
	Where     Condition         `yaml:"where"`
	Pair      *Pair             `yaml:"pair"`
	Carry     *Carry            `yaml:"carry"`
	Columns   []Column          `yaml:"columns"`
	Fields    fieldList         `yaml:"fields"`
	Flags     flagList          `yaml:"flags"`
	Tables    map[string]*Table `yaml:"tables"`
	Items     *Items            `yaml:"items"`
	Replace   pairList          `yaml:"replace"`

	at pos
}

// A FileSpec tells how the bytes of a file are laid out.
type FileSpec struct {
	Kind         string   `yaml:"kind"` // csv tsv fixed xlsx workbook
	Charset      string   `yaml:"charset"`
	OrCharsets   []string `yaml:"or_charset"` // tried where the file is not in charset
	ByteForm     string   `yaml:"byte_form"`
	BOM          bool     `yaml:"bom"`
	Delimiter    string   `yaml:"delimiter"`
	Newline      string   `yaml:"newline"`       // crlf lf
	Quote        string   `yaml:"quote"`         // needed always text never
	Header       string   `yaml:"header"`        // names none skip
	HeaderWithin int      `yaml:"header_within"` // how many rows may stand above the header, itself included
	SkipAfter    int      `yaml:"skip_after"`    // rows between the header and the first data row
	Above        []Above  `yaml:"above"`         // rows written above the header
	ColumnsExact bool     `yaml:"columns_exact"`
	FooterCells  int      `yaml:"footer_cells"` // rows with so many cells at most are notes below the table
	FileName     string   `yaml:"name"`
	Sheet        string   `yaml:"sheet"`
	NewlineIn    string   `yaml:"newline_in_value"` // space keep hold; default space
	CommaIn      string   `yaml:"delimiter_in_value"`
	Neutralise   bool     `yaml:"neutralise"`
	RecordBytes  int      `yaml:"record_bytes"`
	at           pos
}

// Above is a row of texts above the header.
type Above []string

func (a *Above) decodeNode(n *yaml.Node, r *report) {
	if n.Kind != yaml.SequenceNode {
		r.node(n, "[注文番号, 出荷日]", "a row is a list of texts, not %s", kindName(n))
		return
	}
	decode(n, reflect.ValueOf((*[]string)(a)).Elem(), r)
}

// A Carry says that the rows of an order take over from each other what they leave
// empty of order and package.
type Carry struct {
	Heads   Condition `yaml:"heads"`   // rows that tell of the order only and are no line of it
	Leave   Condition `yaml:"leave"`   // lines that are left out; an order of them alone is filtered
	Shipped Condition `yaml:"shipped"` // lines that were shipped; left out where others of the order were not
	at      pos
}

// A Column is one column of the file.
type Column struct {
	Name     string   `yaml:"name"`
	Aliases  []string `yaml:"aliases"`
	Nth      int      `yaml:"nth"`
	At       int      `yaml:"at"`    // position from 1, where it is not its place in the list
	Width    int      `yaml:"width"` // bytes, in fixed-width files
	Optional bool     `yaml:"optional"`
	Note     string   `yaml:"note"`
	Example  string   `yaml:"example"`

	Field string   `yaml:"field"`
	Const *string  `yaml:"const"`
	Text  string   `yaml:"text"` // text with {field} in it
	Expr  string   `yaml:"expr"`
	Join  []string `yaml:"join"`
	Prod  []string `yaml:"product"`
	Sep   string   `yaml:"sep"`
	Split []string `yaml:"split"`
	Part  int      `yaml:"part"`
	Item  int      `yaml:"item"`

	Type    string    `yaml:"type"`
	Layout  []string  `yaml:"layout"`
	Table   string    `yaml:"table"`
	Default string    `yaml:"default"`
	Pattern string    `yaml:"pattern"`
	Max     string    `yaml:"max"`
	Min     string    `yaml:"min"`
	Chars   int       `yaml:"chars"`
	Bytes   int       `yaml:"bytes"`
	Cut     bool      `yaml:"cut"`
	Pad     *Pad      `yaml:"pad"`
	Fold    []string  `yaml:"fold"`
	Replace pairList  `yaml:"replace"`
	Forbid  string    `yaml:"forbid"`
	Quote   string    `yaml:"quote"`
	Digits  int       `yaml:"digits"` // of type digits: the fixed width
	Require bool      `yaml:"required"`
	IfSet   Condition `yaml:"required_if"`
	When    Condition `yaml:"when"`

	at pos
}

// A Pad fills a value up to the column's width.
type Pad struct {
	Side string `yaml:"side"` // left right
	With string `yaml:"with"`
	at   pos
}

// A FieldSpec builds a field from columns or other fields.
type FieldSpec struct {
	Join    []string `yaml:"join"`
	Sep     string   `yaml:"sep"`
	Column  string   `yaml:"column"`
	Const   *string  `yaml:"const"`
	Text    string   `yaml:"text"`
	Expr    string   `yaml:"expr"`
	Type    string   `yaml:"type"`
	Layout  []string `yaml:"layout"`
	Table   string   `yaml:"table"`
	Default string   `yaml:"default"`
	Digits  int      `yaml:"digits"`
	Fold    []string `yaml:"fold"`
	Require bool     `yaml:"required"`
	Pattern string   `yaml:"pattern"`

	name string
	at   pos
}

// Items tells how the lines of an instruction become text where one row stands
// for a whole parcel.
type Items struct {
	Text string `yaml:"text"` // of one line, with {field} in it
	Join string `yaml:"join"` // between lines in instruction.items
	More string `yaml:"more"` // in the last item column when lines are left, with {rest} in it
	Cut  bool   `yaml:"cut"`  // cut a text to its column instead of holding
	at   pos
}

// A Table is a table of codes.
type Table struct {
	Values map[string]string // as it is used: what is read to ours, or ours to what is written
	File   string            // CSV with two columns, beside the format
	Codes  *CodeTable        // of the built-in and the workspace's codes
	read   map[string]string // of Codes, for formats of both directions
	order  []string
	at     pos
}

// A CodeTable names tables of package codes.
type CodeTable struct {
	Codes   string            `yaml:"codes"`   // carriers, time-bands, temperatures
	System  string            `yaml:"system"`  // whose
	Systems map[string]string `yaml:"systems"` // or several, by the word that stands before our code
	Named   bool              `yaml:"named"`   // the system's names instead of its codes
	With    map[string]string `yaml:"with"`    // more rows, which go before
	at      pos
}

func (t *Table) decodeNode(n *yaml.Node, r *report) {
	t.at = pos{n.Line, n.Column}
	if n.Kind != yaml.MappingNode {
		r.node(n, `write {"01": "am"} or {file: codes.csv}`, "a table is keys with values")
		return
	}
	if isCodeTable(n) {
		t.Codes = &CodeTable{}
		decode(n, reflect.ValueOf(t.Codes).Elem(), r)
		return
	}
	if len(n.Content) == 2 && n.Content[0].Value == "file" && n.Content[0].Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) == 0 {
		t.File = n.Content[1].Value
		return
	}
	t.Values = map[string]string{}
	eachPair(n, r, func(k, v *yaml.Node) {
		if v.Kind != yaml.ScalarNode {
			r.node(v, "", "a single value is expected, not %s", kindName(v))
			return
		}
		t.Values[k.Value] = text(v)
		t.order = append(t.order, k.Value)
	})
}

// isCodeTable tells {codes: carriers, system: rakuten} from a table that happens to
// have such codes: those are quoted.
func isCodeTable(n *yaml.Node) bool {
	found := 0
	for i := 0; i+1 < len(n.Content); i += 2 {
		if k := n.Content[i]; k.Style == 0 && (k.Value == "codes" || k.Value == "system" || k.Value == "systems") {
			found++
		}
	}
	return found >= 2
}

// text returns a scalar as written; a bare null is empty.
func text(n *yaml.Node) string {
	if n.Tag == "!!null" {
		return ""
	}
	return n.Value
}

// A Condition is an expression, or values of fields and columns that must all fit.
type Condition struct {
	Expr string
	All  []Match
	at   pos
}

// A Match is met when the named field or column has one of the values.
type Match struct {
	Name   string // a field, or a column's name
	Values []string
	Not    bool
	at     pos
}

// Set reports whether there is a condition at all.
func (c *Condition) Set() bool { return c.Expr != "" || len(c.All) > 0 }

func (c *Condition) decodeNode(n *yaml.Node, r *report) {
	c.at = pos{n.Line, n.Column}
	switch n.Kind {
	case yaml.ScalarNode:
		c.Expr = text(n)
	case yaml.MappingNode:
		eachPair(n, r, func(k, v *yaml.Node) {
			m := Match{Name: k.Value, at: pos{k.Line, k.Column}}
			if rest, ok := cutPrefix(m.Name, "not "); ok {
				m.Name, m.Not = rest, true
			}
			decode(v, reflect.ValueOf(&m.Values).Elem(), r)
			c.All = append(c.All, m)
		})
	default:
		r.node(n, `write an expression or {order.status: ["300"]}`, "a condition is expected, not %s", kindName(n))
	}
}

func cutPrefix(s, p string) (string, bool) {
	if len(s) > len(p) && s[:len(p)] == p {
		return s[len(p):], true
	}
	return s, false
}

// A pairList is a mapping from text to text whose order counts.
type pairList [][2]string

func (p *pairList) decodeNode(n *yaml.Node, r *report) {
	if n.Kind != yaml.MappingNode {
		r.node(n, `write {"〜": "～"}`, "keys with values are expected, not %s", kindName(n))
		return
	}
	eachPair(n, r, func(k, v *yaml.Node) {
		if k.Value == "" {
			r.node(k, "", "nothing cannot be replaced")
			return
		}
		*p = append(*p, [2]string{k.Value, text(v)})
	})
}

type fieldList []*FieldSpec

func (l *fieldList) decodeNode(n *yaml.Node, r *report) {
	if n.Kind != yaml.MappingNode {
		r.node(n, "", "keys with values are expected, not %s", kindName(n))
		return
	}
	eachPair(n, r, func(k, v *yaml.Node) {
		f := &FieldSpec{name: k.Value}
		if v.Kind == yaml.ScalarNode {
			s := text(v)
			f.Const = &s
		} else {
			decode(v, reflect.ValueOf(f).Elem(), r)
		}
		f.at = pos{k.Line, k.Column}
		*l = append(*l, f)
	})
}

// A flag is set on an order when its condition is met.
type flag struct {
	name string
	cond Condition
	at   pos
}

type flagList []flag

func (l *flagList) decodeNode(n *yaml.Node, r *report) {
	if n.Kind != yaml.MappingNode {
		r.node(n, "", "flags with conditions are expected, not %s", kindName(n))
		return
	}
	eachPair(n, r, func(k, v *yaml.Node) {
		f := flag{name: k.Value, at: pos{k.Line, k.Column}}
		f.cond.decodeNode(v, r)
		*l = append(*l, f)
	})
}

func (c *Column) label(i int) string {
	if c.Name != "" {
		return c.Name
	}
	return fmt.Sprintf("column %d", i+1)
}

func (s *Spec) place(p pos)      { s.at = p }
func (s *FileSpec) place(p pos)  { s.at = p }
func (c *Column) place(p pos)    { c.at = p }
func (p *Pad) place(at pos)      { p.at = at }
func (c *Carry) place(p pos)     { c.at = p }
func (p *Pair) place(at pos)     { p.at = at }
func (f *FieldSpec) place(p pos) { f.at = p }
func (i *Items) place(p pos)     { i.at = p }
func (c *CodeTable) place(p pos) { c.at = p }
