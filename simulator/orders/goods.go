package orders

// A Good is one thing that shops sell, with the SKUs that a warehouse picks for
// one piece.
type Good struct {
	Mall   string
	Name   string
	Option string
	Item   string // the mall's id of it
	Code   string // the code that leads to the SKUs: what the masters link
	From   string // which code of a line that is: item_id, item_code, option_code, sku_code
	Price  int64
	Tax    string
	Picks  []Pick
	Linked string // LinkNewListings: only once that is done; "never"; empty: from the start
}

// A Pick is an SKU and how many pieces of it.
type Pick struct {
	SKU string
	N   int64
}

// An SKU is one line of the SKU master.
type SKU struct {
	Code, Name, Barcode, Temperature, Warehouse string
	Weight                                      int64 // grams
	Pieces                                      int64 // in the shelves at first
}

// SKUs is the SKU master. Those of both countries are kept by their own
// warehouse.
var SKUs = []SKU{
	{"TOWEL-W", "今治タオル 白", "4900000000016", "normal", "tokyo", 240, 3000},
	{"TEA-100", "深むし煎茶 100g", "4900000000023", "normal", "tokyo", 120, 3000},
	{"MUG-RED", "マグカップ 赤", "4900000000030", "normal", "tokyo", 320, 3000},
	{"MUG-BLUE", "マグカップ 青", "4900000000047", "normal", "tokyo", 320, 3000},
	{"CAN-CURRY", "カレー缶", "4900000000054", "normal", "tokyo", 260, 9000},
	{"CAKE-01", "チーズケーキ", "4900000000061", "frozen", "tokyo", 650, 900},
	{"MISO-500", "手づくり味噌 500g", "4900000000078", "chilled", "tokyo", 560, 900},
	{"VASE-L", "花瓶 大", "4900000000085", "normal", "tokyo", 2400, 300},
	{"OSEIBO-A", "お歳暮セット 松", "4900000000092", "normal", "tokyo", 1800, 300},
	{"YUZU-50", "柚子こしょう 50g", "4900000000108", "normal", "tokyo", 110, 600},
	{"LEAFLET-01", "ちらし 冬号", "", "normal", "tokyo", 10, 9000},
	{"HK-BL-01", "들꽃 면 손수건 파랑", "8800000000014", "normal", "seoul", 60, 3000},
	{"HK-PK-01", "들꽃 면 손수건 분홍", "8800000000021", "normal", "seoul", 60, 3000},
	{"SEAWEED-10", "재래김 10봉", "8800000000038", "normal", "seoul", 200, 3000},
	{"KIMCHI-1", "포기김치 1kg", "8800000000045", "chilled", "seoul", 1100, 900},
	{"SOAP-01", "쑥 비누", "8800000000052", "normal", "seoul", 100, 3000},
	{"TEA-KR", "보리차 30티백", "8800000000069", "normal", "seoul", 150, 600},
}

