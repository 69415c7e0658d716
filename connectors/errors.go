package connectors

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/mallbridge/mallbridge/order"
)

// Class says what can be done about an error of a mall.
type Class int

// Classes of errors. The zero value is the careful one.
const (
	// Unanswered: the request may have been carried out, nobody knows. Ask the mall
	// before doing it again.
	Unanswered Class = iota
	// Transient: it was not carried out, or only read; again may help.
	Transient
	// Wait: as Transient, but not before [Error.Until].
	Wait
	// Reauth: the mall does not accept the key, the caller's address or the use of
	// the function; a person has to act. [Error.Cause] tells which.
	Reauth
	// Refused: the mall understood and refuses; the same again will be refused.
	Refused
)

func (c Class) String() string {
	switch c {
	case Unanswered:
		return "unanswered"
	case Transient:
		return "transient"
	case Wait:
		return "wait"
	case Reauth:
		return "reauth"
	case Refused:
		return "refused"
	}
	return fmt.Sprintf("Class(%d)", int(c))
}

// Cause tells why a mall does not let an account in.
type Cause string

// Causes of [Reauth].
const (
	CauseKey      Cause = "key"      // wrong or expired key, token or signature
	CauseIP       Cause = "ip"       // the caller's address is not registered
	CauseFunction Cause = "function" // the function is not switched on for the key
	CauseClock    Cause = "clock"    // the signature's time is too far from the mall's
	// CauseToken: the access token has ended. A client that has a [Token] gets a new
	// one and repeats the call once; when that does not help, callers see [CauseKey].
	CauseToken Cause = "token"
)

// An Error is what went wrong between a mall and us. [order.CodeOf] and
// [order.HintOf] understand it.
type Error struct {
	Class   Class
	Cause   Cause     // of Reauth
	Until   time.Time // of Wait
	Call    string    // [Request.Kind]
	Status  int       // of HTTP, 0 if no answer came
	Code    string    // the mall's own code
	Message string    // the mall's own message, or ours
	Hint    string    // one step to take, or empty
	Err     error     // cause, or nil
}

func (e *Error) Error() string {
	s := e.Call
	add := func(part string) {
		if part == "" {
			return
		}
		if s != "" {
			s += ": "
		}
		s += part
	}
	if e.Status != 0 && e.Status != 200 {
		add(fmt.Sprintf("status %d", e.Status))
	}
	add(e.Code)
	add(e.Message)
	if e.Err != nil {
		add(e.Err.Error())
	}
	if s == "" {
		return e.Class.String()
	}
	return s
}

// Unwrap gives the cause and the trade's code and hint.
func (e *Error) Unwrap() []error {
	coded := &order.Error{Hint: e.Hint, Message: e.Message}
	switch e.Class {
	case Unanswered:
		coded.Code = order.Unknown
	case Transient, Wait:
		coded.Code = order.Retry
	case Reauth:
		coded.Code = order.Denied
	case Refused:
		coded.Code = order.Invalid
	}
	if e.Err == nil {
		return []error{coded}
	}
	return []error{coded, e.Err}
}

// AsError finds the [Error] in err's chain. One that has none is wrapped: an ended
// context as Transient, everything else as Unanswered.
func AsError(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return &Error{Class: Transient, Err: err}
	}
	return &Error{Class: Unanswered, Err: err}
}

// ClassOf returns the class of the first [Error] in err's chain, as [AsError]
// finds it.
func ClassOf(err error) Class { return AsError(err).Class }
