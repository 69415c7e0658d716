package configs

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/mallbridge/mallbridge/order"
)

// SetYAML returns a configuration file with one text value set at a path of keys,
// which are made where they are missing. All else stays as it is written: comments,
// blank lines, order.
func SetYAML(data []byte, value string, path ...string) ([]byte, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil {
		return nil, order.Errorf(order.Invalid, "mend the file first", "%w", err)
	}
	if len(doc.Content) == 0 || doc.Content[0].Kind != yaml.MappingNode {
		return nil, order.Errorf(order.Invalid, "mend the file first", "the file is no mapping")
	}
	want := clone(&doc)
	setNode(want.Content[0], value, path)
	if out, ok := splice(data, doc.Content[0], value, path); ok && sameYAML(out, want) {
		return out, nil
	}
	// A form that lines cannot be put into, such as {a: b} over several lines.
	var b bytes.Buffer
	e := yaml.NewEncoder(&b)
	e.SetIndent(2)
	if err := e.Encode(want); err != nil {
		return nil, fmt.Errorf("write YAML: %w", err)
	}
	return b.Bytes(), e.Close()
}

func clone(n *yaml.Node) *yaml.Node {
	c := *n
	c.Content = make([]*yaml.Node, len(n.Content))
	for i, x := range n.Content {
		c.Content[i] = clone(x)
	}
	return &c
}

func sameYAML(data []byte, want *yaml.Node) bool {
	var a, b any
	return yaml.Unmarshal(data, &a) == nil && want.Decode(&b) == nil && reflect.DeepEqual(a, b)
}

func valueAt(m *yaml.Node, key string) (k, v *yaml.Node) {
	for i := 0; i+1 < len(m.Content); i += 2 {
		if m.Content[i].Value == key {
			return m.Content[i], m.Content[i+1]
		}
	}
	return nil, nil
}

func setNode(m *yaml.Node, value string, path []string) {
	_, v := valueAt(m, path[0])
	if v == nil {
		v = &yaml.Node{}
		m.Content = append(m.Content, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: path[0]}, v)
	}
	if len(path) == 1 {
		v.Kind, v.Tag, v.Value, v.Style, v.Content = yaml.ScalarNode, "!!str", value, yaml.DoubleQuotedStyle, nil
		return
	}
	if v.Kind != yaml.MappingNode {
		v.Kind, v.Tag, v.Value, v.Style, v.Content = yaml.MappingNode, "!!map", "", 0, nil
	}
	setNode(v, value, path[1:])
}

// splice writes the value into the text of the file. ok is false where the form of
// the file does not allow it.
func splice(data []byte, m *yaml.Node, value string, path []string) (out []byte, ok bool) {
	lines := strings.SplitAfter(string(data), "\n")
	for {
		k, v := valueAt(m, path[0])
		switch {
		case k == nil && m.Style&yaml.FlowStyle == 0 && len(m.Content) > 0:
			return insert(lines, lastLine(m), m.Content[0].Column-1, value, path), true
		case k == nil:
			return nil, false
		case len(path) == 1:
			return replace(lines, v, value)
		case v.Kind == yaml.ScalarNode && v.Tag == "!!null" && v.Value == "":
			return insert(lines, k.Line, k.Column+1, value, path[1:]), true
		case v.Kind != yaml.MappingNode:
			return nil, false
		}
		m, path = v, path[1:]
	}
}

// lastLine is the last line of a node, from 1.
func lastLine(n *yaml.Node) int {
	last := n.Line
	if n.Kind == yaml.ScalarNode && n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0 {
		last += strings.Count(strings.TrimRight(n.Value, "\n"), "\n") + 1
	}
	for _, c := range n.Content {
		last = max(last, lastLine(c))
	}
	return last
}

func insert(lines []string, after, indent int, value string, path []string) []byte {
	if after > 0 && !strings.HasSuffix(lines[after-1], "\n") {
		lines[after-1] += "\n"
	}
	var fresh []string
	for i, key := range path {
		line := strings.Repeat(" ", indent+2*i) + scalar(key) + ":"
		if i == len(path)-1 {
			line += " " + quote(value)
		}
		fresh = append(fresh, line+"\n")
	}
	return []byte(strings.Join(slices.Insert(slices.Clone(lines), after, fresh...), ""))
}

// replace puts a value where one is that stands in one line.
func replace(lines []string, v *yaml.Node, value string) ([]byte, bool) {
	if v.Kind != yaml.ScalarNode || v.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0 || v.Anchor != "" || v.Line < 1 || v.Line > len(lines) {
		return nil, false
	}
	line := []rune(lines[v.Line-1])
	if v.Column < 1 || v.Column-1 > len(line) {
		return nil, false
	}
	head, rest := string(line[:v.Column-1]), strings.TrimRight(string(line[v.Column-1:]), "\r\n")
	end := string(line)[len(head)+len(rest):]
	tail := ""
	switch {
	case v.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0:
		if at := strings.LastIndexAny(rest, rest[:1]); at > 0 {
			tail = rest[at+1:]
		}
	default:
		if at := strings.Index(rest, " #"); at >= 0 {
			tail = strings.Repeat(" ", at-len(strings.TrimRight(rest[:at], " "))) + rest[at:]
		}
	}
	if !strings.HasSuffix(head, " ") {
		head += " "
	}
	lines = slices.Clone(lines)
	lines[v.Line-1] = head + quote(value) + tail + end
	return []byte(strings.Join(lines, "")), true
}

func quote(value string) string {
	b, err := yaml.Marshal(&yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: value, Style: yaml.DoubleQuotedStyle})
	if err != nil {
		return `""`
	}
	return strings.TrimRight(string(b), "\n")
}

// scalar writes a key, in quotes only where it needs them.
func scalar(key string) string {
	b, err := yaml.Marshal(key)
	if err != nil {
		return `""`
	}
	return strings.TrimRight(string(b), "\n")
}
