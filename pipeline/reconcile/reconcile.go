// Package reconcile compares mall, ledger and warehouse, and says what is late. The
// stage reconcile looks at accounts, the stage watch at warehouses. What they find
// they keep in the ledger as alerts, which end when the cause is gone.
package reconcile

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/mallbridge/mallbridge/configs"
	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/connectors/malls"
	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/mappers/status"
	"github.com/mallbridge/mallbridge/order"
	"github.com/mallbridge/mallbridge/pipeline/intake"
	"github.com/mallbridge/mallbridge/pipeline/login"
	"github.com/mallbridge/mallbridge/pipeline/stage"
)

// Run looks at an account: orders that stay away, windows that were not read, keys
// that end. Once a day it also reads the mall's orders of the last days again, by
// window and by number, and compares them with the ledger; what was missed is taken.
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
	if err := env.Ledger.CountHours(ctx); err != nil {
		return rep, err
	}
	x := &comparer{alerts: alerts{env: env, target: a.Name, zone: a.Location, rep: &rep}, a: a, id: id, now: env.Now()}
	steps := []func(context.Context) error{x.quiet}
	night, err := nightly(ctx, env, "reconcile", a.Name, a.Location)
	if err != nil {
		return rep, err
	}
	compared, err := env.Ledger.Compared(ctx, "account/"+a.Name)
	if err != nil {
		return rep, err
	}
	night = night || !compared
	if a.UsesAPI() && env.Malls != nil {
		steps = append(steps, x.windows)
		if night {
			steps = append(steps, x.late, x.keys, x.functions, x.compare)
		}
	}
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return rep, fmt.Errorf("reconcile: %s: %w", a.Name, err)
		}
	}
	if !compared {
		if err := env.Ledger.SetCompared(ctx, "account/"+a.Name, "", "", env.Now()); err != nil {
			return rep, err
		}
	}
	if night {
		return rep, env.Ledger.SetDone(ctx, "reconcile/"+a.Name, env.Now())
	}
	return rep, nil
}

// nightly reports whether what is done once a day is due for a target: its time of
// day has come since it was done, or a person named the stage. A target that is new
// begins with the next night.
func nightly(ctx context.Context, env *stage.Env, what, target string, zone *time.Location) (bool, error) {
	if env.Named {
		return true, nil
	}
	done, err := env.Ledger.DoneAt(ctx, what+"/"+target)
	if err != nil {
		return false, err
	}
	now := env.Now()
	if done.IsZero() {
		return false, env.Ledger.SetDone(ctx, what+"/"+target, now)
	}
	at := now.In(zone)
	at = time.Date(at.Year(), at.Month(), at.Day(), 0, int(env.Workspace.Settings.Nightly.At), 0, 0, zone)
	if at.After(now) {
		at = at.AddDate(0, 0, -1)
	}
	return done.Before(at), nil
}

// alerts raises and ends the alerts of one target.
type alerts struct {
	env    *stage.Env
	target string
	zone   *time.Location
	rep    *stage.Report
}

// settle makes the open alerts of a kind exactly these, and tells of the new ones.
func (s *alerts) settle(ctx context.Context, kind order.Alert, as []ledger.Alert) error {
	fresh, err := s.env.Ledger.Settle(ctx, kind, s.target, s.env.Now(), as...)
	if err != nil {
		return err
	}
	what := "alerts"
	if kind.Info().Class == order.Difference {
		what = "differences"
	}
	s.rep.Add(what, int64(len(fresh)))
	if kind.Info().Red {
		s.rep.Waiting += int64(len(fresh))
	}
	return nil
}

// time writes an instant as people of the target read it.
func (s *alerts) time(t time.Time) string { return t.In(s.zone).Format("2006-01-02 15:04") }

type comparer struct {
	alerts
	a   *configs.Account
	id  int64
	now time.Time
}

// weeks is how many weeks back is looked for what is usual.
const weeks = 4

