package elevenst

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/encoding/korean"

	"github.com/mallbridge/mallbridge/simulator/orders"
)

const (
	seller = "hangaram"
	key    = "0123456789abcdef0123456789abcdef"
)

// A rig is a mall whose clock the test moves, with one seller.
type rig struct {
	*testing.T
	*Mall
	now time.Time
	n   int
}

func newRig(t *testing.T, o Options) *rig {
	r := &rig{T: t, now: time.Date(2026, 7, 15, 3, 0, 0, 0, time.UTC)} // noon in Seoul
	o.Now = func() time.Time { return r.now }
	r.Mall = New(o)
	r.check(r.AddSeller(Seller{ID: seller, Key: key, Issued: r.now.AddDate(0, 0, -10), IPs: []string{"192.0.2.1"}}))
	return r
}

func (r *rig) check(err error) {
	r.Helper()
	if err != nil {
		r.Fatal(err)
	}
}

// request makes a call as the guide wants it; change may spoil it.
func (r *rig) request(method, target, body string, change func(*http.Request)) (int, string) {
	r.Helper()
	q := httptest.NewRequest(method, target, strings.NewReader(body))
	q.Header.Set("openapikey", key)
	if body != "" {
		q.Header.Set("Content-Type", "text/xml; charset=euc-kr")
	}
	if change != nil {
		change(q)
	}
	w := httptest.NewRecorder()
	r.ServeHTTP(w, q)
	text, err := korean.EUCKR.NewDecoder().String(w.Body.String())
	r.check(err)
	return w.Code, text
}

func (r *rig) want(target, contains string) string {
	r.Helper()
	status, text := r.request("GET", target, "", nil)
	if status != http.StatusOK || !strings.Contains(text, contains) {
		r.Errorf("%s: %d %s\nwant %q", target, status, text, contains)
	}
	return text
}

// order has two lines in one delivery, ordered an hour ago.
func (r *rig) order(state string) *orders.Order {
	r.Helper()
	r.n++
	who := orders.Person{Family: "윤", Given: "새별", Country: "KR", Postal: "01999", Prefecture: "서울특별시", City: "가온구", Street: "은하로12길 34", Building: "별빛빌라 201호", Phone: "0503-0000-0102"}
	o := &orders.Order{
		Mall: orders.ElevenSt, Number: fmt.Sprint(20260715000000000 + r.n), Ordered: r.now.Add(-time.Hour), Postage: 3000, Buyer: who,
		Parcels: []orders.Parcel{{
			Key: fmt.Sprint(1500000000 + r.n), To: who,
			Lines: []orders.Line{
				{Key: "1", ItemID: "5000000001", OptionID: "20000000001", ItemCode: "HK-01", OptionCode: "HK-BL-01", Name: "들꽃 면 손수건", Option: "색상:파랑", Quantity: 3, Price: 4500},
				{Key: "2", ItemID: "5000000002", OptionID: "20000000002", ItemCode: "AP-01", OptionCode: "AP-GY-01", Name: "들꽃 면 앞치마", Option: "색상:회색", Quantity: 1, Price: 19800},
			},
		}},
	}
	r.check(r.Place(seller, o, state))
	return o
}

const (
	hour = "/202607151100/202607151200"
	week = "/202607081200/202607151200"
)

