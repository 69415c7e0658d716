package format

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/mallbridge/mallbridge/mappers/sheet"
	"github.com/mallbridge/mallbridge/order"
)

// A Pair says that a mall gives its sheet as two files: one with a row for each order,
// one with a row for each line. Joined they are one file, in which the rows of the
// second stand below those of the first. A title that both have gets the prefix line:
// in the second.
type Pair struct {
	Key    string   `yaml:"key"`    // column of both files that tells the order
	Orders []string `yaml:"orders"` // columns by which the file of orders is known
	Lines  []string `yaml:"lines"`  // columns by which the file of lines is known
	at     pos
}

// linePrefix marks a title of the second file that the first has too.
const linePrefix = "line:"

// A Half is what a file is to a format whose sheet is a pair of files.
type Half uint8

// Halves.
const (
	NoHalf     Half = iota // a whole sheet, or none of this format
	OrdersHalf             // it has the orders
	LinesHalf              // it has the lines
)

// Half looks at the file's header. A file that cannot be read is no half; reading it
// says why.
func (f *Format) Half(src Source) Half {
	if f.Spec.Pair == nil {
		return NoHalf
	}
	h, err := f.half(src)
	if err != nil {
		return NoHalf
	}
	has := func(names []string) bool {
		for _, n := range names {
			if _, ok := h.places[key(n)]; !ok {
				return false
			}
		}
		return true
	}
	switch orders, lines := has(f.Spec.Pair.Orders), has(f.Spec.Pair.Lines); {
	case orders && !lines:
		return OrdersHalf
	case lines && !orders:
		return LinesHalf
	}
	return NoHalf
}

// Keys returns the orders that a half is about.
func (f *Format) Keys(src Source) (map[string]bool, error) {
	h, err := f.half(src)
	if err != nil {
		return nil, err
	}
	at, ok := h.places[key(f.Spec.Pair.Key)]
	if !ok {
		e := h.fail(order.RefusedColumns, "add it to the template of the download", "the file lacks the column 「%s」, by which it is joined to the other", f.Spec.Pair.Key)
		e.Column = f.Spec.Pair.Key
		return nil, e
	}
	out := map[string]bool{}
	var buf []byte
	err = h.rows(func(b *sheet.Block, i int) {
		if row := b.Row(i); at < len(row) {
			buf = row[at].Append(buf[:0], b.Data)
			if k := trim(buf); len(k) > 0 && !out[string(k)] {
				out[string(k)] = true
			}
		}
	})
	return out, err
}

// Join writes the two halves of a sheet to w as one file. The order of rows is kept,
// and a row with too many or too few columns stays one, so that reading refuses it.
func (f *Format) Join(w io.Writer, orders, lines Source) error {
	o, err := f.half(orders)
	if err != nil {
		return err
	}
	l, err := f.half(lines)
	if err != nil {
		return err
	}
	if o.cs.Name() != l.cs.Name() && !o.plain && !l.plain {
		return l.fail(order.RefusedCharset, "download both files in the same way", "the file is in %s, %s in %s", l.cs.Name(), orders.Name, o.cs.Name())
	}
	comma := []byte{f.delimiter}
	head := bytes.Join([][]byte{o.head, l.titles(o)}, comma)
	if _, err := w.Write(append(head, '\r', '\n')); err != nil {
		return err
	}
	after, before := bytes.Repeat(comma, l.width), bytes.Repeat(comma, o.width)
	var failed error
	put := func(a, b []byte) {
		if failed == nil {
			_, failed = w.Write(append(append(append([]byte(nil), a...), b...), '\r', '\n'))
		}
	}
	if err := o.rows(func(b *sheet.Block, i int) { put(b.Raw(i), after) }); err != nil {
		return err
	}
	if err := l.rows(func(b *sheet.Block, i int) { put(before, b.Raw(i)) }); err != nil {
		return err
	}
	return failed
}

// A halfFile is one of two files, with its header.
type halfFile struct {
	opened
	places map[string]int
	head   []byte // the header as it stands, without line end
	titles func(*halfFile) []byte
	plain  bool // ASCII only
}

