package shopify

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/mallbridge/mallbridge/connectors"
)

// tokenHeader carries access tokens of both kinds.
const tokenHeader = "X-Shopify-Access-Token"

// A client makes the calls of one store.
type client struct {
	*connectors.Client
	clientID string
	version  string
	token    *connectors.Token
	budget   budget
}

func newClient(c *connectors.Client, clientID, version string) *client {
	d := &client{Client: c, clientID: clientID, version: version}
	d.token = c.NewToken(tokenHeader, "", d.grant)
	return d
}

// grant gets an access token by client id and secret. There is no refresh token.
func (c *client) grant(ctx context.Context) (connectors.Access, error) {
	secret, err := c.Secret("client_secret")
	if err != nil {
		return connectors.Access{}, err
	}
	if c.clientID == "" || secret == "" {
		return connectors.Access{}, &connectors.Error{
			Class: connectors.Reauth, Cause: connectors.CauseKey, Call: "access_token", Message: "the account has neither access_token nor client_id with client_secret",
			Hint: "set client_id and client_secret of an app of the Dev Dashboard, or access_token of an older custom app",
		}
	}
	form := url.Values{"client_id": {c.clientID}, "client_secret": {secret}, "grant_type": {"client_credentials"}}
	reply, err := c.Do(ctx, connectors.Request{
		Kind: "access_token", Method: http.MethodPost, Path: "/admin/oauth/access_token", Body: []byte(form.Encode()), Safe: true, Confidential: true,
		Header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "Accept": {"application/json"}}, Judge: judgeGrant,
	})
	if err != nil {
		return connectors.Access{}, err
	}
	var got struct {
		Token   string  `json:"access_token"`
		Expires float64 `json:"expires_in"`
	}
	if err := json.Unmarshal(reply.Body, &got); err != nil {
		return connectors.Access{}, &connectors.Error{Class: connectors.Transient, Call: "access_token", Err: err}
	}
	return connectors.Access{Value: got.Token, Ends: reply.At.Add(time.Duration(got.Expires) * time.Second)}, nil
}

// judgeGrant finds what is wrong with an answer of the token endpoint.
func judgeGrant(reply *connectors.Reply) error {
	var e struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
		Token       string `json:"access_token"`
	}
	err := json.Unmarshal(reply.Body, &e)
	switch {
	case reply.Status == http.StatusBadRequest || reply.Status == http.StatusUnauthorized || reply.Status == http.StatusForbidden:
		x := &connectors.Error{
			Class: connectors.Reauth, Cause: connectors.CauseKey, Code: e.Error, Message: e.Description,
			Hint: "compare client_id and client_secret with the app's page in the Dev Dashboard (Settings)",
		}
		if e.Error == "shop_not_permitted" {
			x.Hint = "the store must belong to the organisation of the app, and the app must be installed in it; else use access_token"
		}
		return x
	case reply.Status == http.StatusNotFound:
		return noShop()
	case reply.Status == http.StatusOK && (err != nil || e.Token == ""):
		return &connectors.Error{Class: connectors.Transient, Message: "the answer holds no access token", Err: err}
	}
	return nil
}

func noShop() error {
	return &connectors.Error{
		Class: connectors.Refused, Message: "there is no such store, or no such version of the API",
		Hint: "shop is the name before .myshopify.com (not the store's own domain); leave api_version as it is",
	}
}

// query carries a query out, and decodes data into out.
func (c *client) query(ctx context.Context, kind, text string, variables map[string]any, out any) (*connectors.Reply, error) {
	reply, err := c.call(ctx, kind, text, variables, true)
	if err != nil {
		return reply, err
	}
	if err := decode(reply, out); err != nil {
		return reply, &connectors.Error{Class: connectors.Transient, Call: kind, Message: "the answer is not what was asked for", Err: err}
	}
	return reply, nil
}

