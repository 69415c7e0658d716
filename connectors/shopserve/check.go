package shopserve

import (
	"context"
	"net/http"
	"time"

	"github.com/mallbridge/mallbridge/connectors"
)

// Test tries both keys, and the search for orders where the account describes it.
func (d *Driver) Test(ctx context.Context) []connectors.Check {
	var checks []connectors.Check
	add := func(name string, err error) { checks = append(checks, connectors.Tried(name, "ok", err)) }
	rows, _, _, err := d.items(ctx, 0, 1)
	if err != nil && connectors.ClassOf(err) == connectors.Reauth {
		add("login", err)
		return checks
	}
	add("login", nil)
	add("items", err)
	if len(rows) > 0 {
		_, err := d.open(ctx, "stock-read", itemPath(codeOf(rows[0]), "/stock"))
		if err != nil && connectors.AsError(err).Status == http.StatusNotFound {
			err = nil // the key was good enough to be told
		}
		add("open_key", err)
	}
	if d.orders != nil {
		now := d.Now()
		var failed error
		d.pages(ctx, connectors.Window{From: now.Add(-time.Hour), To: now}, func(_ connectors.Page, err error) bool {
			failed = err
			return false
		})
		add("search", failed)
	}
	return checks
}
