package coupang

import (
	"cmp"
	"fmt"
	"slices"
	"sync"
	"time"
)

// Seoul is the mall's zone. Korea has no daylight saving time.
var Seoul = time.FixedZone("KST", 9*60*60)

// What time does to bundles and keys.
const (
	listDelay    = 10 * time.Minute     // from payment until the list shows a bundle
	pickUp       = 8 * time.Hour        // from dispatch until the courier has it
	delivery     = 30 * time.Hour       // from dispatch until it is delivered
	keyLife      = 180 * 24 * time.Hour // of an access key
	numberBlocks = 183 * 24 * time.Hour // for which a tracking number is used up
)

// Options set a mall up. The zero value is a mall by the documents that never
// moves, since its clock stands still.
type Options struct {
	// Now is the mall's clock.
	Now func() time.Time
	// Wall counts requests by the second; Now where nil. A clock that stands still
	// puts all requests into one second.
	Wall func() time.Time
	// Limit is how many calls a vendor has in a second; 0 for the documented ten,
	// negative for none.
	Limit int
	// Block is how long a vendor is shut out after a call too many; 0 for a minute.
	Block time.Duration
	// Heavy is how many bundles a read by minutes can gather before it times out
	// with 412; 0 for 2000. Coupang does not say how many that are.
	Heavy int
}

// A Vendor is one seller with its key.
type Vendor struct {
	ID        string    // A or C with digits: A00012345
	AccessKey string    // like a UUID
	SecretKey string    // 40 hexadecimal digits
	Issued    time.Time // of the key, which dies after 180 days; zero: it never does
	IPs       []string  // from which it may call; empty: from everywhere
}

// A Mall is the whole stand-in. It may be used by several goroutines.
type Mall struct {
	opt Options

	mu      sync.Mutex
	shops   map[string]*shop // by vendor id
	keys    map[string]*shop // by access key
	boxes   map[int64]*bundle
	numbers map[string]use // tracking numbers in use, by courier and number
	calls   int64          // for transaction ids and response keys
	split   int64          // bundles made by splitting
	faults  Faults
}

// A shop is what the mall keeps of one vendor.
type shop struct {
	Vendor
	bundles []*bundle // by creation
	orders  map[int64][]*bundle
	claims  []*claim // by creation
	gone    []withdrawal
	options map[int64]*option
	list    []*product
	seconds []time.Time // of the calls of the last second
	blocked time.Time   // until then
}

// A use is the parcel for which a tracking number was given.
type use struct {
	box  int64
	to   string // recipient's name and address
	when time.Time
}

// New makes a mall without vendors.
func New(o Options) *Mall {
	if o.Now == nil {
		o.Now = func() time.Time { return time.Date(2026, 7, 15, 3, 0, 0, 0, time.UTC) }
	}
	o.Wall = cmpFunc(o.Wall, o.Now)
	o.Limit = cmp.Or(o.Limit, 10)
	o.Block = cmp.Or(o.Block, time.Minute)
	o.Heavy = cmp.Or(o.Heavy, 2000)
	return &Mall{opt: o, shops: map[string]*shop{}, keys: map[string]*shop{}, boxes: map[int64]*bundle{}, numbers: map[string]use{}}
}

func cmpFunc(f, otherwise func() time.Time) func() time.Time {
	if f == nil {
		return otherwise
	}
	return f
}

// now is the time that the mall's own clock shows.
func (m *Mall) now() time.Time { return m.opt.Now().Add(m.faults.Ahead) }

// Faults are what the mall does wrong.
type Faults struct {
	// Inside answers every call that the gateway lets through with 200 and an error
	// in the body.
	Inside bool
	// Repeat puts the last bundle of a page onto the next one again. Reads by the
	// minute time out, so that there are pages.
	Repeat bool
	// Forget answers that tracking numbers were taken, and keeps none.
	Forget bool
	// Late shows bundles without their numbers for twenty minutes.
	Late bool
	// Ahead is how far the mall's clock goes before [Options.Now].
	Ahead time.Duration
}

// Break sets what is wrong from now on; the zero value mends the mall.
func (m *Mall) Break(f Faults) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.faults = f
}

// AddVendor opens a shop, or gives a shop that is there another key: the old key
// is refused from then on.
func (m *Mall) AddVendor(v Vendor) error {
	if len(v.ID) < 2 || v.ID[0] != 'A' && v.ID[0] != 'C' {
		return fmt.Errorf("coupang: vendor %q: an id begins with A or C", v.ID)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if other, ok := m.keys[v.AccessKey]; ok && other.ID != v.ID {
		return fmt.Errorf("coupang: vendor %s: its access key belongs to %s", v.ID, other.ID)
	}
	s, ok := m.shops[v.ID]
	if !ok {
		s = &shop{orders: map[int64][]*bundle{}, options: map[int64]*option{}}
		m.shops[v.ID] = s
	}
	delete(m.keys, s.AccessKey)
	s.Vendor = v
	m.keys[v.AccessKey] = s
	return nil
}

// add files a bundle under its shop. Bundles stay in the order of their creation.
func (s *shop) add(b *bundle) {
	i, _ := slices.BinarySearchFunc(s.bundles, b, func(x, y *bundle) int {
		return cmp.Or(x.created.Compare(y.created), cmp.Compare(x.id, y.id))
	})
	s.bundles = slices.Insert(s.bundles, i, b)
	s.orders[b.order] = append(s.orders[b.order], b)
}

// createdBetween returns the bundles created in [from, to).
func (s *shop) createdBetween(from, to time.Time) []*bundle {
	at := func(t time.Time) int {
		i, _ := slices.BinarySearchFunc(s.bundles, t, func(b *bundle, t time.Time) int {
			if b.created.Before(t) {
				return -1
			}
			return 1
		})
		return i
	}
	first, end := at(from), at(to)
	if end <= first {
		return nil
	}
	return s.bundles[first:end]
}
