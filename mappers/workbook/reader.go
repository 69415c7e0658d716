package workbook

import (
	"fmt"
	"io"
)

// Options say how to open a workbook.
type Options struct {
	// Password opens an encrypted workbook. It is ignored for others.
	Password string
	// Sheet is the name of the sheet to read; "" takes the first that is not
	// hidden. An HTML document has no names: its largest table is read.
	Sheet string
	// Limits bound the work; zero fields take their default.
	Limits Limits
	// Decode turns the bytes of an HTML document, or of Excel 2003 XML that
	// declares a charset other than UTF-8, into UTF-8; nil expects UTF-8. It
	// is not used for other kinds.
	Decode func(io.Reader) io.Reader
	// Formats fills [Cell.Format], for people who look at a file.
	Formats bool
}

// A Reader gives the rows of one sheet in order. It is not safe for use by
// several goroutines.
type Reader struct {
	kind   Kind
	sheets []string
	sheet  string
	src    source
	err    error
}

// A source yields rows until io.EOF. Trailing blank cells are cut.
type source interface {
	next() (row int, cells []Cell, err error)
	close() error
}

// Open opens the workbook of the given size in r, which must stay readable
// until Close. The file's kind is taken from its bytes.
//
// Errors: [ErrPassword], [ErrWrongPassword], *[LimitError], *[CorruptError],
// *[SheetError], *[KindError] for what is no workbook, and errors of r.
func Open(r io.ReaderAt, size int64, o Options) (*Reader, error) {
	o.Limits = o.Limits.withDefaults()
	if size > o.Limits.FileBytes {
		return nil, &LimitError{"size of the file in bytes", o.Limits.FileBytes}
	}
	kind, err := SniffReader(r, size)
	if err != nil {
		return nil, err
	}
	switch kind {
	case XLSX:
		return openXLSX(r, size, o)
	case EncryptedXLSX:
		return openEncrypted(r, size, o)
	case XLS:
		return openXLS(r, size, o)
	case HTML:
		return openHTML(r, size, o)
	case SpreadsheetXML:
		return openXMLSS(r, size, o)
	}
	return nil, &KindError{Kind: kind, Hint: kindHint(kind)}
}

func kindHint(k Kind) string {
	switch k {
	case Empty:
		return "the file has no content: fetch it again"
	case Text:
		return "read it as CSV or TSV"
	case Zip:
		return "unpack it and drop the file that is inside"
	case XLSB:
		return "open it in a spreadsheet program and save it as .xlsx"
	}
	return "fetch the file again, or open it in a spreadsheet program and save it as .xlsx"
}

// Kind returns what the file was by its bytes.
func (r *Reader) Kind() Kind { return r.kind }

// Sheets returns the names of the workbook's sheets in their order, hidden
// ones included, charts excluded. An HTML document has none.
func (r *Reader) Sheets() []string { return r.sheets }

// Sheet returns the name of the sheet whose rows are read; "" of an HTML document.
func (r *Reader) Sheet() string { return r.sheet }

// Next returns the next row that holds at least one cell with content, and
// its number in the sheet, from 1. cells[0] is column A; cells without
// content between others are [Blank], and there are none at the end. The
// slice is valid until the next call, the texts in it for good. After the
// last row, and only if the whole sheet was read without fault, the error is
// io.EOF. An error is final.
func (r *Reader) Next() (row int, cells []Cell, err error) {
	if r.err != nil {
		return 0, nil, r.err
	}
	row, cells, r.err = r.src.next()
	return row, cells, r.err
}

// Close frees what the reader holds. It does not close the reader given to
// [Open].
func (r *Reader) Close() error {
	if r.err == nil {
		r.err = fmt.Errorf("workbook is closed")
	}
	return r.src.close()
}
