package amazon

import (
	"context"
	"fmt"
	"hash/fnv"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/order"
)

const (
	codeOther    = "Other"
	codeUnknown  = "NotFound"
	codeNoParcel = "PackageToUpdateNotFound"
	ownChannel   = "DEFAULT"
)

// Ship confirms parcels. Few go one by one by confirmShipment, after each order was
// read: what is shown already is [connectors.Already], and a package takes what is left
// of its lines. Many go as one feed, whose id is the reference to ask with; corrections
// and parcels of a part always go one by one.
//
// The reference of a package is made of its tracking number, so that a confirmation
// that is repeated edits the package that the first has made.
func (d *Driver) Ship(ctx context.Context, s []connectors.Shipment) []connectors.Result {
	out := make([]connectors.Result, len(s))
	var single, many []int
	for i := range s {
		switch why := d.unfit(&s[i]); {
		case why != "":
			out[i] = rejected("", "%s", why)
		case s[i].Correct || len(s[i].Lines) > 0:
			single = append(single, i)
		default:
			many = append(many, i)
		}
	}
	if d.feedFrom == 0 || len(many) < d.feedFrom {
		single, many = append(many, single...), nil
	}
	if len(many) > 0 {
		d.feed(ctx, s, many, out)
	}
	for _, i := range single {
		out[i] = d.ship(ctx, &s[i])
	}
	return out
}

// unfit says why a parcel cannot be reported, whatever its order.
func (d *Driver) unfit(s *connectors.Shipment) string {
	code, ok := d.Carrier(s.Carrier)
	switch {
	case !ok:
		return fmt.Sprintf("Amazon has no code for the carrier %q", s.Carrier)
	case code == codeOther && d.names[s.Carrier] == "":
		return fmt.Sprintf("the carrier %q is Other at Amazon, which needs a name", s.Carrier)
	case trackingOf(s) == "":
		return "there is no tracking number"
	}
	if _, ok := s.ShippedOn.Time(time.UTC); !ok && s.ShippedAt.IsZero() {
		return fmt.Sprintf("the shipping date %q is no date", s.ShippedOn)
	}
	return ""
}

func trackingOf(s *connectors.Shipment) string { return bare.Replace(s.Tracking) }

// ship confirms one parcel.
func (d *Driver) ship(ctx context.Context, s *connectors.Shipment) connectors.Result {
	m, err := d.present(ctx, s.Order)
	if err != nil {
		return notWritten(err)
	}
	if m == nil {
		return rejected(codeUnknown, "Amazon does not know the order")
	}
	if shows(m, trackingOf(s)) {
		return connectors.Result{Outcome: connectors.Already, Detail: "Amazon shows the number"}
	}
	body, no := d.confirmation(m, s)
	if no.Outcome == connectors.Rejected {
		return no
	}
	_, err = d.call(ctx, connectors.Request{
		Kind: "confirmShipment", Method: http.MethodPost, Path: "/orders/v0/orders/" + url.PathEscape(s.Order) + "/shipmentConfirmation", Safe: true,
	}, body)
	if err == nil {
		return connectors.Result{Outcome: connectors.Done}
	}
	r := connectors.ResultOf(err)
	switch {
	case r.Code == codeNoParcel:
		return d.taken(ctx, s, r)
	case r.Outcome == connectors.Retry && connectors.AsError(err).Class == connectors.Transient:
		// Its answer may be lost. The same again does no harm, but whoever gives up now
		// must look first.
		r.Outcome = connectors.Unknown
	}
	return r
}

// taken says what an order that takes no further package shows.
func (d *Driver) taken(ctx context.Context, s *connectors.Shipment, r connectors.Result) connectors.Result {
	m, err := d.present(ctx, s.Order)
	switch {
	case err != nil || m == nil:
		r.Outcome = connectors.Retry
	case shows(m, trackingOf(s)):
		return connectors.Result{Outcome: connectors.Already, Code: r.Code, Detail: "Amazon shows the number"}
	default:
		r.Detail += "; " + has(m)
	}
	return r
}

func shows(m *orderModel, tracking string) bool {
	return slices.ContainsFunc(shownOf(m), func(x connectors.Shown) bool { return x.Tracking == tracking })
}

