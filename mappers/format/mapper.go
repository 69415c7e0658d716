package format

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/mallbridge/mallbridge/mappers/charset"
	"github.com/mallbridge/mallbridge/mappers/record"
	"github.com/mallbridge/mallbridge/mappers/sheet"
	"github.com/mallbridge/mallbridge/mappers/workbook"
	"github.com/mallbridge/mallbridge/order"
)

// A rowBlock is what became of the rows of one piece.
type rowBlock struct {
	base     int64 // ordinal of its first row, from 0
	n        int   // rows
	filtered int64
	blank    int64
	events   []event
	vals     []string // of the taken rows, one after another
	width    int      // values of a row
	rows     []int32  // by taken row: its number in the piece
	lines    []int64  // its physical line
	offs     []int64  // where it stands in the file; -1 in spreadsheets
	lens     []int32
	marks    []mark // of the taken rows, where rows take over from each other
	refused  []refusedRow

	source *sheet.Block // of a spreadsheet, for the cells of refused rows
	refs   atomic.Int32
	home   *sync.Pool
}

// release gives up one use of the block.
func (b *rowBlock) release() {
	if b.refs.Add(-1) == 0 && b.home != nil {
		clear(b.vals)
		b.home.Put(b)
	}
}

type eventKind uint8

const (
	rowTaken eventKind = iota
	rowRefused
	rowOther
)

// An event is a row that the sorter must know of: it was taken or refused, or it
// is the last of its group in the file.
type event struct {
	kind eventKind
	last bool
	i    int32 // of the taken or refused rows
	row  int32
	hash uint64
}

type refusedRow struct {
	key     string // of its group, empty where it cannot be told
	alone   bool   // its group goes on without it
	refusal Refusal
}

// A mapper turns rows into values. Each worker has its own.
type mapper struct {
	p       *plan
	sv      *survey
	blk     sheet.Block
	cur     *sheet.Block
	row     []sheet.Span
	mark    mark  // of the row
	keyStep *step // of a group with one key, which is one column
	text    strings.Builder
	grow    int
	buf     []byte // a field's bytes
	dec     []byte // its text
	can     []byte // its canonical form
	joined  []byte
	key     []byte
	run     *runner
	view    rowView
	pool    *sync.Pool
	fixed   []int
	made    []made // by step, in cur
	reach   int    // columns up to the last one that the format names
	even    bool   // the rows of cur end there, and have all that they must have
}

// A rowView is the row at hand as conditions and expressions see it.
type rowView struct {
	m    *mapper
	vals []string
}

func (v *rowView) fieldValue(f record.Field) string {
	if i := v.m.p.slots[f]; i >= 0 {
		return v.vals[i]
	}
	return ""
}

func (v *rowView) columnValue(i int) string {
	s, _, err := v.m.decode(i)
	if err != nil {
		return ""
	}
	return string(trim(s))
}

// set changes a field of the row. s must stay as it is.
func (v *rowView) set(f record.Field, s string) {
	if i := v.m.p.slots[f]; i >= 0 {
		v.vals[i] = s
	}
}

func newMapper(p *plan, sv *survey) *mapper {
	m := &mapper{p: p, sv: sv, run: newRunner(p.f), pool: &sync.Pool{}, made: make([]made, len(p.steps))}
	m.view.m = m
	if len(p.group) == 1 {
		s := p.f.steps[p.f.producer[p.fields[p.group[0]]]]
		if len(s.columns) == 1 && s.prog == nil && !s.hasTable && s.rule.folds == nil && (s.rule.typ == typeCode || s.rule.typ == typeText) {
			m.keyStep = s
		}
	}
	if p.f.Spec.File.Kind == "fixed" {
		m.fixed = p.f.widths()
	}
	for _, at := range p.pos {
		m.reach = max(m.reach, at+1)
	}
	return m
}

// divide splits a chunk, as far as its rows are read if none of them is odd.
func (m *mapper) divide(data []byte) {
	m.even = m.fixed == nil && 0 < m.reach && m.reach < m.p.width && m.blk.SplitEven(data, m.p.dialect(), m.reach, m.p.width)
	if !m.even {
		m.split(&m.blk, data)
	}
}

