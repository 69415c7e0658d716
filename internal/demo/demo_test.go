package demo

import (
	"bytes"
	"os"
	"testing"
	"time"
)

var evening = time.Date(2026, 11, 22, 20, 0, 0, 0, japan)

func TestOnce(t *testing.T) {
	var out bytes.Buffer
	sum, err := Run(t.Context(), Options{Dir: t.TempDir(), Once: true, Seed: 1, Orders: 300, Lang: "en", Out: &out, Now: func() time.Time { return evening }})
	os.Stderr.Write(out.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%+v", sum)
}
