package rules

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/mallbridge/mallbridge/order"
)

// A Case is one test of the rules, as users write them in tests/*.yaml:
//
//	cases:
//	  - name: frozen goods leave from Osaka
//	    given:
//	      prefecture: 東京都
//	      skus: [{sku: ICE-1, quantity: 2, temperature: frozen}]
//	    want:
//	      rules: [cold goods from Osaka]
//	      warehouse: osaka
//
// given holds values of [Env]; totals are computed from lines and skus. Of want
// only what is written is compared; rules are the names of those that fired, in
// order.
type Case struct {
	Name   string
	Line   int
	Passed bool
	Diff   []string // "warehouse: want osaka, got tokyo"
	Events []Event
}

type want struct {
	Rules     []string   `yaml:"rules"`
	Holds     []string   `yaml:"holds"` // the details, in order
	Outside   bool       `yaml:"outside"`
	Warehouse string     `yaml:"warehouse"`
	Service   string     `yaml:"service"`
	Inserts   []Inserted `yaml:"inserts"`
	Merge     string     `yaml:"merge"`
	Notes     []string   `yaml:"notes"`
	NotBefore order.Date `yaml:"ship_not_before"`
	Split     string     `yaml:"split"`
}

// RunCases runs the cases of one file. Findings are faults of the file itself;
// faulty cases are not run.
func (s *Set) RunCases(data []byte) ([]Case, []Finding) {
	c := &compiler{lines: strings.Split(string(data), "\n")}
	root := c.parse(data)
	if root == nil {
		return nil, c.sorted()
	}
	if root.Kind != yaml.MappingNode {
		c.bad(root, "is not a map", "begin the file with cases:")
		return nil, c.sorted()
	}
	c.keys(root, "cases")
	list := child(root, "cases")
	if list == nil || list.Kind != yaml.SequenceNode {
		if list != nil && list.Tag != "!!null" {
			c.bad(list, "cases is not a list", "begin each case with - name:")
		}
		return nil, c.sorted()
	}
	var out []Case
	for _, n := range list.Content {
		faults := len(c.findings)
		env, w, keys, name := c.readCase(n)
		if len(c.findings) > faults {
			continue
		}
		res := s.Apply(&env)
		k := Case{Name: name, Line: n.Line, Events: res.Events, Diff: diff(w, keys, res)}
		k.Passed = len(k.Diff) == 0
		out = append(out, k)
	}
	return out, c.sorted()
}

func (c *compiler) readCase(n *yaml.Node) (env Env, w want, keys []string, name string) {
	if n.Kind != yaml.MappingNode {
		c.bad(n, "a case is not a map", "write name, given and want")
		return
	}
	c.keys(n, "name", "given", "want")
	name = c.text(n, child(n, "name"), "name", "say what the case shows")
	if given := child(n, "given"); given != nil {
		c.decode(given, &env)
	}
	wanted := child(n, "want")
	if wanted == nil || wanted.Kind != yaml.MappingNode || len(wanted.Content) == 0 {
		c.bad(n, "want is missing", "write what the rules should do; rules: [] for nothing")
		return
	}
	c.decode(wanted, &w)
	for i := 0; i < len(wanted.Content); i += 2 {
		keys = append(keys, wanted.Content[i].Value)
	}
	for i := range w.Inserts {
		w.Inserts[i].Quantity = max(w.Inserts[i].Quantity, 1)
	}
	return env, w, keys, name
}

// decode fills v and reports unknown keys and wrong types with their places.
func (c *compiler) decode(n *yaml.Node, v any) {
	faults := len(c.findings)
	c.check(n, reflect.TypeOf(v).Elem())
	if len(c.findings) > faults {
		return
	}
	if err := n.Decode(v); err != nil {
		c.bad(n, strings.TrimPrefix(err.Error(), "yaml: "), "compare with the list of names")
	}
}

func (c *compiler) check(n *yaml.Node, t reflect.Type) {
	if n.Tag == "!!null" {
		return
	}
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	switch t.Kind() {
	case reflect.Struct:
		if n.Kind != yaml.MappingNode {
			c.bad(n, "is not a map", "write its values by name")
			return
		}
		fields := map[string]reflect.Type{}
		var known []string
		for i := range t.NumField() {
			if tag := t.Field(i).Tag.Get("yaml"); tag != "-" {
				fields[tag] = t.Field(i).Type
				known = append(known, tag)
			}
		}
		c.keys(n, known...)
		for i := 0; i+1 < len(n.Content); i += 2 {
			if ft, ok := fields[n.Content[i].Value]; ok {
				c.check(n.Content[i+1], ft)
			}
		}
	case reflect.Slice:
		if n.Kind != yaml.SequenceNode {
			c.bad(n, "is not a list", "write [a, b] or one - for each")
			return
		}
		for _, e := range n.Content {
			c.check(e, t.Elem())
		}
	case reflect.Int, reflect.Int64:
		if n.Tag != "!!int" {
			c.bad(n, fmt.Sprintf("%q is not a whole number", n.Value), "write digits")
		}
	case reflect.Bool:
		if n.Tag != "!!bool" {
			c.bad(n, fmt.Sprintf("%q is neither true nor false", n.Value), "write true or false")
		}
	case reflect.String:
		if n.Kind != yaml.ScalarNode {
			c.bad(n, "is not a text", "write one value")
		}
	}
}

func diff(w want, keys []string, res Result) []string {
	var out []string
	compare := func(key string, wanted, got any) {
		if slices.Contains(keys, key) && !reflect.DeepEqual(wanted, got) {
			out = append(out, fmt.Sprintf("%s: want %v, got %v", key, wanted, got))
		}
	}
	fired, holds := []string{}, []string{}
	for _, e := range res.Events {
		fired = append(fired, e.Rule)
	}
	for _, h := range res.Holds {
		holds = append(holds, h.Detail)
	}
	inserts := append([]Inserted{}, res.Inserts...)
	for i := range inserts {
		inserts[i].Rule = ""
	}
	compare("rules", append([]string{}, w.Rules...), fired)
	compare("holds", append([]string{}, w.Holds...), holds)
	compare("outside", w.Outside, res.Outside)
	compare("warehouse", w.Warehouse, res.Warehouse)
	compare("service", w.Service, res.Service)
	compare("inserts", append([]Inserted{}, w.Inserts...), inserts)
	compare("merge", w.Merge, res.Merge)
	compare("notes", append([]string{}, w.Notes...), append([]string{}, res.Notes...))
	compare("ship_not_before", w.NotBefore, res.NotBefore)
	compare("split", w.Split, res.Split)
	return out
}
