package coupang

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// The states of a claim.
const (
	stopAsked    = "RELEASE_STOP_UNCHECKED"
	returnAsked  = "RETURNS_UNCHECKED"
	claimDone    = "RETURNS_COMPLETED"
	coupangCheck = "REQUEST_COUPANG_CHECK"
)

// A claim is one receipt of a cancellation, a stop request or a return.
type claim struct {
	id       int64
	b        *bundle
	kind     string // RETURN or CANCEL
	status   string
	release  string // releaseStopStatus
	created  time.Time
	modified time.Time
	items    []claimItem
	courier  string
	invoice  string
}

type claimItem struct {
	*item
	count  int64
	state  string // releaseStatus
	byWhom string // cancelCompleteUser
}

func (x *claim) sum() (n int64) {
	for _, i := range x.items {
		n += i.count
	}
	return n
}

// A withdrawal is a claim that its buyer took back.
type withdrawal struct {
	claim int64
	order int64
	items []int64
	at    time.Time
}

// A claimDoc is a claim as returnRequests v6 shows it.
type claimDoc struct {
	Receipt     int64          `json:"receiptId"`
	Order       int64          `json:"orderId"`
	Payment     int64          `json:"paymentId"`
	Type        string         `json:"receiptType"`
	Status      string         `json:"receiptStatus"`
	Created     string         `json:"createdAt"`
	Modified    string         `json:"modifiedAt"`
	Name        string         `json:"requesterName"`
	Phone       *string        `json:"requesterPhoneNumber"`
	RealPhone   *string        `json:"requesterRealPhoneNumber"`
	Address     string         `json:"requesterAddress"`
	Detail      string         `json:"requesterAddressDetail"`
	Postal      string         `json:"requesterZipCode"`
	Category1   string         `json:"cancelReasonCategory1"`
	Category2   string         `json:"cancelReasonCategory2"`
	Reason      string         `json:"cancelReason"`
	Sum         int64          `json:"cancelCountSum"`
	DeliveryID  int64          `json:"returnDeliveryId"`
	Delivery    string         `json:"returnDeliveryType"`
	Release     string         `json:"releaseStopStatus"`
	Enclosed    money          `json:"enclosePrice"`
	Fault       string         `json:"faultByType"`
	PreRefund   bool           `json:"preRefund"`
	Confirm     string         `json:"completeConfirmType"`
	ConfirmDate string         `json:"completeConfirmDate"`
	Items       []claimItemDoc `json:"returnItems"`
	Parcels     []parcelDoc    `json:"returnDeliveryDtos"`
	ReasonCode  string         `json:"reasonCode"`
	ReasonText  string         `json:"reasonCodeText"`
	Charge      money          `json:"returnShippingCharge"`
}

type claimItemDoc struct {
	PackageID   int64  `json:"vendorItemPackageId"`
	PackageName string `json:"vendorItemPackageName"`
	VendorItem  int64  `json:"vendorItemId"`
	Name        string `json:"vendorItemName"`
	Bought      int64  `json:"purchaseCount"`
	Cancelled   int64  `json:"cancelCount"`
	Box         int64  `json:"shipmentBoxId"`
	SellerID    int64  `json:"sellerProductId"`
	SellerName  string `json:"sellerProductName"`
	Release     string `json:"releaseStatus"`
	By          string `json:"cancelCompleteUser"`
}

type parcelDoc struct {
	Courier string `json:"deliveryCompanyCode"`
	Invoice string `json:"deliveryInvoiceNo"`
}

const plainTime = "2006-01-02T15:04:05"

