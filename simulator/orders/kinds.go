package orders

import (
	"strings"
	"time"
)

// A kind is one way in which an order is out of the ordinary.
type kind struct {
	per1000 int // how many of a thousand orders of the mall
	makes   int // how many orders it makes at once
	make    func(s *Stream, mall string, now time.Time) []Order
}

// changed makes a kind from a change to an ordinary order.
func changed(per1000 int, name string, fate Fate, change func(s *Stream, o *Order)) kind {
	return kind{per1000, 1, func(s *Stream, mall string, now time.Time) []Order {
		o := s.order(mall, now)
		o.Kind, o.Fate, o.First = name, fate, fate
		change(s, &o)
		o.sum()
		return []Order{o}
	}}
}

// repaired is changed with a hold that a repair ends.
func repaired(per1000 int, name, repair string, first Fate, change func(s *Stream, o *Order)) kind {
	k := changed(per1000, name, first, change)
	change1 := k.make
	k.make = func(s *Stream, mall string, now time.Time) []Order {
		all := change1(s, mall, now)
		for i := range all {
			all[i].Repair, all[i].First, all[i].Fate = repair, first, yes
		}
		return all
	}
	return k
}

// twins makes two orders for one recipient.
func twins(per1000 int) kind {
	return kind{per1000, 2, func(s *Stream, mall string, now time.Time) []Order {
		a, b := s.order(mall, now), s.order(mall, now)
		a.Kind, b.Kind = "same recipient", "same recipient"
		b.Buyer, b.Parcels[0].To = a.Buyer, a.Parcels[0].To
		a.First, b.First = yes, yes
		return []Order{a, b}
	}}
}

var yes = Fate{State: Instructed}

func held(reason string) Fate    { return Fate{Held, reason} }
func outside(reason string) Fate { return Fate{Outside, reason} }
func refused(reason string) Fate { return Fate{Refused, reason} }

// only replaces the lines of an order by one of a good.
func only(s *Stream, o *Order, code string) {
	o.Parcels[0].Lines = nil
	s.add(o, 0, good(o.Mall, code))
}

func status(code, sub string) func(*Stream, *Order) {
	return func(_ *Stream, o *Order) { o.Status, o.SubStatus = code, sub }
}

