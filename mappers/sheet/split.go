package sheet

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/bits"
	"sort"
)

// Split splits data, which begins at the start of a row and holds whole rows.
// The last row may lack its line end. data is kept, not copied.
func (b *Block) Split(data []byte, d Dialect) {
	if !b.quick(data, d, math.MaxInt, 0) {
		b.byField(data, d)
	}
}

// byField splits data with quotes, one field after the other, whatever they hold.
func (b *Block) byField(data []byte, d Dialect) {
	b.Reset(data)
	comma := d.delimiter()
	spans, rows := b.Spans, b.Ends
	var ends [256]bool // one look at a byte is faster than three
	ends[comma], ends['\n'], ends['"'] = true, true, true
	p := 0
	for p < len(data) {
		// One field a turn.
		var start, end int
		var marks Marks
		if data[p] == '"' {
			start, marks = p+1, Quoted
			var closed bool
			end, marks, closed = closing(data, start, marks)
			p = end + 1
			if !closed {
				b.Open = true
				marks |= Broken
				p = len(data)
			} else if p < len(data) && data[p] != comma && data[p] != '\n' && (data[p] != '\r' || p+1 < len(data) && data[p+1] != '\n') {
				b.Irregular = true
				marks |= Broken
				p += until(data[p:], comma)
				end = p
				if p < len(data) && data[p] == '\n' && data[p-1] == '\r' {
					end--
				}
			}
			if p < len(data) && data[p] == '\r' {
				p++
			}
		} else {
			start = p
			for {
				for p < len(data) && !ends[data[p]] {
					p++
				}
				if p == len(data) || data[p] != '"' {
					break
				}
				b.Irregular = true
				p++
			}
			end = p
			if end > start && data[end-1] == '\r' && (p == len(data) || data[p] == '\n') {
				end--
			}
		}
		spans = append(spans, MakeSpan(start, end-start, marks))
		if p == len(data) {
			rows = append(rows, uint32(len(spans)))
			b.Bare = true
			break
		}
		if data[p] == '\n' {
			rows = append(rows, uint32(len(spans)))
			p++
			continue
		}
		p++
		if p == len(data) { // the last field of the last row is empty
			spans = append(spans, MakeSpan(p, 0, 0))
			rows = append(rows, uint32(len(spans)))
			b.Bare = true
		}
	}
	b.Spans, b.Ends = spans, rows
}

// SplitHeads is [Block.Split] for a caller who looks at no more than the first n fields
// of a row, and at the first of all: rows may lack the others.
func (b *Block) SplitHeads(data []byte, d Dialect, n int) {
	if !b.quick(data, d, max(n, 1), 0) { // Offset needs one
		b.byField(data, d)
	}
}

// SplitEven is [Block.SplitHeads] for rows of width fields, of which there are n at
// least. It reports false, and the block is of no use, where a row has more or fewer or
// a quote stands where RFC 4180 has none.
func (b *Block) SplitEven(data []byte, d Dialect, n, width int) bool {
	return b.quick(data, d, n, width)
}

// quick splits rows up to their first n fields. It reports false where a quote stands
// where RFC 4180 has none or the last one is open, and where a row does not have width
// fields, if that is not 0.
func (b *Block) quick(data []byte, d Dialect, n, width int) bool {
	if d.NoQuotes || bytes.IndexByte(data, '"') < 0 {
		return b.heads(data, d.delimiter(), n, width)
	}
	return b.regular(data, d.delimiter(), n, width)
}

// heads splits rows without quotes up to their first n fields, and reports whether they
// have width fields if it is not 0.
func (b *Block) heads(data []byte, comma byte, n, width int) bool {
	b.Reset(data)
	for p := 0; p < len(data); {
		end, next := len(data), len(data)
		if i := bytes.IndexByte(data[p:], '\n'); i >= 0 {
			end, next = p+i, p+i+1
		} else {
			b.Bare = true
		}
		if end > p && data[end-1] == '\r' {
			end--
		}
		first := len(b.Spans)
		p = b.fields(p, end, n, comma)
		if fields := len(b.Spans) - first; width > 0 {
			if p <= end {
				fields += 1 + bytes.Count(data[p:end], []byte{comma})
			}
			if fields != width {
				return false
			}
		}
		b.endRow()
		p = next
	}
	return true
}

