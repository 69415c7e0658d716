package smartstore

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// Codes of the order API.
const (
	codeParameter = "4000"
	codeOther     = "9999"
	codeNoLine    = "100001"
	codeNoOrder   = "100003"
	codeCompany   = "101011"
	codeRange     = "104139"
	codeBad       = "104133"
)

// when reads a time of a query: with milliseconds and the offset of Korea.
func when(text string) (time.Time, bool) {
	t, err := time.Parse("2006-01-02T15:04:05.000-07:00", text)
	return t, err == nil && strings.HasSuffix(text, "+09:00")
}

// params refuses what is not documented, or there twice.
func (c *call) params(names ...string) bool {
	for n, v := range c.query {
		if !slices.Contains(names, n) || len(v) != 1 {
			return false
		}
	}
	return true
}

// span reads two times that are at most 24 hours apart, both inside.
func (c *call) span(from, to string) (a, b time.Time, no *answer) {
	refuse := func(code, text string) (time.Time, time.Time, *answer) {
		x := c.refuse(code, "%s", text)
		return a, b, &x
	}
	a, ok := when(c.query.Get(from))
	if !ok {
		return refuse(codeParameter, from+" 형식 오류")
	}
	b = a.Add(24 * time.Hour)
	if v := c.query.Get(to); v != "" {
		if b, ok = when(v); !ok || b.Before(a) {
			return refuse(codeParameter, to+" 형식 오류")
		}
	}
	if b.Sub(a) > 24*time.Hour {
		return refuse(codeRange, "조회 가능한 날짜 범위를 초과")
	}
	return a, b, nil
}

func (c *call) number(name string, unless, most int) (int, bool) {
	v := c.query.Get(name)
	if v == "" {
		return unless, true
	}
	n, err := strconv.Atoi(v)
	return n, err == nil && n >= 1 && n <= most
}

var changeKinds = strings.Fields("PAY_WAITING PAYED EXCHANGE_OPTION DELIVERY_ADDRESS_CHANGED GIFT_RECEIVED CLAIM_REJECTED DISPATCHED CLAIM_REQUESTED COLLECT_DONE " +
	"CLAIM_COMPLETED PURCHASE_DECIDED HOPE_DELIVERY_INFO_CHANGED CLAIM_REDELIVERING")

func lastChanged(c *call) answer {
	if !c.params("lastChangedFrom", "lastChangedTo", "lastChangedType", "moreSequence", "limitCount") {
		return c.refuse(codeParameter, "잘못된 파라미터입니다.")
	}
	from, to, no := c.span("lastChangedFrom", "lastChangedTo")
	if no != nil {
		return *no
	}
	limit, ok := c.number("limitCount", 300, 300)
	kind := c.query.Get("lastChangedType")
	if !ok || kind != "" && !slices.Contains(changeKinds, kind) {
		return c.refuse(codeParameter, "잘못된 파라미터입니다.")
	}
	begin := c.query.Get("moreSequence")
	rows := []object{}
	var more object
	var last object
	for _, e := range c.shop.log {
		switch {
		case e.at.Before(from), e.at.After(to), kind != "" && e.kind != kind, begin != "" && e.at.Equal(from) && e.line.id < begin:
			continue
		case c.m.opt.LastOnly && !e.at.Equal(e.line.changed):
			continue
		}
		if len(rows) == limit {
			more = object{"moreFrom": stamp(e.at), "moreSequence": e.line.id}
			if c.m.faults.Repeat {
				more = object{"moreFrom": last["lastChangedDate"], "moreSequence": last["productOrderId"]}
			}
			break
		}
		last = e.show()
		rows = append(rows, last)
	}
	if c.m.faults.Repeat && len(rows) > 0 && len(rows) < limit {
		rows = append(rows, rows[len(rows)-1])
	}
	if c.m.faults.Vanish && len(rows) > 0 && len(rows) < limit {
		ghost := object{}
		for k, v := range rows[0] {
			ghost[k] = v
		}
		ghost["orderId"], ghost["productOrderId"] = "2026999999999990", "2026999999999991"
		rows = append(rows, ghost)
	}
	data := object{"lastChangeStatuses": rows, "count": len(rows)}
	if c.m.faults.Total {
		data["count"] = len(rows) + 1
	}
	if more != nil {
		data["more"] = more
	}
	return c.data(data)
}

func (e event) show() object {
	l := e.line
	o := object{
		"orderId": l.o.no, "productOrderId": l.id, "lastChangedType": e.kind, "lastChangedDate": stamp(e.at), "productOrderStatus": l.status,
		"receiverAddressChanged": e.kind == "DELIVERY_ADDRESS_CHANGED",
	}
	put(o, "paymentDate", stamp(l.o.paid))
	put(o, "giftReceivingStatus", l.receiving)
	if c := l.claim; c != nil {
		o["claimType"], o["claimStatus"] = c.kind, c.status
	} else if n := len(l.done); n > 0 {
		o["claimType"], o["claimStatus"] = l.done[n-1].kind, l.done[n-1].status
	}
	return o
}

