package coupang

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/mallbridge/mallbridge/simulator/orders"
)

const (
	accessKey = "11111111-2222-3333-4444-555555555555"
	secretKey = "0123456789abcdef0123456789abcdef01234567"
	vendor    = "A00012345"
)

// A rig is a mall whose clock the test moves, with one vendor.
type rig struct {
	*testing.T
	*Mall
	now time.Time
}

func newRig(t *testing.T, o Options) *rig {
	r := &rig{T: t, now: time.Date(2026, 7, 15, 3, 0, 0, 0, time.UTC)} // noon in Seoul
	o.Now = func() time.Time { return r.now }
	if o.Limit == 0 {
		o.Limit = -1
	}
	r.Mall = New(o)
	if err := r.AddVendor(Vendor{ID: vendor, AccessKey: accessKey, SecretKey: secretKey, Issued: r.now.AddDate(0, 0, -10), IPs: []string{"192.0.2.1"}}); err != nil {
		t.Fatal(err)
	}
	return r
}

func sign(secret, date, method, path, query string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	io.WriteString(mac, date+method+path+query)
	return hex.EncodeToString(mac.Sum(nil))
}

// request makes a signed request. change may spoil it.
func (r *rig) request(method, target, body string, change func(*http.Request)) *httptest.ResponseRecorder {
	r.Helper()
	path, query, _ := strings.Cut(target, "?")
	q := httptest.NewRequest(method, target, strings.NewReader(body))
	date := r.now.Format("060102T150405Z")
	q.Header.Set("Authorization", "CEA algorithm=HmacSHA256, access-key="+accessKey+", signed-date="+date+", signature="+sign(secretKey, date, method, path, query))
	q.Header.Set("Content-Type", "application/json;charset=UTF-8")
	q.Header.Set("X-Requested-By", vendor)
	if change != nil {
		change(q)
	}
	w := httptest.NewRecorder()
	r.ServeHTTP(w, q)
	return w
}

// want asserts status and a part of the body, and returns the body decoded.
func (r *rig) want(method, target, body string, status int, contains string) map[string]any {
	r.Helper()
	w := r.request(method, target, body, nil)
	text := w.Body.String()
	if w.Code != status || !strings.Contains(text, contains) {
		r.Fatalf("%s %s: %d %s, want %d with %q", method, target, w.Code, text, status, contains)
	}
	var out map[string]any
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&out); err != nil {
		r.Fatalf("%s %s: %v in %s", method, target, err, text)
	}
	return out
}

const (
	v4 = openAPI + "/v4/vendors/" + vendor
	v5 = openAPI + "/v5/vendors/" + vendor
	v6 = openAPI + "/v6/vendors/" + vendor
)

// shopOrder has one bundle with two options, ordered an hour ago.
func (r *rig) shopOrder(n int, status string) *orders.Order {
	r.Helper()
	who := orders.Person{Family: "윤", Given: "새별", Country: "KR", Postal: "01999", Prefecture: "서울특별시", City: "가온구", Street: "은하로12길 34", Building: "별빛빌라 201호", Phone: "0503-0000-0102"}
	o := &orders.Order{
		Mall: orders.Coupang, Number: fmt.Sprint(31000151000000 + n), Ordered: r.now.Add(-time.Hour).Add(time.Duration(n) * time.Second), Postage: 3000, Buyer: who,
		Parcels: []orders.Parcel{{
			Key: fmt.Sprint(702600715000000000 + n), To: who, Note: "경비실에 맡겨 주세요", Customs: "P000000000000",
			Lines: []orders.Line{
				{Key: "82600000011", OptionID: "82600000011", ItemID: "7100000001", ItemCode: "HK-BL-01", Name: "들꽃 면 손수건", Option: "파랑", Quantity: 3, Price: 4500},
				{Key: "82600000022", OptionID: "82600000022", ItemID: "7100000002", ItemCode: "AP-GY-01", Name: "들꽃 면 앞치마", Option: "회색", Quantity: 1, Price: 19800},
			},
		}},
	}
	if err := r.Place(vendor, o, status); err != nil {
		r.Fatal(err)
	}
	return o
}

