package ebay

import (
	"fmt"
	"time"

	"github.com/mallbridge/mallbridge/simulator/orders"
)

// States of cancels.
const (
	cancelNone  = "NONE_REQUESTED"
	cancelAsked = "IN_PROGRESS"
	canceled    = "CANCELED"
)

// A sale is one order with what became of it.
type sale struct {
	o        orders.Order
	modified time.Time
	payment  string
	cancel   string
	request  string // number of the buyer's request to cancel
	refused  bool
	sent     map[string]int64 // pieces, by line
	parcels  []*parcel
}

// A parcel is one fulfilment.
type parcel struct {
	id, tracking, carrier string
	at                    time.Time
	lines                 map[string]int64
}

// settle does what time did until now.
func (x *sale) settle(now time.Time) {
	if at := x.o.Ordered.UTC().Add(payTime); x.payment == "PENDING" && !at.After(now) && x.cancel == cancelNone {
		x.payment, x.modified = "PAID", at
	}
}

func (x *sale) lines() []orders.Line { return x.o.Parcels[0].Lines }

// state is how far a line is, or all of them.
func state(sent, of int64) string {
	switch {
	case sent == 0:
		return "NOT_STARTED"
	case sent < of:
		return "IN_PROGRESS"
	}
	return "FULFILLED"
}

func (x *sale) state() string {
	var sent, of int64
	for _, l := range x.lines() {
		sent, of = sent+x.sent[l.Key], of+l.Quantity
	}
	return state(sent, of)
}

type doc = map[string]any

const stamp = "2006-01-02T15:04:05.000Z"

func when(t time.Time) string { return t.UTC().Format(stamp) }

func (x *sale) amount(units int64) doc {
	return doc{"value": decimal(units), "currency": x.o.Currency}
}

// decimal writes cents.
func decimal(units int64) string {
	sign := ""
	if units < 0 {
		sign, units = "-", -units
	}
	return fmt.Sprintf("%s%d.%02d", sign, units/100, units%100)
}

func address(p orders.Person) doc {
	d := doc{"addressLine1": p.Street, "city": p.City, "postalCode": p.Postal, "countryCode": p.Country}
	if p.Building != "" {
		d["addressLine2"] = p.Building
	}
	if p.Prefecture != "" {
		d["stateOrProvince"] = p.Prefecture
	}
	return d
}

func contact(p orders.Person) doc {
	d := doc{"fullName": p.Name(), "contactAddress": address(p), "email": p.Mail}
	if p.Phone != "" {
		d["primaryPhone"] = doc{"phoneNumber": p.Phone}
	}
	return d
}

// doc is the order as getOrders gives it; alone, as getOrder does, with the requests to
// cancel.
func (x *sale) doc(alone bool) doc {
	o := &x.o
	p := &o.Parcels[0]
	requests := []doc{}
	if alone && x.request != "" {
		r := doc{"cancelRequestId": x.request, "cancelInitiator": "BUYER", "cancelReason": "BUYER_CANCEL_REQUEST", "cancelRequestedDate": when(x.modified), "cancelRequestState": "REQUESTED"}
		switch {
		case x.refused:
			r["cancelRequestState"] = "REJECTED"
		case x.cancel == canceled:
			r["cancelRequestState"], r["cancelCompletedDate"] = "COMPLETED", when(x.modified)
		}
		requests = append(requests, r)
	}
	cancel := doc{"cancelState": x.cancel, "cancelRequests": requests}
	if x.cancel == canceled {
		cancel["cancelledDate"] = when(x.modified)
	}
	d := doc{
		"orderId": o.Number, "legacyOrderId": o.Number, "creationDate": when(o.Ordered), "lastModifiedDate": when(x.modified),
		"orderFulfillmentStatus": x.state(), "orderPaymentStatus": x.payment, "sellerId": "sample_jp_shop",
		"buyer": doc{
			"username": "invented_buyer_" + o.Number[:2], "buyerRegistrationAddress": contact(o.Buyer),
			"taxAddress": doc{"countryCode": o.Buyer.Country, "postalCode": o.Buyer.Postal},
		},
		"cancelStatus": cancel,
		"pricingSummary": doc{
			"priceSubtotal": x.amount(o.Goods), "deliveryCost": x.amount(o.Postage), "total": x.amount(o.Total),
		},
		"paymentSummary": doc{
			"totalDueSeller": x.amount(o.Total - o.Total/8), "refunds": []doc{},
			"payments": []doc{{"paymentMethod": o.Payment, "paymentReferenceId": "SAMPLE" + o.Number[:2], "paymentDate": when(o.Ordered), "amount": x.amount(o.Total), "paymentStatus": paid(x.payment)}},
		},
		"fulfillmentStartInstructions": []doc{x.start()},
	}
	hrefs := []string{}
	for _, y := range x.parcels {
		hrefs = append(hrefs, api+fulfillment+"/order/"+o.Number+"/shipping_fulfillment/"+y.id)
	}
	d["fulfillmentHrefs"] = hrefs
	if o.Note != "" {
		d["buyerCheckoutNotes"] = o.Note
	}
	if o.MallShips {
		d["program"] = doc{"fulfillmentProgram": doc{"fulfilledBy": "EBAY"}}
	}
	lines := []doc{}
	for i := range p.Lines {
		lines = append(lines, x.line(&p.Lines[i]))
	}
	d["lineItems"] = lines
	if p.Customs != "" {
		d["ebayCollectAndRemitTax"] = true
	}
	return d
}

