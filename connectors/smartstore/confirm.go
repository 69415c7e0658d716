package smartstore

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/order"
)

// Codes of refusals that the driver acts on.
const (
	codeNoLine   = "100001"
	codeNoOrder  = "100003"
	codeNotYours = "101009"
	codeCompany  = "101011" // only the logistics company may confirm
	codeCompany2 = "105308" // or dispatch
	codeAlready  = "105306"
	codeUsed     = "104121"
	codeUnplaced = "104443"
	codeOther    = "9999"
)

// writeMax is how many product orders one call confirms or dispatches.
const writeMax = 30

// notWritten is the result of something that was not even begun.
func notWritten(err error) connectors.Result {
	r := connectors.ResultOf(err)
	if r.Outcome == connectors.Unknown {
		r.Outcome = connectors.Retry
	}
	return r
}

func rejected(code, detail string) connectors.Result {
	return connectors.Result{Outcome: connectors.Rejected, Code: code, Detail: detail}
}

// present reads the lines of orders as the mall has them now.
func (d *Driver) present(ctx context.Context, numbers []string) (map[string][]*line, error) {
	g := newGathering()
	if err := d.byNumber(ctx, g, connectors.Distinct(numbers)); err != nil {
		return nil, err
	}
	return g.lines("product-order-ids")
}

func (g *gathering) lines(call string) (map[string][]*line, error) {
	out := map[string][]*line{}
	for n, rows := range g.rows {
		for i, raw := range rows {
			l, w := read(raw, i)
			if w != nil {
				return nil, &connectors.Error{Class: connectors.Transient, Call: call, Message: fmt.Sprintf("order %s: %s: %s", n, w.field, w.detail)}
			}
			out[n] = append(out[n], l)
		}
	}
	return out, nil
}

// Confirm tells the mall that the shop prepares what is paid of orders (발주확인), 30
// product orders at a call. They are looked up before, for what is confirmed already,
// and after a call without an answer.
func (d *Driver) Confirm(ctx context.Context, orders []order.Order) []connectors.Result {
	results := make([]connectors.Result, len(orders))
	numbers := make([]string, len(orders))
	for i := range orders {
		numbers[i] = orders[i].Number
	}
	lines, err := d.present(ctx, numbers)
	if err != nil {
		return connectors.Results(len(orders), notWritten(err))
	}
	var ids []string
	for i, n := range numbers {
		own := d.unconfirmed(lines[n])
		if len(own) == 0 {
			results[i] = d.settled(lines[n])
			continue
		}
		ids = append(ids, own...)
	}
	said := d.write(ctx, "confirm", ids, func(part []string) any {
		return struct {
			IDs []string `json:"productOrderIds"`
		}{part}
	})
	var doubt []string
	for i, n := range numbers {
		if own := d.unconfirmed(lines[n]); len(own) > 0 {
			results[i] = worst(said, own)
			if doubtful(results[i]) {
				doubt = append(doubt, n)
			}
		}
	}
	d.lookAgain(ctx, doubt, numbers, results)
	return results
}

// unconfirmed are the product orders that wait for the shop's confirmation.
func (d *Driver) unconfirmed(lines []*line) []string {
	var out []string
	for _, l := range lines {
		if l.state == stateNew && !l.Product.byMall(d.byCompany) && !l.Product.addressLater() {
			out = append(out, string(l.Product.ID))
		}
	}
	return out
}

// settled is the result for an order of which the shop has nothing to confirm.
func (d *Driver) settled(lines []*line) connectors.Result {
	asked := ""
	for _, l := range lines {
		switch {
		case l.state == stateNew && l.Product.byMall(d.byCompany):
			return connectors.Result{Outcome: connectors.Already, Detail: "the logistics company of the contract confirms it"}
		case l.state == stateNew:
			return connectors.Result{Outcome: connectors.Retry, Detail: "the recipient of the gift has not given an address yet"}
		case l.state == stateConfirmed, done(l.state):
			return connectors.Result{Outcome: connectors.Already, Detail: "the mall has it as " + l.state}
		case !over(l.state):
			asked = l.state
		}
	}
	switch {
	case len(lines) == 0:
		return rejected(codeNoOrder, "Naver does not know the order")
	case asked != "":
		return rejected("", "nothing of the order is to be confirmed: "+asked)
	}
	return rejected("", "the order is cancelled")
}

// doubtful reports whether the mall's own state must tell what became of a call.
func doubtful(r connectors.Result) bool {
	return r.Outcome == connectors.Unknown || r.Code == codeAlready
}

