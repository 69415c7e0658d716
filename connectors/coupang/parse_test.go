package coupang_test

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
	"github.com/mallbridge/mallbridge/connectors/coupang"
	"github.com/mallbridge/mallbridge/mappers/status"
	"github.com/mallbridge/mallbridge/order"
)

var update = flag.Bool("update", false, "write the golden files anew")

// kindOf is the kind of page whose sample has that file name.
func kindOf(file string) string {
	kind, _, _ := strings.Cut(strings.TrimSuffix(filepath.Base(file), ".json"), "-bundles")
	return kind
}

func driver(t testing.TB, settings map[string]string) *connectors.Mall {
	s := map[string]string{"vendor_id": vendor}
	for k, v := range settings {
		s[k] = v
	}
	m, err := coupang.Spec.Open(connectors.Account{Name: "coupang-main", Settings: s}, connectors.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// The replies in testdata give the orders, claims and products beside them.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/*.json")
	if err != nil || len(files) == 0 {
		t.Fatal(err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			body, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			parsed, err := driver(t, nil).Parse(connectors.Page{Kind: kindOf(file), Body: body, Total: -1})
			if err != nil {
				t.Fatal(err)
			}
			got, err := json.MarshalIndent(parsed, "", " ")
			if err != nil {
				t.Fatal(err)
			}
			golden := strings.TrimSuffix(file, ".json") + ".golden"
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

func TestMultiPackAsSold(t *testing.T) {
	body, err := os.ReadFile("testdata/ordersheets-bundles.json")
	if err != nil {
		t.Fatal(err)
	}
	for setting, want := range map[string]order.Line{
		"multiply": {Quantity: 6, Price: 7300, Codes: order.Codes{OptionID: "82600000031"}},
		"as_sold":  {Quantity: 2, Price: 21900, Codes: order.Codes{OptionID: "82600000033"}},
	} {
		p, err := driver(t, map[string]string{"multi_pack": setting}).Parse(connectors.Page{Kind: "ordersheets", Body: body})
		if err != nil {
			t.Fatal(err)
		}
		l := p.Orders[0].Packages[0].Lines[0]
		if l.Key != "82600000033" || l.Quantity != want.Quantity || l.Price != want.Price || l.Codes.OptionID != want.Codes.OptionID {
			t.Errorf("%s: %+v", setting, l)
		}
	}
}

// The statuses of about.yaml are those by which orders of sheets are judged.
func TestStatusesAreThoseOfTheMapper(t *testing.T) {
	table, ok := status.Builtin("coupang")
	if !ok {
		t.Fatal("no table")
	}
	for _, s := range coupang.Spec.About.Statuses {
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
	if len(table.States) != len(coupang.Spec.About.Statuses) {
		t.Errorf("%d statuses here, %d in the table", len(coupang.Spec.About.Statuses), len(table.States))
	}
}

// Whatever comes, nothing panics, nothing broken is taken, and every record is
// in an order or refused.
func FuzzParse(f *testing.F) {
	files, err := filepath.Glob("testdata/*.json")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		body, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(kindOf(file), body)
	}
	m := driver(f, nil)
	f.Fuzz(func(t *testing.T, kind string, body []byte) {
		p, err := m.Parse(connectors.Page{Kind: kind, Body: body})
		if err != nil {
			return
		}
		seen := map[string]bool{}
		for i := range p.Orders {
			o := &p.Orders[i]
			if seen[o.Number] || o.Number == "" || o.Account != "coupang-main" || len(o.Packages) == 0 || o.Lines() == 0 {
				t.Errorf("order %+v", o)
			}
			seen[o.Number] = true
			lines := map[string]bool{}
			for _, k := range o.Packages {
				for _, l := range k.Lines {
					key := k.Key + " " + l.Key
					if lines[key] || l.Quantity < 1 || k.Key == "" || l.Key == "" {
						t.Errorf("order %s: package %q: line %+v", o.Number, k.Key, l)
					}
					lines[key] = true
					if !utf8.ValidString(l.Name + l.Option + l.Note + k.To.Name + k.To.Street + k.Note) {
						t.Errorf("order %s: text that is not UTF-8", o.Number)
					}
				}
			}
		}
		for _, c := range p.Claims {
			if c.Key == "" || c.Order == "" || c.Kind == "" || c.State == "" || c.Quantity < 0 {
				t.Errorf("claim %+v", c)
			}
		}
		if kind != "ordersheets" {
			return
		}
		var e struct {
			Data []json.RawMessage `json:"data"`
		}
		if json.Unmarshal(body, &e) == nil && len(e.Data) > 0 && len(p.Orders)+len(p.Refused) == 0 {
			t.Errorf("%d records gave nothing", len(e.Data))
		}
	})
}
