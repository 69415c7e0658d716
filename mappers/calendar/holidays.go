package calendar

import (
	_ "embed"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/mallbridge/mallbridge/order"
)

// A Holiday is a day on which nothing leaves, with its name.
type Holiday struct {
	Date order.Date
	Name string
}

// The public holidays of 2026 and 2027: Japan's by the Act on National Holidays
// and the Cabinet Office's list for the equinoxes; Korea's by the Public Holidays
// Act with its substitute days and the election day of 2026-06-03. Both
// governments change them, also during a year: users keep their own file
// (masters/holidays.csv) up to date, and it goes before these.
var (
	//go:embed holidays_jp.csv
	holidaysJP string
	//go:embed holidays_kr.csv
	holidaysKR string
)

// PublicHolidays returns the public holidays that the program knows of a
// country (JP or KR), by day. ok is false for another country.
func PublicHolidays(country string) (list []Holiday, ok bool) {
	var text string
	switch country {
	case "JP":
		text = holidaysJP
	case "KR":
		text = holidaysKR
	default:
		return nil, false
	}
	list, findings := ParseHolidays(strings.NewReader(text))
	return list, len(findings) == 0
}

// A Finding is one fault in a holiday file.
type Finding struct {
	Line   int
	Column string
	Value  string
	Why    string
	Hint   string
}

// ParseHolidays reads a holiday file: UTF-8 CSV with a header of two columns or
// more, of which the first is the date (2026-11-23, or 2026/11/23 as in the
// Cabinet Office's syukujitsu.csv) and the second the name. It returns the rows
// without findings too.
func ParseHolidays(r io.Reader) ([]Holiday, []Finding) {
	in := csv.NewReader(r)
	in.FieldsPerRecord = -1
	var list []Holiday
	var all []Finding
	seen := map[order.Date]int{}
	for first := true; ; first = false {
		record, err := in.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			var pe *csv.ParseError
			line := 0
			if errors.As(err, &pe) {
				line, err = pe.Line, pe.Err
			}
			return list, append(all, Finding{Line: line, Why: err.Error(), Hint: "save the file as CSV again"})
		}
		line, _ := in.FieldPos(0)
		text := strings.TrimSpace(strings.TrimPrefix(record[0], "\ufeff"))
		date, ok := parseDate(text)
		switch {
		case ok && seen[date] > 0:
			all = append(all, Finding{line, "date", text, fmt.Sprintf("is in line %d already", seen[date]), "keep one of the two lines"})
		case ok:
			seen[date] = line
			h := Holiday{Date: date}
			if len(record) > 1 {
				h.Name = strings.TrimSpace(record[1])
			}
			list = append(list, h)
		case !first && !(len(record) == 1 && text == ""):
			all = append(all, Finding{line, "date", text, "is not a date", "write 2026-11-23"})
		}
	}
	return list, all
}

func parseDate(s string) (order.Date, bool) {
	for _, layout := range [...]string{time.DateOnly, "2006/1/2"} {
		if t, err := time.Parse(layout, s); err == nil {
			return order.DateOf(t), true
		}
	}
	return "", false
}