func paid(payment string) string {
	if payment == "PENDING" || payment == "FAILED" {
		return payment
	}
	return "PAID"
}

// start says where the parcel goes. A note of a parcel is the reference of a hub, which
// it then goes to.
func (x *sale) start() doc {
	p := &x.o.Parcels[0]
	step := doc{"shipTo": contact(p.To), "shippingCarrierCode": "JapanPost", "shippingServiceCode": x.o.Delivery}
	d := doc{
		"fulfillmentInstructionsType": "SHIP_TO", "shippingStep": step,
		"minEstimatedDeliveryDate": when(x.o.Ordered.AddDate(0, 0, 9)), "maxEstimatedDeliveryDate": when(x.o.Ordered.AddDate(0, 0, 16)),
	}
	if x.o.MallShips {
		d["fulfillmentInstructionsType"] = "FULFILLED_BY_EBAY"
		delete(d, "shippingStep")
	}
	if p.Note != "" {
		d["ebaySupportedFulfillment"], d["finalDestinationAddress"] = true, address(x.o.Buyer)
		step["shipToReferenceId"] = p.Note
	}
	return d
}

func (x *sale) line(l *orders.Line) doc {
	cost := l.Price * l.Quantity
	d := doc{
		"lineItemId": l.Key, "legacyItemId": l.ItemID, "title": l.Name, "quantity": l.Quantity, "soldFormat": "FIXED_PRICE",
		"listingMarketplaceId": "EBAY_US", "purchaseMarketplaceId": "EBAY_US",
		"lineItemCost": x.amount(cost), "total": x.amount(cost), "deliveryCost": doc{"shippingCost": x.amount(0)},
		"lineItemFulfillmentStatus": state(x.sent[l.Key], l.Quantity), "taxes": []doc{}, "refunds": []doc{}, "appliedPromotions": []doc{},
		"lineItemFulfillmentInstructions": doc{"shipByDate": when(x.o.Ordered.AddDate(0, 0, 3)), "guaranteedDelivery": false},
	}
	if l.SKUCode != "" {
		d["sku"] = l.SKUCode
	}
	if l.OptionID != "" {
		d["legacyVariationId"] = l.OptionID
	}
	if l.Option != "" {
		name, value := "Variation", l.Option
		for i := range l.Option {
			if l.Option[i] == ':' {
				name, value = l.Option[:i], l.Option[i+1:]
				break
			}
		}
		if value != "" && value[0] == ' ' {
			value = value[1:]
		}
		d["variationAspects"] = []doc{{"name": name, "value": value}}
	}
	if c := x.o.Parcels[0].Customs; c != "" {
		d["ebayCollectAndRemitTaxes"] = []doc{{"taxType": "VAT", "amount": x.amount(cost / 5), "ebayReference": doc{"name": "IOSS", "value": c}}}
	}
	return d
}

func (y *parcel) doc(order []orders.Line) doc {
	lines := []doc{}
	for _, l := range order {
		if n := y.lines[l.Key]; n > 0 {
			lines = append(lines, doc{"lineItemId": l.Key, "quantity": n})
		}
	}
	d := doc{"fulfillmentId": y.id, "shippedDate": when(y.at), "lineItems": lines}
	if y.tracking != "" {
		d["shipmentTrackingNumber"], d["shippingCarrierCode"] = y.tracking, y.carrier
	}
	return d
}
