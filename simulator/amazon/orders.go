package amazon

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mallbridge/mallbridge/simulator/orders"
)

type order struct {
	number           string
	status, by       string
	created, updated time.Time
	of               orders.Order
	asked            string // reason of the buyer's request to cancel; empty for none
	items            []*item
	packages         []*pack
	scheduled        [2]time.Time
	programs         []string
}

type item struct {
	id, asin, sku, title          string
	price                         int64
	ordered, fulfilled, cancelled int64
	message, wrap                 string
}

type pack struct {
	Package
	created, shipped time.Time
}

// A Special is what an order has beyond what streams of orders know.
type Special struct {
	Programs  []string     // PRIME, AMAZON_EASY_SHIP …
	Scheduled [2]time.Time // the window in which the buyer wants it
}

// Place puts an order into a seller's store in a status, or in the order's own if
// status is empty.
func (m *Mall) Place(id string, o *orders.Order, status string) error {
	return m.PlaceSpecial(id, o, status, Special{})
}

// PlaceSpecial places an order that has something special.
func (m *Mall) PlaceSpecial(id string, o *orders.Order, status string, x Special) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.sellers[id]
	if s == nil {
		return fmt.Errorf("amazon: no seller %s", id)
	}
	if s.byNo[o.Number] != nil {
		return fmt.Errorf("amazon: order %s is there already", o.Number)
	}
	if len(o.Parcels) != 1 {
		return fmt.Errorf("amazon: order %s has %d recipients, an order has one", o.Number, len(o.Parcels))
	}
	if status == "" {
		status = o.Status
	}
	n := &order{
		number: o.Number, status: status, by: "MERCHANT", created: o.Ordered, updated: o.Ordered, of: *o, scheduled: x.Scheduled, programs: x.Programs,
	}
	if o.MallShips {
		n.by = "AMAZON"
	}
	if o.Claim {
		n.asked = "mistake"
	}
	for _, l := range o.Parcels[0].Lines {
		it := &item{id: l.Key, asin: l.ItemID, sku: l.ItemCode, title: l.Name, price: l.Price, ordered: l.Quantity}
		if o.Gift != "" {
			it.message, it.wrap = o.Gift, "ラッピング袋"
		}
		switch status {
		case Shipped:
			it.fulfilled = it.ordered
		case Cancelled:
			it.ordered, it.cancelled = 0, it.ordered
		}
		n.items = append(n.items, it)
		if s.items[l.ItemCode] == nil && l.ItemCode != "" {
			s.items[l.ItemCode] = &listing{sku: l.ItemCode, asin: l.ItemID, title: l.Name, price: l.Price, quantity: 100, channel: "DEFAULT", created: o.Ordered, updated: o.Ordered}
		}
	}
	if status == Shipped && n.by == "MERCHANT" {
		p := &pack{Package{Reference: "1", Carrier: "YAMATO", Tracking: "400000000013", Items: map[string]int64{}}, o.Ordered, o.Ordered}
		for _, it := range n.items {
			p.Items[it.id] = it.fulfilled
		}
		n.packages = append(n.packages, p)
	}
	s.byNo[o.Number] = n
	i, _ := slices.BinarySearchFunc(s.orders, n, byUpdate)
	s.orders = slices.Insert(s.orders, i, n)
	return nil
}

var (
	statuses = []string{"PENDING_AVAILABILITY", "PENDING", "UNSHIPPED", "PARTIALLY_SHIPPED", "SHIPPED", "CANCELLED", "UNFULFILLABLE"}
	datasets = []string{"BUYER", "RECIPIENT", "PROCEEDS", "EXPENSE", "PROMOTION", "CANCELLATION", "FULFILLMENT", "PACKAGES", "TAX", "PAYMENT", "FULFILLMENT_ORDERS"}
)

