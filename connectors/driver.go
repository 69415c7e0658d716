package connectors

import (
	"cmp"
	"context"
	"iter"
	"net/url"
	"time"

	"github.com/mallbridge/mallbridge/order"
)

// A Driver speaks to one account of one mall. Its methods may be called from
// several goroutines.
type Driver interface {
	// Orders yields the raw replies that hold, in their present state, all orders
	// that belong to w by the mall's meaning (about.yaml, window.means), whatever
	// their status, page by page. w is at most the mall's longest, its ends are multiples of the
	// mall's grain and carry the mall's zone. An error ends the iteration; it is an [Error]
	// with its class. A caller that stops early ends it too.
	//
	// The iteration ends without error only when every page came and none was
	// skipped. Orders that a list named and the mall did not give are in
	// [Page.Missing].
	Orders(ctx context.Context, w Window) iter.Seq2[Page, error]

	// Parse reads one page. It is pure: no clock, no network, no state, so that a
	// page stored last year gives the same orders. Each record of the page comes out
	// once, as an order or as a refusal; an error means that the page as a whole
	// cannot be read. [order.Order.Account] is the account's name.
	Parse(p Page) (Parsed, error)
}

// The abilities: what only some malls can do. A driver has one by having its
// method; about.yaml lists them under abilities by the names in the comments, and
// the conformance suite compares the two. Callers use the methods of [Mall], which
// answer for a driver that lacks the ability.
type (
	// An Opener can list what is still to be shipped, which is cheaper than reading
	// all orders of a long span again and catches orders that become payable days
	// after they were placed. "open".
	Opener interface {
		// Open yields those orders of w that are before shipping, pending changes and
		// cancels included, as [Driver.Orders] does.
		Open(ctx context.Context, w Window) iter.Seq2[Page, error]
	}

	// A Rereader reads single orders again, before a file leaves or a tracking
	// number is reported. "reread".
	Rereader interface {
		// Reread yields the present state of the orders with these numbers; those that
		// the mall no longer gives are in [Page.Missing] of some page.
		Reread(ctx context.Context, numbers []string) iter.Seq2[Page, error]
	}

	// A Confirmer tells the mall that the shop has taken orders. "confirm".
	Confirmer interface {
		// Confirm returns one result for each order, in the same order. An order that
		// is confirmed already is [Already].
		Confirm(ctx context.Context, orders []order.Order) []Result
	}

	// A Shipper reports tracking numbers. "ship".
	Shipper interface {
		// Ship returns one result for each shipment, in the same order. Where the mall
		// only takes the report in and works on it later, the outcome is [Unknown]
		// and [Result.Ref] is what [ShipChecker.CheckShip] asks with. How many parcels
		// of a package the mall takes is in [About.Ship]; what is more is [Rejected].
		Ship(ctx context.Context, s []Shipment) []Result
	}

	// A ShipChecker asks what became of a report that was taken in. "ship_check".
	ShipChecker interface {
		// CheckShip returns one result for each shipment, in the same order. All were
		// reported under ref. [Unknown]: the mall is not done; ask again later.
		CheckShip(ctx context.Context, ref string, s []Shipment) []Result
	}

	// A Claimer lists requests to cancel, stop, return or exchange. "claims".
	Claimer interface {
		// Claims yields the requests made or changed inside w; Parse finds them as
		// [Parsed.Claims].
		Claims(ctx context.Context, w Window) iter.Seq2[Page, error]
	}

	// A Stocker sets how many pieces a listing may sell. "stock".
	Stocker interface {
		// SetStock sets absolute quantities and returns one result for each, in the
		// same order.
		SetStock(ctx context.Context, q []Quantity) []Result
	}

	// A StockReader says how many pieces of listings the mall shows. "stock_read".
	StockReader interface {
		// ReadStock returns one number for each, in the same order; -1 for a listing
		// that the mall does not have. An error means that nothing is known.
		ReadStock(ctx context.Context, codes []order.Codes) ([]int64, error)
	}

	// A Cataloger lists what the shop sells. "catalog".
	Cataloger interface {
		// Catalog yields the listings; Parse finds them as [Parsed.Products].
		Catalog(ctx context.Context) iter.Seq2[Page, error]
	}

	// A CatalogResumer lists what the shop sells from a day or a place on.
	// "catalog_from".
	CatalogResumer interface {
		// CatalogFrom yields the listings as [Cataloger.Catalog] does.
		CatalogFrom(ctx context.Context, from CatalogFrom) iter.Seq2[Page, error]
	}

	// An Expirer knows when its credentials end. "expiry".
	Expirer interface {
		// Expires returns the last instant at which the key works.
		Expires(ctx context.Context) (time.Time, error)
	}

	// A Tester tries login, caller's address and each needed function without
	// changing anything. "test".
	Tester interface {
		// Test returns one check for each thing tried, in the order tried.
		Test(ctx context.Context) []Check
	}

	// A Consenter is let in by the shop's consent in a browser: the authorization code
	// of OAuth 2.0. "consent".
	Consenter interface {
		// Consent returns the address of the mall's page on which the shop agrees. back is
		// where the mall sends the browser afterwards; a mall at which that is registered
		// under a name has a setting for the name and leaves back aside. state comes back
		// with the answer. It does not call the mall.
		Consent(back, state string) (string, error)
		// Redeem turns the query with which the browser came back into what the account
		// keeps. back is as it was for Consent. A refusal in the query, or by the mall, is
		// an [Error].
		Redeem(ctx context.Context, back string, answer url.Values) (Grant, error)
	}
)

