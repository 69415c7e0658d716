package coupang

import (
	"net/http"
	"slices"
	"time"
)

// An apply is one row of an upload of tracking numbers. Pointers tell a field
// that is missing from one that is empty.
type apply struct {
	Box       *int64  `json:"shipmentBoxId"`
	Order     *int64  `json:"orderId"`
	Item      *int64  `json:"vendorItemId"`
	Courier   *string `json:"deliveryCompanyCode"`
	Invoice   *string `json:"invoiceNumber"`
	Split     *bool   `json:"splitShipping"`
	PreSplit  *bool   `json:"preSplitShipped"`
	Estimated *string `json:"estimatedShippingDate"`
}

func (a *apply) whole() bool {
	return a.Box != nil && a.Order != nil && a.Item != nil && a.Courier != nil && a.Invoice != nil && a.Split != nil && a.PreSplit != nil && a.Estimated != nil
}

// invoices takes the first tracking numbers of bundles in INSTRUCT.
func invoices(c *call) answer { return c.upload(c.dispatch) }

// updateInvoices corrects numbers of bundles that were dispatched.
func updateInvoices(c *call) answer { return c.upload(c.correct) }

func (c *call) upload(one func(*bundle, []apply) (string, string)) answer {
	var in struct {
		Vendor string  `json:"vendorId"`
		Rows   []apply `json:"orderSheetInvoiceApplyDtos"`
	}
	if err := c.decode(&in); err != nil {
		return bad("request body: %v", err)
	}
	switch {
	case c.query != "":
		return bad("the call has no parameters")
	case in.Vendor != c.shop.ID:
		return bad("Invalid vendor ID")
	case len(in.Rows) == 0:
		return bad("orderSheetInvoiceApplyDtos is required")
	}
	for i := range in.Rows {
		if !in.Rows[i].whole() {
			return bad("orderSheetInvoiceApplyDtos[%d]: a field is missing", i)
		}
		if refused := numbers(&in.Rows[i]); refused != nil {
			return *refused
		}
	}
	var r report
	for len(in.Rows) > 0 {
		id := *in.Rows[0].Box
		var rows, rest []apply
		for _, x := range in.Rows {
			if *x.Box == id {
				rows = append(rows, x)
			} else {
				rest = append(rest, x)
			}
		}
		in.Rows = rest
		r.List = append(r.List, c.bundleRows(id, rows, one))
	}
	r.sum("SUCCESS", "PARTIAL_ERROR", "FAILED")
	return answer{http.StatusOK, struct {
		Code    string `json:"code"`
		Message string `json:"message"`
		Data    report `json:"data"`
	}{"200", "OK", r}}
}

// numbers checks courier, number and date of a row. What it refuses refuses the
// whole request.
func numbers(a *apply) *answer {
	refuse := func(format string, args ...any) *answer { x := bad(format, args...); return &x }
	how, known := lookupCourier(*a.Courier)
	if !known {
		return refuse("invalid delivery company code:%s", *a.Courier)
	}
	n := *a.Invoice
	if *a.Estimated != "" {
		if _, err := time.Parse(time.DateOnly, *a.Estimated); err != nil {
			return refuse("estimatedShippingDate %q does not have the form YYYY-MM-DD", *a.Estimated)
		}
	}
	if n == "" || how.form == nil {
		return nil
	}
	if *a.Courier != "EMS" && !onlyDigits.MatchString(n) {
		return refuse("%s의 운송장번호는 숫자로만 구성되어야 합니다. InvoiceNumber must be number. [%s]", how.name, n)
	}
	if !how.form.MatchString(n) {
		return refuse("%s의 송장번호 형식에 맞지않는 운송장 번호 입니다. [%s]", how.name, n)
	}
	return nil
}

// codes are the results that a row can have, with whether to try again.
var retryable = map[string]bool{
	"PERMISSION_DENIED": true, "DUPLICATE_INVOICE_NUMBER": true, "INVALID_INVOICE_NUMBER": true,
	"ORDER_DELIVERY_PARTIAL_STOP_REQUESTED": true, "ORDER_DELIVERY_CANCELED_HOLDING_FOR_CANCEL": true, "UNDEFINED_ERROR_OCCUR": true,
}

