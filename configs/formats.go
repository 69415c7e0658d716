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
	"github.com/mallbridge/mallbridge/mappers/codes"
	"github.com/mallbridge/mallbridge/mappers/format"
	"github.com/mallbridge/mallbridge/mappers/record"
)

// Formats are the built-in formats and those of the workspace's folder formats/,
// which go before built-in ones of the same name. A built-in format is parsed when
// it is first asked for. It is safe for concurrent use.
type Formats struct {
	own   map[string]*format.Format
	codes *codes.Set                // of the workspace; nil where it has none of its own
	built map[string]*format.Format // built-in formats with those codes
	mu    sync.Mutex                // of built
}

// Get returns the format of that name.
func (s *Formats) Get(name string) (*format.Format, bool) {
	if f, ok := s.own[name]; ok {
		return f, true
	}
	f, ok := BuiltinFormat(name)
	if !ok || s.codes == nil || !usesCodes(f) {
		return f, ok
	}
	return s.recoded(name)
}

// recoded is a built-in format with the workspace's codes.
func (s *Formats) recoded(name string) (*format.Format, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f, ok := s.built[name]; ok {
		return f, true
	}
	f, err := format.ParseWith(formats.FS, name+".yaml", s.codes)
	if err != nil {
		return nil, false
	}
	s.built[name] = f
	return f, true
}

func usesCodes(f *format.Format) bool {
	for _, t := range f.Spec.Tables {
		if t.Codes != nil {
			return true
		}
	}
	return false
}

// Names lists all formats, sorted.
func (s *Formats) Names() []string {
	names := slices.Collect(maps.Keys(s.own))
	for name := range builtins() {
		if _, ok := s.own[name]; !ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// Own reports whether a format comes from the workspace.
func (s *Formats) Own(name string) bool { return s.own[name] != nil }

// Builtin returns the formats that come with the program.
func Builtin() (map[string]*format.Format, error) {
	all := make(map[string]*format.Format, len(builtins()))
	for name, parse := range builtins() {
		f, err := parse()
		if err != nil {
			return nil, err
		}
		all[name] = f
	}
	return all, nil
}

// BuiltinFormat returns one of the formats that come with the program.
func BuiltinFormat(name string) (*format.Format, bool) {
	parse, ok := builtins()[name]
	if !ok {
		return nil, false
	}
	f, err := parse()
	return f, err == nil
}

// builtins has a function for each built-in format that parses it once: there are
// many, and a command needs a few.
var builtins = sync.OnceValue(func() map[string]func() (*format.Format, error) {
	names, err := fs.Glob(formats.FS, "*.yaml")
	if err != nil {
		return nil // the pattern is right
	}
	all := make(map[string]func() (*format.Format, error), len(names))
	for _, file := range names {
		all[strings.TrimSuffix(file, ".yaml")] = sync.OnceValues(func() (*format.Format, error) {
			f, err := format.ParseFS(formats.FS, file)
			if err != nil {
				return nil, fmt.Errorf("built-in format: %w", err)
			}
			return f, nil
		})
	}
	return all
})

// formats reads the folder formats/ beside the built-in ones.
func (l *loader) formats() {
	l.ws.Formats = &Formats{own: make(map[string]*format.Format), built: make(map[string]*format.Format)}
	if l.ownRows() {
		l.ws.Formats.codes = l.ws.Codes
	}
	fsys := os.DirFS(l.ws.Dir)
	for _, name := range l.yamlFiles("formats") {
		file := "formats/" + name + ".yaml"
		data, ok := l.readOr(file, maxConfig)
		if !ok {
			continue
		}
		l.hashTables(fsys, data)
		f, err := format.ParseWith(fsys, file, l.ws.Codes)
		if err != nil {
			l.formatFindings(file, err)
			continue
		}
		if f.Name() != name {
			l.find(Finding{File: file, Message: fmt.Sprintf("its name is %q", f.Name()), Hint: "write name: " + name + ", as the file is called"})
			continue
		}
		l.ws.Formats.own[name] = f
	}
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
