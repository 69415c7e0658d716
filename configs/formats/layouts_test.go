package formats_test

import (
	"strings"

	"github.com/mallbridge/mallbridge/order"
)

// A layout is a format of instructions that is tried with the same parcels as all
// others of its country, under the settings of a warehouse that uses it.
type layout struct {
	format  string
	service string // our service code that the format knows
	carrier string
	values  map[string]string
}

var japaneseLayouts = []layout{
	{"sagawa-ehiden2", "hikyaku", "sagawa", map[string]string{"billing_code": "000000000101", "time_windows": "six", "extra.1": "2"}},
	{"sagawa-yu-packet", "yu-packet", "sagawa", nil},
	{"yupack-print-r", "yu-pack", "japanpost", map[string]string{"extra.1": "1", "extra.2": "060"}},
	{"yupack-print-r-full", "yu-pack", "japanpost", map[string]string{"slip_kind": "1100780", "extra.2": "060"}},
	{"yupack-print-r-v3", "yu-pack", "japanpost", map[string]string{"extra.2": "060"}},
	{"web-yupack-print", "yu-pack", "japanpost", map[string]string{"slip_kind": "1"}},
	{"yupack-cloud", "yu-pack", "japanpost", map[string]string{"extra.2": "060"}},
	{"click-post", "click-post", "japanpost", map[string]string{"item_name": "衣類"}},
	{"seino-km2", "seino", "seino", map[string]string{"sender_code": "00000000101", "slip_kind": "8", "extra.1": "01"}},
	{"ecohai", "ecohai", "ecohai", nil},
	{"rakuten-express", "rakuten-express", "rakuten-express", map[string]string{"extra.1": "0"}},
	{"yamato-shipment-control", "takkyubin", "yamato", map[string]string{"billing_code": "090000000101", "freight_code": "01", "shipper_code": "0001"}},
	{"next-engine-upload", "takkyubin", "yamato", nil},
	{"next-engine-slip", "takkyubin", "yamato", nil},
	{"tempostar-upload", "takkyubin", "yamato", nil},
	{"logiless-import", "takkyubin", "yamato", nil},
	{"boss-3pl", "takkyubin", "yamato", map[string]string{"shipper_code": "0001"}},
	{"logiec-instructions", "takkyubin", "yamato", nil},
	{"terapo-instructions", "takkyubin", "yamato", nil},
	{"openlogi-instructions", "takkyubin", "yamato", nil},
	{"logizard-instructions", "takkyubin", "yamato", nil},
	{"commerce-robo-instructions", "takkyubin", "yamato", nil},
	{"fukuyama-istar2", "fukuyama", "fukuyama", map[string]string{"sender_code": "0001"}},
	{"smartship-instructions", "smartship", "qxpress", nil},
}

var koreanLayouts = []layout{
	{"cj-parcel", "parcel", "cj", map[string]string{"freight_code": "신용", "parcel_type": "극소"}},
	{"hanjin-parcel", "parcel", "hanjin", map[string]string{"freight_code": "신용"}},
	{"lotte-alps", "parcel", "lotte", map[string]string{"freight_code": "선불"}},
	{"logen-parcel", "parcel", "logen", map[string]string{"freight_code": "신용", "item_name": "생활잡화"}},
	{"epost-contract", "parcel", "epost", nil},
	{"epost-parcel", "parcel", "epost", nil},
	{"epost-counter", "parcel", "epost", map[string]string{"extra.1": "2", "extra.2": "80", "extra.3": "농/수/축산물(일반)"}},
	{"fassto-instructions", "parcel", "cj", map[string]string{"extra.1": "1"}},
	{"poomgo-instructions", "parcel", "cj", map[string]string{"shipper_code": "들꽃 스토어"}},
	{"sabangnet-cj", "parcel", "cj", nil},
	{"sabangnet-hanjin", "parcel", "hanjin", map[string]string{"freight_code": "신용"}},
}

const (
	hardParcels = "several lines of merged orders, trap characters, a long address, several parcels, a time band with a date, cooling, cash on delivery"
	heldParcels = "characters outside the charset, a long name, an endless address, missing values, an unknown service, a time band nobody serves, a long key"
)

func layoutOutputs() []output {
	var out []output
	cases := func(l layout, ordinary order.Instruction, hard, held []order.Instruction) {
		of := func(list []order.Instruction) []order.Instruction {
			done := make([]order.Instruction, len(list))
			for i, in := range list {
				if in.Service == "takkyubin" || in.Service == "parcel" {
					in.Service = l.service
				}
				in.Carrier = l.carrier
				done[i] = in
			}
			return done
		}
		out = append(out,
			output{l.format, "ordinary", "one parcel", l.values, of([]order.Instruction{ordinary})},
			output{l.format, "hard", hardParcels, l.values, of(hard)},
			output{l.format, "held", heldParcels, l.values, of(append(held, ordinary))})
	}
	for _, l := range japaneseLayouts {
		cases(l, ordinary("T00000001"), japaneseHard(), japaneseHeld())
	}
	for _, l := range koreanLayouts {
		cases(l, seoul("S00000001"), koreanHard(), koreanHeld())
	}
	stop := change(seoul("S00000001"), func(in *order.Instruction) { in.Note = "고객 변심" })
	return append(
		out,
		output{"warehouse-stops-kr", "ordinary", "one request", nil, []order.Instruction{stop}},
		output{"warehouse-stops-kr", "hard", "a line break, syllables outside KS X 1001, no reason", nil, []order.Instruction{
			change(stop, func(in *order.Instruction) { in.Number, in.Note = "S00000002", "똠뷁\n\"급함\", 확인" }), change(stop, func(in *order.Instruction) { in.Number, in.Note = "S00000003", "" }),
		}},
		output{"warehouse-stops-kr", "held", "characters outside the charset, no number", nil, []order.Instruction{
			change(stop, func(in *order.Instruction) { in.Note = "髙橋 ❤" }), change(stop, func(in *order.Instruction) { in.Number = "" }), stop,
		}},
	)
}

