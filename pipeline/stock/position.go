package stock

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/mallbridge/mallbridge/configs"
	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/mappers/status"
	"github.com/mallbridge/mallbridge/order"
	"github.com/mallbridge/mallbridge/pipeline/stage"
)

// A Level is what a warehouse has of one SKU, and what of it is spoken for.
type Level struct {
	Warehouse string
	SKU       string
	Name      string
	Figure    int64  // the stock file's: on hand, or free of what the warehouse was instructed to ship
	Kind      string // configs.FigureFree or FigureOnHand
	At        time.Time
	Known     bool // the warehouse has given a figure
	Old       bool // it is older than the warehouse's max_age and not used
	// What the figure still holds: pieces of instructions, of orders in their target
	// status without instruction, of orders before it. Orders of which no warehouse
	// is known yet count at each.
	Instructed, Waiting, Unshipped int64
	floating                       int64 // of Waiting and Unshipped: those that count at each warehouse
}

// Net is what is left of the figure; it may be below zero.
func (l *Level) Net() int64 {
	n := -l.Instructed - l.Waiting - l.Unshipped
	if l.Known && !l.Old {
		n += l.Figure
	}
	return n
}

// Uncounted is demand that no SKU is linked to.
type Uncounted struct {
	Account  string
	Code     string // of the listing; empty if the lines have none
	Quantity int64
	Orders   int64
}

// A Position is the stock of all warehouses against the orders of all accounts at
// one moment.
type Position struct {
	At        time.Time
	Levels    []*Level // by warehouse and SKU
	Uncounted []Uncounted

	workspace *configs.Workspace
	at        map[place]*Level
	own       map[owned]int64 // counted pieces of one account's orders
}

type place struct{ warehouse, sku string }

type owned struct{ account, sku string }

// Level returns the level of a SKU at a warehouse, nil if nothing is known of it.
func (p *Position) Level(warehouse, sku string) *Level { return p.at[place{warehouse, sku}] }

// Take reads the ledger and reckons. It decodes only orders that were not planned
// since they came.
func Take(ctx context.Context, env *stage.Env) (*Position, error) {
	p := &Position{At: env.Now(), workspace: env.Workspace, at: map[place]*Level{}, own: map[owned]int64{}}
	names, ids, err := accounts(ctx, env)
	if err != nil {
		return nil, err
	}
	for _, w := range env.Workspace.Warehouses {
		if err := p.warehouse(ctx, env, w, names); err != nil {
			return nil, err
		}
	}
	ds, err := env.Ledger.Demands(ctx)
	if err != nil {
		return nil, err
	}
	un := map[Uncounted]Uncounted{}
	for _, d := range ds {
		a := names[d.AccountID]
		if a == nil {
			continue // an account that was removed: its orders are nobody's
		}
		p.want(a, d, un)
	}
	for _, a := range env.Workspace.Accounts {
		if err := unjudged(ctx, env, a, ids[a.Name], func(d ledger.Demand) { p.want(a, d, un) }); err != nil {
			return nil, err
		}
	}
	p.Levels = slices.SortedFunc(maps.Values(p.at), func(a, b *Level) int {
		return cmp.Or(cmp.Compare(a.Warehouse, b.Warehouse), cmp.Compare(a.SKU, b.SKU))
	})
	p.Uncounted = slices.SortedFunc(maps.Values(un), func(a, b Uncounted) int {
		return cmp.Or(cmp.Compare(a.Account, b.Account), cmp.Compare(a.Code, b.Code))
	})
	return p, nil
}

func accounts(ctx context.Context, env *stage.Env) (byID map[int64]*configs.Account, ids map[string]int64, err error) {
	byID, ids = map[int64]*configs.Account{}, map[string]int64{}
	for _, a := range env.Workspace.Accounts {
		id, _, err := env.Ledger.Account(ctx, a.Name, env.Now())
		if err != nil {
			return nil, nil, err
		}
		byID[id], ids[a.Name] = a, id
	}
	return byID, ids, nil
}

// level returns the level of a SKU at a warehouse, making it if nothing is known.
func (p *Position) level(w *configs.Warehouse, sku string) *Level {
	k := place{w.Name, sku}
	l := p.at[k]
	if l == nil {
		l = &Level{Warehouse: w.Name, SKU: sku}
		if c, ok := p.workspace.SKUs.SKU(sku); ok {
			l.Name = c.Name
		}
		if w.Stock != nil {
			l.Kind = w.Stock.Figure
		}
		p.at[k] = l
	}
	return l
}

