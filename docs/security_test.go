package docs_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// packages are the folders of the packages that docs/security.md names.
var packages = map[string]string{"console": "../console", "ledger": "../ledger", "serve": "../internal/serve"}

// TestSecurityPointsHaveTheirTests looks for every test that docs/security.md names.
func TestSecurityPointsHaveTheirTests(t *testing.T) {
	page, err := os.ReadFile("security.md")
	if err != nil {
		t.Fatal(err)
	}
	there := map[string]bool{}
	for name, dir := range packages {
		files, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			text, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range regexp.MustCompile(`(?m)^func (Test\w+)\(`).FindAllSubmatch(text, -1) {
				there[name+"."+string(m[1])] = true
			}
		}
	}
	points := 0
	for line := range strings.Lines(string(page)) {
		if !strings.HasPrefix(line, "| ") || strings.HasPrefix(line, "| ASVS") {
			continue
		}
		points++
		named := regexp.MustCompile("`(\\w+\\.Test\\w+)`").FindAllStringSubmatch(line, -1)
		if len(named) == 0 {
			t.Errorf("no test proves: %s", line)
		}
		for _, m := range named {
			if !there[m[1]] {
				t.Errorf("there is no %s", m[1])
			}
		}
	}
	if points < 30 {
		t.Errorf("only %d points were found", points)
	}
}
