package console

import (
	"cmp"
	"fmt"
	"log/slog"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mallbridge/mallbridge/configs"
	"github.com/mallbridge/mallbridge/internal/accounts"
	"github.com/mallbridge/mallbridge/internal/phrase"
	"github.com/mallbridge/mallbridge/internal/standing"
	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/order"
	"github.com/mallbridge/mallbridge/pipeline"
)

type runsData struct {
	Stage, Target string
	Stages        []string
	Targets       []string
	Runs          []runRow
	All           bool // those too that found nothing new
	Can           bool // runs may be asked for
}

// A runRow is a run as pages show it.
type runRow struct {
	ledger.Run
	State string // its outcome; running, or interrupted if nobody works on it any more
	At    string // what it is at, or was at when it was interrupted
}

// shownRun says in what state a run is. One without an end is running while its owner
// has the lease of its stage.
func shownRun(q *request, r ledger.Run, leases []ledger.Lease) runRow {
	row := runRow{Run: r, State: r.Outcome}
	if r.EndedAt.IsZero() {
		row.State = "interrupted"
		if slices.ContainsFunc(leases, func(l ledger.Lease) bool { return l.Name == r.Stage+"/"+r.Target && l.Owner == r.Owner }) {
			row.State = "running"
		}
	}
	if s := r.Step; s != nil {
		row.At = phrase.Step(q.lang, s.What, s.Of, s.Done, s.Total)
	}
	return row
}

func (c *Console) runs(q *request) (string, any, error) {
	v := q.URL.Query()
	d := runsData{Stage: v.Get("stage"), Target: v.Get("target"), All: v.Get("all") != "", Can: c.o.Run != nil}
	for _, s := range pipeline.Stages {
		d.Stages = append(d.Stages, s.Name)
	}
	for _, a := range q.env.Workspace.Accounts {
		d.Targets = append(d.Targets, a.Name)
	}
	for _, w := range q.env.Workspace.Warehouses {
		d.Targets = append(d.Targets, w.Name)
	}
	list := q.env.Ledger.RunsThatMoved
	if d.All {
		list = q.env.Ledger.Runs
	}
	rs, err := list(q.Context(), d.Stage, d.Target, 100)
	if err != nil {
		return "", nil, err
	}
	leases, err := q.env.Ledger.Running(q.Context(), q.env.Now())
	for _, r := range rs {
		d.Runs = append(d.Runs, shownRun(q, r, leases))
	}
	return "runs", d, err
}

type runData struct {
	runRow
	Level  string
	Levels []string
	Lines  []ledger.RunLine
	Kept   int
}

// levels of a run's log, the most talkative first.
var levels = []string{"debug", "info", "warn", "error"}

func levelOf(name string) (slog.Level, error) {
	var l slog.Level
	if name == "" || !slices.Contains(levels, name) {
		return slog.LevelDebug, nil
	}
	return l, l.UnmarshalText([]byte(name))
}

// runOf is the run that a page is about, with the lines of its log that are asked for.
func (c *Console) runOf(q *request) (ledger.Run, []ledger.RunLine, error) {
	id, err := strconv.ParseInt(q.PathValue("id"), 10, 64)
	if err != nil {
		return ledger.Run{}, nil, order.Errorf(order.NotFound, "", "there is no run %s", q.PathValue("id"))
	}
	level, err := levelOf(q.URL.Query().Get("level"))
	if err != nil {
		return ledger.Run{}, nil, err
	}
	r, err := q.env.Ledger.Run(q.Context(), id)
	if err != nil {
		return r, nil, err
	}
	lines, err := q.env.Ledger.RunLog(q.Context(), id, level)
	return r, lines, err
}

// oneRun shows what a run did, is at, and wrote into the program's log.
func (c *Console) oneRun(q *request) (string, any, error) {
	r, lines, err := c.runOf(q)
	if err != nil {
		return "", nil, err
	}
	leases, err := q.env.Ledger.Running(q.Context(), q.env.Now())
	return "run", runData{runRow: shownRun(q, r, leases), Level: q.URL.Query().Get("level"), Levels: levels, Lines: lines, Kept: ledger.RunLines}, err
}

