package sku

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/mallbridge/mallbridge/order"
)

// An Index answers which SKUs a listing is. It is safe for concurrent use.
type Index struct {
	links    map[linkKey][]version // newest first
	skus     map[string]Component  // by SKU, quantity 1
	barcodes map[string]string     // barcode → SKU, empty where several have it
	known    func() *known         // made when first asked for
	mark     string
	buffers  map[string]int64 // by SKU, where the master says one
}

type linkKey struct{ account, code string }

// A version is the set of links of a code that began on the same day.
type version struct {
	from  order.Date
	parts []Component
}

// NewIndex checks links and the SKU master and prepares lookups. The Index holds
// what has no finding, and what has a warning only.
func NewIndex(links []Link, skus []SKU) (*Index, []Finding) {
	x := &Index{
		links: make(map[linkKey][]version, len(links)), skus: make(map[string]Component, len(skus)),
		barcodes: map[string]string{}, buffers: map[string]int64{},
	}
	var all []Finding
	lines := map[string]int{}
	for i := range skus {
		all = append(all, x.addSKU(&skus[i], lines)...)
	}
	// Most codes are one SKU at all times: each has its place in one piece of memory.
	versions, parts := make([]version, len(links)), make([]Component, len(links))
	for i := range links {
		all = append(all, x.addLink(&links[i], versions[i:i:i+1], parts[i:i:i+1])...)
	}
	for _, v := range x.links {
		sort.SliceStable(v, func(i, j int) bool { return v[i].from > v[j].from })
	}
	all = append(all, x.lookalikes(links)...)
	x.known = sync.OnceValue(func() *known { return x.collect(links, skus) })
	x.mark = markOf(links, skus)
	return x, all
}

// markOf is a hash of what decides which SKU a code is.
func markOf(links []Link, skus []SKU) string {
	h := sha256.New()
	var text []byte
	put := func(fields ...string) {
		text = text[:0]
		for _, f := range fields {
			text = append(append(strconv.AppendInt(text, int64(len(f)), 10), ':'), f...)
		}
		h.Write(text)
	}
	for i := range links {
		l := &links[i]
		put("link", l.Account, l.Code, l.SKU, l.Quantity, l.From)
	}
	for i := range skus {
		put("sku", skus[i].SKU, skus[i].Barcode)
	}
	return hex.EncodeToString(h.Sum(nil)[:12])
}

// Mark changes whenever the links or the SKU master may lead a code to another SKU.
func (x *Index) Mark() string { return x.mark }

// Buffer returns how many pieces of a SKU are never offered to malls, if the SKU
// master says so.
func (x *Index) Buffer(sku string) (n int64, ok bool) {
	n, ok = x.buffers[sku]
	return n, ok
}

// Needs returns what the lines of an order need, line by line; see [Index.Match].
func (x *Index) Needs(account, mall string, skuFrom []string, o *order.Order, day order.Date) []Need {
	var out []Need
	for i := range o.Packages {
		for j := range o.Packages[i].Lines {
			l := &o.Packages[i].Lines[j]
			if l.Quantity < 1 {
				continue
			}
			parts, code, ok := x.Match(account, mall, skuFrom, l, day)
			if !ok {
				out = append(out, Need{Code: code, Quantity: l.Quantity})
			}
			for _, c := range parts {
				out = append(out, Need{SKU: c.SKU, Code: code, Quantity: c.Quantity * l.Quantity})
			}
		}
	}
	return out
}

