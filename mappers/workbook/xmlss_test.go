package workbook

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/korean"
)

const xmlssHead = `<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?>` + "\n" +
	`<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet" xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet" xmlns:x="urn:schemas-microsoft-com:office:excel">`

// xmlss is a document with the content of one table, and styles z, d and p.
func xmlss(table string) string {
	return xmlssHead + `<Styles><Style ss:ID="Default"/><Style ss:ID="z"><NumberFormat ss:Format="0000000"/></Style>` +
		`<Style ss:ID="d"><NumberFormat ss:Format="Short Date"/></Style><Style ss:ID="p" ss:Parent="z"><Font/></Style></Styles>` +
		`<Worksheet ss:Name="주문"><Table>` + table + `</Table></Worksheet></Workbook>`
}

func TestXMLSSCells(t *testing.T) {
	cell := func(kind, text string) string {
		return `<Row><Cell><Data ss:Type="` + kind + `">` + text + `</Data></Cell></Row>`
	}
	styled := func(style, text string) string {
		return `<Row><Cell ss:StyleID="` + style + `"><Data ss:Type="Number">` + text + `</Data></Cell></Row>`
	}
	for _, c := range []struct{ name, table, want string }{
		{"text", cell("String", "0600001"), `A1 text "0600001"`},
		{"Korean and Japanese", cell("String", "김하늘 髙橋 ｱｲｳ 𠮷"), `A1 text "김하늘 髙橋 ｱｲｳ 𠮷"`},
		{"blanks are kept", cell("String", " a  b "), `A1 text " a  b "`},
		{"line end", cell("String", "a&#10;b"), `A1 text "a\nb"`},
		{"line end of a file of Windows", cell("String", "a\r\nb"), `A1 text "a\nb"`},
		{"entities", cell("String", "&lt;a&gt; &amp; &#44032;"), `A1 text "<a> & 가"`},
		{"CDATA and comment", cell("String", "a<![CDATA[<&]]><!-- no -->b"), `A1 text "a<&b"`},
		{"rich text", `<Row><Cell><ss:Data ss:Type="String" xmlns="http://www.w3.org/TR/REC-html40"><B>東</B><Font html:Color="#FF0000">京</Font>都</ss:Data></Cell></Row>`, `A1 text "東京都"`},
		{"comment of a cell", `<Row><Cell><Data ss:Type="String">a</Data><Comment ss:Author="x"><ss:Data><B>no</B></ss:Data></Comment><NamedCell ss:Name="n"/></Cell></Row>`, `A1 text "a"`},
		{"only a comment", `<Row><Cell><Comment><ss:Data>no</ss:Data></Comment></Cell></Row>`, ``},
		{"number", cell("Number", "600001"), `A1 number "600001"`},
		{"number with blanks", cell("Number", " 600001\n"), `A1 number "600001"`},
		{"number with zeros", styled("z", "600001"), `A1 number "0600001"`},
		{"style of a parent", styled("p", "600001"), `A1 number "0600001"`},
		{"style that is not there", styled("gone", "600001"), `A1 number "600001"`},
		{"style of the row", `<Row ss:StyleID="z"><Cell><Data ss:Type="Number">12</Data></Cell><Cell ss:StyleID="Default"><Data ss:Type="Number">12</Data></Cell></Row>`, "A1 number \"0000012\"\nB1 number \"12\""},
		{
			"style of the column", `<Column/><Column ss:StyleID="z" ss:Span="1"/><Column ss:Index="6" ss:StyleID="z"/>` +
				`<Row>` + strings.Repeat(`<Cell><Data ss:Type="Number">5</Data></Cell>`, 6) + `</Row>`,
			"A1 number \"5\"\nB1 number \"0000005\"\nC1 number \"0000005\"\nD1 number \"5\"\nE1 number \"5\"\nF1 number \"0000005\"",
		},
		{"12 digits", cell("Number", "4.20123456789E+11"), `A1 number "420123456789"`},
		{"16 digits", cell("Number", "1234567890123456"), `A1 number "1234567890123456" (number longer than 15 digits: the last digits are lost)`},
		{"exponent as text", cell("String", "8.11E+11"), `A1 text "8.11E+11" (number written with an exponent: its last digits are lost)`},
		{"no number", cell("Number", "12a"), `A1 text "12a"`},
		{"date", cell("DateTime", "2026-07-15T00:00:00.000"), `A1 date "2026-07-15"`},
		{"date and time", cell("DateTime", "2026-07-15T20:09:00.000"), `A1 date "2026-07-15 20:09:00"`},
		{"time of day", cell("DateTime", "1899-12-31T09:30:00.000"), `A1 date "09:30:00"`},
		{"no date", cell("DateTime", "어제"), `A1 text "어제"`},
		{"serial number of a day", styled("d", "46218"), `A1 date "2026-07-15"`},
		{"bool", `<Row><Cell><Data ss:Type="Boolean">1</Data></Cell><Cell><Data ss:Type="Boolean">0</Data></Cell></Row>`, "A1 true or false \"TRUE\"\nB1 true or false \"FALSE\""},
		{"error", cell("Error", "#N/A"), `A1 error "#N/A" (error value)`},
		{"formula", `<Row><Cell ss:Formula="=1+1"><Data ss:Type="Number">2</Data></Cell></Row>`, `A1 number "2" formula`},
		{"formula of nothing", `<Row><Cell ss:Formula="=&quot;&quot;"><Data ss:Type="String"></Data></Cell></Row>`, `A1 blank "" formula`},
		{"formula without result", `<Row><Cell ss:Formula="=A2"/></Row>`, `A1 blank "" formula (formula without a stored result)`},
		{"empty text", cell("String", ""), ``},
		{"index of a cell", `<Row><Cell ss:Index="3"><Data ss:Type="Number">1</Data></Cell><Cell><Data ss:Type="Number">2</Data></Cell></Row>`, "C1 number \"1\"\nD1 number \"2\""},
		{"merged cells", `<Row><Cell ss:MergeAcross="2"><Data ss:Type="String">a</Data></Cell><Cell><Data ss:Type="String">b</Data></Cell></Row>`, "A1 text \"a\"\nD1 text \"b\""},
		{"index of a row", `<Row ss:Index="3"><Cell><Data ss:Type="Number">1</Data></Cell></Row><Row><Cell><Data ss:Type="Number">2</Data></Cell></Row>`, "A3 number \"1\"\nA4 number \"2\""},
		{"run of empty rows", `<Row ss:Index="2" ss:Span="2"/><Row><Cell><Data ss:Type="Number">1</Data></Cell></Row>`, `A5 number "1"`},
		{"unknown elements", `<Row><Extra><Data>9</Data></Extra><Cell><Data ss:Type="Number">1</Data></Cell></Row>`, `A1 number "1"`},
		{"no rows", ``, ``},
	} {
		t.Run(c.name, func(t *testing.T) {
			rows, err := readAll(t, []byte(xmlss(c.table)), Options{})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, strings.TrimSpace(show(rows))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestXMLSSFormats reads the number 46218 under formats that are names.
func TestXMLSSFormats(t *testing.T) {
	for format, want := range map[string]string{
		"General": "46218", "General Number": "46218", "Currency": "46218", "Euro Currency": "46218", "Fixed": "46218", "Standard": "46218",
		"Percent": "46218", "Scientific": "46218", "Yes/No": "46218", "True/False": "46218", "On/Off": "46218", "@": "46218", "#,##0": "46218",
		"General Date": "2026-07-15", "Long Date": "2026-07-15", "Medium Date": "2026-07-15", "Short Date": "2026-07-15",
		"Long Time": "2026-07-15", "yyyy\\-mm\\-dd": "2026-07-15", "0000000": "0046218",
	} {
		doc := xmlssHead + `<Styles><Style ss:ID="s"><NumberFormat ss:Format="` + format + `"/></Style></Styles><Worksheet ss:Name="a"><Table>` +
			`<Row><Cell ss:StyleID="s"><Data ss:Type="Number">46218</Data></Cell></Row></Table></Worksheet></Workbook>`
		rows, err := readAll(t, []byte(doc), Options{})
		if err != nil {
			t.Fatal(err)
		}
		if got := rows[1][0].Text; got != want {
			t.Errorf("format %s shows %q, want %q", format, got, want)
		}
	}
}

func TestXMLSSForms(t *testing.T) {
	sheet := func(name, text, options string) string {
		return `<Worksheet ss:Name="` + name + `"><Names/><Table ss:ExpandedColumnCount="1"><Column/><Row><Cell><Data ss:Type="String">` + text + `</Data></Cell></Row></Table>` + options + `</Worksheet>`
	}
	hidden := `<WorksheetOptions xmlns="urn:schemas-microsoft-com:office:excel"><Visible>SheetHidden</Visible></WorksheetOptions>`
	two := xmlssHead + sheet("Hidden", "first", hidden) + sheet("둘째", "second", "") + sheet("셋째", "third", "") + `</Workbook>`
	euckr, err := korean.EUCKR.NewEncoder().String(strings.Replace(xmlss(`<Row><Cell><Data ss:Type="String">서울</Data></Cell></Row>`), `version="1.0"`, `version="1.0" encoding="euc-kr"`, 1))
	if err != nil {
		t.Fatal(err)
	}
	decode := func(r io.Reader) io.Reader { return korean.EUCKR.NewDecoder().Reader(r) }
	for _, c := range []struct {
		name, doc string
		o         Options
		want      string
	}{
		{"first sheet that is seen", two, Options{}, `A1 text "second"`},
		{"sheet by name", two, Options{Sheet: "셋째"}, `A1 text "third"`},
		{"hidden sheet by name", two, Options{Sheet: " HIDDEN "}, `A1 text "first"`},
		{"prefixes", `<?xml version="1.0"?><ss:Workbook xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet"><ss:Worksheet ss:Name="a"><ss:Table><ss:Row><ss:Cell><ss:Data ss:Type="String">a</ss:Data></ss:Cell></ss:Row></ss:Table></ss:Worksheet></ss:Workbook>`, Options{}, `A1 text "a"`},
		{"byte order mark", "\ufeff" + two, Options{}, `A1 text "second"`},
		{"UTF-16", "\xff\xfe" + string(utf16Name(strings.Replace(xmlss(`<Row><Cell><Data ss:Type="String">a</Data></Cell></Row>`), "주문", "a", 1))), Options{}, `A1 text "a"`},
		{"declared UTF-8, format in another charset", strings.Replace(two, `version="1.0"`, `version="1.0" encoding="UTF-8"`, 1), Options{Decode: decode}, `A1 text "second"`},
		{"declared charset", euckr, Options{Decode: decode}, `A1 text "서울"`},
		{"sheet without a table", xmlssHead + `<Worksheet ss:Name="a"/><Worksheet ss:Name="b"><Table><Row><Cell><Data ss:Type="String">b</Data></Cell></Row></Table></Worksheet></Workbook>`, Options{}, ``},
	} {
		t.Run(c.name, func(t *testing.T) {
			rows, err := readAll(t, []byte(c.doc), c.o)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, strings.TrimSpace(show(rows))); diff != "" {
				t.Error(diff)
			}
		})
	}
	r, err := Open(strings.NewReader(two), int64(len(two)), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"Hidden", "둘째", "셋째"}, r.Sheets()); diff != "" || r.Kind() != SpreadsheetXML {
		t.Errorf("%v %s", r.Kind(), diff)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	var missing *SheetError
	if _, err := readAll(t, []byte(two), Options{Sheet: "배송관리"}); !errors.As(err, &missing) {
		t.Errorf("missing sheet: %v", err)
	}
}

func TestXMLSSDamagedFiles(t *testing.T) {
	row := `<Row><Cell><Data ss:Type="String">a</Data></Cell></Row>`
	for _, c := range []struct{ name, doc, want string }{
		{"no sheets", xmlssHead + `</Workbook>`, "no sheet of cells"},
		{"cut off", strings.TrimSuffix(xmlss(row), `</Table></Worksheet></Workbook>`), "the XML ends inside <Table>"},
		{"cut off behind the sheet", strings.TrimSuffix(xmlss(row), `</Workbook>`), "the XML ends inside <Workbook>"},
		{"cut off in a tag", xmlssHead + `<Worksheet ss:Na`, "ends inside a tag"},
		{"wrong end", xmlss(row + `</Row>`), "closes <Row>, which is not open"},
		{"two roots", xmlss(row) + `<Workbook/>`, "more than one root"},
		{"document type", strings.Replace(xmlss(row), "<Workbook ", `<!DOCTYPE Workbook [<!ENTITY a "b">]><Workbook `, 1), "document type declarations are refused"},
		{"unknown entity", xmlss(`<Row><Cell><Data ss:Type="String">&nbsp;</Data></Cell></Row>`), "unknown reference"},
		{"bad UTF-8", xmlss("<Row><Cell><Data ss:Type=\"String\">\xb1\xe8</Data></Cell></Row>"), "not valid UTF-8"},
		{"other charset", strings.Replace(xmlss(row), `version="1.0"`, `version="1.0" encoding="Shift_JIS"`, 1), `"Shift_JIS" instead of UTF-8`},
		{"rows going back", xmlss(`<Row ss:Index="5"/><Row ss:Index="4"/>`), "row 5: the row after it has the index 4"},
		{"bad row index", xmlss(`<Row ss:Index="x"/>`), "has the index x"},
		{"cells going back", xmlss(`<Row><Cell ss:Index="3"/><Cell ss:Index="2"/></Row>`), "a cell has the index 2"},
		{"cell under a merged one", xmlss(`<Row><Cell ss:MergeAcross="3"><Data ss:Type="String">a</Data></Cell><Cell ss:Index="2"><Data ss:Type="String">b</Data></Cell></Row>`), "a cell has the index 2"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := readAll(t, []byte(c.doc), Options{})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q", err, c.want)
			}
		})
	}
}

func TestXMLSSTruncated(t *testing.T) {
	doc := xmlss(strings.Repeat(`<Row><Cell><Data ss:Type="String">서울특별시</Data></Cell></Row>`, 50))
	for cut := len(xmlssHead); cut < len(doc); cut += 37 {
		if _, err := readAll(t, []byte(doc[:cut]), Options{}); err == nil {
			t.Errorf("the first %d of %d bytes were read as a whole workbook", cut, len(doc))
		}
	}
}

func TestXMLSSLimits(t *testing.T) {
	row := func(cells string) string { return xmlss(`<Row>` + cells + `</Row>`) }
	text := func(n int) string {
		return `<Cell><Data ss:Type="String">` + strings.Repeat("가", n) + `</Data></Cell>`
	}
	styles := xmlssHead + `<Styles>` + strings.Repeat(`<Style/>`, 3) + manyStyles() + `</Styles></Workbook>`
	for _, c := range []struct {
		name, doc string
		l         Limits
		want      string
	}{
		{"file", row(``), Limits{FileBytes: 100}, "size of the file"},
		{"rows", xmlss(`<Row ss:Index="1048577"/>`), Limits{}, "rows"},
		{"rows by count", xmlss(strings.Repeat(`<Row/>`, 11)), Limits{Rows: 10}, "rows"},
		{"run of rows", xmlss(`<Row ss:Span="999999999999"/>`), Limits{}, "rows"},
		{"columns", row(`<Cell ss:Index="16385"/>`), Limits{}, "columns"},
		{"columns by count", row(strings.Repeat(`<Cell/>`, 11)), Limits{Columns: 10}, "columns"},
		{"merged columns", row(`<Cell ss:MergeAcross="999999999999"/>`), Limits{}, "columns"},
		{"characters", row(text(32768)), Limits{}, "characters of cell A1"},
		{"bytes of a text in parts", row(`<Cell><Data ss:Type="String">` + strings.Repeat("<B>"+strings.Repeat("a", 1<<18)+"</B>", 6) + `</Data></Cell>`), Limits{}, "one XML tag or text"},
		{"cells", xmlss(strings.Repeat(`<Row><Cell ss:Index="10"><Data ss:Type="Number">1</Data></Cell></Row>`, 2)), Limits{Cells: 15}, "cells of the sheet"},
		{"sheets", xmlssHead + strings.Repeat(`<Worksheet/>`, 5) + `</Workbook>`, Limits{Entries: 4}, "sheets of the workbook"},
		{"styles", styles, Limits{}, "styles of the workbook"},
		{"name of a sheet", xmlssHead + `<Worksheet ss:Name="` + strings.Repeat("a", 2000) + `"/></Workbook>`, Limits{}, "bytes of a name"},
		{"name of a style", xmlssHead + `<Styles><Style ss:ID="` + strings.Repeat("a", 2000) + `"/></Styles></Workbook>`, Limits{}, "bytes of a name"},
		{"depth", row(strings.Repeat("<a>", 70) + strings.Repeat("</a>", 70)), Limits{}, "depth of XML elements"},
		{"attributes", row(`<Cell` + strings.Repeat(` a="1"`, 300) + `/>`), Limits{}, "attributes of an XML element"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := readAll(t, []byte(c.doc), Options{Limits: c.l})
			var limit *LimitError
			if !errors.As(err, &limit) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want a limit of %q", err, c.want)
			}
		})
	}
}

