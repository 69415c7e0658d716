package yahooshopping

import (
	"cmp"
	"encoding/xml"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/order"
)

// infoFields are the fields of orderInfo that are asked for: what an instruction, its
// holds and the proof of a parcel need.
var infoFields = strings.Fields(`OrderId ParentOrderId ChildOrderId IsSplit CancelReason CancelReasonDetail OrderTime LastUpdateTime Suspect SuspectMessage
OrderStatus StoreStatus BuyerComments IsMultiShip MultiShipId IsReadOnly IsFirstClassDrugIncludes IsFirstClassDrugAgreement FraudHoldStatus PublicationTime
IsYahooAuctionOrder YahooAuctionMerchantId YahooAuctionId YahooAuctionCategoryType YahooAuctionBidType YahooAuctionBundleType IsLineGiftOrder SocialGiftType
PayStatus SettleStatus PayType PayKind PayMethod PayMethodName BillFirstName BillFirstNameKana BillLastName BillLastNameKana BillZipCode BillPrefecture BillCity
BillAddress1 BillAddress2 BillPhoneNumber BillMailAddress
ShipStatus ShipMethod ShipMethodName ShipRequestDate ShipRequestTime ShipNotes ShipCompanyCode ShipInvoiceNumber1 ShipInvoiceNumber2
ShipInvoiceNumberEmptyReason ShipDate GiftWrapType GiftWrapMessage GiftWrapPaperType GiftWrapName Option1Value Option2Value ShipFirstName ShipFirstNameKana
ShipLastName ShipLastNameKana ShipZipCode ShipPrefecture ShipCity ShipAddress1 ShipAddress2 ShipPhoneNumber ShipEmgPhoneNumber ShipSection1Value
ShipSection2Value ReceiveSatelliteType ShipInstructType ReceiveShopType IsLineGiftShippable RemoteAreaShippingType
PayCharge ShipCharge GiftWrapCharge Discount Adjustments UsePoint TotalPrice TotalMallCouponDiscount
LineId ItemId Title SubCode SubCodeOption ItemOption Inscription ItemTaxRatio Jan UnitPrice Quantity ReleaseDate ItemYahooAucId ItemYahooAucMerchantId SellerId`)

// Parse reads a page into orders or products.
func (d *Driver) Parse(p connectors.Page) (connectors.Parsed, error) {
	switch p.Kind {
	case pageInfo:
		if len(p.Keys) == 0 && len(p.Missing) > 0 {
			return connectors.Parsed{}, nil // whatever the mall said instead
		}
		parsed, err := parseInfo(d.account, p.Body)
		if err != nil && len(p.Keys) == 1 && whole(p.Body) {
			reason := order.RefusedType
			if !utf8.Valid(p.Body) {
				reason = order.RefusedCharset
			}
			return connectors.Parsed{Refused: []connectors.Refusal{{Order: p.Keys[0], Record: "OrderInfo[0]", Reason: reason, Detail: err.Error()}}}, nil
		}
		return parsed, err
	case pageItems, pageItem:
		return parseItems(p)
	}
	return connectors.Parsed{}, fmt.Errorf("pages of the kind %q are not known", p.Kind)
}

// A node is an element with what is in it.
type node struct {
	XMLName  xml.Name
	Text     string     `xml:",chardata"`
	Attrs    []xml.Attr `xml:",any,attr"`
	Children []*node    `xml:",any"`
}

// get returns the text of a child; "" if there is none.
func (n *node) get(name string) string {
	if c := n.child(name); c != nil {
		return strings.TrimSpace(c.Text)
	}
	return ""
}

func (n *node) child(name string) *node {
	if n == nil {
		return nil
	}
	i := slices.IndexFunc(n.Children, func(c *node) bool { return c.XMLName.Local == name })
	if i < 0 {
		return nil
	}
	return n.Children[i]
}

func (n *node) all(name string) []*node {
	if n == nil {
		return nil
	}
	var out []*node
	for _, c := range n.Children {
		if c.XMLName.Local == name {
			out = append(out, c)
		}
	}
	return out
}

