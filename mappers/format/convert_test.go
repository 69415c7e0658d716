package format

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mallbridge/mallbridge/mappers/record"
	"github.com/mallbridge/mallbridge/mappers/workbook"
	"github.com/mallbridge/mallbridge/order"
)

const twoPackages = `
name: in
record: orders
direction: in
country: JP
columns:
  - {name: no, field: order.number}
  - {name: pack, field: package.key, optional: true}
  - {name: to, field: to.name}
  - {name: code, field: line.item_code}
  - {name: qty, field: line.quantity}
  - {name: price, field: line.price}
`

const instructionsYAML = `
name: out
record: instructions
direction: out
country: JP
file: {charset: cp932}
columns:
  - {name: number, field: instruction.number}
  - {name: line, field: line.no}
  - {name: lines, field: order.lines}
  - {name: pieces, field: order.quantity}
  - {name: amount, field: order.amount}
  - {name: to, field: to.name, chars: 8}
  - {name: sku, field: line.sku}
  - {name: grams, product: [line.weight, line.quantity]}
`

var someSKUs = SKUs(map[string]SKU{"a": {Code: "SKU-A", Weight: "100"}, "b": {Code: "SKU-B", Weight: "5"}})

func TestConvert(t *testing.T) {
	in, out := must(t, twoPackages), must(t, instructionsYAML)
	src := `no,pack,to,code,qty,price
1,1,山田,a,2,100
2,1,김,a,1,100
1,2,佐藤,b,1,50
1,1,山田,b,3,10
3,1,x,zzz,1,1
3,1,x,a,1,1
4,1,123456789,a,1,1
4,2,y,a,1,1
5,1,z,b,2,1
`
	for _, c := range []struct {
		skip bool
		want string
		bad  []string
	}{
		{false, `1-1,1,2,5,230,山田,SKU-A,200
1-1,2,2,5,230,山田,SKU-B,15
1-2,1,1,1,50,佐藤,SKU-B,5
5,1,1,2,2,z,SKU-B,10
`, []string{"3 character", "6 sku_unmapped", "7 other_row_refused", "8 too_long", "9 too_long"}},
		{true, `1-1,1,2,5,230,山田,SKU-A,200
1-1,2,2,5,230,山田,SKU-B,15
1-2,1,1,1,50,佐藤,SKU-B,5
3,1,1,1,1,x,SKU-A,100
5,1,1,2,2,z,SKU-B,10
`, []string{"3 character", "6 sku_unmapped", "8 too_long", "9 too_long"}},
	} {
		t.Run(fmt.Sprint("skip ", c.skip), func(t *testing.T) {
			var buf bytes.Buffer
			bad := map[string]bool{}
			o := ConvertOptions{SKU: someSKUs, SkipUnmapped: c.skip}
			o.Read.Refuse = func(r Refusal) { bad[fmt.Sprint(r.Line, " ", r.Reason)] = true }
			o.Read.chunk, o.Read.Workers = 40, 3
			s, err := Convert(context.Background(), in, out, Bytes("in.csv", []byte(src)), &buf, o)
			if err != nil {
				t.Fatal(err)
			}
			text, err := out.Charset().Decode(buf.Bytes())
			if err != nil {
				t.Fatal(err)
			}
			want := strings.ReplaceAll("number,line,lines,pieces,amount,to,sku,grams\n"+c.want, "\n", "\r\n")
			if d := cmp.Diff(want, text); d != "" {
				t.Error(d)
			}
			for _, b := range c.bad {
				if !bad[b] {
					t.Errorf("%s is not refused: %v", b, bad)
				}
			}
			if len(bad) != len(c.bad) || s.Stats.Rows != s.Taken+s.Refused+s.Filtered || s.Refused != int64(len(bad)) {
				t.Errorf("%v %+v", bad, s)
			}
		})
	}
}

