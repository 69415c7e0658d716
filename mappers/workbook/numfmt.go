package workbook

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// A numberFormat is what a number format means for reading: whether its
// numbers are dates, or codes whose shown form counts.
type numberFormat struct {
	code     string
	date     bool
	sections []codeSection // only if one of them shows a code
}

// A codeSection is one section of a format that consists of digit
// placeholders and literals only, such as 0000000 or [<=999]000.
type codeSection struct {
	code      bool // shows a code; otherwise the exact digits are used
	op        string
	bound     float64
	marks     []rune // placeholders and literals in order
	isDigit   []bool
	zeros     int
	literally bool
}

// builtinFormat gives the meaning of the format numbers that need no entry in
// the workbook. 27-36 and 50-58 are dates in the East Asian editions.
func builtinFormat(id int) numberFormat {
	return numberFormat{code: builtinCode(id), date: id >= 14 && id <= 22 || id >= 27 && id <= 36 || id == 45 || id == 47 || id >= 50 && id <= 58}
}

// builtinCodes are what spreadsheet programs show for the format numbers that all
// editions share (ECMA-376, 18.8.30).
var builtinCodes = map[int]string{
	0: "General", 1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 9: "0%", 10: "0.00%", 11: "0.00E+00", 12: "# ?/?", 13: "# ??/??",
	14: "mm-dd-yy", 15: "d-mmm-yy", 16: "d-mmm", 17: "mmm-yy", 18: "h:mm AM/PM", 19: "h:mm:ss AM/PM", 20: "h:mm", 21: "h:mm:ss", 22: "m/d/yy h:mm",
	37: "#,##0 ;(#,##0)", 38: "#,##0 ;[Red](#,##0)", 39: "#,##0.00;(#,##0.00)", 40: "#,##0.00;[Red](#,##0.00)",
	45: "mm:ss", 46: "[h]:mm:ss", 47: "mmss.0", 48: "##0.0E+0", 49: "@",
}

func builtinCode(id int) string {
	if code, ok := builtinCodes[id]; ok {
		return code
	}
	return "#" + strconv.Itoa(id)
}

// parseFormat reads a number format code.
func parseFormat(code string) numberFormat {
	f := readFormat(code)
	f.code = code
	return f
}

func readFormat(code string) numberFormat {
	var f numberFormat
	for i, section := range splitSections(code) {
		s, date := parseSection(section)
		if date && i == 0 {
			return numberFormat{date: true}
		}
		f.sections = append(f.sections, s)
	}
	for _, s := range f.sections {
		if s.code {
			return f
		}
	}
	return numberFormat{}
}

// splitSections splits at semicolons outside of quotes, brackets and
// escapes.
func splitSections(code string) []string {
	var out []string
	start, quoted, bracket := 0, false, false
	for i := 0; i < len(code); i++ {
		switch c := code[i]; {
		case quoted:
			quoted = c != '"'
		case c == '"':
			quoted = true
		case c == '\\', c == '_', c == '*':
			i++
		case c == '[':
			bracket = true
		case c == ']':
			bracket = false
		case c == ';' && !bracket:
			out = append(out, code[start:i])
			start = i + 1
		}
	}
	return append(out, code[start:])
}

func parseSection(code string) (s codeSection, date bool) {
	if strings.EqualFold(strings.TrimSpace(code), "general") {
		return s, false
	}
	plain := true // only digits and literals so far
	for i := 0; i < len(code); {
		r, n := utf8.DecodeRuneInString(code[i:])
		switch r {
		case '"':
			end := strings.IndexByte(code[i+1:], '"')
			if end < 0 {
				end = len(code) - i - 1
			}
			for _, lit := range code[i+1 : i+1+end] {
				s.add(lit, false)
			}
			n = end + 2
		case '\\':
			if i+1 < len(code) {
				lit, m := utf8.DecodeRuneInString(code[i+1:])
				s.add(lit, false)
				n += m
			}
		case '_', '*':
			if i+1 < len(code) {
				_, m := utf8.DecodeRuneInString(code[i+1:])
				n += m
			}
		case '[':
			end := strings.IndexByte(code[i:], ']')
			if end < 0 {
				return codeSection{}, false
			}
			if s.bracket(code[i+1 : i+end]) {
				return codeSection{}, false
			}
			n = end + 1
		case '0', '#', '?':
			s.add(r, true)
		case 'E', 'e':
			if rest := code[i+1:]; strings.HasPrefix(rest, "+") || strings.HasPrefix(rest, "-") {
				plain = false
				n = 2
				break
			}
			return codeSection{}, true
		case 'y', 'Y', 'm', 'M', 'd', 'D', 'h', 'H', 's', 'S', 'g', 'G', 'a', 'A', 'b', 'B':
			return codeSection{}, true
		case '.', ',', '%', '/', '@':
			plain = false
		default:
			s.add(r, false)
		}
		i += n
	}
	s.code = plain && (s.zeros >= 2 || s.literally)
	return s, false
}

