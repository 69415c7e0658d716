package console

import (
	"context"
	"sync"
	"time"

	"github.com/mallbridge/mallbridge/ledger"
)

// Some pages count what is in the whole ledger, and many people look at them at once.
// What they show is made once for all who ask within a moment; whoever does something
// sees what it did.

// How old a shared page may be: young ones are shown as they are, older ones while they
// are made anew, up to an age of each page, and up to another if nothing has happened
// since. A page that is older than young says so to its script, which asks again.
const (
	youngFor  = 2 * time.Second
	sameFor   = 15 * time.Second
	mostMemos = 256
)

// How old pages may be that are made quickly, that count orders, and that reckon stock.
const (
	quick  = 6 * time.Second
	counts = 30 * time.Second
	sums   = 90 * time.Second
)

// A moment names a state of the ledger as far as counts may differ by it.
type moment struct{ event, order, alert, ended int64 }

func momentOf(ctx context.Context, l *ledger.Ledger) (m moment, err error) {
	if m.event, err = l.LastEvent(ctx); err == nil {
		m.order, err = l.LastOrder(ctx)
	}
	if err == nil {
		m.alert, m.ended, err = l.LastAlert(ctx)
	}
	return m, err
}

// memos are the shared pages by language and address.
type memos struct {
	off bool

	mu  sync.Mutex
	all map[string]*memo
}

func (m *memos) of(key string) *memo {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.all == nil || len(m.all) > mostMemos {
		m.all = map[string]*memo{}
	}
	if m.all[key] == nil {
		m.all[key] = &memo{}
	}
	return m.all[key]
}

// forget makes every shared page be made anew.
func (m *memos) forget() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.all = nil
}

// A memo is what a page shows.
type memo struct {
	mu     sync.Mutex
	name   string
	data   any
	of     moment
	at     time.Time
	making chan struct{} // closed when it is made; nil if nobody makes it
}

// shared is a page that looks the same to everybody with a language.
func (c *Console) shared(most time.Duration, h func(*request) (string, any, error)) func(*request) (string, any, error) {
	return func(q *request) (string, any, error) {
		if c.memos.off {
			return h(q)
		}
		m := c.memos.of(q.lang + " " + q.URL.Path + "?" + q.URL.RawQuery)
		for {
			now, err := momentOf(q.Context(), q.env.Ledger)
			if err != nil {
				return "", nil, err
			}
			m.mu.Lock()
			age := time.Since(m.at)
			have := m.data != nil
			switch {
			case have && (age < youngFor || age < sameFor && m.of == now):
			case have && age < most:
				q.stale = true
				if m.making == nil {
					m.making = make(chan struct{})
					detached := *q
					detached.Request = q.WithContext(context.WithoutCancel(q.Context()))
					go func() {
						if _, _, err := m.make(&detached, h, now); err != nil {
							q.env.Log.Error("a page could not be made anew", "path", q.URL.Path, "err", err)
						}
					}()
				}
			case m.making != nil:
				wait := m.making
				m.mu.Unlock()
				select {
				case <-wait:
					continue
				case <-q.Context().Done():
					return "", nil, q.Context().Err()
				}
			default:
				m.making = make(chan struct{})
				m.mu.Unlock()
				return m.make(q, h, now)
			}
			name, data := m.name, m.data
			m.mu.Unlock()
			return name, data, nil
		}
	}
}

// make fills the memo; whoever calls it has set making.
func (m *memo) make(q *request, h func(*request) (string, any, error), of moment) (name string, data any, err error) {
	defer func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		if err == nil {
			m.name, m.data, m.of, m.at = name, data, of, time.Now()
		}
		close(m.making)
		m.making = nil
	}()
	return h(q)
}
