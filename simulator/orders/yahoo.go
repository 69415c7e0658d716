package orders

import (
	"bytes"
	"cmp"
	"strings"
	"time"

	"golang.org/x/text/encoding/japanese"
)

// yahooKinds is what is out of the ordinary at Yahoo! Shopping.
var yahooKinds = []kind{
	changed(60, "hard name", yes, func(s *Stream, o *Order) {
		name := pick(s.r, hardJP)
		to := &o.Parcels[0].To
		to.Family, to.FamilyKana = name[0], name[1]
		to.Street += pick(s.r, []string{"ー５－２", "（①号地）", "の表"})
	}),
	twins(40),
	changed(40, "two variations", yes, func(s *Stream, o *Order) { only(s, o, "towel-w"); s.add(o, 0, good(o.Mall, "mug-300-rd")) }),
	changed(40, "cash on delivery", yes, func(_ *Stream, o *Order) { o.Payment, o.Fee = "payment_d1", 330 }),
	changed(40, "wished time", yes, func(s *Stream, o *Order) {
		o.Parcels[0].Band = pick(s.r, []string{"12:00～14:00", "14:00～16:00", "19:00～21:00"})
	}),
	changed(20, "wished day", yes, func(_ *Stream, o *Order) { o.Parcels[0].DeliverOn = o.Ordered.AddDate(0, 0, 5).Format(time.DateOnly) }),
	changed(40, "awaiting payment", outside("status_unshipped"), func(_ *Stream, o *Order) { o.Payment, o.SubStatus = "payment_b1", "unpaid" }),
	changed(20, "not allowed", outside("status_unshipped"), status("2", "not_allowed")),
	changed(20, "reserved", outside("status_unshipped"), status("1", "")),
	changed(30, "shipped", outside("status_done"), status("2", "shipped")),
	changed(15, "cancelled", outside("status_cancelled"), status("4", "")),
	changed(15, "on hold", held("status_hold"), status("3", "")),
	changed(15, "payment failed", held("status_hold"), status("2", "payment_failed")),
	changed(15, "warned of", held("warning"), func(_ *Stream, o *Order) { o.Warning = true }),
	changed(15, "gift", held("gift"), func(_ *Stream, o *Order) { o.Gift = "包装紙（赤）" }),
	changed(20, "remark", held("remark"), func(_ *Stream, o *Order) {
		o.Note = "領収書を同封してください。\n宛名は「上様」で。"
	}),
	changed(20, "delivery message", yes, func(_ *Stream, o *Order) { o.Parcels[0].Note = "不在時は宅配ボックスへ" }),
	changed(15, "unknown payment", held("payment_unmapped"), func(_ *Stream, o *Order) { o.Payment = "payment_e1" }),
	changed(15, "dead listing", held("sku_unmapped"), func(s *Stream, o *Order) { only(s, o, "clock-old") }),
}

// auctionKinds is what is out of the ordinary at Yahoo! Auctions.
var auctionKinds = []kind{
	twins(40),
	changed(60, "two wins", yes, func(s *Stream, o *Order) { only(s, o, "TOWEL/W<1>"); s.add(o, 0, good(o.Mall, "MUG&RED")) }),
	changed(40, "awaiting payment", outside("status_unshipped"), func(_ *Stream, o *Order) { o.Payment, o.SubStatus = "payment_b1", "unpaid" }),
	changed(40, "no management number", held("sku_unmapped"), func(s *Stream, o *Order) {
		only(s, o, "MUG&RED")
		o.Parcels[0].Lines[0].SKUCode = ""
	}),
}

// yahooOrderTitles and yahooItemTitles are the columns of the files of a store whose
// templates have all that the API names too.
var (
	yahooOrderTitles = strings.Split("OrderId,OrderTime,OrderStatus,IsReadOnly,FraudHoldStatus,SuspectMessage,ShipName,ShipFirstName,ShipLastName,ShipAddress1,"+
		"ShipAddress2,ShipCity,ShipPrefecture,ShipZipCode,ShipFirstNameKana,ShipLastNameKana,ShipPhoneNumber,ShipEmgPhoneNumber,ShipMethodName,ShipRequestDate,"+
		"ShipRequestTime,ShipNotes,ShipStatus,ShipInvoiceNumber1,GiftWrapType,GiftWrapMessage,BillFirstName,BillLastName,BillAddress1,BillAddress2,BillCity,"+
		"BillPrefecture,BillZipCode,BillFirstNameKana,BillLastNameKana,BillPhoneNumber,BillMailAddress,PayMethod,PayMethodName,PayStatus,SettleStatus,"+
		"BuyerComments,ShipCharge,PayCharge,Discount,UsePoint,TotalMallCouponDiscount,Total,Id", ",")
	yahooItemTitles = strings.Split("OrderId,LineId,Quantity,ItemId,SubCode,Title,ItemOptionName,ItemOptionValue,SubCodeOption,UnitPrice,Jan,ItemYahooAucMerchantId,Id", ",")
)

