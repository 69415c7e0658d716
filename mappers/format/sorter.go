package format

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/mallbridge/mallbridge/mappers/record"
	"github.com/mallbridge/mallbridge/mappers/sheet"
	"github.com/mallbridge/mallbridge/order"
)

func indexLF(b []byte) int { return bytes.IndexByte(b, '\n') }

// A rowRef is a taken row.
type rowRef struct {
	block *rowBlock
	i     int32
}

func (r rowRef) values() []string {
	n := int(r.i) * r.block.width
	return r.block.vals[n : n+r.block.width]
}

func (r rowRef) mark() mark { return r.block.marks[r.i] }

// A group is the rows of one order, so far.
type group struct {
	rows     []rowRef
	key      string
	next     *group // with the same hash
	poisoned bool   // a row of it was refused
	complete bool
	detached bool // it left the queue
	first    int64
}

// A sorter puts the rows of an order together and emits orders as they become
// complete, in the order of their first rows as long as that takes little memory.
type sorter struct {
	p      *plan
	sv     *survey
	emit   func(*group) error
	stats  Stats
	open   map[uint64]*group
	queue  []*group // in the order of their first rows
	head   int
	window int64
	prev   *group // of the row before, the likeliest one
	hash   uint64
	free   []*group
	single group
}

// sortWindow is how many rows an order may wait for one that began earlier.
const sortWindow = 20_000

func newSorter(p *plan, sv *survey, emit func(*group) error) *sorter {
	s := &sorter{p: p, sv: sv, emit: emit, open: map[uint64]*group{}, window: sortWindow}
	if p.o.window > 0 {
		s.window = int64(p.o.window)
	}
	return s
}

// add takes the rows of the next block.
func (s *sorter) add(b *rowBlock) error {
	s.stats.Rows += int64(b.n) - b.blank
	s.stats.Filtered += b.filtered
	s.stats.Blank += b.blank
	b.refs.Add(int32(len(b.rows)))
	grouped := len(s.p.group) > 0
	for i := range b.events {
		ev := &b.events[i]
		switch ev.kind {
		case rowRefused:
			s.refused(ev, &b.refused[ev.i], grouped)
		case rowTaken:
			if !grouped {
				if err := s.one(rowRef{b, ev.i}); err != nil {
					return err
				}
				continue
			}
			s.take(ev, rowRef{b, ev.i})
		}
		if ev.last {
			s.complete(ev.hash)
		}
		if s.head < len(s.queue) && s.queue[s.head].complete {
			if err := s.flush(); err != nil {
				return err
			}
		}
	}
	now := b.base + int64(b.n)
	b.release()
	return s.detach(now)
}

func (s *sorter) one(r rowRef) error {
	s.single.rows = append(s.single.rows[:0], r)
	return s.send(&s.single)
}

func (s *sorter) refused(ev *event, r *refusedRow, grouped bool) {
	s.stats.Refused++
	s.tell(r.refusal)
	if !grouped || r.alone || r.key == "" || ev.hash == 0 {
		return
	}
	s.group(ev.hash, r.key, s.stats.Rows).poisoned = true
}

func (s *sorter) tell(r Refusal) {
	if s.p.o.Refuse != nil {
		s.p.o.Refuse(r)
	}
}

func (s *sorter) take(ev *event, r rowRef) {
	vals := r.values()
	g := s.prev
	if g == nil || s.hash != ev.hash || !s.same(g.key, vals) {
		g = s.open[ev.hash]
		for g != nil && !s.same(g.key, vals) {
			g = g.next
		}
		if g == nil {
			g = s.group(ev.hash, s.key(vals), r.block.base+int64(ev.row))
		}
		s.prev, s.hash = g, ev.hash
	}
	g.rows = append(g.rows, r)
}

// same reports whether key is that of the row.
func (s *sorter) same(key string, vals []string) bool {
	if len(s.p.group) == 1 {
		return key == vals[s.p.group[0]]
	}
	return key == s.key(vals)
}

