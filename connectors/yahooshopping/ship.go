package yahooshopping

import (
	"context"
	"encoding/xml"
	"regexp"
	"strings"

	"github.com/mallbridge/mallbridge/connectors"
	"github.com/mallbridge/mallbridge/order"
)

// The states of a shipment that matter by themselves.
const (
	shippedState = "3"
	arrivedState = "4"
)

// A berth is what the mall has of an order's shipping.
type berth struct {
	status, state string // OrderStatus, ShipStatus
	readOnly      bool
	company       string
	numbers       [2]string
}

// Ship reports parcels by orderShipStatusChange, one call for each order. The order is
// read before: what stands there is Already, and a number in the second place does not
// push out the first.
func (d *Driver) Ship(ctx context.Context, s []connectors.Shipment) []connectors.Result {
	out := make([]connectors.Result, len(s))
	var numbers []string
	of := map[string][]int{}
	for i := range s {
		numbers = append(numbers, s[i].Order)
		of[s[i].Order] = append(of[s[i].Order], i)
	}
	for _, n := range connectors.Distinct(numbers) {
		d.shipOrder(ctx, n, s, of[n], out)
	}
	return out
}

func (d *Driver) shipOrder(ctx context.Context, number string, s []connectors.Shipment, of []int, out []connectors.Result) {
	was, found, err := d.berth(ctx, number)
	if err != nil || !found {
		for _, i := range of {
			if out[i] = rejected("", "the mall does not give the order"); err != nil {
				out[i] = notWritten(err)
			}
		}
		return
	}
	now := *was
	var sent []int
	var last connectors.Shipment
	for _, i := range of {
		r := d.place(&now, &s[i])
		if out[i] = r; r.Outcome == connectors.Unknown {
			sent = append(sent, i)
			last = s[i]
		}
	}
	if len(sent) == 0 {
		return
	}
	result := d.change(ctx, number, &now, last)
	if result.Outcome == connectors.Unknown {
		result = d.askAgain(ctx, number, &now, result)
	}
	for _, i := range sent {
		out[i] = result
	}
}

// berth reads what the mall has of an order's shipping.
func (d *Driver) berth(ctx context.Context, number string) (*berth, bool, error) {
	reply, found, err := d.orderInfo(ctx, number)
	if err != nil || !found {
		return nil, found, err
	}
	root, err := tree(reply.Body, rootSet)
	if err != nil {
		return nil, false, &connectors.Error{Class: connectors.Transient, Call: "orderInfo", Err: err}
	}
	r := &reader{info: root.child("Result").child("OrderInfo")}
	r.ship = r.info.child("Ship")
	return &berth{
		status: r.info.get("OrderStatus"), state: r.of(r.ship, "ShipStatus"), readOnly: r.info.get("IsReadOnly") == "1", company: r.of(r.ship, "ShipCompanyCode"),
		numbers: [2]string{r.of(r.ship, "ShipInvoiceNumber1"), r.of(r.ship, "ShipInvoiceNumber2")},
	}, true, nil
}

// gone reports whether the mall counts the order as shipped.
func (b *berth) gone() bool { return b.state == shippedState || b.state == arrivedState }

// has is the place of a number; -1 if it is not there.
func (b *berth) has(number string) int {
	for i, n := range b.numbers {
		if plainNumber(n) == number && number != "" {
			return i
		}
	}
	return -1
}

// place puts a parcel into what is to be written. Unknown: it has to be written.
func (d *Driver) place(b *berth, s *connectors.Shipment) connectors.Result {
	tracking := plainNumber(s.Tracking)
	company, known := d.Carrier(s.Carrier)
	switch {
	case s.Package != packageKey:
		return rejected("", "the order has no package %q", s.Package)
	case !known:
		return rejected("", "Yahoo has no code for the carrier %q", s.Carrier)
	case b.status == "4":
		return rejected("", "the order is cancelled")
	}
	if why := badNumber(company, tracking); why != "" {
		return rejected("", "%s", why)
	}
	at := b.has(tracking)
	switch {
	case b.gone() && tracking == "" && b.numbers == [2]string{}, b.gone() && at >= 0 && (b.company == company || !s.Correct):
		return connectors.Result{Outcome: connectors.Already, Detail: "the mall shows the number"}
	case b.readOnly:
		return connectors.Result{Outcome: connectors.Retry, Detail: "the buyer can still cancel the order; nothing can be changed for ten minutes"}
	case at < 0 && s.Correct:
		if at = b.has(plainNumber(s.Was)); at < 0 {
			at = 0
		}
	case at < 0 && b.numbers[0] == "":
		at = 0
	case at < 0 && b.numbers[1] == "":
		at = 1
	case at < 0:
		return rejected("", "the mall takes two numbers for an order and has %s and %s", b.numbers[0], b.numbers[1])
	}
	if other := b.numbers[1-at]; other != "" && tracking != "" && b.company != "" && b.company != company {
		return rejected("", "the mall takes one carrier for both numbers of an order; %s is of the carrier %s", other, b.company)
	}
	b.numbers[at], b.company = tracking, company
	return connectors.Result{}
}

