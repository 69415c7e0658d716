package amazon

import (
	"cmp"
	"context"
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"net/url"
	"time"

	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/order"
)

// Consent returns the page of Seller Central on which the shop authorises an app that
// is published or a draft. Apps of one's own are authorised in Seller Central itself,
// which shows the refresh token.
func (d *Driver) Consent(back, state string) (string, error) {
	app := d.account.Settings["application_id"]
	if app == "" {
		return "", &connectors.Error{
			Class: connectors.Refused, Message: "application_id is not set",
			Hint: "give the app's id (amzn1.sp.solution…) as application_id; an app of your own is authorised in Seller Central, which shows the refresh token",
		}
	}
	q := url.Values{"application_id": {app}, "state": {state}}
	if back != "" {
		q.Set("redirect_uri", back)
	}
	if d.account.Settings["app_draft"] == "yes" {
		q.Set("version", "beta")
	}
	central := "https://" + d.account.Settings["seller_central"]
	if d.account.Settings[connectors.BaseURL] != "" {
		central = d.client.Base() + "/consent"
	}
	return central + "/apps/authorize/consent?" + q.Encode(), nil
}

// Redeem turns the code of the consent into the refresh token.
func (d *Driver) Redeem(ctx context.Context, back string, answer url.Values) (connectors.Grant, error) {
	refuse := func(code, text string) (connectors.Grant, error) {
		return connectors.Grant{}, &connectors.Error{Class: connectors.Refused, Call: "token", Code: code, Message: text, Hint: "begin the consent again; a code lives five minutes"}
	}
	if code := answer.Get("error"); code != "" {
		return refuse(code, answer.Get("error_description"))
	}
	// A code that was pasted by itself comes as code.
	code, seller := cmp.Or(answer.Get("spapi_oauth_code"), answer.Get("code")), answer.Get("selling_partner_id")
	if code == "" {
		return refuse("", "there is no spapi_oauth_code in the answer")
	}
	d.Hide(code)
	if had := d.seller; had != "" && seller != "" && subtle.ConstantTimeCompare([]byte(had), []byte(seller)) == 0 {
		return refuse("", fmt.Sprintf("the seller %s agreed, and the account is that of %s", seller, had))
	}
	form := url.Values{"grant_type": {"authorization_code"}, "code": {code}}
	if back != "" {
		form.Set("redirect_uri", back)
	}
	g, at, err := d.login(ctx, form)
	if err != nil {
		return connectors.Grant{}, err
	}
	if g.Refresh == "" {
		return refuse("", "Amazon gave no refresh token")
	}
	out := connectors.Grant{
		Secrets:  map[string]string{"refresh_token": g.Refresh},
		Settings: map[string]string{"authorised": string(order.DateOf(at.In(d.account.Zone)))},
	}
	if seller != "" {
		out.Settings["seller_id"] = seller
	}
	return out, nil
}

// Test tries login, orders with their personal data, and listings.
func (d *Driver) Test(ctx context.Context) []connectors.Check {
	var out []connectors.Check
	_, err := d.refresh(ctx)
	out = append(out, check("login", err))
	if err == nil {
		out = append(out, d.testOrders(ctx)...)
		out = append(out, d.testListings(ctx))
	}
	return append(out, d.testKeys(ctx))
}

// testOrders looks for the last orders, with everything and, if that is refused,
// without what needs a role of its own. An address is expected where there is an order
// that is to be shipped.
func (d *Driver) testOrders(ctx context.Context) []connectors.Check {
	now := d.Now()
	w := connectors.Window{From: now.Add(-7 * 24 * time.Hour).Truncate(time.Second), To: now.Add(-3 * time.Minute).Truncate(time.Second)}
	reply, err := d.read(ctx, "searchOrders", ordersAPI, d.searchQuery(w, 1, included))
	if err == nil {
		return []connectors.Check{check("searchOrders", nil), recipient(reply.Body)}
	}
	if x := connectors.AsError(err); x.Cause != connectors.CauseFunction {
		return []connectors.Check{check("searchOrders", err)}
	}
	if _, again := d.read(ctx, "searchOrders", ordersAPI, d.searchQuery(w, 1, "FULFILLMENT")); again == nil {
		c := check("recipient", err)
		c.Do = hintShipping
		return []connectors.Check{check("searchOrders", nil), c}
	}
	return []connectors.Check{check("searchOrders", err)}
}

const hintShipping = "add the role Direct-to-Consumer Shipping (Restricted) to the app, then authorise it again: an old refresh token does not gain the role"

func recipient(body []byte) connectors.Check {
	c := connectors.Check{Name: "recipient", OK: true, Detail: "the app may see addresses"}
	var r struct {
		Orders []orderModel `json:"orders"`
	}
	if json.Unmarshal(body, &r) != nil || len(r.Orders) == 0 {
		c.Detail = "no order of the last days to look at"
		return c
	}
	m := &r.Orders[0]
	if m.Fulfillment.Status == "UNSHIPPED" && m.Fulfillment.By != byAmazon && m.Recipient.Address.Line1 == "" {
		return connectors.Check{Name: "recipient", Detail: "order " + m.ID + " has no address", Do: hintShipping}
	}
	return c
}

func (d *Driver) testListings(ctx context.Context) connectors.Check {
	if d.seller == "" {
		return connectors.Check{Name: "searchListingsItems", Detail: "seller_id is not set", Do: noSeller}
	}
	_, err := d.read(ctx, "searchListingsItems", listingsAPI+url.PathEscape(d.seller), url.Values{"marketplaceIds": {d.store}, "pageSize": {"1"}})
	return check("searchListingsItems", err)
}

// soon is how long before its end a key is to be replaced.
const soon = 21 * 24 * time.Hour

func (d *Driver) testKeys(ctx context.Context) connectors.Check {
	c := connectors.Check{Name: "key_expiry"}
	at, err := d.Expires(ctx)
	switch {
	case err != nil:
		c.Detail, c.Do = err.Error(), "write secret_issued and authorised as days: 2026-07-01"
	case at.IsZero():
		c.Detail, c.Do = "secret_issued is not set", "write the day on which the app secret was issued: it ends after 180 days, and Amazon has no call that tells"
	case at.Sub(d.Now()) < soon:
		c.Detail = "works until " + at.In(d.account.Zone).Format("2006-01-02 15:04 MST")
		c.Do = "issue a new app secret in the Solution Provider Portal, give it as client_secret_next, and move it to client_secret when the old one has ended; authorise the app again if it is the consent that ends"
	default:
		c.OK, c.Detail = true, "works until "+at.In(d.account.Zone).Format("2006-01-02 15:04 MST")
	}
	return c
}

func check(name string, err error) connectors.Check {
	if err == nil {
		return connectors.Check{Name: name, OK: true, Detail: "Amazon answers"}
	}
	e := connectors.AsError(err)
	c := connectors.Check{Name: name, Detail: e.Error(), Do: e.Hint}
	if c.Do == "" {
		c.Do = "try again later; if it stays, open a case with Amazon's developer support and name the detail"
	}
	return c
}
