package yahoo

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mallbridge/mallbridge/simulator/orders"
)

// Place puts an order of the stream into a store, seen when it was placed, and what it
// holds among the store's items. Its status is OrderStatus, as 2, or 2 with what the
// order file joins to it: 2/unpaid, 2/not_allowed, 2/shipped, 2/payment_failed. Every
// parcel after the first is refused: several destinations are several orders.
func (m *Mall) Place(seller string, o *orders.Order) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	s, err := m.store(seller)
	if err != nil {
		return err
	}
	if len(o.Parcels) != 1 || !strings.HasPrefix(o.Number, s.ID+"-") || s.byID[o.Number] != nil {
		return fmt.Errorf("yahoo: order %s: one parcel, a new number that begins with %s- are expected", o.Number, s.ID)
	}
	x := &ord{id: o.Number, at: o.Ordered, published: o.Ordered, changed: o.Ordered, history: 1, fields: fieldsOf(o)}
	x.fields["SellerId"] = s.ID
	if x.fields["ShipStatus"] == "3" {
		x.shipped = o.Ordered
	}
	for i, l := range o.Parcels[0].Lines {
		item := map[string]string{
			"LineId": cmp.Or(l.Key, strconv.Itoa(i+1)), "ItemId": l.ItemCode, "SubCode": l.OptionCode, "SubCodeOption": l.Option, "Title": l.Name, "Jan": l.Barcode,
			"UnitPrice": number(l.Price), "Quantity": number(l.Quantity), "ItemTaxRatio": "10", "IsUsed": "false",
		}
		if o.Mall == orders.YahooAuction {
			item["ItemYahooAucId"], item["ItemYahooAucMerchantId"] = l.ItemID, l.SKUCode
		}
		x.items = append(x.items, item)
		s.sell(Item{Code: l.ItemCode, SubCode: l.OptionCode, Name: l.Name, Option: l.Option, Price: l.Price, Stock: 100})
	}
	if o.Mall == orders.YahooAuction {
		x.fields["IsYahooAuctionOrder"], x.fields["YahooAuctionBidType"], x.fields["YahooAuctionCategoryType"] = "true", "2", "0"
		x.fields["YahooAuctionId"], x.fields["YahooAuctionMerchantId"] = x.item("ItemYahooAucId"), x.item("ItemYahooAucMerchantId")
		x.fields["YahooAuctionBundleType"] = "0"
		if len(x.items) > 1 {
			x.fields["YahooAuctionBundleType"] = "1"
		}
	}
	at, _ := slices.BinarySearchFunc(s.orders, x, func(a, b *ord) int { return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.id, b.id)) })
	s.orders = slices.Insert(s.orders, at, x)
	s.byID[x.id] = x
	return nil
}

func number(n int64) string { return strconv.FormatInt(n, 10) }

// kinds are PayKind by PayMethod.
var kinds = map[string]string{"payment_a1": "0", "payment_b1": "3", "payment_d1": "4", "payment_a6": "5", "payment_a17": "6"}

func fieldsOf(o *orders.Order) map[string]string {
	status, sub, _ := strings.Cut(o.Status, "/")
	if o.SubStatus != "" {
		sub = o.SubStatus
	}
	p := &o.Parcels[0]
	f := map[string]string{
		"Version": "2", "DeviceType": "3", "IsSeen": "false", "IsSplit": "false", "OrderStatus": status, "Suspect": "0", "FraudHoldStatus": "0", "BuyerComments": o.Note,
		"Notes": o.Memo, "IsMultiShip": "false", "IsLogin": "true", "IsLineGiftOrder": "false", "SocialGiftType": "0",
		"PayStatus": "1", "SettleStatus": "3", "PayType": "1", "PayKind": cmp.Or(kinds[o.Payment], "7"), "PayMethod": o.Payment, "PayMethodName": "お支払い方法",
		"ShipStatus": "1", "ShipMethod": "postage1", "ShipMethodName": o.Delivery, "ShipRequestDate": p.DeliverOn, "ShipRequestTime": p.Band, "ShipNotes": p.Note,
		"PayCharge": number(o.Fee), "ShipCharge": number(o.Postage), "GiftWrapCharge": "0", "Discount": "0", "UsePoint": "0", "TotalMallCouponDiscount": "0",
		"TotalPrice": number(o.Total), "SettleAmount": number(o.Total), "GiftWrapType": o.Gift,
	}
	switch sub {
	case "unpaid":
		f["PayStatus"], f["SettleStatus"] = "0", "2"
	case "not_allowed":
		f["ShipStatus"] = "0"
	case "shipped":
		f["ShipStatus"], f["ShipCompanyCode"], f["ShipInvoiceNumber1"] = "3", "1001", cmp.Or(p.Invoice, "4000-0000-0000")
	case "payment_failed":
		f["SettleStatus"] = "10"
	}
	if o.Payment == "payment_d1" {
		f["PayType"], f["PayStatus"], f["SettleStatus"] = "0", "0", "2"
	}
	if o.Checking {
		f["FraudHoldStatus"] = "1"
	}
	if o.Warning {
		f["Suspect"], f["SuspectMessage"] = "1", "いたずら注文の疑いがあります"
	}
	person(f, "Bill", &o.Buyer)
	f["BillMailAddress"] = o.Buyer.Mail
	person(f, "Ship", &p.To)
	return f
}

