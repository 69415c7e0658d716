package rakuten

import (
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"strconv"
	"strings"
	"time"

	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/order"
)

// Parse reads a page of getOrder or items.search.
func (d *Driver) Parse(p connectors.Page) (connectors.Parsed, error) {
	switch p.Kind {
	case "getOrder":
		return d.parseOrders(p.Body)
	case "searchItems":
		return parseItems(p.Body)
	}
	return connectors.Parsed{}, fmt.Errorf("a page of %q is unknown", p.Kind)
}

func (d *Driver) parseOrders(body []byte) (connectors.Parsed, error) {
	var out connectors.Parsed
	var r orderReply
	if err := unmarshal(body, &r); err != nil {
		return out, err
	}
	if r.Orders == nil && r.Messages == nil {
		return out, errors.New("neither OrderModelList nor MessageModelList is there")
	}
	for i, raw := range r.Orders {
		out.Shown = append(out.Shown, shownIn(raw)...)
		o, refusal := d.parseOrder(raw)
		if refusal != nil {
			refusal.Record = fmt.Sprintf("OrderModelList[%d]", i)
			out.Refused = append(out.Refused, *refusal)
			continue
		}
		out.Orders = append(out.Orders, o)
	}
	return out, nil
}

// numberOf reads an order's number, even where the rest cannot be read.
func numberOf(raw json.RawMessage) string {
	var o struct {
		Number text `json:"orderNumber"`
	}
	if json.Unmarshal(raw, &o) != nil {
		return ""
	}
	return string(o.Number)
}

// shownIn lists the parcels that RMS has for an order. A row without carrier,
// number or date does not count as reported for RMS either.
func shownIn(raw json.RawMessage) (out []connectors.Shown) {
	var m struct {
		Number   text `json:"orderNumber"`
		Packages []struct {
			BasketID text          `json:"basketId"`
			Shipping []shippingRow `json:"ShippingModelList"`
		} `json:"PackageModelList"`
	}
	if json.Unmarshal(raw, &m) != nil {
		return nil
	}
	for _, p := range m.Packages {
		for _, r := range p.Shipping {
			if r.Number != "" && r.Company != "" && r.Date != "" {
				out = append(out, connectors.Shown{
					Order: string(m.Number), Package: string(p.BasketID), Carrier: Spec.About().CarrierOf(string(r.Company)), Tracking: bare.Replace(string(r.Number)),
				})
			}
		}
	}
	return out
}

// bare takes from a tracking number what people put in to read it better.
var bare = strings.NewReplacer("-", "", " ", "")

// unset stands for an amount that is not fixed yet.
const unset = -9999

// waiting is the address of a gift that nobody has accepted yet.
const waiting = "入力待ち"

func (d *Driver) parseOrder(raw json.RawMessage) (order.Order, *connectors.Refusal) {
	refuse := func(field, value string, why order.Reason, detail string) (order.Order, *connectors.Refusal) {
		return order.Order{}, &connectors.Refusal{Order: numberOf(raw), Field: field, Value: value, Reason: why, Detail: detail}
	}
	if err := connectors.CheckText(raw); err != nil {
		return refuse("", "", order.RefusedCharset, err.Error())
	}
	var m orderModel
	if err := json.Unmarshal(raw, &m); err != nil {
		var wrong *json.UnmarshalTypeError
		if errors.As(err, &wrong) {
			return refuse(wrong.Field, wrong.Value, order.RefusedType, "expected "+wrong.Type.String())
		}
		return refuse("", "", order.RefusedType, err.Error())
	}
	if m.Number == "" {
		return refuse("orderNumber", "", order.RefusedMissing, "an order number")
	}
	if !m.Progress.Set {
		return refuse("orderProgress", "", order.RefusedMissing, "100 … 900")
	}
	ordered, err := parseTime(string(m.Ordered))
	if err != nil {
		return refuse("orderDatetime", string(m.Ordered), order.RefusedType, "expected as 2026-03-15T09:41:07+0900")
	}
	o := order.Order{
		Account: d.account.Name, Number: string(m.Number), Status: m.Progress.text(), SubStatus: string(m.SubStatus),
		Ordered: order.Instant{UTC: ordered.UTC(), Text: ordered.Format(time.RFC3339)},
		Payment: string(m.Settlement.Name), Delivery: string(m.DeliveryModel.Name), Currency: "JPY",
		Total: fixed(m.Request), Goods: fixed(m.Goods), Postage: fixed(m.Postage), Fee: fixed(m.Delivery),
		Discount: m.Point.Used.N + fixed(m.Coupon),
		Buyer:    m.Orderer.party(),
		Note:     html.UnescapeString(string(m.Remarks)), Memo: string(m.Memo),
	}
	if o.Payment == "" {
		o.Payment = string(m.Settlement.Code)
	}
	o.Buyer.Email = string(m.Orderer.Email)
	for i := range m.Packages {
		if m.Packages[i].Delete.N == 1 {
			continue
		}
		p, r := parsePackage(&m, &m.Packages[i])
		if r != nil {
			r.Order = o.Number
			r.Field = fmt.Sprintf("PackageModelList[%d].%s", i, r.Field)
			return order.Order{}, r
		}
		o.Packages = append(o.Packages, p)
	}
	if len(o.Packages) == 0 {
		return refuse("PackageModelList", "", order.RefusedMissing, "at least one recipient")
	}
	o.Flags = flags(&m)
	return o, nil
}

