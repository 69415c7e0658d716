package warehouse

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The columns of the plain layouts, as the warehouse's own manual lists them.
var plainColumns = map[Layout][]string{
	Japan: strings.Fields(`出荷指示番号 行番号 明細行数 注文番号 倉庫SKU 商品名 選択肢 数量 総数量 温度帯 配送会社 配送サービス 時間帯 お届け日 出荷予定日
		郵便番号 都道府県 市区郡 住所 建物 会社名 氏名 電話番号 支払区分 代引金額 代引内消費税 ご依頼主名 ご依頼主郵便番号 ご依頼主住所 ご依頼主電話番号
		備考 同梱物 通関番号 個口数`),
	World: {
		"instruction", "line", "lines", "order", "sku", "item", "option", "quantity", "total_quantity", "temperature", "carrier", "service", "time_band",
		"deliver_on", "ship_on", "postal_code", "state", "city", "street", "building", "company", "name", "phone", "country", "payment", "collect", "from_name",
		"from_postal", "from_address", "from_phone", "note", "inserts", "customs_id", "parcels",
	},
	Korea: {
		"출고지시번호", "행번호", "행수", "주문번호", "창고SKU", "상품명", "옵션", "수량", "총수량", "온도구분", "택배사", "배송서비스", "시간대", "배송희망일",
		"출고예정일", "우편번호", "시도", "시군구", "주소", "상세주소", "회사명", "수취인명", "전화번호", "전화번호2", "결제구분", "착불금액", "보내는분",
		"보내는분 우편번호", "보내는분 주소", "보내는분 전화번호", "배송메세지", "동봉물", "개인통관고유부호", "박스수",
	},
}

// The positions of the columns that both plain layouts share, and those of what
// each has elsewhere.
const (
	atNumber, atLine, atLines, atOrder, atSKU, atItem, atOption, atQuantity, atSum   = 0, 1, 2, 3, 4, 5, 6, 7, 8
	atTemperature, atCarrier, atService, atBand, atDeliver, atShip                   = 9, 10, 11, 12, 13, 14
	atPostal, atPrefecture, atCity, atStreet, atBuilding, atCompany, atName, atPhone = 15, 16, 17, 18, 19, 20, 21, 22
	atCountry                                                                        = 23 // World
	atNote, atCustoms, atParcels                                                     = 30, 32, 33
)

// A plain layout's rules.
type plainRules struct {
	temperatures []string
	bands        []string
	day          string // of dates
	postal       *regexp.Regexp
	payment      int // column
	collect      int
	tax          int // 0: the layout has none
	longest      map[int]int
}

var plain = map[Layout]plainRules{
	Japan: {
		temperatures: []string{"常温", "冷蔵", "冷凍"},
		bands:        []string{"", "am", "pm", "1214", "1416", "1618", "1820", "1821", "1921", "2021"},
		day:          "2006/01/02", postal: regexp.MustCompile(`^\d{3}-?\d{4}$`), payment: 23, collect: 24, tax: 25,
		longest: map[int]int{atOrder: 50, atSKU: 50, atItem: 200, atOption: 200, atStreet: 200, atBuilding: 200, atCompany: 100, atName: 64, atNote: 400},
	},
	World: {
		temperatures: []string{"normal"}, bands: []string{""}, day: time.DateOnly, postal: regexp.MustCompile(`^[0-9A-Z -]{3,10}$`),
		payment: 24, collect: 25,
		longest: map[int]int{atOrder: 50, atSKU: 50, atItem: 200, atOption: 200, atStreet: 200, atBuilding: 200, atCompany: 100, atName: 64, atNote: 400},
	},
	Korea: {
		temperatures: []string{"상온", "냉장", "냉동"},
		bands:        []string{"", "am", "pm", "1214", "1416", "1618", "1820", "1821", "1921", "2021"},
		day:          "2006-01-02", postal: regexp.MustCompile(`^\d{5}$`), payment: 24, collect: 25,
		longest: map[int]int{atOrder: 50, atSKU: 50, atItem: 200, atOption: 200, atStreet: 200, atBuilding: 200, atCompany: 100, atName: 64, atNote: 400},
	},
}

