package format

import (
	"errors"
	"io"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/mallbridge/mallbridge/mappers/charset"
	"github.com/mallbridge/mallbridge/mappers/sheet"
	"github.com/mallbridge/mallbridge/mappers/workbook"
	"github.com/mallbridge/mallbridge/order"
)

// reasonHeaders are the columns that a file of refused rows has after its own.
var reasonHeaders = map[string][]string{
	"ja": {"理由", "元の行", "該当列", "詳細"},
	"ko": {"사유", "원본 행", "해당 열", "상세"},
	"en": {"reason", "line", "column", "detail"},
}

// reasonColumns is how many there are.
const reasonColumns = 4

// withoutReasons cuts the columns of an earlier refusal off a header.
func withoutReasons(header []string) []string {
	n := len(header) - reasonColumns
	for _, names := range reasonHeaders {
		if n > 0 && slices.Equal(header[n:], names) {
			return header[:n]
		}
	}
	return header
}

// A RefusedWriter writes refused rows as a file of the layout that they came in,
// with the reasons in further columns, so that a person can mend the rows and drop
// the file again: reading leaves those columns aside. Text files keep the bytes of
// their rows, but for apostrophes before what a spreadsheet program would run;
// spreadsheets of every kind become .xlsx.
type RefusedWriter struct {
	w    io.Writer
	lang string
	from *opened
	book *workbook.Writer
	buf  []byte
}

// RefusedExt returns the ending of the name of a file of refused rows, where it
// differs from that of src; else it is empty.
func (f *Format) RefusedExt(src Source) string {
	head := make([]byte, min(src.Size, 4096))
	if _, err := src.R.ReadAt(head, 0); err != nil && !errors.Is(err, io.EOF) {
		return ""
	}
	ext := strings.ToLower(path.Ext(src.Name))
	switch kind := workbook.Sniff(head); {
	case kind == workbook.Text || kind == workbook.Unknown || kind == workbook.HTML && !f.workbook():
		if strings.HasPrefix(ext, ".xls") {
			return ".csv"
		}
	case ext != ".xlsx" && f.workbook():
		return ".xlsx"
	}
	return ""
}

// NewRefusedWriter begins a file of refused rows of src on w. The rows must come
// from reading with [ReadOptions].Cells. Reasons are in lang: ja, ko or en.
func (f *Format) NewRefusedWriter(w io.Writer, src Source, lang string) (*RefusedWriter, error) {
	if reasonHeaders[lang] == nil {
		lang = "en"
	}
	return &RefusedWriter{w: w, lang: lang}, nil
}

var errNoCells = order.Errorf(order.Internal, "", "a refused row has no cells: read with Cells set")

// Write adds a row.
func (r *RefusedWriter) Write(ref Refusal) error {
	if ref.from == nil {
		return errNoCells
	}
	if r.from == nil {
		if err := r.begin(ref.from); err != nil {
			return err
		}
	}
	reason := ref.Reason.Text(r.lang)
	if !r.encodes(reason) {
		reason = ref.Reason.Text("en")
	}
	reasons := []string{reason, strconv.FormatInt(ref.Line, 10), ref.Column, ref.Detail}
	if ref.Address != "" {
		reasons[2] += " " + ref.Address
	}
	cells := ref.Cells
	if own := len(r.from.header); own > 0 && len(withoutReasons(r.from.header)) < own && len(cells) == own {
		cells = cells[:own-reasonColumns]
	}
	if r.book != nil {
		row := make([]workbook.Value, 0, len(cells)+reasonColumns)
		for _, c := range append(slices.Clone(cells), reasons...) {
			row = append(row, workbook.Str(c))
		}
		return r.book.WriteRow(row)
	}
	switch {
	case r.from.mended:
		r.buf = append(r.buf[:0], firstCells(ref.raw, len(cells), r.from.delimiter)...)
	case len(cells) < len(ref.Cells):
		r.buf = append(r.buf[:0], r.row(nil, cells)...)
	case r.from.header != nil:
		r.buf = neutral(r.buf[:0], ref.raw, r.from.delimiter)
	default:
		r.buf = append(r.buf[:0], ref.raw...)
	}
	for _, s := range reasons {
		r.buf = append(r.buf, r.from.delimiter)
		r.buf = r.cell(r.buf, s)
	}
	r.buf = append(r.buf, '\r', '\n')
	_, err := r.w.Write(r.buf)
	return err
}

// encodes reports whether the file's charset has the characters of s.
func (r *RefusedWriter) encodes(s string) bool {
	_, ok := r.from.cs.Len(s)
	return ok
}

func (r *RefusedWriter) begin(from *opened) error {
	r.from = from
	file := &from.f.Spec.File
	if !r.encodes(strings.Join(reasonHeaders[r.lang], "")) {
		r.lang = "en"
	}
	var header []string
	if from.header != nil {
		header = append(slices.Clone(withoutReasons(from.header)), reasonHeaders[r.lang]...)
	}
	if from.book != nil {
		var err error
		if r.book, err = workbook.NewWriter(r.w, workbook.WriteOptions{Sheet: file.Sheet}); err != nil {
			return err
		}
		return r.head(file, header, func(cells []string) error {
			row := make([]workbook.Value, len(cells))
			for i, c := range cells {
				row[i] = workbook.Str(c)
			}
			return r.book.WriteRow(row)
		})
	}
	if strings.HasPrefix(from.cs.Name(), "utf-8") {
		r.buf = append(r.buf, utf8BOM...)
	}
	err := r.head(file, header, func(cells []string) error {
		r.buf = append(r.row(r.buf, cells), '\r', '\n')
		return nil
	})
	if err == nil {
		_, err = r.w.Write(r.buf)
	}
	return err
}

// head writes what stands above the data: the header, and where the format skips
// rows so many of them.
func (r *RefusedWriter) head(file *FileSpec, header []string, row func([]string) error) error {
	switch file.Header {
	case "names":
		if err := row(header); err != nil {
			return err
		}
		for range file.SkipAfter {
			if err := row([]string{"-"}); err != nil {
				return err
			}
		}
	case "skip":
		for range file.HeaderWithin + file.SkipAfter {
			if err := row([]string{"-"}); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *RefusedWriter) row(dst []byte, cells []string) []byte {
	for i, c := range cells {
		if i > 0 {
			dst = append(dst, r.from.delimiter)
		}
		dst = r.cell(dst, c)
	}
	return dst
}

// cell appends a text; characters that the file's charset lacks become "?" in
// these notes for people.
func (r *RefusedWriter) cell(dst []byte, s string) []byte {
	s = oneLine(s)
	b, err := r.from.cs.Encode(s)
	for err != nil {
		var ee *charset.EncodeError
		if !errors.As(err, &ee) {
			return dst
		}
		s = strings.ReplaceAll(strings.ToValidUTF8(s, "?"), string(ee.Rune), "?")
		b, err = r.from.cs.Encode(s)
	}
	if sheet.NeedsQuotes(b, r.from.delimiter) {
		return sheet.AppendQuoted(dst, b)
	}
	return append(dst, b...)
}

// Close completes the file. It does not close the io.Writer below.
func (r *RefusedWriter) Close() error {
	if r.book != nil {
		return r.book.Close()
	}
	return nil
}
