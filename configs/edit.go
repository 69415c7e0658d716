package configs

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/mallbridge/mallbridge/internal/durable"
	"github.com/mallbridge/mallbridge/order"
)

// SetAccountValue sets one key of accounts/NAME.yaml in the workspace dir, such as
// api.settings.consented, and leaves every other line as it is: comments, order and
// blank lines. Keys and the mappings around them are added where they are missing. A
// place that it cannot change for certain, such as a value of several lines, is an
// error, and the file stays. The value is not checked; [Load] does that.
func SetAccountValue(dir, account, key, value string) error {
	if err := CheckName(account); err != nil {
		return err
	}
	name := "accounts/" + account + ".yaml"
	path := filepath.Join(dir, filepath.FromSlash(name))
	was, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	now, err := setValue(was, strings.Split(key, "."), value)
	if err != nil {
		return order.Errorf(order.Invalid, "write "+key+": "+strconv.Quote(value)+" there by hand", "%s: %s cannot be set: %w", name, key, err)
	}
	if bytes.Equal(was, now) {
		return nil
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	err = durable.Write(path, func(w io.Writer) error {
		_, err := w.Write(now)
		return err
	})
	if err != nil {
		return err
	}
	return os.Chmod(path, info.Mode().Perm())
}

// SetValue returns the text of a configuration file with one value set at a path of
// keys, as [SetAccountValue] does it: every other line stays as it is.
func SetValue(text []byte, value string, path ...string) ([]byte, error) {
	out, err := setValue(text, path, value)
	if err != nil {
		return nil, order.Errorf(order.Invalid, "write "+strings.Join(path, ".")+": "+strconv.Quote(value)+" there by hand", "%s cannot be set: %w", strings.Join(path, "."), err)
	}
	return out, nil
}

// setValue returns the text of a YAML mapping with the value at path replaced or
// added. It edits the text, for a YAML writer would lay all of it out anew, and then
// reads both to see that nothing else has changed.
func setValue(text []byte, path []string, value string) ([]byte, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return nil, err
	}
	e := &editor{lines: strings.SplitAfter(string(text), "\n")}
	var err error
	switch {
	case doc.Kind == 0 || isNull(doc.Content[0]):
		e.appendText(block(path, value, 0))
	case doc.Content[0].Kind != yaml.MappingNode:
		err = errors.New("the file holds no keys with values")
	default:
		err = e.set(doc.Content[0], path, value)
	}
	if err != nil {
		return nil, err
	}
	now := []byte(strings.Join(e.lines, ""))
	return now, sameBut(text, now, path, value)
}

// sameBut compares two texts: they must differ in the value at path and in nothing
// else.
func sameBut(was, now []byte, path []string, value string) error {
	a, b := map[string]any{}, map[string]any{}
	if err := errors.Join(yaml.Unmarshal(was, &a), yaml.Unmarshal(now, &b)); err != nil {
		return fmt.Errorf("the file is of a shape that is not edited (%w)", err)
	}
	at := a
	for _, key := range path[:len(path)-1] {
		next, ok := at[key].(map[string]any)
		if !ok {
			next = map[string]any{}
			at[key] = next
		}
		at = next
	}
	last := path[len(path)-1]
	var want any
	if err := yaml.Unmarshal([]byte(plain(value)), &want); err != nil || fmt.Sprint(want) != value {
		want = value
	}
	at[last] = value
	if reflect.DeepEqual(a, b) {
		return nil
	}
	if at[last] = want; reflect.DeepEqual(a, b) {
		return nil
	}
	return errors.New("the file is of a shape that is not edited")
}

// An editor changes lines, which keep their ends.
type editor struct{ lines []string }

func (e *editor) set(m *yaml.Node, path []string, value string) error {
	for i := 0; i+1 < len(m.Content); i += 2 {
		k, v := m.Content[i], m.Content[i+1]
		if k.Value != path[0] {
			continue
		}
		switch {
		case v.Anchor != "" || v.Kind == yaml.AliasNode:
			return errors.New("an anchor or an alias is there")
		case isNull(v) && v.Value == "":
			return e.fill(m, k, path[1:], value)
		case len(path) == 1:
			return e.replace(v, value)
		case v.Kind != yaml.MappingNode:
			return fmt.Errorf("%s holds no keys with values", path[0])
		default:
			return e.set(v, path[1:], value)
		}
	}
	return e.add(m, path, value)
}

// fill gives a value to a key that has none.
func (e *editor) fill(m, k *yaml.Node, path []string, value string) error {
	line := e.lines[k.Line-1]
	colon := strings.IndexByte(line, ':')
	if m.Style&yaml.FlowStyle != 0 || colon < 0 || k.Style != 0 || strings.TrimSpace(line[:colon]) != k.Value {
		return errors.New("the key has no value")
	}
	if len(path) == 0 {
		e.lines[k.Line-1] = line[:colon+1] + " " + scalarText(value, "") + line[colon+1:]
		return nil
	}
	e.insert(k.Line, block(path, value, k.Column+1))
	return nil
}

