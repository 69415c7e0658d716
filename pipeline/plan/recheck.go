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
// or that a person released. What no batch has claimed is taken back and planned
// again; what is on its way stays, and is shown until a person has dealt with it.
func (p *planner) recheck(ctx context.Context, d *decision, plan *ledger.Plan, now time.Time) error {
	places, err := p.env.Ledger.PlacesOf(ctx, d.row.ID)
	if err != nil {
		return err
	}
	open := len(places) > 0
	var ids []int64
	for _, pl := range places {
		free := pl.State == ledger.InstructionReady || pl.State == ledger.InstructionRefused && d.released(order.HoldWarehouseRefuse)
		open = open && free
		ids = append(ids, pl.InstructionID)
	}
	if len(places) == 0 || open {
		if len(places) > 0 {
			same, _, err := p.same(ctx, d)
			if err != nil {
				return err
			}
			if same && !slices.ContainsFunc(places, func(pl ledger.Place) bool { return pl.State == ledger.InstructionRefused }) {
				p.keep(plan, d, nil)
				return nil
			}
		}
		plan.Withdraw = append(plan.Withdraw, ids...)
		p.add(plan, d)
		return nil
	}
	stopped := !slices.ContainsFunc(places, func(pl ledger.Place) bool { return pl.State != ledger.InstructionStopped })
	switch {
	case d.class == status.Done:
		p.keep(plan, d, nil)
	case d.class == status.Cancelled || d.class == status.Outside:
		if stopped {
			plan.Orders = append(plan.Orders, ledger.Disposition{ID: d.row.ID, Version: d.row.Version, Was: d.row.State, State: ledger.Outside, Reason: order.OutCancelled})
			return nil
		}
		p.warn(plan, d, order.HoldCancelled, fmt.Sprintf("the mall says %q; instruction %s", d.row.Order.Status, numbers(places)))
	case d.class != status.Instructed:
		p.warn(plan, d, order.HoldChanged, fmt.Sprintf("the mall says %q; instruction %s", d.row.Order.Status, numbers(places)))
	default:
		same, what, err := p.same(ctx, d)
		if err != nil {
			return err
		}
		if same {
			p.keep(plan, d, nil)
			return nil
		}
		p.warn(plan, d, order.HoldChanged, fmt.Sprintf("changed: %s; instruction %s", what, numbers(places)))
	}
	return nil
}

func (d *decision) released(r order.Reason) bool { return slices.Contains(d.row.Released, r) }

func numbers(places []ledger.Place) string {
	var out []string
	for _, pl := range places {
		out = append(out, pl.Number)
	}
	return strings.Join(out, ", ")
}

func (p *planner) warn(plan *ledger.Plan, d *decision, r order.Reason, detail string) {
	if d.released(r) {
		p.keep(plan, d, nil)
		return
	}
	p.keep(plan, d, []order.Hold{{Reason: r, Detail: detail}})
}

// keep leaves the instructions of an order as they are.
func (p *planner) keep(plan *ledger.Plan, d *decision, holds []order.Hold) {
	plan.Orders = append(plan.Orders, ledger.Disposition{ID: d.row.ID, Version: d.row.Version, Was: d.row.State, State: ledger.Planned, Holds: holds})
}

// same compares what would be instructed now with what was, as far as this order
// goes, and names what differs. Dates that only the clock moved do not count.
func (p *planner) same(ctx context.Context, d *decision) (ok bool, what string, err error) {
	if d.outside != "" || len(d.holds) > 0 {
		return false, "it would not be instructed now", nil
	}
	was, err := p.env.Ledger.InstructionsOf(ctx, d.row.ID)
	if err != nil {
		return false, "", err
	}
	var old, now []string
	for _, in := range was {
		old = append(old, essence(in, d.row.ID))
	}
	for _, pc := range d.parcels {
		now = append(now, essence(pc.in, d.row.ID))
	}
	slices.Sort(old)
	slices.Sort(now)
	if slices.Equal(old, now) {
		return true, "", nil
	}
	return false, difference(was, d.parcels, d.row.ID), nil
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
