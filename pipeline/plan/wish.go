package plan

import (
	"slices"

	"github.com/mallbridge/mallbridge/configs"
	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/mappers/rules"
	"github.com/mallbridge/mallbridge/order"
)

// Splits are the ways in which a person may split an order.
var Splits = []string{rules.SplitLine, rules.SplitPiece}

// Services lists the delivery services that the workspace's master has.
func Services(ws *configs.Workspace) []string {
	rows, _, err := ws.MasterTable(configs.DeliveryServices)
	if err != nil {
		return nil // the check of the masters says what is wrong
	}
	at := slices.Index(configs.MasterHeader(configs.DeliveryServices), "service")
	var out []string
	for _, r := range rows {
		if !slices.Contains(out, r[at]) {
			out = append(out, r[at])
		}
	}
	return out
}

// CheckWish finds what a wish names and the workspace has not.
func CheckWish(ws *configs.Workspace, w ledger.Wish) error {
	if x, ok := ws.Warehouse(w.Warehouse); w.Warehouse != "" && (!ok || !x.Enabled) {
		return order.Errorf(order.Invalid, "choose one of warehouses/", "no warehouse %s", w.Warehouse)
	}
	if w.Service != "" && !slices.Contains(Services(ws), w.Service) {
		return order.Errorf(order.Invalid, "choose one of the master", "the master has no delivery service %s", w.Service)
	}
	if w.Split != "" && !slices.Contains(Splits, w.Split) {
		return order.Errorf(order.Invalid, "use line or piece", "no such split: %s", w.Split)
	}
	return nil
}
