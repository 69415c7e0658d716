package shopserve

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/mallbridge/mallbridge/connectors"
)

// tokyo is the zone of all times. Japan has no daylight saving time.
var tokyo = time.FixedZone("JST", 9*60*60)

// hostItem is the open API, which reads what shop pages show.
const hostItem = "item"

// A client makes the calls of one shop.
type client struct {
	*connectors.Client
	shop string
}

// manage calls the management API. safe says that carrying it out twice does no harm.
func (c *client) manage(ctx context.Context, kind, method, path string, body []byte, safe bool) (*connectors.Reply, error) {
	return c.call(ctx, connectors.Request{Kind: kind, Method: method, Path: path, Body: body, Safe: safe}, "manager_key")
}

// open reads from the open API.
func (c *client) open(ctx context.Context, kind, path string) (*connectors.Reply, error) {
	return c.call(ctx, connectors.Request{Kind: kind, Method: http.MethodGet, Host: hostItem, Path: path, Safe: true}, "open_key")
}

func (c *client) call(ctx context.Context, r connectors.Request, key string) (*connectors.Reply, error) {
	if r.Body != nil {
		r.Header = http.Header{"Content-Type": {"application/json"}}
	}
	r.Sign = func(q *http.Request, _ time.Time) error {
		secret, err := c.Secret(key)
		if err == nil {
			c.Hide(base64.StdEncoding.EncodeToString([]byte(c.shop + ":" + secret)))
			q.SetBasicAuth(c.shop, secret)
		}
		return err
	}
	r.Judge = func(reply *connectors.Reply) error { return judge(reply, r.Safe, key) }
	return c.Do(ctx, r)
}

// judge sorts an answer by its status: what errors look like is not public.
func judge(reply *connectors.Reply, safe bool, key string) error {
	x := connectors.StatusError(reply, safe)
	switch s := reply.Status; {
	case s == http.StatusUnauthorized, s == http.StatusForbidden:
		x.Hint = "compare shop_id and " + key + " with the console (サーバー → ショップサーブAPI): a key that was issued again replaces the old one at once"
	case s >= 200 && s < 300 && len(reply.Body) > 0 && !json.Valid(reply.Body):
		x.Class, x.Message = connectors.Unanswered, "the reply is not JSON"
		if safe {
			x.Class = connectors.Transient
		}
	case s >= 200 && s < 300:
		return nil
	case s >= 400:
		x.Message = strings.TrimSpace(x.Message + ": " + said(reply.Body))
	}
	return x
}

// said is the beginning of an answer that nobody knows the shape of.
func said(body []byte) string {
	const most = 200
	s := strings.Join(strings.Fields(strings.ToValidUTF8(string(body), "?")), " ")
	if r := []rune(s); len(r) > most {
		s = string(r[:most]) + "…"
	}
	return s
}

// itemPath is the address of an item; codes can hold anything.
func itemPath(code, rest string) string {
	return "/v2/items/" + url.PathEscape(code) + rest
}

// An endpoint is a call that the account describes. Names in braces in its path and
// body stand for values.
type endpoint struct{ method, path, body string }

var placeholder = regexp.MustCompile(`\{([a-z_]+)\}`)

// check says what is wrong with a call, of which values are those that it may name.
func (e endpoint) check(values map[string]string) error {
	for _, part := range []struct{ name, text string }{{"path", e.path}, {"body", e.body}} {
		for _, m := range placeholder.FindAllStringSubmatch(part.text, -1) {
			if _, ok := values[m[1]]; !ok {
				return fmt.Errorf("%s: {%s} is not known there", part.name, m[1])
			}
		}
	}
	if _, body := e.fill(values); body != nil && !json.Valid(body) {
		return fmt.Errorf("body: it is not JSON, with values for the names in braces")
	}
	return nil
}

// numbers are the values that stand in a body without quotes.
var numbers = []string{"offset", "size", "page"}

// fill puts values in: escaped in the path, as text of JSON in the body, which is nil
// where the account has none.
func (e endpoint) fill(values map[string]string) (path string, body []byte) {
	path = placeholder.ReplaceAllStringFunc(e.path, func(m string) string { return url.PathEscape(values[strings.Trim(m, "{}")]) })
	if e.body == "" {
		return path, nil
	}
	text := placeholder.ReplaceAllStringFunc(e.body, func(m string) string {
		name := strings.Trim(m, "{}")
		if slices.Contains(numbers, name) {
			return values[name]
		}
		quoted, _ := json.Marshal(values[name]) // text always can
		return strings.Trim(string(quoted), `"`)
	})
	return path, []byte(text)
}

// describe carries out a call of the account's.
func (c *client) describe(ctx context.Context, kind string, e endpoint, values map[string]string, safe bool) (*connectors.Reply, error) {
	path, body := e.fill(values)
	return c.manage(ctx, kind, e.method, path, body, safe)
}
