package workbook

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// Record numbers of BIFF8 that only writing needs ([MS-XLS] 2.3).
const (
	recCodePage   = 0x0042
	recFont       = 0x0031
	recWindow1    = 0x003d
	recColInfo    = 0x007d
	recDimensions = 0x0200
	recWindow2    = 0x023e
	recStyle      = 0x0293

	maxXLSRow   = 1 << 16
	maxRecord   = 8224 // bytes of a record's data
	sectorSize  = 512
	leastStream = 4096 // a shorter stream would have to lie in sectors of another size
	headerFATs  = 109  // tables of sectors that the header has room for
	xfGeneral   = 15
	xfText      = 16
	formatText  = 49 // @
)

// An XLSWriter writes one sheet as .xls (BIFF8), for programs that take nothing
// newer. Its rows are held in memory until it is closed; a sheet has 65,536 rows and
// 256 columns at most. Every text is a text, whatever it looks like, and its cells
// are formatted so. The same rows give the same bytes. It is not safe for use by
// several goroutines.
type XLSWriter struct {
	w          io.Writer
	name       string
	widths     []Column
	rows       int
	width      int
	total      uint32
	shared     map[string]uint32
	texts      []string
	cells      []byte
	data       []byte
	neutralise bool
	err        error
}

// NewXLSWriter begins a workbook on w. Of the options it takes the sheet's name, the
// columns' titles and widths, the notes and Neutralise.
func NewXLSWriter(w io.Writer, o WriteOptions) (*XLSWriter, error) {
	if o.Sheet == "" {
		o.Sheet = "Sheet1"
	}
	if err := checkSheetName(o.Sheet); err != nil {
		return nil, err
	}
	x := &XLSWriter{w: w, name: o.Sheet, widths: o.Columns, shared: map[string]uint32{}, neutralise: o.Neutralise}
	for _, note := range o.Notes {
		if err := x.WriteRow([]Value{Str(note)}); err != nil {
			return nil, err
		}
	}
	if len(o.Columns) > 0 {
		titles := make([]Value, len(o.Columns))
		for i, c := range o.Columns {
			titles[i] = Str(c.Title)
		}
		if err := x.WriteRow(titles); err != nil {
			return nil, err
		}
	}
	return x, nil
}

// WriteRow writes the next row; zero values are blank cells. It fails, with the
// cell's address, for a text that is not valid UTF-8 or longer than a cell can be, and
// for rows and columns beyond what a sheet can hold. An error is final.
func (x *XLSWriter) WriteRow(row []Value) error {
	if x.err != nil {
		return x.err
	}
	switch {
	case x.rows >= maxXLSRow:
		x.err = &LimitError{"rows of an .xls", maxXLSRow}
	case len(row) > maxXLSCol:
		x.err = &LimitError{"columns of row " + strconv.Itoa(x.rows+1), maxXLSCol}
	}
	for i := range row {
		if x.err != nil {
			return x.err
		}
		if err := x.cell(i, &row[i]); err != nil {
			x.err = fmt.Errorf("write workbook: cell %s: %w", Address(x.rows+1, i+1), err)
		}
	}
	x.rows++
	x.width = max(x.width, len(row))
	return x.err
}

func (x *XLSWriter) cell(column int, v *Value) error {
	place := func(xf int) {
		x.data = append16(x.data[:0], x.rows, column, xf)
	}
	switch v.kind {
	case Blank:
		return nil
	case Number:
		place(xfGeneral)
		x.data = binary.LittleEndian.AppendUint64(x.data, math.Float64bits(v.number))
		x.cells = appendRecord(x.cells, recNumber, x.data)
		return nil
	case Date:
		return errors.New("dates are written as texts in an .xls")
	}
	text := v.text
	if x.neutralise {
		text = Neutralise(text)
	}
	if !utf8.ValidString(text) {
		return fmt.Errorf("the text %.40q is not valid UTF-8", text)
	}
	if n := utf16Len(text); n > DefaultLimits().CellChars {
		return fmt.Errorf("the text has %d characters, a cell holds %d", n, DefaultLimits().CellChars)
	}
	at, ok := x.shared[text]
	if !ok {
		at = uint32(len(x.texts))
		x.shared[text] = at
		x.texts = append(x.texts, text)
	}
	x.total++
	place(xfText)
	x.data = binary.LittleEndian.AppendUint32(x.data, at)
	x.cells = appendRecord(x.cells, recLabelSST, x.data)
	return nil
}

func append16(b []byte, values ...int) []byte {
	for _, v := range values {
		b = binary.LittleEndian.AppendUint16(b, uint16(v))
	}
	return b
}

func appendRecord(b []byte, id int, data []byte) []byte {
	return append(append16(b, id, len(data)), data...)
}

// Close writes the workbook. It does not close the underlying writer. After an error
// of WriteRow it writes nothing and returns that error.
func (x *XLSWriter) Close() error {
	if x.err != nil {
		return x.err
	}
	x.err = errors.New("write workbook: closed already")
	head := x.globals()
	sheet := append32(nil, 0, uint32(x.rows))
	sheet = append16(sheet, 0, x.width, 0)
	var body []byte
	body = append(body, bof(bofSheet)...)
	for i, c := range x.widths {
		width := c.Width
		if width == 0 {
			width = float64(min(max(utf16Len(c.Title)*2, 10), 40))
		}
		body = appendRecord(body, recColInfo, append16(nil, i, i, int(width*256), xfText, 0, 0))
	}
	body = appendRecord(body, recDimensions, sheet)
	body = append(body, x.cells...)
	body = appendRecord(body, recWindow2, append32(append16(nil, 0x06b6, 0, 0, 0x40, 0, 0, 0), 0))
	body = appendRecord(body, recEOF, nil)
	return writeCompound(x.w, append(head, body...))
}

