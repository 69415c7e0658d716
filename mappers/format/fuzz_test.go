package format

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime/metrics"
	"strings"
	"testing"

	"github.com/richardlehane/mscfb"

	"github.com/mallbridge/mallbridge/internal/agile"
	"github.com/mallbridge/mallbridge/mappers/workbook"
)

// The fuzz targets of this file read any bytes with each kind of reader, and check
// what must hold for all of them: nothing panics, memory stays bounded, and no row
// is lost — rows in the file, counted by other means, are rows taken, refused,
// filtered and blank, each of them once.

// kindYAML is one layout for every kind of file.
func kindYAML(file string) string {
	return `
name: kinds
record: orders
direction: in
country: KR
file: {` + file + `}
group: [order.number]
where: {skip: [""]}
columns:
  - {name: no, width: 4, field: order.number, required: true}
  - {name: box, width: 2, field: package.key, optional: true}
  - {name: code, width: 5, field: line.item_code}
  - {name: qty, width: 3, field: line.quantity, required: true}
  - {name: zip, width: 5, field: to.postal, type: digits, digits: 5, optional: true}
  - {name: name, width: 6, field: to.name, optional: true}
  - {name: at, width: 10, field: order.ordered_at, optional: true}
  - {name: skip, width: 1, optional: true}
flags:
  gift: 'col("code") startsWith "G"'
`
}

// tight keeps the reader of workbooks small.
var tight = workbook.Limits{UnzippedBytes: 4 << 20, MemoryBytes: 4 << 20, Cells: 1 << 18, SharedStringBytes: 4 << 20, EncryptedBytes: 1 << 20}

// maxAllocated bounds what one small file may allocate in all, freed or not.
const maxAllocated = 256 << 20

func allocated() uint64 {
	s := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}

// readAny reads a file and returns the counts, and whether it is a file of the
// format at all. rows is how many data rows and blank ones it has, or -1 where
// nobody else can tell.
func readAny(t *testing.T, f *Format, data []byte, o ReadOptions, rows int64) {
	t.Helper()
	seen := map[int64]string{}
	once := func(row int64, what string) {
		if was := seen[row]; was != "" {
			t.Errorf("row %d is %s and %s", row, was, what)
		}
		seen[row] = what
	}
	refused := 0
	o.Workers, o.Cells, o.Limits = 1, true, tight
	o.Refuse = func(r Refusal) {
		refused++
		once(r.Row, "refused")
		if r.Reason == "" || r.Line < 1 {
			t.Errorf("refused without reason or line: %+v", r)
		}
	}
	before := allocated()
	taken := int64(0)
	s, err := f.Read(context.Background(), Bytes("f", data), o, func(g Group) error {
		if len(g.Records) != len(g.Rows) {
			t.Errorf("%d records of %d rows", len(g.Records), len(g.Rows))
		}
		for _, r := range g.Rows {
			taken++
			once(r.Ordinal, "taken")
		}
		return nil
	})
	if n := allocated() - before; n > maxAllocated+1000*uint64(len(data)) {
		t.Errorf("%d bytes of a file took %d bytes of memory", len(data), n)
	}
	if err != nil {
		var bad *FileError
		if !errors.As(err, &bad) {
			t.Errorf("not a file error: %v", err)
		}
		return
	}
	balance(t, s, refused)
	if taken != s.Taken {
		t.Errorf("%d rows came, %d are counted", taken, s.Taken)
	}
	if rows >= 0 && s.Rows+s.Blank != rows {
		t.Errorf("the file has %d rows, %+v are counted", rows, s)
	}
}

