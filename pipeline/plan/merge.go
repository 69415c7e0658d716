package plan

import (
	"cmp"
	"context"
	"fmt"
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
	return slices.DeleteFunc(rows, func(r ledger.Row) bool {
		if r.State == ledger.Recheck {
			return false
		}
		if g := r.Wish.Together; g != 0 {
			p.asked[g] = append(p.asked[g], r.ID)
			return true
		}
		if !p.twins[r.Recipient] {
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
	groups := slices.SortedFunc(maps.Values(p.aside), byFirst)
	groups = append(groups, slices.SortedFunc(maps.Values(p.asked), byFirst)...)
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

func byFirst(a, b []int64) int { return slices.Compare(a, b) }

// together makes the plan of orders among which are all that may be merged.
func (p *planner) together(ds []*decision, now time.Time) *ledger.Plan {
	plan := &ledger.Plan{}
	var groups [][]*decision
	at := map[string]int{} // by the key of their first parcel
	asked := map[int64][]*decision{}
	for _, d := range ds {
		if g := d.row.Wish.Together; g != 0 {
			asked[g] = append(asked[g], d)
			continue
		}
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
	for _, g := range slices.Sorted(maps.Keys(asked)) {
		p.joinAsked(plan, asked[g])
		for _, d := range asked[g] {
			p.add(plan, d)
		}
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

// joinAsked puts orders into one parcel because a person said so. Where that cannot be,
// they are held: to send them apart is not what was asked for.
func (p *planner) joinAsked(plan *ledger.Plan, all []*decision) {
	group := slices.DeleteFunc(slices.Clone(all), func(d *decision) bool { return d.outside != "" })
	if len(group) < 2 {
		return // the others are cancelled, or gone
	}
	events := len(plan.Events)
	wrong := p.unlike(group)
	if wrong == "" && !slices.ContainsFunc(group, func(d *decision) bool { return !d.free() }) {
		if p.join(plan, group); len(parcels(group)) > 1 {
			wrong = "one parcel of them does not fit the warehouse's file"
		}
	}
	for _, d := range group {
		i := slices.IndexFunc(group, func(x *decision) bool { return x != d && !x.free() })
		switch {
		case wrong != "":
			d.hold(order.HoldMerge, "", "", "%s", wrong)
		case d.free() && i >= 0:
			d.hold(order.HoldMerge, "", "", "order %s, which goes in the same parcel, is on hold", group[i].row.Order.Number)
		}
	}
	if wrong != "" {
		plan.Events = plan.Events[:events]
	}
}

func parcels(ds []*decision) (out []*parcel) {
	for _, d := range ds {
		out = append(out, d.parcels...)
	}
	return out
}

// unlike tells what keeps orders from going in one parcel, beside their holds.
func (p *planner) unlike(ds []*decision) string {
	first := ds[0]
	for _, d := range ds {
		number := d.row.Order.Number
		switch {
		case len(d.row.Order.Packages) != 1:
			return fmt.Sprintf("order %s has several recipients", number)
		case len(d.parcels) == 0:
			if d.free() {
				return fmt.Sprintf("order %s has no parcel", number)
			}
			continue // its holds say why
		case len(d.parcels) > 1:
			return fmt.Sprintf("order %s goes in several parcels by itself", number)
		case d.parcels[0].in.Collect != 0:
			return fmt.Sprintf("order %s is paid on delivery", number)
		case len(first.parcels) != 1:
			first = d
			continue
		}
		a, b := first.parcels[0].in, d.parcels[0].in
		key, other := address.Key(&a.To), address.Key(&b.To)
		for _, x := range []struct{ what, a, b string }{
			{"warehouses", a.Warehouse, b.Warehouse},
			{"temperature classes", string(a.Temperature), string(b.Temperature)},
			{"delivery services", a.Service, b.Service},
			{"time bands", a.TimeBand, b.TimeBand},
			{"delivery dates", string(a.DeliverOn), string(b.DeliverOn)},
			{"shipping days", string(a.ShipOn), string(b.ShipOn)},
			{"payment methods", a.Payment, b.Payment},
		} {
			if x.a != x.b {
				return fmt.Sprintf("the %s of orders %s and %s differ: %s, %s", x.what, first.row.Order.Number, number, cmp.Or(x.a, "–"), cmp.Or(x.b, "–"))
			}
		}
		switch {
		case key == "" || key != other:
			return fmt.Sprintf("the recipients of orders %s and %s differ", first.row.Order.Number, number)
		case a.CustomsID != b.CustomsID:
			return fmt.Sprintf("the customs numbers of orders %s and %s differ", first.row.Order.Number, number)
		}
	}
	return ""
}

// Merge lets orders of one account go in one parcel by a person's word, with those that go
// with one of them already, if they can as they are now.
func Merge(ctx context.Context, env *stage.Env, rows []ledger.Row, note, actor string) error {
	all := map[int64]ledger.Row{}
	var ids []int64
	for _, r := range rows {
		fellows, err := env.Ledger.Fellows(ctx, r.ID)
		if err != nil {
			return err
		}
		for _, x := range append(fellows, r) {
			all[x.ID] = x
		}
		ids = append(ids, r.ID)
	}
	list := make([]ledger.Row, 0, len(all))
	for _, id := range slices.Sorted(maps.Keys(all)) {
		if all[id].Account != rows[0].Account {
			return order.Errorf(order.Conflict, "only orders of one account go in one parcel", "order %s is of another account", all[id].Order.Number)
		}
		list = append(list, all[id])
	}
	if err := Together(ctx, env, rows[0].Account, list); err != nil {
		return err
	}
	return env.Ledger.Merge(ctx, ids, note, actor, env.Now())
}

// Together tells whether orders of an account, as they are now, can go in one parcel. The
// error names what differs.
func Together(ctx context.Context, env *stage.Env, account string, rows []ledger.Row) error {
	a, ok := env.Workspace.Account(account)
	if !ok {
		return order.Errorf(order.NotFound, "look into accounts/", "no account %s", account)
	}
	p, err := newPlanner(ctx, env, a)
	if err == nil {
		err = p.open(ctx, env.Now())
	}
	if err != nil {
		return err
	}
	rows = slices.Clone(rows)
	for i := range rows {
		if rows[i].Wish, err = env.Ledger.WishOf(ctx, rows[i].ID); err != nil {
			return err
		}
		rows[i].Wish.Together, rows[i].Wish.Apart, rows[i].Wish.Split = rows[0].ID, false, ""
	}
	ds, err := p.decideAll(ctx, rows, env.Now())
	if err != nil {
		return err
	}
	for _, d := range ds {
		if d.outside != "" {
			return order.Errorf(order.Conflict, "its page says why", "order %s is outside", d.row.Order.Number)
		}
	}
	wrong := p.unlike(ds)
	if wrong == "" && !slices.ContainsFunc(ds, func(d *decision) bool { return !d.free() }) {
		if p.join(&ledger.Plan{}, ds); len(parcels(ds)) > 1 {
			wrong = "one parcel of them does not fit the warehouse's file"
		}
	}
	if wrong != "" {
		return order.Errorf(order.Conflict, "mend what differs first, or leave them apart", "%s", wrong)
	}
	return nil
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
