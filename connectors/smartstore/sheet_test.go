package smartstore_test

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
	"github.com/mallbridge/mallbridge/simulator/orders"
	mall "github.com/mallbridge/mallbridge/simulator/smartstore"
)

// bothWays has the orders of a day in the mall, downloads them as a 발주발송관리 sheet and
// reads them by API.
func bothWays(t *testing.T) (os []orders.Order, bySheet, byAPI map[string]order.Order) {
	r := newRig(t)
	os = orders.NewStream(7).Mall(orders.SmartStore, r.Now().In(mall.Seoul), 150)
	for i := range os {
		r.check(r.Place(seller, &os[i], mall.StateOf(&os[i])))
	}
	sheet, err := orders.SmartStoreXLSX(os, r.Now().In(mall.Seoul), "", nil)
	r.check(err)
	set, err := format.Load(formats.FS, ".")
	r.check(err)
	f, err := set.Get("smartstore-orders")
	r.check(err)
	groups, _, _, err := f.ReadAll(t.Context(), format.Bytes(sheet.Name, sheet.Data), format.ReadOptions{})
	r.check(err)
	bySheet = map[string]order.Order{}
	for _, g := range groups {
		o, err := record.Order("smartstore-main", g.Records)
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
	table, ok := status.Builtin("smartstore")
	if !ok {
		t.Fatal("no statuses of smartstore")
	}
	resolver, bad := status.New(table, status.Targets{Default: "발주확인"})
	if len(bad) > 0 {
		t.Fatal(bad)
	}
	class := func(o *order.Order) status.Class { return resolver.Resolve(o.Status, o.SubStatus, o.Payment).Class }
	both := 0
	for i := range os {
		o := &os[i]
		a, inAPI := byAPI[o.Number]
		s, inSheet := bySheet[o.Number]
		switch {
		case !inAPI:
			t.Errorf("%s: order %s does not come by API", o.Kind, o.Number)
			continue
		case !inSheet && o.Fate.Reason != "damaged_by_excel":
			t.Errorf("%s: order %s is not in the sheet", o.Kind, o.Number)
			continue
		case !inSheet:
			continue
		case o.Kind == "lost zeros", o.Kind == "claim on a line":
			continue // what a spreadsheet did, and a mark that only the sheet has
		}
		both++
		if class(&s) != class(&a) {
			t.Errorf("%s: order %s counts as %s by sheet and as %s by API", o.Kind, o.Number, class(&s), class(&a))
		}
		a.Status, a.SubStatus = s.Status, s.SubStatus
		// The sheet has no amounts beyond the price, and no number of the option. A method of
		// delivery is the package's there.
		s.Currency, s.Ordered = a.Currency, a.Ordered
		a.Total, a.Goods, a.Postage, a.Discount, a.Delivery, s.Delivery = 0, 0, 0, 0, "", ""
		for j := range a.Packages {
			for k := range a.Packages[j].Lines {
				a.Packages[j].Lines[k].Codes.OptionID = ""
			}
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