func (x *claim) doc() claimDoc {
	b := x.b
	d := claimDoc{
		Receipt: x.id, Order: b.order, Payment: b.order + 100_000, Type: x.kind, Status: x.status,
		Created: x.created.In(Seoul).Format(plainTime), Modified: x.modified.In(Seoul).Format(plainTime),
		Name: b.buyer.name, Phone: some(b.buyer.phone), Address: b.to.addr1, Detail: b.to.addr2, Postal: b.to.postal,
		Category1: "고객변심", Category2: "단순변심(사유없음)", Sum: x.sum(), Release: x.release, Enclosed: won(0), Fault: "CUSTOMER",
		Confirm: "UNDEFINED", Parcels: []parcelDoc{}, ReasonCode: "CHANGEMIND", ReasonText: "필요 없어짐 (단순 변심)", Charge: won(0),
	}
	if x.status == claimDone {
		d.Confirm, d.ConfirmDate = "VENDOR_CONFIRM", d.Modified
	}
	for _, i := range x.items {
		d.Items = append(d.Items, claimItemDoc{
			PackageName: i.registered, VendorItem: i.vendorItem, Name: i.name, Bought: i.item.count, Cancelled: i.count, Box: b.id,
			SellerID: i.sellerProduct, SellerName: i.registered, Release: i.state, By: i.byWhom,
		})
	}
	return d
}

// shows reports whether a claim is in the list of a status. A stop request is
// among those that were received too.
func (x *claim) shows(status string) bool {
	switch status {
	case "RU":
		return x.status == stopAsked
	case "UC":
		return x.status == stopAsked || x.status == returnAsked
	case "CC":
		return x.status == claimDone
	case "PR":
		return x.status == coupangCheck
	}
	return false
}

// listClaims reads claims by day with pages, or by the minute whole.
func listClaims(c *call) answer {
	p, err := c.params("searchType", "createdAtFrom", "createdAtTo", "status", "cancelType", "orderId", "nextToken", "maxPerPage")
	if err != nil {
		return bad("%v", err)
	}
	byMinute := p["searchType"] == "timeFrame"
	if refused := claimParams(p, byMinute); refused != "" {
		return bad("%s", refused)
	}
	read, layout := days, time.DateOnly
	if byMinute {
		read, layout = minutes, "2006-01-02T15:04"
	}
	s, err := read(p["createdAtFrom"], p["createdAtTo"], layout)
	switch {
	case err != nil:
		return bad("%v", err)
	case s.to.Before(s.from) || !byMinute && s.to.Equal(s.from):
		return bad("검색기간의 끝이 시작 보다 앞섭니다. SearchPeriod=%s ~ %s", p["createdAtFrom"], p["createdAtTo"])
	case s.to.Sub(s.from) > 31*24*time.Hour:
		return bad("검색기간은 최대 31일입니다.")
	}
	n, err := size(p["maxPerPage"], 50, 1, 50)
	if err != nil {
		return bad("%v", err)
	}
	if byMinute {
		n = c.m.opt.Heavy
	}
	var found []*claim
	for _, x := range c.shop.claims {
		if !x.created.Before(s.from) && x.created.Before(s.to) && x.wanted(p) {
			found = append(found, x)
		}
	}
	if byMinute && len(found) > n {
		return c.m.gateway(http.StatusPreconditionFailed, "Read timed out")
	}
	return claimPage(found, p["nextToken"], n)
}

func claimParams(p map[string]string, byMinute bool) string {
	_, hasStatus := p["status"]
	_, hasOrder := p["orderId"]
	switch kind, given := p["cancelType"]; {
	case given && kind != "RETURN" && kind != "CANCEL":
		return "cancelType " + kind + " is not valid"
	case kind == "CANCEL" && (hasStatus || hasOrder):
		return "cancelType CANCEL goes without status and orderId"
	case kind != "CANCEL" && !hasStatus && !hasOrder:
		return "OrderId can't be null , if doesn't pass the parameter status"
	case hasStatus && hasOrder:
		return "orderId goes without status"
	case hasStatus && !slices.Contains([]string{"RU", "UC", "CC", "PR"}, p["status"]):
		return "status " + p["status"] + " is not valid"
	}
	if t, given := p["searchType"]; given && !byMinute {
		return "searchType " + t + " is not valid"
	}
	for _, name := range [...]string{"orderId", "nextToken", "maxPerPage"} {
		if _, given := p[name]; given && byMinute {
			return name + " is not documented for searchType timeFrame"
		}
	}
	return ""
}