// The portal's own way to sign, by vectors made with fictitious keys.
func TestSignatureVectors(t *testing.T) {
	m := New(Options{})
	if err := m.AddVendor(Vendor{ID: vendor, AccessKey: accessKey, SecretKey: secretKey}); err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct{ method, path, query, sum string }{
		{"GET", v5 + "/ordersheets", "createdAtFrom=2026-07-15%2B09:00&createdAtTo=2026-07-15%2B09:00&maxPerPage=50&status=ACCEPT", "ceea784a02221fb066d44bd6ef7a5409361c7e9bd00a2ded5f2e6d908dda3251"},
		{"GET", v5 + "/ordersheets", "createdAtFrom=2026-07-15T09:50%2B09:00&createdAtTo=2026-07-15T10:10%2B09:00&searchType=timeFrame&status=ACCEPT", "3ad392fe2b27b474a24ee260b1797fcf4c84fd66a4ae8cc2f2b7eed46b1138a7"},
		{"PUT", v4 + "/ordersheets/acknowledgement", "", "630e2887bffabf3567da275aed1f97b4f37d6e8dcbfaa1d002129a629f694ef1"},
		{"PUT", sellerAPI + "/vendor-items/3242596999/quantities/17", "", "f3e19c0780ffe8f9689758df15cabf9d3b42947d8011f14a3837ced42643aa55"},
	} {
		header := "CEA algorithm=HmacSHA256, access-key=" + accessKey + ", signed-date=260715T012345Z, signature=" + x.sum
		if s, why := m.authorize(header, x.method, x.path, x.query, time.Date(2026, 7, 15, 1, 24, 0, 0, time.UTC)); s == nil {
			t.Errorf("%s %s?%s: %s", x.method, x.path, x.query, why)
		}
	}
}

func TestGatewayRefuses(t *testing.T) {
	const target = v5 + "/ordersheets/702600715000000001"
	header := func(name, value string) func(*http.Request) {
		return func(q *http.Request) { q.Header.Set(name, value) }
	}
	sealed := func(r *rig, date, secret string) func(*http.Request) {
		return header("Authorization", "CEA algorithm=HmacSHA256, access-key="+accessKey+", signed-date="+date+", signature="+sign(secret, date, "GET", target, ""))
	}
	r := newRig(t, Options{})
	r.shopOrder(1, Accept)
	for _, x := range []struct {
		name   string
		change func(*http.Request)
		status int
		text   string
	}{
		{"nothing wrong", nil, 200, `"code":200`},
		{"no signature", func(q *http.Request) { q.Header.Del("Authorization") }, 401, badForm},
		{"no blanks after the commas", func(q *http.Request) {
			q.Header.Set("Authorization", strings.ReplaceAll(q.Header.Get("Authorization"), ", ", ","))
		}, 401, badForm},
		{"capital letters in the signature", func(q *http.Request) {
			head, sum, _ := strings.Cut(q.Header.Get("Authorization"), "signature=")
			q.Header.Set("Authorization", head+"signature="+strings.ToUpper(sum))
		}, 401, badForm},
		{"another secret", sealed(r, "260715T030000Z", "ffff"), 401, badSign},
		{"signed for another query", func(q *http.Request) { q.RequestURI += "?x=1" }, 401, badSign},
		{"another key", func(q *http.Request) {
			q.Header.Set("Authorization", strings.ReplaceAll(q.Header.Get("Authorization"), "1111", "9999"))
		}, 401, noRight},
		{"five minutes old", sealed(r, "260715T025500Z", secretKey), 200, "OK"},
		{"older", sealed(r, "260715T025459Z", secretKey), 401, expired},
		{"from the future", sealed(r, "260715T030501Z", secretKey), 401, expired},
		{"in Korean time", sealed(r, "260715T120000Z", secretKey), 401, expired},
		{"from another address", func(q *http.Request) { q.RemoteAddr = "203.0.113.9:1234" }, 403, notAllowed},
		{"no content type", func(q *http.Request) { q.Header.Del("Content-Type") }, 400, "Content-Type"},
		{"no charset", header("Content-Type", "application/json"), 400, "Content-Type"},
		{"for another vendor", header("X-Requested-By", "A00099999"), 400, "X-Requested-By"},
		{"another market", header("X-MARKET", "JP"), 400, "X-MARKET"},
		{"longer wait", header("X-EXTENDED-TIMEOUT", "90000"), 200, "OK"},
		{"a wait that is none", header("X-EXTENDED-TIMEOUT", "90s"), 400, "X-EXTENDED-TIMEOUT"},
	} {
		t.Run(x.name, func(t *testing.T) {
			w := r.request("GET", target, "", x.change)
			if w.Code != x.status || !strings.Contains(w.Body.String(), x.text) {
				t.Errorf("%d %s, want %d with %q", w.Code, w.Body, x.status, x.text)
			}
		})
	}
	r.want("GET", openAPI+"/v7/vendors/"+vendor+"/ordersheets", "", 404, `"transactionId"`)
	r.want("DELETE", v5+"/ordersheets/702600715000000001", "", 404, `"ERROR"`)
	r.want("GET", target, `{}`, 400, "body")
	r.want("GET", strings.Replace(target, vendor, "A00099999", 1), "", 400, "Invalid vendor ID")
	r.now = r.now.AddDate(0, 0, 170)
	r.want("GET", target, "", 401, noRight)
}

