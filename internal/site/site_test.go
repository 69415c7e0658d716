package main

import (
	"fmt"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

var (
	address = regexp.MustCompile(` (href|src)="([^"]*)"`)
	mark    = regexp.MustCompile(` id="([^"]+)"`)
	code    = regexp.MustCompile(`(?s)<(code|pre)[ >].*?</(code|pre)>`)
)

// TestTree builds the site of this tree: every link between pages leads to a page and
// a heading, every page can be reached, and no page loads anything from elsewhere.
func TestTree(t *testing.T) {
	s, err := read(os.DirFS(filepath.Join("..", "..")))
	if err != nil {
		t.Fatal(err)
	}
	files, problems, err := s.build()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Error(p)
	}
	ids := map[string]map[string]bool{}
	for name, data := range files {
		ids[name] = map[string]bool{}
		for _, m := range mark.FindAllSubmatch(data, -1) {
			ids[name][string(m[1])] = true
		}
	}
	for name, data := range files {
		if path.Ext(name) != ".html" {
			continue
		}
		for _, m := range address.FindAllSubmatch(data, -1) {
			checkAddress(t, ids, name, string(m[1]), strings.ReplaceAll(string(m[2]), "&amp;", "&"))
		}
		if i := strings.Index(code.ReplaceAllString(string(data), ""), "**"); i >= 0 {
			t.Errorf("%s shows two asterisks", name)
		}
	}
	if len(s.pages) < 200 {
		t.Errorf("only %d pages", len(s.pages))
	}
}

func checkAddress(t *testing.T, ids map[string]map[string]bool, name, kind, to string) {
	t.Helper()
	if strings.Contains(to, "://") {
		if kind == "src" {
			t.Errorf("%s loads %s", name, to)
		}
		return
	}
	file, anchor, _ := strings.Cut(to, "#")
	at := name
	if file != "" {
		at = path.Join(path.Dir(name), file)
	}
	anchor, err := url.PathUnescape(anchor)
	if err != nil {
		t.Fatal(err)
	}
	if ids[at] == nil || anchor != "" && !ids[at][anchor] {
		t.Errorf("%s: %s leads nowhere", name, to)
	}
}

