package report

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/internal/fault"
	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/order"
)

// first is the state in which a report begins.
func (r *reporter) first(carrier, tracking string) (state string, reason order.Reason, detail string) {
	if reason, detail = r.check(carrier, tracking); reason != "" {
		return ledger.ReportHeld, reason, detail
	}
	return r.way(), "", ""
}

// way is the state in which a report waits to go the account's way.
func (r *reporter) way() string {
	if r.about == nil {
		return ledger.ReportUpload
	}
	return ledger.ReportWaiting
}

// check says why a parcel cannot be reported as it is.
func (r *reporter) check(carrier, tracking string) (order.Reason, string) {
	if !r.account.AutoReport {
		return order.ReportManual, ""
	}
	if carrier == "" {
		return order.ReportCarrier, "the warehouse named no carrier"
	}
	if r.about != nil {
		if _, ok := r.about.Carrier(carrier); !ok {
			return order.ReportCarrier, fmt.Sprintf("%s has no code for %q", r.about.Title.EN, carrier)
		}
	}
	if err := r.env.Workspace.Codes.CheckNumber(carrier, tracking); err != nil {
		return order.ReportNumber, err.Error()
	}
	return "", ""
}

// held judges held reports again: their cause may be repaired.
func (r *reporter) held(ctx context.Context) error {
	return r.eachDue(ctx, ledger.ReportHeld, func(due []ledger.Report) error {
		var cs []ledger.ReportChange
		for _, x := range due {
			reason, detail := r.check(x.Carrier, x.Tracking)
			if x.Reason == order.ReportSheet && reason == "" && r.about == nil {
				var err error
				if reason, detail, err = r.fits(ctx, x); err != nil {
					return err
				}
			}
			switch {
			case x.Freed || reason == "":
				x.State, x.Reason, x.Detail, x.NextAt = r.way(), "", "", time.Time{}
				cs = append(cs, ledger.ReportChange{Report: x, Event: "report." + x.State})
			case reason != x.Reason || detail != x.Detail:
				x.Reason, x.Detail = reason, detail
				cs = append(cs, ledger.ReportChange{Report: x})
			}
		}
		return r.env.Ledger.ChangeReports(ctx, cs, r.env.Now())
	})
}

// turned brings reports on the account's way that began when it had another one: by
// sheet, or by API.
func (r *reporter) turned(ctx context.Context) error {
	from := ledger.ReportUpload
	if r.about == nil {
		from = ledger.ReportWaiting
	}
	return r.eachDue(ctx, from, func(due []ledger.Report) error {
		var cs []ledger.ReportChange
		for _, x := range due {
			if x.UploadID == 0 {
				x.State, x.NextAt = r.way(), time.Time{}
				cs = append(cs, ledger.ReportChange{Report: x})
			}
		}
		return r.env.Ledger.ChangeReports(ctx, cs, r.env.Now())
	})
}

func shipment(x *ledger.Report) connectors.Shipment {
	s := connectors.Shipment{
		Order: x.Order, Package: x.Package, Carrier: x.Carrier, Tracking: x.Tracking, ShippedOn: x.ShippedOn, Correct: x.Was != "", Was: x.Was,
	}
	for _, l := range x.Lines {
		s.Lines = append(s.Lines, connectors.ShippedLine{Line: l})
	}
	for _, l := range x.Rest {
		s.Rest = append(s.Rest, connectors.ShippedLine{Line: l})
	}
	return s
}

func shipments(list []ledger.Report) []connectors.Shipment {
	out := make([]connectors.Shipment, len(list))
	for i := range list {
		out[i] = shipment(&list[i])
	}
	return out
}

