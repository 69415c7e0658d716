package orders

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/japanese"

	"github.com/mallbridge/mallbridge/internal/agile"
)

// A Sheet is a file as a mall hands it out.
type Sheet struct {
	Name string
	Data []byte
}

// Sheets writes the sheet of one mall for its orders. password protects the
// Smart Store's, with salts from rnd; at is when it was downloaded, in the mall's
// zone.
func Sheets(mall string, os []Order, at time.Time, password string, rnd io.Reader) (Sheet, error) {
	switch mall {
	case Rakuten:
		return RakutenCSV(os, at)
	case SmartStore:
		return SmartStoreXLSX(os, at, password, rnd)
	case Coupang:
		return CoupangXLSX(os, at)
	case ElevenSt:
		return ElevenStXLSX(os, at)
	}
	return PlainCSV(os, at)
}

// PlainCSV writes Mallbridge's own order sheet in UTF-8.
func PlainCSV(os []Order, at time.Time) (Sheet, error) {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	rows := [][]string{{
		"order_number", "status", "ordered_at", "payment", "delivery", "currency", "total", "postage", "buyer_name", "buyer_phone", "buyer_email", "to_name",
		"to_kana", "to_phone", "to_country", "to_postal", "to_prefecture", "to_city", "to_street", "to_building", "deliver_on", "time_band", "delivery_note",
		"item_code", "sku_code", "item_name", "option", "quantity", "price", "note",
	}}
	for i := range os {
		o := &os[i]
		for _, p := range o.Parcels {
			for _, l := range p.Lines {
				rows = append(rows, []string{
					o.Number, o.Status, o.Ordered.Format("2006-01-02 15:04"), o.Payment, o.Delivery, o.Currency, itoa(o.Total), itoa(o.Postage), o.Buyer.Name(),
					o.Buyer.Phone, o.Buyer.Mail, p.To.Name(), p.To.FamilyKana + p.To.GivenKana, p.To.Phone, p.To.Country, p.To.Postal, p.To.Prefecture, p.To.City,
					p.To.Street, p.To.Building, p.DeliverOn, p.Band, p.Note, l.ItemCode, l.SKUCode, l.Name, l.Option, itoa(l.Quantity), itoa(l.Price), o.Note,
				})
			}
		}
	}
	err := w.WriteAll(rows)
	return Sheet{"orders_" + at.Format("20060102_1504") + ".csv", b.Bytes()}, err
}

// RakutenCSV writes 通常購入データ with all 158 columns: cp932, CR LF between rows,
// LF inside quotes, every value quoted. Characters that the charset lacks become
// numeric references in コメント and question marks elsewhere.
func RakutenCSV(os []Order, at time.Time) (Sheet, error) {
	titles := strings.Split(rakutenTitles, ",")
	column := make(map[string]int, len(titles))
	for i, t := range titles {
		column[t] = i
	}
	var b bytes.Buffer
	rakutenRow(&b, titles)
	row := make([]string, len(titles))
	set := func(title, text string) { row[column[title]] = text }
	for i := range os {
		o := &os[i]
		for j := range o.Parcels {
			for k := range o.Parcels[j].Lines {
				clear(row)
				rakutenOrder(set, o)
				rakutenParcel(set, o, &o.Parcels[j])
				rakutenLine(set, &o.Parcels[j].Lines[k])
				rakutenRow(&b, row)
			}
		}
	}
	return Sheet{"dl_" + at.Format("20060102150405") + ".csv", b.Bytes()}, nil
}

func bit(on bool) string {
	if on {
		return "1"
	}
	return "0"
}

func rakutenOrder(set func(title, text string), o *Order) {
	amount := func(n int64) string {
		if o.Open {
			return "-9999"
		}
		return itoa(n)
	}
	set("注文番号", o.Number)
	set("ステータス", o.Status)
	set("サブステータス", o.SubStatus)
	set("注文日時", o.Ordered.Format("2006-01-02 15:04:05"))
	set("注文日", o.Ordered.Format("2006-01-02"))
	set("注文時間", o.Ordered.Format("15:04:05"))
	set("支払方法名", o.Payment)
	set("配送方法", o.Delivery)
	set("注文種別", "1")
	set("複数送付先フラグ", bit(len(o.Parcels) > 1))
	set("送付先一致フラグ", bit(len(o.Parcels) == 1))
	set("離島フラグ", bit(o.Island))
	set("楽天確認中フラグ", bit(o.Checking))
	set("警告表示タイプ", bit(o.Warning))
	set("楽天会員フラグ", "1")
	set("商品合計金額", itoa(o.Goods))
	set("送料合計", amount(o.Postage))
	set("代引料合計", itoa(o.Fee))
	set("請求金額", amount(o.Total))
	set("合計金額", amount(o.Total))
	set("ポイント利用額", "0")
	set("クーポン利用総額", "0")
	rakutenPerson(set, "注文者", &o.Buyer)
	set("注文者メールアドレス", o.Buyer.Mail)
	set("コメント", o.Note)
	set("ひとことメモ", o.Memo)
	set("のし", o.Gift)
	set("ギフト配送希望", "0")
	set("医薬品受注フラグ", "0")
}

