package formats_test

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mallbridge/mallbridge/mappers/format"
)

// japanInputs are the sheets of Japanese malls but for Rakuten's.
func japanInputs() []input { return slices.Concat(yahooInputs(), shopserveInputs()) }

var (
	// The titles of the order file and of the item file, as Store Creator Pro writes them
	// with every column chosen.
	yahooOrderHeader = strings.Split("OrderId,ParentOrderId,DeviceType,IsAffiliate,FspLicenseCode,FspLicenseName,OrderTime,OrderTimeUnixEpoch,UsePointType,OrderStatus,StoreStatus,Referer,EntryPoint,Clink,SuspectMessage,IsItemCoupon,IsShippingCoupon,ShipName,ShipFirstName,ShipLastName,ShipAddress1,ShipAddress2,ShipCity,ShipPrefecture,ShipZipCode,ShipNameKana,ShipFirstNameKana,ShipLastNameKana,ShipAddress1Kana,ShipAddress2Kana,ShipCityKana,ShipPrefectureKana,ShipSection1Field,ShipSection1Value,ShipSection2Field,ShipSection2Value,ShipPhoneNumber,ShipEmgPhoneNumber,ShipMethod,ShipMethodName,ShipRequestDate,ShipRequestTime,ShipNotes,ArriveType,ShipInvoiceNumber1,ShipInvoiceNumber2,ShipUrl,ShipDate,GiftWrapType,GiftWrapPaperType,GiftWrapName,NeedBillSlip,NeedDetailedSlip,NeedReceipt,Option1Field,Option1Value,Option2Field,Option2Value,GiftWrapMessage,BillName,BillFirstName,BillLastName,BillAddress1,BillAddress2,BillCity,BillPrefecture,BillZipCode,BillNameKana,BillFirstNameKana,BillLastNameKana,BillAddress1Kana,BillAddress2Kana,BillCityKana,BillPrefectureKana,BillSection1Field,BillSection1Value,BillSection2Field,BillSection2Value,BillPhoneNumber,BillEmgPhoneNumber,BillMailAddress,PayMethod,PayMethodName,PayKind,CardPayCount,CardPayType,SettleStatus,SettleId,PayNo,PayNoIssueDate,PayDate,BuyerComments,AgeConfirm,QuantityDetail,ShipCharge,PayCharge,GiftWrapCharge,Discount,UsePoint,GetPoint,Total,TotalPrice,ShippingCouponDiscount,ItemCouponDiscount,TotalMallCouponDiscount,Id", ",")
	yahooItemHeader  = strings.Split("OrderId,LineId,Quantity,ItemId,SubCode,Title,ItemOptionName,ItemOptionValue,SubCodeOption,InscriptionName,InscriptionValue,UnitPrice,UnitGetPoint,LineSubTotal,LineGetPoint,PointFspCode,Condition,CouponId,CouponDiscount,OriginalPrice,IsGetPointFix,GetPointFixDate,ReleaseDate,GetPointType,Jan,ProductId,Id", ",")

	yahooOrder = map[string]any{
		"OrderId": "10020471", "DeviceType": "1", "OrderTime": "2026/11/18 08:14:55", "OrderStatus": "2", "ShipName": "浜口 源三郎", "ShipFirstName": "源三郎", "ShipLastName": "浜口",
		"ShipAddress1": "見本通り12-5", "ShipAddress2": "コーポ見本203", "ShipCity": "架空市", "ShipPrefecture": "石川県", "ShipZipCode": "920-0999", "ShipFirstNameKana": "ゲンザブロウ", "ShipLastNameKana": "ハマグチ",
		"ShipPhoneNumber": "0760000102", "ShipMethod": "postage1", "ShipMethodName": "宅急便", "BillName": "浜口 友里恵", "BillFirstName": "友里恵", "BillLastName": "浜口", "BillAddress1": "見本町3-9-1", "BillCity": "架空市",
		"BillPrefecture": "石川県", "BillZipCode": "9200999", "BillPhoneNumber": "076-000-0101", "BillMailAddress": "yurie@example.com", "PayMethod": "payment_a1", "PayMethodName": "クレジットカード決済", "PayKind": "0",
		"SettleStatus": "3", "ShipCharge": "660", "PayCharge": "0", "Discount": "0", "UsePoint": "120", "Total": "4200", "TotalPrice": "4320", "TotalMallCouponDiscount": "0", "Id": "minato-zakka-10020471",
	}
	yahooLine = map[string]any{
		"line:OrderId": "10020471", "LineId": "1", "Quantity": "2", "ItemId": "tea-cup", "SubCode": "tea-cup-blue", "Title": "湯のみ 見本焼", "SubCodeOption": "色:青", "UnitPrice": "1380", "LineSubTotal": "2760", "line:Id": "minato-zakka-10020471",
	}
)

