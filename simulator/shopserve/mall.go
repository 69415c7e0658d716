package shopserve

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/mallbridge/mallbridge/simulator/orders"
)

// Tokyo is the mall's zone. Japan has no daylight saving time.
var Tokyo = time.FixedZone("JST", 9*60*60)

// Options set a mall up.
type Options struct {
	// Now is the mall's clock.
	Now func() time.Time
}

// A Shop is one store with its keys.
type Shop struct {
	ID         string // abc123.xy
	ManagerKey string
	OpenKey    string
}

// Faults are what the mall does wrong.
type Faults struct {
	// Inside answers every call behind the login with 200 and words in place of what was
	// asked for.
	Inside bool
	// Total says one order more than there are.
	Total bool
	// Repeat gives the last order of an answer again as the first of the next.
	Repeat bool
	// Vanish lets a search name an order that is then not there by its number.
	Vanish bool
}

// A Mall is the stand-in of one store. It may be used by several goroutines.
type Mall struct {
	opt Options

	mu     sync.Mutex
	shop   Shop
	orders []*ord // by order time
	byNo   map[string]*ord
	items  []*item
	faults Faults
}

// An ord is one order.
type ord struct {
	orders.Order
	state   string
	parcels []*parcel
}

// A parcel has at most one tracking number.
type parcel struct{ carrier, number, on string }

// An item is sold in one form, or by variation.
type item struct {
	code, name string
	price      int64
	stock      int64
	variations bool
}

// States of orders, in the words of this store.
const (
	Unpaid    = "入金待ち"
	Ready     = "出荷待ち"
	Shipped   = "出荷済み"
	Cancelled = "キャンセル"
)

// New makes a mall of one shop without orders.
func New(s Shop, o Options) *Mall {
	if o.Now == nil {
		o.Now = func() time.Time { return time.Date(2026, 11, 24, 1, 0, 0, 0, time.UTC) }
	}
	return &Mall{opt: o, shop: s, byNo: map[string]*ord{}}
}

// Renew gives the shop other keys: the old ones end.
func (m *Mall) Renew(manager, open string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.shop.ManagerKey, m.shop.OpenKey = manager, open
}

// Break sets what is wrong from now on; the zero value mends the mall.
func (m *Mall) Break(f Faults) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.faults = f
}

// Settings are what an account says of this package's own order API, as a store would
// copy it from its specification.
func Settings() map[string]string {
	return map[string]string{
		"fetch":         "on",
		"search_path":   "/v2/rehearsal/orders/_search",
		"search_body":   `{"placed":{"since":"{from}","before":"{to}"},"skip":{offset},"take":{size}}`,
		"search_list":   "/found/orders",
		"search_total":  "/found/count",
		"detail_path":   "/v2/rehearsal/orders/{order}",
		"detail_order":  "/order",
		"shipping_path": "/v2/rehearsal/orders/{order}/parcels/{package}",
		"shipping_body": `{"slip":"{tracking}","by":"{carrier}","on":"{shipped_on}"}`,
		"fields": strings.Join([]string{
			"order.number=/no", "order.status=/state", "order.ordered_at=/placed", "order.payment=/paid_by", "order.delivery=/sent_by", "order.total=/sum/total",
			"order.postage=/sum/postage", "order.fee=/sum/fee", "order.discount=/sum/off", "order.note=/words", "buyer.name=/by/name", "buyer.kana=/by/reading",
			"buyer.postal=/by/zip", "buyer.prefecture=/by/area", "buyer.city=/by/town", "buyer.street=/by/street", "buyer.building=/by/house", "buyer.phone=/by/tel",
			"buyer.email=/by/mail", "packages=/parcels", "package.key=/id", "package.deliver_on=/wish/day", "package.time_band=/wish/time", "package.note=/words",
			"package.tracking=/slip/no", "package.carrier=/slip/by", "to.name=/to/name", "to.kana=/to/reading", "to.postal=/to/zip", "to.prefecture=/to/area",
			"to.city=/to/town", "to.street=/to/street", "to.building=/to/house", "to.phone=/to/tel", "lines=/rows", "line.key=/id", "line.item_code=/item",
			"line.option=/kind", "line.name=/title", "line.quantity=/pieces", "line.price=/each",
		}, "\n"),
	}
}

