package coupang

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/order"
)

// An apply is one row of an upload: a line of a bundle with the number of its
// parcel, or with the day on which it will go.
type apply struct {
	Box       json.Number `json:"shipmentBoxId"`
	Order     json.Number `json:"orderId"`
	Item      json.Number `json:"vendorItemId"`
	Courier   string      `json:"deliveryCompanyCode"`
	Invoice   string      `json:"invoiceNumber"`
	Split     bool        `json:"splitShipping"`
	PreSplit  bool        `json:"preSplitShipped"`
	Estimated string      `json:"estimatedShippingDate"`
}

// An upload is the rows of one bundle, for one shipment.
type upload struct {
	index   int // of the shipment
	box     string
	correct bool
	rows    []apply
}

// Ship reports tracking numbers. Each bundle is read first: for its lines, which
// must all be in the report; because a number may be there already; and because
// a buyer may have asked to stop it. Parcels of one bundle go in the order given;
// of a split bundle the first part moves to a new number at the mall.
func (d *Driver) Ship(ctx context.Context, s []connectors.Shipment) []connectors.Result {
	results := make([]connectors.Result, len(s))
	for _, round := range rounds(s) {
		var first, corrections []upload
		for _, i := range round {
			up, r := d.prepare(ctx, &s[i])
			if up == nil {
				results[i] = r
				continue
			}
			up.index = i
			if up.correct {
				corrections = append(corrections, *up)
			} else {
				first = append(first, *up)
			}
		}
		d.upload(ctx, "invoices", first, s, results)
		d.upload(ctx, "updateInvoices", corrections, s, results)
	}
	return results
}

// rounds sorts shipments so that a bundle is in each round at most once.
func rounds(s []connectors.Shipment) [][]int {
	var out [][]int
	seen := map[string]int{}
	for i := range s {
		k := s[i].Order + " " + s[i].Package
		n := seen[k]
		seen[k]++
		if n == len(out) {
			out = append(out, nil)
		}
		out[n] = append(out[n], i)
	}
	return out
}

func reject(code, format string, args ...any) (*upload, connectors.Result) {
	return nil, connectors.Result{Outcome: connectors.Rejected, Code: code, Detail: fmt.Sprintf(format, args...)}
}

// prepare makes the rows of a shipment, or says why there is nothing to upload.
func (d *Driver) prepare(ctx context.Context, s *connectors.Shipment) (*upload, connectors.Result) {
	courier, ok := d.Carrier(s.Carrier)
	if !ok {
		return reject("CARRIER", "Coupang has no courier for %q", s.Carrier)
	}
	if err := checkNumber(courier, s.Tracking); err != nil {
		return reject("INVALID_INVOICE_NUMBER", "%v", err)
	}
	if !allDigits(s.Order) || !allDigits(s.Package) {
		return reject("NOT_FOUND_SHIPMENT_BOX", "order %q, bundle %q: numbers are expected", s.Order, s.Package)
	}
	list, _, err := d.byOrder(ctx, s.Order)
	if err != nil {
		return nil, notWritten(err)
	}
	if len(list) == 0 {
		return reject("ORDER_DELIVERY_CANCELED", "the order is cancelled, returned or unknown to the mall")
	}
	b := find(list, s.Package)
	if r, shown := shownAlready(list, b, s, courier); shown {
		return nil, r
	}
	switch {
	case b == nil:
		return reject("NOT_FOUND_SHIPMENT_BOX", "the order has no bundle %s", s.Package)
	case b.dispatched() && !s.Correct:
		return reject("INVALID_STATUS", "the mall has the number %s for this bundle", b.Invoice)
	}
	return rowsOf(b, s, courier)
}

// notWritten is the result of a shipment that was not even begun.
func notWritten(err error) connectors.Result {
	r := connectors.ResultOf(err)
	if r.Outcome == connectors.Unknown {
		r.Outcome = connectors.Retry
	}
	return r
}

// shownAlready looks for the shipment's number at the mall: at its bundle, or at
// the one that a split made of some of its lines.
func shownAlready(list []json.RawMessage, b *sheet, s *connectors.Shipment, courier string) (connectors.Result, bool) {
	same := func(x *sheet) bool { return x.dispatched() && digitsOf(string(x.Invoice)) == digitsOf(s.Tracking) }
	if b != nil && same(b) {
		return connectors.Result{Outcome: connectors.Already, Code: "OK", Detail: "the mall shows the number"}, true
	}
	for _, raw := range list {
		x := &sheet{}
		if json.Unmarshal(raw, x) != nil || !same(x) || len(s.Lines) == 0 || !bool(x.Split) {
			continue
		}
		if slices.ContainsFunc(s.Lines, func(l connectors.ShippedLine) bool { return x.line(l.Line) != nil }) {
			return connectors.Result{Outcome: connectors.Already, Code: "OK", Detail: "the mall shows the number under bundle " + string(x.Box)}, true
		}
	}
	return connectors.Result{}, false
}

func digitsOf(s string) string { return strings.ReplaceAll(strings.ReplaceAll(s, "-", ""), " ", "") }

func (s *sheet) line(key string) *item {
	for i := range s.Items {
		if string(s.Items[i].VendorItem) == key {
			return &s.Items[i]
		}
	}
	return nil
}

