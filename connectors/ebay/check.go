package ebay

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/mallbridge/mallbridge/connectors"
)

// warnBefore is how long before the end of the consent somebody should see to it.
const warnBefore = 31 * 24 * time.Hour

// Test tries the login, orders, stock and the limits of calls. It changes nothing.
func (d *Driver) Test(ctx context.Context) []connectors.Check {
	var checks []connectors.Check
	add := func(name, detail string, err error) { checks = append(checks, connectors.Tried(name, detail, err)) }
	now := d.Now().UTC()
	filter := "lastmodifieddate:[" + now.Add(-time.Hour).Format(stamp) + ".." + now.Add(-time.Minute).Format(stamp) + "]"
	_, err := d.get(ctx, "getOrders", fulfillment+"/order", "filter", filter, "limit", "1", "offset", "0")
	if err != nil && connectors.ClassOf(err) == connectors.Reauth && connectors.AsError(err).Cause != connectors.CauseFunction {
		add("login", "", err)
		return append(checks, d.consentCheck())
	}
	add("login", "ok", nil)
	add("getOrders", "ok", err)
	detail, err := d.tryInventory(ctx)
	add("getInventoryItems", detail, err)
	detail, err = d.tryLimits(ctx)
	add("limits", detail, err)
	return append(checks, d.consentCheck())
}

// tryInventory says whether the shop has anything that stock can be set of.
func (d *Driver) tryInventory(ctx context.Context) (string, error) {
	reply, err := d.get(ctx, "getInventoryItems", inventory+"/inventory_item", "limit", "1", "offset", "0")
	if err != nil {
		return "", err
	}
	var l struct {
		Total json.Number `json:"total"`
	}
	if err := json.Unmarshal(reply.Body, &l); err != nil {
		return "", &connectors.Error{Class: connectors.Refused, Call: "getInventoryItems", Message: "the reply is no list of items", Err: err}
	}
	if n, err := l.Total.Int64(); err == nil && n > 0 {
		return fmt.Sprintf("%d items", n), nil
	}
	return "the Inventory API has no item of this shop: listings made by hand or by older programs have to be migrated before stock can be set", nil
}

// tryLimits asks how many calls are left of those of orders.
func (d *Driver) tryLimits(ctx context.Context) (string, error) {
	reply, err := d.call(ctx, connectors.Request{
		Kind: "getRateLimits", Method: http.MethodGet, Path: analytics + "/rate_limit/", Query: encode([]string{"api_context", "sell", "api_name", "fulfillment"}),
		Safe: true, Token: d.application,
	})
	if err != nil {
		return "", err
	}
	var l struct {
		APIs []struct {
			Resources []struct {
				Name  text `json:"name"`
				Rates []struct {
					Limit     json.Number `json:"limit"`
					Remaining json.Number `json:"remaining"`
					Reset     text        `json:"reset"`
				} `json:"rates"`
			} `json:"resources"`
		} `json:"rateLimits"`
	}
	if len(reply.Body) > 0 {
		if err := json.Unmarshal(reply.Body, &l); err != nil {
			return "", &connectors.Error{Class: connectors.Refused, Call: "getRateLimits", Message: "the reply has no limits", Err: err}
		}
	}
	detail := "eBay names no limit"
	for _, a := range l.APIs {
		for _, r := range a.Resources {
			for _, x := range r.Rates {
				detail = fmt.Sprintf("%s: %s of %s calls left until %s", r.Name, x.Remaining, x.Limit, x.Reset)
				if x.Remaining == "0" {
					return "", &connectors.Error{
						Class: connectors.Wait, Call: "getRateLimits", Message: detail,
						Hint: "calls go on by themselves when the new day of calls begins; fetch less often if this happens again",
					}
				}
			}
		}
	}
	return detail, nil
}

func (d *Driver) consentCheck() connectors.Check {
	end, ok := d.ends.Time(time.UTC)
	if !ok {
		return connectors.Check{
			Name: "key_expiry", Detail: "the end of the consent is not known, so nobody can warn before it",
			Do: "run account consent with this account's name, or set consent_ends",
		}
	}
	c := connectors.Check{Name: "key_expiry", OK: end.Sub(d.Now()) > warnBefore, Detail: "the consent ends on " + string(d.ends)}
	if !c.OK {
		c.Do = "run account consent with this account's name"
	}
	return c
}