func TestPace(t *testing.T) {
	wall := time.Date(2026, 7, 15, 3, 0, 0, 0, time.UTC)
	r := newRig(t, Options{Limit: 10, Block: 2 * time.Minute, Wall: func() time.Time { return wall }})
	r.shopOrder(1, Accept)
	get := func() int {
		wall = wall.Add(50 * time.Millisecond)
		return r.request("GET", v5+"/ordersheets/702600715000000001", "", nil).Code
	}
	for i := range 10 {
		if code := get(); code != 200 {
			t.Fatalf("call %d: %d", i+1, code)
		}
	}
	if code := get(); code != 429 {
		t.Fatalf("call 11 in a second: %d", code)
	}
	wall = wall.Add(119 * time.Second)
	if code := get(); code != 429 {
		t.Fatalf("inside the block: %d", code)
	}
	wall = wall.Add(time.Second)
	if code := get(); code != 200 {
		t.Fatalf("after the block: %d", code)
	}
}

func TestOrdersheetParameters(t *testing.T) {
	r := newRig(t, Options{})
	r.shopOrder(1, Accept)
	const day, minute = "createdAtFrom=2026-07-15%2B09:00&createdAtTo=2026-07-15%2B09:00", "searchType=timeFrame&createdAtFrom=2026-07-15T10:30%2B09:00&createdAtTo=2026-07-15T11:30%2B09:00"
	for _, x := range []struct {
		name, query string
		status      int
		text        string
	}{
		{"by day", day + "&status=ACCEPT", 200, "702600715000000001"},
		{"by minute", minute + "&status=ACCEPT", 200, "702600715000000001"},
		{"another status", day + "&status=INSTRUCT", 200, `"data":[],"nextToken":""`},
		{"no status", day, 400, "status"},
		{"all statuses", day + "&status=ALL", 400, "status"},
		{"plus sign as it is", strings.ReplaceAll(day, "%2B", "+") + "&status=ACCEPT", 400, "createdAtFrom"},
		{"no offset", "createdAtFrom=2026-07-15&createdAtTo=2026-07-15&status=ACCEPT", 400, "createdAtFrom"},
		{"another offset", "createdAtFrom=2026-07-15Z&createdAtTo=2026-07-15Z&status=ACCEPT", 400, "offset"},
		{"31 days", "createdAtFrom=2026-07-01%2B09:00&createdAtTo=2026-07-31%2B09:00&status=ACCEPT", 200, "702600715000000001"},
		{"32 days", "createdAtFrom=2026-07-01%2B09:00&createdAtTo=2026-08-01%2B09:00&status=ACCEPT", 400, "endTime-startTime range should less than31."},
		{"24 hours", "searchType=timeFrame&createdAtFrom=2026-07-15T00:00%2B09:00&createdAtTo=2026-07-16T00:00%2B09:00&status=ACCEPT", 400, "endTime-startTime range should less than 0 day"},
		{"nearly 24 hours", "searchType=timeFrame&createdAtFrom=2026-07-15T00:00%2B09:00&createdAtTo=2026-07-15T23:59%2B09:00&status=ACCEPT", 200, "702600715000000001"},
		{"pages of 50", day + "&status=ACCEPT&maxPerPage=50", 200, ""},
		{"pages of 51", day + "&status=ACCEPT&maxPerPage=51", 400, "maxPerPage"},
		{"pages by minute", minute + "&status=ACCEPT&maxPerPage=50", 400, "maxPerPage"},
		{"a token that is none", day + "&status=ACCEPT&nextToken=abc", 400, "nextToken"},
		{"an unknown parameter", day + "&status=ACCEPT&page=1", 400, "page"},
		{"a parameter twice", day + "&status=ACCEPT&status=INSTRUCT", 400, "twice"},
	} {
		t.Run(x.name, func(t *testing.T) {
			r := *r
			r.T = t
			r.want("GET", v5+"/ordersheets?"+x.query, "", x.status, x.text)
		})
	}
}

