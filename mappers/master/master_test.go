package master

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/mallbridge/mallbridge/mappers/charset"
)

type link struct {
	Code     string `csv:"code"`
	SKU      string `csv:"sku"`
	Quantity int    `csv:"quantity"`
}

var linkColumns = []Column{
	{Name: "code", Aliases: []string{"商品コード"}, Required: true},
	{Name: "sku", Required: true},
	{Name: "quantity", Number: true},
}

func TestRead(t *testing.T) {
	cp932, err := charset.Lookup("cp932")
	if err != nil {
		t.Fatal(err)
	}
	sjis, err := cp932.Encode("商品コード,sku\r\n能登,ｿﾌﾄ\r\n")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		in    string
		cs    *charset.Charset
		rows  []Row[link]
		found []string
	}{
		"plain":              {"code,sku,quantity\n0012,A,2\n", nil, []Row[link]{{Line: 2, Value: link{"0012", "A", 2}}}, nil},
		"moved, mark, blank": {"\xEF\xBB\xBFsku,ＣＯＤＥ \r\n\r\nA,0012\r\n,\r\n", nil, []Row[link]{{Line: 3, Value: link{"0012", "A", 0}}}, nil},
		"cp932":              {string(sjis), cp932, []Row[link]{{Line: 2, Value: link{"能登", "ｿﾌﾄ", 0}}}, nil},
		"lines after a break in quotes": {"code,sku\n\"a\nb\",B\nc,\n", nil, []Row[link]{{Line: 2, Value: link{"a\nb", "B", 0}}}, []string{
			"m.csv:4:2: column sku: a value is required",
		}},
		"all faults of the header": {"code,code,skuu\n1,2,3\n", nil, nil, []string{
			`m.csv:1:2: column code: the column is there twice, first as column 1: "code" (keep one of them)`,
			`m.csv:1:3: the column is not known: "skuu" (known: code, sku, quantity)`,
			"m.csv:1:1: column sku: the column is missing (add it)",
		}},
		"type": {"code,sku,quantity\na,b,x\nc,d,1\ne,f,\n", nil, []Row[link]{{Line: 3, Value: link{"c", "d", 1}}, {Line: 4, Value: link{"e", "f", 0}}}, []string{
			`m.csv:2:3: column quantity: the value is not of the column's type: "x"`,
		}},
		"excel": {"code,sku\n4.90E+12,b\n\"=\"\"0123\"\"\",'045\n", nil, []Row[link]{{Line: 3, Value: link{"0123", "045", 0}}}, []string{
			`m.csv:2:1: column code: Excel has turned the code into a number with an exponent: "4.90E+12" (enter the code again as text)`,
		}},
		"column count": {"code,sku\na\na,b,c\na,b,\n", nil, []Row[link]{{Line: 4, Value: link{"a", "b", 0}}}, []string{
			"m.csv:2:1: the row has 1 columns, the header has 2 (quote values that have commas)",
			`m.csv:3:3: the row has more columns than the header: "c" (quote values that have commas)`,
		}},
		"empty": {"", nil, nil, []string{"m.csv:1:1: the table is empty (the first row names the columns)"}},
	} {
		t.Run(name, func(t *testing.T) {
			rows, found, err := Read[link](strings.NewReader(c.in), "m.csv", Options{Columns: linkColumns, Charset: c.cs})
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(c.rows, rows, cmpopts.IgnoreFields(Row[link]{}, "At")); d != "" {
				t.Error(d)
			}
			var texts []string
			for _, f := range found {
				texts = append(texts, f.String())
			}
			if d := cmp.Diff(c.found, texts); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestRowsKnowTheirColumns(t *testing.T) {
	rows, _, err := Read[link](strings.NewReader("quantity,SKU,code\n1,A,x\n"), "m.csv", Options{Columns: linkColumns})
	if err != nil || len(rows) != 1 || rows[0].At["code"] != 3 || rows[0].At["sku"] != 2 || rows[0].At["quantity"] != 1 {
		t.Errorf("%+v, %v", rows, err)
	}
}

func TestReadBadCharset(t *testing.T) {
	_, _, err := Read[link](strings.NewReader("code,sku\na,\x83\n"), "m.csv", Options{})
	if err == nil || !strings.HasPrefix(err.Error(), "m.csv:2: ") {
		t.Errorf("error %v does not name the line", err)
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte("code,sku,quantity\na,b,1\n"))
	f.Add([]byte("\xEF\xBB\xBFcode,sku\n\"a\"\"b\",c\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		rows, found, err := Read[link](strings.NewReader(string(b)), "m.csv", Options{Columns: linkColumns})
		if err == nil && len(rows) > 0 && len(found) == 0 {
			for _, r := range rows {
				if r.Value.Code == "" || r.Value.SKU == "" {
					t.Errorf("line %d lacks a required value", r.Line)
				}
			}
		}
	})
}
