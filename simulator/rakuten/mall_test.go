package rakuten_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/mallbridge/mallbridge/simulator/orders"
	"github.com/mallbridge/mallbridge/simulator/rakuten"
)

type rig struct {
	*testing.T
	*rakuten.Mall
	now    time.Time
	stream *orders.Stream
}

const secret, key = "SP399001_Tr0ub4dorServiceKey", "SL399001_Xb2mQk81Lr6Yd3Vt"

func newRig(t *testing.T) *rig {
	r := &rig{T: t, now: time.Date(2026, 7, 15, 10, 0, 0, 0, rakuten.Tokyo), stream: orders.NewStream(3)}
	r.Mall = rakuten.New(rakuten.Options{Now: func() time.Time { return r.now }, Limit: -1})
	r.must(r.AddShop(rakuten.Shop{ID: "399001", ServiceSecret: secret, LicenceKey: key, Issued: r.now.AddDate(0, 0, -10)}))
	return r
}

func (r *rig) must(err error) {
	r.Helper()
	if err != nil {
		r.Fatal(err)
	}
}

func (r *rig) place(n, progress int) []orders.Order {
	list := r.stream.Ordinary(orders.Rakuten, r.now, n)
	for i := range list {
		r.must(r.Place("399001", &list[i], progress))
	}
	return list
}

// call sends a request with good headers, changed by how.
func (r *rig) call(method, path, body string, how ...func(*http.Request)) (int, map[string]any) {
	r.Helper()
	q := httptest.NewRequest(method, path, strings.NewReader(body))
	q.Header.Set("Authorization", "ESA "+base64.StdEncoding.EncodeToString([]byte(secret+":"+key)))
	if body != "" {
		q.Header.Set("Content-Type", "application/json; charset=utf-8")
	}
	for _, f := range how {
		f(q)
	}
	w := httptest.NewRecorder()
	r.ServeHTTP(w, q)
	text, err := io.ReadAll(w.Body)
	r.must(err)
	var v map[string]any
	if len(text) > 0 {
		r.must(json.Unmarshal(text, &v))
	}
	return w.Code, v
}

func (r *rig) order(function, body string) (int, map[string]any) {
	r.Helper()
	return r.call("POST", "/es/2.0/order/"+function+"/", body)
}

// codes joins the message codes of an answer without what all have in common.
func codes(v map[string]any) string {
	var out []string
	list, _ := v["MessageModelList"].([]any)
	for _, x := range list {
		code, _ := x.(map[string]any)["messageCode"].(string)
		out = append(out, strings.TrimPrefix(code, "ORDER_EXT_API_"))
	}
	return strings.Join(out, " ")
}

func TestRefusesWhatIsNotDocumented(t *testing.T) {
	r := newRig(t)
	header := func(name, value string) func(*http.Request) {
		return func(q *http.Request) { q.Header.Set(name, value) }
	}
	search := `{"dateType":1,"startDatetime":"2026-07-14T00:00:00+0900","endDatetime":"2026-07-15T00:00:00+0900"}`
	const path = "/es/2.0/order/searchOrder/"
	for _, c := range []struct {
		name, method, path, body string
		how                      []func(*http.Request)
		status                   int
		says                     string
	}{
		{"good", "POST", path, search, nil, 200, "SEARCH_ORDER_INFO_102"},
		{"no slash at the end", "POST", strings.TrimSuffix(path, "/"), search, nil, 404, "GE0007"},
		{"GET", "GET", path, "", nil, 405, "GE0007"},
		{"a colon after ESA", "POST", path, search, []func(*http.Request){header("Authorization", "ESA: x")}, 401, "GA0001"},
		{"another key", "POST", path, search, []func(*http.Request){header("Authorization", "ESA "+base64.StdEncoding.EncodeToString([]byte(secret+":x")))}, 401, "GA0001"},
		{"no charset", "POST", path, search, []func(*http.Request){header("Content-Type", "application/json")}, 415, "ES04-03"},
		{"a colon in the zone", "POST", path, strings.ReplaceAll(search, "+0900", "+09:00"), nil, 400, "SEARCH_ORDER_ERROR_011"},
		{"UTC", "POST", path, strings.ReplaceAll(search, "+0900", "+0000"), nil, 400, "SEARCH_ORDER_ERROR_011"},
		{"no date type", "POST", path, strings.Replace(search, `"dateType":1,`, "", 1), nil, 400, "SEARCH_ORDER_ERROR_009"},
		{"64 days", "POST", path, strings.Replace(search, "2026-07-14", "2026-05-12", 1), nil, 400, "SEARCH_ORDER_ERROR_011"},
		{"a field nobody knows", "POST", path, strings.Replace(search, "{", `{"updatedSince":1,`, 1), nil, 400, "SEARCH_ORDER_ERROR_011"},
		{"other capitals", "POST", path, strings.Replace(search, "{", `{"paginationRequestModel":{"requestRecordsAmount":10,"requestPage":1},`, 1), nil, 400, "SEARCH_ORDER_ERROR_011"},
		{"1001 on a page", "POST", path, strings.Replace(search, "{", `{"PaginationRequestModel":{"requestRecordsAmount":1001,"requestPage":1},`, 1), nil, 400, "SEARCH_ORDER_ERROR_011"},
	} {
		status, v := r.call(c.method, c.path, c.body, c.how...)
		if text := fmt.Sprint(v); status != c.status || !strings.Contains(text, c.says) {
			t.Errorf("%s: %d %v, want %d %s", c.name, status, v, c.status, c.says)
		}
	}
}

