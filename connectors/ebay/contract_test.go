package ebay_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"testing"

	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/internal/contract"
	"github.com/mallbridge/mallbridge/order"
	mall "github.com/mallbridge/mallbridge/simulator/ebay"
)

type shape = map[string]any

func texts(values ...string) shape { return shape{"type": "string", "enum": values} }
func like(pattern string) shape    { return shape{"type": "string", "pattern": pattern} }
func whole(least, most int) shape  { return shape{"type": "integer", "minimum": least, "maximum": most} }

const aTime = `2026-0[1-9]-[12][0-9]T1[0-9]:[0-5][0-9]:[0-5][0-9]\.[0-9]{3}Z`

// What the connector sends is as eBay's contracts say, and what they let eBay answer
// is taken or refused.
func TestContract(t *testing.T) {
	contract.Run(t, contract.Mall{
		Harness: harness(),
		APIs: []contract.API{
			{Base: "/sell/fulfillment/v1", File: "ebay/sell_fulfillment_v1_oas3.json", Shapes: shape{
				"Amount.value":             like(`[1-9][0-9]{0,3}\.[0-9]{2}`),
				"Amount.currency":          texts("USD"),
				"CancelStatus.cancelState": texts("NONE_REQUESTED", "IN_PROGRESS", "CANCELED"),
				"FulfillmentStartInstruction.fulfillmentInstructionsType": texts("SHIP_TO", "DIGITAL", "PREPARE_FOR_PICKUP", "FULFILLED_BY_EBAY"),
				"LineItem.lineItemFulfillmentStatus":                      texts("NOT_STARTED"),
				"LineItem.lineItemId":                                     like(`1[0-9]{13}`),
				"LineItem.quantity":                                       whole(1, 9),
				"LineItemFulfillmentInstructions.shipByDate":              like(aTime),
				"LineItemReference.quantity":                              whole(1, 3),
				"Order.creationDate":                                      like(aTime),
				"Order.lastModifiedDate":                                  like(aTime),
				"Order.lineItems":                                         shape{"type": "array", "minItems": 1, "maxItems": 3, "items": shape{"$ref": "#/components/schemas/LineItem"}},
				"Order.orderFulfillmentStatus":                            texts("NOT_STARTED", "IN_PROGRESS", "FULFILLED"),
				"Order.orderId":                                           like(`[0-9]{2}-[0-9]{5}-[0-9]{5}`),
				"Order.orderPaymentStatus":                                texts("PAID", "PENDING", "FAILED", "PARTIALLY_REFUNDED", "FULLY_REFUNDED"),
				"OrderSearchPagedCollection.next":                         texts(""),
				"OrderSearchPagedCollection.orders":                       shape{"type": "array", "minItems": 2, "maxItems": 2, "items": shape{"$ref": "#/components/schemas/Order"}},
				"OrderSearchPagedCollection.total":                        whole(2, 2),
			}},
			{Base: "/sell/inventory/v1", File: "ebay/sell_inventory_v1_oas3.json", Shapes: shape{
				"InventoryItems.inventoryItems":              shape{"type": "array", "minItems": 1, "maxItems": 3, "items": shape{"$ref": "#/components/schemas/InventoryItemWithSkuLocaleGroupid"}},
				"InventoryItems.next":                        texts(""),
				"ShipToLocationAvailabilityWithAll.quantity": whole(0, 99),
			}},
			{Base: "/developer/analytics/v1_beta", File: "ebay/developer_analytics_v1_beta_oas3.json"},
		},
		Outside: map[string]string{"/login/": "eBay publishes no contract of its token endpoint"},
		More: func(t *testing.T, checked func(http.Handler) http.Handler) {
			r := newRigOf(t, mall.Options{OneSpoils: true}) // so that orders are read one by one
			r.Between(func(w http.ResponseWriter, q *http.Request, m http.Handler) { checked(m).ServeHTTP(w, q) })
			if all, missing := r.Parsed(r.Driver.Reread(t.Context(), []string{r.two().Number, "99-99999-99999"})); len(all.Orders) != 1 || len(missing) != 1 {
				t.Errorf("%d orders, missing %v", len(all.Orders), missing)
			}
		},
		Operations: []string{
			"GET /order", "GET /order/{orderId}", "GET /order/{orderId}/shipping_fulfillment", "POST /order/{orderId}/shipping_fulfillment",
			"GET /inventory_item", "POST /bulk_get_inventory_item", "GET /offer", "POST /bulk_update_price_quantity", "GET /rate_limit/",
		},
		Lossless: lossless,
	})
}

