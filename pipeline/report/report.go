// Package report tells malls of parcels: which carrier, which number, until the
// mall shows it.
//
// Results of warehouses become reports, one for each parcel of each package that it
// serves, through merges and splits. A report goes waiting, sent, accepted, seen;
// only the last is the end, and only reading the order again at the mall leads
// there. Before a mall is called the ledger knows that it is about to be; what was
// left without an answer is asked about before it is sent again. Malls that are not
// told by API get a sheet for a person to upload.
package report

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/mallbridge/mallbridge/configs"
	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/connectors/malls"
	"github.com/mallbridge/mallbridge/internal/fault"
	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/order"
	"github.com/mallbridge/mallbridge/pipeline/intake"
	"github.com/mallbridge/mallbridge/pipeline/stage"
)

var (
	atDerived  = fault.Point("report.derived")
	atMarked   = fault.Point("report.marked")
	atTold     = fault.Point("report.told")
	atRecorded = fault.Point("report.recorded")
	atLooked   = fault.Point("report.looked")
)

// Run tells the account's mall of what its warehouses shipped.
func Run(ctx context.Context, env *stage.Env, target string) (stage.Report, error) {
	var rep stage.Report
	a, ok := env.Workspace.Account(target)
	if !ok {
		return rep, order.Errorf(order.NotFound, "look into accounts/", "no account %s", target)
	}
	if !a.Enabled || env.DryRun != nil {
		return rep, nil
	}
	id, _, err := env.Ledger.Account(ctx, a.Name, env.Now())
	if err != nil {
		return rep, err
	}
	r := &reporter{env: env, account: a, id: id, rep: &rep, rule: a.ShipRule()}
	if err := r.run(ctx); err != nil {
		return rep, fmt.Errorf("report: %s: %w", a.Name, err)
	}
	return rep, nil
}

type reporter struct {
	env     *stage.Env
	account *configs.Account
	id      int64
	rep     *stage.Report
	rule    configs.ShipRule
	about   *connectors.About // of the mall's API; nil where the mall is told by sheets
	mall    *intake.Reader
}

// run goes through the steps. One that fails does not keep the others from their
// work: a mall that takes no report may well show the last ones.
func (r *reporter) run(ctx context.Context) error {
	if r.account.TellsByAPI() {
		spec, _ := malls.Lookup(r.account.Mall)
		r.about = spec.About()
	}
	for _, step := range []func(context.Context) error{r.derive, r.held, r.turned} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	if r.about == nil {
		return r.sheets(ctx)
	}
	some, err := r.env.Ledger.ReportsDue(ctx, r.id, r.env.Now())
	if err != nil || !some {
		return err
	}
	if r.mall, err = intake.Open(ctx, r.env, r.account, r.rep); err != nil {
		return err
	}
	var errs []error
	for _, step := range []func(context.Context) error{r.poll, r.ask, r.send, r.look} {
		if err := step(ctx); err != nil {
			errs = append(errs, err)
		}
		if err := ctx.Err(); err != nil {
			return errors.Join(append(errs, err)...)
		}
	}
	return errors.Join(errs...)
}

// person notes something that waits for a person.
func (r *reporter) person(format string, args ...any) {
	r.rep.Waiting++
	r.rep.Notef("%s: "+format, append([]any{r.account.Name}, args...)...)
}

// eachDue calls f for the due reports in a state, some at a time. What f leaves due
// in the same state is not given again in this run.
func (r *reporter) eachDue(ctx context.Context, state string, f func([]ledger.Report) error) error {
	now := r.env.Now()
	n := 0
	for after := int64(0); ; {
		due, err := r.env.Ledger.DueReports(ctx, r.id, state, after, page, now)
		if err != nil || len(due) == 0 {
			return err
		}
		after = due[len(due)-1].ID
		n += len(due)
		r.env.At("parcels looked after", "", int64(n), 0)
		if err := f(due); err != nil {
			return err
		}
	}
}

// Waits between tries and looks. They grow without end to a longest one.
const (
	shortest = 30 * time.Second
	longest  = time.Hour
)

// again is the wait after so many tries that did not succeed: half a minute, one,
// two, four …
func again(tries int64) time.Duration {
	d := shortest
	for ; tries > 1 && d < longest; tries-- {
		d *= 2
	}
	return min(d, longest)
}

// grown is the wait for something that has been under way for so long.
func grown(age time.Duration) time.Duration { return min(max(age/2, shortest), longest) }

// late tells a person, once, of a report that takes longer than it may. The event is
// empty if it does not, or if people know.
func (r *reporter) late(x *ledger.Report, since time.Time, what string) (event string) {
	if x.Late || r.env.Now().Sub(since) < r.account.Report.Within.Std() {
		return ""
	}
	x.Late, x.Detail = true, what
	r.person("order %s: %s %s: %s", x.Order, x.Carrier, x.Tracking, what)
	return "report.late"
}
