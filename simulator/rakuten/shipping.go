package rakuten

import (
	"fmt"
	"net/http"
	"slices"
	"time"
	"unicode/utf8"
)

// A shippingModel is one row of a report. A key that is absent leaves a value as it
// is, an empty one deletes it.
type shippingModel struct {
	ID      *int64  `json:"shippingDetailId"`
	Carrier *string `json:"deliveryCompany"`
	Number  *string `json:"shippingNumber"`
	Date    *string `json:"shippingDate"`
	Delete  *int    `json:"shippingDeleteFlag"`
}

type basketModel struct {
	ID   *int64          `json:"basketId"`
	Rows []shippingModel `json:"ShippingModelList"`
}

type orderShipping struct {
	Number  *string       `json:"orderNumber"`
	Baskets []basketModel `json:"BasketidModelList"`
}

// A report is an asynchronous one.
type report struct {
	taken  time.Time
	orders []orderShipping
	done   bool
	result []any
}

const maxRows = 20

// check looks at the form of a report, before anything is stored.
func (q *orderShipping) check(fn string, f Faults) []message {
	if q.Number == nil || q.Baskets == nil {
		return []message{fault(fn, "009", "orderNumber and BasketidModelList are required")}
	}
	var bad []message
	n := 0
	wrong := func(r *shippingModel, format string, args ...any) {
		m := fault(fn, "011", format, args...).of(*q.Number)
		data := n
		m.Data, m.Shipping = &data, r.ID
		bad = append(bad, m)
	}
	for i := range q.Baskets {
		b := &q.Baskets[i]
		if b.ID == nil || len(b.Rows) == 0 || len(b.Rows) > maxRows {
			bad = append(bad, fault(fn, "009", "basketId and 1 to %d rows are required", maxRows).of(*q.Number))
			continue
		}
		for j := range b.Rows {
			r := &b.Rows[j]
			n++
			switch {
			case f.Required && (r.Carrier == nil || r.Number == nil || r.Date == nil):
				wrong(r, "deliveryCompany, shippingNumber and shippingDate are required")
			case r.Delete != nil && *r.Delete != 0 && *r.Delete != 1:
				wrong(r, "shippingDeleteFlag %d", *r.Delete)
			case r.Carrier != nil && carriers[*r.Carrier] == "":
				wrong(r, "deliveryCompany %q", *r.Carrier)
			case r.Number != nil && utf8.RuneCountInString(*r.Number) > 120:
				wrong(r, "shippingNumber has more than 120 characters")
			case r.Date != nil && *r.Date != "":
				if t, err := time.Parse(time.DateOnly, *r.Date); err != nil || t.Format(time.DateOnly) != *r.Date {
					wrong(r, "shippingDate %q", *r.Date)
				}
			}
		}
	}
	return bad
}

// apply stores a report of one order, all rows or none.
func (m *Mall) apply(s *shop, q *orderShipping) (list []message, ok bool) {
	const fn = "UPDATE_ORDERSHIPPING"
	o := s.byNo[*q.Number]
	switch {
	case o == nil:
		return []message{fault(fn, "016", "他店舗の受注です。").of(*q.Number)}, false
	case o.progress == Cancelled:
		return []message{fault(fn, "102", "キャンセル済の受注です。").of(*q.Number)}, false
	case o.progress == Changing, o.progress == Cancelling:
		return []message{fault(fn, "101", "変更またはキャンセルの確定待ちです。").of(*q.Number)}, false
	}
	find := func(b *basketModel) *basket {
		i := slices.IndexFunc(o.baskets, func(x *basket) bool { return x.id == *b.ID })
		if i < 0 {
			return nil
		}
		return o.baskets[i]
	}
	for i := range q.Baskets {
		in := find(&q.Baskets[i])
		if in == nil {
			return []message{fault(fn, "011", "basketId %d is not of the order", *q.Baskets[i].ID).of(o.number)}, false
		}
		more := 0
		for _, r := range q.Baskets[i].Rows {
			if r.ID == nil {
				more++
			} else if !slices.ContainsFunc(in.shipping, func(x *row) bool { return x.id == *r.ID }) {
				return []message{fault(fn, "011", "shippingDetailId %d is not of the basket", *r.ID).of(o.number)}, false
			}
		}
		if m.faults.Single && len(in.shipping)+more > 1 {
			return []message{fault(fn, "011", "a basket has one row").of(o.number)}, false
		}
		if len(in.shipping)+more > maxRows {
			return []message{fault(fn, "011", "a basket has at most %d rows", maxRows).of(o.number)}, false
		}
	}
	n := 0
	for i := range q.Baskets {
		b := find(&q.Baskets[i])
		for _, r := range q.Baskets[i].Rows {
			n++
			if m.faults.Forget {
				x, number := info(fn, "101", "発送情報の追加に成功しました。").of(o.number), n
				x.Data = &number
				list = append(list, x)
				continue
			}
			number, what := n, "101"
			var at *row
			if r.ID == nil {
				m.serial++
				at = &row{id: m.serial}
				b.shipping = append(b.shipping, at)
			} else {
				what = "102"
				at = b.shipping[slices.IndexFunc(b.shipping, func(x *row) bool { return x.id == *r.ID })]
			}
			if r.Delete != nil && *r.Delete == 1 && r.ID != nil {
				what = "103"
				b.shipping = slices.DeleteFunc(b.shipping, func(x *row) bool { return x == at })
			}
			for _, set := range []struct {
				from *string
				to   *string
			}{{r.Carrier, &at.carrier}, {r.Number, &at.number}, {r.Date, &at.date}} {
				if set.from != nil {
					*set.to = *set.from
				}
			}
			at.told = m.opt.Now()
			x := info(fn, what, "発送情報の更新に成功しました。").of(o.number)
			x.Data, x.Shipping = &number, &at.id
			list = append(list, x)
		}
	}
	return list, true
}

