package charset

import (
	"encoding/binary"
	"math/bits"
	"slices"
	"unicode/utf8"
)

// A tableCodec is a charset of one and two bytes a character, ASCII among
// them.
type tableCodec struct {
	decode func() *decodeTable
	encode func() *encodeTable
	layout layout
}

// A layout tells which bytes can be what, assigned or not.
type layout struct {
	lead, trail func(b byte) bool
	gaiji       func(lead, trail byte) bool
}

var (
	layoutSJIS = layout{
		lead:  func(b byte) bool { return b >= 0x81 && b <= 0x9F || b >= 0xE0 && b <= 0xFC },
		trail: func(b byte) bool { return b >= 0x40 && b <= 0xFC && b != 0x7F },
		gaiji: func(lead, _ byte) bool { return lead >= 0xF0 && lead <= 0xF9 },
	}
	layoutUHC = layout{
		lead: func(b byte) bool { return b >= 0x81 && b <= 0xFE },
		trail: func(b byte) bool {
			return b >= 'A' && b <= 'Z' || b >= 'a' && b <= 'z' || b >= 0x81 && b <= 0xFE
		},
		gaiji: isKSGaiji,
	}
	layoutEUCKR = layout{
		lead:  func(b byte) bool { return b >= 0xA1 && b <= 0xFE },
		trail: func(b byte) bool { return b >= 0xA1 && b <= 0xFE },
		gaiji: isKSGaiji,
	}
)

func isKSGaiji(lead, trail byte) bool { return (lead == 0xC9 || lead == 0xFE) && trail >= 0xA1 }

func (c *tableCodec) safeDelimiter(b byte) bool { return !c.layout.trail(b) }

func (c *tableCodec) runeLen(r rune) int {
	if r < utf8.RuneSelf {
		return 1
	}
	if r > 0xFFFF {
		return -1
	}
	switch code := c.encode()[r]; {
	case code == 0:
		return -1
	case code <= 0xFF:
		return 1
	}
	return 2
}

const highBits = 0x8080808080808080

func (c *tableCodec) appendDecode(dst, src []byte, name string) ([]byte, error) {
	t := c.decode()
	// No character is shorter in UTF-8, so this much is needed in any case.
	if cap(dst)-len(dst) < len(src) {
		dst = slices.Grow(dst, len(src)+len(src)/2+8)
	}
	for p := 0; p < len(src); {
		n, w := t.run(dst[len(dst):cap(dst)], src[p:])
		p += n
		dst = dst[:len(dst)+w]
		if p == len(src) {
			break
		}
		// run stops at bad bytes, the last byte and the last room of dst.
		e := t.at(src[p:])
		if e == 0 {
			return dst, c.refuse(src, p, name)
		}
		utf := [...]byte{byte(e), byte(e >> 8), byte(e >> 16)}
		dst = append(dst, utf[:e>>24&0xF]...)
		p += int(e >> 28)
	}
	return dst, nil
}

// at returns the entry of the first character of src, which is not empty.
func (t *decodeTable) at(src []byte) uint32 {
	i := int(src[0]) << 8
	if len(src) > 1 {
		i |= int(src[1])
	}
	return t[i]
}

// kindWide is bits 24-31 of a decodeTable's common entries: three bytes of
// UTF-8 from two.
const kindWide = 0x23

// run decodes as much of src as is simple: it ends before bad bytes, before
// the last byte of src unless that is ASCII and before the last bytes of dst.
// It returns how much it read and wrote.
//
// The common character is told from others by a branch, not by adding up the
// lengths of its entry: the processor then need not wait for one entry to know
// where the next is.
func (t *decodeTable) run(dst, src []byte) (p, w int) {
	for len(src)-p >= 8 && len(dst)-w >= 16 {
		x := binary.LittleEndian.Uint64(src[p:])
		binary.LittleEndian.PutUint64(dst[w:], x)
		if x&highBits == 0 {
			p += 8
			w += 8
			continue
		}
		n := bits.TrailingZeros64(x&highBits) >> 3
		p += n
		w += n
		for len(src)-p >= 4 && len(dst)-w >= 8 {
			x := binary.BigEndian.Uint32(src[p:])
			e := t[x>>16]
			if e>>24 == kindWide {
				if x&0x8000 == 0 {
					binary.LittleEndian.PutUint32(dst[w:], e)
					p += 2
					w += 3
					break
				}
				f := t[x&0xFFFF]
				binary.LittleEndian.PutUint64(dst[w:], uint64(e&0xFFFFFF)|uint64(f)<<24)
				p += 2
				w += 3
				if f>>24 == kindWide {
					p += 2
					w += 3
				}
				continue
			}
			if e == 0 {
				return p, w
			}
			binary.LittleEndian.PutUint32(dst[w:], e)
			p += int(e >> 28)
			w += int(e >> 24 & 0xF)
			if src[p] < utf8.RuneSelf {
				break
			}
		}
	}
	for p < len(src) && len(dst)-w >= 4 {
		b := src[p]
		if b < utf8.RuneSelf {
			dst[w] = b
			p++
			w++
			continue
		}
		if p+1 == len(src) {
			break
		}
		e := t[binary.BigEndian.Uint16(src[p:])]
		if e == 0 {
			break
		}
		binary.LittleEndian.PutUint32(dst[w:], e)
		p += int(e >> 28)
		w += int(e >> 24 & 0xF)
	}
	return p, w
}

