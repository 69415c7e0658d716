package shopify

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/mallbridge/mallbridge/simulator/orders"
)

func (m *Mall) find(domain, name string) (*shop, *order, error) {
	s := m.shops[domain]
	if s == nil {
		return nil, nil, fmt.Errorf("shopify: no shop %s", domain)
	}
	o := s.byName[name]
	if o == nil {
		return s, nil, fmt.Errorf("shopify: no order %s", name)
	}
	return s, o, nil
}

// change does something to an order and marks it as changed.
func (m *Mall) change(domain, name string, f func(s *shop, o *order) error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	s, o, err := m.find(domain, name)
	if err != nil {
		return err
	}
	if err := f(s, o); err != nil {
		return err
	}
	o.touch(m.opt.Now())
	return nil
}

// Place puts an order of the stream into a shop, to be shipped from its first location.
// financial is empty for paid.
func (m *Mall) Place(domain string, in *orders.Order, financial string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.shops[domain]
	if s == nil {
		return fmt.Errorf("shopify: no shop %s", domain)
	}
	if s.byName[in.Number] != nil {
		return fmt.Errorf("shopify: order %s is there already", in.Number)
	}
	at := in.Ordered.Truncate(time.Second)
	p := in.Parcels[0]
	to, buyer := p.To, in.Buyer
	o := &order{
		id: 800_000_000 + m.next(), name: in.Number, created: at, updated: at, financial: cmp.Or(financial, Paid), note: in.Note, email: in.Buyer.Mail,
		delivery: in.Delivery, shipping: &to, billing: &buyer, postage: in.Postage, fees: in.Fee, tags: in.Memo,
	}
	if in.Payment != "" {
		o.gateways = []string{in.Payment}
	}
	if in.Warning {
		o.recommendation = "INVESTIGATE"
	}
	if p.DeliverOn != "" {
		o.attributes = append(o.attributes, [2]string{"配送希望日", p.DeliverOn})
	}
	if p.Band != "" {
		o.attributes = append(o.attributes, [2]string{"配送希望時間帯", p.Band})
	}
	if in.Gift != "" {
		o.attributes = append(o.attributes, [2]string{"のし", in.Gift})
	}
	f := &fulfillmentOrder{id: m.next(), status: "OPEN", request: "UNSUBMITTED", method: "SHIPPING", location: s.locations[0], updated: at}
	for i := range p.Lines {
		l := &p.Lines[i]
		x, err := s.lineOf(m, l, at)
		if err != nil {
			return fmt.Errorf("shopify: order %s: %w", in.Number, err)
		}
		o.lines = append(o.lines, x)
		f.lines = append(f.lines, &foLine{m.next(), x, x.quantity, x.quantity})
	}
	o.fos = []*fulfillmentOrder{f}
	s.orders = append(s.orders, o)
	s.byName[o.name] = o
	return nil
}

// lineOf makes a line, and the variant that it is of.
func (s *shop) lineOf(m *Mall, l *orders.Line, at time.Time) (*line, error) {
	x := &line{id: 10_000_000 + m.next(), name: l.Name, sku: l.SKUCode, quantity: l.Quantity, current: l.Quantity, price: l.Price, rate: l.TaxRate}
	if l.Option != "" {
		x.name += " - " + l.Option
	}
	if l.OptionID == "" {
		return x, nil
	}
	id, err := strconv.ParseInt(l.OptionID, 10, 64)
	if err != nil {
		return nil, fmt.Errorf("variant %q is no number", l.OptionID)
	}
	product, err := strconv.ParseInt(l.ItemID, 10, 64)
	if err != nil {
		return nil, fmt.Errorf("product %q is no number", l.ItemID)
	}
	x.variant = s.sell(Variant{ID: id, Product: product, SKU: l.SKUCode, Barcode: l.Barcode, Title: l.Name, Option: l.Option, Price: l.Price, Stock: 100}, at)
	return x, nil
}

// A Variant is one thing that a shop sells.
type Variant struct {
	ID, Product   int64
	SKU, Barcode  string
	Title, Option string
	Price         int64
	Stock         int64 // available at the first location
	Committed     int64 // sold and not shipped
	Untracked     bool
	Draft         bool
	NotStocked    bool // at the first location
}