func searchOrders(c *call) answer {
	after, err1 := c.instant("lastUpdatedAfter")
	before, err2 := c.instant("lastUpdatedBefore")
	createdAfter, err3 := c.instant("createdAfter")
	createdBefore, err4 := c.instant("createdBefore")
	included, err5 := c.list("includedData", len(datasets), datasets...)
	states, err6 := c.list("fulfillmentStatuses", len(statuses), statuses...)
	by, err7 := c.list("fulfilledBy", 2, "MERCHANT", "AMAZON")
	markets, err8 := c.list("marketplaceIds", 50)
	for _, err := range []error{err1, err2, err3, err4, err5, err6, err7, err8} {
		if err != nil {
			return invalid("%v", err)
		}
	}
	updated := !after.IsZero()
	from, to := after, before
	if !updated {
		from, to = createdAfter, createdBefore
	}
	switch {
	case updated == !createdAfter.IsZero(), updated && !createdBefore.IsZero(), !updated && !before.IsZero():
		return invalid("exactly one of createdAfter and lastUpdatedAfter is expected, with its own Before")
	case !to.IsZero() && to.Before(from):
		return invalid("the end is before the begin")
	case !to.IsZero() && to.After(c.now.Add(-2*time.Minute)):
		return invalid("the end must be at least two minutes before the time of the request")
	case from.After(c.now):
		return invalid("the begin is in the future")
	}
	most := 100
	if v := c.q.Get("maxResultsPerPage"); v != "" {
		n, err := strconv.Atoi(v)
		if err != nil || n < 1 || n > 100 {
			return invalid("maxResultsPerPage: %q", v)
		}
		most = n
	}
	if a := c.personal(included); a.status != 0 {
		return a
	}
	if to.IsZero() {
		to = c.now.Add(-2 * time.Minute)
	}
	start, a := c.position()
	if a.status != 0 {
		return a
	}
	page, last := []any{}, ""
	prior := ""
	more := false
	for _, o := range c.s.orders {
		at := o.updated
		if !updated {
			at = o.created
		}
		key := place(o)
		if at.Before(from) || at.After(to) || key <= start ||
			len(states) > 0 && !slices.Contains(states, o.status) || len(by) > 0 && !slices.Contains(by, o.by) ||
			len(markets) > 0 && !slices.Contains(markets, Japan) {
			continue
		}
		if len(page) == most {
			more = true
			break
		}
		page = append(page, o.model(c.s, included))
		prior, last = last, key
	}
	out := map[string]any{"orders": page}
	if updated {
		out["lastUpdatedBefore"] = stamp(to)
	} else {
		out["createdBefore"] = stamp(to)
	}
	if more {
		if c.m.faults.Repeat {
			last = prior
		}
		out["pagination"] = map[string]string{"nextToken": c.token(last)}
	}
	return answer{http.StatusOK, out}
}

// place orders orders on pages.
func place(o *order) string { return o.updated.UTC().Format("20060102150405.000000000") + o.number }

// others identifies all parameters but the token of the page.
func (c *call) others() string {
	q := c.q
	was := q.Get("paginationToken")
	q.Del("paginationToken")
	sum := sha256.Sum256([]byte(q.Encode()))
	if was != "" {
		q.Set("paginationToken", was)
	}
	return hex.EncodeToString(sum[:8])
}

func (c *call) token(last string) string {
	return base64.StdEncoding.EncodeToString([]byte(c.others() + "|" + strconv.FormatInt(c.now.Unix(), 10) + "|" + last))
}

// position reads the token of a page.
func (c *call) position() (string, answer) {
	v := c.q.Get("paginationToken")
	if v == "" {
		return "", answer{}
	}
	raw, err := base64.StdEncoding.DecodeString(v)
	parts := strings.SplitN(string(raw), "|", 3)
	if err != nil || len(parts) != 3 {
		return "", invalid("paginationToken cannot be read")
	}
	sec, err := strconv.ParseInt(parts[1], 10, 64)
	if err != nil || c.now.Sub(time.Unix(sec, 0)) > pageLife {
		return "", invalid("paginationToken has expired")
	}
	if parts[0] != c.others() {
		return "", invalid("paginationToken: other parameters than those of the first page")
	}
	return parts[2], answer{}
}

// personal refuses personal data to an app without the role.
func (c *call) personal(included []string) answer {
	if !c.s.has(RoleShipping) && slices.Contains(included, "RECIPIENT") {
		return failure(http.StatusForbidden, "Unauthorized", denied, "")
	}
	return answer{}
}

func getOrder(c *call) answer {
	included, err := c.list("includedData", len(datasets), datasets...)
	if err != nil {
		return invalid("%v", err)
	}
	if a := c.personal(included); a.status != 0 {
		return a
	}
	o := c.s.byNo[c.vars["orderId"]]
	if o == nil {
		return failure(http.StatusNotFound, "NotFound", "The requested resource was not found.", "order %s", c.vars["orderId"])
	}
	return answer{http.StatusOK, map[string]any{"order": o.model(c.s, included)}}
}

type object = map[string]any

func yen(n int64) object { return object{"amount": strconv.FormatInt(n, 10), "currencyCode": "JPY"} }

