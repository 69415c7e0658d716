package coupang

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mallbridge/mallbridge/simulator/orders"
)

// Statuses lists the statuses of a bundle in the order in which it passes them.
func Statuses() []string {
	return []string{Accept, Instruct, Departure, Delivering, FinalDelivery, NoneTracking}
}

// Place puts an order of the stream into a vendor's shop, as paid when it was
// ordered, in the given status. Every parcel becomes a bundle. A parcel that has
// a tracking number was dispatched.
func (m *Mall) Place(vendor string, o *orders.Order, status string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	s, ok := m.shops[vendor]
	if !ok {
		return fmt.Errorf("coupang: no vendor %s", vendor)
	}
	if statusText[status] == "" {
		return fmt.Errorf("coupang: no status %q", status)
	}
	number, err := strconv.ParseInt(o.Number, 10, 64)
	if err != nil {
		return fmt.Errorf("coupang: order number %q: %w", o.Number, err)
	}
	var made []*bundle
	for i := range o.Parcels {
		b, err := newBundle(s, number, o, &o.Parcels[i], status)
		if err != nil {
			return err
		}
		if _, taken := m.boxes[b.id]; taken {
			return fmt.Errorf("coupang: bundle %d is there already", b.id)
		}
		made = append(made, b)
	}
	for _, b := range made {
		m.boxes[b.id] = b
		s.add(b)
		s.sell(b)
	}
	return nil
}

func newBundle(s *shop, number int64, o *orders.Order, p *orders.Parcel, status string) (*bundle, error) {
	id, err := strconv.ParseInt(p.Key, 10, 64)
	if err != nil {
		return nil, fmt.Errorf("coupang: bundle %q: %w", p.Key, err)
	}
	b := &bundle{
		id: id, order: number, shop: s, ordered: o.Ordered, paid: o.Ordered, created: o.Ordered, fee: o.Postage, message: p.Note, customs: p.Customs,
		island: o.Island, fulfilled: "THIRD_PARTY",
		buyer: person{name: o.Buyer.Name(), phone: o.Buyer.Phone},
		to:    person{p.To.Name(), p.To.Phone, p.To.Base(), p.To.Building, p.To.Postal},
	}
	if o.Island {
		b.remote = 5000
	}
	if o.MallShips {
		b.fulfilled = "CGF"
	}
	promised := p.ShipBy
	if promised == "" {
		promised = o.Ordered.In(Seoul).AddDate(0, 0, 2).Format(time.DateOnly)
	}
	for _, l := range p.Lines {
		i := &item{name: l.Name + ", " + l.Option, registered: l.Name, option: l.Option, sku: l.ItemCode, count: l.Quantity, price: l.Price, promised: promised}
		if i.vendorItem, err = strconv.ParseInt(l.OptionID, 10, 64); err != nil {
			return nil, fmt.Errorf("coupang: option %q: %w", l.OptionID, err)
		}
		if i.product, err = strconv.ParseInt(l.ItemID, 10, 64); err != nil {
			return nil, fmt.Errorf("coupang: product %q: %w", l.ItemID, err)
		}
		i.sellerProduct = 15_000_000_000 + i.product%1_000_000_000
		b.items = append(b.items, i)
	}
	b.move(Accept, o.Ordered)
	if p.Invoice != "" {
		b.courier, b.invoice, b.uploaded, b.dispatched = "CJGLS", p.Invoice, o.Ordered, o.Ordered
		b.move(Departure, o.Ordered)
		return b, nil
	}
	if status != Accept {
		b.move(Instruct, o.Ordered)
	}
	if status != Accept && status != Instruct {
		b.courier, b.invoice, b.uploaded, b.dispatched = "CJGLS", strconv.FormatInt(600_000_000_000+id%100_000_000_000, 10), o.Ordered, o.Ordered
		b.move(status, o.Ordered)
	}
	return b, nil
}

// sell lists the options of a bundle among the vendor's products.
func (s *shop) sell(b *bundle) {
	for _, i := range b.items {
		if s.options[i.vendorItem] != nil {
			continue
		}
		s.stock(&product{id: i.sellerProduct, shown: i.product, name: i.registered, status: "APPROVED", created: b.ordered},
			&option{id: i.vendorItem, item: i.vendorItem + 1, name: i.option, sku: i.sku, price: i.price, stock: 100, onSale: true})
	}
}

func (s *shop) stock(p *product, o *option) {
	at := slices.IndexFunc(s.list, func(x *product) bool { return x.id == p.id })
	if at < 0 {
		at = len(s.list)
		s.list = append(s.list, p)
	}
	s.list[at].options = append(s.list[at].options, o)
	s.options[o.id] = o
}

// A Product is an option to put on sale.
type Product struct {
	Seller  int64 // sellerProductId: options of one product share it
	Shown   int64 // productId
	Item    int64 // vendorItemId
	Name    string
	Option  string
	SKU     string // externalVendorSku
	Barcode string
	Price   int64
	Stock   int64
	Status  string // APPROVED where empty
	Deleted bool
}