func fixed(n number) int64 {
	if n.N == unset {
		return 0
	}
	return n.N
}

// parseTime reads times of the order API, and of the others, whose zone has a colon.
func parseTime(s string) (time.Time, error) {
	t, err := time.Parse(stamp, s)
	if err != nil {
		t, err = time.Parse(time.RFC3339, s)
	}
	return t, err
}

func (a *address) party() order.Party {
	return order.Party{
		Name: join(" ", a.Family, a.First), Kana: join(" ", a.FamilyKana, a.FirstKana),
		Phone: join("-", a.Phone1, a.Phone2, a.Phone3), Country: "JP", Postal: join("", a.Zip1, a.Zip2),
		Prefecture: string(a.Prefecture), City: string(a.City), Street: string(a.Street),
	}
}

// join puts together the parts that are not empty.
func join(sep string, parts ...text) string {
	var filled []string
	for _, p := range parts {
		if p != "" {
			filled = append(filled, string(p))
		}
	}
	return strings.Join(filled, sep)
}

func parsePackage(m *orderModel, pm *packageModel) (order.Package, *connectors.Refusal) {
	if pm.BasketID == "" {
		return order.Package{}, &connectors.Refusal{Field: "basketId", Reason: order.RefusedMissing, Detail: "the id of the recipient"}
	}
	p := order.Package{Key: string(pm.BasketID), To: pm.Sender.party(), TimeBand: m.ShippingTerm.text()}
	if m.DeliveryDate != "" {
		p.DeliverOn = order.Date(m.DeliveryDate)
		if _, ok := p.DeliverOn.Time(time.UTC); !ok {
			return p, &connectors.Refusal{Field: "deliveryDate", Value: string(m.DeliveryDate), Reason: order.RefusedType, Detail: "expected as 2026-03-20"}
		}
	}
	var notes []string
	if pm.DropOff.N == 1 {
		notes = append(notes, "置き配: "+string(pm.DropOffPlace))
	}
	if pm.CVS != nil && pm.CVS.StoreName != "" {
		notes = append(notes, "受取店舗: "+join(" ", pm.CVS.StoreCode, pm.CVS.StoreName))
	}
	p.Note = strings.Join(notes, "\n")
	for i := range pm.Items {
		it := &pm.Items[i]
		if it.Delete.N == 1 {
			continue
		}
		where := fmt.Sprintf("ItemModelList[%d].", i)
		if it.DetailID == "" {
			return p, &connectors.Refusal{Field: where + "itemDetailId", Reason: order.RefusedMissing, Detail: "the id of the line"}
		}
		if it.Units.N <= 0 {
			return p, &connectors.Refusal{Field: where + "units", Value: it.Units.text(), Reason: order.RefusedQuantity, Detail: "1 or more"}
		}
		p.Lines = append(p.Lines, parseLine(m, pm, it))
	}
	if len(p.Lines) == 0 {
		return p, &connectors.Refusal{Field: "ItemModelList", Reason: order.RefusedMissing, Detail: "at least one line"}
	}
	return p, nil
}

// parseLine reads a line. selectedChoice also holds consents that the shop asks
// for, so it is a note; the variation is skuInfo.
func parseLine(m *orderModel, pm *packageModel, it *itemModel) order.Line {
	l := order.Line{
		Key: string(it.DetailID), Name: string(it.Name), Quantity: it.Units.N, Price: it.Price.N, TaxRate: string(it.TaxRate),
		Codes: order.Codes{ItemID: string(it.ManageNumber), ItemCode: string(it.ItemNumber)},
	}
	if len(it.SKUs) > 0 {
		s := it.SKUs[0]
		l.Codes.OptionCode, l.Codes.SKUCode, l.Option = string(s.VariantID), string(s.SKU), string(s.Info)
	}
	l.Note = join("\n", it.Choice, pm.Noshi, m.Wrapping1.name(), m.Wrapping2.name())
	return l
}

