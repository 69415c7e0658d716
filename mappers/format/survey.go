package format

import (
	"context"
	"encoding/binary"
	"errors"
	"io"

	"github.com/mallbridge/mallbridge/mappers/sheet"
	"github.com/mallbridge/mallbridge/order"
)

// A survey is what the first pass over a file found: that the file is whole, and
// which rows are the last of their group.
type survey struct {
	pieces []int32 // rows of each piece
	rows   int64
	last   bitmap
	kept   []*sheet.Block // of a spreadsheet of moderate size, which is then read once
}

// maxKept bounds the text of a spreadsheet that is kept between the passes.
const maxKept = 64 << 20

type bitmap []uint64

func (b bitmap) get(i int64) bool { return b[i>>6]&(1<<(i&63)) != 0 }
func (b bitmap) set(i int64)      { b[i>>6] |= 1 << (i & 63) }

// A pieceSurvey is what was found of one piece.
type pieceSurvey struct {
	hashes    []uint64 // of each row's group, 0 where it has none
	irregular bool
	open      bool
	short     bool // the very last row has no line end and lacks columns
	rows      int
	line      int64
	block     *sheet.Block
}

func (p *plan) survey(ctx context.Context) (*survey, error) {
	sv, err := p.surveyOnce(ctx)
	if errors.Is(err, sheet.ErrIrregular) {
		p.exact = true
		sv, err = p.surveyOnce(ctx)
	}
	return sv, err
}

func (p *plan) surveyOnce(ctx context.Context) (*survey, error) {
	sv := &survey{}
	next, stop, err := p.pieces(&survey{})
	if err != nil {
		return nil, err
	}
	defer stop()
	mappers := make([]*mapper, p.workers)
	seen := newSeen(p.src.Size)
	kept := 0
	if p.book != nil {
		sv.kept = []*sheet.Block{}
	}
	err = ordered(ctx, p.workers, next, func(w int, in piece) (*pieceSurvey, error) {
		if mappers[w] == nil {
			mappers[w] = newMapper(p, nil)
		}
		return mappers[w].survey(in)
	}, func(ps *pieceSurvey) error {
		if ps.irregular && !p.exact {
			return sheet.ErrIrregular
		}
		if err := p.whole(ps); err != nil {
			return err
		}
		for i, h := range ps.hashes {
			if h != 0 {
				seen.put(h, uint32(sv.rows)+uint32(i))
			}
		}
		sv.pieces = append(sv.pieces, int32(ps.rows))
		sv.rows += int64(ps.rows)
		if ps.block != nil && sv.kept != nil {
			sv.kept = append(sv.kept, ps.block)
			if kept += len(ps.block.Data) + 8*len(ps.block.Spans); kept > maxKept {
				sv.kept = nil
			}
		}
		return nil
	}, nil)
	if err != nil {
		return nil, err
	}
	if len(p.group) > 0 {
		sv.last = make(bitmap, sv.rows/64+1)
		seen.each(func(row uint32) { sv.last.set(int64(row)) })
	}
	return sv, nil
}

// whole refuses a file that ends in the middle of a row.
func (p *plan) whole(ps *pieceSurvey) error {
	if !ps.open && !ps.short {
		return nil
	}
	what := "the file ends inside quotes"
	if ps.short {
		what = "the file ends in the middle of a row"
	}
	e := p.fail(order.RefusedFile, "wait until the file is complete and drop it again", "%s: it is half-written", what)
	e.Line = int(ps.line)
	e.Err = io.ErrUnexpectedEOF
	return e
}

// survey looks at one piece: it splits it and hashes the keys of the groups.
func (m *mapper) survey(in piece) (*pieceSurvey, error) {
	ps := &pieceSurvey{}
	b := in.block
	if in.chunk != nil {
		b = &m.blk
		m.heads(b, in.chunk.Data)
		defer in.chunk.Release()
		ps.irregular = b.Irregular || b.Open && !in.chunk.Last
		if in.chunk.Last && b.Rows() > 0 {
			n := b.Rows() - 1
			ps.line = in.chunk.Line + int64(b.LinesBefore(n))
			ps.open = b.Open
			ps.short = b.Bare && !b.Open && m.cut(in.chunk.Data[b.Offset(n):], n == 0)
		}
	} else {
		ps.block = b
	}
	ps.rows = b.Rows()
	if len(m.p.group) == 0 {
		return ps, nil
	}
	ps.hashes = make([]uint64, b.Rows())
	m.cur = b
	for i := range ps.hashes {
		ps.hashes[i] = m.keyHash(b.Row(i))
	}
	return ps, nil
}

// heads splits the rows of a chunk as far as the keys of their groups are looked for.
func (m *mapper) heads(b *sheet.Block, data []byte) {
	switch {
	case m.fixed != nil || m.keyStep == nil && len(m.p.group) > 0:
		m.split(b, data)
	case m.keyStep == nil:
		b.SplitHeads(data, m.p.dialect(), 0)
	default:
		b.SplitHeads(data, m.p.dialect(), m.p.pos[m.keyStep.columns[0]]+1)
	}
}

