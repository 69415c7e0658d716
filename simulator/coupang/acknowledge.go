package coupang

import "net/http"

// maxBoxes is how many bundles one call may name.
const maxBoxes = 50

// A result is one row of an answer to a write.
type result struct {
	Box     int64   `json:"shipmentBoxId"`
	Succeed bool    `json:"succeed"`
	Code    string  `json:"resultCode"`
	Retry   bool    `json:"retryRequired"`
	Message *string `json:"resultMessage"`
}

// A report is the data of an answer to a write.
type report struct {
	Key     int64    `json:"responseKey,omitempty"`
	Code    int      `json:"responseCode"`
	Message string   `json:"responseMessage"`
	List    []result `json:"responseList"`
}

// sum fills in what the rows come to: none, all, some or nothing succeeded.
func (r *report) sum(all, part, none string) {
	good := 0
	for _, x := range r.List {
		if x.Succeed {
			good++
		}
	}
	switch {
	case len(r.List) == 0:
		r.Code, r.Message = -1, none
	case good == len(r.List):
		r.Code, r.Message = 0, all
	case good > 0:
		r.Code, r.Message = 1, part
	default:
		r.Code, r.Message = 99, none
	}
}

const cannotChange = "배송상태를 변경할 수 없습니다. 주문내역을 확인해주세요."

// acknowledge moves bundles from ACCEPT to INSTRUCT. Its answer is 200 even when
// all of them were refused.
func acknowledge(c *call) answer {
	var in struct {
		Vendor string  `json:"vendorId"`
		Boxes  []int64 `json:"shipmentBoxIds"`
	}
	if err := c.decode(&in); err != nil {
		return bad("request body: %v", err)
	}
	switch {
	case c.query != "":
		return bad("the call has no parameters")
	case in.Vendor != c.shop.ID:
		return bad("Invalid vendor ID")
	case len(in.Boxes) == 0:
		return bad("shipmentBoxIds is required")
	case len(in.Boxes) > maxBoxes:
		return bad("shipmentBoxIds: %d ids, at most %d", len(in.Boxes), maxBoxes)
	}
	r := report{Key: -512340000000000000 - c.m.calls}
	for _, id := range in.Boxes {
		r.List = append(r.List, c.accept(id))
	}
	r.sum("apply instructStatus result - Succeed.", "apply instructStatus result - Partial errors.", "apply instructStatus result - Failed.")
	return answer{http.StatusOK, struct {
		Code    string `json:"code"`
		Message string `json:"message"`
		Data    report `json:"data"`
	}{"200", "OK", r}}
}

func (c *call) accept(id int64) result {
	b, known := c.m.boxes[id]
	switch {
	case !known || b.shop != c.shop:
		return result{Box: id, Code: "NOT_FOUND_SHIPMENT_BOX", Retry: true, Message: some("존재하지 않는 묶음배송번호 입니다.")}
	case b.status != Accept || !b.alive():
		return result{Box: id, Code: "INVALID_STATUS", Message: some(cannotChange)}
	}
	if held, _ := b.stopped(); held {
		return result{Box: id, Code: "INVALID_STATUS", Message: some(cannotChange)}
	}
	b.move(Instruct, c.now)
	return result{Box: id, Succeed: true, Code: "OK", Message: some("request succeeded.")}
}