func (x *Index) addSKU(s *SKU, lines map[string]int) []Finding {
	var all []Finding
	bad := func(column, value, why, hint string) {
		all = append(all, Finding{File: "skus", Line: s.Line, Column: column, Value: value, Why: why, Hint: hint})
	}
	code := strings.TrimSpace(s.SKU)
	if code == "" {
		bad("sku", "", "the SKU is empty", "write the warehouse's code")
	} else if first, twice := lines[code]; twice {
		bad("sku", code, fmt.Sprintf("is in line %d already", first), "keep one of the two lines")
	}
	weight, err := grams(s.Weight)
	if err != nil {
		bad("weight", s.Weight, err.Error(), "write whole grams, 250")
	}
	temperature, ok := temperatureOf(s.Temperature)
	if !ok {
		bad("temperature", s.Temperature, "is not a temperature class", "use normal, chilled, frozen or leave it empty")
	}
	buffer, err := strconv.ParseInt(cmp.Or(strings.TrimSpace(s.Buffer), "0"), 10, 64)
	if err != nil || buffer < 0 || buffer > 1_000_000 {
		bad("buffer", s.Buffer, "is not a whole number from 0 to 1000000", "write how many pieces are never offered to malls, or leave it empty")
	}
	if len(all) > 0 {
		return all
	}
	if strings.TrimSpace(s.Buffer) != "" {
		x.buffers[code] = buffer
	}
	lines[code] = s.Line
	x.skus[code] = Component{
		SKU: code, Name: strings.TrimSpace(s.Name), Quantity: 1, Temperature: temperature, Weight: weight,
		Warehouse: strings.TrimSpace(s.Warehouse),
	}
	if b := strings.TrimSpace(s.Barcode); b != "" {
		if other, twice := x.barcodes[b]; twice {
			x.barcodes[b] = ""
			if other != "" {
				all = append(all, Finding{
					File: "skus", Line: s.Line, Column: "barcode", Value: b, Warning: true,
					Why: fmt.Sprintf("is also the barcode of %s in line %d; neither is matched by it", other, lines[other]), Hint: "give each SKU its own barcode",
				})
			}
		} else {
			x.barcodes[b] = code
		}
	}
	return all
}

// addLink takes a link; versions and parts are room for a code's first one.
func (x *Index) addLink(l *Link, versions []version, parts []Component) []Finding {
	var all []Finding
	bad := func(column, value, why, hint string) {
		all = append(all, Finding{File: "links", Line: l.Line, Column: column, Value: value, Why: why, Hint: hint})
	}
	code, target := strings.TrimSpace(l.Code), strings.TrimSpace(l.SKU)
	if code == "" {
		bad("code", "", "the code is empty", "write the listing's code as the mall's sheet shows it")
	}
	if target == "" {
		bad("sku", "", "the SKU is empty", "write the warehouse's code")
	}
	quantity := int64(1)
	if q := strings.TrimSpace(l.Quantity); q != "" {
		n, err := strconv.ParseInt(q, 10, 64)
		if err != nil || n < 1 || n > 1_000_000 {
			bad("quantity", l.Quantity, "is not a whole number from 1 to 1000000", "write how many pieces of the SKU one piece sold is")
		}
		quantity = n
	}
	weight, err := grams(l.Weight)
	if err != nil {
		bad("weight", l.Weight, err.Error(), "write whole grams, 250")
	}
	temperature, ok := temperatureOf(l.Temperature)
	if !ok {
		bad("temperature", l.Temperature, "is not a temperature class", "use normal, chilled, frozen or leave it empty")
	}
	from, ok := dateOf(l.From)
	if !ok {
		bad("from", l.From, "is not a date", "write 2026-11-22 or leave it empty")
	}
	if len(all) > 0 {
		return all
	}
	c := x.complete(Component{
		SKU: target, Name: strings.TrimSpace(l.Name), Quantity: quantity, Temperature: temperature, Weight: weight, Line: l.Line,
	})
	k := linkKey{strings.TrimSpace(l.Account), code}
	known := x.links[k]
	for i := range known {
		v := &known[i]
		if v.from != from {
			continue
		}
		for _, other := range v.parts {
			if other.SKU == target {
				bad("sku", target, fmt.Sprintf("code %q is linked to it in line %d already", code, other.Line), "keep one of the two lines; for more pieces raise its quantity")
				return all
			}
		}
		v.parts = append(v.parts, c)
		return nil
	}
	if known == nil {
		known = versions
	}
	x.links[k] = append(known, version{from, append(parts, c)})
	return nil
}

// complete fills from the SKU master what a link leaves open.
func (x *Index) complete(c Component) Component {
	s, ok := x.skus[c.SKU]
	if !ok {
		return c
	}
	if c.Name == "" {
		c.Name = s.Name
	}
	if c.Temperature == "" {
		c.Temperature = s.Temperature
	}
	if c.Weight == 0 {
		c.Weight = s.Weight
	}
	c.Warehouse = s.Warehouse
	return c
}