func japaneseHard() []order.Instruction {
	return []order.Instruction{
		change(ordinary("T00000002"), func(in *order.Instruction) {
			in.Note = "玄関前に、置いてください"
			in.Lines = append(in.Lines, line("399001-20261121-0000000001", "2", "TEA-100", "ほうじ茶 100g", 2, 1080), line("399001-20261121-0000000009", "1", "0012", "マグカップ, 大", 1, 2200),
				order.InstructionLine{Order: "399001-20261121-0000000001", Package: "1", SKU: "LEAFLET-1", Name: "チラシ", Quantity: 1})
		}),
		change(ordinary("T00000003"), func(in *order.Instruction) {
			in.To.Name, in.To.Company, in.To.Kana = "髙﨑 表能ソ", "㈱見本①商事", "タカサキ ﾋｮｳﾉ"
			in.To.Street, in.To.Building = "十条ソーレ能登表町4-5-6", "見本 \"タワー\"\n1203号"
			in.Lines[0].Name, in.Lines[0].SKU = "表札・ソーラー能面, 予備", "00123"
		}),
		change(ordinary("T00000004"), func(in *order.Instruction) {
			in.To.Prefecture, in.To.City, in.To.Street = "鹿児島県", "大島郡瀬戸内町", "大字見本字長長長長長1234-5678"
			in.To.Building = "見本グランドハイツ東館1203号室"
		}),
		change(ordinary("T00000005"), func(in *order.Instruction) { in.Parcels = 3 }),
		change(ordinary("T00000006"), func(in *order.Instruction) { in.TimeBand, in.DeliverOn = "am", "2026-11-26" }),
		change(ordinary("T00000007"), func(in *order.Instruction) { in.Temperature = order.Chilled }),
		change(ordinary("T00000008"), func(in *order.Instruction) { in.Temperature = order.Frozen }),
		change(ordinary("T00000009"), func(in *order.Instruction) { in.Payment, in.Collect, in.CollectTax = "cod", 3630, 330 }),
	}
}

func japaneseHeld() []order.Instruction {
	return []order.Instruction{
		change(ordinary("T00000011"), func(in *order.Instruction) { in.To.Name = "한가온" }),
		change(ordinary("T00000012"), func(in *order.Instruction) { in.To.Name, in.Note = "𠮷野 太郎", "ありがとう❤〜" }),
		change(ordinary("T00000013"), func(in *order.Instruction) {
			in.To.Name = strings.Repeat("見本株式会社東日本営業本部", 10)
		}),
		change(ordinary("T00000014"), func(in *order.Instruction) { in.To.Street = strings.Repeat("見本町一丁目二番三号", 30) }),
		change(ordinary("T00000015"), func(in *order.Instruction) {
			in.To.Phone, in.To.Postal, in.ShipOn, in.Lines[0].SKU = "", "1500", "", ""
		}),
		change(ordinary("T00000016"), func(in *order.Instruction) { in.Service = "drone" }),
		change(ordinary("T00000017"), func(in *order.Instruction) { in.TimeBand = "0507" }),
		ordinary("T-" + strings.Repeat("1234567890", 6)),
	}
}

func koreanHard() []order.Instruction {
	return []order.Instruction{
		change(seoul("S00000002"), func(in *order.Instruction) {
			in.Note = "경비실에\n맡겨 주세요"
			in.Lines = append(in.Lines, line("24000000000101", "90000000002", "00077", "들꽃 머그컵, 파랑", 2, 12000), line("24000000000102", "90000000009", "TEA-100", "=보리차 \"대\"", 1, 5000))
		}),
		change(seoul("S00000003"), func(in *order.Instruction) {
			in.To.Name, in.To.Building, in.To.Postal, in.To.Phone2 = "똠", "\"별\"관, 3층", "01234", ""
			in.Lines[0].SKU = "00123"
		}),
		change(seoul("S00000004"), func(in *order.Instruction) { in.Parcels = 2 }),
		change(seoul("S00000005"), func(in *order.Instruction) { in.DeliverOn, in.TimeBand = "2026-11-26", "pm" }),
		change(seoul("S00000006"), func(in *order.Instruction) { in.Temperature = order.Frozen }),
		change(seoul("S00000007"), func(in *order.Instruction) { in.Payment, in.Collect = "cod", 24000 }),
	}
}

func koreanHeld() []order.Instruction {
	return []order.Instruction{
		change(seoul("S00000011"), func(in *order.Instruction) { in.To.Name = strings.Repeat("가나다라마바사", 10) }),
		change(seoul("S00000012"), func(in *order.Instruction) {
			in.To.Postal, in.To.Phone, in.Lines[0].SKU, in.Lines[0].Name = "4999", "전화 없음", "", ""
		}),
		change(seoul("S00000013"), func(in *order.Instruction) { in.To.Street, in.To.Building = "", "" }),
		seoul("S-" + strings.Repeat("1234567890", 6)),
	}
}
