package elevenst

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/korean"
)

// decode turns CP949 into UTF-8, and names the first bytes that are no character.
// The mall calls it EUC-KR and writes all of Windows' Korean.
func decode(b []byte) (string, error) {
	out, err := korean.EUCKR.NewDecoder().Bytes(b)
	if err != nil {
		return "", err
	}
	if at := bytes.IndexRune(out, utf8.RuneError); at >= 0 {
		return "", fmt.Errorf("bytes that are no character of CP949 after %q", lastOf(string(out[:at]), 20))
	}
	return string(out), nil
}

func lastOf(s string, n int) string {
	r := []rune(s)
	return string(r[max(0, len(r)-n):])
}

// A tag is one start or end tag in bytes.
type tag struct {
	at, end int    // of "<" and behind ">"
	name    []byte // without prefix
	closing bool
	empty   bool // <a/>
}

// nextTag finds the next tag from at on. It works on bytes as they came: no trail
// byte of CP949 is "<" or ">". Comments, declarations and CDATA are no tags.
func nextTag(b []byte, at int) (tag, bool) {
	for at < len(b) {
		i := bytes.IndexByte(b[at:], '<')
		if i < 0 {
			break
		}
		at += i
		if skip := notTag(b[at:]); skip > 0 {
			at += skip
			continue
		}
		end := bytes.IndexByte(b[at:], '>')
		if end < 0 {
			break
		}
		t := tag{at: at, end: at + end + 1, name: b[at+1 : at+end]}
		if n := len(t.name); n > 0 && t.name[n-1] == '/' {
			t.empty, t.name = true, t.name[:n-1]
		}
		if len(t.name) > 0 && t.name[0] == '/' {
			t.closing, t.name = true, t.name[1:]
		}
		for i, c := range t.name {
			if c == ' ' || c == '\t' || c == '\r' || c == '\n' {
				t.name = t.name[:i]
				break
			}
		}
		t.name = t.name[bytes.IndexByte(t.name, ':')+1:]
		return t, true
	}
	return tag{}, false
}

// notTag is how many bytes a comment, declaration or CDATA at the beginning of b
// takes; 0 if there is none.
func notTag(b []byte) int {
	if len(b) < 2 || b[1] != '!' && b[1] != '?' {
		return 0
	}
	for _, x := range [...]struct{ open, end string }{{"<!--", "-->"}, {"<![CDATA[", "]]>"}, {"<?", "?>"}, {"<!", ">"}} {
		if !bytes.HasPrefix(b, []byte(x.open)) {
			continue
		}
		if i := bytes.Index(b, []byte(x.end)); i >= 0 {
			return i + len(x.end)
		}
		return len(x.open)
	}
	return 0
}

// elements cuts out all elements of that local name, whole. One that is not closed
// before the next begins, or at all, comes as far as it goes: its reader refuses it.
func elements(b []byte, name string) [][]byte {
	var out [][]byte
	begin := -1
	last := func(end int) {
		if begin >= 0 {
			out = append(out, b[begin:end:end])
			begin = -1
		}
	}
	for at := 0; ; {
		t, ok := nextTag(b, at)
		if !ok {
			break
		}
		at = t.end
		switch {
		case string(t.name) != name:
		case t.closing:
			last(t.end)
		default:
			last(t.at)
			if begin = t.at; t.empty {
				last(t.end)
			}
		}
	}
	last(len(b))
	return out
}

// rootOf is the local name of the outermost element, if the document is closed by
// the same; "" if it is no document or was cut.
func rootOf(b []byte) string {
	first, ok := nextTag(b, 0)
	if !ok || first.closing {
		return ""
	}
	trimmed := bytes.TrimSpace(b)
	if !bytes.HasPrefix(trimmed, []byte("<")) || !bytes.HasSuffix(trimmed, []byte(">")) {
		return ""
	}
	lastAt := bytes.LastIndexByte(trimmed, '<')
	last, ok := nextTag(trimmed, lastAt)
	if !ok || last.end != len(trimmed) || !bytes.Equal(last.name, first.name) || last.closing == first.empty {
		return ""
	}
	return string(first.name)
}

// section is what stands inside the first element of that name, which is one of ours.
func section(b []byte, name string) []byte {
	open := []byte("<" + name + ">")
	begin, end := bytes.Index(b, open), bytes.LastIndex(b, []byte("</"+name+">"))
	if begin < 0 || end < begin+len(open) {
		return nil
	}
	return b[begin+len(open) : end]
}

// fields are the texts of an element's children by their names.
type fields map[string]string

// Errors of reading an element.
var (
	errTwice = errors.New("stands twice with different values")
	errDeep  = errors.New("has elements inside, which is not expected there")
)

// A fieldError names the field.
type fieldError struct {
	field string
	err   error
}

func (e *fieldError) Error() string { return e.field + " " + e.err.Error() }
func (e *fieldError) Unwrap() error { return e.err }

// readFields reads an element in UTF-8 whose children hold text. Empty values and
// the text null, which the mall writes for missing ones, are left out.
func readFields(text string) (fields, error) {
	d := xml.NewDecoder(strings.NewReader(text))
	d.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil } // it is UTF-8 already
	out := fields{}
	seen := map[string]string{}
	depth, name, value := 0, "", ""
	for {
		t, err := d.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		switch t := t.(type) {
		case xml.StartElement:
			if depth++; depth == 2 {
				name, value = t.Name.Local, ""
			}
			if depth > 2 {
				return nil, &fieldError{name, errDeep}
			}
		case xml.EndElement:
			if depth--; depth != 1 {
				continue
			}
			value = strings.TrimSpace(value)
			if was, twice := seen[name]; twice && was != value {
				return nil, &fieldError{name, errTwice}
			}
			if seen[name] = value; value != "" && value != "null" {
				out[name] = value
			}
		case xml.CharData:
			if depth == 2 {
				value += string(t)
			}
		}
	}
	if depth != 0 || len(seen) == 0 {
		return nil, io.ErrUnexpectedEOF
	}
	return out, nil
}

// rawValue finds the value of a field of an element as it came, without reading the
// rest of it, which may be damaged.
func rawValue(b []byte, field string) string {
	open := "<" + field + ">"
	i := bytes.Index(b, []byte(open))
	if i < 0 {
		return ""
	}
	b = b[i+len(open):]
	if i = bytes.IndexByte(b, '<'); i < 0 {
		return ""
	}
	return string(bytes.TrimSpace(b[:i]))
}

// rawDigits is rawValue of a field that holds a number; "" if it holds none.
func rawDigits(b []byte, field string) string {
	if s := rawValue(b, field); allDigits(s) {
		return s
	}
	return ""
}

func allDigits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }
