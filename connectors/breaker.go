package connectors

import (
	"fmt"
	"sync"
	"time"
)

// breaker leaves a mall alone that does not answer: after five failures in a row no
// call goes out for a while, then one as a trial.
type breaker struct {
	mu     sync.Mutex
	failed int
	until  time.Time
	pause  time.Duration
	trial  bool
}

const (
	breakerCall  = "\x00breaker"
	breakAfter   = 5
	firstBreak   = 30 * time.Second
	longestBreak = 15 * time.Minute
)

func (b *breaker) allow(now time.Time) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.failed < breakAfter {
		return nil
	}
	if now.Before(b.until) || b.trial {
		return &Error{
			Class: Wait, Until: maxTime(b.until, now.Add(time.Second)), Call: breakerCall,
			Message: fmt.Sprintf("not sent: the last %d calls failed; the next is tried at %s", b.failed, b.until.UTC().Format(time.RFC3339)),
		}
	}
	b.trial = true
	return nil
}

// free gives a trial back that was not made.
func (b *breaker) free() {
	b.mu.Lock()
	b.trial = false
	b.mu.Unlock()
}

func (b *breaker) saw(now time.Time, reply *Reply, e *Error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.trial = false
	if e == nil || e.Class != Transient && e.Class != Unanswered || reply != nil && reply.Status < 500 && reply.Status >= 400 {
		b.failed, b.pause = 0, 0
		return
	}
	b.failed++
	if b.failed < breakAfter {
		return
	}
	b.pause = min(max(2*b.pause, firstBreak), longestBreak)
	b.until = now.Add(b.pause)
}
