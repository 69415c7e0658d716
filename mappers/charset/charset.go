package charset

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"
)

// A Charset converts between the bytes of one character encoding and UTF-8
// text. It holds no state and is safe for concurrent use.
type Charset struct {
	name  string
	form  Form
	codec codec
}

// A codec is the part that differs: the methods of Charset by the same name,
// with the charset's name for errors.
type codec interface {
	appendDecode(dst, src []byte, name string) ([]byte, error)
	appendEncode(dst []byte, s, name string) ([]byte, error)
	// runeLen is the number of bytes of r, or -1 where r cannot be written.
	runeLen(r rune) int
	safeDelimiter(b byte) bool
}

// A Form says in which of two rows cp932 writes the characters that NEC and
// IBM both assigned. Readers of either form give the same text; partners that
// compare bytes, and hosts that know only one of them, care.
type Form uint8

const (
	// FormNEC writes rows ED and EE, as WHATWG, browsers and Python do: 髙 is
	// EEE0.
	FormNEC Form = iota
	// FormIBM writes rows FA to FC, as Windows, Java and glibc do: 髙 is FBFC.
	FormIBM
)

// String returns the name used in configuration: nec or ibm.
func (f Form) String() string {
	if f == FormIBM {
		return "ibm"
	}
	return "nec"
}

// ParseForm returns the form called nec or ibm in configuration.
func ParseForm(name string) (Form, error) {
	switch strings.ToLower(name) {
	case "nec":
		return FormNEC, nil
	case "ibm":
		return FormIBM, nil
	}
	return 0, fmt.Errorf("charset: byte form %q: unknown, use nec (rows ED-EE) or ibm (rows FA-FC)", name)
}

const utf8BOM = "\xEF\xBB\xBF"

var (
	plainUTF8  = &Charset{name: "utf-8", codec: utf8Codec{}}
	markedUTF8 = &Charset{name: "utf-8-bom", codec: utf8Codec{}}

	cp932    = &Charset{name: "cp932", codec: &tableCodec{decode: decodeCP932, encode: encodeCP932NEC, layout: layoutSJIS}}
	cp932IBM = &Charset{name: "cp932", form: FormIBM, codec: &tableCodec{decode: decodeCP932, encode: encodeCP932IBM, layout: layoutSJIS}}

	strictSJIS  = &Charset{name: "shift_jis-strict", codec: &tableCodec{decode: decodeStrictSJIS, encode: encodeStrictSJIS, layout: layoutSJIS}}
	cp949       = &Charset{name: "cp949", codec: &tableCodec{decode: decodeCP949, encode: encodeCP949, layout: layoutUHC}}
	strictEUCKR = &Charset{name: "euc-kr-strict", codec: &tableCodec{decode: decodeStrictEUCKR, encode: encodeStrictEUCKR, layout: layoutEUCKR}}
	iso2022JP   = &Charset{name: "iso-2022-jp", codec: iso2022JPCodec{}}
)

var charsets = []*Charset{plainUTF8, markedUTF8, cp932, strictSJIS, cp949, strictEUCKR, iso2022JP}

// aliases are what people write, folded as [fold] does.
var aliases = map[*Charset]string{
	plainUTF8:   "utf8 utf8n",
	markedUTF8:  "utf8bom utf8sig utf8withbom bomutf8",
	cp932:       "cp932 ms932 932 sjis shiftjis xsjis mskanji csshiftjis windows31j windows932 sjiswin",
	strictSJIS:  "shiftjisstrict sjisstrict",
	cp949:       "cp949 ms949 949 uhc euckr euc-kr windows949 ksc5601 ksc56011987 csksc56011987",
	strictEUCKR: "euckrstrict ksx1001",
	iso2022JP:   "iso2022jp csiso2022jp jis",
}

var byName = sync.OnceValue(func() map[string]*Charset {
	m := make(map[string]*Charset)
	for c, names := range aliases {
		for name := range strings.FieldsSeq(names) {
			m[fold(name)] = c
		}
	}
	return m
})

func fold(name string) string {
	return strings.NewReplacer("-", "", "_", "", " ", "", ".", "", "(", "", ")", "").Replace(strings.ToLower(name))
}

// Lookup returns the charset of that name. Besides the names of [Names] it
// knows what people write: sjis, shift_jis, windows-31j and ms932 are cp932,
// euc-kr, uhc and ks_c_5601-1987 are cp949, utf8 is utf-8. Case, hyphens,
// underscores and spaces do not matter. The byte form is [FormNEC].
func Lookup(name string) (*Charset, error) {
	if c := byName()[fold(name)]; c != nil {
		return c, nil
	}
	return nil, fmt.Errorf("charset: %q: unknown, use one of %s", name, strings.Join(Names(), ", "))
}