func append32(b []byte, values ...uint32) []byte {
	for _, v := range values {
		b = binary.LittleEndian.AppendUint32(b, v)
	}
	return b
}

func bof(kind int) []byte {
	return appendRecord(nil, recBOF, append32(append16(nil, biff8, kind, 0x0dbb, 0x07cc), 0, 6))
}

// globals are the records of the whole workbook; the sheet follows them at once.
func (x *XLSWriter) globals() []byte {
	b := bof(bofGlobals)
	b = appendRecord(b, recCodePage, append16(nil, 1200))
	b = appendRecord(b, recWindow1, append16(nil, 0, 0, 0x4000, 0x2000, 0x38, 0, 0, 1, 600))
	for range 4 {
		font := append16(nil, 200, 0, 0x7fff, 400, 0) // 10 points
		font = append(font, 0, 0, 0, 0, 5, 0)
		b = appendRecord(b, recFont, append(font, "Arial"...))
	}
	for i := range xfText + 1 {
		format, style := 0, 0xfff5 // a style of its own
		if i >= xfGeneral {
			style = 1
		}
		if i == xfText {
			format = formatText
		}
		xf := append(append16(nil, 0, format, style), 0x20, 0, 0, 0xf8)
		b = appendRecord(b, recXF, append(append32(xf, 0, 0), 0xc0, 0x20))
	}
	b = appendRecord(b, recStyle, append(append16(nil, 0x8000), 0, 0xff))
	name := utf16.Encode([]rune(x.name))
	strings := x.sharedStrings()
	end := appendRecord(nil, recEOF, nil)
	sheet := append(append16(nil, 0), byte(len(name)), 1)
	for _, u := range name {
		sheet = append16(sheet, int(u))
	}
	at := len(b) + 4 + 4 + len(sheet) + len(strings) + len(end)
	b = appendRecord(b, recBoundSheet, append(append32(nil, uint32(at)), sheet...))
	return append(append(b, strings...), end...)
}

// sharedStrings is the table of texts. It goes on in further records where one is
// full; a text that is cut says anew at the start of the next how it is written.
func (x *XLSWriter) sharedStrings() []byte {
	var out []byte
	id := recSST
	data := append32(nil, x.total, uint32(len(x.texts)))
	next := func() {
		out = appendRecord(out, id, data)
		id, data = recContinue, data[:0]
	}
	for _, text := range x.texts {
		units := utf16.Encode([]rune(text))
		if len(data)+5 > maxRecord { // the head of a text and its first unit stay together
			next()
		}
		data = append(append16(data, len(units)), 1)
		for _, u := range units {
			size := 2
			if u >= 0xd800 && u < 0xdc00 { // both halves of a character in one record: Gnumeric wants it so
				size = 4
			}
			if len(data)+size > maxRecord {
				next()
				data = append(data, 1)
			}
			data = append16(data, int(u))
		}
	}
	next()
	return out
}

// writeCompound writes a compound file ([MS-CFB]) with one stream, Workbook: the
// stream's sectors, one of the directory, and the tables that chain them.
func writeCompound(w io.Writer, stream []byte) error {
	size := max(len(stream), leastStream)
	data := (size + sectorSize - 1) / sectorSize
	tables := 0
	for need := 1; tables < need; {
		tables = need
		need = (data + 1 + tables + sectorSize/4 - 1) / (sectorSize / 4)
	}
	if tables > headerFATs {
		return &LimitError{"bytes of an .xls", headerFATs * (sectorSize / 4) * sectorSize}
	}
	const free, chainEnd, table = 0xffffffff, 0xfffffffe, 0xfffffffd
	b := append([]byte{0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1}, make([]byte, 16)...)
	b = append16(b, 0x3e, 3, 0xfffe, 9, 6)
	b = append(b, make([]byte, 6)...)
	b = append32(b, 0, uint32(tables), uint32(data), 0, leastStream, chainEnd, 0, chainEnd, 0)
	for i := range headerFATs {
		if i < tables {
			b = append32(b, uint32(data+1+i))
		} else {
			b = append32(b, free)
		}
	}
	b = append(b, stream...)
	b = append(b, make([]byte, data*sectorSize-len(stream))...)
	b = append(b, entry("Root Entry", 5, 1, chainEnd, 0)...)
	b = append(b, entry(xlsPart, 2, free, 0, uint32(size))...)
	for range 2 {
		b = append(b, entry("", 0, free, 0, 0)...)
	}
	for i := range tables * sectorSize / 4 {
		switch {
		case i < data-1:
			b = append32(b, uint32(i+1))
		case i <= data:
			b = append32(b, chainEnd)
		case i <= data+tables:
			b = append32(b, table)
		default:
			b = append32(b, free)
		}
	}
	_, err := w.Write(b)
	return err
}

// entry is a 128-byte entry of the directory. It has no times.
func entry(name string, kind byte, child, start, size uint32) []byte {
	const none = 0xffffffff
	b := make([]byte, 64, 128)
	for i, u := range utf16.Encode([]rune(name)) {
		binary.LittleEndian.PutUint16(b[2*i:], u)
	}
	length := 0
	if name != "" {
		length = 2 * (len(name) + 1)
	}
	b = append(append16(b, length), kind, 1)
	b = append32(b, none, none, child)
	b = append(b, make([]byte, 36)...)
	return append32(b, start, size, 0)
}
