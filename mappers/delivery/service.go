package delivery

import (
	"fmt"
	"sort"
	"strings"

	"github.com/mallbridge/mallbridge/order"
)

// Any is the name that matches every delivery text, also an empty one.
const Any = "*"

// A ServiceRow is one line of the delivery service master
// (masters/delivery-services.csv). Account and Name say what it is for; Payment,
// Temperature and Warehouse narrow it where they are filled. The tags are the
// column names.
type ServiceRow struct {
	Account     string `csv:"account"`     // account name or mall; empty for every account
	Name        string `csv:"name"`        // the mall's delivery text, or *
	Payment     string `csv:"payment"`     // our kind: cod …
	Temperature string `csv:"temperature"` // normal, chilled, frozen
	Warehouse   string `csv:"warehouse"`
	Service     string `csv:"service"` // our service code: the format's code table turns it into the warehouse's
	Carrier     string `csv:"carrier"` // carrier code: yamato, sagawa, japanpost, cj …
	Line        int    `csv:"-"`
}

// A Service is what a parcel travels by.
type Service struct {
	Service string
	Carrier string
	Line    int // of the master
}

// Services answers by what a package travels. It is safe for concurrent use.
type Services struct {
	rows map[serviceKey][]ServiceRow // most special first
}

type serviceKey struct{ account, name string }

// NewServices checks rows and prepares lookups. Services holds the rows without
// findings.
func NewServices(rows []ServiceRow) (*Services, []Finding) {
	s := &Services{rows: map[serviceKey][]ServiceRow{}}
	var all []Finding
	for _, r := range rows {
		if f := s.add(r); len(f) > 0 {
			all = append(all, f...)
		}
	}
	for _, list := range s.rows {
		sort.SliceStable(list, func(i, j int) bool { return list[i].rank() > list[j].rank() })
	}
	return s, all
}

func (s *Services) add(r ServiceRow) []Finding {
	r.Account, r.Warehouse = strings.TrimSpace(r.Account), strings.TrimSpace(r.Warehouse)
	r.Service, r.Carrier = strings.TrimSpace(r.Service), strings.TrimSpace(r.Carrier)
	r.Payment = strings.ToLower(fold(r.Payment))
	var all []Finding
	name := fold(r.Name)
	if name == "" {
		all = append(all, Finding{r.Line, "name", "", "the mall's delivery method is empty", "write the mall's text, or * for all others"})
	}
	if r.Service == "" {
		all = append(all, Finding{r.Line, "service", "", "the service is empty", "write our code of the delivery service"})
	}
	if r.Carrier == "" {
		all = append(all, Finding{r.Line, "carrier", "", "the carrier is empty", "write the carrier's code: yamato, sagawa, japanpost, cj …"})
	}
	switch t := order.Temperature(strings.ToLower(fold(r.Temperature))); t {
	case "", order.Normal, order.Chilled, order.Frozen:
		r.Temperature = string(t)
	default:
		all = append(all, Finding{r.Line, "temperature", r.Temperature, "is not a temperature class", "use normal, chilled, frozen or leave it empty"})
	}
	if len(all) > 0 {
		return all
	}
	k := serviceKey{r.Account, name}
	for _, o := range s.rows[k] {
		if o.Payment == r.Payment && o.Temperature == r.Temperature && o.Warehouse == r.Warehouse {
			return []Finding{{r.Line, "name", r.Name, fmt.Sprintf("line %d is for the same deliveries", o.Line), "keep one of the two lines, or narrow one"}}
		}
	}
	s.rows[k] = append(s.rows[k], r)
	return nil
}

// rank orders rows of one name: a warehouse outweighs a payment, that a temperature.
func (r *ServiceRow) rank() int {
	n := 0
	if r.Warehouse != "" {
		n += 4
	}
	if r.Payment != "" {
		n += 2
	}
	if r.Temperature != "" {
		n++
	}
	return n
}

// A Query is one package for which a service is wanted.
type Query struct {
	Account     string
	Mall        string
	Name        string // the mall's delivery text
	Payment     string // our kind
	Temperature order.Temperature
	Warehouse   string // empty while none is chosen: rows for one warehouse do not match then
}

// Match returns the service of a package. Rows of the account go before those of
// its mall and those before rows for every account; within them the exact text
// goes before *, and of the rows left the one that names a warehouse, then a
// payment, then a temperature.
func (s *Services) Match(q Query) (Service, bool) {
	name := fold(q.Name)
	for _, account := range [...]string{q.Account, q.Mall, ""} {
		for _, n := range [...]string{name, Any} {
			for i := range s.rows[serviceKey{account, n}] {
				if r := &s.rows[serviceKey{account, n}][i]; r.serves(&q) {
					return Service{r.Service, r.Carrier, r.Line}, true
				}
			}
		}
	}
	return Service{}, false
}

func (r *ServiceRow) serves(q *Query) bool {
	temperature := q.Temperature
	if temperature == "" {
		temperature = order.Normal
	}
	return (r.Warehouse == "" || r.Warehouse == q.Warehouse) &&
		(r.Payment == "" || r.Payment == q.Payment) &&
		(r.Temperature == "" || r.Temperature == string(temperature))
}

// Carrier returns the carrier of a delivery service of the master.
func (s *Services) Carrier(service string) (carrier string, ok bool) {
	for _, rows := range s.rows {
		for i := range rows {
			if rows[i].Service == service && (!ok || rows[i].Carrier < carrier) {
				carrier, ok = rows[i].Carrier, true
			}
		}
	}
	return carrier, ok
}
