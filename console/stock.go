package console

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mallbridge/mallbridge/configs"
	"github.com/mallbridge/mallbridge/internal/phrase"
	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/order"
	"github.com/mallbridge/mallbridge/pipeline/stock"
)

// How many levels and products a page lists.
const shownLevels, shownOffers = 200, 200

type stockData struct {
	Warehouse, Account, Text string
	Only                     string // differ, waits, refused; empty: all
	Warehouses, Accounts     []string
	Levels                   []stockLevel
	MoreLevels               int
	Uncounted                []stock.Uncounted
	Offers                   []stockOffer
	MoreOffers               int
	Waits                    []stockWait
	At                       time.Time
	Kinds                    []string
}

type stockLevel struct {
	*stock.Level
	Buffer, Sellable int64
}

// Unknown reports whether nothing can be said of what may be sold.
func (l stockLevel) Unknown() bool { return !l.Known || l.Old }

type stockOffer struct {
	Account, Product, Name, Code, SKUs string
	Known                              bool
	Quantity                           int64
	Why                                string
	Told, Shown                        string // empty: never
	ToldAt                             time.Time
	State, Detail                      string
	Waits                              string
	Differs                            bool // what the mall shows is not what it was told
}

type stockWait struct {
	Account string
	Count   int
	Kind    string
	Since   time.Time
}

func (c *Console) stock(q *request) (string, any, error) {
	v := q.URL.Query()
	d := stockData{Warehouse: v.Get("warehouse"), Account: v.Get("account"), Text: strings.TrimSpace(v.Get("q")), Only: v.Get("only"), Kinds: []string{"differ", "waits", "refused"}}
	for _, w := range q.env.Workspace.Warehouses {
		d.Warehouses = append(d.Warehouses, w.Name)
	}
	var acc *configs.Account
	for _, a := range q.env.Workspace.Accounts {
		d.Accounts = append(d.Accounts, a.Name)
		if a.Name == d.Account {
			acc = a
		}
	}
	p, err := stock.Take(q.Context(), q.env)
	if err != nil {
		return "", nil, err
	}
	d.At = p.At
	like := func(texts ...string) bool {
		return d.Text == "" || slices.ContainsFunc(texts, func(s string) bool { return strings.Contains(strings.ToLower(s), strings.ToLower(d.Text)) })
	}
	for _, l := range p.Levels {
		if d.Warehouse != "" && l.Warehouse != d.Warehouse || acc != nil && !slices.Contains(acc.Stock.Warehouses, l.Warehouse) || !like(l.SKU, l.Name) {
			continue
		}
		if len(d.Levels) == shownLevels {
			d.MoreLevels++
			continue
		}
		x := stockLevel{Level: l, Buffer: stock.Buffer(q.env.Workspace, acc, l.SKU)}
		x.Sellable = max(l.Net()-x.Buffer, 0)
		d.Levels = append(d.Levels, x)
	}
	for _, u := range p.Uncounted {
		if (acc == nil || u.Account == acc.Name) && like(u.Code) {
			d.Uncounted = append(d.Uncounted, u)
		}
	}
	d.Uncounted = d.Uncounted[:min(len(d.Uncounted), shownLevels)]
	for _, a := range q.env.Workspace.Accounts {
		if acc != nil && a != acc {
			continue
		}
		if err := d.offers(q, p, a, like); err != nil {
			return "", nil, err
		}
	}
	return "stock", d, nil
}

// offers adds what an account's mall was told and shows.
func (d *stockData) offers(q *request, p *stock.Position, a *configs.Account, like func(...string) bool) error {
	id, _, err := q.env.Ledger.Account(q.Context(), a.Name, q.env.Now())
	if err != nil {
		return err
	}
	products, err := q.env.Ledger.Products(q.Context(), id)
	if err != nil || len(products) == 0 {
		return err
	}
	told, err := q.env.Ledger.StockTold(q.Context(), id)
	if err != nil {
		return err
	}
	waits, err := q.env.Ledger.Waits(q.Context(), id)
	if err != nil {
		return err
	}
	waiting := map[string]string{}
	for _, w := range waits {
		if w.Approved != "" {
			continue
		}
		waiting[w.Product] = w.Kind
		at := slices.IndexFunc(d.Waits, func(x stockWait) bool { return x.Account == a.Name && x.Kind == w.Kind })
		if at < 0 {
			at = len(d.Waits)
			d.Waits = append(d.Waits, stockWait{Account: a.Name, Kind: w.Kind, Since: w.Since})
		}
		if d.Waits[at].Count++; w.Since.Before(d.Waits[at].Since) {
			d.Waits[at].Since = w.Since
		}
	}
	offers, _ := p.Offers(a, products)
	for _, o := range offers {
		x := stockOffer{Account: a.Name, Product: o.Product.Key, Name: strings.TrimSpace(o.Product.Name + " " + o.Product.Option), Code: o.Code, SKUs: partsText(o.Parts), Known: o.Known, Quantity: o.Quantity, Waits: waiting[o.Product.Key]}
		if !o.Known {
			x.Why = phrase.Say(q.lang, o.Why)
		}
		if t, ok := told[o.Product.Key]; ok {
			x.Told, x.ToldAt, x.State, x.Detail = strconv.FormatInt(t.Quantity, 10), t.At, t.State, strings.TrimSpace(t.Code+" "+t.Detail)
			if !t.ShownAt.IsZero() {
				x.Shown = strconv.FormatInt(t.Shown, 10)
				x.Differs = t.Shown != t.Quantity
			}
		}
		if !like(x.Product, x.Name, x.Code, x.SKUs) || d.Only == "differ" && !x.Differs || d.Only == "waits" && x.Waits == "" || d.Only == "refused" && x.State != ledger.ToldRejected {
			continue
		}
		if len(d.Offers) == shownOffers {
			d.MoreOffers++
			continue
		}
		d.Offers = append(d.Offers, x)
	}
	return nil
}

// partsText writes a set as TEE×2+CAP.
func partsText(parts []stock.Part) string {
	out := make([]string, len(parts))
	for i, p := range parts {
		if out[i] = p.SKU; p.Quantity != 1 {
			out[i] += "×" + strconv.FormatInt(p.Quantity, 10)
		}
	}
	return strings.Join(out, "+")
}

// approveStock lets quantities of an account go that wait for a person.
func (c *Console) approveStock(q *request) (string, error) {
	name := q.FormValue("account")
	if _, ok := q.env.Workspace.Account(name); !ok {
		return "", order.Errorf(order.NotFound, "", "no account %s", name)
	}
	why, err := note(q)
	if err != nil {
		return "", err
	}
	id, _, err := q.env.Ledger.Account(q.Context(), name, q.env.Now())
	if err != nil {
		return "", err
	}
	n, err := q.env.Ledger.ApproveStock(q.Context(), id, name, why, q.user.Name, q.env.Now())
	if err == nil && n == 0 {
		err = order.Errorf(order.Conflict, "somebody else may have approved it", "nothing of %s waits", name)
	}
	if err != nil {
		return "", err
	}
	c.tell(q, "%d quantities of %s are approved; the next stock run tells the mall", n, name)
	return "/stock", c.ask(q, "stock", name)
}

// demand gives out what orders want of each SKU, as a table.
func (c *Console) demand(w http.ResponseWriter, r *http.Request) {
	rows, err := stock.Demand(r.Context(), c.o.Env(), r.URL.Query().Get("account"))
	if err != nil {
		c.fail(w, r, err)
		return
	}
	c.sendTable(w, r, "demand"+ending(r), stock.DemandTable(rows))
}
