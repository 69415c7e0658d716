package format

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"text/template"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/mallbridge/mallbridge/mappers/charset"
	"github.com/mallbridge/mallbridge/mappers/codes"
	"github.com/mallbridge/mallbridge/mappers/record"
)

// A Format is a checked and compiled description of a file. It does not change and
// may be used by several goroutines.
type Format struct {
	Spec Spec

	kind      record.Kind
	cs        *charset.Charset
	others    []*charset.Charset // that files may be in instead
	zone      *time.Location
	delimiter byte
	columns   map[string]int // by key(name), the first of that name
	tables    map[string]map[string]string
	group     []record.Field
	mayDiffer map[record.Field]bool
	steps     []*step
	producer  [record.Count]int16 // index of the step that makes the field, or -1
	where     condition
	carry     bool
	heads     condition
	leave     condition
	shipped   condition
	flags     []compiledFlag
	out       []*outColumn
	splits    []*splitGroup
	itemText  *program
	moreText  *program
	items     []int // columns of items, by number from 0
	replace   *charset.Replacements
	fileName  *template.Template
}

// A compiledFlag adds its name to order.flags.
type compiledFlag struct {
	name string
	cond condition
}

// A condition is a compiled [Condition].
type condition struct {
	prog *program
	all  []match
}

type match struct {
	field  record.Field
	column int // -1 for a field
	not    bool
	values map[string]bool
}

func (c *condition) set() bool { return c.prog != nil || len(c.all) > 0 }

// uses lists the fields and columns that the condition reads.
func (c *condition) uses() (fields []record.Field, columns []int) {
	if c.prog != nil {
		return c.prog.fields, c.prog.columns
	}
	for _, m := range c.all {
		if m.column >= 0 {
			columns = append(columns, m.column)
		} else {
			fields = append(fields, m.field)
		}
	}
	return fields, columns
}

func (c *condition) met(v values, r *runner) (bool, error) {
	if c.prog != nil {
		return r.bool(c.prog, v)
	}
	for i := range c.all {
		m := &c.all[i]
		s := ""
		if m.column >= 0 {
			s = v.columnValue(m.column)
		} else {
			s = v.fieldValue(m.field)
		}
		if m.values[s] == m.not {
			return false, nil
		}
	}
	return true, nil
}

// A step makes one field of a record.
type step struct {
	field    record.Field
	name     string // for messages: the column, or the field
	columns  []int
	sep      string
	konst    *string
	prog     *program
	rule     valueRule
	table    map[string]string
	hasTable bool
	deflt    string
	required bool
	optional bool
	pattern  *regexp.Regexp
}

// Parse reads a format. name is the file's name for messages. The error is of
// type [Findings] and holds every fault of the file.
func Parse(name string, text []byte) (*Format, error) { return parse(name, text, nil, codes.Builtin()) }

// ParseFS reads the format in the named file of fsys. Tables of codes that the
// format keeps in files of their own are read beside it.
func ParseFS(fsys fs.FS, name string) (*Format, error) { return ParseWith(fsys, name, codes.Builtin()) }

// ParseWith is [ParseFS] with the codes of a workspace.
func ParseWith(fsys fs.FS, name string, set *codes.Set) (*Format, error) {
	b, err := fs.ReadFile(fsys, name)
	if err != nil {
		return nil, fmt.Errorf("format: %w", err)
	}
	return parse(name, b, fsys, set)
}

func parse(name string, text []byte, fsys fs.FS, set *codes.Set) (*Format, error) {
	r := &report{file: name}
	var root yaml.Node
	if err := yaml.Unmarshal(text, &root); err != nil {
		p := pos{1, 1}
		text := strings.TrimPrefix(err.Error(), "yaml: ")
		if _, err := fmt.Sscanf(text, "line %d:", &p.line); err == nil {
			_, text, _ = strings.Cut(text, ": ")
		}
		r.at(p, "", "%s", text)
		return nil, r.found
	}
	if len(root.Content) == 0 {
		r.at(pos{1, 1}, "", "the file is empty")
		return nil, r.found
	}
	f := &Format{}
	decode(root.Content[0], reflect.ValueOf(&f.Spec).Elem(), r)
	c := &compiler{f: f, r: r, fsys: fsys, dir: path.Dir(name), codes: set}
	c.compile()
	if len(r.found) > 0 {
		slices.SortStableFunc(r.found, func(a, b Finding) int {
			if a.Line != b.Line {
				return a.Line - b.Line
			}
			return a.Column - b.Column
		})
		return nil, r.found
	}
	return f, nil
}

