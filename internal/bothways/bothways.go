// Package bothways proves of a mall what its connector and its sheet promise together:
// orders that come by API and by sheet are at the warehouse once, whichever way was
// first, and nobody is told that they changed.
package bothways

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mallbridge/mallbridge/configs"
	"github.com/mallbridge/mallbridge/internal/secrets"
	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/order"
	"github.com/mallbridge/mallbridge/pipeline"
	"github.com/mallbridge/mallbridge/pipeline/stage"
	"github.com/mallbridge/mallbridge/simulator/orders"
)

// A Shop is an account at a simulated mall whose orders are there already.
type Shop struct {
	Mall string // its accounts in the masters have this name
	// Settings are lines of accounts/<mall>-main.yaml beside mall, warehouse and sender.
	Settings string
	Country  string // JP or KR: of the warehouse
	// Rows of the masters beside those of package orders for the mall.
	Links, Payments []orders.Row

	Clock  Clock
	Orders []orders.Order
	// Sheet is the mall's sheet of all orders.
	Sheet func() (name string, data []byte)
	// Read reads the orders by API.
	Read func() []order.Order
	// Apart are orders whose fate hangs on what is not here: rules, other warehouses.
	Apart func(o *orders.Order) bool
}

// A Clock is what shop and stages go by.
type Clock interface {
	Now() time.Time
	Sleep(ctx context.Context, d time.Duration) error
	Move(d time.Duration)
}

// Test runs the proof. open makes a shop anew.
func Test(t *testing.T, open func(t *testing.T) Shop) {
	for name, ways := range map[string][]func(*desk){
		"sheet, then API": {(*desk).bySheet, (*desk).byAPI, (*desk).bySheet},
		"API, then sheet": {(*desk).byAPI, (*desk).bySheet, (*desk).byAPI},
	} {
		t.Run(name, func(t *testing.T) {
			d := &desk{T: t, Shop: open(t)}
			d.open()
			ways[0](d)
			first := d.instructed()
			if len(first) < 30 {
				t.Fatalf("only %d of %d orders are instructed", len(first), len(d.Orders))
			}
			for i := range d.Orders {
				o := &d.Orders[i]
				if is := first[o.Number] != ""; is != (o.Fate.State == orders.Instructed) && !damaged(o) && (d.Apart == nil || !d.Apart(o)) {
					t.Errorf("%s: order %s is instructed: %v, want %+v", o.Kind, o.Number, is, o.Fate)
				}
			}
			for i, way := range ways[1:] {
				d.Clock.Move(10 * time.Minute)
				way(d)
				now := d.instructed()
				for n, was := range first {
					if now[n] != was {
						t.Errorf("way %d: order %s was %s, is %s", i+2, n, was, now[n])
					}
				}
				for j := range d.Orders {
					o := &d.Orders[j]
					if now[o.Number] != "" && first[o.Number] == "" && !damaged(o) {
						t.Errorf("way %d: %s: order %s is instructed by this way only", i+2, o.Kind, o.Number)
					}
				}
				if n, err := d.env.Ledger.Warned(t.Context(), d.id); err != nil || n != 0 {
					t.Errorf("way %d: %d orders are said to have changed, %v", i+2, n, err)
				}
			}
		})
	}
}

// A desk is a workspace with one account and one warehouse whose drop is a folder.
type desk struct {
	*testing.T
	Shop
	account string
	id      int64
	env     *stage.Env
}

func (d *desk) check(err error) {
	if err != nil {
		d.Helper()
		d.Fatal(err)
	}
}

// damaged reports whether a spreadsheet has damaged the order, which its mall has not.
func damaged(o *orders.Order) bool { return o.Fate.Reason == string(order.RefusedDamaged) }

// warehouses of the two countries, and who sends.
var warehouses = map[string]struct{ name, zone, format, sender string }{
	"JP": {"tokyo", "Asia/Tokyo", "warehouse-instructions", "{name: 見本商店, phone: 03-0000-0000, postal: \"1000001\", prefecture: 東京都, city: 千代田区, street: 千代田0-0}"},
	"KR": {"seoul", "Asia/Seoul", "warehouse-instructions-kr", "{name: 견본상점, phone: 02-000-0001, postal: \"04524\", prefecture: 서울특별시, city: 견본구, street: 새솔로 0}"},
}

