package demo

import (
	"context"
	"time"

	"github.com/mallbridge/mallbridge/internal/proof"
	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/order"
)

// HoldNotPlanned counts orders that no plan has looked at yet.
const HoldNotPlanned order.Reason = "not_planned"

// count sums up what became of every order and proves the batches.
func (w *world) count(ctx context.Context) (Summary, error) {
	t, err := w.env.Ledger.Tally(ctx, "")
	if err != nil {
		return Summary{}, err
	}
	s := Summary{Held: map[order.Reason]int64{}, OutsideReasons: t.Outside, Warned: map[order.Reason]int64{}, Shipped: t.Shipped, Differences: []string{}}
	for r, n := range t.Held {
		s.Held[r] += n
	}
	for _, n := range t.Outside {
		s.Outside += n
	}
	for r, n := range t.Warned {
		if r == order.HoldWarehouseRefuse {
			s.Held[r] += n
			t.Instructed -= n
		} else {
			s.Warned[r] = n
		}
	}
	s.Instructed = t.Instructed
	if later := t.Planned - t.Instructed - s.Held[order.HoldWarehouseRefuse]; later > 0 {
		s.Held[order.HoldNotBefore] += later
	}
	if t.Seen > 0 {
		s.Held[HoldNotPlanned] = t.Seen
	}
	if s.Refused, err = w.refused(ctx); err != nil {
		return s, err
	}
	s.OrdersSeen = t.Orders + s.Refused
	p, err := proof.Span(ctx, w.env, time.Time{}, w.clock.now().AddDate(1, 0, 0))
	if err != nil {
		return s, err
	}
	s.Batches, s.Balanced, s.Differences = int64(len(p.Batches)), p.Balanced, p.Differences
	s.LinesClaimed, s.LinesInFiles, s.LinesAccepted, s.LinesRefused = p.Claimed, p.InFiles, p.Accepted, p.Refused
	return s, w.countAnswers(ctx, &s)
}

// countAnswers counts what went back to the malls, and what buyers' cancels came to.
func (w *world) countAnswers(ctx context.Context, s *Summary) error {
	told, err := w.env.Ledger.ReportsBetween(ctx, time.Time{}, w.clock.now().AddDate(1, 0, 0))
	if err != nil {
		return err
	}
	s.Reported, s.Proven = told.Reported, told.Proven
	if s.Reconciled.Differences, err = w.differing(ctx); err != nil {
		return err
	}
	if s.StopRequests, err = w.env.Ledger.EventCount(ctx, "stop.asked"); err != nil {
		return err
	}
	for _, a := range accounts {
		n, err := w.pushed(ctx, a.name)
		if err != nil {
			return err
		}
		s.StockPushed += n
	}
	for _, o := range w.early {
		rows, err := w.env.Ledger.OrdersByNumber(ctx, o[1], o[0])
		if err != nil {
			return err
		}
		for i := range rows {
			places, err := w.env.Ledger.PlacesOf(ctx, rows[i].ID)
			if err != nil {
				return err
			}
			if rows[i].State == ledger.Outside && len(places) == 0 {
				s.CancelledInTime++
			}
		}
	}
	return nil
}

// refused counts the orders of which no row could be read until now: those that
// were mended and dropped again are orders like all others.
func (w *world) refused(ctx context.Context) (int64, error) {
	var n int64
	for _, a := range w.env.Workspace.Accounts {
		files, err := w.env.Ledger.Files(ctx, ledger.FileOrders, a.Name, 1_000_000)
		if err != nil {
			return 0, err
		}
		replies, err := w.env.Ledger.Files(ctx, ledger.FilePages, a.Name, 1_000_000)
		if err != nil {
			return 0, err
		}
		files = append(files, replies...)
		seen := map[string]bool{}
		for _, f := range files {
			if f.Refused == 0 {
				continue
			}
			rows, err := w.env.Ledger.RefusalsOf(ctx, "", f.ID)
			if err != nil {
				return 0, err
			}
			for _, r := range rows {
				if seen[r.Order] {
					continue
				}
				seen[r.Order] = true
				known, err := w.env.Ledger.OrdersByNumber(ctx, r.Order, a.Name)
				if err != nil {
					return 0, err
				}
				if len(known) == 0 {
					n++
				}
			}
		}
	}
	return n, nil
}
