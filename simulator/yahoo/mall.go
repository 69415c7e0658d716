package yahoo

import (
	"cmp"
	"crypto/rsa"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// Tokyo is the mall's zone. Japan has no daylight saving time.
var Tokyo = time.FixedZone("JST", 9*60*60)

// What time does.
const (
	tokenLife   = time.Hour
	longConsent = 28 * 24 * time.Hour
	shortOne    = 12 * time.Hour
	codeLife    = 10 * time.Minute
	buyersTime  = 10 * time.Minute // in which the buyer can cancel, and nobody else can do anything
	arrival     = 30 * time.Hour   // from shipping
	tolerance   = 5 * time.Minute  // of the time in a signature
)

// Options set a mall up. The zero value is a mall whose clock stands still.
type Options struct {
	// Now is the mall's clock.
	Now func() time.Time
	// Burst is how many calls of one operation may come at once; 0 for 3, negative
	// for no pace at all.
	Burst int
}

// A Store is one shop with its application.
type Store struct {
	ID       string // seller ID
	ClientID string
	Secret   string
	Redirect string // the registered callback
	// Key is the pair whose public half signs; nil for a store without one.
	Key        *rsa.PrivateKey
	KeyVersion string
	// Certificate is the client certificate of the store, DER; empty for none.
	Certificate []byte
	IPs         []string // from which it may call; empty: from everywhere
	NoOrders    bool     // the Client ID is not approved for the order API
}

// A Mall is the whole stand-in. It may be used by several goroutines.
type Mall struct {
	opt Options

	mu     sync.Mutex
	stores map[string]*store // by seller ID
	made   int64             // tokens and codes so far
	faults Faults
}

// A store is what the mall keeps of one shop.
type store struct {
	Store
	codes    map[string]*code
	consents []*consent
	orders   []*ord // by time of order
	byID     map[string]*ord
	items    map[string]*item
	last     map[string][]time.Time // of calls, by operation
}

// A code waits to be redeemed.
type code struct {
	redirect string
	made     time.Time
}

// A consent is what the shop agreed to once.
type consent struct {
	refresh string
	at      time.Time
	weak    bool // an order call came without a good signature
	access  map[string]time.Time
	left    int // calls until the access token ends early; 0 for no such fault
}

func (c *consent) ended(now time.Time) bool {
	life := longConsent
	if c.weak {
		life = shortOne
	}
	return now.Sub(c.at) >= life
}

// New makes a mall without stores.
func New(o Options) *Mall {
	if o.Now == nil {
		o.Now = func() time.Time { return time.Date(2026, 9, 3, 3, 0, 0, 0, time.UTC) }
	}
	o.Burst = cmp.Or(o.Burst, 3)
	return &Mall{opt: o, stores: map[string]*store{}}
}

// Faults are what the mall does wrong.
type Faults struct {
	// Inside answers every call that the gate lets through with 200 and Status NG.
	Inside bool
	// Total lets lists say one order more than there are.
	Total bool
	// Repeat gives the last order of a page again as the first of the next.
	Repeat bool
	// Vanish lets lists name an order that orderInfo then does not know.
	Vanish bool
	// Ahead sets the mall's clock that far ahead.
	Ahead time.Duration
	// Tokens lets access tokens end after two more calls.
	Tokens bool
	// AllOrNothing lets setStock change nothing if one code is wrong; else it changes
	// the others.
	AllOrNothing bool
}

// Break sets what is wrong from now on; the zero value mends the mall.
func (m *Mall) Break(f Faults) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.faults = f
	for _, s := range m.stores {
		for _, c := range s.consents {
			c.left = 0
			if f.Tokens {
				c.left = 3
			}
		}
	}
}

func (m *Mall) now() time.Time { return m.opt.Now().Add(m.faults.Ahead) }

// AddStore opens a store, or changes one that is there: what was consented to another
// Client ID or secret ends.
func (m *Mall) AddStore(s Store) error {
	if s.ID == "" || s.ClientID == "" || s.Secret == "" || strings.Trim(s.ID, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
		return fmt.Errorf("yahoo: store %q: a seller ID of small letters, a Client ID and a secret are expected", s.ID)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, x := range m.stores {
		if x.ClientID == s.ClientID && x.ID != s.ID {
			return fmt.Errorf("yahoo: store %s: its Client ID belongs to %s", s.ID, x.ID)
		}
	}
	x, ok := m.stores[s.ID]
	if !ok {
		x = &store{codes: map[string]*code{}, byID: map[string]*ord{}, items: map[string]*item{}, last: map[string][]time.Time{}}
		m.stores[s.ID] = x
	}
	if x.ClientID != s.ClientID {
		x.consents = nil
	}
	x.Store = s
	return nil
}

// Consent is a shop that agreed just now, and returns its refresh token.
func (m *Mall) Consent(seller string) (string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s, err := m.store(seller)
	if err != nil {
		return "", err
	}
	return m.agree(s).refresh, nil
}

// Withdraw is a shop that takes its consent back, or changes its password.
func (m *Mall) Withdraw(seller string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	s, err := m.store(seller)
	if err == nil {
		s.consents = nil
	}
	return err
}

func (m *Mall) agree(s *store) *consent {
	c := &consent{refresh: m.token("RT"), at: m.now(), access: map[string]time.Time{}}
	s.consents = append(s.consents, c)
	return c
}

// token makes a text that was not there before.
func (m *Mall) token(kind string) string {
	m.made++
	return fmt.Sprintf("%s-%08d-%x", kind, m.made, m.now().UnixNano()^m.made*0x5851f42d4c957f2d)
}

func (m *Mall) store(seller string) (*store, error) {
	s, ok := m.stores[seller]
	if !ok {
		return nil, fmt.Errorf("yahoo: no store %s", seller)
	}
	return s, nil
}

// byClient finds the store of an application.
func (m *Mall) byClient(id string) *store {
	for _, s := range m.stores {
		if s.ClientID == id {
			return s
		}
	}
	return nil
}

// byAccess finds the consent of an access token.
func (m *Mall) byAccess(token string) (*store, *consent) {
	for _, s := range m.stores {
		for _, c := range s.consents {
			if _, ok := c.access[token]; ok {
				return s, c
			}
		}
	}
	return nil, nil
}

// pace counts a call and reports whether it is one too many.
func (m *Mall) pace(s *store, operation string, now time.Time) bool {
	if m.opt.Burst < 0 {
		return false
	}
	span := time.Duration(m.opt.Burst) * time.Second
	s.last[operation] = slices.DeleteFunc(s.last[operation], func(t time.Time) bool { return now.Sub(t) >= span })
	if len(s.last[operation]) >= m.opt.Burst {
		return true
	}
	s.last[operation] = append(s.last[operation], now)
	return false
}
