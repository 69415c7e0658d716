package elevenst

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/order"
)

// Codes of dispatch.
const (
	codeSent      = "-3308"
	codeDelivered = "-3309"
	codeClaimed   = "-3310"
	codeFault     = "-3311"
	codeChanged   = "-3313"
	codeUsed      = "-3320"
)

// A dock is where shipments of one call stand: what the mall shows of their
// deliveries, and what was found about each.
type dock struct {
	*Driver
	s       []connectors.Shipment
	results []connectors.Result
	settled []bool
	lines   map[string][]*line // by delivery, over all its orders
}

// Ship reports tracking numbers. The mall dispatches deliveries, over all their
// orders, so that every delivery is looked at first: what of it waits, what a buyer
// wants cancelled, what has a number already. A delivery that one parcel carries
// whole is dispatched whole, otherwise its lines are, and a line in several parcels
// goes with all of them in one call.
func (d *Driver) Ship(ctx context.Context, s []connectors.Shipment) []connectors.Result {
	k := &dock{Driver: d, s: s, results: make([]connectors.Result, len(s)), settled: make([]bool, len(s))}
	for i := range s {
		k.check(i)
	}
	if err := k.look(ctx); err != nil {
		for i := range s {
			k.settle(i, notWritten(err))
		}
		return k.results
	}
	for i := range s {
		if !k.settled[i] {
			k.ship(ctx, i)
		}
	}
	return k.results
}

func (k *dock) settle(i int, r connectors.Result) {
	if !k.settled[i] {
		k.settled[i], k.results[i] = true, r
	}
}

// check refuses what no call could carry.
func (k *dock) check(i int) {
	s := &k.s[i]
	switch _, known := k.Carrier(s.Carrier); {
	case !known:
		k.settle(i, rejected("-3307", fmt.Sprintf("11st has no courier for %q", s.Carrier)))
	case trackingOf(s) == "":
		k.settle(i, rejected("-3306", "the tracking number is empty"))
	case !allDigits(s.Order) || !allDigits(s.Package):
		k.settle(i, rejected("", fmt.Sprintf("order %q, delivery %q: numbers are expected", s.Order, s.Package)))
	}
}

// trackingOf is the number as the mall takes it: letters and digits only.
func trackingOf(s *connectors.Shipment) string {
	return strings.NewReplacer("-", "", " ", "").Replace(s.Tracking)
}

// look reads the orders of the shipments, and the other orders of their deliveries
// among all that wait.
func (k *dock) look(ctx context.Context) error {
	var numbers, deliveries []string
	for i := range k.s {
		if !k.settled[i] {
			numbers, deliveries = append(numbers, k.s[i].Order), append(deliveries, k.s[i].Package)
		}
	}
	if len(numbers) == 0 {
		return nil
	}
	waiting := newGathering()
	for _, w := range recent(k.Now()) {
		if err := k.list(ctx, "/ordservices/"+partPackaging, partPackaging, whole(w), waiting.take(partPackaging)); err != nil {
			return err
		}
	}
	for _, n := range waiting.numbers {
		if slices.ContainsFunc(waiting.details[n], func(r rec) bool { return slices.Contains(deliveries, rawDigits(r.raw, "dlvNo")) }) {
			numbers = append(numbers, n)
		}
	}
	numbers = connectors.Distinct(numbers)
	g := newGathering()
	if err := k.linesOf(ctx, g, numbers); err != nil {
		return err
	}
	k.lines = map[string][]*line{}
	for _, n := range numbers {
		lines, err := g.present(n)
		if err != nil {
			for i := range k.s {
				if k.s[i].Order == n {
					k.settle(i, notWritten(err))
				}
			}
			continue
		}
		for _, l := range lines {
			k.lines[l.fields["dlvNo"]] = append(k.lines[l.fields["dlvNo"]], l)
		}
	}
	return nil
}

// A load is a line with the pieces of it that a parcel carries.
type load struct {
	*line
	pieces int64
	of     int64 // what is left of the line
}

// ship reports one shipment, and others with it that have to go in the same call.
func (k *dock) ship(ctx context.Context, i int) {
	s := &k.s[i]
	loads, r := k.loads(s)
	if loads == nil {
		k.settle(i, r)
		return
	}
	if same := k.same(i); k.carry(same, s.Package) {
		r := k.dispatch(ctx, s, loads[0].line, "")
		for _, j := range same {
			k.settle(j, r)
		}
		return
	}
	var wholeLines []string
	for _, l := range loads {
		if l.pieces >= l.of {
			wholeLines = append(wholeLines, l.fields["ordPrdSeq"])
			continue
		}
		if r := k.shipPieces(ctx, i, l); r.Outcome != connectors.Done {
			k.settle(i, r)
			return
		}
	}
	r = connectors.Result{Outcome: connectors.Done, Code: "0"}
	if len(wholeLines) > 0 {
		r = k.dispatch(ctx, s, loads[0].line, path("", "Y", s.Order, strings.Join(wholeLines, ",")))
	}
	k.settle(i, r)
}

