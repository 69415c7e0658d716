package connectors

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
)

// A Request is one call of a mall's API.
type Request struct {
	// Kind names the call in limits, counters, logs and captures: getOrder.
	Kind string
	// Method of HTTP.
	Method string
	// Host is the name of an address of [About.Hosts]; empty for the base address.
	Host string
	// URL is a whole address that the mall gave for this one call, such as that of an
	// upload, in place of Host, Path and Query. It must be https, or of the host of the
	// base address. It is taken for a secret.
	URL string
	// Path below the base address, escaped as it goes out: /es/2.0/order/getOrder/.
	Path string
	// Query goes out byte for byte, without the question mark.
	Query string
	// Header holds what is neither secret nor signed.
	Header http.Header
	// Body goes out as it is; nil for none.
	Body []byte
	// Safe says that carrying the call out twice does no harm: reads, and writes of
	// absolute values. What is not safe is repeated only if it was certainly not
	// carried out, whatever its method.
	Safe bool
	// Token is the access token that the call carries; nil for none.
	Token *Token
	// Confidential keeps both bodies out of captures: calls that give tokens.
	Confidential bool
	// Sign adds login or signature; at is the time as the mall's clock shows it. It
	// is called for every try, and what it adds is never captured or logged.
	Sign func(r *http.Request, at time.Time) error
	// Judge finds the mall's own errors in a reply, those inside a 200 too, and
	// returns an [Error] with its class. Where it finds none, the client still
	// refuses 3xx, 401, 403, 404, 405, 415, 429 and 5xx; a 400 that Judge lets pass
	// is the driver's to read. nil: every status but 2xx is an error.
	Judge func(*Reply) error
	// NoRetry leaves retrying to the driver.
	NoRetry bool
}

// A Reply is what came back.
type Reply struct {
	Status int
	Header http.Header
	Body   []byte
	At     time.Time // UTC, by our clock
}

// A Client carries a driver's calls. It holds the account's pace, repeats what may
// be repeated, and keeps secrets out of errors, logs and captures.
type Client struct {
	mall, account string
	about         *About
	carriers      map[string]string
	base          *url.URL
	hosts         map[string]*url.URL
	scrub         func(string, []byte) []byte
	secret        func(string) (string, error)

	transport http.RoundTripper
	now       func() time.Time
	sleep     func(context.Context, time.Duration) error
	jitter    func() float64
	log       *slog.Logger
	capture   Capturer
	meter     Meter
	gate      *Gate

	limits  *limits
	breaker *breaker
	hidden  *redactor
	skew    atomic.Int64
}

const (
	tries      = 4
	firstPause = time.Second
	// longestPause is how long a call waits by itself when the mall says wait; a
	// longer one goes back to the caller as [Wait].
	longestPause = 2 * time.Minute
)

// Carrier returns the mall's code of one of our carrier codes: the account's own, or
// that of [About.Carriers].
func (c *Client) Carrier(code string) (string, bool) {
	if own, ok := c.carriers[code]; ok {
		return own, true
	}
	return c.about.Carrier(code)
}

// CarrierOf returns our carrier code of one of the mall's: the one that the account
// writes so, or that of [About.CarrierOf]; empty if there is none.
func (c *Client) CarrierOf(mall string) string {
	for _, code := range slices.Sorted(maps.Keys(c.carriers)) {
		if c.carriers[code] == mall {
			return code
		}
	}
	return c.about.CarrierOf(mall)
}

// Now is the time by the program's clock.
func (c *Client) Now() time.Time { return c.now() }

// Base is the address that paths are added to.
func (c *Client) Base() string { return c.base.String() }

// HostAddress is an address of [About.Hosts], for a page that people open.
func (c *Client) HostAddress(name string) (string, error) {
	u := c.hosts[name]
	if u == nil {
		return "", &Error{Class: Refused, Message: fmt.Sprintf("there is no host %q in about.yaml", name)}
	}
	return u.String(), nil
}

// Certify lets the account's connections show a client certificate where the mall asks
// for one. get is called for each new connection, so that a certificate can be replaced
// while the program runs; nil and no error for none. A transport that is not
// [http.Transport] is left as it is.
func (c *Client) Certify(get func() (*tls.Certificate, error)) {
	t, ok := c.transport.(*http.Transport)
	if !ok {
		return
	}
	own := t.Clone()
	if own.TLSClientConfig == nil {
		own.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	own.TLSClientConfig.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
		cert, err := get()
		if cert == nil && err == nil {
			cert = &tls.Certificate{}
		}
		return cert, err
	}
	c.transport = own
}

