package amazon

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/order"
)

// Parse reads a page of searchOrders, getOrder or searchListingsItems.
func (d *Driver) Parse(p connectors.Page) (connectors.Parsed, error) {
	var out connectors.Parsed
	switch p.Kind {
	case "searchOrders":
		var r searchReply
		if err := unmarshal(p.Body, &r); err != nil {
			return out, err
		}
		if r.Orders == nil {
			return out, errors.New("there is no list of orders")
		}
		for i, raw := range r.Orders {
			d.record(&out, raw, fmt.Sprintf("orders[%d]", i))
		}
		return out, nil
	case "getOrder":
		var r orderReply
		if err := unmarshal(p.Body, &r); err != nil {
			return out, err
		}
		switch {
		case len(r.Order) == 0:
			return out, errors.New("there is no order")
		case string(r.Order) != "null":
			d.record(&out, r.Order, "order")
		}
		return out, nil
	case "searchListingsItems":
		return d.products(p.Body)
	}
	return out, fmt.Errorf("a page of %q is unknown", p.Kind)
}

func (d *Driver) record(out *connectors.Parsed, raw json.RawMessage, where string) {
	refuse := func(x *connectors.Refusal) {
		x.Order, x.Record = numberOf(raw), where
		out.Refused = append(out.Refused, *x)
	}
	if err := connectors.CheckText(raw); err != nil {
		refuse(&connectors.Refusal{Reason: order.RefusedCharset, Detail: err.Error()})
		return
	}
	var m orderModel
	if err := json.Unmarshal(raw, &m); err != nil {
		x := &connectors.Refusal{Reason: order.RefusedType, Detail: err.Error()}
		var wrong *json.UnmarshalTypeError
		if errors.As(err, &wrong) {
			x.Field, x.Value, x.Detail = wrong.Field, wrong.Value, "expected "+wrong.Type.String()
		}
		refuse(x)
		return
	}
	out.Shown = append(out.Shown, shownOf(&m)...)
	o, x := d.order(&m)
	if x != nil {
		refuse(x)
		return
	}
	out.Orders = append(out.Orders, o)
}

// packageKey is the key of the only package of an order.
const packageKey = "1"

// bare takes from a tracking number what people put in to read it better.
var bare = strings.NewReplacer("-", "", " ", "")

// shownOf lists the parcels that were confirmed. Of a carrier Amazon shows its code,
// or the name of one that is Other.
func shownOf(m *orderModel) (out []connectors.Shown) {
	for _, p := range m.Packages {
		if p.Status.Status == "CANCELLED" || p.Tracking == "" {
			continue
		}
		s := connectors.Shown{Order: m.ID, Package: packageKey, Carrier: described().CarrierOf(p.Carrier), Tracking: bare.Replace(p.Tracking)}
		if s.Carrier == "other" { // Other stands for many carriers
			s.Carrier = ""
		}
		for _, it := range p.Items {
			s.Lines = append(s.Lines, it.ID)
		}
		out = append(out, s)
	}
	return out
}

// Statuses that decide how an order is read.
const (
	statusPartly       = "PARTIALLY_SHIPPED"
	statusCancelled    = "CANCELLED"
	methodCOD          = "CashOnDelivery"
	methodOther        = "Other"
	byAmazon           = "AMAZON"
	addressPickupPoint = "PICKUP_POINT"
)

// elsewhere are programs whose parcels Amazon or the shop's counter hands over.
var elsewhere = []string{"AMAZON_EASY_SHIP", "DELIVERY_BY_AMAZON", "IN_STORE_PICK_UP"}

func missing(field, what string) *connectors.Refusal {
	return &connectors.Refusal{Field: field, Reason: order.RefusedMissing, Detail: what}
}

