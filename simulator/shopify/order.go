package shopify

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/mallbridge/mallbridge/simulator/orders"
)

// Financial statuses.
const (
	Pending           = "PENDING"
	Authorized        = "AUTHORIZED"
	Paid              = "PAID"
	PartiallyRefunded = "PARTIALLY_REFUNDED"
	Refunded          = "REFUNDED"
)

type order struct {
	id                                   int64
	name                                 string
	created, updated, cancelled, closed  time.Time
	financial                            string
	gateways                             []string
	test, edited                         bool
	note, email, phone, tags, delivery   string
	attributes                           [][2]string
	shipping, billing                    *orders.Person
	postage, discount, outstanding, fees int64
	recommendation                       string
	lines                                []*line
	fos                                  []*fulfillmentOrder
	fulfillments                         []*fulfillment
}

type line struct {
	id                int64
	name, sku         string
	quantity, current int64
	price             int64
	rate              string
	digital           bool
	attributes        [][2]string
	variant           *variant
}

// A fulfillmentOrder is what one location is to ship of an order.
type fulfillmentOrder struct {
	id       int64
	status   string
	request  string
	method   string
	location *location
	updated  time.Time
	holds    [][2]string // reason and notes
	lines    []*foLine
}

type foLine struct {
	id               int64
	of               *line
	remaining, total int64
}

// A fulfillment is a parcel.
type fulfillment struct {
	id      int64
	status  string
	company string
	numbers []string
	created time.Time
	notify  bool
	lines   []*shipped
}

type shipped struct {
	id int64
	of *line
	n  int64
}

// touch marks an order as changed.
func (o *order) touch(now time.Time) { o.updated = now.Truncate(time.Second) }

// open reports whether something of a fulfillment order is to be shipped.
func (f *fulfillmentOrder) open() bool {
	return f.status != "CLOSED" && f.status != "CANCELLED" && f.status != "INCOMPLETE"
}

func (f *fulfillmentOrder) actions() []string {
	switch f.status {
	case "OPEN", "IN_PROGRESS":
		if f.location.service {
			return []string{"REQUEST_FULFILLMENT", "MOVE", "HOLD"}
		}
		return []string{"CREATE_FULFILLMENT", "MOVE", "HOLD"}
	case "ON_HOLD":
		return []string{"RELEASE_HOLD", "HOLD", "MOVE"}
	case "SCHEDULED":
		return []string{"MARK_AS_OPEN"}
	}
	return []string{}
}

// display is displayFulfillmentStatus.
func (o *order) display() string {
	left, sent, held, scheduled := int64(0), int64(0), true, true
	for _, f := range o.fulfillments {
		for _, s := range f.lines {
			if f.status == "SUCCESS" {
				sent += s.n
			}
		}
	}
	for _, f := range o.fos {
		if !f.open() {
			continue
		}
		for _, l := range f.lines {
			left += l.remaining
		}
		held, scheduled = held && f.status == "ON_HOLD", scheduled && f.status == "SCHEDULED"
	}
	switch {
	case left == 0 && sent > 0:
		return "FULFILLED"
	case sent > 0:
		return "PARTIALLY_FULFILLED"
	case left > 0 && held:
		return "ON_HOLD"
	case left > 0 && scheduled:
		return "SCHEDULED"
	}
	return "UNFULFILLED"
}

func (o *order) goods() int64 {
	sum := int64(0)
	for _, l := range o.lines {
		sum += l.current * l.price
	}
	return sum
}

func (s *shop) money(units int64) object {
	v := fmt.Sprintf("%d.0", units)
	if s.Currency == "USD" {
		v = fmt.Sprintf("%d.%02d", units/100, units%100)
	}
	one := object{"MoneyV2", map[string]any{"amount": v, "currencyCode": s.Currency}}
	return object{"MoneyBag", map[string]any{"shopMoney": one, "presentmentMoney": one}}
}

