package elevenst

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/mallbridge/mallbridge/connectors"
)

// seoul is the zone of all times. Korea has no daylight saving time.
var seoul = time.FixedZone("KST", 9*60*60)

// minutes is how paths write times.
const minutes = "200601021504"

// A client makes the calls of one seller.
type client struct {
	*connectors.Client
}

// read gets a document that begins with one of the roots.
func (c *client) read(ctx context.Context, kind, path string, roots ...string) (*connectors.Reply, error) {
	return c.call(ctx, connectors.Request{Kind: kind, Method: http.MethodGet, Path: path, Safe: true}, roots)
}

// send sends a document whose effect is the same however often it comes.
func (c *client) send(ctx context.Context, kind, method, path, body, root string) (*connectors.Reply, error) {
	return c.call(ctx, connectors.Request{
		Kind: kind, Method: method, Path: path, Safe: true,
		Header: http.Header{"Content-Type": {"text/xml; charset=euc-kr"}},
		// Only digits and names of elements: the bytes are those of EUC-KR.
		Body: []byte(`<?xml version="1.0" encoding="euc-kr"?>` + body),
	}, []string{root})
}

// write carries out a call that changes something, once, and returns the mall's
// code and text. Such calls are GETs; nothing repeats them.
func (c *client) write(ctx context.Context, kind, path string) (saying, error) {
	var s saying
	reply, err := c.call(ctx, connectors.Request{Kind: kind, Method: http.MethodGet, Path: path}, []string{rootAction})
	if err == nil {
		s = sayingOf(reply.Body)
	}
	return s, err
}

func (c *client) call(ctx context.Context, r connectors.Request, roots []string) (*connectors.Reply, error) {
	r.Sign = func(q *http.Request, _ time.Time) error {
		key, err := c.Secret("openapi_key")
		if err == nil {
			q.Header["openapikey"] = []string{key} // as the guide spells it
		}
		return err
	}
	r.Judge = func(reply *connectors.Reply) error { return judge(reply, r.Safe, roots) }
	return c.Do(ctx, r)
}

// A saying is an answer that is nothing but a code and a text.
type saying struct{ code, text string }

// The roots of answers.
const (
	rootList     = "orders"
	rootAction   = "ResultOrder"
	rootMessage  = "ClientMessage"
	rootAuth     = "AuthMessage"
	rootProducts = "products"
	rootProduct  = "Product"
	rootStock    = "ProductStocks"
	rootStocks   = "ProductStockss" // as one source saw it
)

// sayingOf reads the code and text of an answer; both are empty where it is a
// document with records.
func sayingOf(body []byte) saying {
	const most = 64 << 10 // no such answer is longer
	if len(body) > most || hasRows(body) {
		return saying{}
	}
	text, err := decode(body)
	if err != nil {
		text = strings.ToValidUTF8(string(body), "?") // the codes are ASCII
	}
	f, err := readFields(text)
	if err != nil {
		return saying{}
	}
	for _, n := range [...][2]string{{"result_code", "result_text"}, {"resultCode", "message"}, {"resultCode", "resultMessage"}} {
		if f[n[0]] != "" && (f[n[1]] != "" || n[1] != "message") {
			return saying{f[n[0]], f[n[1]]}
		}
	}
	return saying{}
}

// hasRows reports whether a list has orders in it.
func hasRows(body []byte) bool {
	root, ok := nextTag(body, 0)
	if !ok {
		return false
	}
	child, ok := nextTag(body, root.end)
	return ok && string(child.name) == "order" && !child.closing
}

// judge finds what is wrong with an answer, which should begin with one of the
// roots. Errors come in other shapes than what was asked for.
func judge(reply *connectors.Reply, safe bool, roots []string) error {
	root := rootOf(reply.Body)
	x := connectors.StatusError(reply, safe)
	switch {
	case root == rootAuth:
		// An address that is not registered comes as a 500.
		return denied(sayingOf(reply.Body))
	case reply.Status != http.StatusOK:
		return x
	case root == rootMessage:
		if err := product(sayingOf(reply.Body), safe, reply.At); err != nil {
			return err
		}
	case root == rootAction, root == rootList && !hasRows(reply.Body):
		s := sayingOf(reply.Body)
		if err := general(s, safe, reply.At); err != nil {
			return err
		}
		// A list without rows says so by the code 0; an action's codes are its caller's.
		if root == rootList && s.code != "0" {
			x.Class, x.Code, x.Message = connectors.Refused, s.code, s.text
			return x
		}
	}
	if !slices.Contains(roots, root) {
		x.Class, x.Message = unsure(safe), "the answer is not the document that was asked for, or was cut off"
		return x
	}
	return nil
}

// unsure is the class of a reply that says nothing for certain.
func unsure(safe bool) connectors.Class {
	if safe {
		return connectors.Transient
	}
	return connectors.Unanswered
}

const (
	maintenancePause = 10 * time.Minute
	quotaPause       = time.Hour
)

// general finds the codes that any call can be answered with. Others are the
// caller's to read.
func general(s saying, safe bool, at time.Time) error {
	x := &connectors.Error{Code: s.code, Message: s.text}
	switch {
	case s.code == "":
		x.Class, x.Message = unsure(safe), "an answer without code"
	case s.code == "-500":
		return denied(s)
	case s.code == "-1" && strings.Contains(s.text, "OpenAPI Key"):
		x.Class, x.Cause, x.Hint = connectors.Reauth, connectors.CauseKey, "compare openapi_key with the OPEN API KEY under Seller API 정보; a key older than 180 days has to be issued again"
	case s.code == "-1000":
		x.Class, x.Until = connectors.Wait, at.Add(maintenancePause)
	case s.code == "004":
		x.Class, x.Until = connectors.Wait, at.Add(quotaPause)
	case s.code == "-400":
		x.Class, x.Hint = connectors.Refused, "base_url must be https and end in /rest"
	default:
		return nil
	}
	return x
}

// product finds what is wrong with an answer about a product or stock, whose code
// for success is 200.
func product(s saying, safe bool, at time.Time) error {
	if s.code == "200" {
		return nil
	}
	if err := general(s, safe, at); err != nil {
		return err
	}
	return &connectors.Error{Class: connectors.Refused, Code: s.code, Message: s.text}
}

// denied is the answer of the gate.
func denied(s saying) error {
	x := &connectors.Error{Class: connectors.Reauth, Cause: connectors.CauseKey, Code: s.code, Message: s.text}
	if strings.Contains(s.text, "IP") {
		x.Cause = connectors.CauseIP
		x.Hint = "register this machine's public IP in the Open API centre under Seller API 정보, in all three fields; several are joined by semicolons"
		return x
	}
	x.Hint = "look under Seller API 정보 whether the key is approved for this group of calls and not older than 180 days"
	return x
}
