package amazon_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/connectors/amazon"
	"github.com/mallbridge/mallbridge/connectors/drivertest"
	"github.com/mallbridge/mallbridge/internal/contract"
	"github.com/mallbridge/mallbridge/order"
)

type shape = map[string]any

func texts(values ...string) shape { return shape{"type": "string", "enum": values} }
func like(pattern string) shape    { return shape{"type": "string", "pattern": pattern} }
func whole(least, most int) shape  { return shape{"type": "integer", "minimum": least, "maximum": most} }

func some(least, most int, of string) shape {
	return shape{"type": "array", "minItems": least, "maxItems": most, "items": shape{"$ref": "#/definitions/" + of}}
}

const aTime = `2026-0[1-9]-[12][0-9]T1[0-9]:[0-5][0-9]:[0-5][0-9]\.[0-9]{3}Z`

var amount = shape{
	"type": "object", "required": []string{"amount", "currencyCode"}, "properties": shape{"amount": like(`[1-9][0-9]{0,4}`), "currencyCode": texts("JPY")},
}

// contracts are Amazon's models. They say of most values only that they are texts.
func contracts(files ...string) []contract.API {
	all := map[string]contract.API{
		"orders": {File: "amazon/orders_2026-01-01.json", Shapes: shape{
			"Money":                               amount,
			"Order.orderId":                       like(`[0-9]{3}-[0-9]{7}-[0-9]{7}`),
			"Order.createdTime":                   like(aTime),
			"Order.fulfillment":                   shape{"$ref": "#/definitions/OrderFulfillment"},
			"Order.orderItems":                    some(1, 3, "OrderItem"),
			"OrderItem.orderItemId":               like(`4[0-9]{13}`),
			"OrderItem.quantityOrdered":           whole(1, 9),
			"ItemFulfillment.quantityUnfulfilled": whole(1, 9),
			"ItemFulfillment.quantityFulfilled":   whole(0, 0),
			"OrderFulfillment.fulfillmentStatus":  texts("UNSHIPPED", "PENDING", "SHIPPED", "PARTIALLY_SHIPPED"),
			"OrderFulfillment.fulfilledBy":        texts("MERCHANT", "AMAZON"),
			"DateTimeRange.earliestDateTime":      like(aTime),
			"DateTimeRange.latestDateTime":        like(aTime),
			"Pagination.nextToken":                texts(""),
			"SearchOrdersResponse.orders":         some(2, 3, "Order"),
		}},
		"orders0": {File: "amazon/ordersV0.json"},
		"feeds":   {File: "amazon/feeds_2021-06-30.json"},
		"reports": {File: "amazon/reports_2021-06-30.json"},
		"listings": {File: "amazon/listingsItems_2021-08-01.json", Shapes: shape{
			"ItemSearchResults.numberOfResults": whole(2, 2),
			"ItemSearchResults.items":           some(1, 3, "Item"),
			"Item.sku":                          like(`[A-Z]{3}-[0-9]{4}`),
			"Money.amount":                      like(`[1-9][0-9]{0,4}`),
			"Money.currencyCode":                texts("JPY"),
			"Pagination.nextToken":              texts(""),
			"FulfillmentAvailability.quantity":  whole(0, 99),
		}},
	}
	var out []contract.API
	for _, f := range files {
		out = append(out, all[f])
	}
	return out
}

var outside = map[string]string{
	"/login/":     "Amazon publishes no contract of Login with Amazon",
	"/presigned/": "addresses for uploads and downloads are those of a storage",
}

// What the connector sends is as Amazon's models say, and what they let Amazon answer
// is taken or refused.
func TestContract(t *testing.T) {
	contract.Run(t, contract.Mall{
		Harness: drivertest.Harness{Spec: amazon.Spec, Start: starter("0"), Page: 100, Skip: waivers},
		APIs:    contracts("orders", "orders0", "listings"), Outside: outside, Lossless: lossless,
	})
}