var (
	numberForm  = regexp.MustCompile(`^[0-9A-Za-z-]{1,20}$`)
	phoneForm   = regexp.MustCompile(`^0[0-9-]{8,14}$`)
	phoneAbroad = regexp.MustCompile(`^\+?[0-9-]{5,15}$`)
	countryForm = regexp.MustCompile(`^[A-Z]{2}$`)
	carrierForm = regexp.MustCompile(`^[a-z0-9]+$`)
	customsForm = regexp.MustCompile(`^P\d{12}$`)
	payments    = []string{"prepaid", "cod", "deferred"}
	prefectures = strings.Fields(`北海道 青森県 岩手県 宮城県 秋田県 山形県 福島県 茨城県 栃木県 群馬県 埼玉県 千葉県 東京都 神奈川県 新潟県 富山県 石川県 福井県
		山梨県 長野県 岐阜県 静岡県 愛知県 三重県 滋賀県 京都府 大阪府 兵庫県 奈良県 和歌山県 鳥取県 島根県 岡山県 広島県 山口県 徳島県 香川県 愛媛県 高知県
		福岡県 佐賀県 長崎県 熊本県 大分県 宮崎県 鹿児島県 沖縄県`)
)

func parsePlain(l Layout, data []byte) ([]parsed, error) {
	titles := plainColumns[l]
	rows, err := records(l, data, len(titles))
	if err != nil {
		return numbersOf(rows), err
	}
	if !slices.Equal(rows[0], titles) {
		return nil, fmt.Errorf("the header is not the layout's: %q", strings.Join(rows[0], ","))
	}
	rows = rows[1:]
	var out []parsed
	seen := map[string]bool{}
	for from := 0; from < len(rows); {
		to := from + 1
		for to < len(rows) && rows[to][atNumber] == rows[from][atNumber] {
			to++
		}
		p := plainInstruction(l, rows[from:to])
		if seen[p.Number] {
			p.wrong("番号 %s の行が離れている", "번호 %s 의 행이 떨어져 있음", p.Number)
		}
		seen[p.Number] = true
		out = append(out, p)
		from = to
	}
	if len(out) == 0 {
		return nil, errors.New("the file has no rows")
	}
	return out, nil
}

// numbersOf are the instruction numbers of rows that could be read before a file
// broke.
func numbersOf(rows [][]string) []parsed {
	var out []parsed
	seen := map[string]bool{}
	for _, r := range rows[min(1, len(rows)):] {
		if len(r) > 0 && numberForm.MatchString(r[0]) && !seen[r[0]] {
			seen[r[0]] = true
			out = append(out, parsed{Instruction: Instruction{Number: r[0]}})
		}
	}
	return out
}

// plainInstruction reads the rows of one instruction.
func plainInstruction(l Layout, rows [][]string) parsed {
	rules, t, first := plain[l], plainColumns[l], rows[0]
	p := parsed{korean: l == Korea, Instruction: Instruction{
		Number: first[atNumber], Carrier: first[atCarrier], Service: first[atService], Temperature: first[atTemperature], TimeBand: first[atBand],
		Payment: first[rules.payment], Name: first[atName], Postal: first[atPostal], Phone: first[atPhone], Note: first[atNote],
		Address: first[atPrefecture] + first[atCity] + first[atStreet] + first[atBuilding],
	}}
	if !numberForm.MatchString(p.Number) {
		p.wrong("出荷指示番号 %q", "출고지시번호 %q", p.Number)
	}
	p.sameParcel(rows)
	var sum int64
	for i, r := range rows {
		sum += p.line(i, t, r)
		if r[atLines] != strconv.Itoa(len(rows)) {
			p.wrong("行 %s: 明細行数 %q, %d 行ある", "행 %s: 행수 %q, 실제 %d", r[atLine], r[atLines], len(rows))
		}
	}
	if first[atSum] != strconv.FormatInt(sum, 10) {
		p.wrong("総数量 %q, 合計は %d", "총수량 %q, 합계 %d", first[atSum], sum)
	}
	p.oneOf(t[atTemperature], p.Temperature, rules.temperatures)
	p.oneOf(t[atBand], p.TimeBand, rules.bands)
	p.oneOf(t[rules.payment], p.Payment, payments)
	p.form(t[atCarrier], p.Carrier, carrierForm)
	p.form(t[atPostal], p.Postal, rules.postal)
	if l == World {
		p.form(t[atPhone], p.Phone, phoneAbroad)
		p.form(t[atCountry], first[atCountry], countryForm)
	} else {
		p.form(t[atPhone], p.Phone, phoneForm)
	}
	if p.Service == "" || p.Name == "" || first[atStreet] == "" {
		p.wrong("配送サービス・氏名・住所のいずれかが空", "배송서비스·수취인명·주소 중 빈 값이 있음")
	}
	if l == Japan && first[atPrefecture] != "" {
		p.oneOf(t[atPrefecture], first[atPrefecture], prefectures)
	}
	if l == Korea && first[atCustoms] != "" {
		p.form(t[atCustoms], first[atCustoms], customsForm)
	}
	p.ShipOn, p.DeliverOn = p.day(t[atShip], first[atShip], rules.day, true), p.day(t[atDeliver], first[atDeliver], rules.day, false)
	p.Parcels = p.count(t[atParcels], first[atParcels], 1, 99)
	p.collect(t, first, rules)
	for at, limit := range rules.longest {
		for _, r := range rows {
			if n := wide(r[at]); n > limit {
				p.wrong("%s: %d バイト, %d まで", "%s: %d 바이트, 최대 %d", t[at], n, limit)
				break
			}
		}
	}
	return p
}

