package workbook

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Record numbers of BIFF8 ([MS-XLS] 2.3).
const (
	recFormula    = 0x0006
	recEOF        = 0x000a
	recDateMode   = 0x0022
	recFilePass   = 0x002f
	recContinue   = 0x003c
	recBoundSheet = 0x0085
	recMulRK      = 0x00bd
	recRString    = 0x00d6
	recXF         = 0x00e0
	recSST        = 0x00fc
	recLabelSST   = 0x00fd
	recNumber     = 0x0203
	recLabel      = 0x0204
	recBoolErr    = 0x0205
	recString     = 0x0207
	recRK         = 0x027e
	recFormat     = 0x041e
	recBOF        = 0x0809

	biff8       = 0x0600
	bofGlobals  = 0x0005
	bofSheet    = 0x0010
	maxXLSCol   = 256
	xlsPart     = "Workbook"
	lastlySaved = "open it in a spreadsheet program and save it as .xlsx"
)

// openXLS opens a BIFF8 workbook. Its stream is held in memory.
func openXLS(r io.ReaderAt, size int64, o Options) (*Reader, error) {
	stream, err := bookStream(r, size, o.Limits)
	if err != nil {
		return nil, err
	}
	b := &biff{stream: stream, limits: o.Limits}
	if err := b.globals(); err != nil {
		return nil, failIn(xlsPart, "", err)
	}
	names := make([]string, len(b.sheets))
	for i, s := range b.sheets {
		names[i] = s.name
	}
	i, err := pickSheet(names, func(i int) bool { return b.sheets[i].hidden }, o.Sheet)
	if err != nil {
		return nil, err
	}
	if err := b.index(b.sheets[i].at); err != nil {
		return nil, failIn(xlsPart, "", err)
	}
	b.shows = o.Formats
	return &Reader{kind: XLS, sheets: names, sheet: names[i], src: b}, nil
}

// bookStream reads the workbook's stream out of the compound file.
func bookStream(r io.ReaderAt, size int64, limits Limits) (stream []byte, err error) {
	defer func() {
		if p := recover(); p != nil { // of the library, which is given bytes from outside
			err = &CorruptError{Msg: fmt.Sprint("compound file: ", p)}
		}
	}()
	if size > limits.MemoryBytes {
		return nil, &LimitError{"size of the .xls in bytes", limits.MemoryBytes}
	}
	doc, err := openCompound(r)
	if err != nil {
		return nil, &CorruptError{Msg: "the compound file cannot be read, so it is cut off or damaged", Err: err}
	}
	old := false
	for _, f := range doc.File {
		if len(f.Path) > 0 {
			continue
		}
		switch strings.ToLower(f.Name) {
		case "book":
			old = true
		case "workbook":
			if f.Size > size {
				return nil, &CorruptError{Part: xlsPart, Msg: "the stream is longer than the file"}
			}
			// Large reads take the library time that grows by their square.
			stream, err := io.ReadAll(bufio.NewReaderSize(f, 32<<10))
			if err != nil {
				return nil, &CorruptError{Part: xlsPart, Msg: "the stream is cut off or damaged", Err: err}
			}
			return stream, nil
		}
	}
	if old {
		return nil, &KindError{Kind: XLS, Hint: "it is of Excel 5 or 95: " + lastlySaved}
	}
	return nil, &CorruptError{Msg: "the compound file has no Workbook stream"}
}

// biff reads the rows of one sheet of a BIFF8 stream.
type biff struct {
	stream   []byte
	limits   Limits
	date1904 bool
	sheets   []biffSheet
	formats  map[int]numberFormat
	styles   []numberFormat
	shows    bool // cells say their number format
	shared   []string

	cells []biffCell // in order of row and column
	row   []Cell
	text  []byte
	texts arena
}

type biffSheet struct {
	name   string
	at     int
	hidden bool
}

// A biffCell says where a cell's record is.
type biffCell struct {
	row, col uint16
	sub      uint16 // position in a record of several cells
	at       uint32 // of the record
}

func (b *biff) close() error { return nil }

var errCutOff = errors.New("a record is cut off")

// record returns the record at an offset and the offset behind it.
func (b *biff) record(at int) (id int, data []byte, next int, err error) {
	if at < 0 || at+4 > len(b.stream) {
		return 0, nil, 0, errors.New("the stream ends without an end record")
	}
	id, size := u16(b.stream[at:]), u16(b.stream[at+2:])
	if next = at + 4 + size; next > len(b.stream) {
		return 0, nil, 0, errCutOff
	}
	return id, b.stream[at+4 : next], next, nil
}

// continued returns the record at an offset with those that continue it.
func (b *biff) continued(at int) (parts [][]byte, next int, err error) {
	_, data, next, err := b.record(at)
	if err != nil {
		return nil, 0, err
	}
	parts = [][]byte{data}
	for {
		id, data, after, err := b.record(next)
		if err != nil || id != recContinue {
			return parts, next, nil
		}
		parts = append(parts, data)
		next = after
	}
}

func u16(b []byte) int { return int(b[0]) | int(b[1])<<8 }

func u32(b []byte) uint32 {
	return uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16 | uint32(b[3])<<24
}

// globals reads the records that hold for the whole workbook.
func (b *biff) globals() error {
	id, data, at, err := b.record(0)
	if err != nil {
		return err
	}
	if id != recBOF || len(data) < 4 || u16(data[2:]) != bofGlobals {
		return errors.New("the stream does not begin like a workbook")
	}
	if u16(data) != biff8 {
		return &KindError{XLS, "it is of Excel 5 or 95: " + lastlySaved}
	}
	b.formats = map[int]numberFormat{}
	b.texts.block = 64 << 10
	for id != recEOF {
		this := at
		if id, data, at, err = b.record(at); err != nil {
			return err
		}
		if err := b.global(id, data, this); err != nil {
			return err
		}
	}
	if len(b.sheets) == 0 {
		return &SheetError{}
	}
	return nil
}

