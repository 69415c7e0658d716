package ledger

import (
	"encoding/binary"
	"errors"

	"github.com/mallbridge/mallbridge/order"
)

// Orders and instructions are kept whole as one packed value beside the columns
// that queries need: a leading version byte, then the fields in the order of the
// types below, text as length and bytes, numbers as zig-zag varints, lists as
// count and items. A recipient who is the buyer, and a field of an instruction's
// line that is the same as in the line before, are not written again. A new field
// goes at the end of its struct under a new version.
const docVersion = 1

type packer struct{ b []byte }

func (p *packer) str(s string) {
	p.b = binary.AppendUvarint(p.b, uint64(len(s)))
	p.b = append(p.b, s...)
}

func (p *packer) strs(v ...string) {
	for _, s := range v {
		p.str(s)
	}
}
func (p *packer) int(n int64) { p.b = binary.AppendVarint(p.b, n) }
func (p *packer) ints(v ...int64) {
	for _, n := range v {
		p.int(n)
	}
}

var errDoc = errors.New("ledger: a stored document is damaged")

type unpacker struct {
	s   string // the strings handed out are parts of it
	bad bool
}

func (u *unpacker) uvarint() uint64 {
	var n uint64
	for shift := 0; len(u.s) > 0 && shift < 64; shift += 7 {
		c := u.s[0]
		u.s = u.s[1:]
		n |= uint64(c&0x7f) << shift
		if c < 0x80 {
			return n
		}
	}
	u.bad = true
	return 0
}

func (u *unpacker) int() int64 {
	n := u.uvarint()
	return int64(n>>1) ^ -int64(n&1)
}

func (u *unpacker) str() string {
	n := u.uvarint()
	if n > uint64(len(u.s)) {
		u.bad, u.s = true, ""
		return ""
	}
	s := u.s[:n]
	u.s = u.s[n:]
	return s
}

func (u *unpacker) strs(v ...*string) {
	for _, s := range v {
		*s = u.str()
	}
}

func (u *unpacker) ints(v ...*int64) {
	for _, n := range v {
		*n = u.int()
	}
}

// count reads a list's length. An item takes at least size bytes, so that a
// damaged length asks for no more memory than the document could fill.
func (u *unpacker) count(size int) int {
	n := u.uvarint()
	if n > uint64(len(u.s)/size) {
		u.bad, u.s = true, ""
		return 0
	}
	return int(n)
}

// items reads a list's length and makes the list.
func items[T any](u *unpacker, size int) []T {
	if n := u.count(size); n > 0 {
		return make([]T, n)
	}
	return nil
}

func (u *unpacker) list() []string {
	v := items[string](u, 1)
	for i := range v {
		v[i] = u.str()
	}
	return v
}

func (p *packer) list(v []string) {
	p.b = binary.AppendUvarint(p.b, uint64(len(v)))
	p.strs(v...)
}

func (p *packer) party(q *order.Party) {
	p.strs(q.Name, q.Kana, q.Company, q.Phone, q.Phone2, q.Email, q.Country, q.Postal, q.Prefecture, q.City, q.Street, q.Building)
}

func (u *unpacker) party(q *order.Party) {
	u.strs(&q.Name, &q.Kana, &q.Company, &q.Phone, &q.Phone2, &q.Email, &q.Country, &q.Postal, &q.Prefecture, &q.City, &q.Street, &q.Building)
}

// appendContent packs what a warehouse needs to know of an order: everything but
// its account, number and statuses. The content hash is taken over it.
func (p *packer) content(o *order.Order) {
	p.str(o.Ordered.Text)
	p.int(instant(o.Ordered.UTC))
	p.strs(o.Payment, o.Delivery, o.Currency)
	p.ints(o.Total, o.Goods, o.Postage, o.Fee, o.Discount)
	p.party(&o.Buyer)
	p.strs(o.Note, o.Memo)
	p.list(o.Flags)
	p.b = binary.AppendUvarint(p.b, uint64(len(o.Packages)))
	for i := range o.Packages {
		k := &o.Packages[i]
		p.str(k.Key)
		if k.To == o.Buyer { // as it is with most orders
			p.b = append(p.b, 1)
		} else {
			p.b = append(p.b, 0)
			p.party(&k.To)
		}
		p.strs(string(k.DeliverOn), k.TimeBand, string(k.ShipBy), k.Delivery, k.Note, k.CustomsID)
		p.b = binary.AppendUvarint(p.b, uint64(len(k.Lines)))
		for j := range k.Lines {
			l := &k.Lines[j]
			p.strs(l.Key, l.Codes.ItemID, l.Codes.ItemCode, l.Codes.OptionID, l.Codes.OptionCode, l.Codes.SKUCode, l.Codes.Barcode,
				l.Name, l.Option, l.TaxRate, l.Note)
			p.ints(l.Quantity, l.Price)
		}
	}
}

// packOrder appends o to b. The content part comes last; from is where it begins.
func packOrder(b []byte, o *order.Order) (doc []byte, from int) {
	p := packer{append(b, docVersion)}
	p.strs(o.Account, o.Number, o.Status, o.SubStatus)
	from = len(p.b)
	p.content(o)
	return p.b, from
}

