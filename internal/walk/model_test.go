package walk_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/mallbridge/mallbridge/internal/proof"
	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/mappers/status"
	"github.com/mallbridge/mallbridge/order"
	"github.com/mallbridge/mallbridge/pipeline/stock"
	"github.com/mallbridge/mallbridge/simulator/orders"
	"github.com/mallbridge/mallbridge/simulator/rakuten"
	"github.com/mallbridge/mallbridge/simulator/warehouse"
)

// A sale is an order as its buyer knows it.
type sale struct {
	account string
	o       orders.Order
	needs   map[string]int64 // pieces by SKU
	gone    map[string]int64 // of them: shipped

	cancelled bool
	claims    []int64 // of the mall, which the buyer can take back
	mixed     bool    // taken back in part: nobody can say what is right
	known     bool    // the ledger has it
	given     bool    // a warehouse has some of it
	lag       bool    // wanted again, which the ledger may not know yet

	dirty    bool     // a sheet does not have its present state yet
	uploaded []string // tracking numbers that a person uploaded
}

func (s *sale) shipped() bool { return maps.Equal(s.needs, s.gone) }

// A model is what is true.
type model struct {
	sales  []*sale // that are not over yet
	by     map[string]*sale
	proven map[int64]bool // reports that were checked at the mall
	figure figures
}

type figures struct {
	sold, cancelled, lost, shipped, proven, listed, crashes, stages, pushes, rests int
}

func (m *model) init() {
	m.by, m.proven = map[string]*sale{}, map[int64]bool{}
}

func needsOf(o *orders.Order) map[string]int64 {
	n := map[string]int64{}
	for _, p := range o.Parcels {
		for _, l := range p.Lines {
			for _, k := range picksOf(o.Mall, l) {
				n[k.SKU] += k.N * l.Quantity
			}
		}
	}
	return n
}

func picksOf(mall string, l orders.Line) []orders.Pick {
	for i := range orders.Goods {
		if g := &orders.Goods[i]; g.Mall == mall && g.Name == l.Name && g.Option == l.Option {
			return g.Picks
		}
	}
	return nil
}

// once looks whether anything was given to a warehouse twice.
func (w *world) once(h *house) {
	w.Helper()
	for k, n := range h.Offered() {
		if n > 1 {
			w.oops("%s was given %v %d times", h.name, k, n)
		}
	}
	have := map[string]map[string]int64{}
	for _, in := range h.Instructions() {
		if in.Stopped {
			continue
		}
		for _, l := range in.Lines {
			if have[l.Order] == nil {
				have[l.Order] = map[string]int64{}
			}
			have[l.Order][l.SKU] += l.Quantity
		}
	}
	for _, number := range slices.Sorted(maps.Keys(have)) {
		s := w.model.by[number]
		if s == nil {
			w.oops("%s has order %s, which nobody placed", h.name, number)
			continue
		}
		s.given = true
		for sku, n := range have[number] {
			if n > s.needs[sku] {
				w.oops("of order %s %s has %d × %s, sold were %d", number, h.name, n, sku, s.needs[sku])
			}
		}
	}
}

// learn notes which orders the ledger has.
func (w *world) learn() {
	w.Helper()
	for _, s := range w.model.sales {
		if s.known {
			continue
		}
		rows, err := w.env.Ledger.OrdersByNumber(w.Context(), s.o.Number, s.account)
		w.check(err)
		s.known = len(rows) == 1
	}
}

// truth is how many pieces of a SKU a warehouse has that no buyer is to get of whom
// the ledger knows.
func (w *world) truth(h *house, sku string) int64 {
	n := h.shelf[sku]
	for _, s := range w.model.sales {
		if houseOf[s.account] == h.name && s.known && !s.cancelled && !s.lag && !s.mixed {
			n -= s.needs[sku] - s.gone[sku]
		}
	}
	return n
}

// most is how many pieces of a product may be offered.
func (w *world) most(p product) int64 {
	most := int64(1) << 40
	for _, k := range p.picks {
		most = min(most, max(w.truth(w.houses[houseOf[p.account]], k.SKU), 0)/k.N)
	}
	return most
}

// snapshot is what an account's mall shows of each product with a SKU.
func (w *world) snapshot(account string) (out []product, shown []int64) {
	for i := range orders.Goods {
		g := &orders.Goods[i]
		if g.Mall != mallOf[account] || len(g.Picks) == 0 {
			continue
		}
		p := productOf(account, g)
		out, shown = append(out, p), append(shown, w.offered(p))
	}
	return out, shown
}

