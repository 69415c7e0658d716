package format

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/mallbridge/mallbridge/mappers/record"
)

const ordersYAML = `
name: shop-orders
title: {en: Shop orders}
record: orders
direction: in
country: JP
file: {kind: csv, charset: cp932}
where: {order.status: ["300"]}
columns:
  - {name: 注文番号, field: order.number, required: true}
  - {name: ステータス, field: order.status}
  - {name: 商品番号, field: line.item_code}
  - {name: 個数, field: line.quantity}
  - {name: 単価, field: line.price}
  - {name: 姓}
  - {name: 名}
fields:
  to.name: {join: [姓, 名], sep: " "}
`

const wmsYAML = `
name: wms
title: {en: Warehouse}
record: instructions
direction: out
country: JP
file: {kind: csv, charset: cp932}
columns:
  - {name: 番号, field: order.number}
  - {name: 氏名, field: to.name, chars: 16}
  - {name: 数, field: line.quantity}
`

func must(t testing.TB, yaml string) *Format {
	t.Helper()
	f, err := Parse("test.yaml", []byte(yaml))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func sjis(t testing.TB, f *Format, s string) []byte {
	t.Helper()
	b, err := f.Charset().Encode(strings.ReplaceAll(s, "\n", "\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestReadAndWrite(t *testing.T) {
	in, out := must(t, ordersYAML), must(t, wmsYAML)
	src := sjis(t, in, `単価,個数,注文番号,ステータス,商品番号,姓,名,知らない列
100,2,0001,300,A-1,"表,","﨑
山",x
100,1,0002,200,A-2,a,b,
100,0,0003,300,A-2,a,b,
100,1,0004,300,A-2,c,d,
100,1,0003,300,A-2,a,b,
100,1,0001,300,A-3,"表,","﨑
山",x
`)
	groups, refused, s, err := in.ReadAll(context.Background(), Bytes("a.csv", src), ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if want := (Stats{Rows: 6, Taken: 3, Filtered: 1, Refused: 2, Groups: 2}); s != want {
		t.Errorf("stats %+v, want %+v", s, want)
	}
	for _, r := range refused {
		t.Log(r.String())
	}
	var buf bytes.Buffer
	w, err := out.NewWriter(&buf, WriteOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range groups {
		t.Log(g.Records[0][record.OrderNumber], g.Rows)
		if err := w.WriteGroup(g.Records); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := w.Close(); err != nil {
		t.Fatal(err)
	}
	got, err := out.Charset().Decode(buf.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	want := strings.ReplaceAll(`番号,氏名,数
0001,"表, 﨑 山",2
0001,"表, 﨑 山",1
0004,c d,1
`, "\n", "\r\n")
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