// runLog downloads the log of a run.
func (c *Console) runLog(w http.ResponseWriter, r *http.Request) {
	q, err := c.request(w, r)
	if err != nil {
		c.fail(w, r, err)
		return
	}
	run, lines, err := c.runOf(q)
	if err != nil {
		c.fail(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	name := fmt.Sprintf("run-%d-%s-%s.log", run.ID, run.Stage, run.Target)
	w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
	for _, l := range lines {
		if _, err := fmt.Fprintln(w, l); err != nil {
			return
		}
	}
}

// run asks for a run of a stage now.
func (c *Console) run(q *request) (string, error) {
	s, ok := pipeline.Lookup(q.FormValue("stage"))
	if !ok || c.o.Run == nil {
		return "", order.Errorf(order.Invalid, "", "no such stage: %s", q.FormValue("stage"))
	}
	target := q.FormValue("target")
	for _, t := range s.Targets(q.env.Workspace) {
		if t == target {
			fresh, err := c.askFor(q, s.Name, target)
			text := "%s of %s was asked for"
			if !fresh {
				text = "%s of %s was asked for before and has not ended; it does this too"
			}
			if err == nil {
				c.tell(q, text, say(q.lang, s.Name), target)
			}
			return back(q), err
		}
	}
	return "", order.Errorf(order.Invalid, "", "%s does not run on %s", s.Name, target)
}

// ask asks for a run and notes who did.
func (c *Console) ask(q *request, stage, target string) error {
	_, err := c.askFor(q, stage, target)
	return err
}

// askFor is [Console.ask] that says whether the run is a new one.
func (c *Console) askFor(q *request, stage, target string) (fresh bool, err error) {
	if c.o.Run == nil {
		return false, nil
	}
	if err := q.env.Ledger.Record(q.Context(), q.env.Now(), ledger.Event{Kind: "run.asked", Detail: stage + " " + target, Actor: q.user.Name}); err != nil {
		return false, err
	}
	return c.o.Run(q.Context(), stage, target)
}

type accountsData struct {
	Accounts []accountRow
	Calendar []accountRow // by the end of their keys
	Can      bool
}

type accountRow struct {
	Account *configs.Account
	Tally   ledger.Tally
	Mall    string
	Last    *ledger.Run
	Until   time.Time // how far orders were read by API
	Fetch   standing.Fetch
	Next    string
	Key     standing.Key
}

func (c *Console) accounts(q *request) (string, any, error) {
	d := accountsData{Can: c.o.Run != nil}
	all, err := q.env.Ledger.Tallies(q.Context())
	if err != nil {
		return "", nil, err
	}
	for _, a := range q.env.Workspace.Accounts {
		r := accountRow{Account: a, Mall: a.Mall}
		if m, ok := configs.LookupMall(a.Mall); ok {
			r.Mall = m.Title[q.lang]
		}
		if t := all[a.Name]; t != nil {
			r.Tally = *t
		}
		if r.Fetch, err = standing.Fetches(q.Context(), q.env, a); err != nil {
			return "", nil, err
		}
		r.Next = nextText(q, r.Fetch)
		if r.Key, err = standing.Keys(q.Context(), q.env, a); err != nil {
			return "", nil, err
		}
		runs, err := q.env.Ledger.Runs(q.Context(), "extract", a.Name, 1)
		if err != nil {
			return "", nil, err
		}
		if len(runs) > 0 {
			r.Last = &runs[0]
		}
		if a.UsesAPI() {
			id, _, err := q.env.Ledger.Account(q.Context(), a.Name, q.env.Now())
			if err != nil {
				return "", nil, err
			}
			if r.Until, _, err = q.env.Ledger.ReadUntil(q.Context(), id, "orders"); err != nil {
				return "", nil, err
			}
		}
		d.Accounts = append(d.Accounts, r)
	}
	d.Calendar = keyCalendar(d.Accounts)
	return "accounts", d, nil
}

// Held counts held orders for any reason.
func (r accountRow) Held() (n int64) {
	for _, x := range r.Tally.Held {
		n += x
	}
	return n
}

type windowsData struct {
	Accounts []windowsOf
	All      []string
	Account  string
	Days     int
	Can      bool // runs may be asked for
}

// windowsOf are the windows of an account.
type windowsOf struct {
	Account  string
	Zone     string
	Strips   []strip
	Windows  []windowRow
	Asked    []ledger.Span
	Gaps     int
	From, To string // what the form of a span begins with, in the account's zone
}

// A windowRow is a window that was read or lost, or the gap before it.
type windowRow struct {
	ledger.Window
	Gap bool
}

// RFC writes an end of a window for a form.
func (windowRow) RFC(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// A strip draws the last days of a feed: what was read, what is missing.
type strip struct {
	Feed  string
	Parts []stripPart
	Days  []stripDay
	Width int
}

type stripPart struct {
	X, Width int
	State    string // read, lost, gap, asked
	From, To time.Time
}

type stripDay struct {
	X     int
	Label string
}

// Sizes of a strip, in its own units.
const (
	stripDays  = 14
	stripWidth = 980
)

// shownWindows is how many windows of a feed a page lists.
const shownWindows = 50

// windows shows what was read of the malls that are asked by API, and what was not.
func (c *Console) windows(q *request) (string, any, error) {
	d := windowsData{Account: q.URL.Query().Get("account"), Days: stripDays, Can: c.o.Run != nil}
	for _, a := range q.env.Workspace.Accounts {
		if !a.UsesAPI() {
			continue
		}
		d.All = append(d.All, a.Name)
		if d.Account != "" && a.Name != d.Account {
			continue
		}
		w, err := windowsOfAccount(q, a)
		if err != nil {
			return "", nil, err
		}
		d.Accounts = append(d.Accounts, w)
	}
	return "windows", d, nil
}

// formTime is how browsers write a time of day in a form.
const formTime = "2006-01-02T15:04"

func windowsOfAccount(q *request, a *configs.Account) (windowsOf, error) {
	out := windowsOf{Account: a.Name, Zone: a.Timezone}
	id, _, err := q.env.Ledger.Account(q.Context(), a.Name, q.env.Now())
	if err != nil {
		return out, err
	}
	ws, err := q.env.Ledger.Windows(q.Context(), id)
	if err != nil {
		return out, err
	}
	if out.Asked, err = q.env.Ledger.Spans(q.Context(), id); err != nil {
		return out, err
	}
	rows := withGaps(ws)
	for _, r := range rows {
		if r.Gap && r.Feed == feedOrders {
			out.Gaps++
		}
	}
	now := q.env.Now()
	for _, feed := range []string{feedOrders, "claims"} {
		if s, ok := drawStrip(feed, rows, out.Asked, now, a.Location); ok {
			out.Strips = append(out.Strips, s)
		}
	}
	out.From, out.To = now.In(a.Location).AddDate(0, 0, -1).Format(formTime), now.In(a.Location).Format(formTime)
	out.Windows = rows[:min(len(rows), shownWindows)]
	return out, nil
}

// feedOrders is the feed of windows of orders: the one that can be read again.
const feedOrders = "orders"

// withGaps puts what was not read between what was, newest first.
func withGaps(ws []ledger.Window) []windowRow {
	slices.SortStableFunc(ws, func(a, b ledger.Window) int {
		return cmp.Or(cmp.Compare(a.Feed, b.Feed), a.From.Compare(b.From))
	})
	var out []windowRow
	for i, w := range ws {
		if i > 0 && ws[i-1].Feed == w.Feed && w.From.After(ws[i-1].To) {
			out = append(out, windowRow{ledger.Window{Feed: w.Feed, From: ws[i-1].To, To: w.From}, true})
		}
		out = append(out, windowRow{w, false})
	}
	slices.Reverse(out)
	return out
}

// drawStrip gives what was read of a feed in the last days its place; false if nothing
// of the feed is known.
func drawStrip(feed string, rows []windowRow, asked []ledger.Span, now time.Time, zone *time.Location) (strip, bool) {
	local := now.In(zone)
	first := time.Date(local.Year(), local.Month(), local.Day()-stripDays+1, 0, 0, 0, 0, zone)
	last := time.Date(local.Year(), local.Month(), local.Day()+1, 0, 0, 0, 0, zone)
	at := func(t time.Time) int {
		x := int(int64(stripWidth) * int64(t.Sub(first)/time.Second) / int64(last.Sub(first)/time.Second))
		return min(max(x, 0), stripWidth)
	}
	s := strip{Feed: feed, Width: stripWidth}
	known := false
	add := func(state string, from, to time.Time) {
		if to.Before(first) {
			return
		}
		x := at(from)
		s.Parts = append(s.Parts, stripPart{X: x, Width: max(at(to)-x, 1), State: state, From: from, To: to})
	}
	for _, r := range slices.Backward(rows) {
		switch {
		case r.Feed != feed:
			continue
		case r.Gap:
			add("gap", r.From, r.To)
		default:
			add(r.State, r.From, r.To)
		}
		known = true
	}
	if feed == feedOrders {
		for _, x := range asked {
			add("asked", x.From, x.To)
		}
	}
	for i := range stripDays {
		d := first.AddDate(0, 0, i)
		s.Days = append(s.Days, stripDay{at(d), d.Format("01/02")})
	}
	return s, known
}

// readAgain asks for a span of an account's orders to be read again. The form gives
// instants, or times of day in the account's zone.
func (c *Console) readAgain(q *request) (string, error) {
	a, ok := q.env.Workspace.Account(q.FormValue("account"))
	if !ok {
		return "", order.Errorf(order.Invalid, "", "no account %s", q.FormValue("account"))
	}
	from, err := accounts.ParseMoment(q.FormValue("from"), a.Location)
	if err != nil {
		return "", err
	}
	to, err := accounts.ParseMoment(q.FormValue("to"), a.Location)
	if err == nil {
		err = accounts.AskSpan(q.Context(), q.env, a, from, to, q.user.Name)
	}
	if err != nil {
		return "", err
	}
	c.tell(q, "it is read again with the next fetch of %s", a.Name)
	return query("/runs/windows", "account", a.Name), c.ask(q, "extract", a.Name)
}

// shownActs is how many acts of people a page lists.
const shownActs = 300

type actsData struct {
	Who, Kind string
	From, To  string // days
	Kinds     []string
	Acts      []ledger.Act
	More      bool // there are older ones
}

// actKinds is what acts are about.
var actKinds = []string{"order", "hold", "raw", "batch", "report", "file", "master", "links", "account", "stock", "window", "run", "job", "queue", "user", "restore"}

// acts is the audit trail of people's acts.
func (c *Console) acts(q *request) (string, any, error) {
	v := q.URL.Query()
	d := actsData{Who: strings.TrimSpace(v.Get("who")), Kind: v.Get("kind"), From: v.Get("from"), To: v.Get("to"), Kinds: actKinds}
	l := ledger.ActList{Who: d.Who, Kind: d.Kind, Limit: shownActs + 1}
	in := zone(q.env.Workspace)
	for _, x := range []struct {
		day  string
		to   *time.Time
		more int
	}{{d.From, &l.From, 0}, {d.To, &l.To, 1}} {
		if x.day == "" {
			continue
		}
		at, err := time.ParseInLocation(time.DateOnly, x.day, in)
		if err != nil {
			return "", nil, order.Errorf(order.Invalid, "write it as 2026-11-30", "%q is no day", x.day)
		}
		*x.to = at.AddDate(0, 0, x.more)
	}
	var err error
	d.Acts, err = q.env.Ledger.ActsOf(q.Context(), l)
	if len(d.Acts) > shownActs {
		d.Acts, d.More = d.Acts[:shownActs], true
	}
	return "acts", d, err
}