// never looks whether more was pushed than there is.
func (w *world) never(account string, before []int64) {
	w.Helper()
	ps, now := w.snapshot(account)
	for i, p := range ps {
		if now[i] == before[i] {
			continue
		}
		w.model.figure.pushes++
		if most := w.most(p); now[i] > most {
			w.oops("%s was told to sell %d of %+v, and there are %d\n%s", account, now[i], p, most, w.shelves(p))
		}
	}
}

// shelves tells how much of a product there is and who is to get it, and what the
// program reckons.
func (w *world) shelves(p product) string {
	w.Helper()
	var b strings.Builder
	pos, err := stock.Take(w.Context(), w.env)
	w.check(err)
	h := w.houses[houseOf[p.account]]
	for _, k := range p.picks {
		fmt.Fprintf(&b, "%s has %d of %s; the program reckons %+v\n", h.name, h.shelf[k.SKU], k.SKU, pos.Level(h.name, k.SKU))
		for _, s := range w.model.sales {
			if s.needs[k.SKU] > s.gone[k.SKU] && houseOf[s.account] == h.name {
				fmt.Fprintf(&b, "%s %s wants %d, got %d; cancelled %v, known %v, taken back %v\n", s.account, s.o.Number, s.needs[k.SKU], s.gone[k.SKU], s.cancelled, s.known, s.lag)
				if row := w.row(s); s.known && row != nil {
					fmt.Fprintf(&b, "%s %s\n%s", row.State, row.Order.Status, w.story(s, row))
				}
			}
		}
	}
	return b.String()
}

// balance proves what must balance at any moment.
func (w *world) balance() {
	w.Helper()
	p, err := proof.Span(w.Context(), w.env, w.Now().AddDate(0, 0, -3), w.Now().Add(time.Minute))
	w.check(err)
	for _, d := range p.Differences {
		if strings.Contains(d, " have no answer, expected within ") || strings.HasSuffix(d, " is not read to its end yet") {
			continue // the warehouse is late, or a crash lies between
		}
		if b, ok := strings.CutPrefix(d, "batch "); ok {
			if _, state, _ := strings.Cut(b, " is "); slices.Contains([]string{ledger.BatchClaimed, ledger.BatchBuilt, ledger.BatchUploaded, ledger.BatchInDoubt}, state) {
				continue // it is on its way
			}
		}
		w.oops("the proof does not balance: %s", d)
	}
}

// red lists the orders about which there is a red entry, as account/number.
func (w *world) red() map[string]bool {
	w.Helper()
	all, err := w.env.Ledger.Alerts(w.Context(), ledger.AlertList{})
	w.check(err)
	out := map[string]bool{}
	for _, a := range all {
		if a.Kind == order.AlertStop || a.Kind == order.AlertCancelShipped {
			out[a.Subject] = true
		}
	}
	return out
}

// parcelsOf lists what the warehouses shipped, by order.
func (w *world) parcelsOf() map[string][]warehouse.Instruction {
	out := map[string][]warehouse.Instruction{}
	for _, name := range houses {
		for _, in := range w.houses[name].Instructions() {
			if len(in.Tracking) == 0 {
				continue
			}
			seen := map[string]bool{}
			for _, l := range in.Lines {
				if !seen[l.Order] {
					seen[l.Order] = true
					out[l.Order] = append(out[l.Order], in)
				}
			}
		}
	}
	return out
}

func (w *world) row(s *sale) *ledger.Row {
	w.Helper()
	rows, err := w.env.Ledger.OrdersByNumber(w.Context(), s.o.Number, s.account)
	w.check(err)
	if len(rows) != 1 {
		w.oops("%s %s: %d rows in the ledger", s.account, s.o.Number, len(rows))
		return nil
	}
	return &rows[0]
}

