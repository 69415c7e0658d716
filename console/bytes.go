package console

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode"

	"github.com/mallbridge/mallbridge/mappers/charset"
	"github.com/mallbridge/mallbridge/mappers/workbook"
)

// A fileView shows what lies in a file: of text each line with the characters that one
// does not see, of a workbook each cell as it is stored.
type fileView struct {
	Charset string   // in which it is read
	Maybe   []string // in which it could be read, where that is not known
	Lines   []rawLine
	Book    *bookView
	Cut     bool // there is more than is shown
}

// A rawLine is a line of text, as pieces.
type rawLine struct {
	Number int
	Pieces []rawPiece
}

// A rawLook is a file's view with whether it stands open.
type rawLook struct {
	View *fileView
	Open bool
}

func lookOf(v *fileView, open bool) rawLook { return rawLook{v, open} }

// text is the line with what one does not see.
func (l rawLine) text() string {
	var b strings.Builder
	for _, p := range l.Pieces {
		b.WriteString(p.Text)
		b.WriteString(p.raw)
	}
	return b.String()
}

// A rawPiece is text, or a mark for a character that one does not see or a byte that
// the charset does not know.
type rawPiece struct {
	Text, Mark, Name string
	raw              string // what the mark stands for
}

// A bookView is the first rows of the sheet that is read of a workbook.
type bookView struct {
	Kind   string
	Sheets []string
	Sheet  string // the one that is read
	Rows   []bookRow
}

type bookRow struct {
	Number int
	Cells  []bookCell
}

// texts are the cells from column A on.
func (r bookRow) texts() []string {
	var out []string
	for _, c := range r.Cells {
		for len(out) < c.column-1 {
			out = append(out, "")
		}
		out = append(out, c.Text)
	}
	return out
}

// A bookCell is a cell as it is stored: its type, the number behind what is shown, its
// number format.
type bookCell struct {
	Address, Text, Kind, Stored, Format, Damage string
	Formula                                     bool

	column int
}

// How much of a file is shown as it is.
const shownBookRows, shownBookCells, shownChars = 30, 600, 4000

// viewFile looks into a file. cs is its charset if it is text; nil if that is not
// known. It is nil for what is neither text nor a workbook, and for a workbook that the
// password does not open.
func viewFile(path string, cs *charset.Charset, sheet, password string) (*fileView, error) {
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	return viewBytes(f, info.Size(), cs, sheet, password)
}

func viewBytes(r io.ReaderAt, size int64, cs *charset.Charset, sheet, password string) (*fileView, error) {
	kind, err := workbook.SniffReader(r, size)
	if err != nil {
		return nil, err
	}
	switch kind {
	case workbook.XLSX, workbook.EncryptedXLSX, workbook.XLS, workbook.HTML, workbook.SpreadsheetXML:
		return viewBook(r, size, cs, sheet, password)
	case workbook.Text:
		return viewText(r, size, cs)
	}
	return nil, nil
}

func viewText(r io.ReaderAt, size int64, cs *charset.Charset) (*fileView, error) {
	head := make([]byte, min(size, shownBytes))
	if _, err := r.ReadAt(head, 0); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	v := &fileView{Cut: size > shownBytes}
	if v.Cut {
		if at := bytes.LastIndexByte(head, '\n'); at >= 0 {
			head = head[:at+1] // no half characters
		}
	}
	if cs == nil {
		names := charset.Fits(head)
		if len(names) == 0 {
			names = []string{"utf-8"}
		}
		var err error
		if cs, err = charset.Lookup(names[0]); err != nil {
			return nil, err
		}
		v.Maybe = names
	} else {
		v.Charset = cs.Name()
	}
	body := cs.TrimBOM(head)
	if text, err := cs.Decode(body); err == nil {
		for l := range strings.Lines(text) {
			v.add(pieces(l))
		}
	} else {
		// Line by line, so that one bad byte does not hide the rest.
		for l := range bytes.Lines(body) {
			if text, err := cs.Decode(l); err == nil {
				v.add(pieces(text))
			} else {
				v.add(hexed(cs, l))
			}
		}
	}
	if len(body) < len(head) && len(v.Lines) > 0 {
		v.Lines[0].Pieces = append([]rawPiece{{Mark: "BOM", Name: fmt.Sprintf("% X", head[:len(head)-len(body)])}}, v.Lines[0].Pieces...)
	}
	return v, nil
}

func (v *fileView) add(p []rawPiece) {
	if len(v.Lines) == shownLines {
		v.Cut = true
		return
	}
	v.Lines = append(v.Lines, rawLine{len(v.Lines) + 1, p})
}

