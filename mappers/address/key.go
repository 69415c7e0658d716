package address

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/mallbridge/mallbridge/order"
)

// Key is equal for two parties that are the same recipient at the same door:
// name, company, country, postal code, phone and address, without regard to
// width, case, blanks, the kind of hyphen and the way the address is divided.
// It is a hash, so that it can be stored and logged. An incomplete party (no name
// or no address) has no key: it is empty and merges with nothing.
func Key(p *order.Party) string {
	name, address := fold(p.Name+p.Company), p.Address()
	if pref, rest, ok := cutPrefecture(p.Country, address); ok {
		address = pref.successor().Name + " " + rest
	}
	address = fold(address)
	if name == "" || address == "" {
		return ""
	}
	postal, ok := NormalizePostal(p.Country, p.Postal)
	if !ok {
		postal = fold(p.Postal)
	}
	phone, ok := NormalizePhone(p.Country, p.Phone)
	if !ok {
		phone = fold(p.Phone)
	}
	sum := sha256.Sum256([]byte(strings.Join([]string{name, p.Country, postal, phone, address}, "\x00")))
	return hex.EncodeToString(sum[:16])
}

// fold makes one of width, case and hyphens and drops blanks, except between
// two numbers or Latin words: 12 3 is not 123.
func fold(s string) string {
	var b strings.Builder
	var last rune
	gap := false
	for _, r := range norm.NFKC.String(s) {
		if unicode.IsSpace(r) {
			gap = true
			continue
		}
		if isHyphen(r) && (inRun(r) || inRun(last)) {
			r = '-'
		}
		r = unicode.ToLower(r)
		if gap && inRun(last) && inRun(r) && last != '-' && r != '-' {
			b.WriteByte(' ')
		}
		gap = false
		b.WriteRune(r)
		last = r
	}
	return b.String()
}