// Name returns the format's name.
func (f *Format) Name() string { return f.Spec.Name }

// Kind returns what the file's rows are.
func (f *Format) Kind() record.Kind { return f.kind }

// Title returns the title in lang, or in English.
func (f *Format) Title(lang string) string {
	if t := f.Spec.Title[lang]; t != "" {
		return t
	}
	if t := f.Spec.Title["en"]; t != "" {
		return t
	}
	return f.Spec.Name
}

// Reads reports whether files of this format can be read.
func (f *Format) Reads() bool { return f.Spec.Direction != "out" }

// Writes reports whether files of this format can be written.
func (f *Format) Writes() bool { return f.Spec.Direction != "in" }

// Charset returns the charset of the format's text files.
func (f *Format) Charset() *charset.Charset { return f.cs }

// Fields lists the fields that reading fills, in their order.
func (f *Format) Fields() []record.Field {
	var out []record.Field
	for i, p := range f.producer {
		if p >= 0 {
			out = append(out, record.Field(i))
		}
	}
	return out
}

// workbook reports whether files are spreadsheets.
func (f *Format) workbook() bool {
	return f.Spec.File.Kind == "xlsx" || f.Spec.File.Kind == "workbook" || f.Spec.File.Kind == "xls"
}

// A compiler checks a Spec and fills a Format.
type compiler struct {
	f    *Format
	r    *report
	fsys fs.FS
	dir  string

	codes *codes.Set
}

var nameForm = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

func (c *compiler) compile() {
	s := &c.f.Spec
	if !nameForm.MatchString(s.Name) {
		c.r.at(s.at, "small letters, digits and hyphens", "name %q is not a name", s.Name)
	}
	c.oneOf(s.at, "record", &s.Record, "", "orders", "instructions", "results", "stock", "acks", "stops", "tracking")
	c.f.kind = record.Kind(s.Record)
	c.oneOf(s.at, "direction", &s.Direction, "", "in", "out", "both")
	c.oneOf(s.at, "rows", &s.Rows, record.PerLine, record.PerLine, record.PerParcel, record.PerOrder)
	c.oneOf(s.at, "sureness", &s.Sureness, "convention", "confirmed", "one-source", "inferred", "convention")
	c.place()
	c.file()
	c.compileTables()
	c.f.columns = map[string]int{}
	for i := range s.Columns {
		c.columnName(i)
	}
	if len(s.Columns) == 0 {
		c.r.at(s.at, "", "there are no columns")
	}
	for i := range c.f.producer {
		c.f.producer[i] = -1
	}
	c.f.replace = c.replacements(s.at, s.Replace)
	if c.f.Reads() {
		c.reading()
	}
	if c.f.Writes() {
		c.writing()
	}
}

func (c *compiler) oneOf(at pos, what string, v *string, deflt string, known ...string) {
	if *v == "" {
		*v = deflt
	}
	if !slices.Contains(known, *v) {
		if *v == "" {
			c.r.at(at, "one of "+strings.Join(known, ", "), "%s is missing", what)
			return
		}
		c.r.at(at, suggest(*v, known), "%s: %q is not known", what, *v)
	}
}

var countries = map[string]struct{ currency, zone string }{
	"JP": {"JPY", "Asia/Tokyo"},
	"KR": {"KRW", "Asia/Seoul"},
}

func (c *compiler) place() {
	s := &c.f.Spec
	if d, ok := countries[s.Country]; ok {
		if s.Currency == "" {
			s.Currency = d.currency
		}
		if s.Zone == "" {
			s.Zone = d.zone
		}
	}
	if s.Zone == "" {
		s.Zone = "UTC"
	}
	var err error
	if c.f.zone, err = time.LoadLocation(s.Zone); err != nil {
		c.r.at(s.at, "a name such as Asia/Tokyo", "zone %q is not known", s.Zone)
		c.f.zone = time.UTC
	}
}

