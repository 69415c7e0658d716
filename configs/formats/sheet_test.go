package formats_test

import (
	"slices"
	"time"
)

var (
	sheetHeader = split("order_number | status | ordered_at | payment | delivery | currency | total | postage | fee | discount | buyer_name | buyer_phone | buyer_email | package | to_name | to_kana | to_company | to_phone | to_phone2 | to_country | to_postal | to_prefecture | to_city | to_street | to_building | deliver_on | time_band | ship_by | delivery_note | customs_id | line | item_code | option_code | sku_code | barcode | item_name | option | quantity | price | tax_rate | line_note | note | memo")
	sheetRow    = map[string]any{
		"order_number": "A-0001", "status": "ready", "ordered_at": "2026-11-22 09:30", "payment": "prepaid", "currency": "JPY", "total": "3300", "to_name": "見本 太郎",
		"to_phone": "03-0000-0001", "to_country": "JP", "to_postal": "100-0001", "to_prefecture": "東京都", "to_city": "千代田区", "to_street": "見本町1-1", "to_building": "見本ビル3階",
		"item_code": "SHIRT-01", "item_name": "綿シャツ", "option": "白 M", "quantity": "1", "price": "3300", "sku_code": "000123",
	}
	sheetKorean = map[string]any{
		"주문번호": "K-0001", "주문상태": "ready", "수취인명": "한가온", "수취인전화번호": "010-0000-0101", "수취인국가": "KR", "통화": "KRW", "우편번호": "04999", "주소": "서울특별시 나래구 새솔로 12",
		"상세주소": "101동 202호", "상품코드": "MUG-WH", "상품명": "들꽃 머그컵", "수량": "2", "단가": "12000", "배송메세지": "문 앞",
	}
)

func sheetInputs() []input {
	in := func(name, about, file string, header []string, rows ...map[string]any) input {
		return input{format: "mallbridge-orders", country: "JP", name: name, about: about, file: file, header: header, rows: rows, bare: true}
	}
	japanese := map[string]any{
		"注文番号": "B-0001", "届け先名": "髙﨑 能", "届け先電話番号": "0300000001", "届け先郵便番号": "0600001", "届け先住所": "北海道札幌市中央区表町1", "商品コード": "0012", "商品名": "茶 ①",
		"数量": "3", "お届け希望日": "2026/12/24", "お届け時間帯": "午前中",
	}
	excel := in("excel", "a workbook with dates as dates and numbers as numbers", "input.xlsx", sheetHeader,
		with(sheetRow, "ordered_at", time.Date(2026, 11, 22, 9, 30, 0, 0, time.UTC), "deliver_on", time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC), "quantity", 2, "total", 6600, "price", 3300),
		with(sheetRow, "order_number", "A-0002", "payment", "cod", "total", 3630, "fee", 330))
	cp := in("refused-cp932", "a CSV that Excel saved in Shift_JIS is refused, and the message says so", "input.csv", []string{"注文番号", "届け先名", "届け先郵便番号", "届け先住所", "商品コード", "商品名", "数量"}, japanese)
	cp.charset = cp932
	bom := in("japanese", "titles in Japanese, CSV UTF-8 with a byte order mark as Excel saves it", "input.csv", split("注文番号 | 届け先名 | 届け先電話番号 | 届け先郵便番号 | 届け先住所 | 商品コード | 商品名 | 数量 | お届け希望日 | お届け時間帯"), japanese)
	bom.edit = func(b []byte) []byte { return append([]byte("\xEF\xBB\xBF"), b...) }
	korean := in("korean", "titles in Korean", "input.xlsx", split("주문번호 | 주문상태 | 수취인명 | 수취인전화번호 | 수취인국가 | 통화 | 우편번호 | 주소 | 상세주소 | 상품코드 | 상품명 | 수량 | 단가 | 배송메세지"), sheetKorean)
	korean.country = "KR"
	blank := in("refused-empty", "a file without a byte", "input.csv", nil)
	blank.edit = func([]byte) []byte { return nil }
	return []input{
		in("ordinary", "two orders, one of two lines", "input.csv", sheetHeader, sheetRow,
			with(sheetRow, "item_code", "SHIRT-02", "option", "紺 L", "total", "3300", "sku_code", "000124", "line_note", "ギフト包装,リボン"),
			with(sheetRow, "order_number", "A-0002")),
		bom, excel, cp, blank,
		korean,
		in("recipients", "an order for two recipients without numbers of packages", "input.csv", sheetHeader,
			with(sheetRow, "order_number", "P-1"), with(sheetRow, "order_number", "P-1", "to_name", "例田 花子", "to_street", "例町2-2")),
		in("hard", "several recipients, sets of packages, line breaks and quotes in values, characters outside the basic plane", "input.csv", sheetHeader,
			with(sheetRow, "order_number", "H-1", "package", "1", "note", "一行目\n二行目 \"大\"", "to_name", "𠮷野 髙﨑"),
			with(sheetRow, "order_number", "H-1", "package", "2", "note", "一行目\n二行目 \"大\"", "to_name", "例田 花子", "to_street", "例町2-2"),
			with(sheetRow, "order_number", "H-2", "item_code", `="00123"`, "barcode", "'4900000000017", "option_code", "0012-3"),
			with(sheetRow, "order_number", "H-3", "total", "1,980", "price", "1980", "ordered_at", "2026年11月22日 9:30")),
		in("refused-rows", "rows that cannot be taken", "input.csv", sheetHeader,
			with(sheetRow, "order_number", "R-1", "quantity", "0"),
			with(sheetRow, "order_number", "R-2", "quantity", "-1"),
			with(sheetRow, "order_number", "R-3", "quantity", "1.5"),
			with(sheetRow, "order_number", "R-4", "barcode", "4.9E+12"),
			with(sheetRow, "order_number", "R-5", "item_code", "1月5日"),
			with(sheetRow, "order_number", "R-6", "to_country", "US"),
			with(sheetRow, "order_number", "R-7", "to_street", ""),
			with(sheetRow, "order_number", "R-8", "deliver_on", "2026-02-30"),
			with(sheetRow, "order_number", "R-9")),
		in("refused-doubled-column", "a column that is there twice", "input.csv", append(slices.Clone(sheetHeader), "quantity"), sheetRow),
		in("refused-missing-column", "a sheet without to_postal", "input.csv", without(sheetHeader, "to_postal"), sheetRow),
	}
}

