package charset

import (
	"errors"
	"slices"
	"testing"
)

func TestPosition(t *testing.T) {
	tests := []struct {
		name         string
		c            *Charset
		src          string
		offset       int
		line, column int
	}{
		{"start", cp932, "abc", 0, 1, 1},
		{"second line", cp932, "abc\r\nd\x93\x8C\xF0\x40", 8, 2, 3},
		{"at the line end", cp932, "abc\r\n", 4, 1, 5},
		{"after the line end", cp932, "abc\r\n", 5, 2, 1},
		{"kana and kanji", cp932, "\xB1\x93\x8C\x80", 3, 1, 3},
		{"hangul", cp949, "\n\n\xB0\xA1\xFF", 4, 3, 2},
		{"utf-8", plainUTF8, "東京\n東\xFF", 10, 2, 2},
		{"mark does not count", plainUTF8, "\xEF\xBB\xBFa\xFF", 4, 1, 2},
		{"iso-2022-jp", iso2022JP, "a\n\x1B$BEl5~\xFF", 9, 2, 3},
		{"behind other damage", cp932, "\x80a\x80", 2, 1, 3},
		{"beyond the end", cp932, "ab", 99, 1, 3},
		{"before the start", cp932, "ab", -1, 1, 1},
	}
	for _, tt := range tests {
		line, column := tt.c.Position([]byte(tt.src), tt.offset)
		if line != tt.line || column != tt.column {
			t.Errorf("%s: %d:%d, want %d:%d", tt.name, line, column, tt.line, tt.column)
		}
	}
}

// TestPositionOfDecodeError is how a caller uses it.
func TestPositionOfDecodeError(t *testing.T) {
	src := []byte("order,name\r\n1001,\x8C\xA9\x96\x7B\r\n1002,\xF0\x40\r\n")
	_, err := cp932.Decode(src)
	var bad *DecodeError
	if !errors.As(err, &bad) {
		t.Fatal(err)
	}
	if line, column := cp932.Position(src, bad.Offset); line != 3 || column != 6 {
		t.Errorf("%d:%d, want 3:6", line, column)
	}
}

func TestFits(t *testing.T) {
	tests := []struct {
		name, src string
		want      []string
	}{
		{"ascii", "order,1\r\n", nil},
		{"utf-8", "注文番号,商品名\r\n", []string{"utf-8"}},
		{"marked", "\xEF\xBB\xBF注文番号", []string{"utf-8-bom"}},
		{"cp932", "\x83|\x83\\,\xFB\xFC\r\n", []string{"cp932"}},
		{"iso-2022-jp", "\x1B$BEl5~\x1B(B", []string{"iso-2022-jp"}},
		{"utf-16", "\xFF\xFEa\x00", nil},
	}
	for _, tt := range tests {
		got := Fits([]byte(tt.src))
		if tt.name == "iso-2022-jp" {
			// Its bytes are ASCII, so that others take them as escape characters.
			if !slices.Contains(got, "iso-2022-jp") {
				t.Errorf("%s: %v", tt.name, got)
			}
			continue
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
	korean, err := cp949.Encode("주문번호,똠방각하,뷁")
	if err != nil {
		t.Fatal(err)
	}
	if got := Fits(korean); !slices.Contains(got, "cp949") || slices.Contains(got, "utf-8") {
		t.Errorf("korean: %v", got)
	}
}
