// Package yahooshopping connects stores of Yahoo! JAPAN Shopping by its store API, and
// those of Yahoo! Auctions, which use the same: orders, shipping reports, stock and
// items.
//
// Orders are searched by the time at which they were placed and, a second time, by
// that at which Yahoo showed them: one that was held back for a fraud check keeps its
// old time of order. Each is then read by itself (orderInfo), and such a reply is a
// page. There is no search by change, so that orders before shipping are read again in
// every run (Open); those whose row in the search is as before come from memory.
//
// An order has one package, "1": several destinations are several orders. Codes are as
// in the order file: ItemCode ItemId, OptionCode SubCode, SKUCode the management number
// of what was won in an auction.
//
// Login is by a consent of 28 days, which is 12 hours where an order call came without
// a signature: every call carries X-sws-signature, the seller ID and the time encrypted
// with the store's public key, or comes over a connection with the older certificate.
//
// Facts: developer.yahoo.co.jp, pages of the Shopping API as of October 2026.
package yahooshopping

import (
	"context"
	_ "embed"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/mallbridge/mallbridge/connectors"
)

//go:embed about.yaml
var about []byte

//go:embed auctions.yaml
var auctions []byte

// Spec is the mall.
var Spec = connectors.Spec{Name: "yahoo-shopping", About: connectors.Described(about), New: New}

// AuctionSpec is Yahoo! Auctions: the same API, of which it takes the orders that were
// made there.
var AuctionSpec = connectors.Spec{Name: "yahoo-auction", About: sync.OnceValue(auctionAbout), New: func(a connectors.Account, c *connectors.Client) (connectors.Driver, error) {
	return NewOf(a, c, Auctions)
}}

func auctionAbout() *connectors.About {
	a := connectors.MustAboutOver(about, auctions)
	a.Settings = slices.DeleteFunc(a.Settings, func(s connectors.Setting) bool { return s.Name == "orders" })
	return a
}

// tokyo is the zone of all times. Japan has no daylight saving time.
var tokyo = time.FixedZone("JST", 9*60*60)

// stamp is how conditions write times.
const stamp = "20060102150405"

// A Driver speaks to one store.
type Driver struct {
	client
	account string
	kind    string // of orders: all, shopping or auctions
	rows    int    // of a search
	fields  string // of orderInfo
	seen    seen
}

var (
	_ connectors.Driver      = (*Driver)(nil)
	_ connectors.Opener      = (*Driver)(nil)
	_ connectors.Rereader    = (*Driver)(nil)
	_ connectors.Shipper     = (*Driver)(nil)
	_ connectors.Stocker     = (*Driver)(nil)
	_ connectors.StockReader = (*Driver)(nil)
	_ connectors.Cataloger   = (*Driver)(nil)
	_ connectors.Expirer     = (*Driver)(nil)
	_ connectors.Tester      = (*Driver)(nil)
	_ connectors.Consenter   = (*Driver)(nil)
)

// Kinds of orders that an account takes.
const (
	All      = "all"
	Shopping = "shopping"
	Auctions = "auctions"
)

// New makes the driver of an account.
func New(a connectors.Account, c *connectors.Client) (connectors.Driver, error) {
	return NewOf(a, c, a.Settings["orders"])
}

// NewOf makes the driver of an account that takes orders of one kind.
func NewOf(a connectors.Account, c *connectors.Client, kind string) (connectors.Driver, error) {
	rows, err := strconv.Atoi(a.Settings["list_rows"])
	if err != nil {
		return nil, fmt.Errorf("list_rows: %w", err)
	}
	d := &Driver{client: client{Client: c, settings: a.Settings}, account: a.Name, kind: kind, rows: rows}
	for _, name := range []string{"consented", "key_issued"} {
		if v := a.Settings[name]; v != "" {
			if _, err := instant(v); err != nil {
				return nil, fmt.Errorf("%s: %q is no day", name, v)
			}
		}
	}
	without := strings.Split(a.Settings["without_fields"], ",")
	d.fields = strings.Join(slices.DeleteFunc(slices.Clone(infoFields), func(f string) bool { return slices.Contains(without, f) }), ",")
	d.token = c.NewToken("Authorization", "Bearer ", d.renew)
	c.Certify(d.certificate)
	return d, nil
}

