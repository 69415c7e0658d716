package smartstore

import (
	"time"
)

// Statuses of a product order (productOrderStatus).
const (
	Waiting    = "PAYMENT_WAITING"
	Paid       = "PAYED"
	Delivering = "DELIVERING"
	Delivered  = "DELIVERED"
	Decided    = "PURCHASE_DECIDED"
	Exchanged  = "EXCHANGED"
	Cancelled  = "CANCELED"
	Returned   = "RETURNED"
)

// Where a paid product order stands (placeOrderStatus).
const (
	NotYet = "NOT_YET"
	Placed = "OK"
)

// An ord is what the product orders of one order share.
type ord struct {
	no, means     string
	buyer         person
	ordered, paid time.Time
}

// A person has a name, phone numbers and an address.
type person struct{ name, phone, base, detailed, postal string }

// A line is one product order.
type line struct {
	o                                *ord
	id, bundle                       string
	to                               person
	memo, customs, wished, due, gift string
	product, optionID                string
	name, option, optionCode         string
	code, custom                     string
	qty, left, price                 int64
	fee, island                      int64
	status, place                    string
	claim                            *claim
	done                             []*claim // completed
	contract                         bool
	receiving                        string
	method                           string
	courier, tracking                string
	changed, placedAt, sent, arrived time.Time
}

// A claim is what a buyer asked for about a product order.
type claim struct {
	id, kind, status, reason string
	pieces                   int64
	at                       time.Time
}

// open reports whether a claim stands against shipping.
func (l *line) open() bool {
	return l.claim != nil && (l.claim.status == "CANCEL_REQUEST" || l.claim.status == "CANCELING")
}

// stamp is a time as answers write it.
func stamp(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.In(Seoul).Format("2006-01-02T15:04:05.000-07:00")
}

type object = map[string]any

// put sets members that are not empty.
func put(o object, name string, v any) {
	switch v := v.(type) {
	case string:
		if v == "" {
			return
		}
	case nil:
		return
	}
	o[name] = v
}

// show is a product order with its order, as query and product-orders give it.
func (l *line) show() object {
	o := object{
		"orderId": l.o.no, "orderDate": stamp(l.o.ordered), "paymentMeans": l.o.means, "payLocationType": "MOBILE", "ordererId": "hang****", "ordererNo": "200000001",
		"ordererName": l.o.buyer.name, "ordererTel": l.o.buyer.phone, "isDeliveryMemoParticularInput": "false", "isMembershipSubscribed": false,
	}
	put(o, "paymentDate", stamp(l.o.paid))
	p := object{
		"productOrderId": l.id, "productOrderStatus": l.status, "placeOrderStatus": l.place, "mallId": "ncp_1", "packageNumber": l.bundle,
		"productId": l.product, "originalProductId": origin(l.product), "productName": l.name, "productClass": "조합형옵션상품", "taxType": "과세",
		"quantity": l.qty, "initialQuantity": l.qty, "remainQuantity": l.left, "unitPrice": l.price, "optionPrice": 0, "totalProductAmount": l.price * l.qty,
		"totalPaymentAmount": l.price * l.qty, "productDiscountAmount": 0, "deliveryFeeAmount": l.fee, "deliveryDiscountAmount": 0, "sectionDeliveryFee": l.island,
		"shippingFeeType": "선결제", "expectedDeliveryMethod": l.method, "expectedDeliveryCompany": "CJGLS", "deliveryAttributeType": "NORMAL",
		"logisticsDirectContracted": l.contract, "shippingDueDate": l.due,
	}
	for name, v := range map[string]any{
		"placeOrderDate": stamp(l.placedAt), "productOption": l.option, "optionCode": l.optionID, "itemNo": l.optionID, "optionManageCode": l.optionCode,
		"sellerProductCode": l.code, "sellerCustomCode1": l.custom, "shippingMemo": l.memo, "freeGift": l.gift, "giftReceivingStatus": l.receiving,
	} {
		put(p, name, v)
	}
	if l.status == Paid || l.status == Delivering || l.status == Delivered {
		put(p, "individualCustomUniqueCode", l.customs) // it goes when the order is closed
	}
	if l.wished != "" {
		p["hopeDelivery"] = object{"region": "수도권", "additionalFee": 0, "hopeDeliveryYmd": l.wished}
	}
	if l.contract {
		p["logisticsCompanyId"] = "NFA01"
	}
	if c := l.claim; c != nil {
		p["claimType"], p["claimStatus"], p["claimId"] = c.kind, c.status, c.id
	}
	if l.receiving != "WAIT_FOR_RECEIVING" {
		p["shippingAddress"] = object{
			"addressType": "DOMESTIC", "name": l.to.name, "tel1": l.to.phone, "tel2": "", "zipCode": l.to.postal, "baseAddress": l.to.base,
			"detailedAddress": l.to.detailed, "isRoadNameAddress": true, "city": "", "state": "", "country": "",
		}
	}
	out := object{"order": o, "productOrder": p}
	if l.tracking != "" {
		out["delivery"] = object{
			"deliveryCompany": l.courier, "deliveryMethod": l.method, "deliveryStatus": "DELIVERING", "trackingNumber": l.tracking, "sendDate": stamp(l.sent),
			"isWrongTrackingNumber": false,
		}
	}
	if l.claim != nil {
		out["currentClaim"] = object{claimNames[l.claim.kind]: l.claim.show()}
	}
	var past []object
	for _, c := range l.done {
		past = append(past, object{claimNames[c.kind]: c.show()})
	}
	if past != nil {
		out["completedClaims"] = past
	}
	return out
}

var claimNames = map[string]string{"CANCEL": "cancel", "RETURN": "return", "EXCHANGE": "exchange"}

func (c *claim) show() object {
	return object{
		"claimId": c.id, "claimStatus": c.status, "cancelReason": "INTENT_CHANGED", "cancelDetailedReason": c.reason, "claimRequestDate": stamp(c.at),
		"requestQuantity": c.pieces, "requestChannel": "구매회원",
	}
}

// origin is the number of the product behind the one that a channel shows.
func origin(channel string) string { return "5" + channel }