// Warn logs what a person should see to although calls succeed.
func (c *Client) Warn(text string) {
	c.log.Warn(c.hidden.text(text), slog.String("mall", c.mall), slog.String("account", c.account))
}

// Sleep waits, as the clock of the program passes.
func (c *Client) Sleep(ctx context.Context, d time.Duration) error { return c.sleep(ctx, d) }

// Secret returns a secret setting, and hides it from whatever is written.
func (c *Client) Secret(name string) (string, error) {
	v, err := c.secret(name)
	if err != nil {
		return "", &Error{Class: Reauth, Cause: CauseKey, Message: c.hidden.text(fmt.Sprintf("secret %s cannot be read", name)), Err: err}
	}
	c.hidden.add(v)
	return v, nil
}

// Hide keeps a value out of whatever is written: tokens that the mall gave, and
// forms of a secret, such as its Base64.
func (c *Client) Hide(values ...string) { c.hidden.add(values...) }

// Do carries out a call. The error is an [Error]; with one, the reply is there if
// the mall answered.
func (c *Client) Do(ctx context.Context, r Request) (*Reply, error) {
	pause, corrected, renewed := firstPause, false, false
	for try := 1; ; try++ {
		token, err := r.Token.value(ctx, c.now)
		if err != nil {
			return nil, c.named(r, AsError(err))
		}
		reply, err := c.once(ctx, r, token, try)
		if err == nil {
			return reply, nil
		}
		e := AsError(err)
		if ctx.Err() != nil || r.NoRetry || try == tries {
			return reply, c.named(r, e)
		}
		wait := time.Duration(float64(pause) * (0.75 + c.jitter()/2))
		switch {
		case e.Class == Transient, e.Class == Unanswered && r.Safe:
			pause *= 2
		case e.Class == Wait:
			if wait = e.Until.Sub(c.now()); wait > longestPause || e.Call == breakerCall {
				return reply, c.named(r, e)
			}
			wait = max(wait, 0)
		case e.Class == Reauth && e.Cause == CauseClock && !corrected && c.learnSkew(reply):
			corrected, wait = true, 0
		case e.Class == Reauth && e.Cause == CauseToken && !renewed && r.Token != nil:
			r.Token.refuse(token)
			renewed, wait = true, 0
		default:
			return reply, c.named(r, e)
		}
		c.log.LogAttrs(ctx, slog.LevelWarn, "call is repeated", slog.String("mall", c.mall), slog.String("account", c.account),
			slog.String("call", r.Kind), slog.Int("try", try), slog.Duration("pause", wait), slog.String("error", c.hidden.text(e.Error())))
		if serr := c.sleep(ctx, wait); serr != nil {
			return reply, c.named(r, e)
		}
	}
}

// named says which call it was and takes secrets out of the texts.
func (c *Client) named(r Request, e *Error) error {
	out := *e
	if out.Call == "" || out.Call == breakerCall {
		out.Call = r.Kind
	}
	if out.Cause == CauseToken { // a new one was refused too
		out.Cause = CauseKey
	}
	out.Message = c.hidden.text(out.Message)
	out.Code = c.hidden.text(out.Code)
	if out.Err != nil {
		if t := out.Err.Error(); c.hidden.text(t) != t {
			out.Err = errors.New(c.hidden.text(t))
		}
	}
	return &out
}

// learnSkew takes the mall's time from a reply; false if it is ours already.
func (c *Client) learnSkew(reply *Reply) bool {
	if reply == nil {
		return false
	}
	at, err := http.ParseTime(reply.Header.Get("Date"))
	if err != nil {
		return false
	}
	was := c.skew.Load()
	is := int64(at.Sub(reply.At))
	if d := time.Duration(is - was); d > -5*time.Second && d < 5*time.Second {
		return false
	}
	c.skew.Store(is)
	return true
}

