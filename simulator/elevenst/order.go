package elevenst

import (
	"fmt"
	"strconv"
	"time"
)

// The states of a line (ordPrdStat).
const (
	Standby    = "102" // 입금대기
	NoAddress  = "200" // 배송지입력대기
	Reserved   = "201" // 예약결제완료
	Paid       = "202" // 결제완료
	Preparing  = "301" // 배송준비중
	Shipping   = "401" // 배송중
	Delivered  = "501" // 배송완료
	Claimed    = "601" // 클레임진행중
	Cancelling = "701" // 취소처리중
	Decided    = "901" // 수취확인
	Returned   = "A01" // 반품완료
	Cancelled  = "B01" // 주문취소
)

var stateText = map[string]string{
	Standby: "입금대기", NoAddress: "배송지입력대기", Reserved: "예약결제완료", Paid: "결제완료", Preparing: "배송준비중", Shipping: "배송중",
	Delivered: "배송완료", Claimed: "클레임진행중", Cancelling: "취소처리중", Decided: "수취확인", Returned: "반품완료", Cancelled: "주문취소",
}

// An ord is what the lines of one order share.
type ord struct {
	no                int64
	buyer, to         person
	message           string
	ordered, paid     time.Time
	postage, island   int64 // won
	global, gift      bool
	customs           string
	wished, due       string
	mallShips, visits bool
}

// A person has a name, phone numbers and an address.
type person struct{ name, mobile, phone, base, details, postal string }

// A line is one ordPrdSeq of an order.
type line struct {
	o                                  *ord
	seq, dlv                           int64
	prd, stck                          int64
	name, option, sellerPrd, sellerStk string
	qty, cancelled, asked, price       int64
	addTo                              int64 // main product that it is an add-on of
	hasAdd                             bool  // add-ons belong to it
	state                              string
	confirmed, sent, arrived, decided  time.Time
	method, courier                    string
	parcels                            []parcel
}

// A parcel is a tracking number with the pieces in it.
type parcel struct {
	number string
	pieces int64
}

func (l *line) left() int64 { return l.qty - l.cancelled - l.asked }

// at is the time by which the list of the line's state goes.
func (l *line) at() time.Time {
	switch l.state {
	case Preparing:
		return l.confirmed
	case Shipping:
		return l.sent
	case Delivered:
		return l.arrived
	case Decided:
		return l.decided
	}
	return l.o.paid
}

// settle does what couriers and time did until now.
func (l *line) settle(now time.Time) {
	if at := l.sent.Add(delivery); l.state == Shipping && !at.After(now) {
		l.state, l.arrived = Delivered, at
	}
	if at := l.arrived.Add(decision); l.state == Delivered && !at.After(now) {
		l.state, l.decided = Decided, at
	}
}

func (s *shop) settle(now time.Time) {
	for _, l := range s.lines {
		if l.state == Shipping || l.state == Delivered {
			l.settle(now)
		}
	}
}

// stamp is a time as answers write it.
func stamp(t time.Time) string {
	if t.IsZero() {
		return "null"
	}
	return t.In(Seoul).Format("2006-01-02 15:04:05")
}

func yes(b bool) string {
	if b {
		return "Y"
	}
	return "N"
}

func num(n int64) string { return strconv.FormatInt(n, 10) }

// stub is a phone number as the mall writes a missing one.
func stub(phone string) string {
	if phone == "" {
		return "--"
	}
	return phone
}

func null(s string) string {
	if s == "" {
		return "null"
	}
	return s
}

// sold is the option with the pieces behind it, as the mall writes it.
func (l *line) sold(pieces int64) string {
	if l.option == "" {
		return ""
	}
	return fmt.Sprintf("%s-%d개", l.option, pieces)
}