// refuse says why there is no character at src[p:].
func (c *tableCodec) refuse(src []byte, p int, name string) error {
	switch {
	case !c.layout.lead(src[p]):
		return decodeError(name, src, p, 1, "no character begins with this byte")
	case p+1 == len(src):
		return decodeError(name, src, p, 1, whyTruncated)
	case !c.layout.trail(src[p+1]):
		return decodeError(name, src, p, 1, "half a character: no second byte follows")
	case c.layout.gaiji(src[p], src[p+1]):
		return decodeError(name, src, p, 2, whyGaiji)
	}
	return decodeError(name, src, p, 2, "no character has this code")
}

func (c *tableCodec) appendEncode(dst []byte, s, name string) ([]byte, error) {
	t := c.encode()
	// Half-width kana shrinks most, from three bytes to one.
	if cap(dst)-len(dst) < len(s)/3 {
		dst = slices.Grow(dst, len(s)+8)
	}
	for p := 0; p < len(s); {
		n, w := t.run(dst[len(dst):cap(dst)], []byte(s[p:]))
		p += n
		dst = dst[:len(dst)+w]
		if p == len(s) {
			break
		}
		// run stops at what has no code, near the end of s and of dst's room.
		r, n := utf8.DecodeRuneInString(s[p:])
		switch code := t.code(r); {
		case code == 0 && r != 0:
			return dst, &EncodeError{Rune: r, Index: p, Charset: name}
		case code <= 0xFF:
			dst = append(dst, byte(code))
		default:
			dst = append(dst, byte(code), byte(code>>8))
		}
		p += n
	}
	return dst, nil
}

// code returns the entry of r, 0 where there is none and for U+0000.
func (t *encodeTable) code(r rune) uint16 {
	if r > 0xFFFF {
		return 0
	}
	return t[r]
}

// run encodes as much of src as is simple: it ends before what has no code,
// before the last character of src unless that is ASCII and before the last
// bytes of dst. It returns how much it read and wrote.
func (t *encodeTable) run(dst, src []byte) (p, w int) {
	for len(src)-p >= 8 && len(dst)-w >= 8 {
		x := binary.LittleEndian.Uint64(src[p:])
		binary.LittleEndian.PutUint64(dst[w:], x)
		if x&highBits == 0 {
			p += 8
			w += 8
			continue
		}
		n := bits.TrailingZeros64(x&highBits) >> 3
		p += n
		w += n
		for len(src)-p >= 4 && len(dst)-w >= 2 {
			r, n := shortRune(binary.LittleEndian.Uint32(src[p:]))
			code := t[r]
			if code == 0 {
				return p, w
			}
			binary.LittleEndian.PutUint16(dst[w:], code)
			p += n
			w++
			if code > 0xFF {
				w++
			}
			if src[p] < utf8.RuneSelf {
				break
			}
		}
	}
	for p < len(src) && len(dst)-w >= 2 {
		if src[p] < utf8.RuneSelf {
			dst[w] = src[p]
			p++
			w++
			continue
		}
		if len(src)-p < 4 {
			break
		}
		r, n := shortRune(binary.LittleEndian.Uint32(src[p:]))
		code := t[r]
		if code == 0 {
			break
		}
		binary.LittleEndian.PutUint16(dst[w:], code)
		p += n
		w++
		if code > 0xFF {
			w++
		}
	}
	return p, w
}

// shortRune decodes a character of two or three bytes, the first lowest in x;
// r is 0 when the bytes are none.
func shortRune(x uint32) (r uint16, n int) {
	if x&0xC0C0F0 == 0x8080E0 {
		if r = uint16(x<<12 | x>>2&0xFC0 | x>>16&0x3F); r >= 0x800 {
			return r, 3
		}
		return 0, 0
	}
	if x&0xC0E0 == 0x80C0 && x&0x1E != 0 {
		return uint16(x&0x1F<<6 | x>>8&0x3F), 2
	}
	return 0, 0
}
