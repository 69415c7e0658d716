package elevenst_test

import (
	"testing"
	"time"

	"github.com/mallbridge/mallbridge/internal/bothways"
	"github.com/mallbridge/mallbridge/order"
	mall "github.com/mallbridge/mallbridge/simulator/elevenst"
	"github.com/mallbridge/mallbridge/simulator/orders"
)

// Orders that come both ways are at the warehouse once.
func TestOrdersOfBothWaysAreInstructedOnce(t *testing.T) {
	bothways.Test(t, func(t *testing.T) bothways.Shop {
		r := newRig(t)
		all := orders.NewStream(7).Mall(orders.ElevenSt, r.Now().In(mall.Seoul), 120)
		for i := range all {
			r.check(r.Place(seller, &all[i], all[i].Status))
		}
		r.Move(time.Hour)
		return bothways.Shop{
			Mall: orders.ElevenSt, Country: "KR", Settings: "not_before: 2026-07-01\ntargets: {default: \"301\"}\n", Clock: r.Clock, Orders: all,
			Sheet: func() (string, []byte) {
				s, err := orders.ElevenStXLSX(all, r.Now().In(mall.Seoul))
				r.check(err)
				return s.Name, s.Data
			},
			Read:  func() []order.Order { return r.Listed(5) },
			Apart: func(o *orders.Order) bool { return o.Fate.Reason == string(order.HoldRule) },
		}
	})
}
