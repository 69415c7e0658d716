package console

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/mallbridge/mallbridge/configs"
	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/order"
)

type todayData struct {
	Now        time.Time
	Waiting    []waiting
	Accounts   []accountCard
	Warehouses []warehouseCard
	Hours      chart
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
	Last                                                   time.Time // when its orders were looked for last
}

type warehouseCard struct {
	Warehouse *configs.Warehouse
	Ready     int64 // instructions for its next file
	CutOff    time.Time
	ShipsOn   order.Date
	Last      *ledger.Batch
}

func (c *Console) today(q *request) (string, any, error) {
	ctx, env := q.Context(), q.env
	now := env.Now()
	d := todayData{Now: now}
	for _, a := range env.Workspace.Accounts {
		if !a.Enabled {
			continue
		}
		t, err := env.Ledger.Tally(ctx, a.Name)
		if err != nil {
			return "", nil, err
		}
		card := accountCard{Account: a, New: t.Seen, Unshipped: t.Outside[order.OutUnshipped], Instructed: t.Instructed - t.Shipped, Shipped: t.Shipped}
		for _, n := range t.Held {
			card.Held += n
		}
		for _, n := range t.Warned {
			card.Late += n
		}
		card.Other = t.Planned - t.Instructed
		runs, err := env.Ledger.Runs(ctx, "extract", a.Name, 1)
		if err != nil {
			return "", nil, err
		}
		if len(runs) > 0 {
			card.Last = runs[0].StartedAt
		}
		d.Accounts = append(d.Accounts, card)
	}
	var err error
	if d.Warehouses, err = warehouses(q, now); err != nil {
		return "", nil, err
	}
	if d.Waiting, err = c.waiting(q); err != nil {
		return "", nil, err
	}
	points, err := env.Ledger.Flow(ctx, now.Add(-24*time.Hour).Truncate(time.Hour))
	d.Hours = hours(points, now, zone(env.Workspace))
	return "today", d, err
}

func zone(ws *configs.Workspace) *time.Location {
	if loc, err := time.LoadLocation(ws.Settings.Timezone); err == nil {
		return loc
	}
	return time.UTC
}

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
	for _, x := range alerts {
		in := x.Kind.Info()
		text := x.Kind.Say(q.lang, x.Target, x.Subject, x.Args...)
		if x.Target != "" && !strings.Contains(text, x.Target) {
			text = x.Target + ": " + text
		}
		out = append(out, waiting{1, text, in.Who, in.Do[q.lang], alertLink(q, x), x.Since, in.Red})
	}
	sheets, err := q.env.Ledger.Uploads(q.Context(), "", true, 200)
	if err != nil {
		return nil, err
	}
	for _, u := range sheets {
		out = append(out, waiting{1, say(q.lang, "%s waits to be uploaded at the mall", u.Name), order.Operator, say(q.lang, "download it, upload it in the mall's back office, and say so"), "/files#uploads", u.BuiltAt, false})
	}
	holds, err := q.env.Ledger.Holds(q.Context(), "", maxHolds)
	if err != nil {
		return nil, err
	}
	groups := groupHolds(holds, q.lang)
	slices.SortStableFunc(groups, func(a, b holdGroup) int { return cmp.Compare(len(b.Holds), len(a.Holds)) })
	for _, g := range groups {
		if who := g.Reason.Info().Who; who != order.Nobody {
			out = append(out, waiting{int64(len(g.Holds)), reasonText(q.lang, g.Reason), who, g.Reason.Info().Do[q.lang], query("/holds", "reason", g.Reason) + "#" + string(g.Reason), g.Oldest, g.Warns})
		}
	}
	slices.SortStableFunc(out, func(a, b waiting) int { return -cmp.Compare(bit(a.Bad), bit(b.Bad)) })
	return out, nil
}

// alertLink is the page of what an alert is about.
func alertLink(q *request, x ledger.Alert) string {
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

// A chart shows two counts for each of the last hours as bars.
type chart struct {
	Bars            []bar
	Most            int64
	Orders, Shipped int64
}

type bar struct {
	X               int
	Hour            string
	Orders, Shipped int64
	OrdersY, OrderH int
	ShippedY, ShipH int
	Named           bool // the hour is written below it
}

const (
	chartHours  = 24
	chartHeight = 120
	barStep     = 30
)

func hours(points []ledger.Point, now time.Time, zone *time.Location) chart {
	var c chart
	at := map[int64]ledger.Point{}
	for _, p := range points {
		at[p.At.Unix()] = p
		c.Most = max(c.Most, p.Orders, p.Shipped)
		c.Orders += p.Orders
		c.Shipped += p.Shipped
	}
	height := func(n int64) int {
		if c.Most == 0 {
			return 0
		}
		return int(n * chartHeight / c.Most)
	}
	first := now.Truncate(time.Hour).Add(-(chartHours - 1) * time.Hour)
	for i := range chartHours {
		h := first.Add(time.Duration(i) * time.Hour)
		p := at[h.Unix()]
		b := bar{X: i * barStep, Hour: h.In(zone).Format("15"), Orders: p.Orders, Shipped: p.Shipped, OrderH: height(p.Orders), ShipH: height(p.Shipped), Named: i%3 == 2}
		b.OrdersY, b.ShippedY = chartHeight-b.OrderH, chartHeight-b.ShipH
		c.Bars = append(c.Bars, b)
	}
	return c
}
