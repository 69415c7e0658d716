package report

import (
	"cmp"
	"context"
	"slices"

	"github.com/mallbridge/mallbridge/configs"
	"github.com/mallbridge/mallbridge/internal/fault"
	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/order"
)

// page is how many instructions or reports are worked on in one go.
const page = 200

// derive makes reports of the results that came since the last look.
func (r *reporter) derive(ctx context.Context) error {
	for after := int64(0); ; {
		p, err := r.env.Ledger.ReportTodo(ctx, r.id, after, page)
		if err != nil || p.Last == 0 {
			return err
		}
		after = p.Last
		n := ledger.NewReports{Settled: p.Marks}
		for i := range p.Orders {
			d := r.deriver(&p.Orders[i])
			d.order()
			n.Add, n.Change = append(n.Add, d.add...), append(n.Change, d.change...)
			for id := range d.waits {
				delete(n.Settled, id)
			}
		}
		if err := r.notePut(ctx, n); err != nil {
			return err
		}
		fault.At(atDerived)
	}
}

func (r *reporter) notePut(ctx context.Context, n ledger.NewReports) error {
	added, err := r.env.Ledger.PutReports(ctx, r.id, n, r.env.Now())
	if err != nil {
		return err
	}
	r.rep.Add("parcels to report", added)
	for i := range n.Add {
		if x := &n.Add[i]; x.State == ledger.ReportHeld && added > 0 {
			r.person("order %s: %s %s is not reported: %s", x.Order, x.Carrier, x.Tracking, x.Detail)
		}
	}
	for i := range n.Change {
		if c := &n.Change[i]; c.State == ledger.ReportRevoked {
			r.person("order %s: the mall was told of %s %s, and the warehouse took the number back", c.Order, c.Carrier, c.Tracking)
		}
	}
	return nil
}

// A deriver works out of what the mall is to be told for one order.
type deriver struct {
	*ledger.Todo
	r     *reporter
	today order.Date

	add    []ledger.Report
	change []ledger.ReportChange
	waits  map[int64]bool // instructions that need another look
}

func (r *reporter) deriver(t *ledger.Todo) *deriver {
	return &deriver{Todo: t, r: r, today: order.DateOf(r.env.Now().In(r.account.Location)), waits: map[int64]bool{}}
}

// A parcel is one that carries something of a package.
type parcel struct {
	*ledger.Parcel
	from  *ledger.Shipping
	lines []string // keys of the package's lines in it
}

// A pack is one package with its parcels, and what was told of it.
type pack struct {
	key     string
	lines   []string           // keys, in the order of the instructions
	from    []*ledger.Shipping // instructions that carry something of it
	parcels []parcel           // that count and may be told now, in the order in which they came
	open    bool               // something of it has not shipped
	told    []ledger.Report    // reports that count, by id
}

func (d *deriver) order() {
	for _, p := range d.packs() {
		d.withdrawn(p)
		d.fresh(p)
	}
}

// packs gathers the order's packages by their keys.
func (d *deriver) packs() []*pack {
	var out []*pack
	find := func(key string) *pack {
		for _, p := range out {
			if p.key == key {
				return p
			}
		}
		p := &pack{key: key}
		out = append(out, p)
		return p
	}
	for i := range d.Shipping {
		s := &d.Shipping[i]
		of := map[*pack][]order.InstructionLine{}
		var packs []*pack
		for _, l := range s.Lines {
			p := find(l.Package)
			if of[p] == nil {
				packs = append(packs, p)
			}
			of[p] = append(of[p], l)
			if !slices.Contains(p.lines, l.Line) {
				p.lines = append(p.lines, l.Line)
			}
		}
		for _, p := range packs {
			d.shipping(p, s, of[p])
		}
	}
	for _, x := range d.Reports {
		if x.State != ledger.ReportExtra && x.State != ledger.ReportDropped {
			p := find(x.Package)
			p.told = append(p.told, x)
		}
	}
	for _, p := range out {
		slices.SortStableFunc(p.parcels, func(a, b parcel) int { return cmp.Compare(a.ID, b.ID) })
	}
	return out
}

