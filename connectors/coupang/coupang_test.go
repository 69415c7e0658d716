package coupang_test

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/connectors/coupang"
	"github.com/mallbridge/mallbridge/connectors/drivertest"
	"github.com/mallbridge/mallbridge/order"
	mall "github.com/mallbridge/mallbridge/simulator/coupang"
	"github.com/mallbridge/mallbridge/simulator/orders"
)

const (
	vendor    = "A00012345"
	accessKey = "11111111-2222-3333-4444-555555555555"
	secretKey = "0123456789abcdef0123456789abcdef01234567"
)

// pageOrders is how many orders come in one reply of a list by pages.
const pageOrders = 50

func TestConformance(t *testing.T) {
	drivertest.Run(t, drivertest.Harness{
		Spec: coupang.Spec, Start: startMall, Page: pageOrders,
		Skip: map[string]string{
			"read/vanish":     "the list gives bundles whole; nothing is asked for afterwards that could be gone",
			"read/total":      "Coupang says nowhere how many records a list has",
			"access/function": "a Coupang key opens all functions or none",
			"access/token":    "each call is signed by itself; there is no token",
		},
	})
}

// A shop is a simulated mall with one vendor, filled order by order.
type shop struct {
	*mall.Mall
	testing.TB
	stream *orders.Stream
	n      int
	vendor mall.Vendor
}

func startMall(t testing.TB, now func() time.Time) *drivertest.Sim {
	s := &shop{
		Mall: mall.New(mall.Options{Now: now}), TB: t, stream: orders.NewStream(1),
		vendor: mall.Vendor{ID: vendor, AccessKey: accessKey, SecretKey: secretKey, IPs: []string{"127.0.0.1", "::1"}},
	}
	s.add()
	secrets := map[string]string{"access_key": accessKey, "secret_key": secretKey}
	return &drivertest.Sim{
		Handler: s.Mall,
		Account: connectors.Account{
			Name:     "coupang-main",
			Settings: map[string]string{"vendor_id": vendor, "key_issued": now().AddDate(0, 0, -100).Format(time.DateOnly)},
			Secret:   func(name string) (string, error) { return secrets[name], nil },
		},
		Secrets: secrets, Place: s.place, Cancel: s.cancel, Remove: s.remove, Tracking: s.tracking, Confirmed: s.confirmed,
		Listing: s.listing, Stock: s.stock,
		Faults: map[string]func(){
			drivertest.FaultInside: func() { s.Break(mall.Faults{Inside: true}) },
			drivertest.FaultRepeat: func() { s.Break(mall.Faults{Repeat: true}) },
			drivertest.FaultSkew:   func() { s.Break(mall.Faults{Ahead: 10 * time.Minute}) },
			drivertest.FaultKey: func() {
				s.vendor.AccessKey = "99999999-2222-3333-4444-555555555555"
				s.add()
			},
			drivertest.FaultIP: func() {
				s.vendor.IPs = []string{"192.0.2.1"}
				s.add()
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

func (s *shop) add() { s.check(s.AddVendor(s.vendor)) }

// hard are recipients that charsets and spreadsheets stumble over.
var hard = []struct{ family, given, postal, building string }{
	{"윤", "새별", "01999", "별빛빌라 201호"},
	{"뷁", "똠방", "00077", "가나아파트 101동 1001호 (다라동)"},
	{"남궁", "ㅎㅎ", "63001", ""},
	{"O'Brien", " & <Söhne>", "04524", "\"B\" 1F\t2"},
	{"𠮷野", "🙂", "12345", "지하 1층 — \\n"},
}

func (s *shop) place(at time.Time, fresh bool) order.Order {
	o := s.stream.Ordinary(orders.Coupang, at.In(mall.Seoul), 1)[0]
	o.Ordered = at
	h := hard[s.n%len(hard)]
	s.n++
	p := &o.Parcels[0]
	p.To.Family, p.To.Given, p.To.Postal, p.To.Building, p.Note = h.family, h.given, h.postal, h.building, "문 앞 "+strconv.Itoa(s.n)
	status := mall.Instruct
	if fresh {
		status = mall.Accept
	}
	s.check(s.Place(vendor, &o, status))
	want := order.Order{
		Account: "coupang-main", Number: o.Number, Status: status, Total: o.Total, Ordered: order.Instant{UTC: at.UTC()},
		Buyer: order.Party{Name: o.Buyer.Name(), Phone: o.Buyer.Phone},
		Packages: []order.Package{{
			Key: p.Key, Note: p.Note,
			To: order.Party{Name: p.To.Name(), Phone: p.To.Phone, Country: "KR", Postal: p.To.Postal, Street: p.To.Base(), Building: p.To.Building},
		}},
	}
	for _, l := range p.Lines {
		want.Packages[0].Lines = append(want.Packages[0].Lines, order.Line{
			Key: l.Key, Name: l.Name + ", " + l.Option, Option: l.Option, Quantity: l.Quantity, Price: l.Price,
			Codes: order.Codes{ItemID: l.ItemID, ItemCode: l.ItemCode, OptionID: l.OptionID},
		})
	}
	return want
}

func (s *shop) number(text string) int64 {
	n, err := strconv.ParseInt(text, 10, 64)
	s.check(err)
	return n
}

func (s *shop) cancel(number string) {
	n := s.number(number)
	for _, b := range s.Bundles(vendor, n) {
		_, err := s.AskCancel(vendor, n, b.Items)
		s.check(err)
	}
}

func (s *shop) remove(number string) { s.check(s.Forget(vendor, s.number(number))) }

func (s *shop) tracking(number string) []string {
	var out []string
	for _, b := range s.Bundles(vendor, s.number(number)) {
		if b.Invoice != "" {
			out = append(out, b.Invoice)
		}
	}
	return out
}

func (s *shop) confirmed(number string) bool {
	for _, b := range s.Bundles(vendor, s.number(number)) {
		if b.Status == mall.Accept {
			return false
		}
	}
	return true
}

func (s *shop) listing() order.Codes {
	s.n++
	p := mall.Product{
		Seller: 15_100_000_000 + int64(s.n)/2, Shown: 7_100_000_000 + int64(s.n)/2, Item: 82_600_000_000 + int64(s.n), Name: fmt.Sprint("상품 ", s.n/2),
		Option: fmt.Sprint("색 ", s.n), SKU: fmt.Sprintf("00%d", s.n), Barcode: fmt.Sprintf("88%011d", s.n), Price: 1000, Stock: 1,
	}
	s.check(s.Sell(vendor, p))
	return order.Codes{ItemID: fmt.Sprint(p.Shown), ItemCode: p.SKU, OptionID: fmt.Sprint(p.Item), Barcode: p.Barcode}
}

func (s *shop) stock(c order.Codes) int64 {
	n, ok := s.Stock(vendor, s.number(c.OptionID))
	if !ok {
		s.Fatalf("no option %s", c.OptionID)
	}
	return n
}
