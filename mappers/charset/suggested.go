package charset

import (
	"fmt"
	"strings"
)

// lookalikes are the folds that senders of Japanese and Korean files agree on,
// each with the characters to use instead, the best first: charsets differ in
// which of them they have. See issue 69934 of golang/go for the first ones.
var lookalikes = []struct {
	from string
	to   []string
}{
	{"〜", []string{"～", "∼"}},      // wave dash
	{"～", []string{"〜"}},           // full-width tilde
	{"∼", []string{"～", "〜"}},      // tilde operator
	{"\u2212", []string{"\uFF0D"}}, // minus sign, full-width hyphen-minus
	{"\uFF0D", []string{"\u2212"}},
	{"‖", []string{"∥"}},
	{"∥", []string{"‖"}},
	{"¢", []string{"￠"}},
	{"￠", []string{"¢"}},
	{"£", []string{"￡"}},
	{"￡", []string{"£"}},
	{"¬", []string{"￢"}},
	{"￢", []string{"¬"}},
	{"¥", []string{"￥"}},
	{"₩", []string{"￦"}},
	{"‾", []string{"￣"}},
	{"\u2013", []string{"―"}}, // en dash
	{"\u2014", []string{"―"}}, // em dash
	{"\u2011", []string{"‐"}}, // non-breaking hyphen
	{"‐", []string{"-"}},
	{"•", []string{"・", "·"}},
	{"・", []string{"·"}},
	{"·", []string{"・"}},
	{"\uFF65", []string{"·"}}, // half-width middle dot
}

// invisible characters mean nothing in an address.
var invisible = []Pair{
	{"U+00A0", " "},          // no-break space
	{"U+2002..U+200A", " "},  // spaces of various widths
	{"U+202F", " "},          // narrow no-break space
	{"U+00AD", ""},           // soft hyphen
	{"U+200B..U+200F", ""},   // zero-width space and joiners, direction marks
	{"U+202A..U+202E", ""},   // direction
	{"U+2060", ""},           // word joiner
	{"U+2066..U+2069", ""},   // direction
	{"U+FE00..U+FE0F", ""},   // variation selectors: text or emoji
	{"U+FEFF", ""},           // byte order mark
	{"U+E0100..U+E01EF", ""}, // variation selectors: shape of a kanji
}

// Suggested returns the replacements to offer for files in c: look-alikes that
// differ between code pages, invisible characters to drop, 𠮷 to 吉. It holds
// only what c cannot write and results that it can. Nothing is replaced unless
// a warehouse's own list says so.
func Suggested(c *Charset) []Pair {
	if c.ReadOnly() {
		return nil
	}
	var pairs []Pair
	for _, l := range lookalikes {
		for _, to := range l.to {
			if p := (Pair{l.from, to}); c.wants(p) {
				pairs = append(pairs, p)
				break
			}
		}
	}
	for _, p := range append(invisible[:len(invisible):len(invisible)], Pair{"𠮷", "吉"}) {
		if c.wants(p) {
			pairs = append(pairs, p)
		}
	}
	return pairs
}

// wants reports whether c lacks the first character of p.From and has all of
// p.To.
func (c *Charset) wants(p Pair) bool {
	first, _, _ := strings.Cut(p.From, "..")
	from, err := notation(first)
	if err != nil {
		return false
	}
	_, has := c.Len(from)
	_, can := c.Len(p.To)
	return !has && can
}

// ListNames returns the names that [List] knows.
func ListNames() []string { return []string{"b2", "kanji"} }

// List returns a further list of replacements, for what a charset has but its
// reader refuses, or for what a warehouse may agree to beyond [Suggested]:
//
//   - b2: enclosed characters, Roman numerals and units (NEC row 13 and their
//     like), which Yamato B2 Cloud and label printers refuse, spelled out: ①
//     to 1, ㈱ to (株).
//   - kanji: the printed forms of JIS X 0213 to the forms that JIS X 0208 has,
//     as 鷗 to 鴎 and 驒 to 騨. They are the same characters in other shapes,
//     but people mind the shape of their name.
func List(name string) ([]Pair, error) {
	switch strings.ToLower(name) {
	case "b2":
		return fields(row13), nil
	case "kanji":
		return fields(printedForms), nil
	}
	return nil, fmt.Errorf("charset: replacement list %q: unknown, use one of %s", name, strings.Join(ListNames(), ", "))
}

// fields splits words of which the first character becomes the others.
func fields(list string) []Pair {
	var pairs []Pair
	for f := range strings.FieldsSeq(list) {
		for i := range f {
			if i > 0 {
				pairs = append(pairs, Pair{f[:i], f[i:]})
				break
			}
		}
	}
	return pairs
}

const row13 = `
	①1 ②2 ③3 ④4 ⑤5 ⑥6 ⑦7 ⑧8 ⑨9 ⑩10 ⑪11 ⑫12 ⑬13 ⑭14 ⑮15 ⑯16 ⑰17 ⑱18 ⑲19 ⑳20
	ⅠI ⅡII ⅢIII ⅣIV ⅤV ⅥVI ⅦVII ⅧVIII ⅨIX ⅩX ⅪXI ⅫXII
	ⅰi ⅱii ⅲiii ⅳiv ⅴv ⅵvi ⅶvii ⅷviii ⅸix ⅹx ⅺxi ⅻxii
	㈱(株) ㈲(有) ㈹(代) ㊤(上) ㊥(中) ㊦(下) ㊧(左) ㊨(右) №No. ㏍K.K. ℡TEL
	㍉ミリ ㌔キロ ㌢センチ ㍍メートル ㌘グラム ㌧トン ㌃アール ㌶ヘクタール ㍑リットル
	㍗ワット ㌍カロリー ㌦ドル ㌣セント ㌫パーセント ㍊ミリバール ㌻ページ
	㎜mm ㎝cm ㎞km ㎎mg ㎏kg ㏄cc ㎡m2 ㍻平成 ㍼昭和 ㍽大正 ㍾明治 ∑Σ`

const printedForms = `
	俠侠 俱倶 剝剥 吞呑 噓嘘 嚙噛 囊嚢 塡填 姸妍 屛屏 屢屡 幷并 搔掻 摑掴 攢攅 潑溌 瀆涜
	焰焔 瘦痩 禱祷 簞箪 繡繍 繫繋 萊莱 蔣蒋 蟬蝉 蠟蝋 軀躯 醬醤 醱醗 頰頬 顚顛 驒騨 鷗鴎
	鹼鹸 麴麹 麵麺 啞唖`
