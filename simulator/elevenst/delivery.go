package elevenst

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

func done(format string, args ...any) answer {
	return result(actionFamily, "0", fmt.Sprintf(format, args...))
}

func refused(code, text string) answer { return result(actionFamily, code, text) }

// release turns a reserved order into one that is paid.
func release(c *call) answer {
	no, _ := c.number("ordNo")
	seq, _ := c.number("ordPrdSeq")
	l := c.shop.line(no, seq)
	if l == nil || l.state != Reserved {
		return refused("-1", "판매확정 처리할 주문이 없습니다.")
	}
	l.state = Paid
	return done("전체 1건이 정상적으로 처리가 되었습니다.")
}

// packaging is 발주확인: it moves the lines of one product in one delivery, add-ons
// with them, from 202 to 301.
func packaging(c *call) answer {
	const nothing = "발주처리할 주문이 없거나 이미 발주처리된 주문입니다."
	no, ok1 := c.number("ordNo")
	seq, ok2 := c.number("ordPrdSeq")
	dlv, ok3 := c.number("dlvNo")
	l := c.shop.line(no, seq)
	if !ok1 || !ok2 || !ok3 || l == nil || l.dlv != dlv {
		return refused("-3206", nothing)
	}
	addOn := c.path["addPrdNo"]
	if l.addTo == 0 && addOn != "null" && addOn != "0" || l.addTo != 0 && addOn != num(l.addTo) || c.path["addPrdYn"] != yes(l.hasAdd) {
		return refused("-3206", nothing)
	}
	switch {
	case l.o.global && l.state == Paid:
		return refused("-3210", "전세계배송 상품은 바코드 출력 후 발주처리 가능합니다.")
	case l.state == Cancelled:
		return refused("-3211", "취소된 주문입니다.")
	case l.state == Cancelling:
		return refused("-3214", "취소 진행중인 주문입니다.")
	case l.state != Paid:
		return refused("-3206", nothing)
	}
	main := l.prd
	if l.addTo != 0 {
		main = l.addTo
	}
	n := 0
	for _, x := range c.shop.bundles[dlv] {
		if x.state == Paid && (x.prd == main || x.addTo == main) {
			x.state, x.confirmed = Preparing, c.now
			n++
		}
	}
	return done("전체 %d건이 정상적으로 발주처리가 되었습니다.", n)
}

// sending is what the calls of reqdelivery have in common.
type sending struct {
	method, courier, number string
	dlv                     int64
	lines                   []*line
}

// sending reads the first segments; the answer is a refusal if it has a body.
func (c *call) sending() (s sending, no answer) {
	if _, ok := minute(c.path["sendDt"]); !ok {
		return s, refused("-3301", "발송일시 형식이 올바르지 않습니다.")
	}
	s.method, s.courier, s.number = c.path["dlvMthdCd"], c.path["dlvEtprsCd"], c.path["invcNo"]
	switch s.method {
	case "01", "03", "04":
		if !couriers[s.courier] {
			return s, refused("-3307", "택배사 코드가 올바르지 않습니다.")
		}
		if !fits(s.courier, s.number) {
			return s, refused("-3306", "송장번호가 택배사의 형식과 맞지 않습니다.")
		}
	case "05":
		if s.courier != "null" || s.number != "null" {
			return s, refused("-3306", "배송없음은 택배사와 송장번호를 보내지 않습니다.")
		}
	default:
		return s, refused("-3307", "배송방법 코드가 올바르지 않습니다.")
	}
	dlv, ok := c.number("dlvNo")
	s.dlv, s.lines = dlv, c.shop.bundles[dlv]
	if !ok || len(s.lines) == 0 {
		return s, refused("-1", "해당 배송번호의 주문이 없습니다.")
	}
	return s, answer{}
}

// usedBy reports whether another delivery has the number.
func (c *call) usedBy(s sending, number string) bool {
	other, taken := c.m.used[s.courier+" "+number]
	return taken && other != s.dlv
}