var (
	rangeKinds = strings.Fields("PAYED_DATETIME ORDERED_DATETIME DISPATCHED_DATETIME PURCHASE_DECIDED_DATETIME CLAIM_REQUESTED_DATETIME CLAIM_COMPLETED_DATETIME " +
		"COLLECT_COMPLETED_DATETIME GIFT_RECEIVED_DATETIME HOPE_DELIVERY_INFO_CHANGED_DATETIME")
	statuses = strings.Fields("PAYMENT_WAITING PAYED DELIVERING DELIVERED PURCHASE_DECIDED EXCHANGED CANCELED RETURNED CANCELED_BY_NOPAYMENT")
)

func byCondition(c *call) answer {
	if !c.params("from", "to", "rangeType", "productOrderStatuses", "claimStatuses", "placeOrderStatusType", "fulfillment", "pageSize", "page", "quantityClaimCompatibility") {
		return c.refuse(codeParameter, "잘못된 파라미터입니다.")
	}
	from, to, no := c.span("from", "to")
	if no != nil {
		return *no
	}
	size, ok1 := c.number("pageSize", 300, 300)
	page, ok2 := c.number("page", 1, 1_000_000)
	kind := c.query.Get("rangeType")
	status := c.query.Get("productOrderStatuses")
	if !ok1 || !ok2 || kind != "" && !slices.Contains(rangeKinds, kind) || status != "" && !slices.Contains(statuses, status) || c.query.Get("quantityClaimCompatibility") == "" {
		return c.refuse(codeParameter, "잘못된 파라미터입니다.")
	}
	at := func(l *line) time.Time { return l.o.paid }
	switch kind {
	case "", "PAYED_DATETIME":
	case "ORDERED_DATETIME":
		at = func(l *line) time.Time { return l.o.ordered }
	case "DISPATCHED_DATETIME":
		at = func(l *line) time.Time { return l.sent }
	default:
		return c.refuse(codeParameter, "%s: not in this simulator", kind)
	}
	contents := []object{}
	n := 0
	for _, l := range c.shop.lines {
		t := at(l)
		if t.IsZero() || t.Before(from) || t.After(to) || status != "" && l.status != status {
			continue
		}
		n++
		first := n > (page-1)*size
		if c.m.faults.Repeat {
			first = n >= (page-1)*size
		}
		if first && n <= page*size {
			contents = append(contents, object{"productOrderId": l.id, "content": l.show()})
		}
	}
	return c.data(object{"contents": contents, "pagination": object{"page": page, "size": size, "hasNext": n > page*size}})
}

func details(c *call) answer {
	var in struct {
		IDs   []string `json:"productOrderIds"`
		Whole *bool    `json:"quantityClaimCompatibility"`
	}
	if err := c.read(&in); err != nil || len(in.IDs) == 0 || len(in.IDs) > 300 {
		return c.refuse(codeBad, "잘못된 요청입니다.")
	}
	rows := []object{}
	for _, id := range in.IDs {
		if l := c.shop.byID[id]; l != nil {
			rows = append(rows, l.show())
		}
	}
	return c.data(rows)
}

func idsOf(c *call) answer {
	lines := c.shop.orders[c.path["orderId"]]
	if len(lines) == 0 {
		return c.refuse(codeNoOrder, "주문 정보를 찾을 수 없습니다.")
	}
	ids := []string{}
	for _, l := range lines {
		ids = append(ids, l.id)
	}
	return c.data(ids)
}

// failure is an entry of failProductOrderInfos.
func failure(id, code, message string) object {
	return object{"productOrderId": id, "code": code, "message": message}
}

// ready says why a product order cannot be confirmed or dispatched.
func (c *call) ready(id string, company string) (*line, object) {
	l := c.shop.byID[id]
	switch {
	case l == nil:
		return nil, failure(id, codeNoLine, "상품주문을 찾을 수 없습니다.")
	case l.contract:
		return nil, failure(id, company, "물류사만 처리할 수 있습니다.")
	case l.status == Delivering, l.status == Delivered, l.status == Decided:
		return nil, failure(id, "105306", "이미 처리된 상품주문입니다.")
	case l.status != Paid:
		return nil, failure(id, "104442", "상품주문 상태를 확인해 주세요.")
	case l.open(), l.receiving == "WAIT_FOR_RECEIVING":
		return nil, failure(id, "104443", "발주 상태를 확인해 주세요.")
	}
	return l, nil
}

