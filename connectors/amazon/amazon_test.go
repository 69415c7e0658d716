package amazon_test

import (
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/connectors/amazon"
	"github.com/mallbridge/mallbridge/connectors/drivertest"
	"github.com/mallbridge/mallbridge/order"
	mall "github.com/mallbridge/mallbridge/simulator/amazon"
	"github.com/mallbridge/mallbridge/simulator/orders"
)

const (
	sellerID     = "A0SAMPLESELLER"
	clientID     = "amzn1.application-oa2-client.0000000000000000example"
	clientSecret = "amzn1.oa2-cs.v1.invented0app0secret0one"
	refreshToken = "Atzr|Invented0Refresh0Token"
)

var waivers = map[string]string{
	"read/total":  "Amazon says nowhere how many orders there are",
	"read/vanish": "pages hold whole orders; there is no list of numbers to be asked for",
	"access/ip":   "Amazon registers no addresses",
	"access/skew": "the login holds no time, and x-amz-date is not verified",
	"ship/async":  "a confirmation by itself is answered at once; TestConformanceByFeed has it",
}

// TestConformance confirms one by one, as shops with few parcels do.
func TestConformance(t *testing.T) {
	drivertest.Run(t, drivertest.Harness{Spec: amazon.Spec, Start: starter("0"), Page: 100, Skip: waivers})
}

// TestConformanceByFeed is the writing part of the suite with every parcel in a feed.
func TestConformanceByFeed(t *testing.T) {
	drivertest.Run(t, drivertest.Harness{Spec: amazon.Spec, Start: starter("1"), Page: 100, Skip: feedSkips()})
}

// feedSkips leaves the cases of parcels.
func feedSkips() map[string]string {
	skip := maps.Clone(waivers)
	delete(skip, "ship/async")
	for _, c := range drivertest.Cases() {
		if !strings.HasPrefix(c.Name, "ship/") && skip[c.Name] == "" {
			skip[c.Name] = "TestConformance has it"
		}
	}
	return skip
}

// A shop is a simulated mall with one seller, filled order by order.
type shop struct {
	*mall.Mall
	testing.TB
	stream *orders.Stream
	n      int
	seller mall.Seller
}

func newShop(t testing.TB, o mall.Options) *shop {
	s := &shop{
		Mall: mall.New(o), TB: t, stream: orders.NewStream(1),
		seller: mall.Seller{ID: sellerID, ClientID: clientID, ClientSecret: clientSecret, RefreshToken: refreshToken},
	}
	if o.Now != nil {
		s.seller.Issued = o.Now().AddDate(0, 0, -30)
	}
	s.add()
	return s
}

func (s *shop) add() { s.check(s.AddSeller(s.seller)) }

func settings(now func() time.Time) map[string]string {
	return map[string]string{"client_id": clientID, "seller_id": sellerID, "secret_issued": now().AddDate(0, 0, -30).Format(time.DateOnly)}
}

// starter starts a mall; more settings come in pairs.
func starter(feedFrom string, pairs ...string) func(t testing.TB, now func() time.Time) *drivertest.Sim {
	return func(t testing.TB, now func() time.Time) *drivertest.Sim {
		s := newShop(t, mall.Options{Now: now})
		secrets := map[string]string{"client_secret": clientSecret, "refresh_token": refreshToken}
		fault := func(f mall.Faults) func() { return func() { s.Break(f) } }
		set := settings(now)
		set["feed_from"] = feedFrom
		for i := 0; i+1 < len(pairs); i += 2 {
			set[pairs[i]] = pairs[i+1]
		}
		return &drivertest.Sim{
			Handler: s.Mall,
			Account: connectors.Account{Name: "amazon-main", Settings: set, Secret: func(name string) (string, error) { return secrets[name], nil }},
			Secrets: secrets, Place: s.place, Listing: s.listing, Stock: s.stock,
			Cancel: func(n string) { s.check(s.Mall.Cancel(n)) },
			Remove: func(n string) { s.check(s.Mall.Remove(n)) },
			Tracking: func(n string) []string {
				var out []string
				list, err := s.Packages(n)
				s.check(err)
				for _, p := range list {
					out = append(out, p.Tracking)
				}
				return out
			},
			Faults: map[string]func(){
				drivertest.FaultInside: fault(mall.Faults{Inside: true}),
				drivertest.FaultRepeat: fault(mall.Faults{Repeat: true}),
				drivertest.FaultToken:  fault(mall.Faults{Token: true}),
				drivertest.FaultAsync:  fault(mall.Faults{Async: true}),
				drivertest.FaultKey: func() {
					s.seller.ClientSecret = "amzn1.oa2-cs.v1.another0app0secret"
					s.add()
				},
				drivertest.FaultFunction: func() {
					s.seller.Lacks = []string{mall.RoleOrders}
					s.add()
				},
			},
		}
	}
}

func (s *shop) check(err error) {
	if err != nil {
		s.Helper()
		s.Fatal(err)
	}
}

// hard are recipients that charsets and spreadsheets stumble over.
var hard = []struct{ family, given, postal, street string }{
	{"髙﨑", "㐂一", "0600001", "1-2-3 ﾊｲﾂ①"},
	{"𠮷野", "🙂", "0070001", "四丁目5番6号"},
	{"O'Brien", "& <Söhne>", "9071801", "\"B\" 1F\\n"},
	{"일본", "", "1500001", "神宮前〜1−1"},
}

func (s *shop) order(at time.Time) orders.Order {
	o := s.stream.Ordinary(orders.Amazon, at.In(mall.Tokyo), 1)[0]
	o.Ordered = at.In(mall.Tokyo)
	return o
}

func (s *shop) place(at time.Time, _ bool) order.Order {
	o := s.order(at)
	h := hard[s.n%len(hard)]
	s.n++
	to := &o.Parcels[0].To
	to.Family, to.Given, to.Postal, to.Street, to.Building = h.family, h.given, h.postal, h.street, ""
	s.check(s.Place(sellerID, &o, mall.Unshipped))
	want := order.Order{
		Account: "amazon-main", Number: o.Number, Status: mall.Unshipped, Total: o.Total, Payment: o.Payment, Ordered: order.Instant{UTC: at.UTC()},
		Packages: []order.Package{{
			Key: "1", To: order.Party{Name: to.Name(), Phone: to.Phone, Country: "JP", Postal: to.Postal, Prefecture: to.Prefecture, Street: to.City + to.Street},
		}},
	}
	for _, l := range o.Parcels[0].Lines {
		want.Packages[0].Lines = append(want.Packages[0].Lines, order.Line{
			Key: l.Key, Name: l.Name, Quantity: l.Quantity, Price: l.Price, Codes: order.Codes{ItemID: l.ItemID, ItemCode: l.ItemCode},
		})
	}
	return want
}

func (s *shop) listing() order.Codes {
	s.n++
	l := mall.Listing{SKU: fmt.Sprintf("00%d A/B,髙 +%%", s.n), ASIN: fmt.Sprintf("B%09d", s.n), Title: fmt.Sprintf("商品 %d", s.n), Price: 1000, Quantity: 3, Days: 4}
	if s.n%2 != 0 {
		l.SKU = strings.ReplaceAll(l.SKU, ",", "")
	}
	s.check(s.Sell(sellerID, l))
	return order.Codes{ItemID: l.ASIN, ItemCode: l.SKU}
}

func (s *shop) stock(c order.Codes) int64 {
	n, _, err := s.Offer(sellerID, c.ItemCode)
	s.check(err)
	return n
}
