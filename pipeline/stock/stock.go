// Package stock tells malls how many pieces of each product may still be sold.
//
//	sellable = figure − instructed − waiting − unshipped − buffer
//
// figure is what the warehouse's newest stock file says of the SKU; instructed are
// pieces of instructions that the figure still holds; waiting are pieces of orders
// in their target status that have no instruction; unshipped are pieces of orders
// before it. Everything is summed anew from what the ledger knows at each run:
// nothing is added to or taken from a running number, so that an order that is
// cancelled gives its pieces back once, however often it is told.
//
// Quantities are absolute: telling a mall the same twice does no harm, and one that
// was not answered is told again.
package stock

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/mallbridge/mallbridge/configs"
	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/internal/fault"
	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/order"
	"github.com/mallbridge/mallbridge/pipeline/stage"
)

var (
	atWaits    = fault.Point("stock.waits-kept")
	atMarked   = fault.Point("stock.marked")
	atTold     = fault.Point("stock.told")
	atRecorded = fault.Point("stock.recorded")
	atCompared = fault.Point("stock.compared")
)

// atOnce is how many quantities are recorded, told and recorded again together.
const atOnce = 200

// leastJump is the difference below which a quantity has not jumped, however small
// it was.
const leastJump = 5

// Run tells an account's mall what has changed since it was told last, and once in
// a while everything.
func Run(ctx context.Context, env *stage.Env, target string) (stage.Report, error) {
	var rep stage.Report
	a, ok := env.Workspace.Account(target)
	if !ok {
		return rep, order.Errorf(order.NotFound, "look into accounts/", "no account %s", target)
	}
	asked := slices.Contains(env.Asked, a.Name)
	switch {
	case !a.Enabled:
		return rep, nil
	case asked:
	case !a.AutoStockSync:
		if env.Named && a.UsesAPI() {
			rep.Notef("%s: auto_stock_sync is false: nothing is told to the mall; stock push --account tells it once", a.Name)
		}
		return rep, nil
	case a.Schedules.Stock.Off && !env.Named:
		return rep, nil
	}
	if !a.UsesAPI() {
		return rep, order.Errorf(order.Invalid, "add api: to "+a.File+"; accounts without it are told by hand, with stock listings", "stock: %s has no API", a.Name)
	}
	m, err := env.Malls.Open(env, a)
	if err != nil {
		return rep, err
	}
	if !m.Can("stock") {
		return rep, order.Errorf(order.Invalid, "set the numbers in the mall's back office; stock listings has them", "stock: the API of %s takes no stock", a.Mall)
	}
	p := &pusher{env: env, account: a, mall: m, rep: &rep, now: env.Now()}
	if err := p.run(ctx, asked); err != nil {
		return rep, fmt.Errorf("stock: %s: %w", a.Name, err)
	}
	return rep, nil
}

type pusher struct {
	env     *stage.Env
	account *configs.Account
	id      int64
	mall    *connectors.Mall
	rep     *stage.Report
	now     time.Time
	told    map[string]ledger.StockTold
}

func (p *pusher) run(ctx context.Context, asked bool) error {
	var err error
	if p.id, _, err = p.env.Ledger.Account(ctx, p.account.Name, p.now); err != nil {
		return err
	}
	products, err := p.env.Ledger.Products(ctx, p.id)
	if err != nil {
		return err
	}
	if len(products) == 0 {
		p.rep.Waiting++
		p.rep.Notef("%s: the mall's products are not known; run catalog for this account first", p.account.Name)
		return nil
	}
	pos, err := Take(ctx, p.env)
	if err != nil {
		return err
	}
	offers, shares := pos.Offers(p.account, products)
	if p.told, err = p.env.Ledger.StockTold(ctx, p.id); err != nil {
		return err
	}
	_, last, err := p.env.Ledger.Mark(ctx, p.id, ledger.MarkStockFull)
	if err != nil {
		return err
	}
	full := !p.now.Before(last.Add(p.account.Stock.FullEvery.Std()))
	p.remarks(pos, offers, full || asked)
	due, err := p.braked(ctx, offers, p.due(offers, full))
	if err != nil {
		return err
	}
	if p.env.DryRun != nil {
		for _, o := range due {
			p.rep.Notef("%s: %s: %d would be told", p.account.Name, o.Product.Key, o.Quantity)
		}
		return nil
	}
	if err := p.low(ctx, shares); err != nil {
		return err
	}
	if err := p.push(ctx, due); err != nil {
		return err
	}
	if full {
		if err := p.compare(ctx, offers); err != nil {
			return err
		}
		if err := p.env.Ledger.SetMark(ctx, p.id, ledger.MarkStockFull, fmt.Sprint(len(due)), p.now); err != nil {
			return err
		}
	}
	p.refused(offers)
	return nil
}