func (s *codeSection) add(r rune, digit bool) {
	if digit {
		if r == '0' {
			s.zeros++
		}
		// A literal between two digits: 000-0000.
		if n := len(s.isDigit); n > 1 && !s.isDigit[n-1] && s.hasDigit() {
			s.literally = true
		}
	}
	s.marks = append(s.marks, r)
	s.isDigit = append(s.isDigit, digit)
}

func (s *codeSection) hasDigit() bool {
	for _, d := range s.isDigit {
		if d {
			return true
		}
	}
	return false
}

// bracket reads what stands in brackets: a condition, a currency, a colour,
// a locale. It reports true for elapsed time such as [h].
func (s *codeSection) bracket(body string) (elapsed bool) {
	if strings.HasPrefix(body, "$") {
		symbol, _, _ := strings.Cut(body[1:], "-")
		for _, lit := range symbol {
			s.add(lit, false)
		}
		return false
	}
	digits := strings.TrimLeft(body, "<>=")
	if op := body[:len(body)-len(digits)]; op != "" {
		if bound, err := strconv.ParseFloat(digits, 64); err == nil {
			s.op, s.bound = op, bound
		}
		return false
	}
	return body != "" && strings.Trim(strings.ToLower(body), "hms") == ""
}

// appendCode appends v, a whole number that is not negative, as the format
// shows it. It reports false if the exact digits should be used.
func (f numberFormat) appendCode(dst []byte, v int64) ([]byte, bool) {
	s := f.section(v)
	if s == nil || !s.code {
		return dst, false
	}
	var buf [20]byte
	digits := string(strconv.AppendInt(buf[:0], v, 10))
	if v == 0 {
		digits = ""
	}
	places := 0
	for _, d := range s.isDigit {
		if d {
			places++
		}
	}
	for i, r := range s.marks {
		if !s.isDigit[i] {
			dst = utf8.AppendRune(dst, r)
			continue
		}
		switch {
		case len(digits) > places: // the first place takes what is too long
			n := len(digits) - places + 1
			dst = append(dst, digits[:n]...)
			digits = digits[n:]
		case len(digits) == places:
			dst = append(dst, digits[0])
			digits = digits[1:]
		case r == '0':
			dst = append(dst, '0')
		case r == '?':
			dst = append(dst, ' ')
		}
		places--
	}
	return dst, true
}

// section picks the section for v: by its condition, or the third for zero.
func (f numberFormat) section(v int64) *codeSection {
	conditional := false
	for i := range f.sections {
		s := &f.sections[i]
		if s.op == "" {
			if conditional {
				return s
			}
			continue
		}
		conditional = true
		if s.holds(float64(v)) {
			return s
		}
	}
	switch {
	case conditional || len(f.sections) == 0:
		return nil
	case v == 0 && len(f.sections) > 2:
		return &f.sections[2]
	}
	return &f.sections[0]
}

func (s *codeSection) holds(v float64) bool {
	switch s.op {
	case "<":
		return v < s.bound
	case "<=":
		return v <= s.bound
	case ">":
		return v > s.bound
	case ">=":
		return v >= s.bound
	case "=":
		return v == s.bound
	case "<>":
		return v != s.bound
	}
	return false
}