func (c *call) bundleRows(id int64, rows []apply, one func(*bundle, []apply) (string, string)) result {
	refuse := func(code, text string) result {
		return result{Box: id, Code: code, Retry: retryable[code], Message: some(text)}
	}
	b, known := c.m.boxes[id]
	switch {
	case !known:
		return refuse("NOT_FOUND_SHIPMENT_BOX", "묶음배송번호를 찾을 수 없습니다.")
	case b.shop != c.shop:
		return refuse("PERMISSION_DENIED", "권한이 없습니다.")
	}
	if code, text := b.rows(rows); code != "" {
		return refuse(code, text)
	}
	if c.m.faults.Forget {
		return result{Box: id, Succeed: true, Code: "OK"}
	}
	if code, text := one(b, rows); code != "" {
		return refuse(code, text)
	}
	return result{Box: id, Succeed: true, Code: "OK"}
}

// rows checks that every line of the bundle is there, once, and that the rows say
// the same of the whole.
func (b *bundle) rows(rows []apply) (code, text string) {
	var seen []int64
	for _, x := range rows {
		if *x.Order != b.order {
			return "UNDEFINED_ERROR_OCCUR", "주문번호가 일치하지 않습니다."
		}
		if b.item(*x.Item) == nil || slices.Contains(seen, *x.Item) {
			return "NOT_FOUND_VENDOR_ITEM", "옵션을 찾을 수 없습니다."
		}
		if *x.Split != *rows[0].Split || *x.PreSplit != *rows[0].PreSplit {
			return "UNDEFINED_ERROR_OCCUR", "분리배송 여부가 일치하지 않습니다."
		}
		seen = append(seen, *x.Item)
	}
	for _, i := range b.items {
		if i.cancelled < i.count && !slices.Contains(seen, i.vendorItem) {
			return "NOT_FOUND_VENDOR_ITEM", "묶음배송의 모든 옵션이 필요합니다."
		}
	}
	return "", ""
}

// dispatch ships a bundle, or a part of it.
func (c *call) dispatch(b *bundle, rows []apply) (code, text string) {
	part, all := b.stopped()
	switch {
	case !b.alive() || all:
		return "ORDER_DELIVERY_CANCELED", "취소된 주문입니다."
	case part && b.status == Accept:
		return "ORDER_DELIVERY_CANCELED_HOLDING_FOR_CANCEL", "취소 진행중인 주문입니다."
	case part:
		return "ORDER_DELIVERY_PARTIAL_STOP_REQUESTED", "출고중지 요청건입니다."
	case b.invoice != "" && b.invoice == *rows[0].Invoice:
		return "DUPLICATE_INVOICE_NUMBER", "이미 등록된 송장번호입니다."
	case b.status != Instruct:
		return "INVALID_STATUS", "상품준비중 상태가 아닙니다."
	}
	if *rows[0].Split {
		return c.dispatchPart(b, rows)
	}
	if b.split {
		return "IS_SEPARATE_MUST_BE_TRUE_WHEN_SEPARATE_DELIVERY", "분리배송 주문입니다."
	}
	if *rows[0].PreSplit {
		return "UNDEFINED_ERROR_OCCUR", "분리배송 주문이 아닙니다."
	}
	return c.send(b, rows, b)
}

// send stores the one number that all rows have, and dispatches to.
func (c *call) send(b *bundle, rows []apply, to *bundle) (code, text string) {
	n, by := *rows[0].Invoice, *rows[0].Courier
	for _, x := range rows {
		switch {
		case *x.Invoice == "":
			return "NOT_FOUND_INVOICE_NUMBER", "송장번호가 없습니다."
		case *x.Invoice != n || *x.Courier != by:
			return "INVALID_INVOICE_NUMBER", "하나의 송장번호만 등록할 수 있습니다."
		case *x.Estimated != "":
			return "INVALID_INVOICE_NUMBER", "송장번호와 출고예정일을 함께 등록할 수 없습니다."
		}
	}
	if !c.free(by, n, b) {
		return "NOT_ALLOW_INVOICE_NUMBER_RE_UPLOAD", "이미 사용된 송장번호입니다."
	}
	c.m.numbers[by+n] = use{to.id, b.recipient(), c.now}
	to.ship(by, n, c.now)
	return "", ""
}