// A Grant is what an account keeps of a consent, by the names of [About.Settings].
type Grant struct {
	Secrets  map[string]string // the refresh token, which is a secret setting
	Settings map[string]string // the day of the consent and the like
}

// A Page is one raw reply that holds records.
type Page struct {
	// Kind is the call that gave it: getOrder, ordersheets. Parse looks at it.
	Kind string
	// Params is what Parse needs to know of the request, such as the status that
	// was asked for; never a secret.
	Params map[string]string
	// Body is the reply as it came, in the mall's charset, with card data and the
	// like taken out ([Spec.Scrub]).
	Body []byte
	// Keys names the records in the body, as the mall counts them: one key for each
	// record, the same key for the same record on another page.
	Keys []string
	// Missing names records that a list of the mall had and that it did not give
	// when asked for them.
	Missing []string
	// Total is how many records the mall says the whole read has; -1 if it does not
	// say. Every page of a read says the same.
	Total int
	// Next is where a reading of the product master goes on after this page; empty if
	// the mall has no such places, or at the end.
	Next string
	// At is when the reply came, UTC.
	At time.Time
}

// Parsed is what a page holds.
type Parsed struct {
	Orders   []order.Order
	Refused  []Refusal
	Claims   []Claim
	Products []Product
	// Shown are the parcels that the mall has for the orders of the page, those of
	// orders that are refused or left out included. They prove what was reported.
	Shown []Shown `json:",omitempty"`
}

// Shown is a parcel that a mall shows for an order, with everything that the mall
// needs of it: what counts as reported.
type Shown struct {
	Order   string // order number, as in [order.Order.Number]
	Package string // package key, as the mall has it now
	// Carrier is our carrier code; empty where the mall shows none, or one that
	// [About.Carriers] lacks.
	Carrier string
	// Tracking is the number without hyphens and spaces. Empty: the mall shows that
	// the package was shipped, and no number.
	Tracking string
	// Lines are the keys of the lines that the parcel stands for; empty for the
	// whole package.
	Lines []string
}

// A Refusal is a record that cannot be taken: the rest of its page can.
type Refusal struct {
	Order  string       // order number, empty if that is what cannot be read
	Record string       // where in the page: OrderModelList[3]
	Field  string       // the mall's name of the field
	Value  string       // what it holds
	Reason order.Reason // a refused_… reason of package order
	Detail string       // what was expected
}

