package sku

import (
	"sort"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// A Suggestion is a SKU that a listing without a link may be.
type Suggestion struct {
	SKU   string
	Name  string
	Code  string // the known code that is near, empty for a SKU of the master
	Why   Why
	Score int // 0 to 100; suggestions come best first
}

// Why tells what makes a suggestion likely.
type Why string

// Kinds of likeness.
const (
	SameBarcode Why = "same_barcode"
	SameCode    Why = "same_code" // of another account, mall or day
	SameFolded  Why = "same_but_width_case_or_hyphens"
	NearCode    Why = "near_code"
	SameName    Why = "same_name"
	NearName    Why = "near_name"
)

type candidate struct {
	sku, name, code string
	fold, nameFold  string
}

// known is what Suggest looks through: each SKU of the master and each linked code.
type known struct {
	all       []candidate
	folded    map[string][]candidate
	byBarcode map[string][]candidate
}

func (x *Index) collect(links []Link, skus []SKU) *known {
	k := &known{folded: map[string][]candidate{}, byBarcode: map[string][]candidate{}}
	seen := map[[2]string]bool{}
	add := func(c candidate, barcode string) {
		if c.sku == "" || seen[[2]string{c.sku, c.code}] {
			return
		}
		seen[[2]string{c.sku, c.code}] = true
		text := c.code
		if text == "" {
			text = c.sku
		}
		c.fold, c.nameFold = fold(text), fold(c.name)
		k.all = append(k.all, c)
		k.folded[c.fold] = append(k.folded[c.fold], c)
		if barcode != "" {
			k.byBarcode[barcode] = append(k.byBarcode[barcode], c)
		}
	}
	for i := range skus {
		s := &skus[i]
		add(candidate{sku: strings.TrimSpace(s.SKU), name: strings.TrimSpace(s.Name)}, strings.TrimSpace(s.Barcode))
	}
	for i := range links {
		l := &links[i]
		target := strings.TrimSpace(l.SKU)
		name := strings.TrimSpace(l.Name)
		if name == "" {
			name = x.skus[target].Name
		}
		add(candidate{sku: target, name: name, code: strings.TrimSpace(l.Code)}, "")
	}
	return k
}

// Suggest returns at most n SKUs that an unmatched listing may be, best first:
// the same barcode; the same code under another account; a code that differs only in width, case, spaces or hyphens;
// a code a few letters away; a like name. Every argument may be empty. It looks
// through all codes and is meant for lists that people read.
func (x *Index) Suggest(code, name, barcode string, n int) []Suggestion {
	best := map[string]Suggestion{}
	offer := func(c *candidate, why Why, score int) {
		if old, ok := best[c.sku]; !ok || score > old.Score {
			best[c.sku] = Suggestion{SKU: c.sku, Name: c.name, Code: c.code, Why: why, Score: score}
		}
	}
	k := x.known()
	for i := range k.byBarcode[strings.TrimSpace(barcode)] {
		offer(&k.byBarcode[strings.TrimSpace(barcode)][i], SameBarcode, 100)
	}
	foldCode, foldName := fold(code), fold(name)
	if foldCode != "" {
		for i := range k.folded[foldCode] {
			c := &k.folded[foldCode][i]
			if c.code == strings.TrimSpace(code) {
				offer(c, SameCode, 98)
				continue
			}
			offer(c, SameFolded, 95)
		}
	}
	codeRunes, nameGrams := []rune(foldCode), bigrams(foldName)
	for i := range k.all {
		c := &k.all[i]
		if limit := allowed(len(codeRunes)); limit > 0 {
			if d, ok := distance(codeRunes, []rune(c.fold), limit); ok && d > 0 {
				offer(c, NearCode, 85-10*d)
			}
		}
		if foldName == "" || c.nameFold == "" {
			continue
		}
		if c.nameFold == foldName {
			offer(c, SameName, 80)
		} else if like := dice(nameGrams, bigrams(c.nameFold)); like >= 50 {
			offer(c, NearName, like*7/10)
		}
	}
	out := make([]Suggestion, 0, len(best))
	for _, s := range best {
		out = append(out, s)
	}
	sort.Slice(out, func(i, j int) bool {
		if out[i].Score != out[j].Score {
			return out[i].Score > out[j].Score
		}
		return out[i].SKU < out[j].SKU
	})
	return out[:min(max(n, 0), len(out))]
}

// allowed is how many letters a near code may differ in, by its length.
func allowed(length int) int {
	switch {
	case length < 4:
		return 0
	case length < 8:
		return 1
	case length < 14:
		return 2
	}
	return 3
}

// distance is the number of letters to insert, remove or change; ok is false
// above limit.
func distance(a, b []rune, limit int) (int, bool) {
	if len(a)-len(b) > limit || len(b)-len(a) > limit {
		return 0, false
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		diagonal, least := row[0], i
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := diagonal
			if a[i-1] != b[j-1] {
				cost++
			}
			diagonal = row[j]
			row[j] = min(cost, row[j]+1, row[j-1]+1)
			least = min(least, row[j])
		}
		if least > limit {
			return 0, false
		}
	}
	return row[len(b)], row[len(b)] <= limit
}

func bigrams(s string) map[[2]rune]int {
	out := map[[2]rune]int{}
	var last rune
	for i, r := range s {
		if i > 0 {
			out[[2]rune{last, r}]++
		}
		last = r
	}
	return out
}

// dice is the share of common letter pairs, 0 to 100.
func dice(a, b map[[2]rune]int) int {
	total, common := 0, 0
	for _, n := range a {
		total += n
	}
	for g, n := range b {
		total += n
		common += min(n, a[g])
	}
	if total == 0 {
		return 0
	}
	return 200 * common / total
}

// fold removes width, case, spaces and every kind of hyphen.
func fold(s string) string {
	if ascii(s) {
		return strings.ToUpper(loose.Replace(s))
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || unicode.Is(unicode.Pd, r) || r == '_' || r == '−' {
			return -1
		}
		return unicode.ToUpper(r)
	}, norm.NFKC.String(s))
}

// loose removes the spaces and hyphens that ASCII has.
var loose = strings.NewReplacer(" ", "", "\t", "", "\n", "", "\v", "", "\f", "", "\r", "", "-", "", "_", "")

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
