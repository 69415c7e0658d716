package formats_test

import (
	"slices"
	"time"
)

// Order sheets of order systems. Full headers are those of the public layouts.
var (
	nextEngine73 = split("伝票番号 | 受注番号 | 受注日 | 出荷確定日 | 取込日 | 入金日 | 配達希望日 | 出荷予定日 | 納品書印刷指示日 | キャンセル日 | キャンセル区分 | 入金額 | 発送伝票番号 | 店舗名 | 店舗コード | 発送方法 | 配送方法コード | 支払方法 | 支払方法コード | 総合計 | 商品計 | 税金 | 発送代 | 手数料 | 他費用 | ポイント数 | 受注状態 | 受注担当者 | 受注分類タグ | 確認チェック | 作業用欄 | 発送伝票備考欄 | ピッキング指示 | 納品書特記事項 | 備考 | 配送時間帯 | 購入者名 | 購入者カナ | 購入者電話番号 | 購入者郵便番号 | 購入者住所1 | 購入者住所2 | 購入者（住所1+住所2） | 購入者メールアドレス | 顧客cd | 顧客区分 | 送り先名 | 送り先カナ | 送り先電話番号 | 送り先郵便番号 | 送り先住所1 | 送り先住所2 | 送り先（住所1+住所2） | ギフト | 入金状況 | 名義人 | 承認状況 | 承認額 | 納品書発行日 | 重要チェック | 重要チェック者 | 明細行 | 明細行キャンセル | 商品コード（伝票） | 商品名（伝票） | 商品オプション | 受注数 | 引当数 | 引当日 | 売単価 | 小計 | 元単価 | 掛率")
	nextEngine63 = split("店舗名 | 伝票番号 | 受注番号 | 受注日 | 取込日 | 受注状態 | 発送方法 | 支払方法 | 合計金額 | 税金 | 手数料 | 送料 | その他 | ポイント | 承認金額 | 備考 | 入金金額 | 入金区分 | 入金日 | 納品書印刷指示日 | 納品書発行日 | 納品書備考 | 出荷日 | 出荷予定日 | 作業者欄 | ピック指示内容 | ラベル発行日 | 配送日 | 配送時間帯 | 配送伝票番号 | クレジット区分 | 名義人 | 有効期限 | 承認番号 | 承認区分 | 承認日 | 購入者名 | 購入者カナ | 購入者郵便番号 | 購入者住所1 | 購入者住所2 | 購入者電話番号 | 購入者ＦＡＸ | 購入者メールアドレス | 発送先名 | 発送先カナ | 発送先郵便番号 | 発送先住所1 | 発送先住所2 | 発送先電話番号 | 発送先ＦＡＸ | 配送備考 | 商品コード | 商品名 | 受注数 | 商品単価 | 掛率 | 小計 | 商品オプション | キャンセル | 引当数 | 引当日 | 消費税率")
	nextEngine37 = split("店舗伝票番号 | 受注日 | 受注郵便番号 | 受注住所１ | 受注住所２ | 受注名 | 受注名カナ | 受注電話番号 | 受注メールアドレス | 発送郵便番号 | 発送先住所１ | 発送先住所２ | 発送先名 | 発送先カナ | 発送電話番号 | 支払方法 | 発送方法 | 商品計 | 税金 | 発送料 | 手数料 | ポイント | その他費用 | 合計金額 | ギフトフラグ | 時間帯指定 | 日付指定 | 作業者欄 | 備考 | 商品名 | 商品コード | 商品価格 | 受注数量 | 商品オプション | 出荷済フラグ | 顧客区分 | 顧客コード")
	tempostar50  = split("ショップ受注番号 | 受注日時 | 注文者名 | 注文者名カナ | 注文者郵便番号 | 注文者住所 | 注文者電話番号 | 注文者FAX番号 | 注文者メールアドレス | 支払方法名 | 支払回数名 | デバイスタイプ | ポイント | クーポン | 商品計税抜 | 消費税計 | 商品計税込 | 配送料計 | 決済手数料計 | 請求金額 | 入金日付 | 受注備考 | 社内備考 | 倉庫指示 | 配送先名 | 配送先名カナ | 配送先郵便番号 | 配送先住所 | 配送先電話番号 | 配送先FAX番号 | 配送方法名 | 配送時間名 | 配送毎配送料 | 配送毎決済手数料 | 配送毎ポイント | 配送毎クーポン | 配送毎請求金額 | ギフトフラグ | 出荷日 | 配送日 | 荷物番号 | 配送毎連絡 | 商品コード | 商品名 | 項目選択肢 | 数量 | 税抜単価 | 単品消費税 | 税込単価 | 商品連絡")
	goq19        = split("注文日時 | 配送方法(複数配送先) | チェック項目 | 販売店舗 | GoQ管理番号 | お荷物伝票番号 | 送付先郵便番号 | 送付先住所（全て） | 送付先氏名 | 商品名 | 個数 | JANコード | 合計金額 | 受注番号 | 注文者氏名 | 商品コード | SKU管理番号 | 商品URL | 商品SKU")

	sabangnetSupplier = split("상품명 | 수량 | 주문인 | 받는인 | 주문인연락처 | 주문인핸드폰 | 받는인연락처 | 받는인핸드폰 | 우편번호 | 배송지 | 전언 | 사이트 | 제조사 | 택배사 | 송장번호 | 쇼핑몰주문번호 | 옵션 | F | 결제금액 | 상품약어 | 품번코드 | 자체상품코드")
	sabangnet26       = split("수취인명 | 사이트 | 금액 | 주문번호 | 제품명 | 수량 | 전화번호1 | 전화번호2 | 수취인주소 | 우편번호 | 선/착불 | 상품번호 | 배송메세지 | 정산예정금액 | 서비스이용료 | 장바구니번호 | 운송장번호 | 운임비타입 | 판매자관리코드 | 금액[배송미포함] | 배송비 | 사방넷품번코드 | 사방넷주문번호 | 수집상품명 | 수집옵션 | 옵션별칭")
	ezadminColumns    = split("관리번호 | 판매처 | 주문번호 | 상태 | CS | 주문일 | 주문시간 | 발주일 | 상품코드 | 바코드 | 상품명 | 옵션명 | 판매처 상품명 | 판매처 옵션 | 주문수량 | 상품수량 | 주문자이름 | 주문자전화 | 주문자휴대폰 | 수령자이름 | 수령자전화 | 수령자휴대폰 | 수령자우편번호 | 수령자주소 | 배송메모 | 송장입력일 | 송장번호 | 택배사 | 배송 보류")
	playauto2         = split("주문자명 | 수령자명 | 수령자휴대폰번호 | 수령자전화번호 | 주소 | 배송메세지 | 주문수량 | 온라인상품명 | 쇼핑몰주문번호 | 운송장번호 | 쇼핑몰 | 금액 | 할인금액 | 주문일 | 결제완료일 | 묶음번호")
	playauto37        = split("쇼핑몰주문번호 | 주문자명 | 주문자ID | 주문자휴대폰번호 | 주문자전화번호 | 수령자명 | 수령자영문명 | 수령자휴대폰번호 | 수령자전화번호 | 우편번호 | 주소 | 배송메세지 | 쇼핑몰 상품코드 | 판매자 관리코드 | 온라인 상품명 | 옵션명 | 주문수량 | SKU코드(세트코드) | 건별출고수량 | 배송처 코드 | 금액 | 공급가 | 원가 | 실결제금액 | 할인금액 | 추가구매 옵션명 | 추가구매 SKU코드(세트코드) | 추가구매 건별출고수량 | 추가구매 주문수량 | 배송방법 | 배송비 | 사은품 | 개인통관번호 | 주문일 | 결제완료일 | 국가코드 | 결제통화")
	playautoEMP       = split("DB번호 | 사이트 | ID | 사용자 | 수집일 | 주문일 | 결제일 | 송장전송일 | 상태변경일 | 배송예정일 | 상태 | 주문번호 | 상품코드 | 상품명 | 옵션명 | 옵션가 | 추가옵션 | 추가옵션가 | 원가 | 공급가 | 판매가 | 수량 | 배송방법 | 배송비 | 주문자아이디 | 주문자 | 주문자전화번호 | 주문자핸드폰 | 주문자이메일 | 수령자 | 수령자영문이름 | 수령자전화번호 | 수령자핸드폰 | 수령자우편번호 | 수령자주소 | 배송메세지 | 배송사 | 송장번호 | 마스터상품코드 | 판매자상품코드")
)