// lookalikes warns of codes of one account that differ only in width, case or
// hyphens and lead to different SKUs: one of them is mostly a slip.
func (x *Index) lookalikes(links []Link) []Finding {
	var all []Finding
	first := make(map[linkKey]*Link, len(links))
	for i := range links {
		l := &links[i]
		code, target := strings.TrimSpace(l.Code), strings.TrimSpace(l.SKU)
		if code == "" || target == "" {
			continue
		}
		k := linkKey{strings.TrimSpace(l.Account), fold(code)}
		o, ok := first[k]
		if !ok {
			first[k] = l
			continue
		}
		if was := strings.TrimSpace(o.Code); was != code && strings.TrimSpace(o.SKU) != target {
			all = append(all, Finding{
				File: "links", Line: l.Line, Column: "code", Value: code, Warning: true,
				Why:  fmt.Sprintf("looks like %q of line %d but leads to another SKU", was, o.Line),
				Hint: "codes are compared exactly; check that both exist at the mall",
			})
		}
	}
	return all
}

// SKU returns a SKU of the master, as a component of quantity 1.
func (x *Index) SKU(code string) (Component, bool) {
	c, ok := x.skus[code]
	return c, ok
}

// Match returns the SKUs that one piece of a line is, and the code that decided.
// The first filled code of skuFrom decides alone: if it is not linked the line
// is not matched, even if a later code is, because a later one may mean another
// variation. Links of the account go before those of its mall and those before
// links for every account; day is the day on which the order was placed, in the
// mall's zone (empty: the newest links). A code without links matches the SKU of
// the same name, or for a barcode the SKU that has it, if the SKU master knows
// it.
//
// When ok is false, code is what should be linked; it is empty if the line has
// none of the codes. The components must not be changed.
func (x *Index) Match(account, mall string, skuFrom []string, line *order.Line, day order.Date) (parts []Component, code string, ok bool) {
	for _, from := range skuFrom {
		code = Code(line, from)
		if code == "" {
			continue
		}
		parts, ok = x.lookup(account, mall, code, from == "barcode", day)
		return parts, code, ok
	}
	return nil, "", false
}

// Linked reports whether a code that an account's listing was listed under leads to a
// SKU now; barcode says whether the account's codes may be barcodes.
func (x *Index) Linked(account, mall, code string, barcode bool) bool {
	_, ok := x.lookup(account, mall, code, barcode, "")
	return ok
}

func (x *Index) lookup(account, mall, code string, barcode bool, day order.Date) ([]Component, bool) {
	for _, scope := range [...]string{account, mall, ""} {
		for _, v := range x.links[linkKey{scope, code}] {
			if day == "" || v.from <= day {
				return v.parts, true
			}
		}
	}
	if c, ok := x.skus[code]; ok {
		return []Component{c}, true
	}
	if barcode {
		if c, ok := x.skus[x.barcodes[code]]; ok {
			return []Component{c}, true
		}
	}
	return nil, false
}

func grams(s string) (int64, error) {
	s = strings.TrimSpace(s)
	if s == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 || n > 1_000_000_000 {
		return 0, fmt.Errorf("is not a weight in whole grams")
	}
	return n, nil
}

// temperatureOf reads our words and those of the carriers' forms.
func temperatureOf(s string) (order.Temperature, bool) {
	switch t := strings.ToLower(strings.TrimSpace(s)); t {
	case "", string(order.Normal), string(order.Chilled), string(order.Frozen):
		return order.Temperature(t), true
	case "常温", "상온":
		return order.Normal, true
	case "冷蔵", "냉장":
		return order.Chilled, true
	case "冷凍", "냉동":
		return order.Frozen, true
	}
	return "", false
}

func dateOf(s string) (order.Date, bool) {
	s = strings.TrimSpace(s)
	if s == "" {
		return "", true
	}
	if parts := strings.Split(s, "/"); len(parts) == 3 {
		for i := 1; i < 3; i++ {
			if len(parts[i]) == 1 {
				parts[i] = "0" + parts[i]
			}
		}
		s = strings.Join(parts, "-")
	}
	d := order.Date(s)
	_, ok := d.Time(time.UTC)
	return d, ok
}

// SKUs lists the SKUs of the master in the order of their codes.
func (x *Index) SKUs() []string {
	out := make([]string, 0, len(x.skus))
	for s := range x.skus {
		out = append(out, s)
	}
	slices.Sort(out)
	return out
}