func (c *Client) once(ctx context.Context, r Request, token string, try int) (*Reply, error) {
	if err := c.breaker.allow(c.now()); err != nil {
		return nil, err
	}
	start := c.now()
	if err := c.limits.wait(ctx, r.Kind, c.now, c.sleep); err != nil {
		c.breaker.free()
		return nil, &Error{Class: Transient, Message: "not sent", Err: err}
	}
	if c.gate != nil {
		if err := c.gate.enter(ctx, c.mall); err != nil {
			c.breaker.free()
			return nil, &Error{Class: Transient, Message: "not sent", Err: err}
		}
		defer c.gate.leave()
	}
	sent := c.now()
	_, span := trace.SpanFromContext(ctx).TracerProvider().Tracer("github.com/mallbridge/mallbridge").Start(ctx, "mall "+r.Kind, trace.WithSpanKind(trace.SpanKindClient))
	reply, err := c.send(ctx, r, token, sent)
	if err == nil {
		err = c.judge(r, reply)
	}
	done := c.now()
	c.traced(span, r, reply, err, try)
	if reply != nil && c.about.RateHeader != "" {
		c.limits.follow(r.Kind, reply.Header.Get(c.about.RateHeader), done)
	}
	call := Call{
		Mall: c.mall, Account: c.account, Kind: r.Kind, Try: try,
		Waited: sent.Sub(start), Took: done.Sub(sent), OK: err == nil,
	}
	var e *Error
	if err != nil {
		e = AsError(err)
		call.Class = e.Class
		if e.Class == Wait {
			c.limits.block(r.Kind, e.Until)
		}
	}
	c.breaker.saw(done, reply, e)
	if reply != nil {
		call.Status, call.Bytes = reply.Status, len(reply.Body)
	}
	c.meter.Called(call)
	c.log.LogAttrs(ctx, slog.LevelDebug, "call", slog.String("mall", c.mall), slog.String("account", c.account),
		slog.String("call", r.Kind), slog.Int("try", try), slog.Int("status", call.Status), slog.Duration("took", call.Took))
	if c.capture != nil {
		if cerr := c.capture.Capture(ctx, c.exchange(r, reply, e, try, sent)); cerr != nil {
			// Nothing may be done at a mall, or taken from it, that leaves no trace.
			class := Transient
			if !r.Safe {
				class = Unanswered
			}
			return reply, &Error{Class: class, Message: "the raw reply could not be stored", Err: cerr}
		}
	}
	return reply, err
}

// traced ends the span of a call: whose it was and how it went. Address, query, body
// and the mall's words stay out.
func (c *Client) traced(span trace.Span, r Request, reply *Reply, err error, try int) {
	if span.IsRecording() {
		outcome := "ok"
		if err != nil {
			outcome = AsError(err).Class.String()
			span.SetStatus(codes.Error, outcome)
		}
		span.SetAttributes(attribute.String("mallbridge.mall", c.mall), attribute.String("mallbridge.account", c.account), attribute.String("mallbridge.call", r.Kind),
			attribute.Int("mallbridge.try", try), attribute.String("mallbridge.outcome", outcome))
		if reply != nil {
			span.SetAttributes(attribute.Int("http.response.status_code", reply.Status), attribute.Int("http.response.body.size", len(reply.Body)))
		}
	}
	span.End()
}

// unsafeBody keeps Go's transport from repeating a GET by itself when a reused
// connection breaks: some malls change things by GET.
type unsafeBody struct{ io.Reader }

func (unsafeBody) Close() error { return nil }

func (c *Client) send(ctx context.Context, r Request, token string, at time.Time) (*Reply, error) {
	tctx, cancel := context.WithTimeout(ctx, time.Duration(c.about.Timeout))
	defer cancel()
	target, err := c.target(r)
	if err != nil {
		return nil, err
	}
	var body io.Reader
	switch {
	case r.Body != nil:
		body = bytes.NewReader(r.Body)
	case !r.Safe:
		body = unsafeBody{strings.NewReader("")}
	}
	req, err := http.NewRequestWithContext(tctx, r.Method, target.String(), body)
	if err != nil {
		return nil, &Error{Class: Refused, Message: "the request cannot be made", Err: withoutURL(err)}
	}
	if !r.Safe {
		req.GetBody = nil
	}
	for k, v := range r.Header {
		req.Header[k] = v
	}
	req.Header.Set("User-Agent", "mallbridge")
	r.Token.carry(req, token)
	if r.Sign != nil {
		if err := r.Sign(req, at.Add(time.Duration(c.skew.Load()))); err != nil {
			return nil, err
		}
	}
	res, err := c.transport.RoundTrip(req)
	if err != nil {
		return nil, c.unanswered(ctx, r, err)
	}
	defer res.Body.Close()
	limit := c.about.MaxBody
	raw, err := io.ReadAll(io.LimitReader(res.Body, limit+1))
	reply := &Reply{Status: res.StatusCode, Header: res.Header, Body: raw, At: c.now().UTC()}
	if int64(len(raw)) > limit {
		reply.Body = nil
		return reply, &Error{Class: Refused, Status: res.StatusCode, Message: fmt.Sprintf("the reply is longer than %d bytes", limit)}
	}
	if err != nil {
		e := c.unanswered(ctx, r, err)
		e.Status, e.Message = res.StatusCode, "the reply was cut off"
		return reply, e
	}
	if c.scrub != nil {
		reply.Body = c.scrub(r.Kind, reply.Body)
	}
	return reply, nil
}

