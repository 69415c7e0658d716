package coupang_test

import (
	"maps"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mallbridge/mallbridge/configs/formats"
	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/mappers/format"
	"github.com/mallbridge/mallbridge/mappers/record"
	"github.com/mallbridge/mallbridge/mappers/status"
	"github.com/mallbridge/mallbridge/order"
	mall "github.com/mallbridge/mallbridge/simulator/coupang"
	"github.com/mallbridge/mallbridge/simulator/orders"
)

// bothWays has the orders of a day in the mall, downloads them as a DeliveryList
// and reads them by API.
func bothWays(t *testing.T) (os []orders.Order, bySheet, byAPI map[string]order.Order) {
	r := newRig(t)
	os = orders.NewStream(7).Day(r.Now().In(mall.Seoul), 600)[orders.Coupang]
	for i := range os {
		r.check(r.Place(vendor, &os[i], mall.Instruct))
	}
	sheet, err := orders.CoupangXLSX(os, r.Now())
	r.check(err)
	set, err := format.Load(formats.FS, ".")
	r.check(err)
	f, err := set.Get("coupang-orders")
	r.check(err)
	groups, _, _, err := f.ReadAll(t.Context(), format.Bytes(sheet.Name, sheet.Data), format.ReadOptions{})
	r.check(err)
	bySheet = map[string]order.Order{}
	for _, g := range groups {
		o, err := record.Order("coupang-main", g.Records)
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
	table, ok := status.Builtin("coupang")
	if !ok {
		t.Fatal("no statuses of coupang")
	}
	both := 0
	for i := range os {
		o := &os[i]
		a, inAPI := byAPI[o.Number]
		s, inSheet := bySheet[o.Number]
		switch {
		case !inAPI:
			t.Errorf("%s: order %s does not come by API", o.Kind, o.Number)
			continue
		case o.Parcels[0].Invoice != "":
			if st, ok := table.Find(a.Status); inSheet || !ok || st.Class != status.Done {
				t.Errorf("%s: order %s was dispatched; by API its status is %s, in the sheet: %v", o.Kind, o.Number, a.Status, inSheet)
			}
			continue
		case !inSheet:
			if o.Fate.Reason != "damaged_by_excel" {
				t.Errorf("%s: order %s is not in the sheet", o.Kind, o.Number)
			}
			continue
		}
		both++
		if s.Status == "" {
			s.Status = table.Missing
		}
		if d := cmp.Diff(actedOn(s), actedOn(a)); d != "" {
			t.Errorf("%s: order %s differs (-sheet +API):\n%s", o.Kind, o.Number, d)
		}
	}
	if both < 50 {
		t.Errorf("only %d orders came both ways", both)
	}
}

// actedOn is an order without what only one of the two ways tells: the API has
// amounts, the sheet the barcode; both write the time of the order in their own
// form.
func actedOn(o order.Order) order.Order {
	o.Total, o.Goods, o.Postage, o.Discount = 0, 0, 0, 0
	o.Ordered.Text, o.Ordered.UTC = "", o.Ordered.UTC.Truncate(time.Second)
	o.Currency = ""
	return o
}

// The ledger knows an order by account and number, a piece of it by the places of
// package and line: what the sheet brought is known when the API brings it.
func TestLedgerKnowsOrdersOfTheOtherWay(t *testing.T) {
	_, bySheet, byAPI := bothWays(t)
	l, err := ledger.Open(t.Context(), t.TempDir()+"/ledger.db")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	now := time.Date(2026, 7, 15, 3, 0, 0, 0, time.UTC)
	account, _, err := l.Account(t.Context(), "coupang-main", now)
	if err != nil {
		t.Fatal(err)
	}
	put := func(name string, all map[string]order.Order) ledger.PutCounts {
		f, err := l.AddFile(t.Context(), ledger.File{Kind: ledger.FileOrders, Owner: "coupang-main", Name: name, SHA256: name, Path: name}, now)
		if err != nil {
			t.Fatal(err)
		}
		var in []ledger.Intake
		for i, n := range slices.Sorted(maps.Keys(all)) {
			o := all[n]
			in = append(in, ledger.Intake{Order: &o, Row: int64(i + 1)})
		}
		n, err := l.PutOrders(t.Context(), account, f.ID, in, now)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if n := put("sheet", bySheet); int(n.New) != len(bySheet) {
		t.Fatalf("%+v of %d orders of the sheet", n, len(bySheet))
	}
	known := 0
	for n := range byAPI {
		if _, ok := bySheet[n]; ok {
			known++
		}
	}
	if n := put("api", byAPI); int(n.New) != len(byAPI)-known {
		t.Errorf("%s of %d orders are new by API, want %d", strconv.FormatInt(n.New, 10), len(byAPI), len(byAPI)-known)
	}
}