func manyStyles() string {
	var b strings.Builder
	for i := range maxStyles {
		fmt.Fprintf(&b, `<Style ss:ID="s%d"/>`, i)
	}
	return b.String()
}

// An xmlssTwin writes the same cells as rows of both kinds of workbook.
type xmlssTwin struct{ xlsx, xml strings.Builder }

// twin builds a table out of the bytes.
func twin(data []byte) *xmlssTwin {
	var w xmlssTwin
	take := func() int {
		if len(data) == 0 {
			return 0
		}
		v := data[0]
		data = data[1:]
		return int(v)
	}
	row := 0
	for len(data) > 0 && row < 100 {
		row += 1 + take()%3
		fmt.Fprintf(&w.xlsx, `<row r="%d">`, row)
		fmt.Fprintf(&w.xml, `<Row ss:Index="%d">`, row)
		col := 0
		for cells := take() % 6; cells > 0; cells-- {
			col += 1 + take()%3
			w.cell(row, col, take()%8, take(), take()%3)
		}
		w.xlsx.WriteString("</row>")
		w.xml.WriteString("</Row>")
	}
	return &w
}

func (w *xmlssTwin) cell(row, col, kind, value, style int) {
	text, number := fuzzTexts[value%len(fuzzTexts)], fuzzNumbers[value%len(fuzzNumbers)]
	if strings.Contains(text, "_x") {
		text = "a" // an escape of the other kind
	}
	both := func(attrs, xlsx, data string) {
		fmt.Fprintf(&w.xlsx, `<c r="%s" s="%d"%s</c>`, Address(row, col), style, xlsx)
		fmt.Fprintf(&w.xml, `<Cell ss:Index="%d" ss:StyleID="%s"%s>%s</Cell>`, col, [...]string{"Default", "z", "d"}[style], attrs, data)
	}
	switch kind {
	case 0:
		both("", ` t="b"><v>`+fmt.Sprint(value%2)+`</v>`, `<Data ss:Type="Boolean">`+fmt.Sprint(value%2)+`</Data>`)
	case 1:
		both("", ` t="e"><v>#REF!</v>`, `<Data ss:Type="Error">#REF!</Data>`)
	case 2:
		both("", `>`, ``)
	case 3:
		both(` ss:Formula="=A1"`, ` t="str"><f>A1</f><v>`+text+`</v>`, `<Data ss:Type="String">`+text+`</Data>`)
	case 4:
		day := fmt.Sprintf("2026-07-%02dT0%d:00:00", 1+value%31, value%9)
		both("", ` t="d"><v>`+day+`</v>`, `<Data ss:Type="DateTime">`+day+`.000</Data>`)
	case 5:
		both("", ` t="inlineStr"><is><t xml:space="preserve">`+text+`</t></is>`, `<Data ss:Type="String">`+text+`</Data>`)
	default:
		both("", `><v>`+number+`</v>`, `<Data ss:Type="Number">`+number+`</Data>`)
	}
}

