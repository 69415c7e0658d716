package format

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/mallbridge/mallbridge/mappers/charset"
	"github.com/mallbridge/mallbridge/mappers/record"
	"github.com/mallbridge/mallbridge/order"
)

// A CaseResult is what became of one case of a format.
//
// A case is a folder <format>/<case> with case.yaml, which says what it is about
// and may give a password, charset, country, replacements and what a batch is called. A
// case of reading has a file input.* and in want.jsonl what comes of it: a line
// for each group, each refused row and the sums, or for the error of the file. A
// case of writing has records.jsonl, a line for each group, and in want.csv (or
// the ending of the format's files) the bytes, in want.jsonl what is held.
type CaseResult struct {
	Name string            // <format>/<case>
	Err  error             // why it failed: it could not be run, or what differs, decoded, with the line
	Got  map[string][]byte // what came out, by name of the file that is wanted
}

// Update writes what came out as what is wanted. root is the folder that was given
// to RunCases.
func (r *CaseResult) Update(root string) error {
	for name, b := range r.Got {
		if err := os.WriteFile(filepath.Join(root, filepath.FromSlash(r.Name), name), b, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// CaseOptions are what a warehouse adds to the cases of its formats. The zero
// value adds nothing.
type CaseOptions struct {
	// Encoding gives the charset of the warehouse's files and what may be replaced
	// in them, where a case does not say. A nil charset is the format's own.
	Encoding func(*Format) (*charset.Charset, *charset.Replacements, error)
	// Values are texts of the warehouse, by field, for records that have none.
	Values map[record.Field]string
}

// RunCases runs all cases in fsys, whose top folders are named after formats. The
// error is that a folder could not be read; what is wrong with a case is in its
// result.
func RunCases(fsys fs.FS, formats *Set) ([]CaseResult, error) {
	return RunCasesWith(fsys, formats, CaseOptions{})
}

// RunCasesWith is [RunCases] for the cases of one warehouse.
func RunCasesWith(fsys fs.FS, formats *Set, o CaseOptions) ([]CaseResult, error) {
	names, err := fs.Glob(fsys, "*/*/case.yaml")
	if err != nil {
		return nil, err
	}
	var out []CaseResult
	for _, n := range names {
		c := oneCase{fsys: fsys, o: o, r: CaseResult{Name: path.Dir(n), Got: map[string][]byte{}}}
		c.r.Err = c.run(formats)
		out = append(out, c.r)
	}
	return out, nil
}

// caseAbout is the file case.yaml.
type caseAbout struct {
	About     string      `yaml:"about"`
	Password  string      `yaml:"password"`
	Charset   string      `yaml:"charset"`
	Country   string      `yaml:"country"` // of the account
	Replace   [][2]string `yaml:"replace"`
	Batch     string      `yaml:"batch"`
	Warehouse string      `yaml:"warehouse"`
	Account   string      `yaml:"account"` // of tracking files
	Time      time.Time   `yaml:"time"`
}

type oneCase struct {
	fsys  fs.FS
	o     CaseOptions
	r     CaseResult
	about caseAbout
	cs    *charset.Charset
}

func (c *oneCase) read(name string) ([]byte, error) {
	return fs.ReadFile(c.fsys, path.Join(c.r.Name, name))
}

// begin reads what the case says of itself.
func (c *oneCase) begin(formats *Set) (*Format, error) {
	f, err := formats.Get(path.Dir(c.r.Name))
	if err != nil {
		return nil, err
	}
	b, err := c.read("case.yaml")
	if err != nil {
		return nil, err
	}
	c.about = caseAbout{Batch: "T-20261122-1", Warehouse: "tokyo", Account: "shop-1", Time: time.Date(2026, 11, 22, 5, 30, 0, 0, time.UTC)}
	d := yaml.NewDecoder(bytes.NewReader(b))
	d.KnownFields(true)
	if err := d.Decode(&c.about); err != nil {
		return nil, caseError(err)
	}
	if c.about.Charset != "" {
		if c.cs, err = charset.Lookup(c.about.Charset); err != nil {
			return nil, err
		}
	}
	return f, nil
}

// caseError says in our words what the decoder found.
func caseError(err error) error {
	var te *yaml.TypeError
	if !errors.As(err, &te) {
		return fmt.Errorf("case.yaml: %s", strings.TrimPrefix(err.Error(), "yaml: "))
	}
	texts := make([]string, len(te.Errors))
	for i, e := range te.Errors {
		texts[i] = e
		if place, rest, ok := strings.Cut(texts[i], ": field "); ok {
			name, _, _ := strings.Cut(rest, " not found in type")
			texts[i] = place + ": there is no key " + name
		}
	}
	return fmt.Errorf("case.yaml: %s", strings.Join(texts, "; "))
}

func (c *oneCase) run(formats *Set) error {
	f, err := c.begin(formats)
	if err != nil {
		return err
	}
	if records, err := c.read("records.jsonl"); err == nil {
		return c.writing(f, records)
	}
	return c.reading(f)
}

func (c *oneCase) reading(f *Format) error {
	in, err := fs.Glob(c.fsys, path.Join(c.r.Name, "input.*"))
	if err != nil || len(in) != 1 {
		return errors.New("a case has one file input.*, or records.jsonl")
	}
	b, err := fs.ReadFile(c.fsys, in[0])
	if err != nil {
		return err
	}
	var out bytes.Buffer
	groups, refused, s, err := f.ReadAll(context.Background(), Bytes(path.Base(in[0]), b), ReadOptions{Password: c.about.Password, Charset: c.cs, Place: Place{Country: c.about.Country}})
	if err != nil {
		var fe *FileError
		if !errors.As(err, &fe) {
			return err
		}
		writeJSON(&out, "file_error", map[string]any{"reason": fe.Reason, "line": fe.Line, "column": fe.Column, "value": fe.Value, "detail": fe.Detail, "do": fe.Do})
	} else {
		caseRows(&out, groups, refused, s)
	}
	c.r.Got["want.jsonl"] = out.Bytes()
	return c.compare("want.jsonl", nil)
}

func caseRows(out *bytes.Buffer, groups []Group, refused []Refusal, s Stats) {
	for _, g := range groups {
		lines := make([]int64, len(g.Rows))
		for i, r := range g.Rows {
			lines[i] = r.Line
		}
		list := make([]map[string]string, len(g.Records))
		for i, rec := range g.Records {
			list[i] = named(rec)
		}
		appendJSON(out, map[string]any{"lines": lines, "records": list})
	}
	slices.SortStableFunc(refused, func(a, b Refusal) int { return int(a.Line - b.Line) })
	for _, r := range refused {
		writeJSON(out, "refused", map[string]any{"line": r.Line, "address": r.Address, "column": r.Column, "value": r.Value, "reason": r.Reason, "detail": r.Detail, "group": r.Group})
	}
	appendJSON(out, map[string]any{"stats": map[string]int64{
		"rows": s.Rows, "taken": s.Taken, "filtered": s.Filtered, "refused": s.Refused, "blank": s.Blank, "groups": s.Groups,
	}})
}

// writeJSON appends {"kind": {…}} without the values that are empty.
func writeJSON(out *bytes.Buffer, kind string, m map[string]any) {
	for k, v := range m {
		switch v {
		case "", 0, int64(0), order.Reason(""):
			delete(m, k)
		}
	}
	appendJSON(out, map[string]any{kind: m})
}

func appendJSON(out *bytes.Buffer, v any) {
	e := json.NewEncoder(out)
	e.SetEscapeHTML(false)
	_ = e.Encode(v) // maps of texts and numbers always encode
}

func named(r record.Record) map[string]string {
	m := map[string]string{}
	for i, v := range r {
		if v != "" {
			m[record.Field(i).String()] = v
		}
	}
	return m
}

func (c *oneCase) writeOptions(f *Format) (WriteOptions, error) {
	o := WriteOptions{Batch: Batch{Number: c.about.Batch, Time: c.about.Time, Warehouse: c.about.Warehouse, Account: c.about.Account}}
	if c.o.Encoding != nil {
		var err error
		if o.Charset, o.Replacements, err = c.o.Encoding(f); err != nil {
			return o, err
		}
	}
	if c.cs != nil {
		o.Charset = c.cs
	}
	if len(c.about.Replace) == 0 {
		return o, nil
	}
	pairs := make([]charset.Pair, len(c.about.Replace))
	for i, p := range c.about.Replace {
		pairs[i] = charset.Pair{From: p[0], To: p[1]}
	}
	var err error
	o.Replacements, err = charset.NewReplacements(pairs)
	return o, err
}

func (c *oneCase) writing(f *Format, records []byte) error {
	o, err := c.writeOptions(f)
	if err != nil {
		return err
	}
	var out, notes bytes.Buffer
	w, err := f.NewWriter(&out, o)
	if err != nil {
		return err
	}
	for i, line := range bytes.Split(bytes.TrimSpace(records), lineFeed) {
		group, err := c.group(line)
		if err != nil {
			return fmt.Errorf("records.jsonl:%d: %w", i+1, err)
		}
		var held *HeldError
		if err := w.WriteGroup(group); errors.As(err, &held) {
			for _, h := range held.Holds {
				writeJSON(&notes, "held", map[string]any{"group": i + 1, "reason": h.Reason, "field": h.Field, "value": h.Value, "detail": h.Detail})
			}
		} else if err != nil {
			return err
		}
	}
	sum, err := w.Close()
	if err == nil {
		err = f.Verify(bytes.NewReader(out.Bytes()), o, sum)
	}
	if err != nil {
		return err
	}
	name, err := f.FileName(o.Batch)
	if err != nil {
		return err
	}
	appendJSON(&notes, map[string]any{"written": map[string]any{"name": name, "rows": sum.Rows, "groups": sum.Groups}})
	want := "want" + path.Ext(name)
	c.r.Got[want], c.r.Got["want.jsonl"] = out.Bytes(), notes.Bytes()
	return errors.Join(c.compare("want.jsonl", nil), c.compare(want, w.e.cs))
}

var lineFeed = []byte{'\n'}

func (c *oneCase) group(line []byte) ([]record.Record, error) {
	var list []map[string]string
	if err := json.Unmarshal(line, &list); err != nil {
		return nil, err
	}
	var out []record.Record
	for _, m := range list {
		rec := record.New()
		for k, v := range m {
			f, ok := record.Lookup(k)
			if !ok {
				return nil, fmt.Errorf("there is no field %q (%s)", k, suggest(k, record.Names()))
			}
			rec[f] = v
		}
		for f, v := range c.o.Values {
			if rec[f] == "" {
				rec[f] = v
			}
		}
		out = append(out, rec)
	}
	return out, nil
}

// compare tells where a file differs from the one wanted.
func (c *oneCase) compare(name string, cs *charset.Charset) error {
	got := c.r.Got[name]
	want, err := c.read(name)
	if err != nil {
		return fmt.Errorf("%s is missing; update the case to write it", name)
	}
	if bytes.Equal(got, want) {
		return nil
	}
	if ext := path.Ext(name); ext == ".xlsx" || ext == ".xls" {
		return compareBooks(name, got, want)
	}
	a, b := caseLines(want, cs), caseLines(got, cs)
	for i := range max(len(a), len(b)) {
		if x, y := lineAt(a, i), lineAt(b, i); x != y {
			return fmt.Errorf("%s:%d:\nwant %s\ngot  %s", name, i+1, x, y)
		}
	}
	return fmt.Errorf("%s: the decoded lines are the same, the bytes are not: look at the byte form, line ends and byte order mark", name)
}

func lineAt(lines []string, i int) string {
	if i < len(lines) {
		return lines[i]
	}
	return "(no line)"
}

// caseLines splits text into lines, decoding it where it is in a charset. A line
// that cannot be decoded is shown as bytes.
func caseLines(b []byte, cs *charset.Charset) []string {
	var out []string
	for line := range bytes.Lines(b) {
		line = bytes.TrimRight(line, "\r\n")
		s := string(line)
		if cs != nil {
			var err error
			if s, err = cs.Decode(line); err != nil {
				s = fmt.Sprintf("%q", line)
			}
		}
		out = append(out, s)
	}
	return out
}
