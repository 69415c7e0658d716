package shopify_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mallbridge/mallbridge/simulator/orders"
	"github.com/mallbridge/mallbridge/simulator/shopify"
)

const (
	domain = "mihon-store"
	token  = "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"
)

type rig struct {
	*testing.T
	*shopify.Mall
	now time.Time
}

func newRig(t *testing.T, o shopify.Options) *rig {
	r := &rig{T: t, now: time.Date(2026, 11, 18, 3, 0, 0, 0, time.UTC)}
	o.Now = func() time.Time { return r.now }
	r.Mall = shopify.New(o)
	r.must(r.AddShop(shopify.Shop{Domain: domain, Token: token, ClientID: "id", ClientSecret: "secret"}))
	return r
}

func (r *rig) must(err error) {
	if err != nil {
		r.Helper()
		r.Fatal(err)
	}
}

// order puts in an order of two lines and returns its name.
func (r *rig) order() string {
	o := orders.NewStream(3).Ordinary(orders.Shopify, r.now, 1)[0]
	o.Ordered = r.now.Add(-time.Hour)
	o.Parcels[0].Lines = []orders.Line{
		{ItemID: "1", OptionID: "11", SKUCode: "MUG", Name: "見本", Quantity: 3, Price: 100}, {ItemID: "2", OptionID: "12", SKUCode: "TEA", Name: "茶", Quantity: 1, Price: 100},
	}
	r.must(r.Place(domain, &o, ""))
	return o.Number
}

func (r *rig) send(path, contentType, key, body string) (int, string) {
	q := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
	q.Header.Set("Content-Type", contentType)
	q.Header.Set("Accept", "application/json")
	if key != "" {
		q.Header.Set("X-Shopify-Access-Token", key)
	}
	w := httptest.NewRecorder()
	r.ServeHTTP(w, q)
	return w.Code, w.Body.String()
}

// ask sends a query; variables are JSON.
func (r *rig) ask(query, variables string) string {
	r.Helper()
	text, err := json.Marshal(query)
	r.must(err)
	if variables == "" {
		variables = "{}"
	}
	status, body := r.send("/admin/api/2026-04/graphql.json", "application/json", token, `{"query":`+string(text)+`,"variables":`+variables+`}`)
	if status != http.StatusOK {
		r.Fatalf("%d %s", status, body)
	}
	return body
}

// What the mall refuses, or would take for something else, is refused.
func TestStrict(t *testing.T) {
	r := newRig(t, shopify.Options{})
	r.order()
	const stock = `mutation S($input: InventorySetQuantitiesInput!, $key: String!) { inventorySetQuantities(input: $input) @idempotent(key: $key) { userErrors { code field } } }`
	row := func(more string) string {
		return `{"key":"k1","input":{"name":"available","reason":"correction","quantities":[{"inventoryItemId":"gid://shopify/InventoryItem/5000000011","locationId":"gid://shopify/Location/700001","quantity":5` + more + `}]}}`
	}
	for name, x := range map[string]struct{ query, variables, says string }{
		"unknown field":       {`{ orders(first: 1) { nodes { fulfilmentStatus } } }`, "", "undefinedField"},
		"unknown argument":    {`{ orders(first: 1, page: 2) { nodes { id } } }`, "", "argumentNotAccepted"},
		"wrong type":          {`{ orders(first: "1") { nodes { id } } }`, "", "argumentLiteralsIncompatible"},
		"unused variable":     {`query Q($a: Int) { shop { name } }`, "", "variableNotUsed"},
		"undeclared variable": {`query Q($a: Int!) { orders(first: $a) { nodes { id } } }`, `{"a":1,"b":2}`, "$b is not declared"},
		"missing variable":    {`query Q($a: Int!) { orders(first: $a) { nodes { id } } }`, "", "INVALID_VARIABLE"},
		"no first":            {`{ orders(sortKey: UPDATED_AT) { nodes { id } } }`, "", "first or last"},
		"too many":            {`{ orders(first: 251, sortKey: UPDATED_AT) { nodes { id } } }`, "", "first or last"},
		"no quotes":           {`{ orders(first: 1, sortKey: UPDATED_AT, query: "updated_at:>=2026-11-18T00:00:00Z") { nodes { id } } }`, "", "not quoted"},
		"unknown term":        {`{ orders(first: 1, sortKey: UPDATED_AT, query: "update_at:>='2026-11-18T00:00:00Z'") { nodes { id } } }`, "", "no term that is documented"},
		"unclosed quote":      {`{ orders(first: 1, sortKey: UPDATED_AT, query: "name:'#1") { nodes { id } } }`, "", "not closed"},
		"wrong id":            {`{ order(id: "gid://shopify/FulfillmentOrder/1") { id } }`, "", "invalid id"},
		"too costly":          {`{ orders(first: 100, sortKey: ID) { nodes { lineItems(first: 20) { nodes { id } } } } }`, "", "MAX_COST_EXCEEDED"},
		"no compare":          {stock, row(""), "changeFromQuantity is required"},
		"old compare":         {stock, row(`,"compareQuantity":1`), "INVALID_VARIABLE"},
		"stale":               {stock, row(`,"changeFromQuantity":1`), "CHANGE_FROM_QUANTITY_STALE"},
		"no key":              {strings.Replace(strings.Replace(stock, ", $key: String!", "", 1), " @idempotent(key: $key)", "", 1), strings.Replace(row(`,"changeFromQuantity":null`), `"key":"k1",`, "", 1), "@idempotent"},
	} {
		if got := r.ask(x.query, x.variables); !strings.Contains(got, x.says) {
			t.Errorf("%s: %s, want %s", name, got, x.says)
		}
	}
	if got := r.ask(stock, row(`,"changeFromQuantity":100`)); !strings.Contains(got, `"userErrors":[]`) {
		t.Error(got)
	}
	// The same key again changes nothing; with other values it is refused.
	if got := r.ask(stock, row(`,"changeFromQuantity":100`)); !strings.Contains(got, `"userErrors":[]`) {
		t.Error(got)
	}
	if got := r.ask(stock, row(`,"changeFromQuantity":5`)); !strings.Contains(got, "IDEMPOTENCY_KEY_PARAMETER_MISMATCH") {
		t.Error(got)
	}
	for name, x := range map[string]struct {
		path, kind, key, body string
		status                int
	}{
		"no token":       {"/admin/api/2026-04/graphql.json", "application/json", "", "{}", 401},
		"wrong token":    {"/admin/api/2026-04/graphql.json", "application/json", "shpat_x", "{}", 401},
		"wrong version":  {"/admin/api/2025-01/graphql.json", "application/json", token, "{}", 404},
		"wrong type":     {"/admin/api/2026-04/graphql.json", "text/plain", token, "{}", 400},
		"unknown member": {"/admin/api/2026-04/graphql.json", "application/json", token, `{"query":"{ shop { name } }","vars":{}}`, 400},
		"REST":           {"/admin/api/2026-04/orders.json", "application/json", token, "{}", 404},
		"wrong secret":   {"/admin/oauth/access_token", "application/json", "", `{"client_id":"id","client_secret":"x","grant_type":"client_credentials"}`, 400},
		"wrong grant":    {"/admin/oauth/access_token", "application/json", "", `{"client_id":"id","client_secret":"secret","grant_type":"refresh_token"}`, 400},
	} {
		if status, body := r.send(x.path, x.kind, x.key, x.body); status != x.status {
			t.Errorf("%s: %d %s, want %d", name, status, body, x.status)
		}
	}
}

