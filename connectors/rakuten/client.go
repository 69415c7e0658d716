package rakuten

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"regexp"
	"strings"
	"time"

	"github.com/mallbridge/mallbridge/connectors"
)

var int64Type = reflect.TypeFor[int64]()

// stamp is the only form of a time that the order API takes: the zone without colon.
const stamp = "2006-01-02T15:04:05-0700"

type client struct {
	*connectors.Client
	secret func(string) (string, error)
}

// authorization is the word ESA and both secrets in Base64.
func (c client) authorization() (string, error) {
	secret, err := c.secret("service_secret")
	if err != nil {
		return "", err
	}
	key, err := c.secret("license_key")
	if err != nil {
		return "", err
	}
	encoded := base64.StdEncoding.EncodeToString([]byte(secret + ":" + key))
	c.Hide(encoded)
	return "ESA " + encoded, nil
}

// order calls a function of the order API.
func (c client) order(ctx context.Context, function string, safe bool, body any) (*connectors.Reply, error) {
	return c.call(ctx, connectors.Request{
		Kind: function, Method: http.MethodPost, Path: "/es/2.0/order/" + function + "/", Safe: safe,
	}, body)
}

func (c client) call(ctx context.Context, r connectors.Request, body any) (*connectors.Reply, error) {
	auth, err := c.authorization()
	if err != nil {
		return nil, err
	}
	r.Header = http.Header{}
	if body != nil {
		if r.Body, err = json.Marshal(body); err != nil {
			return nil, &connectors.Error{Class: connectors.Refused, Message: "the request cannot be written", Err: err}
		}
		r.Header.Set("Content-Type", "application/json; charset=utf-8")
	}
	r.Sign = func(q *http.Request, _ time.Time) error {
		q.Header.Set("Authorization", auth)
		return nil
	}
	r.Judge = func(reply *connectors.Reply) error { return judge(reply, r.Safe) }
	return c.Do(ctx, r)
}

// judge finds the gateway's errors and those of a call as a whole. Entries about
// single orders are left to the caller.
func judge(reply *connectors.Reply, safe bool) error {
	switch s := reply.Status; {
	case s == http.StatusTooManyRequests, s >= 500, s >= 300 && s < 400:
		return nil
	case s == http.StatusNoContent && len(reply.Body) == 0:
		return nil
	}
	var e envelope
	if err := unmarshal(reply.Body, &e); err != nil {
		if reply.Status == http.StatusUnauthorized || reply.Status == http.StatusForbidden {
			return denied("", http.StatusText(reply.Status))
		}
		class := connectors.Transient
		if !safe {
			class = connectors.Unanswered
		}
		return &connectors.Error{Class: class, Message: "no reply of the API; RMS may be under maintenance", Err: err}
	}
	old := e.old()
	switch {
	case old.Code != "":
		return gateway(string(old.Code), string(old.Message))
	case len(e.Errors) > 0 && e.Errors[0].Metadata.Path == "":
		return gateway(string(e.Errors[0].Code), string(e.Errors[0].Message))
	case reply.Status == http.StatusUnauthorized || reply.Status == http.StatusForbidden:
		return denied("", http.StatusText(reply.Status))
	}
	var of []string
	for _, m := range e.Messages {
		if m.error() && m.OrderNumber == "" && !m.DataNumber.Set {
			of = append(of, fmt.Sprintf("%s %s", m.Code, m.Message))
		}
	}
	if len(of) > 0 {
		return &connectors.Error{Class: connectors.Refused, Code: string(firstError(e.Messages).Code), Message: strings.Join(of, "; ")}
	}
	return nil
}

func firstError(all []message) message {
	for _, m := range all {
		if m.error() {
			return m
		}
	}
	return message{}
}

func gateway(code, text string) error {
	switch code {
	case "GA0001":
		return denied(code, text)
	case "ES04-01":
		return &connectors.Error{
			Class: connectors.Reauth, Cause: connectors.CauseFunction, Code: code, Message: text,
			Hint: "switch the function on in RMS: 拡張サービス → WEB APIサービス → 利用設定 → 利用機能編集",
		}
	case "CE0001", "GE0019", "X0000":
		// Conflict with another process, shop state not to be had, unexpected: none of
		// them did anything.
		return &connectors.Error{Class: connectors.Transient, Code: code, Message: text}
	}
	return &connectors.Error{Class: connectors.Refused, Code: code, Message: text}
}

func denied(code, text string) error {
	return &connectors.Error{
		Class: connectors.Reauth, Cause: connectors.CauseKey, Code: code, Message: text,
		Hint: "look in RMS whether the licence key has ended (90 days) and the function is switched on; a new key takes up to 30 minutes",
	}
}

func unmarshal(body []byte, v any) error {
	if err := connectors.CheckJSON(body); err != nil {
		return err
	}
	return json.Unmarshal(body, v)
}

// card finds what must not be kept of a payment card.
var card = regexp.MustCompile(`"(cardName|cardNumber|cardOwner|cardYm)"\s*:\s*"(?:[^"\\]|\\.)*"`)

// scrub takes card data out of orders.
func scrub(call string, body []byte) []byte {
	if call != "getOrder" {
		return body
	}
	return card.ReplaceAll(body, []byte(`"$1":null`))
}