// Sell puts an option on sale in a vendor's shop.
func (m *Mall) Sell(vendor string, p Product) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	s, ok := m.shops[vendor]
	if !ok {
		return fmt.Errorf("coupang: no vendor %s", vendor)
	}
	status := p.Status
	if status == "" {
		status = "APPROVED"
	}
	if productStatus[status] == "" {
		return fmt.Errorf("coupang: no product status %q", status)
	}
	s.stock(&product{id: p.Seller, shown: p.Shown, name: p.Name, status: status, created: m.now()},
		&option{id: p.Item, item: p.Item + 1, name: p.Option, sku: p.SKU, barcode: p.Barcode, price: p.Price, stock: p.Stock, onSale: true, deleted: p.Deleted})
	return nil
}

// Stock returns the sellable quantity of an option.
func (m *Mall) Stock(vendor string, item int64) (int64, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if s, ok := m.shops[vendor]; ok && s.options[item] != nil {
		return s.options[item].stock, true
	}
	return 0, false
}

// A Bundle is what a test or a rehearsal may ask about one shipmentBoxId.
type Bundle struct {
	ID, Order int64
	Status    string
	Courier   string
	Invoice   string
	Items     map[int64]int64 // by vendorItemId: still to be shipped, or shipped
}

// Bundles returns the bundles of an order, those of splits included.
func (m *Mall) Bundles(vendor string, order int64) []Bundle {
	m.mu.Lock()
	defer m.mu.Unlock()
	s, ok := m.shops[vendor]
	if !ok {
		return nil
	}
	now := m.now()
	var out []Bundle
	for _, b := range s.orders[order] {
		b.settle(now)
		x := Bundle{ID: b.id, Order: b.order, Status: b.status, Courier: b.courier, Invoice: b.invoice, Items: map[int64]int64{}}
		for _, i := range b.items {
			x.Items[i.vendorItem] = i.left()
		}
		out = append(out, x)
	}
	return out
}

// order finds the bundles of an order.
func (m *Mall) order(vendor string, order int64) (*shop, []*bundle, error) {
	s, ok := m.shops[vendor]
	if !ok || len(s.orders[order]) == 0 {
		return nil, nil, fmt.Errorf("coupang: vendor %s has no order %d", vendor, order)
	}
	return s, s.orders[order], nil
}

// Move is the buyer who changes the address of an order. It works until the
// seller has acknowledged it.
func (m *Mall) Move(vendor string, order int64, to orders.Person) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	_, all, err := m.order(vendor, order)
	if err != nil {
		return err
	}
	for _, b := range all {
		if b.status != Accept {
			return fmt.Errorf("coupang: order %d: the seller is preparing it", order)
		}
	}
	for _, b := range all {
		b.to = person{to.Name(), to.Phone, to.Base(), to.Building, to.Postal}
	}
	return nil
}

// AskCancel is the buyer who cancels quantities, by vendorItemId, of one bundle:
// at once while it is only paid, by a stop request while it is prepared, by a
// return later. It returns the receipt.
func (m *Mall) AskCancel(vendor string, order int64, quantities map[int64]int64) (receipt int64, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s, _, err := m.order(vendor, order)
	if err != nil {
		return 0, err
	}
	s.settle(m.now())
	x, err := m.cancel(s, order, quantities, m.now(), "CUSTOMER")
	if err != nil {
		return 0, err
	}
	return x.id, nil
}

// Withdraw is the buyer who takes a stop request or return back. It vanishes from
// the list of claims.
func (m *Mall) Withdraw(vendor string, receipt int64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	s, ok := m.shops[vendor]
	if !ok {
		return fmt.Errorf("coupang: no vendor %s", vendor)
	}
	at := slices.IndexFunc(s.claims, func(x *claim) bool { return x.id == receipt && x.status != claimDone })
	if at < 0 {
		return fmt.Errorf("coupang: vendor %s has no open claim %d", vendor, receipt)
	}
	x := s.claims[at]
	w := withdrawal{claim: x.id, order: x.b.order, at: m.now()}
	for _, i := range x.items {
		if x.status == stopAsked {
			i.held -= i.count
		}
		w.items = append(w.items, i.vendorItem)
	}
	s.gone = append(s.gone, w)
	s.claims = slices.Delete(s.claims, at, at+1)
	return nil
}

// Dispatch is the seller who ships a whole order by hand in WING.
func (m *Mall) Dispatch(vendor string, order int64, courier, invoice string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	_, all, err := m.order(vendor, order)
	if err != nil {
		return err
	}
	if _, ok := lookupCourier(courier); !ok {
		return fmt.Errorf("coupang: no courier %q", courier)
	}
	now := m.now()
	for _, b := range all {
		if b.status == Accept {
			b.move(Instruct, now)
		}
		if b.status == Instruct {
			b.ship(courier, strings.ReplaceAll(invoice, "-", ""), now)
		}
	}
	return nil
}

// Pack makes an option of an order one of the mall's own multi-packs: size pieces
// of the option base.
func (m *Mall) Pack(vendor string, order, item, base, size int64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	_, all, err := m.order(vendor, order)
	for _, b := range all {
		if i := b.item(item); i != nil {
			i.base, i.pack = base, size
		}
	}
	return err
}

// Forget lets the mall know nothing of an order any more.
func (m *Mall) Forget(vendor string, order int64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	s, all, err := m.order(vendor, order)
	if err != nil {
		return err
	}
	for _, b := range all {
		delete(m.boxes, b.id)
	}
	delete(s.orders, order)
	s.bundles = slices.DeleteFunc(s.bundles, func(b *bundle) bool { return b.order == order })
	return nil
}