func (d *Driver) order(m *orderModel) (order.Order, *connectors.Refusal) {
	o := order.Order{Account: d.account.Name, Number: m.ID, Status: m.Fulfillment.Status, Delivery: m.Fulfillment.Level}
	created, err := time.Parse(time.RFC3339Nano, m.Created)
	switch {
	case m.ID == "":
		return o, missing("orderId", "an order number")
	case err != nil:
		return o, &connectors.Refusal{Field: "createdTime", Value: m.Created, Reason: order.RefusedType, Detail: "expected as 2026-11-18T02:11:09.120Z"}
	case m.Fulfillment.Status == "":
		return o, missing("fulfillment.fulfillmentStatus", "a status")
	case len(m.Items) == 0:
		return o, missing("orderItems", "at least one item")
	}
	o.Ordered = order.Instant{UTC: created.UTC(), Text: m.Created}
	if x := amounts(&o, m); x != nil {
		return o, x
	}
	o.Buyer = order.Party{Name: m.Buyer.Name, Email: m.Buyer.Email, Company: m.Buyer.Company}
	p := order.Package{Key: packageKey, To: m.Recipient.Address.party(m.Buyer.Name), Note: joined("\n", m.Recipient.Preference.DropOff, m.Recipient.Preference.Instruction)}
	if t, err := time.Parse(time.RFC3339Nano, m.Fulfillment.ShipBy.Latest); err == nil {
		p.ShipBy = order.DateOf(t.In(d.account.Zone))
	}
	for i := range m.Items {
		it := &m.Items[i]
		l, x := d.line(m, it)
		if x != nil {
			x.Field = fmt.Sprintf("orderItems[%d].%s", i, x.Field)
			return o, x
		}
		if it.Fulfillment.Shipping.Scheduled.Earliest != "" && p.DeliverOn == "" {
			p.DeliverOn, p.TimeBand = d.wish(it.Fulfillment.Shipping.Scheduled)
		}
		if l.Quantity > 0 || m.Fulfillment.Status == statusCancelled {
			p.Lines = append(p.Lines, l)
		}
	}
	if len(p.Lines) == 0 {
		return o, &connectors.Refusal{Field: "orderItems", Reason: order.RefusedQuantity, Detail: "a piece that is to be shipped, or was"}
	}
	o.Packages = []order.Package{p}
	o.Flags = flags(m)
	return o, nil
}

// amounts fills what the order costs and how it is paid. What cash on delivery
// collects is its own execution: points and gift cards may have paid a part. Prices
// in Japan include the tax, which is not added.
func amounts(o *order.Order, m *orderModel) *connectors.Refusal {
	var bad *connectors.Refusal
	units := func(field string, x *money) int64 {
		n, err := x.units()
		if err != nil && bad == nil {
			bad = &connectors.Refusal{Field: field, Value: x.Amount, Reason: order.RefusedType, Detail: "expected an amount of " + x.Currency}
		}
		if x != nil && o.Currency == "" {
			o.Currency = x.Currency
		}
		return n
	}
	o.Total = units("proceeds.grandTotal", m.Proceeds.Total)
	for _, b := range m.Proceeds.Breakdowns {
		n := units("proceeds.breakdowns."+b.Type, b.Subtotal)
		switch b.Type {
		case "ITEM":
			o.Goods += n
		case "SHIPPING":
			o.Postage += n
		case "COD_FEE", "GIFT_WRAP":
			o.Fee += n
		case "DISCOUNT":
			o.Discount += max(n, -n)
		}
	}
	o.Payment = methodOther
	for i, x := range m.Payment.Executions {
		switch {
		case x.Method == methodCOD:
			o.Payment = methodCOD
			if x.Amount != nil {
				o.Total = units("payment.paymentExecutions", x.Amount)
			}
			return bad
		case i == 0 && x.Method != "":
			o.Payment = x.Method
		}
	}
	return bad
}

// party reads an address. Japanese ones have the town in the first line and no city;
// a name may be missing.
func (a *address) party(buyer string) order.Party {
	p := order.Party{
		Name: a.Name, Company: a.Company, Phone: a.Phone, Country: a.Country, Postal: a.Postal, Prefecture: a.State,
		City: joined(" ", a.City, a.Municipality, a.District), Street: a.Line1, Building: joined(" ", a.Line2, a.Line3),
	}
	if a.Country == "JP" {
		p.City = joined("", a.City, a.Municipality, a.District)
	}
	if p.Name == "" && (a.Line1 != "" || a.Postal != "") {
		p.Name = buyer
	}
	return p
}

// joined puts together the parts that are not empty.
func joined(sep string, parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), sep)
}

// line reads an item. Of an order that is shipped in part only what is left counts.
func (d *Driver) line(m *orderModel, it *itemModel) (order.Line, *connectors.Refusal) {
	l := order.Line{Key: it.ID, Name: it.Product.Title, Codes: order.Codes{ItemID: it.Product.ASIN, ItemCode: it.Product.SKU}}
	switch {
	case it.ID == "":
		return l, missing("orderItemId", "the id of the item")
	case it.Ordered == nil:
		return l, missing("quantityOrdered", "a quantity")
	case *it.Ordered < 0 || it.left() < 0:
		return l, &connectors.Refusal{Field: "quantityOrdered", Value: fmt.Sprint(*it.Ordered), Reason: order.RefusedQuantity, Detail: "0 or more"}
	}
	l.Quantity = *it.Ordered
	if m.Fulfillment.Status == statusPartly {
		l.Quantity = it.left()
	}
	price, err := it.Product.Price.Unit.units()
	if err != nil {
		return l, &connectors.Refusal{Field: "product.price.unitPrice", Value: it.Product.Price.Unit.Amount, Reason: order.RefusedType, Detail: "expected an amount"}
	}
	l.Price = price
	if g := it.Fulfillment.Packing.Gift; g != nil {
		l.Note = joined("\n", g.Wrap, g.Message)
	}
	l.Note = joined("\n", l.Note, it.Product.Customization.URL)
	return l, nil
}