func rakutenPerson(set func(title, text string), who string, p *Person) {
	if len(p.Postal) == 7 {
		set(who+"郵便番号1", p.Postal[:3])
		set(who+"郵便番号2", p.Postal[3:])
	}
	set(who+"住所都道府県", p.Prefecture)
	set(who+"住所郡市区", p.City)
	set(who+"住所それ以降の住所", strings.TrimSpace(p.Street+" "+p.Building))
	set(who+"姓", p.Family)
	set(who+"名", p.Given)
	set(who+"姓カナ", p.FamilyKana)
	set(who+"名カナ", p.GivenKana)
	for i, part := range strings.SplitN(p.Phone, "-", 3) {
		set(fmt.Sprintf("%s電話番号%d", who, i+1), part)
	}
}

func rakutenParcel(set func(title, text string), o *Order, p *Parcel) {
	set("送付先ID", p.Key)
	set("送付先送料", itoa(o.Postage))
	set("送付先代引料", itoa(o.Fee))
	rakutenPerson(set, "送付先", &p.To)
	if p.Band == "" {
		set("お届け時間帯", "0")
	} else {
		set("お届け時間帯", p.Band)
	}
	set("お届け日指定", p.DeliverOn)
}

func rakutenLine(set func(title, text string), l *Line) {
	set("商品明細ID", l.Key)
	set("商品ID", "1"+l.Key[len(l.Key)-7:])
	set("商品名", l.Name)
	set("商品番号", l.ItemID)
	set("商品管理番号", l.ItemID)
	set("単価", itoa(l.Price))
	set("個数", itoa(l.Quantity))
	set("商品税率", l.TaxRate)
	set("商品毎税込価格", itoa(l.Price))
	set("SKU管理番号", l.OptionCode)
	set("システム連携用SKU番号", l.SKUCode)
	set("SKU情報", l.Option)
}

// windows writes what Windows writes where two code points mean one sign.
var windows = strings.NewReplacer("〜", "～", "−", "－", "‖", "∥", "—", "―", "¢", "￠", "£", "￡", "¬", "￢")

func rakutenRow(b *bytes.Buffer, row []string) {
	for i, s := range row {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteByte('"')
		for _, c := range windows.Replace(s) {
			if c == '"' {
				b.WriteString(`""`)
				continue
			}
			code, err := japanese.ShiftJIS.NewEncoder().String(string(c))
			switch {
			case err == nil:
				b.WriteString(code)
			case rakutenReferences[i]:
				fmt.Fprintf(b, "&#%d;", c)
			default:
				b.WriteByte('?')
			}
		}
		b.WriteByte('"')
	}
	b.WriteString("\r\n")
}

// rakutenReferences are the columns in which numeric references stand: コメント.
var rakutenReferences = map[int]bool{100: true}

// SmartStoreXLSX writes 발주발송관리 with 72 columns below the notice row. With a
// password it is protected as the download is.
func SmartStoreXLSX(os []Order, at time.Time, password string, rnd io.Reader) (Sheet, error) {
	name := "스마트스토어_전체주문발주발송관리_" + at.Format("20060102_1504") + ".xlsx"
	x, err := newBook("발주발송관리", smartStoreTitles, "◈ 다운로드 받은 파일로 '엑셀 일괄발송' 처리하는 방법\n1. 이 행을 삭제합니다.\n2. 시트명을 '발송처리'로 바꿉니다.")
	if err != nil {
		return Sheet{}, err
	}
	for i := range os {
		o := &os[i]
		for _, p := range o.Parcels {
			for _, l := range p.Lines {
				x.next()
				smartStoreRow(x, o, &p, &l)
			}
		}
	}
	data, err := x.bytes()
	if err == nil && password != "" {
		data, err = agile.Encrypt(data, password, rnd)
	}
	return Sheet{name, data}, err
}

