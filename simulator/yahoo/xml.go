package yahoo

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// An element of a request.
type element struct {
	name     string
	text     string
	children []*element
}

// parse reads a request whose root is Req.
func parse(body []byte) (*element, error) {
	if !utf8.Valid(body) {
		return nil, errors.New("the request is not UTF-8")
	}
	d := xml.NewDecoder(strings.NewReader(string(body)))
	root := &element{}
	stack := []*element{root}
	for {
		t, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		top := stack[len(stack)-1]
		switch t := t.(type) {
		case xml.StartElement:
			if len(t.Attr) > 0 {
				return nil, fmt.Errorf("%s has attributes", t.Name.Local)
			}
			e := &element{name: t.Name.Local}
			top.children = append(top.children, e)
			stack = append(stack, e)
		case xml.EndElement:
			stack = stack[:len(stack)-1]
		case xml.CharData:
			top.text += string(t)
		}
	}
	if len(root.children) != 1 || root.children[0].name != "Req" {
		return nil, errors.New("the root is not Req")
	}
	return root.children[0], nil
}

// leaves are the texts of a request by their path below Req: Search/Result.
func (e *element) leaves(known []string) (map[string]string, error) {
	out := map[string]string{}
	var walk func(e *element, path string) error
	walk = func(e *element, path string) error {
		for _, c := range e.children {
			at := strings.TrimPrefix(path+"/"+c.name, "/")
			if len(c.children) > 0 {
				if err := walk(c, at); err != nil {
					return err
				}
				continue
			}
			if _, twice := out[at]; twice {
				return fmt.Errorf("%s stands twice", at)
			}
			if !slices.Contains(known, at) {
				return fmt.Errorf("%s is not known here", at)
			}
			out[at] = strings.TrimSpace(c.text)
		}
		return nil
	}
	return out, walk(e, "")
}

// cell writes an element: text beyond ASCII, or with signs of XML, as CDATA.
func cell(b *strings.Builder, name, value string) {
	plain := strings.IndexFunc(value, func(r rune) bool { return r >= 0x80 || r == '<' || r == '&' || r == '>' }) < 0
	switch {
	case plain:
		b.WriteString("<" + name + ">" + value + "</" + name + ">")
	case strings.Contains(value, "]]>"):
		b.WriteString("<" + name + ">" + escape(value) + "</" + name + ">")
	default:
		b.WriteString("<" + name + "><![CDATA[" + value + "]]></" + name + ">")
	}
}
