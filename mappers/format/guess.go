package format

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mallbridge/mallbridge/mappers/record"
	"github.com/mallbridge/mallbridge/order"
)

// GuessOptions say what is known of a sample.
type GuessOptions struct {
	Name     string // of the format to be
	Country  string // JP, KR, or empty
	Record   string // orders, results, stock …; guessed where empty
	Out      bool   // the format is to be written, not read
	Password string // of an encrypted workbook
	Known    *Set   // formats whose titles tell what a column is
}

// A Guessed format is for a person to finish.
type Guessed struct {
	YAML    []byte
	Record  string
	Known   int   // columns whose field was found
	Unknown int   // columns for a person to name
	Err     error // what still keeps it from being a format
}

// Guess looks at a customer's file and writes a format for it: charset, kind,
// header, columns, types and dates, with a comment on each. Titles that formats in
// o.Known have name the fields; nothing is taken from the values but their form,
// so that no customer's data gets into the format.
func Guess(src Source, o GuessOptions) (*Guessed, error) {
	if !nameForm.MatchString(o.Name) {
		return nil, order.Errorf(order.Invalid, "small letters, digits and hyphens", "name %q is not a name", o.Name)
	}
	s, err := readSample(src, o.Password)
	if err != nil {
		return nil, err
	}
	g := &guesser{s: s, o: o, header: s.header(), out: &Guessed{}}
	if len(g.header) == 0 {
		return nil, order.Errorf(order.Invalid, "give a file with a few rows", "%s: there are no columns", src.Name)
	}
	g.chooseRecord()
	g.findJoins()
	g.write(src.Name)
	g.out.YAML = []byte(g.b.String())
	_, g.out.Err = Parse(o.Name+".yaml", g.out.YAML)
	return g.out, nil
}

type guesser struct {
	s      *sample
	o      GuessOptions
	header []string
	titles map[string]*Column // of the known formats of the record
	joins  []*FieldSpec       // fields made of several columns that the file has
	plain  map[string]bool    // titles of those columns
	taken  map[string]bool
	out    *Guessed
	b      strings.Builder
}

var recordKinds = []string{"orders", "instructions", "results", "stock", "acks", "stops", "tracking"}

// chooseRecord takes the kind of record whose formats know the most titles.
func (g *guesser) chooseRecord() {
	best := -1
	for _, kind := range recordKinds {
		if g.o.Record != "" && kind != g.o.Record {
			continue
		}
		titles := knownTitles(g.o.Known, kind, g.o.Out)
		n := 0
		for _, h := range g.header {
			if titles[titleKey(h)] != nil {
				n++
			}
		}
		if g.o.Out && kind == "instructions" {
			n++ // of those that are written it is the usual one
		}
		if n > best {
			best, g.titles, g.out.Record = n, titles, kind
		}
	}
	if g.titles == nil {
		g.titles, g.out.Record = map[string]*Column{}, g.o.Record
	}
}

// knownTitles maps titles to the column that most formats have under them.
func knownTitles(set *Set, kind string, out bool) map[string]*Column {
	votes := map[string]map[string]int{}
	columns := map[string]*Column{}
	if set == nil {
		return columns
	}
	for _, name := range set.Names() {
		f := set.byName[name]
		if f.Spec.Record != kind || out && !f.Writes() || !out && !f.Reads() {
			continue
		}
		for i := range f.Spec.Columns {
			c := &f.Spec.Columns[i]
			what := c.source()
			if what == "" {
				continue
			}
			for _, title := range append([]string{c.Name}, c.Aliases...) {
				k := titleKey(title)
				if votes[k] == nil {
					votes[k] = map[string]int{}
				}
				votes[k][what]++
				if old := columns[k]; old == nil || votes[k][what] > votes[k][old.source()] {
					columns[k] = c
				}
			}
		}
	}
	return columns
}

// findJoins takes from the known formats the fields that are made of several
// columns, all of which the file has: names in two columns, postal codes in two,
// phones in three.
func (g *guesser) findJoins() {
	g.plain, g.taken = map[string]bool{}, map[string]bool{}
	if g.o.Known == nil || g.o.Out || g.s.first < 0 {
		return
	}
	have := map[string]bool{}
	for _, h := range g.header {
		have[key(h)] = true
	}
	for _, name := range g.o.Known.Names() {
		f := g.o.Known.byName[name]
		if f.Spec.Record != g.out.Record || !f.Reads() {
			continue
		}
		for _, fs := range f.Spec.Fields {
			if len(fs.Join) < 2 || g.taken["field: "+fs.name] || slices.ContainsFunc(fs.Join, func(t string) bool { return !have[key(t)] }) {
				continue
			}
			g.taken["field: "+fs.name] = true
			g.joins = append(g.joins, fs)
			for _, t := range fs.Join {
				g.plain[key(t)] = true
			}
		}
	}
}

