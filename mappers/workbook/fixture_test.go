package workbook

import (
	"archive/zip"
	"bytes"
	"fmt"
	"hash/crc32"
	"maps"
	"slices"
	"strings"
	"testing"
)

// An xlsxFile is an .xlsx written by hand, part by part.
type xlsxFile map[string]string

const (
	typesXML = `<Types xmlns="` + nsPackage + `content-types"><Override PartName="/xl/worksheets/sheet1.xml" ContentType="` + mimeSheet + `worksheet+xml"/></Types>`
	topXML   = `<Relationships xmlns="` + nsPackage + `relationships"><Relationship Id="rId1" Type="` + nsRels + `/officeDocument" Target="xl/workbook.xml"/></Relationships>`
	bookXML  = `<workbook xmlns="` + nsMain + `" xmlns:r="` + nsRels + `"><sheets><sheet name="주문" sheetId="1" r:id="rId1"/></sheets></workbook>`
	relsXML  = `<Relationships xmlns="` + nsPackage + `relationships">` +
		`<Relationship Id="rId1" Type="` + nsRels + `/worksheet" Target="worksheets/sheet1.xml"/>` +
		`<Relationship Id="rId2" Type="` + nsRels + `/sharedStrings" Target="/xl/sharedStrings.xml"/>` +
		`<Relationship Id="rId3" Type="` + nsRels + `/styles" Target="styles.xml"/></Relationships>`
)

// withRows is a file of one sheet with those rows.
func withRows(rows string) xlsxFile {
	return xlsxFile{
		"[Content_Types].xml":        typesXML,
		"_rels/.rels":                topXML,
		"xl/workbook.xml":            bookXML,
		"xl/_rels/workbook.xml.rels": relsXML,
		"xl/worksheets/sheet1.xml":   `<worksheet xmlns="` + nsMain + `"><sheetData>` + rows + `</sheetData></worksheet>`,
	}
}

func (f xlsxFile) set(name, body string) xlsxFile {
	g := maps.Clone(f)
	g[name] = body
	return g
}

func (f xlsxFile) shared(items ...string) xlsxFile {
	return f.set("xl/sharedStrings.xml", `<sst xmlns="`+nsMain+`"><si>`+strings.Join(items, `</si><si>`)+`</si></sst>`)
}

// styles gives the file a style for each number format; style 0 is General.
func (f xlsxFile) styles(formats ...string) xlsxFile {
	var fmts, xfs strings.Builder
	for i, code := range formats {
		fmt.Fprintf(&fmts, `<numFmt numFmtId="%d" formatCode="%s"/>`, 200+i, attrText(code))
		fmt.Fprintf(&xfs, `<xf numFmtId="%d"/>`, 200+i)
	}
	return f.set("xl/styles.xml", `<styleSheet xmlns="`+nsMain+`"><numFmts>`+fmts.String()+`</numFmts><cellStyleXfs><xf numFmtId="14"/></cellStyleXfs>`+
		`<cellXfs><xf numFmtId="0"/>`+xfs.String()+`</cellXfs></styleSheet>`)
}

func (f xlsxFile) bytes(t testing.TB) []byte {
	t.Helper()
	var b bytes.Buffer
	zw := zip.NewWriter(&b)
	for _, name := range slices.Sorted(maps.Keys(f)) {
		w, err := zw.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(f[name])); err != nil {
			t.Fatal(err)
		}
	}
	if err := zw.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// stored is the file with one part whose sizes and checksum are as given,
// whatever its body.
func (f xlsxFile) lying(t testing.TB, name string, size uint64) []byte {
	t.Helper()
	var b bytes.Buffer
	zw := zip.NewWriter(&b)
	for _, n := range slices.Sorted(maps.Keys(f)) {
		body := []byte(f[n])
		h := &zip.FileHeader{Name: n, Method: zip.Store, CRC32: crc32.ChecksumIEEE(body), CompressedSize64: uint64(len(body)), UncompressedSize64: uint64(len(body))}
		if n == name {
			h.UncompressedSize64 = size
		}
		w, err := zw.CreateRaw(h)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(body); err != nil {
			t.Fatal(err)
		}
	}
	if err := zw.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
