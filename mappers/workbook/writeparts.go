package workbook

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
)

// The cell styles of the styles part, by position in its cellXfs.
const (
	styleGeneral = iota
	styleHeader
	styleText
	styleDate
	styleDateTime
	styleTime
	styleNote
)

const (
	xmlHeader = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n"
	nsMain    = `http://schemas.openxmlformats.org/spreadsheetml/2006/main`
	nsRels    = `http://schemas.openxmlformats.org/officeDocument/2006/relationships`
	nsPackage = `http://schemas.openxmlformats.org/package/2006/`
	mimeSheet = `application/vnd.openxmlformats-officedocument.spreadsheetml.`

	stylesPart = xmlHeader + `<styleSheet xmlns="` + nsMain + `">` +
		`<numFmts count="3"><numFmt numFmtId="164" formatCode="yyyy\-mm\-dd"/>` +
		`<numFmt numFmtId="165" formatCode="yyyy\-mm\-dd\ hh:mm:ss"/><numFmt numFmtId="166" formatCode="hh:mm:ss"/></numFmts>` +
		`<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font><font><b/><sz val="11"/><name val="Calibri"/></font></fonts>` +
		`<fills count="3"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill>` +
		`<fill><patternFill patternType="solid"><fgColor rgb="FFE8EEF4"/><bgColor indexed="64"/></patternFill></fill></fills>` +
		`<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>` +
		`<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>` +
		`<cellXfs count="7"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>` +
		`<xf numFmtId="49" fontId="1" fillId="2" borderId="0" xfId="0" applyNumberFormat="1" applyFont="1" applyFill="1"/>` +
		`<xf numFmtId="49" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>` +
		`<xf numFmtId="164" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>` +
		`<xf numFmtId="165" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>` +
		`<xf numFmtId="166" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>` +
		`<xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/></cellXfs>` +
		`<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>`
)

type fixedPart struct{ name, body string }

// fixedParts are the parts of a workbook around its sheets.
func fixedParts(sheet string, lists bool) []fixedPart {
	override, second, rel := "", "", ""
	if lists {
		override = `<Override PartName="/xl/worksheets/sheet2.xml" ContentType="` + mimeSheet + `worksheet+xml"/>`
		second = `<sheet name="` + listSheet + `" sheetId="2" state="hidden" r:id="rId3"/>`
		rel = relationXML("rId3", "worksheet", "worksheets/sheet2.xml")
	}
	return []fixedPart{
		{"[Content_Types].xml", xmlHeader + `<Types xmlns="` + nsPackage + `content-types">` +
			`<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>` +
			`<Default Extension="xml" ContentType="application/xml"/>` +
			`<Override PartName="/xl/workbook.xml" ContentType="` + mimeSheet + `sheet.main+xml"/>` +
			`<Override PartName="/xl/worksheets/sheet1.xml" ContentType="` + mimeSheet + `worksheet+xml"/>` + override +
			`<Override PartName="/xl/styles.xml" ContentType="` + mimeSheet + `styles+xml"/></Types>`},
		{"_rels/.rels", relationsXML(relationXML("rId1", "officeDocument", "xl/workbook.xml"))},
		{"xl/workbook.xml", xmlHeader + `<workbook xmlns="` + nsMain + `" xmlns:r="` + nsRels + `"><sheets>` +
			`<sheet name="` + attrText(sheet) + `" sheetId="1" r:id="rId1"/>` + second + `</sheets></workbook>`},
		{"xl/_rels/workbook.xml.rels", relationsXML(relationXML("rId1", "worksheet", "worksheets/sheet1.xml") +
			relationXML("rId2", "styles", "styles.xml") + rel)},
		{"xl/styles.xml", stylesPart},
	}
}

func relationsXML(body string) string {
	return xmlHeader + `<Relationships xmlns="` + nsPackage + `relationships">` + body + `</Relationships>`
}

func relationXML(id, kind, target string) string {
	return `<Relationship Id="` + id + `" Type="` + nsRels + `/` + kind + `" Target="` + target + `"/>`
}

// attrText escapes s for an attribute. Control characters become blanks.
func attrText(s string) string {
	s = strings.ToValidUTF8(s, "\ufffd")
	s = strings.Map(func(r rune) rune {
		if r < 0x20 && r != '\n' {
			return ' '
		}
		return r
	}, s)
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "\n", "&#10;").Replace(s)
}

