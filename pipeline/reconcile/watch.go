package reconcile

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/mallbridge/mallbridge/configs"
	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/mappers/usual"
	"github.com/mallbridge/mallbridge/order"
	"github.com/mallbridge/mallbridge/pipeline/files"
	"github.com/mallbridge/mallbridge/pipeline/stage"
)

// Watch looks at a warehouse: cancels at risk, stop requests, acks and results that
// are late, batches in doubt, a cut-off that is near. Once a day it also compares the
// files with the ledger. It asks nobody and changes nothing but alerts.
func Watch(ctx context.Context, env *stage.Env, target string) (stage.Report, error) {
	var rep stage.Report
	w, ok := env.Workspace.Warehouse(target)
	if !ok {
		return rep, order.Errorf(order.NotFound, "look into warehouses/", "no warehouse %s", target)
	}
	if !w.Enabled || env.DryRun != nil {
		return rep, nil
	}
	id, err := env.Ledger.Warehouse(ctx, w.Name)
	if err != nil {
		return rep, err
	}
	x := &watcher{alerts: alerts{env: env, target: w.Name, zone: w.Location, rep: &rep}, w: w, id: id, now: env.Now()}
	steps := []func(context.Context) error{x.restored, x.risks, x.doubts, x.acks, x.cutOff, x.none}
	night, err := nightly(ctx, env, "watch", w.Name, w.Location)
	if err != nil {
		return rep, err
	}
	if night {
		steps = append(steps, x.results, x.batches, x.unknown)
	} else {
		steps = append(steps, x.came)
	}
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return rep, fmt.Errorf("watch: %s: %w", w.Name, err)
		}
	}
	if night {
		return rep, env.Ledger.SetDone(ctx, "watch/"+w.Name, env.Now())
	}
	return rep, nil
}

type watcher struct {
	alerts
	w   *configs.Warehouse
	id  int64
	now time.Time
}

// risks raises an alert for each order that was cancelled or changed after a
// warehouse got it, until the warehouse or a person has settled it.
func (x *watcher) risks(ctx context.Context) error {
	all, err := x.env.Ledger.AtRisk(ctx, x.id)
	if err != nil {
		return err
	}
	var risk, shipped, late []ledger.Alert
	for _, r := range all {
		subject := r.Account + "/" + r.Number
		switch {
		case r.Shipped && r.Reason == order.HoldCancelled:
			shipped = append(shipped, ledger.Alert{Subject: subject, Args: []string{r.Instruction}, Since: r.Since})
		default:
			risk = append(risk, ledger.Alert{Subject: subject, Args: []string{r.Instruction}, Since: r.Since})
		}
		if x.w.Stops == nil || r.Asked.IsZero() || r.Shipped {
			continue
		}
		if due := r.Asked.Add(x.w.Stops.Within.Std()); x.now.After(due) {
			late = append(late, ledger.Alert{Subject: r.Instruction, Args: []string{x.time(r.Asked), x.time(due)}, Since: due})
		}
	}
	return errors.Join(x.settle(ctx, order.AlertStop, risk), x.settle(ctx, order.AlertCancelShipped, shipped), x.settle(ctx, order.AlertStopLate, late))
}

func (x *watcher) doubts(ctx context.Context) error {
	open, err := x.env.Ledger.OpenBatches(ctx, x.id)
	if err != nil {
		return err
	}
	var as []ledger.Alert
	for i := range open {
		if b := &open[i]; b.State == ledger.BatchInDoubt {
			as = append(as, ledger.Alert{Subject: b.Name, Args: []string{x.time(b.UploadedAt)}, Since: b.UploadedAt})
		}
	}
	return x.settle(ctx, order.AlertInDoubt, as)
}

// ackDays is how far back acks that never came are looked for; the results that are
// missing say the same of older files.
const ackDays = 3

func (x *watcher) acks(ctx context.Context) error {
	if x.w.Acks == nil || !x.w.Acks.Expect {
		return x.settle(ctx, order.AlertNoAck, nil)
	}
	within := x.w.Acks.Within.Std()
	late, err := x.env.Ledger.WithoutAck(ctx, x.id, x.now.Add(-within).AddDate(0, 0, -ackDays), x.now.Add(-within))
	if err != nil {
		return err
	}
	var as []ledger.Alert
	for _, b := range late {
		as = append(as, ledger.Alert{Subject: b.Name, Args: []string{x.time(b.DeliveredAt)}, Since: b.DeliveredAt.Add(within)})
	}
	return x.settle(ctx, order.AlertNoAck, as)
}

// slack is how long an instruction may wait for the next run before a cut-off, where
// instruct has no interval.
const slack = 15 * time.Minute

func (x *watcher) cutOff(ctx context.Context) error {
	c := &x.w.Calendar
	cut := x.w.Days.CutOffFor(x.now)
	if len(c.CutOffs)+len(c.CutOffsOn) == 0 || c.Warn == 0 || cut.IsZero() || cut.Sub(x.now) > c.Warn.Std() {
		return x.settle(ctx, order.AlertCutOff, nil)
	}
	wait := max(2*x.w.Schedules.Instruct.Every, slack)
	n, err := x.env.Ledger.NotSent(ctx, x.id, x.w.Days.Today(cut), x.now.Add(-wait))
	if err != nil {
		return err
	}
	var as []ledger.Alert
	if n > 0 {
		as = append(as, ledger.Alert{Args: []string{x.time(cut), fmt.Sprint(n)}})
	}
	return x.settle(ctx, order.AlertCutOff, as)
}

