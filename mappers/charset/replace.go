package charset

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// A Pair is one agreed replacement. From is a character, or a few code points
// seen as one; To is what to write instead, empty to drop it.
//
// Either may be given by code point, for what cannot be seen: U+00A0, or
// several as U+304B U+3099. From may also be a range, U+FE00..U+FE0F.
type Pair struct {
	From string
	To   string
}

// Replacements is a checked list of pairs. It is safe for concurrent use.
type Replacements struct {
	pairs []Pair
	nfc   bool
	// first has the bit of every rune that begins a From; those beyond the
	// basic plane share the bit of U+FFFF.
	first [1 << 16 / 64]uint64
	rules map[rune][]rule
}

// A rule is a pair with the notation resolved.
type rule struct{ from, to string }

// A Replacement is what [Replacements.Apply] did to a text.
type Replacement struct {
	From  string
	To    string
	Count int
}

// maxFrom is the most code points in a From: the longest emoji sequences have
// ten. Replacing words is not this package's work.
const maxFrom = 16

// maxRange keeps a mistyped range from naming whole scripts.
const maxRange = 512

// NewReplacements checks the list. Refused are a From that is empty, given
// twice or too long, and a To holding a character that another pair replaces:
// every text is passed once, so the outcome would hang on what was meant.
func NewReplacements(pairs []Pair) (*Replacements, error) {
	r := &Replacements{pairs: slices.Clone(pairs), rules: make(map[rune][]rule)}
	for _, p := range pairs {
		if err := r.add(p); err != nil {
			return nil, fmt.Errorf("charset: replacement of %q by %q: %w", p.From, p.To, err)
		}
	}
	for _, rules := range r.rules {
		slices.SortFunc(rules, func(a, b rule) int { return cmp.Compare(len(b.from), len(a.from)) })
	}
	for _, p := range pairs {
		if next, ok := r.chained(p); ok {
			return nil, fmt.Errorf("charset: replacement of %q by %q: the result holds %q, which the list replaces too; name the final text", p.From, p.To, next)
		}
	}
	return r, nil
}

func (r *Replacements) add(p Pair) error {
	to, err := notation(p.To)
	if err != nil {
		return err
	}
	if lo, hi, ok := strings.Cut(p.From, ".."); ok && strings.HasPrefix(p.From, "U+") {
		return r.addRange(lo, hi, to)
	}
	from, err := notation(p.From)
	if err != nil {
		return err
	}
	return r.addRule(from, to)
}

func (r *Replacements) addRange(lo, hi, to string) error {
	first, err := codePoint(lo)
	if err != nil {
		return err
	}
	last, err := codePoint(hi)
	if err != nil {
		return err
	}
	if last < first || last-first >= maxRange {
		return fmt.Errorf("a range goes up, over at most %d characters", maxRange)
	}
	for c := first; c <= last; c++ {
		if err := r.addRule(string(c), to); err != nil {
			return err
		}
	}
	return nil
}

func (r *Replacements) addRule(from, to string) error {
	switch {
	case from == "":
		return fmt.Errorf("there is no character to replace")
	case utf8.RuneCountInString(from) > maxFrom:
		return fmt.Errorf("a replacement is of one character, not of words")
	}
	first, _ := utf8.DecodeRuneInString(from)
	for _, have := range r.rules[first] {
		if have.from == from {
			return fmt.Errorf("%+q is in the list twice", from)
		}
	}
	r.rules[first] = append(r.rules[first], rule{from, to})
	bit := min(first, 0xFFFF)
	r.first[bit/64] |= 1 << (bit % 64)
	return nil
}

// notation resolves U+hhhh and checks that the text is whole.
func notation(s string) (string, error) {
	if !utf8.ValidString(s) || strings.Contains(s, lost) {
		return "", fmt.Errorf("%q is damaged text", s)
	}
	if !strings.HasPrefix(s, "U+") {
		return s, nil
	}
	var b strings.Builder
	for f := range strings.FieldsSeq(s) {
		c, err := codePoint(f)
		if err != nil {
			return "", err
		}
		b.WriteRune(c)
	}
	return b.String(), nil
}

func codePoint(s string) (rune, error) {
	hex, ok := strings.CutPrefix(s, "U+")
	n, err := strconv.ParseUint(hex, 16, 32)
	if !ok || err != nil || n > utf8.MaxRune || !utf8.ValidRune(rune(n)) || n == utf8.RuneError {
		return 0, fmt.Errorf("%q is no code point like U+00A0", s)
	}
	return rune(n), nil
}

// chained returns a From that is found in the result of p.
func (r *Replacements) chained(p Pair) (string, bool) {
	to, err := notation(p.To)
	if err != nil {
		return "", false
	}
	for i := range to {
		if m, ok := r.match(to[i:]); ok {
			return m.from, true
		}
	}
	return "", false
}

// WithNFC returns the same list, with [NFC] done before it.
func (r *Replacements) WithNFC() *Replacements {
	if r == nil {
		r = new(Replacements)
	}
	with := *r
	with.nfc = true
	return &with
}

// Pairs returns the list as it was given.
func (r *Replacements) Pairs() []Pair {
	if r == nil {
		return nil
	}
	return slices.Clone(r.pairs)
}

// Apply returns s with the replacements made, and which they were, in the order
// of their first use. Composition is reported as NFC. At each place the longest
// From wins; results are not looked at again. Without one to make it returns s
// itself and allocates nothing. A nil list replaces nothing.
func (r *Replacements) Apply(s string) (out string, made []Replacement) {
	if r == nil {
		return s, nil
	}
	s, made = r.compose(s, nil)
	var b []byte
	done := 0
	for i := 0; i < len(s); {
		m, ok := r.match(s[i:])
		if !ok {
			_, n := utf8.DecodeRuneInString(s[i:])
			i += n
			continue
		}
		b = append(append(b, s[done:i]...), m.to...)
		i += len(m.from)
		done = i
		made = count(made, m)
	}
	if done == 0 {
		return s, made
	}
	// What a replacement took away may have kept a letter from its mark.
	return r.compose(string(append(b, s[done:]...)), made)
}

// compose returns s in composed form where the list wants that.
func (r *Replacements) compose(s string, made []Replacement) (string, []Replacement) {
	if !r.nfc {
		return s, made
	}
	composed := NFC(s)
	if composed == s {
		return s, made
	}
	n := utf8.RuneCountInString(s) - utf8.RuneCountInString(composed)
	for i := range made {
		if made[i].From == "NFC" {
			made[i].Count += n
			return composed, made
		}
	}
	return composed, append(made, Replacement{From: "NFC", To: "NFC", Count: n})
}

// match returns the longest rule that s begins with.
func (r *Replacements) match(s string) (rule, bool) {
	c, _ := utf8.DecodeRuneInString(s)
	if bit := min(c, 0xFFFF); r.first[bit/64]&(1<<(bit%64)) == 0 {
		return rule{}, false
	}
	for _, m := range r.rules[c] {
		if strings.HasPrefix(s, m.from) {
			return m, true
		}
	}
	return rule{}, false
}

func count(made []Replacement, m rule) []Replacement {
	for i := range made {
		if made[i].From == m.from {
			made[i].Count++
			return made
		}
	}
	return append(made, Replacement{From: m.from, To: m.to, Count: 1})
}
