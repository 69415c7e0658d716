package configs

import (
	"encoding"
	"errors"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"github.com/mallbridge/mallbridge/internal/secrets"
	"github.com/mallbridge/mallbridge/order"
)

// positions remembers where each key of a file stands: "intake.folder" and its
// like to line and column.
type positions struct {
	file string
	// broken says that nothing of the file could be read: looking further would
	// only report what follows from that.
	broken bool
	at     map[string]position
}

type position struct{ line, column int }

// of returns the place of a path, or of the nearest thing around it that is in
// the file.
func (p *positions) of(path string) position {
	for {
		if at, ok := p.at[path]; ok {
			return at
		}
		if path == "" {
			return position{1, 1}
		}
		i := strings.LastIndexByte(path, '.')
		path = path[:max(i, 0)]
	}
}

// has reports whether the file sets the path.
func (p *positions) has(path string) bool { _, ok := p.at[path]; return ok }

// A decoder reads one YAML file into a struct, and goes on after each finding.
type decoder struct {
	pos      *positions
	findings *Findings
}

// decodeYAML sets the defaults of out's type, then reads data into it, then
// checks what the tags demand. out is a pointer to a struct.
func decodeYAML(file string, data []byte, out any, findings *Findings) *positions {
	d := &decoder{pos: &positions{file: file, at: make(map[string]position)}, findings: findings}
	v := reflect.ValueOf(out).Elem()
	setDefaults(v)
	before := len(*findings)
	root := d.parse(data)
	switch {
	case root == nil && len(*findings) > before:
		d.pos.broken = true
		return d.pos
	case root == nil:
		d.required(v.Type(), "", &yaml.Node{Line: 1, Column: 1})
		return d.pos
	case root.Kind != yaml.MappingNode:
		d.pos.broken = true
		d.mapping(root, "", nil)
		return d.pos
	}
	d.structure(root, v, "")
	return d.pos
}

var yamlLine = regexp.MustCompile(`^(?:yaml: )?(?:line (\d+): )?`)

func (d *decoder) parse(data []byte) *yaml.Node {
	if !utf8.Valid(data) {
		line, col := firstInvalid(data)
		d.addAt(position{line, col}, "the file is not UTF-8", "save it as UTF-8")
		return nil
	}
	dec := yaml.NewDecoder(strings.NewReader(strings.TrimPrefix(string(data), "\uFEFF")))
	var doc yaml.Node
	if err := dec.Decode(&doc); err != nil {
		if errors.Is(err, io.EOF) {
			return nil
		}
		d.syntax(err)
		return nil
	}
	var more yaml.Node
	if err := dec.Decode(&more); err == nil {
		d.add(&more, "a second document starts here", "keep one document in a file: remove the line ---")
	} else if !errors.Is(err, io.EOF) {
		d.syntax(err)
		return nil
	}
	if doc.Kind != yaml.DocumentNode || len(doc.Content) == 0 || isNull(doc.Content[0]) {
		return nil
	}
	return doc.Content[0]
}

func (d *decoder) syntax(err error) {
	text := err.Error()
	m := yamlLine.FindStringSubmatch(text)
	line, _ := strconv.Atoi(m[1])
	message := strings.TrimPrefix(text, m[0])
	hint := "look at the indentation, the quotes and the colons of this line and the one before"
	if strings.Contains(message, "cannot start any token") {
		hint = "indent with spaces, not tabs; quote texts that start with @, `, % or *"
	}
	d.addAt(position{max(line, 1), 0}, "this is not YAML: "+message, hint)
}

func firstInvalid(data []byte) (line, column int) {
	line, column = 1, 1
	for len(data) > 0 {
		r, n := utf8.DecodeRune(data)
		if r == utf8.RuneError && n == 1 {
			break
		}
		column++
		if r == '\n' {
			line, column = line+1, 1
		}
		data = data[n:]
	}
	return line, column
}

func (d *decoder) add(n *yaml.Node, message, hint string) {
	d.addAt(position{n.Line, n.Column}, message, hint)
}

