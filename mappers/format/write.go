package format

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/mallbridge/mallbridge/mappers/charset"
	"github.com/mallbridge/mallbridge/mappers/record"
	"github.com/mallbridge/mallbridge/mappers/workbook"
	"github.com/mallbridge/mallbridge/order"
)

// WriteOptions change how a file is written. The zero value is fine. The same
// options and records give the same bytes each time.
type WriteOptions struct {
	Charset      *charset.Charset      // instead of the format's
	Replacements *charset.Replacements // the warehouse's, made before the format's own
	Batch        Batch
}

// A Summary tells what was written.
type Summary struct {
	Rows    int64 // without the header
	Groups  int64
	Bytes   int64
	SHA256  string         // of the bytes, in hex
	Changed map[string]int // replacements made, "〜→～" to how often
	text    uint64         // of the cells' texts, for Verify
}

// A HeldError is returned for records that break a rule of the format.
type HeldError struct{ Holds []order.Hold }

func (e *HeldError) Error() string {
	texts := make([]string, len(e.Holds))
	for i, h := range e.Holds {
		texts[i] = string(h.Reason) + ": " + h.Detail
	}
	return strings.Join(texts, "; ")
}

// Check tells what keeps the records of one group, which are the lines of one
// instruction, from being written: each value against width, charset, code table
// and the other rules of its column. It is meant to be used before a file exists.
func (f *Format) Check(records []record.Record, o WriteOptions) []order.Hold {
	if len(records) == 0 || !f.Writes() {
		return nil
	}
	return f.NewChecker(o).Check(records)
}

// A Checker checks many groups. It is not safe for use by several goroutines.
type Checker struct {
	e    *encoder
	rows [][]string
	buf  []byte
}

// NewChecker returns a checker of what a writer with the same options would
// refuse.
func (f *Format) NewChecker(o WriteOptions) *Checker {
	e := f.newEncoder(o.Charset, o.Replacements, o.Batch, identity)
	e.dry = true
	return &Checker{e: e}
}

// Check is [Format.Check]; its result is valid for good.
func (c *Checker) Check(records []record.Record) []order.Hold {
	c.rows = rows(c.rows[:0], records)
	c.buf, _ = c.e.appendGroup(c.buf[:0], c.rows, nil)
	if len(c.e.holds) == 0 {
		return nil
	}
	return append([]order.Hold(nil), c.e.holds...)
}

func rows(dst [][]string, records []record.Record) [][]string {
	for _, r := range records {
		dst = append(dst, r)
	}
	return dst
}

// A Writer writes one file.
type Writer struct {
	f      *Format
	o      WriteOptions
	e      *encoder
	w      io.Writer
	sum    hash.Hash
	s      Summary
	rows   [][]string
	buf    []byte
	book   bookWriter
	failed error
}

// NewWriter begins a file on w with its byte order mark and header. Nothing is
// kept back longer than a few hundred kilobytes; spreadsheets are written when
// the writer is closed.
func (f *Format) NewWriter(w io.Writer, o WriteOptions) (*Writer, error) {
	if !f.Writes() {
		return nil, order.Errorf(order.Invalid, "", "format %s: files of it are read, not written", f.Name())
	}
	wr := &Writer{f: f, o: o, e: f.newEncoder(o.Charset, o.Replacements, o.Batch, identity), w: w, sum: sha256.New()}
	wr.e.texts = &textSum{}
	if wr.e.cs.ReadOnly() {
		return nil, order.Errorf(order.Invalid, "", "format %s: %s can be read, not written", f.Name(), wr.e.cs.Name())
	}
	if f.workbook() {
		var err error
		if wr.book, err = newBookWriter(f, &countWriter{wr}); err != nil {
			return nil, err
		}
	}
	head, err := wr.e.head()
	if err != nil {
		return nil, err
	}
	if wr.book == nil {
		wr.buf = head
	}
	return wr, nil
}