func (d *Driver) lookAgain(ctx context.Context, doubt, numbers []string, results []connectors.Result) {
	if len(doubt) == 0 {
		return
	}
	lines, err := d.present(ctx, doubt)
	for i, n := range numbers {
		switch r := &results[i]; {
		case !slices.Contains(doubt, n):
		case err != nil:
			r.Outcome = connectors.Unknown
		case len(d.unconfirmed(lines[n])) > 0:
			if r.Code == codeAlready {
				r.Outcome = connectors.Retry
			}
		default:
			was := r.Outcome
			if *r = d.settled(lines[n]); r.Outcome == connectors.Already && was == connectors.Unknown {
				*r = connectors.Result{Outcome: connectors.Done, Detail: "no answer came; the mall shows it as confirmed"}
			}
		}
	}
}

// write sends product orders, 30 at a call, each once, and returns what the mall said
// of each.
func (d *Driver) write(ctx context.Context, call string, ids []string, body func(part []string) any) map[string]connectors.Result {
	said := map[string]connectors.Result{}
	for part := range slices.Chunk(ids, writeMax) {
		e, _, err := d.send(ctx, call, http.MethodPost, payOrder+"/product-orders/"+call, body(part), false, "data")
		var got written
		if err == nil {
			if bad := json.Unmarshal(e.Data, &got); bad != nil {
				err = &connectors.Error{Class: connectors.Unanswered, Call: call, Message: "the answer cannot be read", Err: bad}
			}
		}
		for _, id := range part {
			r := connectors.ResultOf(err)
			if err == nil {
				r = got.of(id)
			}
			said[id] = r
		}
	}
	return said
}

// written is the answer to a write: what went well, and what did not.
type written struct {
	Confirmed []struct {
		ID text `json:"productOrderId"`
	} `json:"successProductOrderInfos"`
	Dispatched []text `json:"successProductOrderIds"`
	Failed     []struct {
		ID      text `json:"productOrderId"`
		Code    text `json:"code"`
		Message text `json:"message"`
	} `json:"failProductOrderInfos"`
}

// of is what the answer says of one product order; nothing is not known to be done.
func (w *written) of(id string) connectors.Result {
	for _, f := range w.Failed {
		if string(f.ID) == id {
			return refusal(string(f.Code), string(f.Message))
		}
	}
	if slices.Contains(w.Dispatched, text(id)) || slices.ContainsFunc(w.Confirmed, func(x struct {
		ID text `json:"productOrderId"`
	},
	) bool {
		return string(x.ID) == id
	}) {
		return connectors.Result{Outcome: connectors.Done}
	}
	return connectors.Result{Outcome: connectors.Unknown, Detail: "the answer does not name product order " + id}
}

// refusal is a failure of one product order, with what is to be done.
func refusal(code, message string) connectors.Result {
	r := rejected(code, message)
	switch code {
	case codeOther:
		r.Outcome = connectors.Unknown // what happened is not told
	case codeCompany, codeCompany2:
		r.Detail += "; the logistics company of the contract does it"
	case codeUnplaced:
		r.Detail += "; confirm the order (발주확인) first, and look for a claim"
	case codeUsed:
		r.Detail += "; report it in the Smart Store centre if the number is right"
	}
	return r
}

// worst is what became of several product orders together.
func worst(said map[string]connectors.Result, ids []string) connectors.Result {
	rank := []connectors.Outcome{connectors.Already, connectors.Done, connectors.Rejected, connectors.Retry, connectors.Unknown}
	out := connectors.Result{Outcome: connectors.Already}
	for _, id := range ids {
		r, ok := said[id]
		if !ok {
			r = connectors.Result{Outcome: connectors.Unknown, Detail: "product order " + id + " was not sent"}
		}
		if slices.Index(rank, r.Outcome) >= slices.Index(rank, out.Outcome) {
			out = r
		}
	}
	return out
}

// kst is the time of dispatch in Korea: as told, or noon of the day, but not after now.
func (d *Driver) kst(s *connectors.Shipment) string {
	now := d.Now().In(seoul)
	at := s.ShippedAt.In(seoul)
	if s.ShippedAt.IsZero() {
		at = now
		if t, ok := s.ShippedOn.Time(seoul); ok && s.ShippedOn != order.DateOf(now) {
			at = t.Add(12 * time.Hour)
		}
	}
	if at.After(now) {
		at = now
	}
	return stamp(at)
}
