package formats_test

import (
	"bytes"
	"context"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mallbridge/mallbridge/configs"
	"github.com/mallbridge/mallbridge/mappers/codes"
	"github.com/mallbridge/mallbridge/mappers/format"
	"github.com/mallbridge/mallbridge/mappers/record"
	"github.com/mallbridge/mallbridge/order"
)

// keysOf are order numbers and line keys as each mall has them.
var keysOf = map[string][2]string{
	"rakuten": {"123456-20261122-0000000001", "20000001"}, "yahoo": {"10000001", "1"}, "amazon": {"503-7654321-0000001", "40000000000011"},
	"ebay": {"12-34567-89012", "1"}, "smartstore": {"2026071500000010", "2026071500000011"}, "coupang": {"9100000000001", "80000000001"},
	"elevenst": {"202607150000001", "1"},
}

// Each carrier that a mall has a code of its own for is written to its upload file
// and read back as the same carrier, with the number, the order and the line.
func TestTrackingFilesThereAndBack(t *testing.T) {
	files, _ := filepath.Glob("*-tracking.yaml")
	n := 0
	for _, file := range files {
		name := strings.TrimSuffix(file, ".yaml")
		f, ok := configs.BuiltinFormat(name)
		if !ok || f.Kind() != record.Tracking {
			continue
		}
		n++
		t.Run(name, func(t *testing.T) { thereAndBack(t, f, carriersOf(f)) })
	}
	if n < 10 {
		t.Errorf("only %d formats", n)
	}
}

// carriersOf lists the carriers whose codes are both written and read.
func carriersOf(f *format.Format) []string {
	table := f.Spec.Tables["carrier"]
	if table == nil {
		return []string{"yamato", "cj"}
	}
	of, _ := codes.Builtin().Table(codes.Carriers, table.Codes.System)
	var out []string
	for _, r := range of.Rows() {
		if r.Use == codes.UseBoth && r.Ours != "direct" && (!table.Codes.Named || r.Name != "") {
			out = append(out, r.Ours)
		}
	}
	return out
}

func thereAndBack(t *testing.T, f *format.Format, carriers []string) {
	keys, ok := keysOf[strings.TrimSuffix(f.Name(), "-tracking")]
	if !ok {
		keys = [2]string{"0000001001", "1"}
	}
	var list []order.Tracking
	for i, c := range carriers {
		number := []byte(keys[0])
		for k := len(number) - 1; k >= len(number)-2; k-- {
			number[k] = byte('0' + i%10)
			i /= 10
		}
		list = append(list, order.Tracking{
			Account: "shop-1", Order: string(number), Package: "1001", Line: keys[1], Quantity: 2, Carrier: c, Number: "000123456789",
			Codes: order.Codes{ItemID: "0007", OptionID: keys[1], SKUCode: "0009"}, ShippedOn: "2026-11-24", Name: "見本",
			Ordered: order.Instant{UTC: time.Date(2026, 11, 22, 1, 0, 0, 0, time.UTC)}, To: order.Party{Name: "見本"}, Status: "배송준비중",
		})
	}
	var b bytes.Buffer
	o := format.WriteOptions{Batch: format.Batch{Number: "1", Account: "shop-1", Time: time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)}}
	w, err := f.NewWriter(&b, o)
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range record.TrackingGroups(list, f.Spec.Rows) {
		if err := w.WriteGroup(g.Records); err != nil {
			t.Errorf("%s: %v", list[g.Of[0]].Carrier, err)
		}
	}
	if _, err := w.Close(); err != nil {
		t.Fatal(err)
	}
	name, err := f.FileName(o.Batch)
	if err != nil {
		t.Fatal(err)
	}
	groups, refused, _, err := f.ReadAll(context.Background(), format.Bytes(name, b.Bytes()), format.ReadOptions{})
	if err != nil || len(refused) > 0 {
		t.Fatalf("%v, refused %+v", err, refused)
	}
	var back []order.Tracking
	for _, g := range groups {
		for _, r := range g.Records {
			x, err := record.ToTracking(r)
			if err != nil {
				t.Fatal(err)
			}
			back = append(back, x)
		}
	}
	if len(back) != len(list) {
		t.Fatalf("%d of %d rows came back", len(back), len(list))
	}
	fields := f.Fields()
	same := func(field record.Field, got, want string) {
		if slices.Contains(fields, field) && got != want {
			t.Errorf("%s is %q, was %q", field, got, want)
		}
	}
	for i := range list {
		a, b := &list[i], &back[i]
		same(record.ShipmentCarrier, b.Carrier, a.Carrier)
		same(record.ShipmentTracking, b.Number, a.Number)
		same(record.OrderNumber, b.Order, a.Order)
		same(record.LineKey, b.Line, a.Line)
		same(record.PackageKey, b.Package, a.Package)
		same(record.ShipmentShippedOn, string(b.ShippedOn), string(a.ShippedOn))
		same(record.LineSKUCode, b.Codes.SKUCode, a.Codes.SKUCode)
	}
}
