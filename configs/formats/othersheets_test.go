package formats_test

import (
	"encoding/csv"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"github.com/mallbridge/mallbridge/mappers/workbook"
)

// TestOtherSheets reads every workbook that is written with excelize, and with
// LibreOffice where it is installed, neither of which shares code with our writer,
// and compares the cells. Without LibreOffice excelize alone is the other program.
func TestOtherSheets(t *testing.T) {
	s := set(t)
	var files []string
	for _, name := range s.Names() {
		f, err := s.Get(name)
		if err != nil {
			t.Fatal(err)
		}
		list, err := filepath.Glob(filepath.Join(caseRoot, name, "*", "want.xlsx"))
		if err != nil {
			t.Fatal(err)
		}
		if f.Writes() && (f.Spec.File.Kind == "xlsx" || f.Spec.File.Kind == "workbook") && len(list) == 0 {
			t.Errorf("%s has no case with a workbook", name)
		}
		files = append(files, list...)
	}
	if len(files) == 0 {
		t.Fatal("no workbook is written")
	}
	for _, file := range files {
		ours := ourCells(t, file)
		if theirs := excelizeCells(t, file); !slices.EqualFunc(ours, theirs, slices.Equal) {
			t.Errorf("%s: excelize reads\n%q\nwe read\n%q", file, theirs, ours)
		}
	}
	program, err := exec.LookPath("soffice")
	if err != nil {
		t.Log("LibreOffice is not installed: excelize alone has read the workbooks")
		return
	}
	for i, theirs := range officeCells(t, program, files) {
		if ours := ourCells(t, files[i]); !slices.EqualFunc(ours, theirs, slices.Equal) {
			t.Errorf("%s: LibreOffice reads\n%q\nwe read\n%q", files[i], theirs, ours)
		}
	}
}

func ourCells(t *testing.T, file string) [][]string {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	r, err := workbook.Open(f, info.Size(), workbook.Options{})
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	defer r.Close()
	var out [][]string
	for {
		_, cells, err := r.Next()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		row := make([]string, len(cells))
		for i, c := range cells {
			row[i] = c.Text
		}
		out = append(out, bare(row))
	}
}

// bare takes the empty cells off the end of a row.
func bare(row []string) []string {
	for len(row) > 0 && row[len(row)-1] == "" {
		row = row[:len(row)-1]
	}
	return row
}

func excelizeCells(t *testing.T, file string) [][]string {
	t.Helper()
	f, err := excelize.OpenFile(file)
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	defer f.Close()
	rows, err := f.GetRows(f.GetSheetName(0), excelize.Options{RawCellValue: true})
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	for i := range rows {
		rows[i] = bare(rows[i])
	}
	return rows
}

// officeCells turns the workbooks into CSV, all in one run of the program.
func officeCells(t *testing.T, program string, files []string) [][][]string {
	t.Helper()
	dir := t.TempDir()
	args := []string{
		"-env:UserInstallation=file://" + filepath.ToSlash(filepath.Join(dir, "profile")), "--headless", "--norestore",
		"--convert-to", "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false", "--outdir", filepath.Join(dir, "csv"),
	}
	var names []string
	for _, file := range files {
		name := strings.NewReplacer(string(filepath.Separator), "_", "..", "").Replace(strings.TrimSuffix(file, ".xlsx"))
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name+".xlsx"), b, 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, filepath.Join(dir, name+".xlsx"))
		names = append(names, name)
	}
	if out, err := exec.Command(program, args...).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var all [][][]string
	for _, name := range names {
		b, err := os.ReadFile(filepath.Join(dir, "csv", name+".csv"))
		if err != nil {
			t.Fatal(err)
		}
		r := csv.NewReader(strings.NewReader(string(b)))
		r.FieldsPerRecord = -1
		rows, err := r.ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		for i := range rows {
			rows[i] = bare(rows[i])
		}
		all = append(all, rows)
	}
	return all
}
