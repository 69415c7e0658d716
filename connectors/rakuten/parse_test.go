package rakuten_test

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/connectors/drivertest"
	"github.com/mallbridge/mallbridge/connectors/rakuten"
	"github.com/mallbridge/mallbridge/order"
)

func open(t testing.TB) *connectors.Mall {
	m, err := rakuten.Spec.Open(connectors.Account{Name: "rakuten-main"}, connectors.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// Each testdata/*.json is a reply of getOrder or items.search; beside it stands
// what is read of it.
func TestParseGolden(t *testing.T) {
	m := open(t)
	files, err := filepath.Glob("testdata/*.json")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, name := range files {
		name = filepath.Base(name)
		kind := "getOrder"
		if strings.Contains(name, "items") {
			kind = "searchItems"
		}
		parsed, err := m.Parse(connectors.Page{Kind: kind, Body: rakuten.Spec.Scrub(kind, drivertest.Sample(t, name))})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		drivertest.Golden(t, strings.TrimSuffix(name, ".json"), parsed)
	}
}

func TestScrub(t *testing.T) {
	got := string(rakuten.Spec.Scrub("getOrder", []byte(`{"cardName":"VISA","cardNumber":"XXXX-XXXX-XXXX-1234","cardOwner":"A \"B\" C","cardYm":"2030-01","cardPayType":0}`)))
	if want := `{"cardName":null,"cardNumber":null,"cardOwner":null,"cardYm":null,"cardPayType":0}`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestRefusals(t *testing.T) {
	m := open(t)
	const good = `"orderNumber":"1-20260101-0000000001","orderProgress":300,"orderDatetime":"2026-01-01T00:00:00+0900"`
	for _, c := range []struct {
		body, field string
		reason      order.Reason
	}{
		{`{` + good + `}`, "PackageModelList", order.RefusedMissing},
		{`{"orderNumber":"1","orderProgress":300,"orderDatetime":"01/02/2026"}`, "orderDatetime", order.RefusedType},
		{`{"orderNumber":"1","orderProgress":"x","orderDatetime":"2026-01-01T00:00:00+0900"}`, "orderProgress", order.RefusedType},
		{`{` + good + `,"PackageModelList":[{"basketId":1,"SenderModel":{"familyName":"山田"},"ItemModelList":[{"itemDetailId":2}]}]}`, "PackageModelList[0].ItemModelList[0].units", order.RefusedQuantity},
	} {
		parsed, err := m.Parse(connectors.Page{Kind: "getOrder", Body: []byte(`{"OrderModelList":[` + c.body + `]}`)})
		if err != nil || len(parsed.Orders) != 0 || len(parsed.Refused) != 1 {
			t.Errorf("%s: %+v %v", c.body, parsed, err)
			continue
		}
		if r := parsed.Refused[0]; r.Field != c.field || r.Reason != c.reason || r.Record != "OrderModelList[0]" {
			t.Errorf("%s: %+v", c.body, r)
		}
	}
}

func FuzzParse(f *testing.F) {
	files, err := filepath.Glob("testdata/*.json")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range files {
		f.Add(drivertest.Sample(f, filepath.Base(name)))
	}
	m := open(f)
	f.Fuzz(func(t *testing.T, body []byte) {
		parsed, err := m.Parse(connectors.Page{Kind: "getOrder", Body: body})
		if err != nil {
			return
		}
		drivertest.Sound(t, "rakuten-main", parsed)
		var in struct {
			Orders []json.RawMessage `json:"OrderModelList"`
		}
		if json.Unmarshal(body, &in) == nil && len(in.Orders) != len(parsed.Orders)+len(parsed.Refused) {
			t.Errorf("%d records, %d orders and %d refusals", len(in.Orders), len(parsed.Orders), len(parsed.Refused))
		}
	})
}