// head returns the bytes before the first row.
func (e *encoder) head() ([]byte, error) {
	var out []byte
	if e.f.workbook() {
		return nil, nil
	}
	out = append(out, e.cs.BOM()...)
	if e.f.Spec.File.Header == "none" || e.f.Spec.File.Kind == "fixed" {
		return out, nil
	}
	plain := &outColumn{quote: quoteModes[e.f.Spec.File.Quote]}
	for _, row := range e.f.Spec.File.Above {
		for i, text := range row {
			if i > 0 {
				out = append(out, e.f.delimiter)
			}
			b, err := e.cs.Encode(text)
			if err != nil {
				return nil, fmt.Errorf("format %s: above the header: %w", e.f.Name(), err)
			}
			out = e.quoted(out, b, plain, text)
		}
		out = e.newline(out)
	}
	for i, c := range e.f.out {
		if i > 0 {
			out = append(out, e.f.delimiter)
		}
		b, err := e.cs.Encode(c.spec.Name)
		if err != nil {
			return nil, fmt.Errorf("format %s: header: %w", e.f.Name(), err)
		}
		q := *c
		if q.quote == quoteText {
			q.quote = quoteAlways
		}
		out = e.quoted(out, b, &q, c.spec.Name)
	}
	return e.newline(out), nil
}

// flushAt is how many bytes are gathered before they are written.
const flushAt = 256 << 10

// WriteGroup writes the lines of one instruction. A *[HeldError] means that they
// break a rule and that nothing of them was written; the writer can go on.
func (w *Writer) WriteGroup(records []record.Record) error {
	if w.failed != nil {
		return w.failed
	}
	if len(records) == 0 {
		return nil
	}
	w.rows = rows(w.rows[:0], records)
	if w.book != nil {
		return w.writeBook()
	}
	start := len(w.buf)
	var n int
	sum, rows := w.e.texts.sum, w.e.texts.rows
	w.buf, n = w.e.appendGroup(w.buf, w.rows, nil)
	if len(w.e.holds) > 0 {
		w.buf = w.buf[:start]
		w.e.texts.sum, w.e.texts.rows = sum, rows
		return &HeldError{append([]order.Hold(nil), w.e.holds...)}
	}
	w.s.Rows += int64(n)
	w.s.Groups++
	if len(w.buf) >= flushAt {
		w.flush()
	}
	return w.failed
}

// WriteAll writes the groups that next yields a few at a time, in their order, and
// encodes them in several goroutines. records makes the records of a group, into dst
// where it has room, and is called by several goroutines at once. held is told of each
// group that breaks a rule and is left out. next ends with io.EOF.
func WriteAll[T any](ctx context.Context, w *Writer, next func() ([]T, error), records func(dst []record.Record, group T) []record.Record, held func(group T, holds []order.Hold)) error {
	if w.book != nil {
		return writeInTurn(w, next, records, held)
	}
	w.flush()
	workers := runtime.GOMAXPROCS(0)
	encoders := make([]*partWriter, workers)
	var pool sync.Pool // of buffers
	type heldGroup struct {
		group T
		holds []order.Hold
	}
	type part struct {
		buf    *[]byte
		sum    uint64
		rows   int64
		groups int64
		held   []heldGroup
	}
	err := ordered(ctx, workers, next, func(n int, groups []T) (part, error) {
		p := encoders[n]
		if p == nil {
			p = w.part()
			encoders[n] = p
		}
		buf, _ := pool.Get().(*[]byte)
		if buf == nil {
			buf = new([]byte)
		}
		out := part{buf: buf}
		*buf = (*buf)[:0]
		for _, g := range groups {
			p.records = records(p.records, g)
			var holds []order.Hold
			if *buf, holds = p.group(*buf); len(holds) > 0 {
				out.held = append(out.held, heldGroup{g, holds})
			} else {
				out.groups++
			}
		}
		out.sum, out.rows = p.e.texts.take()
		return out, nil
	}, func(p part) error {
		for _, h := range p.held {
			held(h.group, h.holds)
		}
		_, w.failed = (&countWriter{w}).Write(*p.buf)
		w.e.texts.join(p.sum, p.rows)
		w.s.Rows += p.rows
		w.s.Groups += p.groups
		pool.Put(p.buf)
		return w.failed
	}, nil)
	for _, p := range encoders {
		if p != nil {
			for k, n := range p.e.made {
				w.e.made[k] += n
			}
		}
	}
	if w.failed == nil {
		w.failed = err
	}
	return err
}

func writeInTurn[T any](w *Writer, next func() ([]T, error), records func([]record.Record, T) []record.Record, held func(T, []order.Hold)) error {
	var recs []record.Record
	for {
		groups, err := next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		for _, g := range groups {
			recs = records(recs, g)
			var bad *HeldError
			if err := w.WriteGroup(recs); errors.As(err, &bad) {
				held(g, bad.Holds)
			} else if err != nil {
				return err
			}
		}
	}
}

