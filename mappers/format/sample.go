package format

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/mallbridge/mallbridge/mappers/charset"
	"github.com/mallbridge/mallbridge/mappers/workbook"
	"github.com/mallbridge/mallbridge/order"
)

// A sample is the beginning of a customer's file, and what it looks like.
type sample struct {
	workbook  bool
	sheet     string
	charset   string
	why       string // why this charset
	delimiter string
	newline   string
	quote     string
	rows      [][]string
	first     int // row of the header, -1 without one

	filledRows [][]string // below the header
}

// How much of a sample is looked at.
const (
	sampleBytes   = 1 << 20
	sampleRows    = 500
	sampleColumns = 1000
)

func readSample(src Source, password string) (*sample, error) {
	kind, err := workbook.SniffReader(src.R, src.Size)
	if err != nil {
		return nil, err
	}
	s := &sample{}
	if kind == workbook.Text {
		err = s.text(src)
	} else {
		err = s.book(src, password)
	}
	if err != nil {
		return nil, err
	}
	if len(s.rows) == 0 {
		return nil, order.Errorf(order.Invalid, "give a file with a few rows", "%s: there are no rows", src.Name)
	}
	for _, r := range s.rows {
		if len(r) > sampleColumns {
			return nil, order.Errorf(order.Invalid, "check the delimiter", "%s: a row has %d columns, the limit is %d", src.Name, len(r), sampleColumns)
		}
	}
	s.findHeader()
	for _, r := range s.rows[s.first+1:] {
		if filled(r) > 0 {
			s.filledRows = append(s.filledRows, r)
		}
	}
	return s, nil
}

func (s *sample) book(src Source, password string) error {
	s.workbook = true
	r, err := workbook.Open(src.R, src.Size, workbook.Options{Password: password})
	if err != nil {
		return fmt.Errorf("%s: %w", src.Name, err)
	}
	defer r.Close()
	if sheets := r.Sheets(); len(sheets) > 1 {
		s.sheet = sheets[0]
	}
	for len(s.rows) < sampleRows {
		_, cells, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%s: %w", src.Name, err)
		}
		row := make([]string, len(cells))
		for i, c := range cells {
			row[i] = c.Text
		}
		s.rows = append(s.rows, row)
	}
	return nil
}

func (s *sample) text(src Source) error {
	b := make([]byte, min(src.Size, sampleBytes))
	if _, err := src.R.ReadAt(b, 0); err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("%s: %w", src.Name, err)
	}
	if int64(len(b)) < src.Size { // the last line may be cut
		if i := bytes.LastIndexByte(b, '\n'); i > 0 {
			b = b[:i+1]
		}
	}
	text, err := s.decode(b)
	if err != nil {
		return fmt.Errorf("%s: %w", src.Name, err)
	}
	s.newline = "lf"
	if strings.Contains(text, "\r\n") {
		s.newline = "crlf"
	}
	s.findDelimiter(text)
	r := csv.NewReader(strings.NewReader(text))
	r.Comma, r.LazyQuotes, r.FieldsPerRecord = rune(s.delimiter[0]), true, -1
	for len(s.rows) < sampleRows {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("%s: %w", src.Name, err)
		}
		s.rows = append(s.rows, row)
	}
	s.findQuotes(text)
	return nil
}

// decode finds a charset by a byte order mark, else UTF-8 by its form, else the
// one of cp932 and cp949 that gives the more plausible text.
func (s *sample) decode(b []byte) (string, error) {
	if bytes.HasPrefix(b, utf8BOM) {
		s.charset, s.why = "utf-8-bom", "it has a byte order mark"
		return string(b[len(utf8BOM):]), nil
	}
	if utf8.Valid(b) {
		s.charset, s.why = "utf-8", "every byte is valid UTF-8"
		if ascii(string(b)) {
			s.why = "it has only ASCII characters: ask"
		}
		return string(b), nil
	}
	best, text := 0.0, ""
	for _, name := range []string{"cp932", "cp949"} {
		cs, err := charset.Lookup(name)
		if err != nil {
			return "", err
		}
		t, err := cs.Decode(b)
		if err != nil {
			continue
		}
		if share := plausible(t, name); share > best {
			best, text = share, t
			s.charset, s.why = name, fmt.Sprintf("%.0f of 100 of its other characters are usual ones", share*100)
		}
	}
	if s.charset == "" {
		return "", order.Errorf(order.Invalid, "ask for the file as it was downloaded", "it is neither in UTF-8 nor in cp932 nor in cp949")
	}
	return text, nil
}