// remarks says what is not pushed and why.
func (p *pusher) remarks(pos *Position, offers []Offer, all bool) {
	why := map[string]int{}
	unlinked := 0
	for i := range offers {
		o := &offers[i]
		switch {
		case o.Known:
		case len(o.Parts) == 0:
			unlinked++
		default:
			_, reason, _ := strings.Cut(o.Why, ": ")
			why[reason]++
		}
	}
	for _, reason := range sorted(why) {
		old := reason != noFigure
		if old {
			p.rep.Waiting++
		}
		if old || all {
			p.rep.Notef("%s: %d products are not told: %s", p.account.Name, why[reason], reason)
		}
	}
	if unlinked > 0 && all {
		p.rep.Notef("%s: %d products have no SKU; sku unmapped lists them", p.account.Name, unlinked)
	}
	var pieces, listings int64
	for _, u := range pos.Uncounted {
		pieces += u.Quantity
		listings++
	}
	if pieces > 0 {
		p.rep.Notef("%d pieces of %d listings are ordered and not counted, for no SKU is linked to them; sku unmapped lists them", pieces, listings)
	}
}

func sorted(m map[string]int) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// due picks the offers that the mall is to be told now.
func (p *pusher) due(offers []Offer, full bool) []Offer {
	var out []Offer
	for _, o := range offers {
		if !o.Known {
			continue
		}
		t, told := p.told[o.Product.Key]
		changed := t.Quantity != o.Quantity
		switch {
		case !told, full, t.State == ledger.ToldSending, t.State == ledger.ToldRetry:
		case t.State == ledger.ToldRejected:
			if !changed {
				continue
			}
		case changed, t.Own != o.Own:
			// Orders of this account moved the mall's own number meanwhile, perhaps
			// just by what the stock file moved ours.
		default:
			continue
		}
		out = append(out, o)
	}
	return out
}

