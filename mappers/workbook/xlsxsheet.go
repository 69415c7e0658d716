package workbook

import (
	"errors"
	"io"
	"math"
	"strconv"
	"strings"
)

// A sheet streams the rows of one worksheet part.
type sheet struct {
	*xmlPart
	limits   Limits
	shared   []string
	styles   []numberFormat
	formats  bool // cells say their number format
	date1904 bool

	row    int // number of the row being read, or of the last one
	col    int // column of the cell being read, or of the last one
	slots  int
	inData bool
	done   bool
	cells  []Cell
	raw    []byte
	text   []byte
	texts  arena
}

func openSheet(c *container, b *book, target string) (*sheet, error) {
	s := &sheet{limits: c.limits, date1904: b.date1904, texts: arena{block: 4 << 10}}
	var err error
	if b.styles != "" && c.has(b.styles) {
		if s.styles, err = readStyles(c, b.styles); err != nil {
			return nil, err
		}
	}
	if b.strings != "" && c.has(b.strings) {
		if s.shared, err = readSharedStrings(c, b.strings); err != nil {
			return nil, err
		}
	}
	if s.xmlPart, err = c.openXML(target); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *sheet) close() error { return s.part.Close() }

func (s *sheet) next() (int, []Cell, error) {
	for {
		cells, err := s.nextRow()
		if err != nil {
			if errors.Is(err, io.EOF) {
				return 0, nil, io.EOF
			}
			return 0, nil, s.fail(s.place(), err)
		}
		if len(cells) > 0 {
			return s.row, cells, nil
		}
	}
}

// place names the cell or row that is being read.
func (s *sheet) place() string {
	switch {
	case s.row == 0:
		return ""
	case s.col == 0:
		return "row " + strconv.Itoa(s.row)
	}
	return Address(s.row, s.col)
}

// nextRow reads up to the end of the next row. Behind the last one it reads
// on to the end of the part, so that a damaged file does not pass as whole.
func (s *sheet) nextRow() ([]Cell, error) {
	for {
		t, err := s.scanner.next()
		if err != nil {
			if errors.Is(err, io.EOF) && !s.done {
				return nil, errors.New("the part has no sheet data")
			}
			return nil, err
		}
		name := string(s.name)
		switch {
		case t == startTag && name == "sheetData" && len(s.marks) == 2:
			if s.done {
				return nil, errors.New("the part has sheet data twice")
			}
			s.inData = true
		case t == endTag && name == "sheetData" && len(s.marks) == 1:
			s.inData, s.done = false, true
			s.row, s.col = 0, 0
		case t == startTag && s.inData && name == "row":
			return s.readRow()
		case t == startTag && len(s.marks) > 2:
			if err := s.skip(); err != nil {
				return nil, err
			}
		}
	}
}

func (s *sheet) readRow() ([]Cell, error) {
	number := s.row + 1
	for i := range s.attrs {
		if string(s.attrs[i].name) == "r" {
			n, ok := parseUint(s.attrs[i].value)
			if !ok || n <= s.row {
				return nil, errors.New("the row after it has the number " + strconv.Quote(string(s.attrs[i].value)))
			}
			number = n
		}
	}
	if number > s.limits.Rows {
		return nil, &LimitError{"rows", int64(s.limits.Rows)}
	}
	s.row, s.col = number, 0
	s.cells = s.cells[:0]
	depth := len(s.marks)
	for {
		t, err := s.scanner.next()
		if err != nil {
			return nil, err
		}
		switch t {
		case startTag:
			if string(s.name) == "c" {
				err = s.readCell()
			} else {
				err = s.skip()
			}
			if err != nil {
				return nil, err
			}
		case endTag:
			if len(s.marks) < depth {
				s.col = 0
				return s.cells, nil
			}
		}
	}
}