func (c *compiler) file() {
	s := &c.f.Spec.File
	if s.at == (pos{}) {
		s.at = c.f.Spec.at
	}
	c.oneOf(s.at, "file.kind", &s.Kind, "csv", "csv", "tsv", "fixed", "xlsx", "xls", "workbook")
	c.oneOf(s.at, "file.newline", &s.Newline, "crlf", "crlf", "lf")
	c.oneOf(s.at, "file.quote", &s.Quote, "needed", "needed", "always", "text", "never")
	header := "names"
	if s.Kind == "fixed" {
		header = "none"
	}
	c.oneOf(s.at, "file.header", &s.Header, header, "names", "none", "skip")
	c.oneOf(s.at, "file.newline_in_value", &s.NewlineIn, "space", "space", "keep", "hold")
	c.oneOf(s.at, "file.delimiter_in_value", &s.CommaIn, "keep", "keep", "space", "hold", "wide")
	if s.Charset == "" {
		s.Charset = "utf-8"
	}
	cs, err := charset.Lookup(s.Charset)
	if err != nil {
		c.r.at(s.at, "", "%s", strings.TrimPrefix(err.Error(), "charset: "))
		cs, _ = charset.Lookup("utf-8")
	}
	if s.ByteForm != "" {
		form, err := charset.ParseForm(s.ByteForm)
		if err != nil {
			c.r.at(s.at, "", "%s", strings.TrimPrefix(err.Error(), "charset: "))
		}
		cs = cs.WithForm(form)
	}
	if s.BOM && cs.Name() == "utf-8" {
		cs, _ = charset.Lookup("utf-8-bom")
	}
	c.f.cs = cs
	for _, name := range s.OrCharsets {
		other, err := charset.Lookup(name)
		if err != nil || !other.ASCIITransparent() {
			c.r.at(s.at, "a charset such as utf-8", "or_charset: %q cannot be told from %s", name, cs.Name())
			continue
		}
		c.f.others = append(c.f.others, other)
	}
	c.delimiterByte(s)
	if s.HeaderWithin == 0 {
		s.HeaderWithin = len(s.Above) + 1
	}
	c.above(s)
	if s.FileName != "" {
		t, err := template.New("name").Parse(s.FileName)
		if err != nil {
			c.r.at(s.at, "", "file.name: %v", err)
		}
		c.f.fileName = t
	}
}

func (c *compiler) delimiterByte(s *FileSpec) {
	switch {
	case s.Delimiter == "" && s.Kind == "tsv", s.Delimiter == `\t`, s.Delimiter == "tab":
		c.f.delimiter = '\t'
	case s.Delimiter == "":
		c.f.delimiter = ','
	case len(s.Delimiter) != 1 || strings.Contains("\"\r\n", s.Delimiter):
		c.r.at(s.at, "", "file.delimiter: %q is not one ASCII character", s.Delimiter)
		c.f.delimiter = ','
	default:
		c.f.delimiter = s.Delimiter[0]
	}
	if c.f.cs.ASCIITransparent() && !c.f.cs.SafeDelimiter(c.f.delimiter) { // the other is decoded as a whole
		c.r.at(s.at, "use a comma, a tab, ; or :", "file.delimiter: %q may be half of a character in %s", string(rune(c.f.delimiter)), c.f.cs.Name())
	}
}

func (c *compiler) compileTables() {
	c.f.tables = map[string]map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(c.f.Spec.Tables)) {
		t := c.f.Spec.Tables[name]
		switch {
		case t.File != "":
			c.tableFile(t)
		case t.Codes != nil:
			c.codeTable(name, t)
		}
		c.f.tables[name] = t.Values
	}
}

func (c *compiler) tableFile(t *Table) {
	if c.fsys == nil {
		c.r.at(t.at, "", "table file %s: this format was not read from a folder", t.File)
		return
	}
	b, err := fs.ReadFile(c.fsys, path.Join(c.dir, t.File))
	if err != nil {
		c.r.at(t.at, "", "table file: %v", err)
		return
	}
	rows, err := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(b, []byte("\xEF\xBB\xBF")))).ReadAll()
	if err != nil {
		c.r.at(t.at, "", "table file %s: %v", t.File, err)
		return
	}
	t.Values = map[string]string{}
	for i, row := range rows {
		if len(row) < 2 {
			c.r.at(t.at, "", "table file %s: line %d has no second column", t.File, i+1)
			continue
		}
		if i == 0 { // a header
			continue
		}
		if _, ok := t.Values[row[0]]; ok {
			c.r.at(t.at, "", "table file %s: line %d repeats %q", t.File, i+1, row[0])
		}
		t.Values[row[0]] = row[1]
		t.order = append(t.order, row[0])
	}
}

