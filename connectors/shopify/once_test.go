package shopify_test

import (
	"bytes"
	"encoding/csv"
	"maps"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mallbridge/mallbridge/configs"
	"github.com/mallbridge/mallbridge/configs/formats"
	"github.com/mallbridge/mallbridge/internal/bothways"
	"github.com/mallbridge/mallbridge/mappers/format"
	"github.com/mallbridge/mallbridge/mappers/record"
	"github.com/mallbridge/mallbridge/order"
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

// Orders that come both ways are at the warehouse once.
func TestOrdersOfBothWaysAreInstructedOnce(t *testing.T) {
	bothways.Test(t, func(t *testing.T) bothways.Shop {
		r := newRig(t)
		all := r.stream.Ordinary(orders.Shopify, r.Now().Add(-time.Minute), 40)
		for i := range all {
			all[i].Fate.State = orders.Instructed
			r.check(r.Place(domain, &all[i], ""))
		}
		return bothways.Shop{
			Mall: orders.Shopify, Country: "JP", Settings: "not_before: 2026-11-01\ntargets: {default: paid}\nmerge: {never: true}\n", Clock: r.Clock, Orders: all,
			More: map[string][]orders.Row{configs.PaymentMaster: {{orders.Shopify, "Shopify Payments", "", "prepaid"}}},
			Sheet: func() (string, []byte) {
				return "orders_export_" + strconv.FormatInt(r.Now().Unix(), 10) + ".csv", export(t, all)
			},
			Read: func() []order.Order {
				got, _ := r.Parsed(r.Driver.Reread(t.Context(), numbers(all)))
				return got.Orders
			},
		}
	})
}
