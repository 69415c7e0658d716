package workbook

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/transform"

	"github.com/mallbridge/mallbridge/internal/agile"
)

func TestSniff(t *testing.T) {
	xlsx := withRows("").bytes(t)
	for _, c := range []struct {
		name string
		data []byte
		want Kind
	}{
		{"nothing", nil, Empty},
		{"blanks", []byte("\ufeff \r\n\t"), Empty},
		{"zeros", make([]byte, 100), Unknown},
		{"picture", []byte("\x89PNG\r\n\x1a\n\x00\x00"), Unknown},
		{"xlsx", xlsx, XLSX},
		{"xlsx cut off", xlsx[:len(xlsx)-30], XLSX},
		{"xlsx with the types last", zipOf(t, "xl/worksheets/sheet1.xml", "xl/workbook.xml", "[Content_Types].xml"), XLSX},
		{"xlsb", zipOf(t, "[Content_Types].xml", "xl/workbook.bin"), XLSB},
		{"docx", zipOf(t, "[Content_Types].xml", "word/document.xml"), Zip},
		{"ods", zipOf(t, "mimetype", "content.xml"), Zip},
		{"zip of a workbook", zipOf(t, "주문.xlsx"), Zip},
		{"empty zip", []byte("PK\x05\x06" + strings.Repeat("\x00", 18)), Zip},
		{"encrypted", agile.Compound([]agile.Stream{{Name: "EncryptionInfo", Data: []byte("x")}, {Name: "EncryptedPackage", Data: make([]byte, 90_000)}}), EncryptedXLSX},
		{"xls", agile.Compound([]agile.Stream{{Name: "Workbook", Data: make([]byte, 90_000)}}), XLS},
		{"word document", agile.Compound([]agile.Stream{{Name: "WordDocument", Data: make([]byte, 90_000)}}), Compound},
		{"html", []byte("\r\n<html xmlns:x=\"urn:schemas-microsoft-com:office:excel\"><table>"), HTML},
		{"html by doctype", []byte("\ufeff<!DOCTYPE html><html>"), HTML},
		{"html in capitals", []byte("<META http-equiv=x><TABLE>"), HTML},
		{"html in UTF-16", append([]byte("\xff\xfe"), utf16Name("<html><table>")...), HTML},
		{"Excel 2003 XML", []byte(`<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet">`), SpreadsheetXML},
		{"other XML", []byte(`<?xml version="1.0"?><orders/>`), Text},
		{"csv", []byte("상품주문번호,수량\r\n1,2\r\n"), Text},
		{"csv in Shift-JIS", []byte("\x92\x8d\x95\xb6\x94\xd4\x8d\x86,1\r\n\x1a"), Text},
		{"text in UTF-16", append([]byte("\xff\xfe"), utf16Name("a\tb")...), Text},
		{"less than", []byte("<1000,2"), Text},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := SniffReader(bytes.NewReader(c.data), int64(len(c.data)))
			if err != nil || got != c.want {
				t.Errorf("%v, %v, want %v", got, err, c.want)
			}
			head := Sniff(c.data[:min(len(c.data), sniffLen)])
			if head != c.want && head != Compound && c.name != "xlsx with the types last" {
				t.Errorf("by the first bytes alone: %v", head)
			}
		})
	}
}

func zipOf(t *testing.T, names ...string) []byte {
	f := xlsxFile{}
	for _, name := range names {
		f[name] = "x"
	}
	return f.bytes(t)
}

func TestOpenOther(t *testing.T) {
	for _, c := range []struct {
		data []byte
		want string
	}{
		{nil, "empty file: the file has no content"},
		{[]byte("a,b"), "text: read it as CSV or TSV"},
		{zipOf(t, "a.xlsx"), "zip archive: unpack it"},
		{make([]byte, 99), "unknown bytes: fetch the file again"},
		{zipOf(t, "xl/workbook.bin"), "xlsb workbook: open it"},
	} {
		_, err := readAll(t, c.data, Options{})
		var kind *KindError
		if !errors.As(err, &kind) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want %q", err, c.want)
		}
	}
}

// constant gives the same byte for ever: fixtures need no secrets.
type constant byte

func (c constant) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = byte(c)
	}
	return len(b), nil
}

// noise gives n letters that do not pack well.
func noise(n int) string {
	r := rand.New(rand.NewPCG(1, 2))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return string(b)
}