// columnName enters the column under its names.
func (c *compiler) columnName(i int) {
	col := &c.f.Spec.Columns[i]
	if col.Name == "" && c.f.Reads() && c.f.Spec.File.Header == "names" && c.f.Spec.File.Kind != "fixed" {
		c.r.at(col.at, "", "a column of a file that is read by its header needs a name")
	}
	for _, name := range append([]string{col.Name}, col.Aliases...) {
		if name == "" {
			continue
		}
		k := key(name)
		if j, ok := c.f.columns[k]; ok {
			if other := &c.f.Spec.Columns[j]; col.Nth == 0 && other.Nth == 0 && c.f.Spec.Direction != "out" && c.f.Spec.File.Header == "names" {
				c.r.at(col.at, "say nth: 2 for the second column of that name", "column %q is already on line %d", name, other.at.line)
			}
			k = fmt.Sprintf("%s#%d", k, max(col.Nth, 2))
			if _, ok := c.f.columns[k]; ok {
				continue
			}
		}
		c.f.columns[k] = i
	}
}

func (c *compiler) replacements(at pos, list pairList) *charset.Replacements {
	if len(list) == 0 {
		return nil
	}
	pairs := make([]charset.Pair, len(list))
	for i, p := range list {
		pairs[i] = charset.Pair{From: p[0], To: p[1]}
	}
	r, err := charset.NewReplacements(pairs)
	if err != nil {
		c.r.at(at, "", "replace: %s", strings.TrimPrefix(err.Error(), "charset: "))
	}
	return r
}

func (c *compiler) condition(s *Condition, columns map[string]int) condition {
	var out condition
	if s.Expr != "" {
		p, err := compileExpr(s.Expr, c.f, columns, true)
		if err != nil {
			c.r.at(s.at, "", "%v", err)
			return out
		}
		out.prog = p
		return out
	}
	for _, m := range s.All {
		cm := match{column: -1, not: m.Not, values: map[string]bool{}}
		if f, ok := record.Lookup(m.Name); ok {
			cm.field = f
		} else if i, ok := columns[key(m.Name)]; ok {
			cm.column = i
		} else {
			c.r.at(m.at, suggest(m.Name, record.Names()), "%q is neither a field nor a column", m.Name)
			continue
		}
		for _, v := range m.Values {
			cm.values[v] = true
		}
		out.all = append(out.all, cm)
	}
	return out
}

func (c *compiler) field(at pos, name string) (record.Field, bool) {
	f, ok := record.Lookup(name)
	if !ok {
		c.r.at(at, suggest(name, record.Names()), "there is no field %q", name)
	}
	return f, ok
}

func (c *compiler) rule(at pos, typ string, f record.Field, layouts []string, digits int, foldNames []string) valueRule {
	v := valueRule{typ: typeOf(f), layouts: layouts, zone: c.f.zone, currency: c.f.Spec.Currency, digits: digits, folds: c.folds(at, foldNames)}
	if typ != "" {
		i := slices.Index(typeNames, typ)
		if i < 0 {
			c.r.at(at, suggest(typ, typeNames), "type %q is not known", typ)
			return v
		}
		v.typ = valueType(i)
	}
	if v.typ == typeDigits && digits == 0 {
		c.r.at(at, "digits: 7", "type digits needs the number of digits")
	}
	return v
}

func (c *compiler) folds(at pos, names []string) []fold {
	var out []fold
	for _, n := range names {
		f, ok := folds[n]
		if !ok {
			c.r.at(at, suggest(n, foldNames), "fold %q is not known", n)
			continue
		}
		out = append(out, f)
	}
	return out
}

func (c *compiler) table(at pos, name string) (map[string]string, bool) {
	if name == "" {
		return nil, false
	}
	t, ok := c.f.tables[name]
	if !ok {
		c.r.at(at, suggest(name, slices.Collect(maps.Keys(c.f.tables))), "there is no table %q", name)
	}
	return t, ok
}

func (c *compiler) pattern(at pos, p string) *regexp.Regexp {
	if p == "" {
		return nil
	}
	re, err := regexp.Compile("^(?:" + p + ")$")
	if err != nil {
		c.r.at(at, "", "pattern: %v", err)
	}
	return re
}

