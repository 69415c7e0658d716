package instruct

import (
	"context"
	"fmt"
	"hash/maphash"
	"slices"
	"strings"
	"time"

	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/mappers/usual"
	"github.com/mallbridge/mallbridge/order"
)

const (
	// learned is how long a warehouse must have had files before one of them can be
	// called unusual.
	learned = 7 * 24 * time.Hour
	// early is how much earlier than usual a file may come.
	early = time.Hour
	// repeats is how far back parcels are looked for that went already.
	repeats = 48 * time.Hour
	// heldDays is over how many days the usual share of holds is taken.
	heldDays = 14
)

// brakes are the kinds of alerts by which a file waits for approval.
var brakes = []order.Alert{order.AlertMany, order.AlertRepeat, order.AlertHeld}

// approved reports whether a file may go as far as people are concerned. One that is
// far from usual, or every one if it is set so, needs a person's word.
func (r *runner) approved(ctx context.Context, b *ledger.Batch) (bool, error) {
	ok, err := r.env.Ledger.Approved(ctx, b.ID, b.SHA256)
	if err != nil || ok {
		return ok, err
	}
	unusual, err := r.brake(ctx, b)
	if err != nil {
		return false, err
	}
	if r.w.Instructions.Approval != "always" && len(unusual) == 0 {
		return true, nil
	}
	r.rep.Waiting++
	r.rep.Add("waiting for approval", 1)
	r.rep.Notef("batch %s of %s waits: look at %s, then batches approve %s", b.Number, r.w.Name, b.Path, b.Number)
	for _, a := range unusual {
		r.rep.Notef("→ %s", a.Kind.Say("en", a.Target, a.Subject, a.Args...))
	}
	return false, nil
}

// brake says in what a file is far from usual, and keeps that as alerts.
func (r *runner) brake(ctx context.Context, b *ledger.Batch) ([]ledger.Alert, error) {
	set := &r.w.Instructions.Brake
	if !set.Enabled || b.Instructions < int64(set.AtLeast) {
		return nil, r.unbrake(ctx, b)
	}
	history, err := r.env.Ledger.BatchesSince(ctx, r.id, r.env.Now().AddDate(0, 0, -29))
	if err != nil {
		return nil, err
	}
	history = slices.DeleteFunc(history, func(x ledger.Batch) bool { return x.ID >= b.ID })
	if len(history) == 0 || b.ClaimedAt.Sub(history[0].ClaimedAt) < learned {
		return nil, r.unbrake(ctx, b)
	}
	var found []ledger.Alert
	for _, look := range []func(context.Context, *ledger.Batch, []ledger.Batch) (*ledger.Alert, error){r.many, r.repeated, r.held} {
		a, err := look(ctx, b, history)
		if err != nil {
			return nil, err
		}
		if a != nil {
			a.Target, a.Subject = r.w.Name, b.Name
			found = append(found, *a)
		}
	}
	if len(found) == 0 {
		return nil, r.unbrake(ctx, b)
	}
	_, err = r.env.Ledger.Raise(ctx, r.env.Now(), found...)
	return found, err
}

// unbrake ends the alerts of a file that may go, went or was given up.
func (r *runner) unbrake(ctx context.Context, b *ledger.Batch) error {
	open, err := r.env.Ledger.Alerts(ctx, ledger.AlertList{Target: r.w.Name, Subject: b.Name})
	if err != nil {
		return err
	}
	for _, a := range open {
		if slices.Contains(brakes, a.Kind) || a.Kind == order.AlertAsking {
			if err := r.env.Ledger.EndAlert(ctx, a.Kind, a.Target, a.Subject, r.env.Now()); err != nil {
				return err
			}
		}
	}
	return nil
}

