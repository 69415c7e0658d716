package rakuten

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/mallbridge/mallbridge/connectors"
)

// How long a report whose answer was lost may still be at work, and how long RMS
// is asked for the result of one that was taken in.
const (
	lostFor   = 10 * time.Minute
	askedFor  = 30 * time.Minute
	shipTries = 4
)

// lostReports remembers orders of reports whose answer was lost: until RMS has
// worked on them or surely never will, another report would add a second row.
type lostReports struct {
	mu sync.Mutex
	at map[string]time.Time
}

func (l *lostReports) add(now time.Time, numbers ...string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.at == nil {
		l.at = map[string]time.Time{}
	}
	for _, n := range numbers {
		l.at[n] = now
	}
}

func (l *lostReports) has(now time.Time, number string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	at, ok := l.at[number]
	if ok && now.Sub(at) >= lostFor {
		delete(l.at, number)
		ok = false
	}
	return ok
}

func (l *lostReports) drop(number string) {
	l.mu.Lock()
	delete(l.at, number)
	l.mu.Unlock()
}

// Ship reports parcels by updateOrderShippingAsync, 100 orders at a call; the
// outcome of what was taken in is Unknown with the request's id. Orders are read
// before: a number that stands there is Already, a blank row is filled instead of
// adding one (a row that stays blank keeps the order from completing), and with
// Correct the row of the number that Was names, or without it of any other, is
// overwritten.
func (d *Driver) Ship(ctx context.Context, s []connectors.Shipment) []connectors.Result {
	out := make([]connectors.Result, len(s))
	var numbers []string
	for i := range s {
		numbers = append(numbers, s[i].Order)
	}
	numbers = connectors.Distinct(numbers)
	for from := 0; from < len(numbers); from += ordersOfCall {
		part := numbers[from:min(from+ordersOfCall, len(numbers))]
		var of []int
		for i := range s {
			if slices.Contains(part, s[i].Order) {
				of = append(of, i)
			}
		}
		d.shipPart(ctx, s, of, part, out)
	}
	return out
}

// shipPart reports the parcels of up to 100 orders.
func (d *Driver) shipPart(ctx context.Context, s []connectors.Shipment, of []int, numbers []string, out []connectors.Result) {
	now, err := d.present(ctx, numbers)
	if err != nil {
		r := connectors.ResultOf(err)
		if r.Outcome == connectors.Unknown { // only read
			r.Outcome = connectors.Retry
		}
		for _, i := range of {
			out[i] = r
		}
		return
	}
	var req shipRequest
	rows := map[int][2]int{} // parcel: order and running number of its row
	for _, i := range of {
		out[i] = d.shipRow(&s[i], now, &req)
		if out[i].Outcome == connectors.Unknown && out[i].Detail == "" {
			rows[i] = [2]int{len(req.Orders), 0}
		}
	}
	var sent []int
	for _, i := range of {
		if _, ok := rows[i]; ok {
			sent = append(sent, i)
		}
	}
	d.post(ctx, s, sent, req, out)
}