// Names returns the names of all charsets, as configuration should spell them.
func Names() []string {
	names := make([]string, len(charsets))
	for i, c := range charsets {
		names[i] = c.name
	}
	return names
}

// Name returns the charset's name as in [Names].
func (c *Charset) Name() string { return c.name }

// String returns the name, with the byte form where it is not the default.
func (c *Charset) String() string {
	if c.form == FormIBM {
		return c.name + " (ibm)"
	}
	return c.name
}

// WithForm returns the charset with that byte form. Only cp932 has two;
// others are returned as they are.
func (c *Charset) WithForm(f Form) *Charset {
	if c != cp932 && c != cp932IBM {
		return c
	}
	if f == FormIBM {
		return cp932IBM
	}
	return cp932
}

// Form returns the byte form.
func (c *Charset) Form() Form { return c.form }

// BOM returns the bytes to write before the first character of a file, nil for
// all but utf-8-bom.
func (c *Charset) BOM() []byte {
	if c == markedUTF8 {
		return []byte(utf8BOM)
	}
	return nil
}

// TrimBOM returns src, the start of a file, without the byte order mark. Both
// UTF-8 charsets take files with and without it.
func (c *Charset) TrimBOM(src []byte) []byte {
	if (c == markedUTF8 || c == plainUTF8) && len(src) >= len(utf8BOM) && string(src[:len(utf8BOM)]) == utf8BOM {
		return src[len(utf8BOM):]
	}
	return src
}

// ReadOnly reports whether the charset cannot be written.
func (c *Charset) ReadOnly() bool { return c == iso2022JP }

// ASCIITransparent reports whether comma, double quote, tab, CR and LF always
// stand for themselves, so that a file may be split into records and fields
// before it is decoded. For another delimiter ask [Charset.SafeDelimiter].
func (c *Charset) ASCIITransparent() bool { return c != iso2022JP }

// SafeDelimiter reports whether byte b is the ASCII character b wherever it
// occurs. In cp932 a vertical bar, 7C, is not: it ends ポ, 837C.
func (c *Charset) SafeDelimiter(b byte) bool {
	return b < utf8.RuneSelf && c.codec.safeDelimiter(b)
}

// AppendDecode appends src as UTF-8 to dst. It does not allocate when dst has
// the capacity, and may overwrite what lies between the length and the
// capacity of dst. A byte order mark is not stripped; see [Charset.TrimBOM].
//
// At the first bytes that are no character it stops with a [*DecodeError] and
// returns dst with the text before them.
func (c *Charset) AppendDecode(dst, src []byte) ([]byte, error) {
	return c.codec.appendDecode(dst, src, c.name)
}

// Decode returns src as a string, or a [*DecodeError].
func (c *Charset) Decode(src []byte) (string, error) {
	b, err := c.AppendDecode(nil, src)
	if err != nil {
		return "", err
	}
	return string(b), nil
}

// AppendEncode appends s in the charset to dst, without a byte order mark. It
// does not allocate when dst has the capacity, and may overwrite what lies
// between the length and the capacity of dst.
//
// At the first character that the charset lacks it stops with an
// [*EncodeError] and returns dst with the text before it. A charset that is
// [Charset.ReadOnly] gives [ErrReadOnly].
func (c *Charset) AppendEncode(dst []byte, s string) ([]byte, error) {
	return c.codec.appendEncode(dst, s, c.name)
}

// Encode returns s in the charset, or an [*EncodeError].
func (c *Charset) Encode(s string) ([]byte, error) {
	b, err := c.AppendEncode(make([]byte, 0, len(s)+8), s)
	if err != nil {
		return nil, err
	}
	return b, nil
}

// RuneLen returns the number of bytes that r takes in the charset, or -1 when
// it cannot be written.
func (c *Charset) RuneLen(r rune) int {
	if r == utf8.RuneError || !utf8.ValidRune(r) {
		return -1
	}
	return c.codec.runeLen(r)
}

// Len returns the length of s in bytes of the charset. It is not ok, and 0,
// when s has a character that cannot be written.
func (c *Charset) Len(s string) (n int, ok bool) {
	for _, r := range s {
		m := c.RuneLen(r)
		if m < 0 {
			return 0, false
		}
		n += m
	}
	return n, true
}

// Unmappable returns every distinct character of s that cannot be written, in
// the order of their first occurrence, nil when there is none. Bytes that are
// no UTF-8 count as U+FFFD.
func (c *Charset) Unmappable(s string) []rune {
	var runes []rune
	for _, r := range s {
		if c.RuneLen(r) < 0 && !slices.Contains(runes, r) {
			runes = append(runes, r)
		}
	}
	return runes
}
