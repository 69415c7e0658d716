package shopify_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/connectors/drivertest"
	"github.com/mallbridge/mallbridge/connectors/shopify"
	"github.com/mallbridge/mallbridge/order"
)

func driver(t testing.TB) *connectors.Mall {
	m, err := shopify.Spec.Open(connectors.Account{Name: "shopify-main", Settings: map[string]string{"shop": domain}}, connectors.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func sample(t testing.TB, kind string) []byte {
	return drivertest.Sample(t, kind+".json")
}

// The pages in testdata give what stands beside them.
func TestGolden(t *testing.T) {
	for _, kind := range []string{"orders", "variants"} {
		parsed, err := driver(t).Parse(connectors.Page{Kind: kind, Body: sample(t, kind), Total: -1})
		if err != nil {
			t.Fatal(err)
		}
		drivertest.Golden(t, kind, parsed)
	}
}

// One order that cannot be read is refused, and no other.
func TestOneBrokenOrder(t *testing.T) {
	body := sample(t, "orders")
	whole, err := driver(t).Parse(connectors.Page{Kind: "orders", Body: body})
	if err != nil {
		t.Fatal(err)
	}
	for name, x := range map[string]struct {
		old, new string
		field    string
		reason   order.Reason
	}{
		"a byte that is no character": {"置き配不可", "置き\xff配", "", order.RefusedCharset},
		"an amount with decimals":     {`"amount": "6480.0"`, `"amount": "6480.5"`, "currentTotalPriceSet", order.RefusedType},
		"no amount":                   {`"amount": "6480.0"`, `"amount": null`, "currentTotalPriceSet", order.RefusedType},
		"a number for an amount":      {`"amount": "6480.0"`, `"amount": 6480`, "currentTotalPriceSet.shopMoney.amount", order.RefusedType},
		"no time":                     {`"createdAt": "2026-11-18T02:11:09Z"`, `"createdAt": "yesterday"`, "createdAt", order.RefusedType},
		"another id":                  {`gid://shopify/Order/800001`, `800001`, "id", order.RefusedType},
		"no name":                     {`"name": "#1001"`, `"name": ""`, "name", order.RefusedMissing},
		"a line twice":                {`gid://shopify/LineItem/920002", "name"`, `gid://shopify/LineItem/920001", "name"`, "lineItems[1].id", order.RefusedConflict},
		"a line that is not there":    {`"lineItem": {"id": "gid://shopify/LineItem/920001"}}, {"id": "gid://shopify/FulfillmentOrderLineItem/910002", "remainingQuantity": 1, "lineItem": {"id": "gid://shopify/LineItem/920002"}`, `"lineItem": {"id": "gid://shopify/LineItem/1"}}, {"id": "gid://shopify/FulfillmentOrderLineItem/910002", "remainingQuantity": 1, "lineItem": {"id": "gid://shopify/LineItem/2"}`, "fulfillmentOrders", order.RefusedConflict},
		"a currency":                  {`"currencyCode": "JPY"`, `"currencyCode": "yen!"`, "currencyCode", order.RefusedType},
	} {
		t.Run(name, func(t *testing.T) {
			changed := bytes.Replace(body, []byte(x.old), []byte(x.new), 1)
			if bytes.Equal(changed, body) {
				t.Fatalf("%q is not there", x.old)
			}
			p, err := driver(t).Parse(connectors.Page{Kind: "orders", Body: changed})
			if err != nil {
				t.Fatal(err)
			}
			if len(p.Orders) != len(whole.Orders)-1 || len(p.Refused) != len(whole.Refused)+1 {
				t.Fatalf("%d orders, %d refused; want %d and %d", len(p.Orders), len(p.Refused), len(whole.Orders)-1, len(whole.Refused)+1)
			}
			if r := p.Refused[0]; r.Field != x.field || r.Reason != x.reason || r.Record != "orders[0]" || r.Detail == "" {
				t.Errorf("%+v, want %s %s", r, x.field, x.reason)
			}
		})
	}
}

// Whatever comes, nothing panics, nothing broken is taken, and every record is in an
// order or refused.
func FuzzParse(f *testing.F) {
	f.Add("orders", sample(f, "orders"))
	f.Add("variants", sample(f, "variants"))
	m := driver(f)
	f.Fuzz(func(t *testing.T, kind string, body []byte) {
		p, err := m.Parse(connectors.Page{Kind: kind, Body: body})
		if err != nil {
			return
		}
		var in struct {
			Orders   []json.RawMessage `json:"orders"`
			Variants []json.RawMessage `json:"variants"`
		}
		if json.Unmarshal(body, &in) == nil {
			if kind == "orders" && len(in.Orders) != len(p.Orders)+len(p.Refused) || kind == "variants" && len(in.Variants) != len(p.Products)+len(p.Refused) {
				t.Errorf("%d orders, %d variants: %d orders, %d products, %d refusals", len(in.Orders), len(in.Variants), len(p.Orders), len(p.Products), len(p.Refused))
			}
		}
		drivertest.Sound(t, "shopify-main", p)
		for i := range p.Orders {
			if o := &p.Orders[i]; len(o.Packages) != 1 || len(o.Currency) != 3 {
				t.Errorf("order %+v", o)
			}
		}
		for _, s := range p.Shown {
			if s.Package != "1" || strings.ContainsAny(s.Tracking, "- ") {
				t.Errorf("shown %+v", s)
			}
		}
	})
}
