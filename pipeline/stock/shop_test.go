package stock_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/mallbridge/mallbridge/configs"
	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/connectors/drivertest"
	"github.com/mallbridge/mallbridge/internal/secrets"
	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/order"
	"github.com/mallbridge/mallbridge/pipeline"
	"github.com/mallbridge/mallbridge/pipeline/stage"
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
	testing.TB
	*drivertest.Clock
	dir     string
	env     *stage.Env
	rakuten *rakuten.Mall
	coupang *coupang.Mall
	serial  int
	people  int // recipients among whom orders go round; 0: each order has its own

	mu     sync.Mutex
	broken func(w http.ResponseWriter, r *http.Request) bool
	calls  int // that write stock
}

// settings are added to the files of accounts and warehouses by name.
type settings map[string]string

func open(t testing.TB, more settings) *shop {
	t.Helper()
	s := &shop{TB: t, Clock: drivertest.NewClock(time.Date(2026, 7, 15, 3, 0, 0, 0, time.UTC)), dir: t.TempDir()}
	s.rakuten = rakuten.New(rakuten.Options{Now: s.Now})
	s.check(s.rakuten.AddShop(rakuten.Shop{ID: shopID, ServiceSecret: serviceSecret, LicenceKey: licenceKey, Issued: s.Now().AddDate(0, 0, -10)}))
	s.coupang = coupang.New(coupang.Options{Now: s.Now})
	s.check(s.coupang.AddVendor(coupang.Vendor{ID: vendor, AccessKey: accessKey, SecretKey: secretKey, Issued: s.Now().AddDate(0, 0, -10)}))
	sender := "sender: {name: 見本商店, phone: 03-0000-0001, postal: \"1000001\", prefecture: 東京都, city: 千代田区, street: 見本町1-1}\nremarks: {hold: \"false\"}\nnot_before: 2026-07-01\n"
	s.write("mallbridge.yaml", "timezone: Asia/Tokyo\n")
	s.write("accounts/rakuten-1.yaml", "mall: rakuten\ntargets: {default: \"300\"}\nauto_stock_sync: true\nwarehouse: tokyo\n"+sender+
		"api:\n  base_url: "+s.serve(s.rakuten)+"\n  secrets: {service_secret: env:RAKUTEN_SECRET, license_key: env:RAKUTEN_KEY}\n"+more["rakuten-1"])
	s.write("accounts/coupang-1.yaml", "mall: coupang\ntargets: {default: INSTRUCT}\nauto_stock_sync: true\nwarehouse: tokyo\n"+sender+
		"api:\n  base_url: "+s.serve(s.coupang)+"\n  settings: {vendor_id: "+vendor+"}\n  secrets: {access_key: env:COUPANG_ACCESS, secret_key: env:COUPANG_SECRET}\n"+more["coupang-1"])
	s.write("accounts/plain-1.yaml", "mall: plain\ntimezone: Asia/Tokyo\ncountry: JP\ncurrency: JPY\ntargets: {default: ready}\nwarehouse: tokyo\nsku_from: [sku_code]\n"+sender+more["plain-1"])
	for _, w := range []string{"tokyo", "osaka"} {
		s.write("warehouses/"+w+".yaml", "timezone: Asia/Tokyo\ndrop: {kind: local, root: drops/"+w+"}\ninstructions: {format: warehouse-instructions, folder: orders}\n"+
			"results: {format: warehouse-results, folder: results}\nstock: {format: warehouse-stock, folder: stock"+more[w]+"}\n"+
			"calendar: {working_days: [mon, tue, wed, thu, fri, sat, sun]}\nnumber: {prefix: "+string(w[0]-'a'+'A')+"}\n")
		s.check(os.MkdirAll(filepath.Join(s.dir, "drops", w, "orders"), 0o750))
	}
	s.write("masters/sku-links.csv", "account,code,sku,quantity\n,TEE,TEE,1\n,SET,TEE,2\n,SET,CAP,1\n,MUG,MUG,1\n,CAP,CAP,1\n"+more["links"])
	s.write("masters/skus.csv", "sku,name,buffer\nTEE,shirt,\nCAP,cap,3\nMUG,mug,\n")
	s.write("masters/payments.csv", "account,name,code,payment\n,prepaid,,prepaid\n")
	s.write("masters/delivery-services.csv", "account,name,payment,temperature,warehouse,service,carrier\n,宅配便,,,,takkyubin,yamato\n")
	s.load()
	l, err := ledger.Open(t.Context(), filepath.Join(s.dir, "ledger.db"))
	s.check(err)
	t.Cleanup(func() { l.Close() })
	s.env.Ledger = l
	return s
}