// instant reads a day, or a moment of it.
func instant(text string) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t, nil
	}
	return time.ParseInLocation(time.DateOnly, text, tokyo)
}

// A condition is what a search asks for.
type condition struct{ name, value string }

// span is a condition over a time. Both ends are inside, in whole seconds.
func span(name string, w connectors.Window) []condition {
	return []condition{{name + "From", w.From.In(tokyo).Format(stamp)}, {name + "To", w.To.Add(-time.Second).In(tokyo).Format(stamp)}}
}

// Orders yields the orders that were placed in w, or shown in w for the first time.
func (d *Driver) Orders(ctx context.Context, w connectors.Window) iter.Seq2[connectors.Page, error] {
	return d.search(ctx, false, span("OrderTime", w), span("PublicationTime", w))
}

// Open yields the orders placed in w that are neither shipped, cancelled nor
// completed.
func (d *Driver) Open(ctx context.Context, w connectors.Window) iter.Seq2[connectors.Page, error] {
	return d.search(ctx, true, append(span("OrderTime", w), condition{"OrderStatus", "1,2,3"}, condition{"ShipStatus", "0,1,2"}))
}

// Reread yields the present state of orders.
func (d *Driver) Reread(ctx context.Context, numbers []string) iter.Seq2[connectors.Page, error] {
	return func(yield func(connectors.Page, error) bool) {
		var rows []row
		for _, n := range connectors.Distinct(numbers) {
			rows = append(rows, row{OrderId: n})
		}
		d.read(ctx, rows, false, yield)
	}
}

// search lists orders by each of several conditions and reads them, each once.
// remembered takes those whose row did not change from memory.
func (d *Driver) search(ctx context.Context, remembered bool, by ...[]condition) iter.Seq2[connectors.Page, error] {
	return func(yield func(connectors.Page, error) bool) {
		var all []row
		seen := map[string]bool{}
		for _, c := range by {
			found, err := d.list(ctx, d.ofKind(c))
			if err != nil {
				yield(connectors.Page{}, err)
				return
			}
			for _, r := range found {
				if !seen[r.OrderId] {
					seen[r.OrderId] = true
					all = append(all, r)
				}
			}
		}
		d.read(ctx, all, remembered, yield)
	}
}

func (d *Driver) ofKind(c []condition) []condition {
	switch d.kind {
	case Shopping:
		return append(c, condition{"IsYahooAuctionOrder", "false"})
	case Auctions:
		return append(c, condition{"IsYahooAuctionOrder", "true"})
	}
	return c
}

// relists is how often a list is read that changes under our hands.
const relists = 3

// list finds all orders of a search. Paging is no snapshot: where the pages do not add
// up to what the first said, they are read again.
func (d *Driver) list(ctx context.Context, by []condition) ([]row, error) {
	for try := 1; ; try++ {
		rows, total, err := d.listOnce(ctx, by)
		if err != nil {
			return nil, err
		}
		if len(rows) == total {
			return rows, nil
		}
		if try == relists {
			return nil, &connectors.Error{
				Class: connectors.Transient, Call: "orderList", Message: fmt.Sprintf("not read whole: the mall said %d orders and listed %d", total, len(rows)),
			}
		}
	}
}

func (d *Driver) listOnce(ctx context.Context, by []condition) (rows []row, total int, err error) {
	seen := map[string]bool{}
	for start := 1; start == 1 || start <= total; start += d.rows {
		l, err := d.orderList(ctx, by, start)
		if err != nil {
			return nil, 0, err
		}
		if start == 1 {
			total = l.total
		}
		for _, r := range l.rows {
			if !seen[r.OrderId] {
				seen[r.OrderId] = true
				rows = append(rows, r)
			}
		}
		if l.total != total {
			// It changed between two pages; what moved cannot be told.
			return rows, max(total, len(rows)+1), nil
		}
	}
	return rows, total, nil
}

