package extract

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/internal/fault"
	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/order"
	"github.com/mallbridge/mallbridge/pipeline/intake"
)

// The feeds of windows in the ledger.
const (
	feedOrders = "orders"
	feedAgain  = "again" // when windows were last read a second time
)

// An asker asks one account's mall.
type asker struct {
	*extractor
	*intake.Reader

	listed map[string]bool // what the mall says is still to be shipped, in this run
	fresh  map[string]bool // what came in new windows
	was    map[string]bool // what the ledger has of such; nil: it was not asked yet
}

// ask asks the mall by API: claims first, so that no order that a buyer wants back
// is taken; then orders; then those that have left the mall's list; then it
// confirms. Everything is stored as it came before anything is made of it.
func (x *extractor) ask(ctx context.Context) error {
	a, err := x.asker(ctx)
	if err != nil {
		return err
	}
	if err := a.spans(ctx); err != nil {
		return err
	}
	if due, err := x.env.Malls.Due(ctx, x.env, x.account, a.Mall); !due || err != nil {
		return err
	}
	for _, step := range []func(context.Context) error{a.Claims, a.orders, a.left, a.confirm} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return x.env.Malls.Asked(ctx, x.env, x.account)
}

func (x *extractor) asker(ctx context.Context) (*asker, error) {
	r, err := intake.Open(ctx, x.env, x.account, x.rep)
	return &asker{extractor: x, Reader: r, listed: map[string]bool{}, fresh: map[string]bool{}}, err
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
	plan := a.Mall.Reads(now, connectors.Progress{
		Since: a.Since, Read: until, Rescanned: again, LookBack: time.Duration(a.account.LookbackDays) * 24 * time.Hour,
	})
	if err := a.lost(ctx, plan.Lost); err != nil {
		return err
	}
	late := int64(0)
	for _, r := range plan.Reads {
		if err := ctx.Err(); err != nil {
			return err
		}
		if a.Note = nil; r.Kind != connectors.ReadAgain {
			a.Note = a.list
		}
		got, err := a.Read(ctx, "orders", string(r.Kind)+" "+r.In(a.account.Location).String(), a.Mall.Read(ctx, r))
		if err != nil {
			return fmt.Errorf("%s %s: %w", r.Kind, r.Window.In(a.account.Location), err)
		}
		switch r.Kind {
		case connectors.ReadNew:
			maps.Copy(a.fresh, got.Numbers)
			if err := a.env.Ledger.Covered(ctx, a.id, feedOrders, r.From, r.To, a.env.Now()); err != nil {
				return err
			}
			a.rep.Add("windows", 1)
		case connectors.ReadOpen:
			maps.Copy(a.listed, got.Numbers)
		case connectors.ReadAgain:
		}
		if r.Kind != connectors.ReadNew {
			late += got.New
		}
		a.Note = nil
		if err := a.Again(ctx, got.Missing); err != nil {
			return err
		}
	}
	if late > 0 {
		if _, err := a.env.Ledger.Raise(ctx, now, ledger.Alert{Kind: order.AlertLate, Target: a.account.Name, Args: []string{fmt.Sprint(late)}}); err != nil {
			return err
		}
	}
	if plan.Rescan {
		return a.env.Ledger.Covered(ctx, a.id, feedAgain, a.Since, now, now)
	}
	return nil
}

// spans reads again what a person asked for, whatever the account's pace: the calls
// have theirs. What was not read until now is left to the windows that are due.
func (a *asker) spans(ctx context.Context) error {
	asked, err := a.env.Ledger.Spans(ctx, a.id)
	if err != nil || len(asked) == 0 {
		return err
	}
	if err := a.Claims(ctx); err != nil {
		return err
	}
	until, _, err := a.env.Ledger.ReadUntil(ctx, a.id, feedOrders)
	if err != nil {
		return err
	}
	a.Note = nil
	for _, s := range asked {
		w := a.readable(s, until)
		if w.From.After(s.From) {
			a.rep.Notef("%s: the mall no longer tells of orders placed between %s and %s; if there are any, drop them as a sheet", a.account.Name,
				s.From.In(a.account.Location).Format("2006-01-02 15:04"), minTime(w.From, s.To).In(a.account.Location).Format("2006-01-02 15:04"))
		}
		for _, part := range w.Split(time.Duration(a.Mall.About().Window.Longest)) {
			got, err := a.Read(ctx, "orders", "asked "+part.In(a.account.Location).String(), a.Mall.Read(ctx, connectors.Read{Window: part, Kind: connectors.ReadAgain}))
			if err != nil {
				return fmt.Errorf("asked %s: %w", part.In(a.account.Location), err)
			}
			if err := a.Again(ctx, got.Missing); err != nil {
				return err
			}
		}
		if err := a.env.Ledger.SpanDone(ctx, a.id, s, ledger.Window{Feed: feedOrders, From: w.From, To: w.To}, a.env.Now()); err != nil {
			return err
		}
		a.rep.Add("windows read again", 1)
	}
	return nil
}