func TestSearchAndGet(t *testing.T) {
	r := newRig(t)
	list := r.place(25, 0)
	got := map[string]bool{}
	for page := 1; page <= 3; page++ {
		_, v := r.order("searchOrder", fmt.Sprintf(`{"dateType":1,"startDatetime":"2026-07-10T00:00:00+0900","endDatetime":"2026-07-15T10:00:00+0900",
			"orderProgressList":[300],"PaginationRequestModel":{"requestRecordsAmount":10,"requestPage":%d,"SortModelList":[{"sortColumn":1,"sortDirection":1}]}}`, page))
		for _, n := range v["orderNumberList"].([]any) {
			got[n.(string)] = true
		}
		if p := v["PaginationResponseModel"].(map[string]any); p["totalRecordsAmount"] != 25.0 || p["totalPages"] != 3.0 {
			t.Errorf("page %d: %v", page, p)
		}
	}
	if len(got) != 25 {
		t.Errorf("%d orders, want 25", len(got))
	}
	for version, want := range map[string]bool{"7": false, "10": true, `"10"`: true} {
		_, v := r.order("getOrder", fmt.Sprintf(`{"orderNumberList":[%q,"399001-20260101-0000000001"],"version":%s}`, list[0].Number, version))
		models := v["OrderModelList"].([]any)
		if len(models) != 1 || codes(v) != "GET_ORDER_INFO_101 GET_ORDER_WARNING_101" {
			t.Fatalf("version %s: %v", version, v)
		}
		if _, ok := models[0].(map[string]any)["socialGiftFlag"]; ok != want {
			t.Errorf("version %s: socialGiftFlag %v", version, ok)
		}
	}
	if _, v := r.order("getOrder", fmt.Sprintf(`{"orderNumberList":[%q]}`, list[0].Number)); codes(v) != "GET_ORDER_ERROR_009" {
		t.Errorf("no version: %v", v)
	}
}

