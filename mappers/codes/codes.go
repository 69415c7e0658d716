// Package codes holds the codes of carriers, time bands, temperature classes and
// payment methods at malls, carriers and order systems: tables that are built in as
// CSV and that a workspace overrides row by row.
//
// A table belongs to one system (rakuten, yahoo, yamato, sagawa-six …). Codes of
// different systems are never mixed: 1028 is Rakuten EXPRESS at Rakuten and JP
// Logistics at Yahoo!, cooling 1 is frozen at Yamato and chilled at Japan Post.
package codes

import (
	"embed"
	"encoding/csv"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/mallbridge/mallbridge/mappers/tracking"
)

// A Kind is what the codes of a table stand for.
type Kind string

// The kinds.
const (
	Carriers     Kind = "carriers"
	TimeBands    Kind = "time-bands"
	Temperatures Kind = "temperatures"
	Payments     Kind = "payments"
)

// Kinds lists the kinds.
func Kinds() []Kind { return []Kind{Carriers, TimeBands, Temperatures, Payments} }

// NoBand is how the tables of time bands write that there is no wish; in a [Table]
// it is the empty band.
const NoBand = "none"

// The uses of a row.
const (
	UseBoth = ""    // read and written
	UseIn   = "in"  // only read: an older or a second code of the same thing
	UseOut  = "out" // only written: the system has one code for several things
)

// A Row is one code of one system.
type Row struct {
	System string
	Ours   string // our code of the thing
	Code   string // the system's
	Name   string // what the system calls it, where its files write that
	Use    string
	Line   int // of the file, from 1
}

// A Carrier is what is known of a carrier wherever it is used.
type Carrier struct {
	Code    string
	Country string            // ISO 3166 alpha-2, empty for carriers of no one country
	Title   map[string]string // by language: en, ja, ko
	Form    tracking.Form     // of its tracking numbers
	Line    int
}

// A Finding is one fault of a row.
type Finding struct {
	Line   int
	Column string
	Value  string
	Why    string
	Hint   string
}

// A Set is all tables. It does not change and may be used by several goroutines.
type Set struct {
	carriers map[string]Carrier
	order    []string
	rows     map[Kind][]Row // own ones before those built in
	tables   map[Kind]map[string]*Table
}

// A Table is the codes of one kind at one system.
type Table struct {
	Kind   Kind
	System string
	rows   []Row
	out    map[string]int // by our code, into rows
	in     map[string]int // by the system's code
	named  map[string]int // by the system's name
}

//go:embed *.csv
var files embed.FS

// Builtin returns the tables that come with the program.
var Builtin = sync.OnceValue(func() *Set {
	s, found := builtin()
	if len(found) > 0 {
		panic(fmt.Sprintf("codes: %+v", found)) // a test reads them all
	}
	return s
})

// kinds tells by kind the file that is built in and its column of our code.
var kinds = map[Kind]struct{ file, ours string }{
	Carriers:     {"carrier-codes.csv", "carrier"},
	TimeBands:    {"time-band-codes.csv", "band"},
	Temperatures: {"temperature-codes.csv", "temperature"},
	Payments:     {"payments.csv", "payment"},
}

func builtin() (*Set, []Finding) {
	var carriers []Carrier
	var all []Finding
	for i, r := range table("carriers.csv") {
		form, err := tracking.ParseForm(r["form"])
		if err != nil {
			all = append(all, Finding{i + 2, "form", r["form"], err.Error(), ""})
		}
		carriers = append(carriers, Carrier{r["carrier"], r["country"], map[string]string{"en": r["en"], "ja": r["ja"], "ko": r["ko"]}, form, i + 2})
	}
	s, found := new(Set).WithCarriers(carriers)
	all = append(all, found...)
	for _, k := range Kinds() {
		var rows []Row
		for i, r := range table(kinds[k].file) {
			rows = append(rows, Row{r["system"], r[kinds[k].ours], r["code"], r["name"], r["use"], i + 2})
		}
		s, found = s.With(k, rows)
		all = append(all, found...)
	}
	return s, all
}

