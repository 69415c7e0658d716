package sheet

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// texts returns the values of a block.
func texts(b *Block) [][]string {
	var out [][]string
	for i := range b.Rows() {
		var row []string
		for _, s := range b.Row(i) {
			row = append(row, string(s.Append(nil, b.Data)))
		}
		out = append(out, row)
	}
	return out
}

func TestSplit(t *testing.T) {
	for name, c := range map[string]struct {
		in        string
		d         Dialect
		want      [][]string
		irregular bool
		open      bool
		bare      bool
	}{
		"plain":              {"a,b\r\nc,d\r\n", Dialect{}, [][]string{{"a", "b"}, {"c", "d"}}, false, false, false},
		"no last line end":   {"a,b\nc,d", Dialect{}, [][]string{{"a", "b"}, {"c", "d"}}, false, false, true},
		"mixed line ends":    {"a\nb\r\nc\n", Dialect{}, [][]string{{"a"}, {"b"}, {"c"}}, false, false, false},
		"quotes":             {"\"a,\"\"b\"\"\",\"x\r\ny\"\r\n", Dialect{}, [][]string{{`a,"b"`, "x\r\ny"}}, false, false, false},
		"empty fields":       {",\"\",\n,", Dialect{}, [][]string{{"", "", ""}, {"", ""}}, false, false, true},
		"empty lines":        {"a\n\n\r\nb\n", Dialect{}, [][]string{{"a"}, {""}, {""}, {"b"}}, false, false, false},
		"bare quote":         {"7\"x,b\nc,d\n", Dialect{}, [][]string{{`7"x`, "b"}, {"c", "d"}}, true, false, false},
		"text behind quotes": {"\"a\"b,c\nd,e\n", Dialect{}, [][]string{{`a"b`, "c"}, {"d", "e"}}, true, false, false},
		"open quotes":        {"a,\"b\nc\n", Dialect{}, [][]string{{"a", "b\nc\n"}}, false, true, true},
		"tabs":               {"a,b\tc\n", Dialect{Delimiter: '\t'}, [][]string{{"a,b", "c"}}, false, false, false},
		"no quotes":          {"\"a,b\"\n\"\n", Dialect{NoQuotes: true}, [][]string{{`"a`, `b"`}, {`"`}}, false, false, false},
		"CR inside":          {"a\rb,c\r\n", Dialect{}, [][]string{{"a\rb", "c"}}, false, false, false},
		"cp932 trail bytes":  {"\x95\x5C,\x83\x7C\n", Dialect{}, [][]string{{"\x95\x5C", "\x83\x7C"}}, false, false, false},
		"nothing":            {"", Dialect{}, nil, false, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			var b Block
			b.Split([]byte(c.in), c.d)
			if d := cmp.Diff(c.want, texts(&b)); d != "" {
				t.Error(d)
			}
			if b.Irregular != c.irregular || b.Open != c.open || b.Bare != c.bare {
				t.Errorf("irregular %v open %v bare %v", b.Irregular, b.Open, b.Bare)
			}
		})
	}
}

func TestLines(t *testing.T) {
	var b Block
	b.Split([]byte("a,\"x\ny\"\n\"b\nc\",d\ne,f\n"), Dialect{})
	for i, want := range []int{0, 2, 4} {
		if got := b.LinesBefore(i); got != want {
			t.Errorf("row %d begins on line %d, want %d", i, got, want)
		}
	}
	if got := string(b.Raw(1)); got != "\"b\nc\",d" {
		t.Errorf("raw row %q", got)
	}
}

func TestSplitFixed(t *testing.T) {
	var b Block
	b.SplitFixed([]byte("abcde\r\nab\r\n\r\nabcdefg"), []int{2, 3}, 0)
	if d := cmp.Diff([][]string{{"ab", "cde"}, {"ab"}, {""}, {"ab", "cde", "fg"}}, texts(&b)); d != "" {
		t.Error(d)
	}
	b.SplitFixed([]byte("abcdeABCDE"), []int{2, 3}, 5)
	if d := cmp.Diff([][]string{{"ab", "cde"}, {"AB", "CDE"}}, texts(&b)); d != "" {
		t.Error(d)
	}
}