// settled compares everything when all is at rest, and lets go of what is over.
func (w *world) settled() {
	w.Helper()
	red, parcels := w.red(), w.parcelsOf()
	var stay []*sale
	for _, s := range w.model.sales {
		if s.cancelled && !s.known {
			continue // it was over before anybody read it
		}
		row := w.row(s)
		if row == nil {
			continue
		}
		mine := parcels[s.o.Number]
		w.told(s, row, mine)
		holds, err := w.env.Ledger.HoldsOf(w.Context(), row.ID)
		w.check(err)
		switch a, _ := w.env.Workspace.Account(s.account); {
		case s.mixed:
		case s.cancelled && len(mine) > 0:
			w.model.figure.lost++
			if !red[s.account+"/"+s.o.Number] && a.Status.Resolve(row.Order.Status, row.Order.SubStatus).Class != status.Done {
				w.oops("%s %s was cancelled, shipped, and nothing says so: %s %s %v\n%s", s.account, s.o.Number, row.State, row.Order.Status, holds, w.story(s, row))
			}
		case s.cancelled:
		case s.shipped():
			w.model.figure.shipped++
		case s.account == rak && row.State == ledger.Outside && row.Reason == order.OutUnshipped:
			// The mall refused to confirm it, of which a person was told, who does it there.
			w.check(w.rakuten.Move(s.o.Number, rakuten.ToShip))
			stay = append(stay, s)
		case len(holds) == 0:
			w.oops("%s %s was sold, did not ship, and nothing says why: %s %s\n%s", s.account, s.o.Number, row.State, row.Order.Status, w.story(s, row))
		default:
			stay = append(stay, s)
		}
	}
	w.model.sales = stay
}

// told looks whether each parcel of an order is proven at its mall, or listed.
func (w *world) told(s *sale, row *ledger.Row, parcels []warehouse.Instruction) {
	w.Helper()
	rs, err := w.env.Ledger.ReportsOf(w.Context(), row.ID)
	w.check(err)
	shown := w.shows(s)
	for _, in := range parcels {
		for _, n := range in.Tracking {
			at := slices.IndexFunc(rs, func(r ledger.Report) bool { return r.Tracking == n })
			if at < 0 {
				w.oops("%s %s: parcel %s is neither proven nor listed: %s %s\n%s", s.account, s.o.Number, n, row.State, row.Order.Status, w.story(s, row))
				continue
			}
			if w.model.proven[rs[at].ID] {
				continue
			}
			switch r := rs[at]; r.State {
			case ledger.ReportSeen:
				w.model.figure.proven++
				if !slices.Contains(shown, n) {
					w.oops("%s %s: parcel %s is said to be proven, and the mall shows %q\n%s", s.account, s.o.Number, n, shown, w.story(s, row))
				}
			case ledger.ReportExtra, ledger.ReportHeld, ledger.ReportRejected, ledger.ReportRevoked, ledger.ReportDropped, ledger.ReportUploaded:
				w.model.figure.listed++
			default:
				if w.model.figure.listed++; !r.Late {
					w.oops("%s %s: parcel %s is %s in the end, and nobody was told: %+v\n%s", s.account, s.o.Number, n, r.State, r, w.story(s, row))
				}
			}
			w.model.proven[rs[at].ID] = true
		}
	}
}

// story is what the ledger and the steps say of an order that is not as it should be.
func (w *world) story(s *sale, row *ledger.Row) string {
	w.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "needs %v, gone %v; the mall shows %q\n", s.needs, s.gone, w.shows(s))
	for _, line := range w.trace {
		if strings.Contains(line, s.o.Number) {
			fmt.Fprintln(&b, "step", line)
		}
	}
	places, err := w.env.Ledger.PlacesOf(w.Context(), row.ID)
	w.check(err)
	for _, p := range places {
		fmt.Fprintf(&b, "instruction %s at %s, state %v\n", p.Number, p.Warehouse, p.State)
	}
	es, err := w.env.Ledger.Events(w.Context(), row.ID, 0)
	w.check(err)
	for _, e := range es {
		fmt.Fprintf(&b, "%s %s %s %s\n", e.At.Format("01-02 15:04:05"), e.Kind, e.Reason, e.Detail)
	}
	for _, name := range houses {
		for _, in := range w.houses[name].Instructions() {
			if slices.ContainsFunc(in.Lines, func(l warehouse.Line) bool { return l.Order == s.o.Number }) {
				fmt.Fprintf(&b, "%s has %s of %s, stopped %v, shipped %q: %+v\n", name, in.Number, in.TakenAt.UTC().Format("01-02 15:04"), in.Stopped, in.Tracking, in.Lines)
			}
		}
	}
	return b.String()
}

func (f figures) String() string {
	return fmt.Sprintf("%d sold, %d cancelled, %d of those shipped with a red entry or as a return, %d shipped; parcels: %d proven, %d listed; %d stages, %d ended by a crash; %d quantities pushed; %d times at rest",
		f.sold, f.cancelled, f.lost, f.shipped, f.proven, f.listed, f.stages, f.crashes, f.pushes, f.rests)
}