func attributes(list [][2]string) []object {
	out := make([]object, len(list))
	for i, a := range list {
		out[i] = object{"Attribute", map[string]any{"key": a[0], "value": text(a[1])}}
	}
	return out
}

// prefectures of Japan in the order of their codes.
var prefectures = strings.Fields("北海道 青森県 岩手県 宮城県 秋田県 山形県 福島県 茨城県 栃木県 群馬県 埼玉県 千葉県 東京都 神奈川県 新潟県 富山県 石川県 福井県 山梨県 長野県 岐阜県 静岡県 愛知県 三重県 滋賀県 京都府 大阪府 兵庫県 奈良県 和歌山県 鳥取県 島根県 岡山県 広島県 山口県 徳島県 香川県 愛媛県 高知県 福岡県 佐賀県 長崎県 熊本県 大分県 宮崎県 鹿児島県 沖縄県")

func (c *call) address(p *orders.Person, id int64) *object {
	if p == nil {
		return nil
	}
	code, province := any(nil), text(p.Prefecture)
	if i := slices.Index(prefectures, p.Prefecture); p.Country == "JP" && i >= 0 {
		code = fmt.Sprintf("JP-%02d", i+1)
	}
	name := p.Given + " " + p.Family
	if p.Country == "JP" || p.Country == "KR" {
		name = p.Family + " " + p.Given
	}
	return &object{"MailingAddress", map[string]any{
		"id": gid("MailingAddress", id), "name": strings.TrimSpace(name), "firstName": text(p.Given), "lastName": text(p.Family), "company": nil,
		"address1": text(p.Street), "address2": text(p.Building), "city": text(p.City), "province": province, "provinceCode": code, "zip": text(p.Postal),
		"country": p.Country, "countryCodeV2": text(p.Country), "phone": text(p.Phone),
	}}
}

// personal guards what apps see only once they were approved.
func (c *call) personal(field string, v any) any {
	if !c.shop.NoPersonalData {
		return v
	}
	return resolver(func(map[string]any) (any, error) {
		return nil, &fail{code: "ACCESS_DENIED", message: "This app is not approved to access the " + field + " field."}
	})
}

func (c *call) order(o *order) object {
	s := c.shop
	total := o.goods() + o.postage + o.fees
	outstanding := o.outstanding
	if o.financial == Pending {
		outstanding = total
	}
	var ship any
	if o.delivery != "" {
		ship = object{"ShippingLine", map[string]any{
			"id": gid("ShippingLine", o.id), "title": o.delivery, "code": o.delivery, "source": "shopify", "isRemoved": false, "originalPriceSet": s.money(o.postage), "discountedPriceSet": s.money(o.postage),
		}}
	}
	reason := any(nil)
	if !o.cancelled.IsZero() {
		reason = "CUSTOMER"
	}
	tags := []string{}
	if o.tags != "" {
		tags = strings.Split(o.tags, ", ")
	}
	requires := slices.ContainsFunc(o.lines, func(l *line) bool { return !l.digital })
	return object{"Order", map[string]any{
		"id": gid("Order", o.id), "legacyResourceId": fmt.Sprint(o.id), "name": o.name, "number": o.id % 100_000, "createdAt": stamp(o.created), "processedAt": stamp(o.created),
		"updatedAt": stamp(o.updated), "cancelledAt": stamp(o.cancelled), "cancelReason": reason, "closedAt": stamp(o.closed), "test": o.test, "confirmed": true, "edited": o.edited, "tags": tags,
		"note": text(o.note), "customAttributes": attributes(o.attributes), "email": c.personal("email", text(o.email)), "phone": c.personal("phone", text(o.phone)),
		"currencyCode": s.Currency, "presentmentCurrencyCode": s.Currency, "taxesIncluded": true,
		"displayFinancialStatus": o.financial, "displayFulfillmentStatus": o.display(), "paymentGatewayNames": o.gateways, "requiresShipping": requires, "returnStatus": "NO_RETURN",
		"risk":            object{"OrderRiskSummary", map[string]any{"recommendation": cmp.Or(o.recommendation, "ACCEPT")}},
		"shippingAddress": c.personal("shippingAddress", c.address(o.shipping, o.id)), "billingAddress": c.personal("billingAddress", c.address(o.billing, o.id)), "shippingLine": ship,
		"currentSubtotalPriceSet": s.money(o.goods()), "currentShippingPriceSet": s.money(o.postage), "currentTotalDiscountsSet": s.money(o.discount), "currentTotalTaxSet": s.money(0),
		"currentTotalPriceSet": s.money(total), "totalOutstandingSet": s.money(outstanding), "totalReceivedSet": s.money(total - outstanding),
		"lineItems": connection("LineItemConnection", func(map[string]any) ([]keyed, error) {
			return keyedBy(o.lines, func(l *line) int64 { return l.id }, c.line), nil
		}),
		"fulfillmentOrders": connection("FulfillmentOrderConnection", func(map[string]any) ([]keyed, error) {
			if c.m.faults.Empty || !s.may("read_merchant_managed_fulfillment_orders") {
				return nil, nil
			}
			return keyedBy(o.fos, func(f *fulfillmentOrder) int64 { return f.id }, func(f *fulfillmentOrder) object { return c.fulfillmentOrder(o, f) }), nil
		}),
		"fulfillments": resolver(func(args map[string]any) (any, error) {
			var list []object
			for _, f := range o.fulfillments {
				list = append(list, c.fulfillment(o, f))
			}
			return some(list)(args)
		}),
	}}
}

