package ebay_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/connectors/drivertest"
	"github.com/mallbridge/mallbridge/connectors/ebay"
	"github.com/mallbridge/mallbridge/order"
	mall "github.com/mallbridge/mallbridge/simulator/ebay"
	"github.com/mallbridge/mallbridge/simulator/orders"
)

const (
	seller  = "sample_jp_shop"
	appID   = "SampleSh-mallbrid-PRD-000000000-00000000"
	certID  = "PRD-111111111111-2222-3333-4444-5555"
	ruName  = "Sample_Shop-SampleSh-mallbr-abcdefg"
	refresh = "v^1.1#i^1#r^1#SAMPLE0123456789"
)

// pageOrders is how many orders come in one answer of a list.
const pageOrders = 200

func harness() drivertest.Harness {
	return drivertest.Harness{
		Spec: ebay.Spec, Start: startMall, Page: pageOrders,
		Skip: map[string]string{
			"read/vanish":  "a list gives orders whole; only the fulfilments of one that is partly shipped are asked for afterwards (TestPartlyShippedAndGone)",
			"access/ip":    "eBay does not ask from where it is called",
			"ship/correct": "eBay has no call that changes a tracking number; it is said so (TestNumbersCannotBeChanged)",
		},
	}
}

func TestConformance(t *testing.T) { drivertest.Run(t, harness()) }

// A shop is a simulated mall with one seller, filled order by order.
type shop struct {
	*mall.Mall
	testing.TB
	stream *orders.Stream
	n      int
	seller mall.Seller
}

func newShop(t testing.TB, o mall.Options) shop {
	s := shop{
		Mall: mall.New(o), TB: t, stream: orders.NewStream(1),
		seller: mall.Seller{
			Name: seller, ClientID: appID, ClientSecret: certID, RuName: ruName, RefreshToken: refresh, Consented: o.Now().AddDate(0, -1, 0),
			Scopes: []string{"sell.fulfillment", "sell.inventory"},
		},
	}
	s.add()
	return s
}

func (s *shop) add() { s.check(s.AddSeller(s.seller)) }

func (s *shop) check(err error) {
	if err != nil {
		s.Helper()
		s.Fatal(err)
	}
}

func (s *shop) account(secrets map[string]string) connectors.Account {
	ends := s.seller.Consented.Add(47_304_000 * time.Second).Format(time.DateOnly)
	return connectors.Account{
		Name:     "ebay-main",
		Settings: map[string]string{"client_id": appID, "ru_name": ruName, "consent_ends": ends},
		Secret:   func(name string) (string, error) { return secrets[name], nil },
	}
}

func startMall(t testing.TB, now func() time.Time) *drivertest.Sim {
	x := newShop(t, mall.Options{Now: now})
	s := &x
	s.seller.Consented = now().AddDate(0, -6, 0)
	s.add()
	secrets := map[string]string{"client_secret": certID, "refresh_token": refresh}
	return &drivertest.Sim{
		Handler: s.Mall, Account: s.account(secrets), Secrets: secrets,
		Place: s.place, Cancel: s.cancel, Remove: s.remove, Tracking: s.tracking, Listing: s.listing, Stock: s.stock,
		Faults: map[string]func(){
			drivertest.FaultInside:   func() { s.Break(mall.Faults{Inside: true}) },
			drivertest.FaultRepeat:   func() { s.Break(mall.Faults{Repeat: true}) },
			drivertest.FaultTotal:    func() { s.Break(mall.Faults{Total: true}) },
			drivertest.FaultToken:    func() { s.Break(mall.Faults{Short: true}) },
			drivertest.FaultFunction: func() { s.Break(mall.Faults{Scope: true}) },
			drivertest.FaultSkew:     func() { s.Break(mall.Faults{Ahead: 10 * time.Minute}) },
			drivertest.FaultKey:      func() { s.check(s.Revoke(seller)) },
		},
	}
}

// hard are recipients that charsets and spreadsheets stumble over.
var hard = []struct{ given, family, postal, building string }{
	{"Ana", "Sample", "02134", "Apt 7"},
	{"Zoë", "Müller-Muster", "01067", "c/o <Söhne> & Co"},
	{"", "𠮷野 🙂", "00077", "\"B\" 1F\t2"},
	{"O'", "Brien \\n", "ZZ1 1ZZ", ""},
	{"Łukasz", "Ångström — ﬁn", "0200", "Flat 0/1"},
}

func (s *shop) place(at time.Time, _ bool) order.Order {
	o := s.stream.Ordinary(orders.Ebay, at, 1)[0]
	o.Ordered = at
	h := hard[s.n%len(hard)]
	s.n++
	p := &o.Parcels[0]
	p.To.Family, p.To.Given, p.To.Postal, p.To.Building, o.Note = h.family, h.given, h.postal, h.building, fmt.Sprint("leave at door ", s.n)
	s.check(s.Place(seller, &o))
	want := order.Order{
		Account: "ebay-main", Number: o.Number, Status: "PAID", Total: o.Total, Payment: "EBAY", Note: o.Note, Ordered: order.Instant{UTC: at.UTC()},
		Buyer: order.Party{Name: o.Buyer.Name(), Phone: o.Buyer.Phone},
		Packages: []order.Package{{
			Key: "1",
			To: order.Party{
				Name: p.To.Name(), Phone: p.To.Phone, Country: p.To.Country, Postal: p.To.Postal, Prefecture: p.To.Prefecture, City: p.To.City,
				Street: p.To.Street, Building: p.To.Building,
			},
		}},
	}
	for _, l := range p.Lines {
		want.Packages[0].Lines = append(want.Packages[0].Lines, order.Line{
			Key: l.Key, Name: l.Name, Option: l.Option, Quantity: l.Quantity, Price: l.Price,
			Codes: order.Codes{ItemID: l.ItemID, SKUCode: l.SKUCode},
		})
	}
	return want
}

func (s *shop) cancel(number string)            { s.check(s.Cancel(seller, number)) }
func (s *shop) remove(number string)            { s.check(s.Forget(seller, number)) }
func (s *shop) tracking(number string) []string { return s.Tracking(seller, number) }

func (s *shop) listing() order.Codes {
	s.n++
	it := mall.Item{
		SKU: fmt.Sprintf("00 Ä/%d", s.n), Title: fmt.Sprint("Thing ", s.n), EAN: fmt.Sprintf("49%011d", s.n), Quantity: 1,
		Offers: []mall.Offer{{Published: true, Own: s.n%2 == 0, Quantity: 1, Price: 999}, {Quantity: 5}},
	}
	s.check(s.Sell(seller, it))
	return order.Codes{SKUCode: it.SKU, Barcode: it.EAN}
}

func (s *shop) stock(c order.Codes) int64 {
	n, ok := s.Stock(seller, c.SKUCode)
	if !ok {
		s.Fatalf("no item %s", c.SKUCode)
	}
	return n
}
