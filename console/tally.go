package console

import (
	"context"
	"sync"
	"time"

	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/pipeline/stage"
)

// staleFor is how old the counts of the first page may be while a new count is made:
// counting takes long in a large ledger, and many look at once.
const staleFor = 10 * time.Second

// counts remembers the counts of all accounts until something happens in the ledger.
type counts struct {
	stale time.Duration

	mu       sync.Mutex
	all      map[string]*ledger.Tally
	of       moment
	at       time.Time
	counting bool
}

// A moment names a state of the ledger as far as counts may differ by it.
type moment struct{ event, order int64 }

func momentOf(ctx context.Context, l *ledger.Ledger) (m moment, err error) {
	if m.event, err = l.LastEvent(ctx); err == nil {
		m.order, err = l.LastOrder(ctx)
	}
	return m, err
}

// tallies returns the counts by account.
func (c *counts) tallies(ctx context.Context, env *stage.Env) (map[string]*ledger.Tally, error) {
	now, err := momentOf(ctx, env.Ledger)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	age := env.Now().Sub(c.at)
	if c.all != nil && age >= 0 && (c.of == now && age < staleFor || age < c.stale) {
		defer c.mu.Unlock()
		return c.all, nil
	}
	if c.all != nil && c.stale > 0 {
		// One counts; the others are shown what was.
		old := c.all
		if !c.counting {
			c.counting = true
			go c.count(context.WithoutCancel(ctx), env, now)
		}
		c.mu.Unlock()
		return old, nil
	}
	c.mu.Unlock()
	return c.count(ctx, env, now)
}

func (c *counts) count(ctx context.Context, env *stage.Env, of moment) (map[string]*ledger.Tally, error) {
	all, err := env.Ledger.Tallies(ctx)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counting = false
	if err != nil {
		return nil, err
	}
	c.all, c.of, c.at = all, of, env.Now()
	return all, nil
}
