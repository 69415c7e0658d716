package workbook

import (
	"bytes"
	"errors"
	"io"
	"strconv"
	"unicode/utf8"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
	"golang.org/x/text/encoding/unicode"
)

// openHTML reads the table with the most rows out of an HTML document, the
// first of those with equally many. All cells are text: what the page shows,
// blanks run together, <br> as a line feed. The document is held in memory.
func openHTML(r io.ReaderAt, size int64, o Options) (*Reader, error) {
	text, err := htmlText(r, size, o)
	if err != nil {
		return nil, err
	}
	p := &htmlParser{limits: o.Limits}
	if err := p.parse(text); err != nil {
		return nil, err
	}
	var best *htmlTable
	for _, t := range p.tables {
		if best == nil || len(t.rows) > len(best.rows) {
			best = t
		}
	}
	if best == nil {
		return nil, &KindError{HTML, "it holds no table; it may be a login page or a message saved in place of the sheet: fetch the file again"}
	}
	return &Reader{kind: HTML, src: best}, nil
}

// htmlText reads the document as UTF-8. One that says it is UTF-8, and is, is taken
// at its word whatever the charset of the format: the same system offers both.
func htmlText(r io.ReaderAt, size int64, o Options) ([]byte, error) {
	if o.Decode != nil {
		head := make([]byte, min(size, 1024))
		if _, err := r.ReadAt(head, 0); err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		plain := o
		plain.Decode = nil
		if saysUTF8(head) {
			if text, err := htmlText(r, size, plain); err == nil {
				return text, nil
			}
		}
	}
	var in io.Reader = io.NewSectionReader(r, 0, size)
	if o.Decode != nil {
		in = o.Decode(in)
	}
	text, err := io.ReadAll(io.LimitReader(in, o.Limits.MemoryBytes+1))
	if err != nil {
		return nil, err
	}
	if int64(len(text)) > o.Limits.MemoryBytes {
		return nil, &LimitError{"size of the HTML document in bytes", o.Limits.MemoryBytes}
	}
	if bytes.HasPrefix(text, []byte("\xff\xfe")) || bytes.HasPrefix(text, []byte("\xfe\xff")) {
		if text, err = unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewDecoder().Bytes(text); err != nil {
			return nil, err
		}
	}
	if !utf8.Valid(text) {
		return nil, &CorruptError{Msg: "the HTML document is not in UTF-8: state its charset in the format"}
	}
	return bytes.TrimPrefix(text, []byte("\xef\xbb\xbf")), nil
}

// saysUTF8 reports whether a document begins with a byte order mark or names the
// charset in its head.
func saysUTF8(head []byte) bool {
	if bytes.HasPrefix(head, []byte("\xef\xbb\xbf")) {
		return true
	}
	head = bytes.ToLower(head)
	for _, s := range []string{"charset=utf-8", `charset="utf-8`, "charset='utf-8"} {
		if bytes.Contains(head, []byte(s)) {
			return true
		}
	}
	return false
}

// An htmlTable holds the rows of one table.
type htmlTable struct {
	rows   [][]htmlCell
	spans  map[int]int // column to the rows below that a cell above still covers
	open   bool        // a row is open
	col    int         // next free column of the open row
	filled int         // columns of the open row up to its last cell with text
	cell   *htmlCell   // the open cell, with its text in buf
	buf    cellText

	given int
	cells []Cell
}

type htmlCell struct {
	col  int
	text string
}

func (t *htmlTable) close() error { return nil }

func (t *htmlTable) next() (int, []Cell, error) {
	for t.given < len(t.rows) {
		row := t.rows[t.given]
		t.given++
		if len(row) == 0 {
			continue
		}
		t.cells = t.cells[:0]
		for _, c := range row {
			for len(t.cells) < c.col {
				t.cells = append(t.cells, Cell{})
			}
			t.cells = append(t.cells, textCell(c.text))
		}
		return t.given, t.cells, nil
	}
	return 0, nil, io.EOF
}

// An htmlParser collects the tables of a document. Tables inside cells are
// tables of their own and no part of the cell around them.
type htmlParser struct {
	limits Limits
	tables []*htmlTable
	stack  []*htmlTable
	slots  int       // cells, blank ones and those covered by others counted
	hidden atom.Atom // the element whose text is not shown, or 0
}

const maxTables = 10_000

