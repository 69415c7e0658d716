package format

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/mallbridge/mallbridge/mappers/charset"
	"github.com/mallbridge/mallbridge/order"
)

// A Set holds formats by name. The zero value is an empty set.
type Set struct {
	byName map[string]*Format
}

// Load reads every .yaml file of the folders dirs of fsys. A later folder's format
// replaces an earlier one of the same name, so that users can change built-in
// ones; twice in one folder is an error. The error joins those of all files.
func Load(fsys fs.FS, dirs ...string) (*Set, error) {
	s := &Set{}
	return s, s.Load(fsys, dirs...)
}

// Load adds the formats of further folders.
func (s *Set) Load(fsys fs.FS, dirs ...string) error {
	var errs []error
	for _, dir := range dirs {
		errs = append(errs, s.loadDir(fsys, dir))
	}
	return errors.Join(errs...)
}

func (s *Set) loadDir(fsys fs.FS, dir string) error {
	entries, err := fs.ReadDir(fsys, dir)
	if err != nil {
		return fmt.Errorf("formats: %w", err)
	}
	var errs []error
	here := map[string]string{}
	for _, e := range entries {
		if e.IsDir() || path.Ext(e.Name()) != ".yaml" {
			continue
		}
		name := path.Join(dir, e.Name())
		f, err := ParseFS(fsys, name)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		if base := strings.TrimSuffix(e.Name(), ".yaml"); base != f.Name() {
			errs = append(errs, Findings{{name, f.Spec.at.line, f.Spec.at.column, fmt.Sprintf("the format is named %q", f.Name()), "name the file " + f.Name() + ".yaml"}})
		}
		if other := here[f.Name()]; other != "" {
			errs = append(errs, Findings{{name, f.Spec.at.line, f.Spec.at.column, "format " + f.Name() + " is already in " + other, ""}})
		}
		here[f.Name()] = name
		s.Add(f)
	}
	return errors.Join(errs...)
}

// Add puts f into the set in place of one of the same name.
func (s *Set) Add(f *Format) {
	if s.byName == nil {
		s.byName = map[string]*Format{}
	}
	s.byName[f.Name()] = f
}

// Get returns the format of that name.
func (s *Set) Get(name string) (*Format, error) {
	f, ok := s.byName[name]
	if !ok {
		return nil, order.Errorf(order.NotFound, suggest(name, s.Names()), "there is no format %q", name)
	}
	return f, nil
}

// Names lists the formats, sorted.
func (s *Set) Names() []string {
	out := make([]string, 0, len(s.byName))
	for n := range s.byName {
		out = append(out, n)
	}
	slices.Sort(out)
	return out
}

// Recognise returns the one of the named formats whose header the file has: the
// one that knows the most of its columns, and of several the first. Where none
// fits, or another comes nearer, the error is the one that [Nearest] chooses, and its format is returned with
// it.
func (s *Set) Recognise(src Source, o ReadOptions, names ...string) (*Format, error) {
	var errs []error
	var tried []*Format
	var best *Format
	most := -1
	for _, n := range names {
		f, err := s.Get(n)
		if err != nil {
			return nil, err
		}
		op, err := f.open(src, &o)
		if err != nil {
			f.otherwise(src, o, err)
			errs, tried = append(errs, err), append(tried, f)
			continue
		}
		if n := known(op.pos); n > most {
			best, most = f, n
		}
	}
	if len(errs) == 0 && best == nil {
		return nil, order.Errorf(order.Invalid, "", "no format was named for %s", src.Name)
	}
	var bad *FileError
	if len(errs) > 0 {
		i := Nearest(errs)
		near := errors.As(errs[i], &bad) && bad.Near()
		// A few columns are in many files. One that has more of another format's, only
		// not all, is more likely of that one.
		if best == nil || near && bad.known > most {
			return tried[i], errs[i]
		}
	}
	return best, nil
}

// otherwise looks at a file in the charset that it seems to be in, to tell whose
// columns it has.
func (f *Format) otherwise(src Source, o ReadOptions, err error) {
	var bad *FileError
	if !errors.As(err, &bad) || bad.looks == "" {
		return
	}
	cs, e := charset.Lookup(bad.looks)
	if e != nil {
		return
	}
	o.Charset = cs
	op, e := f.open(src, &o)
	var columns *FileError
	switch {
	case e == nil:
		bad.needed, bad.known = len(op.pos), known(op.pos)
	case errors.As(e, &columns):
		bad.needed, bad.missing, bad.known = columns.needed, columns.missing, columns.known
	}
}
