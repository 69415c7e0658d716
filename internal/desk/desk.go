// Package desk is what tests of stages stand on: a workspace in a temporary folder with
// its ledger, by a clock that waiting moves, and simulated malls behind servers that
// break when a test says so.
package desk

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mallbridge/mallbridge/configs"
	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/connectors/drivertest"
	"github.com/mallbridge/mallbridge/internal/secrets"
	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/pipeline"
	"github.com/mallbridge/mallbridge/pipeline/stage"
	"github.com/mallbridge/mallbridge/simulator/orders"
)

// A Desk is a workspace. Write its files, then Load it.
type Desk struct {
	testing.TB
	*drivertest.Clock
	Dir string
	Env *stage.Env
	// Keys are the secrets that files name as env:NAME.
	Keys map[string]string
	// More are rows of masters, by name, beside those of package orders.
	More map[string][]orders.Row
	// Seen sees every request to a mall, if it is set.
	Seen func(*http.Request)

	mu     sync.Mutex
	broken func(w http.ResponseWriter, r *http.Request, mall http.Handler) bool
}

// New makes an empty desk on the morning of 15 July 2026.
func New(t testing.TB, keys map[string]string) *Desk {
	return &Desk{TB: t, Clock: drivertest.NewClock(time.Date(2026, 7, 15, 3, 0, 0, 0, time.UTC)), Dir: t.TempDir(), Keys: keys}
}

// Check ends the test with an error.
func (d *Desk) Check(err error) {
	if err != nil {
		d.Helper()
		d.Fatal(err)
	}
}

// Write writes a file of the workspace.
func (d *Desk) Write(name, text string) {
	d.Helper()
	path := filepath.Join(d.Dir, name)
	d.Check(os.MkdirAll(filepath.Dir(path), 0o750))
	d.Check(os.WriteFile(path, []byte(text), 0o640))
}

// Text is a file of the workspace.
func (d *Desk) Text(name string) string {
	d.Helper()
	b, err := os.ReadFile(filepath.Join(d.Dir, name))
	d.Check(err)
	return string(b)
}

// Edit changes a file of the configuration and loads it.
func (d *Desk) Edit(name, was, is string) {
	d.Helper()
	text := d.Text(name)
	if !strings.Contains(text, was) {
		d.Fatalf("%s has no %q", name, was)
	}
	d.Write(name, strings.Replace(text, was, is, 1))
	d.Load()
}

// Load reads the configuration. The first time it opens the ledger.
func (d *Desk) Load() {
	d.Helper()
	ws, findings, err := configs.Load(d.Dir, func(string) string { return "" })
	d.Check(err)
	d.Check(findings.Err())
	d.Check(ws.MakeFolders())
	if d.Env != nil {
		d.Env.Workspace = ws
		return
	}
	l, err := ledger.Open(d.Context(), ws.Path(ws.Settings.Ledger))
	d.Check(err)
	d.Cleanup(func() { l.Close() })
	d.Env = &stage.Env{
		Workspace: ws, Ledger: l, Now: d.Now, Sleep: d.Sleep, Log: slog.New(slog.DiscardHandler), Owner: pipeline.Owner("test"),
		Secrets: &secrets.Resolver{Dir: ws.Dir, Getenv: func(n string) (string, bool) { v, ok := d.Keys[n]; return v, ok }},
		Malls:   &stage.Malls{Options: connectors.Options{Jitter: func() float64 { return 0.5 }}},
	}
}

// Serve puts a mall behind a server and returns its address.
func (d *Desk) Serve(mall http.Handler) string {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if d.Seen != nil {
			d.Seen(r)
		}
		d.mu.Lock()
		broken := d.broken
		d.mu.Unlock()
		if broken == nil || !broken(w, r, mall) {
			mall.ServeHTTP(w, r)
		}
	}))
	d.Cleanup(server.Close)
	return server.URL
}

// Breaks lets f stand before the malls; it reports whether it has answered. nil takes
// it away.
func (d *Desk) Breaks(f func(w http.ResponseWriter, r *http.Request, mall http.Handler) bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.broken = f
}

// Run runs stages and returns what the last says.
func (d *Desk) Run(target string, names ...string) stage.Report {
	d.Helper()
	res := d.Try(target, names...)
	d.Check(res.Err)
	return res.Report
}

// Try runs stages up to the first that fails. A stage that is not of the target runs on
// all of its own: those of warehouses after those of an account.
func (d *Desk) Try(target string, names ...string) (res pipeline.Result) {
	d.Helper()
	for _, name := range names {
		s, ok := pipeline.Lookup(name)
		if !ok {
			d.Fatalf("no stage %s", name)
		}
		targets := s.Targets(d.Env.Workspace)
		if s.On == pipeline.Accounts || slices.Contains(targets, target) {
			targets = []string{target}
		}
		for _, t := range targets {
			if res = pipeline.Run(d.Context(), d.Env, s, t); res.Err != nil {
				return res
			}
		}
	}
	return res
}

// Row is the only order of a number.
func (d *Desk) Row(number string) ledger.Row {
	d.Helper()
	rows, err := d.Env.Ledger.OrdersByNumber(d.Context(), number, "")
	d.Check(err)
	if len(rows) != 1 {
		d.Fatalf("%d orders %s", len(rows), number)
	}
	return rows[0]
}

// Masters writes those of package orders for the malls of some accounts. temperature is
// of a SKU; nil for normal.
func (d *Desk) Masters(accounts map[string][]string, temperature func(orders.SKU) string) {
	d.Helper()
	var skus []orders.Row
	for _, x := range orders.SKUs {
		class := "normal"
		if temperature != nil {
			class = temperature(x)
		}
		skus = append(skus, orders.Row{x.Code, x.Name, x.Barcode, fmt.Sprint(x.Weight), class, ""})
	}
	d.Master(configs.SKUMaster, "sku,name,barcode,weight,temperature,warehouse", skus)
	links := [][]orders.Row{orders.Links(), orders.NewListings()}
	for _, mall := range slices.Sorted(maps.Keys(accounts)) {
		links = append(links, orders.LinksOf(mall))
	}
	d.Master(configs.SKULinks, "account,code,sku,quantity", of(accounts, links...))
	d.Master(configs.PaymentMaster, "account,name,code,payment", of(accounts, orders.Payments))
	services := of(accounts, orders.Services)
	for _, r := range services {
		r[4] = "" // the warehouse
	}
	d.Master(configs.DeliveryServices, "account,name,payment,temperature,warehouse,service,carrier", services)
}

// of are rows for accounts in place of their malls, each once.
func of(accounts map[string][]string, lists ...[]orders.Row) (out []orders.Row) {
	for _, r := range slices.Concat(lists...) {
		names := accounts[r[0]]
		if r[0] == "" {
			names = []string{""}
		}
		for _, a := range names {
			row := append(orders.Row{a}, r[1:]...)
			if !slices.ContainsFunc(out, func(x orders.Row) bool { return slices.Equal(x, row) }) {
				out = append(out, row)
			}
		}
	}
	return out
}

// Master writes a master of rows, and more, below its titles.
func (d *Desk) Master(name, titles string, rows []orders.Row) {
	d.Helper()
	var b bytes.Buffer
	c := csv.NewWriter(&b)
	d.Check(c.Write(strings.Split(titles, ",")))
	for _, r := range slices.Concat(rows, d.More[name]) {
		d.Check(c.Write(r))
	}
	c.Flush()
	d.Check(c.Error())
	d.Write("masters/"+name+".csv", b.String())
}
