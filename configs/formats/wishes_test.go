package formats_test

import (
	"slices"
	"testing"

	"github.com/mallbridge/mallbridge/mappers/format"
	"github.com/mallbridge/mallbridge/mappers/record"
	"github.com/mallbridge/mallbridge/order"
)

// TestWishes checks that no format loses what a parcel asks for: payment on
// delivery, cooling, a day, a time, several parcels. Either the file says it or the
// parcel is held.
func TestWishes(t *testing.T) {
	s := set(t)
	layouts := slices.Concat(japaneseLayouts, koreanLayouts, []layout{
		{"yamato-b2", "takkyubin", "yamato", map[string]string{"billing_code": "090000000101", "freight_code": "01"}},
		{"sagawa-ehiden3", "hikyaku", "sagawa", map[string]string{"billing_code": "000000000101", "time_windows": "six", "extra.1": "2"}},
		{"warehouse-instructions", "takkyubin", "yamato", nil},
		{"warehouse-instructions-kr", "parcel", "cj", nil},
	})
	tried := map[string]bool{}
	for _, l := range layouts {
		f, err := s.Get(l.format)
		if err != nil {
			t.Fatal(err)
		}
		tried[l.format] = true
		base := ordinary("T00000001")
		if f.Spec.Country == "KR" {
			base = seoul("T00000001")
		}
		base.Service, base.Carrier = l.service, l.carrier
		plain, held := wishCells(t, f, l, base)
		if held {
			t.Errorf("%s: the ordinary parcel is held", l.format)
			continue
		}
		for what, wish := range map[string]func(*order.Instruction){
			"payment on delivery": func(in *order.Instruction) { in.Payment, in.Collect, in.CollectTax = "cod", 3630, 330 },
			"chilled":             func(in *order.Instruction) { in.Temperature = order.Chilled },
			"frozen":              func(in *order.Instruction) { in.Temperature = order.Frozen },
			"a day":               func(in *order.Instruction) { in.DeliverOn = "2026-11-26" },
			"the morning":         func(in *order.Instruction) { in.TimeBand = "am" },
			"an unserved time":    func(in *order.Instruction) { in.TimeBand = "2021" },
			"three parcels":       func(in *order.Instruction) { in.Parcels = 3 },
			"two pieces":          func(in *order.Instruction) { in.Lines[0].Quantity = 2 },
		} {
			if what == "two pieces" && l.values["item_name"] != "" {
				continue // the warehouse has set what is printed instead of the goods
			}
			cells, held := wishCells(t, f, l, change(base, wish))
			if !held && slices.EqualFunc(plain, cells, slices.Equal) {
				t.Errorf("%s: %s is lost", l.format, what)
			}
		}
	}
	for _, name := range s.Names() {
		if f, err := s.Get(name); err != nil || f.Writes() && f.Kind() == record.Instructions && !tried[name] {
			t.Errorf("%s was not tried (%v)", name, err)
		}
	}
}

// wishCells returns the cells of an instruction's rows, or that it is held.
func wishCells(t *testing.T, f *format.Format, l layout, in order.Instruction) ([][]string, bool) {
	t.Helper()
	rows := record.FromInstruction(nil, &in, batch, false)
	for name, v := range l.values {
		field, ok := record.Value(name)
		if !ok {
			t.Fatalf("there is no value %s", name)
		}
		for _, r := range rows {
			r[field] = v
		}
	}
	cells, holds := f.Cells(rows, format.WriteOptions{})
	return cells, len(holds) > 0
}