// whole returns a block whose only row is row i of cur, with all its columns.
func (m *mapper) whole(i int) *sheet.Block {
	b := &sheet.Block{}
	m.split(b, m.cur.Data[m.cur.Offset(i):m.cur.Offset(i+1)])
	return b
}

func (m *mapper) split(b *sheet.Block, data []byte) {
	if m.fixed != nil {
		b.SplitFixed(data, m.fixed, m.p.f.Spec.File.RecordBytes)
		return
	}
	b.Split(data, m.p.dialect())
}

func (m *mapper) newBlock() *rowBlock {
	b, ok := m.pool.Get().(*rowBlock)
	if !ok {
		b = &rowBlock{home: m.pool}
	}
	b.events, b.vals, b.rows, b.lines, b.offs, b.lens, b.marks = b.events[:0], b.vals[:0], b.rows[:0], b.lines[:0], b.offs[:0], b.lens[:0], b.marks[:0]
	b.refused, b.source, b.filtered, b.blank = nil, nil, 0, 0
	b.width = len(m.p.fields)
	b.refs.Store(1)
	return b
}

// block maps the rows of one piece.
func (m *mapper) block(in piece) (*rowBlock, error) {
	out := m.newBlock()
	out.base = in.base
	line, offset := int64(0), int64(-1)
	b := in.block
	if in.chunk != nil {
		b = &m.blk
		m.divide(in.chunk.Data)
		defer in.chunk.Release()
		if (b.Irregular || b.Open && !in.chunk.Last) && !m.p.exact {
			return nil, m.changed()
		}
		line, offset = in.chunk.Line, in.chunk.Offset
	} else {
		out.source = b
	}
	out.n = b.Rows()
	if in.index >= len(m.sv.pieces) || int(m.sv.pieces[in.index]) != out.n {
		return nil, m.changed()
	}
	m.cur = b
	clear(m.made)
	m.text = strings.Builder{}
	m.text.Grow(m.grow)
	counted := 0
	for i := range out.n {
		m.row = b.Row(i)
		last := len(m.p.group) > 0 && m.sv.last.get(in.base+int64(i))
		if m.blank(i) || !m.even && m.footer(m.row) {
			out.blank++
			if last {
				out.events = append(out.events, event{kind: rowOther, last: true, row: int32(i), hash: m.keyHash(m.row)})
			}
			continue
		}
		n := len(out.vals)
		out.vals = extend(out.vals, out.width)
		m.view.vals = out.vals[n:]
		kept, ref := m.mapRow()
		if kept && ref == nil && m.p.o.derive != nil && m.mark == markLine {
			if bad := m.p.o.derive(&m.view); bad != nil {
				ref = m.refuse("", "", bad)
				ref.alone = m.p.o.alone
			}
		}
		ev := event{last: last, row: int32(i)}
		if len(m.p.group) > 0 && (kept || ref != nil || last) {
			ev.hash = m.keyHash(m.row)
		}
		if ref == nil && kept {
			ev.kind, ev.i = rowTaken, int32(len(out.rows))
			out.rows = append(out.rows, int32(i))
			if m.p.f.carry {
				out.marks = append(out.marks, m.mark)
			}
			at := b.Offset(i)
			if b.Numbers != nil {
				out.lines = append(out.lines, int64(b.Numbers[i]))
				out.offs = append(out.offs, -1)
				out.lens = append(out.lens, int32(i))
			} else {
				line += countLF(b.Data[counted:at])
				counted = at
				out.lines = append(out.lines, line)
				out.offs = append(out.offs, offset+int64(at))
				out.lens = append(out.lens, int32(b.Offset(i+1)-at))
			}
			out.events = append(out.events, ev)
			continue
		}
		key := ""
		if ref != nil {
			key = m.groupKey()
		}
		clear(out.vals[n:])
		out.vals = out.vals[:n]
		switch {
		case ref != nil:
			at := b.Offset(i)
			if b.Numbers == nil {
				line += countLF(b.Data[counted:at])
				counted = at
			}
			m.place(ref, i, in, line)
			ref.key = key
			ref.refusal.Group = strings.ReplaceAll(key, "\x00", " ")
			ev.kind, ev.i = rowRefused, int32(len(out.refused))
			out.refused = append(out.refused, *ref)
			out.events = append(out.events, ev)
		default:
			out.filtered++
			if last {
				ev.kind = rowOther
				out.events = append(out.events, ev)
			}
		}
	}
	m.grow = m.text.Len() + m.text.Len()/8
	return out, nil
}