// loads are the lines that a shipment carries; none with the result where there is
// nothing to report.
func (k *dock) loads(s *connectors.Shipment) ([]load, connectors.Result) {
	var all, known []load
	gone := 0
	for _, l := range k.lines[s.Package] {
		if l.fields["ordNo"] != s.Order {
			continue
		}
		left, w := l.left()
		if w != nil {
			return nil, connectors.Result{Outcome: connectors.Retry, Detail: w.field + ": " + w.detail}
		}
		x := load{l, left, left}
		known = append(known, x)
		at := slices.IndexFunc(s.Lines, func(y connectors.ShippedLine) bool { return y.Line == l.fields["ordPrdSeq"] })
		if len(s.Lines) > 0 {
			if at < 0 {
				continue
			}
			if n := s.Lines[at].Quantity; n > 0 { // else all of the line
				x.pieces = n
			}
		}
		if over(l.state) {
			gone++
			continue
		}
		all = append(all, x)
	}
	switch {
	case len(known) == 0:
		return nil, rejected("", "11st has no such delivery of the order")
	case len(all) == 0 && gone > 0:
		return nil, rejected(codeChanged, "what the parcel carries is cancelled")
	case len(all) == 0:
		return nil, rejected("", "the delivery has none of the parcel's lines")
	}
	if r, shown := k.shown(all, s); shown {
		return nil, r
	}
	for _, l := range all {
		asked, _ := l.count("ordCnQty")
		switch {
		case sent(l.state):
		case l.state != statePreparing && !waits(l.state):
			return nil, rejected(codeChanged, "the status of the line "+l.fields["ordPrdSeq"]+" is "+cmp.Or(l.fields["ordPrdStatNm"], l.state))
		case l.state != statePreparing:
			return nil, rejected(codeClaimed, "the line "+l.fields["ordPrdSeq"]+" is not confirmed (발주확인)")
		case l.of == 0 || asked > 0 && l.pieces > l.of:
			return nil, rejected(codeClaimed, fmt.Sprintf("the buyer cancels %d pieces of the line %s: answer the request first", asked, l.fields["ordPrdSeq"]))
		}
	}
	return slices.DeleteFunc(all, func(l load) bool { return sent(l.state) }), connectors.Result{}
}

// shown looks whether the mall has numbers for all lines of a parcel: this one, or
// others. Of a line in several parcels it shows one of them.
func (k *dock) shown(all []load, s *connectors.Shipment) (connectors.Result, bool) {
	other := ""
	for _, l := range all {
		if !sent(l.state) {
			return connectors.Result{}, false
		}
		if n := l.fields["invcNo"]; n != trackingOf(s) && !k.another(s, l, n) {
			other = n
		}
	}
	switch {
	case other == "":
		return connectors.Result{Outcome: connectors.Already, Code: codeSent, Detail: "the mall shows the number"}, true
	case s.Correct:
		return rejected(codeSent, "the mall has the number "+other+"; it has no call that corrects one: do it in the Seller Office"), true
	}
	return rejected(codeSent, "the mall has the number "+other+" for what the parcel carries"), true
}

// another reports whether a number is that of another parcel with pieces of the
// same line.
func (k *dock) another(s *connectors.Shipment, l load, number string) bool {
	return l.pieces < l.of && slices.ContainsFunc(k.s, func(x connectors.Shipment) bool {
		return x.Order == s.Order && x.Package == s.Package && trackingOf(&x) == number &&
			slices.ContainsFunc(x.Lines, func(y connectors.ShippedLine) bool { return y.Line == l.fields["ordPrdSeq"] })
	})
}

// same are the shipments that go in the same parcel as shipment i, of one delivery.
func (k *dock) same(i int) []int {
	var out []int
	for j := range k.s {
		a, b := &k.s[i], &k.s[j]
		if !k.settled[j] && a.Package == b.Package && a.Carrier == b.Carrier && trackingOf(a) == trackingOf(b) {
			out = append(out, j)
		}
	}
	return out
}

// carry reports whether shipments have all that waits of a delivery.
func (k *dock) carry(shipments []int, delivery string) bool {
	pieces := map[*line]int64{}
	for _, i := range shipments {
		loads, _ := k.loads(&k.s[i])
		for _, l := range loads {
			pieces[l.line] += l.pieces
		}
	}
	for _, l := range k.lines[delivery] {
		if over(l.state) || sent(l.state) {
			continue
		}
		if left, w := l.left(); w != nil || l.state != statePreparing || pieces[l] < left || left == 0 {
			return false
		}
	}
	return true
}

