package coupang

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/mallbridge/mallbridge/connectors"
)

const (
	openAPI   = "/v2/providers/openapi/apis/api"
	sellerAPI = "/v2/providers/seller_api/apis/api/v1/marketplace"
)

// A client makes the calls of one vendor.
type client struct {
	*connectors.Client
	vendor string
}

// get reads. The query is made of pairs of names and values.
func (c *client) get(ctx context.Context, kind, path string, query ...string) (*envelope, *connectors.Reply, error) {
	return c.call(ctx, connectors.Request{Kind: kind, Method: http.MethodGet, Path: path, Query: encode(query), Safe: true}, false)
}

// write sends a body, once.
func (c *client) write(ctx context.Context, kind, method, path string, body any) (*envelope, error) {
	text, err := json.Marshal(body)
	if err != nil {
		return nil, &connectors.Error{Class: connectors.Refused, Call: kind, Message: "the request cannot be written", Err: err}
	}
	e, _, err := c.call(ctx, connectors.Request{Kind: kind, Method: method, Path: path, Body: text}, true)
	return e, err
}

// call makes one call. The gateway gives up after seconds unless it is told to be
// patient; it counts how often it is, so that only what takes long or must not be
// left in doubt asks for it.
func (c *client) call(ctx context.Context, r connectors.Request, patient bool) (*envelope, *connectors.Reply, error) {
	var e envelope
	r.Header = http.Header{
		"Content-Type":   {"application/json;charset=UTF-8"},
		"X-Requested-By": {c.vendor},
	}
	if patient {
		r.Header.Set("X-Extended-Timeout", "30000")
	}
	r.Sign = c.sign
	r.Judge = func(reply *connectors.Reply) error {
		e = envelope{}
		return judge(reply, &e, r.Safe)
	}
	reply, err := c.Do(ctx, r)
	return &e, reply, err
}

// encode writes a query. Colons stay as they are, as in Coupang's own examples;
// what is signed is what is sent.
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

// sign adds the HMAC of time, method, path and query. The body is not signed.
func (c *client) sign(r *http.Request, at time.Time) error {
	access, err := c.Secret("access_key")
	if err != nil {
		return err
	}
	secret, err := c.Secret("secret_key")
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", authorization(access, secret, r.Method, r.URL.EscapedPath(), r.URL.RawQuery, at))
	return nil
}

func authorization(access, secret, method, path, query string, at time.Time) string {
	date := at.UTC().Format("060102T150405Z")
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(date + method + path + query))
	return "CEA algorithm=HmacSHA256, access-key=" + access + ", signed-date=" + date + ", signature=" + hex.EncodeToString(mac.Sum(nil))
}

// Codes that the client gives to errors which the driver acts on.
const (
	codeTooWide = "READ_TIMED_OUT" // 412: the window holds too much
	codeGone    = "GONE"           // the order is cancelled, returned or unknown
)

// judge reads the envelope of a reply and finds what is wrong with it.
func judge(reply *connectors.Reply, e *envelope, safe bool) error {
	broken := json.Unmarshal(reply.Body, e)
	if reply.Status == http.StatusOK && broken == nil {
		return inside(e, safe)
	}
	x := connectors.StatusError(reply, safe)
	if reply.Status == http.StatusOK {
		x.Class, x.Message, x.Err = unsure(safe), "the reply is not JSON", broken
		return x
	}
	if broken == nil && e.Message != "" {
		x.Code, x.Message = string(e.Code), string(e.Message)
	}
	switch reply.Status {
	case http.StatusBadRequest:
		x.Code, x.Hint = badRequest(x.Code, x.Message)
	case http.StatusUnauthorized, http.StatusForbidden:
		x.Class = connectors.Reauth
		x.Cause, x.Hint = denied(x.Message)
	case http.StatusGone:
		x.Hint = "Coupang has withdrawn this call; a newer version of the program is needed"
	case http.StatusPreconditionFailed:
		x.Class, x.Code = connectors.Refused, codeTooWide
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

// inside finds errors in a reply whose status says that all is well.
func inside(e *envelope, safe bool) error {
	x := &connectors.Error{Code: string(e.Code), Message: string(e.Message)}
	switch code := string(e.Code); code {
	case "200", "SUCCESS", "OK":
		return nil
	case "400":
		x.Class = connectors.Refused
		x.Code, x.Hint = badRequest(x.Code, x.Message)
	case "401", "403":
		x.Class = connectors.Reauth
		x.Cause, x.Hint = denied(x.Message)
	case "412":
		x.Class, x.Code = connectors.Refused, codeTooWide
	case "429":
		x.Class = connectors.Wait
	case "":
		x.Class, x.Message = unsure(safe), "a reply without code"
	default:
		x.Class = unsure(safe)
	}
	return x
}

// badRequest tells those refusals apart that somebody acts on.
func badRequest(code, message string) (newCode, hint string) {
	switch {
	case gone(message):
		return codeGone, ""
	case strings.Contains(message, "Invalid vendor ID"):
		return code, "compare vendor_id with 업체코드 in WING: the key belongs to another vendor"
	}
	return code, ""
}

// gone recognizes the texts for orders that are not to be asked for again.
func gone(message string) bool {
	for _, t := range [...]string{"취소 또는 반품", "유효하지 않은 주문번호"} {
		if strings.Contains(message, t) {
			return true
		}
	}
	return false
}

// denied tells why the gateway lets nobody in.
func denied(message string) (connectors.Cause, string) {
	switch {
	case strings.Contains(message, "Not allowed IP"):
		return connectors.CauseIP, "register this machine's public IP in WING under 추가판매정보 → OPEN API 키 발급; it takes up to 30 minutes"
	case strings.Contains(message, "expired"):
		return connectors.CauseClock, "set this machine's clock; a signature lives for five minutes"
	case strings.Contains(message, "not authorized"):
		return connectors.CauseKey, "the key is unknown or older than 180 days; issue it again in WING under 추가판매정보 → OPEN API 키 발급"
	}
	return connectors.CauseKey, "compare access_key and secret_key with WING, 추가판매정보 → OPEN API 키 발급"
}

func (c *client) vendorPath(version, rest string) string {
	return fmt.Sprintf("%s/%s/vendors/%s%s", openAPI, version, c.vendor, rest)
}
