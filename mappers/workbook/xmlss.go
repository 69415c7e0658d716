package workbook

import (
	"bytes"
	"errors"
	"io"
	"strings"
)

// openXMLSS reads a sheet of the XML form of Excel 2003 (SpreadsheetML), which web
// systems offer under the name .xls. The document is read twice: first for the names
// of its sheets, its styles, and whether it is whole.
func openXMLSS(r io.ReaderAt, size int64, o Options) (*Reader, error) {
	text := func() (io.Reader, error) { return xmlssText(r, size, o) }
	in, err := text()
	if err != nil {
		return nil, err
	}
	b := &xmlssBook{xmlPart: &xmlPart{newScanner(in), &part{name: "document"}}, limits: o.Limits, styles: map[string]int{}, formats: []numberFormat{{}}}
	if err := b.read(); err != nil {
		return nil, err
	}
	want, err := pickSheet(b.names, func(i int) bool { return b.hidden[i] }, o.Sheet)
	if err != nil {
		return nil, err
	}
	if in, err = text(); err != nil {
		return nil, err
	}
	s := &xmlssSheet{styles: b.styles, skip: want}
	s.sheet = sheet{
		xmlPart: &xmlPart{newScanner(in), &part{name: b.names[want]}}, limits: o.Limits, styles: b.formats, texts: arena{block: 4 << 10},
	}
	s.formats = o.Formats
	return &Reader{kind: SpreadsheetXML, sheets: b.names, sheet: b.names[want], src: s}, nil
}

// xmlssText reads the document as UTF-8. One that declares another charset is
// decoded as that of the format, behind its declaration.
func xmlssText(r io.ReaderAt, size int64, o Options) (io.Reader, error) {
	head := make([]byte, min(size, 256))
	if _, err := r.ReadAt(head, 0); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	start := int64(0)
	if end := bytes.Index(head, []byte("?>")); end > 0 && o.Decode != nil {
		_, name, ok := strings.Cut(strings.ToLower(string(head[:end])), "encoding=")
		if ok && !strings.HasPrefix(strings.Trim(name, `"' `), "utf-") && !strings.HasPrefix(strings.Trim(name, `"' `), "us-ascii") {
			start = int64(end + 2)
		}
	}
	in := io.Reader(io.NewSectionReader(r, start, size-start))
	if start > 0 {
		in = o.Decode(in)
	}
	return in, nil
}

// An xmlssBook is what the first pass looks for.
type xmlssBook struct {
	*xmlPart
	limits  Limits
	names   []string
	hidden  []bool
	styles  map[string]int // ss:ID to the number of its format
	formats []numberFormat
}

// maxName is how many bytes the name of a sheet or style may have.
const maxName = 1 << 10

func (b *xmlssBook) read() error {
	style := ""
	for {
		t, err := b.next()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return b.fail("", err)
		case t != startTag:
			continue
		}
		switch {
		case string(b.name) == "Worksheet" && len(b.marks) == 2:
			if len(b.names) == b.limits.Entries {
				return &LimitError{"sheets of the workbook", int64(b.limits.Entries)}
			}
			title, err := b.label("Name")
			if err != nil {
				return err
			}
			b.names, b.hidden = append(b.names, title), append(b.hidden, false)
		case string(b.name) == "Visible" && len(b.names) > 0:
			text, err := b.content(nil)
			if err != nil {
				return b.fail("", err)
			}
			b.hidden[len(b.hidden)-1] = bytes.HasPrefix(text, []byte("SheetHidden")) || bytes.HasPrefix(text, []byte("SheetVeryHidden"))
		case string(b.name) == "Style" && len(b.names) == 0:
			if len(b.styles) == maxStyles {
				return &LimitError{"styles of the workbook", maxStyles}
			}
			var err error
			if style, err = b.label("ID"); err != nil {
				return err
			}
			parent, _ := b.attr("Parent")
			b.styles[style] = b.styles[parent]
		case string(b.name) == "NumberFormat" && len(b.names) == 0:
			if code, _ := b.attr("Format"); code != "" && len(b.formats) < maxStyles {
				b.styles[style] = len(b.formats)
				b.formats = append(b.formats, xmlssFormat(code))
			}
		}
	}
}

func (b *xmlssBook) label(attr string) (string, error) {
	name, _ := b.attr(attr)
	if len(name) > maxName {
		return "", &LimitError{"bytes of a name", maxName}
	}
	return name, nil
}

// xmlssFormat reads a number format, which may be one of the names that stand for
// a code.
func xmlssFormat(code string) numberFormat {
	switch code {
	case "General Date", "Long Date", "Medium Date", "Short Date", "Long Time", "Medium Time", "Short Time":
		return numberFormat{code: code, date: true}
	case "General Number", "Currency", "Euro Currency", "Fixed", "Standard", "Percent", "Scientific", "Yes/No", "True/False", "On/Off":
		return numberFormat{code: code}
	}
	return parseFormat(code)
}

// An xmlssSheet streams the rows of one worksheet.
type xmlssSheet struct {
	sheet
	styles map[string]int
	skip   int    // worksheets before the one that is read
	table  int    // depth of the table that is read, 0 outside of it
	style  string // of the row's cells that have none of their own
	column []xmlssColumn
	last   int // column that the last element was about
}

// An xmlssColumn is the style of cells that have none, nor one of their row.
type xmlssColumn struct {
	from, to int
	style    string
}

