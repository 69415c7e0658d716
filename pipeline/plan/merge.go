package plan

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/mappers/address"
	"github.com/mallbridge/mallbridge/order"
	"github.com/mallbridge/mallbridge/pipeline/stage"
)

// alone returns the orders to which no other goes to the same recipient. The ids
// of the rest are remembered for [planner.merged]: they may be many, and are read
// again when all of a recipient's are known.
func (p *planner) alone(rows []ledger.Row) []ledger.Row {
	if len(p.twins) == 0 {
		return rows
	}
	return slices.DeleteFunc(rows, func(r ledger.Row) bool {
		if r.State == ledger.Recheck || !p.twins[r.Recipient] {
			return false
		}
		p.aside[r.Recipient] = append(p.aside[r.Recipient], r.ID)
		return true
	})
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

// free reports whether nothing keeps an order from being instructed.
func (d *decision) free() bool { return d.outside == "" && len(d.holds) == 0 }

// wait holds an order that may still travel with one to come.
func (p *planner) wait(d *decision) {
	d.hold(order.HoldMergeWait, "", "", "until %s", d.row.SeenAt.Add(p.account.Merge.Within.Std()).In(p.account.Location).Format("2006-01-02 15:04"))
}

// merged decides and stores the orders put aside, some recipients at a time: those
// whose waiting time is over travel with every other of the same recipient, the
// rest goes on waiting.
func (p *planner) merged(ctx context.Context, now time.Time, rep *stage.Report) error {
	// Orders of a recipient that lie near each other are on the same pages of the
	// ledger; so are those of the recipients that came at the same time.
	groups := slices.SortedFunc(maps.Values(p.aside), func(a, b []int64) int { return slices.Compare(a, b) })
	var ids []int64
	for i, g := range groups {
		if ids = append(ids, g...); len(ids) < page && i+1 < len(groups) {
			continue
		}
		slices.Sort(ids)
		rows, err := p.env.Ledger.PendingOf(ctx, p.id, ids)
		if err != nil {
			return err
		}
		ds, err := p.decideAll(ctx, rows, now)
		if err != nil {
			return err
		}
		if err := p.apply(ctx, p.together(ds, now), now, rep); err != nil {
			return err
		}
		ids = ids[:0]
	}
	return nil
}

// together makes the plan of orders among which are all that may be merged.
func (p *planner) together(ds []*decision, now time.Time) *ledger.Plan {
	plan := &ledger.Plan{}
	var groups [][]*decision
	at := map[string]int{} // by the key of their first parcel
	for _, d := range ds {
		if !d.free() || len(d.parcels) == 0 || d.parcels[0].key == "" {
			groups = append(groups, []*decision{d})
			continue
		}
		k := d.parcels[0].key
		i, ok := at[k]
		if !ok {
			i = len(groups)
			at[k] = i
			groups = append(groups, nil)
		}
		groups[i] = append(groups[i], d)
	}
	for _, group := range groups {
		switch {
		case !group[0].free():
		case slices.ContainsFunc(group, func(d *decision) bool { return !p.waits(d, now) }):
			p.join(plan, group)
		default:
			for _, d := range group {
				p.wait(d)
			}
		}
		for _, d := range group {
			p.add(plan, d)
		}
	}
	return plan
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