func (x *claim) wanted(p map[string]string) bool {
	if p["cancelType"] == "CANCEL" {
		return x.kind == "CANCEL"
	}
	if x.kind != "RETURN" {
		return false
	}
	if id, given := p["orderId"]; given {
		return strconv.FormatInt(x.b.order, 10) == id
	}
	return x.shows(p["status"])
}

func claimPage(found []*claim, token string, n int) answer {
	if token != "" {
		after, err := strconv.ParseInt(token, 10, 64)
		if err != nil {
			return bad("nextToken %q is not valid", token)
		}
		i := slices.IndexFunc(found, func(x *claim) bool { return x.id > after })
		if i < 0 {
			i = len(found)
		}
		found = found[i:]
	}
	out := struct {
		Code    int        `json:"code"`
		Message string     `json:"message"`
		Data    []claimDoc `json:"data"`
		Next    string     `json:"nextToken"`
	}{Code: 200, Message: "OK", Data: []claimDoc{}}
	if len(found) > n {
		found = found[:n]
		out.Next = strconv.FormatInt(found[n-1].id, 10)
	}
	for _, x := range found {
		out.Data = append(out.Data, x.doc())
	}
	return answer{http.StatusOK, out}
}

func (c *call) claim() *claim {
	id, _ := c.number("receiptId")
	i := slices.IndexFunc(c.shop.claims, func(x *claim) bool { return x.id == id })
	if i < 0 {
		return nil
	}
	return c.shop.claims[i]
}

func oneClaim(c *call) answer {
	if _, err := c.params(); err != nil {
		return bad("%v", err)
	}
	x := c.claim()
	if x == nil {
		return bad("유효하지 않은 접수번호 입니다.")
	}
	return ok([]claimDoc{x.doc()})
}

// open returns the claim of the path if the seller may still answer it.
func (c *call) open(vendor string, receipt int64) (*claim, *answer) {
	refuse := func(text string) (*claim, *answer) { a := bad("%s", text); return nil, &a }
	x := c.claim()
	switch {
	case vendor != c.shop.ID:
		return refuse("Invalid vendor ID")
	case x == nil || x.id != receipt:
		return refuse("유효하지 않은 접수번호 입니다.")
	case x.status == claimDone:
		return refuse("이미 반품이 완료 되었습니다.")
	case x.kind != "RETURN":
		return refuse("cancelType이 A 또는 RA가 아닙니다.")
	case x.status != stopAsked && (x.status != returnAsked || x.items[0].state != "N"):
		return refuse("상품준비 중 또는 배송지시 상태가 아닙니다. 주문내역을 확인해주세요.")
	}
	return x, nil
}

type claimResult struct {
	Code string `json:"resultCode"`
	Text string `json:"resultMessage"`
}

// stoppedShipment is the seller's word that the goods were held back.
func stoppedShipment(c *call) answer {
	var in struct {
		Vendor  string `json:"vendorId"`
		Receipt int64  `json:"receiptId"`
		Count   int64  `json:"cancelCount"`
	}
	if err := c.decode(&in); err != nil {
		return bad("request body: %v", err)
	}
	x, refused := c.open(in.Vendor, in.Receipt)
	switch {
	case refused != nil:
		return *refused
	case in.Count != x.sum():
		return bad("취소반품접수수량과 cancelCount가 일치하지 않습니다.")
	case x.b.status != Instruct:
		return c.m.gateway(http.StatusInternalServerError, "출고 되어 처리할 수 없습니다.")
	}
	x.status, x.release, x.modified = claimDone, "처리(출고중지)", c.now
	for i := range x.items {
		it := &x.items[i]
		it.held -= it.count
		it.cancelled += it.count
		it.state, it.byWhom = "S", "3P_CANCEL"
	}
	return done(claimResult{"SUCCESS", "출고중지완료요청이 성공하였습니다"})
}

