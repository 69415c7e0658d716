package configs

import (
	"fmt"
	"strings"
	"time"

	"github.com/mallbridge/mallbridge/connectors/malls"
	"github.com/mallbridge/mallbridge/mappers/charset"
	"github.com/mallbridge/mallbridge/mappers/format"
	"github.com/mallbridge/mallbridge/mappers/record"
	"github.com/mallbridge/mallbridge/order"
)

// The values of [Report.When].
const (
	ReportShipped  = "shipped"
	ReportLabelled = "labelled"
	ReportAccepted = "accepted"
)

// The values of [Report.Parcels].
const (
	ParcelsEach  = "each"
	ParcelsAll   = "all"
	ParcelsFirst = "first"
)

// LaterCorrects is the value of [Results.LaterNumber] with which a later number
// takes the place of the earlier ones.
const LaterCorrects = "correction"

// A ShipRule says which parcels of a package an account's mall is told of.
type ShipRule struct {
	Most   int  // numbers that the mall takes for one package
	ByLine bool // a further number must stand for other lines
}

// TellsByAPI reports whether the account's mall is told of parcels by its API.
func (a *Account) TellsByAPI() bool {
	spec, ok := malls.Lookup(a.Mall)
	return ok && a.UsesAPI() && spec.About().Offers("ship", a.API.Settings)
}

// ShipRule is what the account's mall takes of a package's parcels. A sheet cannot
// say which lines go later.
func (a *Account) ShipRule() ShipRule {
	spec, ok := malls.Lookup(a.Mall)
	if !ok || !a.TellsByAPI() && spec.About().Ship.ByLine {
		return ShipRule{Most: 1}
	}
	return ShipRule{Most: spec.About().Ship.Parcels, ByLine: spec.About().Ship.ByLine}
}

// OwnTracking is the format of tracking files for malls that have none of their own.
const OwnTracking = "mallbridge-tracking"

// TrackingGroups makes the records of the account's tracking file, with its values
// in them, in groups that [format.Writer.WriteGroup] takes whole or holds.
func (a *Account) TrackingGroups(f *format.Format, list []order.Tracking) []record.TrackingGroup {
	groups := record.TrackingGroups(list, f.Spec.Rows)
	for name, text := range a.Report.Values {
		field, ok := record.Value(name)
		if !ok {
			continue // check has reported it
		}
		for _, g := range groups {
			for _, r := range g.Records {
				r[field] = text
			}
		}
	}
	return groups
}

// TrackingOptions are those with which the account's tracking file is written.
func (a *Account) TrackingOptions(b format.Batch) (format.WriteOptions, error) {
	b.Account, b.Zone = a.Name, a.Location
	o := format.WriteOptions{Batch: b}
	if a.Report.Charset != "" {
		var err error
		if o.Charset, err = charset.Lookup(a.Report.Charset); err != nil {
			return o, fmt.Errorf("account %s: report.charset: %w", a.Name, err)
		}
	}
	return o, nil
}

func (l *loader) checkReport(a *Account) {
	p, r := a.pos, &a.Report
	if r.Within.Std() < time.Minute {
		l.at(p, "report.within", "report.within is "+r.Within.String(), "write 1m or more")
	}
	l.charset(p, "report.charset", r.Charset)
	if cs, err := charset.Lookup(r.Charset); err == nil && cs.ReadOnly() {
		l.at(p, "report.charset", fmt.Sprintf("report.charset: %s can be read, not written", cs.Name()), "use cp932, utf-8, utf-8-bom or cp949")
	}
	f, ok := l.use(p, "report.format", r.Format, record.Tracking, true)
	for name := range r.Values {
		if _, known := record.Value(name); !known {
			hint := "known are " + strings.Join(valueNames(), ", ")
			if near := nearest(name, valueNames()); near != "" {
				hint = "did you mean " + near + "?"
			}
			l.atKey(p, "report.values."+name, fmt.Sprintf("report.values: %q is not known", name), hint)
		} else if ok && !writesValue(f, name) {
			l.atKey(p, "report.values."+name, fmt.Sprintf("report.values.%s has no effect: format %s does not write it", name, f.Name()), "remove it")
		}
	}
}

// writesValue reports whether a column of the format is made from that value.
func writesValue(f *format.Format, name string) bool {
	field, _ := record.Value(name)
	for _, x := range f.Wants() {
		if x == field {
			return true
		}
	}
	return false
}
