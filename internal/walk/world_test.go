package walk_test

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/mallbridge/mallbridge/configs"
	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/connectors/drivertest"
	"github.com/mallbridge/mallbridge/internal/fault"
	"github.com/mallbridge/mallbridge/internal/secrets"
	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/pipeline"
	"github.com/mallbridge/mallbridge/pipeline/stage"
	"github.com/mallbridge/mallbridge/simulator/coupang"
	"github.com/mallbridge/mallbridge/simulator/elevenst"
	"github.com/mallbridge/mallbridge/simulator/orders"
	"github.com/mallbridge/mallbridge/simulator/rakuten"
	"github.com/mallbridge/mallbridge/simulator/warehouse"
)

// The accounts. Those of Japan are served by one warehouse, those of Korea by
// another. The last works by sheets.
const (
	rak, cou, ele, sheet = "rak", "cou", "ele", "sheet"
	soko, changgo        = "soko", "changgo"
)

var (
	accounts = []string{rak, cou, ele, sheet}
	houses   = []string{soko, changgo}
	mallOf   = map[string]string{rak: orders.Rakuten, cou: orders.Coupang, ele: orders.ElevenSt, sheet: orders.Rakuten}
	houseOf  = map[string]string{rak: soko, cou: changgo, ele: changgo, sheet: soko}
)

// What the malls know of the shop.
const (
	shopID = "399001"
	vendor = "A00012345"
	seller = "walker"
)

var keys = map[string]string{
	"RAK_SECRET": "SP399001_Tr0ub4dorServiceKey", "RAK_KEY": "SL399001_Xb2mQk81Lr6Yd3Vt",
	"COU_ACCESS": "3c1d7a52-9f0b-4e8d-a6c3-5b7e2f104d98", "COU_SECRET": "8d2f6b1c9e4a7053d8c6f21b0a9e5d7c3f84b6a2",
	"ELE_KEY": "0123456789abcdef0123456789abcdef",
}

// A world is the shop with its malls, warehouses and people, and the program, which
// lives from one crash to the next.
type world struct {
	testing.TB
	*drivertest.Clock
	r   *rand.Rand
	dir string
	// database is the ledger's address; empty for a file.
	database string
	env      *stage.Env
	life     int // of the program
	wire     wire
	rakuten  *rakuten.Mall
	coupang  *coupang.Mall
	eleven   *elevenst.Mall
	houses   map[string]*house
	stream   *orders.Stream
	model    model
	trace    []string // of the last steps
	done     map[string]int
	sick     map[string]bool // accounts whose mall was broken since the last rest
	sheets   []orders.Sheet  // that a person downloaded
}

// newWorld makes the workspace and starts the program. The ledger is a file where no
// address of a database is given.
func newWorld(t testing.TB, seed uint64, database string) *world {
	w := &world{
		TB: t, Clock: drivertest.NewClock(time.Date(2026, 7, 15, 3, 0, 0, 0, time.UTC)), r: rand.New(rand.NewPCG(seed, 0x77616c6b)), dir: t.TempDir(),
		database: database, houses: map[string]*house{}, stream: orders.NewStream(seed + 1), done: map[string]int{}, sick: map[string]bool{},
	}
	w.model.init()
	issued := w.Now().AddDate(0, 0, -10)
	w.rakuten = rakuten.New(rakuten.Options{Now: w.Now})
	w.check(w.rakuten.AddShop(rakuten.Shop{ID: shopID, ServiceSecret: keys["RAK_SECRET"], LicenceKey: keys["RAK_KEY"]}))
	w.coupang = coupang.New(coupang.Options{Now: w.Now})
	w.check(w.coupang.AddVendor(coupang.Vendor{ID: vendor, AccessKey: keys["COU_ACCESS"], SecretKey: keys["COU_SECRET"]}))
	w.eleven = elevenst.New(elevenst.Options{Now: w.Now})
	w.check(w.eleven.AddSeller(elevenst.Seller{ID: seller, Key: keys["ELE_KEY"]}))
	w.wire = wire{w: w, malls: map[string]http.Handler{rak: w.rakuten, cou: w.coupang, ele: w.eleven}, broken: map[string]string{}, left: map[string]int{}}
	w.files(issued)
	for _, name := range houses {
		w.houses[name] = newHouse(w, name)
	}
	w.products()
	w.start()
	w.env.Named = true
	for _, a := range accounts[:3] {
		id, _, err := w.env.Ledger.Account(t.Context(), a, w.Now())
		w.check(err)
		w.check(w.env.Ledger.SetMark(t.Context(), id, ledger.MarkCatalogFrom, "2026-01-01", w.Now()))
		if res := w.stage("catalog", a); res.Err != nil {
			t.Fatal(res.Err)
		}
	}
	w.env.Named = false
	return w
}

