// Package master reads tables that people keep: SKU links, payment methods,
// delivery services, time bands. They are CSV in UTF-8 (with or without a byte
// order mark) or another charset that is declared, or spreadsheets.
//
// The columns are checked here: missing, repeated and unknown ones are findings,
// each with its place, and so are cells that Excel has damaged. Rows without a
// finding are handed to gocsv, whose csv tags say which field is which column.
// Nothing else imports gocsv, whose own checks are silent or shared by the whole
// process.
package master

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"

	"github.com/gocarina/gocsv"
	"golang.org/x/text/unicode/norm"

	"github.com/mallbridge/mallbridge/mappers/charset"
	"github.com/mallbridge/mallbridge/mappers/workbook"
)

// MaxSize bounds a table in bytes.
const MaxSize = 256 << 20

// A Column is a column that a table may have.
type Column struct {
	Name     string   // as in the csv tag of the row's type
	Aliases  []string // other headers of it; compared like Name, after NFKC and trimming
	Required bool     // it must be there and every row must fill it
	Number   bool     // not a code: not looked at for damage by Excel
}

// Options tell how a table is read. The zero value is fine.
type Options struct {
	Columns  []Column         // nil: those of T's csv tags, none of them required
	Charset  *charset.Charset // UTF-8 where nil; a byte order mark overrules it
	Password string           // of an encrypted workbook
	Sheet    string           // of a workbook; the first where empty
}

// A Row is one row of the table.
type Row[T any] struct {
	Line  int            // physical line, or row of the sheet, from 1
	At    map[string]int // by name, where the columns stand, from 1; the same for all rows
	Value T
}

// A Finding is one fault of the table.
type Finding struct {
	File   string
	Line   int    // from 1
	Column int    // from 1; 0 for the whole row
	Name   string // of the column, or empty
	Value  string
	Text   string
	Hint   string
}

func (f Finding) String() string {
	s := fmt.Sprintf("%s:%d:%d: ", f.File, f.Line, max(f.Column, 1))
	if f.Name != "" {
		s += "column " + f.Name + ": "
	}
	s += f.Text
	if f.Value != "" {
		s += fmt.Sprintf(": %q", f.Value)
	}
	if f.Hint != "" {
		s += " (" + f.Hint + ")"
	}
	return s
}

// Read reads a table. name is the file's name for messages. Rows with a finding
// are not among the result; with a finding about the columns there are no rows at
// all. The error is one of reading: a bad charset, password or workbook.
//
// All values are trimmed; ="0600001" and a leading apostrophe, which people write
// to keep Excel from changing codes, are taken off. T has string fields, or other
// types that gocsv knows; for those an empty cell is the zero value.
func Read[T any](r io.Reader, name string, o Options) ([]Row[T], []Finding, error) {
	data, err := io.ReadAll(io.LimitReader(r, MaxSize+1))
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", name, err)
	}
	if len(data) > MaxSize {
		return nil, nil, fmt.Errorf("%s: the table is larger than %d bytes", name, MaxSize)
	}
	g, err := open(data, name, &o)
	if err != nil {
		return nil, nil, err
	}
	if o.Columns == nil {
		o.Columns = tagged(reflect.TypeFor[T]())
	}
	t := &table{name: name, columns: o.Columns}
	if err := t.read(g); err != nil {
		return nil, nil, err
	}
	if len(t.rows) == 0 {
		return nil, t.found, nil
	}
	return decode[T](t), t.found, nil
}

// tagged lists the columns of a row's type.
func tagged(t reflect.Type) []Column {
	var out []Column
	for f := range t.Fields() {
		tag, _, _ := strings.Cut(f.Tag.Get("csv"), ",")
		if tag != "" && tag != "-" {
			out = append(out, Column{Name: tag, Number: f.Type.Kind() != reflect.String})
		}
	}
	return out
}

// A table is what was read, as text.
type table struct {
	name    string
	columns []Column
	at      []int // by column: its place in the file, or -1
	width   int
	rows    [][]string // in the order of columns
	lines   []int
	found   []Finding
}

func (t *table) find(line, col int, name, value, hint, format string, args ...any) {
	t.found = append(t.found, Finding{t.name, line, col, name, value, fmt.Sprintf(format, args...), hint})
}

