package formats_test

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestCarriers checks the widths that carriers' programs count in bytes of
// Shift_JIS or in characters, by position as their documents number them, with an
// encoder that is not ours.
func TestCarriers(t *testing.T) {
	type widths map[int]int // by number of the column from 1
	tests := []struct {
		format  string
		columns int
		bare    bool // no header
		bytes   widths
		chars   widths
	}{
		{"yamato-b2", 97, false, widths{1: 50, 9: 15, 11: 8, 12: 64, 13: 32, 14: 50, 15: 50, 16: 32, 17: 50, 20: 15, 23: 64, 24: 32, 25: 32, 27: 30, 28: 50, 30: 50, 33: 44, 34: 7, 40: 12, 41: 3, 42: 2}, nil},
		{
			"sagawa-ehiden3", 74, false,
			widths{3: 14, 4: 8, 10: 16, 11: 12, 13: 4, 25: 32, 26: 32, 27: 32, 28: 32, 29: 32, 42: 3, 43: 3, 44: 3, 45: 8, 46: 2, 52: 3, 53: 3, 54: 3, 61: 8},
			widths{5: 16, 6: 16, 7: 16, 8: 16, 9: 16, 20: 16, 21: 16, 22: 16, 23: 16},
		},
		{
			"sagawa-ehiden2", 42, false,
			widths{2: 14, 3: 8, 9: 16, 10: 12, 20: 32, 21: 32, 22: 32, 23: 32, 24: 32, 25: 3, 26: 3, 27: 3, 28: 8, 29: 2, 36: 3, 37: 3, 38: 3},
			widths{4: 16, 5: 16, 6: 16, 7: 16, 8: 16, 15: 16, 16: 16, 17: 16, 18: 16},
		},
		{"sagawa-yu-packet", 12, false, widths{1: 8, 2: 25, 3: 25, 4: 25, 9: 1}, nil},
		{"yupack-print-r", 131, false, widths{8: 7, 9: 50, 10: 50, 11: 50, 13: 50, 14: 50, 21: 7, 22: 50, 23: 50, 24: 50, 25: 50, 26: 50, 58: 8, 60: 2, 114: 15, 119: 8}, widths{38: 25}},
		{"yupack-print-r-full", 117, false, widths{1: 15, 2: 8, 13: 7, 14: 50, 15: 50, 16: 50, 17: 50, 18: 50, 65: 8, 66: 2}, widths{103: 25}},
		{"yupack-print-r-v3", 100, true, widths{1: 15, 6: 8, 15: 7, 48: 3, 52: 8, 53: 2}, widths{57: 25, 84: 25}},
		{"web-yupack-print", 72, true, widths{11: 7, 26: 7}, widths{13: 25, 14: 25, 15: 25, 28: 25, 29: 25, 30: 25, 35: 25}},
		{"yupack-cloud", 17, false, widths{7: 7}, widths{5: 25}},
		{"click-post", 8, false, widths{1: 8}, widths{2: 20, 4: 20, 5: 20, 6: 20, 7: 20, 8: 15}},
		{"seino-km2", 44, false, widths{1: 11, 3: 8, 5: 20, 8: 5, 12: 40, 13: 40, 14: 40, 15: 13, 16: 2, 19: 7, 20: 40, 21: 40, 22: 40, 23: 40}, nil},
		{"ecohai", 32, false, nil, nil},
		{"rakuten-express", 34, false, nil, nil},
		{"yamato-shipment-control", 130, true, widths{1: 50}, nil},
		{"next-engine-upload", 37, false, widths{1: 30}, widths{3: 20, 4: 255, 5: 255, 6: 100, 7: 100, 8: 20, 10: 20, 11: 255, 12: 255, 13: 100, 14: 100, 15: 20}},
		{"next-engine-slip", 63, false, nil, nil},
		{"tempostar-upload", 50, false, nil, nil},
		{"boss-3pl", 48, false, nil, nil},
		{"logiless-import", 26, false, nil, widths{1: 30}},
	}
	s := set(t)
	for _, tt := range tests {
		files, err := filepath.Glob(filepath.Join(caseRoot, tt.format, "*", "want.csv"))
		if err != nil || len(files) == 0 {
			t.Fatal(err, files)
		}
		f, err := s.Get(tt.format)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			b, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			text := strings.TrimPrefix(string(b), "\uFEFF")
			if !strings.HasPrefix(f.Charset().Name(), "utf-8") {
				if text, err = cp932.NewDecoder().String(text); err != nil {
					t.Fatal(err)
				}
			}
			rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
			if err != nil {
				t.Fatal(err)
			}
			for i, row := range rows {
				if len(row) != tt.columns {
					t.Fatalf("%s:%d: %d columns, not %d", file, i+1, len(row), tt.columns)
				}
				if i == 0 && !tt.bare {
					continue
				}
				for col, most := range tt.bytes {
					if s, err := cp932.NewEncoder().String(row[col-1]); err != nil || len(s) > most {
						t.Errorf("%s:%d: column %d has %d bytes, at most %d (%v)", file, i+1, col, len(s), most, err)
					}
				}
				for col, most := range tt.chars {
					if n := len([]rune(row[col-1])); n > most {
						t.Errorf("%s:%d: column %d has %d characters, at most %d", file, i+1, col, n, most)
					}
				}
			}
		}
	}
}

// TestColumnCounts checks the number of columns against those of the documents, for
// formats of workbooks and for those that are read by position.
func TestColumnCounts(t *testing.T) {
	s := set(t)
	for name, want := range map[string]int{
		"cj-parcel": 17, "hanjin-parcel": 22, "lotte-alps": 18, "logen-parcel": 13, "epost-contract": 11, "epost-parcel": 15, "epost-counter": 16,
		"sabangnet-cj": 14, "sabangnet-hanjin": 26,
	} {
		f, err := s.Get(name)
		if err != nil {
			t.Fatal(err)
		}
		if n := len(f.Spec.Columns); n != want {
			t.Errorf("%s has %d columns, not %d", name, n, want)
		}
	}
	for name, want := range map[string]int{"sagawa-ehiden2-result": 53, "sagawa-ehiden3-result": 91, "yupack-print-r-result": 131, "ktw-results": 20, "ktw-stock": 6} {
		f, err := s.Get(name)
		if err != nil {
			t.Fatal(err)
		}
		if last := f.Spec.Columns[len(f.Spec.Columns)-1]; last.At != want || !f.Spec.File.ColumnsExact {
			t.Errorf("%s ends at column %d, not at %d exactly", name, last.At, want)
		}
	}
}
