package ledger

import (
	"flag"
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/mallbridge/mallbridge/order"
)

// A day is a random course of events at one account and one warehouse, with a
// model that knows only what was put in.
type day struct {
	*shop
	stored  map[string]*order.Order
	batches []int64
}

// TestSumsAlwaysAddUp runs random days and looks after each step.
func TestSumsAlwaysAddUp(t *testing.T) {
	checks := flag.Lookup("rapid.checks")
	if before := checks.Value.String(); before == checks.DefValue {
		ok(t, checks.Value.Set("15"))
		t.Cleanup(func() { checks.Value.Set(before) })
	}
	each(t, func(t *testing.T, l *Ledger) {
		n := 0
		rapid.Check(t, func(rt *rapid.T) {
			n++
			name := fmt.Sprintf("account-%d", n)
			d := &day{
				shop:   &shop{Ledger: l, t: t, acc: account(t, l, name), wh: warehouse(t, l, name)},
				stored: map[string]*order.Order{},
			}
			rt.Repeat(map[string]func(*rapid.T){
				"put":      d.putSome,
				"plan":     d.planSome,
				"claim":    d.claimSome,
				"move":     d.moveBatch,
				"leave":    d.leaveBatch,
				"answer":   d.answer,
				"withdraw": d.withdrawOne,
				"person":   d.person,
				"":         func(rt *rapid.T) { d.check(rt, name) },
			})
		})
		checkWhole(t, l)
	})
}

func (d *day) check(rt *rapid.T, account string) {
	got, err := d.Tally(d.t.Context(), account)
	ok(rt, err)
	sum := got.Seen + got.Planned
	for _, n := range got.Held {
		sum += n
	}
	for _, n := range got.Outside {
		sum += n
	}
	if got.Orders != int64(len(d.stored)) || sum != got.Orders || got.Instructed > got.Planned {
		rt.Fatalf("%d orders were put, sum %d: %+v", len(d.stored), sum, got)
	}
	if n, err := d.Unclaimed(d.t.Context()); err != nil || n != 0 {
		rt.Fatalf("%d planned orders without an instruction, %v", n, err)
	}
}

func (d *day) putSome(rt *rapid.T) {
	var in []Intake
	for i, k := range rapid.SliceOfNDistinct(rapid.IntRange(0, 30), 1, 8, rapid.ID[int]).Draw(rt, "orders") {
		o := sample(k)
		o.Number = fmt.Sprintf("%03d", k)
		if rapid.IntRange(0, 3).Draw(rt, "changed") == 0 {
			o.Note = rapid.SampledFrom([]string{"a", "b"}).Draw(rt, "note")
		}
		d.stored[o.Number] = o
		in = append(in, Intake{Order: o, Row: int64(i)})
	}
	c, err := d.PutOrders(d.t.Context(), d.acc, 1, in, noon)
	ok(rt, err)
	if c.New+c.Same+c.Changed != int64(len(in)) {
		rt.Fatalf("%d put, %+v", len(in), c)
	}
}

func (d *day) planSome(rt *rapid.T) {
	from := rapid.SampledFrom([]State{Seen, Held, Recheck}).Draw(rt, "state")
	rows, err := d.Pending(d.t.Context(), d.acc, from, 0, rapid.IntRange(1, 5).Draw(rt, "limit"))
	ok(rt, err)
	p := &Plan{}
	for i := range rows {
		r := &rows[i]
		x := Disposition{ID: r.ID, Version: r.Version, Was: r.State}
		hold := order.Hold{Reason: rapid.SampledFrom([]order.Reason{order.HoldSKU, order.HoldPhone}).Draw(rt, "reason")}
		switch {
		case from == Recheck:
			x.State, x.Holds = Planned, []order.Hold{{Reason: order.HoldChanged}}
		case rapid.Bool().Draw(rt, "planned"):
			x.State = Planned
			p.Instructions = append(p.Instructions, instructionFor(r.ID, d.acc, d.wh, r.Order))
		case rapid.Bool().Draw(rt, "held"):
			x.State, x.Reason, x.Holds = Held, hold.Reason, []order.Hold{hold}
		default:
			x.State, x.Reason = Outside, order.OutDone
		}
		p.Orders = append(p.Orders, x)
	}
	ok(rt, d.Apply(d.t.Context(), p, noon))
}

