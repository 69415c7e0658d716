package console

import (
	"net/url"
	"slices"
	"strings"

	"github.com/mallbridge/mallbridge/internal/why"
	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/order"
	"github.com/mallbridge/mallbridge/pipeline/plan"
)

// pageSize is how many orders a page lists.
const pageSize = 50

type ordersData struct {
	Query    ledger.Search
	Rows     []ledger.Row
	Next     int64 // the id from which the next page goes on, 0 at the end
	Accounts []string
	States   []string
	Reasons  []order.Reason
}

func (c *Console) orders(q *request) (string, any, error) {
	v := q.URL.Query()
	d := ordersData{
		Query:  ledger.Search{Text: strings.TrimSpace(v.Get("q")), Account: v.Get("account"), State: v.Get("state"), Reason: order.Reason(v.Get("reason")), Before: number(v.Get("before")), Limit: pageSize + 1},
		States: []string{"seen", "held", "planned", "recheck", "outside"},
	}
	for _, a := range q.env.Workspace.Accounts {
		d.Accounts = append(d.Accounts, a.Name)
	}
	for _, r := range order.Reasons {
		if r.Class != order.Refused {
			d.Reasons = append(d.Reasons, r.Reason)
		}
	}
	var err error
	if d.Rows, err = q.env.Ledger.Search(q.Context(), d.Query); err != nil {
		return "", nil, err
	}
	if len(d.Rows) > pageSize {
		d.Rows = d.Rows[:pageSize]
		d.Next = d.Rows[pageSize-1].ID
	}
	return "orders", d, nil
}

func number(s string) (n int64) {
	for _, c := range s {
		if c < '0' || c > '9' || n > 1<<50 {
			return 0
		}
		n = n*10 + int64(c-'0')
	}
	return n
}

type orderData struct {
	Answer     why.Answer
	Row        *ledger.Row // nil if no row of it could be read
	Holds      []ledger.HeldFor
	Releasable []order.Reason
	Total      string
}

func (c *Console) order(q *request) (string, any, error) {
	account, number := q.PathValue("account"), q.PathValue("number")
	all, err := why.Of(q.Context(), q.env, number, account, q.lang)
	if err != nil {
		return "", nil, err
	}
	d := orderData{Answer: all[0]}
	rows, err := q.env.Ledger.OrdersByNumber(q.Context(), number, account)
	if err != nil || len(rows) == 0 {
		return "order", d, err
	}
	d.Row = &rows[0]
	d.Total = d.Row.Order.Money(d.Row.Order.Total).String()
	if d.Holds, err = q.env.Ledger.HoldsOf(q.Context(), d.Row.ID); err != nil {
		return "", nil, err
	}
	d.Releasable = releasable(d.Holds)
	return "order", d, nil
}

// releasable are the reasons that a person's word can end.
func releasable(holds []ledger.HeldFor) []order.Reason {
	var out []order.Reason
	for _, h := range holds {
		if plan.Releasable(h.Reason) && !slices.Contains(out, h.Reason) {
			out = append(out, h.Reason)
		}
	}
	return out
}

func orderPath(account, number string) string {
	return "/orders/" + url.PathEscape(account) + "/" + url.PathEscape(number)
}

// codesOf lists the codes of a line that are filled, each once.
func codesOf(c order.Codes) []string {
	var out []string
	for _, name := range order.CodeNames() {
		if code, _ := c.By(name); code != "" && !slices.Contains(out, code) {
			out = append(out, code)
		}
	}
	return out
}

// one is the order that a form is about.
func one(q *request) (*ledger.Row, error) {
	rows, err := q.env.Ledger.OrdersByNumber(q.Context(), q.PathValue("number"), q.PathValue("account"))
	if err == nil && len(rows) == 0 {
		err = order.Errorf(order.NotFound, "", "no order %s", q.PathValue("number"))
	}
	if err != nil {
		return nil, err
	}
	return &rows[0], nil
}

// note is why a person does what the form asks.
func note(q *request) (string, error) {
	n := strings.TrimSpace(q.FormValue("note"))
	if n == "" {
		return "", order.Errorf(order.Invalid, "the audit trail keeps it", "say why")
	}
	return n, nil
}

func (c *Console) putHold(q *request) (string, error) {
	row, err := one(q)
	if err != nil {
		return "", err
	}
	why, err := note(q)
	if err == nil {
		err = q.env.Ledger.Hold(q.Context(), row.ID, why, q.user.Name, q.env.Now())
	}
	if err != nil {
		return "", err
	}
	c.tell(q, "%s is on hold", row.Order.Number)
	return orderPath(row.Account, row.Order.Number), nil
}

func (c *Console) release(q *request) (string, error) {
	row, err := one(q)
	if err != nil {
		return "", err
	}
	why, err := note(q)
	if err != nil {
		return "", err
	}
	if err := c.releaseOrder(q, row, nil, why); err != nil {
		return "", err
	}
	c.tell(q, "%s is released; the next plan run takes it", row.Order.Number)
	return orderPath(row.Account, row.Order.Number), nil
}

// releaseOrder releases an order from the reasons named, or from all that a
// person's word can end.
func (c *Console) releaseOrder(q *request, row *ledger.Row, only []order.Reason, why string) error {
	holds, err := q.env.Ledger.HoldsOf(q.Context(), row.ID)
	if err != nil {
		return err
	}
	can := releasable(holds)
	if only != nil {
		can = slices.DeleteFunc(can, func(r order.Reason) bool { return !slices.Contains(only, r) })
	}
	if len(can) == 0 {
		return order.Errorf(order.Invalid, "the order's page says what to repair", "order %s has no reason that can be released", row.Order.Number)
	}
	return q.env.Ledger.Release(q.Context(), row.ID, can, why, q.user.Name, q.env.Now())
}
