package smartstore

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/mallbridge/mallbridge/connectors"
)

// seoul is the zone of all times. Korea has no daylight saving time.
var seoul = time.FixedZone("KST", 9*60*60)

// millis is how times are written, in queries and bodies.
const millis = "2006-01-02T15:04:05.000-07:00"

func stamp(t time.Time) string { return t.In(seoul).Format(millis) }

const (
	payOrder   = "/v1/pay-order/seller"
	typeSeller = "SELLER"
)

// A client makes the calls of one application.
type client struct {
	*connectors.Client
	id, kind, seller string // client_id, type and account_id of the token
	token            *connectors.Token
	pace             *pace
}

// An envelope is what the answers of the calls have around them.
type envelope struct {
	Code    text            `json:"code"`
	Message text            `json:"message"`
	Trace   text            `json:"traceId"`
	Data    json.RawMessage `json:"data"`
	Invalid []struct {
		Name    text `json:"name"`
		Message text `json:"message"`
	} `json:"invalidInputs"`

	Contents []json.RawMessage `json:"contents"`      // of products/search
	Origin   json.RawMessage   `json:"originProduct"` // of origin-products
}

// get reads what an answer must have under key.
func (c *client) get(ctx context.Context, kind, path, key string, query ...string) (*envelope, *connectors.Reply, error) {
	return c.call(ctx, connectors.Request{Kind: kind, Method: http.MethodGet, Path: path, Query: encode(query), Safe: true}, key)
}

// send sends a body. safe says that it only asks, or sets absolute values.
func (c *client) send(ctx context.Context, kind, method, path string, body any, safe bool, key string) (*envelope, *connectors.Reply, error) {
	raw, err := json.Marshal(body)
	if err != nil {
		return nil, nil, &connectors.Error{Class: connectors.Refused, Call: kind, Message: "the request cannot be written", Err: err}
	}
	return c.call(ctx, connectors.Request{
		Kind: kind, Method: method, Path: path, Body: raw, Safe: safe, Header: http.Header{"Content-Type": {"application/json"}},
	}, key)
}

func (c *client) call(ctx context.Context, r connectors.Request, key string) (*envelope, *connectors.Reply, error) {
	var e envelope
	r.Token = c.token
	r.Judge = func(reply *connectors.Reply) error {
		e = envelope{}
		c.pace.saw(r.Kind, reply)
		return judge(reply, &e, r.Safe, key)
	}
	if d := c.pace.wait(r.Kind, c.Now()); d > 0 {
		if err := c.Sleep(ctx, d); err != nil {
			return nil, nil, &connectors.Error{Class: connectors.Transient, Call: r.Kind, Message: "not sent", Err: err}
		}
	}
	reply, err := c.Do(ctx, r)
	return &e, reply, err
}

// encode writes a query of pairs of names and values. A plus sign must be escaped.
func encode(pairs []string) string {
	var b strings.Builder
	for i := 0; i+1 < len(pairs); i += 2 {
		if i > 0 {
			b.WriteByte('&')
		}
		b.WriteString(pairs[i] + "=" + strings.ReplaceAll(url.QueryEscape(pairs[i+1]), "%3A", ":"))
	}
	return b.String()
}

// early is how long before its end a token is given up: the mall gives a new one to
// whoever asks when less than 30 minutes are left, and the same one before.
const early = 20 * time.Minute

// signIn gets a token. All processes with the same application get the same one, so
// that none ends that of another.
func (c *client) signIn(ctx context.Context) (connectors.Access, error) {
	var got struct {
		Token   text        `json:"access_token"`
		Seconds json.Number `json:"expires_in"`
	}
	reply, err := c.Do(ctx, connectors.Request{
		Kind: "token", Method: http.MethodPost, Path: "/v1/oauth2/token", Safe: true, Confidential: true,
		Header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, Sign: c.sign,
		Judge: func(reply *connectors.Reply) error {
			c.pace.saw("token", reply)
			return judgeToken(reply, &got)
		},
	})
	if err != nil {
		return connectors.Access{}, err
	}
	c.Hide(string(got.Token))
	seconds, err := got.Seconds.Int64()
	if err != nil || seconds <= 0 || seconds > 366*24*3600 {
		return connectors.Access{}, &connectors.Error{Class: connectors.Transient, Call: "token", Message: "expires_in is no number of seconds"}
	}
	life := time.Duration(seconds) * time.Second
	if life > 2*early {
		life -= early
	}
	return connectors.Access{Value: string(got.Token), Ends: reply.At.Add(life)}, nil
}

