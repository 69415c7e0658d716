package amazon

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/mallbridge/mallbridge/connectors"
)

// agent is the form of User-Agent that Amazon asks for.
var agent = fmt.Sprintf("Mallbridge/1 (Language=Go/%s; Platform=%s)", strings.TrimPrefix(runtime.Version(), "go"), runtime.GOOS)

// A client makes the calls of one seller.
type client struct {
	*connectors.Client
	id     string // of the app
	access *connectors.Token

	mu    sync.Mutex
	other bool // the second app secret is the one that works
}

func newClient(c *connectors.Client, id string) *client {
	x := &client{Client: c, id: id}
	x.access = c.NewToken("x-amz-access-token", "", x.refresh)
	return x
}

// read gets something.
func (c *client) read(ctx context.Context, kind, path string, query url.Values) (*connectors.Reply, error) {
	return c.call(ctx, connectors.Request{Kind: kind, Method: http.MethodGet, Path: path, Query: encode(query), Safe: true}, nil)
}

// encode writes a query with blanks as %20, which every server reads alike.
func encode(q url.Values) string { return strings.ReplaceAll(q.Encode(), "+", "%20") }

// call carries a call out with token and headers; body is sent as JSON.
func (c *client) call(ctx context.Context, r connectors.Request, body any) (*connectors.Reply, error) {
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return nil, &connectors.Error{Class: connectors.Refused, Call: r.Kind, Message: "the request cannot be written", Err: err}
		}
		r.Body = text
		r.Header = http.Header{"Content-Type": {"application/json"}}
	}
	r.Token = c.access
	r.Sign = func(q *http.Request, at time.Time) error {
		q.Header.Set("User-Agent", agent)
		q.Header.Set("X-Amz-Date", at.UTC().Format("20060102T150405Z"))
		return nil
	}
	r.Judge = func(reply *connectors.Reply) error { return judge(reply, r.Safe) }
	return c.Do(ctx, r)
}

// A grant is what Login with Amazon answers.
type grant struct {
	Access  string `json:"access_token"`
	Refresh string `json:"refresh_token"`
	Expires int64  `json:"expires_in"`
	Error   string `json:"error"`
	Text    string `json:"error_description"`
}

// refresh gets an access token with the refresh token. While an app secret is
// replaced both are valid: the one that worked last is tried first, then the other.
func (c *client) refresh(ctx context.Context) (connectors.Access, error) {
	refresh, err := c.Granted("refresh_token")
	if err != nil {
		e := *connectors.AsError(err)
		e.Call, e.Hint = "token", "authorise the app in Seller Central and give the refresh token that it shows, or run account consent"
		return connectors.Access{}, &e
	}
	g, at, err := c.login(ctx, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refresh}})
	if err != nil {
		return connectors.Access{}, err
	}
	return connectors.Access{Value: g.Access, Ends: at.Add(time.Duration(g.Expires) * time.Second)}, nil
}

// login asks for tokens, with each of the app secrets until one is accepted.
func (c *client) login(ctx context.Context, form url.Values) (grant, time.Time, error) {
	first, err := c.Secret("client_secret")
	if err != nil {
		return grant{}, time.Time{}, err
	}
	second, err := c.Secret("client_secret_next")
	if err != nil {
		return grant{}, time.Time{}, err
	}
	list := []string{first}
	c.mu.Lock()
	other := c.other
	c.mu.Unlock()
	if second != "" && second != first {
		list = append(list, second)
		if other {
			list[0], list[1] = second, first
		}
	}
	var refused error
	for _, secret := range list {
		g, at, err := c.loginWith(ctx, form, secret)
		if err == nil {
			c.mu.Lock()
			c.other = secret != first
			c.mu.Unlock()
			return g, at, nil
		}
		if connectors.AsError(err).Code != "invalid_client" {
			return g, at, err
		}
		if refused == nil {
			refused = err
		}
	}
	return grant{}, time.Time{}, refused
}

func (c *client) loginWith(ctx context.Context, form url.Values, secret string) (grant, time.Time, error) {
	var g grant
	f := url.Values{"client_id": {c.id}, "client_secret": {secret}}
	for k, v := range form {
		f[k] = v
	}
	reply, err := c.Do(ctx, connectors.Request{
		Kind: "token", Method: http.MethodPost, Host: "login", Path: "/auth/o2/token", Safe: f.Get("grant_type") == "refresh_token", Confidential: true,
		Header: http.Header{"Content-Type": {"application/x-www-form-urlencoded;charset=UTF-8"}}, Body: []byte(f.Encode()), Judge: judgeLogin,
	})
	if err != nil {
		return g, time.Time{}, err
	}
	if err := unmarshal(reply.Body, &g); err != nil || g.Access == "" {
		return g, time.Time{}, &connectors.Error{Class: connectors.Transient, Call: "token", Message: "the reply has no access token", Err: err}
	}
	c.Hide(g.Access, g.Refresh)
	return g, reply.At, nil
}