// load reads the workspace anew.
func (s *shop) load() {
	s.Helper()
	ws, findings, err := configs.Load(s.dir, func(string) string { return "" })
	s.check(err)
	s.check(findings.Err())
	s.check(ws.MakeFolders())
	if s.env != nil {
		s.env.Workspace = ws
		return
	}
	keys := map[string]string{"RAKUTEN_SECRET": serviceSecret, "RAKUTEN_KEY": licenceKey, "COUPANG_ACCESS": accessKey, "COUPANG_SECRET": secretKey}
	s.env = &stage.Env{
		Workspace: ws, Now: s.Now, Sleep: s.Sleep, Log: slog.New(slog.DiscardHandler), Owner: pipeline.Owner("test"),
		Secrets: &secrets.Resolver{Dir: ws.Dir, Getenv: func(n string) (string, bool) { v, ok := keys[n]; return v, ok }},
		Malls:   &stage.Malls{Options: connectors.Options{Jitter: func() float64 { return 0.5 }}},
	}
}

func (s *shop) check(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

func (s *shop) write(name, text string) {
	path := filepath.Join(s.dir, name)
	s.check(os.MkdirAll(filepath.Dir(path), 0o750))
	s.check(os.WriteFile(path, []byte(text), 0o640))
}

// serve puts a mall behind a server that breaks when the test says so.
func (s *shop) serve(mall http.Handler) string {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		broken := s.broken
		if r.Method == http.MethodPut || r.URL.Path == "/es/2.0/inventories/bulk-upsert" {
			s.calls++
		}
		s.mu.Unlock()
		if broken == nil || !broken(w, r) {
			mall.ServeHTTP(w, r)
		}
	}))
	s.Cleanup(server.Close)
	return server.URL
}

func (s *shop) breaks(f func(w http.ResponseWriter, r *http.Request) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.broken = f
}

// wrote returns how many calls wrote stock since it was asked last.
func (s *shop) wrote() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.calls
	s.calls = 0
	return n
}

func (s *shop) account(name string) int64 {
	s.Helper()
	id, _, err := s.env.Ledger.Account(s.Context(), name, s.Now())
	s.check(err)
	return id
}

func (s *shop) warehouse(name string) int64 {
	s.Helper()
	id, err := s.env.Ledger.Warehouse(s.Context(), name)
	s.check(err)
	return id
}

// stocked stores what a stock file of the warehouse says at this moment.
func (s *shop) stocked(warehouse string, free map[string]int64) {
	s.Helper()
	var list []order.Stock
	for sku, n := range free {
		list = append(list, order.Stock{Warehouse: warehouse, SKU: sku, OnHand: n, Sellable: n, At: s.Now()})
	}
	_, err := s.env.Ledger.PutStock(s.Context(), s.warehouse(warehouse), 1, list, false, s.Now())
	s.check(err)
}

// sold stores an order of the plain account, in a status, with pieces of codes.
func (s *shop) sold(number, status string, pieces map[string]int64) {
	s.Helper()
	s.serial++
	who := number
	if s.people > 0 {
		n, err := strconv.Atoi(number)
		s.check(err)
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
	_, err := s.env.Ledger.PutOrders(s.Context(), s.account("plain-1"), 1, []ledger.Intake{{Order: o, Row: 1}}, s.Now())
	s.check(err)
}

// run runs stages on one account, or on a warehouse.
func (s *shop) run(target string, names ...string) stage.Report {
	s.Helper()
	rep, err := s.try(target, names...)
	s.check(err)
	return rep
}

func (s *shop) try(target string, names ...string) (rep stage.Report, err error) {
	s.Helper()
	for _, name := range names {
		st, ok := pipeline.Lookup(name)
		if !ok {
			s.Fatalf("no stage %s", name)
		}
		res := pipeline.Run(s.Context(), s.env, st, target)
		if res.Err != nil {
			return res.Report, res.Err
		}
		rep = res.Report
	}
	return rep, nil
}

// item puts a product on sale at Rakuten whose SKU number is code.
func (s *shop) item(manage, code string) {
	s.Helper()
	s.check(s.rakuten.AddItem(shopID, manage, "normal-inventory", code, manage, 1000))
}

// option puts a product on sale at Coupang whose seller's code is code.
func (s *shop) option(id int64, code string) {
	s.Helper()
	s.check(s.coupang.Sell(vendor, coupang.Product{Seller: id, Shown: id + 1, Item: id + 2, Name: code, SKU: code, Price: 1000}))
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
	s.env.Named = true
	defer func() { s.env.Named = false }()
	for _, a := range []string{"rakuten-1", "coupang-1"} {
		s.check(s.env.Ledger.SetMark(s.Context(), s.account(a), ledger.MarkCatalogFrom, "2026-01-01", s.Now()))
		s.run(a, "catalog")
	}
}

func (s *shop) text(name string) string {
	s.Helper()
	b, err := os.ReadFile(filepath.Join(s.dir, name))
	s.check(err)
	return string(b)
}

func deleted(id int64, code string) coupang.Product {
	return coupang.Product{Seller: id, Shown: id + 1, Item: id + 2, Name: code, SKU: code, Price: 1000, Deleted: true}
}

func quantity(manage string, n int64) []connectors.Quantity {
	return []connectors.Quantity{{Codes: order.Codes{ItemID: manage, OptionCode: "normal-inventory"}, Sell: n}}
}
