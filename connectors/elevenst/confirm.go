package elevenst

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/order"
)

// Confirm moves orders from 결제완료 to 배송준비중 (발주확인). The mall does it for the
// lines of one product in one delivery at a call, add-ons with them. Orders are
// looked up before, for what is confirmed already, and after a call that did not
// say that it was done: "nothing to confirm" is what the mall says of a line that it
// has confirmed.
func (d *Driver) Confirm(ctx context.Context, orders []order.Order) []connectors.Result {
	results := make([]connectors.Result, len(orders))
	g := newGathering()
	numbers := make([]string, len(orders))
	for i := range orders {
		numbers[i] = orders[i].Number
	}
	for part := range slices.Chunk(connectors.Distinct(numbers), numbersMax) {
		err := d.complete(ctx, g, part)
		var doubt []string
		for i, n := range numbers {
			if !slices.Contains(part, n) {
				continue
			}
			if err != nil {
				results[i] = notWritten(err)
				continue
			}
			if results[i] = d.confirm(ctx, g, n); results[i].Outcome == connectors.Unknown || results[i].Code == codeNothing {
				doubt = append(doubt, n)
			}
		}
		d.lookAgain(ctx, doubt, numbers, results)
	}
	return results
}

// codeNothing is "confirmed already, or nothing to confirm".
const codeNothing = "-3206"

// notWritten is the result of something that was not even begun.
func notWritten(err error) connectors.Result {
	r := connectors.ResultOf(err)
	if r.Outcome == connectors.Unknown {
		r.Outcome = connectors.Retry
	}
	return r
}

func rejected(code, detail string) connectors.Result {
	return connectors.Result{Outcome: connectors.Rejected, Code: code, Detail: detail}
}

// confirm confirms what is paid of one order.
func (d *Driver) confirm(ctx context.Context, g *gathering, number string) connectors.Result {
	lines, err := g.present(number)
	if err != nil {
		return notWritten(err)
	}
	var paid []*line
	claimed, ahead := "", 0
	for _, l := range lines {
		switch {
		case l.state == statePaid:
			paid = append(paid, l)
		case over(l.state), l.state == stateClaim, l.state == stateCancelling:
			claimed = l.state
		case !waits(l.state), l.state == statePreparing:
			ahead++
		}
	}
	switch {
	case len(lines) == 0:
		return rejected("", "11st does not know the order")
	case len(paid) == 0 && ahead > 0:
		return connectors.Result{Outcome: connectors.Already, Code: "0"}
	case len(paid) == 0:
		return rejected(claimed, "nothing of the order is in 결제완료")
	}
	result := connectors.Result{Outcome: connectors.Done, Code: "0"}
	for _, l := range mains(paid) {
		if r := d.packaging(ctx, l); r.Outcome != connectors.Done {
			result = r
			if r.Outcome != connectors.Rejected {
				break
			}
		}
	}
	return result
}

// mains picks one line for each product in each delivery: the mall takes the others
// along.
func mains(paid []*line) []*line {
	var out []*line
	for _, l := range paid {
		group := func(x *line) string {
			product := x.fields["prdNo"]
			if a := id(x.fields["addPrdNo"]); a != "" {
				product = a
			}
			return x.fields["dlvNo"] + " " + product
		}
		i := slices.IndexFunc(out, func(x *line) bool { return group(x) == group(l) })
		switch {
		case i < 0:
			out = append(out, l)
		case id(out[i].fields["addPrdNo"]) != "" && id(l.fields["addPrdNo"]) == "":
			out[i] = l
		}
	}
	return out
}

// packaging confirms the lines of one product in one delivery.
func (d *Driver) packaging(ctx context.Context, l *line) connectors.Result {
	has, addOn := "N", "null"
	if l.fields["addPrdYn"] == "Y" {
		has = "Y"
	}
	if a := id(l.fields["addPrdNo"]); allDigits(a) {
		addOn = a
	}
	s, err := d.write(ctx, "reqpackaging", path("/ordservices/reqpackaging", l.fields["ordNo"], l.fields["ordPrdSeq"], has, addOn, l.fields["dlvNo"]))
	if err != nil {
		return connectors.ResultOf(err)
	}
	r := connectors.Result{Outcome: connectors.Rejected, Code: s.code, Detail: s.text}
	switch s.code {
	case "0":
		r.Outcome = connectors.Done
	case "-3207":
		r.Outcome = connectors.Retry
	case "-3210":
		r.Detail += "; print its label in the Seller Office first"
	}
	return r
}

// path joins segments, each escaped.
func path(begin string, segments ...string) string {
	var b strings.Builder
	b.WriteString(begin)
	for _, s := range segments {
		b.WriteString("/" + strings.ReplaceAll(url.PathEscape(s), "%2C", ","))
	}
	return b.String()
}

// lookAgain finds out what became of orders that the mall did not say was done.
func (d *Driver) lookAgain(ctx context.Context, doubt, numbers []string, results []connectors.Result) {
	if len(doubt) == 0 {
		return
	}
	g := newGathering()
	if err := d.linesOf(ctx, g, doubt); err != nil {
		for i, n := range numbers {
			if slices.Contains(doubt, n) && results[i].Code == codeNothing {
				results[i].Outcome = connectors.Unknown
			}
		}
		return
	}
	for i, n := range numbers {
		if !slices.Contains(doubt, n) {
			continue
		}
		lines, err := g.present(n)
		if err != nil || len(lines) == 0 {
			continue
		}
		still := slices.ContainsFunc(lines, func(l *line) bool { return l.state == statePaid })
		ahead := slices.ContainsFunc(lines, func(l *line) bool { return l.state == statePreparing || sent(l.state) })
		switch {
		case !still && ahead && results[i].Outcome == connectors.Unknown:
			results[i] = connectors.Result{Outcome: connectors.Done, Code: "0", Detail: "no answer came; the mall shows it as confirmed"}
		case !still && ahead:
			results[i].Outcome = connectors.Already
		}
	}
}
