// Package bothways proves of a mall what its connector and its sheet promise together:
// orders that come by API and by sheet are at the warehouse once, whichever way was
// first, and nobody is told that they changed.
package bothways

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/mallbridge/mallbridge/connectors/drivertest"
	"github.com/mallbridge/mallbridge/internal/desk"
	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/order"
	"github.com/mallbridge/mallbridge/simulator/orders"
)

// A Shop is an account at a simulated mall whose orders are there already.
type Shop struct {
	Mall string // its accounts in the masters have this name
	// Settings are lines of accounts/<mall>-main.yaml beside mall, warehouse and sender.
	Settings string
	Country  string                  // JP or KR: of the warehouse
	More     map[string][]orders.Row // of the masters, beside those of package orders for the mall

	Clock  *drivertest.Clock
	Orders []orders.Order
	// Sheet is the mall's sheet of all orders.
	Sheet func() (name string, data []byte)
	// Read reads the orders by API.
	Read func() []order.Order
	// Apart are orders whose fate hangs on what is not here: rules, other warehouses.
	Apart func(o *orders.Order) bool
}

// Test runs the proof. open makes a shop anew.
func Test(t *testing.T, open func(t *testing.T) Shop) {
	for name, ways := range map[string][]func(*counter){
		"sheet, then API": {(*counter).bySheet, (*counter).byAPI, (*counter).bySheet},
		"API, then sheet": {(*counter).byAPI, (*counter).bySheet, (*counter).byAPI},
	} {
		t.Run(name, func(t *testing.T) {
			d := newCounter(t, open(t))
			ways[0](d)
			first := d.instructed()
			if len(first) < 30 {
				t.Fatalf("only %d of %d orders are instructed", len(first), len(d.shop.Orders))
			}
			for i := range d.shop.Orders {
				o := &d.shop.Orders[i]
				if is := first[o.Number] != ""; is != (o.Fate.State == orders.Instructed) && !damaged(o) && (d.shop.Apart == nil || !d.shop.Apart(o)) {
					t.Errorf("%s: order %s is instructed: %v, want %+v", o.Kind, o.Number, is, o.Fate)
				}
			}
			for i, way := range ways[1:] {
				d.Move(10 * time.Minute)
				way(d)
				now := d.instructed()
				for n, was := range first {
					if now[n] != was {
						t.Errorf("way %d: order %s was %s, is %s", i+2, n, was, now[n])
					}
				}
				for j := range d.shop.Orders {
					o := &d.shop.Orders[j]
					if now[o.Number] != "" && first[o.Number] == "" && !damaged(o) {
						t.Errorf("way %d: %s: order %s is instructed by this way only", i+2, o.Kind, o.Number)
					}
				}
				if n, err := d.Env.Ledger.Warned(t.Context(), d.id); err != nil || n != 0 {
					t.Errorf("way %d: %d orders are said to have changed, %v", i+2, n, err)
				}
			}
		})
	}
}

// A counter is a desk with one account and one warehouse whose drop is a folder.
type counter struct {
	*desk.Desk
	shop    Shop
	account string
	id      int64
}

// damaged reports whether a spreadsheet has damaged the order, which its mall has not.
func damaged(o *orders.Order) bool { return o.Fate.Reason == string(order.RefusedDamaged) }

// warehouses of the two countries, and who sends.
var warehouses = map[string]struct{ name, zone, format, sender string }{
	"JP": {"tokyo", "Asia/Tokyo", "warehouse-instructions", "{name: 見本商店, phone: 03-0000-0000, postal: \"1000001\", prefecture: 東京都, city: 千代田区, street: 千代田0-0}"},
	"KR": {"seoul", "Asia/Seoul", "warehouse-instructions-kr", "{name: 견본상점, phone: 02-000-0001, postal: \"04524\", prefecture: 서울특별시, city: 견본구, street: 새솔로 0}"},
}

func newCounter(t *testing.T, shop Shop) *counter {
	d := &counter{Desk: desk.New(t, nil), shop: shop, account: shop.Mall + "-main"}
	d.Clock, d.More = shop.Clock, shop.More
	w := warehouses[shop.Country]
	d.Write("mallbridge.yaml", "timezone: "+w.zone+"\n")
	d.Write("accounts/"+d.account+".yaml", fmt.Sprintf("mall: %s\nwarehouse: %s\nsender: %s\n%s", shop.Mall, w.name, w.sender, shop.Settings))
	d.Write("warehouses/"+w.name+".yaml", fmt.Sprintf(`timezone: %s
drop: {kind: local, root: drops}
instructions: {format: %s, folder: orders}
replacements: {lists: [suggested]}
calendar: {working_days: [mon, tue, wed, thu, fri, sat, sun]}
number: {prefix: S}
`, w.zone, w.format))
	d.Check(os.MkdirAll(filepath.Join(d.Dir, "drops/orders"), 0o750))
	d.Masters(map[string][]string{shop.Mall: {shop.Mall}}, func(x orders.SKU) string { return x.Temperature })
	d.Load()
	var err error
	d.id, _, err = d.Env.Ledger.Account(t.Context(), d.account, d.Now())
	d.Check(err)
	return d
}

// bySheet drops the sheet.
func (d *counter) bySheet() {
	d.Helper()
	name, data := d.shop.Sheet()
	a, _ := d.Env.Workspace.Account(d.account)
	d.Check(os.WriteFile(filepath.Join(d.Env.Workspace.Path(a.Intake.Folder), name), data, 0o640))
	d.Run(d.account, "extract", "plan", "instruct")
}

// byAPI reads the mall and stores what came.
func (d *counter) byAPI() {
	d.Helper()
	name := "api " + d.Now().String()
	f, err := d.Env.Ledger.AddFile(d.Context(), ledger.File{Kind: ledger.FileOrders, Owner: d.account, Name: name, SHA256: name, Path: name}, d.Now())
	d.Check(err)
	var in []ledger.Intake
	for _, o := range d.shop.Read() {
		in = append(in, ledger.Intake{Order: &o, Row: int64(len(in) + 1)})
	}
	_, err = d.Env.Ledger.PutOrders(d.Context(), d.id, f.ID, in, d.Now())
	d.Check(err)
	f.State = ledger.FileDone
	d.Check(d.Env.Ledger.FinishFile(d.Context(), f, d.Now()))
	d.Run(d.account, "plan", "instruct")
}

// instructed are the instructions of each order, by number, and the pieces in them.
func (d *counter) instructed() map[string]string {
	d.Helper()
	out := map[string]string{}
	for i := range d.shop.Orders {
		rows, err := d.Env.Ledger.OrdersByNumber(d.Context(), d.shop.Orders[i].Number, d.account)
		d.Check(err)
		for _, row := range rows {
			all, err := d.Env.Ledger.InstructionsOf(d.Context(), row.ID)
			d.Check(err)
			for _, in := range all {
				out[row.Order.Number] += fmt.Sprintf("%s: %d pieces to %+v; ", in.Number, in.Quantity(), in.To)
			}
		}
	}
	return out
}
