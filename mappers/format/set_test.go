package format

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"golang.org/x/text/encoding/japanese"

	"github.com/mallbridge/mallbridge/internal/agile"
	"github.com/mallbridge/mallbridge/mappers/workbook"
)

// columnsOf is a format that needs the columns.
func columnsOf(t *testing.T, name, file string, columns ...string) *Format {
	t.Helper()
	fields := []string{"order.number", "to.name", "to.postal", "to.phone", "to.street", "line.item_code"}
	var b strings.Builder
	b.WriteString("name: " + name + "\nrecord: orders\ndirection: in\ncountry: JP\nfile: {" + file + "}\ncolumns:\n")
	for i, c := range columns {
		b.WriteString("  - {name: " + c + ", field: " + fields[i] + "}\n")
	}
	return must(t, b.String())
}

// TestRecognise tries a file with several formats: which one it has, or what a person
// is told.
func TestRecognise(t *testing.T) {
	var s Set
	s.Add(columnsOf(t, "few", "kind: csv", "番号", "氏名"))
	s.Add(columnsOf(t, "many", "kind: csv, charset: cp932", "番号", "氏名", "郵便", "電話", "住所", "商品"))
	s.Add(columnsOf(t, "book", "kind: workbook", "번호", "이름", "우편"))
	s.Add(columnsOf(t, "tabs", "kind: tsv", "番号", "氏名", "郵便"))
	const all = "番号,氏名,郵便,電話,住所,商品\n1,山田,1,2,3,4\n"
	sjis := func(text string) []byte {
		b, err := japanese.ShiftJIS.NewEncoder().String(text)
		if err != nil {
			t.Fatal(err)
		}
		return []byte(b)
	}
	secret, err := agile.Encrypt([]byte("PK\x03\x04"), "x", bytes.NewReader(make([]byte, 4096)))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name  string
		data  []byte
		want  string // name of the format, of the nearest one where there is an error
		err   string // part of the message
		cause error
	}{
		{"the one that knows the most", sjis(all), "many", "", nil},
		{"few columns", []byte("番号,氏名\n1,a\n"), "few", "", nil},
		{"a column short of the larger one", sjis(strings.Replace(all, "郵便,", "", 1)), "many", "lacks the column 「郵便」", nil},
		{"another charset", []byte(all), "many", "looks like utf-8", nil},
		{"nothing of it", []byte("a,b\n1,2\n"), "few", "lacks the column", nil},
		{"a password", secret, "book", "", workbook.ErrPassword},
		{"another kind", []byte("PK\x03\x04xxxxxxxxxx"), "book", "unpack it", nil},
		{"no bytes", nil, "few", "no bytes", ErrEmpty},
	} {
		t.Run(c.name, func(t *testing.T) {
			f, err := s.Recognise(Bytes("x", c.data), ReadOptions{}, "few", "many", "tabs", "book")
			if f == nil || f.Name() != c.want {
				t.Errorf("format %v, want %s", f, c.want)
			}
			switch {
			case c.cause != nil && !errors.Is(err, c.cause), c.err == "" && c.cause == nil && err != nil, c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)):
				t.Errorf("error %v, want %q %v", err, c.err, c.cause)
			}
		})
	}
	if _, err := s.Recognise(Bytes("x", []byte(all)), ReadOptions{}, "gone"); err == nil {
		t.Error("a format that is not there")
	}
	if _, err := s.Recognise(Bytes("x", []byte(all)), ReadOptions{}); err == nil {
		t.Error("no format at all")
	}
}