func orderSystemInputs() []input {
	return slices.Concat(nextEngineOrderInputs(), nextEngineSlipInputs(), nextEngineGenericInputs(), tempostarInputs(), goqInputs(),
		sabangnetInputs(), ezadminInputs(), playautoInputs(), playautoEMPInputs())
}

// renamed returns the titles with others in place of some: old, new, old, new …
func renamed(list []string, pairs ...string) []string {
	out := slices.Clone(list)
	for i := 0; i < len(pairs); i += 2 {
		out[slices.Index(out, pairs[i])] = pairs[i+1]
	}
	return out
}

// japaneseSheet is a CSV in Shift_JIS.
func japaneseSheet(format, name, about string, bare bool, header []string, rows ...map[string]any) input {
	return input{format: format, name: name, about: about, file: "input.csv", charset: cp932, bare: bare, header: header, rows: rows}
}

func nextEngineOrderInputs() []input {
	const f = "next-engine-orders"
	row := map[string]any{
		"伝票番号": "68263", "受注番号": "300001-20261122-0000000101", "受注日": "2026/11/22 09:30:00", "取込日": "2026/11/22 09:40:00", "配達希望日": "2026/11/26", "出荷予定日": "2026/11/24",
		"キャンセル区分": "0", "店舗名": "楽天見本店", "店舗コード": "1", "発送方法": "ヤマト(発払い)B2v6", "配送方法コード": "20", "支払方法": "クレジットカード", "総合計": "2800", "商品計": "2200", "税金": "0", "発送代": "600", "手数料": "0",
		"他費用": "0", "ポイント数": "0", "受注状態": "納品書印刷待ち", "作業用欄": "同梱チラシ", "発送伝票備考欄": "割れ物注意", "備考": "早めにお願いします", "配送時間帯": "午前中", "購入者名": "見本 太郎", "購入者カナ": "ミホン タロウ",
		"購入者電話番号": "0300000101", "購入者郵便番号": "1000001", "購入者住所1": "東京都千代田区見本町1-2-3", "購入者住所2": "見本ハイツ101", "購入者メールアドレス": "taro@example.com",
		"送り先名": "例田 花子", "送り先カナ": "レイダ ハナコ", "送り先電話番号": "0300000102", "送り先郵便番号": "5300001", "送り先住所1": "大阪府大阪市北区見本町4-5", "送り先住所2": "例ビル3F", "送り先（住所1+住所2）": "大阪府大阪市北区見本町4-5例ビル3F",
		"ギフト": "0", "明細行": "1", "明細行キャンセル": "0", "商品コード（伝票）": "tee-w-m", "商品名（伝票）": "綿シャツ 白 M", "商品オプション": "カラー:白", "受注数": "1", "引当数": "1", "売単価": "1100", "小計": "1100",
	}
	second := with(row, "明細行", "2", "商品コード（伝票）", "mug-red", "商品名（伝票）", "マグカップ 赤", "商品オプション", "", "ピッキング指示", "箱に入れる")
	return []input{
		japaneseSheet(f, "ordinary", "a slip of two lines, one that was shipped, one whose mall is another", false, nextEngine73, row, second,
			with(row, "伝票番号", "68200", "受注番号", "300001-20261121-0000000100", "受注状態", "出荷確定済（完了）", "出荷確定日", "2026/11/23", "発送伝票番号", "4900-0000-0001"),
			with(row, "伝票番号", "68264", "受注番号", "yahoo-10000201", "店舗名", "Yahoo見本店", "支払方法", "代金引換", "総合計", "3,130", "手数料", "330")),
		japaneseSheet(f, "columns-few", "a list with few columns in another order, the address in one", false,
			split("受注番号 | 伝票番号 | 受注状態 | 明細行 | 商品コード（伝票） | 受注数 | 送り先名 | 送り先郵便番号 | 送り先（住所1+住所2） | 送り先電話番号 | 支払方法"), row),
		japaneseSheet(f, "hard", "an order split into two slips, a cancelled line, a cancelled slip, a gift, line breaks, a postal code that lost its zero, characters of Shift_JIS beyond JIS", false, nextEngine73,
			with(row, "伝票番号", "68301", "ギフト", "1", "送り先郵便番号", "600001", "送り先名", "髙﨑 ①", "備考", "一行目\n\"二行目\""),
			with(second, "伝票番号", "68301", "ギフト", "1", "送り先郵便番号", "600001", "送り先名", "髙﨑 ①", "備考", "一行目\n\"二行目\"", "明細行キャンセル", "1"),
			with(second, "伝票番号", "68302", "受注状態", "納品書印刷済"),
			with(row, "伝票番号", "68303", "キャンセル区分", "2", "キャンセル日", "2026/11/23", "明細行キャンセル", "1"),
			with(row, "伝票番号", "68304", "明細行キャンセル", "9"),
			with(row, "伝票番号", "68305", "商品コード（伝票）", "00123", "受注状態", "起票済(CSV/手入力)")),
		japaneseSheet(f, "refused-rows", "what Excel damaged, quantities, missing values, a slip whose rows disagree", false, nextEngine73,
			with(row, "伝票番号", "6.8E+04"),
			with(row, "伝票番号", "68402", "受注数", "0"),
			with(row, "伝票番号", "68403", "送り先電話番号", "300000102"),
			with(row, "伝票番号", "68404", "送り先名", ""),
			with(row, "伝票番号", "68405", "受注状態", ""),
			with(row, "伝票番号", "68406", "送り先住所1", "", "送り先（住所1+住所2）", ""),
			with(row, "伝票番号", "68407", "商品コード（伝票）", "4.9E+12"),
			with(row, "伝票番号", "68408"), with(second, "伝票番号", "68408", "送り先名", "別人"),
			with(row, "伝票番号", "68409"), with(second, "伝票番号", "68409", "明細行", ""),
			with(row, "伝票番号", "68410")),
		japaneseSheet(f, "refused-missing-column", "a list without 明細行 is refused", false, without(nextEngine73, "明細行"), row),
		japaneseSheet(f, "refused-tracking", "the file of tracking numbers is no list of orders", false, split("伝票番号 | 配送番号"), map[string]any{"伝票番号": "68263", "配送番号": "490000000001"}),
	}
}

