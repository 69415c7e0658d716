package configs

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestSetValue(t *testing.T) {
	for _, c := range []struct{ name, was, key, value, want string }{
		{"empty", "", "api.settings.a", "1", "api:\n  settings:\n    a: \"1\"\n"},
		{"only a comment", "# mine", "enabled", "false", "# mine\nenabled: false\n"},
		{
			"quoted", "mall: x\napi:\n  settings:\n    # the day\n    a: \"2026-01-01\" # told\n    b: 2\n", "api.settings.a", "2026-11-30",
			"mall: x\napi:\n  settings:\n    # the day\n    a: \"2026-11-30\" # told\n    b: 2\n",
		},
		{"a quote inside", `a: 'it''s' # x` + "\n", "a", "no", `a: "no" # x` + "\n"},
		{"escaped", `a: "x\"y" # z` + "\n", "a", `q"`, `a: "q\"" # z` + "\n"},
		{"a plain word stays plain", "mall: rakuten   # so\n", "mall", "ebay", "mall: ebay   # so\n"},
		{"a number becomes text", "a: 007\n", "a", "008", "a: \"008\"\n"},
		{
			"a new last key", "api:\n  secrets:\n    a: env:A\n\n# the warehouse\nwarehouse: tokyo\n", "api.secrets.b", "file:keys/b",
			"api:\n  secrets:\n    a: env:A\n    b: \"file:keys/b\"\n\n# the warehouse\nwarehouse: tokyo\n",
		},
		{"a new mapping", "api:\n  base_url: http://x\nwarehouse: tokyo", "api.secrets.b", "age:b", "api:\n  base_url: http://x\n  secrets:\n    b: \"age:b\"\nwarehouse: tokyo"},
		{"no end of line", "api:\n  base_url: http://x", "api.every", "5m", "api:\n  base_url: http://x\n  every: \"5m\"\n"},
		{"after a long text", "sender:\n  name: |\n    a\n\n    b\nx: 1\n", "sender.kana", "カナ", "sender:\n  name: |\n    a\n\n    b\n  kana: \"カナ\"\nx: 1\n"},
		{"flow", "targets: {default: \"2\"}\napi: {settings: {a: \"1\"}}\n", "api.settings.b", "x", "targets: {default: \"2\"}\napi: {settings: {b: \"x\", a: \"1\"}}\n"},
		{"flow, empty", "api: {}\n", "api.settings.b", "x", "api: {settings: {b: \"x\"}}\n"},
		{"flow, replaced", "api: {settings: {あ: い, b: \"1\", c: 2}}\n", "api.settings.b", "x", "api: {settings: {あ: い, b: \"x\", c: 2}}\n"},
		{"no value", "api:\n  settings:\n  every: 5m\n", "api.settings.b", "x", "api:\n  settings:\n    b: \"x\"\n  every: 5m\n"},
		{"no value at all", "title: # what people say\nmall: x\n", "title", "店", "title: \"店\" # what people say\nmall: x\n"},
		{"the other line end", "api:\r\n  settings:\r\n    a: \"1\"\r\n", "api.settings.b", "x", "api:\r\n  settings:\r\n    a: \"1\"\r\n    b: \"x\"\r\n"},
	} {
		got, err := setValue([]byte(c.was), strings.Split(c.key, "."), c.value)
		if err != nil || string(got) != c.want {
			t.Errorf("%s: %v\n%s\nwant\n%s", c.name, err, got, c.want)
		}
	}
	for name, was := range map[string]string{
		"a block":     "a: |\n  x\n",
		"two lines":   "a: \"x\n  y\"\n",
		"an alias":    "b: &b x\na: *b\n",
		"an anchor":   "a: &a x\n",
		"a tag":       "a: !!str x\n",
		"a mapping":   "a: {b: c}\n",
		"a list":      "- a\n",
		"no YAML":     "a: [\n",
		"a key twice": "a: 1\na: 2\n",
	} {
		if got, err := setValue([]byte(was), []string{"a"}, "v"); err == nil {
			t.Errorf("%s: is %q", name, got)
		}
	}
}

func TestSetAccountValue(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "accounts", "shop.yaml")
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("mall: plain # so\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := SetAccountValue(dir, "shop", "title", "見本"); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(path)
	info, serr := os.Stat(path)
	if err != nil || serr != nil || string(got) != "mall: plain # so\ntitle: \"見本\"\n" || info.Mode().Perm() != 0o600 {
		t.Errorf("%q %v %v", got, info.Mode(), err)
	}
	if err := SetAccountValue(dir, "../shop", "title", "x"); err == nil {
		t.Error("a path is no name")
	}
	if err := SetAccountValue(dir, "none", "title", "x"); err == nil {
		t.Error("there is no such account")
	}
}
