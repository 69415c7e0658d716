package format

import (
	"fmt"
	"os"
	"testing"

	"github.com/mallbridge/mallbridge/mappers/record"
	"github.com/mallbridge/mallbridge/order"
)

// benchInstructions are parcels as an account's are: texts of their own and texts that
// all of them have.
func benchInstructions(n int) []*order.Instruction {
	out := make([]*order.Instruction, n)
	for i := range out {
		in := &order.Instruction{
			Number: fmt.Sprintf("W%08d", i+1), Warehouse: "w", Account: "a", Service: "takkyubin", Carrier: "yamato", Temperature: order.Normal,
			ShipOn: "2026-12-01", Payment: "prepaid", Currency: "JPY", Parcels: 1,
			To: order.Party{
				Name: "髙橋　見本", Country: "JP", Postal: fmt.Sprintf("1%06d", i+1), Phone: fmt.Sprintf("0300%06d", i), Prefecture: "東京都", City: "千代田区",
				Street: fmt.Sprintf("表町%d-%d 見本ビル%d階", i, i, i),
			},
			From: order.Party{Name: "見本商店", Phone: "03-0000-0000", Country: "JP", Postal: "100-0001", Prefecture: "東京都", City: "千代田区", Street: "千代田0-0"},
		}
		for j := range 1 + i%3 {
			in.Lines = append(in.Lines, order.InstructionLine{
				Account: "a", Order: fmt.Sprintf("398765-20261120-%08d", i), Package: "1", Line: fmt.Sprint(j + 1), SKU: fmt.Sprintf("W%08d", i*13), Name: fmt.Sprintf("【限定】便利な 電動歯ブラシ %d", i),
				Quantity: 2, Price: 1980, Listing: fmt.Sprintf("SKU-%05d", i), Ordered: "2026-11-20 10:20:30",
			})
		}
		out[i] = in
	}
	return out
}

func BenchmarkCheck(b *testing.B) {
	f, err := ParseFS(os.DirFS("../../configs/formats"), "warehouse-instructions.yaml")
	if err != nil {
		b.Fatal(err)
	}
	all := benchInstructions(100)
	c := f.NewChecker(WriteOptions{})
	var recs []record.Record
	batch := record.Batch{}.Prepared()
	b.Run("records", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			for _, in := range all {
				recs = record.FromInstruction(recs, in, batch, false)
			}
		}
	})
	groups := make([][]record.Record, len(all))
	for i, in := range all {
		groups[i] = record.FromInstruction(nil, in, batch, false)
	}
	b.Run("check", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			for _, g := range groups {
				if h := c.Check(g); len(h) > 0 {
					b.Fatal(h)
				}
			}
		}
	})
	w := &Writer{f: f}
	p := w.part()
	var buf []byte
	b.Run("write", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			buf = buf[:0]
			for _, g := range groups {
				p.records = g
				var h []order.Hold
				if buf, h = p.group(buf); len(h) > 0 {
					b.Fatal(h)
				}
			}
		}
		b.SetBytes(int64(len(buf)))
	})
}