func (t *table) read(g grid) error {
	line, cells, _, err := g.next()
	if errors.Is(err, io.EOF) {
		t.find(1, 0, "", "", "the first row names the columns", "the table is empty")
		return nil
	}
	if err != nil {
		return fmt.Errorf("%s: %w", t.name, err)
	}
	if !t.header(line, cells) {
		return nil
	}
	for {
		line, cells, damage, err := g.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%s: %w", t.name, err)
		}
		t.row(line, cells, damage)
	}
}

func key(s string) string { return strings.ToLower(strings.TrimSpace(norm.NFKC.String(s))) }

func (t *table) header(line int, cells []string) bool {
	known := map[string]int{}
	var names []string
	for i, c := range t.columns {
		names = append(names, c.Name)
		for _, n := range append([]string{c.Name}, c.Aliases...) {
			known[key(n)] = i
		}
	}
	t.at = slices.Repeat([]int{-1}, len(t.columns))
	for i, cell := range cells {
		if key(cell) == "" {
			continue
		}
		c, ok := known[key(cell)]
		switch {
		case !ok:
			t.find(line, i+1, "", cell, "known: "+strings.Join(names, ", "), "the column is not known")
		case t.at[c] >= 0:
			t.find(line, i+1, t.columns[c].Name, cell, "keep one of them", "the column is there twice, first as column %d", t.at[c]+1)
		default:
			t.at[c] = i
		}
	}
	for i, c := range t.columns {
		if c.Required && t.at[i] < 0 {
			hint := "add it"
			if len(c.Aliases) > 0 {
				hint = "it may also be called " + strings.Join(c.Aliases, ", ")
			}
			t.find(line, 0, c.Name, "", hint, "the column is missing")
		}
	}
	t.width = len(cells)
	return len(t.found) == 0
}

func (t *table) row(line int, cells []string, damage []string) {
	blank := true
	for _, c := range cells {
		blank = blank && strings.TrimSpace(c) == ""
	}
	if blank {
		return
	}
	before := len(t.found)
	if len(cells) < t.width && damage == nil {
		t.find(line, 0, "", "", "quote values that have commas", "the row has %d columns, the header has %d", len(cells), t.width)
		return
	}
	for i := t.width; i < len(cells); i++ {
		if strings.TrimSpace(cells[i]) != "" {
			t.find(line, i+1, "", cells[i], "quote values that have commas", "the row has more columns than the header")
			return
		}
	}
	out := make([]string, len(t.columns))
	for i, c := range t.columns {
		at := t.at[i]
		if at < 0 || at >= len(cells) {
			if at >= 0 && c.Required {
				t.find(line, at+1, c.Name, "", "", "a value is required")
			}
			continue
		}
		v := unwrap(cells[at])
		out[i] = v
		if why := t.damaged(c, v, damage, at); why != "" {
			t.find(line, at+1, c.Name, v, "enter the code again as text", "%s", why)
		}
		if v == "" && c.Required {
			t.find(line, at+1, c.Name, "", "", "a value is required")
		}
	}
	if len(t.found) == before {
		t.rows = append(t.rows, out)
		t.lines = append(t.lines, line)
	}
}

func (t *table) damaged(c Column, v string, damage []string, at int) string {
	if at < len(damage) && damage[at] != "" && !c.Number {
		return damage[at]
	}
	if !c.Number && exponent(v) {
		return "Excel has turned the code into a number with an exponent"
	}
	return ""
}

// exponent reports whether v looks like 8.11E+11.
func exponent(v string) bool {
	i := strings.IndexAny(v, "Ee")
	if i < 1 || i+2 >= len(v) || v[i+1] != '+' {
		return false
	}
	return strings.Trim(v[:i], "0123456789.") == "" && strings.Trim(v[i+2:], "0123456789") == ""
}

func unwrap(s string) string {
	s = strings.TrimSpace(s)
	if len(s) >= 3 && strings.HasPrefix(s, `="`) && strings.HasSuffix(s, `"`) {
		return strings.TrimSpace(s[2 : len(s)-1])
	}
	return strings.TrimSpace(strings.TrimPrefix(s, "'"))
}

