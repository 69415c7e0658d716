package demo

import (
	"bytes"
	"context"
	"crypto/rand"
	"embed"
	"encoding/csv"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"text/template"
	"time"

	"github.com/mallbridge/mallbridge/configs"
	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/internal/secrets"
	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/order"
	"github.com/mallbridge/mallbridge/pipeline"
	"github.com/mallbridge/mallbridge/pipeline/stage"
	"github.com/mallbridge/mallbridge/simulator/orders"
	"github.com/mallbridge/mallbridge/simulator/sftpd"
	"github.com/mallbridge/mallbridge/simulator/warehouse"
)

//go:embed workspace
var templates embed.FS

// marker tells a workspace of the demo from one that somebody works with.
const marker = ".mallbridge-demo"

// smartStorePassword is what the seller chose for the download.
const smartStorePassword = "demo-1234"

var japan = time.FixedZone("JST", 9*60*60)

// accounts in the order in which they are told about, with their malls.
var accounts = []struct {
	name, mall string
	api        bool // its mall is asked; the others' orders come as sheets
}{
	{"rakuten-1", orders.Rakuten, false},
	{"smartstore-1", orders.SmartStore, false},
	{"coupang-1", orders.Coupang, false},
	{"plain-1", orders.Plain, false},
	{"rakuten-2", orders.Rakuten, true},
	{"coupang-2", orders.Coupang, true},
	{"elevenst-1", orders.ElevenSt, true},
	{"smartstore-2", orders.SmartStore, true},
	{"yahooshopping-1", orders.YahooShopping, true},
	{"yahooauction-1", orders.YahooAuction, true},
	{"amazon-1", orders.Amazon, true},
	{"shopify-1", orders.Shopify, true},
	{"shopserve-1", orders.Shopserve, true},
	{"ebay-1", orders.Ebay, true},
}

// further are malls whose listings are none of those that [orders.Links] links.
var further = []string{orders.YahooShopping, orders.YahooAuction, orders.Amazon, orders.Shopify, orders.Shopserve, orders.Ebay}

// nameWidth is that of the longest name of an account.
const nameWidth = 17

// A world is a workspace with shops and warehouses around it.
type world struct {
	o      Options
	paper  *paper
	clock  *clock
	start  time.Time // midnight of the day, in Japan
	env    *stage.Env
	stream *orders.Stream
	placed map[string][]orders.Order // by mall; those of malls asked by API by account
	sites  []*site
	shops  map[string]*apiShop // by account
	meter  connectors.Counters
	early  [][2]string // account and number of orders that were cancelled before their file left
	linked bool        // the new listings are in the masters
	agreed bool        // the replacement is in the warehouse's settings
}

// refusal is what a warehouse says to an instruction that it refuses on purpose.
const refusal = "住所の番地を確認してください"

// A site is one simulated warehouse with its server.
type site struct {
	name   string
	w      *warehouse.Warehouse
	server *sftpd.Server
}

// A clock shows the time of the day that is played, and the real one after it.
type clock struct {
	mu   sync.Mutex
	at   time.Time
	real func() time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.at.IsZero() {
		return c.real()
	}
	return c.at
}

func (c *clock) set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = t
}

// sleep lets the time of the day go on instead of waiting. After the day it
// waits, but no longer than people like to.
func (c *clock) sleep(ctx context.Context, d time.Duration) error {
	return c.wait(ctx, d, 50*time.Millisecond)
}

// pause is sleep for the pace of calls, which malls hold callers to.
func (c *clock) pause(ctx context.Context, d time.Duration) error { return c.wait(ctx, d, d) }

func (c *clock) wait(ctx context.Context, d, most time.Duration) error {
	c.mu.Lock()
	played := !c.at.IsZero()
	if played {
		c.at = c.at.Add(d)
	}
	c.mu.Unlock()
	if played {
		return ctx.Err()
	}
	return stage.Sleep(ctx, min(d, most))
}

// dayOver is the hour at which the day that is played ends.
const dayOver = 18 * time.Hour

func newWorld(ctx context.Context, o Options) (w *world, err error) {
	now := o.Now().In(japan)
	start := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, japan)
	if now.Before(start.Add(dayOver)) {
		start = start.AddDate(0, 0, -1)
	}
	w = &world{
		o: o, paper: newPaper(o.Out, o.Lang, o.Terminal), clock: &clock{real: o.Now}, start: start,
		stream: orders.NewStream(o.Seed), placed: map[string][]orders.Order{},
	}
	w.clock.set(start.Add(8*time.Hour + 30*time.Minute))
	defer func() {
		if err != nil {
			err = errors.Join(err, w.close())
		}
	}()
	if err := claimDir(o.Dir); err != nil {
		return w, err
	}
	if err := w.openSites(); err != nil {
		return w, err
	}
	if err := w.openShops(); err != nil {
		return w, err
	}
	if err := w.writeWorkspace(); err != nil {
		return w, err
	}
	return w, w.load(ctx)
}

