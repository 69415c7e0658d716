package instruct

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/mallbridge/mallbridge/configs"
	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/order"
	"github.com/mallbridge/mallbridge/pipeline/intake"
	"github.com/mallbridge/mallbridge/pipeline/login"
	"github.com/mallbridge/mallbridge/pipeline/stage"
)

// fresh is how long an answer of a mall holds: the upload of a file lies between the
// question and the rename. When that took longer, the malls are asked again.
const fresh = time.Minute

// guard takes out of the batch what changed at the mall since it was planned.
// left tells that the batch has to be built again.
func (r *runner) guard(ctx context.Context, b *ledger.Batch) (left bool, err error) {
	ids, err := r.env.Ledger.ChangedInBatch(ctx, b.ID)
	if err != nil || len(ids) == 0 {
		return false, err
	}
	r.rep.Add("left", int64(len(ids)))
	r.rep.Notef("batch %s of %s: %d instructions left it, for their orders changed at the mall", b.Number, r.w.Name, len(ids))
	return true, r.env.Ledger.Leave(ctx, b.ID, ids, "the order changed at the mall before the drop", r.env.Now())
}

// present asks the malls for the present state of the orders in a file and stores
// what they say, so that guard sees it. wait tells that a mall is silent and the
// file must not leave yet.
func (r *runner) present(ctx context.Context, b *ledger.Batch) (wait bool, err error) {
	if !r.w.Instructions.Guard.Ask || r.env.Malls == nil || !slices.ContainsFunc(r.env.Workspace.Accounts, (*configs.Account).UsesAPI) {
		return false, nil
	}
	members, err := r.env.Ledger.OrdersInBatch(ctx, b.ID, r.askable()...)
	if err != nil {
		return false, err
	}
	silent, unasked, err := r.askAll(ctx, b, members)
	if err != nil {
		return false, err
	}
	return r.silence(ctx, b, strings.Join(silent, ", "), unasked)
}

// askable names the accounts whose malls can be asked.
func (r *runner) askable() []string {
	var out []string
	for _, a := range r.env.Workspace.Accounts {
		if a.UsesAPI() {
			out = append(out, a.Name)
		}
	}
	return out
}

// askAll asks each account's mall for its orders, as many accounts at a time as
// limits.workers says. It returns the accounts whose mall did not answer and how many
// orders that are.
func (r *runner) askAll(ctx context.Context, b *ledger.Batch, members []ledger.Member) (silent []string, unasked int64, err error) {
	var all [][]ledger.Member // by account
	for len(members) > 0 {
		name := members[0].Account
		n := slices.IndexFunc(members, func(m ledger.Member) bool { return m.Account != name })
		if n < 0 {
			n = len(members)
		}
		all, members = append(all, members[:n]), members[n:]
	}
	errs := make([]error, len(all))
	together(r.env.Workspace.Settings.Limits.Workers, len(all), func(i int) {
		if ctx.Err() == nil {
			errs[i] = r.askOne(ctx, b, all[i][0].Account, all[i])
		}
	})
	if ctx.Err() != nil {
		return nil, 0, errors.Join(append(errs, ctx.Err())...)
	}
	for i, of := range all {
		if errs[i] != nil {
			silent = append(silent, of[0].Account)
			unasked += int64(len(of))
			r.rep.Notef("batch %s of %s: %s does not say whether orders were cancelled: %v", b.Number, r.w.Name, of[0].Account, errs[i])
		}
	}
	return silent, unasked, nil
}

// together calls f for each number below n, at most limit at a time. What f panics
// with it panics with.
func together(limit, n int, f func(i int)) {
	if limit = min(limit, n); limit <= 1 {
		for i := range n {
			f(i)
		}
		return
	}
	next := make(chan int, n)
	for i := range n {
		next <- i
	}
	close(next)
	panics := make(chan any, limit)
	for range limit {
		go func() {
			defer func() { panics <- recover() }()
			for i := range next {
				f(i)
			}
		}()
	}
	var first any
	for range limit {
		if p := <-panics; p != nil && first == nil {
			first = p
		}
	}
	if first != nil {
		panic(first)
	}
}

// makeUp asks for the orders of files that were sent although a mall was silent. What
// was cancelled meanwhile becomes a stop request as any other.
func (r *runner) makeUp(ctx context.Context) error {
	if r.env.Malls == nil {
		return nil
	}
	open, err := r.env.Ledger.Alerts(ctx, ledger.AlertList{Kind: order.AlertUnguarded, Target: r.w.Name})
	if err != nil {
		return err
	}
	for _, x := range open {
		b, err := r.env.Ledger.BatchByNumber(ctx, r.w.Name, x.Subject)
		if err != nil {
			return err
		}
		if b.State != ledger.BatchDelivered {
			continue
		}
		members, err := r.env.Ledger.OrdersInBatch(ctx, b.ID, r.askable()...)
		if err != nil {
			return err
		}
		silent, _, err := r.askAll(ctx, b, members)
		if err != nil {
			return err
		}
		if len(silent) > 0 {
			r.rep.Waiting++
			continue
		}
		if err := r.env.Ledger.EndAlert(ctx, order.AlertUnguarded, r.w.Name, b.Name, r.env.Now()); err != nil {
			return err
		}
	}
	return nil
}