// target is the address that a call goes to.
func (c *Client) target(r Request) (*url.URL, error) {
	if r.URL != "" {
		c.hidden.add(r.URL)
		u, err := url.Parse(r.URL)
		if err != nil || u.Scheme != "https" && (u.Scheme != c.base.Scheme || u.Host != c.base.Host) {
			return nil, &Error{Class: Refused, Message: "the mall gave an address that is not https", Err: withoutURL(err)}
		}
		return u, nil
	}
	target, path, err := c.address(r)
	if err != nil {
		return nil, err
	}
	unescaped, err := url.PathUnescape(path)
	if err != nil {
		return nil, &Error{Class: Refused, Message: "the path cannot be sent", Err: err}
	}
	target.Path, target.RawPath, target.RawQuery = unescaped, path, r.Query
	return &target, nil
}

// address is the host of a call, and the escaped path there.
func (c *Client) address(r Request) (u url.URL, path string, err error) {
	base := c.base
	if r.Host != "" {
		if base = c.hosts[r.Host]; base == nil {
			return u, "", &Error{Class: Refused, Message: fmt.Sprintf("there is no host %q in about.yaml", r.Host)}
		}
	}
	return *base, base.EscapedPath() + r.Path, nil
}

// unanswered sorts what the transport says when no whole answer came.
func (c *Client) unanswered(ctx context.Context, r Request, err error) *Error {
	e := &Error{Class: Unanswered, Message: "no answer", Err: withoutURL(err)}
	var op *net.OpError
	if r.Safe || errors.As(err, &op) && op.Op == "dial" {
		e.Class = Transient
	}
	if ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded) {
		e.Message = "no answer within " + c.about.Timeout.String()
	}
	return e
}

// withoutURL takes the address, which can hold keys, off an error.
func withoutURL(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

func (c *Client) judge(r Request, reply *Reply) error {
	if r.Judge != nil {
		if err := r.Judge(reply); err != nil {
			e := *AsError(err)
			if e.Status == 0 {
				e.Status = reply.Status
			}
			if e.Class == Wait && e.Until.IsZero() {
				e.Until = RetryAfter(reply, reply.At)
			}
			return &e
		}
		if reply.Status == http.StatusBadRequest || reply.Status == http.StatusConflict || reply.Status == http.StatusUnprocessableEntity {
			return nil
		}
	}
	if reply.Status >= 200 && reply.Status < 300 {
		return nil
	}
	return StatusError(reply, r.Safe)
}

// StatusError sorts a reply by its HTTP status alone.
func StatusError(reply *Reply, safe bool) *Error {
	e := &Error{Class: Refused, Status: reply.Status, Message: http.StatusText(reply.Status)}
	switch s := reply.Status; {
	case s == http.StatusTooManyRequests:
		e.Class, e.Until = Wait, RetryAfter(reply, reply.At)
	case s == http.StatusUnauthorized, s == http.StatusForbidden, s == http.StatusProxyAuthRequired:
		e.Class, e.Cause = Reauth, CauseKey
	case s == http.StatusRequestTimeout, s == http.StatusTooEarly, s == http.StatusLocked:
		e.Class = Transient
	case s == http.StatusServiceUnavailable && reply.Header.Get("Retry-After") != "":
		e.Class, e.Until = Wait, RetryAfter(reply, reply.At)
	case s >= 500:
		e.Class = Unanswered
		if safe {
			e.Class = Transient
		}
	case s >= 300 && s < 400:
		e.Message += ": the mall sends the call elsewhere, which is not followed"
	}
	return e
}

// RetryAfter reads the header Retry-After, in seconds or as a date; one minute
// after at if it is absent or cannot be read. An hour is the most.
func RetryAfter(reply *Reply, at time.Time) time.Time {
	v := strings.TrimSpace(reply.Header.Get("Retry-After"))
	until := at.Add(time.Minute)
	if n, err := strconv.Atoi(v); err == nil && n >= 0 {
		until = at.Add(time.Duration(min(n, 3600)) * time.Second)
	} else if t, err := http.ParseTime(v); err == nil {
		// The mall's clock may differ from ours; what counts is the distance.
		if d, err := http.ParseTime(reply.Header.Get("Date")); err == nil {
			t = at.Add(t.Sub(d))
		}
		until = t
	}
	if most := at.Add(time.Hour); until.After(most) {
		return most
	}
	if until.Before(at) {
		return at
	}
	return until
}
