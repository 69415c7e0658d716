package amazon

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// Tokyo is the store's zone. Japan has no daylight saving time.
var Tokyo = time.FixedZone("JST", 9*60*60)

// Japan is the id of the store.
const Japan = "A1VC38T7YXB528"

// Statuses of orders.
const (
	PendingAvailability = "PENDING_AVAILABILITY"
	Pending             = "PENDING"
	Unshipped           = "UNSHIPPED"
	PartiallyShipped    = "PARTIALLY_SHIPPED"
	Shipped             = "SHIPPED"
	Cancelled           = "CANCELLED"
)

// Roles that an app may lack.
const (
	RoleOrders   = "orders"   // Inventory and Order Tracking
	RoleShipping = "shipping" // Direct-to-Consumer Shipping (Restricted): addresses and buyers
	RoleListings = "listings" // Product Listing
)

// What time does by itself.
const (
	tokenLife  = time.Hour
	secretLife = 180 * 24 * time.Hour
	codeLife   = 5 * time.Minute
	paying     = 30 * time.Minute
	pageLife   = 24 * time.Hour
	urlLife    = 5 * time.Minute
	documents  = 48 * time.Hour
	queued     = 30 * time.Second
	feedTakes  = 2 * time.Minute
	reportIn   = time.Minute
)

// Options set a mall up. The zero value is a mall whose clock stands still.
type Options struct {
	// Now is the mall's clock.
	Now func() time.Time
	// Rates replace the requests per second of operations' usage plans.
	Rates map[string]float64
	// Unlimited lets all calls pass, and names no rates.
	Unlimited bool
}

// A Seller is one selling partner with the app that it has authorised.
type Seller struct {
	ID           string // merchant token: A0SAMPLESELLER
	ClientID     string
	ClientSecret string
	NextSecret   string // the new one while both are valid; empty for none
	RefreshToken string
	Issued       time.Time // of ClientSecret; zero: it never ends
	Lacks        []string  // roles that the app has not
	AppID        string    // of a published app: amzn1.sp.solution.…; empty for an app of one's own
	Redirect     string    // the address that the app has registered
}

// Faults are what the mall does wrong.
type Faults struct {
	Inside bool // every call is answered with 200 and errors in its body
	Repeat bool // the last order of a page is the first of the next as well
	Token  bool // access tokens end after two calls
	Async  bool // feeds are taken in and each of their messages fails
	Fatal  bool // feeds end FATAL
	Silent bool // confirmations are answered with 204, and nothing is kept
}

// A Mall is the whole stand-in. It may be used by several goroutines.
type Mall struct {
	opt Options

	mu      sync.Mutex
	sellers map[string]*seller // by id
	tokens  map[string]*token
	files   map[string]*file // documents of feeds and reports
	faults  Faults
	serial  int64
}

type seller struct {
	Seller
	orders  []*order // by time of the last update, then number
	byNo    map[string]*order
	items   map[string]*listing // by SKU
	feeds   map[string]*feed
	reports map[string]*report
	codes   map[string]time.Time // of consents, to their end
	plans   map[string]*plan
}

type token struct {
	seller *seller
	ends   time.Time
	calls  int
}

// New makes a mall without sellers.
func New(o Options) *Mall {
	if o.Now == nil {
		o.Now = func() time.Time { return time.Date(2026, 7, 15, 3, 0, 0, 0, time.UTC) }
	}
	return &Mall{opt: o, sellers: map[string]*seller{}, tokens: map[string]*token{}, files: map[string]*file{}, serial: 50_000_000_000}
}

// Break sets what is wrong from now on; the zero value mends the mall.
func (m *Mall) Break(f Faults) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.faults = f
}