// send tells the mall of what waits, one parcel of an order in a run: a mall that
// works later does not see the first when it is told of the next, and what it
// refuses must not take another parcel with it.
func (r *reporter) send(ctx context.Context) error {
	if due, err := r.env.Malls.ReportDue(ctx, r.env, r.account, r.mall.Mall); !due || err != nil {
		return err
	}
	busy, err := r.env.Ledger.ReportsUnderWay(ctx, r.id)
	if err != nil {
		return err
	}
	var first error
	err = r.eachDue(ctx, ledger.ReportWaiting, func(due []ledger.Report) error {
		var ready []ledger.Report
		for _, x := range due {
			if !busy[x.OrderID] {
				busy[x.OrderID] = true
				ready = append(ready, x)
			}
		}
		failed, err := r.sendSome(ctx, ready)
		if first == nil {
			first = failed
		}
		return errors.Join(err, ctx.Err())
	})
	if err == nil && first == nil {
		err = r.env.Malls.Reported(ctx, r.env, r.account)
	}
	return errors.Join(first, err)
}

// sendSome sends some reports. failed is the error that the mall's answers had in
// common; the reports of it are repeated.
func (r *reporter) sendSome(ctx context.Context, ready []ledger.Report) (failed, err error) {
	if len(ready) == 0 {
		return nil, nil
	}
	sent, err := r.env.Ledger.SendReports(ctx, ready, r.env.Now())
	if err != nil || len(sent) == 0 {
		return nil, err
	}
	fault.At(atMarked)
	r.env.At("parcels to tell the mall", "", int64(len(sent)), 0)
	results := r.mall.Mall.Ship(ctx, shipments(sent))
	fault.At(atTold)
	return r.record(ctx, sent, results)
}

// record stores what the mall said. The answers must be kept even if ctx has ended.
func (r *reporter) record(ctx context.Context, list []ledger.Report, results []connectors.Result) (failed, err error) {
	now := r.env.Now()
	cs := make([]ledger.ReportChange, len(list))
	for i := range list {
		x, res := list[i], results[i]
		x.Code, x.Detail = res.Code, res.Detail
		if res.Ref != "" {
			x.Ref = res.Ref
		}
		event := ""
		switch res.Outcome {
		case connectors.Done, connectors.Already:
			x.State, x.AcceptedAt, x.NextAt, event = ledger.ReportAccepted, now, time.Time{}, "report.accepted"
			x.Code, x.Detail = "", ""
			r.rep.Add("parcels accepted", 1)
		case connectors.Rejected:
			x.State, event = ledger.ReportRejected, "report.rejected"
			r.rep.Add("parcels refused", 1)
			r.person("the mall refuses parcel %s %s of order %s: %s", x.Carrier, x.Tracking, x.Order, strings.TrimSpace(res.Code+" "+res.Detail))
		case connectors.Retry:
			x.State, x.Ref, x.NextAt = ledger.ReportWaiting, "", now.Add(again(x.Tries))
			r.rep.Add("parcels to repeat", 1)
			event = r.late(&x, x.CreatedAt, fmt.Sprintf("not told after %d tries: %s", x.Tries, x.Detail))
		case connectors.Unknown:
			event = r.unknown(&x, list[i].Ref == "", now)
		}
		if res.Err != nil && !res.Outcome.OK() && res.Outcome != connectors.Rejected && failed == nil {
			failed = res.Err
		}
		cs[i] = ledger.ReportChange{Report: x, Event: event}
	}
	err = r.env.Ledger.ChangeReports(context.WithoutCancel(ctx), cs, now)
	fault.At(atRecorded)
	return failed, err
}

// unknown is what a report without a clear answer becomes. With a ref the mall
// works on it; else it is asked about once it must have settled.
func (r *reporter) unknown(x *ledger.Report, fresh bool, now time.Time) (event string) {
	r.rep.Add("parcels without an answer yet", 1)
	if x.Ref == "" {
		x.State, x.NextAt = ledger.ReportUnknown, now.Add(time.Duration(r.about.Ship.Settle))
		return cmp.Or(r.late(x, x.SentAt, "no answer of the mall is known"), "report.unknown")
	}
	x.State, x.NextAt = ledger.ReportSent, now.Add(grown(now.Sub(x.SentAt)))
	if fresh {
		return "report.sent"
	}
	return r.late(x, x.SentAt, "the mall is still at work on it")
}