func sameAsXLSX(t *testing.T, data []byte) {
	t.Helper()
	w := twin(data)
	want, err := readAll(t, withRows(w.xlsx.String()).styles("0000000", "yyyy-mm-dd").bytes(t), Options{})
	if err != nil {
		t.Fatal(err)
	}
	got, err := readAll(t, []byte(xmlss(w.xml.String())), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("as .xlsx (-) and as XML (+):\n%s\n%s", diff, w.xml.String())
	}
}

func TestXMLSSSameAsXLSX(t *testing.T) {
	for seed := range 500 {
		data := make([]byte, 40+seed%60)
		for i := range data {
			data[i] = byte((i*i*31 + seed*17 + i*seed) >> 2)
		}
		sameAsXLSX(t, data)
	}
}

// FuzzXMLSSSheet builds the same sheet as .xlsx and as XML and reads both.
func FuzzXMLSSSheet(f *testing.F) {
	f.Add([]byte("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) <= 300 {
			sameAsXLSX(t, data)
		}
	})
}

// FuzzXMLSS gives the reader any document.
func FuzzXMLSS(f *testing.F) {
	for _, data := range samples(f, "libreoffice-2003.xls") {
		f.Add(string(data[bytes.Index(data, []byte("<ss:Worksheet")):]))
	}
	f.Add(`<Styles><Style ss:ID="a" ss:Parent="b"><NumberFormat ss:Format="Short Date"/></Style></Styles><Worksheet ss:Name="a"><Table><Column ss:Index="2" ss:Span="3" ss:StyleID="a"/>` +
		`<Row ss:Index="2" ss:StyleID="a"><Cell ss:Index="2" ss:MergeAcross="1" ss:Formula="=1"><Data ss:Type="Number">1</Data></Cell></Row></Table></Worksheet></Workbook>`)
	f.Fuzz(func(t *testing.T, rest string) {
		checkRows(t, []byte(xmlssHead+rest), Options{Limits: tight})
	})
}
