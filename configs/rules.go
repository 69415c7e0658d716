package configs

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/mallbridge/mallbridge/mappers/rules"
)

// RulesFile holds the rules of a workspace. It may be left out.
const RulesFile = "rules.yaml"

// rules reads rules.yaml and runs the cases of tests/*.yaml on it.
func (l *loader) rules() {
	data, err := l.read(RulesFile, maxConfig)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		l.find(Finding{File: RulesFile, Message: "cannot be read: " + cause(err), Hint: "let the program's user read the file"})
		return
	}
	set, found := rules.Compile(data)
	l.ruleFindings(RulesFile, found)
	if len(found) > 0 {
		return
	}
	l.ws.Rules = set
	for _, r := range set.Rules() {
		if r.Effect != rules.Route {
			continue
		}
		if _, ok := l.ws.Warehouse(r.Value); !ok {
			l.find(Finding{File: RulesFile, Line: r.Line, Column: r.Column, Message: fmt.Sprintf("rule %q routes to the warehouse %q, which is not in warehouses/", r.Name, r.Value), Hint: l.warehouseHint(r.Value)})
		}
	}
	for _, name := range l.yamlFiles("tests") {
		l.ruleCases("tests/"+name+".yaml", set)
	}
}

func (l *loader) ruleFindings(file string, found []rules.Finding) {
	for _, f := range found {
		message := f.Why
		if f.Rule != "" {
			message = fmt.Sprintf("rule %q: %s", f.Rule, f.Why)
		}
		if f.Snippet != "" {
			message += "\n\t" + strings.ReplaceAll(strings.Trim(f.Snippet, "\n"), "\n", "\n\t")
		}
		l.find(Finding{File: file, Line: f.Line, Column: f.Column, Message: message, Hint: f.Hint})
	}
}

// ruleCases runs one file of cases: a workspace whose rules do not do what its
// own tests say is not run.
func (l *loader) ruleCases(file string, set *rules.Set) {
	data, ok := l.readOr(file, maxConfig)
	if !ok {
		return
	}
	cases, found := set.RunCases(data)
	l.ruleFindings(file, found)
	for _, c := range cases {
		if !c.Passed {
			l.find(Finding{File: file, Line: c.Line, Message: fmt.Sprintf("case %q: %s", c.Name, strings.Join(c.Diff, "; ")), Hint: "correct the rule or the case"})
		}
	}
	l.ws.RuleCases += len(cases)
}