// askOne asks one account's mall for those of its orders that were not asked for a
// moment ago.
func (r *runner) askOne(ctx context.Context, b *ledger.Batch, name string, members []ledger.Member) error {
	a, ok := r.env.Workspace.Account(name)
	if !ok || !a.UsesAPI() {
		return nil
	}
	numbers, err := r.toAsk(name, members)
	if err != nil || len(numbers) == 0 {
		return err
	}
	r.env.At("orders asked about", name, 0, int64(len(numbers)))
	can, err := r.reread(ctx, a, numbers)
	r.asking.Lock()
	defer r.asking.Unlock()
	switch {
	case err != nil && ctx.Err() == nil:
		r.mute[name] = err
		return err
	case err != nil || !can:
		return err
	}
	for _, m := range members {
		r.asked[m] = r.env.Now()
	}
	r.rep.Add("asked orders", int64(len(numbers)))
	return r.env.Ledger.Record(ctx, r.env.Now(), ledger.Event{Kind: "batch.asked", BatchID: b.ID, Detail: fmt.Sprintf("%s: %d orders", name, len(numbers))})
}

// toAsk returns the numbers of those of an account's orders that were not asked for
// a moment ago, or the error with which its mall did not answer then.
func (r *runner) toAsk(account string, members []ledger.Member) (numbers []string, err error) {
	r.asking.Lock()
	defer r.asking.Unlock()
	for _, m := range members {
		if at, ok := r.asked[m]; !ok || r.env.Now().Sub(at) > fresh {
			numbers = append(numbers, m.Number)
		}
	}
	return numbers, r.mute[account]
}

// reread reads what buyers asked for since the last time, and the orders. can is
// false for malls that cannot be asked for single orders.
func (r *runner) reread(ctx context.Context, a *configs.Account, numbers []string) (can bool, err error) {
	env, err := login.For(ctx, r.env, a, "instruct")
	if err != nil {
		return false, err
	}
	// What the mall says is of extract's kind; the report of this stage counts
	// what left the file.
	var said stage.Report
	m, err := intake.Open(ctx, env, a, &said)
	if err != nil {
		return false, err
	}
	if !m.Mall.Can("reread") {
		return false, nil
	}
	if err = m.Claims(ctx); err == nil {
		err = m.Again(ctx, numbers)
	}
	if err != nil {
		if _, e := login.Refused(context.WithoutCancel(ctx), env, a, "instruct", err); e != nil {
			return true, e
		}
	}
	return true, err
}

// silence decides what becomes of a file whose malls did not all answer.
func (r *runner) silence(ctx context.Context, b *ledger.Batch, malls string, orders int64) (wait bool, err error) {
	now := r.env.Now()
	if malls == "" {
		delete(r.unasked, b.ID)
		return false, errors.Join(r.env.Ledger.EndAlert(ctx, order.AlertAsking, r.w.Name, b.Name, now), r.env.Ledger.EndAlert(ctx, order.AlertUnguarded, r.w.Name, b.Name, now))
	}
	until, err := r.patience(ctx, b, now)
	if err != nil {
		return false, err
	}
	if r.w.Instructions.Guard.Silent == configs.SilentHold || now.Before(until) {
		r.rep.Waiting++
		r.rep.Add("waiting for a mall", 1)
		last := "-"
		if !until.IsZero() {
			last = r.at(until)
		}
		_, err := r.env.Ledger.Raise(ctx, now, ledger.Alert{Kind: order.AlertAsking, Target: r.w.Name, Subject: b.Name, Args: []string{malls, last}})
		return true, err
	}
	r.unasked[b.ID] = ledger.Alert{Kind: order.AlertUnguarded, Target: r.w.Name, Subject: b.Name, Args: []string{malls, fmt.Sprint(orders)}}
	return false, nil
}

// patience is until when a file waits for a silent mall; zero for as long as it
// takes.
func (r *runner) patience(ctx context.Context, b *ledger.Batch, now time.Time) (time.Time, error) {
	g := &r.w.Instructions.Guard
	switch g.Silent {
	case configs.SilentHold:
		return time.Time{}, nil
	case configs.SilentSend:
		return now, nil
	}
	since := now
	open, err := r.env.Ledger.Alerts(ctx, ledger.AlertList{Kind: order.AlertAsking, Target: r.w.Name, Subject: b.Name})
	if err != nil {
		return now, err
	}
	if len(open) > 0 {
		since = open[0].Since
	}
	until := since.Add(g.Longest.Std())
	if cut := r.cal.CutOffFor(since); len(r.w.Calendar.CutOffs)+len(r.w.Calendar.CutOffsOn) > 0 && !cut.IsZero() {
		if last := cut.Add(-g.Before.Std()); last.Before(until) {
			until = last
		}
	}
	return until, nil
}

// tell tells of a file that leaves although a mall is silent, before it does.
func (r *runner) tell(ctx context.Context, b *ledger.Batch) error {
	x, ok := r.unasked[b.ID]
	if !ok {
		return nil
	}
	now := r.env.Now()
	r.rep.Waiting++
	r.rep.Add("sent unasked", 1)
	r.rep.Notef("batch %s of %s was sent although %s did not answer: look for cancels in the mall's back office", b.Number, r.w.Name, x.Args[0])
	if _, err := r.env.Ledger.Raise(ctx, now, x); err != nil {
		return err
	}
	if err := r.env.Ledger.EndAlert(ctx, order.AlertAsking, r.w.Name, b.Name, now); err != nil {
		return err
	}
	return r.env.Ledger.Record(ctx, now, ledger.Event{Kind: "batch.unasked", BatchID: b.ID, Detail: x.Args[0]})
}

// at writes a time as people of the warehouse read it.
func (r *runner) at(t time.Time) string { return t.In(r.w.Location).Format("2006-01-02 15:04") }
