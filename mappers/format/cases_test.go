package format_test

import (
	"flag"
	"os"
	"testing"

	"github.com/mallbridge/mallbridge/configs/formats"
	"github.com/mallbridge/mallbridge/mappers/format"
)

var update = flag.Bool("update", false, "write what comes out as what is wanted")

func runCases(t *testing.T, dir string, set *format.Set) {
	results, err := format.RunCases(os.DirFS(dir), set)
	if err != nil {
		t.Fatal(err)
	}
	if len(results) == 0 {
		t.Fatalf("there are no cases in %s", dir)
	}
	for _, r := range results {
		t.Run(r.Name, func(t *testing.T) {
			if *update {
				if err := r.Update(dir); err != nil {
					t.Fatal(err)
				}
				return
			}
			if r.Err != nil {
				t.Error(r.Err)
			}
		})
	}
}

func TestBuiltInCases(t *testing.T) {
	set, err := format.Load(formats.FS, ".")
	if err != nil {
		t.Fatal(err)
	}
	runCases(t, "../../testdata/formats", set)
}
