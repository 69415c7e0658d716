package stock_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/order"
	"github.com/mallbridge/mallbridge/pipeline/stock"
)

// A world is what is true: goods on the shelves, and what buyers are still to get.
type world struct {
	*shop
	rng     *rand.Rand
	shelf   map[string]int64
	orders  map[string]*sale
	numbers []string
	parcels map[string]*parcel // by instruction
	seen    int64              // batches that were looked into
	files   [][]order.Stock    // stock files that may still come, again and again
}

type sale struct {
	status string
	pieces map[string]int64 // by code
	gone   map[string]int64 // by SKU: shipped
}

type parcel struct {
	number         string
	delivered      time.Time
	lines          []order.InstructionLine
	taken, shipped bool
	stopped        bool
}

var skusOf = map[string]map[string]int64{"TEE": {"TEE": 1}, "MUG": {"MUG": 1}, "SET": {"TEE": 2, "CAP": 1}}

func (w *world) truth(sku string) int64 {
	n := w.shelf[sku]
	for _, o := range w.orders {
		if o.status == "cancelled" {
			continue
		}
		for code, pieces := range o.pieces {
			n -= pieces * skusOf[code][sku]
		}
		n += o.gone[sku]
	}
	return n
}

// never looks whether more is offered than there is.
func (w *world) never(what string) *stock.Position {
	w.Helper()
	p, err := stock.Take(w.Context(), w.Env)
	w.Check(err)
	for _, l := range p.Levels {
		if l.Warehouse == "tokyo" && l.Known && l.Net() > w.truth(l.SKU) {
			w.Fatalf("after %s: %d of %s may be sold, and there are %d: %+v", what, l.Net(), l.SKU, w.truth(l.SKU), *l)
		}
	}
	return p
}

func (w *world) pick(ok func(*sale) bool) string {
	var fit []string
	for _, n := range w.numbers {
		if ok(w.orders[n]) {
			fit = append(fit, n)
		}
	}
	if len(fit) == 0 {
		return ""
	}
	return fit[w.rng.IntN(len(fit))]
}

func (w *world) set(number, status string) {
	if number != "" {
		w.orders[number].status = status
		w.sold(number, status, w.orders[number].pieces)
	}
}

// look finds the parcels of files that were delivered since.
func (w *world) look() {
	bs, err := w.Env.Ledger.Batches(w.Context(), "tokyo", 1000)
	w.Check(err)
	for i := range bs {
		b := &bs[i]
		if b.ID <= w.seen || b.State != ledger.BatchDelivered {
			continue
		}
		w.Check(w.Env.Ledger.Instructions(w.Context(), b.ID, func(in *order.Instruction) error {
			w.parcels[in.Number] = &parcel{number: in.Number, delivered: b.DeliveredAt, lines: in.Lines}
			return nil
		}))
	}
	if len(bs) > 0 {
		w.seen = bs[0].ID
	}
}

// count makes a stock file. The warehouse has reckoned with what it got half an hour
// ago or earlier, and with some of the rest.
func (w *world) count() []order.Stock {
	free := map[string]int64{"TEE": w.shelf["TEE"], "CAP": w.shelf["CAP"], "MUG": w.shelf["MUG"]}
	for _, number := range slices.Sorted(maps.Keys(w.parcels)) {
		p := w.parcels[number]
		if p.shipped || p.stopped {
			continue
		}
		if !p.taken && (!p.delivered.After(w.Now().Add(-30*time.Minute)) || w.rng.IntN(2) == 0) {
			p.taken = true
		}
		for _, l := range p.lines {
			if p.taken {
				free[l.SKU] -= l.Quantity
			}
		}
	}
	var out []order.Stock
	for _, sku := range []string{"TEE", "CAP", "MUG"} {
		out = append(out, order.Stock{Warehouse: "tokyo", SKU: sku, OnHand: w.shelf[sku], Sellable: free[sku], At: w.Now()})
	}
	return out
}

func (w *world) comes(file []order.Stock) {
	_, err := w.Env.Ledger.PutStock(w.Context(), w.warehouse("tokyo"), 1, file, false, w.Now())
	w.Check(err)
}

// ship sends a parcel off, also one of a cancelled order that nobody stopped.
func (w *world) ship(p *parcel) {
	p.taken, p.shipped = true, true
	for _, l := range p.lines {
		w.shelf[l.SKU] -= l.Quantity
		o := w.orders[l.Order]
		if o.status != "cancelled" {
			o.gone[l.SKU] += l.Quantity
		}
		o.status = "shipped"
	}
	_, err := w.Env.Ledger.PutShipments(w.Context(), w.warehouse("tokyo"), 1, []order.Shipment{
		{Instruction: p.number, Carrier: "yamato", Tracking: "4" + fmt.Sprintf("%011d", len(p.number)*7919+w.rng.IntN(1e9)), ShippedOn: order.DateOf(w.Now()), Parcels: 1},
	}, w.Now())
	w.Check(err)
}

