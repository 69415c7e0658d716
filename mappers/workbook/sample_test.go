package workbook

import (
	"archive/zip"
	"bytes"
	"flag"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares got with a file in testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

// samples are the workbooks in testdata, written by openpyxl 3.0.9 and, from
// that one, by LibreOffice 7.4.
func samples(t testing.TB, pattern string) map[string][]byte {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join("testdata", pattern))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no samples %s: %v", pattern, err)
	}
	out := map[string][]byte{}
	for _, p := range paths {
		data, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		out[filepath.Base(p)] = data
	}
	return out
}

func TestSamples(t *testing.T) {
	for name, data := range samples(t, "*.xls*") {
		if strings.HasSuffix(name, ".cells") {
			continue
		}
		t.Run(name, func(t *testing.T) {
			rows, err := readAll(t, data, Options{})
			if err != nil {
				t.Fatal(err)
			}
			golden(t, name+".cells", show(rows))
		})
	}
}

func TestSecondSheet(t *testing.T) {
	for _, name := range []string{"openpyxl.xlsx", "libreoffice.xlsx", "libreoffice.xls"} {
		rows, err := readAll(t, samples(t, name)[name], Options{Sheet: "둘째"})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff("B2 text \"second\"\n", show(rows)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// TestSameAsExcelize reads every sample with this package and with excelize.
func TestSameAsExcelize(t *testing.T) {
	all := samples(t, "*.xlsx")
	var b bytes.Buffer
	if err := excelizeSheet(&b, 50); err != nil {
		t.Fatal(err)
	}
	all["excelize"] = b.Bytes()
	all["own"] = writeSample(t, WriteOptions{Columns: []Column{{Title: "코드", Code: true}, {Title: "날짜"}}})
	for name, data := range all {
		t.Run(name, func(t *testing.T) { sameAsExcelize(t, data) })
	}
}

func sameAsExcelize(t *testing.T, data []byte) {
	t.Helper()
	got, err := readAll(t, data, Options{})
	if err != nil {
		t.Fatal(err)
	}
	f, err := excelize.OpenReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	sheet := f.GetSheetName(0)
	raw, err := f.GetRows(sheet, excelize.Options{RawCellValue: true})
	if err != nil {
		t.Fatal(err)
	}
	shown, err := f.GetRows(sheet)
	if err != nil {
		t.Fatal(err)
	}
	for n := range raw {
		for i := range max(len(raw[n]), len(got[n+1])) {
			var cell Cell
			if i < len(got[n+1]) {
				cell = got[n+1][i]
			}
			var value, look string
			if i < len(raw[n]) {
				value, look = raw[n][i], shown[n][i]
			}
			if !sameCell(cell, value, look) {
				t.Errorf("%s: %s %q, excelize has %q, shown as %q", Address(n+1, i+1), cell.Kind, cell.Text, value, look)
			}
		}
		delete(got, n+1)
	}
	if len(got) > 0 {
		t.Errorf("%d rows that excelize does not have: %v", len(got), got)
	}
}

// sameCell compares a cell with excelize's stored and shown text of it.
func sameCell(c Cell, value, look string) bool {
	switch c.Kind {
	case Blank:
		return value == ""
	case String:
		return c.Text == value || c.Text == string(unescape([]byte(value)))
	case Bool:
		return strings.EqualFold(c.Text, look)
	case Error:
		return c.Text == value
	}
	v, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
	if err != nil || v != c.Number {
		return false
	}
	if c.Kind == Date || c.Damaged == LongNumber {
		return true
	}
	if strings.HasPrefix(c.Text, "0") && math.Abs(v) >= 1 { // formatted with zeros
		return c.Text == look
	}
	text, err := strconv.ParseFloat(c.Text, 64)
	return err == nil && math.Abs(text-v) <= math.Abs(v)*1e-14
}

// writeSample writes one row of each kind of value.
func writeSample(t testing.TB, o WriteOptions) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := NewWriter(&b, o)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range [][]Value{
		{Str("0600001"), At(Civil{2026, 7, 15, 0, 0, 0}), Int(3), Float(12900.5), Str("김하늘")},
		{Str("2026071500000011"), At(Civil{2026, 7, 15, 20, 9, 0}), Int(-1), Float(0.1), Str("髙橋 𠮷 ～〜−")},
		{Str("=1+1"), At(Civil{0, 0, 0, 9, 30, 0}), Int(1234567890123456789), {}, Str(" a\nb ")},
		{},
		{Str("<&>\"'"), {}, Str("_x000D_ \r\x01 \ufffe"), Float(1e-9), Str("+81 90")},
	} {
		if err := w.WriteRow(row); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestWriter(t *testing.T) {
	o := WriteOptions{
		Sheet:   "발송처리",
		Notes:   []string{"노란 칸만 채워 주세요.", "-"},
		Columns: []Column{{Title: "상품주문번호", Code: true, Note: "16자리 \"숫자\" <그대로>"}, {Title: "날짜", Width: 20}, {Title: "택배사", List: []string{"CJ대한통운", "한진택배, 제주"}}},
		Freeze:  true,
	}
	data := writeSample(t, o)
	if again := writeSample(t, o); !bytes.Equal(data, again) {
		t.Error("the same rows gave two files")
	}
	rows, err := readAll(t, data, Options{})
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "written.cells", show(rows))
	golden(t, "written.sheet.xml", partText(t, data, "xl/worksheets/sheet1.xml"))
	golden(t, "written.lists.xml", partText(t, data, "xl/worksheets/sheet2.xml"))
	sameAsExcelize(t, data)

	f, err := excelize.OpenReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	rules, err := f.GetDataValidations("발송처리")
	if err != nil || len(rules) != 2 || rules[1].Formula1 != "_lists!$C$1:$C$2" {
		t.Errorf("rules %+v, %v", rules, err)
	}
}

func partText(t *testing.T, data []byte, name string) string {
	t.Helper()
	c, err := newContainer(bytes.NewReader(data), int64(len(data)), DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	p, err := c.open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	var b bytes.Buffer
	if _, err := b.ReadFrom(p); err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(b.String(), "><", ">\n<") + "\n"
}

func TestWriterWithoutRows(t *testing.T) {
	var b bytes.Buffer
	w, err := NewWriter(&b, WriteOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	rows, err := readAll(t, b.Bytes(), Options{})
	if err != nil || len(rows) != 0 {
		t.Errorf("an empty workbook: %v, %v", rows, err)
	}
	zr, err := zip.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range zr.File {
		if got := f.Modified.UTC(); got.Year() != 1980 {
			t.Errorf("%s carries the time %v", f.Name, got)
		}
	}
}

func TestNeutralise(t *testing.T) {
	data := writeSample(t, WriteOptions{Neutralise: true, Columns: []Column{{Title: "@코드"}}})
	rows, err := readAll(t, data, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for address, want := range map[string]string{"A1": "'@코드", "A4": "'=1+1", "E6": "'+81 90"} {
		if !strings.Contains(show(rows), address+" text "+strconv.Quote(want)+"\n") {
			t.Errorf("%s is not %q in\n%s", address, want, show(rows))
		}
	}
	for _, c := range []struct{ in, want string }{
		{"", ""}, {"a=1", "a=1"}, {"=1", "'=1"}, {"+1", "'+1"}, {"-1", "'-1"}, {"@a", "'@a"}, {"\ta", "'\ta"}, {"\ra", "'\ra"}, {" =1", " =1"},
	} {
		if got := Neutralise(c.in); got != c.want {
			t.Errorf("Neutralise(%q) = %q", c.in, got)
		}
	}
}

func TestValueOf(t *testing.T) {
	for name, data := range samples(t, "*.xlsx") {
		rows, err := readAll(t, data, Options{})
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		w, err := NewWriter(&b, WriteOptions{})
		if err != nil {
			t.Fatal(err)
		}
		last := slices.Max(slices.Collect(maps.Keys(rows)))
		for n := 1; n <= last; n++ {
			var row []Value
			for _, c := range rows[n] {
				row = append(row, ValueOf(c))
			}
			if err := w.WriteRow(row); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		again, err := readAll(t, b.Bytes(), Options{})
		if err != nil {
			t.Fatal(err)
		}
		for n, row := range rows {
			for i, c := range row {
				if c.Kind != Blank && again[n][i].Text != c.Text {
					t.Errorf("%s: %s: %q came back as %q", name, Address(n, i+1), c.Text, again[n][i].Text)
				}
				if c.Damaged == LongNumber && again[n][i].Damaged != LongNumber {
					t.Errorf("%s: %s: the damage is hidden", name, Address(n, i+1))
				}
			}
		}
	}
}

func TestWriterRefuses(t *testing.T) {
	for _, name := range []string{"a/b", "a*", strings.Repeat("가", 32), "'a", "_LISTS", "\xff", "a\nb", "[x]"} {
		if _, err := NewWriter(&bytes.Buffer{}, WriteOptions{Sheet: name}); err == nil {
			t.Errorf("the sheet name %q was taken", name)
		}
	}
	for _, c := range []struct {
		row  []Value
		want string
	}{
		{[]Value{{}, Str("a\xff")}, "cell B1: the text \"a\\xff\" is not valid UTF-8"},
		{[]Value{Str(strings.Repeat("가", 32768))}, "cell A1: the text has 32768 characters"},
		{make([]Value, 16385), "columns of row 1"},
	} {
		w, err := NewWriter(&bytes.Buffer{}, WriteOptions{})
		if err != nil {
			t.Fatal(err)
		}
		err = w.WriteRow(c.row)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want %q", err, c.want)
		}
		if again := w.Close(); again == nil || again.Error() != err.Error() {
			t.Errorf("Close after an error: %v", again)
		}
	}
}