func nextEngineSlipInputs() []input {
	const f = "next-engine-slip-orders"
	row := map[string]any{
		"店舗名": "楽天見本店", "伝票番号": "68265", "受注番号": "300001-20261122-0000000105", "受注日": "2026/11/22 09:30:00", "受注状態": "納品書印刷待ち", "発送方法": "ヤマト(発払い)B2v6", "支払方法": "クレジットカード",
		"合計金額": "2800", "手数料": "0", "送料": "600", "備考": "早めにお願いします", "出荷予定日": "2026/11/24", "作業者欄": "同梱チラシ", "配送日": "2026/11/26", "配送時間帯": "午前中", "購入者名": "見本 太郎", "購入者カナ": "ミホン タロウ",
		"購入者郵便番号": "1000001", "購入者住所1": "東京都千代田区見本町1-2-3", "購入者住所2": "見本ハイツ101", "購入者電話番号": "0300000101", "購入者メールアドレス": "taro@example.com", "発送先名": "例田 花子", "発送先カナ": "レイダ ハナコ",
		"発送先郵便番号": "5300001", "発送先住所1": "大阪府大阪市北区見本町4-5", "発送先住所2": "例ビル3F", "発送先電話番号": "0300000102", "配送備考": "割れ物注意", "商品コード": "tee-w-m", "商品名": "綿シャツ 白 M", "受注数": "1",
		"商品単価": "1100", "小計": "1100", "商品オプション": "カラー:白", "キャンセル": "0", "引当数": "1",
	}
	second := with(row, "商品コード", "mug-red", "商品名", "マグカップ 赤", "商品オプション", "", "ピック指示内容", "箱に入れる")
	return []input{
		japaneseSheet(f, "ordinary", "63 columns: a slip of two items and one alone", false, nextEngine63, row, second,
			with(row, "伝票番号", "68266", "受注番号", "yahoo-10000201", "支払方法", "代金引換", "合計金額", "3130", "手数料", "330")),
		japaneseSheet(f, "hard", "a cancelled item, titles in other widths, a postal code that lost its zero, a slip already printed", false,
			renamed(nextEngine63, "発送先住所2", "発送先住所２", "購入者ＦＡＸ", "購入者FAX"),
			with(row, "発送先郵便番号", "600001", "発送先住所２", "例ビル3F", "発送先名", "髙﨑 ①"),
			with(second, "発送先郵便番号", "600001", "発送先住所２", "例ビル3F", "発送先名", "髙﨑 ①", "キャンセル", "1"),
			with(row, "伝票番号", "68302", "受注状態", "納品書印刷済", "キャンセル", "9")),
		japaneseSheet(f, "refused-rows", "quantities, missing values, a phone that lost its zero", false, nextEngine63,
			with(row, "伝票番号", "68402", "受注数", "0"),
			with(row, "伝票番号", "68403", "発送先電話番号", "300000102"),
			with(row, "伝票番号", "68404", "発送先名", ""),
			with(row, "伝票番号", "68405", "受注状態", ""),
			with(row, "伝票番号", "68406"), with(second, "伝票番号", "68406", "商品コード", ""),
			with(row, "伝票番号", "68407")),
	}
}

