package connectors

import (
	"cmp"
	"slices"
	"sync"
	"time"
)

// A Call is one try of a call, for counters.
type Call struct {
	Mall, Account, Kind string

	Try    int
	Status int // 0: no answer came
	OK     bool
	Class  Class // if not OK
	Waited time.Duration
	Took   time.Duration
	Bytes  int
}

// A Meter counts calls, from several goroutines.
type Meter interface{ Called(Call) }

// Counters is a [Meter] that adds up by mall, account and call. The zero value is
// ready.
type Counters struct {
	mu sync.Mutex
	by map[[3]string]*Count
}

// A Count is the sum of calls of one kind of one account.
type Count struct {
	Mall, Account, Kind string

	Calls, Repeats, Failed, Throttled int64
	Bytes                             int64
	Waited, Took                      time.Duration
}

// Called adds one try.
func (m *Counters) Called(c Call) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.by == nil {
		m.by = map[[3]string]*Count{}
	}
	key := [3]string{c.Mall, c.Account, c.Kind}
	n := m.by[key]
	if n == nil {
		n = &Count{Mall: c.Mall, Account: c.Account, Kind: c.Kind}
		m.by[key] = n
	}
	n.Calls++
	if c.Try > 1 {
		n.Repeats++
	}
	if !c.OK {
		n.Failed++
	}
	if c.Status == 429 {
		n.Throttled++
	}
	n.Bytes += int64(c.Bytes)
	n.Waited += c.Waited
	n.Took += c.Took
}

// All returns the sums so far, sorted by mall, account and call.
func (m *Counters) All() []Count {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := make([]Count, 0, len(m.by))
	for _, n := range m.by {
		out = append(out, *n)
	}
	slices.SortFunc(out, func(a, b Count) int {
		return cmp.Or(cmp.Compare(a.Mall, b.Mall), cmp.Compare(a.Account, b.Account), cmp.Compare(a.Kind, b.Kind))
	})
	return out
}

type noMeter struct{}

func (noMeter) Called(Call) {}
