package workbook

import (
	"archive/zip"
	"compress/flate"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// A Value is one cell to be written. The zero Value is blank.
type Value struct {
	kind   CellKind
	text   string
	number float64
	time   Civil
}

// Str is a text cell, blank for "". Codes are always written so.
func Str(s string) Value {
	if s == "" {
		return Value{}
	}
	return Value{kind: String, text: s}
}

// Int is a whole number. One of 16 digits or more is written as text, since
// spreadsheet programs keep only 15.
func Int(n int64) Value {
	if n >= maxExact || n <= -maxExact {
		return Str(strconv.FormatInt(n, 10))
	}
	return Value{kind: Number, number: float64(n)}
}

// Float is a number; NaN and infinities are blank.
func Float(v float64) Value {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return Value{}
	}
	return Value{kind: Number, number: v}
}

// At is a date, a date and time, or a time of day.
func At(c Civil) Value { return Value{kind: Date, time: c} }

// ValueOf is a cell that was read, to be written again as a person saw it:
// numbers that were shown with leading zeros become text, damaged ones stay
// the numbers they are, errors become their names.
func ValueOf(c Cell) Value {
	switch c.Kind {
	case Blank:
		return Value{}
	case Date:
		return At(c.Time)
	case Number:
		if c.Damaged != None || string(appendNumber(nil, c.Number)) == c.Text {
			return Float(c.Number)
		}
	}
	return Str(c.Text)
}

// A Column describes one column of a sheet to be written.
type Column struct {
	Title string
	// Width in characters; 0 takes one that suits the title.
	Width float64
	// Code formats the whole column as text, so that what people type into
	// it keeps its leading zeros.
	Code bool
	// Note is shown when a person selects a cell of the column, up to 255
	// characters.
	Note string
	// List holds the values that a person may choose from; the spreadsheet
	// program refuses others. It does not bind WriteRow.
	List []string
}

// WriteOptions describe the sheet to be written.
type WriteOptions struct {
	Sheet string // name; "" is Sheet1
	// Columns give the header row; without any there is none.
	Columns []Column
	// Notes are rows of one text each above the header.
	Notes []string
	// Freeze keeps the header and what is above it in view.
	Freeze bool
	// Neutralise puts an apostrophe before texts that begin with = + - @ TAB
	// or CR, so that no program that reads the sheet takes them for
	// formulas. Leave it off where a machine reads the file.
	Neutralise bool
}

// A Writer writes the rows of one sheet as .xlsx, streaming. The same rows
// give the same bytes (with the same version of Go's compress/flate): no
// clock and no random number is in them. It is not safe for use by several
// goroutines.
type Writer struct {
	zip        *zip.Writer
	sheet      io.Writer
	columns    []Column
	neutralise bool
	headerRow  int
	row        int
	width      int // widest row so far
	buf        []byte
	err        error
}

const (
	flushAt   = 32 << 10
	maxShown  = 255 // characters of a text that old programs show in a cell formatted as text
	listSheet = "_lists"
)

// NewWriter begins a workbook on w. It fails for a sheet name that spreadsheet
// programs do not allow.
func NewWriter(w io.Writer, o WriteOptions) (*Writer, error) {
	if o.Sheet == "" {
		o.Sheet = "Sheet1"
	}
	if err := checkSheetName(o.Sheet); err != nil {
		return nil, err
	}
	zw := zip.NewWriter(w)
	zw.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) {
		return flate.NewWriter(w, flate.BestSpeed)
	})
	x := &Writer{zip: zw, columns: o.Columns, neutralise: o.Neutralise}
	if len(o.Columns) > 0 {
		x.headerRow = len(o.Notes) + 1
	}
	if err := x.begin(o); err != nil {
		return nil, err
	}
	return x, nil
}

func checkSheetName(name string) error {
	switch {
	case !utf8.ValidString(name):
		return errors.New("write workbook: the sheet name is not valid UTF-8")
	case utf16Len(name) > 31:
		return fmt.Errorf("write workbook: the sheet name %q has more than 31 characters", name)
	case strings.ContainsAny(name, `:\/?*[]`), strings.Trim(name, "'") != name, strings.EqualFold(name, listSheet), hasControl(name):
		return fmt.Errorf("write workbook: spreadsheet programs do not allow the sheet name %q", name)
	}
	return nil
}

