package drivertest

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"reflect"
	"slices"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/order"
)

var readCases = []Case{
	{Name: "about", What: "about.yaml lists what the driver can do", run: func(e *env) {
		if has := connectors.AbilitiesOf(e.mall.Driver()); !slices.Equal(has, sorted(e.h.Spec.About().Abilities)) {
			e.Errorf("about.yaml lists %v, the driver has %v", e.h.Spec.About().Abilities, has)
		}
		if e.sent() != 0 {
			e.Errorf("opening the account called the mall")
		}
		if e.h.Page < 2 {
			e.Fatalf("Harness.Page is %d", e.h.Page)
		}
	}},
	{Name: "read/none", What: "a window without orders is read and empty", run: func(e *env) {
		if g := e.readWell(e.window()); len(g.orders)+len(g.missing)+len(g.refused) != 0 {
			e.Errorf("%d orders, %v missing, %v refused", len(g.orders), g.missing, g.refused)
		}
	}},
	{Name: "read/one", What: "one order comes as it was placed", run: func(e *env) {
		w := e.window()
		placed := e.place(w, 1, false)
		e.exactly(e.readWell(w), placed)
	}},
	{Name: "read/page-edges", What: "one page less one, one page, one page and one", run: func(e *env) {
		length := time.Duration(e.rule().Longest)
		for i, n := range []int{e.h.Page - 1, e.h.Page, e.h.Page + 1} {
			w := e.window()
			shift := time.Duration(i) * max(min(length, 3*time.Hour), w.Length())
			w = connectors.Window{From: w.From.Add(-shift), To: w.To.Add(-shift)}
			placed := e.place(w, n, false)
			e.exactly(e.readWell(w), placed)
		}
	}},
	{Name: "read/pages", What: "orders of several pages come whole and once", run: func(e *env) {
		w := e.window()
		placed := e.place(w, 3*e.h.Page+2, false)
		g := e.readWell(w)
		e.exactly(g, placed)
		seen := map[string]int{}
		for _, p := range g.pages {
			for _, k := range p.Keys {
				seen[k]++
			}
		}
		for k, n := range seen {
			if n != 1 {
				e.Errorf("record %s came %d times", k, n)
			}
		}
	}},
	{Name: "read/many", What: "10,000 orders in one window, at the pace that the mall allows and no faster", run: readMany},
	{Name: "read/edges", What: "an order at the window's begin is in, one at its end is not", run: func(e *env) {
		zone := e.mall.Zone()
		day := e.clock.Now().In(zone).AddDate(0, 0, -1)
		midnight := time.Date(day.Year(), day.Month(), day.Day(), 0, 0, 0, 0, zone)
		w := connectors.Window{From: midnight, To: midnight.Add(e.window().Length())}
		in := []order.Order{e.sim.Place(w.From, false), e.sim.Place(w.To.Add(-time.Second), false)}
		e.sim.Place(w.From.Add(-time.Second), false)
		e.sim.Place(w.To, false)
		e.exactly(e.readWell(w), in)
	}},
	{Name: "read/touching", What: "windows that touch give each order once", run: func(e *env) {
		w := e.window()
		step := w.Length() / 4
		var parts []connectors.Window
		for i := range 4 {
			parts = append(parts, connectors.Window{From: w.From.Add(time.Duration(i) * step).Truncate(e.grain()), To: w.From.Add(time.Duration(i+1) * step).Truncate(e.grain())})
		}
		var placed []order.Order
		for _, p := range parts {
			placed = append(placed, e.sim.Place(p.From, false), e.sim.Place(p.To.Add(-time.Second), false))
		}
		all, n := map[string]order.Order{}, 0
		for _, p := range parts {
			g := e.readWell(p)
			n += len(g.orders)
			for k, o := range g.orders {
				all[k] = o
			}
		}
		if n != len(placed) {
			e.Errorf("%d orders came for %d", n, len(placed))
		}
		e.exactly(got{orders: all}, placed)
	}},
	{Name: "read/daylight", What: "windows given in zones that change to summer time mean the same instants", run: func(e *env) {
		for _, x := range []struct {
			zone string
			at   time.Time
		}{
			{"America/New_York", time.Date(2026, 3, 8, 7, 0, 0, 0, time.UTC)},
			{"Europe/Berlin", time.Date(2025, 10, 26, 1, 0, 0, 0, time.UTC)},
		} {
			loc, err := time.LoadLocation(x.zone)
			if err != nil {
				e.Fatalf("%v", err)
			}
			e.fresh(x.at.Add(24 * time.Hour))
			half := e.window().Length() / 2
			w := connectors.Window{From: x.at.Add(-half).Truncate(e.grain()), To: x.at.Add(half).Truncate(e.grain())}
			placed := e.place(w, 4, false)
			e.exactly(e.readWell(w.In(loc)), placed)
		}
	}},
	{Name: "read/again", What: "the same window read twice gives the same orders", run: func(e *env) {
		w := e.window()
		e.place(w, 3, false)
		if a, b := e.readWell(w), e.readWell(w); !reflect.DeepEqual(a.orders, b.orders) {
			e.Errorf("the second read differs:\n%+v\n%+v", a.orders, b.orders)
		}
	}},
	{Name: "read/changes", What: "orders that come and go while pages are read lose no other", run: func(e *env) {
		for which := 2; which <= 4; which++ {
			e.fresh(start)
			w := e.window()
			placed := e.place(w, 2*e.h.Page+1, false)
			gone, kept := placed[0], placed[1:]
			e.between(before(which, func() {
				e.sim.Cancel(gone.Number)
				e.sim.Place(w.From, false)
			}))
			g := e.read(w)
			e.between(nil)
			if g.err != nil {
				if c := connectors.ClassOf(g.err); c != connectors.Transient {
					e.Errorf("class of %v is %v", g.err, c)
				}
				g = e.readWell(w)
			}
			e.including(g, kept)
		}
	}},
	{Name: "read/vanish", What: "an order that is listed and then gone is missing, and takes no other with it", run: func(e *env) {
		w := e.window()
		placed := e.place(w, 3, false)
		e.fault(FaultVanish)
		g := e.readWell(w)
		e.including(g, placed)
		if len(g.missing) != 1 {
			e.Errorf("missing: %v", g.missing)
		}
	}},
	{Name: "read/repeats", What: "an order on two pages comes out once and hides none", run: func(e *env) {
		w := e.window()
		placed := e.place(w, 2*e.h.Page+1, false)
		e.fault(FaultRepeat)
		e.exactly(e.readWell(w), placed)
	}},
	{Name: "read/total", What: "a window counts as read only if as many came as the mall said", run: func(e *env) {
		w := e.window()
		e.place(w, 3, false)
		e.fault(FaultTotal)
		if g := e.read(w); g.err == nil {
			e.Errorf("read with %d orders, though the mall said more", len(g.orders))
		} else if c := connectors.ClassOf(g.err); c != connectors.Transient {
			e.Errorf("class of %v is %v", g.err, c)
		}
	}},
	{Name: "read/stop", What: "a caller that stops causes no further calls", run: func(e *env) {
		w := e.window()
		e.place(w, 3*e.h.Page, false)
		for _, err := range e.mall.Read(e.ctx, connectors.Read{Window: w, Kind: connectors.ReadNew}) {
			if err != nil {
				e.Fatalf("%v", err)
			}
			break
		}
		n := e.sent()
		g := e.readWell(w)
		if all := e.sent() - n; all <= n && len(g.pages) > 1 {
			e.Errorf("%d calls for the first page, %d for all", n, all)
		}
	}},
	{Name: "read/cancelled", What: "a cancelled context ends a read with an error", run: func(e *env) {
		w := e.window()
		e.place(w, 3*e.h.Page, false)
		ctx, cancel := context.WithCancel(e.ctx)
		e.between(before(2, cancel))
		e.ctx = ctx
		g := e.read(w)
		if g.err == nil || !errors.Is(g.err, context.Canceled) {
			e.Errorf("error is %v", g.err)
		}
		n := e.sent()
		if g = e.read(w); g.err == nil || e.sent() != n {
			e.Errorf("a context that ended before: error %v, %d calls", g.err, e.sent()-n)
		}
	}},
	{Name: "open/older", What: "orders still to be shipped of an older window come, cancelled ones only as such", Needs: "open", run: func(e *env) {
		w := e.window()
		placed := e.place(w, 3, false)
		e.sim.Cancel(placed[2].Number)
		e.clock.Move(72 * time.Hour)
		g := e.gather(e.mall.Read(e.ctx, connectors.Read{Window: w, Kind: connectors.ReadOpen}))
		if g.err != nil {
			e.Fatalf("%v", g.err)
		}
		e.including(g, placed[:2])
		if o, ok := g.orders[placed[2].Number]; ok && o.Status == g.orders[placed[0].Number].Status && !o.HasFlag(order.FlagClaim) {
			e.Errorf("the cancelled order came with status %s like the others", o.Status)
		}
	}},
	{Name: "reread/numbers", What: "orders are read again by number, more than one call takes", Needs: "reread", run: func(e *env) {
		w := e.window()
		placed := e.place(w, e.h.Page+1, false)
		var numbers []string
		for _, o := range placed {
			numbers = append(numbers, o.Number)
		}
		g := e.gather(e.mall.Reread(e.ctx, numbers))
		if g.err != nil {
			e.Fatalf("%v", g.err)
		}
		e.exactly(g, placed)
	}},
	{Name: "reread/same", What: "an order that did not change is the same however it is read: in a window, with others, alone", Needs: "reread", run: func(e *env) {
		w := e.window()
		var numbers []string
		for _, o := range e.place(w, 3, false) {
			numbers = append(numbers, o.Number)
		}
		was := e.readWell(w).orders
		for _, ask := range [][]string{numbers, numbers[:1]} {
			g := e.gather(e.mall.Reread(e.ctx, ask))
			if g.err != nil {
				e.Fatalf("%v", g.err)
			}
			for _, n := range ask {
				if d := cmp.Diff(was[n], g.orders[n]); d != "" {
					e.Errorf("order %s, asked for with %d others, differs from what the window gave:\n%s", n, len(ask)-1, d)
				}
			}
		}
	}},
	{Name: "reread/cancelled", What: "an order cancelled after it was listed shows that when it is read again", Needs: "reread", run: func(e *env) {
		w := e.window()
		placed := e.place(w, 2, false)
		was := e.readWell(w).orders
		e.sim.Cancel(placed[0].Number)
		g := e.gather(e.mall.Reread(e.ctx, []string{placed[0].Number, placed[1].Number}))
		if g.err != nil {
			e.Fatalf("%v", g.err)
		}
		a, there := g.orders[placed[0].Number]
		if there && a.Status == was[a.Number].Status && !a.HasFlag(order.FlagClaim) {
			e.Errorf("nothing shows the cancel: %+v", a)
		}
		if !there && !slices.Contains(g.missing, placed[0].Number) {
			e.Errorf("the cancelled order neither came nor is missing")
		}
		if b, ok := g.orders[placed[1].Number]; !ok || b.Status != was[b.Number].Status {
			e.Errorf("the other order changed: %+v", b)
		}
	}},
	{Name: "reread/unknown", What: "a number that the mall does not know is missing", Needs: "reread", run: func(e *env) {
		w := e.window()
		placed := e.place(w, 2, false)
		e.sim.Remove(placed[0].Number)
		g := e.gather(e.mall.Reread(e.ctx, []string{placed[0].Number, placed[1].Number}))
		if g.err != nil {
			e.Fatalf("%v", g.err)
		}
		e.exactly(g, placed[1:])
		if !slices.Equal(g.missing, []string{placed[0].Number}) {
			e.Errorf("missing: %v", g.missing)
		}
	}},
}