// quiet raises an alert when no order came for a while in which there usually are
// some: the median of the same hours of the same weekday in the last four weeks, of
// which two must have had orders at all.
func (x *comparer) quiet(ctx context.Context) error {
	after := x.a.Quiet.After.Std()
	if after == 0 {
		return nil
	}
	last, err := x.env.Ledger.LastSeen(ctx, x.id)
	if err != nil {
		return err
	}
	var as []ledger.Alert
	if !last.IsZero() && x.now.Sub(last) > after+time.Hour {
		var counts []int64
		known := 0
		for week := 1; week <= weeks; week++ {
			to := x.now.AddDate(0, 0, -7*week)
			hours, err := x.env.Ledger.Hours(ctx, x.id, to.Add(-after), to)
			if err != nil {
				return err
			}
			n := int64(0)
			for _, h := range hours {
				n += h.Orders
			}
			if counts = append(counts, n); n > 0 {
				known++
			}
		}
		slices.Sort(counts)
		// Of four the lower middle one: two weeks without orders are no reason.
		if usual := counts[1]; known >= 2 && usual >= int64(x.a.Quiet.Usual) {
			as = append(as, ledger.Alert{Args: []string{x.time(last), fmt.Sprint(usual)}})
		}
	}
	return x.settle(ctx, order.AlertNoOrders, as)
}

// lostFor is how long a window that nobody can read any more is shown.
const lostFor = 14 * 24 * time.Hour

// windows raises alerts for spans of time that were not read, and counts down to
// where the mall stops telling of what was not read yet.
func (x *comparer) windows(ctx context.Context) error {
	ws, err := x.env.Ledger.Windows(ctx, x.id)
	if err != nil {
		return err
	}
	var gaps, lost, ends []ledger.Alert
	var until time.Time
	for _, w := range ws {
		if w.Feed != "orders" {
			continue
		}
		subject := w.From.UTC().Format(time.RFC3339)
		if w.State == ledger.WindowLost {
			if x.now.Sub(w.At) < lostFor {
				lost = append(lost, ledger.Alert{Subject: subject, Args: []string{x.time(w.From), x.time(w.To)}, Since: w.At})
			}
		} else if !until.IsZero() && w.From.After(until) {
			gaps = append(gaps, ledger.Alert{Subject: until.UTC().Format(time.RFC3339), Args: []string{x.time(until), x.time(w.From)}})
		}
		if w.To.After(until) {
			until = w.To
		}
	}
	if spec, ok := malls.Lookup(x.a.Mall); ok && !until.IsZero() {
		ends = x.ends(spec.About().Window, until)
	}
	return errors.Join(x.settle(ctx, order.AlertWindowGap, gaps), x.settle(ctx, order.AlertWindowLost, lost), x.settle(ctx, order.AlertWindowEnds, ends))
}

// late ends the alert of orders that came late, once none did for a day.
func (x *comparer) late(ctx context.Context) error {
	open, err := x.env.Ledger.Alerts(ctx, ledger.AlertList{Kind: order.AlertLate, Target: x.a.Name})
	if err != nil {
		return err
	}
	for _, a := range open {
		if x.now.Sub(a.Seen) >= 24*time.Hour {
			return x.env.Ledger.EndAlert(ctx, order.AlertLate, x.a.Name, a.Subject, x.now)
		}
	}
	return nil
}

// stands is how long an account may stand still before the countdown begins.
const stands = 3 * time.Hour

func (x *comparer) ends(rule connectors.WindowRule, until time.Time) []ledger.Alert {
	back := time.Duration(rule.LookBack)
	if own := time.Duration(x.a.LookbackDays) * 24 * time.Hour; own > 0 && (back == 0 || own < back) {
		back = own
	}
	if back == 0 || x.now.Sub(until) < stands+time.Duration(rule.Delay) {
		return nil
	}
	left := max(until.Add(back).Sub(x.now), 0)
	text := fmt.Sprintf("%dh", int(left.Hours()))
	if left >= 48*time.Hour {
		text = fmt.Sprintf("%dd", int(left.Hours())/24)
	}
	return []ledger.Alert{{Step: int64(left.Hours()) / 24, Args: []string{x.time(until), text}, Since: until}}
}

