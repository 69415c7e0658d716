package configs

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/mallbridge/mallbridge/mappers/charset"
	"github.com/mallbridge/mallbridge/mappers/format"
	"github.com/mallbridge/mallbridge/mappers/record"
)

// casesFolder holds cases that belong to no warehouse.
const casesFolder = "formats"

// formatCases runs the cases of tests/formats/FORMAT/CASE, and those of
// tests/WAREHOUSE/FORMAT/CASE under the warehouse's charset, replacements and
// values. A workspace whose formats do not do what its own cases say is not run.
func (l *loader) formatCases() {
	entries, err := os.ReadDir(filepath.Join(l.ws.Dir, "tests"))
	if err != nil {
		return // there are none, or the rules' cases tell
	}
	for _, e := range entries {
		if !e.IsDir() || strings.HasPrefix(e.Name(), ".") {
			continue
		}
		dir := path.Join("tests", e.Name())
		o, ok := l.ws.CaseOptions(e.Name())
		if !ok {
			l.find(Finding{File: dir, Message: "is not read: it is neither " + casesFolder + " nor the name of a warehouse", Hint: "rename it, or move it elsewhere", Warning: true})
			continue
		}
		fsys := os.DirFS(filepath.Join(l.ws.Dir, "tests", e.Name()))
		names, _ := fs.Glob(fsys, "*")
		if len(names) == 0 {
			continue
		}
		results, err := format.RunCasesWith(fsys, l.ws.Formats.Set(names...), o)
		if err != nil {
			l.find(Finding{File: dir, Message: "cannot be read: " + cause(err), Hint: "let the program's user read the folder"})
		}
		l.ws.FormatCases += len(results)
		for _, r := range results {
			l.caseFinding(dir, r)
		}
	}
}

func (l *loader) caseFinding(dir string, r format.CaseResult) {
	name := path.Dir(r.Name)
	if r.Err == nil || l.broken(name) { // the format's own findings say why
		return
	}
	file := path.Join(dir, r.Name, "case.yaml")
	if _, known := l.ws.Formats.Get(name); !known {
		l.find(Finding{File: file, Message: fmt.Sprintf("no format is called %q", name), Hint: "name the folder after a format"})
		return
	}
	l.find(Finding{
		File: file, Message: fmt.Sprintf("format %s breaks its case: %s", name, strings.ReplaceAll(r.Err.Error(), "\n", "\n\t")),
		Hint: "correct the format; if the new result is right: mallbridge format test " + dir + " --update",
	})
}

// CaseOptions are those of the cases in tests/name: the warehouse's of that name,
// or none for tests/formats.
func (w *Workspace) CaseOptions(name string) (format.CaseOptions, bool) {
	h, ok := w.Warehouse(name)
	if !ok {
		return format.CaseOptions{}, name == casesFolder
	}
	o := format.CaseOptions{Encoding: h.Encoding, Values: map[record.Field]string{}}
	for name, text := range h.Values {
		if f, known := record.Value(name); known {
			o.Values[f] = text
		}
	}
	return o, true
}

// Encoding is the charset of the warehouse's files in format f and what may be
// replaced in them. A nil charset is the format's own.
func (h *Warehouse) Encoding(f *format.Format) (cs *charset.Charset, r *charset.Replacements, err error) {
	if h.Charset != "" {
		if cs, err = charset.Lookup(h.Charset); err != nil {
			return nil, nil, err
		}
	}
	if h.ByteForm != "" {
		form, err := charset.ParseForm(h.ByteForm)
		if err != nil {
			return nil, nil, err
		}
		if cs == nil {
			cs = f.Charset()
		}
		cs = cs.WithForm(form)
	}
	target := cs
	if target == nil {
		target = f.Charset()
	}
	r, err = h.Replacements.For(target)
	return cs, r, err
}

// Set returns the named formats as a set of the engine, all where none is named.
func (s *Formats) Set(names ...string) *format.Set {
	var set format.Set
	if len(names) == 0 {
		names = s.Names()
	}
	for _, name := range names {
		if f, ok := s.Get(name); ok {
			set.Add(f)
		}
	}
	return &set
}
