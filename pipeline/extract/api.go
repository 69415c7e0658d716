package extract

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/internal/fault"
	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/order"
	"github.com/mallbridge/mallbridge/pipeline/files"
)

// The feeds of windows in the ledger.
const (
	feedOrders = "orders"
	feedClaims = "claims"
	feedAgain  = "again" // when windows were last read a second time
)

// batch is how many orders are confirmed or read again in one go.
const batch = 200

// An asker asks one account's mall.
type asker struct {
	*extractor
	mall  *connectors.Mall
	since time.Time // orders placed before are not wanted

	confirms map[string]bool // statuses in which an order waits for its confirmation
	claimed  map[string]bool // order numbers with an open claim
	listed   map[string]bool // what the mall says is still to be shipped, in this run
	fresh    map[string]bool // what came in new windows
	last     bool            // an order that does not come now will not come
}

// ask asks the mall by API: claims first, so that no order that a buyer wants back
// is taken; then orders; then those that have left the mall's list; then it
// confirms. Everything is stored as it came before anything is made of it.
func (x *extractor) ask(ctx context.Context) error {
	a, err := x.asker(ctx)
	if err != nil {
		return err
	}
	if !x.env.Malls.Due(x.env, x.account, a.mall) {
		return nil
	}
	for _, step := range []func(context.Context) error{a.claims, a.orders, a.left, a.confirm} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	x.env.Malls.Asked(x.env, x.account)
	return nil
}

func (x *extractor) asker(ctx context.Context) (*asker, error) {
	m, err := x.env.Malls.Open(x.env, x.account)
	if err != nil {
		return nil, err
	}
	_, registered, err := x.env.Ledger.Account(ctx, x.account.Name, x.env.Now())
	if err != nil {
		return nil, err
	}
	a := &asker{extractor: x, mall: m, confirms: map[string]bool{}, listed: map[string]bool{}, fresh: map[string]bool{}}
	for _, s := range m.About().Confirms {
		a.confirms[s] = true
	}
	first := order.DateOf(registered.In(x.account.Location))
	if a.since, err = startOf(x.account.Since(x.env.Now(), first), x.account.Location); err != nil {
		return nil, err
	}
	a.claimed, err = x.env.Ledger.OpenClaims(ctx, x.id)
	return a, err
}

func startOf(d order.Date, loc *time.Location) (time.Time, error) {
	return time.ParseInLocation("2006-01-02", string(d), loc)
}

// claims reads what buyers asked for, and the orders it is about again.
func (a *asker) claims(ctx context.Context) error {
	if !a.mall.Can("claims") {
		return nil
	}
	until, _, err := a.env.Ledger.ReadUntil(ctx, a.id, feedClaims)
	if err != nil {
		return err
	}
	touched := map[string]bool{}
	for _, w := range a.mall.ClaimReads(a.env.Now(), a.since, until) {
		got, err := a.read(ctx, "claims", "claims "+w.In(a.account.Location).String(), a.mall.Claims(ctx, w))
		if err != nil {
			return fmt.Errorf("claims %s: %w", w.In(a.account.Location), err)
		}
		for _, n := range got.touched {
			touched[n] = true
		}
		if err := a.env.Ledger.Covered(ctx, a.id, feedClaims, w.From, w.To, a.env.Now()); err != nil {
			return err
		}
	}
	if a.claimed, err = a.env.Ledger.OpenClaims(ctx, a.id); err != nil {
		return err
	}
	a.rep.Add("claims", int64(len(touched)))
	return a.again(ctx, slices.Sorted(maps.Keys(touched)))
}

// orders reads the windows that are due.
func (a *asker) orders(ctx context.Context) error {
	now := a.env.Now()
	until, _, err := a.env.Ledger.ReadUntil(ctx, a.id, feedOrders)
	if err != nil {
		return err
	}
	_, again, err := a.env.Ledger.ReadUntil(ctx, a.id, feedAgain)
	if err != nil {
		return err
	}
	plan := a.mall.Reads(now, connectors.Progress{
		Since: a.since, Read: until, Rescanned: again, LookBack: time.Duration(a.account.LookbackDays) * 24 * time.Hour,
	})
	if err := a.lost(ctx, plan.Lost); err != nil {
		return err
	}
	for _, r := range plan.Reads {
		if err := ctx.Err(); err != nil {
			return err
		}
		got, err := a.read(ctx, "orders", string(r.Kind)+" "+r.In(a.account.Location).String(), a.mall.Read(ctx, r))
		if err != nil {
			return fmt.Errorf("%s %s: %w", r.Kind, r.Window.In(a.account.Location), err)
		}
		switch r.Kind {
		case connectors.ReadNew:
			maps.Copy(a.fresh, got.numbers)
			if err := a.env.Ledger.Covered(ctx, a.id, feedOrders, r.From, r.To, a.env.Now()); err != nil {
				return err
			}
			a.rep.Add("windows", 1)
		case connectors.ReadOpen:
			maps.Copy(a.listed, got.numbers)
		case connectors.ReadAgain:
		}
		if err := a.again(ctx, got.missing); err != nil {
			return err
		}
	}
	if plan.Rescan {
		return a.env.Ledger.Covered(ctx, a.id, feedAgain, a.since, now, now)
	}
	return nil
}