func TestListByDayPagesWithoutLossOrRepeats(t *testing.T) {
	r := newRig(t, Options{})
	for i := range 123 {
		r.shopOrder(i+1, Accept)
	}
	seen := map[string]bool{}
	token := ""
	for pages := 1; ; pages++ {
		q := v5 + "/ordersheets?createdAtFrom=2026-07-15%2B09:00&createdAtTo=2026-07-15%2B09:00&maxPerPage=50&status=ACCEPT"
		if token != "" {
			q += "&nextToken=" + token
		}
		out := r.want("GET", q, "", 200, "")
		for _, d := range out["data"].([]any) {
			id := d.(map[string]any)["shipmentBoxId"].(json.Number).String()
			if seen[id] {
				t.Fatalf("bundle %s comes twice", id)
			}
			seen[id] = true
		}
		if token = out["nextToken"].(string); token == "" {
			if pages != 3 {
				t.Errorf("%d pages", pages)
			}
			break
		}
		// One that leaves the list while it is read takes none of the others along.
		r.want("PUT", v4+"/ordersheets/acknowledgement", `{"vendorId":"`+vendor+`","shipmentBoxIds":[702600715000000010]}`, 200, "")
	}
	if len(seen) != 123 {
		t.Errorf("%d bundles of 123", len(seen))
	}
}

func TestListIsLateAndHeavyWindowsTimeOut(t *testing.T) {
	r := newRig(t, Options{Heavy: 2})
	o := r.shopOrder(1, Accept)
	r.now = o.Ordered.Add(9 * time.Minute)
	const q = v5 + "/ordersheets?searchType=timeFrame&createdAtFrom=2026-07-15T10:30%2B09:00&createdAtTo=2026-07-15T13:30%2B09:00&status=ACCEPT"
	r.want("GET", q, "", 200, `"data":[]`)
	r.want("GET", v5+"/ordersheets/702600715000000001", "", 200, "31000151000001")
	r.now = r.now.Add(time.Minute)
	r.want("GET", q, "", 200, "702600715000000001")
	r.now = r.now.Add(time.Hour)
	r.shopOrder(2, Accept)
	r.shopOrder(3, Accept)
	r.want("GET", q, "", 412, "Read timed out")
}

func TestSingleReads(t *testing.T) {
	r := newRig(t, Options{})
	r.shopOrder(1, Accept)
	if err := r.AddVendor(Vendor{ID: "C00000001", AccessKey: "other"}); err != nil {
		t.Fatal(err)
	}
	r.want("GET", v5+"/31000151000001/ordersheets", "", 200, `"data":[{"shipmentBoxId":702600715000000001`)
	r.want("GET", v5+"/ordersheets/1", "", 400, "유효하지 않은 주문번호 입니다.")
	r.want("GET", v5+"/1/ordersheets", "", 400, "유효하지 않은 주문번호 입니다.")
	r.want("GET", v5+"/ordersheets/1/history", "", 500, "Internal Exception")
	r.want("GET", v5+"/ordersheets/702600715000000001/history", "", 200, `"deliveryStatus":"ACCEPT"`)
	r.want("GET", v5+"/ordersheets/702600715000000001?x=1", "", 400, "x")
	if _, err := r.AskCancel(vendor, 31000151000001, map[int64]int64{82600000011: 3, 82600000022: 1}); err != nil {
		t.Fatal(err)
	}
	r.want("GET", v5+"/ordersheets/702600715000000001", "", 400, cancelledText)
	r.want("GET", v5+"/31000151000001/ordersheets", "", 400, cancelledText)
}

func TestAcknowledge(t *testing.T) {
	r := newRig(t, Options{})
	o := r.shopOrder(1, Accept)
	r.shopOrder(2, Instruct)
	if out := r.request("GET", v5+"/ordersheets/702600715000000001", "", nil).Body.String(); strings.Contains(out, "P000000000000") {
		t.Error("the customs number shows before the acknowledgement")
	}
	moved := o.Buyer
	moved.Building = "햇살빌라 3층"
	if err := r.Move(vendor, 31000151000001, moved); err != nil {
		t.Fatal(err)
	}
	body := func(ids string) string {
		return `{"vendorId":"` + vendor + `","shipmentBoxIds":[` + ids + `]}`
	}
	out := r.want("PUT", v4+"/ordersheets/acknowledgement", body("702600715000000001,702600715000000002,7"), 200, `"responseCode":1`)
	list := out["data"].(map[string]any)["responseList"].([]any)
	for i, want := range []string{"OK", "INVALID_STATUS", "NOT_FOUND_SHIPMENT_BOX"} {
		if got := list[i].(map[string]any)["resultCode"]; got != want {
			t.Errorf("row %d: %v, want %s", i, got, want)
		}
	}
	r.want("PUT", v4+"/ordersheets/acknowledgement", body("702600715000000002"), 200, `"responseCode":99`)
	r.want("GET", v5+"/ordersheets/702600715000000001", "", 200, "햇살빌라 3층")
	r.want("GET", v5+"/ordersheets/702600715000000001", "", 200, "P000000000000")
	if err := r.Move(vendor, 31000151000001, o.Buyer); err == nil {
		t.Error("the address changed after the acknowledgement")
	}
	r.want("PUT", v4+"/ordersheets/acknowledgement", `{"vendorId":"A1","shipmentBoxIds":[1]}`, 400, "Invalid vendor ID")
	r.want("PUT", v4+"/ordersheets/acknowledgement", `{"vendorId":"`+vendor+`","shipmentBoxIds":["1"]}`, 400, "body")
	r.want("PUT", v4+"/ordersheets/acknowledgement", `{"vendorId":"`+vendor+`","shipmentBoxIds":[1],"more":1}`, 400, "more")
	r.want("PUT", v4+"/ordersheets/acknowledgement", body(strings.Repeat("1,", 50)+"1"), 400, "at most 50")
}