// fresh starts another simulator at an instant, with its own clock reading.
func (e *env) fresh(at time.Time) {
	e.Helper()
	if d := at.Sub(e.clock.Now()); d > 0 {
		e.clock.Move(d)
	} else {
		e.clock.mu.Lock()
		e.clock.now = at
		e.clock.mu.Unlock()
	}
	secrets := e.sim.Secrets
	e.start()
	for k, v := range secrets {
		if e.sim.Secrets[k] == "" {
			e.sim.Secrets[k] = v
		}
	}
	e.between(nil)
	url := e.mall.BaseURL()
	e.mall = e.open(url, 0)
}

// readMany also measures: each call takes 100 ms of the moved clock, and the whole
// read at least 95 % of the rate that the mall's limits allow.
func readMany(e *env) {
	many := e.h.Many
	if many == 0 {
		many = 10_000
	}
	w := e.window()
	placed := e.place(w, many, false)
	e.between(func(_ int, rw http.ResponseWriter, r *http.Request, mall http.Handler) {
		e.clock.Move(100 * time.Millisecond)
		mall.ServeHTTP(rw, r)
	})
	begun := e.clock.Now()
	e.exactly(e.readWell(w), placed)
	took := e.clock.Now().Sub(begun)

	var allowed time.Duration
	limits := e.h.Spec.About().Limits
	for i, l := range limits {
		n := 0
		tokens, last := float64(l.Burst), begun
		for _, x := range e.captured {
			if bucketOf(limits, x.Call) != i {
				continue
			}
			n++
			tokens = min(float64(l.Burst), tokens+x.At.Sub(last).Seconds()*l.PerSecond) - 1
			last = x.At
			if tokens < -0.01 {
				e.Fatalf("call %d of %s came %v too early", n, x.Call, time.Duration(-tokens/l.PerSecond*float64(time.Second)))
			}
		}
		allowed = max(allowed, time.Duration(float64(max(0, n-l.Burst))/l.PerSecond*float64(time.Second)))
	}
	// A driver that waits for each answer cannot be faster than the answers are.
	allowed = max(allowed, time.Duration(len(e.captured))*100*time.Millisecond)
	if allowed += 100 * time.Millisecond; float64(allowed) < 0.95*float64(took) {
		e.Errorf("%d calls took %v; the mall's limits allow %v", len(e.captured), took, allowed)
	}
	e.Logf("%d orders by %d calls in %v; the limits allow %v", many, len(e.captured), took, allowed)
}

