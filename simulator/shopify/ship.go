package shopify

import (
	"fmt"
	"slices"
)

func userErrors(kind string, list ...map[string]any) []object {
	out := []object{}
	for _, e := range list {
		out = append(out, object{kind, e})
	}
	return out
}

// trackingOf reads trackingInfo: one number or several, not both.
func trackingOf(v any) (company string, numbers []string, why string) {
	in, _ := v.(map[string]any)
	if in == nil {
		return "", nil, ""
	}
	company, _ = in["company"].(string)
	one, _ := in["number"].(string)
	several, _ := in["numbers"].([]any)
	if (one != "" || in["url"] != nil) && (len(several) > 0 || in["urls"] != nil) {
		return "", nil, "number and url, or numbers and urls, not both"
	}
	if one != "" {
		numbers = append(numbers, one)
	}
	for _, n := range several {
		s, _ := n.(string)
		numbers = append(numbers, s)
	}
	return company, numbers, ""
}

// ship is fulfillmentCreate. It has no idempotency key: a call that comes twice makes
// two parcels where enough remains.
func (c *call) ship(args map[string]any) (any, error) {
	refuse := func(format string, a ...any) (any, error) {
		return object{"FulfillmentCreatePayload", map[string]any{
			"fulfillment": nil, "userErrors": userErrors("UserError", map[string]any{"field": []string{"fulfillment"}, "message": fmt.Sprintf(format, a...)}),
		}}, nil
	}
	if !c.shop.may("write_merchant_managed_fulfillment_orders") {
		return nil, &fail{code: "ACCESS_DENIED", message: "Access denied for fulfillmentCreate field."}
	}
	in := args["fulfillment"].(map[string]any)
	company, numbers, why := trackingOf(in["trackingInfo"])
	if why != "" {
		return refuse("%s", why)
	}
	var o *order
	var at *location
	type take struct {
		fo *fulfillmentOrder
		l  *foLine
		n  int64
	}
	var takes []take
	groups, _ := in["lineItemsByFulfillmentOrder"].([]any)
	if len(groups) == 0 {
		return refuse("no fulfillment order is named")
	}
	for _, g := range groups {
		group := g.(map[string]any)
		id, err := numberOf(group["fulfillmentOrderId"], "FulfillmentOrder")
		if err != nil {
			return nil, err
		}
		of, f := c.shop.fulfillmentOrder(id)
		switch {
		case f == nil:
			return refuse("fulfillment order %d does not exist", id)
		case o != nil && (of != o || f.location != at):
			return refuse("all fulfillment orders must be of one order and one location")
		case !slices.Contains(f.actions(), "CREATE_FULFILLMENT"):
			return refuse("fulfillment order %d has status %s and cannot be fulfilled", id, f.status)
		}
		o, at = of, f.location
		lines, _ := group["fulfillmentOrderLineItems"].([]any)
		if len(lines) > 512 {
			return refuse("at most 512 lines")
		}
		if len(lines) == 0 {
			for _, l := range f.lines {
				if l.remaining > 0 {
					takes = append(takes, take{f, l, l.remaining})
				}
			}
		}
		for _, x := range lines {
			line := x.(map[string]any)
			id, err := numberOf(line["id"], "FulfillmentOrderLineItem")
			if err != nil {
				return nil, err
			}
			i := slices.IndexFunc(f.lines, func(l *foLine) bool { return l.id == id })
			n := asInt64(line["quantity"])
			if i < 0 || n < 1 || n > f.lines[i].remaining {
				return refuse("the quantity of line %d is not available: invalid fulfillment order line item quantity requested", id)
			}
			takes = append(takes, take{f, f.lines[i], n})
		}
	}
	if len(takes) == 0 {
		return refuse("nothing remains to be fulfilled")
	}
	notify, _ := in["notifyCustomer"].(bool)
	x := &fulfillment{id: c.m.next(), status: "SUCCESS", company: company, numbers: numbers, created: c.now, notify: notify}
	for _, t := range takes {
		t.l.remaining -= t.n
		x.lines = append(x.lines, &shipped{c.m.next(), t.l.of, t.n})
	}
	o.fulfillments = append(o.fulfillments, x)
	for _, f := range o.fos {
		if f.open() && !slices.ContainsFunc(f.lines, func(l *foLine) bool { return l.remaining > 0 }) {
			f.status = "CLOSED"
		}
	}
	o.touch(c.now)
	return object{"FulfillmentCreatePayload", map[string]any{"fulfillment": c.fulfillment(o, x), "userErrors": []object{}}}, nil
}

// correct is fulfillmentTrackingInfoUpdate.
func (c *call) correct(args map[string]any) (any, error) {
	refuse := func(why string) (any, error) {
		return object{"FulfillmentTrackingInfoUpdatePayload", map[string]any{
			"fulfillment": nil, "userErrors": userErrors("UserError", map[string]any{"field": []string{"fulfillmentId"}, "message": why}),
		}}, nil
	}
	id, err := numberOf(args["fulfillmentId"], "Fulfillment")
	if err != nil {
		return nil, err
	}
	o, f := c.shop.fulfillment(id)
	company, numbers, why := trackingOf(args["trackingInfoInput"])
	switch {
	case f == nil:
		return refuse("Fulfillment does not exist.")
	case f.status != "SUCCESS":
		return refuse("The fulfillment is cancelled.")
	case why != "" || len(numbers) == 0:
		return refuse("A tracking number is expected. " + why)
	}
	f.company, f.numbers = company, numbers
	o.touch(c.now)
	return object{"FulfillmentTrackingInfoUpdatePayload", map[string]any{"fulfillment": c.fulfillment(o, f), "userErrors": []object{}}}, nil
}
