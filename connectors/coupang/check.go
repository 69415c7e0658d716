package coupang

import (
	"context"
	"fmt"
	"time"

	"github.com/mallbridge/mallbridge/connectors"
)

// Test tries the functions that read. Those that write are given with the same
// key; Coupang has no rights for single functions.
func (d *Driver) Test(ctx context.Context) []connectors.Check {
	now := d.Now().In(seoul).Truncate(time.Minute)
	day := now.Format(time.DateOnly)
	var checks []connectors.Check
	add := func(name string, err error) bool {
		c := connectors.Tried(name, "ok", err)
		checks = append(checks, c)
		return c.OK
	}
	_, _, err := d.get(ctx, pageSheets, d.vendorPath("v5", "/ordersheets"), "createdAtFrom", day+"+09:00", "createdAtTo", day+"+09:00", "maxPerPage", "1", "status", "ACCEPT")
	cause := connectors.Cause("")
	if err != nil {
		cause = connectors.AsError(err).Cause
	}
	switch {
	case cause == connectors.CauseIP:
		add("login", nil)
		add("ip", err)
		return d.keyCheck(checks)
	case connectors.ClassOf(err) == connectors.Reauth && err != nil:
		add("login", err)
		return d.keyCheck(checks)
	}
	add("login", nil)
	add("ip", nil)
	add("ordersheets", err)
	_, _, err = d.get(ctx, pageClaims, d.vendorPath("v6", "/returnRequests"), "createdAtFrom", day, "createdAtTo", day, "status", "RU")
	add("returnRequests", err)
	_, _, err = d.get(ctx, "seller-products", sellerAPI+"/seller-products", "vendorId", d.vendor, "nextToken", "1", "maxPerPage", "1")
	add("seller-products", err)
	return d.keyCheck(checks)
}

// keyWarning is how many days before the end of a key it can be issued again.
const keyWarning = 14

func (d *Driver) keyCheck(checks []connectors.Check) []connectors.Check {
	if d.issued == "" {
		return append(checks, connectors.Check{
			Name: "key_expiry", Detail: "the day of issue is not known, so nobody can warn before the key dies",
			Do: "set key_issued to the day that WING shows beside the key",
		})
	}
	end, _ := d.issued.AddDays(keyLife).Time(seoul)
	left := int(end.Sub(d.Now()).Hours() / 24)
	c := connectors.Check{Name: "key_expiry", OK: left > keyWarning, Detail: fmt.Sprintf("the key ends on %s", d.issued.AddDays(keyLife))}
	if !c.OK {
		c.Do = "issue the key again in WING under 추가판매정보 → OPEN API 키 발급, replace the secrets and set key_issued"
	}
	return append(checks, c)
}