// state refuses lines that cannot be sent.
func (c *call) state(lines []*line) (no answer) {
	all := func(states ...string) bool {
		return !slices.ContainsFunc(lines, func(l *line) bool { return !slices.Contains(states, l.state) })
	}
	ready := slices.ContainsFunc(lines, func(l *line) bool { return l.state == Preparing })
	switch {
	case all(Delivered, Decided):
		return refused("-3309", "이미 배송완료된 주문입니다.")
	case !ready && slices.ContainsFunc(lines, func(l *line) bool { return l.state == Cancelling || l.state == Cancelled }):
		l := lines[slices.IndexFunc(lines, func(l *line) bool { return l.state == Cancelling || l.state == Cancelled })]
		return refused("-3313", "해당 배송번호의 주문상태가 이미 변경 되었습니다. 변경된 상태 : ("+stateText[l.state]+")")
	case !ready && slices.ContainsFunc(lines, func(l *line) bool { return l.state == Shipping }):
		return refused("-3308", "이미 발송처리된 배송번호입니다.")
	case !ready, slices.ContainsFunc(lines, func(l *line) bool { return l.state == Preparing && l.asked > 0 }):
		return refused("-3310", "주문상태를 확인해 주세요.")
	}
	return answer{}
}

// send marks lines that wait as sent.
func (c *call) send(s sending, lines []*line, parcels func(*line) []parcel) answer {
	n := 0
	for _, l := range lines {
		if l.state != Preparing {
			continue
		}
		l.state, l.sent, l.method, l.courier, l.parcels = Shipping, c.now, s.method, s.courier, parcels(l)
		for _, p := range l.parcels {
			c.m.used[s.courier+" "+p.number] = s.dlv
		}
		n++
	}
	return done("전체 %d건이 정상적으로 발송처리가 되었습니다.", n)
}

func (s sending) whole(l *line) []parcel { return []parcel{{s.number, l.left()}} }

// dispatch sends what waits of a delivery.
func dispatch(c *call) answer {
	s, no := c.sending()
	if no.body != nil {
		return no
	}
	if no := c.state(s.lines); no.body != nil {
		return no
	}
	if c.usedBy(s, s.number) {
		return refused("-3320", "다른 주문에 사용된 송장번호입니다.")
	}
	return c.send(s, s.lines, s.whole)
}

// dispatchSome sends lines of one order; partDlvYn N is the whole delivery.
func dispatchSome(c *call) answer {
	if c.path["part"] == "N" {
		return dispatch(c)
	}
	s, no := c.sending()
	if no.body != nil {
		return no
	}
	order, ok := c.number("ordNo")
	if !ok || c.path["part"] != "Y" {
		return refused("-1", "부분발송 정보가 올바르지 않습니다.")
	}
	var lines []*line
	addOnly := true
	for _, text := range strings.Split(c.path["ordPrdSeqs"], ",") {
		seq, err := strconv.ParseInt(text, 10, 64)
		l := c.shop.line(order, seq)
		if err != nil || l == nil || l.dlv != s.dlv || slices.Contains(lines, l) {
			return refused("-1", "부분발송 정보가 올바르지 않습니다.")
		}
		addOnly = addOnly && l.addTo != 0
		lines = append(lines, l)
	}
	if addOnly {
		return refused("-1", "추가구성상품만 부분발송할 수 없습니다.")
	}
	if no := c.state(lines); no.body != nil {
		return no
	}
	if c.usedBy(s, s.number) {
		return refused("-3320", "다른 주문에 사용된 송장번호입니다.")
	}
	return c.send(s, lines, s.whole)
}

// dispatchPieces sends one line in several parcels.
func dispatchPieces(c *call) answer {
	s, no := c.sending()
	if no.body != nil {
		return no
	}
	order, _ := c.number("ordNo")
	seq, _ := c.number("ordPrdSeq")
	pieces, ok := c.number("dlvQty")
	l := c.shop.line(order, seq)
	if l == nil || l.dlv != s.dlv || !ok {
		return refused("-1", "분할발송 정보가 올바르지 않습니다.")
	}
	if no := c.state([]*line{l}); no.body != nil {
		return no
	}
	list, sum := []parcel{{s.number, pieces}}, pieces
	for _, text := range strings.Split(c.path["invcAddData"], "^") {
		number, count, _ := strings.Cut(text, "@")
		n, err := strconv.ParseInt(count, 10, 64)
		if err != nil || n < 1 || !fits(s.courier, number) {
			return refused("-1", "분할발송 정보가 올바르지 않습니다.")
		}
		list, sum = append(list, parcel{number, n}), sum+n
	}
	if sum != l.left() {
		return refused("-1", fmt.Sprintf("발송수량이 주문수량과 다릅니다. (%d/%d)", sum, l.left()))
	}
	for _, p := range list {
		if c.usedBy(s, p.number) {
			return refused("-3320", "다른 주문에 사용된 송장번호입니다.")
		}
	}
	return c.send(s, []*line{l}, func(*line) []parcel { return list })
}

// day reads yyyyMMdd.
func day(text string) bool {
	_, err := time.Parse("20060102", text)
	return err == nil && len(text) == 8
}