func TestWayOfAnOrder(t *testing.T) {
	r := newRig(t)
	o := r.place(1, rakuten.Waiting)[0]
	stands := func(want int) {
		t.Helper()
		got, err := r.Progress(o.Number)
		r.must(err)
		if got != want {
			t.Fatalf("progress %d, want %d", got, want)
		}
	}
	if _, v := r.order("confirmOrder", fmt.Sprintf(`{"orderNumberList":[%q]}`, o.Number)); codes(v) != "CONFIRM_ORDER_INFO_101" {
		t.Fatal(v)
	}
	if _, v := r.order("confirmOrder", fmt.Sprintf(`{"orderNumberList":[%q]}`, o.Number)); codes(v) != "CONFIRM_ORDER_ERROR_103" {
		t.Fatal(v)
	}
	stands(rakuten.Processing)
	r.now = r.now.Add(6 * time.Minute)
	stands(rakuten.ToShip)
	body := fmt.Sprintf(`{"OrderShippingModelList":[{"orderNumber":%q,"BasketidModelList":[{"basketId":%s,"ShippingModelList":[
		{"deliveryCompany":"1001","shippingNumber":"123456789012","shippingDate":"2026-07-15"}]}]}]}`, o.Number, o.Parcels[0].Key)
	if status, v := r.order("updateOrderShippingAsync", strings.Replace(body, "1001", "ヤマト", 1)); status != 200 || codes(v) != "UPDATE_ORDERSHIPPING_ASYNC_ERROR_011" {
		t.Fatal(status, v)
	}
	_, v := r.order("updateOrderShippingAsync", body)
	id := v["MessageModelList"].([]any)[0].(map[string]any)["requestId"].(string)
	result := func() string {
		_, v := r.order("getResultUpdateOrderShippingAsync", fmt.Sprintf(`{"requestId":%q}`, id))
		return codes(v["ResultShippingModelList"].([]any)[0].(map[string]any))
	}
	if got := result(); got != "GET_RESULT_UPDATEORDERSHIPPING_ASYNC_INFO_101" {
		t.Fatal(got)
	}
	r.now = r.now.Add(time.Minute)
	if got := result(); got != "UPDATE_ORDERSHIPPING_INFO_101" {
		t.Fatal(got)
	}
	if got, err := r.Tracking(o.Number); err != nil || len(got) != 1 || got[0] != "123456789012" {
		t.Fatal(got, err)
	}
	stands(rakuten.ToShip)
	r.now = time.Date(2026, 7, 16, 0, 30, 0, 0, rakuten.Tokyo)
	stands(rakuten.Shipped)
}

func TestKeyDies(t *testing.T) {
	r := newRig(t)
	_, v := r.call("GET", "/es/1.0/license-management/license-key/expiry-date?licenseKey="+key, "")
	if v["expiryDate"] != "2026-10-03T23:59:59" {
		t.Error(v)
	}
	r.now = time.Date(2026, 10, 4, 0, 0, 0, 0, rakuten.Tokyo)
	if status, _ := r.order("getOrder", `{}`); status != 401 {
		t.Error(status)
	}
}

func TestStock(t *testing.T) {
	r := newRig(t)
	r.must(r.AddItem("399001", "towel-01", "white", "0010001", "タオル", 1320))
	for _, c := range []struct {
		body   string
		status int
		says   string
	}{
		{`{"inventories":[{"manageNumber":"towel-01","variantId":"white","mode":"ABSOLUTE","quantity":7}]}`, 204, ""},
		{`{"inventories":[{"manageNumber":"towel-01","variantId":"white","mode":"ABSOLUTE","quantity":100000}]}`, 400, "IE0003"},
		{`{"inventories":[{"manageNumber":"none","variantId":"white","mode":"RELATIVE","quantity":1}]}`, 400, "IE0500"},
		{`{"inventories":[{"manageNumber":"towel-01","variantId":"white","mode":"RELATIVE","quantity":-8}]}`, 400, "IE0117"},
		{`{"inventories":[{"manageNumber":"towel-01","variantId":"white","mode":"ABSOLUTE","quantity":1},{"manageNumber":"TOWEL-01","variantId":"white","mode":"ABSOLUTE","quantity":2}]}`, 400, "IE1102"},
	} {
		if status, v := r.call("POST", "/es/2.0/inventories/bulk-upsert", c.body); status != c.status || !strings.Contains(fmt.Sprint(v), c.says) {
			t.Errorf("%s: %d %v", c.body, status, v)
		}
	}
	if n, err := r.Quantity("399001", "towel-01", "white"); err != nil || n != 7 {
		t.Error(n, err)
	}
	_, v := r.call("POST", "/es/2.0/inventories/bulk-get", `{"inventories":[{"manageNumber":"towel-01","variantId":"white"},{"manageNumber":"none","variantId":"x"}]}`)
	if list := v["inventories"].([]any); len(list) != 1 || list[0].(map[string]any)["quantity"] != 7.0 {
		t.Error(v)
	}
}

func TestLimit(t *testing.T) {
	m := rakuten.New(rakuten.Options{})
	if err := m.AddShop(rakuten.Shop{ID: "1", ServiceSecret: secret, LicenceKey: key}); err != nil {
		t.Fatal(err)
	}
	r := &rig{T: t, Mall: m}
	var got []int
	for range 3 {
		status, _ := r.order("getOrder", `{"orderNumberList":["1-20260101-0000000001"],"version":10}`)
		got = append(got, status)
	}
	if fmt.Sprint(got) != "[200 200 429]" {
		t.Error(got)
	}
}