// steps are the days before the end of keys at which a notice is due.
var steps = []int{30, 14, 7, 3, 1}

// keys raises alerts as the end of an account's keys comes nearer, and when the mall
// begins to issue new ones.
func (x *comparer) keys(ctx context.Context) error {
	k, err := login.Calendar(ctx, x.env, x.a)
	if err != nil {
		return err
	}
	var ends, reissue []ledger.Alert
	if !k.Ends.IsZero() {
		left := k.Left(x.now)
		if left <= min(steps[0], k.Warn) {
			step := int64(0) // ended
			for _, s := range steps {
				if left >= 0 && left <= s {
					step = int64(s)
				}
			}
			ends = append(ends, ledger.Alert{Step: step, Args: []string{fmt.Sprint(left), x.time(k.Ends), k.Source}})
		}
		if !k.Reissue.IsZero() && !x.now.Before(k.Reissue) {
			reissue = append(reissue, ledger.Alert{Args: []string{x.time(k.Ends)}})
		}
	}
	return errors.Join(x.settle(ctx, order.AlertKeyEnds, ends), x.settle(ctx, order.AlertKeyReissue, reissue))
}

// functions tries each function that the account needs, as account test does. What
// one says of the key's end is left to keys.
func (x *comparer) functions(ctx context.Context) error {
	m, err := x.env.Malls.Open(x.env, x.a)
	if err != nil {
		return err
	}
	var failed []ledger.Alert
	for _, c := range m.Test(ctx) {
		if !c.OK && c.Name != "key_expiry" {
			failed = append(failed, ledger.Alert{Subject: c.Name, Args: []string{c.Detail}})
		}
	}
	return x.settle(ctx, order.AlertFunction, failed)
}

// settled is how old an order must be to count as missed: until then extract may
// not have come to it.
const settled = 30 * time.Minute

// compare reads the mall's orders of the last days again and compares.
func (x *comparer) compare(ctx context.Context) error {
	// What is read is stored as extract does it; this stage's report tells of the
	// differences.
	var said stage.Report
	r, err := intake.Open(ctx, x.env, x.a, &said)
	if err != nil {
		return err
	}
	lastOrder, err := x.env.Ledger.LastOrder(ctx)
	if err != nil {
		return err
	}
	lastEvent, err := x.env.Ledger.LastEvent(ctx)
	if err != nil {
		return err
	}
	if err := r.Claims(ctx); err != nil {
		return err
	}
	seen := map[string]bool{}
	shown := map[string][]string{} // tracking numbers by order
	rule := r.Mall.About().Window
	for _, w := range x.span(r, rule).Split(time.Duration(rule.Longest)) {
		got, err := r.Read(ctx, "orders", "compare "+w.In(x.zone).String(), r.Mall.Read(ctx, connectors.Read{Window: w, Kind: connectors.ReadAgain}))
		if err != nil {
			return fmt.Errorf("compare %s: %w", w.In(x.zone), err)
		}
		for n := range got.Numbers {
			seen[n] = true
		}
		for _, x := range got.Shown {
			if x.Tracking != "" && !slices.Contains(shown[x.Order], x.Tracking) {
				shown[x.Order] = append(shown[x.Order], x.Tracking)
			}
		}
	}
	if err := x.tracking(ctx, shown); err != nil {
		return err
	}
	open, err := x.env.Ledger.Open(ctx, x.id)
	if err != nil {
		return err
	}
	// What is still to go and was in no window is asked for by number.
	if err := r.Again(ctx, slices.DeleteFunc(open, func(n string) bool { return seen[n] })); err != nil {
		return err
	}
	return x.differences(ctx, r, lastOrder, lastEvent, time.Duration(rule.Delay))
}

