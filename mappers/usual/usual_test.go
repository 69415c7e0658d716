package usual

import (
	"testing"
	"time"
)

var tokyo = time.FixedZone("JST", 9*3600)

// at is a time of day in Tokyo, so many days before Monday 2026-11-30.
func at(back, hour, minute int) time.Time {
	return time.Date(2026, 11, 30-back, hour, minute, 0, 0, tokyo).UTC()
}

func TestSoFar(t *testing.T) {
	for _, c := range []struct {
		name   string
		points []Point
		slack  time.Duration
		want   int64
		known  bool
	}{
		{name: "nothing ever"},
		{name: "one day is no habit", points: []Point{{at(7, 9, 0), 40}}},
		{name: "the same weekday", points: []Point{{at(7, 9, 0), 40}, {at(14, 9, 0), 60}, {at(21, 9, 0), 50}, {at(1, 9, 0), 900}, {at(2, 9, 0), 900}}, want: 50, known: true},
		{name: "what comes later in the day is not yet due", points: []Point{{at(7, 9, 0), 40}, {at(7, 15, 0), 500}, {at(14, 9, 0), 60}}, want: 50, known: true},
		{name: "a little later", points: []Point{{at(7, 10, 30), 40}, {at(14, 10, 59), 60}}, slack: time.Hour, want: 50, known: true},
		{name: "a holiday does not count", points: []Point{{at(14, 9, 0), 60}, {at(21, 9, 0), 50}}, want: 55, known: true},
		{name: "a morning without is one", points: []Point{{at(7, 15, 0), 60}, {at(14, 15, 0), 50}}, want: 0, known: true},
		{name: "a new shop has other days only", points: []Point{{at(1, 9, 0), 10}, {at(2, 9, 0), 30}, {at(3, 9, 0), 20}}, want: 20, known: true},
		{name: "five weeks ago is too long", points: []Point{{at(35, 9, 0), 10}, {at(42, 9, 0), 30}}},
		{name: "today is no habit", points: []Point{{at(0, 9, 0), 10}, {at(0, 8, 0), 30}}},
		{name: "the day is the zone's", points: []Point{{at(7, 0, 1), 40}, {at(14, 0, 1), 40}, {at(8, 23, 59), 999}}, want: 40, known: true},
	} {
		if n, known := SoFar(c.points, at(0, 10, 0), tokyo, c.slack); n != c.want || known != c.known {
			t.Errorf("%s: %d, %v; want %d, %v", c.name, n, known, c.want, c.known)
		}
	}
}

func TestToday(t *testing.T) {
	points := []Point{{at(1, 23, 59), 1}, {at(0, 0, 0), 2}, {at(0, 10, 0), 4}, {at(0, 10, 1), 8}}
	if n := Today(points, at(0, 10, 0), tokyo); n != 6 {
		t.Errorf("%d", n)
	}
}