// sameParcel compares the columns that every row of an instruction repeats.
func (p *parsed) sameParcel(rows [][]string) {
	own := []int{atLine, atOrder, atSKU, atItem, atOption, atQuantity}
	for _, r := range rows[1:] {
		for at := range r {
			if r[at] != rows[0][at] && !slices.Contains(own, at) {
				p.wrong("行 %s: %d 列目が1行目と違う", "행 %s: %d열이 첫 행과 다름", r[atLine], at+1)
				return
			}
		}
	}
}

func (p *parsed) line(i int, t, r []string) int64 {
	l := Line{No: r[atLine], Order: r[atOrder], SKU: r[atSKU], Name: r[atItem]}
	if r[atLine] != strconv.Itoa(i+1) {
		p.wrong("行番号 %q, %d のはず", "행번호 %q, %d 이어야 함", r[atLine], i+1)
	}
	l.Quantity = p.count(t[atQuantity], r[atQuantity], 1, 99_999)
	if l.SKU == "" || l.Order == "" {
		p.wrong("行 %s: 注文番号または倉庫SKUが空", "행 %s: 주문번호 또는 창고SKU가 빔", r[atLine])
	}
	p.Lines = append(p.Lines, l)
	return l.Quantity
}

func (p *parsed) collect(t, r []string, rules plainRules) {
	text := r[rules.collect]
	if p.Payment != "cod" {
		if text != "" && text != "0" {
			p.wrong("代引でないのに代引金額 %s", "착불이 아닌데 착불금액 %s", text)
		}
		return
	}
	p.Collect = p.count(t[rules.collect], text, 1, 10_000_000)
	if rules.tax == 0 || r[rules.tax] == "" {
		return
	}
	if tax := p.count(t[rules.tax], r[rules.tax], 0, 10_000_000); tax > p.Collect {
		p.wrong("代引内消費税 %d が代引金額 %d より大きい", "세액 %d 이 착불금액 %d 보다 큼", tax, p.Collect)
	}
}

func (p *parsed) oneOf(name, text string, words []string) {
	if !slices.Contains(words, text) {
		p.wrong("%s %q は未登録", "%s %q 미등록", name, text)
	}
}

func (p *parsed) form(name, text string, form *regexp.Regexp) {
	if !form.MatchString(text) {
		p.wrong("%s %q の形式", "%s %q 형식 오류", name, text)
	}
}

// count reads a whole number without sign, spaces or zeros before it.
func (p *parsed) count(name, text string, least, most int64) int64 {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || strconv.FormatInt(n, 10) != text || n < least || n > most {
		p.wrong("%s %q", "%s %q", name, text)
		return 0
	}
	return n
}

// day reads a date and returns it as 2026-11-22.
func (p *parsed) day(name, text, layout string, required bool) string {
	if text == "" && !required {
		return ""
	}
	t, err := time.Parse(layout, text)
	if err != nil {
		p.wrong("%s %q", "%s %q", name, text)
		return ""
	}
	return t.Format(time.DateOnly)
}
