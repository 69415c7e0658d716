package elevenst

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mallbridge/mallbridge/simulator/orders"
)

// Place puts an order of the stream into a seller's shop, as paid when it was
// ordered, in the given state. Every parcel becomes a delivery (dlvNo), which may
// be there already with lines of another order. A line whose OptionID is empty is
// an add-on of the line before it.
func (m *Mall) Place(seller string, o *orders.Order, state string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	s, ok := m.shops[seller]
	if !ok {
		return fmt.Errorf("elevenst: no seller %s", seller)
	}
	if stateText[state] == "" {
		return fmt.Errorf("elevenst: no state %q", state)
	}
	no, err := strconv.ParseInt(o.Number, 10, 64)
	if err != nil || no < 1e14 {
		return fmt.Errorf("elevenst: order number %q: 15 to 17 digits are expected", o.Number)
	}
	if len(s.orders[no]) > 0 {
		return fmt.Errorf("elevenst: order %d is there already", no)
	}
	var made []*line
	for i := range o.Parcels {
		lines, err := newLines(no, o, &o.Parcels[i])
		if err != nil {
			return err
		}
		made = append(made, lines...)
	}
	for _, l := range made {
		if slices.ContainsFunc(made, func(x *line) bool { return x != l && x.seq == l.seq }) {
			return fmt.Errorf("elevenst: order %d has the line %d twice", no, l.seq)
		}
		l.advance(state)
		s.add(l)
		s.sell(l)
	}
	return nil
}

func newLines(no int64, o *orders.Order, p *orders.Parcel) ([]*line, error) {
	dlv, err := strconv.ParseInt(p.Key, 10, 64)
	if err != nil {
		return nil, fmt.Errorf("elevenst: delivery %q: %w", p.Key, err)
	}
	due := p.ShipBy
	if due == "" {
		due = o.Ordered.In(Seoul).AddDate(0, 0, 2).Format(time.DateOnly)
	}
	x := &ord{
		no: no, ordered: o.Ordered, paid: o.Ordered, postage: o.Postage, message: p.Note, global: o.Warning, gift: o.Gift != "",
		customs: p.Customs, wished: p.DeliverOn, due: due + " 23:59:59", mallShips: o.MallShips,
		buyer: place(o.Buyer), to: place(p.To),
	}
	if o.Island {
		x.island = 3000
	}
	var out []*line
	for _, l := range p.Lines {
		y := &line{o: x, dlv: dlv, name: l.Name, option: l.Option, sellerPrd: l.ItemCode, sellerStk: l.OptionCode, qty: l.Quantity, price: l.Price}
		for _, n := range []struct {
			text string
			to   *int64
		}{{l.Key, &y.seq}, {l.ItemID, &y.prd}, {l.OptionID, &y.stck}} {
			if n.text == "" && n.to == &y.stck && len(out) > 0 {
				main := out[len(out)-1]
				main.hasAdd, y.addTo, y.stck = true, main.prd, y.prd*10
				continue
			}
			if *n.to, err = strconv.ParseInt(n.text, 10, 64); err != nil {
				return nil, fmt.Errorf("elevenst: order %d: line %q: %w", no, l.Key, err)
			}
		}
		out = append(out, y)
	}
	return out, nil
}

func place(p orders.Person) person {
	return person{name: p.Name(), mobile: p.Phone, base: p.Base(), details: p.Building, postal: p.Postal}
}

// advance brings a new line into a state.
func (l *line) advance(state string) {
	l.state = state
	switch state {
	case Shipping, Delivered, Decided:
		l.sent, l.method, l.courier = l.o.paid, "01", "00034"
		l.parcels = []parcel{{strconv.FormatInt(600_000_000_000+l.dlv%100_000_000_000, 10), l.qty}}
		l.state = Shipping
	case Cancelled:
		l.cancelled = l.qty
	}
	if state == Preparing || l.state == Shipping {
		l.confirmed = l.o.paid
	}
}

// sell lists what was bought among the seller's products.
func (s *shop) sell(l *line) {
	if s.stocks[l.stck] != nil || l.addTo != 0 {
		return
	}
	titles, values, _ := strings.Cut(l.option, ":")
	s.put(l.prd, l.name, l.sellerPrd, l.price, &stock{no: l.stck, titles: titles, values: values, code: l.sellerStk, left: 100})
}

