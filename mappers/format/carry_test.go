package format

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/mallbridge/mallbridge/mappers/record"
)

const carryYAML = `
name: carried
record: orders
direction: in
country: JP
file: {or_charset: [cp932], footer_cells: 2}
carry:
  heads: {item: [""]}
  leave: {ships: ["no"]}
  shipped: {ships: ["done"]}
columns:
  - {name: no, field: order.number, required: true}
  - {name: name, field: to.name, required: true}
  - {name: country, field: to.country}
  - {name: money, field: order.currency}
  - {name: note, field: order.note}
  - {name: item, field: line.item_code}
  - {name: qty, field: line.quantity, required: true}
  - {name: ships}
  - {name: gift}
flags:
  gift: {gift: ["1"]}
`

func TestCarry(t *testing.T) {
	f := must(t, carryYAML)
	const head = "no,name,country,money,note,item,qty,ships,gift\n"
	for name, c := range map[string]struct {
		rows string
		want []string
	}{
		"first row tells": {
			"1,Ann,US,USD,x,a,1,,\n2,Bob,,,,a,1,,\n1,,,,,b,2,,\n",
			[]string{"1: 1.1 Ann US USD a×1, 1.2 Ann US USD b×2", "2: 2.1 Bob JP JPY a×1", "3 rows, 3 taken"},
		},
		"a row of its own tells": {
			"1,Ann,US,,,,5,,1\n1,,,,,a,1,,\n1,,,,,b,2,,1\n",
			[]string{"1: 1.1 Ann US JPY a×1 gift, 1.2 Ann US JPY b×2 gift", "3 rows, 3 taken"},
		},
		"it stands last": {"1,,,,,a,1,,\n1,Ann,,,,,,,\n", []string{"1: 1.1 Ann JP JPY a×1", "2 rows, 2 taken"}},
		"lines left out": {
			"1,Ann,,,,a,1,no,1\n1,,,,,b,1,,\n2,Bob,,,,a,1,no,\n",
			[]string{"1: 1.2 Ann JP JPY b×1", "3 rows, 1 taken, 2 filtered"},
		},
		"lines shipped": {
			"1,Ann,,,,a,1,done,1\n1,,,,,b,1,,\n2,Bob,,,,a,1,done,1\n",
			[]string{"1: 1.2 Ann JP JPY b×1", "2: 2.1 Bob JP JPY a×1 gift", "3 rows, 2 taken, 1 filtered"},
		},
		"no lines":        {"1,Ann,,,,,,,\n2,Bob,,,,a,1,,\n", []string{"line 2: value_missing: the order has no lines in this file", "2: 2.1 Bob JP JPY a×1", "2 rows, 1 taken, 1 refused"}},
		"nothing tells":   {"1,,,,,a,1,,\n1,,,,,b,1,,\n", []string{"line 2, column name: value_missing: a value is required in one of the order's rows", "line 3, column name: value_missing: a value is required in one of the order's rows", "2 rows, 2 refused"}},
		"rows disagree":   {"1,Ann,,,,,,,\n1,Bob,,,,b,1,,\n", []string{`line 2, column name: rows_disagree: line 2 has "Ann", line 3 has "Bob", in one order: "Bob"`, `line 3, column name: rows_disagree: line 2 has "Ann", line 3 has "Bob", in one order: "Bob"`, "2 rows, 2 refused"}},
		"a line is wrong": {"1,Ann,,,,,,,\n1,,,,,b,0,,\n", []string{`line 3, column qty: quantity_not_positive: a quantity of 1 or more is expected: "0"`, "line 2: other_row_refused: another row of the same order was refused", "2 rows, 2 refused"}},
		"notes below":     {"1,Ann,,,,a,1,,\n\n1,record(s) downloaded\nseller", []string{"1: 1.1 Ann JP JPY a×1", "1 rows, 1 taken"}},
	} {
		t.Run(name, func(t *testing.T) {
			if d := cmp.Diff(c.want, carried(t, f, head+c.rows, ReadOptions{})); d != "" {
				t.Error(d)
			}
		})
	}
}