// mutate carries a mutation out, once unless it is safe.
func (c *client) mutate(ctx context.Context, kind, text string, variables map[string]any, safe bool, out any) error {
	reply, err := c.call(ctx, kind, text, variables, safe)
	if err != nil {
		return err
	}
	if err := decode(reply, out); err != nil {
		return &connectors.Error{Class: connectors.Unanswered, Call: kind, Message: "the answer is not what was asked for", Err: err}
	}
	return nil
}

func decode(reply *connectors.Reply, out any) error {
	return json.Unmarshal(reply.Body, &struct {
		Data any `json:"data"`
	}{out})
}

func (c *client) call(ctx context.Context, kind, text string, variables map[string]any, safe bool) (*connectors.Reply, error) {
	fixed, err := c.Secret("access_token")
	if err != nil {
		return nil, err
	}
	var body bytes.Buffer
	e := json.NewEncoder(&body)
	e.SetEscapeHTML(false)
	if err := e.Encode(map[string]any{"query": text, "variables": variables}); err != nil {
		return nil, &connectors.Error{Class: connectors.Refused, Call: kind, Message: "the request cannot be written", Err: err}
	}
	r := connectors.Request{
		Kind: kind, Method: http.MethodPost, Path: "/admin/api/" + c.version + "/graphql.json", Body: body.Bytes(), Safe: safe,
		Header: http.Header{"Content-Type": {"application/json"}, "Accept": {"application/json"}},
		Judge: func(reply *connectors.Reply) error {
			cost, err := judge(reply, safe, fixed == "")
			c.budget.saw(kind, cost, reply.At)
			return err
		},
	}
	if fixed == "" {
		r.Token = c.token
	} else {
		r.Sign = func(q *http.Request, _ time.Time) error {
			q.Header.Set(tokenHeader, fixed)
			return nil
		}
	}
	if err := c.Sleep(ctx, c.budget.wait(kind, c.Now())); err != nil {
		return nil, &connectors.Error{Class: connectors.Transient, Call: kind, Message: "not sent", Err: err}
	}
	return c.Do(ctx, r)
}

// cost is what an answer tells of the bucket of points.
type cost struct {
	Requested float64 `json:"requestedQueryCost"`
	Status    struct {
		Most    float64 `json:"maximumAvailable"`
		Left    float64 `json:"currentlyAvailable"`
		Restore float64 `json:"restoreRate"`
	} `json:"throttleStatus"`
}

// missing is how long it takes until a query of this cost may go.
func (c *cost) missing() time.Duration {
	if c.Status.Restore <= 0 || c.Requested <= c.Status.Left {
		return 0
	}
	return time.Duration((c.Requested - c.Status.Left) / c.Status.Restore * float64(time.Second)).Round(time.Millisecond)
}

// A budget follows the store's bucket of points, so that queries are not sent to be
// throttled.
type budget struct {
	mu   sync.Mutex
	last cost
	at   time.Time
	of   map[string]float64 // what a kind of query asked for when it was sent last
}

func (b *budget) saw(kind string, c cost, at time.Time) {
	if c.Status.Restore <= 0 {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.of == nil {
		b.of = map[string]float64{}
	}
	b.of[kind], b.last, b.at = c.Requested, c, at
}

// wait is how long a query has to wait, whose points it takes.
func (b *budget) wait(kind string, now time.Time) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.at.IsZero() {
		return 0
	}
	c := b.last
	c.Status.Left = min(c.Status.Most, c.Status.Left+max(0, now.Sub(b.at).Seconds())*c.Status.Restore)
	c.Requested = b.of[kind]
	d := c.missing()
	b.last.Status.Left, b.at = c.Status.Left-c.Requested, now
	return d
}

// A graphError is one entry of errors.
type graphError struct {
	Message    string `json:"message"`
	Path       []any  `json:"path"`
	Extensions struct {
		Code string `json:"code"`
	} `json:"extensions"`
}

