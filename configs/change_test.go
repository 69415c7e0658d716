package configs_test

import (
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/mallbridge/mallbridge/configs"
)

// A value that is set leaves all else as it is written.
func TestSetYAML(t *testing.T) {
	const file = `# the shop
mall: rakuten

# what it is called
title: 見本   # for people

api:
  settings:
    # from the back office
    shop: "a # b" # not secret
  secrets:
empty:
flow: {a: b}
`
	for _, x := range []struct {
		path []string
		want string
	}{
		{[]string{"title"}, "# the shop\nmall: rakuten\n\n# what it is called\ntitle: \"new\"   # for people\n\napi:\n  settings:\n    # from the back office\n    shop: \"a # b\" # not secret\n  secrets:\nempty:\nflow: {a: b}\n"},
		{[]string{"api", "settings", "shop"}, "# the shop\nmall: rakuten\n\n# what it is called\ntitle: 見本   # for people\n\napi:\n  settings:\n    # from the back office\n    shop: \"new\" # not secret\n  secrets:\nempty:\nflow: {a: b}\n"},
		{[]string{"api", "settings", "more"}, "# the shop\nmall: rakuten\n\n# what it is called\ntitle: 見本   # for people\n\napi:\n  settings:\n    # from the back office\n    shop: \"a # b\" # not secret\n    more: \"new\"\n  secrets:\nempty:\nflow: {a: b}\n"},
		{[]string{"api", "secrets", "key"}, "# the shop\nmall: rakuten\n\n# what it is called\ntitle: 見本   # for people\n\napi:\n  settings:\n    # from the back office\n    shop: \"a # b\" # not secret\n  secrets:\n    key: \"new\"\nempty:\nflow: {a: b}\n"},
		{[]string{"replacements", "pairs", "髙"}, file + "replacements:\n  pairs:\n    髙: \"new\"\n"},
	} {
		got, err := configs.SetYAML([]byte(file), "new", x.path...)
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != x.want {
			t.Errorf("%v:\n%s\nwant\n%s", x.path, got, x.want)
		}
	}
	// What lines cannot be put into is written anew, with its comments.
	got, err := configs.SetYAML([]byte(file), "new", "flow", "c")
	if err != nil {
		t.Fatal(err)
	}
	var back struct{ Flow map[string]string }
	if err := yaml.Unmarshal(got, &back); err != nil || back.Flow["c"] != "new" || back.Flow["a"] != "b" {
		t.Errorf("%v %v\n%s", back, err, got)
	}
	for _, bad := range []string{"", "a: [", "- a"} {
		if _, err := configs.SetYAML([]byte(bad), "x", "y"); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}
