package workbook

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"unicode/utf16"
	"unicode/utf8"
)

// cell decodes the cell that an index entry points to.
func (b *biff) cell(c biffCell) (Cell, error) {
	id, data, after, err := b.record(int(c.at))
	if err != nil {
		return Cell{}, err
	}
	style := u16(data[4:])
	if id == recMulRK {
		style = u16(data[4+6*int(c.sub):])
	}
	cell, err := b.content(c, id, data, after, style)
	if b.shows && cell.Kind != Blank {
		cell.Format = codeOf(b.styles, style)
	}
	return cell, err
}

func (b *biff) content(c biffCell, id int, data []byte, after, style int) (cell Cell, err error) {
	switch id {
	case recLabelSST:
		i := u32(data[6:])
		if int64(i) >= int64(len(b.shared)) {
			return cell, fmt.Errorf("the cell points to shared string %d of %d", i, len(b.shared))
		}
		return textCell(b.shared[i]), nil
	case recLabel, recRString:
		return b.ownText(int(c.at), 6)
	case recNumber:
		b.number(&cell, float64At(data[6:]), style)
	case recRK:
		b.number(&cell, rk(u32(data[6:])), style)
	case recMulRK:
		b.number(&cell, rk(u32(data[4+6*int(c.sub)+2:])), style)
	case recBoolErr:
		boolOrError(&cell, data[6], data[7] != 0)
	case recFormula:
		cell, err = b.formula(data, after, style)
		cell.Formula = true
	}
	return cell, err
}

func textCell(s string) Cell {
	if s == "" {
		return Cell{}
	}
	return Cell{Kind: String, Text: s, Damaged: textDamage(s)}
}

// ownText reads a text that stands in the record itself, skip bytes from its
// start.
func (b *biff) ownText(at, skip int) (Cell, error) {
	parts, _, err := b.continued(at)
	if err != nil {
		return Cell{}, err
	}
	if len(parts[0]) < skip {
		return Cell{}, errCutOff
	}
	text, err := (&pieces{cur: parts[0][skip:], rest: parts[1:]}).text(false)
	if err != nil {
		return Cell{}, err
	}
	if utf16Len(text) > b.limits.CellChars {
		return Cell{}, &LimitError{"characters of a cell", int64(b.limits.CellChars)}
	}
	return textCell(text), nil
}

func (b *biff) number(cell *Cell, v float64, style int) {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		cell.Kind, cell.Text, cell.Damaged = Error, "#NUM!", ErrorValue
		return
	}
	var format numberFormat
	if style < len(b.styles) {
		format = b.styles[style]
	}
	b.text = setNumber(cell, b.text[:0], v, format, b.date1904)
	cell.Text = b.texts.add(b.text)
}

// rk unpacks a number of 30 bits and two flags.
func rk(v uint32) float64 {
	var f float64
	if v&2 != 0 {
		f = float64(int32(v) >> 2)
	} else {
		f = math.Float64frombits(uint64(v&^3) << 32)
	}
	if v&1 != 0 {
		f /= 100
	}
	return f
}

func float64At(b []byte) float64 {
	return math.Float64frombits(binary.LittleEndian.Uint64(b))
}

func boolOrError(cell *Cell, v byte, isError bool) {
	if !isError {
		boolValue(cell, v != 0)
		return
	}
	cell.Kind, cell.Damaged = Error, ErrorValue
	var ok bool
	if cell.Text, ok = errorNames[v]; !ok {
		cell.Text = fmt.Sprintf("#ERR%d", v)
	}
}

var errorNames = map[byte]string{
	0x00: "#NULL!", 0x07: "#DIV/0!", 0x0f: "#VALUE!", 0x17: "#REF!", 0x1d: "#NAME?", 0x24: "#NUM!", 0x2a: "#N/A",
}

