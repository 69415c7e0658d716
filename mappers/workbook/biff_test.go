package workbook

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"

	"github.com/mallbridge/mallbridge/internal/agile"
)

// A biffFile writes a BIFF8 stream, record by record.
type biffFile struct{ b []byte }

func le16(v ...int) []byte {
	var b []byte
	for _, x := range v {
		b = binary.LittleEndian.AppendUint16(b, uint16(x))
	}
	return b
}

func le32(v uint32) []byte { return binary.LittleEndian.AppendUint32(nil, v) }

func le64(v float64) []byte {
	return binary.LittleEndian.AppendUint64(nil, math.Float64bits(v))
}

func (f *biffFile) record(id int, parts ...[]byte) {
	data := bytes.Join(parts, nil)
	f.b = append(append(f.b, le16(id, len(data))...), data...)
}

// wide is a text in two bytes a character, behind its flags.
func wide(s string) []byte {
	b := []byte{1}
	for _, u := range utf16.Encode([]rune(s)) {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	return b
}

// long is a text with a length of 16 bits.
func long(s string) []byte { return append(le16(utf16Len(s)), wide(s)...) }

// xlsFile builds a workbook of one sheet. Globals come before the table of
// shared strings, which is given as ready records.
func xlsFile(globals, sst, sheet func(*biffFile)) []byte {
	head := func(at uint32) []byte {
		f := &biffFile{}
		f.record(recBOF, le16(biff8, bofGlobals, 0, 0), make([]byte, 8))
		if globals != nil {
			globals(f)
		}
		f.record(recBoundSheet, le32(at), []byte{0, 0, 2}, wide("주문"))
		if sst != nil {
			sst(f)
		}
		f.record(recEOF)
		return f.b
	}
	f := &biffFile{b: head(uint32(len(head(0))))}
	f.record(recBOF, le16(biff8, bofSheet, 0, 0), make([]byte, 8))
	sheet(f)
	f.record(recEOF)
	// A stream of 4,096 bytes or more lives outside of the mini stream.
	return agile.Compound([]agile.Stream{{Name: "Workbook", Data: append(f.b, make([]byte, 4096)...)}})
}

func TestXLSCells(t *testing.T) {
	globals := func(f *biffFile) {
		f.record(recFormat, le16(164), long("0000000"))
		f.record(recFormat, le16(165), long(`yyyy"년" m"월" d"일"`))
		for _, id := range []int{0, 164, 165, 22} {
			f.record(recXF, le16(0, id), make([]byte, 16))
		}
	}
	sst := func(f *biffFile) {
		// Three texts; the first breaks off inside two-byte characters and
		// goes on in one-byte ones, the third has runs and a guide that are
		// cut, too.
		f.record(recSST, le32(3), le32(3), le16(7), []byte{1}, wide("서울")[1:])
		f.record(recContinue, []byte{0}, []byte("-SEOL"))
		f.record(recContinue, le16(2), []byte{0}, []byte("ab"), le16(2), []byte{1 | 4 | 8}, le16(1), le32(6), wide("東京")[1:], []byte{9, 9})
		f.record(recContinue, []byte{9, 9, 8, 8, 8, 8, 8, 8})
	}
	sheet := func(f *biffFile) {
		f.record(recRK, le16(5, 1, 0), le32(1<<32-7*4|2))
		f.record(recLabelSST, le16(0, 0, 0), le32(0))
		f.record(recLabelSST, le16(0, 1, 0), le32(1))
		f.record(recLabelSST, le16(0, 2, 0), le32(2))
		f.record(recNumber, le16(1, 0, 1), le64(600001))
		f.record(recNumber, le16(1, 1, 0), le64(1234567890123456))
		f.record(recNumber, le16(1, 2, 2), le64(46218))
		f.record(recNumber, le16(1, 3, 3), le64(46218.83958333333))
		f.record(0x00bd, le16(2, 0), le16(0), le32(123456<<2|2|1), le16(0), le32(uint32(math.Float64bits(0.5)>>32)), le16(1))
		f.record(0x0201, le16(2, 5, 0))
		f.record(recBoolErr, le16(3, 0, 0), []byte{1, 0})
		f.record(recBoolErr, le16(3, 1, 0), []byte{0x2a, 1})
		f.record(recLabel, le16(3, 2, 0), long("라벨 8.11E+11"))
		f.record(recRString, le16(3, 3, 0), le16(4), []byte{0}, []byte("rich"), le16(1), le16(0, 0))
		f.record(recFormula, le16(4, 0, 0), le64(2.5), make([]byte, 8))
		f.record(recFormula, le16(4, 1, 0), []byte{0, 0, 0, 0, 0, 0, 0xff, 0xff}, make([]byte, 8))
		f.record(0x04bc, []byte{1, 2}) // shared formula
		f.record(recString, long("결과"))
		f.record(recFormula, le16(4, 2, 0), []byte{1, 0, 1, 0, 0, 0, 0xff, 0xff}, make([]byte, 8))
		f.record(recFormula, le16(4, 3, 0), []byte{2, 0, 7, 0, 0, 0, 0xff, 0xff}, make([]byte, 8))
		f.record(recFormula, le16(4, 4, 0), []byte{3, 0, 0, 0, 0, 0, 0xff, 0xff}, make([]byte, 8))
		f.record(recBOF, le16(biff8, 0x20, 0, 0)) // a chart on the sheet
		f.record(recNumber, le16(9, 9, 9), le64(9))
		f.record(recEOF)
	}
	rows, err := readAll(t, xlsFile(globals, sst, sheet), Options{})
	if err != nil {
		t.Fatal(err)
	}
	want := `A1 text "서울-SEOL"
B1 text "ab"
C1 text "東京"
A2 number "0600001"
B2 number "1234567890123456" (number longer than 15 digits: the last digits are lost)
C2 date "2026-07-15"
D2 date "2026-07-15 20:09:00"
A3 number "1234.56"
B3 number "0.5"
A4 true or false "TRUE"
B4 error "#N/A" (error value)
C4 text "라벨 8.11E+11"
D4 text "rich"
A5 number "2.5" formula
B5 text "결과" formula
C5 true or false "TRUE" formula
D5 error "#DIV/0!" formula (error value)
E5 blank "" formula
B6 number "-7"
`
	if diff := cmp.Diff(want, show(rows)); diff != "" {
		t.Error(diff)
	}
}

func TestXLS1904(t *testing.T) {
	rows, err := readAll(t, xlsFile(func(f *biffFile) {
		f.record(recDateMode, le16(1))
		f.record(recXF, le16(0, 14), make([]byte, 16))
	}, nil, func(f *biffFile) { f.record(recNumber, le16(0, 0, 0), le64(44756)) }), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff("A1 date \"2026-07-15\"\n", show(rows)); diff != "" {
		t.Error(diff)
	}
}

func TestXLSRefused(t *testing.T) {
	one := func(f *biffFile) { f.record(recNumber, le16(0, 0, 0), le64(1)) }
	sst := func(records ...[]byte) func(*biffFile) {
		return func(f *biffFile) {
			f.record(recSST, records[0])
			for _, r := range records[1:] {
				f.record(recContinue, r)
			}
		}
	}
	table := append(le32(1), le32(1)...)
	for _, c := range []struct {
		name    string
		globals func(*biffFile)
		sst     func(*biffFile)
		sheet   func(*biffFile)
		limits  Limits
		want    string
	}{
		{"password", func(f *biffFile) { f.record(recFilePass, make([]byte, 6)) }, nil, one, Limits{}, "an .xls with a password"},
		{"string cut off", nil, sst(table, nil), one, Limits{}, "shared string 1 of 1: a text is cut off"},
		{"text cut off", nil, sst(append(table, 5, 0, 0, 'a')), one, Limits{}, "a text is cut off"},
		{"half a character", nil, sst(append(table, 1, 0, 1, 'a')), one, Limits{}, "a text is cut off"},
		{"runs cut off", nil, sst(append(table, 1, 0, 8, 9, 0, 'a')), one, Limits{}, "a text is cut off"},
		{"too many strings", nil, sst(append(le32(9), le32(1<<30)...)), one, Limits{}, "shared strings"},
		{"no such string", nil, nil, func(f *biffFile) { f.record(recLabelSST, le16(0, 1, 0), le32(5)) }, Limits{}, "B1: the cell points to shared string 5 of 0"},
		{"cell cut off", nil, nil, func(f *biffFile) { f.record(recNumber, le16(0, 1, 0)) }, Limits{}, "a record is cut off"},
		{"cell twice", nil, nil, func(f *biffFile) { one(f); one(f) }, Limits{}, "A1: the cell is there twice"},
		{"column", nil, nil, func(f *biffFile) { f.record(recNumber, le16(0, 256, 0), le64(1)) }, Limits{}, "cell in column 257"},
		{"rows", nil, nil, func(f *biffFile) { f.record(recNumber, le16(9, 0, 0), le64(1)) }, Limits{Rows: 9}, "rows"},
		{"cells", nil, nil, func(f *biffFile) { one(f); f.record(recNumber, le16(9, 0, 0), le64(1)) }, Limits{Cells: 1}, "cells of the sheet"},
		{"memory", nil, nil, one, Limits{MemoryBytes: 1000}, "size of the .xls"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := readAll(t, xlsFile(c.globals, c.sst, c.sheet), Options{Limits: c.limits})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q", err, c.want)
			}
		})
	}
}

func TestXLSTruncated(t *testing.T) {
	data := xlsFile(nil, nil, func(f *biffFile) {
		for row := range 300 {
			f.record(recLabel, le16(row, 0, 0), long("서울특별시 강남구"))
		}
	})
	for cut := 512; cut < len(data)-1024; cut += 511 { // the end is free entries of the allocation table
		if rows, err := readAll(t, data[:cut], Options{}); err == nil {
			t.Errorf("the first %d of %d bytes were read as a whole workbook of %d rows", cut, len(data), len(rows))
		}
	}
	old := agile.Compound([]agile.Stream{{Name: "Book", Data: make([]byte, 5000)}})
	var kind *KindError
	if _, err := readAll(t, old, Options{}); !errors.As(err, &kind) || !strings.Contains(err.Error(), "Excel 5 or 95") {
		t.Errorf("Excel 95: %v", err)
	}
}