// stop stops a parcel of which an order was cancelled.
func (w *world) stop(p *parcel) {
	p.stopped = true
	out, err := w.Env.Ledger.PutAcks(w.Context(), w.warehouse("tokyo"), 1, []order.Ack{{Instruction: p.number, Stop: true, OK: true}}, w.Now())
	w.Check(err)
	if out[0] == ledger.UnknownKey {
		w.Fatalf("no instruction %s", p.number)
	}
}

func (p *parcel) cancelled(w *world) bool {
	for _, l := range p.lines {
		if w.orders[l.Order].status == "cancelled" {
			return true
		}
	}
	return false
}

func (w *world) some(ok func(*parcel) bool) *parcel {
	var fit []*parcel
	for _, number := range slices.Sorted(maps.Keys(w.parcels)) {
		if p := w.parcels[number]; ok(p) {
			fit = append(fit, p)
		}
	}
	if len(fit) == 0 {
		return nil
	}
	return fit[w.rng.IntN(len(fit))]
}

func (w *world) step(i int) string {
	switch w.rng.IntN(14) {
	case 0, 1, 2:
		number := fmt.Sprint(1000 + i)
		status := []string{"new", "ready", "ready"}[w.rng.IntN(3)]
		code := []string{"TEE", "MUG", "SET"}[w.rng.IntN(3)]
		w.orders[number] = &sale{status: status, pieces: map[string]int64{code: 1 + w.rng.Int64N(3)}, gone: map[string]int64{}}
		w.numbers = append(w.numbers, number)
		w.set(number, status)
		return "a sale"
	case 3:
		w.set(w.pick(func(o *sale) bool { return o.status == "new" }), "ready")
		return "a payment"
	case 4:
		w.set(w.pick(func(o *sale) bool { return o.status == "new" || o.status == "ready" }), "cancelled")
		return "a cancel"
	case 5:
		w.set(w.pick(func(o *sale) bool { return o.status == "cancelled" }), "cancelled")
		return "a cancel that is told again"
	case 6, 7:
		w.Run("plain-1", "plan")
		return "planning"
	case 8:
		w.Run("tokyo", "instruct")
		w.look()
		return "instructing"
	case 9:
		file := w.count()
		w.files = append(w.files, file)
		if w.rng.IntN(2) == 0 {
			w.comes(file)
		}
		return "a stock file"
	case 10:
		if n := len(w.files); n > 0 {
			w.comes(w.files[w.rng.IntN(n)])
		}
		return "an old stock file"
	case 11:
		if p := w.some(func(p *parcel) bool { return !p.shipped && !p.stopped && !p.cancelled(w) }); p != nil {
			w.ship(p)
		}
		return "a shipment"
	case 12:
		if p := w.some(func(p *parcel) bool { return !p.shipped && !p.stopped && p.cancelled(w) }); p != nil {
			w.stop(p)
		}
		return "a stop"
	default:
		w.shelf[[]string{"TEE", "CAP", "MUG"}[w.rng.IntN(3)]] += w.rng.Int64N(20)
		return "a receipt"
	}
}

// TestNeverMoreThanThereIs walks at random through what happens at malls and
// warehouses. At no moment is more offered than there is beyond what buyers are to
// get; when all is quiet and a fresh stock file has come, it is exactly that.
func TestNeverMoreThanThereIs(t *testing.T) {
	const walks, steps = 6, 120
	for seed := range uint64(walks) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			w := &world{
				shop: open(t, nil), rng: rand.New(rand.NewPCG(seed, 5)), shelf: map[string]int64{"TEE": 50, "CAP": 20, "MUG": 10},
				orders: map[string]*sale{}, parcels: map[string]*parcel{},
			}
			w.people = 4
			w.comes(w.count())
			for i := range steps {
				w.Move(time.Duration(w.rng.IntN(15)) * time.Minute)
				w.never(w.step(i))
			}
			w.quiet()
		})
	}
}

// quiet lets everything come to its end.
func (w *world) quiet() {
	w.Helper()
	w.Run("plain-1", "plan")
	w.Run("tokyo", "instruct")
	w.look()
	w.Run("plain-1", "plan")
	for _, p := range w.parcels {
		if !p.shipped && !p.stopped && p.cancelled(w) {
			w.stop(p)
		}
	}
	w.Run("plain-1", "plan")
	w.Move(2 * time.Hour)
	w.comes(w.count())
	p := w.never("the end")
	for _, sku := range []string{"TEE", "CAP", "MUG"} {
		if l := p.Level("tokyo", sku); l.Net() != w.truth(sku) {
			w.Errorf("%s: %d may be sold in the end, and there are %d: %+v", sku, l.Net(), w.truth(sku), *l)
		}
	}
}