func (m *mapper) changed() error {
	e := m.p.fail(order.RefusedFile, "drop it again when nobody writes to it", "%v", errChanged)
	e.Err = errChanged
	return e
}

// extend adds n empty strings.
func extend(s []string, n int) []string {
	if len(s)+n <= cap(s) {
		return s[:len(s)+n]
	}
	grown := make([]string, len(s)+n, 2*cap(s)+64*n)
	copy(grown, s)
	return grown
}

func countLF(b []byte) int64 {
	n := int64(0)
	for {
		i := indexLF(b)
		if i < 0 {
			return n
		}
		n++
		b = b[i+1:]
	}
}

// place fills in where a refused row stands.
func (m *mapper) place(r *refusedRow, i int, in piece, line int64) {
	ref := &r.refusal
	ref.Row = in.base + int64(i) + 1
	ref.Line = line
	if m.cur.Numbers != nil {
		ref.Line = int64(m.cur.Numbers[i])
		if c := m.p.columnPos(ref.Column); c >= 0 {
			ref.Address = workbook.Address(int(ref.Line), c+1)
		}
	}
	if m.p.o.Cells {
		ref.from = m.p.opened
		if m.even {
			ref.Cells = m.p.cellTexts(m.whole(i), 0)
		} else {
			ref.Cells = m.p.cellTexts(m.cur, i)
		}
		if m.cur.Numbers == nil {
			ref.raw = append([]byte(nil), m.cur.Raw(i)...)
		}
	}
}

// columnPos returns where the named column stands, or -1.
func (o *opened) columnPos(name string) int {
	if i, ok := o.f.columns[key(name)]; ok && name != "" {
		return o.pos[i]
	}
	return -1
}

// cellTexts decodes a row as far as it can be.
func (o *opened) cellTexts(b *sheet.Block, i int) []string {
	row := b.Row(i)
	out := make([]string, len(row))
	codes := o.codeColumns()
	var buf []byte
	for j, s := range row {
		buf = s.Append(buf[:0], b.Data)
		text, err := o.cs.AppendDecode(nil, buf)
		if err != nil {
			text = append(text, "\uFFFD"...)
		}
		out[j] = damaged(string(text), s.Marks(), j < len(codes) && codes[j])
	}
	return out
}

// codeColumns tells by place in the file which columns hold codes.
func (o *opened) codeColumns() []bool {
	var out []bool
	for _, s := range o.f.steps {
		if s.rule.typ != typeCode && s.rule.typ != typeDigits {
			continue
		}
		for _, c := range s.columns {
			for at := o.pos[c]; at >= len(out); {
				out = append(out, false)
			}
			if at := o.pos[c]; at >= 0 {
				out[at] = true
			}
		}
	}
	return out
}

// damaged returns the text of a cell so that what a spreadsheet did to it still
// shows where the cell becomes plain text: digits that were rounded away must not
// come back as if they were good.
func damaged(text string, m sheet.Marks, code bool) string {
	switch {
	case m&sheet.Fault != 0 && len(text) > 15 && allDigits([]byte(text)):
		n, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return text
		}
		return strconv.FormatFloat(n, 'E', 5, 64)
	case m&sheet.Date != 0 && code:
		if t, err := time.Parse(time.DateOnly, text[:min(len(text), len(time.DateOnly))]); err == nil {
			return t.Format("2-Jan")
		}
	}
	return text
}

// blank reports whether row i, which is at hand, has nothing in any column.
func (m *mapper) blank(i int) bool {
	if m.row[0].Len() > 0 || len(m.row) > 1 && m.row[1].Len() > 0 || !blank(m.row, m.cur.Data) {
		return false
	}
	if !m.even {
		return true
	}
	b := m.whole(i)
	return blank(b.Row(0), b.Data)
}

func blank(row []sheet.Span, data []byte) bool {
	for _, s := range row {
		if s.Len() > 0 && len(trim(s.Bytes(data))) > 0 {
			return false
		}
	}
	return true
}

