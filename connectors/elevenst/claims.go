package elevenst

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/mallbridge/mallbridge/connectors"
)

// Approve agrees to a request to cancel, by the key of its claim: nothing was sent.
func (d *Driver) Approve(ctx context.Context, key string) connectors.Result {
	c, ok := cancelOf(key)
	if !ok {
		return rejected("", fmt.Sprintf("%q is no key of a cancellation", key))
	}
	return d.answer(ctx, "cancelreqconf", path("/claimservice/cancelreqconf", c.number, c.order, c.line), c,
		func(l *line) bool { return over(l.state) })
}

// Left refuses a request to cancel: the goods had left under this number before it
// came. 11st takes no number of ten digits or fewer there.
func (d *Driver) Left(ctx context.Context, key, carrier, tracking string) connectors.Result {
	c, ok := cancelOf(key)
	courier, known := d.Carrier(carrier)
	number := trackingOf(&connectors.Shipment{Tracking: tracking})
	switch {
	case !ok:
		return rejected("", fmt.Sprintf("%q is no key of a cancellation", key))
	case !known:
		return rejected("", fmt.Sprintf("11st has no courier for %q", carrier))
	case len(number) <= 10:
		return rejected("-23005", fmt.Sprintf("%q: a number of more than ten digits is expected", tracking))
	}
	day := d.Now().In(seoul).Format("20060102")
	return d.answer(ctx, "cancelreqreject", path("/claimservice/cancelreqreject", c.order, c.line, c.number, "01", day, courier, number), c,
		func(l *line) bool { return sent(l.state) && l.fields["invcNo"] == number })
}

// A cancel is what names a request to cancel.
type cancel struct{ number, order, line string }

func cancelOf(key string) (cancel, bool) {
	part := strings.Split(key, "/")
	if len(part) != 3 || slices.ContainsFunc(part, func(s string) bool { return !allDigits(s) }) {
		return cancel{}, false
	}
	return cancel{part[0], part[1], part[2]}, true
}

// answer answers a request once. Where no answer came, or the mall says that there
// is nothing to answer, the line shows whether it was done.
func (d *Driver) answer(ctx context.Context, kind, path string, c cancel, did func(*line) bool) connectors.Result {
	said, err := d.write(ctx, kind, path)
	r := connectors.Result{Outcome: connectors.Rejected, Code: said.code, Detail: said.text}
	switch {
	case err != nil:
		r = connectors.ResultOf(err)
	case said.code == "0":
		r.Outcome = connectors.Done
	}
	if r.Outcome != connectors.Unknown && r.Outcome != connectors.Rejected {
		return r
	}
	g := newGathering()
	if err := d.linesOf(ctx, g, []string{c.order}); err != nil {
		return r
	}
	lines, err := g.present(c.order)
	if err != nil {
		return r
	}
	i := slices.IndexFunc(lines, func(l *line) bool { return l.fields["ordPrdSeq"] == c.line })
	switch {
	case i < 0 || !did(lines[i]):
	case r.Outcome == connectors.Unknown:
		r = connectors.Result{Outcome: connectors.Done, Code: "0", Detail: "no answer came; the mall shows it"}
	default:
		r.Outcome = connectors.Already
	}
	return r
}
