package coupang

import (
	"regexp"
	"strings"
)

// A courier is one deliveryCompanyCode.
type courier struct {
	name string         // as order sheets print it
	form *regexp.Regexp // of its tracking numbers; nil: digits
}

func digits(name, lengths string) courier {
	if lengths == "" {
		return courier{name: name, form: regexp.MustCompile(`^\d+$`)}
	}
	var parts []string
	for _, n := range strings.Fields(lengths) {
		parts = append(parts, `\d{`+n+`}`)
	}
	return courier{name: name, form: regexp.MustCompile(`^(` + strings.Join(parts, "|") + `)$`)}
}

// couriers holds the couriers that sellers use, with the mall's own length
// checks. Codes of the mall's table that are not here are taken with any number;
// those that it discontinued are refused.
var couriers = map[string]courier{
	"CJGLS":      digits("CJ 대한통운", "10 12"),
	"HANJIN":     digits("한진택배", "10 12"),
	"HYUNDAI":    digits("롯데택배", "10 12 13"),
	"KGB":        digits("로젠택배", "10 11"),
	"EPOST":      digits("우체국", "13"),
	"REGISTPOST": digits("우편등기", "13"),
	"EMS":        {name: "우체국 EMS", form: regexp.MustCompile(`^(\d{13}|[A-Z]{2}\d{9}[A-Z]{2})$`)},
	"KDEXP":      digits("경동택배", "8,16"),
	"DAESIN":     digits("대신택배", "13"),
	"ILYANG":     digits("일양택배", "8,16"),
	"CHUNIL":     digits("천일특송", "11"),
	"HDEXP":      digits("합동택배", "8,16"),
	"KUNYOUNG":   digits("건영택배", "10"),
	"CVS":        digits("CVS택배", "10 12"),
	"QXPRESS":    digits("큐익스프레스", "10 12"),
	"DHL":        digits("DHL", "10 13 20"),
	"UPS":        digits("UPS", "18 9"),
	"FEDEX":      digits("FEDEX", "12 15"),
	"DIRECT":     digits("업체직송", ""),
}

// others are further codes of the table, and the names they print.
var others = map[string]string{
	"LOTTEGLOBAL": "롯데글로벌", "KOREXG": "CJ대한통운특", "SLX": "SLX택배", "HONAM": "우리택배", "BGF": "BGF포스트", "NHLOGIS": "농협택배",
	"HOMEPICK": "홈픽택배", "TODAY": "투데이", "TEAMFRESH": "팀프레시", "FRESHSOLUTIONS": "프레시솔루션", "KURLYNEXTMILE": "컬리넥스트마일",
	"VROONG": "부릉", "PANTOS": "범한판토스", "USPS": "USPS", "TNT": "TNT", "ARGO": "아르고", "YONGMA": "용마로지스", "SEBANG": "세방택배",
}

// lookupCourier returns the courier of a code that may be used today.
func lookupCourier(code string) (courier, bool) {
	if c, ok := couriers[code]; ok {
		return c, true
	}
	name, ok := others[code]
	return courier{name: name}, ok
}

var onlyDigits = regexp.MustCompile(`^\d+$`)
