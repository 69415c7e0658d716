package elevenst

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// A listing is one of the lists of orders by status.
type listing struct {
	name            string
	state           string
	start, end, far string // codes of errors
	show            func(*line) []field
}

var listings = []listing{
	{"complete", Paid, "-3103", "-3104", "-3105", nil},
	{"packaging", Preparing, "-3303", "-3304", "-3305", nil},
	{"shipping", Shipping, "-3902", "-3903", "-3904", func(l *line) []field {
		return append([]field{{"ordNo", num(l.o.no)}, {"ordPrdSeq", num(l.seq)}}, l.parcelFields()[2:]...)
	}},
	{"dlvcompleted", Delivered, "-3902", "-3903", "-3904", nil},
	{"completed", Decided, "-3902", "-3903", "-3904", nil},
	{"standby", Standby, "-3102", "-3103", "-3104", nil},
	{"delvplacestandby", NoAddress, "-3102", "-3103", "-3104", nil},
	{"reservatecomplete", Reserved, "-3203", "-3204", "-3205", nil},
}

func listRoutes() []route {
	var out []route
	for _, x := range listings {
		out = append(out, at("GET", "/ordservices/"+x.name+"/{startTime}/{endTime}", listFamily, func(c *call) answer { return c.list(x) }))
	}
	return out
}

// A span is what a list is asked for.
type span struct {
	from, to time.Time
	last     []field // row that was given last
}

func minute(text string) (time.Time, bool) {
	t, err := time.ParseInLocation("200601021504", text, Seoul)
	return t, err == nil && len(text) == 12
}

// spanOf reads the times of a path. code is that of an error, or empty.
func (c *call) spanOf(days int, start, end, far string) (s span, code, text string) {
	from, ok := minute(c.path["startTime"])
	if !ok {
		return s, start, "조회시작일 형식이 올바르지 않습니다. YYYYMMDDHH24:MI"
	}
	to, ok := minute(c.path["endTime"])
	if !ok || to.Before(from) {
		return s, end, "조회종료일 형식이 올바르지 않습니다. YYYYMMDDHH24:MI"
	}
	if to.Sub(from) > time.Duration(days)*24*time.Hour {
		if days == 7 {
			return s, far, "최대 조회기간은 일주일 입니다."
		}
		return s, far, "최대 조회기간은 30일 입니다."
	}
	return span{from: from, to: to}, "", ""
}

// holds reports whether a time belongs to a span.
func (c *call) holds(s span, t time.Time) bool {
	if c.m.opt.EndInside {
		return !t.Before(s.from) && t.Before(s.to.Add(time.Minute))
	}
	return !t.Before(s.from) && t.Before(s.to)
}

func (c *call) list(x listing) answer {
	s, code, text := c.spanOf(7, x.start, x.end, x.far)
	if code != "" {
		return result(listFamily, code, text)
	}
	var found []*line
	for _, l := range c.shop.lines {
		if l.state == x.state && c.holds(s, l.at()) {
			found = append(found, l)
		}
	}
	slices.SortStableFunc(found, func(a, b *line) int { return a.at().Compare(b.at()) })
	show := x.show
	if show == nil {
		show = func(l *line) []field { return l.full(false) }
	}
	most := c.m.opt.Rows
	var out [][]field
	if was := c.shop.last[x.name]; c.m.faults.Repeat && was.last != nil && was.to.Equal(s.from) {
		out = append(out, was.last)
	}
	for _, l := range found {
		if len(out) == most {
			break
		}
		out = append(out, show(l))
	}
	if c.m.faults.Vanish && len(found) > 0 && len(out) < most {
		out = append(out, show(found[0].ghost()))
	}
	if n := len(out); n > 0 {
		s.last = out[n-1]
		if c.m.faults.Repeat && n < most {
			out = append(out, s.last)
		}
	}
	c.shop.last[x.name] = s
	return rows(out)
}

func (c *call) number(name string) (int64, bool) {
	n, err := strconv.ParseInt(c.path[name], 10, 64)
	return n, err == nil && n > 0 && strconv.FormatInt(n, 10) == c.path[name]
}

// byNumber is one order with all its lines.
func byNumber(c *call) answer {
	no, ok := c.number("ordNo")
	if !ok {
		return result(listFamily, "-1", "주문번호가 올바르지 않습니다.")
	}
	var out [][]field
	for _, l := range c.shop.orders[no] {
		out = append(out, l.full(true))
	}
	return rows(out)
}

// ghost is a row of an order that the mall does not know by number.
func (l *line) ghost() *line {
	g, o := *l, *l.o
	o.no += 999_000_000
	g.o, g.seq = &o, 1
	return &g
}

func byNumbers(show func(*line, string) []field) func(*call) answer {
	return func(c *call) answer {
		numbers := strings.Split(c.path["ordNos"], ",")
		if len(numbers) > 100 {
			return result(listFamily, "-28003", "주문번호는 최대 100개까지 조회 가능합니다.")
		}
		var out [][]field
		for _, n := range numbers {
			no, err := strconv.ParseInt(n, 10, 64)
			if err != nil || no <= 0 || strconv.FormatInt(no, 10) != n {
				return result(listFamily, "-28002", "주문번호 형식이 올바르지 않습니다.")
			}
			for _, l := range c.shop.orders[no] {
				out = append(out, show(l, c.shop.ID))
			}
		}
		return rows(out)
	}
}
