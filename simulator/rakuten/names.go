package rakuten

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
)

// exact refuses a name that differs from the documented one in nothing but its
// capitals, which Go's decoder would take.
func exact(body []byte, v any) error {
	known := map[string]string{}
	names(reflect.TypeOf(v), known)
	var any any
	if err := json.Unmarshal(body, &any); err != nil {
		return err
	}
	return walk(any, known)
}

func names(t reflect.Type, known map[string]string) {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice:
		names(t.Elem(), known)
	case reflect.Struct:
		for i := range t.NumField() {
			f := t.Field(i)
			name := f.Tag.Get("json")
			known[strings.ToLower(name)] = name
			names(f.Type, known)
		}
	}
}

func walk(v any, known map[string]string) error {
	switch v := v.(type) {
	case map[string]any:
		for name, x := range v {
			if want, ok := known[strings.ToLower(name)]; ok && want != name {
				return fmt.Errorf("field %q: the documented name is %q", name, want)
			}
			if err := walk(x, known); err != nil {
				return err
			}
		}
	case []any:
		for _, x := range v {
			if err := walk(x, known); err != nil {
				return err
			}
		}
	}
	return nil
}