func TestPasswords(t *testing.T) {
	// The writer of the standard form makes unreadable files of small ones.
	plain := withRows(`<row r="2"><c r="B2" t="inlineStr"><is><t>김하늘</t></is></c></row>`).set("docProps/noise.bin", noise(9000)).bytes(t)
	agileFile, err := agile.Encrypt(plain, "비밀1234", constant(7))
	if err != nil {
		t.Fatal(err)
	}
	standard, err := excelize.Encrypt(plain, &excelize.Options{Password: "비밀1234"})
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{"agile": agileFile, "standard": standard} {
		t.Run(name, func(t *testing.T) {
			if _, err := readAll(t, data, Options{}); !errors.Is(err, ErrPassword) {
				t.Errorf("without a password: %v", err)
			}
			if _, err := readAll(t, data, Options{Password: "비밀12345"}); !errors.Is(err, ErrWrongPassword) {
				t.Errorf("with a wrong password: %v", err)
			}
			r, err := Open(bytes.NewReader(data), int64(len(data)), Options{Password: "비밀1234"})
			if err != nil {
				t.Fatal(err)
			}
			row, cells, err := r.Next()
			if err != nil || row != 2 || cells[1].Text != "김하늘" || r.Kind() != EncryptedXLSX {
				t.Errorf("row %d %v of %v, %v", row, cells, r.Kind(), err)
			}
			_, err = readAll(t, data, Options{Password: "비밀1234", Limits: Limits{EncryptedBytes: 1000}})
			var limit *LimitError
			if !errors.As(err, &limit) || !strings.Contains(err.Error(), "encrypted file") {
				t.Errorf("a large file: %v", err)
			}
			if rows, err := readAll(t, data[:len(data)-5000], Options{Password: "비밀1234"}); err == nil {
				t.Errorf("a file cut off gave %d rows", len(rows))
			}
		})
	}
	// Ten million rounds instead of a hundred thousand.
	slow := bytes.Replace(agileFile, []byte(`spinCount="100000" saltSize="16"`), []byte(`spinCount="10000000"saltSize="1"`), 1)
	var limit *LimitError
	if _, err := readAll(t, slow, Options{Password: "x"}); bytes.Equal(slow, agileFile) || !errors.As(err, &limit) {
		t.Errorf("ten million rounds: %v", err)
	}
	// A password for a file that has none does no harm.
	if _, err := readAll(t, plain, Options{Password: "x"}); err != nil {
		t.Error(err)
	}
}

