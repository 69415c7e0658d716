package docs_test

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"github.com/mallbridge/mallbridge/configs"
	"github.com/mallbridge/mallbridge/configs/formats"
	"github.com/mallbridge/mallbridge/mappers/format"
)

// byHand are the pages of docs/formats that nobody makes.
var byHand = []string{"ask.md"}

// TestFormatPages keeps docs/formats in step with the built-in formats: a page for
// each, and the table of all with their direction, sureness and cases.
func TestFormatPages(t *testing.T) {
	all, err := configs.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"README.md": formatTable(t, all)}
	for name, f := range all {
		want[name+".md"] = formatPage(t, f)
	}
	for name, text := range want {
		sameOrWrite(t, filepath.Join("formats", name), text)
	}
	files, err := filepath.Glob("formats/*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		name := filepath.Base(file)
		if _, ok := want[name]; ok || slices.Contains(byHand, name) {
			continue
		}
		if *update {
			if err := os.Remove(file); err != nil {
				t.Fatal(err)
			}
			continue
		}
		t.Errorf("%s is of no format, run go generate ./docs", file)
	}
}

func sameOrWrite(t *testing.T, file, want string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Errorf("%v; run go generate ./docs", err)
		return
	}
	if d := cmp.Diff(want, string(got)); d != "" {
		t.Errorf("%s is out of date, run go generate ./docs:\n%s", file, d)
	}
}

// A docCase is a case as the pages show it.
type docCase struct{ name, about string }

func docCases(t *testing.T, name string) []docCase {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", "testdata", "formats", name, "*", "case.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var out []docCase
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var about struct {
			About string `yaml:"about"`
		}
		if err := yaml.Unmarshal(b, &about); err != nil {
			t.Fatal(err)
		}
		out = append(out, docCase{filepath.Base(filepath.Dir(file)), about.About})
	}
	return out
}

var surenessText = map[string]string{
	"confirmed":  "two or more independent sources agree, or it is our own",
	"one-source": "one public source; compare with the file that you have",
	"inferred":   "parts are inferred; do not use it without the document of whoever reads the file",
	"convention": "no column list is public: this is a convention to agree on or to adapt",
}

func formatTable(t *testing.T, all map[string]*format.Format) string {
	var b strings.Builder
	b.WriteString("# Built-in formats\n\nMade from the formats and their cases by `go generate ./docs`. How a format is written: [formats.md](../formats.md).\nWhat to ask a warehouse before the first file: [ask.md](ask.md).\n\n")
	b.WriteString("How sure a layout is:\n\n| sureness | meaning |\n|---|---|\n")
	for _, s := range []string{"confirmed", "one-source", "inferred", "convention"} {
		fmt.Fprintf(&b, "| %s | %s |\n", s, surenessText[s])
	}
	counts := map[string]int{}
	for _, kind := range []struct{ record, title string }{
		{"orders", "Order sheets"},
		{"instructions", "Instructions to warehouses, carriers and order systems"},
		{"results", "Results and tracking numbers"},
		{"stock", "Stock"},
		{"acks", "Acknowledgements"},
		{"stops", "Stop requests"},
		{"tracking", "Tracking numbers for malls"},
	} {
		fmt.Fprintf(&b, "\n## %s\n\n| format | title | country | direction | sureness | cases | refused or held |\n|---|---|---|---|---|---|---|\n", kind.title)
		for _, name := range slices.Sorted(maps.Keys(all)) {
			f := all[name]
			if f.Spec.Record != kind.record {
				continue
			}
			cases := docCases(t, name)
			refused := 0
			for _, c := range cases {
				if strings.HasPrefix(c.name, "refused") || strings.HasPrefix(c.name, "held") {
					refused++
				}
			}
			counts[f.Spec.Sureness]++
			fmt.Fprintf(&b, "| [`%s`](%s.md) | %s<br>%s<br>%s | %s | %s | %s | %d | %d |\n", name, name, f.Title("en"), f.Title("ja"), f.Title("ko"), f.Spec.Country, f.Spec.Direction, f.Spec.Sureness, len(cases), refused)
		}
	}
	fmt.Fprintf(&b, "\n%d formats: %d confirmed, %d of one source, %d inferred, %d conventions.\n", len(all), counts["confirmed"], counts["one-source"], counts["inferred"], counts["convention"])
	return b.String()
}