// YahooCSV writes 注文データ as a store downloads it: the order file and the item file, in
// CP932. A letter that the charset lacks becomes a question mark.
func YahooCSV(os []Order, at time.Time) (orders, items Sheet) {
	var head, lines bytes.Buffer
	yahooRow(&head, yahooOrderTitles)
	yahooRow(&lines, yahooItemTitles)
	for i := range os {
		o := &os[i]
		row := make([]string, len(yahooOrderTitles))
		yahooOrder(func(title, text string) { row[indexOf(yahooOrderTitles, title)] = text }, o)
		yahooRow(&head, row)
		for _, l := range o.Parcels[0].Lines {
			_, number, _ := strings.Cut(strings.TrimPrefix(o.Number, YahooStore), "-")
			yahooRow(&lines, []string{
				number, l.Key, itoa(l.Quantity), l.ItemCode, l.OptionCode, l.Name, "", "", l.Option, itoa(l.Price), l.Barcode, l.SKUCode, o.Number,
			})
		}
	}
	name := at.Format("20060102150405") + ".csv"
	return Sheet{"orders_" + name, head.Bytes()}, Sheet{"items_" + name, lines.Bytes()}
}

func indexOf(titles []string, title string) int {
	for i, t := range titles {
		if t == title {
			return i
		}
	}
	panic("no column " + title)
}

func yahooOrder(set func(title, text string), o *Order) {
	p := &o.Parcels[0]
	set("Id", o.Number)
	set("OrderId", o.Number[strings.LastIndexByte(o.Number, '-')+1:])
	set("OrderTime", o.Ordered.Format("2006-01-02T15:04:05-07:00"))
	set("OrderStatus", o.Status)
	set("IsReadOnly", "0")
	set("FraudHoldStatus", "0")
	paid, settle, ship := "1", "3", "1"
	switch {
	case o.SubStatus == "unpaid", o.Payment == "payment_d1":
		paid, settle = "0", "2"
	case o.SubStatus == "payment_failed":
		settle = "10"
	case o.SubStatus == "not_allowed":
		ship = "0"
	case o.SubStatus == "shipped":
		ship = "3"
		set("ShipInvoiceNumber1", cmp.Or(p.Invoice, "4000-0000-0000"))
	}
	set("PayStatus", paid)
	set("SettleStatus", settle)
	set("ShipStatus", ship)
	if o.Warning {
		set("SuspectMessage", "いたずら注文の疑いがあります")
	}
	set("PayMethod", o.Payment)
	set("PayMethodName", "お支払い方法")
	set("ShipMethodName", o.Delivery)
	set("ShipRequestDate", p.DeliverOn)
	set("ShipRequestTime", p.Band)
	set("ShipNotes", p.Note)
	set("GiftWrapType", o.Gift)
	set("BuyerComments", o.Note)
	set("ShipName", p.To.Name())
	yahooPerson(set, "Ship", &p.To)
	yahooPerson(set, "Bill", &o.Buyer)
	set("BillMailAddress", o.Buyer.Mail)
	set("ShipCharge", itoa(o.Postage))
	set("PayCharge", itoa(o.Fee))
	for _, none := range []string{"Discount", "UsePoint", "TotalMallCouponDiscount"} {
		set(none, "0")
	}
	set("Total", itoa(o.Total))
}

func yahooPerson(set func(title, text string), who string, p *Person) {
	for title, text := range map[string]string{
		"FirstName": p.Given, "LastName": p.Family, "FirstNameKana": p.GivenKana, "LastNameKana": p.FamilyKana, "ZipCode": p.Postal, "Prefecture": p.Prefecture,
		"City": p.City, "Address1": p.Street, "Address2": p.Building, "PhoneNumber": p.Phone,
	} {
		set(who+title, text)
	}
}

func yahooRow(b *bytes.Buffer, row []string) {
	for i, s := range row {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteByte('"')
		for _, c := range windows.Replace(s) {
			if c == '"' {
				b.WriteByte('"')
			}
			code, err := japanese.ShiftJIS.NewEncoder().String(string(c))
			if err != nil {
				code = "?"
			}
			b.WriteString(code)
		}
		b.WriteByte('"')
	}
	b.WriteString("\r\n")
}
