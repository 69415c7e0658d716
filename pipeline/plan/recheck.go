package plan

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/mappers/status"
	"github.com/mallbridge/mallbridge/order"
)

// recheck judges an order that already has instructions and that changed since,
// or that a person released, or of which an instruction left its batch. What no
// batch has claimed is taken back and planned again. What is in a file that was not
// dropped yet leaves it: the instruct stage sees that the order is to be judged,
// and takes it out. What is at the warehouse stays, and is shown until a person has
// dealt with it.
//
// It returns the instructions that stay as they are.
func (p *planner) recheck(ctx context.Context, d *decision, plan *ledger.Plan, now time.Time) (stay []int64, err error) {
	places, err := p.env.Ledger.PlacesOf(ctx, d.row.ID)
	if err != nil {
		return nil, err
	}
	c, err := p.compare(ctx, d, places)
	if err != nil {
		return nil, err
	}
	if len(c.fixed) == 0 {
		if len(places) > 0 && c.same && len(c.refused) == 0 {
			p.keep(plan, d, nil)
			return c.free, nil
		}
		plan.Withdraw = append(plan.Withdraw, c.free...)
		if d.row.Wish.Together != 0 && len(c.free) > 0 {
			return nil, nil // it is a new order from now on, and judged with those of its parcel
		}
		if d.doubt != nil {
			d.holds = append(d.holds, *d.doubt)
		}
		p.add(plan, d)
		return nil, nil
	}
	refusals, err := p.refusals(ctx, d, c)
	if err != nil {
		return nil, err
	}
	switch {
	case d.class == status.Done:
		lost, err := p.owed(ctx, d, places)
		if err != nil {
			return nil, err
		}
		if lost != "" {
			p.warn(plan, d, order.HoldWarehouseRefuse, fmt.Sprintf("the mall says %q for what was shipped; not shipped: %s", d.row.Order.Status, lost))
			return c.free, nil
		}
		p.keep(plan, d, nil)
		return c.free, nil
	case d.class == status.Instructed && len(c.halted) > 0:
		// Another order of the parcel was cancelled. Only a person can know that
		// this one is to go again.
		if !c.travelling {
			p.warn(plan, d, order.HoldWarehouseRefuse, fmt.Sprintf("the parcel was stopped together with a cancelled order; instruction %s", numbers(c.halted)))
		}
		return c.free, nil
	case d.class == status.Instructed && c.fits:
		if d.doubt != nil && len(c.missing) > 0 {
			p.keep(plan, d, append(refusals, *d.doubt))
			return c.free, nil
		}
		plan.Withdraw = append(plan.Withdraw, c.stale...)
		p.rest(plan, d, c.missing)
		p.keep(plan, d, refusals)
		return slices.DeleteFunc(c.free, func(id int64) bool { return slices.Contains(c.stale, id) }), nil
	case c.travelling:
		return nil, nil
	}
	plan.Withdraw = append(plan.Withdraw, c.free...)
	switch {
	case (d.class == status.Cancelled || d.class == status.Outside) && c.stopped:
		plan.Orders = append(plan.Orders, ledger.Disposition{ID: d.row.ID, Version: d.row.Version, Was: d.row.State, State: ledger.Outside, Reason: order.OutCancelled})
	case d.class == status.Cancelled || d.class == status.Outside:
		p.warn(plan, d, order.HoldCancelled, fmt.Sprintf("the mall says %q; instruction %s", d.row.Order.Status, numbers(c.fixed)))
	case d.class != status.Instructed:
		p.warn(plan, d, order.HoldChanged, fmt.Sprintf("the mall says %q; instruction %s", d.row.Order.Status, numbers(c.fixed)), refusals...)
	default:
		switch {
		case d.doubt != nil && len(c.missing) > 0:
			refusals = append(refusals, *d.doubt)
		case d.released(order.HoldChanged):
			p.rest(plan, d, c.missing)
		}
		p.warn(plan, d, order.HoldChanged, fmt.Sprintf("changed: %s; instruction %s", c.what, numbers(c.fixed)), refusals...)
	}
	return nil, nil
}

// A comparison holds what would be instructed now against what was.
type comparison struct {
	fixed      []ledger.Place // at the warehouse or on the way to it
	free       []int64        // instructions that can be taken back: no batch has claimed them, or refused and released
	halted     []ledger.Place // those of fixed that were stopped although this order is to ship
	declined   []ledger.Place // those of fixed that the warehouse refused
	refused    []int64        // those of free that the warehouse refused, or stopped
	stale      []int64        // those of free that differ from what would be instructed now
	travelling bool           // one of fixed is in a file that was not dropped yet
	stopped    bool           // all of fixed were stopped, or refused: none of it ships
	same       bool           // nothing differs
	fits       bool           // fixed is part of what would be instructed now
	missing    []*parcel      // what nothing has claimed
	what       string         // differs
}

