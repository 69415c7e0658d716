package plan

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/mallbridge/mallbridge/configs"
	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/mappers/address"
	"github.com/mallbridge/mallbridge/mappers/delivery"
	"github.com/mallbridge/mallbridge/mappers/payment"
	"github.com/mallbridge/mallbridge/mappers/rules"
	"github.com/mallbridge/mallbridge/mappers/sku"
	"github.com/mallbridge/mallbridge/mappers/status"
	"github.com/mallbridge/mallbridge/order"
)

// A decision is what planning makes of one order.
type decision struct {
	row     *ledger.Row
	outside order.Reason
	holds   []order.Hold
	doubt   *order.Hold // what of it is in no instruction may have been sent
	parcels []*parcel
	effects []rules.Event
	class   status.Class
	mem     *memory
	wants   []ledger.Want // of an order without instructions whose goods are needed
}

// A parcel is one instruction to be, with the pieces that it claims.
type parcel struct {
	in   *order.Instruction
	w    *site
	rows []*ledger.Row // of the orders it serves
	bits []ledger.Piece
	key  string // of parcels that may be merged
}

func (d *decision) hold(r order.Reason, field, value, format string, args ...any) {
	d.holds = append(d.holds, order.Hold{Reason: r, Field: field, Value: value, Detail: fmt.Sprintf(format, args...)})
}

// decide maps the order of a new decision, holds what must not ship, and makes its
// parcels. It reads nothing but its arguments and the planner's masters.
func (p *planner) decide(d *decision, now time.Time) {
	row, mem := d.row, d.mem
	o := row.Order
	pay, payKnown := p.payment(mem, o.Payment)
	verdict := p.verdict(mem, o, pay)
	d.class = verdict.Class
	switch verdict.Class {
	case status.Instructed:
	case status.Hold:
		d.hold(verdict.Reason, "order.status", o.Status, "%s", verdict.Detail)
	default:
		d.outside = verdict.Reason
		return
	}
	if row.Wish.Cancelled {
		d.outside = order.OutPerson
		return
	}
	if day := p.dayOf(mem, o); p.since != "" && day != "" && day < p.since {
		d.outside = order.OutBeforeStart
		return
	}
	for _, f := range o.Flags {
		switch p.account.FlagAction(f) {
		case configs.FlagOutside:
			d.outside = order.OutRule
			if f == order.FlagMallFulfils {
				d.outside = order.OutMallFulfils
			}
			return
		case configs.FlagHold:
			d.hold(flagReason(f), "order.flags", f, "the mall marks the order %s", f)
		}
	}
	if !payKnown {
		d.hold(order.HoldPayment, "order.payment", o.Payment, "payment method %q", o.Payment)
	}
	if pay == payment.COD && len(o.Packages) > 1 {
		d.hold(order.HoldCollect, "order.total", "", "cash on delivery for %d recipients: who pays how much is not known", len(o.Packages))
	}
	if pay == payment.COD && o.Total <= 0 {
		d.hold(order.HoldCollect, "order.total", o.Money(o.Total).Decimal(), "cash on delivery of %s", o.Money(o.Total))
	}
	if !p.account.AutoInstruction {
		d.hold(order.HoldAutoOff, "", "", "auto_instruction is false for %s", p.account.Name)
	}
	p.remarks(d)
	for i := range o.Packages {
		p.pack(d, i, pay, now)
		if d.outside != "" {
			return
		}
	}
	if len(d.parcels) == 0 && len(d.holds) == 0 {
		d.hold(order.HoldRequired, "line.quantity", "", "the order has no lines")
	}
}

func flagReason(flag string) order.Reason {
	switch flag {
	case order.FlagMallCheck, order.FlagWarning:
		return order.HoldMallCheck
	case order.FlagAmountOpen:
		return order.HoldAmount
	case order.FlagClaim:
		return order.HoldClaim
	case order.FlagAddressLater:
		return order.HoldAddress
	}
	return order.HoldRemark
}

// remarks holds an order whose buyer wrote something that a person must read.
func (p *planner) remarks(d *decision) {
	r := &p.account.Remarks
	note := strings.TrimSpace(d.row.Order.Note)
	if note == "" || r.Hold == configs.HoldNever || r.Hold == configs.HoldUnlessKnown && p.knownRemark(note) {
		return
	}
	d.hold(order.HoldRemark, "order.note", note, "the buyer wrote %d characters", len([]rune(note)))
}