func TestHugeField(t *testing.T) {
	var b Block
	b.Split([]byte(strings.Repeat("x", MaxField+1)+",y\n"), Dialect{})
	s := b.Row(0)[0]
	if s.Len() != MaxField || s.Marks()&Huge == 0 {
		t.Errorf("len %d, marks %b", s.Len(), s.Marks())
	}
	if got := string(b.Row(0)[1].Bytes(b.Data)); got != "y" {
		t.Errorf("next field %q", got)
	}
}

func TestRowTooLong(t *testing.T) {
	in := "a,b\n\"" + strings.Repeat("x\n", MaxRow)
	c := NewChunks(strings.NewReader(in), int64(len(in)), ChunkOptions{})
	for {
		ch, err := c.Next()
		if err == nil {
			ch.Release()
			continue
		}
		var le *LimitError
		if !errors.As(err, &le) || le.Line != 2 {
			t.Errorf("error %v", err)
		}
		return
	}
}

// chunked splits in chunk by chunk.
func chunked(t interface{ Fatal(...any) }, in []byte, size int, exact bool) ([][]string, bool) {
	c := NewChunks(bytes.NewReader(in), int64(len(in)), ChunkOptions{Size: size, Exact: exact})
	var out [][]string
	line := int64(1)
	for {
		ch, err := c.Next()
		if errors.Is(err, io.EOF) {
			return out, true
		}
		if err != nil {
			t.Fatal(err)
		}
		if ch.Line != line {
			t.Fatal("a chunk begins on line", ch.Line, "not", line)
		}
		line += int64(bytes.Count(ch.Data, lf))
		var b Block
		b.Split(ch.Data, Dialect{})
		if b.Irregular || b.Open && !ch.Last {
			if !exact {
				return nil, false
			}
		}
		out = append(out, texts(&b)...)
		ch.Release()
	}
}

// Chunks of every size give the rows of the whole.
func TestChunks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := []byte(rapid.StringMatching(`([a"\n\r,][a",\n\r]{0,6}("[a,\r\n]{0,20}")?[,\n]?){0,30}`).Draw(t, "in"))
		if bytes.IndexByte(in, '\n') < 0 && bytes.IndexByte(in, '\r') >= 0 {
			return // read as lines that end with CR
		}
		size := rapid.IntRange(1, 64).Draw(t, "size")
		var b Block
		b.Split(in, Dialect{})
		want := texts(&b)
		got, ok := chunked(t, in, size, false)
		if !ok {
			got, _ = chunked(t, in, size, true)
		}
		if d := cmp.Diff(want, got); d != "" && !onlyCR(in, size) {
			t.Fatal(d)
		}
	})
}

// onlyCR reports whether the first bytes look as if rows ended with CR alone.
func onlyCR(in []byte, size int) bool {
	head := in[:min(size, len(in))]
	return bytes.IndexByte(head, '\r') >= 0 && bytes.IndexByte(head, '\n') < 0
}

func TestOnlyCR(t *testing.T) {
	got, ok := chunked(t, []byte("a,b\rc,d\r"), 0, false)
	if d := cmp.Diff([][]string{{"a", "b"}, {"c", "d"}}, got); d != "" || !ok {
		t.Error(d)
	}
}

// A chunk that ends between CR and LF says nothing about the line ends.
func TestCutLineEnd(t *testing.T) {
	got, ok := chunked(t, []byte("a,b\r\nc,\"d\re\"\r\n"), 4, false)
	if d := cmp.Diff([][]string{{"a", "b"}, {"c", "d\re"}}, got); d != "" || !ok {
		t.Error(d)
	}
}

