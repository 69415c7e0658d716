package coupang

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"

	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/order"
)

// maxBoxes is how many bundles one call may name.
const maxBoxes = 50

// Confirm moves the bundles of orders from 결제완료 to 상품준비중 (발주확인). The
// buyer can change the address until then: orders are to be read again after it.
func (d *Driver) Confirm(ctx context.Context, orders []order.Order) []connectors.Result {
	results := make([]connectors.Result, len(orders))
	rows := map[string]connectors.Result{}
	var boxes []string
	for i := range orders {
		for _, p := range orders[i].Packages {
			if _, known := rows[p.Key]; !known {
				rows[p.Key] = connectors.Result{}
				boxes = append(boxes, p.Key)
			}
		}
	}
	for part := range slices.Chunk(boxes, maxBoxes) {
		d.acknowledge(ctx, part, rows)
	}
	for i := range orders {
		results[i] = d.confirmed(ctx, &orders[i], rows)
	}
	return results
}

// acknowledge fills in what the mall says of each bundle.
func (d *Driver) acknowledge(ctx context.Context, boxes []string, rows map[string]connectors.Result) {
	ids, bad := numbers(boxes)
	for _, b := range bad {
		rows[b] = connectors.Result{Outcome: connectors.Rejected, Code: "NOT_FOUND_SHIPMENT_BOX", Detail: "no number of a bundle"}
	}
	if len(ids) == 0 {
		return
	}
	e, err := d.write(ctx, "acknowledgement", http.MethodPut, d.vendorPath("v4", "/ordersheets/acknowledgement"), struct {
		Vendor string        `json:"vendorId"`
		Boxes  []json.Number `json:"shipmentBoxIds"`
	}{d.vendor, ids})
	if err != nil {
		for _, id := range ids {
			rows[id.String()] = connectors.ResultOf(err)
		}
		return
	}
	list, all := e.report()
	for _, id := range ids {
		rows[id.String()] = list.of(id.String(), all)
	}
}

// confirmed is what became of an order. Where a bundle was not moved, or nobody
// knows, the mall is asked how it stands: it may have been moved before.
func (d *Driver) confirmed(ctx context.Context, o *order.Order, rows map[string]connectors.Result) connectors.Result {
	if len(o.Packages) == 0 {
		return connectors.Result{Outcome: connectors.Rejected, Detail: "the order has no bundles"}
	}
	worst := connectors.Result{Outcome: connectors.Done, Code: "OK"}
	for _, p := range o.Packages {
		if r := rows[p.Key]; r.Outcome != connectors.Done {
			worst = r
			break
		}
	}
	if worst.Outcome == connectors.Done || worst.Outcome == connectors.Retry {
		return worst
	}
	list, _, err := d.byOrder(ctx, o.Number)
	if err != nil {
		return worst
	}
	if len(list) == 0 {
		return connectors.Result{Outcome: connectors.Rejected, Code: "ORDER_DELIVERY_CANCELED", Detail: "the order is cancelled or unknown to the mall"}
	}
	ahead := 0
	for _, p := range o.Packages {
		s := find(list, p.Key)
		if s != nil && rank(s.Status) >= rank("INSTRUCT") {
			ahead++
		}
	}
	switch {
	case ahead == len(o.Packages) && worst.Outcome == connectors.Unknown:
		return connectors.Result{Outcome: connectors.Done, Code: "OK", Detail: "no answer came; the mall shows it as confirmed"}
	case ahead == len(o.Packages):
		return connectors.Result{Outcome: connectors.Already, Code: worst.Code, Detail: worst.Detail}
	}
	return worst
}

// find returns the bundle of that number; nil if it is not there or not legible.
func find(list []json.RawMessage, box string) *sheet {
	for _, raw := range list {
		s := &sheet{}
		if json.Unmarshal(raw, s) == nil && string(s.Box) == box {
			return s
		}
	}
	return nil
}

// numbers turns codes into JSON numbers.
func numbers(codes []string) (good []json.Number, bad []string) {
	for _, c := range codes {
		if !allDigits(c) || len(c) > 18 || c[0] == '0' {
			bad = append(bad, c)
			continue
		}
		good = append(good, json.Number(c))
	}
	return good, bad
}

// A rowList is what a write says of each bundle.
type rowList []row

// report reads the data of an answer to a write. all tells that the mall named no
// rows and said that everything succeeded.
func (e *envelope) report() (list rowList, all bool) {
	var r report
	if err := json.Unmarshal(e.Data, &r); err != nil {
		return nil, false
	}
	return r.List, len(r.List) == 0 && r.Code == "0"
}

// of finds what the mall said of a bundle. Nothing said is nothing known.
func (l rowList) of(box string, all bool) connectors.Result {
	for i := range l {
		if string(l[i].Box) == box {
			return l[i].result()
		}
	}
	if all {
		return connectors.Result{Outcome: connectors.Done}
	}
	return connectors.Result{Detail: "the answer does not name the bundle"}
}

func (r *row) result() connectors.Result {
	x := connectors.Result{Outcome: connectors.Rejected, Code: string(r.Code), Detail: string(r.Message)}
	switch {
	case bool(r.Succeed):
		x.Outcome = connectors.Done
	case r.Code == "DUPLICATE_INVOICE_NUMBER":
		x.Outcome = connectors.Already
	case r.Code == "UNDEFINED_ERROR_OCCUR", r.Code == "":
		x.Outcome = connectors.Unknown
	}
	return x
}