// Without keys of packages, another recipient is another package.
func TestConvertByRecipient(t *testing.T) {
	in, out := must(t, strings.Replace(twoPackages, "  - {name: pack, field: package.key, optional: true}\n", "", 1)), must(t, instructionsYAML)
	var buf bytes.Buffer
	_, err := Convert(context.Background(), in, out, Bytes("in.csv", []byte("no,to,code,qty,price\n1,x,a,1,1\n1,y,b,1,1\n1,x,b,1,1\n")), &buf, ConvertOptions{SKU: someSKUs})
	want := "number,line,lines,pieces,amount,to,sku,grams\r\n1-1,1,2,2,2,x,SKU-A,100\r\n1-1,2,2,2,2,x,SKU-B,5\r\n1-2,1,1,1,1,y,SKU-B,5\r\n"
	if err != nil || buf.String() != want {
		t.Errorf("%v\n%s", err, buf.String())
	}
}

func TestConvertKinds(t *testing.T) {
	stock := func(columns string) *Format {
		return must(t, "name: s\nrecord: stock\ndirection: both\ncolumns:\n"+columns)
	}
	a := stock("  - {name: sku, field: stock.sku}\n  - {name: n, field: stock.on_hand}\n")
	b := stock("  - {name: 数, field: stock.on_hand}\n  - {name: コード, field: stock.sku}\n")
	var buf bytes.Buffer
	s, err := Convert(context.Background(), a, b, Bytes("s.csv", []byte("sku,n\n001,3.00\n002,x\n")), &buf, ConvertOptions{})
	if err != nil || buf.String() != "数,コード\r\n3,001\r\n" || s.Refused != 1 {
		t.Errorf("%v %+v %q", err, s, buf.String())
	}
	if _, err := Convert(context.Background(), a, must(t, instructionsYAML), Bytes("s.csv", nil), &buf, ConvertOptions{}); order.CodeOf(err) != order.Invalid {
		t.Errorf("stock becomes instructions: %v", err)
	}
}

type fullDisk struct{}

var errFull = errors.New("no space left")

func (fullDisk) Write([]byte) (int, error) { return 0, errFull }

func TestConvertFullDisk(t *testing.T) {
	in, out := must(t, twoPackages), must(t, instructionsYAML)
	src := "no,pack,to,code,qty,price\n" + strings.Repeat("1,1,x,a,1,1\n", 10_000)
	_, err := Convert(context.Background(), in, out, Bytes("in.csv", []byte(src)), fullDisk{}, ConvertOptions{SKU: someSKUs})
	if !errors.Is(err, errFull) {
		t.Errorf("error %v", err)
	}
}