// The same of orders that a report lists and of confirmations in feeds.
func TestContractOfReportsAndFeeds(t *testing.T) {
	skip := feedSkips()
	delete(skip, "read/one")
	delete(skip, "catalog/list")
	contract.Run(t, contract.Mall{
		Harness: drivertest.Harness{Spec: amazon.Spec, Start: starter("1", "orders_by", "report"), Page: 100, Skip: skip},
		APIs:    contracts("orders", "orders0", "feeds", "reports", "listings"), Outside: outside, Lossless: lossless,
	})
}

// lossless compares orders with the page that they came from, by reading of its own.
func lossless(p connectors.Page, parsed connectors.Parsed) (int, error) {
	var body struct {
		Orders []map[string]any `json:"orders"`
		Order  map[string]any   `json:"order"`
	}
	if err := json.Unmarshal(p.Body, &body); err != nil {
		return 0, err
	}
	switch {
	case p.Kind == "getOrder" && body.Order != nil:
		body.Orders = []map[string]any{body.Order}
	case p.Kind != "searchOrders":
		return 0, nil
	}
	if n := len(parsed.Orders) + len(parsed.Refused); n != len(body.Orders) {
		return 0, fmt.Errorf("%d orders came to %d", len(body.Orders), n)
	}
	n := 0
	for _, raw := range body.Orders {
		number := at(raw, "orderId")
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

// at is what stands at a path of names.
func at(v any, path ...string) string {
	for _, name := range path {
		o, _ := v.(map[string]any)
		v = o[name]
	}
	if v == nil {
		return ""
	}
	return fmt.Sprint(v)
}

func same(raw map[string]any, o *order.Order) error {
	to := o.Packages[0].To
	address := func(name string) string { return at(raw, "recipient", "deliveryAddress", name) }
	for _, x := range [][3]string{
		{"status", at(raw, "fulfillment", "fulfillmentStatus"), o.Status},
		{"service level", at(raw, "fulfillment", "fulfillmentServiceLevel"), o.Delivery},
		{"time", at(raw, "createdTime"), o.Ordered.Text},
		{"buyer", at(raw, "buyer", "buyerName"), o.Buyer.Name},
		{"street", address("addressLine1"), to.Street},
		{"building", strings.TrimSpace(address("addressLine2") + " " + address("addressLine3")), to.Building},
		{"prefecture", address("stateOrRegion"), to.Prefecture},
		{"postal code", address("postalCode"), to.Postal},
		{"country", address("countryCode"), to.Country},
		{"phone", address("phone"), to.Phone},
		{"company", address("companyName"), to.Company},
	} {
		if x[1] != x[2] {
			return fmt.Errorf("%s is %q, came as %q", x[0], x[2], x[1])
		}
	}
	for _, part := range []string{"city", "municipality", "districtOrCounty"} {
		if !strings.Contains(to.City, address(part)) {
			return fmt.Errorf("the city %q lacks %q", to.City, address(part))
		}
	}
	items, _ := raw["orderItems"].([]any)
	lines := map[string]order.Line{}
	for _, l := range o.Packages[0].Lines {
		lines[l.Key] = l
	}
	for _, it := range items {
		l, ok := lines[at(it, "orderItemId")]
		n := at(it, "quantityOrdered")
		if at(raw, "fulfillment", "fulfillmentStatus") == "PARTIALLY_SHIPPED" {
			if n = at(it, "fulfillment", "quantityUnfulfilled"); n == "" {
				n = at(it, "quantityOrdered")
			}
		}
		if n == "0" && !ok {
			continue
		}
		if !ok || at(it, "product", "sellerSku") != l.Codes.ItemCode || at(it, "product", "title") != l.Name || at(it, "product", "asin") != l.Codes.ItemID ||
			strconv.FormatInt(l.Quantity, 10) != n || !strings.Contains(l.Note, at(it, "fulfillment", "packing", "giftOption", "giftMessage")) {
			return fmt.Errorf("line %+v, came as %v", l, it)
		}
	}
	return nil
}
