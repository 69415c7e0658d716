package elevenst

import (
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// maxBody is more than any documented request can have.
const maxBody = 1 << 20

// A call is one request that the gate let through.
type call struct {
	m    *Mall
	shop *shop
	path map[string]string
	body []byte
	now  time.Time
}

// An answer is a status with XML in CP949.
type answer struct {
	status int
	body   []byte
}

const declaration = `<?xml version="1.0" encoding="euc-kr" standalone="yes"?>`

// rows is a list.
func rows(list [][]field) answer {
	if len(list) == 0 {
		return result(listFamily, "0", "조회된 결과가 없습니다.")
	}
	w := &writer{}
	w.WriteString(declaration + "<ns2:orders" + namespace + ">")
	for _, f := range list {
		w.WriteString("<ns2:order>")
		w.fields(f)
		w.WriteString("</ns2:order>")
	}
	w.WriteString("</ns2:orders>")
	return answer{http.StatusOK, w.Bytes()}
}

// A family is a shape of answers.
type family int

const (
	listFamily    family = iota // ns2:orders with ns2:result_code
	actionFamily                // ResultOrder
	productFamily               // ClientMessage
)

// result is an answer that is nothing but a code and a text.
func result(f family, code, text string) answer {
	w := &writer{}
	w.WriteString(declaration)
	switch f {
	case listFamily:
		w.WriteString("<ns2:orders" + namespace + ">")
		w.fields([]field{{"ns2:result_code", code}, {"ns2:result_text", text}})
		w.WriteString("</ns2:orders>")
	case actionFamily:
		w.WriteString("<ResultOrder><openMallID>11ST</openMallID><open_11st_mall/><open_done_payment_interface/>")
		w.fields([]field{{"result_code", code}, {"result_text", text}})
		w.WriteString("</ResultOrder>")
	case productFamily:
		return message("", code, text)
	}
	return answer{http.StatusOK, w.Bytes()}
}

// message is an answer about a product or stock.
func message(number, code, text string) answer {
	w := &writer{}
	w.WriteString(declaration + "<ClientMessage>")
	w.fields([]field{{"productNo", number}, {"message", text}, {"resultCode", code}})
	w.WriteString("</ClientMessage>")
	return answer{http.StatusOK, w.Bytes()}
}

// denied is what the gate answers: status 500, as if the server had failed.
func denied(text string) answer {
	w := &writer{}
	w.WriteString(declaration + "<AuthMessage>")
	w.fields([]field{{"resultCode", "-500"}, {"resultMessage", text}})
	w.WriteString("</AuthMessage>")
	return answer{http.StatusInternalServerError, w.Bytes()}
}

// ServeHTTP answers one request to https://api.11st.co.kr/rest, of which the path
// here is what follows rest.
func (m *Mall) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m.mu.Lock()
	a := m.answer(r)
	now := m.opt.Now()
	m.mu.Unlock()
	w.Header().Set("Date", now.UTC().Format(http.TimeFormat))
	if a.status == http.StatusNotFound || a.status == http.StatusBadRequest {
		http.Error(w, string(a.body), a.status)
		return
	}
	w.Header().Set("Content-Type", "text/xml;charset=euc-kr")
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body) // the client has hung up if this fails
}

