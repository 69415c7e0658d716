package stock_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/internal/desk"
	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/order"
	"github.com/mallbridge/mallbridge/simulator/coupang"
	"github.com/mallbridge/mallbridge/simulator/rakuten"
)

const (
	serviceSecret = "SP399001_Tr0ub4dorServiceKey"
	licenceKey    = "SL399001_Xb2mQk81Lr6Yd3Vt"
	accessKey     = "3c1d7a52-9f0b-4e8d-a6c3-5b7e2f104d98"
	secretKey     = "8d2f6b1c9e4a7053d8c6f21b0a9e5d7c3f84b6a2"
	vendor        = "A00012345"
	shopID        = "399001"
)

// A shop is a workspace with a Rakuten, a Coupang and a plain account and two
// warehouses, and the malls behind the first two. Waiting moves the clock.
type shop struct {
	*desk.Desk
	rakuten *rakuten.Mall
	coupang *coupang.Mall
	serial  int
	people  int // recipients among whom orders go round; 0: each order has its own

	calls atomic.Int64 // that write stock
}

// settings are added to the files of accounts and warehouses by name.
type settings map[string]string

func open(t testing.TB, more settings) *shop {
	t.Helper()
	s := &shop{Desk: desk.New(t, map[string]string{"RAKUTEN_SECRET": serviceSecret, "RAKUTEN_KEY": licenceKey, "COUPANG_ACCESS": accessKey, "COUPANG_SECRET": secretKey})}
	s.rakuten = rakuten.New(rakuten.Options{Now: s.Now})
	s.Check(s.rakuten.AddShop(rakuten.Shop{ID: shopID, ServiceSecret: serviceSecret, LicenceKey: licenceKey, Issued: s.Now().AddDate(0, 0, -10)}))
	s.coupang = coupang.New(coupang.Options{Now: s.Now})
	s.Check(s.coupang.AddVendor(coupang.Vendor{ID: vendor, AccessKey: accessKey, SecretKey: secretKey, Issued: s.Now().AddDate(0, 0, -10)}))
	sender := "sender: {name: 見本商店, phone: 03-0000-0001, postal: \"1000001\", prefecture: 東京都, city: 千代田区, street: 見本町1-1}\nremarks: {hold: \"false\"}\nnot_before: 2026-07-01\n"
	s.Write("mallbridge.yaml", "timezone: Asia/Tokyo\n")
	s.Write("accounts/rakuten-1.yaml", "mall: rakuten\ntargets: {default: \"300\"}\nauto_stock_sync: true\nwarehouse: tokyo\n"+sender+
		"api:\n  base_url: "+s.Serve(s.rakuten)+"\n  secrets: {service_secret: env:RAKUTEN_SECRET, license_key: env:RAKUTEN_KEY}\n"+more["rakuten-1"])
	s.Write("accounts/coupang-1.yaml", "mall: coupang\ntargets: {default: INSTRUCT}\nauto_stock_sync: true\nwarehouse: tokyo\n"+sender+
		"api:\n  base_url: "+s.Serve(s.coupang)+"\n  settings: {vendor_id: "+vendor+"}\n  secrets: {access_key: env:COUPANG_ACCESS, secret_key: env:COUPANG_SECRET}\n"+more["coupang-1"])
	s.Write("accounts/plain-1.yaml", "mall: plain\ntimezone: Asia/Tokyo\ncountry: JP\ncurrency: JPY\ntargets: {default: ready}\nwarehouse: tokyo\nsku_from: [sku_code]\n"+sender+more["plain-1"])
	for _, w := range []string{"tokyo", "osaka"} {
		s.Write("warehouses/"+w+".yaml", "timezone: Asia/Tokyo\ndrop: {kind: local, root: drops/"+w+"}\ninstructions: {format: warehouse-instructions, folder: orders}\n"+
			"results: {format: warehouse-results, folder: results}\nstock: {format: warehouse-stock, folder: stock"+more[w]+"}\n"+
			"calendar: {working_days: [mon, tue, wed, thu, fri, sat, sun]}\nnumber: {prefix: "+string(w[0]-'a'+'A')+"}\n")
		s.Check(os.MkdirAll(filepath.Join(s.Dir, "drops", w, "orders"), 0o750))
	}
	s.Write("masters/sku-links.csv", "account,code,sku,quantity\n,TEE,TEE,1\n,SET,TEE,2\n,SET,CAP,1\n,MUG,MUG,1\n,CAP,CAP,1\n"+more["links"])
	s.Write("masters/skus.csv", "sku,name,buffer\nTEE,shirt,\nCAP,cap,3\nMUG,mug,\n")
	s.Write("masters/payments.csv", "account,name,code,payment\n,prepaid,,prepaid\n")
	s.Write("masters/delivery-services.csv", "account,name,payment,temperature,warehouse,service,carrier\n,宅配便,,,,takkyubin,yamato\n")
	s.Load()
	s.Seen = func(r *http.Request) {
		if r.Method == http.MethodPut || r.URL.Path == "/es/2.0/inventories/bulk-upsert" {
			s.calls.Add(1)
		}
	}
	return s
}

