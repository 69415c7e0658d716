package charset

import (
	"bytes"
	"os"
	"os/exec"
	"slices"
	"testing"
	"unicode/utf8"
)

// iconvLines runs the C library's iconv over lines, one for each, which may be
// refused: then it leaves out what it cannot convert.
func iconvLines(t *testing.T, from, to string, lines [][]byte) [][]byte {
	t.Helper()
	path, err := exec.LookPath("iconv")
	if err != nil {
		withoutIconv(t, "iconv is not installed; it comes with the C library (libc-bin)")
	}
	cmd := exec.Command(path, "-c", "-f", from, "-t", to)
	cmd.Stdin = bytes.NewReader(append(bytes.Join(lines, []byte{'\n'}), '\n'))
	out, err := cmd.Output()
	if _, left := err.(*exec.ExitError); err != nil && !left {
		t.Fatal(err)
	}
	got := bytes.Split(bytes.TrimSuffix(out, []byte{'\n'}), []byte{'\n'})
	if len(got) != len(lines) {
		withoutIconv(t, "this iconv is not that of glibc: it does not keep the lines apart")
	}
	return got
}

// withoutIconv skips the test on a machine that is not the project's own.
func withoutIconv(t *testing.T, why string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatal(why)
	}
	t.Skip(why)
}

// TestIconvDecodes reads every pair with iconv: the same characters, and those
// that only iconv knows are the user-defined ones.
func TestIconvDecodes(t *testing.T) {
	tests := []struct {
		c     *Charset
		name  string
		gaiji int // pairs that iconv puts into the private use area
	}{
		{cp932, "CP932", 1880},
		{cp949, "CP949", 0},
		{strictSJIS, "SHIFT_JIS", 0},
		{strictEUCKR, "EUC-KR", 0},
	}
	for _, tt := range tests {
		var pairs [][]byte
		layout := tt.c.codec.(*tableCodec).layout
		for i := range 1 << 16 {
			// KS X 1001:2002 added ㉾ as A2E8. Of the tables only glibc's EUC-KR has
			// it; its CP949 refuses it and loses the bytes behind it.
			if i == 0xA2E8 && tt.c != cp932 && tt.c != strictSJIS {
				continue
			}
			if lead, trail := byte(i>>8), byte(i); layout.lead(lead) && layout.trail(trail) {
				pairs = append(pairs, []byte{lead, trail})
			}
		}
		gaiji := 0
		for i, got := range iconvLines(t, tt.name, "UTF-8", pairs) {
			own, err := tt.c.Decode(pairs[i])
			r, n := utf8.DecodeRune(got)
			switch {
			case err == nil && own == string(got):
			case err == nil:
				t.Errorf("%v: % X is %q, iconv says %q", tt.c, pairs[i], own, got)
			case n == len(got) && r >= 0xE000 && r <= 0xF8FF:
				gaiji++
			case n > 0 && n == len(got) && !isSecondByte(r):
				t.Errorf("%v: % X: %v, iconv says %q", tt.c, pairs[i], err, got)
			}
		}
		if gaiji != tt.gaiji {
			t.Errorf("%v: %d pairs are user-defined, want %d", tt.c, gaiji, tt.gaiji)
		}
	}
}

// isSecondByte reports whether r may be what iconv left of a refused pair: its
// second byte alone. Yen sign and overline are 5C and 7E in its SHIFT_JIS.
func isSecondByte(r rune) bool {
	return r < utf8.RuneSelf || r >= '｡' && r <= 'ﾟ' || r == '¥' || r == '‾'
}

// TestIconvEncodes writes the basic plane with iconv. It writes cp932 in the
// IBM form, and maps some characters that would not come back as they were.
func TestIconvEncodes(t *testing.T) {
	tests := []struct {
		c    *Charset
		name string
		more string // what iconv writes too
	}{
		{cp932IBM, "CP932", "¢£¥¬—‖‾−〜"},
		{cp949, "CP949", ""},
	}
	for _, tt := range tests {
		var chars [][]byte
		for r := rune(0xA0); r <= 0xFFFF; r++ {
			if r < 0xD800 || r > 0xF8FF { // surrogates, private use
				chars = append(chars, []byte(string(r)))
			}
		}
		var more []rune
		for i, got := range iconvLines(t, "UTF-8", tt.name, chars) {
			r, _ := utf8.DecodeRune(chars[i])
			own, err := tt.c.Encode(string(r))
			switch {
			case err == nil && !bytes.Equal(own, got):
				t.Errorf("%v: %#U is % X, iconv writes % X", tt.c, r, own, got)
			case err != nil && len(got) > 0 && r != utf8.RuneError:
				more = append(more, r)
			}
		}
		if !slices.Equal(more, []rune(tt.more)) {
			t.Errorf("%v: iconv writes %q too, want %q", tt.c, more, tt.more)
		}
	}
}
