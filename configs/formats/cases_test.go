package formats_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/mallbridge/mallbridge/configs/formats"
	"github.com/mallbridge/mallbridge/mappers/format"
	"github.com/mallbridge/mallbridge/mappers/record"
	"github.com/mallbridge/mallbridge/order"
)

var update = flag.Bool("update", false, "write the files of the cases anew")

const caseRoot = "../../testdata/formats"

// about is the file case.yaml of a case.
type about struct {
	About    string `yaml:"about"`
	Password string `yaml:"password,omitempty"`
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
	return slices.Concat(rakutenInputs(), smartstoreInputs(), coupangInputs(), sheetInputs(), answerInputs())
}

// TestInputs checks that the files on disk are those that the rows make. Those of
// workbooks are compressed and are made only with -update.
func TestInputs(t *testing.T) {
	for _, in := range inputs() {
		dir := filepath.Join(caseRoot, in.format, in.name)
		if *update {
			password := in.password
			if in.open != "" {
				password = in.open
			}
			writeAbout(t, dir, about{in.about, password})
			if !strings.HasSuffix(in.file, ".xlsx") || !exists(filepath.Join(dir, in.file)) {
				writeFile(t, filepath.Join(dir, in.file), in.bytes(t))
			}
			continue
		}
		got, err := os.ReadFile(filepath.Join(dir, in.file))
		if err != nil {
			t.Error(err)
			continue
		}
		if !strings.HasSuffix(in.file, ".xlsx") && !bytes.Equal(got, in.bytes(t)) {
			t.Errorf("%s/%s: the file is not what its rows make", in.format, in.name)
		}
	}
	for _, out := range instructionOutputs() {
		dir := filepath.Join(caseRoot, out.format, out.name)
		var b bytes.Buffer
		for _, g := range out.groups() {
			writeLine(&b, named(g))
		}
		if *update {
			writeAbout(t, dir, about{About: out.about})
			writeFile(t, filepath.Join(dir, "records.jsonl"), b.Bytes())
			continue
		}
		compare(t, filepath.Join(dir, "records.jsonl"), b.Bytes())
	}
}

// TestCases reads and writes every case and compares with what is wanted.
func TestCases(t *testing.T) {
	s := set(t)
	for _, name := range s.Names() {
		f, err := s.Get(name)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(name, func(t *testing.T) {
			dirs, err := filepath.Glob(filepath.Join(caseRoot, name, "*", "case.yaml"))
			if err != nil {
				t.Fatal(err)
			}
			refused := false
			for _, c := range dirs {
				dir := filepath.Dir(c)
				base := filepath.Base(dir)
				refused = refused || strings.HasPrefix(base, "refused") || strings.HasPrefix(base, "held")
				t.Run(base, func(t *testing.T) { runCase(t, f, dir) })
			}
			if len(dirs) < 3 || !refused {
				t.Errorf("%d cases; a built-in format has an ordinary, a hard and a refused one", len(dirs))
			}
		})
	}
}

// TestFolders fails for cases of formats that do not exist.
func TestFolders(t *testing.T) {
	entries, err := os.ReadDir(caseRoot)
	if err != nil {
		t.Fatal(err)
	}
	s := set(t)
	for _, e := range entries {
		if _, err := s.Get(e.Name()); err != nil {
			t.Error(err)
		}
	}
}