// countRows counts the rows of a text: line ends outside quotes. It is -1 for what
// the format treats in a way of its own.
func countRows(data []byte, comma byte, quotes bool) int64 {
	data = bytes.TrimPrefix(data, utf8BOM)
	if bytes.IndexByte(data, 0x1A) >= 0 || bytes.Count(data, []byte("\r")) != bytes.Count(data, []byte("\r\n")) {
		return -1 // an end mark; lines that may end with CR alone
	}
	n := int64(0)
	for i := 0; i < len(data); {
		n++
		for {
			if quotes && i < len(data) && data[i] == '"' {
				for i++; i < len(data); i++ {
					if data[i] != '"' {
						continue
					}
					if i+1 == len(data) || data[i+1] != '"' {
						i++
						break
					}
					i++
				}
			}
			for i < len(data) && data[i] != comma && data[i] != '\n' {
				i++
			}
			if i == len(data) {
				return n
			}
			i++
			if data[i-1] == '\n' {
				break
			}
		}
	}
	return n
}

// less takes the header off a number of rows.
func less(rows, header int64) int64 {
	if rows < 0 {
		return rows
	}
	return rows - header
}

const (
	kindHead = "no,box,code,qty,zip,name,at,skip\n"
	kindRows = kindHead + "1,a,G1,1,04524,가온,2026-11-22,\n1,a,,2,4524,가온,2026-11-22,\n2,,x,0,,,,\n3,,x,1,,,,y\n\n1,b,x,1,,나래,2026-11-22,\n"
)

func seedText(f *testing.F, comma string) {
	for _, s := range []string{
		kindRows, strings.ReplaceAll(kindRows, "\n", "\r\n"), "\ufeff" + kindRows, kindHead, kindHead + "1,\"a\nb\",\"x\"\"y\",1,,,,\r\n\"2\"z,,,1,,,,",
		kindHead + "1,a,\"x,1,,,,\n2,b,y,1,,,,\n", kindHead + "1,8.1E+11,=1,1,1e5,,,\n", kindHead + ",,,,,,,\n,\n1,,,1,,,,,,,\n", "no,no\n1,2\n", "\"", "", "\x1A", kindHead + "1,\xb0\xa1,x,1,,\xc7,,\n",
	} {
		f.Add([]byte(strings.ReplaceAll(s, ",", comma)), uint8(9))
	}
}

// FuzzReadCSV reads text with commas, in UTF-8, in cp949, and with quotes that mean
// nothing.
func FuzzReadCSV(f *testing.F) {
	seedText(f, ",")
	plain := must(f, kindYAML(`kind: csv, header: names`))
	korean := must(f, kindYAML(`kind: csv, charset: cp949, header: names`))
	never := must(f, kindYAML(`kind: csv, quote: never, header: names`))
	deep := must(f, kindYAML(`kind: csv, header: names, header_within: 5`))
	f.Fuzz(func(t *testing.T, data []byte, chunk uint8) {
		rows := less(countRows(data, ',', true), 1)
		for _, o := range []ReadOptions{{chunk: int(chunk) + 1, window: 1}, {}} {
			readAny(t, plain, data, o, rows)
			readAny(t, korean, data, o, rows)
			readAny(t, never, data, o, less(countRows(data, ',', false), 1))
			readAny(t, deep, data, o, -1)
		}
	})
}

// FuzzReadTSV reads text with tabs.
func FuzzReadTSV(f *testing.F) {
	seedText(f, "\t")
	x := must(f, kindYAML(`kind: tsv, header: names`))
	none := must(f, kindYAML(`kind: tsv, header: none`))
	f.Fuzz(func(t *testing.T, data []byte, chunk uint8) {
		rows := countRows(data, '\t', true)
		for _, o := range []ReadOptions{{chunk: int(chunk) + 1, window: 1}, {}} {
			readAny(t, x, data, o, less(rows, 1))
			readAny(t, none, data, o, rows)
		}
	})
}