func (s *shop) sell(v Variant, at time.Time) *variant {
	i, found := slices.BinarySearchFunc(s.variants, v.ID, func(x *variant, id int64) int { return cmp.Compare(x.id, id) })
	if found {
		return s.variants[i]
	}
	x := &variant{
		id: v.ID, productID: v.Product, item: 5_000_000_000 + v.ID, sku: v.SKU, barcode: v.Barcode, title: v.Title, option: v.Option, status: "ACTIVE", price: v.Price,
		untracked: v.Untracked, updated: at, levels: map[int64]*level{},
	}
	if v.Draft {
		x.status = "DRAFT"
	}
	if !v.NotStocked {
		x.levels[s.locations[0].id] = &level{v.Stock, v.Committed}
	}
	s.variants = slices.Insert(s.variants, i, x)
	return x
}

// Sell lists a variant.
func (m *Mall) Sell(domain string, v Variant) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.shops[domain]
	if s == nil {
		return fmt.Errorf("shopify: no shop %s", domain)
	}
	s.sell(v, m.opt.Now().Truncate(time.Second))
	return nil
}

// Available is how many pieces of a variant the first location may sell.
func (m *Mall) Available(domain string, id int64) (int64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if s := m.shops[domain]; s != nil {
		for _, v := range s.variants {
			if v.id == id && v.levels[s.locations[0].id] != nil {
				return v.levels[s.locations[0].id].available, nil
			}
		}
	}
	return 0, fmt.Errorf("shopify: no stock of %d", id)
}

// Tracking lists the numbers that an order shows.
func (m *Mall) Tracking(domain, name string) ([]string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	_, o, err := m.find(domain, name)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, f := range o.fulfillments {
		if f.status == "SUCCESS" {
			out = append(out, f.numbers...)
		}
	}
	return out, nil
}

// Notified counts the parcels of which the buyer was told.
func (m *Mall) Notified(domain, name string) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	_, o, err := m.find(domain, name)
	if err != nil {
		return 0, err
	}
	n := 0
	for _, f := range o.fulfillments {
		if f.notify {
			n++
		}
	}
	return n, nil
}

// Cancel cancels an order that was not shipped: nothing remains of it.
func (m *Mall) Cancel(domain, name string) error {
	return m.change(domain, name, func(_ *shop, o *order) error {
		o.cancelled = m.opt.Now().Truncate(time.Second)
		if o.financial != Pending {
			o.financial = Refunded
		} else {
			o.financial = "VOIDED"
		}
		for _, f := range o.fos {
			f.status = "CLOSED"
			for _, l := range f.lines {
				l.of.current -= l.remaining
				l.remaining = 0
			}
		}
		return nil
	})
}

// Forget takes an order out of the shop.
func (m *Mall) Forget(domain, name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	s, o, err := m.find(domain, name)
	if err != nil {
		return err
	}
	delete(s.byName, name)
	s.orders = slices.DeleteFunc(s.orders, func(x *order) bool { return x == o })
	return nil
}

// Hold puts what is to be shipped of an order on hold.
func (m *Mall) Hold(domain, name, reason, notes string) error {
	return m.change(domain, name, func(_ *shop, o *order) error {
		for _, f := range o.fos {
			if f.open() {
				f.status, f.holds = "ON_HOLD", append(f.holds, [2]string{reason, notes})
			}
		}
		return nil
	})
}

// Release ends the holds of an order.
func (m *Mall) Release(domain, name string) error {
	return m.change(domain, name, func(_ *shop, o *order) error {
		for _, f := range o.fos {
			if f.status == "ON_HOLD" {
				f.status, f.holds = "OPEN", nil
			}
		}
		return nil
	})
}

// Refund takes pieces of the line with an index out of an order that is not shipped.
func (m *Mall) Refund(domain, name string, line int, pieces int64) error {
	return m.change(domain, name, func(_ *shop, o *order) error {
		x := o.lines[line]
		if pieces > x.current {
			return fmt.Errorf("shopify: order %s: line %d has %d pieces", name, line, x.current)
		}
		x.current -= pieces
		o.financial = PartiallyRefunded
		for _, f := range o.fos {
			for _, l := range f.lines {
				if l.of == x {
					n := min(pieces, l.remaining)
					l.remaining -= n
					pieces -= n
				}
			}
		}
		return nil
	})
}

