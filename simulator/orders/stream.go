package orders

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// A Stream makes orders, one day after another.
type Stream struct {
	r   *rand.Rand
	seq map[string]int // running numbers, by mall
	n   int            // people so far
}

// NewStream begins a stream.
func NewStream(seed uint64) *Stream {
	return &Stream{r: rand.New(rand.NewPCG(seed, 0x6d616c6c)), seq: map[string]int{}}
}

// shares says how many of a hundred orders come from each mall.
var shares = []struct {
	mall string
	of   int
}{{Rakuten, 46}, {SmartStore, 20}, {Coupang, 18}, {Plain, 16}}

// Day makes about count orders that were placed in the two days before now, by
// mall. now is in the malls' zone.
func (s *Stream) Day(now time.Time, count int) map[string][]Order {
	out := map[string][]Order{}
	left := count
	for i, x := range shares {
		n := count * x.of / 100
		if i == len(shares)-1 {
			n = left
		}
		left -= n
		out[x.mall] = s.Mall(x.mall, now, n)
	}
	return out
}

// Mall makes n orders of one mall, mixed.
func (s *Stream) Mall(mall string, now time.Time, n int) []Order {
	var out []Order
	// One of each kind first, then more of those that are frequent, in turns; a
	// third of the orders stays ordinary.
	for turn := 0; ; turn++ {
		more := false
		for _, k := range kinds[mall] {
			if turn > 0 && turn >= k.per1000*n/1000 {
				continue
			}
			if 3*(len(out)+k.makes) <= 2*n {
				out = append(out, k.make(s, mall, now)...)
				more = true
			}
		}
		if !more {
			break
		}
	}
	for len(out) < n {
		out = append(out, s.order(mall, now))
	}
	s.r.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}

// Ordinary makes n orders without anything special.
func (s *Stream) Ordinary(mall string, now time.Time, n int) []Order {
	var out []Order
	for range n {
		out = append(out, s.order(mall, now))
	}
	return out
}

func (s *Stream) person(country string) Person {
	s.n++
	switch country {
	case "KR":
		return personKR(s.r, s.n)
	case "US":
		return personAbroad(s.r, s.n)
	}
	return personJP(s.r, s.n)
}

// order makes an ordinary order of one to three lines that can be instructed.
func (s *Stream) order(mall string, now time.Time) Order {
	s.seq[mall]++
	seq := s.seq[mall]
	o := Order{Mall: mall, Kind: "ordinary", Ordered: now.Add(-time.Duration(1+s.r.IntN(36*60)) * time.Minute).Truncate(time.Second), Currency: "JPY"}
	o.Fate, o.First = yes, yes
	country := "JP"
	switch mall {
	case Rakuten:
		o.Number = fmt.Sprintf("399001-%s-%010d", o.Ordered.Format("20060102"), 10_000_000+seq)
		o.Status, o.Payment, o.Delivery = "300", "クレジットカード", "宅配便"
	case SmartStore:
		o.Number = fmt.Sprintf("%s%08d", o.Ordered.Format("20060102"), 10_000_000+10*seq)
		o.Status, o.SubStatus, o.Payment, o.Delivery = "결제완료", "발주확인", pick(s.r, []string{"신용카드", "무통장입금", "포인트결제"}), "택배,등기,소포"
		country, o.Currency = "KR", "KRW"
	case Coupang:
		o.Number = fmt.Sprintf("31%s%06d", o.Ordered.Format("060102"), seq*7)
		country, o.Currency = "KR", "KRW"
	case ElevenSt:
		o.Number = fmt.Sprintf("%s%09d", o.Ordered.Format("20060102"), seq*11)
		o.Status = "301"
		country, o.Currency = "KR", "KRW"
	case Amazon:
		o.Number = fmt.Sprintf("503-%07d-%07d", 1_000_000+seq%9_000_000, seq*13%10_000_000)
		o.Status, o.Payment, o.Delivery = "UNSHIPPED", "CreditCard", "STANDARD"
	case Ebay:
		o.ebay(seq)
		country = "US"
	case Shopserve:
		o.Number = fmt.Sprintf("%s%05d", o.Ordered.Format("20060102"), seq)
		o.Payment, o.Delivery = "クレジットカード", "宅配便"
	case Shopify:
		o.Number = fmt.Sprintf("#%d", 1000+seq)
		o.Status, o.Payment, o.Delivery = "paid", "shopify_payments", "宅急便"
	case YahooShopping, YahooAuction:
		o.Number = fmt.Sprintf("%s-%d", YahooStore, 10_000_000+seq)
		o.Status, o.Payment, o.Delivery = "2", "payment_a1", "宅配便"
		if mall == YahooAuction {
			o.Number = fmt.Sprintf("%s-%d", YahooStore, 20_000_000+seq)
		}
	case Plain:
		o.Number = fmt.Sprintf("A-%s-%04d", now.Format("0102"), seq)
		o.Status, o.Payment, o.Delivery = "ready", "prepaid", "宅配便"
	}
	o.Buyer = s.person(country)
	o.Parcels = []Parcel{s.parcel(mall, seq, 1, o.Buyer)}
	for range 1 + s.r.IntN(3) {
		s.add(&o, 0, pick(s.r, s.everyday(mall)))
	}
	o.sum()
	return o
}