// A partWriter encodes groups for a writer beside others that do.
type partWriter struct {
	e       *encoder
	records []record.Record
	rows    [][]string
}

func (w *Writer) part() *partWriter {
	e := w.f.newEncoder(w.o.Charset, w.o.Replacements, w.o.Batch, identity)
	e.texts = &textSum{}
	return &partWriter{e: e}
}

// group appends the rows of the records, or tells what they break.
func (p *partWriter) group(dst []byte) ([]byte, []order.Hold) {
	if len(p.records) == 0 {
		return dst, nil
	}
	start, sum, count := len(dst), p.e.texts.sum, p.e.texts.rows
	p.rows = rows(p.rows[:0], p.records)
	dst, _ = p.e.appendGroup(dst, p.rows, nil)
	if len(p.e.holds) == 0 {
		return dst, nil
	}
	p.e.texts.sum, p.e.texts.rows = sum, count
	return dst[:start], append([]order.Hold(nil), p.e.holds...)
}

func (w *Writer) writeBook() error {
	lines := w.e.groupCells(w.rows)
	if len(w.e.holds) > 0 {
		return &HeldError{append([]order.Hold(nil), w.e.holds...)}
	}
	row := make([]workbook.Value, len(w.f.out))
	for _, cells := range lines {
		for i, c := range w.f.out {
			row[i] = bookValue(c, cells[i])
			w.e.texts.add(cells[i])
		}
		w.e.texts.endRow()
		if w.failed = w.book.WriteRow(row); w.failed != nil {
			return w.failed
		}
	}
	w.s.Rows += int64(len(lines))
	w.s.Groups++
	return nil
}

// groupCells returns the rows of a group as texts.
func (e *encoder) groupCells(records [][]string) [][]string {
	e.holds = e.holds[:0]
	e.row.first = records[0]
	if e.f.itemText != nil {
		e.foldItems(records)
	}
	if e.f.Spec.Rows != record.PerLine {
		records = records[:1]
	}
	var out [][]string
	for i, r := range records {
		e.row.vals, e.row.line = r, i+1
		e.startRow()
		cells := make([]string, len(e.f.out))
		for j, c := range e.f.out {
			cells[j] = e.checked(c)
		}
		out = append(out, cells)
	}
	return out
}

func (w *Writer) flush() {
	if w.failed == nil && len(w.buf) > 0 {
		_, w.failed = (&countWriter{w}).Write(w.buf)
	}
	w.buf = w.buf[:0]
}

// A countWriter writes to the writer's target and keeps the sum.
type countWriter struct{ w *Writer }

func (c *countWriter) Write(b []byte) (int, error) {
	n, err := c.w.w.Write(b)
	c.w.sum.Write(b[:n])
	c.w.s.Bytes += int64(n)
	return n, err
}

// Close writes what is left. It does not close the io.Writer below.
func (w *Writer) Close() (Summary, error) {
	if w.book != nil {
		if w.failed == nil {
			w.failed = w.book.Close()
		}
	} else {
		w.flush()
	}
	w.s.SHA256 = hex.EncodeToString(w.sum.Sum(nil))
	w.s.Changed = w.e.made
	if w.e.texts != nil {
		w.s.text = w.e.texts.sum
	}
	return w.s, w.failed
}

// FileName returns the name of a batch's file, without a folder.
func (f *Format) FileName(b Batch) (string, error) {
	if f.fileName == nil {
		ext := map[string]string{"tsv": ".tsv", "fixed": ".txt", "xlsx": ".xlsx", "workbook": ".xlsx", "xls": ".xls"}[f.Spec.File.Kind]
		if ext == "" {
			ext = ".csv"
		}
		return f.Name() + "_" + b.Number + ext, nil
	}
	if b.Zone == nil {
		b.Zone = f.zone
	}
	shown := struct {
		Batch, Warehouse, Account string
		Seq                       int
		Time                      time.Time
	}{b.Number, b.Warehouse, b.Account, b.Seq, b.Time.In(b.Zone)}
	var out bytes.Buffer
	if err := f.fileName.Execute(&out, shown); err != nil {
		return "", fmt.Errorf("format %s: file name: %w", f.Name(), err)
	}
	name := out.String()
	if name == "" || strings.ContainsAny(name, "/\\\x00\n\r") || name == "." || name == ".." {
		return "", order.Errorf(order.Invalid, "change file.name of the format", "format %s: %q is no file name", f.Name(), name)
	}
	return name, nil
}