func (p *planner) compare(ctx context.Context, d *decision, places []ledger.Place) (*comparison, error) {
	c := &comparison{stopped: true}
	kept := map[int64]bool{} // by instruction: whether it is fixed
	shipped := map[int64]bool{}
	for _, pl := range places {
		switch {
		case pl.State == ledger.InstructionStopped && d.class == status.Instructed && !d.released(order.HoldWarehouseRefuse):
			c.halted, c.fixed = append(c.halted, pl), append(c.fixed, pl)
			continue
		case (pl.State == ledger.InstructionRefused || pl.State == ledger.InstructionStopped && d.class == status.Instructed) && d.released(order.HoldWarehouseRefuse):
			c.refused = append(c.refused, pl.InstructionID)
			c.stale = append(c.stale, pl.InstructionID)
		case pl.State == ledger.InstructionReady:
			kept[pl.InstructionID] = false
		default:
			kept[pl.InstructionID] = true
			c.fixed = append(c.fixed, pl)
			if pl.State == ledger.InstructionRefused {
				c.declined = append(c.declined, pl)
			}
			shipped[pl.InstructionID] = pl.State == ledger.InstructionShipped
			c.stopped = c.stopped && (pl.State == ledger.InstructionStopped || pl.State == ledger.InstructionRefused)
			if b := pl.Batch; b != nil {
				c.travelling = c.travelling || b.State == ledger.BatchClaimed || b.State == ledger.BatchBuilt || b.State == ledger.BatchUploaded
			}
			continue
		}
		c.free = append(c.free, pl.InstructionID)
	}
	if d.outside != "" || len(d.holds) > 0 {
		c.what = "it would not be instructed now"
		return c, nil
	}
	was, err := p.env.Ledger.InstructionsOf(ctx, d.row.ID)
	if err != nil {
		return nil, err
	}
	claims, err := p.env.Ledger.ClaimsOf(ctx, d.row.ID)
	if err != nil {
		return nil, err
	}
	c.fits = true
	left := slices.Clone(d.parcels)
	departed := map[int64]bool{}
	for _, fixed := range []bool{true, false} {
		for _, in := range was {
			if is, ok := kept[in.ID]; !ok || is != fixed {
				continue
			}
			if shipped[in.ID] && gone(in, d.row) {
				// The mall put what has left under a number of its own when it was told.
				departed[in.ID] = true
				continue
			}
			old := essence(in, d.row.ID)
			at := slices.IndexFunc(left, func(pc *parcel) bool { return essence(pc.in, d.row.ID) == old })
			switch {
			case at >= 0:
				left = slices.Delete(left, at, at+1)
			case fixed:
				c.fits = false
			default:
				c.stale = append(c.stale, in.ID)
			}
		}
	}
	c.same = c.fits && len(left) == 0 && len(c.stale) == len(c.refused)
	for _, pc := range left {
		reseat(pc.bits, claims, departed)
		if !slices.ContainsFunc(pc.bits, func(b ledger.Piece) bool {
			b.Quantity, b.SKU = 0, ""
			id, claimed := claims[b]
			return claimed && (c.fits && !slices.Contains(c.stale, id) || !c.fits && !slices.Contains(c.free, id))
		}) {
			c.missing = append(c.missing, pc)
		}
	}
	if !c.same {
		c.what = difference(
			slices.DeleteFunc(was, func(in *order.Instruction) bool { return !kept[in.ID] }),
			slices.DeleteFunc(slices.Clone(d.parcels), func(pc *parcel) bool { return slices.Contains(c.missing, pc) }), d.row.ID)
	}
	return c, nil
}

// seats is by how many packages a piece moves whose place in the order belonged to
// goods that have left.
const seats = 1 << 16

// reseat gives pieces the places that are theirs. Places are counted in the order as
// the mall has it now: where lines have left it, those that stay moved up, onto
// places that were claimed for what has departed.
func reseat(bits []ledger.Piece, claims map[ledger.Piece]int64, departed map[int64]bool) {
	for i := range bits {
		b := bits[i]
		b.Quantity, b.SKU = 0, ""
		for departed[claims[b]] {
			b.Package += seats
		}
		bits[i].Package = b.Package
	}
}

// gone reports whether an order has none of an instruction's lines any more.
func gone(in *order.Instruction, row *ledger.Row) bool {
	for i := range in.Lines {
		l := &in.Lines[i]
		if l.OrderID != row.ID || l.Line == "" {
			continue
		}
		for j := range row.Order.Packages {
			p := &row.Order.Packages[j]
			if p.Key == l.Package && slices.ContainsFunc(p.Lines, func(x order.Line) bool { return x.Key == l.Line }) {
				return false
			}
		}
	}
	return true
}

// rest instructs parcels of an order that has others already.
func (p *planner) rest(plan *ledger.Plan, d *decision, missing []*parcel) {
	for _, pc := range missing {
		plan.Instructions = append(plan.Instructions, p.instruction(pc))
	}
}

