package workbook

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

var (
	// ErrPassword means that the file is encrypted and no password was given.
	ErrPassword = errors.New("the workbook is protected by a password; give the password of this account's sheets, or save the file without one")
	// ErrWrongPassword means that the password given does not open the file.
	ErrWrongPassword = errors.New("the password does not open this workbook: ask for the password that was chosen at the download")
)

// A LimitError means that a file goes beyond one of the [Limits]. Nothing is
// said about the rest of the file.
type LimitError struct {
	What  string // what there is too much of, with its place if known
	Limit int64
}

// Error names the limit and what to do.
func (e *LimitError) Error() string {
	return e.What + ": more than the limit of " + strconv.FormatInt(e.Limit, 10) +
		": split the file, or raise the limit if you trust its sender"
}

// A CorruptError means that a file is not what its first bytes promise: cut
// off, damaged, or written by a faulty program.
type CorruptError struct {
	Part string // part of the file, such as xl/worksheets/sheet1.xml, or ""
	Cell string // address such as B17, row such as "row 17", or ""
	Msg  string
	Err  error // cause, or nil
}

// Error names the part, the place and what to do.
func (e *CorruptError) Error() string {
	var b strings.Builder
	b.WriteString("damaged workbook: ")
	if e.Part != "" {
		b.WriteString(e.Part + ": ")
	}
	if e.Cell != "" {
		b.WriteString(e.Cell + ": ")
	}
	b.WriteString(e.Msg)
	if e.Err != nil {
		b.WriteString(": " + e.Err.Error())
	}
	b.WriteString(": fetch the file again, or open it in a spreadsheet program and save it as .xlsx")
	return b.String()
}

// Unwrap returns the cause.
func (e *CorruptError) Unwrap() error { return e.Err }

// A KindError means that a file cannot be read as a workbook because it is
// something else.
type KindError struct {
	Kind Kind
	Hint string // what it is in more detail and what to do
}

// Error says what the file is and what to do.
func (e *KindError) Error() string {
	return "not a workbook that can be read: " + e.Kind.String() + ": " + e.Hint
}

// A SheetError means that the workbook has no sheet of the wanted name.
type SheetError struct {
	Want string // "" if the workbook has no sheet at all
	Have []string
}

// Error names the wanted sheet and those that are there.
func (e *SheetError) Error() string {
	if len(e.Have) == 0 {
		return "the workbook has no sheet of cells"
	}
	return fmt.Sprintf("the workbook has no sheet %q; it has %q", e.Want, e.Have)
}
