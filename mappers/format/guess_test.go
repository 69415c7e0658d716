package format

import (
	"bytes"
	"strings"
	"testing"

	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"

	"github.com/mallbridge/mallbridge/mappers/workbook"
)

func TestGuess(t *testing.T) {
	jp := func(s string) string { b, _ := japanese.ShiftJIS.NewEncoder().String(s); return b }
	kr := func(s string) string { b, _ := korean.EUCKR.NewEncoder().String(s); return b }
	for name, c := range map[string]struct {
		in   string
		out  bool
		want []string // lines, or beginnings of them
		not  []string
	}{
		"cp932, dates, codes": {
			in:   jp("番号,出荷日,区分,電話\r\nT-0001,2026/11/22,0,03-0000-0101\r\nT-0002,2026/11/23,1,03-0000-0102\r\nT-0003,2026/11/23,1,\r\nT-0004,2026/11/23,0,\r\nT-0005,2026/11/23,0,\r\nT-0006,2026/11/24,0,\r\n"),
			want: []string{"  charset: cp932 ", "  newline: crlf", "  header: names", "  # - {name: '出荷日', field: ?} # date as 2006/01/02, up to 10 characters", "  # - {name: '区分', field: ?} # flag, up to 1 characters: 0 1", "  # - {name: '電話', field: ?} # phone, up to 12 characters, filled in 2 of 6"},
			not:  []string{"0101", "T-0001"},
		},
		"cp949, tabs, line feeds": {
			in:   kr("주문번호\t수량\n0012\t1\n0013\t2\n"),
			want: []string{"  kind: tsv", "  charset: cp949 ", "  newline: lf", "  # - {name: '주문번호', field: ?} # digits with zeros in front"},
		},
		"a byte order mark, semicolons": {
			in:   "\xEF\xBB\xBFno;name\r\n1;見本\r\n2;例田\r\n",
			want: []string{"  charset: utf-8-bom # guessed: it has a byte order mark", `  delimiter: ";"`},
		},
		"rows above the header": {
			in:   "出荷一覧\r\n2026/11/22 現在\r\n番号,氏名,数量\r\nT1,見本 花子,1\r\nT2,例田 太郎,2\r\n",
			want: []string{"  header: names", "  header_within: 3 # rows above the header", "  # - {name: '数量', field: ?} # whole number"},
		},
		"no header": {
			in:   "0001,20261122,12\r\n0002,20261123,7\r\n",
			want: []string{"  header: none", "  # - {name: column 1, at: 1, field: ?} # digits with zeros in front", "  # - {name: column 2, at: 2, field: ?} # date as 20060102"},
		},
		"a title twice, quotes in a title": {
			in:   "\"it's\",備考,備考\r\na,b,c\r\n",
			want: []string{"  # - {name: 'it''s', field: ?}", "  # - {name: '備考', nth: 2, field: ?}"},
		},
		"to be written": {
			in:   "\"区分\",\"氏名\"\r\n\"1\",\"見本\"\r\n\"1\",\"例田\"\r\n\"1\",\"a\"\r\n\"1\",\"b\"\r\n\"1\",\"c\"\r\n",
			out:  true,
			want: []string{"direction: out", "  quote: always", "  - {name: '区分', const: '1'} # flag, up to 1 characters: 1; always this in the sample", "  - {name: '氏名'} # text, up to 2 characters; nothing is written until you say what"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			g, err := Guess(Bytes("s.csv", []byte(c.in)), GuessOptions{Name: "mine", Out: c.out})
			if err != nil {
				t.Fatal(err)
			}
			for _, w := range c.want {
				if !strings.Contains("\n"+string(g.YAML), "\n"+w) {
					t.Errorf("the line %q is missing in\n%s", w, g.YAML)
				}
			}
			for _, n := range c.not {
				if strings.Contains(string(g.YAML), n) {
					t.Errorf("%q is in\n%s", n, g.YAML)
				}
			}
		})
	}
}

func TestGuessRefuses(t *testing.T) {
	for name, in := range map[string]string{"empty": "", "no charset": "\x81\xFF\x80,\xFE\xFF\n"} {
		if g, err := Guess(Bytes("s.csv", []byte(in)), GuessOptions{Name: "mine"}); err == nil {
			t.Errorf("%s: %s", name, g.YAML)
		}
	}
	if _, err := Guess(Bytes("s.csv", []byte("a,b\n1,2\n")), GuessOptions{Name: "Not a name"}); err == nil {
		t.Error("a bad name is taken")
	}
}

func FuzzGuess(f *testing.F) {
	var book bytes.Buffer
	w, err := workbook.NewWriter(&book, workbook.WriteOptions{Columns: []workbook.Column{{Title: "番号"}, {Title: "数量"}}})
	if err != nil {
		f.Fatal(err)
	}
	_ = w.WriteRow([]workbook.Value{workbook.Str("0001"), workbook.Int(1)})
	_ = w.Close()
	f.Add(book.Bytes())
	f.Add([]byte("a,b\n1,2\n"))
	f.Add([]byte("\"a\"\"\n\",{b: c}\r\n#,'\r\n"))
	f.Add([]byte("\xEF\xBB\xBF\t\t\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 64<<10 {
			return
		}
		for _, out := range []bool{false, true} {
			g, err := Guess(Bytes("f", b), GuessOptions{Name: "mine", Country: "JP", Out: out})
			if err != nil {
				continue
			}
			// Whatever the titles are, the text is YAML without unknown keys.
			for _, bad := range []string{"unknown key", "did not find", "could not find"} {
				if g.Err != nil && strings.Contains(g.Err.Error(), bad) {
					t.Fatalf("%v\n%s", g.Err, g.YAML)
				}
			}
		}
	})
}
