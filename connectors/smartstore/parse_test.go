package smartstore_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"unicode/utf8"

	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/connectors/smartstore"
	"github.com/mallbridge/mallbridge/mappers/status"
	"github.com/mallbridge/mallbridge/order"
)

var update = flag.Bool("update", false, "write the golden files anew")

// samples are pages made of the answers in testdata, with the kinds of pages that they
// can be.
var samples = map[string][2]string{
	"orders": {"query.json", "orders"}, "claims": {"query.json", "claims"}, "products": {"products.json", "products"},
}

func sample(t testing.TB, file string) []byte {
	body, err := os.ReadFile(filepath.Join("testdata", file))
	if err != nil {
		t.Fatal(err)
	}
	return body
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
			parsed, err := driver(t).Parse(connectors.Page{Kind: x[1], Body: sample(t, x[0]), Total: -1})
			if err != nil {
				t.Fatal(err)
			}
			got, err := json.MarshalIndent(parsed, "", " ")
			if err != nil {
				t.Fatal(err)
			}
			golden := filepath.Join("testdata", name+".golden")
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

// One product order that cannot be read refuses its order and no other.
func TestOneBrokenRecord(t *testing.T) {
	body := sample(t, "query.json")
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

// The statuses of about.yaml are those by which orders of sheets are judged.
func TestStatusesAreThoseOfTheMapper(t *testing.T) {
	table, ok := status.Builtin("smartstore")
	if !ok {
		t.Fatal("no table")
	}
	for _, s := range smartstore.Spec.About.Statuses {
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

// Whatever comes, nothing panics, nothing broken is taken, and every record is in
// an order or refused.
func FuzzParse(f *testing.F) {
	for _, x := range samples {
		f.Add(x[1], sample(f, x[0]))
	}
	m := driver(f)
	f.Fuzz(func(t *testing.T, kind string, body []byte) {
		p, err := m.Parse(connectors.Page{Kind: kind, Body: body})
		if err != nil {
			return
		}
		seen := map[string]bool{}
		for i := range p.Orders {
			o := &p.Orders[i]
			if seen[o.Number] || o.Number == "" || o.Account != "smartstore-main" || len(o.Packages) == 0 || o.Lines() == 0 || o.Status == "" {
				t.Errorf("order %+v", o)
			}
			seen[o.Number] = true
			lines := map[string]bool{}
			for _, k := range o.Packages {
				for _, l := range k.Lines {
					if lines[l.Key] || l.Quantity < 1 || k.Key == "" || l.Key == "" {
						t.Errorf("order %s: package %q: line %+v", o.Number, k.Key, l)
					}
					lines[l.Key] = true
					if !utf8.ValidString(l.Name + l.Option + k.To.Name + k.To.Street + k.Note) {
						t.Errorf("order %s: text that is not UTF-8", o.Number)
					}
				}
			}
		}
		for _, c := range p.Claims {
			if c.Key == "" || c.Order == "" || c.Line == "" || c.Kind == "" || c.State == "" || c.Quantity < 0 {
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