func (s *sorter) key(vals []string) string {
	if len(s.p.group) == 1 {
		return vals[s.p.group[0]]
	}
	parts := make([]string, len(s.p.group))
	for i, slot := range s.p.group {
		parts[i] = vals[slot]
	}
	return strings.Join(parts, "\x00")
}

// group returns the open group of that key, opening it if need be.
func (s *sorter) group(hash uint64, key string, first int64) *group {
	for g := s.open[hash]; g != nil; g = g.next {
		if g.key == key {
			return g
		}
	}
	g := s.newGroup()
	g.key, g.first, g.next = key, first, s.open[hash]
	s.open[hash] = g
	s.queue = append(s.queue, g)
	return g
}

func (s *sorter) newGroup() *group {
	if n := len(s.free); n > 0 {
		g := s.free[n-1]
		s.free = s.free[:n-1]
		return g
	}
	return &group{}
}

// complete marks the groups of a hash whose last row has passed.
func (s *sorter) complete(hash uint64) {
	g := s.open[hash]
	if g == nil {
		return
	}
	delete(s.open, hash)
	if s.hash == hash {
		s.prev = nil
	}
	for ; g != nil; g = g.next {
		g.complete = true
		if g.detached {
			s.queue = append(s.queue, g)
		}
	}
}

// flush emits complete groups from the head of the queue.
func (s *sorter) flush() error {
	for s.head < len(s.queue) && s.queue[s.head].complete {
		g := s.queue[s.head]
		s.queue[s.head] = nil
		s.head++
		if err := s.settle(g); err != nil {
			return err
		}
	}
	if s.head > 4096 && s.head*2 > len(s.queue) {
		s.queue = s.queue[:copy(s.queue, s.queue[s.head:])]
		s.head = 0
	}
	return nil
}

// detach lets orders pass that began after one whose rows are spread too far, and
// copies the rows of that one so that blocks can be given up.
func (s *sorter) detach(now int64) error {
	for s.head < len(s.queue) {
		g := s.queue[s.head]
		if !g.complete {
			if now-g.first < s.window {
				return nil
			}
			s.queue[s.head] = nil
			s.head++
			g.detached = true
			s.copyRows(g)
			continue
		}
		if err := s.flush(); err != nil {
			return err
		}
	}
	return nil
}

func (s *sorter) copyRows(g *group) {
	if len(g.rows) == 0 {
		return
	}
	own := &rowBlock{width: g.rows[0].block.width}
	for i, r := range g.rows {
		b := r.block
		for _, v := range r.values() {
			own.vals = append(own.vals, strings.Clone(v))
		}
		// The ordinal counts from the block's base.
		own.rows = append(own.rows, int32(b.base+int64(b.rows[r.i])))
		own.lines = append(own.lines, b.lines[r.i])
		own.offs = append(own.offs, b.offs[r.i])
		own.lens = append(own.lens, b.lens[r.i])
		if s.p.f.carry {
			own.marks = append(own.marks, r.mark())
		}
		if own.source == nil {
			own.source = b.source
		}
		b.release()
		g.rows[i] = rowRef{own, int32(i)}
	}
	own.refs.Store(int32(len(g.rows)) + 1)
	g.key = strings.Clone(g.key)
}

// settle emits a complete group, or refuses all of it.
func (s *sorter) settle(g *group) error {
	switch {
	case len(g.rows) == 0:
	case g.poisoned:
		s.refuseAll(g, Refusal{Reason: order.RefusedSibling, Detail: "another row of the same order was refused"})
	default:
		if s.p.f.carry {
			if r, ok := s.carry(g); ok {
				s.refuseAll(g, r)
				break
			}
		}
		if r, ok := s.disagree(g); ok {
			s.refuseAll(g, r)
			break
		}
		if s.p.f.carry {
			if s.lines(g); len(g.rows) == 0 {
				break
			}
		}
		if err := s.send(g); err != nil {
			return err
		}
		return nil
	}
	s.recycle(g)
	return nil
}

