package formats_test

import (
	"strings"

	"golang.org/x/text/encoding"
)

// A returned layout is a file that warehouses and carriers give back: its header,
// empty where columns are found by position, and how it is written.
type returned struct {
	format  string
	header  string
	file    string // input.csv where empty
	charset encoding.Encoding
	comma   string
	quoted  bool
	width   int // of files without a header
}

// file makes a case. Rows of files without a header give columns as number=value.
func (r returned) input(name, about string, rows ...string) input {
	in := input{format: r.format, name: name, about: about, file: r.file, charset: r.charset, comma: r.comma, bare: !r.quoted}
	if in.file == "" {
		in.file = "input.csv"
	}
	if r.header != "" {
		in.header = split(r.header)
	}
	for _, row := range rows {
		cells := split(row)
		if r.width > 0 {
			cells = placed(r.width, cells)
		}
		if r.header == "" {
			in.above = append(in.above, cells)
			continue
		}
		m := map[string]any{}
		for i, c := range cells {
			m[in.header[i]] = strings.ReplaceAll(c, "⏎", "\n")
		}
		in.rows = append(in.rows, m)
	}
	return in
}

// placed puts 13=T1 into the 13th of n columns.
func placed(n int, cells []string) []string {
	row := make([]string, n)
	for _, c := range cells {
		at, v, _ := strings.Cut(c, "=")
		i := 0
		for _, d := range at {
			i = i*10 + int(d-'0')
		}
		if i > len(row) {
			row = append(row, make([]string, i-len(row))...)
		}
		row[i-1] = v
	}
	return row
}

func returnInputs() []input {
	return append(append(japaneseReturns(), japaneseStock()...), koreanReturns()...)
}