func (n *node) attr(name string) string {
	for _, a := range n.Attrs {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// tree reads a document with that root.
func tree(body []byte, root string) (*node, error) {
	if !utf8.Valid(body) {
		return nil, errors.New("the page is not UTF-8")
	}
	var n node
	if err := unmarshal(body, &n); err != nil {
		return nil, fmt.Errorf("the page is no whole XML document: %w", err)
	}
	if n.XMLName.Local != root {
		return nil, fmt.Errorf("the page begins with %q, %s is expected", n.XMLName.Local, root)
	}
	return &n, nil
}

// A wrong is a value that cannot be taken.
type wrong struct {
	field, value string
	reason       order.Reason
	detail       string
}

// parseInfo reads a reply of orderInfo.
func parseInfo(account string, body []byte) (connectors.Parsed, error) {
	var out connectors.Parsed
	root, err := tree(body, rootSet)
	if err != nil {
		return out, err
	}
	infos := root.child("Result").all("OrderInfo")
	if len(infos) == 0 {
		return out, errors.New("the page has no OrderInfo")
	}
	for i, info := range infos {
		r := &reader{info: info, pay: info.child("Pay"), ship: info.child("Ship"), detail: info.child("Detail")}
		o, w := r.order(account)
		if w != nil {
			out.Refused = append(out.Refused, connectors.Refusal{
				Order: info.get("OrderId"), Record: fmt.Sprintf("OrderInfo[%d]", i), Field: w.field, Value: w.value, Reason: w.reason, Detail: w.detail,
			})
		} else {
			out.Orders = append(out.Orders, *o)
		}
		out.Shown = append(out.Shown, r.shown()...)
	}
	return out, nil
}

// A reader reads one order. Its parts are nil where they are missing.
type reader struct{ info, pay, ship, detail *node }

func (r *reader) of(part *node, name string) string {
	if part == nil {
		return ""
	}
	return part.get(name)
}

// shown are the parcels of an order that was shipped.
func (r *reader) shown() []connectors.Shown {
	if r.of(r.ship, "ShipStatus") < "3" {
		return nil
	}
	s := connectors.Shown{Order: r.info.get("OrderId"), Package: packageKey, Carrier: Spec.About().CarrierOf(r.of(r.ship, "ShipCompanyCode"))}
	var out []connectors.Shown
	for _, name := range []string{"ShipInvoiceNumber1", "ShipInvoiceNumber2"} {
		if n := plainNumber(r.of(r.ship, name)); n != "" {
			s.Tracking = n
			out = append(out, s)
		}
	}
	if len(out) == 0 {
		out = append(out, s)
	}
	return out
}

func plainNumber(n string) string {
	return strings.NewReplacer("-", "", " ", "").Replace(n)
}

var orderID = regexp.MustCompile(`^[0-9A-Za-z_-]+-\d+$`)

func (r *reader) order(account string) (*order.Order, *wrong) {
	o := &order.Order{Account: account, Number: r.info.get("OrderId"), Status: r.info.get("OrderStatus"), Currency: "JPY"}
	switch {
	case o.Number == "":
		return nil, &wrong{"OrderId", "", order.RefusedMissing, "the number of an order is expected"}
	case !orderID.MatchString(o.Number):
		return nil, &wrong{"OrderId", o.Number, order.RefusedType, "a number such as mystore-10000001 is expected"}
	case o.Status == "":
		return nil, &wrong{"OrderStatus", "", order.RefusedMissing, "a status is expected"}
	}
	o.SubStatus = r.subStatus(o.Status)
	when := r.info.get("OrderTime")
	at, ok := moment(when)
	if !ok {
		return nil, &wrong{"OrderTime", when, order.RefusedType, "a time such as 2026-09-03T08:14:55+09:00 is expected"}
	}
	o.Ordered = order.Instant{UTC: at.UTC(), Text: when}
	o.Payment, o.Delivery, o.Note = r.of(r.pay, "PayMethod"), r.of(r.ship, "ShipMethodName"), r.info.get("BuyerComments")
	if r.info.get("SocialGiftType") != "1" { // the store's own address stands there
		o.Buyer = r.party(r.pay, "Bill")
		o.Buyer.Email = r.of(r.pay, "BillMailAddress")
	}
	if w := r.amounts(o); w != nil {
		return nil, w
	}
	p, w := r.parcel()
	if w != nil {
		return nil, w
	}
	for i, item := range r.info.all("Item") {
		l, w := r.line(item)
		if w != nil {
			w.field = fmt.Sprintf("Item[%d]/%s", i, w.field)
			return nil, w
		}
		if slices.ContainsFunc(p.Lines, func(x order.Line) bool { return x.Key == l.Key }) {
			return nil, &wrong{fmt.Sprintf("Item[%d]/LineId", i), l.Key, order.RefusedConflict, "the line stands twice"}
		}
		o.Goods += l.Price * l.Quantity
		p.Lines = append(p.Lines, *l)
	}
	if len(p.Lines) == 0 {
		return nil, &wrong{"Item", "", order.RefusedMissing, "an order has at least one line"}
	}
	r.management(p.Lines)
	o.Packages = []order.Package{*p}
	r.flags(o)
	return o, nil
}

// management settles by which code lines are known that came from an auction: those
// sold at a fixed price are items of the shop's catalogue, those that were won only
// have the seller's management number. That of the order belongs to its first line, and
// counts where it is the only one.
func (r *reader) management(all []order.Line) {
	won := slices.Contains([]string{"1", "2"}, r.info.get("YahooAuctionBidType"))
	for i := range all {
		switch c := &all[i].Codes; {
		case !won:
			c.SKUCode = ""
		case c.SKUCode == "" && len(all) == 1:
			c.SKUCode = r.info.get("YahooAuctionMerchantId")
		}
	}
}

// subStatus says what stands beside the status of an order in progress, as the format
// of the order file does: what was paid, and what was shipped.
func (r *reader) subStatus(status string) string {
	if status != "2" {
		return ""
	}
	pay, settle, ship, paid := r.of(r.pay, "PayMethod"), r.of(r.pay, "SettleStatus"), r.of(r.ship, "ShipStatus"), r.of(r.pay, "PayStatus")
	later := slices.Contains([]string{"payment_d1", "payment_c2", "payment_h1", "payment_z1"}, pay) || r.of(r.pay, "PayType") == "0"
	own := regexp.MustCompile(`^payment_[bce]`).MatchString(pay)
	switch {
	case r.info.get("IsSplit") == "true":
		return "split"
	case ship == "3" || ship == "4":
		return "shipped"
	case slices.Contains([]string{"6", "7", "8", "10", "11", "12"}, settle):
		return "payment_failed"
	case !later && paid == "0":
		return "unpaid"
	case ship == "0":
		return "not_allowed"
	case later || paid == "1":
		return ""
	case own:
		return "payment_unknown"
	case settle == "3" || settle == "5":
		return ""
	case settle == "1" || settle == "2" || settle == "9":
		return "unpaid"
	}
	return "payment_unknown"
}

// moment reads the forms in which times come; those without offset are Japanese.
func moment(text string) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02 15:04:05", stamp} {
		if t, err := time.ParseInLocation(layout, text, tokyo); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// yen reads an amount; 0 if there is none.
func yen(n *node, name string) (int64, *wrong) {
	if n == nil {
		return 0, nil
	}
	v := n.get(name)
	if v == "" {
		return 0, nil
	}
	x, err := strconv.ParseInt(v, 10, 64)
	if most := int64(1) << 40; err != nil || x > most || x < -most {
		return 0, &wrong{name, v, order.RefusedType, "a whole number is expected"}
	}
	return x, nil
}

func (r *reader) amounts(o *order.Order) *wrong {
	var n [6]int64
	for i, name := range [...]string{"TotalPrice", "ShipCharge", "PayCharge", "Discount", "TotalMallCouponDiscount", "UsePoint"} {
		var w *wrong
		if n[i], w = yen(r.detail, name); w != nil {
			return w
		}
	}
	if r.of(r.detail, "TotalPrice") == "" {
		return &wrong{"TotalPrice", "", order.RefusedMissing, "the amount of the order is expected"}
	}
	o.Total, o.Postage, o.Fee = n[0], n[1], n[2]
	o.Discount = max(n[3], -n[3]) + max(n[4], -n[4]) + n[5]
	return nil
}

// abroad is the prefecture of addresses outside Japan.
const abroad = "その他"

func (r *reader) party(n *node, who string) order.Party {
	get := func(name string) string { return r.of(n, who+name) }
	p := order.Party{
		Name: strings.TrimSpace(get("LastName") + " " + get("FirstName")), Kana: strings.TrimSpace(get("LastNameKana") + " " + get("FirstNameKana")),
		Phone: get("PhoneNumber"), Country: "JP", Postal: digits(get("ZipCode")), Prefecture: get("Prefecture"), City: get("City"), Street: get("Address1"), Building: get("Address2"),
	}
	if p.Prefecture == abroad {
		p.Country = ""
	}
	if p == (order.Party{Country: "JP"}) {
		return order.Party{}
	}
	return p
}

// digits takes hyphens and the like out of a postal code of digits; another stays as
// it is.
func digits(s string) string {
	d := strings.Map(func(c rune) rune {
		switch {
		case c >= '０' && c <= '９':
			return c - '０' + '0'
		case strings.ContainsRune("-－‐〒 ", c):
			return -1
		}
		return c
	}, s)
	if strings.Trim(d, "0123456789") != "" {
		return s
	}
	return d
}

func lines(texts ...string) string {
	return strings.Join(slices.DeleteFunc(texts, func(s string) bool { return s == "" }), "\n")
}

func (r *reader) parcel() (*order.Package, *wrong) {
	get := func(name string) string { return r.of(r.ship, name) }
	p := &order.Package{Key: packageKey, To: r.party(r.ship, "Ship"), TimeBand: get("ShipRequestTime")}
	p.To.Phone2 = get("ShipEmgPhoneNumber")
	p.To.Company = strings.TrimSpace(get("ShipSection1Value") + " " + get("ShipSection2Value"))
	p.Note = lines(get("ShipNotes"), get("GiftWrapType"), get("GiftWrapPaperType"), get("GiftWrapName"), get("GiftWrapMessage"), get("Option1Value"), get("Option2Value"))
	if v := get("ShipRequestDate"); v != "" {
		at, err := time.Parse(time.DateOnly, v)
		if err != nil {
			return nil, &wrong{"ShipRequestDate", v, order.RefusedType, "a day such as 2026-09-08 is expected"}
		}
		p.DeliverOn = order.DateOf(at)
	}
	return p, nil
}

func (r *reader) line(item *node) (*order.Line, *wrong) {
	l := &order.Line{
		Key: item.get("LineId"), Name: item.get("Title"), Option: item.get("SubCodeOption"),
		Codes: order.Codes{ItemCode: item.get("ItemId"), OptionCode: item.get("SubCode"), SKUCode: item.get("ItemYahooAucMerchantId"), Barcode: item.get("Jan")},
	}
	if l.Key == "" || strings.Trim(l.Key, "0123456789") != "" {
		return nil, &wrong{"LineId", l.Key, order.RefusedType, "a number is expected"}
	}
	n, err := strconv.ParseInt(item.get("Quantity"), 10, 64)
	if err != nil || n < 1 || n > 1_000_000 {
		return nil, &wrong{"Quantity", item.get("Quantity"), order.RefusedQuantity, "a quantity of 1 or more is expected"}
	}
	l.Quantity = n
	var w *wrong
	if l.Price, w = yen(item, "UnitPrice"); w != nil {
		return nil, w
	}
	l.Note = lines(choices(item.all("ItemOption")), choices(item.all("Inscription")))
	return l, nil
}

// choices puts what a buyer chose into one text, as the item file has it: the names,
// then the values.
func choices(all []*node) string {
	var names, values []string
	for _, c := range all {
		if n, v := c.get("Name"), c.get("Value"); n != "" || v != "" {
			names, values = append(names, n), append(values, v)
		}
	}
	return strings.TrimPrefix(strings.TrimSuffix(strings.Join(names, ";")+": "+strings.Join(values, ";"), ": "), ": ")
}

func (r *reader) flags(o *order.Order) {
	mark := func(flag string, on bool) {
		if on && !o.HasFlag(flag) {
			o.Flags = append(o.Flags, flag)
		}
	}
	info := r.info.get
	ship := func(name string) string { return r.of(r.ship, name) }
	is := func(v string, of ...string) bool { return slices.Contains(of, v) }
	mark(order.FlagMallCheck, info("IsReadOnly") == "1" || is(info("FraudHoldStatus"), "1", "3") || is(ship("ShipInstructType"), "101", "103"))
	suspect := info("Suspect")
	mark(order.FlagWarning, suspect == "1" || cmp.Or(suspect, "0") == "0" && info("SuspectMessage") != "" || is(info("YahooAuctionCategoryType"), "1", "2") ||
		is(ship("ReceiveSatelliteType"), "1", "3") || is(ship("ReceiveShopType"), "1", "2") || ship("ShipPrefecture") == abroad)
	mark(order.FlagGift, ship("GiftWrapType") != "" || ship("GiftWrapPaperType") != "" || ship("GiftWrapMessage") != "")
	mark(order.FlagAddressLater, info("IsLineGiftOrder") == "true" && ship("IsLineGiftShippable") != "true")
	mark(order.FlagMedicine, info("IsFirstClassDrugIncludes") == "true" && info("IsFirstClassDrugAgreement") != "true")
	mark(order.FlagMallFulfils, is(ship("ShipInstructType"), "102", "104"))
	mark(order.FlagAmountOpen, ship("RemoteAreaShippingType") == "2")
	mark(order.FlagIsland, is(ship("RemoteAreaShippingType"), "1", "2"))
	slices.Sort(o.Flags)
}
