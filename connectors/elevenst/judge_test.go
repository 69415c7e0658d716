package elevenst

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/mallbridge/mallbridge/connectors"
)

// Whatever is answered, nothing panics; only a whole document of the expected shape
// is good, and a write without one is never said not to have been done.
func FuzzJudge(f *testing.F) {
	files, err := filepath.Glob("testdata/*.xml")
	if err != nil || len(files) == 0 {
		f.Fatal(err)
	}
	for _, file := range files {
		body, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(body, 200)
		f.Add(body, 500)
	}
	f.Add([]byte("<html><body>점검중</body></html>"), 200)
	f.Fuzz(func(t *testing.T, body []byte, status int) {
		reply := &connectors.Reply{Status: status, Body: body, At: time.Unix(0, 0)}
		for _, safe := range []bool{true, false} {
			roots := []string{rootAction}
			if safe {
				roots = []string{rootList, rootProducts}
			}
			err := judge(reply, safe, roots)
			switch {
			case err == nil && (status != 200 || !slices.Contains(roots, rootOf(body))):
				t.Errorf("status %d, root %q: good", status, rootOf(body))
			case err != nil && status == 200 && !safe && connectors.ClassOf(err) == connectors.Transient:
				t.Errorf("%v: said not to have been done", err)
			}
			_ = sayingOf(body)
		}
		for _, raw := range elements(body, "order") {
			if _, w := fieldsOf(raw); w != nil && w.reason == "" {
				t.Errorf("%+v", w)
			}
			_ = rawValue(raw, "ordNo")
		}
	})
}
