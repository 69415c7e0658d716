package console

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/mallbridge/mallbridge/internal/phrase"
	"github.com/mallbridge/mallbridge/internal/why"
	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/order"
)

// shownDifferences is how many differences a page looks into.
const shownDifferences = 200

// endedDays is for how many days back it is counted what was resolved.
const endedDays = 7

type reconcileData struct {
	Of      string
	Names   []string
	Sides   []side
	Rows    []difference
	More    int // differences that are not shown
	Can     bool
	Days    int // that are compared at night
	Ended   int // in the last days
	EndedIn int
}

// A side is an account or a warehouse with how it compares.
type side struct {
	Name, Title, Stage string
	Compared           time.Time // when it was compared whole the last time
	Last               *runRow
	Red, Others        int
	Ended              int
}

// A difference is what mall, ledger and warehouse say of one thing.
type difference struct {
	ledger.Alert
	Red      bool
	Who      order.Who
	Text, Do string
	Account  string // of the order; empty if it is about no order
	Order    string
	Mall     string
	Ledger   []string
	State    string // of the order in the ledger
	House    []why.Place
	Says     string // the warehouse's part where there is no instruction to show
}

// comparedKind reports whether an alert is of what mall, ledger and warehouse say.
func comparedKind(k order.Alert) bool {
	return k.Info().Class == order.Difference || k == order.AlertStop || k == order.AlertNoAck || k == order.AlertNoResult
}

// reconcile shows in what mall, ledger and warehouse disagree.
func (c *Console) reconcile(q *request) (string, any, error) {
	now := q.env.Now()
	d := reconcileData{Of: q.URL.Query().Get("of"), Can: c.o.Run != nil, Days: q.env.Workspace.Settings.Nightly.Days, EndedIn: endedDays}
	all, err := q.env.Ledger.Alerts(q.Context(), ledger.AlertList{Ended: now.AddDate(0, 0, -endedDays)})
	if err != nil {
		return "", nil, err
	}
	all = slices.DeleteFunc(all, func(x ledger.Alert) bool { return !comparedKind(x.Kind) })
	if d.Sides, err = c.sides(q, all); err != nil {
		return "", nil, err
	}
	for _, s := range d.Sides {
		d.Names = append(d.Names, s.Name)
	}
	slices.SortStableFunc(all, func(a, b ledger.Alert) int { return -cmp.Compare(bit(a.Kind.Info().Red), bit(b.Kind.Info().Red)) })
	for _, x := range all {
		switch {
		case d.Of != "" && x.Target != d.Of:
		case !x.Ended.IsZero():
			d.Ended++
		case len(d.Rows) == shownDifferences:
			d.More++
		default:
			row, err := differs(q, x)
			if err != nil {
				return "", nil, err
			}
			d.Rows = append(d.Rows, row)
		}
	}
	return "reconcile", d, nil
}

// sides are the accounts and warehouses that are compared.
func (c *Console) sides(q *request, all []ledger.Alert) ([]side, error) {
	var out []side
	for _, a := range q.env.Workspace.Accounts {
		of := func(x ledger.Alert) bool { return x.Target == a.Name }
		if a.Enabled && a.UsesAPI() || slices.ContainsFunc(all, of) {
			out = append(out, side{Name: a.Name, Title: a.Title, Stage: "reconcile"})
		}
	}
	for _, w := range q.env.Workspace.Warehouses {
		if w.Enabled {
			out = append(out, side{Name: w.Name, Title: w.Title, Stage: "watch"})
		}
	}
	leases, err := q.env.Ledger.Running(q.Context(), q.env.Now())
	if err != nil {
		return nil, err
	}
	for i := range out {
		s := &out[i]
		if s.Compared, err = q.env.Ledger.DoneAt(q.Context(), s.Stage+"/"+s.Name); err != nil {
			return nil, err
		}
		rs, err := q.env.Ledger.Runs(q.Context(), s.Stage, s.Name, 1)
		if err != nil {
			return nil, err
		}
		if len(rs) > 0 {
			last := shownRun(q, rs[0], leases)
			s.Last = &last
		}
		for _, x := range all {
			switch {
			case x.Target != s.Name:
			case !x.Ended.IsZero():
				s.Ended++
			case x.Kind.Info().Red:
				s.Red++
			default:
				s.Others++
			}
		}
	}
	return out, nil
}

