package configs

import (
	"strings"
	"testing"
)

func TestRulesAndTheirCases(t *testing.T) {
	dir := base(t)
	put(t, dir, "rules.yaml", []byte("rules:\n  - name: cold\n    when: temperature == \"frozen\"\n    route: tokyo\n"))
	put(t, dir, "tests/cold.yaml", []byte("cases:\n  - name: frozen\n    given: {temperature: frozen}\n    want: {rules: [cold], warehouse: tokyo}\n"))
	ws := load(t, dir)
	if ws.RuleCases != 1 || len(ws.Rules.Rules()) != 1 {
		t.Errorf("%d cases, %d rules", ws.RuleCases, len(ws.Rules.Rules()))
	}
	var b strings.Builder
	if err := Explain(&b, ws, "en"); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(b.String(), "1.  cold  route  temperature == \"frozen\"") {
		t.Error(b.String())
	}
}

func TestWithoutRules(t *testing.T) {
	if ws := load(t, base(t)); len(ws.Rules.Rules()) != 0 {
		t.Error("rules come from nowhere")
	}
}