func (b *bundle) ship(by, n string, now time.Time) {
	b.courier, b.invoice, b.uploaded, b.dispatched = by, n, now, now
	if by == "DIRECT" {
		b.move(NoneTracking, now)
		return
	}
	b.move(Departure, now)
}

// free reports whether a number was not given to another recipient lately.
func (c *call) free(by, n string, b *bundle) bool {
	u, used := c.m.numbers[by+n]
	return !used || u.to == b.recipient() || c.now.Sub(u.when) > numberBlocks
}

// dispatchPart ships the rows that have a number. They get a bundle of their own
// with a new id; the others stay under the old one until the second upload.
func (c *call) dispatchPart(b *bundle, rows []apply) (code, text string) {
	var now, later []apply
	for _, x := range rows {
		switch {
		case (*x.Invoice == "") == (*x.Estimated == ""):
			return "NOT_FOUND_INVOICE_NUMBER", "송장번호 또는 출고예정일 중 하나가 필요합니다."
		case *x.Courier == "DIRECT":
			return "NOT_ALLOW_VENDOR_DIRECT", "업체직송은 분리배송할 수 없습니다."
		case *x.Invoice != "":
			now = append(now, x)
		default:
			later = append(later, x)
		}
	}
	switch {
	case b.parted != *rows[0].PreSplit:
		return "UNDEFINED_ERROR_OCCUR", "preSplitShipped 값이 올바르지 않습니다."
	case b.parted && len(later) > 0:
		return "PSD_NOT_ALLOW_TO_CHANGE", "출고예정일은 변경할 수 없습니다."
	case b.parted:
		return c.send(b, now, b)
	case len(b.items) == 1:
		return "NOT_ALLOW_SEPARATE_WHEN_ONE_VENDOR_ITEM", "옵션이 하나인 주문은 분리배송할 수 없습니다."
	case len(now) == 0:
		return "NOT_FOUND_INVOICE_NUMBER", "송장번호가 없습니다."
	case len(later) == 0:
		return "UNDEFINED_ERROR_OCCUR", "모든 옵션을 한 번에 출고할 때에는 분리배송이 아닙니다."
	}
	part := *b
	part.id, part.split, part.past = c.m.newBox(b.id), true, slices.Clone(b.past)
	part.items, part.created = nil, c.now
	if code, text := c.send(b, now, &part); code != "" {
		return code, text
	}
	b.items = slices.DeleteFunc(b.items, func(i *item) bool {
		goes := slices.ContainsFunc(now, func(x apply) bool { return *x.Item == i.vendorItem })
		if goes {
			part.items = append(part.items, i)
		}
		return goes
	})
	b.split, b.parted, b.planned = true, true, *later[0].Estimated
	c.m.boxes[part.id] = &part
	c.shop.add(&part)
	return "", ""
}

// newBox makes the id of the part that leaves a bundle.
func (m *Mall) newBox(old int64) int64 {
	for {
		m.split++
		id := old/1_000_000*1_000_000 + 900_000 + m.split
		if _, taken := m.boxes[id]; !taken {
			return id
		}
	}
}

// correct replaces the number of a bundle that was dispatched; its status begins
// again.
func (c *call) correct(b *bundle, rows []apply) (code, text string) {
	switch {
	case !b.alive():
		return "ORDER_DELIVERY_CANCELED", "취소된 주문입니다."
	case b.status == Accept || b.status == Instruct:
		return "INVALID_STATUS", "배송지시 이후 상태가 아닙니다."
	case b.split != *rows[0].Split:
		return "IS_SEPARATE_MUST_BE_TRUE_WHEN_SEPARATE_DELIVERY", "분리배송 주문입니다."
	case b.invoice == *rows[0].Invoice && b.courier == *rows[0].Courier:
		return "DUPLICATE_INVOICE_NUMBER", "이미 등록된 송장번호입니다."
	}
	return c.send(b, rows, b)
}
