// Package purge removes personal data when its time has come: from the ledger's
// documents and texts, and with the files that came in, that were made, and that
// were kept of calls.
//
// The time of an order counts from its end. One that is still open, that waits for
// a person, its mall or its warehouse, or that shares a parcel with such a one,
// keeps its data. The time of a file counts from when it came: what an open order
// needs is in the ledger. What stays is what proof and the promise to instruct
// once need: numbers, hashes, sizes, counts, tracking numbers.
package purge

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/mallbridge/mallbridge/configs"
	"github.com/mallbridge/mallbridge/internal/fault"
	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/mappers/status"
	"github.com/mallbridge/mallbridge/order"
	"github.com/mallbridge/mallbridge/pipeline/stage"
)

var (
	atOrders  = fault.Point("purge.orders")
	atWords   = fault.Point("purge.words")
	atRemoved = fault.Point("purge.file-removed")
	atShrunk  = fault.Point("purge.before-record")
)

// Options say what is removed.
type Options struct {
	// Before takes what came to its end before this instant, whatever the settings
	// say. Zero: as retention says.
	Before time.Time
	// DryRun counts and removes nothing.
	DryRun bool
	// Actor is the person who asked for it; empty for the program.
	Actor string
	// Shrink rewrites the file of a SQLite ledger however large it is, which takes
	// seconds for each gigabyte and lets nobody write meanwhile.
	Shrink bool
}

// A Result says what was removed, or would be.
type Result struct {
	ledger.Purge
	Accounts []Account `json:"accounts"`
	Folders  []Folder  `json:"folders"`
	Notes    []string  `json:"notes,omitempty"` // what could not be done, for people
}

// An Account is what an account has of it.
type Account struct {
	Name         string    `json:"account"`
	Before       time.Time `json:"before,omitzero"` // the instant before which data goes; zero: it stays for ever
	Orders       int64     `json:"orders"`
	Instructions int64     `json:"instructions"` // withdrawn ones beside those of the orders
	StillOpen    int64     `json:"still_open"`
}

// A Folder is what goes of a kind of files.
type Folder struct {
	Name  string `json:"folder"` // archive, calls, done, rejected, outbox, uploads, copies (of the ledger)
	Files int64  `json:"files"`
	Bytes int64  `json:"bytes"`
}

// smallLedger is the size up to which a ledger is rewritten whenever something was
// removed, in bytes.
const smallLedger = 1 << 30

// page is how many orders are looked at and changed together.
const page = 500

// Run removes what is due, once on each day of the workspace's zone, or when it is
// named.
func Run(ctx context.Context, env *stage.Env, _ string) (stage.Report, error) {
	var rep stage.Report
	if err := env.Ledger.MakeMonths(ctx, env.Now()); err != nil {
		return rep, err
	}
	last, err := env.Ledger.Purges(ctx, 1)
	if err != nil {
		return rep, err
	}
	if len(last) > 0 && !last[0].At.Before(midnight(env)) && !env.Named {
		return rep, nil
	}
	res, err := Now(ctx, env, Options{})
	rep.Add("purged orders", res.Orders)
	rep.Add("purged files", res.Files)
	rep.Notes = append(rep.Notes, res.Notes...)
	return rep, err
}

func midnight(env *stage.Env) time.Time {
	now := env.Now().In(zone(env))
	return time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, now.Location())
}

func zone(env *stage.Env) *time.Location {
	loc, err := time.LoadLocation(env.Workspace.Settings.Timezone)
	if err != nil {
		return time.UTC
	}
	return loc
}

// Now removes what is due, or counts it. It may be cut off at any moment and run
// again. What it did before an error is in the result, and in the ledger.
func Now(ctx context.Context, env *stage.Env, o Options) (Result, error) {
	p := &purger{env: env, o: o, now: env.Now(), folders: map[string]*Folder{}, removed: map[string]bool{}}
	p.res.At, p.res.Actor = p.now, o.Actor
	cutOff, err := begin(ctx, env, o)
	if err == nil {
		err = p.limits(ctx)
	}
	if err == nil {
		err = errors.Join(p.orders(ctx), p.files(ctx))
	}
	for _, name := range folderNames {
		if f := p.folders[name]; f != nil {
			p.res.Folders = append(p.res.Folders, *f)
			p.res.Files += f.Files
			p.res.Bytes += f.Bytes
		}
	}
	if o.DryRun || err != nil {
		return p.res, err
	}
	most := int64(smallLedger)
	if o.Shrink {
		most = 0
	}
	owed := false
	if o.Shrink || cutOff || p.res.Orders+p.res.Instructions > 0 {
		if err := env.Ledger.Shrink(ctx, most); err != nil {
			owed = true
			p.res.Notes = append(p.res.Notes, "the ledger could not be rewritten, the next purge tries again: "+err.Error())
		}
	}
	fault.At(atShrunk)
	if err := env.Ledger.PutPurge(ctx, p.res.Purge); err != nil || !owed {
		return p.res, err
	}
	return p.res, env.Ledger.SetDone(ctx, begun, p.now.Add(time.Millisecond)) // as one that was cut off
}

