package drivertest

import (
	"errors"
	"slices"
	"time"

	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/order"
)

// refuses is a case in which the mall does not let the account in.
func refuses(name, what, fault string, cause connectors.Cause) Case {
	return Case{Name: name, What: what, run: func(e *env) {
		w := e.window()
		e.place(w, 1, false)
		e.fault(fault)
		g := e.read(w)
		if g.err == nil {
			e.Fatalf("no error; %d orders came", len(g.orders))
		}
		e.class(g.err, connectors.Reauth)
		if x := connectors.AsError(g.err); x.Cause != cause {
			e.Errorf("cause is %q, want %q: %v", x.Cause, cause, g.err)
		} else if x.Hint == "" {
			e.Errorf("%v: no hint", g.err)
		}
		if n := e.sent(); n > 2 {
			e.Errorf("%d calls were made", n)
		}
		if !e.mall.Can("test") {
			return
		}
		checks := e.mall.Test(e.ctx)
		bad := 0
		for _, c := range checks {
			e.note(c.Detail + c.Do)
			if !c.OK {
				bad++
				if c.Do == "" {
					e.Errorf("the check %s fails without saying what to do", c.Name)
				}
			}
		}
		if bad == 0 {
			e.Errorf("the account test finds nothing: %+v", checks)
		}
	}}
}

var accessCases = []Case{
	{Name: "access/test", What: "the test of a good account finds nothing and changes nothing", Needs: "test", run: func(e *env) {
		w := e.window()
		o := e.place(w, 1, true)[0]
		for _, c := range e.mall.Test(e.ctx) {
			if !c.OK {
				e.Errorf("%+v", c)
			}
		}
		if e.mall.Can("confirm") && e.sim.Confirmed(o.Number) {
			e.Errorf("the test confirmed an order")
		}
	}},
	refuses("access/key", "a refused key is told as such, at once", FaultKey, connectors.CauseKey),
	refuses("access/ip", "a caller's address that is not registered is told as such", FaultIP, connectors.CauseIP),
	refuses("access/function", "a function that is not switched on is told as such", FaultFunction, connectors.CauseFunction),
	{Name: "access/inside", What: "an error inside a 200 is an error", run: func(e *env) {
		w := e.window()
		e.place(w, 1, false)
		e.fault(FaultInside)
		if g := e.read(w); g.err == nil {
			e.Errorf("no error; %d orders came", len(g.orders))
		}
	}},
	{Name: "access/no-secret", What: "a secret that cannot be read is told without a call", run: func(e *env) {
		e.sim.Account.Secret = func(string) (string, error) { return "", errors.New("no such variable") }
		e.mall = e.open(e.mall.BaseURL(), 0)
		g := e.read(e.window())
		if g.err == nil {
			e.Fatalf("no error")
		}
		e.class(g.err, connectors.Reauth)
		if e.sent() != 0 {
			e.Errorf("%d calls went out", e.sent())
		}
	}},
	{Name: "access/settings", What: "wrong settings are found without a call", run: func(e *env) {
		for _, s := range e.h.Spec.About().Settings {
			if s.Secret || s.Pattern == "" {
				continue
			}
			a := e.sim.Account
			a.Settings = map[string]string{s.Name: "\u0000 not a value"}
			if err := e.h.Spec.Check(a); err == nil {
				e.Errorf("%s takes anything", s.Name)
			}
		}
		a := e.sim.Account
		a.Settings = map[string]string{connectors.BaseURL: "http://mall.example"}
		if err := e.h.Spec.Check(a); err == nil {
			e.Errorf("keys would go over http to another machine")
		}
	}},
	{Name: "access/skew", What: "a mall whose clock is ahead of ours is read, or the clock is named", run: func(e *env) {
		w := e.window()
		placed := e.place(w, 1, false)
		e.fault(FaultSkew)
		g := e.read(w)
		if g.err == nil {
			e.exactly(g, placed)
		} else if x := connectors.AsError(g.err); x.Cause != connectors.CauseClock {
			e.Errorf("cause is %q: %v", x.Cause, g.err)
		}
	}},
	{Name: "access/token", What: "a token that ends in the middle of a read is renewed", run: func(e *env) {
		w := e.window()
		placed := e.place(w, 2*e.h.Page+1, false)
		e.fault(FaultToken)
		e.exactly(e.readWell(w), placed)
	}},
	{Name: "access/expiry", What: "the end of the key is known, in the mall's zone", Needs: "expiry", run: func(e *env) {
		at, err := e.mall.Expires(e.ctx)
		if err != nil {
			e.Fatalf("%v", err)
		}
		if at.Before(e.clock.Now()) || at.After(e.clock.Now().Add(400*24*time.Hour)) {
			e.Errorf("expires %v, now is %v", at, e.clock.Now())
		}
	}},
}

var textCases = []Case{
	{Name: "text/hard", What: "hard names, leading zeros and long numbers come as they are", run: func(e *env) {
		w := e.window()
		placed := e.place(w, min(60, e.h.Page+20), false)
		e.exactly(e.readWell(w), placed)
		if !slices.ContainsFunc(placed, func(o order.Order) bool {
			return len(o.Packages) > 0 && len(o.Packages[0].To.Postal) > 0 && o.Packages[0].To.Postal[0] == '0'
		}) {
			e.Errorf("none of %d placed orders has a postal code with a leading zero", len(placed))
		}
	}},
	{Name: "text/zone", What: "instants are read in the mall's zone", run: func(e *env) {
		w := e.window()
		o := e.sim.Place(w.From, false)
		x := e.readWell(w).orders[o.Number]
		if x.Ordered.UTC.IsZero() || x.Ordered.Text == "" {
			e.Fatalf("ordered: %+v", x.Ordered)
		}
		if d := x.Ordered.UTC.Sub(w.From); d < -time.Hour || d > time.Hour {
			e.Errorf("placed at %v, read as %v", w.From.UTC(), x.Ordered.UTC)
		}
	}},
}