// claimDir makes sure that nothing but an earlier demo is written over.
func claimDir(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if _, err := os.Stat(filepath.Join(dir, marker)); err != nil && len(entries) > 0 {
		return order.Errorf(order.Invalid, "name an empty folder with --dir, or leave it out", "%s is not empty and was not made by the demo", dir)
	}
	for _, d := range []string{"keys", "masters", "accounts", "warehouses", "formats", "tests", "simulated"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o750); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(dir, marker), []byte("made by mallbridge demo; it may be written over at the next start\n"), 0o640)
}

func (w *world) path(elem ...string) string {
	return filepath.Join(append([]string{w.o.Dir}, elem...)...)
}

// shelves are the pieces that a warehouse keeps of its SKUs at first.
func shelves(name string) map[string]int64 {
	m := map[string]int64{}
	for _, s := range orders.SKUs {
		switch {
		case s.Warehouse == name:
			m[s.Code] = s.Pieces
		case name == "narita" && s.Warehouse == "tokyo" && s.Temperature == "normal": // a part of them lies there, for abroad
			m[s.Code] = s.Pieces / 10
		}
	}
	return m
}

func (w *world) openSites() error {
	key, err := sftpd.KeyFile(w.path("keys", "id_ed25519"), "mallbridge demo")
	if err != nil {
		return err
	}
	const password = "demo-seoul"
	for name, text := range map[string]string{"seoul-password": password, "smartstore-password": smartStorePassword} {
		if err := os.WriteFile(w.path("keys", name), []byte(text+"\n"), 0o600); err != nil {
			return err
		}
	}
	tokyo := warehouse.Config{Layout: warehouse.Japan, DoneMark: "{name}.done", Faults: warehouse.Faults{
		Refuse: func(_ *warehouse.Instruction, nth int) string {
			if nth%60 == 30 {
				return refusal
			}
			return ""
		},
		Late:  func(nth int) bool { return nth%25 == 5 },
		Short: map[string]int64{"CAN-CURRY": 1},
	}}
	if w.o.B2 {
		tokyo.Layout = warehouse.B2
	}
	seoul := warehouse.Config{Layout: warehouse.Korea, Faults: warehouse.Faults{
		Late: func(nth int) bool { return nth%25 == 5 }, RepeatResults: true,
	}}
	if err := w.openSite("tokyo", tokyo, sftpd.Config{User: "shop-0001", Key: key.PublicKey()}); err != nil {
		return err
	}
	if err := w.openSite("seoul", seoul, sftpd.Config{User: "shop-0002", Password: password}); err != nil {
		return err
	}
	narita := warehouse.Config{Layout: warehouse.World}
	return w.openSite("narita", narita, sftpd.Config{User: "shop-0003", Key: key.PublicKey()})
}

func (w *world) openSite(name string, c warehouse.Config, s sftpd.Config) error {
	c.Name, c.Root, c.Now, c.Pieces = name, w.path("simulated", name), w.clock.now, shelves(name)
	c.Journal = w.path("simulated", name+".jsonl")
	if err := os.MkdirAll(c.Root, 0o750); err != nil {
		return err
	}
	host, err := sftpd.KeyFile(w.path("simulated", name+".hostkey"), name+" demo")
	if err != nil {
		return err
	}
	sim, err := warehouse.Open(c)
	if err != nil {
		return err
	}
	s.Root, s.HostKey = c.Root, host
	server, err := sftpd.Start(s)
	w.sites = append(w.sites, &site{name, sim, server})
	return err
}

// settings are what the files of the workspace are filled in with.
type settings struct {
	Language             string
	Start                string // first day of orders that count
	Recent               string // the same for shops whose malls are asked
	Tokyo, Seoul, Narita *sftpd.Server
	Shops                map[string]*apiShop
	Pairs                [][2]string
	B2                   bool
}