// shipRow judges one parcel and adds its row to the request. The result is empty if
// it was added.
func (d *Driver) shipRow(s *connectors.Shipment, now map[string]orderModel, req *shipRequest) connectors.Result {
	reject := func(format string, args ...any) connectors.Result {
		return connectors.Result{Outcome: connectors.Rejected, Detail: fmt.Sprintf(format, args...)}
	}
	company, ok := d.client.Carrier(s.Carrier)
	if !ok {
		return reject("RMS has no code for the carrier %q", s.Carrier)
	}
	if s.Tracking == "" || len(s.Tracking) > 120 {
		return reject("the tracking number %q has not 1 to 120 characters", s.Tracking)
	}
	if _, ok := s.ShippedOn.Time(time.UTC); !ok {
		return reject("the shipping date %q is no date", s.ShippedOn)
	}
	m, ok := now[s.Order]
	if !ok {
		return reject("RMS does not know the order")
	}
	var basket *packageModel
	for i := range m.Packages {
		if p := &m.Packages[i]; p.Delete.N != 1 && (string(p.BasketID) == s.Package || s.Package == "" && basket == nil) {
			basket = p
		}
	}
	if basket == nil {
		return reject("the order has no recipient %s", s.Package)
	}
	for _, r := range basket.Shipping {
		if string(r.Number) == s.Tracking && string(r.Company) == company {
			d.open.drop(s.Order)
			return connectors.Result{Outcome: connectors.Already}
		}
	}
	switch m.Progress.N {
	case 400, 800, 900:
		return connectors.Result{Outcome: connectors.Rejected, Code: m.Progress.text(), Detail: "the order was changed or cancelled: status " + m.Progress.text()}
	}
	if d.open.has(d.client.Now(), s.Order) {
		return connectors.Result{Detail: "a report whose answer was lost may still be at work; ask again later"}
	}
	row := shipRow{Company: company, Number: s.Tracking, Date: string(s.ShippedOn)}
	b := req.basket(s.Order, string(basket.BasketID))
	free := func(r shippingRow) bool {
		taken := slices.ContainsFunc(b.Rows, func(x shipRow) bool { return string(x.DetailID) == string(r.DetailID) })
		return r.DetailID != "" && !taken && (r.Number == "" || s.Correct && s.Was == "")
	}
	was := func(r shippingRow) bool {
		return r.DetailID != "" && s.Correct && s.Was != "" && bare.Replace(string(r.Number)) == s.Was
	}
	i := slices.IndexFunc(basket.Shipping, was)
	if i < 0 {
		i = slices.IndexFunc(basket.Shipping, free)
	}
	if i >= 0 {
		row.DetailID = json.Number(basket.Shipping[i].DetailID)
	}
	if len(basket.Shipping)+len(b.Rows) >= rowsOfBasket && row.DetailID == "" {
		return reject("RMS takes %d parcels for a recipient", rowsOfBasket)
	}
	b.Rows = append(b.Rows, row)
	return connectors.Result{}
}

// basket finds or adds a recipient of an order: RMS refuses a number that stands
// twice in a request.
func (r *shipRequest) basket(number, id string) *shipBasket {
	i := slices.IndexFunc(r.Orders, func(o shipOrder) bool { return o.Number == number })
	if i < 0 {
		r.Orders = append(r.Orders, shipOrder{Number: number})
		i = len(r.Orders) - 1
	}
	o := &r.Orders[i]
	j := slices.IndexFunc(o.Baskets, func(b shipBasket) bool { return string(b.ID) == id })
	if j < 0 {
		o.Baskets = append(o.Baskets, shipBasket{ID: json.Number(id)})
		j = len(o.Baskets) - 1
	}
	return &o.Baskets[j]
}

// post sends a request. RMS takes all of it or, where an order is wrong, nothing:
// then the wrong ones are left out and the rest goes again.
func (d *Driver) post(ctx context.Context, s []connectors.Shipment, sent []int, req shipRequest, out []connectors.Result) {
	req.Orders = slices.DeleteFunc(req.Orders, func(o shipOrder) bool {
		return !slices.ContainsFunc(o.Baskets, func(b shipBasket) bool { return len(b.Rows) > 0 })
	})
	for try := 1; len(sent) > 0; try++ {
		wrong, result := d.postOnce(ctx, req)
		if len(wrong) == 0 || try == shipTries {
			var numbers []string
			for _, i := range sent {
				out[i] = result
				if m, ok := wrong[s[i].Order]; ok {
					out[i] = connectors.Result{Outcome: connectors.Rejected, Code: string(m.Code), Detail: string(m.Message)}
				}
				numbers = append(numbers, s[i].Order)
			}
			if result.Outcome == connectors.Unknown && result.Ref == "" {
				d.open.add(d.client.Now(), numbers...)
			}
			return
		}
		var rest []int
		for _, i := range sent {
			if m, ok := wrong[s[i].Order]; ok {
				out[i] = connectors.Result{Outcome: connectors.Rejected, Code: string(m.Code), Detail: string(m.Message)}
				continue
			}
			rest = append(rest, i)
		}
		sent = rest
		req.Orders = slices.DeleteFunc(req.Orders, func(o shipOrder) bool { _, ok := wrong[o.Number]; return ok })
	}
}

