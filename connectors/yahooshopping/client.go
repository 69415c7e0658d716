package yahooshopping

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"encoding/xml"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/mallbridge/mallbridge/connectors"
)

// A client makes the calls of one store.
type client struct {
	*connectors.Client
	settings map[string]string
	token    *connectors.Token
	unsigned atomic.Bool // the last signature was not accepted
	skewed   atomic.Bool // the mall's clock was asked once
}

// post sends XML to an operation of the order API.
func (c *client) post(ctx context.Context, operation, body string, safe bool) (*connectors.Reply, error) {
	return c.call(ctx, connectors.Request{
		Kind: operation, Method: http.MethodPost, Path: "/" + operation, Safe: safe,
		Header: http.Header{"Content-Type": {"application/xml; charset=utf-8"}}, Body: []byte(xml.Header + body),
	})
}

// form sends parameters to an operation of the stock API. What is sent has the same
// effect however often it comes.
func (c *client) form(ctx context.Context, operation string, q url.Values) (*connectors.Reply, error) {
	q.Set("seller_id", c.settings["seller_id"])
	return c.call(ctx, connectors.Request{
		Kind: operation, Method: http.MethodPost, Path: "/" + operation, Safe: true,
		Header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, Body: []byte(q.Encode()),
	})
}

// get asks an operation of the item API.
func (c *client) get(ctx context.Context, operation string, q url.Values) (*connectors.Reply, error) {
	q.Set("seller_id", c.settings["seller_id"])
	return c.call(ctx, connectors.Request{Kind: operation, Method: http.MethodGet, Path: "/" + operation, Query: q.Encode(), Safe: true})
}

func (c *client) call(ctx context.Context, r connectors.Request) (*connectors.Reply, error) {
	r.Token, r.Sign = c.token, c.sign
	signed, err := c.signs()
	if err != nil {
		return nil, err
	}
	r.Judge = func(reply *connectors.Reply) error {
		if err := judge(reply, r.Safe); err != nil {
			return err
		}
		return c.accepted(reply, signed, r.Safe)
	}
	return c.Do(ctx, r)
}

// accepted looks whether the mall took the signature. Where it did not, the reply is
// good all the same, but the consent ends 12 hours after it was given. A clock that
// differs from ours is looked at once, for the time is part of the signature.
func (c *client) accepted(reply *connectors.Reply, signed, safe bool) error {
	if !signed {
		return nil
	}
	good := reply.Header.Get("X-SWS-Authorize-Status") == "authorized"
	if good || reply.Status >= 300 {
		if good {
			c.unsigned.Store(false)
		}
		return nil
	}
	if at, err := http.ParseTime(reply.Header.Get("Date")); err == nil && safe && at.Sub(reply.At).Abs() > time.Minute && c.skewed.CompareAndSwap(false, true) {
		return &connectors.Error{Class: connectors.Reauth, Cause: connectors.CauseClock, Message: "the signature was not accepted", Hint: "set the machine's clock by NTP"}
	}
	if !c.unsigned.Swap(true) {
		c.Warn("the signature was not accepted: the consent ends 12 hours after it was given; run account test")
	}
	return nil
}

// signs reports whether calls carry a signature or a certificate.
func (c *client) signs() (bool, error) {
	for _, name := range []string{"public_key", "certificate"} {
		v, err := c.Secret(name)
		if err != nil {
			return false, err
		}
		if v != "" {
			return true, nil
		}
	}
	return false, nil
}

// sign adds the seller ID and the time, encrypted with the store's public key.
func (c *client) sign(r *http.Request, at time.Time) error {
	text, err := c.Secret("public_key")
	if err != nil || text == "" {
		return err
	}
	key, err := publicKey(text)
	if err != nil {
		return badKey("public_key", err)
	}
	version := c.settings["key_version"]
	if version == "" {
		return badKey("key_version", errors.New("it is not set"))
	}
	//lint:ignore SA1019 Yahoo takes no other padding
	sealed, err := rsa.EncryptPKCS1v15(rand.Reader, key, []byte(c.settings["seller_id"]+":"+strconv.FormatInt(at.Unix(), 10)))
	if err != nil {
		return badKey("public_key", err)
	}
	r.Header.Set("X-sws-signature", base64.StdEncoding.EncodeToString(sealed))
	r.Header.Set("X-sws-signature-version", version)
	return nil
}

func badKey(name string, err error) error {
	return &connectors.Error{
		Class: connectors.Reauth, Cause: connectors.CauseKey, Message: name + " cannot be used", Err: err,
		Hint: "copy the key and its version from Store Creator Pro: 設定 → 暗号鍵管理",
	}
}

// publicKey reads a key with or without its PEM frame, and with \n written out.
func publicKey(text string) (*rsa.PublicKey, error) {
	text = strings.ReplaceAll(text, `\n`, "\n")
	if !strings.Contains(text, "-----BEGIN") {
		text = "-----BEGIN PUBLIC KEY-----\n" + strings.TrimSpace(text) + "\n-----END PUBLIC KEY-----\n"
	}
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return nil, errors.New("it is no PEM")
	}
	parsed, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, errors.New("it is no public key in PKIX form")
	}
	key, ok := parsed.(*rsa.PublicKey)
	if !ok {
		return nil, errors.New("it is no RSA key")
	}
	return key, nil
}

// certificate is the older pair of the store, where it has one.
func (c *client) certificate() (*tls.Certificate, error) {
	cert, err := c.Secret("certificate")
	if err != nil || cert == "" {
		return nil, err
	}
	key, err := c.Secret("certificate_key")
	if err != nil {
		return nil, err
	}
	pair, err := tls.X509KeyPair([]byte(cert), []byte(key))
	if err != nil {
		return nil, errors.New("certificate and certificate_key do not belong together")
	}
	return &pair, nil
}

