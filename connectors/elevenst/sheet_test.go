package elevenst_test

import (
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mallbridge/mallbridge/configs/formats"
	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/mappers/format"
	"github.com/mallbridge/mallbridge/mappers/record"
	"github.com/mallbridge/mallbridge/mappers/status"
	"github.com/mallbridge/mallbridge/order"
	mall "github.com/mallbridge/mallbridge/simulator/elevenst"
	"github.com/mallbridge/mallbridge/simulator/orders"
)

// bothWays has the orders of a day in the mall, downloads them as a 발송준비중내역 and
// reads them by API.
func bothWays(t *testing.T) (os []orders.Order, bySheet, byAPI map[string]order.Order) {
	r := newRig(t)
	os = orders.NewStream(7).Mall(orders.ElevenSt, r.Now().In(mall.Seoul), 150)
	for i := range os {
		r.check(r.Place(seller, &os[i], os[i].Status))
	}
	sheet, err := orders.ElevenStXLSX(os, r.Now())
	r.check(err)
	set, err := format.Load(formats.FS, ".")
	r.check(err)
	f, err := set.Get("elevenst-orders")
	r.check(err)
	groups, _, _, err := f.ReadAll(t.Context(), format.Bytes(sheet.Name, sheet.Data), format.ReadOptions{})
	r.check(err)
	bySheet = map[string]order.Order{}
	for _, g := range groups {
		o, err := record.Order("elevenst-main", g.Records)
		r.check(err)
		bySheet[o.Number] = *o
	}
	r.Move(time.Hour)
	w := connectors.Window{From: r.Now().AddDate(0, 0, -5), To: r.Now()}
	return os, bySheet, r.Orders(connectors.Read{Window: w, Kind: connectors.ReadNew})
}

// An order that comes as a sheet and by API is one order: what a warehouse acts on
// is the same, so that neither way makes new work of what the other has brought.
func TestSheetAndAPIGiveTheSameOrder(t *testing.T) {
	os, bySheet, byAPI := bothWays(t)
	table, ok := status.Builtin("elevenst")
	if !ok {
		t.Fatal("no statuses of elevenst")
	}
	both := 0
	for i := range os {
		o := &os[i]
		a, inAPI := byAPI[o.Number]
		s, inSheet := bySheet[o.Number]
		switch {
		case o.Status == mall.Shipping:
			if inSheet || inAPI {
				t.Errorf("order %s was dispatched; in the sheet: %v, by API: %v", o.Number, inSheet, inAPI)
			}
			continue
		case !inAPI:
			t.Errorf("%s: order %s does not come by API", o.Kind, o.Number)
			continue
		case !inSheet:
			if o.Fate.Reason != "damaged_by_excel" && o.Status == mall.Preparing {
				t.Errorf("%s: order %s is not in the sheet", o.Kind, o.Number)
			}
			continue
		}
		both++
		if s.Status == "" {
			s.Status = table.Missing
		}
		// The list shows neither amounts beyond the price nor the day of dispatch.
		s.Currency, s.Ordered.Text = a.Currency, a.Ordered.Text
		a.Total, a.Goods, a.Postage, a.Discount = 0, 0, 0, 0
		for j := range a.Packages {
			a.Packages[j].ShipBy = ""
		}
		if d := cmp.Diff(s, a); d != "" {
			t.Errorf("%s: order %s differs (-sheet +API):\n%s", o.Kind, o.Number, d)
		}
		if both > 3 && t.Failed() {
			return
		}
	}
	if both < 80 {
		t.Errorf("only %d orders came both ways: %v", both, slices.Sorted(maps.Keys(bySheet)))
	}
}