// reading compiles what is done to rows that are read.
func (c *compiler) reading() {
	s := &c.f.Spec
	if !c.f.cs.ASCIITransparent() && s.File.Kind == "fixed" {
		c.r.at(s.File.at, "", "fixed widths cannot be read in %s", c.f.cs.Name())
	}
	for i := range s.Columns {
		col := &s.Columns[i]
		if s.File.Kind == "fixed" && col.Width == 0 {
			c.r.at(col.at, "", "a column of a fixed-width file needs its width in bytes")
		}
		if col.Field == "" {
			continue
		}
		f, ok := c.field(col.at, col.Field)
		if !ok {
			continue
		}
		st := &step{
			field: f, name: col.label(i), columns: []int{i}, deflt: col.Default, required: col.Require, optional: col.Optional,
			rule: c.rule(col.at, col.Type, f, col.Layout, col.Digits, nil), pattern: c.pattern(col.at, col.Pattern),
		}
		if s.Direction == "in" {
			st.rule.folds = c.folds(col.at, col.Fold)
			st.table, st.hasTable = c.table(col.at, col.Table)
		} else if t, ok := c.table(col.at, col.Table); ok {
			st.table, st.hasTable = inverse(t), true
			if spec := s.Tables[col.Table]; spec.read != nil {
				st.table = spec.read
			}
		}
		c.addStep(col.at, st)
	}
	for _, fs := range s.Fields {
		c.fieldStep(fs)
	}
	c.grouping()
	c.f.where = c.condition(&s.Where, c.f.columns)
	c.carrying()
	c.pairing()
	for _, fl := range s.Flags {
		c.f.flags = append(c.f.flags, compiledFlag{fl.name, c.condition(&fl.cond, c.f.columns)})
	}
}

func inverse(t map[string]string) map[string]string {
	out := make(map[string]string, len(t))
	for _, k := range slices.Sorted(maps.Keys(t)) {
		if _, ok := out[t[k]]; !ok {
			out[t[k]] = k
		}
	}
	return out
}

func (c *compiler) addStep(at pos, st *step) {
	if p := c.f.producer[st.field]; p >= 0 {
		c.r.at(at, "build it under fields: from both columns", "field %s is already filled by %s", st.field, c.f.steps[p].name)
		return
	}
	c.f.producer[st.field] = int16(len(c.f.steps))
	c.f.steps = append(c.f.steps, st)
}

func (c *compiler) fieldStep(fs *FieldSpec) {
	f, ok := c.field(fs.at, fs.name)
	if !ok {
		return
	}
	st := &step{
		field: f, name: fs.name, sep: fs.Sep, konst: fs.Const, deflt: fs.Default, required: fs.Require,
		rule: c.rule(fs.at, fs.Type, f, fs.Layout, fs.Digits, fs.Fold), pattern: c.pattern(fs.at, fs.Pattern),
	}
	st.table, st.hasTable = c.table(fs.at, fs.Table)
	if fs.Column != "" {
		fs.Join = append(fs.Join, fs.Column)
	}
	for _, name := range fs.Join {
		i, ok := c.f.columns[key(name)]
		if !ok {
			c.r.at(fs.at, "name it under columns:", "%s: there is no column %q", fs.name, name)
			continue
		}
		st.columns = append(st.columns, i)
	}
	n := 0
	for _, set := range []bool{len(fs.Join) > 0, fs.Const != nil, fs.Text != "", fs.Expr != ""} {
		if set {
			n++
		}
	}
	if n != 1 {
		c.r.at(fs.at, "", "%s needs one of join, column, const, text and expr", fs.name)
	}
	var err error
	if fs.Expr != "" {
		st.prog, err = compileExpr(fs.Expr, c.f, c.f.columns, false)
	} else if fs.Text != "" {
		st.prog, err = compileText(fs.Text, c.f.columns)
	}
	if err != nil {
		c.r.at(fs.at, "", "%s: %v", fs.name, err)
	}
	c.addStep(fs.at, st)
}

func (c *compiler) grouping() {
	s := &c.f.Spec
	if len(s.Group) == 0 && c.f.kind == record.Orders {
		s.Group = []string{"order.number"}
	}
	for _, name := range s.Group {
		f, ok := c.field(s.at, name)
		if !ok {
			continue
		}
		if c.f.producer[f] < 0 {
			c.r.at(s.at, "", "group: no column fills %s", name)
		}
		c.f.group = append(c.f.group, f)
	}
	c.f.mayDiffer = map[record.Field]bool{}
	for _, name := range s.MayDiffer {
		if f, ok := c.field(s.at, name); ok {
			c.f.mayDiffer[f] = true
		}
	}
}