// model is the order with the datasets that were asked for.
func (o *order) model(s *seller, included []string) object {
	has := func(set string) bool { return slices.Contains(included, set) }
	waits := o.status == Pending || o.status == PendingAvailability
	merchant := o.by == "MERCHANT"
	m := object{
		"orderId": o.number, "createdTime": stamp(o.created), "lastUpdatedTime": stamp(o.updated),
		"salesChannel": object{"channelName": "AMAZON", "marketplaceId": Japan, "marketplaceName": "Amazon.co.jp"},
	}
	if len(o.programs) > 0 {
		m["programs"] = o.programs
	}
	if has("BUYER") && !waits && merchant && s.has(RoleShipping) {
		m["buyer"] = object{"buyerName": o.of.Buyer.Name(), "buyerEmail": "sample" + o.number[len(o.number)-4:] + "@marketplace.example"}
	}
	if has("RECIPIENT") && !waits && merchant {
		m["recipient"] = object{"deliveryAddress": address(o.of.Parcels[0].To)}
	}
	if has("FULFILLMENT") {
		m["fulfillment"] = object{
			"fulfillmentStatus": o.status, "fulfilledBy": o.by, "fulfillmentServiceLevel": "STANDARD",
			"shipByWindow":    object{"earliestDateTime": stamp(o.created), "latestDateTime": stamp(midnight(o.created, 3).Add(-time.Second))},
			"deliverByWindow": object{"earliestDateTime": stamp(midnight(o.created, 2)), "latestDateTime": stamp(midnight(o.created, 6).Add(-time.Second))},
		}
	}
	if has("PROCEEDS") && !waits {
		b := []any{object{"type": "ITEM", "subtotal": yen(o.of.Goods)}, object{"type": "SHIPPING", "subtotal": yen(o.of.Postage)}}
		if o.of.Fee != 0 {
			b = append(b, object{"type": "COD_FEE", "subtotal": yen(o.of.Fee)})
		}
		m["proceeds"] = object{"grandTotal": yen(o.of.Total), "breakdowns": b}
	}
	if has("PAYMENT") {
		x := object{"paymentMethod": o.of.Payment}
		if !waits {
			x["paymentAmount"] = yen(o.of.Total)
		}
		m["payment"] = object{"paymentExecutions": []any{x}}
	}
	items := []any{}
	for _, it := range o.items {
		items = append(items, o.itemModel(it, has, waits))
	}
	m["orderItems"] = items
	if has("PACKAGES") && merchant && len(o.packages) > 0 {
		var list []any
		for _, p := range o.packages {
			list = append(list, p.model())
		}
		m["packages"] = list
	}
	return m
}

func (o *order) itemModel(it *item, has func(string) bool, waits bool) object {
	product := object{"asin": it.asin, "title": it.title, "sellerSku": it.sku}
	m := object{"orderItemId": it.id, "quantityOrdered": it.ordered, "product": product}
	if !waits {
		product["price"] = object{"unitPrice": yen(it.price)}
		if has("PROCEEDS") {
			m["proceeds"] = object{"proceedsTotal": yen(it.price * it.ordered), "breakdowns": []any{object{"type": "ITEM", "subtotal": yen(it.price * it.ordered)}}}
		}
	}
	if has("CANCELLATION") {
		switch {
		case o.status == Cancelled:
			m["cancellation"] = object{"cancellationExecution": object{"cancelledBy": "BUYER", "cancelReason": o.asked}}
		case o.asked != "" && it.fulfilled < it.ordered:
			m["cancellation"] = object{"cancellationRequest": object{"requester": "BUYER", "cancelReason": o.asked}}
		}
	}
	if has("FULFILLMENT") {
		f := object{"quantityFulfilled": it.fulfilled, "quantityUnfulfilled": it.ordered - it.fulfilled}
		if it.message != "" {
			f["packing"] = object{"giftOption": object{"giftMessage": it.message, "giftWrapLevel": it.wrap}}
		}
		shipping := object{}
		if !o.scheduled[0].IsZero() {
			shipping["scheduledDeliveryWindow"] = object{"earliestDateTime": stamp(o.scheduled[0]), "latestDateTime": stamp(o.scheduled[1])}
		}
		if o.of.Payment == "CashOnDelivery" {
			shipping["shippingConstraints"] = object{"cashOnDelivery": "MANDATORY"}
		}
		if len(shipping) > 0 {
			f["shipping"] = shipping
		}
		m["fulfillment"] = f
	}
	return m
}

func (p *pack) model() object {
	items := []any{}
	for _, id := range sortedKeys(p.Items) {
		items = append(items, object{"orderItemId": id, "quantity": p.Items[id]})
	}
	carrier := p.Carrier
	if carrier == "Other" {
		carrier = p.Name
	}
	return object{
		"packageReferenceId": p.Reference, "createdTime": stamp(p.created), "packageStatus": object{"status": "SHIPPED"},
		"carrier": carrier, "shipTime": stamp(p.shipped), "shippingService": p.Method, "trackingNumber": p.Tracking, "packageItems": items,
	}
}

// address is one as Japanese buyers have it: no city, the town in the first line.
func address(p orders.Person) object {
	m := object{
		"name": p.Name(), "addressLine1": p.City + p.Street, "stateOrRegion": p.Prefecture, "postalCode": p.Postal, "countryCode": p.Country,
		"phone": p.Phone, "addressType": "RESIDENTIAL",
	}
	if p.Building != "" {
		m["addressLine2"] = p.Building
	}
	return m
}

// midnight of the store's day so many days later.
func midnight(t time.Time, days int) time.Time {
	y, mo, d := t.In(Tokyo).Date()
	return time.Date(y, mo, d+days, 0, 0, 0, 0, Tokyo)
}

func sortedKeys[V any](m map[string]V) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
