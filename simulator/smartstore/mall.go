package smartstore

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"sync"
	"time"
)

// Seoul is the mall's zone. Korea has no daylight saving time.
var Seoul = time.FixedZone("KST", 9*60*60)

// What time does to parcels and tokens.
const (
	delivery  = 30 * time.Hour     // from dispatch until it is delivered
	decision  = 8 * 24 * time.Hour // from delivery until the purchase is decided
	tokenLife = 10_800 * time.Second
	renewal   = 30 * time.Minute // left of a token when a new one is given
)

// Options set a mall up.
type Options struct {
	// Now is the mall's clock.
	Now func() time.Time
	// Rate is how many calls of one API an application has in a second, with twice as
	// many at once; 0 for 5, negative for no limit. Naver publishes no number.
	Rate float64
	// LastOnly lets the log of changes show only the last change of a product order.
	LastOnly bool
}

// A Seller is one shop with its application.
type Seller struct {
	ID       string // of the seller, account_id
	ClientID string
	Secret   string   // client_secret, a bcrypt salt
	Agency   bool     // the application belongs to an agency: tokens are of type SELLER
	IPs      []string // from which it may call; empty: from everywhere
	// NoOrders and NoProducts take the groups of APIs away from the application.
	NoOrders, NoProducts bool
}

// Faults are what the mall does wrong.
type Faults struct {
	// Inside answers every call behind the login with 200 and an error in the body.
	Inside bool
	// Total says one change more than the log gives.
	Total bool
	// Repeat gives the last row of an answer again as the first of the next.
	Repeat bool
	// Vanish lets the log name a product order that the mall then does not know.
	Vanish bool
	// Short ends each token after two calls.
	Short bool
	// Ahead is how far the mall's clock is ahead of ours.
	Ahead time.Duration
}

// A Mall is the whole stand-in. It may be used by several goroutines.
type Mall struct {
	opt Options

	mu     sync.Mutex
	shops  map[string]*shop // by seller id
	apps   map[string]*shop // by client id
	used   map[string]use   // by courier and tracking number
	tokens int              // given so far
	claims int64
	traces int
	faults Faults
}

// A use is who a tracking number was used for.
type use struct{ shop, name, address string }

// A shop is what the mall keeps of one seller.
type shop struct {
	Seller
	lines   []*line          // by payment
	byID    map[string]*line // by product order
	orders  map[string][]*line
	log     []event
	token   *token
	old     []*token // that still work until their end
	goods   []*good
	buckets map[string]*bucket
}

// A token lets an application in until its end.
type token struct {
	value string
	ends  time.Time
	calls int
}

// A bucket holds the calls that an application may still make of one API.
type bucket struct {
	left float64
	at   time.Time
}

// New makes a mall without sellers.
func New(o Options) *Mall {
	if o.Now == nil {
		o.Now = func() time.Time { return time.Date(2026, 7, 15, 3, 0, 0, 0, time.UTC) }
	}
	o.Rate = cmp.Or(o.Rate, 5)
	return &Mall{opt: o, shops: map[string]*shop{}, apps: map[string]*shop{}, used: map[string]use{}}
}

// Break sets what is wrong from now on; the zero value mends the mall.
func (m *Mall) Break(f Faults) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.faults = f
}

var secretForm = regexp.MustCompile(`^\$2a\$(0[4-9]|1[0-2])\$[./0-9A-Za-z]{22}$`)

// AddSeller opens a shop, or gives a shop that is there another application: the old
// one and its tokens are refused from then on.
func (m *Mall) AddSeller(s Seller) error {
	if s.ID == "" || s.ClientID == "" || !secretForm.MatchString(s.Secret) {
		return fmt.Errorf("smartstore: seller %q: an id, a client id and a secret that is a bcrypt salt are expected", s.ID)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	x, ok := m.shops[s.ID]
	if !ok {
		x = &shop{byID: map[string]*line{}, orders: map[string][]*line{}, buckets: map[string]*bucket{}}
		m.shops[s.ID] = x
	}
	delete(m.apps, x.ClientID)
	if x.Secret != s.Secret || x.ClientID != s.ClientID {
		x.token, x.old = nil, nil
	}
	x.Seller = s
	m.apps[s.ClientID] = x
	return nil
}

// now is the mall's clock.
func (m *Mall) now() time.Time { return m.opt.Now().Add(m.faults.Ahead) }

// An event is one entry of the log of changes.
type event struct {
	at   time.Time
	kind string
	line *line
}

// note enters a change into the log.
func (s *shop) note(l *line, kind string, at time.Time) {
	e := event{at.Truncate(time.Millisecond), kind, l}
	l.changed = e.at
	i, _ := slices.BinarySearchFunc(s.log, e, func(a, b event) int {
		return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.line.id, b.line.id))
	})
	s.log = slices.Insert(s.log, i, e)
}

// settle does what couriers and buyers did until now.
func (s *shop) settle(now time.Time) {
	for _, l := range s.lines {
		s.settleLine(l, now)
	}
}

func (s *shop) settleLine(l *line, now time.Time) {
	if at := l.sent.Add(delivery); l.status == Delivering && !at.After(now) {
		l.status, l.arrived = Delivered, at
	}
	if at := l.arrived.Add(decision); l.status == Delivered && !at.After(now) {
		l.status = Decided
		s.note(l, "PURCHASE_DECIDED", at)
	}
}
