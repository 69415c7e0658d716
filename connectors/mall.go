package connectors

import (
	"context"
	"fmt"
	"iter"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"slices"
	"time"

	"github.com/mallbridge/mallbridge/order"
)

// Options are what a program gives to its malls. The zero value works.
type Options struct {
	// HTTP carries requests; nil for a transport of the package's own, which
	// follows no redirects and checks certificates.
	HTTP http.RoundTripper
	// Now is the clock; nil for the machine's.
	Now func() time.Time
	// Sleep waits or returns ctx's error; nil for a timer. Tests that move the clock
	// move it here.
	Sleep func(ctx context.Context, d time.Duration) error
	// Jitter returns numbers in [0, 1); nil for random ones.
	Jitter func() float64
	// Log gets a line for each call at level debug and for each repeat at warn.
	Log *slog.Logger
	// Capture keeps every exchange; nil keeps none.
	Capture Capturer
	// Meter counts calls; nil counts none.
	Meter Meter
	// Gate bounds calls of all malls of the process; nil for no bound.
	Gate *Gate
}

// Mall is one account of one mall, as callers see it. Its methods may be called
// from several goroutines; a process has one Mall for each account, for the pace is
// counted in it.
type Mall struct {
	spec    Spec
	account Account
	driver  Driver
	client  *Client
}

// Open makes the Mall of an account. It does not call the mall and reads no secret.
func (s Spec) Open(a Account, o Options) (*Mall, error) {
	if err := s.Check(a); err != nil {
		return nil, order.Errorf(order.Invalid, "", "%s: %w", a.Name, err)
	}
	a = s.withDefaults(a)
	base, err := s.base(a)
	if err != nil {
		return nil, err
	}
	hosts, err := s.hosts(a, base)
	if err != nil {
		return nil, err
	}
	c := &Client{
		mall: s.About().Name, account: a.Name, about: s.About(), carriers: a.Carriers, base: base, hosts: hosts, scrub: s.Scrub, secret: a.Secret,
		transport: o.HTTP, now: o.Now, sleep: o.Sleep, jitter: o.Jitter, log: o.Log, capture: o.Capture, meter: o.Meter, gate: o.Gate,
		limits: newLimits(s.About().Limits), breaker: &breaker{}, hidden: &redactor{},
	}
	if c.transport == nil {
		c.transport = sharedTransport
	}
	if c.now == nil {
		c.now = time.Now
	}
	if c.sleep == nil {
		c.sleep = sleep
	}
	if c.jitter == nil {
		c.jitter = rand.Float64
	}
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	if c.meter == nil {
		c.meter = noMeter{}
	}
	a.Secret = c.Secret
	d, err := s.New(a, c)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", a.Name, err)
	}
	return &Mall{spec: s, account: a, driver: d, client: c}, nil
}

var sharedTransport = &http.Transport{
	Proxy:                 http.ProxyFromEnvironment,
	ForceAttemptHTTP2:     true,
	MaxIdleConns:          256,
	MaxIdleConnsPerHost:   64,
	IdleConnTimeout:       90 * time.Second,
	TLSHandshakeTimeout:   15 * time.Second,
	ExpectContinueTimeout: time.Second,
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// About is the mall's description.
func (m *Mall) About() *About { return m.spec.About() }

// Account is the account's name.
func (m *Mall) Account() string { return m.account.Name }

// Zone of the mall's times.
func (m *Mall) Zone() *time.Location { return m.account.Zone }

// Driver gives the driver itself, for what only one mall has.
func (m *Mall) Driver() Driver { return m.driver }

// Can reports whether the driver has an ability, see [Abilities].
func (m *Mall) Can(ability string) bool { return slices.Contains(AbilitiesOf(m.driver), ability) }

// AbilitiesOf lists what a driver can do, in the order of [Abilities].
func AbilitiesOf(d Driver) []string {
	var has []string
	add := func(name string, ok bool) {
		if ok {
			has = append(has, name)
		}
	}
	_, open := d.(Opener)
	_, reread := d.(Rereader)
	_, confirm := d.(Confirmer)
	_, ship := d.(Shipper)
	_, shipCheck := d.(ShipChecker)
	_, claims := d.(Claimer)
	_, stock := d.(Stocker)
	_, stockRead := d.(StockReader)
	_, catalog := d.(Cataloger)
	_, catalogFrom := d.(CatalogResumer)
	_, expiry := d.(Expirer)
	_, test := d.(Tester)
	_, consent := d.(Consenter)
	add("open", open)
	add("reread", reread)
	add("confirm", confirm)
	add("ship", ship)
	add("ship_check", shipCheck)
	add("claims", claims)
	add("stock", stock)
	add("stock_read", stockRead)
	add("catalog", catalog)
	add("catalog_from", catalogFrom)
	add("expiry", expiry)
	add("test", test)
	add("consent", consent)
	return has
}

// Clock returns what the mall's server gives as the time, to the second. It asks for
// nothing but the head of the API's address, without keys.
func (m *Mall) Clock(ctx context.Context) (time.Time, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodHead, m.client.base.String(), http.NoBody)
	if err != nil {
		return time.Time{}, err
	}
	res, err := m.client.transport.RoundTrip(req)
	if err != nil {
		return time.Time{}, order.Errorf(order.Retry, "check the connection to the internet", "%s: ask for the time: %w", m.Account(), err)
	}
	defer res.Body.Close()
	at, err := http.ParseTime(res.Header.Get("Date"))
	if err != nil {
		return time.Time{}, fmt.Errorf("%s: its server does not say the time: %w", m.Account(), err)
	}
	return at, nil
}

