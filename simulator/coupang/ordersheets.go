package coupang

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	dayWithZone    = "2006-01-02Z07:00"
	minuteWithZone = "2006-01-02T15:04Z07:00"
	longTime       = "2006-01-02T15:04:05.000000Z07:00"
)

// A sheetList is the answer to a list of order sheets.
type sheetList struct {
	Code    int     `json:"code"`
	Message string  `json:"message"`
	Data    []sheet `json:"data"`
	Next    string  `json:"nextToken"`
}

// listSheets reads by day with pages, or by the minute whole.
func listSheets(c *call) answer {
	p, err := c.params("createdAtFrom", "createdAtTo", "status", "nextToken", "maxPerPage", "searchType")
	if err != nil {
		return bad("%v", err)
	}
	if statusText[p["status"]] == "" {
		return bad("status %q is not one of ACCEPT, INSTRUCT, DEPARTURE, DELIVERING, FINAL_DELIVERY, NONE_TRACKING", p["status"])
	}
	if p["searchType"] == "timeFrame" {
		return c.sheetsByMinute(p)
	}
	return c.sheetsByDay(p)
}

func (c *call) sheetsByMinute(p map[string]string) answer {
	for _, name := range [...]string{"maxPerPage", "nextToken"} {
		if _, given := p[name]; given {
			return bad("%s is not documented for searchType timeFrame", name)
		}
	}
	s, err := minutes(p["createdAtFrom"], p["createdAtTo"], minuteWithZone)
	switch {
	case err != nil:
		return bad("%v", err)
	case s.to.Before(s.from):
		return bad("endTime should be after startTime")
	case s.to.Sub(s.from) >= 24*time.Hour:
		return bad("endTime-startTime range should less than 0 day")
	}
	found := c.listed(s, p["status"])
	if len(found) > c.m.opt.Heavy || c.m.faults.Repeat && len(found) > 0 {
		return c.m.gateway(http.StatusPreconditionFailed, "Read timed out")
	}
	return c.sheets(found, "")
}

func (c *call) sheetsByDay(p map[string]string) answer {
	s, err := days(p["createdAtFrom"], p["createdAtTo"], dayWithZone)
	if err != nil {
		return bad("%v", err)
	}
	switch length := s.to.Sub(s.from); {
	case length <= 0:
		return bad("endTime should be after startTime")
	case length > 31*24*time.Hour:
		return bad("endTime-startTime range should less than31.")
	}
	n, err := size(p["maxPerPage"], 50, 1, 50)
	if err != nil {
		return bad("%v", err)
	}
	found := c.listed(s, p["status"])
	if token, given := p["nextToken"]; given {
		after, err := page(token)
		if err != nil {
			return bad("nextToken %q is not valid", token)
		}
		i := slices.IndexFunc(found, func(b *bundle) bool {
			return b.created.After(after.when) || b.created.Equal(after.when) && b.id > after.id
		})
		if i < 0 {
			i = len(found)
		}
		if c.m.faults.Repeat && i > 0 {
			i--
		}
		found = found[i:]
	}
	next := ""
	if len(found) > n {
		found = found[:n]
		next = mark(found[n-1])
	}
	return c.sheets(found, next)
}

// listed returns what the list shows: bundles that were paid ten minutes ago, are
// in the status and not cancelled.
func (c *call) listed(s span, status string) []*bundle {
	var out []*bundle
	for _, b := range c.shop.createdBetween(s.from, s.to) {
		if b.status == status && b.alive() && !b.paid.Add(listDelay).After(c.now) {
			out = append(out, b)
		}
	}
	return out
}

func (c *call) sheets(found []*bundle, next string) answer {
	l := sheetList{Code: 200, Message: "OK", Data: make([]sheet, len(found)), Next: next}
	for i, b := range found {
		l.Data[i] = c.show(b)
	}
	return answer{http.StatusOK, l}
}

// A place is where a page ended.
type place struct {
	when time.Time
	id   int64
}

func mark(b *bundle) string {
	return base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%d.%d", b.created.UnixMicro(), b.id))
}

func page(token string) (place, error) {
	text, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil {
		return place{}, err
	}
	when, id, _ := strings.Cut(string(text), ".")
	t, err := strconv.ParseInt(when, 10, 64)
	if err != nil {
		return place{}, err
	}
	n, err := strconv.ParseInt(id, 10, 64)
	return place{time.UnixMicro(t), n}, err
}

// box finds the bundle of the path, or the mall's refusal.
func (c *call) box() (*bundle, *answer) {
	id, fine := c.number("shipmentBoxId")
	b := c.m.boxes[id]
	refuse := func(text string) (*bundle, *answer) { a := bad("%s", text); return nil, &a }
	switch {
	case !fine || b == nil:
		return refuse("유효하지 않은 주문번호 입니다.")
	case b.shop != c.shop:
		return refuse("다른 판매자의 주문을 조회할 수 없습니다.")
	}
	return b, nil
}

const cancelledText = "해당 주문이 취소 또는 반품 되었습니다."

func oneSheet(c *call) answer {
	if _, err := c.params(); err != nil {
		return bad("%v", err)
	}
	b, refused := c.box()
	switch {
	case refused != nil:
		return *refused
	case !b.alive():
		return bad(cancelledText)
	}
	return ok(c.show(b))
}

func orderSheets(c *call) answer {
	if _, err := c.params(); err != nil {
		return bad("%v", err)
	}
	id, fine := c.number("orderId")
	all := c.shop.orders[id]
	if !fine || len(all) == 0 {
		for _, s := range c.m.shops {
			if fine && len(s.orders[id]) > 0 {
				return bad("다른 판매자의 주문을 조회할 수 없습니다.")
			}
		}
		return bad("유효하지 않은 주문번호 입니다.")
	}
	var out []sheet
	for _, b := range all {
		if b.alive() {
			out = append(out, c.show(b))
		}
	}
	if len(out) == 0 {
		return bad(cancelledText)
	}
	return ok(out)
}

func history(c *call) answer {
	if _, err := c.params(); err != nil {
		return bad("%v", err)
	}
	b, refused := c.box()
	if refused != nil {
		return c.m.gateway(http.StatusInternalServerError, "Internal Exception")
	}
	type line struct {
		Status string `json:"deliveryStatus"`
		Text   string `json:"deliveryStatusDesc"`
		At     string `json:"updatedAt"`
	}
	out := make([]line, 0, len(b.past))
	for _, s := range slices.Backward(b.past) {
		out = append(out, line{s.status, statusText[s.status], s.at.In(Seoul).Format(longTime)})
	}
	return ok(out)
}
