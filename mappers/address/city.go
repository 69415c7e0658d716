package address

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// SplitPrefecture takes the prefecture off the front of an address. ok is false
// if it begins with none; rest is then the whole address.
func SplitPrefecture(country, s string) (prefecture, rest string, ok bool) {
	p, rest, ok := cutPrefecture(country, s)
	return p.Name, rest, ok
}

// SplitPrefectureCity divides an address in prefecture (as today's full name),
// city (市区町村 with its 郡 or ward; 시군구) and the rest. An empty prefecture or city
// was not found; ok tells that both were. The address may begin with its city.
//
// Japanese cities are found by the form of their names, with a table of those
// that have one of the letters 市区町村郡 inside (四日市市, 余市郡余市町).
func SplitPrefectureCity(country, s string) (prefecture, city, rest string, ok bool) {
	p, rest, found := cutPrefecture(country, s)
	switch country {
	case "JP":
		city, rest = cutCityJP(p.Name, rest)
	case "KR":
		city, rest = cutCityKR(rest)
		if p.Code == "36" { // 세종 has no 시군구
			return p.Name, city, rest, true
		}
	}
	return p.Name, city, rest, found && city != ""
}

// odd lists the municipalities and districts of Japan whose names have 市, 区, 町,
// 村 or 郡 before their last letter, also some that were merged since but still
// stand in address books.
var odd = func() []string {
	list := []string{
		"四日市市", "廿日市市", "野々市市", "八日市市", "八日市場市", "今市市", "五日市町",
		"市川市", "市原市", "町田市", "大町市", "十日町市", "村上市", "村山市", "東村山市", "武蔵村山市", "羽村市", "田村市",
		"大村市", "中村市", "郡山市", "大和郡山市", "郡上市", "小郡市", "蒲郡市",
		"余市町", "市貝町", "上市町", "下市町", "市川町", "市川三郷町", "市島町", "玉村町", "村田町", "大町町", "上郡町", "村岡町", "町村",
	}
	// longest first, so that 市川三郷町 is not read as 市川
	slices.SortStableFunc(list, func(a, b string) int { return len(b) - len(a) })
	return list
}()

var oddDistricts = []string{"余市郡", "高市郡", "東村山郡", "西村山郡", "北村山郡", "田村郡"}

// wardCities are the designated cities: their wards belong to the city part.
var wardCities = []string{
	"札幌市", "仙台市", "さいたま市", "千葉市", "横浜市", "川崎市", "相模原市", "新潟市", "静岡市", "浜松市", "名古屋市",
	"京都市", "大阪市", "堺市", "神戸市", "岡山市", "広島市", "北九州市", "福岡市", "熊本市",
}

func cutCityJP(prefecture, s string) (city, rest string) {
	if district := cutDistrict(s); district != "" {
		if town := municipality(s[len(district):], "町村"); town != "" {
			n := len(district) + len(town)
			return s[:n], strings.TrimLeft(s[n:], " 　")
		}
	}
	letters := "市町村"
	if prefecture == "東京都" {
		letters = "市区町村"
	}
	city = municipality(s, letters)
	if slices.Contains(wardCities, city) {
		city += municipalityWithin(s[len(city):], "区", 6)
	}
	return city, strings.TrimLeft(s[len(city):], " 　")
}

// cutDistrict returns a leading 郡 of at most four letters and 郡.
func cutDistrict(s string) string {
	for _, d := range oddDistricts {
		if strings.HasPrefix(s, d) {
			return d
		}
	}
	for _, o := range odd {
		if strings.HasPrefix(s, o) {
			return ""
		}
	}
	n := 0
	for i, r := range s {
		if r == '郡' && n > 0 {
			return s[:i+len("郡")]
		}
		if n++; n > 4 || strings.ContainsRune("市区町村", r) {
			return ""
		}
	}
	return ""
}

func municipality(s, letters string) string {
	for _, o := range odd {
		if strings.HasPrefix(s, o) {
			last, _ := utf8.DecodeLastRuneInString(o)
			if strings.ContainsRune(letters, last) {
				return o
			}
		}
	}
	return municipalityWithin(s, letters, 7)
}

// municipalityWithin returns the front of s up to the first of letters, which is
// at least the second and at most the limit-th letter. Digits end the search: they are
// the street's.
func municipalityWithin(s, letters string, limit int) string {
	n := 0
	for i, r := range s {
		if n > 0 && strings.ContainsRune(letters, r) {
			return s[:i+utf8.RuneLen(r)]
		}
		if n++; n >= limit || r < 0x80 || r >= '０' && r <= '９' {
			return ""
		}
	}
	return ""
}

// cutCityKR takes 시, 군 or 구 words off the front: 성남시 분당구, 강남구, 양평군.
func cutCityKR(s string) (city, rest string) {
	word, tail := firstWord(s)
	if !strings.HasSuffix(word, "시") && !strings.HasSuffix(word, "군") && !strings.HasSuffix(word, "구") || utf8.RuneCountInString(word) < 2 {
		return "", s
	}
	if strings.HasSuffix(word, "시") {
		if ward, more := firstWord(tail); strings.HasSuffix(ward, "구") && utf8.RuneCountInString(ward) >= 2 {
			return word + " " + ward, more
		}
	}
	return word, tail
}

func firstWord(s string) (word, rest string) {
	s = strings.TrimLeft(s, " 　")
	if i := strings.IndexAny(s, " 　"); i >= 0 {
		return s[:i], strings.TrimLeft(s[i:], " 　")
	}
	return s, ""
}
