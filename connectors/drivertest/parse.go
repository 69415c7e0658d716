package drivertest

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"unicode/utf8"

	"github.com/mallbridge/mallbridge/connectors"
)

var update = flag.Bool("update", false, "write the golden files anew")

// Sample reads a file of testdata.
func Sample(t testing.TB, name string) []byte {
	t.Helper()
	body, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// Golden compares what was read of a page with the file testdata/name.golden, which
// the flag -update writes anew.
func Golden(t *testing.T, name string, parsed connectors.Parsed) {
	t.Helper()
	var got bytes.Buffer
	e := json.NewEncoder(&got)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	if err := e.Encode(parsed); err != nil {
		t.Fatal(err)
	}
	golden := name + ".golden"
	if *update {
		if err := os.WriteFile(filepath.Join("testdata", golden), got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if want := Sample(t, golden); !bytes.Equal(want, got.Bytes()) {
		t.Errorf("%s differs; got\n%s", golden, got.String())
	}
}

// Sound checks what was read of a page, whatever stood there: orders have numbers of
// their own, packages and lines; nothing in them is empty, twice, without pieces or
// broken text; and each claim says of what it is.
func Sound(t *testing.T, account string, p connectors.Parsed) {
	t.Helper()
	seen := map[string]bool{}
	for i := range p.Orders {
		o := &p.Orders[i]
		if seen[o.Number] || o.Number == "" || o.Account != account || len(o.Packages) == 0 || o.Lines() == 0 || o.Status == "" {
			t.Errorf("order %+v", o)
		}
		seen[o.Number] = true
		type key struct{ pack, line string }
		lines := map[key]bool{}
		for _, k := range o.Packages {
			for _, l := range k.Lines {
				at := key{k.Key, l.Key}
				if lines[at] || l.Quantity < 1 || k.Key == "" || l.Key == "" {
					t.Errorf("order %s: package %q: line %+v", o.Number, k.Key, l)
				}
				lines[at] = true
				if !utf8.ValidString(l.Name + l.Option + l.Note + k.To.Name + k.To.Street + k.Note + o.Note) {
					t.Errorf("order %s: text that is not UTF-8", o.Number)
				}
			}
		}
	}
	for _, c := range p.Claims {
		if c.Key == "" || c.Order == "" || c.Kind == "" || c.State == "" || c.Quantity < 0 {
			t.Errorf("claim %+v", c)
		}
	}
}