// replace puts a value in the place of another.
func (e *editor) replace(v *yaml.Node, value string) error {
	if v.Kind != yaml.ScalarNode || v.Style&(yaml.LiteralStyle|yaml.FoldedStyle|yaml.TaggedStyle) != 0 {
		return errors.New("it is no value of one line")
	}
	line := e.lines[v.Line-1]
	from := byteColumn(line, v.Column)
	to, ok := scalarEnd(line, from, v)
	if !ok {
		return errors.New("it is no value of one line")
	}
	e.lines[v.Line-1] = line[:from] + scalarText(value, line[from:to]) + line[to:]
	return nil
}

// byteColumn is where a column, which counts characters from 1, begins in a line.
func byteColumn(line string, column int) int {
	for i := range line {
		if column--; column == 0 {
			return i
		}
	}
	return len(line)
}

// scalarEnd is where a value ends that begins in a line.
func scalarEnd(line string, from int, v *yaml.Node) (int, bool) {
	if v.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) == 0 {
		return from + len(v.Value), strings.HasPrefix(line[from:], v.Value)
	}
	for i := from + 1; i < len(line); i++ {
		switch {
		case line[i] == '\\' && v.Style&yaml.DoubleQuotedStyle != 0:
			i++
		case line[i] != line[from]:
		case line[i] == '\'' && i+1 < len(line) && line[i+1] == '\'':
			i++
		default:
			return i + 1, true
		}
	}
	return 0, false
}

// add puts a new key into a mapping.
func (e *editor) add(m *yaml.Node, path []string, value string) error {
	if m.Style&yaml.FlowStyle != 0 {
		line := e.lines[m.Line-1]
		at := byteColumn(line, m.Column)
		if !strings.HasPrefix(line[at:], "{") {
			return errors.New("the mapping around it does not begin with {")
		}
		entry := scalarText(value, "")
		for i := len(path) - 1; i >= 0; i-- {
			if entry = path[i] + ": " + entry; i > 0 {
				entry = "{" + entry + "}"
			}
		}
		if len(m.Content) > 0 {
			entry += ", "
		}
		e.lines[m.Line-1] = line[:at+1] + entry + line[at+1:]
		return nil
	}
	indent := m.Content[0].Column - 1
	e.insert(e.end(m.Content[len(m.Content)-2].Line, indent), block(path, value, indent))
	return nil
}

// end is the number of lines up to the end of an entry that begins in a line and
// stands at an indent, with the comments after it that stand no further left.
func (e *editor) end(line, indent int) int {
	end := line
	for n := line; n < len(e.lines); n++ {
		text := strings.TrimRight(e.lines[n], "\r\n")
		body := strings.TrimLeft(text, " ")
		switch {
		case body == "":
			continue
		case len(text)-len(body) < indent, indent == 0 && len(text) == len(body) && strings.HasPrefix(body, "..."):
			return end
		}
		end = n + 1
	}
	return end
}

// insert puts text after the first n lines.
func (e *editor) insert(n int, text string) {
	before := strings.Join(e.lines[:n], "")
	if before != "" && !strings.HasSuffix(before, "\n") {
		before += "\n"
	}
	if strings.Contains(before, "\r\n") {
		text = strings.ReplaceAll(text, "\n", "\r\n")
	}
	e.lines = []string{before + text + strings.Join(e.lines[n:], "")}
}

func (e *editor) appendText(text string) { e.insert(len(e.lines), text) }

// block writes a path and its value, one line for each key.
func block(path []string, value string, indent int) string {
	var b strings.Builder
	for i, key := range path {
		b.WriteString(strings.Repeat(" ", indent+2*i) + key + ":")
		if i == len(path)-1 {
			b.WriteString(" " + scalarText(value, ""))
		}
		b.WriteString("\n")
	}
	return b.String()
}

// bare are values that need no quotes and are no other value without them.
var bare = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_./-]*$`)

func plain(value string) string {
	if bare.MatchString(value) {
		return value
	}
	return ""
}

// scalarText writes a value: without quotes where it is a word and the one in whose
// place it comes had none, true and false always so; else in double quotes.
func scalarText(value, was string) string {
	quoted := strings.HasPrefix(was, `"`) || strings.HasPrefix(was, "'")
	switch {
	case value == "true" || value == "false":
		return value
	case was != "" && !quoted && plain(value) != "" && !isOther(value):
		return value
	}
	return strconv.Quote(value)
}

// isOther reports whether a word stands for something else in some YAML reader.
func isOther(word string) bool {
	switch strings.ToLower(word) {
	case "yes", "no", "on", "off", "y", "n", "null":
		return true
	}
	return false
}