func TestGateRefuses(t *testing.T) {
	r := newRig(t, Options{})
	for _, x := range []struct {
		what           string
		method, target string
		body           string
		change         func(*http.Request)
		status         int
		contains       string
	}{
		{"well", "GET", "/ordservices/complete" + hour, "", nil, 200, "<ns2:result_code>0</ns2:result_code>"},
		{"with the base's path", "GET", "/rest/ordservices/complete" + hour, "", nil, 200, "조회된 결과가 없습니다."},
		{"no key", "GET", "/ordservices/complete" + hour, "", func(q *http.Request) { q.Header.Del("openapikey") }, 200, "<ns2:result_code>-1</ns2:result_code>"},
		{"wrong key", "GET", "/ordservices/reqpackaging/1/1/N/null/1", "", func(q *http.Request) { q.Header.Set("openapikey", "x") }, 200, "<result_code>-1</result_code>"},
		{"address", "GET", "/ordservices/complete" + hour, "", func(q *http.Request) { q.RemoteAddr = "192.0.2.10:1234" }, 500, "[192.0.2.10]인증된 IP가 아닙니다."},
		{"path", "GET", "/ordservices/complete/202607151100/202607151200/", "", nil, 404, ""},
		{"method", "POST", "/ordservices/complete" + hour, "", nil, 404, ""},
		{"parameters", "GET", "/ordservices/complete" + hour + "?x=1", "", nil, 400, ""},
		{"body of a GET", "GET", "/ordservices/complete" + hour, "x", nil, 400, ""},
		{"type", "PUT", "/prodservices/stockqty/1", "<x/>", func(q *http.Request) { q.Header.Set("Content-Type", "application/xml") }, 400, ""},
		{"start", "GET", "/ordservices/complete/2026-07-15/202607151200", "", nil, 200, ">-3103<"},
		{"end", "GET", "/ordservices/packaging/202607151100/20260715", "", nil, 200, ">-3304<"},
		{"eight days", "GET", "/ordservices/complete/202607071159/202607151200", "", nil, 200, ">-3105<"},
		{"eight days of packaging", "GET", "/ordservices/packaging/202607071159/202607151200", "", nil, 200, "<ns2:result_text>최대 조회기간은 일주일 입니다.</ns2:result_text>"},
		{"31 days of claims", "GET", "/claimservice/cancelorders/202606141159/202607151200", "", nil, 200, ">-28008<"},
		{"hundred and one", "GET", "/claimservice/orderlistall/" + strings.Repeat("20260715000000001,", 100) + "1", "", nil, 200, ">-28003<"},
		{"no number", "GET", "/claimservice/orderlistall/1,x", "", nil, 200, ">-28002<"},
	} {
		status, text := r.request(x.method, x.target, x.body, x.change)
		if status != x.status || !strings.Contains(text, x.contains) {
			t.Errorf("%s: %d %s", x.what, status, text)
		}
	}
	r.now = r.now.Add(171 * 24 * time.Hour)
	r.want("/ordservices/complete"+hour, "유저가 없습니다")
}

func TestPace(t *testing.T) {
	r := newRig(t, Options{Limit: 3})
	for i := range 5 {
		status, _ := r.request("GET", "/ordservices/complete"+hour, "", nil)
		if want := map[bool]int{true: 200, false: 429}[i < 3]; status != want {
			t.Errorf("call %d: %d, want %d", i+1, status, want)
		}
	}
	r.now = r.now.Add(time.Minute)
	r.want("/ordservices/complete"+hour, "<ns2:result_code>0")
}

func TestListsByState(t *testing.T) {
	r := newRig(t, Options{})
	paid, prepared := r.order(Paid), r.order(Preparing)
	if text := r.want("/ordservices/complete"+hour, "<ordNo>"+paid.Number); strings.Contains(text, prepared.Number) || strings.Contains(text, "ordPrdStat") ||
		!strings.Contains(text, "<slctPrdOptNm>색상:파랑-3개</slctPrdOptNm>") || !strings.Contains(text, "<ordDlvReqCont>null</ordDlvReqCont>") || !strings.Contains(text, "<rcvrTlphn>--</rcvrTlphn>") {
		t.Errorf("complete: %s", text)
	}
	if text := r.want("/ordservices/packaging"+hour, "<ordNo>"+prepared.Number); strings.Contains(text, paid.Number) {
		t.Errorf("packaging: %s", text)
	}
	// The end of a span is outside, its beginning inside.
	r.want("/ordservices/complete/202607151000/202607151100", "<ns2:result_code>0")
	r.want("/ordservices/complete/202607151100/202607151101", paid.Number)
	// By hand in the seller office: by the time of confirmation.
	r.now = r.now.Add(5 * time.Hour)
	n := int64(20260715000000001)
	r.check(r.Confirm(seller, n))
	r.want("/ordservices/packaging/202607151700/202607151701", paid.Number)
	r.want("/ordservices/complete"+hour, "<ns2:result_code>0")
	// A parcel is delivered and the purchase decided as time passes.
	r.check(r.Dispatch(seller, n, "00034", "690000000101"))
	if text := r.want("/ordservices/shipping/202607151700/202607151701", "<invcNo>690000000101</invcNo>"); strings.Contains(text, "rcvrNm") {
		t.Errorf("shipping: %s", text)
	}
	r.now = r.now.Add(31 * time.Hour)
	r.want("/ordservices/dlvcompleted/202607161200/202607171200", paid.Number)
	r.now = r.now.Add(9 * 24 * time.Hour)
	r.want("/ordservices/completed/202607241200/202607261200", paid.Number)
	if text := r.want("/ordservices/complete/"+paid.Number, "<ordPrdStat>901</ordPrdStat>"); !strings.Contains(text, "<lstDlvCst>3000</lstDlvCst>") {
		t.Errorf("by number: %s", text)
	}
}

