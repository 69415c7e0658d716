package workbook

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// readAll reads every row of a workbook, by number.
func readAll(t testing.TB, data []byte, o Options) (map[int][]Cell, error) {
	t.Helper()
	r, err := Open(bytes.NewReader(data), int64(len(data)), o)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	rows := map[int][]Cell{}
	for {
		n, cells, err := r.Next()
		if errors.Is(err, io.EOF) {
			return rows, nil
		}
		if err != nil {
			return rows, err
		}
		rows[n] = append([]Cell(nil), cells...)
	}
}

// show writes rows in a form that is easy to compare: address, kind, text
// and what is remarkable.
func show(rows map[int][]Cell) string {
	var b strings.Builder
	last := 0
	for n := range rows {
		last = max(last, n)
	}
	for n := 1; n <= last; n++ {
		for i, c := range rows[n] {
			if c.Kind == Blank && !c.Formula {
				continue
			}
			fmt.Fprintf(&b, "%s %s %q", Address(n, i+1), c.Kind, c.Text)
			if c.Formula {
				b.WriteString(" formula")
			}
			if c.Damaged != None {
				fmt.Fprintf(&b, " (%s)", c.Damaged)
			}
			b.WriteByte('\n')
		}
	}
	return b.String()
}

func TestXLSXCells(t *testing.T) {
	long := "number longer than 15 digits: the last digits are lost"
	for _, c := range []struct{ name, cells, want string }{
		{"text", `<c r="A1" t="inlineStr"><is><t>0600001</t></is></c>`, `A1 text "0600001"`},
		{"Korean and Japanese", `<c r="A1" t="inlineStr"><is><t>김하늘 髙橋 ｱｲｳ 𠮷</t></is></c>`, `A1 text "김하늘 髙橋 ｱｲｳ 𠮷"`},
		{"blanks are kept", `<c r="A1" t="inlineStr"><is><t xml:space="preserve"> a  b </t></is></c>`, `A1 text " a  b "`},
		{"runs without phonetic guide", `<c r="A1" t="inlineStr"><is><r><rPr><b/></rPr><t>東</t></r><r><t>京</t></r>` +
			`<rPh sb="0" eb="2"><t>トウキョウ</t></rPh><phoneticPr fontId="1"/></is></c>`, `A1 text "東京"`},
		{"shared", `<c r="B1" t="s"><v>1</v></c>`, `B1 text "둘"`},
		{"shared with guide", `<c r="B1" t="s"><v>2</v></c>`, `B1 text "山田"`},
		{"entities", `<c r="A1" t="inlineStr"><is><t>&lt;a&gt; &amp; &quot;&apos; &#44032;&#xAC01;</t></is></c>`, `A1 text "<a> & \"' 가각"`},
		{"two halves of a pair", `<c r="A1" t="inlineStr"><is><t>&#xD842;&#xDFB7; &#55357;&#56832; &#xD842;x</t></is></c>`, `A1 text "𠮷 😀 ` + "\ufffd" + `x"`},
		{"CDATA and comment", `<c r="A1" t="inlineStr"><is><t>a<![CDATA[<&]]><!-- no -->b</t></is></c>`, `A1 text "a<&b"`},
		{"escapes", `<c r="A1" t="inlineStr"><is><t>a_x000D_b _x005F_x0041_ _x00zz_ _xD842__xDFB7_</t></is></c>`, `A1 text "a\rb _x0041_ _x00zz_ 𠮷"`},
		{"line ends", "<c r=\"A1\" t=\"inlineStr\"><is><t>a\r\nb\rc\nd&#13;</t></is></c>", `A1 text "a\nb\nc\nd\r"`},
		{"empty text", `<c r="A1" t="inlineStr"><is><t></t></is></c><c r="B1" s="1"/><c r="C1"><v></v></c>`, ``},
		{"number", `<c r="A1"><v>600001</v></c>`, `A1 number "600001"`},
		{"number with zeros", `<c r="A1" s="1"><v>600001</v></c><c r="B1" s="1"><v>6.00001E5</v></c>`, "A1 number \"0600001\"\nB1 number \"0600001\""},
		{
			"postal code", `<c r="A1" s="2"><v>600001</v></c><c r="B1" s="3"><v>1500001</v></c><c r="C1" s="3"><v>150</v></c>`,
			"A1 number \"060-0001\"\nB1 number \"150-0001\"\nC1 number \"150\"",
		},
		{"12 digits", `<c r="A1"><v>4.20123456789E+11</v></c>`, `A1 number "420123456789"`},
		{"15 digits", `<c r="A1"><v>123456789012345</v></c>`, `A1 number "123456789012345"`},
		{"16 digits", `<c r="A1"><v>1234567890123456</v></c>`, `A1 number "1234567890123456" (` + long + `)`},
		{"18 digits", `<c r="A1"><v>6.4012345678901197E+17</v></c>`, `A1 number "640123456789011968" (` + long + `)`},
		{"16 digits with zeros", `<c r="A1" s="1"><v>1234567890123456</v></c>`, `A1 number "1234567890123456" (` + long + `)`},
		{
			"decimals", `<c r="A1"><v>1234.5</v></c><c r="B1"><v>0.30000000000000004</v></c><c r="C1"><v>-1.5E-3</v></c>`,
			"A1 number \"1234.5\"\nB1 number \"0.3\"\nC1 number \"-0.0015\"",
		},
		{"thousands", `<c r="A1" s="4"><v>12345</v></c>`, `A1 number "12345"`},
		{"no number", `<c r="A1"><v>12a</v></c>`, `A1 text "12a"`},
		{
			"exponent as text", `<c r="A1" t="str"><v>8.11E+11</v></c><c r="B1" t="str"><v>8E2</v></c>`,
			"A1 text \"8.11E+11\" (number written with an exponent: its last digits are lost)\nB1 text \"8E2\"",
		},
		{"bool", `<c r="A1" t="b"><v>1</v></c><c r="B1" t="b"><v>0</v></c>`, "A1 true or false \"TRUE\"\nB1 true or false \"FALSE\""},
		{"error", `<c r="A1" t="e"><v>#N/A</v></c>`, `A1 error "#N/A" (error value)`},
		{"formula", `<c r="A1"><f>1+1</f><v>2</v></c><c r="B1" t="str"><f>"a"</f><v>a</v></c>`, "A1 number \"2\" formula\nB1 text \"a\" formula"},
		{"formula of nothing", `<c r="A1" t="str"><f>""</f><v></v></c>`, `A1 blank "" formula`},
		{"formula without result", `<c r="A1"><f>A2</f></c>`, `A1 blank "" formula (formula without a stored result)`},
		{
			"date", `<c r="A1" s="5"><v>46218</v></c><c r="B1" s="6"><v>46218.8395833333</v></c><c r="C1" s="6"><v>0.5</v></c>`,
			"A1 date \"2026-07-15\"\nB1 date \"2026-07-15 20:09:00\"\nC1 date \"12:00:00\"",
		},
		{"Japanese date", `<c r="A1" s="7"><v>46218</v></c><c r="B1" s="8"><v>1.5</v></c>`, "A1 date \"2026-07-15\"\nB1 number \"1.5\""},
		{"ISO date", `<c r="A1" t="d"><v>2026-07-15T20:09:00Z</v></c>`, `A1 date "2026-07-15 20:09:00"`},
		{"no addresses", `<c t="inlineStr"><is><t>a</t></is></c><c/><c><v>3</v></c>`, "A1 text \"a\"\nC1 number \"3\""},
		{"out of order", `<c r="C1"><v>3</v></c><c r="A1"><v>1</v></c>`, "A1 number \"1\"\nC1 number \"3\""},
		{"far column", `<c r="XFD1"><v>3</v></c>`, `XFD1 number "3"`},
		{"unknown elements", `<c r="A1"><extLst><ext><v>9</v></ext></extLst><v>1</v></c>`, `A1 number "1"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := withRows(`<row r="1">`+c.cells+`</row>`).
				shared(`<t>하나</t>`, `<t>둘</t>`, `<r><t>山</t></r><r><t>田</t></r><rPh><t>ヤマダ</t></rPh>`).
				styles("0000000", `000\-0000`, `[<=999]000;[<=9999]000\-00;000\-0000`, "#,##0", "yyyy-mm-dd", "m/d/yy h:mm", `[$-411]ge"年"m"月"d"日";@`, "[h]:mm")
			rows, err := readAll(t, f.bytes(t), Options{})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, strings.TrimSpace(show(rows))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestXLSXSheetForms(t *testing.T) {
	a := `<row r="3"><c r="A3"><v>1</v></c></row>`
	for _, c := range []struct {
		name string
		file xlsxFile
		o    Options
		want string
	}{
		{"prefixes", withRows("").set("xl/worksheets/sheet1.xml", `<?xml version="1.0"?><x:worksheet xmlns:x="m"><x:sheetData><x:row r="3"><x:c r="A3"><x:v>1</x:v></x:c></x:row></x:sheetData></x:worksheet>`), Options{}, `A3 number "1"`},
		{"byte order mark", withRows("").set("xl/worksheets/sheet1.xml", "\ufeff<worksheet><sheetData>"+a+"</sheetData></worksheet>"), Options{}, `A3 number "1"`},
		{"UTF-16", withRows("").set("xl/worksheets/sheet1.xml", "\xff\xfe"+string(utf16Name(`<?xml version="1.0" encoding="UTF-16"?><worksheet><sheetData>`+a+`</sheetData></worksheet>`))), Options{}, `A3 number "1"`},
		{"around the data", withRows("").set("xl/worksheets/sheet1.xml", `<worksheet><dimension ref="A1:XFD1048576"/><cols><col min="1"/></cols><sheetData>`+a+`</sheetData><mergeCells><mergeCell ref="A1:B1"/></mergeCells></worksheet>`), Options{}, `A3 number "1"`},
		{"rows without numbers", withRows(`<row><c><v>1</v></c></row><row/><row><c><v>2</v></c></row>`), Options{}, "A1 number \"1\"\nA3 number \"2\""},
		{"blank rows", withRows(`<row r="1"><c r="A1" s="1"/></row>` + a), Options{}, `A3 number "1"`},
		{"no rows", withRows(``), Options{}, ``},
		{"backslashes and letter case", backslashed(withRows(a)), Options{}, `A3 number "1"`},
		{"1904", withRows(`<row><c s="1"><v>44756</v></c></row>`).styles("yyyy-mm-dd").set("xl/workbook.xml", strings.Replace(bookXML, "<sheets>", `<workbookPr date1904="1"/><sheets>`, 1)), Options{}, `A1 date "2026-07-15"`},
		{"sheet by name", twoSheets(a), Options{Sheet: "둘째"}, `A1 text "second"`},
		{"sheet by name without case", twoSheets(a), Options{Sheet: " HIDDEN "}, `A3 number "1"`},
		{"first sheet that is seen", twoSheets(a), Options{}, `A1 text "second"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			rows, err := readAll(t, c.file.bytes(t), c.o)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, strings.TrimSpace(show(rows))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func backslashed(f xlsxFile) xlsxFile {
	g := xlsxFile{}
	for name, body := range f {
		g[strings.ReplaceAll(strings.Replace(name, "sheet1", "Sheet1", 1), "/", `\`)] = body
	}
	return g
}

func twoSheets(rows string) xlsxFile {
	return withRows(rows).
		set("xl/workbook.xml", `<workbook xmlns:r="r"><sheets><sheet name="Hidden" sheetId="1" state="hidden" r:id="rId1"/><sheet name="chart" r:id="c"/><sheet name="둘째" sheetId="2" r:id="x"/></sheets></workbook>`).
		set("xl/_rels/workbook.xml.rels", `<Relationships><Relationship Id="rId1" Type="t/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="c" Type="t/chartsheet" Target="c.xml"/><Relationship Id="x" Type="t/worksheet" Target="/xl/two.xml"/></Relationships>`).
		set("xl/two.xml", `<worksheet><sheetData><row><c t="inlineStr"><is><t>second</t></is></c></row></sheetData></worksheet>`)
}

func TestSheets(t *testing.T) {
	data := twoSheets("").bytes(t)
	r, err := Open(bytes.NewReader(data), int64(len(data)), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"Hidden", "둘째"}, r.Sheets()); diff != "" {
		t.Error(diff)
	}
	if r.Kind() != XLSX {
		t.Errorf("kind %v", r.Kind())
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	if _, _, err := r.Next(); err == nil {
		t.Error("a closed reader gave a row")
	}
	_, err = readAll(t, data, Options{Sheet: "배송관리"})
	var missing *SheetError
	if !errors.As(err, &missing) || !strings.Contains(err.Error(), "둘째") {
		t.Errorf("missing sheet: %v", err)
	}
}

func TestXLSXDamagedFiles(t *testing.T) {
	good := withRows(`<row r="1"><c r="A1"><v>1</v></c></row>`)
	sheet := func(xml string) xlsxFile { return good.set("xl/worksheets/sheet1.xml", xml) }
	cells := func(xml string) xlsxFile { return withRows(`<row r="1">` + xml + `</row>`) }
	without := func(name string) xlsxFile {
		g := good.set(name, "")
		delete(g, name)
		return g
	}
	for _, c := range []struct {
		name string
		file xlsxFile
		want string // part of the message
	}{
		{"no workbook", without("xl/workbook.xml").set("xl/other.xml", ""), "xl/workbook.xml: the part is missing"},
		{"no relations", without("xl/_rels/workbook.xml.rels"), "the sheet 주문 has no part"},
		{"no sheet part", without("xl/worksheets/sheet1.xml"), "sheet1.xml: the part is missing"},
		{"no shared strings", cells(`<c r="B1" t="s"><v>0</v></c>`), "B1: the cell points to shared string \"0\" of 0"},
		{"shared string beyond the table", cells(`<c t="s"><v>7</v></c>`).shared(`<t>a</t>`), "A1: the cell points to shared string \"7\" of 1"},
		{"negative shared string", cells(`<c t="s"><v>-1</v></c>`).shared(`<t>a</t>`), "shared string \"-1\""},
		{"document type", sheet(`<!DOCTYPE worksheet [<!ENTITY a "b">]><worksheet><sheetData/></worksheet>`), "document type declarations are refused"},
		{"unknown entity", cells(`<c t="str"><v>&nbsp;</v></c>`), "unknown reference"},
		{"bare ampersand", cells(`<c t="str"><v>a & b</v></c>`), "bare &"},
		{"control character", cells("<c t=\"str\"><v>a\x01</v></c>"), "control character"},
		{"bad UTF-8", cells("<c t=\"str\"><v>\xb1\xe8</v></c>"), "not valid UTF-8"},
		{"other charset", sheet(`<?xml version="1.0" encoding="EUC-KR"?><worksheet><sheetData/></worksheet>`), `"EUC-KR" instead of UTF-8`},
		{"cut off", sheet(`<worksheet><sheetData><row r="1"><c r="A1"><v>1</v>`), "the XML ends inside <c>"},
		{"cut off in a tag", sheet(`<worksheet><sheetData><row r="1`), "ends inside a tag"},
		{"wrong end", sheet(`<worksheet><sheetData></worksheet>`), "closes <worksheet>, which is not open"},
		{"cut off behind the data", sheet(`<worksheet><sheetData/>`), "the XML ends inside <worksheet>"},
		{"empty part", sheet(``), "the XML is empty"},
		{"no data", sheet(`<worksheet/>`), "the part has no sheet data"},
		{"data twice", sheet(`<worksheet><sheetData/><sheetData/></worksheet>`), "sheet data twice"},
		{"nested zip", good.set("xl/worksheets/sheet1.xml", string(good.bytes(t))), "this is not XML"},
		{"rows going back", withRows(`<row r="5"/><row r="4"/>`), `row 5: the row after it has the number "4"`},
		{"bad row number", withRows(`<row r="x"/>`), `has the number "x"`},
		{"cell of another row", cells(`<c r="A2"><v>1</v></c>`), "a cell with the address A2"},
		{"bad address", cells(`<c r="1A"><v>1</v></c>`), `the address "1A"`},
		{"cell twice", cells(`<c r="A1"><v>1</v></c><c r="A1"><v>2</v></c>`), "A1: the cell is there twice"},
		{"attribute without quotes", cells(`<c r=A1/>`), "has no quotes"},
		{"two roots", sheet(`<worksheet><sheetData/></worksheet><worksheet/>`), "more than one root"},
		{"no sheets", good.set("xl/workbook.xml", `<workbook/>`), "no sheet of cells"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := readAll(t, c.file.bytes(t), Options{})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q", err, c.want)
			}
		})
	}
}

func TestXLSXLimits(t *testing.T) {
	row := func(cells string) xlsxFile { return withRows(`<row r="1">` + cells + `</row>`) }
	deep := strings.Repeat("<a>", 70) + strings.Repeat("</a>", 70)
	attrs := strings.Repeat(` a="1"`, 300)
	for _, c := range []struct {
		name string
		file xlsxFile
		l    Limits
		want string
	}{
		{"file", row(``), Limits{FileBytes: 100}, "size of the file"},
		{"entries", row(``), Limits{Entries: 4}, "entries"},
		{"unpacked", row(`<c t="str"><v>` + strings.Repeat("a", 5000) + `</v></c>`), Limits{UnzippedBytes: 4000}, "unpacked bytes"},
		{"ratio", withRows(strings.Repeat(`<row/>`, 1_000_000)), Limits{}, "grows when it is unpacked"},
		{"rows", withRows(`<row r="1048577"/>`), Limits{}, "rows"},
		{"columns", row(`<c r="XFE1"><v>1</v></c>`), Limits{}, "columns"},
		{"columns by count", row(strings.Repeat(`<c/>`, 11)), Limits{Columns: 10}, "columns"},
		{"address", row(`<c r="AAAAAAAA1"/>`), Limits{}, "columns"},
		{"characters", row(`<c t="str"><v>` + strings.Repeat("가", 32768) + `</v></c>`), Limits{}, "characters of cell A1"},
		{"characters of a shared string", row(``).shared(`<t>` + strings.Repeat("a", 32768) + `</t>`), Limits{}, "characters of shared string 1"},
		{"shared strings", row(``).shared(strings.Split(strings.Repeat(`<t>a</t>|`, 50), "|")...), Limits{SharedStrings: 20}, "shared strings"},
		{"bytes of shared strings", row(``).shared(strings.Repeat("<t>a</t>", 100), `<t>b</t>`), Limits{SharedStringBytes: 110}, "bytes of shared strings"},
		{"cells", withRows(strings.Repeat(`<row><c r="" /></row>`, 0) + `<row r="1"><c r="J1"><v>1</v></c></row><row r="2"><c r="J2"><v>1</v></c></row>`), Limits{Cells: 15}, "cells of the sheet"},
		{"depth", row(deep), Limits{}, "depth of XML elements"},
		{"attributes", row(`<c` + attrs + `/>`), Limits{}, "attributes of an XML element"},
		{"tag", row(`<c t="` + strings.Repeat("ab", 1<<20) + `"/>`), Limits{Ratio: 1 << 40}, "one XML tag or text"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := readAll(t, c.file.bytes(t), Options{Limits: c.l})
			var limit *LimitError
			if !errors.As(err, &limit) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want a limit of %q", err, c.want)
			}
		})
	}
}

func TestXLSXLyingSizes(t *testing.T) {
	f := withRows(`<row r="1"><c r="A1"><v>1</v></c></row>`)
	for _, size := range []uint64{0, 10, 1 << 40} {
		_, err := readAll(t, f.lying(t, "xl/worksheets/sheet1.xml", size), Options{})
		var corrupt *CorruptError
		if !errors.As(err, &corrupt) {
			t.Errorf("size %d: error %v", size, err)
		}
	}
}

func TestXLSXManyEntries(t *testing.T) {
	var b bytes.Buffer
	zw := zip.NewWriter(&b)
	b.Grow(24 << 20)
	for n := range 9000 {
		if _, err := zw.Create(fmt.Sprintf("xl/media/%01000d.png", n)); err != nil {
			t.Fatal(err)
		}
	}
	if err := zw.Close(); err != nil {
		t.Fatal(err)
	}
	_, err := newContainer(bytes.NewReader(b.Bytes()), int64(b.Len()), DefaultLimits())
	var limit *LimitError
	if !errors.As(err, &limit) || limit != errFolder {
		t.Errorf("error %v", err)
	}
}

func TestXLSXTruncatedAndFlipped(t *testing.T) {
	data := withRows(strings.Repeat(`<row><c t="inlineStr"><is><t>서울특별시</t></is></c></row>`, 50)).bytes(t)
	for cut := 1; cut < len(data); cut += 37 {
		if _, err := readAll(t, data[:cut], Options{}); err == nil {
			t.Errorf("the first %d of %d bytes were read as a whole workbook", cut, len(data))
		}
	}
	at := bytes.Index(data, []byte("xl/worksheets/sheet1.xml")) + 60
	bad := bytes.Clone(data)
	bad[at] ^= 0x10
	if rows, err := readAll(t, bad, Options{}); err == nil {
		t.Errorf("a flipped bit was not seen: %d rows", len(rows))
	}
}

func TestAddress(t *testing.T) {
	for _, c := range []struct {
		row, col int
		want     string
	}{
		{17, 2, "B17"}, {1, 26, "Z1"}, {1, 27, "AA1"}, {1048576, 16384, "XFD1048576"}, {0, 1, "?"}, {1, 0, "?"},
	} {
		if got := Address(c.row, c.col); got != c.want {
			t.Errorf("Address(%d, %d) = %s, want %s", c.row, c.col, got, c.want)
		}
	}
}

func TestCivil(t *testing.T) {
	for _, c := range []struct {
		serial float64
		d1904  bool
		want   string
	}{
		{1, false, "1900-01-01"},
		{59, false, "1900-02-28"},
		{60, false, "1900-02-29"},
		{61, false, "1900-03-01"},
		{46218, false, "2026-07-15"},
		{46218.999999, false, "2026-07-16"},
		{46218.83958333333, false, "2026-07-15 20:09:00"},
		{0.0006944444, false, "00:01:00"},
		{2958465, false, "9999-12-31"},
		{44756, true, "2026-07-15"},
		{1, true, "1904-01-02"},
	} {
		got, ok := civilOfSerial(c.serial, c.d1904)
		if !ok || got.String() != c.want {
			t.Errorf("serial %v: %v %v, want %s", c.serial, got, ok, c.want)
		}
		if c.d1904 || c.serial == 60 || c.want == "2026-07-16" {
			continue
		}
		if back := got.serial(); fmt.Sprintf("%.6f", back) != fmt.Sprintf("%.6f", c.serial) {
			t.Errorf("%v gives serial %v, want %v", got, back, c.serial)
		}
	}
	for _, serial := range []float64{-1, 2958466, 1e300} {
		if got, ok := civilOfSerial(serial, false); ok {
			t.Errorf("serial %v gave %v", serial, got)
		}
	}
	tokyo := time.FixedZone("JST", 9*3600)
	c := Civil{2026, 7, 15, 20, 9, 0}
	if got := c.In(tokyo).Format(time.RFC3339); got != "2026-07-15T20:09:00+09:00" {
		t.Error(got)
	}
	if CivilOf(c.In(tokyo)) != c {
		t.Error("a civil time did not come back")
	}
}

func TestFormats(t *testing.T) {
	for _, c := range []struct {
		code string
		v    int64
		want string // "" for the exact digits, "date" for a date
	}{
		{"General", 5, ""},
		{"0", 5, ""},
		{"0.00", 5, ""},
		{"#,##0", 5000, ""},
		{`#,##0"円"`, 5000, ""},
		{`"¥"#,##0;[Red]\-"¥"#,##0`, 5000, ""},
		{`0_ `, 5, ""},
		{"0%", 5, ""},
		{"0.00E+00", 5, ""},
		{"@", 5, ""},
		{`[$₩-412]#,##0`, 5, ""},
		{"00000", 412, "00412"},
		{"00000", 1234567, "1234567"},
		{"00000", 0, "00000"},
		{`00000;\-00000`, 412, "00412"},
		{"000-0000", 600001, "060-0001"},
		{`000\-000`, 12345, "012-345"},
		{"[<=9999999]###-####;(0##) ###-####", 5551234, "555-1234"},
		{"[<=9999999]###-####;(0##) ####-####", 1055551234, "(010) 5555-1234"},
		{`0##\-####\-####`, 1012345678, "010-1234-5678"},
		{`"A"0000`, 7, "A0007"},
		{"yyyy/m/d", 5, "date"},
		{"m/d/yy h:mm", 5, "date"},
		{`[$-F800]dddd\,\ mmmm\ dd\,\ yyyy`, 5, "date"},
		{`[$-411]ggge"年"m"月"d"日"`, 5, "date"},
		{`yyyy"년" m"월" d"일";@`, 5, "date"},
		{"h:mm AM/PM", 5, "date"},
		{"[h]:mm", 5, ""},
		{"[Red]0", 5, ""},
		{`"day"0`, 5, ""},
		{`\d0`, 5, ""},
		{"[", 5, ""},
		{`"`, 5, ""},
		{`\`, 5, ""},
		{"", 5, ""},
	} {
		f := parseFormat(c.code)
		got, ok := f.appendCode(nil, c.v)
		switch {
		case f.date:
			got = []byte("date")
		case !ok:
			got = nil
		}
		if string(got) != c.want {
			t.Errorf("format %q shows %d as %q, want %q", c.code, c.v, got, c.want)
		}
	}
}