// Place puts an order of the stream into the shop, in a state.
func (m *Mall) Place(o *orders.Order, state string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.byNo[o.Number] != nil || o.Number == "" {
		return fmt.Errorf("shopserve: order %q is there already, or has no number", o.Number)
	}
	x := &ord{Order: *o, state: state}
	for range o.Parcels {
		x.parcels = append(x.parcels, &parcel{})
	}
	i, _ := slices.BinarySearchFunc(m.orders, x, func(a, b *ord) int { return cmp.Or(a.Ordered.Compare(b.Ordered), cmp.Compare(a.Number, b.Number)) })
	m.orders = slices.Insert(m.orders, i, x)
	m.byNo[o.Number] = x
	for _, p := range o.Parcels {
		for _, l := range p.Lines {
			if m.item(l.ItemCode) == nil {
				m.items = append(m.items, &item{code: l.ItemCode, name: l.Name, price: l.Price, stock: 100, variations: l.Option != ""})
			}
		}
	}
	return nil
}

func (m *Mall) item(code string) *item {
	i := slices.IndexFunc(m.items, func(x *item) bool { return x.code == code })
	if i < 0 {
		return nil
	}
	return m.items[i]
}

// Cancel cancels an order.
func (m *Mall) Cancel(number string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	o := m.byNo[number]
	if o == nil {
		return fmt.Errorf("shopserve: there is no order %s", number)
	}
	o.state = Cancelled
	return nil
}

// Forget lets the mall know nothing of an order any more.
func (m *Mall) Forget(number string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.byNo[number] == nil {
		return fmt.Errorf("shopserve: there is no order %s", number)
	}
	delete(m.byNo, number)
	m.orders = slices.DeleteFunc(m.orders, func(o *ord) bool { return o.Number == number })
	return nil
}

// Tracking returns the numbers of an order's parcels.
func (m *Mall) Tracking(number string) []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []string
	if o := m.byNo[number]; o != nil {
		for _, p := range o.parcels {
			if p.number != "" {
				out = append(out, p.number)
			}
		}
	}
	return out
}

// Sell puts an item on sale.
func (m *Mall) Sell(code, name string, price, stock int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.items = append(m.items, &item{code: code, name: name, price: price, stock: stock})
}

// Stock returns the quantity of an item.
func (m *Mall) Stock(code string) (int64, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if i := m.item(code); i != nil {
		return i.stock, true
	}
	return 0, false
}

// An answer is a status with a document, or with words.
type answer struct {
	status int
	body   any
}

type object = map[string]any

// ServeHTTP answers one request to https://management.api.shopserve.jp, and below /item
// one to https://item.api.shopserve.jp.
func (m *Mall) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m.mu.Lock()
	a := m.answer(r)
	now := m.opt.Now()
	m.mu.Unlock()
	w.Header().Set("Date", now.UTC().Format(http.TimeFormat))
	if text, ok := a.body.(string); ok {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.WriteHeader(a.status)
		_, _ = io.WriteString(w, text) // the client has hung up if this fails
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(a.status)
	_ = json.NewEncoder(w).Encode(a.body)
}

func (m *Mall) answer(r *http.Request) answer {
	path, isOpen := strings.CutPrefix(r.URL.EscapedPath(), "/item/")
	if isOpen {
		path = "/" + path
	}
	key := m.shop.ManagerKey
	if isOpen {
		key = m.shop.OpenKey
	}
	if user, pass, ok := r.BasicAuth(); !ok || user != m.shop.ID || pass != key {
		return answer{http.StatusUnauthorized, ""}
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	switch {
	case err != nil:
		return answer{http.StatusBadRequest, "bad request"}
	case r.URL.RawQuery != "":
		return answer{http.StatusBadRequest, "no parameters are known"}
	case r.Method != http.MethodGet:
		if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
			return answer{http.StatusUnsupportedMediaType, "application/json"}
		}
	case len(body) > 0:
		return answer{http.StatusBadRequest, "a body is not known there"}
	}
	if m.faults.Inside {
		return answer{http.StatusOK, object{"message": "処理中にエラーが発生しました"}}
	}
	parts := strings.Split(strings.TrimPrefix(path, "/"), "/")
	for i, p := range parts {
		if parts[i], err = url.PathUnescape(p); err != nil {
			return answer{http.StatusBadRequest, "bad path"}
		}
	}
	if len(parts) < 2 || parts[0] != "v2" {
		return answer{http.StatusNotFound, "not found"}
	}
	return m.route(r.Method, isOpen, parts[1:], body)
}