// knownRemark reports whether a remark consists of lines that need no person.
func (p *planner) knownRemark(note string) bool {
	for _, line := range strings.Split(note, "\n") {
		if s := foldRemark(line); s != "" && !p.known[s] {
			return false
		}
	}
	return true
}

// A need is one SKU of a package with where it comes from.
type need struct {
	sku.Component
	line  int   // position in the package
	part  int   // position in the set
	piece int64 // where a rule splits by piece: which
	total int64
	code  string
}

// pack makes the parcels of one package.
func (p *planner) pack(d *decision, index int, pay string, now time.Time) {
	o := d.row.Order
	k := &o.Packages[index]
	to := p.recipient(d, &k.To)
	needs := p.needs(d, k)
	text := k.Delivery
	if text == "" {
		text = o.Delivery
	}
	res := p.rule(d, index, needs, &to, pay, text, now)
	if d.outside != "" || len(needs) == 0 {
		return
	}
	wished(&res, d.row.Wish)
	for _, g := range p.route(d, index, needs, res.Warehouse) {
		for _, part := range splits(g.needs, res.Split) {
			p.parcel(d, index, g.group, part, to, pay, text, &res, now)
			res.Inserts = nil // they go into the first parcel
		}
	}
}

// wished puts a person's wish over what rules decided.
func wished(res *rules.Result, w ledger.Wish) {
	res.Warehouse = cmp.Or(w.Warehouse, res.Warehouse)
	res.Service = cmp.Or(w.Service, res.Service)
	res.Split = cmp.Or(w.Split, res.Split)
	if w.Apart {
		res.Merge = rules.MergeNever
	}
}

// recipient returns the party in the form that labels want, and holds what no
// carrier could deliver.
func (p *planner) recipient(d *decision, q *order.Party) order.Party {
	to := *q
	if to.Country == "" {
		to.Country = p.account.Country
	}
	if strings.TrimSpace(to.Name) == "" {
		d.hold(order.HoldAddress, "to.name", "", "the recipient has no name")
	}
	if strings.TrimSpace(to.Street) == "" && strings.TrimSpace(to.City) == "" {
		d.hold(order.HoldAddress, "to.street", "", "the address is empty")
	}
	if code, ok := address.NormalizePostal(to.Country, to.Postal); ok {
		to.Postal = code
	} else {
		d.hold(order.HoldPostal, "to.postal", to.Postal, "postal code %q of %s", to.Postal, to.Country)
	}
	if phone, ok := address.NormalizePhone(to.Country, to.Phone); ok {
		to.Phone = phone
	} else if second, ok := address.NormalizePhone(to.Country, to.Phone2); ok {
		to.Phone = second
	} else {
		d.hold(order.HoldPhone, "to.phone", to.Phone, "phone number %q", to.Phone)
	}
	if to.Prefecture == "" {
		if pref, rest, ok := address.SplitPrefecture(to.Country, to.Address()); ok && to.City == "" && to.Building == "" {
			to.Prefecture, to.Street = pref, rest
		}
	}
	return to
}

// needs links the lines of a package to SKUs. The result is valid until the next call
// for the same memory.
func (p *planner) needs(d *decision, k *order.Package) []need {
	out := d.mem.needs[:0]
	day := p.dayOf(d.mem, d.row.Order)
	for i := range k.Lines {
		l := &k.Lines[i]
		if l.Quantity < 1 {
			d.hold(order.HoldQuantity, "line.quantity", fmt.Sprint(l.Quantity), "line %s has quantity %d", l.Key, l.Quantity)
			continue
		}
		parts, code, ok := p.linked(d.mem, l, day)
		if !ok {
			if code == "" {
				d.hold(order.HoldSKU, "line", l.Name, "line %s (%s) has none of the codes %s", l.Key, l.Name, strings.Join(p.account.SKUFrom, ", "))
			} else {
				d.hold(order.HoldSKU, "line", code, "listing %s (%s)", code, l.Name)
			}
			continue
		}
		for n, c := range parts {
			out = append(out, need{Component: c, line: i, part: n, total: c.Quantity * l.Quantity, code: code})
		}
	}
	d.mem.needs = out
	return out
}

