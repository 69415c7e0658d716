package ebay

import (
	"context"
	"net/url"
	"time"

	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/order"
)

// scopeBase is the scope of what needs no shop, and the beginning of all others.
const scopeBase = "https://api.ebay.com/oauth/api_scope"

// Consent returns the address of eBay's consent page. Where eBay sends the browser
// afterwards is registered under the RuName; back is not used.
func (d *Driver) Consent(_, state string) (string, error) {
	if d.ruName == "" {
		return "", order.Errorf(order.Invalid, "set ru_name to the name that eBay gave to the address to which the browser comes back", "ru_name is not set")
	}
	return d.consent + "/authorize?" + encode([]string{
		"client_id", d.id, "redirect_uri", d.ruName, "response_type", "code", "scope", d.scopes, "state", state,
	}), nil
}

// Redeem turns the code into a refresh token and the day on which it ends. The code
// works once and for minutes.
func (d *Driver) Redeem(ctx context.Context, _ string, answer url.Values) (connectors.Grant, error) {
	if e := answer.Get("error"); e != "" {
		return connectors.Grant{}, &connectors.Error{
			Class: connectors.Reauth, Cause: connectors.CauseKey, Call: "consent", Code: e, Message: answer.Get("error_description"),
			Hint: "open the address again, sign in as the shop and agree",
		}
	}
	code := answer.Get("code")
	if code == "" {
		return connectors.Grant{}, &connectors.Error{Class: connectors.Refused, Call: "consent", Message: "the answer has no code", Hint: "paste the whole address to which the browser was sent"}
	}
	d.Hide(code)
	g, err := d.grant(ctx, false, "grant_type", "authorization_code", "code", code, "redirect_uri", d.ruName)
	if err != nil {
		return connectors.Grant{}, err
	}
	if g.Refresh == "" {
		return connectors.Grant{}, &connectors.Error{Class: connectors.Refused, Call: "token", Message: "the answer has no refresh token"}
	}
	out := connectors.Grant{Secrets: map[string]string{"refresh_token": g.Refresh}, Settings: map[string]string{}}
	if g.RefreshEnds > 0 {
		ends := d.Now().Add(time.Duration(g.RefreshEnds) * time.Second).UTC()
		out.Settings[settingEnds] = string(order.DateOf(ends))
	}
	return out, nil
}