// AddSeller lets a seller in, or gives one that is there another app. Tokens of the
// seller end.
func (m *Mall) AddSeller(s Seller) error {
	if s.ID == "" || s.ClientID == "" || s.ClientSecret == "" || s.RefreshToken == "" {
		return errors.New("amazon: a seller needs id, client id, client secret and refresh token")
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for k, t := range m.tokens {
		if t.seller.ID == s.ID {
			delete(m.tokens, k)
		}
	}
	if old := m.sellers[s.ID]; old != nil {
		old.Seller = s
		return nil
	}
	m.sellers[s.ID] = &seller{
		Seller: s, byNo: map[string]*order{}, items: map[string]*listing{}, feeds: map[string]*feed{}, reports: map[string]*report{},
		codes: map[string]time.Time{}, plans: map[string]*plan{},
	}
	return nil
}

// Agree is the seller who agrees on the consent page; the code is for the app's
// redemption within five minutes.
func (m *Mall) Agree(id string) (code string, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.sellers[id]
	if s == nil {
		return "", fmt.Errorf("amazon: no seller %s", id)
	}
	code = "ANSample" + m.next()
	s.codes[code] = m.opt.Now().Add(codeLife)
	return code, nil
}

// next is a running number.
func (m *Mall) next() string {
	m.serial++
	return fmt.Sprint(m.serial)
}

func (s *seller) has(role string) bool { return !slices.Contains(s.Lacks, role) }

// sort keeps orders by the time of their last update, then by number.
func (s *seller) sort() { slices.SortFunc(s.orders, byUpdate) }

func byUpdate(a, b *order) int {
	return cmp.Or(a.updated.Compare(b.updated), strings.Compare(a.number, b.number))
}

// with runs f for an order of any seller.
func (m *Mall) with(number string, f func(*seller, *order) error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, s := range m.sellers {
		m.settle(s)
		if o := s.byNo[number]; o != nil {
			err := f(s, o)
			s.sort()
			return err
		}
	}
	return fmt.Errorf("amazon: no order %s", number)
}

// Cancel cancels what has not shipped of an order.
func (m *Mall) Cancel(number string) error {
	return m.with(number, func(_ *seller, o *order) error {
		o.status, o.updated = Cancelled, m.opt.Now()
		for _, it := range o.items {
			it.cancelled, it.ordered = it.ordered-it.fulfilled, it.fulfilled
		}
		return nil
	})
}

// AskCancel is the buyer who asks for the cancellation of all items.
func (m *Mall) AskCancel(number, reason string) error {
	return m.with(number, func(_ *seller, o *order) error {
		o.asked, o.updated = cmp.Or(reason, "mistake"), m.opt.Now()
		return nil
	})
}

// Remove lets the mall forget an order.
func (m *Mall) Remove(number string) error {
	return m.with(number, func(s *seller, o *order) error {
		delete(s.byNo, number)
		s.orders = slices.DeleteFunc(s.orders, func(x *order) bool { return x == o })
		return nil
	})
}

// Status returns where an order stands.
func (m *Mall) Status(number string) (status string, err error) {
	err = m.with(number, func(_ *seller, o *order) error {
		status = o.status
		return nil
	})
	return status, err
}

// A Package is a parcel that was confirmed.
type Package struct {
	Reference string
	Carrier   string
	Name      string
	Method    string
	Tracking  string
	Items     map[string]int64
	COD       bool
}

// Packages returns the parcels of an order, as they were first confirmed.
func (m *Mall) Packages(number string) (out []Package, err error) {
	err = m.with(number, func(_ *seller, o *order) error {
		for _, p := range o.packages {
			out = append(out, p.Package)
		}
		return nil
	})
	return out, err
}

// settle does what time does by itself.
func (m *Mall) settle(s *seller) {
	now := m.opt.Now()
	moved := false
	for _, o := range s.orders {
		if o.status == Pending && !now.Before(o.created.Add(paying)) {
			o.status, o.updated = Unshipped, o.created.Add(paying)
			moved = true
		}
	}
	for _, f := range s.feeds {
		if !f.done && !now.Before(f.created.Add(feedTakes)) {
			m.work(s, f)
			moved = true
		}
	}
	if moved {
		s.sort()
	}
}
