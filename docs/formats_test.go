package docs_test

import (
	"fmt"
	"maps"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mallbridge/mallbridge/configs"
	"github.com/mallbridge/mallbridge/mappers/format"
	"github.com/mallbridge/mallbridge/mappers/record"
)

// TestFormatKeys compares the tables of keys in formats.md with those that the
// engine reads.
func TestFormatKeys(t *testing.T) {
	text := page(t, "docs/formats.md")
	row := regexp.MustCompile("(?m)^\\| `([a-z_]+)` \\|")
	for _, typ := range []reflect.Type{
		reflect.TypeFor[format.Spec](), reflect.TypeFor[format.FileSpec](), reflect.TypeFor[format.Column](),
		reflect.TypeFor[format.FieldSpec](), reflect.TypeFor[format.Items](), reflect.TypeFor[format.Pad](), reflect.TypeFor[format.Carry](), reflect.TypeFor[format.Pair](), reflect.TypeFor[format.CodeTable](),
	} {
		_, table, ok := strings.Cut(text, "<!-- keys "+typ.Name()+" -->\n")
		if !ok {
			t.Errorf("formats.md has no table of the keys of %s", typ.Name())
			continue
		}
		table, _, _ = strings.Cut(table, "\n\n")
		var got, want []string
		for _, m := range row.FindAllStringSubmatch(table, -1) {
			got = append(got, m[1])
		}
		for i := range typ.NumField() {
			if tag := typ.Field(i).Tag.Get("yaml"); tag != "" {
				want = append(want, tag)
			}
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("the keys of %s in formats.md are not those of the engine:\n%s", typ.Name(), d)
		}
	}
}

// TestFormatExample parses the formats that the page shows.
func TestFormatExample(t *testing.T) {
	for _, b := range blocks(t, "docs/formats.md") {
		if b.mark != "format" {
			continue
		}
		if _, err := format.Parse(fmt.Sprintf("docs/formats.md:%d", b.line), []byte(b.text)); err != nil {
			t.Error(err)
		}
	}
}

// TestFormatLists keeps the lists of fields and of built-in formats up to date.
func TestFormatLists(t *testing.T) {
	text := page(t, "docs/formats.md")
	head, _, ok := strings.Cut(text, "<!-- made -->\n")
	if !ok {
		t.Fatal("formats.md has no place for what is made")
	}
	want := head + "<!-- made -->\n" + lists(t) + "<!-- /made -->\n"
	if *update {
		if err := os.WriteFile("formats.md", []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if d := cmp.Diff(want, text); d != "" {
		t.Errorf("formats.md is out of date, run go generate ./docs:\n%s", d)
	}
}

func lists(t *testing.T) string {
	var b strings.Builder
	b.WriteString("## Fields\n\nWhat a column can be read into or written from. All values are text: whole numbers, amounts in whole units, dates as 2006-01-02.\n\n| of | fields |\n|---|---|\n")
	var groups []string
	byGroup := map[string][]string{}
	for _, n := range record.Names() {
		group, _, _ := strings.Cut(n, ".")
		if byGroup[group] == nil {
			groups = append(groups, group)
		}
		byGroup[group] = append(byGroup[group], "`"+n+"`")
	}
	for _, g := range groups {
		fmt.Fprintf(&b, "| %s | %s |\n", g, strings.Join(byGroup[g], " "))
	}
	all, err := configs.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	b.WriteString("\n## Built-in formats\n\n| format | title | record | direction | source | sureness |\n|---|---|---|---|---|---|\n")
	for _, n := range slices.Sorted(maps.Keys(all)) {
		f := all[n]
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s | %s |\n", n, f.Title("en"), f.Kind(), f.Spec.Direction, f.Spec.Source, f.Spec.Sureness)
	}
	return b.String()
}