// pageInfo is the kind of pages with one order.
const pageInfo = "orderInfo"

// read reads orders one by one.
func (d *Driver) read(ctx context.Context, rows []row, remembered bool, yield func(connectors.Page, error) bool) {
	for _, r := range rows {
		p, known := d.seen.get(r, d.Now())
		if !known || !remembered {
			var err error
			if p, err = d.info(ctx, r.OrderId); err != nil {
				yield(connectors.Page{}, err)
				return
			}
			d.seen.put(r, p)
		}
		p.Total = len(rows)
		if !yield(p, nil) {
			return
		}
	}
}

// info reads one order.
func (d *Driver) info(ctx context.Context, number string) (connectors.Page, error) {
	reply, found, err := d.orderInfo(ctx, number)
	if err != nil {
		return connectors.Page{}, err
	}
	p := connectors.Page{Kind: pageInfo, Body: reply.Body, At: reply.At}
	if !found {
		p.Missing = []string{number}
		return p, nil
	}
	p.Keys = []string{number}
	return p, nil
}

// seen remembers replies by the row with which a search named their order.
type seen struct {
	mu    sync.Mutex
	pages map[row]connectors.Page
}

const (
	seenFor  = 6 * time.Hour
	seenMost = 5000
)

func (s *seen) get(r row, now time.Time) (connectors.Page, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, ok := s.pages[r]
	return p, ok && now.Sub(p.At) < seenFor
}

// put remembers a reply that belongs to a row of a search; a row of a number alone
// says nothing of the order's state.
func (s *seen) put(r row, p connectors.Page) {
	if r.LastUpdateTime == "" || len(p.Keys) == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.pages == nil || len(s.pages) >= seenMost {
		s.pages = map[row]connectors.Page{}
	}
	s.pages[r] = p
}

// Lives of a consent, from the moment of it, and of a public key or certificate.
const (
	longConsent  = 28 * 24 * time.Hour
	shortConsent = 12 * time.Hour
)

// Expires returns the end of the consent or, if that is earlier, of the key or
// certificate, computed from when they were given. The zero time if there is no
// consent yet.
func (d *Driver) Expires(context.Context) (time.Time, error) {
	ends, err := d.consentEnds()
	if err != nil || ends.IsZero() {
		return ends, err
	}
	if key := d.keyEnds(); !key.IsZero() && key.Before(ends) {
		ends = key
	}
	return ends.UTC(), nil
}

func (d *Driver) consentEnds() (time.Time, error) {
	at, err := instant(d.settings["consented"])
	if d.settings["consented"] == "" {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, fmt.Errorf("consented: %w", err)
	}
	signed, err := d.signs()
	if err != nil {
		return time.Time{}, err
	}
	if !signed || d.unsigned.Load() {
		return at.Add(shortConsent), nil
	}
	return at.Add(longConsent), nil
}

// keyEnds is the end of the year of the public key or certificate; zero if its day of
// issue is not known.
func (d *Driver) keyEnds() time.Time {
	at, err := instant(d.settings["key_issued"])
	if err != nil {
		return time.Time{}
	}
	return at.AddDate(1, 0, 0).Add(-time.Second)
}

// packageKey is that of the one package that an order has.
const packageKey = "1"

func rejected(code, format string, args ...any) connectors.Result {
	return connectors.Result{Outcome: connectors.Rejected, Code: code, Detail: fmt.Sprintf(format, args...)}
}

// notWritten is the result of a write that did not come to writing.
func notWritten(err error) connectors.Result {
	r := connectors.ResultOf(err)
	if r.Outcome == connectors.Unknown {
		r.Outcome = connectors.Retry
	}
	return r
}