func (s *shop) put(no int64, name, code string, price int64, k *stock) {
	p := s.product(no)
	if p == nil {
		p = &product{no: no, name: name, code: code, price: price, state: "103", category: "1017795"}
		s.list = append(s.list, p)
	}
	k.p, k.mix = p, int64(len(p.stocks)+1)
	p.stocks = append(p.stocks, k)
	s.stocks[k.no] = k
}

// A Product is an option to put on sale.
type Product struct {
	No      int64 // prdNo: options of one product share it
	StockNo int64 // prdStckNo
	Name    string
	Option  string // 색상:파랑
	Code    string // sellerPrdCd
	StockCd string // sellerStockCd
	Price   int64
	Stock   int64
	Weight  int64  // optWght
	State   string // selStatCd; 103 where empty
}

// Sell puts an option on sale in a seller's shop.
func (m *Mall) Sell(seller string, p Product) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	s, ok := m.shops[seller]
	if !ok {
		return fmt.Errorf("elevenst: no seller %s", seller)
	}
	if s.stocks[p.StockNo] != nil {
		return fmt.Errorf("elevenst: stock %d is there already", p.StockNo)
	}
	titles, values, _ := strings.Cut(p.Option, ":")
	s.put(p.No, p.Name, p.Code, p.Price, &stock{no: p.StockNo, titles: titles, values: values, code: p.StockCd, left: p.Stock, weight: p.Weight})
	if p.State != "" {
		s.product(p.No).state = p.State
	}
	return nil
}

// Stock returns the quantity and weight of an option.
func (m *Mall) Stock(seller string, no int64) (left, weight int64, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if s, there := m.shops[seller]; there && s.stocks[no] != nil {
		return s.stocks[no].left, s.stocks[no].weight, true
	}
	return 0, 0, false
}

// A Line is what a test or a rehearsal may ask about one line.
type Line struct {
	Order, Seq, Delivery int64
	State                string
	Left                 int64 // still to be shipped, or shipped
	Courier              string
	Parcels              map[string]int64 // pieces by tracking number
}

// Lines returns the lines of an order.
func (m *Mall) Lines(seller string, order int64) []Line {
	m.mu.Lock()
	defer m.mu.Unlock()
	s, ok := m.shops[seller]
	if !ok {
		return nil
	}
	now := m.opt.Now()
	var out []Line
	for _, l := range s.orders[order] {
		l.settle(now)
		x := Line{Order: order, Seq: l.seq, Delivery: l.dlv, State: l.state, Left: l.left(), Courier: l.courier, Parcels: map[string]int64{}}
		for _, p := range l.parcels {
			x.Parcels[p.number] += p.pieces
		}
		out = append(out, x)
	}
	return out
}

func (m *Mall) find(seller string, order int64) (*shop, []*line, error) {
	s, ok := m.shops[seller]
	if !ok || len(s.orders[order]) == 0 {
		return nil, nil, fmt.Errorf("elevenst: seller %s has no order %d", seller, order)
	}
	now := m.opt.Now()
	for _, l := range s.orders[order] {
		l.settle(now)
	}
	return s, s.orders[order], nil
}

// Move is the buyer who changes the address, or gives that of a gift. It works
// until the seller has confirmed the order.
func (m *Mall) Move(seller string, order int64, to orders.Person) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	_, lines, err := m.find(seller, order)
	if err != nil {
		return err
	}
	for _, l := range lines {
		if l.state != Paid && l.state != NoAddress {
			return fmt.Errorf("elevenst: order %d: the seller is preparing it", order)
		}
	}
	lines[0].o.to = place(to)
	for _, l := range lines {
		if l.state == NoAddress {
			l.state = Paid
		}
	}
	return nil
}

// Confirm is the seller who confirms an order by hand in the seller office.
func (m *Mall) Confirm(seller string, order int64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	_, lines, err := m.find(seller, order)
	for _, l := range lines {
		if l.state == Paid {
			l.state, l.confirmed = Preparing, m.opt.Now()
		}
	}
	return err
}

