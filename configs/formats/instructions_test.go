package formats_test

import (
	"testing"
	"time"

	"github.com/mallbridge/mallbridge/mappers/record"
	"github.com/mallbridge/mallbridge/order"
)

// An output is instructions as the plan makes them, and the settings of the
// warehouse that they are written for.
type output struct {
	format, name string
	about        string
	values       map[string]string
	instructions []order.Instruction
}

// batch is that of every written case.
var batch = record.Batch{Number: "T-20261122-1", Time: time.Date(2026, 11, 22, 14, 30, 0, 0, time.FixedZone("", 9*3600))}

func (o *output) groups(t *testing.T) [][]record.Record {
	t.Helper()
	var out [][]record.Record
	for i := range o.instructions {
		rows := record.FromInstruction(nil, &o.instructions[i], batch, false)
		for name, v := range o.values {
			f, ok := record.Value(name)
			if !ok {
				t.Fatalf("there is no value %s", name)
			}
			for _, r := range rows {
				r[f] = v
			}
		}
		out = append(out, rows)
	}
	return out
}

var (
	shop = order.Party{
		Name: "見本商店", Phone: "03-0000-0000", Country: "JP", Postal: "100-0001", Prefecture: "東京都", City: "千代田区", Street: "見本町1-2-3", Building: "見本ビル2階",
	}
	shopKR = order.Party{Name: "들꽃상점", Phone: "02-000-0000", Country: "KR", Postal: "04999", Prefecture: "서울특별시", City: "나래구", Street: "새솔로 1"}
)

func line(orderNumber, key, sku, name string, quantity, price int64) order.InstructionLine {
	return order.InstructionLine{Account: "shop", Order: orderNumber, Package: "1", Line: key, SKU: sku, Name: name, Quantity: quantity, Price: price, Weight: 350, Ordered: "2026-11-21T09:30:00+09:00"}
}

func ordinary(number string) order.Instruction {
	return order.Instruction{
		Number: number, Warehouse: "tokyo", Account: "shop", From: shop, Service: "takkyubin", Carrier: "yamato", Temperature: order.Normal, ShipOn: "2026-11-24",
		Payment: "prepaid", Currency: "JPY", Parcels: 1,
		To:    order.Party{Name: "見本 花子", Kana: "ミホン ハナコ", Phone: "090-0000-0101", Country: "JP", Postal: "150-0001", Prefecture: "東京都", City: "渋谷区", Street: "見本町4-5-6", Building: "見本ハイツ101"},
		Lines: []order.InstructionLine{line("399001-20261121-0000000001", "1", "SHIRT-01", "綿シャツ 白 M", 1, 3300)},
	}
}

func change(in order.Instruction, f func(*order.Instruction)) order.Instruction {
	in.Lines = append([]order.InstructionLine(nil), in.Lines...)
	f(&in)
	return in
}

func seoul(number string) order.Instruction {
	return order.Instruction{
		Number: number, Warehouse: "seoul", Account: "shop", From: shopKR, Service: "parcel", Carrier: "cj", Temperature: order.Normal, ShipOn: "2026-11-24", Payment: "prepaid", Currency: "KRW", Parcels: 1,
		To:    order.Party{Name: "한가온", Phone: "0502-0000-0101", Phone2: "010-0000-0101", Country: "KR", Postal: "04999", Street: "서울특별시 나래구 새솔로 12", Building: "101동 202호"},
		Note:  "문 앞에 놓아 주세요",
		Lines: []order.InstructionLine{line("24000000000101", "90000000001", "MUG-WH", "들꽃 머그컵 흰색", 1, 12000)},
	}
}

