package drivertest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/order"
)

// placed puts in orders and returns them as the driver reads them.
func (e *env) placed(n int, fresh bool) []order.Order {
	e.Helper()
	w := e.window()
	put := e.place(w, n, fresh)
	g := e.readWell(w)
	out := make([]order.Order, n)
	for i := range put {
		o, ok := g.orders[put[i].Number]
		if !ok {
			e.Fatalf("order %s is lost", put[i].Number)
		}
		out[i] = o
	}
	return out
}

// parcel is one parcel with everything of an order's first package.
func (e *env) parcel(o order.Order, tracking string) connectors.Shipment {
	carriers := slices.Sorted(maps.Keys(e.h.Spec.About().Carriers))
	if len(carriers) == 0 {
		e.Fatalf("about.yaml lists no carriers")
	}
	carrier := carriers[0]
	for _, c := range []string{"yamato", "cj"} {
		if slices.Contains(carriers, c) {
			carrier = c
		}
	}
	now := e.clock.Now()
	return connectors.Shipment{
		Order: o.Number, Package: o.Packages[0].Key, Carrier: carrier, Tracking: tracking,
		ShippedOn: order.DateOf(now.In(e.mall.Zone())), ShippedAt: now,
	}
}

// settle asks for the outcome of what the mall took in, until it is known.
func (e *env) settle(s []connectors.Shipment, res []connectors.Result) []connectors.Result {
	e.Helper()
	for range 20 {
		byRef := map[string][]int{}
		for i, r := range res {
			if r.Outcome == connectors.Unknown && r.Ref != "" {
				byRef[r.Ref] = append(byRef[r.Ref], i)
			}
		}
		if len(byRef) == 0 || !e.mall.Can("ship_check") {
			return res
		}
		e.clock.Move(time.Minute)
		e.sim.Advance()
		for ref, at := range byRef {
			var part []connectors.Shipment
			for _, i := range at {
				part = append(part, s[i])
			}
			for j, r := range e.results(len(part), e.mall.CheckShip(e.ctx, ref, part)) {
				if r.Outcome == connectors.Unknown && r.Ref == "" {
					r.Ref = ref
				}
				res[at[j]] = r
			}
		}
	}
	return res
}

func (e *env) ship(s ...connectors.Shipment) []connectors.Result {
	e.Helper()
	return e.settle(s, e.results(len(s), e.mall.Ship(e.ctx, s)))
}

// shows checks the tracking numbers that the mall has for an order.
func (e *env) shows(number string, want ...string) {
	e.Helper()
	if have := e.sim.Tracking(number); !slices.Equal(have, want) {
		e.Errorf("order %s: the mall shows %q, want %q", number, have, want)
	}
}

// seen checks what reading an order again tells of its parcels.
func (e *env) seen(orders []order.Order, i int, want ...string) {
	e.Helper()
	var have []string
	for p, err := range e.mall.Reread(e.ctx, []string{orders[i].Number}) {
		if err != nil {
			e.Fatalf("read %s again: %v", orders[i].Number, err)
		}
		parsed, err := e.mall.Parse(p)
		if err != nil {
			e.Fatalf("read %s again: %v", orders[i].Number, err)
		}
		for _, s := range parsed.Shown {
			if s.Order != orders[i].Number || s.Package == "" {
				e.Errorf("order %s: shown is %+v", orders[i].Number, s)
			}
			have = append(have, s.Tracking)
		}
	}
	if !slices.Equal(have, want) {
		e.Errorf("order %s: read again it shows %q, want %q", orders[i].Number, have, want)
	}
}

func outcomes(res []connectors.Result) []connectors.Outcome {
	var out []connectors.Outcome
	for _, r := range res {
		out = append(out, r.Outcome)
	}
	return out
}

// callsOf is how many calls something takes where nothing goes wrong, those of
// placing orders and reading them included.
func (e *env) callsOf(f func()) int {
	n := e.sent()
	f()
	return e.sent() - n
}