// shipping adds the parcels of one instruction to a package.
func (d *deriver) shipping(p *pack, s *ledger.Shipping, lines []order.InstructionLine) {
	p.from = append(p.from, s)
	some := false
	for i := range s.Parcels {
		x := &s.Parcels[i]
		if !d.counts(s, x) {
			continue
		}
		some = true
		if !d.ready(s, x) {
			d.waits[s.Instruction] = true
			continue
		}
		p.parcels = append(p.parcels, parcel{x, s, carried(x, lines)})
	}
	switch s.State {
	case ledger.InstructionReady, ledger.InstructionClaimed:
		p.open = p.open || !some
	case ledger.InstructionShipped:
		p.open = p.open || d.waits[s.Instruction]
	}
}

// counts reports whether a result still holds: it was not taken back, and, where a
// warehouse's later number corrects the earlier one, no later file has another.
func (d *deriver) counts(s *ledger.Shipping, x *ledger.Parcel) bool {
	if x.Cancelled || x.Tracking == "" {
		return false
	}
	w, ok := d.r.env.Workspace.Warehouse(s.Warehouse)
	if !ok || w.Results == nil || w.Results.LaterNumber != configs.LaterCorrects {
		return true
	}
	return !slices.ContainsFunc(s.Parcels, func(y ledger.Parcel) bool { return !y.Cancelled && y.Tracking != "" && y.FileID > x.FileID })
}

// ready reports whether the moment has come at which the account tells its mall. A
// date in the future is that of a label that was printed.
func (d *deriver) ready(s *ledger.Shipping, x *ledger.Parcel) bool {
	gone := x.ShippedOn <= d.today
	switch d.r.account.Report.When {
	case configs.ReportLabelled:
		return true
	case configs.ReportAccepted:
		return gone || s.Acked
	}
	return gone
}

// carried lists the keys of the lines of which a parcel carries something. A result
// without lines stands for the whole instruction.
func carried(x *ledger.Parcel, lines []order.InstructionLine) []string {
	var out []string
	for _, l := range lines {
		in := len(x.Lines) == 0 || slices.ContainsFunc(x.Lines, func(s order.ShippedLine) bool { return s.SKU == l.SKU })
		if in && !slices.Contains(out, l.Line) {
			out = append(out, l.Line)
		}
	}
	return out
}

func same(x *ledger.Report, p *parcel) bool {
	return x.Carrier == p.Carrier && x.Tracking == p.Tracking
}

// known reports whether there is a report of a parcel, in whatever state.
func (d *deriver) known(key string, p *parcel) bool {
	return slices.ContainsFunc(d.Reports, func(x ledger.Report) bool { return x.Package == key && same(&x, p) })
}

// withdrawn looks for numbers that were told, or were to be, and that the warehouse
// has taken back since. Another number of the same instruction takes their place.
func (d *deriver) withdrawn(p *pack) {
	var kept []ledger.Report
	for _, x := range p.told {
		if d.stands(&x) {
			kept = append(kept, x)
			continue
		}
		switch x.State {
		case ledger.ReportWaiting, ledger.ReportHeld, ledger.ReportRejected, ledger.ReportUpload:
			if x.UploadID == 0 {
				x.State, x.Detail = ledger.ReportDropped, "the warehouse took the number back"
				d.change = append(d.change, ledger.ReportChange{Report: x, Event: "report.dropped"})
				continue
			}
		case ledger.ReportSent, ledger.ReportUnknown:
			// What the mall makes of it must be known before another number comes.
			d.waits[x.Instruction] = true
			kept = append(kept, x)
			continue
		}
		if i := slices.IndexFunc(p.parcels, func(y parcel) bool { return y.from.Instruction == x.Instruction && !d.known(p.key, &y) }); i >= 0 {
			y := p.parcels[i]
			d.tell(p, y, x.Lines, x.Rest, x.Tracking)
			x.State, x.Late, x.Detail = ledger.ReportDropped, false, "replaced by "+y.Tracking
			d.change = append(d.change, ledger.ReportChange{Report: x, Event: "report.replaced"})
			p.parcels = slices.Delete(p.parcels, i, i+1)
			kept = append(kept, d.add[len(d.add)-1])
			continue
		}
		if x.State != ledger.ReportRevoked {
			x.State, x.Late, x.Detail = ledger.ReportRevoked, false, "the warehouse took the number back"
			d.change = append(d.change, ledger.ReportChange{Report: x, Event: "report.revoked"})
		}
		kept = append(kept, x)
	}
	p.told = kept
}