func keyedBy[T any](list []T, id func(T) int64, f func(T) object) []keyed {
	out := make([]keyed, len(list))
	for i, x := range list {
		out[i] = keyed{fmt.Sprintf("%019d", id(x)), func() object { return f(x) }}
	}
	return out
}

func (c *call) line(l *line) object {
	var rate []object
	if l.rate != "" {
		var percent float64
		_, _ = fmt.Sscan(l.rate, &percent) // the stream's own
		rate = append(rate, object{"TaxLine", map[string]any{"title": "CT", "rate": percent, "ratePercentage": percent * 100, "priceSet": c.shop.money(0), "channelLiable": false}})
	}
	variant, product := any(nil), any(nil)
	if l.variant != nil {
		variant, product = c.variant(l.variant), c.product(l.variant)
	}
	return object{"LineItem", map[string]any{
		"id": gid("LineItem", l.id), "name": l.name, "title": l.name, "variantTitle": nil, "sku": text(l.sku), "quantity": l.quantity, "currentQuantity": l.current, "unfulfilledQuantity": l.current,
		"requiresShipping": !l.digital, "isGiftCard": l.digital, "vendor": nil, "customAttributes": attributes(l.attributes),
		"originalUnitPriceSet": c.shop.money(l.price), "discountedTotalSet": c.shop.money(l.price * l.current), "taxLines": some(rate), "variant": variant, "product": product,
	}}
}