func hasControl(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return r < 0x20 })
}

// utf16Len counts characters as spreadsheet programs do.
func utf16Len(s string) int {
	n := 0
	for _, r := range s {
		n++
		if r > 0xffff {
			n++
		}
	}
	return n
}

// begin writes every part but the sheet, and the sheet up to the first row
// of data.
func (w *Writer) begin(o WriteOptions) error {
	lists := false
	for _, c := range o.Columns {
		lists = lists || len(c.List) > 0
	}
	for _, p := range fixedParts(o.Sheet, lists) {
		if err := w.addPart(p.name, p.body); err != nil {
			return err
		}
	}
	if lists {
		if err := w.addLists(); err != nil {
			return err
		}
	}
	var err error
	if w.sheet, err = w.create("xl/worksheets/sheet1.xml"); err != nil {
		return err
	}
	w.head(o)
	for i, note := range o.Notes {
		if err := w.writeRow([]Value{Str(note)}, styleNote); err != nil {
			return fmt.Errorf("note %d: %w", i+1, err)
		}
	}
	if len(o.Columns) == 0 {
		return nil
	}
	titles := make([]Value, len(o.Columns))
	for i, c := range o.Columns {
		titles[i] = Str(c.Title)
	}
	return w.writeRow(titles, styleHeader)
}

// create begins a part. Its time is the first that a zip can hold.
func (w *Writer) create(name string) (io.Writer, error) {
	return w.zip.CreateHeader(&zip.FileHeader{
		Name: name, Method: zip.Deflate, Modified: time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC),
	})
}

func (w *Writer) addPart(name, body string) error {
	p, err := w.create(name)
	if err != nil {
		return err
	}
	_, err = io.WriteString(p, body)
	return err
}

// WriteRow writes the next row; zero values are blank cells. It fails, with
// the cell's address, for a text that is not valid UTF-8 or longer than a
// cell can be, and for rows and columns beyond what a sheet can hold. An
// error is final.
func (w *Writer) WriteRow(row []Value) error {
	return w.writeRow(row, styleGeneral)
}

func (w *Writer) writeRow(row []Value, style int) error {
	if w.err != nil {
		return w.err
	}
	if w.err = w.appendRow(row, style); w.err != nil {
		return w.err
	}
	if len(w.buf) >= flushAt {
		w.err = w.flush()
	}
	return w.err
}

func (w *Writer) flush() error {
	_, err := w.sheet.Write(w.buf)
	w.buf = w.buf[:0]
	return err
}

func (w *Writer) appendRow(row []Value, style int) error {
	limits := DefaultLimits()
	w.row++
	if w.row > limits.Rows {
		return &LimitError{"rows", int64(limits.Rows)}
	}
	if len(row) > limits.Columns {
		return &LimitError{"columns of row " + strconv.Itoa(w.row), int64(limits.Columns)}
	}
	w.width = max(w.width, len(row))
	var digits [20]byte
	number := strconv.AppendInt(digits[:0], int64(w.row), 10)
	b := append(append(append(w.buf, `<row r="`...), number...), `">`...)
	for i := range row {
		v := &row[i]
		if v.kind == Blank {
			continue
		}
		b = append(b, `<c r="`...)
		b = appendColumn(b, i+1)
		b = append(b, number...)
		var err error
		if b, err = w.appendCell(b, v, style); err != nil {
			return fmt.Errorf("write workbook: cell %s: %w", Address(w.row, i+1), err)
		}
	}
	w.buf = append(b, `</row>`...)
	return nil
}

