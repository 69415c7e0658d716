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
	b := &xmlssBook{xmlPart: &xmlPart{newScanner(in), &part{name: "document"}}, styles: map[string]int{"": 0}, formats: []numberFormat{{}}}
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
	return &Reader{kind: SpreadsheetXML, sheets: b.names, src: s}, nil
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
	names   []string
	hidden  []bool
	styles  map[string]int // ss:ID to the number of its format
	formats []numberFormat
}

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
		switch name := string(b.name); {
		case name == "Worksheet" && len(b.marks) == 2:
			title, _ := b.attr("Name")
			b.names, b.hidden = append(b.names, title), append(b.hidden, false)
		case name == "Visible" && len(b.names) > 0:
			text, err := b.content(nil)
			if err != nil {
				return b.fail("", err)
			}
			b.hidden[len(b.hidden)-1] = bytes.HasPrefix(text, []byte("SheetHidden")) || bytes.HasPrefix(text, []byte("SheetVeryHidden"))
		case name == "Style" && len(b.names) == 0:
			style, _ = b.attr("ID")
		case name == "NumberFormat" && len(b.names) == 0:
			if code, _ := b.attr("Format"); code != "" && len(b.formats) < maxAttrs*maxDepth {
				b.styles[style] = len(b.formats)
				b.formats = append(b.formats, parseFormat(code))
			}
		}
	}
}

// An xmlssSheet streams the rows of one worksheet.
type xmlssSheet struct {
	sheet
	styles map[string]int
	skip   int    // worksheets before the one that is read
	table  int    // depth of the table that is read, 0 outside of it
	style  string // of the row's cells that have none of their own
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
		name := string(s.name)
		switch {
		case t == endTag && s.table > 0 && len(s.marks) < s.table:
			return nil, io.EOF
		case t != startTag:
		case name == "Worksheet" && len(s.marks) == 2:
			switch s.skip--; {
			case s.skip >= 0:
				if err := s.scanner.skip(); err != nil {
					return nil, err
				}
			case s.skip < -1:
				return nil, io.EOF // the wanted one has no table
			}
		case name == "Table" && len(s.marks) == 3 && s.skip < 0:
			s.table = len(s.marks)
		case name == "Row" && s.table > 0:
			return s.readRow()
		case len(s.marks) > 2:
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
	id, ok := s.attr("StyleID")
	if !ok {
		id = s.style
	}
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
			err = s.data(&cell, kind, s.styles[id])
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