func confirm(c *call) answer {
	var in struct {
		IDs []string `json:"productOrderIds"`
	}
	if err := c.read(&in); err != nil || len(in.IDs) == 0 || len(in.IDs) > 30 {
		return c.refuse(codeBad, "잘못된 요청입니다.")
	}
	good, bad := []object{}, []object{}
	for i, id := range in.IDs {
		l, no := c.ready(id, codeCompany)
		switch {
		case slices.Contains(in.IDs[:i], id):
			bad = append(bad, failure(id, "104131", "상품주문번호가 중복되었습니다."))
		case no != nil:
			bad = append(bad, no)
		case l.place == Placed:
			bad = append(bad, failure(id, "105306", "이미 처리된 상품주문입니다."))
		default:
			l.place, l.placedAt = Placed, c.now
			good = append(good, object{"productOrderId": id, "isReceiverAddressChanged": false})
		}
	}
	return c.data(object{"successProductOrderInfos": good, "failProductOrderInfos": bad})
}

var methods = strings.Fields("DELIVERY GDFW_ISSUE_SVC VISIT_RECEIPT DIRECT_DELIVERY QUICK_SVC NOTHING RETURN_DESIGNATED RETURN_DELIVERY RETURN_INDIVIDUAL RETURN_MERCHANT UNKNOWN")

func dispatch(c *call) answer {
	type row struct {
		ID       string `json:"productOrderId"`
		Method   string `json:"deliveryMethod"`
		Courier  string `json:"deliveryCompanyCode"`
		Tracking string `json:"trackingNumber"`
		At       string `json:"dispatchDate"`
	}
	var in struct {
		Rows []row `json:"dispatchProductOrders"`
	}
	if err := c.read(&in); err != nil || len(in.Rows) == 0 || len(in.Rows) > 30 {
		return c.refuse(codeBad, "잘못된 요청입니다.")
	}
	good, bad := []string{}, []object{}
	for i, r := range in.Rows {
		at, timed := when(r.At)
		l, no := c.ready(r.ID, "105308")
		taken := func() bool {
			u, used := c.m.used[r.Courier+" "+r.Tracking]
			return used && (u.shop != c.shop.ID || u.name != l.to.name || u.address != l.to.base)
		}
		switch {
		case slices.ContainsFunc(in.Rows[:i], func(x row) bool { return x.ID == r.ID }):
			no = failure(r.ID, "104131", "상품주문번호가 중복되었습니다.")
		case no != nil:
		case !timed || at.After(c.now.Add(5*time.Minute)):
			no = failure(r.ID, codeParameter, "dispatchDate")
		case !slices.Contains(methods, r.Method):
			no = failure(r.ID, "104117", "배송방법을 변경해 주세요.")
		case l.place != Placed:
			no = failure(r.ID, "104443", "발주 상태를 확인해 주세요.")
		case r.Method == "DELIVERY" && r.Courier == "":
			no = failure(r.ID, "104118", "택배사를 입력해 주세요.")
		case r.Method == "DELIVERY" && !couriers[r.Courier]:
			no = failure(r.ID, "104119", "택배사 코드가 올바르지 않습니다.")
		case r.Method == "DELIVERY" && r.Tracking == "":
			no = failure(r.ID, "104120", "송장번호를 입력해 주세요.")
		case r.Method == "DELIVERY" && !fits(r.Courier, r.Tracking):
			no = failure(r.ID, "104122", "배송 송장 오류(비유효 송장)")
		case taken():
			no = failure(r.ID, "104121", "이미 사용된 송장번호입니다.")
		}
		if no != nil {
			bad = append(bad, no)
			continue
		}
		c.shop.send(l, r.Method, r.Courier, r.Tracking, c.now)
		c.m.used[r.Courier+" "+r.Tracking] = use{c.shop.ID, l.to.name, l.to.base}
		good = append(good, r.ID)
	}
	return c.data(object{"successProductOrderIds": good, "failProductOrderInfos": bad})
}

func (s *shop) send(l *line, method, courier, tracking string, now time.Time) {
	l.status, l.method, l.courier, l.tracking, l.sent = Delivering, method, courier, tracking, now
	s.note(l, "DISPATCHED", now)
}

// approve is the seller who agrees to a request to cancel.
func approve(c *call) answer {
	id := c.path["id"]
	l := c.shop.byID[id]
	switch {
	case l == nil:
		return c.refuse(codeNoLine, "상품주문을 찾을 수 없습니다.")
	case !l.open():
		return c.data(object{"successProductOrderIds": []string{}, "failProductOrderInfos": []object{failure(id, "104442", "상품주문 상태를 확인해 주세요.")}})
	}
	c.shop.finish(l, c.now)
	return c.data(object{"successProductOrderIds": []string{id}, "failProductOrderInfos": []object{}})
}

// finish carries a cancellation out.
func (s *shop) finish(l *line, now time.Time) {
	c := l.claim
	c.status = "CANCEL_DONE"
	l.left -= c.pieces
	if l.left == 0 {
		l.status = Cancelled
	} else {
		l.claim, l.done = nil, append(l.done, c)
	}
	s.note(l, "CLAIM_COMPLETED", now)
}