func TestEndMark(t *testing.T) {
	got, _ := chunked(t, []byte("a,b\r\n\x1A"), 0, false)
	if d := cmp.Diff([][]string{{"a", "b"}}, got); d != "" {
		t.Error(d)
	}
}

func TestSplitHeads(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := []byte(rapid.StringMatching(`([ab]{0,3}[,\n\r]{0,2}|[ab]{0,20}髙?,){0,20}("[a,\r\n]{0,5}")?[,\n]?`).Draw(t, "in"))
		n := rapid.IntRange(0, 4).Draw(t, "n")
		var whole, heads Block
		whole.Split(in, Dialect{})
		heads.SplitHeads(in, Dialect{}, n)
		a, b := texts(&whole), texts(&heads)
		if len(a) != len(b) || whole.Bare != heads.Bare || whole.Irregular != heads.Irregular || whole.Open != heads.Open {
			t.Fatalf("%q: %d rows, not %d, or other marks", in, len(b), len(a))
		}
		for i := range a {
			want := min(len(a[i]), max(n, 1))
			if len(b[i]) < want || !slices.Equal(a[i][:want], b[i][:want]) || whole.Offset(i) != heads.Offset(i) {
				t.Fatalf("%q: row %d is %q, want %q", in, i, b[i], a[i])
			}
		}
	})
}

// TestSplitRegular compares the two ways of splitting.
func TestSplitRegular(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		long := rapid.SampledFrom([]string{"", strings.Repeat("x", 50), strings.Repeat("髙", 21), strings.Repeat(`"",`, 30)}).Draw(t, "long")
		in := []byte(strings.ReplaceAll(rapid.StringMatching(`(("([ab,\r\n]|""|L){0,9}"|[abL]{0,9})(,|\n|\r\n)){0,30}[",\r\nab]{0,2}`).Draw(t, "in"), "L", long))
		d := Dialect{Delimiter: rapid.SampledFrom([]byte{0, '\t', 'b'}).Draw(t, "delimiter")}
		if d.Delimiter != 0 {
			in = bytes.ReplaceAll(in, []byte{','}, []byte{d.Delimiter})
		}
		var want, got Block
		want.byField(in, d)
		if regular := got.regular(in, d.delimiter(), math.MaxInt, 0); regular == (want.Irregular || want.Open) {
			t.Fatalf("%q: regular is %v", in, regular)
		} else if regular && (!slices.Equal(want.Spans, got.Spans) || !slices.Equal(want.Ends, got.Ends) || want.Bare != got.Bare) {
			t.Fatalf("%q:\n%q\nwant\n%q", in, texts(&got), texts(&want))
		}
		if bytes.IndexByte(in, '"') < 0 {
			var heads Block
			if heads.heads(in, d.delimiter(), math.MaxInt, 0); !slices.Equal(heads.Spans, got.Spans) || !slices.Equal(heads.Ends, got.Ends) || heads.Bare != got.Bare {
				t.Fatalf("%q:\n%q\nwant\n%q", in, texts(&heads), texts(&got))
			}
		}
	})
}