// Goods is what the shops sell.
var Goods = []Good{
	{Mall: Rakuten, Name: "今治タオル 白", Option: "カラー:ホワイト", Item: "towel-01", Code: "0010001", From: "sku_code", Price: 1320, Tax: "0.1", Picks: picks("TOWEL-W", 1)},
	{Mall: Rakuten, Name: "髙級 深むし煎茶 100g", Item: "tea-100", Code: "tea-100:normal-inventory", From: "item_id+option_code", Price: 1080, Tax: "0.08", Picks: picks("TEA-100", 1)},
	{Mall: Rakuten, Name: "マグカップ 赤・青 ペアセット", Item: "mug-set", Code: "mug-set:normal-inventory", From: "item_id+option_code", Price: 3300, Tax: "0.1", Picks: []Pick{{"MUG-RED", 1}, {"MUG-BLUE", 1}}},
	{Mall: Rakuten, Name: "①番人気！カレー缶 6個セット", Item: "curry-6", Code: "CAN-6", From: "sku_code", Price: 2160, Tax: "0.08", Picks: picks("CAN-CURRY", 6)},
	{Mall: Rakuten, Name: "マグカップ 赤", Option: "カラー:レッド", Item: "mug-300", Code: "mug-300:mug-300-rd", From: "item_id+option_code", Price: 1650, Tax: "0.1", Picks: picks("MUG-RED", 1)},
	{Mall: Rakuten, Name: "チーズケーキ（冷凍）", Item: "cake-01", Code: "cake-01:normal-inventory", From: "item_id+option_code", Price: 2480, Tax: "0.08", Picks: picks("CAKE-01", 1)},
	{Mall: Rakuten, Name: "手づくり味噌 500g（冷蔵）", Item: "miso-500", Code: "miso-500:normal-inventory", From: "item_id+option_code", Price: 880, Tax: "0.08", Picks: picks("MISO-500", 1)},
	{Mall: Rakuten, Name: "花瓶 大", Item: "vase-l", Code: "vase-l:normal-inventory", From: "item_id+option_code", Price: 9800, Tax: "0.1", Picks: picks("VASE-L", 1)},
	{Mall: Rakuten, Name: "お歳暮セット 松", Item: "oseibo-a", Code: "oseibo-a:normal-inventory", From: "item_id+option_code", Price: 5400, Tax: "0.08", Picks: picks("OSEIBO-A", 1)},
	{Mall: Rakuten, Name: "【新発売】柚子こしょう 50g", Item: "yuzu-50", Code: "yuzu-50:normal-inventory", From: "item_id+option_code", Price: 650, Tax: "0.08", Picks: picks("YUZU-50", 1), Linked: LinkNewListings},
	{Mall: Rakuten, Name: "廃番の置時計", Item: "clock-old", Code: "clock-old:normal-inventory", From: "item_id+option_code", Price: 7700, Tax: "0.1", Linked: never},

	{Mall: SmartStore, Name: "들꽃 면 손수건", Option: "색상: 파랑", Item: "9000000101", Code: "HK-BL-01", From: "option_code", Price: 6900, Picks: picks("HK-BL-01", 1)},
	{Mall: SmartStore, Name: "들꽃 면 손수건", Option: "색상: 분홍", Item: "9000000101", Code: "HK-PK-01", From: "option_code", Price: 6900, Picks: picks("HK-PK-01", 1)},
	{Mall: SmartStore, Name: "손수건 선물 세트 (파랑+분홍)", Item: "9000000102", Code: "HK-SET", From: "item_code", Price: 12900, Picks: []Pick{{"HK-BL-01", 1}, {"HK-PK-01", 1}}},
	{Mall: SmartStore, Name: "포기김치 1kg (냉장)", Item: "9000000103", Code: "KIMCHI-1", From: "item_code", Price: 15900, Picks: picks("KIMCHI-1", 1)},
	{Mall: SmartStore, Name: "쑥 비누 3개 묶음", Item: "9000000104", Code: "SOAP-3", From: "item_code", Price: 9900, Picks: picks("SOAP-01", 3)},
	{Mall: SmartStore, Name: "[신상품] 보리차 30티백", Item: "9000000105", Code: "TEA-30", From: "item_code", Price: 5500, Picks: picks("TEA-KR", 1), Linked: LinkNewListings},

	{Mall: Coupang, Name: "재래김 10봉", Option: "1개", Item: "70000000011", Code: "SEAWEED-10", From: "item_code", Price: 7900, Picks: picks("SEAWEED-10", 1)},
	{Mall: Coupang, Name: "재래김 10봉", Option: "3개", Item: "70000000012", Code: "SEAWEED-30", From: "item_code", Price: 21900, Picks: picks("SEAWEED-10", 3)},
	{Mall: Coupang, Name: "쑥 비누", Option: "1개", Item: "70000000013", Code: "70000000013", From: "option_id", Price: 3900, Picks: picks("SOAP-01", 1)},
	{Mall: Coupang, Name: "단종 방향제", Option: "1개", Item: "70000000019", Code: "70000000019", From: "option_id", Price: 8900, Linked: never},

	{Mall: ElevenSt, Name: "들꽃 면 손수건", Option: "색상:파랑", Item: "5000000101", Code: "HK-BL-01", From: "option_code", Price: 6900, Picks: picks("HK-BL-01", 1)},
	{Mall: ElevenSt, Name: "들꽃 면 손수건", Option: "색상:분홍", Item: "5000000101", Code: "HK-PK-01", From: "option_code", Price: 6900, Picks: picks("HK-PK-01", 1)},
	{Mall: ElevenSt, Name: "쑥 비누 3개 묶음", Item: "5000000102", Code: "SOAP-3", From: "item_code", Price: 9900, Picks: picks("SOAP-01", 3)},
	{Mall: ElevenSt, Name: "재래김 10봉", Item: "5000000103", Code: "5000000103:250000001031", From: "item_id+option_id", Price: 7900, Picks: picks("SEAWEED-10", 1)},
	{Mall: ElevenSt, Name: "단종 방향제", Item: "5000000109", Code: "AIR-OLD", From: "item_code", Price: 8900, Linked: never},

	{Mall: Amazon, Name: "今治タオル 白", Item: "B000SAMPL1", Code: "TOWEL W/01", From: "item_code", Price: 1320, Picks: picks("TOWEL-W", 1)},
	{Mall: Amazon, Name: "髙級 深むし煎茶 100g", Item: "B000SAMPL2", Code: "0010002", From: "item_code", Price: 1080, Picks: picks("TEA-100", 1)},
	{Mall: Amazon, Name: "マグカップ 赤・青 ペアセット", Item: "B000SAMPL3", Code: "マグ-SET", From: "item_code", Price: 3300, Picks: []Pick{{"MUG-RED", 1}, {"MUG-BLUE", 1}}},
	{Mall: Amazon, Name: "廃番の置時計", Item: "B000SAMPL9", Code: "CLOCK-OLD", From: "item_code", Price: 7700, Linked: never},

	{Mall: Ebay, Name: "Imabari towel, white", Option: "Colour: White", Item: "110000000001", Code: "TOWEL/W 01", From: "sku_code", Price: 2400, Picks: picks("TOWEL-W", 1)},
	{Mall: Ebay, Name: "Deep-steamed sencha 100 g", Item: "110000000002", Code: "0010003", From: "sku_code", Price: 1295, Picks: picks("TEA-100", 1)},
	{Mall: Ebay, Name: "Mugs, red & blue, set of two", Item: "110000000003", Code: "MUG-SET", From: "sku_code", Price: 3999, Picks: []Pick{{"MUG-RED", 1}, {"MUG-BLUE", 1}}},
	{Mall: Ebay, Name: "Old clock", Item: "110000000009", Code: "CLOCK-OLD-US", From: "sku_code", Price: 7700, Linked: never},

	{Mall: YahooShopping, Name: "今治タオル", Option: "色:白", Item: "towel", Code: "towel-w", From: "option_code", Price: 1320, Tax: "10", Picks: picks("TOWEL-W", 1)},
	{Mall: YahooShopping, Name: "髙級 深むし煎茶 100g", Item: "0010002", Code: "0010002", From: "item_code", Price: 1080, Tax: "8", Picks: picks("TEA-100", 1)},
	{Mall: YahooShopping, Name: "マグカップ", Option: "色:赤", Item: "mug-300", Code: "mug-300-rd", From: "option_code", Price: 1650, Tax: "10", Picks: picks("MUG-RED", 1)},
	{Mall: YahooShopping, Name: "①番人気！カレー缶 6個セット", Item: "curry-6", Code: "curry-6", From: "item_code", Price: 2160, Tax: "8", Picks: picks("CAN-CURRY", 6)},
	{Mall: YahooShopping, Name: "廃番の置時計", Item: "clock-old", Code: "clock-old", From: "item_code", Price: 7700, Tax: "10", Linked: never},

	{Mall: YahooAuction, Name: "今治タオル 白", Item: "z1099900011", Code: "TOWEL/W<1>", From: "sku_code", Price: 1200, Tax: "10", Picks: picks("TOWEL-W", 1)},
	{Mall: YahooAuction, Name: "マグカップ 赤", Item: "z1099900012", Code: "MUG&RED", From: "sku_code", Price: 1500, Tax: "10", Picks: picks("MUG-RED", 1)},

	{Mall: Plain, Name: "今治タオル 白", Code: "TOWEL-W", From: "sku_code", Price: 1320, Picks: picks("TOWEL-W", 1)},
	{Mall: Plain, Name: "深むし煎茶 100g", Code: "TEA-100", From: "sku_code", Price: 1080, Picks: picks("TEA-100", 1)},
	{Mall: Plain, Name: "재래김 10봉", Code: "SEAWEED-10", From: "sku_code", Price: 7900, Picks: picks("SEAWEED-10", 1)},
}