// many tells of a file with far more than there usually is by this time of this
// weekday. Where there usually is nothing yet, the least number of the brake counts.
func (r *runner) many(_ context.Context, b *ledger.Batch, history []ledger.Batch) (*ledger.Alert, error) {
	n, known := usual.SoFar(points(history), b.ClaimedAt, r.w.Location, early)
	if !known {
		return nil, nil
	}
	set := &r.w.Instructions.Brake
	if b.Instructions <= int64(set.Times)*max(n, int64(set.AtLeast)) {
		return nil, nil
	}
	return &ledger.Alert{Kind: order.AlertMany, Args: []string{fmt.Sprint(b.Instructions), fmt.Sprint(n)}}, nil
}

func points(batches []ledger.Batch) []usual.Point {
	out := make([]usual.Point, len(batches))
	for i := range batches {
		out[i] = usual.Point{At: batches[i].ClaimedAt, N: batches[i].Instructions}
	}
	return out
}

// repeated tells of a file most of whose parcels went already, to the same people
// with the same goods, under other numbers.
func (r *runner) repeated(ctx context.Context, b *ledger.Batch, history []ledger.Batch) (*ledger.Alert, error) {
	limit := r.w.Instructions.Brake.Repeat
	if limit == 0 {
		return nil, nil
	}
	seed := maphash.MakeSeed()
	mine := map[uint64]int64{}
	if err := r.env.Ledger.Instructions(ctx, b.ID, func(in *order.Instruction) error {
		mine[parcel(seed, in)]++
		return nil
	}); err != nil {
		return nil, err
	}
	var again, most int64
	like := ""
	for _, x := range slices.Backward(history) {
		if b.ClaimedAt.Sub(x.ClaimedAt) > repeats {
			break
		}
		here := int64(0)
		if err := r.env.Ledger.Instructions(ctx, x.ID, func(in *order.Instruction) error {
			if k := parcel(seed, in); mine[k] > 0 {
				mine[k]--
				here++
			}
			return nil
		}); err != nil {
			return nil, err
		}
		if again += here; here > most {
			most, like = here, x.Name
		}
	}
	percent := again * 100 / b.Instructions
	if percent < int64(limit) {
		return nil, nil
	}
	return &ledger.Alert{Kind: order.AlertRepeat, Args: []string{like, fmt.Sprint(percent)}}, nil
}

// parcel is a hash of who gets what.
func parcel(seed maphash.Seed, in *order.Instruction) uint64 {
	lines := make([]string, len(in.Lines))
	for i := range in.Lines {
		lines[i] = fmt.Sprintf("%s×%d", in.Lines[i].SKU, in.Lines[i].Quantity)
	}
	slices.Sort(lines)
	return maphash.String(seed, strings.Join(append(lines, in.To.Name, in.To.Phone, in.To.Postal, in.To.Address()), "\x00"))
}

// held tells of a file that leaves while far more orders than usual are on hold.
func (r *runner) held(ctx context.Context, b *ledger.Batch, _ []ledger.Batch) (*ledger.Alert, error) {
	set := &r.w.Instructions.Brake
	if set.Holds == 0 {
		return nil, nil
	}
	if err := r.env.Ledger.CountHours(ctx); err != nil {
		return nil, err
	}
	day := b.ClaimedAt.Add(-24 * time.Hour)
	hours, err := r.env.Ledger.Hours(ctx, 0, day.AddDate(0, 0, -heldDays), b.ClaimedAt)
	if err != nil {
		return nil, err
	}
	var now, before ledger.Hour
	for _, h := range hours {
		to := &before
		if h.At.After(day) {
			to = &now
		}
		to.Orders += h.Orders
		to.Held += h.Held
	}
	if now.Orders < int64(set.AtLeast) || before.Orders == 0 {
		return nil, nil
	}
	share, was := min(now.Held*100/now.Orders, 100), min(before.Held*100/before.Orders, 100)
	if share < int64(set.Holds) || share < 2*was {
		return nil, nil
	}
	return &ledger.Alert{Kind: order.AlertHeld, Args: []string{fmt.Sprint(share), fmt.Sprint(was)}}, nil
}