// FuzzReadFixed reads lines whose columns have widths.
func FuzzReadFixed(f *testing.F) {
	row := "1   a G1   1  04524가온    2026-11-22 "
	for _, s := range []string{row, row + "\r\n" + row + "\n", row + "x\n" + row[:9] + "\n\n", "no  boxcode \n" + row, "\n", "\x1A"} {
		f.Add([]byte(s), uint8(9))
	}
	x := must(f, kindYAML(`kind: fixed, charset: cp949, header: none`))
	skip := must(f, kindYAML(`kind: fixed, header: skip`))
	f.Fuzz(func(t *testing.T, data []byte, chunk uint8) {
		rows := countRows(data, '\n', false)
		for _, o := range []ReadOptions{{chunk: int(chunk) + 1, window: 1}, {}} {
			readAny(t, x, data, o, rows)
			readAny(t, skip, data, o, less(rows, 1))
		}
	})
}

// countBook counts the rows of a sheet below its first one that is not blank.
func countBook(data []byte) int64 {
	r, err := workbook.Open(bytes.NewReader(data), int64(len(data)), workbook.Options{Limits: tight})
	if err != nil {
		return -1
	}
	defer r.Close()
	n := int64(-1)
	for {
		switch _, _, err := r.Next(); {
		case errors.Is(err, io.EOF):
			return max(n, 0)
		case err != nil:
			return -1
		}
		n++
	}
}

func readBook(t *testing.T, f *Format, data []byte) {
	t.Helper()
	switch workbook.Sniff(data[:min(len(data), 64<<10)]) {
	case workbook.XLSX, workbook.XLS, workbook.HTML, workbook.SpreadsheetXML:
		readAny(t, f, data, ReadOptions{}, countBook(data))
	default:
		readAny(t, f, data, ReadOptions{Password: "x"}, -1)
	}
}

// cases returns the files of a built-in format's cases.
func cases(f *testing.F, pattern string) [][]byte {
	files, err := filepath.Glob(filepath.Join("..", "..", "testdata", "formats", pattern))
	if err != nil || len(files) == 0 {
		f.Fatal(pattern, err)
	}
	var out [][]byte
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		out = append(out, b)
	}
	return out
}

func builtin(f *testing.F, name string) *Format {
	b, err := os.ReadFile(filepath.Join("..", "..", "configs", "formats", name+".yaml"))
	if err != nil {
		f.Fatal(err)
	}
	return must(f, string(b))
}

// FuzzReadXLSX reads a workbook of one sheet whose rows are the fuzzed XML, and any
// bytes.
func FuzzReadXLSX(f *testing.F) {
	head := `<row r="1"><c t="inlineStr"><is><t>no</t></is></c><c t="inlineStr"><is><t>code</t></is></c><c t="inlineStr"><is><t>qty</t></is></c></row>`
	for _, s := range []string{
		`<row r="2"><c t="inlineStr"><is><t>1</t></is></c><c><v>2</v></c><c><v>1</v></c></row><row r="9"><c r="C9"><v>3</v></c></row>`,
		`<row><c t="s"><v>0</v></c><c t="str"><f>1+1</f><v>x</v></c><c t="e"><v>#N/A</v></c></row><row r="5"/>`,
		`<row r="3"><c r="A3" s="1"><v>46000.5</v></c></row><row r="2"><c><v>1</v></c></row>`, `<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>`,
	} {
		f.Add([]byte(s))
	}
	for _, b := range cases(f, "elevenst-orders/*/input.xlsx") {
		f.Add(b)
	}
	x, list := must(f, kindYAML(`kind: workbook, header: names`)), builtin(f, "elevenst-orders")
	f.Fuzz(func(t *testing.T, data []byte) {
		readBook(t, x, zipped(t, head+string(data)))
		readAny(t, list, data, ReadOptions{}, -1)
	})
}