func TestSplitEven(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		field := rapid.SampledFrom([]string{"", "a", "ab", "a\rb", "abcdefg", "abcdefgh", "a long field 髙", "\r", `"a"`, `"a,""b"""`, "\"a\nb\""})
		width := rapid.IntRange(1, 6).Draw(t, "width")
		odd := rapid.SampledFrom([]string{"", "", "", "\n", "a", ",", "\"", "\"\"\n"}).Draw(t, "odd")
		var text strings.Builder
		for range rapid.IntRange(0, 5).Draw(t, "rows") {
			text.WriteString(strings.Join(rapid.SliceOfN(field, width, width).Draw(t, "row"), ",") + rapid.SampledFrom([]string{"\n", "\r\n"}).Draw(t, "end"))
		}
		in := []byte(text.String() + odd)
		n := rapid.IntRange(1, width).Draw(t, "n")
		d := Dialect{NoQuotes: rapid.Bool().Draw(t, "no quotes")}
		var whole, even Block
		whole.Split(in, d)
		want := !whole.Irregular && !whole.Open
		for i := range whole.Rows() {
			want = want && len(whole.Row(i)) == width
		}
		if got := even.SplitEven(in, d, n, width); got != want {
			t.Fatalf("%q in %d columns: %v", in, width, got)
		}
		if !want {
			return
		}
		a, b := texts(&whole), texts(&even)
		if len(a) != len(b) || whole.Bare != even.Bare {
			t.Fatalf("%q: %d rows, not %d, or other marks", in, len(b), len(a))
		}
		for i := range a {
			if !slices.Equal(a[i][:n], b[i]) || whole.Offset(i) != even.Offset(i) || !bytes.Equal(whole.Raw(i), even.Raw(i)) {
				t.Fatalf("%q: row %d is %q, want %q", in, i, b[i], a[i][:n])
			}
		}
	})
}

// FuzzSplit compares with encoding/csv wherever both take the text.
func FuzzSplit(f *testing.F) {
	for _, s := range []string{"a,b\n", "\"a\"\"b\",c\r\n", "a,\"b\nc\"\n", "\n\n,", "a\r\n\"", "x,7\"y\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		var b Block
		b.Split(in, Dialect{})
		n := 0
		for i := range b.Rows() {
			n += len(b.Row(i))
		}
		if n != len(b.Spans) {
			t.Fatalf("%d fields in rows, %d in all", n, len(b.Spans))
		}
		if b.Irregular || b.Open || bytes.IndexByte(in, '\r') >= 0 {
			return
		}
		r := csv.NewReader(bytes.NewReader(in))
		r.FieldsPerRecord = -1
		want, err := r.ReadAll()
		if err != nil {
			t.Fatalf("encoding/csv refuses what is regular: %v", err)
		}
		var got [][]string
		for _, row := range texts(&b) {
			if len(row) > 1 || row[0] != "" {
				got = append(got, row)
			}
		}
		// encoding/csv leaves out lines without a byte, not rows of one empty quoted field.
		var kept [][]string
		for _, row := range want {
			if len(row) > 1 || row[0] != "" {
				kept = append(kept, row)
			}
		}
		if d := cmp.Diff(kept, got); d != "" {
			t.Error(d)
		}
	})
}

func TestAppendQuoted(t *testing.T) {
	if got := string(AppendQuoted(nil, []byte(`a"b`))); got != `"a""b"` {
		t.Error(got)
	}
	for s, want := range map[string]bool{"": false, "a": false, "a,b": true, `a"`: true, " a": true, "a ": true, "a\nb": true, "a\rb": true, "東京,": true} {
		if NeedsQuotes(s, ',') != want {
			t.Errorf("%q", s)
		}
	}
	if !NeedsQuotes("a|b", '|') {
		t.Error("a delimiter beyond the comma")
	}
}

func benchText() []byte {
	row := `"398765-20260101-00000001",300,1,"","2026-01-01 10:00:00",` + strings.Repeat(`"text of a field",12,`, 25) + "x\r\n"
	return []byte(strings.Repeat(row, 2000))
}

// BenchmarkSplit reports how many times faster than encoding/csv splitting is.
func BenchmarkSplit(b *testing.B) {
	in := benchText()
	b.SetBytes(int64(len(in)))
	var blk Block
	for b.Loop() {
		blk.Split(in, Dialect{})
	}
	ours := b.Elapsed().Nanoseconds() / int64(max(b.N, 1))
	start := time.Now()
	const rounds = 5
	for range rounds {
		r := csv.NewReader(bytes.NewReader(in))
		r.ReuseRecord = true
		for {
			if _, err := r.Read(); err != nil {
				break
			}
		}
	}
	b.ReportMetric(float64(time.Since(start).Nanoseconds()/rounds)/float64(ours), "x-encoding/csv")
}
