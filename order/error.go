package order

import (
	"errors"
	"fmt"
)

// A Code tells programs what kind of error they have before them.
type Code string

// Codes that commands and stages act on.
const (
	Invalid  Code = "invalid"  // input or configuration is wrong; trying again will not help
	NotFound Code = "notfound" // no such thing
	Conflict Code = "conflict" // it exists with other content, or someone else holds it
	Denied   Code = "denied"   // login, key, host key or right refused
	Retry    Code = "retry"    // transport or load; running again is safe
	Unknown  Code = "unknown"  // no answer came: ask before trying again
	Internal Code = "internal" // a fault of ours
)

// An Error separates what happened from what a person can do about it.
type Error struct {
	Code    Code
	Message string
	Hint    string // one step to take, or empty
	Err     error  // cause, or nil
}

func (e *Error) Error() string {
	if e.Err == nil {
		return e.Message
	}
	if e.Message == "" {
		return e.Err.Error()
	}
	return e.Message + ": " + e.Err.Error()
}

func (e *Error) Unwrap() error { return e.Err }

// Errorf makes an [Error] with a formatted message; what a %w names stays
// reachable by errors.Is and errors.As.
func Errorf(code Code, hint, format string, args ...any) error {
	return &Error{Code: code, Hint: hint, Err: fmt.Errorf(format, args...)}
}

// CodeOf returns the code of the first [Error] in err's chain; [Internal] if there is none.
func CodeOf(err error) Code {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return Internal
}

// HintOf returns the first hint in err's chain.
func HintOf(err error) string {
	if e, ok := err.(*Error); ok && e.Hint != "" {
		return e.Hint
	}
	switch e := err.(type) {
	case interface{ Unwrap() error }:
		return HintOf(e.Unwrap())
	case interface{ Unwrap() []error }:
		for _, x := range e.Unwrap() {
			if hint := HintOf(x); hint != "" {
				return hint
			}
		}
	}
	return ""
}