// shipPieces reports a line together with all parcels that carry some of it.
func (k *dock) shipPieces(ctx context.Context, i int, l load) connectors.Result {
	first := &k.s[i]
	sum, more := l.pieces, ""
	with := []int{}
	for j := range k.s {
		s := &k.s[j]
		if j == i || k.settled[j] || s.Order != first.Order || s.Package != first.Package || s.Carrier != first.Carrier {
			continue
		}
		at := slices.IndexFunc(s.Lines, func(x connectors.ShippedLine) bool { return x.Line == l.fields["ordPrdSeq"] })
		if at < 0 {
			continue
		}
		if s.Lines[at].Quantity < 1 {
			continue
		}
		sum += s.Lines[at].Quantity
		more = strings.TrimPrefix(more+fmt.Sprintf("^%s@%d", trackingOf(s), s.Lines[at].Quantity), "^")
		with = append(with, j)
	}
	rest := slices.ContainsFunc(first.Rest, func(x connectors.ShippedLine) bool { return x.Line == l.fields["ordPrdSeq"] })
	var r connectors.Result
	switch {
	case sum < l.of && rest:
		return connectors.Result{Outcome: connectors.Retry, Detail: fmt.Sprintf("the line %s goes in several parcels, which 11st takes in one call: %d of %d pieces are there", l.fields["ordPrdSeq"], sum, l.of)}
	case len(with) == 0: // fewer were sent than bought, and nothing follows
		return k.dispatch(ctx, first, l.line, path("", "Y", first.Order, l.fields["ordPrdSeq"]))
	default:
		r = k.dispatch(ctx, first, l.line, path("", fmt.Sprint(l.pieces), first.Order, l.fields["ordPrdSeq"], more))
	}
	for _, j := range with {
		// The other parcels may carry further lines, which are theirs to report.
		if r.Outcome != connectors.Done {
			k.settle(j, r)
		} else if len(k.s[j].Lines) == 1 {
			k.settle(j, r)
		}
	}
	return r
}

// dispatch calls reqdelivery for a delivery, or for a part of it, and finds out what
// came of it. Lines that were sent are so for the shipments that follow.
func (k *dock) dispatch(ctx context.Context, s *connectors.Shipment, l *line, part string) connectors.Result {
	courier, _ := k.Carrier(s.Carrier)
	said, err := k.write(ctx, "reqdelivery", path("/ordservices/reqdelivery", k.sendDate(s).Format(minutes), "01", courier, trackingOf(s), s.Package)+part)
	r := connectors.Result{Outcome: connectors.Rejected, Code: said.code, Detail: said.text}
	if err != nil {
		r = connectors.ResultOf(err)
	}
	switch {
	case err == nil && said.code == "0":
		r.Outcome = connectors.Done
	case err == nil && said.code == codeFault:
		r.Outcome = connectors.Retry
	case err == nil && said.code == codeClaimed:
		r.Detail += "; look for a request to cancel"
	case err == nil && said.code == codeUsed:
		r.Detail += "; report a parcel of several deliveries in the Seller Office"
	}
	if r.Outcome == connectors.Unknown || said.code == codeFault || said.code == codeSent || said.code == codeDelivered {
		r = k.ask(ctx, s, l, r)
	}
	if r.Outcome.OK() {
		k.mark(s, part)
	}
	return r
}

// mark notes what was dispatched.
func (k *dock) mark(s *connectors.Shipment, part string) {
	var lines []string
	if f := strings.Split(part, "/"); len(f) > 3 {
		lines = strings.Split(f[3], ",")
	}
	for _, l := range k.lines[s.Package] {
		if l.state != statePreparing || lines != nil && (l.fields["ordNo"] != s.Order || !slices.Contains(lines, l.fields["ordPrdSeq"])) {
			continue
		}
		l.state, l.fields["invcNo"] = "401", trackingOf(s)
	}
}

// ask looks at the line whose report was not answered, or that was reported before.
func (k *dock) ask(ctx context.Context, s *connectors.Shipment, l *line, r connectors.Result) connectors.Result {
	g := newGathering()
	if err := k.linesOf(ctx, g, []string{s.Order}); err != nil {
		if r.Outcome == connectors.Rejected {
			r.Outcome = connectors.Retry
		}
		return r
	}
	lines, err := g.present(s.Order)
	if err != nil {
		return r
	}
	at := slices.IndexFunc(lines, func(x *line) bool { return x.fields["ordPrdSeq"] == l.fields["ordPrdSeq"] })
	switch {
	case at < 0:
	case sent(lines[at].state) && lines[at].fields["invcNo"] == trackingOf(s):
		if r.Outcome == connectors.Unknown {
			return connectors.Result{Outcome: connectors.Done, Code: "0", Detail: "no answer came; the mall shows the number"}
		}
		return connectors.Result{Outcome: connectors.Already, Code: r.Code, Detail: r.Detail}
	case sent(lines[at].state):
		return rejected(codeSent, "the mall has the number "+lines[at].fields["invcNo"]+" for the delivery")
	case r.Outcome == connectors.Unknown:
		r.Detail = strings.TrimPrefix(r.Detail+"; the mall does not show the number yet", "; ")
	}
	return r
}

// sendDate is the time of dispatch in Korea: as told, or noon of the day, but not
// after now.
func (k *dock) sendDate(s *connectors.Shipment) time.Time {
	now := k.Now().In(seoul)
	at := s.ShippedAt.In(seoul)
	if s.ShippedAt.IsZero() {
		at = now
		if t, ok := s.ShippedOn.Time(seoul); ok && s.ShippedOn != order.DateOf(now) {
			at = t.Add(12 * time.Hour)
		}
	}
	if at.After(now) {
		return now
	}
	return at
}
