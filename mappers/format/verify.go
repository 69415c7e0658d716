package format

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/maphash"
	"io"

	"github.com/mallbridge/mallbridge/mappers/charset"
	"github.com/mallbridge/mallbridge/mappers/sheet"
	"github.com/mallbridge/mallbridge/mappers/workbook"
	"github.com/mallbridge/mallbridge/order"
)

// A textSum sums up the texts of a file's cells, in their order.
type textSum struct{ h maphash.Hash }

var textSeed = maphash.MakeSeed()

func newTextSum() *textSum {
	s := &textSum{}
	s.h.SetSeed(textSeed)
	return s
}

func (s *textSum) add(text string) {
	s.h.WriteString(text)
	s.h.WriteByte(0xFF)
}

func (s *textSum) addBytes(text []byte) {
	s.h.Write(text)
	s.h.WriteByte(0xFF)
}

func (s *textSum) endRow() { s.h.WriteByte(0xFE) }

// Verify reads what a [Writer] of the same options wrote and compares: the bytes
// by their hash, every row's number of columns, and the decoded text of every cell
// with the text that was given to it. Of a text file it holds one chunk in memory.
func (f *Format) Verify(r io.ReaderAt, o WriteOptions, s Summary) error {
	bad := func(format string, args ...any) error {
		return order.Errorf(order.Internal, "do not send the file; report it with the format", "verify: "+format, args...)
	}
	sum := sha256.New()
	if n, err := io.Copy(sum, io.NewSectionReader(r, 0, s.Bytes+1)); err != nil {
		return fmt.Errorf("verify: %w", err)
	} else if n != s.Bytes || hex.EncodeToString(sum.Sum(nil)) != s.SHA256 {
		return bad("the file has other bytes than were written")
	}
	texts := newTextSum()
	rows, err := f.verifyRows(r, o, s.Bytes, texts)
	switch {
	case err != nil:
		return bad("%w", err)
	case rows != s.Rows:
		return bad("the file has %d rows, %d were written", rows, s.Rows)
	case s.text != 0 && texts.h.Sum64() != s.text:
		return bad("the file's text is not what was written")
	}
	return nil
}

func (f *Format) verifyRows(r io.ReaderAt, o WriteOptions, size int64, texts *textSum) (rows int64, err error) {
	if f.workbook() {
		return f.verifyBook(r, size, texts)
	}
	cs := o.Charset
	if cs == nil {
		cs = f.cs
	}
	v := verifier{f: f, cs: cs, texts: texts, header: f.headRows()}
	opts := sheet.ChunkOptions{Dialect: sheet.Dialect{Delimiter: f.delimiter, NoQuotes: f.Spec.File.Quote == "never"}, Start: int64(len(cs.BOM()))}
	opts.Plain = f.Spec.File.Kind == "fixed"
	chunks := sheet.NewChunks(r, size, opts)
	for {
		c, err := chunks.Next()
		if errors.Is(err, io.EOF) {
			return v.rows, nil
		}
		if err != nil {
			return v.rows, err
		}
		err = v.chunk(c.Data, opts.Dialect)
		c.Release()
		if err != nil {
			return v.rows, err
		}
	}
}

// A verifier compares the rows of a text file, chunk by chunk.
type verifier struct {
	f          *Format
	cs         *charset.Charset
	texts      *textSum
	header     int // rows up to the header that are still to come
	rows       int64
	blk        sheet.Block
	cell, text []byte
}

func (v *verifier) chunk(data []byte, d sheet.Dialect) (err error) {
	if v.f.Spec.File.Kind == "fixed" {
		v.blk.SplitFixed(data, v.f.widths(), 0)
	} else {
		v.blk.Split(data, d)
	}
	if v.blk.Irregular || v.blk.Open {
		return errors.New("quotes do not match")
	}
	for i := range v.blk.Rows() {
		if v.header > 0 {
			v.header--
			continue
		}
		v.rows++
		row := v.blk.Row(i)
		if len(row) != len(v.f.out) {
			return fmt.Errorf("row %d has %d columns, not %d", v.rows, len(row), len(v.f.out))
		}
		for j, span := range row {
			v.cell = span.Append(v.cell[:0], v.blk.Data)
			if v.text, err = v.cs.AppendDecode(v.text[:0], v.cell); err != nil {
				return fmt.Errorf("row %d, column %s: %w", v.rows, v.f.out[j].label, err)
			}
			text := v.text
			if v.f.Spec.File.Kind == "fixed" {
				text = v.f.out[j].unpadded(text)
			}
			v.texts.addBytes(text)
		}
		v.texts.endRow()
	}
	return nil
}

// headRows is how many rows of a file that was written are no data.
func (f *Format) headRows() int {
	if f.Spec.File.Header == "none" || f.Spec.File.Kind == "fixed" {
		return 0
	}
	return len(f.Spec.File.Above) + 1
}

// unpadded takes the fill of a fixed-width column off.
func (c *outColumn) unpadded(b []byte) []byte {
	if c.padLeft {
		return bytes.TrimLeft(b, string(rune(c.padWith)))
	}
	return bytes.TrimRight(b, string(rune(c.padWith)))
}

func (f *Format) verifyBook(at io.ReaderAt, size int64, texts *textSum) (int64, error) {
	r, err := workbook.Open(at, size, workbook.Options{Sheet: f.Spec.File.Sheet})
	if err != nil {
		return 0, err
	}
	defer r.Close()
	rows := int64(0)
	for head := f.headRows(); ; head-- {
		_, cells, err := r.Next()
		if errors.Is(err, io.EOF) {
			return rows, nil
		}
		if err != nil {
			return 0, err
		}
		if head > 0 {
			continue
		}
		if len(cells) > len(f.out) {
			return 0, fmt.Errorf("row %d has %d columns, not %d", rows+1, len(cells), len(f.out))
		}
		for i := range f.out {
			s := ""
			if i < len(cells) {
				s = cells[i].Text
			}
			texts.add(s)
		}
		texts.endRow()
		rows++
	}
}
