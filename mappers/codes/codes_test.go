package codes

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/mallbridge/mallbridge/order"
)

func TestBuiltinTablesHaveNoFaults(t *testing.T) {
	if _, found := builtin(); len(found) > 0 {
		t.Errorf("%+v", found)
	}
	for _, k := range Kinds() {
		if len(Builtin().Systems(k)) < 4 {
			t.Errorf("%s: only %v", k, Builtin().Systems(k))
		}
	}
	var classes []string
	for _, c := range []order.Temperature{order.Normal, order.Chilled, order.Frozen} {
		classes = append(classes, string(c))
	}
	if !slices.Equal(classes, known(Temperatures)) {
		t.Errorf("temperature classes are %v", classes)
	}
}

// Every code that is written is read back as what it was written for, unless the
// system has one code for several things.
func TestEachCodeThereAndBack(t *testing.T) {
	n := 0
	for _, k := range []Kind{Carriers, TimeBands, Temperatures} {
		for _, system := range Builtin().Systems(k) {
			table, _ := Builtin().Table(k, system)
			for _, r := range table.Rows() {
				n++
				code, writes := table.Code(r.Ours)
				back, reads := table.Ours(r.Code)
				switch r.Use {
				case UseBoth:
					if !writes || code != r.Code || !reads || back != r.Ours {
						t.Errorf("%s %s: %s is written %q and %q is read as %q", k, system, r.Ours, code, r.Code, back)
					}
				case UseIn:
					if !reads || back != r.Ours {
						t.Errorf("%s %s: %q is read as %q, not %s", k, system, r.Code, back, r.Ours)
					}
				case UseOut:
					if !writes || code != r.Code {
						t.Errorf("%s %s: %s is written %q, not %q", k, system, r.Ours, code, r.Code)
					}
				}
			}
			for ours, code := range table.Written(false) {
				if want, _ := table.Code(ours); want != code {
					t.Errorf("%s %s: %s", k, system, ours)
				}
			}
			for code, ours := range table.Read(false) {
				if want, _ := table.Ours(code); want != ours {
					t.Errorf("%s %s: %s", k, system, code)
				}
			}
		}
	}
	if n < 380 {
		t.Errorf("only %d rows", n)
	}
}

func code(t *testing.T, k Kind, system, ours string) string {
	t.Helper()
	table, ok := Builtin().Table(k, system)
	if !ok {
		t.Fatalf("%s has no codes of %s", system, k)
	}
	c, _ := table.Code(ours)
	return c
}

func meaning(t *testing.T, k Kind, system, code string) string {
	t.Helper()
	table, ok := Builtin().Table(k, system)
	if !ok {
		t.Fatalf("%s has no codes of %s", system, k)
	}
	ours, _ := table.Ours(code)
	return ours
}

// Where systems disagree, each has its own.
func TestSystemsDisagree(t *testing.T) {
	for _, c := range []struct {
		kind         Kind
		system, code string
		want         string
	}{
		{Temperatures, "yamato", "1", "frozen"},
		{Temperatures, "yamato", "2", "chilled"},
		{Temperatures, "japanpost", "1", "chilled"},
		{Temperatures, "japanpost", "2", "frozen"},
		{Temperatures, "sagawa", "002", "chilled"},
		{Temperatures, "sagawa", "003", "frozen"},
		{Temperatures, "sagawa", "001", "normal"},

		{Carriers, "rakuten", "1028", "rakuten-express"},
		{Carriers, "yahoo", "1028", "jp-logistics"},
		{Carriers, "rakuten", "1029", "japanpost-rsl"},
		{Carriers, "yahoo", "1029", "magical-move"},
		{Carriers, "rakuten", "1030", "yamato-yupacket"},
		{Carriers, "yahoo", "1030", ""},
		{Carriers, "rakuten", "5001", ""},
		{Carriers, "yahoo", "103", "yamato"}, // orders up to 2018-09
		{Carriers, "rakuten", "103", ""},

		{Carriers, "smartstore", "HYUNDAI", "lotte"},
		{Carriers, "coupang", "HYUNDAI", "lotte"},
		{Carriers, "smartstore", "KGB", "logen"},
		{Carriers, "coupang", "KGB", "logen"},
		{Carriers, "coupang", "KGBLS", "kgb-logis"}, // another company
		{Carriers, "coupang", "KOREX", "cj"},        // merged into it
		{Carriers, "smartstore", "CVSNET", "cvs"},
		{Carriers, "coupang", "CVS", "cvs"},

		{Carriers, "elevenst", "00034", "cj"},
		{Carriers, "elevenst", "34", ""}, // zeros are part of the code
		{Carriers, "elevenst", "00007", "epost"},
		{Carriers, "elevenst", "00001", ""}, // of old implementations

		{TimeBands, "yamato", "0812", "am"},
		{TimeBands, "yamato", "812", ""},
		{TimeBands, "rakuten", "812", "am"},
		{TimeBands, "sagawa-six", "18", "1820"},
		{TimeBands, "sagawa-five", "04", "1821"},
		{TimeBands, "japanpost", "00", ""},
	} {
		if got := meaning(t, c.kind, c.system, c.code); got != c.want {
			t.Errorf("%s %s %s is %q, want %q", c.system, c.kind, c.code, got, c.want)
		}
	}
	// Registered mail goes under the code of parcels at 11st, and Amazon has one for all
	// that it does not know.
	if code(t, Carriers, "elevenst", "registpost") != "00007" || code(t, Carriers, "amazon", "fukuyama") != "Other" {
		t.Error("codes that stand for several carriers are not written")
	}
}

