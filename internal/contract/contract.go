// Package contract holds what a connector sends, and what it makes of answers, against
// the official contracts of its mall: files of OpenAPI 3 or Swagger 2.
//
// [Run] lets the conformance suite run over the simulator, and gives every request that
// the connector makes to a mock server (prism) that was started with the contract: one
// that the contract does not allow fails the test. So that nothing passes which the
// contract does not name, objects are closed first: a field of a body that no schema
// has is refused, and so is a parameter of a query.
//
// Then the mock server is the mall. It invents answers from the schemas; the connector
// must take them without loss or refuse them with a clear error.
//
// The contracts are not part of the program. SPECS names the folder that has them, and
// PRISM the mock server; `make contract` sets both. Without SPECS the tests are skipped.
package contract

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// An API is one contract of a mall.
type API struct {
	// Base is the path that the contract's own paths are below, as the connector calls
	// it: /sell/fulfillment/v1. Empty where they are whole.
	Base string
	// File of the contract, below the folder of all: ebay/sell_fulfillment_v1_oas3.json.
	File string
	// Shapes say of properties what the contract leaves open, so that invented answers
	// are such as the mall could give: a schema in place of the contract's own, by name of
	// the definition and property, "Amount.value", or of the definition alone.
	Shapes map[string]any
}

// An operation is one call that a contract has.
type operation struct {
	api      *document
	method   string
	template string // path with {names}
	params   []string
	statuses []string // of its answers
}

func (o *operation) String() string { return o.method + " " + o.template }

// A document is a contract as it was read.
type document struct {
	API
	text []byte // of the file
	ops  []*operation
}

// object is any object of JSON.
type object = map[string]any

func read(dir string, a API) (*document, error) {
	text, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(a.File)))
	if err != nil {
		return nil, err
	}
	d := &document{API: a, text: text}
	root, err := d.parse()
	if err != nil {
		return nil, err
	}
	paths, _ := root["paths"].(object)
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		item, _ := paths[path].(object)
		for _, method := range []string{"get", "post", "put", "patch", "delete"} {
			op, ok := item[method].(object)
			if !ok {
				continue
			}
			x := &operation{api: d, method: strings.ToUpper(method), template: path}
			for _, from := range []any{item["parameters"], op["parameters"]} {
				x.params = append(x.params, queryNames(root, from)...)
			}
			answers, _ := op["responses"].(object)
			x.statuses = slices.Sorted(maps.Keys(answers))
			d.ops = append(d.ops, x)
		}
	}
	if len(d.ops) == 0 {
		return nil, fmt.Errorf("%s: the contract has no calls", a.File)
	}
	return d, nil
}

func (d *document) parse() (object, error) {
	var root object
	dec := json.NewDecoder(bytes.NewReader(d.text))
	dec.UseNumber()
	if err := dec.Decode(&root); err != nil {
		return nil, fmt.Errorf("%s: %w", d.File, err)
	}
	return root, nil
}

func queryNames(root object, list any) []string {
	var names []string
	all, _ := list.([]any)
	for _, p := range all {
		p := resolve(root, p)
		if p["in"] == "query" {
			name, _ := p["name"].(string)
			names = append(names, name)
		}
	}
	return names
}

// resolve follows a reference inside the document.
func resolve(root object, v any) object {
	o, _ := v.(object)
	ref, ok := o["$ref"].(string)
	if !ok {
		return o
	}
	var at any = root
	for _, name := range strings.Split(strings.TrimPrefix(ref, "#/"), "/") {
		next, _ := at.(object)
		at = next[strings.NewReplacer("~1", "/", "~0", "~").Replace(name)]
	}
	o, _ = at.(object)
	return o
}

// find returns the operation of a request, and the path below the contract's base.
func find(docs []*document, method, path string) (*operation, string) {
	for _, d := range docs {
		rest, ok := strings.CutPrefix(path, d.Base)
		if !ok {
			continue
		}
		parts := strings.Split(rest, "/")
		var best *operation
		for _, op := range d.ops {
			if op.method == method && matches(strings.Split(op.template, "/"), parts) && (best == nil || strings.Count(op.template, "{") < strings.Count(best.template, "{")) {
				best = op
			}
		}
		if best != nil {
			return best, rest
		}
	}
	return nil, ""
}