var tracking = trackingNo(50)

var writeCases = []Case{
	{Name: "write/nothing", What: "nothing to write makes no call", run: func(e *env) {
		e.mall.Confirm(e.ctx, nil)
		e.mall.Ship(e.ctx, nil)
		e.mall.SetStock(e.ctx, nil)
		if e.sent() != 0 {
			e.Errorf("%d calls", e.sent())
		}
	}},
	{Name: "confirm/some", What: "orders are confirmed, each with its result", Needs: "confirm", run: func(e *env) {
		orders := e.placed(3, true)
		for i, r := range e.results(3, e.mall.Confirm(e.ctx, orders)) {
			if !r.Outcome.OK() || !e.sim.Confirmed(orders[i].Number) {
				e.Errorf("%s: %+v", orders[i].Number, r)
			}
		}
	}},
	{Name: "confirm/again", What: "confirming twice is no error", Needs: "confirm", run: func(e *env) {
		orders := e.placed(2, true)
		e.mall.Confirm(e.ctx, orders[:1])
		res := e.results(2, e.mall.Confirm(e.ctx, orders))
		if !res[0].Outcome.OK() || !res[1].Outcome.OK() {
			e.Errorf("%v", res)
		}
	}},
	{Name: "confirm/partly", What: "one cancelled order of three is refused, the others are confirmed", Needs: "confirm", run: func(e *env) {
		orders := e.placed(3, true)
		e.sim.Cancel(orders[1].Number)
		res := e.results(3, e.mall.Confirm(e.ctx, orders))
		if !res[0].Outcome.OK() || res[1].Outcome != connectors.Rejected || !res[2].Outcome.OK() {
			e.Errorf("outcomes are %v", outcomes(res))
		}
		if res[1].Detail == "" && res[1].Code == "" {
			e.Errorf("the refusal says nothing")
		}
		if !e.sim.Confirmed(orders[0].Number) || !e.sim.Confirmed(orders[2].Number) {
			e.Errorf("the others are not confirmed")
		}
	}},
	{Name: "confirm/unanswered", What: "a lost answer is neither success nor refusal, and asking again ends well", Needs: "confirm", run: func(e *env) {
		confirm := func(o []order.Order) connectors.Result { return e.results(1, e.mall.Confirm(e.ctx, o))[0] }
		for which, calls := 1, e.callsOf(func() { confirm(e.placed(1, true)) }); which <= calls; which++ {
			e.fresh(start)
			orders := e.placed(1, true)
			e.between(at(which, drop))
			if r := confirm(orders); e.sim.Confirmed(orders[0].Number) && (r.Outcome == connectors.Rejected || r.Outcome == connectors.Retry) {
				e.Errorf("answer %d lost: outcome is %v, though the mall did it", which, r.Outcome)
			}
			e.between(nil)
			if r := confirm(orders); !r.Outcome.OK() || !e.sim.Confirmed(orders[0].Number) {
				e.Errorf("answer %d lost, asked again: %+v", which, r)
			}
		}
	}},
	{Name: "ship/one", What: "the mall shows the tracking number", Needs: "ship", run: func(e *env) {
		o := e.placed(1, false)[0]
		if res := e.ship(e.parcel(o, tracking)); !res[0].Outcome.OK() {
			e.Errorf("%+v", res[0])
		}
		e.shows(o.Number, tracking)
	}},
	{Name: "ship/many", What: "more parcels than one call takes, each with its result", Needs: "ship", run: func(e *env) {
		orders := e.placed(e.h.Page+3, false)
		var s []connectors.Shipment
		for i, o := range orders {
			s = append(s, e.parcel(o, trackingNo(i)))
		}
		for i, r := range e.ship(s...) {
			if !r.Outcome.OK() {
				e.Fatalf("%s: %+v", s[i].Order, r)
			}
		}
		for i, o := range orders {
			e.shows(o.Number, trackingNo(i))
		}
	}},
	{Name: "ship/twice", What: "the same parcel reported twice stands there once", Needs: "ship", run: func(e *env) {
		o := e.placed(1, false)[0]
		e.ship(e.parcel(o, tracking))
		if res := e.ship(e.parcel(o, tracking)); !res[0].Outcome.OK() {
			e.Errorf("the second time: %+v", res[0])
		}
		e.shows(o.Number, tracking)
	}},
	{Name: "ship/unanswered", What: "a lost answer is neither success nor refusal, and the report stands there once", Needs: "ship", run: func(e *env) {
		calls := e.callsOf(func() { e.mall.Ship(e.ctx, []connectors.Shipment{e.parcel(e.placed(1, false)[0], tracking)}) })
		for which := 1; which <= calls; which++ {
			e.fresh(start)
			o := e.placed(1, false)[0]
			e.between(at(which, drop))
			res := e.results(1, e.mall.Ship(e.ctx, []connectors.Shipment{e.parcel(o, tracking)}))
			e.sim.Advance()
			if there := len(e.sim.Tracking(o.Number)) > 0; there && (res[0].Outcome == connectors.Rejected || res[0].Outcome == connectors.Retry) {
				e.Errorf("answer %d lost: outcome is %v, though the mall has it", which, res[0].Outcome)
			}
			e.between(nil)
			e.clock.Move(2 * time.Minute)
			e.sim.Advance()
			if res = e.ship(e.parcel(o, tracking)); !res[0].Outcome.OK() {
				e.Errorf("answer %d lost, then: %+v", which, res[0])
			}
			e.shows(o.Number, tracking)
		}
	}},
	{Name: "ship/partly", What: "a cancelled order is refused, the others are reported", Needs: "ship", run: func(e *env) {
		orders := e.placed(4, false)
		e.sim.Cancel(orders[1].Number)
		var s []connectors.Shipment
		for i, o := range orders {
			s = append(s, e.parcel(o, trackingNo(i)))
		}
		for i, r := range e.ship(s...) {
			if want := i != 1; r.Outcome.OK() != want || !want && r.Outcome != connectors.Rejected {
				e.Errorf("parcel %d: %+v", i, r)
			}
		}
		e.shows(orders[0].Number, trackingNo(0))
		e.shows(orders[2].Number, trackingNo(2))
		e.shows(orders[3].Number, trackingNo(3))
	}},
	{Name: "ship/async", What: "a report that was taken in and failed later is refused, not done", Needs: "ship_check", run: func(e *env) {
		o := e.placed(1, false)[0]
		e.fault(FaultAsync)
		if res := e.ship(e.parcel(o, tracking)); res[0].Outcome != connectors.Rejected && res[0].Outcome != connectors.Retry {
			e.Errorf("%+v", res[0])
		}
		e.shows(o.Number)
	}},
	{Name: "ship/carrier", What: "a carrier that the mall does not know is refused by name", Needs: "ship", run: func(e *env) {
		o := e.placed(1, false)[0]
		p := e.parcel(o, tracking)
		p.Carrier = "no-such-carrier"
		res := e.ship(p)
		if res[0].Outcome != connectors.Rejected || res[0].Detail == "" {
			e.Errorf("%+v", res[0])
		}
		e.shows(o.Number)
	}},
	{Name: "ship/correct", What: "another tracking number takes the place of the first", Needs: "ship", run: func(e *env) {
		o := e.placed(1, false)[0]
		e.ship(e.parcel(o, tracking))
		p := e.parcel(o, trackingNo(7))
		p.Correct = true
		if res := e.ship(p); !res[0].Outcome.OK() {
			e.Errorf("%+v", res[0])
		}
		e.shows(o.Number, trackingNo(7))
	}},
	{Name: "ship/shown", What: "orders that are read again show the numbers that the mall has, and only those", Needs: "reread", run: func(e *env) {
		if !e.mall.Can("ship") {
			e.Skip("the mall takes no numbers")
		}
		orders := e.placed(3, false)
		e.ship(e.parcel(orders[0], tracking), e.parcel(orders[2], trackingNo(8)))
		e.seen(orders, 0, tracking)
		e.seen(orders, 1)
		e.seen(orders, 2, trackingNo(8))
		p := e.parcel(orders[2], trackingNo(9))
		p.Correct, p.Was = true, trackingNo(8)
		stays := trackingNo(9)
		if res := e.ship(p); res[0].Outcome == connectors.Rejected && e.h.Skip["ship/correct"] != "" {
			stays = p.Was
		}
		e.seen(orders, 2, stays)
	}},
	{Name: "ship/parcels", What: "a further parcel is taken as often as about.yaml says, and no number that was taken goes lost", Needs: "ship", run: func(e *env) {
		o := e.placed(1, false)[0]
		rule := e.mall.About().Ship
		var want []string
		for i := range min(rule.Parcels+1, 4) {
			p := e.parcel(o, trackingNo(60+i))
			res := e.ship(p)
			whole := i == 0 || !rule.ByLine // this parcel carries what the first did
			switch fits := i < rule.Parcels && whole; {
			case fits && !res[0].Outcome.OK(), !fits && res[0].Outcome != connectors.Rejected:
				e.Errorf("parcel %d of %d: %+v", i+1, rule.Parcels, res[0])
			case fits:
				want = append(want, p.Tracking)
			}
		}
		e.shows(o.Number, want...)
	}},
	{Name: "ship/cancelled-context", What: "a context that ended makes no call and says so for each", Needs: "ship", run: func(e *env) {
		o := e.placed(1, false)[0]
		ctx, cancel := context.WithCancel(e.ctx)
		cancel()
		n := e.sent()
		res := e.results(1, e.mall.Ship(ctx, []connectors.Shipment{e.parcel(o, tracking)}))
		if res[0].Outcome == connectors.Rejected || res[0].Outcome.OK() || e.sent() != n {
			e.Errorf("%+v, %d calls", res[0], e.sent()-n)
		}
		e.shows(o.Number)
	}},
	{Name: "stock/set", What: "quantities are set, to zero too, and again", Needs: "stock", run: func(e *env) {
		a, b := e.sim.Listing(), e.sim.Listing()
		for _, n := range []int64{17, 17, 0, 3} {
			for i, r := range e.results(2, e.mall.SetStock(e.ctx, []connectors.Quantity{{Codes: a, Sell: n}, {Codes: b, Sell: n + 1}})) {
				if !r.Outcome.OK() {
					e.Errorf("set %d: listing %d: %+v", n, i, r)
				}
			}
			if x, y := e.sim.Stock(a), e.sim.Stock(b); x != n || y != n+1 {
				e.Errorf("the mall has %d and %d, want %d and %d", x, y, n, n+1)
			}
		}
	}},
	{Name: "stock/partly", What: "a listing without codes and a negative quantity are refused, the others are set", Needs: "stock", run: func(e *env) {
		a, b := e.sim.Listing(), e.sim.Listing()
		res := e.results(3, e.mall.SetStock(e.ctx, []connectors.Quantity{{Codes: a, Sell: 5}, {Sell: 5}, {Codes: b, Sell: -1}}))
		if !res[0].Outcome.OK() || res[1].Outcome != connectors.Rejected || res[2].Outcome != connectors.Rejected {
			e.Errorf("outcomes are %v", outcomes(res))
		}
		if n := e.sim.Stock(a); n != 5 {
			e.Errorf("the mall has %d", n)
		}
	}},
	{Name: "stock/unanswered", What: "a lost answer is repeated, for the quantity is absolute", Needs: "stock", run: func(e *env) {
		a := e.sim.Listing()
		e.between(at(1, drop))
		if res := e.results(1, e.mall.SetStock(e.ctx, []connectors.Quantity{{Codes: a, Sell: 9}})); res[0].Outcome == connectors.Rejected {
			e.Errorf("%+v", res[0])
		}
		e.between(nil)
		if res := e.results(1, e.mall.SetStock(e.ctx, []connectors.Quantity{{Codes: a, Sell: 9}})); !res[0].Outcome.OK() || e.sim.Stock(a) != 9 {
			e.Errorf("%+v, the mall has %d", res[0], e.sim.Stock(a))
		}
	}},
	{Name: "stock/read", What: "what the mall shows is read, in the order asked, and nothing for what it lacks", Needs: "stock_read", run: func(e *env) {
		a, b := e.sim.Listing(), e.sim.Listing()
		e.results(2, e.mall.SetStock(e.ctx, []connectors.Quantity{{Codes: a, Sell: 7}, {Codes: b, Sell: 0}}))
		lost := order.Codes{ItemID: "nothing-like-it", OptionID: "99999999999", OptionCode: "x"}
		got, err := e.mall.ReadStock(e.ctx, []order.Codes{b, lost, a, {}, b})
		if want := []int64{0, -1, 7, -1, 0}; err != nil || !slices.Equal(got, want) {
			e.Errorf("%v, %v; want %v", got, err, want)
		}
	}},
	{Name: "catalog/resume", What: "a reading of the product master that was cut off goes on where it was", Needs: "catalog_from", run: func(e *env) {
		want := map[order.Codes]bool{}
		for range 2*e.h.Page + 1 {
			want[e.sim.Listing()] = true
		}
		have := map[order.Codes]bool{}
		from, stops := connectors.CatalogFrom{}, 0
		for whole := false; !whole; {
			whole = true
			for p, err := range e.mall.Catalog(e.ctx, from) {
				if err != nil {
					e.Fatalf("%v", err)
				}
				parsed, err := e.mall.Parse(p)
				if err != nil {
					e.Fatalf("%v", err)
				}
				for _, x := range parsed.Products {
					have[x.Codes] = true
				}
				if p.Next != "" && p.Next != from.Position && stops < 2 {
					from.Position, whole = p.Next, false
					stops++
					break
				}
			}
		}
		for c := range want {
			if !anyCovers(have, c) {
				e.Fatalf("listing %+v is not among %d products", c, len(have))
			}
		}
	}},
	{Name: "catalog/list", What: "what the shop sells is listed with its codes", Needs: "catalog", run: func(e *env) {
		want := map[order.Codes]bool{}
		for range e.h.Page + 1 {
			want[e.sim.Listing()] = true
		}
		have := map[order.Codes]bool{}
		for p, err := range e.mall.Catalog(e.ctx, connectors.CatalogFrom{}) {
			if err != nil {
				e.Fatalf("%v", err)
			}
			parsed, err := e.mall.Parse(p)
			if err != nil {
				e.Fatalf("%v", err)
			}
			for _, x := range parsed.Products {
				have[x.Codes] = true
			}
		}
		for c := range want {
			if !anyCovers(have, c) {
				e.Fatalf("listing %+v is not among %d products", c, len(have))
			}
		}
	}},
}

func anyCovers(have map[order.Codes]bool, c order.Codes) bool {
	for h := range have {
		if covers(h, c) {
			return true
		}
	}
	return false
}

// covers reports whether h has every code that c has.
func covers(h, c order.Codes) bool {
	for _, name := range order.CodeNames() {
		a, _ := h.By(name)
		if b, _ := c.By(name); b != "" && a != b {
			return false
		}
	}
	return true
}

// trackingNo makes numbers of twelve digits that pass the rule of seven: the last
// digit is the rest of the others by 7.
func trackingNo(i int) string {
	n := 40_000_000_100 + int64(i)
	return fmt.Sprintf("%011d%d", n, n%7)
}
