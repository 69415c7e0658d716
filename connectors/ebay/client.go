package ebay

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/mallbridge/mallbridge/connectors"
)

// Paths below the API's address.
const (
	fulfillment = "/sell/fulfillment/v1"
	inventory   = "/sell/inventory/v1"
	analytics   = "/developer/analytics/v1_beta"
)

const jsonType = "application/json"

// A client makes the calls of one seller.
type client struct {
	*connectors.Client
	id, ruName string
	scopes     string // as eBay writes them, with blanks between
	consent    string // address of the page on which the shop agrees

	seller      *connectors.Token // of the shop: orders and stock
	application *connectors.Token // of the program alone: limits
}

func newClient(a connectors.Account, c *connectors.Client) client {
	x := client{
		Client: c, id: a.Settings["client_id"], ruName: a.Settings["ru_name"],
		consent: "https://auth." + a.Settings["domain"] + "/oauth2",
	}
	if a.Settings[connectors.BaseURL] != "" {
		x.consent = c.Base() + "/consent"
	}
	var scopes []string
	for _, s := range strings.Fields(a.Settings["scopes"]) {
		scopes = append(scopes, scopeBase+"/"+s)
	}
	x.scopes = strings.Join(scopes, " ")
	x.seller = c.NewToken("Authorization", "Bearer ", x.refresh)
	x.application = c.NewToken("Authorization", "Bearer ", x.ofApplication)
	return x
}

// get reads. The query is made of pairs of names and values.
func (c *client) get(ctx context.Context, kind, path string, query ...string) (*connectors.Reply, error) {
	return c.call(ctx, connectors.Request{Kind: kind, Method: http.MethodGet, Path: path, Query: encode(query), Safe: true, Token: c.seller})
}

// post sends a body. safe says that it does no harm twice.
func (c *client) post(ctx context.Context, kind, path string, body any, safe bool) (*connectors.Reply, error) {
	text, err := json.Marshal(body)
	if err != nil {
		return nil, &connectors.Error{Class: connectors.Refused, Call: kind, Message: "the request cannot be written", Err: err}
	}
	return c.call(ctx, connectors.Request{Kind: kind, Method: http.MethodPost, Path: path, Body: text, Safe: safe, Token: c.seller})
}

func (c *client) call(ctx context.Context, r connectors.Request) (*connectors.Reply, error) {
	r.Header = http.Header{"Accept": {jsonType}}
	if r.Body != nil {
		r.Header.Set("Content-Type", jsonType)
	}
	r.Judge = func(reply *connectors.Reply) error { return c.judge(reply, r.Safe) }
	return c.Do(ctx, r)
}

func encode(pairs []string) string {
	var b strings.Builder
	for i := 0; i+1 < len(pairs); i += 2 {
		if i > 0 {
			b.WriteByte('&')
		}
		b.WriteString(pairs[i] + "=" + url.QueryEscape(pairs[i+1]))
	}
	return b.String()
}

// refresh gets an access token of the shop, which lives for two hours.
func (c *client) refresh(ctx context.Context) (connectors.Access, error) {
	token, err := c.Granted("refresh_token")
	if err != nil {
		return connectors.Access{}, err
	}
	g, err := c.grant(ctx, true, "grant_type", "refresh_token", "refresh_token", token, "scope", c.scopes)
	return g.access(c.Now()), err
}

// ofApplication gets an access token of the program, without a shop.
func (c *client) ofApplication(ctx context.Context) (connectors.Access, error) {
	g, err := c.grant(ctx, true, "grant_type", "client_credentials", "scope", scopeBase)
	return g.access(c.Now()), err
}

// A granted is the answer of the token endpoint.
type granted struct {
	Token       string `json:"access_token"`
	Lives       int64  `json:"expires_in"` // seconds
	Refresh     string `json:"refresh_token"`
	RefreshEnds int64  `json:"refresh_token_expires_in"` // seconds
}

func (g *granted) access(now time.Time) connectors.Access {
	a := connectors.Access{Value: g.Token}
	if g.Lives > 0 {
		a.Ends = now.Add(time.Duration(g.Lives) * time.Second).UTC()
	}
	return a
}

// grant asks for a token.
func (c *client) grant(ctx context.Context, safe bool, form ...string) (granted, error) {
	var g granted
	_, err := c.Do(ctx, connectors.Request{
		Kind: "token", Method: http.MethodPost, Host: "login", Path: "/token", Safe: safe, Confidential: true,
		Header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "Accept": {jsonType}},
		Body:   []byte(encode(form)),
		Sign: func(r *http.Request, _ time.Time) error {
			secret, err := c.Secret("client_secret")
			if err != nil {
				return err
			}
			login := base64.StdEncoding.EncodeToString([]byte(c.id + ":" + secret))
			c.Hide(login)
			r.Header.Set("Authorization", "Basic "+login)
			return nil
		},
		Judge: func(reply *connectors.Reply) error { return c.judgeLogin(reply, safe, &g) },
	})
	if err != nil {
		return granted{}, err
	}
	c.Hide(g.Token, g.Refresh)
	return g, nil
}