func smartStoreRow(x *book, o *Order, p *Parcel, l *Line) {
	x.set("상품주문번호", l.Key)
	if l.Lossy {
		x.set("상품주문번호", 2.02611222000001e15)
	}
	x.set("주문번호", o.Number)
	if o.MallShips {
		x.set("풀필먼트사(주문 기준)", "견본풀필먼트")
	}
	x.set("배송방법(구매자 요청)", o.Delivery)
	x.set("배송방법", o.Delivery)
	x.set("판매채널", "스마트스토어")
	x.set("구매자명", o.Buyer.Name())
	x.set("구매자ID", "abcd****")
	x.set("구매자연락처", o.Buyer.Phone)
	x.set("수취인명", p.To.Name())
	x.set("주문상태", o.Status)
	x.set("주문세부상태", o.SubStatus)
	claim := "N"
	if o.Claim {
		claim = "Y"
	}
	x.set("수량클레임 여부", claim)
	x.set("결제위치", "MOBILE")
	x.set("결제일", o.Ordered.Add(time.Minute).Format("2006/01/02 15:04"))
	x.set("상품번호", l.ItemID)
	x.set("상품명", l.Name)
	x.set("상품종류", "조합형옵션상품")
	x.set("옵션정보", l.Option)
	x.set("옵션관리코드", l.OptionCode)
	x.set("수량", l.Quantity)
	x.set("옵션가격", 0)
	x.set("상품가격", l.Price)
	x.set("최종 상품별 총 주문금액", l.Price*l.Quantity)
	x.set("발주확인일", o.Ordered.Add(time.Hour).Format("2006-01-02 15:04"))
	x.set("발송기한", o.Ordered.AddDate(0, 0, 3).Format("2006-01-02 15:04"))
	x.set("배송비 형태", "선결제")
	x.set("배송비 묶음번호", p.Key)
	x.set("배송비 합계", o.Postage)
	x.set("제주/도서 추가배송비", 0)
	x.set("판매자 상품코드", l.ItemCode)
	x.set("수취인연락처1", p.To.Phone)
	if number, ok := whole(p.To.Phone); ok {
		x.set("수취인연락처1", number)
	}
	x.set("통합배송지", strings.TrimSpace(p.To.Base()+" "+p.To.Building))
	x.set("기본배송지", p.To.Base())
	x.set("상세배송지", p.To.Building)
	x.set("우편번호", p.To.Postal)
	if number, ok := whole(p.To.Postal); ok && len(p.To.Postal) < 5 {
		x.set("우편번호", number)
	}
	x.set("배송메세지", p.Note)
	x.set("결제수단", o.Payment)
	x.set("개인통관고유부호", p.Customs)
	x.set("주문일시", o.Ordered.Format("2006-01-02 15:04"))
}

