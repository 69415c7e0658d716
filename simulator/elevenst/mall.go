package elevenst

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// Seoul is the mall's zone. Korea has no daylight saving time.
var Seoul = time.FixedZone("KST", 9*60*60)

// What time does to parcels and keys.
const (
	delivery = 30 * time.Hour       // from dispatch until it is delivered
	decision = 8 * 24 * time.Hour   // from delivery until the purchase counts as decided
	keyLife  = 180 * 24 * time.Hour // of a key
)

// Options set a mall up. The zero value is a mall by the guide that never moves,
// since its clock stands still.
type Options struct {
	// Now is the mall's clock.
	Now func() time.Time
	// Rows is the most that a list gives in one answer; 0 for the documented 3,000.
	Rows int
	// Limit is how many calls a seller has in a minute; 0 for 100, which is the one
	// number that a source names; negative for none.
	Limit int
	// EndInside counts the last minute of a span as inside.
	EndInside bool
}

// A Seller is one shop with its key.
type Seller struct {
	ID     string    // of the seller office; no call carries it
	Key    string    // 32 characters
	Issued time.Time // of the key, which dies after 180 days; zero: it never does
	IPs    []string  // from which it may call; empty: from everywhere
	// NoProducts takes the calls of products and stock away from the key.
	NoProducts bool
}

// A Mall is the whole stand-in. It may be used by several goroutines.
type Mall struct {
	opt Options

	mu     sync.Mutex
	shops  map[string]*shop // by seller id
	keys   map[string]*shop // by key
	used   map[string]int64 // delivery numbers by courier and tracking number
	claims int64            // numbers of claims so far
	faults Faults
}

// A shop is what the mall keeps of one seller.
type shop struct {
	Seller
	lines   []*line // by payment
	orders  map[int64][]*line
	bundles map[int64][]*line
	claims  []*claim // by creation
	list    []*product
	stocks  map[int64]*stock
	minute  []time.Time // of the calls of the last minute
	last    map[string]span
}

// New makes a mall without sellers.
func New(o Options) *Mall {
	if o.Now == nil {
		o.Now = func() time.Time { return time.Date(2026, 7, 15, 3, 0, 0, 0, time.UTC) }
	}
	o.Rows = cmp.Or(o.Rows, 3000)
	o.Limit = cmp.Or(o.Limit, 100)
	return &Mall{opt: o, shops: map[string]*shop{}, keys: map[string]*shop{}, used: map[string]int64{}}
}

// Faults are what the mall does wrong.
type Faults struct {
	// Inside answers every call that the gate lets through with 200 and a business
	// error in the body.
	Inside bool
	// Maintenance answers every call with -1000, as on Fridays before dawn.
	Maintenance bool
	// Repeat gives the last row of a list twice, and again in the list that begins
	// where it ended.
	Repeat bool
	// Vanish lets lists name an order that the mall then does not know by number.
	Vanish bool
}

// Break sets what is wrong from now on; the zero value mends the mall.
func (m *Mall) Break(f Faults) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.faults = f
}

// AddSeller opens a shop, or gives a shop that is there another key: the old key is
// refused from then on.
func (m *Mall) AddSeller(s Seller) error {
	if s.ID == "" || len(s.Key) != 32 || strings.Trim(s.Key, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
		return fmt.Errorf("elevenst: seller %q: an id and a key of 32 letters and digits are expected", s.ID)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if other, ok := m.keys[s.Key]; ok && other.ID != s.ID {
		return fmt.Errorf("elevenst: seller %s: its key belongs to %s", s.ID, other.ID)
	}
	x, ok := m.shops[s.ID]
	if !ok {
		x = &shop{orders: map[int64][]*line{}, bundles: map[int64][]*line{}, stocks: map[int64]*stock{}, last: map[string]span{}}
		m.shops[s.ID] = x
	}
	delete(m.keys, x.Key)
	x.Seller = s
	m.keys[s.Key] = x
	return nil
}

// add files a line under its shop.
func (s *shop) add(l *line) {
	i, _ := slices.BinarySearchFunc(s.lines, l, func(x, y *line) int {
		return cmp.Or(x.o.paid.Compare(y.o.paid), cmp.Compare(x.o.no, y.o.no), cmp.Compare(x.seq, y.seq))
	})
	s.lines = slices.Insert(s.lines, i, l)
	s.orders[l.o.no] = append(s.orders[l.o.no], l)
	s.bundles[l.dlv] = append(s.bundles[l.dlv], l)
}

// line returns a line of an order; nil if there is none.
func (s *shop) line(order, seq int64) *line {
	for _, l := range s.orders[order] {
		if l.seq == seq {
			return l
		}
	}
	return nil
}