// addLists writes the hidden sheet that holds the values of the columns'
// lists, one column for each that has one.
func (w *Writer) addLists() error {
	var b []byte
	b = append(b, xmlHeader+`<worksheet xmlns="`+nsMain+`"><sheetData>`...)
	for row := 0; ; row++ {
		open := false
		for col, c := range w.columns {
			if row >= len(c.List) {
				continue
			}
			if !open {
				b = fmt.Appendf(b, `<row r="%d">`, row+1)
				open = true
			}
			b = fmt.Appendf(b, `<c r="%s" s="%d" t="inlineStr"><is><t xml:space="preserve">`, Address(row+1, col+1), styleText)
			var err error
			if b, err = appendText(b, c.List[row]); err != nil {
				return fmt.Errorf("write workbook: list of column %q: %w", c.Title, err)
			}
			b = append(b, `</t></is></c>`...)
		}
		if !open {
			break
		}
		b = append(b, `</row>`...)
	}
	return w.addPart("xl/worksheets/sheet2.xml", string(b)+`</sheetData></worksheet>`)
}

// head appends the sheet up to its rows.
func (w *Writer) head(o WriteOptions) {
	b := append(w.buf, xmlHeader+`<worksheet xmlns="`+nsMain+`"><sheetViews><sheetView workbookViewId="0">`...)
	if top := len(o.Notes) + 1; o.Freeze && w.headerRow > 0 {
		b = fmt.Appendf(b, `<pane ySplit="%d" topLeftCell="A%d" activePane="bottomLeft" state="frozen"/>`, top, top+1)
	}
	b = append(b, `</sheetView></sheetViews>`...)
	if len(o.Columns) > 0 {
		b = append(b, `<cols>`...)
		for i, c := range o.Columns {
			b = fmt.Appendf(b, `<col min="%d" max="%d" width="%s"`, i+1, i+1, strconv.FormatFloat(c.width(), 'f', -1, 64))
			if c.Code {
				b = fmt.Appendf(b, ` style="%d"`, styleText)
			}
			b = append(b, ` customWidth="1"/>`...)
		}
		b = append(b, `</cols>`...)
	}
	w.buf = append(b, `<sheetData>`...)
}

// width is the column's own or that of its title, wide letters counted twice.
func (c Column) width() float64 {
	if c.Width > 0 {
		return min(c.Width, 255)
	}
	n := 3
	for _, r := range c.Title {
		n++
		if unicode.In(r, unicode.Han, unicode.Hangul, unicode.Hiragana, unicode.Katakana) {
			n++
		}
	}
	return float64(min(max(n, 10), 60))
}

// tail appends the sheet behind its rows.
func (w *Writer) tail() {
	b := append(w.buf, `</sheetData>`...)
	rules := 0
	var v []byte
	for i, c := range w.columns {
		if rule := w.validation(i, c); rule != "" {
			v = append(v, rule...)
			rules++
		}
	}
	if rules > 0 {
		b = fmt.Appendf(b, `<dataValidations count="%d">%s</dataValidations>`, rules, v)
	}
	if w.row > 0 && w.width > 0 {
		// Codes are numbers stored as text on purpose.
		b = fmt.Appendf(b, `<ignoredErrors><ignoredError sqref="A1:%s" numberStoredAsText="1"/></ignoredErrors>`, Address(w.row, w.width))
	}
	w.buf = append(b, `</worksheet>`...)
}

func (w *Writer) validation(i int, c Column) string {
	if c.Note == "" && len(c.List) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString(`<dataValidation`)
	if len(c.List) > 0 {
		b.WriteString(` type="list" showErrorMessage="1"`)
	}
	b.WriteString(` allowBlank="1"`)
	if c.Note != "" {
		fmt.Fprintf(&b, ` showInputMessage="1" promptTitle="%s" prompt="%s"`, attrText(cut(c.Title, 32)), attrText(cut(c.Note, 255)))
	}
	column := string(appendColumn(nil, i+1))
	fmt.Fprintf(&b, ` sqref="%s%d:%s%d"`, column, w.headerRow+1, column, DefaultLimits().Rows)
	if len(c.List) == 0 {
		b.WriteString(`/>`)
		return b.String()
	}
	fmt.Fprintf(&b, `><formula1>%s!$%s$1:$%s$%d</formula1></dataValidation>`, listSheet, column, column, len(c.List))
	return b.String()
}

// cut shortens s to n characters as spreadsheet programs count them.
func cut(s string, n int) string {
	used := 0
	for i, r := range s {
		used++
		if r > 0xffff {
			used++
		}
		if used > n {
			return s[:i]
		}
	}
	return s
}