// wish reads the window that a buyer chose: a day where it begins and ends on one,
// and the time where that is not the whole day.
func (d *Driver) wish(w span) (order.Date, string) {
	from, err1 := time.Parse(time.RFC3339Nano, w.Earliest)
	to, err2 := time.Parse(time.RFC3339Nano, w.Latest)
	if err1 != nil || err2 != nil {
		return "", ""
	}
	from, to = from.In(d.account.Zone), to.In(d.account.Zone)
	day := order.DateOf(from)
	if order.DateOf(to) != day {
		return "", ""
	}
	if from.Hour() == to.Hour() || to.Hour() == 23 {
		return day, ""
	}
	return day, from.Format("15:04") + "-" + to.Format("15:04")
}

func flags(m *orderModel) []string {
	var out []string
	add := func(flag string, on bool) {
		if on {
			out = append(out, flag)
		}
	}
	gift, asked, special := false, false, false
	for i := range m.Items {
		it := &m.Items[i]
		gift = gift || it.Fulfillment.Packing.Gift != nil
		asked = asked || it.Cancellation.Request != nil && m.Fulfillment.Status != statusCancelled && it.left() > 0
		for name := range it.Fulfillment.Shipping.Constraints {
			special = special || name != "cashOnDelivery"
		}
		special = special || slices.Contains(it.Programs, "TRANSPARENCY") || it.Fulfillment.Packing.Serial.Type == "REQUIRED" || it.Product.Customization.URL != ""
	}
	for _, p := range m.Programs {
		special = special || slices.Contains(elsewhere, p)
	}
	add(order.FlagMallFulfils, m.Fulfillment.By == byAmazon)
	add(order.FlagGift, gift)
	add(order.FlagClaim, asked)
	add(order.FlagWarning, special || m.Recipient.Address.Type == addressPickupPoint)
	return out
}

// products reads a page of listings. Offers that Amazon ships have no stock of the
// shop's.
func (d *Driver) products(body []byte) (connectors.Parsed, error) {
	var out connectors.Parsed
	var r listingsReply
	if err := unmarshal(body, &r); err != nil {
		return out, err
	}
	if r.Results == nil {
		return out, errors.New("numberOfResults is missing")
	}
	for i, raw := range r.Items {
		x := connectors.Refusal{Record: fmt.Sprintf("items[%d]", i)}
		var it listingModel
		if err := connectors.CheckText(raw); err != nil {
			x.Reason, x.Detail = order.RefusedCharset, err.Error()
		} else if err := json.Unmarshal(raw, &it); err != nil {
			x.Reason, x.Detail = order.RefusedType, err.Error()
		} else if it.SKU == "" {
			x.Field, x.Reason, x.Detail = "sku", order.RefusedMissing, "the seller's SKU"
		}
		if x.Reason != "" {
			out.Refused = append(out.Refused, x)
			continue
		}
		out.Products = append(out.Products, d.product(&it))
	}
	return out, nil
}

func (d *Driver) product(it *listingModel) connectors.Product {
	p := connectors.Product{Codes: order.Codes{ItemCode: it.SKU}, Price: -1, Stock: -1}
	for _, s := range it.Summaries {
		if s.Market != d.store {
			continue
		}
		p.Codes.ItemID, p.Name, p.Category, p.OnSale = s.ASIN, s.Name, s.Type, slices.Contains(s.Status, "BUYABLE")
		if t, err := time.Parse(time.RFC3339Nano, s.Updated); err == nil {
			p.Changed = order.Instant{UTC: t.UTC(), Text: s.Updated}
		}
	}
	for _, o := range it.Offers {
		if o.Market == d.store && o.Type == "B2C" && o.Price != nil {
			if n, err := o.Price.units(); err == nil {
				p.Price = n
			}
		}
	}
	if n, own := it.stock(); own {
		p.Stock = n
	}
	return p
}

// stock is the quantity that the shop itself offers; own is false where Amazon ships
// the listing, or where it says nothing.
func (it *listingModel) stock() (n int64, own bool) {
	for _, a := range it.Availability {
		if a.Channel != ownChannel {
			return 0, false
		}
		own = true
		if a.Quantity != nil {
			n = *a.Quantity
		}
	}
	return n, own
}
