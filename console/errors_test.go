package console

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestRefusals finds errors and hints of the pages that are said in English only.
func TestRefusals(t *testing.T) {
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, name := range append(names, "../ledger/people.go", "../internal/accounts/accounts.go", "../internal/accounts/span.go") {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`order\.Errorf\(order\.\w+, "([^"]*)", "((?:[^"\\]|\\.)*)"`).FindAllStringSubmatch(string(text), -1) {
			for _, said := range m[1:] {
				said = strings.NewReplacer("%q", `"x"`, "%s", "x", "%d", "7").Replace(said)
				if said == "" || said == "x" || strings.Contains(said, "%w") || strings.Contains(said, ": ") && strings.HasPrefix(said, "x: ") {
					continue // what another place says
				}
				found++
				for _, lang := range []string{"ja", "ko"} {
					if sayRefusal(lang, said) == said {
						t.Errorf("%s: %q is not said in %s", name, said, lang)
					}
				}
			}
		}
	}
	if found < 60 {
		t.Errorf("only %d were found", found)
	}
	for _, r := range refusals {
		n := strings.Count(r[0], "%s")
		for _, to := range r[1:] {
			for i := range n {
				if !strings.Contains(to, fmt.Sprintf("$%d", i+1)) {
					t.Errorf("%q leaves out a value: %q", r[0], to)
				}
			}
		}
	}
}