// sign writes the form with the signature, which is good for five minutes.
func (c *client) sign(r *http.Request, at time.Time) error {
	secret, err := c.Secret("client_secret")
	if err != nil {
		return err
	}
	ms := at.UnixMilli()
	sum, err := signature(c.id, secret, ms)
	if err != nil {
		return &connectors.Error{Class: connectors.Reauth, Cause: connectors.CauseKey, Message: "client_secret: " + err.Error(), Hint: keyHint}
	}
	c.Hide(sum)
	form := url.Values{
		"client_id": {c.id}, "timestamp": {strconv.FormatInt(ms, 10)}, "client_secret_sign": {sum}, "grant_type": {"client_credentials"}, "type": {c.kind},
	}
	if c.kind == typeSeller {
		form.Set("account_id", c.seller)
	}
	body := form.Encode()
	r.Body, r.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
	return nil
}

const (
	keyHint      = "compare client_id and client_secret with the application in the Commerce API centre (애플리케이션 → 인증정보)"
	ipHint       = "register this machine's public IP in the Commerce API centre, 애플리케이션 → API 호출 IP"
	functionHint = "tick the group of this call in the Commerce API centre, 애플리케이션 → API 그룹"
	clockHint    = "set this machine's clock; a signature lives for five minutes"
)

// clockOff is how far the clocks may be apart before a refused signature is laid to it.
const clockOff = 4 * time.Minute

// judgeToken reads an answer to a login. How Naver words a refused signature is not
// documented: whatever is refused there is the key, unless the clocks are apart.
func judgeToken(reply *connectors.Reply, into any) error {
	var e envelope
	if reply.Status == http.StatusOK {
		if err := json.Unmarshal(reply.Body, into); err != nil {
			return &connectors.Error{Class: connectors.Transient, Message: "the reply is not JSON", Err: err}
		}
		return nil
	}
	x := connectors.AsError(judge(reply, &e, true, ""))
	at, err := http.ParseTime(reply.Header.Get("Date"))
	switch off := at.Sub(reply.At); {
	case reply.Status != http.StatusBadRequest && reply.Status != http.StatusUnauthorized && reply.Status != http.StatusForbidden, x.Cause == connectors.CauseIP:
	case err == nil && (off > clockOff || off < -clockOff):
		x.Class, x.Cause, x.Hint = connectors.Reauth, connectors.CauseClock, clockHint
	default:
		x.Class, x.Cause, x.Hint = connectors.Reauth, connectors.CauseKey, keyHint
	}
	return x
}

// judge reads an answer that must have something under key ("" for nothing), and finds
// what is wrong with it.
func judge(reply *connectors.Reply, e *envelope, safe bool, key string) error {
	broken := json.Unmarshal(reply.Body, e)
	x := connectors.StatusError(reply, safe)
	if broken == nil && reply.Status >= 200 && reply.Status < 300 {
		if e.has(key) && !strings.HasPrefix(string(e.Code), "GW.") && len(e.Invalid) == 0 {
			return nil
		}
		x.Class, x.Message = unsure(safe), "an answer without "+key
		if e.Code != "" || e.Message != "" {
			x.Message = e.says(reply)
		}
		x.Code = string(e.Code)
		return byCode(x, e, reply, safe)
	}
	if reply.Status >= 200 && reply.Status < 300 {
		x.Class, x.Message, x.Err = unsure(safe), "the reply is not JSON", broken
		return x
	}
	if broken == nil && (e.Code != "" || e.Message != "") {
		x.Code, x.Message = string(e.Code), e.says(reply)
	}
	return byCode(x, e, reply, safe)
}