// zipped is a workbook of one sheet.
func zipped(t *testing.T, rows string) []byte {
	const main, rel = "http://schemas.openxmlformats.org/spreadsheetml/2006/main", "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, part := range [][2]string{
		{"[Content_Types].xml", `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/></Types>`},
		{"_rels/.rels", `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="` + rel + `/officeDocument" Target="xl/workbook.xml"/></Relationships>`},
		{"xl/workbook.xml", `<workbook xmlns="` + main + `" xmlns:r="` + rel + `"><sheets><sheet name="a" sheetId="1" r:id="r1"/></sheets></workbook>`},
		{"xl/_rels/workbook.xml.rels", `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="` + rel + `/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="r2" Type="` + rel + `/sharedStrings" Target="sharedStrings.xml"/></Relationships>`},
		{"xl/sharedStrings.xml", `<sst xmlns="` + main + `"><si><t>5</t></si></sst>`},
		{"xl/worksheets/sheet1.xml", `<worksheet xmlns="` + main + `"><sheetData>` + rows + `</sheetData></worksheet>`},
	} {
		w, err := z.Create(part[0])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, part[1]); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// FuzzReadXLS reads a workbook of Excel 97 with a stream of any records, and any
// bytes.
func FuzzReadXLS(f *testing.F) {
	for _, b := range cases(f, "elevenst-orders/*/input.xls") {
		f.Add(b)
		doc, err := mscfb.New(bytes.NewReader(b))
		if err != nil {
			continue // a table in HTML
		}
		for e, err := doc.Next(); err == nil; e, err = doc.Next() {
			if e.Name == "Workbook" {
				stream, err := io.ReadAll(e)
				if err != nil {
					f.Fatal(err)
				}
				f.Add(stream)
			}
		}
	}
	list := builtin(f, "elevenst-orders")
	f.Fuzz(func(t *testing.T, data []byte) {
		readAny(t, list, agile.Compound([]agile.Stream{{Name: "Workbook", Data: data}}), ReadOptions{}, -1)
		readAny(t, list, data, ReadOptions{}, -1)
	})
}

// FuzzReadHTML reads a table in HTML, in UTF-8 and in EUC-KR.
func FuzzReadHTML(f *testing.F) {
	head := "<tr><th>no<th>code<th>qty</tr>"
	for _, s := range []string{
		"<table>" + head + "<tr><td>1<td>a<td>1<tr><td>2<td colspan=2>b</table>", "<table>" + head + "<tr><td rowspan=3>1<td>a<td>1<tr><td>b<td>2<tr></table>",
		"<table>" + head + "<tr></tr><tr><td>&nbsp;</td></tr><tr><td>1<br>2<td><table><tr><td>x</table><td>1</table>", "<meta charset=utf-8><table>" + head + "<tr><td>가<td>나<td>1</table>", "<table>", "<form>",
		"<meta charset=euc-kr><table>" + head + "<tr><td>\xb0\xa1<td>\xb0<td>1</table>",
	} {
		f.Add([]byte(s))
	}
	for _, b := range cases(f, "elevenst-orders/html*/input.xls") {
		f.Add(b)
	}
	x, korean := must(f, kindYAML(`kind: workbook, header: names`)), must(f, kindYAML(`kind: workbook, charset: cp949, header: names, header_within: 4`))
	f.Fuzz(func(t *testing.T, data []byte) {
		data = append([]byte("<html>"), data...)
		readBook(t, x, data)
		readAny(t, korean, data, ReadOptions{}, -1)
	})
}