// fields appends the first n fields of data from p to end, and returns where the next
// one begins: behind end where there is none.
func (b *Block) fields(p, end, n int, comma byte) int {
	data, spans := b.Data, b.Spans
	commas := ones * uint64(comma)
	q := p
	for ; n > 0 && q+8 <= end; q += 8 {
		x := binary.LittleEndian.Uint64(data[q:]) ^ commas
		for m := ^(x&^highs + ^uint64(highs) | x | ^uint64(highs)); m != 0 && n > 0; m &= m - 1 {
			at := q + bits.TrailingZeros64(m)>>3
			spans = append(spans, MakeSpan(p, at-p, 0))
			p, n = at+1, n-1
		}
	}
	for ; n > 0 && q < end; q++ {
		if data[q] == comma {
			spans = append(spans, MakeSpan(p, q-p, 0))
			p, n = q+1, n-1
		}
	}
	if n > 0 {
		spans = append(spans, MakeSpan(p, end-p, 0))
		p = end + 1
	}
	b.Spans = spans
	return p
}

// regular is quick for rows with quotes. It looks at 64 bytes at a time: a bit for each
// says whether it is a quote, and one whether it ends a field, unless an odd number of
// quotes is before it.
func (b *Block) regular(data []byte, comma byte, n, width int) bool {
	b.Reset(data)
	commas := ones * uint64(comma)
	spans, rows := b.Spans, b.Ends
	q := quoting{begins: 1}
	var last [64]byte
	start, inRow := 0, 0 // where the field at hand begins, and fields of its row
	for at := 0; at < len(data); at += 64 {
		block := data[at:]
		if len(block) < 64 {
			copy(last[:], block)
			block = last[:]
		}
		ends, quoted := bitsOf((*[64]byte)(block), commas)
		if !q.block(&ends, quoted, data, at) {
			return false
		}
		for ; ends != 0; ends &= ends - 1 {
			i := at + bits.TrailingZeros64(ends)
			if inRow++; inRow <= n {
				end := i
				if data[i] == '\n' && end > start && data[end-1] == '\r' {
					end--
				}
				quotes := 0 // reckoned with: which fields have some is hard to foresee
				if data[start] == '"' {
					quotes = 1
				}
				spans = append(spans, MakeSpan(start+quotes, end-start-2*quotes, Marks(quotes)*Quoted))
			}
			start = i + 1
			if data[i] == '\n' {
				rows = append(rows, uint32(len(spans)))
				if width > 0 && inRow != width {
					return false
				}
				inRow = 0
			}
		}
	}
	if start < len(data) || inRow > 0 {
		b.Bare = true
		if inRow++; inRow <= n {
			end := len(data)
			if end > start && data[end-1] == '\r' {
				end--
			}
			if end > start && data[start] == '"' {
				spans = append(spans, MakeSpan(start+1, end-start-2, Quoted))
			} else {
				spans = append(spans, MakeSpan(start, end-start, 0))
			}
		}
		rows = append(rows, uint32(len(spans)))
		if width > 0 && inRow != width {
			return false
		}
	}
	for _, at := range q.doubled {
		i := sort.Search(len(spans), func(i int) bool { return spans[i].Off > at }) - 1
		if s := spans[i]; at < s.Off+uint32(s.Len()) {
			spans[i] = MakeSpan(int(s.Off), s.Len(), s.Marks()|Escaped)
		}
	}
	b.Spans, b.Ends = spans, rows
	return q.inside == 0
}

// quoting is what is known of quotes between two blocks of 64 bytes.
type quoting struct {
	inside  uint64   // all bits, where the next byte stands in quotes
	begins  uint64   // 1 where it may begin a quoted field or double a quote
	closed  uint64   // 1 where a closing quote is before it
	doubled []uint32 // where the second halves of doubled quotes are
}

// block takes those of ends away that stand in quotes. It reports false where a quote is
// neither at an end of its field nor doubled.
func (q *quoting) block(ends *uint64, quoted uint64, data []byte, at int) bool {
	if quoted|q.inside|q.closed == 0 {
		q.begins = *ends >> 63
		return true
	}
	in := quoted // and then all that have an odd number of quotes up to them
	in ^= in << 1
	in ^= in << 2
	in ^= in << 4
	in ^= in << 8
	in ^= in << 16
	in ^= in<<32 ^ q.inside
	opening, closing := quoted&in, quoted&^in
	*ends &^= in
	if opening&^((*ends|closing)<<1|q.begins) != 0 {
		return false
	}
	after := closing<<1 | q.closed
	for x := after & opening; x != 0; x &= x - 1 {
		q.doubled = append(q.doubled, uint32(at+bits.TrailingZeros64(x)))
	}
	for x := after &^ (*ends | opening); x != 0; x &= x - 1 {
		i := at + bits.TrailingZeros64(x)
		if i < len(data) && (data[i] != '\r' || i+1 < len(data) && data[i+1] != '\n') {
			return false
		}
	}
	q.inside, q.begins, q.closed = uint64(int64(in)>>63), (*ends|closing)>>63, closing>>63
	return true
}