// wrote returns how many calls wrote stock since it was asked last.
func (s *shop) wrote() int { return int(s.calls.Swap(0)) }

func (s *shop) account(name string) int64 {
	s.Helper()
	id, _, err := s.Env.Ledger.Account(s.Context(), name, s.Now())
	s.Check(err)
	return id
}

func (s *shop) warehouse(name string) int64 {
	s.Helper()
	id, err := s.Env.Ledger.Warehouse(s.Context(), name)
	s.Check(err)
	return id
}

// stocked stores what a stock file of the warehouse says at this moment.
func (s *shop) stocked(warehouse string, free map[string]int64) {
	s.Helper()
	var list []order.Stock
	for sku, n := range free {
		list = append(list, order.Stock{Warehouse: warehouse, SKU: sku, OnHand: n, Sellable: n, At: s.Now()})
	}
	_, err := s.Env.Ledger.PutStock(s.Context(), s.warehouse(warehouse), 1, list, false, s.Now())
	s.Check(err)
}

// sold stores an order of the plain account, in a status, with pieces of codes.
func (s *shop) sold(number, status string, pieces map[string]int64) {
	s.Helper()
	s.serial++
	who := number
	if s.people > 0 {
		n, err := strconv.Atoi(number)
		s.Check(err)
		who = fmt.Sprint(n % s.people)
	}
	to := order.Party{
		Name: "見本 " + who, Phone: "090-0000-0001", Country: "JP", Postal: "1000001", Prefecture: "東京都", City: "千代田区", Street: "見本町" + who,
	}
	o := &order.Order{
		Account: "plain-1", Number: number, Status: status, Ordered: order.Instant{UTC: s.Now(), Text: s.Now().Format(time.RFC3339)}, Payment: "prepaid", Delivery: "宅配便",
		Currency: "JPY", Total: 1000, Buyer: to, Packages: []order.Package{{Key: "1", To: to}},
	}
	for _, code := range []string{"TEE", "CAP", "MUG", "SET", "NEW"} {
		if n := pieces[code]; n > 0 {
			o.Packages[0].Lines = append(o.Packages[0].Lines, order.Line{
				Key: fmt.Sprint(len(o.Packages[0].Lines) + 1), Codes: order.Codes{SKUCode: code}, Name: code, Quantity: n, Price: 100,
			})
		}
	}
	_, err := s.Env.Ledger.PutOrders(s.Context(), s.account("plain-1"), 1, []ledger.Intake{{Order: o, Row: 1}}, s.Now())
	s.Check(err)
}

// item puts a product on sale at Rakuten whose SKU number is code.
func (s *shop) item(manage, code string) {
	s.Helper()
	s.Check(s.rakuten.AddItem(shopID, manage, "normal-inventory", code, manage, 1000))
}

// option puts a product on sale at Coupang whose seller's code is code.
func (s *shop) option(id int64, code string) {
	s.Helper()
	s.Check(s.coupang.Sell(vendor, coupang.Product{Seller: id, Shown: id + 1, Item: id + 2, Name: code, SKU: code, Price: 1000}))
}

// shows wants a quantity at Rakuten.
func (s *shop) shows(manage string, want int64) {
	s.Helper()
	if n, err := s.rakuten.Quantity(shopID, manage, "normal-inventory"); err != nil || n != want {
		s.Errorf("Rakuten shows %d of %s, %v; want %d", n, manage, err, want)
	}
}

// offers wants a quantity at Coupang.
func (s *shop) offers(id, want int64) {
	s.Helper()
	if n, ok := s.coupang.Stock(vendor, id+2); !ok || n != want {
		s.Errorf("Coupang shows %d of %d, %v; want %d", n, id, ok, want)
	}
}

// read reads everything that both malls sell.
func (s *shop) read() {
	s.Helper()
	s.Env.Named = true
	defer func() { s.Env.Named = false }()
	for _, a := range []string{"rakuten-1", "coupang-1"} {
		s.Check(s.Env.Ledger.SetMark(s.Context(), s.account(a), ledger.MarkCatalogFrom, "2026-01-01", s.Now()))
		s.Run(a, "catalog")
	}
}

func deleted(id int64, code string) coupang.Product {
	return coupang.Product{Seller: id, Shown: id + 1, Item: id + 2, Name: code, SKU: code, Price: 1000, Deleted: true}
}

func quantity(manage string, n int64) []connectors.Quantity {
	return []connectors.Quantity{{Codes: order.Codes{ItemID: manage, OptionCode: "normal-inventory"}, Sell: n}}
}
