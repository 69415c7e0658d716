package format

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseFindings(t *testing.T) {
	for name, c := range map[string]struct{ yaml, want string }{
		"all at once": {
			`name: Bad_Name
record: order
direction: in
file: {kind: csv, charset: cp931, kolumns: 3}
columns:
  - {name: a, field: order.nubmer}
  - {name: b, field: line.quantity, type: number}
  - {name: c, tabel: x}
`,
			`f.yaml:1:1: name "Bad_Name" is not a name (small letters, digits and hyphens)
f.yaml:1:1: record: "order" is not known (did you mean orders?)
f.yaml:4:7: "cp931": unknown, use one of utf-8, utf-8-bom, cp932, shift_jis-strict, cp949, euc-kr-strict, iso-2022-jp
f.yaml:4:35: unknown key "kolumns" (known: above, bom, byte_form, charset, columns_exact, delimiter, delimiter_in_value, footer_cells, header, header_within, kind, name, neutralise, newline, newline_in_value, or_charset, quote, record_bytes, sheet, skip_after)
f.yaml:6:5: there is no field "order.nubmer" (did you mean order.number?)
f.yaml:7:5: type "number" is not known (known: code, date, datetime, digits, flag, int, money, quantity, text)
f.yaml:8:15: unknown key "tabel" (did you mean table?)`,
		},
		"yaml": {"name: [", "f.yaml:1:1: did not find expected node content"},
		"expressions": {
			`name: x
record: orders
direction: in
where: col("nope") == "1"
columns:
  - {name: a, field: order.number}
fields:
  order.flags: {expr: 'order.nubmer == "1"'}
  order.memo: {expr: '1 +'}
  order.note: {join: [zzz]}
  to.name: {const: a, column: a}
`,
			`f.yaml:4:8: col("nope"): there is no such column in columns
f.yaml:8:3: order.flags: there is no field order.nubmer (did you mean order.number?)
f.yaml:9:3: order.memo: unexpected token EOF at character 3 of the expression
f.yaml:10:3: order.note: there is no column "zzz" (name it under columns:)
f.yaml:11:3: to.name needs one of join, column, const, text and expr`,
		},
		"columns of files that are written": {
			`name: x
record: instructions
direction: out
columns:
  - {name: a, field: order.number, const: "1"}
  - {name: b, split: to.address, part: 2, chars: 3}
  - {name: c, item: 1}
  - {name: d, text: "{order.x}"}
  - {name: e, table: t}
  - {name: f, replace: {"": x}}
`,
			`f.yaml:1:1: split of to.address: part 1 is missing
f.yaml:5:5: a has more than one of const, field, join, product, text, expr, split and item
f.yaml:7:5: c: item needs items at the top of the format (items: {text: '{line.name} x{line.quantity}'})
f.yaml:8:5: d: there is no field {order.x} (did you mean order.fee?)
f.yaml:9:5: there is no table "t" (known: )
f.yaml:10:25: nothing cannot be replaced`,
		},
		"one field twice, one column twice": {
			`name: x
record: orders
direction: in
columns:
  - {name: a, field: order.number}
  - {name: b, field: order.number}
  - {name: ａ}
`,
			`f.yaml:6:5: field order.number is already filled by a (build it under fields: from both columns)
f.yaml:7:5: column "ａ" is already on line 5 (say nth: 2 for the second column of that name)`,
		},
		"aliases": {"name: x\nrecord: orders\ndirection: in\ngroup: &a [*a]\ncolumns: [{name: a, field: order.number}]\n", "f.yaml:1:1: there is no field \"\"\nf.yaml:4:12: aliases such as *a are not taken (write the value again)"},
		"empty":   {"", "f.yaml:1:1: the file is empty"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Parse("f.yaml", []byte(c.yaml))
			if err == nil {
				t.Fatal("no finding")
			}
			if d := cmp.Diff(strings.Split(c.want, "\n"), strings.Split(err.Error(), "\n")); d != "" {
				t.Error(d)
			}
		})
	}
}

// Codes in YAML stay as they are written, quoted or not.
func TestParseKeepsCodes(t *testing.T) {
	f := must(t, `
name: x
record: instructions
direction: out
columns: [{name: a, field: order.payment, table: t}]
tables: {t: {0812: 0010, am: "01", "": "00"}}
`)
	if d := cmp.Diff(map[string]string{"0812": "0010", "am": "01", "": "00"}, f.tables["t"]); d != "" {
		t.Error(d)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(ordersYAML))
	f.Add([]byte(wmsYAML))
	f.Add([]byte("name: x\nrecord: stock\ndirection: both\ncolumns: [{expr: \"1\"}]\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 4096 {
			return
		}
		format, err := Parse("f.yaml", b)
		if err != nil {
			for _, x := range err.(Findings) {
				if x.Line < 1 || x.Column < 1 || x.Text == "" {
					t.Errorf("finding without a place or text: %+v", x)
				}
			}
			return
		}
		if format.Reads() {
			_, _, _, _ = format.ReadAll(t.Context(), Bytes("f", []byte("a,b\n1,2\n")), ReadOptions{Workers: 1})
		}
	})
}