func (d *decoder) addAt(at position, message, hint string) {
	*d.findings = append(*d.findings, Finding{File: d.pos.file, Line: at.line, Column: at.column, Message: message, Hint: hint})
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null" }

// follow resolves an alias. Types end the descent, so a text cannot recurse.
func follow(n *yaml.Node) *yaml.Node {
	for n.Kind == yaml.AliasNode && n.Alias != nil {
		n = n.Alias
	}
	return n
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// structure reads a mapping into a struct.
func (d *decoder) structure(n *yaml.Node, v reflect.Value, path string) {
	fields := fieldsOf(v.Type())
	d.mapping(n, path, func(key, value *yaml.Node) {
		f, ok := fields.find(key.Value)
		if !ok {
			d.unknown(key, fields.names())
			return
		}
		if isNull(value) {
			return // a key without a value leaves the default
		}
		d.note(join(path, key.Value), value)
		d.value(value, v.FieldByIndex(f.index), join(path, key.Value), f.rules)
	})
	d.required(v.Type(), path, n)
}

func (d *decoder) note(path string, n *yaml.Node) { d.pos.at[path] = position{n.Line, n.Column} }

// required names the keys that are missing from a struct.
func (d *decoder) required(t reflect.Type, path string, n *yaml.Node) {
	for _, f := range fieldsOf(t) {
		if f.rules.required && !d.pos.has(join(path, f.name)) {
			hint := "add " + f.name + ": …"
			if len(f.rules.enum) > 0 {
				hint = "add " + f.name + ": " + orList(f.rules.enum)
			}
			where := "it"
			if path != "" {
				where = path
			}
			d.add(n, fmt.Sprintf("%s has no %s", label(where), f.name), hint)
		}
	}
}

func (d *decoder) unknown(key *yaml.Node, names []string) {
	hint := "known here: " + strings.Join(names, ", ")
	if near := nearest(key.Value, names); near != "" {
		hint = "did you mean " + near + "?"
	}
	d.add(key, fmt.Sprintf("unknown key %q", key.Value), hint)
}

// mapping calls each for every key once; repeated keys, merges and non-text keys
// are findings.
func (d *decoder) mapping(n *yaml.Node, path string, each func(key, value *yaml.Node)) {
	if n.Kind != yaml.MappingNode {
		what := "the file"
		if path != "" {
			what = label(path)
		}
		d.add(n, fmt.Sprintf("%s holds keys with values, not %s", what, kindOf(n)), "write key: value, each on its own line")
		return
	}
	seen := make(map[string]int)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], follow(n.Content[i+1])
		switch first, twice := seen[key.Value], seen[key.Value] > 0; {
		case key.Kind != yaml.ScalarNode || key.ShortTag() == "!!merge":
			d.add(key, "keys are plain texts here", "write each key out; merges (<<) are not read")
			continue
		case twice:
			d.add(key, fmt.Sprintf("key %q is there twice, first on line %d", key.Value, first), "keep one of them")
			continue
		}
		seen[key.Value] = key.Line
		each(key, value)
	}
}

func kindOf(n *yaml.Node) string {
	switch n.Kind {
	case yaml.SequenceNode:
		return "a list"
	case yaml.MappingNode:
		return "a mapping"
	}
	return shown(n)
}

// shown quotes a value for a message, cut to a length that fits a line.
func shown(n *yaml.Node) string {
	r := []rune(n.Value)
	if len(r) > 60 {
		return strconv.Quote(string(r[:60])) + "…"
	}
	return strconv.Quote(n.Value)
}

var (
	textUnmarshaler = reflect.TypeFor[encoding.TextUnmarshaler]()
	refType         = reflect.TypeFor[secrets.Ref]()
	dateType        = reflect.TypeFor[order.Date]()
)

// value reads any node into a field. A key without a value leaves the default.
func (d *decoder) value(n *yaml.Node, v reflect.Value, path string, r demands) {
	if isNull(n) {
		return
	}
	switch {
	case v.Kind() == reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		if v.Elem().Kind() == reflect.Struct {
			setDefaults(v.Elem())
		}
		d.value(n, v.Elem(), path, r)
	case reflect.PointerTo(v.Type()).Implements(textUnmarshaler):
		d.unmarshalText(n, v, path)
	case v.Kind() == reflect.Struct:
		d.structure(n, v, path)
	case v.Kind() == reflect.Map:
		d.entries(n, v, path)
	case v.Kind() == reflect.Slice:
		d.list(n, v, path, r)
	case v.Kind() == reflect.Bool:
		d.boolean(n, v, path)
	case v.Kind() == reflect.Int:
		d.integer(n, v, path, r)
	default:
		d.text(n, v, path, r)
	}
}

