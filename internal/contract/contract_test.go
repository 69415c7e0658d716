package contract

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const openAPI = `{
 "openapi": "3.0.0", "info": {"title": "x", "version": "1"},
 "paths": {
  "/things/{id}": {"get": {"parameters": [
    {"name": "id", "in": "path", "required": true, "schema": {"type": "string"}},
    {"$ref": "#/components/parameters/Limit"}],
   "responses": {"200": {"description": "", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}}, "404": {"description": ""}}}},
  "/things/all": {"get": {"responses": {"200": {"description": ""}}}},
  "/things": {"post": {"requestBody": {"required": true, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}},
   "responses": {"201": {"description": ""}}}}
 },
 "components": {
  "parameters": {"Limit": {"name": "limit", "in": "query", "schema": {"type": "integer", "maximum": 9}}},
  "schemas": {
   "Thing": {"type": "object", "properties": {"name": {"type": "string"}, "properties": {"type": "object", "properties": {"a": {"type": "integer"}}}, "base": {"$ref": "#/components/schemas/Both"}}},
   "Part": {"type": "object", "properties": {"one": {"type": "string"}}},
   "Both": {"allOf": [{"$ref": "#/components/schemas/Part"}, {"type": "object", "properties": {"two": {"type": "string"}}}]}
  }
 }
}`

const swagger = `{
 "swagger": "2.0", "info": {"title": "x", "version": "1"}, "host": "mall.example", "basePath": "/", "consumes": ["application/json"], "produces": ["application/json"],
 "paths": {"/v1/things": {"put": {"parameters": [{"name": "body", "in": "body", "required": true, "schema": {"$ref": "#/definitions/Thing"}}, {"name": "dry", "in": "query", "type": "boolean", "required": true}],
  "responses": {"200": {"description": "", "schema": {"$ref": "#/definitions/Thing"}}}}}},
 "definitions": {"Thing": {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}}}
}`

func contractOf(t *testing.T, text string, a API) *document {
	dir := t.TempDir()
	a.File = "x.json"
	if err := os.WriteFile(filepath.Join(dir, a.File), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	d, err := read(dir, a)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestCallsAreFound(t *testing.T) {
	docs := []*document{contractOf(t, openAPI, API{Base: "/x/v1"}), contractOf(t, swagger, API{})}
	for call, want := range map[string]string{
		"GET /x/v1/things/7": "GET /things/{id}", "GET /x/v1/things/all": "GET /things/all", "POST /x/v1/things": "POST /things", "PUT /v1/things": "PUT /v1/things",
		"GET /x/v1/things/": "", "GET /x/v1/things": "", "GET /things/7": "", "DELETE /x/v1/things/7": "", "GET /x/v1/things/7/8": "",
	} {
		method, path, _ := strings.Cut(call, " ")
		op, _ := find(docs, method, path)
		switch {
		case op == nil && want != "":
			t.Errorf("%s is not found", call)
		case op != nil && op.String() != want:
			t.Errorf("%s is %s, want %q", call, op, want)
		}
	}
	if op, _ := find(docs, "GET", "/x/v1/things/7"); len(op.params) != 1 || op.params[0] != "limit" || strings.Join(op.statuses, " ") != "200 404" {
		t.Errorf("%+v", op)
	}
}

func TestObjectsAreClosed(t *testing.T) {
	d := contractOf(t, openAPI, API{Shapes: map[string]any{"Thing.name": object{"enum": []string{"x"}}}})
	text, err := d.closed(d.ops[2:], true)
	if err != nil {
		t.Fatal(err)
	}
	var root object
	if err := json.Unmarshal(text, &root); err != nil {
		t.Fatal(err)
	}
	s := schemas(root)
	shut := func(v any) bool { o, _ := v.(object); return o["additionalProperties"] == false }
	thing := s["Thing"].(object)
	inner := thing["properties"].(object)
	both := s["Both"].(object)["allOf"].([]any)
	if !shut(thing) || !shut(inner["properties"]) || shut(inner) || shut(s["Part"]) || shut(both[1]) || shut(s["Both"]) {
		t.Errorf("%s", text)
	}
	if paths := root["paths"].(object); len(paths) != 1 {
		t.Errorf("%d paths are left", len(paths))
	}
	if name := inner["name"].(object); name["type"] != nil {
		t.Errorf("the shape of name was not taken over: %v", name)
	}
	for _, at := range []string{"Nothing", "Nothing.x", "Thing.x"} {
		d.Shapes = map[string]any{at: object{}}
		if _, err := d.closed(nil, true); err == nil {
			t.Errorf("a shape of %s was taken", at)
		}
	}
}

// The mock server finds what the contract does not allow: a check that finds nothing
// would be worth nothing.
func TestContractIsHeld(t *testing.T) {
	if os.Getenv(specsVariable) == "" {
		t.Skip("SPECS names no folder with the malls' official contracts: make contract SPECS=DIR runs this")
	}
	mocks := map[string]*mock{}
	for _, text := range []string{openAPI, swagger} {
		closed, err := contractOf(t, text, API{}).closed(nil, false)
		if err != nil {
			t.Fatal(err)
		}
		mocks[text] = start(t, os.Getenv(prismVariable), closed, "x")
	}
	for _, x := range []struct {
		name, contract, method, target, kind, body, want string
	}{
		{"good", openAPI, "POST", "/things", "application/json", `{"name":"a","properties":{"a":1}}`, ""},
		{"good read", openAPI, "GET", "/things/7?limit=9", "", "", ""},
		{"field without a name", openAPI, "POST", "/things", "application/json", `{"nmae":"a"}`, "nmae"},
		{"field inside", openAPI, "POST", "/things", "application/json", `{"properties":{"b":1}}`, "b"},
		{"type", openAPI, "POST", "/things", "application/json", `{"name":7}`, "name"},
		{"no body", openAPI, "POST", "/things", "application/json", ``, "Body"},
		{"media type", openAPI, "POST", "/things", "text/plain", `x`, "content type"},
		{"parameter", openAPI, "GET", "/things/7?limit=10", "", "", "limit"},
		{"parts of an object", openAPI, "POST", "/things", "application/json", `{"base":{"one":"a","two":"b"}}`, ""},
		{"Swagger 2: good", swagger, "PUT", "/v1/things?dry=true", "application/json", `{"name":"a"}`, ""},
		{"Swagger 2: field", swagger, "PUT", "/v1/things?dry=true", "application/json", `{"name":"a","x":1}`, "x"},
		{"Swagger 2: nothing required", swagger, "PUT", "/v1/things?dry=true", "application/json", `{}`, "name"},
		{"Swagger 2: no parameter", swagger, "PUT", "/v1/things", "application/json", `{"name":"a"}`, "dry"},
	} {
		t.Run(x.name, func(t *testing.T) {
			r := httptest.NewRequest(x.method, x.target, http.NoBody)
			if x.kind != "" {
				r.Header.Set("Content-Type", x.kind)
			}
			res, answer, err := mocks[x.contract].answer(r, r.URL.Path, []byte(x.body), "")
			if err != nil {
				t.Fatal(err)
			}
			wrong := fault(res, answer)
			if (wrong == "") != (x.want == "") || !strings.Contains(wrong, x.want) {
				t.Errorf("status %d, wrong is %q, want %q; %s", res.StatusCode, wrong, x.want, bytes.TrimSpace(answer))
			}
		})
	}
}