// differs says what mall, ledger and warehouse say of what an alert is about.
func differs(q *request, x ledger.Alert) (difference, error) {
	in := x.Kind.Info()
	d := difference{Alert: x, Red: in.Red, Who: in.Who, Text: phrase.Alert(q.lang, x.Kind, x.Target, x.Subject, x.Args...), Do: here(q.lang, string(x.Kind), cmp.Or(in.Do[q.lang], in.Do["en"]))}
	arg := func(i int) string {
		if i < len(x.Args) {
			return x.Args[i]
		}
		return ""
	}
	d.Account, d.Order = x.Target, x.Subject
	switch x.Kind {
	case order.AlertNotHere:
		d.Mall = say(q.lang, "has it: %s", arg(0))
	case order.AlertNotAtMall:
		d.Mall = say(q.lang, "does not have it")
	case order.AlertShippedAtMall:
		d.Mall = say(q.lang, "shows it as %s", arg(0))
	case order.AlertContentDiffers:
		d.Mall = say(q.lang, "changed it: %s", arg(0))
	case order.AlertTracking:
		d.Mall = say(q.lang, "shows the number %s", arg(0))
	case order.AlertCancelShipped:
		d.Account, d.Order, _ = strings.Cut(x.Subject, "/")
		d.Mall = say(q.lang, "cancelled it")
	case order.AlertStop:
		d.Account, d.Order, _ = strings.Cut(x.Subject, "/")
		d.Mall = say(q.lang, "cancelled or changed it")
	default:
		d.Account, d.Order = "", ""
		d.Ledger, d.Says = fileSays(q, x.Kind, arg)
		return d, nil
	}
	answers, err := why.Of(q.Context(), q.env, d.Order, d.Account, q.lang)
	if order.CodeOf(err) == order.NotFound {
		d.Ledger = []string{say(q.lang, "does not have it")}
		return d, nil
	}
	if err != nil || len(answers) == 0 {
		return d, err
	}
	w := answers[0]
	d.State, d.House = w.State, w.Instructions
	for _, r := range w.Reasons {
		if r.Text != d.Text {
			d.Ledger = append(d.Ledger, r.Text)
		}
	}
	return d, nil
}

// fileSays is what ledger and warehouse say of a file.
func fileSays(q *request, kind order.Alert, arg func(int) string) (ours []string, theirs string) {
	switch kind {
	case order.AlertFileDiffers:
		return []string{say(q.lang, "recorded and on disk: %s", arg(0))}, ""
	case order.AlertLinesDiffer:
		return []string{say(q.lang, "%s lines claimed, %s in the file", arg(0), arg(1))}, say(q.lang, "%s lines answered", arg(2))
	case order.AlertUnknownResult:
		return []string{say(q.lang, "knows no instruction for %s rows", arg(0))}, say(q.lang, "sent the file")
	case order.AlertNoAck:
		return []string{say(q.lang, "sent on %s", arg(0))}, say(q.lang, "has not said that it has the file")
	case order.AlertNoResult:
		return []string{say(q.lang, "sent on %s", arg(1))}, say(q.lang, "has not said that it shipped %s instructions", arg(0))
	case order.AlertStrange:
		return []string{say(q.lang, "does not know the file")}, say(q.lang, "has it since %s", arg(0))
	case order.AlertRestored:
		return []string{say(q.lang, "is a copy of %s", arg(0))}, ""
	}
	return nil, ""
}

// Name is what a difference is about.
func (d difference) Name() string { return cmp.Or(d.Order, d.Subject, d.Target) }