// has names the numbers that an order shows.
func has(m *orderModel) string {
	var out []string
	for _, x := range shownOf(m) {
		out = append(out, x.Tracking)
	}
	return "Amazon shows " + joined(", ", out...)
}

// confirmation is what is sent for a parcel; the result is Rejected where nothing can be.
func (d *Driver) confirmation(m *orderModel, s *connectors.Shipment) (confirmation, connectors.Result) {
	code, _ := d.Carrier(s.Carrier)
	c := confirmation{Market: d.store, Package: packageDetail{
		Reference: reference(trackingOf(s)), Carrier: code, Name: d.names[s.Carrier], Method: d.account.Settings["shipping_method"], Tracking: trackingOf(s),
		Date: d.shipDate(m, s).UTC().Format(iso),
	}}
	if slices.ContainsFunc(flags(m), func(f string) bool { return f == order.FlagClaim }) {
		return c, rejected("", "the buyer asks to cancel, and a confirmation would close the request: answer it in Seller Central first")
	}
	if st := m.Fulfillment.Status; st == statusCancelled {
		return c, rejected(st, "the order was cancelled")
	}
	if s.Correct {
		old := was(m, s)
		if old == nil {
			if len(m.Packages) > 0 && s.Was != "" {
				return c, rejected("", "Amazon does not show the number %s that is to be replaced; %s", s.Was, has(m))
			}
		} else {
			c.Package.Reference = old.Reference
			for _, it := range old.Items {
				c.Package.Items = append(c.Package.Items, shippedItem{it.ID, it.Quantity})
			}
		}
	}
	for _, x := range m.Payment.Executions {
		if x.Method == methodCOD && d.store == japan {
			c.COD = "DirectPayment"
		}
	}
	if len(c.Package.Items) > 0 {
		return c, connectors.Result{}
	}
	for i := range m.Items {
		it := &m.Items[i]
		n := it.left()
		if len(s.Lines) > 0 {
			at := slices.IndexFunc(s.Lines, func(l connectors.ShippedLine) bool { return l.Line == it.ID })
			if at < 0 {
				continue
			}
			if q := s.Lines[at].Quantity; q > 0 {
				n = min(n, q)
			}
		}
		if n > 0 {
			c.Package.Items = append(c.Package.Items, shippedItem{it.ID, n})
		}
	}
	if len(c.Package.Items) == 0 {
		return c, rejected(m.Fulfillment.Status, "nothing is left to ship of what the parcel carries; %s", has(m))
	}
	return c, connectors.Result{}
}

// japan is the store in which cash on delivery is told.
const japan = "A1VC38T7YXB528"

// was is the package that a correction is of: the one with the number that it had, or
// the only one.
func was(m *orderModel, s *connectors.Shipment) *packageModel {
	for i := range m.Packages {
		p := &m.Packages[i]
		if s.Was != "" && bare.Replace(p.Tracking) == s.Was || s.Was == "" && len(m.Packages) == 1 {
			return p
		}
	}
	return nil
}

// reference makes a package's reference, positive digits, of a tracking number.
func reference(tracking string) string {
	h := fnv.New32a()
	_, _ = h.Write([]byte(tracking))
	return strconv.FormatUint(uint64(h.Sum32()&0x3fffffff)+1, 10)
}

// shipDate is the time of the shipment: as told, or noon of the day, but neither
// before the order nor in the future, which Amazon refuses.
func (d *Driver) shipDate(m *orderModel, s *connectors.Shipment) time.Time {
	latest := d.Now().Add(-time.Minute)
	at := s.ShippedAt
	if at.IsZero() {
		at = latest
		if t, ok := s.ShippedOn.Time(d.account.Zone); ok && s.ShippedOn != order.DateOf(latest.In(d.account.Zone)) {
			at = t.Add(12 * time.Hour)
		}
	}
	if at.After(latest) {
		at = latest
	}
	if m == nil {
		return at
	}
	if created, err := time.Parse(time.RFC3339Nano, m.Created); err == nil && at.Before(created) {
		at = created
	}
	return at
}
