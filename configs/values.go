package configs

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
)

// A valueError says what is wrong with a text and what to write instead.
type valueError struct{ why, hint string }

func (e *valueError) Error() string { return e.why + ": " + e.hint }

func badValue(hint, format string, args ...any) error {
	return &valueError{fmt.Sprintf(format, args...), hint}
}

// A Duration is a span of time as people write it: 90s, 10m, 2h30m, 3d.
type Duration time.Duration

// Std returns d as the standard library's type.
func (d Duration) Std() time.Duration { return time.Duration(d) }

func (d Duration) String() string {
	t := time.Duration(d)
	switch {
	case t == 0:
		return "0s"
	case t%(24*time.Hour) == 0:
		return strconv.FormatInt(int64(t/(24*time.Hour)), 10) + "d"
	}
	s := t.String()
	if strings.HasSuffix(s, "m0s") {
		s = s[:len(s)-2]
	}
	if strings.HasSuffix(s, "h0m") {
		s = s[:len(s)-2]
	}
	return s
}

// UnmarshalText reads what String writes and everything [time.ParseDuration]
// takes; days may stand before it: 1d12h.
func (d *Duration) UnmarshalText(text []byte) error {
	t, err := parseDuration(string(text))
	if err != nil {
		return err
	}
	*d = Duration(t)
	return nil
}

const maxDays = 3660

func parseDuration(text string) (time.Duration, error) {
	bad := badValue("write 90s, 10m, 2h30m or 3d", "%q is no time span", text)
	rest := text
	var days time.Duration
	if before, after, ok := strings.Cut(text, "d"); ok {
		n, err := strconv.ParseUint(before, 10, 16)
		if err != nil || n > maxDays {
			return 0, bad
		}
		days, rest = time.Duration(n)*24*time.Hour, after
		if rest == "" {
			return days, nil
		}
	}
	t, err := time.ParseDuration(rest)
	if err != nil || t < 0 || t > maxDays*24*time.Hour {
		return 0, bad
	}
	return days + t, nil
}

// A Schedule says when a stage runs: every so often, by a cron line of five
// fields, or not at all. The zero Schedule is unset.
type Schedule struct {
	Every time.Duration
	Cron  string
	Off   bool
}

// IsZero reports whether the schedule is unset.
func (s Schedule) IsZero() bool { return s == Schedule{} }

// Or returns s, or other if s is unset.
func (s Schedule) Or(other Schedule) Schedule {
	if s.IsZero() {
		return other
	}
	return s
}

func (s Schedule) String() string {
	switch {
	case s.Off:
		return "off"
	case s.Cron != "":
		return s.Cron
	case s.Every > 0:
		return Duration(s.Every).String()
	}
	return ""
}

// minEvery keeps a slip such as 1ms from spinning the machine.
const minEvery = 5 * time.Second

// UnmarshalText reads an interval of at least five seconds, a cron line or off.
func (s *Schedule) UnmarshalText(text []byte) error {
	t := strings.TrimSpace(string(text))
	switch {
	case t == "off":
		*s = Schedule{Off: true}
		return nil
	case strings.ContainsAny(t, " \t"):
		return s.unmarshalCron(t)
	}
	every, err := parseDuration(t)
	if err != nil {
		return badValue("write an interval (10m), a cron line (*/10 8-19 * * 1-6) or off", "%q is no schedule", t)
	}
	if every < minEvery || every > 7*24*time.Hour {
		return badValue("use 5s to 7d", "interval %s is out of range", t)
	}
	*s = Schedule{Every: every}
	return nil
}

const cronHint = "write five fields, minute hour day month weekday, as */10 8-19 * * 1-6; it counts in the zone of the account or warehouse"

func (s *Schedule) unmarshalCron(t string) error {
	fields := strings.Fields(t)
	if len(fields) != 5 {
		return badValue(cronHint, "cron line %q has %d fields", t, len(fields))
	}
	line := strings.Join(fields, " ")
	if _, err := cron.ParseStandard(line); err != nil {
		return badValue(cronHint, "cron line %q: %v", t, err)
	}
	*s = Schedule{Cron: line}
	return nil
}

// A Clock is a time of day in minutes after midnight.
type Clock int

// On returns the instant of the clock on the day that t has in its location.
func (c Clock) On(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), int(c)/60, int(c)%60, 0, 0, t.Location())
}

func (c Clock) String() string { return fmt.Sprintf("%02d:%02d", int(c)/60, int(c)%60) }

// UnmarshalText reads 14:30.
func (c *Clock) UnmarshalText(text []byte) error {
	t, err := time.Parse("15:04", string(text))
	if err != nil {
		return badValue(`write "14:30"`, "%q is no time of day", text)
	}
	*c = Clock(t.Hour()*60 + t.Minute())
	return nil
}

// A Weekday is a day of the week: mon, tue, wed, thu, fri, sat, sun.
type Weekday time.Weekday

var weekdays = [...]string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

func (d Weekday) String() string { return weekdays[d%7] }

// UnmarshalText reads mon to sun.
func (d *Weekday) UnmarshalText(text []byte) error {
	for i, name := range weekdays {
		if name == strings.ToLower(string(text)) {
			*d = Weekday(i)
			return nil
		}
	}
	return badValue("write mon, tue, wed, thu, fri, sat or sun", "%q is no weekday", text)
}
