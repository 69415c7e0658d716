package charset

import (
	"sync"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
)

// A decodeTable is indexed by two bytes, the first in the high half. An entry
// is the character's UTF-8 in bits 0-23 (first byte lowest), the number of
// those bytes in bits 24-27 and of source bytes in bits 28-31, or 0 where the
// bytes are no character. A character of one byte fills all 256 entries of its
// row, so that reading never has to ask which kind it is.
type decodeTable [1 << 16]uint32

// An encodeTable is indexed by a character of the basic plane. An entry holds
// the first byte low and the second, if any, high; 0 where there is none.
// U+0000 is not looked up: ASCII never is.
type encodeTable [1 << 16]uint16

var (
	decodeCP932       = sync.OnceValue(func() *decodeTable { return readTable(japanese.ShiftJIS, isCP932) })
	decodeStrictSJIS  = sync.OnceValue(newStrictSJIS)
	decodeCP949       = sync.OnceValue(func() *decodeTable { return readTable(korean.EUCKR, isAny) })
	decodeStrictEUCKR = sync.OnceValue(func() *decodeTable { return readTable(korean.EUCKR, isKSX1001) })

	encodeCP932NEC    = sync.OnceValue(func() *encodeTable { return invert(decodeCP932(), prefersNEC) })
	encodeCP932IBM    = sync.OnceValue(func() *encodeTable { return invert(decodeCP932(), prefersIBM) })
	encodeStrictSJIS  = sync.OnceValue(func() *encodeTable { return invert(decodeStrictSJIS(), prefersFirst) })
	encodeCP949       = sync.OnceValue(func() *encodeTable { return invert(decodeCP949(), prefersFirst) })
	encodeStrictEUCKR = sync.OnceValue(func() *encodeTable { return invert(decodeStrictEUCKR(), prefersFirst) })
)

// readTable asks a decoder for every byte and every pair that keep admits;
// for single bytes trail is 0 and lead the byte.
func readTable(e encoding.Encoding, keep func(lead, trail byte) bool) *decodeTable {
	t := new(decodeTable)
	d := e.NewDecoder()
	var out [16]byte
	for lead := range 256 {
		if r, ok := decodeOne(d, out[:], byte(lead)); ok {
			if keep(byte(lead), 0) {
				t.setByte(byte(lead), r)
			}
			continue
		}
		for trail := 0x40; trail < 256; trail++ {
			if r, ok := decodeOne(d, out[:], byte(lead), byte(trail)); ok && keep(byte(lead), byte(trail)) {
				t.set(byte(lead), byte(trail), r)
			}
		}
	}
	return t
}

// decodeOne reports the one character that the bytes are.
func decodeOne(d *encoding.Decoder, out []byte, src ...byte) (rune, bool) {
	d.Reset()
	n, _, err := d.Transform(out, src, true)
	r, size := utf8.DecodeRune(out[:n])
	return r, err == nil && size == n && r != utf8.RuneError
}

func (t *decodeTable) set(lead, trail byte, r rune) {
	t[int(lead)<<8|int(trail)] = pack(r) | 2<<28
}

func (t *decodeTable) setByte(b byte, r rune) {
	for trail := range 256 {
		t[int(b)<<8|trail] = pack(r) | 1<<28
	}
}

func pack(r rune) uint32 {
	var b [utf8.UTFMax]byte
	n := utf8.EncodeRune(b[:], r)
	return uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16 | uint32(n)<<24
}

func unpack(e uint32) rune {
	b := [...]byte{byte(e), byte(e >> 8), byte(e >> 16)}
	r, _ := utf8.DecodeRune(b[:])
	return r
}

// invert makes the table of the way back. Where a character has several codes
// the one with the lowest rank is written; among equals the first.
func invert(d *decodeTable, rank func(lead byte) int) *encodeTable {
	t := new(encodeTable)
	for i, e := range d {
		if e == 0 {
			continue
		}
		lead, code := byte(i>>8), uint16(i>>8)
		if e>>28 == 2 {
			code |= uint16(i&0xFF) << 8
		}
		r := unpack(e)
		if old := t[r]; old == 0 || rank(lead) < rank(byte(old)) {
			t[r] = code
		}
	}
	return t
}

func prefersFirst(byte) int { return 0 }

// prefersNEC ranks row 13 and the plain rows (below ED) first, then the rows
// that NEC chose from IBM's.
func prefersNEC(lead byte) int {
	switch {
	case lead >= 0xFA:
		return 2
	case lead == 0xED || lead == 0xEE:
		return 1
	}
	return 0
}

func prefersIBM(lead byte) int {
	switch {
	case lead >= 0xFA:
		return 1
	case lead == 0xED || lead == 0xEE:
		return 2
	}
	return 0
}

func isAny(byte, byte) bool { return true }

func isCP932(lead, _ byte) bool { return lead != 0x80 }

// isKSX1001 admits the area where both bytes have the high bit: the rest is
// what CP949 added.
func isKSX1001(lead, trail byte) bool {
	return lead < utf8.RuneSelf || lead >= 0xA1 && trail >= 0xA1
}

// isJISX0208 admits the rows 1-8 and 16-84 of the standard. Row 13 (leads 87)
// is NEC's, and so are the rows from 89 on (ED and up); between them lies
// nothing.
func isJISX0208(lead, _ byte) bool {
	return lead != 0x80 && lead != 0x87 && lead < 0xED
}

// jisX0208 are the codes that Windows maps to other characters than the
// standard's own mapping does.
var jisX0208 = []struct {
	lead, trail byte
	r           rune
}{
	{0x81, 0x60, '〜'},      // U+301C
	{0x81, 0x61, '‖'},      // U+2016
	{0x81, 0x7C, '\u2212'}, // −
	{0x81, 0x91, '¢'},      // U+00A2
	{0x81, 0x92, '£'},      // U+00A3
	{0x81, 0xCA, '¬'},      // U+00AC
}

func newStrictSJIS() *decodeTable {
	t := readTable(japanese.ShiftJIS, isJISX0208)
	for _, m := range jisX0208 {
		t.set(m.lead, m.trail, m.r)
	}
	return t
}