// readCell reads one cell and, if it has content, puts it in its column.
func (s *sheet) readCell() error {
	style, kind, err := s.cellTag()
	if err != nil {
		return err
	}
	var cell Cell
	hasText, hasResult := false, false
	s.raw = s.raw[:0]
	depth := len(s.marks)
	for {
		t, err := s.scanner.next()
		if err != nil {
			return err
		}
		if t == endTag && len(s.marks) < depth {
			break
		}
		if t != startTag {
			continue
		}
		switch string(s.name) {
		case "v":
			if hasText {
				err = s.skip()
				break
			}
			hasResult = true
			s.raw, err = s.content(s.raw[:0])
		case "is":
			if kind != inlineText {
				err = s.skip()
				break
			}
			hasText = true
			s.raw, err = s.richText(s.raw[:0])
		case "f":
			cell.Formula = true
			err = s.skip()
		default:
			err = s.skip()
		}
		if err != nil {
			return err
		}
	}
	if err := s.value(&cell, kind, style); err != nil {
		return err
	}
	if cell.Kind == Blank {
		if !cell.Formula {
			return nil
		}
		// A formula may well give an empty text, and then says so.
		if !hasResult || kind != resultText {
			cell.Damaged = NoResult
		}
	}
	return s.put(cell)
}

// put places the cell in its column, filling the columns before it.
func (s *sheet) put(cell Cell) error {
	n := len(s.cells)
	if s.col <= n {
		if c := s.cells[s.col-1]; c.Kind != Blank || c.Formula {
			return errors.New("the cell is there twice")
		}
		s.cells[s.col-1] = cell
		return nil
	}
	s.slots += s.col - n
	if s.slots > s.limits.Cells {
		return &LimitError{"cells of the sheet", int64(s.limits.Cells)}
	}
	for n++; n < s.col; n++ {
		s.cells = append(s.cells, Cell{})
	}
	s.cells = append(s.cells, cell)
	return nil
}

// The values of a cell's attribute t.
type cellType uint8

const (
	plainNumber cellType = iota
	sharedText
	resultText
	inlineText
	boolean
	errorName
	isoDate
)

// cellTag reads the attributes of a cell and sets the column.
func (s *sheet) cellTag() (style int, kind cellType, err error) {
	col := s.col + 1
	for i := range s.attrs {
		a := &s.attrs[i]
		if len(a.name) != 1 {
			continue
		}
		switch a.name[0] {
		case 'r':
			c, row, ok := parseAddress(a.value)
			if !ok {
				return 0, 0, errors.New("a cell has the address " + strconv.Quote(string(a.value)))
			}
			if row != s.row {
				return 0, 0, errors.New("the row holds a cell with the address " + string(a.value))
			}
			col = c
		case 's':
			style, _ = parseUint(a.value)
		case 't':
			kind = cellTypeOf(a.value)
		}
	}
	s.col = col
	if col > s.limits.Columns {
		return 0, 0, &LimitError{"columns", int64(s.limits.Columns)}
	}
	return style, kind, nil
}

func cellTypeOf(t []byte) cellType {
	switch string(t) {
	case "s":
		return sharedText
	case "str":
		return resultText
	case "inlineStr":
		return inlineText
	case "b":
		return boolean
	case "e":
		return errorName
	case "d":
		return isoDate
	}
	return plainNumber
}

// value fills the cell from the raw content in s.raw.
func (s *sheet) value(cell *Cell, kind cellType, style int) error {
	if s.formats {
		cell.Format = codeOf(s.styles, style)
	}
	switch kind {
	case sharedText:
		return s.sharedValue(cell)
	case resultText, inlineText:
		return s.textValue(cell, unescape(s.raw))
	}
	raw := trimBlanks(s.raw)
	if len(raw) == 0 {
		return nil
	}
	switch kind {
	case boolean:
		boolValue(cell, raw[0] == '1' || raw[0] == 't')
		return nil
	case errorName:
		cell.Kind, cell.Damaged, cell.Text = Error, ErrorValue, s.texts.add(raw)
		return nil
	case isoDate:
		if c, ok := parseISO(string(raw)); ok {
			cell.Kind, cell.Time, cell.Number = Date, c, c.serial()
			cell.Text = c.String()
			return nil
		}
		return s.textValue(cell, raw)
	}
	return s.numberValue(cell, raw, style)
}