// plausible is the share of kana and usual kanji, or of syllables, among the
// characters beyond ASCII.
func plausible(s, name string) float64 {
	n, good := 0, 0
	for _, r := range s {
		if r < utf8.RuneSelf {
			continue
		}
		n++
		switch {
		case name == "cp949" && r >= '가' && r <= '힣':
			good++
		case name == "cp932" && (r >= 'ぁ' && r <= 'ヺ' || r >= '一' && r <= '龠' || r >= '！' && r <= '～'):
			good++
		}
	}
	if n == 0 {
		return 0
	}
	return float64(good) / float64(n)
}

// findDelimiter takes the character that most lines have, equally often.
func (s *sample) findDelimiter(text string) {
	best := -1
	s.delimiter = ","
	for _, d := range []string{",", "\t", ";", "|"} {
		counts := map[int]int{}
		for i, line := range strings.Split(text, "\n") {
			if i > 50 {
				break
			}
			if n := strings.Count(line, d); n > 0 {
				counts[n]++
			}
		}
		for n, lines := range counts {
			if score := lines * min(n, 20); score > best {
				best, s.delimiter = score, d
			}
		}
	}
}

func (s *sample) findQuotes(text string) {
	s.quote = "needed"
	line, _, _ := strings.Cut(text, "\n")
	line = strings.TrimRight(line, "\r")
	cells := len(s.rows[0])
	switch {
	case strings.Count(line, `"`) >= 2*cells:
		s.quote = "always"
	case !strings.Contains(text, `"`):
		s.quote = "needed" // never would hold values with a delimiter
	}
}

// findHeader takes the first of the widest rows for a header where its cells are
// words that occur once, and those below it are something else.
func (s *sample) findHeader() {
	s.first = -1
	width := 0
	for _, r := range s.rows {
		width = max(width, filled(r))
	}
	for i, r := range s.rows[:min(len(s.rows), 20)] {
		if filled(r)*10 < width*6 {
			continue
		}
		words := 0
		for _, c := range r {
			if c = strings.TrimSpace(c); c != "" && !valueLike(c) {
				words++
			}
		}
		if words*10 >= filled(r)*8 && (i+1 == len(s.rows) || !slices.Equal(r, s.rows[i+1])) {
			s.first = i
		}
		return
	}
}

func filled(r []string) int {
	n := 0
	for _, c := range r {
		if strings.TrimSpace(c) != "" {
			n++
		}
	}
	return n
}

// valueLike reports whether a cell can hardly be a title: numbers, dates, codes,
// addresses of mails.
func valueLike(s string) bool {
	digits := 0
	for _, r := range s {
		if r >= '0' && r <= '9' || r >= '０' && r <= '９' {
			digits++
		}
	}
	return digits*2 > utf8.RuneCountInString(s) || strings.Contains(s, "@")
}

// header returns the titles, "" for columns without one.
func (s *sample) header() []string {
	width := 0
	for _, r := range s.data() {
		width = max(width, len(r))
	}
	if s.first >= 0 {
		width = max(width, len(s.rows[s.first]))
	}
	out := make([]string, width)
	if s.first >= 0 {
		for i, c := range s.rows[s.first] {
			out[i] = strings.TrimSpace(strings.TrimPrefix(c, "\uFEFF"))
		}
	}
	for width > 0 && out[width-1] == "" && s.column(width-1).filled == 0 {
		width--
	}
	return out[:width]
}

// data returns the rows below the header that are not empty.
func (s *sample) data() [][]string { return s.filledRows }

// A sampleColumn is what the cells of a column have in common.
type sampleColumn struct {
	rows, filled int
	chars        int // of the longest
	form         string
	layout       string // of dates
	values       []string
	few          bool // the values are few enough to be codes
}

func (s *sample) column(i int) sampleColumn {
	c := sampleColumn{}
	count := map[string]int{}
	for _, r := range s.data() {
		c.rows++
		if i >= len(r) || strings.TrimSpace(r[i]) == "" {
			continue
		}
		v := strings.TrimSpace(r[i])
		c.filled++
		c.chars = max(c.chars, utf8.RuneCountInString(v))
		count[v]++
	}
	for v := range count {
		c.values = append(c.values, v)
	}
	slices.Sort(c.values)
	c.form, c.layout = formOf(c.values)
	c.few = c.filled >= 5 && len(c.values) <= 6 && (len(c.values) == 1 || len(c.values)*3 <= c.filled) && c.chars <= 12
	return c
}
