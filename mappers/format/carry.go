package format

import (
	"slices"
	"strconv"
	"strings"

	"github.com/mallbridge/mallbridge/mappers/record"
	"github.com/mallbridge/mallbridge/order"
)

// Some malls write what belongs to the order into its first row only, and some into
// a row of its own that is no line. Rows then take over from the others of their
// order what they leave empty at the level of order and package, before anything is
// asked of them.

// A mark says what a taken row is within its order.
type mark uint8

const (
	markLine    mark = iota
	markHead         // it tells of the order only
	markLeft         // a line that is left out
	markShipped      // a line that was shipped
)

// carrying compiles what rows take over from each other.
func (c *compiler) carrying() {
	s := c.f.Spec.Carry
	if s == nil {
		return
	}
	c.f.carry = true
	if len(c.f.group) == 0 || c.f.kind != record.Orders {
		c.r.at(s.at, "", "carry: only rows of orders take over from each other")
	}
	c.f.heads = c.condition(&s.Heads, c.f.columns)
	c.f.leave = c.condition(&s.Leave, c.f.columns)
	c.f.shipped = c.condition(&s.Shipped, c.f.columns)
	for _, cond := range []*condition{&c.f.heads, &c.f.leave, &c.f.shipped} {
		if fields, _ := cond.uses(); len(fields) > 0 {
			c.r.at(s.at, "name the column instead", "carry: %s is not known yet when rows are told apart", fields[0])
		}
	}
	for _, st := range c.f.steps {
		if st.field.Level() != record.LevelLine && (st.konst != nil || st.deflt != "") {
			c.r.at(s.at, "build it by an expression that is empty where its columns are", "carry: %s has a value in every row and cannot be taken over", st.field)
		}
	}
}

// tell says what the row is.
func (m *mapper) tell() (mark, error) {
	f := m.p.f
	for _, x := range [...]struct {
		cond *condition
		is   mark
	}{{&f.heads, markHead}, {&f.leave, markLeft}, {&f.shipped, markShipped}} {
		if !x.cond.set() {
			continue
		}
		if ok, err := x.cond.met(&m.view, m.run); err != nil || ok {
			return x.is, err
		}
	}
	return markLine, nil
}

// asked reports whether the row itself must have the field where it is required.
func (m *mapper) asked(f record.Field) bool {
	return !m.p.f.carry || f.Level() == record.LevelLine
}

// carry completes the rows of an order from each other. It returns what the order
// lacks then.
func (s *sorter) carry(g *group) (Refusal, bool) {
	for _, a := range s.p.carried {
		first := ""
		for _, r := range g.rows {
			if first = r.values()[a.slot]; first != "" {
				break
			}
		}
		if first == "" {
			if st := s.p.f.steps[s.p.f.producer[a.field]]; st.required && (!st.optional || s.p.pos[st.columns[0]] >= 0) {
				return Refusal{Column: st.name, Reason: order.RefusedMissing, Detail: "a value is required in one of the order's rows"}, true
			}
			continue
		}
		for _, r := range g.rows {
			if v := r.values(); v[a.slot] == "" {
				v[a.slot] = first
			}
		}
	}
	for _, d := range [...]struct {
		field record.Field
		text  string
	}{{record.OrderCurrency, s.p.place.Currency}, {record.ToCountry, s.p.place.Country}, {record.BuyerCountry, s.p.place.Country}} {
		slot := s.p.slots[d.field]
		if slot < 0 {
			continue
		}
		for _, r := range g.rows {
			if v := r.values(); v[slot] == "" {
				v[slot] = d.text
			}
		}
	}
	for _, r := range g.rows {
		if r.mark() != markHead {
			return Refusal{}, false
		}
	}
	return Refusal{Reason: order.RefusedMissing, Detail: "the order has no lines in this file"}, true
}

// lines takes the rows out of an order that are no lines to ship, and hands the
// flags of heads to the first that is one.
func (s *sorter) lines(g *group) {
	flags := ""
	s.number(g)
	open := slices.ContainsFunc(g.rows, func(r rowRef) bool { return r.mark() == markLine })
	kept := g.rows[:0]
	for _, r := range g.rows {
		switch is := r.mark(); {
		case is == markHead:
			s.stats.Taken++
			if s.p.flags >= 0 {
				flags = joinFlags(flags, r.values()[s.p.flags])
			}
		case is == markLeft, is == markShipped && open:
			s.stats.Filtered++
		default:
			kept = append(kept, r)
			continue
		}
		r.block.release()
	}
	if g.rows = kept; flags != "" && len(kept) > 0 {
		v := kept[0].values()
		v[s.p.flags] = joinFlags(flags, v[s.p.flags])
	}
}

// number gives lines that have no key their place in the order as the file has it,
// so that it stays the same when others are left out.
func (s *sorter) number(g *group) {
	slot := s.p.slots[record.LineKey]
	if slot < 0 || s.p.f.producer[record.LineKey] >= 0 {
		return
	}
	n := 0
	for _, r := range g.rows {
		if r.mark() != markHead {
			n++
			r.values()[slot] = strconv.Itoa(n)
		}
	}
}

// joinFlags adds the words of b that a lacks.
func joinFlags(a, b string) string {
	for _, w := range strings.Fields(b) {
		if !strings.Contains(" "+a+" ", " "+w+" ") {
			a = strings.TrimPrefix(a+" "+w, " ")
		}
	}
	return a
}
