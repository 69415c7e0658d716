package torture

import (
	"strings"

	"golang.org/x/text/encoding/japanese"
)

// write makes the bytes of a sheet: Mallbridge's own in UTF-8, Rakuten's in
// Shift_JIS with all columns that its download has to have.
func write(account string, orders []*Order) []byte {
	titles, row := handTitles, handRow
	if account == Rakuten {
		titles, row = rakutenTitles, rakutenRow
	}
	var b strings.Builder
	line(&b, titles, nil)
	for _, o := range orders {
		for _, l := range o.Lines {
			line(&b, titles, row(o, l))
		}
	}
	if account != Rakuten {
		return []byte(b.String())
	}
	out, err := japanese.ShiftJIS.NewEncoder().String(b.String())
	if err != nil {
		panic("torture: a name that Shift_JIS lacks in a Rakuten sheet: " + err.Error())
	}
	return []byte(out)
}

// line writes the titles, or the values that stand under them, all quoted.
func line(b *strings.Builder, titles []string, values map[string]string) {
	for i, t := range titles {
		if i > 0 {
			b.WriteByte(',')
		}
		if values != nil {
			t = values[t]
		}
		b.WriteString(`"` + strings.ReplaceAll(t, `"`, `""`) + `"`)
	}
	b.WriteString("\r\n")
}

var handTitles = strings.Fields(`order_number status ordered_at payment to_name to_phone to_postal to_prefecture to_city to_street line item_code item_name quantity price`)

func handRow(o *Order, l Line) map[string]string {
	return map[string]string{
		"order_number": o.Number, "status": o.Status, "ordered_at": "2026-11-01 09:30", "payment": "prepaid", "to_name": o.To.Family + " " + o.To.Given,
		"to_phone": o.To.Phone, "to_postal": o.To.Postal, "to_prefecture": "東京都", "to_city": "千代田区", "to_street": o.To.Street,
		"line": l.Key, "item_code": l.Code, "item_name": "品 " + l.Code, "quantity": l.Quantity, "price": "1000",
	}
}

var rakutenTitles = strings.Fields(`注文番号 ステータス 注文日時 支払方法名 配送方法 楽天確認中フラグ 警告表示タイプ 商品合計金額 送料合計 代引料合計 請求金額 合計金額
	注文者郵便番号1 注文者郵便番号2 注文者住所都道府県 注文者住所郡市区 注文者住所それ以降の住所 注文者姓 注文者名 注文者姓カナ 注文者名カナ
	注文者電話番号1 注文者電話番号2 注文者電話番号3 送付先ID 送付先郵便番号1 送付先郵便番号2 送付先住所都道府県 送付先住所郡市区 送付先住所それ以降の住所
	送付先姓 送付先名 送付先姓カナ 送付先名カナ 送付先電話番号1 送付先電話番号2 送付先電話番号3 商品明細ID 商品名 商品番号 商品管理番号 単価 個数
	項目・選択肢 お届け時間帯 お届け日指定 コメント`)

func rakutenRow(o *Order, l Line) map[string]string {
	phone := strings.Split(o.To.Phone, "-")
	out := map[string]string{
		"注文番号": o.Number, "ステータス": o.Status, "注文日時": "2026-11-01 09:30:00", "支払方法名": "クレジットカード", "配送方法": "宅配便",
		"楽天確認中フラグ": "0", "警告表示タイプ": "0", "商品合計金額": "1000", "送料合計": "0", "代引料合計": "0", "請求金額": "1000", "合計金額": "1000",
		"送付先ID": "1", "商品明細ID": l.Key, "商品名": "品 " + l.Code, "商品番号": l.Code, "商品管理番号": l.Code, "単価": "1000", "個数": l.Quantity,
	}
	for _, who := range []string{"注文者", "送付先"} {
		out[who+"郵便番号1"], out[who+"郵便番号2"] = o.To.Postal[:3], o.To.Postal[3:]
		out[who+"住所都道府県"], out[who+"住所郡市区"], out[who+"住所それ以降の住所"] = "東京都", "千代田区", o.To.Street
		out[who+"姓"], out[who+"名"] = o.To.Family, o.To.Given
		out[who+"姓カナ"], out[who+"名カナ"] = "ミホン", "タロウ"
		for i, p := range phone {
			out[who+"電話番号"+string(rune('1'+i))] = p
		}
	}
	return out
}
