package charset

import (
	"bytes"
	"unicode/utf8"
)

// Position returns where in src the byte at offset is, for a person: its line,
// where LF ends one, and its column in characters, both from 1. What cannot be
// decoded counts as one column a byte.
func (c *Charset) Position(src []byte, offset int) (line, column int) {
	offset = max(0, min(offset, len(src)))
	if !c.ASCIITransparent() {
		return c.positionOfText(src[:offset])
	}
	before := c.TrimBOM(src[:offset])
	line = 1 + bytes.Count(before, []byte{'\n'})
	before = before[bytes.LastIndexByte(before, '\n')+1:]
	column = 1
	for len(before) > 0 {
		text, err := c.AppendDecode(nil, before)
		column += utf8.RuneCount(text)
		bad, ok := err.(*DecodeError)
		if !ok {
			break
		}
		before = before[bad.Offset+1:]
		column++
	}
	return line, column
}

// positionOfText finds the end of text that must be decoded from its start.
func (c *Charset) positionOfText(src []byte) (line, column int) {
	text, _ := c.AppendDecode(nil, src)
	line = 1 + bytes.Count(text, []byte{'\n'})
	return line, 1 + utf8.RuneCount(text[bytes.LastIndexByte(text, '\n')+1:])
}

// Fits returns the names of the charsets in which all of sample, a file or
// whole lines from the start of one, is text; nil when it is plain ASCII, which
// fits nearly all. It is for a hint beside an error: a file is read in the
// charset that its profile states, never in one that was guessed.
func Fits(sample []byte) []string {
	if isASCII(sample) && !bytes.Contains(sample, []byte{0x1B}) {
		return nil
	}
	var names []string
	for _, c := range charsets {
		marked := bytes.HasPrefix(sample, []byte(utf8BOM))
		if c == markedUTF8 && !marked || c == plainUTF8 && marked {
			continue
		}
		if _, err := c.AppendDecode(nil, c.TrimBOM(sample)); err == nil {
			names = append(names, c.name)
		}
	}
	return names
}

func isASCII(b []byte) bool {
	for _, c := range b {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
