package charset

import (
	"errors"
	"fmt"
	"unicode/utf8"
)

// ErrReadOnly is returned when text is to be written in a charset that this
// package only reads.
var ErrReadOnly = errors.New("charset: iso-2022-jp can be read, not written")

// A DecodeError says that bytes are no character of the charset.
type DecodeError struct {
	Offset  int    // of the first bad byte in the source; its length when something lacks at the end
	Bytes   []byte // the bad bytes, up to three; a copy
	Charset string // its name

	why string
}

// Error gives the charset, the offset, the bytes and why they are refused.
func (e *DecodeError) Error() string {
	why := e.why
	if why == "" {
		why = "no character"
	}
	if len(e.Bytes) == 0 {
		return fmt.Sprintf("charset: %s: byte offset %d: %s", e.Charset, e.Offset, why)
	}
	return fmt.Sprintf("charset: %s: byte offset %d: % X: %s", e.Charset, e.Offset, e.Bytes, why)
}

// An EncodeError says that the charset has no code for a character.
type EncodeError struct {
	Rune    rune   // the character; U+FFFD also for bytes that are no UTF-8
	Index   int    // its byte index in the text
	Charset string // its name
}

// Error gives the charset, the code point and the character.
func (e *EncodeError) Error() string {
	if e.Rune == utf8.RuneError {
		return fmt.Sprintf("charset: %s: byte index %d: the text is damaged here: U+FFFD or no UTF-8", e.Charset, e.Index)
	}
	return fmt.Sprintf("charset: %s: byte index %d: cannot write %#U", e.Charset, e.Index, e.Rune)
}

const (
	whyGaiji     = "user-defined character (gaiji), known to one machine only"
	whyTruncated = "the text ends inside a character"
	whyLost      = "U+FFFD: a character was lost before this text was written"
)

func decodeError(name string, src []byte, offset, n int, why string) *DecodeError {
	n = min(n, len(src)-offset)
	return &DecodeError{Offset: offset, Bytes: append([]byte(nil), src[offset:offset+n]...), Charset: name, why: why}
}