func nextEngineGenericInputs() []input {
	const f = "next-engine-generic-orders"
	row := map[string]any{
		"店舗伝票番号": "C-1001", "受注日": "2026/11/22 09:30:00", "受注郵便番号": "100-0001", "受注住所１": "東京都千代田区見本町1-2-3", "受注住所２": "見本ハイツ101", "受注名": "見本 太郎", "受注名カナ": "ミホン タロウ", "受注電話番号": "03-0000-0101",
		"受注メールアドレス": "taro@example.com", "発送郵便番号": "530-0001", "発送先住所１": "大阪府大阪市北区見本町4-5", "発送先住所２": "例ビル3F", "発送先名": "例田 花子", "発送先カナ": "レイダ ハナコ", "発送電話番号": "03-0000-0102",
		"支払方法": "クレジットカード", "発送方法": "宅配便", "商品計": "2200", "税金": "0", "発送料": "600", "手数料": "0", "ポイント": "0", "その他費用": "0", "合計金額": "2800", "ギフトフラグ": "0", "時間帯指定": "午前中", "日付指定": "2026/11/26",
		"備考": "早めにお願いします", "商品名": "綿シャツ 白 M", "商品コード": "tee-w-m", "商品価格": "1100", "受注数量": "1", "商品オプション": "カラー:白", "出荷済フラグ": "0", "顧客区分": "0",
	}
	second := with(row, "商品名", "マグカップ 赤", "商品コード", "mug-red", "商品オプション", "")
	return []input{
		japaneseSheet(f, "ordinary", "37 columns: an order of two items, and one that is shipped already", true, nextEngine37, row, second, with(row, "店舗伝票番号", "C-1000", "出荷済フラグ", "1")),
		japaneseSheet(f, "columns-39", "with ピッキング指示内容 and 出荷予定日, titles in half width, unused columns left out", true,
			append(renamed(without(nextEngine37, "税金", "ポイント", "その他費用", "顧客区分", "顧客コード"), "受注住所１", "受注住所1", "受注住所２", "受注住所2"), "ピッキング指示内容", "出荷予定日"),
			with(row, "受注住所1", "東京都千代田区見本町1-2-3", "ピッキング指示内容", "箱に入れる", "出荷予定日", "2026/11/24")),
		japaneseSheet(f, "hard", "the time in the note, a gift, cash on delivery, a reduced tax rate, line breaks, a postal code that lost its zero", true, append(slices.Clone(nextEngine37), "消費税率（%）"),
			with(row, "店舗伝票番号", "C-1002", "時間帯指定", "", "備考", "時間帯指定[18-20時]\n割れ物です", "ギフトフラグ", "1", "消費税率（%）", "8"),
			with(row, "店舗伝票番号", "C-1003", "支払方法", "代金引換", "手数料", "330", "合計金額", "3,130", "発送郵便番号", "600001", "発送先名", "髙﨑 ①", "商品コード", "00123")),
		japaneseSheet(f, "refused-rows", "quantities, missing values, a phone that lost its zero, what Excel damaged", true, nextEngine37,
			with(row, "店舗伝票番号", "C-1011", "受注数量", "0"),
			with(row, "店舗伝票番号", "C-1012", "発送電話番号", "300000102"),
			with(row, "店舗伝票番号", "C-1013", "発送先名", ""),
			with(row, "店舗伝票番号", "2.0E+09"),
			with(row, "店舗伝票番号", "C-1015"), with(second, "店舗伝票番号", "C-1015", "商品コード", "1月5日"),
			with(row, "店舗伝票番号", "C-1016")),
	}
}