// lossless compares orders with the page that they came from, by reading of its own.
func lossless(p connectors.Page, parsed connectors.Parsed) (int, error) {
	if p.Kind != "orders" {
		return 0, nil
	}
	var body struct {
		Orders []map[string]any `json:"orders"`
	}
	if err := json.Unmarshal(p.Body, &body); err != nil {
		return 0, err
	}
	if n := len(parsed.Orders) + len(parsed.Refused); n != len(body.Orders) {
		return 0, fmt.Errorf("%d orders came to %d", len(body.Orders), n)
	}
	n := 0
	for _, raw := range body.Orders {
		number := text(raw, "orderId")
		i := slices.IndexFunc(parsed.Orders, func(o order.Order) bool { return o.Number == number })
		if i < 0 {
			if !slices.ContainsFunc(parsed.Refused, func(r connectors.Refusal) bool { return r.Order == number }) {
				return n, fmt.Errorf("order %q is lost", number)
			}
			continue
		}
		n++
		if err := same(raw, &parsed.Orders[i]); err != nil {
			return n, fmt.Errorf("order %s: %w", number, err)
		}
	}
	return n, nil
}

// text is what stands at a path of names and places.
func text(v any, path ...any) string {
	for _, step := range path {
		switch step := step.(type) {
		case string:
			o, _ := v.(map[string]any)
			v = o[step]
		case int:
			list, _ := v.([]any)
			if step >= len(list) {
				return ""
			}
			v = list[step]
		}
	}
	if v == nil {
		return ""
	}
	return fmt.Sprint(v)
}

func same(raw map[string]any, o *order.Order) error {
	to := o.Packages[0].To
	step := []any{"fulfillmentStartInstructions", 0, "shippingStep"}
	at := func(path ...any) string { return text(raw, append(slices.Clone(step), path...)...) }
	street := at("shipTo", "contactAddress", "addressLine1")
	if ref := at("shipToReferenceId"); ref != "" {
		street = "Reference #" + ref + " " + street
	}
	for _, x := range [][3]string{
		{"note", text(raw, "buyerCheckoutNotes"), o.Note},
		{"recipient", at("shipTo", "fullName"), to.Name},
		{"company", at("shipTo", "companyName"), to.Company},
		{"street", street, to.Street},
		{"building", at("shipTo", "contactAddress", "addressLine2"), to.Building},
		{"city", at("shipTo", "contactAddress", "city"), to.City},
		{"postal code", at("shipTo", "contactAddress", "postalCode"), to.Postal},
		{"country", at("shipTo", "contactAddress", "countryCode"), to.Country},
		{"phone", at("shipTo", "primaryPhone", "phoneNumber"), to.Phone},
		{"total", text(raw, "pricingSummary", "total", "value"), o.Money(o.Total).Decimal()},
		{"delivery cost", text(raw, "pricingSummary", "deliveryCost", "value"), o.Money(o.Postage).Decimal()},
		{"time", text(raw, "creationDate"), o.Ordered.Text},
	} {
		if x[1] != x[2] {
			return fmt.Errorf("%s is %q, came as %q", x[0], x[2], x[1])
		}
	}
	lines, _ := raw["lineItems"].([]any)
	have := o.Packages[0].Lines
	if text(raw, "orderFulfillmentStatus") == "IN_PROGRESS" {
		return nil // less than was bought
	}
	if len(lines) != len(have) {
		return fmt.Errorf("%d lines, came with %d", len(have), len(lines))
	}
	for i, l := range lines {
		if text(l, "lineItemId") != have[i].Key || text(l, "sku") != have[i].Codes.SKUCode || text(l, "title") != have[i].Name ||
			text(l, "legacyItemId") != have[i].Codes.ItemID || text(l, "quantity") != fmt.Sprint(have[i].Quantity) {
			return fmt.Errorf("line %+v, came as %v", have[i], l)
		}
	}
	return nil
}