// yahooJoined is the header of both files joined.
func yahooJoined(orders, lines []string) []string {
	out := slices.Clone(orders)
	for _, l := range lines {
		if slices.Contains(orders, l) {
			l = "line:" + l
		}
		out = append(out, l)
	}
	return out
}

func yahooInputs() []input {
	full := yahooJoined(yahooOrderHeader, yahooItemHeader)
	in := func(name, about string, header []string, rows ...map[string]any) input {
		return input{format: "yahoo-orders", name: name, about: about, file: "input.csv", charset: cp932, bare: true, header: header, rows: rows}
	}
	order := func(n string, changes ...any) map[string]any {
		return with(with(yahooOrder, "OrderId", n, "Id", "minato-zakka-"+n), changes...)
	}
	line := func(n string, changes ...any) map[string]any {
		return with(with(yahooLine, "line:OrderId", n, "line:Id", "minato-zakka-"+n), changes...)
	}
	wide := yahooJoined(append(slices.Clone(yahooOrderHeader), "PayStatus", "ShipStatus", "IsReadOnly", "FraudHoldStatus", "IsYahooAuctionOrder", "YahooAuctionId", "YahooAuctionMerchantId", "YahooAuctionBidType", "YahooAuctionBundleType", "YahooAuctionCategoryType"),
		append(slices.Clone(yahooItemHeader), "ItemYahooAucId", "ItemYahooAucMerchantId"))
	utf := in("utf-8", "the same files in UTF-8", full, order("10020471", "ShipLastName", "𠮷村"), line("10020471"))
	utf.charset = nil
	return []input{
		in("ordinary", "the order file and the item file joined: two orders, one of two lines, one to be paid on delivery with a wish of day and hours", full,
			yahooOrder, order("10020475", "PayMethod", "payment_d1", "PayKind", "4", "SettleStatus", "2", "PayCharge", "330", "Total", "1230", "UsePoint", "0", "ShipRequestDate", "2026-11-25", "ShipRequestTime", "14:00～16:00"),
			yahooLine, line("10020471", "LineId", "2", "Quantity", "1", "ItemId", "matcha-30g", "SubCode", "", "Title", "抹茶 30g", "SubCodeOption", "", "UnitPrice", "900"),
			line("10020475", "Quantity", "1", "ItemId", "matcha-30g", "SubCode", "", "UnitPrice", "900")),
		in("payments", "what is known of payment without PayStatus: settled, waiting, failed, the store's own bank account, points alone", full,
			order("1", "SettleStatus", "5"), order("2", "SettleStatus", "2"), order("3", "SettleStatus", "10"), order("4", "PayMethod", "payment_b1", "SettleStatus", "2"), order("5", "PayMethod", "payment_z1", "SettleStatus", ""),
			order("6", "SettleStatus", "4"), order("7", "OrderStatus", "4", "SettleStatus", "6"), order("8", "OrderStatus", "5"), order("9", "OrderStatus", "3"),
			line("1"), line("2"), line("3"), line("4"), line("5"), line("6"), line("7"), line("8"), line("9")),
		in("hard", "further columns: paid into a bank account, unpaid, shipped, under review; a bundle won in auctions; wrapping, inscriptions, coupons, characters of Windows, line breaks, zeros that Excel dropped", wide,
			order("1", "PayMethod", "payment_b1", "SettleStatus", "2", "PayStatus", "1", "ShipStatus", "1", "ShipLastName", "髙﨑", "ShipFirstName", "①郎", "ShipAddress1", "髙岡通り１２－５", "BuyerComments", "平日の午後を希望します & 不在時は連絡\n「\"よろしく\"」",
				"GiftWrapType", "赤い紙", "GiftWrapPaperType", "御祝", "GiftWrapName", "浜口", "ShipSection1Value", "㈱見本", "Discount", "-100", "TotalMallCouponDiscount", "-50", "ItemCouponDiscount", "30"),
			order("2", "PayStatus", "0", "ShipStatus", "0", "SettleStatus", "2"), order("3", "PayStatus", "1", "ShipStatus", "3"),
			order("4", "PayStatus", "1", "ShipStatus", "1", "IsReadOnly", "1", "FraudHoldStatus", "1", "SuspectMessage", "要確認", "ShipZipCode", "600001", "ShipPrefecture", "北海道"),
			order("5", "PayStatus", "1", "ShipStatus", "1", "IsYahooAuctionOrder", "true", "YahooAuctionId", "z1099900011", "YahooAuctionMerchantId", "LENS-50/1.4", "YahooAuctionBidType", "2", "YahooAuctionBundleType", "1"),
			line("1", "ItemOptionName", "箱;色", "ItemOptionValue", "なし;青", "InscriptionName", "名入れ", "InscriptionValue", "GEN", "Jan", "4999999000017"), line("2"), line("3"), line("4"),
			line("5", "ItemId", "z1099900011", "SubCode", "", "ItemYahooAucId", "z1099900011", "ItemYahooAucMerchantId", "LENS-50/1.4"),
			line("5", "LineId", "2", "ItemId", "z1099900012", "SubCode", "", "ItemYahooAucId", "z1099900012", "ItemYahooAucMerchantId", "CAP<52>")),
		in("joined", "a sheet that another program joined row by row", slices.DeleteFunc(slices.Clone(full), func(h string) bool { return strings.HasPrefix(h, "line:") }),
			merged(yahooOrder, yahooLine), merged(yahooOrder, line("10020471", "LineId", "2", "ItemId", "matcha-30g", "SubCode", ""))),
		utf,
		in("refused-rows", "an order without lines, lines without an order, a quantity of none, a code that became a date, a phone without its zero, a row that lacks columns", full,
			order("1"), order("3"), order("4"), order("5", "ShipPhoneNumber", "760000102"), order("6"), order("7", "Id", "10020471"),
			map[string]any{"": []string{"10020479", "", "minato-zakka-10020479"}},
			line("2"), line("3", "Quantity", "0"), line("4"), line("4", "LineId", "2", "SubCode", "1-May"), line("5"), line("6")),
		in("refused-missing-column", "a template without Id is refused", without(full, "Id"), yahooOrder),
		in("refused-half", "one of the two files alone is refused", yahooItemHeader, map[string]any{"OrderId": "10020471", "LineId": "1", "Quantity": "1", "ItemId": "tea-cup", "Id": "minato-zakka-10020471"}),
	}
}