// readColumn reads one of the elements before the rows.
func (s *xmlssSheet) readColumn() {
	at, span := s.last+1, 0
	if text, ok := s.attr("Index"); ok {
		at, _ = parseUint([]byte(text))
	}
	if text, ok := s.attr("Span"); ok {
		span, _ = parseUint([]byte(text))
	}
	s.last = min(at+span, s.limits.Columns)
	if style, ok := s.attr("StyleID"); ok && at <= s.limits.Columns && len(s.column) < s.limits.Columns {
		s.column = append(s.column, xmlssColumn{at, s.last, style})
	}
}

// format is the number of a cell's number format.
func (s *xmlssSheet) format(style string) int {
	if style == "" {
		style = s.style
	}
	for i := range s.column {
		if c := &s.column[i]; style == "" && c.from <= s.col && s.col <= c.to {
			style = c.style
		}
	}
	if style == "" {
		style = "Default"
	}
	return s.styles[style]
}

func (s *xmlssSheet) close() error { return nil }

func (s *xmlssSheet) next() (int, []Cell, error) {
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

// nextRow reads up to the end of the next row of the wanted worksheet; what is
// behind that one was read in the first pass.
func (s *xmlssSheet) nextRow() ([]Cell, error) {
	for {
		t, err := s.scanner.next()
		if err != nil {
			return nil, err
		}
		switch {
		case t == endTag && s.table > 0 && len(s.marks) < s.table:
			return nil, io.EOF
		case t != startTag:
		case string(s.name) == "Worksheet" && len(s.marks) == 2:
			switch s.skip--; {
			case s.skip >= 0:
				if err := s.scanner.skip(); err != nil {
					return nil, err
				}
			case s.skip < -1:
				return nil, io.EOF // the wanted one has no table
			}
		case string(s.name) == "Table" && len(s.marks) == 3 && s.skip < 0:
			s.table = len(s.marks)
		case string(s.name) == "Row" && s.table > 0:
			return s.readRow()
		case len(s.marks) > 2:
			if string(s.name) == "Column" && s.table > 0 {
				s.readColumn()
			}
			if err := s.scanner.skip(); err != nil {
				return nil, err
			}
		}
	}
}

func (s *xmlssSheet) readRow() ([]Cell, error) {
	number := s.row + 1
	if text, ok := s.attr("Index"); ok {
		n, ok := parseUint([]byte(text))
		if !ok || n <= s.row {
			return nil, errors.New("the row after it has the index " + text)
		}
		number = n
	}
	s.style, _ = s.attr("StyleID")
	span := 0
	if text, ok := s.attr("Span"); ok {
		span, _ = parseUint([]byte(text))
	}
	if number > s.limits.Rows || span > s.limits.Rows {
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
		switch {
		case t == endTag && len(s.marks) < depth:
			s.col = 0
			if span > 0 && len(s.cells) == 0 {
				s.row += span // a run of rows without cells
			}
			return s.cells, nil
		case t != startTag:
		case string(s.name) == "Cell":
			err = s.readCell()
		default:
			err = s.scanner.skip()
		}
		if err != nil {
			return nil, err
		}
	}
}

func (s *xmlssSheet) readCell() error {
	s.col++
	if text, ok := s.attr("Index"); ok {
		n, ok := parseUint([]byte(text))
		if !ok || n < s.col {
			return errors.New("a cell has the index " + text)
		}
		s.col = n
	}
	across := 0
	if text, ok := s.attr("MergeAcross"); ok {
		across, _ = parseUint([]byte(text))
	}
	if s.col > s.limits.Columns || across > s.limits.Columns {
		return &LimitError{"columns", int64(s.limits.Columns)}
	}
	style, _ := s.attr("StyleID")
	formula, _ := s.attr("Formula")
	cell := Cell{Formula: formula != ""}
	depth, kind := len(s.marks), ""
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
		if string(s.name) != "Data" {
			err = s.scanner.skip() // comments have data of their own
		} else {
			kind, _ = s.attr("Type")
			err = s.data(&cell, kind, s.format(style))
		}
		if err != nil {
			return err
		}
	}
	if cell.Kind == Blank && cell.Formula && kind != "String" {
		cell.Damaged = NoResult
	}
	if cell.Kind != Blank || cell.Formula {
		if err := s.put(cell); err != nil {
			return err
		}
	}
	s.col += across
	return nil
}

// data fills the cell from the element whose start tag came last. Marks of rich
// text inside it are left out, their text is not.
func (s *xmlssSheet) data(cell *Cell, kind string, style int) error {
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
		if t == charData {
			if len(s.raw) > maxToken {
				return errToken
			}
			s.raw = append(s.raw, s.scanner.text...)
		}
	}
	raw := trimBlanks(s.raw)
	if s.sheet.formats {
		cell.Format = codeOf(s.sheet.styles, style)
	}
	switch {
	case kind == "Number" && len(raw) > 0:
		return s.numberValue(cell, raw, style)
	case kind == "Boolean" && len(raw) > 0:
		boolValue(cell, raw[0] == '1')
		return nil
	case kind == "Error" && len(raw) > 0:
		cell.Kind, cell.Damaged, cell.Text = Error, ErrorValue, s.texts.add(raw)
		return nil
	case kind == "DateTime":
		if c, ok := parseISO(string(raw)); ok {
			if c.Year <= 1899 {
				c.Year, c.Month, c.Day = 0, 0, 0 // a time of day stands on the day before the first
			}
			cell.Kind, cell.Time, cell.Number, cell.Text = Date, c, c.serial(), c.String()
			return nil
		}
	}
	return s.textValue(cell, bytes.ReplaceAll(s.raw, []byte("\r\n"), []byte("\n")))
}
