package format

import (
	"fmt"
	"strings"

	"github.com/mallbridge/mallbridge/mappers/record"
)

// proposals says by which change a text that does not fit would: letters and
// digits half-width, without the prefecture, which the postal code tells, or with
// the building in a column of its own. Nothing of it is done here, and no number is
// cut by any of them: a person changes the order.
func (e *encoder) proposals(g *splitGroup, limits []widthLimit) string {
	var out []string
	seen := map[string]bool{}
	for _, p := range e.variants(g) {
		head, tail := e.joined(g, p.change)
		parts, fits := splitApart(head, tail, limits, e.cs)
		if !fits {
			var rest string
			parts, rest = splitText(head+tail, limits, e.cs)
			fits = rest == ""
		}
		shown := strings.Join(clean(parts), " / ")
		if fits && !seen[shown] {
			seen[shown] = true
			out = append(out, fmt.Sprintf("it fits %s: %s", p.say, shown))
		}
		if len(out) == 2 {
			break
		}
	}
	if len(out) == 0 {
		return ""
	}
	return "; " + strings.Join(out, "; ")
}

// A variant is a text with something changed.
type variant struct {
	say    string
	change func(f record.Field, v string) string
}

func (e *encoder) variants(g *splitGroup) []variant {
	same := func(_ record.Field, v string) string { return v }
	narrow := func(_ record.Field, v string) string { return foldNarrow(v) }
	without := func(drop record.Field, inner func(record.Field, string) string) func(record.Field, string) string {
		return func(f record.Field, v string) string {
			if f == drop {
				return ""
			}
			return inner(f, v)
		}
	}
	out := []variant{{"with half-width letters and digits", narrow}}
	for _, f := range g.fields {
		switch f {
		case record.ToPrefecture, record.FromPrefecture:
			out = append(out, variant{"without the prefecture", without(f, same)}, variant{"without the prefecture, with half-width letters and digits", without(f, narrow)})
		case record.ToBuilding:
			if c := e.companyColumn(g); c != nil && e.row.fieldValue(record.ToCompany) == "" && e.fitsIn(c, e.row.fieldValue(f)) {
				out = append(out, variant{"with the building as company (" + c.label + ")", without(f, same)})
			}
		}
	}
	return out
}

// companyColumn is a column of its own for the recipient's company.
func (e *encoder) companyColumn(g *splitGroup) *outColumn {
	for i, c := range e.f.out {
		if c.from == fromField && c.field == record.ToCompany {
			return e.f.out[i]
		}
		if c.from == fromSplit && c.part == 0 && e.f.splits[c.split] != g {
			if fields := e.f.splits[c.split].fields; len(fields) == 1 && fields[0] == record.ToCompany {
				return e.f.out[i]
			}
		}
	}
	return nil
}

func (e *encoder) fitsIn(c *outColumn, s string) bool {
	w := widthLimit{c.chars, max(c.bytes, c.width)}
	return s != "" && w.prefix(s, e.cs) == len(s)
}

// joined puts the fields of a split text together as splitGroup does, each
// changed.
func (e *encoder) joined(g *splitGroup, change func(record.Field, string) string) (head, tail string) {
	first := e.f.out[g.columns[0]]
	sep := first.sep
	if sep == "" && e.row.raw(record.ToCountry) == "KR" {
		sep = " "
	}
	var text strings.Builder
	for i, f := range g.fields {
		v := change(f, e.row.fieldValue(f))
		if v == "" {
			continue
		}
		if text.Len() > 0 {
			text.WriteString(sep)
			if i == len(g.fields)-1 {
				text.WriteString(boundary)
			}
		}
		text.WriteString(v)
	}
	s := oneLine(text.String())
	for _, f := range first.folds {
		s = f(s)
	}
	head, tail, _ = strings.Cut(s, boundary)
	return head, tail
}