func TestRowsAndCharacters(t *testing.T) {
	r := newRig(t, Options{Rows: 3})
	for range 3 {
		r.order(Paid)
	}
	if n := strings.Count(r.want("/ordservices/complete"+week, "ns2:order>"), "<ns2:order>"); n != 3 {
		t.Errorf("%d rows of at most 3", n)
	}
	who := orders.Person{Family: "뷁", Given: "<😊&>", Country: "KR", Postal: "01999", Building: "쀍빌라"}
	r.check(r.Move(seller, 20260715000000001, who))
	r.want("/ordservices/complete/20260715000000001", "<rcvrNm>뷁&lt;&#128522;&amp;&gt;</rcvrNm>")
}

func TestPackaging(t *testing.T) {
	r := newRig(t, Options{})
	o := r.order(Paid)
	call := func(order, seq, yn, add, dlv, want string) {
		t.Helper()
		r.want("/ordservices/reqpackaging/"+order+"/"+seq+"/"+yn+"/"+add+"/"+dlv, "<result_code>"+want+"</result_code>")
	}
	dlv := o.Parcels[0].Key
	call(o.Number, "1", "N", "null", "1", "-3206")
	call(o.Number, "1", "Y", "null", dlv, "-3206")
	call(o.Number, "1", "N", "null", dlv, "0")
	call(o.Number, "1", "N", "null", dlv, "-3206")
	if x := r.Lines(seller, 20260715000000001); x[0].State != Preparing || x[1].State != Paid {
		t.Errorf("%+v", x)
	}
	call(o.Number, "2", "N", "0", dlv, "0")
	// Add-ons go with their product.
	o = r.order(Standby)
	r.n++
	with := *o
	with.Number, with.Parcels = fmt.Sprint(20260715000000000+r.n), []orders.Parcel{o.Parcels[0]}
	with.Parcels[0].Key, with.Parcels[0].Lines = fmt.Sprint(1500000000+r.n), append(o.Parcels[0].Lines[:1:1], orders.Line{Key: "2", ItemID: "5000000099", Name: "상자", Quantity: 1, Price: 500})
	r.check(r.Place(seller, &with, Paid))
	call(with.Number, "1", "Y", "null", with.Parcels[0].Key, "0")
	call(with.Number, "2", "N", "5000000001", with.Parcels[0].Key, "-3206")
	if x := r.Lines(seller, int64(20260715000000000+r.n)); x[1].State != Preparing {
		t.Errorf("%+v", x)
	}
	// Abroad, and cancelled.
	o = r.order(Paid)
	r.shops[seller].orders[20260715000000004][0].o.global = true
	call(o.Number, "1", "N", "null", o.Parcels[0].Key, "-3210")
	o = r.order(Paid)
	_, err := r.AskCancel(seller, 20260715000000005, 1, 3, "")
	r.check(err)
	call(o.Number, "1", "N", "null", o.Parcels[0].Key, "-3211")
}

