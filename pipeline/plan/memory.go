package plan

import (
	"strings"
	"time"

	"github.com/mallbridge/mallbridge/mappers/delivery"
	"github.com/mallbridge/mallbridge/mappers/sku"
	"github.com/mallbridge/mallbridge/mappers/status"
	"github.com/mallbridge/mallbridge/order"
)

// A memory is what one worker of a planner was told by the masters: most orders ask
// the same. It lives as long as the planner, whose masters do not change.
type memory struct {
	payments map[string]paid
	verdicts map[asked]status.Verdict
	services map[delivery.Query]served
	days     map[int64]order.Date
	first    map[*site]order.Date
	links    map[string]linked
	needs    []need   // room for those of a package
	routes   []routed // likewise
}

// A linked is what the SKU links say of a code on a day.
type linked struct {
	parts []sku.Component
	ok    bool
	from  string // the kind of code
	day   order.Date
}

// A paid is what the payment master says.
type paid struct {
	payment string
	known   bool
}

// An asked is what an order's class depends on.
type asked struct{ status, substatus, text, payment string }

// A served is what the master of delivery services says.
type served struct {
	delivery.Service
	ok bool
}

func newMemory() *memory {
	return &memory{
		payments: map[string]paid{}, verdicts: map[asked]status.Verdict{}, services: map[delivery.Query]served{},
		days: map[int64]order.Date{}, first: map[*site]order.Date{}, links: map[string]linked{},
	}
}

// remember keeps an answer, and forgets all others before they become many.
func remember[K comparable, V any](m map[K]V, k K, v V) {
	const many = 10_000
	if len(m) >= many {
		clear(m)
	}
	m[k] = v
}

// The strings of an order share memory with its whole text, so keys are copied.

func (p *planner) payment(m *memory, text string) (string, bool) {
	got, ok := m.payments[text]
	if !ok {
		got.payment, got.known = p.env.Workspace.Payments.Map(p.account.Name, p.account.Mall, text)
		remember(m.payments, strings.Clone(text), got)
	}
	return got.payment, got.known
}

func (p *planner) verdict(m *memory, o *order.Order, pay string) status.Verdict {
	k := asked{o.Status, o.SubStatus, o.Payment, pay}
	v, ok := m.verdicts[k]
	if !ok {
		v = p.statuses.Resolve(o.Status, o.SubStatus, o.Payment, pay)
		remember(m.verdicts, asked{strings.Clone(o.Status), strings.Clone(o.SubStatus), strings.Clone(o.Payment), pay}, v)
	}
	return v
}

func (p *planner) served(m *memory, q delivery.Query) (delivery.Service, bool) {
	s, ok := m.services[q]
	if !ok {
		s.Service, s.ok = p.env.Workspace.Services.Match(q)
		q.Name = strings.Clone(q.Name)
		remember(m.services, q, s)
	}
	return s.Service, s.ok
}

// linked returns what a line is on a day; see [sku.Index.Match].
func (p *planner) linked(m *memory, l *order.Line, day order.Date) (parts []sku.Component, code string, ok bool) {
	from := ""
	for _, from = range p.account.SKUFrom {
		if code = sku.Code(l, from); code != "" {
			break
		}
	}
	got, known := m.links[code]
	if !known || got.day != day || got.from != from {
		got = linked{from: from, day: day}
		got.parts, code, got.ok = p.env.Workspace.SKUs.Match(p.account.Name, p.account.Mall, p.account.SKUFrom, l, day)
		if !known {
			p.listed(code, l, got.ok)
		}
		remember(m.links, strings.Clone(code), got)
	}
	return got.parts, code, got.ok
}

// dayOf returns the account's day on which an order was placed, empty where that
// is not known. Zones differ by whole quarters of an hour.
func (p *planner) dayOf(m *memory, o *order.Order) order.Date {
	t := o.Ordered.UTC
	if t.IsZero() {
		return ""
	}
	quarter := t.Unix() / (15 * 60)
	day, ok := m.days[quarter]
	if !ok {
		day = order.DateOf(t.In(p.account.Location))
		remember(m.days, quarter, day)
	}
	return day
}

// firstDay is the day on which a warehouse ships what it is told of now, which is
// the same in all of a run.
func (m *memory) firstDay(w *site, now time.Time) order.Date {
	day, ok := m.first[w]
	if !ok {
		day = w.cal.AddWorking(w.cal.NextShipDay(now), w.cfg.Calendar.LeadDays)
		m.first[w] = day
	}
	return day
}
