package ebay

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/mallbridge/mallbridge/simulator/orders"
)

// What time does.
const (
	tokenLife   = 2 * time.Hour
	consentLife = 47_304_000 * time.Second
	codeLife    = 5 * time.Minute
	payTime     = 3 * time.Hour // from an unpaid order to its payment
)

// Options set a mall up. The zero value is a mall whose clock stands still.
type Options struct {
	// Now is the mall's clock.
	Now func() time.Time
	// Calls is how many calls of each API an application has in a day; 0 for 100,000,
	// which is said to be the limit of orders.
	Calls int
	// Batch is how many SKUs fit into one change of quantities; 0 for 25.
	Batch int
	// OneSpoils refuses a call by several order numbers if one of them is unknown.
	OneSpoils bool
}

// A Seller is one shop, with the application that it uses.
type Seller struct {
	Name         string
	ClientID     string
	ClientSecret string
	RuName       string
	Accepted     string // where the browser goes after the consent
	RefreshToken string // of a consent that was given already; empty for none
	Consented    time.Time
	Scopes       []string // of that consent, in their short form: sell.fulfillment
}

// A Mall is the whole stand-in. It may be used by several goroutines.
type Mall struct {
	opt Options

	mu     sync.Mutex
	shops  map[string]*shop // by name
	tokens map[string]*token
	codes  map[string]*code
	count  map[string]int // calls of the day, by application and API
	day    time.Time
	made   int // tokens and codes so far
	faults Faults
}

// A shop is what the mall keeps of one seller.
type shop struct {
	Seller
	sales  []*sale
	byID   map[string]*sale
	items  []*Item
	bySKU  map[string]*Item
	offers int
}

// A token lets somebody in.
type token struct {
	s       *shop // nil: the application alone
	client  string
	scopes  []string
	ends    time.Time
	left    int // calls, where counted
	counted bool
}

// A code is what the consent page gives, once.
type code struct {
	s      *shop
	scopes []string
	ends   time.Time
}

// New makes a mall without sellers.
func New(o Options) *Mall {
	if o.Now == nil {
		o.Now = func() time.Time { return time.Date(2026, 11, 18, 3, 0, 0, 0, time.UTC) }
	}
	o.Calls, o.Batch = cmp.Or(o.Calls, 100_000), cmp.Or(o.Batch, 25)
	return &Mall{opt: o, shops: map[string]*shop{}, tokens: map[string]*token{}, codes: map[string]*code{}, count: map[string]int{}}
}

// Faults are what the mall does wrong.
type Faults struct {
	// Inside answers every call that the gate lets through with 200 and an error.
	Inside bool
	// Total says one order more than there are.
	Total bool
	// Repeat gives the last order of a page as the first of the next as well.
	Repeat bool
	// Short ends tokens after two more calls.
	Short bool
	// Scope takes the right to orders away from every token.
	Scope bool
	// Busy answers changes of quantities with 25025.
	Busy bool
	// Ahead is how far the mall's clock is ahead.
	Ahead time.Duration
}

// Break sets what is wrong from now on; the zero value mends the mall.
func (m *Mall) Break(f Faults) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.faults = f
	for _, t := range m.tokens {
		t.left, t.counted = 2, f.Short
	}
}

func (m *Mall) now() time.Time { return m.opt.Now().Add(m.faults.Ahead).UTC() }

// AddSeller opens a shop, or changes one that is there.
func (m *Mall) AddSeller(s Seller) error {
	if s.Name == "" || s.ClientID == "" || s.ClientSecret == "" || strings.ContainsAny(s.ClientID, ": ") {
		return fmt.Errorf("ebay: seller %q: name, client id and secret are expected", s.Name)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	x, ok := m.shops[s.Name]
	if !ok {
		x = &shop{byID: map[string]*sale{}, bySKU: map[string]*Item{}}
		m.shops[s.Name] = x
	}
	x.Seller = s
	return nil
}

// Revoke is the seller who withdraws the consent, or changes the password.
func (m *Mall) Revoke(seller string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	s, ok := m.shops[seller]
	if !ok {
		return fmt.Errorf("ebay: no seller %s", seller)
	}
	s.RefreshToken = ""
	for key, t := range m.tokens {
		if t.s == s {
			delete(m.tokens, key)
		}
	}
	return nil
}

// Place puts an order into a shop, as simulator/orders makes it. Its status is that of
// the payment; an order that is PENDING is paid after three hours.
func (m *Mall) Place(seller string, o *orders.Order) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	s, ok := m.shops[seller]
	switch {
	case !ok:
		return fmt.Errorf("ebay: no seller %s", seller)
	case s.byID[o.Number] != nil:
		return fmt.Errorf("ebay: order %s is there already", o.Number)
	case len(o.Parcels) != 1 || len(o.Parcels[0].Lines) == 0:
		return fmt.Errorf("ebay: order %s: one parcel with lines is expected", o.Number)
	}
	x := &sale{o: *o, modified: o.Ordered.UTC(), payment: o.Status, cancel: cancelNone, sent: map[string]int64{}}
	switch {
	case o.Claim:
		x.cancel, x.request = cancelAsked, m.number()
	case o.Status == canceled:
		x.payment, x.cancel = "PAID", canceled
	case o.Status == "FULFILLED":
		x.payment = "PAID"
		p := &parcel{id: "999", at: o.Ordered.Add(time.Hour).UTC(), lines: map[string]int64{}}
		for _, l := range o.Parcels[0].Lines {
			p.lines[l.Key], x.sent[l.Key] = l.Quantity, l.Quantity
		}
		x.parcels = []*parcel{p}
	}
	s.byID[o.Number] = x
	i, _ := slices.BinarySearchFunc(s.sales, x, func(a, b *sale) int {
		return cmp.Or(b.o.Ordered.Compare(a.o.Ordered), cmp.Compare(a.o.Number, b.o.Number))
	})
	s.sales = slices.Insert(s.sales, i, x)
	return nil
}

