package sheet

import (
	"bytes"
	"fmt"
)

// Limits of what is taken as a row. Larger ones are errors, not data.
const (
	MaxField   = 1 << 20  // bytes of one field
	MaxRow     = 10 << 20 // bytes of one row
	MaxColumns = 10_000
)

// A Dialect tells how a file marks its fields.
type Dialect struct {
	Delimiter byte // an ASCII character; comma where 0
	NoQuotes  bool // the double quote is a character like others
}

func (d Dialect) delimiter() byte {
	if d.Delimiter == 0 {
		return ','
	}
	return d.Delimiter
}

// A Span is one field inside a block's data. It excludes the quotes around the
// field.
type Span struct {
	Off uint32
	len uint32 // upper 8 bits are flags
}

// Marks are what is known of a field besides its bytes.
type Marks uint8

// The marks of a field.
const (
	Quoted  Marks = 1 << iota // stood in quotes
	Escaped                   // quoted and has doubled quotes, see Span.Append
	Broken                    // bytes follow the closing quote, or it is missing
	Number                    // a workbook's numeric cell
	Date                      // a workbook's date cell
	Formula                   // a workbook's formula cell, shown by its stored result
	Fault                     // a workbook's error cell such as #N/A
	Huge                      // longer than MaxField; the span is cut
)

const lenMask = 1<<24 - 1

// MakeSpan returns the span of n bytes from off; n is cut to [MaxField] and then
// marked [Huge].
func MakeSpan(off, n int, m Marks) Span {
	if n > MaxField {
		n, m = MaxField, m|Huge
	}
	return Span{uint32(off), uint32(n) | uint32(m)<<24}
}

// Len returns the length in bytes as they stand in the file.
func (s Span) Len() int { return int(s.len & lenMask) }

// Marks returns what is known of the field.
func (s Span) Marks() Marks { return Marks(s.len >> 24) }

// Bytes returns the field's bytes as they stand in data, doubled quotes included.
func (s Span) Bytes(data []byte) []byte { return data[s.Off : s.Off+s.len&lenMask] }

// Append appends the field's value to dst, doubled quotes made single.
func (s Span) Append(dst, data []byte) []byte {
	b := s.Bytes(data)
	if s.Marks()&Escaped == 0 {
		return append(dst, b...)
	}
	for {
		i := bytes.IndexByte(b, '"')
		if i < 0 || i+1 >= len(b) {
			return append(dst, b...)
		}
		dst = append(dst, b[:i+1]...)
		b = b[i+1:]
		if b[0] == '"' {
			b = b[1:]
		}
	}
}

// A Block is a run of whole rows, split into fields. A block may be used again:
// splitting into it overwrites it.
type Block struct {
	Data  []byte
	Spans []Span   // fields of all rows, one after another
	Ends  []uint32 // Ends[i] is the end of row i in Spans

	// Irregular reports a quote where RFC 4180 has none. The number of quotes
	// then tells nothing about where rows end; see Chunks.
	Irregular bool
	// Open reports that the data ends inside quotes.
	Open bool
	// Bare reports that the last row has no line end.
	Bare bool
	// Numbers holds the row numbers of a workbook's sheet; nil in other files.
	Numbers []int32
}

// Rows returns how many rows the block has.
func (b *Block) Rows() int { return len(b.Ends) }

// Row returns the fields of row i.
func (b *Block) Row(i int) []Span {
	start := uint32(0)
	if i > 0 {
		start = b.Ends[i-1]
	}
	return b.Spans[start:b.Ends[i]]
}

// LinesBefore counts the line feeds before row i: added to the number of the
// block's first line it gives the physical line on which the row begins. Rows of
// a workbook's sheet are counted, whatever their cells hold.
func (b *Block) LinesBefore(i int) int {
	if b.Numbers != nil {
		return i
	}
	return bytes.Count(b.Data[:b.rowStart(i)], []byte{'\n'})
}

// rowStart returns the offset at which row i begins; that of the row after the
// last is the end.
func (b *Block) rowStart(i int) int {
	if i >= b.Rows() {
		return len(b.Data)
	}
	r := b.Row(i)
	if len(r) == 0 {
		return 0
	}
	off := int(r[0].Off)
	if r[0].Marks()&Quoted != 0 {
		off--
	}
	return off
}

// Raw returns row i as it stands in the file, without its line end.
func (b *Block) Raw(i int) []byte {
	start, end := b.rowStart(i), len(b.Data)
	if i+1 < b.Rows() {
		end = b.rowStart(i + 1)
	}
	return bytes.TrimRight(b.Data[start:end], "\r\n")
}

// Reset empties the block and gives it other data.
func (b *Block) Reset(data []byte) {
	*b = Block{Data: data, Spans: b.Spans[:0], Ends: b.Ends[:0], Numbers: b.Numbers[:0]}
}

// A LimitError says that a row is beyond what is taken.
type LimitError struct {
	Line  int // physical line on which the row begins, from 1
	What  string
	Limit int
}

func (e *LimitError) Error() string {
	return fmt.Sprintf("line %d: %s, the limit is %d", e.Line, e.What, e.Limit)
}

// Offset returns where row i begins in the data; for one past the last row it is
// where the data ends.
func (b *Block) Offset(i int) int {
	if i >= b.Rows() {
		return len(b.Data)
	}
	return b.rowStart(i)
}
