package files

import (
	"cmp"
	"slices"

	"github.com/mallbridge/mallbridge/mappers/format"
	"github.com/mallbridge/mallbridge/order"
)

// Each yields the instructions of a file in their order, and may be called again.
type Each func(func(*order.Instruction) error) error

// A Comparison tells how a file of instructions differs from an earlier one of the same
// warehouse. Batch and instruction numbers, which are new in each file, and the moment
// at which a file was made do not count.
type Comparison struct {
	New, Gone           []OrderIn // orders in the one file and not in the other; the first [mostNamed]
	NewOrders           int64
	GoneOrders          int64
	NewLines, GoneLines int64 // order lines, those of new and gone orders too
	Again               int64 // parcels of orders that the earlier file had
	Changed             []ChangedParcel
	ChangedParcels      int64 // of Again
}

// mostNamed bounds the lists of a [Comparison]; its figures are whole.
const mostNamed = 200

// An OrderIn names an order in a file, with the lines that it has there.
type OrderIn struct {
	Account, Order string
	Lines          int64
	ID             int64 // the ledger's
}

// A ChangedParcel is a parcel of an order that both files have, and what they say of it.
type ChangedParcel struct {
	Account, Order string
	Was, Is        string // the instructions' numbers
	Changes        []format.Change
}

// Columns names what differs, each once.
func (c *ChangedParcel) Columns() []string {
	var out []string
	for _, x := range c.Changes {
		if name := cmp.Or(x.What, "rows"); !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}

// lineKey names what an instruction's line serves. A line that a rule added serves none.
type lineKey struct {
	order          int64
	pkg, line, sku string
}

func keyOf(l *order.InstructionLine) lineKey {
	return lineKey{l.OrderID, l.Package, l.Line, l.SKU}
}

// Compare tells how a file of the instructions of is differs from one of was, both in
// the warehouse's layout of today.
func (o *Out) Compare(was, is Each) (*Comparison, error) {
	c := &Comparison{}
	now, orders := map[lineKey]bool{}, map[int64]bool{}
	if err := is(func(in *order.Instruction) error {
		for i := range in.Lines {
			if l := &in.Lines[i]; l.Line != "" {
				now[keyOf(l)], orders[l.OrderID] = true, true
			}
		}
		return nil
	}); err != nil {
		return nil, err
	}
	// Of the earlier file only what comes again is kept: mostly nothing does.
	before, had := map[lineKey]*order.Instruction{}, map[int64]bool{}
	gone := list{at: map[int64]int{}}
	if err := was(func(in *order.Instruction) error {
		for i := range in.Lines {
			l := &in.Lines[i]
			if l.Line == "" {
				continue
			}
			switch {
			case now[keyOf(l)]:
				before[keyOf(l)] = in
			default:
				c.GoneLines++
			}
			if orders[l.OrderID] {
				had[l.OrderID] = true
			} else {
				gone.add(l)
			}
		}
		return nil
	}); err != nil {
		return nil, err
	}
	fresh := list{at: map[int64]int{}}
	err := is(func(in *order.Instruction) error {
		var old *order.Instruction
		for i := range in.Lines {
			l := &in.Lines[i]
			if l.Line == "" {
				continue
			}
			if x := before[keyOf(l)]; x == nil {
				c.NewLines++
			} else if old == nil {
				old = x
			}
			if !had[l.OrderID] {
				fresh.add(l)
			}
		}
		if old != nil {
			c.parcel(o, old, in)
		}
		return nil
	})
	c.New, c.NewOrders, c.Gone, c.GoneOrders = fresh.named, fresh.n, gone.named, gone.n
	return c, err
}

// parcel compares a parcel with what the earlier file said of it.
func (c *Comparison) parcel(o *Out, old, in *order.Instruction) {
	c.Again++
	was := *old
	was.Number = in.Number
	var d format.Diff
	d.DiffRecords(in.Number, o.records(nil, &was), o.records(nil, in), o.format, o.o)
	if len(d.Changes) == 0 {
		return
	}
	c.ChangedParcels++
	if len(c.Changed) == mostNamed {
		return
	}
	x := ChangedParcel{Was: old.Number, Is: in.Number, Changes: d.Changes}
	for i := range in.Lines {
		if l := &in.Lines[i]; l.Line != "" {
			x.Account, x.Order = l.Account, l.Order
			break
		}
	}
	c.Changed = append(c.Changed, x)
}

// A list gathers orders by their lines.
type list struct {
	at    map[int64]int // by order, where it stands in named; less than 0: nowhere
	named []OrderIn
	n     int64
}

func (l *list) add(x *order.InstructionLine) {
	at, ok := l.at[x.OrderID]
	if !ok {
		l.n++
		at = -1
		if len(l.named) < mostNamed {
			at = len(l.named)
			l.named = append(l.named, OrderIn{x.Account, x.Order, 0, x.OrderID})
		}
		l.at[x.OrderID] = at
	}
	if at >= 0 {
		l.named[at].Lines++
	}
}