func tree(pages map[string]string) fstest.MapFS {
	fs := fstest.MapFS{
		"README.md":         {Data: []byte("# Start\n\n[all](docs/README.md) [ja](README.ja.md) [ko](README.ko.md)\n")},
		"README.ja.md":      {Data: []byte("# 始め\n\n[目次](docs/README.ja.md)\n")},
		"README.ko.md":      {Data: []byte("# 시작\n\n[목차](docs/README.ko.md)\n")},
		"docs/README.md":    {Data: []byte("# All\n\n## Books\n\n- [One](one.md)\n- [Two](two.md#a-part)\n")},
		"docs/README.ja.md": {Data: []byte("# 目次\n")},
		"docs/README.ko.md": {Data: []byte("# 목차\n")},
		"docs/one.md":       {Data: []byte("# One\n\n![p](img/p.png) [code](../go.mod) [folder](../cmd)\n")},
		"docs/two.md":       {Data: []byte("# Two\n\n## A part\n")},
		"docs/img/p.png":    {Data: []byte("png")},
		"go.mod":            {Data: []byte("module x\n")},
		"cmd/main.go":       {Data: []byte("package main\n")},
	}
	for name, text := range pages {
		fs[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return fs
}

func TestProblems(t *testing.T) {
	for _, c := range []struct {
		name  string
		pages map[string]string
		want  []string
	}{
		{name: "all well"},
		{
			name:  "dead links",
			pages: map[string]string{"docs/one.md": "# One\n\na\n[x](gone.md)\n\n[y](two.md#another) ![z](img/gone.png) [w](#nowhere)\n"},
			want: []string{
				"docs/one.md:3: gone.md is not there",
				"docs/one.md:6: docs/two.md has no heading #another",
				"docs/one.md:6: img/gone.png is not there",
				"docs/one.md:6: docs/one.md has no heading #nowhere",
			},
		},
		{
			name:  "a page alone",
			pages: map[string]string{"docs/alone.md": "# Alone\n\n[one](one.md)\n"},
			want:  []string{"docs/alone.md: no link leads to it from README.md"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := read(tree(c.pages))
			if err != nil {
				t.Fatal(err)
			}
			_, got, err := s.build()
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

// TestPages looks at what becomes of links, pictures, the navigation and the languages.
func TestPages(t *testing.T) {
	s, err := read(tree(map[string]string{
		"docs/op/en/day.md": "# Day\n\n| a | b |\n|---|---|\n| 1 | 2 |\n",
		"docs/op/ja/day.md": "# 一日\n\n朝の\n確認。\nSKU\n",
		"docs/op/ko/day.md": "# 하루\n\n확인합니다.\n보류\n",
		"docs/two.md":       "# Two\n\n## A part\n\n[day](op/en/day.md) [日](op/ja/day.md) [일](op/ko/day.md)\n",
	}))
	if err != nil {
		t.Fatal(err)
	}
	files, problems, err := s.build()
	if err != nil || problems != nil {
		t.Fatal(err, problems)
	}
	for name, wants := range map[string][]string{
		"index.html": {`<a href="docs/index.html">all</a>`, `<a href="index.ja.html" lang="ja" hreflang="ja">日本語</a>`, `<a href="index.html" lang="en" hreflang="en" aria-current="true">English</a>`},
		"docs/one.html": {
			`<img src="img/p.png" alt="p">`,
			`<a href="https://github.com/mallbridge/mallbridge/blob/main/go.mod">code</a>`,
			`<a href="https://github.com/mallbridge/mallbridge/tree/main/cmd">folder</a>`,
			`<a href="one.html" aria-current="page">One</a>`,
			`<a class="next" href="two.html#a-part" rel="next">`,
		},
		"docs/op/en/day.html": {`<div class="scroll" tabindex="0"><table>`, `<a href="../ja/day.html" lang="ja"`, `<a href="../ko/day.html" lang="ko"`},
		"docs/op/ja/day.html": {"<p>朝の確認。\nSKU</p>", `<html lang="ja">`},
		"docs/op/ko/day.html": {"<p>확인합니다.\n보류</p>"},
		"assets/index.ja.js":  {`["一日","一日","docs/op/ja/day.html#一日"]`},
	} {
		for _, want := range wants {
			if !strings.Contains(string(files[name]), want) {
				t.Errorf("%s lacks %s:\n%s", name, want, files[name])
			}
		}
	}
}

// TestRun writes a site over an older one, and leaves that alone when there is a
// problem.
func TestRun(t *testing.T) {
	from, out := t.TempDir(), filepath.Join(t.TempDir(), "docs")
	put := func(name, text string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(filepath.Join(from, name)), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(from, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	for name, f := range tree(nil) {
		put(name, string(f.Data))
	}
	if err := os.MkdirAll(out, 0o777); err != nil {
		t.Fatal(err)
	}
	old := filepath.Join(out, "old.html")
	if err := os.WriteFile(old, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	put("docs/two.md", "# Two\n")
	if err := run(from, out); err == nil || err.Error() != "1 links and pages are wrong" {
		t.Errorf("a dead anchor: %v", err)
	}
	if _, err := os.Stat(old); err != nil {
		t.Error(err)
	}
	put("docs/two.md", "# Two\n\n## A part\n")
	if err := run(from, out); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(out, "docs", "one.html")); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(old); !os.IsNotExist(err) {
		t.Errorf("the older page is still there: %v", err)
	}
}

// TestAnchors compares anchors with those that GitHub gives.
func TestAnchors(t *testing.T) {
	p := parse("x.md", []byte("# `run` and *serve*\n## A batch is in doubt\n## A batch is in doubt\n## What to do when …\n## 日本語\n## 住所・電話\n## 한국어 한 줄\n## POST /v1, twice\n"))
	var got []string
	for _, h := range p.heads {
		got = append(got, fmt.Sprintf("%d %s", h.Level, h.ID))
	}
	want := []string{"1 run-and-serve", "2 a-batch-is-in-doubt", "2 a-batch-is-in-doubt-1", "2 what-to-do-when-", "2 日本語", "2 住所電話", "2 한국어-한-줄", "2 post-v1-twice"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}
