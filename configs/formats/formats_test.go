package formats_test

import (
	"io/fs"
	"testing"

	"github.com/mallbridge/mallbridge/configs/formats"
	"github.com/mallbridge/mallbridge/mappers/format"
)

func TestParse(t *testing.T) {
	names, err := fs.Glob(formats.FS, "*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if _, err := format.ParseFS(formats.FS, name); err != nil {
			t.Error(err)
		}
	}
}
