package format

import (
	"bytes"
	"strconv"
	"time"

	"github.com/mallbridge/mallbridge/mappers/sheet"
	"github.com/mallbridge/mallbridge/order"
)

// date appends 2006-01-02, or an RFC 3339 instant for typeDateTime.
func (v *valueRule) date(dst, b []byte, m sheet.Marks) ([]byte, *fault) {
	if m&sheet.Number != 0 {
		return v.serial(dst, b)
	}
	t, hasTime, ok := v.parse(b)
	if !ok {
		return dst, &fault{order.RefusedType, "a date is expected" + v.wanted()}
	}
	if v.typ == typeDate {
		return appendDay(dst, t.year, t.month, t.day), nil
	}
	_ = hasTime
	return v.instant(dst, t), nil
}

func (v *valueRule) wanted() string {
	if len(v.layouts) == 0 {
		return " such as 2026-11-22 or 2026/11/22 09:05:00"
	}
	return " in the form " + v.layouts[0]
}

// A civil is a day and a time of day, with an offset where the text has one.
type civil struct {
	year, month, day, hour, minute, second int
	zoned                                  bool
	offset                                 int // seconds east
}

// parse reads a date by the rule's layouts, or in any usual form where it has
// none.
func (v *valueRule) parse(b []byte) (c civil, hasTime, ok bool) {
	if len(v.layouts) == 0 {
		return parseCivil(b)
	}
	// A workbook's date cell comes in one form whatever the layout.
	if c, hasTime, ok = parseCivil(b); ok && len(b) >= 10 && b[4] == '-' && v.fits(b) {
		return c, hasTime, true
	}
	for _, l := range v.layouts {
		t, err := time.ParseInLocation(l, string(narrow(b)), v.zone)
		if err != nil {
			continue
		}
		y, mo, d := t.Date()
		h, mi, s := t.Clock()
		_, off := t.Zone()
		return civil{y, int(mo), d, h, mi, s, true, off}, true, true
	}
	return civil{}, false, false
}

func (v *valueRule) fits(b []byte) bool {
	for _, l := range v.layouts {
		if len(l) == len(b) && len(l) >= 10 && l[:10] == time.DateOnly {
			return true
		}
	}
	return false
}

// parseCivil reads 2026-11-22, 2026/1/5, 2026.11.22, 20261122, 2026年11月22日 or
// 2026년 11월 22일, alone or followed by a time: 9:05, 09:05:00, T09:05:00+09:00,
// or six digits directly. An offset may stand after a space: 09:05:00 +0900.
func parseCivil(b []byte) (c civil, hasTime, ok bool) {
	if len(b) >= 8 && allDigits(b[:8]) {
		c.year, c.month, c.day = number(b[:4]), number(b[4:6]), number(b[6:8])
		b = b[8:]
	} else {
		p := civilParser{b: b}
		c.year = p.int(4, 4)
		p.sep("-", "/", ".", "年", "년")
		c.month = p.int(1, 2)
		p.sep("-", "/", ".", "月", "월")
		c.day = p.int(1, 2)
		p.opt("日", "일", ".")
		if p.bad {
			return c, false, false
		}
		b = p.b
	}
	if c.year < 1900 || c.month < 1 || c.month > 12 || c.day < 1 || c.day > daysIn(c.year, c.month) {
		return c, false, false
	}
	if len(b) == 0 {
		return c, false, true
	}
	ok = c.clock(b)
	return c, true, ok
}

func (c *civil) clock(b []byte) bool {
	p := civilParser{b: b}
	if isDigit(b[0]) && len(b) == 6 && allDigits(b) {
		c.hour, c.minute, c.second = number(b[:2]), number(b[2:4]), number(b[4:])
		return c.hour < 24 && c.minute < 60 && c.second < 60
	}
	if b[0] == 'T' {
		p.b = b[1:]
	} else if p.b = trim(b); len(p.b) == len(b) {
		return false
	}
	c.hour = p.int(1, 2)
	p.sep(":", "時", "시")
	c.minute = p.int(1, 2)
	p.opt("分", "분")
	if p.opt(":") {
		c.second = p.int(1, 2)
		if p.opt(".") {
			p.int(1, 9)
		}
	}
	p.zone(c)
	return !p.bad && len(p.b) == 0 && c.hour < 24 && c.minute < 60 && c.second < 60
}

type civilParser struct {
	b   []byte
	bad bool
}

func (p *civilParser) int(least, most int) int {
	n := 0
	i := 0
	for i < len(p.b) && i < most && isDigit(p.b[i]) {
		n = n*10 + int(p.b[i]-'0')
		i++
	}
	p.bad = p.bad || i < least
	p.b = p.b[i:]
	return n
}

func (p *civilParser) opt(texts ...string) bool {
	for _, t := range texts {
		if len(p.b) >= len(t) && string(p.b[:len(t)]) == t {
			p.b = p.b[len(t):]
			if t[0] >= 0x80 || t == "." {
				for len(p.b) > 1 && p.b[0] == ' ' && isDigit(p.b[1]) && t != "日" && t != "일" && t != "." {
					p.b = p.b[1:]
				}
			}
			return true
		}
	}
	return false
}

func (p *civilParser) sep(texts ...string) { p.bad = !p.opt(texts...) || p.bad }

func (p *civilParser) zone(c *civil) {
	if p.bad || len(p.b) == 0 {
		return
	}
	if len(p.b) > 1 && p.b[0] == ' ' && (p.b[1] == '+' || p.b[1] == '-') {
		p.b = p.b[1:]
	}
	if p.opt("Z") {
		c.zoned = true
		return
	}
	sign := 1
	switch p.b[0] {
	case '-':
		sign = -1
	case '+':
	default:
		p.bad = true
		return
	}
	p.b = p.b[1:]
	h := p.int(2, 2)
	p.opt(":")
	m := p.int(2, 2)
	c.zoned, c.offset = true, sign*(h*3600+m*60)
	p.bad = p.bad || h > 14 || m > 59
}

