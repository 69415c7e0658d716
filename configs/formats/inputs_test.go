package formats_test

import (
	"bytes"
	"fmt"
	"html"
	"math/rand"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"

	"github.com/mallbridge/mallbridge/internal/agile"
)

// An input is a file of a mall or a warehouse that is made from rows, as that
// party's own program would write it. The encoders are those of x/text, not ours.
type input struct {
	format, name string // the folder of the case
	file         string // its name there
	about        string // what the case is for
	password     string // of a workbook
	standard     bool   // with the older of the two encryptions
	country      string // of the account, where the format names none
	open         string // password to open it with, where it is another one

	charset encoding.Encoding // of text; nil is UTF-8
	comma   string
	bare    bool // quotes only where they are needed
	raw     bool // no quotes at all
	above   [][]string
	header  []string
	rows    []map[string]any
	sheet   string
	html    bool                // a table in HTML, whatever the file is called
	xml     bool                // a sheet in the XML of Excel 2003, whatever the file is called
	edit    func([]byte) []byte // of the finished bytes
}

// packed reports whether another program packs the bytes of the file, which are then
// not the same each time: they are made only with -update and where they are missing.
func (in *input) packed() bool {
	return strings.HasSuffix(in.file, ".xlsx") || strings.HasSuffix(in.file, ".xls") && !in.html && !in.xml
}

var (
	cp932 = japanese.ShiftJIS
	cp949 = korean.EUCKR
	eucJP = japanese.EUCJP
)

func (in *input) bytes(t testing.TB) []byte {
	t.Helper()
	var b []byte
	switch {
	case in.html:
		b = in.table(t)
	case in.xml:
		b = in.sheetXML()
	case strings.HasSuffix(in.file, ".xlsx"):
		b = in.workbook(t)
	case strings.HasSuffix(in.file, ".xls"):
		b = in.biff(t)
	default:
		b = in.text(t)
	}
	if in.edit != nil {
		b = in.edit(b)
	}
	return b
}

func (in *input) text(t testing.TB) []byte {
	t.Helper()
	comma := in.comma
	if comma == "" {
		comma = ","
	}
	var b strings.Builder
	line := func(cells []string) {
		for i, c := range cells {
			if i > 0 {
				b.WriteString(comma)
			}
			if in.raw || in.bare && !strings.ContainsAny(c, "\r\n\""+comma) {
				b.WriteString(c)
				continue
			}
			b.WriteString(`"` + strings.ReplaceAll(c, `"`, `""`) + `"`)
		}
		b.WriteString("\r\n")
	}
	for _, r := range in.above {
		line(r)
	}
	if in.header != nil {
		line(in.header)
	}
	for _, r := range in.rows {
		line(in.cells(t, r))
	}
	return in.encode(t, b.String())
}

func (in *input) encode(t testing.TB, text string) []byte {
	t.Helper()
	if in.charset == nil {
		return []byte(text)
	}
	out, err := in.charset.NewEncoder().String(text)
	if err != nil {
		t.Fatalf("%s/%s: %v", in.format, in.name, err)
	}
	return []byte(out)
}

// table writes the rows as the HTML that Korean systems offer under the name .xls.
func (in *input) table(t testing.TB) []byte {
	t.Helper()
	name := "utf-8"
	if in.charset != nil {
		name = "euc-kr"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "<html>\r\n<head><meta http-equiv=\"Content-Type\" content=\"text/html; charset=%s\"></head>\r\n<body>\r\n<table border=\"1\">\r\n", name)
	cells := func(tag, span string, list []string) {
		b.WriteString("<tr>")
		for _, c := range list {
			fmt.Fprintf(&b, "<%s%s>%s</%s>", tag, span, strings.ReplaceAll(html.EscapeString(c), "\n", "<br>"), tag)
		}
		b.WriteString("</tr>\r\n")
	}
	for _, r := range in.above {
		cells("td", fmt.Sprintf(" colspan=\"%d\"", len(in.header)), r)
	}
	cells("th", "", in.header)
	for _, r := range in.rows {
		cells("td", "", in.cells(t, r))
	}
	b.WriteString("</table>\r\n</body>\r\n</html>\r\n")
	return in.encode(t, b.String())
}

