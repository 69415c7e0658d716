package workbook

// Limits bound what one workbook may make the reader do. A zero field takes
// its value from [DefaultLimits].
type Limits struct {
	FileBytes         int64 // size of the file itself
	EncryptedBytes    int64 // size of a file that is encrypted, held in memory while it is opened
	UnzippedBytes     int64 // bytes really unpacked from all parts that are read
	Ratio             int64 // unpacked to packed bytes of one part, once it is larger than 4 MiB
	Entries           int   // entries of the zip folder
	Rows              int   // highest row number
	Columns           int   // highest column number
	CellChars         int   // characters of one cell
	Cells             int   // cells of a sheet, blank ones between others counted
	SharedStrings     int   // entries of the table of shared strings
	SharedStringBytes int64 // size of that table
	MemoryBytes       int64 // size of a .xls stream or an HTML document, which are held in memory
}

// DefaultLimits admit every sheet that a spreadsheet program can make of an
// order list and stop at what only an attack contains.
func DefaultLimits() Limits {
	return Limits{
		FileBytes:         512 << 20,
		EncryptedBytes:    64 << 20,
		UnzippedBytes:     512 << 20,
		Ratio:             200,
		Entries:           1000,
		Rows:              1 << 20,
		Columns:           1 << 14,
		CellChars:         32767,
		Cells:             1 << 28,
		SharedStrings:     2_000_000,
		SharedStringBytes: 256 << 20,
		MemoryBytes:       64 << 20,
	}
}

func (l Limits) withDefaults() Limits {
	d := DefaultLimits()
	l.FileBytes = orDefault(l.FileBytes, d.FileBytes)
	l.EncryptedBytes = orDefault(l.EncryptedBytes, d.EncryptedBytes)
	l.UnzippedBytes = orDefault(l.UnzippedBytes, d.UnzippedBytes)
	l.Ratio = orDefault(l.Ratio, d.Ratio)
	l.Entries = orDefault(l.Entries, d.Entries)
	l.Rows = orDefault(l.Rows, d.Rows)
	l.Columns = orDefault(l.Columns, d.Columns)
	l.CellChars = orDefault(l.CellChars, d.CellChars)
	l.Cells = orDefault(l.Cells, d.Cells)
	l.SharedStrings = orDefault(l.SharedStrings, d.SharedStrings)
	l.SharedStringBytes = orDefault(l.SharedStringBytes, d.SharedStringBytes)
	l.MemoryBytes = orDefault(l.MemoryBytes, d.MemoryBytes)
	return l
}

func orDefault[T int | int64](v, fallback T) T {
	if v <= 0 {
		return fallback
	}
	return v
}