func (e *envelope) has(key string) bool {
	given := func(raw json.RawMessage) bool { return len(raw) > 0 && !bytes.Equal(raw, []byte("null")) }
	switch key {
	case "data":
		return given(e.Data)
	case "contents":
		return e.Contents != nil
	case "originProduct":
		return given(e.Origin)
	}
	return true
}

// says is the mall's message with the field that is wrong, and the number by which
// Naver finds the call.
func (e *envelope) says(reply *connectors.Reply) string {
	s := string(e.Message)
	for _, i := range e.Invalid {
		s += "; " + string(i.Name) + ": " + string(i.Message)
	}
	if t := string(e.Trace); t != "" {
		return s + " (trace " + t + ")"
	}
	if t := reply.Header.Get("GNCP-GW-Trace-ID"); t != "" {
		return s + " (trace " + t + ")"
	}
	return s
}

// unsure is the class of a reply that says nothing for certain.
func unsure(safe bool) connectors.Class {
	if safe {
		return connectors.Transient
	}
	return connectors.Unanswered
}

const (
	ratePause        = time.Second
	quotaPause       = time.Minute
	blockPause       = time.Minute
	maintenancePause = 10 * time.Minute
)

// byCode sorts an error by the gateway's codes.
func byCode(x *connectors.Error, e *envelope, reply *connectors.Reply, safe bool) error {
	told := reply.Header.Get("Retry-After") != ""
	wait := func(d time.Duration) {
		x.Class = connectors.Wait
		if x.Until = reply.At.Add(d); told {
			x.Until = connectors.RetryAfter(reply, reply.At)
		}
	}
	switch code := string(e.Code); {
	case code == "GW.AUTHN":
		x.Class, x.Cause, x.Hint = connectors.Reauth, connectors.CauseToken, keyHint
	case code == "GW.IP_NOT_ALLOWED":
		x.Class, x.Cause, x.Hint = connectors.Reauth, connectors.CauseIP, ipHint
	case code == "GW.NOT_FOUND":
		x.Class, x.Hint = connectors.Refused, "base_url must end in /external, or in /partner for the application of an agency"
	case code == "GW.RATE_LIMIT":
		wait(ratePause)
	case code == "GW.QUOTA_LIMIT":
		wait(quotaPause)
	case code == "GW.BLOCK.01":
		wait(blockPause)
	case code == "GW.BLOCK.02":
		wait(maintenancePause)
	case strings.HasPrefix(code, "GW."):
		x.Class = unsure(safe)
	case reply.Status == http.StatusForbidden:
		x.Class, x.Cause, x.Hint = connectors.Reauth, connectors.CauseFunction, functionHint
	case reply.Status == http.StatusUnauthorized:
		x.Class, x.Cause, x.Hint = connectors.Reauth, connectors.CauseToken, keyHint
	}
	return x
}

// pace follows what the mall says of its limits with each answer.
type pace struct {
	mu    sync.Mutex
	until map[string]time.Time // by call: no token is left before
}

func newPace() *pace { return &pace{until: map[string]time.Time{}} }

// saw reads the headers of an answer. A bucket that is empty gets its next token after
// the part of a second that its rate says.
func (p *pace) saw(kind string, reply *connectors.Reply) {
	left, err := strconv.ParseFloat(reply.Header.Get("GNCP-GW-RateLimit-Remaining"), 64)
	if err != nil || left >= 1 || math.IsNaN(left) {
		return
	}
	rate, err := strconv.ParseFloat(reply.Header.Get("GNCP-GW-RateLimit-Replenish-Rate"), 64)
	if err != nil || math.IsNaN(rate) || rate < 0.1 {
		rate = 1
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.until[kind] = reply.At.Add(time.Duration(float64(time.Second) / rate))
}

// wait is how long a call must wait.
func (p *pace) wait(kind string, now time.Time) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.until[kind].Sub(now)
}