func (d *desk) open() {
	d.Helper()
	d.account = d.Mall + "-main"
	dir, w := d.TempDir(), warehouses[d.Country]
	write := func(name, text string) {
		path := filepath.Join(dir, name)
		d.check(os.MkdirAll(filepath.Dir(path), 0o750))
		d.check(os.WriteFile(path, []byte(text), 0o640))
	}
	write("mallbridge.yaml", "timezone: "+w.zone+"\n")
	write("accounts/"+d.account+".yaml", fmt.Sprintf("mall: %s\nwarehouse: %s\nsender: %s\n%s", d.Mall, w.name, w.sender, d.Settings))
	write("warehouses/"+w.name+".yaml", fmt.Sprintf(`timezone: %s
drop: {kind: local, root: drops}
instructions: {format: %s, folder: orders}
replacements: {lists: [suggested]}
calendar: {working_days: [mon, tue, wed, thu, fri, sat, sun]}
number: {prefix: S}
`, w.zone, w.format))
	d.check(os.MkdirAll(filepath.Join(dir, "drops/orders"), 0o750))
	var skus []orders.Row
	for _, s := range orders.SKUs {
		skus = append(skus, orders.Row{s.Code, s.Name, s.Barcode, fmt.Sprint(s.Weight), s.Temperature, s.Warehouse})
	}
	for name, m := range map[string]struct {
		titles string
		rows   []orders.Row
	}{
		configs.SKULinks:         {"account,code,sku,quantity", append(orders.LinksOf(d.Mall), d.Links...)},
		configs.SKUMaster:        {"sku,name,barcode,weight,temperature,warehouse", skus},
		configs.PaymentMaster:    {"account,name,code,payment", append(d.ours(orders.Payments), d.Payments...)},
		configs.DeliveryServices: {"account,name,payment,temperature,warehouse,service,carrier", d.ours(orders.Services)},
	} {
		var b bytes.Buffer
		c := csv.NewWriter(&b)
		d.check(c.Write(strings.Split(m.titles, ",")))
		for _, r := range m.rows {
			d.check(c.Write(r))
		}
		c.Flush()
		write("masters/"+name+".csv", b.String())
	}
	ws, findings, err := configs.Load(dir, func(string) string { return "" })
	d.check(err)
	d.check(findings.Err())
	d.check(ws.MakeFolders())
	l, err := ledger.Open(d.Context(), ws.Path(ws.Settings.Ledger))
	d.check(err)
	d.Cleanup(func() { l.Close() })
	d.env = &stage.Env{
		Workspace: ws, Ledger: l, Secrets: &secrets.Resolver{Dir: ws.Dir}, Now: d.Clock.Now, Sleep: d.Clock.Sleep, Log: slog.New(slog.DiscardHandler), Owner: pipeline.Owner("test"),
	}
	d.id, _, err = l.Account(d.Context(), d.account, d.Clock.Now())
	d.check(err)
}

// ours are the rows of the mall among those of all.
func (d *desk) ours(rows []orders.Row) []orders.Row {
	return slices.DeleteFunc(slices.Clone(rows), func(r orders.Row) bool { return r[0] != d.Mall })
}

func (d *desk) stages(names ...string) {
	d.Helper()
	for _, name := range names {
		s, ok := pipeline.Lookup(name)
		if !ok {
			d.Fatalf("no stage %s", name)
		}
		for _, target := range s.Targets(d.env.Workspace) {
			if res := pipeline.Run(d.Context(), d.env, s, target); res.Err != nil {
				d.Fatalf("%s %s: %v", name, target, res.Err)
			}
		}
	}
}

// bySheet drops the sheet.
func (d *desk) bySheet() {
	d.Helper()
	name, data := d.Sheet()
	a, _ := d.env.Workspace.Account(d.account)
	d.check(os.WriteFile(filepath.Join(d.env.Workspace.Path(a.Intake.Folder), name), data, 0o640))
	d.stages("extract", "plan", "instruct")
}

// byAPI reads the mall and stores what came.
func (d *desk) byAPI() {
	d.Helper()
	name := "api " + d.Clock.Now().String()
	f, err := d.env.Ledger.AddFile(d.Context(), ledger.File{Kind: ledger.FileOrders, Owner: d.account, Name: name, SHA256: name, Path: name}, d.Clock.Now())
	d.check(err)
	var in []ledger.Intake
	for _, o := range d.Read() {
		in = append(in, ledger.Intake{Order: &o, Row: int64(len(in) + 1)})
	}
	_, err = d.env.Ledger.PutOrders(d.Context(), d.id, f.ID, in, d.Clock.Now())
	d.check(err)
	f.State = ledger.FileDone
	d.check(d.env.Ledger.FinishFile(d.Context(), f, d.Clock.Now()))
	d.stages("plan", "instruct")
}

// instructed are the instructions of each order, by number, and the pieces in them.
func (d *desk) instructed() map[string]string {
	d.Helper()
	out := map[string]string{}
	for i := range d.Orders {
		rows, err := d.env.Ledger.OrdersByNumber(d.Context(), d.Orders[i].Number, d.account)
		d.check(err)
		for _, row := range rows {
			all, err := d.env.Ledger.InstructionsOf(d.Context(), row.ID)
			d.check(err)
			for _, in := range all {
				out[row.Order.Number] += fmt.Sprintf("%s: %d pieces to %+v; ", in.Number, in.Quantity(), in.To)
			}
		}
	}
	return out
}
