package payment

// Defaults returns the rows with which a new workspace's master begins for a
// mall: settlementMethodCode of the Rakuten RMS order API with the names that
// the order CSV carries, and the usual 결제수단 of Korean malls. They are not
// applied unless the master has them.
func Defaults(mall string) []Row {
	rows := defaults[mall]
	out := make([]Row, len(rows))
	for i, r := range rows {
		out[i] = Row{Account: mall, Name: r.name, Code: r.code, Payment: r.payment}
	}
	return out
}

type row struct{ code, name, payment string }

var yahoo = []row{
	{"payment_a1", "クレジットカード決済", Prepaid},
	{"payment_a6", "コンビニ決済（セブン-イレブン）", Prepaid},
	{"payment_a7", "コンビニ決済（その他）", Prepaid},
	{"payment_a8", "モバイルSuica", Prepaid},
	{"payment_a9", "d払い", Prepaid},
	{"payment_a10", "au PAY（auかんたん決済）", Prepaid},
	{"payment_a11", "ソフトバンクまとめて支払い", Prepaid},
	{"payment_a15", "Pay-easy", Prepaid},
	{"payment_a16", "Yahoo!マネー／預金払い", Prepaid},
	{"payment_a17", "PayPay残高", Prepaid},
	{"payment_a18", "ゆっくり払い", Prepaid},
	{"payment_a19", "PayPayクレジット", Prepaid},
	{"payment_b1", "銀行振込", Prepaid},
	{"payment_b2", "", Prepaid},
	{"payment_b3", "", Prepaid},
	{"payment_b4", "", Prepaid},
	{"payment_b5", "", Prepaid},
	{"payment_b6", "", Prepaid},
	{"payment_c1", "ゆうちょ（前払い）", Prepaid},
	{"payment_c2", "ゆうちょ（後払い）", Deferred},
	{"payment_c3", "現金書留", Prepaid},
	{"payment_d1", "商品代引", COD},
	{"payment_h1", "無料", Prepaid},
	{"payment_z1", "ポイント全額払い", Prepaid},
	{"payment_z4", "ギフトカード全額払い", Prepaid},
}

var defaults = map[string][]row{
	"rakuten": {
		{"1", "クレジットカード", Prepaid},
		{"2", "代金引換", COD},
		{"3", "後払い", Deferred},
		{"4", "ショッピングクレジット／ローン", Prepaid},
		{"5", "オートローン", Prepaid},
		{"6", "リース", Prepaid},
		{"7", "請求書払い", Deferred},
		{"8", "ポイント", Prepaid},
		{"9", "銀行振込", Prepaid},
		{"12", "Apple Pay", Prepaid},
		{"13", "セブンイレブン（前払）", Prepaid},
		{"14", "ローソン、郵便局ATM等（前払）", Prepaid},
		{"14", "ファミリーマート、ローソン等（前払）", Prepaid}, // the name of code 14 since 2026-01-22
		{"16", "Alipay", Prepaid},
		{"17", "PayPal", Prepaid},
		{"21", "後払い決済", Deferred},
		{"27", "Alipay（支付宝）", Prepaid},
	},
	// PayMethod of the Yahoo! Shopping order API and order file; its names change. The
	// methods payment_e1 to payment_e15 are the store's own.
	"yahoo-shopping": yahoo,
	"yahoo-auction":  yahoo,
	// PaymentMethod of the Amazon SP-API, in both versions of its order API.
	"amazon": {
		{"", "COD", COD},
		{"CashOnDelivery", "", COD},
		{"", "CVS", Prepaid},
		{"ConvenienceStore", "", Prepaid},
		{"", "Other", Prepaid}, // card and the like: what is listed as unshipped is paid
		{"CreditCard", "", Prepaid},
		{"Invoice", "", Deferred},
	},
	// Manual methods are names that each shop gives.
	"shopify": {
		{"shopify_payments", "Shopify Payments", Prepaid},
		{"Cash on Delivery (COD)", "代金引換", COD},
		{"", "代引", COD},
	},
	"ebay": {
		{"", Any, Prepaid}, // unpaid orders are told by their status
		{"CASH_ON_DELIVERY", "Cash on delivery", COD},
	},
	// The names are those that each store gives.
	"shopserve": {
		{"", "クレジットカード", Prepaid},
		{"", "代金引換", COD},
		{"", "代引", COD},
	},
	"smartstore": {
		{"", "신용카드", Prepaid},
		{"", "신용카드 간편결제", Prepaid},
		{"", "계좌 간편결제", Prepaid},
		{"", "실시간계좌이체", Prepaid},
		{"", "계좌이체", Prepaid},
		{"", "무통장입금", Prepaid},
		{"", "휴대폰", Prepaid},
		{"", "휴대폰 간편결제", Prepaid},
		{"", "포인트결제", Prepaid},
		{"", "포인트", Prepaid},
		{"", "나중에결제", Prepaid},
		{"", "후불결제", Prepaid}, // Naver pays the seller and waits itself
	},
	"coupang": {
		{"", Any, Prepaid}, // paid at Coupang; the sheet has no such column
	},
	"elevenst": {
		{"", Any, Prepaid}, // paid at 11st; neither sheet nor API names the method
	},
	// The methods of order systems are names that each shop gives. A GoQ file tells none:
	// its accounts say so themselves.
	"next-engine": {
		{"", "代金引換", COD},
		{"", "代引", COD},
	},
	"tempostar": {
		{"", "代金引換", COD},
		{"", "代引", COD},
	},
	"sabangnet": {
		{"", Any, Prepaid}, // Korean malls are paid beforehand; the sheets have no such column
	},
	"ezadmin": {
		{"", Any, Prepaid},
	},
	"playauto": {
		{"", Any, Prepaid},
	},
	"plain": {
		{"", Prepaid, Prepaid},
		{"", COD, COD},
		{"", Deferred, Deferred},
		{"", "代引", COD},
		{"", "代金引換", COD},
		{"", "前払い", Prepaid},
		{"", "선결제", Prepaid},
	},
}