func (m *Mall) number() string {
	m.made++
	return fmt.Sprintf("500%07d", m.made)
}

func (m *Mall) change(seller, number string, f func(x *sale) error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	s, ok := m.shops[seller]
	if !ok || s.byID[number] == nil {
		return fmt.Errorf("ebay: %s has no order %s", seller, number)
	}
	x := s.byID[number]
	x.settle(m.now())
	if err := f(x); err != nil {
		return err
	}
	x.modified = m.now()
	return nil
}

// AskCancel is the buyer who wants an order cancelled.
func (m *Mall) AskCancel(seller, number string) error {
	return m.change(seller, number, func(x *sale) error {
		if x.cancel != cancelNone {
			return fmt.Errorf("ebay: order %s: its cancel is %s", number, x.cancel)
		}
		x.cancel, x.request = cancelAsked, m.number()
		return nil
	})
}

// RefuseCancel is the seller who says no to the buyer.
func (m *Mall) RefuseCancel(seller, number string) error {
	return m.change(seller, number, func(x *sale) error {
		if x.cancel != cancelAsked {
			return fmt.Errorf("ebay: order %s: its cancel is %s", number, x.cancel)
		}
		x.cancel, x.refused = cancelNone, true
		return nil
	})
}

// Cancel cancels an order.
func (m *Mall) Cancel(seller, number string) error {
	return m.change(seller, number, func(x *sale) error {
		x.cancel = canceled
		return nil
	})
}

// Fulfil is the seller who marks an order as shipped in Seller Hub.
func (m *Mall) Fulfil(seller, number, carrier, tracking string) error {
	return m.change(seller, number, func(x *sale) error {
		p := &parcel{id: tracking, tracking: tracking, carrier: carrier, at: m.now(), lines: map[string]int64{}}
		for _, l := range x.lines() {
			if n := l.Quantity - x.sent[l.Key]; n > 0 {
				p.lines[l.Key] = n
				x.sent[l.Key] += n
			}
		}
		x.parcels = append(x.parcels, p)
		return nil
	})
}

// Forget lets the mall know nothing of an order any more.
func (m *Mall) Forget(seller, number string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	s, ok := m.shops[seller]
	if !ok || s.byID[number] == nil {
		return fmt.Errorf("ebay: %s has no order %s", seller, number)
	}
	delete(s.byID, number)
	s.sales = slices.DeleteFunc(s.sales, func(x *sale) bool { return x.o.Number == number })
	return nil
}

// Tracking are the numbers that the mall shows for an order.
func (m *Mall) Tracking(seller, number string) []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []string
	if s, ok := m.shops[seller]; ok && s.byID[number] != nil {
		for _, p := range s.byID[number].parcels {
			out = append(out, p.tracking)
		}
	}
	return out
}

// Sell puts an item into the inventory.
func (m *Mall) Sell(seller string, it Item) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	s, ok := m.shops[seller]
	if !ok || it.SKU == "" || len([]rune(it.SKU)) > 50 || s.bySKU[it.SKU] != nil {
		return fmt.Errorf("ebay: item %q of %s: a new SKU of at most 50 characters is expected", it.SKU, seller)
	}
	for i := range it.Offers {
		s.offers++
		it.Offers[i].id = fmt.Sprintf("7%09d", s.offers)
	}
	s.items, s.bySKU[it.SKU] = append(s.items, &it), &it
	return nil
}

// Stock is what buyers see of an item: the smaller of its quantity and its offers'.
func (m *Mall) Stock(seller, sku string) (int64, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s, ok := m.shops[seller]
	if !ok || s.bySKU[sku] == nil {
		return 0, false
	}
	it := s.bySKU[sku]
	least := it.Quantity
	for _, o := range it.Offers {
		if o.Published && o.Own {
			least = min(least, o.Quantity)
		}
	}
	return least, true
}
