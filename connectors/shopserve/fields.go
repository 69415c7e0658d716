package shopserve

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// names are the fields that an account may say the place of. Those of packages and
// recipients are looked for in each package, those of lines in each line.
var names = strings.Fields(`
	order.number order.status order.ordered_at order.payment order.delivery order.total order.postage order.fee order.discount order.note
	buyer.name buyer.kana buyer.postal buyer.prefecture buyer.city buyer.street buyer.building buyer.phone buyer.email
	packages package.key package.deliver_on package.time_band package.note package.tracking package.carrier
	to.name to.kana to.postal to.prefecture to.city to.street to.building to.phone
	lines line.key line.item_code line.option line.name line.quantity line.price`)

// needed are the fields without which there is no order to ship.
var needed = []string{"order.number", "order.ordered_at", "to.name", "to.postal", "to.street", "to.phone", "lines", "line.item_code", "line.quantity"}

// fields are JSON pointers by the name of the field.
type fields map[string]string

// readFields reads lines of name=/pointer.
func readFields(text string) (fields, error) {
	f := fields{}
	for _, part := range strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == ',' }) {
		name, pointer, ok := strings.Cut(strings.TrimSpace(part), "=")
		name, pointer = strings.TrimSpace(name), strings.TrimSpace(pointer)
		switch {
		case name == "" && !ok:
			continue
		case !slices.Contains(names, name):
			return nil, fmt.Errorf("fields: %q is no field; there are %s", name, strings.Join(names, ", "))
		case pointer != "" && pointer[0] != '/' || !ok:
			return nil, fmt.Errorf("fields: %s: a JSON pointer such as /order_no is expected", name)
		case f[name] != "":
			return nil, fmt.Errorf("fields: %s stands twice", name)
		}
		f[name] = pointer
	}
	for _, n := range needed {
		if _, ok := f[n]; !ok {
			return nil, fmt.Errorf("fields: %s is missing", n)
		}
	}
	return f, nil
}

// at returns what a JSON pointer (RFC 6901) leads to; false where there is nothing.
func at(doc any, pointer string) (any, bool) {
	if pointer == "" {
		return doc, true
	}
	for _, step := range strings.Split(pointer[1:], "/") {
		step = strings.NewReplacer("~1", "/", "~0", "~").Replace(step)
		switch v := doc.(type) {
		case map[string]any:
			var ok bool
			if doc, ok = v[step]; !ok {
				return nil, false
			}
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i < 0 || i >= len(v) {
				return nil, false
			}
			doc = v[i]
		default:
			return nil, false
		}
	}
	return doc, true
}

// rawAt is at, byte for byte.
func rawAt(doc json.RawMessage, pointer string) (json.RawMessage, bool) {
	if pointer == "" {
		return doc, true
	}
	for _, step := range strings.Split(pointer[1:], "/") {
		step = strings.NewReplacer("~1", "/", "~0", "~").Replace(step)
		var object map[string]json.RawMessage
		var list []json.RawMessage
		switch {
		case json.Unmarshal(doc, &object) == nil && object != nil:
			var ok bool
			if doc, ok = object[step]; !ok {
				return nil, false
			}
		case json.Unmarshal(doc, &list) == nil:
			i, err := strconv.Atoi(step)
			if err != nil || i < 0 || i >= len(list) {
				return nil, false
			}
			doc = list[i]
		default:
			return nil, false
		}
	}
	return doc, true
}

// decode reads a document with the digits of its numbers as they are.
func decode(raw json.RawMessage) (any, error) {
	d := json.NewDecoder(strings.NewReader(string(raw)))
	d.UseNumber()
	var v any
	err := d.Decode(&v)
	return v, err
}

// A wild is a value that is no text, number or nothing where one of these is expected.
type wild struct{ pointer string }

func (w wild) Error() string { return "a text or number is expected at " + w.pointer }

// text returns the text of a field; empty where the account does not place it, or there
// is nothing.
func (f fields) text(doc any, name string) (string, error) {
	pointer, ok := f[name]
	if !ok {
		return "", nil
	}
	v, ok := at(doc, pointer)
	if !ok {
		return "", nil
	}
	switch v := v.(type) {
	case nil:
		return "", nil
	case string:
		return v, nil
	case json.Number:
		return v.String(), nil
	case bool:
		return strconv.FormatBool(v), nil
	}
	return "", wild{pointer}
}

// list returns the elements of a list; an object is a list of one.
func (f fields) list(doc any, name string) ([]any, error) {
	v, ok := at(doc, f[name])
	switch v := v.(type) {
	case []any:
		return v, nil
	case map[string]any:
		return []any{v}, nil
	case nil:
		if !ok || v == nil {
			return nil, nil
		}
	}
	return nil, fmt.Errorf("a list is expected at %s", f[name])
}
