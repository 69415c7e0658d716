package formats_test

import (
	"os"
	"testing"

	"github.com/mallbridge/mallbridge/mappers/format"
)

// TestProbes puts too long texts, characters outside the charset and nothing into
// every column of every format that is written.
func TestProbes(t *testing.T) {
	s := set(t)
	results, err := format.Probes(os.DirFS(caseRoot), s, format.CaseOptions{})
	if err != nil {
		t.Fatal(err)
	}
	probed := map[string]bool{}
	for _, r := range results {
		probed[r.Format] = true
		if r.Err != nil {
			t.Errorf("%s: %v", r.Format, r.Err)
		}
		if r.Required == 0 {
			t.Errorf("%s: no column is required", r.Format)
		}
		t.Logf("%s: %d lengths, %d characters, %d required, without a known width: %q", r.Format, r.Lengths, r.Characters, r.Required, r.Unlimited)
	}
	for _, name := range s.Names() {
		if f, err := s.Get(name); err != nil || f.Writes() && !probed[name] {
			t.Errorf("%s was not probed (%v)", name, err)
		}
	}
}
