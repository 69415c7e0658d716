package smartstore_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/connectors/drivertest"
	"github.com/mallbridge/mallbridge/connectors/smartstore"
	"github.com/mallbridge/mallbridge/order"
)

// samples are pages made of the answers in testdata, with the kinds of pages that they
// can be.
var samples = map[string][2]string{
	"orders": {"query.json", "orders"}, "claims": {"query.json", "claims"}, "products": {"products.json", "products"},
}

func driver(t testing.TB) *connectors.Mall {
	m, err := smartstore.Spec.Open(connectors.Account{Name: "smartstore-main", Settings: map[string]string{"client_id": clientID}}, connectors.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// The answers in testdata give the orders, claims and products beside them.
func TestGolden(t *testing.T) {
	for name, x := range samples {
		t.Run(name, func(t *testing.T) {
			parsed, err := driver(t).Parse(connectors.Page{Kind: x[1], Body: drivertest.Sample(t, x[0]), Total: -1})
			if err != nil {
				t.Fatal(err)
			}
			drivertest.Golden(t, name, parsed)
		})
	}
}

// One product order that cannot be read refuses its order and no other.
func TestOneBrokenRecord(t *testing.T) {
	body := drivertest.Sample(t, "query.json")
	whole, err := driver(t).Parse(connectors.Page{Kind: "orders", Body: body})
	if err != nil {
		t.Fatal(err)
	}
	const hit = "2026071500000010" // of two product orders
	at := bytes.Index(body, []byte(`"order"`))
	for name, x := range map[string]struct {
		was, is string
		reason  order.Reason
	}{
		"a byte that is no character":    {"윤새별", "\xff\xff", order.RefusedCharset},
		"two quantities":                 {`"quantity": 3`, `"quantity": 1, "quantity": 3`, order.RefusedConflict},
		"no quantity":                    {`"quantity": 3`, `"quantity": 0`, order.RefusedQuantity},
		"more left than bought":          {`"remainQuantity": 3`, `"remainQuantity": 4`, order.RefusedQuantity},
		"nothing left":                   {`"remainQuantity": 3`, `"remainQuantity": 0`, order.RefusedQuantity},
		"an object for a name":           {`"productName": "들꽃 면 손수건"`, `"productName": {}`, order.RefusedType},
		"an amount with a fraction":      {`"unitPrice": 4500`, `"unitPrice": 4500.5`, order.RefusedType},
		"a time without an offset":       {"2026-07-15T09:41:07.000+09:00", "2026-07-15 09:41:07", order.RefusedType},
		"no status":                      {`"productOrderStatus": "PAYED"`, `"productOrderStatus": ""`, order.RefusedMissing},
		"the product order stands twice": {`"productOrderId": "2026071500000011"`, `"productOrderId": "2026071500000012"`, order.RefusedConflict},
		"another recipient":              {`"name": "윤새별"`, `"name": "윤새"`, order.RefusedConflict},
	} {
		t.Run(name, func(t *testing.T) {
			changed := bytes.Replace(body[at:], []byte(x.was), []byte(x.is), 1)
			if bytes.Equal(changed, body[at:]) {
				t.Fatalf("%q is not there", x.was)
			}
			p, err := driver(t).Parse(connectors.Page{Kind: "orders", Body: append(bytes.Clone(body[:at]), changed...)})
			if err != nil {
				t.Fatal(err)
			}
			if len(p.Orders) != len(whole.Orders)-1 || len(p.Refused) != len(whole.Refused)+1 {
				t.Fatalf("%d orders, %d refused; want %d and %d: %+v", len(p.Orders), len(p.Refused), len(whole.Orders)-1, len(whole.Refused)+1, p.Refused)
			}
			for _, r := range p.Refused {
				if r.Order == hit && r.Reason != x.reason {
					t.Errorf("%+v, want %s", r, x.reason)
				}
			}
		})
	}
}

// Whatever comes, nothing panics, nothing broken is taken, and every record is in
// an order or refused.
func FuzzParse(f *testing.F) {
	for _, x := range samples {
		f.Add(x[1], drivertest.Sample(f, x[0]))
	}
	m := driver(f)
	f.Fuzz(func(t *testing.T, kind string, body []byte) {
		p, err := m.Parse(connectors.Page{Kind: kind, Body: body})
		if err != nil {
			return
		}
		drivertest.Sound(t, "smartstore-main", p)
		for _, c := range p.Claims {
			if c.Line == "" {
				t.Errorf("claim %+v", c)
			}
		}
		var rows struct {
			Data []json.RawMessage `json:"data"`
		}
		if json.Unmarshal(body, &rows) == nil && kind == "orders" && len(rows.Data) > 0 && len(p.Orders)+len(p.Refused) == 0 {
			t.Errorf("%d records gave nothing", len(rows.Data))
		}
	})
}
