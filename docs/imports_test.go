package docs_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// layers lists, for each top folder, what it may import of this module. Tests may
// import anything.
var layers = map[string][]string{
	"order":      {},
	"connectors": {"order", "connectors", "mappers/codes"},
	"mappers":    {"order", "mappers"},
	"ledger":     {"order", "internal/postgres"},
	"configs":    {"order", "mappers", "connectors", "configs", "internal/durable", "internal/secrets"},
	"pipeline":   {"order", "mappers", "connectors", "ledger", "configs", "pipeline", "internal/durable", "internal/fault", "internal/folders", "internal/phrase", "internal/secrets"},
	"console":    {"order", "mappers", "ledger", "configs", "pipeline", "internal/accounts", "internal/durable", "internal/links", "internal/phrase", "internal/standing", "internal/tables", "internal/why"},
	"simulator":  {"simulator", "internal/agile"},
}

// TestImportsRunOneWay holds the packages to the order that CONTRIBUTING.md gives.
// What a stand-in shares with the program it would get wrong the same way.
func TestImportsRunOneWay(t *testing.T) {
	const module = "github.com/mallbridge/mallbridge/"
	out, err := exec.Command("go", "list", "-f", `{{range .Imports}}{{$.ImportPath}} {{.}}{{"\n"}}{{end}}`, module+"...").Output()
	if err != nil {
		t.Fatal(err)
	}
	var stages []string
	for _, l := range strings.Split(strings.TrimSpace(string(out)), "\n") {
		from, to, _ := strings.Cut(strings.TrimSpace(l), " ")
		from, own := strings.CutPrefix(from, module)
		to, ours := strings.CutPrefix(to, module)
		if !own || !ours {
			continue
		}
		top, _, _ := strings.Cut(from, "/")
		may, ok := layers[top]
		if ok && !slices.ContainsFunc(may, func(p string) bool { return to == p || strings.HasPrefix(to, p+"/") }) {
			t.Errorf("%s must not import %s", from, to)
		}
		// files, intake, login and stage are what stages have in common.
		if from != "pipeline" && strings.HasPrefix(from, "pipeline/") && strings.HasPrefix(to, "pipeline/") && !slices.Contains([]string{"pipeline/files", "pipeline/intake", "pipeline/login", "pipeline/stage"}, to) {
			t.Errorf("the stage %s must not import %s", from, to)
		}
		if from == "pipeline" {
			stages = append(stages, to)
		}
	}
	if len(stages) < 4 {
		t.Errorf("only %v were looked at", stages)
	}
}
