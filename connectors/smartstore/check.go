package smartstore

import (
	"context"
	"net/http"
	"time"

	"github.com/mallbridge/mallbridge/connectors"
)

// Test tries the token, and a call of each group that the driver uses: an application
// can lack one of them. Calls that write belong to the group of the orders.
func (d *Driver) Test(ctx context.Context) []connectors.Check {
	var checks []connectors.Check
	add := func(name string, err error) { checks = append(checks, connectors.Tried(name, "ok", err)) }
	now := d.Now()
	_, err := d.changes(ctx, connectors.Window{From: now.Add(-time.Hour), To: now})
	if err != nil && connectors.ClassOf(err) == connectors.Reauth {
		switch connectors.AsError(err).Cause {
		case connectors.CauseIP:
			add("login", nil)
			add("ip", err)
			return checks
		case connectors.CauseFunction:
		default:
			add("login", err)
			return checks
		}
	}
	add("login", nil)
	add("ip", nil)
	add("last-changed-statuses", err)
	g := newGathering()
	add("product-orders", d.paid(ctx, connectors.Window{From: now.Add(-time.Hour), To: now}, "", func(string) bool { return false }, g))
	_, _, err = d.send(ctx, "search", http.MethodPost, "/v1/products/search", search{Page: 1, Size: 1}, true, "contents")
	add("products", err)
	return checks
}