// Dispatch is the seller who ships an order by hand in the seller office.
func (m *Mall) Dispatch(seller string, order int64, courier, number string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	_, lines, err := m.find(seller, order)
	for _, l := range lines {
		if l.state == Preparing {
			l.state, l.sent, l.method, l.courier, l.parcels = Shipping, m.opt.Now(), "01", courier, []parcel{{number, l.left()}}
		}
	}
	return err
}

// AskCancel is the buyer who cancels pieces of one line: at once while it is only
// paid, by a request while it is prepared. It returns the claim's number.
func (m *Mall) AskCancel(seller string, order, seq, pieces int64, reason string) (int64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s, _, err := m.find(seller, order)
	if err != nil {
		return 0, err
	}
	l := s.line(order, seq)
	if l == nil || pieces < 1 || pieces > l.left() {
		return 0, fmt.Errorf("elevenst: order %d: line %d: %d pieces cannot be cancelled", order, seq, pieces)
	}
	k := m.claim(s, l, cancels, pieces, reason)
	l.asked += pieces
	switch l.state {
	case Standby, NoAddress, Reserved, Paid:
		k.forced = true
		k.finish(k.created)
	case Preparing:
		if l.left() == 0 {
			l.state = Cancelling
		}
	default:
		l.asked -= pieces
		s.claims = s.claims[:len(s.claims)-1]
		return 0, fmt.Errorf("elevenst: order %d: line %d is %s", order, seq, stateText[l.state])
	}
	return k.id, nil
}

func (m *Mall) claim(s *shop, l *line, kind string, pieces int64, reason string) *claim {
	m.claims++
	now := m.opt.Now()
	k := &claim{id: 80_000_000 + m.claims, kind: kind, state: asked, l: l, pieces: pieces, reason: reason, created: now, changed: now}
	s.claims = append(s.claims, k)
	return k
}

// AskReturn is the buyer who sends pieces of a line back.
func (m *Mall) AskReturn(seller string, order, seq, pieces int64, reason string) (int64, error) {
	return m.askBack(seller, order, seq, pieces, reason, returns)
}

// AskExchange is the buyer who wants pieces of a line exchanged.
func (m *Mall) AskExchange(seller string, order, seq, pieces int64, reason string) (int64, error) {
	return m.askBack(seller, order, seq, pieces, reason, exchanges)
}

func (m *Mall) askBack(seller string, order, seq, pieces int64, reason, kind string) (int64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s, _, err := m.find(seller, order)
	if err != nil {
		return 0, err
	}
	l := s.line(order, seq)
	if l == nil || l.state != Shipping && l.state != Delivered {
		return 0, fmt.Errorf("elevenst: order %d: line %d was not sent", order, seq)
	}
	l.state = Claimed
	return m.claim(s, l, kind, pieces, reason).id, nil
}

// Withdraw is the buyer who takes a claim back.
func (m *Mall) Withdraw(seller string, id int64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	s, ok := m.shops[seller]
	if !ok {
		return fmt.Errorf("elevenst: no seller %s", seller)
	}
	i := slices.IndexFunc(s.claims, func(k *claim) bool { return k.id == id && k.state == asked })
	if i < 0 {
		return fmt.Errorf("elevenst: seller %s has no open claim %d", seller, id)
	}
	k := s.claims[i]
	k.state, k.changed = withdrawn, m.opt.Now()
	if k.kind == cancels {
		k.l.asked -= k.pieces
	}
	switch k.l.state {
	case Cancelling:
		k.l.state = Preparing
	case Claimed:
		k.l.state = Shipping
	}
	return nil
}

// Forget lets the mall know nothing of an order any more.
func (m *Mall) Forget(seller string, order int64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	s, lines, err := m.find(seller, order)
	if err != nil {
		return err
	}
	gone := func(l *line) bool { return l.o.no == order }
	for _, l := range lines {
		s.bundles[l.dlv] = slices.DeleteFunc(s.bundles[l.dlv], gone)
	}
	delete(s.orders, order)
	s.lines = slices.DeleteFunc(s.lines, gone)
	s.claims = slices.DeleteFunc(s.claims, func(k *claim) bool { return k.l.o.no == order })
	return nil
}
