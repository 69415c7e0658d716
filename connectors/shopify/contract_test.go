package shopify_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/connectors/drivertest"
	"github.com/mallbridge/mallbridge/internal/contract/graphql"
	"github.com/mallbridge/mallbridge/order"
)

// What the connector sends is as Shopify's schema says, and what it lets Shopify answer is
// taken or refused.
func TestContract(t *testing.T) {
	part, err := os.ReadFile("../../simulator/shopify/schema.graphql")
	if err != nil {
		t.Fatal(err)
	}
	h := harness()
	start := h.Start
	h.Start = func(t testing.TB, now func() time.Time) *drivertest.Sim {
		s := start(t, now)
		s.Account.Settings["stock_location"] = "700001" // invented locations are many
		return s
	}
	graphql.Run(t, graphql.Mall{
		Harness: h, Schema: "shopify/2026-04-admin-schema.graphql.gz", Part: string(part), Path: "/graphql.json",
		More: func(t *testing.T, checked func(http.Handler) http.Handler) {
			r := newRig(t, "stock_location", "700001")
			r.Between(func(w http.ResponseWriter, q *http.Request, m http.Handler) { checked(m).ServeHTTP(w, q) })
			long := r.long()
			if o, _ := r.Reread(long); o.Lines() != longLines {
				t.Errorf("%d lines", o.Lines())
			}
			r.WantText(r.Driver.SetStock(t.Context(), []connectors.Quantity{{Codes: order.Codes{SKUCode: "MUG-1"}, Sell: 8}})[0], connectors.Done, "")
		},
		Operations: []string{
			"Orders", "OrderLines", "OrderFulfillmentOrders", "FulfillmentOrderLines", "OrderFulfillments", "FulfillmentLines",
			"Ship", "Correct", "Stock", "StockBySKU", "SetStock", "Catalog", "Access", "Locations",
		},
		Lossless: lossless,
	})
}

// lossless compares records with the page that they came from, by reading of its own.
func lossless(p connectors.Page, parsed connectors.Parsed) (int, error) {
	var body struct {
		Orders   []map[string]any `json:"orders"`
		Variants []map[string]any `json:"variants"`
	}
	if err := json.Unmarshal(p.Body, &body); err != nil {
		return 0, err
	}
	if a, b := len(body.Variants), len(parsed.Products); p.Kind == "variants" && a != b+len(parsed.Refused) {
		return 0, fmt.Errorf("%d variants, %d products, %d refused", a, b, len(parsed.Refused))
	}
	if a, b := len(body.Orders), len(parsed.Orders); p.Kind == "orders" && a != b+len(parsed.Refused) {
		return 0, fmt.Errorf("%d orders came to %d, %d refused", a, b, len(parsed.Refused))
	}
	n := 0
	for _, raw := range body.Orders {
		name := text(raw, "name")
		i := slices.IndexFunc(parsed.Orders, func(o order.Order) bool { return o.Number == name })
		if i < 0 {
			continue // refused: they add up
		}
		if err := same(raw, &parsed.Orders[i]); err != nil {
			return n, fmt.Errorf("order %s: %w", name, err)
		}
		n++
	}
	return n, nil
}

// text is what stands at a path of names.
func text(v any, path ...string) string {
	for _, step := range path {
		o, _ := v.(map[string]any)
		v = o[step]
	}
	if v == nil {
		return ""
	}
	return fmt.Sprint(v)
}

func same(raw map[string]any, o *order.Order) error {
	to, buyer := o.Packages[0].To, o.Buyer
	if raw["billingAddress"] == nil {
		raw["billingAddress"] = raw["shippingAddress"]
	}
	for _, x := range [][3]string{
		{"street", text(raw, "shippingAddress", "address1"), to.Street},
		{"building", text(raw, "shippingAddress", "address2"), to.Building},
		{"city", text(raw, "shippingAddress", "city"), to.City},
		{"postal code", text(raw, "shippingAddress", "zip"), to.Postal},
		{"company", text(raw, "shippingAddress", "company"), to.Company},
		{"country", text(raw, "shippingAddress", "countryCodeV2"), to.Country},
		{"buyer's street", text(raw, "billingAddress", "address1"), buyer.Street},
		{"mail", text(raw, "email"), buyer.Email},
		{"delivery", text(raw, "shippingLine", "title"), o.Delivery},
		{"time", text(raw, "createdAt"), o.Ordered.Text},
		{"currency", text(raw, "currencyCode"), o.Currency},
	} {
		if x[1] != x[2] {
			return fmt.Errorf("%s is %q, came as %q", x[0], x[2], x[1])
		}
	}
	lines, _ := raw["lineItems"].(map[string]any)["nodes"].([]any)
	for _, l := range o.Packages[0].Lines {
		if !slices.ContainsFunc(lines, func(x any) bool { return text(x, "name") == l.Name && text(x, "sku") == l.Codes.SKUCode }) {
			return fmt.Errorf("the line %+v is none of the order's", l)
		}
	}
	return nil
}