// unseen are the marks of characters that one does not see or takes for others.
var unseen = map[rune]string{
	'\r': "␍", '\n': "␊", '\t': "⇥", '\u00a0': "⍽", '\u3000': "□", '\u00ad': "SHY", '\u200b': "ZWSP", '\u200c': "ZWNJ", '\u200d': "ZWJ", '\u200e': "LRM", '\u200f': "RLM",
	'\u2028': "LS", '\u2029': "PS", '\u2060': "WJ", '\ufeff': "BOM", '\ufffd': "�",
}

// pieces takes a text apart at what one does not see.
func pieces(text string) []rawPiece {
	var out []rawPiece
	start := 0
	for i, r := range text {
		mark, ok := unseen[r]
		if !ok && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Co, r) || unicode.Is(unicode.Variation_Selector, r)) {
			mark, ok = fmt.Sprintf("%04X", r), true
		}
		if !ok {
			continue
		}
		if i > start {
			out = append(out, rawPiece{Text: text[start:i]})
		}
		out = append(out, rawPiece{Mark: mark, Name: fmt.Sprintf("U+%04X", r), raw: string(r)})
		start = i + len(string(r))
	}
	if start < len(text) {
		out = append(out, rawPiece{Text: text[start:]})
	}
	return out
}

// hexed shows a line whose bytes the charset does not know: what can be read as text,
// the rest as bytes.
func hexed(cs *charset.Charset, line []byte) []rawPiece {
	var out []rawPiece
	for len(line) > 0 {
		n, text := 1, ""
		for k := 1; k <= min(4, len(line)); k++ {
			if s, err := cs.Decode(line[:k]); err == nil && s != "" {
				n, text = k, s
				break
			}
		}
		if text == "" {
			out = append(out, rawPiece{Mark: fmt.Sprintf("%02X", line[0]), Name: "0x" + fmt.Sprintf("%02X", line[0])})
		} else {
			out = append(out, pieces(text)...)
		}
		line = line[n:]
	}
	return joined(out)
}

// joined puts texts that follow each other into one piece.
func joined(in []rawPiece) []rawPiece {
	var out []rawPiece
	for _, p := range in {
		if n := len(out); p.Mark == "" && n > 0 && out[n-1].Mark == "" {
			out[n-1].Text += p.Text
		} else {
			out = append(out, p)
		}
	}
	return out
}

func viewBook(r io.ReaderAt, size int64, cs *charset.Charset, sheet, password string) (*fileView, error) {
	o := workbook.Options{Sheet: sheet, Password: password, Formats: true}
	if cs != nil {
		o.Decode = func(r io.Reader) io.Reader { return &decoding{cs: cs, src: r} }
	}
	b, err := workbook.Open(r, size, o)
	var missing *workbook.SheetError
	if errors.As(err, &missing) && sheet != "" {
		o.Sheet = ""
		b, err = workbook.Open(r, size, o)
	}
	if err != nil {
		return nil, nil // the page says what is wrong with it
	}
	defer b.Close()
	v := &fileView{Book: &bookView{Kind: b.Kind().String(), Sheets: b.Sheets(), Sheet: b.Sheet()}}
	for cells := 0; ; {
		n, row, err := b.Next()
		if err != nil {
			break // at its end, or where it is damaged, which the page says
		}
		if len(v.Book.Rows) == shownBookRows || cells >= shownBookCells {
			v.Cut = true
			break
		}
		out := bookRow{Number: n}
		for i := range row {
			if c := &row[i]; c.Kind != workbook.Blank || c.Formula {
				out.Cells = append(out.Cells, storedCell(n, i+1, c))
				cells++
			}
		}
		v.Book.Rows = append(v.Book.Rows, out)
	}
	return v, nil
}

func storedCell(row, col int, c *workbook.Cell) bookCell {
	out := bookCell{Address: workbook.Address(row, col), Text: c.Text, Kind: c.Kind.String(), Format: c.Format, Formula: c.Formula, column: col}
	if len(out.Text) > shownChars {
		out.Text = string([]rune(out.Text)[:shownChars/4]) + "…"
	}
	if c.Kind == workbook.Number || c.Kind == workbook.Date {
		out.Stored = fmt.Sprintf("%.17g", c.Number)
	}
	if c.Damaged != workbook.None {
		out.Damage = c.Damaged.String()
	}
	return out
}

// decoding reads a whole document and gives it as UTF-8.
type decoding struct {
	cs   *charset.Charset
	src  io.Reader
	text *strings.Reader
}

func (d *decoding) Read(p []byte) (int, error) {
	if d.text == nil {
		b, err := io.ReadAll(io.LimitReader(d.src, maxUpload))
		if err != nil {
			return 0, err
		}
		text, err := d.cs.Decode(b)
		if err != nil {
			return 0, err
		}
		d.text = strings.NewReader(text)
	}
	return d.text.Read(p)
}
