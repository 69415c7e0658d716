package record

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mallbridge/mallbridge/order"
)

func rec(kv ...string) Record {
	r := New()
	for i := 0; i < len(kv); i += 2 {
		f, ok := Lookup(kv[i])
		if !ok {
			panic("no field " + kv[i])
		}
		r[f] = kv[i+1]
	}
	return r
}

func TestEveryFieldHasAName(t *testing.T) {
	for f := Field(0); f < Count; f++ {
		name := f.String()
		if got, ok := Lookup(name); !ok || got != f || !strings.Contains(name, ".") {
			t.Errorf("field %d is called %q and looked up as %d", f, name, got)
		}
	}
	if f, ok := Value("billing_code"); !ok || f != ValueBillingCode {
		t.Error("billing_code is no text of a warehouse")
	}
	if _, ok := Value("order.number"); ok {
		t.Error("order.number is a text of a warehouse")
	}
}

func TestOrderGathersPackagesAndLines(t *testing.T) {
	common := []string{"order.number", "A-1", "order.status", "300", "order.ordered_at", "2026-11-22T09:30:00+09:00", "order.currency", "JPY", "order.total", "5000"}
	row := func(kv ...string) Record { return rec(append(append([]string{}, common...), kv...)...) }
	o, err := Order("shop", []Record{
		row("package.key", "1", "to.name", "見本", "line.item_code", "007", "line.quantity", "2", "line.price", "1000", "order.flags", "gift island"),
		row("package.key", "2", "to.name", "例田", "line.item_code", "008", "line.quantity", "1", "line.price", "3000", "order.flags", "island"),
		row("package.key", "1", "to.name", "見本", "line.item_code", "009", "line.quantity", "3"),
	})
	if err != nil {
		t.Fatal(err)
	}
	if o.Number != "A-1" || o.Total != 5000 || !o.Ordered.UTC.Equal(time.Date(2026, 11, 22, 0, 30, 0, 0, time.UTC)) || o.Ordered.Text != "2026-11-22T09:30:00+09:00" {
		t.Errorf("%+v", o)
	}
	if diff := cmp.Diff([]string{"gift", "island"}, o.Flags); diff != "" {
		t.Error(diff)
	}
	if len(o.Packages) != 2 || len(o.Packages[0].Lines) != 2 || len(o.Packages[1].Lines) != 1 {
		t.Fatalf("packages: %+v", o.Packages)
	}
	if l := o.Packages[0].Lines[1]; l.Codes.ItemCode != "009" || l.Quantity != 3 || l.Key != "2" {
		t.Errorf("line: %+v", l)
	}
}