func tempostarInputs() []input {
	const f = "tempostar-orders"
	row := map[string]any{
		"ショップ受注番号": "101-300001", "受注日時": "2026/11/22 09:30", "注文者名": "見本 太郎", "注文者名カナ": "ミホン タロウ", "注文者郵便番号": "100-0001", "注文者住所": "東京都千代田区見本町1-2-3 見本ハイツ101", "注文者電話番号": "03-0000-0101",
		"注文者メールアドレス": "taro@example.com", "支払方法名": "クレジットカード", "支払回数名": "", "デバイスタイプ": "P", "ポイント": "0", "クーポン": "0", "商品計税込": "2200", "配送料計": "600", "決済手数料計": "0", "請求金額": "2800", "入金日付": "2026/11/22",
		"受注備考": "早めにお願いします", "社内備考": "常連", "倉庫指示": "箱に入れる", "配送先名": "例田 花子", "配送先名カナ": "レイダ ハナコ", "配送先郵便番号": "530-0001", "配送先住所": "大阪府大阪市北区見本町4-5 例ビル3F", "配送先電話番号": "03-0000-0102",
		"配送方法名": "宅配便", "配送時間名": "午前中", "ギフトフラグ": "0", "配送日": "2026/11/26", "荷物番号": "", "配送毎連絡": "割れ物注意", "商品コード": "tee-w-m", "商品名": "綿シャツ 白 M", "項目選択肢": "カラー:白", "数量": "1", "税込単価": "1100",
	}
	second := with(row, "商品コード", "mug-red", "商品名", "マグカップ 赤", "項目選択肢", "", "商品連絡", "箱入り")
	other := with(second, "配送先名", "見本 次郎", "配送先郵便番号", "060-0001", "配送先住所", "北海道札幌市中央区例町6-7", "配送先電話番号", "011-000-0103", "配送時間名", "指定無し", "配送日", "")
	return []input{
		japaneseSheet(f, "ordinary", "50 columns: an order of two items, and one that is shipped already", false, tempostar50, row, second, with(row, "ショップ受注番号", "101-300000", "荷物番号", "490000000001")),
		japaneseSheet(f, "hard", "two recipients, cash on delivery, a gift, line breaks, a postal code that lost its zero", false, tempostar50,
			row, other,
			with(row, "ショップ受注番号", "101-300002", "支払方法名", "代金引換", "決済手数料計", "330", "請求金額", "3,130", "ギフトフラグ", "1", "受注備考", "一行目\n\"二行目\"", "配送先郵便番号", "600001", "配送先名", "髙﨑 ①", "商品コード", "00123")),
		japaneseSheet(f, "refused-rows", "quantities, missing values, a phone that lost its zero", false, tempostar50,
			with(row, "ショップ受注番号", "101-300011", "数量", "0"),
			with(row, "ショップ受注番号", "101-300012", "配送先電話番号", "300000102"),
			with(row, "ショップ受注番号", "101-300013", "配送先名", ""),
			with(row, "ショップ受注番号", ""),
			with(row, "ショップ受注番号", "101-300015"), with(second, "ショップ受注番号", "101-300015", "商品コード", ""),
			with(row, "ショップ受注番号", "101-300016"), with(second, "ショップ受注番号", "101-300016", "請求金額", "9999"),
			with(row, "ショップ受注番号", "101-300017")),
	}
}

