package configs

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/mallbridge/mallbridge/configs/formats"
	"github.com/mallbridge/mallbridge/mappers/format"
	"github.com/mallbridge/mallbridge/mappers/record"
)

// Formats are the built-in formats and those of the workspace's folder formats/,
// which go before built-in ones of the same name.
type Formats struct {
	all map[string]*format.Format
	own map[string]bool
}

// Get returns the format of that name.
func (s *Formats) Get(name string) (*format.Format, bool) {
	f, ok := s.all[name]
	return f, ok
}

// Names lists all formats, sorted.
func (s *Formats) Names() []string { return slices.Sorted(maps.Keys(s.all)) }

// Own reports whether a format comes from the workspace.
func (s *Formats) Own(name string) bool { return s.own[name] }

// Builtin returns the formats that come with the program. The map must not be
// changed.
func Builtin() (map[string]*format.Format, error) { return builtin() }

var builtin = sync.OnceValues(func() (map[string]*format.Format, error) {
	names, err := fs.Glob(formats.FS, "*.yaml")
	if err != nil {
		return nil, err
	}
	all := make(map[string]*format.Format, len(names))
	for _, name := range names {
		f, err := format.ParseFS(formats.FS, name)
		if err != nil {
			return nil, fmt.Errorf("built-in format: %w", err)
		}
		all[f.Name()] = f
	}
	return all, nil
})

// formats reads the folder formats/ beside the built-in ones.
func (l *loader) formats() error {
	all, err := builtin()
	if err != nil {
		return err
	}
	l.ws.Formats = &Formats{all: maps.Clone(all), own: make(map[string]bool)}
	fsys := os.DirFS(l.ws.Dir)
	for _, name := range l.yamlFiles("formats") {
		file := "formats/" + name + ".yaml"
		data, ok := l.readOr(file, maxConfig)
		if !ok {
			continue
		}
		l.hashTables(fsys, data)
		f, err := format.ParseFS(fsys, file)
		if err != nil {
			l.formatFindings(file, err)
			continue
		}
		if f.Name() != name {
			l.find(Finding{File: file, Message: fmt.Sprintf("its name is %q", f.Name()), Hint: "write name: " + name + ", as the file is called"})
			continue
		}
		l.ws.Formats.all[name], l.ws.Formats.own[name] = f, true
	}
	return nil
}

// hashTables adds the CSV tables beside own formats to the hash: they change
// what is written.
func (l *loader) hashTables(fsys fs.FS, format []byte) {
	names, _ := fs.Glob(fsys, "formats/*.csv")
	for _, name := range names {
		if strings.Contains(string(format), path.Base(name)) {
			l.readOr(name, maxConfig)
		}
	}
}

func (l *loader) formatFindings(file string, err error) {
	var found format.Findings
	if !errors.As(err, &found) {
		l.find(Finding{File: file, Message: err.Error(), Hint: "see the documentation of formats"})
		return
	}
	for _, f := range found {
		l.find(Finding{File: f.File, Line: f.Line, Column: f.Column, Message: f.Text, Hint: f.Hint})
	}
}

// use checks that a format exists and does what a key wants of it.
func (l *loader) use(p *positions, key, name string, kind record.Kind, write bool) (*format.Format, bool) {
	if name == "" {
		return nil, false // reported as missing
	}
	f, ok := l.ws.Formats.Get(name)
	verb, able := "read", ok && f.Reads()
	if write {
		verb, able = "written", ok && f.Writes()
	}
	switch {
	case !ok:
		if l.ws.Dir != "" && l.broken(name) {
			return nil, false // its own findings say why
		}
		l.at(p, key, fmt.Sprintf("%s: no format is called %q", label(key), name), l.formatHint(name, kind, write))
	case f.Kind() != kind:
		l.at(p, key, fmt.Sprintf("%s: format %q is of %s, not of %s", label(key), name, f.Kind(), kind), l.formatHint(name, kind, write))
	case !able:
		l.at(p, key, fmt.Sprintf("%s: files of format %q cannot be %s", label(key), name, verb), l.formatHint(name, kind, write))
	default:
		return f, true
	}
	return nil, false
}

// broken reports whether the workspace has a file for a format, with findings.
func (l *loader) broken(name string) bool {
	file := "formats/" + name + ".yaml"
	return slices.ContainsFunc(l.findings, func(f Finding) bool { return f.File == file && !f.Warning })
}

func (l *loader) formatHint(typed string, kind record.Kind, write bool) string {
	var names []string
	for _, name := range l.ws.Formats.Names() {
		if f, _ := l.ws.Formats.Get(name); f.Kind() == kind && (write && f.Writes() || !write && f.Reads()) {
			names = append(names, name)
		}
	}
	if near := nearest(typed, names); near != "" {
		return "did you mean " + near + "?"
	}
	if len(names) == 0 {
		return "make formats/" + typed + ".yaml"
	}
	if len(names) > 6 {
		return "choose one that \"mallbridge format list\" shows, or make formats/" + typed + ".yaml"
	}
	return "use " + orList(names) + ", or make formats/" + typed + ".yaml"
}