// rowsOf makes one row for each line of the bundle that is not cancelled. Lines
// that are not in the parcel get a day: the mall then splits the bundle.
func rowsOf(b *sheet, s *connectors.Shipment, courier string) (*upload, connectors.Result) {
	up := &upload{box: string(b.Box), correct: b.dispatched()}
	gone, later := 0, 0
	for i := range b.Items {
		it := &b.Items[i]
		q, w := it.quantities()
		if w != nil || !allDigits(string(it.VendorItem)) {
			return reject("UNDEFINED_ERROR_OCCUR", "the mall's own line cannot be read")
		}
		if q.cancelled >= q.bought {
			continue
		}
		a := apply{
			Box: json.Number(b.Box), Order: json.Number(b.Order), Item: json.Number(it.VendorItem), Courier: courier,
			Split: bool(b.Split), PreSplit: bool(b.Split) && !up.correct,
		}
		if carries(s, string(it.VendorItem)) {
			a.Invoice = s.Tracking
			gone++
		} else {
			a.Estimated = string(restOn(b, it, s))
			later++
		}
		up.rows = append(up.rows, a)
	}
	for _, l := range s.Lines {
		if b.line(lineKey(l.Line)) == nil {
			return reject("NOT_FOUND_VENDOR_ITEM", "the bundle has no line %s any more", l.Line)
		}
	}
	switch {
	case gone == 0:
		return reject("NOT_FOUND_VENDOR_ITEM", "none of the parcel's lines is in the bundle")
	case later > 0 && up.correct:
		return reject("INVALID_STATUS", "the bundle was dispatched as a whole; its number cannot be corrected for some lines")
	case later > 0 && bool(b.Split):
		return reject("PSD_NOT_ALLOW_TO_CHANGE", "the bundle was split before; what is left of it goes in one parcel")
	case later > 0:
		for i := range up.rows {
			up.rows[i].Split = true
		}
	}
	return up, connectors.Result{}
}

// lineKey undoes what Parse adds to a second line of the same option.
func lineKey(key string) string {
	k, _, _ := strings.Cut(key, "-")
	return k
}

// carries reports whether the parcel holds a line, or a part of it: the mall takes
// one number for each line, the first.
func carries(s *connectors.Shipment, key string) bool {
	return len(s.Lines) == 0 || slices.ContainsFunc(s.Lines, func(l connectors.ShippedLine) bool { return lineKey(l.Line) == key })
}

// restOn is the day on which the rest of a split bundle goes: as told, else as it
// was promised, else the day after this parcel.
func restOn(b *sheet, it *item, s *connectors.Shipment) order.Date {
	next := s.ShippedOn.AddDays(1)
	switch d := day(it.Estimated); {
	case s.RestOn != "":
		return s.RestOn
	case d >= next:
		return d
	case next != "":
		return next
	default:
		return d
	}
}

// upload sends the rows of several bundles together. A request that the mall
// refuses as a whole, for one bad number refuses all, is sent again bundle by
// bundle.
func (d *Driver) upload(ctx context.Context, call string, all []upload, s []connectors.Shipment, results []connectors.Result) {
	for part := range slices.Chunk(all, maxBoxes) {
		var rows []apply
		for i := range part {
			rows = append(rows, part[i].rows...)
		}
		e, err := d.write(ctx, call, http.MethodPost, d.vendorPath("v4", "/orders/"+call), struct {
			Vendor string  `json:"vendorId"`
			Rows   []apply `json:"orderSheetInvoiceApplyDtos"`
		}{d.vendor, rows})
		if err != nil && connectors.ClassOf(err) == connectors.Refused && len(part) > 1 {
			for i := range part {
				d.upload(ctx, call, part[i:i+1], s, results)
			}
			continue
		}
		list, whole := e.report()
		for i := range part {
			u := &part[i]
			r := connectors.ResultOf(err)
			if err == nil {
				r = list.of(u.box, whole)
			}
			if r.Outcome == connectors.Unknown {
				r = d.ask(ctx, &s[u.index], r)
			}
			results[u.index] = r
		}
	}
}

// ask finds out what became of a report that nobody answered.
func (d *Driver) ask(ctx context.Context, s *connectors.Shipment, unknown connectors.Result) connectors.Result {
	list, _, err := d.byOrder(ctx, s.Order)
	if err != nil {
		return unknown
	}
	if r, shown := shownAlready(list, find(list, s.Package), s, ""); shown {
		return connectors.Result{Outcome: connectors.Done, Code: "OK", Detail: "no answer came; " + r.Detail}
	}
	unknown.Detail = strings.TrimPrefix(unknown.Detail+"; the mall does not show the number yet", "; ")
	return unknown
}

// forms are Coupang's own checks of tracking numbers, from its table of couriers.
// A number that fails them would have the whole request refused.
var forms = func() map[string]*regexp.Regexp {
	m := map[string]*regexp.Regexp{}
	for code, form := range map[string]string{
		"CJGLS": `\d{10}|\d{12}`, "HANJIN": `\d{10}|\d{12}`, "HYUNDAI": `\d{10}|\d{12,13}`, "KGB": `\d{10,11}`, "EPOST": `\d{13}`,
		"EMS": `\d{13}|[A-Z]{2}\d{9}[A-Z]{2}`, "KDEXP": `\d{8,16}`, "DAESIN": `\d{13}`, "ILYANG": `\d{8,16}`, "CHUNIL": `\d{11}`,
		"HDEXP": `\d{8,16}`, "KUNYOUNG": `\d{10}`, "CVS": `\d{10}|\d{12}`, "QXPRESS": `\d{10}|\d{12}`,
		"DHL": `\d{10}|\d{13}|\d{20}`, "UPS": `\d{18}|\d{9}`, "FEDEX": `\d{12}|\d{15}`, "DIRECT": `\d+`,
	} {
		m[code] = regexp.MustCompile(`^(?:` + form + `)$`)
	}
	return m
}()

func checkNumber(courier, number string) error {
	if f := forms[courier]; f != nil && !f.MatchString(number) {
		return fmt.Errorf("%q is no tracking number of %s (%s)", number, courier, strings.Trim(f.String(), "^$"))
	}
	if number == "" {
		return fmt.Errorf("the tracking number is empty")
	}
	return nil
}
