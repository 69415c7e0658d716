package console

import (
	"crypto/rand"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/mallbridge/mallbridge/internal/why"
	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/mappers/address"
	"github.com/mallbridge/mallbridge/order"
	"github.com/mallbridge/mallbridge/pipeline/plan"
)

// pageSize is how many orders a page lists.
const pageSize = 50

type ordersData struct {
	Query    ledger.Search
	From, To string // days
	Rows     []ledger.Row
	Next     int64 // the id from which the next page goes on, 0 at the end
	Accounts []string
	States   []string
	Reasons  []order.Reason
	Filters  []ledger.Filter
	Find     string // names the text in the person's session
	Search   string // the present search without its text as a query, empty if it asks for everything
}

// indexAtOnce is how many orders are made searchable before a search where [Console.Work]
// does not run.
const indexAtOnce = 500

func (c *Console) orders(q *request) (string, any, error) {
	v := q.URL.Query()
	d := ordersData{
		Query:  ledger.Search{Text: strings.TrimSpace(v.Get("q")), Account: v.Get("account"), State: v.Get("state"), Reason: order.Reason(v.Get("reason")), Before: number(v.Get("before")), Limit: pageSize + 1},
		States: []string{"seen", "held", "planned", "recheck", "outside"},
	}
	if f := v.Get("f"); f != "" {
		d.Find, d.Query.Text = f, c.sessions.GetString(q.Context(), findKey(f))
	}
	zone := zone(q.env.Workspace)
	if day, err := time.ParseInLocation(time.DateOnly, v.Get("from"), zone); err == nil {
		d.From, d.Query.From = v.Get("from"), day
	}
	if day, err := time.ParseInLocation(time.DateOnly, v.Get("to"), zone); err == nil {
		d.To, d.Query.To = v.Get("to"), day.AddDate(0, 0, 1)
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
	if d.Rows, err = c.search(q, d.Query); err != nil {
		return "", nil, err
	}
	if len(d.Rows) > pageSize {
		d.Rows = d.Rows[:pageSize]
		d.Next = d.Rows[pageSize-1].ID
	}
	d.Search = strings.TrimPrefix(query("", "account", d.Query.Account, "state", d.Query.State, "reason", d.Query.Reason, "from", d.From, "to", d.To), "?")
	d.Filters, err = q.env.Ledger.Filters(q.Context(), q.user.Name)
	return "orders", d, err
}

// search finds orders, those that came in just now too.
func (c *Console) search(q *request, s ledger.Search) ([]ledger.Row, error) {
	if s.Text != "" && !c.working.Load() {
		if _, err := q.env.Ledger.Index(q.Context(), indexAtOnce); err != nil {
			return nil, err
		}
	}
	return q.env.Ledger.Search(q.Context(), s)
}

// A text that was looked for stays in the session: names and phone numbers must not
// stand in addresses, which browsers and proxies keep.
func findKey(id string) string { return "find " + id }

// sessionFinds holds the ids of the last texts; more than mostFinds are forgotten.
const (
	sessionFinds = "finds"
	mostFinds    = 8
)

func (c *Console) find(q *request) (string, error) {
	pairs := []any{}
	for _, name := range []string{"account", "state", "reason", "from", "to"} {
		pairs = append(pairs, name, q.FormValue(name))
	}
	text := strings.TrimSpace(q.FormValue("q"))
	if text == "" {
		return query("/orders", pairs...), nil
	}
	if len(text) > 200 {
		return "", order.Errorf(order.Invalid, "look for less", "the text is too long")
	}
	id := rand.Text()[:10]
	ids := append(strings.Fields(c.sessions.GetString(q.Context(), sessionFinds)), id)
	for len(ids) > mostFinds {
		c.sessions.Remove(q.Context(), findKey(ids[0]))
		ids = ids[1:]
	}
	c.sessions.Put(q.Context(), sessionFinds, strings.Join(ids, " "))
	c.sessions.Put(q.Context(), findKey(id), text)
	return query("/orders", append(pairs, "f", id)...), nil
}

// keepFilter keeps a search for the person, or forgets one.
func (c *Console) keepFilter(q *request) (string, error) {
	f := ledger.Filter{Name: strings.TrimSpace(q.FormValue("name")), Query: q.FormValue("query")}
	if f.Name == "" || len(f.Name) > 80 || len(f.Query) > 1000 {
		return "", order.Errorf(order.Invalid, "give it a short name", "the search has no name")
	}
	if _, err := url.ParseQuery(f.Query); err != nil {
		return "", order.Errorf(order.Invalid, "", "this is no search")
	}
	if err := q.env.Ledger.SetFilter(q.Context(), q.user.Name, f); err != nil {
		return "", err
	}
	if f.Query == "" {
		return "/orders", nil
	}
	return "/orders?" + f.Query, nil
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
	Failed     []failedReport
	Releasable []order.Reason
	Total      string
	Currency   string
	Open       bool // it has no instruction yet
	Wish       ledger.Wish
	Warehouses []string
	Services   []string
	Splits     []string
	Fellows    []ledger.Row // orders that by a person's word go in one parcel with it
	Others     []string     // orders to the same recipient that could
}

func (c *Console) order(q *request) (string, any, error) {
	account, number := q.PathValue("account"), q.PathValue("number")
	all, err := why.Of(q.Context(), q.env, number, account, q.lang)
	if err != nil {
		return "", nil, err
	}
	d := orderData{Answer: all[0]}
	for i := range d.Answer.Reasons {
		r := &d.Answer.Reasons[i]
		r.Do = here(q.lang, string(r.Code), r.Do)
	}
	rows, err := q.env.Ledger.OrdersByNumber(q.Context(), number, account)
	if err != nil || len(rows) == 0 {
		return "order", d, err
	}
	d.Row = &rows[0]
	d.Currency = d.Row.Order.Currency
	d.Total = money(q.lang, d.Row.Order.Total, d.Currency)
	if d.Holds, err = q.env.Ledger.HoldsOf(q.Context(), d.Row.ID); err != nil {
		return "", nil, err
	}
	reports, err := q.env.Ledger.ReportsOf(q.Context(), d.Row.ID)
	if err != nil {
		return "", nil, err
	}
	d.Failed = failedReports(q, reports)
	d.Releasable = releasable(d.Holds)
	d.Open = d.Row.State == ledger.Seen || d.Row.State == ledger.Held
	for _, w := range q.env.Workspace.Warehouses {
		if w.Enabled {
			d.Warehouses = append(d.Warehouses, w.Name)
		}
	}
	d.Services, d.Splits = plan.Services(q.env.Workspace), plan.Splits
	if d.Wish, err = q.env.Ledger.WishOf(q.Context(), d.Row.ID); err != nil {
		return "", nil, err
	}
	if d.Fellows, err = q.env.Ledger.Fellows(q.Context(), d.Row.ID); err != nil {
		return "", nil, err
	}
	d.Fellows = slices.DeleteFunc(d.Fellows, func(r ledger.Row) bool { return r.ID == d.Row.ID })
	d.Others, err = c.sameRecipient(q, d.Row)
	return "order", d, err
}

// sameRecipient names other open orders of an account to the recipient of one, the
// newest first.
func (c *Console) sameRecipient(q *request, row *ledger.Row) ([]string, error) {
	if len(row.Order.Packages) != 1 || !row.PurgedAt.IsZero() {
		return nil, nil
	}
	to := row.Order.Packages[0].To
	key := address.Key(&to)
	if key == "" || to.Phone == "" {
		return nil, nil
	}
	rows, err := c.search(q, ledger.Search{Text: to.Phone, Account: row.Account, Limit: pageSize})
	var out []string
	for i := range rows {
		r := &rows[i]
		if r.ID != row.ID && r.State != ledger.Outside && len(r.Order.Packages) == 1 && address.Key(&r.Order.Packages[0].To) == key {
			out = append(out, r.Order.Number)
		}
	}
	return out, err
}

// merge lets an order go in one parcel with another, or takes that back.
func (c *Console) merge(q *request) (string, error) {
	row, why, err := asked(q)
	if err != nil {
		return "", err
	}
	if q.FormValue("do") == "apart" {
		if err := q.env.Ledger.Unmerge(q.Context(), row.ID, why, q.user.Name, q.env.Now()); err != nil {
			return "", err
		}
		c.tell(q, "%s is planned again: %s", row.Order.Number, say(q.lang, "as masters and rules say"))
		return orderPath(row.Account, row.Order.Number), c.ask(q, "plan", row.Account)
	}
	with := strings.TrimSpace(q.FormValue("with"))
	others, err := q.env.Ledger.OrdersByNumber(q.Context(), with, row.Account)
	if err == nil && len(others) == 0 {
		err = order.Errorf(order.Invalid, "look at its number", "%s has no order %s", row.Account, with)
	}
	if err != nil {
		return "", err
	}
	if err := plan.Merge(q.Context(), q.env, []ledger.Row{*row, others[0]}, why, q.user.Name); err != nil {
		return "", err
	}
	c.tell(q, "%s is planned again: %s", row.Order.Number, say(q.lang, "in one parcel with %s", with))
	return orderPath(row.Account, row.Order.Number), c.ask(q, "plan", row.Account)
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

// asked is the order that a form is about, and why the person wants it.
func asked(q *request) (row *ledger.Row, why string, err error) {
	if row, err = one(q); err == nil {
		why, err = note(q)
	}
	return row, why, err
}

func (c *Console) putHold(q *request) (string, error) {
	row, why, err := asked(q)
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
	row, why, err := asked(q)
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

// wish plans an order as a person wants it.
func (c *Console) wish(q *request) (string, error) {
	row, why, err := asked(q)
	if err != nil {
		return "", err
	}
	w, err := q.env.Ledger.WishOf(q.Context(), row.ID)
	if err != nil {
		return "", err
	}
	switch q.FormValue("do") {
	case "cancel":
		w = ledger.Wish{Cancelled: true}
	case "uncancel":
		w.Cancelled = false
	default:
		w = ledger.Wish{Together: w.Together, Warehouse: q.FormValue("warehouse"), Service: q.FormValue("service"), Split: q.FormValue("split"), Apart: q.FormValue("apart") == "1"}
	}
	if err := plan.CheckWish(q.env.Workspace, w); err != nil {
		return "", err
	}
	if err := q.env.Ledger.SetWish(q.Context(), row.ID, w, why, q.user.Name, q.env.Now()); err != nil {
		return "", err
	}
	c.tell(q, "%s is planned again: %s", row.Order.Number, wishText(q.lang, w))
	return orderPath(row.Account, row.Order.Number), c.ask(q, "plan", row.Account)
}

// wishText names a wish.
func wishText(lang string, w ledger.Wish) string {
	var out []string
	if w.Cancelled {
		out = append(out, say(lang, "cancelled here"))
	}
	if w.Warehouse != "" {
		out = append(out, say(lang, "warehouse")+" "+w.Warehouse)
	}
	if w.Service != "" {
		out = append(out, say(lang, "service")+" "+w.Service)
	}
	if w.Split != "" {
		out = append(out, say(lang, "split")+" "+say(lang, "by "+w.Split))
	}
	if w.Apart {
		out = append(out, say(lang, "kept apart"))
	}
	if w.Together != 0 {
		out = append(out, say(lang, "in one parcel with others"))
	}
	if len(out) == 0 {
		return say(lang, "as masters and rules say")
	}
	return strings.Join(out, ", ")
}

// partyFields are the fields of a recipient that a person may correct.
var partyFields = []struct {
	Name string
	Of   func(*order.Party) *string
}{
	{"name", func(p *order.Party) *string { return &p.Name }},
	{"kana", func(p *order.Party) *string { return &p.Kana }},
	{"company", func(p *order.Party) *string { return &p.Company }},
	{"phone", func(p *order.Party) *string { return &p.Phone }},
	{"postal", func(p *order.Party) *string { return &p.Postal }},
	{"prefecture", func(p *order.Party) *string { return &p.Prefecture }},
	{"city", func(p *order.Party) *string { return &p.City }},
	{"street", func(p *order.Party) *string { return &p.Street }},
	{"building", func(p *order.Party) *string { return &p.Building }},
}

// A correction is one field of a form.
type correction struct{ Name, Label, Value string }

// corrections are the fields of a package's recipient.
func corrections(index int, p order.Party) []correction {
	var out []correction
	for _, f := range partyFields {
		out = append(out, correction{fmt.Sprintf("%d.%s", index, f.Name), f.Name, *f.Of(&p)})
	}
	return out
}

// correct changes the recipients of an order as a person was told.
func (c *Console) correct(q *request) (string, error) {
	row, why, err := asked(q)
	if err != nil {
		return "", err
	}
	if err := q.env.Ledger.Correct(q.Context(), row.ID, func(o *order.Order) (changed []string, err error) {
		for i := range o.Packages {
			for _, f := range partyFields {
				key := fmt.Sprintf("%d.%s", i, f.Name)
				value := strings.TrimSpace(q.FormValue(key))
				at := f.Of(&o.Packages[i].To)
				if !q.Form.Has(key) || value == *at {
					continue
				}
				if len(value) > 600 || strings.ContainsAny(value, "\r\n\x00") {
					return nil, order.Errorf(order.Invalid, "shorten it", "%s is too long", f.Name)
				}
				*at = value
				changed = append(changed, f.Name)
			}
		}
		if len(changed) == 0 {
			return nil, order.Errorf(order.Invalid, "change a field first", "nothing was changed")
		}
		return changed, nil
	}, why, q.user.Name, q.env.Now()); err != nil {
		return "", err
	}
	c.tell(q, "%s is corrected and planned again", row.Order.Number)
	return orderPath(row.Account, row.Order.Number), c.ask(q, "plan", row.Account)
}
