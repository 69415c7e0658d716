package configs

import (
	"embed"
	"encoding/json"
	"fmt"
	"sync"
)

// The schemas are made from the types and comments of this package. The test
// that makes them also fails when they are out of date.
//
//go:generate go test -run "^TestSchemasAreUpToDate$" -update .
//go:generate go test -run "^TestSamplesAreUpToDate$" -update .

//go:embed schema/*.json
var schemaFiles embed.FS

// The kinds of file that have a schema.
const (
	SettingsKind  = "mallbridge"
	AccountKind   = "account"
	WarehouseKind = "warehouse"
)

// SchemaKinds lists the kinds that [Schema] knows.
func SchemaKinds() []string { return []string{SettingsKind, AccountKind, WarehouseKind} }

// Schema returns the JSON Schema (draft 2020-12) of a kind of file, for editors.
// It describes names, types and values; [Load] checks more.
func Schema(kind string) ([]byte, error) {
	data, err := schemaFiles.ReadFile("schema/" + kind + ".json")
	if err != nil {
		return nil, fmt.Errorf("schema %q: unknown, use %s", kind, orList(SchemaKinds()))
	}
	return data, nil
}

// A schemaNode is what this package reads of its own schemas.
type schemaNode struct {
	Description string                 `json:"description"`
	Properties  map[string]*schemaNode `json:"properties"`
	Defs        map[string]*schemaNode `json:"$defs"`
}

// descriptions gives the text about a key by the name of its struct: the doc
// comments, as the schemas carry them.
var descriptions = sync.OnceValue(func() map[string]map[string]string {
	all := make(map[string]map[string]string)
	for _, kind := range SchemaKinds() {
		data, err := Schema(kind)
		if err != nil {
			continue
		}
		var root schemaNode
		if json.Unmarshal(data, &root) != nil {
			continue
		}
		for name, def := range root.Defs {
			texts := make(map[string]string, len(def.Properties)+1)
			texts[""] = def.Description
			for key, p := range def.Properties {
				texts[key] = p.Description
			}
			all[name] = texts
		}
	}
	return all
})