// judgeLogin reads the answer of the token endpoint, whose errors have a form of their
// own.
func (c *client) judgeLogin(reply *connectors.Reply, safe bool, g *granted) error {
	var failed struct {
		Error       text `json:"error"`
		Description text `json:"error_description"`
	}
	err := json.Unmarshal(reply.Body, &failed)
	x := connectors.StatusError(reply, safe)
	if failed.Error != "" {
		x.Code, x.Message = string(failed.Error), string(failed.Description)
	}
	switch {
	case failed.Error == "invalid_grant":
		x.Class, x.Cause = connectors.Reauth, connectors.CauseKey
		x.Hint = "the consent has ended, was withdrawn, or belongs to another application: run account consent with this account's name"
	case failed.Error == "invalid_scope":
		x.Class, x.Cause = connectors.Reauth, connectors.CauseFunction
		x.Hint = "the shop did not agree to all of scopes: run account consent with this account's name, or take away what is not needed"
	case failed.Error == "invalid_client", failed.Error == "unauthorized_client":
		x.Class, x.Cause = connectors.Reauth, connectors.CauseKey
		x.Hint = "compare client_id and client_secret with the key set under developer.ebay.com; production and sandbox have key sets of their own"
	case reply.Status != http.StatusOK:
		if x.Class == connectors.Reauth {
			x.Hint = "compare client_id and client_secret with the key set under developer.ebay.com"
		}
	case err != nil || json.Unmarshal(reply.Body, g) != nil || g.Token == "":
		x.Class, x.Message = unsure(safe), "the answer has no access token"
	default:
		return nil
	}
	return x
}

// unsure is the class of a reply that says nothing for certain.
func unsure(safe bool) connectors.Class {
	if safe {
		return connectors.Transient
	}
	return connectors.Unanswered
}

// A fault is one entry of errors or warnings.
type fault struct {
	ID       json.Number `json:"errorId"`
	Category text        `json:"category"`
	Message  text        `json:"message"`
	Long     text        `json:"longMessage"`
	Values   []struct {
		Name  text `json:"name"`
		Value text `json:"value"`
	} `json:"parameters"`
}

// Numbers of errors that the driver acts on.
const (
	errToken      = "1001"
	errPermission = "1100"
	errDailyLimit = "2001"
	errNotFound   = "1002"
	errOrderID    = "32100"
	errSuspended  = "32400"
	errNoItem     = "25710"
	errNoSKU      = "25702"
	errNoOffer    = "25713"
	errTooMany    = "25727"
	errMeanwhile  = "25025"
)

func (f *fault) text() string {
	s := string(f.Message)
	if f.Long != "" && f.Long != f.Message {
		s = strings.TrimPrefix(s+": "+string(f.Long), ": ")
	}
	for _, v := range f.Values {
		s += fmt.Sprintf(" (%s: %s)", v.Name, v.Value)
	}
	return s
}

// judge finds what is wrong with a reply.
func (c *client) judge(reply *connectors.Reply, safe bool) error {
	var body struct {
		Errors []fault `json:"errors"`
	}
	good := reply.Status >= 200 && reply.Status < 300
	if good && len(reply.Body) == 0 {
		return nil // 201 and 204 have none
	}
	err := json.Unmarshal(reply.Body, &body)
	x := connectors.StatusError(reply, safe)
	switch {
	case good && err != nil && !json.Valid(reply.Body):
		x.Class, x.Message = unsure(safe), "the reply is not JSON, or was cut off"
		return x
	case good && len(body.Errors) == 0:
		return nil
	case good: // an error where success was promised
		x.Class = unsure(safe)
	}
	if len(body.Errors) == 0 {
		c.hint(x)
		return x
	}
	f := body.Errors[0]
	x.Code, x.Message = f.ID.String(), f.text()
	switch {
	case x.Code == errToken:
		x.Class, x.Cause = connectors.Reauth, connectors.CauseToken
	case x.Code == errPermission:
		x.Class, x.Cause = connectors.Reauth, connectors.CauseFunction
	case x.Code == errDailyLimit && reply.Status == http.StatusTooManyRequests && reply.Header.Get("Retry-After") == "":
		// Calls that wait hold a stage up: none waits longer than an hour to try again.
		day := nextDay(reply.At)
		x.Class, x.Until = connectors.Wait, day
		if most := reply.At.Add(time.Hour); day.After(most) {
			x.Until = most
		}
		x.Hint = "the calls of the day are used up; eBay counts anew from " + day.Format(time.RFC3339)
	case f.Category == "APPLICATION" && reply.Status < 500:
		// Not done: the same again may pass.
		x.Class = connectors.Transient
	case x.Code == errSuspended:
		x.Hint = "eBay has suspended the seller: ask eBay"
	}
	c.hint(x)
	return x
}

// hint says what a person can do where eBay lets nobody in.
func (c *client) hint(x *connectors.Error) {
	if x.Class != connectors.Reauth {
		return
	}
	x.Hint = "the consent may have ended or been withdrawn: run account consent with this account's name"
	if x.Cause == connectors.CauseFunction {
		x.Hint = "the call needs a scope that the shop did not agree to: compare scopes and run account consent again"
	}
}

// pacific is the zone in which eBay's days of calls begin.
var pacific = func() *time.Location {
	l, err := time.LoadLocation("America/Los_Angeles")
	if err != nil {
		return time.FixedZone("PST", -8*60*60)
	}
	return l
}()

// nextDay is when the calls of a new day may begin: midnight in Pacific time.
func nextDay(at time.Time) time.Time {
	p := at.In(pacific)
	return time.Date(p.Year(), p.Month(), p.Day()+1, 0, 0, 0, 0, pacific).UTC()
}

// stamp is how eBay writes times.
const stamp = "2006-01-02T15:04:05.000Z"

func number(n int) string { return strconv.Itoa(n) }