func bucketOf(limits []connectors.Limit, call string) int {
	return slices.IndexFunc(limits, func(l connectors.Limit) bool { return len(l.Calls) == 0 || slices.Contains(l.Calls, call) })
}

func sorted(abilities []string) []string {
	var out []string
	for _, a := range connectors.Abilities {
		if slices.Contains(abilities, a) {
			out = append(out, a)
		}
	}
	return out
}

var parseCases = []Case{
	{Name: "parse/stored", What: "a page that was stored gives the same orders", run: func(e *env) {
		w := e.window()
		e.place(w, 3, false)
		for _, p := range e.readWell(w).pages {
			var file bytes.Buffer
			if err := connectors.WritePage(&file, p); err != nil {
				e.Fatalf("%v", err)
			}
			want, err := e.mall.Parse(p)
			if err != nil {
				e.Fatalf("%v", err)
			}
			n := 0
			err = connectors.ReadPages(&file, func(q connectors.Page) bool {
				n++
				if have, err := e.mall.Parse(q); err != nil || !reflect.DeepEqual(have, want) {
					e.Errorf("the stored page differs (%v):\n%+v\n%+v", err, have, want)
				}
				return true
			})
			if err != nil || n != 1 {
				e.Errorf("%d pages, %v", n, err)
			}
		}
	}},
	{Name: "parse/keys", What: "each key of a page is an order or a refusal of it", run: func(e *env) {
		w := e.window()
		e.place(w, e.h.Page+1, false)
		for _, p := range e.readWell(w).pages {
			parsed, err := e.mall.Parse(p)
			if err != nil {
				e.Fatalf("%v", err)
			}
			if n := len(parsed.Orders) + len(parsed.Refused); n == 0 && len(p.Keys) > 0 {
				e.Errorf("a page with %d records gives nothing", len(p.Keys))
			}
		}
	}},
	{Name: "parse/garbage", What: "what is no page is an error, not nothing", run: func(e *env) {
		w := e.window()
		e.place(w, 1, false)
		for _, p := range e.readWell(w).pages {
			if len(p.Keys) == 0 {
				continue
			}
			for name, body := range map[string][]byte{
				"empty": {}, "half": p.Body[:len(p.Body)/2], "html": []byte("<html><body>maintenance</body></html>"), "nul": make([]byte, 64),
			} {
				q := p
				q.Body = body
				if parsed, err := e.mall.Parse(q); err == nil && len(parsed.Refused) == 0 {
					e.Errorf("%s: parsed as %+v", name, parsed)
				}
			}
			q := p
			q.Kind = "no such kind"
			if _, err := e.mall.Parse(q); err == nil {
				e.Errorf("a page of an unknown kind was parsed")
			}
		}
	}},
}