func japaneseReturns() []input {
	e2 := returned{format: "sagawa-ehiden2-result", charset: cp932, width: 53}
	packet := returned{format: "sagawa-yu-packet-result", charset: cp932, header: "お届け先郵便番号 | お届け先名称1 | 管理番号 | ステータス | ラベル作成日時 | お問い合わせ番号"}
	r131 := returned{format: "yupack-print-r-result", charset: cp932, quoted: true, width: 131}
	history := returned{format: "yupack-print-r-history", charset: cp932, header: "お客様側管理番号 | お問い合わせ番号 | 仮引受確定作業年月日 | 配送完了作業年月日 | 配達ステータス集約コード | 配達ステータス明細コード"}
	km2 := returned{format: "seino-km2-result", charset: cp932, header: "出荷日 | 取込番号 | 送り状番号 | 元着区分 | 個数 | お届け先名称１ | 管理番号"}
	tracking := returned{format: "next-engine-tracking", charset: cp932, quoted: true, header: "伝票番号 | 配送番号"}
	list := returned{format: "next-engine-order-list", charset: cp932, quoted: true, header: "伝票番号 | 受注番号 | 受注日 | 出荷確定日 | キャンセル区分 | 発送伝票番号 | 購入者名 | 明細行 | 商品コード（伝票） | 受注数"}
	logiless := returned{format: "logiless-results", header: "code | sales_order.code | delivery_status | delivery_method | delivery_tracking_numbers | finished_at"}
	ktw := returned{format: "ktw-results", charset: cp932, file: "input.tsv", comma: "\t", width: 20}
	ebisu := returned{format: "ebisumart-results", charset: cp932, header: "伝票番号:ORDER_NO | 送り状番号:SHIP_SLIP_NO | 出荷日:SEND_DATE"}
	terapo := returned{format: "terapo-results", charset: cp932, header: "配送ID | 仕入追跡番号 | 出荷日"}
	robo := returned{format: "commerce-robo-results", charset: cp932, header: "出荷指示番号 | 配送会社 | 送り状番号 | 出荷日 | 個口数"}
	return []input{
		e2.input("ordinary", "53 columns below a header", "1=お問合せ送り状No|2=出荷日時|13=お客様管理ナンバー", "1=400000000101|2=2026/11/22 16:05|13=T00000001|35=1|53=0", "1=400000000112|2=2026/11/22 16:05|13=T00000002|35=2"),
		e2.input("hard", "no header, a withdrawn label and its successor, a label made by hand, trap characters", "1=4000-0000-0123|2=20261122|10=髙﨑　表能ソ|13=T00000001|35=1|53=1", "1=400000000134|2=2026/11/22|13=T00000001|35=1", "1=400000000145|2=2026/11/22|35=1"),
		e2.input("refused-rows", "an exponent, no number, no date, the 91 columns of e飛伝III", "1=4E+11|2=2026/11/22|13=T00000001", "2=2026/11/22|13=T00000002", "1=400000000156|13=T00000003", "1=400000000167|2=2026/11/22|13=T00000004|91=x", "1=400000000178|2=2026/11/22|13=T00000005"),

		packet.input("ordinary", "two labels", "150-0001|見本 花子|T00000001|作成済|2026/11/22 10:00|500000000101", "150-0001|見本 太郎|T00000002|作成済|2026/11/22 10:00|500000000112"),
		packet.input("hard", "a label that is not made yet, one made by hand, trap characters", "150-0001|髙﨑 表能ソ|T00000001|未作成||", "150-0001|見本|　|作成済|2026/11/22|500000000123", "150-0001|見本, 一|T00000002|作成済|2026-11-22 10:00:00|5000-0000-0134"),
		packet.input("refused-rows", "numbers that Excel rewrote, a word for a day", "150-0001|見本|T00000001|作成済|2026/11/22|5E+11", "150-0001|見本|T00000002|作成済|本日|500000000145", "150-0001|見本|T00000003|作成済|2026/11/22|500000000156"),

		r131.input("ordinary", "two parcels below a header", "114=フリー項目２|119=出荷日|127=お問い合わせ番号|131=元／着払／代引", "13=見本 花子|114=T00000001|119=20261122|127=600000000101|131=0", "114=T00000002|119=2026/11/22|127=600000000112|131=2"),
		r131.input("hard", "not issued yet, made by hand, trap characters, an international number", "114=T00000001|119=20261122|131=0", "119=20261122|127=600000000123|131=0", "13=髙﨑 表能ソ|38=見本, 品|114=T00000002|119=20261122|127=6000-0000-0134|131=0", "114=T00000003|119=20261122|127=EX000000101JP|131=0"),
		r131.input("refused-rows", "an exponent, a short number, the layout of 118 columns, a moved value", "114=T00000001|119=20261122|127=6E+11|131=0", "114=T00000002|119=20261122|127=123|131=0", "114=T00000003|119=600000000145|127=600000000156|131=0", "114=T00000004|119=20261122|127=600000000167|131=0|132=x", "114=T00000005|119=20261122|127=600000000178|131=0"),

		history.input("ordinary", "two parcels", "T00000001|600000000101|20261122170000|20261123090000|10|0A", "T00000002|600000000112|20261122170000||10|0A"),
		history.input("hard", "not handed over yet, made by hand, hyphens", "T00000001|6000-0000-0123||||", "|600000000134|20261122170000|||", "T00000002|600000000145|20261122|||"),
		history.input("refused-rows", "an exponent, no tracking number, a month 13", "T00000001|8.11029E+11|20261122170000", "T00000002||20261122170000", "T00000003|600000000156|20261322170000", "T00000004|600000000167|20261122170000"),
		history.input("refused-planned", "the list of planned parcels, which has no numbers", "T00000001").drop("お問い合わせ番号"),

		km2.input("ordinary", "two parcels", "20261122|1|7000000101|1|1|見本 花子|T00000001", "20261122|2|7000000112|1|3|見本 太郎|T00000002"),
		km2.input("hard", "made by hand, hyphens, trap characters", "20261122|1|7000000123|1|1|見本|", "2026/11/22|2|700-000-0134|1|2|髙﨑 表能ソ|T00000001"),
		km2.input("refused-rows", "twelve digits, no number, a word for the count", "20261122|1|700000000145|1|1|見本|T00000001", "20261122|2||1|1|見本|T00000002", "20261122|3|7000000156|1|三|見本|T00000003", "20261122|4|7000000167|1|1|見本|T00000004"),
		km2.input("refused-standard", "the standard output, without 管理番号", "20261122|1|7000000178|1|1|見本|T00000001").drop("管理番号"),

		tracking.input("ordinary", "two numbers", "T00000001|400000000101", "T00000002|400000000112"),
		tracking.input("hard", "several numbers in a cell, hyphens", "T00000001|400000000123,400000000134", "T00000002|4000-0000-0145"),
		tracking.input("refused-rows", "an exponent, nothing, a word, no key", "T00000001|4E+11", "T00000002|", "T00000003|発送済", "|400000000156", "T00000004|400000000167"),

		list.input("ordinary", "an order of two lines, another of one", "101|T00000001|2026/11/21|2026/11/22|0|400000000101|見本|1|SHIRT-01|1", "101|T00000001|2026/11/21|2026/11/22|0|400000000101|見本|2|TEA-100|2", "102|T00000002|2026/11/21|2026/11/22|0|400000000112|見本|1|0012|1"),
		list.input("hard", "not shipped yet, cancelled, several numbers, trap characters", "101|T00000001|2026/11/21||0||見本|1|SHIRT-01|1", "102|T00000002|2026/11/21|2026/11/22|1|400000000123|見本|1|SHIRT-01|1", "103|T00000003|2026/11/21|2026/11/22|0|4000-0000-0134 4000-0000-0145|髙﨑 表能ソ|1|SHIRT-能, 大|1"),
		list.input("refused-rows", "an exponent, no key, a word for a day", "101|T00000001||2026/11/22|0|4E+11", "102|||2026/11/22|0|400000000156", "103|T00000003||本日|0|400000000167", "104|T00000004||2026/11/22|0|400000000178"),

		logiless.input("ordinary", "two shipments", "S1|T00000001|Shipped|yamato|400000000101|2026-11-22 17:00:00", "S2|T00000002|Shipped|yu_packet|600000000112|2026-11-22 17:00:00"),
		logiless.input("hard", "not shipped, partly shipped, several numbers", "S1|T00000001|WaitingForShipment|yamato||", "S2|T00000002|PartlyShipped|yamato|400000000123|2026-11-22", "S3|T00000003|Shipped|sagawa|400000000134 400000000145|2026-11-22 17:00:00"),
		logiless.input("refused-rows", "an unknown method, an exponent, no number, no key", "S1|T00000001|Shipped|drone|400000000156|2026-11-22", "S2|T00000002|Shipped|yamato|4E+11|2026-11-22", "S3|T00000003|Shipped|yamato||2026-11-22", "S4||Shipped|yamato|400000000167|2026-11-22", "S5|T00000005|Shipped|yamato|400000000178|2026-11-22"),

		ktw.input("ordinary", "one parcel of two lines, another of one", "1=01|2=2|4=20261122|11=000400000000101|12=T00000001|14=SHIRT-01|15=1|18=1.00|19=0", "1=01|2=2|4=20261122|11=000400000000101|12=T00000001|14=TEA-100|15=1|18=2.00|19=20270331", "1=01|2=2|4=20261122|11=000600000000112|12=T00000002|14=0012|15=1|18=1.00"),
		ktw.input("hard", "a movement between shelves, no key, a number of ten digits, trap characters", "1=01|2=3|4=20261122|12=T00000001|14=SHIRT-01|18=1.00", "1=01|2=2|4=20261122|11=000400000000123|14=SHIRT-01|18=1.00", "1=01|2=2|4=20261122|11=000007000000134|12=T00000002|14=表能ソ-1|18=10.00"),
		ktw.input("refused-rows", "zeros for a number, eleven digits, a word, half a piece, a column too many", "2=2|4=20261122|11=000000000000000|12=T00000001|14=A|18=1.00", "2=2|4=20261122|11=000040000000101|12=T00000002|14=A|18=1.00", "2=2|4=20261122|11=未発行|12=T00000003|14=A|18=1.00", "2=2|4=2026112|11=000400000000145|12=T00000004|14=A|18=1.00", "2=2|4=20261122|11=000400000000156|12=T00000005|14=A|18=1.00|21=x", "2=2|4=20261122|11=000400000000167|12=T00000006|14=A|18=1.00|20=0001"),

		ebisu.input("ordinary", "two parcels", "T00000001|400000000101|2026/11/22", "T00000002|400000000112|2026/11/22"),
		ebisu.input("hard", "hyphens, another form of the day", "T00000001|4000-0000-0123|20261122", "T00000002|400000000134/400000000145|2026-11-22"),
		ebisu.input("refused-rows", "an exponent, no day, no key", "T00000001|4E+11|2026/11/22", "T00000002|400000000156|", "|400000000167|2026/11/22", "T00000003|400000000178|2026/11/22"),

		terapo.input("ordinary", "two parcels", "T00000001|400000000101|2026/11/22", "T00000002|4000000112|2026/11/22"),
		terapo.input("hard", "without a day, hyphens", "T00000001|4000-0000-0123|", "T00000002|400000000134|20261122"),
		terapo.input("refused-rows", "letters, thirteen digits, nothing", "T00000001|EX000000101JP|2026/11/22", "T00000002|4000000001456|2026/11/22", "T00000003||2026/11/22", "T00000004|400000000156|2026/11/22"),

		robo.input("ordinary", "two parcels", "T00000001|yamato|400000000101|2026/11/22|1", "T00000002|sagawa|400000000112|2026/11/22|2"),
		robo.input("hard", "the instructed carrier, several numbers, decimals", "T00000001||4000-0000-0123|20261122|1.00", "T00000002|yamato|400000000134 400000000145|2026-11-22|2"),
		robo.input("refused-rows", "an exponent, no day, a word for the count", "T00000001|yamato|4E+11|2026/11/22|1", "T00000002|yamato|400000000156||1", "T00000003|yamato|400000000167|2026/11/22|二", "T00000004|yamato|400000000178|2026/11/22|1"),
	}
}