// footer reports whether a row is a note below the table.
func (m *mapper) footer(row []sheet.Span) bool {
	return len(row) <= m.p.f.Spec.File.FooterCells && len(row) < m.p.width
}

func (m *mapper) refuse(column, value string, bad *fault) *refusedRow {
	return &refusedRow{refusal: Refusal{Column: column, Value: value, Reason: bad.reason, Detail: bad.detail}}
}

// mapRow fills the view with the row's values. It reports false for a row that the
// filter leaves out.
func (m *mapper) mapRow() (bool, *refusedRow) {
	if r := m.shape(); r != nil {
		return true, r
	}
	for i, s := range m.p.steps[:m.p.filter] {
		if r := m.step(i, s); r != nil {
			return true, r
		}
	}
	if w := &m.p.f.where; w.set() {
		ok, err := w.met(&m.view, m.run)
		if err != nil {
			return true, m.refuse("", "", &fault{order.RefusedType, "where: " + err.Error()})
		}
		if !ok {
			return false, nil
		}
	}
	if m.p.f.carry {
		var err error
		if m.mark, err = m.tell(); err != nil {
			return true, m.refuse("", "", &fault{order.RefusedType, "carry: " + err.Error()})
		}
	}
	for i, s := range m.p.steps[m.p.filter:] {
		if m.mark == markHead && s.field.Level() == record.LevelLine {
			continue
		}
		if r := m.step(m.p.filter+i, s); r != nil {
			return true, r
		}
	}
	for _, slot := range m.p.group {
		if m.view.vals[slot] == "" && m.p.f.kind == record.Orders {
			s := m.p.f.steps[m.p.f.producer[m.p.fields[slot]]]
			return true, m.refuse(s.name, "", &fault{order.RefusedMissing, "the row has no " + m.p.fields[slot].String()})
		}
	}
	return true, m.finish()
}

// shape checks the row as a whole.
func (m *mapper) shape() *refusedRow {
	if m.even {
		return nil
	}
	n := len(m.row)
	if n > sheet.MaxColumns {
		return m.refuse("", "", &fault{order.RefusedColumns, fmt.Sprintf("the row has %d columns, the limit is %d", n, sheet.MaxColumns)})
	}
	if m.p.width > 0 && n != m.p.width {
		if n > m.p.width {
			for _, s := range m.row[m.p.width:] {
				if s.Len() > 0 && !m.reasons(n) {
					return m.refuse("", "", &fault{order.RefusedColumns, fmt.Sprintf("the row has %d columns, not %d", n, m.p.width)})
				}
			}
		} else if m.fixed == nil || n == 0 {
			return m.refuse("", "", &fault{order.RefusedColumns, fmt.Sprintf("the row has %d columns, not %d", n, m.p.width)})
		}
	}
	for _, s := range m.row {
		if s.Marks()&sheet.Broken != 0 && m.cur.Numbers == nil {
			return m.refuse("", excerpt(s.Bytes(m.cur.Data)), &fault{order.RefusedType, "there is text after a closing quote"})
		}
	}
	return nil
}

// reasons reports whether the row is from a file of refused rows without a header:
// its further columns begin with a reason and a line number.
func (m *mapper) reasons(n int) bool {
	if n != m.p.width+reasonColumns || m.p.header != nil {
		return false
	}
	at := m.row[m.p.width].Bytes(m.cur.Data)
	text, err := m.p.cs.AppendDecode(nil, at)
	if err != nil || !allDigits(m.row[m.p.width+1].Bytes(m.cur.Data)) {
		return false
	}
	for i := range order.Reasons {
		for _, t := range order.Reasons[i].Text {
			if t == string(text) {
				return true
			}
		}
	}
	return false
}

func excerpt(b []byte) string {
	s := strings.ToValidUTF8(string(b[:min(len(b), 60)]), "�")
	return s
}

