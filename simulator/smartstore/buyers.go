package smartstore

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/mallbridge/mallbridge/simulator/orders"
)

// States in which an order is placed.
const (
	Fresh     = "fresh"     // paid, not confirmed
	Confirmed = "confirmed" // 발주확인
	Sent      = "sent"
	Asked     = "cancel asked"
	Gone      = "cancelled"
	Unpaid    = "unpaid"
	Gift      = "gift" // paid by somebody who gave no address
)

// StateOf is the state of an order of the stream, whose words are those of the sheet.
func StateOf(o *orders.Order) string {
	switch {
	case o.SubStatus == "발주전":
		return Fresh
	case o.Status == "배송중":
		return Sent
	case o.Status == "취소요청":
		return Asked
	case o.Status == "취소완료":
		return Gone
	}
	return Confirmed
}

// Place puts an order of the stream into a seller's shop, as paid when it was ordered,
// in the given state. Its parcels are bundles, its lines product orders.
func (m *Mall) Place(seller string, o *orders.Order, state string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	s, ok := m.shops[seller]
	if !ok {
		return fmt.Errorf("smartstore: no seller %s", seller)
	}
	if !digits16(o.Number) || len(s.orders[o.Number]) > 0 {
		return fmt.Errorf("smartstore: order %q: 16 digits that are not there yet are expected", o.Number)
	}
	x := &ord{no: o.Number, means: o.Payment, buyer: party(o.Buyer), ordered: o.Ordered, paid: o.Ordered}
	var made []*line
	for i := range o.Parcels {
		p := &o.Parcels[i]
		for _, l := range p.Lines {
			if !digits16(l.Key) || s.byID[l.Key] != nil {
				return fmt.Errorf("smartstore: product order %q: 16 digits that are not there yet are expected", l.Key)
			}
			made = append(made, newLine(x, o, p, l))
		}
	}
	for _, l := range made {
		at, _ := slices.BinarySearchFunc(s.lines, l, func(a, b *line) int { return cmp.Or(a.o.paid.Compare(b.o.paid), cmp.Compare(a.id, b.id)) })
		s.lines = slices.Insert(s.lines, at, l)
		s.byID[l.id] = l
		s.orders[x.no] = append(s.orders[x.no], l)
		s.begin(m, l, state)
		p := Product{Channel: l.product, Name: l.name, Option: l.option, Code: l.code, OptionCd: l.optionCode, Price: l.price, Stock: 100}
		p.OptionID, _ = strconv.ParseInt(l.optionID, 10, 64)
		s.sell(p)
	}
	return nil
}

