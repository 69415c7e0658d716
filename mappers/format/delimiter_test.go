package format

import (
	"fmt"
	"strings"
	"testing"
)

// A delimiter that may be the second byte of a character is refused both ways: the
// bar ends ポ in cp932, letters end syllables in cp949.
func TestParseDelimiter(t *testing.T) {
	for _, tt := range []struct {
		charset, delimiter string
		ok                 bool
	}{
		{"cp932", ",", true},
		{"cp932", `\t`, true},
		{"cp932", ";", true},
		{"cp932", "?", true}, // 3F, the last one below
		{"cp932", "@", false},
		{"cp932", "|", false},
		{"cp932", "^", false},
		{"cp949", "a", false},
		{"cp949", ":", true},
		{"utf-8", "|", true},
		{"iso-2022-jp", ",", true}, // decoded as a whole before it is split
	} {
		for _, direction := range []string{"in", "out"} {
			if direction == "out" && tt.charset == "iso-2022-jp" {
				continue
			}
			yaml := fmt.Sprintf("name: x\nrecord: stock\ndirection: %s\nfile: {charset: %s, delimiter: %q}\ncolumns: [{name: a, field: stock.sku}]\n", direction, tt.charset, tt.delimiter)
			_, err := Parse("f.yaml", []byte(yaml))
			switch {
			case tt.ok && err != nil:
				t.Errorf("%s %s %q: %v", direction, tt.charset, tt.delimiter, err)
			case !tt.ok && (err == nil || !strings.HasPrefix(err.Error(), "f.yaml:4:")):
				t.Errorf("%s %s %q: %v", direction, tt.charset, tt.delimiter, err)
			}
		}
	}
}
