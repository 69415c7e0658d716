package yahooshopping_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mallbridge/mallbridge/configs/formats"
	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/connectors/yahooshopping"
	"github.com/mallbridge/mallbridge/mappers/format"
	"github.com/mallbridge/mallbridge/mappers/record"
	"github.com/mallbridge/mallbridge/order"
	"github.com/mallbridge/mallbridge/simulator/orders"
	mall "github.com/mallbridge/mallbridge/simulator/yahoo"
)

// An order that comes as the two files of a download and by API is one order: what a
// warehouse acts on is the same, so that neither way makes new work of what the other
// has brought.
func TestSheetAndAPIGiveTheSameOrder(t *testing.T) {
	for of, spec := range map[string]connectors.Spec{orders.YahooShopping: yahooshopping.Spec, orders.YahooAuction: yahooshopping.AuctionSpec} {
		t.Run(of, func(t *testing.T) {
			r := newRigOf(t, spec)
			os := orders.NewStream(7).Mall(of, r.Now().In(mall.Tokyo), 120)
			for i := range os {
				r.check(r.Place(seller, &os[i]))
			}
			head, lines := orders.YahooCSV(os, r.Now())
			set, err := format.Load(formats.FS, ".")
			r.check(err)
			f, err := set.Get("yahoo-orders")
			r.check(err)
			var joined bytes.Buffer
			r.check(f.Join(&joined, format.Bytes(head.Name, head.Data), format.Bytes(lines.Name, lines.Data)))
			groups, _, _, err := f.ReadAll(t.Context(), format.Bytes("joined.csv", joined.Bytes()), format.ReadOptions{})
			r.check(err)
			bySheet := map[string]order.Order{}
			for _, g := range groups {
				o, err := record.Order("yahoo-main", g.Records)
				r.check(err)
				bySheet[o.Number] = *o
			}
			r.Move(time.Hour)
			byAPI := map[string]order.Order{}
			all, _ := r.Parsed(r.Driver.Read(t.Context(), connectors.Read{Window: connectors.Window{From: r.Now().AddDate(0, 0, -5), To: r.Now()}, Kind: connectors.ReadNew}))
			for _, o := range all.Orders {
				byAPI[o.Number] = o
			}
			if len(bySheet) != len(os) || len(byAPI) != len(os) || len(all.Refused) != 0 {
				t.Fatalf("%d orders, %d by sheet, %d by API, %v refused", len(os), len(bySheet), len(byAPI), all.Refused)
			}
			for i := range os {
				a, s := byAPI[os[i].Number], bySheet[os[i].Number]
				// The files have no sum of the goods, and name no currency.
				a.Goods, s.Currency, s.Ordered.Text = s.Goods, a.Currency, a.Ordered.Text
				if d := cmp.Diff(s, a); d != "" {
					t.Fatalf("%s: order %s differs (-sheet +API):\n%s", os[i].Kind, os[i].Number, d)
				}
			}
		})
	}
}
