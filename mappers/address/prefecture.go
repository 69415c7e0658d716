package address

import (
	"sort"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// A Prefecture is one of Japan's 47 都道府県 or of Korea's 시도.
type Prefecture struct {
	Country string
	Code    string // JIS X 0401 for JP; the first two digits of 법정동코드 for KR
	Name    string // 東京都, 서울특별시
	Short   string // 東京, 서울
	Roman   string // Tokyo, Seoul
	Old     []string
	Into    string // code of the one that took its place while its name lives on in addresses
}

// Prefectures lists those of a country (JP, KR) in the order of their codes.
func Prefectures(country string) []Prefecture {
	switch country {
	case "JP":
		return japan
	case "KR":
		return korea
	}
	return nil
}

// FindPrefecture returns the prefecture that text names: in full, short, in
// Latin letters ("Tokyo", "Tokyo-to", "OSAKA") or by an old name.
func FindPrefecture(country, text string) (Prefecture, bool) {
	list := Prefectures(country)
	if i, ok := byName[nameKey{country, nameFold(text)}]; ok {
		return list[i], true
	}
	return Prefecture{}, false
}

type nameKey struct{ country, name string }

var byName = func() map[nameKey]int {
	m := map[nameKey]int{}
	for _, country := range [...]string{"JP", "KR"} {
		for i, p := range Prefectures(country) {
			for _, n := range p.names() {
				m[nameKey{country, nameFold(n)}] = i
			}
		}
	}
	return m
}()

func (p *Prefecture) names() []string {
	out := append([]string{p.Name, p.Short, p.Roman}, p.Old...)
	if p.Country == "JP" {
		for _, suffix := range [...]string{"-to", "-do", "-fu", "-ken", " prefecture"} {
			out = append(out, p.Roman+suffix)
		}
	}
	return out
}

// nameFold drops case, width, spaces, hyphens and the long-vowel marks of romaji.
func nameFold(s string) string {
	var b strings.Builder
	for _, r := range norm.NFKC.String(s) {
		switch r {
		case ' ', '-', '\'', '\t', '　':
			continue
		case 'ō', 'Ō':
			r = 'o'
		case 'ū', 'Ū':
			r = 'u'
		}
		b.WriteRune(r)
	}
	return strings.ToLower(b.String())
}

// cutPrefecture takes a prefecture's name off the front of an address. Short
// names are taken only where a blank follows (서울 강남구), because 東京 and 京都 also
// begin other words.
func cutPrefecture(country, s string) (Prefecture, string, bool) {
	s = strings.TrimLeft(s, " 　")
	for _, n := range fronts[country] {
		rest, ok := strings.CutPrefix(s, n.text)
		if !ok || n.blank && rest != "" && !strings.HasPrefix(rest, " ") && !strings.HasPrefix(rest, "　") {
			continue
		}
		return Prefectures(country)[n.index], strings.TrimLeft(rest, " 　"), true
	}
	return Prefecture{}, s, false
}

type front struct {
	text  string
	index int
	blank bool // must be followed by a blank
}

var fronts = func() map[string][]front {
	m := map[string][]front{}
	for _, country := range [...]string{"JP", "KR"} {
		for i, p := range Prefectures(country) {
			m[country] = append(m[country], front{p.Name, i, false})
			for _, o := range p.Old {
				m[country] = append(m[country], front{o, i, country == "KR"})
			}
			if country == "KR" {
				m[country] = append(m[country], front{p.Short, i, true})
			}
		}
		sort.SliceStable(m[country], func(i, j int) bool { return len(m[country][i].text) > len(m[country][j].text) })
	}
	return m
}()

// successor is p, or the prefecture that took its place.
func (p Prefecture) successor() Prefecture {
	for _, q := range Prefectures(p.Country) {
		if p.Into != "" && q.Code == p.Into {
			return q
		}
	}
	return p
}

func jp(code, name, roman string) Prefecture {
	short := name
	if name != "北海道" {
		for _, suffix := range [...]string{"都", "府", "県"} {
			if s, ok := strings.CutSuffix(name, suffix); ok {
				short = s
				break
			}
		}
	}
	return Prefecture{Country: "JP", Code: code, Name: name, Short: short, Roman: roman}
}

var japan = []Prefecture{
	jp("01", "北海道", "Hokkaido"),
	jp("02", "青森県", "Aomori"),
	jp("03", "岩手県", "Iwate"),
	jp("04", "宮城県", "Miyagi"),
	jp("05", "秋田県", "Akita"),
	jp("06", "山形県", "Yamagata"),
	jp("07", "福島県", "Fukushima"),
	jp("08", "茨城県", "Ibaraki"),
	jp("09", "栃木県", "Tochigi"),
	jp("10", "群馬県", "Gunma"),
	jp("11", "埼玉県", "Saitama"),
	jp("12", "千葉県", "Chiba"),
	jp("13", "東京都", "Tokyo"),
	jp("14", "神奈川県", "Kanagawa"),
	jp("15", "新潟県", "Niigata"),
	jp("16", "富山県", "Toyama"),
	jp("17", "石川県", "Ishikawa"),
	jp("18", "福井県", "Fukui"),
	jp("19", "山梨県", "Yamanashi"),
	jp("20", "長野県", "Nagano"),
	jp("21", "岐阜県", "Gifu"),
	jp("22", "静岡県", "Shizuoka"),
	jp("23", "愛知県", "Aichi"),
	jp("24", "三重県", "Mie"),
	jp("25", "滋賀県", "Shiga"),
	jp("26", "京都府", "Kyoto"),
	jp("27", "大阪府", "Osaka"),
	jp("28", "兵庫県", "Hyogo"),
	jp("29", "奈良県", "Nara"),
	jp("30", "和歌山県", "Wakayama"),
	jp("31", "鳥取県", "Tottori"),
	jp("32", "島根県", "Shimane"),
	jp("33", "岡山県", "Okayama"),
	jp("34", "広島県", "Hiroshima"),
	jp("35", "山口県", "Yamaguchi"),
	jp("36", "徳島県", "Tokushima"),
	jp("37", "香川県", "Kagawa"),
	jp("38", "愛媛県", "Ehime"),
	jp("39", "高知県", "Kochi"),
	jp("40", "福岡県", "Fukuoka"),
	jp("41", "佐賀県", "Saga"),
	jp("42", "長崎県", "Nagasaki"),
	jp("43", "熊本県", "Kumamoto"),
	jp("44", "大分県", "Oita"),
	jp("45", "宮崎県", "Miyazaki"),
	jp("46", "鹿児島県", "Kagoshima"),
	jp("47", "沖縄県", "Okinawa"),
}

func kr(code, name, short, roman string, old ...string) Prefecture {
	return Prefecture{Country: "KR", Code: code, Name: name, Short: short, Roman: roman, Old: old}
}

func into(code string, p Prefecture) Prefecture {
	p.Into = code
	return p
}

// Names in force, with those before 강원 (2023), 전북 (2024) and 제주 (2006) became
// special provinces and those before 1995. 광주 and 전남 became one on 2026-07-01;
// their names stay in address books, so they keep their rows.
var korea = []Prefecture{
	kr("11", "서울특별시", "서울", "Seoul", "서울시", "서울직할시"),
	kr("12", "전남광주통합특별시", "전남광주", "Jeonnam-Gwangju", "전남광주특별시", "광주특별시"),
	kr("26", "부산광역시", "부산", "Busan", "부산시", "부산직할시", "Pusan"),
	kr("27", "대구광역시", "대구", "Daegu", "대구시", "대구직할시", "Taegu"),
	kr("28", "인천광역시", "인천", "Incheon", "인천시", "인천직할시"),
	into("12", kr("29", "광주광역시", "광주", "Gwangju", "광주직할시")),
	kr("30", "대전광역시", "대전", "Daejeon", "대전시", "대전직할시"),
	kr("31", "울산광역시", "울산", "Ulsan", "울산시"),
	kr("36", "세종특별자치시", "세종", "Sejong", "세종시"),
	kr("41", "경기도", "경기", "Gyeonggi", "Gyeonggi-do"),
	kr("43", "충청북도", "충북", "Chungbuk", "North Chungcheong", "Chungcheongbuk-do"),
	kr("44", "충청남도", "충남", "Chungnam", "South Chungcheong", "Chungcheongnam-do"),
	into("12", kr("46", "전라남도", "전남", "Jeonnam", "South Jeolla", "Jeollanam-do")),
	kr("47", "경상북도", "경북", "Gyeongbuk", "North Gyeongsang", "Gyeongsangbuk-do"),
	kr("48", "경상남도", "경남", "Gyeongnam", "South Gyeongsang", "Gyeongsangnam-do"),
	kr("50", "제주특별자치도", "제주", "Jeju", "제주도", "Jeju-do"),
	kr("51", "강원특별자치도", "강원", "Gangwon", "강원도", "Gangwon-do"),
	kr("52", "전북특별자치도", "전북", "Jeonbuk", "전라북도", "North Jeolla", "Jeollabuk-do"),
}
