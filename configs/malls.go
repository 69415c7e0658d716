package configs

import "slices"

// A Mall is what an account takes over from its mall where its file is silent.
type Mall struct {
	Name     string
	Title    map[string]string // by language: ja, ko, en
	Country  string
	Currency string
	Timezone string
	Formats  []string // of its order sheets, in the order in which they are tried
	Tracking string   // format of the file by which it is told of tracking numbers; empty for Mallbridge's own
	SKUFrom  []string
	// MaxLookback is how many days the mall itself looks back; 0 for no limit.
	MaxLookback int
	// KeepDays is how many days after delivery the mall's own policy lets a shop keep
	// buyers' personal data; 0 where no such rule is known.
	KeepDays int
}

// Malls lists the malls whose sheets are known, in the order in which the
// documentation shows them. Rakuten's order search goes back 64 days at most
// for one request's period (RMS rakutenPayOrderAPI searchOrder).
var Malls = []Mall{
	{
		Name: "rakuten", Title: map[string]string{"ja": "楽天市場", "ko": "라쿠텐", "en": "Rakuten Ichiba"},
		Country: "JP", Currency: "JPY", Timezone: "Asia/Tokyo", Formats: []string{"rakuten-orders"},
		// SKU管理番号 is unique only inside an item, and normal-inventory where the item
		// has no variations.
		Tracking: "rakuten-tracking",
		SKUFrom:  []string{"sku_code", "item_id+option_code", "item_code", "item_id"}, MaxLookback: 64,
	},
	// Stores of Yahoo! Auctions sell through the same order files. What was sold in the
	// form of an auction is known by the seller's management number only.
	{
		Name: "yahoo-shopping", Title: map[string]string{"ja": "Yahoo!ショッピング", "ko": "야후 쇼핑 재팬", "en": "Yahoo! JAPAN Shopping"},
		Country: "JP", Currency: "JPY", Timezone: "Asia/Tokyo", Formats: []string{"yahoo-orders"},
		Tracking: "yahoo-tracking",
		SKUFrom:  []string{"option_code", "item_code", "sku_code"},
	},
	{
		Name: "yahoo-auction", Title: map[string]string{"ja": "Yahoo!オークション（ストア）", "ko": "야후 옥션 재팬(스토어)", "en": "Yahoo! JAPAN Auctions (store)"},
		Country: "JP", Currency: "JPY", Timezone: "Asia/Tokyo", Formats: []string{"yahoo-orders"},
		Tracking: "yahoo-tracking",
		SKUFrom:  []string{"sku_code", "option_code", "item_code"},
	},
	{
		Name: "amazon", Title: map[string]string{"ja": "Amazon.co.jp", "ko": "아마존 재팬", "en": "Amazon Japan"},
		Country: "JP", Currency: "JPY", Timezone: "Asia/Tokyo", Formats: []string{"amazon-unshipped", "amazon-orders"},
		Tracking: "amazon-tracking",
		// Amazon's Data Protection Policy: 30 days after delivery.
		SKUFrom: []string{"item_code"}, KeepDays: 30,
	},
	{
		Name: "shopserve", Title: map[string]string{"ja": "ショップサーブ", "ko": "숍서브", "en": "Estore Shopserve"},
		Country: "JP", Currency: "JPY", Timezone: "Asia/Tokyo", Formats: []string{"shopserve-orders"},
		Tracking: "shopserve-tracking",
		SKUFrom:  []string{"item_code+option_code", "item_code"},
	},
	// Malls without a country of their own: an account has that of its workspace.
	{
		Name: "shopify", Title: map[string]string{"ja": "Shopify", "ko": "쇼피파이", "en": "Shopify"},
		Formats:  []string{"shopify-orders"},
		Tracking: "shopify-tracking",
		SKUFrom:  []string{"sku_code"},
	},
	{
		Name: "ebay", Title: map[string]string{"ja": "eBay", "ko": "이베이", "en": "eBay"},
		Formats:  []string{"ebay-orders"},
		Tracking: "ebay-tracking",
		SKUFrom:  []string{"sku_code"},
	},
	{
		Name: "smartstore", Title: map[string]string{"ja": "スマートストア", "ko": "스마트스토어", "en": "Naver Smart Store"},
		Country: "KR", Currency: "KRW", Timezone: "Asia/Seoul", Formats: []string{"smartstore-orders"},
		Tracking: "smartstore-tracking",
		SKUFrom:  []string{"option_code", "item_code", "item_id"},
	},
	{
		Name: "coupang", Title: map[string]string{"ja": "クーパン", "ko": "쿠팡", "en": "Coupang"},
		Country: "KR", Currency: "KRW", Timezone: "Asia/Seoul", Formats: []string{"coupang-orders"},
		Tracking: "coupang-tracking",
		SKUFrom:  []string{"item_code", "option_id"},
	},
	{
		Name: "elevenst", Title: map[string]string{"ja": "11番街", "ko": "11번가", "en": "11st"},
		Country: "KR", Currency: "KRW", Timezone: "Asia/Seoul", Formats: []string{"elevenst-orders"},
		Tracking: "elevenst-tracking",
		// A seller's stock code belongs to an option, the seller's product code to all of
		// them; the mall's own numbers are there where the seller gave neither.
		SKUFrom: []string{"option_code", "item_code", "item_id+option_id", "item_id"},
	},
	// Order systems: their sheets carry the orders of many malls, under statuses of
	// their own.
	{
		Name: "next-engine", Title: map[string]string{"ja": "ネクストエンジン", "ko": "넥스트엔진", "en": "Next Engine"},
		Country: "JP", Currency: "JPY", Timezone: "Asia/Tokyo",
		Formats: []string{"next-engine-orders", "next-engine-slip-orders", "next-engine-generic-orders"},
		SKUFrom: []string{"sku_code"},
	},
	{
		Name: "goq", Title: map[string]string{"ja": "GoQSystem", "ko": "GoQSystem", "en": "GoQSystem"},
		Country: "JP", Currency: "JPY", Timezone: "Asia/Tokyo", Formats: []string{"goq-orders"},
		SKUFrom: []string{"sku_code", "option_code", "item_code"},
	},
	{
		Name: "tempostar", Title: map[string]string{"ja": "TEMPOSTAR", "ko": "템포스타", "en": "TEMPOSTAR"},
		Country: "JP", Currency: "JPY", Timezone: "Asia/Tokyo", Formats: []string{"tempostar-orders"},
		SKUFrom: []string{"sku_code"},
	},
	{
		Name: "sabangnet", Title: map[string]string{"ja": "サバンネット", "ko": "사방넷", "en": "Sabangnet"},
		Country: "KR", Currency: "KRW", Timezone: "Asia/Seoul", Formats: []string{"sabangnet-orders"},
		SKUFrom: []string{"option_code", "item_code", "item_id"},
	},
	{
		Name: "ezadmin", Title: map[string]string{"ja": "EZAdmin", "ko": "이지어드민", "en": "EZAdmin"},
		Country: "KR", Currency: "KRW", Timezone: "Asia/Seoul", Formats: []string{"ezadmin-orders"},
		SKUFrom: []string{"sku_code", "barcode"},
	},
	{
		Name: "playauto", Title: map[string]string{"ja": "PlayAuto", "ko": "플레이오토", "en": "PlayAuto"},
		Country: "KR", Currency: "KRW", Timezone: "Asia/Seoul", Formats: []string{"playauto-orders", "playauto-emp-orders"},
		SKUFrom: []string{"sku_code", "item_code", "item_id"},
	},
	{
		Name: "plain", Title: map[string]string{"ja": "手入力・その他", "ko": "수기 입력·기타", "en": "entered by hand, others"},
		Formats: []string{"mallbridge-orders"},
		SKUFrom: []string{"sku_code", "item_code"},
	},
}

// LookupMall returns the mall of that name.
func LookupMall(name string) (Mall, bool) {
	i := slices.IndexFunc(Malls, func(m Mall) bool { return m.Name == name })
	if i < 0 {
		return Mall{}, false
	}
	return Malls[i], true
}

// countries by the time zone that most of their workspaces use.
var countries = map[string]string{"Asia/Tokyo": "JP", "Asia/Seoul": "KR", "Japan": "JP", "ROK": "KR"}

var currencies = map[string]string{"JP": "JPY", "KR": "KRW"}