func goqInputs() []input {
	const f = "goq-orders"
	row := map[string]any{
		"注文日時": "2026/11/22 09:30:00", "配送方法(複数配送先)": "宅配便", "販売店舗": "楽天見本店", "GoQ管理番号": "0000-001", "お荷物伝票番号": "", "送付先郵便番号": "530-0001", "送付先住所（全て）": "大阪府大阪市北区見本町4-5 例ビル3F", "送付先氏名": "例田 花子",
		"商品名": "綿シャツ 白 M", "個数": "1", "JANコード": "4900000000017", "合計金額": "2800", "受注番号": "300001-20261122-0000000101", "注文者氏名": "見本 太郎", "商品コード": "tee", "SKU管理番号": "w-m", "商品URL": "https://example.com/tee", "商品SKU": "tee-w-m",
	}
	second := with(row, "商品名", "マグカップ 赤", "JANコード", "", "商品コード", "mug", "SKU管理番号", "red", "商品SKU", "mug-red")
	more := append(slices.Clone(goq19), "項目・選択肢", "備考", "受注ステータス", "ひとことメモ")
	return []input{
		japaneseSheet(f, "ordinary", "the nineteen known columns: an order of two items, and one that is shipped already", false, goq19, row, second, with(row, "GoQ管理番号", "0000-000", "お荷物伝票番号", "4900-0000-0001")),
		japaneseSheet(f, "hard", "further columns, a status of the shop's own, two recipients, line breaks, a postal code that lost its zero", false, more,
			with(row, "受注ステータス", "出荷待ち", "ひとことメモ", "常連", "備考", "一行目\n二行目", "項目・選択肢", "名入れ=みほん"),
			with(second, "受注ステータス", "出荷待ち", "ひとことメモ", "常連", "備考", "一行目\n二行目", "送付先氏名", "髙﨑 ①", "送付先郵便番号", "600001", "送付先住所（全て）", "北海道札幌市中央区例町6-7"),
			with(row, "GoQ管理番号", "0000-002", "受注ステータス", "名入れ確認中", "商品コード", "00123")),
		japaneseSheet(f, "refused-rows", "quantities, missing values, what Excel damaged", false, goq19,
			with(row, "GoQ管理番号", "0000-011", "個数", "0"),
			with(row, "GoQ管理番号", "0000-012", "送付先氏名", ""),
			with(row, "GoQ管理番号", "0000-013", "JANコード", "4.9E+12"),
			with(row, "GoQ管理番号", ""),
			with(row, "GoQ管理番号", "0000-015"), with(second, "GoQ管理番号", "0000-015", "個数", "一"),
			with(row, "GoQ管理番号", "0000-016")),
		japaneseSheet(f, "refused-missing-column", "a list without the address is refused", false, without(goq19, "送付先住所（全て）"), row),
	}
}

// koreanSheet is a workbook.
func koreanSheet(format, name, about string, header []string, rows ...map[string]any) input {
	return input{format: format, name: name, about: about, file: "input.xlsx", header: header, rows: rows}
}

func sabangnetInputs() []input {
	const f = "sabangnet-orders"
	row := map[string]any{
		"상품명": "들꽃 면 손수건", "수량": "3", "주문인": "한가람", "받는인": "윤새별", "주문인연락처": "02-000-0111", "주문인핸드폰": "010-0000-0111", "받는인연락처": "051-000-0112", "받는인핸드폰": "010-0000-0112", "우편번호": "49999",
		"배송지": "부산광역시 가람구 물결로 56 7동 1203호", "전언": "문 앞에 놓아 주세요", "사이트": "스마트스토어", "쇼핑몰주문번호": "2026071500000010", "옵션": "색상: 파랑", "결제금액": "14700", "상품약어": "손수건", "품번코드": "100231", "자체상품코드": "HK-BL-01",
	}
	second := with(row, "상품명", "선물 상자", "옵션", "크기: 중", "수량", "1", "품번코드", "100232", "자체상품코드", "BX-M")
	hanjin := map[string]any{
		"수취인명": "윤새별", "사이트": "11번가", "금액": "13500", "주문번호": "20260715000000011", "제품명": "들꽃 면 손수건", "수량": "3", "전화번호1": "051-000-0112", "전화번호2": "010-0000-0112", "수취인주소": "부산광역시 가람구 물결로 56 7동 1203호", "우편번호": "49999",
		"선/착불": "선불", "상품번호": "5000000001", "배송메세지": "문 앞에 놓아 주세요", "장바구니번호": "90000001", "판매자관리코드": "HK-01", "사방넷품번코드": "100231", "사방넷주문번호": "700000011", "수집상품명": "들꽃 손수건", "수집옵션": "색상:파랑", "옵션별칭": "HK-BL-01",
	}
	bad := koreanSheet(f, "refused-rows", "numbers that lost digits, quantities, missing values", sabangnet26,
		with(hanjin, "주문번호", int64(20260715000000011)),
		with(hanjin, "주문번호", "20260715000000012", "수량", 0),
		with(hanjin, "주문번호", "20260715000000013", "수취인명", ""),
		with(hanjin, "주문번호", "20260715000000014", "우편번호", "부산"),
		with(hanjin, "주문번호", "20260715000000015", "사방넷주문번호", "7.0E+08"),
		with(hanjin, "주문번호", "20260715000000016"), with(hanjin, "주문번호", "20260715000000016", "사방넷주문번호", "700000017", "수취인주소", ""),
		with(hanjin, "주문번호", "20260715000000017"))
	web := koreanSheet(f, "html", "a table in HTML under the name .xls, EUC-KR", sabangnetSupplier, row, second)
	web.file, web.html, web.charset = "input.xls", true, cp949
	return []input{
		koreanSheet(f, "ordinary", "the sheet for suppliers: an order of two lines, and one that is shipped already", sabangnetSupplier, row, second, with(row, "쇼핑몰주문번호", "2026071500000000", "송장번호", "690000000101")),
		koreanSheet(f, "columns-26", "the sheet for Hanjin, lines by Sabangnet's number", sabangnet26, hanjin, with(hanjin, "사방넷주문번호", "700000012", "제품명", "선물 상자", "수집옵션", "", "옵션별칭", "BX-M", "수량", "1")),
		koreanSheet(f, "hard", "numbers for text, one order to two recipients, line breaks, a phone of the house only", sabangnetSupplier,
			with(row, "수량", 2, "우편번호", 4999, "받는인핸드폰", 1012345678, "받는인연락처", "", "전언", "경비실에\n맡겨 주세요 펲", "자체상품코드", "00123"),
			with(second, "수량", 1, "받는인", "강보람", "받는인핸드폰", "", "배송지", "서울특별시 나래구 새솔로 12 101동 202호", "우편번호", "04999")),
		web, bad,
	}
}