// braked takes out of due what waits for a person: many products that would be sold
// out at once, or many quantities that jump.
func (p *pusher) braked(ctx context.Context, offers, due []Offer) ([]Offer, error) {
	known := 0
	for i := range offers {
		if offers[i].Known {
			known++
		}
	}
	before, err := p.env.Ledger.Waits(ctx, p.id)
	if err != nil {
		return nil, err
	}
	approved := map[string]ledger.Wait{}
	for _, w := range before {
		if w.Approved != "" {
			approved[w.Product] = w
		}
	}
	kinds := map[string]string{}
	count := map[string]int{}
	for i := range due {
		o := &due[i]
		kind := p.kind(o)
		if kind == "" {
			continue
		}
		kinds[o.Product.Key] = kind
		if approved[o.Product.Key].Kind != kind {
			count[kind]++
		}
	}
	s := &p.account.Stock
	stop := map[string]bool{
		ledger.WaitZero: count[ledger.WaitZero] > s.ApproveFrom && s.ApproveZero < 100 && count[ledger.WaitZero]*100 > s.ApproveZero*known,
		ledger.WaitJump: count[ledger.WaitJump] > s.ApproveFrom && s.ApproveJump < 100 && count[ledger.WaitJump]*100 > s.ApproveJump*known,
	}
	var waits []ledger.Wait
	held := 0
	out := slices.DeleteFunc(slices.Clone(due), func(o Offer) bool {
		kind := kinds[o.Product.Key]
		yes := approved[o.Product.Key].Kind == kind && kind != ""
		if !yes && !stop[kind] {
			return false
		}
		w := ledger.Wait{Product: o.Product.Key, Kind: kind, Was: -1, Wanted: o.Quantity}
		if t, ok := p.told[o.Product.Key]; ok {
			w.Was = t.Quantity
		}
		waits = append(waits, w)
		if !yes {
			held++
		}
		return !yes
	})
	if len(waits) > 0 || len(before) > 0 {
		if err := p.env.Ledger.SetWaits(ctx, p.id, waits, p.now); err != nil {
			return nil, err
		}
		fault.At(atWaits)
	}
	for _, kind := range []string{ledger.WaitZero, ledger.WaitJump} {
		switch {
		case !stop[kind]:
		case kind == ledger.WaitZero:
			p.rep.Notef("%s: %d of %d products would be sold out at once; stock listings --waiting shows them, stock approve lets them go", p.account.Name, count[kind], known)
		default:
			p.rep.Notef("%s: the quantities of %d of %d products would change by more than half; stock listings --waiting shows them, stock approve lets them go", p.account.Name, count[kind], known)
		}
	}
	p.rep.Add("quantities that wait for approval", int64(held))
	p.rep.Waiting += int64(held)
	return out, nil
}

// kind says why a change may have to wait; empty for an ordinary one. A repeat of
// what the mall was told is none.
func (p *pusher) kind(o *Offer) string {
	t, told := p.told[o.Product.Key]
	if told && t.State == ledger.ToldDone && t.Quantity == o.Quantity {
		return ""
	}
	if o.Quantity == 0 && (!told || t.Quantity > 0) {
		return ledger.WaitZero
	}
	if d := max(o.Quantity-t.Quantity, t.Quantity-o.Quantity); told && d >= leastJump && 2*d > t.Quantity {
		return ledger.WaitJump
	}
	return ""
}

// push tells the mall, some products at a time: each is recorded as being sent
// before the mall hears of it.
func (p *pusher) push(ctx context.Context, due []Offer) error {
	n := 0
	for part := range slices.Chunk(due, atOnce) {
		p.env.At("quantities told", "", int64(n), int64(len(due)))
		n += len(part)
		ts := make([]ledger.StockTold, len(part))
		qs := make([]connectors.Quantity, len(part))
		for i := range part {
			ts[i] = ledger.StockTold{Product: part[i].Product.Key, Quantity: part[i].Quantity, Own: part[i].Own}
			qs[i] = connectors.Quantity{Codes: part[i].Product.Codes, Sell: part[i].Quantity}
		}
		if err := p.env.Ledger.SendingStock(ctx, p.id, ts, p.now); err != nil {
			return err
		}
		fault.At(atMarked)
		results := p.mall.SetStock(ctx, qs)
		fault.At(atTold)
		var failed error
		heard := false
		for i, r := range results {
			t := &ts[i]
			t.Code, t.Detail = r.Code, r.Detail
			switch r.Outcome {
			case connectors.Done, connectors.Already:
				t.State, t.Code, t.Detail, heard = ledger.ToldDone, "", "", true
				p.rep.Add("quantities told", 1)
			case connectors.Rejected:
				t.State, heard = ledger.ToldRejected, true
			case connectors.Retry:
				t.State = ledger.ToldRetry
				p.rep.Add("quantities to be told again", 1)
			default:
				t.State = ledger.ToldSending
				p.rep.Add("quantities without answer", 1)
			}
			if !r.Outcome.OK() && r.Outcome != connectors.Rejected && failed == nil {
				failed = cmp.Or(r.Err, error(order.Errorf(order.Retry, "it is told again at the next run", "%s", r.Detail)))
			}
			p.keep(*t)
		}
		// What the mall answered is kept although the run may be over.
		if err := p.env.Ledger.SetStockTold(context.WithoutCancel(ctx), p.id, ts, p.now); err != nil {
			return err
		}
		fault.At(atRecorded)
		if !heard && failed != nil {
			return failed
		}
	}
	return nil
}