// full shows a line as the lists complete and packaging do, and as complete/{ordNo}
// does where byNumber.
func (l *line) full(byNumber bool) []field {
	o := l.o
	amount := l.price * (l.qty - l.cancelled)
	dlvCst := "dlvCst"
	if byNumber {
		dlvCst = "lstDlvCst"
	}
	island := "01"
	f := []field{
		{"addPrdNo", num(l.addTo)},
		{"addPrdYn", yes(l.hasAdd)},
		{"bmDlvCst", num(o.island)},
		{"bmDlvCstType", island},
		{"bndlDlvSeq", num(80_000_000 + l.dlv%10_000_000)},
		{"bndlDlvYN", "Y"},
		{"custGrdNm", "우수고객"},
		{dlvCst, num(o.postage)},
		{"dlvCstType", "01"},
		{"dlvNo", num(l.dlv)},
		{"gblDlvYn", yes(o.global)},
		{"giftCd", ""},
		{"lstSellerDscPrc", "0"},
		{"lstTmallDscPrc", "0"},
		{"memID", "hang***"},
		{"memNo", num(70_000_000 + o.no%1_000_000)},
		{"ordAmt", num(amount)},
		{"ordBaseAddr", o.buyer.base},
		{"ordDtlsAddr", o.buyer.details},
		{"ordMailNo", o.buyer.postal},
		{"ordDlvReqCont", null(o.message)},
		{"ordDt", stamp(o.ordered)},
		{"ordStlEndDt", stamp(o.paid)},
		{"ordNm", o.buyer.name},
		{"ordNo", num(o.no)},
		{"ordPrdSeq", num(l.seq)},
		{"ordOptWonStl", "0"},
		{"ordPayAmt", num(amount + o.postage + o.island)},
		{"ordPayAmtPerSeq", num(amount)},
		{"ordPrtblTel", stub(o.buyer.mobile)},
		{"ordTlphnNo", "02--"},
		{"ordQty", num(l.qty)},
		{"prdNm", l.name},
		{"prdNo", num(l.prd)},
		{"prdStckNo", num(l.stck)},
		{"psnCscUniqNo", o.customs},
		{"rcvrBaseAddr", o.to.base},
		{"rcvrDtlsAddr", o.to.details},
		{"rcvrMailNo", o.to.postal},
		{"rcvrMailNoSeq", "001"},
		{"rcvrNm", o.to.name},
		{"rcvrPrtblNo", stub(o.to.mobile)},
		{"rcvrTlphn", stub(o.to.phone)},
		{"referSeq", "0"},
		{"selPrc", num(l.price)},
		{"sellerDscPrc", "0"},
		{"sellerPrdCd", l.sellerPrd},
		{"sellerStockCd", l.sellerStk},
		{"sendGiftYn", yes(o.gift)},
		{"slctPrdOptNm", l.sold(l.qty)},
		{"tmallDscPrc", "0"},
		{"typeAdd", "02"},
		{"typeBilNo", fmt.Sprintf("26999%020d", o.no%1_000_000_000)},
		{"visitDlvYn", yes(o.visits)},
		{"appmtDdDlvDy", o.wished},
		{"plcodrCnfDt", stamp(l.confirmed)},
	}
	if byNumber {
		return append(append(f, field{"engNm", ""}, field{"ordPrdStat", l.state}), l.parcelFields()...)
	}
	return append(f, field{"delaySendDt", ""}, field{"dlvSndDue", o.due}, field{"sendClfCd", "N"}, field{"use11stRetailYn", yes(o.mallShips)})
}

// parcelFields are those that an order read by number has of its dispatch.
func (l *line) parcelFields() []field {
	courier, number, sent, method := "", "", "", ""
	if len(l.parcels) > 0 {
		courier, number, sent, method = l.courier, l.parcels[0].number, stamp(l.sent), methodsShown[l.method]
	}
	return []field{
		{"ordCnQty", num(l.cancelled + l.asked)},
		{"dlvMthdCd", method},
		{"dlvEtprsCd", courier},
		{"invcNo", number},
		{"sndEndDt", sent},
	}
}

// methodsShown are the codes of dlvMthdCd in answers, by those of requests.
var methodsShown = map[string]string{"01": "01", "03": "05", "04": "06", "05": "99"}

// brief shows a line as claimservice/orderlistall does.
func (l *line) brief(seller string) []field {
	return []field{
		{"dlvNo", num(l.dlv)},
		{"ordCnQty", num(l.cancelled + l.asked)},
		{"ordNo", num(l.o.no)},
		{"ordPrdSeq", num(l.seq)},
		{"ordPrdStat", l.state},
		{"ordPrdStatNm", stateText[l.state]},
		{"ordQty", num(l.qty)},
		{"prdNm", l.name},
		{"prdNo", num(l.prd)},
		{"referSeq", "0"},
		{"sellerID", seller},
		{"sellerStockCd", l.sellerStk},
	}
}

// addressed shows a line as claimservice/orderlistalladdr does.
func (l *line) addressed(seller string) []field {
	f := append(l.brief(seller),
		field{"rcvrBaseAddr", l.o.to.base}, field{"rcvrDtlsAddr", l.o.to.details}, field{"rcvrMailNo", l.o.to.postal}, field{"rcvrMailNoSeq", "001"},
		field{"rcvrNm", l.o.to.name}, field{"rcvrPrtblNo", stub(l.o.to.mobile)}, field{"rcvrTlphn", stub(l.o.to.phone)},
		field{"typeBilNo", fmt.Sprintf("26999%020d", l.o.no%1_000_000_000)})
	return append(f, l.parcelFields()[1:]...)
}
