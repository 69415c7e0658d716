package format

import (
	"io"

	"github.com/mallbridge/mallbridge/mappers/workbook"
)

// A bookWriter writes a spreadsheet of either kind.
type bookWriter interface {
	WriteRow(row []workbook.Value) error
	Close() error
}

// newBookWriter begins a spreadsheet with the format's columns.
func newBookWriter(f *Format, w io.Writer) (bookWriter, error) {
	o := workbook.WriteOptions{Sheet: f.Spec.File.Sheet, Neutralise: f.Spec.File.Neutralise, Freeze: true, Notes: f.noted()}
	if f.Spec.File.Header != "none" {
		for _, c := range f.out {
			o.Columns = append(o.Columns, workbook.Column{Title: c.spec.Name, Code: !c.numeric()})
		}
	}
	if f.Spec.File.Kind == "xls" {
		return workbook.NewXLSWriter(w, o)
	}
	return workbook.NewWriter(w, o)
}

// bookValue returns the cell of a checked text: numbers where the column is one,
// text for everything else, codes and dates among them.
func bookValue(c *outColumn, s string) workbook.Value {
	if c.numeric() {
		if n, ok := parseInt(s); ok {
			return workbook.Int(n)
		}
	}
	return workbook.Str(s)
}