func merged(rows ...map[string]any) map[string]any {
	out := map[string]any{}
	for _, r := range rows {
		maps.Copy(out, r)
	}
	return out
}

// TestYahooPair joins the files that the mall gives and compares with the joined file
// of the case.
func TestYahooPair(t *testing.T) {
	f, err := set(t).Get("yahoo-orders")
	if err != nil {
		t.Fatal(err)
	}
	for _, in := range yahooInputs() {
		if in.name != "ordinary" && in.name != "utf-8" {
			continue
		}
		orders := input{charset: in.charset, bare: true, header: yahooOrderHeader}
		lines := input{charset: in.charset, bare: true, header: yahooItemHeader}
		for _, r := range in.rows {
			if r["LineId"] == nil {
				orders.rows = append(orders.rows, r)
				continue
			}
			lines.rows = append(lines.rows, with(r, "OrderId", r["line:OrderId"], "Id", r["line:Id"]))
		}
		first, second := format.Bytes("order.csv", orders.text(t)), format.Bytes("item.csv", lines.text(t))
		if a, b := f.Half(first), f.Half(second); a != format.OrdersHalf || b != format.LinesHalf {
			t.Errorf("%s: the halves are %d and %d", in.name, a, b)
		}
		var out bytes.Buffer
		if err := f.Join(&out, first, second); err != nil {
			t.Fatal(err)
		}
		want, err := os.ReadFile(filepath.Join(caseRoot, "yahoo-orders", in.name, "input.csv"))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(out.Bytes(), want) {
			t.Errorf("%s: joined is\n%q\nnot\n%q", in.name, out.Bytes(), want)
		}
		if h := f.Half(format.Bytes("joined.csv", out.Bytes())); h != format.NoHalf {
			t.Errorf("%s: the joined file is half %d", in.name, h)
		}
	}
}