// Edit adds a line to an order.
func (m *Mall) Edit(domain, name string, l orders.Line) error {
	return m.change(domain, name, func(s *shop, o *order) error {
		x, err := s.lineOf(m, &l, m.opt.Now())
		if err != nil {
			return err
		}
		o.edited, o.lines = true, append(o.lines, x)
		for _, f := range o.fos {
			if f.status == "OPEN" {
				f.lines = append(f.lines, &foLine{m.next(), x, x.quantity, x.quantity})
				return nil
			}
		}
		return fmt.Errorf("shopify: order %s: no fulfillment order is open", name)
	})
}

// Move gives the line with an index to another location, in a fulfillment order of its
// own.
func (m *Mall) Move(domain, name string, line int, to int64) error {
	return m.change(domain, name, func(s *shop, o *order) error {
		i := slices.IndexFunc(s.locations, func(l *location) bool { return l.id == to })
		if i < 0 {
			return fmt.Errorf("shopify: no location %d", to)
		}
		for _, f := range o.fos {
			for j, l := range f.lines {
				if l.of != o.lines[line] || l.remaining == 0 {
					continue
				}
				f.lines = slices.Delete(f.lines, j, j+1)
				if len(f.lines) == 0 {
					f.status = "CLOSED"
				}
				o.fos = append(o.fos, &fulfillmentOrder{
					id: m.next(), status: "OPEN", request: "UNSUBMITTED", method: "SHIPPING", location: s.locations[i], updated: m.opt.Now(), lines: []*foLine{{m.next(), l.of, l.remaining, l.remaining}},
				})
				return nil
			}
		}
		return fmt.Errorf("shopify: order %s: line %d is not to be shipped", name, line)
	})
}

// Set changes what a test wants otherwise than the stream has it.
func (m *Mall) Set(domain, name string, c Change) error {
	return m.change(domain, name, func(_ *shop, o *order) error {
		o.test = o.test || c.Test
		if c.Financial != "" {
			o.financial = c.Financial
		}
		if c.Gateways != nil {
			o.gateways = c.Gateways
		}
		o.attributes = append(o.attributes, c.Attributes...)
		if c.Phone != "" {
			o.phone = c.Phone
			o.shipping.Phone = ""
		}
		for _, f := range o.fos {
			if c.Method != "" {
				f.method = c.Method
			}
			if c.Status != "" {
				f.status = c.Status
			}
			if c.Request != "" {
				f.request = c.Request
			}
		}
		if c.Method != "" && c.Method != "SHIPPING" && c.Method != "PICKUP_POINT" {
			o.shipping = nil
		}
		return nil
	})
}

// A Change is what [Mall.Set] sets; what is empty stays.
type Change struct {
	Test       bool
	Financial  string
	Gateways   []string
	Attributes [][2]string
	Phone      string // of the order, in place of the recipient's
	Method     string // of delivery: PICK_UP
	Status     string // of the fulfillment orders
	Request    string // of the fulfillment orders: CANCELLATION_REQUESTED
}

// Dispatch fulfils all that remains of an order, as staff does in the admin.
func (m *Mall) Dispatch(domain, name, company string, numbers ...string) error {
	return m.change(domain, name, func(_ *shop, o *order) error {
		x := &fulfillment{id: m.next(), status: "SUCCESS", company: company, numbers: numbers, created: m.opt.Now()}
		for _, f := range o.fos {
			for _, l := range f.lines {
				if l.remaining > 0 {
					x.lines = append(x.lines, &shipped{m.next(), l.of, l.remaining})
					l.remaining = 0
				}
			}
			f.status = "CLOSED"
		}
		o.fulfillments = append(o.fulfillments, x)
		return nil
	})
}

// Undo cancels the fulfillments of an order: what they carried is to be shipped again,
// by fulfillment orders with new ids.
func (m *Mall) Undo(domain, name string) error {
	return m.change(domain, name, func(s *shop, o *order) error {
		for _, x := range o.fulfillments {
			if x.status != "SUCCESS" {
				continue
			}
			x.status = "CANCELLED"
			f := &fulfillmentOrder{id: m.next(), status: "OPEN", request: "UNSUBMITTED", method: "SHIPPING", location: s.locations[0], updated: m.opt.Now()}
			for _, l := range x.lines {
				f.lines = append(f.lines, &foLine{m.next(), l.of, l.n, l.n})
			}
			o.fos = append(o.fos, f)
		}
		return nil
	})
}