// table reads an embedded file by its header.
func table(name string) []map[string]string {
	f, err := files.Open(name)
	if err != nil {
		panic(err) // it is embedded
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		panic(err)
	}
	out := make([]map[string]string, 0, len(rows))
	for _, row := range rows[1:] {
		m := make(map[string]string, len(row))
		for i, v := range row {
			m[rows[0][i]] = v
		}
		out = append(out, m)
	}
	return out
}

// WithCarriers returns s with carriers added; one that is known already is replaced.
// Those with findings are left out.
func (s *Set) WithCarriers(list []Carrier) (*Set, []Finding) {
	out := s.clone()
	first := map[string]int{}
	var all []Finding
	for _, c := range list {
		switch line, twice := first[c.Code]; {
		case !isName(c.Code):
			all = append(all, Finding{c.Line, "carrier", c.Code, "is no code of a carrier", "use small letters, digits and hyphens, as yamato"})
			continue
		case twice:
			all = append(all, Finding{c.Line, "carrier", c.Code, fmt.Sprintf("is there already in line %d", line), "keep one of the two lines"})
			continue
		}
		first[c.Code] = c.Line
		if _, known := out.carriers[c.Code]; !known {
			out.order = append(out.order, c.Code)
		}
		out.carriers[c.Code] = c
	}
	return out, all
}

// With returns s with rows that go before those it has: where they name a code for
// one of ours it is the one that is written, and where they name one of ours for a
// code it is what is read. Rows with findings are left out.
func (s *Set) With(kind Kind, rows []Row) (*Set, []Finding) {
	out := s.clone()
	var all []Finding
	good := make([]Row, 0, len(rows)+len(s.rows[kind]))
	seen := claims{}
	for _, r := range rows {
		if f := out.check(kind, &r, seen); len(f) > 0 {
			all = append(all, f...)
			continue
		}
		good = append(good, r)
	}
	out.rows[kind] = append(good, s.rows[kind]...)
	out.index(kind)
	return out, all
}

func (s *Set) clone() *Set {
	out := &Set{carriers: map[string]Carrier{}, order: slices.Clone(s.order), rows: map[Kind][]Row{}, tables: map[Kind]map[string]*Table{}}
	maps.Copy(out.carriers, s.carriers)
	maps.Copy(out.rows, s.rows)
	maps.Copy(out.tables, s.tables)
	return out
}

// Bands lists our time bands: am is 8 to 12 o'clock, pm the afternoon without
// hours, the others are start and end hour.
func Bands() []string {
	return []string{"am", "pm", "1214", "1416", "1618", "1820", "1821", "1921", "2021"}
}

// known lists what may stand in the column of our code; nil for carriers.
func known(kind Kind) []string {
	switch kind {
	case TimeBands:
		return append(Bands(), NoBand)
	case Temperatures:
		return []string{"normal", "chilled", "frozen"}
	case Payments:
		return []string{"prepaid", "cod", "deferred"}
	}
	return nil
}

// claims are what rows of one file say already, with their lines.
type claims map[[3]string]int

func (s *Set) check(kind Kind, r *Row, seen claims) []Finding {
	var all []Finding
	wrong := func(column, value, hint, format string, args ...any) {
		all = append(all, Finding{r.Line, column, value, fmt.Sprintf(format, args...), hint})
	}
	if !isName(r.System) {
		wrong("system", r.System, "use small letters, digits and hyphens, as rakuten", "is no name of a system")
	}
	column := kinds[kind].ours
	if list := known(kind); list == nil {
		if _, ok := s.carriers[r.Ours]; !ok {
			wrong(column, r.Ours, "use one of the documentation's list of carriers, or add it to masters/carriers.csv", "is not a carrier")
		}
	} else if !slices.Contains(list, r.Ours) {
		wrong(column, r.Ours, "use one of "+strings.Join(list, ", "), "is not known")
	}
	if r.Code == "" && r.Name == "" && r.Ours != NoBand {
		wrong("code", "", "write the system's code", "the code is empty")
	}
	if r.Use != UseBoth && r.Use != UseIn && r.Use != UseOut {
		wrong("use", r.Use, "leave it empty, or write in or out", "is not known")
	}
	if len(all) > 0 || kind == Payments { // a payment has as many names as shops give it
		return all
	}
	claim := func(way, what, hint, format string) {
		k := [3]string{way, r.System, what}
		if line, taken := seen[k]; taken {
			wrong("code", r.Code, hint, format, line)
			return
		}
		seen[k] = r.Line
	}
	if r.Use != UseIn {
		claim(UseOut, r.Ours, "write in for the one that is only read", "line %d has another code for the same thing")
	}
	if r.Use != UseOut && r.Code != "" {
		claim(UseIn, r.Code, "write out for what is only written", "is something else in line %d")
	}
	if kind == TimeBands && r.Ours == NoBand {
		r.Ours = ""
	}
	return all
}