func (w *world) check(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// oops fails the walk, with the steps that led there.
func (w *world) oops(format string, args ...any) {
	w.Helper()
	w.Errorf(format, args...)
}

func (w *world) write(name, text string) {
	path := filepath.Join(w.dir, name)
	w.check(os.MkdirAll(filepath.Dir(path), 0o750))
	w.check(os.WriteFile(path, []byte(text), 0o640))
}

// files writes the workspace.
func (w *world) files(issued time.Time) {
	w.write("mallbridge.yaml", "timezone: Asia/Tokyo\nretention: {personal_data: 5d}\nlimits: {workers: 1}\n")
	const common = "not_before: 2026-07-01\nflags: {gift: take}\nremarks: {hold: \"false\"}\nauto_confirmation: true\n"
	const pushes = "auto_stock_sync: true\nstock: {full_every: 24h}\n"
	japan := "sender: {name: 見本商店, phone: 03-0000-0001, postal: \"1000001\", prefecture: 東京都, city: 千代田区, street: 見本町1-1}\nwarehouse: soko\n"
	korea := "sender: {name: 견본상점, phone: 02-000-0001, postal: \"04524\", prefecture: 서울특별시, city: 견본구, street: 새솔로 0}\nwarehouse: changgo\n"
	w.write("accounts/rak.yaml", "mall: rakuten\ntargets: {default: \"300\"}\n"+common+pushes+japan+
		"api:\n  base_url: https://rak.example\n  secrets: {service_secret: env:RAK_SECRET, license_key: env:RAK_KEY}\n")
	w.write("accounts/cou.yaml", "mall: coupang\ntargets: {default: INSTRUCT}\n"+common+pushes+korea+
		"api:\n  base_url: https://cou.example\n  settings: {vendor_id: "+vendor+", key_issued: \""+issued.Format(time.DateOnly)+"\"}\n  secrets: {access_key: env:COU_ACCESS, secret_key: env:COU_SECRET}\n")
	w.write("accounts/ele.yaml", "mall: elevenst\ntargets: {default: \"301\"}\n"+common+pushes+korea+
		"api:\n  base_url: https://ele.example\n  settings: {key_issued: \""+issued.Format(time.DateOnly)+"\"}\n  secrets: {openapi_key: env:ELE_KEY}\n")
	w.write("accounts/sheet.yaml", "mall: rakuten\ntargets: {default: \"300\"}\n"+strings.ReplaceAll(common, "auto_confirmation: true\n", "")+japan+"intake: {look_every: 1ms}\n")
	for _, h := range houses {
		format, kr, zone, prefix := "warehouse-instructions", "", "Asia/Tokyo", "S"
		stock := "stock: {format: warehouse-stock, folder: stock, look_every: 1ms}\n" // free of what was instructed
		if h == changgo {
			format, kr, zone, prefix = "warehouse-instructions-kr", "-kr", "Asia/Seoul", "C"
			stock = "stock: {format: warehouse-stock-kr, folder: stock, figure: on_hand, look_every: 1ms}\n"
		}
		w.write("warehouses/"+h+".yaml", "timezone: "+zone+"\ndrop: {kind: local, root: drops/"+h+"}\n"+
			"instructions:\n  format: "+format+"\n  folder: orders\n  archive: [orders/taken]\n  max_instructions: 20\n  guard: {longest: 30m}\n  brake: {at_least: 3, times: 3}\n"+
			"acks: {format: warehouse-acks"+kr+", folder: acks, expect: true, look_every: 1ms}\n"+
			"results: {format: warehouse-results"+kr+", folder: results, look_every: 1ms}\n"+stock+
			"stops: {format: warehouse-stops"+kr+", folder: stops, changes: true}\n"+
			"calendar: {working_days: [mon, tue, wed, thu, fri, sat, sun], holidays: []}\ntemperatures: [normal, chilled, frozen]\nnumber: {prefix: "+prefix+"}\n")
	}
	w.masters()
}

// chilled are the SKUs that leave in a parcel of their own.
var chilled = []string{"TEA-100", "SOAP-01"}

func (w *world) masters() {
	var skus [][]string
	for _, x := range orders.SKUs {
		temperature := "normal"
		if slices.Contains(chilled, x.Code) {
			temperature = "chilled"
		}
		skus = append(skus, []string{x.Code, x.Name, x.Barcode, fmt.Sprint(x.Weight), temperature, ""})
	}
	for name, m := range map[string]struct {
		titles string
		rows   [][]string
	}{
		configs.SKULinks:         {"account,code,sku,quantity", slices.Concat(orders.Links(), orders.NewListings())},
		configs.SKUMaster:        {"sku,name,barcode,weight,temperature,warehouse", skus},
		configs.PaymentMaster:    {"account,name,code,payment", orders.Payments},
		configs.DeliveryServices: {"account,name,payment,temperature,warehouse,service,carrier", orders.Services},
	} {
		rows := [][]string{strings.Split(m.titles, ",")}
		for _, r := range m.rows {
			r = slices.Clone(r)
			if name == configs.DeliveryServices {
				r[4] = ""
			}
			if name == configs.SKUMaster || r[0] == "" {
				rows = append(rows, r)
				continue
			}
			for _, a := range accounts {
				if mallOf[a] == r[0] {
					rows = append(rows, append([]string{a}, r[1:]...))
				}
			}
		}
		var b bytes.Buffer
		w.check(csv.NewWriter(&b).WriteAll(rows))
		w.write("masters/"+name+".csv", b.String())
	}
}

// start begins a new life of the program, which knows nothing but what lies on disk.
func (w *world) start() {
	w.Helper()
	if w.env != nil {
		w.env.Ledger.Close() // it may be closed
	}
	ws, findings, err := configs.Load(w.dir, func(string) string { return "" })
	w.check(err)
	w.check(findings.Err())
	w.check(ws.MakeFolders())
	at := w.database
	if at == "" {
		at = ws.Path(ws.Settings.Ledger)
	}
	l, err := ledger.Open(w.Context(), at)
	w.check(err)
	host, err := os.Hostname()
	w.check(err)
	w.life++
	w.env = &stage.Env{
		Workspace: ws, Ledger: l, Now: w.Now, Sleep: w.Sleep, Log: slog.New(slog.DiscardHandler),
		// No process has such a number: the next life finds the lease of one that is gone.
		Owner:   fmt.Sprintf("%s/%d/walk", host, 1<<22+w.life),
		Secrets: &secrets.Resolver{Dir: ws.Dir, Getenv: func(n string) (string, bool) { v, ok := keys[n]; return v, ok }},
		Malls:   &stage.Malls{Options: connectors.Options{HTTP: &w.wire, Jitter: func() float64 { return 0.5 }}},
	}
}

// A crash is the end of the program at a place.
type crash struct{ at string }

// stage runs a stage on a target to its end.
func (w *world) stage(name, target string) pipeline.Result {
	w.Helper()
	st, ok := pipeline.Lookup(name)
	if !ok {
		w.Fatalf("no stage %s", name)
	}
	return pipeline.Run(w.Context(), w.env, st, target)
}

// crashing runs a stage that ends at the n-th place between durable steps, or at the
// n-th call of a mall. It tells where it did, or that it came to its end before.
func (w *world) crashing(name, target string, n int) (res pipeline.Result, at string) {
	w.Helper()
	places, calls := 0, 0
	kind := w.r.IntN(3)
	if name != "extract" && name != "report" && name != "stock" && name != "reconcile" && w.r.IntN(3) > 0 {
		kind = 0 // it calls nobody, or a few
	}
	self, dead := goroutine(), ""
	fault.Watch(func(place string) {
		if dead != "" && goroutine() == self {
			panic(crash{dead})
		}
		switch places++; {
		case kind != 0 || places != n:
		case goroutine() == self:
			panic(crash{place})
		default:
			// A panic here would end the test. Without the ledger nothing more
			// comes of the life of the others.
			dead = place
			w.env.Ledger.Close()
		}
	})
	w.wire.each = func(account string, before bool) {
		if dead != "" {
			panic(crash{dead})
		}
		if before {
			calls++
		}
		if calls == n && (kind == 1 && before || kind == 2 && !before) {
			panic(crash{fmt.Sprintf("%s call %d, answered %v", account, n, !before)})
		}
	}
	defer func() {
		fault.Watch(nil)
		w.wire.each = nil
		switch c := recover().(type) {
		case nil:
		case crash:
			at = c.at
			w.start()
		default:
			panic(c)
		}
	}()
	if res = w.stage(name, target); dead != "" {
		panic(crash{dead})
	}
	return res, ""
}

// goroutine is the number of the caller's.
func goroutine() string {
	var buf [32]byte
	id, _, _ := strings.Cut(strings.TrimPrefix(string(buf[:runtime.Stack(buf[:], false)]), "goroutine "), " ")
	return id
}

// A wire carries calls to the malls, and breaks.
type wire struct {
	w      *world
	malls  map[string]http.Handler
	broken map[string]string // by account: down, drop, lost
	left   map[string]int    // calls that it still breaks; below zero: all
	each   func(account string, before bool)
}

var errCut = errors.New("connection reset by peer")

// RoundTrip implements [http.RoundTripper].
func (x *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	account, _, _ := strings.Cut(r.URL.Hostname(), ".")
	if x.each != nil {
		x.each(account, true)
	}
	fault := x.broken[account]
	if fault != "" {
		if x.left[account]--; x.left[account] == 0 {
			delete(x.broken, account)
		}
	}
	if fault == "drop" {
		return nil, errCut
	}
	rec := httptest.NewRecorder()
	if fault == "down" {
		http.Error(rec, "<html>メンテナンス中</html>", http.StatusServiceUnavailable)
	} else {
		in := r.Clone(r.Context())
		in.RequestURI, in.RemoteAddr, in.Host = r.URL.RequestURI(), "192.0.2.1:1", r.URL.Host
		if in.Body == nil {
			in.Body = http.NoBody
		}
		x.malls[account].ServeHTTP(rec, in)
	}
	if r.Body != nil {
		_, _ = io.Copy(io.Discard, r.Body)
		r.Body.Close()
	}
	if x.each != nil {
		x.each(account, false)
	}
	if fault == "lost" {
		return nil, errCut
	}
	res := rec.Result()
	res.Request = r
	return res, nil
}

func (x *wire) mend() {
	clear(x.broken)
	clear(x.left)
}

// products puts what the shops sell on sale.
func (w *world) products() {
	for i := range orders.Goods {
		g := &orders.Goods[i]
		switch g.Mall {
		case orders.Rakuten:
			p := productOf(rak, g)
			sku := ""
			if g.From == "sku_code" {
				sku = g.Code
			}
			w.check(w.rakuten.AddItem(shopID, p.item, p.option, sku, g.Name, g.Price))
		case orders.Coupang:
			p := productOf(cou, g)
			code := ""
			if g.From == "item_code" {
				code = g.Code
			}
			w.check(w.coupang.Sell(vendor, coupang.Product{Seller: 15_000_000_000 + p.shown%1_000_000_000, Shown: p.shown, Item: p.number, Name: g.Name, Option: g.Option, SKU: code, Price: g.Price}))
		case orders.ElevenSt:
			p := productOf(ele, g)
			x := elevenst.Product{No: p.shown, StockNo: p.number, Name: g.Name, Option: g.Option, Price: g.Price}
			switch g.From {
			case "option_code":
				x.Code, x.StockCd = "HK", g.Code
			case "item_code":
				x.Code = g.Code
			}
			w.check(w.eleven.Sell(seller, x))
		}
	}
}

// A product is how a mall names what it sells.
type product struct {
	account       string
	item, option  string // Rakuten
	shown, number int64  // Coupang and 11st
	picks         []orders.Pick
}

func productOf(account string, g *orders.Good) product {
	p := product{account: account, picks: g.Picks}
	switch g.Mall {
	case orders.Rakuten:
		p.item, p.option = g.Item, "normal-inventory"
		if _, option, ok := strings.Cut(g.Code, ":"); ok {
			p.option = option
		}
	case orders.Coupang:
		p.shown, p.number = number("6"+g.Item[:10]), number(g.Item)
	case orders.ElevenSt:
		nth := 0
		for i := range orders.Goods {
			if x := &orders.Goods[i]; x.Mall == g.Mall && x.Item == g.Item {
				nth++
				if x == g {
					break
				}
			}
		}
		p.shown, p.number = number(g.Item), number(fmt.Sprint("2", g.Item, nth))
	}
	return p
}

func number(text string) int64 {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		panic(err)
	}
	return n
}

