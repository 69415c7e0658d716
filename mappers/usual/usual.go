// Package usual tells how much there usually is by a time of day, from what there was
// in the weeks before.
package usual

import (
	"slices"
	"time"
)

// A Point is how much came at an instant.
type Point struct {
	At time.Time
	N  int64
}

const (
	weeks = 4  // of the same weekday
	days  = 14 // of any weekday, where there are fewer than two of those
)

// SoFar returns how much there usually is from midnight, in zone, to the time of day
// of now, plus slack: the median of the same weekday in the last four weeks. Days on
// which nothing came at all do not count: they were holidays, or nothing ran. Where
// fewer than two are left, it is the median of the last two weeks, and where fewer
// than two of those are left, known is false.
func SoFar(points []Point, now time.Time, zone *time.Location, slack time.Duration) (n int64, known bool) {
	now = now.In(zone)
	var same, any []int64
	for back := 1; back <= weeks*7; back++ {
		begin := time.Date(now.Year(), now.Month(), now.Day()-back, 0, 0, 0, 0, zone)
		end := time.Date(now.Year(), now.Month(), now.Day()-back+1, 0, 0, 0, 0, zone)
		until := time.Date(now.Year(), now.Month(), now.Day()-back, now.Hour(), now.Minute(), now.Second(), now.Nanosecond(), zone).Add(slack)
		var sum, whole int64
		for _, p := range points {
			if p.At.Before(begin) || !p.At.Before(end) {
				continue
			}
			whole += p.N
			if !p.At.After(until) {
				sum += p.N
			}
		}
		if whole == 0 {
			continue
		}
		if back%7 == 0 {
			same = append(same, sum)
		}
		if back <= days {
			any = append(any, sum)
		}
	}
	switch {
	case len(same) >= 2:
		return median(same), true
	case len(any) >= 2:
		return median(any), true
	}
	return 0, false
}

// Today returns how much came from midnight, in zone, to now.
func Today(points []Point, now time.Time, zone *time.Location) (n int64) {
	now = now.In(zone)
	begin := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, zone)
	for _, p := range points {
		if !p.At.Before(begin) && !p.At.After(now) {
			n += p.N
		}
	}
	return n
}

func median(list []int64) int64 {
	slices.Sort(list)
	if n := len(list); n%2 == 0 {
		return (list[n/2-1] + list[n/2]) / 2
	}
	return list[len(list)/2]
}
