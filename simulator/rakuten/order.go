package rakuten

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

type order struct {
	number                               string
	progress                             int
	ordered, confirmed, fixed, completed time.Time
	settlement                           int
	settlementName, delivery             string
	remarks, memo                        string
	deliverOn                            string
	term                                 int
	goods, postage, fee, requested       int64
	open, checking, island               bool
	caution                              int
	gift                                 string // のし
	buyer                                person
	baskets                              []*basket
}

type person struct {
	family, given, familyKana, givenKana string
	zip1, zip2, prefecture, city, sub    string
	phone1, phone2, phone3               string
	mail                                 string
}

// A basket is what goes to one recipient.
type basket struct {
	id       int64
	to       person
	goods    int64
	lines    []*line
	shipping []*row
}

type line struct {
	id, item                   int64
	name, number, manage       string
	variant, sku, info, choice string
	price, priceTaxed, units   int64
	rate                       float64
	deleted                    bool
}

// A row is one parcel as reported.
type row struct {
	id                    int64
	carrier, number, date string
	told                  time.Time // when a report set it last
}

// completes is when the nightly job closes the order: the night after the last
// shipping date, once every basket has a row and every row is whole.
func (o *order) completes() (time.Time, bool) {
	var last time.Time
	for _, b := range o.baskets {
		if len(b.shipping) == 0 {
			return last, false
		}
		for _, r := range b.shipping {
			day, err := time.ParseInLocation(time.DateOnly, r.date, Tokyo)
			if err != nil || r.number == "" || r.carrier == "" {
				return last, false
			}
			if night := day.AddDate(0, 0, 1).Add(20 * time.Minute); night.After(last) {
				last = night
			}
		}
	}
	return last, true
}

// carriers are the codes of deliveryCompany, 1000 to 1031.
var carriers = map[string]string{
	"1000": "その他", "1001": "ヤマト運輸", "1002": "佐川急便", "1003": "日本郵便", "1004": "西濃運輸", "1005": "セイノースーパーエクスプレス", "1006": "福山通運",
	"1007": "名鉄運輸", "1008": "トナミ運輸", "1009": "第一貨物", "1010": "新潟運輸", "1011": "中越運送", "1012": "岡山県貨物運送", "1013": "久留米運送",
	"1014": "山陽自動車運送", "1015": "NXトランスポート", "1016": "エコ配", "1017": "EMS", "1018": "DHL", "1019": "FedEx", "1020": "UPS", "1021": "日本通運",
	"1022": "TNT", "1023": "OCS", "1024": "USPS", "1025": "SFエクスプレス", "1026": "Aramex", "1027": "SGHグローバル・ジャパン", "1028": "Rakuten EXPRESS",
	"1029": "日本郵便 楽天倉庫出荷", "1030": "ヤマト運輸 クロネコゆうパケット", "1031": "名鉄NX運輸",
}

// A versionNumber may come as a number or as its text.
type versionNumber int

func (v *versionNumber) UnmarshalJSON(b []byte) error {
	n, err := strconv.Atoi(strings.Trim(string(b), `"`))
	*v = versionNumber(n)
	return err
}

func get(c *call) answer {
	const fn = "GET_ORDER"
	no := func(number, format string, args ...any) answer {
		return messages(http.StatusBadRequest, fault(fn, number, format, args...))
	}
	var q struct {
		Numbers []string       `json:"orderNumberList"`
		Version *versionNumber `json:"version"`
	}
	if err := c.decode(&q); err != nil {
		return no("011", "%v", err)
	}
	if q.Version == nil || q.Numbers == nil {
		return no("009", "orderNumberList and version are required")
	}
	v := int(*q.Version)
	if v < 3 || v > 10 {
		return no("011", "version %d", v)
	}
	if len(q.Numbers) == 0 || len(q.Numbers) > 100 {
		return no("011", "1 to 100 order numbers, not %d", len(q.Numbers))
	}
	models := []any{}
	list := []message{info(fn, "101", "受注情報取得に成功しました。")}
	for _, n := range q.Numbers {
		o := c.shop.byNo[n]
		if o == nil || c.now.Sub(o.ordered) > shown {
			list = append(list, message{Type: "WARNING", Code: "ORDER_EXT_API_GET_ORDER_WARNING_101", Text: "該当する受注がありません。"}.of(n))
			continue
		}
		models = append(models, o.model(v, c.m.faults, c.now))
	}
	out := map[string]any{"MessageModelList": list, "OrderModelList": models}
	if v >= 6 {
		out["version"] = v
	}
	return answer{http.StatusOK, out}
}

