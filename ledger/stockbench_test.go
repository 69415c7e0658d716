package ledger

import (
	"testing"
	"time"

	"github.com/mallbridge/mallbridge/order"
)

// BenchmarkSellable sums what -orders open orders want, half of them instructed and
// half before their target status.
func BenchmarkSellable(b *testing.B) {
	bench(b, func(m *meter, l *Ledger, acc, wh int64, in []Intake) {
		putAll(b, l, acc, in)
		for after := int64(0); ; {
			rows, err := l.Pending(b.Context(), acc, Seen, after, benchStep)
			ok(b, err)
			if len(rows) == 0 {
				break
			}
			p := &Plan{Orders: make([]Disposition, len(rows))}
			for i := range rows {
				r := &rows[i]
				d := &p.Orders[i]
				*d = Disposition{ID: r.ID, Version: r.Version, State: Outside, Reason: order.OutUnshipped}
				n := instructionFor(r.ID, acc, wh, r.Order)
				for j := range n.Pieces {
					n.Pieces[j].SKU = n.Instruction.Lines[j].SKU
					d.Wants = append(d.Wants, Want{SKU: n.Pieces[j].SKU, Quantity: n.Pieces[j].Quantity})
				}
				if r.ID%2 == 0 {
					d.State, d.Reason, d.Wants = Planned, "", nil
					p.Instructions = append(p.Instructions, n)
				}
			}
			ok(b, l.Apply(b.Context(), p, noon))
			after = rows[len(rows)-1].ID
		}
		m.run(lines(in), func() {
			if ds, err := l.Demands(b.Context()); err != nil || len(ds) == 0 {
				b.Fatal(err)
			}
			if ns, err := l.Instructed(b.Context(), wh, StockRule{TakesIn: time.Hour, Oldest: noon}); err != nil || len(ns) == 0 {
				b.Fatal(err)
			}
		})
	})
}
