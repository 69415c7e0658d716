package format

import "time"

// A Place is where a sheet is from: the account's, for formats that are used in
// several countries and name none themselves.
type Place struct {
	Country  string         // JP, KR, of addresses without one
	Currency string         // of amounts; the country's where empty
	Zone     *time.Location // of dates without one; the country's where nil
}

// place returns what applies to a file of f: the format's own, or else p.
func (f *Format) place(p Place) Place {
	s := &f.Spec
	if s.Country != "" {
		return Place{s.Country, s.Currency, f.zone}
	}
	if p.Currency == "" {
		p.Currency = s.Currency
	}
	if d, ok := countries[p.Country]; ok {
		if p.Currency == "" {
			p.Currency = d.currency
		}
		if p.Zone == nil {
			p.Zone, _ = time.LoadLocation(d.zone)
		}
	}
	if p.Zone == nil || s.Zone != "UTC" {
		p.Zone = f.zone
	}
	return p
}

// placed returns the steps as they are done at the place.
func placed(steps []*step, p Place) []*step {
	out := make([]*step, len(steps))
	for i, s := range steps {
		c := *s
		c.rule.zone, c.rule.currency = p.Zone, p.Currency
		out[i] = &c
	}
	return out
}
