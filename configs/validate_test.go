package configs

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// Editors take the samples: every value fits the schemas. And they mark what
// Load refuses for its shape.
func TestSchemasTakeTheSamples(t *testing.T) {
	for kind, pattern := range map[string]string{SettingsKind: SettingsFile, AccountKind: "accounts/*.yaml", WarehouseKind: "warehouses/*.yaml"} {
		files, err := filepath.Glob(filepath.Join("samples", "*", filepath.FromSlash(pattern)))
		if err != nil || len(files) < 2 {
			t.Fatalf("%s: %d files, %v", pattern, len(files), err)
		}
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if wrong := validate(t, kind, string(data)); len(wrong) > 0 {
				t.Errorf("%s: %s", file, strings.Join(wrong, "; "))
			}
		}
	}
}

func TestSchemasRefuse(t *testing.T) {
	for _, c := range []struct{ kind, text, want string }{
		{AccountKind, "mall: rakuten", "targets is missing"},
		{AccountKind, "mall: nowhere\ntargets: {default: x}", "mall"},
		{AccountKind, "mall: rakuten\ntargets: {default: x}\nrule: y", "rule is not known"},
		{AccountKind, "mall: rakuten\ntargets: {default: x}\nintake: {looks: 0}", "intake.looks"},
		{AccountKind, "mall: rakuten\ntargets: {default: x}\nintake: {password: hunter2}", "intake.password"},
		{AccountKind, "mall: rakuten\ntargets: {default: x}\nremarks: {hold: sometimes}", "remarks.hold"},
		{WarehouseKind, "drop: {kind: sftp}", "instructions is missing"},
		{WarehouseKind, "drop: {kind: sftp}\ninstructions: {}", "instructions.format is missing"},
		{WarehouseKind, "drop: {kind: sftp}\ninstructions: {format: x}\ncalendar: {cut_offs: [noon]}", "calendar.cut_offs.0"},
		{SettingsKind, "log: {level: loud}", "log.level"},
	} {
		wrong := validate(t, c.kind, c.text)
		if !slices.ContainsFunc(wrong, func(w string) bool { return strings.HasPrefix(w, c.want) }) {
			t.Errorf("%s %q: %q", c.kind, c.text, wrong)
		}
	}
}

func TestSchemaOfUnknownKind(t *testing.T) {
	if _, err := Schema("orders"); err == nil || !strings.Contains(err.Error(), "account") {
		t.Errorf("err = %v", err)
	}
}

// validate checks a YAML text by as much of JSON Schema as our schemas use.
func validate(t *testing.T, kind, text string) []string {
	t.Helper()
	data, err := Schema(kind)
	if err != nil {
		t.Fatal(err)
	}
	var root map[string]any
	if err := json.Unmarshal(data, &root); err != nil {
		t.Fatal(err)
	}
	var value any
	if err := yaml.Unmarshal([]byte(text), &value); err != nil {
		t.Fatal(err)
	}
	if value == nil {
		value = map[string]any{}
	}
	v := validator{defs: root["$defs"].(map[string]any)}
	v.check(root, value, "")
	return v.wrong
}

type validator struct {
	defs  map[string]any
	wrong []string
}

func (v *validator) bad(path, format string, args ...any) {
	v.wrong = append(v.wrong, path+fmt.Sprintf(format, args...))
}

func (v *validator) check(s map[string]any, value any, path string) {
	if ref, ok := s["$ref"].(string); ok {
		v.check(v.defs[strings.TrimPrefix(ref, "#/$defs/")].(map[string]any), value, path)
		return
	}
	if enum, ok := s["enum"].([]any); ok && !slices.Contains(enum, value) {
		v.bad(path, " is none of %v: %v", enum, value)
	}
	typ, _ := s["type"].(string)
	switch typ {
	case "object":
		v.object(s, value, path)
	case "array":
		list, ok := value.([]any)
		if !ok {
			v.bad(path, " is no list")
		}
		for i, item := range list {
			v.check(s["items"].(map[string]any), item, fmt.Sprintf("%s.%d", path, i))
		}
	case "string":
		text, ok := value.(string)
		if !ok {
			v.bad(path, " is no text: %v", value)
		} else if p, has := s["pattern"].(string); has && !regexp.MustCompile(p).MatchString(text) {
			v.bad(path, " does not match %s: %s", p, text)
		}
	case "integer":
		n, ok := value.(int)
		low, _ := s["minimum"].(float64)
		high, hasHigh := s["maximum"].(float64)
		if !ok || float64(n) < low || hasHigh && float64(n) > high {
			v.bad(path, " is no number that fits: %v", value)
		}
	case "boolean":
		if _, ok := value.(bool); !ok {
			v.bad(path, " is not true or false: %v", value)
		}
	}
}

func (v *validator) object(s map[string]any, value any, path string) {
	m, ok := value.(map[string]any)
	if !ok {
		v.bad(path, " is no mapping")
		return
	}
	properties, _ := s["properties"].(map[string]any)
	required, _ := s["required"].([]any)
	for _, name := range required {
		if _, ok := m[name.(string)]; !ok {
			v.bad(join(path, name.(string)), " is missing")
		}
	}
	for name, item := range m {
		switch more := s["additionalProperties"].(type) {
		case map[string]any:
			v.check(more, item, join(path, name))
			continue
		}
		p, ok := properties[name].(map[string]any)
		if !ok {
			v.bad(join(path, name), " is not known")
			continue
		}
		v.check(p, item, join(path, name))
	}
}
