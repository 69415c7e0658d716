package format

// Files of refused rows are opened in spreadsheet programs, which run cells that
// begin as formulas do. In text files such a cell gets an apostrophe before it,
// and one that has apostrophes before such a beginning gets one more; reading a
// file of refused rows takes it away again. Plain numbers stay as they are.

// neutral appends a row of a text file with its cells made harmless.
func neutral(dst, row []byte, delimiter byte) []byte {
	for at := 0; at <= len(row); {
		end := cellEnd(row, at, delimiter)
		cell := row[at:end]
		if len(cell) > 0 && cell[0] == '"' {
			dst, cell = append(dst, '"'), cell[1:]
		}
		if runs(cell) && !plainNumber(cell) {
			dst = append(dst, '\'')
		}
		dst = append(dst, cell...)
		if end < len(row) {
			dst = append(dst, delimiter)
		}
		at = end + 1
	}
	return dst
}

// harmed takes off what neutral put before a cell.
func harmed(cell []byte) []byte {
	if len(cell) > 0 && cell[0] == '\'' && runs(cell[1:]) {
		return cell[1:]
	}
	return cell
}

// runs reports whether a cell begins with = + - @ TAB or CR, perhaps behind
// apostrophes.
func runs(cell []byte) bool {
	for _, c := range cell {
		switch c {
		case '\'':
		case '=', '+', '-', '@', '\t', '\r':
			return true
		default:
			return false
		}
	}
	return false
}

// plainNumber reports whether a cell, with its closing quote if it has one, is a
// sign with digits.
func plainNumber(cell []byte) bool {
	if n := len(cell); n > 0 && cell[n-1] == '"' {
		cell = cell[:n-1]
	}
	if len(cell) < 2 || cell[0] != '-' && cell[0] != '+' {
		return false
	}
	for _, c := range cell[1:] {
		if (c < '0' || c > '9') && c != '.' && c != ',' {
			return false
		}
	}
	return true
}

// cellEnd returns where the cell that begins at at ends. No byte of a delimiter or
// quote is part of a character in the charsets that rows are split in.
func cellEnd(row []byte, at int, delimiter byte) int {
	quoted := at < len(row) && row[at] == '"'
	for i := at; i < len(row); i++ {
		switch {
		case quoted && i > at && row[i] == '"':
			quoted = false
		case !quoted && row[i] == '"' && i > at:
			quoted = row[at] == '"'
		case !quoted && row[i] == delimiter:
			return i
		}
	}
	return len(row)
}

// firstCells returns a row up to the end of its nth cell.
func firstCells(row []byte, n int, delimiter byte) []byte {
	end := -1
	for range n {
		if end = cellEnd(row, end+1, delimiter); end >= len(row) {
			return row
		}
	}
	return row[:max(end, 0)]
}