// Reads says what to read at now.
func (m *Mall) Reads(now time.Time, p Progress) Plan {
	return m.spec.About().Window.Plan(now, p, m.Can("open"))
}

// ClaimReads says which windows of claims to read at now; see [WindowRule.Due].
func (m *Mall) ClaimReads(now, since, read time.Time) []Window {
	due, _ := m.spec.About().ClaimRule().Due(now, since, read, 0)
	return due
}

// Read reads one thing of a plan, page by page. Its last pair is an error unless
// everything came: pages that the driver gave, none twice, and as many records as
// the mall said there are. Pages that came before an error are good by themselves,
// but the window does not count as read.
func (m *Mall) Read(ctx context.Context, r Read) iter.Seq2[Page, error] {
	if r.Empty() {
		return func(func(Page, error) bool) {}
	}
	if r.Kind == ReadOpen {
		o, ok := m.driver.(Opener)
		if !ok {
			return fail(m.lacks("open"))
		}
		return m.whole("open", o.Open(ctx, r.In(m.account.Zone)))
	}
	return m.whole("orders", m.driver.Orders(ctx, r.In(m.account.Zone)))
}

// Reread reads single orders again; those that the mall no longer gives are in
// [Page.Missing].
func (m *Mall) Reread(ctx context.Context, numbers []string) iter.Seq2[Page, error] {
	if len(numbers) == 0 {
		return func(func(Page, error) bool) {}
	}
	d, ok := m.driver.(Rereader)
	if !ok {
		return fail(m.lacks("reread"))
	}
	return m.whole("reread", d.Reread(ctx, numbers))
}

// Claims reads the claims of a window.
func (m *Mall) Claims(ctx context.Context, w Window) iter.Seq2[Page, error] {
	if w.Empty() {
		return func(func(Page, error) bool) {}
	}
	d, ok := m.driver.(Claimer)
	if !ok {
		return fail(m.lacks("claims"))
	}
	return m.whole("claims", d.Claims(ctx, w.In(m.account.Zone)))
}

// Catalog reads what the shop sells, from a day or a place on where the mall can.
func (m *Mall) Catalog(ctx context.Context, from CatalogFrom) iter.Seq2[Page, error] {
	if d, ok := m.driver.(CatalogResumer); ok {
		return m.whole("catalog", d.CatalogFrom(ctx, from))
	}
	d, ok := m.driver.(Cataloger)
	if !ok {
		return fail(m.lacks("catalog"))
	}
	return m.whole("catalog", d.Catalog(ctx))
}

// Parse reads a page; it may have been stored long ago.
func (m *Mall) Parse(p Page) (Parsed, error) {
	parsed, err := m.driver.Parse(p)
	if err != nil {
		return parsed, fmt.Errorf("%s: %s: %w", m.spec.About().Name, p.Kind, err)
	}
	return parsed, nil
}

// Confirm tells the mall that the shop has taken orders; one result each.
func (m *Mall) Confirm(ctx context.Context, orders []order.Order) []Result {
	d, ok := m.driver.(Confirmer)
	if !ok {
		return Results(len(orders), m.cannot("confirm"))
	}
	return m.answered("confirm", len(orders), func() []Result { return d.Confirm(ctx, orders) })
}

// Ship reports tracking numbers; one result each.
func (m *Mall) Ship(ctx context.Context, s []Shipment) []Result {
	d, ok := m.driver.(Shipper)
	if !ok {
		return Results(len(s), m.cannot("ship"))
	}
	return m.answered("ship", len(s), func() []Result { return d.Ship(ctx, s) })
}

