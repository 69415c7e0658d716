package configs

import (
	"os"
	"path/filepath"
	"testing"
)

// Whatever stands in a file, reading it ends, without a panic, and every finding
// names a place.
func FuzzDecode(f *testing.F) {
	for _, pattern := range []string{"samples/jp/accounts/*.yaml", "samples/jp/warehouses/*.yaml"} {
		files, _ := filepath.Glob(pattern)
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(data)
		}
	}
	f.Add([]byte("targets: &a {default: *a}\nsku_from: &b [*b]\nstatuses: &c\n  - *c\n"))
	f.Add([]byte("a: &a [x,x]\nb: &b [*a,*a]\nsku_from: [*b,*b]\n"))
	f.Add([]byte("? [a]\n: b\n<<: {mall: x}\n\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, out := range []any{&Account{}, &Warehouse{}, &Settings{}} {
			var found Findings
			decodeYAML("x.yaml", data, out, &found)
			for _, one := range found {
				if one.File != "x.yaml" || one.Line < 1 || one.Message == "" {
					t.Errorf("%+v", one)
				}
			}
		}
	})
}