func (s *sorter) recycle(g *group) {
	*g = group{rows: g.rows[:0]}
	s.free = append(s.free, g)
}

func (s *sorter) send(g *group) error {
	s.stats.Taken += int64(len(g.rows))
	s.stats.Groups++
	if err := s.emit(g); err != nil {
		return err
	}
	for _, r := range g.rows {
		r.block.release()
	}
	if g != &s.single {
		s.recycle(g)
	}
	return nil
}

// disagree finds an order-level field on which the rows of an order differ, or a
// package-level one on which those of a package do.
func (s *sorter) disagree(g *group) (Refusal, bool) {
	if len(g.rows) == 1 {
		return Refusal{}, false
	}
	first := g.rows[0].values()
	for i, r := range g.rows[1:] {
		vals := r.values()
		for _, a := range s.p.agree {
			if a.level == record.LevelPackage && !s.p.f.carry && (s.p.packing < 0 || vals[s.p.packing] == "") {
				continue // another recipient is another package
			}
			with, at := first, g.rows[0]
			if a.level == record.LevelPackage && s.p.packing >= 0 {
				if a.slot == s.p.packing {
					continue
				}
				if vals[s.p.packing] != first[s.p.packing] {
					with, at = s.samePackage(g, i+1, vals)
				}
			}
			if with != nil && vals[a.slot] != with[a.slot] {
				col := s.p.f.steps[s.p.f.producer[a.field]].name
				return Refusal{
					Column: col, Reason: order.RefusedConflict, Value: vals[a.slot],
					Detail: fmt.Sprintf("line %d has %q, line %d has %q, in one order", at.block.lines[at.i], with[a.slot], r.block.lines[r.i], vals[a.slot]),
				}, true
			}
		}
	}
	return Refusal{}, false
}

// samePackage returns the first row before row n that is in the same package.
func (s *sorter) samePackage(g *group, n int, vals []string) ([]string, rowRef) {
	for _, r := range g.rows[:n] {
		if v := r.values(); v[s.p.packing] == vals[s.p.packing] {
			return v, r
		}
	}
	return nil, rowRef{}
}

func (s *sorter) refuseAll(g *group, why Refusal) {
	for _, r := range g.rows {
		one := why
		one.Group = strings.ReplaceAll(g.key, "\x00", " ")
		s.fill(&one, r)
		s.stats.Refused++
		s.tell(one)
		r.block.release()
	}
}

// fill adds where a taken row stands, and its cells.
func (s *sorter) fill(ref *Refusal, r rowRef) {
	b := r.block
	ref.Row = b.base + int64(b.rows[r.i]) + 1
	ref.Line = b.lines[r.i]
	if ref.Column != "" && b.offs[r.i] < 0 {
		ref.Address = s.p.address(ref.Line, ref.Column)
	}
	if !s.p.o.Cells {
		return
	}
	ref.from = s.p.opened
	if b.offs[r.i] < 0 {
		if b.source != nil && int(b.lens[r.i]) < b.source.Rows() && int64(b.source.Numbers[b.lens[r.i]]) == ref.Line {
			ref.Cells = s.p.cellTexts(b.source, int(b.lens[r.i]))
		}
		return
	}
	raw := make([]byte, b.lens[r.i])
	if _, err := s.p.src.R.ReadAt(raw, b.offs[r.i]); err != nil && err != io.EOF {
		return
	}
	var blk sheet.Block
	s.p.split(&blk, raw)
	if blk.Rows() == 0 {
		return
	}
	ref.Cells = s.p.cellTexts(&blk, 0)
	ref.raw = append([]byte(nil), blk.Raw(0)...)
}

// finish settles what is left at the end of the file.
func (s *sorter) finish() error {
	for hash := range s.open {
		s.complete(hash)
	}
	return s.flush()
}
