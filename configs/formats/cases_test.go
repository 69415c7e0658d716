package formats_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"flag"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/mallbridge/mallbridge/configs/formats"
	"github.com/mallbridge/mallbridge/mappers/format"
	"github.com/mallbridge/mallbridge/mappers/record"
)

var update = flag.Bool("update", false, "write the files of the cases anew")

const caseRoot = "../../testdata/formats"

// about is the file case.yaml of a case, see [format.CaseResult].
type about struct {
	About    string `yaml:"about"`
	Password string `yaml:"password,omitempty"`
	Country  string `yaml:"country,omitempty"`
}

func set(t testing.TB) *format.Set {
	t.Helper()
	s, err := format.Load(formats.FS, ".")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func inputs() []input {
	return slices.Concat(rakutenInputs(), smartstoreInputs(), coupangInputs(), elevenstInputs(), japanInputs(), globalInputs(), orderSystemInputs(), sheetInputs(), answerInputs(), returnInputs())
}

// TestAbout checks what people read of a format.
func TestAbout(t *testing.T) {
	s := set(t)
	for _, name := range s.Names() {
		f, err := s.Get(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, lang := range []string{"en", "ja", "ko"} {
			if f.Spec.Title[lang] == "" {
				t.Errorf("%s has no title in %s", name, lang)
			}
		}
		if f.Spec.Source == "" || f.Spec.Sureness == "" {
			t.Errorf("%s names no source or sureness", name)
		}
	}
}

// TestInputs checks that the files on disk are those that the rows make. Workbooks
// are compressed; they are made only with -update and where they are missing.
func TestInputs(t *testing.T) {
	for _, in := range inputs() {
		dir := filepath.Join(caseRoot, in.format, in.name)
		path := filepath.Join(dir, in.file)
		a := about{in.about, in.password, in.country}
		if in.open != "" {
			a.Password = in.open
		}
		sameAbout(t, dir, a)
		if !in.packed() {
			same(t, path, in.bytes(t))
		} else if _, err := os.Stat(path); err != nil {
			same(t, path, in.bytes(t))
		}
	}
	for _, out := range slices.Concat(instructionOutputs(), layoutOutputs()) {
		dir := filepath.Join(caseRoot, out.format, out.name)
		sameAbout(t, dir, about{About: out.about})
		var b bytes.Buffer
		for _, g := range out.groups(t) {
			b.Write(encoded(t, named(g)))
		}
		same(t, filepath.Join(dir, "records.jsonl"), b.Bytes())
	}
}

// TestCases reads and writes every case and compares with what is wanted.
func TestCases(t *testing.T) {
	s := set(t)
	results, err := format.RunCases(os.DirFS(caseRoot), s)
	if err != nil {
		t.Fatal(err)
	}
	count, refused := map[string]int{}, map[string]int{}
	for _, r := range results {
		name, kind, _ := strings.Cut(r.Name, "/")
		count[name]++
		if strings.HasPrefix(kind, "refused") || strings.HasPrefix(kind, "held") {
			refused[name]++
		}
		t.Run(r.Name, func(t *testing.T) {
			if *update {
				if err := r.Update(caseRoot); err != nil {
					t.Fatal(err)
				}
				return
			}
			if r.Err != nil {
				t.Error(r.Err)
			}
		})
	}
	for _, name := range s.Names() {
		if count[name] < 3 || refused[name] < 1 {
			t.Errorf("%s has %d cases, %d of them refused: a built-in format has an ordinary, a hard and a refused one", name, count[name], refused[name])
		}
	}
}

// TestOrders checks that what the order sheets of the cases give makes orders, that
// no row is lost, and that a line has the same keys on the next day.
func TestOrders(t *testing.T) {
	s := set(t)
	for _, in := range inputs() {
		f, err := s.Get(in.format)
		if err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(filepath.Join(caseRoot, in.format, in.name, in.file))
		if err != nil {
			t.Fatal(err)
		}
		groups, refused, stats, err := f.ReadAll(context.Background(), format.Bytes(in.file, b), format.ReadOptions{Password: in.password, Place: format.Place{Country: in.country}})
		var bad *format.FileError
		if errors.As(err, &bad) {
			continue
		}
		if err != nil {
			t.Fatalf("%s/%s: %v", in.format, in.name, err)
		}
		if stats.Rows != stats.Taken+stats.Filtered+stats.Refused || stats.Refused != int64(len(refused)) {
			t.Errorf("%s/%s: rows are lost: %+v", in.format, in.name, stats)
		}
		for _, g := range groups {
			if f.Kind() == record.Orders {
				checkOrder(t, in.format+"/"+in.name, g.Records)
			}
		}
	}
}

func checkOrder(t *testing.T, name string, records []record.Record) {
	t.Helper()
	o, err := record.Order("shop", records)
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	if o.Lines() != len(records) {
		t.Errorf("%s: order %s has %d lines of %d rows", name, o.Number, o.Lines(), len(records))
	}
	keys := map[string]bool{}
	for _, p := range o.Packages {
		for _, l := range p.Lines {
			k := p.Key + " " + l.Key
			if keys[k] {
				t.Errorf("%s: order %s has the line %s twice", name, o.Number, k)
			}
			keys[k] = true
		}
	}
}

// TestOtherPrograms reads every written file with iconv and Python's csv, which
// share no code with ours, and compares with what was meant.
func TestOtherPrograms(t *testing.T) {
	for _, prog := range []string{"iconv", "python3"} {
		if _, err := exec.LookPath(prog); err != nil {
			if os.Getenv("CI") != "" {
				t.Fatal(err)
			}
			t.Skipf("%s is not installed", prog)
		}
	}
	s := set(t)
	var files, args []string
	for _, name := range s.Names() {
		f, err := s.Get(name)
		if err != nil {
			t.Fatal(err)
		}
		if !f.Writes() {
			continue
		}
		list, err := filepath.Glob(filepath.Join(caseRoot, name, "*", "want.[ct]*"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range list {
			files = append(files, file)
			args = append(args, file, f.Charset().Name(), string(comma(f)), f.Spec.File.Newline)
		}
	}
	cmd := exec.Command("python3", append([]string{"-c", readCSV}, args...)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr.Bytes())
	}
	var theirs [][][]string
	if err := json.Unmarshal(out, &theirs); err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 || len(theirs) != len(files) {
		t.Fatalf("%d files, %d were read", len(files), len(theirs))
	}
	for i, file := range files {
		name := filepath.Base(filepath.Dir(filepath.Dir(file)))
		f, err := s.Get(name)
		if err != nil {
			t.Fatal(err)
		}
		compareCSV(t, f, file, theirs[i])
	}
}

// comma is what separates the columns of a format's files.
func comma(f *format.Format) rune {
	switch d := f.Spec.File.Delimiter; {
	case d == "" && f.Spec.File.Kind == "tsv", d == "tab":
		return '\t'
	case d != "":
		return rune(d[0])
	}
	return ','
}

// readCSV reads files strictly; each is followed by its charset, delimiter and line end.
const readCSV = `
import csv, io, json, subprocess, sys
out = []
for name, charset, comma, newline in zip(sys.argv[1::4], sys.argv[2::4], sys.argv[3::4], sys.argv[4::4]):
    if charset == "utf-8-bom":
        charset = "utf-8-sig"
        assert open(name, "rb").read(3) == b"\xef\xbb\xbf", name
    text = subprocess.run(["iconv", "-f", charset.removesuffix("-sig"), "-t", "UTF-8", name], check=True, capture_output=True).stdout.decode("utf-8")
    text = text.removeprefix("\ufeff") if charset == "utf-8-sig" else text
    end = "\n" if newline == "lf" else "\r\n"
    assert text.endswith(end) and "\r" not in text.replace(end, "") and (newline == "lf" or "\n" not in text.replace(end, "")), name
    own = open(name, "rb").read().decode(charset)
    same = str.maketrans("～－∥￠￡￢", "〜−‖¢£¬")
    assert own.translate(same) == text.translate(same), name
    out.append(list(csv.reader(io.StringIO(own, newline=""), strict=True, delimiter=comma)))
json.dump(out, sys.stdout)
`

func compareCSV(t *testing.T, f *format.Format, file string, theirs [][]string) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	text, err := f.Charset().Decode(bytes.TrimPrefix(b, f.Charset().BOM()))
	if err != nil {
		t.Fatal(err)
	}
	r := csv.NewReader(strings.NewReader(text))
	r.Comma, r.FieldsPerRecord = comma(f), -1
	ours, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if !slices.EqualFunc(theirs, ours, slices.Equal) {
		t.Errorf("%s: Python reads\n%q\nwe read\n%q", file, theirs, ours)
	}
	if len(theirs) <= len(f.Spec.File.Above) {
		t.Errorf("%s: there is no header", file)
		return
	}
	for i, row := range theirs[len(f.Spec.File.Above):] {
		if len(row) != len(f.Spec.Columns) {
			t.Errorf("%s: row %d has %d columns, the format has %d", file, i+1, len(row), len(f.Spec.Columns))
		}
	}
}

// TestFiles fails for a format that the embedded files lack.
func TestFiles(t *testing.T) {
	onDisk, err := filepath.Glob("*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	embedded, err := fs.Glob(formats.FS, "*.yaml")
	if err != nil || !slices.Equal(onDisk, embedded) {
		t.Errorf("on disk %v, embedded %v (%v)", onDisk, embedded, err)
	}
}

// named turns records into objects with the names of their fields.
func named(records []record.Record) []map[string]string {
	out := make([]map[string]string, len(records))
	for i, r := range records {
		out[i] = map[string]string{}
		for f, v := range r {
			if v != "" {
				out[i][record.Field(f).String()] = v
			}
		}
	}
	return out
}

func sameAbout(t *testing.T, dir string, a about) {
	t.Helper()
	b, err := yaml.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	same(t, filepath.Join(dir, "case.yaml"), b)
}

func encoded(t *testing.T, v any) []byte {
	t.Helper()
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// same checks that the file has these bytes, or writes them.
func same(t *testing.T, path string, b []byte) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, b, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Error(err)
		return
	}
	if !bytes.Equal(got, b) {
		t.Errorf("%s is not what the rows of the test make (-update writes it)", path)
	}
}

// TestMend writes the refused rows of every case as a file of the same layout and
// reads that again: it is a file of the format, its added columns are no fault,
// and the same rows are refused for the same reasons until somebody mends them.
func TestMend(t *testing.T) {
	s := set(t)
	for _, in := range inputs() {
		f, err := s.Get(in.format)
		if err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(filepath.Join(caseRoot, in.format, in.name, in.file))
		if err != nil {
			t.Fatal(err)
		}
		src := format.Bytes(in.file, b)
		o := format.ReadOptions{Password: in.password, Cells: true, Place: format.Place{Country: in.country}}
		_, refused, _, err := f.ReadAll(context.Background(), src, o)
		if err != nil || len(refused) == 0 || in.name == "refused-bytes" { // bytes that nobody can read are not written again
			continue
		}
		name := in.format + "/" + in.name
		for _, lang := range []string{"ja", "ko", "en"} {
			var out bytes.Buffer
			w, err := f.NewRefusedWriter(&out, src, lang)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			for _, r := range refused {
				if err := w.Write(r); err != nil {
					t.Fatalf("%s: %v", name, err)
				}
			}
			if err := w.Close(); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			groups, again, stats, err := f.ReadAll(context.Background(), format.Bytes("refused"+filepath.Ext(in.file), out.Bytes()), o)
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			if len(groups) > 0 || stats.Rows != int64(len(refused)) || !slices.Equal(reasons(again), reasons(refused)) {
				t.Errorf("%s: %d groups, %+v\n got %v\nwant %v", name, len(groups), stats, reasons(again), reasons(refused))
			}
		}
	}
}

func reasons(list []format.Refusal) []string {
	var out []string
	for _, r := range list {
		out = append(out, r.Group+" "+r.Column+" "+string(r.Reason))
	}
	slices.Sort(out)
	return out
}
