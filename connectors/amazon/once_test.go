package amazon_test

import (
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/mallbridge/mallbridge/configs"
	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/internal/bothways"
	"github.com/mallbridge/mallbridge/order"
	mall "github.com/mallbridge/mallbridge/simulator/amazon"
	"github.com/mallbridge/mallbridge/simulator/orders"
)

// A feed whose answer was lost may be at work: it is not sent again by anybody, and
// what it did is found in the orders.
func TestAFeedIsSentOnce(t *testing.T) {
	for _, did := range []bool{true, false} {
		r := newRig(t, mall.Options{}, "feed_from", "1")
		o := r.two(mall.Unshipped)
		r.Lose("POST /feeds/2021-06-30/feeds", did)
		res := r.Ship(parcel(o, "400000000101"))[0]
		if r.WantText(res, connectors.Unknown, ""); res.Ref != "" {
			t.Errorf("%+v", res)
		}
		if n := r.Called("POST /feeds/2021-06-30/feeds"); n != 1 {
			t.Errorf("done %v: %d feeds", did, n)
		}
		r.Between(nil)
		r.Move(10 * time.Minute)
		if _, shown := r.Reread(o.Number); len(shown) > 0 != did {
			t.Errorf("done %v: %+v", did, shown)
		}
		res = r.Ship(parcel(o, "400000000101"))[0]
		r.Move(3 * time.Minute)
		if res = r.Driver.CheckShip(t.Context(), res.Ref, []connectors.Shipment{parcel(o, "400000000101")})[0]; !res.Outcome.OK() {
			t.Errorf("done %v: %+v", did, res)
		}
		if n := len(r.packages(o)); n != 1 {
			t.Errorf("done %v: %d packages", did, n)
		}
	}
}

// Nothing was done where the document could not be uploaded.
func TestAnUploadThatFailsDidNothing(t *testing.T) {
	for _, part := range []string{"POST /feeds/2021-06-30/documents", "PUT /presigned/"} {
		r := newRig(t, mall.Options{}, "feed_from", "1")
		o := r.two(mall.Unshipped)
		r.Lose(part, false)
		r.WantText(r.Ship(parcel(o, "400000000101"))[0], connectors.Retry, "")
		if n := r.Called("POST /feeds/2021-06-30/feeds"); n != 0 {
			t.Errorf("%d feeds", n)
		}
	}
}

// A confirmation that is repeated edits the package that the first has made, and one
// whose answers are all lost is unknown.
func TestAConfirmationTwiceIsOnePackage(t *testing.T) {
	for _, did := range []bool{true, false} {
		r := newRig(t, mall.Options{})
		o := r.two(mall.Unshipped)
		r.Lose("shipmentConfirmation", did)
		r.WantText(r.Ship(parcel(o, "400000000101"))[0], connectors.Unknown, "")
		if n := len(r.packages(o)); n > 1 || n == 1 != did {
			t.Errorf("done %v: %d packages", did, n)
		}
		r.Between(nil)
		if res := r.Ship(parcel(o, "400000000101"))[0]; !res.Outcome.OK() {
			t.Errorf("done %v: %+v", did, res)
		}
		if n := len(r.packages(o)); n != 1 {
			t.Errorf("done %v: %d packages", did, n)
		}
	}
}

// Orders that come both ways are at the warehouse once.
func TestOrdersOfBothWaysAreInstructedOnce(t *testing.T) {
	bothways.Test(t, func(t *testing.T) bothways.Shop {
		r := newRig(t, mall.Options{}, "fulfilled_by", "all")
		// The report knows nothing of requests to cancel and of gifts, and pending orders are
		// paid by now.
		all := slices.DeleteFunc(orders.NewStream(7).Mall(orders.Amazon, r.Now().In(mall.Tokyo), 120), func(o orders.Order) bool { return o.Claim || o.Gift != "" || o.Status == mall.Pending })
		for i := range all {
			r.check(r.Place(sellerID, &all[i], all[i].Status))
		}
		r.Move(time.Hour)
		return bothways.Shop{
			Mall: orders.Amazon, Country: "JP", Settings: "not_before: 2026-07-01\ntargets: {default: UNSHIPPED}\n", Clock: r.Clock, Orders: all,
			More: map[string][]orders.Row{configs.PaymentMaster: {{orders.Amazon, "*", "", "prepaid"}, {orders.Amazon, "COD", "", "cod"}, {orders.Amazon, "CashOnDelivery", "", "cod"}}},
			Sheet: func() (string, []byte) {
				s := orders.AmazonTSV(all, r.Now().In(mall.Tokyo))
				return s.Name, s.Data
			},
			Read: func() []order.Order {
				got := r.read(connectors.Window{From: r.Now().AddDate(0, 0, -5), To: r.Now().Add(-3 * time.Minute)})
				return slices.Collect(maps.Values(got))
			},
		}
	})
}
