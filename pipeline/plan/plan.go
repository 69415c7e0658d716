// Package plan decides what becomes of an account's orders: outside, held for a
// stated reason, or made into instructions for a warehouse.
//
// Planning the same ledger with the same configuration and clock gives the same
// result. Orders on hold are judged again at every run, so a hold ends by itself
// when its cause is repaired, and never by time alone.
package plan

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/mallbridge/mallbridge/configs"
	"github.com/mallbridge/mallbridge/internal/fault"
	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/mappers/calendar"
	"github.com/mallbridge/mallbridge/mappers/status"
	"github.com/mallbridge/mallbridge/order"
	"github.com/mallbridge/mallbridge/pipeline/files"
	"github.com/mallbridge/mallbridge/pipeline/stage"
)

var atApplied = fault.Point("plan.applied")

// page is how many orders are decided and stored together.
const page = 2000

// Run plans what is pending for an account.
func Run(ctx context.Context, env *stage.Env, target string) (stage.Report, error) {
	var rep stage.Report
	a, ok := env.Workspace.Account(target)
	if !ok {
		return rep, order.Errorf(order.NotFound, "look into accounts/", "no account %s", target)
	}
	if !a.Enabled {
		return rep, nil
	}
	held := map[int64]bool{}
	for try := 1; ; try++ {
		p, err := newPlanner(ctx, env, a)
		if err == nil {
			p.held = held
			err = p.run(ctx, &rep)
		}
		switch {
		case err == nil:
			return rep, nil
		case errors.Is(err, ledger.ErrChanged) && try < tries:
			// What was stored stays; what stands is counted again.
			rep.Waiting = 0
			delete(rep.Counts, "still held")
		default:
			return rep, fmt.Errorf("plan: %s: %w", a.Name, err)
		}
	}
}

// tries is how often planning begins again because a mall, a sheet or a person
// changed an order between reading and storing.
const tries = 5

type planner struct {
	env      *stage.Env
	account  *configs.Account
	id       int64
	statuses *status.Resolver
	since    order.Date
	sites    map[string]*site
	known    map[string]bool // remarks that need no person
	sender   order.Party
	mayMerge bool
	twins    map[int64]bool
	aside    map[int64][]int64 // ids of orders that may be merged, by recipient
	asked    map[int64][]int64 // ids of orders that a person wants in one parcel, by the first
	held     map[int64]bool    // orders that this run put on hold

	memories []*memory // by worker
	count    int64     // orders that were decided

	mu       sync.Mutex
	listings map[string]ledger.Listing
}

// A site is a warehouse as planning sees it.
type site struct {
	cfg *configs.Warehouse
	id  int64
	cal *calendar.Calendar
	out *files.Out
	// maybe is the moment before which orders may have been sent unknown to the ledger.
	maybe time.Time
}

func newPlanner(ctx context.Context, env *stage.Env, a *configs.Account) (*planner, error) {
	p := &planner{
		env: env, account: a, sites: map[string]*site{}, known: map[string]bool{},
		sender: a.Sender.Party(a.Country), mayMerge: !a.Merge.Never, listings: map[string]ledger.Listing{}, aside: map[int64][]int64{}, asked: map[int64][]int64{},
	}
	now := env.Now()
	id, registered, err := env.Ledger.Account(ctx, a.Name, now)
	if err != nil {
		return nil, err
	}
	p.id = id
	if _, err := env.Ledger.Relink(ctx, id, linksMark(env.Workspace, a), now); err != nil {
		return nil, err
	}
	for range max(min(runtime.GOMAXPROCS(0)-1, 4), 1) {
		p.memories = append(p.memories, newMemory())
	}
	p.since = a.Since(now, order.DateOf(registered.In(a.Location)))
	p.statuses = a.Status
	for _, s := range a.Remarks.Known {
		p.known[foldRemark(s)] = true
	}
	return p, nil
}

