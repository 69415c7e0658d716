package format

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/mallbridge/mallbridge/mappers/charset"
	"github.com/mallbridge/mallbridge/mappers/record"
	"github.com/mallbridge/mallbridge/mappers/workbook"
	"github.com/mallbridge/mallbridge/order"
)

func rec(t testing.TB, pairs ...string) record.Record {
	t.Helper()
	r := record.New()
	for i := 0; i < len(pairs); i += 2 {
		f, ok := record.Lookup(pairs[i])
		if !ok {
			t.Fatalf("no field %s", pairs[i])
		}
		r[f] = pairs[i+1]
	}
	return r
}

// outYAML makes a format that writes the given columns.
func outYAML(top, columns string) string {
	return "name: out\nrecord: instructions\ndirection: out\ncountry: JP\n" + top + "\ncolumns:\n" + columns
}

func write(t testing.TB, f *Format, o WriteOptions, groups ...[]record.Record) string {
	t.Helper()
	var out bytes.Buffer
	w, err := f.NewWriter(&out, o)
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range groups {
		if err := w.WriteGroup(g); err != nil {
			t.Fatal(err)
		}
	}
	s, err := w.Close()
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Verify(bytes.NewReader(out.Bytes()), o, s); err != nil {
		t.Error(err)
	}
	text, err := w.e.cs.Decode(out.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestColumns(t *testing.T) {
	r := rec(t, "order.number", "007", "to.name", "山田 太郎", "to.prefecture", "東京都", "to.city", "港区", "line.quantity", "2",
		"line.weight", "150", "order.ordered_at", "2026-11-22T09:05:00+09:00", "instruction.time_band", "am", "to.kana", "ガッツ　パー", "to.phone", "03-1234-5678",
		"instruction.note", "a\nb,c\"d", "instruction.payment", "cod", "instruction.collect", "1080")
	for name, c := range map[string]struct{ column, want string }{
		"field":              {"field: to.name", "山田 太郎"},
		"const":              {`const: "00"`, "00"},
		"text":               {`text: "S-{order.number}/{to.name}"`, "S-007/山田 太郎"},
		"join":               {`join: [to.prefecture, to.city, to.building], sep: "-"`, "東京都-港区"},
		"product":            {"product: [line.weight, line.quantity]", "300"},
		"expr":               {`expr: 'num(line.weight) * 2 + 1'`, "301"},
		"expr functions":     {`expr: 'cut(to.name, 2) + padLeft(order.number, 5, "0") + date(order.ordered_at, "0102") + code("t", "x")'`, "山田000071122y"},
		"address":            {"field: to.address", "東京都港区"},
		"layout":             {"field: order.ordered_at, layout: 2006/01/02 15:04", "2026/11/22 09:05"},
		"layout in words":    {"field: order.ordered_at, layout: 2-Jan-06", "22-Nov-26"},
		"table":              {"field: instruction.time_band, table: t", "0812"},
		"table for others":   {"field: order.number, table: star", "else"},
		"default":            {`field: to.company, default: "none"`, "none"},
		"when met":           {`field: instruction.collect, when: {instruction.payment: [cod]}, default: "0"`, "1080"},
		"when not met":       {`field: instruction.collect, when: {not instruction.payment: [cod]}, default: "0"`, "0"},
		"when by expression": {`field: instruction.collect, when: 'num(instruction.collect) > 2000', default: "0"`, "0"},
		"hankaku":            {"field: to.kana, fold: [hankaku]", "ｶﾞｯﾂ ﾊﾟｰ"},
		"digits":             {"field: to.phone, fold: [digits]", "0312345678"},
		"wide":               {"field: to.phone, fold: [wide]", "０３－１２３４－５６７８"},
		"replace":            {`field: to.name, replace: {" ": "　"}`, "山田　太郎"},
		"pad left":           {`field: order.number, bytes: 6, pad: {side: left, with: "0"}`, "000007"},
		"pad right":          {"field: to.city, bytes: 6, pad: {side: right}", `"港区  "`},
		"line break, quotes": {"field: instruction.note", `"a b,c""d"`},
		"always":             {"field: to.city, quote: always", `"港区"`},
		"text quoted":        {"field: line.quantity, quote: text", "2"},
		"nothing":            {"note: empty", ""},
	} {
		t.Run(name, func(t *testing.T) {
			f := must(t, outYAML("file: {charset: cp932, header: none}\ntables: {t: {am: \"0812\", x: y}, star: {\"*\": else}}", "  - {name: first, const: x}\n  - {name: c, "+c.column+"}\n"))
			if got := write(t, f, WriteOptions{}, []record.Record{r}); got != "x,"+c.want+"\r\n" {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestHolds(t *testing.T) {
	for name, c := range map[string]struct {
		column string
		rec    []string
		want   order.Hold
	}{
		"characters":  {"field: to.name, chars: 3", []string{"to.name", "山田太郎"}, order.Hold{Reason: order.HoldLength, Field: "to.name", Value: "山田太郎", Detail: "c: 4 characters, at most 3"}},
		"bytes":       {"field: to.name, bytes: 7", []string{"to.name", "山田太郎"}, order.Hold{Reason: order.HoldLength, Field: "to.name", Value: "山田太郎", Detail: "c: 8 bytes in cp932, at most 7"}},
		"charset":     {"field: to.name", []string{"to.name", "山🍣"}, order.Hold{Reason: order.HoldCharacter, Field: "to.name", Value: "山🍣", Detail: "c: 🍣 U+1F363 has no code in cp932; no replacement is agreed"}},
		"wave":        {"field: to.name", []string{"to.name", "〜"}, order.Hold{Reason: order.HoldCharacter, Field: "to.name", Value: "〜", Detail: "c: 〜 U+301C has no code in cp932; usual replacement: ～"}},
		"hangul":      {"field: to.name", []string{"to.name", "김"}, order.Hold{Reason: order.HoldCharacter, Field: "to.name", Value: "김", Detail: "c: 김 U+AE40 has no code in cp932; no replacement is agreed"}},
		"required":    {"field: to.name, required: true", nil, order.Hold{Reason: order.HoldRequired, Field: "to.name", Detail: "c: a value is required"}},
		"required if": {"field: to.name, required_if: {order.number: [\"1\"]}", []string{"order.number", "1"}, order.Hold{Reason: order.HoldRequired, Field: "to.name", Detail: "c: a value is required"}},
		"table":       {"field: to.name, table: t", []string{"to.name", "x"}, order.Hold{Reason: order.HoldCode, Field: "to.name", Value: "x", Detail: `c: table t has no code for "x"`}},
		"forbidden":   {"field: to.name, forbid: \"_-\"", []string{"to.name", "a_b"}, order.Hold{Reason: order.HoldCharacter, Field: "to.name", Value: "a_b", Detail: "c: _ U+005F must not stand here"}},
		"max":         {"field: instruction.collect, max: 300000", []string{"instruction.collect", "300001"}, order.Hold{Reason: order.HoldLength, Field: "instruction.collect", Value: "300001", Detail: "c: 300001 is more than 300000"}},
		"pattern":     {"field: to.postal, pattern: '\\d{7}'", []string{"to.postal", "123"}, order.Hold{Reason: order.HoldRequired, Field: "to.postal", Value: "123", Detail: `c: "123" does not have the form \d{7}`}},
		"never quote": {"field: to.name, quote: never", []string{"to.name", "a,b"}, order.Hold{Reason: order.HoldCharacter, Field: "to.name", Value: "a,b", Detail: `c: the delimiter "," cannot be written`}},
	} {
		t.Run(name, func(t *testing.T) {
			f := must(t, outYAML("file: {charset: cp932}\ntables: {t: {a: b}}", "  - {name: c, "+c.column+"}\n"))
			records := []record.Record{rec(t, c.rec...)}
			holds := f.Check(records, WriteOptions{})
			if d := cmp.Diff([]order.Hold{c.want}, holds); d != "" {
				t.Error(d)
			}
			var out bytes.Buffer
			w, err := f.NewWriter(&out, WriteOptions{})
			if err != nil {
				t.Fatal(err)
			}
			var held *HeldError
			if err := w.WriteGroup(records); !errors.As(err, &held) || len(held.Holds) != 1 {
				t.Errorf("WriteGroup: %v", err)
			}
			s, err := w.Close()
			if err != nil || s.Rows != 0 || out.String() != "c\r\n" {
				t.Errorf("a held group left %q, %+v, %v", out.String(), s, err)
			}
		})
	}
}

func TestReplacementsAreCounted(t *testing.T) {
	f := must(t, outYAML("file: {charset: cp932, header: none}", "  - {name: c, field: to.name}\n"))
	list, err := charset.NewReplacements([]charset.Pair{{From: "〜", To: "～"}})
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	w, err := f.NewWriter(&out, WriteOptions{Replacements: list})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.WriteGroup([]record.Record{rec(t, "to.name", "〜〜")}); err != nil {
		t.Fatal(err)
	}
	s, err := w.Close()
	if err != nil || s.Changed["〜→～"] != 2 || out.String() != "\x81\x60\x81\x60\r\n" {
		t.Errorf("%q %+v %v", out.String(), s, err)
	}
}

func TestFixedWidth(t *testing.T) {
	f := must(t, outYAML("file: {kind: fixed, charset: cp932}", `  - {name: a, width: 6, field: order.number}
  - {name: b, width: 4, field: line.quantity}
  - {name: c, width: 6, field: to.name}
`))
	got := write(t, f, WriteOptions{}, []record.Record{rec(t, "order.number", "A1", "line.quantity", "12", "to.name", "山田")})
	if got != "A1    0012山田  \r\n" {
		t.Errorf("%q", got)
	}
	holds := f.Check([]record.Record{rec(t, "to.name", "山田太郎")}, WriteOptions{})
	if len(holds) != 1 || holds[0].Reason != order.HoldLength {
		t.Errorf("%v", holds)
	}
}

const parcelYAML = `rows: parcel
file: {charset: cp932, header: none}
items: {text: "{line.name}×{line.quantity}", more: "他{rest}点", cut: true, join: "、"}`

func TestItems(t *testing.T) {
	f := must(t, outYAML(parcelYAML, "  - {name: a, item: 1, bytes: 10}\n  - {name: b, item: 2, bytes: 10}\n  - {name: all, field: instruction.items}\n"))
	lines := []record.Record{rec(t, "line.name", "能登の塩", "line.quantity", "2"), rec(t, "line.name", "b", "line.quantity", "1"), rec(t, "line.name", "c", "line.quantity", "1")}
	for n, want := range map[int]string{
		1: "能登の塩×,,能登の塩×2",
		2: "能登の塩×,b×1,能登の塩×2、b×1",
		3: "能登の塩×,他2点,能登の塩×2、b×1、c×1",
	} {
		if got := write(t, f, WriteOptions{}, lines[:n]); got != want+"\r\n" {
			t.Errorf("%d lines: %q", n, got)
		}
	}
}

func TestSplitText(t *testing.T) {
	cs, err := charset.Lookup("cp932")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		in     string
		limits []widthLimit
		want   []string
		rest   string
	}{
		{"東京都港区芝1-2-3", []widthLimit{{chars: 16}}, []string{"東京都港区芝1-2-3"}, ""},
		{"東京都港区芝1-2-3", []widthLimit{{chars: 8}, {chars: 8}}, []string{"東京都港区芝", "1-2-3"}, ""},
		{"東京都港区芝1-2-3", []widthLimit{{bytes: 15}, {bytes: 8}}, []string{"東京都港区芝", "1-2-3"}, ""},
		{"札幌市中央区北１条西２丁目３－４５", []widthLimit{{chars: 15}, {chars: 16}}, []string{"札幌市中央区北１条西２丁目", "３－４５"}, ""},
		{"123456789", []widthLimit{{chars: 4}, {chars: 5}}, []string{"", "12345"}, "6789"}, // held, never cut into two numbers
		{"芝123456789", []widthLimit{{chars: 4}, {chars: 9}}, []string{"芝", "123456789"}, ""},
		{"abcdef", []widthLimit{{chars: 2}, {chars: 2}}, []string{"ab", "cd"}, "ef"},
		{"서울특별시 강남구 역삼동", []widthLimit{{chars: 8}, {chars: 8}}, []string{"서울특별시", "강남구 역삼동"}, ""},
		{"", []widthLimit{{chars: 2}}, []string{""}, ""},
	} {
		got, rest := splitText(c.in, c.limits, cs)
		if d := cmp.Diff(c.want, got); d != "" || rest != c.rest {
			t.Errorf("%q: %s rest %q", c.in, d, rest)
		}
	}
}

// Parts hold all of the text but spaces at the cuts, keep their limits, and cut no
// number that fits into a part.
func TestSplitProperty(t *testing.T) {
	cs, err := charset.Lookup("cp932")
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringMatching(`([東港芝町]{1,6}([0-9]{1,3}(-[0-9]{1,2}){0,2})?|[ 　]|[a-z]{1,4}){0,12}`).Draw(t, "text")
		limits := []widthLimit{{chars: rapid.IntRange(10, 16).Draw(t, "a")}, {bytes: rapid.IntRange(20, 32).Draw(t, "b")}, {chars: 40}}
		parts, rest := splitText(s, limits, cs)
		bare := func(s string) string { return strings.NewReplacer(" ", "", "　", "").Replace(s) }
		if bare(strings.Join(parts, "")+rest) != bare(s) {
			t.Fatalf("%q became %q and %q", s, parts, rest)
		}
		for i, p := range parts {
			if limits[i].prefix(p, cs) != len(p) {
				t.Errorf("part %q is too long", p)
			}
			if i+1 < len(parts) && p != "" && parts[i+1] != "" && isDigit(p[len(p)-1]) && isDigit(parts[i+1][0]) && !strings.Contains(s, p+" ") && !strings.Contains(s, p+"　") {
				t.Errorf("a number is cut between %q and %q", p, parts[i+1])
			}
		}
	})
}

func TestFileName(t *testing.T) {
	f := must(t, outYAML(`file: {name: '{{.Warehouse}}_{{.Batch}}_{{.Time.Format "20060102150405"}}.csv'}`, "  - {name: c}\n"))
	b := Batch{Number: "B1", Warehouse: "tokyo", Time: time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)}
	got, err := f.FileName(b)
	if err != nil || got != "tokyo_B1_20261122090000.csv" {
		t.Errorf("%q %v", got, err)
	}
	b.Warehouse = "../x"
	if _, err := f.FileName(b); err == nil {
		t.Error("a folder is taken as a name")
	}
}

func TestNeutralise(t *testing.T) {
	f := must(t, outYAML("file: {header: none, neutralise: true}", "  - {name: c, field: to.name}\n"))
	for in, want := range map[string]string{"=1+1": "'=1+1", "@x": "'@x", "+81": "'+81", "-5": "-5", "-a": "'-a", "a=": "a="} {
		if got := write(t, f, WriteOptions{}, []record.Record{rec(t, "to.name", in)}); got != want+"\r\n" {
			t.Errorf("%q: %q", in, got)
		}
	}
}

func TestVerifyFinds(t *testing.T) {
	f := must(t, outYAML("file: {charset: cp932}", "  - {name: c, field: to.name}\n"))
	var out bytes.Buffer
	w, err := f.NewWriter(&out, WriteOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.WriteGroup([]record.Record{rec(t, "to.name", "山田")}); err != nil {
		t.Fatal(err)
	}
	s, err := w.Close()
	if err != nil {
		t.Fatal(err)
	}
	changed := bytes.Replace(out.Bytes(), []byte("\x8E\x52"), []byte("\x8E\x51"), 1)
	if err := f.Verify(bytes.NewReader(changed), WriteOptions{}, s); err == nil {
		t.Error("changed bytes pass")
	}
	s.text++
	if err := f.Verify(bytes.NewReader(out.Bytes()), WriteOptions{}, s); err == nil {
		t.Error("another text passes")
	}
}

// What is written to a spreadsheet and read again is the same.
func TestWorkbook(t *testing.T) {
	f := must(t, `
name: sheet
record: instructions
direction: both
country: JP
file: {kind: xlsx, sheet: 指示}
columns:
  - {name: 番号, field: order.number}
  - {name: 郵便番号, field: to.postal}
  - {name: 数量, field: line.quantity}
  - {name: 日付, field: instruction.ship_on}
  - {name: 備考, field: instruction.note}
`)
	r := rec(t, "order.number", "0012345678901234567", "to.postal", "0600001", "line.quantity", "3", "instruction.ship_on", "2026-11-22", "instruction.note", "=1+1 🍣")
	var out bytes.Buffer
	w, err := f.NewWriter(&out, WriteOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.WriteGroup([]record.Record{r}); err != nil {
		t.Fatal(err)
	}
	s, err := w.Close()
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Verify(bytes.NewReader(out.Bytes()), WriteOptions{}, s); err != nil {
		t.Error(err)
	}
	groups, refused, _, err := f.ReadAll(t.Context(), Bytes("a.xlsx", out.Bytes()), ReadOptions{})
	if err != nil || len(refused) > 0 || len(groups) != 1 {
		t.Fatal(groups, refused, err)
	}
	r[record.OrderCurrency] = "JPY" // the format's country says so
	if d := cmp.Diff(named(r), named(groups[0].Records[0])); d != "" {
		t.Error(d)
	}
}

// A workbook's damaged cells are refused with their address.
func TestWorkbookDamage(t *testing.T) {
	f := must(t, strings.Replace(plainYAML, "country: JP", "country: JP\nfile: {kind: workbook}", 1))
	var b bytes.Buffer
	var cols []workbook.Column
	for _, c := range []string{"no", "code", "qty", "price", "zip", "at"} {
		cols = append(cols, workbook.Column{Title: c})
	}
	w, err := workbook.NewWriter(&b, workbook.WriteOptions{Columns: cols})
	if err != nil {
		t.Fatal(err)
	}
	day := workbook.At(workbook.Civil{Year: 2026, Month: 11, Day: 22})
	for _, code := range []workbook.Value{workbook.Str("0012"), workbook.Float(1.23456789012345e+18), day, workbook.Str("8.11E+11")} {
		if err := w.WriteRow([]workbook.Value{workbook.Str("1"), code, workbook.Int(1), workbook.Int(100), workbook.Int(600001), day}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	_, refused, s, err := f.ReadAll(t.Context(), Bytes("a.xlsx", b.Bytes()), ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	balance(t, s, len(refused))
	var got []string
	for _, r := range refused {
		got = append(got, r.Address+" "+string(r.Reason))
	}
	want := []string{"B3 damaged_by_excel", "B4 damaged_by_excel", "B5 damaged_by_excel", " other_row_refused"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestTemplate(t *testing.T) {
	var b bytes.Buffer
	if err := must(t, plainYAML).Template(&b); err != nil {
		t.Fatal(err)
	}
	if b.String() != "\xEF\xBB\xBFno,code,qty,price,zip,at,note,memo,gift\r\n" {
		t.Errorf("%q", b.String())
	}
	b.Reset()
	sheet := must(t, strings.Replace(plainYAML, "country: JP", "country: JP\nfile: {kind: xlsx}", 1))
	if err := sheet.Template(&b); err != nil {
		t.Fatal(err)
	}
	_, _, s, err := sheet.ReadAll(t.Context(), Bytes("t.xlsx", b.Bytes()), ReadOptions{})
	if err != nil || s.Rows != 0 {
		t.Errorf("%+v %v", s, err)
	}
}