// row is one row of an upload.
func row(box, order, item int64, courier, number string, split, pre bool, date string) string {
	return fmt.Sprintf(`{"shipmentBoxId":%d,"orderId":%d,"vendorItemId":%d,"deliveryCompanyCode":%q,"invoiceNumber":%q,"splitShipping":%v,"preSplitShipped":%v,"estimatedShippingDate":%q}`,
		box, order, item, courier, number, split, pre, date)
}

func upload(rows ...string) string {
	return `{"vendorId":"` + vendor + `","orderSheetInvoiceApplyDtos":[` + strings.Join(rows, ",") + `]}`
}

func TestInvoices(t *testing.T) {
	const box, no, a, b = 702600715000000001, 31000151000001, 82600000011, 82600000022
	whole := func(courier, number string) string {
		return upload(row(box, no, a, courier, number, false, false, ""), row(box, no, b, courier, number, false, false, ""))
	}
	for _, x := range []struct {
		name, from, body string
		status           int
		text             string
	}{
		{"whole bundle", Instruct, whole("CJGLS", "690000000101"), 200, `"responseCode":0`},
		{"not acknowledged", Accept, whole("CJGLS", "690000000101"), 200, "INVALID_STATUS"},
		{"a line is missing", Instruct, upload(row(box, no, a, "CJGLS", "690000000101", false, false, "")), 200, "NOT_FOUND_VENDOR_ITEM"},
		{"unknown bundle", Instruct, upload(row(7, no, a, "CJGLS", "690000000101", false, false, "")), 200, "NOT_FOUND_SHIPMENT_BOX"},
		{"another order", Instruct, upload(row(box, 5, a, "CJGLS", "690000000101", false, false, "")), 200, "UNDEFINED_ERROR_OCCUR"},
		{"two numbers", Instruct, upload(row(box, no, a, "CJGLS", "690000000101", false, false, ""), row(box, no, b, "CJGLS", "690000000102", false, false, "")), 200, "INVALID_INVOICE_NUMBER"},
		{"no number", Instruct, whole("CJGLS", ""), 200, "NOT_FOUND_INVOICE_NUMBER"},
		{"hyphens", Instruct, whole("CJGLS", "6900-0000-0101"), 400, "InvoiceNumber must be number"},
		{"length", Instruct, whole("CJGLS", "69000000010"), 400, "송장번호 형식에 맞지않는"},
		{"courier by name", Instruct, whole("CJ대한통운", "690000000101"), 400, "invalid delivery company code:"},
		{"a courier that closed", Instruct, whole("KGBPS", "690000000101"), 400, "invalid delivery company code:"},
		{"no tracking", Instruct, whole("DIRECT", "1"), 200, `"responseCode":0`},
		{"a field is missing", Instruct, upload(`{"shipmentBoxId":1}`), 400, "missing"},
		{"ids as text", Instruct, upload(`{"shipmentBoxId":"1"}`), 400, "body"},
		{"no rows", Instruct, upload(), 400, "required"},
		{"split with one number for all", Instruct, upload(row(box, no, a, "CJGLS", "690000000101", true, false, ""), row(box, no, b, "CJGLS", "690000000101", true, false, "")), 200, "UNDEFINED_ERROR_OCCUR"},
		{"split without tracking", Instruct, upload(row(box, no, a, "DIRECT", "1", true, false, ""), row(box, no, b, "DIRECT", "", true, false, "2026-07-18")), 200, "NOT_ALLOW_VENDOR_DIRECT"},
		{"second part of nothing", Instruct, upload(row(box, no, a, "CJGLS", "690000000101", true, true, ""), row(box, no, b, "CJGLS", "", true, true, "2026-07-18")), 200, "UNDEFINED_ERROR_OCCUR"},
	} {
		t.Run(x.name, func(t *testing.T) {
			r := newRig(t, Options{})
			r.shopOrder(1, x.from)
			r.want("POST", v4+"/orders/invoices", x.body, x.status, x.text)
		})
	}
}

