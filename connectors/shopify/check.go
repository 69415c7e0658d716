package shopify

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/order"
)

// versionHeader names the version that answered: a version that has ended is answered by
// the oldest that has not.
const versionHeader = "X-Shopify-Api-Version"

// versionWarning is how long before the end of the version somebody should see to it.
const versionWarning = 90 * 24 * time.Hour

// scopes that the program needs; where there are several, one of them will do, by who
// runs the location.
var scopes = [][]string{
	{"read_orders"},
	{"read_merchant_managed_fulfillment_orders", "read_assigned_fulfillment_orders", "read_third_party_fulfillment_orders"},
	{"write_merchant_managed_fulfillment_orders", "write_assigned_fulfillment_orders", "write_third_party_fulfillment_orders"},
	{"read_products"},
	{"read_inventory"},
	{"write_inventory"},
	{"read_locations"},
}

// Test tries the key, its scopes, the version and each thing that is read. Without a
// scope Shopify shows nothing rather than an error.
func (d *Driver) Test(ctx context.Context) []connectors.Check {
	var checks []connectors.Check
	add := func(name, detail, do string, err error) {
		c := connectors.Tried(name, detail, err)
		if err == nil {
			c.OK, c.Do = do == "", do
		}
		checks = append(checks, c)
	}
	var got struct {
		Shop struct {
			Name     string `json:"name"`
			Domain   string `json:"myshopifyDomain"`
			Currency string `json:"currencyCode"`
		} `json:"shop"`
		App struct {
			Scopes []struct {
				Handle string `json:"handle"`
			} `json:"accessScopes"`
		} `json:"currentAppInstallation"`
	}
	reply, err := d.query(ctx, "access", accessQuery, map[string]any{}, &got)
	add("login", fmt.Sprintf("%s (%s), %s", got.Shop.Name, got.Shop.Domain, got.Shop.Currency), "", err)
	if err != nil {
		return checks
	}
	var have []string
	for _, s := range got.App.Scopes {
		have = append(have, s.Handle)
	}
	lacks := ""
	if missing := missingScopes(have); len(missing) > 0 {
		lacks = "give the app these scopes and install it again: " + strings.Join(missing, ", ")
	}
	add("scopes", strings.Join(have, ", "), lacks, nil)
	detail, do := d.judgeVersion(reply.Header.Get(versionHeader), d.Now())
	add("api_version", detail, do, nil)
	var seen struct {
		Orders connection[orderNode] `json:"orders"`
	}
	_, err = d.query(ctx, "orders", ordersQuery, map[string]any{"first": 1, "after": nil, "query": "status:open"}, &seen)
	add("orders", "an order can be read with its address", "", err)
	all, err := d.locations(ctx)
	detail, do = d.judgeLocations(all)
	add("locations", detail, do, err)
	return checks
}

func missingScopes(have []string) []string {
	var out []string
	for _, any := range scopes {
		// The right to write a thing is the right to read it.
		if !slices.ContainsFunc(any, func(s string) bool {
			return slices.Contains(have, s) || slices.Contains(have, strings.Replace(s, "read_", "write_", 1))
		}) {
			out = append(out, any[0])
		}
	}
	return out
}

// judgeVersion says when the version ends, and what to do if that is soon or past. Each
// is answered for a year from its first day.
func (d *Driver) judgeVersion(answered string, now time.Time) (detail, do string) {
	ends := described().Version.Ends
	if d.version != described().Version.Name {
		if first, ok := order.Date(d.version + "-01").Time(time.UTC); ok {
			ends = order.DateOf(first.AddDate(1, 0, 0))
		}
	}
	detail = fmt.Sprintf("version %s, which Shopify answers until %s at least", d.version, ends)
	end, _ := ends.Time(time.UTC)
	switch {
	case answered != "" && answered != d.version:
		do = fmt.Sprintf("Shopify answers by version %s: update Mallbridge; until then compare what is read with the store", answered)
	case end.Sub(now) < versionWarning:
		do = "update Mallbridge before that day"
	}
	return detail, do
}

type location struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Active bool   `json:"isActive"`
}

// locations lists where the store keeps goods.
func (d *Driver) locations(ctx context.Context) ([]location, error) {
	var all []location
	after := any(nil)
	for {
		var got struct {
			Locations connection[location] `json:"locations"`
		}
		if _, err := d.query(ctx, "locations", locationsQuery, map[string]any{"after": after}, &got); err != nil {
			return nil, err
		}
		all = append(all, got.Locations.Nodes...)
		next := got.Locations.Page
		if !next.More || next.End == "" || next.End == after {
			return all, nil
		}
		after = next.End
	}
}

// judgeLocations names the locations, and those of the settings that are not among them.
func (d *Driver) judgeLocations(all []location) (detail, do string) {
	var names, known []string
	for _, l := range all {
		names = append(names, fmt.Sprintf("%s (%s)", number(l.ID), l.Name))
		known = append(known, number(l.ID))
	}
	for _, n := range append(slices.Clone(d.settings.locations), d.settings.stockLocation) {
		if n != "" && !slices.Contains(known, n) {
			do = fmt.Sprintf("the store has no location %s: correct locations or stock_location", n)
		}
	}
	if do == "" && d.settings.stockLocation == "" && len(all) > 1 {
		detail = "; stock_location is not set, so that stock cannot be set"
	}
	return strings.Join(names, ", ") + detail, do
}
