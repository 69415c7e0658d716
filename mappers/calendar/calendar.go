// Package calendar tells on which days a warehouse ships and until when it takes
// instructions for a day, in the warehouse's own zone.
//
// The clock is always an argument.
package calendar

import (
	"fmt"
	"slices"
	"sort"
	"time"

	"github.com/mallbridge/mallbridge/order"
)

// A Clock is a time of day in minutes after midnight; 24:00 is the end of the day.
type Clock int

// ParseClock reads "15:00" or "9:30", up to "24:00".
func ParseClock(s string) (Clock, error) {
	var h, m int
	if n, err := fmt.Sscanf(s, "%d:%d", &h, &m); err != nil || n != 2 || h < 0 || m < 0 || m > 59 || h*60+m > 24*60 ||
		(s != fmt.Sprintf("%d:%02d", h, m) && s != fmt.Sprintf("%02d:%02d", h, m)) {
		return 0, fmt.Errorf("time of day %q: want hours and minutes, 15:00", s)
	}
	return Clock(h*60 + m), nil
}

func (c Clock) String() string { return fmt.Sprintf("%02d:%02d", int(c)/60, int(c)%60) }

// A Config is what a warehouse's file says about its days.
type Config struct {
	Zone *time.Location // required
	// Working are the days of the week on which it ships; Monday to Friday if empty.
	Working []time.Weekday
	// CutOffs are the times until which it takes instructions; the last one of a
	// day decides whether an instruction ships on that day. Empty is 24:00.
	CutOffs []Clock
	// CutOffsOn replaces CutOffs on some days of the week.
	CutOffsOn map[time.Weekday][]Clock
	// Holidays are days without shipping.
	Holidays []Holiday
	// WorkingDates are shipped on although their day of the week or a holiday says
	// otherwise.
	WorkingDates []order.Date
}

// A Calendar answers for one warehouse. It is safe for concurrent use.
type Calendar struct {
	zone     *time.Location
	working  [7]bool
	cutoffs  [7][]Clock
	holidays map[order.Date]string
	extra    map[order.Date]bool
	last     order.Date
}

// search bounds every walk over days.
const search = 400

// New checks a configuration.
func New(c Config) (*Calendar, error) {
	if c.Zone == nil {
		return nil, fmt.Errorf("calendar: no time zone")
	}
	cal := &Calendar{zone: c.Zone, holidays: map[order.Date]string{}, extra: map[order.Date]bool{}}
	working := c.Working
	if len(working) == 0 {
		working = []time.Weekday{time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday}
	}
	for _, d := range working {
		if d < time.Sunday || d > time.Saturday {
			return nil, fmt.Errorf("calendar: weekday %d does not exist", d)
		}
		cal.working[d] = true
	}
	for d := range cal.cutoffs {
		clocks, ok := c.CutOffsOn[time.Weekday(d)]
		if !ok {
			clocks = c.CutOffs
		}
		if len(clocks) == 0 {
			clocks = []Clock{24 * 60}
		}
		clocks = slices.Clone(clocks)
		slices.Sort(clocks)
		if clocks[0] < 0 || clocks[len(clocks)-1] > 24*60 {
			return nil, fmt.Errorf("calendar: a cut-off of %s is outside the day", time.Weekday(d))
		}
		cal.cutoffs[d] = slices.Compact(clocks)
	}
	for _, h := range c.Holidays {
		if _, ok := h.Date.Time(time.UTC); !ok {
			return nil, fmt.Errorf("calendar: holiday %q is not a date", h.Date)
		}
		cal.holidays[h.Date] = h.Name
		cal.last = max(cal.last, h.Date)
	}
	for _, d := range c.WorkingDates {
		if _, ok := d.Time(time.UTC); !ok {
			return nil, fmt.Errorf("calendar: working date %q is not a date", d)
		}
		cal.extra[d] = true
	}
	return cal, nil
}

// Today is the day of now in the warehouse's zone.
func (c *Calendar) Today(now time.Time) order.Date { return order.DateOf(now.In(c.zone)) }

