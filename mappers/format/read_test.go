package format

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/mallbridge/mallbridge/mappers/record"
	"github.com/mallbridge/mallbridge/order"
)

const plainYAML = `
name: plain
record: orders
direction: in
country: JP
may_differ: [order.memo]
columns:
  - {name: no, field: order.number, required: true}
  - {name: code, field: line.item_code}
  - {name: qty, field: line.quantity}
  - {name: price, field: line.price}
  - {name: zip, field: to.postal, type: digits, digits: 7}
  - {name: at, field: order.ordered_at}
  - {name: note, field: order.note, optional: true}
  - {name: memo, field: order.memo, optional: true}
  - {name: gift, optional: true}
flags:
  gift: {gift: ["1"]}
  warning: num(line.price) > 9000
`

func TestRefusals(t *testing.T) {
	f := must(t, plainYAML)
	head := "no,code,qty,price,zip,at,note\n"
	for name, c := range map[string]struct {
		rows string
		want []string
	}{
		"quantity":             {"1,a,0,1,1,2026-11-22,\n", []string{`line 2, column qty: quantity_not_positive: a quantity of 1 or more is expected: "0"`}},
		"negative":             {"1,a,-1,1,1,2026-11-22,\n", []string{`line 2, column qty: quantity_not_positive: a quantity of 1 or more is expected: "-1"`}},
		"no number":            {"1,a,1,x,1,2026-11-22,\n", []string{`line 2, column price: not_the_type: amount "x" is not a number: "x"`}},
		"exponent":             {"1,8.11E+11,1,1,1,2026-11-22,\n", []string{`line 2, column code: damaged_by_excel: Excel has turned the code into a number with an exponent: its last digits are gone: "8.11E+11"`}},
		"date in a code":       {"1,3月5日,1,1,1,2026-11-22,\n2,Mar-05,1,1,1,2026-11-22,\n", []string{`line 2, column code: damaged_by_excel: Excel has turned the code into a date: "3月5日"`, `line 3, column code: damaged_by_excel: Excel has turned the code into a date: "Mar-05"`}},
		"no order number":      {",a,1,1,1,2026-11-22,\n", []string{`line 2, column no: value_missing: a value is required`}},
		"columns":              {"1,a,1,1,1\n1,a,1,1,1,2026-11-22,,x\n", []string{`line 2: column_count: the row has 5 columns, not 7`, `line 3: column_count: the row has 8 columns, not 7`}},
		"date":                 {"1,a,1,1,1,2026-02-30,\n", []string{`line 2, column at: not_the_type: a date is expected such as 2026-11-22 or 2026/11/22 09:05:00: "2026-02-30"`}},
		"line after breaks":    {"1,a,1,1,1,2026-11-22,\"x\ny\r\nz\"\n2,a,0,1,1,2026-11-22,\n", []string{`line 5, column qty: quantity_not_positive: a quantity of 1 or more is expected: "0"`}},
		"the whole order":      {"1,a,1,1,1,2026-11-22,\n2,a,1,1,1,2026-11-22,\n1,a,0,1,1,2026-11-22,\n", []string{`line 4, column qty: quantity_not_positive: a quantity of 1 or more is expected: "0"`, `line 2: other_row_refused: another row of the same order was refused`}},
		"rows disagree":        {"1,a,1,1,1,2026-11-22,x\n1,b,1,1,1,2026-11-22,y\n", []string{`line 2, column note: rows_disagree: line 2 has "x", line 3 has "y", in one order: "y"`, `line 3, column note: rows_disagree: line 2 has "x", line 3 has "y", in one order: "y"`}},
		"text behind a quote":  {"1,\"a\"b,1,1,1,2026-11-22,\n", []string{`line 2: not_the_type: there is text after a closing quote: "a\"b"`}},
		"bad bytes":            {"1,a\xFFb,1,1,1,2026-11-22,\n" + strings.Repeat("2,東,1,1,1,2026-11-22,\n", 9), []string{`line 2, column code: bad_character: bytes FF are no character of utf-8: "a (bytes 61 FF 62)"`}},
		"too many digits":      {"1,a,1,1,12345678,2026-11-22,\n", []string{`line 2, column zip: not_the_type: 7 digits are expected, not 8: "12345678"`}},
		"blank lines are none": {"\n,,,,,,\r\n", nil},
	} {
		t.Run(name, func(t *testing.T) {
			_, refused, s, err := f.ReadAll(context.Background(), Bytes("f.csv", []byte(head+c.rows)), ReadOptions{Workers: 2})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, r := range refused {
				got = append(got, r.String())
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Error(d)
			}
			balance(t, s, len(refused))
		})
	}
}