// warehouse reads a warehouse's figures and the instructions that they still hold.
func (p *Position) warehouse(ctx context.Context, env *stage.Env, w *configs.Warehouse, names map[int64]*configs.Account) error {
	id, err := env.Ledger.Warehouse(ctx, w.Name)
	if err != nil {
		return err
	}
	rule := ledger.StockRule{NoResults: w.Results == nil, Zone: w.Location, Oldest: p.At.Add(-configs.DefaultMaxAge)}
	if w.Stock != nil {
		rule.Physical, rule.TakesIn, rule.Oldest = w.Stock.Figure == configs.FigureOnHand, w.Stock.TakesIn.Std(), p.At.Add(-w.Stock.MaxAge.Std())
	}
	figures, err := env.Ledger.StockOf(ctx, id)
	if err != nil {
		return err
	}
	for _, f := range figures {
		l := p.level(w, f.SKU)
		l.Known, l.At, l.Old = true, f.At, f.At.Before(rule.Oldest)
		if l.Figure = f.Sellable; rule.Physical {
			l.Figure = f.OnHand
		}
	}
	used, err := env.Ledger.Instructed(ctx, id, rule)
	if err != nil {
		return err
	}
	for _, n := range used {
		p.level(w, n.SKU).Instructed += n.Quantity
		if a := names[n.AccountID]; a != nil {
			p.own[owned{a.Name, n.SKU}] += n.Quantity
		}
	}
	return nil
}

// want counts demand that has no instruction at the warehouse that will get it.
func (p *Position) want(a *configs.Account, d ledger.Demand, un map[Uncounted]Uncounted) {
	if d.SKU == "" {
		k := Uncounted{Account: a.Name, Code: d.Code}
		u := un[k]
		un[k] = Uncounted{a.Name, d.Code, u.Quantity + d.Quantity, u.Orders + d.Orders}
		return
	}
	p.own[owned{a.Name, d.SKU}] += d.Quantity
	w, known := p.served(a, d.SKU)
	if known {
		p.level(w, d.SKU).want(d, 0)
		return
	}
	for _, w := range p.workspace.Warehouses {
		p.level(w, d.SKU).want(d, d.Quantity)
	}
}

func (l *Level) want(d ledger.Demand, floating int64) {
	if d.Unshipped {
		l.Unshipped += d.Quantity
	} else {
		l.Waiting += d.Quantity
	}
	l.floating += floating
}

// served returns the warehouse from which orders of an account get a SKU, as far as
// that is known before they are planned: a rule may send them elsewhere.
func (p *Position) served(a *configs.Account, sku string) (*configs.Warehouse, bool) {
	name := a.Warehouse
	if c, ok := p.workspace.SKUs.SKU(sku); ok && c.Warehouse != "" {
		name = c.Warehouse
	}
	return p.workspace.Warehouse(name)
}

// page is how many orders are read at a time.
const page = 2000

// unjudged gives each the needs of orders that came or changed since the account was
// planned. Whoever may still have to be served counts.
func unjudged(ctx context.Context, env *stage.Env, a *configs.Account, id int64, each func(ledger.Demand)) error {
	now := env.Now()
	_, registered, err := env.Ledger.Account(ctx, a.Name, now)
	if err != nil {
		return err
	}
	since := a.Since(now, order.DateOf(registered.In(a.Location)))
	for after := int64(0); ; {
		rows, err := env.Ledger.Unjudged(ctx, id, after, page)
		if err != nil || len(rows) == 0 {
			return err
		}
		after = rows[len(rows)-1].ID
		for i := range rows {
			o := rows[i].Order
			class, counts := counts(env.Workspace, a, o, since)
			if !counts {
				continue
			}
			for _, n := range env.Workspace.SKUs.Needs(a.Name, a.Mall, a.SKUFrom, o, a.OrderDay(o)) {
				d := ledger.Demand{AccountID: id, SKU: n.SKU, Quantity: n.Quantity, Orders: 1, Unshipped: class == status.Unshipped}
				if n.SKU == "" {
					d.Code = n.Code
				}
				each(d)
			}
		}
	}
}

// counts reports whether the goods of an order may still be needed.
func counts(ws *configs.Workspace, a *configs.Account, o *order.Order, since order.Date) (status.Class, bool) {
	pay, _ := ws.Payments.Map(a.Name, a.Mall, o.Payment)
	class := a.Status.Resolve(o.Status, o.SubStatus, o.Payment, pay).Class
	switch class {
	case status.Unshipped:
		return class, true
	case status.Instructed, status.Hold:
	default:
		return class, false
	}
	if day := a.OrderDay(o); since != "" && day != "" && day < since {
		return class, false
	}
	return class, !slices.ContainsFunc(o.Flags, func(f string) bool { return a.FlagAction(f) == configs.FlagOutside })
}

// Buffer is how many pieces of a SKU an account never offers.
func Buffer(w *configs.Workspace, a *configs.Account, sku string) int64 {
	if n, ok := w.SKUs.Buffer(sku); ok {
		return n
	}
	if a == nil {
		return 0
	}
	return int64(a.Stock.Buffer)
}

// A Share is what an account may sell of one SKU.
type Share struct {
	SKU      string
	Sellable int64 // 0 or more
	Own      int64 // pieces that the account's own open orders want of what was counted
	Why      string
}

// Reasons why nothing is known of a SKU.
const (
	noFigure  = "no warehouse has given its stock"
	oldFigure = "the stock of %s is of %s, older than %s"
)