// completedShipment is the seller's word that the goods had left.
func completedShipment(c *call) answer {
	var in struct {
		Vendor  string `json:"vendorId"`
		Receipt int64  `json:"receiptId"`
		Courier string `json:"deliveryCompanyCode"`
		Invoice string `json:"invoiceNumber"`
	}
	if err := c.decode(&in); err != nil {
		return bad("request body: %v", err)
	}
	x, refused := c.open(in.Vendor, in.Receipt)
	if refused != nil {
		return *refused
	}
	how, known := lookupCourier(in.Courier)
	if !known || how.form != nil && !how.form.MatchString(in.Invoice) {
		return bad("invalid delivery company code:%s", in.Courier)
	}
	x.status, x.release, x.modified, x.courier, x.invoice = returnAsked, "처리(이미출고)", c.now, in.Courier, in.Invoice
	for i := range x.items {
		x.items[i].held -= x.items[i].count
		x.items[i].state = "A"
	}
	if x.b.status == Instruct {
		x.b.ship(in.Courier, in.Invoice, c.now)
	}
	return done(claimResult{"SUCCESS", "이미출고 처리되었습니다"})
}

// file records a claim.
func (s *shop) file(x *claim) *claim {
	s.claims = append(s.claims, x)
	slices.SortStableFunc(s.claims, func(a, b *claim) int { return cmp.Or(a.created.Compare(b.created), cmp.Compare(a.id, b.id)) })
	return x
}

type withdrawalDoc struct {
	Claim  int64   `json:"cancelId"`
	Order  int64   `json:"orderId"`
	Vendor string  `json:"vendorId"`
	Duty   string  `json:"refundDeliveryDuty"`
	At     string  `json:"createdAt"`
	Items  []int64 `json:"vendorItemIds"`
}

func (s *shop) withdrawn(w withdrawal) withdrawalDoc {
	return withdrawalDoc{w.claim, w.order, s.ID, "COM", w.at.In(Seoul).Format(plainTime), w.items}
}

// listWithdrawn lists claims that were taken back, by day.
func listWithdrawn(c *call) answer {
	p, err := c.params("dateFrom", "dateTo", "pageIndex", "sizePerPage")
	if err != nil {
		return bad("%v", err)
	}
	s, err := days(p["dateFrom"], p["dateTo"], time.DateOnly)
	if err != nil {
		return bad("%v", err)
	}
	if length := s.to.Sub(s.from); length <= 0 || length > 7*24*time.Hour {
		return bad("검색기간은 최대 7일입니다.")
	}
	n, err := size(p["sizePerPage"], 10, 10, 100)
	if err != nil {
		return bad("%v", err)
	}
	at := 1
	if t, given := p["pageIndex"]; given {
		if at, err = strconv.Atoi(t); err != nil || at < 1 {
			return bad("pageIndex %q is not valid", t)
		}
	}
	out := struct {
		Code    int             `json:"code"`
		Message string          `json:"message"`
		Data    []withdrawalDoc `json:"data"`
		Next    string          `json:"nextPageIndex"`
	}{Code: 200, Message: "OK", Data: []withdrawalDoc{}}
	skip := (at - 1) * n
	for _, w := range c.shop.gone {
		if w.at.Before(s.from) || !w.at.Before(s.to) {
			continue
		}
		if skip > 0 {
			skip--
			continue
		}
		if len(out.Data) == n {
			out.Next = strconv.Itoa(at + 1)
			break
		}
		out.Data = append(out.Data, c.shop.withdrawn(w))
	}
	return answer{http.StatusOK, out}
}

// findWithdrawn tells which of the given claims were taken back.
func findWithdrawn(c *call) answer {
	var in struct {
		IDs []int64 `json:"cancelIds"`
	}
	if err := c.decode(&in); err != nil {
		return bad("request body: %v", err)
	}
	switch {
	case len(in.IDs) == 0:
		return c.m.gateway(http.StatusInternalServerError, "CReturns getWithdrawnList failed")
	case len(in.IDs) > maxBoxes:
		return bad("cancelIds: %d ids, at most %d", len(in.IDs), maxBoxes)
	}
	out := []withdrawalDoc{}
	for _, w := range c.shop.gone {
		if slices.Contains(in.IDs, w.claim) {
			out = append(out, c.shop.withdrawn(w))
		}
	}
	return ok(out)
}