// never marks listings that no master links.
const never = "never"

func picks(sku string, n int64) []Pick { return []Pick{{sku, n}} }

// Row is one row of a master, in the order of its columns.
type Row = []string

// Links are the rows of the SKU links (account, code, sku, quantity) of the malls of
// a day ([Stream.Day]) and of 11st, without those of [NewListings].
func Links() []Row { return links("") }

// YahooStore is the seller ID with which numbers of orders at Yahoo! begin.
const YahooStore = "minato-zakka"

// LinksOf are the rows of the SKU links of one mall.
func LinksOf(mall string) []Row {
	var out []Row
	from := mall
	if mall == Shopify || mall == Shopserve { // the same shop, by its SKUs
		from = Plain
	}
	for _, g := range goodsOf(from, "") {
		for _, p := range g.Picks {
			out = append(out, Row{mall, g.Code, p.SKU, itoa(p.N)})
		}
	}
	return out
}

// NewListings are the rows that [LinkNewListings] adds.
func NewListings() []Row { return links(LinkNewListings) }

func links(when string) []Row {
	out := []Row{}
	for _, g := range Goods {
		if g.Linked != when || g.Mall == Amazon || g.Mall == Ebay || g.Mall == YahooShopping || g.Mall == YahooAuction {
			continue
		}
		for _, p := range g.Picks {
			out = append(out, Row{g.Mall, g.Code, p.SKU, itoa(p.N)})
		}
	}
	return out
}

