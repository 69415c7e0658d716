package shopserve

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/order"
)

func rejected(detail string) connectors.Result {
	return connectors.Result{Outcome: connectors.Rejected, Detail: detail}
}

// Ship writes tracking numbers as the account says, one call for each. The order is read
// before, for a number that is there already, and after a call without an answer.
func (s *Sender) Ship(ctx context.Context, list []connectors.Shipment) []connectors.Result {
	out := make([]connectors.Result, len(list))
	for i := range list {
		out[i] = s.ship(ctx, &list[i])
	}
	return out
}

func (s *Sender) ship(ctx context.Context, x *connectors.Shipment) connectors.Result {
	carrier, known := s.Carrier(x.Carrier)
	number := digits(x.Tracking)
	switch {
	case !known:
		return rejected(fmt.Sprintf("there is no name of %q for the shop; masters/carrier-codes.csv can have one", x.Carrier))
	case number == "":
		return rejected("the tracking number is empty")
	}
	have, r := s.shown(ctx, x)
	switch {
	case r.Outcome != connectors.Done:
		return r
	case have == number:
		return connectors.Result{Outcome: connectors.Already, Detail: "the mall has the number"}
	case have != "" && (!x.Correct || have != digits(x.Was) && x.Was != ""):
		return rejected("the mall has the number " + have + " for the package")
	}
	reply, err := s.describe(ctx, "shipping", s.orders.shipping, map[string]string{
		"order": x.Order, "package": x.Package, "tracking": number, "carrier": carrier, "shipped_on": s.day(x),
	}, false)
	if err == nil {
		return connectors.Result{Outcome: connectors.Done, Detail: said(reply.Body)}
	}
	if r = connectors.ResultOf(err); r.Outcome != connectors.Unknown {
		return r
	}
	if have, look := s.shown(ctx, x); look.Outcome == connectors.Done && have == number {
		return connectors.Result{Outcome: connectors.Done, Detail: "no answer came; the mall has the number"}
	}
	return r
}

// shown is the number that the mall has for the package of a shipment. The result is
// [connectors.Done] if the package is there to be sent.
func (s *Sender) shown(ctx context.Context, x *connectors.Shipment) (number string, r connectors.Result) {
	raw, err := s.byNumber(ctx, x.Order)
	if err != nil {
		r = connectors.ResultOf(err)
		if r.Outcome == connectors.Unknown {
			r.Outcome = connectors.Retry // nothing was written yet
		}
		return "", r
	}
	if raw == nil {
		return "", rejected("the mall does not know the order")
	}
	parsed, err := s.Parse(connectors.Page{Kind: pageOrders, Body: document([]json.RawMessage{raw})})
	switch {
	case err != nil:
		return "", connectors.Result{Outcome: connectors.Retry, Detail: err.Error()}
	case len(parsed.Refused) > 0:
		return "", connectors.Result{Outcome: connectors.Retry, Detail: parsed.Refused[0].Field + ": " + parsed.Refused[0].Detail}
	}
	there := false
	for _, p := range parsed.Orders[0].Packages {
		there = there || p.Key == x.Package
	}
	for _, p := range parsed.Shown {
		if p.Package == x.Package {
			number = p.Tracking
		}
	}
	switch state, known := s.state(parsed.Orders[0].Status); {
	case !there:
		return "", rejected("the order has no package " + x.Package)
	case known && state.Class == "cancelled":
		return "", rejected("the mall has the order as " + state.Title.JA)
	}
	return number, connectors.Result{Outcome: connectors.Done}
}

// state is a status of about.yaml, by its code or Japanese name. Others are the store's
// own, and for its account to list.
func (s *Sender) state(status string) (connectors.Status, bool) {
	for _, x := range described().Statuses {
		if x.Code == status || x.Title.JA == status {
			return x, true
		}
	}
	return connectors.Status{}, false
}

// day is the day of shipment as the search writes days.
func (s *Sender) day(x *connectors.Shipment) string {
	on := x.ShippedOn
	if on == "" {
		on = order.DateOf(s.Now().In(tokyo))
	}
	t, ok := on.Time(tokyo)
	if !ok {
		return string(on)
	}
	if len(s.orders.layout) > 4 && s.orders.layout[4] == '/' {
		return t.Format("2006/01/02")
	}
	return string(on)
}