func TestDispatch(t *testing.T) {
	r := newRig(t, Options{})
	call := func(path, want string) {
		t.Helper()
		r.want("/ordservices/reqdelivery/"+path, "<result_code>"+want+"</result_code>")
	}
	o := r.order(Preparing)
	dlv := o.Parcels[0].Key
	call("20260715/01/00034/690000000101/"+dlv, "-3301")
	call("202607151200/01/00001/690000000101/"+dlv, "-3307")
	call("202607151200/01/00034/69-0000/"+dlv, "-3306")
	call("202607151200/05/00034/690000000101/"+dlv, "-3306")
	call("202607151200/01/00034/690000000101/1", "-1")
	call("202607151200/01/00034/690000000101/"+dlv, "0")
	call("202607151200/01/00034/690000000101/"+dlv, "-3308")
	x := r.Lines(seller, 20260715000000001)
	if x[0].Parcels["690000000101"] != 3 || x[1].Parcels["690000000101"] != 1 || x[0].State != Shipping {
		t.Errorf("%+v", x)
	}
	// Some lines, then the rest; a number that is used up.
	o = r.order(Preparing)
	dlv = o.Parcels[0].Key
	call("202607151200/01/00034/690000000101/"+dlv+"/Y/"+o.Number+"/1", "-3320")
	call("202607151200/01/00034/690000000201/"+dlv+"/Y/"+o.Number+"/1", "0")
	call("202607151200/01/00034/690000000202/"+dlv+"/Y/"+o.Number+"/1,2,3", "-1")
	call("202607151200/01/00034/690000000202/"+dlv+"/N/"+o.Number+"/2", "0")
	// One line in two parcels.
	o = r.order(Preparing)
	dlv = o.Parcels[0].Key
	call("202607151200/01/00034/690000000301/"+dlv+"/2/"+o.Number+"/1/690000000302@2", "-1")
	call("202607151200/01/00034/690000000301/"+dlv+"/1/"+o.Number+"/1/690000000302@1%5E690000000303@1", "0")
	if x := r.Lines(seller, 20260715000000003); len(x[0].Parcels) != 3 || x[1].State != Preparing {
		t.Errorf("%+v", x)
	}
	// What a buyer wants to cancel does not go.
	o = r.order(Preparing)
	dlv = o.Parcels[0].Key
	_, err := r.AskCancel(seller, 20260715000000004, 1, 1, "")
	r.check(err)
	call("202607151200/01/00034/690000000401/"+dlv, "-3310")
	for seq, n := range map[int64]int64{1: 2, 2: 1} {
		_, err := r.AskCancel(seller, 20260715000000004, seq, n, "")
		r.check(err)
	}
	r.want("/ordservices/reqdelivery/202607151200/01/00034/690000000401/"+dlv, "변경된 상태 : (취소처리중)")
	r.now = r.now.Add(31 * time.Hour)
	call("202607151200/01/00034/690000000101/1500000001", "-3309")
}

func TestClaims(t *testing.T) {
	r := newRig(t, Options{})
	o := r.order(Preparing)
	n := int64(20260715000000001)
	id, err := r.AskCancel(seller, n, 1, 1, "마음이 바뀌었어요")
	r.check(err)
	const minutes = "/202607151200/202607151201"
	r.want("/claimservice/cancelorders"+minutes, fmt.Sprintf("<ordPrdCnSeq>%d</ordPrdCnSeq><ordPrdSeq>1</ordPrdSeq>", id))
	r.want("/claimservice/orderlistall/"+o.Number, "<ordCnQty>1</ordCnQty>")
	r.want("/claimservice/orderlistalladdr/"+o.Number+",20260715000000999", "<rcvrNm>윤새별</rcvrNm>")
	r.check(r.Withdraw(seller, id))
	r.want("/claimservice/withdrawcanceledorders"+minutes, "<ordCnStatCd>05</ordCnStatCd>")
	r.want("/claimservice/cancelorders"+minutes, "<ns2:result_code>0")
	// Approved by the seller; a second time is an error of free words.
	id, err = r.AskCancel(seller, n, 2, 1, "")
	r.check(err)
	path := fmt.Sprintf("/claimservice/cancelreqconf/%d/%d/2", id, n)
	r.want(path, "<result_code>0</result_code>")
	r.want(path, "이미 취소 완료된 신청건 입니다.")
	r.want("/claimservice/canceledorders"+minutes, "<ordCnStatCd>02</ordCnStatCd>")
	// Refused, for the goods have left.
	id, err = r.AskCancel(seller, n, 1, 3, "")
	r.check(err)
	r.want(fmt.Sprintf("/claimservice/cancelreqreject/%d/1/%d/01/20260715/00034/6900000101", n, id), ">-23005<")
	r.want(fmt.Sprintf("/claimservice/cancelreqreject/%d/1/%d/01/20260715/00034/690000000101", n, id), "<result_code>0</result_code>")
	if x := r.Lines(seller, n)[0]; x.State != Shipping || x.Parcels["690000000101"] != 3 {
		t.Errorf("%+v", x)
	}
	_, err = r.AskReturn(seller, n, 1, 1, "색상이 달라요")
	r.check(err)
	r.want("/claimservice/returnorders"+minutes, "<clmStat>105</clmStat>")
}