func (m *Mall) route(method string, isOpen bool, p []string, body []byte) answer {
	is := func(want string, n int) bool { return method == want && len(p) == n }
	switch {
	case isOpen && is("GET", 3) && p[0] == "items" && p[2] == "stock":
		return m.readStock(p[1])
	case isOpen:
	case is("POST", 2) && p[0] == "items" && p[1] == "_search":
		return m.searchItems(body)
	case is("POST", 3) && p[0] == "items" && p[2] == "stock":
		return m.setStock(p[1], body)
	case p[0] != "rehearsal" || len(p) < 3 || p[1] != "orders":
	case is("POST", 3) && p[2] == "_search":
		return m.search(body)
	case is("GET", 3):
		return m.one(p[2])
	case is("PUT", 5) && p[3] == "parcels":
		return m.ship(p[2], p[4], body)
	}
	return answer{http.StatusNotFound, "not found"}
}

// strict reads a body without members that are not known.
func strict(body []byte, v any) bool {
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	return d.Decode(v) == nil && !d.More()
}

func (m *Mall) readStock(code string) answer {
	i := m.item(code)
	if i == nil {
		return answer{http.StatusNotFound, "not found"}
	}
	condition := "InStock"
	if i.stock == 0 {
		condition = "SoldOut"
	}
	return answer{http.StatusOK, object{"stock": object{"management_item": object{"quantity": i.stock, "stock_condition": condition}}}}
}

func (m *Mall) searchItems(body []byte) answer {
	var in struct {
		From    int `json:"from"`
		Size    int `json:"size"`
		Sort    any `json:"sort"`
		Filters []struct {
			Code string `json:"item_code"`
		} `json:"filters"`
	}
	if !strict(body, &in) || in.From < 0 || in.Size < 0 {
		return answer{http.StatusBadRequest, "bad request"}
	}
	in.Size = cmp.Or(in.Size, 100)
	var hit []object
	for _, i := range m.items {
		if len(in.Filters) > 0 && in.Filters[0].Code != i.code {
			continue
		}
		hit = append(hit, object{"item_code": i.code, "item_name": i.name, "item_price": i.price})
	}
	out := object{"total_count": len(hit)}
	if first := min(in.From, len(hit)); first < len(hit) {
		out["items"] = hit[first:min(first+in.Size, len(hit))]
	}
	return answer{http.StatusOK, out}
}

func (m *Mall) setStock(code string, body []byte) answer {
	var in struct {
		Unlimited string `json:"unlimited"`
		Quantity  *int64 `json:"quantity"`
	}
	i := m.item(code)
	switch {
	case i == nil:
		return answer{http.StatusNotFound, "not found"}
	case !strict(body, &in) || in.Unlimited != "No" || in.Quantity == nil || *in.Quantity < 0 || i.variations:
		return answer{http.StatusUnprocessableEntity, "在庫を更新できません"}
	}
	i.stock = *in.Quantity
	return answer{http.StatusOK, object{}}
}

const stamp = "2006-01-02 15:04:05"

