package format

import (
	"errors"
	"fmt"
	"io"

	"golang.org/x/text/transform"

	"github.com/mallbridge/mallbridge/mappers/charset"
	"github.com/mallbridge/mallbridge/mappers/sheet"
	"github.com/mallbridge/mallbridge/mappers/workbook"
	"github.com/mallbridge/mallbridge/order"
)

// A book is a spreadsheet file, read as blocks of UTF-8 text.
type book struct {
	o       *opened
	options workbook.Options
	first   int // rows above this number are not data
}

// bookRows is how many rows make a block.
const bookRows = 2000

func (o *opened) openBook(ro *ReadOptions, cs *charset.Charset) error {
	o.book = &book{o: o, options: workbook.Options{Password: ro.Password, Sheet: o.f.Spec.File.Sheet, Limits: ro.Limits, Decode: decodeReader(cs)}}
	o.cs = utf8Charset()
	r, err := o.book.open()
	if err != nil {
		return err
	}
	defer r.Close()
	var b sheet.Block
	rows := o.f.Spec.File.HeaderWithin
	if _, err := o.book.fill(&b, r, rows, 1); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if b.Rows() == 0 {
		e := o.fail(order.RefusedFile, "ask for the file again", "the sheet has no rows")
		e.Err = ErrEmpty
		return e
	}
	row := -1
	switch o.f.Spec.File.Header {
	case "none":
		o.byPosition()
	case "skip":
		o.byPosition()
		row = o.skipRows(&b)
	default:
		if row, err = o.nameRow(&b); err != nil {
			return err
		}
	}
	o.book.first = 1
	if row >= 0 {
		o.book.first = int(b.Numbers[row]) + 1 + o.f.Spec.File.SkipAfter
	}
	if o.width == 0 {
		o.width = len(o.f.Spec.Columns)
	}
	return nil
}

// decodeReader returns what HTML tables need to become UTF-8.
func decodeReader(cs *charset.Charset) func(io.Reader) io.Reader {
	if cs.Name() == "utf-8" || cs.Name() == "utf-8-bom" {
		return nil
	}
	return func(r io.Reader) io.Reader { return transform.NewReader(r, charsetTransformer{cs}) }
}

func (b *book) open() (*workbook.Reader, error) {
	r, err := workbook.Open(b.o.src.R, b.o.src.Size, b.options)
	if err == nil {
		return r, nil
	}
	return nil, b.fileError(err)
}

func (b *book) fileError(err error) error {
	var (
		limit   *workbook.LimitError
		corrupt *workbook.CorruptError
		sheets  *workbook.SheetError
		kind    *workbook.KindError
		char    *charset.DecodeError
	)
	switch {
	case errors.As(err, &char):
		e := b.o.fail(order.RefusedCharset, "check the charset of the format, or ask for the file again", "%v", err)
		e.Value = fmt.Sprintf("% X", char.Bytes)
		e.Err = err
		return e
	case errors.Is(err, workbook.ErrPassword), errors.Is(err, workbook.ErrWrongPassword),
		errors.As(err, &limit), errors.As(err, &corrupt), errors.As(err, &sheets), errors.As(err, &kind):
		e := b.o.fail(order.RefusedFile, "", "%v", err)
		e.Err = err
		return e
	}
	return fmt.Errorf("%s: %w", b.o.src.Name, err)
}

// fill reads up to n rows from row number first onward into a block. Missing cells
// at the end of a row are added, so that every row has the header's width.
func (b *book) fill(blk *sheet.Block, r *workbook.Reader, n, first int) (int, error) {
	blk.Reset(nil)
	data := blk.Data[:0]
	for blk.Rows() < n {
		num, cells, err := r.Next()
		if err != nil {
			blk.Data = data
			if errors.Is(err, io.EOF) {
				return blk.Rows(), io.EOF
			}
			return blk.Rows(), b.fileError(err)
		}
		if num < first {
			continue
		}
		for i := range cells {
			c := &cells[i]
			blk.Spans = append(blk.Spans, sheet.MakeSpan(len(data), len(c.Text), cellMarks(c)))
			data = append(data, c.Text...)
		}
		for range b.o.width - len(cells) {
			blk.Spans = append(blk.Spans, sheet.MakeSpan(len(data), 0, 0))
		}
		blk.Ends = append(blk.Ends, uint32(len(blk.Spans)))
		blk.Numbers = append(blk.Numbers, int32(num))
	}
	blk.Data = data
	return blk.Rows(), nil
}

func cellMarks(c *workbook.Cell) sheet.Marks {
	var m sheet.Marks
	switch c.Kind {
	case workbook.Number:
		m = sheet.Number
	case workbook.Date:
		m = sheet.Date
	}
	if c.Formula {
		m |= sheet.Formula
	}
	if c.Damaged != workbook.None {
		m |= sheet.Fault
	}
	return m
}

// charsetTransformer makes a charset a transformer from bytes to UTF-8.
type charsetTransformer struct{ cs *charset.Charset }

func (charsetTransformer) Reset() {}

func (t charsetTransformer) Transform(dst, src []byte, atEOF bool) (nDst, nSrc int, err error) {
	out, err := t.cs.AppendDecode(nil, src)
	n := len(src)
	if err != nil {
		var de *charset.DecodeError
		if !errors.As(err, &de) {
			return 0, 0, err
		}
		if atEOF || de.Offset+2 < len(src) {
			return 0, 0, err
		}
		n, err = de.Offset, transform.ErrShortSrc
	}
	if len(out) > len(dst) {
		if n <= 1 {
			return 0, 0, transform.ErrShortDst
		}
		return t.half(dst, src[:n/2])
	}
	return copy(dst, out), n, err
}

func (t charsetTransformer) half(dst, src []byte) (int, int, error) {
	nDst, nSrc, err := t.Transform(dst, src, false)
	if err == nil {
		err = transform.ErrShortDst
	}
	return nDst, nSrc, err
}
