package format

import (
	"context"
	"encoding/csv"
	"io"
	"os"
	"testing"
)

// The files of the order comparison: MALLBRIDGE_BENCH names the folder with
// orders_jp_100000.csv, orders_kr_100000.csv and sku.csv.
func benchFile(t testing.TB, name string) string {
	dir := os.Getenv("MALLBRIDGE_BENCH")
	if dir == "" {
		t.Skip("MALLBRIDGE_BENCH does not name the folder of the generated order sheets")
	}
	return dir + "/" + name
}

func benchSKUs(t testing.TB) map[string]SKU {
	f, err := os.Open(benchFile(t, "sku.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]SKU{}
	for _, r := range rows[1:] {
		out[r[0]] = SKU{Code: r[1], Weight: r[2], Temperature: r[3]}
	}
	return out
}

func benchFormat(t testing.TB, name string) *Format {
	f, err := ParseFS(os.DirFS("testdata/bench"), name+".yaml")
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func convertFile(t testing.TB, kind, rows string, w io.Writer) ConvertStats {
	in, out := benchFormat(t, "bench-orders-"+kind), benchFormat(t, "bench-wms-"+kind)
	f, err := os.Open(benchFile(t, "orders_"+kind+"_"+rows+".csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	skus := benchSKUs(t)
	s, err := Convert(context.Background(), in, out, Source{Name: f.Name(), R: f, Size: st.Size()}, w, ConvertOptions{SKU: SKUs(skus), SkipUnmapped: true})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestConvertBench(t *testing.T) {
	kind, rows := os.Getenv("MALLBRIDGE_KIND"), os.Getenv("MALLBRIDGE_ROWS")
	if kind == "" {
		t.Skip("MALLBRIDGE_KIND and MALLBRIDGE_ROWS choose the file")
	}
	out, err := os.Create(benchFile(t, "out_"+kind+".csv"))
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%+v", convertFile(t, kind, rows, out))
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
}

func BenchmarkConvert(b *testing.B) {
	for b.Loop() {
		convertFile(b, "jp", "100000", io.Discard)
	}
}
