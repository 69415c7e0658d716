package format

import (
	"errors"
	"fmt"
	"strings"

	"github.com/mallbridge/mallbridge/mappers/workbook"
	"github.com/mallbridge/mallbridge/order"
)

// ErrEmpty is the cause of a [FileError] for a file without a single row, not even
// a header. Where a warehouse sends such files on quiet days it is no fault.
var ErrEmpty = errors.New("the file is empty")

// A FileError says why a file as a whole is not taken. No row of it was.
type FileError struct {
	File   string
	Reason order.Reason
	Line   int    // physical line from 1, 0 where there is none
	Column string // the column's name, or empty
	Value  string // what stands there, or empty
	Detail string // what is wrong
	Do     string // what a person can do
	Err    error  // cause, or nil

	missing, needed int    // of columns, where some are missing
	known           int    // columns that are there, those that may be missing counted
	looks           string // the charset that it seems to be in
}

// errKind is the cause of a [FileError] for bytes of another kind than the format's.
var errKind = errors.New("the file is of another kind")

// Nearest chooses from the errors of all formats that were tried for one file the one
// that tells a person what to do: what keeps the file itself from being read, such as
// a password, else that of the format that came nearest. It returns its index.
func Nearest(errs []error) int {
	best := 0
	for i := range errs {
		if far(errs[i]) < far(errs[best]) {
			best = i
		}
	}
	return best
}

// far is how far away the format is whose error err is.
func far(err error) float64 {
	var bad *FileError
	var sheet *workbook.SheetError
	switch {
	case !errors.As(err, &bad), errors.Is(err, workbook.ErrPassword), errors.Is(err, workbook.ErrWrongPassword):
		return 0
	case errors.Is(err, errKind), errors.As(err, &sheet):
		return 5
	case bad.Reason == order.RefusedCharset && !bad.Near():
		return 4.6 // one that can read the file at all says more
	case bad.Reason != order.RefusedColumns && bad.Reason != order.RefusedCharset:
		return 1
	case bad.needed == 0:
		return 4
	}
	if bad.Near() {
		return 2 + 1/float64(1+bad.known) + bad.share()/1000
	}
	return 4 + bad.share()/2
}

// share is how many of the columns that are needed are missing, from 0 to 1.
func (e *FileError) share() float64 { return float64(e.missing) / float64(e.needed) }

// Near reports whether the file has most of the columns that the format needs. Of a
// file in another charset it is known only after [Set.Recognise].
func (e *FileError) Near() bool { return e.needed > 0 && e.share() <= 1./3 }

func (e *FileError) Error() string {
	var b strings.Builder
	b.WriteString(e.File)
	if e.Line > 0 {
		fmt.Fprintf(&b, ": line %d", e.Line)
	}
	if e.Column != "" {
		fmt.Fprintf(&b, ": column %s", e.Column)
	}
	b.WriteString(": " + e.Detail)
	if e.Value != "" {
		fmt.Fprintf(&b, ": %q", e.Value)
	}
	return b.String()
}

// Unwrap gives the error its code, [order.Invalid], and its hint.
func (e *FileError) Unwrap() error {
	return &order.Error{Code: order.Invalid, Message: string(e.Reason), Hint: e.Do, Err: e.Err}
}

// A Refusal says why a row is not taken.
type Refusal struct {
	Row     int64        // ordinal of the data row, from 1
	Line    int64        // physical line or sheet row, from 1
	Column  string       // name of the column, empty where it is the whole row
	Address string       // the cell in a spreadsheet, such as B17; empty for text files
	Value   string       // what stands there
	Reason  order.Reason // refused, or held for want of a SKU
	Detail  string       // what exactly
	Group   string       // the order number, where it could be read
	Cells   []string     // the row as text, where it was asked for
	raw     []byte       // the row's bytes in a text file
	from    *opened
}

func (r *Refusal) String() string {
	place := fmt.Sprintf("line %d", r.Line)
	if r.Address != "" {
		place = r.Address
	}
	if r.Column != "" {
		place += ", column " + r.Column
	}
	s := place + ": " + string(r.Reason)
	if r.Detail != "" {
		s += ": " + r.Detail
	}
	if r.Value != "" {
		s += fmt.Sprintf(": %q", r.Value)
	}
	return s
}
