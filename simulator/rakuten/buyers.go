package rakuten

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/mallbridge/mallbridge/simulator/orders"
)

// settlements are the names of settlementMethodCode.
var settlements = map[string]int{
	"クレジットカード": 1, "代金引換": 2, "ショッピングクレジット／ローン": 4, "オートローン": 5, "リース": 6, "請求書払い": 7, "ポイント": 8, "銀行振込": 9,
	"Apple Pay": 12, "セブンイレブン（前払）": 13, "ローソン、郵便局ATM等（前払）": 14, "ファミリーマート、ローソン等（前払）": 14, "Alipay": 16, "PayPal": 17,
	"後払い決済": 21, "Alipay（支付宝）": 27,
}

// newMethod stands for a payment method that is younger than the table.
const newMethod = 98

// Place puts an order of the stream into a shop. progress 0 takes the order's own
// status.
func (m *Mall) Place(shopID string, in *orders.Order, progress int) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.shops[shopID]
	if s == nil {
		return fmt.Errorf("rakuten: no shop %s", shopID)
	}
	if s.byNo[in.Number] != nil {
		return fmt.Errorf("rakuten: order %s is there already", in.Number)
	}
	var err error
	if progress == 0 {
		if progress, err = strconv.Atoi(in.Status); err != nil {
			return fmt.Errorf("rakuten: order %s: status %q is no number", in.Number, in.Status)
		}
	}
	o := &order{
		number: in.Number, progress: progress, ordered: in.Ordered.Truncate(time.Second), settlement: settlements[in.Payment], settlementName: in.Payment,
		delivery: in.Delivery, remarks: in.Note, memo: in.Memo, goods: in.Goods, postage: in.Postage, fee: in.Fee, requested: in.Total,
		open: in.Open, checking: in.Checking, island: in.Island, caution: flag(in.Warning), gift: in.Gift, buyer: personOf(&in.Buyer),
	}
	o.buyer.mail = in.Buyer.Mail
	if o.settlement == 0 {
		o.settlement = newMethod
	}
	if progress != Waiting {
		o.confirmed = o.ordered.Add(time.Minute)
	}
	if progress >= ToShip && progress < Cancelling {
		o.fixed = o.confirmed.Add(settling)
	}
	for i := range in.Parcels {
		p := &in.Parcels[i]
		b := &basket{to: personOf(&p.To)}
		if b.id, err = strconv.ParseInt(p.Key, 10, 64); err != nil {
			return fmt.Errorf("rakuten: order %s: basket %q is no number", in.Number, p.Key)
		}
		if p.DeliverOn != "" {
			o.deliverOn = p.DeliverOn
		}
		if p.Band != "" {
			if o.term, err = strconv.Atoi(p.Band); err != nil {
				return fmt.Errorf("rakuten: order %s: time %q is no number", in.Number, p.Band)
			}
		}
		if p.Invoice != "" {
			m.serial++
			b.shipping = append(b.shipping, &row{id: m.serial, carrier: "1001", number: p.Invoice, date: o.ordered.In(Tokyo).Format(time.DateOnly)})
		}
		for _, l := range p.Lines {
			x, err := lineOf(&l)
			if err != nil {
				return fmt.Errorf("rakuten: order %s: %w", in.Number, err)
			}
			b.goods += x.price * x.units
			b.lines = append(b.lines, x)
			s.sell(x, o.ordered)
		}
		o.baskets = append(o.baskets, b)
	}
	s.add(o)
	return nil
}

func lineOf(l *orders.Line) (*line, error) {
	x := &line{
		name: l.Name, number: l.ItemID, manage: l.ItemID, variant: l.OptionCode, sku: l.SKUCode, info: l.Option,
		price: l.Price, priceTaxed: l.Price, units: l.Quantity,
	}
	var err error
	if x.id, err = strconv.ParseInt(l.Key, 10, 64); err != nil {
		return nil, fmt.Errorf("line %q is no number", l.Key)
	}
	x.item = 10_000_000 + x.id%10_000_000
	if l.TaxRate != "" {
		if x.rate, err = strconv.ParseFloat(l.TaxRate, 64); err != nil {
			return nil, fmt.Errorf("tax rate %q is no number", l.TaxRate)
		}
	}
	return x, nil
}

func personOf(p *orders.Person) person {
	q := person{
		family: p.Family, given: p.Given, familyKana: p.FamilyKana, givenKana: p.GivenKana,
		prefecture: p.Prefecture, city: p.City, sub: strings.TrimSpace(p.Street + " " + p.Building),
	}
	q.zip1, q.zip2 = p.Postal, ""
	if len(p.Postal) == 7 {
		q.zip1, q.zip2 = p.Postal[:3], p.Postal[3:]
	}
	parts := append(strings.SplitN(p.Phone, "-", 3), "", "")
	q.phone1, q.phone2, q.phone3 = parts[0], parts[1], parts[2]
	return q
}

// sell lists what was ordered among the shop's items, with a hundred in stock.
func (s *shop) sell(l *line, at time.Time) {
	p := pair{l.manage, l.variant}
	if s.stock[p] != nil || l.variant == "" {
		return
	}
	s.stock[p] = &stock{quantity: 100, created: at, updated: at}
	var of *item
	for _, x := range s.items {
		if x.manage == l.manage {
			of = x
		}
	}
	if of == nil {
		of = &item{manage: l.manage, number: l.number, title: l.name, created: at, updated: at}
		s.items = append(s.items, of)
	}
	of.variants = append(of.variants, &variant{id: l.variant, sku: l.sku, name: l.info, price: l.price})
}

// AddItem lists an item with one SKU and no stock.
func (m *Mall) AddItem(shopID, manage, variantID, sku, title string, price int64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.shops[shopID]
	if s == nil {
		return fmt.Errorf("rakuten: no shop %s", shopID)
	}
	now := m.opt.Now()
	s.sell(&line{manage: manage, number: manage, variant: variantID, sku: sku, name: title, price: price}, now)
	s.stock[pair{manage, variantID}].quantity = 0
	return nil
}

// Quantity returns the stock of a SKU.
func (m *Mall) Quantity(shopID, manage, variantID string) (int64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if s := m.shops[shopID]; s != nil {
		if x := s.stock[pair{manage, variantID}]; x != nil {
			return x.quantity, nil
		}
	}
	return 0, fmt.Errorf("rakuten: no stock of %s %s", manage, variantID)
}
