package shopify

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/vektah/gqlparser/v2/ast"
)

// What the mall allows.
const (
	maxBody   = 1 << 20
	mostCost  = 1000
	tokenLife = 86399 * time.Second
)

// ServeHTTP answers one request to https://SHOP.myshopify.com.
func (m *Mall) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.request++
	now := m.opt.Now()
	w.Header().Set("Date", now.UTC().Format(http.TimeFormat))
	w.Header().Set("X-Request-Id", fmt.Sprintf("00000000-0000-4000-8000-%012x", m.request))
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	switch {
	case err != nil || len(body) > maxBody:
		answer(w, http.StatusBadRequest, map[string]any{"errors": "the request cannot be read"})
	case r.URL.RawQuery != "":
		answer(w, http.StatusBadRequest, map[string]any{"errors": "no parameters are documented"})
	case r.URL.Path == "/admin/oauth/access_token":
		m.grant(w, r, body, now)
	case r.URL.Path == "/admin/api/"+Version+"/graphql.json":
		w.Header().Set("X-Shopify-Api-Version", Version)
		if m.opt.Answers != "" {
			w.Header().Set("X-Shopify-Api-Version", m.opt.Answers)
		}
		m.graphql(w, r, body, now)
	default:
		answer(w, http.StatusNotFound, map[string]any{"errors": "Not Found"})
	}
}

func answer(w http.ResponseWriter, status int, v any) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes()) // the client has hung up if this fails
}

func isJSON(r *http.Request) bool {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return err == nil && kind == "application/json"
}

// grant is the client credentials grant.
func (m *Mall) grant(w http.ResponseWriter, r *http.Request, body []byte, now time.Time) {
	refuse := func(code, why string) {
		answer(w, http.StatusBadRequest, map[string]any{"error": code, "error_description": why})
	}
	if r.Method != http.MethodPost {
		answer(w, http.StatusMethodNotAllowed, map[string]any{"errors": "Method Not Allowed"})
		return
	}
	given := map[string]string{}
	if isJSON(r) {
		if err := json.Unmarshal(body, &given); err != nil {
			refuse("invalid_request", "the body is no JSON")
			return
		}
	} else {
		form, err := url.ParseQuery(string(body))
		if err != nil || r.Header.Get("Content-Type") != "application/x-www-form-urlencoded" {
			refuse("invalid_request", "a form or JSON is expected")
			return
		}
		for k := range form {
			given[k] = form.Get(k)
		}
	}
	if len(given) != 3 || given["grant_type"] != "client_credentials" {
		refuse("invalid_request", "client_id, client_secret and grant_type=client_credentials are expected")
		return
	}
	for _, s := range m.shops {
		if s.ClientID == "" || s.ClientID != given["client_id"] || s.ClientSecret != given["client_secret"] {
			continue
		}
		b := make([]byte, 16)
		_, _ = rand.Read(b) // never fails
		token := "shpat_" + hex.EncodeToString(b)
		s.tokens[token] = now.Add(tokenLife)
		answer(w, http.StatusOK, map[string]any{"access_token": token, "scope": strings.Join(s.Scopes, ","), "expires_in": int(tokenLife.Seconds())})
		return
	}
	refuse("invalid_client", "the client is unknown, or its secret is wrong")
}

// shopOf finds the shop of an access token.
func (m *Mall) shopOf(token string, now time.Time) *shop {
	for _, s := range m.shops {
		end, ok := s.tokens[token]
		if token == "" || token != s.Token && (!ok || !now.Before(end)) {
			continue
		}
		if m.faults.Expire && ok {
			if s.uses[token]++; s.uses[token] > 2 {
				delete(s.tokens, token)
				return nil
			}
		}
		return s
	}
	return nil
}

