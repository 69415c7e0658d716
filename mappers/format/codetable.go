package format

import (
	"maps"
	"slices"
	"strings"

	"github.com/mallbridge/mallbridge/mappers/codes"
)

// All lists the systems whose codes are in the table.
func (t *CodeTable) All() []string {
	if t.System != "" {
		return []string{t.System}
	}
	return slices.Sorted(maps.Values(t.Systems))
}

// codeTable fills a table from the codes of one or several systems. Several are told
// apart by a word before our code: "six am".
func (c *compiler) codeTable(name string, t *Table) {
	s := t.Codes
	t.Values, t.read = map[string]string{}, map[string]string{}
	kind := codes.Kind(s.Codes)
	if !slices.Contains(codes.Kinds(), kind) {
		var known []string
		for _, k := range codes.Kinds() {
			known = append(known, string(k))
		}
		c.r.at(s.at, suggest(s.Codes, known), "table %s: there are no codes of %q", name, s.Codes)
		return
	}
	systems := s.Systems
	switch {
	case s.System != "" && len(systems) > 0, s.System == "" && len(systems) == 0:
		c.r.at(s.at, "system: rakuten", "table %s: codes need either system or systems", name)
		return
	case s.System != "":
		systems = map[string]string{"": s.System}
	case c.f.Reads():
		c.r.at(s.at, "use one table for each", "table %s: codes of several systems cannot be told apart when they are read", name)
		return
	}
	for _, word := range slices.Sorted(maps.Keys(systems)) {
		of, ok := c.codes.Table(kind, systems[word])
		if !ok {
			c.r.at(s.at, suggest(systems[word], c.codes.Systems(kind)), "table %s: %q has no codes of %s", name, systems[word], kind)
			continue
		}
		for ours, code := range of.Written(s.Named) {
			if ours != "" && word != "" {
				ours = word + " " + ours
			}
			t.Values[ours] = code
		}
		maps.Copy(t.read, of.Read(s.Named))
	}
	if c.f.Spec.Direction == "in" {
		t.Values = t.read
	}
	for k, v := range s.With {
		t.Values[k] = v
		if c.f.Spec.Direction == "both" {
			t.read[v] = k
		}
	}
	t.order = slices.Sorted(maps.Keys(t.Values))
}

// above checks the rows above the header.
func (c *compiler) above(s *FileSpec) {
	if len(s.Above) == 0 {
		return
	}
	if s.Kind == "fixed" || s.Header == "none" {
		c.r.at(s.at, "", "file.above: the file has no header for it to stand above")
	}
	for _, row := range s.Above {
		if len(row) == 0 {
			c.r.at(s.at, "", "file.above: a row is empty")
		}
		if c.f.workbook() && len(row) > 1 {
			c.r.at(s.at, "", "file.above: in a workbook a row above the header is one text")
		}
		if strings.ContainsAny(strings.Join(row, ""), "\r\n") {
			c.r.at(s.at, "", "file.above: a line break cannot be written")
		}
	}
}

// noted are the rows above the header as a workbook takes them.
func (f *Format) noted() []string {
	var out []string
	for _, row := range f.Spec.File.Above {
		out = append(out, row[0])
	}
	return out
}
