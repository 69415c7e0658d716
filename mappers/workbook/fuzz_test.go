package workbook

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/mallbridge/mallbridge/internal/agile"
)

// tight limits keep a fuzzed input from being slow instead of wrong.
var tight = Limits{UnzippedBytes: 4 << 20, MemoryBytes: 4 << 20, Cells: 1 << 20, SharedStringBytes: 4 << 20}

// tokens writes a document's tokens as the scanner sees them.
func tokens(doc []byte) (string, error) {
	s := newScanner(bytes.NewReader(doc))
	var b strings.Builder
	for {
		t, err := s.next()
		if errors.Is(err, io.EOF) {
			return b.String(), nil
		}
		if err != nil {
			return b.String(), err
		}
		switch t {
		case startTag:
			fmt.Fprintf(&b, "<%s", s.name)
			for _, a := range s.attrs {
				v, err := s.decode(a.value, true)
				if err != nil {
					return b.String(), err
				}
				fmt.Fprintf(&b, " %s=%q", a.name, v)
			}
			b.WriteByte('>')
		case endTag:
			b.WriteString("</>")
		case charData:
			b.WriteString(fmt.Sprintf("%+q", s.text))
		}
	}
}

// standardTokens does the same with encoding/xml. It reports false for
// documents that the scanner refuses on purpose.
func standardTokens(doc []byte) (string, bool) {
	d := xml.NewDecoder(bytes.NewReader(doc))
	var b strings.Builder
	depth, roots := 0, 0
	for {
		t, err := d.RawToken()
		if errors.Is(err, io.EOF) {
			return b.String(), depth == 0 && roots == 1
		}
		if err != nil {
			return "", false
		}
		switch t := t.(type) {
		case xml.StartElement:
			if depth == 0 {
				roots++
			}
			depth++
			if depth > maxDepth || len(t.Attr) > maxAttrs {
				return "", false
			}
			fmt.Fprintf(&b, "<%s", t.Name.Local)
			for _, a := range t.Attr {
				fmt.Fprintf(&b, " %s=%q", a.Name.Local, a.Value)
			}
			b.WriteByte('>')
		case xml.EndElement:
			depth--
			b.WriteString("</>")
		case xml.CharData:
			if depth > 0 {
				b.WriteString(fmt.Sprintf("%+q", []byte(t)))
			} else if len(trimBlanks(t)) > 0 {
				return "", false
			}
		case xml.Directive:
			return "", false
		}
	}
}

// FuzzScanner compares the scanner with encoding/xml: a document that both
// take has the same tokens, and one that encoding/xml takes is refused only
// for what the scanner refuses on purpose.
func FuzzScanner(f *testing.F) {
	for _, s := range []string{
		`<a/>`, `<a b="c" x:d='"'>e<!-- f --><g>&lt;&#65;&#x41;</g><![CDATA[<h>]]></a>`, "\ufeff<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n<a>\r\n\rb</a>\n",
		`<a b="&amp;&quot;">&apos;&gt;</a >`, `<a><b></a></b>`, `<!DOCTYPE a><a/>`, `<a>&bad;</a>`, `<a b=c/>`, `<a>&#55357;&#56832;</a>`, `<:a/>`, `<a:/>`, `<a`, ``, `<a></a`, `a`,
		`<row r="1" spans="1:3"><c r="A1" s="1" t="s"><v>0</v></c></row>`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, doc []byte) {
		if bytes.Contains(doc, []byte("\xff\xfe")) || bytes.Contains(doc, []byte("\xfe\xff")) || len(doc) > 1<<16 {
			return // UTF-16, which encoding/xml does not read by itself
		}
		got, err := tokens(doc)
		want, ok := standardTokens(doc)
		if !ok {
			return
		}
		if strings.Contains(want, `\ufffd`) || bytes.Contains(doc, []byte("encoding")) {
			return
		}
		if err != nil {
			if longReference(doc) || mismatched(doc) {
				return
			}
			t.Fatalf("refused: %v\n%q", err, doc)
		}
		// encoding/xml gives adjacent texts as several tokens, too.
		if join(got) != join(want) {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	})
}

func join(tokens string) string { return strings.ReplaceAll(tokens, `""`, "") }

// mismatched reports whether tags do not match, which RawToken does not see.
func mismatched(doc []byte) bool {
	d := xml.NewDecoder(bytes.NewReader(doc))
	for {
		if _, err := d.Token(); err != nil {
			return !errors.Is(err, io.EOF)
		}
	}
}

func longReference(doc []byte) bool {
	for _, part := range bytes.Split(doc, []byte("&"))[1:] {
		if i := bytes.IndexByte(part, ';'); i > maxReference-2 {
			return true
		}
	}
	return false
}

// FuzzSheet builds a sheet out of the fuzzed bytes and reads it with this
// package and with excelize.
func FuzzSheet(f *testing.F) {
	f.Add([]byte("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"))
	f.Add([]byte{0, 1, 2, 3, 255, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 110, 120, 130})
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 300 {
			return
		}
		file := withRows(fuzzRows(data)).
			shared(`<t>하나</t>`, `<t xml:space="preserve"> b_x000D_ </t>`, `<r><rPr><b/></rPr><t>山</t></r><r><t>&#30000;</t></r><rPh sb="0" eb="1"><t>ヤマ</t></rPh>`).
			styles("0000000", "yyyy-mm-dd", "#,##0.00")
		sameAsExcelize(t, file.bytes(t))
	})
}

