package workbook

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/xuri/excelize/v2"
)

func readAll(t testing.TB, data []byte, o Options) (rows map[int][]Cell, err error) {
	t.Helper()
	r, err := Open(bytes.NewReader(data), int64(len(data)), o)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	rows = map[int][]Cell{}
	for {
		n, cells, err := r.Next()
		if errors.Is(err, io.EOF) {
			return rows, nil
		}
		if err != nil {
			return rows, err
		}
		rows[n] = append([]Cell(nil), cells...)
	}
}

func TestSmoke(t *testing.T) {
	f := excelize.NewFile()
	st, _ := f.NewStyle(&excelize.Style{CustomNumFmt: ptr("0000000")})
	dt, _ := f.NewStyle(&excelize.Style{NumFmt: 22})
	f.SetCellValue("Sheet1", "A1", "상품주문번호")
	f.SetCellValue("Sheet1", "B1", 600001)
	f.SetCellStyle("Sheet1", "B1", "B1", st)
	f.SetCellValue("Sheet1", "D3", 46218.8395833333)
	f.SetCellStyle("Sheet1", "D3", "D3", dt)
	f.SetCellValue("Sheet1", "E3", 2026071500000011)
	f.SetCellFormula("Sheet1", "F3", "1+1")
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		t.Fatal(err)
	}
	rows, err := readAll(t, b.Bytes(), Options{})
	t.Logf("%+v %v", rows, err)
	var e bytes.Buffer
	f.Write(&e, excelize.Options{Password: "1234"})
	for _, pw := range []string{"", "1111", "1234"} {
		rows, err = readAll(t, e.Bytes(), Options{Password: pw})
		t.Logf("%q %+v %v", pw, rows, err)
	}
}

func ptr[T any](v T) *T { return &v }
