package smartstore_test

import (
	"slices"
	"testing"
	"time"

	"github.com/mallbridge/mallbridge/internal/bothways"
	"github.com/mallbridge/mallbridge/order"
	"github.com/mallbridge/mallbridge/simulator/orders"
	mall "github.com/mallbridge/mallbridge/simulator/smartstore"
)

// Orders that come both ways are at the warehouse once.
func TestOrdersOfBothWaysAreInstructedOnce(t *testing.T) {
	bothways.Test(t, func(t *testing.T) bothways.Shop {
		r := newRig(t)
		// Lost zeros and the mark of a claim without a request are things of sheets.
		all := slices.DeleteFunc(orders.NewStream(7).Mall(orders.SmartStore, r.Now().In(mall.Seoul), 120), func(o orders.Order) bool {
			return o.Kind == "lost zeros" || o.Kind == "claim on a line"
		})
		for i := range all {
			r.check(r.Place(seller, &all[i], mall.StateOf(&all[i])))
		}
		r.Move(time.Hour)
		return bothways.Shop{
			Mall: orders.SmartStore, Country: "KR", Settings: "not_before: 2026-07-01\ntargets: {default: 발주확인}\n", Clock: r.Clock, Orders: all,
			Sheet: func() (string, []byte) {
				s, err := orders.SmartStoreXLSX(all, r.Now().In(mall.Seoul), "", nil)
				r.check(err)
				return s.Name, s.Data
			},
			Read: func() []order.Order { return r.Listed(5) },
			// Repairs and a warehouse that keeps chilled goods are of the demo.
			Apart: func(o *orders.Order) bool { return o.Repair != "" || o.Kind == "chilled and normal" },
		}
	})
}
