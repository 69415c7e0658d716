package configs_test

import (
	"testing"

	"github.com/mallbridge/mallbridge/configs"
)

// A replacement is put beside others, or with the keys around it, and leaves all else
// as it is written.
func TestSetValue(t *testing.T) {
	for _, x := range []struct{ file, want string }{
		{"# tokyo\ntitle: 東京 # for people\n\ndrop:\n  kind: local\n", "# tokyo\ntitle: 東京 # for people\n\ndrop:\n  kind: local\nreplacements:\n  pairs:\n    髙: \"高\"\n"},
		{"replacements:\n  # agreed\n  pairs:\n    﨑: 崎\n  lists: [b2]\n", "replacements:\n  # agreed\n  pairs:\n    﨑: 崎\n    髙: \"高\"\n  lists: [b2]\n"},
		{"replacements:\n  pairs: {﨑: 崎}\n", "replacements:\n  pairs: {髙: \"高\", 﨑: 崎}\n"},
	} {
		got, err := configs.SetValue([]byte(x.file), "高", "replacements", "pairs", "髙")
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != x.want {
			t.Errorf("%s\nwant\n%s", got, x.want)
		}
	}
	for _, bad := range []string{"a: [", "- a"} {
		if _, err := configs.SetValue([]byte(bad), "x", "y"); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}
