package elevenst_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/connectors/drivertest"
	"github.com/mallbridge/mallbridge/connectors/elevenst"
	"github.com/mallbridge/mallbridge/order"
)

// samples are the answers in testdata that hold records, and the kinds of their
// pages. A list of the mall alone becomes a page of it.
var samples = map[string]string{
	"orders.xml": "orders", "packaging.xml": "orders", "cancelorders.xml": "cancelorders", "returnorders.xml": "returnorders", "product.xml": "product",
}

func sample(t testing.TB, file string) []byte {
	body := drivertest.Sample(t, file)
	if file == "packaging.xml" {
		body = []byte("<lists><packaging>" + string(body) + "</packaging></lists>")
	}
	return body
}

func driver(t testing.TB) *connectors.Mall {
	m, err := elevenst.Spec.Open(connectors.Account{Name: "elevenst-main"}, connectors.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// The answers in testdata give the orders, claims and products beside them.
func TestGolden(t *testing.T) {
	for file, kind := range samples {
		t.Run(file, func(t *testing.T) {
			parsed, err := driver(t).Parse(connectors.Page{Kind: kind, Body: sample(t, file), Total: -1})
			if err != nil {
				t.Fatal(err)
			}
			drivertest.Golden(t, strings.TrimSuffix(file, ".xml"), parsed)
		})
	}
}

// One record that cannot be read refuses its order and no other.
func TestOneBrokenRecord(t *testing.T) {
	body := sample(t, "orders.xml")
	whole, err := driver(t).Parse(connectors.Page{Kind: "orders", Body: body})
	if err != nil {
		t.Fatal(err)
	}
	const hit = "20260715000000021" // one record in a list, one in orderlistalladdr
	for name, x := range map[string]struct {
		change func([]byte) []byte
		reason order.Reason
	}{
		"a byte that is no character": {func(b []byte) []byte { return bytes.Replace(b, []byte("</rcvrNm>"), []byte("\xff\xff</rcvrNm>"), 1) }, order.RefusedCharset},
		"half a character":            {func(b []byte) []byte { return bytes.Replace(b, []byte("</prdNm>"), []byte("\xb0</prdNm>"), 1) }, order.RefusedCharset},
		"a bare ampersand":            {func(b []byte) []byte { return bytes.Replace(b, []byte("</prdNm>"), []byte(" & </prdNm>"), 1) }, order.RefusedType},
		"a tag that is not closed":    {func(b []byte) []byte { return bytes.Replace(b, []byte("</prdNm>"), nil, 1) }, order.RefusedType},
		"an order that is not closed": {func(b []byte) []byte { return bytes.Replace(b, []byte("</ns2:order>"), nil, 1) }, order.RefusedType},
		"a control character":         {func(b []byte) []byte { return bytes.Replace(b, []byte("</prdNm>"), []byte("\x01</prdNm>"), 1) }, order.RefusedType},
		"two quantities": {func(b []byte) []byte {
			return bytes.Replace(b, []byte("<ordQty>"), []byte("<ordQty>1</ordQty><ordQty>"), 1)
		}, order.RefusedConflict},
		"elements inside": {func(b []byte) []byte { return bytes.Replace(b, []byte("<prdNm>"), []byte("<prdNm><b>x</b>"), 1) }, order.RefusedType},
		"no quantity":     {func(b []byte) []byte { return bytes.Replace(b, []byte("<ordQty>3"), []byte("<ordQty>0"), 1) }, order.RefusedQuantity},
	} {
		t.Run(name, func(t *testing.T) {
			at := bytes.LastIndex(body, []byte("<ordNo>"+hit)) // in orderlistalladdr
			at = bytes.LastIndex(body[:at], []byte("<ns2:order>"))
			p, err := driver(t).Parse(connectors.Page{Kind: "orders", Body: append(bytes.Clone(body[:at]), x.change(bytes.Clone(body[at:]))...)})
			if err != nil {
				t.Fatal(err)
			}
			if len(p.Orders) != len(whole.Orders)-1 || len(p.Refused) != len(whole.Refused)+1 {
				t.Fatalf("%d orders, %d refused; want %d and %d", len(p.Orders), len(p.Refused), len(whole.Orders)-1, len(whole.Refused)+1)
			}
			for _, r := range p.Refused {
				if r.Order == hit && r.Reason != x.reason {
					t.Errorf("%+v, want %s", r, x.reason)
				}
			}
		})
	}
}

// Whatever comes, nothing panics, nothing broken is taken, and every record is in
// an order or refused.
func FuzzParse(f *testing.F) {
	for file, kind := range samples {
		f.Add(kind, sample(f, file))
	}
	m := driver(f)
	f.Fuzz(func(t *testing.T, kind string, body []byte) {
		p, err := m.Parse(connectors.Page{Kind: kind, Body: body})
		if err != nil {
			return
		}
		drivertest.Sound(t, "elevenst-main", p)
		if kind == "orders" && bytes.Contains(body, []byte("<complete><ns2:order>")) && bytes.HasSuffix(body, []byte("</complete></lists>")) && len(p.Orders)+len(p.Refused) == 0 {
			t.Errorf("records gave nothing")
		}
	})
}
