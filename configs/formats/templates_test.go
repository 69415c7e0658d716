package formats_test

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"testing"

	"github.com/xuri/excelize/v2"
	"pgregory.net/rapid"

	"github.com/mallbridge/mallbridge/mappers/format"
	"github.com/mallbridge/mallbridge/mappers/workbook"
)

// written is what people write into sheets.
var written = rapid.OneOf(
	rapid.StringMatching(`0[0-9]{1,17}`), rapid.StringMatching(`[1-9][0-9]{0,2}-[1-9][0-9]?`), rapid.StringMatching(`[=+@-][A-Z1-9]{1,4}`),
	rapid.StringMatching(`[髙﨑①～表能ソ가힣똠A-z]{1,8}`), rapid.StringMatching(`20[0-9]{2}/[01][0-9]/[0-3][0-9]`), rapid.Just(""),
	rapid.StringMatching(`[1-9][0-9]{15,17}`),
)

// TestTemplates has another program fill in the template of every format that has one,
// and reads back what people wrote: codes keep their zeros and digits, nothing becomes
// a formula, the header stays frozen and the lists stay there.
func TestTemplates(t *testing.T) {
	s := set(t)
	templates := 0
	for _, name := range s.Names() {
		f, err := s.Get(name)
		if err != nil {
			t.Fatal(err)
		}
		if f.Spec.File.Header != "names" {
			continue
		}
		templates++
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			if err := f.TemplateWith(&b, format.TemplateOptions{Workbook: true}); err != nil {
				t.Fatal(err)
			}
			titles := ourRows(t, b.Bytes())
			if len(titles) == 0 {
				t.Fatal("the template is empty")
			}
			texts := rapid.SliceOfN(written, len(titles[0]), len(titles[0]))
			var want [][]string
			for seed := range 20 {
				row := texts.Example(seed)
				row[0] = "00012" // no row is empty
				want = append(want, row)
			}
			rows := ourRows(t, fill(t, b.Bytes(), len(titles)+1, want))
			for i, row := range want {
				if got := rows[len(titles)+i]; !slices.Equal(got, bare(row)) {
					t.Errorf("%q came back as %q", row, got)
				}
			}
		})
	}
	if templates < 50 {
		t.Errorf("only %d formats have a template", templates)
	}
}

// fill writes rows of texts into the first sheet, from a row on, and saves the workbook.
func fill(t *testing.T, data []byte, first int, rows [][]string) []byte {
	t.Helper()
	x, err := excelize.OpenReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	sheet := x.GetSheetName(0)
	before, err := x.GetDataValidations(sheet)
	if err != nil {
		t.Fatal(err)
	}
	for n, texts := range rows {
		for i, s := range texts {
			cell, err := excelize.CoordinatesToCellName(i+1, first+n)
			if err != nil {
				t.Fatal(err)
			}
			if err := x.SetCellStr(sheet, cell, s); err != nil {
				t.Fatal(err)
			}
		}
	}
	var out bytes.Buffer
	if err := x.Write(&out); err != nil {
		t.Fatal(err)
	}
	again, err := excelize.OpenReader(bytes.NewReader(out.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	after, err := again.GetDataValidations(sheet)
	if err != nil || len(after) != len(before) {
		t.Fatalf("%d of %d notes and lists are left: %v", len(after), len(before), err)
	}
	if panes, err := again.GetPanes(sheet); err != nil || !panes.Freeze {
		t.Fatalf("the header is not frozen: %v", err)
	}
	return out.Bytes()
}

// ourRows reads the texts of the first sheet.
func ourRows(t *testing.T, data []byte) [][]string {
	t.Helper()
	r, err := workbook.Open(bytes.NewReader(data), int64(len(data)), workbook.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var out [][]string
	for {
		_, cells, err := r.Next()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		var row []string
		for _, c := range cells {
			if c.Formula || c.Damaged != workbook.None {
				t.Fatalf("%q: formula %v, %v", c.Text, c.Formula, c.Damaged)
			}
			row = append(row, c.Text)
		}
		out = append(out, bare(row))
	}
}
