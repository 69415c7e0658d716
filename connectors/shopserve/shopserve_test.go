package shopserve_test

import (
	"maps"
	"strconv"
	"testing"
	"time"

	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/connectors/drivertest"
	"github.com/mallbridge/mallbridge/connectors/shopserve"
	"github.com/mallbridge/mallbridge/order"
	"github.com/mallbridge/mallbridge/simulator/orders"
	mall "github.com/mallbridge/mallbridge/simulator/shopserve"
)

const (
	shopID     = "abc123.xy"
	managerKey = "0123456789012345678901234567890123456789"
	openKey    = "$2y$10$abcdefghijklmnopqrstuvwxyz"
)

// pageSize is how many orders one answer has.
const pageSize = 100

var waived = map[string]string{
	"read/vanish":     "the search gives whole orders; TestConformanceByDetail runs it",
	"access/ip":       "Shopserve is not known to look at the caller's address",
	"access/function": "Shopserve is not known to have functions that are off",
	"access/skew":     "no call carries the time",
	"access/token":    "a call carries the key itself; there is no token",
}

func TestConformance(t *testing.T) {
	drivertest.Run(t, drivertest.Harness{Spec: shopserve.Spec, Start: start("no"), Page: pageSize, Skip: waived})
}

// A search that only names orders, which are then read one by one.
func TestConformanceByDetail(t *testing.T) {
	skip := maps.Clone(waived)
	delete(skip, "read/vanish")
	drivertest.Run(t, drivertest.Harness{Spec: shopserve.Spec, Start: start("yes"), Page: 10, Many: 200, Skip: skip})
}

// A shop is a simulated mall, filled order by order.
type shop struct {
	*mall.Mall
	testing.TB
	stream *orders.Stream
	n      int
}

func start(each string) func(t testing.TB, now func() time.Time) *drivertest.Sim {
	return func(t testing.TB, now func() time.Time) *drivertest.Sim {
		s := &shop{
			Mall: mall.New(mall.Shop{ID: shopID, ManagerKey: managerKey, OpenKey: openKey}, mall.Options{Now: now}), TB: t, stream: orders.NewStream(1),
		}
		secrets := map[string]string{"manager_key": managerKey, "open_key": openKey}
		settings := mall.Settings()
		settings["shop_id"], settings["detail_each"] = shopID, each
		if each == "yes" {
			settings["page_size"] = "10"
		}
		return &drivertest.Sim{
			Handler: s.Mall,
			Account: connectors.Account{Name: "shopserve-main", Settings: settings, Secret: func(name string) (string, error) { return secrets[name], nil }},
			Secrets: secrets, Place: s.place, Cancel: s.cancel, Remove: s.remove, Tracking: s.Mall.Tracking, Listing: s.listing, Stock: s.stock,
			Faults: map[string]func(){
				drivertest.FaultInside: func() { s.Break(mall.Faults{Inside: true}) },
				drivertest.FaultRepeat: func() { s.Break(mall.Faults{Repeat: true}) },
				drivertest.FaultTotal:  func() { s.Break(mall.Faults{Total: true}) },
				drivertest.FaultVanish: func() { s.Break(mall.Faults{Vanish: true}) },
				drivertest.FaultKey:    func() { s.Renew("9999999999999999999999999999999999999999", openKey) },
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
var hard = []struct{ family, given, postal, building string }{
	{"見本", "太郎", "0010001", "見本荘Ｂ－２０１"},
	{"髙﨑", "①郎", "9010001", "㈱見本 1F/2"},
	{"𠮷野", "🙂", "1000001", ""},
	{"O'Brien", "& <Söhne>", "0600001", "\"B\" 1F"},
}

func (s *shop) place(at time.Time, _ bool) order.Order {
	o := s.stream.Ordinary(orders.Shopserve, at.In(mall.Tokyo), 1)[0]
	o.Ordered = at
	h := hard[s.n%len(hard)]
	s.n++
	p := &o.Parcels[0]
	p.To.Family, p.To.Given, p.To.Postal, p.To.Building, p.Note = h.family, h.given, h.postal, h.building, "玄関前 "+strconv.Itoa(s.n)
	p.DeliverOn, p.Band = at.In(mall.Tokyo).AddDate(0, 0, 5).Format(time.DateOnly), "午前中"
	s.check(s.Place(&o, mall.Ready))
	want := order.Order{
		Account: "shopserve-main", Number: o.Number, Status: mall.Ready, Payment: o.Payment, Total: o.Total, Ordered: order.Instant{UTC: at.UTC()},
		Buyer: order.Party{Name: o.Buyer.Name(), Phone: o.Buyer.Phone, Postal: o.Buyer.Postal},
		Packages: []order.Package{{
			Key: p.Key, Note: p.Note, DeliverOn: order.Date(p.DeliverOn), TimeBand: p.Band,
			To: order.Party{
				Name: p.To.Name(), Kana: p.To.FamilyKana + p.To.GivenKana, Phone: p.To.Phone, Country: "JP", Postal: p.To.Postal, Prefecture: p.To.Prefecture,
				City: p.To.City, Street: p.To.Street, Building: p.To.Building,
			},
		}},
	}
	for i, l := range p.Lines {
		want.Packages[0].Lines = append(want.Packages[0].Lines, order.Line{
			Key: strconv.Itoa(i + 1), Name: l.Name, Quantity: l.Quantity, Price: l.Price, Codes: order.Codes{ItemCode: l.ItemCode, OptionCode: l.Option},
		})
	}
	return want
}

func (s *shop) cancel(number string) { s.check(s.Mall.Cancel(number)) }
func (s *shop) remove(number string) { s.check(s.Forget(number)) }

func (s *shop) listing() order.Codes {
	s.n++
	code := "00" + strconv.Itoa(s.n) + "/見本 #1"
	s.Sell(code, "商品 "+strconv.Itoa(s.n), 1000, 1)
	return order.Codes{ItemCode: code}
}

func (s *shop) stock(c order.Codes) int64 {
	n, ok := s.Stock(c.ItemCode)
	if !ok {
		s.Fatalf("no item %s", c.ItemCode)
	}
	return n
}
