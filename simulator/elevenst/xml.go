package elevenst

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/korean"
)

// A field is one element with text.
type field struct{ name, value string }

const namespace = ` xmlns:ns2="http://skt.tmall.business.openapi.spring.service.client.domain/"`

// A writer writes XML in CP949. What CP949 does not have becomes a character
// reference, as Java's writer makes of it.
type writer struct{ bytes.Buffer }

func (w *writer) element(name, value string) {
	if value == "" {
		w.WriteString("<" + name + "></" + name + ">")
		return
	}
	w.WriteString("<" + name + ">")
	w.text(value)
	w.WriteString("</" + name + ">")
}

func (w *writer) fields(list []field) {
	for _, f := range list {
		w.element(f.name, f.value)
	}
}

var escape = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "\r", "&#13;")

func (w *writer) text(s string) {
	s = escape.Replace(s)
	if !strings.ContainsFunc(s, func(r rune) bool { return r >= utf8.RuneSelf }) {
		w.WriteString(s)
		return
	}
	if b, err := korean.EUCKR.NewEncoder().Bytes([]byte(s)); err == nil {
		w.Write(b)
		return
	}
	for _, r := range s {
		b, err := korean.EUCKR.NewEncoder().Bytes([]byte(string(r)))
		if err != nil {
			b = []byte("&#" + strconv.Itoa(int(r)) + ";")
		}
		w.Write(b)
	}
}

// readBody reads the XML of a request: a root with elements that hold text, no
// element twice, no other depth.
func readBody(body []byte, root string, names ...string) (map[string]string, error) {
	d := xml.NewDecoder(bytes.NewReader(body))
	d.CharsetReader = func(label string, in io.Reader) (io.Reader, error) {
		if !strings.EqualFold(label, "euc-kr") {
			return nil, fmt.Errorf("the encoding is %s", label)
		}
		return korean.EUCKR.NewDecoder().Reader(in), nil
	}
	out := map[string]string{}
	depth, at, declared := 0, "", false
	for {
		t, err := d.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		switch t := t.(type) {
		case xml.ProcInst:
			declared = declared || strings.Contains(strings.ToLower(string(t.Inst)), "euc-kr")
		case xml.StartElement:
			depth++
			switch {
			case depth == 1 && t.Name.Local != root:
				return nil, fmt.Errorf("the root is %s, not %s", t.Name.Local, root)
			case depth == 2:
				at = t.Name.Local
				if _, twice := out[at]; twice {
					return nil, fmt.Errorf("%s stands twice", at)
				}
				known := false
				for _, n := range names {
					known = known || n == at
				}
				if !known {
					return nil, fmt.Errorf("%s is not known", at)
				}
				out[at] = ""
			case depth > 2:
				return nil, fmt.Errorf("%s stands inside %s", t.Name.Local, at)
			}
		case xml.EndElement:
			depth--
		case xml.CharData:
			if depth == 2 {
				out[at] += string(t)
			}
		}
	}
	if !declared {
		return nil, fmt.Errorf("there is no declaration of EUC-KR")
	}
	return out, nil
}
