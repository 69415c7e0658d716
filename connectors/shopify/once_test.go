package shopify_test

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mallbridge/mallbridge/configs"
	"github.com/mallbridge/mallbridge/configs/formats"
	"github.com/mallbridge/mallbridge/internal/secrets"
	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/mappers/format"
	"github.com/mallbridge/mallbridge/mappers/record"
	"github.com/mallbridge/mallbridge/order"
	"github.com/mallbridge/mallbridge/pipeline"
	"github.com/mallbridge/mallbridge/pipeline/stage"
	"github.com/mallbridge/mallbridge/simulator/orders"
)

// export is the orders export of the admin: what belongs to the order stands in its first
// row only.
func export(t testing.TB, os []orders.Order) []byte {
	columns := strings.Split("Name,Email,Financial Status,Fulfillment Status,Cancelled at,Currency,Subtotal,Shipping,Total,Discount Amount,Shipping Method,Created at,Lineitem quantity,Lineitem name,Lineitem price,Lineitem sku,Lineitem requires shipping,Lineitem fulfillment status,Billing Name,Billing Address1,Billing Address2,Billing Company,Billing City,Billing Zip,Billing Province,Billing Country,Billing Phone,Shipping Name,Shipping Address1,Shipping Address2,Shipping Company,Shipping City,Shipping Zip,Shipping Province,Shipping Country,Shipping Phone,Notes,Note Attributes,Payment Method,Risk Level,Tags,Phone,Billing Province Name,Shipping Province Name", ",")
	rows := [][]string{columns}
	for i := range os {
		o := &os[i]
		for j, l := range o.Parcels[0].Lines {
			name := l.Name
			if l.Option != "" {
				name += " - " + l.Option
			}
			row := map[string]string{
				"Name": o.Number, "Email": o.Buyer.Mail, "Lineitem quantity": strconv.FormatInt(l.Quantity, 10), "Lineitem name": name, "Lineitem price": strconv.FormatInt(l.Price, 10),
				"Lineitem sku": l.SKUCode, "Lineitem requires shipping": "true", "Lineitem fulfillment status": "pending",
			}
			if j == 0 {
				maps.Copy(row, map[string]string{
					"Financial Status": "paid", "Fulfillment Status": "unfulfilled", "Currency": "JPY", "Subtotal": strconv.FormatInt(o.Goods, 10), "Shipping": strconv.FormatInt(o.Postage, 10),
					"Total": strconv.FormatInt(o.Total, 10), "Discount Amount": "0", "Shipping Method": o.Delivery, "Created at": o.Ordered.In(time.FixedZone("", 9*3600)).Format("2006-01-02 15:04:05 -0700"),
					"Payment Method": "Shopify Payments", "Notes": o.Note,
				})
				for at, p := range map[string]orders.Person{"Billing": o.Buyer, "Shipping": o.Parcels[0].To} {
					maps.Copy(row, map[string]string{
						at + " Name": p.Name(), at + " Address1": p.Street, at + " Address2": p.Building, at + " City": p.City, at + " Zip": "'" + p.Postal, at + " Country": p.Country,
						at + " Phone": p.Phone, at + " Province Name": p.Prefecture,
					})
				}
			}
			cells := make([]string, len(columns))
			for k, c := range columns {
				cells[k] = row[c]
			}
			rows = append(rows, cells)
		}
	}
	var b bytes.Buffer
	if err := csv.NewWriter(&b).WriteAll(rows); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// An order that comes as a sheet and by API is one order: what a warehouse acts on is the
// same, so that neither way makes new work of what the other has brought.
func TestSheetAndAPIGiveTheSameOrder(t *testing.T) {
	r := newRig(t)
	os := r.stream.Ordinary(orders.Shopify, r.Now().Add(-time.Minute), 60)
	for i := range os {
		os[i].Note = "備考 " + os[i].Number
		r.check(r.Place(domain, &os[i], ""))
	}
	set, err := format.Load(formats.FS, ".")
	r.check(err)
	f, err := set.Get("shopify-orders")
	r.check(err)
	groups, refused, _, err := f.ReadAll(t.Context(), format.Bytes("orders_export.csv", export(t, os)), format.ReadOptions{})
	r.check(err)
	if len(refused) != 0 {
		t.Fatalf("%+v", refused)
	}
	byAPI, both := map[string]order.Order{}, 0
	all, _ := r.Parsed(r.Driver.Reread(t.Context(), numbers(os)))
	for _, o := range all.Orders {
		byAPI[o.Number] = o
	}
	for _, g := range groups {
		s, err := record.Order("shopify-main", g.Records)
		r.check(err)
		a, ok := byAPI[s.Number]
		if !ok {
			t.Errorf("order %s does not come by API", s.Number)
			continue
		}
		both++
		// The sheet names payments for people, and has neither tax rates nor numbers of
		// products; times are the same instant.
		s.Payment, s.Ordered.Text = a.Payment, a.Ordered.Text
		for i := range a.Packages[0].Lines {
			l := &a.Packages[0].Lines[i]
			l.TaxRate, l.Codes.ItemID, l.Codes.OptionID = "", "", ""
		}
		if d := cmp.Diff(*s, a); d != "" {
			t.Fatalf("order %s differs (-sheet +API):\n%s", s.Number, d)
		}
	}
	if both != len(os) {
		t.Errorf("%d of %d orders came both ways", both, len(os))
	}
}

func numbers(os []orders.Order) []string {
	var out []string
	for i := range os {
		out = append(out, os[i].Number)
	}
	return out
}

// A desk is a workspace with one account of Shopify and one warehouse whose drop is a
// folder.
type desk struct {
	*rig
	env *stage.Env
	os  []orders.Order
}

func newDesk(t *testing.T) *desk {
	d := &desk{rig: newRig(t)}
	dir := t.TempDir()
	write := func(name, text string) {
		path := filepath.Join(dir, name)
		d.check(os.MkdirAll(filepath.Dir(path), 0o750))
		d.check(os.WriteFile(path, []byte(text), 0o640))
	}
	write("mallbridge.yaml", "timezone: Asia/Tokyo\n")
	write("accounts/shopify-main.yaml", `mall: shopify
not_before: 2026-11-01
targets: {default: paid}
warehouse: tokyo
merge: {never: true}
sender: {name: 見本商店, phone: 03-0000-0000, postal: "1000001", prefecture: 東京都, city: 千代田区, street: 千代田0-0}
`)
	write("warehouses/tokyo.yaml", `timezone: Asia/Tokyo
drop: {kind: local, root: drops/tokyo}
instructions: {format: warehouse-instructions, folder: orders}
calendar: {working_days: [mon, tue, wed, thu, fri, sat, sun]}
number: {prefix: T}
`)
	write("masters/"+configs.SKULinks+".csv", "account,code,sku,quantity\nshopify,TOWEL-W,A,1\nshopify,TEA-100,A,1\nshopify,SEAWEED-10,A,1\n")
	write("masters/"+configs.SKUMaster+".csv", "sku,name,barcode,weight,temperature,warehouse\nA,見本,,100,normal,tokyo\n")
	write("masters/"+configs.PaymentMaster+".csv", "account,name,code,payment\nshopify,Shopify Payments,shopify_payments,prepaid\n")
	write("masters/"+configs.DeliveryServices+".csv", "account,name,payment,temperature,warehouse,service,carrier\nshopify,*,,,tokyo,takkyubin,yamato\n")
	d.check(os.MkdirAll(filepath.Join(dir, "drops/tokyo/orders"), 0o750))
	ws, findings, err := configs.Load(dir, func(string) string { return "" })
	d.check(err)
	d.check(findings.Err())
	d.check(ws.MakeFolders())
	l, err := ledger.Open(t.Context(), ws.Path(ws.Settings.Ledger))
	d.check(err)
	t.Cleanup(func() { l.Close() })
	d.env = &stage.Env{
		Workspace: ws, Ledger: l, Secrets: &secrets.Resolver{Dir: ws.Dir}, Now: d.Now, Sleep: d.Sleep, Log: slog.New(slog.DiscardHandler), Owner: pipeline.Owner("test"),
	}
	d.os = d.stream.Ordinary(orders.Shopify, d.Now().Add(-time.Minute), 40)
	for i := range d.os {
		d.check(d.Place(domain, &d.os[i], ""))
	}
	return d
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

// bySheet drops an orders export.
func (d *desk) bySheet() {
	d.Helper()
	a, _ := d.env.Workspace.Account("shopify-main")
	name := "orders_export_" + strconv.FormatInt(d.Now().Unix(), 10) + ".csv"
	d.check(os.WriteFile(filepath.Join(d.env.Workspace.Path(a.Intake.Folder), name), export(d, d.os), 0o640))
	d.stages("extract", "plan", "instruct")
}

// byAPI reads the mall and stores what came.
func (d *desk) byAPI() {
	d.Helper()
	all, _ := d.Parsed(d.Driver.Reread(d.Context(), numbers(d.os)))
	l := d.env.Ledger
	id, _, err := l.Account(d.Context(), "shopify-main", d.Now())
	d.check(err)
	name := "api " + d.Now().String()
	f, err := l.AddFile(d.Context(), ledger.File{Kind: ledger.FileOrders, Owner: "shopify-main", Name: name, SHA256: name, Path: name}, d.Now())
	d.check(err)
	var in []ledger.Intake
	for i := range all.Orders {
		in = append(in, ledger.Intake{Order: &all.Orders[i], Row: int64(i + 1)})
	}
	_, err = l.PutOrders(d.Context(), id, f.ID, in, d.Now())
	d.check(err)
	f.State = ledger.FileDone
	d.check(l.FinishFile(d.Context(), f, d.Now()))
	d.stages("plan", "instruct")
}

// instructed are the instructions of each order, by number, and the pieces in them.
func (d *desk) instructed() map[string]string {
	d.Helper()
	out := map[string]string{}
	for _, n := range numbers(d.os) {
		rows, err := d.env.Ledger.OrdersByNumber(d.Context(), n, "shopify-main")
		d.check(err)
		for _, row := range rows {
			all, err := d.env.Ledger.InstructionsOf(d.Context(), row.ID)
			d.check(err)
			for _, in := range all {
				out[n] += fmt.Sprintf("%s: %d pieces to %+v; ", in.Number, in.Quantity(), in.To)
			}
		}
	}
	return out
}

// Orders that come both ways are at the warehouse once, whichever way was first, and
// nobody is told that they changed.
func TestOrdersOfBothWaysAreInstructedOnce(t *testing.T) {
	for name, ways := range map[string][]func(*desk){
		"sheet, then API": {(*desk).bySheet, (*desk).byAPI, (*desk).bySheet},
		"API, then sheet": {(*desk).byAPI, (*desk).bySheet, (*desk).byAPI},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			ways[0](d)
			first := d.instructed()
			if len(first) != len(d.os) {
				t.Fatalf("%d of %d orders are instructed", len(first), len(d.os))
			}
			for i, way := range ways[1:] {
				d.Move(10 * time.Minute)
				way(d)
				now := d.instructed()
				for _, n := range slices.Sorted(maps.Keys(first)) {
					if now[n] != first[n] {
						t.Fatalf("way %d: order %s was %s, is %s", i+2, n, first[n], now[n])
					}
				}
				id, _, err := d.env.Ledger.Account(d.Context(), "shopify-main", d.Now())
				d.check(err)
				if n, err := d.env.Ledger.Warned(d.Context(), id); err != nil || n != 0 {
					t.Errorf("way %d: %d orders are said to have changed, %v", i+2, n, err)
				}
			}
		})
	}
}
