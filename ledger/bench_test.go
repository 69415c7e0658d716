package ledger

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/mallbridge/mallbridge/order"
)

// The benchmarks use 100,000 orders; one iteration is the whole of them, in
// transactions as large as the stages make them.
const (
	benchOrders = 100_000
	benchStep   = 20_000
)

func lines(in []Intake) (n int) {
	for i := range in {
		n += in[i].Order.Lines()
	}
	return n
}

func perLine(b *testing.B, n int) {
	b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "lines/s")
}

func putAll(b *testing.B, l *Ledger, acc int64, in []Intake) (c PutCounts) {
	for i := 0; i < len(in); i += benchStep {
		p, err := l.PutOrders(b.Context(), acc, 1, in[i:min(i+benchStep, len(in))], noon)
		ok(b, err)
		c.New, c.Same, c.Changed = c.New+p.New, c.Same+p.Same, c.Changed+p.Changed
	}
	return c
}

// planAll plans every other order and leaves the rest outside.
func planAll(b *testing.B, l *Ledger, acc, wh int64) {
	ctx := b.Context()
	for after := int64(0); ; {
		rows, err := l.Pending(ctx, acc, Seen, after, benchStep)
		ok(b, err)
		if len(rows) == 0 {
			return
		}
		p := &Plan{Orders: make([]Disposition, len(rows))}
		for i := range rows {
			r := &rows[i]
			p.Orders[i] = Disposition{ID: r.ID, Version: r.Version, Was: Seen, State: Outside, Reason: order.OutUnshipped}
			if r.ID%2 == 0 {
				p.Orders[i].State, p.Orders[i].Reason = Planned, ""
				p.Instructions = append(p.Instructions, instructionFor(r.ID, acc, wh, r.Order))
			}
		}
		ok(b, l.Apply(ctx, p, noon))
		after = rows[len(rows)-1].ID
	}
}

func claimAll(b *testing.B, l *Ledger, wh int64) (n int) {
	ctx := b.Context()
	batch, err := l.Claim(ctx, Claim{WarehouseID: wh, Format: "plain", ShipOn: "2026-11-23", Name: batchName}, noon)
	ok(b, err)
	ok(b, l.Instructions(ctx, batch.ID, func(in *order.Instruction) error {
		n += len(in.Lines)
		return nil
	}))
	return n
}

func batchName(id int64) (number, file string, err error) {
	return fmt.Sprintf("B%06d", id), fmt.Sprintf("order_%06d.csv", id), nil
}

func BenchmarkPutNew(b *testing.B) {
	in := samples(0, benchOrders)
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		l := openAt(b, filepath.Join(b.TempDir(), "ledger.db"))
		acc := account(b, l, "rakuten-main")
		b.StartTimer()
		if c := putAll(b, l, acc, in); c.New != benchOrders {
			b.Fatal(c)
		}
	}
	perLine(b, lines(in))
}

func BenchmarkPutSame(b *testing.B) {
	in := samples(0, benchOrders)
	l := openAt(b, filepath.Join(b.TempDir(), "ledger.db"))
	acc := account(b, l, "rakuten-main")
	putAll(b, l, acc, in)
	b.ReportAllocs()
	for b.Loop() {
		if c := putAll(b, l, acc, in); c.Same != benchOrders {
			b.Fatal(c)
		}
	}
	perLine(b, lines(in))
}

func BenchmarkPlan(b *testing.B) {
	in := samples(0, benchOrders)
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		l := openAt(b, filepath.Join(b.TempDir(), "ledger.db"))
		acc, wh := account(b, l, "rakuten-main"), warehouse(b, l, "tokyo")
		putAll(b, l, acc, in)
		b.StartTimer()
		planAll(b, l, acc, wh)
	}
	perLine(b, lines(in))
}

func BenchmarkClaim(b *testing.B) {
	in := samples(0, benchOrders)
	n := 0
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		l := openAt(b, filepath.Join(b.TempDir(), "ledger.db"))
		acc, wh := account(b, l, "rakuten-main"), warehouse(b, l, "tokyo")
		putAll(b, l, acc, in)
		planAll(b, l, acc, wh)
		b.StartTimer()
		n = claimAll(b, l, wh)
	}
	perLine(b, n)
}

// BenchmarkWhole is the whole way of a sheet through the ledger: stored, half
// of it planned, claimed, read back.
func BenchmarkWhole(b *testing.B) {
	in := samples(0, benchOrders)
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		l := openAt(b, filepath.Join(b.TempDir(), "ledger.db"))
		acc, wh := account(b, l, "rakuten-main"), warehouse(b, l, "tokyo")
		b.StartTimer()
		putAll(b, l, acc, in)
		planAll(b, l, acc, wh)
		claimAll(b, l, wh)
	}
	perLine(b, lines(in))
}
