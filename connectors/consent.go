package connectors

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"slices"

	"github.com/mallbridge/mallbridge/order"
)

// Granted returns a secret that nothing but the shop's consent gives
// ([Setting.Granted]). The error of an account that has none says so.
func (c *Client) Granted(name string) (string, error) {
	v, err := c.secret(name)
	switch {
	case err == nil && v != "":
		c.hidden.add(v)
		return v, nil
	case err == nil, order.CodeOf(err) == order.NotFound:
		return "", &Error{Class: Reauth, Cause: CauseKey, Message: "no consent yet", Hint: "run account consent " + c.account}
	}
	return c.Secret(name)
}

// Consent returns the address of the mall's page on which the shop agrees; see
// [Consenter].
func (m *Mall) Consent(back, state string) (string, error) {
	d, ok := m.driver.(Consenter)
	if !ok {
		return "", m.lacks("consent")
	}
	link, err := d.Consent(back, state)
	if err != nil {
		return "", fmt.Errorf("%s: %w", m.spec.About().Name, err)
	}
	return link, nil
}

// Redeem turns the query with which the browser came back into what the account
// keeps; see [Consenter]. What it gives is kept out of whatever is written.
func (m *Mall) Redeem(ctx context.Context, back string, answer url.Values) (Grant, error) {
	d, ok := m.driver.(Consenter)
	if !ok {
		return Grant{}, m.lacks("consent")
	}
	for _, name := range []string{"code", "spapi_oauth_code"} {
		m.client.hidden.add(answer.Get(name))
	}
	g, err := d.Redeem(ctx, back, answer)
	if err != nil {
		return Grant{}, fmt.Errorf("%s: %w", m.spec.About().Name, err)
	}
	m.client.hidden.add(slices.Collect(maps.Values(g.Secrets))...)
	return g, nil
}
