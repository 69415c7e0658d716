package amazon_test

import (
	"testing"
	"time"

	"github.com/mallbridge/mallbridge/connectors"
	mall "github.com/mallbridge/mallbridge/simulator/amazon"
)

// A feed whose answer was lost may be at work: it is not sent again by anybody, and
// what it did is found in the orders.
func TestAFeedIsSentOnce(t *testing.T) {
	for _, did := range []bool{true, false} {
		r := newRig(t, mall.Options{}, "feed_from", "1")
		o := r.two(mall.Unshipped)
		r.lost("POST /feeds/2021-06-30/feeds", did)
		res := r.ship(parcel(o, "400000000101"))[0]
		if r.want(res, connectors.Unknown, ""); res.Ref != "" {
			t.Errorf("%+v", res)
		}
		if n := r.called("POST /feeds/2021-06-30/feeds"); n != 1 {
			t.Errorf("done %v: %d feeds", did, n)
		}
		r.between(nil)
		r.Move(10 * time.Minute)
		if _, shown := r.reread(o.Number); len(shown) > 0 != did {
			t.Errorf("done %v: %+v", did, shown)
		}
		res = r.ship(parcel(o, "400000000101"))[0]
		r.Move(3 * time.Minute)
		if res = r.amazon.CheckShip(t.Context(), res.Ref, []connectors.Shipment{parcel(o, "400000000101")})[0]; !res.Outcome.OK() {
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
		r.lost(part, false)
		r.want(r.ship(parcel(o, "400000000101"))[0], connectors.Retry, "")
		if n := r.called("POST /feeds/2021-06-30/feeds"); n != 0 {
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
		r.lost("shipmentConfirmation", did)
		r.want(r.ship(parcel(o, "400000000101"))[0], connectors.Unknown, "")
		if n := len(r.packages(o)); n > 1 || n == 1 != did {
			t.Errorf("done %v: %d packages", did, n)
		}
		r.between(nil)
		if res := r.ship(parcel(o, "400000000101"))[0]; !res.Outcome.OK() {
			t.Errorf("done %v: %+v", did, res)
		}
		if n := len(r.packages(o)); n != 1 {
			t.Errorf("done %v: %d packages", did, n)
		}
	}
}
