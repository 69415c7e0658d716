package format

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/mallbridge/mallbridge/mappers/record"
	"github.com/mallbridge/mallbridge/order"
)

// A ProbeResult says how a format of outgoing files guards its columns: what was
// put into them one by one, and held as it should be.
type ProbeResult struct {
	Format     string
	Lengths    int      // columns that hold a text one longer than they take
	Characters int      // columns that hold a character that the charset lacks
	Required   int      // columns that hold an empty value
	Unlimited  []string // columns of free text without any limit: their width is not known
	Err        error    // what was written although it does not fit
}

// Probes tries every format that has a case of writing in fsys (see [RunCases]),
// starting from the first group of such a case that can be written.
func Probes(fsys fs.FS, formats *Set, o CaseOptions) ([]ProbeResult, error) {
	names, err := fs.Glob(fsys, "*/*/records.jsonl")
	if err != nil {
		return nil, err
	}
	var out []ProbeResult
	for _, n := range names {
		name := path.Dir(path.Dir(n))
		if len(out) > 0 && out[len(out)-1].Format == name {
			continue
		}
		c := oneCase{fsys: fsys, o: o, r: CaseResult{Name: path.Dir(n)}}
		f, err := c.begin(formats)
		if err != nil {
			continue // the case itself says so
		}
		wo, err := c.writeOptions(f)
		if err != nil {
			continue
		}
		b, err := fs.ReadFile(fsys, n)
		if err != nil {
			return out, err
		}
		if group := c.firstGood(f, b, wo); group != nil {
			out = append(out, f.Probe(group, wo))
		}
	}
	return out, nil
}

// firstGood returns the first group of a case that can be written.
func (c *oneCase) firstGood(f *Format, lines []byte, o WriteOptions) []record.Record {
	for line := range strings.Lines(string(lines)) {
		group, err := c.group([]byte(line))
		if err == nil && len(group) > 0 && len(f.Check(group, o)) == 0 {
			return group
		}
	}
	return nil
}

// Probe puts a text that is too long, a character that the charset lacks and
// nothing into each column that takes its value from fields, and looks whether the
// record is held. records is one group that can be written.
func (f *Format) Probe(records []record.Record, o WriteOptions) ProbeResult {
	p := prober{f: f, c: f.NewChecker(o), records: records, r: ProbeResult{Format: f.Name()}}
	for _, col := range f.out {
		p.column(col)
	}
	p.r.Err = errors.Join(p.errs...)
	return p.r
}

type prober struct {
	f       *Format
	c       *Checker
	records []record.Record
	r       ProbeResult
	errs    []error
}

func (p *prober) column(col *outColumn) {
	fields := p.fields(col)
	if len(fields) == 0 || col.hasTable || col.layout != nil || col.when.set() || p.counted(col) {
		return
	}
	limit := p.limit(col)
	if limit > 0 {
		p.r.Lengths += p.held(col, fields, strings.Repeat("A", limit+1), "a text of %d characters", limit+1)
	} else if col.pattern == nil && col.typ == typeText && free(fields[0]) {
		p.r.Unlimited = append(p.r.Unlimited, col.label)
	}
	if !strings.HasPrefix(p.c.e.cs.Name(), "utf-8") {
		p.r.Characters += p.held(col, fields, "\U0001F600", "the character %c", '\U0001F600')
	}
	if col.required && col.spec.Default == "" {
		p.r.Required += p.held(col, fields, "", "an empty value%s", "")
	}
}

// fields are those that a column's text is made of.
func (p *prober) fields(col *outColumn) []record.Field {
	switch col.from {
	case fromField:
		return []record.Field{col.field}
	case fromJoin:
		return col.fields
	case fromSplit:
		if col.part > 0 {
			return nil
		}
		return p.f.splits[col.split].fields
	}
	return nil
}

// counted reports whether the value is worked out where the field has none.
func (p *prober) counted(col *outColumn) bool {
	return col.from == fromField && slices.Contains([]record.Field{record.LineNo, record.OrderLines, record.OrderQuantity, record.OrderAmount}, col.field)
}

// limit is how many characters fit, 0 for any number.
func (p *prober) limit(col *outColumn) int {
	if col.from != fromSplit {
		return max(col.chars, col.bytes, col.width)
	}
	n := 0
	for _, i := range p.f.splits[col.split].columns {
		c := p.f.out[i]
		n += max(c.chars, c.bytes, c.width)
	}
	return n
}

// held tries a value and returns 1 where the column holds it.
func (p *prober) held(col *outColumn, fields []record.Field, value, what string, args ...any) int {
	changed := make([]record.Record, len(p.records))
	for i, r := range p.records {
		changed[i] = slices.Clone(r)
		for j, f := range fields {
			if changed[i][f] = ""; j == 0 {
				changed[i][f] = value
			}
		}
		if slices.Contains(fields, record.ToAddress) && value == "" {
			for _, f := range []record.Field{record.ToPrefecture, record.ToCity, record.ToStreet, record.ToBuilding} {
				changed[i][f] = ""
			}
		}
	}
	for _, h := range p.c.Check(changed) {
		if p.about(h, col) {
			return 1
		}
	}
	p.errs = append(p.errs, fmt.Errorf("%s: "+what+" is written", append([]any{col.label}, args...)...))
	return 0
}

// about reports whether a hold is of the column, or of another part of its text.
func (p *prober) about(h order.Hold, col *outColumn) bool {
	if strings.HasPrefix(h.Detail, col.label+": ") {
		return true
	}
	if col.from == fromSplit {
		for _, i := range p.f.splits[col.split].columns {
			if strings.HasPrefix(h.Detail, p.f.out[i].label+": ") {
				return true
			}
		}
	}
	return false
}

// free reports whether people write the field.
func free(f record.Field) bool {
	group, _, _ := strings.Cut(f.String(), ".")
	return group == "to" || f == record.InstructionNote || f == record.LineName || f == record.LineSKU || f == record.InstructionNumber
}