// Replacements are the pairs that [AgreeReplacement] agrees with the warehouse in
// Japan.
var Replacements = [][2]string{{"𣘺", "橋"}}

// Payments are the rows of the payment master (account, name, code, payment).
// 代引 and 前払い are there; d払い is not.
var Payments = []Row{
	{Rakuten, "クレジットカード", "1", "prepaid"},
	{Rakuten, "代金引換", "2", "cod"},
	{Rakuten, "後払い決済", "21", "deferred"},
	{Rakuten, "銀行振込", "9", "prepaid"},
	{SmartStore, "신용카드", "", "prepaid"},
	{SmartStore, "무통장입금", "", "prepaid"},
	{SmartStore, "포인트결제", "", "prepaid"},
	{Coupang, "*", "", "prepaid"},
	{ElevenSt, "*", "", "prepaid"},
	{Amazon, "CreditCard", "", "prepaid"},
	{Ebay, "EBAY", "", "prepaid"},
	{Shopify, "shopify_payments", "", "prepaid"},
	{Shopserve, "クレジットカード", "", "prepaid"},
	{YahooShopping, "payment_a1", "", "prepaid"},
	{YahooAuction, "payment_a1", "", "prepaid"},
	{Plain, "prepaid", "", "prepaid"},
	{Plain, "代引", "", "cod"},
}

// Services are the rows of the delivery service master (account, name, payment,
// temperature, warehouse, service, carrier). 店頭受取 is missing.
var Services = []Row{
	{Rakuten, "宅配便", "", "", "tokyo", "takkyubin", "yamato"},
	{Rakuten, "メール便", "", "", "tokyo", "nekopos", "yamato"},
	{SmartStore, "*", "", "", "seoul", "parcel", "cj"},
	{Coupang, "*", "", "", "seoul", "parcel", "cj"},
	{ElevenSt, "*", "", "", "seoul", "parcel", "cj"},
	{Amazon, "*", "", "", "tokyo", "takkyubin", "yamato"},
	{Ebay, "*", "", "", "narita", "ems", "japanpost"},
	{Shopify, "*", "", "", "tokyo", "takkyubin", "yamato"},
	{Shopserve, "*", "", "", "tokyo", "takkyubin", "yamato"},
	{YahooShopping, "*", "", "", "tokyo", "takkyubin", "yamato"},
	{YahooAuction, "*", "", "", "tokyo", "takkyubin", "yamato"},
	{Plain, "*", "", "", "tokyo", "takkyubin", "yamato"},
	{Plain, "*", "", "", "seoul", "parcel", "cj"},
}

// TimeBands are the rows of the time-band master (account, carrier, code, band).
var TimeBands = []Row{
	{Plain, "", "夜間", "1921"},
	{Plain, "", "指定なし", "none"},
}

func goodsOf(mall string, linked string) []*Good {
	var out []*Good
	for i := range Goods {
		if g := &Goods[i]; g.Mall == mall && g.Linked == linked {
			out = append(out, g)
		}
	}
	return out
}

func good(mall, code string) *Good {
	for i := range Goods {
		if g := &Goods[i]; g.Mall == mall && g.Code == code {
			return g
		}
	}
	return &Goods[0]
}

// nth counts the options of an item up to this one.
func (g *Good) nth() int64 {
	n := int64(0)
	for i := range Goods {
		x := &Goods[i]
		if x.Mall == g.Mall && x.Item == g.Item {
			n++
		}
		if x == g {
			break
		}
	}
	return n
}