func (d *decoder) scalar(n *yaml.Node, path, want string) bool {
	if n.Kind == yaml.ScalarNode {
		return true
	}
	d.add(n, fmt.Sprintf("%s is %s, not %s", label(path), want, kindOf(n)), "write it on one line: "+last(path)+": …")
	return false
}

// label is a path without the numbers of list entries: the place says which.
func label(path string) string {
	parts := strings.Split(path, ".")
	return strings.Join(slices.DeleteFunc(parts, func(p string) bool { _, err := strconv.Atoi(p); return err == nil && len(parts) > 1 }), ".")
}

func last(path string) string {
	l := label(path)
	return l[strings.LastIndexByte(l, '.')+1:]
}

func (d *decoder) unmarshalText(n *yaml.Node, v reflect.Value, path string) {
	if !d.scalar(n, path, "one value") {
		return
	}
	if err := v.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(n.Value)); err != nil {
		var ve *valueError
		if errors.As(err, &ve) {
			d.add(n, label(path)+": "+ve.why, ve.hint)
			return
		}
		d.add(n, label(path)+": "+err.Error(), "")
	}
}

func (d *decoder) boolean(n *yaml.Node, v reflect.Value, path string) {
	if n.Kind == yaml.ScalarNode {
		switch n.Value {
		case "true", "false":
			v.SetBool(n.Value == "true")
			return
		}
	}
	d.add(n, fmt.Sprintf("%s is true or false, not %s", label(path), kindOf(n)), "write "+last(path)+": true or "+last(path)+": false")
}

func (d *decoder) integer(n *yaml.Node, v reflect.Value, path string, r demands) {
	i, err := strconv.Atoi(n.Value)
	if n.Kind != yaml.ScalarNode || err != nil || n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) != 0 {
		d.add(n, fmt.Sprintf("%s is a whole number, not %s", label(path), kindOf(n)), "write digits without quotes")
		return
	}
	if r.min != nil && i < *r.min || r.max != nil && i > *r.max {
		d.add(n, fmt.Sprintf("%s is %d", label(path), i), fmt.Sprintf("use %d to %d", *r.min, *r.max))
		return
	}
	v.SetInt(int64(i))
}

func (d *decoder) text(n *yaml.Node, v reflect.Value, path string, r demands) {
	if !d.scalar(n, path, "a text") {
		return
	}
	switch {
	case v.Type() == refType:
		d.reference(n, v, path)
		return
	case v.Type() == dateType:
		d.date(n, v, path)
		return
	}
	if !d.bare(n, path, r) {
		return
	}
	if len(r.enum) > 0 && !slices.Contains(r.enum, n.Value) {
		hint := "use " + orList(r.enum)
		d.add(n, fmt.Sprintf("%s is %s", label(path), shown(n)), hint)
		return
	}
	if r.pattern != nil && !r.pattern.MatchString(n.Value) {
		d.add(n, fmt.Sprintf("%s is %s", label(path), shown(n)), "it must match "+r.pattern.String())
		return
	}
	if strings.ContainsFunc(n.Value, func(c rune) bool { return c < ' ' && c != '\n' && c != '\t' || c == 0x7F }) {
		d.add(n, label(path)+" holds a control character", "remove it")
		return
	}
	v.SetString(n.Value)
}

