package formats_test

import (
	"encoding/csv"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"github.com/mallbridge/mallbridge/mappers/workbook"
)

// TestOtherSheets reads every workbook that is written with excelize, Gnumeric and
// LibreOffice, none of which shares code with our writer, and compares the cells. A
// program that is missing is a fault in CI only.
func TestOtherSheets(t *testing.T) {
	s := set(t)
	var files []string
	for _, name := range s.Names() {
		f, err := s.Get(name)
		if err != nil {
			t.Fatal(err)
		}
		list, err := filepath.Glob(filepath.Join(caseRoot, name, "*", "want.xls*"))
		if err != nil {
			t.Fatal(err)
		}
		if f.Writes() && (f.Spec.File.Kind == "xlsx" || f.Spec.File.Kind == "xls" || f.Spec.File.Kind == "workbook") && len(list) == 0 {
			t.Errorf("%s has no case with a workbook", name)
		}
		files = append(files, list...)
	}
	if len(files) == 0 {
		t.Fatal("no workbook is written")
	}
	for _, file := range files {
		if filepath.Ext(file) == ".xls" { // which excelize does not read
			continue
		}
		ours := ourCells(t, file)
		if theirs := excelizeCells(t, file); !slices.EqualFunc(ours, theirs, slices.Equal) {
			t.Errorf("%s: excelize reads\n%q\nwe read\n%q", file, theirs, ours)
		}
	}
	for _, other := range []struct {
		name, program string
		read          func(t *testing.T, program string, files []string) [][][]string
	}{{"Gnumeric", "ssconvert", gnumericCells}, {"LibreOffice", "soffice", officeCells}} {
		t.Run(other.name, func(t *testing.T) {
			program, err := exec.LookPath(other.program)
			if err != nil {
				if os.Getenv("CI") != "" {
					t.Fatal(err)
				}
				t.Skipf("%s is not installed", other.name)
			}
			for i, theirs := range other.read(t, program, files) {
				if ours := ourCells(t, files[i]); !slices.EqualFunc(ours, theirs, slices.Equal) {
					t.Errorf("%s: %s reads\n%q\nwe read\n%q", files[i], other.name, theirs, ours)
				}
			}
		})
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
		name := strings.NewReplacer(string(filepath.Separator), "_", "..", "").Replace(strings.TrimSuffix(file, filepath.Ext(file)))
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		copied := filepath.Join(dir, name+filepath.Ext(file))
		if err := os.WriteFile(copied, b, 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, copied)
		names = append(names, filepath.Join(dir, "csv", name+".csv"))
	}
	if out, err := exec.Command(program, args...).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return csvFiles(t, names)
}

// gnumericCells turns the first sheet of each workbook into CSV.
func gnumericCells(t *testing.T, program string, files []string) [][][]string {
	t.Helper()
	dir := t.TempDir()
	var names []string
	for i, file := range files {
		name := filepath.Join(dir, strconv.Itoa(i)+".csv")
		cmd := exec.Command(program, "--export-type=Gnumeric_stf:stf_assistant", "-O", "separator=, quoting-mode=always eol=unix charset=UTF-8 format=raw", file, name)
		cmd.Env = append(os.Environ(), "HOME="+dir)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", file, err, out)
		}
		names = append(names, name)
	}
	return csvFiles(t, names)
}

func csvFiles(t *testing.T, names []string) [][][]string {
	t.Helper()
	var all [][][]string
	for _, name := range names {
		b, err := os.ReadFile(name)
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