func (c *call) fulfillmentOrder(o *order, f *fulfillmentOrder) object {
	holds := []object{}
	for i, h := range f.holds {
		holds = append(holds, object{"FulfillmentHold", map[string]any{"id": gid("FulfillmentHold", f.id*10+int64(i)), "reason": h[0], "reasonNotes": text(h[1]), "displayReason": h[0], "handle": nil}})
	}
	actions := []object{}
	for _, a := range f.actions() {
		actions = append(actions, object{"FulfillmentOrderSupportedAction", map[string]any{"action": a, "externalUrl": nil}})
	}
	destination := any(nil)
	if p := o.shipping; p != nil && !c.shop.NoPersonalData {
		destination = object{"FulfillmentOrderDestination", map[string]any{
			"id": gid("FulfillmentOrderDestination", f.id), "firstName": text(p.Given), "lastName": text(p.Family), "company": nil, "address1": text(p.Street), "address2": text(p.Building),
			"city": text(p.City), "province": text(p.Prefecture), "zip": text(p.Postal), "countryCode": text(p.Country), "phone": text(p.Phone), "email": text(o.email),
		}}
	}
	return object{"FulfillmentOrder", map[string]any{
		"id": gid("FulfillmentOrder", f.id), "status": f.status, "requestStatus": f.request, "orderId": gid("Order", o.id), "orderName": o.name, "orderProcessedAt": stamp(o.created),
		"createdAt": stamp(o.created), "updatedAt": stamp(f.updated), "fulfillAt": stamp(o.created), "fulfillBy": nil,
		"assignedLocation": object{"FulfillmentOrderAssignedLocation", map[string]any{"name": f.location.name, "location": c.location(f.location)}},
		"destination":      destination,
		"deliveryMethod": object{"DeliveryMethod", map[string]any{
			"id": gid("DeliveryMethod", f.id), "methodType": f.method, "presentedName": text(o.delivery), "serviceCode": nil, "minDeliveryDateTime": nil, "maxDeliveryDateTime": nil,
		}},
		"fulfillmentHolds": holds, "supportedActions": actions,
		"lineItems": connection("FulfillmentOrderLineItemConnection", func(map[string]any) ([]keyed, error) {
			return keyedBy(f.lines, func(l *foLine) int64 { return l.id }, func(l *foLine) object {
				item := any(nil)
				if l.of.variant != nil {
					item = gid("InventoryItem", l.of.variant.item)
				}
				return object{"FulfillmentOrderLineItem", map[string]any{
					"id": gid("FulfillmentOrderLineItem", l.id), "remainingQuantity": l.remaining, "totalQuantity": l.total, "sku": text(l.of.sku), "productTitle": l.of.name, "variantTitle": nil,
					"requiresShipping": !l.of.digital, "inventoryItemId": item, "lineItem": c.line(l.of),
				}}
			}), nil
		}),
	}}
}

func (c *call) location(l *location) object {
	return object{"Location", map[string]any{
		"id": gid("Location", l.id), "legacyResourceId": fmt.Sprint(l.id), "name": l.name, "isActive": true, "fulfillsOnlineOrders": true, "isFulfillmentService": l.service, "shipsInventory": !l.service,
	}}
}

func (c *call) fulfillment(o *order, f *fulfillment) object {
	info := []object{}
	for _, n := range f.numbers {
		info = append(info, object{"FulfillmentTrackingInfo", map[string]any{"company": text(f.company), "number": n, "url": nil}})
	}
	total := int64(0)
	for _, s := range f.lines {
		total += s.n
	}
	return object{"Fulfillment", map[string]any{
		"id": gid("Fulfillment", f.id), "legacyResourceId": fmt.Sprint(f.id), "name": fmt.Sprintf("%s-F%d", o.name, 1+slices.Index(o.fulfillments, f)), "status": f.status, "displayStatus": "FULFILLED",
		"createdAt": stamp(f.created), "updatedAt": stamp(f.created), "totalQuantity": total, "trackingInfo": some(info), "location": c.location(c.shop.locations[0]),
		"fulfillmentLineItems": connection("FulfillmentLineItemConnection", func(map[string]any) ([]keyed, error) {
			return keyedBy(f.lines, func(s *shipped) int64 { return s.id }, func(s *shipped) object {
				return object{"FulfillmentLineItem", map[string]any{"id": gid("FulfillmentLineItem", s.id), "quantity": s.n, "lineItem": c.line(s.of)}}
			}), nil
		}),
	}}
}

