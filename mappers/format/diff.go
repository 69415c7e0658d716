package format

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/mallbridge/mallbridge/mappers/record"
)

// A Change is one place where two formats give something else.
type Change struct {
	Where    string // line 12, or the number of an instruction
	What     string // column or field; empty for the whole row
	Old, New string // the values, or what happens instead: held: …, refused: …, left out
}

// A Diff says what becomes of the same rows under two formats.
type Diff struct {
	Rows    int64 // that either of them takes
	Same    int64
	Changed int64 // rows that both take, with other values
	Lost    int64 // rows that only the old one takes
	Won     int64 // rows that only the new one takes
	Changes []Change
}

// LayoutDiff lists how the layout new differs from old, one line for each key.
func LayoutDiff(old, new *Format) []string {
	a, b := &old.Spec, &new.Spec
	var out []string
	out = append(out, keys("", reflect.ValueOf(a).Elem(), reflect.ValueOf(b).Elem(), "columns", "title", "notes", "source", "sureness", "name")...)
	was, is := columnsByName(a.Columns), columnsByName(b.Columns)
	for _, name := range was.names {
		if _, ok := is.at[name]; !ok {
			out = append(out, fmt.Sprintf("column %s: gone", name))
		}
	}
	moved := map[string]bool{}
	for _, name := range movedNames(was.names, is.names) {
		moved[name] = true
	}
	for i, name := range is.names {
		j, ok := was.at[name]
		switch {
		case !ok:
			out = append(out, fmt.Sprintf("column %s: new, in place %d", name, i+1))
			continue
		case moved[name]:
			out = append(out, fmt.Sprintf("column %s: moved from %d to %d", name, j+1, i+1))
		}
		out = append(out, keys("column "+name+": ", reflect.ValueOf(a.Columns[j]), reflect.ValueOf(b.Columns[i]), "name", "nth", "note", "example")...)
	}
	return out
}

// names are columns by their titles, the second of a title as title#2.
type names struct {
	names []string
	at    map[string]int
}

func columnsByName(cols []Column) names {
	n := names{at: map[string]int{}}
	for i := range cols {
		base := cols[i].label(i)
		name := base
		for k := 2; ; k++ {
			if _, ok := n.at[name]; !ok {
				break
			}
			name = fmt.Sprintf("%s#%d", base, k)
		}
		n.at[name] = i
		n.names = append(n.names, name)
	}
	return n
}

// movedNames are the names that do not stand in the longest run of names which
// both lists have in the same order.
func movedNames(a, b []string) []string {
	place := map[string]int{}
	for i, n := range a {
		place[n] = i
	}
	var common []string
	for _, n := range b {
		if _, ok := place[n]; ok {
			common = append(common, n)
		}
	}
	best := make([]int, len(common)) // length of the longest run that ends here
	prev := make([]int, len(common))
	end := -1
	for i := range common {
		best[i], prev[i] = 1, -1
		for j := range i {
			if place[common[j]] < place[common[i]] && best[j] >= best[i] {
				best[i], prev[i] = best[j]+1, j
			}
		}
		if end < 0 || best[i] > best[end] {
			end = i
		}
	}
	stays := map[string]bool{}
	for ; end >= 0; end = prev[end] {
		stays[common[end]] = true
	}
	return slices.DeleteFunc(common, func(n string) bool { return stays[n] })
}

// keys compares the YAML keys of two structs of the same type.
func keys(prefix string, a, b reflect.Value, but ...string) []string {
	var out []string
	for i := range a.NumField() {
		tag := a.Type().Field(i).Tag.Get("yaml")
		if tag == "" || slices.Contains(but, tag) {
			continue
		}
		x, y := a.Field(i), b.Field(i)
		if x.Type() == reflect.TypeFor[FileSpec]() {
			out = append(out, keys(prefix+tag+".", x, y)...)
			continue
		}
		if s, t := plain(x), plain(y); s != t {
			out = append(out, fmt.Sprintf("%s%s: %s → %s", prefix, tag, orNone(s), orNone(t)))
		}
	}
	return out
}

func orNone(s string) string {
	if s == "" {
		return "(none)"
	}
	return s
}

