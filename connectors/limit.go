package connectors

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// limits are the token buckets of one account.
type limits struct {
	of      []Limit
	buckets []*bucket
}

type bucket struct {
	mu    sync.Mutex
	rate  *rate.Limiter
	until time.Time // the mall said wait
}

func newLimits(of []Limit) *limits {
	l := &limits{of: of}
	for _, x := range of {
		l.buckets = append(l.buckets, &bucket{rate: rate.NewLimiter(rate.Limit(x.PerSecond), x.Burst)})
	}
	return l
}

func (l *limits) bucket(call string) *bucket {
	for i, x := range l.of {
		if len(x.Calls) == 0 || slices.Contains(x.Calls, call) {
			return l.buckets[i]
		}
	}
	return nil
}

// wait takes a token. Those who wait get theirs in the order in which they asked,
// so that a long read and a single report share the pace call by call.
func (l *limits) wait(ctx context.Context, call string, now func() time.Time, sleep func(context.Context, time.Duration) error) error {
	b := l.bucket(call)
	if b == nil {
		return ctx.Err()
	}
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		b.mu.Lock()
		at := now()
		if d := b.until.Sub(at); d > 0 {
			b.mu.Unlock()
			if err := sleep(ctx, d); err != nil {
				return err
			}
			continue
		}
		turn := b.rate.ReserveN(at, 1)
		b.mu.Unlock()
		d := turn.DelayFrom(at)
		if d <= 0 {
			return nil
		}
		if err := sleep(ctx, d); err != nil {
			turn.CancelAt(now())
			return err
		}
		b.mu.Lock()
		blocked := b.until.After(now())
		b.mu.Unlock()
		if !blocked {
			return nil
		}
	}
}

// block holds all calls of the bucket back.
func (l *limits) block(call string, until time.Time) {
	if b := l.bucket(call); b != nil {
		b.mu.Lock()
		b.until = maxTime(b.until, until)
		b.mu.Unlock()
	}
}

// fastest is the highest pace that a mall is believed to name.
const fastest = 1000

// follow takes over how many calls a second the mall says it allows. What several
// calls share stays as about.yaml has it, for the mall speaks of one call.
func (l *limits) follow(call, perSecond string, at time.Time) {
	r, err := strconv.ParseFloat(strings.TrimSpace(perSecond), 64)
	if err != nil || !(r > 0 && r <= fastest) {
		return
	}
	for i, x := range l.of {
		if len(x.Calls) != 1 || x.Calls[0] != call {
			continue
		}
		b := l.buckets[i]
		b.mu.Lock()
		if b.rate.Limit() != rate.Limit(r) {
			b.rate.SetLimitAt(at, rate.Limit(r))
		}
		b.mu.Unlock()
		return
	}
}
