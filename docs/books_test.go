package docs_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mallbridge/mallbridge/order"
)

// books of the operator, by language: their pages by name.
func operatorBooks(t *testing.T) map[string]map[string]string {
	t.Helper()
	out := map[string]map[string]string{}
	for _, lang := range languages {
		out[lang] = map[string]string{}
		files, err := filepath.Glob(filepath.Join("operator", lang, "*.md"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			out[lang][filepath.Base(file)] = string(text)
		}
	}
	return out
}

var shapeOfLine = regexp.MustCompile("^(#+ |\\||[0-9]\\. |- |```)")

// TestOperatorBooksInStep compares what must be the same in every language: pages,
// headings, lists, rows, and commands but for their remarks.
func TestOperatorBooksInStep(t *testing.T) {
	books := operatorBooks(t)
	shape := func(text string) (out []string) {
		block := false
		for l := range strings.Lines(text) {
			m := shapeOfLine.FindString(l)
			switch {
			case strings.HasPrefix(m, "```"):
				block = !block
				out = append(out, l)
			case block:
				l = strings.TrimSpace(comment.ReplaceAllString(l, ""))
				out = append(out, note.ReplaceAllString(l, "--note xx"))
			case m != "":
				out = append(out, m)
			}
		}
		return out
	}
	if len(books["en"]) < 10 {
		t.Fatalf("only %d pages", len(books["en"]))
	}
	for name, text := range books["en"] {
		for _, lang := range []string{"ja", "ko"} {
			if d := cmp.Diff(shape(text), shape(books[lang][name])); d != "" {
				t.Errorf("operator/%s/%s is not built like the English page:\n%s", lang, name, d)
			}
		}
	}
	for _, lang := range []string{"ja", "ko"} {
		if len(books[lang]) != len(books["en"]) {
			t.Errorf("%s has %d pages, English %d", lang, len(books[lang]), len(books["en"]))
		}
	}
}

// TestOperatorBooksTellEveryReason looks for the row of every reason for which
// somebody must act, with the text that the console shows.
func TestOperatorBooksTellEveryReason(t *testing.T) {
	books := operatorBooks(t)
	for _, lang := range languages {
		var rows []string
		for _, text := range books[lang] {
			for l := range strings.Lines(text) {
				if strings.HasPrefix(l, "| ") {
					rows = append(rows, l)
				}
			}
		}
		for i := range order.Reasons {
			r := &order.Reasons[i]
			if r.Class == order.Outside {
				continue
			}
			want := "| " + r.Text[lang] + " | `" + string(r.Reason) + "` | "
			if !slices.ContainsFunc(rows, func(row string) bool { return strings.HasPrefix(row, want) }) && r.Reason != order.RefusedFile {
				t.Errorf("operator/%s has no row that begins with %s", lang, want)
			}
		}
	}
}