func number(b []byte) int {
	n := 0
	for _, c := range b {
		n = n*10 + int(c-'0')
	}
	return n
}

func daysIn(year, month int) int {
	switch month {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}

func appendDay(dst []byte, y, m, d int) []byte {
	return append(dst, byte('0'+y/1000%10), byte('0'+y/100%10), byte('0'+y/10%10), byte('0'+y%10), '-',
		byte('0'+m/10), byte('0'+m%10), '-', byte('0'+d/10), byte('0'+d%10))
}

func appendClock(dst []byte, h, m, s int) []byte {
	return append(dst, byte('0'+h/10), byte('0'+h%10), ':', byte('0'+m/10), byte('0'+m%10), ':', byte('0'+s/10), byte('0'+s%10))
}

func (v *valueRule) instant(dst []byte, c civil) []byte {
	off := c.offset
	if !c.zoned {
		off = v.offset(c)
	}
	dst = appendDay(dst, c.year, c.month, c.day)
	dst = append(dst, 'T')
	dst = appendClock(dst, c.hour, c.minute, c.second)
	if off == 0 {
		return append(dst, 'Z')
	}
	sign := byte('+')
	if off < 0 {
		sign, off = '-', -off
	}
	h, m := off/3600, off%3600/60
	return append(dst, sign, byte('0'+h/10), byte('0'+h%10), ':', byte('0'+m/10), byte('0'+m%10))
}

func (v *valueRule) offset(c civil) int {
	switch v.zone.String() {
	case "Asia/Tokyo", "Asia/Seoul":
		if c.year > 1990 { // neither has had summer time since
			return 9 * 3600
		}
	case "UTC":
		return 0
	}
	_, off := time.Date(c.year, time.Month(c.month), c.day, c.hour, c.minute, c.second, 0, v.zone).Zone()
	return off
}

// serial reads a date that a workbook holds as a plain number: days since the end
// of 1899. A number of eight digits is a day written as 20261122.
func (v *valueRule) serial(dst, b []byte) ([]byte, *fault) {
	if len(b) == 8 && allDigits(b) {
		if c, _, ok := parseCivil(b); ok {
			if v.typ == typeDate {
				return appendDay(dst, c.year, c.month, c.day), nil
			}
			return v.instant(dst, c), nil
		}
	}
	days, err := strconv.ParseFloat(string(b), 64)
	if err != nil || days < 36526 || days > 73050 { // 2000 to 2099
		return dst, &fault{order.RefusedType, "a date is expected, not the number " + string(b)}
	}
	t := time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC).Add(time.Duration(days*86400+0.5) * time.Second)
	y, mo, d := t.Date()
	h, mi, s := t.Clock()
	if v.typ == typeDate {
		return appendDay(dst, y, int(mo), d), nil
	}
	return v.instant(dst, civil{y, int(mo), d, h, mi, s, false, 0}), nil
}

// A dateLayout writes canonical dates in another form.
type dateLayout struct {
	layout string
	parts  []layoutPart // nil where the layout has more than digits
}

type layoutPart struct {
	text     string
	from, to int // of the canonical text, where text is empty
}

var layoutUnits = []struct {
	unit     string
	from, to int
}{{"2006", 0, 4}, {"01", 5, 7}, {"02", 8, 10}, {"15", 11, 13}, {"04", 14, 16}, {"05", 17, 19}}

func newDateLayout(layout string) *dateLayout {
	d := &dateLayout{layout: layout}
	for rest := layout; rest != ""; {
		matched := false
		for _, u := range layoutUnits {
			if len(rest) >= len(u.unit) && rest[:len(u.unit)] == u.unit {
				d.parts = append(d.parts, layoutPart{from: u.from, to: u.to})
				rest, matched = rest[len(u.unit):], true
				break
			}
		}
		if matched {
			continue
		}
		if c := rest[0]; isDigit(c) || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c == '_' {
			return &dateLayout{layout: layout}
		}
		d.parts = append(d.parts, layoutPart{text: rest[:1]})
		rest = rest[1:]
	}
	return d
}

// append writes s, a canonical date or instant, in the layout. An instant is
// shown in zone.
func (d *dateLayout) append(dst []byte, s string, zone *time.Location) ([]byte, bool) {
	if len(s) < 10 || s[4] != '-' {
		return dst, false
	}
	if d.parts == nil || len(s) > 19 && !sameOffset(s, zone) {
		t, ok := canonicalTime(s, zone)
		if !ok {
			return dst, false
		}
		return t.AppendFormat(dst, d.layout), true
	}
	for _, p := range d.parts {
		switch {
		case p.text != "":
			dst = append(dst, p.text...)
		case p.to <= len(s):
			dst = append(dst, s[p.from:p.to]...)
		default:
			dst = append(dst, '0', '0') // a day without a time
		}
	}
	return dst, true
}

func sameOffset(s string, zone *time.Location) bool {
	switch zone.String() {
	case "Asia/Tokyo", "Asia/Seoul":
		return s[19:] == "+09:00"
	}
	return false
}

func canonicalTime(s string, zone *time.Location) (time.Time, bool) {
	if len(s) == 10 {
		t, err := time.ParseInLocation(time.DateOnly, s, zone)
		return t, err == nil
	}
	t, err := time.Parse(time.RFC3339, s)
	return t.In(zone), err == nil
}

var _ = bytes.Equal