func TestHTML(t *testing.T) {
	for _, c := range []struct{ name, html, want string }{
		{
			"plain", `<table><tr><th>번호</th><th>수량</th></tr><tr><td>0600001</td><td>2</td></tr></table>`,
			"A1 \"번호\"|B1 \"수량\"|A2 \"0600001\"|B2 \"2\"",
		},
		{"end tags left out", `<TABLE><TR><TD>a<TD>b<TR><TD>c</TABLE>`, `A1 "a"|B1 "b"|A2 "c"`},
		{"blanks", "<table><tr><td> a \r\n\t b&nbsp;&nbsp;c </td><td>&nbsp;</td><td>d</td></tr></table>", `A1 "a b c"|C1 "d"`},
		{"line breaks", `<table><tr><td>a <br/> b<br>c<br></td><td><p>x</p><p>y</p></td></tr></table>`, `A1 "a\nb\nc"|B1 "x\ny"`},
		{"entities", `<table><tr><td>&lt;&amp;&gt;&#44032;&yen;</td></tr></table>`, `A1 "<&>가¥"`},
		{"markup", `<table><tr><td style="mso-number-format:'\@'" x:str><b>00</b><i>123</i><!-- no --></td></tr></table>`, `A1 "00123"`},
		{"scripts", `<table><tr><td>a<style>b{}</style><script>if(1<2)"<td>"</script>c</td></tr></table>`, `A1 "ac"`},
		{"colspan", `<table><tr><td colspan=2>a</td><td>b</td></tr><tr><td>c</td><td>d</td><td>e</td></tr></table>`, `A1 "a"|C1 "b"|A2 "c"|B2 "d"|C2 "e"`},
		{
			"rowspan", `<table><tr><td rowspan="2">a</td><td>b</td><td rowspan=3>x</td></tr><tr><td>c</td></tr><tr><td>d</td><td>e</td></tr><tr><td>f<td>g<td>h</tr></table>`,
			`A1 "a"|B1 "b"|C1 "x"|B2 "c"|A3 "d"|B3 "e"|A4 "f"|B4 "g"|C4 "h"`,
		},
		{"the longest", `<table><tr><td>menu</td></tr></table><table><tr><td>a</td></tr><tr><td>b</td></tr></table><table><tr><td>x</td></tr><tr><td>y</td></tr></table>`, `A1 "a"|A2 "b"`},
		{"inside a table of layout", `<table><tr><td>menu<table><tr><td>a</td></tr><tr><td>b</td></tr></table>rest</td></tr></table>`, `A1 "a"|A2 "b"`},
		{"table inside a cell", `<table><tr><td>1<table><tr><td>x</td></tr></table></td><td>2</td></tr><tr><td>3</td></tr></table>`, `A1 "1"|B1 "2"|A2 "3"`},
		{"heads and bodies", `<table><caption>t</caption><thead><tr><td>h</td></tr></thead><tbody><tr><td></td></tr><tr><td>b</td></tr></tbody></table>`, `A1 "h"|A3 "b"`},
		{"exponent", `<table><tr><td>8.11E+11</td></tr></table>`, `A1 "8.11E+11" (number written with an exponent: its last digits are lost)`},
		{"byte order mark", "\ufeff<table><tr><td>가</td></tr></table>", `A1 "가"`},
		{"UTF-16", "\xff\xfe" + string(utf16Name("<html><table><tr><td>a</td></tr></table>")), `A1 "a"`},
		{"no cells", `<table></table>`, ``},
	} {
		t.Run(c.name, func(t *testing.T) {
			rows, err := readAll(t, []byte(c.html), Options{})
			if err != nil {
				t.Fatal(err)
			}
			got := strings.ReplaceAll(strings.ReplaceAll(strings.TrimSpace(show(rows)), " text ", " "), "\n", "|")
			if got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestHTMLCharset(t *testing.T) {
	data, err := korean.EUCKR.NewEncoder().Bytes([]byte(`<table><tr><td>김하늘</td></tr></table>`))
	if err != nil {
		t.Fatal(err)
	}
	rows, err := readAll(t, data, Options{Decode: func(r io.Reader) io.Reader {
		return transform.NewReader(r, korean.EUCKR.NewDecoder())
	}})
	if err != nil || show(rows) != "A1 text \"김하늘\"\n" {
		t.Errorf("%v, %v", rows, err)
	}
	if _, err := readAll(t, data, Options{}); err == nil || !strings.Contains(err.Error(), "not in UTF-8") {
		t.Errorf("without its charset: %v", err)
	}
}

// A document that says it is UTF-8 is read as that, if it is, whatever the charset
// of the format; one that says so wrongly is not.
func TestHTMLSaysItsCharset(t *testing.T) {
	euckr := func(s string) string {
		b, err := korean.EUCKR.NewEncoder().String(s)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	for _, c := range []struct{ name, html string }{
		{"mark", "\ufeff<table><tr><td>김하늘</td></tr></table>"},
		{"meta", `<html><head><meta http-equiv="Content-Type" content="text/html; charset=UTF-8"></head><table><tr><td>김하늘</table>`},
		{"meta of its own", `<meta charset="utf-8"><table><tr><td>김하늘</table>`},
		{"wrongly", euckr(`<meta charset="utf-8"><table><tr><td>김하늘</table>`)},
		{"not at all", euckr(`<table><tr><td>김하늘</table>`)},
	} {
		rows, err := readAll(t, []byte(c.html), Options{Decode: func(r io.Reader) io.Reader {
			return transform.NewReader(r, korean.EUCKR.NewDecoder())
		}})
		if err != nil || show(rows) != "A1 text \"김하늘\"\n" {
			t.Errorf("%s: %v, %v", c.name, rows, err)
		}
	}
}

func TestHTMLRefused(t *testing.T) {
	for _, c := range []struct {
		name, html string
		limits     Limits
		want       string
	}{
		{"login page", `<html><form>password</form></html>`, Limits{}, "holds no table; it may be a login page"},
		{"cut off", `<table><tr><td>a`, Limits{}, "ends inside a table"},
		{"rows", `<table>` + strings.Repeat("<tr>", 10) + `</table>`, Limits{Rows: 9}, "rows"},
		{"columns", `<table><tr><td colspan=99999>a<td>b</table>`, Limits{}, "columns of row 1"},
		{"cells", `<table>` + strings.Repeat("<tr><td colspan=99><td>x", 10) + `</table>`, Limits{Cells: 900}, "cells of the HTML document"},
		{"covered cells", `<table><tr><td colspan=99 rowspan=99>` + strings.Repeat("<tr>", 10) + `</table>`, Limits{Cells: 900}, "cells of the HTML document"},
		{"characters", `<table><tr><td>` + strings.Repeat("가", 40000) + `</table>`, Limits{}, "characters of cell A1"},
		{"size", `<table>` + strings.Repeat(" ", 1000) + `</table>`, Limits{MemoryBytes: 500}, "size of the HTML document"},
		{"depth", strings.Repeat("<table><tr><td>", 100), Limits{}, "depth"},
		{"tag", `<table a="` + strings.Repeat("a", 2<<20) + `">`, Limits{}, "one HTML tag"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := readAll(t, []byte(c.html), Options{Limits: c.limits})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q", err, c.want)
			}
		})
	}
}
