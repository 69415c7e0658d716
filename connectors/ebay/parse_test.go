package ebay_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/connectors/ebay"
	"github.com/mallbridge/mallbridge/mappers/status"
	"github.com/mallbridge/mallbridge/order"
)

var update = flag.Bool("update", false, "write the golden files anew")

// samples are the pages in testdata and their kinds: orders to a buyer, through a hub and
// under a request to cancel; orders that are partly and wholly shipped; items.
var samples = map[string]string{"orders.json": "orders", "parcels.json": "orders", "items.json": "inventory_item"}

func sample(t testing.TB, file string) []byte {
	body, err := os.ReadFile(filepath.Join("testdata", file))
	if err != nil {
		t.Fatal(err)
	}
	return body
}

func driver(t testing.TB) *connectors.Mall {
	m, err := ebay.Spec.Open(connectors.Account{
		Name: "ebay-main", Settings: map[string]string{"client_id": appID, "ru_name": ruName}, Zone: time.FixedZone("JST", 9*60*60),
	}, connectors.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// The pages in testdata give the orders and products beside them.
func TestGolden(t *testing.T) {
	for file, kind := range samples {
		t.Run(file, func(t *testing.T) {
			parsed, err := driver(t).Parse(connectors.Page{Kind: kind, Body: sample(t, file), Total: -1})
			if err != nil {
				t.Fatal(err)
			}
			got, err := json.MarshalIndent(parsed, "", " ")
			if err != nil {
				t.Fatal(err)
			}
			golden := filepath.Join("testdata", strings.TrimSuffix(file, ".json")+".golden")
			if *update {
				if err := os.WriteFile(golden, append(got, '\n'), 0o666); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(bytes.TrimSpace(want), got) {
				t.Errorf("%s differs; got\n%s", golden, got)
			}
		})
	}
}

// One order that cannot be read is refused, and no other.
func TestOneBrokenOrder(t *testing.T) {
	body := sample(t, "orders.json")
	for name, x := range map[string]struct {
		was, is string
		field   string
		reason  order.Reason
	}{
		"no number":            {`"orderId": "00-11111-22222"`, `"orderId": ""`, "orderId", order.RefusedMissing},
		"no character":         {`Pat Example`, "Pat \xff", "", order.RefusedCharset},
		"a field twice":        {`"fullName": "Pat Example"`, `"fullName": "a", "fullName": "b"`, "", order.RefusedConflict},
		"an object for text":   {`"fullName": "Pat Example"`, `"fullName": {}`, "", order.RefusedType},
		"a day for a time":     {`"2026-11-18T01:02:03.000Z"`, `"2026-11-18"`, "creationDate", order.RefusedType},
		"a word for an hour":   {`"shipByDate": "2026-11-21T07:59:59.000Z"`, `"shipByDate": "soon"`, "shipByDate", order.RefusedType},
		"a third decimal":      {`"value": "48.00"`, `"value": "48.001"`, "pricingSummary.priceSubtotal", order.RefusedType},
		"a sign for an amount": {`"value": "48.00"`, `"value": "$48.00"`, "pricingSummary.priceSubtotal", order.RefusedType},
		"another currency":     {`"currency": "USD"`, `"currency": "EUR"`, "pricingSummary.priceSubtotal", order.RefusedConflict},
		"no pieces":            {`"quantity": 2`, `"quantity": 0`, "quantity", order.RefusedQuantity},
		"half a piece":         {`"quantity": 2`, `"quantity": 1.5`, "quantity", order.RefusedType},
		"a line without id":    {`"lineItemId": "10000000000001"`, `"lineItemId": null`, "lineItemId", order.RefusedMissing},
		"started, by nothing":  {`"orderFulfillmentStatus": "NOT_STARTED"`, `"orderFulfillmentStatus": "IN_PROGRESS"`, "fulfillments", order.RefusedMissing},
	} {
		t.Run(name, func(t *testing.T) {
			if !bytes.Contains(body, []byte(x.was)) {
				t.Fatalf("%q is not in the sample", x.was)
			}
			p, err := driver(t).Parse(connectors.Page{Kind: "orders", Body: bytes.Replace(body, []byte(x.was), []byte(x.is), 1)})
			if err != nil {
				t.Fatal(err)
			}
			if len(p.Orders) != 1 || p.Orders[0].Number != "00-33333-44444" || len(p.Refused) != 2 {
				t.Fatalf("%d orders, refused %+v", len(p.Orders), p.Refused)
			}
			if r := p.Refused[0]; r.Record != "orders[0]" || r.Reason != x.reason || !strings.HasPrefix(r.Field, x.field) || r.Detail == "" {
				t.Errorf("%+v, want %s of %s", r, x.reason, x.field)
			}
		})
	}
}

// The statuses of about.yaml are those by which orders of sheets are judged.
func TestStatusesAreThoseOfTheMapper(t *testing.T) {
	table, ok := status.Builtin("ebay")
	if !ok {
		t.Fatal("no table")
	}
	for _, s := range ebay.Spec.About.Statuses {
		st, ok := table.Find(s.Code)
		if !ok || st.Code != s.Code || string(st.Class) != s.Class {
			t.Errorf("%s is %s here and %+v in the table", s.Code, s.Class, st)
		}
		for lang, title := range map[string]string{"en": s.Title.EN, "ja": s.Title.JA, "ko": s.Title.KO} {
			if ok && st.Name[lang] != title {
				t.Errorf("%s in %s: %q here, %q in the table", s.Code, lang, title, st.Name[lang])
			}
		}
	}
	if len(ebay.Spec.About.Statuses) != len(table.States) {
		t.Errorf("%d statuses here, %d in the table", len(ebay.Spec.About.Statuses), len(table.States))
	}
}

// Whatever comes, nothing panics, nothing broken is taken, and every record is taken or
// refused.
func FuzzParse(f *testing.F) {
	for file, kind := range samples {
		f.Add(kind, sample(f, file))
	}
	f.Add("orders", []byte(`{"orders":[{"orderId":"1","lineItems":[{"lineItemId":"1","quantity":1,"lineItemCost":{"value":"1","currency":"USD"}}]}],"fulfillments":[{"orderId":"1","answer":{}}]}`))
	m := driver(f)
	f.Fuzz(func(t *testing.T, kind string, body []byte) {
		p, err := m.Parse(connectors.Page{Kind: kind, Body: body})
		if err != nil {
			return
		}
		var in struct {
			Orders []json.RawMessage `json:"orders"`
			Items  []json.RawMessage `json:"inventoryItems"`
		}
		if json.Unmarshal(body, &in) == nil && kind == "orders" && len(p.Orders)+len(p.Refused) != len(in.Orders) {
			t.Errorf("%d records came to %d orders and %d refusals", len(in.Orders), len(p.Orders), len(p.Refused))
		}
		for i := range p.Orders {
			o := &p.Orders[i]
			if o.Number == "" || o.Account != "ebay-main" || len(o.Packages) != 1 || o.Lines() == 0 || o.Status == "" || len(o.Currency) != 3 {
				t.Errorf("order %+v", o)
			}
			lines := map[string]bool{}
			for _, l := range o.Packages[0].Lines {
				if lines[l.Key] || l.Quantity < 1 || l.Key == "" {
					t.Errorf("order %s: line %+v", o.Number, l)
				}
				lines[l.Key] = true
				if !utf8.ValidString(l.Name + l.Option + o.Note + o.Packages[0].To.Name) {
					t.Errorf("order %s: text that is not UTF-8", o.Number)
				}
			}
		}
		for _, x := range p.Products {
			if x.Codes.SKUCode == "" || x.Stock < -1 {
				t.Errorf("product %+v", x)
			}
		}
	})
}
