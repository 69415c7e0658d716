package format

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/maphash"
	"io"

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

func (s *textSum) endRow() { s.h.WriteByte(0xFE) }

// Verify reads what a [Writer] of the same options wrote and compares: the bytes
// by their hash, every row's number of columns, and the decoded text of every cell
// with the text that was given to it. It holds the file in memory.
func (f *Format) Verify(r io.Reader, o WriteOptions, s Summary) error {
	b, err := io.ReadAll(r)
	if err != nil {
		return fmt.Errorf("verify: %w", err)
	}
	bad := func(format string, args ...any) error {
		return order.Errorf(order.Internal, "do not send the file; report it with the format", "verify: "+format, args...)
	}
	if sum := sha256.Sum256(b); hex.EncodeToString(sum[:]) != s.SHA256 {
		return bad("the file has other bytes than were written")
	}
	texts := newTextSum()
	rows, err := f.verifyRows(b, o, texts)
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

func (f *Format) verifyRows(b []byte, o WriteOptions, texts *textSum) (int64, error) {
	if f.workbook() {
		return f.verifyBook(b, texts)
	}
	cs := o.Charset
	if cs == nil {
		cs = f.cs
	}
	b = bytes.TrimPrefix(b, cs.BOM())
	var blk sheet.Block
	if f.Spec.File.Kind == "fixed" {
		blk.SplitFixed(b, f.widths(), 0)
	} else {
		blk.Split(b, sheet.Dialect{Delimiter: f.delimiter, NoQuotes: f.Spec.File.Quote == "never"})
	}
	first := 0
	if f.Spec.File.Header != "none" && f.Spec.File.Kind != "fixed" {
		first = 1
	}
	if blk.Irregular || blk.Open {
		return 0, errors.New("quotes do not match")
	}
	var cell, text []byte
	for i := first; i < blk.Rows(); i++ {
		row := blk.Row(i)
		if len(row) != len(f.out) {
			return 0, fmt.Errorf("row %d has %d columns, not %d", i+1, len(row), len(f.out))
		}
		for j, span := range row {
			cell = span.Append(cell[:0], blk.Data)
			var err error
			if text, err = cs.AppendDecode(text[:0], cell); err != nil {
				return 0, fmt.Errorf("row %d, column %s: %w", i+1, f.out[j].label, err)
			}
			if f.Spec.File.Kind == "fixed" {
				text = f.out[j].unpadded(text)
			}
			texts.add(string(text))
		}
		texts.endRow()
	}
	return int64(blk.Rows() - first), nil
}

// unpadded takes the fill of a fixed-width column off.
func (c *outColumn) unpadded(b []byte) []byte {
	if c.padLeft {
		return bytes.TrimLeft(b, string(rune(c.padWith)))
	}
	return bytes.TrimRight(b, string(rune(c.padWith)))
}

func (f *Format) verifyBook(b []byte, texts *textSum) (int64, error) {
	r, err := workbook.Open(bytes.NewReader(b), int64(len(b)), workbook.Options{Sheet: f.Spec.File.Sheet})
	if err != nil {
		return 0, err
	}
	defer r.Close()
	rows := int64(0)
	for first := f.Spec.File.Header != "none"; ; first = false {
		_, cells, err := r.Next()
		if errors.Is(err, io.EOF) {
			return rows, nil
		}
		if err != nil {
			return 0, err
		}
		if first {
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
