package configs

import (
	"io/fs"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/mallbridge/mallbridge/configs/formats"
	"github.com/mallbridge/mallbridge/mappers/codes"
	"github.com/mallbridge/mallbridge/mappers/format"
	"github.com/mallbridge/mallbridge/mappers/status"
)

// TestMalls compares the list of malls with what an account may name, with the
// tables of statuses and with the built-in formats.
func TestMalls(t *testing.T) {
	field, _ := reflect.TypeFor[Account]().FieldByName("Mall")
	var names, allowed []string
	for _, w := range strings.Split(field.Tag.Get("jsonschema"), ",") {
		if name, ok := strings.CutPrefix(w, "enum="); ok {
			allowed = append(allowed, name)
		}
	}
	set, err := format.Load(formats.FS, ".")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range Malls {
		names = append(names, m.Name)
		for _, name := range m.Formats {
			f, err := set.Get(name)
			if err != nil {
				t.Errorf("%s: %v", m.Name, err)
				continue
			}
			if f.Spec.Record != "orders" || !f.Reads() {
				t.Errorf("%s: %s is no order sheet", m.Name, name)
			}
			if c := f.Spec.Country; c != m.Country && c != "" && m.Country != "" {
				t.Errorf("%s is of %s, its format %s of %s", m.Name, m.Country, name, c)
			}
		}
	}
	if !slices.Equal(allowed, names) {
		t.Errorf("an account may name the malls\n%v, the list has\n%v", allowed, names)
	}
	known := status.Malls()
	slices.Sort(known)
	slices.Sort(names)
	if !slices.Equal(known, names) {
		t.Errorf("there are statuses of\n%v, the list has\n%v", known, names)
	}
}

// TestCodesAreUsed finds systems of the code tables that no mall and no format
// speaks to.
func TestCodesAreUsed(t *testing.T) {
	used := map[string]bool{}
	for _, m := range Malls {
		used[m.Name], used[codes.SystemOf(m.Name)] = true, true
	}
	names, err := fs.Glob(formats.FS, "*.yaml")
	if err != nil || len(names) == 0 {
		t.Fatal(err)
	}
	systems := regexp.MustCompile(`systems?: *(\{[^}]*\}|[a-z0-9-]+)`)
	word := regexp.MustCompile(`[a-z0-9-]+`)
	for _, name := range names {
		text, err := fs.ReadFile(formats.FS, name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range systems.FindAllSubmatch(text, -1) {
			for _, w := range word.FindAllString(string(m[1]), -1) {
				used[w] = true
			}
		}
	}
	for _, kind := range codes.Kinds() {
		for _, system := range codes.Builtin().Systems(kind) {
			if !used[system] {
				t.Errorf("nothing uses the %s of %s", kind, system)
			}
		}
	}
}