// begun is the name under which the ledger knows when a purge began last.
const begun = "purge"

// begin notes that a purge begins. cutOff tells that the one before did not come to
// its end: what it took out may still stand in free pages of the ledger's file.
func begin(ctx context.Context, env *stage.Env, o Options) (cutOff bool, err error) {
	if o.DryRun {
		return false, nil
	}
	at, err := env.Ledger.DoneAt(ctx, begun)
	if err != nil {
		return false, err
	}
	last, err := env.Ledger.Purges(ctx, 1)
	if err != nil {
		return false, err
	}
	cutOff = !at.IsZero() && (len(last) == 0 || last[0].At.Before(at))
	if cutOff {
		return true, nil
	}
	return false, env.Ledger.SetDone(ctx, begun, env.Now())
}

type purger struct {
	env     *stage.Env
	o       Options
	now     time.Time
	res     Result
	limit   map[string]time.Time // by account: what ended before goes; zero: nothing
	shared  time.Time            // for what belongs to several accounts: the latest of them
	folders map[string]*Folder
	removed map[string]bool // paths
}

// limits sets from when on data stays, for every account that the ledger knows.
// Accounts that are configured no longer follow the workspace.
func (p *purger) limits(ctx context.Context) error {
	names, err := p.env.Ledger.Accounts(ctx)
	if err != nil {
		return err
	}
	for _, a := range p.env.Workspace.Accounts {
		names = append(names, a.Name)
	}
	slices.Sort(names)
	p.limit = map[string]time.Time{}
	for _, name := range slices.Compact(names) {
		keep := p.env.Workspace.Settings.Retention.PersonalData
		if a, ok := p.env.Workspace.Account(name); ok {
			keep = a.Retention.PersonalData
		}
		p.limit[name] = p.before(keep)
		if p.limit[name].After(p.shared) {
			p.shared = p.limit[name]
		}
	}
	return nil
}

func (p *purger) before(keep configs.Duration) time.Time {
	switch {
	case !p.o.Before.IsZero():
		return p.o.Before
	case keep == 0:
		return time.Time{}
	}
	return p.now.Add(-keep.Std())
}

// limitOf is the limit for what an account or a warehouse owns.
func (p *purger) limitOf(owner string) time.Time {
	if at, ok := p.limit[owner]; ok {
		return at
	}
	return p.shared
}

// keepLogs is how long logs of runs are kept at most. They name nobody: it is for the
// size of the ledger.
const keepLogs = 30 * 24 * time.Hour

// orders purges the ledger.
func (p *purger) orders(ctx context.Context) error {
	names := make([]string, 0, len(p.limit))
	for name := range p.limit {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		x := Account{Name: name, Before: p.limit[name]}
		if !x.Before.IsZero() {
			if err := p.account(ctx, &x); err != nil {
				return err
			}
		}
		p.res.Accounts = append(p.res.Accounts, x)
		p.res.Orders += x.Orders
		p.res.Instructions += x.Instructions
		p.res.StillOpen += x.StillOpen
	}
	if p.o.DryRun {
		return nil
	}
	logs := p.now.Add(-keepLogs)
	if p.shared.After(logs) {
		logs = p.shared
	}
	if err := p.env.Ledger.PurgeLogs(ctx, logs); err != nil || p.shared.IsZero() {
		return err
	}
	if err := p.env.Ledger.PurgeWords(ctx, "", p.shared); err != nil {
		return err
	}
	for _, w := range p.env.Workspace.Warehouses {
		if err := p.env.Ledger.PurgeRuns(ctx, w.Name, p.shared); err != nil {
			return err
		}
	}
	return nil
}

func (p *purger) account(ctx context.Context, x *Account) error {
	id, first, err := p.env.Ledger.Account(ctx, x.Name, p.now)
	if err != nil || !first.Before(x.Before) { // nothing of it is so old
		return err
	}
	cfg, _ := p.env.Workspace.Account(x.Name)
	for after := int64(0); ; {
		ss, err := p.env.Ledger.Settled(ctx, id, x.Before, after, page)
		if err != nil {
			return err
		}
		if len(ss) == 0 {
			break
		}
		after = ss[len(ss)-1].ID
		due, open, err := p.due(ctx, cfg, ss, x.Before)
		if err != nil {
			return err
		}
		x.StillOpen += open
		if err := p.forget(ctx, x, due); err != nil {
			return err
		}
	}
	open, err := p.env.Ledger.StillOpen(ctx, id, x.Before)
	if err != nil {
		return err
	}
	x.StillOpen += open
	if p.o.DryRun {
		n, err := p.env.Ledger.Withdrawn(ctx, id, x.Before)
		x.Instructions += n
		return err
	}
	n, err := p.env.Ledger.PurgeWithdrawn(ctx, id, x.Before, p.now)
	x.Instructions += n
	if err != nil {
		return err
	}
	if err := p.env.Ledger.PurgeWords(ctx, x.Name, x.Before); err != nil {
		return err
	}
	fault.At(atWords)
	return p.env.Ledger.PurgeRuns(ctx, x.Name, x.Before)
}