// postOnce returns the orders that RMS finds wrong, or what holds for all.
func (d *Driver) postOnce(ctx context.Context, req shipRequest) (map[string]message, connectors.Result) {
	reply, err := d.client.order(ctx, "updateOrderShippingAsync", false, req)
	if err != nil {
		return nil, connectors.ResultOf(err)
	}
	var e envelope
	if err := unmarshal(reply.Body, &e); err != nil {
		return nil, connectors.Result{Detail: err.Error()}
	}
	wrong := map[string]message{}
	for _, m := range e.Messages {
		if m.RequestID != "" {
			return nil, connectors.Result{Ref: string(m.RequestID), Code: string(m.Code), Detail: string(m.Message)}
		}
		if m.error() && m.OrderNumber != "" {
			wrong[string(m.OrderNumber)] = m
		}
	}
	if len(wrong) > 0 {
		return wrong, connectors.Result{Outcome: connectors.Retry, Detail: "others of the same request were refused"}
	}
	if m := firstError(e.Messages); m.Code != "" {
		return nil, connectors.Result{Outcome: connectors.Rejected, Code: string(m.Code), Detail: string(m.Message)}
	}
	return nil, connectors.Result{Detail: "RMS gave no requestId"}
}

// CheckShip asks for the result of a report. RMS says the same of one at work, an
// unknown and an expired one; after half an hour the orders themselves are looked
// at.
func (d *Driver) CheckShip(ctx context.Context, ref string, s []connectors.Shipment) []connectors.Result {
	reply, err := d.client.order(ctx, "getResultUpdateOrderShippingAsync", true, map[string]string{"requestId": ref})
	if err != nil {
		return connectors.Results(len(s), connectors.Result{Ref: ref, Detail: err.Error(), Err: err})
	}
	var r shipResult
	if err := unmarshal(reply.Body, &r); err != nil {
		return connectors.Results(len(s), connectors.Result{Ref: ref, Detail: err.Error()})
	}
	said := map[string][]message{}
	for _, o := range r.Orders {
		if o.Number != "" {
			said[string(o.Number)] = o.Messages
		}
	}
	out := make([]connectors.Result, len(s))
	parcels := map[string]int{}
	for i := range s {
		parcels[s[i].Order]++
	}
	var look []string
	for i := range s {
		all := said[s[i].Order]
		bad := firstError(all)
		out[i] = connectors.Result{Ref: ref, Code: string(bad.Code), Detail: string(bad.Message)}
		switch {
		case len(said) == 0:
			out[i].Detail = "RMS has no result yet"
			if d.client.Now().Sub(madeAt(ref, d.account.Zone)) > askedFor {
				look = append(look, s[i].Order)
			}
		case all == nil:
			out[i].Detail = "the result does not name the order"
			look = append(look, s[i].Order)
		case bad.Code == "":
			out[i] = connectors.Result{Outcome: connectors.Done, Code: string(all[0].Code), Detail: string(all[0].Message)}
		case parcels[s[i].Order] == 1 && len(all) == 1:
			out[i].Outcome = connectors.Rejected
		default:
			look = append(look, s[i].Order)
		}
	}
	d.look(ctx, connectors.Distinct(look), s, out)
	return out
}

// look settles parcels by what RMS shows of their orders.
func (d *Driver) look(ctx context.Context, numbers []string, s []connectors.Shipment, out []connectors.Result) {
	if len(numbers) == 0 {
		return
	}
	now, err := d.present(ctx, numbers)
	if err != nil {
		return
	}
	for i := range s {
		if !slices.Contains(numbers, s[i].Order) {
			continue
		}
		m, ok := now[s[i].Order]
		shown := false
		for _, p := range m.Packages {
			for _, r := range p.Shipping {
				shown = shown || string(r.Number) == s[i].Tracking
			}
		}
		switch {
		case shown:
			out[i] = connectors.Result{Outcome: connectors.Done}
		case !ok || out[i].Code != "":
			out[i].Outcome = connectors.Rejected
		default:
			out[i].Outcome = connectors.Retry
		}
	}
}

// madeAt reads the time at the end of a request id, which is in Japanese time; zero
// if there is none.
func madeAt(ref string, zone *time.Location) time.Time {
	i := strings.LastIndexByte(ref, '_')
	t, err := time.ParseInLocation("20060102150405", ref[i+1:], zone)
	if err != nil {
		return time.Time{}
	}
	return t
}

// modelsOf reads the orders of a page by number.
func modelsOf(body []byte, into map[string]orderModel) error {
	var r orderReply
	if err := unmarshal(body, &r); err != nil {
		return err
	}
	for _, raw := range r.Orders {
		var m orderModel
		if err := json.Unmarshal(raw, &m); err != nil {
			return err
		}
		into[string(m.Number)] = m
	}
	return nil
}
