package shopify

import (
	"cmp"
	"fmt"
	"sync"
	"time"
)

// Version is the version of the API that is played.
const Version = "2026-04"

// Options set a mall up. The zero value is a mall whose clock stands still.
type Options struct {
	// Now is the mall's clock.
	Now func() time.Time
	// Restore is how many points come back in a second, and a twentieth of the bucket; 0
	// for 100, as on the plan Standard.
	Restore float64
	// Answers is the version that the mall says has answered; empty for the one asked for.
	Answers string
}

// A Shop is one store with the app that may call it.
type Shop struct {
	Domain   string // without .myshopify.com
	Name     string
	Currency string // ISO 4217
	Country  string
	Zone     string
	// Token is that of a custom app, which does not end; empty for none.
	Token string
	// ClientID and ClientSecret are those of an app of the Dev Dashboard; empty for none.
	ClientID, ClientSecret string
	// Scopes that the app has; nil for all that are needed.
	Scopes []string
	// NoPersonalData keeps names and addresses back, as from an app that was not approved
	// for protected customer data.
	NoPersonalData bool
	// Frozen is a shop that has not paid.
	Frozen bool
}

// AllScopes are those that a whole connection needs.
var AllScopes = []string{
	"read_orders", "read_products", "read_inventory", "write_inventory", "read_locations",
	"read_merchant_managed_fulfillment_orders", "write_merchant_managed_fulfillment_orders",
}

// A Mall is the whole stand-in. It may be used by several goroutines.
type Mall struct {
	opt Options

	mu      sync.Mutex
	shops   map[string]*shop // by domain
	serial  int64            // of everything that has a number
	request int64
	faults  Faults
}

// A shop is what the mall keeps of one store.
type shop struct {
	Shop
	tokens    map[string]time.Time // of the grant: value and end
	uses      map[string]int       // of a token, while FaultToken counts
	orders    []*order             // by creation
	byName    map[string]*order
	locations []*location
	variants  []*variant // by id
	points    float64
	at        time.Time // when points were counted
	done      map[string]done
}

// done is what a mutation with an idempotency key gave.
type done struct {
	input  string
	answer object
}

// A location is where stock lies.
type location struct {
	id      int64
	name    string
	service bool // of a fulfillment service of another app
}

// New makes a mall without shops.
func New(o Options) *Mall {
	if o.Now == nil {
		o.Now = func() time.Time { return time.Date(2026, 11, 18, 3, 0, 0, 0, time.UTC) }
	}
	o.Restore = cmp.Or(o.Restore, 100)
	return &Mall{opt: o, shops: map[string]*shop{}, serial: 900_000}
}

// Faults are what the mall does wrong.
type Faults struct {
	// Inside answers every query with 200 and INTERNAL_SERVER_ERROR.
	Inside bool
	// Denied answers every query with ACCESS_DENIED in place of data.
	Denied bool
	// Repeat gives the last order of a page again as the first of the next.
	Repeat bool
	// Expire ends each access token after two more calls.
	Expire bool
	// Stale lets the first comparison of every stock call fail, as if somebody had sold one.
	Stale bool
	// Empty answers with fulfillment orders that are not shown, as with a missing scope.
	Empty bool
	// Deep refuses queries of more than 300 points as too costly.
	Deep bool
}

// Break sets what is wrong from now on; the zero value mends the mall.
func (m *Mall) Break(f Faults) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.faults = f
	for _, s := range m.shops {
		s.uses = map[string]int{}
	}
}

// AddShop opens a shop with one location, or gives a shop that is there other keys.
func (m *Mall) AddShop(s Shop) error {
	if s.Domain == "" || s.Token == "" && (s.ClientID == "" || s.ClientSecret == "") {
		return fmt.Errorf("shopify: shop %q: a domain, and a token or client id and secret are expected", s.Domain)
	}
	s.Currency, s.Country, s.Zone = cmp.Or(s.Currency, "JPY"), cmp.Or(s.Country, "JP"), cmp.Or(s.Zone, "Asia/Tokyo")
	if s.Scopes == nil {
		s.Scopes = AllScopes
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	x, ok := m.shops[s.Domain]
	if !ok {
		x = &shop{byName: map[string]*order{}, done: map[string]done{}, at: m.opt.Now(), points: 20 * m.opt.Restore, uses: map[string]int{}}
		x.locations = []*location{{id: 700_001, name: "見本倉庫"}}
		m.shops[s.Domain] = x
	}
	x.Shop, x.tokens = s, map[string]time.Time{}
	return nil
}

// AddLocation gives a shop another location and returns its id. Stock of one that
// belongs to a fulfillment service of another app is not the app's to ship.
func (m *Mall) AddLocation(domain, name string, service bool) (int64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.shops[domain]
	if s == nil {
		return 0, fmt.Errorf("shopify: no shop %s", domain)
	}
	l := &location{id: s.locations[len(s.locations)-1].id + 1, name: name, service: service}
	s.locations = append(s.locations, l)
	return l.id, nil
}

// Location is the id of a shop's first location.
func (m *Mall) Location(domain string) int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.shops[domain].locations[0].id
}

func (m *Mall) next() int64 {
	m.serial++
	return m.serial
}

func gid(kind string, id int64) string { return fmt.Sprintf("gid://shopify/%s/%d", kind, id) }

func stamp(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC().Format("2006-01-02T15:04:05Z")
}

func text(s string) any {
	if s == "" {
		return nil
	}
	return s
}