func (m *Mall) graphql(w http.ResponseWriter, r *http.Request, body []byte, now time.Time) {
	if r.Method != http.MethodPost {
		answer(w, http.StatusMethodNotAllowed, map[string]any{"errors": "Method Not Allowed"})
		return
	}
	if !isJSON(r) || r.Header.Get("Accept") != "application/json" {
		answer(w, http.StatusBadRequest, map[string]any{"errors": "Content-Type and Accept must be application/json"})
		return
	}
	s := m.shopOf(r.Header.Get("X-Shopify-Access-Token"), now)
	if s == nil {
		answer(w, http.StatusUnauthorized, map[string]any{"errors": "[API] Invalid API key or access token (unrecognized login or wrong password)"})
		return
	}
	if s.Frozen {
		answer(w, http.StatusPaymentRequired, map[string]any{"errors": "This shop's plan does not have access to this feature"})
		return
	}
	var in struct {
		Query     string         `json:"query"`
		Name      string         `json:"operationName"`
		Variables map[string]any `json:"variables"`
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	d.UseNumber()
	if err := d.Decode(&in); err != nil {
		answer(w, http.StatusBadRequest, map[string]any{"errors": "the body is not what GraphQL over HTTP expects: " + err.Error()})
		return
	}
	if m.faults.Inside {
		answer(w, http.StatusOK, map[string]any{"errors": []any{entry("INTERNAL_SERVER_ERROR", "Internal error. Looks like something went wrong on our end.", nil)}})
		return
	}
	op, vars, errs := checked(in.Query, in.Name, in.Variables)
	if errs != nil {
		answer(w, http.StatusOK, map[string]any{"errors": errs})
		return
	}
	root := map[ast.Operation]string{ast.Query: "QueryRoot", ast.Mutation: "Mutation"}[op.Operation]
	asked := cost(op.SelectionSet, root, vars)
	most := mostCost
	if m.faults.Deep {
		most = 300
	}
	if asked > most {
		answer(w, http.StatusOK, map[string]any{"errors": []any{entry("MAX_COST_EXCEEDED", fmt.Sprintf("Query cost is %d, which exceeds the single query max cost limit (%d).", asked, most), nil)}})
		return
	}
	full := 20 * m.opt.Restore
	s.points = min(full, s.points+now.Sub(s.at).Seconds()*m.opt.Restore)
	s.at = now
	if float64(asked) > s.points {
		answer(w, http.StatusOK, map[string]any{"errors": []any{entry("THROTTLED", "Throttled", nil)}, "extensions": m.spent(s, asked, nil)})
		return
	}
	if m.faults.Denied {
		answer(w, http.StatusOK, map[string]any{"data": nil, "errors": []any{entry("ACCESS_DENIED", "Access denied for orders field.", []any{"orders"})}, "extensions": m.spent(s, asked, 0)})
		return
	}
	x := &run{vars: vars}
	c := &call{m: m, shop: s, now: now}
	var data any = x.do(op.SelectionSet, c.root(root, op, vars), nil)
	if root == "Mutation" {
		x.actual = 10
	}
	s.points -= float64(x.actual)
	out := map[string]any{"data": data, "extensions": m.spent(s, asked, x.actual)}
	if x.errs = append(x.errs, c.errs...); len(x.errs) > 0 {
		out["errors"] = x.errs
	}
	answer(w, http.StatusOK, out)
}

func (m *Mall) spent(s *shop, asked int, actual any) map[string]any {
	return map[string]any{"cost": map[string]any{
		"requestedQueryCost": asked, "actualQueryCost": actual,
		"throttleStatus": map[string]any{"maximumAvailable": 20 * m.opt.Restore, "currentlyAvailable": int(s.points), "restoreRate": m.opt.Restore},
	}}
}

// A call is one operation that the gate let through.
type call struct {
	m    *Mall
	shop *shop
	now  time.Time
	errs []any
}

func (s *shop) may(scope string) bool { return slices.Contains(s.Scopes, scope) }

// needs makes a resolver that a scope guards.
func (c *call) needs(scope, field string, r resolver) resolver {
	if c.shop.may(scope) {
		return r
	}
	return func(map[string]any) (any, error) {
		return nil, &fail{code: "ACCESS_DENIED", message: "Access denied for " + field + " field. Required access: `" + scope + "` access scope."}
	}
}

// root is the query or mutation root. The key of @idempotent stands on the field.
func (c *call) root(kind string, op *ast.OperationDefinition, vars map[string]any) object {
	if kind == "QueryRoot" {
		return object{kind, c.queries()}
	}
	key := ""
	for _, f := range fieldsOf(op.SelectionSet, kind) {
		if d := f.Directives.ForName("idempotent"); d != nil && f.Name == "inventorySetQuantities" {
			v, _ := d.Arguments.ForName("key").Value.Value(vars) // validated before
			key, _ = v.(string)
		}
	}
	return object{kind, map[string]any{
		"fulfillmentCreate": resolver(c.ship), "fulfillmentTrackingInfoUpdate": resolver(c.correct),
		"inventorySetQuantities": resolver(func(args map[string]any) (any, error) { return c.setQuantities(args, key) }),
	}}
}