// A wish that a carrier cannot serve has no code: it is not that of the next window.
func TestWishesThatACarrierCannotServe(t *testing.T) {
	for system, bands := range map[string][]string{
		"yamato":      {"1214", "1821", "2021", "pm"},
		"sagawa-six":  {"1821", "2021", "pm"},
		"sagawa-five": {"1820", "1921", "2021", "pm"},
		"japanpost":   {"1821", "2021", "pm"},
	} {
		table, _ := Builtin().Table(TimeBands, system)
		for _, b := range bands {
			if c, ok := table.Code(b); ok {
				t.Errorf("%s writes %s for %s", system, c, b)
			}
		}
		var served []string
		for _, b := range Bands() {
			if _, ok := table.Code(b); ok {
				served = append(served, b)
			}
		}
		if len(served)+len(bands) != len(Bands()) {
			t.Errorf("%s: %v", system, served)
		}
	}
}

func TestOwnRowsGoFirst(t *testing.T) {
	form := Builtin().carriers["cj"].Form
	set, found := Builtin().WithCarriers([]Carrier{{Code: "local", Title: map[string]string{"en": "Local"}, Form: form, Line: 2}})
	if len(found) > 0 {
		t.Fatal(found)
	}
	set, found = set.With(Carriers, []Row{
		{System: "rakuten", Ours: "local", Code: "1000", Line: 2},
		{System: "shopify", Ours: "yamato", Code: "Yamato (EN)", Line: 3},
		{System: "mine", Ours: "yamato", Code: "Y", Line: 4},
	})
	if len(found) > 0 {
		t.Fatal(found)
	}
	rakuten, _ := set.Table(Carriers, "rakuten")
	shopify, _ := set.Table(Carriers, "shopify")
	mine, _ := set.Table(Carriers, "mine")
	for _, c := range []struct {
		what, got, want string
	}{
		{"1000 is read", first(rakuten.Ours("1000")), "local"},
		{"other is written", first(rakuten.Code("other")), "1000"},
		{"yamato is written", first(shopify.Code("yamato")), "Yamato (EN)"},
		{"the built-in one is read", first(shopify.Ours("Yamato (JA)")), "yamato"},
		{"own system", first(mine.Code("yamato")), "Y"},
		{"others stay", first(rakuten.Code("yamato")), "1001"},
	} {
		if c.got != c.want {
			t.Errorf("%s: %q, want %q", c.what, c.got, c.want)
		}
	}
	if _, ok := Builtin().Table(Carriers, "mine"); ok {
		t.Error("the built-in set was changed")
	}
	if set.CheckNumber("local", "123") == nil || set.CheckNumber("local", "1234567890") != nil {
		t.Error("the own carrier's form is not checked")
	}
}

func first(s string, _ bool) string { return s }

func TestRowsWithFaults(t *testing.T) {
	_, found := Builtin().With(Carriers, []Row{
		{System: "Rakuten", Ours: "yamato", Code: "1", Line: 2},
		{System: "rakuten", Ours: "yamoto", Code: "1", Line: 3},
		{System: "rakuten", Ours: "yamato", Line: 4},
		{System: "rakuten", Ours: "yamato", Code: "1", Use: "both", Line: 5},
		{System: "rakuten", Ours: "yamato", Code: "1", Line: 6},
		{System: "rakuten", Ours: "sagawa", Code: "1", Line: 7},
		{System: "rakuten", Ours: "yamato", Code: "2", Line: 8},
	})
	_, more := Builtin().With(TimeBands, []Row{{System: "x", Ours: "1520", Code: "1", Line: 2}, {System: "x", Ours: "none", Line: 3}})
	_, again := Builtin().WithCarriers([]Carrier{{Code: "A", Line: 2}, {Code: "a", Line: 3}, {Code: "a", Line: 4}})
	var got []string
	for _, f := range slices.Concat(found, more, again) {
		got = append(got, fmt.Sprintf("%d %s", f.Line, f.Column))
		if f.Why == "" || f.Hint == "" {
			t.Errorf("%+v", f)
		}
	}
	want := "2 system, 3 carrier, 4 code, 5 use, 7 code, 8 code, 2 band, 2 carrier, 4 carrier"
	if strings.Join(got, ", ") != want {
		t.Errorf("got  %s\nwant %s", strings.Join(got, ", "), want)
	}
}

func TestCheckNumber(t *testing.T) {
	for carrier, numbers := range map[string][]string{
		"yamato":     {"490012345675"},
		"cj":         {"6900000002", "690000000201"},
		"ems":        {"EE123456789JP"},
		"seinosuper": {"1", "anything"},
		"unknown":    {"1"},
		"ups":        {"1Z999AA10123456784", "123456789"},
		"direct":     {"1"},
	} {
		for _, n := range numbers {
			if err := Builtin().CheckNumber(carrier, n); err != nil {
				t.Errorf("%s %s: %v", carrier, n, err)
			}
		}
	}
	for carrier, n := range map[string]string{"yamato": "490012345671", "sagawa": "49001234567", "cj": "69000000020", "ems": "123456789", "epost": "690000000201"} {
		err := Builtin().CheckNumber(carrier, n)
		c, _ := Builtin().Carrier(carrier)
		if err == nil || !strings.HasPrefix(err.Error(), c.Title["en"]+": ") {
			t.Errorf("%s %s: %v", carrier, n, err)
		}
	}
}