// drop takes a column out of the file.
func (in input) drop(name string) input {
	in.header = without(in.header, name)
	for i, r := range in.rows {
		in.rows[i] = with(r)
		delete(in.rows[i], name)
	}
	return in
}

func japaneseStock() []input {
	ne := returned{format: "next-engine-stock", charset: cp932, quoted: true, header: "商品コード | 商品名 | 在庫数 | 引当数 | フリー在庫数 | 予約在庫数 | 予約引当数 | 予約フリー在庫数 | 不良在庫数"}
	logiless := returned{format: "logiless-stock", header: "article_code | received | available | blocked | allocated | shipped | issued"}
	logizard := returned{format: "logizard-stock", charset: cp932, header: "商品ID | 商品名 | バーコード | ブロック略称 | ロケ | 品質区分名 | 有効期限 | 入荷日 | 在庫数(引当数を含む) | 引当数 | 在庫日"}
	rsl := returned{format: "rsl-stock", charset: cp932, quoted: true, header: "商品コード | 販売可能在庫数 | 非販売在庫数 | ベンダーダメージ在庫数 | 作業中在庫数 | その他在庫数"}
	list := returned{format: "jp-3pl-stock", charset: cp932, header: "荷主コード | 商品コード | 商品名 | ロケーション | 在庫状態 | ロット番号 | 在庫数（総ピース） | 引当可能数（総ピース） | 引当数（総ピース）"}
	ktw := returned{format: "ktw-stock", charset: cp932, file: "input.tsv", comma: "\t", width: 6}
	robo := returned{format: "commerce-robo-stock", charset: cp932, header: "商品コード | 在庫数 | 引当数 | 販売可能数"}
	return []input{
		ne.input("ordinary", "two SKUs", "SHIRT-01|綿シャツ|120|20|100|0|0|0|0", "0012|マグカップ|0|0|0"),
		ne.input("hard", "more allocated than there, thousands, trap characters", "表能ソ-1|表札, 大|5|8|-3", "00123|茶|1,000|0|1000"),
		ne.input("refused-rows", "no code, words, an exponent", "|茶|1|0|1", "A|茶|多数|0|1", "4.9E+12|茶|1|0|1", "B|茶|1|0|1"),
		ne.input("product-master", "the product master, which lacks フリー在庫数", "SHIRT-01|綿シャツ|120|20").drop("フリー在庫数"),

		logiless.input("ordinary", "two SKUs", "SHIRT-01|120|100|0|20|5|0", "0012|0|0|0|0|0|0"),
		logiless.input("hard", "blocked stock, zeros in front", "00123|10|4|3|3|0|0", "SKU-表|1|1"),
		logiless.input("refused-rows", "no code, a word, nothing", "|1|1", "A|1|なし", "B|1|", "C|1|1"),

		logizard.input("ordinary", "one location each", "SHIRT-01|綿シャツ|4900000000101|A|A-01|良品|||120|20|2026/11/22", "0012|マグ||A|A-02|良品|||3|0|2026/11/22"),
		logizard.input("hard", "several locations of a SKU, bad stock, an expiry", "00123|表 能ソ||A|A-01|良品|2027/03/31||5|1", "00123|表 能ソ||B|B-01||2027/04/30||1,000|0", "00123|表||C|C-01|不良|||3|0"),
		logizard.input("refused-rows", "no code, no count, a word", "|茶||A|A-01|良品|||1|0", "A|茶||A|A-01|良品||||0", "B|茶||A|A-01|良品|||多数|0", "C|茶||A|A-01|良品|||1|0"),

		rsl.input("ordinary", "two SKUs", "SHIRT-01|100|0|0|20|0", "0012|0|2|2|0|0"),
		rsl.input("hard", "zeros in front, thousands, trap characters", "00123|1,000|0|0|0|0", "表能ソ-1|1|0|0|0|0"),
		rsl.input("refused-rows", "no code, nothing, a word", "|1|0|0|0|0", "A||0|0|0|0", "B|なし|0|0|0|0", "C|1|0|0|0|0"),

		list.input("ordinary", "two SKUs", "01|SHIRT-01|綿シャツ|A-01|良品||120|100|20", "01|0012|マグ|A-02|通常||3|3|0"),
		list.input("hard", "locations and lots of a SKU, bad stock left out, a part of a set", "01|00123|表札|A-01|良品|0601|5|4|1", "01|00123|表札|A-02|良品|0602|1000|1000|0", "01|00123|表札|X-01|不良||9|0|0", "01|SET-1-1/2|表|A-03|良品||4|4|0"),
		list.input("refused-rows", "no code, nothing, a code that Excel rewrote", "01||茶|A-01|良品||1|1|0", "01|A|茶|A-01|良品|||1|0", "01|4.9E+12|茶|A-01|良品||1|1|0", "01|B|茶|A-01|良品||1|1|0"),

		ktw.input("ordinary", "two SKUs", "1=20261122|2=01|3=SHIRT-01|4=0|5=1|6=120.00", "1=20261122|2=01|3=0012|4=20270331|5=1|6=3.00"),
		ktw.input("hard", "held and bad stock left out, trap characters", "1=20261122|2=01|3=00123|4=0|5=1|6=5.00", "1=20261122|2=01|3=00123|4=0|5=3|6=2.00", "1=20261122|2=01|3=00123|4=0|5=4|6=1.00", "1=20261122|2=01|3=表能ソ-1|4=20270331|5=1|6=1.00"),
		ktw.input("refused-rows", "no code, half a piece, a word for the expiry, a column too many", "1=20261122|5=1|6=1.00", "3=A|4=0|5=1|6=1.50", "3=B|4=未定|5=1|6=1.00", "3=C|4=0|5=1|6=1.00|7=x", "3=D|4=0|5=1|6=1.00"),

		robo.input("ordinary", "two SKUs", "SHIRT-01|120|20|100", "0012|3|0|3"),
		robo.input("hard", "their own figure is missing, trap characters", "表能ソ-1|5|1|", "00123|1,000||"),
		robo.input("refused-rows", "no code, nothing, a word", "|1|0|1", "A||0|1", "B|多数|0|1", "C|1|0|1"),
	}
}