func (p *purger) forget(ctx context.Context, x *Account, due []ledger.Settled) error {
	if p.o.DryRun {
		x.Orders += int64(len(due))
		seen := map[int64]bool{}
		for i := range due {
			for _, pc := range due[i].Parcels {
				seen[pc.Instruction] = true
			}
		}
		x.Instructions += int64(len(seen))
		return nil
	}
	orders, instructions, batches, err := p.env.Ledger.PurgeOrders(ctx, due, p.now)
	x.Orders += orders
	x.Instructions += instructions
	p.res.Batches += batches
	if len(due) > 0 && err == nil {
		fault.At(atOrders)
	}
	return err
}

// due returns those of the orders that came to their end before the limit, with
// the orders with which they share parcels, unless one of these is open or younger.
// open counts those of the page that have no end yet.
func (p *purger) due(ctx context.Context, a *configs.Account, ss []ledger.Settled, limit time.Time) (due []ledger.Settled, open int64, err error) {
	all := map[int64]*ledger.Settled{}
	ended := map[int64]bool{}
	var beside []int64
	judge := func(s *ledger.Settled) bool {
		at, over := p.end(a, s)
		all[s.ID], ended[s.ID] = s, over && at.Before(limit)
		return over
	}
	for i := range ss {
		if !judge(&ss[i]) {
			open++
		}
	}
	for i := range ss {
		for _, pc := range ss[i].Parcels {
			for _, id := range pc.Orders {
				if all[id] == nil {
					beside = append(beside, id)
				}
			}
		}
	}
	slices.Sort(beside)
	beside = slices.Compact(beside)
	gone := map[int64]bool{}
	for _, id := range beside {
		gone[id] = true // unless it is found: then it was purged before
	}
	others, err := p.env.Ledger.SettledByID(ctx, beside)
	if err != nil {
		return nil, 0, err
	}
	for i := range others {
		delete(gone, others[i].ID)
		judge(&others[i])
	}
	// An order stays if one beside it stays; what that one is beside stays too.
	for again := true; again; {
		again = false
		for id, s := range all {
			if !ended[id] {
				continue
			}
			for _, pc := range s.Parcels {
				if slices.ContainsFunc(pc.Orders, func(o int64) bool { return !gone[o] && !ended[o] }) {
					ended[id], again = false, true
				}
			}
		}
	}
	for id, s := range all {
		if ended[id] {
			due = append(due, *s)
		}
	}
	slices.SortFunc(due, func(a, b ledger.Settled) int { return int(a.ID - b.ID) })
	return due, open, nil
}

// end returns when an order came to its end, and whether it did. Nobody tells us of
// the delivery; the day of shipping is never later.
func (p *purger) end(a *configs.Account, s *ledger.Settled) (at time.Time, over bool) {
	if len(s.Wants) > 0 || s.State != ledger.Planned && s.State != ledger.Outside || s.State == ledger.Outside && s.Reason == order.OutUnshipped {
		return time.Time{}, false
	}
	at = s.ChangedAt
	told := s.State == ledger.Outside || p.doneAtMall(a, s.Order)
	for _, pc := range s.Parcels {
		end, over := p.parcelEnd(pc, told)
		if !over {
			return time.Time{}, false
		}
		if end.After(at) {
			at = end
		}
	}
	return at, s.State == ledger.Outside || len(s.Parcels) > 0
}

// doneAtMall reports whether the mall counts the order as shipped or over.
func (p *purger) doneAtMall(a *configs.Account, o *order.Order) bool {
	if a == nil || a.Status == nil {
		return false
	}
	pay, _ := p.env.Workspace.Payments.Map(a.Name, a.Mall, o.Payment)
	class := a.Status.Resolve(o.Status, o.SubStatus, o.Payment, pay).Class
	return class == status.Done || class == status.Cancelled
}

// parcelEnd returns when a parcel came to its end. told says that the mall, or a
// person, counts the order as over.
func (p *purger) parcelEnd(pc ledger.SettledParcel, told bool) (time.Time, bool) {
	switch pc.State {
	case ledger.InstructionShipped:
		return pc.ShippedAt, true
	case ledger.InstructionRefused, ledger.InstructionStopped:
		return pc.DeliveredAt, told
	case ledger.InstructionClaimed:
		// A warehouse without results never says more.
		w, ok := p.env.Workspace.Warehouse(pc.Warehouse)
		silent := !ok || w.Results == nil
		return pc.DeliveredAt, pc.Batch == ledger.BatchDelivered && (told || silent)
	}
	return time.Time{}, false
}