// offered is what a mall shows of a product.
func (w *world) offered(p product) int64 {
	w.Helper()
	var n int64
	var err error
	ok := true
	switch p.account {
	case rak:
		n, err = w.rakuten.Quantity(shopID, p.item, p.option)
	case cou:
		n, ok = w.coupang.Stock(vendor, p.number)
	case ele:
		n, _, ok = w.eleven.Stock(seller, p.number)
	}
	w.check(err)
	if !ok {
		w.Fatalf("%s does not have %+v", p.account, p)
	}
	return n
}

// shows lists the tracking numbers that a mall shows of an order.
func (w *world) shows(s *sale) []string {
	w.Helper()
	var out []string
	switch s.account {
	case rak:
		var err error
		out, err = w.rakuten.Tracking(s.o.Number)
		w.check(err)
	case cou:
		for _, b := range w.coupang.Bundles(vendor, number(s.o.Number)) {
			if b.Invoice != "" {
				out = append(out, b.Invoice)
			}
		}
	case ele:
		for _, l := range w.eleven.Lines(seller, number(s.o.Number)) {
			for n := range l.Parcels {
				out = append(out, n)
			}
		}
	case sheet:
		out = s.uploaded
	}
	return out
}

// A house is a warehouse with its shelves and what it keeps back of its answers.
type house struct {
	*warehouse.Warehouse
	w      *world
	name   string
	root   string
	shelf  map[string]int64
	gone   map[string]bool // instructions whose goods have left
	stocks []stockFile     // that were written once, and may come again
	serial int
	pocket map[string][]byte // result and ack files that come later, by folder and name
}

type stockFile struct {
	name string
	text []byte
}

func newHouse(w *world, name string) *house {
	h := &house{w: w, name: name, root: filepath.Join(w.dir, "drops", name), shelf: map[string]int64{}, gone: map[string]bool{}, pocket: map[string][]byte{}}
	layout := warehouse.Japan
	if name == changgo {
		layout = warehouse.Korea
	}
	var err error
	h.Warehouse, err = warehouse.Open(warehouse.Config{Name: name, Root: h.root, Layout: layout, Now: w.Now, Faults: warehouse.Faults{
		Refuse: func(_ *warehouse.Instruction, nth int) string {
			if nth%37 == 36 {
				return "見本不可"
			}
			return ""
		},
		Late: func(nth int) bool { return nth%5 == 4 },
	}})
	w.check(err)
	for _, x := range orders.SKUs {
		h.shelf[x.Code] = 40
	}
	return h
}