func TestInvoiceTwiceAndReused(t *testing.T) {
	r := newRig(t, Options{})
	r.shopOrder(1, Instruct)
	r.shopOrder(2, Instruct)
	r.shopOrder(3, Instruct)
	put := func(n int64, number, path, text string) {
		t.Helper()
		r.want("POST", v4+path, upload(
			row(702600715000000000+n, 31000151000000+n, 82600000011, "CJGLS", number, false, false, ""),
			row(702600715000000000+n, 31000151000000+n, 82600000022, "CJGLS", number, false, false, "")), 200, text)
	}
	put(1, "690000000101", "/orders/invoices", `"resultCode":"OK"`)
	put(1, "690000000101", "/orders/invoices", "DUPLICATE_INVOICE_NUMBER")
	put(1, "690000000102", "/orders/invoices", "INVALID_STATUS")
	put(1, "690000000102", "/orders/updateInvoices", `"resultCode":"OK"`)
	put(2, "690000000102", "/orders/invoices", `"resultCode":"OK"`) // to the same recipient
	put(2, "690000000102", "/orders/updateInvoices", "DUPLICATE_INVOICE_NUMBER")
	put(3, "690000000103", "/orders/updateInvoices", "INVALID_STATUS")
	o := r.shopOrder(4, Accept)
	moved := o.Buyer
	moved.Given = "달님"
	if err := r.Move(vendor, 31000151000004, moved); err != nil {
		t.Fatal(err)
	}
	r.want("PUT", v4+"/ordersheets/acknowledgement", `{"vendorId":"`+vendor+`","shipmentBoxIds":[702600715000000004]}`, 200, `"responseCode":0`)
	put(4, "690000000102", "/orders/invoices", "NOT_ALLOW_INVOICE_NUMBER_RE_UPLOAD")
}

func TestSplitShippingGivesTheFirstPartANewID(t *testing.T) {
	r := newRig(t, Options{})
	r.shopOrder(1, Instruct)
	const box, no, a, b = 702600715000000001, 31000151000001, 82600000011, 82600000022
	r.want("POST", v4+"/orders/invoices", upload(row(box, no, a, "CJGLS", "690000000101", true, false, ""), row(box, no, b, "CJGLS", "", true, false, "2026-07-18")), 200, `"responseCode":0`)
	got := r.Bundles(vendor, no)
	if len(got) != 2 || got[0].ID != box || got[0].Status != Instruct || got[1].ID == box || got[1].Status != Departure || got[1].Items[a] != 3 || got[0].Items[b] != 1 || len(got[0].Items) != 1 {
		t.Fatalf("after the first part: %+v", got)
	}
	r.want("POST", v4+"/orders/invoices", upload(row(box, no, b, "CJGLS", "690000000102", false, false, "")), 200, "IS_SEPARATE_MUST_BE_TRUE")
	r.want("POST", v4+"/orders/invoices", upload(row(box, no, b, "CJGLS", "", true, true, "2026-07-19")), 200, "PSD_NOT_ALLOW_TO_CHANGE")
	r.want("POST", v4+"/orders/invoices", upload(row(box, no, b, "CJGLS", "690000000102", true, true, "")), 200, `"responseCode":0`)
	if got := r.Bundles(vendor, no); got[0].Status != Departure || got[0].Invoice != "690000000102" {
		t.Errorf("after the second part: %+v", got)
	}
}

func TestTimeMovesParcels(t *testing.T) {
	r := newRig(t, Options{})
	r.shopOrder(1, Instruct)
	if err := r.Dispatch(vendor, 31000151000001, "CJGLS", "690000000101"); err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct {
		after time.Duration
		want  string
	}{{0, Departure}, {pickUp, Delivering}, {delivery, FinalDelivery}} {
		start := r.now
		r.now = start.Add(x.after)
		if got := r.Bundles(vendor, 31000151000001)[0].Status; got != x.want {
			t.Errorf("after %v: %s, want %s", x.after, got, x.want)
		}
		r.now = start
	}
	r.now = r.now.Add(delivery)
	r.want("GET", v5+"/ordersheets/702600715000000001/history", "", 200, `"deliveryStatusDesc":"배송완료"`)
}