// Working reports whether the warehouse ships on a day, and if it does not, why:
// a holiday's name, or the day of the week in English.
func (c *Calendar) Working(d order.Date) (ok bool, why string) {
	if c.extra[d] {
		return true, ""
	}
	if name, holiday := c.holidays[d]; holiday {
		if name == "" {
			name = "holiday"
		}
		return false, name
	}
	t, valid := d.Time(time.UTC)
	if !valid {
		return false, "not a date"
	}
	if !c.working[t.Weekday()] {
		return false, t.Weekday().String()
	}
	return true, ""
}

// KnownUntil is the last day of the last year for which holidays are listed,
// empty if there are none. After it every holiday counts as a working day, so
// that check warns as it comes near.
func (c *Calendar) KnownUntil() order.Date {
	if c.last == "" {
		return ""
	}
	return c.last[:4] + "-12-31"
}

// NextShipDay is the day on which an instruction dropped at now ships: today
// while the last cut-off of a working day has not come, otherwise the next
// working day. The moment of the cut-off itself is too late. Empty if no working
// day comes within 400 days.
func (c *Calendar) NextShipDay(now time.Time) order.Date {
	today := c.Today(now)
	if ok, _ := c.Working(today); ok && now.Before(c.cutOff(today)) {
		return today
	}
	return c.NextWorking(today.AddDays(1))
}

// NextWorking is the first working day that is not before d; empty if none comes
// within 400 days.
func (c *Calendar) NextWorking(d order.Date) order.Date { return c.walk(d, 1) }

// LastWorking is the last working day that is not after d; empty if there was
// none within 400 days.
func (c *Calendar) LastWorking(d order.Date) order.Date { return c.walk(d, -1) }

func (c *Calendar) walk(d order.Date, step int) order.Date {
	for range search {
		if ok, _ := c.Working(d); ok {
			return d
		}
		d = d.AddDays(step)
	}
	return ""
}

// AddWorking is the n-th working day after d; for 0 the first that is not before
// d. Empty if the calendar has not enough of them.
func (c *Calendar) AddWorking(d order.Date, n int) order.Date {
	d = c.NextWorking(d)
	for ; n > 0 && d != ""; n-- {
		d = c.NextWorking(d.AddDays(1))
	}
	return d
}

// CutOffFor is the instant of the next cut-off after now on a working day, the
// zero time if none comes within 400 days.
func (c *Calendar) CutOffFor(now time.Time) time.Time {
	d := c.Today(now)
	for range search {
		if ok, _ := c.Working(d); ok {
			for _, clock := range c.cutoffs[c.weekday(d)] {
				if at := c.at(d, clock); at.After(now) {
					return at
				}
			}
		}
		d = d.AddDays(1)
	}
	return time.Time{}
}

// cutOff is the last cut-off of a day.
func (c *Calendar) cutOff(d order.Date) time.Time {
	clocks := c.cutoffs[c.weekday(d)]
	return c.at(d, clocks[len(clocks)-1])
}

func (c *Calendar) at(d order.Date, clock Clock) time.Time {
	t, _ := d.Time(c.zone)
	return time.Date(t.Year(), t.Month(), t.Day(), 0, int(clock), 0, 0, c.zone)
}

func (c *Calendar) weekday(d order.Date) time.Weekday {
	t, _ := d.Time(time.UTC)
	return t.Weekday()
}

// ShipDayFor is the last working day on which a parcel can leave to be delivered
// on deliverOn with a transit of so many calendar days (1 is the next day).
// inTime is false if that day is before earliest; the day returned is then the
// first working day from earliest on, which is too late.
func (c *Calendar) ShipDayFor(deliverOn order.Date, transit int, earliest order.Date) (day order.Date, inTime bool) {
	day = c.LastWorking(deliverOn.AddDays(-transit))
	if day == "" || day < earliest {
		return c.NextWorking(earliest), false
	}
	return day, true
}

// Holidays lists the calendar's holidays by day.
func (c *Calendar) Holidays() []Holiday {
	out := make([]Holiday, 0, len(c.holidays))
	for d, n := range c.holidays {
		out = append(out, Holiday{d, n})
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Date < out[j].Date })
	return out
}
