package report

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/mallbridge/mallbridge/internal/fault"
	"github.com/mallbridge/mallbridge/ledger"
)

// poll asks what became of the reports that the mall took in. Those that a crash
// left between the call and its record count as unknown.
func (r *reporter) poll(ctx context.Context) error {
	var first error
	err := r.eachDue(ctx, ledger.ReportSent, func(due []ledger.Report) error {
		var lost []ledger.ReportChange
		var refs []string
		byRef := map[string][]ledger.Report{}
		for _, x := range due {
			if x.Ref == "" || !r.mall.Mall.Can("ship_check") {
				x.State, x.Detail = ledger.ReportUnknown, "the program ended before an answer was stored"
				x.NextAt = x.ChangedAt.Add(time.Duration(r.about.Ship.Settle))
				lost = append(lost, ledger.ReportChange{Report: x, Event: "report.unknown"})
				continue
			}
			if byRef[x.Ref] == nil {
				refs = append(refs, x.Ref)
			}
			byRef[x.Ref] = append(byRef[x.Ref], x)
		}
		if err := r.env.Ledger.ChangeReports(ctx, lost, r.env.Now()); err != nil {
			return err
		}
		for _, ref := range refs {
			list := byRef[ref]
			failed, err := r.record(ctx, list, r.mall.Mall.CheckShip(ctx, ref, shipments(list)))
			if first == nil {
				first = failed
			}
			if err := errors.Join(err, ctx.Err()); err != nil {
				return err
			}
		}
		return nil
	})
	return errors.Join(first, err)
}

// ask looks whether the mall shows reports of which no answer is known. What it does
// not show, after the time in which the mall may still be at work, was not done.
func (r *reporter) ask(ctx context.Context) error {
	if !r.mall.Mall.Can("reread") {
		return r.eachDue(ctx, ledger.ReportUnknown, func(due []ledger.Report) error {
			cs := make([]ledger.ReportChange, len(due))
			for i, x := range due {
				x.NextAt = r.env.Now().Add(longest)
				event := r.late(&x, x.SentAt, "no answer came, and the mall cannot be asked about single orders; look there")
				cs[i] = ledger.ReportChange{Report: x, Event: event}
			}
			return r.env.Ledger.ChangeReports(ctx, cs, r.env.Now())
		})
	}
	return r.reread(ctx, ledger.ReportUnknown, func(x *ledger.Report) (event string) {
		x.State, x.NextAt, x.Detail = ledger.ReportWaiting, time.Time{}, "no answer came, and the mall does not show it"
		return "report.waiting"
	})
}

// look reads orders again whose parcels the mall says it has. "No problem" is no
// proof: what it does not show within its time is told to a person.
func (r *reporter) look(ctx context.Context) error {
	now := r.env.Now()
	return r.reread(ctx, ledger.ReportAccepted, func(x *ledger.Report) string {
		x.NextAt = now.Add(grown(now.Sub(x.AcceptedAt)))
		return r.late(x, x.AcceptedAt, "the mall accepted the number and does not show it")
	})
}

// reread reads the orders of due reports again. What the mall shows is proven by the
// reading; unseen says what becomes of the rest.
func (r *reporter) reread(ctx context.Context, state string, unseen func(*ledger.Report) (event string)) error {
	return r.eachDue(ctx, state, func(due []ledger.Report) error {
		var numbers []string
		for _, x := range due {
			if !slices.Contains(numbers, x.Order) {
				numbers = append(numbers, x.Order)
			}
		}
		// The numbers were just told; one reading that is stopped halfway proves
		// nothing about the rest.
		if !r.mall.Mall.Can("reread") {
			numbers = nil // what extract reads proves it
		}
		if _, err := r.mall.Read(ctx, "orders", fmt.Sprintf("to see %d parcels", len(due)), r.mall.Mall.Reread(ctx, numbers)); err != nil {
			return fmt.Errorf("read %d orders again: %w", len(numbers), err)
		}
		fault.At(atLooked)
		still, err := r.env.Ledger.ReportsByID(ctx, due)
		if err != nil {
			return err
		}
		var cs []ledger.ReportChange
		for _, x := range still {
			if x.State == state {
				event := unseen(&x)
				cs = append(cs, ledger.ReportChange{Report: x, Event: event})
			}
		}
		return r.env.Ledger.ChangeReports(ctx, cs, r.env.Now())
	})
}