func (f *Format) half(src Source) (*halfFile, error) {
	h := &halfFile{opened: opened{f: f, src: src, cs: f.cs, delimiter: f.delimiter, exact: true}, places: map[string]int{}}
	mark := make([]byte, min(int64(len(utf8BOM)), src.Size))
	if _, err := src.R.ReadAt(mark, 0); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: %w", src.Name, err)
	}
	if bytes.Equal(mark, utf8BOM) {
		h.start, h.cs = int64(len(mark)), utf8Charset()
	} else if err := h.chooseCharset(); err != nil {
		return nil, err
	}
	var err error
	if _, h.plain, err = h.isUTF8(); err != nil {
		return nil, err
	}
	ch, err := h.chunks(0).Next()
	if errors.Is(err, io.EOF) {
		e := h.fail(order.RefusedFile, "ask for the file again", "the file has no bytes")
		e.Err = ErrEmpty
		return nil, e
	}
	if err != nil {
		return nil, h.readError(err)
	}
	defer ch.Release()
	var b sheet.Block
	h.split(&b, ch.Data)
	if b.Rows() == 0 {
		return nil, h.fail(order.RefusedFile, "ask for the file again", "the file has no rows")
	}
	if h.header, err = h.cells(&b, 0); err != nil {
		e := h.fail(order.RefusedCharset, "check the charset of the format, or ask for the file again", "the header is not in %s: %v", h.cs.Name(), err)
		e.Line, e.Err = 1, err
		return nil, e
	}
	h.width, h.head = len(h.header), bytes.Clone(b.Raw(0))
	var raw [][]byte
	for i, s := range b.Row(0) {
		if _, twice := h.places[key(h.header[i])]; !twice {
			h.places[key(h.header[i])] = i
		}
		raw = append(raw, s.Append(nil, b.Data))
	}
	h.titles = func(first *halfFile) []byte {
		var out []byte
		for i, t := range raw {
			if i > 0 {
				out = append(out, h.delimiter)
			}
			if _, both := first.places[key(h.header[i])]; both {
				t = append([]byte(linePrefix), t...)
			}
			if sheet.NeedsQuotes(t, h.delimiter) {
				out = sheet.AppendQuoted(out, t)
			} else {
				out = append(out, t...)
			}
		}
		return out
	}
	h.line = 1 + int64(b.LinesBefore(min(1, b.Rows())))
	h.start += int64(b.Offset(1))
	return h, nil
}

// rows calls do for every row below the header. It refuses a file that ends in the
// middle of a row.
func (h *halfFile) rows(do func(b *sheet.Block, i int)) error {
	chunks := h.chunks(0)
	var b sheet.Block
	for {
		ch, err := chunks.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return h.readError(err)
		}
		h.split(&b, ch.Data)
		n := b.Rows()
		for i := range n {
			row := b.Row(i)
			if last := ch.Last && i == n-1; last && (b.Open || b.Bare && len(row) < h.width && len(bytes.TrimSpace(b.Raw(i))) > 0) {
				e := h.fail(order.RefusedFile, "wait until the file is complete and drop it again", "the file ends in the middle of a row: it is half-written")
				e.Line, e.Err = int(ch.Line)+b.LinesBefore(i), io.ErrUnexpectedEOF
				ch.Release()
				return e
			}
			if len(b.Raw(i)) > 0 {
				do(&b, i)
			}
		}
		ch.Release()
	}
}

// pairing checks what the format says of its two files.
func (c *compiler) pairing() {
	p := c.f.Spec.Pair
	if p == nil {
		return
	}
	if !c.f.carry || !c.f.heads.set() {
		c.r.at(p.at, "carry: {heads: …} tells rows of orders from rows of lines", "pair: the rows of orders must be taken over by those of lines")
	}
	if c.f.Spec.File.Kind != "csv" && c.f.Spec.File.Kind != "tsv" {
		c.r.at(p.at, "", "pair: only text files with columns are joined")
	}
	if p.Key == "" || len(p.Orders) == 0 || len(p.Lines) == 0 {
		c.r.at(p.at, "pair: {key: Id, orders: [ShipName], lines: [LineId]}", "pair needs key, orders and lines")
	}
	for _, name := range append(append([]string{p.Key, linePrefix + p.Key}, p.Orders...), p.Lines...) {
		if _, ok := c.f.columns[key(name)]; !ok && strings.TrimPrefix(name, linePrefix) != "" {
			c.r.at(p.at, "name it under columns:", "pair: there is no column %q", name)
		}
	}
}
