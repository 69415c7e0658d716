package format

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/mallbridge/mallbridge/mappers/workbook"
)

// compareBooks tells where the cells of a workbook differ from those wanted. Its
// bytes may: another version of the compressor packs the same sheet otherwise.
func compareBooks(name string, got, want []byte) error {
	a, err := sheetCells(want)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	b, err := sheetCells(got)
	if err != nil {
		return fmt.Errorf("%s, as it is written now: %w", name, err)
	}
	for i := range max(len(a), len(b)) {
		for j := range max(len(rowAt(a, i)), len(rowAt(b, i))) {
			if x, y := cellAt(a, i, j), cellAt(b, i, j); x.Text != y.Text || x.Kind != y.Kind {
				return fmt.Errorf("%s: cell %s:\nwant %s %q\ngot  %s %q", name, workbook.Address(i+1, j+1), x.Kind, x.Text, y.Kind, y.Text)
			}
		}
	}
	return nil
}

// sheetCells reads all cells of a small workbook's first sheet.
func sheetCells(b []byte) ([][]workbook.Cell, error) {
	r, err := workbook.Open(bytes.NewReader(b), int64(len(b)), workbook.Options{})
	if err != nil {
		return nil, err
	}
	defer r.Close()
	var out [][]workbook.Cell
	for {
		n, cells, err := r.Next()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		for len(out) < n-1 {
			out = append(out, nil)
		}
		out = append(out, append([]workbook.Cell(nil), cells...))
	}
}

func rowAt(rows [][]workbook.Cell, i int) []workbook.Cell {
	if i < len(rows) {
		return rows[i]
	}
	return nil
}

func cellAt(rows [][]workbook.Cell, i, j int) workbook.Cell {
	if row := rowAt(rows, i); j < len(row) {
		return row[j]
	}
	return workbook.Cell{}
}