// cut reports whether the last row, which has no line end, stops early: it lacks
// columns, or half a character stands at its end. only tells that no row is before it
// in its chunk.
func (m *mapper) cut(last []byte, only bool) bool {
	b := &sheet.Block{}
	m.split(b, last)
	row := b.Row(0)
	if len(row) == 1 && row[0].Len() == 0 || m.footer(row) {
		return false
	}
	if m.p.f.Spec.File.Kind != "fixed" && m.p.width > 0 && len(row) < m.p.width && (!only || m.p.header != nil) {
		return true
	}
	end := row[len(row)-1].Bytes(b.Data)
	if n := len(end); n > 0 && end[n-1] >= 0x80 {
		if _, err := m.p.cs.AppendDecode(nil, end); err != nil {
			_, err = m.p.cs.AppendDecode(nil, end[:n-1])
			return err == nil
		}
	}
	return false
}

// keyHash hashes the key of the row's group. It is 0 where there is none, and
// equal for equal keys; rarely for others too.
func (m *mapper) keyHash(row []sheet.Span) uint64 {
	if s := m.keyStep; s != nil {
		at := m.p.pos[s.columns[0]]
		if at < 0 || at >= len(row) {
			return 0
		}
		raw := row[at].Bytes(m.cur.Data)
		if len(raw) == 0 {
			return 0
		}
		if plainKey(raw) {
			return m.hash(raw)
		}
	}
	m.key = m.key[:0]
	for _, slot := range m.p.group {
		f := m.p.fields[slot]
		s := m.p.f.steps[m.p.f.producer[f]]
		var bad *fault
		var v []byte
		v, bad, _ = m.value(s, row)
		if bad != nil {
			v = m.raw(s, row)
		}
		m.key = append(append(m.key, v...), 0)
	}
	m.key = m.key[:len(m.key)-1]
	if empty(m.key) {
		return 0
	}
	return m.hash(m.key)
}

func empty(key []byte) bool {
	for _, c := range key {
		if c != 0 {
			return false
		}
	}
	return true
}

// hash is the same in every run, since the order of what is written may hang on it.
func (m *mapper) hash(b []byte) uint64 {
	h := uint64(len(b)) * hashPrime
	for len(b) >= 8 {
		h = (h ^ binary.LittleEndian.Uint64(b)) * hashPrime
		h ^= h >> 29
		b = b[8:]
	}
	var tail uint64
	for _, c := range b {
		tail = tail<<8 | uint64(c)
	}
	h = (h ^ tail) * hashPrime
	h = (h ^ h>>32) * hashPrime
	h ^= h >> 29
	// As many bits as seen keeps, so that its hashes are the sorter's.
	if h &= m.p.hashMask; h != 0 {
		return h
	}
	return 1
}

const hashPrime = 0x9E3779B97F4A7C15

// plainKey reports whether the bytes of a code are its canonical form.
func plainKey(b []byte) bool {
	if b[0] == '\'' || b[0] == '=' {
		return false
	}
	for _, c := range b {
		if c-0x21 >= 0x7F-0x21 || c == '"' {
			return false
		}
	}
	return true
}

// seen remembers the last row of every group, by hash, in eight bytes each. Two
// groups with one hash count as one, which ends where the later one does.
type seen struct {
	shards []seenShard
	shift  uint
}

type seenShard struct {
	slots []seenSlot
	n     int
}

type seenSlot struct{ hash, row1 uint32 }

// shardBits is how many bits of a hash choose the shard: the larger the file, the
// more of them must tell groups apart besides the 32 bits in a slot.
func shardBits(size int64) uint {
	n := uint(4)
	for n < 16 && size > 8<<10<<n {
		n++
	}
	return n
}

// hashMask is the bits of a hash that seen keeps.
func hashMask(size int64) uint64 { return ^uint64(0)<<(64-shardBits(size)) | 1<<32 - 1 }

func newSeen(size int64) *seen {
	bits := shardBits(size)
	return &seen{shards: make([]seenShard, 1<<bits), shift: 64 - bits}
}

func (s *seen) put(h uint64, row uint32) { s.shards[h>>s.shift].put(uint32(h), row+1) }

func (s *seenShard) put(h, row1 uint32) {
	if s.n*4 >= len(s.slots)*3 {
		s.grow()
	}
	mask := uint32(len(s.slots) - 1)
	for i := h & mask; ; i = (i + 1) & mask {
		switch e := &s.slots[i]; {
		case e.row1 == 0:
			*e = seenSlot{h, row1}
			s.n++
			return
		case e.hash == h:
			e.row1 = row1
			return
		}
	}
}

func (s *seenShard) grow() {
	old := s.slots
	s.slots = make([]seenSlot, max(16, 2*len(old)))
	s.n = 0
	for _, e := range old {
		if e.row1 != 0 {
			s.put(e.hash, e.row1)
		}
	}
}

func (s *seen) each(do func(row uint32)) {
	for i := range s.shards {
		for _, e := range s.shards[i].slots {
			if e.row1 != 0 {
				do(e.row1 - 1)
			}
		}
	}
}