// bare reports whether a text may stand without quotes. Codes that other YAML
// programs, and people who re-save the file, would read as numbers may not:
// 0600001 is 196609 to some.
func (d *decoder) bare(n *yaml.Node, path string, r demands) bool {
	if n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) != 0 {
		return true
	}
	quote := fmt.Sprintf("quote it: %s: %q", last(path), n.Value)
	switch tag := n.ShortTag(); {
	case tag == "!!int" && plainNumber.MatchString(n.Value):
	case tag == "!!int" || tag == "!!float" || leadingZero.MatchString(n.Value):
		d.add(n, fmt.Sprintf("%s is the code %s, written as a number", label(path), n.Value), quote)
		return false
	case tag == "!!bool" && !slices.Contains(r.enum, n.Value):
		d.add(n, fmt.Sprintf("%s is a text, not yes or no", label(path)), quote)
		return false
	case tag == "!!timestamp":
		d.add(n, fmt.Sprintf("%s is a text, written as a date", label(path)), quote)
		return false
	}
	return true
}

var (
	plainNumber = regexp.MustCompile(`^(0|-?[1-9][0-9]*)$`)
	leadingZero = regexp.MustCompile(`^0[0-9]+$`)
)

func (d *decoder) reference(n *yaml.Node, v reflect.Value, path string) {
	ref, err := secrets.ParseRef(n.Value)
	if err != nil {
		// The value is not shown: it may be the secret itself.
		d.add(n, fmt.Sprintf("%s: %v", label(path), err),
			"secrets are never written here: set an environment variable and write "+last(path)+": env:NAME")
		return
	}
	v.SetString(string(ref))
}

func (d *decoder) date(n *yaml.Node, v reflect.Value, path string) {
	if _, err := time.Parse(time.DateOnly, n.Value); err != nil {
		d.add(n, fmt.Sprintf("%s: %s is no day", label(path), shown(n)), "write 2026-11-22")
		return
	}
	v.SetString(n.Value)
}

// entries reads a mapping whose keys are texts.
func (d *decoder) entries(n *yaml.Node, v reflect.Value, path string) {
	v.Set(reflect.MakeMap(v.Type()))
	d.mapping(n, path, func(key, value *yaml.Node) {
		at := join(path, key.Value)
		d.note(at, value)
		d.pos.at["key:"+at] = position{key.Line, key.Column}
		if isNull(value) {
			d.add(key, at+" has no value", `write "" for the empty text`)
			return
		}
		if !d.bareKey(key, path) {
			return
		}
		elem := reflect.New(v.Type().Elem()).Elem()
		before := len(*d.findings)
		d.value(value, elem, at, demands{})
		if len(*d.findings) == before {
			v.SetMapIndex(reflect.ValueOf(key.Value), elem)
		}
	})
}

func (d *decoder) bareKey(key *yaml.Node, path string) bool {
	if key.Style == 0 && leadingZero.MatchString(key.Value) {
		d.add(key, fmt.Sprintf("%s has the code %s as a key, written as a number", path, key.Value), fmt.Sprintf("quote it: %q: …", key.Value))
		return false
	}
	return true
}

// list reads a sequence; a single value is a list of one.
func (d *decoder) list(n *yaml.Node, v reflect.Value, path string, r demands) {
	items := []*yaml.Node{n}
	if n.Kind == yaml.SequenceNode {
		items = n.Content
	}
	v.Set(reflect.MakeSlice(v.Type(), 0, len(items)))
	seen := make(map[any]bool, len(items))
	for i, item := range items {
		item = follow(item)
		at := join(path, strconv.Itoa(i))
		d.note(at, item)
		if isNull(item) {
			d.add(item, label(at)+" has an entry without a value", "remove the empty entry")
			continue
		}
		elem := reflect.New(v.Type().Elem()).Elem()
		if elem.Kind() == reflect.Struct && !elem.Addr().Type().Implements(textUnmarshaler) {
			setDefaults(elem)
		}
		before := len(*d.findings)
		d.value(item, elem, at, demands{enum: r.enum})
		if len(*d.findings) > before {
			continue
		}
		if seen[elem.Interface()] {
			d.add(item, fmt.Sprintf("%s holds %s twice", path, shown(item)), "keep one of them")
			continue
		}
		seen[elem.Interface()] = true
		v.Set(reflect.Append(v, elem))
	}
}

func orList(words []string) string {
	switch n := len(words); n {
	case 0:
		return ""
	case 1:
		return words[0]
	default:
		return strings.Join(words[:n-1], ", ") + " or " + words[n-1]
	}
}