func formatPage(t *testing.T, f *format.Format) string {
	var b strings.Builder
	s := &f.Spec
	fmt.Fprintf(&b, "# %s\n\n", f.Title("en"))
	fmt.Fprintf(&b, "%s · %s\n\n", f.Title("ja"), f.Title("ko"))
	fmt.Fprintf(&b, "Format `%s`: %s, %s.\n\n", f.Name(), s.Record, map[string]string{"in": "read", "out": "written", "both": "read and written"}[s.Direction])
	fmt.Fprintf(&b, "- Source: %s\n- Sureness: **%s** — %s\n", s.Source, s.Sureness, surenessText[s.Sureness])
	if s.Sureness != "confirmed" {
		b.WriteString("- Before the first file: [what to ask](ask.md)\n")
	}
	if text := formatComment(t, f.Name()); text != "" {
		fmt.Fprintf(&b, "\n```text\n%s```\n", text)
	}
	for _, lang := range []string{"en", "ja", "ko"} {
		if n := s.Notes[lang]; n != "" {
			fmt.Fprintf(&b, "\n%s\n", n)
		}
	}
	filePart(&b, f)
	columnPart(&b, s)
	tablePart(&b, s)
	b.WriteString("\n## Cases\n\n| case | what it is about |\n|---|---|\n")
	for _, c := range docCases(t, f.Name()) {
		fmt.Fprintf(&b, "| [%s](../../testdata/formats/%s/%s) | %s |\n", c.name, f.Name(), c.name, cell(c.about))
	}
	return b.String()
}

// formatComment is what stands above the first key of a built-in format.
func formatComment(t *testing.T, name string) string {
	b, err := fs.ReadFile(formats.FS, name+".yaml")
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for line := range strings.Lines(string(b)) {
		if !strings.HasPrefix(line, "#") {
			break
		}
		out.WriteString(strings.TrimPrefix(strings.TrimPrefix(line, "#"), " "))
	}
	return out.String()
}

func filePart(b *strings.Builder, f *format.Format) {
	s := &f.Spec
	b.WriteString("\n## File\n\n| | |\n|---|---|\n")
	row := func(what, v string) {
		if v != "" {
			fmt.Fprintf(b, "| %s | %s |\n", what, cell(v))
		}
	}
	row("kind", s.File.Kind)
	if s.File.Kind != "xlsx" {
		row("charset", f.Charset().Name())
	}
	if s.File.Kind == "csv" || s.File.Kind == "tsv" {
		row("line ends", strings.ToUpper(s.File.Newline))
		if f.Writes() {
			row("quotes", s.File.Quote)
		}
	}
	header := map[string]string{"names": "columns are found by their titles", "none": "none: columns by position", "skip": "the first row is passed over: columns by position"}[s.File.Header]
	if !f.Reads() && s.File.Header == "names" {
		header = "the titles below"
	}
	row("header", header)
	if f.Writes() {
		row("rows", map[string]string{"line": "one for each line", "parcel": "one for each parcel"}[s.Rows])
		row("name", "`"+s.File.FileName+"`")
	}
	row("country", s.Country)
	if s.Where.Set() {
		row("rows taken", "those where "+conditionText(&s.Where))
	}
	if len(s.Group) > 0 && f.Reads() {
		row("rows of one order", "those with the same "+strings.Join(s.Group, ", "))
	}
}

