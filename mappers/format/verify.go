package format

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"runtime"
	"sync"

	"github.com/mallbridge/mallbridge/mappers/charset"
	"github.com/mallbridge/mallbridge/mappers/sheet"
	"github.com/mallbridge/mallbridge/mappers/workbook"
	"github.com/mallbridge/mallbridge/order"
)

// A textSum sums up the texts of a file's cells, in their order. The sum of a run of
// rows is a polynomial of the rows' hashes, so that runs can be summed up apart and
// joined.
type textSum struct {
	row  []byte // the texts of the row at hand, a byte that no text has after each
	sum  uint64
	rows int64
}

var textSeed = maphash.MakeSeed()

const textFactor = 0x9E3779B97F4A7C15

func (s *textSum) add(text string) { s.row = append(append(s.row, text...), 0xFF) }

func (s *textSum) addBytes(text []byte) { s.row = append(append(s.row, text...), 0xFF) }

// since returns the last text that was added, when the row was n bytes long before.
func (s *textSum) since(n int) []byte { return s.row[n : len(s.row)-1] }

func (s *textSum) endRow() {
	s.sum = s.sum*textFactor + maphash.Bytes(textSeed, s.row)
	s.rows++
	s.row = s.row[:0]
}

// take returns what was summed up and begins anew.
func (s *textSum) take() (sum uint64, rows int64) {
	sum, rows = s.sum, s.rows
	s.sum, s.rows = 0, 0
	return sum, rows
}

// join adds a run of rows that follows.
func (s *textSum) join(sum uint64, rows int64) {
	s.rows += rows
	for f := uint64(textFactor); rows > 0; rows >>= 1 {
		if rows&1 != 0 {
			s.sum *= f
		}
		f *= f
	}
	s.sum += sum
}

// Verify reads what a [Writer] of the same options wrote and compares: the bytes
// by their hash, every row's number of columns, and the decoded text of every cell
// with the text that was given to it. Of a text file it holds one chunk in memory.
func (f *Format) Verify(r io.ReaderAt, o WriteOptions, s Summary) error {
	bad := func(format string, args ...any) error {
		return order.Errorf(order.Internal, "do not send the file; report it with the format", "verify: "+format, args...)
	}
	sum := sha256.New()
	var size int64
	var wg sync.WaitGroup
	var sumErr error
	wg.Go(func() { size, sumErr = io.Copy(sum, io.NewSectionReader(r, 0, s.Bytes+1)) })
	texts := &textSum{}
	err := f.verifyRows(r, o, s.Bytes, texts)
	wg.Wait()
	switch {
	case sumErr != nil:
		return fmt.Errorf("verify: %w", sumErr)
	case size != s.Bytes || hex.EncodeToString(sum.Sum(nil)) != s.SHA256:
		return bad("the file has other bytes than were written")
	case err != nil:
		return bad("%w", err)
	case texts.rows != s.Rows:
		return bad("the file has %d rows, %d were written", texts.rows, s.Rows)
	case s.text != 0 && texts.sum != s.text:
		return bad("the file's text is not what was written")
	}
	return nil
}

// verifyRows sums up the texts of a file, chunk by chunk in several goroutines.
func (f *Format) verifyRows(r io.ReaderAt, o WriteOptions, size int64, texts *textSum) error {
	if f.workbook() {
		return f.verifyBook(r, size, texts)
	}
	cs := o.Charset
	if cs == nil {
		cs = f.cs
	}
	opts := sheet.ChunkOptions{Dialect: sheet.Dialect{Delimiter: f.delimiter, NoQuotes: f.Spec.File.Quote == "never"}, Start: int64(len(cs.BOM()))}
	opts.Plain = f.Spec.File.Kind == "fixed"
	head := f.headRows() // all of them in the first chunk
	chunks := sheet.NewChunks(r, size, opts)
	workers := runtime.GOMAXPROCS(0)
	verifiers := make([]*verifier, workers)
	type piece struct {
		*sheet.Chunk
		head int // rows that are no data
	}
	// The caller's context ends reading and writing; this takes a moment.
	return ordered(context.Background(), workers, func() (piece, error) {
		c, err := chunks.Next()
		p := piece{c, head}
		head = 0
		return p, err
	}, func(w int, p piece) (run, error) {
		if verifiers[w] == nil {
			verifiers[w] = &verifier{f: f, cs: cs}
		}
		defer p.Release()
		return verifiers[w].chunk(p.Data, p.head, opts.Dialect), nil
	}, func(got run) error {
		if got.err != nil {
			return got.err(texts.rows)
		}
		texts.join(got.sum, got.rows)
		return nil
	}, nil)
}

// A run is the sum over the rows of a chunk, or what is wrong with it, told with
// the number of rows before it.
type run struct {
	sum  uint64
	rows int64
	err  func(before int64) error
}

// A verifier sums up the rows of a text file, chunk by chunk.
type verifier struct {
	f          *Format
	cs         *charset.Charset
	texts      textSum
	blk        sheet.Block
	cell, text []byte
}

func (v *verifier) chunk(data []byte, head int, d sheet.Dialect) run {
	whole := v.split(data, d)
	if v.blk.Irregular || v.blk.Open {
		return run{err: func(int64) error { return errors.New("quotes do not match") }}
	}
	for i := range v.blk.Rows() {
		if i < head {
			continue
		}
		row := v.blk.Row(i)
		number := v.texts.rows + 1
		if len(row) != len(v.f.out) {
			return run{err: func(before int64) error {
				return fmt.Errorf("row %d has %d columns, not %d", before+number, len(row), len(v.f.out))
			}}
		}
		for j, span := range row {
			v.cell = span.Append(v.cell[:0], v.blk.Data)
			if whole {
				v.texts.addBytes(v.cell)
				continue
			}
			var err error
			if v.text, err = v.cs.AppendDecode(v.text[:0], v.cell); err != nil {
				return run{err: func(before int64) error {
					return fmt.Errorf("row %d, column %s: %w", before+number, v.f.out[j].label, err)
				}}
			}
			text := v.text
			if v.f.Spec.File.Kind == "fixed" {
				text = v.f.out[j].unpadded(text)
			}
			v.texts.addBytes(text)
		}
		v.texts.endRow()
	}
	var out run
	out.sum, out.rows = v.texts.take()
	return out
}

// split splits a chunk into rows, and reports whether it could be decoded before, as
// a whole: that is the faster way. The widths of a fixed file are bytes of its charset,
// and of what cannot be decoded the cell is to be named.
func (v *verifier) split(data []byte, d sheet.Dialect) (decoded bool) {
	if v.f.Spec.File.Kind == "fixed" {
		v.blk.SplitFixed(data, v.f.widths(), 0)
		return false
	}
	var err error
	if v.text, err = v.cs.AppendDecode(v.text[:0], data); err != nil {
		v.blk.Split(data, d)
		return false
	}
	v.blk.Split(v.text, d)
	return true
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

func (f *Format) verifyBook(at io.ReaderAt, size int64, texts *textSum) error {
	r, err := workbook.Open(at, size, workbook.Options{Sheet: f.Spec.File.Sheet})
	if err != nil {
		return err
	}
	defer r.Close()
	for head := f.headRows(); ; head-- {
		_, cells, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if head > 0 {
			continue
		}
		if len(cells) > len(f.out) {
			return fmt.Errorf("row %d has %d columns, not %d", texts.rows+1, len(cells), len(f.out))
		}
		for i := range f.out {
			s := ""
			if i < len(cells) {
				s = cells[i].Text
			}
			texts.add(s)
		}
		texts.endRow()
	}
}