var (
	anyNumber  = regexp.MustCompile(`^[0-9A-Za-z-]{1,30}$`)
	onlyDigits = regexp.MustCompile(`^[0-9]{1,14}$`)
)

// badNumber says what the mall would not take of a number.
func badNumber(company, number string) string {
	switch {
	case number == "":
	case !anyNumber.MatchString(number):
		return "the mall takes numbers of letters, digits and hyphens, at most 30"
	case company == "1001" && !onlyDigits.MatchString(number):
		return "the mall takes numbers of Yamato of at most 14 digits"
	case company == "1003" && (len(number) < 11 || len(number) > 13):
		return "the mall takes numbers of Japan Post of 11 to 13 characters"
	}
	return ""
}

// untrackable is the reason for a parcel without a number: a service that has none.
const untrackable = "105"

// change reports the parcels of an order. The points of the buyer are fixed with it, as
// the mall demands.
func (d *Driver) change(ctx context.Context, number string, b *berth, s connectors.Shipment) connectors.Result {
	state := shippedState
	if b.state == arrivedState {
		state = arrivedState
	}
	ship := text("ShipStatus", state) + text("ShipCompanyCode", b.company)
	for i, name := range []string{"ShipInvoiceNumber1", "ShipInvoiceNumber2"} {
		if b.numbers[i] != "" {
			ship += text(name, b.numbers[i])
		}
	}
	if b.numbers == [2]string{} {
		ship += text("ShipInvoiceNumberEmptyReason", untrackable)
	}
	on := s.ShippedOn
	if on == "" {
		on = order.DateOf(d.Now().In(tokyo))
	}
	ship += text("ShipDate", strings.ReplaceAll(string(on), "-", ""))
	reply, err := d.post(ctx, "orderShipStatusChange", "<Req><Target>"+text("OrderId", number)+text("IsPointFix", "true")+"</Target><Order><Ship>"+ship+
		"</Ship></Order>"+text("SellerId", d.settings["seller_id"])+"</Req>", false)
	if err != nil {
		return connectors.ResultOf(err)
	}
	var doc struct {
		XMLName  xml.Name `xml:"ResultSet"`
		OK       string   `xml:"ok,attr"`
		Status   string   `xml:"Result>Status"`
		Warnings []codeOf `xml:"Result>Warning"`
	}
	if err := unmarshal(reply.Body, &doc); err != nil || strings.TrimSpace(doc.Status) != "OK" {
		return connectors.Result{Detail: "the answer does not say that it is done"}
	}
	r := connectors.Result{Outcome: connectors.Done}
	for _, w := range doc.Warnings {
		code := strings.TrimSpace(w.Code)
		if code == "" {
			continue
		}
		r.Code = code
		r.Detail = strings.TrimPrefix(r.Detail+"; "+warningText(code, strings.TrimSpace(w.Message)), "; ")
		if strings.Contains(moneyAtRisk, code) {
			d.Warn("order " + number + ": " + code + ": " + warningText(code, ""))
		}
	}
	return r
}

// moneyAtRisk lists warnings that somebody has to see to.
const moneyAtRisk = "od91115 od91123 od91130 od91703"

func warningText(code, said string) string {
	switch code {
	case "od91113":
		said = "the card was charged before"
	case "od91115":
		said = "the authorisation of the card has ended and nothing was charged: charge it in Store Creator Pro"
	case "od91123":
		said = "a refund is needed: see to it in Store Creator Pro"
	case "od91130":
		said = "the mall's stock could not be linked"
	case "od91703":
		said = "the payment is cancelled already, its amount did not change"
	case "od91705":
		said = "the mall had that status already"
	}
	return said
}

// askAgain looks what became of a report that was not answered.
func (d *Driver) askAgain(ctx context.Context, number string, want *berth, r connectors.Result) connectors.Result {
	is, found, err := d.berth(ctx, number)
	if err != nil || !found {
		return r
	}
	if is.gone() && is.company == want.company && plainNumber(is.numbers[0]) == plainNumber(want.numbers[0]) && plainNumber(is.numbers[1]) == plainNumber(want.numbers[1]) {
		return connectors.Result{Outcome: connectors.Done, Detail: "no answer came; the mall shows the number"}
	}
	r.Detail = strings.TrimPrefix(r.Detail+"; the mall does not show the number yet", "; ")
	return r
}
