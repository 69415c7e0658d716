package console

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/mallbridge/mallbridge/configs"
	"github.com/mallbridge/mallbridge/internal/phrase"
	"github.com/mallbridge/mallbridge/internal/standing"
	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/order"
)

type todayData struct {
	Now        time.Time
	Waiting    []waiting
	Accounts   []accountCard
	Warehouses []warehouseCard
	Hours      chart
	Days       chart
}

// waiting is what only a person can move on, with the page where that is done.
type waiting struct {
	Count int64
	Text  string
	Who   order.Who
	Do    string
	Link  string
	Since time.Time
	Bad   bool
}

type accountCard struct {
	Account                                                *configs.Account
	New, Unshipped, Instructed, Shipped, Held, Late, Other int64
	Fetch                                                  standing.Fetch
	Next                                                   string // when its orders are looked for next
	Key                                                    standing.Key
}

// keySoon is how many days before its end a key is worth a person's time.
const keySoon = 14

// KeyBad reports whether the keys end soon.
func (c accountCard) KeyBad() bool { return c.Key.Known && c.Key.Days < keySoon }

type warehouseCard struct {
	Warehouse *configs.Warehouse
	Waiting   int64 // instructions that no file holds yet
	Ready     int64 // those of them for its next file
	CutOff    time.Time
	ShipsOn   order.Date
	Last      *ledger.Batch
}

func (c *Console) today(q *request) (string, any, error) {
	ctx, env := q.Context(), q.env
	now := env.Now()
	d := todayData{Now: now}
	all, err := env.Ledger.Tallies(ctx)
	if err != nil {
		return "", nil, err
	}
	for _, a := range env.Workspace.Accounts {
		if !a.Enabled {
			continue
		}
		card := accountCard{Account: a}
		if t := all[a.Name]; t != nil {
			card.New, card.Unshipped, card.Instructed, card.Shipped, card.Other = t.Seen, t.Outside[order.OutUnshipped], t.Instructed-t.Shipped, t.Shipped, t.Planned-t.Instructed
			for _, n := range t.Held {
				card.Held += n
			}
			for _, n := range t.Warned {
				card.Late += n
			}
		}
		if card.Fetch, err = standing.Fetches(ctx, env, a); err != nil {
			return "", nil, err
		}
		card.Next = nextText(q, card.Fetch)
		if card.Key, err = standing.Keys(ctx, env, a); err != nil {
			return "", nil, err
		}
		d.Accounts = append(d.Accounts, card)
	}
	if d.Warehouses, err = warehouses(q, now); err != nil {
		return "", nil, err
	}
	if d.Waiting, err = c.waiting(q); err != nil {
		return "", nil, err
	}
	in := zone(env.Workspace)
	points, err := env.Ledger.Flow(ctx, now.AddDate(0, 0, -chartDays).Truncate(time.Hour))
	d.Hours, d.Days = byHour(points, now, in), byDay(points, now, in)
	return "today", d, err
}

// nextText says when orders are looked for next, in the reader's language.
func nextText(q *request, f standing.Fetch) string {
	switch {
	case f.Off:
		return "–"
	case strings.HasPrefix(f.Schedule, "every "):
		return say(q.lang, "every %s", order.Span(q.lang, strings.TrimPrefix(f.Schedule, "every ")))
	case f.Schedule != "":
		return f.Schedule
	case f.Due.IsZero():
		return say(q.lang, "now")
	}
	return shortTime(q.lang, q.env.Workspace, q.env.Now(), f.Due)
}

func zone(ws *configs.Workspace) *time.Location {
	if loc, err := time.LoadLocation(ws.Settings.Timezone); err == nil {
		return loc
	}
	return time.UTC
}

// lastDay is after every day on which something ships.
const lastDay order.Date = "9999-12-31"

func warehouses(q *request, now time.Time) ([]warehouseCard, error) {
	var out []warehouseCard
	for _, w := range q.env.Workspace.Warehouses {
		if !w.Enabled {
			continue
		}
		id, err := q.env.Ledger.Warehouse(q.Context(), w.Name)
		if err != nil {
			return nil, err
		}
		card := warehouseCard{Warehouse: w, CutOff: w.Days.CutOffFor(now), ShipsOn: w.Days.NextShipDay(now)}
		if card.Ready, err = q.env.Ledger.ReadyCount(q.Context(), id, card.ShipsOn); err != nil {
			return nil, err
		}
		if card.Waiting, err = q.env.Ledger.ReadyCount(q.Context(), id, lastDay); err != nil {
			return nil, err
		}
		bs, err := q.env.Ledger.Batches(q.Context(), w.Name, 1)
		if err != nil {
			return nil, err
		}
		if len(bs) > 0 {
			card.Last = &bs[0]
		}
		out = append(out, card)
	}
	return out, nil
}