// CheckShip asks what became of reports that were taken in under ref.
func (m *Mall) CheckShip(ctx context.Context, ref string, s []Shipment) []Result {
	d, ok := m.driver.(ShipChecker)
	if !ok {
		return Results(len(s), m.cannot("ship_check"))
	}
	return m.answered("ship_check", len(s), func() []Result { return d.CheckShip(ctx, ref, s) })
}

// SetStock sets sellable quantities; one result each.
func (m *Mall) SetStock(ctx context.Context, q []Quantity) []Result {
	d, ok := m.driver.(Stocker)
	if !ok {
		return Results(len(q), m.cannot("stock"))
	}
	return m.answered("stock", len(q), func() []Result { return d.SetStock(ctx, q) })
}

// ReadStock asks how many pieces of listings the mall shows; -1 for one that it does
// not have.
func (m *Mall) ReadStock(ctx context.Context, codes []order.Codes) ([]int64, error) {
	d, ok := m.driver.(StockReader)
	if !ok {
		return nil, m.lacks("stock_read")
	}
	if len(codes) == 0 {
		return nil, nil
	}
	out, err := d.ReadStock(ctx, codes)
	if err == nil && len(out) != len(codes) {
		err = fmt.Errorf("stock_read: %d numbers for %d listings", len(out), len(codes))
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", m.spec.About().Name, err)
	}
	return out, nil
}

// Expires returns the last instant at which the key works; zero if the mall cannot
// be asked.
func (m *Mall) Expires(ctx context.Context) (time.Time, error) {
	d, ok := m.driver.(Expirer)
	if !ok {
		return time.Time{}, nil
	}
	at, err := d.Expires(ctx)
	if err != nil {
		return time.Time{}, fmt.Errorf("%s: %w", m.spec.About().Name, err)
	}
	return at, nil
}

// Test tries the account and changes nothing at the mall.
func (m *Mall) Test(ctx context.Context) []Check {
	d, ok := m.driver.(Tester)
	if !ok {
		return nil
	}
	checks := d.Test(ctx)
	for i := range checks {
		checks[i].Detail = m.client.hidden.text(checks[i].Detail)
	}
	return checks
}

func (m *Mall) lacks(ability string) error {
	return order.Errorf(order.Invalid, "", "%s has no %s", m.spec.About().Name, ability)
}

func (m *Mall) cannot(ability string) Result {
	return Result{Outcome: Rejected, Detail: m.lacks(ability).Error()}
}

// answered holds a driver to one result for each thing.
func (m *Mall) answered(what string, n int, call func() []Result) []Result {
	if n == 0 {
		return nil
	}
	res := call()
	if len(res) == n {
		return res
	}
	return Results(n, Result{Detail: fmt.Sprintf("%s: %s: %d results for %d records", m.spec.About().Name, what, len(res), n)})
}

func fail(err error) iter.Seq2[Page, error] {
	return func(yield func(Page, error) bool) { yield(Page{}, err) }
}

// whole passes pages on and ends with an error if something is missing or came
// twice.
func (m *Mall) whole(what string, pages iter.Seq2[Page, error]) iter.Seq2[Page, error] {
	return func(yield func(Page, error) bool) {
		seen := map[string]bool{}
		total, n := -1, 0
		incomplete := func(format string, args ...any) {
			yield(Page{}, fmt.Errorf("%s: %w", m.spec.About().Name, &Error{
				Class: Transient, Call: what, Message: "not read whole: " + fmt.Sprintf(format, args...),
			}))
		}
		for p, err := range pages {
			if err != nil {
				yield(Page{}, fmt.Errorf("%s: %w", m.spec.About().Name, err))
				return
			}
			n++
			fresh := 0
			for _, k := range append(slices.Clip(p.Keys), p.Missing...) {
				if !seen[k] {
					seen[k] = true
					fresh++
				}
			}
			if n == 1 {
				total = p.Total
			}
			switch {
			case fresh == 0 && len(p.Keys) > 0:
				incomplete("page %d (%s) repeats records that came before", n, p.Kind)
				return
			case p.Total != total:
				incomplete("the mall said %d records, then %d", total, p.Total)
				return
			}
			if !yield(p, nil) {
				return
			}
		}
		if total >= 0 && len(seen) != total {
			incomplete("the mall said %d records, %d came", total, len(seen))
		}
	}
}

// BaseURL is the address of the API that is used.
func (m *Mall) BaseURL() string { return m.client.Base() }
