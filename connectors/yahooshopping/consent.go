package yahooshopping

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/mallbridge/mallbridge/connectors"
)

// login is the host of Yahoo! ID federation.
const login = "login"

// back is the address that is registered for the Client ID.
func (d *Driver) back(back string) string { return cmp.Or(d.settings["redirect_uri"], back) }

// Consent returns the address on which the store agrees.
func (d *Driver) Consent(back, state string) (string, error) {
	address, err := d.HostAddress(login)
	if err != nil {
		return "", err
	}
	q := url.Values{
		"response_type": {"code"}, "client_id": {d.settings["client_id"]}, "redirect_uri": {d.back(back)}, "scope": {"openid profile"}, "bail": {"1"},
		"state": {state}, "nonce": {state},
	}
	return address + "/authorization?" + q.Encode(), nil
}

// Redeem turns a code into the refresh token, and notes when the consent was given.
func (d *Driver) Redeem(ctx context.Context, back string, answer url.Values) (connectors.Grant, error) {
	code := answer.Get("code")
	if code == "" {
		return connectors.Grant{}, &connectors.Error{
			Class: connectors.Refused, Call: "consent", Code: answer.Get("error"), Message: cmp.Or(answer.Get("error_description"), "Yahoo gave no code"),
			Hint: "run account consent again and agree",
		}
	}
	at := d.Now()
	t, err := d.tokens(ctx, url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {d.back(back)}})
	if err != nil {
		return connectors.Grant{}, err
	}
	if t.Refresh == "" {
		return connectors.Grant{}, &connectors.Error{Class: connectors.Refused, Call: "token", Message: "Yahoo gave no refresh_token", Hint: "look at the scope of the Client ID"}
	}
	return connectors.Grant{
		Secrets:  map[string]string{"refresh_token": t.Refresh},
		Settings: map[string]string{"consented": at.In(tokyo).Format(time.RFC3339)},
	}, nil
}

// renew gets an access token by the refresh token, which stays the same.
func (d *Driver) renew(ctx context.Context) (connectors.Access, error) {
	refresh, err := d.Granted("refresh_token")
	if err != nil {
		return connectors.Access{}, err
	}
	at := d.Now()
	t, err := d.tokens(ctx, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refresh}})
	if err != nil {
		return connectors.Access{}, err
	}
	a := connectors.Access{Value: t.Access, Ends: at.Add(time.Duration(t.seconds()) * time.Second)}
	return a, nil
}

// A tokenReply is what the token endpoint gives. expires_in may stand in quotes.
type tokenReply struct {
	Access      string          `json:"access_token"`
	Refresh     string          `json:"refresh_token"`
	Expires     json.RawMessage `json:"expires_in"`
	Error       string          `json:"error"`
	Description string          `json:"error_description"`
}

// seconds that the access token lives: an hour, if it does not say.
func (t *tokenReply) seconds() int {
	if n, err := strconv.Atoi(strings.Trim(string(t.Expires), `"`)); err == nil && n > 0 {
		return n
	}
	return 3600
}

// tokens calls the token endpoint. A code works once, so that it is not sent again.
func (d *Driver) tokens(ctx context.Context, q url.Values) (*tokenReply, error) {
	secret, err := d.Secret("client_secret")
	if err != nil {
		return nil, err
	}
	var t tokenReply
	safe := q.Get("grant_type") == "refresh_token"
	_, err = d.Do(ctx, connectors.Request{
		Kind: "token", Host: login, Method: http.MethodPost, Path: "/token", Safe: safe, Confidential: true,
		Header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, Body: []byte(q.Encode()),
		Sign: func(r *http.Request, _ time.Time) error {
			r.SetBasicAuth(d.settings["client_id"], secret)
			d.Hide(strings.TrimPrefix(r.Header.Get("Authorization"), "Basic "))
			return nil
		},
		Judge: func(reply *connectors.Reply) error {
			t = tokenReply{}
			return judgeToken(reply, &t, safe)
		},
	})
	if err != nil {
		return nil, err
	}
	d.Hide(t.Access, t.Refresh)
	return &t, nil
}

func judgeToken(reply *connectors.Reply, t *tokenReply, safe bool) error {
	if reply.Status == http.StatusTooManyRequests || reply.Status >= 500 || reply.Status >= 300 && reply.Status < 400 {
		return nil
	}
	e := connectors.StatusError(reply, safe)
	if err := json.Unmarshal(reply.Body, t); err != nil {
		e.Class, e.Message, e.Err = unsure(safe), "no answer of the token endpoint; Yahoo may be under maintenance", err
		return e
	}
	e.Code, e.Message = t.Error, cmp.Or(t.Description, e.Message)
	switch {
	case t.Error == "invalid_grant":
		e.Class, e.Cause = connectors.Reauth, connectors.CauseKey
		e.Hint = "the consent has ended (28 days, or 12 hours without a signature), was withdrawn, or a password changed: run account consent"
	case t.Error != "" || reply.Status >= 400:
		e.Class, e.Cause = connectors.Reauth, connectors.CauseKey
		e.Hint = "compare client_id, client_secret and redirect_uri with those of the application in the Yahoo! JAPAN developer network"
	case t.Access == "":
		e.Class, e.Message = unsure(safe), "the answer of the token endpoint has no access_token"
	default:
		return nil
	}
	return e
}