func (a *asker) lost(ctx context.Context, w connectors.Window) error {
	if w.Empty() {
		return nil
	}
	fresh, err := a.env.Ledger.Lost(ctx, a.id, feedOrders, w.From, w.To, a.env.Now())
	if err == nil && fresh {
		a.rep.Waiting++
		a.rep.Add("lost windows", 1)
		a.rep.Notef("%s: the mall no longer tells of orders placed between %s and %s; if there are any, drop them as a sheet", a.account.Name,
			w.From.In(a.account.Location).Format("2006-01-02 15:04"), w.To.In(a.account.Location).Format("2006-01-02 15:04"))
	}
	return err
}

// left reads again what the mall listed as still to be shipped the last time and
// does not any more: it was shipped, changed or cancelled.
func (a *asker) left(ctx context.Context) error {
	if !a.mall.Can("open") || !a.mall.Can("reread") {
		return nil
	}
	was, err := a.env.Ledger.Listed(ctx, a.id)
	if err != nil {
		return err
	}
	var gone, add []string
	for n := range was {
		if !a.listed[n] && !a.fresh[n] {
			gone = append(gone, n)
		}
	}
	for _, seen := range []map[string]bool{a.listed, a.fresh} {
		for n := range seen {
			if !was[n] {
				add = append(add, n)
			}
		}
	}
	slices.Sort(gone)
	slices.Sort(add)
	// What is new is noted first: an order that is read again after a crash does no
	// harm, one that nobody looks at does.
	if err := a.env.Ledger.Relist(ctx, a.id, add, nil); err != nil {
		return err
	}
	if err := a.again(ctx, gone); err != nil {
		return err
	}
	return a.env.Ledger.Relist(ctx, a.id, nil, gone)
}

// again reads single orders again. Those that the mall no longer gives are
// cancelled, as far as they are known.
func (a *asker) again(ctx context.Context, numbers []string) error {
	if len(numbers) == 0 || !a.mall.Can("reread") {
		return nil
	}
	a.last = true
	defer func() { a.last = false }()
	for part := range slices.Chunk(numbers, batch) {
		got, err := a.read(ctx, "orders", fmt.Sprintf("again, %d orders", len(part)), a.mall.Reread(ctx, part))
		if err != nil {
			return fmt.Errorf("read %d orders again: %w", len(part), err)
		}
		if err := a.vanish(ctx, got.missing); err != nil {
			return err
		}
	}
	return nil
}

// vanish gives orders that the mall no longer has the mall's status for cancelled
// ones.
func (a *asker) vanish(ctx context.Context, numbers []string) error {
	i := slices.IndexFunc(a.mall.About().Statuses, func(s connectors.Status) bool { return s.Class == "cancelled" })
	if len(numbers) == 0 || i < 0 {
		return nil
	}
	known, err := a.env.Ledger.Known(ctx, a.account.Name, numbers)
	if err != nil || len(known) == 0 {
		return err
	}
	in := make([]ledger.Intake, len(known))
	for j, o := range known {
		o.Status, o.SubStatus = a.mall.About().Statuses[i].Code, ""
		in[j] = ledger.Intake{Order: o, Row: int64(j + 1), Recipient: recipient(o)}
	}
	n, err := a.env.Ledger.PutOrders(ctx, a.id, 0, in, a.env.Now())
	a.rep.Add("changed orders", n.Changed)
	a.rep.Add("vanished orders", n.Changed)
	return err
}

// unknown returns those of the numbers that the ledger has no order for.
func (a *asker) unknown(ctx context.Context, numbers []string) ([]string, error) {
	known, err := a.env.Ledger.Known(ctx, a.account.Name, numbers)
	return slices.DeleteFunc(slices.Clone(numbers), func(n string) bool {
		return slices.ContainsFunc(known, func(o *order.Order) bool { return o.Number == n })
	}), err
}

// got is what came of one read.
type got struct {
	numbers map[string]bool // of the orders that came
	missing []string        // that a list named and the mall did not give
	touched []string        // known orders whose claims changed
}

