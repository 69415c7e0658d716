package ledger

import (
	"flag"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/mallbridge/mallbridge/order"
)

// The benchmarks store so many orders; one iteration is the whole of them, in
// transactions as large as the stages make them.
var benchOrders = flag.Int("orders", 100_000, "orders in a benchmark")

const benchStep = 20_000

func lines(in []Intake) (n int) {
	for i := range in {
		n += in[i].Order.Lines()
	}
	return n
}

// A meter measures the parts of a benchmark that count.
type meter struct {
	b     *testing.B
	lines int
	cpu   time.Duration
}

func (m *meter) run(lines int, f func()) {
	before := cpuTime()
	m.b.StartTimer()
	f()
	m.b.StopTimer()
	m.cpu += cpuTime() - before
	m.lines += lines
}

func (m *meter) report() {
	m.b.ReportMetric(float64(m.lines)/m.b.Elapsed().Seconds(), "lines/s")
	m.b.ReportMetric(m.cpu.Seconds()*1e6/float64(m.lines), "cpu-µs/line")
	m.b.ReportMetric(0, "ns/op")
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

// bench runs f in each iteration with a fresh ledger.
func bench(b *testing.B, f func(m *meter, l *Ledger, acc, wh int64, in []Intake)) {
	in := samples(0, *benchOrders)
	m := &meter{b: b}
	b.ReportAllocs()
	b.StopTimer()
	b.ResetTimer()
	for range b.N {
		l, err := Open(b.Context(), filepath.Join(b.TempDir(), "ledger.db"))
		ok(b, err)
		f(m, l, account(b, l, "rakuten-main"), warehouse(b, l, "tokyo"), in)
		m.run(0, func() { ok(b, l.Close()) })
	}
	m.report()
}

func BenchmarkPutNew(b *testing.B) {
	bench(b, func(m *meter, l *Ledger, acc, _ int64, in []Intake) {
		m.run(lines(in), func() {
			if c := putAll(b, l, acc, in); c.New != int64(*benchOrders) {
				b.Fatal(c)
			}
		})
	})
}

func BenchmarkPutSame(b *testing.B) {
	bench(b, func(m *meter, l *Ledger, acc, _ int64, in []Intake) {
		putAll(b, l, acc, in)
		m.run(lines(in), func() {
			if c := putAll(b, l, acc, in); c.Same != int64(*benchOrders) {
				b.Fatal(c)
			}
		})
	})
}

func BenchmarkPlan(b *testing.B) {
	bench(b, func(m *meter, l *Ledger, acc, wh int64, in []Intake) {
		putAll(b, l, acc, in)
		m.run(lines(in), func() { planAll(b, l, acc, wh) })
	})
}

func BenchmarkClaim(b *testing.B) {
	bench(b, func(m *meter, l *Ledger, acc, wh int64, in []Intake) {
		putAll(b, l, acc, in)
		planAll(b, l, acc, wh)
		m.run(lines(in)/2, func() { claimAll(b, l, wh) })
	})
}

// BenchmarkWhole is the whole way of a sheet through the ledger: stored, half
// of it planned, claimed, read back.
func BenchmarkWhole(b *testing.B) {
	bench(b, func(m *meter, l *Ledger, acc, wh int64, in []Intake) {
		m.run(lines(in), func() {
			putAll(b, l, acc, in)
			planAll(b, l, acc, wh)
			claimAll(b, l, wh)
		})
	})
}
