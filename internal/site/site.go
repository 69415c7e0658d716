package main

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/text"
)

//go:embed page.html style.css site.js icon.svg
var assets embed.FS

// languages in the order in which pages offer them.
var languages = []struct{ Code, Name, Start string }{
	{"en", "English", "README.md"},
	{"ja", "日本語", "README.ja.md"},
	{"ko", "한국어", "README.ko.md"},
}

// contents are the pages whose lists are the navigation of each language.
var contents = map[string]string{"en": "docs/README.md", "ja": "docs/README.ja.md", "ko": "docs/README.ko.md"}

// words of the frame around the pages.
var words = map[string]map[string]string{
	"en": {"index": "look for a heading", "menu": "Contents", "next": "Next", "before": "Before", "skip": "to the content", "on": "Pages"},
	"ja": {"index": "見出しを探す", "menu": "目次", "next": "次", "before": "前", "skip": "本文へ", "on": "ページ"},
	"ko": {"index": "제목 찾기", "menu": "목차", "next": "다음", "before": "이전", "skip": "본문으로", "on": "페이지"},
}

// A heading is what the index and the navigation know of a page.
type heading struct {
	Level    int
	ID, Text string
}

// A page is one Markdown file.
type page struct {
	path  string // in the tree, with slashes
	lang  string
	key   string // the same for the languages of one page
	src   []byte
	doc   ast.Node
	heads []heading
	ids   map[string]bool
	links []*link
}

func (p *page) title() string {
	for _, h := range p.heads {
		if h.Level == 1 {
			return h.Text
		}
	}
	return p.path
}

// A site is the Markdown of a tree.
type site struct {
	tree  fs.FS
	pages map[string]*page // by path
}

// markdown parses and renders pages; japanese renders those in which a line that ends in
// a letter goes on without a space.
var (
	markdown = maker()
	japanese = maker(extension.NewCJK(extension.WithEastAsianLineBreaks(extension.EastAsianLineBreaksSimple)))
)

func maker(further ...goldmark.Extender) goldmark.Markdown {
	return goldmark.New(
		goldmark.WithExtensions(append([]goldmark.Extender{extension.GFM}, further...)...),
		goldmark.WithParserOptions(parser.WithAutoHeadingID()),
		goldmark.WithRendererOptions(html.WithUnsafe()),
	)
}

// read takes in every Markdown file at the root and below docs.
func read(tree fs.FS) (*site, error) {
	s := &site{tree: tree, pages: map[string]*page{}}
	take := func(name string) error {
		src, err := fs.ReadFile(tree, name)
		if err == nil {
			s.pages[name] = parse(name, src)
		}
		return err
	}
	roots, err := fs.Glob(tree, "*.md")
	if err != nil {
		return nil, err
	}
	for _, name := range roots {
		if err := take(name); err != nil {
			return nil, err
		}
	}
	err = fs.WalkDir(tree, "docs", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || path.Ext(name) != ".md" {
			return err
		}
		return take(name)
	})
	return s, err
}

func parse(name string, src []byte) *page {
	p := &page{path: name, src: src, ids: map[string]bool{}}
	p.lang, p.key = language(name)
	p.doc = markdown.Parser().Parse(text.NewReader(src), parser.WithContext(parser.NewContext(parser.WithIDs(&slugs{seen: map[string]int{}}))))
	_ = ast.Walk(p.doc, func(n ast.Node, in bool) (ast.WalkStatus, error) {
		if !in {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.Heading:
			id, _ := n.AttributeString("id")
			h := heading{n.Level, string(id.([]byte)), plain(n, src)}
			p.heads, p.ids[h.ID] = append(p.heads, h), true
		case *ast.Link:
			p.links = append(p.links, &link{dest: &n.Destination, line: line(n, src)})
		case *ast.Image:
			p.links = append(p.links, &link{dest: &n.Destination, line: line(n, src)})
		}
		return ast.WalkContinue, nil
	})
	return p
}

// language says in which language a page is, and what it shares with the same page in
// others: README.ja.md beside README.md, docs/operator/ja/… beside docs/operator/en/….
func language(name string) (lang, key string) {
	for _, l := range languages[1:] {
		if base, ok := strings.CutSuffix(name, "."+l.Code+".md"); ok {
			return l.Code, base + ".md"
		}
		if strings.Contains(name, "/"+l.Code+"/") {
			return l.Code, strings.Replace(name, "/"+l.Code+"/", "/en/", 1)
		}
	}
	return "en", name
}

// plain is the text of a node without its marks.
func plain(n ast.Node, src []byte) string {
	var b strings.Builder
	_ = ast.Walk(n, func(c ast.Node, in bool) (ast.WalkStatus, error) {
		if t, ok := c.(*ast.Text); ok && in {
			b.Write(t.Segment.Value(src))
		}
		return ast.WalkContinue, nil
	})
	return b.String()
}

// line is the line in which the block of a node begins.
func line(n ast.Node, src []byte) int {
	for ; n != nil; n = n.Parent() {
		if n.Type() != ast.TypeInline && n.Lines().Len() > 0 {
			return bytes.Count(src[:n.Lines().At(0).Start], []byte("\n")) + 1
		}
	}
	return 1
}

// outName is the name of a page in the site.
func outName(name string) string {
	dir, file := path.Split(strings.TrimSuffix(name, ".md"))
	if rest, ok := strings.CutPrefix(file, "README"); ok {
		file = "index" + rest
	}
	return dir + file + ".html"
}

