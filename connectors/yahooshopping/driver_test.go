package yahooshopping_test

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"io"
	"math/rand/v2"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/connectors/drivertest"
	"github.com/mallbridge/mallbridge/connectors/yahooshopping"
	"github.com/mallbridge/mallbridge/order"
	"github.com/mallbridge/mallbridge/simulator/orders"
	mall "github.com/mallbridge/mallbridge/simulator/yahoo"
)

const (
	seller   = orders.YahooStore
	clientID = "dj00aiZpPWFiY2RlZmdo"
	secret   = "SECRET-0123456789abcdef"
	callback = "http://localhost:8765/"
)

// chacha makes the same key in each run, which is faster than a random one by far.
type chacha struct{ *rand.ChaCha8 }

func chachaReader() io.Reader { return chacha{rand.NewChaCha8([32]byte{2})} }

// pair is the store's key.
var pair = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(chacha{rand.NewChaCha8([32]byte{1})}, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

func publicPEM() string {
	der, err := x509.MarshalPKIXPublicKey(&pair().PublicKey)
	if err != nil {
		panic(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

func TestConformance(t *testing.T) {
	drivertest.Run(t, drivertest.Harness{
		Spec: yahooshopping.Spec, Start: func(t testing.TB, now func() time.Time) *drivertest.Sim {
			return startMall(t, now, orders.YahooShopping)
		},
		Page: rowsOfList, Many: 1000,
	})
}

func TestConformanceOfAuctions(t *testing.T) {
	drivertest.Run(t, drivertest.Harness{
		Spec: yahooshopping.AuctionSpec, Start: func(t testing.TB, now func() time.Time) *drivertest.Sim {
			return startMall(t, now, orders.YahooAuction)
		},
		Page: rowsOfList, Many: 200,
		Skip: map[string]string{"read/many": "the same driver, measured for Yahoo! Shopping"},
	})
}

// rowsOfList is how many orders a search of the tests gives at once.
const rowsOfList = 50

type shop struct {
	*mall.Mall
	testing.TB
	stream *orders.Stream
	n      int
	store  mall.Store
	of     string // which mall's orders
}

func newShop(t testing.TB, o mall.Options) *shop {
	s := &shop{Mall: mall.New(o), TB: t, stream: orders.NewStream(1), of: orders.YahooShopping}
	s.store = mall.Store{
		ID: seller, ClientID: clientID, Secret: secret, Redirect: callback, Key: pair(), KeyVersion: "2", IPs: []string{"127.0.0.1", "::1"},
	}
	s.add()
	return s
}

func (s *shop) check(err error) {
	if err != nil {
		s.Helper()
		s.Fatal(err)
	}
}

func (s *shop) add() { s.check(s.AddStore(s.store)) }

func startMall(t testing.TB, now func() time.Time, of string) *drivertest.Sim {
	s := newShop(t, mall.Options{Now: now})
	s.of = of
	refresh, err := s.Consent(seller)
	s.check(err)
	secrets := map[string]string{"client_secret": secret, "refresh_token": refresh, "public_key": publicPEM()}
	return &drivertest.Sim{
		Handler: s.Mall,
		Account: connectors.Account{
			Name: "yahoo-main",
			Settings: map[string]string{
				"seller_id": seller, "client_id": clientID, "key_version": "2", "list_rows": strconv.Itoa(rowsOfList),
				"consented": now().Format(time.RFC3339), "key_issued": now().AddDate(0, 0, -100).Format(time.DateOnly),
			},
			Secret: func(name string) (string, error) { return secrets[name], nil },
		},
		Secrets: secrets, Place: s.place, Cancel: func(n string) { s.check(s.Cancel(seller, n)) }, Remove: func(n string) { s.check(s.Forget(seller, n)) },
		Tracking: func(n string) []string { return s.Numbers(seller, n) }, Listing: s.listing, Stock: s.stock,
		Faults: map[string]func(){
			drivertest.FaultInside: func() { s.Break(mall.Faults{Inside: true}) },
			drivertest.FaultTotal:  func() { s.Break(mall.Faults{Total: true}) },
			drivertest.FaultRepeat: func() { s.Break(mall.Faults{Repeat: true}) },
			drivertest.FaultVanish: func() { s.Break(mall.Faults{Vanish: true}) },
			drivertest.FaultToken:  func() { s.Break(mall.Faults{Tokens: true}) },
			drivertest.FaultSkew:   func() { s.Break(mall.Faults{Ahead: 10 * time.Minute}) },
			drivertest.FaultKey: func() {
				s.store.Secret = "ANOTHER-0123456789abcdef"
				s.add()
			},
			drivertest.FaultIP: func() {
				s.store.IPs = []string{"192.0.2.1"}
				s.add()
			},
			drivertest.FaultFunction: func() {
				s.store.NoOrders = true
				s.add()
			},
		},
	}
}

// hard are recipients that charsets and spreadsheets stumble over.
var hard = []struct{ family, given, postal, building string }{
	{"髙橋", "さくら", "0600001", "①号館 101"},
	{"𠮷野", "🙂", "0010001", "]]> & <b>"},
	{"O'Brien", "& <Söhne>", "9200999", "\"B\" 1F/2"},
	{"德永", "濵﨑", "1000001", "コーポ〜２－３"},
}

func (s *shop) place(at time.Time, _ bool) order.Order {
	o := s.stream.Ordinary(s.of, at.In(mall.Tokyo), 1)[0]
	o.Ordered = at
	h := hard[s.n%len(hard)]
	s.n++
	p := &o.Parcels[0]
	p.To.Family, p.To.Given, p.To.Postal, p.To.Building = h.family, h.given, h.postal, h.building
	p.Note, p.Band, p.DeliverOn, o.Note = "不在時は宅配ボックス "+strconv.Itoa(s.n), "14:00～16:00", "2026-04-01", "平日の午後を希望します & <至急>"
	s.check(s.Place(seller, &o))
	return wanted(&o)
}

// wanted is what the driver should make of an order.
func wanted(o *orders.Order) order.Order {
	p := &o.Parcels[0]
	want := order.Order{
		Account: "yahoo-main", Number: o.Number, Status: o.Status, Total: o.Total, Payment: o.Payment, Note: o.Note, Ordered: order.Instant{UTC: o.Ordered.UTC()},
		Buyer: order.Party{Name: o.Buyer.Name(), Kana: o.Buyer.FamilyKana + " " + o.Buyer.GivenKana, Phone: o.Buyer.Phone},
		Packages: []order.Package{{
			Key: "1", Note: p.Note, TimeBand: p.Band, DeliverOn: order.Date(p.DeliverOn),
			To: order.Party{
				Name: p.To.Name(), Kana: p.To.FamilyKana + " " + p.To.GivenKana, Phone: p.To.Phone, Postal: p.To.Postal, Prefecture: p.To.Prefecture, City: p.To.City,
				Street: p.To.Street, Building: p.To.Building,
			},
		}},
	}
	for _, l := range p.Lines {
		want.Packages[0].Lines = append(want.Packages[0].Lines, order.Line{
			Key: l.Key, Name: l.Name, Option: l.Option, Quantity: l.Quantity, Price: l.Price,
			Codes: order.Codes{ItemCode: l.ItemCode, OptionCode: l.OptionCode, SKUCode: l.SKUCode},
		})
	}
	return want
}

func (s *shop) listing() order.Codes {
	s.n++
	x := mall.Item{Code: "item-" + strconv.Itoa(s.n/2), SubCode: "00" + strconv.Itoa(s.n), Name: "商品 " + strconv.Itoa(s.n), Option: "色:色" + strconv.Itoa(s.n), Price: 1000, Stock: 1}
	if s.n%5 == 0 {
		x.Code, x.SubCode, x.Option = "Plain-"+strconv.Itoa(s.n), "", ""
	}
	s.check(s.Sell(seller, x))
	return order.Codes{ItemCode: x.Code, OptionCode: x.SubCode}
}

func (s *shop) stock(c order.Codes) int64 {
	n, ok := s.Stock(seller, c.ItemCode, c.OptionCode)
	if !ok {
		s.Fatalf("no stock of %+v", c)
	}
	return n
}
