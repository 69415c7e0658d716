package coupang

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// params reads a query whose parameters must be among those given, each once.
func (c *call) params(known ...string) (map[string]string, error) {
	out := map[string]string{}
	if c.query == "" {
		return out, nil
	}
	for _, part := range strings.Split(c.query, "&") {
		k, v, ok := strings.Cut(part, "=")
		name, err := url.QueryUnescape(k)
		if err != nil || !ok {
			return nil, fmt.Errorf("parameter %q cannot be read", part)
		}
		if !slices.Contains(known, name) {
			return nil, fmt.Errorf("parameter %s is not documented", name)
		}
		if _, twice := out[name]; twice {
			return nil, fmt.Errorf("parameter %s is given twice", name)
		}
		// A plus sign that was not escaped is a blank here, as it is to the mall.
		if out[name], err = url.QueryUnescape(v); err != nil {
			return nil, fmt.Errorf("parameter %s cannot be read", name)
		}
	}
	return out, nil
}

// A span is a period of creation times, [from, to).
type span struct{ from, to time.Time }

// days reads a period of whole days; the last is part of it. layout may carry the
// offset +09:00, and then must.
func days(from, to, layout string) (span, error) {
	a, err := civil(from, layout)
	if err != nil {
		return span{}, fmt.Errorf("createdAtFrom: %w", err)
	}
	b, err := civil(to, layout)
	if err != nil {
		return span{}, fmt.Errorf("createdAtTo: %w", err)
	}
	return span{a, b.AddDate(0, 0, 1)}, nil
}

// minutes reads a period to the minute, whose end is not part of it.
func minutes(from, to, layout string) (span, error) {
	s, err := days(from, to, layout)
	s.to = s.to.AddDate(0, 0, -1)
	return s, err
}

// civil reads Korean time. The offset must be +09:00 where the layout has one.
func civil(text, layout string) (time.Time, error) {
	if text == "" {
		return time.Time{}, fmt.Errorf("is required")
	}
	t, err := time.ParseInLocation(layout, text, Seoul)
	if err != nil {
		return t, fmt.Errorf("%q does not have the form %s", text, layout)
	}
	if _, offset := t.Zone(); offset != 9*60*60 {
		return t, fmt.Errorf("%q has another offset than +09:00", text)
	}
	return t, nil
}

// size reads a page size.
func size(text string, usual, least, most int) (int, error) {
	if text == "" {
		return usual, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < least || n > most {
		return 0, fmt.Errorf("maxPerPage %q is not between %d and %d", text, least, most)
	}
	return n, nil
}
