package workbook

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"sync"
	"testing"

	"github.com/xuri/excelize/v2"
)

const benchColumns = 40

// benchRow gives the cells of an order sheet's row: three in four are texts,
// most of them different, the rest numbers.
func benchRow(row int) []Value {
	out := make([]Value, benchColumns)
	for col := range out {
		switch col % 8 {
		case 0:
			out[col] = Str("20260715" + strconv.Itoa(10000000+row*benchColumns+col))
		case 1:
			out[col] = Int(int64(row*7+col) % 90000)
		case 2:
			out[col] = Str("결제완료")
		case 3:
			out[col] = Str("서울특별시 강남구 테헤란로 " + strconv.Itoa(row%1000) + "번길 " + strconv.Itoa(col))
		case 4:
			out[col] = Str("0" + strconv.Itoa(600000+row%1000))
		case 5:
			out[col] = Float(float64(row%500)*100 + 0.5)
		case 6:
			out[col] = Str("色: 青 / サイズ: M")
		case 7:
			out[col] = Str("SKU-" + strconv.Itoa(row%300))
		}
	}
	return out
}

func excelizeSheet(w io.Writer, rows int) error {
	f := excelize.NewFile()
	sw, err := f.NewStreamWriter("Sheet1")
	if err != nil {
		return err
	}
	for row := 1; row <= rows; row++ {
		values := benchRow(row)
		cells := make([]any, len(values))
		for i, v := range values {
			if cells[i] = v.text; v.kind == Number {
				cells[i] = v.number
			}
		}
		if err := sw.SetRow("A"+strconv.Itoa(row), cells); err != nil {
			return err
		}
	}
	if err := sw.Flush(); err != nil {
		return err
	}
	return f.Write(w)
}

var benchFile = sync.OnceValue(func() []byte {
	var b bytes.Buffer
	if err := excelizeSheet(&b, 10000); err != nil {
		panic(err)
	}
	// Once more through the file model, which turns the texts into shared
	// strings as spreadsheet programs do.
	f, err := excelize.OpenReader(&b)
	if err != nil {
		panic(err)
	}
	g := excelize.NewFile()
	rows, err := f.Rows("Sheet1")
	if err != nil {
		panic(err)
	}
	for n := 1; rows.Next(); n++ {
		cols, err := rows.Columns()
		if err != nil {
			panic(err)
		}
		for i, v := range cols {
			if k := i % 8; k == 1 || k == 5 {
				x, _ := strconv.ParseFloat(v, 64)
				err = g.SetCellFloat("Sheet1", Address(n, i+1), x, -1, 64)
			} else {
				err = g.SetCellStr("Sheet1", Address(n, i+1), v)
			}
			if err != nil {
				panic(err)
			}
		}
	}
	var out bytes.Buffer
	if err := g.Write(&out); err != nil {
		panic(err)
	}
	return out.Bytes()
})

func BenchmarkRead(b *testing.B) {
	data := benchFile()
	b.Run("workbook", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			r, err := Open(bytes.NewReader(data), int64(len(data)), Options{})
			if err != nil {
				b.Fatal(err)
			}
			n := 0
			for {
				_, cells, err := r.Next()
				if errors.Is(err, io.EOF) {
					break
				}
				if err != nil {
					b.Fatal(err)
				}
				n += len(cells)
			}
			if n != 10000*benchColumns {
				b.Fatal(fmt.Errorf("%d cells", n))
			}
		}
	})
	b.Run("excelize", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			f, err := excelize.OpenReader(bytes.NewReader(data))
			if err != nil {
				b.Fatal(err)
			}
			rows, err := f.Rows("Sheet1")
			if err != nil {
				b.Fatal(err)
			}
			for rows.Next() {
				if _, err := rows.Columns(); err != nil {
					b.Fatal(err)
				}
			}
		}
	})
}

func BenchmarkWrite(b *testing.B) {
	const rows = 10000
	b.Run("workbook", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			w, err := NewWriter(io.Discard, WriteOptions{})
			if err != nil {
				b.Fatal(err)
			}
			for row := 1; row <= rows; row++ {
				if err := w.WriteRow(benchRow(row)); err != nil {
					b.Fatal(err)
				}
			}
			if err := w.Close(); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("excelize", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if err := excelizeSheet(io.Discard, rows); err != nil {
				b.Fatal(err)
			}
		}
	})
}