func instructionOutputs() []output {
	b2 := map[string]string{"billing_code": "090000000101", "freight_code": "01"}
	sagawa := map[string]string{"billing_code": "000000000101", "time_windows": "six", "extra.1": "2"}
	lines := change(ordinary("T00000002"), func(in *order.Instruction) {
		in.TimeBand, in.DeliverOn, in.Temperature = "am", "2026-11-26", order.Chilled
		in.Note = "玄関前に、置いてください"
		in.Lines = append(in.Lines, line("399001-20261121-0000000001", "2", "TEA-100", "ほうじ茶 100g", 2, 1080), line("399001-20261121-0000000009", "1", "0012", "マグカップ, 大", 1, 2200),
			order.InstructionLine{Order: "399001-20261121-0000000001", Package: "1", SKU: "LEAFLET-1", Name: "チラシ", Quantity: 1})
	})
	cod := change(ordinary("T00000003"), func(in *order.Instruction) {
		in.Payment, in.Collect, in.CollectTax, in.Temperature, in.TimeBand = "cod", 3630, 330, order.Frozen, "1921"
	})
	trap := change(ordinary("T00000004"), func(in *order.Instruction) {
		in.To.Name, in.To.Company, in.To.Kana = "髙﨑 表能ソ", "㈱見本①商事", "タカサキ ﾋｮｳﾉ"
		in.To.Street, in.To.Building = "十条ソーレ能登表町4-5-6", "見本 \"タワー\"\n1203号"
		in.Lines[0].Name, in.Lines[0].SKU = "表札・ソーラー能面, 予備", "00123"
	})
	long := change(ordinary("T00000005"), func(in *order.Instruction) {
		in.To.Prefecture, in.To.City, in.To.Street = "鹿児島県", "大島郡瀬戸内町", "大字見本字長長長長長長長長長長1234-5678"
		in.To.Building = "見本グランドハイツ東館1203号室"
		in.Parcels = 3
	})
	hangul := change(ordinary("T00000006"), func(in *order.Instruction) { in.To.Name = "한가온" })
	emoji := change(ordinary("T00000007"), func(in *order.Instruction) { in.To.Name, in.Note = "𠮷野 太郎", "ありがとう❤〜" })
	name := change(ordinary("T00000008"), func(in *order.Instruction) {
		in.To.Name = "見本株式会社東日本営業本部第二営業部法人営業課御中担当見本花子見本花子"
	})
	tooFar := change(ordinary("T00000009"), func(in *order.Instruction) {
		in.To.Street = "見本町一丁目二番三号見本町一丁目二番三号見本町一丁目二番三号見本町一丁目二番三号見本町一丁目二番三号見本町一丁目二番三号見本町一丁目二番三号見本町一丁目二番三号見本町一丁目二番三号見本町一丁目二番三号見本町一丁目二番三号"
	})
	empty := change(ordinary("T00000010"), func(in *order.Instruction) {
		in.To.Phone, in.To.Postal, in.ShipOn, in.Lines[0].SKU = "", "1500", "", ""
	})
	windowless := change(ordinary("T00000011"), func(in *order.Instruction) { in.TimeBand = "1214" })
	service := change(ordinary("T00000012"), func(in *order.Instruction) { in.Service = "drone" })
	codFree := change(cod, func(in *order.Instruction) { in.Number, in.Collect = "T00000013", 0 })
	codLarge := change(cod, func(in *order.Instruction) { in.Number, in.Collect = "T00000014", 300001 })
	codSeveral := change(cod, func(in *order.Instruction) { in.Number, in.Parcels = "T00000015", 2 })
	hikyaku := func(list ...order.Instruction) []order.Instruction {
		for i := range list {
			list[i].Carrier = "sagawa"
			if list[i].Service == "takkyubin" {
				list[i].Service = "hikyaku"
			}
		}
		return list
	}
	korean := change(seoul("S00000002"), func(in *order.Instruction) {
		in.To.Name, in.To.Building, in.Note, in.CustomsID, in.Temperature = "똠뷁 펲", "\"별\"관, 3층", "경비실에\n맡겨 주세요", "P000000000001", order.Frozen
		in.DeliverOn, in.TimeBand, in.Payment, in.Collect, in.Parcels = "2026-11-26", "pm", "cod", 24000, 2
		in.Lines = append(in.Lines, line("24000000000101", "90000000002", "00077", "들꽃 머그컵, 파랑", 2, 12000))
	})
	kanji := change(seoul("S00000003"), func(in *order.Instruction) { in.To.Name = "髙橋" })
	zip := change(seoul("S00000004"), func(in *order.Instruction) { in.To.Postal, in.CustomsID = "4999", "P123" })
	stop := func(number, reason string) order.Instruction {
		return change(ordinary(number), func(in *order.Instruction) { in.Note = reason })
	}
	return []output{
		{"warehouse-instructions", "ordinary", "one line", nil, []order.Instruction{ordinary("T00000001")}},
		{"warehouse-instructions", "hard", "several lines of merged orders, cash on delivery, trap characters, a long address", nil, []order.Instruction{lines, cod, trap, long}},
		{"warehouse-instructions", "held", "Hangul, characters outside the charset, a long name, missing values", nil, []order.Instruction{hangul, emoji, name, empty, codFree, ordinary("T00000001")}},
		{"warehouse-instructions-kr", "ordinary", "one line", nil, []order.Instruction{seoul("S00000001")}},
		{"warehouse-instructions-kr", "hard", "several lines, syllables outside KS X 1001, a customs number, cash on delivery", nil, []order.Instruction{korean, seoul("S00000001")}},
		{"warehouse-instructions-kr", "held", "a character outside the charset, a short postal code", nil, []order.Instruction{kanji, zip, seoul("S00000001")}},
		{"yamato-b2", "ordinary", "one parcel", b2, []order.Instruction{ordinary("T00000001")}},
		{"yamato-b2", "hard", "chilled in the morning, cash on delivery frozen, trap characters, an address over both columns", b2, []order.Instruction{lines, cod, trap, long}},
		{"yamato-b2", "services", "every kind of label", b2, []order.Instruction{
			change(ordinary("T1"), func(in *order.Instruction) { in.Service = "nekopos" }),
			change(ordinary("T2"), func(in *order.Instruction) { in.Service, in.From = "yu-mail", order.Party{} }),
			change(ordinary("T3"), func(in *order.Instruction) { in.Service = "compact" }),
			change(cod, func(in *order.Instruction) { in.Number, in.Service, in.Temperature = "T4", "compact", order.Normal }),
			change(ordinary("T5"), func(in *order.Instruction) { in.Service = "A" }),
			change(ordinary("T6"), func(in *order.Instruction) { in.Service = "chakubarai" }),
		}},
		{"yamato-b2", "held", "what B2 would refuse", b2, []order.Instruction{hangul, emoji, name, tooFar, empty, windowless, service, codFree, codLarge, codSeveral, ordinary("T00000001")}},
		{"yamato-b2", "held-settings", "a warehouse without billing code and freight code", nil, []order.Instruction{ordinary("T00000001")}},
		{"sagawa-ehiden3", "ordinary", "one parcel", sagawa, hikyaku(ordinary("T00000001"))},
		{"sagawa-ehiden3", "hard", "chilled in the morning, cash on delivery frozen, trap characters, an address over three columns", sagawa, hikyaku(lines, cod, trap, long)},
		{"sagawa-ehiden3", "five-windows", "the other table of time bands", map[string]string{"time_windows": "five", "extra.1": "1"}, hikyaku(
			change(ordinary("T1"), func(in *order.Instruction) { in.TimeBand = "1821" }),
			change(ordinary("T2"), func(in *order.Instruction) { in.TimeBand, in.DeliverOn = "am", "2026-11-26" }),
			change(ordinary("T3"), func(in *order.Instruction) { in.TimeBand = "1820" }),
		)},
		{"sagawa-ehiden3", "held", "what e飛伝 would refuse", map[string]string{}, hikyaku(hangul, name, tooFar, empty, lines, cod,
			change(ordinary("T00000000000000016"), func(*order.Instruction) {}), change(service, func(*order.Instruction) {}), ordinary("T00000001"))},
		{"warehouse-stops", "ordinary", "one request", nil, []order.Instruction{stop("T00000001", "お客様都合のキャンセル")}},
		{"warehouse-stops", "hard", "two requests, trap characters, a line break", nil, []order.Instruction{stop("T00000002", "表示ミス\n能・ソ"), stop("T00000003", "")}},
		{"warehouse-stops", "held", "a reason in Hangul", nil, []order.Instruction{stop("T00000004", "고객 요청"), stop("", "番号なし")}},
	}
}
