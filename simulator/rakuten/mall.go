package rakuten

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// Tokyo is the mall's zone. Japan has no daylight saving time.
var Tokyo = time.FixedZone("JST", 9*60*60)

// What time does by itself.
const (
	keyLife     = 90              // days of a licence key, to the end of the last one
	settling    = 5 * time.Minute // from confirmation until a card is authorised
	working     = 10 * time.Second
	lateFor     = 20 * time.Minute
	resultsKept = 30 * 24 * time.Hour
	unconfirmed = 14 * 24 * time.Hour // then the mall cancels
	shown       = 730 * 24 * time.Hour
	widest      = 63 * 24 * time.Hour
	mostFound   = 15_000
)

// Progress codes of orders.
const (
	Waiting    = 100 // 注文確認待ち
	Processing = 200 // 楽天処理中
	ToShip     = 300 // 発送待ち
	Changing   = 400 // 変更確定待ち
	Shipped    = 500 // 発送済
	Cancelling = 800 // キャンセル確定待ち
	Cancelled  = 900 // キャンセル確定
)

// Functions that a shop switches on for its key.
const (
	OrderAPI     = "rakutenpayorderapi"
	InventoryAPI = "inventoryapi"
	ItemAPI      = "itemapi"
	LicenceAPI   = "licensemanagementapi"
)

// Options set a mall up. The zero value is a mall whose clock stands still.
type Options struct {
	// Now is the mall's clock.
	Now func() time.Time
	// Limit is how many requests within a second pass; 0 for two, negative for all.
	Limit int
}

// A Shop is one seller with its key.
type Shop struct {
	ID            string // first part of its order numbers
	ServiceSecret string
	LicenceKey    string
	Issued        time.Time // of the licence key; zero: it never dies
	Off           []string  // functions that are not switched on
}

// Faults are what the mall does wrong.
type Faults struct {
	Inside   bool // every call is answered with 200 and an ERROR in the list of messages
	Total    bool // searches say one order more than there are
	Repeat   bool // the last order of a page is the first of the next as well
	Vanish   bool // searches name an order that is not there
	Async    bool // asynchronous reports are taken in and fail
	Forget   bool // reports are taken in and said to be done, and nothing is kept
	Late     bool // numbers are shown twenty minutes after they were taken in
	Single   bool // a recipient has one number; a further row is refused
	Required bool // rows need carrier, number and date
	Partial  bool // the first order of a confirmation is refused
	Charset  bool // a byte in the middle of an order is not UTF-8
	Unpriced bool // amounts of orders are not fixed: -9999
}

// A Mall is the whole stand-in. It may be used by several goroutines.
type Mall struct {
	opt Options

	mu      sync.Mutex
	shops   map[string]*shop // by id
	faults  Faults
	serial  int64
	request int64
}

type shop struct {
	Shop
	orders  []*order // by time of order, then number
	byNo    map[string]*order
	reports map[string]*report
	stock   map[pair]*stock
	items   []*item
	calls   []time.Time // of the last second
}

// New makes a mall without shops.
func New(o Options) *Mall {
	if o.Now == nil {
		o.Now = func() time.Time { return time.Date(2026, 7, 15, 3, 0, 0, 0, time.UTC) }
	}
	o.Limit = cmp.Or(o.Limit, 2)
	return &Mall{opt: o, shops: map[string]*shop{}, serial: 900_000_000_000}
}

// Break sets what is wrong from now on; the zero value mends the mall.
func (m *Mall) Break(f Faults) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.faults = f
}

// AddShop opens a shop, or gives a shop that is there other keys and functions.
func (m *Mall) AddShop(s Shop) error {
	if s.ID == "" || s.ServiceSecret == "" || s.LicenceKey == "" {
		return errors.New("rakuten: a shop needs id, service secret and licence key")
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if old := m.shops[s.ID]; old != nil {
		old.Shop = s
		return nil
	}
	m.shops[s.ID] = &shop{Shop: s, byNo: map[string]*order{}, reports: map[string]*report{}, stock: map[pair]*stock{}}
	return nil
}

// expiry is the last second of the licence key.
func (s *shop) expiry() time.Time {
	if s.Issued.IsZero() {
		return time.Date(9999, 12, 31, 23, 59, 59, 0, Tokyo)
	}
	y, mo, d := s.Issued.In(Tokyo).AddDate(0, 0, keyLife).Date()
	return time.Date(y, mo, d, 23, 59, 59, 0, Tokyo)
}

func (s *shop) add(o *order) {
	i, _ := slices.BinarySearchFunc(s.orders, o, func(x, y *order) int {
		return cmp.Or(x.ordered.Compare(y.ordered), strings.Compare(x.number, y.number))
	})
	s.orders = slices.Insert(s.orders, i, o)
	s.byNo[o.number] = o
}

// with runs f for an order of any shop.
func (m *Mall) with(number string, f func(*shop, *order)) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, s := range m.shops {
		if o := s.byNo[number]; o != nil {
			m.settle(s, m.opt.Now())
			f(s, o)
			return nil
		}
	}
	return fmt.Errorf("rakuten: no order %s", number)
}

// Cancel cancels an order as the buyer and mall do before shipment.
func (m *Mall) Cancel(number string) error {
	return m.with(number, func(_ *shop, o *order) { o.progress = Cancelled })
}

// Move sets the progress of an order.
func (m *Mall) Move(number string, progress int) error {
	return m.with(number, func(_ *shop, o *order) { o.progress = progress })
}

// Remove lets the mall forget an order.
func (m *Mall) Remove(number string) error {
	return m.with(number, func(s *shop, o *order) {
		delete(s.byNo, number)
		s.orders = slices.DeleteFunc(s.orders, func(x *order) bool { return x == o })
	})
}

// Progress returns where an order stands.
func (m *Mall) Progress(number string) (progress int, err error) {
	err = m.with(number, func(_ *shop, o *order) { progress = o.progress })
	return progress, err
}

// Tracking returns the tracking numbers that the mall shows for an order.
func (m *Mall) Tracking(number string) (out []string, err error) {
	err = m.with(number, func(_ *shop, o *order) {
		for _, b := range o.baskets {
			for _, r := range b.shipping {
				if r.number != "" {
					out = append(out, r.number)
				}
			}
		}
	})
	return out, err
}

// settle does what time does by itself.
func (m *Mall) settle(s *shop, now time.Time) {
	for _, r := range s.reports {
		if !r.done && !now.Before(r.taken.Add(working)) {
			m.work(s, r, m.faults)
		}
	}
	for _, o := range s.orders {
		switch {
		case o.progress == Waiting && !now.Before(o.ordered.Add(unconfirmed)):
			o.progress = Cancelled
		case o.progress == Processing && !now.Before(o.confirmed.Add(settling)):
			o.progress, o.fixed = ToShip, o.confirmed.Add(settling)
		case o.progress == ToShip:
			if at, ok := o.completes(); ok && !now.Before(at) {
				o.progress, o.completed = Shipped, at
			}
		}
	}
}