func TestRowsWithoutPackageKeyButOtherRecipientsAreSeveralPackages(t *testing.T) {
	o, err := Order("shop", []Record{
		rec("order.number", "1", "to.name", "가", "line.quantity", "1"),
		rec("order.number", "1", "to.name", "나", "line.quantity", "1"),
		rec("order.number", "1", "to.name", "가", "line.quantity", "1"),
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(o.Packages) != 2 || len(o.Packages[0].Lines) != 2 || o.Packages[0].Key == o.Packages[1].Key {
		t.Errorf("%+v", o.Packages)
	}
}

func TestOrderRefusesQuantitiesThatAreNone(t *testing.T) {
	for _, q := range []string{"0", "-1", "", "x", "1.5"} {
		_, err := Order("shop", []Record{rec("order.number", "1", "line.quantity", "1"), rec("order.number", "1", "line.quantity", q)})
		var bad *ValueError
		if !errors.As(err, &bad) || bad.Row != 1 || bad.Field != LineQuantity || bad.Reason != order.RefusedQuantity {
			t.Errorf("quantity %q: %v", q, err)
		}
	}
}

func instruction() *order.Instruction {
	return &order.Instruction{
		Number: "T00000001", Warehouse: "tokyo", Carrier: "yamato", Service: "takkyubin", Temperature: order.Chilled, ShipOn: "2026-11-24",
		Payment: "cod", Collect: 5000, CollectTax: 454, Currency: "JPY", To: order.Party{Name: "見本", Country: "JP", Prefecture: "東京都", City: "千代田区", Street: "1-1"},
		Lines: []order.InstructionLine{
			{Order: "A-1", Package: "1", Line: "1", SKU: "S-1", Name: "皿", Quantity: 2, Price: 1000},
			{Order: "A-1", Package: "1", Line: "2", SKU: "S-2", Name: "椀", Quantity: 1, Price: 3000},
			{Order: "A-1", SKU: "FLYER", Quantity: 1},
		},
	}
}

func TestFromInstruction(t *testing.T) {
	recs := FromInstruction(nil, instruction(), Batch{Number: "T000001", Time: time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)}, false)
	if len(recs) != 3 {
		t.Fatalf("%d rows", len(recs))
	}
	for i, want := range []map[Field]string{
		{LineNo: "1", LineSKU: "S-1", LineQuantity: "2", OrderLines: "3", OrderQuantity: "4", OrderAmount: "5000", InstructionCollect: "5000", InstructionTemperature: "chilled", ToAddress: "東京都千代田区1-1"},
		{LineNo: "2", LineSKU: "S-2", LineKey: "2", InstructionNumber: "T00000001"},
		{LineNo: "3", LineSKU: "FLYER", LineKey: "", InstructionInserts: "FLYER", BatchDate: "2026-11-22"},
	} {
		for f, v := range want {
			if recs[i][f] != v {
				t.Errorf("row %d: %s is %q, want %q", i+1, f, recs[i][f], v)
			}
		}
	}
	if one := FromInstruction(nil, instruction(), Batch{}, true); len(one) != 1 || one[0][InstructionItems] != "S-1×2 S-2 FLYER" {
		t.Errorf("one row for the parcel: %d rows, items %q", len(one), one[0][InstructionItems])
	}
}

// Records that are used again must not keep anything of the instruction before.
func TestFromInstructionLeavesNothingBehind(t *testing.T) {
	dirty := FromInstruction(nil, instruction(), Batch{Number: "1", Time: time.Now()}, false)
	for _, r := range dirty {
		r[ValueBillingCode] = "left over"
	}
	plain := &order.Instruction{Number: "X", Lines: []order.InstructionLine{{SKU: "A", Quantity: 1, Line: "1"}}}
	for _, n := range []int{0, 1, 2} {
		got := FromInstruction(dirty[:n], plain, Batch{}, false)
		want := FromInstruction(nil, plain, Batch{}, false)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("into %d rows: %s", n, diff)
		}
	}
}

func TestShipmentSplitsNumbersInOneCell(t *testing.T) {
	got, err := Shipment(rec("instruction.number", "T1", "shipment.tracking", "490012345678 / 490012345689", "shipment.carrier", "yamato", "shipment.shipped_on", "2026-11-24"))
	if err != nil || len(got) != 2 || got[0].Tracking != "490012345678" || got[1].Tracking != "490012345689" || got[1].Instruction != "T1" {
		t.Errorf("%+v, %v", got, err)
	}
	for _, r := range []Record{rec("shipment.tracking", "490012345678"), rec("instruction.number", "T1")} {
		var bad *ValueError
		if _, err := Shipment(r); !errors.As(err, &bad) {
			t.Errorf("%v was taken", r)
		}
	}
}

func TestStock(t *testing.T) {
	at := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	var rows []order.Stock
	for _, r := range []Record{
		rec("stock.sku", "A", "stock.on_hand", "10", "stock.allocated", "3"),
		rec("stock.sku", "B", "stock.sellable", "5.00"),
		rec("stock.sku", "A", "stock.on_hand", "1,000"),
	} {
		s, err := StockRow(r, "w", at)
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, s)
	}
	got := fmt.Sprint(Stocks(rows))
	want := fmt.Sprint([]order.Stock{
		{Warehouse: "w", SKU: "A", OnHand: 1010, Allocated: 3, Sellable: 1007, At: at},
		{Warehouse: "w", SKU: "B", OnHand: 5, Sellable: 5, At: at},
	})
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if _, err := StockRow(rec("stock.sku", "A", "stock.on_hand", "1.5"), "w", at); err == nil {
		t.Error("half a piece was counted")
	}
}

func TestAck(t *testing.T) {
	for result, want := range map[string]order.Ack{
		"ok": {Instruction: "T1", OK: true}, "error": {Instruction: "T1"}, "stopped": {Instruction: "T1", Stop: true, OK: true}, "too_late": {Instruction: "T1", Stop: true},
	} {
		got, err := Ack(rec("instruction.number", "T1", "ack.result", result))
		if err != nil || got != want {
			t.Errorf("%s: %+v, %v", result, got, err)
		}
	}
	if _, err := Ack(rec("instruction.number", "T1", "ack.result", "maybe")); err == nil {
		t.Error("maybe is an answer")
	}
}
