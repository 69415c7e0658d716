package order

import (
	"fmt"
	"strconv"
	"strings"
)

// Money is an exact amount in the smallest unit of its currency: yen, won, cents.
type Money struct {
	Units    int64
	Currency string // ISO 4217
}

// Decimals tells how many digits follow the decimal point in a currency.
func Decimals(currency string) int {
	switch currency {
	case "", "JPY", "KRW", "VND", "CLP":
		return 0
	case "BHD", "KWD", "OMR", "JOD", "TND":
		return 3
	}
	return 2
}

// ParseMoney reads an amount written for people: digits with optional
// thousands commas, sign, currency mark (¥ ￥ ₩ ￦ $ 円 원) and as many decimals as the
// currency has; further decimals must be zeros. Nothing is rounded.
func ParseMoney(text, currency string) (Money, error) {
	s := strings.TrimSpace(text)
	for _, mark := range [...]string{"¥", "￥", "₩", "￦", "$", "円", "원"} {
		s = strings.TrimSuffix(strings.TrimPrefix(s, mark), mark)
	}
	s = strings.TrimSpace(s)
	neg := strings.HasPrefix(s, "-")
	s = strings.TrimPrefix(strings.TrimPrefix(s, "-"), "+")
	whole, frac, _ := strings.Cut(s, ".")
	if strings.Contains(whole, ",") {
		parts := strings.Split(whole, ",")
		for i, p := range parts {
			if (i > 0 && len(p) != 3) || p == "" || len(p) > 3 {
				return Money{}, fmt.Errorf("amount %q: thousands are not grouped by three", text)
			}
		}
		whole = strings.Join(parts, "")
	}
	if whole == "" {
		return Money{}, fmt.Errorf("amount %q is not a number", text)
	}
	n := Decimals(currency)
	if trimmed := strings.TrimRight(frac, "0"); len(trimmed) > n {
		return Money{}, fmt.Errorf("amount %q has more decimals than %s", text, currency)
	} else {
		frac = trimmed + strings.Repeat("0", n-len(trimmed))
	}
	for _, c := range whole + frac {
		if c < '0' || c > '9' {
			return Money{}, fmt.Errorf("amount %q is not a number", text)
		}
	}
	u, err := strconv.ParseInt(whole+frac, 10, 64)
	if err != nil {
		return Money{}, fmt.Errorf("amount %q is out of range", text)
	}
	if neg {
		u = -u
	}
	return Money{Units: u, Currency: currency}, nil
}

// Decimal writes the amount without currency or thousands marks: "1080", "12.50".
func (m Money) Decimal() string {
	n := Decimals(m.Currency)
	if n == 0 {
		return strconv.FormatInt(m.Units, 10)
	}
	sign, u := "", m.Units
	if u < 0 {
		sign, u = "-", -u
	}
	s := strconv.FormatInt(u, 10)
	if len(s) <= n {
		s = strings.Repeat("0", n+1-len(s)) + s
	}
	return sign + s[:len(s)-n] + "." + s[len(s)-n:]
}

func (m Money) String() string { return m.Decimal() + " " + m.Currency }
