package console

import (
	"fmt"
	"strings"
	"time"

	"github.com/mallbridge/mallbridge/configs"
	"github.com/mallbridge/mallbridge/order"
)

// How people with a language write days: year first in Japanese and Korean, the month
// by its name in English, so that no two numbers can be taken for each other.
var dayForms = map[string]struct{ day, short string }{
	"ja": {"2006/01/02", "01/02"},
	"ko": {"2006. 01. 02.", "01. 02."},
	"en": {"2 Jan 2006", "2 Jan"},
}

func dayForm(lang string) struct{ day, short string } {
	if f, ok := dayForms[lang]; ok {
		return f
	}
	return dayForms["en"]
}

// count writes a whole number with its thousands marked, as all three languages do.
// What is no number stays.
func count(n any) string {
	s := fmt.Sprint(n)
	if strings.Trim(strings.TrimPrefix(s, "-"), "0123456789") != "" {
		return s
	}
	return grouped(s)
}

func grouped(digits string) string {
	sign := ""
	if strings.HasPrefix(digits, "-") || strings.HasPrefix(digits, "+") {
		sign, digits = digits[:1], digits[1:]
	}
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return sign + digits
}

// signs of currencies, and what one writes behind an amount in the country's own language.
var (
	signs = map[string]string{"JPY": "¥", "KRW": "₩", "USD": "$", "EUR": "€", "GBP": "£"}
	units = map[string]string{"ja JPY": "円", "ko KRW": "원"}
)

// money writes an amount with its currency.
func money(lang string, units64 int64, currency string) string {
	whole, part, broken := strings.Cut(order.Money{Units: units64, Currency: currency}.Decimal(), ".")
	s := grouped(whole)
	if broken {
		s += "." + part
	}
	if u, ok := units[lang+" "+currency]; ok {
		return s + u
	}
	minus := ""
	if strings.HasPrefix(s, "-") {
		minus, s = "-", s[1:]
	}
	switch sign, ok := signs[currency]; {
	case ok:
		return minus + sign + s
	case currency != "":
		return minus + s + " " + currency
	}
	return minus + s
}

// local writes a moment in the zone of the workspace; nothing if it is not known.
func local(lang string, ws *configs.Workspace, at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return at.In(zone(ws)).Format(dayForm(lang).day + " 15:04:05")
}

// shortTime writes a moment of today as a time of day, others with their day.
func shortTime(lang string, ws *configs.Workspace, now, at time.Time) string {
	if at.IsZero() {
		return "–"
	}
	in := zone(ws)
	if a, b := at.In(in), now.In(in); a.Format(time.DateOnly) == b.Format(time.DateOnly) {
		return a.Format("15:04")
	}
	return at.In(in).Format(dayForm(lang).short + " 15:04")
}

// day writes a day, or a text that begins with one, with or without the time of day;
// what is none stays.
func day(lang string, text any) string {
	s := fmt.Sprint(text)
	if len(s) < len(time.DateOnly) {
		return s
	}
	at, err := time.Parse(time.DateOnly, s[:len(time.DateOnly)])
	if err != nil {
		return s
	}
	return at.Format(dayForm(lang).day) + s[len(time.DateOnly):]
}