func flag(b bool) int {
	if b {
		return 1
	}
	return 0
}

func stamped(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.In(Tokyo).Format(stamp)
}

func text(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func (p *person) model() map[string]any {
	return map[string]any{
		"zipCode1": p.zip1, "zipCode2": p.zip2, "prefecture": p.prefecture, "city": p.city, "subAddress": p.sub,
		"familyName": p.family, "firstName": text(p.given), "familyNameKana": text(p.familyKana), "firstNameKana": text(p.givenKana),
		"phoneNumber1": text(p.phone1), "phoneNumber2": text(p.phone2), "phoneNumber3": text(p.phone3),
	}
}

// model is the order as getOrder of a version gives it.
func (o *order) model(v int, f Faults, now time.Time) map[string]any {
	price := func(n int64) int64 {
		if o.open || f.Unpriced {
			return -9999
		}
		return n
	}
	orderer := o.buyer.model()
	for k, x := range map[string]any{"emailAddress": o.buyer.mail, "sex": nil, "birthYear": nil, "birthMonth": nil, "birthDay": nil} {
		orderer[k] = x
	}
	settlement := map[string]any{"settlementMethodCode": o.settlement, "settlementMethod": o.settlementName, "rpaySettlementFlag": 1}
	for _, k := range []string{"cardName", "cardNumber", "cardOwner", "cardYm", "cardPayType", "cardInstallmentDesc"} {
		settlement[k] = nil
	}
	several := len(o.baskets) > 1
	m := map[string]any{
		"orderNumber": o.number, "orderProgress": o.progress, "subStatusId": nil, "subStatusName": nil,
		"orderDatetime": stamped(o.ordered), "shopOrderCfmDatetime": stamped(o.confirmed), "orderFixDatetime": stamped(o.fixed),
		"shippingInstDatetime": stamped(o.fixed), "shippingCmplRptDatetime": stamped(o.completed), "cancelDueDate": nil,
		"deliveryDate": text(o.deliverOn), "shippingTerm": o.term, "remarks": text(o.remarks), "giftCheckFlag": flag(o.gift != ""),
		"severalSenderFlag": flag(several), "equalSenderFlag": flag(!several && o.baskets[0].to == o.buyer.address()),
		"isolatedIslandFlag": flag(o.island), "rakutenMemberFlag": 1, "carrierCode": 12, "emailCarrierCode": 0, "orderType": 1,
		"reserveNumber": nil, "reserveDeliveryCount": nil, "cautionDisplayType": o.caution, "rakutenConfirmFlag": flag(o.checking),
		"goodsPrice": o.goods, "postagePrice": price(o.postage), "deliveryPrice": price(o.fee), "paymentCharge": 0, "paymentChargeTaxRate": 0.1,
		"totalPrice": price(o.goods + o.postage), "requestPrice": price(o.requested), "couponAllTotalPrice": 0, "couponShopPrice": 0, "couponOtherPrice": 0,
		"additionalFeeOccurAmountToUser": 0, "additionalFeeOccurAmountToShop": 0, "asurakuFlag": 0, "drugFlag": 0, "dealFlag": 0, "membershipType": 0,
		"memo": text(o.memo), "operator": nil, "mailPlugSentence": nil, "modifyFlag": 0,
		"OrdererModel": orderer, "SettlementModel": settlement,
		"DeliveryModel": map[string]any{"deliveryName": o.delivery, "deliveryClass": nil},
		"PointModel":    map[string]any{"usedPoint": 0}, "WrappingModel1": nil, "WrappingModel2": nil,
		"CouponModelList": nil, "ChangeReasonModelList": o.changes(), "TaxSummaryModelList": []any{}, "PackageModelList": o.packages(v, price, f, now),
	}
	if v < 8 {
		m["goodsTax"], m["isTaxRecalc"] = 0, 0
	} else {
		m["deliveryCertPrgFlag"], m["oneDayOperationFlag"] = 0, 0
	}
	if v >= 5 {
		m["receiptIssueCount"], m["receiptIssueHistoryList"], m["DueDateModelList"] = 0, []any{}, nil
	}
	if v >= 6 {
		m["cautionDisplayDetailType"] = nil
	}
	if v >= 10 {
		m["socialGiftFlag"] = 0
	}
	return m
}

// address is the person without what only buyers have.
func (p person) address() person {
	p.mail = ""
	return p
}

func (o *order) changes() any {
	if o.confirmed.IsZero() {
		return nil
	}
	return []any{map[string]any{
		"changeId": 1, "changeType": 8, "changeTypeDetail": nil, "changeReason": nil, "changeReasonDetail": nil,
		"changeApplyDatetime": stamped(o.confirmed), "changeFixDatetime": stamped(o.confirmed), "changeCmplDatetime": stamped(o.confirmed),
	}}
}

func (o *order) packages(v int, price func(int64) int64, f Faults, now time.Time) []any {
	var out []any
	for i, b := range o.baskets {
		sender := b.to.model()
		sender["isolatedIslandFlag"] = flag(o.island)
		postage := int64(0)
		if i == 0 {
			postage = o.postage
		}
		var shipping []any
		for _, r := range b.shipping {
			if f.Late && now.Sub(r.told) < lateFor {
				continue
			}
			shipping = append(shipping, map[string]any{
				"shippingDetailId": r.id, "shippingNumber": text(r.number), "deliveryCompany": text(r.carrier),
				"deliveryCompanyName": text(carriers[r.carrier]), "shippingDate": text(r.date),
			})
		}
		m := map[string]any{
			"basketId": b.id, "postagePrice": price(postage), "postageTaxRate": 0.1, "deliveryPrice": price(0), "deliveryTaxRate": 0.1,
			"goodsPrice": b.goods, "totalPrice": price(b.goods + postage), "noshi": text(o.gift), "packageDeleteFlag": 0,
			"SenderModel": sender, "ItemModelList": b.items(v), "ShippingModelList": shipping, "DeliveryCvsModel": nil,
		}
		if v < 8 {
			m["goodsTax"] = 0
		}
		if v >= 4 {
			m["defaultDeliveryCompanyCode"] = "1001"
		}
		if v >= 9 {
			m["dropOffFlag"], m["dropOffLocation"] = 0, nil
		}
		if v >= 10 {
			m["SocialGiftModel"] = nil
		}
		out = append(out, m)
	}
	return out
}

func (b *basket) items(v int) []any {
	var out []any
	for _, l := range b.lines {
		m := map[string]any{
			"itemDetailId": l.id, "itemName": l.name, "itemId": l.item, "itemNumber": text(l.number), "manageNumber": l.manage,
			"price": l.price, "units": l.units, "includePostageFlag": 0, "includeTaxFlag": flag(l.price == l.priceTaxed),
			"includeCashOnDeliveryPostageFlag": 0, "selectedChoice": text(l.choice), "pointRate": 1, "pointType": 0, "inventoryType": 1,
			"delvdateInfo": nil, "restoreInventoryFlag": 0, "dealFlag": 0, "drugFlag": 0, "deleteItemFlag": flag(l.deleted),
			"taxRate": l.rate, "priceTaxIncl": l.priceTaxed,
		}
		if v >= 4 {
			m["isSingleItemShipping"] = 0
		}
		if v >= 7 {
			m["SkuModelList"] = []any{map[string]any{"variantId": l.variant, "merchantDefinedSkuId": text(l.sku), "skuInfo": text(l.info)}}
		}
		out = append(out, m)
	}
	return out
}

func confirm(c *call) answer {
	const fn = "CONFIRM_ORDER"
	var q struct {
		Numbers []string `json:"orderNumberList"`
	}
	if err := c.decode(&q); err != nil {
		return messages(http.StatusBadRequest, fault(fn, "011", "%v", err))
	}
	if len(q.Numbers) == 0 || len(q.Numbers) > 100 {
		return messages(http.StatusBadRequest, fault(fn, "009", "1 to 100 order numbers, not %d", len(q.Numbers)))
	}
	var list []message
	for i, n := range q.Numbers {
		o := c.shop.byNo[n]
		switch {
		case o == nil:
			list = append(list, fault(fn, "016", "他店舗の受注です。").of(n))
		case o.progress == Cancelled:
			list = append(list, fault(fn, "102", "キャンセル済の受注です。").of(n))
		case o.progress != Waiting:
			list = append(list, fault(fn, "103", "注文確認待ちではありません。").of(n))
		case o.open || c.m.faults.Unpriced || c.m.faults.Partial && i == 0:
			list = append(list, fault(fn, "105", "送料が確定していません。").of(n))
		default:
			o.progress, o.confirmed = Processing, c.now
			list = append(list, info(fn, "101", "注文確認に成功しました。").of(n))
		}
	}
	slices.SortStableFunc(list, func(a, b message) int { return strings.Compare(a.Type, b.Type) })
	return messages(http.StatusOK, list...)
}
