package sheet

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"sync"
)

// ChunkSize is how many bytes a chunk aims at.
const ChunkSize = 1 << 20

// ErrIrregular says that quotes stand where RFC 4180 has none, so that rows must
// be found by reading every field: set [ChunkOptions].Exact and begin again.
var ErrIrregular = errors.New("quotes stand inside unquoted fields")

// A Chunk is a run of whole rows of a file.
type Chunk struct {
	Index  int   // 0, 1, …
	Offset int64 // of Data in the file
	Line   int64 // number of the first line, from 1
	Last   bool  // the file ends here
	Data   []byte

	buf  []byte
	pool *sync.Pool
}

// Release gives the chunk's memory back; Data must not be used any more.
func (c *Chunk) Release() {
	if buf := c.buf; c.pool != nil && buf != nil {
		c.pool.Put(&buf)
	}
	c.Data, c.buf = nil, nil
}

// ChunkOptions tell how a file is cut.
type ChunkOptions struct {
	Dialect Dialect
	Start   int64 // offset of the first row
	Line    int64 // number of the line there; 1 where 0
	Size    int   // bytes a chunk aims at; ChunkSize where 0
	Exact   bool  // find rows by reading every field instead of counting quotes
	Plain   bool  // rows end at line feeds whatever the quotes; fixed width
	Record  int   // rows are so many bytes long, without line ends; fixed width
}

// Chunks reads a file chunk by chunk. The same options give the same chunks each
// time.
type Chunks struct {
	r    io.ReaderAt
	size int64
	o    ChunkOptions
	off  int64
	line int64
	n    int
	pool sync.Pool
	rest []byte // read, but after the last whole row
	cr   int8   // 1: rows end with CR alone; 0: not known yet; -1: no
}

// NewChunks reads the size bytes of r.
func NewChunks(r io.ReaderAt, size int64, o ChunkOptions) *Chunks {
	if o.Size <= 0 {
		o.Size = ChunkSize
	}
	if o.Line <= 0 {
		o.Line = 1
	}
	return &Chunks{r: r, size: size, o: o, off: o.Start, line: o.Line}
}

// Next returns the next chunk, or io.EOF after the last. A row longer than
// [MaxRow] is a *[LimitError].
func (c *Chunks) Next() (*Chunk, error) {
	at := c.off // of the first byte of the chunk
	if at >= c.size {
		return nil, io.EOF
	}
	buf := c.buffer(c.o.Size + len(c.rest))
	buf = append(buf, c.rest...)
	c.rest = c.rest[:0]
	want := c.o.Size
	for {
		n := min(int64(want), c.size-at-int64(len(buf)))
		var err error
		if buf, err = c.fill(buf, at+int64(len(buf)), int(n)); err != nil {
			return nil, err
		}
		last := at+int64(len(buf)) == c.size
		end := len(buf)
		if !last {
			end = c.boundary(buf)
		} else if end > 0 && buf[end-1] == 0x1A {
			end--
		}
		if end == 0 && !last {
			if len(buf) > MaxRow {
				return nil, &LimitError{Line: int(c.line), What: "the row has more bytes than a row may have; is a closing quote missing?", Limit: MaxRow}
			}
			want = min(len(buf), MaxRow)
			continue
		}
		ch := &Chunk{Index: c.n, Offset: at, Line: c.line, Last: last, Data: buf[:end], buf: buf, pool: &c.pool}
		c.n++
		c.line += int64(bytes.Count(ch.Data, lf))
		if last {
			c.off = c.size
		} else {
			c.off = at + int64(end)
			c.rest = append(c.rest, buf[end:]...)
		}
		return ch, nil
	}
}

var lf = []byte{'\n'}

func (c *Chunks) buffer(n int) []byte {
	if p, ok := c.pool.Get().(*[]byte); ok && cap(*p) >= n {
		return (*p)[:0]
	}
	return make([]byte, 0, n+n/16)
}

func (c *Chunks) fill(buf []byte, off int64, n int) ([]byte, error) {
	old := len(buf)
	if cap(buf) < old+n {
		buf = append(make([]byte, 0, old+n), buf...)
	}
	buf = buf[:old+n]
	got, err := c.r.ReadAt(buf[old:], off)
	if got < n {
		if err == nil || errors.Is(err, io.EOF) {
			err = fmt.Errorf("%w: the file became shorter while it was read", io.ErrUnexpectedEOF)
		}
		return nil, err
	}
	c.onlyCR(buf, old, off+int64(n))
	return buf, nil
}

// onlyCR turns the line ends of an old Macintosh file into line feeds. at is the
// place in the file where buf ends.
func (c *Chunks) onlyCR(buf []byte, from int, at int64) {
	if c.cr == 0 {
		i, n := bytes.IndexByte(buf, '\r'), bytes.IndexByte(buf, '\n')
		if i >= 0 && i == len(buf)-1 && n < 0 && at < c.size {
			return // its line feed may come with the next bytes
		}
		c.cr = -1
		if i >= 0 && n < 0 {
			// A first line of a megabyte and more is no line.
			c.cr, from = 1, 0
		}
	}
	if c.cr < 0 {
		return
	}
	for i := from; i < len(buf); i++ {
		if buf[i] == '\r' {
			buf[i] = '\n'
		}
	}
}

// boundary returns the end of the last whole row of b, which begins at the start
// of a row; 0 when it holds none.
func (c *Chunks) boundary(b []byte) int {
	switch {
	case c.o.Record > 0:
		return len(b) / c.o.Record * c.o.Record
	case c.o.Plain || c.o.Dialect.NoQuotes:
		return bytes.LastIndexByte(b, '\n') + 1
	case c.o.Exact:
		return exactEnd(b, c.o.Dialect.delimiter())
	}
	// Before a line feed that ends a row stands an even number of quotes.
	odd := bytes.Count(b, quote)&1 == 1
	for end := len(b); ; {
		i := bytes.LastIndexByte(b[:end], '\n')
		if i < 0 {
			return 0
		}
		odd = odd != (bytes.Count(b[i+1:end], quote)&1 == 1)
		if !odd {
			return i + 1
		}
		end = i
	}
}

var quote = []byte{'"'}

// exactEnd finds the last row end by the splitter's own rules.
func exactEnd(b []byte, comma byte) int {
	last := 0
	for p := 0; p < len(b); {
		if b[p] == '"' {
			end, _, closed := closing(b, p+1, 0)
			// A quote that ends the buffer may be the first half of a doubled one.
			if !closed || end+1 == len(b) {
				return last
			}
			p = end + 1
		}
		p += until(b[p:], comma)
		if p < len(b) && b[p] == '\n' {
			last = p + 1
		}
		p++
	}
	return last
}