func ezadminInputs() []input {
	const f = "ezadmin-orders"
	row := map[string]any{
		"관리번호": "300123", "판매처": "스마트스토어", "주문번호": "2026071500000010", "상태": "접수", "CS": "정상", "주문일": "2026-07-15", "주문시간": "09:00:12", "발주일": "2026-07-15", "상품코드": "00501", "바코드": "8800000000013", "상품명": "손수건 파랑", "옵션명": "파랑",
		"판매처 상품명": "들꽃 면 손수건", "판매처 옵션": "색상: 파랑", "주문수량": "1", "상품수량": "3", "주문자이름": "한가람", "주문자전화": "02-000-0111", "주문자휴대폰": "010-0000-0111", "수령자이름": "윤새별", "수령자전화": "051-000-0112", "수령자휴대폰": "010-0000-0112",
		"수령자우편번호": "49999", "수령자주소": "부산광역시 가람구 물결로 56 7동 1203호", "배송메모": "문 앞에 놓아 주세요", "배송 보류": "",
	}
	second := with(row, "상품코드", "00777", "바코드", "", "상품명", "선물 상자", "옵션명", "", "상품수량", "1")
	web := func(name, about string, header []string, rows ...map[string]any) input {
		in := koreanSheet(f, name, about, header, rows...)
		in.file, in.html = "input.xls", true
		return in
	}
	old := web("html-euc-kr", "an HTML table in EUC-KR", ezadminColumns, row)
	old.charset = cp949
	excel := koreanSheet(f, "hard", "saved again as a workbook: numbers for text, dates as dates, a cancel, a hold, a label already made, a house phone only", ezadminColumns,
		with(row, "수령자우편번호", 4999, "수령자휴대폰", 1012345678, "상품수량", 2, "주문일", time.Date(2026, 7, 15, 0, 0, 0, 0, time.UTC), "배송메모", "경비실에\n맡겨 주세요 펲"),
		with(row, "관리번호", "300130", "주문번호", "2026071500000020", "CS", "배송전 전체취소"),
		with(row, "관리번호", "300131", "주문번호", "2026071500000030", "배송 보류", "일반보류"),
		with(row, "관리번호", "300132", "주문번호", "2026071500000040", "상태", "송장", "송장번호", "690000000101"),
		with(row, "관리번호", "300133", "주문번호", "2026071500000050", "수령자휴대폰", "", "주문시간", ""))
	sheet := web("excel-2003", "a sheet in the XML of Excel 2003 under the name .xls: numbers for text, dates as dates, a line break", ezadminColumns,
		with(row, "수령자우편번호", 4999, "상품수량", 2, "주문일", time.Date(2026, 7, 15, 0, 0, 0, 0, time.UTC), "배송메모", "경비실에\n맡겨 주세요 <펲>"), second)
	sheet.html, sheet.xml = false, true
	return []input{
		sheet,
		web("ordinary", "an HTML table under the name .xls, as it is downloaded: an order of two products, and one that is shipped", ezadminColumns, row, second,
			with(row, "관리번호", "300100", "주문번호", "2026071400000010", "상태", "배송", "송장번호", "690000000100")),
		old, excel,
		web("refused-rows", "quantities, missing values, what Excel damaged", ezadminColumns,
			with(row, "주문번호", "2.02607E+15"),
			with(row, "주문번호", "2026071500000012", "상품수량", "0"),
			with(row, "주문번호", "2026071500000013", "수령자이름", ""),
			with(row, "주문번호", "2026071500000014", "상품코드", ""),
			with(row, "주문번호", "2026071500000015"), with(second, "주문번호", "2026071500000015", "수령자주소", ""),
			with(row, "주문번호", "2026071500000016"), with(second, "주문번호", "2026071500000016", "상태", "송장"),
			with(row, "주문번호", "2026071500000017")),
		web("refused-missing-column", "a list without 상품수량 is refused", without(ezadminColumns, "상품수량"), row),
	}
}