func (m *Mall) search(body []byte) answer {
	var in struct {
		Placed struct {
			Since  string `json:"since"`
			Before string `json:"before"`
		} `json:"placed"`
		Skip int `json:"skip"`
		Take int `json:"take"`
	}
	if !strict(body, &in) || in.Skip < 0 || in.Take < 1 || in.Take > 200 {
		return answer{http.StatusBadRequest, "bad request"}
	}
	since, err1 := time.ParseInLocation(stamp, in.Placed.Since, Tokyo)
	before, err2 := time.ParseInLocation(stamp, in.Placed.Before, Tokyo)
	if err1 != nil || err2 != nil {
		return answer{http.StatusBadRequest, "bad span"}
	}
	var hit []*ord
	for _, o := range m.orders {
		if !o.Ordered.Before(since) && o.Ordered.Before(before) {
			hit = append(hit, o)
		}
	}
	if m.faults.Vanish && len(hit) > 0 {
		ghost := *hit[0]
		ghost.Number = "9999999999999"
		hit = append(hit, &ghost)
	}
	total := len(hit)
	if m.faults.Total {
		total++
	}
	if m.faults.Repeat && in.Skip > 0 {
		in.Skip--
	}
	first := min(in.Skip, len(hit))
	page := []object{}
	for _, o := range hit[first:min(first+in.Take, len(hit))] {
		page = append(page, o.show())
	}
	return answer{http.StatusOK, object{"found": object{"count": total, "orders": page}}}
}

func (m *Mall) one(number string) answer {
	o := m.byNo[number]
	if o == nil {
		return answer{http.StatusNotFound, "not found"}
	}
	return answer{http.StatusOK, object{"order": o.show()}}
}

func (m *Mall) ship(number, id string, body []byte) answer {
	var in struct {
		Slip string `json:"slip"`
		By   string `json:"by"`
		On   string `json:"on"`
	}
	o := m.byNo[number]
	if o == nil {
		return answer{http.StatusNotFound, "not found"}
	}
	i := slices.IndexFunc(o.Parcels, func(p orders.Parcel) bool { return p.Key == id })
	if !strict(body, &in) {
		return answer{http.StatusBadRequest, "bad request"}
	}
	if _, err := time.Parse(time.DateOnly, in.On); err != nil || i < 0 || in.By == "" || in.Slip == "" || strings.Trim(in.Slip, "0123456789") != "" {
		return answer{http.StatusUnprocessableEntity, "伝票番号を登録できません"}
	}
	if o.state != Ready && o.state != Shipped {
		return answer{http.StatusUnprocessableEntity, "この受注は出荷できません"}
	}
	*o.parcels[i] = parcel{in.By, in.Slip, in.On}
	if !slices.ContainsFunc(o.parcels, func(p *parcel) bool { return p.number == "" }) {
		o.state = Shipped
	}
	return answer{http.StatusOK, object{"done": true}}
}

func person(p orders.Person) object {
	return object{
		"name": p.Name(), "reading": p.FamilyKana + p.GivenKana, "zip": p.Postal, "area": p.Prefecture, "town": p.City, "street": p.Street, "house": p.Building,
		"tel": p.Phone, "mail": p.Mail,
	}
}

func (o *ord) show() object {
	var parcels []object
	for i := range o.Parcels {
		p := &o.Parcels[i]
		var rows []object
		for j, l := range p.Lines {
			rows = append(rows, object{
				"id": strconv.Itoa(j + 1), "item": l.ItemCode, "kind": l.Option, "title": l.Name, "pieces": l.Quantity, "each": fmt.Sprintf("%d円", l.Price),
			})
		}
		x := object{"id": p.Key, "to": person(p.To), "wish": object{"day": p.DeliverOn, "time": p.Band}, "words": p.Note, "rows": rows}
		if s := o.parcels[i]; s.number != "" {
			x["slip"] = object{"no": s.number, "by": s.carrier, "on": s.on}
		}
		parcels = append(parcels, x)
	}
	return object{
		"no": o.Number, "state": o.state, "placed": o.Ordered.In(Tokyo).Format("2006/01/02 15:04:05"), "paid_by": o.Payment, "sent_by": o.Delivery,
		"sum": object{"total": o.Total, "postage": o.Postage, "fee": o.Fee, "off": 0}, "words": o.Note, "by": person(o.Buyer), "parcels": parcels,
	}
}
