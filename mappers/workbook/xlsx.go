package workbook

import (
	"io"
	"path"
	"strings"
)

// openXLSX opens an unencrypted .xlsx.
func openXLSX(r io.ReaderAt, size int64, o Options) (*Reader, error) {
	c, err := newContainer(r, size, o.Limits)
	if err != nil {
		return nil, err
	}
	book, err := readBook(c)
	if err != nil {
		return nil, err
	}
	name, target, err := book.sheet(o.Sheet)
	if err != nil {
		return nil, err
	}
	src, err := openSheet(c, book, target)
	if err != nil {
		return nil, err
	}
	src.formats = o.Formats
	return &Reader{kind: XLSX, sheets: book.names(), sheet: name, src: src}, nil
}

// A book is what the workbook part and its relations say.
type book struct {
	date1904 bool
	sheets   []sheetEntry
	strings  string // part name of the shared strings, or ""
	styles   string // part name of the styles, or ""
}

type sheetEntry struct {
	name, target string
	hidden       bool
}

func (b *book) names() []string {
	names := make([]string, len(b.sheets))
	for i, s := range b.sheets {
		names[i] = s.name
	}
	return names
}

// sheet returns the part of the wanted sheet: by exact name, by name without
// case, or for "" the first that is not hidden.
func (b *book) sheet(want string) (name, target string, err error) {
	i, err := pickSheet(b.names(), func(i int) bool { return b.sheets[i].hidden }, want)
	if err != nil {
		return "", "", err
	}
	return b.sheets[i].name, b.sheets[i].target, nil
}

func pickSheet(names []string, hidden func(int) bool, want string) (int, error) {
	for i, name := range names {
		if want == name || want == "" && !hidden(i) {
			return i, nil
		}
	}
	for i, name := range names {
		if want == "" || strings.EqualFold(strings.TrimSpace(want), strings.TrimSpace(name)) {
			return i, nil
		}
	}
	return 0, &SheetError{Want: want, Have: names}
}

// A relation points from one part to another.
type relation struct{ kind, target string }

// relations reads the relations of a part, by identifier. A part without any
// has none.
func relations(c *container, of string) (map[string]relation, error) {
	dir, file := path.Split(of)
	name := dir + "_rels/" + file + ".rels"
	if !c.has(name) {
		return nil, nil
	}
	x, err := c.openXML(name)
	if err != nil {
		return nil, err
	}
	defer x.part.Close()
	rels := map[string]relation{}
	err = x.each(func(tag []byte) error {
		if string(tag) != "Relationship" {
			return nil
		}
		id, _ := x.attr("Id")
		kind, _ := x.attr("Type")
		target, _ := x.attr("Target")
		if mode, _ := x.attr("TargetMode"); mode == "External" {
			return nil
		}
		if strings.HasPrefix(target, "/") {
			target = target[1:]
		} else {
			target = path.Join(dir, target)
		}
		// The last word of the type is the same in both editions of the
		// standard.
		rels[id] = relation{kind: kind[strings.LastIndexByte(kind, '/')+1:], target: target}
		return nil
	})
	return rels, err
}

func readBook(c *container) (*book, error) {
	name := "xl/workbook.xml"
	top, err := relations(c, "")
	if err != nil {
		return nil, err
	}
	for _, rel := range top {
		if rel.kind == "officeDocument" && c.has(rel.target) {
			name = rel.target
		}
	}
	rels, err := relations(c, name)
	if err != nil {
		return nil, err
	}
	b := &book{}
	for _, rel := range rels {
		switch rel.kind {
		case "sharedStrings":
			b.strings = rel.target
		case "styles":
			b.styles = rel.target
		}
	}
	x, err := c.openXML(name)
	if err != nil {
		return nil, err
	}
	defer x.part.Close()
	if err := x.each(func(tag []byte) error { return b.element(x, tag, rels) }); err != nil {
		return nil, err
	}
	if len(b.sheets) == 0 {
		return nil, &SheetError{}
	}
	return b, nil
}

func (b *book) element(x *xmlPart, tag []byte, rels map[string]relation) error {
	switch string(tag) {
	case "workbookPr":
		v, _ := x.attr("date1904")
		b.date1904 = v == "1" || v == "true"
	case "sheet":
		name, _ := x.attr("name")
		id, _ := x.attr("id")
		state, _ := x.attr("state")
		rel, ok := rels[id]
		if !ok {
			return &CorruptError{Part: x.part.name, Msg: "the sheet " + name + " has no part"}
		}
		if rel.kind == "worksheet" {
			b.sheets = append(b.sheets, sheetEntry{name, rel.target, state == "hidden" || state == "veryHidden"})
		}
	}
	return nil
}
