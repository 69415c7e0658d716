package configs

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"github.com/mallbridge/mallbridge/mappers/charset"
	"github.com/mallbridge/mallbridge/mappers/delivery"
	"github.com/mallbridge/mallbridge/mappers/master"
	"github.com/mallbridge/mallbridge/mappers/payment"
	"github.com/mallbridge/mallbridge/mappers/sku"
	"github.com/mallbridge/mallbridge/mappers/workbook"
	"github.com/mallbridge/mallbridge/order"
)

// Masters lists the tables in masters/ that people keep as a whole, in the order in
// which pages show them. SKU links are merged code by code; see [MergeLinks].
var Masters = []string{SKUMaster, PaymentMaster, DeliveryServices, TimeBands}

// MasterHeader are the columns of a master, nil for a name that none has.
func MasterHeader(name string) []string {
	var out []string
	for _, c := range masterColumns[name] {
		out = append(out, c.Name)
	}
	return out
}

// MasterTable reads a master as its file has it: the rows under [MasterHeader], and
// the file, which need not be there yet.
func (w *Workspace) MasterTable(name string) (rows [][]string, file string, err error) {
	file, data, err := w.master(name)
	if err != nil || data == nil {
		return nil, file, err
	}
	rows, found := w.ReadMaster(name, file, data)
	return rows, file, found.Err()
}

// master reads the file of a master; data is nil if it is not there yet.
func (w *Workspace) master(name string) (file string, data []byte, err error) {
	file = "masters/" + name + ".csv"
	for _, t := range w.Tables {
		if t.Name == name && t.File != "" {
			file = t.File
		}
	}
	data, err = os.ReadFile(filepath.Join(w.Dir, filepath.FromSlash(file)))
	if os.IsNotExist(err) {
		err = nil
	}
	return file, data, err
}

// ReadMaster reads a whole master (CSV or a workbook) from a person, and checks it:
// each finding has file and line. Rows with an error among the findings must not be
// used. name is one of [Masters].
func (w *Workspace) ReadMaster(name, file string, data []byte) (rows [][]string, found Findings) {
	l := &loader{ws: w}
	switch name {
	case SKUMaster:
		rs := tableRows(l, file, data, masterColumns[name], func(r *sku.SKU, n int) { r.Line = n })
		_, wrong := sku.NewIndex(nil, rs)
		for _, f := range wrong {
			l.find(Finding{File: file, Line: f.Line, Name: f.Column, Message: valued(f.Value, f.Why), Hint: f.Hint, Warning: f.Warning})
		}
		rows = cellsOf(rs, name)
	case PaymentMaster:
		rs := tableRows(l, file, data, masterColumns[name], func(r *payment.Row, n int) { r.Line = n })
		_, wrong := payment.NewMap(rs)
		for _, f := range wrong {
			l.find(Finding{File: file, Line: f.Line, Name: f.Column, Message: valued(f.Value, f.Why), Hint: f.Hint})
		}
		checkScope(l, file, rs, func(r payment.Row) (string, int) { return r.Account, r.Line })
		rows = cellsOf(rs, name)
	case DeliveryServices:
		rs := tableRows(l, file, data, masterColumns[name], func(r *delivery.ServiceRow, n int) { r.Line = n })
		_, wrong := delivery.NewServices(rs)
		l.deliveryFindings(file, wrong)
		checkScope(l, file, rs, func(r delivery.ServiceRow) (string, int) { return r.Account, r.Line })
		rows = cellsOf(rs, name)
	case TimeBands:
		rs := tableRows(l, file, data, masterColumns[name], func(r *delivery.BandRow, n int) { r.Line = n })
		_, wrong := delivery.NewTimeBands(rs, w.Codes)
		l.deliveryFindings(file, wrong)
		checkScope(l, file, rs, func(r delivery.BandRow) (string, int) { return r.Account, r.Line })
		rows = cellsOf(rs, name)
	default:
		l.find(Finding{File: file, Message: fmt.Sprintf("%q is no master", name), Hint: "use " + strings.Join(Masters, ", ")})
	}
	slices.SortStableFunc(l.findings, func(a, b Finding) int { return a.Line - b.Line })
	return rows, l.findings
}

// cellsOf writes rows under the columns of their master.
func cellsOf[T any](rows []T, name string) [][]string {
	at := map[string]int{}
	t := reflect.TypeFor[T]()
	for i := range t.NumField() {
		at[t.Field(i).Tag.Get("csv")] = i
	}
	head := MasterHeader(name)
	out := make([][]string, len(rows))
	for i := range rows {
		v := reflect.ValueOf(&rows[i]).Elem()
		out[i] = make([]string, len(head))
		for j, h := range head {
			out[i][j] = v.Field(at[h]).String()
		}
	}
	return out
}

// WriteMaster writes rows under [MasterHeader] to out, as a workbook or a CSV in the
// charset of the masters by the ending of file.
func (w *Workspace) WriteMaster(out io.Writer, name, file string, rows [][]string) error {
	return w.writeTable(out, file, MasterHeader(name), rows)
}

func (w *Workspace) writeTable(out io.Writer, file string, head []string, rows [][]string) error {
	if strings.HasSuffix(file, ".xlsx") {
		return writeBook(out, head, rows)
	}
	cs, err := charset.Lookup(w.Settings.Masters.Charset)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	c := csv.NewWriter(&b)
	if err := c.WriteAll(append([][]string{head}, rows...)); err != nil {
		return err
	}
	data, err := cs.Encode(b.String())
	if err != nil {
		return order.Errorf(order.Invalid, "set masters.charset to utf-8 in mallbridge.yaml and save the masters so", "%s: %w", file, err)
	}
	_, err = out.Write(data)
	return err
}

func writeBook(out io.Writer, head []string, rows [][]string) error {
	columns := make([]workbook.Column, len(head))
	for i, h := range head {
		columns[i] = workbook.Column{Title: h, Code: true}
	}
	b, err := workbook.NewWriter(out, workbook.WriteOptions{Columns: columns, Freeze: true})
	if err != nil {
		return err
	}
	for _, r := range rows {
		cells := make([]workbook.Value, len(r))
		for i, v := range r {
			cells[i] = workbook.Str(v)
		}
		if err := b.WriteRow(cells); err != nil {
			return fmt.Errorf("write table: %w", err)
		}
	}
	return b.Close()
}

// MasterSize bounds a table of a person, in bytes.
const MasterSize = master.MaxSize
