package coupang

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/order"
)

// SetStock sets the quantities that options may sell, one call each: there is no
// call for several.
func (d *Driver) SetStock(ctx context.Context, q []connectors.Quantity) []connectors.Result {
	results := make([]connectors.Result, len(q))
	for i := range q {
		id := q[i].Codes.OptionID
		if !allDigits(id) || q[i].Sell < 0 {
			results[i] = connectors.Result{Outcome: connectors.Rejected, Code: "OPTION", Detail: fmt.Sprintf("option %q, quantity %d: the number of an option (옵션ID) and 0 or more are expected", id, q[i].Sell)}
			continue
		}
		e, _, err := d.call(ctx, connectors.Request{
			Kind: "quantities", Method: http.MethodPut, Path: fmt.Sprintf("%s/vendor-items/%s/quantities/%d", sellerAPI, id, q[i].Sell), Safe: true,
		}, false)
		if err != nil {
			results[i] = connectors.ResultOf(err)
			continue
		}
		results[i] = connectors.Result{Outcome: connectors.Done, Code: string(e.Code), Detail: string(e.Message)}
	}
	return results
}

// ReadStock asks for each option by itself.
func (d *Driver) ReadStock(ctx context.Context, codes []order.Codes) ([]int64, error) {
	out := make([]int64, len(codes))
	for i := range codes {
		out[i] = -1
		id := codes[i].OptionID
		if !allDigits(id) {
			continue
		}
		e, _, err := d.call(ctx, connectors.Request{Kind: "inventories", Method: http.MethodGet, Path: sellerAPI + "/vendor-items/" + id + "/inventories", Safe: true}, false)
		if err != nil {
			if connectors.ClassOf(err) == connectors.Refused {
				continue
			}
			return nil, err
		}
		var stock struct {
			Amount *int64 `json:"amountInStock"`
		}
		if err := json.Unmarshal(e.Data, &stock); err != nil || stock.Amount == nil {
			return nil, &connectors.Error{Class: connectors.Transient, Call: "inventories", Message: "the amount in stock is missing", Err: err}
		}
		out[i] = *stock.Amount
	}
	return out, nil
}