var variable = regexp.MustCompile(`\{[^}]*\}`)

func matches(template, parts []string) bool {
	if len(template) != len(parts) {
		return false
	}
	for i, t := range template {
		if variable.MatchString(t) {
			if parts[i] == "" {
				return false
			}
		} else if t != parts[i] {
			return false
		}
	}
	return true
}

// schemas returns the named schemas of a document.
func schemas(root object) object {
	if c, ok := root["components"].(object); ok {
		s, _ := c["schemas"].(object)
		return s
	}
	s, _ := root["definitions"].(object)
	return s
}

// closed writes the contract with closed objects: what no schema names is not allowed.
// With only, calls that are not listed are left out; with shaped, answers are as the
// API's shapes say.
func (d *document) closed(only []*operation, shaped bool) ([]byte, error) {
	root, err := d.parse()
	if err != nil {
		return nil, err
	}
	named := schemas(root)
	c := closer{root: root, parts: map[string]bool{}}
	c.findParts(root)
	for name, s := range named {
		c.schema(s, !c.parts[name])
	}
	paths, _ := root["paths"].(object)
	for path, item := range paths {
		item, _ := item.(object)
		for method, op := range item {
			op, ok := op.(object)
			if !ok {
				continue
			}
			if only != nil && !slices.ContainsFunc(only, func(x *operation) bool { return x.template == path && x.method == strings.ToUpper(method) }) {
				delete(item, method)
				continue
			}
			c.bodies(op)
		}
		if len(item) == 0 {
			delete(paths, path)
		}
	}
	if shaped {
		for _, at := range slices.Sorted(maps.Keys(d.Shapes)) {
			name, property, inside := strings.Cut(at, ".")
			if !inside {
				if named[name] == nil {
					return nil, fmt.Errorf("%s: it has no definition %s", d.File, name)
				}
				named[name] = d.Shapes[at]
				continue
			}
			s, _ := named[name].(object)
			p, _ := s["properties"].(object)
			if p[property] == nil {
				return nil, fmt.Errorf("%s: %s has no property %s", d.File, name, property)
			}
			p[property] = d.Shapes[at]
		}
	}
	return json.Marshal(root)
}

// A closer forbids what schemas do not name.
type closer struct {
	root  object
	parts map[string]bool // definitions that others are put together from
}

// findParts notes the definitions that stand in an allOf: closed, none of them would
// allow what the others have.
func (c *closer) findParts(v any) {
	switch v := v.(type) {
	case object:
		if all, ok := v["allOf"].([]any); ok {
			for _, x := range all {
				x, _ := x.(object)
				if ref, ok := x["$ref"].(string); ok {
					c.parts[ref[strings.LastIndexByte(ref, '/')+1:]] = true
				}
			}
		}
		for _, x := range v {
			c.findParts(x)
		}
	case []any:
		for _, x := range v {
			c.findParts(x)
		}
	}
}

func (c *closer) schema(v any, shut bool) {
	s, ok := v.(object)
	if !ok {
		return
	}
	properties, _ := s["properties"].(object)
	if _, told := s["additionalProperties"]; !told && len(properties) > 0 && s["allOf"] == nil && s["oneOf"] == nil && s["anyOf"] == nil && shut {
		s["additionalProperties"] = false
	}
	for _, p := range properties {
		c.schema(p, true)
	}
	c.schema(s["items"], true)
	c.schema(s["additionalProperties"], true)
	for _, name := range []string{"allOf", "oneOf", "anyOf"} {
		list, _ := s[name].([]any)
		for _, x := range list {
			c.schema(x, false)
		}
	}
}

// bodies closes the schemas that stand in a call itself.
func (c *closer) bodies(op object) {
	body := resolve(c.root, op["requestBody"])
	answers, _ := op["responses"].(object)
	holders := []object{body}
	for _, a := range answers {
		holders = append(holders, resolve(c.root, a))
	}
	params, _ := op["parameters"].([]any)
	for _, p := range params {
		holders = append(holders, resolve(c.root, p))
	}
	for _, h := range holders {
		c.schema(h["schema"], true)
		content, _ := h["content"].(object)
		for _, m := range content {
			m, _ := m.(object)
			c.schema(m["schema"], true)
		}
	}
}
