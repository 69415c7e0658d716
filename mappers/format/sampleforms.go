package format

import (
	"regexp"
	"strings"
	"time"
)

// sampleForms are the forms that all values of a column may have, the narrowest
// first.
var sampleForms = []struct {
	name string
	form *regexp.Regexp
}{
	{"flag", regexp.MustCompile(`^[01]$`)},
	{"Japanese postal code", regexp.MustCompile(`^\d{3}-\d{4}$`)},
	{"phone", regexp.MustCompile(`^\+?0\d{1,4}-\d{1,4}-\d{3,4}$`)},
	{"phone", regexp.MustCompile(`^0[1-9]\d{8,10}$`)},
	{"mail address", regexp.MustCompile(`^[^@\s]+@[^@\s]+\.[^@\s]+$`)},
	{"digits with zeros in front", regexp.MustCompile(`^0\d+$`)},
	{"number of ten or more digits", regexp.MustCompile(`^\d{10,}$`)},
	{"whole number", regexp.MustCompile(`^-?\d{1,9}$`)},
	{"amount", regexp.MustCompile(`^[¥￥₩]?-?\d{1,3}(,\d{3})+(円|원)?$`)},
	{"decimal", regexp.MustCompile(`^-?\d+\.\d+$`)},
	{"exponent: Excel has damaged it", regexp.MustCompile(`^\d(\.\d+)?E\+\d+$`)},
	{"code of letters, digits and hyphens", regexp.MustCompile(`^[0-9A-Za-z_-]+$`)},
}

var sampleLayouts = []string{
	"2006/01/02 15:04:05", "2006-01-02 15:04:05", "2006/01/02 15:04", "2006-01-02 15:04", "2006/1/2 15:04:05", "2006/1/2 15:04", "20060102150405",
	"2006/01/02", "2006-01-02", "2006/1/2", "2006-1-2", "20060102", "2006.01.02", "2006年1月2日", "2006年01月02日", time.RFC3339,
}

// formOf names the form that all values share. layout is that of dates.
func formOf(values []string) (form, layout string) {
	if len(values) == 0 {
		return "empty", ""
	}
	for _, l := range sampleLayouts {
		if allOf(values, func(v string) bool {
			t, err := time.Parse(l, v)
			return err == nil && t.Year() >= 2000 && t.Year() < 2100 && len(v) >= 8
		}) {
			if strings.Contains(l, "15") {
				return "date and time", l
			}
			return "date", l
		}
	}
	for _, f := range sampleForms {
		if allOf(values, f.form.MatchString) {
			return f.name, ""
		}
	}
	return "text", ""
}

func allOf(values []string, is func(string) bool) bool {
	for _, v := range values {
		if !is(v) {
			return false
		}
	}
	return true
}