func TestSearch(t *testing.T) {
	r := newRig(t, shopify.Options{})
	stream := orders.NewStream(4)
	var names []string
	for i := range 5 {
		o := stream.Ordinary(orders.Shopify, r.now, 1)[0]
		o.Ordered = r.now.Add(-time.Duration(i+1) * time.Hour)
		r.must(r.Place(domain, &o, ""))
		names = append(names, o.Number)
	}
	r.must(r.Cancel(domain, names[0]))
	r.must(r.Dispatch(domain, names[1], "Yamato (JA)", "400000003001"))
	r.must(r.Hold(domain, names[2], "OTHER", ""))
	find := func(query string) string {
		text, err := json.Marshal(query)
		r.must(err)
		var out struct {
			Data struct {
				Orders struct {
					Nodes []struct{ Name string }
				}
			}
		}
		body := r.ask(`query Q($q: String) { orders(first: 10, sortKey: ID, query: $q) { nodes { name } } }`, `{"q":`+string(text)+`}`)
		r.must(json.Unmarshal([]byte(body), &out))
		var at []string
		for _, n := range out.Data.Orders.Nodes {
			at = append(at, fmt.Sprint(slices.Index(names, n.Name)))
		}
		return strings.Join(at, "")
	}
	for query, want := range map[string]string{
		"":            "01234",
		"status:open": "1234", "status:cancelled": "0", "-status:cancelled": "1234", "NOT status:cancelled": "1234",
		"fulfillment_status:fulfilled": "1", "fulfillment_status:on_hold": "2", "status:open -fulfillment_status:fulfilled -fulfillment_status:shipped": "234",
		"name:'" + names[3] + "'":                                          "3",
		"name:'" + names[3] + "' OR name:'" + names[4] + "'":               "34",
		"status:open (name:'" + names[0] + "' OR name:'" + names[4] + "')": "4",
		"created_at:<'2026-11-18T00:00:00Z'":                               "34",
		"created_at:<='2026-11-18T00:00:00Z' AND status:open":              "234",
		"updated_at:>='2026-11-18T03:00:00Z'":                              "012",
	} {
		if got := find(query); got != want {
			t.Errorf("%q finds %q, want %q", query, got, want)
		}
	}
	// Older ones need another scope.
	r.now = r.now.Add(61 * 24 * time.Hour)
	if got := find(""); got != "" {
		t.Errorf("orders of 61 days ago: %q", got)
	}
}