// judge finds what is wrong with an answer. Errors may come with a part of the data; a
// part is not what was asked for.
func judge(reply *connectors.Reply, safe, granted bool) (cost, error) {
	var in struct {
		Data       json.RawMessage `json:"data"`
		Errors     json.RawMessage `json:"errors"`
		Extensions struct {
			Cost cost `json:"cost"`
		} `json:"extensions"`
	}
	err := json.Unmarshal(reply.Body, &in)
	if err == nil && reply.Status == http.StatusOK {
		err = connectors.CheckJSON(reply.Body)
	}
	if reply.Status != http.StatusOK {
		var said string
		_ = json.Unmarshal(in.Errors, &said) // a text, or entries, or nothing
		return in.Extensions.Cost, refused(reply, said, granted)
	}
	unsure := &connectors.Error{Class: connectors.Transient, Message: "no answer of the API", Err: err}
	if !safe {
		unsure.Class = connectors.Unanswered
	}
	if err != nil {
		return in.Extensions.Cost, unsure
	}
	var list []graphError
	if len(in.Errors) > 0 {
		if err := json.Unmarshal(in.Errors, &list); err != nil {
			unsure.Err = err
			return in.Extensions.Cost, unsure
		}
	}
	switch {
	case len(list) > 0:
		return in.Extensions.Cost, sorted(list, in.Extensions.Cost, safe, reply.At)
	case len(in.Data) == 0 || string(in.Data) == "null":
		return in.Extensions.Cost, unsure
	}
	return in.Extensions.Cost, nil
}

// sorted makes an error of the entries of an answer, of the gravest one.
func sorted(list []graphError, c cost, safe bool, at time.Time) error {
	first := list[0]
	for _, g := range list {
		if g.Extensions.Code == "ACCESS_DENIED" || g.Extensions.Code == "THROTTLED" {
			first = g
			break
		}
	}
	x := &connectors.Error{Class: connectors.Refused, Code: first.Extensions.Code, Message: first.Message}
	if len(first.Path) > 0 {
		x.Message += fmt.Sprintf(" (%s)", strings.Trim(fmt.Sprint(first.Path), "[]"))
	}
	switch first.Extensions.Code {
	case "THROTTLED":
		x.Class, x.Until = connectors.Wait, at.Add(max(c.missing(), time.Second))
	case "ACCESS_DENIED":
		x.Class, x.Cause = connectors.Reauth, connectors.CauseFunction
		x.Hint = "give the app the scopes that docs/malls/shopify.md lists; names and addresses also need access to protected customer data, level 2 (the app's API access page)"
	case "SHOP_INACTIVE":
		x.Class, x.Cause, x.Hint = connectors.Reauth, connectors.CauseFunction, "the store is closed or paused: open it again in Shopify"
	case "INTERNAL_SERVER_ERROR":
		x.Class = connectors.Transient
		if !safe {
			x.Class = connectors.Unanswered
		}
	}
	return x
}

// refused makes an error of an answer with another status than 200; nil for those that
// the client sorts itself.
func refused(reply *connectors.Reply, said string, granted bool) error {
	x := &connectors.Error{Class: connectors.Reauth, Cause: connectors.CauseFunction, Message: said}
	switch reply.Status {
	case http.StatusUnauthorized:
		x.Cause, x.Hint = connectors.CauseKey, "compare access_token with the custom app's API credentials; a token ends when the app is uninstalled"
		if granted {
			x.Cause, x.Hint = connectors.CauseToken, "the app was uninstalled, or its secret was replaced: compare client_id and client_secret with the Dev Dashboard"
		}
	case http.StatusPaymentRequired:
		x.Hint = "the store is frozen until its bill is paid"
	case http.StatusForbidden:
		x.Hint = "the app may not use this store: install it, and give it the scopes that docs/malls/shopify.md lists"
	case http.StatusNotFound:
		return noShop()
	case http.StatusBadRequest:
		x.Class, x.Cause = connectors.Refused, ""
	case 430: // taken for an attack
		x.Class, x.Cause, x.Until = connectors.Wait, "", reply.At.Add(time.Minute)
	default:
		return nil
	}
	return x
}