// sheetXML writes the rows as the XML of Excel 2003, with numbers and dates as such.
func (in *input) sheetXML() []byte {
	var b strings.Builder
	b.WriteString("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n<?mso-application progid=\"Excel.Sheet\"?>\r\n" +
		`<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet" xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet">` + "\r\n" +
		`<Styles><Style ss:ID="Default"/><Style ss:ID="zip"><NumberFormat ss:Format="00000"/></Style></Styles>` + "\r\n" +
		`<Worksheet ss:Name="Sheet1"><Table>` + "\r\n")
	row := func(values []any) {
		b.WriteString("<Row>")
		for i, v := range values {
			switch v := v.(type) {
			case nil:
			case int:
				fmt.Fprintf(&b, `<Cell ss:Index="%d" ss:StyleID="zip"><Data ss:Type="Number">%d</Data></Cell>`, i+1, v)
			case time.Time:
				fmt.Fprintf(&b, `<Cell ss:Index="%d"><Data ss:Type="DateTime">%s</Data></Cell>`, i+1, v.Format("2006-01-02T15:04:05.000"))
			default:
				fmt.Fprintf(&b, `<Cell ss:Index="%d"><Data ss:Type="String">%s</Data></Cell>`, i+1, strings.ReplaceAll(html.EscapeString(fmt.Sprint(v)), "\n", "&#10;"))
			}
		}
		b.WriteString("</Row>\r\n")
	}
	var titles []any
	for _, h := range in.header {
		titles = append(titles, h)
	}
	row(titles)
	for _, r := range in.rows {
		var values []any
		for _, h := range in.header {
			values = append(values, r[h])
		}
		row(values)
	}
	b.WriteString("</Table></Worksheet>\r\n</Workbook>\r\n")
	return []byte(b.String())
}

// biff has LibreOffice save the workbook as that of Excel 97.
func (in *input) biff(t testing.TB) []byte {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "input.xlsx"), in.workbook(t), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("soffice", "-env:UserInstallation=file://"+filepath.ToSlash(filepath.Join(dir, "profile")), "--headless", "--norestore",
		"--convert-to", "xls:MS Excel 97", "--outdir", filepath.Join(dir, "xls"), filepath.Join(dir, "input.xlsx"))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	b, err := os.ReadFile(filepath.Join(dir, "xls", "input.xls"))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// cells puts the values of a row into the order of the header.
func (in *input) cells(t testing.TB, row map[string]any) []string {
	t.Helper()
	if list, ok := row[""]; ok {
		return list.([]string)
	}
	used := 0
	out := make([]string, len(in.header))
	for i, h := range in.header {
		if v, ok := row[h]; ok {
			out[i] = v.(string)
			used++
		}
	}
	return out
}

func (in *input) workbook(t testing.TB) []byte {
	t.Helper()
	f := excelize.NewFile()
	defer func() { _ = f.Close() }()
	sheet := in.sheet
	if sheet == "" {
		sheet = "Sheet1"
	}
	check := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	check(f.SetSheetName("Sheet1", sheet))
	n := 0
	put := func(col int, v any) {
		cell, err := excelize.CoordinatesToCellName(col, n)
		check(err)
		check(f.SetCellValue(sheet, cell, v))
	}
	for _, r := range in.above {
		n++
		for i, c := range r {
			put(i+1, c)
		}
	}
	n++
	for i, h := range in.header {
		put(i+1, h)
	}
	for _, r := range in.rows {
		n++
		for i, h := range in.header {
			if v, ok := r[h]; ok && v != "" {
				put(i+1, v)
			}
		}
	}
	var b bytes.Buffer
	check(f.Write(&b))
	if in.password == "" {
		return b.Bytes()
	}
	if in.standard {
		sealed, err := excelize.Encrypt(b.Bytes(), &excelize.Options{Password: in.password})
		check(err)
		return sealed
	}
	sealed, err := agile.Encrypt(b.Bytes(), in.password, rand.New(rand.NewSource(1)))
	check(err)
	return sealed
}

// with returns base with changes.
func with(base map[string]any, changes ...any) map[string]any {
	out := make(map[string]any, len(base)+len(changes)/2)
	for k, v := range base {
		out[k] = v
	}
	for i := 0; i < len(changes); i += 2 {
		out[changes[i].(string)] = changes[i+1]
	}
	return out
}

func without(list []string, names ...string) []string {
	var out []string
	for _, s := range list {
		drop := false
		for _, n := range names {
			drop = drop || s == n
		}
		if !drop {
			out = append(out, s)
		}
	}
	return out
}

func split(s string) []string {
	parts := strings.Split(s, "|")
	for i := range parts {
		parts[i] = strings.TrimSpace(parts[i])
	}
	return parts
}
