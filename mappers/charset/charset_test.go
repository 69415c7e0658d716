package charset

import "testing"

func TestTmp(t *testing.T) {
	for _, c := range charsets {
		s := Suggested(c)
		t.Log(c.Name(), len(s), s)
		if _, err := NewReplacements(s); err != nil {
			t.Error(err)
		}
		if c.ReadOnly() {
			continue
		}
		n := 0
		for r := rune(0); r < 0x10000; r++ {
			if c.RuneLen(r) > 0 {
				n++
			}
		}
		t.Log(n)
	}
	for _, l := range ListNames() {
		p, _ := List(l)
		r, err := NewReplacements(p)
		if err != nil {
			t.Error(err)
		}
		_ = r
		for _, x := range p {
			if l == "kanji" {
				_, ok := cp932.Len(x.From)
				_, ok2 := strictSJIS.Len(x.To)
				if ok || !ok2 {
					t.Error(x, ok, ok2)
				}
			} else if _, ok := cp932.Len(x.From); !ok {
				t.Log("not cp932", x)
			}
		}
	}
	b, err := cp932.Encode("ABC髙橋ﾊﾝｶｸ表能〜")
	t.Logf("% X %v", b, err)
	_, err = cp932.Decode([]byte{'a', 0xF0, 0x40})
	t.Log(err)
}