// bitsOf returns which of 64 bytes are a comma or a line feed, and which are quotes.
func bitsOf(block *[64]byte, commas uint64) (ends, quoted uint64) {
	e, q := others(block[0:8], commas)
	ends, quoted = e>>7, q>>7
	e, q = others(block[8:16], commas)
	ends, quoted = ends|e>>6, quoted|q>>6
	e, q = others(block[16:24], commas)
	ends, quoted = ends|e>>5, quoted|q>>5
	e, q = others(block[24:32], commas)
	ends, quoted = ends|e>>4, quoted|q>>4
	e, q = others(block[32:40], commas)
	ends, quoted = ends|e>>3, quoted|q>>3
	e, q = others(block[40:48], commas)
	ends, quoted = ends|e>>2, quoted|q>>2
	e, q = others(block[48:56], commas)
	ends, quoted = ends|e>>1, quoted|q>>1
	e, q = others(block[56:64], commas)
	return ^turned(ends | e), ^turned(quoted | q)
}

// others sets the high bits of those of eight bytes that are neither comma nor line
// feed, and of those that are no quotes.
func others(b []byte, commas uint64) (ends, quoted uint64) {
	const low = ^uint64(highs)
	x := binary.LittleEndian.Uint64(b)
	y := x & low // nothing is carried from one byte to the next
	return (((y^commas)+low)&((y^ones*'\n')+low) | x) & highs, ((y ^ quotes) + low | x) & highs
}

// turned makes of bit i of byte k bit k of byte i.
func turned(x uint64) uint64 {
	t := (x ^ x>>7) & 0x00AA00AA00AA00AA
	x ^= t ^ t<<7
	t = (x ^ x>>14) & 0x0000CCCC0000CCCC
	x ^= t ^ t<<14
	t = (x ^ x>>28) & 0x00000000F0F0F0F0
	return x ^ t ^ t<<28
}

// closing returns the index of the quote that closes a field whose content begins
// at p, and whether there is one.
func closing(data []byte, p int, m Marks) (int, Marks, bool) {
	for {
		i := indexQuote(data[p:])
		if i < 0 {
			return len(data), m, false
		}
		p += i
		if p+1 >= len(data) || data[p+1] != '"' {
			return p, m, true
		}
		m |= Escaped
		p += 2
	}
}

const (
	ones   = 0x0101010101010101
	highs  = 0x8080808080808080
	quotes = ones * '"'
)

// indexQuote is bytes.IndexByte(b, '"') for values of a few bytes, where the call
// costs more than the search.
func indexQuote(b []byte) int {
	for i := 0; i+8 <= len(b); i += 8 {
		x := binary.LittleEndian.Uint64(b[i:]) ^ quotes
		if m := (x - ones) &^ x & highs; m != 0 {
			return i + bits.TrailingZeros64(m)>>3
		}
		if i == 64 {
			if j := bytes.IndexByte(b[i+8:], '"'); j >= 0 {
				return i + 8 + j
			}
			return -1
		}
	}
	tail := len(b) &^ 7
	for i, c := range b[tail:] {
		if c == '"' {
			return tail + i
		}
	}
	return -1
}

// until returns the index of the first comma or line feed, or len(b).
func until(b []byte, comma byte) int {
	for i, c := range b {
		if c == comma || c == '\n' {
			return i
		}
	}
	return len(b)
}

func (b *Block) endRow() { b.Ends = append(b.Ends, uint32(len(b.Spans))) }

// SplitFixed splits data into rows at line feeds, or every record bytes where
// record is not 0, and rows into fields of the given widths in bytes. A shorter
// row has fewer fields; what follows the last width becomes one more field.
func (b *Block) SplitFixed(data []byte, widths []int, record int) {
	b.Reset(data)
	for p := 0; p < len(data); {
		end, next := len(data), len(data)
		if record > 0 {
			end = min(p+record, len(data))
			next = end
			for next < len(data) && (data[next] == '\r' || data[next] == '\n') {
				next++
			}
		} else if i := bytes.IndexByte(data[p:], '\n'); i >= 0 {
			end, next = p+i, p+i+1
			if end > p && data[end-1] == '\r' {
				end--
			}
		} else {
			b.Bare = true
			if data[end-1] == '\r' {
				end--
			}
		}
		b.fixedRow(p, end, widths)
		p = next
	}
}

func (b *Block) fixedRow(p, end int, widths []int) {
	if p == end {
		b.Spans = append(b.Spans, MakeSpan(p, 0, 0))
	}
	for _, w := range widths {
		if p >= end {
			break
		}
		n := min(w, end-p)
		b.Spans = append(b.Spans, MakeSpan(p, n, 0))
		p += n
	}
	if p < end {
		b.Spans = append(b.Spans, MakeSpan(p, end-p, 0))
	}
	b.endRow()
}