// readable is what of a span can be read: as far back as the account wants orders and
// its mall tells of them, and not further than was read before.
func (a *asker) readable(s ledger.Span, until time.Time) connectors.Window {
	rule := a.Mall.About().Window
	grain := max(time.Duration(rule.Grain), time.Second)
	w := connectors.Window{From: s.From.Truncate(grain), To: s.To.Add(grain - 1).Truncate(grain)}
	if a.Since.After(w.From) {
		w.From = a.Since
	}
	if back := time.Duration(rule.LookBack); back > 0 {
		if edge := a.env.Now().Add(-back).Truncate(grain).Add(grain); edge.After(w.From) {
			w.From = edge
		}
	}
	w.To = minTime(w.To, until)
	return w
}

func minTime(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
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

// list remembers what the mall lists before it is known to be stored: an order that is
// read again does no harm, one that nobody looks at does. What was read in a run that
// is cut off has then its place among what the next run looks for.
func (a *asker) list(ctx context.Context, numbers map[string]bool) error {
	if !a.Mall.Can("open") || !a.Mall.Can("reread") {
		return nil
	}
	if err := a.remember(ctx); err != nil {
		return err
	}
	var add []string
	for n := range numbers {
		if !a.was[n] {
			a.was[n] = true
			add = append(add, n)
		}
	}
	slices.Sort(add)
	return a.env.Ledger.Relist(ctx, a.id, add, nil)
}

func (a *asker) remember(ctx context.Context) (err error) {
	if a.was == nil {
		a.was, err = a.env.Ledger.Listed(ctx, a.id)
	}
	return err
}

// left reads again what the mall listed as still to be shipped the last time and
// does not any more: it was shipped, changed or cancelled.
func (a *asker) left(ctx context.Context) error {
	if !a.Mall.Can("open") || !a.Mall.Can("reread") {
		return nil
	}
	if err := a.remember(ctx); err != nil {
		return err
	}
	var gone []string
	for n := range a.was {
		if !a.listed[n] && !a.fresh[n] {
			gone = append(gone, n)
		}
	}
	slices.Sort(gone)
	if err := a.Again(ctx, gone); err != nil {
		return err
	}
	return a.env.Ledger.Relist(ctx, a.id, nil, gone)
}

// confirm tells the mall that orders were taken, and reads them again: with the
// confirmation some malls show more, and buyers can no longer change the address.
func (a *asker) confirm(ctx context.Context) error {
	if !a.account.AutoConfirmation || !a.Mall.Can("confirm") {
		return nil
	}
	var errs []error
	for after := int64(0); ; {
		waiting, err := a.env.Ledger.Confirms(ctx, a.id, after, intake.Batch)
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
		case !a.Confirms(o.Status):
			// Somebody did it in the mall's back office, or an answer was lost.
			ends = append(ends, ledger.Confirmed{OrderID: w.ID, State: ledger.ConfirmDone, Detail: "the mall shows it as " + o.Status})
		case slices.Contains(o.Flags, order.FlagClaim):
		case o.Ordered.UTC.Before(a.Since):
		default:
			ids, orders, numbers = append(ids, w.ID), append(orders, *o), append(numbers, o.Number)
		}
	}
	var errs []error
	a.env.At("orders to confirm", "", int64(len(orders)), 0)
	for i, r := range a.Mall.Confirm(ctx, orders) {
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
	return errors.Join(append(errs, a.Again(ctx, numbers))...)
}
