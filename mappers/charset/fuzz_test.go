package charset

import "testing"

func FuzzAppendDecode(f *testing.F) {
	for _, s := range []string{
		"", "order,1001\r\n", "\x93\x8C\x8B\x9E,\xB1\xB2\xEE\xE0\xFB\xFC", "\xF0\x40", "\x81", "\x80\xA0\xFD\xFE\xFF",
		"\xB0\xA1\x8C\x63\x94\xEE,\xC9\xA1", "\x1B$BEl5~\x1B(B", "\x1B$B", "\x1B(I1\x1B(J~", "\xEF\xBB\xBF東京\xEF\xBF\xBD", "𠮷\xF0\x9F",
		"0123456\x93\x8C", "01234567\x93", "0123456\x81\xAD8901234567",
	} {
		f.Add([]byte(s), uint8(len(s)))
	}
	f.Fuzz(func(t *testing.T, src []byte, room uint8) {
		for _, c := range append(charsets, cp932IBM) {
			checkDecode(t, c, src, make([]byte, 0, room))
			c.Position(src, int(room))
		}
		Fits(src)
	})
}

func FuzzAppendEncode(f *testing.F) {
	for _, s := range []string{"", "東京都 1-2-3", "ｱｲｳ髙〜", "뷁a", "\xE0\x81\x81", "\xED\xA0\x80abcdefgh", "𠮷", "12345678東"} {
		f.Add(s, uint8(len(s)))
	}
	f.Fuzz(func(t *testing.T, s string, room uint8) {
		for _, c := range writable() {
			b, err := c.AppendEncode(make([]byte, 0, room), s)
			if (err == nil) != (c.Unmappable(s) == nil) {
				t.Fatalf("%v: %q: %v, unmappable %q", c, s, err, c.Unmappable(s))
			}
			if err != nil {
				continue
			}
			if back, err := c.Decode(b); err != nil || back != s {
				t.Fatalf("%v: %q came back as %q, %v", c, s, back, err)
			}
		}
	})
}

func FuzzReplacements(f *testing.F) {
	f.Add("〜", "～", "10〜12")
	f.Add("U+FE00..U+FE0F", "", "❤\uFE0F")
	f.Add("U+304B U+3099", "U+304C", "か\u3099")
	f.Fuzz(func(t *testing.T, from, to, s string) {
		r, err := NewReplacements([]Pair{{from, to}})
		if err != nil {
			return
		}
		out, made := r.WithNFC().Apply(s)
		if len(made) == 0 && out != s {
			t.Fatalf("%q became %q without a word", s, out)
		}
	})
}
