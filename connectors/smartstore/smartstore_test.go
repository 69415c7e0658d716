package smartstore_test

import (
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/connectors/drivertest"
	"github.com/mallbridge/mallbridge/connectors/smartstore"
	"github.com/mallbridge/mallbridge/order"
	"github.com/mallbridge/mallbridge/simulator/orders"
	mall "github.com/mallbridge/mallbridge/simulator/smartstore"
)

const (
	seller   = "hangaram"
	clientID = "1a2B3c4D5e6F7g8H9i0J1k"
	secret   = "$2a$04$N9qo8uLOickgx2ZMRZoMye"
)

// pageSize is how many orders one of the driver's pages has.
const pageSize = 100

func TestConformance(t *testing.T) {
	drivertest.Run(t, drivertest.Harness{
		Spec: smartstore.Spec, Start: startMall, Page: pageSize,
		Skip: map[string]string{
			"ship/correct":    "the Commerce API has no call that corrects a tracking number",
			"access/function": "what Naver answers where a group of APIs is not ticked is not recorded; TestAccountTest does it for products",
		},
	})
}

// A shop is a simulated mall with one seller, filled order by order.
type shop struct {
	*mall.Mall
	testing.TB
	stream *orders.Stream
	n      int
	seller mall.Seller
}

func startMall(t testing.TB, now func() time.Time) *drivertest.Sim {
	s := &shop{
		Mall: mall.New(mall.Options{Now: now}), TB: t, stream: orders.NewStream(1),
		seller: mall.Seller{ID: seller, ClientID: clientID, Secret: secret, IPs: []string{"127.0.0.1", "::1"}},
	}
	s.add()
	secrets := map[string]string{"client_secret": secret}
	return &drivertest.Sim{
		Handler: s.Mall,
		Account: connectors.Account{
			Name: "smartstore-main", Settings: map[string]string{"client_id": clientID},
			Secret: func(name string) (string, error) { return secrets[name], nil },
		},
		Secrets: secrets, Place: s.place, Cancel: s.cancel, Remove: s.remove, Tracking: s.tracking, Confirmed: s.confirmed,
		Listing: s.listing, Stock: s.stock,
		Faults: map[string]func(){
			drivertest.FaultInside: func() { s.Break(mall.Faults{Inside: true}) },
			drivertest.FaultRepeat: func() { s.Break(mall.Faults{Repeat: true}) },
			drivertest.FaultVanish: func() { s.Break(mall.Faults{Vanish: true}) },
			drivertest.FaultTotal:  func() { s.Break(mall.Faults{Total: true}) },
			drivertest.FaultToken:  func() { s.Break(mall.Faults{Short: true}) },
			drivertest.FaultSkew:   func() { s.Break(mall.Faults{Ahead: 10 * time.Minute}) },
			drivertest.FaultKey: func() {
				s.seller.Secret = "$2a$04$abcdefghijklmnopqrstue"
				s.add()
			},
			drivertest.FaultIP: func() {
				s.seller.IPs = []string{"192.0.2.1"}
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

func (s *shop) add() { s.check(s.AddSeller(s.seller)) }

// hard are recipients that charsets and spreadsheets stumble over.
var hard = []struct{ family, given, postal, building string }{
	{"윤", "새별", "01999", "별빛빌라 201호"},
	{"뷁", "똠방", "00077", "쀍아파트 101동 1001호 (다라동)"},
	{"남궁", "ㅎㅎ", "63001", ""},
	{"O'Brien", "& <Söhne>", "04524", "\"B\" 1F/2"},
	{"𠮷野", "🙂", "12345", "지하 1층 — \\n"},
}

func (s *shop) place(at time.Time, fresh bool) order.Order {
	o := s.stream.Ordinary(orders.SmartStore, at.In(mall.Seoul), 1)[0]
	o.Ordered = at
	h := hard[s.n%len(hard)]
	s.n++
	p := &o.Parcels[0]
	p.To.Family, p.To.Given, p.To.Postal, p.To.Building, p.Note = h.family, h.given, h.postal, h.building, "문 앞 "+strconv.Itoa(s.n)
	state, status := mall.Confirmed, "발주확인"
	if fresh {
		state, status = mall.Fresh, "신규주문"
	}
	s.check(s.Place(seller, &o, state))
	want := order.Order{
		Account: "smartstore-main", Number: o.Number, Status: status, Payment: o.Payment, Total: o.Total, Ordered: order.Instant{UTC: at.UTC()},
		Buyer: order.Party{Name: o.Buyer.Name(), Phone: o.Buyer.Phone},
		Packages: []order.Package{{
			Key: p.Key, Note: p.Note,
			To: order.Party{Name: p.To.Name(), Phone: p.To.Phone, Country: "KR", Postal: p.To.Postal, Street: p.To.Base(), Building: p.To.Building},
		}},
	}
	for _, l := range p.Lines {
		want.Packages[0].Lines = append(want.Packages[0].Lines, order.Line{
			Key: l.Key, Name: l.Name, Option: l.Option, Quantity: l.Quantity, Price: l.Price,
			Codes: order.Codes{ItemID: l.ItemID, ItemCode: l.ItemCode, OptionCode: l.OptionCode},
		})
	}
	return want
}

func (s *shop) cancel(number string) { s.check(s.Mall.Cancel(seller, number)) }

func (s *shop) remove(number string) { s.check(s.Mall.Forget(seller, number)) }

func (s *shop) tracking(number string) []string {
	var out []string
	for _, l := range s.Lines(seller, number) {
		if l.Tracking != "" && !slices.Contains(out, l.Tracking) {
			out = append(out, l.Tracking)
		}
	}
	slices.Sort(out)
	return out
}

func (s *shop) confirmed(number string) bool {
	return !slices.ContainsFunc(s.Lines(seller, number), func(l mall.Line) bool { return l.Place != mall.Placed })
}

// listing puts a product with two options on sale, or, every third time, one without.
func (s *shop) listing() order.Codes {
	s.n++
	n := strconv.Itoa(s.n)
	p := mall.Product{Channel: "6000" + strconv.Itoa(100000+s.n), Name: "상품 " + n, Code: "00" + n, Price: 1000, Stock: 1}
	c := order.Codes{ItemID: p.Channel, ItemCode: p.Code}
	if s.n%3 == 0 {
		s.check(s.Sell(seller, p))
		return c
	}
	for i, name := range []string{"색상: 흰색", "색상: 검정"} {
		x := p
		x.OptionID, x.Option, x.OptionCd = int64(41_000_000_000+10*s.n+i), name, "000"+n+strconv.Itoa(i)
		s.check(s.Sell(seller, x))
		c.OptionID, c.OptionCode = strconv.FormatInt(x.OptionID, 10), x.OptionCd
	}
	return c
}

func (s *shop) stock(c order.Codes) int64 {
	opt, _ := strconv.ParseInt(c.OptionID, 10, 64)
	n, ok := s.Stock(seller, c.ItemID, opt)
	if !ok {
		s.Fatalf("no stock of %+v", c)
	}
	return n
}
