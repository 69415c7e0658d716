package sheet

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/bits"
)

// Split splits data, which begins at the start of a row and holds whole rows.
// The last row may lack its line end. data is kept, not copied.
func (b *Block) Split(data []byte, d Dialect) {
	if b.heads(data, d, math.MaxInt, 0) {
		return
	}
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
	if !b.heads(data, d, max(n, 1), 0) { // Offset needs one
		b.Split(data, d)
	}
}

// SplitEven is [Block.SplitHeads] for rows of width fields, of which there are n at
// least. It reports false, and the block is of no use, where a row has more or fewer or
// a quote stands anywhere.
func (b *Block) SplitEven(data []byte, d Dialect, n, width int) bool {
	return b.heads(data, d, n, width)
}

// heads splits rows without quotes up to their first n fields, and reports whether they
// are such, and have width fields if it is not 0.
func (b *Block) heads(data []byte, d Dialect, n, width int) bool {
	if !d.NoQuotes && bytes.IndexByte(data, '"') >= 0 {
		return false
	}
	b.Reset(data)
	comma := d.delimiter()
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
