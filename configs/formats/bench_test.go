package formats_test

import (
	"bytes"
	"context"
	"fmt"
	"testing"

	"github.com/mallbridge/mallbridge/configs/formats"
	"github.com/mallbridge/mallbridge/mappers/format"
)

// BenchmarkRakuten reads an order CSV of 158 columns and 20,000 orders.
func BenchmarkRakuten(b *testing.B) {
	s, err := format.Load(formats.FS, ".")
	if err != nil {
		b.Fatal(err)
	}
	f, err := s.Get("rakuten-orders")
	if err != nil {
		b.Fatal(err)
	}
	in := rakutenInputs()[0]
	in.rows = in.rows[:1]
	one := in.bytes(b)
	head, row, _ := bytes.Cut(one, []byte("\r\n"))
	var file bytes.Buffer
	file.Write(head)
	file.WriteString("\r\n")
	const orders = 20_000
	for i := range orders {
		file.Write(bytes.ReplaceAll(row, []byte("0012345678"), fmt.Appendf(nil, "%010d", i)))
	}
	src := format.Bytes("bench.csv", file.Bytes())
	b.SetBytes(src.Size)
	for b.Loop() {
		st, err := f.Read(context.Background(), src, format.ReadOptions{}, func(format.Group) error { return nil })
		if err != nil || st.Taken != orders {
			b.Fatal(st, err)
		}
	}
	b.ReportMetric(float64(orders)*float64(b.N)/b.Elapsed().Seconds(), "lines/s")
}