func TestClaims(t *testing.T) {
	const a, b = 82600000011, 82600000022
	r := newRig(t, Options{})
	r.shopOrder(1, Instruct)
	r.shopOrder(2, Accept)
	stop, err := r.AskCancel(vendor, 31000151000001, map[int64]int64{a: 1})
	if err != nil {
		t.Fatal(err)
	}
	gone, err := r.AskCancel(vendor, 31000151000002, map[int64]int64{a: 3, b: 1})
	if err != nil {
		t.Fatal(err)
	}
	const days = v6 + "/returnRequests?createdAtFrom=2026-07-15&createdAtTo=2026-07-15"
	id := func(n int64) string { return fmt.Sprintf(`"receiptId":%d`, n) }
	r.want("GET", days+"&status=RU", "", 200, id(stop))
	r.want("GET", days+"&status=UC", "", 200, id(stop))
	r.want("GET", days+"&status=CC", "", 200, `"data":[]`)
	r.want("GET", days+"&cancelType=CANCEL", "", 200, id(gone))
	r.want("GET", days+"&orderId=31000151000001", "", 200, id(stop))
	r.want("GET", v6+"/returnRequests?searchType=timeFrame&createdAtFrom=2026-07-15T11:00&createdAtTo=2026-07-15T13:00&status=RU", "", 200, id(stop))
	r.want("GET", v6+"/returnRequests/"+fmt.Sprint(stop), "", 200, stopAsked)
	r.want("GET", days, "", 400, "OrderId can't be null")
	r.want("GET", days+"&cancelType=CANCEL&status=RU", "", 400, "CANCEL")
	r.want("GET", v6+"/returnRequests?createdAtFrom=2026-07-15&createdAtTo=2026-07-14&status=RU", "", 400, "검색기간의 끝이")
	r.want("GET", v6+"/returnRequests?createdAtFrom=2026-06-01&createdAtTo=2026-07-15&status=RU", "", 400, "최대 31일")
	r.want("GET", v6+"/returnRequests?createdAtFrom=2026-07-15%2B09:00&createdAtTo=2026-07-15%2B09:00&status=RU", "", 400, "createdAtFrom")
	// What is asked to be stopped cannot be dispatched, and is not acknowledged again.
	r.want("POST", v4+"/orders/invoices", upload(row(702600715000000001, 31000151000001, a, "CJGLS", "690000000101", false, false, ""),
		row(702600715000000001, 31000151000001, b, "CJGLS", "690000000101", false, false, "")), 200, "ORDER_DELIVERY_PARTIAL_STOP_REQUESTED")
	answer := func(count int64) string {
		return fmt.Sprintf(`{"vendorId":%q,"receiptId":%d,"cancelCount":%d}`, vendor, stop, count)
	}
	path := v4 + "/returnRequests/" + fmt.Sprint(stop) + "/stoppedShipment"
	r.want("PUT", path, answer(2), 400, "cancelCount")
	r.want("PUT", path, answer(1), 200, "SUCCESS")
	r.want("PUT", path, answer(1), 400, "이미 반품이 완료 되었습니다.")
	r.want("GET", v5+"/ordersheets/702600715000000001", "", 200, `"cancelCount":1,"holdCountForCancel":0`)
	r.want("POST", v4+"/orders/invoices", upload(row(702600715000000001, 31000151000001, a, "CJGLS", "690000000101", false, false, ""),
		row(702600715000000001, 31000151000001, b, "CJGLS", "690000000101", false, false, "")), 200, `"responseCode":0`)
}

func TestWithdrawnClaimsVanishAndAreListed(t *testing.T) {
	r := newRig(t, Options{})
	r.shopOrder(1, Instruct)
	id, err := r.AskCancel(vendor, 31000151000001, map[int64]int64{82600000011: 3, 82600000022: 1})
	if err != nil {
		t.Fatal(err)
	}
	r.want("GET", v5+"/ordersheets/702600715000000001", "", 200, `"holdCountForCancel":3`)
	if err := r.Withdraw(vendor, id); err != nil {
		t.Fatal(err)
	}
	r.want("GET", v6+"/returnRequests?createdAtFrom=2026-07-15&createdAtTo=2026-07-15&status=RU", "", 200, `"data":[]`)
	r.want("GET", v4+"/returnWithdrawRequests?dateFrom=2026-07-15&dateTo=2026-07-15&pageIndex=1&sizePerPage=100", "", 200, fmt.Sprintf(`"cancelId":%d`, id))
	r.want("GET", v4+"/returnWithdrawRequests?dateFrom=2026-07-08&dateTo=2026-07-15", "", 400, "7")
	r.want("POST", v4+"/returnWithdrawList", fmt.Sprintf(`{"cancelIds":[%d]}`, id), 200, fmt.Sprintf(`"cancelId":%d`, id))
	r.want("POST", v4+"/returnWithdrawList", `{"cancelIds":[]}`, 500, "CReturns getWithdrawnList failed")
	r.want("GET", v5+"/ordersheets/702600715000000001", "", 200, `"holdCountForCancel":0`)
}