func playautoInputs() []input {
	const f = "playauto-orders"
	row := map[string]any{
		"주문자명": "한가람", "수령자명": "윤새별", "수령자휴대폰번호": "010-0000-0112", "수령자전화번호": "051-000-0112", "우편번호": "49999", "주소": "부산광역시 가람구 물결로 56 7동 1203호", "배송메세지": "문 앞에 놓아 주세요", "주문수량": "3", "온라인상품명": "들꽃 면 손수건",
		"온라인 상품명": "들꽃 면 손수건", "쇼핑몰주문번호": "2026071500000010", "쇼핑몰": "스마트스토어", "금액": "13500", "할인금액": "0", "주문일": "2026-07-15 09:00:12", "결제완료일": "2026-07-15 09:01:00", "묶음번호": "1234567",
		"주문자휴대폰번호": "010-0000-0111", "쇼핑몰 상품코드": "7000000001", "판매자 관리코드": "HK-01", "옵션명": "색상: 파랑", "SKU코드(세트코드)": "HK-BL-01", "국가코드": "KR", "배송방법": "택배",
	}
	second := with(row, "온라인상품명", "선물 상자", "온라인 상품명", "선물 상자", "주문수량", "1", "판매자 관리코드", "BX", "옵션명", "크기: 중", "SKU코드(세트코드)", "BX-M")
	return []input{
		koreanSheet(f, "ordinary", "a sheet of sixteen columns: two orders in one parcel, and one that has its label", playauto2, row, with(second, "쇼핑몰주문번호", "2026071500000020"),
			with(row, "쇼핑몰주문번호", "2026071400000010", "묶음번호", "1234500", "운송장번호", "690000000100")),
		koreanSheet(f, "columns-37", "the titles of the sheet that PlayAuto takes in", playauto37, row, second),
		koreanSheet(f, "hard", "numbers for text, dates as dates, a customs number, a gift, line breaks, one order in two parcels", append(slices.Clone(playauto37), "묶음번호"),
			with(row, "주문수량", 2, "우편번호", 4999, "수령자휴대폰번호", 1012345678, "주문일", time.Date(2026, 7, 15, 9, 0, 12, 0, time.UTC), "배송메세지", "경비실에\n맡겨 주세요 펲", "개인통관번호", "P000000000001", "사은품", "엽서"),
			with(second, "우편번호", "04999", "주소", "서울특별시 나래구 새솔로 12 101동 202호", "주문일", time.Date(2026, 7, 15, 9, 0, 12, 0, time.UTC), "묶음번호", "1234568", "SKU코드(세트코드)", "00123")),
		koreanSheet(f, "refused-rows", "numbers that lost digits, quantities, missing values", playauto37,
			with(row, "쇼핑몰주문번호", int64(20260715000000011)),
			with(row, "쇼핑몰주문번호", "2026071500000012", "주문수량", 0),
			with(row, "쇼핑몰주문번호", "2026071500000013", "수령자명", ""),
			with(row, "쇼핑몰주문번호", "2026071500000014", "우편번호", "부산"),
			with(row, "쇼핑몰주문번호", "2026071500000015"), with(second, "쇼핑몰주문번호", "2026071500000015", "주소", ""),
			with(row, "쇼핑몰주문번호", "2026071500000016")),
	}
}

func playautoEMPInputs() []input {
	const f = "playauto-emp-orders"
	row := map[string]any{
		"DB번호": "81000001", "사이트": "11번가", "ID": "sample", "수집일": "2026-07-15 09:10:00", "주문일": "2026-07-15 09:00:12", "상태": "출고대기", "주문번호": "20260715000000011", "상품코드": "5000000001", "상품명": "들꽃 면 손수건", "옵션명": "색상:파랑", "판매가": "4500",
		"수량": "3", "배송방법": "택배", "주문자": "한가람", "주문자전화번호": "02-000-0111", "주문자핸드폰": "010-0000-0111", "주문자이메일": "garam@example.com", "수령자": "윤새별", "수령자전화번호": "051-000-0112", "수령자핸드폰": "010-0000-0112", "수령자우편번호": "49999",
		"수령자주소": "부산광역시 가람구 물결로 56 7동 1203호", "배송메세지": "문 앞에 놓아 주세요", "마스터상품코드": "M-00501", "판매자상품코드": "HK-BL-01",
	}
	second := with(row, "DB번호", "81000002", "상품명", "선물 상자", "옵션명", "크기:중", "추가옵션", "리본", "수량", "1", "마스터상품코드", "M-00777", "판매자상품코드", "BX-M")
	return []input{
		koreanSheet(f, "ordinary", "the titles of the order fields: an order of two lines, and one that has its label", playautoEMP, row, second,
			with(row, "DB번호", "81000000", "주문번호", "20260714000000010", "상태", "출고완료", "송장번호", "690000000100")),
		koreanSheet(f, "hard", "numbers for text, dates as dates, a status nobody knows, line breaks, a house phone only", playautoEMP,
			with(row, "DB번호", 81000001, "수량", 2, "수령자우편번호", 4999, "수령자핸드폰", 1012345678, "주문일", time.Date(2026, 7, 15, 9, 0, 12, 0, time.UTC), "배송메세지", "경비실에\n맡겨 주세요 펲"),
			with(second, "주문번호", "20260715000000021", "상태", "신규", "수령자핸드폰", "", "마스터상품코드", "00123")),
		koreanSheet(f, "refused-rows", "numbers that lost digits, quantities, missing values", playautoEMP,
			with(row, "주문번호", int64(20260715000000011)),
			with(row, "주문번호", "20260715000000012", "수량", 0),
			with(row, "주문번호", "20260715000000013", "수령자", ""),
			with(row, "주문번호", "20260715000000014", "DB번호", ""),
			with(row, "주문번호", "20260715000000015"), with(second, "주문번호", "20260715000000015", "수령자주소", ""),
			with(row, "주문번호", "20260715000000016")),
	}
}