func (d *day) claimSome(rt *rapid.T) {
	b, err := d.Claim(d.t.Context(), Claim{WarehouseID: d.wh, Format: "plain", ShipOn: "2026-11-23", Limit: rapid.IntRange(0, 4).Draw(rt, "limit"), Name: batchName}, noon)
	ok(rt, err)
	if b != nil {
		d.batches = append(d.batches, b.ID)
	}
}

// someBatch draws one of the batches, or skips the step.
func (d *day) someBatch(rt *rapid.T) int64 {
	if len(d.batches) == 0 {
		rt.Skip("no batch yet")
	}
	return rapid.SampledFrom(d.batches).Draw(rt, "batch")
}

// allowed lets a step that the state forbids pass.
func allowed(rt *rapid.T, err error) {
	if err != nil && order.CodeOf(err) != order.Conflict && !retry(err) {
		rt.Fatalf("%v", err)
	}
}

func (d *day) moveBatch(rt *rapid.T) {
	id, ctx := d.someBatch(rt), d.t.Context()
	allowed(rt, []func() error{
		func() error { return d.Built(ctx, id, "a", "abc", 1, 1, noon) },
		func() error { return d.Uploaded(ctx, id, noon) },
		func() error { return d.Delivered(ctx, id, "", "", noon) },
		func() error { return d.InDoubt(ctx, id, "", noon) },
		func() error { return d.Again(ctx, id, "", "", noon) },
		func() error { return d.Rebuild(ctx, id, "", noon) },
	}[rapid.IntRange(0, 5).Draw(rt, "step")]())
}

func (d *day) some(rt *rapid.T, batch int64) []*order.Instruction {
	var ins []*order.Instruction
	ok(rt, d.Instructions(d.t.Context(), batch, func(in *order.Instruction) error {
		if rapid.Bool().Draw(rt, "this one") {
			ins = append(ins, in)
		}
		return nil
	}))
	return ins
}

func (d *day) leaveBatch(rt *rapid.T) {
	id := d.someBatch(rt)
	var ids []int64
	for _, in := range d.some(rt, id) {
		ids = append(ids, in.ID)
	}
	allowed(rt, d.Leave(d.t.Context(), id, ids, "cancelled", noon))
}

func (d *day) answer(rt *rapid.T) {
	var as []order.Ack
	var ss []order.Shipment
	for _, in := range d.some(rt, d.someBatch(rt)) {
		if rapid.Bool().Draw(rt, "ack") {
			as = append(as, order.Ack{Instruction: in.Number, OK: rapid.Bool().Draw(rt, "accepted"), Stop: rapid.Bool().Draw(rt, "stop")})
		} else {
			ss = append(ss, order.Shipment{Instruction: in.Number, Carrier: "yamato", Tracking: "1", Cancelled: rapid.Bool().Draw(rt, "cancelled")})
		}
	}
	_, err := d.PutAcks(d.t.Context(), d.wh, 1, as, noon)
	ok(rt, err)
	_, err = d.PutShipments(d.t.Context(), d.wh, 1, ss, noon)
	ok(rt, err)
}

func (d *day) withdrawOne(rt *rapid.T) {
	rows, err := d.r.QueryContext(d.t.Context(), `SELECT id FROM instructions WHERE warehouse_id = $1 ORDER BY state, id`, d.wh)
	ok(rt, err)
	ids, err := column[int64](rows)
	ok(rt, err)
	if len(ids) == 0 {
		rt.Skip("no instruction yet")
	}
	allowed(rt, d.Apply(d.t.Context(), &Plan{Withdraw: []int64{rapid.SampledFrom(ids).Draw(rt, "instruction")}}, noon))
}

func (d *day) person(rt *rapid.T) {
	rows, err := d.Orders(d.t.Context(), OrderList{Limit: 50})
	ok(rt, err)
	for i := range rows {
		if rows[i].AccountID != d.acc {
			continue
		}
		if rapid.Bool().Draw(rt, "hold") {
			allowed(rt, d.Hold(d.t.Context(), rows[i].ID, "wait", "mika", noon))
		} else {
			allowed(rt, d.Release(d.t.Context(), rows[i].ID, nil, "go", "mika", noon))
		}
		return
	}
}
