package elevenst

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/mallbridge/mallbridge/connectors"
)

// Test tries the functions that read, group by group: a key can lack the right to
// one of them. Those that write belong to the group of the orders.
func (d *Driver) Test(ctx context.Context) []connectors.Check {
	now := d.Now().In(seoul).Truncate(time.Minute)
	span := "/" + now.Add(-time.Hour).Format(minutes) + "/" + now.Format(minutes)
	var checks []connectors.Check
	add := func(name string, err error) { checks = append(checks, connectors.Tried(name, "ok", err)) }
	_, err := d.read(ctx, partComplete, "/ordservices/complete"+span, rootList)
	if err != nil && connectors.ClassOf(err) == connectors.Reauth {
		if connectors.AsError(err).Cause == connectors.CauseIP {
			add("login", nil)
			add("ip", err)
		} else {
			add("login", err)
		}
		return d.keyCheck(checks)
	}
	add("login", nil)
	add("ip", nil)
	add(partComplete, err)
	_, err = d.read(ctx, partPackaging, "/ordservices/packaging"+span, rootList)
	add(partPackaging, right(err))
	_, err = d.read(ctx, "orderlistalladdr", "/claimservice/orderlistalladdr/"+now.Format("20060102")+"000000001", rootList)
	add("orderlistalladdr", right(known(err)))
	_, err = d.read(ctx, "cancelorders", "/claimservice/cancelorders"+span, rootList)
	add("cancelorders", right(err))
	_, err = d.send(ctx, "prodmarket", http.MethodPost, "/prodmarketservice/prodmarket", "<SearchProduct><limit>1</limit></SearchProduct>", rootProducts)
	add("prodmarket", right(err))
	return d.keyCheck(checks)
}

// known forgets that there is no such order.
func known(err error) error {
	if err != nil && connectors.ClassOf(err) == connectors.Refused {
		return nil
	}
	return err
}

// right tells a group of calls that the key may not use: it works for others.
func right(err error) error {
	if err == nil || connectors.ClassOf(err) != connectors.Reauth {
		return err
	}
	e := *connectors.AsError(err)
	e.Cause = connectors.CauseFunction
	e.Hint = "the key works for other calls: apply for this group in the Open API centre under 서비스 등록·확인"
	return &e
}

// keyWarning is how many days before the end of a key somebody should see to it.
const keyWarning = 14

func (d *Driver) keyCheck(checks []connectors.Check) []connectors.Check {
	if d.issued == "" {
		return append(checks, connectors.Check{
			Name: "key_expiry", Detail: "the day of issue is not known, so nobody can warn before the key dies",
			Do: "set key_issued to the day on which the key was issued",
		})
	}
	end, _ := d.issued.AddDays(keyLife).Time(seoul)
	left := int(end.Sub(d.Now()).Hours() / 24)
	c := connectors.Check{Name: "key_expiry", OK: left > keyWarning, Detail: fmt.Sprintf("the key ends on %s", d.issued.AddDays(keyLife))}
	if !c.OK {
		c.Do = "issue the key again in the Open API centre, replace the secret and set key_issued"
	}
	return append(checks, c)
}
