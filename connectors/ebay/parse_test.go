package ebay_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/connectors/drivertest"
	"github.com/mallbridge/mallbridge/connectors/ebay"
	"github.com/mallbridge/mallbridge/order"
)

// samples are the pages in testdata and their kinds: orders to a buyer, through a hub and
// under a request to cancel; orders that are partly and wholly shipped; items.
var samples = map[string]string{"orders.json": "orders", "parcels.json": "orders", "items.json": "inventory_item"}

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
			parsed, err := driver(t).Parse(connectors.Page{Kind: kind, Body: drivertest.Sample(t, file), Total: -1})
			if err != nil {
				t.Fatal(err)
			}
			drivertest.Golden(t, strings.TrimSuffix(file, ".json"), parsed)
		})
	}
}

// One order that cannot be read is refused, and no other.
func TestOneBrokenOrder(t *testing.T) {
	body := drivertest.Sample(t, "orders.json")
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

// Whatever comes, nothing panics, nothing broken is taken, and every record is taken or
// refused.
func FuzzParse(f *testing.F) {
	for file, kind := range samples {
		f.Add(kind, drivertest.Sample(f, file))
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
		drivertest.Sound(t, "ebay-main", p)
		for i := range p.Orders {
			if o := &p.Orders[i]; len(o.Packages) != 1 || len(o.Currency) != 3 {
				t.Errorf("order %+v", o)
			}
		}
		for _, x := range p.Products {
			if x.Codes.SKUCode == "" || x.Stock < -1 {
				t.Errorf("product %+v", x)
			}
		}
	})
}