func koreanReturns() []input {
	cj := returned{format: "cj-results", file: "input.xlsx", header: "예약구분 | 받는분성명 | 운송장번호 | 고객주문번호 | 박스수량"}
	hanjin := returned{format: "hanjin-results", file: "input.xlsx", header: "운송장번호 | 받으시는 분 | 메모3 | 메모4 | 도서"}
	lotte := returned{format: "lotte-results", charset: cp949, header: "주문번호 | 받는사람 | 전화번호1 | 운송장번호 | 상품명1 | 보내는사람(지정) | 전화번호1(지정) | 내품수량1"}
	fassto := returned{format: "fassto-results", file: "input.xlsx", header: "outDt | ordNo | slipNo | invoiceNo | parcelNm | crgStNm | boxNo"}
	stock := returned{format: "fassto-stock", file: "input.xlsx", header: "cstGodCd | godCd | stockQty | badStockQty | canStockQty | distTermDt | giftDiv"}
	back := returned{format: "kr-tracking-return", file: "input.xlsx", header: "관리번호 | 송장번호 | 택배사"}
	results := returned{format: "warehouse-results-kr", charset: cp949, header: "출고지시번호 | 택배사 | 송장번호 | 출고일 | 박스수 | 창고SKU | 수량 | 취소"}
	acks := returned{format: "warehouse-acks-kr", charset: cp949, header: "파일명 | 출고지시번호 | 결과 | 사유"}
	plain := returned{format: "warehouse-stock-kr", charset: cp949, header: "창고SKU | 재고수량 | 할당수량 | 가용수량 | 재고구분 | 로케이션 | 로트 | 유통기한 | 재고일시"}
	numbers := cj.input("numbers", "tracking numbers as numbers, a postal code that lost its zero in a column that is not read", "일반|한가온|680000000156|S00000001|1")
	numbers.rows[0]["운송장번호"] = 680000000156
	text := cj.input("text-cp949", "the same sheet as CSV in cp949", "일반|똠|680000000167|S00000001|1")
	text.file, text.charset = "input.csv", cp949
	return []input{
		cj.input("ordinary", "two parcels", "일반|한가온|680000000101|S00000001|1", "일반|나래|6800000112|S00000002|2"),
		cj.input("hard", "not printed yet, made by hand, hyphens", "일반|똠뷁||S00000001|1", "일반|한가온|680000000123||1", "일반|한가온|6800-0000-0134|S00000002|1"),
		cj.input("refused-rows", "an exponent, a word, nine digits", "일반|한가온|6.8E+11|S00000001|1", "일반|한가온|미발급|S00000002|1", "일반|한가온|680000001|S00000003|1", "일반|한가온|680000000145|S00000004|1"),
		cj.input("refused-missing-column", "the sheet of 13 columns, which has no key of ours", "일반|한가온|680000000145|S00000004|1").drop("고객주문번호"),
		numbers, text,

		hanjin.input("ordinary", "two parcels", "510000000101|한가온|24000000000101|S00000001|", "510000000112|나래|24000000000102|S00000002|Y"),
		hanjin.input("hard", "made by hand, no number yet, hyphens", "510000000123|한가온|||", "|한가온|24000000000101|S00000001|", "5100-0000-0134|똠|24000000000103|S00000003|"),
		hanjin.input("refused-rows", "an exponent, a word", "5.10E+11|한가온||S00000001|", "미출고|한가온||S00000002|", "510000000145|한가온||S00000003|"),

		lotte.input("ordinary", "two parcels, titles that repeat", "S00000001|한가온|010-0000-0101|230000000101|머그컵|들꽃상점|02-000-0000|1", "S00000002|나래|010-0000-0102|230000000112|머그컵|들꽃상점|02-000-0000|2"),
		lotte.input("hard", "no number yet, syllables outside KS X 1001, commas", "S00000001|똠|010-0000-0101||머그컵|들꽃상점|02-000-0000|1", "S00000002|펲|010-0000-0102|2300-0000-0123|머그컵, 흰색|들꽃상점|02-000-0000|1"),
		lotte.input("refused-rows", "an exponent, letters", "S00000001|한가온||5.21853E+11", "S00000002|한가온||A123456789", "S00000003|한가온||230000000134"),

		fassto.input("ordinary", "two boxes of two orders", "20261122|S00000001|1|680000000101|CJ대한통운|배송완료|1", "20261122|S00000002|2|230000000112|롯데택배|출고요청|1"),
		fassto.input("hard", "several boxes of an order, one that cannot be delivered, one without a number", "20261122|S00000001|1|680000000123|CJ대한통운|배송완료|1", "20261122|S00000001|1|680000000134|CJ대한통운|배송완료|2", "20261122|S00000002|2|680000000145|CJ대한통운|배송불가|1", "20261122|S00000003|3|||피킹중|1"),
		fassto.input("refused-rows", "a carrier that is not known, an exponent", "20261122|S00000001|1|680000000156|느린택배|배송완료|1", "20261122|S00000002|1|6.8E+11|CJ대한통운|배송완료|1", "20261122|S00000003|1|680000000167|CJ대한통운|배송완료|1"),

		stock.input("ordinary", "two SKUs", "MUG-WH|G1|120|0|100||01", "00077|G2|3|1|2|20270331|01"),
		stock.input("hard", "several rows of a SKU, gifts and material left out", "MUG-WH|G1|10|0|10|20270331|01", "MUG-WH|G1|5|0|4|20270430|01", "GIFT-1|G3|7|0|7||02", "BOX-1|G4|900|0|900||03"),
		stock.input("refused-rows", "no code, nothing, a word", "|G1|1|0|1||01", "A|G1|1|0|||01", "B|G1|많음|0|1||01", "C|G1|1|0|1||01"),

		back.input("ordinary", "two carriers", "S00000001|900-0000-0101|로젠택배", "S00000002|6000000000112|우체국택배"),
		back.input("hard", "an old name, a code of ours, spaces", "S00000001|230000000123|현대택배", "S00000002|68000000134| cj ", "S00000003|510000000145|한진"),
		back.input("refused-rows", "a name nobody knows, an exponent, no name", "S00000001|900000000156|느린택배", "S00000002|9E+11|로젠택배", "S00000003|90000000167|", "S00000004|90000000178|로젠택배"),

		results.input("ordinary", "one parcel for each instruction, a carrier by name and one by code", "S00000001|CJ대한통운|680000000101|2026-11-22|1", "S00000002|hanjin|510000000112|2026-11-22|2"),
		results.input("hard", "hyphens, several numbers, packed lines, a withdrawn label, syllables outside KS X 1001", "S00000001||6800-0000-0123|20261122|1|똠-1|2", "S00000001||680000000134/680000000145|2026-11-22||00123|1", "S00000002|qxpress|680000000156|2026-11-22|1|||1"),
		results.input("refused-rows", "an exponent, no number, no key, a word for a day", "S00000001|cj|6.8E+11|2026-11-22|1", "S00000002|cj||2026-11-22|1", "|cj|680000000167|2026-11-22|1", "S00000003|cj|680000000178|오늘|1", "S00000004|cj|680000000189|2026-11-22|1"),

		acks.input("ordinary", "taken and refused", "T-20261122-1|S00000001|접수|", "T-20261122-1|S00000002|오류|등록되지 않은 상품코드"),
		acks.input("hard", "answers to stop requests, full-width letters, a line break, syllables outside KS X 1001", "|S00000001|정지|", "|S00000002|정지불가|출고됨⏎일부", "T-1|S00000003|ＯＫ|똠뷁"),
		acks.input("refused-rows", "an unknown word, no key, nothing", "T-1|S00000001|보류|", "T-1||OK|", "T-1|S00000003||", "T-1|S00000004|OK|"),

		plain.input("ordinary", "one row for each SKU", "MUG-WH|120|20|100|양품|A-01|||2026-11-22 18:00:00", "00077|0|0|0|정상"),
		plain.input("hard", "lots and locations, bad stock left out, thousands, syllables outside KS X 1001", "00123|5|1|||A-01|0601|2027-03-31|", "00123|1,000|||양품|B-12|0602", "00123|3|||불량", "똠-1|1.00|0.00|1.00|양품"),
		plain.input("refused-rows", "no SKU, a word, an exponent, nothing", "|1", "A|많음", "4.9E+12|1", "B|1.5", "C|", "D|1"),
	}
}
