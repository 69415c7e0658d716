package workbook

import (
	"math"
	"strconv"
	"time"
)

// Civil is a date and time of day without a zone, to the second. A cell that
// holds only a time of day has year, month and day 0.
type Civil struct {
	Year                             int16
	Month, Day, Hour, Minute, Second uint8
}

// In returns the instant of c in loc. For a time of day alone the date is
// the first day of year 1.
func (c Civil) In(loc *time.Location) time.Time {
	if !c.HasDate() {
		return time.Date(1, 1, 1, int(c.Hour), int(c.Minute), int(c.Second), 0, loc)
	}
	return time.Date(int(c.Year), time.Month(c.Month), int(c.Day), int(c.Hour), int(c.Minute), int(c.Second), 0, loc)
}

// CivilOf returns the civil time that t shows in its own zone.
func CivilOf(t time.Time) Civil {
	return Civil{
		int16(t.Year()), uint8(t.Month()), uint8(t.Day()),
		uint8(t.Hour()), uint8(t.Minute()), uint8(t.Second()),
	}
}

// HasDate reports whether c has a date, not only a time of day.
func (c Civil) HasDate() bool { return c.Month != 0 }

func (c Civil) hasClock() bool { return c.Hour != 0 || c.Minute != 0 || c.Second != 0 }

// String returns 2026-07-15, 2026-07-15 20:09:00 or, without a date,
// 20:09:00. A date at midnight shows no time.
func (c Civil) String() string { return string(c.append(nil)) }

func (c Civil) append(dst []byte) []byte {
	if c.HasDate() {
		dst = appendPadded(dst, int(c.Year), 4)
		dst = appendPadded(append(dst, '-'), int(c.Month), 2)
		dst = appendPadded(append(dst, '-'), int(c.Day), 2)
		if !c.hasClock() {
			return dst
		}
		dst = append(dst, ' ')
	}
	dst = appendPadded(dst, int(c.Hour), 2)
	dst = appendPadded(append(dst, ':'), int(c.Minute), 2)
	return appendPadded(append(dst, ':'), int(c.Second), 2)
}

func appendPadded(dst []byte, v, width int) []byte {
	var digits [20]byte
	s := strconv.AppendInt(digits[:0], int64(v), 10)
	for n := len(s); n < width; n++ {
		dst = append(dst, '0')
	}
	return append(dst, s...)
}

const (
	maxSerial   = 2958466 // 10000-01-01 in the 1900 system
	offset1904  = 1462    // days from the 1900 system's day 0 to the 1904 system's
	fakeLeapDay = 60      // the 1900 system has a 29 February 1900
)

// civilOfSerial converts a serial day number of the 1900 or the 1904 date
// system. It reports false for numbers outside the system.
func civilOfSerial(serial float64, date1904 bool) (Civil, bool) {
	if math.IsNaN(serial) || serial < 0 || serial >= maxSerial {
		return Civil{}, false
	}
	days := math.Floor(serial)
	seconds := int(math.Round((serial - days) * 86400))
	if seconds == 86400 {
		days, seconds = days+1, 0
	}
	clock := Civil{Hour: uint8(seconds / 3600), Minute: uint8(seconds / 60 % 60), Second: uint8(seconds % 60)}
	if days == 0 {
		return clock, true
	}
	day := int(days)
	switch {
	case date1904:
		day += offset1904
	case day == fakeLeapDay:
		clock.Year, clock.Month, clock.Day = 1900, 2, 29
		return clock, true
	case day < fakeLeapDay:
		day++
	}
	if day >= maxSerial {
		return Civil{}, false
	}
	y, m, d := time.Date(1899, 12, 30+day, 0, 0, 0, 0, time.UTC).Date()
	clock.Year, clock.Month, clock.Day = int16(y), uint8(m), uint8(d)
	return clock, true
}

// serial is the inverse of civilOfSerial in the 1900 system.
func (c Civil) serial() float64 {
	seconds := float64(int(c.Hour)*3600+int(c.Minute)*60+int(c.Second)) / 86400
	if !c.HasDate() {
		return seconds
	}
	from := time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC).Unix()
	day := float64((time.Date(int(c.Year), time.Month(c.Month), int(c.Day), 0, 0, 0, 0, time.UTC).Unix() - from) / 86400)
	if day <= fakeLeapDay {
		day--
	}
	return day + seconds
}

// parseISO reads the date cells that some programs write as text:
// 2026-07-15, 2026-07-15T20:09:00 with fractions or Z, or 20:09:00.
func parseISO(s string) (Civil, bool) {
	for _, layout := range []string{
		"2006-01-02T15:04:05Z07:00", "2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02", "15:04:05", "15:04",
	} {
		t, err := time.Parse(layout, s)
		if err != nil {
			continue
		}
		c := CivilOf(t)
		if layout[0] == '1' {
			c.Year, c.Month, c.Day = 0, 0, 0
		}
		return c, true
	}
	return Civil{}, false
}