func digits16(s string) bool {
	for _, c := range s {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(s) == 16
}

func party(p orders.Person) person {
	return person{name: p.Name(), phone: p.Phone, base: p.Base(), detailed: p.Building, postal: p.Postal}
}

func newLine(x *ord, o *orders.Order, p *orders.Parcel, l orders.Line) *line {
	y := &line{
		o: x, id: l.Key, bundle: p.Key, to: party(p.To), memo: p.Note, customs: p.Customs, wished: p.DeliverOn, contract: o.MallShips,
		due:     o.Ordered.AddDate(0, 0, 3).In(Seoul).Format("2006-01-02T15:04:05.000-07:00"),
		product: l.ItemID, optionID: l.OptionID, name: l.Name, option: l.Option, optionCode: l.OptionCode, code: l.ItemCode, custom: l.SKUCode,
		qty: l.Quantity, left: l.Quantity, price: l.Price, fee: o.Postage, method: "DELIVERY", status: Paid, place: NotYet,
	}
	if y.optionID == "" && l.OptionCode != "" { // numbers of options are the mall's
		n := int64(7)
		for _, c := range l.OptionCode + l.ItemID {
			n = (n*131 + int64(c)) % 10_000_000_000
		}
		y.optionID = strconv.FormatInt(40_000_000_000+n, 10)
	}
	if o.Island {
		y.island = 3000
	}
	return y
}

// begin brings a new product order into a state, and the log with it.
func (s *shop) begin(m *Mall, l *line, state string) {
	at := l.o.paid
	switch state {
	case Unpaid:
		l.status, l.o.paid = Waiting, time.Time{}
		s.note(l, "PAY_WAITING", at)
		return
	case Gift:
		l.receiving = "WAIT_FOR_RECEIVING"
	case Confirmed, Sent:
		l.place, l.placedAt = Placed, at
	}
	s.note(l, "PAYED", at)
	switch state {
	case Sent:
		s.send(l, "DELIVERY", "CJGLS", "6"+l.id[5:], at)
	case Asked, Gone:
		m.ask(s, l, l.left, "단순 변심", at)
		if state == Gone {
			s.finish(l, at)
		}
	}
}

func (m *Mall) ask(s *shop, l *line, pieces int64, reason string, at time.Time) *claim {
	m.claims++
	l.claim = &claim{id: strconv.FormatInt(2_000_000_000+m.claims, 10), kind: "CANCEL", status: "CANCEL_REQUEST", reason: reason, pieces: pieces, at: at}
	s.note(l, "CLAIM_REQUESTED", at)
	return l.claim
}

func (m *Mall) find(seller, order string) (*shop, []*line, error) {
	s, ok := m.shops[seller]
	if !ok || len(s.orders[order]) == 0 {
		return nil, nil, fmt.Errorf("smartstore: seller %s has no order %s", seller, order)
	}
	now := m.now()
	for _, l := range s.orders[order] {
		s.settleLine(l, now)
	}
	return s, s.orders[order], nil
}

// AskCancel is the buyer who wants pieces of a product order cancelled: all of it where
// pieces is 0. One that is not confirmed yet is cancelled at once.
func (m *Mall) AskCancel(seller, order, id string, pieces int64, reason string) (claim string, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s, lines, err := m.find(seller, order)
	if err != nil {
		return "", err
	}
	i := slices.IndexFunc(lines, func(l *line) bool { return l.id == id })
	if i < 0 || lines[i].status != Paid || lines[i].open() || pieces > lines[i].left {
		return "", fmt.Errorf("smartstore: product order %s cannot be cancelled", id)
	}
	l := lines[i]
	c := m.ask(s, l, cmp.Or(pieces, l.left), reason, m.now())
	if l.place == NotYet {
		s.finish(l, m.now())
	}
	return c.id, nil
}

// Cancel is the buyer who wants all of an order cancelled.
func (m *Mall) Cancel(seller, order string) error {
	for _, l := range m.Lines(seller, order) {
		if _, err := m.AskCancel(seller, order, l.ID, 0, "마음이 바뀌었어요"); err != nil {
			return err
		}
	}
	return nil
}

// Withdraw is the buyer who takes a request to cancel back, or the seller who refuses
// it.
func (m *Mall) Withdraw(seller, order, id string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	s, lines, err := m.find(seller, order)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(lines, func(l *line) bool { return l.id == id && l.open() })
	if i < 0 {
		return fmt.Errorf("smartstore: product order %s has no open claim", id)
	}
	lines[i].claim.status = "CANCEL_REJECT"
	s.note(lines[i], "CLAIM_REJECTED", m.now())
	return nil
}

// Confirm is the seller who confirms an order by hand (발주확인), which no log has.
func (m *Mall) Confirm(seller, order string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	_, lines, err := m.find(seller, order)
	for _, l := range lines {
		if l.status == Paid && !l.open() {
			l.place, l.placedAt = Placed, m.now()
		}
	}
	return err
}

// Dispatch is the seller who ships an order by hand.
func (m *Mall) Dispatch(seller, order, courier, number string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	s, lines, err := m.find(seller, order)
	for _, l := range lines {
		if l.status == Paid {
			s.send(l, "DELIVERY", courier, number, m.now())
		}
	}
	return err
}

// Move is the buyer who changes the address, or gives that of a gift, which works until
// the seller has confirmed the order.
func (m *Mall) Move(seller, order string, to orders.Person) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	s, lines, err := m.find(seller, order)
	if err != nil {
		return err
	}
	for _, l := range lines {
		if l.status != Paid || l.place != NotYet {
			return fmt.Errorf("smartstore: order %s: the seller is preparing it", order)
		}
	}
	for _, l := range lines {
		l.to = party(to)
		if l.receiving != "" {
			l.receiving = "RECEIVED"
			s.note(l, "GIFT_RECEIVED", m.now())
			continue
		}
		s.note(l, "DELIVERY_ADDRESS_CHANGED", m.now())
	}
	return nil
}

// Pay is the buyer whose payment arrives.
func (m *Mall) Pay(seller, order string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	s, lines, err := m.find(seller, order)
	if err != nil {
		return err
	}
	now := m.now().Truncate(time.Millisecond)
	lines[0].o.paid = now
	for _, l := range lines {
		l.status = Paid
		s.note(l, "PAYED", now)
	}
	slices.SortStableFunc(s.lines, func(a, b *line) int { return cmp.Or(a.o.paid.Compare(b.o.paid), cmp.Compare(a.id, b.id)) })
	return nil
}

// Forget lets the mall know nothing of an order any more.
func (m *Mall) Forget(seller, order string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	s, lines, err := m.find(seller, order)
	if err != nil {
		return err
	}
	for _, l := range lines {
		delete(s.byID, l.id)
	}
	delete(s.orders, order)
	s.lines = slices.DeleteFunc(s.lines, func(l *line) bool { return l.o.no == order })
	s.log = slices.DeleteFunc(s.log, func(e event) bool { return e.line.o.no == order })
	return nil
}

// A Line is what a test or a rehearsal may ask about one product order.
type Line struct {
	ID, Bundle, Status, Place string
	Left                      int64
	Courier, Tracking         string
}

// Lines returns the product orders of an order.
func (m *Mall) Lines(seller, order string) []Line {
	m.mu.Lock()
	defer m.mu.Unlock()
	_, lines, err := m.find(seller, order)
	if err != nil {
		return nil
	}
	var out []Line
	for _, l := range lines {
		out = append(out, Line{l.id, l.bundle, l.status, l.place, l.left, l.courier, l.tracking})
	}
	return out
}

// Approve is the seller who agrees to a request to cancel in the centre.
func (m *Mall) Approve(seller, id string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	s, ok := m.shops[seller]
	if !ok || s.byID[id] == nil || !s.byID[id].open() {
		return fmt.Errorf("smartstore: product order %s has no open claim", id)
	}
	s.finish(s.byID[id], m.now())
	return nil
}
