package yahooshopping_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/connectors/drivertest"
	"github.com/mallbridge/mallbridge/connectors/yahooshopping"
	"github.com/mallbridge/mallbridge/order"
)

var samples = []string{"orderinfo", "auction", "shipped"}

func sample(t testing.TB, name string) []byte {
	return drivertest.Sample(t, name+".xml")
}

func driver(t testing.TB) *connectors.Mall {
	m, err := yahooshopping.Spec.Open(connectors.Account{Name: "yahoo-main", Settings: map[string]string{"seller_id": seller, "client_id": clientID}}, connectors.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// The samples of the API's page give the orders beside them.
func TestGolden(t *testing.T) {
	for _, name := range samples {
		t.Run(name, func(t *testing.T) {
			parsed, err := driver(t).Parse(connectors.Page{Kind: "orderInfo", Body: sample(t, name), Keys: []string{name}})
			if err != nil {
				t.Fatal(err)
			}
			drivertest.Golden(t, name, parsed)
		})
	}
}

// A value that cannot be taken refuses the order, by its name.
func TestRefusals(t *testing.T) {
	for name, x := range map[string]struct {
		was, now string
		reason   order.Reason
		field    string
	}{
		"no number":         {"<OrderId>minato-zakka-10020471</OrderId>", "<OrderId></OrderId>", order.RefusedMissing, "OrderId"},
		"another number":    {"<OrderId>minato-zakka-10020471</OrderId>", "<OrderId>x</OrderId>", order.RefusedType, "OrderId"},
		"no status":         {"<OrderStatus>2<", "<OrderStatus><", order.RefusedMissing, "OrderStatus"},
		"no time":           {"2026-09-03T08:14:55+09:00", "yesterday", order.RefusedType, "OrderTime"},
		"an amount":         {"<TotalPrice>4200<", "<TotalPrice>4,200<", order.RefusedType, "TotalPrice"},
		"no amount":         {"<TotalPrice>4200<", "<TotalPrice><", order.RefusedMissing, "TotalPrice"},
		"a day":             {"<ShipRequestDate>2026-09-08<", "<ShipRequestDate>2026-09-31<", order.RefusedType, "ShipRequestDate"},
		"quantity 0":        {"<Quantity>2<", "<Quantity>0<", order.RefusedQuantity, "Item[0]/Quantity"},
		"no quantity":       {"<Quantity>1<", "<Quantity><", order.RefusedQuantity, "Item[1]/Quantity"},
		"a price":           {"<UnitPrice>900<", "<UnitPrice>x<", order.RefusedType, "Item[1]/UnitPrice"},
		"a line twice":      {"<LineId>2<", "<LineId>1<", order.RefusedConflict, "Item[1]/LineId"},
		"a line by letters": {"<LineId>2<", "<LineId>b<", order.RefusedType, "Item[1]/LineId"},
		"a bad byte":        {"浜口", "浜\xff口", order.RefusedCharset, ""},
		"a bad tag":         {"</BillCity>", "</BillTown>", order.RefusedType, ""},
	} {
		body := bytes.Replace(sample(t, "orderinfo"), []byte(x.was), []byte(x.now), 1)
		if !bytes.Contains(sample(t, "orderinfo"), []byte(x.was)) {
			t.Fatalf("%s: the sample has no %q", name, x.was)
		}
		p, err := driver(t).Parse(connectors.Page{Kind: "orderInfo", Body: body, Keys: []string{"minato-zakka-10020471"}})
		if err != nil || len(p.Orders) != 0 || len(p.Refused) != 1 || p.Refused[0].Reason != x.reason || p.Refused[0].Field != x.field || p.Refused[0].Detail == "" {
			t.Errorf("%s: %v %+v", name, err, p)
		}
	}
	empty := bytes.ReplaceAll(sample(t, "orderinfo"), []byte("Item>"), []byte("Other>"))
	if p, err := driver(t).Parse(connectors.Page{Kind: "orderInfo", Body: empty, Keys: []string{"x"}}); err != nil || len(p.Refused) != 1 || p.Refused[0].Field != "Item" {
		t.Errorf("no lines: %v %+v", err, p)
	}
}

// An order with a byte that is no character is refused; the others of the window come.
func TestABadByteStopsOneOrder(t *testing.T) {
	r := newRig(t)
	a, b := r.put(nil), r.put(nil)
	r.Between(func(w http.ResponseWriter, q *http.Request, m http.Handler) {
		rec := httptest.NewRecorder()
		m.ServeHTTP(rec, q)
		body := rec.Body.String()
		if strings.Contains(body, "<ResultSet") && strings.Contains(body, a.Number) {
			body = strings.Replace(body, "都", "\xe9\x83", 1)
			body = strings.Replace(body, "県", "\xe9\x83", 1)
			body = strings.Replace(body, "道", "\xe9\x83", 1)
			body = strings.Replace(body, "府", "\xe9\x83", 1)
		}
		for k, v := range rec.Header() {
			w.Header()[k] = v
		}
		w.WriteHeader(rec.Code)
		_, _ = io.WriteString(w, body)
	})
	w := connectors.Window{From: r.Now().Add(-3 * 3600e9), To: r.Now()}
	all, missing := r.Parsed(r.Driver.Read(t.Context(), connectors.Read{Window: w, Kind: connectors.ReadNew}))
	if len(all.Orders) != 1 || all.Orders[0].Number != b.Number || len(all.Refused) != 1 || all.Refused[0].Order != a.Number || all.Refused[0].Reason != order.RefusedCharset || len(missing) != 0 {
		t.Errorf("%d orders, refused %+v, missing %v", len(all.Orders), all.Refused, missing)
	}
}

func FuzzParse(f *testing.F) {
	for _, name := range samples {
		f.Add(sample(f, name), "orderInfo")
	}
	f.Add([]byte(`<ResultSet totalResultsAvailable="1"><Result><ItemCode>a</ItemCode><HasSubCode>0</HasSubCode><Name>x</Name><Price>1</Price><Quantity></Quantity></Result></ResultSet>`), "myItemList")
	f.Add([]byte(`<ResultSet><Result><ItemCode>a</ItemCode><SubCodes><SubCode code="b" quantity="1"><Option name="c" value="d"/></SubCode></SubCodes></Result></ResultSet>`), "getItem")
	m := driver(f)
	f.Fuzz(func(t *testing.T, body []byte, kind string) {
		p, err := m.Parse(connectors.Page{Kind: kind, Body: body, Keys: []string{"a"}})
		if err != nil {
			return
		}
		drivertest.Sound(t, "yahoo-main", p)
		for _, o := range p.Orders {
			if len(o.Packages) != 1 || o.Ordered.UTC.IsZero() {
				t.Errorf("%+v", o)
			}
		}
	})
}
