package console

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/mallbridge/mallbridge/ledger"
)

// How often it is looked whether something happened, and for how long one connection
// is told of it: the browser then asks again, and is asked who it is.
const (
	liveEvery = 2 * time.Second
	liveLife  = 10 * time.Minute
)

// live tells browsers that something happened, so that they fetch what they show once
// more. One look at the ledger serves all who listen.
type live struct {
	every time.Duration

	mu sync.Mutex
	at time.Time
	of sign
}

// A sign names a state of the ledger as far as pages may look different by it.
type sign struct {
	moment
	run, ended    int64
	state         string
	working, told int64 // runs that say what they are at, and when one did last
}

func (l *live) look(ctx context.Context, g *ledger.Ledger) (sign, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if time.Since(l.at) < l.every/2 {
		return l.of, nil
	}
	m, err := momentOf(ctx, g)
	if err != nil {
		return l.of, err
	}
	next := sign{moment: m}
	runs, err := g.Runs(ctx, "", "", 1)
	if err != nil {
		return l.of, err
	}
	if len(runs) > 0 {
		next.run, next.ended, next.state = runs[0].ID, runs[0].EndedAt.UnixMilli(), runs[0].Outcome
	}
	if next.working, next.told, err = g.LastStep(ctx); err != nil {
		return l.of, err
	}
	l.of, l.at = next, time.Now()
	return next, nil
}

// stream is the address at which a page listens. It is outside of what keeps sessions:
// it changes none, and stays open.
func (c *Console) stream(w http.ResponseWriter, r *http.Request) {
	cookie, err := r.Cookie(c.sessions.Cookie.Name)
	if err != nil {
		http.Error(w, http.StatusText(http.StatusUnauthorized), http.StatusUnauthorized)
		return
	}
	ctx, err := c.sessions.Load(r.Context(), cookie.Value)
	if err != nil {
		c.o.Env().Log.Error("a session could not be read", "err", err)
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return
	}
	q, err := c.request(w, r.WithContext(ctx))
	if err != nil || q.user.Name == "" {
		http.Error(w, http.StatusText(http.StatusUnauthorized), http.StatusUnauthorized)
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	out := http.NewResponseController(w)
	last, err := c.live.look(ctx, q.env.Ledger)
	if err != nil {
		return
	}
	if _, err := fmt.Fprint(w, "retry: 5000\n\n"); err != nil || out.Flush() != nil {
		return
	}
	ctx, end := context.WithTimeout(ctx, liveLife)
	defer end()
	tick := time.NewTicker(c.live.every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-c.stopped:
			return
		case <-tick.C:
		}
		now, err := c.live.look(ctx, q.env.Ledger)
		if err != nil {
			return
		}
		if now == last {
			continue
		}
		last = now
		if _, err := fmt.Fprint(w, "event: changed\ndata:\n\n"); err != nil || out.Flush() != nil {
			return
		}
	}
}
