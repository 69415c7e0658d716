package charset

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/encoding/japanese"
)

func TestISO2022JP(t *testing.T) {
	tests := []struct{ name, src, want string }{
		{"ascii", "order 1001\r\n", "order 1001\r\n"},
		{"jis 1983", "A\x1B$BEl5~\x1B(BB", "A東京B"},
		{"jis 1978", "\x1B$@El5~\x1B(B", "東京"},
		{"roman", "\x1B(J\\100~\x1B(B\\~", "¥100‾\\~"},
		{"kana", "\x1B(I1@A\x1B(B", "ｱﾀﾁ"},
		{"kana to kanji", "\x1B(I1\x1B$BEl\x1B(B,", "ｱ東,"},
		{"comma inside", "\x1B$B%,!\"\x1B(B", "ガ、"},
		{"nec row 13", "\x1B$B-!-j\x1B(B", "①㈱"},
		{"nec selected", "\x1B$B|b\x1B(B", "髙"},
		{"wave dash as in cp932", "\x1B$B!A\x1B(B", "～"},
		{"ends in roman", "\x1B(Jabc", "abc"},
		{"empty", "", ""},
	}
	for _, tt := range tests {
		got, err := iso2022JP.Decode([]byte(tt.src))
		if err != nil || got != tt.want {
			t.Errorf("%s: %q, %v, want %q", tt.name, got, err, tt.want)
		}
	}
}

func TestISO2022JPBad(t *testing.T) {
	tests := []struct {
		name, src string
		offset    int
		why       string
	}{
		{"shift-jis", "a\x93\x8C", 1, "eight bits"},
		{"half an escape sequence", "abc\x1B$", 3, "ends inside"},
		{"unknown escape sequence", "abc\x1B(Zdef", 3, "unknown escape"},
		{"jis x 0212", "\x1B$(D0!\x1B(B", 0, "unknown escape"},
		{"half a character", "\x1B$BE", 3, "ends inside"},
		{"half a character, then ascii", "\x1B$BE\x1B(B", 3, "no second byte"},
		{"cut among characters", "\x1B$BEl5~", 7, "escape sequence back"},
		{"line end among characters", "\x1B$BEl\r\n", 5, "control character"},
		{"no such code", "\x1B$B)!\x1B(B", 3, "no character has this code"},
		{"no such kana", "\x1B(I`\x1B(B", 3, "no character has this code"},
		{"shift out", "\x0EEl\x0F", 0, "shift"},
	}
	for _, tt := range tests {
		_, err := iso2022JP.Decode([]byte(tt.src))
		var bad *DecodeError
		if !errors.As(err, &bad) || bad.Offset != tt.offset || !strings.Contains(bad.Error(), tt.why) {
			t.Errorf("%s: %v, want offset %d and %q", tt.name, err, tt.offset, tt.why)
		}
	}
}

// TestISO2022JPAllPairs compares every pair with x/text.
func TestISO2022JPAllPairs(t *testing.T) {
	d := japanese.ISO2022JP.NewDecoder()
	n := 0
	for hi := byte(0x21); hi <= 0x7E; hi++ {
		for lo := byte(0x21); lo <= 0x7E; lo++ {
			src := []byte{0x1B, '$', 'B', hi, lo, 0x1B, '(', 'B'}
			got, err := iso2022JP.Decode(src)
			want, refErr := d.Bytes(src)
			if refErr != nil {
				t.Fatal(refErr)
			}
			bad := strings.ContainsRune(string(want), utf8.RuneError)
			if bad != (err != nil) || !bad && got != string(want) {
				t.Errorf("%02X%02X: %q, %v, x/text %q", hi, lo, got, err, want)
			}
			if err == nil {
				n++
			}
		}
	}
	if n < 6879 {
		t.Errorf("%d pairs are characters, JIS X 0208 has 6879", n)
	}
}