func person(f map[string]string, who string, p *orders.Person) {
	for name, v := range map[string]string{
		"FirstName": p.Given, "LastName": p.Family, "FirstNameKana": p.GivenKana, "LastNameKana": p.FamilyKana, "ZipCode": p.Postal, "Prefecture": p.Prefecture,
		"City": p.City, "Address1": p.Street, "Address2": p.Building, "PhoneNumber": p.Phone,
	} {
		f[who+name] = v
	}
}

func (m *Mall) order(seller, id string) (*store, *ord, error) {
	s, err := m.store(seller)
	if err != nil {
		return nil, nil, err
	}
	o := s.byID[id]
	if o == nil {
		return nil, nil, fmt.Errorf("yahoo: store %s has no order %s", seller, id)
	}
	o.settle(m.now())
	return s, o, nil
}

// Change is the store, or Yahoo, that changes fields of an order by hand.
func (m *Mall) Change(seller, id string, fields map[string]string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	_, o, err := m.order(seller, id)
	if err != nil {
		return err
	}
	for k, v := range fields {
		if !infoFields[k] {
			return fmt.Errorf("yahoo: no field %s", k)
		}
		o.fields[k] = v
	}
	if o.fields["ShipStatus"] == "3" && o.shipped.IsZero() {
		o.shipped = m.now()
	}
	o.touch(m.now())
	return nil
}

// Cancel is the buyer or the store that cancels an order.
func (m *Mall) Cancel(seller, id string) error {
	return m.Change(seller, id, map[string]string{"OrderStatus": "4", "CancelReason": "100"})
}

// Suspect hides an order while Yahoo checks it for fraud.
func (m *Mall) Suspect(seller, id string) error {
	return m.Change(seller, id, map[string]string{"FraudHoldStatus": "1"})
}

// Release shows an order again that was checked.
func (m *Mall) Release(seller, id string) error {
	if err := m.Change(seller, id, map[string]string{"FraudHoldStatus": "2"}); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	_, o, err := m.order(seller, id)
	if err == nil {
		o.published = m.now()
	}
	return err
}

// Forget lets the mall know nothing of an order any more.
func (m *Mall) Forget(seller, id string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	s, o, err := m.order(seller, id)
	if err != nil {
		return err
	}
	delete(s.byID, id)
	s.orders = slices.DeleteFunc(s.orders, func(x *ord) bool { return x == o })
	return nil
}

// Field returns a field of an order, or of its first line; empty if there is none.
func (m *Mall) Field(seller, id, name string) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	_, o, err := m.order(seller, id)
	if err != nil {
		return ""
	}
	return cmp.Or(o.get(name), o.item(name))
}

// Numbers are the tracking numbers that an order that was shipped shows.
func (m *Mall) Numbers(seller, id string) []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	_, o, err := m.order(seller, id)
	if err != nil || o.fields["ShipStatus"] < "3" {
		return nil
	}
	var out []string
	for _, name := range []string{"ShipInvoiceNumber1", "ShipInvoiceNumber2"} {
		if v := o.fields[name]; v != "" {
			out = append(out, v)
		}
	}
	return out
}

// ConsentEnds tells until when the newest consent of a store works.
func (m *Mall) ConsentEnds(seller string) time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	s, err := m.store(seller)
	if err != nil || len(s.consents) == 0 {
		return time.Time{}
	}
	c := s.consents[len(s.consents)-1]
	if c.weak {
		return c.at.Add(shortOne)
	}
	return c.at.Add(longConsent)
}
