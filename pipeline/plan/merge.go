package plan

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/mappers/address"
	"github.com/mallbridge/mallbridge/order"
	"github.com/mallbridge/mallbridge/pipeline/stage"
)

// A merger collects orders that could travel with others.
type merger struct {
	all    []*decision
	groups map[string][]*decision // by the key of their first parcel
}

func (m *merger) add(d *decision) {
	row := *d.row // a part of a page would keep the whole page
	d.row = &row
	for _, pc := range d.parcels {
		pc.rows = []*ledger.Row{d.row}
	}
	m.all = append(m.all, d)
	if len(d.parcels) > 0 && d.parcels[0].key != "" {
		k := d.parcels[0].key
		m.groups[k] = append(m.groups[k], d)
	}
}

// mergeKey is equal for parcels that may become one: same recipient, and the
// same in everything that a label says.
func mergeKey(in *order.Instruction) string {
	to := address.Key(&in.To)
	if to == "" {
		return ""
	}
	return strings.Join([]string{
		to, in.Warehouse, string(in.Temperature), in.Service, in.TimeBand, string(in.DeliverOn), string(in.ShipOn), in.Payment, in.CustomsID,
		in.From.Name, in.From.Address(),
	}, "\x00")
}

// waits reports whether an order still waits for others to the same recipient.
func (p *planner) waits(d *decision, now time.Time) bool {
	w := p.account.Merge.Within.Std()
	return w > 0 && len(d.parcels) > 0 && d.parcels[0].key != "" && now.Before(d.row.SeenAt.Add(w)) && !slices.Contains(d.row.Released, order.HoldMergeWait)
}

// merged stores the orders put aside: those whose waiting time is over travel
// with every other of the same recipient, the rest goes on waiting.
func (p *planner) merged(ctx context.Context, m *merger, now time.Time, rep *stage.Report) error {
	plan := &ledger.Plan{}
	done := map[*decision]bool{}
	for _, d := range m.all {
		if done[d] {
			continue
		}
		group := []*decision{d}
		if len(d.parcels) > 0 && d.parcels[0].key != "" {
			group = m.groups[d.parcels[0].key]
		}
		due := slices.ContainsFunc(group, func(x *decision) bool { return !p.waits(x, now) })
		for _, x := range group {
			done[x] = true
			if !due {
				x.hold(order.HoldMergeWait, "", "", "until %s", x.row.SeenAt.Add(p.account.Merge.Within.Std()).In(p.account.Location).Format("2006-01-02 15:04"))
			}
		}
		if due {
			p.join(plan, group)
		}
		for _, x := range group {
			p.add(plan, x)
		}
		if len(plan.Orders) >= page {
			if err := p.apply(ctx, plan, now, rep); err != nil {
				return err
			}
			plan = &ledger.Plan{}
		}
	}
	return p.apply(ctx, plan, now, rep)
}

// join puts parcels with the same key into the first one. A merged parcel that
// does not fit the warehouse's file stays apart.
func (p *planner) join(plan *ledger.Plan, group []*decision) {
	first := map[string]*parcel{}
	for _, d := range group {
		d.parcels = slices.DeleteFunc(d.parcels, func(pc *parcel) bool {
			into, ok := first[pc.key]
			if pc.key == "" {
				return false
			}
			if !ok {
				first[pc.key] = pc
				return false
			}
			whole := *into.in
			whole.Lines = append(slices.Clone(into.in.Lines), pc.in.Lines...)
			if !strings.Contains(whole.Note, pc.in.Note) {
				whole.Note = strings.TrimSpace(whole.Note + " " + pc.in.Note)
			}
			if len(pc.w.out.Check(&whole)) > 0 {
				return false
			}
			*into.in = whole
			into.bits = append(into.bits, pc.bits...)
			into.rows = append(into.rows, pc.rows...)
			for _, r := range []*ledger.Row{into.rows[0], d.row} {
				other := d.row
				if r == d.row {
					other = into.rows[0]
				}
				plan.Events = append(plan.Events, ledger.Event{Kind: "order.merged", OrderID: r.ID, Detail: "one parcel with order " + other.Order.Number})
			}
			return true
		})
	}
}