// lateBy is how much later than usual the first instructions may come.
const lateBy = time.Hour

// none raises an alert when a working day has no instruction although usually there
// are many by now.
func (x *watcher) none(ctx context.Context) error {
	var as []ledger.Alert
	set := &x.w.Instructions.Brake
	if working, _ := x.w.Days.Working(x.w.Days.Today(x.now)); working && set.Enabled {
		history, err := x.env.Ledger.BatchesSince(ctx, x.id, x.now.AddDate(0, 0, -29))
		if err != nil {
			return err
		}
		points := make([]usual.Point, len(history))
		for i := range history {
			points[i] = usual.Point{At: history[i].ClaimedAt, N: history[i].Instructions}
		}
		n, _ := usual.SoFar(points, x.now, x.zone, -lateBy)
		if n >= int64(set.AtLeast) && usual.Today(points, x.now, x.zone) == 0 {
			as = append(as, ledger.Alert{Args: []string{fmt.Sprint(n)}})
		}
	}
	return x.settle(ctx, order.AlertNone, as)
}

// resultDays is how far back results that never came are looked for.
const resultDays = 60

// results raises an alert for each file of which results are overdue.
func (x *watcher) results(ctx context.Context) error {
	if x.w.Results == nil || x.w.Results.Within == 0 {
		return x.settle(ctx, order.AlertNoResult, nil)
	}
	late, err := x.env.Ledger.WithoutResult(ctx, x.id, x.now.AddDate(0, 0, -resultDays), x.now)
	if err != nil {
		return err
	}
	var as []ledger.Alert
	for _, b := range late {
		due := x.w.Days.AddWorking(x.w.Days.NextShipDay(b.DeliveredAt), x.w.Results.Within)
		if due != "" && x.w.Days.Today(x.now) > due {
			as = append(as, ledger.Alert{Subject: b.Name, Args: []string{fmt.Sprint(b.Missing), x.time(b.DeliveredAt)}})
		}
	}
	return x.settle(ctx, order.AlertNoResult, as)
}

// came ends the alerts of files whose results came since.
func (x *watcher) came(ctx context.Context) error {
	open, err := x.env.Ledger.Alerts(ctx, ledger.AlertList{Kind: order.AlertNoResult, Target: x.w.Name})
	if err != nil || len(open) == 0 {
		return err
	}
	for _, a := range open {
		b, err := x.env.Ledger.BatchByNumber(ctx, x.w.Name, a.Subject)
		if err != nil {
			return err
		}
		late, err := x.env.Ledger.WithoutResult(ctx, x.id, b.DeliveredAt, b.DeliveredAt.Add(time.Millisecond))
		if err != nil {
			return err
		}
		if len(late) == 0 {
			if err := x.env.Ledger.EndAlert(ctx, order.AlertNoResult, x.w.Name, a.Subject, x.now); err != nil {
				return err
			}
		}
	}
	return nil
}

// batches compares the files of the last days with the ledger.
func (x *watcher) batches(ctx context.Context) error {
	from := x.now.AddDate(0, 0, -x.env.Workspace.Settings.Nightly.Days)
	balances, err := x.env.Ledger.Balances(ctx, from, x.now)
	if err != nil {
		return err
	}
	var differ, unequal []ledger.Alert
	for i := range balances {
		b := &balances[i]
		if b.Batch.Warehouse != x.w.Name || b.Batch.SHA256 == "" || b.Batch.State == ledger.BatchDropped || b.Batch.State == ledger.BatchClaimed {
			continue
		}
		sha, size, err := files.Sum(ctx, x.env, b.Batch.Path)
		switch {
		case errors.Is(err, fs.ErrNotExist): // removed by retention; the drop keeps its own
		case err != nil:
			return err
		case sha != b.Batch.SHA256 || size != b.Batch.Size:
			differ = append(differ, ledger.Alert{Subject: b.Batch.Name, Args: []string{fmt.Sprintf("%d → %d bytes", b.Batch.Size, size)}})
		}
		if b.Claimed != b.Batch.Lines {
			unequal = append(unequal, ledger.Alert{Subject: b.Batch.Name, Args: []string{fmt.Sprint(b.Claimed), fmt.Sprint(b.Batch.Lines), fmt.Sprint(b.AcceptedLines + b.RefusedLines)}})
		}
	}
	return errors.Join(x.settle(ctx, order.AlertFileDiffers, differ), x.settle(ctx, order.AlertLinesDiffer, unequal))
}

// unknown lists files of the warehouse with rows that belong to nothing.
func (x *watcher) unknown(ctx context.Context) error {
	fs, err := x.env.Ledger.UnknownRows(ctx, x.w.Name, x.now.AddDate(0, 0, -x.env.Workspace.Settings.Nightly.Days))
	if err != nil {
		return err
	}
	var as []ledger.Alert
	for i := range fs {
		as = append(as, ledger.Alert{Subject: fs[i].Name, Args: []string{fmt.Sprint(fs[i].Refused)}, Since: fs[i].ReceivedAt})
	}
	return x.settle(ctx, order.AlertUnknownResult, as)
}