// writeWorkspace writes every file of the workspace that people would keep.
func (w *world) writeWorkspace() error {
	s := settings{B2: w.o.B2, Language: w.o.Lang, Start: w.start.AddDate(0, 0, -30).Format(time.DateOnly), Recent: w.start.AddDate(0, 0, -2).Format(time.DateOnly), Tokyo: w.sites[0].server, Seoul: w.sites[1].server, Narita: w.sites[2].server, Shops: w.shops}
	if w.agreed {
		s.Pairs = orders.Replacements
	}
	known := w.sites[0].server.KnownHosts + "\n"
	if err := os.WriteFile(w.path("keys", "known_hosts"), []byte(known), 0o600); err != nil {
		return err
	}
	sub, err := fs.Sub(templates, "workspace")
	if err != nil {
		return err
	}
	err = fs.WalkDir(sub, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(sub, name)
		if err != nil {
			return err
		}
		// {name} and {{.Batch}} of formats are not ours to fill in.
		if strings.HasPrefix(name, "formats/") {
			return os.WriteFile(w.path(name), text, 0o640)
		}
		t, err := template.New(name).Parse(string(text))
		if err != nil {
			return err
		}
		var b bytes.Buffer
		if err := t.Execute(&b, s); err != nil {
			return err
		}
		return os.WriteFile(w.path(name), b.Bytes(), 0o640)
	})
	if err != nil {
		return err
	}
	return w.writeMasters()
}

func (w *world) writeMasters() error {
	links := orders.Links()
	for _, mall := range further {
		links = append(links, orders.LinksOf(mall)...)
	}
	if w.linked {
		links = append(links, orders.NewListings()...)
	}
	var skus [][]string
	for _, s := range orders.SKUs {
		skus = append(skus, []string{s.Code, s.Name, s.Barcode, fmt.Sprint(s.Weight), s.Temperature, s.Warehouse})
	}
	for _, m := range []struct {
		name, titles string
		rows         [][]string
	}{
		{configs.SKULinks, "account,code,sku,quantity", links},
		{configs.SKUMaster, "sku,name,barcode,weight,temperature,warehouse", skus},
		{configs.PaymentMaster, "account,name,code,payment", orders.Payments},
		{configs.DeliveryServices, "account,name,payment,temperature,warehouse,service,carrier", orders.Services},
		{configs.TimeBands, "account,carrier,code,band", orders.TimeBands},
	} {
		var b bytes.Buffer
		c := csv.NewWriter(&b)
		if err := c.WriteAll(append([][]string{strings.Split(m.titles, ",")}, m.rows...)); err != nil {
			return err
		}
		if err := os.WriteFile(w.path("masters", m.name+".csv"), b.Bytes(), 0o640); err != nil {
			return err
		}
	}
	return nil
}

// load reads the workspace (again) and opens its ledger if it is not open.
func (w *world) load(ctx context.Context) error {
	none := func(string) string { return "" }
	ws, findings, err := configs.Load(w.o.Dir, none)
	if err == nil {
		err = findings.Err()
	}
	if err != nil {
		return err
	}
	if err := ws.MakeFolders(); err != nil {
		return err
	}
	if w.env != nil {
		w.env.Workspace = ws
		return nil
	}
	l, err := ledger.Open(ctx, ws.Path(ws.Settings.Ledger))
	if err != nil {
		return err
	}
	w.env = &stage.Env{
		Workspace: ws, Ledger: l, Secrets: &secrets.Resolver{Dir: ws.Dir}, Now: w.clock.now, Sleep: w.clock.sleep, Malls: w.calls(),
		Log: slog.New(slog.DiscardHandler), Owner: pipeline.Owner("demo"),
	}
	return nil
}

func (w *world) close() error {
	errs := []error{w.closeShops()}
	for _, s := range w.sites {
		if s.server != nil {
			errs = append(errs, s.server.Close())
		}
		errs = append(errs, s.w.Close())
	}
	if w.env != nil {
		errs = append(errs, w.env.Ledger.Close())
	}
	return errors.Join(errs...)
}

// drop puts a sheet into an account's watch folder as a browser does it: under
// another name first.
func (w *world) drop(account string, s orders.Sheet) error {
	acc, ok := w.env.Workspace.Account(account)
	if !ok {
		return order.Errorf(order.NotFound, "", "no account %s", account)
	}
	dir := w.env.Workspace.Path(acc.Intake.Folder)
	temp := filepath.Join(dir, s.Name+".crdownload")
	if err := os.WriteFile(temp, s.Data, 0o640); err != nil {
		return err
	}
	return os.Rename(temp, filepath.Join(dir, s.Name))
}

func (w *world) sheet(mall string, os []orders.Order) (orders.Sheet, error) {
	return orders.Sheets(mall, os, w.clock.now().In(japan), smartStorePassword, rand.Reader)
}
