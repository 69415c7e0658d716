package formats_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mallbridge/mallbridge/mappers/format"
)

// TestGuess makes a format of the ordinary file of every built-in one that is read
// by its header, and reads the file with it: the same rows, whose keys are the same.
func TestGuess(t *testing.T) {
	s := set(t)
	tried := 0
	for _, in := range inputs() {
		f, err := s.Get(in.format)
		if err != nil {
			t.Fatal(err)
		}
		if f.Spec.Carry != nil {
			continue // which rows are no lines is for a person to say
		}
		if in.name != "ordinary" || in.password != "" || len(in.header) == 0 || f.Spec.File.Header != "names" {
			continue
		}
		b, err := os.ReadFile(filepath.Join(caseRoot, in.format, in.name, in.file))
		if err != nil {
			t.Fatal(err)
		}
		src := format.Bytes(in.file, b)
		g, err := format.Guess(src, format.GuessOptions{Name: "mine", Country: f.Spec.Country, Record: f.Spec.Record, Known: s})
		if err != nil {
			t.Errorf("%s: %v", in.format, err)
			continue
		}
		if !strings.Contains(string(g.YAML), "\n  charset: "+f.Charset().Name()) && strings.HasSuffix(in.file, ".csv") && f.Charset().Name() != "utf-8-bom" {
			t.Errorf("%s: another charset:\n%s", in.format, g.YAML)
		}
		if g.Err != nil {
			t.Logf("%s: to be done: %v", in.format, g.Err)
			continue
		}
		mine, err := format.Parse("mine.yaml", g.YAML)
		if err != nil {
			t.Fatal(err)
		}
		tried++
		sameRows(t, in, f, mine, src)
	}
	if tried < 20 {
		t.Errorf("only %d samples gave a format that can be used at once", tried)
	}
}

func sameRows(t *testing.T, in input, f, mine *format.Format, src format.Source) {
	t.Helper()
	o := format.ReadOptions{Place: format.Place{Country: in.country}}
	want, _, _, err := f.ReadAll(context.Background(), src, o)
	if err != nil {
		t.Fatal(err)
	}
	got, refused, _, err := mine.ReadAll(context.Background(), src, o)
	if err != nil || len(refused) > 0 {
		t.Errorf("%s: %v, refused %v", in.format, err, refused)
		return
	}
	// A filter of the built-in format is not guessed: mine may have more.
	keys := map[string]int{}
	for _, g := range got {
		keys[key(g)]++
	}
	for _, g := range want {
		if keys[key(g)]--; keys[key(g)] < 0 {
			t.Errorf("%s: the row %q is missing in %v", in.format, key(g), keys)
		}
	}
}

func key(g format.Group) string {
	r := g.Records[0]
	for _, f := range []string{"order.number", "shipment.tracking", "stock.sku", "instruction.number"} {
		if v := named(g.Records)[0][f]; v != "" {
			return strings.ReplaceAll(v, "-", "") // folds are not guessed
		}
	}
	return strings.Join(r, "|")
}

// TestGuessKeepsNoData looks for names, phones and addresses of the samples in what
// is written about them.
func TestGuessKeepsNoData(t *testing.T) {
	s := set(t)
	for _, in := range inputs() {
		if in.password != "" || len(in.header) == 0 {
			continue
		}
		b, err := os.ReadFile(filepath.Join(caseRoot, in.format, in.name, in.file))
		if err != nil {
			t.Fatal(err)
		}
		for _, out := range []bool{false, true} {
			g, err := format.Guess(format.Bytes(in.file, b), format.GuessOptions{Name: "mine", Known: s, Out: out})
			if err != nil {
				continue
			}
			_, body, _ := strings.Cut(string(g.YAML), "columns:")
			for _, secret := range []string{"見本 ", "見本太郎", "花子", "090-0000", "010-0000", "한가온", "見本町", "새솔로", "@example"} {
				if strings.Contains(body, secret) {
					t.Errorf("%s/%s: %q is in the format:\n%s", in.format, in.name, secret, body)
				}
			}
		}
	}
}

// TestRecognise finds the format of every ordinary file that has a header.
func TestRecognise(t *testing.T) {
	s := set(t)
	var names []string
	for _, n := range s.Names() {
		if f, err := s.Get(n); err == nil && f.Reads() && f.Spec.File.Header == "names" {
			names = append(names, n)
		}
	}
	for _, in := range inputs() {
		f, err := s.Get(in.format)
		if err != nil {
			t.Fatal(err)
		}
		if in.name != "ordinary" || f.Spec.File.Header != "names" {
			continue
		}
		b, err := os.ReadFile(filepath.Join(caseRoot, in.format, in.name, in.file))
		if err != nil {
			t.Fatal(err)
		}
		got, err := s.Recognise(format.Bytes(in.file, b), format.ReadOptions{Password: in.password}, names...)
		if err != nil || got.Spec.Record != f.Spec.Record {
			t.Errorf("%s is taken for %v (%v)", in.format, got, err)
			continue
		}
		if got != f {
			t.Logf("%s is taken for %s", in.format, got.Name())
		}
	}
}