func TestProductsAndStock(t *testing.T) {
	r := newRig(t, Options{})
	r.order(Paid)
	r.check(r.Sell(seller, Product{No: 5000000001, StockNo: 20000000009, Option: "색상:노랑", StockCd: "HK-YE-01", Stock: 4, Weight: 30}))
	const head = `<?xml version="1.0" encoding="EUC-KR"?>`
	post := func(method, target, body, contains string) {
		t.Helper()
		if status, text := r.request(method, target, body, nil); status != 200 || !strings.Contains(text, contains) {
			t.Errorf("%s %s: %d %s", target, body, status, text)
		}
	}
	post("POST", "/prodmarketservice/prodmarket", head+"<SearchProduct><limit>1</limit><start>2</start><end>2</end></SearchProduct>", "<prdNo>5000000002</prdNo>")
	post("POST", "/prodmarketservice/prodmarket", head+"<SearchProduct><limit>501</limit></SearchProduct>", "<resultCode>400</resultCode>")
	post("POST", "/prodmarketservice/prodmarket", "<SearchProduct><limit>5</limit></SearchProduct>", "<resultCode>400</resultCode>")
	post("POST", "/prodmarketservice/prodmarket", head+"<SearchProduct><limit>5</limit><what>5</what></SearchProduct>", "what is not known")
	r.want("/prodmarketservice/sellerprodcode/HK-01", "<Product><prdNo>5000000001</prdNo>")
	r.want("/prodmarketservice/prodmarket/stck/5000000001", "<sellerStockCd>HK-YE-01</sellerStockCd><stckQty>4</stckQty>")
	set := func(prd, stck, n string) string {
		return head + "<ProductStock><prdNo>" + prd + "</prdNo><prdStckNo>" + stck + "</prdStckNo><stckQty>" + n + "</stckQty><optWght>0</optWght></ProductStock>"
	}
	post("PUT", "/prodservices/stockqty/20000000001", set("5000000001", "20000000001", "17"), "변경된 수량 : 17")
	post("PUT", "/prodservices/stockqty/20000000001", set("5000000002", "20000000001", "17"), "<resultCode>404</resultCode>")
	post("PUT", "/prodservices/stockqty/20000000099", set("5000000001", "20000000099", "17"), "<resultCode>404</resultCode>")
	post("PUT", "/prodservices/stockqty/20000000001", set("5000000001", "20000000001", "-1"), "<resultCode>400</resultCode>")
	post("PUT", "/prodservices/stockqty/20000000001", head+"<ProductStock><prdNo>5000000001</prdNo></ProductStock>", "<resultCode>400</resultCode>")
	if n, _, _ := r.Stock(seller, 20000000001); n != 17 {
		t.Errorf("the mall has %d", n)
	}
	r.check(r.AddSeller(Seller{ID: seller, Key: key, NoProducts: true}))
	if status, text := r.request("GET", "/prodmarketservice/prodmarket/stck/5000000001", "", nil); status != 500 || !strings.Contains(text, "-500") {
		t.Errorf("without the right: %d %s", status, text)
	}
	r.Break(Faults{Maintenance: true})
	r.want("/ordservices/complete"+hour, "<ns2:result_code>-1000</ns2:result_code>")
}