func unpackOrder(doc []byte) (*order.Order, error) {
	if len(doc) == 0 || doc[0] != docVersion {
		return nil, errDoc
	}
	u := unpacker{s: string(doc[1:])}
	o := &order.Order{}
	u.strs(&o.Account, &o.Number, &o.Status, &o.SubStatus)
	o.Ordered.Text = u.str()
	o.Ordered.UTC = timeOf(u.int())
	u.strs(&o.Payment, &o.Delivery, &o.Currency)
	u.ints(&o.Total, &o.Goods, &o.Postage, &o.Fee, &o.Discount)
	u.party(&o.Buyer)
	u.strs(&o.Note, &o.Memo)
	o.Flags = u.list()
	o.Packages = items[order.Package](&u, 9)
	for i := range o.Packages {
		k := &o.Packages[i]
		k.Key = u.str()
		if u.uvarint() == 1 {
			k.To = o.Buyer
		} else {
			u.party(&k.To)
		}
		k.DeliverOn = order.Date(u.str())
		k.TimeBand = u.str()
		k.ShipBy = order.Date(u.str())
		u.strs(&k.Delivery, &k.Note, &k.CustomsID)
		k.Lines = items[order.Line](&u, 13)
		for j := range k.Lines {
			l := &k.Lines[j]
			u.strs(&l.Key, &l.Codes.ItemID, &l.Codes.ItemCode, &l.Codes.OptionID, &l.Codes.OptionCode, &l.Codes.SKUCode, &l.Codes.Barcode,
				&l.Name, &l.Option, &l.TaxRate, &l.Note)
			u.ints(&l.Quantity, &l.Price)
		}
	}
	if u.bad || u.s != "" {
		return nil, errDoc
	}
	return o, nil
}

// packInstruction appends in to b and returns what it appended as doc.
func packInstruction(b []byte, in *order.Instruction) (all, doc []byte) {
	p := packer{append(b, docVersion)}
	p.strs(in.Number, in.Warehouse, in.Account)
	p.party(&in.To)
	p.party(&in.From)
	p.strs(in.Service, in.Carrier, string(in.Temperature), in.TimeBand, string(in.DeliverOn), string(in.ShipOn), string(in.NotBefore),
		in.Payment, in.Currency, in.Note, in.CustomsID)
	p.ints(in.Collect, in.CollectTax, in.Parcels)
	p.b = binary.AppendUvarint(p.b, uint64(len(in.Lines)))
	last := &order.InstructionLine{Account: in.Account}
	for i := range in.Lines {
		p.line(&in.Lines[i], last)
		last = &in.Lines[i]
	}
	return p.b, p.b[len(b):len(p.b):len(p.b)]
}

// texts and numbers are the fields of a line in the order in which they are
// packed.
func texts(l *order.InstructionLine) [9]*string {
	return [9]*string{&l.Account, &l.Order, &l.Package, &l.Line, &l.SKU, &l.Name, &l.Option, &l.Listing, &l.Ordered}
}

func numbers(l *order.InstructionLine) [4]*int64 {
	return [4]*int64{&l.OrderID, &l.Quantity, &l.Price, &l.Weight}
}

// line packs a bit for each field that differs from the line before, and these
// fields.
func (p *packer) line(l, last *order.InstructionLine) {
	var mask uint64
	ts, ns := texts(l), numbers(l)
	for i, t := range texts(last) {
		if *ts[i] != *t {
			mask |= 1 << i
		}
	}
	for i, n := range numbers(last) {
		if *ns[i] != *n {
			mask |= 1 << (len(ts) + i)
		}
	}
	p.b = binary.AppendUvarint(p.b, mask)
	for i, t := range ts {
		if mask&(1<<i) != 0 {
			p.str(*t)
		}
	}
	for i, n := range ns {
		if mask&(1<<(len(ts)+i)) != 0 {
			p.int(*n)
		}
	}
}

func (u *unpacker) line(l, last *order.InstructionLine) {
	*l = *last
	mask := u.uvarint()
	ts := texts(l)
	for i, t := range ts {
		if mask&(1<<i) != 0 {
			*t = u.str()
		}
	}
	for i, n := range numbers(l) {
		if mask&(1<<(len(ts)+i)) != 0 {
			*n = u.int()
		}
	}
}

// room returns an arena to append documents to: arena itself, or a new one when
// an ordinary document might not fit: small at first, for most calls store an order or
// two. What was appended before stays as it is.
func room(arena []byte) []byte {
	const first, most, ordinary = 16 << 10, 1 << 20, 8 << 10
	if cap(arena)-len(arena) < ordinary {
		return make([]byte, 0, min(max(8*cap(arena), first), most))
	}
	return arena
}

func unpackInstruction(doc []byte) (*order.Instruction, error) {
	if len(doc) == 0 || doc[0] != docVersion {
		return nil, errDoc
	}
	u := unpacker{s: string(doc[1:])}
	in := &order.Instruction{}
	u.strs(&in.Number, &in.Warehouse, &in.Account)
	u.party(&in.To)
	u.party(&in.From)
	in.Service, in.Carrier = u.str(), u.str()
	in.Temperature = order.Temperature(u.str())
	in.TimeBand = u.str()
	in.DeliverOn, in.ShipOn, in.NotBefore = order.Date(u.str()), order.Date(u.str()), order.Date(u.str())
	u.strs(&in.Payment, &in.Currency, &in.Note, &in.CustomsID)
	u.ints(&in.Collect, &in.CollectTax, &in.Parcels)
	in.Lines = items[order.InstructionLine](&u, 1)
	last := &order.InstructionLine{Account: in.Account}
	for i := range in.Lines {
		u.line(&in.Lines[i], last)
		last = &in.Lines[i]
	}
	if u.bad || u.s != "" {
		return nil, errDoc
	}
	return in, nil
}