func TestFulfillments(t *testing.T) {
	r := newRig(t, shopify.Options{})
	name := r.order()
	var got struct {
		Data struct {
			Orders struct {
				Nodes []struct {
					Display string `json:"displayFulfillmentStatus"`
					FOs     struct {
						Nodes []struct {
							ID, Status string
							Lines      struct {
								Nodes []struct {
									ID        string
									Remaining int64 `json:"remainingQuantity"`
								}
							} `json:"lineItems"`
						}
					} `json:"fulfillmentOrders"`
				}
			}
		}
	}
	look := func() {
		r.must(json.Unmarshal([]byte(r.ask(`{ orders(first: 1, sortKey: ID) { nodes { displayFulfillmentStatus fulfillmentOrders(first: 5) { nodes { id status lineItems(first: 5) { nodes { id remainingQuantity } } } } } } }`, "")), &got))
	}
	look()
	f := got.Data.Orders.Nodes[0].FOs.Nodes[0]
	ship := func(line string, n int, tracking string) string {
		return r.ask(`mutation M($f: FulfillmentInput!) { fulfillmentCreate(fulfillment: $f) { fulfillment { id status } userErrors { message } } }`,
			fmt.Sprintf(`{"f":{"lineItemsByFulfillmentOrder":[{"fulfillmentOrderId":%q,"fulfillmentOrderLineItems":[{"id":%q,"quantity":%d}]}],"trackingInfo":%s}}`, f.ID, line, n, tracking))
	}
	for name, x := range map[string]struct{ got, says string }{
		"too many":        {ship(f.Lines.Nodes[0].ID, 4, `{"company":"Yamato (JA)","number":"1"}`), "not available"},
		"both forms":      {ship(f.Lines.Nodes[0].ID, 1, `{"number":"1","numbers":["2"]}`), "not both"},
		"the order's own": {ship("gid://shopify/LineItem/1", 1, `{"number":"1"}`), "invalid id"},
	} {
		if !strings.Contains(x.got, x.says) {
			t.Errorf("%s: %s", name, x.got)
		}
	}
	if got := ship(f.Lines.Nodes[0].ID, 2, `{"company":"Yamato (JA)","number":"400000003001"}`); !strings.Contains(got, `"status":"SUCCESS"`) {
		t.Fatal(got)
	}
	look()
	if n := got.Data.Orders.Nodes[0]; n.Display != "PARTIALLY_FULFILLED" || n.FOs.Nodes[0].Lines.Nodes[0].Remaining != 1 {
		t.Errorf("%+v", n)
	}
	r.must(r.Dispatch(domain, name, "Sagawa (JA)", "1"))
	look()
	if n := got.Data.Orders.Nodes[0]; n.Display != "FULFILLED" || n.FOs.Nodes[0].Status != "CLOSED" {
		t.Errorf("%+v", n)
	}
	if got := ship(f.Lines.Nodes[1].ID, 1, `{"number":"1"}`); !strings.Contains(got, "CLOSED") {
		t.Error(got)
	}
	r.must(r.Undo(domain, name))
	look()
	if n := got.Data.Orders.Nodes[0]; n.Display != "UNFULFILLED" || len(n.FOs.Nodes) != 3 || n.FOs.Nodes[1].Status != "OPEN" {
		t.Errorf("%+v", n)
	}
	if got, err := r.Tracking(domain, name); err != nil || len(got) != 0 {
		t.Errorf("%v %v", got, err)
	}
}

func TestBucket(t *testing.T) {
	r := newRig(t, shopify.Options{Restore: 10})
	r.order()
	const query = `{ orders(first: 25, sortKey: ID) { nodes { lineItems(first: 3) { nodes { id } } } } }`
	said := ""
	for range 60 {
		if said = r.ask(query, ""); strings.Contains(said, "THROTTLED") {
			break
		}
	}
	if !strings.Contains(said, `"requestedQueryCost":100`) || !strings.Contains(said, `"restoreRate":10`) || strings.Contains(said, `"data"`) {
		t.Fatal(said)
	}
	r.now = r.now.Add(13 * time.Second)
	if said = r.ask(query, ""); strings.Contains(said, "THROTTLED") {
		t.Error(said)
	}
}

func TestTokensEnd(t *testing.T) {
	r := newRig(t, shopify.Options{})
	status, body := r.send("/admin/oauth/access_token", "application/x-www-form-urlencoded", "", "client_id=id&client_secret=secret&grant_type=client_credentials")
	var got struct {
		Token string `json:"access_token"`
		Scope string `json:"scope"`
		Ends  int    `json:"expires_in"`
	}
	r.must(json.Unmarshal([]byte(body), &got))
	if status != 200 || got.Ends != 86399 || !strings.Contains(got.Scope, "read_orders") {
		t.Fatal(status, body)
	}
	ask := func() int {
		status, _ := r.send("/admin/api/2026-04/graphql.json", "application/json", got.Token, `{"query":"{ shop { name } }"}`)
		return status
	}
	if s := ask(); s != 200 {
		t.Error(s)
	}
	r.now = r.now.Add(24 * time.Hour)
	if s := ask(); s != 401 {
		t.Error(s)
	}
}
