// Package tables writes tables for people: CSV, or a workbook in which every cell is
// text, so that spreadsheet programs keep codes as they are.
package tables

import (
	"encoding/csv"
	"io"
	"strings"

	"github.com/mallbridge/mallbridge/mappers/workbook"
	"github.com/mallbridge/mallbridge/order"
)

// Write writes rows, of which the first is the header, as the ending of name asks:
// .xlsx, or .csv with a byte order mark, without which Excel takes it for another
// charset.
func Write(w io.Writer, name string, rows [][]string) error {
	switch {
	case strings.HasSuffix(name, ".xlsx"):
		return book(w, rows)
	case strings.HasSuffix(name, ".csv"):
		if _, err := io.WriteString(w, "\ufeff"); err != nil {
			return err
		}
		return CSV(w, rows)
	}
	return order.Errorf(order.Invalid, "use a name that ends in .csv or .xlsx", "%s is neither", name)
}

// CSV writes rows without a byte order mark.
func CSV(w io.Writer, rows [][]string) error {
	c := csv.NewWriter(w)
	if err := c.WriteAll(rows); err != nil {
		return err
	}
	return c.Error()
}

func book(w io.Writer, rows [][]string) error {
	head := make([]workbook.Column, len(rows[0]))
	for i, h := range rows[0] {
		head[i] = workbook.Column{Title: h, Code: true}
	}
	b, err := workbook.NewWriter(w, workbook.WriteOptions{Columns: head, Freeze: true, Neutralise: true})
	if err != nil {
		return err
	}
	for _, r := range rows[1:] {
		cells := make([]workbook.Value, len(r))
		for i, v := range r {
			cells[i] = workbook.Str(v)
		}
		if err := b.WriteRow(cells); err != nil {
			return err
		}
	}
	return b.Close()
}