var (
	shopserveHeader = strings.Split("受注番号,受注日時,受注状態,入金状態,出荷状態,支払方法,配送方法,注文者氏名,注文者フリガナ,注文者郵便番号,注文者都道府県,注文者住所1,注文者住所2,注文者電話番号,注文者メールアドレス,届け先氏名,届け先フリガナ,届け先郵便番号,届け先都道府県,届け先住所1,届け先住所2,届け先電話番号,配達希望日,配達希望時間,商品コード,商品名,バリエーション,単価,数量,小計,送料,決済手数料,値引き,ポイント利用,合計金額,備考,伝票番号,出荷日", ",")
	shopserveShort  = strings.Split("受注番号,受注日時,支払方法,配送方法,届け先氏名,届け先フリガナ,届け先郵便番号,届け先都道府県,届け先住所1,届け先住所2,届け先電話番号,配達希望日,配達希望時間,商品コード,商品名,バリエーション,単価,数量,送料,合計金額,備考", ",")

	shopserveRow = map[string]any{
		"受注番号": "2026111800012", "受注日時": "2026/11/18 10:03:21", "支払方法": "クレジットカード", "配送方法": "宅配便", "注文者氏名": "架空 花江", "注文者フリガナ": "カクウ ハナエ", "注文者郵便番号": "999-0101",
		"注文者都道府県": "山形県", "注文者住所1": "見本郡例示町1-2", "注文者電話番号": "023-000-0606", "注文者メールアドレス": "hanae@example.com", "届け先氏名": "架空 花江", "届け先フリガナ": "カクウ ハナエ", "届け先郵便番号": "999-0101",
		"届け先都道府県": "山形県", "届け先住所1": "見本郡例示町1-2", "届け先電話番号": "023-000-0606", "配達希望日": "2026/11/25", "配達希望時間": "午前中", "商品コード": "KOKESHI-S", "商品名": "こけし 小", "単価": "1,800", "数量": "1",
		"小計": "1,800", "送料": "770", "決済手数料": "0", "値引き": "0", "ポイント利用": "0", "合計金額": "4,370",
	}
)

func shopserveInputs() []input {
	in := func(name, about string, header []string, rows ...map[string]any) input {
		return input{format: "shopserve-orders", name: name, about: about, file: "input.csv", charset: cp932, header: header, rows: rows}
	}
	utf := in("utf-8", "the same sheet in UTF-8 with a byte order mark", shopserveShort, shopserveRow)
	utf.charset, utf.edit = nil, func(b []byte) []byte { return append([]byte("\xEF\xBB\xBF"), b...) }
	plain := in("utf-8-plain", "UTF-8 without a mark", shopserveShort, with(shopserveRow, "届け先氏名", "𠮷村 花江"))
	plain.charset = nil
	euc := in("refused-euc-jp", "a sheet of an old store in EUC-JP is refused", shopserveShort, shopserveRow)
	euc.charset = eucJP
	return []input{
		in("ordinary", "two lines of one order, without the columns of states", shopserveShort,
			with(shopserveRow, "備考", "贈り物です。\"のし\"希望"), with(shopserveRow, "備考", "贈り物です。\"のし\"希望", "商品コード", "TENUGUI", "商品名", "手ぬぐい", "バリエーション", "藍", "単価", "900", "数量", "2")),
		in("hard", "two recipients, states, on delivery, shipped, cancelled, unpaid, a state of the store's own, zeros that Excel dropped, characters of Windows", shopserveHeader,
			with(shopserveRow, "受注状態", "", "値引き", "-100", "ポイント利用", "50"), with(shopserveRow, "受注状態", "", "値引き", "-100", "ポイント利用", "50", "届け先氏名", "髙﨑 ①郎", "届け先郵便番号", "10001", "届け先都道府県", "北海道", "届け先住所1", "㈱見本1-1"),
			with(shopserveRow, "受注番号", "2026111800013", "支払方法", "代金引換", "入金状態", "未入金", "決済手数料", "330"),
			with(shopserveRow, "受注番号", "2026111800014", "出荷状態", "発送済"),
			with(shopserveRow, "受注番号", "2026111800015", "受注状態", "キャンセル"),
			with(shopserveRow, "受注番号", "2026111800016", "支払方法", "銀行振込", "入金状態", "未入金"),
			with(shopserveRow, "受注番号", "2026111800017", "受注状態", "在庫確認中"),
			with(shopserveRow, "受注番号", "2026111800018", "伝票番号", "000011112222")),
		utf, plain, euc,
		in("refused-rows", "missing values, a phone without its zero, a quantity of none, a code that became a date", shopserveShort,
			with(shopserveRow, "届け先氏名", ""), with(shopserveRow, "受注番号", "2", "届け先電話番号", "230000606"), with(shopserveRow, "受注番号", "3", "数量", "0"), with(shopserveRow, "受注番号", "4", "商品コード", "1-May"),
			with(shopserveRow, "受注番号", "5"), with(shopserveRow, "受注番号", "5", "送料", "0"), with(shopserveRow, "受注番号", "6")),
		in("refused-missing-column", "a template without 届け先電話番号 is refused", without(shopserveShort, "届け先電話番号"), shopserveRow),
	}
}