// hints for what Login with Amazon says.
var hints = map[string]string{
	"invalid_grant":       "the shop's authorisation has ended or is of another app: authorise the app again (account consent, or Seller Central for an app of your own) and give the new refresh token",
	"invalid_client":      "the app secret is wrong or has ended (180 days): issue a new one and give it as client_secret; compare client_id",
	"unauthorized_client": "the app may not use this grant: look at it in the Solution Provider Portal",
}

// judgeLogin finds the errors of Login with Amazon.
func judgeLogin(reply *connectors.Reply) error {
	if reply.Status == http.StatusTooManyRequests || reply.Status >= 500 || reply.Status >= 300 && reply.Status < 400 {
		return nil
	}
	var g grant
	if err := unmarshal(reply.Body, &g); err != nil {
		return &connectors.Error{Class: connectors.Transient, Message: "no answer of Login with Amazon", Err: err}
	}
	if g.Error == "" {
		return nil
	}
	e := &connectors.Error{Class: connectors.Refused, Code: g.Error, Message: g.Text}
	if h := hints[g.Error]; h != "" {
		e.Class, e.Cause, e.Hint = connectors.Reauth, connectors.CauseKey, h
	}
	return e
}

// problem is one entry of the errors of an answer.
type problem struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	Details string `json:"details"`
}

// judge finds the errors of an operation. The spelling of codes is not uniform, so
// the status decides.
func judge(reply *connectors.Reply, safe bool) error {
	s := reply.Status
	if s == http.StatusNoContent && len(reply.Body) == 0 {
		return nil
	}
	var e struct {
		Errors []problem `json:"errors"`
	}
	err := unmarshal(reply.Body, &e)
	if s >= 200 && s < 300 {
		switch {
		case err != nil:
			return &connectors.Error{Class: unclear(safe), Message: "no reply of the API", Err: err}
		case len(e.Errors) > 0:
			return problems(&connectors.Error{Class: unclear(safe)}, e.Errors)
		}
		return nil
	}
	out := problems(connectors.StatusError(reply, safe), e.Errors)
	switch {
	case s == http.StatusUnauthorized || s == http.StatusForbidden:
		lacking(out, e.Errors)
	case s == http.StatusInternalServerError && safe:
		out.Class = connectors.Transient
	}
	return out
}

// unclear is the class of an answer that is none.
func unclear(safe bool) connectors.Class {
	if safe {
		return connectors.Transient
	}
	return connectors.Unanswered
}

func problems(e *connectors.Error, list []problem) *connectors.Error {
	var text []string
	for _, p := range list {
		if e.Code == "" {
			e.Code = p.Code
		}
		text = append(text, strings.TrimSuffix(p.Message+": "+p.Details, ": "))
	}
	if len(text) > 0 {
		e.Message = strings.Join(text, "; ")
	}
	return e
}

// lacking tells an access token that has ended from a role that the app lacks.
func lacking(e *connectors.Error, list []problem) {
	e.Class, e.Cause = connectors.Reauth, connectors.CauseFunction
	e.Hint = "the app lacks the role for this call, the shop authorised it before it had the role, or region is another than the shop's: look at the roles in the Solution Provider Portal, then authorise the app again"
	for _, p := range list {
		text := strings.ToLower(p.Details + " " + p.Message)
		if strings.Contains(text, "access token") {
			e.Cause, e.Hint = connectors.CauseToken, "authorise the app again and give the new refresh token"
		}
	}
}

func unmarshal(body []byte, v any) error {
	if err := connectors.CheckJSON(body); err != nil {
		return err
	}
	return json.Unmarshal(body, v)
}

// broken is the error of a reply that is not what was asked for.
func broken(call, format string, args ...any) error {
	return &connectors.Error{Class: connectors.Transient, Call: call, Message: fmt.Sprintf(format, args...)}
}

func rejected(code, format string, args ...any) connectors.Result {
	return connectors.Result{Outcome: connectors.Rejected, Code: code, Detail: fmt.Sprintf(format, args...)}
}

// notWritten is the result of a write that could not begin because a read failed.
func notWritten(err error) connectors.Result {
	r := connectors.ResultOf(err)
	if r.Outcome == connectors.Unknown {
		r.Outcome = connectors.Retry
	}
	return r
}
