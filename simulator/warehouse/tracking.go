package warehouse

import "fmt"

// tracking makes the n-th number of a carrier: twelve digits of which the last is
// the first eleven modulo seven, as Yamato, Sagawa and CJ Logistics print them.
func tracking(carrier string, n int64) string {
	lead := map[string]int64{"yamato": 400, "sagawa": 500, "japanpost": 600, "cj": 680, "hanjin": 510, "lotte": 230, "logen": 900}[carrier]
	if lead == 0 {
		lead = 100
	}
	body := lead*100_000_000 + n%100_000_000
	return fmt.Sprintf("%011d%d", body, body%7)
}

// CheckDigit reports whether a number has twelve digits and the check digit that
// the first eleven ask for.
func CheckDigit(number string) bool {
	if len(number) != 12 {
		return false
	}
	var body int64
	for _, c := range number[:11] {
		if c < '0' || c > '9' {
			return false
		}
		body = body*10 + int64(c-'0')
	}
	return int64(number[11]-'0') == body%7
}
