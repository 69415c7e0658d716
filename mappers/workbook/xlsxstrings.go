package workbook

import (
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// An arena makes many small strings in few allocations. A string keeps its
// whole block alive, so blocks of rows are small.
type arena struct {
	b     strings.Builder
	block int
}

var oneByte = func() (s [128]string) {
	for i := range s {
		s[i] = string(rune(i))
	}
	return s
}()

func (a *arena) add(p []byte) string {
	switch {
	case len(p) == 0:
		return ""
	case len(p) == 1 && p[0] < 128:
		return oneByte[p[0]]
	case a.b.Cap()-a.b.Len() < len(p):
		a.b = strings.Builder{}
		a.b.Grow(max(a.block, len(p)))
	}
	n := a.b.Len()
	a.b.Write(p)
	return a.b.String()[n:]
}

// readSharedStrings reads the table of shared strings.
func readSharedStrings(c *container, name string) ([]string, error) {
	x, err := c.openXML(name)
	if err != nil {
		return nil, err
	}
	defer x.part.Close()
	var (
		table []string
		bytes int64
		buf   []byte
		texts = arena{block: 64 << 10}
	)
	err = x.each(func(tag []byte) error {
		if string(tag) != "si" {
			return nil
		}
		if len(table) == c.limits.SharedStrings {
			return &LimitError{"shared strings", int64(c.limits.SharedStrings)}
		}
		var err error
		if buf, err = x.richText(buf[:0]); err != nil {
			return err
		}
		text := unescape(buf)
		if tooLong(text, c.limits.CellChars) {
			return &LimitError{"characters of shared string " + strconv.Itoa(len(table)+1), int64(c.limits.CellChars)}
		}
		if bytes += int64(len(text)) + 16; bytes > c.limits.SharedStringBytes {
			return &LimitError{"bytes of shared strings", c.limits.SharedStringBytes}
		}
		table = append(table, texts.add(text))
		return nil
	})
	return table, err
}

// richText appends the text of a string item whose start tag came last: its
// own text, or that of its runs, without phonetic guides.
func (s *scanner) richText(dst []byte) ([]byte, error) {
	depth := len(s.marks)
	for {
		t, err := s.next()
		if err != nil {
			return dst, err
		}
		if t == endTag && len(s.marks) < depth {
			return dst, nil
		}
		if t != startTag {
			continue
		}
		switch string(s.name) {
		case "t":
			if dst, err = s.content(dst); err != nil {
				return dst, err
			}
		case "r":
		default:
			if err := s.skip(); err != nil {
				return dst, err
			}
		}
	}
}

// tooLong reports whether text has more than limit characters, counted as
// UTF-16 units, the way spreadsheet programs count.
func tooLong(text []byte, limit int) bool {
	if len(text) <= limit {
		return false
	}
	units := 0
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRune(text[i:])
		units += utf16.RuneLen(max(r, 0))
		i += n
	}
	return units > limit
}

// unescape resolves the escapes _xHHHH_ by which spreadsheet programs store
// characters that XML does not allow. It works in place.
func unescape(b []byte) []byte {
	out := b[:0]
	for i := 0; i < len(b); i++ {
		u, ok := escapeAt(b[i:])
		if !ok {
			if len(out) == i {
				out = b[:i+1]
			} else {
				out = append(out, b[i])
			}
			continue
		}
		i += escapeLen - 1
		r := rune(u)
		if utf16.IsSurrogate(r) {
			low, more := escapeAt(b[i+1:])
			if r = utf16.DecodeRune(r, rune(low)); more && r != utf8.RuneError {
				i += escapeLen
			}
		}
		out = utf8.AppendRune(out, r)
	}
	return out
}

const escapeLen = len("_x000D_")

func escapeAt(b []byte) (uint16, bool) {
	if len(b) < escapeLen || b[0] != '_' || b[1] != 'x' || b[6] != '_' {
		return 0, false
	}
	var v uint16
	for _, c := range b[2:6] {
		switch {
		case isDigit(c):
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		v = v<<4 | uint16(c)
	}
	return v, true
}