// route says from which warehouse and in which class each need travels. The
// groups come in the order of their first need. The result is valid until the next
// call for the same memory.
func (p *planner) route(d *decision, index int, needs []need, byRule string) []routed {
	out := d.mem.routes[:0]
	for _, n := range needs {
		name := byRule
		if name == "" {
			name = n.Warehouse
		}
		if name == "" {
			name = p.account.Warehouse
		}
		if name == "" && len(p.sites) == 1 {
			for only := range p.sites {
				name = only
			}
		}
		w, ok := p.sites[name]
		if !ok {
			d.hold(order.HoldWarehouse, "instruction.warehouse", name, "package %s: warehouse %q is not in warehouses/", d.row.Order.Packages[index].Key, name)
			continue
		}
		t := n.Temperature
		if t == "" {
			t = order.Normal
		}
		if !slices.Contains(w.cfg.Temperatures, t) {
			d.hold(order.HoldWarehouse, "line.temperature", string(t), "warehouse %s does not handle %s goods (%s)", name, t, n.SKU)
			continue
		}
		g := group{name, t}
		if !w.cfg.Split.Temperature {
			g.temperature = ""
		}
		at := slices.IndexFunc(out, func(r routed) bool { return r.group == g })
		if at < 0 {
			at = len(out)
			if at < cap(out) {
				out = out[:at+1]
			} else {
				out = append(out, routed{})
			}
			out[at].group, out[at].needs = g, out[at].needs[:0]
		}
		out[at].needs = append(out[at].needs, n)
	}
	d.mem.routes = out
	return out
}

// A routed is what of a package goes together.
type routed struct {
	group
	needs []need
}

type group struct {
	warehouse   string
	temperature order.Temperature
}

// coldest returns the class in which goods of all needs can travel together.
func coldest(needs []need) order.Temperature {
	t := order.Normal
	for _, n := range needs {
		switch n.Temperature {
		case order.Frozen:
			return order.Frozen
		case order.Chilled:
			t = order.Chilled
		}
	}
	return t
}

func (p *planner) parcel(d *decision, index int, g group, needs []need, to order.Party, pay, text string, res *rules.Result, now time.Time) {
	o, w := d.row.Order, p.sites[g.warehouse]
	k := &o.Packages[index]
	t := g.temperature
	if t == "" {
		t = coldest(needs)
	}
	made := new(struct { // one piece of memory
		parcel
		in  order.Instruction
		row [1]*ledger.Row
	})
	in := &made.in
	*in = order.Instruction{
		Warehouse: g.warehouse, Account: p.account.Name, To: to, From: p.sender, Temperature: t, DeliverOn: k.DeliverOn,
		Payment: pay, Currency: o.Currency, Note: k.Note, CustomsID: k.CustomsID, Parcels: 1,
	}
	if len(res.Notes) > 0 {
		in.Note = in.Note + " " + strings.Join(res.Notes, " ")
	}
	in.Note = strings.TrimSpace(in.Note)
	p.service(d, in, text, res.Service)
	if k.TimeBand != "" {
		band, ok := p.env.Workspace.Bands.Band(p.account.Name, p.account.Mall, in.Carrier, k.TimeBand)
		if !ok {
			d.hold(order.HoldTimeBand, "package.time_band", k.TimeBand, "wished time %q for carrier %s", k.TimeBand, in.Carrier)
		}
		in.TimeBand = band
	}
	if pay == payment.COD {
		if len(d.parcels) > 0 {
			d.hold(order.HoldCollect, "order.total", "", "cash on delivery cannot be split over several parcels")
		}
		in.Collect, in.CollectTax = o.Total, taxInside(o)
	}
	p.days(d, in, k, w, res.NotBefore, now)
	made.row[0] = d.row
	pc := &made.parcel
	*pc = parcel{in: in, w: w, rows: made.row[:], bits: make([]ledger.Piece, 0, len(needs))}
	in.Lines = make([]order.InstructionLine, 0, len(needs))
	for _, n := range needs {
		l := &k.Lines[n.line]
		name := n.Name
		if name == "" {
			name = l.Name
		}
		price := l.Price
		if n.Quantity > 1 || n.part > 0 {
			price = 0
			if n.part == 0 {
				price = l.Price / n.Quantity
			}
		}
		in.Lines = append(in.Lines, order.InstructionLine{
			OrderID: d.row.ID, Account: o.Account, Order: o.Number, Package: k.Key, Line: l.Key, SKU: n.SKU, Name: name, Option: l.Option,
			Quantity: n.total, Price: price, Weight: n.Weight, Listing: n.code, Ordered: o.Ordered.Text,
		})
		pc.bits = append(pc.bits, ledger.Piece{OrderID: d.row.ID, Package: int64(index), Line: int64(n.line), Part: int64(n.part)<<32 | n.piece, Quantity: n.total, SKU: n.SKU})
	}
	p.inserts(d, in, res.Inserts)
	own := p.mayMerge && (p.twins[d.row.Recipient] || p.account.Merge.Within > 0) && res.Merge != rules.MergeNever
	if (own || d.row.Wish.Together != 0) && len(o.Packages) == 1 && pay != payment.COD {
		pc.key = mergeKey(in)
	}
	d.parcels = append(d.parcels, pc)
}