// decode returns the text of a column, valid until the next call.
func (m *mapper) decode(col int) ([]byte, sheet.Marks, error) {
	at := m.p.pos[col]
	if at < 0 || at >= len(m.row) {
		return nil, 0, nil
	}
	s := m.row[at]
	b := s.Bytes(m.cur.Data)
	if s.Marks()&sheet.Escaped != 0 {
		m.buf = s.Append(m.buf[:0], m.cur.Data)
		b = m.buf
	}
	var err error
	m.dec, err = m.p.cs.AppendDecode(m.dec[:0], b)
	if m.fixed != nil {
		m.dec = trim(m.dec)
	}
	if m.p.mended && m.p.book == nil {
		return harmed(m.dec), s.Marks(), err
	}
	return m.dec, s.Marks(), err
}

// value returns the canonical value of a step that reads columns, valid until the
// next call, and for a fault the column it is in.
func (m *mapper) value(s *step, row []sheet.Span) ([]byte, *fault, int) {
	m.row = row
	if len(s.columns) == 1 {
		text, marks, err := m.decode(s.columns[0])
		if err != nil {
			return nil, badBytes(err), s.columns[0]
		}
		if s.rule.typ == typeText && s.rule.folds == nil && marks&(sheet.Fault|sheet.Broken|sheet.Huge) == 0 {
			return text, nil, s.columns[0]
		}
		var bad *fault
		m.can, bad = s.rule.canon(m.can[:0], text, marks)
		return m.can, bad, s.columns[0]
	}
	m.joined = m.joined[:0]
	for _, c := range s.columns {
		text, marks, err := m.decode(c)
		if err != nil {
			return nil, badBytes(err), c
		}
		if marks&(sheet.Fault|sheet.Huge|sheet.Broken) != 0 {
			if bad := s.rule.badCell(text, marks); bad != nil {
				return nil, bad, c
			}
		}
		if s.rule.typ == typeCode {
			text = unwrap(trim(text))
		}
		if len(text) == 0 {
			continue
		}
		if len(m.joined) > 0 {
			m.joined = append(m.joined, s.sep...)
		}
		m.joined = append(m.joined, text...)
	}
	if s.rule.typ == typeText && s.rule.folds == nil {
		return m.joined, nil, s.columns[0]
	}
	var bad *fault
	m.can, bad = s.rule.canon(m.can[:0], m.joined, 0)
	return m.can, bad, s.columns[0]
}

func badBytes(err error) *fault {
	var de *charset.DecodeError
	if errors.As(err, &de) {
		return &fault{order.RefusedCharset, fmt.Sprintf("bytes % X are no character of %s", de.Bytes, de.Charset)}
	}
	return &fault{order.RefusedCharset, err.Error()}
}

// raw returns the text of a step's columns as it stands, for messages and keys.
func (m *mapper) raw(s *step, row []sheet.Span) []byte {
	m.row = row
	m.joined = m.joined[:0]
	for _, c := range s.columns {
		if at := m.p.pos[c]; at >= 0 && at < len(row) {
			m.joined = row[at].Append(m.joined, m.cur.Data)
		}
	}
	return m.joined
}

// made is what a step made of the columns of a row.
type made struct {
	row []sheet.Span
	out string
}

// again reports whether the row has what was had in all columns of a step.
func (m *mapper) again(s *step, was []sheet.Span) bool {
	for _, c := range s.columns {
		at := m.p.pos[c]
		if at < 0 {
			continue
		}
		if at >= len(m.row) || at >= len(was) {
			return false
		}
		a, b := m.row[at], was[at]
		if a.Len() != b.Len() || a.Marks() != b.Marks() || !bytes.Equal(a.Bytes(m.cur.Data), b.Bytes(m.cur.Data)) {
			return false
		}
	}
	return was != nil
}