// formula decodes the stored result of a formula. A text stands in a record
// of its own behind it.
func (b *biff) formula(data []byte, after, style int) (cell Cell, err error) {
	if data[12] != 0xff || data[13] != 0xff {
		b.number(&cell, float64At(data[6:]), style)
		return cell, nil
	}
	switch data[6] {
	case 0:
		// The shared formula or the array that the cell belongs to may come
		// between them.
		for at, n := after, 0; n < 4; n++ {
			id, _, next, err := b.record(at)
			if err != nil {
				return cell, err
			}
			if id == recString {
				return b.ownText(at, 0)
			}
			at = next
		}
		cell.Damaged = NoResult
	case 1:
		boolOrError(&cell, data[8], false)
	case 2:
		boolOrError(&cell, data[8], true)
	}
	return cell, nil
}

// pieces reads strings out of a record and the records that continue it.
type pieces struct {
	cur  []byte
	rest [][]byte
}

var errString = errors.New("a text is cut off")

// take returns the next n bytes of one record, going to the next record if
// this one is used up.
func (p *pieces) take(n int) ([]byte, error) {
	if len(p.cur) == 0 && len(p.rest) > 0 {
		p.cur, p.rest = p.rest[0], p.rest[1:]
	}
	if len(p.cur) < n {
		return nil, errString
	}
	out := p.cur[:n]
	p.cur = p.cur[n:]
	return out, nil
}

// skip passes over n bytes of any number of records.
func (p *pieces) skip(n int) error {
	for n > len(p.cur) {
		if len(p.rest) == 0 {
			return errString
		}
		n -= len(p.cur)
		p.cur, p.rest = p.rest[0], p.rest[1:]
	}
	p.cur = p.cur[n:]
	return nil
}

// text reads a string with a length of 16 bits. Formatting runs and phonetic
// guides behind it are passed over; where nothing follows they may be
// missing.
func (p *pieces) text(more bool) (string, error) {
	head, err := p.take(3)
	if err != nil {
		return "", err
	}
	count, flags := u16(head), head[2]
	runs, extra := 0, 0
	if flags&8 != 0 {
		b, err := p.take(2)
		if err != nil {
			return "", err
		}
		runs = 4 * u16(b)
	}
	if flags&4 != 0 {
		b, err := p.take(4)
		if err != nil {
			return "", err
		}
		extra = int(u32(b))
	}
	text, err := p.units(count, flags&1 != 0)
	if err != nil || !more {
		return string(text), err
	}
	return string(text), p.skip(runs + extra)
}

// chars reads a string behind its length: a byte of flags, then its
// characters.
func (p *pieces) chars(count int) ([]byte, error) {
	flags, err := p.take(1)
	if err != nil {
		return nil, err
	}
	return p.units(count, flags[0]&1 != 0)
}

// units reads characters of one or two bytes. Where they go on in another
// record, that begins with a byte that says anew which.
func (p *pieces) units(count int, wide bool) ([]byte, error) {
	var out []byte
	var high rune // first half of a pair
	emit := func(u rune) {
		if high != 0 {
			r := utf16.DecodeRune(high, u)
			high = 0
			if out = utf8.AppendRune(out, r); r != utf8.RuneError {
				return
			}
		}
		if u >= 0xd800 && u < 0xdc00 {
			high = u
			return
		}
		out = utf8.AppendRune(out, u)
	}
	for count > 0 {
		if len(p.cur) == 0 {
			if len(p.rest) == 0 || len(p.rest[0]) == 0 {
				return nil, errString
			}
			wide = p.rest[0][0]&1 != 0
			p.cur, p.rest = p.rest[0][1:], p.rest[1:]
			if len(p.cur) == 0 {
				continue
			}
		}
		if !wide {
			n := min(count, len(p.cur))
			for _, c := range p.cur[:n] {
				emit(rune(c))
			}
			count -= n
			p.cur = p.cur[n:]
			continue
		}
		n := min(count, len(p.cur)/2)
		if n == 0 {
			return nil, errString
		}
		for i := range n {
			emit(rune(u16(p.cur[2*i:])))
		}
		count -= n
		p.cur = p.cur[2*n:]
	}
	if high != 0 {
		out = utf8.AppendRune(out, utf8.RuneError)
	}
	return out, nil
}
