package warehouse

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// b2Columns is how many columns the basic layout of Yamato B2 Cloud has.
const b2Columns = 97

// Positions in the basic layout, from 0.
const (
	b2Number, b2Kind, b2Cool, b2Slip, b2Ship, b2Deliver, b2Band = 0, 1, 2, 3, 4, 5, 6
	b2Phone, b2Postal, b2Address, b2Building, b2Name            = 8, 10, 11, 12, 15
	b2FromPhone, b2FromPostal, b2FromAddress, b2FromName        = 19, 21, 22, 24
	b2SKU, b2Item, b2Note, b2Collect, b2Tax, b2Parcels          = 26, 27, 32, 33, 34, 37
	b2Billing, b2Freight                                        = 39, 41
)

var (
	b2Kinds  = []string{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "A"}
	b2Bands  = []string{"", "0812", "1416", "1618", "1820", "1921"}
	b2Plus   = []string{"0010", "0017"} // タイム only
	b2Code   = regexp.MustCompile(`^[0-9A-Za-z-]{1,50}$`)
	b2Tel    = regexp.MustCompile(`^[0-9-]{1,15}$`)
	b2Zip    = regexp.MustCompile(`^\d{3}-?\d{4}$`)
	b2Bill   = regexp.MustCompile(`^\d{1,12}$`)
	b2Two    = regexp.MustCompile(`^\d{1,2}$`)
	b2Widths = map[int]int{b2Address: 64, b2Building: 32, 13: 50, 14: 50, b2Name: 32, b2FromAddress: 64, 23: 32, b2FromName: 32, b2SKU: 30, b2Item: 50, 29: 50, b2Note: 44}
)

// parseB2 reads the basic layout as the import of B2 Cloud does: by position,
// from line 2, each row by itself.
func parseB2(data []byte) ([]parsed, error) {
	rows, err := records(B2, data, b2Columns)
	if err != nil {
		return numbersOf(rows), err
	}
	if rows[0][b2Number] != "お客様管理番号" {
		return nil, fmt.Errorf("取込み開始行 is 2 and line 1 is no header: %q", rows[0][b2Number])
	}
	var out []parsed
	seen := map[string]bool{}
	for _, r := range rows[1:] {
		p := b2Instruction(r)
		if seen[p.Number] {
			p.b2("お客様管理番号 %s が重複", p.Number)
		}
		seen[p.Number] = true
		out = append(out, p)
	}
	if len(out) == 0 {
		return nil, errors.New("the file has no rows")
	}
	return out, nil
}

func b2Instruction(r []string) parsed {
	kind := r[b2Kind]
	p := parsed{Instruction: Instruction{
		Number: r[b2Number], Carrier: "yamato", Service: kind, Temperature: r[b2Cool], TimeBand: r[b2Band], Payment: "prepaid", Name: r[b2Name],
		Postal: r[b2Postal], Address: r[b2Address] + r[b2Building], Phone: r[b2Phone], Note: r[b2Note], Parcels: 1,
		Lines: []Line{{No: "1", SKU: r[b2SKU], Name: r[b2Item], Quantity: 1}},
	}}
	p.form("お客様管理番号", p.Number, b2Code)
	p.oneOf("送り状種類", kind, b2Kinds)
	p.oneOf("クール区分", p.Temperature, []string{"", "0", "1", "2"})
	if r[b2Slip] != "" {
		p.b2("伝票番号 %q は空欄のこと", r[b2Slip])
	}
	switch kind {
	case "4":
		p.oneOf("配達時間帯", p.TimeBand, b2Plus)
	case "3":
		p.oneOf("配達時間帯", p.TimeBand, []string{""})
	default:
		p.oneOf("配達時間帯", p.TimeBand, b2Bands)
	}
	p.ShipOn = p.day("出荷予定日", r[b2Ship], "2006/01/02", true)
	if r[b2Deliver] != "最短日" {
		p.DeliverOn = p.day("お届け予定日", r[b2Deliver], "2006/01/02", false)
	}
	p.form("お届け先電話番号", p.Phone, b2Tel)
	p.form("お届け先郵便番号", p.Postal, b2Zip)
	if r[b2Address] == "" || p.Name == "" {
		p.b2("お届け先住所またはお届け先名が空")
	}
	if kind != "3" {
		p.form("ご依頼主電話番号", r[b2FromPhone], b2Tel)
		p.form("ご依頼主郵便番号", r[b2FromPostal], b2Zip)
		p.form("運賃管理番号", r[b2Freight], b2Two)
		if r[b2FromAddress] == "" || r[b2FromName] == "" || r[b2Item] == "" {
			p.b2("ご依頼主住所・ご依頼主名・品名１のいずれかが空")
		}
	}
	if kind != "5" {
		p.form("請求先顧客コード", r[b2Billing], b2Bill)
	}
	p.b2Collect(kind, r)
	if r[b2Parcels] != "" {
		p.Parcels = p.count("発行枚数", r[b2Parcels], 1, 99)
		if kind != "0" && p.Parcels > 1 {
			p.b2("発行枚数 %d は送り状種類 0 のみ", p.Parcels)
		}
	}
	for at, limit := range b2Widths {
		if n := wide(r[at]); n > limit {
			p.b2("%d 列目: %d バイト, %d まで", at+1, n, limit)
		}
	}
	for at, s := range r {
		if i := strings.IndexFunc(s, b2Refuses); i >= 0 {
			p.b2("%d 列目: 使えない文字 %q", at+1, []rune(s[i:])[0])
		}
	}
	return p
}

func (p *parsed) b2Collect(kind string, r []string) {
	if kind != "2" && kind != "9" {
		if r[b2Collect] != "" {
			p.b2("代引でないのに代金引換額 %s", r[b2Collect])
		}
		return
	}
	most := int64(300_000)
	if kind == "9" {
		most = 30_000
	}
	p.Payment = "cod"
	p.Collect = p.count("代金引換額", r[b2Collect], 1, most)
	if tax := p.count("内消費税額等", r[b2Tax], 0, most); tax > p.Collect {
		p.b2("内消費税額等 %d が代金引換額より大きい", tax)
	}
}

func (p *parsed) b2(format string, args ...any) { p.wrong(format, format, args...) }

// b2Refuses names the enclosed characters, units and Roman numerals that B2 is
// reported to refuse.
func b2Refuses(c rune) bool {
	for _, r := range [...][2]rune{{0x2116, 0x2116}, {0x2121, 0x2121}, {0x2160, 0x217f}, {0x2460, 0x24ff}, {0x3220, 0x3243}, {0x3280, 0x32ff}, {0x3300, 0x33ff}} {
		if c >= r[0] && c <= r[1] {
			return true
		}
	}
	return false
}
