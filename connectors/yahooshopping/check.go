package yahooshopping

import (
	"context"
	"fmt"
	"net/url"
	"time"

	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/order"
)

// Test tries the login, the search of orders with its signature, and the stock API,
// and looks how long consent and key last.
func (d *Driver) Test(ctx context.Context) []connectors.Check {
	var checks []connectors.Check
	add := func(name string, err error) { checks = append(checks, connectors.Tried(name, "ok", err)) }
	now := d.Now()
	w := connectors.Window{From: now.Add(-time.Hour), To: now}
	_, err := d.orderList(ctx, span("OrderTime", w), 1)
	if e := connectors.AsError(err); err != nil && e.Class == connectors.Reauth {
		switch e.Cause {
		case connectors.CauseIP:
			add("login", nil)
			add("ip", err)
		case connectors.CauseFunction:
			add("login", nil)
			add("orderList", err)
		default:
			add("login", err)
		}
		return d.lifeChecks(checks)
	}
	add("login", nil)
	add("ip", nil)
	add("orderList", err)
	checks = append(checks, d.signatureCheck())
	_, err = d.get(ctx, "myItemList", url.Values{"query": {"a"}, "type": {"item_code"}, "results": {"1"}})
	add("myItemList", err)
	return d.lifeChecks(checks)
}

func (d *Driver) signatureCheck() connectors.Check {
	signed, err := d.signs()
	c := connectors.Check{Name: "signature", OK: err == nil && signed && !d.unsigned.Load(), Detail: "ok"}
	switch {
	case c.OK:
	case !signed:
		c.Detail = "calls go without signature, so that each consent ends after 12 hours"
		c.Do = "make a key in Store Creator Pro (設定 → 暗号鍵管理) and set public_key, key_version and key_issued"
	default:
		c.Detail = "the mall did not accept the signature, so that the consent ends after 12 hours"
		c.Do = "compare public_key and key_version with Store Creator Pro (設定 → 暗号鍵管理), where the key is valid for a year; set the machine's clock by NTP; then run account consent"
	}
	return c
}

// Warnings of an end, in days before it.
const (
	consentWarning = 7
	keyWarning     = 30
)

func (d *Driver) lifeChecks(checks []connectors.Check) []connectors.Check {
	ends, err := d.consentEnds()
	c := connectors.Check{Name: "consent"}
	switch left := int(ends.Sub(d.Now()).Hours() / 24); {
	case err != nil:
		c.Detail, c.Do = err.Error(), "look at the account's keys"
	case ends.IsZero():
		c.Detail, c.Do = "when the consent was given is not known, so nobody can warn before its end", "run account consent, which notes it"
	default:
		c.OK, c.Detail = left >= consentWarning, "the consent ends on "+ends.In(tokyo).Format("2006-01-02 15:04")
		if !c.OK {
			c.Do = "run account consent"
		}
	}
	checks = append(checks, c)
	end := d.keyEnds()
	if signed, err := d.signs(); err != nil || !signed {
		return checks
	}
	c = connectors.Check{Name: "key_expiry", OK: int(end.Sub(d.Now()).Hours()/24) > keyWarning, Detail: fmt.Sprintf("the key ends on %s", order.DateOf(end.In(tokyo)))}
	switch {
	case end.IsZero():
		c.OK, c.Detail, c.Do = false, "the day of issue is not known, so nobody can warn before the key ends", "set key_issued to the day on which the key or certificate was issued"
	case !c.OK:
		c.Do = "make another key in Store Creator Pro (two may be valid at once), replace public_key and key_version and set key_issued"
	}
	return append(checks, c)
}
