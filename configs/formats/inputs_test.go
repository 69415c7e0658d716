package formats_test

import (
	"bytes"
	"math/rand"
	"strings"
	"testing"

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
	country      string // of the account, where the format names none
	open         string // password to open it with, where it is another one

	charset encoding.Encoding // of text; nil is UTF-8
	comma   string
	bare    bool // quotes only where they are needed
	above   [][]string
	header  []string
	rows    []map[string]any
	sheet   string
	edit    func([]byte) []byte // of the finished bytes
}

var (
	cp932 = japanese.ShiftJIS
	cp949 = korean.EUCKR
)

func (in *input) bytes(t testing.TB) []byte {
	t.Helper()
	var b []byte
	if strings.HasSuffix(in.file, ".xlsx") {
		b = in.workbook(t)
	} else {
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
			if in.bare && !strings.ContainsAny(c, "\r\n\""+comma) {
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
	if in.charset == nil {
		return []byte(b.String())
	}
	out, err := in.charset.NewEncoder().String(b.String())
	if err != nil {
		t.Fatalf("%s/%s: %v", in.format, in.name, err)
	}
	return []byte(out)
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
