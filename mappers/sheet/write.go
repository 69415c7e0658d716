package sheet

// AppendQuoted appends value in quotes, its own quotes doubled. value is in a
// charset in which byte 22 is always the quote.
func AppendQuoted(dst, value []byte) []byte {
	dst = append(dst, '"')
	for _, c := range value {
		if c == '"' {
			dst = append(dst, '"')
		}
		dst = append(dst, c)
	}
	return append(dst, '"')
}

// NeedsQuotes reports whether s must be quoted: it has the delimiter, a quote or a
// line break, or spaces at an end, which some readers would strip.
func NeedsQuotes[T string | []byte](s T, delimiter byte) bool {
	if len(s) == 0 {
		return false
	}
	if s[0] == ' ' || s[len(s)-1] == ' ' {
		return true
	}
	for i := 0; i < len(s); i++ {
		if c := s[i]; c <= ',' && (c == '"' || c == '\n' || c == '\r' || c == delimiter) || c == delimiter {
			return true
		}
	}
	return false
}
