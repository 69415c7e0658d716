package elevenst_test

import (
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/connectors/drivertest"
	"github.com/mallbridge/mallbridge/connectors/elevenst"
	"github.com/mallbridge/mallbridge/order"
	mall "github.com/mallbridge/mallbridge/simulator/elevenst"
	"github.com/mallbridge/mallbridge/simulator/orders"
)

const (
	seller = "hangaram"
	apiKey = "0123456789abcdef0123456789abcdef"
)

// pageSize is how many orders one call by number takes.
const pageSize = 100

func TestConformance(t *testing.T) {
	drivertest.Run(t, drivertest.Harness{
		Spec: elevenst.Spec, Start: startMall, Page: pageSize,
		Skip: map[string]string{
			"read/total":      "11st says nowhere how many records a list has",
			"ship/correct":    "11st has no call that corrects a tracking number",
			"access/function": "what 11st answers where the group of the orders is off is not recorded; TestAccountTest does it for products",
			"access/skew":     "no call carries the time",
			"access/token":    "a call carries the key itself; there is no token",
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
		seller: mall.Seller{ID: seller, Key: apiKey, IPs: []string{"127.0.0.1", "::1"}},
	}
	s.add()
	secrets := map[string]string{"openapi_key": apiKey}
	return &drivertest.Sim{
		Handler: s.Mall,
		Account: connectors.Account{
			Name:     "elevenst-main",
			Settings: map[string]string{"key_issued": now().AddDate(0, 0, -100).Format(time.DateOnly)},
			Secret:   func(name string) (string, error) { return secrets[name], nil },
		},
		Secrets: secrets, Place: s.place, Cancel: s.cancel, Remove: s.remove, Tracking: s.tracking, Confirmed: s.confirmed,
		Listing: s.listing, Stock: s.stock,
		Faults: map[string]func(){
			drivertest.FaultInside: func() { s.Break(mall.Faults{Inside: true}) },
			drivertest.FaultRepeat: func() { s.Break(mall.Faults{Repeat: true}) },
			drivertest.FaultVanish: func() { s.Break(mall.Faults{Vanish: true}) },
			drivertest.FaultKey: func() {
				s.seller.Key = "99999999999999999999999999999999"
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

// hard are recipients that charsets and spreadsheets stumble over. The emoji comes
// as a character reference.
var hard = []struct{ family, given, postal, building string }{
	{"윤", "새별", "01999", "별빛빌라 201호"},
	{"뷁", "똠방", "00077", "쀍아파트 101동 1001호 (다라동)"},
	{"남궁", "ㅎㅎ", "63001", ""},
	{"O'Brien", "& <Söhne>", "04524", "\"B\" 1F/2"},
	{"𠮷野", "🙂", "12345", "지하 1층 — \\n"},
}

func (s *shop) place(at time.Time, fresh bool) order.Order {
	o := s.stream.Ordinary(orders.ElevenSt, at.In(mall.Seoul), 1)[0]
	o.Ordered = at
	h := hard[s.n%len(hard)]
	s.n++
	p := &o.Parcels[0]
	p.To.Family, p.To.Given, p.To.Postal, p.To.Building, p.Note = h.family, h.given, h.postal, h.building, "문 앞 "+strconv.Itoa(s.n)
	status := mall.Preparing
	if fresh {
		status = mall.Paid
	}
	s.check(s.Place(seller, &o, status))
	want := order.Order{
		Account: "elevenst-main", Number: o.Number, Status: status, Total: o.Total, Ordered: order.Instant{UTC: at.UTC()},
		Buyer: order.Party{Name: o.Buyer.Name(), Phone: o.Buyer.Phone},
		Packages: []order.Package{{
			Key: p.Key, Note: p.Note,
			To: order.Party{Name: p.To.Name(), Phone: p.To.Phone, Country: "KR", Postal: p.To.Postal, Street: p.To.Base(), Building: p.To.Building},
		}},
	}
	for _, l := range p.Lines {
		x := order.Line{
			Key: l.Key, Name: l.Name, Quantity: l.Quantity, Price: l.Price,
			Codes: order.Codes{ItemID: l.ItemID, ItemCode: l.ItemCode, OptionID: l.OptionID, OptionCode: l.OptionCode},
		}
		if l.Option != "" {
			x.Option = l.Option + "-" + strconv.FormatInt(l.Quantity, 10) + "개"
		}
		want.Packages[0].Lines = append(want.Packages[0].Lines, x)
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
	for _, l := range s.Lines(seller, n) {
		_, err := s.AskCancel(seller, n, l.Seq, l.Left, "마음이 바뀌었어요")
		s.check(err)
	}
}

func (s *shop) remove(number string) { s.check(s.Forget(seller, s.number(number))) }

func (s *shop) tracking(number string) []string {
	var out []string
	for _, l := range s.Lines(seller, s.number(number)) {
		for n := range l.Parcels {
			if !slices.Contains(out, n) {
				out = append(out, n)
			}
		}
	}
	slices.Sort(out)
	return out
}

func (s *shop) confirmed(number string) bool {
	return !slices.ContainsFunc(s.Lines(seller, s.number(number)), func(l mall.Line) bool { return l.State == mall.Paid })
}

func (s *shop) listing() order.Codes {
	s.n++
	p := mall.Product{
		No: 5_100_000_000 + int64(s.n)/2, StockNo: 21_000_000_000 + int64(s.n), Name: "상품 " + strconv.Itoa(s.n/2), Option: "색상:색 " + strconv.Itoa(s.n),
		Code: "00" + strconv.Itoa(s.n/2), StockCd: "000" + strconv.Itoa(s.n), Price: 1000, Stock: 1, Weight: 250,
	}
	s.check(s.Sell(seller, p))
	return order.Codes{ItemID: strconv.FormatInt(p.No, 10), ItemCode: p.Code, OptionID: strconv.FormatInt(p.StockNo, 10), OptionCode: p.StockCd}
}

func (s *shop) stock(c order.Codes) int64 {
	n, _, ok := s.Stock(seller, s.number(c.OptionID))
	if !ok {
		s.Fatalf("no stock %s", c.OptionID)
	}
	return n
}