// Share reckons what an account may sell of a SKU. The figure is not known, and Why
// says so, if no warehouse of the account has one, or one that has is too old.
func (p *Position) Share(a *configs.Account, sku string) (s Share, known bool) {
	s = Share{SKU: sku, Own: p.own[owned{a.Name, sku}]}
	var net, floating int64
	seen := 0
	for _, name := range a.Stock.Warehouses {
		l := p.Level(name, sku)
		if l == nil {
			continue
		}
		if l.Old {
			w, _ := p.workspace.Warehouse(name)
			s.Why = fmt.Sprintf(oldFigure, name, l.At.In(w.Location).Format("2006-01-02 15:04"), w.Stock.MaxAge)
			return s, false
		}
		net += l.Net()
		if l.floating > 0 { // it counts once
			net += l.floating
			floating = l.floating
		}
		if l.Known {
			seen++
		}
	}
	if seen == 0 {
		s.Why = noFigure
		return s, false
	}
	net -= floating + Buffer(p.workspace, a, sku)
	s.Sellable = max(net, 0) * int64(a.Stock.Percent) / 100
	return s, true
}

// whole is how many sets of parts lie whole in one of the account's warehouses,
// without buffer and share, which hold for the sum.
func (p *Position) whole(a *configs.Account, parts []Part) int64 {
	var sets int64
	for _, name := range a.Stock.Warehouses {
		n := int64(1) << 62
		for _, c := range parts {
			l := p.Level(name, c.SKU)
			if l == nil {
				n = 0
				break
			}
			n = min(n, max(l.Net(), 0)/c.Quantity)
		}
		sets += n
	}
	return sets
}

// A Wanted is what the open orders of an account want of one SKU.
type Wanted struct {
	Account    string `json:"account"`
	SKU        string `json:"sku"` // empty: none is linked
	Name       string `json:"name,omitempty"`
	Listing    string `json:"listing,omitempty"` // its code, where no SKU is linked
	Unshipped  int64  `json:"unshipped"`         // orders before the target status
	Instructed int64  `json:"instructed"`        // orders in it: Waiting and Given together
	Waiting    int64  `json:"waiting"`           // without an instruction
	Given      int64  `json:"at_warehouse"`      // in instructions that have not shipped
}

// Demand sums what open orders want, by account and SKU; an empty account means
// every one.
func Demand(ctx context.Context, env *stage.Env, account string) ([]Wanted, error) {
	names, ids, err := accounts(ctx, env)
	if err != nil {
		return nil, err
	}
	type key struct{ account, sku, listing string }
	sums := map[key]*Wanted{}
	of := func(a *configs.Account, sku, listing string) *Wanted {
		k := key{a.Name, sku, listing}
		if sums[k] == nil {
			sums[k] = &Wanted{Account: a.Name, SKU: sku, Listing: listing}
			if c, ok := env.Workspace.SKUs.SKU(sku); ok {
				sums[k].Name = c.Name
			}
		}
		return sums[k]
	}
	add := func(a *configs.Account, d ledger.Demand) {
		w := of(a, d.SKU, d.Code)
		if d.Unshipped {
			w.Unshipped += d.Quantity
			return
		}
		w.Waiting += d.Quantity
		w.Instructed += d.Quantity
	}
	ds, err := env.Ledger.Demands(ctx)
	if err != nil {
		return nil, err
	}
	for _, d := range ds {
		if a := names[d.AccountID]; a != nil {
			add(a, d)
		}
	}
	for _, a := range env.Workspace.Accounts {
		if err := unjudged(ctx, env, a, ids[a.Name], func(d ledger.Demand) { add(a, d) }); err != nil {
			return nil, err
		}
	}
	given, err := env.Ledger.AtWarehouses(ctx)
	if err != nil {
		return nil, err
	}
	for _, n := range given {
		if a := names[n.AccountID]; a != nil {
			w := of(a, n.SKU, "")
			w.Given += n.Quantity
			w.Instructed += n.Quantity
		}
	}
	out := []Wanted{}
	for _, w := range sums {
		if account == "" || w.Account == account {
			out = append(out, *w)
		}
	}
	slices.SortFunc(out, func(a, b Wanted) int {
		return cmp.Or(cmp.Compare(a.Account, b.Account), cmp.Compare(bit(a.SKU == ""), bit(b.SKU == "")), cmp.Compare(a.SKU, b.SKU), cmp.Compare(a.Listing, b.Listing))
	})
	return out, nil
}

// DemandTable is the demand as a table for people, with its header.
func DemandTable(rows []Wanted) [][]string {
	out := [][]string{{"account", "sku", "name", "listing", "unshipped", "instructed", "waiting", "at_warehouse"}}
	for _, r := range rows {
		out = append(out, []string{
			r.Account, r.SKU, r.Name, r.Listing, strconv.FormatInt(r.Unshipped, 10), strconv.FormatInt(r.Instructed, 10), strconv.FormatInt(r.Waiting, 10), strconv.FormatInt(r.Given, 10),
		})
	}
	return out
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}
