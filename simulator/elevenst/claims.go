package elevenst

import (
	"slices"
	"time"
)

// What a claim is.
const (
	cancels   = "cancel"
	returns   = "return"
	exchanges = "exchange"
)

// How far a claim is.
const (
	asked     = "asked"
	finished  = "done"
	withdrawn = "withdrawn"
)

// A claim is what a buyer asked for about one line.
type claim struct {
	id      int64
	kind    string
	state   string
	l       *line
	pieces  int64
	reason  string
	created time.Time
	changed time.Time
	forced  bool // the buyer cancelled alone, or the parcel was late
}

// claimLists are the lists of claimservice.
var claimLists = []struct {
	name, kind, state string
}{
	{"cancelorders", cancels, asked},
	{"canceledorders", cancels, finished},
	{"withdrawcanceledorders", cancels, withdrawn},
	{"officecancellist", "", ""},
	{"returnorders", returns, asked},
	{"returnedorders", returns, finished},
	{"retractretorders", returns, withdrawn},
	{"exchangeorders", exchanges, asked},
	{"exchangedorders", exchanges, finished},
	{"retractexcorders", exchanges, withdrawn},
}

func claimRoutes() []route {
	var out []route
	for _, x := range claimLists {
		out = append(out, at("GET", "/claimservice/"+x.name+"/{startTime}/{endTime}", listFamily, func(c *call) answer {
			s, code, text := c.spanOf(30, "-28006", "-28007", "-28008")
			if code != "" {
				return result(listFamily, code, text)
			}
			var list [][]field
			for _, k := range c.shop.claims {
				if k.kind == x.kind && k.state == x.state && c.holds(s, k.changed) && len(list) < c.m.opt.Rows {
					list = append(list, k.show())
				}
			}
			return rows(list)
		}))
	}
	return append(out,
		at("GET", "/claimservice/cancelreqconf/{ordPrdCnSeq}/{ordNo}/{ordPrdSeq}", actionFamily, approve),
		at("GET", "/claimservice/cancelreqreject/{ordNo}/{ordPrdSeq}/{ordPrdCnSeq}/{dlvMthdCd}/{sendDt}/{dlvEtprsCd}/{invcNo}", actionFamily, reject),
	)
}

var claimStates = map[string]map[string]string{
	cancels:   {asked: "01", finished: "02", withdrawn: "05"},
	returns:   {asked: "105", finished: "106", withdrawn: "108"},
	exchanges: {asked: "201", finished: "221", withdrawn: "233"},
}

func (k *claim) show() []field {
	l := k.l
	if k.kind == cancels {
		f := []field{
			{"createDt", stamp(k.created)},
			{"dlvNo", num(l.dlv)},
			{"ordCnDtlsRsn", k.reason},
			{"ordCnMnbdCd", "01"},
			{"ordCnQty", num(k.pieces)},
			{"ordCnRsnCd", "14"},
			{"ordCnStatCd", claimStates[k.kind][k.state]},
			{"ordNo", num(l.o.no)},
			{"ordPrdCnSeq", num(k.id)},
			{"ordPrdSeq", num(l.seq)},
			{"prdNo", num(l.prd)},
			{"referSeq", "0"},
			{"slctPrdOptNm", l.sold(k.pieces)},
		}
		if k.state == finished {
			kind := "01"
			if k.forced {
				kind = "02"
			}
			f = append(f, field{"cnTrtEndDt", stamp(k.changed)}, field{"addDlvCst", "0"}, field{"ordCnTypCd", kind})
		}
		return f
	}
	return []field{
		{"clmReqSeq", num(k.id)},
		{"ordNo", num(l.o.no)},
		{"ordPrdSeq", num(l.seq)},
		{"clmReqQty", num(k.pieces)},
		{"clmReqRsn", "101"},
		{"clmReqCont", k.reason},
		{"clmStat", claimStates[k.kind][k.state]},
		{"optName", l.sold(k.pieces)},
		{"prdNo", num(l.prd)},
		{"reqDt", stamp(k.created)},
		{"ordNm", l.o.to.name},
		{"ordTlphnNo", "--"},
		{"ordPrtblTel", stub(l.o.to.mobile)},
		{"rcvrMailNo", l.o.to.postal},
		{"rcvrBaseAddr", l.o.to.base},
		{"rcvrDtlsAddr", l.o.to.details},
		{"clmLstDlvCst", "3,000"},
	}
}

// finish carries a cancellation out.
func (k *claim) finish(now time.Time) {
	k.state, k.changed = finished, now
	k.l.asked -= k.pieces
	k.l.cancelled += k.pieces
	if k.l.cancelled == k.l.qty {
		k.l.state = Cancelled
	}
}

func (c *call) claim() *claim {
	id, _ := c.number("ordPrdCnSeq")
	no, _ := c.number("ordNo")
	seq, _ := c.number("ordPrdSeq")
	i := slices.IndexFunc(c.shop.claims, func(k *claim) bool { return k.kind == cancels && k.id == id && k.l.o.no == no && k.l.seq == seq })
	if i < 0 {
		return nil
	}
	return c.shop.claims[i]
}

// approve is the seller who agrees to a cancellation.
func approve(c *call) answer {
	switch k := c.claim(); {
	case k == nil:
		return refused("-22001", "취소신청건이 없습니다.")
	case k.state == finished:
		return refused("-1", "이미 취소 완료된 신청건 입니다.")
	case k.state == withdrawn:
		return refused("-22002", "철회된 신청건 입니다.")
	default:
		k.finish(c.now)
		return done("정상적으로 처리되었습니다.")
	}
}

// reject is the seller who answers that the goods have left.
func reject(c *call) answer {
	k := c.claim()
	courier, number := c.path["dlvEtprsCd"], c.path["invcNo"]
	switch {
	case k == nil || k.state != asked:
		return refused("-23001", "취소신청건이 없습니다.")
	case !slices.Contains([]string{"01", "02", "03", "04", "05"}, c.path["dlvMthdCd"]):
		return refused("-23002", "배송방법 코드가 올바르지 않습니다.")
	case !day(c.path["sendDt"]):
		return refused("-23003", "발송일 형식이 올바르지 않습니다.")
	case !couriers[courier]:
		return refused("-23004", "택배사 코드가 올바르지 않습니다.")
	case len(number) <= 10:
		return refused("-23005", "송장번호는 10자리를 초과해야 합니다.")
	}
	k.state, k.changed = withdrawn, c.now
	l := k.l
	l.asked -= k.pieces
	l.state, l.sent, l.method, l.courier, l.parcels = Shipping, c.now, "01", courier, []parcel{{number, l.left()}}
	return done("정상적으로 처리되었습니다.")
}