// everyday are goods that need nothing special: linked, at room temperature, not
// reserved for a day.
func (s *Stream) everyday(mall string) []*Good {
	var out []*Good
	if mall == Shopify || mall == Shopserve { // the same shop, by its SKUs
		mall = Plain
	}
	for _, g := range goodsOf(mall, "") {
		switch g.Picks[0].SKU {
		case "CAKE-01", "MISO-500", "VASE-L", "OSEIBO-A", "KIMCHI-1":
		case "SEAWEED-10":
			if mall == Coupang || mall == ElevenSt {
				out = append(out, g)
			}
		default:
			out = append(out, g)
		}
	}
	return out
}

func (s *Stream) parcel(mall string, seq, n int, to Person) Parcel {
	p := Parcel{To: to}
	switch mall {
	case Shopserve:
		p.Key = fmt.Sprintf("%d", n)
	case Rakuten:
		p.Key = fmt.Sprintf("22%08d", seq*10+n)
	case SmartStore:
		p.Key = fmt.Sprintf("30%08d", seq*10+n)
	case Coupang:
		p.Key = fmt.Sprintf("64%016d", 2_500_000_000+int64(seq)*10+int64(n))
	case ElevenSt:
		p.Key = fmt.Sprintf("15%08d", seq*10+n)
	case Amazon:
		p.Key = "1"
	case Shopify:
		p.Key = itoa(int64(n))
	case YahooShopping, YahooAuction:
		p.Key = "1"
	}
	return p
}

// add puts one line into a parcel. A good that is there already gets one more.
func (s *Stream) add(o *Order, parcel int, g *Good) {
	p := &o.Parcels[parcel]
	for i := range p.Lines {
		if l := &p.Lines[i]; l.Name == g.Name && l.Option == g.Option {
			l.Quantity++
			return
		}
	}
	l := Line{Name: g.Name, Option: g.Option, Quantity: 1 + int64(s.r.IntN(2)), Price: g.Price, TaxRate: g.Tax}
	n := o.Lines() + 1
	switch o.Mall {
	case Rakuten:
		l.Key, l.ItemID, l.OptionCode = fmt.Sprintf("%s%02d", o.Parcels[0].Key, n), g.Item, "normal-inventory"
		if g.From == "sku_code" {
			l.SKUCode = g.Code
		} else if _, option, _ := cut(g.Code); option != "" {
			l.OptionCode = option
		}
	case SmartStore:
		l.Key, l.ItemID = fmt.Sprintf("%s%08d", o.Ordered.Format("20060102"), 20_000_000+s.seq[SmartStore]*10+n), g.Item
		if g.From == "option_code" {
			l.OptionCode, l.ItemCode = g.Code, "HK"
		} else {
			l.ItemCode = g.Code
		}
	case Coupang:
		l.OptionID, l.Key, l.ItemID = g.Item, g.Item, "6"+g.Item[:10]
		if g.From == "item_code" {
			l.ItemCode = g.Code
		}
	case ElevenSt:
		l.Key, l.ItemID, l.OptionID = itoa(int64(n)), g.Item, "2"+g.Item+itoa(g.nth())
		switch g.From {
		case "option_code":
			l.OptionCode, l.ItemCode = g.Code, "HK"
		case "item_code":
			l.ItemCode = g.Code
		}
	case Amazon:
		l.Key, l.ItemID, l.ItemCode = fmt.Sprintf("4%011d%02d", s.seq[Amazon], n), g.Item, g.Code
	case Ebay:
		l.Key, l.ItemID, l.SKUCode = fmt.Sprintf("1%011d%02d", s.seq[Ebay], n), g.Item, g.Code
	case Shopify:
		at := int64(slices.IndexFunc(Goods, func(x Good) bool { return x.Name == g.Name && x.Option == g.Option }))
		l.Key, l.SKUCode, l.ItemID, l.OptionID = itoa(int64(n)), g.Code, itoa(8_100_000_000+at), itoa(4_100_000_000+at)
	case YahooShopping:
		l.Key, l.ItemCode = itoa(int64(n)), g.Item
		if g.From == "option_code" {
			l.OptionCode = g.Code
		}
	case YahooAuction:
		l.Key, l.ItemID, l.ItemCode, l.SKUCode = itoa(int64(n)), g.Item, g.Item, g.Code
	case Shopserve:
		l.ItemCode = g.Code
	case Plain:
		l.ItemCode, l.SKUCode = "P-"+g.Code, g.Code
	}
	p.Lines = append(p.Lines, l)
}

func cut(code string) (item, option string, ok bool) {
	for i, c := range code {
		if c == ':' {
			return code[:i], code[i+1:], true
		}
	}
	return code, "", false
}

// sum fills the amounts from the lines.
func (o *Order) sum() {
	o.Goods = 0
	for _, p := range o.Parcels {
		for _, l := range p.Lines {
			o.Goods += l.Price * max(l.Quantity, 0)
		}
	}
	o.Postage = 0
	if o.Currency == "JPY" && o.Goods < 3980 {
		o.Postage = 680
	}
	if o.Currency == "KRW" && o.Goods < 30000 {
		o.Postage = 3000
	}
	if o.Currency == "USD" {
		o.Postage = 1500
	}
	o.Total = o.Goods + o.Postage + o.Fee
}
