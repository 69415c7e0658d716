package format

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"
	"pgregory.net/rapid"

	"github.com/mallbridge/mallbridge/mappers/record"
)

const bothYAML = `
name: both
record: stock
direction: both
country: JP
file: {kind: xlsx, name: 'b_{{.Batch}}.xlsx'}
columns:
  - {name: コード, field: stock.sku, type: code, required: true}
  - {name: 場所, field: stock.location, type: text}
  - {name: ロット, field: stock.lot, type: code}
  - {name: 数, field: stock.on_hand, type: int}
  - {name: 期限, field: stock.expiry, type: date, layout: 2006/01/02}
`

// What is written into a workbook is read back without loss: zeros in front, long
// numbers, formulas, quotes, characters that XML does not allow.
func TestSheetProperty(t *testing.T) {
	f := must(t, bothYAML)
	code := rapid.OneOf(rapid.StringMatching(`[0-9]{1,24}`), rapid.StringMatching(`0[0-9]{3}-[0-9A-Z]{1,6}`), rapid.SampledFrom([]string{"=1+1x", "+81-90", "-0012-A", "@cmd", "_x0041_", "表能ソ-1", "TRUE"}))
	text := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"=HYPERLINK(\"x\")", " 棚 A ", "a\tb", "\"引用\"", "_x000D_", "𠮷", "0600001"}))
	rapid.Check(t, func(t *rapid.T) {
		var want []map[string]string
		var b bytes.Buffer
		w, err := f.NewWriter(&b, WriteOptions{Batch: Batch{Number: "1"}})
		if err != nil {
			t.Fatal(err)
		}
		for range rapid.IntRange(1, 5).Draw(t, "rows") {
			r := record.New()
			r[record.StockSKU] = code.Draw(t, "code")
			r[record.StockLocation] = text.Filter(plainText).Draw(t, "text")
			r[record.StockLot] = rapid.StringMatching(`(0[0-9]{0,5})?`).Draw(t, "lot")
			r[record.StockOnHand] = rapid.StringMatching(`[1-9][0-9]{0,8}`).Draw(t, "n")
			r[record.StockExpiry] = rapid.SampledFrom([]string{"", "2027-03-31"}).Draw(t, "expiry")
			if err := w.WriteGroup([]record.Record{r}); err != nil {
				t.Fatal(err)
			}
			want = append(want, named(r))
		}
		sum, err := w.Close()
		if err != nil {
			t.Fatal(err)
		}
		if err := f.Verify(bytes.NewReader(b.Bytes()), WriteOptions{}, sum); err != nil {
			t.Fatal(err)
		}
		groups, refused, _, err := f.ReadAll(t.Context(), Bytes("b.xlsx", b.Bytes()), ReadOptions{})
		if err != nil || len(refused) > 0 {
			t.Fatalf("%v %v", err, refused)
		}
		var got []map[string]string
		for _, g := range groups {
			m := named(g.Records[0])
			delete(m, "order.currency")
			got = append(got, m)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Fatal(d)
		}
	})
}

// plainText leaves out what is told otherwise: line breaks become spaces.
func plainText(s string) bool {
	return !strings.ContainsAny(s, "\r\n\uFEFF\uFFFD") && (s == "" || strings.TrimSpace(s) != "")
}

// A template has what people need in it, as another program sees it: a frozen
// header, notes, lists, columns formatted as text, widths.
func TestTemplateSheet(t *testing.T) {
	f := must(t, strings.Replace(plainYAML, "country: JP", "country: JP\nfile: {kind: xlsx}", 1))
	var b bytes.Buffer
	field := f.steps[0].field
	if err := f.TemplateWith(&b, TemplateOptions{Lists: map[record.Field][]string{field: {"0012", "代金引換"}}}); err != nil {
		t.Fatal(err)
	}
	x, err := excelize.OpenReader(bytes.NewReader(b.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	sheet := x.GetSheetName(0)
	panes, err := x.GetPanes(sheet)
	if err != nil || !panes.Freeze || panes.YSplit != 1 {
		t.Errorf("panes %+v %v", panes, err)
	}
	rules, err := x.GetDataValidations(sheet)
	if err != nil {
		t.Fatal(err)
	}
	lists, notes := 0, 0
	for _, r := range rules {
		if r.Type == "list" {
			lists++
		}
		if r.Prompt != nil && *r.Prompt != "" {
			notes++
		}
	}
	if lists != 1 || notes == 0 {
		t.Errorf("%d lists, %d notes: %+v", lists, notes, rules)
	}
	style, err := x.GetColStyle(sheet, "A")
	if err != nil {
		t.Fatal(err)
	}
	s, err := x.GetStyle(style)
	if err != nil || s.NumFmt != 49 {
		t.Errorf("column A is not formatted as text: %+v %v", s, err)
	}
	for _, col := range []string{"A", "B"} {
		if w, err := x.GetColWidth(sheet, col); err != nil || w < 6 || w > 60 {
			t.Errorf("column %s is %v wide (%v)", col, w, err)
		}
	}
}