// A Claim is a request to cancel, stop, return or exchange.
type Claim struct {
	Key      string // the mall's number of the claim
	Kind     ClaimKind
	State    ClaimState
	Order    string // order number, as in [order.Order.Number]
	Package  string // package key; empty for the whole order
	Line     string // line key; empty for the whole package
	Quantity int64  // pieces; 0 for all
	At       order.Instant
	Reason   string // the mall's text
}

// ClaimKind is what a claim asks for.
type ClaimKind string

// Kinds of claims. A stop asks to hold back a parcel that is being prepared.
const (
	ClaimCancel   ClaimKind = "cancel"
	ClaimStop     ClaimKind = "stop"
	ClaimReturn   ClaimKind = "return"
	ClaimExchange ClaimKind = "exchange"
)

// ClaimState is how far a claim has come.
type ClaimState string

// States of claims.
const (
	ClaimRequested ClaimState = "requested"
	ClaimDone      ClaimState = "done"
	ClaimWithdrawn ClaimState = "withdrawn"
)

// A Shipment is one parcel to be reported to the mall.
type Shipment struct {
	Order     string     // order number, as in [order.Order.Number]
	Package   string     // package key
	Carrier   string     // our carrier code: yamato, sagawa, cj …; [About.Carriers] has the mall's
	Tracking  string     // digits, without hyphens
	ShippedOn order.Date // in the mall's zone
	ShippedAt time.Time  // the instant, where known; else zero
	Correct   bool       // the package was reported before with another number
	Was       string     // that number, in whose place this one comes; digits as in Tracking
	// Lines are those that the parcel carries, with the pieces of each. Empty: the
	// whole package.
	Lines []ShippedLine
	// Rest are lines of the package that go later; a mall that must be told of a
	// split needs them.
	Rest []ShippedLine
	// RestOn is the day on which the rest is meant to go; zero if it is not known.
	RestOn order.Date
}

// A ShippedLine is a number of pieces of one line of a package.
type ShippedLine struct {
	Line     string // line key, as in [order.Line.Key]
	Quantity int64
}

// A Quantity is how many pieces of a listing may be sold.
type Quantity struct {
	Codes order.Codes // as the mall's product master or an order line gave them
	Sell  int64       // absolute, 0 or more
}

// A Product is one thing that can be bought: a listing, or one variation of it.
type Product struct {
	Codes    order.Codes
	Name     string
	Option   string
	Price    int64 // smallest unit of the mall's currency; -1 unknown
	Stock    int64 // -1 unknown
	OnSale   bool
	Category string // the mall's genre or category code
	Changed  order.Instant
}

// A CatalogFrom says from where on the product master is read. The zero value
// reads all of it.
type CatalogFrom struct {
	// Since leaves out what was added and changed last before this day of the mall's
	// zone. A mall that cannot tell gives everything.
	Since order.Date
	// Position is a [Page.Next] of a reading with the same Since that was cut off.
	Position string
}

// A Check is one thing that an account test tried.
type Check struct {
	Name   string // login, ip, key_expiry, or the function tried: searchOrder
	OK     bool
	Detail string // what the mall said
	Do     string // what to do about it, empty if OK
}

// Tried is the check of one call: it found what detail says, or failed.
func Tried(name, detail string, err error) Check {
	if err == nil {
		return Check{Name: name, OK: true, Detail: detail}
	}
	e := AsError(err)
	return Check{Name: name, Detail: e.Error(), Do: cmp.Or(e.Hint, "try again later; if it stays, read the detail")}
}

// Distinct leaves of equal texts the first, in their order.
func Distinct(all []string) []string {
	var out []string
	seen := make(map[string]bool, len(all))
	for _, s := range all {
		if !seen[s] {
			seen[s] = true
			out = append(out, s)
		}
	}
	return out
}
