package calendar

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/mallbridge/mallbridge/order"
)

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

func at(t testing.TB, loc *time.Location, text string) time.Time {
	t.Helper()
	v, err := time.ParseInLocation(time.DateTime, text, loc)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func calendar(t testing.TB, c Config) *Calendar {
	t.Helper()
	cal, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return cal
}

func public(t testing.TB, country string) []Holiday {
	t.Helper()
	list, ok := PublicHolidays(country)
	if !ok {
		t.Fatalf("no holidays of %s", country)
	}
	return list
}

func TestNextShipDay(t *testing.T) {
	tokyo, seoul := zone(t, "Asia/Tokyo"), zone(t, "Asia/Seoul")
	japan := calendar(t, Config{
		Zone: tokyo, CutOffs: []Clock{15 * 60, 10 * 60}, CutOffsOn: map[time.Weekday][]Clock{time.Friday: {12 * 60}},
		Holidays: append(public(t, "JP"), Holiday{"2026-12-31", "年末休業"}, Holiday{"2027-01-02", ""}, Holiday{"2027-01-03", ""}),
	})
	korea := calendar(t, Config{
		Zone: seoul, CutOffs: []Clock{14*60 + 30}, Holidays: public(t, "KR"),
		Working: []time.Weekday{time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday, time.Saturday},
	})
	allDay := calendar(t, Config{Zone: tokyo})
	tests := []struct {
		name string
		cal  *Calendar
		now  time.Time
		want order.Date
	}{
		{"morning", japan, at(t, tokyo, "2026-11-24 09:00:00"), "2026-11-24"},
		{"between cut-offs", japan, at(t, tokyo, "2026-11-24 10:00:00"), "2026-11-24"},
		{"a second before", japan, at(t, tokyo, "2026-11-24 14:59:59"), "2026-11-24"},
		{"at the cut-off", japan, at(t, tokyo, "2026-11-24 15:00:00"), "2026-11-25"},
		{"last second of the day", japan, at(t, tokyo, "2026-11-24 23:59:59"), "2026-11-25"},
		{"midnight", japan, at(t, tokyo, "2026-11-25 00:00:00"), "2026-11-25"},
		{"early cut-off on Fridays", japan, at(t, tokyo, "2026-11-20 12:00:00"), "2026-11-24"},
		{"over a weekend and a holiday", japan, at(t, tokyo, "2026-11-20 16:00:00"), "2026-11-24"},
		{"on a holiday", japan, at(t, tokyo, "2026-11-23 09:00:00"), "2026-11-24"},
		{"month end", japan, at(t, tokyo, "2026-11-30 15:00:00"), "2026-12-01"},
		{"year end", japan, at(t, tokyo, "2026-12-30 23:59:59"), "2027-01-04"},
		{"new year", japan, at(t, tokyo, "2027-01-01 00:00:00"), "2027-01-04"},
		{"golden week", japan, at(t, tokyo, "2026-05-01 12:00:00"), "2026-05-07"},
		{"silver week", japan, at(t, tokyo, "2026-09-18 12:00:00"), "2026-09-24"},
		{"now in UTC, tomorrow in Tokyo", japan, time.Date(2026, 11, 24, 15, 0, 0, 0, time.UTC), "2026-11-25"},
		{"a leap day", allDay, at(t, tokyo, "2028-02-28 23:59:59"), "2028-02-28"},
		{"to a leap day", calendar(t, Config{Zone: tokyo, CutOffs: []Clock{720}}), at(t, tokyo, "2028-02-28 12:00:00"), "2028-02-29"},
		{"no leap day", calendar(t, Config{Zone: tokyo, CutOffs: []Clock{720}}), at(t, tokyo, "2027-02-26 12:00:00"), "2027-03-01"},
		{"without a cut-off until midnight", allDay, at(t, tokyo, "2026-11-24 23:59:59"), "2026-11-24"},
		{"Saturday in Korea", korea, at(t, seoul, "2026-11-21 14:29:59"), "2026-11-21"},
		{"Saturday after the cut-off", korea, at(t, seoul, "2026-11-21 14:30:00"), "2026-11-23"},
		{"seollal", korea, at(t, seoul, "2027-02-05 23:59:59"), "2027-02-10"},
		{"chuseok", korea, at(t, seoul, "2026-09-23 15:00:00"), "2026-09-28"},
		{"new year in Korea", korea, at(t, seoul, "2026-12-31 23:59:59"), "2027-01-02"},
		{"substitute holiday in Korea", korea, at(t, seoul, "2026-08-14 14:30:00"), "2026-08-18"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.cal.NextShipDay(tt.now); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestCutOffFor(t *testing.T) {
	tokyo := zone(t, "Asia/Tokyo")
	cal := calendar(t, Config{Zone: tokyo, CutOffs: []Clock{15 * 60, 10 * 60, 10 * 60}, Holidays: public(t, "JP")})
	for now, want := range map[string]string{
		"2026-11-24 09:59:59": "2026-11-24 10:00:00",
		"2026-11-24 10:00:00": "2026-11-24 15:00:00",
		"2026-11-24 15:00:00": "2026-11-25 10:00:00",
		"2026-11-20 15:00:00": "2026-11-24 10:00:00",
		"2026-12-31 23:59:59": "2027-01-04 10:00:00", // 1 January is a Friday
	} {
		if got := cal.CutOffFor(at(t, tokyo, now)); !got.Equal(at(t, tokyo, want)) {
			t.Errorf("%s: got %s, want %s", now, got, want)
		}
	}
	midnight := calendar(t, Config{Zone: tokyo})
	if got, want := midnight.CutOffFor(at(t, tokyo, "2026-11-24 12:00:00")), at(t, tokyo, "2026-11-25 00:00:00"); !got.Equal(want) {
		t.Errorf("24:00 is %s, want %s", got, want)
	}
}

// A cut-off keeps its time of day on days that have 23 or 25 hours.
func TestCutOffOnClockChange(t *testing.T) {
	ny := zone(t, "America/New_York")
	cal := calendar(t, Config{Zone: ny, CutOffs: []Clock{15 * 60}, WorkingDates: []order.Date{"2026-11-01"}})
	if got, want := cal.CutOffFor(at(t, ny, "2026-11-01 00:30:00")), at(t, ny, "2026-11-01 15:00:00"); !got.Equal(want) {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestWorking(t *testing.T) {
	cal := calendar(t, Config{
		Zone: time.UTC, Holidays: []Holiday{{"2026-11-23", "勤労感謝の日"}, {"2026-11-24", ""}}, WorkingDates: []order.Date{"2026-11-22"},
	})
	for _, tt := range []struct {
		day order.Date
		ok  bool
		why string
	}{
		{"2026-11-20", true, ""},
		{"2026-11-21", false, "Saturday"},
		{"2026-11-22", true, ""},
		{"2026-11-23", false, "勤労感謝の日"},
		{"2026-11-24", false, "holiday"},
		{"2026-02-30", false, "not a date"},
		{"", false, "not a date"},
	} {
		if ok, why := cal.Working(tt.day); ok != tt.ok || why != tt.why {
			t.Errorf("%s: got %v %q", tt.day, ok, why)
		}
	}
	if got := cal.KnownUntil(); got != "2026-12-31" {
		t.Errorf("known until %s", got)
	}
	if got := calendar(t, Config{Zone: time.UTC}).KnownUntil(); got != "" {
		t.Errorf("known until %s without holidays", got)
	}
	if got := cal.Holidays(); len(got) != 2 || got[0].Date != "2026-11-23" {
		t.Errorf("holidays %v", got)
	}
	if got := cal.Today(time.Date(2026, 11, 22, 23, 59, 59, 0, time.UTC)); got != "2026-11-22" {
		t.Errorf("today is %s", got)
	}
}

func TestAddWorking(t *testing.T) {
	cal := calendar(t, Config{Zone: time.UTC, Holidays: public(t, "JP")})
	for _, tt := range []struct {
		day  order.Date
		n    int
		want order.Date
	}{
		{"2026-11-20", 0, "2026-11-20"},
		{"2026-11-20", 1, "2026-11-24"},
		{"2026-11-21", 0, "2026-11-24"},
		{"2026-11-21", 1, "2026-11-25"},
		{"2026-12-25", 5, "2027-01-04"},
		{"2028-02-25", 2, "2028-02-29"},
	} {
		if got := cal.AddWorking(tt.day, tt.n); got != tt.want {
			t.Errorf("%s + %d: got %s, want %s", tt.day, tt.n, got, tt.want)
		}
	}
}

func TestShipDayFor(t *testing.T) {
	cal := calendar(t, Config{Zone: time.UTC, Holidays: public(t, "JP")})
	for _, tt := range []struct {
		deliver, earliest, want order.Date
		transit                 int
		inTime                  bool
	}{
		{"2026-11-27", "2026-11-24", "2026-11-26", 1, true},
		{"2026-11-24", "2026-11-19", "2026-11-20", 1, true}, // over a holiday and a weekend
		{"2026-11-25", "2026-11-24", "2026-11-24", 1, true},
		{"2026-11-25", "2026-11-25", "2026-11-25", 1, false},
		{"2026-11-24", "2026-11-22", "2026-11-24", 2, false},
	} {
		day, inTime := cal.ShipDayFor(tt.deliver, tt.transit, tt.earliest)
		if day != tt.want || inTime != tt.inTime {
			t.Errorf("%+v: got %s %v", tt, day, inTime)
		}
	}
}

func TestNoWorkingDay(t *testing.T) {
	var holidays []Holiday
	for d := order.Date("2026-11-01"); d < "2028-06-01"; d = d.AddDays(1) {
		holidays = append(holidays, Holiday{Date: d})
	}
	cal := calendar(t, Config{Zone: time.UTC, Holidays: holidays})
	now := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	if d := cal.NextShipDay(now); d != "" {
		t.Errorf("ships on %s", d)
	}
	if c := cal.CutOffFor(now); !c.IsZero() {
		t.Errorf("cut-off %s", c)
	}
	if d := cal.AddWorking("2026-11-22", 3); d != "" {
		t.Errorf("working day %s", d)
	}
}

func TestNewRefuses(t *testing.T) {
	for name, c := range map[string]Config{
		"time zone":    {},
		"weekday":      {Zone: time.UTC, Working: []time.Weekday{7}},
		"outside":      {Zone: time.UTC, CutOffs: []Clock{1441}},
		"holiday":      {Zone: time.UTC, Holidays: []Holiday{{"2026-13-01", "x"}}},
		"working date": {Zone: time.UTC, WorkingDates: []order.Date{"tomorrow"}},
	} {
		if _, err := New(c); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestParseClock(t *testing.T) {
	for text, want := range map[string]Clock{"00:00": 0, "9:30": 570, "09:30": 570, "15:00": 900, "23:59": 1439, "24:00": 1440} {
		got, err := ParseClock(text)
		if err != nil || got != want {
			t.Errorf("%s: %v %v", text, got, err)
		}
		if len(text) == 5 && got.String() != text {
			t.Errorf("%s is printed as %s", text, got)
		}
	}
	for _, text := range []string{"", "15", "15:0", "15:60", "24:01", "-1:00", "15:00:00", "3pm", "１５：００", "15:00 "} {
		if c, err := ParseClock(text); err == nil {
			t.Errorf("%q is %s", text, c)
		}
	}
}

// Japan's and Korea's laws: an extra day off follows each holiday that they move.
func TestPublicHolidays(t *testing.T) {
	for country, n := range map[string]int{"JP": 35, "KR": 46} {
		list := public(t, country)
		if len(list) != n {
			t.Errorf("%s: %d holidays, want %d", country, len(list), n)
		}
		days := map[order.Date]string{}
		for i, h := range list {
			if i > 0 && list[i-1].Date >= h.Date {
				t.Errorf("%s: %s is not after %s", country, h.Date, list[i-1].Date)
			}
			if h.Name == "" {
				t.Errorf("%s: %s has no name", country, h.Date)
			}
			days[h.Date] = h.Name
		}
		for _, h := range list {
			day, _ := h.Date.Time(time.UTC)
			switch {
			case country == "JP" && day.Weekday() == time.Sunday:
				next := h.Date.AddDays(1)
				for days[next] != "" && days[next] != "休日" {
					next = next.AddDays(1)
				}
				if days[next] != "休日" {
					t.Errorf("%s falls on a Sunday without a day in lieu", h.Date)
				}
			case country == "KR" && strings.HasPrefix(days[h.Date], "대체공휴일"):
				if day.Weekday() == time.Sunday || day.Weekday() == time.Saturday {
					t.Errorf("the substitute %s is no weekday", h.Date)
				}
			}
		}
	}
	if _, ok := PublicHolidays("US"); ok {
		t.Error("holidays of a country that is not listed")
	}
}

func TestParseHolidays(t *testing.T) {
	text := "\ufeff国民の祝日・休日月日,国民の祝日・休日名称\r\n2026/1/1,元日\r\n2026-11-23,\"勤労,感謝\"\r\n2026-11-31,x\r\n2026/01/01,again\r\n2026-12-29\r\n\r\n"
	list, findings := ParseHolidays(strings.NewReader(text))
	if got, want := fmt.Sprint(list), "[{2026-01-01 元日} {2026-11-23 勤労,感謝} {2026-12-29 }]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if len(findings) != 2 || findings[0].Line != 4 || findings[1].Line != 5 || !strings.Contains(findings[1].Why, "line 2") {
		t.Errorf("findings %+v", findings)
	}
	if _, findings := ParseHolidays(strings.NewReader("date,name\n2026-01-01,\"x\n")); len(findings) != 1 || findings[0].Line == 0 {
		t.Errorf("broken quotes: %+v", findings)
	}
	if list, findings := ParseHolidays(strings.NewReader("2026-01-01,元日\n")); len(list) != 1 || len(findings) != 0 {
		t.Errorf("without a header: %v %v", list, findings)
	}
	if list, findings := ParseHolidays(strings.NewReader("")); len(list)+len(findings) != 0 {
		t.Errorf("empty file: %v %v", list, findings)
	}
}

// The day of an instruction is a working day, never in the past, and its cut-off
// has not gone by.
func TestShipDayProperty(t *testing.T) {
	tokyo := zone(t, "Asia/Tokyo")
	rapid.Check(t, func(r *rapid.T) {
		cal := calendar(t, Config{
			Zone: tokyo, CutOffs: []Clock{Clock(rapid.IntRange(0, 1440).Draw(r, "cutoff"))}, Holidays: public(t, "JP"),
		})
		now := time.Unix(rapid.Int64Range(1_767_193_200, 1_830_000_000).Draw(r, "now"), 0)
		day := cal.NextShipDay(now)
		if ok, why := cal.Working(day); !ok {
			r.Fatalf("%s: %s is no working day: %s", now, day, why)
		}
		if day < cal.Today(now) {
			r.Fatalf("%s: %s is past", now, day)
		}
		if !now.Before(cal.cutOff(day)) {
			r.Fatalf("%s: the cut-off of %s is past", now, day)
		}
		if next := cal.CutOffFor(now); !next.Equal(cal.cutOff(day)) {
			r.Fatalf("%s: next cut-off %s, ships on %s", now, next, day)
		}
	})
}

func FuzzParseHolidays(f *testing.F) {
	f.Add("date,name\n2026-01-01,元日\n")
	f.Add("\"")
	f.Fuzz(func(t *testing.T, text string) {
		list, _ := ParseHolidays(strings.NewReader(text))
		if _, err := New(Config{Zone: time.UTC, Holidays: list}); err != nil {
			t.Error(err)
		}
	})
}
