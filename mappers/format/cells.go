package format

import (
	"github.com/mallbridge/mallbridge/mappers/record"
	"github.com/mallbridge/mallbridge/order"
)

// Cells returns the texts of the rows that the records of one group become, before
// charset and quotes, or what holds them.
func (f *Format) Cells(records []record.Record, o WriteOptions) ([][]string, []order.Hold) {
	if len(records) == 0 || !f.Writes() {
		return nil, nil
	}
	e := f.newEncoder(o.Charset, o.Replacements, o.Batch, identity)
	cells := e.groupCells(rows(nil, records))
	if len(e.holds) > 0 {
		return nil, e.holds
	}
	return cells, nil
}
