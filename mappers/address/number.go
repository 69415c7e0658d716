package address

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// NormalizePostal returns a postal code as plain digits: seven for JP, five for
// KR. Full-width digits, spaces, the mark 〒 and every kind of hyphen are
// accepted, other letters and another number of digits are not: a missing zero
// is not filled in. For another country it returns the text, trimmed.
func NormalizePostal(country, s string) (code string, ok bool) {
	n := 0
	switch country {
	case "JP":
		n = 7
	case "KR":
		n = 5
	default:
		s = strings.TrimSpace(norm.NFKC.String(s))
		return s, s != ""
	}
	code, ok = digits(strings.TrimPrefix(strings.TrimSpace(s), "〒"))
	return code, ok && len(code) == n && strings.Trim(code, "0") != ""
}

// NormalizePhone returns a phone number as plain digits in the form that is
// dialled inside its country: +81 and +82 become 0. ok is false for what cannot
// be a number of that country: too short, too long, masked or a placeholder of
// zeros. JP numbers have 10 or 11 digits; KR numbers 8 (1588-…) to 12 (0504-…).
func NormalizePhone(country, s string) (phone string, ok bool) {
	s = strings.TrimSpace(nfkc(s))
	plus := strings.HasPrefix(s, "+")
	s = strings.TrimPrefix(s, "+")
	if phone, ok = digits(s); !ok {
		phone, ok = digits(brackets.Replace(s))
	}
	if !ok {
		return phone, false
	}
	code := ""
	switch country {
	case "JP":
		code = "81"
	case "KR":
		code = "82"
	}
	if plus && code != "" && strings.HasPrefix(phone, code) {
		phone = "0" + strings.TrimPrefix(strings.TrimPrefix(phone, code), "0")
	} else if plus {
		return phone, code == "" && len(phone) >= 7 && len(phone) <= 15
	}
	if strings.Trim(phone, "0") == "" {
		return phone, false
	}
	switch country {
	case "JP":
		return phone, validJP(phone)
	case "KR":
		return phone, validKR(phone)
	}
	return phone, len(phone) >= 7 && len(phone) <= 15
}

// validJP knows the lengths of the numbering plan: 11 digits for 020, 050, 060,
// 070, 080, 090 and 0800, otherwise 10.
func validJP(p string) bool {
	if len(p) < 10 || len(p) > 11 || p[0] != '0' || p[1] == '0' {
		return false
	}
	long := p[2] == '0' && strings.IndexByte("256789", p[1]) >= 0
	return long == (len(p) == 11)
}

// validKR takes 02 and area codes (9 to 11 digits), mobile and 070 (10 or 11),
// safe numbers 050x (11 or 12) and 15xx, 16xx, 18xx (8).
func validKR(p string) bool {
	switch {
	case p[0] == '1':
		return len(p) == 8 && strings.IndexByte("568", p[1]) >= 0
	case p[0] != '0' || len(p) < 9 || p[1] == '0':
		return false
	case strings.HasPrefix(p, "02"):
		return len(p) <= 10
	case strings.HasPrefix(p, "050"):
		return len(p) == 11 || len(p) == 12
	}
	return len(p) == 10 || len(p) == 11
}

// digits keeps the digits of s, half width; ok is false if anything but digits,
// hyphens and spaces is there, or no digit.
func digits(s string) (string, bool) {
	if onlyDigits(s) {
		return s, true
	}
	var b strings.Builder
	b.Grow(len(s))
	ok := true
	for _, r := range nfkc(s) {
		switch {
		case r >= '0' && r <= '9':
			b.WriteRune(r)
		case unicode.IsSpace(r), isHyphen(r):
		default:
			ok = false
		}
	}
	return b.String(), ok && b.Len() > 0
}

// brackets stand between the parts of a phone number.
var brackets = strings.NewReplacer("(", "-", ")", "-", ".", "-")

func onlyDigits(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i]-'0' > 9 {
			return false
		}
	}
	return s != ""
}

// nfkc is norm.NFKC for texts most of which it leaves as they are.
func nfkc(s string) string {
	for i := 0; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf {
			return norm.NFKC.String(s)
		}
	}
	return s
}

// isHyphen knows what people type between numbers, the long vowel mark too.
func isHyphen(r rune) bool {
	switch r {
	case '-', '‐', '‑', '‒', '–', '—', '―', '−', '－', 'ー', 'ｰ', '﹣', '─', '━':
		return true
	}
	return false
}