func (d *decision) released(r order.Reason) bool { return slices.Contains(d.row.Released, r) }

func numbers(places []ledger.Place) string {
	var out []string
	for _, pl := range places {
		out = append(out, pl.Number)
	}
	return strings.Join(out, ", ")
}

// warn keeps the instructions of an order and holds it for a reason, unless a person
// has released that, beside what else holds it.
func (p *planner) warn(plan *ledger.Plan, d *decision, r order.Reason, detail string, more ...order.Hold) {
	if !d.released(r) {
		more = append([]order.Hold{{Reason: r, Detail: detail}}, more...)
	}
	p.keep(plan, d, more)
}

// owed names what of an order was stopped or refused, or is in no instruction any
// more since another order of its parcel went again, if we shipped others of it: malls
// count an order as shipped once they are told of its first parcel. An order of which
// we shipped nothing was shipped by somebody else.
func (p *planner) owed(ctx context.Context, d *decision, places []ledger.Place) (string, error) {
	var lost []ledger.Place
	some := false
	for _, pl := range places {
		switch pl.State {
		case ledger.InstructionShipped:
			some = true
		case ledger.InstructionStopped, ledger.InstructionRefused:
			lost = append(lost, pl)
		}
	}
	if !some {
		return "", nil
	}
	if len(lost) > 0 {
		return "instruction " + numbers(lost), nil
	}
	ins, err := p.env.Ledger.InstructionsOf(ctx, d.row.ID)
	if err != nil {
		return "", err
	}
	has := map[string]bool{}
	for _, in := range ins {
		for i := range in.Lines {
			if l := &in.Lines[i]; l.OrderID == d.row.ID {
				has[l.Line] = true
			}
		}
	}
	var lines []string
	for i := range d.row.Order.Packages {
		for j := range d.row.Order.Packages[i].Lines {
			if l := &d.row.Order.Packages[i].Lines[j]; l.Quantity > 0 && !has[l.Key] {
				lines = append(lines, "line "+l.Key)
			}
		}
	}
	return strings.Join(lines, ", "), nil
}

// refusals are the holds of parcels that the warehouse refused and nobody has let go
// again: a change of the order is no answer to them.
func (p *planner) refusals(ctx context.Context, d *decision, c *comparison) ([]order.Hold, error) {
	if len(c.declined) == 0 {
		return nil, nil
	}
	was, err := p.env.Ledger.HoldsOf(ctx, d.row.ID)
	if err != nil {
		return nil, err
	}
	var out []order.Hold
	for _, h := range was {
		if h.Reason == order.HoldWarehouseRefuse {
			out = append(out, h.Hold)
		}
	}
	if len(out) == 0 {
		out = append(out, order.Hold{Reason: order.HoldWarehouseRefuse, Detail: "instruction " + numbers(c.declined)})
	}
	return out, nil
}

// keep leaves the instructions of an order as they are.
func (p *planner) keep(plan *ledger.Plan, d *decision, holds []order.Hold) {
	plan.Orders = append(plan.Orders, ledger.Disposition{ID: d.row.ID, Version: d.row.Version, Was: d.row.State, State: ledger.Planned, Holds: holds})
}

// essence is what a warehouse acts on, for the lines of one order.
func essence(in *order.Instruction, id int64) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s|%s|%s|%s|%s|%d|%+v", in.Warehouse, in.Temperature, in.Service, in.TimeBand, in.DeliverOn, in.Collect, in.To)
	for i := range in.Lines {
		if l := &in.Lines[i]; l.OrderID == id {
			fmt.Fprintf(&b, "|%s×%d", l.SKU, l.Quantity)
		}
	}
	return b.String()
}

// difference names the parts that changed, without the personal data in them.
func difference(was []*order.Instruction, now []*parcel, id int64) string {
	if len(was) != len(now) {
		return fmt.Sprintf("%d parcels instead of %d", len(now), len(was))
	}
	var out []string
	add := func(name string, differs bool) {
		if differs && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	for i, in := range was {
		pc := now[i].in
		add("recipient", in.To.Name != pc.To.Name || in.To.Kana != pc.To.Kana || in.To.Company != pc.To.Company)
		add("address", in.To.Address() != pc.To.Address() || in.To.Postal != pc.To.Postal)
		add("phone", in.To.Phone != pc.To.Phone)
		add("delivery date", in.DeliverOn != pc.DeliverOn)
		add("delivery time", in.TimeBand != pc.TimeBand)
		add("amount to collect", in.Collect != pc.Collect)
		add("delivery service", in.Service != pc.Service)
		add("warehouse", in.Warehouse != pc.Warehouse)
		a, b := *in, *pc
		a.To, b.To = order.Party{}, order.Party{}
		add("lines", essence(&a, id) != essence(&b, id) && len(out) == 0)
	}
	if len(out) == 0 {
		return "details of the recipient"
	}
	return strings.Join(out, ", ")
}