// plain shows a value of a Spec without the places where it stood in its file.
func plain(v reflect.Value) string {
	switch x := v.Interface().(type) {
	case Condition:
		if x.Expr != "" {
			return x.Expr
		}
		var parts []string
		for _, m := range x.All {
			not := ""
			if m.Not {
				not = "not "
			}
			parts = append(parts, fmt.Sprintf("%s%s: %q", not, m.Name, m.Values))
		}
		return strings.Join(parts, ", ")
	case *Carry:
		if x == nil {
			return ""
		}
		parts := []string{"on"}
		for _, c := range []struct {
			name string
			cond Condition
		}{{"heads", x.Heads}, {"leave", x.Leave}, {"shipped", x.Shipped}} {
			if c.cond.Set() {
				parts = append(parts, c.name+" where "+plain(reflect.ValueOf(c.cond)))
			}
		}
		return strings.Join(parts, "; ")
	case *Pair:
		if x == nil {
			return ""
		}
		return fmt.Sprintf("%s: %q, %q", x.Key, x.Orders, x.Lines)
	case flagList:
		var parts []string
		for _, f := range x {
			parts = append(parts, f.name+" where "+plain(reflect.ValueOf(f.cond)))
		}
		return strings.Join(parts, "; ")
	case fieldList:
		var parts []string
		for _, f := range x {
			parts = append(parts, f.name+" = {"+plain(reflect.ValueOf(*f))+"}")
		}
		return strings.Join(parts, "; ")
	case map[string]*Table:
		var parts []string
		for _, name := range sortedKeys(x) {
			t := x[name]
			for _, k := range sortedKeys(t.Values) {
				parts = append(parts, fmt.Sprintf("%s %q=%q", name, k, t.Values[k]))
			}
		}
		return strings.Join(parts, " ")
	}
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return ""
		}
		if v.Elem().Kind() == reflect.String {
			return fmt.Sprintf("%q", v.Elem().String())
		}
		return plain(v.Elem())
	case reflect.Struct:
		var parts []string
		for i := range v.NumField() {
			if tag := v.Type().Field(i).Tag.Get("yaml"); tag != "" {
				if s := plain(v.Field(i)); s != "" {
					parts = append(parts, tag+" "+s)
				}
			}
		}
		return strings.Join(parts, ", ")
	case reflect.Int:
		if v.Int() == 0 {
			return ""
		}
	case reflect.Bool:
		if !v.Bool() {
			return ""
		}
	case reflect.Slice, reflect.Map:
		if v.Len() == 0 {
			return ""
		}
	}
	return fmt.Sprint(v.Interface())
}