// appendCell appends a cell behind its address.
func (w *Writer) appendCell(b []byte, v *Value, style int) ([]byte, error) {
	switch v.kind {
	case Number:
		b = append(b, `"><v>`...)
		if n := int64(v.number); float64(n) == v.number && v.number < maxExact && v.number > -maxExact {
			b = strconv.AppendInt(b, n, 10)
		} else {
			b = strconv.AppendFloat(b, v.number, 'g', -1, 64)
		}
		return append(b, `</v></c>`...), nil
	case Date:
		b = appendStyle(b, dateStyle(v.time))
		b = append(b, `><v>`...)
		b = strconv.AppendFloat(b, v.time.serial(), 'f', -1, 64)
		return append(b, `</v></c>`...), nil
	}
	text := v.text
	if w.neutralise {
		text = Neutralise(text)
	}
	if style == styleGeneral && len(text) <= maxShown {
		style = styleText
	}
	b = appendStyle(b, style)
	b = append(b, ` t="inlineStr"><is><t`...)
	if keepBlanks(text) {
		b = append(b, ` xml:space="preserve"`...)
	}
	b = append(b, '>')
	b, err := appendText(b, text)
	return append(b, `</t></is></c>`...), err
}

// Neutralise returns s with an apostrophe before it if a spreadsheet program
// could take it for a formula: if it begins with = + - @ TAB or CR.
func Neutralise(s string) string {
	if s != "" && strings.IndexByte("=+-@\t\r", s[0]) >= 0 {
		return "'" + s
	}
	return s
}

func appendStyle(b []byte, style int) []byte {
	b = append(b, '"')
	if style == styleGeneral {
		return b
	}
	b = append(b, ` s="`...)
	return append(strconv.AppendInt(b, int64(style), 10), '"')
}

func dateStyle(c Civil) int {
	switch {
	case !c.HasDate():
		return styleTime
	case c.hasClock():
		return styleDateTime
	}
	return styleDate
}

func keepBlanks(s string) bool {
	return s != "" && (s[0] <= ' ' || s[len(s)-1] <= ' ' || strings.IndexByte(s, '\n') >= 0)
}

// appendText appends s as the text of an XML element. Characters that XML
// does not allow are written as _xHHHH_, and texts that look so already are
// written so that they are read back as they were.
func appendText(b []byte, s string) ([]byte, error) {
	if len(s) > DefaultLimits().CellChars && utf16Len(s) > DefaultLimits().CellChars {
		return b, fmt.Errorf("the text has %d characters, a cell holds %d", utf16Len(s), DefaultLimits().CellChars)
	}
	if !utf8.ValidString(s) {
		return b, fmt.Errorf("the text %.40q is not valid UTF-8", s)
	}
	from := 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		if !textSpecial[c] {
			continue
		}
		esc := ""
		switch {
		case c == '&':
			esc = "&amp;"
		case c == '<':
			esc = "&lt;"
		case c == '>':
			esc = "&gt;"
		case c == '_':
			if _, ok := escapeAt([]byte(s[i:min(len(s), i+escapeLen)])); !ok {
				continue
			}
			esc = "_x005F_"
		case c == 0xef:
			if !strings.HasPrefix(s[i:], "\ufffe") && !strings.HasPrefix(s[i:], "\uffff") {
				continue
			}
			b = append(b, s[from:i]...)
			b = fmt.Appendf(b, "_x%04X_", 0xff00|int(s[i+2])|0x40)
			i += 2
			from = i + 1
			continue
		default:
			esc = fmt.Sprintf("_x%04X_", c)
		}
		b = append(b, s[from:i]...)
		b = append(b, esc...)
		from = i + 1
	}
	return append(b, s[from:]...), nil
}

var textSpecial = func() (special [256]bool) {
	for c := range 0x20 {
		special[c] = c != '\t' && c != '\n'
	}
	for _, c := range []byte{'&', '<', '>', '_', 0xef} {
		special[c] = true
	}
	return special
}()

// Close writes the end of the workbook. It does not close the underlying
// writer. After an error of WriteRow it writes nothing and returns that
// error, so that half a workbook never looks like a whole one.
func (w *Writer) Close() error {
	if w.err != nil {
		return w.err
	}
	w.err = errors.New("write workbook: closed already")
	w.tail()
	if err := w.flush(); err != nil {
		return err
	}
	return w.zip.Close()
}