// tracking compares the numbers that the mall shows with those that it was told. What
// it shows of orders of which it was told nothing is no difference here: somebody
// shipped them by hand.
func (x *comparer) tracking(ctx context.Context, shown map[string][]string) error {
	var as []ledger.Alert
	for _, number := range slices.Sorted(maps.Keys(shown)) {
		rows, err := x.env.Ledger.OrdersByNumber(ctx, number, x.a.Name)
		if err != nil {
			return err
		}
		if len(rows) == 0 {
			continue
		}
		rs, err := x.env.Ledger.ReportsOf(ctx, rows[0].ID)
		if err != nil {
			return err
		}
		told := false
		ours := map[string]bool{}
		for i := range rs {
			ours[rs[i].Tracking] = true
			told = told || rs[i].State == ledger.ReportSeen || rs[i].State == ledger.ReportAccepted || rs[i].State == ledger.ReportUploaded
		}
		other := slices.DeleteFunc(shown[number], func(n string) bool { return ours[n] })
		if told && len(other) > 0 {
			as = append(as, ledger.Alert{Subject: number, Args: []string{strings.Join(other, ", "), strings.Join(slices.Sorted(maps.Keys(ours)), ", ")}})
		}
	}
	return x.settle(ctx, order.AlertTracking, as)
}

// span is what is compared: the last days, as far as the mall answers and the
// account wants.
func (x *comparer) span(r *intake.Reader, rule connectors.WindowRule) connectors.Window {
	grain := max(time.Duration(rule.Grain), time.Second)
	from := x.now.AddDate(0, 0, -x.env.Workspace.Settings.Nightly.Days)
	if back := time.Duration(rule.LookBack); back > 0 && from.Before(x.now.Add(-back)) {
		from = x.now.Add(-back).Add(grain)
	}
	if from.Before(r.Since) {
		from = r.Since
	}
	return connectors.Window{From: from.Truncate(grain), To: x.now.Add(-time.Duration(rule.Delay)).Truncate(grain)}
}

func (x *comparer) differences(ctx context.Context, r *intake.Reader, lastOrder, lastEvent int64, delay time.Duration) error {
	ours := r.Kept()
	fresh, err := x.env.Ledger.OrdersAfter(ctx, x.id, lastOrder)
	if err != nil {
		return err
	}
	by := map[order.Alert][]ledger.Alert{}
	for i := range fresh {
		o := fresh[i].Order
		if !ours[fresh[i].FileID] || o.Ordered.UTC.Before(r.Since) || x.now.Sub(o.Ordered.UTC) < delay+settled {
			continue
		}
		switch c := x.class(o); c {
		case status.Done, status.Cancelled, status.Outside:
		default:
			by[order.AlertNotHere] = append(by[order.AlertNotHere], ledger.Alert{Subject: o.Number, Args: []string{o.Status}})
		}
	}
	gone := map[int64]bool{0: true}
	for id := range ours {
		gone[id] = true
	}
	changes, err := x.env.Ledger.ChangesSince(ctx, x.id, lastEvent, gone)
	if err != nil {
		return err
	}
	for i := range changes {
		c := &changes[i]
		if c.State != ledger.Recheck {
			continue // nothing was instructed: the next plan takes it as it is
		}
		kind, args := order.AlertContentDiffers, []string{c.Detail}
		if c.File == 0 {
			kind, args = order.AlertNotAtMall, nil
		} else if x.class(c.Order) == status.Done {
			shipped, err := x.env.Ledger.Shipped(ctx, c.ID)
			if err != nil {
				return err
			}
			if shipped {
				continue
			}
			kind, args = order.AlertShippedAtMall, []string{c.Order.Status}
		}
		by[kind] = append(by[kind], ledger.Alert{Subject: c.Order.Number, Args: args})
	}
	for _, kind := range []order.Alert{order.AlertNotHere, order.AlertNotAtMall, order.AlertShippedAtMall, order.AlertContentDiffers} {
		if err := x.settle(ctx, kind, by[kind]); err != nil {
			return err
		}
	}
	return nil
}

func (x *comparer) class(o *order.Order) status.Class {
	return x.a.Status.Resolve(o.Status, o.SubStatus).Class
}
