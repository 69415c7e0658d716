package plan

import (
	"fmt"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"

	"github.com/mallbridge/mallbridge/mappers/delivery"
	"github.com/mallbridge/mallbridge/mappers/rules"
	"github.com/mallbridge/mallbridge/order"
)

// foldRemark removes what remarks vary without meaning it.
func foldRemark(s string) string {
	return strings.Join(strings.Fields(norm.NFKC.String(s)), "")
}

// rule runs the workspace's rules over one package and takes what they decide
// for the order as a whole.
func (p *planner) rule(d *decision, index int, needs []need, to *order.Party, pay, text string, now time.Time) rules.Result {
	if len(p.env.Workspace.Rules.Rules()) == 0 {
		return rules.Result{}
	}
	e := rules.NewEnv(d.row.Order, index, now.In(p.account.Location))
	e.Mall, e.Payment, e.Warehouse = p.account.Mall, pay, p.account.Warehouse
	e.Country, e.Postal, e.Prefecture, e.City, e.Address = to.Country, to.Postal, to.Prefecture, to.City, to.Address()
	t := coldest(needs)
	e.Temperature = string(t)
	for _, n := range needs {
		e.SKUs = append(e.SKUs, rules.SKU{
			SKU: n.SKU, Name: n.Name, Quantity: int(n.total), Temperature: string(n.Temperature), Weight: int(n.Weight), Warehouse: n.Warehouse,
		})
	}
	if s, ok := p.env.Workspace.Services.Match(delivery.Query{Account: p.account.Name, Mall: p.account.Mall, Name: text, Payment: pay, Temperature: t, Warehouse: e.Warehouse}); ok {
		e.Service, e.Carrier = s.Service, s.Carrier
	}
	if band, ok := p.env.Workspace.Bands.Band(p.account.Name, p.account.Mall, e.Carrier, d.row.Order.Packages[index].TimeBand); ok {
		e.TimeBand = band
	}
	res := p.env.Workspace.Rules.Apply(&e)
	d.effects = append(d.effects, res.Events...)
	d.holds = append(d.holds, res.Holds...)
	if res.Outside {
		d.outside = order.OutRule
	}
	return res
}

// inserts are the lines that rules add to a parcel. They serve no line of the
// mall, so they claim nothing.
func (p *planner) inserts(d *decision, in *order.Instruction, add []rules.Inserted) {
	for _, x := range add {
		c, known := p.env.Workspace.SKUs.SKU(x.SKU)
		if !known {
			d.hold(order.HoldSKU, "rule", x.SKU, "rule %q adds SKU %s, which masters/skus.csv lacks", x.Rule, x.SKU)
			continue
		}
		in.Lines = append(in.Lines, order.InstructionLine{
			OrderID: d.row.ID, Account: d.row.Order.Account, Order: d.row.Order.Number, SKU: x.SKU, Name: c.Name, Quantity: x.Quantity,
			Weight: c.Weight, Listing: fmt.Sprintf("rule %s", x.Rule), Ordered: d.row.Order.Ordered.Text,
		})
	}
}

// splits lays the needs of one group over parcels as a rule says.
func splits(needs []need, how string) [][]need {
	switch how {
	case rules.SplitLine:
		var out [][]need
		for i, n := range needs {
			if i > 0 && n.line == needs[i-1].line {
				out[len(out)-1] = append(out[len(out)-1], n)
				continue
			}
			out = append(out, []need{n})
		}
		return out
	case rules.SplitPiece:
		var out [][]need
		for _, n := range needs {
			for i := range n.total {
				piece := n
				piece.total, piece.piece = 1, i
				out = append(out, []need{piece})
			}
		}
		return out
	}
	return [][]need{needs}
}