var (
	fuzzTexts = []string{
		"", "a", " a ", "0600001", "김하늘", "&lt;&amp;&#x1F600;", "<![CDATA[<x>]]>", "a<!-- b -->c", "_x0041_", "_x005F_x0041_", "a\nb", "&#10;", "8.11E+11", "TRUE", "𠮷",
	}
	fuzzNumbers = []string{"0", "1", "600001", "-5", "1.5", "0.1", "1E3", "1.2345678901234501E+17", "46218.5", "007", "123456789012345", "1e-7", "", "x"}
)

func fuzzRows(data []byte) string {
	var b strings.Builder
	row, col, open := 0, 0, false
	take := func() int {
		if len(data) == 0 {
			return 0
		}
		v := data[0]
		data = data[1:]
		return int(v)
	}
	for len(data) > 0 {
		op := take()
		if !open || op%7 == 0 {
			if open {
				b.WriteString("</row>")
			}
			row += 1 + op%3
			fmt.Fprintf(&b, `<row r="%d">`, row)
			col, open = 0, true
		}
		col += 1 + take()%3
		text, number, style := fuzzTexts[take()%len(fuzzTexts)], fuzzNumbers[take()%len(fuzzNumbers)], take()%4
		fmt.Fprintf(&b, `<c r="%s" s="%d"`, Address(row, col), style)
		switch op % 8 {
		case 0:
			fmt.Fprintf(&b, ` t="inlineStr"><is><t>%s</t></is></c>`, text)
		case 1:
			fmt.Fprintf(&b, ` t="s"><v>%d</v></c>`, op%3)
		case 2:
			fmt.Fprintf(&b, ` t="b"><v>%d</v></c>`, op%2)
		case 3:
			b.WriteString(` t="e"><v>#N/A</v></c>`)
		case 4:
			fmt.Fprintf(&b, ` t="str"><f>A1</f><v>%s</v></c>`, text)
		case 5:
			fmt.Fprintf(&b, ` t="inlineStr"><is><r><t>%s</t></r><r><t>%s</t></r><rPh><t>x</t></rPh></is></c>`, text, text)
		case 6:
			b.WriteString(`/>`)
		default:
			fmt.Fprintf(&b, `><v>%s</v></c>`, number)
		}
	}
	if open {
		b.WriteString("</row>")
	}
	return b.String()
}

// FuzzXLSX gives the reader parts of any content.
func FuzzXLSX(f *testing.F) {
	f.Add(`<row><c t="s"><v>0</v></c></row>`, `<sst><si><t>a</t></si></sst>`, `<styleSheet><cellXfs><xf numFmtId="14"/></cellXfs></styleSheet>`, bookXML)
	f.Fuzz(func(t *testing.T, rows, shared, styles, book string) {
		file := withRows(rows).set("xl/sharedStrings.xml", shared).set("xl/styles.xml", styles).set("xl/workbook.xml", book)
		checkRows(t, file.bytes(t), Options{Limits: tight})
	})
}

// FuzzOpen gives Open any bytes.
func FuzzOpen(f *testing.F) {
	for _, data := range samples(f, "*.xls*") {
		f.Add(data)
	}
	secret, err := agile.Encrypt([]byte("PK\x03\x04"), "x", constant(1))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(secret)
	f.Fuzz(func(t *testing.T, data []byte) {
		checkRows(t, data, Options{Limits: tight})
	})
}

// FuzzXLS gives the reader a stream of any records.
func FuzzXLS(f *testing.F) {
	for _, data := range samples(f, "libreoffice.xls") {
		stream, err := bookStream(bytes.NewReader(data), int64(len(data)), DefaultLimits())
		if err != nil {
			f.Fatal(err)
		}
		f.Add(stream)
	}
	f.Fuzz(func(t *testing.T, stream []byte) {
		checkRows(t, agile.Compound([]agile.Stream{{Name: "Workbook", Data: stream}}), Options{Limits: tight})
	})
}

// FuzzHTML gives the reader any document.
func FuzzHTML(f *testing.F) {
	f.Add("<table><tr><td colspan=3 rowspan=2>a<td>b<tr><td>c</table>")
	f.Add("<table><tr><td><table><tr><td>x</table>y<br>z</table>")
	f.Fuzz(func(t *testing.T, doc string) {
		checkRows(t, []byte("<html>"+doc), Options{Limits: tight})
	})
}

// FuzzFormat reads any number format.
func FuzzFormat(f *testing.F) {
	f.Add(`[<=999]000;[<=9999]000\-00;000\-0000`, int64(1500001))
	f.Add(`"円"#,##0_);[Red]\(0\)`, int64(5))
	f.Fuzz(func(t *testing.T, code string, v int64) {
		if v < 0 {
			v = -(v + 1)
		}
		parseFormat(code).appendCode(nil, v)
	})
}

// checkRows reads all rows and checks what holds for any file: rows in order,
// texts that are valid UTF-8, nothing blank at the end.
func checkRows(t *testing.T, data []byte, o Options) {
	r, err := Open(bytes.NewReader(data), int64(len(data)), o)
	if err != nil {
		return
	}
	defer r.Close()
	last := 0
	for {
		n, cells, err := r.Next()
		if err != nil {
			return
		}
		if n <= last || len(cells) == 0 {
			t.Fatalf("row %d of %d cells comes after row %d", n, len(cells), last)
		}
		last = n
		if end := cells[len(cells)-1]; end.Kind == Blank && !end.Formula {
			t.Fatalf("row %d ends with a blank cell", n)
		}
		for i, c := range cells {
			if !utf8.ValidString(c.Text) || c.Kind == Blank && c.Text != "" || c.Kind != Blank && c.Text == "" {
				t.Fatalf("%s: %+v", Address(n, i+1), c)
			}
		}
	}
}
