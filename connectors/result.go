package connectors

import "fmt"

// Outcome is what became of one thing that was to be written at a mall.
type Outcome int

// Outcomes. The zero value is the careful one.
const (
	Unknown  Outcome = iota // no answer came, or the mall is still at work: ask before trying again
	Done                    // the mall says it is done
	Already                 // the mall had it before, with the same content
	Rejected                // the mall refuses it; the same again will be refused
	Retry                   // it was not done; trying again is safe
)

func (o Outcome) String() string {
	switch o {
	case Unknown:
		return "unknown"
	case Done:
		return "done"
	case Already:
		return "already"
	case Rejected:
		return "rejected"
	case Retry:
		return "retry"
	}
	return fmt.Sprintf("Outcome(%d)", int(o))
}

// OK reports whether the mall has it: [Done] or [Already].
func (o Outcome) OK() bool { return o == Done || o == Already }

// A Result says what became of one thing that was to be written.
type Result struct {
	Outcome Outcome
	Code    string // the mall's, or empty
	Detail  string // the mall's message, or why there is none
	Ref     string // what to ask the mall with, where it works later
	Err     error  // the [Error] behind it, where the call as a whole had one
}

// ResultOf is what an error of a write means for each thing in it: a refusal is
// [Rejected], what was certainly not done is [Retry], the rest [Unknown].
func ResultOf(err error) Result {
	e := AsError(err)
	r := Result{Outcome: Unknown, Code: e.Code, Detail: e.Error(), Err: err}
	switch e.Class {
	case Refused:
		r.Outcome = Rejected
	case Transient, Wait, Reauth:
		r.Outcome = Retry
	case Unanswered:
	}
	return r
}

// Results gives n things the same result.
func Results(n int, r Result) []Result {
	out := make([]Result, n)
	for i := range out {
		out[i] = r
	}
	return out
}
