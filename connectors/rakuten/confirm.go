package rakuten

import (
	"context"
	"strings"

	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/order"
)

// Confirm moves orders from 100 to 200 (注文確認), 100 at a call. It cannot be taken
// back. RMS refuses an order that has moved on already, so those that were not
// confirmed are read again: past 100 and not cancelled is as good as done, which
// also makes it safe to repeat.
func (d *Driver) Confirm(ctx context.Context, orders []order.Order) []connectors.Result {
	out := make([]connectors.Result, len(orders))
	for from := 0; from < len(orders); from += ordersOfCall {
		to := min(from+ordersOfCall, len(orders))
		d.confirm(ctx, orders[from:to], out[from:to])
	}
	return out
}

func (d *Driver) confirm(ctx context.Context, orders []order.Order, out []connectors.Result) {
	numbers := make([]string, len(orders))
	for i := range orders {
		numbers[i] = orders[i].Number
	}
	reply, err := d.client.order(ctx, "confirmOrder", true, map[string]any{"orderNumberList": connectors.Distinct(numbers)})
	if err != nil {
		copy(out, connectors.Results(len(out), connectors.ResultOf(err)))
		return
	}
	var e envelope
	if err := unmarshal(reply.Body, &e); err != nil {
		copy(out, connectors.Results(len(out), connectors.Result{Detail: err.Error()}))
		return
	}
	said := map[string]message{}
	for _, m := range e.Messages {
		if had, ok := said[string(m.OrderNumber)]; !ok || !had.error() {
			said[string(m.OrderNumber)] = m
		}
	}
	var again []string
	for i, n := range numbers {
		m, ok := said[n]
		out[i] = connectors.Result{Code: string(m.Code), Detail: string(m.Message)}
		switch {
		case !ok:
			out[i].Detail = "RMS said nothing about the order"
			again = append(again, n)
		case !m.error():
			out[i].Outcome = connectors.Done
		default:
			out[i].Outcome = connectors.Rejected
			if strings.HasSuffix(string(m.Code), "_ERROR_103") {
				again = append(again, n)
			}
		}
	}
	if len(again) == 0 {
		return
	}
	now, err := d.present(ctx, again)
	if err != nil {
		for i, n := range numbers {
			if !said[n].error() && out[i].Outcome.OK() {
				continue
			}
			if _, asked := now[n]; !asked && (out[i].Outcome == connectors.Unknown || strings.HasSuffix(out[i].Code, "_ERROR_103")) {
				out[i].Outcome = connectors.Unknown
			}
		}
		return
	}
	for i, n := range numbers {
		if out[i].Outcome == connectors.Done || out[i].Outcome == connectors.Rejected && !strings.HasSuffix(out[i].Code, "_ERROR_103") {
			continue
		}
		m, ok := now[n]
		switch {
		case !ok:
			out[i].Outcome, out[i].Detail = connectors.Rejected, "RMS does not know the order"
		case m.Progress.N == 100:
			out[i].Outcome = connectors.Retry
		case m.Progress.N == 800 || m.Progress.N == 900:
			out[i].Outcome = connectors.Rejected
		default:
			out[i].Outcome = connectors.Already
		}
	}
}

// present reads orders as they are now, by number.
func (d *Driver) present(ctx context.Context, numbers []string) (map[string]orderModel, error) {
	out := map[string]orderModel{}
	for from := 0; from < len(numbers); from += ordersOfCall {
		p, err := d.getPage(ctx, numbers[from:min(from+ordersOfCall, len(numbers))])
		if err != nil {
			return out, err
		}
		if err := modelsOf(p.Body, out); err != nil {
			return out, &connectors.Error{Class: connectors.Transient, Call: "getOrder", Err: err}
		}
	}
	return out, nil
}