func ship(c *call) answer {
	const fn = "UPDATE_ORDERSHIPPING"
	var q orderShipping
	if err := c.decode(&q); err != nil {
		return messages(http.StatusBadRequest, fault(fn, "011", "%v", err))
	}
	if bad := q.check(fn, c.m.faults); bad != nil {
		return messages(http.StatusBadRequest, bad...)
	}
	list, _ := c.m.apply(c.shop, &q)
	return messages(http.StatusOK, list...)
}

func shipLater(c *call) answer {
	const fn = "UPDATE_ORDERSHIPPING_ASYNC"
	var q struct {
		Orders []orderShipping `json:"OrderShippingModelList"`
	}
	if err := c.decode(&q); err != nil {
		return messages(http.StatusBadRequest, fault(fn, "011", "%v", err))
	}
	if len(q.Orders) == 0 || len(q.Orders) > 100 {
		return messages(http.StatusBadRequest, fault(fn, "009", "1 to 100 orders, not %d", len(q.Orders)))
	}
	var bad []message
	seen := map[string]bool{}
	for i := range q.Orders {
		o := &q.Orders[i]
		bad = append(bad, o.check(fn, c.m.faults)...)
		if o.Number == nil {
			continue
		}
		if seen[*o.Number] {
			bad = append(bad, fault(fn, "011", "an order stands twice").of(*o.Number))
		}
		seen[*o.Number] = true
	}
	if bad != nil {
		return messages(http.StatusOK, bad...)
	}
	c.m.serial++
	id := fmt.Sprintf("00000000-0000-4000-9000-%012x_%s", c.m.serial, c.now.In(Tokyo).Format("20060102150405"))
	c.shop.reports[id] = &report{taken: c.now, orders: q.Orders}
	x := info(fn, "101", "発送情報の更新を受け付けました。")
	return answer{http.StatusOK, map[string]any{"MessageModelList": []any{map[string]any{
		"messageType": x.Type, "messageCode": x.Code, "message": x.Text, "requestId": id, "orderNumber": nil, "dataNumber": nil, "shippingDetailId": nil,
	}}}}
}

// work does what an asynchronous report asks for.
func (m *Mall) work(s *shop, r *report, f Faults) {
	r.done = true
	for i := range r.orders {
		q := &r.orders[i]
		var list []message
		if f.Async {
			list = []message{fault("UPDATE_ORDERSHIPPING", "101", "発送情報の更新に失敗しました。")}
		} else {
			list, _ = m.apply(s, q)
		}
		r.result = append(r.result, map[string]any{"orderNumber": *q.Number, "MessageModelList": list})
	}
}

func shipResult(c *call) answer {
	const fn = "GET_RESULT_UPDATEORDERSHIPPING_ASYNC"
	var q struct {
		ID *string `json:"requestId"`
	}
	if err := c.decode(&q); err != nil {
		return messages(http.StatusBadRequest, fault(fn, "011", "%v", err))
	}
	if q.ID == nil {
		return messages(http.StatusBadRequest, fault(fn, "009", "requestId is required"))
	}
	result := []any{map[string]any{"MessageModelList": []message{info(fn, "101", "処理結果がありません。")}}}
	if r := c.shop.reports[*q.ID]; r != nil && r.done && c.now.Before(r.taken.Add(resultsKept)) {
		result = r.result
	}
	return answer{http.StatusOK, map[string]any{"ResultShippingModelList": result}}
}