func columnPart(b *strings.Builder, s *format.Spec) {
	b.WriteString("\n## Columns\n\n| | column | value | needed | limits |\n|---|---|---|---|---|\n")
	for i := range s.Columns {
		c := &s.Columns[i]
		n := fmt.Sprint(i + 1)
		if s.Direction == "in" {
			if n = ""; c.At > 0 {
				n = fmt.Sprint(c.At)
			}
		}
		needed := ""
		switch {
		case c.Require:
			needed = "yes"
		case c.IfSet.Set():
			needed = "sometimes"
		case s.Direction == "in" && c.Optional:
			needed = "may be missing"
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s | %s |\n", n, cell(c.Name), columnValue(c), needed, columnLimits(c))
	}
	if len(s.Fields) == 0 {
		return
	}
	b.WriteString("\nFields that are built:\n\n| field | from |\n|---|---|\n")
	for _, f := range s.Fields {
		from := ""
		switch {
		case f.Const != nil:
			from = fmt.Sprintf("always “%s”", cell(*f.Const))
		case len(f.Join) > 0:
			from = cell(strings.Join(f.Join, " + "))
		case f.Text != "":
			from = code(f.Text)
		case len(f.Expr) > 120:
			from = "an expression"
		default:
			from = code(f.Expr)
		}
		fmt.Fprintf(b, "| `%s` | %s |\n", f.Field(), from)
	}
}

func conditionText(c *format.Condition) string {
	if c.Expr != "" {
		return "`" + c.Expr + "`"
	}
	var parts []string
	for _, m := range c.All {
		values := make([]string, len(m.Values))
		for i, v := range m.Values {
			if values[i] = "“" + v + "”"; v == "" {
				values[i] = "empty"
			}
		}
		is := "is"
		if m.Not {
			is = "is not"
		}
		parts = append(parts, m.Name+" "+is+" "+strings.Join(values, " or "))
	}
	return strings.Join(parts, " and ")
}

func columnValue(c *format.Column) string {
	v := ""
	switch {
	case c.Field != "":
		v = "`" + c.Field + "`"
	case c.Const != nil:
		v = fmt.Sprintf("always “%s”", cell(*c.Const))
	case c.Text != "":
		v = code(c.Text)
	case len(c.Join) > 0:
		v = "`" + strings.Join(c.Join, "` + `") + "`"
	case len(c.Prod) > 0:
		v = "`" + strings.Join(c.Prod, "` × `") + "`"
	case len(c.Split) > 0:
		v = fmt.Sprintf("part %d of `%s`", c.Part, strings.Join(c.Split, "` + `"))
	case c.Item > 0:
		v = fmt.Sprintf("item %d", c.Item)
	case len(c.Expr) > 90:
		v = "an expression"
	case c.Expr != "":
		v = code(c.Expr)
	}
	if len(c.Layout) > 0 {
		v += " as " + strings.Join(c.Layout, " or ")
	}
	if c.Table != "" {
		v += ", table " + c.Table
	}
	return v
}

func columnLimits(c *format.Column) string {
	var out []string
	if c.Chars > 0 {
		out = append(out, fmt.Sprintf("%d characters", c.Chars))
	}
	if c.Bytes > 0 {
		out = append(out, fmt.Sprintf("%d bytes", c.Bytes))
	}
	if c.Min != "" || c.Max != "" {
		out = append(out, c.Min+"–"+c.Max)
	}
	if c.Pattern != "" {
		out = append(out, code(c.Pattern))
	}
	return strings.Join(out, ", ")
}

func tablePart(b *strings.Builder, s *format.Spec) {
	for _, name := range slices.Sorted(maps.Keys(s.Tables)) {
		t := s.Tables[name]
		head := "| ours | written |"
		if s.Direction == "in" {
			head = "| read | ours |"
		}
		from := ""
		if t.Codes != nil {
			from = fmt.Sprintf(", [%s of %s](../codes.md#%s)", t.Codes.Codes, strings.Join(t.Codes.All(), " and "), t.Codes.Codes)
		}
		fmt.Fprintf(b, "\nTable %s%s:\n\n%s\n|---|---|\n", name, from, head)
		for _, k := range slices.Sorted(maps.Keys(t.Values)) {
			fmt.Fprintf(b, "| %s | %s |\n", codeCell(k), codeCell(t.Values[k]))
		}
	}
}

func codeCell(s string) string {
	if s == "" {
		return "(empty)"
	}
	return code(s)
}

// code makes a text code in a cell of a table.
func code(s string) string {
	return "`" + strings.NewReplacer("|", `\|`, "\n", " ").Replace(s) + "`"
}

// cell makes a text fit into a cell of a table.
func cell(s string) string {
	return strings.NewReplacer("|", `\|`, "\n", " ", "<", "&lt;").Replace(s)
}
