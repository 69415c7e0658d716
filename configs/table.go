package configs

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"

	"github.com/mallbridge/mallbridge/mappers/charset"
	"github.com/mallbridge/mallbridge/mappers/workbook"
)

// A column of a master: its name, as in the csv tag of the row's type, and what
// else its header may be.
type column struct {
	name     string
	aliases  []string // Japanese and Korean
	required bool
}

// A grid gives the rows of a table one after the other; lines count from 1, as
// people see them. It ends with io.EOF.
type grid interface {
	next() (line int, cells []string, err error)
}

// A csvGrid reads CSV in UTF-8.
type csvGrid struct{ r *csv.Reader }

func newCSVGrid(text string) *csvGrid {
	r := csv.NewReader(strings.NewReader(text))
	r.FieldsPerRecord = -1
	r.ReuseRecord = true
	return &csvGrid{r}
}

func (g *csvGrid) next() (int, []string, error) {
	cells, err := g.r.Read()
	if err != nil {
		return 0, nil, err
	}
	line, _ := g.r.FieldPos(0)
	return line, cells, nil
}

// A bookGrid reads the first sheet of a workbook.
type bookGrid struct{ r *workbook.Reader }

// errDamaged marks a cell that a spreadsheet program has spoilt.
type damagedCell struct {
	address string
	text    string
	damage  workbook.Damage
}

func (e *damagedCell) Error() string {
	return fmt.Sprintf("cell %s holds %q: %s", e.address, e.text, e.damage)
}

func (g *bookGrid) next() (int, []string, error) {
	row, cells, err := g.r.Next()
	if err != nil {
		return 0, nil, err
	}
	texts := make([]string, len(cells))
	for i, c := range cells {
		texts[i] = c.Text
		if c.Damaged != workbook.None {
			return row, texts, &damagedCell{workbook.Address(row, i+1), c.Text, c.Damaged}
		}
	}
	return row, texts, nil
}

// readTable reads a master into rows of type T, whose fields are texts tagged
// csv:"name" and an int field Line. Rows with findings are left out.
func readTable[T any](l *loader, file string, data []byte, columns []column) []T {
	g, ok := l.openGrid(file, data)
	if !ok {
		return nil
	}
	line, header, err := g.next()
	if err != nil {
		if errors.Is(err, io.EOF) {
			l.find(Finding{File: file, Message: "has no header", Hint: "write the columns " + headerOf(columns)})
			return nil
		}
		l.tableError(file, line, err)
		return nil
	}
	places, ok := l.header(file, line, header, columns)
	if !ok {
		return nil
	}
	return fill[T](l, file, g, places, columns, len(header))
}

func fill[T any](l *loader, file string, g grid, places []int, columns []column, width int) []T {
	targets := targetFields(reflect.TypeFor[T](), columns)
	lineField, _ := reflect.TypeFor[T]().FieldByName("Line")
	var rows []T
	for {
		line, cells, err := g.next()
		if errors.Is(err, io.EOF) {
			return rows
		}
		var damaged *damagedCell
		if err != nil {
			l.tableError(file, line, err)
			if errors.As(err, &damaged) {
				continue
			}
			return rows
		}
		if blank(cells) {
			continue
		}
		if len(cells) > width {
			l.find(Finding{File: file, Line: line, Message: fmt.Sprintf("has %d columns, the header %d", len(cells), width), Hint: "quote values that hold a comma"})
			continue
		}
		var row T
		v := reflect.ValueOf(&row).Elem()
		good := true
		for i, place := range places {
			if place < 0 || place >= len(cells) {
				continue
			}
			text := unwrap(cells[place])
			if damagedCode.MatchString(text) {
				l.find(Finding{File: file, Line: line, Name: columns[i].name, Message: fmt.Sprintf("%q is a code that a spreadsheet program has turned into a number", text), Hint: "write the whole code, in a column formatted as text"})
				good = false
				break
			}
			v.FieldByIndex(targets[i]).SetString(text)
		}
		if good {
			v.FieldByIndex(lineField.Index).SetInt(int64(line))
			rows = append(rows, row)
		}
	}
}

var damagedCode = regexp.MustCompile(`^[0-9](\.[0-9]+)?E\+[0-9]{2}$`)

// unwrap takes a value out of the forms by which people keep Excel from
// changing it: ="0600001" and a leading apostrophe.
func unwrap(text string) string {
	t := strings.TrimSpace(text)
	if len(t) >= 4 && strings.HasPrefix(t, `="`) && strings.HasSuffix(t, `"`) {
		return strings.TrimSpace(t[2 : len(t)-1])
	}
	return strings.TrimPrefix(t, "'")
}

