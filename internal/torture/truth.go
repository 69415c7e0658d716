package torture

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
)

// What becomes of an order.
const (
	Ships   = "planned" // every line goes to the warehouse
	Held    = "held"    // nothing of it goes
	Outside = "outside" // no business of ours
	Refused = ""        // its rows are refused, no order is stored
)

// An Order as the harness offers it.
type Order struct {
	Account string
	Number  string
	Fate    string
	Status  string // as the mall's sheet says it
	To      Person
	Lines   []Line
	// Cancelled after it was instructed: the warehouse has it once and is asked
	// to stop it.
	Cancelled bool
}

// A Line of an order.
type Line struct {
	Key      string
	Code     string // the mall's
	Quantity string // mostly a number
	Parts    []Part // what the warehouse has to pick for it
}

// A Part is a SKU of a line, in pieces.
type Part struct {
	SKU      string
	Quantity int
}

// A Person receives a parcel.
type Person struct{ Family, Given, Postal, Phone, Street string }

// A Sheet is a file that was dropped into a watch folder.
type Sheet struct {
	Account string
	Name    string
	Rows    int
	Refused int // rows of it
	Again   bool
	Broken  bool // no format can read it
	data    []byte
}

// Truth is everything that was offered to the program.
type Truth struct {
	Orders []*Order
	Sheets []*Sheet
}

func (t *Truth) clone() *Truth { return &Truth{slices.Clone(t.Orders), slices.Clone(t.Sheets)} }

// Alone returns an order of the account that ships and shares its parcel with
// no other.
func (t *Truth) Alone(account string) *Order {
	for _, o := range t.Orders {
		if o.Account == account && o.Fate == Ships && !slices.ContainsFunc(t.Orders, func(x *Order) bool { return x != o && x.To == o.To }) {
			return o
		}
	}
	return nil
}

// Together returns two orders of the account that share a parcel with no third.
func (t *Truth) Together(account string) (a, b *Order) {
	for _, a := range t.Orders {
		var twins []*Order
		for _, x := range t.Orders {
			if x != a && x.To == a.To {
				twins = append(twins, x)
			}
		}
		if a.Account == account && a.Fate == Ships && len(twins) == 1 && twins[0].Fate == Ships && twins[0].Account == account {
			return a, twins[0]
		}
	}
	return nil, nil
}

// cancelled lists the numbers of orders that were cancelled after the drop.
func (t *Truth) cancelled() map[string]bool {
	out := map[string]bool{}
	for _, o := range t.Orders {
		if o.Cancelled {
			out[o.Number] = true
		}
	}
	return out
}

// A Pick is what the warehouse reads in one row of an instruction file.
type Pick struct {
	Order, SKU string
	Quantity   int
}

// Picks is the multiset of rows that must be at the warehouse. Every line of an
// account has SKUs of its own, so a pick names one line of one order.
func (t *Truth) Picks() map[Pick]int {
	out := map[Pick]int{}
	for _, o := range t.Orders {
		if o.Fate != Ships && !o.Cancelled {
			continue
		}
		for _, l := range o.Lines {
			for _, p := range l.Parts {
				out[Pick{o.Number, p.SKU, p.Quantity}]++
			}
		}
	}
	return out
}

// Waits reports whether an order waits for a person.
func (t *Truth) Waits() bool {
	return slices.ContainsFunc(t.Orders, func(o *Order) bool { return o.Fate == Held })
}

// The accounts. Calls sells by API, in worlds that have a mall.
const (
	Hand    = "hand"
	Rakuten = "rakuten-1"
	Calls   = "calls"
)

// codes is how many listings an account has beside its set and the unlinked one.
const codes = 12

func code(account string, n int) string { return fmt.Sprintf("%s-%02d", prefix[account], n) }
func sku(account string, n int) string  { return fmt.Sprintf("SKU-%s-%02d", prefix[account], n) }

var prefix = map[string]string{Hand: "H", Rakuten: "R", Calls: "C"}

// A Shape says what orders a generator makes.
type Shape struct {
	Orders int  // for each account and sheet
	Clean  bool // every order ships
	Common bool // the accounts share order numbers
}

// A Generator makes orders and sheets. The same seed gives the same ones.
type Generator struct {
	rng   *rand.Rand
	count int
	sheet int
}

// NewGenerator seeds a generator.
func NewGenerator(seed uint64) *Generator {
	return &Generator{rng: rand.New(rand.NewPCG(seed, 0x70b7))}
}

