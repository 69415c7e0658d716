package coupang

import (
	"context"
	"fmt"
	"net/http"

	"github.com/mallbridge/mallbridge/connectors"
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