func (m *Mall) answer(r *http.Request) answer {
	path, query, hasQuery := strings.Cut(r.RequestURI, "?")
	if r.RequestURI == "" {
		path, query = r.URL.EscapedPath(), r.URL.RawQuery
	}
	rt, vars, ok := find(r.Method, path)
	if !ok {
		return answer{http.StatusNotFound, []byte("not found: " + r.Method + " " + path)}
	}
	if hasQuery || query != "" {
		return answer{http.StatusBadRequest, []byte("the call has no parameters")}
	}
	now := m.opt.Now()
	s, ok := m.keys[keyOf(r.Header)]
	if !ok || !s.Issued.IsZero() && now.Sub(s.Issued) > keyLife {
		return result(rt.family, "-1", "해당 OpenAPI Key 에 해당하는 유저가 없습니다.")
	}
	if ip, _, err := net.SplitHostPort(r.RemoteAddr); len(s.IPs) > 0 && (err != nil || !slices.Contains(s.IPs, ip)) {
		return denied("[" + ip + "]인증된 IP가 아닙니다.")
	}
	if rt.family == productFamily && s.NoProducts {
		return denied("해당 API 를 사용할 권한이 없습니다.")
	}
	if m.pace(s, now) {
		return answer{http.StatusTooManyRequests, nil}
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	switch {
	case err != nil || len(body) > maxBody:
		return answer{http.StatusBadRequest, []byte("the request cannot be read")}
	case !rt.body && len(body) > 0:
		return answer{http.StatusBadRequest, []byte("the call has no body")}
	case rt.body && !inKorean(r.Header.Get("Content-Type")):
		return answer{http.StatusBadRequest, []byte("Content-Type must be text/xml; charset=euc-kr")}
	case m.faults.Maintenance:
		return result(rt.family, "-1000", "시스템 점검중입니다.")
	case m.faults.Inside:
		return result(rt.family, "-1", "처리 중 오류가 발생하였습니다.")
	}
	s.settle(now)
	return rt.do(&call{m: m, shop: s, path: vars, body: body, now: now})
}

// keyOf is the value of the header openapikey. Its name is in lower case in a request
// that came without a network.
func keyOf(h http.Header) string {
	for name, v := range h {
		if strings.EqualFold(name, "openapikey") && len(v) == 1 {
			return v[0]
		}
	}
	return ""
}

func inKorean(contentType string) bool {
	kind, params, err := mime.ParseMediaType(contentType)
	return err == nil && kind == "text/xml" && strings.EqualFold(params["charset"], "euc-kr")
}

// pace counts a call and reports whether it is one too many.
func (m *Mall) pace(s *shop, now time.Time) bool {
	if m.opt.Limit < 0 {
		return false
	}
	s.minute = slices.DeleteFunc(s.minute, func(t time.Time) bool { return now.Sub(t) >= time.Minute })
	if len(s.minute) >= m.opt.Limit {
		return true
	}
	s.minute = append(s.minute, now)
	return false
}

// A route is one documented call.
type route struct {
	method  string
	pattern []string // segments; {name} takes any that is not empty
	family  family
	body    bool
	do      func(*call) answer
}

func (rt *route) match(path []string) (map[string]string, bool) {
	if len(path) != len(rt.pattern) {
		return nil, false
	}
	vars := map[string]string{}
	for i, p := range rt.pattern {
		if !strings.HasPrefix(p, "{") {
			if p != path[i] {
				return nil, false
			}
			continue
		}
		v, err := url.PathUnescape(path[i])
		if err != nil || v == "" {
			return nil, false
		}
		vars[strings.Trim(p, "{}")] = v
	}
	return vars, true
}

func find(method, path string) (*route, map[string]string, bool) {
	parts := strings.Split(strings.TrimPrefix(path, "/rest"), "/")
	for i := range routes {
		rt := &routes[i]
		if rt.method != method {
			continue
		}
		if vars, ok := rt.match(parts); ok {
			return rt, vars, true
		}
	}
	return nil, nil, false
}

func at(method, pattern string, f family, do func(*call) answer) route {
	return route{method, strings.Split(pattern, "/"), f, method != http.MethodGet, do}
}

// routes lists what is documented. A path that could be two is the first.
var routes = slices.Concat(listRoutes(), claimRoutes(), []route{
	at("GET", "/ordservices/complete/{ordNo}", listFamily, byNumber),
	at("GET", "/claimservice/orderlistall/{ordNos}", listFamily, byNumbers((*line).brief)),
	at("GET", "/claimservice/orderlistalladdr/{ordNos}", listFamily, byNumbers((*line).addressed)),
	at("GET", "/ordservices/saleconfirm/{ordNo}/{ordPrdSeq}", actionFamily, release),
	at("GET", "/ordservices/reqpackaging/{ordNo}/{ordPrdSeq}/{addPrdYn}/{addPrdNo}/{dlvNo}", actionFamily, packaging),
	at("GET", "/ordservices/reqdelivery/{sendDt}/{dlvMthdCd}/{dlvEtprsCd}/{invcNo}/{dlvNo}", actionFamily, dispatch),
	at("GET", "/ordservices/reqdelivery/{sendDt}/{dlvMthdCd}/{dlvEtprsCd}/{invcNo}/{dlvNo}/{part}/{ordNo}/{ordPrdSeqs}", actionFamily, dispatchSome),
	at("GET", "/ordservices/reqdelivery/{sendDt}/{dlvMthdCd}/{dlvEtprsCd}/{invcNo}/{dlvNo}/{dlvQty}/{ordNo}/{ordPrdSeq}/{invcAddData}", actionFamily, dispatchPieces),
	at("POST", "/prodmarketservice/prodmarket", productFamily, searchProducts),
	at("GET", "/prodmarketservice/prodmarket/{prdNo}", productFamily, oneProduct),
	at("GET", "/prodmarketservice/sellerprodcode/{sellerPrdCd}", productFamily, productByCode),
	at("GET", "/prodmarketservice/prodmarket/stck/{prdNo}", productFamily, stockOf),
	at("PUT", "/prodservices/stockqty/{prdStckNo}", productFamily, setStock),
})
