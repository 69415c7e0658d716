package rakuten_test

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/connectors/drivertest"
	"github.com/mallbridge/mallbridge/connectors/rakuten"
	"github.com/mallbridge/mallbridge/order"
	"github.com/mallbridge/mallbridge/simulator/orders"
	mall "github.com/mallbridge/mallbridge/simulator/rakuten"
)

const (
	shopID        = "399001"
	serviceSecret = "SP399001_Invented0Service1Secret"
	licenceKey    = "SL399001_Invented0Licence1Key"
)

func TestConformance(t *testing.T) {
	drivertest.Run(t, drivertest.Harness{
		Spec: rakuten.Spec, Start: startMall, Page: 100,
		Skip: map[string]string{
			"access/ip":    "Rakuten registers no addresses",
			"access/token": "each call logs in by itself; there is no token",
			"access/skew":  "the login holds no time",
		},
	})
}

// A shop is a simulated mall with one shop, filled order by order.
type shop struct {
	*mall.Mall
	testing.TB
	stream *orders.Stream
	n      int
	shop   mall.Shop
}

func newShop(t testing.TB, now func() time.Time) *shop {
	s := &shop{
		Mall: mall.New(mall.Options{Now: now}), TB: t, stream: orders.NewStream(1),
		shop: mall.Shop{ID: shopID, ServiceSecret: serviceSecret, LicenceKey: licenceKey, Issued: now().AddDate(0, 0, -30)},
	}
	s.check(s.AddShop(s.shop))
	return s
}

func startMall(t testing.TB, now func() time.Time) *drivertest.Sim {
	s := newShop(t, now)
	secrets := map[string]string{"service_secret": serviceSecret, "license_key": licenceKey}
	fault := func(f mall.Faults) func() { return func() { s.Break(f) } }
	return &drivertest.Sim{
		Handler: s.Mall,
		Account: connectors.Account{Name: "rakuten-main", Secret: func(name string) (string, error) { return secrets[name], nil }},
		Secrets: secrets, Place: s.place, Listing: s.listing, Stock: s.stock,
		Cancel: func(n string) { s.check(s.Mall.Cancel(n)) },
		Remove: func(n string) { s.check(s.Mall.Remove(n)) },
		Tracking: func(n string) []string {
			out, err := s.Mall.Tracking(n)
			s.check(err)
			return out
		},
		Confirmed: func(n string) bool {
			p, err := s.Progress(n)
			s.check(err)
			return p > mall.Waiting && p < mall.Cancelled
		},
		Faults: map[string]func(){
			drivertest.FaultInside: fault(mall.Faults{Inside: true}),
			drivertest.FaultTotal:  fault(mall.Faults{Total: true}),
			drivertest.FaultRepeat: fault(mall.Faults{Repeat: true}),
			drivertest.FaultVanish: fault(mall.Faults{Vanish: true}),
			drivertest.FaultAsync:  fault(mall.Faults{Async: true}),
			drivertest.FaultKey: func() {
				s.shop.LicenceKey = "SL399001_Another0Licence1Key"
				s.check(s.AddShop(s.shop))
			},
			drivertest.FaultFunction: func() {
				s.shop.Off = []string{mall.OrderAPI}
				s.check(s.AddShop(s.shop))
			},
		},
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

func (s *shop) place(at time.Time, fresh bool) order.Order {
	o := s.stream.Ordinary(orders.Rakuten, at.In(mall.Tokyo), 1)[0]
	o.Ordered = at.In(mall.Tokyo)
	h := hard[s.n%len(hard)]
	s.n++
	p := &o.Parcels[0]
	p.To.Family, p.To.Given, p.To.Postal, p.To.Street, p.To.Building = h.family, h.given, h.postal, h.street, ""
	o.Note = "[配送日時指定:]\n&#12316; " + strconv.Itoa(s.n)
	progress := mall.ToShip
	if fresh {
		progress = mall.Waiting
	}
	s.check(s.Place(shopID, &o, progress))
	want := order.Order{
		Account: "rakuten-main", Number: o.Number, Status: strconv.Itoa(progress), Total: o.Total, Payment: o.Payment,
		Note: "[配送日時指定:]\n〜 " + strconv.Itoa(s.n), Ordered: order.Instant{UTC: at.UTC()},
		Packages: []order.Package{{
			Key: p.Key, To: order.Party{Name: p.To.Name(), Phone: p.To.Phone, Country: "JP", Postal: p.To.Postal, Prefecture: p.To.Prefecture, City: p.To.City, Street: p.To.Street},
		}},
	}
	for _, l := range p.Lines {
		want.Packages[0].Lines = append(want.Packages[0].Lines, order.Line{
			Key: l.Key, Name: l.Name, Option: l.Option, Quantity: l.Quantity, Price: l.Price,
			Codes: order.Codes{ItemID: l.ItemID, OptionCode: l.OptionCode, SKUCode: l.SKUCode},
		})
	}
	return want
}

func (s *shop) listing() order.Codes {
	s.n++
	c := order.Codes{ItemID: fmt.Sprintf("item-%d", s.n), OptionCode: fmt.Sprintf("00%d-A", s.n), SKUCode: fmt.Sprintf("00%d", s.n)}
	s.check(s.AddItem(shopID, c.ItemID, c.OptionCode, c.SKUCode, "商品 "+strconv.Itoa(s.n), 1000))
	return c
}

func (s *shop) stock(c order.Codes) int64 {
	n, err := s.Quantity(shopID, c.ItemID, c.OptionCode)
	s.check(err)
	return n
}
