package configs

import (
	"encoding"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"sync"
)

// demands are what a field's jsonschema tag demands.
type demands struct {
	required bool
	fallback string // the default, as it would be written; lists joined by ;
	enum     []string
	min, max *int
	pattern  *regexp.Regexp
}

type field struct {
	name  string
	index []int
	typ   reflect.Type
	owner reflect.Type // the struct that declares it
	field string       // its Go name
	rules demands
}

type fields []field

func (fs fields) find(name string) (field, bool) {
	for _, f := range fs {
		if f.name == name {
			return f, true
		}
	}
	return field{}, false
}

func (fs fields) names() []string {
	names := make([]string, len(fs))
	for i, f := range fs {
		names[i] = f.name
	}
	return names
}

var fieldCache sync.Map // reflect.Type → fields

// fieldsOf lists the keys of a struct in the order of its fields, those of
// inlined structs in their place.
func fieldsOf(t reflect.Type) fields {
	if fs, ok := fieldCache.Load(t); ok {
		return fs.(fields)
	}
	var fs fields
	for i := range t.NumField() {
		sf := t.Field(i)
		name, opts, _ := strings.Cut(sf.Tag.Get("yaml"), ",")
		switch {
		case opts == "inline":
			for _, inner := range fieldsOf(sf.Type) {
				inner.index = append([]int{i}, inner.index...)
				fs = append(fs, inner)
			}
		case name != "" && name != "-":
			fs = append(fs, field{name: name, index: []int{i}, typ: sf.Type, owner: t, field: sf.Name, rules: parseRules(sf.Tag.Get("jsonschema"))})
		}
	}
	fieldCache.Store(t, fs)
	return fs
}

func parseRules(tag string) demands {
	var r demands
	for part := range strings.SplitSeq(tag, ",") {
		name, value, _ := strings.Cut(part, "=")
		switch name {
		case "required":
			r.required = true
		case "default":
			r.fallback = value
		case "enum":
			r.enum = append(r.enum, value)
		case "minimum":
			n, _ := strconv.Atoi(value)
			r.min = &n
		case "maximum":
			n, _ := strconv.Atoi(value)
			r.max = &n
		case "pattern":
			r.pattern = regexp.MustCompile(value)
		}
	}
	return r
}

// setDefaults writes the defaults of the tags into a struct, structs inside it
// included; pointers stay nil.
func setDefaults(v reflect.Value) {
	for _, f := range fieldsOf(v.Type()) {
		fv := v.FieldByIndex(f.index)
		if fv.Kind() == reflect.Struct && !fv.Addr().Type().Implements(textUnmarshaler) {
			setDefaults(fv)
			continue
		}
		if f.rules.fallback != "" {
			setText(fv, f.rules.fallback)
		}
	}
}

// setText sets a field from the text of its default. Defaults are part of the
// program: a test sets them all, so errors need no report here.
func setText(v reflect.Value, text string) {
	if u, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok {
		_ = u.UnmarshalText([]byte(text))
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
	case reflect.Bool:
		v.SetBool(text == "true")
	case reflect.Int:
		n, _ := strconv.Atoi(text)
		v.SetInt(int64(n))
	case reflect.Slice:
		parts := strings.Split(text, ";")
		v.Set(reflect.MakeSlice(v.Type(), len(parts), len(parts)))
		for i, p := range parts {
			setText(v.Index(i), p)
		}
	}
}

// nearest returns the name that a mistyped one probably meant.
func nearest(typed string, names []string) string {
	best, at := "", 3
	for _, name := range names {
		if d := distance(strings.ToLower(typed), name); d < at && d < len(name) {
			best, at = name, d
		}
	}
	return best
}

// distance counts the changes of letters between two texts.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			next := min(diagonal+cost, row[j]+1, row[j+1]+1)
			diagonal, row[j+1] = row[j+1], next
		}
	}
	return row[len(b)]
}