var kinds = map[string][]kind{
	Rakuten: {
		changed(60, "hard name", yes, func(s *Stream, o *Order) {
			name := pick(s.r, hardJP)
			to := &o.Parcels[0].To
			to.Family, to.FamilyKana = name[0], name[1]
			to.Street += pick(s.r, []string{"〜３番", "ー５－２", "（①号地）", "の表"})
		}),
		changed(10, "long address", yes, func(_ *Stream, o *Order) {
			to := &o.Parcels[0].To
			to.City = "想像郡見本架空村大字例示"
			to.Street = "字仮想ノ原１２３４番地５６７８９ 見本台ニュータウン第三住宅地区ひばりが丘通り東側"
			to.Building = "エグザンプルグランドタワー見本台南館１２３４号室"
		}),
		twins(40),
		changed(40, "set", yes, func(s *Stream, o *Order) { only(s, o, "mug-set:normal-inventory"); s.add(o, 0, good(Rakuten, "CAN-6")) }),
		changed(25, "two recipients", yes, func(s *Stream, o *Order) {
			o.Parcels = append(o.Parcels, s.parcel(o.Mall, s.seq[o.Mall], 2, s.person("JP")))
			s.add(o, 1, good(Rakuten, "0010001"))
		}),
		changed(40, "cash on delivery", yes, func(_ *Stream, o *Order) { o.Payment, o.Fee = "代金引換", 330 }),
		changed(10, "cash on delivery for two", held("collect_amount"), func(s *Stream, o *Order) {
			o.Payment, o.Fee = "代金引換", 330
			o.Parcels = append(o.Parcels, s.parcel(o.Mall, s.seq[o.Mall], 2, s.person("JP")))
			s.add(o, 1, good(Rakuten, "0010001"))
		}),
		changed(30, "frozen", yes, func(s *Stream, o *Order) { only(s, o, "cake-01:normal-inventory") }),
		changed(20, "chilled and normal", yes, func(s *Stream, o *Order) {
			only(s, o, "miso-500:normal-inventory")
			s.add(o, 0, good(Rakuten, "0010001"))
		}),
		changed(40, "wished time", yes, func(s *Stream, o *Order) { o.Parcels[0].Band = pick(s.r, []string{"1", "1416", "1820", "1921"}) }),
		changed(15, "unknown time", held("timeband_unmapped"), func(_ *Stream, o *Order) { o.Parcels[0].Band = "2224" }),
		changed(20, "wished day", yes, func(_ *Stream, o *Order) { o.Parcels[0].DeliverOn = o.Ordered.AddDate(0, 0, 5).Format(time.DateOnly) }),
		changed(10, "wished day is past", held("delivery_date"), func(_ *Stream, o *Order) {
			o.Parcels[0].DeliverOn = o.Ordered.AddDate(0, 0, -2).Format(time.DateOnly)
		}),
		changed(15, "island", held("rule"), func(_ *Stream, o *Order) {
			o.Island = true
			to := &o.Parcels[0].To
			to.Prefecture, to.City, to.Postal = "沖縄県", "見本郡架空島村", "9010001"
		}),
		changed(10, "amount open", held("amount_open"), func(_ *Stream, o *Order) { o.Open = true }),
		changed(40, "not confirmed", outside("status_unshipped"), status("100", "")),
		changed(30, "shipped", outside("status_done"), status("500", "")),
		changed(15, "cancelled", outside("status_cancelled"), status("900", "")),
		changed(10, "change pending", held("status_hold"), status("400", "")),
		changed(8, "unknown status", held("status_unknown"), status("950", "")),
		changed(10, "mall is checking", held("mall_check"), func(_ *Stream, o *Order) { o.Checking = true }),
		changed(10, "gift", held("remark"), func(_ *Stream, o *Order) { o.Gift = "内祝 見本" }),
		changed(15, "remark", held("remark"), func(_ *Stream, o *Order) {
			o.Note = "領収書を同封してください。\n宛名は「上様」で。"
		}),
		changed(20, "known remark", yes, func(_ *Stream, o *Order) { o.Note = "よろしくお願いします" }),
		changed(10, "unknown payment", held("payment_unmapped"), func(_ *Stream, o *Order) { o.Payment = "d払い" }),
		changed(10, "unknown delivery", held("delivery_unmapped"), func(_ *Stream, o *Order) { o.Delivery = "店頭受取" }),
		repaired(40, "new listing", LinkNewListings, held("sku_unmapped"), func(s *Stream, o *Order) { only(s, o, "yuzu-50:normal-inventory") }),
		changed(10, "dead listing", held("sku_unmapped"), func(s *Stream, o *Order) { only(s, o, "clock-old:normal-inventory") }),
		repaired(8, "quantity 0", MendRows, refused("quantity_not_positive"), func(_ *Stream, o *Order) { o.Parcels[0].Lines[0].Quantity = 0 }),
		changed(8, "damaged by Excel", refused("damaged_by_excel"), func(_ *Stream, o *Order) { o.Parcels[0].Lines[0].SKUCode = "4.99999E+12" }),
		changed(8, "no postal code", held("postal_code"), func(_ *Stream, o *Order) { o.Parcels[0].To.Postal = "" }),
		changed(8, "no phone", held("phone"), func(_ *Stream, o *Order) { o.Parcels[0].To.Phone = "" }),
		changed(8, "old", outside("before_start"), func(_ *Stream, o *Order) { o.Ordered = o.Ordered.AddDate(0, 0, -45) }),
		changed(15, "reserved", Fate{State: Later}, func(s *Stream, o *Order) { only(s, o, "oseibo-a:normal-inventory") }),
		changed(8, "name too long", held("too_long"), func(_ *Stream, o *Order) {
			o.Parcels[0].To.Family = strings.Repeat("寿限無", 12)
		}),
		changed(20, "large", yes, func(s *Stream, o *Order) { only(s, o, "vase-l:normal-inventory"); o.Parcels[0].Lines[0].Quantity = 2 }),
		changed(15, "paid later", yes, func(_ *Stream, o *Order) { o.Payment = "後払い決済" }),
		changed(8, "test order", outside("rule_outside"), func(_ *Stream, o *Order) { o.Buyer.Family, o.Buyer.Given = "テスト", "注文" }),
	},
	SmartStore: {
		twins(40),
		changed(40, "set", yes, func(s *Stream, o *Order) { only(s, o, "HK-SET") }),
		changed(30, "chilled and normal", yes, func(s *Stream, o *Order) { only(s, o, "KIMCHI-1"); s.add(o, 0, good(SmartStore, "SOAP-3")) }),
		changed(40, "known message", yes, func(_ *Stream, o *Order) { o.Parcels[0].Note = "문앞에 놓아주세요" }),
		changed(20, "emoji", held("character"), func(_ *Stream, o *Order) { o.Parcels[0].Note = "문앞에 놓아주세요 😊" }),
		changed(20, "Japanese name", held("character"), func(_ *Stream, o *Order) { o.Parcels[0].To.Family, o.Parcels[0].To.Given = "髙橋", "さくら" }),
		changed(40, "not confirmed", outside("status_unshipped"), status("결제완료", "발주전")),
		changed(30, "cancel requested", held("claim_open"), status("취소요청", "")),
		changed(20, "cancelled", outside("status_cancelled"), status("취소완료", "")),
		changed(30, "in delivery", outside("status_done"), status("배송중", "")),
		changed(20, "claim on a line", held("claim_open"), func(_ *Stream, o *Order) { o.Claim = true }),
		changed(20, "mall ships", outside("mall_fulfils"), func(_ *Stream, o *Order) { o.MallShips = true }),
		changed(20, "unknown payment", held("payment_unmapped"), func(_ *Stream, o *Order) { o.Payment = "가상화폐" }),
		changed(20, "customs id", yes, func(_ *Stream, o *Order) { o.Parcels[0].Customs = "P000000000000" }),
		changed(20, "lost zeros", yes, func(_ *Stream, o *Order) {
			to := &o.Parcels[0].To
			to.Postal, to.Phone = "4524", strings.ReplaceAll(strings.TrimPrefix(to.Phone, "0"), "-", "")
		}),
		repaired(30, "new listing", LinkNewListings, held("sku_unmapped"), func(s *Stream, o *Order) { only(s, o, "TEA-30") }),
		changed(15, "number rounded", refused("damaged_by_excel"), func(_ *Stream, o *Order) { o.Parcels[0].Lines[0].Lossy = true }),
	},
	Coupang: {
		twins(40),
		changed(30, "two options", yes, func(s *Stream, o *Order) { only(s, o, "SEAWEED-10"); s.add(o, 0, good(Coupang, "SEAWEED-30")) }),
		changed(30, "island", held("rule"), func(_ *Stream, o *Order) {
			o.Island = true
			to := &o.Parcels[0].To
			to.Prefecture, to.City, to.Postal = "제주특별자치도", "보기시", "63001"
		}),
		changed(30, "mall ships", outside("mall_fulfils"), func(_ *Stream, o *Order) { o.MallShips = true }),
		changed(30, "dispatched", Fate{State: Filtered}, func(_ *Stream, o *Order) { o.Parcels[0].Invoice = "690000000201" }),
		changed(20, "dead listing", held("sku_unmapped"), func(s *Stream, o *Order) { only(s, o, "70000000019") }),
		changed(20, "number rounded", refused("damaged_by_excel"), func(_ *Stream, o *Order) { o.Parcels[0].Lines[0].Lossy = true }),
		changed(20, "no phone", held("phone"), func(_ *Stream, o *Order) { o.Parcels[0].To.Phone = "" }),
	},
	ElevenSt: {
		twins(40),
		changed(40, "two options", yes, func(s *Stream, o *Order) { only(s, o, "HK-BL-01"); s.add(o, 0, good(ElevenSt, "HK-PK-01")) }),
		changed(40, "hard name", yes, func(s *Stream, o *Order) {
			to := &o.Parcels[0].To
			to.Family, to.Given, to.Building = pick(s.r, []string{"뷁", "똠", "펲"}), "숲", "쀍빌라 Ⅲ동 ①호"
		}),
		changed(30, "two deliveries", yes, func(s *Stream, o *Order) {
			o.Parcels = append(o.Parcels, s.parcel(o.Mall, s.seq[o.Mall], 2, o.Buyer))
			s.add(o, 1, good(ElevenSt, "SOAP-3"))
		}),
		changed(30, "island", held("rule"), func(_ *Stream, o *Order) {
			o.Island = true
			to := &o.Parcels[0].To
			to.Prefecture, to.City, to.Postal = "제주특별자치도", "보기시", "63001"
		}),
		changed(20, "emoji", held("character"), func(_ *Stream, o *Order) { o.Parcels[0].Note = "문앞에 놓아주세요 😊" }),
		changed(30, "not confirmed", outside("status_unshipped"), status("202", "")),
		changed(20, "in delivery", Fate{State: Filtered}, status("401", "")),
		changed(20, "dead listing", held("sku_unmapped"), func(s *Stream, o *Order) { only(s, o, "AIR-OLD") }),
		changed(20, "number rounded", refused("damaged_by_excel"), func(_ *Stream, o *Order) {
			for i := range o.Parcels[0].Lines { // the number of the order stands in each row
				o.Parcels[0].Lines[i].Lossy = true
			}
		}),
		changed(20, "no phone", held("phone"), func(_ *Stream, o *Order) { o.Parcels[0].To.Phone = "" }),
	},
	Amazon: {
		changed(60, "hard name", yes, func(s *Stream, o *Order) {
			o.Parcels[0].To.Family = pick(s.r, hardJP)[0]
		}),
		twins(40),
		changed(40, "cash on delivery", yes, func(_ *Stream, o *Order) { o.Payment, o.Fee = "CashOnDelivery", 330 }),
		changed(40, "gift", held("remark"), func(_ *Stream, o *Order) { o.Gift = "お誕生日おめでとう" }),
		changed(20, "island", yes, func(_ *Stream, o *Order) {
			to := &o.Parcels[0].To
			to.Prefecture, to.City, to.Postal = "沖縄県", "見本郡架空島村", "9010001"
		}),
		changed(40, "not paid", outside("status_unshipped"), status("PENDING", "")),
		changed(30, "shipped", outside("status_done"), status("SHIPPED", "")),
		changed(20, "cancelled", outside("status_cancelled"), status("CANCELLED", "")),
		changed(20, "pre-order", held("status_hold"), status("PENDING_AVAILABILITY", "")),
		changed(20, "buyer asks to cancel", held("claim_open"), func(_ *Stream, o *Order) { o.Claim = true }),
		changed(30, "mall ships", outside("mall_fulfils"), func(_ *Stream, o *Order) { o.MallShips = true }),
		changed(20, "dead listing", held("sku_unmapped"), func(s *Stream, o *Order) { only(s, o, "CLOCK-OLD") }),
	},
	YahooShopping: yahooKinds,
	YahooAuction:  auctionKinds,
	Ebay:          abroad,
	Plain: {
		repaired(40, "letter outside cp932", AgreeReplacement, held("character"), func(_ *Stream, o *Order) { o.Parcels[0].To.Family = "𣘺本" }),
		changed(30, "letter with a look-alike", yes, func(_ *Stream, o *Order) { o.Parcels[0].To.Family = "𠮷野" }),
		changed(30, "wave dash", yes, func(_ *Stream, o *Order) { o.Parcels[0].To.Street += "〜2−1" }),
		changed(30, "marks apart", yes, func(_ *Stream, o *Order) { o.Parcels[0].To.Building = "サンフ\u309aルハイツか\u3099丘" }),
		changed(30, "emoji", held("character"), func(_ *Stream, o *Order) { o.Parcels[0].Note = "玄関前にお願いします🙏" }),
		changed(30, "Korean name", held("character"), func(_ *Stream, o *Order) { o.Parcels[0].To.Family, o.Parcels[0].To.Given = "견본", "가람" }),
		changed(60, "to Korea", yes, func(s *Stream, o *Order) {
			o.Buyer = s.person("KR")
			o.Parcels[0].To = o.Buyer
			only(s, o, "SEAWEED-10")
		}),
		changed(20, "on hold", held("person"), status("hold", "")),
		changed(30, "new", outside("status_unshipped"), status("new", "")),
		changed(20, "cancelled", outside("status_cancelled"), status("cancelled", "")),
		changed(30, "cash on delivery", yes, func(_ *Stream, o *Order) { o.Payment = "代引" }),
		changed(30, "wished time", yes, func(_ *Stream, o *Order) { o.Parcels[0].Band = "夜間" }),
	},
}
