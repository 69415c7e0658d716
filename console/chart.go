package console

import (
	"time"

	"github.com/mallbridge/mallbridge/ledger"
)

// A chart shows two counts for each of some hours or days as bars, and as a table for
// those who do not see them.
type chart struct {
	Bars            []bar
	Most            int64
	Orders, Shipped int64
	Width           int
}

type bar struct {
	X               int
	At              string // the hour or the day, whole
	Label           string // short, below the bar; empty where there is no room
	Orders, Shipped int64
	OrdersY, OrderH int
	ShippedY, ShipH int
}

const (
	chartHours  = 24
	chartDays   = 14
	chartHeight = 120
	barStep     = 30
	dayStep     = 51 // so that both charts are about as wide
)

// byHour shows the last hours.
func byHour(points []ledger.Point, now time.Time, zone *time.Location) chart {
	at := map[int64]ledger.Point{}
	for _, p := range points {
		at[p.At.Unix()] = p
	}
	first := now.Truncate(time.Hour).Add(-(chartHours - 1) * time.Hour)
	var bars []bar
	for i := range chartHours {
		h := first.Add(time.Duration(i) * time.Hour)
		b := bar{At: h.In(zone).Format("01-02 15:04"), Orders: at[h.Unix()].Orders, Shipped: at[h.Unix()].Shipped}
		if i%3 == 2 {
			b.Label = h.In(zone).Format("15")
		}
		bars = append(bars, b)
	}
	return draw(bars, barStep)
}

// byDay shows the last days of a zone.
func byDay(points []ledger.Point, now time.Time, zone *time.Location) chart {
	sums := map[string]ledger.Point{}
	for _, p := range points {
		day := p.At.In(zone).Format(time.DateOnly)
		s := sums[day]
		s.Orders += p.Orders
		s.Shipped += p.Shipped
		sums[day] = s
	}
	var bars []bar
	local := now.In(zone)
	for i := range chartDays {
		d := local.AddDate(0, 0, i-chartDays+1)
		s := sums[d.Format(time.DateOnly)]
		bars = append(bars, bar{At: d.Format(time.DateOnly), Label: d.Format("01/02"), Orders: s.Orders, Shipped: s.Shipped})
	}
	return draw(bars, dayStep)
}

// draw gives bars their places.
func draw(bars []bar, step int) chart {
	c := chart{Bars: bars, Width: step * len(bars)}
	for _, b := range bars {
		c.Most = max(c.Most, b.Orders, b.Shipped)
		c.Orders += b.Orders
		c.Shipped += b.Shipped
	}
	height := func(n int64) int {
		if c.Most == 0 {
			return 0
		}
		return int(n * chartHeight / c.Most)
	}
	for i := range c.Bars {
		b := &c.Bars[i]
		b.X, b.OrderH, b.ShipH = i*step, height(b.Orders), height(b.Shipped)
		b.OrdersY, b.ShippedY = chartHeight-b.OrderH, chartHeight-b.ShipH
	}
	return c
}