// open reads what planning needs of the warehouses.
func (p *planner) open(ctx context.Context, now time.Time) error {
	ids, err := p.env.Ledger.Warehouses(ctx)
	if err != nil {
		return err
	}
	maybe, err := p.env.Ledger.AllMaybeSent(ctx)
	if err != nil {
		return err
	}
	for _, w := range p.env.Workspace.Warehouses {
		s := &site{cfg: w, cal: w.Days, id: ids[w.Name], maybe: maybe[w.Name]}
		if s.id == 0 {
			if s.id, err = p.env.Ledger.Warehouse(ctx, w.Name); err != nil {
				return err
			}
		}
		if s.out, err = files.NewOut(p.env, w, "", now); err != nil {
			return err
		}
		p.sites[w.Name] = s
	}
	return nil
}

// linksMark changes whenever a line of the account may be another SKU than before.
func linksMark(w *configs.Workspace, a *configs.Account) string {
	return w.SKUs.Mark() + " " + strings.Join(a.SKUFrom, ",")
}

func (p *planner) run(ctx context.Context, rep *stage.Report) error {
	some, err := p.env.Ledger.AnyPending(ctx, p.id)
	if err == nil && some {
		err = p.all(ctx, rep)
	}
	if err != nil {
		return err
	}
	warned, err := p.env.Ledger.Warned(ctx, p.id)
	rep.Add("to be looked at", warned)
	rep.Waiting += warned
	return err
}

// all plans what is pending.
func (p *planner) all(ctx context.Context, rep *stage.Report) error {
	now := p.env.Now()
	err := p.open(ctx, now)
	if err == nil && p.mayMerge {
		p.twins, err = p.env.Ledger.Twins(ctx, p.id)
	}
	if err != nil {
		return err
	}
	for _, s := range []ledger.State{ledger.Recheck, ledger.Held, ledger.Seen} {
		if err := p.pages(ctx, s, now, rep); err != nil {
			return err
		}
	}
	if err := p.merged(ctx, now, rep); err != nil {
		return err
	}
	ls := make([]ledger.Listing, 0, len(p.listings))
	for _, l := range p.listings {
		ls = append(ls, l)
	}
	slices.SortFunc(ls, func(a, b ledger.Listing) int { return compare(a.Code, b.Code) })
	return p.env.Ledger.PutListings(ctx, p.id, ls, now)
}