// name of a wrapping that was not taken back.
func (w *wrapping) name() text {
	if w == nil || w.Delete.N == 1 {
		return ""
	}
	return w.Name
}

func flags(m *orderModel) []string {
	var out []string
	add := func(flag string, on bool) {
		if on {
			out = append(out, flag)
		}
	}
	open, island, noshi, later := false, m.IsolatedIsland.N == 1, false, false
	amounts := []number{m.Goods, m.Postage, m.Delivery, m.PaymentCharge, m.Total, m.Request}
	for i := range m.Packages {
		p := &m.Packages[i]
		if p.Delete.N == 1 {
			continue
		}
		amounts = append(amounts, p.Postage, p.Delivery)
		island = island || p.Sender.IsolatedIsland.N == 1
		noshi = noshi || p.Noshi != ""
		later = later || p.Sender.Prefecture == waiting || p.Sender.Family == waiting ||
			m.SocialGift.N == 1 && p.SocialGift != nil && p.SocialGift.Input.Set && p.SocialGift.Input.N == 0
	}
	for _, a := range amounts {
		open = open || a.N == unset
	}
	claim := false
	for _, c := range m.Changes {
		switch c.Type.N {
		case 0, 1, 4, 5, 9:
			claim = claim || c.Type.Set && c.Completed == ""
		}
	}
	add(order.FlagMallCheck, m.RakutenConfirm.N == 1)
	add(order.FlagWarning, m.Caution.N == 1 || m.Caution.N == 2)
	add(order.FlagIsland, island)
	add(order.FlagAmountOpen, open)
	add(order.FlagGift, noshi || m.Wrapping1.name() != "" || m.Wrapping2.name() != "" || m.Gift.N == 1)
	add(order.FlagClaim, claim)
	add(order.FlagAddressLater, later)
	// 4 定期購入, 5 頒布会, 6 予約商品
	add(order.FlagPreorder, m.OrderType.N >= 4 && m.OrderType.N <= 6)
	add(order.FlagMedicine, m.Drug.N == 1)
	return out
}

func parseItems(body []byte) (connectors.Parsed, error) {
	var out connectors.Parsed
	var r itemsReply
	if err := unmarshal(body, &r); err != nil {
		return out, err
	}
	if !r.Found.Set {
		return out, errors.New("numFound is missing")
	}
	for i, x := range r.Results {
		var it catalogItem
		if err := connectors.CheckText(x.Item); err != nil {
			out.Refused = append(out.Refused, connectors.Refusal{Record: fmt.Sprintf("results[%d].item", i), Reason: order.RefusedCharset, Detail: err.Error()})
			continue
		}
		if err := json.Unmarshal(x.Item, &it); err != nil {
			out.Refused = append(out.Refused, connectors.Refusal{Record: fmt.Sprintf("results[%d].item", i), Reason: order.RefusedType, Detail: err.Error()})
			continue
		}
		out.Products = append(out.Products, it.products()...)
	}
	return out, nil
}

// products makes one product for each variation, in the order of their ids. A
// deleted item stays in the index for a day with nothing but its number.
func (it *catalogItem) products() []connectors.Product {
	var out []connectors.Product
	for _, id := range sortedKeys(it.Variants) {
		v := it.Variants[id]
		var option []string
		for _, s := range it.Selectors {
			if c := v.Values[string(s.Key)]; c != "" {
				option = append(option, string(s.Name)+":"+string(c))
			}
		}
		price, err := strconv.ParseInt(string(v.Price), 10, 64)
		if err != nil {
			price = -1
		}
		p := connectors.Product{
			Codes: order.Codes{
				ItemID: string(it.ManageNumber), ItemCode: string(it.ItemNumber), OptionCode: id,
				SKUCode: string(v.SKU), Barcode: string(v.Articles.Value),
			},
			Name: string(it.Title), Option: strings.Join(option, "\n"), Price: price, Stock: -1,
			OnSale: !it.Hidden && !v.Hidden, Category: string(it.Genre),
		}
		if t, err := parseTime(string(it.Updated)); err == nil {
			p.Changed = order.Instant{UTC: t.UTC(), Text: string(it.Updated)}
		}
		out = append(out, p)
	}
	return out
}