// sellerCancel cancels options of one bundle for the seller.
func sellerCancel(c *call) answer {
	var in struct {
		Order  int64   `json:"orderId"`
		Items  []int64 `json:"vendorItemIds"`
		Counts []int64 `json:"receiptCounts"`
		Big    string  `json:"bigCancelCode"`
		Middle string  `json:"middleCancelCode"`
		Vendor string  `json:"vendorId"`
		User   string  `json:"userId"`
	}
	if err := c.decode(&in); err != nil {
		return bad("request body: %v", err)
	}
	id, _ := c.number("orderId")
	refuse := func(text string) answer {
		return answer{http.StatusBadRequest, refusal{Code: "400", Message: text}}
	}
	switch {
	case in.Vendor != c.shop.ID:
		return bad("Invalid vendor ID")
	case in.Order != id || len(c.shop.orders[id]) == 0:
		return refuse("유효하지 않은 주문번호 입니다.")
	case len(in.Items) == 0 || len(in.Items) != len(in.Counts):
		return refuse("vendorItemIds와 receiptCounts의 수가 다릅니다.")
	case in.Big != "CANERR" || !slices.Contains([]string{"CCTTER", "CCPNER", "CCPRER"}, in.Middle) || in.User == "":
		return refuse("취소 사유가 올바르지 않습니다.")
	}
	wish := map[int64]int64{}
	for i, item := range in.Items {
		if in.Counts[i] < 1 {
			return refuse("receiptCounts는 0보다 커야 합니다.")
		}
		wish[item] += in.Counts[i]
	}
	x, err := c.m.cancel(c.shop, id, wish, c.now, "3P_CANCEL")
	if err != nil {
		return refuse("취소 가능한 개수보다 요청한 개수가 더 많습니다")
	}
	kind := "CANCEL"
	if x.status == stopAsked {
		kind = "STOP_SHIPMENT"
	}
	type receipt struct {
		ID    int64   `json:"receiptId"`
		Type  string  `json:"receiptType"`
		Items []int64 `json:"vendorItemIds"`
		Sum   int64   `json:"totalCount"`
	}
	return done(struct {
		Receipts map[string]receipt `json:"receiptMap"`
		Order    int64              `json:"orderId"`
		Failed   []int64            `json:"failedVendorItemIds"`
	}{map[string]receipt{strconv.FormatInt(x.id, 10): {x.id, kind, in.Items, x.sum()}}, id, []int64{}})
}

// cancel takes quantities out of the one bundle of an order that has them all. A
// bundle in ACCEPT loses them at once; one in INSTRUCT gets a stop request, one
// under way a return.
func (m *Mall) cancel(s *shop, orderID int64, wish map[int64]int64, now time.Time, by string) (*claim, error) {
	for _, b := range s.orders[orderID] {
		fits := true
		for id, n := range wish {
			i := b.item(id)
			fits = fits && i != nil && n <= i.left()
		}
		if !fits {
			continue
		}
		m.calls++
		x := &claim{id: 260_000_000 + m.calls, b: b, created: now, modified: now}
		for _, i := range b.items {
			if n := wish[i.vendorItem]; n > 0 {
				x.items = append(x.items, claimItem{item: i, count: n, state: "N"})
			}
		}
		for k := range x.items {
			i := &x.items[k]
			switch b.status {
			case Accept:
				i.cancelled += i.count
				i.byWhom = by
			case Instruct:
				i.held += i.count
			default:
				i.state = "Y"
			}
		}
		switch b.status {
		case Accept:
			x.kind, x.status, x.release = "CANCEL", claimDone, "비대상"
		case Instruct:
			x.kind, x.status, x.release = "RETURN", stopAsked, "미처리"
		default:
			x.kind, x.status, x.release = "RETURN", returnAsked, "비대상"
		}
		return s.file(x), nil
	}
	return nil, fmt.Errorf("coupang: order %d has no bundle with that much left", orderID)
}
