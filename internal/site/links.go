package main

import (
	"fmt"
	"io/fs"
	"maps"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/yuin/goldmark/ast"
)

// source is where files of the tree are that are no pages.
const source = "https://github.com/mallbridge/mallbridge/"

// A link leads from a page to something else. Resolve finds the page and anchor and
// writes the address in the site to dest.
type link struct {
	dest         *[]byte
	line         int
	page, anchor string // of a link to a page
}

// resolve gives every link its address in the site, puts the pictures that pages show
// into files, and returns what is wrong.
func (s *site) resolve(files map[string][]byte) (problems []string) {
	reached := map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(s.pages)) {
		p := s.pages[name]
		for _, l := range p.links {
			if wrong := s.resolveLink(p, l, files); wrong != "" {
				problems = append(problems, fmt.Sprintf("%s:%d: %s", name, l.line, wrong))
			}
		}
	}
	var visit func(name string)
	visit = func(name string) {
		if reached[name] || s.pages[name] == nil {
			return
		}
		reached[name] = true
		for _, l := range s.pages[name].links {
			visit(l.page)
		}
	}
	visit(languages[0].Start)
	for _, name := range slices.Sorted(maps.Keys(s.pages)) {
		if !reached[name] {
			problems = append(problems, fmt.Sprintf("%s: no link leads to it from %s", name, languages[0].Start))
		}
	}
	return problems
}

func (s *site) resolveLink(p *page, l *link, files map[string][]byte) string {
	dest := string(*l.dest)
	if strings.Contains(dest, "://") || strings.HasPrefix(dest, "mailto:") {
		return ""
	}
	file, anchor, _ := strings.Cut(dest, "#")
	var err error
	if anchor, err = url.PathUnescape(anchor); err != nil {
		return err.Error()
	}
	to := p.path
	if file != "" {
		to = path.Join(path.Dir(p.path), file)
	}
	if s.pages[to] == nil && s.pages[path.Join(to, "README.md")] != nil {
		to = path.Join(to, "README.md")
	}
	at := outName(p.path)
	if q := s.pages[to]; q != nil {
		l.page, l.anchor = to, anchor
		if anchor != "" && !q.ids[anchor] {
			return fmt.Sprintf("%s has no heading #%s", to, anchor)
		}
		addr := relative(at, outName(to))
		if to == p.path && anchor != "" {
			addr = ""
		}
		if anchor != "" {
			addr += "#" + anchor
		}
		*l.dest = []byte(addr)
		return ""
	}
	info, err := fs.Stat(s.tree, to)
	switch {
	case err != nil:
		return fmt.Sprintf("%s is not there", dest)
	case strings.HasPrefix(to, "docs/img/"):
		data, err := fs.ReadFile(s.tree, to)
		if err != nil {
			return err.Error()
		}
		files[to] = data
		*l.dest = []byte(relative(at, to))
	case info.IsDir():
		*l.dest = []byte(source + "tree/main/" + to)
	default:
		*l.dest = []byte(source + "blob/main/" + to)
	}
	return ""
}

// relative is the way from one file of the site to another.
func relative(from, to string) string {
	a, b := strings.Split(path.Dir(from), "/"), strings.Split(to, "/")
	if a[0] == "." {
		a = nil
	}
	n := 0
	for n < len(a) && n < len(b)-1 && a[n] == b[n] {
		n++
	}
	return strings.Repeat("../", len(a)-n) + strings.Join(b[n:], "/")
}

// slugs makes the anchors of one page's headings as GitHub does: small letters,
// without punctuation, spaces as hyphens, a number where one comes again.
type slugs struct{ seen map[string]int }

// Generate implements parser.IDs.
func (s *slugs) Generate(value []byte, _ ast.NodeKind) []byte {
	var b strings.Builder
	for _, r := range strings.ToLower(strings.TrimSpace(string(value))) {
		switch {
		case r == ' ':
			b.WriteByte('-')
		case r == '-', r == '_', unicode.IsLetter(r), unicode.IsDigit(r), unicode.IsMark(r):
			b.WriteRune(r)
		}
	}
	id := b.String()
	n := s.seen[id]
	s.seen[id]++
	if n > 0 {
		id += "-" + strconv.Itoa(n)
	}
	return []byte(id)
}

// Put implements parser.IDs.
func (s *slugs) Put(value []byte) { s.seen[string(value)]++ }