func balance(t interface{ Errorf(string, ...any) }, s Stats, refused int) {
	if s.Rows != s.Taken+s.Filtered+s.Refused || s.Refused != int64(refused) {
		t.Errorf("rows do not add up: %+v, %d refusals", s, refused)
	}
}

func TestValues(t *testing.T) {
	f := must(t, plainYAML)
	in := `no,code,qty,price,zip,at,note,gift
"=""0012""",'0034, 1.00 ,"¥12,000",600001,2026/1/5 9:05,"a
b",1
２,　0600001　,1,0100,1234-567,20261122,,0
`
	groups, _, _, err := f.ReadAll(context.Background(), Bytes("f.csv", []byte(in)), ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var got []map[string]string
	for _, g := range groups {
		got = append(got, named(g.Records[0]))
	}
	want := []map[string]string{
		{
			"order.number": "0012", "line.item_code": "0034", "line.quantity": "1", "line.price": "12000", "to.postal": "0600001",
			"order.ordered_at": "2026-01-05T09:05:00+09:00", "order.note": "a\nb", "order.flags": "gift warning",
			"order.currency": "JPY", "to.country": "JP", "buyer.country": "JP",
		},
		{
			"order.number": "２", "line.item_code": "0600001", "line.quantity": "1", "line.price": "100", "to.postal": "1234-567",
			"order.ordered_at": "2026-11-22T00:00:00+09:00", "order.currency": "JPY", "to.country": "JP", "buyer.country": "JP",
		},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestFileErrors(t *testing.T) {
	f := must(t, plainYAML)
	cp932 := must(t, strings.Replace(plainYAML, "country: JP", "country: JP\nfile: {charset: cp932}", 1))
	head := "no,code,qty,price,zip,at\n"
	row := "1,東京都のタオル,1,1,1,2026-11-22\n"
	sjis := sjis(t, cp932, head+row)
	for name, c := range map[string]struct {
		f      *Format
		in     string
		want   string
		reason order.Reason
		empty  bool
	}{
		"no bytes":         {f, "", "f.csv: the file has no bytes", order.RefusedFile, true},
		"empty lines":      {f, "\r\n\r\n", "f.csv: the file has only empty lines", order.RefusedFile, true},
		"missing columns":  {f, "no,code,qty,price\n", "f.csv: line 1: column zip: the file lacks the column 「zip」, 「at」", order.RefusedColumns, false},
		"doubled column":   {f, "no,code,qty,price,zip,at,qty\n", "f.csv: line 1: column qty: the file has the column 「qty」 more than once", order.RefusedColumns, false},
		"UTF-8 for cp932":  {cp932, head + row, "f.csv: line 1: the file is not in cp932; it looks like utf-8", order.RefusedCharset, false},
		"cp932 for UTF-8":  {f, string(sjis), "f.csv: line 2: the file is not in utf-8; it looks like cp932: \"93\"", order.RefusedCharset, false},
		"UTF-16":           {f, "\xFF\xFEn\x00", "f.csv: the file is in UTF-16, utf-8 is expected", order.RefusedCharset, false},
		"a workbook":       {f, "PK\x03\x04rest", "", order.RefusedFile, false},
		"ends in quotes":   {f, head + row + "2,\"東", "f.csv: line 3: the file ends inside quotes: it is half-written", order.RefusedFile, false},
		"ends in a row":    {f, head + row + "2,東,1", "f.csv: line 3: the file ends in the middle of a row: it is half-written", order.RefusedFile, false},
		"cut character":    {cp932, string(sjis[:len(sjis)-2]) + "\r\n1,a,1,1,1,2026-11-22 10:00:00\x93", "f.csv: line 3: the file ends in the middle of a row: it is half-written", order.RefusedFile, false},
		"binary":           {f, head + "\x00\x00", "f.csv: the file is not text", order.RefusedFile, false},
		"too many columns": {f, strings.Repeat("x,", 10_001) + "\n", "f.csv: the header has 10002 columns, the limit is 10000", order.RefusedColumns, false},
	} {
		t.Run(name, func(t *testing.T) {
			taken := 0
			_, err := c.f.Read(context.Background(), Bytes("f.csv", []byte(c.in)), ReadOptions{Workers: 2}, func(Group) error { taken++; return nil })
			var fe *FileError
			if !errors.As(err, &fe) {
				t.Fatalf("error %v", err)
			}
			if c.want != "" && fe.Error() != c.want {
				t.Errorf("got  %s\nwant %s", fe, c.want)
			}
			if fe.Reason != c.reason || taken > 0 || errors.Is(err, ErrEmpty) != c.empty {
				t.Errorf("reason %s, %d groups taken, empty %v", fe.Reason, taken, errors.Is(err, ErrEmpty))
			}
			if order.CodeOf(err) != order.Invalid || fe.Reason != order.RefusedColumns && order.HintOf(err) == "" {
				t.Errorf("code %s, hint %q", order.CodeOf(err), order.HintOf(err))
			}
		})
	}
}

// What real programs add to files is no fault.
func TestTolerated(t *testing.T) {
	f := must(t, plainYAML)
	cp932 := must(t, strings.Replace(plainYAML, "country: JP", "country: JP\nfile: {charset: cp932, header_within: 3}", 1))
	row := "1,東京,1,1,1,2026-11-22"
	for name, c := range map[string]struct {
		f  *Format
		in string
	}{
		"byte order mark over cp932": {cp932, "\xEF\xBB\xBFno,code,qty,price,zip,at\r\n" + row + "\r\n"},
		"no last line end":           {f, "no,code,qty,price,zip,at\r\n" + row},
		"end mark and empty lines":   {f, "no,code,qty,price,zip,at\r\n" + row + "\r\n\r\n\x1A"},
		"moved and added columns":    {f, "x,at,zip,price,qty,code,no,y\n,2026-11-22,1,1,1,東京,1,\n"},
		"full-width header, spaces":  {f, "ＮＯ ,code,　qty,price,zip,at\n" + row + "\n"},
		"trailing empty column":      {f, "no,code,qty,price,zip,at\n" + row + ",\n"},
		"notice above the header":    {cp932, "\xEF\xBB\xBFnotice\nsecond\nno,code,qty,price,zip,at\n" + row + "\n"},
		"CR line ends":               {f, "no,code,qty,price,zip,at\r" + row + "\r"},
		"bare quotes":                {f, "no,code,qty,price,zip,at,z\n1,東京,1,1,1,2026-11-22,7\"x\n"},
		"columns of a refused file":  {f, "no,code,qty,price,zip,at,理由,元の行,該当列,詳細\n" + row + ",x,2,,\n"},
	} {
		t.Run(name, func(t *testing.T) {
			if strings.HasPrefix(c.in, "ＮＯ") {
				c.in = strings.Replace(c.in, "ＮＯ", "ｎｏ", 1)
			}
			groups, refused, s, err := c.f.ReadAll(context.Background(), Bytes("f.csv", []byte(c.in)), ReadOptions{})
			if err != nil || len(refused) > 0 || len(groups) != 1 {
				t.Fatalf("%+v %v %v", s, refused, err)
			}
			if r := groups[0].Records[0]; r[record.LineItemCode] != "東京" || r[record.OrderNumber] != "1" {
				t.Errorf("record %v", named(r))
			}
		})
	}
}

func TestHeaderOnly(t *testing.T) {
	_, _, s, err := must(t, plainYAML).ReadAll(context.Background(), Bytes("f.csv", []byte("no,code,qty,price,zip,at\n")), ReadOptions{})
	if err != nil || s != (Stats{}) {
		t.Errorf("%+v %v", s, err)
	}
}

// Whatever the size of chunks, the number of workers and the distance of an
// order's rows, every order comes once and whole, in the order of its first row,
// and every row is accounted for.
func TestGroupsProperty(t *testing.T) {
	f := must(t, ordersYAML)
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 60).Draw(t, "rows")
		var in bytes.Buffer
		in.WriteString("注文番号,ステータス,商品番号,個数,単価,姓,名\r\n")
		wantOrders := map[string][]string{}
		bad := map[string]bool{}
		var first []string
		filtered := 0
		for i := range n {
			no := fmt.Sprint(rapid.IntRange(1, 20).Draw(t, "no"))
			status := rapid.SampledFrom([]string{"300", "300", "200"}).Draw(t, "status")
			qty := rapid.SampledFrom([]string{"1", "2", "3", "1", "2", "0"}).Draw(t, "qty")
			note := rapid.SampledFrom([]string{"a", "\"x\r\ny\"", "\"q\"\"q\"", ""}).Draw(t, "note")
			if rapid.IntRange(0, 15).Draw(t, "blank") == 0 {
				in.WriteString(",,,,,,\r\n")
			}
			fmt.Fprintf(&in, "%s,%s,c%d,%s,5,%s,z\r\n", no, status, i, qty, note)
			if status != "300" {
				filtered++
				continue
			}
			if qty == "0" {
				bad[no] = true
			} else {
				if wantOrders[no] == nil {
					first = append(first, no)
				}
				wantOrders[no] = append(wantOrders[no], fmt.Sprint("c", i))
			}
		}
		cs := f.Charset()
		raw, err := cs.Encode(in.String())
		if err != nil {
			t.Fatal(err)
		}
		o := ReadOptions{Workers: rapid.IntRange(1, 4).Draw(t, "workers"), chunk: rapid.IntRange(20, 400).Draw(t, "chunk"), window: rapid.SampledFrom([]int{1, 5, 0}).Draw(t, "window")}
		groups, refused, s, err := f.ReadAll(context.Background(), Bytes("f.csv", raw), o)
		if err != nil {
			t.Fatal(err)
		}
		balance(t, s, len(refused))
		if s.Rows != int64(n) || s.Filtered != int64(filtered) {
			t.Errorf("stats %+v", s)
		}
		var order []string
		for _, g := range groups {
			no := g.Records[0][record.OrderNumber]
			order = append(order, no)
			var codes []string
			for _, r := range g.Records {
				codes = append(codes, r[record.LineItemCode])
			}
			if d := cmp.Diff(wantOrders[no], codes); d != "" || bad[no] {
				t.Errorf("order %s (bad %v): %s", no, bad[no], d)
			}
		}
		first = slices.DeleteFunc(first, func(no string) bool { return bad[no] })
		if o.window != 0 {
			slices.Sort(first)
			slices.Sort(order)
		}
		if !slices.Equal(first, order) {
			t.Errorf("groups come as %v, want %v", order, first)
		}
	})
}