func compare(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// pages reads, decides and stores the orders of one state. While a page is
// stored, which the caller's goroutine does, the next is decided and the one after
// it read.
func (p *planner) pages(ctx context.Context, s ledger.State, now time.Time, rep *stage.Report) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	g, ctx := errgroup.WithContext(ctx)
	read, decided := make(chan []ledger.Row, 1), make(chan []*decision, 1)
	g.Go(func() error {
		defer close(read)
		// The first page is small, so that the others begin soon.
		for n, after := page/4, int64(0); ; n = page {
			rows, err := p.env.Ledger.Pending(ctx, p.id, s, after, n)
			if err != nil || len(rows) == 0 {
				return err
			}
			after = rows[len(rows)-1].ID
			if err := send(ctx, read, rows); err != nil {
				return err
			}
		}
	})
	g.Go(func() error {
		defer close(decided)
		for rows := range read {
			ds, err := p.decideAll(ctx, p.alone(rows), now)
			if err == nil {
				err = send(ctx, decided, ds)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	for ds := range decided {
		if err := p.store(ctx, ds, now, rep); err != nil {
			if ctx.Err() != nil { // it was not the store that failed first
				return errors.Join(g.Wait(), err)
			}
			cancel()
			_ = g.Wait() // what the others say of the end
			return err
		}
	}
	return g.Wait()
}

func send[T any](ctx context.Context, to chan<- T, v T) error {
	select {
	case to <- v:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (p *planner) decideAll(ctx context.Context, rows []ledger.Row, now time.Time) ([]*decision, error) {
	ds, all := make([]*decision, len(rows)), make([]decision, len(rows))
	errs := make([]error, len(rows))
	var wg sync.WaitGroup
	for n, mem := range p.memories {
		wg.Go(func() {
			for i := n; i < len(rows); i += len(p.memories) {
				ds[i] = &all[i]
				ds[i].row, ds[i].mem = &rows[i], mem
				errs[i] = p.judge(ctx, ds[i], now)
			}
		})
	}
	wg.Wait()
	return ds, errors.Join(errs...)
}

// judge decides one order, checks its parcels against the warehouse's file,
// and takes away the holds that a person released.
func (p *planner) judge(ctx context.Context, d *decision, now time.Time) error {
	row := d.row
	p.decide(d, now)
	if d.outside == "" {
		if d.doubt = d.maybeSent(); d.doubt != nil && row.State != ledger.Recheck {
			d.holds = append(d.holds, *d.doubt)
		}
		d.holds = slices.DeleteFunc(d.holds, d.settled)
		own := len(d.holds)
		for _, pc := range d.parcels {
			for _, h := range pc.w.out.Check(pc.in) {
				if !explained(d.holds[:own], h) {
					d.holds = append(d.holds, h)
				}
			}
		}
	}
	if row.Reason == order.HoldPerson && d.outside == "" {
		hs, err := p.env.Ledger.HoldsOf(ctx, row.ID)
		if err != nil {
			return err
		}
		for _, h := range hs {
			if h.Reason == order.HoldPerson {
				d.holds = append([]order.Hold{h.Hold}, d.holds...)
			}
		}
	}
	d.holds = slices.DeleteFunc(d.holds, d.settled)
	if d.outside == order.OutUnshipped || d.outside == "" && len(d.holds) > 0 {
		d.wants = p.wants(row.Order)
	}
	return nil
}

// maybeSent is the hold of an order that its warehouse may have got before the ledger
// was restored, unless a person says that it has not. Of an order that has instructions
// it concerns what is in none of them.
func (d *decision) maybeSent() *order.Hold {
	for _, pc := range d.parcels {
		if at := d.row.Order.Ordered.UTC; at.Before(pc.w.maybe) && !d.released(order.HoldMaybeSent) {
			return &order.Hold{Reason: order.HoldMaybeSent, Detail: fmt.Sprintf("placed before the ledger was restored on %s; %s may have it", pc.w.maybe.In(pc.w.cfg.Location).Format("2006-01-02 15:04"), pc.w.cfg.Name)}
		}
	}
	return nil
}

// wants is what an order that is not instructed needs of the warehouses, for the
// sellable stock.
func (p *planner) wants(o *order.Order) []ledger.Want {
	var out []ledger.Want
	for _, n := range p.env.Workspace.SKUs.Needs(p.account.Name, p.account.Mall, p.account.SKUFrom, o, p.account.OrderDay(o)) {
		out = append(out, ledger.Want{SKU: strings.Clone(n.SKU), Code: strings.Clone(n.Code), Quantity: n.Quantity})
	}
	return out
}

// settled reports whether a person's word has ended a hold.
func (d *decision) settled(h order.Hold) bool { return d.released(h.Reason) && Releasable(h.Reason) }

// explained reports whether a field that the warehouse's file wants is missing for a
// reason that is stated already.
func explained(holds []order.Hold, h order.Hold) bool {
	return slices.ContainsFunc(holds, func(x order.Hold) bool {
		return x.Field == h.Field && h.Field != "" || x.Reason == order.HoldDelivery && h.Field == "instruction.service"
	})
}

// Releasable reports whether a person's word can end a hold. A missing SKU or a
// character that cannot be written needs a repair.
func Releasable(r order.Reason) bool {
	switch r {
	case order.HoldSKU, order.HoldPayment, order.HoldDelivery, order.HoldTimeBand, order.HoldStatus, order.HoldCharacter, order.HoldLength,
		order.HoldRequired, order.HoldCode, order.HoldQuantity, order.HoldWarehouse, order.HoldMerge:
		return false
	}
	return true
}

// store writes a page of decisions.
func (p *planner) store(ctx context.Context, ds []*decision, now time.Time, rep *stage.Report) error {
	plan := &ledger.Plan{Orders: make([]ledger.Disposition, 0, len(ds)), Instructions: make([]ledger.NewInstruction, 0, len(ds))}
	kept := map[int64][]int64{} // by order: instructions that stay as they are
	p.count += int64(len(ds))
	p.env.At("orders planned", "", p.count, 0)
	for _, d := range ds {
		if d.row.State == ledger.Recheck {
			stay, err := p.recheck(ctx, d, plan, now)
			if err != nil {
				return err
			}
			kept[d.row.ID] = stay
			continue
		}
		if p.mayMerge && d.free() && p.waits(d, now) {
			p.wait(d)
		}
		p.add(plan, d)
	}
	shared(plan, kept)
	return p.apply(ctx, plan, now, rep)
}

// shared leaves out of a plan the orders whose instructions another order of the
// plan takes back: they were merged, and are planned again as new ones.
func shared(plan *ledger.Plan, kept map[int64][]int64) {
	slices.Sort(plan.Withdraw)
	plan.Withdraw = slices.Compact(plan.Withdraw)
	if len(plan.Withdraw) == 0 {
		return
	}
	plan.Orders = slices.DeleteFunc(plan.Orders, func(x ledger.Disposition) bool {
		return slices.ContainsFunc(kept[x.ID], func(id int64) bool {
			_, found := slices.BinarySearch(plan.Withdraw, id)
			return found
		})
	})
}

// add puts the outcome of one order into a plan.
func (p *planner) add(plan *ledger.Plan, d *decision) {
	x := ledger.Disposition{ID: d.row.ID, Version: d.row.Version, Was: d.row.State}
	switch {
	case d.outside != "":
		x.State, x.Reason, x.Wants = ledger.Outside, d.outside, d.wants
	case len(d.holds) > 0:
		x.State, x.Reason, x.Holds, x.Wants = ledger.Held, d.holds[0].Reason, d.holds, d.wants
		if x.Wants == nil { // it waits for others to the same recipient
			x.Wants = p.wants(d.row.Order)
		}
	default:
		x.State = ledger.Planned
		for _, pc := range d.parcels {
			plan.Instructions = append(plan.Instructions, p.instruction(pc))
		}
	}
	plan.Orders = append(plan.Orders, x)
	if d.row.State == ledger.Held && x.State == ledger.Held {
		return // what the rules did is in the events since the first time
	}
	for _, e := range d.effects {
		plan.Events = append(plan.Events, ledger.Event{Kind: "rule.applied", OrderID: d.row.ID, Detail: e.String()})
	}
}

func (p *planner) instruction(pc *parcel) ledger.NewInstruction {
	n := pc.w.cfg.Number
	return ledger.NewInstruction{Instruction: pc.in, WarehouseID: pc.w.id, AccountID: p.id, Prefix: n.Prefix, Width: n.Width, Pieces: pc.bits}
}

func (p *planner) apply(ctx context.Context, plan *ledger.Plan, now time.Time, rep *stage.Report) error {
	if len(plan.Orders) == 0 && len(plan.Withdraw) == 0 {
		return nil
	}
	if err := p.env.Ledger.Apply(ctx, plan, now); err != nil {
		return err
	}
	fault.At(atApplied)
	for i := range plan.Orders {
		switch x := &plan.Orders[i]; x.State {
		case ledger.Held:
			switch {
			case x.Was != ledger.Held:
				p.held[x.ID] = true
				rep.Add("held", 1)
			case !p.held[x.ID]:
				rep.Add("still held", 1)
			}
			if x.Reason.Info().Who != order.Nobody {
				rep.Waiting++
			}
		case ledger.Outside:
			rep.Add("outside", 1)
		default:
			rep.Add("planned", 1)
		}
	}
	rep.Add("instructions", int64(len(plan.Instructions)))
	return nil
}

// listed remembers a listing for the list of those without a SKU.
func (p *planner) listed(code string, l *order.Line, linked bool) {
	if code == "" {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, ok := p.listings[code]; !ok {
		code = strings.Clone(code)
		p.listings[code] = ledger.Listing{
			Code: code, Name: strings.Clone(l.Name), Option: strings.Clone(l.Option), Barcode: strings.Clone(l.Codes.Barcode), Linked: linked,
		}
	}
}