// keep remembers what a product was told in this run.
func (p *pusher) keep(t ledger.StockTold) {
	t.Shown, t.At = -1, p.now
	p.told[t.Product] = t
}

// refused says what the mall does not take. Products that are not on sale may be
// refused without harm.
func (p *pusher) refused(offers []Offer) {
	for i := range offers {
		o := &offers[i]
		t, ok := p.told[o.Product.Key]
		if !ok || t.State != ledger.ToldRejected || !o.Product.OnSale {
			continue
		}
		p.rep.Add("quantities refused", 1)
		p.rep.Waiting++
		if p.rep.Counts["quantities refused"] <= mostNotes {
			p.rep.Notef("%s: %s (%s): the mall refuses %d: %s", p.account.Name, o.Product.Key, o.Product.Name, t.Quantity, strings.TrimSpace(t.Code+" "+t.Detail))
		}
	}
}

// mostNotes is how many products of a kind a report names.
const mostNotes = 20

// compare asks the mall what it shows after everything was told. What it shows too
// high is told again; what it does not have is refused.
func (p *pusher) compare(ctx context.Context, offers []Offer) error {
	if !p.mall.Can("stock_read") {
		return nil
	}
	var asked []Offer
	var codes []order.Codes
	for _, o := range offers {
		if t, ok := p.told[o.Product.Key]; ok && t.State == ledger.ToldDone {
			asked, codes = append(asked, o), append(codes, o.Product.Codes)
		}
	}
	shows, err := p.mall.ReadStock(ctx, codes)
	if err != nil {
		return err
	}
	shown := make(map[string]int64, len(shows))
	var again []ledger.StockTold
	for i, n := range shows {
		t := p.told[asked[i].Product.Key]
		shown[t.Product] = n
		switch {
		case n == t.Quantity:
			continue
		case n < 0:
			t.State, t.Detail = ledger.ToldRejected, "the mall does not have the product"
			again = append(again, t)
		case n > t.Quantity:
			t.State, t.Detail = ledger.ToldRetry, fmt.Sprintf("the mall shows %d", n)
			again = append(again, t)
		}
		p.told[t.Product] = t
		p.rep.Add("shown otherwise", 1)
		if p.rep.Counts["shown otherwise"] <= mostNotes {
			p.rep.Notef("%s: %s: the mall shows %d and was told %d", p.account.Name, t.Product, n, t.Quantity)
		}
	}
	p.rep.Add("compared", int64(len(shows)))
	if err := p.env.Ledger.SetShown(ctx, p.id, shown, p.now); err != nil {
		return err
	}
	fault.At(atCompared)
	if len(again) == 0 {
		return nil
	}
	return p.env.Ledger.SetStockTold(ctx, p.id, again, p.now)
}

// low raises an alert for each SKU that runs low, and ends those of SKUs that do
// not.
func (p *pusher) low(ctx context.Context, shares map[string]Share) error {
	var as []ledger.Alert
	var out int64
	for sku, s := range shares {
		if s.Why != "" || s.Sellable > int64(p.account.Stock.Low) {
			continue
		}
		a := ledger.Alert{Subject: sku, Args: []string{fmt.Sprint(s.Sellable), fmt.Sprint(p.account.Stock.Low)}}
		if s.Sellable == 0 {
			a.Step = 1
			out++
		}
		as = append(as, a)
	}
	slices.SortFunc(as, func(a, b ledger.Alert) int { return cmp.Compare(a.Subject, b.Subject) })
	fresh, err := p.env.Ledger.Settle(ctx, order.AlertLowStock, p.account.Name, p.now, as...)
	if err != nil || len(fresh) == 0 {
		return err
	}
	p.rep.Add("SKUs newly low", int64(len(fresh)))
	p.rep.Notef("%s: %d SKUs are low, %d of them sold out; stock --low lists them", p.account.Name, len(as), out)
	return nil
}