func FuzzRead(f *testing.F) {
	format := must(f, plainYAML)
	sjis := must(f, ordersYAML)
	f.Add([]byte("no,code,qty,price,zip,at\n1,a,1,1,1,2026-11-22\n1,\"a\nb\",1,1,1,2026-11-22\n"), uint8(20))
	f.Add([]byte("no,code,qty,price,zip,at\n1,a\"b,1,1,1,20261122\n\"2\"x,,,\n"), uint8(7))
	f.Add([]byte("\x92\x8D\x95\xB6,\x83"), uint8(3))
	f.Fuzz(func(t *testing.T, b []byte, chunk uint8) {
		for _, x := range []*Format{format, sjis} {
			var refused int
			taken := int64(0)
			s, err := x.Read(context.Background(), Bytes("f", b), ReadOptions{Workers: 1, Cells: true, chunk: int(chunk) + 1, Refuse: func(Refusal) { refused++ }}, func(g Group) error {
				taken += int64(len(g.Rows))
				return nil
			})
			if err != nil {
				continue
			}
			balance(t, s, refused)
			if taken != s.Taken {
				t.Errorf("%d rows came, %d are counted", taken, s.Taken)
			}
		}
	})
}

func TestEmitError(t *testing.T) {
	f := must(t, plainYAML)
	in := "no,code,qty,price,zip,at\n" + strings.Repeat("1,a,1,1,1,2026-11-22\n", 50) + "2,a,1,1,1,2026-11-22\n"
	stop := errors.New("stop")
	if _, err := f.Read(context.Background(), Bytes("f", []byte(in)), ReadOptions{chunk: 100}, func(Group) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("error %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := f.Read(ctx, Bytes("f", []byte(in)), ReadOptions{}, func(Group) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

// Refused rows come back as a file that can be mended and dropped again.
func TestRefusedWriter(t *testing.T) {
	f := must(t, ordersYAML)
	in := sjis(t, f, "x,注文番号,ステータス,商品番号,個数,単価,姓,名\nk,1,300,能,0,5,\"表,\",ソ\nk,1,300,b,1,5,\"表,\",ソ\nk,2,300,c,1,5,a,b\n")
	src := Bytes("in.csv", in)
	var out bytes.Buffer
	w, err := f.NewRefusedWriter(&out, src, "ja")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Read(context.Background(), src, ReadOptions{Cells: true, Refuse: func(r Refusal) {
		if err := w.Write(r); err != nil {
			t.Error(err)
		}
	}}, func(Group) error { return nil }); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	text, err := f.Charset().Decode(out.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	want := strings.ReplaceAll(`x,注文番号,ステータス,商品番号,個数,単価,姓,名,理由,元の行,該当列,詳細
k,1,300,能,0,5,"表,",ソ,数量が1以上ではありません,2,個数,a quantity of 1 or more is expected
k,1,300,b,1,5,"表,",ソ,同じ注文の別の行が読めません,3,,another row of the same order was refused
`, "\n", "\r\n")
	if d := cmp.Diff(want, text); d != "" {
		t.Error(d)
	}
	mended := sjis(t, f, strings.Replace(strings.ReplaceAll(text, "\r\n", "\n"), "能,0", "能,3", 1))
	groups, refused, _, err := f.ReadAll(context.Background(), Bytes("in.refused.csv", mended), ReadOptions{})
	if err != nil || len(refused) > 0 || len(groups) != 1 || len(groups[0].Records) != 2 {
		t.Errorf("the mended file gives %d groups, %v, %v", len(groups), refused, err)
	}
}

// Rows are read alike whether or not an odd one makes a chunk be split to its last
// column.
func TestColumnsThatNobodyReads(t *testing.T) {
	f := must(t, plainYAML)
	const head = "no,code,qty,price,zip,at,note,x,y,z\n"
	rapid.Check(t, func(t *rapid.T) {
		var text strings.Builder
		text.WriteString(head)
		for i := range rapid.IntRange(0, 6).Draw(t, "rows") {
			text.WriteString(rapid.SampledFrom([]string{
				fmt.Sprintf("%d,a,1,1,1,2026-11-22,n,p,,q\n", i/2), fmt.Sprintf("%d,b,0,1,1,2026-11-22,,p,\uFF0C,\r\n", i/2),
				",,,,,,,,,\n", ", ,,,,,,\u3000,,\r\n", ",,,,,,,,,q\n", fmt.Sprintf("%d,c,x,1,1,2026-11-22,,,,q\r\r\n", i),
			}).Draw(t, "row"))
		}
		read := func(more string) ([]Group, []Refusal, Stats) {
			groups, refused, s, err := f.ReadAll(t.Context(), Bytes("f.csv", []byte(text.String()+more)), ReadOptions{Cells: true, Workers: 1})
			if err != nil {
				t.Fatal(err)
			}
			refused = slices.DeleteFunc(refused, func(r Refusal) bool { return r.Reason == order.RefusedColumns })
			for i := range refused {
				refused[i].from = nil
			}
			return groups, refused, s
		}
		groups, refused, s := read("")
		wantGroups, wantRefused, want := read("odd,row\n")
		want.Rows, want.Refused = want.Rows-1, want.Refused-1
		if d := cmp.Diff(wantGroups, groups, cmpopts.EquateEmpty()) + cmp.Diff(wantRefused, refused, cmp.AllowUnexported(Refusal{}), cmpopts.EquateEmpty()) + cmp.Diff(want, s); d != "" {
			t.Errorf("%q: %s", text.String(), d)
		}
	})
}

// What a row says does not hang on the rows before it in its chunk.
func TestRowsThatRepeat(t *testing.T) {
	f := must(t, `
name: repeats
record: orders
direction: in
country: JP
tables:
  kinds: {c: cod, p: prepaid}
may_differ: [to.name, to.phone, order.payment, order.delivery, order.note, to.postal]
columns:
  - {name: no, field: order.number, required: true}
  - {name: code, field: line.item_code, required: true}
  - {name: qty, field: line.quantity}
  - {name: family}
  - {name: given}
  - {name: tel1}
  - {name: tel2}
  - {name: pay, field: order.payment, table: kinds}
  - {name: note, field: order.note, default: none}
  - {name: zip, field: to.postal, optional: true}
fields:
  to.name: {join: [family, given], sep: " "}
  to.phone: {join: [tel1, tel2], sep: "-"}
  order.delivery: {expr: 'order.note + "/" + line.item_code'}
`)
	rapid.Check(t, func(t *rapid.T) {
		of := func(values ...string) string { return rapid.SampledFrom(values).Draw(t, "value") }
		var text strings.Builder
		text.WriteString(of("no,code,qty,family,given,tel1,tel2,pay,note,zip,x\n", "no,code,qty,family,given,tel1,tel2,pay,note\n"))
		further := strings.Count(text.String(), ",") - 8
		for range rapid.IntRange(1, 8).Draw(t, "rows") {
			row := []string{of("1", "2"), of("a", "b", "'b", "3-Mar", ""), of("1", "01", "0"), of("山", "川", ""), of("山", "川", ""), of("03", ""), of("03", "1"), of("c", "p", "x", ""), of("", "x", `"x"`, `"x""y"`, "none")}
			for range further {
				row = append(row, of("", "1000001", "100-0001"))
			}
			text.WriteString(strings.Join(row, ",") + "\n")
		}
		read := func(o ReadOptions) ([]Group, []Refusal, Stats) {
			o.Workers = 1
			groups, refused, s, err := f.ReadAll(t.Context(), Bytes("f.csv", []byte(text.String())), o)
			if err != nil {
				t.Fatal(err)
			}
			return groups, refused, s
		}
		groups, refused, s := read(ReadOptions{})
		wantGroups, wantRefused, want := read(ReadOptions{chunk: 8})
		if d := cmp.Diff(wantGroups, groups) + cmp.Diff(wantRefused, refused, cmp.AllowUnexported(Refusal{}), cmpopts.IgnoreFields(Refusal{}, "from")) + cmp.Diff(want, s); d != "" {
			t.Errorf("%q: %s", text.String(), d)
		}
	})
}
