package files

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"github.com/mallbridge/mallbridge/configs"
	"github.com/mallbridge/mallbridge/mappers/format"
	"github.com/mallbridge/mallbridge/mappers/record"
	"github.com/mallbridge/mallbridge/order"
)

// outOf renders files of a built-in format without a workspace.
func outOf(t *testing.T, name string) *Out {
	t.Helper()
	all, err := configs.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 11, 30, 3, 0, 0, 0, time.UTC)
	o := &Out{format: all[name], batch: record.Batch{Number: "T000009", Time: at}.Prepared(), values: map[record.Field]string{}}
	o.o.Batch = format.Batch{Number: "T000009", Warehouse: "tokyo", Time: at, Zone: time.UTC}
	return o
}

func parcelOf(number string, id int64, orderNumber string, lines ...order.InstructionLine) *order.Instruction {
	in := &order.Instruction{
		Number: number, Warehouse: "tokyo", Account: "shop", Service: "takkyubin", Carrier: "yamato", Temperature: order.Normal, ShipOn: "2026-12-01", Payment: "prepaid", Currency: "JPY", Parcels: 1,
		To: order.Party{Name: "見本 花子", Phone: "0300000001", Postal: "1000001", Prefecture: "東京都", City: "千代田区", Street: "千代田0-1", Country: "JP"}, From: order.Party{Name: "見本商店", Phone: "0300000002", Postal: "1000001", Prefecture: "東京都", City: "千代田区", Street: "千代田0-2", Country: "JP"},
	}
	for _, l := range lines {
		l.OrderID, l.Account, l.Order, l.Package = id, "shop", orderNumber, "1"
		in.Lines = append(in.Lines, l)
	}
	return in
}

func line(key, sku string, quantity int64) order.InstructionLine {
	return order.InstructionLine{Line: key, SKU: sku, Name: "見本の品 " + sku, Quantity: quantity}
}

func each(ins ...*order.Instruction) Each {
	return func(f func(*order.Instruction) error) error {
		for _, in := range ins {
			if err := f(in); err != nil {
				return err
			}
		}
		return nil
	}
}

func TestCompare(t *testing.T) {
	o := outOf(t, "warehouse-instructions")
	moved := parcelOf("T14", 4, "D-4", line("1", "TEE", 1))
	moved.To.Street = "千代田0-9"
	added := parcelOf("T13", 3, "D-3", line("1", "TEE", 2), line("2", "CAP", 1), order.InstructionLine{SKU: "LEAFLET", Name: "ちらし", Quantity: 1})
	c, err := o.Compare(
		each(parcelOf("T1", 1, "D-1", line("1", "TEE", 1), line("2", "CAP", 1)), parcelOf("T2", 2, "D-2", line("1", "TEE", 1)), parcelOf("T3", 3, "D-3", line("1", "TEE", 1), line("3", "MUG", 1)), parcelOf("T4", 4, "D-4", line("1", "TEE", 1))),
		each(parcelOf("T12", 2, "D-2", line("1", "TEE", 1)), added, moved, parcelOf("T15", 5, "D-5", line("1", "TEE", 1))),
	)
	if err != nil {
		t.Fatal(err)
	}
	if c.NewOrders != 1 || c.New[0] != (OrderIn{"shop", "D-5", 1, 5}) || c.GoneOrders != 1 || c.Gone[0] != (OrderIn{"shop", "D-1", 2, 1}) {
		t.Errorf("orders: %+v", c)
	}
	if c.NewLines != 2 || c.GoneLines != 3 { // D-5/1 and D-3/2; D-1's two and D-3/3
		t.Errorf("lines: %d new, %d gone", c.NewLines, c.GoneLines)
	}
	// The number of an instruction is new in each file; D-2 says the same.
	if c.Again != 3 || c.ChangedParcels != 2 || len(c.Changed) != 2 {
		t.Fatalf("parcels: %+v", c)
	}
	three, four := c.Changed[0], c.Changed[1]
	if four.Order != "D-4" || four.Was != "T4" || four.Is != "T14" || len(four.Changes) != 1 || four.Changes[0].Old != "千代田0-1" || four.Changes[0].New != "千代田0-9" {
		t.Errorf("D-4: %+v", four)
	}
	if three.Order != "D-3" || !slices.ContainsFunc(three.Changes, func(x format.Change) bool { return x.Old == "no row" }) || !slices.ContainsFunc(three.Changes, func(x format.Change) bool { return x.Old == "1" && x.New == "2" }) {
		t.Errorf("D-3: %+v", three)
	}
	if got := four.Columns(); len(got) != 1 {
		t.Errorf("columns %v", got)
	}
	// Against itself nothing differs, however often it is looked at.
	same := each(moved, added)
	c, err = o.Compare(same, same)
	if err != nil || c.NewOrders+c.GoneOrders+c.NewLines+c.GoneLines+c.ChangedParcels != 0 || c.Again != 2 {
		t.Errorf("against itself: %+v %v", c, err)
	}
}

// What fits the file no longer is a change too.
func TestCompareWhatDoesNotFit(t *testing.T) {
	o := outOf(t, "warehouse-instructions")
	was := parcelOf("T1", 1, "D-1", line("1", "TEE", 1))
	is := parcelOf("T2", 1, "D-1", line("1", "TEE", 1))
	is.To.Name = "한가온"
	c, err := o.Compare(each(was), each(is))
	if err != nil || c.ChangedParcels != 1 || c.Changed[0].Changes[0].Old != "written" || !bytes.HasPrefix([]byte(c.Changed[0].Changes[0].New), []byte("held: ")) {
		t.Errorf("%+v %v", c, err)
	}
}

// The lists are bounded, the figures whole.
func TestCompareMany(t *testing.T) {
	o := outOf(t, "warehouse-instructions")
	var ins []*order.Instruction
	for i := range int64(mostNamed + 5) {
		ins = append(ins, parcelOf("T", i+1, "D", line("1", "TEE", 1)))
	}
	c, err := o.Compare(each(), each(ins...))
	if err != nil || c.NewOrders != mostNamed+5 || len(c.New) != mostNamed {
		t.Errorf("%d of %d named: %v", len(c.New), c.NewOrders, err)
	}
}
