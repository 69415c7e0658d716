package record

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mallbridge/mallbridge/order"
)

func told() []order.Tracking {
	row := func(number, pack, line, tracking string, q int64) order.Tracking {
		return order.Tracking{
			Account: "shop", Order: number, Package: pack, Line: line, Quantity: q, Price: 100, Carrier: "yamato", Number: tracking,
			RawNumber: tracking, ShippedOn: "2026-11-24", To: order.Party{Name: "見本", Country: "JP"},
		}
	}
	return []order.Tracking{
		row("A", "1", "1", "490000000001", 2), row("B", "1", "1", "490000000001", 1), row("A", "1", "2", "490000000001", 1),
		row("A", "1", "1", "490000000002", 1), row("A", "2", "1", "490000000003", 5),
	}
}

func TestTrackingGroups(t *testing.T) {
	type row struct{ order, pack, line, number, further, lines, quantity string }
	shape := func(rows string) (out [][]row) {
		for _, g := range TrackingGroups(told(), rows) {
			var one []row
			for _, r := range g.Records {
				one = append(one, row{r[OrderNumber], r[PackageKey], r[LineKey], r[ShipmentTracking], r[ShipmentFurther], r[OrderLines], r[OrderQuantity]})
			}
			out = append(out, one)
		}
		return out
	}
	for rows, want := range map[string][][]row{
		PerLine: {
			{
				{"A", "1", "1", "490000000001", "490000000002", "3", "4"},
				{"A", "1", "2", "490000000001", "", "3", "4"},
				{"A", "1", "1", "490000000002", "490000000001", "3", "4"},
			},
			{{"B", "1", "1", "490000000001", "", "1", "1"}},
			{{"A", "2", "1", "490000000003", "", "1", "5"}},
		},
		PerParcel: {
			{{"A", "1", "1", "490000000001", "", "2", "3"}, {"A", "1", "2", "490000000001", "", "2", "3"}},
			{{"B", "1", "1", "490000000001", "", "1", "1"}},
			{{"A", "1", "1", "490000000002", "", "1", "1"}},
			{{"A", "2", "1", "490000000003", "", "1", "5"}},
		},
		PerOrder: {
			{
				{"A", "1", "1", "490000000001", "490000000002 490000000003", "4", "9"},
				{"A", "1", "2", "490000000001", "490000000002 490000000003", "4", "9"},
				{"A", "1", "1", "490000000002", "490000000001 490000000003", "4", "9"},
				{"A", "2", "1", "490000000003", "490000000001 490000000002", "4", "9"},
			},
			{{"B", "1", "1", "490000000001", "", "1", "1"}},
		},
	} {
		if got := shape(rows); !cmp.Equal(want, got, cmp.AllowUnexported(row{})) {
			t.Errorf("%s: %s", rows, cmp.Diff(want, got, cmp.AllowUnexported(row{})))
		}
	}
	seen := map[int]bool{}
	for _, g := range TrackingGroups(told(), PerParcel) {
		for _, i := range g.Of {
			seen[i] = true
		}
	}
	if len(seen) != len(told()) {
		t.Errorf("only %v were grouped", seen)
	}
}

func TestTheOtherCarrierIsNamed(t *testing.T) {
	list := told()[:1]
	list = append(list, list[0])
	list[1].Carrier = "sagawa"
	if got := TrackingGroups(list, PerOrder)[0].Records[0][ShipmentFurther]; got != "sagawa:490000000001" {
		t.Error(got)
	}
}

func TestTrackingRowsAreReadAgain(t *testing.T) {
	want := order.Tracking{
		Account: "shop", Order: "A-1", Package: "2", Line: "3", Codes: order.Codes{ItemID: "i", ItemCode: "007", OptionID: "o", OptionCode: "oc", SKUCode: "s", Barcode: "b"},
		Name: "皿", Option: "赤", Price: 1000, Currency: "JPY", Quantity: 2, LineNote: "のし", Status: "300", Note: "急ぎ", Payment: "cod", Delivery: "宅配便",
		Ordered: order.Instant{UTC: time.Date(2026, 11, 22, 0, 30, 0, 0, time.UTC), Text: "2026-11-22T00:30:00Z"},
		ShipBy:  "2026-11-25", Message: "玄関前", Customs: "P123", Carrier: "yamato", Service: "takkyubin", Number: "490012345678", RawNumber: "4900-1234-5678",
		ShippedOn: "2026-11-24", ShippedAt: time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC), Temperature: order.Chilled, Correct: true, Was: "490012345601", Ref: "000012",
		To:    order.Party{Name: "見本", Kana: "ミホン", Company: "会社", Phone: "03-0000-0000", Phone2: "1", Email: "a@b.example", Country: "JP", Postal: "0600001", Prefecture: "北海道", City: "札幌市", Street: "1-1", Building: "2F"},
		Buyer: order.Party{Name: "例田", Phone: "03-0000-0001", Country: "JP"},
	}
	groups := TrackingGroups([]order.Tracking{want}, PerLine)
	got, err := ToTracking(groups[0].Records[0])
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for _, bad := range []struct {
		r      Record
		reason order.Reason
	}{
		{rec("shipment.tracking", "490012345678"), order.RefusedMissing},
		{rec("order.number", "1"), order.RefusedTracking},
		{rec("order.number", "1", "shipment.tracking", "4.9E+11"), order.RefusedTracking},
		{rec("order.number", "1", "shipment.tracking", "490012345678", "line.quantity", "1.5"), order.RefusedType},
	} {
		var ve *ValueError
		if _, err := ToTracking(bad.r); !errors.As(err, &ve) || ve.Reason != bad.reason {
			t.Errorf("%v: %v", bad.reason, err)
		}
	}
}
