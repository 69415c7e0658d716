package workbook

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func writeXLS(t interface{ Fatal(...any) }, o WriteOptions, rows [][]Value) []byte {
	var b bytes.Buffer
	w, err := NewXLSWriter(&b, o)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		if err := w.WriteRow(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func cellsOf(t interface{ Fatal(...any) }, b []byte, sheet string) [][]Cell {
	r, err := Open(bytes.NewReader(b), int64(len(b)), Options{Sheet: sheet})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var out [][]Cell
	for {
		line, cells, err := r.Next()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		for len(out) < line-1 {
			out = append(out, nil)
		}
		out = append(out, append([]Cell(nil), cells...))
	}
}

func TestXLSIsReadBack(t *testing.T) {
	long := strings.Repeat("번호🌸", 8000)
	b := writeXLS(t, WriteOptions{Sheet: "sk11st 발송처리 sheet", Notes: []string{"발송처리"}, Columns: []Column{{Title: "번호"}, {Title: "택배사코드"}}},
		[][]Value{{Int(1), Str("00034")}, {}, {Str("=1+1"), Str("")}, {Str(long), Float(0.25)}, {Str("00034"), Int(-7)}, {Int(1 << 60), Str("a\nb")}})
	if kind := Sniff(b); kind != XLS {
		t.Fatalf("it is taken for %s", kind)
	}
	var got []string
	for _, row := range cellsOf(t, b, "sk11st 발송처리 sheet") {
		var texts []string
		for _, c := range row {
			texts = append(texts, fmt.Sprintf("%s %s", c.Kind, c.Text))
		}
		got = append(got, strings.Join(texts, "|"))
	}
	want := []string{
		"text 발송처리", "text 번호|text 택배사코드", "number 1|text 00034", "", "text =1+1", "text " + long + "|number 0.25",
		"text 00034|number -7", "text 1152921504606846976|text a\nb",
	}
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || got[i] != want[i] {
			t.Fatalf("row %d of %d: %.80q", i+1, len(got), got)
		}
	}
	if again := writeXLS(t, WriteOptions{}, nil); !bytes.Equal(again, writeXLS(t, WriteOptions{}, nil)) {
		t.Error("the same rows give other bytes")
	}
}

// Texts that fill records to the last byte and go on in further ones.
func TestXLSRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.Custom(func(t *rapid.T) string {
			s := rapid.StringMatching(`[a-z가-힣0-9🌸 ]{0,40}`).Draw(t, "text")
			return strings.Repeat(s, rapid.SampledFrom([]int{1, 1, 1, 60, 300}).Draw(t, "times"))
		})
		rows := rapid.SliceOfN(rapid.SliceOfN(text, 1, 6), 0, 40).Draw(t, "rows")
		values := make([][]Value, len(rows))
		for i, r := range rows {
			for _, s := range r {
				values[i] = append(values[i], Str(s))
			}
		}
		got := cellsOf(t, writeXLS(t, WriteOptions{}, values), "")
		for i, r := range rows {
			for j, s := range r {
				have := ""
				if i < len(got) && j < len(got[i]) {
					have = got[i][j].Text
				}
				if have != s {
					t.Fatalf("cell %s: %.60q, want %.60q", Address(i+1, j+1), have, s)
				}
			}
		}
	})
}

func TestXLSLimits(t *testing.T) {
	w, err := NewXLSWriter(io.Discard, WriteOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for range maxXLSRow {
		if err := w.WriteRow([]Value{Str("x")}); err != nil {
			t.Fatal(err)
		}
	}
	var limit *LimitError
	if err := w.WriteRow([]Value{Str("x")}); !errors.As(err, &limit) {
		t.Errorf("row 65537: %v", err)
	}
	if err := w.Close(); !errors.As(err, &limit) {
		t.Errorf("half a workbook was written: %v", err)
	}
	for name, row := range map[string][]Value{
		"columns": make([]Value, maxXLSCol+1), "length": {Str(strings.Repeat("x", 1<<16))}, "utf-8": {Str("\xff")},
	} {
		w, _ := NewXLSWriter(io.Discard, WriteOptions{})
		if err := w.WriteRow(row); err == nil {
			t.Errorf("%s: it was taken", name)
		}
	}
	if _, err := NewXLSWriter(io.Discard, WriteOptions{Sheet: "a/b"}); err == nil {
		t.Error("a/b is a sheet's name")
	}
}

// A big workbook needs several tables of sectors.
func TestXLSOfManyRows(t *testing.T) {
	rows := make([][]Value, 30000)
	for i := range rows {
		rows[i] = []Value{Str(fmt.Sprintf("%017d", i)), Str("CJ대한통운"), Int(int64(i))}
	}
	got := cellsOf(t, writeXLS(t, WriteOptions{}, rows), "")
	if len(got) != len(rows) || got[29999][0].Text != "00000000000029999" || got[29999][1].Text != "CJ대한통운" || got[29999][2].Text != "29999" {
		t.Errorf("%d rows", len(got))
	}
}
