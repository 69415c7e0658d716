package docs_test

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// languages of the pages, in the order of readmes.
var languages = []string{"en", "ja", "ko"}

// TestReadmeDemo keeps the demo's output on the pages up to date.
func TestReadmeDemo(t *testing.T) {
	for i, name := range readmes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := excerpt(shell(t, t.TempDir(), "mallbridge demo --once --lang "+languages[i]))
			text := page(t, name)
			head, rest, ok := strings.Cut(text, "<!-- demo -->\n```text\n")
			_, tail, closed := strings.Cut(rest, "```\n")
			if !ok || !closed {
				t.Fatalf("%s has no place for the demo's output", name)
			}
			want = head + "<!-- demo -->\n```text\n" + want + "```\n" + tail
			if *update {
				if err := os.WriteFile(root(name), []byte(want), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if d := cmp.Diff(want, text); d != "" {
				t.Errorf("%s shows what the demo no longer prints, run go generate ./docs:\n%s", name, d)
			}
		})
	}
}

// Parts of the demo's output are separated by empty lines. chosen says which of
// them the pages show, and how many lines of each; 0 for all.
var chosen = []struct{ part, lines int }{{0, 0}, {2, 0}, {3, 0}, {4, 0}, {5, 9}, {6, 0}, {7, 0}, {8, 0}, {14, 0}, {15, 0}, {16, 0}}

var (
	day      = regexp.MustCompile(`(20\d\d)(-?)\d\d(-?)\d\d`)
	checksum = regexp.MustCompile(` *SHA-256 [0-9a-f]+`)
)

// excerpt chooses what the pages show, on the day of their examples.
func excerpt(out string) string {
	parts := strings.Split(strings.TrimSpace(out), "\n\n")
	var b strings.Builder
	for i, c := range chosen {
		if c.part >= len(parts) {
			return fmt.Sprintf("the demo prints only %d parts:\n%s", len(parts), out)
		}
		if i > 0 {
			b.WriteByte('\n')
		}
		for n, l := range strings.Split(parts[c.part], "\n") {
			if c.lines > 0 && n == c.lines {
				b.WriteString("       …\n")
				break
			}
			l = checksum.ReplaceAllString(day.ReplaceAllString(l, "2026${2}11${3}24"), "")
			b.WriteString(strings.TrimRight(l, " ") + "\n")
		}
	}
	return b.String()
}
