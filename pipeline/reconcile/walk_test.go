package reconcile_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/mappers/status"
	"github.com/mallbridge/mallbridge/order"
	"github.com/mallbridge/mallbridge/simulator/orders"
)

var (
	steps = flag.Int("walk.steps", 250, "steps of the random walk")
	seed  = flag.Uint64("walk.seed", 0, "seed of the random walk; 0: a fixed one")
)

// TestRandomWalk lets buyers, stages, mall and warehouse act in any order, and
// compares with a model after each step: nothing is given to the warehouse twice, and
// no cancelled order ships without a red entry once the warehouse was looked at. At
// the end everything that nobody cancelled has shipped, or waits with a reason.
func TestRandomWalk(t *testing.T) {
	for _, mall := range []string{orders.Rakuten, orders.Coupang} {
		t.Run(mall, func(t *testing.T) {
			t.Parallel()
			from := *seed
			if from == 0 {
				from = 20261130
			}
			w := &walk{shop: open(t, mall, settings{brake: "enabled: false", guard: "longest: 30m"}), r: rand.New(rand.NewPCG(from, uint64(mall[0]))), cancelled: map[string]bool{}}
			for n := range *steps {
				what := w.step()
				if t.Failed() {
					t.Fatalf("step %d (%s) of seed %d", n, what, from)
				}
				w.compare()
				if t.Failed() {
					t.Fatalf("step %d (%s) of seed %d", n, what, from)
				}
			}
			w.finish()
		})
	}
}

type walk struct {
	*shop
	r         *rand.Rand
	sold      []orders.Order
	cancelled map[string]bool
	silent    bool
}

// step does one thing, chosen at random, and returns what.
func (w *walk) step() string {
	w.Move(time.Duration(w.r.IntN(10)) * time.Minute)
	stages := []string{"extract", "plan", "instruct", "collect", "watch"}
	switch n := w.r.IntN(20); {
	case n < 3:
		o := w.pick(w.r.IntN(3) == 0)
		o.Ordered = w.Now().In(o.Ordered.Location())
		if len(w.sold) > 0 && w.r.IntN(4) == 0 {
			to := w.sold[len(w.sold)-1]
			o.Parcels[0].To, o.Buyer, o.Delivery, o.Payment = to.Parcels[0].To, to.Buyer, to.Delivery, to.Payment
			o.Parcels[0].Band, o.Parcels[0].DeliverOn, o.Parcels[0].Note = to.Parcels[0].Band, to.Parcels[0].DeliverOn, to.Parcels[0].Note
		}
		w.sold = append(w.sold, w.sell(o))
		return "sell " + o.Number
	case n < 5 && len(w.sold) > 0:
		o := w.sold[w.r.IntN(len(w.sold))]
		if w.cancelled[o.Number] {
			return "nothing"
		}
		w.cancel(o)
		w.cancelled[o.Number] = true
		return "cancel " + o.Number
	case n < 6:
		if w.silent = !w.silent; w.silent {
			w.breaks(down)
		} else {
			w.breaks(nil)
			w.Move(time.Hour) // until the breaker lets calls through
		}
		return fmt.Sprint("silent ", w.silent)
	case n < 8:
		w.take()
		return "take"
	case n < 9:
		w.ship()
		return "ship"
	default:
		name := stages[w.r.IntN(len(stages))]
		if res := w.try(name); res.Err != nil && !w.silent {
			w.Errorf("%s: %v", name, res.Err)
		}
		return name
	}
}

// compare looks at what must hold whatever happened.
func (w *walk) compare() {
	w.Helper()
	for k, n := range w.warehouse.Offered() {
		if n > 1 {
			w.Errorf("%v was given to the warehouse %d times", k, n)
		}
	}
	lines := map[string]int64{}
	for _, in := range w.warehouse.Instructions() {
		if in.Stopped {
			continue
		}
		for _, l := range in.Lines {
			lines[l.Order+" "+l.SKU] += l.Quantity
		}
	}
	for _, o := range w.sold {
		for _, p := range o.Parcels {
			n := map[string]int64{}
			for _, l := range p.Lines {
				for _, g := range orders.Goods {
					if g.Mall == w.mall && g.Name == l.Name && g.Option == l.Option {
						for _, k := range g.Picks {
							n[k.SKU] += k.N * l.Quantity
						}
					}
				}
			}
			for sku, most := range n {
				if got := lines[o.Number+" "+sku]; got > most {
					w.Errorf("of order %s the warehouse has %d × %s, sold were %d", o.Number, got, sku, most)
				}
			}
		}
	}
}

// finish lets everything come to its end and looks at each order.
func (w *walk) finish() {
	w.breaks(nil)
	w.Move(2 * time.Hour)
	for range 4 {
		w.run("extract", "plan", "instruct")
		w.take()
		w.run("collect", "plan")
		w.Move(10 * time.Minute)
	}
	w.ship()
	w.run("collect", "plan", "instruct")
	w.take()
	w.run("collect", "plan", "watch")
	red := w.alerts(order.AlertStop, order.AlertCancelShipped)
	shipped, lost := w.shipped(), 0
	for _, o := range w.sold {
		is := slices.ContainsFunc(red, func(a string) bool { return strings.HasSuffix(a, "shop/"+o.Number) })
		row := w.row(o)
		switch {
		case w.cancelled[o.Number] && shipped[o.Number] && !is && !w.returned(row):
			w.Errorf("%s was cancelled, shipped, and nothing says so: %s %s %v", o.Number, row.State, row.Order.Status, w.holds(o))
		case !w.cancelled[o.Number] && !shipped[o.Number] && len(w.holds(o)) == 0:
			w.Errorf("%s was sold, did not ship, and nothing says why: %s %s", o.Number, row.State, row.Order.Status)
		case w.cancelled[o.Number] && shipped[o.Number]:
			lost++
		}
	}
	w.Logf("%d sold, %d cancelled, %d of those shipped with a red entry or as a return", len(w.sold), len(w.cancelled), lost)
}

// returned tells of an order that was shipped before its buyer wanted it back: the
// mall knows it as shipped, and what follows is a return.
func (w *walk) returned(row ledger.Row) bool {
	v := w.env.Workspace.Accounts[0].Status.Resolve(row.Order.Status, row.Order.SubStatus)
	return v.Class == status.Done
}