// answerInputs are files that warehouses and carriers give us.
func answerInputs() []input {
	rows := func(header []string, values ...[]string) []map[string]any {
		var out []map[string]any
		for _, v := range values {
			r := map[string]any{}
			for i, h := range header[:len(v)] {
				r[h] = v[i]
			}
			out = append(out, r)
		}
		return out
	}
	in := func(format, name, about string, header []string, values ...[]string) input {
		return input{format: format, name: name, about: about, file: "input.csv", charset: cp932, bare: true, header: header, rows: rows(header, values...)}
	}
	results := split("出荷指示番号 | 配送会社 | 送り状番号 | 出荷日 | 個口数 | 倉庫SKU | 数量 | 取消")
	acks := split("ファイル名 | 出荷指示番号 | 結果 | 理由")
	stock := split("倉庫SKU | 在庫数 | 引当数 | 販売可能数 | 在庫区分 | ロケーション | ロット | 期限 | 在庫日時")
	issued := func(number, slip, day string) []string {
		r := make([]string, 97)
		r[0], r[1], r[2], r[3], r[4], r[15], r[27] = number, "0", "0", slip, day, "髙﨑 表能ソ", "見本, 品"
		return r
	}
	sagawa := func(slip, day, number, parcels, deleted string) []string {
		r := make([]string, 91)
		r[0], r[2], r[18], r[65], r[83], r[13] = slip, day, number, parcels, deleted, "髙﨑　表能ソ"
		return r
	}
	positional := func(format, name, about string, lines ...[]string) input {
		out := input{format: format, name: name, about: about, file: "input.csv", charset: cp932, bare: true}
		out.above = append(out.above, lines...)
		return out
	}
	english := in("warehouse-results", "english", "English titles, UTF-8 with a byte order mark, few columns", []string{"tracking_number", "instruction_number", "shipped_on"},
		[]string{"690000000101", "S00000001", "2026-11-22"})
	english.charset, english.edit = nil, func(b []byte) []byte { return append([]byte("\xEF\xBB\xBF"), b...) }
	b2Header := make([]string, 97)
	b2Header[0], b2Header[1], b2Header[3], b2Header[4] = "お客様管理番号", "送り状種別", "伝票番号", "出荷予定日"
	sagawaHeader := make([]string, 91)
	sagawaHeader[0], sagawaHeader[2], sagawaHeader[18] = "お問い合せ送り状No.", "出荷日", "お客様管理番号"
	return []input{
		in("warehouse-results", "ordinary", "one parcel for each instruction", results,
			[]string{"T00000001", "yamato", "300000000101", "2026/11/22", "1"}, []string{"T00000002", "sagawa", "400000000102", "2026/11/22", "2"}),
		in("warehouse-results", "hard", "hyphens, several numbers in a cell, packed lines, a withdrawn label, decimals", results,
			[]string{"T00000001", "", "3000-0000-0112", "20261122", "1.00", "SKU-能", "2"},
			[]string{"T00000001", "", "3000-0000-0123/300000000134", "2026-11-22 18:00", "", "00123", "1"},
			[]string{"T00000002", "yamato", "300000000145", "2026/11/22", "1", "", "", "1"},
			[]string{"T00000002", "yamato", "300000000156", "2026/11/22", "1", "", "", "0"}),
		in("warehouse-results", "refused-rows", "numbers that Excel rewrote, no number, no key, a word for a date", results,
			[]string{"T00000001", "yamato", "3E+11", "2026/11/22"}, []string{"T00000002", "yamato", "", "2026/11/22"}, []string{"", "yamato", "300000000167", "2026/11/22"},
			[]string{"T00000003", "yamato", "300000000178", "今日"}, []string{"T00000004", "yamato", "300000000189", "2026/11/22", "ひとつ"}, []string{"T00000005", "yamato", "300000000190", "2026/11/22"}),
		in("warehouse-results", "refused-missing-column", "no tracking numbers at all", without(results, "送り状番号"), []string{"T00000001", "yamato", "2026/11/22"}),
		in("warehouse-results", "header-only", "a quiet day is no fault", results),
		english,
		in("warehouse-acks", "ordinary", "taken and refused", acks, []string{"T-20261122-1", "T00000001", "OK", ""}, []string{"T-20261122-1", "T00000002", "NG", "商品コードが登録されていません"}),
		in("warehouse-acks", "hard", "answers to stop requests, full-width letters, a line break in the text", acks,
			[]string{"", "T00000001", "停止済", ""}, []string{"", "T00000002", "停止不可", "出荷済\n一部"}, []string{"T-1", "T00000003", "ＯＫ", "表能ソ髙"}),
		in("warehouse-acks", "refused-rows", "an unknown word, no key", acks, []string{"T-1", "T00000001", "保留", ""}, []string{"T-1", "", "OK", ""}, []string{"T-1", "T00000003", "", ""}, []string{"T-1", "T00000004", "OK", ""}),
		in("warehouse-stock", "ordinary", "one row for each SKU", stock, []string{"SHIRT-01", "120", "20", "100", "良品", "A-01", "", "", "2026/11/22 18:00:00"}, []string{"MUG-WH", "0", "0", "0", "良品"}),
		in("warehouse-stock", "hard", "lots and locations of one SKU, damaged goods left out, zeros in front", stock,
			[]string{"00123", "5", "1", "", "", "A-01", "0601", "2027/03/31", ""}, []string{"00123", "1,000", "", "", "良品", "B-12", "0602"}, []string{"00123", "3", "", "", "不良品"},
			[]string{"SKU-表", "1.00", "0.00", "1.00", "良品"}),
		in("warehouse-stock", "refused-rows", "no SKU, a word for a count, an exponent", stock, []string{"", "1"}, []string{"SHIRT-01", "多数"}, []string{"4.9E+12", "1"}, []string{"SHIRT-02", "1.5"}, []string{"SHIRT-03", ""}, []string{"SHIRT-04", "1"}),
		positional("yamato-b2-issued", "ordinary", "97 columns without a header", issued("T00000001", "300000000101", "2026/11/22"), issued("T00000002", "300000000112", "2026/11/22")),
		positional("yamato-b2-issued", "hard", "with a header, a label made by hand, two labels of one parcel, a label issued again", b2Header, issued("T00000001", "300000000101", "2026/11/22"),
			issued("", "300000000123", "2026/11/22"), issued("T00000001", "300000000134", "2026/11/22"), issued("T00000002", "3000-0000-0145", "20261122"), issued("T00000002", "300000000156", "2026/11/23")),
		positional("yamato-b2-issued", "refused-rows", "no number yet, an exponent, a shorter row, a moved value", issued("T00000001", "", "2026/11/22"), issued("T00000002", "3E+11", "2026/11/22"),
			issued("T00000003", "300000000167", "2026/11/22")[:96], issued("T00000004", "2026/11/22", "300000000178"), issued("T00000005", "300000000189", "2026/11/22")),
		positional("sagawa-ehiden3-result", "ordinary", "91 columns below a header", sagawaHeader, sagawa("400000000101", "2026/11/22", "T00000001", "1", ""), sagawa("400000000112", "20261122", "T00000002", "2", "0")),
		positional("sagawa-ehiden3-result", "hard", "without a header, a withdrawn label, a label made by hand", sagawa("400000000101", "2026/11/22", "T00000001", "1", "1"), sagawa("400000000123", "2026/11/22", "T00000001", "1", ""),
			sagawa("400000000134", "2026/11/22", "", "1", ""), sagawa("4000-0000-0145", "2026-11-22", "T00000002", "", "")),
		positional("sagawa-ehiden3-result", "refused-rows", "the 53 columns of e飛伝II, an exponent, no number, no date", sagawa("4E+11", "2026/11/22", "T00000001", "1", ""), sagawa("", "2026/11/22", "T00000002", "1", ""),
			sagawa("400000000156", "", "T00000003", "1", ""), sagawa("400000000167", "2026/11/22", "T00000004", "1", "")[:53], sagawa("400000000178", "2026/11/22", "T00000005", "1", "")),
	}
}