// source says where a column's value comes from, as YAML; empty for constants and
// expressions.
func (c *Column) source() string {
	switch {
	case c.Field != "":
		return "field: " + c.Field
	case len(c.Join) > 0:
		return "join: [" + strings.Join(c.Join, ", ") + "]"
	case len(c.Split) > 0:
		return fmt.Sprintf("split: [%s], part: %d", strings.Join(c.Split, ", "), c.Part)
	}
	return ""
}

// titleKey is key without what stands in brackets.
func titleKey(s string) string {
	s = key(s)
	for _, pair := range [][2]string{{"(", ")"}, {"[", "]"}, {"【", "】"}} {
		if i := strings.Index(s, pair[0]); i > 0 && strings.HasSuffix(s, pair[1]) {
			s = strings.TrimSpace(s[:i])
		}
	}
	return s
}

func (g *guesser) line(format string, args ...any) { fmt.Fprintf(&g.b, format+"\n", args...) }

func (g *guesser) write(file string) {
	direction := "in"
	if g.o.Out {
		direction = "out"
	}
	g.line("# Made from the sample %q: %d rows were looked at. What is guessed says so.", file, len(g.s.data()))
	g.line("# Finish it: name the fields of the columns that have none, and compare with the")
	g.line("# document of whoever made the file. Then see what it reads:")
	if g.o.Out {
		g.line("#   mallbridge format test DIR, with a case of your own")
	} else {
		g.line("#   mallbridge format preview SAMPLE --format %s.yaml", g.o.Name)
	}
	g.line("name: %s", g.o.Name)
	g.line("title: {en: %s, ja: %s, ko: %s} # what people call it", g.o.Name, g.o.Name, g.o.Name)
	g.line("record: %s # guessed by the titles", g.out.Record)
	g.line("direction: %s", direction)
	if g.o.Out {
		g.line("rows: line # or parcel: one row for each instruction")
	}
	g.line("sureness: inferred")
	g.line("source: %q # name the document, when you have it", "a sample file")
	if g.o.Country != "" {
		g.line("country: %s", g.o.Country)
	} else {
		g.line("# country: JP # of addresses, amounts and dates that name none")
	}
	g.file()
	g.columns()
}

func (g *guesser) file() {
	s := g.s
	g.line("file:")
	switch {
	case s.workbook && g.o.Out:
		g.line("  kind: xlsx")
	case s.workbook:
		g.line("  kind: workbook # xlsx, xls, HTML table or text, whichever the bytes are")
	default:
		kind := "csv"
		if s.delimiter == "\t" {
			kind = "tsv"
		}
		g.line("  kind: %s", kind)
		g.line("  charset: %s # guessed: %s", s.charset, s.why)
		if s.delimiter != "," && s.delimiter != "\t" {
			g.line("  delimiter: %q", s.delimiter)
		}
		g.line("  newline: %s", s.newline)
		if g.o.Out {
			g.line("  quote: %s", s.quote)
		}
	}
	if s.sheet != "" {
		g.line("  sheet: %q # the first of several", s.sheet)
	}
	switch {
	case s.first < 0:
		g.line("  header: none # columns by their position")
	default:
		g.line("  header: names")
		if s.first > 0 && !g.o.Out {
			g.line("  header_within: %d # rows above the header", s.first+1)
		}
	}
	if g.o.Out {
		g.line("  name: '{{.Warehouse}}_{{.Batch}}.%s'", map[bool]string{true: "xlsx", false: "csv"}[s.workbook])
	}
}