func (b *biff) global(id int, data []byte, at int) error {
	short := func(n int) bool { return len(data) < n }
	switch id {
	case recFilePass:
		return &KindError{XLS, "it is an .xls with a password: save it without one, or as .xlsx"}
	case recDateMode:
		b.date1904 = !short(2) && u16(data) == 1
	case recBoundSheet:
		return b.boundSheet(data)
	case recFormat:
		if short(2) {
			return errCutOff
		}
		code, err := (&pieces{cur: data[2:]}).text(false)
		if err != nil {
			return err
		}
		b.formats[u16(data)] = parseFormat(code)
	case recXF:
		if short(4) {
			return errCutOff
		}
		f, ok := b.formats[u16(data[2:])]
		if !ok {
			f = builtinFormat(u16(data[2:]))
		}
		b.styles = append(b.styles, f)
	case recSST:
		return b.sharedStrings(at)
	}
	return nil
}

func (b *biff) boundSheet(data []byte) error {
	if len(data) < 8 {
		return errCutOff
	}
	if data[5] != 0 {
		return nil // a chart or a macro sheet
	}
	p := &pieces{cur: data[7:]}
	name, err := p.chars(int(data[6]))
	if err != nil {
		return err
	}
	b.sheets = append(b.sheets, biffSheet{string(name), int(u32(data)), data[4]&3 != 0})
	return nil
}

func (b *biff) sharedStrings(at int) error {
	parts, _, err := b.continued(at)
	if err != nil {
		return err
	}
	if len(parts[0]) < 8 {
		return errCutOff
	}
	unique := int(u32(parts[0][4:]))
	if unique > b.limits.SharedStrings {
		return &LimitError{"shared strings", int64(b.limits.SharedStrings)}
	}
	p := &pieces{cur: parts[0][8:], rest: parts[1:]}
	for n := range unique {
		text, err := p.text(true)
		if err != nil {
			return fmt.Errorf("shared string %d of %d: %w", n+1, unique, err)
		}
		if len(text) > b.limits.CellChars && utf16Len(text) > b.limits.CellChars {
			return &LimitError{fmt.Sprintf("characters of shared string %d", n+1), int64(b.limits.CellChars)}
		}
		b.shared = append(b.shared, text)
	}
	return nil
}

// index notes where the cells of the sheet at an offset are. Programs may
// write them in any order, so they are sorted.
func (b *biff) index(at int) error {
	id, data, at, err := b.record(at)
	if err != nil {
		return err
	}
	if id != recBOF || len(data) < 4 || u16(data[2:]) != bofSheet {
		return errors.New("the sheet does not begin where the workbook says")
	}
	for depth := 1; depth > 0; {
		this := at
		if id, data, at, err = b.record(at); err != nil {
			return err
		}
		switch {
		case id == recBOF:
			depth++
		case id == recEOF:
			depth--
		case depth == 1:
			if err := b.note(id, data, this); err != nil {
				return err
			}
		}
	}
	byPlace := func(x, y biffCell) int {
		if x.row != y.row {
			return int(x.row) - int(y.row)
		}
		return int(x.col) - int(y.col)
	}
	if !slices.IsSortedFunc(b.cells, byPlace) {
		slices.SortStableFunc(b.cells, byPlace)
	}
	b.texts.block = 4 << 10
	return nil
}

// note adds the cells of one record to the index.
func (b *biff) note(id int, data []byte, at int) error {
	count := 1
	switch id {
	case recMulRK:
		count = (len(data) - 6) / 6
	case recFormula, recLabelSST, recLabel, recRString, recNumber, recRK, recBoolErr:
	default:
		return nil
	}
	if len(data) < smallest[id] {
		return errCutOff
	}
	row, col := u16(data), u16(data[2:])
	switch {
	case row >= b.limits.Rows:
		return &LimitError{"rows", int64(b.limits.Rows)}
	case col+count > maxXLSCol:
		return fmt.Errorf("row %d has a cell in column %d", row+1, col+count)
	case col+count > b.limits.Columns:
		return &LimitError{"columns", int64(b.limits.Columns)}
	case len(b.cells)+count > b.limits.Cells:
		return &LimitError{"cells of the sheet", int64(b.limits.Cells)}
	}
	for i := range count {
		b.cells = append(b.cells, biffCell{uint16(row), uint16(col + i), uint16(i), uint32(at)})
	}
	return nil
}

// smallest is the least size of each cell record.
var smallest = map[int]int{
	recFormula: 20, recLabelSST: 10, recLabel: 9, recRString: 9, recNumber: 14, recRK: 10, recMulRK: 12, recBoolErr: 8,
}

func (b *biff) next() (int, []Cell, error) {
	for len(b.cells) > 0 {
		row := b.cells[0].row
		b.row = b.row[:0]
		for len(b.cells) > 0 && b.cells[0].row == row {
			c := b.cells[0]
			b.cells = b.cells[1:]
			cell, err := b.cell(c)
			if err == nil && len(b.row) > int(c.col) {
				err = errors.New("the cell is there twice")
			}
			if err != nil {
				return 0, nil, failIn(xlsPart, Address(int(row)+1, int(c.col)+1), err)
			}
			if cell.Kind == Blank && !cell.Formula {
				continue
			}
			for len(b.row) < int(c.col) {
				b.row = append(b.row, Cell{})
			}
			b.row = append(b.row, cell)
		}
		if len(b.row) > 0 {
			return int(row) + 1, b.row, nil
		}
	}
	return 0, nil, io.EOF
}