// carried tells what became of a file.
func carried(t interface{ Fatal(...any) }, f *Format, text string, o ReadOptions) []string {
	groups, refused, s, err := f.ReadAll(context.Background(), Bytes("x.csv", []byte(text)), o)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, r := range refused {
		out = append(out, r.String())
	}
	for _, g := range groups {
		var rows []string
		for _, r := range g.Records {
			rows = append(rows, strings.TrimSpace(fmt.Sprintf("%s.%s %s %s %s %s×%s %s", r[record.OrderNumber], r[record.LineKey], r[record.ToName], r[record.ToCountry], r[record.OrderCurrency], r[record.LineItemCode], r[record.LineQuantity], r[record.OrderFlags])))
		}
		out = append(out, g.Records[0][record.OrderNumber]+": "+strings.Join(rows, ", "))
	}
	sums := fmt.Sprintf("%d rows", s.Rows)
	for _, n := range []struct {
		n    int64
		what string
	}{{s.Taken, "taken"}, {s.Filtered, "filtered"}, {s.Refused, "refused"}} {
		if n.n > 0 {
			sums += fmt.Sprintf(", %d %s", n.n, n.what)
		}
	}
	return append(out, sums)
}

// TestCarryAnywhere: however rows of orders lie between each other, in pieces of any
// size, no row is lost and every line gets what its order's head tells.
func TestCarryAnywhere(t *testing.T) {
	f := must(t, carryYAML)
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 12).Draw(t, "orders")
		var rows []string
		for i := range n {
			rows = append(rows, fmt.Sprintf("%d,name%d,,,,,,,", i, i))
			for j := range rapid.IntRange(1, 4).Draw(t, "lines") {
				rows = append(rows, fmt.Sprintf("%d,,,,,i%d,%d,,", i, j, j+1))
			}
		}
		rows = rapid.Permutation(rows).Draw(t, "rows")
		text := "no,name,country,money,note,item,qty,ships,gift\n" + strings.Join(rows, "\n") + "\n"
		o := ReadOptions{chunk: rapid.SampledFrom([]int{0, 32, 100}).Draw(t, "chunk"), window: rapid.SampledFrom([]int{0, 2}).Draw(t, "window")}
		groups, refused, s, err := f.ReadAll(context.Background(), Bytes("x.csv", []byte(text)), o)
		if err != nil || len(refused) > 0 || s.Rows != int64(len(rows)) || s.Taken != s.Rows || len(groups) != n {
			t.Fatalf("%v, %v, %+v, %d groups of %d", err, refused, s, len(groups), n)
		}
		lines := 0
		for _, g := range groups {
			for _, r := range g.Records {
				lines++
				if r[record.ToName] != "name"+r[record.OrderNumber] || r[record.LineItemCode] == "" {
					t.Fatalf("%q", r)
				}
			}
		}
		if lines != len(rows)-n {
			t.Fatalf("%d lines of %d", lines, len(rows)-n)
		}
	})
}

func TestCarryFindings(t *testing.T) {
	_, err := Parse("f.yaml", []byte(strings.NewReplacer(
		"heads: {item: [\"\"]}", "heads: {line.item_code: [\"\"]}", "field: to.country}", "field: to.country, default: JP}", "[cp932]", "[latin]").Replace(carryYAML)))
	if err == nil {
		t.Fatal("no findings")
	}
	for _, want := range []string{"carry: line.item_code is not known yet", "carry: to.country has a value in every row", `or_charset: "latin" cannot be told from utf-8`} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%v\nlacks %s", err, want)
		}
	}
}

// TestOrCharset: a file is read in the charset that it is in, also where only its end
// tells.
func TestOrCharset(t *testing.T) {
	f := must(t, strings.Replace(carryYAML, "file: {or_charset: [cp932], footer_cells: 2}", "file: {charset: cp932, or_charset: [utf-8]}", 1))
	for name, c := range map[string]struct{ text, want string }{
		"utf-8":        {"見本", "見本"},
		"with mark":    {"\uFEFF見本", "見本"},
		"cp932":        {"\x8c\xa9\x96\x7b", "見本"},
		"half width":   {"\xd0\xce\xdd", "ﾐﾎﾝ"},
		"ascii":        {"mihon", "mihon"},
		"vendor chars": {"\xfb\xfc\x8d\x82", "髙高"},
	} {
		for _, far := range []int{0, 300_000} {
			text, mark := c.text, ""
			if rest, ok := strings.CutPrefix(text, "\uFEFF"); ok {
				text, mark = rest, "\uFEFF"
			}
			long := mark + "no,name,country,money,note,item,qty,ships,gift\n" + strings.Repeat("0,Ann,,,,a,1,,\n", far/15) + "1," + text + ",,,,a,1,,\n"
			groups, _, _, err := f.ReadAll(context.Background(), Bytes("x.csv", []byte(long)), ReadOptions{})
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			i := slices.IndexFunc(groups, func(g Group) bool { return g.Records[0][record.OrderNumber] == "1" })
			if i < 0 || groups[i].Records[0][record.ToName] != c.want {
				t.Errorf("%s after %d bytes: %v, want %s", name, far, groups, c.want)
			}
		}
	}
}
