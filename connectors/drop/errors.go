package drop

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
)

// What callers act on, by errors.Is. A missing file is fs.ErrNotExist.
var (
	// ErrExists: the name is taken; nothing was changed.
	ErrExists = errors.New("the name exists already")
	// ErrUnknown: the request may have been carried out; look before trying again.
	ErrUnknown = errors.New("no answer came: it may have been done or not")
	// ErrForeign: the final name holds other bytes than ours. The drop stops.
	ErrForeign = errors.New("the final name holds other bytes than this batch")
	// ErrIncomplete: the temporary file is not the whole batch; upload it again.
	ErrIncomplete = errors.New("the temporary file is not the whole batch")
	// ErrSource: the bytes to send are not those that were recorded.
	ErrSource = errors.New("the local file is not the one that was recorded")
	// ErrTooLarge: the file is larger than the caller takes.
	ErrTooLarge = errors.New("the file is larger than allowed")
	// ErrPath: the path is refused.
	ErrPath = errors.New("this path is not allowed")
	// ErrClosed: the drop was closed.
	ErrClosed = errors.New("the drop was closed")
)

// A Class says who can end an error.
type Class int

const (
	// ClassRefused: the place said no to this one request, or the caller asked for
	// something impossible. Asking the same again will not help.
	ClassRefused Class = iota
	// ClassTemporary: network, a full disk, or an answer without a reason. Running
	// again is safe and may help.
	ClassTemporary
	// ClassConfig: a person must mend something first: login, host key, permission,
	// folder.
	ClassConfig
)

// An Error is what every method of a Drop returns.
type Error struct {
	Op    string // open, stat, list, read, write, rename, remove, mkdir
	Place string // the drop, without secrets
	Path  string // relative to the root; "from -> to" for rename
	Class Class
	Hint  string // what to do; may be empty
	Err   error
}

func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("drop: ")
	b.WriteString(e.Place)
	b.WriteString(": ")
	b.WriteString(e.Op)
	if e.Path != "" {
		b.WriteByte(' ')
		b.WriteString(printable(e.Path))
	}
	b.WriteString(": ")
	b.WriteString(e.Err.Error())
	return b.String()
}

func (e *Error) Unwrap() error { return e.Err }

// An UnknownError is a request whose answer never came. It matches ErrUnknown.
type UnknownError struct {
	Op, From, To string
	Err          error // what broke; may be nil
}

func (e *UnknownError) Error() string {
	s := ErrUnknown.Error()
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Is makes errors.Is(err, ErrUnknown) true.
func (e *UnknownError) Is(target error) bool { return target == ErrUnknown }

func (e *UnknownError) Unwrap() error { return e.Err }

// Retryable reports whether running the same step again is safe and may succeed
// without a person: the network broke, the disk was full, time ran out. It is
// false for ErrUnknown, where the caller must look first, and for a context that
// the caller cancelled.
func Retryable(err error) bool {
	if err == nil || errors.Is(err, ErrUnknown) || errors.Is(err, context.Canceled) {
		return false
	}
	var e *Error
	if errors.As(err, &e) {
		return e.Class == ClassTemporary
	}
	return errors.Is(err, context.DeadlineExceeded)
}

// NeedsPerson reports whether a person must mend something before another try
// can succeed: login, host key, permission, a folder, or a foreign file under
// the final name.
func NeedsPerson(err error) bool {
	var e *Error
	return errors.Is(err, ErrForeign) || errors.As(err, &e) && e.Class == ClassConfig
}

// Hint returns what a person can do about err, or "".
func Hint(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Hint
	}
	return ""
}

// absent reports the one error that is an answer and not a trouble.
func absent(err error) bool { return errors.Is(err, fs.ErrNotExist) }

// errNoFolder is not fs.ErrNotExist: the file is there, its new folder is not.
var errNoFolder = errors.New("the folder does not exist")

func noFolder(dir string) error { return fmt.Errorf("%s: %w", printable(dir), errNoFolder) }

const hintFolder = "make the folder, or correct the path in the warehouse's file"

// folderOp reports whether a missing path means a missing folder.
func folderOp(op string) bool { return op == "list" || op == "write" || op == "mkdir" || op == "open" }

// refusal reports errors that our own checks made; trying again changes nothing.
func refusal(err error) bool {
	for _, target := range []error{ErrExists, ErrPath, ErrTooLarge, ErrSource, ErrClosed, fs.ErrNotExist, context.Canceled} {
		if errors.Is(err, target) {
			return true
		}
	}
	return false
}

// printable quotes a path that would disturb a log line.
func printable(p string) string {
	if q := strconv.Quote(p); q != `"`+p+`"` {
		return q
	}
	return p
}