// A fault is what is wrong with a call, in any of the shapes that the API gives.
type fault struct {
	root    string
	code    string
	message string
	ng      bool
}

// faultOf reads the beginning of a reply: its root, and what error it tells of.
func faultOf(body []byte) (fault, error) {
	var doc struct {
		XMLName xml.Name
		Code    string     `xml:"Code"`
		Message string     `xml:"Message"`
		Status  string     `xml:"Status"`
		Error   codeOf     `xml:"Error"`
		Results []resultNG `xml:"Result"`
	}
	if err := unmarshal(body, &doc); err != nil {
		return fault{}, err
	}
	f := fault{root: doc.XMLName.Local, code: strings.TrimSpace(doc.Code), message: strings.TrimSpace(doc.Message)}
	if f.root == "Error" {
		f.ng = true
		return f, nil
	}
	at, status := doc.Error, strings.TrimSpace(doc.Status)
	for _, r := range doc.Results {
		if r.Status == "NG" {
			at, status = r.Error, "NG"
		}
	}
	if status == "NG" {
		f.ng, f.code, f.message = true, strings.TrimSpace(at.Code), strings.TrimSpace(at.Message)
	}
	return f, nil
}

type codeOf struct {
	Code    string `xml:"Code"`
	Message string `xml:"Message"`
}

type resultNG struct {
	Status string `xml:"Status"`
	Error  codeOf `xml:"Error"`
}

// unmarshal reads a whole document of UTF-8.
func unmarshal(body []byte, v any) error {
	d := xml.NewDecoder(strings.NewReader(string(body)))
	if err := d.Decode(v); err != nil {
		return err
	}
	return nil
}

// The roots of replies.
const (
	rootResult = "Result"
	rootSet    = "ResultSet"
	rootError  = "Error"
)

// judge finds what is wrong with a reply.
func judge(reply *connectors.Reply, safe bool) error {
	e := connectors.StatusError(reply, safe)
	f, err := faultOf(reply.Body)
	said := strings.ToLower(reply.Header.Get("WWW-Authenticate"))
	known := err == nil && (f.root == rootResult || f.root == rootSet || f.root == rootError)
	if known {
		e.Code, e.Message = f.code, cmp.Or(f.message, e.Message)
	}
	switch {
	case reply.Status == http.StatusTooManyRequests, reply.Status >= 300 && reply.Status < 400:
		return nil
	case strings.Contains(e.Message, "Your Request was Forbidden"):
		e.Class, e.Cause, e.Until = connectors.Wait, "", reply.At.Add(time.Hour)
		e.Hint = "the Client ID has used up its 50,000 calls of the day, or is not known"
	case f.code == "px-04102":
		e.Class, e.Cause = connectors.Reauth, connectors.CauseKey
		e.Hint = "the consent ended after 12 hours: look at public_key, key_version and the key's year in Store Creator Pro (設定 → 暗号鍵管理), then run account consent"
	case f.code == "px-04306":
		e.Class, e.Cause = connectors.Reauth, connectors.CauseIP
		e.Hint = "register this machine's public address in the application for the order API (注文API利用申請)"
	case f.code == "px-04303", f.code == "px-14303", strings.Contains(said, "insufficient_scope"):
		e.Class, e.Cause = connectors.Reauth, connectors.CauseFunction
		e.Hint = "have the Client ID approved for store operations and, by a second application, for the order API; agree to the use of the API in Store Creator Pro"
	case f.code == "px-14304":
		e.Class, e.Cause = connectors.Reauth, connectors.CauseFunction
		e.Hint = "the person who consented has no right to this store: compare seller_id, and let somebody with 注文管理 consent"
	case reply.Status == http.StatusUnauthorized:
		// An access token that ended; if a new one is refused too, the consent is at fault.
		e.Class, e.Cause, e.Hint = connectors.Reauth, connectors.CauseToken, "run account consent"
	case reply.Status == http.StatusForbidden:
		e.Class, e.Cause, e.Hint = connectors.Reauth, connectors.CauseKey, "look at the Client ID in the developer network, and at its approval for the order API"
	case !known && reply.Status == http.StatusOK && whole(reply.Body):
		return nil // something inside cannot be read: that is for its record
	case !known:
		if reply.Status >= 500 || reply.Status == http.StatusNotFound {
			return nil
		}
		e.Class, e.Message, e.Err = unsure(safe), "the answer is not the document that was asked for, or was cut off; Yahoo may be under maintenance", err
	case reply.Status >= 500:
		return e
	case f.ng:
		e.Class = connectors.Refused
	case reply.Status < 300:
		return nil
	}
	return e
}

// whole reports whether a reply begins and ends as one set of results does, whatever is
// in it.
func whole(body []byte) bool {
	b := bytes.TrimSpace(body)
	if rest, ok := bytes.CutPrefix(b, []byte("<?xml")); ok {
		if at := bytes.Index(rest, []byte("?>")); at >= 0 {
			b = bytes.TrimSpace(rest[at+2:])
		}
	}
	return bytes.HasPrefix(b, []byte("<"+rootSet)) && bytes.HasSuffix(b, []byte("</"+rootSet+">"))
}

// unsure is the class of a reply that says nothing for certain.
func unsure(safe bool) connectors.Class {
	if safe {
		return connectors.Transient
	}
	return connectors.Unanswered
}

var notPlain = regexp.MustCompile(`[<>&]`)

// text writes an element with a text.
func text(name, value string) string {
	if notPlain.MatchString(value) {
		var b strings.Builder
		_ = xml.EscapeText(&b, []byte(value)) // a builder takes everything
		value = b.String()
	}
	return "<" + name + ">" + value + "</" + name + ">"
}
