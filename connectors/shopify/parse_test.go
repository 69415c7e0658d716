package shopify_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/connectors/shopify"
	"github.com/mallbridge/mallbridge/mappers/status"
	"github.com/mallbridge/mallbridge/order"
)

var update = flag.Bool("update", false, "write the golden files anew")

func driver(t testing.TB) *connectors.Mall {
	m, err := shopify.Spec.Open(connectors.Account{Name: "shopify-main", Settings: map[string]string{"shop": domain}}, connectors.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func sample(t testing.TB, kind string) []byte {
	body, err := os.ReadFile(filepath.Join("testdata", kind+".json"))
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// The pages in testdata give what stands beside them.
func TestGolden(t *testing.T) {
	for _, kind := range []string{"orders", "variants"} {
		parsed, err := driver(t).Parse(connectors.Page{Kind: kind, Body: sample(t, kind), Total: -1})
		if err != nil {
			t.Fatal(err)
		}
		var got bytes.Buffer
		e := json.NewEncoder(&got)
		e.SetEscapeHTML(false)
		e.SetIndent("", " ")
		if err := e.Encode(parsed); err != nil {
			t.Fatal(err)
		}
		golden := filepath.Join("testdata", kind+".golden")
		if *update {
			if err := os.WriteFile(golden, got.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got.Bytes(), want) {
			t.Errorf("%s differs; got\n%s", golden, got.String())
		}
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

// The statuses of about.yaml are those by which orders of sheets are judged.
func TestStatusesAreThoseOfTheMapper(t *testing.T) {
	table, ok := status.Builtin("shopify")
	if !ok {
		t.Fatal("no table")
	}
	for _, s := range shopify.Spec.About.Statuses {
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
		for i := range p.Orders {
			o := &p.Orders[i]
			if o.Number == "" || o.Account != "shopify-main" || len(o.Packages) != 1 || o.Lines() == 0 || len(o.Currency) != 3 {
				t.Errorf("order %+v", o)
			}
			lines := map[string]bool{}
			for _, l := range o.Packages[0].Lines {
				if lines[l.Key] || l.Quantity < 1 || l.Key == "" {
					t.Errorf("order %s: line %+v", o.Number, l)
				}
				lines[l.Key] = true
				if !utf8.ValidString(l.Name + o.Note + o.Packages[0].To.Name) {
					t.Errorf("order %s: text that is not UTF-8", o.Number)
				}
			}
		}
		for _, s := range p.Shown {
			if s.Package != "1" || strings.ContainsAny(s.Tracking, "- ") {
				t.Errorf("shown %+v", s)
			}
		}
	})
}