func (p *planner) service(d *decision, in *order.Instruction, text, byRule string) {
	s, ok := p.served(d.mem, delivery.Query{
		Account: p.account.Name, Mall: p.account.Mall, Name: text, Payment: in.Payment, Temperature: in.Temperature, Warehouse: in.Warehouse,
	})
	if byRule != "" {
		in.Service = byRule
		if carrier, known := p.env.Workspace.Services.Carrier(byRule); known {
			in.Carrier = carrier
			return
		}
		d.hold(order.HoldDelivery, "instruction.service", byRule, "delivery service %q is asked for, which the master lacks", byRule)
		return
	}
	if !ok {
		d.hold(order.HoldDelivery, "order.delivery", text, "delivery method %q (%s, %s, %s)", text, in.Payment, in.Temperature, in.Warehouse)
		return
	}
	in.Service, in.Carrier = s.Service, s.Carrier
}

// keepDays is how long carriers of both countries keep a parcel with a wished
// date at their depot.
const keepDays = 7

// days sets the shipping day: the warehouse's next one after its lead time, not
// before a stated date, and so late that the carrier need not keep the parcel for
// more than keepDays.
func (p *planner) days(d *decision, in *order.Instruction, k *order.Package, w *site, notBefore order.Date, now time.Time) {
	first := d.mem.firstDay(w, now)
	in.NotBefore = notBefore
	in.ShipOn = first
	if notBefore > in.ShipOn {
		in.ShipOn = w.cal.NextWorking(notBefore)
	}
	if k.DeliverOn == "" {
		return
	}
	if _, ok := k.DeliverOn.Time(time.UTC); !ok {
		d.hold(order.HoldDeliveryDate, "package.deliver_on", string(k.DeliverOn), "delivery date %q is no date", k.DeliverOn)
		return
	}
	if earliest := w.cal.LastWorking(k.DeliverOn.AddDays(-keepDays)); earliest > in.ShipOn {
		in.ShipOn = earliest
	}
	if _, inTime := w.cal.ShipDayFor(k.DeliverOn, 1, in.ShipOn); !inTime {
		d.hold(order.HoldDeliveryDate, "package.deliver_on", string(k.DeliverOn), "delivery on %s: warehouse %s ships on %s at the earliest", k.DeliverOn, w.cfg.Name, in.ShipOn)
	}
}

// taxInside is the consumption tax inside what is collected: each line by its
// rate, everything else at 10 %, rounded down.
func taxInside(o *order.Order) int64 {
	if o.Currency != "JPY" {
		return 0
	}
	var tax, goods int64
	for i := range o.Packages {
		for j := range o.Packages[i].Lines {
			l := &o.Packages[i].Lines[j]
			amount := l.Price * l.Quantity
			goods += amount
			switch strings.TrimSuffix(l.TaxRate, "%") {
			case "0.08", "8":
				tax += amount * 8 / 108
			case "0", "0.0", "0.00":
			default:
				tax += amount * 10 / 110
			}
		}
	}
	if rest := o.Total - goods; rest > 0 {
		tax += rest * 10 / 110
	}
	return min(tax, o.Total)
}
