package workbook

import (
	"math"
	"strconv"
)

// A CellKind tells what a cell holds.
type CellKind uint8

// The kinds of cell. The zero value is a cell without content.
const (
	Blank CellKind = iota
	String
	Number
	Date
	Bool
	Error
)

// String returns the kind's name as used in messages.
func (k CellKind) String() string {
	switch k {
	case Blank:
		return "blank"
	case String:
		return "text"
	case Number:
		return "number"
	case Date:
		return "date"
	case Bool:
		return "true or false"
	case Error:
		return "error"
	}
	return "cell kind " + strconv.Itoa(int(k))
}

// Damage tells what a spreadsheet program has already done to a value. A
// damaged value must not be used as a code.
type Damage uint8

// The kinds of damage.
const (
	None       Damage = iota
	LongNumber        // a number of 16 digits or more: programs keep 15, the rest are gone
	Exponent          // a text such as 8.11E+11: the digits after it are gone
	ErrorValue        // #N/A, #REF! and their like
	NoResult          // a formula that was saved without its result
)

// String says what happened, for a message to the person who sent the file.
func (d Damage) String() string {
	switch d {
	case None:
		return "sound"
	case LongNumber:
		return "number longer than 15 digits: the last digits are lost"
	case Exponent:
		return "number written with an exponent: its last digits are lost"
	case ErrorValue:
		return "error value"
	case NoResult:
		return "formula without a stored result"
	}
	return "damage " + strconv.Itoa(int(d))
}

// A Cell is one cell of a row.
type Cell struct {
	// Text is the cell as a code or a word: text as it stands, with LF for
	// line breaks inside the cell as far as the file says so; whole numbers
	// in plain digits, other numbers in up to 15 significant digits without
	// an exponent, numbers formatted like 0000000 or 000-0000 as shown; TRUE
	// or FALSE; dates as 2026-07-15, 2026-07-15 20:09:00 or 20:09:00; the
	// name of an error value.
	Text string
	// Number is the value of a Number or Date cell, as stored.
	Number float64
	// Time is the civil time of a Date cell; spreadsheets know no zones.
	Time Civil
	Kind CellKind
	// Formula marks a cell with a formula; its other fields then describe
	// the result that was stored with it.
	Formula bool
	Damaged Damage
	// Format is the code of the cell's number format, such as General, @ or
	// #,##0; only with [Options.Formats], and "" where the file says none.
	Format string
}

// Address returns the name a spreadsheet gives to a cell, such as B17. Rows
// and columns count from 1; for others the result is "?".
func Address(row, col int) string {
	if row < 1 || col < 1 {
		return "?"
	}
	var buf [24]byte
	return string(strconv.AppendInt(appendColumn(buf[:0], col), int64(row), 10))
}

func appendColumn(dst []byte, col int) []byte {
	var letters [14]byte
	i := len(letters)
	for ; col > 0; col = (col - 1) / 26 {
		i--
		letters[i] = byte('A' + (col-1)%26)
	}
	return append(dst, letters[i:]...)
}

// maxExact bounds the whole numbers whose every digit survives: spreadsheet
// programs keep 15 significant digits.
const maxExact = 1e15

// appendNumber appends v in plain digits: whole numbers exactly, others
// rounded to 15 significant digits, as spreadsheet programs show them.
func appendNumber(dst []byte, v float64) []byte {
	if v == math.Trunc(v) {
		if math.Abs(v) < maxExact {
			return strconv.AppendInt(dst, int64(v), 10)
		}
		return strconv.AppendFloat(dst, v, 'f', 0, 64)
	}
	start := len(dst)
	dst = strconv.AppendFloat(dst, v, 'f', -1, 64)
	if significant(dst[start:]) <= 15 {
		return dst
	}
	rounded, err := strconv.ParseFloat(strconv.FormatFloat(v, 'e', 14, 64), 64)
	if err != nil {
		return dst
	}
	return strconv.AppendFloat(dst[:start], rounded, 'f', -1, 64)
}

// significant counts the digits of a plain decimal from its first one that
// is not zero.
func significant(digits []byte) int {
	n := 0
	for _, c := range digits {
		if c >= '1' && c <= '9' || c == '0' && n > 0 {
			n++
		}
	}
	return n
}

// textDamage looks at a text cell for a number that was turned into an
// exponent form before it was saved as text.
func textDamage(s string) Damage {
	if len(s) < 4 || len(s) > 30 {
		return None
	}
	i := 0
	if s[0] == '-' || s[0] == '+' {
		i = 1
	}
	if !isDigit(s[i]) {
		return None
	}
	i++
	if i < len(s) && s[i] == '.' {
		i++
		for i < len(s) && isDigit(s[i]) {
			i++
		}
	}
	if i+2 >= len(s) || s[i] != 'E' && s[i] != 'e' || s[i+1] != '+' {
		return None
	}
	for _, c := range []byte(s[i+2:]) {
		if !isDigit(c) {
			return None
		}
	}
	return Exponent
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
