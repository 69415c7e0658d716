package configs

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/invopop/jsonschema"

	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/connectors/malls"
	"github.com/mallbridge/mallbridge/internal/secrets"
	"github.com/mallbridge/mallbridge/order"
)

var update = flag.Bool("update", false, "write golden files and schemas")

var schemaTypes = map[string]any{SettingsKind: Settings{}, AccountKind: Account{}, WarehouseKind: Warehouse{}}

func TestSchemasAreUpToDate(t *testing.T) {
	r := reflector(t)
	for _, kind := range SchemaKinds() {
		file := filepath.Join("schema", kind+".json")
		want := makeSchema(t, r, kind)
		if *update {
			if err := os.WriteFile(file, want, 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		got, err := os.ReadFile(file)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is out of date (%v): run go generate ./configs", file, err)
		}
	}
}

func reflector(t *testing.T) *jsonschema.Reflector {
	t.Helper()
	r := &jsonschema.Reflector{FieldNameTag: "yaml", RequiredFromJSONSchemaTags: true, Anonymous: true, Mapper: mapType}
	if err := r.AddGoComments("github.com/mallbridge/mallbridge/configs", ".", jsonschema.WithFullComment()); err != nil {
		t.Fatal(err)
	}
	for k, text := range r.CommentMap {
		r.CommentMap[k] = strings.Join(strings.Fields(text), " ")
	}
	return r
}

// mapType gives the schemas of types that are written as text.
func mapType(t reflect.Type) *jsonschema.Schema {
	s := &jsonschema.Schema{Type: "string"}
	switch t {
	case reflect.TypeFor[Duration]():
		s.Pattern = `^([0-9]+d)?([0-9.]+(ms|s|m|h))*0?$`
	case reflect.TypeFor[Clock]():
		s.Pattern = `^([01]?[0-9]|2[0-3]):[0-5][0-9]$`
	case reflect.TypeFor[order.Date]():
		s.Pattern = `^[0-9]{4}-[0-9]{2}-[0-9]{2}$`
	case reflect.TypeFor[secrets.Ref]():
		s.Pattern = `^(env|file|age):.+$`
	case reflect.TypeFor[Weekday]():
		for _, d := range weekdays {
			s.Enum = append(s.Enum, d)
		}
	case reflect.TypeFor[Schedule]():
	default:
		return nil
	}
	return s
}

func makeSchema(t *testing.T, r *jsonschema.Reflector, kind string) []byte {
	t.Helper()
	s := r.Reflect(schemaTypes[kind])
	s.Title = "Mallbridge: " + kind
	for name, def := range s.Definitions {
		finishSchema(def)
		if def.Properties == nil {
			t.Errorf("%s has no properties", name)
		}
	}
	if kind == AccountKind {
		for _, m := range malls.Malls {
			s.AllOf = append(s.AllOf, apiSchema(m.About()))
		}
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(s); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// apiSchema says what the account of one mall has below api, from its about.yaml.
func apiSchema(a *connectors.About) *jsonschema.Schema {
	only := func(props *jsonschema.Schema) *jsonschema.Schema {
		props.Type, props.AdditionalProperties = "object", jsonschema.FalseSchema
		return props
	}
	part := func(secret bool) *jsonschema.Schema {
		out := &jsonschema.Schema{Properties: jsonschema.NewProperties()}
		for _, s := range a.Settings {
			if s.Secret != secret {
				continue
			}
			x := &jsonschema.Schema{Type: "string", Title: s.Title.EN, Description: s.Help.EN}
			switch {
			case secret:
				x.Pattern = `^(env|file|age):.+$`
			case s.Pattern != "":
				x.Pattern = "^(" + s.Pattern + ")$"
			}
			if s.Default != "" {
				x.Default = s.Default
			}
			if s.Example != "" && !secret {
				x.Examples = []any{s.Example}
			}
			out.Properties.Set(s.Name, x)
			if s.Required {
				out.Required = append(out.Required, s.Name)
			}
		}
		return only(out)
	}
	mall, api, below := jsonschema.NewProperties(), jsonschema.NewProperties(), jsonschema.NewProperties()
	mall.Set("mall", &jsonschema.Schema{Const: a.Name})
	below.Set("settings", part(false))
	below.Set("secrets", part(true))
	api.Set("api", &jsonschema.Schema{Properties: below})
	return &jsonschema.Schema{
		If:   &jsonschema.Schema{Properties: mall, Required: []string{"mall"}},
		Then: &jsonschema.Schema{Properties: api},
	}
}

// finishSchema writes defaults and values as YAML has them, where the library
// has texts.
func finishSchema(def *jsonschema.Schema) {
	for p := def.Properties.Oldest(); p != nil; p = p.Next() {
		s := p.Value
		if text, ok := s.Default.(string); ok && s.Type == "array" {
			s.Default = strings.Split(text, ";")
		}
		if list, ok := s.Default.([]any); ok && len(list) == 1 {
			if text, ok := list[0].(string); ok {
				s.Default = strings.Split(text, ";")
			}
		}
		if reflect.DeepEqual(s.Enum, []any{"true", "false", "unless_known"}) {
			s.Type, s.Enum, s.Default = "", []any{true, false, "unless_known"}, true
		}
	}
}

// Every key has a comment: the schema, the samples and the documentation live
// on it.
func TestEveryKeyIsDescribed(t *testing.T) {
	seen := make(map[reflect.Type]bool)
	var walk func(typ reflect.Type)
	walk = func(typ reflect.Type) {
		for typ.Kind() == reflect.Pointer || typ.Kind() == reflect.Slice {
			typ = typ.Elem()
		}
		if typ.Kind() != reflect.Struct || seen[typ] || reflect.PointerTo(typ).Implements(textUnmarshaler) {
			return
		}
		seen[typ] = true
		for _, f := range fieldsOf(typ) {
			if descriptions()[typ.Name()][f.name] == "" {
				t.Errorf("%s.%s has no doc comment", typ.Name(), f.field)
			}
			walk(f.typ)
		}
	}
	for _, v := range schemaTypes {
		walk(reflect.TypeOf(v))
	}
	if len(seen) < 15 {
		t.Errorf("only %d structs were looked at", len(seen))
	}
}

// The defaults of the tags are what the types read.
func TestDefaultsAreReadable(t *testing.T) {
	for kind, v := range schemaTypes {
		typ := reflect.TypeOf(v)
		for _, f := range fieldsOf(typ) {
			checkDefault(t, kind+"."+f.name, f)
		}
	}
}

func checkDefault(t *testing.T, path string, f field) {
	t.Helper()
	typ := f.typ
	for typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	if typ.Kind() == reflect.Struct && !reflect.PointerTo(typ).Implements(textUnmarshaler) {
		for _, inner := range fieldsOf(typ) {
			checkDefault(t, path+"."+inner.name, inner)
		}
		return
	}
	if f.rules.fallback == "" {
		return
	}
	v := reflect.New(f.typ).Elem()
	var findings Findings
	d := &decoder{pos: &positions{at: map[string]position{}}, findings: &findings}
	text := f.rules.fallback
	if typ.Kind() == reflect.Slice {
		text = "[" + strings.ReplaceAll(text, ";", ", ") + "]"
	} else if typ.Kind() == reflect.String {
		text = `"` + text + `"`
	}
	d.value(d.parse([]byte(text)), v, path, f.rules)
	if len(findings) > 0 {
		t.Errorf("%s: default %q: %v", path, f.rules.fallback, findings)
	}
}
