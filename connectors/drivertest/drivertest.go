// Package drivertest is the conformance suite of the malls: the hard cases that
// every driver passes against its mall's simulator.
//
// The suite runs the simulator's handler behind a server of its own, in which it
// breaks what can break at any mall: answers that are late, cut, refused, in HTML
// or lost after the mall had done its work. What only the mall's own protocol can
// say (an error inside a 200, a key refused) the simulator does, by the names of
// [Sim.Faults]. Time is a [Clock] that waiting moves; no case sleeps.
//
// A case that a mall cannot meet is waived in [Harness.Skip] with its reason. A bug
// found in one mall becomes a case for all of them.
package drivertest

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/order"
)

// A Harness tells the suite how to test one mall.
type Harness struct {
	Spec connectors.Spec
	// Start makes a simulator without orders whose clock is now. It is called for
	// each case.
	Start func(t testing.TB, now func() time.Time) *Sim
	// Page is how many orders the mall puts on one page, or into one reply.
	Page int
	// Many is how many orders the case read/many puts into one window; 10,000 if 0.
	Many int
	// Skip waives cases, by name, with the reason.
	Skip map[string]string
}

// A Sim is a running simulator. A function that is nil waives nothing: cases that
// need it fail unless they are in [Harness.Skip].
type Sim struct {
	// Handler is the mall.
	Handler http.Handler
	// Account can log in to it. base_url is set by the suite. Secret must look up the
	// values of Secrets at each call.
	Account connectors.Account
	// Secrets are the account's, by setting; the suite searches for them in whatever
	// is written, and changes them through the map.
	Secrets map[string]string
	// Place puts in an order, placed at the instant at in the sense of the mall's
	// windows, with hard names and codes. It is ready to be shipped, or, if fresh,
	// not yet confirmed by the shop. The result is what the driver should make of
	// it; fields left empty are not compared.
	Place func(at time.Time, fresh bool) order.Order
	// Cancel cancels an order as the buyer or mall would.
	Cancel func(number string)
	// Remove lets the mall forget an order.
	Remove func(number string)
	// Tracking returns the tracking numbers that the mall shows for an order.
	Tracking func(number string) []string
	// Confirmed reports whether the mall counts the order as taken by the shop.
	Confirmed func(number string) bool
	// Listing puts in something that is sold and returns its codes.
	Listing func() order.Codes
	// Stock returns the quantity that the mall holds for a listing.
	Stock func(order.Codes) int64
	// Advance lets the mall do what it does by itself: work on what it took in, move
	// statuses. It is called after the clock has moved.
	Advance func()
	// Faults turn on what the mall itself can do wrong, by the Fault constants, until
	// the simulator ends.
	Faults map[string]func()
}

// Names of faults that simulators make.
const (
	FaultInside   = "error-inside"  // each answer is a 200 with an error in its body
	FaultKey      = "key-refused"   // the key is wrong or has expired
	FaultIP       = "ip-refused"    // the caller's address is not registered
	FaultFunction = "function-off"  // the function is not switched on for the key
	FaultTotal    = "total-lies"    // lists say one record more than there are
	FaultRepeat   = "repeats"       // the last record of a page is the first of the next as well
	FaultVanish   = "vanish"        // lists name an order that the mall then does not give
	FaultAsync    = "async-failure" // reports are taken in and fail later
	FaultToken    = "token-expires" // the access token ends after two more calls
	FaultSkew     = "clock-ahead"   // the mall's clock is ten minutes ahead
)

// A Case is one thing that every driver must do.
type Case struct {
	Name string
	What string
	// Needs is the ability without which the case does not apply.
	Needs string
	run   func(e *env)
}

// Cases lists all cases in the order in which they run.
func Cases() []Case {
	return slices.Concat(readCases, transportCases, accessCases, textCases, writeCases, parseCases)
}

// Run runs every case that is not waived.
func Run(t *testing.T, h Harness) {
	known := map[string]bool{}
	for _, c := range Cases() {
		known[c.Name] = true
		t.Run(c.Name, func(t *testing.T) {
			if why := h.Skip[c.Name]; why != "" {
				t.Skipf("waived: %s", why)
			}
			if c.Needs != "" && !slices.Contains(h.Spec.About().Abilities, c.Needs) {
				t.Skipf("does not apply: %s has no %s", h.Spec.About().Name, c.Needs)
			}
			c.run(newEnv(t, h))
		})
	}
	for _, name := range slices.Sorted(maps.Keys(h.Skip)) {
		if !known[name] || strings.TrimSpace(h.Skip[name]) == "" {
			t.Errorf("waiver %q: no such case, or no reason", name)
		}
	}
}
