package ledger

import (
	"fmt"
	"testing"

	"github.com/mallbridge/mallbridge/order"
)

// A shop is a ledger with one account and one warehouse, and the short words in
// which tests tell their stories.
type shop struct {
	*Ledger
	t        testing.TB
	acc, wh  int64
	accounts map[string]int64
}

func newShop(t testing.TB, l *Ledger) *shop {
	s := &shop{Ledger: l, t: t, acc: account(t, l, "rakuten-main"), wh: warehouse(t, l, "tokyo")}
	s.accounts = map[string]int64{"rakuten-main": s.acc}
	return s
}

func eachShop(t *testing.T, f func(t *testing.T, s *shop)) {
	t.Helper()
	each(t, func(t *testing.T, l *Ledger) { f(t, newShop(t, l)) })
}

// numbered makes orders with the given numbers.
func numbered(numbers ...string) []Intake {
	in := make([]Intake, len(numbers))
	for i, n := range numbers {
		o := sample(i)
		o.Number = n
		in[i] = Intake{Order: o, Row: int64(i + 2)}
	}
	return in
}

func (s *shop) put(in ...Intake) PutCounts {
	s.t.Helper()
	c, err := s.PutOrders(s.t.Context(), s.acc, 7, in, noon)
	ok(s.t, err)
	return c
}

func (s *shop) row(number string) *Row {
	s.t.Helper()
	rows, err := s.OrdersByNumber(s.t.Context(), number, "")
	ok(s.t, err)
	if len(rows) != 1 {
		s.t.Fatalf("%d orders have the number %s", len(rows), number)
	}
	return &rows[0]
}

// planned makes one instruction of each order and returns their ids.
func (s *shop) planned(numbers ...string) []int64 {
	s.t.Helper()
	p := &Plan{}
	for _, n := range numbers {
		r := s.row(n)
		p.Orders = append(p.Orders, Disposition{ID: r.ID, Version: r.Version, Was: r.State, State: Planned})
		p.Instructions = append(p.Instructions, instructionFor(r.ID, s.acc, s.wh, r.Order))
	}
	ok(s.t, s.Apply(s.t.Context(), p, noon))
	var ids []int64
	for _, i := range p.Instructions {
		ids = append(ids, i.Instruction.ID)
	}
	return ids
}

func (s *shop) hold(number string, holds ...order.Hold) {
	s.t.Helper()
	s.holdAt(number, 0, holds...)
}

func (s *shop) holdAt(number string, minute int, holds ...order.Hold) {
	s.t.Helper()
	r := s.row(number)
	d := Disposition{ID: r.ID, Version: r.Version, Was: r.State, State: Held, Reason: holds[0].Reason, Holds: holds}
	ok(s.t, s.Apply(s.t.Context(), &Plan{Orders: []Disposition{d}}, after(minute)))
}

func (s *shop) claim() *Batch {
	s.t.Helper()
	b, err := s.Claim(s.t.Context(), Claim{WarehouseID: s.wh, Format: "plain", ShipOn: "2026-11-23", Name: batchName}, noon)
	ok(s.t, err)
	return b
}

// sent takes numbers all the way to a delivered batch.
func (s *shop) sent(numbers ...string) (*Batch, []int64) {
	s.t.Helper()
	s.put(numbered(numbers...)...)
	ids := s.planned(numbers...)
	b := s.claim()
	s.advance(b.ID, BatchDelivered)
	return s.batch(b.ID), ids
}

// advance takes a claimed batch to a state.
func (s *shop) advance(id int64, to string) {
	s.t.Helper()
	ctx := s.t.Context()
	if to == BatchClaimed {
		return
	}
	ok(s.t, s.Built(ctx, id, "outbox/a.csv", "abc", 10, 1, after(1)))
	if to == BatchBuilt {
		return
	}
	ok(s.t, s.Uploaded(ctx, id, after(2)))
	switch to {
	case BatchInDoubt:
		ok(s.t, s.InDoubt(ctx, id, "no answer to the rename", after(3)))
	case BatchDelivered:
		ok(s.t, s.Delivered(ctx, id, "", "", after(3)))
	}
}

func (s *shop) batch(id int64) *Batch {
	s.t.Helper()
	b, err := s.Batch(s.t.Context(), id)
	ok(s.t, err)
	return b
}

// instructionNumber is the number that planned gives to an instruction.
func instructionNumber(id int64) string { return fmt.Sprintf("M%010d", id) }

func (s *shop) kinds(orderID, batchID int64) []string {
	s.t.Helper()
	es, err := s.Events(s.t.Context(), orderID, batchID)
	ok(s.t, err)
	var out []string
	for _, e := range es {
		out = append(out, e.Kind)
	}
	return out
}

func (s *shop) file(name, sha string) File {
	return File{Kind: FileOrders, Owner: "rakuten-main", Name: name, SHA256: sha, Size: 3, Path: "archive/" + name}
}