func blank(cells []string) bool {
	return !slices.ContainsFunc(cells, func(c string) bool { return strings.TrimSpace(c) != "" })
}

func targetFields(t reflect.Type, columns []column) [][]int {
	out := make([][]int, len(columns))
	for i, c := range columns {
		for j := range t.NumField() {
			if name, _, _ := strings.Cut(t.Field(j).Tag.Get("csv"), ","); name == c.name {
				out[i] = t.Field(j).Index
			}
		}
	}
	return out
}

func (l *loader) openGrid(file string, data []byte) (grid, bool) {
	if strings.HasSuffix(file, ".xlsx") {
		r, err := workbook.Open(bytes.NewReader(data), int64(len(data)), workbook.Options{})
		if err != nil {
			l.find(Finding{File: file, Message: err.Error(), Hint: "save it as .xlsx without a password"})
			return nil, false
		}
		return &bookGrid{r}, true
	}
	cs, err := charset.Lookup(l.ws.Settings.Masters.Charset)
	if err != nil {
		return nil, false // reported with mallbridge.yaml
	}
	data = cs.TrimBOM(data)
	text, err := cs.Decode(data)
	if err != nil {
		f := Finding{File: file, Message: err.Error(), Hint: "save it as CSV UTF-8, or set masters.charset in mallbridge.yaml to cp932 or cp949"}
		var de *charset.DecodeError
		if errors.As(err, &de) {
			f.Line, f.Column = cs.Position(data, de.Offset)
			f.Message = fmt.Sprintf("bytes % X are not %s", de.Bytes, cs.Name())
		}
		l.find(f)
		return nil, false
	}
	return newCSVGrid(strings.TrimPrefix(text, "\uFEFF")), true
}

func (l *loader) tableError(file string, line int, err error) {
	f := Finding{File: file, Line: line, Message: err.Error(), Hint: "mend the row"}
	var pe *csv.ParseError
	var damaged *damagedCell
	switch {
	case errors.As(err, &pe):
		f.Line, f.Column, f.Message = pe.Line, pe.Column, pe.Err.Error()
		f.Hint = "put the whole value in quotes, and double the quotes inside it"
	case errors.As(err, &damaged):
		f.Hint = "write the value again, in a column formatted as text"
	}
	l.find(f)
}

// header finds each column's place; -1 for an optional one that is not there.
func (l *loader) header(file string, line int, header []string, columns []column) (places []int, ok bool) {
	places = make([]int, len(columns))
	for i := range places {
		places[i] = -1
	}
	before := l.findings.Errors()
	for at, text := range header {
		i := slices.IndexFunc(columns, func(c column) bool { return c.is(text) })
		switch {
		case strings.TrimSpace(text) == "":
		case i < 0:
			l.find(Finding{File: file, Line: line, Name: strings.TrimSpace(text), Message: "unknown column", Hint: l.columnHint(text, columns)})
		case places[i] >= 0:
			l.find(Finding{File: file, Line: line, Name: columns[i].name, Message: "the column is there twice", Hint: "remove one of them"})
		default:
			places[i] = at
		}
	}
	for i, c := range columns {
		if c.required && places[i] < 0 {
			l.find(Finding{File: file, Line: line, Name: c.name, Message: "the column is missing", Hint: "the columns are " + headerOf(columns)})
		}
	}
	return places, l.findings.Errors() == before
}

func (l *loader) columnHint(text string, columns []column) string {
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = c.name
	}
	if near := nearest(strings.TrimSpace(text), names); near != "" {
		return "did you mean " + near + "?"
	}
	return "the columns are " + strings.Join(names, ", ")
}

func (c column) is(header string) bool {
	h := foldHeader(header)
	return h == foldHeader(c.name) || slices.ContainsFunc(c.aliases, func(a string) bool { return h == foldHeader(a) })
}

var headerMarks = strings.NewReplacer(" ", "", "_", "", "-", "", "　", "", "・", "", "*", "")

func foldHeader(s string) string { return headerMarks.Replace(strings.ToLower(norm.NFKC.String(s))) }

func headerOf(columns []column) string {
	var b strings.Builder
	for i, c := range columns {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(c.name)
		if c.required {
			b.WriteString(" (required)")
		}
	}
	return b.String()
}