// Sheets makes one sheet for each account and adds them and their orders to t.
func (g *Generator) Sheets(t *Truth, s Shape) []*Sheet {
	start := g.count
	var out []*Sheet
	for _, account := range []string{Hand, Rakuten} {
		if s.Common {
			g.count = start
		}
		var orders []*Order
		for range s.Orders {
			orders = append(orders, g.order(account, s, orders))
		}
		g.sheet++
		sheet := &Sheet{Account: account, Name: fmt.Sprintf("sheet-%03d.csv", g.sheet)}
		for _, o := range orders {
			sheet.Rows += len(o.Lines)
			if o.Fate == Refused {
				sheet.Refused += len(o.Lines)
			}
		}
		sheet.data = write(account, orders)
		t.Orders, t.Sheets, out = append(t.Orders, orders...), append(t.Sheets, sheet), append(out, sheet)
	}
	return out
}

// Cancel makes a sheet in which the mall says that an order is cancelled. The
// truth gets a copy of the order, as others may share it.
func (g *Generator) Cancel(t *Truth, o *Order) *Sheet {
	gone := *o
	gone.Cancelled, gone.Fate, gone.Status = true, Outside, map[string]string{Hand: "cancelled", Rakuten: "900"}[o.Account]
	t.Orders[slices.Index(t.Orders, o)] = &gone
	g.sheet++
	s := &Sheet{Account: o.Account, Name: fmt.Sprintf("sheet-%03d.csv", g.sheet), Rows: len(o.Lines), data: write(o.Account, []*Order{&gone})}
	t.Sheets = append(t.Sheets, s)
	return s
}

func (g *Generator) order(account string, s Shape, before []*Order) *Order {
	g.count++
	o := &Order{Account: account, Number: fmt.Sprintf("100001-20261101-%08d", g.count), Fate: Ships, To: g.person()}
	switch {
	case account == Calls:
		o.Number = fmt.Sprintf("31%012d", g.count)
	case !s.Common:
		o.Number = fmt.Sprintf("%s-%06d", prefix[account], g.count)
	}
	if n := len(before); n > 0 && g.rng.IntN(5) == 0 {
		o.To = before[g.rng.IntN(n)].To // the same recipient: they travel together
		o.To.Given = strings.TrimSuffix(o.To.Given, fish)
	}
	o.Status = map[string]string{Hand: "ready", Rakuten: "300"}[account]
	picked := g.rng.Perm(codes)[:1+g.rng.IntN(3)]
	for i, n := range picked {
		q := 1 + g.rng.IntN(4)
		l := Line{Key: fmt.Sprint(i + 1), Code: code(account, n), Quantity: fmt.Sprint(q), Parts: []Part{{sku(account, n), q}}}
		if g.rng.IntN(8) == 0 && !slices.Contains(picked, codes) && i == 0 {
			l.Code, l.Parts = code(account, codes), []Part{{sku(account, codes), q}, {sku(account, codes+1), 2 * q}}
		}
		o.Lines = append(o.Lines, l)
	}
	if !s.Clean {
		g.spoil(o)
	}
	return o
}

// spoil gives one order in four a reason not to ship.
func (g *Generator) spoil(o *Order) {
	last := &o.Lines[len(o.Lines)-1]
	switch g.rng.IntN(16) {
	case 0:
		o.Fate, last.Code = Held, "GHOST-01"
	case 1:
		o.Fate, o.Status = Outside, map[string]string{Hand: "shipped", Rakuten: "700"}[o.Account]
	case 2:
		if len(o.Lines) == 1 { // one bad row takes its whole order
			o.Fate, last.Quantity = Refused, "two"
		}
	case 3:
		if o.Account == Hand {
			o.Fate, o.To.Given = Held, o.To.Given+fish
		}
	}
}

// fish is a character that no warehouse's charset has.
const fish = "🍣"

var (
	families = []string{"見本", "髙橋", "渡邊", "長谷川", "試験", "葛城"}
	givens   = []string{"太郎", "花子", "一～二", "ｶﾅ", "㈱子", "次郎"}
)

func (g *Generator) person() Person {
	return Person{
		Family: families[g.rng.IntN(len(families))], Given: givens[g.rng.IntN(len(givens))],
		Postal: fmt.Sprintf("%07d", 1000001+g.rng.IntN(8_000_000)), Phone: fmt.Sprintf("03-0000-%04d", g.rng.IntN(10000)),
		Street: fmt.Sprintf("見本町%d-%d", 1+g.rng.IntN(30), 1+g.rng.IntN(99)),
	}
}

// skus lists all SKUs of both accounts.
func skus() []string {
	var out []string
	for _, a := range slices.Sorted(maps.Keys(prefix)) {
		for n := range codes + 2 {
			out = append(out, sku(a, n))
		}
	}
	return out
}

// Skip leaves out numbers of orders and sheets that others have used.
func (g *Generator) Skip(n int) { g.count, g.sheet = g.count+n, g.sheet+n }
