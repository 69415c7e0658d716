package workbook

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/richardlehane/mscfb"
)

// A Kind tells what a file is by its bytes, whatever its name says.
type Kind int

// The kinds of file.
const (
	Unknown        Kind = iota
	XLSX                // a zip with an Office Open XML workbook inside
	EncryptedXLSX       // the same, encrypted inside a compound file
	XLS                 // a compound file with a BIFF stream
	HTML                // an HTML document
	Text                // text: CSV, TSV or anything else that is readable
	Empty               // no bytes at all, or only blanks
	Zip                 // a zip with something else inside
	XLSB                // a zip with a binary workbook inside
	SpreadsheetXML      // the XML form of Excel 2003
	Compound            // a compound file with something else inside, or whose folder lies beyond the bytes seen
)

// String names the kind as in messages.
func (k Kind) String() string {
	names := [...]string{
		"unknown bytes", "xlsx workbook", "xlsx workbook with a password", "xls workbook", "HTML document",
		"text", "empty file", "zip archive", "xlsb workbook", "Excel 2003 XML", "compound file",
	}
	if k < 0 || int(k) >= len(names) {
		return "kind " + strconv.Itoa(int(k))
	}
	return names[k]
}

var (
	zipMagic = []byte("PK\x03\x04")
	zipEmpty = []byte("PK\x05\x06")
	oleMagic = []byte{0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1}
)

// sniffLen is how much of a file Sniff wants to see.
const sniffLen = 4096

// Sniff tells what a file is from its first bytes; 4 KiB are enough. A zip
// is taken by the names of its first entries and a compound file by the names
// that happen to be visible, so [SniffReader] is surer for both.
func Sniff(head []byte) Kind {
	switch {
	case bytes.HasPrefix(head, zipMagic):
		return sniffZipHead(head)
	case bytes.HasPrefix(head, zipEmpty):
		return Zip
	case bytes.HasPrefix(head, oleMagic):
		return sniffCompoundHead(head)
	}
	return sniffText(head)
}

func sniffZipHead(head []byte) Kind {
	switch {
	case bytes.Contains(head, []byte("xl/workbook.bin")):
		return XLSB
	case bytes.Contains(head, []byte("[Content_Types].xml")), bytes.Contains(head, []byte("xl/")):
		if bytes.Contains(head, []byte("word/")) || bytes.Contains(head, []byte("ppt/")) {
			return Zip
		}
		return XLSX
	}
	return Zip
}

func sniffCompoundHead(head []byte) Kind {
	switch {
	case bytes.Contains(head, utf16Name("EncryptedPackage")):
		return EncryptedXLSX
	case bytes.Contains(head, utf16Name("Workbook")), bytes.Contains(head, utf16Name("Book")):
		return XLS
	}
	return Compound
}

func utf16Name(s string) []byte {
	out := make([]byte, 0, 2*len(s))
	for i := range len(s) {
		out = append(out, s[i], 0)
	}
	return out
}

func sniffText(head []byte) Kind {
	if bytes.HasPrefix(head, []byte{0xff, 0xfe}) || bytes.HasPrefix(head, []byte{0xfe, 0xff}) {
		return sniffUTF16(head)
	}
	body := bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")), " \t\r\n")
	if len(body) == 0 {
		return Empty
	}
	for _, c := range body {
		// Legacy charsets, escape sequences of ISO-2022 and the end mark of
		// DOS texts are text; other control bytes are not.
		if c < 0x20 && !strings.ContainsRune("\t\n\v\f\r\x0e\x0f\x1a\x1b", rune(c)) {
			return Unknown
		}
	}
	if body[0] != '<' {
		return Text
	}
	lower := bytes.ToLower(body)
	switch {
	case bytes.Contains(lower, []byte("urn:schemas-microsoft-com:office:spreadsheet")):
		return SpreadsheetXML
	case containsAny(lower, "<html", "<table", "<!doctype html", "<meta", "<head", "<body", "<style"):
		return HTML
	}
	return Text
}

// sniffUTF16 looks for markup in the ASCII letters of a UTF-16 text.
func sniffUTF16(head []byte) Kind {
	narrow := make([]byte, 0, len(head)/2)
	for _, c := range head[2:] {
		if c != 0 {
			narrow = append(narrow, c)
		}
	}
	narrow = bytes.ToLower(bytes.TrimSpace(narrow))
	switch {
	case len(narrow) == 0 || narrow[0] != '<':
		return Text
	case containsAny(narrow, "urn:schemas-microsoft-com:office:spreadsheet"):
		return SpreadsheetXML
	case containsAny(narrow, "<html", "<table"):
		return HTML
	}
	return Text
}

func containsAny(b []byte, subs ...string) bool {
	for _, s := range subs {
		if bytes.Contains(b, []byte(s)) {
			return true
		}
	}
	return false
}

// SniffReader tells what a file of the given size is, looking into the folder
// of a zip or a compound file where there is one. The error is one of
// reading; a file with a damaged folder is judged by its first bytes.
func SniffReader(r io.ReaderAt, size int64) (Kind, error) {
	head := make([]byte, min(size, sniffLen))
	if n, err := r.ReadAt(head, 0); err != nil && (!errors.Is(err, io.EOF) || n < len(head)) {
		return Unknown, fmt.Errorf("read first bytes: %w", err)
	}
	kind := Sniff(head)
	switch kind {
	case XLSX, Zip, XLSB:
		if zr, err := openZip(r, size); err == nil {
			return sniffZip(zr), nil
		}
	case EncryptedXLSX, XLS, Compound:
		if k := sniffCompound(r); k != Compound {
			return k, nil
		}
	}
	return kind, nil
}

func sniffZip(zr *zip.Reader) Kind {
	kind := Zip
	for _, f := range zr.File {
		switch name := partKey(f.Name); {
		case name == "xl/workbook.bin":
			return XLSB
		case name == "xl/workbook.xml":
			return XLSX
		case strings.HasPrefix(name, "word/"), strings.HasPrefix(name, "ppt/"):
			return Zip
		case name == "[content_types].xml":
			kind = XLSX
		}
	}
	return kind
}

func sniffCompound(r io.ReaderAt) (kind Kind) {
	kind = Compound
	doc, err := openCompound(r)
	if err != nil {
		return kind
	}
	for _, f := range doc.File {
		if len(f.Path) > 0 {
			continue
		}
		switch strings.ToLower(f.Name) {
		case "encryptedpackage":
			return EncryptedXLSX
		case "workbook", "book":
			kind = XLS
		}
	}
	return kind
}

// openCompound reads the folder of a compound file. The library is kept from
// taking the program down with it: it is given bytes from outside.
func openCompound(r io.ReaderAt) (doc *mscfb.Reader, err error) {
	defer func() {
		if p := recover(); p != nil {
			doc, err = nil, fmt.Errorf("compound file: %v", p)
		}
	}()
	return mscfb.New(r)
}