func sortedKeys[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// DiffGroup adds to d what becomes of one group of records that both formats
// write. where is how the group is called. The options are those of each format.
func (d *Diff) DiffGroup(where string, records []record.Record, old, new *Format, oldOptions, newOptions WriteOptions) {
	a, heldA := old.cellsOf(records, oldOptions)
	b, heldB := new.cellsOf(records, newOptions)
	if heldA != "" && heldB != "" {
		return
	}
	d.Rows += int64(max(len(a), len(b)))
	switch {
	case heldA != "":
		d.Won += int64(len(b))
		d.Changes = append(d.Changes, Change{where, "", "held: " + heldA, "written"})
		return
	case heldB != "":
		d.Lost += int64(len(a))
		d.Changes = append(d.Changes, Change{where, "", "written", "held: " + heldB})
		return
	}
	d.rows(where, a, b, columnsByName(old.Spec.Columns), columnsByName(new.Spec.Columns))
}

// DiffRecords adds to d how what f writes of records differs from what it writes of
// others, such as those of the same parcel in an earlier file. Rows that are alike in
// both are found wherever they stand. where is how the group is called.
func (d *Diff) DiffRecords(where string, old, new []record.Record, f *Format, o WriteOptions) {
	a, heldA := f.cellsOf(old, o)
	b, heldB := f.cellsOf(new, o)
	if heldA != "" || heldB != "" {
		d.Rows += int64(max(len(a), len(b)))
		if heldA != heldB {
			d.Changed++
			d.Changes = append(d.Changes, Change{where, "", fateOf(heldA), fateOf(heldB)})
		}
		return
	}
	d.Rows += int64(max(len(a), len(b)))
	a, b = slices.Clone(a), slices.Clone(b)
	for i := 0; i < len(a); i++ {
		if j := slices.IndexFunc(b, func(row []string) bool { return slices.Equal(row, a[i]) }); j >= 0 {
			a, b = slices.Delete(a, i, i+1), slices.Delete(b, j, j+1)
			d.Same++
			i--
		}
	}
	columns := columnsByName(f.Spec.Columns)
	d.rows(where, a, b, columns, columns)
}

func fateOf(held string) string {
	if held == "" {
		return "written"
	}
	return "held: " + held
}

// rows compares rows of cells one by one.
func (d *Diff) rows(where string, a, b [][]string, was, is names) {
	for i := range max(len(a), len(b)) {
		switch {
		case i >= len(a):
			d.Won++
			d.Changes = append(d.Changes, Change{where, "", "no row", fmt.Sprintf("row %d", i+1)})
			continue
		case i >= len(b):
			d.Lost++
			d.Changes = append(d.Changes, Change{where, "", fmt.Sprintf("row %d", i+1), "no row"})
			continue
		}
		n := len(d.Changes)
		for _, name := range is.names {
			x, y := "", b[i][is.at[name]]
			if j, ok := was.at[name]; ok {
				x = a[i][j]
			}
			if x != y {
				d.Changes = append(d.Changes, Change{where, name, x, y})
			}
		}
		for _, name := range was.names {
			if _, ok := is.at[name]; !ok && a[i][was.at[name]] != "" {
				d.Changes = append(d.Changes, Change{where, name, a[i][was.at[name]], ""})
			}
		}
		d.count(len(d.Changes) > n)
	}
}

func (d *Diff) count(changed bool) {
	if changed {
		d.Changed++
		return
	}
	d.Same++
}

// cellsOf returns the cells of a group's rows, or why it is held.
func (f *Format) cellsOf(records []record.Record, o WriteOptions) ([][]string, string) {
	cells, holds := f.Cells(records, o)
	texts := make([]string, len(holds))
	for i, h := range holds {
		texts[i] = h.Detail
	}
	return cells, strings.Join(texts, "; ")
}

// DiffRead reads the file with both formats and tells, by line, where they
// differ. It holds all rows in memory.
func DiffRead(ctx context.Context, src Source, old, new *Format, o ReadOptions) (Diff, error) {
	var d Diff
	a, errA := readLines(ctx, src, old, o)
	b, errB := readLines(ctx, src, new, o)
	var bad *FileError
	for _, err := range []error{errA, errB} {
		if err != nil && !errors.As(err, &bad) {
			return d, err
		}
	}
	if errA != nil && errB != nil {
		return d, errB
	}
	if errA != nil {
		d.Changes = append(d.Changes, Change{src.Name, "", "refused: " + errA.Error(), "read"})
	}
	if errB != nil {
		d.Changes = append(d.Changes, Change{src.Name, "", "read", "refused: " + errB.Error()})
	}
	lines := map[int64]bool{}
	for l := range a {
		lines[l] = true
	}
	for l := range b {
		lines[l] = true
	}
	all := make([]int64, 0, len(lines))
	for l := range lines {
		all = append(all, l)
	}
	slices.Sort(all)
	for _, l := range all {
		d.line(l, a[l], b[l], errA == nil && errB == nil)
	}
	return d, nil
}

// A readLine is what became of one row.
type readLine struct {
	rec     record.Record // nil where it was not taken
	refused string
}

func readLines(ctx context.Context, src Source, f *Format, o ReadOptions) (map[int64]readLine, error) {
	out := map[int64]readLine{}
	groups, refused, _, err := f.ReadAll(ctx, src, o)
	for _, g := range groups {
		for i, r := range g.Rows {
			out[r.Line] = readLine{rec: g.Records[i]}
		}
	}
	for _, r := range refused {
		out[r.Line] = readLine{refused: r.String()}
	}
	return out, err
}

func (d *Diff) line(n int64, a, b readLine, each bool) {
	where := fmt.Sprintf("line %d", n)
	if a.rec == nil && b.rec == nil {
		return
	}
	d.Rows++
	switch {
	case a.rec == nil:
		d.Won++
		if each {
			d.Changes = append(d.Changes, Change{where, "", fate(a), "taken"})
		}
	case b.rec == nil:
		d.Lost++
		if each {
			d.Changes = append(d.Changes, Change{where, "", "taken", fate(b)})
		}
	default:
		k := len(d.Changes)
		for f := range a.rec {
			if a.rec[f] != b.rec[f] {
				d.Changes = append(d.Changes, Change{where, record.Field(f).String(), a.rec[f], b.rec[f]})
			}
		}
		d.count(len(d.Changes) > k)
	}
}

func fate(l readLine) string {
	if l.refused != "" {
		return "refused: " + l.refused
	}
	return "left out"
}