// stands reports whether the number of a report is still one of the order's.
func (d *deriver) stands(x *ledger.Report) bool {
	for i := range d.Shipping {
		s := &d.Shipping[i]
		for j := range s.Parcels {
			if y := &s.Parcels[j]; y.Carrier == x.Carrier && y.Tracking == x.Tracking && d.counts(s, y) {
				return true
			}
		}
	}
	return false
}

// fresh decides on the parcels of which there is no report yet.
func (d *deriver) fresh(p *pack) {
	for _, y := range p.parcels {
		if d.known(p.key, &y) || slices.ContainsFunc(d.add, func(x ledger.Report) bool { return x.Package == p.key && same(&x, &y) }) {
			continue
		}
		switch lines, rest, what := d.place(p, &y); what {
		case placed:
			d.tell(p, y, lines, rest, "")
			p.told = append(p.told, d.add[len(d.add)-1])
		case later:
			d.waits[y.from.Instruction] = true
		case nowhere:
			d.put(p, y, nil, nil, "", ledger.ReportExtra, "", d.why(p))
		}
	}
}

type place int

const (
	nowhere place = iota // the mall has no place for it
	placed
	later // it must wait for others
)

// place says whether the mall takes a parcel, and for which of the package's lines:
// none means all.
func (d *deriver) place(p *pack, y *parcel) (lines, rest []string, what place) {
	rule := d.r.rule
	n := len(p.told)
	switch {
	case rule.Most == 1 || d.r.account.Report.Parcels != configs.ParcelsEach:
		switch {
		case n > 0:
			return nil, nil, nowhere
		case p.open && d.r.account.Report.Parcels != configs.ParcelsFirst:
			return nil, nil, later
		}
		return nil, nil, placed
	case n >= rule.Most:
		return nil, nil, nowhere
	case !rule.ByLine:
		return nil, nil, placed
	}
	missing := slices.Clone(p.lines)
	for _, x := range p.told {
		if len(x.Lines) == 0 {
			return nil, nil, nowhere
		}
		missing = slices.DeleteFunc(missing, func(l string) bool { return slices.Contains(x.Lines, l) })
	}
	lines = slices.DeleteFunc(slices.Clone(missing), func(l string) bool { return !slices.Contains(y.lines, l) })
	switch {
	case len(lines) == 0:
		return nil, nil, nowhere
	case n == 0 && len(lines) == len(p.lines):
		return nil, nil, placed
	case n < rule.Most-1:
		return lines, slices.DeleteFunc(missing, func(l string) bool { return slices.Contains(lines, l) }), placed
	case p.open:
		return nil, nil, later // the last one stands for all that is left
	}
	return missing, nil, placed
}

// why says why the mall has no place for a further number.
func (d *deriver) why(p *pack) string {
	if d.r.rule.Most > 1 && d.r.account.Report.Parcels == configs.ParcelsEach {
		return "the mall takes no further number for what it carries; it was told " + p.told[0].Tracking
	}
	return "the mall is told one number for a package: " + p.told[0].Tracking
}

func (d *deriver) tell(p *pack, y parcel, lines, rest []string, was string) {
	state, reason, detail := d.r.first(y.Carrier, y.Tracking)
	d.put(p, y, lines, rest, was, state, reason, detail)
}

func (d *deriver) put(p *pack, y parcel, lines, rest []string, was, state string, reason order.Reason, detail string) {
	day := y.ShippedOn
	if day == "" {
		day = order.DateOf(y.At.In(d.r.account.Location))
	}
	d.add = append(d.add, ledger.Report{
		OrderID: d.OrderID, Order: d.Order, Package: p.key, Instruction: y.from.Instruction, Carrier: y.Carrier, Tracking: y.Tracking, ShippedOn: day,
		Lines: lines, Rest: rest, Was: was, State: state, Reason: reason, Detail: detail,
	})
}