// read keeps the replies of one read as they came, then stores what is in them. If
// the read broke off, what came before is stored all the same, and the error is
// returned.
func (a *asker) read(ctx context.Context, what, name string, pages iter.Seq2[connectors.Page, error]) (got, error) {
	f, missing, err := a.keep(ctx, what, name, pages)
	if f.ID == 0 {
		return got{missing: missing}, err
	}
	fault.At(atKept)
	g, e := a.pages(ctx, f)
	g.missing = missing
	return g, errors.Join(err, e)
}

// keep writes pages into one file of the archive. A read without records leaves
// none.
func (a *asker) keep(ctx context.Context, what, name string, pages iter.Seq2[connectors.Page, error]) (f ledger.File, missing []string, err error) {
	raw, err := os.CreateTemp("", "mallbridge-pages-*")
	if err != nil {
		return f, nil, err
	}
	defer os.Remove(raw.Name())
	defer raw.Close()
	some := false
	var broke error
	for p, err := range pages {
		if err != nil {
			broke = err
			break
		}
		missing = append(missing, p.Missing...)
		if len(p.Keys) == 0 && len(p.Missing) == 0 {
			continue
		}
		some = true
		if err := connectors.WritePage(raw, p); err != nil {
			return f, nil, err
		}
	}
	if !some {
		return f, missing, broke
	}
	if _, err := raw.Seek(0, io.SeekStart); err != nil {
		return f, nil, err
	}
	f, err = files.Keep(ctx, a.env, ledger.FilePages, a.account.Name, a.account.Mall+" "+what+" "+files.Stamp(a.env.Now())+".pages.gz", raw)
	if err != nil {
		return f, nil, err
	}
	f.Message = name
	return f, missing, broke
}

// pages stores what a file of kept replies holds and finishes its record. It may
// be called again after a crash.
func (a *asker) pages(ctx context.Context, f ledger.File) (got, error) {
	g := got{numbers: map[string]bool{}}
	raw, err := os.Open(a.env.Workspace.Path(a.env.Workspace.Settings.Archive, f.Path))
	if err != nil {
		return g, err
	}
	defer raw.Close()
	st := a.store(ctx, f)
	var refused []ledger.Refusal
	var claims []ledger.BuyerClaim
	var confirm []string
	row := int64(0)
	one := func(p connectors.Page) error {
		parsed, err := a.mall.Parse(p)
		if err != nil {
			return err
		}
		for i := range parsed.Orders {
			o := &parsed.Orders[i]
			row++
			if o.Currency == "" {
				o.Currency = a.account.Currency
			}
			g.numbers[o.Number] = true
			if a.claimed[o.Number] && !slices.Contains(o.Flags, order.FlagClaim) {
				o.Flags = append(o.Flags, order.FlagClaim)
			}
			if a.confirms[o.Status] {
				confirm = append(confirm, o.Number)
			}
			if err := st.add(o, row); err != nil {
				return err
			}
		}
		if a.last {
			gone, err := a.unknown(ctx, p.Missing)
			if err != nil {
				return err
			}
			for _, n := range gone {
				parsed.Refused = append(parsed.Refused, connectors.Refusal{Order: n, Reason: order.RefusedGone, Detail: "the mall lists the order and does not give it"})
			}
		}
		for _, r := range parsed.Refused {
			row++
			refused = append(refused, ledger.Refusal{Line: row, Order: r.Order, Field: r.Field, Value: r.Value, Reason: r.Reason, Detail: strings.TrimPrefix(r.Record+": "+r.Detail, ": ")})
		}
		for _, c := range parsed.Claims {
			row++
			claims = append(claims, ledger.BuyerClaim{
				Key: c.Key, Kind: string(c.Kind), State: string(c.State), Order: c.Order, Package: c.Package, Line: c.Line, Quantity: c.Quantity, Reason: c.Reason, At: c.At.UTC,
			})
		}
		return nil
	}
	var bad error
	err = connectors.ReadPages(raw, func(p connectors.Page) bool { bad = one(p); return bad == nil })
	counts, stored := st.close()
	if err := errors.Join(err, stored); err != nil {
		return g, err
	}
	if bad != nil {
		f.State, f.Message = ledger.FileRefused, bad.Error()
		return g, errors.Join(bad, a.env.Ledger.FinishFile(ctx, f, a.env.Now()))
	}
	if a.account.AutoConfirmation && a.mall.Can("confirm") {
		if err := a.env.Ledger.WantConfirm(ctx, a.id, confirm, a.env.Now()); err != nil {
			return g, err
		}
	}
	if g.touched, err = a.env.Ledger.PutClaims(ctx, a.id, claims, a.env.Now()); err != nil {
		return g, err
	}
	f.Rows, f.Taken, f.Refused = row, row-int64(len(refused)), int64(len(refused))
	if f.OrdersRefused, err = a.refuse(ctx, f, refused); err != nil {
		return g, err
	}
	fault.At(atRead)
	f.State, f.Format = ledger.FileDone, a.account.Mall
	a.rep.Add("replies", 1)
	a.rep.Add("new orders", counts.New)
	a.rep.Add("changed orders", counts.Changed)
	a.rep.Add("known orders", counts.Same)
	err = a.env.Ledger.FinishFile(ctx, f, a.env.Now())
	fault.At(atDone)
	return g, err
}

