package shopify_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/connectors/drivertest"
	"github.com/mallbridge/mallbridge/connectors/shopify"
	"github.com/mallbridge/mallbridge/order"
	"github.com/mallbridge/mallbridge/simulator/orders"
	mall "github.com/mallbridge/mallbridge/simulator/shopify"
)

const (
	domain    = "mihon-store"
	clientID  = "0123456789abcdef0123456789abcdef"
	appSecret = "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"
	fixed     = "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"
)

// pageSize is how many orders one query lists.
const pageSize = 7

func TestConformance(t *testing.T) { drivertest.Run(t, harness()) }

func harness() drivertest.Harness {
	return drivertest.Harness{
		Spec: shopify.Spec, Start: startMall, Page: pageSize, Many: 2500,
		Skip: map[string]string{
			"read/total":  "a list of orders does not say how many it has",
			"read/vanish": "a list gives the orders themselves",
			"access/ip":   "Shopify knows no list of callers' addresses",
			"access/skew": "no call carries the time",
		},
	}
}

// A shop is a simulated mall with one store, filled order by order.
type shop struct {
	*mall.Mall
	testing.TB
	stream *orders.Stream
	n      int
}

func store() mall.Shop {
	return mall.Shop{Domain: domain, Name: "見本ストア", Token: fixed, ClientID: clientID, ClientSecret: appSecret}
}

func startMall(t testing.TB, now func() time.Time) *drivertest.Sim {
	// The bucket is that of a mall without limit: the suite measures calls, not points.
	s := &shop{Mall: mall.New(mall.Options{Now: now, Restore: 20_000}), TB: t, stream: orders.NewStream(1)}
	s.check(s.AddShop(store()))
	secrets := map[string]string{"client_secret": appSecret}
	fault := func(f mall.Faults) func() { return func() { s.Break(f) } }
	return &drivertest.Sim{
		Handler: s.Mall,
		Account: connectors.Account{
			Name: "shopify-main", Settings: map[string]string{"shop": domain, "client_id": clientID},
			Secret: func(name string) (string, error) { return secrets[name], nil },
		},
		Secrets: secrets, Place: s.place, Cancel: s.cancel, Remove: s.remove, Tracking: s.tracking, Listing: s.listing, Stock: s.stock,
		Faults: map[string]func(){
			drivertest.FaultInside: fault(mall.Faults{Inside: true}), drivertest.FaultFunction: fault(mall.Faults{Denied: true}),
			drivertest.FaultRepeat: fault(mall.Faults{Repeat: true}), drivertest.FaultToken: fault(mall.Faults{Expire: true}),
			drivertest.FaultKey: func() {
				x := store()
				x.ClientSecret = "shpss_another"
				s.check(s.AddShop(x))
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
var hard = []struct{ family, given, postal, building string }{
	{"髙橋", "さくら", "0600001", "第①見本ビル ４Ｆ"},
	{"𠮷野", "🙂", "0010001", ""},
	{"O'Brien", "& <Söhne>", "9010001", `"B" 1F/2`},
	{"表能", "ソ予", "1000001", "サンフ\u309aル～ハイツ"},
	{"윤", "새별", "0400001", "別館\\n"},
}

func (s *shop) place(at time.Time, _ bool) order.Order {
	o := s.stream.Ordinary(orders.Shopify, at, 1)[0]
	o.Ordered = at
	h := hard[s.n%len(hard)]
	s.n++
	o.Note = "備考 " + strconv.Itoa(s.n)
	p := &o.Parcels[0]
	p.To.Family, p.To.Given, p.To.Postal, p.To.Building = h.family, h.given, h.postal, h.building
	p.DeliverOn, p.Band = "2026-04-01", "14-16時"
	s.check(s.Place(domain, &o, ""))
	want := order.Order{
		Account: "shopify-main", Number: o.Number, Status: "paid", Payment: o.Payment, Note: o.Note, Total: o.Total, Ordered: order.Instant{UTC: at.UTC()},
		Buyer:    order.Party{Name: o.Buyer.Name(), Phone: o.Buyer.Phone, Postal: o.Buyer.Postal},
		Packages: []order.Package{{Key: "1", DeliverOn: "2026-04-01", TimeBand: "14-16時", To: partyOf(&p.To)}},
	}
	for i, l := range p.Lines {
		name := l.Name
		if l.Option != "" {
			name += " - " + l.Option
		}
		want.Packages[0].Lines = append(want.Packages[0].Lines, order.Line{
			Key: strconv.Itoa(i + 1), Name: name, Quantity: l.Quantity, Price: l.Price, Codes: order.Codes{ItemID: l.ItemID, OptionID: l.OptionID, SKUCode: l.SKUCode},
		})
	}
	return want
}

func partyOf(p *orders.Person) order.Party {
	return order.Party{Name: p.Name(), Phone: p.Phone, Country: p.Country, Postal: p.Postal, Prefecture: p.Prefecture, City: p.City, Street: p.Street, Building: p.Building}
}

func (s *shop) cancel(number string) { s.check(s.Cancel(domain, number)) }
func (s *shop) remove(number string) { s.check(s.Forget(domain, number)) }

func (s *shop) tracking(number string) []string {
	out, err := s.Tracking(domain, number)
	s.check(err)
	return out
}

func (s *shop) listing() order.Codes {
	s.n++
	v := mall.Variant{ID: 4_200_000_000 + int64(s.n), Product: 8_200_000_000 + int64(s.n)/2, SKU: "000" + strconv.Itoa(s.n), Title: "商品 " + strconv.Itoa(s.n/2), Option: "色 " + strconv.Itoa(s.n), Price: 1000, Stock: 1}
	s.check(s.Sell(domain, v))
	return order.Codes{ItemID: strconv.FormatInt(v.Product, 10), OptionID: strconv.FormatInt(v.ID, 10), SKUCode: v.SKU}
}

func (s *shop) stock(c order.Codes) int64 {
	id, err := strconv.ParseInt(c.OptionID, 10, 64)
	s.check(err)
	n, err := s.Available(domain, id)
	s.check(err)
	return n
}
