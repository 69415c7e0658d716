package coupang_test

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/connectors/coupang"
	"github.com/mallbridge/mallbridge/connectors/drivertest"
	"github.com/mallbridge/mallbridge/order"
)

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
			name := filepath.Base(file)
			parsed, err := driver(t, nil).Parse(connectors.Page{Kind: kindOf(file), Body: drivertest.Sample(t, name), Total: -1})
			if err != nil {
				t.Fatal(err)
			}
			drivertest.Golden(t, strings.TrimSuffix(name, ".json"), parsed)
		})
	}
}

func TestMultiPackAsSold(t *testing.T) {
	body := drivertest.Sample(t, "ordersheets-bundles.json")
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

// Whatever comes, nothing panics, nothing broken is taken, and every record is
// in an order or refused.
func FuzzParse(f *testing.F) {
	files, err := filepath.Glob("testdata/*.json")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		f.Add(kindOf(file), drivertest.Sample(f, filepath.Base(file)))
	}
	m := driver(f, nil)
	f.Fuzz(func(t *testing.T, kind string, body []byte) {
		p, err := m.Parse(connectors.Page{Kind: kind, Body: body})
		if err != nil {
			return
		}
		drivertest.Sound(t, "coupang-main", p)
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