func TestGoodsThatHadLeft(t *testing.T) {
	r := newRig(t, Options{})
	r.shopOrder(1, Instruct)
	id, err := r.AskCancel(vendor, 31000151000001, map[int64]int64{82600000011: 3})
	if err != nil {
		t.Fatal(err)
	}
	r.want("PATCH", v4+"/returnRequests/"+fmt.Sprint(id)+"/completedShipment",
		fmt.Sprintf(`{"vendorId":%q,"receiptId":%d,"deliveryCompanyCode":"CJGLS","invoiceNumber":"690000000101"}`, vendor, id), 200, "SUCCESS")
	if b := r.Bundles(vendor, 31000151000001)[0]; b.Status != Departure || b.Invoice != "690000000101" {
		t.Errorf("%+v", b)
	}
}

func TestSellerCancels(t *testing.T) {
	r := newRig(t, Options{})
	r.shopOrder(1, Instruct)
	body := func(item, n int64) string {
		return fmt.Sprintf(`{"orderId":31000151000001,"vendorItemIds":[%d],"receiptCounts":[%d],"bigCancelCode":"CANERR","middleCancelCode":"CCTTER","vendorId":%q,"userId":"wing"}`, item, n, vendor)
	}
	r.want("POST", v5+"/orders/31000151000001/cancel", body(82600000011, 4), 400, "취소 가능한 개수보다")
	r.want("POST", v5+"/orders/31000151000001/cancel", body(82600000011, 1), 200, "STOP_SHIPMENT")
}

func TestProductsAndStock(t *testing.T) {
	r := newRig(t, Options{})
	r.shopOrder(1, Accept)
	if err := r.Sell(vendor, Product{Seller: 1, Shown: 2, Item: 77, Name: "옛 상품", Price: 1000, Status: "DELETED", Deleted: true}); err != nil {
		t.Fatal(err)
	}
	items := sellerAPI + "/vendor-items/"
	r.want("PUT", items+"82600000011/quantities/17", "", 200, "재고 변경을 완료했습니다.")
	r.want("GET", items+"82600000011/inventories", "", 200, `"amountInStock":17`)
	r.want("PUT", items+"82600000011/quantities/0", "", 200, "SUCCESS")
	r.want("PUT", items+"82600000011/quantities/-1", "", 400, "유효하지 않은 재고수량입니다.")
	r.want("PUT", items+"82600000011/quantities/1?x=1", "", 400, "x")
	r.want("PUT", items+"82600000099/quantities/1", "", 400, "[vendoritemid 82600000099 not found]")
	r.want("PUT", items+"77/quantities/1", "", 400, "삭제된 상품은 변경이 불가능합니다.")
	r.want("GET", items+"82600000099/inventories", "", 400, "유효한 옵션이 없습니다")
	r.want("PUT", items+"82600000011/sales/stop", "", 200, "SUCCESS")
	r.want("GET", items+"82600000011/inventories", "", 200, `"onSale":false`)
	list := sellerAPI + "/seller-products?vendorId=" + vendor
	out := r.want("GET", list+"&maxPerPage=2&nextToken=1", "", 200, `"nextToken":"2"`)
	if n := len(out["data"].([]any)); n != 2 {
		t.Errorf("%d products on the first page", n)
	}
	r.want("GET", list+"&maxPerPage=2&nextToken=2", "", 200, `"nextToken":""`)
	r.want("GET", list+"&maxPerPage=101", "", 400, "maxPerPage")
	r.want("GET", list+"&status=APPROVED", "", 200, "승인완료")
	id := out["data"].([]any)[0].(map[string]any)["sellerProductId"].(json.Number).String()
	r.want("GET", sellerAPI+"/seller-products/"+id, "", 200, `"externalVendorSku":"HK-BL-01"`)
	r.want("GET", sellerAPI+"/seller-products/external-vendor-sku-codes/HK-BL-01", "", 200, id)
	r.want("GET", sellerAPI+"/seller-products/1", "", 200, `"vendorItemId":null`)
}

// A whole stream of orders can be placed, and every listed sheet is JSON of the
// documented shape.
func TestStream(t *testing.T) {
	r := newRig(t, Options{})
	os := orders.NewStream(1).Day(r.now.In(Seoul), 400)[orders.Coupang]
	for i := range os {
		if err := r.Place(vendor, &os[i], Instruct); err != nil {
			t.Fatal(err)
		}
	}
	r.now = r.now.Add(time.Hour)
	n := 0
	for _, st := range Statuses() {
		token := ""
		for {
			q := v5 + "/ordersheets?createdAtFrom=2026-07-01%2B09:00&createdAtTo=2026-07-16%2B09:00&status=" + st
			if token != "" {
				q += "&nextToken=" + token
			}
			out := r.want("GET", q, "", 200, "")
			n += len(out["data"].([]any))
			if token = out["nextToken"].(string); token == "" {
				break
			}
		}
	}
	if n != len(os) {
		t.Errorf("%d bundles listed of %d orders with one bundle each", n, len(os))
	}
}
