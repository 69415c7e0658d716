package configs

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/mallbridge/mallbridge/mappers/payment"
)

// The sample workspaces are made from testdata/init, whose YAML files hold
// values only, and the doc comments of this package.
func TestSamplesAreUpToDate(t *testing.T) {
	for _, country := range Countries() {
		want := makeSample(t, country)
		root := filepath.Join("samples", country)
		if *update {
			writeTree(t, root, want)
			continue
		}
		got := readTree(t, root)
		for name := range want {
			if !bytes.Equal(got[name], want[name]) {
				t.Errorf("%s/%s is out of date: run go generate ./configs", root, name)
			}
		}
		for name := range got {
			if _, ok := want[name]; !ok {
				t.Errorf("%s/%s is nobody's: remove it", root, name)
			}
		}
	}
}

func makeSample(t *testing.T, country string) map[string][]byte {
	t.Helper()
	files := make(map[string][]byte)
	for _, layer := range []string{"common", country} {
		for name, data := range readTree(t, filepath.Join("testdata", "init", layer)) {
			files[name] = data
		}
	}
	for name, data := range files {
		switch dir := path.Dir(name); {
		case name == SettingsFile:
			files[name] = renderSample(t, name, data, Settings{})
		case dir == "accounts":
			files[name] = renderSample(t, name, data, Account{})
		case dir == "warehouses":
			files[name] = renderSample(t, name, data, Warehouse{})
		}
	}
	files["masters/payments.csv"] = paymentSample(t)
	for _, kind := range SchemaKinds() {
		data, err := os.ReadFile(filepath.Join("schema", kind+".json"))
		if err != nil {
			t.Fatal(err)
		}
		files[".schema/"+kind+".json"] = data
	}
	return files
}

func paymentSample(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	rows := [][]string{{"account", "name", "code", "payment"}}
	for _, m := range Malls {
		for _, r := range payment.Defaults(m.Name) {
			rows = append(rows, []string{r.Account, r.Name, r.Code, r.Payment})
		}
	}
	if err := w.WriteAll(rows); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// renderSample writes a file of values with the comments of its type. A file
// that begins with #full also gets the keys it does not set, commented out.
func renderSample(t *testing.T, name string, data []byte, typ any) []byte {
	t.Helper()
	kind := map[string]string{".": SettingsKind, "accounts": AccountKind, "warehouses": WarehouseKind}[path.Dir(name)]
	text, full := strings.CutPrefix(string(data), "#full\n")
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(text), &doc); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	var b strings.Builder
	up := strings.Repeat("../", strings.Count(name, "/"))
	fmt.Fprintf(&b, "# yaml-language-server: $schema=%s.schema/%s.json\n\n", up, kind)
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "#") {
			break
		}
		b.WriteString(line)
	}
	if full {
		b.WriteString("#\n# Lines that begin with # and a key show what holds without them.\n")
	} else if path.Dir(name) != "." {
		example := map[string]string{"accounts": "accounts/rakuten-1.yaml", "warehouses": "warehouses/tokyo.yaml"}[path.Dir(name)]
		fmt.Fprintf(&b, "#\n# Every setting is shown in %s.\n", example)
	}
	r := &sampleRenderer{t: t, full: full}
	b.WriteString(r.structure(reflect.TypeOf(typ), doc.Content[0], 0))
	return []byte(b.String())
}

type sampleRenderer struct {
	t    *testing.T
	full bool
}

// structure renders a struct's keys in their order; n is its mapping, or nil.
func (r *sampleRenderer) structure(typ reflect.Type, n *yaml.Node, indent int) string {
	var b strings.Builder
	for _, f := range fieldsOf(typ) {
		value := lookup(n, f.name)
		if value == nil && !r.full {
			continue
		}
		block := r.field(typ, f, value, indent)
		if value == nil {
			block = disable(block, indent)
		}
		if indent == 0 {
			b.WriteString("\n")
		}
		b.WriteString(block)
	}
	for i := 0; n != nil && i < len(n.Content); i += 2 {
		if _, ok := fieldsOf(typ).find(n.Content[i].Value); !ok {
			r.t.Errorf("template key %q is not one of %s", n.Content[i].Value, typ)
		}
	}
	return b.String()
}

func (r *sampleRenderer) field(typ reflect.Type, f field, value *yaml.Node, indent int) string {
	var b strings.Builder
	margin := strings.Repeat(" ", indent)
	text := descriptions()[typ.Name()][f.name]
	if text == "" {
		text = descriptions()[f.owner.Name()][f.name]
	}
	if f.rules.required {
		text += " Required."
	}
	for _, line := range wrap(text, 76-indent) {
		b.WriteString(margin + "# " + line + "\n")
	}
	inner := f.typ
	for inner.Kind() == reflect.Pointer {
		inner = inner.Elem()
	}
	if inner.Kind() == reflect.Struct && !reflect.PointerTo(inner).Implements(textUnmarshaler) {
		b.WriteString(margin + f.name + ":\n" + r.structure(inner, value, indent+2))
		return b.String()
	}
	if value == nil {
		b.WriteString(strings.TrimRight(margin+f.name+": "+defaultText(f), " ") + "\n")
		return b.String()
	}
	var out bytes.Buffer
	enc := yaml.NewEncoder(&out)
	enc.SetIndent(2)
	key := &yaml.Node{Kind: yaml.ScalarNode, Value: f.name}
	if err := enc.Encode(&yaml.Node{Kind: yaml.MappingNode, Content: []*yaml.Node{key, value}}); err != nil {
		r.t.Fatal(err)
	}
	for line := range strings.Lines(out.String()) {
		b.WriteString(margin + line)
	}
	return b.String()
}

func defaultText(f field) string {
	text := f.rules.fallback
	switch f.typ.Kind() {
	case reflect.Slice:
		if text == "" {
			return "[]"
		}
		return "[" + strings.ReplaceAll(text, ";", ", ") + "]"
	case reflect.Map:
		return "{}"
	case reflect.String:
		if strings.ContainsAny(text, "{}") {
			return `"` + text + `"`
		}
	}
	return text
}

// disable comments a block out: keys get a # right before them.
func disable(block string, indent int) string {
	var b strings.Builder
	margin := strings.Repeat(" ", indent)
	for line := range strings.Lines(block) {
		rest := strings.TrimPrefix(line, margin)
		switch {
		case strings.HasPrefix(rest, "# "):
			b.WriteString(line)
		default:
			b.WriteString(margin + "#" + strings.TrimPrefix(rest, "#"))
		}
	}
	return b.String()
}

func lookup(n *yaml.Node, key string) *yaml.Node {
	for i := 0; n != nil && i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}

func wrap(text string, width int) []string {
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(text) {
		if line != "" && cells(line)+1+cells(word) > width {
			lines = append(lines, line)
			line = ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}

func readTree(t *testing.T, root string) map[string][]byte {
	t.Helper()
	files := make(map[string][]byte)
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(p)
		rel, _ := filepath.Rel(root, p)
		files[filepath.ToSlash(rel)] = data
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func writeTree(t *testing.T, root string, files map[string][]byte) {
	t.Helper()
	if err := os.RemoveAll(root); err != nil {
		t.Fatal(err)
	}
	for name, data := range files {
		p := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