// TestConvertFilled converts with what the sheet does not say: numbers, values, codes.
func TestConvertFilled(t *testing.T) {
	in := must(t, `
name: in
record: orders
direction: in
country: JP
carry: {heads: {code: [""]}}
group: [order.number]
columns:
  - {name: no, field: order.number, required: true}
  - {name: to, field: to.name, required: true}
  - {name: pay, field: order.payment}
  - {name: way, field: order.delivery}
  - {name: total, field: order.total}
  - {name: code, field: line.item_code}
  - {name: qty, field: line.quantity}
`)
	src := "no,to,pay,way,total,code,qty\n1,山田,現金,宅配,500,,\n1,,,,,a,1\n2,佐藤,前払,メール,300,b,1\n3,x,小切手,宅配,9,a,1\n4,y,現金,,7,a,2\n"
	const columns = `
record: instructions
direction: out
country: JP
columns:
  - {name: number, field: instruction.number}
  - {name: pay, field: instruction.payment, required: true}
  - {name: service, field: instruction.service, required: true}
  - {name: collect, field: instruction.collect}
  - {name: shipper, field: value.shipper_code, required: true}
  - {name: to, field: to.name}
  - {name: code, field: line.item_code}
`
	o := ConvertOptions{
		Prefix: "A", Set: map[record.Field]string{field(t, "value.shipper_code"): "0007", field(t, "instruction.service"): "box"},
		Codes: map[record.Field]map[string]string{
			field(t, "instruction.payment"): {"現金": "cod", "前払": "prepaid"},
			field(t, "instruction.service"): {"メール": "mail", "*": "parcel"},
		},
	}
	for _, kind := range []string{"csv", "xlsx"} {
		out := must(t, "name: out\nfile: {kind: "+kind+"}"+columns)
		var buf bytes.Buffer
		var bad []string
		o.Read.Refuse = func(r Refusal) { bad = append(bad, fmt.Sprint(r.Line, " ", r.Reason, " ", r.Value)) }
		s, err := Convert(context.Background(), in, out, Bytes("in.csv", []byte(src)), &buf, o)
		if err != nil {
			t.Fatal(err)
		}
		if s.Stats.Rows != 5 || s.Taken != 4 || s.Stats.Refused != 1 || s.Summary.Rows != 3 {
			t.Errorf("%s: %+v", kind, s)
		}
		if diff := cmp.Diff([]string{"5 code_unmapped 小切手"}, bad); diff != "" {
			t.Errorf("%s: %s", kind, diff)
		}
		want := []string{"number,pay,service,collect,shipper,to,code", "A000001,cod,parcel,500,0007,山田,a", "A000002,prepaid,mail,,0007,佐藤,b", "A000004,cod,box,7,0007,y,a"}
		if diff := cmp.Diff(want, table(t, kind, buf.Bytes())); diff != "" {
			t.Errorf("%s: %s", kind, diff)
		}
	}
	o.Set = map[record.Field]string{field(t, "value.sender_code"): "1"}
	if _, err := Convert(context.Background(), in, must(t, "name: out"+columns), Bytes("in.csv", []byte(src)), &bytes.Buffer{}, o); order.CodeOf(err) != order.Invalid || !strings.Contains(err.Error(), "does not use value.sender_code") {
		t.Errorf("a value that nobody asks for: %v", err)
	}
}

func field(t *testing.T, name string) record.Field {
	t.Helper()
	f, ok := record.Lookup(name)
	if !ok {
		t.Fatal(name)
	}
	return f
}

// table reads a file back as lines with commas.
func table(t *testing.T, kind string, data []byte) []string {
	t.Helper()
	if kind == "csv" {
		return strings.Split(strings.TrimSpace(strings.ReplaceAll(string(data), "\r", "")), "\n")
	}
	r, err := workbook.Open(bytes.NewReader(data), int64(len(data)), workbook.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var out []string
	for {
		_, cells, err := r.Next()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		var texts []string
		for _, c := range cells {
			texts = append(texts, c.Text)
		}
		out = append(out, strings.Join(texts, ","))
	}
}

// TestConvertHeldTogether holds all packages of an order for one of them, in a
// workbook as in a text.
func TestConvertHeldTogether(t *testing.T) {
	in := must(t, twoPackages)
	src := "no,pack,to,code,qty,price\n1,1,y,a,1,1\n1,2,123456789,a,1,1\n2,1,z,b,2,1\n"
	for _, kind := range []string{"csv", "xlsx"} {
		out := must(t, strings.Replace(instructionsYAML, "charset: cp932", "kind: "+kind, 1))
		var buf bytes.Buffer
		s, err := Convert(context.Background(), in, out, Bytes("in.csv", []byte(src)), &buf, ConvertOptions{SKU: someSKUs})
		if err != nil || s.Taken != 1 || s.Stats.Refused != 2 || s.Summary.Rows != 1 {
			t.Errorf("%s: %+v, %v", kind, s, err)
		}
		if got := table(t, kind, buf.Bytes()); len(got) != 2 || !strings.HasPrefix(got[1], "2,") {
			t.Errorf("%s: %v", kind, got)
		}
	}
}
