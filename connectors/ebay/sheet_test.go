package ebay_test

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mallbridge/mallbridge/configs/formats"
	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/mappers/format"
	"github.com/mallbridge/mallbridge/mappers/record"
	"github.com/mallbridge/mallbridge/order"
	"github.com/mallbridge/mallbridge/simulator/orders"
)

// report writes orders as Seller Hub's orders report: one of several lines has a row of
// its own before them.
func report(t *testing.T, os []orders.Order) []byte {
	titles := []string{
		"Order Number", "Buyer Name", "Ship To Name", "Ship To Phone", "Ship To Address 1", "Ship To Address 2", "Ship To City", "Ship To State", "Ship To Zip", "Ship To Country",
		"Item Number", "Item Title", "Custom Label", "Quantity", "Payment Method", "Sale Date", "Paid On Date", "Shipped On Date", "Global Shipping Reference ID",
	}
	countries := map[string]string{"US": "United States", "GB": "United Kingdom", "DE": "Germany", "AU": "Australia"}
	rows := [][]string{make([]string, len(titles)), titles, make([]string, len(titles))}
	for i := range os {
		o := &os[i]
		p := &o.Parcels[0]
		day := o.Ordered.Format("Jan-02-06")
		head := func(cells ...string) []string {
			return append([]string{
				o.Number, o.Buyer.Name(), p.To.Name(), p.To.Phone, p.To.Street, p.To.Building, p.To.City, p.To.Prefecture, p.To.Postal, countries[p.To.Country],
			}, append(cells, "Other", day, day, "", p.Note)...)
		}
		if len(p.Lines) > 1 {
			rows = append(rows, head("", "", "", ""))
		}
		for _, l := range p.Lines {
			rows = append(rows, head(l.ItemID, l.Name, l.SKUCode, fmt.Sprint(l.Quantity)))
		}
	}
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	if err := w.WriteAll(rows); err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(&b, "\n%d,record(s) downloaded\nSeller ID : sample_jp_shop\n", len(os))
	return b.Bytes()
}

// An order that comes as a row of the orders report and by API is one order: what a
// warehouse acts on is the same.
func TestSheetAndAPIGiveTheSameOrder(t *testing.T) {
	r := newRig(t, "recipient_mail", "leave_out")
	os := orders.NewStream(7).Ordinary(orders.Ebay, r.Now(), 40)
	for i := range os {
		if i%4 == 0 {
			os[i].Parcels[0].Note = "9000000000000001"
		}
		r.check(r.Place(seller, &os[i]))
	}
	set, err := format.Load(formats.FS, ".")
	r.check(err)
	f, err := set.Get("ebay-orders")
	r.check(err)
	groups, _, _, err := f.ReadAll(t.Context(), format.Bytes("orders.csv", report(t, os)), format.ReadOptions{})
	r.check(err)
	bySheet := map[string]order.Order{}
	for _, g := range groups {
		o, err := record.Order("ebay-main", g.Records)
		r.check(err)
		bySheet[o.Number] = *o
	}
	w := connectors.Window{From: r.Now().AddDate(0, 0, -5), To: r.Now().Add(-time.Minute)}
	all, _ := r.Parsed(r.Driver.Read(t.Context(), connectors.Read{Window: w, Kind: connectors.ReadNew}))
	if len(bySheet) != len(os) || len(all.Orders) != len(os) {
		t.Fatalf("%d orders, %d by sheet, %d by API", len(os), len(bySheet), len(all.Orders))
	}
	acted := func(o order.Order) any {
		p := o.Packages[0]
		var lines []order.Line
		for _, l := range p.Lines {
			lines = append(lines, order.Line{Codes: l.Codes, Name: l.Name, Quantity: l.Quantity})
		}
		return []any{o.Number, o.Status, p.To, p.DeliverOn, p.TimeBand, lines, o.Flags}
	}
	for _, o := range all.Orders {
		if d := cmp.Diff(acted(bySheet[o.Number]), acted(o)); d != "" {
			t.Errorf("order %s differs (-sheet +API):\n%s", o.Number, d)
		}
	}
}
