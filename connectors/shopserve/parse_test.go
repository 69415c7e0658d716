package shopserve

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/connectors/drivertest"
	"github.com/mallbridge/mallbridge/order"
	mall "github.com/mallbridge/mallbridge/simulator/shopserve"
)

// driver is that of an account with the settings of the simulator's order API, and
// changes to them; "" takes one away.
func driver(t testing.TB, change ...string) connectors.Driver {
	settings := mall.Settings()
	settings["shop_id"] = "abc123.xy"
	for i := 0; i+1 < len(change); i += 2 {
		settings[change[i]] = change[i+1]
	}
	m, err := Spec.Open(connectors.Account{Name: "shopserve-main", Settings: settings}, connectors.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return m.Driver()
}

// The documents in testdata give the orders and items beside them.
func TestGolden(t *testing.T) {
	rows, _, err := itemsOf(drivertest.Sample(t, "items.json"))
	if err != nil {
		t.Fatal(err)
	}
	for kind, body := range map[string][]byte{pageOrders: drivertest.Sample(t, "orders.json"), pageItems: document(rows)} {
		parsed, err := driver(t).Parse(connectors.Page{Kind: kind, Body: body})
		if err != nil {
			t.Fatal(err)
		}
		drivertest.Golden(t, kind, parsed)
	}
}

// What a driver can do is what the account says of the order API.
func TestAbilitiesFollowTheSettings(t *testing.T) {
	all := strings.Join(described().Abilities, " ")
	bare := []string{"fetch", "off", "search_path", "", "detail_path", "", "shipping_path", ""}
	for want, d := range map[string]connectors.Driver{
		all: driver(t), "open reread stock stock_read catalog test": driver(t, "shipping_path", ""), "stock stock_read catalog test": driver(t, bare...),
	} {
		if got := strings.Join(connectors.AbilitiesOf(d), " "); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	for range driver(t, bare...).Orders(t.Context(), connectors.Window{From: time.Unix(0, 0), To: time.Unix(1, 0)}) {
		t.Error("orders of a shop that works by sheet")
	}
	if _, err := driver(t, bare...).Parse(connectors.Page{Kind: pageOrders, Body: drivertest.Sample(t, "orders.json")}); err == nil {
		t.Error("orders were read whose fields nobody knows")
	}
}

// What is missing or cannot work is told before anything is called.
func TestSettingsAreChecked(t *testing.T) {
	for name, x := range map[string]struct {
		change []string
		want   string
	}{
		"fetch without the rest":   {[]string{"search_path", "", "detail_path", "", "shipping_path", ""}, "not public"},
		"no total":                 {[]string{"search_total", ""}, "search_total is missing"},
		"no detail":                {[]string{"detail_path", ""}, "detail_path is missing"},
		"no body to ship":          {[]string{"shipping_body", ""}, "shipping_body is missing"},
		"a body that is not JSON":  {[]string{"search_body", `{"from":{from}}`}, "search_body: it is not JSON"},
		"a name that is not known": {[]string{"detail_path", "/v2/{number}"}, "detail_path: {number} is not known"},
		"a field that is not one":  {[]string{"fields", "order.colour=/x"}, `"order.colour" is no field`},
		"a field without a place":  {[]string{"fields", "order.number=no"}, "order.number: a JSON pointer"},
		"a field twice":            {[]string{"fields", "order.number=/a\norder.number=/b"}, "stands twice"},
		"a field that is needed":   {[]string{"fields", "order.number=/a, order.ordered_at=/b"}, "to.name is missing"},
	} {
		settings := mall.Settings()
		settings["shop_id"] = "abc123.xy"
		for i := 0; i+1 < len(x.change); i += 2 {
			settings[x.change[i]] = x.change[i+1]
		}
		if _, err := Spec.Open(connectors.Account{Name: "a", Settings: settings}, connectors.Options{}); err == nil || !strings.Contains(err.Error(), x.want) {
			t.Errorf("%s: %v, want %q", name, err, x.want)
		}
	}
}

// Values go into paths and bodies so that nothing of them is more than a value.
func TestValuesAreEscaped(t *testing.T) {
	e := endpoint{"POST", "/v2/a/{order}", `{"no":"{order}","n":{size}}`}
	path, body := e.fill(map[string]string{"order": `x"/..\é`, "size": "7"})
	var got struct {
		No string `json:"no"`
		N  int    `json:"n"`
	}
	if err := json.Unmarshal(body, &got); err != nil || got.No != `x"/..\é` || got.N != 7 || strings.Count(path, "/") != 3 {
		t.Errorf("%s %s, %v", path, body, err)
	}
	if itemPath("A/見本 #1", "/stock") != "/v2/items/A%2F%E8%A6%8B%E6%9C%AC%20%231/stock" {
		t.Error(itemPath("A/見本 #1", "/stock"))
	}
}

func TestStockAnswers(t *testing.T) {
	for body, want := range map[string]int64{
		string(drivertest.Sample(t, "stock.json")): 0, `{"stock":{"management_item":{"quantity":7,"stock_condition":"X"}}}`: 7,
		`{"stock":{"management_item":{"stock_condition":"SoldOut"}}}`: 0, `{}`: -1, `{"stock":{"management_item":{"stock_condition":"X"}}}`: -1, "": -1,
	} {
		if n, err := stockOf([]byte(body)); want < 0 && err == nil || want >= 0 && (err != nil || n != want) {
			t.Errorf("%s: %d, %v", body, n, err)
		}
	}
	for body, want := range map[string]string{
		`{"total_count":0}`: "", `{"total_count":1,"x":[{"item_code":"A"}]}`: "", `{"items":[]}`: "no total_count", `{"total_count":1}`: "0 lists",
		`{"total_count":1,"x":[{"item_code":"A"}],"y":[{"item_code":"B"}]}`: "2 lists",
	} {
		if _, _, err := itemsOf([]byte(body)); (want == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", body, err)
		}
	}
}

// Listings whose stock the API is not known to set are refused, with what to do.
func TestStockOfVariations(t *testing.T) {
	if _, why := itemOf(&order.Codes{ItemCode: "TENUGUI", OptionCode: "藍"}); !strings.Contains(why, "console or by CSV") {
		t.Error(why)
	}
	if _, why := itemOf(&order.Codes{}); why == "" {
		t.Error("a listing without a code")
	}
}

// Whatever comes, nothing panics, nothing broken is taken, and every record is in an
// order or refused.
func FuzzParse(f *testing.F) {
	f.Add(pageOrders, drivertest.Sample(f, "orders.json"))
	f.Add(pageItems, []byte(`{"rows":[{"item_code":"A","item_price":1}]}`))
	f.Add("", drivertest.Sample(f, "items.json"))
	f.Add("", drivertest.Sample(f, "stock.json"))
	d := driver(f)
	api := d.(*Sender).orders
	f.Fuzz(func(t *testing.T, kind string, body []byte) {
		_, _ = stockOf(body)
		_, _, _ = itemsOf(body)
		_, _, _ = api.answer(body)
		p, err := d.Parse(connectors.Page{Kind: kind, Body: body})
		if err != nil {
			return
		}
		drivertest.Sound(t, "shopserve-main", p)
		for i := range p.Orders {
			if o := &p.Orders[i]; o.Ordered.UTC.IsZero() && o.Ordered.Text == "" {
				t.Errorf("order %+v", o)
			}
		}
		var rows struct {
			Rows []json.RawMessage `json:"rows"`
		}
		if json.Unmarshal(body, &rows) == nil && len(rows.Rows) != len(p.Orders)+len(p.Refused)+len(p.Products) {
			t.Errorf("%d records gave %d orders, %d products and %d refusals", len(rows.Rows), len(p.Orders), len(p.Products), len(p.Refused))
		}
	})
}
