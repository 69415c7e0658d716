package rakuten

import (
	"net/http"
	"slices"
	"time"
)

// stamp is how the order API writes instants, with a zone without a colon.
const stamp = "2006-01-02T15:04:05-0700"

type searchRequest struct {
	Progress        []int   `json:"orderProgressList"`
	SubStatus       []int   `json:"subStatusIdList"`
	DateType        *int    `json:"dateType"`
	Start           *string `json:"startDatetime"`
	End             *string `json:"endDatetime"`
	Types           []int   `json:"orderTypeList"`
	Settlement      *int    `json:"settlementMethod"`
	Delivery        *string `json:"deliveryName"`
	ShippingDate    *int    `json:"shippingDateBlankFlag"`
	ShippingNumber  *int    `json:"shippingNumberBlankFlag"`
	KeywordType     *int    `json:"searchKeywordType"`
	Keyword         *string `json:"searchKeyword"`
	MailType        *int    `json:"mailSendType"`
	Mail            *string `json:"ordererMailAddress"`
	PhoneType       *int    `json:"phoneNumberType"`
	Phone           *string `json:"phoneNumber"`
	Reserve         *string `json:"reserveNumber"`
	Site            *int    `json:"purchaseSiteType"`
	Asuraku         *int    `json:"asurakuFlag"`
	Coupon          *int    `json:"couponUseFlag"`
	Drug            *int    `json:"drugFlag"`
	OneDay          *int    `json:"oneDayOperationFlag"`
	PaginationModel *struct {
		Amount *int `json:"requestRecordsAmount"`
		Page   *int `json:"requestPage"`
		Sort   []struct {
			Column    *int `json:"sortColumn"`
			Direction *int `json:"sortDirection"`
		} `json:"SortModelList"`
	} `json:"PaginationRequestModel"`
}

// instant reads an instant of a request: only +0900 is taken.
func instant(s string) (time.Time, bool) {
	t, err := time.Parse(stamp, s)
	if err != nil || t.Format(stamp) != s {
		return t, false
	}
	_, offset := t.Zone()
	return t, offset == 9*60*60
}

func search(c *call) answer {
	const fn = "SEARCH_ORDER"
	no := func(number, format string, args ...any) answer {
		return answer{http.StatusBadRequest, map[string]any{
			"MessageModelList": []message{fault(fn, number, format, args...)}, "orderNumberList": nil, "PaginationResponseModel": nil,
		}}
	}
	var q searchRequest
	if err := c.decode(&q); err != nil {
		return no("011", "%v", err)
	}
	if q.DateType == nil || q.Start == nil || q.End == nil {
		return no("009", "dateType, startDatetime and endDatetime are required")
	}
	from, ok1 := instant(*q.Start)
	to, ok2 := instant(*q.End)
	if !ok1 || !ok2 || *q.DateType < 1 || *q.DateType > 6 {
		return no("011", "a date or its type has a bad form")
	}
	if to.Before(from) || to.Sub(from) > widest || c.now.Sub(from) > shown {
		return no("011", "the period is longer than 63 days, ends before it starts, or begins more than 730 days ago")
	}
	for _, p := range q.Progress {
		if p < 100 || p > 900 || p%100 != 0 {
			return no("011", "orderProgress %d", p)
		}
	}
	if q.SubStatus != nil || q.Keyword != nil || q.Mail != nil || q.Phone != nil || q.Reserve != nil || q.Delivery != nil {
		return no("011", "this stand-in does not search by sub-status, keyword, mail, phone, application or delivery")
	}
	amount, page, descending := 30, 1, true
	if p := q.PaginationModel; p != nil {
		if p.Amount == nil || p.Page == nil {
			return no("009", "requestRecordsAmount and requestPage are required")
		}
		amount, page = *p.Amount, *p.Page
		if amount < 1 || amount > 1000 || page < 1 || len(p.Sort) > 1 {
			return no("011", "a page has 1 to 1000 records, counted from 1")
		}
		for _, s := range p.Sort {
			if s.Column == nil || *s.Column != 1 || s.Direction == nil || *s.Direction < 1 || *s.Direction > 2 {
				return no("011", "sortColumn is 1, sortDirection 1 or 2")
			}
			descending = *s.Direction == 2
		}
	}
	var found []string
	for _, o := range c.shop.orders {
		t := o.date(*q.DateType)
		switch {
		case t.IsZero(), t.Before(from), t.After(to),
			len(q.Progress) > 0 && !slices.Contains(q.Progress, o.progress),
			len(q.Types) > 0 && !slices.Contains(q.Types, 1),
			q.Settlement != nil && *q.Settlement != o.settlement,
			q.ShippingNumber != nil && *q.ShippingNumber == 1 && o.numbered():
			continue
		}
		found = append(found, o.number)
	}
	if c.m.faults.Vanish && len(found) > 0 {
		found = append(found, c.shop.ID+"-20260101-0000000000")
	}
	if descending {
		slices.Reverse(found)
	}
	if len(found) == 0 {
		return answer{http.StatusOK, map[string]any{
			"MessageModelList": []message{info(fn, "102", "注文検索に成功しました。(検索結果0件)")}, "orderNumberList": []string{},
			"PaginationResponseModel": map[string]any{"totalRecordsAmount": nil, "totalPages": nil, "requestPage": nil},
		}}
	}
	total := len(found)
	found = found[:min(total, mostFound)]
	first := min((page-1)*amount, len(found))
	if c.m.faults.Repeat && page > 1 && first > 0 {
		first--
	}
	list := found[first:min(page*amount, len(found))]
	if c.m.faults.Total {
		total++
	}
	return answer{http.StatusOK, map[string]any{
		"MessageModelList": []message{info(fn, "101", "注文検索に成功しました。")}, "orderNumberList": list,
		"PaginationResponseModel": map[string]any{"totalRecordsAmount": total, "totalPages": (total + amount - 1) / amount, "requestPage": page},
	}}
}

// date returns the instant of an order by which a search looks; zero if it has
// none.
func (o *order) date(kind int) time.Time {
	switch kind {
	case 1:
		return o.ordered
	case 2:
		return o.confirmed
	case 3, 6:
		return o.fixed
	case 4:
		for _, b := range o.baskets {
			for _, r := range b.shipping {
				if t, err := time.ParseInLocation(time.DateOnly, r.date, Tokyo); err == nil {
					return t
				}
			}
		}
		return time.Time{}
	}
	return o.completed
}

func (o *order) numbered() bool {
	return slices.ContainsFunc(o.baskets, func(b *basket) bool {
		return slices.ContainsFunc(b.shipping, func(r *row) bool { return r.number != "" })
	})
}