// step fills the field of step i. The rows of an order have much in common: what a step
// made of such columns in this block is taken again.
func (m *mapper) step(i int, s *step) *refusedRow {
	slot := m.p.slots[s.field]
	was := &m.made[i]
	if m.again(s, was.row) {
		m.view.vals[slot] = was.out
		return nil
	}
	out := ""
	var b []byte
	switch {
	case s.konst != nil:
		out = *s.konst
	case s.prog != nil:
		text, err := m.run.text(s.prog, &m.view)
		if err != nil {
			return m.refuse(s.name, "", &fault{order.RefusedType, err.Error()})
		}
		var bad *fault
		m.can, bad = s.rule.canon(m.can[:0], []byte(text), 0)
		if bad != nil {
			return m.refuse(s.name, text, bad)
		}
		b = m.can
	default:
		var bad *fault
		var col int
		b, bad, col = m.value(s, m.row)
		if bad != nil {
			return m.refuse(m.p.f.Spec.Columns[col].label(col), m.shown(col), bad)
		}
	}
	if out == "" {
		switch {
		case s.hasTable:
			code, ok := s.table[string(b)]
			if !ok {
				if code, ok = s.table["*"]; !ok && len(b) > 0 {
					return m.refuse(s.name, string(b), &fault{order.RefusedType, "the code table has no such value"})
				}
			}
			out = code
		case len(b) > 0:
			out = m.keep(b)
		}
	}
	if out == "" {
		out = s.deflt
	}
	if out == "" {
		if s.required && m.asked(s.field) && !blankOK(m, s) {
			return m.refuse(s.name, "", &fault{order.RefusedMissing, "a value is required"})
		}
	} else if s.pattern != nil && !s.pattern.MatchString(out) {
		return m.refuse(s.name, out, &fault{order.RefusedType, "the value does not have the form " + strings.TrimSuffix(strings.TrimPrefix(s.pattern.String(), "^(?:"), ")$")})
	}
	m.view.vals[slot] = out
	if s.prog == nil && (out != "" || !s.required) {
		*was = made{m.row, out}
	}
	return nil
}

// blankOK reports whether a required value may be absent: its column is optional
// and the file does not have it.
func blankOK(m *mapper, s *step) bool {
	return s.optional && len(s.columns) == 1 && m.p.pos[s.columns[0]] < 0
}

// shown returns the text of a column for a message.
func (m *mapper) shown(col int) string {
	at := m.p.pos[col]
	if at < 0 || at >= len(m.row) {
		return ""
	}
	b := m.row[at].Bytes(m.cur.Data)
	b = b[:min(len(b), 200)]
	text, err := m.p.cs.AppendDecode(nil, b)
	if err != nil {
		return fmt.Sprintf("%s (bytes % X)", text, b[:min(len(b), 32)])
	}
	return string(text)
}

// keep stores text for as long as the block's values live.
func (m *mapper) keep(b []byte) string {
	if len(b) == 1 && b[0] < utf8.RuneSelf {
		return asciiStrings[b[0]]
	}
	n := m.text.Len()
	m.text.Write(b)
	return m.text.String()[n:]
}

var asciiStrings = func() (out [utf8.RuneSelf]string) {
	for i := range out {
		out[i] = string(rune(i))
	}
	return out
}()

// finish sets what the format itself knows: flags, currency, country.
func (m *mapper) finish() *refusedRow {
	if m.p.flags >= 0 {
		for i := range m.p.f.flags {
			fl := &m.p.f.flags[i]
			ok, err := fl.cond.met(&m.view, m.run)
			if err != nil {
				return m.refuse("", "", &fault{order.RefusedType, "flag " + fl.name + ": " + err.Error()})
			}
			if !ok {
				continue
			}
			if m.view.vals[m.p.flags] != "" {
				m.view.vals[m.p.flags] += " "
			}
			m.view.vals[m.p.flags] += fl.name
		}
	}
	if m.p.f.carry {
		return nil // once the rows have taken over from each other
	}
	m.deflt(record.OrderCurrency, m.p.place.Currency)
	m.deflt(record.ToCountry, m.p.place.Country)
	m.deflt(record.BuyerCountry, m.p.place.Country)
	return nil
}

func (m *mapper) deflt(f record.Field, s string) {
	if i := m.p.slots[f]; i >= 0 && m.view.vals[i] == "" {
		m.view.vals[i] = s
	}
}

// groupKey returns the key of the row's group for comparing.
func (m *mapper) groupKey() string {
	if len(m.p.group) == 0 {
		return ""
	}
	if m.keyHash(m.row) == 0 {
		return ""
	}
	var b strings.Builder
	for i, slot := range m.p.group {
		s := m.p.f.steps[m.p.f.producer[m.p.fields[slot]]]
		v, bad, _ := m.value(s, m.row)
		if bad != nil {
			return ""
		}
		if i > 0 {
			b.WriteByte(0)
		}
		b.Write(v)
	}
	return b.String()
}