// build makes the files of the site, by name. The problems are links and anchors that
// lead nowhere, and pages that no other leads to.
func (s *site) build() (files map[string][]byte, problems []string, err error) {
	files = map[string][]byte{}
	problems = s.resolve(files)
	navs := map[string]*nav{}
	for lang, name := range contents {
		if s.pages[name] == nil {
			return nil, nil, fmt.Errorf("%s: there is no such page, and the navigation is made of it", name)
		}
		navs[lang] = s.nav(s.pages[name])
	}
	frame, err := template.New("page.html").ParseFS(assets, "page.html")
	if err != nil {
		return nil, nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(s.pages)) {
		p := s.pages[name]
		var body, out bytes.Buffer
		renderer := markdown.Renderer()
		if p.lang == "ja" {
			renderer = japanese.Renderer()
		}
		if err := renderer.Render(&body, p.src, p.doc); err != nil {
			return nil, nil, err
		}
		if err := frame.Execute(&out, s.view(p, navs[p.lang], scrolling(body.String()))); err != nil {
			return nil, nil, err
		}
		files[outName(name)] = out.Bytes()
	}
	for _, name := range []string{"style.css", "site.js", "icon.svg"} {
		if files["assets/"+name], err = fs.ReadFile(assets, name); err != nil {
			return nil, nil, err
		}
	}
	for _, l := range languages {
		if files["assets/index."+l.Code+".js"], err = s.index(l.Code); err != nil {
			return nil, nil, err
		}
	}
	return files, problems, nil
}

// scrolling lets wide tables scroll by themselves.
func scrolling(body string) template.HTML {
	body = strings.ReplaceAll(body, "<table>", `<div class="scroll" tabindex="0"><table>`)
	return template.HTML(strings.ReplaceAll(body, "</table>", "</table></div>")) //nolint:gosec // the tree's own text
}

// A nav is the navigation of a language.
type nav struct{ groups []navGroup }

type navGroup struct {
	title   string
	entries []navEntry
}

type navEntry struct{ title, path, anchor string }

// nav reads the navigation from the lists of a contents page, a group for each heading
// of level two.
func (s *site) nav(p *page) *nav {
	n := &nav{}
	for c := p.doc.FirstChild(); c != nil; c = c.NextSibling() {
		switch c := c.(type) {
		case *ast.Heading:
			if c.Level == 2 {
				n.groups = append(n.groups, navGroup{title: plain(c, p.src)})
			}
		case *ast.List:
			if len(n.groups) == 0 {
				continue
			}
			g := &n.groups[len(n.groups)-1]
			_ = ast.Walk(c, func(x ast.Node, in bool) (ast.WalkStatus, error) {
				if l, ok := x.(*ast.Link); ok && in {
					for _, have := range p.links {
						if have.dest == &l.Destination && have.page != "" {
							g.entries = append(g.entries, navEntry{plain(l, p.src), have.page, have.anchor})
						}
					}
				}
				return ast.WalkContinue, nil
			})
		}
	}
	return n
}

// A view is what the frame shows of a page.
type view struct {
	Lang, Title string
	W           map[string]string
	Root        string // of the site, seen from the page
	Start, Toc  string
	Body        template.HTML
	Groups      []viewGroup
	Languages   []viewLink
	Before      *viewLink
	Next        *viewLink
}

type viewGroup struct {
	Title string
	Open  bool
	Links []viewLink
}

type viewLink struct {
	Title, Href, Code string
	Here              bool
	Heads             []heading
}

func (s *site) view(p *page, n *nav, body template.HTML) *view {
	at := outName(p.path)
	v := &view{Lang: p.lang, Title: p.title(), W: words[p.lang], Body: body, Root: strings.Repeat("../", strings.Count(at, "/"))}
	v.Toc = relative(at, outName(contents[p.lang]))
	var flat []viewLink
	here := -1
	for _, g := range n.groups {
		out := viewGroup{Title: g.title}
		for _, e := range g.entries {
			l := viewLink{Title: e.title, Href: relative(at, outName(e.path)), Here: e.path == p.path && e.anchor == ""}
			if e.anchor != "" {
				l.Href += "#" + e.anchor
			}
			if l.Here {
				here, out.Open = len(flat), true
				if heads := second(p.heads); len(heads) > 1 && len(heads) <= 20 {
					l.Heads = heads
				}
			}
			out.Links, flat = append(out.Links, l), append(flat, l)
		}
		v.Groups = append(v.Groups, out)
	}
	if here > 0 {
		v.Before = &flat[here-1]
	}
	if here >= 0 && here+1 < len(flat) {
		v.Next = &flat[here+1]
	}
	for _, l := range languages {
		to := l.Start
		for _, q := range s.pages {
			if q.lang == l.Code && q.key == p.key {
				to = q.path
			}
		}
		if l.Code == p.lang {
			v.Start = relative(at, outName(l.Start))
			to = p.path
		}
		v.Languages = append(v.Languages, viewLink{Title: l.Name, Code: l.Code, Href: relative(at, outName(to)), Here: l.Code == p.lang})
	}
	return v
}

func second(heads []heading) []heading {
	return slices.DeleteFunc(slices.Clone(heads), func(h heading) bool { return h.Level != 2 })
}

// index is a script that names every heading of a language's pages with its address.
func (s *site) index(lang string) ([]byte, error) {
	type entry [3]string // heading, page, address
	var all []entry
	for _, name := range slices.Sorted(maps.Keys(s.pages)) {
		p := s.pages[name]
		if p.lang != lang {
			continue
		}
		for _, h := range p.heads {
			if h.Level <= 3 {
				all = append(all, entry{h.Text, p.title(), outName(name) + "#" + h.ID})
			}
		}
	}
	b, err := json.Marshal(all)
	return append(append([]byte("const headings = "), b...), ";\n"...), err
}
