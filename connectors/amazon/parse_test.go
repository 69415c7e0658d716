package amazon_test

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/connectors/amazon"
	"github.com/mallbridge/mallbridge/connectors/drivertest"
	"github.com/mallbridge/mallbridge/order"
)

func open(t testing.TB) *connectors.Mall {
	m, err := amazon.Spec.Open(connectors.Account{Name: "amazon-main", Settings: map[string]string{"client_id": clientID}}, connectors.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// kindOf is the call whose reply a file is.
func kindOf(name string) string {
	switch {
	case strings.Contains(name, "listings"):
		return "searchListingsItems"
	case strings.Contains(name, "order-"):
		return "getOrder"
	}
	return "searchOrders"
}

// Each testdata/*.json is a reply; beside it stands what is read of it.
func TestParseGolden(t *testing.T) {
	m := open(t)
	files, err := filepath.Glob("testdata/*.json")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, name := range files {
		name = filepath.Base(name)
		parsed, err := m.Parse(connectors.Page{Kind: kindOf(name), Body: drivertest.Sample(t, name)})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		drivertest.Golden(t, strings.TrimSuffix(name, ".json"), parsed)
	}
}

func TestRefusals(t *testing.T) {
	m := open(t)
	const head = `"orderId":"503-0000000-0000001","createdTime":"2026-11-18T02:11:09Z"`
	const ready = `"fulfillment":{"fulfillmentStatus":"UNSHIPPED","fulfilledBy":"MERCHANT"}`
	for _, c := range []struct {
		body, field string
		reason      order.Reason
	}{
		{`{"createdTime":"2026-11-18T02:11:09Z",` + ready + `}`, "orderId", order.RefusedMissing},
		{`{` + head + `,"orderItems":[{"orderItemId":"1","quantityOrdered":1}]}`, "fulfillment.fulfillmentStatus", order.RefusedMissing},
		{`{` + head + `,` + ready + `,"orderItems":[]}`, "orderItems", order.RefusedMissing},
		{`{` + head + `,` + ready + `,"orderItems":[{"orderItemId":"1"}]}`, "orderItems[0].quantityOrdered", order.RefusedMissing},
		{`{` + head + `,` + ready + `,"orderItems":[{"orderItemId":"1","quantityOrdered":-1}]}`, "orderItems[0].quantityOrdered", order.RefusedQuantity},
		{`{` + head + `,` + ready + `,"orderItems":[{"orderItemId":"1","quantityOrdered":0}]}`, "orderItems", order.RefusedQuantity},
		{`{` + head + `,` + ready + `,"orderItems":[{"orderItemId":"1","quantityOrdered":"1"}]}`, "orderItems.quantityOrdered", order.RefusedType},
		{`{` + head + `,` + ready + `,"proceeds":{"grandTotal":{"amount":"12.5","currencyCode":"JPY"}},"orderItems":[{"orderItemId":"1","quantityOrdered":1}]}`, "proceeds.grandTotal", order.RefusedType},
	} {
		parsed, err := m.Parse(connectors.Page{Kind: "searchOrders", Body: []byte(`{"orders":[` + c.body + `]}`)})
		if err != nil || len(parsed.Orders) != 0 || len(parsed.Refused) != 1 {
			t.Errorf("%s: %+v %v", c.body, parsed, err)
			continue
		}
		if r := parsed.Refused[0]; r.Field != c.field || r.Reason != c.reason || r.Record != "orders[0]" {
			t.Errorf("%s: %+v", c.body, r)
		}
	}
}

// Each record of a page comes out once, whatever is in it.
func FuzzParse(f *testing.F) {
	files, err := filepath.Glob("testdata/*.json")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range files {
		f.Add(kindOf(name), drivertest.Sample(f, filepath.Base(name)))
	}
	m := open(f)
	f.Fuzz(func(t *testing.T, kind string, body []byte) {
		parsed, err := m.Parse(connectors.Page{Kind: kind, Body: body})
		if err != nil {
			return
		}
		drivertest.Sound(t, "amazon-main", parsed)
		var in struct {
			Orders []json.RawMessage `json:"orders"`
			Items  []json.RawMessage `json:"items"`
		}
		if json.Unmarshal(body, &in) != nil || kind == "getOrder" {
			return
		}
		n := len(in.Orders)
		if kind == "searchListingsItems" {
			n = len(in.Items)
		}
		if n != len(parsed.Orders)+len(parsed.Refused)+len(parsed.Products) {
			t.Errorf("%d records, %d orders, %d products and %d refusals", n, len(parsed.Orders), len(parsed.Products), len(parsed.Refused))
		}
	})
}

// The shop agrees in Seller Central, wherever the API is.
func TestConsentIsGivenInSellerCentral(t *testing.T) {
	m, err := amazon.Spec.Open(connectors.Account{
		Name: "amazon-main", Settings: map[string]string{"client_id": clientID, "application_id": "amzn1.sp.solution.00000000-0000-0000-0000-000000000001"},
	}, connectors.Options{})
	if err != nil {
		t.Fatal(err)
	}
	address, err := m.Consent("https://shop.example/back", "state")
	if want := "https://sellercentral.amazon.co.jp/apps/authorize/consent?"; err != nil || !strings.HasPrefix(address, want) {
		t.Errorf("%s %v", address, err)
	}
}