// whole reads digits that do not begin with zero, as a spreadsheet would take
// them for a number.
func whole(s string) (int64, bool) {
	if s == "" || s[0] == '0' {
		return 0, false
	}
	var n int64
	for _, c := range s {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	return n, true
}

// CoupangXLSX writes a DeliveryList of 40 columns.
func CoupangXLSX(os []Order, at time.Time) (Sheet, error) {
	x, err := newBook("Delivery", coupangTitles)
	if err != nil {
		return Sheet{}, err
	}
	n := 0
	for i := range os {
		o := &os[i]
		for _, p := range o.Parcels {
			for _, l := range p.Lines {
				n++
				x.next()
				x.set("번호", n)
				coupangRow(x, o, &p, &l)
			}
		}
	}
	data, err := x.bytes()
	return Sheet{"DeliveryList(" + at.Format("2006-01-02") + ")_(" + itoa(int64(len(os))) + ").xlsx", data}, err
}

func coupangRow(x *book, o *Order, p *Parcel, l *Line) {
	x.set("묶음배송번호", p.Key)
	if l.Lossy {
		x.set("묶음배송번호", 6.4e17)
	}
	x.set("주문번호", o.Number)
	x.set("택배사", "CJ 대한통운")
	x.set("운송장번호", p.Invoice)
	x.set("분리배송 Y/N", "분리배송 불가")
	x.set("주문시 출고예정일", o.Ordered.AddDate(0, 0, 2).Format("2006-01-02"))
	x.set("주문일", o.Ordered.Format("2006-01-02 15:04:05"))
	x.set("등록상품명", l.Name)
	x.set("등록옵션명", l.Option)
	x.set("노출상품명(옵션명)", l.Name+", "+l.Option)
	x.set("노출상품ID", l.ItemID)
	x.set("옵션ID", l.OptionID)
	x.set("업체상품코드", l.ItemCode)
	x.set("바코드", l.Barcode)
	x.set("결제액", l.Price*l.Quantity)
	x.set("배송비구분", "유료")
	x.set("배송비", o.Postage)
	island := 0
	if o.Island {
		island = 5000
	}
	x.set("도서산간 추가배송비", island)
	x.set("구매수(수량)", l.Quantity)
	x.set("옵션판매가(판매단가)", l.Price)
	x.set("구매자", o.Buyer.Name())
	x.set("구매자전화번호", o.Buyer.Phone)
	x.set("수취인이름", p.To.Name())
	x.set("수취인전화번호", p.To.Phone)
	x.set("우편번호", p.To.Postal)
	x.set("수취인 주소", strings.TrimSpace(p.To.Base()+" "+p.To.Building))
	x.set("배송메세지", p.Note)
	x.set("결제위치", "안드로이드앱")
	kind := "판매자 배송"
	if o.MallShips {
		kind = "CGF"
	}
	x.set("배송유형", kind)
}

// ElevenStXLSX writes a 발송준비중내역 with the titles of the wider set below a notice
// and the list's title. Orders that are not in 배송준비중 are not on it.
func ElevenStXLSX(os []Order, at time.Time) (Sheet, error) {
	x, err := newBook("발송준비중내역", elevenStTitles, "발송처리 전에 주문상태를 확인해 주세요.", "발송준비중내역")
	if err != nil {
		return Sheet{}, err
	}
	for i := range os {
		o := &os[i]
		if o.Status != "301" {
			continue
		}
		for _, p := range o.Parcels {
			for _, l := range p.Lines {
				x.next()
				elevenStRow(x, o, &p, &l)
			}
		}
	}
	data, err := x.bytes()
	return Sheet{"발송준비중내역_" + at.Format("20060102") + ".xlsx", data}, err
}

func elevenStRow(x *book, o *Order, p *Parcel, l *Line) {
	x.set("주문번호", o.Number)
	if l.Lossy {
		x.set("주문번호", 2.02607e16)
	}
	x.set("주문순번", l.Key)
	x.set("결제일시", o.Ordered.Format("2006-01-02 15:04:05"))
	x.set("주문일시", o.Ordered.Format("2006-01-02 15:04:05"))
	x.set("배송번호", p.Key)
	x.set("상품명", l.Name)
	if l.Option != "" {
		x.set("옵션", l.Option+"-"+itoa(l.Quantity)+"개")
	}
	x.set("수량", l.Quantity)
	x.set("주문금액", l.Price*l.Quantity)
	x.set("배송비결제방식", "01")
	x.set("배송비", o.Postage)
	island := 0
	if o.Island {
		island = 3000
	}
	x.set("도서산간 배송비", island)
	x.set("수취인", p.To.Name())
	x.set("휴대폰번호", p.To.Phone)
	if p.To.Phone == "" {
		x.set("휴대폰번호", "--")
	}
	x.set("전화번호", "--")
	x.set("우편번호", p.To.Postal)
	x.set("주소", strings.TrimSpace(p.To.Base()+" "+p.To.Building))
	x.set("배송메시지", cmp.Or(p.Note, "null"))
	x.set("구매자", o.Buyer.Name())
	x.set("구매자휴대폰번호", o.Buyer.Phone)
	x.set("주문자전화번호", "02--")
	x.set("상품번호", l.ItemID)
	x.set("판매단가", l.Price)
	x.set("추가구성여부", "N")
	x.set("추가구성원상품번호", "0")
	x.set("묶음배송유무", "Y")
	x.set("전세계배송여부", "N")
	x.set("주문상품옵션코드", l.OptionID)
	x.set("판매자상품번호", l.ItemCode)
	x.set("판매자재고번호", l.OptionCode)
}

// A book is one sheet being written by its titles.
type book struct {
	f      *excelize.File
	sheet  string
	column map[string]int
	row    int
	err    error
}

func newBook(sheet, titles string, notices ...string) (*book, error) {
	b := &book{f: excelize.NewFile(), sheet: sheet, column: map[string]int{}}
	b.err = b.f.SetSheetName("Sheet1", sheet)
	for _, notice := range notices {
		b.row++
		b.cell(1, notice)
	}
	b.row++
	for i, t := range strings.Split(titles, " | ") {
		b.column[t] = i + 1
		b.cell(i+1, t)
	}
	return b, b.err
}

func (b *book) next() { b.row++ }

// set writes a value below a title; text stays text and empty text no cell.
func (b *book) set(title string, value any) {
	at, ok := b.column[title]
	if !ok {
		b.err = fmt.Errorf("orders: no column %q", title)
	}
	if value != "" {
		b.cell(at, value)
	}
}

func (b *book) cell(column int, value any) {
	if b.err != nil {
		return
	}
	name, err := excelize.CoordinatesToCellName(column, b.row)
	if err == nil {
		err = b.f.SetCellValue(b.sheet, name, value)
	}
	b.err = err
}

func (b *book) bytes() ([]byte, error) {
	if b.err != nil {
		return nil, b.err
	}
	out, err := b.f.WriteToBuffer()
	if err != nil {
		return nil, err
	}
	return out.Bytes(), b.f.Close()
}