// decode hands the rows to gocsv. Rows with a value that does not fit its field
// become findings.
func decode[T any](t *table) []Row[T] {
	header := make([]string, len(t.columns))
	for i, c := range t.columns {
		header[i] = c.Name
	}
	at := make(map[string]int, len(t.columns))
	for i, c := range t.columns {
		if t.at[i] >= 0 {
			at[c.Name] = t.at[i] + 1
		}
	}
	var all []T
	if err := gocsv.UnmarshalCSV(&records{header: header, rows: t.rows}, &all); err == nil {
		out := make([]Row[T], len(all))
		for i := range all {
			out[i] = Row[T]{t.lines[i], at, all[i]}
		}
		return out
	}
	var out []Row[T]
	for i, row := range t.rows {
		var one []T
		err := gocsv.UnmarshalCSV(&records{header: header, rows: [][]string{row}}, &one)
		if err == nil {
			out = append(out, Row[T]{t.lines[i], at, one[0]})
			continue
		}
		var pe *csv.ParseError
		if !errors.As(err, &pe) || pe.Column < 1 || pe.Column > len(row) {
			t.find(t.lines[i], 0, "", "", "", "%v", err)
			continue
		}
		c := pe.Column - 1
		t.find(t.lines[i], t.at[c]+1, header[c], row[c], "", "the value is not of the column's type")
	}
	return out
}

// records gives gocsv rows that are read already.
type records struct {
	header []string
	rows   [][]string
	n      int
}

func (r *records) Read() ([]string, error) {
	r.n++
	switch {
	case r.n == 1:
		return r.header, nil
	case r.n-2 < len(r.rows):
		return r.rows[r.n-2], nil
	}
	return nil, io.EOF
}

func (r *records) ReadAll() ([][]string, error) {
	return append([][]string{r.header}, r.rows...), nil
}

// A grid gives the rows of a table with their numbers, and for spreadsheets what
// is wrong with a cell, and io.EOF at the end. The slices hold until the next call.
type grid interface {
	next() (line int, cells, damage []string, err error)
}

var bom = []byte("\xEF\xBB\xBF")

func open(data []byte, name string, o *Options) (grid, error) {
	switch workbook.Sniff(data[:min(len(data), 4096)]) {
	case workbook.Text, workbook.Empty, workbook.Unknown:
	default:
		r, err := workbook.Open(bytes.NewReader(data), int64(len(data)), workbook.Options{Password: o.Password, Sheet: o.Sheet})
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		return &bookGrid{r}, nil
	}
	cs := o.Charset
	if cs == nil || bytes.HasPrefix(data, bom) {
		cs, _ = charset.Lookup("utf-8")
	}
	text, err := cs.AppendDecode(nil, bytes.TrimPrefix(data, bom))
	if err != nil {
		line := 1
		if de := new(charset.DecodeError); errors.As(err, &de) {
			line += bytes.Count(data[:min(de.Offset, len(data))], []byte{'\n'})
		}
		return nil, fmt.Errorf("%s:%d: %w", name, line, err)
	}
	text = bytes.TrimRight(text, "\x1A")
	r := csv.NewReader(bytes.NewReader(text))
	r.FieldsPerRecord = -1
	r.LazyQuotes = true
	r.ReuseRecord = true
	return &csvGrid{r}, nil
}

type csvGrid struct{ r *csv.Reader }

func (g *csvGrid) next() (int, []string, []string, error) {
	cells, err := g.r.Read()
	if err != nil {
		return 0, nil, nil, err
	}
	line, _ := g.r.FieldPos(0)
	return line, cells, nil, nil
}

type bookGrid struct{ r *workbook.Reader }

func (g *bookGrid) next() (int, []string, []string, error) {
	line, cells, err := g.r.Next()
	if err != nil {
		return 0, nil, nil, err
	}
	texts, damage := make([]string, len(cells)), make([]string, len(cells))
	for i := range cells {
		texts[i] = cells[i].Text
		if cells[i].Damaged != workbook.None {
			damage[i] = cells[i].Damaged.String()
		}
	}
	return line, texts, damage, nil
}