// FuzzReadXMLSS reads a sheet of Excel 2003 XML whose rows are the fuzzed ones, in
// UTF-8 and in EUC-KR.
func FuzzReadXMLSS(f *testing.F) {
	head := `<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet" xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet"><Worksheet ss:Name="a"><Table>` +
		`<Row><Cell><Data ss:Type="String">no</Data></Cell><Cell><Data ss:Type="String">code</Data></Cell><Cell><Data ss:Type="String">qty</Data></Cell></Row>`
	const end = `</Table></Worksheet></Workbook>`
	for _, s := range []string{
		`<Row><Cell><Data ss:Type="String">1</Data></Cell><Cell><Data ss:Type="Number">2</Data></Cell><Cell><Data ss:Type="Number">1</Data></Cell></Row>` + end,
		`<Row ss:Index="9"><Cell ss:Index="3"><Data ss:Type="DateTime">2026-11-22T00:00:00.000</Data></Cell></Row><Row ss:Span="4"/><Row><Cell ss:MergeAcross="1"><Data ss:Type="String">x</Data></Cell></Row>` + end,
		`<Row><Cell ss:Formula="=1"/><Cell><Data ss:Type="Error">#N/A</Data></Cell></Row><Row/>` + end, "<Row><Cell><Data ss:Type=\"String\">\xb0\xa1</Data></Cell></Row>" + end, `<Row>`,
	} {
		f.Add([]byte(s))
	}
	x, korean := must(f, kindYAML(`kind: workbook, header: names`)), must(f, kindYAML(`kind: workbook, charset: cp949, header: names`))
	f.Fuzz(func(t *testing.T, data []byte) {
		readBook(t, x, append([]byte(head), data...))
		readAny(t, korean, append([]byte(`<?xml version="1.0" encoding="euc-kr"?>`+head), data...), ReadOptions{}, -1)
	})
}

// FuzzPair joins any two files and reads what comes of it: every row of both is in it.
func FuzzPair(f *testing.F) {
	orders := "no,name,zip\n1,가온,04524\n2,\"나\n래\",1\n\n3,x,\n"
	lines := "no,code,qty\r\n1,a,1\r\n1,b,2\r\n2,\"x,y\",1\r\n9,a,1"
	for _, s := range [][2]string{{orders, lines}, {lines, orders}, {"\ufeff" + orders, lines}, {orders + "4,\"", lines}, {"no,name,zip", "no,code,qty"}, {orders, "no,code,qty,no\n1,2,3,4,5\n1\n"}, {"", "\x1A"}, {"no,\xff", lines}} {
		f.Add([]byte(s[0]), []byte(s[1]))
	}
	x := must(f, `
name: pair
record: orders
direction: in
country: KR
file: {kind: csv, charset: cp949, or_charset: [utf-8], header: names}
pair: {key: no, orders: [name], lines: [code]}
group: [order.number]
carry: {heads: {code: [""]}}
columns:
  - {name: no}
  - {name: "line:no", optional: true}
  - {name: name, field: to.name}
  - {name: zip, field: to.postal, optional: true}
  - {name: code, field: line.item_code}
  - {name: qty, field: line.quantity, required: true}
fields:
  order.number: {join: [no, "line:no"], required: true}
`)
	f.Fuzz(func(t *testing.T, a, b []byte) {
		x.Half(Bytes("a", a))
		_, _ = x.Keys(Bytes("a", a))
		var joined bytes.Buffer
		if err := x.Join(&joined, Bytes("a", a), Bytes("b", b)); err != nil {
			var bad *FileError
			if !errors.As(err, &bad) {
				t.Errorf("not a file error: %v", err)
			}
			return
		}
		if !bytes.ContainsAny(append(bytes.Clone(a), b...), "\"\x1A\r") {
			// The header and empty lines are no rows, the last line end ends one.
			full := func(b []byte) (n int) {
				for i, line := range bytes.Split(bytes.TrimPrefix(b, utf8BOM), []byte("\n")) {
					if i > 0 && len(line) > 0 {
						n++
					}
				}
				return n
			}
			if got, want := bytes.Count(joined.Bytes(), []byte("\n"))-1, full(a)+full(b); got != want {
				t.Errorf("%d rows of %d\n%q\n%q\n%q", got, want, a, b, joined.Bytes())
			}
		}
		_, refused, s, err := x.ReadAll(context.Background(), Bytes("joined", joined.Bytes()), ReadOptions{Workers: 1})
		var bad *FileError
		if err != nil && !errors.As(err, &bad) {
			t.Errorf("not a file error: %v", err)
		}
		if err == nil {
			balance(t, s, len(refused))
		}
	})
}