func (s *Set) index(kind Kind) {
	tables := map[string]*Table{}
	for _, r := range s.rows[kind] {
		t := tables[r.System]
		if t == nil {
			t = &Table{Kind: kind, System: r.System, out: map[string]int{}, in: map[string]int{}, named: map[string]int{}}
			tables[r.System] = t
		}
		n := len(t.rows)
		t.rows = append(t.rows, r)
		enter := func(m map[string]int, key string) {
			if _, taken := m[key]; !taken {
				m[key] = n
			}
		}
		if r.Use != UseIn {
			enter(t.out, r.Ours)
		}
		if r.Use != UseOut {
			if r.Code != "" || r.Ours == "" {
				enter(t.in, r.Code)
			}
			if r.Name != "" {
				enter(t.named, r.Name)
			}
		}
	}
	s.tables[kind] = tables
}

// Carrier returns what is known of a carrier.
func (s *Set) Carrier(code string) (Carrier, bool) {
	c, ok := s.carriers[code]
	return c, ok
}

// CarrierCodes lists our codes of carriers, those built in first.
func (s *Set) CarrierCodes() []string { return slices.Clone(s.order) }

// CheckNumber says why a tracking number cannot be one of the carrier; nil where it
// can, and where nothing is known of the carrier's numbers. number is as
// [tracking.Normalise] gives it.
func (s *Set) CheckNumber(carrier, number string) error {
	c := s.carriers[carrier]
	if err := c.Form.Check(number); err != nil {
		return fmt.Errorf("%s: %w", c.Title["en"], err)
	}
	return nil
}

// Systems lists the systems of a kind, sorted.
func (s *Set) Systems(kind Kind) []string { return slices.Sorted(maps.Keys(s.tables[kind])) }

// Table returns the codes of a kind at a system.
func (s *Set) Table(kind Kind, system string) (*Table, bool) {
	t, ok := s.tables[kind][system]
	return t, ok
}

// Code returns the system's code of one of ours.
func (t *Table) Code(ours string) (string, bool) {
	if i, ok := t.out[ours]; ok {
		return t.rows[i].Code, true
	}
	return "", false
}

// Name returns what the system calls one of ours; false where no name is known.
func (t *Table) Name(ours string) (string, bool) {
	if i, ok := t.out[ours]; ok && t.rows[i].Name != "" {
		return t.rows[i].Name, true
	}
	return "", false
}

// Ours returns our code for the system's.
func (t *Table) Ours(code string) (string, bool) {
	if i, ok := t.in[code]; ok {
		return t.rows[i].Ours, true
	}
	return "", false
}

// Rows lists the rows of the table, those of a workspace first.
func (t *Table) Rows() []Row { return slices.Clone(t.rows) }

// Written maps our codes to the system's, or to its names.
func (t *Table) Written(named bool) map[string]string {
	m := make(map[string]string, len(t.out))
	for ours, i := range t.out {
		if !named {
			m[ours] = t.rows[i].Code
		} else if t.rows[i].Name != "" {
			m[ours] = t.rows[i].Name
		}
	}
	return m
}

// Read maps the system's codes, or its names, to ours.
func (t *Table) Read(named bool) map[string]string {
	from := t.in
	if named {
		from = t.named
	}
	m := make(map[string]string, len(from))
	for code, i := range from {
		m[code] = t.rows[i].Ours
	}
	return m
}

// SystemOf names the system whose codes a mall uses.
func SystemOf(mall string) string {
	if mall == "yahoo-shopping" || mall == "yahoo-auction" {
		return "yahoo"
	}
	return mall
}

func isName(s string) bool {
	return s != "" && s[0] != '-' && s[len(s)-1] != '-' && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}
