package format

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// A Finding is one fault of a YAML file, at its place.
type Finding struct {
	File         string
	Line, Column int // from 1
	Text         string
	Hint         string // one step to take, or empty
}

func (f Finding) String() string {
	s := fmt.Sprintf("%s:%d:%d: %s", f.File, f.Line, f.Column, f.Text)
	if f.Hint != "" {
		s += " (" + f.Hint + ")"
	}
	return s
}

// Findings are all faults of a file. They are the error of [Parse].
type Findings []Finding

func (f Findings) Error() string {
	lines := make([]string, len(f))
	for i := range f {
		lines[i] = f[i].String()
	}
	return strings.Join(lines, "\n")
}

// A pos is a place in the file.
type pos struct{ line, column int }

// report collects findings of one file.
type report struct {
	file  string
	found Findings
}

func (r *report) at(p pos, hint, format string, args ...any) {
	r.found = append(r.found, Finding{r.file, max(p.line, 1), max(p.column, 1), fmt.Sprintf(format, args...), hint})
}

func (r *report) node(n *yaml.Node, hint, format string, args ...any) {
	r.at(pos{n.Line, n.Column}, hint, format, args...)
}

// A nodeDecoder is a type that reads itself from YAML.
type nodeDecoder interface {
	decodeNode(n *yaml.Node, r *report)
}

// A placer is a type that keeps its place.
type placer interface{ place(pos) }

var decoderType = reflect.TypeFor[nodeDecoder]()

// decode fills the value v points to from n. Keys of structs are those of the
// yaml tags. Text is taken as
// it is written, so that 0812 stays 0812.
func decode(n *yaml.Node, v reflect.Value, r *report) {
	if n.Kind == yaml.AliasNode { // it could contain itself
		r.node(n, "write the value again", "aliases such as *%s are not taken", n.Value)
		return
	}
	if v.CanAddr() && v.Addr().Type().Implements(decoderType) {
		v.Addr().Interface().(nodeDecoder).decodeNode(n, r)
		return
	}
	switch v.Kind() {
	case reflect.String:
		if n.Kind != yaml.ScalarNode {
			r.node(n, "", "a text is expected, not %s", kindName(n))
			return
		}
		if n.Tag != "!!null" {
			v.SetString(n.Value)
		}
	case reflect.Int:
		i, err := strconv.Atoi(n.Value)
		if n.Kind != yaml.ScalarNode || err != nil || i < 0 {
			r.node(n, "", "a whole number from 0 upward is expected, not %s", shown(n))
			return
		}
		v.SetInt(int64(i))
	case reflect.Bool:
		if n.Kind != yaml.ScalarNode || n.Value != "true" && n.Value != "false" {
			r.node(n, "", "true or false is expected, not %s", shown(n))
			return
		}
		v.SetBool(n.Value == "true")
	case reflect.Slice:
		items := []*yaml.Node{n}
		if n.Kind == yaml.SequenceNode {
			items = n.Content
		}
		s := reflect.MakeSlice(v.Type(), len(items), len(items))
		for i, it := range items {
			decode(it, s.Index(i), r)
		}
		v.Set(s)
	case reflect.Map:
		if n.Kind != yaml.MappingNode {
			r.node(n, "", "keys with values are expected, not %s", kindName(n))
			return
		}
		m := reflect.MakeMapWithSize(v.Type(), len(n.Content)/2)
		eachPair(n, r, func(k, val *yaml.Node) {
			e := reflect.New(v.Type().Elem()).Elem()
			decode(val, e, r)
			m.SetMapIndex(reflect.ValueOf(k.Value), e)
		})
		v.Set(m)
	case reflect.Pointer:
		p := reflect.New(v.Type().Elem())
		decode(n, p.Elem(), r)
		v.Set(p)
	case reflect.Struct:
		decodeStruct(n, v, r)
	}
}

func decodeStruct(n *yaml.Node, v reflect.Value, r *report) {
	if n.Kind != yaml.MappingNode {
		r.node(n, "", "keys with values are expected, not %s", kindName(n))
		return
	}
	if p, ok := v.Addr().Interface().(placer); ok {
		p.place(pos{n.Line, n.Column})
	}
	t := v.Type()
	var keys []string
	fields := map[string]reflect.Value{}
	for i := range t.NumField() {
		if k := t.Field(i).Tag.Get("yaml"); k != "" {
			fields[k] = v.Field(i)
			keys = append(keys, k)
		}
	}
	eachPair(n, r, func(k, val *yaml.Node) {
		f, ok := fields[k.Value]
		if !ok {
			r.node(k, suggest(k.Value, keys), "unknown key %q", k.Value)
			return
		}
		decode(val, f, r)
	})
}

// eachPair calls do for every key of a mapping and reports repeated ones.
func eachPair(n *yaml.Node, r *report, do func(k, v *yaml.Node)) {
	seen := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k := n.Content[i]
		if line, ok := seen[k.Value]; ok {
			r.node(k, "", "key %q is already on line %d", k.Value, line)
			continue
		}
		seen[k.Value] = k.Line
		do(k, n.Content[i+1])
	}
}

func kindName(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "keys with values"
	case yaml.SequenceNode:
		return "a list"
	case yaml.ScalarNode:
		return "a single value"
	}
	return "nothing"
}

func shown(n *yaml.Node) string {
	if n.Kind == yaml.ScalarNode {
		return strconv.Quote(n.Value)
	}
	return kindName(n)
}

// suggest names the known word nearest to word, or lists the known ones.
func suggest(word string, known []string) string {
	if len(word) > 80 {
		return ""
	}
	best, least := "", len(word)/2+1
	for _, k := range known {
		if d := distance(word, k); d < least {
			best, least = k, d
		}
	}
	if best != "" {
		return "did you mean " + best + "?"
	}
	if len(known) > 30 {
		return ""
	}
	known = slices.Clone(known)
	slices.Sort(known)
	return "known: " + strings.Join(known, ", ")
}

// distance is the number of letters to change, add or remove between a and b.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		prev := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := prev
			if a[i] != b[j] {
				cost = 1 + min(prev, row[j], row[j+1])
			}
			prev, row[j+1] = row[j+1], cost
		}
	}
	return row[len(b)]
}