// waiting lists what waits for a person, the gravest first.
func (c *Console) waiting(q *request) ([]waiting, error) {
	var out []waiting
	batches, err := q.env.Ledger.Batches(q.Context(), "", 200)
	if err != nil {
		return nil, err
	}
	for _, b := range batches {
		link := "/files/" + b.Warehouse + "/" + b.Number
		switch {
		case b.State == ledger.BatchInDoubt:
			out = append(out, waiting{1, say(q.lang, "nobody knows whether %s arrived", b.Name), order.Operator, say(q.lang, "ask the warehouse, then settle it"), link, b.UploadedAt, true})
		case b.State == ledger.BatchBuilt && approval(q, b.Warehouse):
			ok, err := q.env.Ledger.Approved(q.Context(), b.ID, b.SHA256)
			if err != nil {
				return nil, err
			}
			if !ok {
				out = append(out, waiting{1, say(q.lang, "%s waits for approval", b.Name), order.Operator, say(q.lang, "look at it and approve it"), link, b.BuiltAt, false})
			}
		}
	}
	alerts, err := q.env.Ledger.Alerts(q.Context(), ledger.AlertList{})
	if err != nil {
		return nil, err
	}
	out = append(out, alertRows(q, alerts)...)
	sheets, err := q.env.Ledger.Uploads(q.Context(), "", true, 200)
	if err != nil {
		return nil, err
	}
	for _, u := range sheets {
		out = append(out, waiting{1, say(q.lang, "%s waits to be uploaded at the mall", u.Name), order.Operator, say(q.lang, "download it, upload it in the mall's back office, and say so"), "/files#uploads", u.BuiltAt, false})
	}
	failed, err := q.env.Ledger.FailedReports(q.Context(), shownReports)
	if err != nil {
		return nil, err
	}
	if n := len(failed); n > 0 {
		out = append(out, waiting{int64(n), say(q.lang, "the mall did not take %d tracking numbers", n), order.Operator, say(q.lang, "send them again, or say that the mall is not told"), "/files#reports", failed[0].ChangedAt, false})
	}
	holds, err := q.env.Ledger.Holds(q.Context(), "", maxHolds)
	if err != nil {
		return nil, err
	}
	groups := groupHolds(holds, q.lang)
	slices.SortStableFunc(groups, func(a, b holdGroup) int { return cmp.Compare(len(b.Holds), len(a.Holds)) })
	for _, g := range groups {
		if who := g.Reason.Info().Who; who != order.Nobody {
			out = append(out, waiting{int64(len(g.Holds)), reasonText(q.lang, g.Reason), who, here(q.lang, string(g.Reason), g.Reason.Info().Do[q.lang]), query("/holds", "reason", g.Reason) + "#" + string(g.Reason), g.Oldest, g.Warns})
		}
	}
	slices.SortStableFunc(out, func(a, b waiting) int { return -cmp.Compare(bit(a.Bad), bit(b.Bad)) })
	return out, nil
}

// alike is how many alerts of one kind are listed one by one.
const alike = 2

// alertRows lists alerts; many of one kind are one row.
func alertRows(q *request, alerts []ledger.Alert) []waiting {
	count := map[order.Alert]int64{}
	for _, x := range alerts {
		count[x.Kind]++
	}
	var out []waiting
	seen := map[order.Alert]bool{}
	for _, x := range alerts {
		n := int64(1)
		if count[x.Kind] > alike {
			if seen[x.Kind] {
				continue
			}
			seen[x.Kind], n = true, count[x.Kind]
		}
		in := x.Kind.Info()
		text := phrase.Alert(q.lang, x.Kind, x.Target, x.Subject, x.Args...)
		if x.Target != "" && !strings.Contains(text, x.Target) {
			text = x.Target + ": " + text
		}
		if n > 1 {
			text += " (" + say(q.lang, "and %d more", n-1) + ")"
		}
		out = append(out, waiting{n, text, in.Who, here(q.lang, string(x.Kind), in.Do[q.lang]), alertLink(q, x), x.Since, in.Red})
	}
	return out
}

// alertLink is the page of what an alert is about.
func alertLink(q *request, x ledger.Alert) string {
	if comparedKind(x.Kind) {
		return query("/reconcile", "of", x.Target)
	}
	if _, ok := q.env.Workspace.Account(x.Target); ok {
		if x.Subject != "" {
			return query("/orders", "account", x.Target, "q", x.Subject)
		}
		return "/accounts"
	}
	return "/files"
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

func approval(q *request, warehouse string) bool {
	w, ok := q.env.Workspace.Warehouse(warehouse)
	return ok && w.Instructions.Approval == "always"
}