// refuse stores what was refused and tells people of what is new; it returns how
// many orders that is.
func (a *asker) refuse(ctx context.Context, f ledger.File, refused []ledger.Refusal) (int64, error) {
	if len(refused) == 0 {
		return 0, nil
	}
	before, err := a.env.Ledger.RefusedBefore(ctx, a.account.Name, f.ID)
	if err != nil {
		return 0, err
	}
	fresh, shown := int64(0), 0
	for _, r := range refused {
		key := r.Order
		if key == "" {
			key = r.Detail
		}
		if before[key] {
			continue
		}
		before[key] = true
		fresh++
		if shown++; shown <= maxShown {
			a.rep.Notef("%s: order %s was refused: %s", a.account.Name, r.Order, strings.TrimPrefix(fmt.Sprintf("%s %q: %s", r.Field, r.Value, r.Detail), ` "": `))
		}
	}
	a.rep.Waiting += fresh
	a.rep.Add("refused orders", fresh)
	return fresh, a.env.Ledger.PutRefusals(ctx, f.ID, refused[:min(len(refused), maxRefusals)])
}

// confirm tells the mall that orders were taken, and reads them again: with the
// confirmation some malls show more, and buyers can no longer change the address.
func (a *asker) confirm(ctx context.Context) error {
	if !a.account.AutoConfirmation || !a.mall.Can("confirm") {
		return nil
	}
	var errs []error
	for after := int64(0); ; {
		waiting, err := a.env.Ledger.Confirms(ctx, a.id, after, batch)
		if err != nil || len(waiting) == 0 {
			return errors.Join(append(errs, err)...)
		}
		after = waiting[len(waiting)-1].ID
		if err := a.confirmSome(ctx, waiting); err != nil {
			errs = append(errs, err)
			if ctx.Err() != nil {
				return errors.Join(errs...)
			}
		}
	}
}

func (a *asker) confirmSome(ctx context.Context, waiting []ledger.Confirm) error {
	var ends []ledger.Confirmed
	var ids []int64
	var orders []order.Order
	var numbers []string
	for _, w := range waiting {
		o := w.Order
		switch {
		case !a.confirms[o.Status]:
			// Somebody did it in the mall's back office, or an answer was lost.
			ends = append(ends, ledger.Confirmed{OrderID: w.ID, State: ledger.ConfirmDone, Detail: "the mall shows it as " + o.Status})
		case slices.Contains(o.Flags, order.FlagClaim):
		case o.Ordered.UTC.Before(a.since):
		default:
			ids, orders, numbers = append(ids, w.ID), append(orders, *o), append(numbers, o.Number)
		}
	}
	var errs []error
	for i, r := range a.mall.Confirm(ctx, orders) {
		c := ledger.Confirmed{OrderID: ids[i], Code: r.Code, Detail: r.Detail, State: ledger.ConfirmWaiting}
		switch r.Outcome {
		case connectors.Done, connectors.Already:
			c.State, c.Detail = ledger.ConfirmDone, r.Outcome.String()
			a.rep.Add("confirmed orders", 1)
		case connectors.Rejected:
			c.State = ledger.ConfirmRefused
			a.rep.Waiting++
			a.rep.Add("orders not confirmed", 1)
			a.rep.Notef("%s: the mall does not confirm order %s: %s %s", a.account.Name, orders[i].Number, r.Code, r.Detail)
		case connectors.Retry, connectors.Unknown:
			a.rep.Add("confirmations to repeat", 1)
			if r.Err != nil && len(errs) == 0 {
				errs = append(errs, fmt.Errorf("confirm: %w", r.Err))
			}
		}
		ends = append(ends, c)
	}
	if err := a.env.Ledger.PutConfirmed(ctx, ends, a.env.Now()); err != nil {
		return errors.Join(append(errs, err)...)
	}
	fault.At(atStored)
	return errors.Join(append(errs, a.again(ctx, numbers))...)
}