// codeOf is the code of a style's number format. What is beyond the end has the general one.
func codeOf(styles []numberFormat, style int) string {
	if style < len(styles) && styles[style].code != "" {
		return styles[style].code
	}
	return builtinCodes[0]
}

func boolValue(cell *Cell, v bool) {
	cell.Kind, cell.Text = Bool, "FALSE"
	if v {
		cell.Text, cell.Number = "TRUE", 1
	}
}

func (s *sheet) sharedValue(cell *Cell) error {
	raw := trimBlanks(s.raw)
	if len(raw) == 0 {
		return nil
	}
	i, ok := parseUint(raw)
	if !ok || i >= len(s.shared) {
		return errors.New("the cell points to shared string " + strconv.Quote(string(raw)) +
			" of " + strconv.Itoa(len(s.shared)))
	}
	if text := s.shared[i]; text != "" {
		cell.Kind, cell.Text = String, text
		cell.Damaged = textDamage(text)
	}
	return nil
}

func (s *sheet) textValue(cell *Cell, text []byte) error {
	if len(text) == 0 {
		return nil
	}
	if tooLong(text, s.limits.CellChars) {
		return &LimitError{"characters of cell " + Address(s.row, s.col), int64(s.limits.CellChars)}
	}
	cell.Kind, cell.Text = String, s.texts.add(text)
	cell.Damaged = textDamage(cell.Text)
	return nil
}

func (s *sheet) numberValue(cell *Cell, raw []byte, style int) error {
	var format numberFormat
	if style < len(s.styles) {
		format = s.styles[style]
	}
	// Most numbers are short and plain.
	if n, ok := parseUint(raw); ok && len(raw) <= 15 && (raw[0] != '0' || len(raw) == 1) && !format.special() {
		cell.Kind, cell.Number, cell.Text = Number, float64(n), s.texts.add(raw)
		return nil
	}
	v, ok := parseNumber(raw)
	if !ok {
		return s.textValue(cell, raw)
	}
	s.text = setNumber(cell, s.text[:0], v, format, s.date1904)
	cell.Text = s.texts.add(s.text)
	return nil
}

// setNumber fills all of a number's cell but its text, which it appends to
// dst.
func setNumber(cell *Cell, dst []byte, v float64, format numberFormat, date1904 bool) []byte {
	cell.Kind, cell.Number = Number, v
	if format.date {
		if c, ok := civilOfSerial(v, date1904); ok {
			cell.Kind, cell.Time = Date, c
			return c.append(dst)
		}
	}
	if v == math.Trunc(v) {
		if math.Abs(v) >= maxExact {
			cell.Damaged = LongNumber
		} else if v >= 0 && format.sections != nil {
			if shown, ok := format.appendCode(dst, int64(v)); ok {
				return shown
			}
		}
	}
	return appendNumber(dst, v)
}

func (f numberFormat) special() bool { return f.date || f.sections != nil }

// parseNumber reads a decimal with an optional exponent and nothing else.
func parseNumber(raw []byte) (float64, bool) {
	if len(raw) > 400 {
		return 0, false
	}
	for _, c := range raw {
		if !isDigit(c) && !strings.ContainsRune("+-.eE", rune(c)) {
			return 0, false
		}
	}
	v, err := strconv.ParseFloat(string(raw), 64)
	return v, err == nil
}

// parseUint reads a number of up to 18 digits.
func parseUint(b []byte) (int, bool) {
	if len(b) == 0 || len(b) > 18 {
		return 0, false
	}
	n := 0
	for _, c := range b {
		if !isDigit(c) {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	return n, true
}

// parseAddress reads an address such as B17.
func parseAddress(b []byte) (col, row int, ok bool) {
	i := 0
	for ; i < len(b) && i < 8; i++ {
		c := b[i] &^ 0x20
		if c < 'A' || c > 'Z' {
			break
		}
		col = col*26 + int(c-'A'+1)
	}
	row, ok = parseUint(b[i:])
	return col, row, ok && i > 0
}