func (g *guesser) columns() {
	seen := map[string]int{}
	g.line("columns:")
	for i, title := range g.header {
		k := key(title)
		seen[k]++
		if g.s.first < 0 && !g.o.Out && g.s.column(i).filled == 0 {
			continue
		}
		g.column(i, title, seen[k])
	}
	if g.out.Known == 0 && !g.o.Out {
		g.line("  - {name: the first column, at: 1} # one column must be named")
	}
	if len(g.joins) == 0 {
		return
	}
	g.line("fields:")
	for _, fs := range g.joins {
		titles := make([]string, len(fs.Join))
		for i, t := range fs.Join {
			titles[i] = yamlText(t)
		}
		sep := ""
		if fs.Sep != "" {
			sep = ", sep: " + yamlText(fs.Sep)
		}
		g.line("  %s: {join: [%s]%s}", fs.name, strings.Join(titles, ", "), sep)
	}
}

// column writes one column. One that is not known is a comment where the file is
// read, and stays empty where it is written.
func (g *guesser) column(i int, title string, nth int) {
	c := g.s.column(i)
	about := g.about(c)
	var parts []string
	switch {
	case title != "":
		parts = append(parts, "name: "+yamlText(title))
	case g.s.first < 0 && !g.o.Out:
		parts = append(parts, fmt.Sprintf("name: column %d", i+1))
	}
	if nth > 1 && title != "" && !g.o.Out {
		parts = append(parts, fmt.Sprintf("nth: %d", nth))
	}
	if g.s.first < 0 && !g.o.Out {
		parts = append(parts, fmt.Sprintf("at: %d", i+1))
	}
	what, rules := g.meaning(title, c)
	if what == "" && g.o.Out && len(c.values) == 1 && c.codes() {
		what, about = "const: "+yamlText(c.values[0]), about+"; always this in the sample"
	}
	comment := ""
	switch {
	case what == "" && g.plain[key(title)] && nth == 1:
		g.out.Known++
	case what != "":
		parts = append(parts, what)
		parts = append(parts, rules...)
		g.out.Known++
	case g.o.Out:
		g.out.Unknown++
		about += "; nothing is written until you say what"
	default:
		g.out.Unknown++
		comment = "# "
		parts = append(parts, "field: ?")
	}
	g.line("  %s- {%s} # %s", comment, strings.Join(parts, ", "), about)
}

// meaning finds the field of a title and what can be said of its values.
func (g *guesser) meaning(title string, c sampleColumn) (string, []string) {
	known := g.titles[titleKey(title)]
	if known == nil || title == "" || g.plain[key(title)] {
		return "", nil
	}
	what := known.source()
	if g.taken[what] && !g.o.Out {
		return "", nil
	}
	g.taken[what] = true
	var rules []string
	f, _ := record.Lookup(known.Field)
	if !g.o.Out {
		if known.Require && c.filled == c.rows {
			rules = append(rules, "required: true")
		}
		if c.layout != "" && typeOf(f) != typeDate && typeOf(f) != typeDateTime && known.Field != "" && c.form == "date" {
			rules = append(rules, "type: date")
		}
		return what, rules
	}
	if known.Require {
		rules = append(rules, "required: true")
	}
	if c.layout != "" && (typeOf(f) == typeDate || typeOf(f) == typeDateTime) {
		rules = append(rules, "layout: "+yamlText(c.layout))
	}
	if len(known.Split) > 0 {
		rules = append(rules, fmt.Sprintf("chars: %d", max(c.chars, 16)))
	}
	return what, rules
}

// about is the comment: how often it is filled, its form, its length, and its
// values only where they are a few short ones, which are codes.
func (g *guesser) about(c sampleColumn) string {
	if c.filled == 0 {
		return "always empty"
	}
	text := c.form
	if c.layout != "" {
		text += " as " + c.layout
	}
	text += fmt.Sprintf(", up to %d characters", c.chars)
	if c.filled < c.rows {
		text += fmt.Sprintf(", filled in %d of %d", c.filled, c.rows)
	}
	if c.codes() {
		text += ": " + strings.Join(c.values, " ")
	}
	return strings.ReplaceAll(text, "\n", " ")
}

// codes reports whether the values can be told: a few of up to three digits or
// letters, which are no customer's data.
func (c *sampleColumn) codes() bool {
	return c.few && c.chars <= 3 && allOf(c.values, func(v string) bool { return ascii(v) })
}

// yamlText writes a text as a YAML scalar on one line.
func yamlText(s string) string {
	s = strings.NewReplacer("\r\n", " ", "\n", " ", "\r", " ", "\t", " ").Replace(s)
	return "'" + strings.ReplaceAll(s, "'", "''") + "'"
}