func runCase(t *testing.T, f *format.Format, dir string) {
	var a about
	b, err := os.ReadFile(filepath.Join(dir, "case.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(b, &a); err != nil {
		t.Fatal(err)
	}
	if f.Reads() {
		readCase(t, f, dir, a)
		return
	}
	writeCase(t, f, dir)
}

func readCase(t *testing.T, f *format.Format, dir string, a about) {
	names, err := filepath.Glob(filepath.Join(dir, "input.*"))
	if err != nil || len(names) != 1 {
		t.Fatalf("one input is wanted: %v %v", names, err)
	}
	b, err := os.ReadFile(names[0])
	if err != nil {
		t.Fatal(err)
	}
	groups, refused, stats, err := f.ReadAll(context.Background(), format.Bytes(filepath.Base(names[0]), b), format.ReadOptions{Password: a.Password, Workers: 2})
	var out bytes.Buffer
	if err != nil {
		var fe *format.FileError
		if !errors.As(err, &fe) {
			t.Fatalf("%T %v", err, err)
		}
		writeLine(&out, map[string]any{"file_error": pruned(map[string]any{
			"reason": fe.Reason, "line": fe.Line, "column": fe.Column, "value": fe.Value, "detail": fe.Detail, "do": fe.Do,
		})})
		compare(t, filepath.Join(dir, "want.jsonl"), out.Bytes())
		return
	}
	if stats.Rows != stats.Taken+stats.Filtered+stats.Refused || int64(len(refused)) != stats.Refused {
		t.Errorf("rows are lost: %+v, %d refusals", stats, len(refused))
	}
	for _, g := range groups {
		lines := make([]int64, len(g.Rows))
		for i, r := range g.Rows {
			lines[i] = r.Line
		}
		writeLine(&out, map[string]any{"lines": lines, "records": named(g.Records)})
		if f.Kind() == record.Orders {
			if _, err := record.Order("shop", g.Records); err != nil {
				t.Errorf("lines %v make no order: %v", lines, err)
			}
		}
	}
	slices.SortStableFunc(refused, func(a, b format.Refusal) int { return int(a.Line - b.Line) })
	for _, r := range refused {
		writeLine(&out, map[string]any{"refused": pruned(map[string]any{
			"line": r.Line, "address": r.Address, "column": r.Column, "value": r.Value, "reason": r.Reason, "detail": r.Detail, "group": r.Group,
		})})
	}
	writeLine(&out, map[string]any{"stats": map[string]int64{
		"rows": stats.Rows, "taken": stats.Taken, "filtered": stats.Filtered, "refused": stats.Refused, "blank": stats.Blank, "groups": stats.Groups,
	}})
	compare(t, filepath.Join(dir, "want.jsonl"), out.Bytes())
}

func writeCase(t *testing.T, f *format.Format, dir string) {
	file, err := os.Open(filepath.Join(dir, "records.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	o := format.WriteOptions{Batch: format.Batch{Number: "T-20261122-1", Warehouse: "tokyo", Time: time.Date(2026, 11, 22, 14, 30, 0, 0, time.UTC).Add(-9 * time.Hour)}}
	var got, held bytes.Buffer
	w, err := f.NewWriter(&got, o)
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	n := 0
	for lines.Scan() {
		n++
		records := unnamed(t, lines.Bytes())
		holds := f.Check(records, o)
		err := w.WriteGroup(records)
		var he *format.HeldError
		switch {
		case errors.As(err, &he):
			if fmt.Sprint(he.Holds) != fmt.Sprint(holds) {
				t.Errorf("group %d: Check says %v, WriteGroup %v", n, holds, he.Holds)
			}
			for _, h := range holds {
				writeLine(&held, map[string]any{"held": pruned(map[string]any{"group": n, "reason": h.Reason, "field": h.Field, "value": h.Value, "detail": h.Detail})})
			}
		case err != nil:
			t.Fatal(err)
		case len(holds) > 0:
			t.Errorf("group %d was written in spite of %v", n, holds)
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	s, err := w.Close()
	if err != nil {
		t.Fatal(err)
	}
	fileName, err := f.FileName(o.Batch)
	if err != nil {
		t.Fatal(err)
	}
	writeLine(&held, map[string]any{"written": map[string]any{"name": fileName, "rows": s.Rows, "groups": s.Groups}})
	compare(t, filepath.Join(dir, "want.jsonl"), held.Bytes())
	compareFile(t, f, filepath.Join(dir, "want.csv"), got.Bytes())
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

func unnamed(t *testing.T, b []byte) []record.Record {
	t.Helper()
	var list []map[string]string
	if err := json.Unmarshal(b, &list); err != nil {
		t.Fatal(err)
	}
	out := make([]record.Record, len(list))
	for i, m := range list {
		out[i] = record.New()
		for k, v := range m {
			f, ok := record.Lookup(k)
			if !ok {
				t.Fatalf("there is no field %s", k)
			}
			out[i][f] = v
		}
	}
	return out
}

// pruned drops empty values.
func pruned(m map[string]any) map[string]any {
	for k, v := range m {
		switch v {
		case "", 0, int64(0), order.Reason(""):
			delete(m, k)
		}
	}
	return m
}

func writeLine(b *bytes.Buffer, v any) {
	e := json.NewEncoder(b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(err)
	}
}

func compare(t *testing.T, path string, got []byte) {
	t.Helper()
	if *update {
		writeFile(t, path, got)
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	diff(t, path, string(want), string(got))
}

// compareFile compares bytes and shows both sides as text.
func compareFile(t *testing.T, f *format.Format, path string, got []byte) {
	t.Helper()
	if *update {
		writeFile(t, path, got)
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(want, got) {
		return
	}
	decode := func(b []byte) string {
		s, err := f.Charset().Decode(b)
		if err != nil {
			return fmt.Sprintf("%q", b)
		}
		return s
	}
	t.Errorf("%s: the bytes differ", path)
	diff(t, path, decode(want), decode(got))
}

func diff(t *testing.T, path, want, got string) {
	t.Helper()
	w, g := strings.SplitAfter(want, "\n"), strings.SplitAfter(got, "\n")
	for i := range max(len(w), len(g)) {
		var a, b string
		if i < len(w) {
			a = w[i]
		}
		if i < len(g) {
			b = g[i]
		}
		if a != b {
			t.Errorf("%s:%d:\n got  %s\n want %s", path, i+1, b, a)
		}
	}
}

func writeAbout(t *testing.T, dir string, a about) {
	t.Helper()
	b, err := yaml.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(dir, "case.yaml"), b)
}

func writeFile(t *testing.T, path string, b []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