// queries are the fields of the query root.
func (c *call) queries() map[string]any {
	s := c.shop
	scopes := make([]object, len(s.Scopes))
	for i, x := range s.Scopes {
		scopes[i] = object{"AccessScope", map[string]any{"handle": x, "description": x}}
	}
	return map[string]any{
		"shop": object{"Shop", map[string]any{
			"id": gid("Shop", 1), "name": cmp.Or(s.Name, s.Domain), "myshopifyDomain": s.Domain + ".myshopify.com", "currencyCode": s.Currency, "ianaTimezone": s.Zone, "taxesIncluded": true,
		}},
		"currentAppInstallation": object{"AppInstallation", map[string]any{"id": gid("AppInstallation", 1), "accessScopes": scopes}},
		"locations": c.needs("read_locations", "locations", connection("LocationConnection", func(args map[string]any) ([]keyed, error) {
			if args["query"] != nil {
				return nil, &fail{code: "BAD_REQUEST", message: "the stand-in does not search locations"}
			}
			return keyedBy(s.locations, func(l *location) int64 { return l.id }, c.location), nil
		})),
		"orders": c.needs("read_orders", "orders", connection("OrderConnection", c.orders)),
		"order": c.needs("read_orders", "order", func(args map[string]any) (any, error) {
			id, err := numberOf(args["id"], "Order")
			if err != nil {
				return nil, err
			}
			if o := s.byID(id); o != nil {
				return c.order(o), nil
			}
			return nil, nil
		}),
		"fulfillmentOrder": c.needs("read_merchant_managed_fulfillment_orders", "fulfillmentOrder", func(args map[string]any) (any, error) {
			id, err := numberOf(args["id"], "FulfillmentOrder")
			if o, f := s.fulfillmentOrder(id); err == nil && f != nil {
				return c.fulfillmentOrder(o, f), nil
			}
			return nil, err
		}),
		"fulfillment": c.needs("read_orders", "fulfillment", func(args map[string]any) (any, error) {
			id, err := numberOf(args["id"], "Fulfillment")
			if o, f := s.fulfillment(id); err == nil && f != nil {
				return c.fulfillment(o, f), nil
			}
			return nil, err
		}),
		"nodes":           c.needs("read_products", "nodes", c.nodes),
		"productVariants": c.needs("read_products", "productVariants", connection("ProductVariantConnection", c.productVariants)),
	}
}

func (s *shop) byID(id int64) *order {
	for _, o := range s.orders {
		if o.id == id {
			return o
		}
	}
	return nil
}

func (s *shop) fulfillmentOrder(id int64) (*order, *fulfillmentOrder) {
	for _, o := range s.orders {
		for _, f := range o.fos {
			if f.id == id {
				return o, f
			}
		}
	}
	return nil, nil
}

func (s *shop) fulfillment(id int64) (*order, *fulfillment) {
	for _, o := range s.orders {
		for _, f := range o.fulfillments {
			if f.id == id {
				return o, f
			}
		}
	}
	return nil, nil
}

// orders lists orders by a search, in the order asked for.
func (c *call) orders(args map[string]any) ([]keyed, error) {
	q, _ := args["query"].(string)
	match, err := parseSearch(q, orderTerms)
	if err != nil {
		return nil, &fail{code: "BAD_REQUEST", message: err.Error()}
	}
	key := func(o *order) string { return fmt.Sprintf("%019d", o.id) }
	switch args["sortKey"] {
	case "UPDATED_AT":
		key = func(o *order) string { return fmt.Sprintf("%s %019d", stamp(o.updated), o.id) }
	case "ID":
	default:
		return nil, &fail{code: "BAD_REQUEST", message: fmt.Sprintf("the stand-in does not sort by %v", args["sortKey"])}
	}
	var out []keyed
	for _, o := range c.shop.orders {
		// Older orders need read_all_orders.
		if match(o) && c.now.Sub(o.created) <= 60*24*time.Hour {
			out = append(out, keyed{key(o), func() object { return c.order(o) }})
		}
	}
	slices.SortFunc(out, func(a, b keyed) int { return cmp.Compare(a.key, b.key) })
	if after, _ := args["after"].(string); c.m.faults.Repeat && after != "" {
		// The last of the page before begins the next.
		i, _ := slices.BinarySearchFunc(out, strings.TrimPrefix(after, "cursor:"), func(k keyed, t string) int { return cmp.Compare(k.key, t) })
		if i < len(out) {
			args["after"] = "cursor:"
			if i > 0 {
				args["after"] = "cursor:" + out[i-1].key
			}
		}
	}
	return out, nil
}