func (p *htmlParser) parse(text []byte) error {
	z := html.NewTokenizer(bytes.NewReader(text))
	z.SetMaxBuf(maxToken)
	for {
		switch z.Next() {
		case html.ErrorToken:
			if errors.Is(z.Err(), html.ErrBufferExceeded) {
				return &LimitError{"bytes of one HTML tag or text", maxToken}
			}
			return p.finish(z.Err())
		case html.TextToken:
			if t := p.top(); t != nil && t.cell != nil && p.hidden == 0 {
				t.buf.add(z.Text())
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			name, hasAttr := z.TagName()
			if err := p.start(atom.Lookup(name), z, hasAttr); err != nil {
				return err
			}
		case html.EndTagToken:
			name, _ := z.TagName()
			if err := p.end(atom.Lookup(name)); err != nil {
				return err
			}
		}
	}
}

func (p *htmlParser) finish(cause error) error {
	if !errors.Is(cause, io.EOF) {
		return cause
	}
	if len(p.stack) > 0 {
		return &CorruptError{Msg: "the HTML document ends inside a table, so it is cut off"}
	}
	return nil
}

func (p *htmlParser) top() *htmlTable {
	if len(p.stack) == 0 {
		return nil
	}
	return p.stack[len(p.stack)-1]
}

func (p *htmlParser) start(tag atom.Atom, z *html.Tokenizer, hasAttr bool) error {
	if tag == atom.Table {
		if len(p.tables) == maxTables {
			return &LimitError{"tables of the HTML document", maxTables}
		}
		if len(p.stack) == maxDepth {
			return errDepth
		}
		t := &htmlTable{spans: map[int]int{}}
		p.tables = append(p.tables, t)
		p.stack = append(p.stack, t)
		return nil
	}
	t := p.top()
	if t == nil {
		return nil
	}
	switch tag {
	case atom.Tr:
		if err := p.endRow(t); err != nil {
			return err
		}
		return p.startRow(t)
	case atom.Td, atom.Th:
		return p.startCell(t, z, hasAttr)
	case atom.Br:
		t.buf.line(true)
	case atom.P, atom.Div, atom.Li:
		t.buf.line(false)
	case atom.Script, atom.Style, atom.Title:
		p.hidden = tag
	}
	return nil
}

func (p *htmlParser) end(tag atom.Atom) error {
	if tag == p.hidden {
		p.hidden = 0
	}
	t := p.top()
	if t == nil {
		return nil
	}
	switch tag {
	case atom.Table:
		if err := p.endRow(t); err != nil {
			return err
		}
		p.stack = p.stack[:len(p.stack)-1]
	case atom.Tr:
		return p.endRow(t)
	case atom.Td, atom.Th:
		return p.endCell(t)
	case atom.P, atom.Div, atom.Li:
		t.buf.line(false)
	}
	return nil
}

func (p *htmlParser) startRow(t *htmlTable) error {
	if len(t.rows) == p.limits.Rows {
		return &LimitError{"rows", int64(p.limits.Rows)}
	}
	t.rows = append(t.rows, nil)
	t.open, t.col, t.filled = true, 0, 0
	if p.slots += len(t.spans); p.slots > p.limits.Cells {
		return &LimitError{"cells of the HTML document", int64(p.limits.Cells)}
	}
	t.passSpans()
	return nil
}

// passSpans moves behind the columns that cells of rows above cover.
func (t *htmlTable) passSpans() {
	for t.spans[t.col] > 0 {
		if t.spans[t.col]--; t.spans[t.col] == 0 {
			delete(t.spans, t.col)
		}
		t.col++
	}
}

func (p *htmlParser) endRow(t *htmlTable) error {
	if err := p.endCell(t); err != nil {
		return err
	}
	if !t.open {
		return nil
	}
	t.open = false
	// Covered columns behind the row's last cell count as passed, too.
	for col := range t.spans {
		if col >= t.col {
			if t.spans[col]--; t.spans[col] == 0 {
				delete(t.spans, col)
			}
		}
	}
	return nil
}

func (p *htmlParser) startCell(t *htmlTable, z *html.Tokenizer, hasAttr bool) error {
	if err := p.endCell(t); err != nil {
		return err
	}
	if !t.open {
		if err := p.startRow(t); err != nil {
			return err
		}
	}
	wide, high := 1, 1
	for hasAttr {
		var key, value []byte
		key, value, hasAttr = z.TagAttr()
		switch string(key) {
		case "colspan":
			wide = span(value, p.limits.Columns)
		case "rowspan":
			high = span(value, p.limits.Rows)
		}
	}
	if t.col+wide > p.limits.Columns {
		return &LimitError{"columns of row " + strconv.Itoa(len(t.rows)), int64(p.limits.Columns)}
	}
	t.cell = &htmlCell{col: t.col}
	t.buf = cellText{b: t.buf.b[:0]}
	if high > 1 {
		if len(t.spans)+wide > p.limits.Columns {
			return &LimitError{"columns", int64(p.limits.Columns)}
		}
		for col := t.col; col < t.col+wide; col++ {
			t.spans[col] = high - 1
		}
	}
	t.col += wide
	return nil
}

func span(value []byte, limit int) int {
	n, err := strconv.Atoi(string(bytes.TrimSpace(value)))
	if err != nil || n < 1 {
		return 1
	}
	return min(n, limit)
}

func (p *htmlParser) endCell(t *htmlTable) error {
	if t.cell == nil {
		return nil
	}
	c := *t.cell
	t.cell = nil
	text := t.buf.trimmed()
	t.passSpans()
	if len(text) == 0 {
		return nil
	}
	row := len(t.rows)
	p.slots += c.col + 1 - t.filled
	t.filled = c.col + 1
	if p.slots > p.limits.Cells {
		return &LimitError{"cells of the HTML document", int64(p.limits.Cells)}
	}
	if tooLong(text, p.limits.CellChars) {
		return &LimitError{"characters of cell " + Address(row, c.col+1), int64(p.limits.CellChars)}
	}
	c.text = string(text)
	t.rows[row-1] = append(t.rows[row-1], c)
	return nil
}

// cellText gathers the text of a cell as a page shows it.
type cellText struct {
	b     []byte
	space bool // a blank is due before the next letter
}

func (c *cellText) add(text []byte) {
	for len(text) > 0 {
		r, n := utf8.DecodeRune(text)
		if r == ' ' || r == '\t' || r == '\n' || r == '\r' || r == '\f' || r == '\u00a0' {
			c.space = true
			text = text[n:]
			continue
		}
		if c.space && len(c.b) > 0 && c.b[len(c.b)-1] != '\n' {
			c.b = append(c.b, ' ')
		}
		c.space = false
		c.b = append(c.b, text[:n]...)
		text = text[n:]
	}
}

// line ends a line: always for <br>, for a paragraph only if there is text on
// it.
func (c *cellText) line(always bool) {
	c.space = false
	if len(c.b) > 0 && (always || c.b[len(c.b)-1] != '\n') {
		c.b = append(c.b, '\n')
	}
}

func (c *cellText) trimmed() []byte { return bytes.TrimRight(c.b, "\n") }
